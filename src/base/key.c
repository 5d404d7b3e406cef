/* key.c: Ed25519 keys.  Invariants: 1 a secret is written only to a file that did not exist,
 * mode 0600; 2 one key has one spelling; 3 a file whose halves disagree is refused.
 * Held by tests/unit/test_key.c. */
#include "base/key.h"
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define HEAD "plimsoll-key-1 ed25519\n"

bool plm_key_ready(plm_fault *f) {
    if (sodium_init() < 0) return plm_fail(f, PLM_IO, "the system gives no randomness");
    return true;
}

static bool name_fits(plm_str name) {
    if (name.n > PLM_KEY_NAME_MAX) return false;
    for (size_t i = 0; i < name.n; i++) {
        unsigned char c = (unsigned char)name.p[i];
        if (c <= ' ' || c == '+' || c == 0x7f) return false;
    }
    return true;
}

bool plm_key_new(const char *name, plm_key *out, plm_fault *f) {
    if (!plm_key_ready(f)) return false;
    plm_str n = plm_str_c(name);
    if (!name_fits(n))
        return plm_fail(f, PLM_BAD_INPUT, "a key's name has 1 to %d characters and no space, "
                        "'+' or control character", PLM_KEY_NAME_MAX);
    memset(out, 0, sizeof *out);
    memcpy(out->name, n.p, n.n);
    crypto_sign_keypair(out->public, out->secret);
    return true;
}

bool plm_key_write(const plm_key *k, const char *path, plm_fault *f) {
    char secret[65], public[PLM_KEY_HEX], text[512];
    plm_hex(k->secret, 32, secret);
    plm_hex(k->public, PLM_KEY_PUBLIC_LEN, public);
    int n = snprintf(text, sizeof text, HEAD "secret %s\npublic %s\n%s%s%s", secret, public,
                     k->name[0] ? "name " : "", k->name, k->name[0] ? "\n" : "");
    sodium_memzero(secret, sizeof secret);
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) {
        sodium_memzero(text, sizeof text);
        if (errno == EEXIST)
            return plm_fail_at(f, PLM_CONFLICT, path, 0, 0,
                               "exists already; a key is never overwritten");
        return plm_fail_at(f, PLM_IO, path, 0, 0, "can't be made: %s", strerror(errno));
    }
    bool ok = fchmod(fd, 0600) == 0 && write(fd, text, (size_t)n) == n && fsync(fd) == 0;
    int err = errno;
    sodium_memzero(text, sizeof text);
    if (close(fd) != 0) ok = false;
    if (!ok) {
        unlink(path);
        return plm_fail_at(f, PLM_IO, path, 0, 0, "can't be written: %s", strerror(err));
    }
    return true;
}

/* The rest of the line that starts with word, or false. */
static bool field(plm_str *text, const char *word, plm_str *out) {
    size_t n = strlen(word);
    const char *nl = text->n ? memchr(text->p, '\n', text->n) : NULL;
    if (!nl || !plm_str_starts(*text, word)) return false;
    size_t len = (size_t)(nl - text->p);
    if (len < n) return false;
    *out = (plm_str){text->p + n, len - n};
    *text = (plm_str){nl + 1, text->n - len - 1};
    return true;
}

static bool parse(plm_str text, plm_key *out) {
    plm_str secret, public, name = {"", 0};
    unsigned char seed[32], pub[PLM_KEY_PUBLIC_LEN];
    memset(out, 0, sizeof *out);
    if (!plm_str_starts(text, HEAD)) return false;
    text = (plm_str){text.p + sizeof HEAD - 1, text.n - (sizeof HEAD - 1)};
    if (!field(&text, "secret ", &secret) || !field(&text, "public ", &public)) return false;
    if (text.n && (!field(&text, "name ", &name) || !name_fits(name) || text.n)) return false;
    bool ok = plm_unhex(secret, seed, 32) && plm_key_parse_public(public, pub);
    if (ok) {
        crypto_sign_seed_keypair(out->public, out->secret, seed);
        ok = memcmp(out->public, pub, sizeof pub) == 0;
        memcpy(out->name, name.p, name.n);
    }
    sodium_memzero(seed, sizeof seed);
    return ok;
}

