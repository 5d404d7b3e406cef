/* maker.c: builds regions from rings, and the tree of caps over their edges.
 * Invariants: 1 every edge lies in exactly one leaf, and each node's cap holds all its edges;
 * 2 an edge of more than 180 degrees of longitude crosses the antimeridian, and one of exactly 360
 * stays on it, unless the ring has no width then: it is a band round the Earth; 3 the regions are
 * sorted by code and all features of a code are one region.  Held by tests/unit/test_geo.c. */
#include "base/file.h"
#include "locate/region.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define FAN 8
#define LEAF_EDGES 16u
#define HALF_TURN_E7 1800000000.0
#define TURN_E7 3600000000.0
#define POLE_E7 900000000.0
#define VERTICES_MAX 20000000u
#define TEXT_BYTES_MAX (64u << 20)

static bool grow(void **p, size_t *cap, size_t n, size_t size, plm_fault *f) {
    if (n < *cap) return true;
    size_t next = *cap ? *cap * 2 : 256;
    while (next <= n) next *= 2;
    void *q = plm_mem_resize(*p, next * size);
    if (!q) return plm_fail(f, PLM_NO_MEMORY, "out of memory");
    *p = q;
    *cap = next;
    return true;
}

bool plm_maker_start(plm_region_maker *m, plm_fault *f) {
    *m = (plm_region_maker){.out = plm_mem_resize(NULL, sizeof *m->out)};
    if (!m->out) return plm_fail(f, PLM_NO_MEMORY, "out of memory");
    *m->out = (plm_regions){.arena = plm_arena_new(TEXT_BYTES_MAX)};
    if (m->out->arena) return true;
    plm_maker_drop(m);
    return plm_fail(f, PLM_NO_MEMORY, "out of memory");
}

void plm_maker_drop(plm_region_maker *m) {
    plm_regions_free(m->out);
    plm_mem_free(m->feature);
    plm_mem_free(m->raw);
    *m = (plm_region_maker){0};
}

bool plm_maker_feature(plm_region_maker *m, plm_str code, int32_t dilation_m, plm_fault *f) {
    if (code.n == 0 || code.n > PLM_LOCATE_ID_MAX)
        return plm_fail(f, PLM_BAD_INPUT, "a region's code is empty or longer than %d bytes",
                        PLM_LOCATE_ID_MAX);
    void *p = m->feature;
    if (!grow(&p, &m->cap_feature, m->n_features, sizeof *m->feature, f)) return false;
    m->feature = p;
    plm_str copy = plm_arena_copy(m->out->arena, code);
    if (!copy.p) return plm_fail(f, PLM_NO_MEMORY, "out of memory");
    m->feature[m->n_features] = (struct plm_feature){
        copy, (uint32_t)m->out->n_rings, 0, (uint32_t)m->n_features, dilation_m};
    m->n_features++;
    return true;
}

bool plm_maker_ring(plm_region_maker *m, bool outer, plm_fault *f) {
    void *p = m->out->ring;
    if (!grow(&p, &m->cap_rings, m->out->n_rings, sizeof *m->out->ring, f)) return false;
    m->out->ring = p;
    m->out->ring[m->out->n_rings++] =
        (plm_ring){.first = (uint32_t)m->out->n_vertices, .outer = outer};
    m->feature[m->n_features - 1].n_rings++;
    return true;
}

/* Longitude of the next vertex, gone on from the last one's (invariant 2). */
static double go_on(const plm_vertex *last, double raw_last, double lat, double lon) {
    double step = lon - raw_last;
    if (fabs(step) == TURN_E7) step = 0;
    bool poles = fabs(lat) == POLE_E7 && lat == last->lat;
    if (fabs(step) > HALF_TURN_E7 && !poles) step -= copysign(TURN_E7, step);
    return last->lon + step;
}

bool plm_maker_vertex(plm_region_maker *m, double lat_e7, double lon_e7, plm_fault *f) {
    void *p = m->out->vertex;
    if (m->out->n_vertices >= VERTICES_MAX)
        return plm_fail(f, PLM_OUT_OF_RANGE, "more than %u vertices", VERTICES_MAX);
    if (!grow(&p, &m->cap_vertices, m->out->n_vertices + 1, sizeof *m->out->vertex, f))
        return false;
    m->out->vertex = p;
    plm_ring *g = &m->out->ring[m->out->n_rings - 1];
    plm_vertex *v = &m->out->vertex[m->out->n_vertices];
    p = m->raw;
    if (!grow(&p, &m->cap_raw, g->n + 1, sizeof *m->raw, f)) return false;
    m->raw = p;
    m->raw[g->n] = lon_e7;
    double lon = g->n ? go_on(v - 1, m->raw[g->n - 1], lat_e7, lon_e7) : lon_e7;
    *v = (plm_vertex){plm_geo_at(lat_e7, lon), lat_e7, lon};
    if (g->n == 0) g->lat_min = g->lat_max = lat_e7, g->lon_min = g->lon_max = lon;
    g->lat_min = fmin(g->lat_min, lat_e7);
    g->lat_max = fmax(g->lat_max, lat_e7);
    g->lon_min = fmin(g->lon_min, lon);
    g->lon_max = fmax(g->lon_max, lon);
    g->n++;
    m->out->n_vertices++;
    return true;
}

