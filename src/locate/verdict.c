/* verdict.c: decides a chip, and writes the contract's result line.
 * Invariants: 1 excluded needs quorum landmarks of distinct operators, each farther from the
 * region than its bound; 2 inconsistent overrides every exclusion; 3 a larger RTT never turns
 * possible into excluded.  Held by tests/unit/test_locate.c. */
#include "base/file.h"
#include "base/json.h"
#include "locate/engine.h"

#include <stdlib.h>
#include <string.h>

const char *plm_place_name(plm_place p) {
    static const char *const names[] = {"excluded", "possible", "inconsistent"};
    return names[p];
}

static void put(plm_locate_verdict *v, size_t r, uint32_t at, uint32_t landmark, int32_t margin) {
    v->margin_m[at][r] = margin;
    v->by[at][r] = landmark;
}

/* Puts a landmark into a region's list: best first, one of each operator. */
static void rank(const plm_locate *l, plm_locate_verdict *v, size_t r, uint32_t landmark,
                 int32_t margin) {
    uint32_t n = v->n_by[r], at = n;
    for (uint32_t k = 0; k < n; k++)
        if (l->operator_no[v->by[k][r]] == l->operator_no[landmark]) {
            if (v->margin_m[k][r] >= margin) return;
            at = k; /* the operator's better landmark takes its place */
            break;
        }
    if (at == n) {
        if (n == l->quorum && v->margin_m[n - 1][r] >= margin) return;
        if (n < l->quorum) v->n_by[r]++;
        else at--;
    }
    for (; at > 0 && v->margin_m[at - 1][r] < margin; at--)
        put(v, r, at, v->by[at - 1][r], v->margin_m[at - 1][r]);
    put(v, r, at, landmark, margin);
}

/* What a walk over the measured landmarks found. */
typedef struct walk {
    plm_entry entry[PLM_BLOCK];
    uint32_t landmark[PLM_BLOCK];
    uint32_t n, least, last_op;
    uint64_t least_ns;
    bool first, cut;
} walk;

/* Takes the block's best into the verdict; the first block is most often the only one. */
static void take(const plm_locate *l, walk *w, plm_locate_verdict *v) {
    int32_t best[PLM_LOCATE_QUORUM_MAX * (PLM_LOCATE_DENY_MAX + PLM_LANES)];
    if (!w->n) return;
    plm_kernel_best(l, w->entry, w->n, best);
    unsigned q = l->quorum;
    for (size_t r = 0; r < l->n_deny; r++)
        for (unsigned k = 0; k < q; k++) {
            int32_t key = best[k * l->r_pad + r];
            if (key == INT32_MIN) break;
            uint32_t who = w->landmark[(uint32_t)key % PLM_BLOCK];
            if (w->first) {
                put(v, r, k, who, key >> 6);
                v->n_by[r] = k + 1;
            } else {
                rank(l, v, r, who, key >> 6);
            }
        }
    w->first = false;
    w->n = 0;
}

/* A region whose list has a landmark that keys can't hold: all over again, one by one. */
static void rank_all(const plm_locate *l, const uint64_t *rtt_ns, size_t r,
                     plm_locate_verdict *v) {
    v->n_by[r] = 0;
    for (uint32_t i = 0; i < l->n; i++)
        if (rtt_ns[i])
            rank(l, v, r, i, l->distance_m[i * l->r_pad + r] - plm_bound_m(rtt_ns[i], l->speed));
}

static void walk_all(const plm_locate *l, const uint64_t *rtt_ns, int32_t *bound, walk *w,
                     plm_locate_verdict *v) {
    for (uint32_t i = 0; i < l->n; i++) {
        uint32_t who = l->order[i];
        uint64_t ns = rtt_ns[who];
        if (ns == 0) continue;
        v->landmarks++;
        if (ns < w->least_ns) w->least_ns = ns, w->least = who;
        int32_t m = plm_bound_m(ns, l->speed);
        if (bound && m < PLM_EARTH_M) bound[who] = m + PLM_LOCATE_POSITION_M;
        if (m >= PLM_KEY_CUT_M) {
            w->cut = true;
            continue;
        }
        bool same = w->n && l->operator_no[who] == w->last_op;
        if (w->n == PLM_BLOCK) take(l, w, v), same = false;
        w->last_op = l->operator_no[who];
        w->landmark[w->n] = who;
        w->entry[w->n] = (plm_entry){i, m * (int32_t)PLM_BLOCK - (int32_t)w->n, same};
        w->n++;
    }
    take(l, w, v);
}