bool plm_key_read(const char *path, plm_key *out, plm_fault *f) {
    if (!plm_key_ready(f)) return false;
    plm_buf b;
    plm_buf_init(&b, PLM_KEY_FILE_MAX);
    bool ok = plm_file_read(path, &b, f);
    if (ok && !parse(plm_buf_str(&b), out))
        ok = plm_fail_at(f, PLM_BAD_INPUT, path, 0, 0,
                         "is no key file; make one with 'plimsoll key new --out FILE'");
    if (b.p) sodium_memzero(b.p, b.cap);
    plm_buf_free(&b);
    if (!ok) plm_key_wipe(out);
    return ok;
}

void plm_key_wipe(plm_key *k) { sodium_memzero(k, sizeof *k); }

void plm_key_sign(const plm_key *k, plm_str msg, unsigned char out[PLM_KEY_SIGNATURE_LEN]) {
    crypto_sign_detached(out, NULL, (const unsigned char *)msg.p, msg.n, k->secret);
}

bool plm_key_check(const unsigned char public[PLM_KEY_PUBLIC_LEN], plm_str msg,
                   const unsigned char sig[PLM_KEY_SIGNATURE_LEN]) {
    return plm_key_ready(NULL) &&
           crypto_sign_verify_detached(sig, (const unsigned char *)msg.p, msg.n, public) == 0;
}

bool plm_key_parse_public(plm_str s, unsigned char out[PLM_KEY_PUBLIC_LEN]) {
    char again[PLM_KEY_HEX];
    if (!plm_unhex(s, out, PLM_KEY_PUBLIC_LEN)) return false;
    plm_hex(out, PLM_KEY_PUBLIC_LEN, again);
    return memcmp(again, s.p, s.n) == 0;
}

uint32_t plm_key_note_id(const char *name, const unsigned char public[PLM_KEY_PUBLIC_LEN]) {
    unsigned char tail[2 + PLM_KEY_PUBLIC_LEN] = {'\n', 1}, d[PLM_SHA256_LEN];
    memcpy(tail + 2, public, PLM_KEY_PUBLIC_LEN);
    plm_sha256_of2(plm_str_c(name), (plm_str){(const char *)tail, sizeof tail}, d);
    return (uint32_t)d[0] << 24 | (uint32_t)d[1] << 16 | (uint32_t)d[2] << 8 | d[3];
}

bool plm_key_vkey_print(const char *name, const unsigned char public[PLM_KEY_PUBLIC_LEN],
                        char out[PLM_KEY_VKEY_MAX]) {
    unsigned char typed[1 + PLM_KEY_PUBLIC_LEN] = {1};
    memcpy(typed + 1, public, PLM_KEY_PUBLIC_LEN);
    plm_buf b;
    plm_buf_init(&b, PLM_KEY_VKEY_MAX);
    bool ok = name_fits(plm_str_c(name)) && name[0] &&
              plm_buf_printf(&b, "%s+%08x+", name, (unsigned)plm_key_note_id(name, public)) &&
              plm_base64_put(&b, typed, sizeof typed) && b.n < PLM_KEY_VKEY_MAX;
    if (ok) {
        memcpy(out, b.p, b.n);
        out[b.n] = 0;
    }
    plm_buf_free(&b);
    return ok;
}

bool plm_key_vkey_parse(plm_str s, char *name, unsigned char public[PLM_KEY_PUBLIC_LEN],
                        plm_fault *f) {
    const char *plus = s.n ? memchr(s.p, '+', s.n) : NULL;
    size_t n = plus ? (size_t)(plus - s.p) : 0;
    char again[PLM_KEY_VKEY_MAX];
    plm_buf b;
    plm_buf_init(&b, 64);
    bool ok = n && n <= PLM_KEY_NAME_MAX && s.n > n + 10 &&
              plm_base64_read((plm_str){s.p + n + 10, s.n - n - 10}, &b) &&
              b.n == 1 + PLM_KEY_PUBLIC_LEN && b.p[0] == 1;
    if (ok) {
        memcpy(name, s.p, n);
        name[n] = 0;
        memcpy(public, b.p + 1, PLM_KEY_PUBLIC_LEN);
        ok = plm_key_vkey_print(name, public, again) && plm_str_is(s, again);
    }
    plm_buf_free(&b);
    return ok || plm_fail(f, PLM_BAD_INPUT, "is no Ed25519 verifier key (NAME+ID+BASE64)");
}
