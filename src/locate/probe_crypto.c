/* probe_crypto.c: keys, trees and cookies of the location protocol.  Invariants: 1 a rapid key
 * depends on both ephemeral keys, both nonces, the session and the landmark; 2 a leaf and a node
 * can't be taken for each other (RFC 6962 prefixes), nor leaves of two trees (a letter each);
 * 3 what is signed starts with the protocol's magic, version and message type.
 * Held by tests/unit/test_probe_crypto.c. */
#include "locate/probe_crypto.h"
#include "base/file.h"

#include <string.h>

static void hmac(const unsigned char *key, size_t key_n, const void *p, size_t n,
                 unsigned char out[32]) {
    crypto_auth_hmacsha256_state s;
    crypto_auth_hmacsha256_init(&s, key, key_n);
    crypto_auth_hmacsha256_update(&s, p, n);
    crypto_auth_hmacsha256_final(&s, out);
    sodium_memzero(&s, sizeof s);
}

bool plm_probe_rapid_derive(plm_probe_rapid *k, const unsigned char secret[32],
                            const unsigned char peer[32], const plm_probe_msg *open,
                            const plm_probe_msg *evid, const unsigned char landmark[32],
                            const unsigned char exchange_landmark[32]) {
    static const char label[] = "plimsoll-probe-1 rapid";
    unsigned char shared[32], salt[64], prk[32], okm[32], tag[32];
    unsigned char info[sizeof label - 1 + PLM_PROBE_SID_LEN + 96 + 1], *p = info;
    if (crypto_scalarmult(shared, secret, peer) != 0) return false;
    memcpy(salt, open->nonce, 32);
    memcpy(salt + 32, evid->nonce, 32);
    hmac(salt, sizeof salt, shared, sizeof shared, prk);
    memcpy(p, label, sizeof label - 1), p += sizeof label - 1;
    memcpy(p, open->sid, PLM_PROBE_SID_LEN), p += PLM_PROBE_SID_LEN;
    memcpy(p, landmark, 32), p += 32;
    memcpy(p, evid->exchange, 32), p += 32;
    memcpy(p, exchange_landmark, 32), p += 32;
    *p = 1;
    hmac(prk, sizeof prk, info, sizeof info, okm);
    hmac(okm, sizeof okm, "tag", 3, tag);
    crypto_auth_hmacsha256_init(&k->mac, okm, sizeof okm);
    memcpy(k->tag_key, tag, sizeof k->tag_key);
    memcpy(k->sid, open->sid, sizeof k->sid);
    sodium_memzero(shared, sizeof shared);
    sodium_memzero(prk, sizeof prk);
    sodium_memzero(okm, sizeof okm);
    sodium_memzero(tag, sizeof tag);
    return true;
}

void plm_probe_answer(const plm_probe_rapid *k, const plm_probe_ping *p, unsigned char out[32]) {
    crypto_auth_hmacsha256_state s = k->mac; /* 48 bytes: one block; K binds the rest */
    crypto_auth_hmacsha256_update(&s, (const unsigned char *)p + 8, 48);
    crypto_auth_hmacsha256_final(&s, out);
}

void plm_probe_tag(const plm_probe_rapid *k, plm_probe_ping *p) {
    crypto_shorthash(p->tag, (const unsigned char *)p, 56, k->tag_key);
}

bool plm_probe_tag_holds(const plm_probe_rapid *k, const plm_probe_ping *p) {
    unsigned char tag[8];
    crypto_shorthash(tag, (const unsigned char *)p, 56, k->tag_key);
    return sodium_memcmp(tag, p->tag, sizeof tag) == 0;
}

void plm_probe_ready_mac(const plm_probe_rapid *k, unsigned index, unsigned char out[32]) {
    crypto_auth_hmacsha256_state s = k->mac;
    unsigned char text[5 + PLM_PROBE_SID_LEN + 2] = {'r', 'e', 'a', 'd', 'y'};
    memcpy(text + 5, k->sid, PLM_PROBE_SID_LEN);
    text[5 + PLM_PROBE_SID_LEN] = (unsigned char)(index >> 8);
    text[6 + PLM_PROBE_SID_LEN] = (unsigned char)index;
    crypto_auth_hmacsha256_update(&s, text, sizeof text);
    crypto_auth_hmacsha256_final(&s, out);
}

