/* session_journal.c: any body of a session's journal, signed here by its verifier, so that what
 * follows the signature is reached; the same bytes unsigned are always refused. */
#include "locate/probe_journal.h"
#include "signed.h"

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
    unsigned char seed[32];
    plm_buf file;
    if (!plm_key_ready(NULL)) abort();
    memset(seed, 2, sizeof seed);
    crypto_sign_seed_keypair(k.public, k.secret, seed);
    if (read_back((plm_str){(const char *)p, n}, &k)) abort();
    sign_body(&k, "plimsoll-journal-1\n", p, n, PLM_PROBE_SESSION_BYTES_MAX, &file);
    (void)read_back(plm_buf_str(&file), &k);
    plm_buf_free(&file);
    return 0;
}
