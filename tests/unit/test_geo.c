/* Distances: both bounds against Karney's geodesics, and regions against sampled borders. */
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

static uint64_t state = 88172645463325252u;
static double unit01(void) {
    state ^= state << 13, state ^= state >> 7, state ^= state << 17;
    return (double)(state >> 11) / 9007199254740992.0;
}

/* Loaded at run time, so that only this test needs libproj. */
static struct geod_geodesic earth;
static void (*init)(struct geod_geodesic *, double, double);
static void (*inverse)(const struct geod_geodesic *, double, double, double, double, double *,
                       double *, double *);

static bool load_karney(void) {
    void *lib = dlopen("libproj.so", RTLD_NOW);
    if (!lib) lib = dlopen("libproj.so.25", RTLD_NOW);
    if (!lib) return false;
    *(void **)&init = dlsym(lib, "geod_init");
    *(void **)&inverse = dlsym(lib, "geod_inverse");
    return init && inverse;
}

static double karney(double la, double lo, double lb, double lob) {
    double d, a, b;
    inverse(&earth, la / 1e7, lo / 1e7, lb / 1e7, lob / 1e7, &d, &a, &b);
    return d;
}

static double random_lat(int i) {
    return i % 7 == 0 ? (unit01() < 0.5 ? 9e8 : -9e8)
                      : round(asin(2 * unit01() - 1) * 1800000000.0 / M_PI);
}

static void low_and_high_enclose_the_geodesic(void **s) {
    (void)s;
    for (int i = 0; i < 200000; i++) {
        double la = random_lat(i), lo = round((unit01() - 0.5) * 36e8), lb, lob;
        if (i % 3 == 0) { /* near the antipode, where formulas fail */
            lb = -la + round((unit01() - 0.5) * 2e8);
            lob = lo + 18e8 + round((unit01() - 0.5) * 2e8);
        } else if (i % 3 == 1) { /* close by */
            lb = la + round((unit01() - 0.5) * 1e6);
            lob = lo + round((unit01() - 0.5) * 1e6);
        } else {
            lb = random_lat(i + 1);
            lob = round((unit01() - 0.5) * 36e8);
        }
        lb = fmax(-9e8, fmin(9e8, lb));
        plm_geo u = plm_geo_at(la, lo), v = plm_geo_at(lb, lob);
        double d = karney(la, lo, lb, lob), low, high;
        plm_geo_both(&u, &v, &low, &high);
        if (low > d || high < d)
            fail_msg("%f %f to %f %f: %f not in %f..%f", la, lo, lb, lob, d, low, high);
        if (d < 16e6) assert_true(d - low < 700 && high - d < 500);
    }
}

static void integer_distances_round_outward(void **s) {
    (void)s;
    for (int i = 0; i < 20000; i++) {
        int32_t a[4];
        for (int k = 0; k < 4; k++) a[k] = (int32_t)((unit01() - 0.5) * (k % 2 ? 36e8 : 18e8));
        double d = karney(a[0], a[1], a[2], a[3]);
        assert_true(plm_geo_distance_low_m(a[0], a[1], a[2], a[3]) <= d);
        assert_true(plm_geo_distance_high_m(a[0], a[1], a[2], a[3]) >= d);
    }
}

static void a_line_is_never_longer_than_said(void **s) {
    (void)s;
    for (int i = 0; i < 20000; i++) {
        double la = random_lat(i), lo = 0, dla = (unit01() - 0.5) * 2e8, dlo = (unit01() - 0.5) * 2e8;
        if (fabs(la + dla) > 9e8) dla = -dla;
        double sum = 0, widest = 0;
        for (int k = 0; k < 50; k++) {
            double x = la + dla * k / 50, y = la + dla * (k + 1) / 50;
            sum += karney(x, lo + dlo * k / 50, y, lo + dlo * (k + 1) / 50);
            plm_geo u = plm_geo_at(x, 0), v = plm_geo_at(y, 0);
            widest = fmax(widest, fmax(u.x, v.x));
        }
        if ((la < 0) != (la + dla < 0)) widest = 1;
        assert_true(sum <= plm_geo_line_high(dla, dlo, widest));
    }
}

