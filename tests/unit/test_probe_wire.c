/* The wire format: one spelling, nothing read past the end, limits refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "locate/probe_wire.h"

static uint64_t seed = 88172645463325252u;
static unsigned char byte(void) {
    seed ^= seed << 13, seed ^= seed >> 7, seed ^= seed << 17;
    return (unsigned char)(seed >> 24);
}

static bool padded(unsigned type) {
    return type == PLM_PROBE_KEYREQ || type == PLM_PROBE_OPEN || type == PLM_PROBE_ARM ||
           type == PLM_PROBE_POLL || type == PLM_PROBE_CLOSE || type == PLM_PROBE_SHOW;
}

static size_t on_wire(unsigned type, size_t n) {
    return padded(type) ? PLM_PROBE_REQUEST_LEN : type == PLM_PROBE_HELLO ? PLM_PROBE_HELLO_LEN : n;
}

static unsigned char inner[PLM_PROBE_OPEN_LEN + PLM_PROBE_EVID_LEN];

/* A message with every member set to something allowed. */
static void some(plm_probe_msg *m, unsigned type) {
    memset(m, 0, sizeof *m);
    unsigned char *p = (unsigned char *)m;
    for (size_t i = 0; i < offsetof(plm_probe_msg, count); i++) p[i] = byte();
    for (size_t i = 0; i < sizeof inner; i++) inner[i] = byte();
    m->type = (uint8_t)type;
    m->count = 200, m->rounds = 64, m->index = 17, m->round = 63, m->sent = 60, m->answered = 59;
    m->window_ms = 60000, m->leaves = 65536, m->leaf = 123456, m->rtt_ns = 0x0102030405060708u;
    m->time_s = 1790000000, m->class = 1, m->code = 3, m->state = 2, m->clock = 1, m->flags = 1;
    m->addr.port = 4700;
    /* ARM's is a path in the list of landmarks: 2^8 of them */
    m->path.n = type == PLM_PROBE_ARM ? 8 : PLM_PROBE_PATH_MAX;
    m->quote.attest_n = 145, m->quote.sig_n = 264;
    m->inner_open = inner, m->inner_evid = inner + PLM_PROBE_OPEN_LEN;
    for (size_t i = 0; i < sizeof m->sig; i++) m->sig[i] = byte(), m->sig2[i] = byte();
    for (size_t i = 0; i < sizeof m->path.h; i++) ((unsigned char *)m->path.h)[i] = byte();
}

static void every_message_comes_back_the_same(void **s) {
    (void)s;
    for (unsigned type = 1; type < PLM_PROBE_TYPES; type++) {
        plm_probe_msg m, back;
        unsigned char a[PLM_PROBE_REQUEST_LEN], b[PLM_PROBE_REQUEST_LEN];
        if (type == PLM_PROBE_PING || type == PLM_PROBE_PONG) continue;
        some(&m, type);
        size_t n = plm_probe_write(&m, a);
        assert_true(n >= 24 && n <= PLM_PROBE_REQUEST_LEN);
        assert_true(plm_probe_read(a, on_wire(type, n), &back));
        assert_int_equal(plm_probe_write(&back, b), n);
        assert_memory_equal(a, b, sizeof a);
        assert_int_equal(back.sig_at, m.sig_at);
    }
}

static void every_other_length_is_refused(void **s) {
    (void)s;
    for (unsigned type = 1; type < PLM_PROBE_TYPES; type++) {
        plm_probe_msg m, back;
        unsigned char a[PLM_PROBE_REQUEST_LEN];
        if (type == PLM_PROBE_PING || type == PLM_PROBE_PONG) continue;
        some(&m, type);
        size_t n = plm_probe_write(&m, a);
        for (size_t k = 0; k <= sizeof a; k++) {
            unsigned char *exact = malloc(k ? k : 1); /* so that a read past the end is seen */
            memcpy(exact, a, k);
            bool want = k == on_wire(type, n);
            if (plm_probe_read(exact, k, &back) != want) fail_msg("type %u length %zu", type, k);
            free(exact);
        }
    }
}

static void padding_has_to_be_zero(void **s) {
    (void)s;
    plm_probe_msg m, back;
    unsigned char a[PLM_PROBE_REQUEST_LEN];
    some(&m, PLM_PROBE_POLL);
    size_t n = plm_probe_write(&m, a);
    a[n] = 1;
    assert_false(plm_probe_read(a, sizeof a, &back));
    a[n] = 0, a[sizeof a - 1] = 1;
    assert_false(plm_probe_read(a, sizeof a, &back));
}

