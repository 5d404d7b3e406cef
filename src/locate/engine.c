/* engine.c: builds the tables of a plm_locate: landmark to region, landmark to landmark.
 * Invariants: 1 distance_m is never above the true distance less the dilation; 2 a code of deny
 * is one region, CN with HK and MO (unless separate) and with the reefs that CN holds (unless
 * undisputed).  Held by tests/unit/test_locate.c. */
#include "locate/engine.h"
#include "base/file.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define ARENA_BYTES_MAX ((size_t)8 << 30)

static bool short_of_memory(plm_fault *f) { return plm_fail(f, PLM_NO_MEMORY, "out of memory"); }

static bool add_row(plm_locate *l, plm_deny *d, plm_str code, bool must, plm_fault *f) {
    size_t row = plm_regions_find(l->source, code);
    if (row == plm_regions_count(l->source)) {
        if (!must) return true;
        return plm_fail(f, PLM_NOT_FOUND,
                        "no region has the code '%.*s'; codes are two capitals (CN), or as the "
                        "regions file names them",
                        (int)(code.n > 60 ? 60 : code.n), code.p);
    }
    d->row[d->n_rows++] = (uint32_t)row;
    int32_t wide = plm_regions_dilation_m(l->source, row);
    if (wide > d->dilation_m) d->dilation_m = wide;
    return true;
}

static bool add_deny(plm_locate *l, plm_str code, plm_fault *f) {
    for (size_t i = 0; i < l->n_deny; i++)
        if (plm_str_eq(l->deny[i].code, code)) return true;
    if (l->n_deny == PLM_LOCATE_DENY_MAX)
        return plm_fail(f, PLM_OUT_OF_RANGE, "more than %d denied regions", PLM_LOCATE_DENY_MAX);
    plm_deny *d = &l->deny[l->n_deny];
    d->row = plm_arena_array(l->arena, 4, sizeof *d->row);
    d->code = plm_arena_copy(l->arena, code);
    if (!d->row || !d->code.p) return short_of_memory(f);
    if (!add_row(l, d, code, true, f)) return false;
    if (plm_str_is(code, "CN")) {
        bool all = !(l->policy & PLM_POLICY_SEPARATE);
        if (all && (!add_row(l, d, PLM_STR("HK"), false, f) ||
                    !add_row(l, d, PLM_STR("MO"), false, f)))
            return false;
        if (!(l->policy & PLM_POLICY_UNDISPUTED) && !add_row(l, d, PLM_STR("CN-held"), false, f))
            return false;
    }
    l->n_deny++;
    return true;
}

static bool read_deny(plm_locate *l, plm_str deny, plm_fault *f) {
    l->deny = plm_arena_array(l->arena, PLM_LOCATE_DENY_MAX, sizeof *l->deny);
    if (!l->deny) return short_of_memory(f);
    for (size_t i = 0; i <= deny.n;) {
        const char *comma = i < deny.n ? memchr(deny.p + i, ',', deny.n - i) : NULL;
        size_t end = comma ? (size_t)(comma - deny.p) : deny.n;
        plm_str code = plm_str_trim((plm_str){deny.p + i, end - i});
        if (!code.n)
            return plm_fail(f, PLM_BAD_INPUT, "the list of denied regions has an empty code; "
                                              "write codes with commas: CN,RU");
        if (!add_deny(l, code, f)) return false;
        i = end + 1;
    }
    l->r_pad = (l->n_deny + PLM_LANES - 1) / PLM_LANES * PLM_LANES;
    return true;
}

typedef struct op {
    plm_str name;
    uint32_t row;
} op;

static int by_name(const void *a, const void *b) {
    const op *x = a, *y = b;
    int c = plm_str_cmp(x->name, y->name);
    return c ? c : (x->row > y->row) - (x->row < y->row);
}

/* Numbers the operators, and orders the landmarks by them. */
static bool number_operators(plm_locate *l, plm_fault *f) {
    op *o = plm_arena_array(l->arena, l->n + 1, sizeof *o);
    l->operator_no = plm_arena_array(l->arena, l->n + 1, sizeof *l->operator_no);
    l->order = plm_arena_array(l->arena, l->n + 1, sizeof *l->order);
    if (!o || !l->operator_no || !l->order) return short_of_memory(f);
    for (uint32_t i = 0; i < l->n; i++) o[i] = (op){l->landmark[i].operator_name, i};
    if (l->n) qsort(o, l->n, sizeof *o, by_name);
    uint32_t no = 0;
    l->distinct = true;
    for (uint32_t i = 0; i < l->n; i++) {
        bool same = i && o[i].name.n && plm_str_eq(o[i].name, o[i - 1].name);
        no += i && !same;
        if (same) l->distinct = false;
        l->operator_no[o[i].row] = no;
        l->order[i] = o[i].row;
    }
    for (uint32_t i = 0; l->distinct && i < l->n; i++) l->order[i] = i;
    return true;
}

