/* source.c: where regions come from: the shipped file (format: tools/regions) and GeoJSON.
 * Invariant: malformed data is a fault with its line, never a smaller region.  Held by
 * tests/cases/test_locate and fuzz/locate_geojson.c. */
#include "base/file.h"
#include "base/json.h"
#include "locate/region.h"

#include <math.h>
#include <string.h>

#define GEOJSON_BYTES_MAX (256u << 20)

__asm__(".section .rodata\n"
        ".global plm_shipped_regions\n.global plm_shipped_regions_end\n"
        ".hidden plm_shipped_regions\n.hidden plm_shipped_regions_end\n"
        "plm_shipped_regions:\n.incbin \"data/regions.bin\"\n"
        "plm_shipped_regions_end:\n.byte 0\n.previous\n");
extern const unsigned char plm_shipped_regions[], plm_shipped_regions_end[];

typedef struct bytes {
    const unsigned char *p, *end;
    bool bad;
} bytes;

static uint64_t get_varint(bytes *b) {
    uint64_t v = 0;
    for (int shift = 0; shift < 63; shift += 7) {
        if (b->p == b->end) break;
        unsigned char c = *b->p++;
        v |= (uint64_t)(c & 127) << shift;
        if (c < 128) return v;
    }
    b->bad = true;
    return 0;
}

static int64_t get_zigzag(bytes *b) {
    uint64_t v = get_varint(b);
    return v & 1 ? -(int64_t)((v + 1) / 2) : (int64_t)(v / 2);
}

/* m NULL: passes over the ring. */
static bool read_ring(bytes *b, int64_t unit_e7, plm_region_maker *m, plm_fault *f) {
    bool outer = b->p < b->end && *b->p++ == 1;
    int64_t lat = 0, lon = 0;
    if (m && !plm_maker_ring(m, outer, f)) return false;
    for (uint64_t n = get_varint(b); n && !b->bad; n--) {
        lat += get_zigzag(b);
        lon += get_zigzag(b);
        int64_t y = lat * unit_e7, x = lon * unit_e7;
        if (y < -900000000 || y > 900000000 || x < -1800000000 || x > 1800000000) b->bad = true;
        else if (m && !plm_maker_vertex(m, (double)y, (double)x, f)) return false;
    }
    return !b->bad && (!m || plm_maker_ring_end(m, f));
}

/* Is code in the list, or part of a code there? */
static bool wanted(plm_str code, plm_str list) {
    static const char *const parts[] = {"HK", "MO", "CN-held"};
    bool of_china = false;
    for (size_t i = 0; i < 3; i++) of_china |= plm_str_is(code, parts[i]);
    for (size_t i = 0; i <= list.n;) {
        const char *comma = i < list.n ? memchr(list.p + i, ',', list.n - i) : NULL;
        size_t end = comma ? (size_t)(comma - list.p) : list.n;
        plm_str w = plm_str_trim((plm_str){list.p + i, end - i});
        if (plm_str_eq(w, code) || (of_china && plm_str_is(w, "CN"))) return true;
        i = end + 1;
    }
    return false;
}

static bool read_shipped(bytes *b, const plm_str *list, plm_region_maker *m, plm_fault *f) {
    if (b->end - b->p < 7 || memcmp(b->p, "PLMR1\n", 6) != 0) return false;
    b->p += 6;
    while (b->p < b->end && *b->p && !b->bad) {
        size_t n = *b->p++;
        if ((size_t)(b->end - b->p) < n + 2) return false;
        plm_str code = {(const char *)b->p, n};
        int64_t unit_e7 = b->p[n] == 3 ? 10000 : 1000;
        plm_region_maker *to = !list || wanted(code, *list) ? m : NULL;
        b->p += n + 1;
        if (to && !plm_maker_feature(to, code, PLM_LOCATE_DILATION_M, f)) return false;
        for (uint64_t rings = get_varint(b); rings && !b->bad; rings--)
            if (!read_ring(b, unit_e7, to, f)) return false;
    }
    return !b->bad && b->p + 1 == b->end;
}

