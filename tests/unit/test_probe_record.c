/* Session files: an honest one made here from keys, then everything about it changed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include "base/file.h"
#include "locate/probe_crypto.h"
#include "locate/probe_record.h"
#include "locate/probe_tpm.h"

#define N 3
static plm_key root, verifier, device, session, lm[N];
static EVP_PKEY *ak;
static plm_arena *arena;
static plm_probe_directory dir;
static char ak_pem[1024];

static void hexed(const unsigned char *p, char out[65]) { plm_hex(p, 32, out); }

static void escaped(const char *pem, char *out) {
    for (; *pem; pem++) {
        if (*pem == '\n') *out++ = '\\', *out++ = 'n';
        else *out++ = *pem;
    }
    *out = 0;
}

static int make_world(void **s) {
    (void)s;
    static char text[8192], key_path[64];
    char h[65], pem[1200];
    plm_fault f = {0};
    plm_key_new(NULL, &root, NULL), plm_key_new(NULL, &verifier, NULL);
    plm_key_new(NULL, &device, NULL), plm_key_new(NULL, &session, NULL);
    ak = EVP_EC_gen("P-256");
    BIO *b = BIO_new(BIO_s_mem());
    PEM_write_bio_PUBKEY(b, ak);
    BIO_read(b, ak_pem, sizeof ak_pem - 1);
    BIO_free(b);
    escaped(ak_pem, pem);
    int n = snprintf(text, sizeof text, "{\"landmarks\":[");
    static const char *const place[N] = {"\"lat\":50.11,\"lon\":8.68", "\"lat\":52.37,\"lon\":4.9",
                                         "\"lat\":48.85,\"lon\":2.35"};
    for (int i = 0; i < N; i++) {
        plm_key_new(NULL, &lm[i], NULL);
        hexed(lm[i].public, h);
        n += snprintf(text + n, sizeof text - (size_t)n,
                      "%s{\"id\":\"l%d\",%s,\"address\":\"127.0.0.1:%d\",\"key\":\"%s\"}",
                      i ? "," : "", i, place[i], 4000 + i, h);
    }
    hexed(device.public, h);
    n += snprintf(text + n, sizeof text - (size_t)n,
                  "],\"agents\":[{\"device\":\"d\",\"key\":\"%s\",\"ak\":\"%s\"}],\"verifiers\":[",
                  h, pem);
    hexed(verifier.public, h);
    snprintf(text + n, sizeof text - (size_t)n, "\"%s\"]}", h);
    snprintf(key_path, sizeof key_path, "build/test_record.%ld", (long)getpid());
    plm_buf out;
    plm_buf_init(&out, 1 << 20);
    arena = plm_arena_new(1 << 24);
    bool ok = plm_key_write(&root, key_path, &f) &&
              plm_probe_directory_sign(plm_str_c(text), key_path, &out, &f) &&
              plm_probe_directory_parse(plm_buf_str(&out), root.public, arena, &dir, &f);
    unlink(key_path);
    plm_buf_free(&out);
    if (!ok) printf("%s\n", f.say);
    return ok ? 0 : -1;
}

static int end_world(void **s) {
    (void)s;
    plm_arena_free(arena);
    EVP_PKEY_free(ak);
    return 0;
}

/* A quote as a TPM 2.0 makes one, by a key of this test. */
static void quote(plm_probe_msg *m) {
    unsigned char *p = m->quote.attest, der[128], r[32], s[32];
    plm_probe_hash nonce;
    plm_probe_quote_nonce(m, nonce);
    memset(&m->quote, 0, sizeof m->quote);
    static const unsigned char head[] = {0xff, 'T', 'C', 'G', 0x80, 0x18, 0, 2, 1, 2, 0, 32};
    memcpy(p, head, sizeof head), p += sizeof head;
    memcpy(p, nonce, 32), p += 32 + 17 + 8;
    static const unsigned char pcrs[] = {0, 0, 0, 1, 0, 11, 3, 0xff, 0, 0, 0, 32};
    memcpy(p, pcrs, sizeof pcrs), p += sizeof pcrs + 32;
    m->quote.attest_n = (uint16_t)(p - m->quote.attest);
    EVP_MD_CTX *c = EVP_MD_CTX_new();
    size_t n = sizeof der;
    EVP_DigestSignInit(c, NULL, EVP_sha256(), NULL, ak);
    EVP_DigestSign(c, der, &n, m->quote.attest, m->quote.attest_n);
    EVP_MD_CTX_free(c);
    const unsigned char *d = der;
    ECDSA_SIG *sig = d2i_ECDSA_SIG(NULL, &d, (long)n);
    BN_bn2binpad(ECDSA_SIG_get0_r(sig), r, 32), BN_bn2binpad(ECDSA_SIG_get0_s(sig), s, 32);
    ECDSA_SIG_free(sig);
    unsigned char *q = m->quote.sig;
    static const unsigned char alg[] = {0, 0x18, 0, 0x0b, 0, 32};
    memcpy(q, alg, 6), memcpy(q + 6, r, 32), q[38] = 0, q[39] = 32, memcpy(q + 40, s, 32);
    m->quote.sig_n = 72;
    plm_probe_quote_hash(&m->quote, m->quote_hash);
}

