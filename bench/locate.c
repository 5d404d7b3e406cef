/* bench/locate.c: verdicts a second on one core, against a naive loop in the same run.
 * 64 landmarks x 24 regions, quorum 2, each landmark its own operator.  Chips stand at random
 * places on land (vertices of borders); paths are 1.2 to 2.2 times as long as light would take.
 * usage: build/bench/locate [SECONDS [MAP.geojson]] */
#include "base/file.h"
#include "locate/region.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define MARKS 64
#define REGIONS 24
#define CHIPS 4096

static const char deny[] = "CN,RU,IR,KP,BY,CU,SY,VE,MM,AF,IQ,LB,LY,SD,SO,YE,ZW,CD,CF,ER,HT,NI,"
                           "SS,KH";
static uint64_t state = 20260924;
static uint64_t rtt[CHIPS][MARKS];
static plm_landmark mark[MARKS];
static plm_locate_verdict verdict;
static plm_locate *engine;

static uint64_t next(void) {
    state ^= state << 13, state ^= state >> 7, state ^= state << 17;
    return state;
}
static double unit01(void) { return (double)(next() >> 11) / 9007199254740992.0; }
static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void place(const plm_regions *r, int32_t *lat, int32_t *lon) {
    const plm_vertex *v = &r->vertex[next() % r->n_vertices];
    *lat = (int32_t)v->lat;
    *lon = (int32_t)(remainder(v->lon, 3600000000.0) * 0.999999);
}

/* The chips' RTTs: from one place, or (clone) half the landmarks are answered from another. */
static void make_chips(const plm_regions *r, bool clone) {
    for (int c = 0; c < CHIPS; c++) {
        int32_t lat[2], lon[2];
        do {
            place(r, &lat[0], &lon[0]);
            place(r, &lat[1], &lon[1]);
        } while (clone && plm_geo_distance_low_m(lat[0], lon[0], lat[1], lon[1]) < 3000000);
        for (int i = 0; i < MARKS; i++) {
            int at = 0;
            int32_t d[2];
            for (int k = 0; k < 2; k++)
                d[k] = plm_geo_distance_high_m(mark[i].lat_e7, mark[i].lon_e7, lat[k], lon[k]);
            if (clone) at = d[1] < d[0]; /* each site answers the landmarks near it */
            rtt[c][i] = (uint64_t)(d[at] * 2e9 / PLM_LIGHT_M_PER_S * (1.2 + unit01()) + 3e5);
        }
    }
}

/* What one writes first: bounds, then by region the landmarks that are farther, until there are
 * two; no margin, nothing about consistency. */
static volatile unsigned sink;
static int32_t far32[REGIONS][MARKS];
static unsigned naive(const uint64_t *row, const int64_t (*far)[MARKS]) {
    unsigned excluded = 0;
    int64_t bound[MARKS];
    for (int i = 0; i < MARKS; i++)
        bound[i] = (int64_t)((row[i] * (uint64_t)PLM_LIGHT_M_PER_S + 1999999999u) / 2000000000u);
    for (int r = 0; r < REGIONS; r++) {
        int n = 0;
        for (int i = 0; i < MARKS && n < 2; i++) n += far[r][i] > bound[i];
        excluded += n >= 2;
    }
    return excluded;
}

/* It counts all of them. */
static unsigned naive_count(const uint64_t *row, const int64_t (*far)[MARKS]) {
    unsigned excluded = 0;
    int64_t bound[MARKS];
    for (int i = 0; i < MARKS; i++)
        bound[i] = (int64_t)((row[i] * (uint64_t)PLM_LIGHT_M_PER_S + 1999999999u) / 2000000000u);
    for (int r = 0; r < REGIONS; r++) {
        int n = 0;
        for (int i = 0; i < MARKS; i++) n += far[r][i] > bound[i];
        excluded += n >= 2;
    }
    return excluded;
}

/* It has the margins of the two best, as the contract asks. */
static unsigned naive_margin(const uint64_t *row, const int64_t (*far)[MARKS]) {
    unsigned excluded = 0;
    int64_t bound[MARKS];
    for (int i = 0; i < MARKS; i++)
        bound[i] = (int64_t)((row[i] * (uint64_t)PLM_LIGHT_M_PER_S + 1999999999u) / 2000000000u);
    for (int r = 0; r < REGIONS; r++) {
        int64_t a = INT64_MIN, b = INT64_MIN;
        for (int i = 0; i < MARKS; i++) {
            int64_t m = far[r][i] - bound[i];
            if (m > a) b = a, a = m;
            else if (m > b) b = m;
        }
        excluded += b > 0;
    }
    return excluded;
}

/* It counts in 32-bit numbers without a branch, so that -O3 makes vectors of it. */
__attribute__((optimize("O3"))) static unsigned naive_vector(const uint64_t *row,
                                                             const int32_t (*far)[MARKS]) {
    unsigned excluded = 0;
    int32_t bound[MARKS];
    for (int i = 0; i < MARKS; i++)
        bound[i] = (int32_t)(row[i] * (uint64_t)PLM_LIGHT_M_PER_S / 2000000000u + 1);
    for (int r = 0; r < REGIONS; r++) {
        int32_t n = 0;
        for (int i = 0; i < MARKS; i++) n += far[r][i] > bound[i];
        excluded += n >= 2;
    }
    return excluded;
}