/* The landmarks that keys can't hold: they matter only where a margin is very short. */
static void take_cut(const plm_locate *l, const uint64_t *rtt_ns, plm_locate_verdict *v) {
    for (size_t r = 0; r < l->n_deny; r++) {
        uint32_t n = v->n_by[r];
        if (n == l->quorum && v->margin_m[n - 1][r] >= PLM_EARTH_M - PLM_KEY_CUT_M) continue;
        for (uint32_t i = 0; i < l->n; i++) {
            if (!rtt_ns[i]) continue;
            int32_t m = plm_locate_bound_m(rtt_ns[i], l->speed);
            if (m >= PLM_KEY_CUT_M) rank(l, v, r, i, l->distance_m[i * l->r_pad + r] - m);
        }
    }
}

static void place_all(const plm_locate *l, plm_locate_verdict *v) {
    unsigned q = l->quorum;
    v->denied = PLM_PLACE_EXCLUDED;
    for (size_t r = 0; r < l->n_deny; r++) {
        bool out = v->n_by[r] == q && v->margin_m[q - 1][r] > 0;
        v->place[r] = !v->consistent ? PLM_PLACE_INCONSISTENT
                      : out ? PLM_PLACE_EXCLUDED : PLM_PLACE_POSSIBLE;
        if (v->place[r] > v->denied) v->denied = v->place[r];
    }
}

/* The common case: up to PLM_BLOCK landmarks.  Inside, all is by slot. */
static void decide_few(const plm_locate *l, const uint64_t *rtt_ns, plm_locate_verdict *v) {
    const plm_kernel *kernel = l->kernel;
    const uint64_t *by_slot = rtt_ns;
    uint64_t moved[PLM_BLOCK];
    plm_bounds b;
    if (!l->distinct) {
        for (size_t i = 0; i < l->n; i++) moved[i] = rtt_ns[l->order[i]];
        by_slot = moved;
    }
    kernel->bounds(by_slot, (uint32_t)l->n, l->speed, &b);
    v->landmarks = b.measured;
    bool odd = kernel->best(l, &b, kernel->leaders(l, &b), v);
    for (unsigned k = 0; !l->distinct && k < l->quorum; k++)
        for (size_t r = 0; r < l->n_deny; r++) v->by[k][r] = l->order[v->by[k][r]];
    v->consistent = b.measured < 2 || plm_consistent_few(l, &b, v);
    kernel->places(l, v);
    if (!odd) return;
    for (size_t r = 0; r < l->n_deny; r++)
        if (v->margin_m[l->quorum - 1][r] < PLM_KEY_ODD_M) rank_all(l, rtt_ns, r, v);
    place_all(l, v);
}

/* Any number of landmarks and operators. */
static void decide_many(const plm_locate *l, const uint64_t *rtt_ns, plm_locate_verdict *v) {
    int32_t bound[PLM_PAIRS_MAX];
    walk w;
    w.n = 0;
    w.least = 0;
    w.least_ns = UINT64_MAX;
    w.first = true;
    w.cut = false;
    v->landmarks = 0;
    for (size_t r = 0; r < l->n_deny; r++) v->n_by[r] = 0;
    for (size_t i = 0; l->low && i < l->n_pad; i++) bound[i] = PLM_LOCATE_METRES_MAX;
    walk_all(l, rtt_ns, l->low ? bound : NULL, &w, v);
    if (w.cut) take_cut(l, rtt_ns, v);
    v->consistent = v->landmarks < 2 ||
                    plm_consistent(l, rtt_ns, l->low ? bound : NULL, w.least, v);
    place_all(l, v);
}

void plm_locate_decide(const plm_locate *l, const uint64_t *rtt_ns, plm_locate_verdict *v) {
    v->n_witness = 0;
    v->n_regions = (uint32_t)l->n_deny;
    if (l->few) decide_few(l, rtt_ns, v);
    else decide_many(l, rtt_ns, v);
}

typedef struct ranked {
    int32_t margin;
    uint32_t landmark;
} ranked;

static int by_margin(const void *a, const void *b) {
    const ranked *x = a, *y = b;
    if (x->margin != y->margin) return x->margin > y->margin ? -1 : 1;
    return (x->landmark > y->landmark) - (x->landmark < y->landmark);
}

