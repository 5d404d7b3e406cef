/* Random worlds: whatever delays a prover adds, the true place is never excluded and never called
 * inconsistent.  PLM_WORLDS=1000000 build/san/unit/test_locate_worlds is the long run. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dlfcn.h>
#include <geodesic.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "locate/region.h"

#define MARKS 40
#define PER_ENGINE 2000

static struct geod_geodesic earth;
static void (*init)(struct geod_geodesic *, double, double);
static void (*inverse)(const struct geod_geodesic *, double, double, double, double, double *,
                       double *, double *);
static plm_regions *regions;
static uint64_t state;

static uint64_t next(void) {
    state ^= state << 13, state ^= state >> 7, state ^= state << 17;
    return state;
}
static double unit01(void) { return (double)(next() >> 11) / 9007199254740992.0; }

static int setup(void **s) {
    (void)s;
    void *lib = dlopen("libproj.so", RTLD_NOW);
    if (!lib) lib = dlopen("libproj.so.25", RTLD_NOW);
    if (!lib) return -1;
    *(void **)&init = dlsym(lib, "geod_init");
    *(void **)&inverse = dlsym(lib, "geod_inverse");
    plm_fault f = {0};
    regions = plm_regions_shipped_for(PLM_STR("CN,RU,IR,KP,BY"), &f);
    if (!init || !inverse || !regions) return -1;
    init(&earth, 6378137, 1 / 298.257223563);
    return 0;
}

static int teardown(void **s) {
    (void)s;
    plm_regions_free(regions);
    return 0;
}

static int32_t e7(double degrees) { return (int32_t)lround(degrees * 1e7); }

/* A vertex of a region: its border belongs to it. */
static void place_in(size_t region, double *lat, double *lon) {
    const plm_region *g = &regions->region[region];
    const plm_ring *first = &regions->ring[g->ring0];
    const plm_ring *ring = first + next() % g->n_rings;
    const plm_vertex *v = &regions->vertex[ring->first + next() % ring->n];
    *lat = v->lat / 1e7;
    *lon = remainder(v->lon, 3600000000.0) / 1e7;
}

/* The shortest RTT that light allows, and what the prover adds. */
static uint64_t rtt(double la, double lo, double lb, double lob, int speed) {
    double d, a, b;
    inverse(&earth, la, lo, lb, lob, &d, &a, &b);
    double ns = d * (speed == PLM_SPEED_C ? 2e9 : 3e9) / PLM_LIGHT_M_PER_S, add = 0;
    switch (next() % 5) {
    case 0: break;
    case 1: add = unit01() * 1000; break;
    case 2: add = unit01() * 1e6; break;
    case 3: add = ns * unit01(); break;
    default: add = unit01() * 4e8; break;
    }
    double all = ceil(ns + add);
    return all < 1 ? 1 : (uint64_t)all;
}

static plm_locate *engine(plm_landmark *m, char ids[MARKS][16], int *speed) {
    plm_fault f = {0};
    double lat, lon;
    for (int i = 0; i < MARKS; i++) {
        snprintf(ids[i], sizeof ids[i], "m%d", i);
        if (i % 4 == 0) place_in(next() % regions->n, &lat, &lon);
        else lat = asin(2 * unit01() - 1) * 180 / M_PI, lon = unit01() * 360 - 180;
        m[i] = (plm_landmark){plm_str_c(ids[i]), {"", 0}, e7(lat), e7(lon)};
        if (i % 5 == 1) m[i].operator_name = PLM_STR("shared");
    }
    plm_locate_setup s = {m, MARKS, regions, PLM_STR("CN,RU,IR,KP,BY"), 0,
                          next() % 4 ? PLM_SPEED_C : PLM_SPEED_FIBRE, 1 + next() % 2};
    *speed = (int)s.speed;
    plm_locate *l = plm_locate_new(&s, &f);
    if (!l) fail_msg("%s", f.say);
    return l;
}

static size_t excluded, decided;

static void one_world(const plm_locate *l, const plm_landmark *m, int speed) {
    static plm_locate_verdict v;
    static const char *const codes[] = {"CN", "HK", "MO", "CN-held", "RU", "IR", "KP", "BY"};
    static const size_t denied[] = {0, 0, 0, 0, 1, 2, 3, 4};
    size_t k = next() % 8;
    double lat, lon;
    uint64_t rtt_ns[MARKS] = {0};
    bool in = next() % 3 != 0;
    if (in) place_in(plm_regions_find(regions, plm_str_c(codes[k])), &lat, &lon);
    else lat = asin(2 * unit01() - 1) * 180 / M_PI, lon = unit01() * 360 - 180;
    for (size_t n = 1 + next() % 12; n > 0; n--) {
        size_t i = next() % MARKS;
        rtt_ns[i] = rtt(lat, lon, m[i].lat_e7 / 1e7, m[i].lon_e7 / 1e7, speed);
    }
    plm_locate_decide(l, rtt_ns, &v);
    if (!v.consistent) fail_msg("%.7f %.7f is called inconsistent", lat, lon);
    if (in && v.place[denied[k]] == PLM_PLACE_EXCLUDED)
        fail_msg("%.7f %.7f is excluded from its own region %s", lat, lon, codes[k]);
    for (size_t r = 0; r < 5; r++) excluded += v.place[r] == PLM_PLACE_EXCLUDED;
    decided += 5;
}

static void the_true_place_is_never_excluded(void **s) {
    (void)s;
    const char *say = getenv("PLM_WORLDS"), *seed = getenv("PLM_SEED");
    long worlds = say ? strtol(say, NULL, 10) : 100000;
    state = seed ? strtoull(seed, NULL, 10) : 20260924;
    plm_landmark m[MARKS];
    char ids[MARKS][16];
    plm_locate *l = NULL;
    int speed = 0;
    for (long i = 0; i < worlds; i++) {
        if (i % PER_ENGINE == 0) {
            plm_locate_free(l);
            l = engine(m, ids, &speed);
        }
        one_world(l, m, speed);
    }
    plm_locate_free(l);
    printf("%ld worlds, %zu of %zu regions excluded\n", worlds, excluded, decided);
    assert_true(excluded * 20 > decided); /* the property is not held by proving nothing */
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(the_true_place_is_never_excluded)};
    return cmocka_run_group_tests(tests, setup, teardown);
}
