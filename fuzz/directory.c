/* directory.c: any text as a directory: read under a key that did not sign it (refused), and as a
 * draft to sign (the key file does not exist, so that the forms are checked and no more). */
#include "plimsoll/probe.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n) {
    static const unsigned char trust[32] = {1};
    plm_str text = {(const char *)p, n};
    plm_arena *a = plm_arena_new(64u << 20);
    plm_probe_directory d;
    plm_fault f = {0};
    plm_buf out;
    plm_buf_init(&out, 1u << 20);
    if (plm_probe_directory_parse(text, trust, a, &d, &f)) abort();
    if (f.code == PLM_OK || !f.say[0]) abort();
    if (plm_probe_directory_sign(text, "fuzz/no-such-key", &out, NULL)) abort();
    plm_buf_free(&out);
    plm_arena_free(a);
    return 0;
}
