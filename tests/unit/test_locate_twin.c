/* The fast engine against its slow twin: of any chip both say the same, in whichever form the inner
 * loops run.  PLM_WORLDS=1000000 build/unit/test_locate_twin is the long run. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

#include "locate_twin.h"

#define MARKS 90
#define PER_ENGINE 500
#define CODES "CN,RU,IR,KP,BY,CU,SY,VE,MM,AF"

static plm_regions *regions;
static uint64_t state;
static plm_landmark mark[MARKS];
static char ids[MARKS][32], ops[MARKS][16];

static uint64_t next(void) {
    state ^= state << 13, state ^= state >> 7, state ^= state << 17;
    return state;
}
static double unit01(void) { return (double)(next() >> 11) / 9007199254740992.0; }

static int setup(void **s) {
    (void)s;
    plm_fault f = {0};
    regions = plm_regions_shipped_for(PLM_STR(CODES), &f);
    return regions ? 0 : -1;
}
static int teardown(void **s) {
    (void)s;
    plm_regions_free(regions);
    return 0;
}

static void anywhere(int32_t *lat, int32_t *lon) {
    *lat = (int32_t)(asin(2 * unit01() - 1) * 5729577951.0 / 10);
    *lon = (int32_t)((unit01() - 0.5) * 36e8);
}

static plm_locate *engine(void) {
    static const char *const deny[] = {CODES, "CN,RU,IR,KP", "CN", "CN,RU,IR,KP,BY,CU,SY,VE,MM"};
    plm_fault f = {0};
    size_t n = next() % 3 ? 64 : 1 + next() % MARKS;
    bool shared = next() % 2 == 0, crowd = next() % 4 == 0;
    unsigned kinds = 1 + (unsigned)(next() % 40);
    for (size_t i = 0; i < n; i++) {
        snprintf(ids[i], sizeof ids[i], "id%zu", i);
        snprintf(ops[i], sizeof ops[i], "op%u", (unsigned)(next() % kinds));
        mark[i] = (plm_landmark){plm_str_c(ids[i]), shared ? plm_str_c(ops[i]) : (plm_str){"", 0},
                                 0, 0};
        if (crowd && i && next() % 2) /* some stand where others do */
            mark[i].lat_e7 = mark[i - 1].lat_e7, mark[i].lon_e7 = mark[i - 1].lon_e7;
        else anywhere(&mark[i].lat_e7, &mark[i].lon_e7);
    }
    plm_locate_setup s = {mark, n, regions, plm_str_c(deny[next() % 4]), 0,
                          next() % 4 ? PLM_SPEED_C : PLM_SPEED_FIBRE, 1 + (unsigned)(next() % 3)};
    plm_locate *l = plm_locate_new(&s, &f);
    if (!l) fail_msg("%s", f.say);
    return l;
}

/* RTTs of a chip at one place or two, of paths that are hardly longer than light's or much, or of
 * none: so that common points are wide, narrow, or just not there. */
static void measure(const plm_locate *l, uint64_t *rtt) {
    int32_t lat[2], lon[2];
    unsigned kind = next() % 8;
    anywhere(&lat[0], &lon[0]);
    anywhere(&lat[1], &lon[1]);
    if (kind == 6) lat[1] = lat[0], lon[1] = lon[0] > 0 ? lon[0] - 3000000 : lon[0] + 3000000;
    double spread = next() % 2 ? 0.02 : 1.0, by = l->speed == PLM_SPEED_C ? 2e9 : 3e9;
    double low = next() % 4 ? 1 : 0.97;
    for (size_t i = 0; i < l->n; i++) {
        size_t at = kind >= 5 && next() % 2;
        int32_t d = plm_geo_distance_high_m(mark[i].lat_e7, mark[i].lon_e7, lat[at], lon[at]);
        rtt[i] = 1 + (uint64_t)(d * by / PLM_LIGHT_M_PER_S * (low + unit01() * spread));
        if (kind == 0) rtt[i] = 1 + next() % 200000000;
        if (kind == 1 && next() % 2) rtt[i] = 0;
        if (kind == 2 && next() % 4 == 0) rtt[i] = next() >> (next() % 60);
        if (kind == 3 && i && next() % 8 == 0) rtt[i] = rtt[i - 1];
        if (kind == 4 && next() % 16) rtt[i] = 0;
    }
}