typedef struct made {
    plm_probe_record r;
    plm_probe_given g[N];
    plm_probe_hash lists[N], answers[N];
} made;

static void seal_close(made *w) {
    plm_probe_msg *c = &w->r.closed;
    plm_probe_evid_hash(&w->r.evid, c->evid_hash);
    plm_probe_receipts_hash(w->g, w->r.given_n, c->receipts_hash);
    memset(c->quote_hash, 0, 32);
    memset(&c->quote, 0, sizeof c->quote);
    if (c->class == PLM_PROBE_CLASS_TPM) quote(c);
    plm_probe_sign(c, &session);
    plm_probe_sign2(c, &device);
}

static void receipt(made *w, size_t i, uint64_t rtt_ns) {
    plm_probe_msg *m = &w->g[i].receipt;
    plm_probe_hash leaf;
    *m = (plm_probe_msg){.type = PLM_PROBE_RECEIPT, .index = (uint16_t)i, .sent = 16,
                         .answered = 1, .clock = 1, .round = 4, .rtt_ns = rtt_ns, .time_s = 1};
    memcpy(m->sid, w->r.open.sid, 16);
    memcpy(m->landmark, lm[i].public, 32);
    plm_probe_evid_hash(&w->r.evid, m->evid_hash);
    memset(m->nonce, (int)i + 1, 32), memset(m->mac, (int)i + 9, 32);
    plm_probe_leaf_time(4, m->nonce, m->mac, rtt_ns, 1, leaf);
    memcpy(m->root, leaf, 32);
    plm_probe_sign(m, &lm[i]);
}

static void show(made *w, size_t i) {
    plm_probe_msg *s = &w->g[i].shown;
    plm_probe_hash work[N], root_of;
    *s = (plm_probe_msg){.type = PLM_PROBE_SHOWN, .index = (uint16_t)i, .round = 4,
                         .leaf = (uint32_t)i};
    memcpy(s->sid, w->r.open.sid, 16);
    memcpy(s->nonce, w->g[i].receipt.nonce, 32), memcpy(s->mac, w->g[i].receipt.mac, 32);
    memcpy(work, w->answers, sizeof work);
    plm_probe_tree(work, N, i, root_of, &s->path);
}

