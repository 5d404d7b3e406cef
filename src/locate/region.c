/* region.c: least distance from a place to a region, as a proven lower bound.
 * An edge is a line straight in degrees.  For a piece of length at most len whose ends lie at da
 * and db (lower bounds), every point of it lies at least
 *   (da + db - len) / 2                                  by the triangle inequality, and
 *   min(da, db) - len^2 / (8 d) - k len^2 / 4,  d = min(da, db) - len / 2 > len,
 * away: the distance from a place has second derivative at most 1/d along a geodesic (curvature
 * is positive), so it falls below its chord by no more than len^2 / (8 d); and a line straight in
 * degrees has geodesic curvature k <= 1.09 tan(lat) / M (parallel: tan(lat)/M), so it strays from
 * its geodesic by no more than k len^2 / 4.  A piece is halved until both lose little.
 * Invariants: 1 plm_region_low_m is never above the true distance; 2 a place inside has 0.  Held
 * by tests/unit/test_geo.c (against geodesic.h over sampled borders). */
#include "locate/region.h"

#include <math.h>
#include <string.h>

#define LOSS_M 15.0         /* pieces are halved until the bound loses no more */
#define SPLIT_DEPTH_MAX 48
#define TURN_E7 3600000000.0
#define STRAY 1.09

/* Crossings of the ring with the meridian north (or south) of the place. */
static unsigned crossings(const plm_vertex *v, const plm_ring *g, double lat, double lon,
                          bool north) {
    unsigned n = 0;
    for (uint32_t i = g->first; i + 1 < g->first + g->n; i++) {
        const plm_vertex *a = &v[i], *b = &v[i + 1];
        if ((a->lon > lon) == (b->lon > lon)) continue;
        double at = a->lat + (b->lat - a->lat) * ((lon - a->lon) / (b->lon - a->lon));
        n += north ? at > lat : at < lat;
    }
    return n;
}

static bool in_ring(const plm_regions *r, const plm_ring *g, double lat, double lon) {
    bool north = g->lat_min + g->lat_max > 0; /* the pole that a turning ring holds */
    unsigned n = 0;
    if (!g->turns && (lat < g->lat_min || lat > g->lat_max)) return false;
    for (int k = -2; k <= 2; k++) {
        double x = lon + k * TURN_E7;
        if (x < g->lon_min || x > g->lon_max) continue;
        n += crossings(r->vertex, g, lat, x, !g->turns || north);
    }
    return g->turns ? n % 2 == 0 : n % 2 == 1;
}

static bool inside(const plm_regions *r, const plm_region *g, double lat, double lon) {
    bool in = false;
    for (uint32_t i = 0; i < g->n_rings; i++) {
        const plm_ring *ring = &r->ring[g->ring0 + i];
        if (ring->outer) {
            if (in) return true;
            in = in_ring(r, ring, lat, lon);
        } else if (in && in_ring(r, ring, lat, lon)) {
            in = false;
        }
    }
    return in;
}

static double cos_max(const plm_vertex *a, const plm_vertex *b) {
    if ((a->lat < 0) != (b->lat < 0)) return 1;
    double z = fmin(fabs(a->u.z), fabs(b->u.z));
    return sqrt(1 - z * z);
}

static double edge_length_high(const plm_vertex *a, const plm_vertex *b) {
    return plm_geo_line_high(b->lat - a->lat, b->lon - a->lon, cos_max(a, b));
}

/* Lower bound of a piece by both inequalities above. */
static double piece_low(const plm_vertex *a, const plm_vertex *b, double da, double db,
                        double len) {
    double low = (da + db - len) / 2, m = fmin(da, db), d = m - len / 2;
    double z = fmax(fabs(a->u.z), fabs(b->u.z));
    if (d > len && z < 1 - 1e-12) {
        double stray = STRAY * z / sqrt(1 - z * z) / (PLM_GEO_M_MIN * 0.99);
        low = fmax(low, m - len * len * (1 / (8 * d) + stray / 4));
    }
    return fmax(low, 0);
}