static void same(const plm_locate *l, const twin_verdict *t, const plm_locate_verdict *v,
                 long world) {
    bool ok = t->landmarks == v->landmarks && t->consistent == v->consistent &&
              t->denied == v->denied && t->n_witness == v->n_witness &&
              v->n_regions == l->n_deny;
    for (unsigned k = 0; ok && k < t->n_witness; k++) ok = t->witness[k] == v->witness[k];
    for (size_t r = 0; ok && r < l->n_deny; r++) {
        const twin_region *g = &t->region[r];
        ok = g->place == v->place[r] && g->n_by == v->n_by[r];
        for (unsigned k = 0; ok && k < g->n_by; k++)
            ok = g->margin_m[k] == v->margin_m[k][r] && g->by[k] == v->by[k][r];
        if (!ok)
            for (unsigned k = 0; k < g->n_by; k++)
                printf("region %zu: twin %u by %d, engine %u by %d\n", r, g->by[k], g->margin_m[k],
                       v->by[k][r], v->margin_m[k][r]);
    }
    if (!ok)
        fail_msg("world %ld: twin %u %d %d %u (%u, %u), engine %u %d %d %u (%u, %u)", world,
                 t->landmarks, t->consistent, (int)t->denied, t->n_witness, t->witness[0],
                 t->witness[1], v->landmarks, v->consistent, (int)v->denied, v->n_witness,
                 v->witness[0], v->witness[1]);
}

static void the_engine_says_what_its_twin_says(void **s) {
    (void)s;
    static plm_locate_verdict v;
    static twin_verdict t;
    const char *say = getenv("PLM_WORLDS"), *seed = getenv("PLM_SEED");
    long worlds = say ? strtol(say, NULL, 10) : 20000, clash = 0, apart = 0;
    state = seed ? strtoull(seed, NULL, 10) : 20261125;
    plm_locate *l = NULL;
    uint64_t rtt[MARKS];
    for (long i = 0; i < worlds; i++) {
        if (i % PER_ENGINE == 0) {
            plm_locate_free(l);
            l = engine();
        }
        measure(l, rtt);
        twin_decide(l, rtt, &t);
        clash += !t.consistent;
        apart += !t.consistent && !t.n_witness;
        l->kernel = plm_kernel_of_machine();
        plm_locate_decide(l, rtt, &v);
        same(l, &t, &v, i);
        l->kernel = &plm_kernel_plain;
        plm_locate_decide(l, rtt, &v);
        same(l, &t, &v, i);
    }
    plm_locate_free(l);
    printf("%ld worlds, %ld inconsistent, %ld of them without a pair\n", worlds, clash, apart);
    assert_true(clash > worlds / 10 && clash < worlds * 9 / 10 && apart > 0);
}

/* Every RTT near a step of the bound, and around what keys hold. */
static void both_forms_give_the_same_bounds(void **s) {
    (void)s;
    state = 99;
    for (int i = 0; i < 40000; i++) {
        uint64_t rtt[13];
        plm_bounds a, b;
        plm_speed speed = next() % 2 ? PLM_SPEED_C : PLM_SPEED_FIBRE;
        for (int k = 0; k < 13; k++) {
            uint64_t m = next() % 90000000;
            rtt[k] = (uint64_t)((double)m * (speed == PLM_SPEED_C ? 2e9 : 3e9) / PLM_LIGHT_M_PER_S);
            rtt[k] += next() % 3;
            if (next() % 16 == 0) rtt[k] = next() >> (next() % 64);
            if (next() % 16 == 0) rtt[k] = (1u << 29) - 1 + next() % 3;
        }
        plm_kernel_of_machine()->bounds(rtt, 13, speed, &a);
        plm_kernel_plain.bounds(rtt, 13, speed, &b);
        assert_memory_equal(a.off, b.off, 16 * sizeof a.off[0]);
        assert_memory_equal(a.disk_m, b.disk_m, 16 * sizeof a.disk_m[0]);
        assert_int_equal(a.measured, b.measured);
        assert_int_equal(a.least, b.least);
        assert_int_equal(a.next, b.next);
        for (int k = 0; k < 13; k++) {
            int32_t m = rtt[k] ? plm_locate_bound_m(rtt[k], speed) : PLM_KEY_NONE_M;
            m = m > PLM_KEY_NONE_M ? PLM_KEY_NONE_M : m;
            assert_int_equal(b.off[k], m * (int32_t)PLM_BLOCK - k);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_forms_give_the_same_bounds),
        cmocka_unit_test(the_engine_says_what_its_twin_says),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