/* All vertices on the antimeridian, on both its sides: a box from -180 to 180. */
static void open_band(plm_region_maker *m, plm_ring *g) {
    double low = m->raw[0], high = low;
    for (uint32_t i = 1; i < g->n; i++) low = fmin(low, m->raw[i]), high = fmax(high, m->raw[i]);
    if (g->lon_min != g->lon_max || high - low != TURN_E7) return;
    for (uint32_t i = 0; i < g->n; i++) m->out->vertex[g->first + i].lon = m->raw[i];
    g->lon_min = low;
    g->lon_max = high;
}

bool plm_maker_ring_end(plm_region_maker *m, plm_fault *f) {
    plm_ring *g = &m->out->ring[m->out->n_rings - 1];
    if (g->n == 0) return plm_fail(f, PLM_BAD_INPUT, "a ring has no position");
    const plm_vertex *a = &m->out->vertex[g->first], *z = &m->out->vertex[g->first + g->n - 1];
    double lat = a->lat, lon = m->raw[0];
    bool same_place = g->n > 1 && a->lat == z->lat && fmod(z->lon - a->lon, TURN_E7) == 0;
    if (!same_place && !plm_maker_vertex(m, lat, lon, f)) return false;
    open_band(m, g);
    a = &m->out->vertex[g->first];
    z = &m->out->vertex[g->first + g->n - 1];
    double turns = (z->lon - a->lon) / TURN_E7;
    if (fabs(turns) > 1.5)
        return plm_fail(f, PLM_BAD_INPUT, "a ring goes round the Earth more than once");
    g->turns = (int8_t)lround(turns);
    if (g->turns && g->lat_min < 0 && g->lat_max > 0)
        return plm_fail(f, PLM_BAD_INPUT, "a ring goes round the Earth across the equator, so "
                                          "it is not told which pole it holds; cut it in two");
    return true;
}

static bool add_node(plm_regions *r, plm_node n, plm_fault *f) {
    void *p = r->node;
    if (!grow(&p, &r->cap_nodes, r->n_nodes, sizeof *r->node, f)) return false;
    r->node = p;
    r->node[r->n_nodes++] = n;
    return true;
}

static plm_geo unit(double x, double y, double z) {
    double n = sqrt(x * x + y * y + z * z);
    return n > 1e-9 ? (plm_geo){x / n, y / n, z / n} : (plm_geo){0, 0, 1};
}

static bool add_leaf(plm_regions *r, uint32_t first, uint32_t n, plm_fault *f) {
    const plm_vertex *v = r->vertex;
    double x = 0, y = 0, z = 0;
    for (uint32_t i = first; i <= first + n; i++) x += v[i].u.x, y += v[i].u.y, z += v[i].u.z;
    plm_node k = {.centre = unit(x, y, z), .first = first, .n = n};
    for (uint32_t i = first; i < first + n; i++) {
        double c = sqrt(1 - fmin(v[i].u.z * v[i].u.z, v[i + 1].u.z * v[i + 1].u.z));
        if ((v[i].lat < 0) != (v[i + 1].lat < 0)) c = 1;
        double len = plm_geo_line_high(v[i + 1].lat - v[i].lat, v[i + 1].lon - v[i].lon, c);
        double d = fmax(plm_geo_high(&k.centre, &v[i].u), plm_geo_high(&k.centre, &v[i + 1].u));
        k.radius_m = fmax(k.radius_m, d + len / 2);
    }
    return add_node(r, k, f);
}

static bool add_parent(plm_regions *r, uint32_t first, uint32_t n, plm_fault *f) {
    double x = 0, y = 0, z = 0;
    for (uint32_t i = first; i < first + n; i++) {
        const plm_geo *c = &r->node[i].centre;
        x += c->x, y += c->y, z += c->z;
    }
    plm_node k = {.centre = unit(x, y, z), .first = first, .n = n};
    for (uint32_t i = first; i < first + n; i++)
        k.radius_m = fmax(k.radius_m,
                          plm_geo_high(&k.centre, &r->node[i].centre) + r->node[i].radius_m);
    return add_node(r, k, f);
}