static void magic_version_and_type_are_checked(void **s) {
    (void)s;
    plm_probe_msg m, back;
    unsigned char a[PLM_PROBE_REQUEST_LEN];
    some(&m, PLM_PROBE_COOKIE);
    size_t n = plm_probe_write(&m, a);
    for (size_t i = 0; i < 7; i++) {
        a[i] ^= 1;
        assert_false(plm_probe_read(a, n, &back));
        a[i] ^= 1;
    }
    for (unsigned t = 0; t < 256; t++) {
        a[7] = (unsigned char)t;
        if (t == 0 || t >= PLM_PROBE_TYPES || t == PLM_PROBE_PING)
            assert_false(plm_probe_read(a, n, &back));
    }
}

static void limits_are_refused_both_ways(void **s) {
    (void)s;
    plm_probe_msg m, back;
    unsigned char a[PLM_PROBE_REQUEST_LEN];
    some(&m, PLM_PROBE_OPEN);
    m.rounds = PLM_PROBE_ROUNDS_MAX + 1;
    assert_int_equal(plm_probe_write(&m, a), 0);
    some(&m, PLM_PROBE_OPEN);
    m.count = PLM_PROBE_LANDMARKS_MAX + 1;
    assert_int_equal(plm_probe_write(&m, a), 0);
    some(&m, PLM_PROBE_SHOW);
    m.index = PLM_PROBE_LANDMARKS_MAX;
    assert_int_equal(plm_probe_write(&m, a), 0);
    some(&m, PLM_PROBE_SHOWN);
    size_t n = plm_probe_write(&m, a);
    size_t at = n - 1 - (size_t)PLM_PROBE_PATH_MAX * 32;
    assert_int_equal(a[at], PLM_PROBE_PATH_MAX);
    a[at] = PLM_PROBE_PATH_MAX + 1;
    assert_false(plm_probe_read(a, n, &back));
    some(&m, PLM_PROBE_EVID);
    m.quote.sig_n = PLM_PROBE_QUOTE_SIG_MAX + 1;
    assert_int_equal(plm_probe_write(&m, a), 0);
    some(&m, PLM_PROBE_EVID);
    m.quote.attest_n = 0; /* a signature of nothing */
    assert_int_equal(plm_probe_write(&m, a), 0);
}

static void the_largest_messages_fit(void **s) {
    (void)s;
    plm_probe_msg m;
    unsigned char a[PLM_PROBE_REQUEST_LEN];
    for (unsigned type = 1; type < PLM_PROBE_TYPES; type++) {
        if (type == PLM_PROBE_PING || type == PLM_PROBE_PONG) continue;
        some(&m, type);
        m.quote.attest_n = PLM_PROBE_ATTEST_MAX, m.quote.sig_n = PLM_PROBE_QUOTE_SIG_MAX;
        assert_true(plm_probe_write(&m, a) > 0);
    }
}

static void mutated_messages_never_read_past_the_end(void **s) {
    (void)s;
    for (unsigned k = 0; k < 20000; k++) {
        plm_probe_msg m, back;
        unsigned char a[PLM_PROBE_REQUEST_LEN], b[PLM_PROBE_REQUEST_LEN];
        unsigned type = 1 + byte() % (PLM_PROBE_TYPES - 1);
        if (type == PLM_PROBE_PING || type == PLM_PROBE_PONG) continue;
        some(&m, type);
        size_t n = on_wire(type, plm_probe_write(&m, a));
        for (unsigned j = 0; j < 4; j++) a[((size_t)byte() << 8 | byte()) % n] = byte();
        unsigned char *exact = malloc(n);
        memcpy(exact, a, n);
        if (plm_probe_read(exact, n, &back)) {
            assert_true(plm_probe_write(&back, b) > 0);
            assert_memory_equal(exact, b, n);
        }
        free(exact);
    }
}

static void a_ping_and_a_pong_have_one_length(void **s) {
    (void)s;
    plm_probe_ping p;
    unsigned char sid[16] = {1, 2, 3};
    plm_probe_ping_head(&p, false, sid, 258, 1023);
    assert_true(plm_probe_is_ping((unsigned char *)&p, sizeof p, false));
    assert_false(plm_probe_is_ping((unsigned char *)&p, sizeof p, true));
    assert_false(plm_probe_is_ping((unsigned char *)&p, sizeof p - 1, false));
    assert_int_equal(p.index[0], 1);
    assert_int_equal(p.round[0] << 8 | p.round[1], 1023);
}

static void every_code_has_words(void **s) {
    (void)s;
    for (unsigned i = 0; i <= 256; i++) assert_true(strlen(plm_probe_why(i)) > 3);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_message_comes_back_the_same),
        cmocka_unit_test(every_other_length_is_refused),
        cmocka_unit_test(padding_has_to_be_zero),
        cmocka_unit_test(magic_version_and_type_are_checked),
        cmocka_unit_test(limits_are_refused_both_ways),
        cmocka_unit_test(the_largest_messages_fit),
        cmocka_unit_test(mutated_messages_never_read_past_the_end),
        cmocka_unit_test(a_ping_and_a_pong_have_one_length),
        cmocka_unit_test(every_code_has_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