/* What an honest session leaves: all landmarks 2 ms away. */
static void honest(made *w, uint8_t class) {
    memset(w, 0, sizeof *w);
    plm_probe_record *r = &w->r;
    *r = (plm_probe_record){.device = PLM_STR("d"), .deny = PLM_STR("CN,KP"), .quorum = 2,
                            .opened_s = 1790000000, .given = w->g, .given_n = N};
    memcpy(r->verifier, verifier.public, 32), memcpy(r->directory, dir.sha256, 32);
    r->open.type = PLM_PROBE_OPEN;
    memset(r->open.sid, 5, 16);
    for (size_t i = 0; i < N; i++) {
        plm_probe_msg *k = &w->g[i].keyrep;
        *k = (plm_probe_msg){.type = PLM_PROBE_KEYREP, .rounds = 16};
        memcpy(k->sid, r->open.sid, 16);
        memcpy(k->landmark, lm[i].public, 32), memcpy(k->verifier, verifier.public, 32);
        memset(k->exchange, (int)i + 20, 32);
        plm_probe_sign(k, &lm[i]);
        plm_probe_leaf_list(k->landmark, k->exchange, w->lists[i]);
        unsigned char nonce[32], mac[32];
        memset(nonce, (int)i + 1, 32), memset(mac, (int)i + 9, 32);
        plm_probe_leaf_answer((unsigned)i, 4, nonce, mac, w->answers[i]);
    }
    plm_probe_hash work[N];
    memcpy(work, w->lists, sizeof work);
    plm_probe_tree(work, N, 0, r->open.root, NULL);
    memcpy(r->open.verifier, verifier.public, 32), memcpy(r->open.device, device.public, 32);
    r->open.count = N, r->open.rounds = 16, r->open.window_ms = 1000;
    plm_probe_sign(&r->open, &verifier);
    plm_probe_msg *e = &r->evid;
    e->type = PLM_PROBE_EVID, e->class = class;
    memcpy(e->sid, r->open.sid, 16), memcpy(e->session_key, session.public, 32);
    plm_probe_msg_hash(&r->open, e->open_hash);
    if (class) quote(e);
    plm_probe_sign(e, &device);
    r->closed = (plm_probe_msg){.type = PLM_PROBE_CLOSED, .class = class, .leaves = N};
    memcpy(r->closed.sid, r->open.sid, 16);
    memcpy(work, w->answers, sizeof work);
    plm_probe_tree(work, N, 0, r->closed.root, NULL);
    for (size_t i = 0; i < N; i++) receipt(w, i, 2000000), show(w, i);
    seal_close(w);
}

static bool judged(const made *w, const plm_key *k, bool *excluded, plm_buf *line) {
    plm_buf file, own;
    plm_fault f = {0};
    plm_buf_init(&file, PLM_PROBE_SESSION_BYTES_MAX);
    plm_buf_init(&own, 1 << 20);
    assert_true(plm_probe_record_write(&w->r, k, &file, &f));
    bool ok = plm_probe_session_verify(plm_buf_str(&file), &dir, line ? line : &own, excluded, &f);
    assert_true(ok || (f.code == PLM_REFUSED && own.n == 0));
    plm_buf_free(&file);
    plm_buf_free(&own);
    return ok;
}

static void refused(const made *w) {
    bool excluded = true;
    assert_false(judged(w, &verifier, &excluded, NULL));
    assert_false(excluded);
}

static made w;

static void an_honest_session_holds_and_proves(void **s) {
    (void)s;
    for (uint8_t class = 0; class < 2; class++) {
        bool excluded = false;
        plm_buf line;
        plm_buf_init(&line, 1 << 16);
        honest(&w, class);
        assert_true(judged(&w, &verifier, &excluded, &line));
        assert_true(excluded);
        plm_buf_putc(&line, 0);
        assert_non_null(strstr(line.p, class ? "\"responder_class\":\"tpm\""
                                             : "\"responder_class\":\"host\""));
        assert_non_null(strstr(line.p, "\"rounds\":{\"l0\":1,\"l1\":1,\"l2\":1}"));
        assert_non_null(strstr(line.p, "\"min_rtt_ns\":{\"l0\":2000000"));
        assert_non_null(strstr(line.p, "\"why\":null"));
        plm_buf_free(&line);
    }
}