static void hash(const void *p, size_t n, plm_probe_hash out) {
    plm_sha256_of((plm_str){p, n}, out);
}

void plm_probe_leaf_list(const unsigned char landmark[32], const unsigned char exchange[32],
                         plm_probe_hash out) {
    unsigned char t[2 + 64] = {0, 'l'};
    memcpy(t + 2, landmark, 32);
    memcpy(t + 34, exchange, 32);
    hash(t, sizeof t, out);
}

void plm_probe_leaf_time(unsigned round, const unsigned char nonce[32],
                         const unsigned char mac[32], uint64_t rtt_ns, unsigned flags,
                         plm_probe_hash out) {
    unsigned char t[2 + 2 + 64 + 8 + 1] = {0, 't', (unsigned char)(round >> 8),
                                           (unsigned char)round};
    memcpy(t + 4, nonce, 32);
    memcpy(t + 36, mac, 32);
    for (size_t i = 0; i < 8; i++) t[68 + i] = (unsigned char)(rtt_ns >> 8 * (7 - i));
    t[76] = (unsigned char)flags;
    hash(t, sizeof t, out);
}

void plm_probe_leaf_answer(unsigned index, unsigned round, const unsigned char nonce[32],
                           const unsigned char mac[32], plm_probe_hash out) {
    unsigned char t[2 + 4 + 64] = {0, 'a', (unsigned char)(index >> 8), (unsigned char)index,
                                   (unsigned char)(round >> 8), (unsigned char)round};
    memcpy(t + 6, nonce, 32);
    memcpy(t + 38, mac, 32);
    hash(t, sizeof t, out);
}

static void node(const plm_probe_hash l, const plm_probe_hash r, plm_probe_hash out) {
    unsigned char t[1 + 64] = {1};
    memcpy(t + 1, l, 32);
    memcpy(t + 33, r, 32);
    hash(t, sizeof t, out);
}

/* Level by level; an odd last node rises unchanged, which gives RFC 6962's tree. */
bool plm_probe_tree(plm_probe_hash *leaves, size_t n, size_t index, plm_probe_hash root,
                    plm_probe_path *path) {
    if (n == 0 || n > PLM_PROBE_LEAVES_MAX || index >= n) return false;
    if (path) path->n = 0;
    for (; n > 1; n = (n + 1) / 2, index /= 2) {
        size_t sibling = index ^ 1;
        if (path && sibling < n) memcpy(path->h[path->n++], leaves[sibling], 32);
        for (size_t i = 0; i + 1 < n; i += 2) node(leaves[i], leaves[i + 1], leaves[i / 2]);
        if (n & 1) memmove(leaves[n / 2], leaves[n - 1], 32);
    }
    memcpy(root, leaves[0], 32);
    return true;
}

bool plm_probe_opens(const plm_probe_hash leaf, size_t index, size_t n, const plm_probe_path *path,
                     const plm_probe_hash root) {
    plm_probe_hash at;
    size_t used = 0;
    if (n == 0 || n > PLM_PROBE_LEAVES_MAX || index >= n) return false;
    memcpy(at, leaf, 32);
    for (; n > 1; n = (n + 1) / 2, index /= 2) {
        if ((index ^ 1) >= n) continue;
        if (used == path->n) return false;
        if (index & 1) node(path->h[used++], at, at);
        else node(at, path->h[used++], at);
    }
    return used == path->n && memcmp(at, root, 32) == 0;
}

static plm_str written(plm_probe_msg *m, unsigned char *out) {
    return (plm_str){(const char *)out, plm_probe_write(m, out)};
}

void plm_probe_msg_hash(const plm_probe_msg *m, plm_probe_hash out) {
    plm_probe_msg copy = *m;
    unsigned char text[PLM_PROBE_REQUEST_LEN];
    plm_sha256_of(written(&copy, text), out);
}

void plm_probe_quote_nonce(const plm_probe_msg *m, plm_probe_hash out) {
    plm_probe_msg copy = *m;
    unsigned char text[PLM_PROBE_REQUEST_LEN];
    memset(copy.quote_hash, 0, sizeof copy.quote_hash);
    written(&copy, text);
    plm_sha256_of2(PLM_STR("plimsoll-probe-1 quote"), (plm_str){(char *)text, copy.sig_at}, out);
}