static void put_km(plm_jw *w, int32_t m) {
    char text[32];
    uint32_t a = m < 0 ? 0u - (uint32_t)m : (uint32_t)m;
    int n = snprintf(text, sizeof text, "%s%u.%03u", m < 0 ? "-" : "", a / 1000, a % 1000);
    plm_jw_raw(w, (plm_str){text, (size_t)n});
}

/* All landmarks that exclude the region by themselves, best first. */
static void put_by(const plm_locate *l, const uint64_t *rtt_ns, size_t r, ranked *room,
                   plm_jw *w) {
    size_t n = 0;
    for (uint32_t i = 0; i < l->n; i++) {
        if (!rtt_ns[i]) continue;
        int32_t m = l->distance_m[i * l->r_pad + r] - plm_locate_bound_m(rtt_ns[i], l->speed);
        if (m > 0) room[n++] = (ranked){m, i};
    }
    if (n) qsort(room, n, sizeof *room, by_margin);
    plm_jw_key(w, "by");
    plm_jw_arr(w);
    for (size_t i = 0; i < n; i++) plm_jw_str(w, l->landmark[room[i].landmark].id);
    plm_jw_end_arr(w);
}

static void put_region(const plm_locate *l, const uint64_t *rtt_ns,
                       const plm_locate_verdict *v, size_t r, ranked *room, plm_jw *w) {
    char code[PLM_LOCATE_ID_MAX + 1];
    snprintf(code, sizeof code, "%.*s", PLM_FMT(l->deny[r].code));
    plm_jw_key(w, code);
    plm_jw_obj(w);
    plm_jw_kcstr(w, "verdict", plm_place_name(v->place[r]));
    plm_jw_key(w, "margin_km");
    if (v->n_by[r] == l->quorum) put_km(w, v->margin_m[l->quorum - 1][r]);
    else plm_jw_null(w);
    if (v->place[r] == PLM_PLACE_INCONSISTENT) {
        plm_jw_key(w, "by");
        plm_jw_arr(w);
        plm_jw_end_arr(w);
    } else {
        put_by(l, rtt_ns, r, room, w);
    }
    plm_jw_end_obj(w);
}

static void put_terms(const plm_locate *l, plm_jw *w) {
    char hex[65];
    plm_jw_kcstr(w, "speed", plm_speed_name(l->speed));
    plm_jw_kint(w, "quorum", l->quorum);
    plm_jw_kcstr(w, "policy",
                 (const char *const[]){"", "separate", "undisputed", "separate,undisputed"}
                     [l->policy & 3]);
    plm_hex(l->source->hash, 32, hex);
    plm_jw_kcstr(w, "polygons", hex);
    plm_hex(l->landmark_hash, 32, hex);
    plm_jw_kcstr(w, "landmark_table", hex);
    plm_hex(l->distance_hash, 32, hex);
    plm_jw_kcstr(w, "distance_table", hex);
}

bool plm_locate_put_verdict(const plm_locate *l, plm_str target, const uint64_t *rtt_ns,
                            const plm_locate_verdict *v, plm_str more, plm_buf *out) {
    plm_jw w = plm_jw_into(out);
    ranked *room = plm_mem_resize(NULL, (l->n + 1) * sizeof *room);
    if (!room) return false;
    plm_jw_obj(&w);
    plm_jw_kstr(&w, "target", target);
    plm_jw_kint(&w, "landmarks", v->landmarks);
    plm_jw_kbool(&w, "consistent", v->consistent);
    if (v->n_witness) {
        plm_jw_key(&w, "contradict");
        plm_jw_arr(&w);
        for (uint32_t i = 0; i < v->n_witness; i++)
            plm_jw_str(&w, l->landmark[v->witness[i]].id);
        plm_jw_end_arr(&w);
    }
    plm_jw_key(&w, "regions");
    plm_jw_obj(&w);
    for (size_t r = 0; r < l->n_deny; r++) put_region(l, rtt_ns, v, r, room, &w);
    plm_jw_end_obj(&w);
    plm_jw_kcstr(&w, "denied", plm_place_name(v->denied));
    put_terms(l, &w);
    if (more.n) {
        plm_buf_puts(out, ", ");
        plm_buf_put(out, more.p, more.n);
    }
    plm_jw_end_obj(&w);
    plm_mem_free(room);
    return !out->full;
}
