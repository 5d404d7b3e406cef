/* signed.h: what a fuzzer of signed lines sends past the signature: "body\nhex of the signature\n",
 * signed over PREFIX, the body and its newline. */
#ifndef PLM_FUZZ_SIGNED_H
#define PLM_FUZZ_SIGNED_H

#include "base/key.h"

#include <sodium.h>
#include <stdint.h>

static void sign_body(const plm_key *k, const char *prefix, const uint8_t *p, size_t n,
                      size_t limit, plm_buf *file) {
    unsigned char sig[64];
    char hex[129];
    plm_buf text;
    plm_buf_init(&text, limit);
    plm_buf_init(file, limit);
    plm_buf_puts(&text, prefix);
    plm_buf_put(&text, p, n);
    plm_buf_puts(&text, "\n");
    plm_key_sign(k, plm_buf_str(&text), sig);
    sodium_bin2hex(hex, sizeof hex, sig, sizeof sig);
    plm_buf_put(file, p, n);
    plm_buf_puts(file, "\n");
    plm_buf_puts(file, hex);
    plm_buf_puts(file, "\n");
    plm_buf_free(&text);
}

#endif