/* Least distance to the border by sampling its lines, never below the true one. */
static double sampled(const plm_regions *r, size_t i, double lat, double lon, int parts) {
    double best = 1e9;
    const plm_region *g = &r->region[i];
    for (uint32_t k = g->ring0; k < g->ring0 + g->n_rings; k++)
        for (uint32_t v = r->ring[k].first; v + 1 < r->ring[k].first + r->ring[k].n; v++)
            for (int p = 0; p < parts; p++) {
                const plm_vertex *a = &r->vertex[v], *b = &r->vertex[v + 1];
                double x = a->lat + (b->lat - a->lat) * p / parts;
                double y = a->lon + (b->lon - a->lon) * p / parts;
                best = fmin(best, karney(lat, lon, x, y));
            }
    return best;
}

static void region_distance_is_close_below(const plm_regions *r, size_t i, int parts, int places,
                                           double slack) {
    for (int n = 0; n < places; n++) {
        double lat = random_lat(n + 1), lon = round((unit01() - 0.5) * 36e8);
        plm_geo u = plm_geo_at(lat, lon);
        double low = plm_region_low_m(r, i, &u, lat, lon);
        double d = sampled(r, i, lat, lon, parts);
        if (low > d) fail_msg("%f %f: %f above %f", lat, lon, low, d);
        if (low > 0 && d < 15e6 && d - low > slack)
            fail_msg("%f %f: %f far below %f", lat, lon, low, d);
    }
}

static void shipped_regions_are_never_farther_than_their_borders(void **s) {
    (void)s;
    plm_fault f = {0};
    plm_regions *r = plm_regions_shipped_for(PLM_STR("KP,BY,MO,CN"), &f);
    assert_non_null(r);
    static const char *const codes[] = {"KP", "BY", "MO", "CN-held"};
    for (size_t i = 0; i < 4; i++)
        region_distance_is_close_below(r, plm_regions_find(r, plm_str_c(codes[i])), 3, 40, 1500);
    plm_regions_free(r);
}

static const char boxes[] =
    "{\"type\":\"FeatureCollection\",\"features\":[\n"
    "{\"type\":\"Feature\",\"properties\":{\"iso_a2\":\"AA\"},\"geometry\":{\"type\":\"Polygon\","
    "\"coordinates\":[[[-60,40],[70,40],[70,75],[-60,75],[-60,40]],"
    "[[0,50],[0,60],[20,60],[20,50],[0,50]]]}},\n"
    "{\"type\":\"Feature\",\"properties\":{\"name\":\"polar\"},\"geometry\":{\"type\":\"Polygon\","
    "\"coordinates\":[[[-180,70],[-90,72],[0,70],[90,71],[179,70],[-180,70]]]}},\n"
    "{\"type\":\"Feature\",\"id\":\"date line\",\"properties\":null,\"geometry\":"
    "{\"type\":\"Polygon\",\"coordinates\":[[[170,-10],[-170,-10],[-170,10],[170,10],[170,-10]]]}},\n"
    "{\"type\":\"Feature\",\"properties\":{\"iso_a2\":\"PT\"},\"geometry\":{\"type\":\"MultiPoint\","
    "\"coordinates\":[[10,10],[-100.5,-45.25]]}}]}";

static void long_edges_holes_poles_and_the_date_line(void **s) {
    (void)s;
    plm_fault f = {0};
    plm_regions *r = plm_regions_parse(plm_str_c(boxes), "boxes", &f);
    if (!r) fail_msg("%s:%u %s", f.where, f.line, f.say);
    assert_int_equal(plm_regions_count(r), 4);
    size_t aa = plm_regions_find(r, PLM_STR("AA")), polar = plm_regions_find(r, PLM_STR("polar"));
    size_t line = plm_regions_find(r, PLM_STR("date line")), pt = plm_regions_find(r, PLM_STR("PT"));
    region_distance_is_close_below(r, aa, 3000, 60, 20000);
    region_distance_is_close_below(r, polar, 3000, 60, 20000);
    region_distance_is_close_below(r, line, 800, 60, 20000);
    region_distance_is_close_below(r, pt, 1, 60, 1000);
    assert_int_equal(plm_regions_distance_m(r, aa, 450000000, 0), 0);
    assert_true(plm_regions_distance_m(r, aa, 550000000, 100000000) > 500000); /* in the hole */
    assert_int_equal(plm_regions_distance_m(r, polar, 900000000, 0), 0);
    assert_int_equal(plm_regions_distance_m(r, polar, 800000000, 1800000000), 0);
    assert_true(plm_regions_distance_m(r, polar, 600000000, 0) > 1000000);
    assert_int_equal(plm_regions_distance_m(r, line, 0, 1790000000), 0);
    assert_int_equal(plm_regions_distance_m(r, line, 0, -1790000000), 0);
    assert_true(plm_regions_distance_m(r, line, 0, 0) > 18000000);
    plm_regions_free(r);
}

