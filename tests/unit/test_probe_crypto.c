/* Keys, trees, cookies; clocks and buckets. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/file.h"
#include "locate/probe_crypto.h"
#include "locate/probe_limit.h"
#include "locate/probe_net.h"

static void both_sides_derive_one_key_and_nobody_else(void **s) {
    (void)s;
    unsigned char a[32], b[32], c[32], pa[32], pb[32], m1[32], m2[32], landmark[32] = {7};
    plm_probe_msg open = {.type = PLM_PROBE_OPEN}, evid = {.type = PLM_PROBE_EVID};
    plm_probe_rapid k1, k2;
    plm_probe_ping p;
    assert_true(plm_key_ready(NULL));
    randombytes_buf(a, 32), randombytes_buf(b, 32), randombytes_buf(c, 32);
    crypto_scalarmult_base(pa, a), crypto_scalarmult_base(pb, b);
    memcpy(evid.exchange, pa, 32);
    assert_true(plm_probe_rapid_derive(&k1, a, pb, &open, &evid, landmark, pb));
    assert_true(plm_probe_rapid_derive(&k2, b, pa, &open, &evid, landmark, pb));
    plm_probe_ping_head(&p, false, open.sid, 3, 5);
    randombytes_buf(p.body, 32);
    plm_probe_tag(&k1, &p);
    assert_true(plm_probe_tag_holds(&k2, &p));
    plm_probe_answer(&k1, &p, m1), plm_probe_answer(&k2, &p, m2);
    assert_memory_equal(m1, m2, 32);
    for (size_t i = 8; i < 56; i++) { /* every byte of a ping is under tag and answer */
        ((unsigned char *)&p)[i] ^= 1;
        assert_false(plm_probe_tag_holds(&k2, &p));
        plm_probe_answer(&k2, &p, m2);
        assert_memory_not_equal(m1, m2, 32);
        ((unsigned char *)&p)[i] ^= 1;
    }
    assert_true(plm_probe_rapid_derive(&k2, c, pa, &open, &evid, landmark, pb));
    assert_false(plm_probe_tag_holds(&k2, &p));
    open.nonce[0] ^= 1; /* another opening: another key */
    assert_true(plm_probe_rapid_derive(&k2, b, pa, &open, &evid, landmark, pb));
    assert_false(plm_probe_tag_holds(&k2, &p));
    open.nonce[0] ^= 1, landmark[0] ^= 1;
    assert_true(plm_probe_rapid_derive(&k2, b, pa, &open, &evid, landmark, pb));
    assert_false(plm_probe_tag_holds(&k2, &p));
}

static void a_point_of_small_order_gives_no_key(void **s) {
    (void)s;
    unsigned char a[32] = {9}, zero[32] = {0};
    plm_probe_msg open = {.type = PLM_PROBE_OPEN}, evid = {.type = PLM_PROBE_EVID};
    plm_probe_rapid k;
    assert_false(plm_probe_rapid_derive(&k, a, zero, &open, &evid, zero, zero));
}

static void fill(plm_probe_hash *h, size_t n) {
    for (size_t i = 0; i < n; i++) plm_sha256_of((plm_str){(const char *)&i, sizeof i}, h[i]);
}

static void every_leaf_opens_and_no_other_does(void **s) {
    (void)s;
    static plm_probe_hash h[40], work[40];
    for (size_t n = 1; n <= 40; n++)
        for (size_t i = 0; i < n; i++) {
            plm_probe_hash root;
            plm_probe_path path;
            fill(h, n);
            memcpy(work, h, sizeof h);
            assert_true(plm_probe_tree(work, n, i, root, &path));
            for (size_t j = 0; j < n; j++)
                assert_int_equal(plm_probe_opens(h[j], i, n, &path, root), i == j);
            for (size_t k = 0; k < n + 2; k++) /* the place is a part of the proof */
                if (k != i) assert_false(plm_probe_opens(h[i], k, n, &path, root));
            if (path.n) {
                path.h[path.n - 1][5] ^= 1;
                assert_false(plm_probe_opens(h[i], i, n, &path, root));
                path.n--;
                assert_false(plm_probe_opens(h[i], i, n, &path, root));
            }
        }
}

/* RFC 6962 section 2.1: the tree of one leaf is the leaf; of three, H(H(a,b),c). */
static void the_tree_is_rfc_6962s(void **s) {
    (void)s;
    plm_probe_hash h[3], root, ab, want;
    unsigned char t[65] = {1};
    fill(h, 3);
    memcpy(t + 1, h[0], 32), memcpy(t + 33, h[1], 32);
    plm_sha256_of((plm_str){(char *)t, 65}, ab);
    memcpy(t + 1, ab, 32), memcpy(t + 33, h[2], 32);
    plm_sha256_of((plm_str){(char *)t, 65}, want);
    assert_true(plm_probe_tree(h, 3, 0, root, NULL));
    assert_memory_equal(root, want, 32);
    assert_false(plm_probe_tree(h, 0, 0, root, NULL));
    assert_false(plm_probe_tree(h, PLM_PROBE_LEAVES_MAX + 1, 0, root, NULL));
}

static void a_cookie_is_for_one_address_session_and_minute(void **s) {
    (void)s;
    unsigned char secret[32] = {1}, sid[16] = {2}, other[16] = {3}, c[16];
    plm_probe_addr a = {.port = 10}, b = {.port = 11};
    plm_probe_cookie(secret, &a, sid, 100000, c);
    assert_true(plm_probe_cookie_holds(secret, &a, sid, 100000, c));
    assert_true(plm_probe_cookie_holds(secret, &a, sid, 129000, c));
    assert_false(plm_probe_cookie_holds(secret, &a, sid, 160000, c));
    assert_false(plm_probe_cookie_holds(secret, &b, sid, 100000, c));
    assert_false(plm_probe_cookie_holds(secret, &a, other, 100000, c));
    secret[0] ^= 1;
    assert_false(plm_probe_cookie_holds(secret, &a, sid, 100000, c));
}