void plm_probe_quote_hash(const plm_probe_quote *q, plm_probe_hash out) {
    if (q->attest_n == 0) {
        memset(out, 0, PLM_PROBE_HASH_LEN);
        return;
    }
    unsigned char t[2 + PLM_PROBE_ATTEST_MAX + PLM_PROBE_QUOTE_SIG_MAX];
    t[0] = (unsigned char)(q->attest_n >> 8);
    t[1] = (unsigned char)q->attest_n;
    memcpy(t + 2, q->attest, q->attest_n);
    memcpy(t + 2 + q->attest_n, q->sig, q->sig_n);
    hash(t, 2u + q->attest_n + q->sig_n, out);
}

void plm_probe_sign(plm_probe_msg *m, const plm_key *k) {
    unsigned char text[PLM_PROBE_REQUEST_LEN];
    if (written(m, text).n) plm_key_sign(k, (plm_str){(char *)text, m->sig_at}, m->sig);
}

bool plm_probe_signed_by(const plm_probe_msg *m, const unsigned char public[32]) {
    plm_probe_msg copy = *m;
    unsigned char text[PLM_PROBE_REQUEST_LEN];
    return written(&copy, text).n && copy.sig_at &&
           plm_key_check(public, (plm_str){(char *)text, copy.sig_at}, m->sig);
}

void plm_probe_sign2(plm_probe_msg *m, const plm_key *k) {
    unsigned char text[PLM_PROBE_REQUEST_LEN];
    if (written(m, text).n) plm_key_sign(k, (plm_str){(char *)text, m->sig2_at}, m->sig2);
}

bool plm_probe_signed2_by(const plm_probe_msg *m, const unsigned char public[32]) {
    plm_probe_msg copy = *m;
    unsigned char text[PLM_PROBE_REQUEST_LEN];
    return written(&copy, text).n && copy.sig2_at &&
           plm_key_check(public, (plm_str){(char *)text, copy.sig2_at}, m->sig2);
}

static void cookie_of(const unsigned char secret[32], const plm_probe_addr *a,
                      const unsigned char sid[PLM_PROBE_SID_LEN], uint64_t epoch,
                      unsigned char out[PLM_PROBE_COOKIE_LEN]) {
    unsigned char t[16 + 2 + PLM_PROBE_SID_LEN + 8], mac[32];
    memcpy(t, a->ip, 16);
    t[16] = (unsigned char)(a->port >> 8);
    t[17] = (unsigned char)a->port;
    memcpy(t + 18, sid, PLM_PROBE_SID_LEN);
    for (size_t i = 0; i < 8; i++)
        t[18 + PLM_PROBE_SID_LEN + i] = (unsigned char)(epoch >> 8 * i);
    hmac(secret, 32, t, sizeof t, mac);
    memcpy(out, mac, PLM_PROBE_COOKIE_LEN);
}

#define EPOCH_MS 30000

void plm_probe_cookie(const unsigned char secret[32], const plm_probe_addr *a,
                      const unsigned char sid[PLM_PROBE_SID_LEN], uint64_t now_ms,
                      unsigned char out[PLM_PROBE_COOKIE_LEN]) {
    cookie_of(secret, a, sid, now_ms / EPOCH_MS + 1, out);
}

bool plm_probe_cookie_holds(const unsigned char secret[32], const plm_probe_addr *a,
                            const unsigned char sid[PLM_PROBE_SID_LEN], uint64_t now_ms,
                            const unsigned char cookie[PLM_PROBE_COOKIE_LEN]) {
    unsigned char now[PLM_PROBE_COOKIE_LEN], before[PLM_PROBE_COOKIE_LEN];
    cookie_of(secret, a, sid, now_ms / EPOCH_MS + 1, now);
    cookie_of(secret, a, sid, now_ms / EPOCH_MS, before);
    return sodium_memcmp(cookie, now, sizeof now) == 0 ||
           sodium_memcmp(cookie, before, sizeof before) == 0;
}

bool plm_probe_own_key(const char *path, const char *name, const unsigned char want[32],
                       plm_key *out, plm_fault *f) {
    if (!plm_key_read(path, out, f)) return false;
    if (memcmp(out->public, want, sizeof out->public) == 0) return true;
    return plm_fail(f, PLM_REFUSED, "the key is not the one that the directory has for '%s'", name);
}