static plm_regions *shipped(const plm_str *list, plm_fault *f) {
    bytes b = {plm_shipped_regions, plm_shipped_regions_end, false};
    plm_str all = {(const char *)b.p, (size_t)(b.end - b.p)};
    plm_region_maker m;
    plm_regions *r = NULL;
    if (!plm_maker_start(&m, f)) return NULL;
    if (read_shipped(&b, list, &m, f)) r = plm_maker_finish(&m, f);
    else plm_maker_drop(&m);
    if (r) plm_sha256_of(all, r->hash);
    else plm_fail(f, PLM_BAD_INPUT, "the shipped regions are damaged; build the program again");
    return r;
}

plm_regions *plm_regions_shipped(plm_fault *f) { return shipped(NULL, f); }
plm_regions *plm_regions_shipped_for(plm_str deny, plm_fault *f) { return shipped(&deny, f); }

/* The reader gives no line for a value, but its strings stand at the same offsets as in the text:
 * the root's first key ties the two together. */
typedef struct origin {
    plm_str text;
    const char *path;
    const char *base; /* the reader's copy of text, or NULL */
} origin;

static uint32_t line_of(const origin *o, const char *p) {
    if (!o->base || !p || p < o->base || p >= o->base + o->text.n) return 0;
    uint32_t line = 1;
    for (size_t i = 0; i < (size_t)(p - o->base); i++) line += o->text.p[i] == '\n';
    return line;
}

/* The first text inside a value, for its line. */
static const char *anchor(plm_json *v) {
    for (int depth = 0; v && depth < PLM_JSON_DEPTH_MAX; depth++) {
        if (plm_json_is_str(v) || plm_json_is_num(v)) return plm_json_text(v).p;
        plm_json *inner = NULL;
        if (plm_json_is_obj(v)) {
            plm_json_pairs(v, it, k, w) {
                (void)w;
                inner = k;
                break;
            }
        } else if (plm_json_is_arr(v)) {
            plm_json_each(v, it, w) {
                inner = w;
                break;
            }
        }
        v = inner;
    }
    return NULL;
}

static bool wrong(const origin *o, plm_json *v, plm_fault *f, const char *say) {
    return plm_fail_at(f, PLM_BAD_INPUT, o->path, line_of(o, anchor(v)), 0, "%s", say);
}

/* Passes on a fault of a part, with its place. */
static bool passed(const origin *o, plm_json *v, const plm_fault *in, plm_fault *f) {
    return plm_fail_at(f, in->code, o->path, line_of(o, anchor(v)), 0, "%s", in->say);
}

static bool read_position(const origin *o, plm_json *p, plm_region_maker *m, plm_fault *f) {
    int32_t e7[2] = {0, 0};
    size_t i = 0;
    if (!plm_json_is_arr(p) || plm_json_count(p) < 2 || plm_json_count(p) > 4)
        return wrong(o, p, f, "a position is [longitude, latitude]");
    plm_json_each(p, it, v) {
        plm_fault in = {0};
        if (!plm_json_is_num(v)) return wrong(o, p, f, "a position holds numbers only");
        if (i < 2 && !plm_locate_degrees_parse(plm_json_text(v), i == 1, &e7[i], &in))
            return passed(o, v, &in, f);
        i++;
    }
    return plm_maker_vertex(m, e7[1], e7[0], f);
}

static bool read_line(const origin *o, plm_json *ring, bool outer, plm_region_maker *m,
                      plm_fault *f) {
    if (!plm_json_is_arr(ring) || plm_json_count(ring) < 4)
        return wrong(o, ring, f, "a ring is an array of four or more positions");
    if (!plm_maker_ring(m, outer, f)) return false;
    plm_ring *g = &m->out->ring[m->out->n_rings - 1];
    plm_json *first = NULL, *last = NULL;
    plm_json_each(ring, it, p) {
        if (!read_position(o, p, m, f)) return false;
        first = first ? first : p;
        last = p;
    }
    const plm_vertex *a = &m->out->vertex[g->first], *z = &m->out->vertex[g->first + g->n - 1];
    if (a->lat != z->lat || fmod(z->lon - a->lon, 3600000000.0) != 0)
        return wrong(o, last, f, "a ring's last position must repeat its first");
    plm_fault in = {0};
    return plm_maker_ring_end(m, &in) || passed(o, first, &in, f);
}

static bool read_polygon(const origin *o, plm_json *rings, plm_region_maker *m, plm_fault *f) {
    bool outer = true;
    if (!plm_json_is_arr(rings) || plm_json_count(rings) == 0)
        return wrong(o, rings, f, "a polygon is an array of rings");
    plm_json_each(rings, it, ring) {
        if (!read_line(o, ring, outer, m, f)) return false;
        outer = false;
    }
    return true;
}