static uint64_t rtt(plm_probe_times t, uint8_t *clock) { return plm_probe_rtt_ns(&t, clock); }

static void steady_clocks_give_the_kernels_time(void **s) {
    (void)s;
    uint8_t clock;
    plm_probe_times t = {.send_real = 1000000, .send_mono = 500000, .tx_real = 1005000,
                         .rx_real = 6005000, .recv_real = 6030000, .recv_mono = 5530000};
    uint64_t r = rtt(t, &clock);
    assert_int_equal(clock, PLM_PROBE_CLOCK_KERNEL);
    assert_true(r >= 5000000 && r <= 5000000 + 5000000 / 500);
    t.tx_real = 0;
    r = rtt(t, &clock);
    assert_int_equal(clock, PLM_PROBE_CLOCK_KERNEL_RX);
    assert_true(r >= 5005000 && r < 5016000);
    t.rx_real = 0;
    r = rtt(t, &clock);
    assert_int_equal(clock, PLM_PROBE_CLOCK_PROCESS);
    assert_true(r >= 5030000);
}

/* Whatever the wall clock does between, and whatever stamps come, and though the crystal runs slow
 * by up to 100 ppm, the time told is not below the true one: simulated, a million exchanges. */
static void no_step_or_drift_shortens_a_time(void **s) {
    (void)s;
    uint64_t x = 88172645463325252u;
    for (unsigned k = 0; k < 1000000; k++) {
        x ^= x << 13, x ^= x >> 7, x ^= x << 17;
        bool bare = k % 5 == 0; /* no stamp, and no delay in the process to hide behind */
        uint64_t before = bare ? 0 : x % 30000, late = bare ? 0 : (x >> 40) % 50000;
        uint64_t path = k % 7 ? 20000 + (x >> 20) % 200000000 : (x >> 20) % 20000, true_path = path;
        double crystal = k % 2 ? 1 - (double)((x >> 9) % 101) / 1e6 : 1 - 100 / 1e6;
        uint64_t start = (uint64_t)((double)before * crystal); /* what this clock counts */
        path = (uint64_t)((double)(before + path) * crystal) - start;
        late = (uint64_t)((double)late * crystal), before = start;
        int64_t step = k % 3 ? 0 : (int64_t)((x >> 13) % 400000000) - 200000000;
        int64_t ppm = (int64_t)((x >> 50) % 1001) - 500; /* the kernel slews by that much */
        bool early = x & 1; /* the step falls in the path, or before the departure stamp */
        uint64_t span = before + path + late;
        uint64_t real0 = 1700000000000000000u, mono0 = 5000000;
        int64_t at_tx = (int64_t)before + (int64_t)before * ppm / 1000000 + (early ? step : 0);
        int64_t at_rx = (int64_t)(before + path) + (int64_t)(before + path) * ppm / 1000000 + step;
        int64_t at_end = (int64_t)span + (int64_t)span * ppm / 1000000 + step;
        plm_probe_times t = {.send_real = real0, .send_mono = mono0,
                             .tx_real = x & 2 && !bare ? real0 + (uint64_t)at_tx : 0,
                             .rx_real = x & 12 && !bare ? real0 + (uint64_t)at_rx : 0,
                             .recv_real = real0 + (uint64_t)at_end, .recv_mono = mono0 + span};
        uint8_t clock;
        if (plm_probe_rtt_ns(&t, &clock) < true_path)
            fail_msg("path %llu told as less (step %lld, ppm %lld, early %d)",
                     (unsigned long long)true_path, (long long)step, (long long)ppm, early);
    }
}

static void a_source_and_all_sources_are_limited(void **s) {
    (void)s;
    static plm_probe_limit l;
    plm_probe_addr a = {.ip = {1}}, b = {.ip = {2}};
    unsigned got = 0;
    for (unsigned i = 0; i < 5000; i++) got += plm_probe_limit_take(&l, &a, 1000000);
    assert_int_equal(got, PLM_PROBE_LIMIT_PER_SOURCE);
    assert_true(plm_probe_limit_take(&l, &b, 1000000));
    got = 0;
    for (unsigned i = 0; i < 5000; i++) got += plm_probe_limit_take(&l, &a, 1000000 + i / 5);
    assert_in_range(got, PLM_PROBE_LIMIT_PER_SOURCE - 10, PLM_PROBE_LIMIT_PER_SOURCE + 10);
    got = 0;
    for (unsigned i = 0; i < 20000; i++) {
        plm_probe_addr c = {.ip = {9, (unsigned char)(i >> 8), (unsigned char)i}};
        got += plm_probe_limit_take(&l, &c, 2000000);
    }
    assert_in_range(got, PLM_PROBE_LIMIT_ALL - 10, PLM_PROBE_LIMIT_ALL + 10);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_sides_derive_one_key_and_nobody_else),
        cmocka_unit_test(a_point_of_small_order_gives_no_key),
        cmocka_unit_test(every_leaf_opens_and_no_other_does),
        cmocka_unit_test(the_tree_is_rfc_6962s),
        cmocka_unit_test(a_cookie_is_for_one_address_session_and_minute),
        cmocka_unit_test(steady_clocks_give_the_kernels_time),
        cmocka_unit_test(no_step_or_drift_shortens_a_time),
        cmocka_unit_test(a_source_and_all_sources_are_limited),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
