/* Bounds, decisions, common points, certificates, audit and plan. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "locate/engine.h"

static uint64_t state = 88172645463325252u;
static uint64_t next(void) {
    state ^= state << 13, state ^= state >> 7, state ^= state << 17;
    return state;
}
static double unit01(void) { return (double)(next() >> 11) / 9007199254740992.0; }

static plm_regions *regions;
static int setup(void **s) {
    (void)s;
    plm_fault f = {0};
    regions = plm_regions_shipped_for(PLM_STR("CN,RU,IR,KP,BY,CU"), &f);
    return regions ? 0 : -1;
}
static int teardown(void **s) {
    (void)s;
    plm_regions_free(regions);
    return 0;
}

__extension__ typedef unsigned __int128 wide;

/* ceil(speed * rtt / 2) by 128-bit arithmetic. */
static int64_t exact_bound(uint64_t rtt, plm_speed s) {
    wide p = (wide)rtt * PLM_LIGHT_M_PER_S;
    unsigned by = s == PLM_SPEED_C ? 2000000000u : 3000000000u;
    wide m = (p + by - 1) / by;
    return m > PLM_LOCATE_METRES_MAX ? PLM_LOCATE_METRES_MAX : (int64_t)m;
}

static void bounds_are_rounded_up(void **s) {
    (void)s;
    assert_int_equal(plm_locate_bound_m(1, PLM_SPEED_C), 1);
    assert_int_equal(plm_locate_bound_m(1000000000, PLM_SPEED_C), 149896229);
    assert_int_equal(plm_locate_bound_m(1000000000, PLM_SPEED_FIBRE), 99930820);
    assert_int_equal(plm_locate_bound_m(UINT64_MAX, PLM_SPEED_C), PLM_LOCATE_METRES_MAX);
    for (int i = 0; i < 100000; i++) {
        uint64_t rtt = next() >> (next() % 62);
        plm_speed v = next() % 2 ? PLM_SPEED_C : PLM_SPEED_FIBRE;
        assert_int_equal(plm_locate_bound_m(rtt, v), exact_bound(rtt, v));
    }
}

static void the_longest_rtt_still_excludes(void **s) {
    (void)s;
    for (int i = 0; i < 100000; i++) {
        int32_t d = (int32_t)(next() % PLM_EARTH_M);
        plm_speed v = next() % 2 ? PLM_SPEED_C : PLM_SPEED_FIBRE;
        uint64_t rtt = plm_locate_rtt_ns_max(d, v);
        if (rtt) assert_true(plm_locate_bound_m(rtt, v) < d);
        assert_true(plm_locate_bound_m(rtt + 1, v) >= d);
    }
}

static uint64_t rtt_of(const char *ms) {
    uint64_t ns = 0;
    plm_fault f = {0};
    return plm_locate_rtt_parse(plm_str_c(ms), &ns, &f) ? ns : 0;
}