static bool build_tree(plm_regions *r, plm_region *g, plm_fault *f) {
    g->node0 = (uint32_t)r->n_nodes;
    for (uint32_t i = g->ring0; i < g->ring0 + g->n_rings; i++) {
        uint32_t edges = r->ring[i].n - 1;
        for (uint32_t e = 0; e < edges; e += LEAF_EDGES)
            if (!add_leaf(r, r->ring[i].first + e,
                          edges - e < LEAF_EDGES ? edges - e : LEAF_EDGES, f))
                return false;
    }
    g->n_leaves = (uint32_t)r->n_nodes - g->node0;
    uint32_t first = g->node0, n = g->n_leaves;
    while (n > FAN) {
        uint32_t up = (uint32_t)r->n_nodes;
        for (uint32_t i = 0; i < n; i += FAN)
            if (!add_parent(r, first + i, n - i < FAN ? n - i : FAN, f)) return false;
        first = up;
        n = (uint32_t)r->n_nodes - up;
    }
    g->top0 = first;
    g->n_top = n;
    g->n_nodes = (uint32_t)r->n_nodes - g->node0;
    return true;
}

static int by_code(const void *a, const void *b) {
    const struct plm_feature *x = a, *y = b;
    int c = plm_str_cmp(x->code, y->code);
    return c ? c : (x->row > y->row) - (x->row < y->row);
}

/* Rings in the order of their regions, so that a region's are one stretch. */
static bool sort_rings(plm_region_maker *m, plm_fault *f) {
    plm_regions *r = m->out;
    plm_ring *sorted = plm_mem_resize(NULL, (r->n_rings + 1) * sizeof *sorted);
    r->region = plm_mem_resize(NULL, (m->n_features + 1) * sizeof *r->region);
    if (!sorted || !r->region) {
        plm_mem_free(sorted);
        return plm_fail(f, PLM_NO_MEMORY, "out of memory");
    }
    if (m->n_features) qsort(m->feature, m->n_features, sizeof *m->feature, by_code);
    uint32_t at = 0;
    for (size_t i = 0; i < m->n_features; i++) {
        const struct plm_feature *e = &m->feature[i];
        if (!r->n || !plm_str_eq(r->region[r->n - 1].code, e->code))
            r->region[r->n++] = (plm_region){.code = e->code, .ring0 = at};
        plm_region *g = &r->region[r->n - 1];
        if (e->dilation_m > g->dilation_m) g->dilation_m = e->dilation_m;
        for (uint32_t k = 0; k < e->n_rings; k++) sorted[at++] = r->ring[e->ring0 + k];
        g->n_rings += e->n_rings;
    }
    plm_mem_free(r->ring);
    r->ring = sorted;
    return true;
}

static bool put_u32(plm_buf *b, uint32_t v) {
    unsigned char le[4] = {(unsigned char)v, (unsigned char)(v >> 8), (unsigned char)(v >> 16),
                           (unsigned char)(v >> 24)};
    return plm_buf_put(b, le, 4);
}

static bool hash_all(plm_regions *r, plm_fault *f) {
    plm_buf b;
    plm_buf_init(&b, (size_t)1 << 30);
    for (size_t i = 0; i < r->n; i++) {
        const plm_region *g = &r->region[i];
        put_u32(&b, (uint32_t)g->code.n);
        plm_buf_put(&b, g->code.p, g->code.n);
        put_u32(&b, (uint32_t)g->dilation_m);
        put_u32(&b, g->n_rings);
        for (uint32_t k = g->ring0; k < g->ring0 + g->n_rings; k++) {
            const plm_ring *ring = &r->ring[k];
            put_u32(&b, ring->n << 1 | ring->outer);
            for (uint32_t v = ring->first; v < ring->first + ring->n; v++) {
                put_u32(&b, (uint32_t)(int32_t)r->vertex[v].lat);
                put_u32(&b, (uint32_t)(int64_t)r->vertex[v].lon);
            }
        }
    }
    if (!b.full) plm_sha256_of(plm_buf_str(&b), r->hash);
    bool ok = !b.full;
    plm_buf_free(&b);
    return ok || plm_fail(f, PLM_NO_MEMORY, "out of memory");
}

plm_regions *plm_maker_finish(plm_region_maker *m, plm_fault *f) {
    bool ok = sort_rings(m, f);
    for (size_t i = 0; ok && i < m->out->n; i++) {
        if (m->out->region[i].n_rings == 0)
            ok = plm_fail(f, PLM_BAD_INPUT, "the region '%.*s' has no place",
                          PLM_FMT(m->out->region[i].code));
        else ok = build_tree(m->out, &m->out->region[i], f);
    }
    if (!ok || !hash_all(m->out, f)) {
        plm_maker_drop(m);
        return NULL;
    }
    plm_regions *r = m->out;
    plm_mem_free(m->feature);
    plm_mem_free(m->raw);
    *m = (plm_region_maker){0};
    return r;
}
