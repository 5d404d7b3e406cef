/* session_journal.c: any body of a session's journal, signed here by its verifier, so that what
 * follows the signature is reached; the same bytes unsigned are always refused. */
#include "base/key.h"
#include "locate/probe_journal.h"

#include <sodium.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static bool read_back(plm_str file, const plm_key *k) {
    plm_fault f = {0};
    plm_probe_journal j;
    char path[40];
    int fd = memfd_create("journal", MFD_CLOEXEC);
    if (fd < 0 || write(fd, file.p, file.n) != (ssize_t)file.n) abort();
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    plm_arena *a = plm_arena_new(16u << 20);
    if (!a) abort();
    bool ok = plm_probe_journal_read(path, k, a, &j, &f);
    if (ok && (j.opens_n > PLM_PROBE_OPENS_MAX || j.phase > PLM_PROBE_PHASE_DONE)) abort();
    if (!ok && !f.say[0]) abort(); /* refused without a word */
    plm_arena_free(a);
    close(fd);
    return ok;
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n) {
    static plm_key k;
    unsigned char seed[32], sig[64];
    char hex[129];
    plm_buf b, file;
    if (!plm_key_ready(NULL)) abort();
    memset(seed, 2, sizeof seed);
    crypto_sign_seed_keypair(k.public, k.secret, seed);
    if (read_back((plm_str){(const char *)p, n}, &k)) abort();
    plm_buf_init(&b, PLM_PROBE_SESSION_BYTES_MAX);
    plm_buf_init(&file, PLM_PROBE_SESSION_BYTES_MAX);
    plm_buf_puts(&b, "plimsoll-journal-1\n");
    plm_buf_put(&b, p, n);
    plm_buf_puts(&b, "\n");
    plm_key_sign(&k, plm_buf_str(&b), sig);
    sodium_bin2hex(hex, sizeof hex, sig, sizeof sig);
    plm_buf_put(&file, p, n);
    plm_buf_puts(&file, "\n");
    plm_buf_puts(&file, hex);
    plm_buf_puts(&file, "\n");
    (void)read_back(plm_buf_str(&file), &k);
    plm_buf_free(&b);
    plm_buf_free(&file);
    return 0;
}