static bool read_point(const origin *o, plm_json *p, plm_region_maker *m, plm_fault *f) {
    return plm_maker_ring(m, true, f) && read_position(o, p, m, f) && plm_maker_ring_end(m, f);
}

static bool read_geometry(const origin *o, plm_json *feature, plm_region_maker *m, plm_fault *f) {
    plm_json *g = plm_json_get(feature, "geometry"), *at = plm_json_get(g, "coordinates");
    plm_str type = plm_json_text(plm_json_get(g, "type"));
    if (!plm_json_is_obj(g)) return wrong(o, feature, f, "the feature has no geometry");
    if (!plm_json_is_arr(at) || plm_json_count(at) == 0)
        return wrong(o, g, f, "the geometry has no coordinates");
    if (plm_str_is(type, "Polygon")) return read_polygon(o, at, m, f);
    if (plm_str_is(type, "Point")) return read_point(o, at, m, f);
    bool points = plm_str_is(type, "MultiPoint");
    if (!points && !plm_str_is(type, "MultiPolygon"))
        return wrong(o, g, f, "a geometry is Polygon, MultiPolygon, Point or MultiPoint");
    plm_json_each(at, it, part)
        if (!(points ? read_point(o, part, m, f) : read_polygon(o, part, m, f))) return false;
    return true;
}

static plm_str code_of(plm_json *feature) {
    plm_json *p = plm_json_get(feature, "properties");
    plm_str s = plm_json_text(plm_json_get(p, "iso_a2"));
    if (!s.n) s = plm_json_text(plm_json_get(p, "name"));
    if (!s.n) s = plm_json_text(plm_json_get(feature, "id"));
    return s;
}

static bool read_features(const origin *o, plm_json *root, plm_region_maker *m, plm_fault *f) {
    plm_json *features = plm_json_get(root, "features");
    if (!plm_json_is_obj(root) || !plm_json_is_arr(features) ||
        !plm_str_is(plm_json_text(plm_json_get(root, "type")), "FeatureCollection"))
        return wrong(o, root, f, "is no GeoJSON FeatureCollection");
    if (plm_json_count(features) == 0) return wrong(o, root, f, "has no feature");
    plm_json_each(features, it, v) {
        plm_str code = code_of(v);
        if (!plm_str_is(plm_json_text(plm_json_get(v, "type")), "Feature"))
            return wrong(o, v, f, "a member of features is no Feature");
        if (!code.n)
            return wrong(o, v, f, "the feature has no properties.iso_a2, properties.name or id");
        plm_fault in = {0};
        if (!plm_maker_feature(m, code, PLM_LOCATE_DILATION_M, &in)) return passed(o, v, &in, f);
        if (!read_geometry(o, v, m, f)) return false;
    }
    return true;
}

plm_regions *plm_regions_parse(plm_str text, const char *path, plm_fault *f) {
    plm_fault in = {0};
    plm_region_maker m;
    plm_doc *d = plm_doc_parse(text, GEOJSON_BYTES_MAX, &in);
    if (!d) {
        plm_fail_at(f, in.code, path, in.line, in.column, "%s", in.say);
        return NULL;
    }
    origin o = {text, path, NULL};
    plm_json_pairs(plm_doc_root(d), it, k, v) {
        (void)v;
        const char *quote = memchr(text.p, '"', text.n);
        if (quote) o.base = plm_json_text(k).p - (quote + 1 - text.p);
        break;
    }
    plm_regions *r = NULL;
    if (plm_maker_start(&m, f)) {
        if (read_features(&o, plm_doc_root(d), &m, f)) r = plm_maker_finish(&m, f);
        else plm_maker_drop(&m);
    }
    plm_doc_free(d);
    if (!r && f && !f->where[0]) snprintf(f->where, sizeof f->where, "%s", path);
    return r;
}

plm_regions *plm_regions_read(const char *path, plm_fault *f) {
    plm_buf b;
    plm_buf_init(&b, GEOJSON_BYTES_MAX);
    plm_regions *r = NULL;
    if (plm_file_read(path, &b, f)) r = plm_regions_parse(plm_buf_str(&b), path, f);
    plm_buf_free(&b);
    return r;
}