typedef enum what {
    NAIVE, NAIVE_COUNT, NAIVE_VECTOR, NAIVE_MARGIN, DECIDE, CERTIFY, WHATS
} what;

/* One pass over all chips, in ns a chip. */
static double time_pass(what w, const int64_t (*far)[MARKS]) {
    static unsigned char cert[REGIONS * PLM_CERT_BYTES_MAX];
    unsigned s = 0;
    double start = now();
    for (int c = 0; c < CHIPS; c++) {
        if (w == NAIVE) s += naive(rtt[c], far);
        else if (w == NAIVE_COUNT) s += naive_count(rtt[c], far);
        else if (w == NAIVE_VECTOR) s += naive_vector(rtt[c], (const int32_t(*)[MARKS])far32);
        else if (w == NAIVE_MARGIN) s += naive_margin(rtt[c], far);
        else plm_locate_decide(engine, rtt[c], &verdict), s += verdict.denied;
        if (w == CERTIFY)
            s += (unsigned)plm_cert_make_all(engine, PLM_STR("chip-00000001"), rtt[c], &verdict,
                                             cert);
    }
    sink = s;
    return (now() - start) / CHIPS * 1e9;
}

static void report(const char *kind, double seconds, const int64_t (*far)[MARKS]) {
    static const char *const name[WHATS] = {
        "naive loop, stops at two",           "naive loop, counts all",
        "the same in 32-bit vectors",         "naive loop with margins",
        "decide: margins, landmarks, consistency", "and a certificate for each exclusion"};
    size_t consistent = 0, excluded = 0;
    double best[WHATS], end = now() + seconds * WHATS;
    for (int c = 0; c < CHIPS; c++) {
        plm_locate_decide(engine, rtt[c], &verdict);
        consistent += verdict.consistent;
        for (size_t r = 0; r < REGIONS; r++) excluded += verdict.place[r] == PLM_PLACE_EXCLUDED;
    }
    for (int w = 0; w < WHATS; w++) best[w] = 1e9;
    do /* by turns, and the least of each: the machine has other work */
        for (int w = 0; w < WHATS; w++) best[w] = fmin(best[w], time_pass((what)w, far));
    while (now() < end);
    printf("%s chips (%zu of %d consistent, %.1f of %d regions excluded a chip)\n", kind,
           consistent, CHIPS, (double)excluded / CHIPS, REGIONS);
    for (int w = 0; w < WHATS; w++)
        printf("  %-40s%7.0f ns a chip, %6.2f M verdicts/s/core, %.2f x the first\n", name[w],
               best[w], REGIONS * 1e3 / best[w], best[0] / best[w]);
}

/* The whole table of a map's every region, from the file on. */
static int time_map(const char *path) {
    plm_fault f = {0};
    double start = now();
    plm_regions *r = plm_regions_read(path, &f);
    double loaded = now() - start;
    if (!r) {
        fprintf(stderr, "%s:%u: %s\n", f.where, f.line, f.say);
        return 2;
    }
    int64_t sum = 0;
    start = now();
    for (size_t k = 0; k < plm_regions_count(r); k++)
        for (int i = 0; i < MARKS; i++)
            sum += plm_regions_distance_m(r, k, mark[i].lat_e7, mark[i].lon_e7);
    double table = now() - start;
    size_t cells = MARKS * plm_regions_count(r);
    printf("%s: %zu regions, %zu vertices: read and indexed in %.2f s; %d landmarks x %zu regions "
           "in %.2f s (%.1f us a distance)\n", path, plm_regions_count(r), r->n_vertices, loaded,
           MARKS, plm_regions_count(r), table, table / (double)cells * 1e6);
    plm_regions_free(r);
    return sum < 0;
}

int main(int argc, char **argv) {
    double seconds = argc > 1 ? strtod(argv[1], NULL) : 1;
    static int64_t far[REGIONS][MARKS];
    static char ids[MARKS][16];
    plm_fault f = {0};
    plm_regions *r = plm_regions_shipped(&f);
    if (!r) return 2;
    for (int i = 0; i < MARKS; i++) {
        snprintf(ids[i], sizeof ids[i], "landmark-%d", i);
        mark[i] = (plm_landmark){plm_str_c(ids[i]), {"", 0}, 0, 0};
        place(r, &mark[i].lat_e7, &mark[i].lon_e7);
    }
    plm_locate_setup s = {mark, MARKS, r, plm_str_c(deny), 0, PLM_SPEED_C, 2};
    double start = now();
    engine = plm_locate_new(&s, &f);
    if (!engine) {
        fprintf(stderr, "%s\n", f.say);
        return 2;
    }
    printf("distance table, %d landmarks x %d regions: %.3f s\n", MARKS, REGIONS, now() - start);
    for (int i = 0; i < MARKS; i++)
        for (size_t k = 0; k < REGIONS; k++)
            far32[k][i] = (int32_t)(far[k][i] = plm_locate_distance_m(engine, (size_t)i, k));
    make_chips(r, false);
    report("consistent", seconds, (const int64_t(*)[MARKS])far);
    make_chips(r, true);
    report("cloned", seconds, (const int64_t(*)[MARKS])far);
    plm_locate_free(engine);
    plm_regions_free(r);
    return argc > 2 ? time_map(argv[2]) : 0;
}