static void edge_low(const plm_vertex *a, const plm_vertex *b, double da, double db,
                     const plm_geo *u, double *best, int depth) {
    double len = edge_length_high(a, b), low = piece_low(a, b, da, db, len);
    if (low >= *best) return;
    if (fmin(da, db) - low <= LOSS_M || depth == SPLIT_DEPTH_MAX) {
        *best = low;
        return;
    }
    plm_vertex m = {.lat = (a->lat + b->lat) / 2, .lon = (a->lon + b->lon) / 2};
    m.u = plm_geo_at(m.lat, m.lon);
    double dm = plm_geo_low(u, &m.u);
    edge_low(da < db ? a : &m, da < db ? &m : b, da < db ? da : dm, da < db ? dm : db, u, best,
             depth + 1);
    edge_low(da < db ? &m : a, da < db ? b : &m, da < db ? dm : da, da < db ? db : dm, u, best,
             depth + 1);
}

static void leaf_low(const plm_regions *r, const plm_node *n, const plm_geo *u, double *best) {
    double da = plm_geo_low(u, &r->vertex[n->first].u);
    for (uint32_t i = n->first; i < n->first + n->n; i++) {
        double db = plm_geo_low(u, &r->vertex[i + 1].u);
        edge_low(&r->vertex[i], &r->vertex[i + 1], da, db, u, best, 0);
        da = db;
    }
}

#define FAN 8

static void node_low(const plm_regions *r, const plm_region *g, uint32_t first, uint32_t n,
                     const plm_geo *u, double *best) {
    double low[FAN];
    uint32_t order[FAN];
    for (uint32_t i = 0; i < n; i++) {
        const plm_node *k = &r->node[first + i];
        double d = plm_geo_low(u, &k->centre) - k->radius_m;
        uint32_t j = i;
        for (; j > 0 && low[j - 1] > d; j--) low[j] = low[j - 1], order[j] = order[j - 1];
        low[j] = d;
        order[j] = first + i;
    }
    for (uint32_t i = 0; i < n && low[i] < *best; i++) {
        const plm_node *k = &r->node[order[i]];
        if (order[i] - g->node0 < g->n_leaves) leaf_low(r, k, u, best);
        else node_low(r, g, k->first, k->n, u, best);
    }
}

double plm_region_low_m(const plm_regions *r, size_t i, const plm_geo *u, double lat_e7,
                        double lon_e7) {
    const plm_region *g = &r->region[i];
    double best = PLM_LOCATE_METRES_MAX;
    if (inside(r, g, lat_e7, lon_e7)) return 0;
    node_low(r, g, g->top0, g->n_top, u, &best);
    return best;
}

int32_t plm_regions_distance_m(const plm_regions *r, size_t i, int32_t lat_e7, int32_t lon_e7) {
    plm_geo u = plm_geo_at(lat_e7, lon_e7);
    return (int32_t)plm_region_low_m(r, i, &u, lat_e7, lon_e7);
}

size_t plm_regions_count(const plm_regions *r) { return r->n; }
plm_str plm_regions_code(const plm_regions *r, size_t i) { return r->region[i].code; }
int32_t plm_regions_dilation_m(const plm_regions *r, size_t i) { return r->region[i].dilation_m; }
void plm_regions_hash(const plm_regions *r, unsigned char out[32]) { memcpy(out, r->hash, 32); }

size_t plm_regions_find(const plm_regions *r, plm_str code) {
    size_t lo = 0, hi = r->n;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (plm_str_cmp(r->region[mid].code, code) < 0) lo = mid + 1;
        else hi = mid;
    }
    return lo < r->n && plm_str_eq(r->region[lo].code, code) ? lo : r->n;
}

void plm_regions_free(plm_regions *r) {
    if (!r) return;
    plm_mem_free(r->region);
    plm_mem_free(r->ring);
    plm_mem_free(r->vertex);
    plm_mem_free(r->node);
    plm_arena_free(r->arena);
    plm_mem_free(r);
}