static void milliseconds_are_read_exactly_and_up(void **s) {
    (void)s;
    assert_int_equal(rtt_of("1"), 1000000);
    assert_int_equal(rtt_of("0.0000001"), 1);
    assert_int_equal(rtt_of("12.3456781"), 12345679);
    assert_int_equal(rtt_of("12.345678000"), 12345678);
    assert_int_equal(rtt_of("5e-05"), 50);
    assert_int_equal(rtt_of("1e3"), 1000000000);
    assert_int_equal(rtt_of("1000000"), PLM_LOCATE_RTT_NS_MAX);
    static const char *const bad[] = {"", "0", "0.000", "-1", "-0.0000001", "1000000.0000001", "1e9",
                                      "nan", "inf", "1,5", " 1", "1 ", ".", "1.", ".5", "0x1", "--1",
                                      "1e", "1e+", "1e99999999999", "1..2", "+1", "0e99999"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        if (rtt_of(bad[i])) fail_msg("'%s' is taken", bad[i]);
}

static void degrees_are_rounded_and_bounded(void **s) {
    (void)s;
    int32_t v;
    plm_fault f = {0};
    assert_true(plm_locate_degrees_parse(PLM_STR("-89.99999995"), true, &v, &f));
    assert_int_equal(v, -900000000);
    assert_true(plm_locate_degrees_parse(PLM_STR("179.123456749"), false, &v, &f));
    assert_int_equal(v, 1791234567);
    assert_false(plm_locate_degrees_parse(PLM_STR("90.1"), true, &v, &f));
    plm_fault_clear(&f);
    assert_false(plm_locate_degrees_parse(PLM_STR("-180.00001"), false, &v, &f));
    plm_fault_clear(&f);
    assert_false(plm_locate_degrees_parse(PLM_STR("12N"), false, &v, &f));
}

#define MANY 300
static plm_landmark mark[MANY];
static char ids[MANY][32];
static char ops[MANY][32];

static plm_locate *engine(size_t n, unsigned operators, unsigned q, plm_speed speed) {
    plm_fault f = {0};
    for (size_t i = 0; i < n; i++) {
        snprintf(ids[i], sizeof ids[i], "id%zu", i);
        snprintf(ops[i], sizeof ops[i], "op%u", operators ? (unsigned)(next() % operators) : 0);
        mark[i] = (plm_landmark){plm_str_c(ids[i]),
                                 operators && next() % 4 ? plm_str_c(ops[i]) : (plm_str){"", 0},
                                 (int32_t)((unit01() - 0.5) * 18e8),
                                 (int32_t)((unit01() - 0.5) * 36e8)};
    }
    plm_locate_setup s = {mark, n, regions, PLM_STR("CN,RU,IR,KP,BY,CU"), 0, speed, q};
    plm_locate *l = plm_locate_new(&s, &f);
    if (!l) fail_msg("%s", f.say);
    return l;
}

/* The contract's words: the q-th best margin over distinct operators. */
static bool plain(const plm_locate *l, const uint64_t *rtt, size_t r, unsigned q, int64_t *out) {
    int64_t best[MANY];
    size_t n = 0;
    for (size_t i = 0; i < l->n; i++) {
        if (!rtt[i]) continue;
        int64_t m = plm_locate_distance_m(l, i, r) - exact_bound(rtt[i], l->speed);
        bool old = false;
        for (size_t k = 0; k < i && !old; k++) {
            if (!rtt[k] || l->operator_no[k] != l->operator_no[i]) continue;
            old = true;
        }
        if (!old) {
            for (size_t k = i + 1; k < l->n; k++)
                if (rtt[k] && l->operator_no[k] == l->operator_no[i]) {
                    int64_t x = plm_locate_distance_m(l, k, r) - exact_bound(rtt[k], l->speed);
                    m = x > m ? x : m;
                }
            best[n++] = m;
        }
    }
    for (size_t i = 0; i < n; i++)
        for (size_t k = i + 1; k < n; k++)
            if (best[k] > best[i]) {
                int64_t t = best[i];
                best[i] = best[k];
                best[k] = t;
            }
    if (n < q) return false;
    *out = best[q - 1];
    return true;
}

static void the_kernels_agree_with_a_plain_loop(void **s) {
    (void)s;
    static plm_locate_verdict v;
    static const size_t sizes[] = {1, 2, 7, 63, 64, 65, 130, 300};
    for (int round = 0; round < 160; round++) {
        size_t n = sizes[round % 8];
        unsigned q = 1 + (unsigned)(next() % 4), kinds = round % 3 ? (unsigned)(next() % 90) : 0;
        plm_locate *l = engine(n, kinds, q, next() % 2 ? PLM_SPEED_C : PLM_SPEED_FIBRE);
        for (int t = 0; t < 20; t++) {
            uint64_t rtt[MANY];
            for (size_t i = 0; i < n; i++)
                rtt[i] = next() % 5 == 0 ? 0 : 1 + next() % (t % 4 ? 150000000 : 400000000);
            plm_locate_decide(l, rtt, &v);
            for (size_t r = 0; r < 6; r++) {
                int64_t want = 0;
                bool enough = plain(l, rtt, r, q, &want);
                assert_int_equal(enough, v.n_by[r] == q);
                if (!enough) {
                    assert_int_not_equal(v.place[r], PLM_PLACE_EXCLUDED);
                    continue;
                }
                if (v.margin_m[q - 1][r] != want)
                    fail_msg("n %zu q %u: %d, not %lld", n, q, v.margin_m[q - 1][r],
                             (long long)want);
                for (unsigned k = 0; k < q; k++)
                    assert_int_equal(v.margin_m[k][r], plm_locate_distance_m(l, v.by[k][r], r) -
                                                         exact_bound(rtt[v.by[k][r]], l->speed));
                if (v.consistent) assert_int_equal(v.place[r] == PLM_PLACE_EXCLUDED, want > 0);
                else assert_int_equal(v.place[r], PLM_PLACE_INCONSISTENT);
            }
        }
        plm_locate_free(l);
    }
}

static void a_longer_rtt_never_excludes_more(void **s) {
    (void)s;
    static plm_locate_verdict a, b;
    plm_locate *l = engine(40, 20, 2, PLM_SPEED_C);
    for (int t = 0; t < 3000; t++) {
        uint64_t rtt[40];
        for (int i = 0; i < 40; i++) rtt[i] = 20000000 + next() % 180000000;
        plm_locate_decide(l, rtt, &a);
        rtt[next() % 40] += next() % 50000000;
        plm_locate_decide(l, rtt, &b);
        if (!a.consistent) continue;
        assert_true(b.consistent);
        for (size_t r = 0; r < 6; r++)
            if (b.place[r] == PLM_PLACE_EXCLUDED)
                assert_int_equal(a.place[r], PLM_PLACE_EXCLUDED);
    }
    plm_locate_free(l);
}

static plm_disk disk(double lat, double lon, double km) {
    return (plm_disk){plm_geo_at(lat * 1e7, lon * 1e7), (int32_t)(km * 1000), 0};
}

static void three_disks_may_meet_by_pairs_and_have_no_common_point(void **s) {
    (void)s;
    /* an equilateral triangle around the pole: its centre is 30 degrees (3,3xx km) from each */
    plm_disk far[3] = {disk(60, 0, 3300), disk(60, 120, 3300), disk(60, -120, 3300)};
    plm_disk near[3] = {disk(60, 0, 3360), disk(60, 120, 3360), disk(60, -120, 3360)};
    assert_false(plm_disks_meet(far, 3));
    assert_true(plm_disks_meet(near, 3));
    for (int i = 0; i < 3; i++) assert_true(plm_disks_meet((plm_disk[2]){far[i], far[(i + 1) % 3]}, 2));
}

static void disks_past_a_hemisphere_are_no_trap(void **s) {
    (void)s;
    /* four great disks that leave out caps which cover the Earth, and three that don't */
    plm_disk all[4] = {disk(90, 0, 12200), disk(-19.47, 0, 12200), disk(-19.47, 120, 12200),
                       disk(-19.47, -120, 12200)};
    assert_true(plm_disks_meet(all, 4));
    plm_disk small[5] = {disk(0, 0, 400), disk(0, 180, 19500), disk(90, 0, 20000), all[1], all[2]};
    assert_false(plm_disks_meet(small, 2));
    small[1].bound_m = 19700000;
    assert_true(plm_disks_meet(small, 3));
}

static void random_disks_around_a_point_meet_and_without_one_are_found(void **s) {
    (void)s;
    int apart = 0;
    for (int t = 0; t < 4000; t++) {
        plm_disk d[12];
        plm_geo p = plm_geo_at((unit01() - 0.5) * 18e8, (unit01() - 0.5) * 36e8);
        size_t n = 2 + next() % 10, least = 0;
        bool around = t % 2;
        for (size_t i = 0; i < n; i++) {
            d[i].u = plm_geo_at((unit01() - 0.5) * 18e8, (unit01() - 0.5) * 36e8);
            double far = plm_geo_high(&d[i].u, &p);
            d[i].bound_m = (int32_t)(around ? far + 1 + unit01() * unit01() * 3e6
                                            : 2e5 + unit01() * 1.2e7);
            if (d[i].bound_m < d[least].bound_m) least = i;
        }
        plm_disk swap = d[0];
        d[0] = d[least];
        d[least] = swap;
        bool meet = plm_disks_meet(d, n);
        if (around) assert_true(meet);
        if (meet) continue;
        apart++;
        for (int k = 0; k < 2000; k++) { /* no sampled place may satisfy all */
            plm_geo q = plm_geo_at((unit01() - 0.5) * 18e8, (unit01() - 0.5) * 36e8);
            bool in = true;
            for (size_t i = 0; i < n && in; i++) in = plm_geo_high(&q, &d[i].u) <= d[i].bound_m;
            assert_false(in);
        }
    }
    assert_true(apart > 500);
}

static void policies_and_codes(void **s) {
    (void)s;
    plm_fault f = {0};
    plm_landmark m = {PLM_STR("a"), {"", 0}, 223000000, 1141700000}; /* Hong Kong */
    plm_locate_setup w = {&m, 1, regions, PLM_STR("CN"), 0, 0, 1};
    plm_locate *l = plm_locate_new(&w, &f);
    assert_int_equal(plm_locate_distance_m(l, 0, 0), 0);
    plm_locate_free(l);
    w.policy = PLM_POLICY_SEPARATE;
    l = plm_locate_new(&w, &f);
    assert_true(plm_locate_distance_m(l, 0, 0) > 10000);
    plm_locate_free(l);
    m.lat_e7 = 95490000, m.lon_e7 = 1128890000; /* Fiery Cross Reef */
    l = plm_locate_new(&w, &f);
    assert_int_equal(plm_locate_distance_m(l, 0, 0), 0);
    plm_locate_free(l);
    w.policy = PLM_POLICY_UNDISPUTED;
    l = plm_locate_new(&w, &f);
    assert_true(plm_locate_distance_m(l, 0, 0) > 300000);
    plm_locate_free(l);
    w.deny = PLM_STR("CN,,RU");
    assert_null(plm_locate_new(&w, &f));
    plm_fault_clear(&f);
    w.deny = PLM_STR("XX");
    assert_null(plm_locate_new(&w, &f));
    assert_int_equal(f.code, PLM_NOT_FOUND);
    plm_fault_clear(&f);
    w.deny = PLM_STR("CN");
    w.quorum = PLM_LOCATE_QUORUM_MAX + 1;
    assert_null(plm_locate_new(&w, &f));
    assert_int_equal(f.code, PLM_OUT_OF_RANGE);
}

static void a_certificate_holds_and_no_changed_byte_does(void **s) {
    (void)s;
    static plm_locate_verdict v;
    unsigned char cert[PLM_CERT_BYTES_MAX];
    int made = 0;
    for (unsigned q = 1; q <= 3; q++) {
        plm_locate *l = engine(20, 0, q, PLM_SPEED_C);
        for (int t = 0; t < 40 && made < 40; t++) {
            uint64_t rtt[20];
            for (int i = 0; i < 20; i++) /* from one place */
                rtt[i] = (uint64_t)(plm_geo_high(&l->at[i], &l->at[t % 20]) * 1.2 / 0.1498 + 1e6);
            plm_locate_decide(l, rtt, &v);
            for (size_t r = 0; r < 6; r++) {
                plm_str target = t % 2 ? PLM_STR("chip") : PLM_STR("a-target-with-a-very-long-name");
                size_t n = plm_cert_make(l, target, rtt, &v, r, cert);
                assert_int_equal(n != 0, v.place[r] == PLM_PLACE_EXCLUDED);
                if (!n) continue;
                made++;
                assert_int_equal(n, PLM_CERT_BYTES(q));
                plm_fault f = {0};
                plm_buf text;
                plm_buf_init(&text, 4096);
                if (!plm_cert_verify((plm_str){(char *)cert, n}, &text, &f)) fail_msg("%s", f.say);
                plm_buf_free(&text);
                for (size_t i = 0; i < n; i++) {
                    unsigned char was = cert[i];
                    cert[i] ^= (unsigned char)(1u << next() % 8);
                    plm_fault_clear(&f);
                    assert_false(plm_cert_verify((plm_str){(char *)cert, n}, NULL, &f));
                    assert_int_equal(f.code, PLM_REFUSED);
                    cert[i] = was;
                }
                plm_fault_clear(&f);
                assert_false(plm_cert_verify((plm_str){(char *)cert, n - 1}, NULL, &f));
            }
        }
        plm_locate_free(l);
        made = 0;
    }
}

/* Rows of honest landmarks about targets and each other; some stand elsewhere than they say. */
static void audit_world(unsigned false_marks, plm_audit *a, uint32_t *who) {
    enum { N = 40, TARGETS = 12 };
    plm_buf l, r;
    plm_landmarks marks;
    plm_rtts rtts;
    plm_fault f = {0};
    double lat[N], lon[N];
    plm_buf_init(&l, 1 << 20);
    plm_buf_init(&r, 1 << 22);
    plm_buf_puts(&l, "id,lat,lon\n");
    plm_buf_puts(&r, "landmark,target,rtt_ms\n");
    for (unsigned i = 0; i < N; i++) {
        lat[i] = asin(2 * unit01() - 1) * 180 / M_PI, lon[i] = unit01() * 360 - 180;
        bool lies = i < false_marks;
        plm_buf_printf(&l, "m%u,%.7f,%.7f\n", i, lies ? -lat[i] * 0.9 : lat[i],
                       lies ? remainder(lon[i] + 150, 360) : lon[i]);
        if (lies) who[i] = i;
    }
    for (unsigned i = 0; i < N; i++)
        for (unsigned t = 0; t < N + TARGETS; t++) {
            unsigned at = t % N;
            if (t == i || (t < N && t < i)) continue;
            double p = t < N ? lat[at] : lat[at] * 0.7, q = t < N ? lon[at] : lon[at] * 0.5;
            plm_geo u = plm_geo_at(lat[i] * 1e7, lon[i] * 1e7), v = plm_geo_at(p * 1e7, q * 1e7);
            double ms = plm_geo_high(&u, &v) * (1.05 + unit01()) * 2e3 / PLM_LIGHT_M_PER_S + 0.1;
            plm_buf_printf(&r, "m%u,%s%u,%.6f\n", i, t < N ? "m" : "t", at, ms);
        }
    if (!plm_landmarks_parse(plm_buf_str(&l), "l", &marks, &f) ||
        !plm_rtts_parse(plm_buf_str(&r), "r", &marks, &rtts, &f) ||
        !plm_audit_run(&marks, &rtts, a, &f))
        fail_msg("%s:%u %s", f.where, f.line, f.say);
    plm_rtts_free(&rtts);
    plm_landmarks_free(&marks);
    plm_buf_free(&l);
    plm_buf_free(&r);
}

static void honest_landmarks_are_never_refuted(void **s) {
    (void)s;
    for (int t = 0; t < 30; t++) {
        plm_audit a;
        uint32_t who[4];
        audit_world(0, &a, who);
        assert_int_equal(a.n_refuted + a.n_undecided, 0);
        plm_audit_free(&a);
    }
}

static void false_landmarks_are_the_ones_refuted(void **s) {
    (void)s;
    for (int t = 0; t < 30; t++) {
        plm_audit a;
        uint32_t who[4];
        audit_world(2, &a, who);
        assert_int_equal(a.n_refuted, 2);
        assert_int_equal(a.refuted[0].landmark + a.refuted[1].landmark, 1);
        assert_true(a.refuted[0].n >= 2 && a.refuted[0].short_m > 0);
        plm_audit_free(&a);
    }
}

static void a_plan_followed_is_a_proof(void **s) {
    (void)s;
    static plm_locate_verdict v;
    int full = 0;
    for (int t = 0; t < 60; t++) {
        unsigned q = 1 + (unsigned)t % 3;
        plm_locate *l = engine(60, t % 2 ? 30 : 0, q, PLM_SPEED_C);
        plm_plan_step step[64];
        bool complete;
        size_t n = plm_plan_make(l, mark[0].lat_e7, mark[0].lon_e7, step, 64, &complete);
        uint64_t rtt[60] = {0};
        for (size_t i = 0; i < n; i++) {
            assert_true(step[i].region < 6);
            if (step[i].landmark == UINT32_MAX) continue;
            uint64_t *x = &rtt[step[i].landmark];
            if (!*x || step[i].rtt_ns_max < *x) *x = step[i].rtt_ns_max;
        }
        plm_locate_decide(l, rtt, &v);
        if (complete) {
            full++;
            assert_true(v.consistent);
            assert_int_equal(v.denied, PLM_PLACE_EXCLUDED);
        }
        plm_locate_free(l);
    }
    assert_true(full > 10);
}

static void memory_that_fails_anywhere_is_a_fault(void **s) {
    (void)s;
    static const char map[] =
        "{\"type\":\"FeatureCollection\",\"features\":[{\"type\":\"Feature\",\"id\":\"A\",\"geometry\":"
        "{\"type\":\"Polygon\",\"coordinates\":[[[0,0],[9,0],[9,9],[0,0]]]}}]}";
    for (uint64_t at = 1; at < 400; at++) {
        plm_fault f = {0};
        plm_landmarks marks = {0};
        plm_rtts rtts = {0};
        plm_audit audit = {0};
        plm_locate *l = NULL;
        plm_mem_fail_after(at);
        plm_regions *r = plm_regions_parse(plm_str_c(map), "m", &f);
        bool ok = r && plm_landmarks_parse(PLM_STR("id,lat,lon\na,1,2\nb,40,5\n"), "l", &marks, &f);
        ok = ok && plm_rtts_parse(PLM_STR("landmark,target,rtt_ms\na,t,3\nb,t,\"1\"\na,b,1\n"), "r",
                                  &marks, &rtts, &f);
        ok = ok && plm_audit_run(&marks, &rtts, &audit, &f);
        plm_locate_setup w = {marks.at, marks.n, r, PLM_STR("A"), 0, 0, 0};
        if (ok) l = plm_locate_new(&w, &f);
        plm_mem_fail_after(0);
        if (!l) assert_int_equal(f.code, PLM_NO_MEMORY);
        plm_locate_free(l);
        plm_audit_free(&audit);
        plm_rtts_free(&rtts);
        plm_landmarks_free(&marks);
        plm_regions_free(r);
        if (l) {
            assert_true(at > 10);
            return;
        }
    }
    fail_msg("it never succeeded");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bounds_are_rounded_up),
        cmocka_unit_test(the_longest_rtt_still_excludes),
        cmocka_unit_test(milliseconds_are_read_exactly_and_up),
        cmocka_unit_test(degrees_are_rounded_and_bounded),
        cmocka_unit_test(the_kernels_agree_with_a_plain_loop),
        cmocka_unit_test(a_longer_rtt_never_excludes_more),
        cmocka_unit_test(three_disks_may_meet_by_pairs_and_have_no_common_point),
        cmocka_unit_test(disks_past_a_hemisphere_are_no_trap),
        cmocka_unit_test(random_disks_around_a_point_meet_and_without_one_are_found),
        cmocka_unit_test(policies_and_codes),
        cmocka_unit_test(a_certificate_holds_and_no_changed_byte_does),
        cmocka_unit_test(honest_landmarks_are_never_refuted),
        cmocka_unit_test(false_landmarks_are_the_ones_refuted),
        cmocka_unit_test(a_plan_followed_is_a_proof),
        cmocka_unit_test(memory_that_fails_anywhere_is_a_fault),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