static bool copy_landmarks(plm_locate *l, const plm_landmark *from, plm_fault *f) {
    l->landmark = plm_arena_array(l->arena, l->n + 1, sizeof *l->landmark);
    l->at = plm_arena_array(l->arena, l->n + 1, sizeof *l->at);
    if (!l->landmark || !l->at) return short_of_memory(f);
    for (size_t i = 0; i < l->n; i++) {
        plm_landmark *m = &l->landmark[i];
        *m = from[i];
        m->id = plm_arena_copy(l->arena, from[i].id);
        m->operator_name = from[i].operator_name.n
                               ? plm_arena_copy(l->arena, from[i].operator_name)
                               : (plm_str){"", 0};
        if (!m->id.p || !m->operator_name.p) return short_of_memory(f);
        if (m->lat_e7 < -900000000 || m->lat_e7 > 900000000 || m->lon_e7 < -1800000000 ||
            m->lon_e7 > 1800000000)
            return plm_fail(f, PLM_OUT_OF_RANGE, "the landmark '%.*s' lies at no place on Earth",
                            (int)(m->id.n > 60 ? 60 : m->id.n), m->id.p);
        l->at[i] = plm_geo_at(m->lat_e7, m->lon_e7);
    }
    return number_operators(l, f);
}

static bool fill_distances(plm_locate *l, plm_fault *f) {
    l->distance_m = plm_arena_array(l->arena, l->n * l->r_pad + PLM_LANES, sizeof(int32_t));
    l->key = plm_arena_array(l->arena, l->n * l->r_pad + PLM_LANES, sizeof(int32_t));
    if (!l->distance_m || !l->key) return short_of_memory(f);
    for (size_t i = 0; i < l->n; i++)
        for (size_t r = 0; r < l->n_deny; r++) {
            const plm_landmark *m = &l->landmark[i];
            double least = PLM_EARTH_M;
            for (uint32_t k = 0; k < l->deny[r].n_rows && least > 0; k++) {
                uint32_t row = l->deny[r].row[k];
                double d = plm_region_low_m(l->source, row, &l->at[i], m->lat_e7, m->lon_e7) -
                           plm_regions_dilation_m(l->source, row);
                least = fmin(least, d);
            }
            l->distance_m[i * l->r_pad + r] = least > 0 ? (int32_t)least : 0;
        }
    for (size_t i = 0; i < l->n; i++)
        for (size_t r = 0; r < l->r_pad; r++)
            l->key[i * l->r_pad + r] =
                l->distance_m[l->order[i] * l->r_pad + r] * (int32_t)PLM_BLOCK;
    return true;
}

static bool fill_pairs(plm_locate *l, plm_fault *f) {
    l->n_pad = (l->n + PLM_LANES - 1) / PLM_LANES * PLM_LANES;
    l->few = l->n <= PLM_BLOCK && l->n >= l->quorum;
    if (l->n > PLM_PAIRS_MAX) return true;
    l->low = plm_arena_array(l->arena, (l->n + 1) * l->n_pad, sizeof(int32_t));
    l->high = plm_arena_array(l->arena, (l->n + 1) * l->n_pad, sizeof(int32_t));
    if (!l->low || !l->high) return short_of_memory(f);
    for (size_t i = 0; i < l->n; i++)
        for (size_t k = 0; k < l->n; k++) {
            double low, high;
            size_t a = l->few ? l->order[i] : i, b = l->few ? l->order[k] : k;
            plm_geo_both(&l->at[a], &l->at[b], &low, &high);
            l->low[i * l->n_pad + k] = (int32_t)low;
            l->high[i * l->n_pad + k] = i == k ? 0 : (int32_t)ceil(high);
        }
    return true;
}

/* Where one landmark's margin exceeds another's in every region, whatever the regions, the other
 * can't be best anywhere: lead tells from two bounds alone (see plm_kernel.leaders). */
