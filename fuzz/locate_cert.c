/* Certificates from any bytes: what holds says so in a line, what doesn't is refused. */
#include <stdint.h>
#include <string.h>

#include "plimsoll/locate.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    plm_fault f = {0};
    plm_buf text;
    plm_buf_init(&text, 65536);
    bool holds = plm_cert_verify((plm_str){(const char *)data, size}, &text, &f);
    if (holds != (f.code == PLM_OK) || (holds && (!text.n || memchr(text.p, '\n', text.n))))
        __builtin_trap();
    plm_buf_free(&text);
    return 0;
}