static void every_changed_byte_is_refused(void **s) {
    (void)s;
    plm_buf file, line;
    plm_fault f = {0};
    bool excluded;
    honest(&w, 1);
    plm_buf_init(&file, PLM_PROBE_SESSION_BYTES_MAX);
    plm_buf_init(&line, 1 << 20);
    assert_true(plm_probe_record_write(&w.r, &verifier, &file, &f));
    for (size_t i = 0; i < file.n; i++) {
        char was = file.p[i];
        for (int bit = 0; bit < 8; bit += 3) {
            file.p[i] = (char)(was ^ (1 << bit));
            if (plm_probe_session_verify(plm_buf_str(&file), &dir, &line, &excluded, NULL))
                fail_msg("byte %zu bit %d", i, bit);
        }
        file.p[i] = was;
    }
    for (size_t n = 0; n < file.n; n += 37)
        assert_false(plm_probe_session_verify((plm_str){file.p, n}, &dir, &line, &excluded, NULL));
    assert_int_equal(line.n, 0);
    plm_buf_free(&file);
    plm_buf_free(&line);
}

/* A verifier who signs what he likes: none of these makes a file that holds. */
static void a_dishonest_verifier_makes_no_evidence(void **s) {
    (void)s;
    honest(&w, 0), w.g[0].receipt.rtt_ns = 1000, seal_close(&w), refused(&w);
    honest(&w, 0), w.g[1].receipt.root[0] ^= 1, plm_probe_sign(&w.g[1].receipt, &lm[1]);
    seal_close(&w), refused(&w);
    honest(&w, 0), w.g[1].receipt.mac[0] ^= 1, seal_close(&w), refused(&w);
    honest(&w, 0), w.g[2].shown.path.h[0][0] ^= 1, refused(&w);
    honest(&w, 0), w.g[2].shown.leaf = 0, refused(&w);
    honest(&w, 0), w.g[0].shown = w.g[1].shown, refused(&w);
    honest(&w, 0), w.g[0] = w.g[1], refused(&w);
    honest(&w, 0), w.r.given_n = 2, refused(&w);
    honest(&w, 0), w.r.evid.session_key[0] ^= 1, refused(&w);
    honest(&w, 0), plm_probe_sign(&w.r.evid, &verifier), refused(&w);
    honest(&w, 0), plm_probe_sign2(&w.r.closed, &verifier), refused(&w);
    honest(&w, 0), plm_probe_sign(&w.r.closed, &verifier), refused(&w);
    honest(&w, 0), plm_probe_sign(&w.g[0].keyrep, &verifier), refused(&w);
    honest(&w, 0), plm_probe_sign(&w.r.open, &device), refused(&w);
    honest(&w, 0), w.r.device = PLM_STR("e"), refused(&w);
    honest(&w, 0), w.r.quorum = 0, refused(&w);
    honest(&w, 0), memset(&w.r.closed, 0, sizeof w.r.closed), refused(&w);
    honest(&w, 0), memset(&w.r.evid, 0, sizeof w.r.evid), refused(&w);
    honest(&w, 0), memset(&w.r.open, 0, sizeof w.r.open), refused(&w);
    honest(&w, 0), w.r.directory[0] ^= 1, refused(&w);
}

static void a_receipt_of_another_session_is_refused(void **s) {
    (void)s;
    made other;
    honest(&other, 0);
    honest(&w, 0);
    w.r.open.nonce[3] ^= 1; /* the same landmarks and device, opened again */
    plm_probe_sign(&w.r.open, &verifier);
    plm_probe_msg_hash(&w.r.open, w.r.evid.open_hash);
    plm_probe_sign(&w.r.evid, &device);
    seal_close(&w);
    refused(&w);
    for (size_t i = 0; i < N; i++) receipt(&w, i, 2000000);
    seal_close(&w);
    bool excluded;
    assert_true(judged(&w, &verifier, &excluded, NULL));
    w.g[1].receipt = other.g[1].receipt;
    seal_close(&w);
    refused(&w);
}