static bool fill_leads(plm_locate *l, plm_fault *f) {
    l->kernel = plm_kernel_of_machine();
    if (!l->few) return true;
    l->lead = plm_arena_array(l->arena, l->n * l->n_pad + PLM_LANES, sizeof(int32_t));
    l->slot_op = plm_arena_array(l->arena, l->n_pad + PLM_LANES, sizeof(int32_t));
    if (!l->lead || !l->slot_op) return short_of_memory(f);
    for (size_t i = 0; i < l->n; i++) l->slot_op[i] = (int32_t)l->operator_no[l->order[i]];
    for (size_t i = 0; i < l->n; i++)
        for (size_t k = 0; k < l->n; k++) {
            int32_t most = INT32_MIN;
            for (size_t r = 0; r < l->n_deny; r++) {
                int32_t d = l->key[k * l->r_pad + r] - l->key[i * l->r_pad + r];
                most = d > most ? d : most;
            }
            l->lead[i * l->n_pad + k] = most;
        }
    return true;
}

static void put_le(plm_buf *b, uint32_t v) {
    for (int i = 0; i < 4; i++) plm_buf_putc(b, (char)(v >> (8 * i)));
}

static void put_text(plm_buf *b, plm_str s) {
    put_le(b, (uint32_t)s.n);
    plm_buf_put(b, s.p, s.n);
}

static bool hash_tables(plm_locate *l, plm_fault *f) {
    plm_buf b;
    plm_buf_init(&b, (size_t)1 << 30);
    for (size_t i = 0; i < l->n; i++) {
        put_text(&b, l->landmark[i].id);
        put_text(&b, l->landmark[i].operator_name);
        put_le(&b, (uint32_t)l->landmark[i].lat_e7);
        put_le(&b, (uint32_t)l->landmark[i].lon_e7);
    }
    plm_sha256_of(plm_buf_str(&b), l->landmark_hash);
    bool full = b.full;
    plm_buf_clear(&b);
    plm_buf_put(&b, l->landmark_hash, 32);
    plm_buf_put(&b, l->source->hash, 32);
    put_le(&b, l->policy);
    for (size_t r = 0; r < l->n_deny; r++) {
        put_text(&b, l->deny[r].code);
        put_le(&b, (uint32_t)l->deny[r].dilation_m);
        for (size_t i = 0; i < l->n; i++) put_le(&b, (uint32_t)l->distance_m[i * l->r_pad + r]);
    }
    plm_sha256_of(plm_buf_str(&b), l->distance_hash);
    full |= b.full;
    plm_buf_free(&b);
    return full ? short_of_memory(f) : true;
}

static bool build(plm_locate *l, const plm_locate_setup *s, plm_fault *f) {
    l->speed = s->speed ? s->speed : PLM_SPEED_C;
    l->quorum = s->quorum ? s->quorum : 2;
    l->policy = s->policy;
    l->n = s->n_landmarks;
    l->source = s->regions;
    if (l->quorum > PLM_LOCATE_QUORUM_MAX)
        return plm_fail(f, PLM_OUT_OF_RANGE, "a quorum is 1 to %d", PLM_LOCATE_QUORUM_MAX);
    if (l->n > PLM_LOCATE_LANDMARKS_MAX)
        return plm_fail(f, PLM_OUT_OF_RANGE, "more than %d landmarks", PLM_LOCATE_LANDMARKS_MAX);
    return read_deny(l, s->deny, f) && copy_landmarks(l, s->landmarks, f) &&
           fill_distances(l, f) && fill_pairs(l, f) && fill_leads(l, f) && hash_tables(l, f) &&
           plm_cert_prepare(l, f);
}

plm_locate *plm_locate_new(const plm_locate_setup *s, plm_fault *f) {
    plm_arena *a = plm_arena_new(ARENA_BYTES_MAX);
    plm_locate *l = a ? plm_arena_alloc(a, sizeof *l) : NULL;
    if (!l) short_of_memory(f);
    if (l) l->arena = a;
    if (l && build(l, s, f)) return l;
    plm_arena_free(a);
    return NULL;
}

void plm_locate_free(plm_locate *l) {
    if (l) plm_arena_free(l->arena);
}

size_t plm_locate_landmarks(const plm_locate *l) { return l->n; }
size_t plm_locate_regions(const plm_locate *l) { return l->n_deny; }
plm_str plm_locate_region_code(const plm_locate *l, size_t r) { return l->deny[r].code; }

int32_t plm_locate_distance_m(const plm_locate *l, size_t i, size_t r) {
    return l->distance_m[i * l->r_pad + r];
}

void plm_locate_hashes(const plm_locate *l, unsigned char landmarks[32],
                       unsigned char distances[32]) {
    memcpy(landmarks, l->landmark_hash, 32);
    memcpy(distances, l->distance_hash, 32);
}