/* Stitched rings (world-atlas) stand on both sides of the antimeridian; a box round the Earth
 * does too, and has nothing else. */
static const char turns[] =
    "{\"type\":\"FeatureCollection\",\"features\":["
    "{\"type\":\"Feature\",\"id\":\"band\",\"geometry\":{\"type\":\"Polygon\",\"coordinates\":"
    "[[[-180,-5],[180,-5],[180,5],[-180,5],[-180,-5]]]}},"
    "{\"type\":\"Feature\",\"id\":\"stitched\",\"geometry\":{\"type\":\"Polygon\",\"coordinates\":"
    "[[[-180,70],[179,70],[178,71],[180,72],[-180,71.5],[-180,70]]]}},"
    "{\"type\":\"Feature\",\"id\":\"cut\",\"geometry\":{\"type\":\"Polygon\",\"coordinates\":"
    "[[[-180,-90],[180,-90],[180,-70],[0,-72],[-180,-70],[-180,-90]]]}}]}";

static void boxes_and_stitched_rings_at_the_antimeridian(void **s) {
    (void)s;
    plm_fault f = {0};
    plm_regions *r = plm_regions_parse(plm_str_c(turns), "turns", &f);
    if (!r) fail_msg("%s:%u %s", f.where, f.line, f.say);
    size_t band = plm_regions_find(r, PLM_STR("band")), cut = plm_regions_find(r, PLM_STR("cut"));
    size_t stitched = plm_regions_find(r, PLM_STR("stitched"));
    for (int32_t lon = -1800000000; lon <= 1700000000; lon += 100000000) {
        assert_int_equal(plm_regions_distance_m(r, band, 10000000, lon), 0);
        assert_int_equal(plm_regions_distance_m(r, cut, -800000000, lon), 0);
        assert_true(plm_regions_distance_m(r, band, 300000000, lon) > 2700000);
        assert_true(plm_regions_distance_m(r, cut, -600000000, lon) > 1000000);
    }
    assert_true(plm_regions_distance_m(r, stitched, 710000000, 0) > 3000000);
    assert_int_equal(plm_regions_distance_m(r, stitched, 710000000, 1795000000), 0);
    plm_regions_free(r);
}

static void places_known_to_be_inside(void **s) {
    (void)s;
    static const struct {
        const char *code;
        double lat, lon;
    } in[] = {{"CN", 39.9, 116.4},  {"RU", 55.75, 37.6},  {"RU", 66.0, -171.0}, {"RU", 68.0, 178.0},
              {"IR", 35.7, 51.4},   {"KP", 39.0, 125.75}, {"BY", 53.9, 27.56},  {"HK", 22.4, 114.15},
              {"TW", 25.03, 121.5}, {"FR", 48.85, 2.35},  {"US", 39.0, -77.5},  {"AQ", -89.5, 12.0}};
    plm_fault f = {0};
    plm_regions *r = plm_regions_shipped(&f);
    assert_non_null(r);
    for (size_t i = 0; i < sizeof in / sizeof in[0]; i++)
        for (size_t g = 0; g < plm_regions_count(r); g++) {
            int32_t d = plm_regions_distance_m(r, g, (int32_t)(in[i].lat * 1e7),
                                               (int32_t)(in[i].lon * 1e7));
            bool here = plm_str_is(plm_regions_code(r, g), in[i].code);
            if ((d == 0) != here)
                fail_msg("%s and %.*s: %d", in[i].code, PLM_FMT(plm_regions_code(r, g)), d);
        }
    plm_regions_free(r);
}

int main(void) {
    if (!load_karney()) {
        fprintf(stderr, "libproj is missing\n");
        return 1;
    }
    init(&earth, 6378137, 1 / 298.257223563);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(low_and_high_enclose_the_geodesic),
        cmocka_unit_test(integer_distances_round_outward),
        cmocka_unit_test(a_line_is_never_longer_than_said),
        cmocka_unit_test(shipped_regions_are_never_farther_than_their_borders),
        cmocka_unit_test(long_edges_holes_poles_and_the_date_line),
        cmocka_unit_test(boxes_and_stitched_rings_at_the_antimeridian),
        cmocka_unit_test(places_known_to_be_inside),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