static void a_receipt_that_is_not_shown_does_not_count(void **s) {
    (void)s;
    bool excluded;
    honest(&w, 0);
    memset(&w.g[0].shown, 0, sizeof w.g[0].shown);
    assert_true(judged(&w, &verifier, &excluded, NULL) && excluded);
    memset(&w.g[1].shown, 0, sizeof w.g[1].shown);
    assert_true(judged(&w, &verifier, &excluded, NULL));
    assert_false(excluded); /* one operator is no quorum */
}

static void the_tpm_class_needs_the_directorys_quote(void **s) {
    (void)s;
    honest(&w, 0), w.r.evid.class = 1, plm_probe_sign(&w.r.evid, &device);
    w.r.closed.class = 1, seal_close(&w), refused(&w);
    EVP_PKEY *right = ak;
    ak = EVP_EC_gen("P-256");
    honest(&w, 1), refused(&w);
    EVP_PKEY_free(ak);
    ak = right;
    honest(&w, 1), w.r.closed.quote = w.r.evid.quote; /* replayed: the nonce is another */
    plm_probe_quote_hash(&w.r.closed.quote, w.r.closed.quote_hash);
    plm_probe_sign(&w.r.closed, &session), plm_probe_sign2(&w.r.closed, &device), refused(&w);
    plm_probe_msg e = {.type = PLM_PROBE_EVID, .class = 1};
    plm_probe_hash nonce;
    quote(&e);
    plm_probe_quote_nonce(&e, nonce);
    plm_str pem = dir.agents[0].ak;
    assert_true(plm_probe_quote_holds(&e.quote, pem, nonce));
    for (size_t i = 0; i < e.quote.attest_n; i++) {
        e.quote.attest[i] ^= 1;
        assert_false(plm_probe_quote_holds(&e.quote, pem, nonce));
        e.quote.attest[i] ^= 1;
    }
    for (size_t i = 0; i < e.quote.sig_n; i++) {
        e.quote.sig[i] ^= 1;
        assert_false(plm_probe_quote_holds(&e.quote, pem, nonce));
        e.quote.sig[i] ^= 1;
    }
    e.quote.attest_n--;
    assert_false(plm_probe_quote_holds(&e.quote, pem, nonce));
}

static void only_the_directorys_verifiers_are_taken(void **s) {
    (void)s;
    bool excluded;
    honest(&w, 0);
    assert_false(judged(&w, &device, &excluded, NULL)); /* signed by another than it names */
    memcpy(w.r.verifier, device.public, 32);
    assert_false(judged(&w, &device, &excluded, NULL));
}

static void a_failed_session_says_so_and_proves_nothing(void **s) {
    (void)s;
    bool excluded = true;
    plm_buf line;
    plm_buf_init(&line, 1 << 16);
    honest(&w, 0);
    memset(&w.r.open, 0, sizeof w.r.open), memset(&w.r.evid, 0, sizeof w.r.evid);
    memset(&w.r.closed, 0, sizeof w.r.closed);
    w.r.given_n = 0, w.r.why = PLM_STR("agent: \"silent\"");
    assert_true(judged(&w, &verifier, &excluded, &line));
    assert_false(excluded);
    plm_buf_putc(&line, 0);
    assert_non_null(strstr(line.p, "\"why\":\"agent: \\\"silent\\\"\""));
    assert_non_null(strstr(line.p, "\"responder_class\":null"));
    plm_buf_free(&line);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_honest_session_holds_and_proves),
        cmocka_unit_test(every_changed_byte_is_refused),
        cmocka_unit_test(a_dishonest_verifier_makes_no_evidence),
        cmocka_unit_test(a_receipt_of_another_session_is_refused),
        cmocka_unit_test(a_receipt_that_is_not_shown_does_not_count),
        cmocka_unit_test(the_tpm_class_needs_the_directorys_quote),
        cmocka_unit_test(only_the_directorys_verifiers_are_taken),
        cmocka_unit_test(a_failed_session_says_so_and_proves_nothing),
    };
    return cmocka_run_group_tests(tests, make_world, end_world);
}
