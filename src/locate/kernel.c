/* kernel.c: the inner loops of a decision in plain C; kernel_avx2.c has them in vectors.
 * A key is (distance - bound) * 64 + slot, so that one maximum carries its landmark along, and no
 * two keys of a region are equal.
 * Invariants: 1 both forms give the same; 2 a landmark that leaders leaves out is among no
 * region's best.  Held by the_kernels_agree_with_a_plain_loop and
 * the_engine_says_what_its_twin_says. */
#include "locate/engine.h"

const double plm_cap_series[5] = {1.0 / 110, 1.0 / 72, 1.0 / 42, 1.0 / 20, 1.0 / 6};

static inline int32_t larger(int32_t a, int32_t b) { return a > b ? a : b; }
static inline int32_t lesser(int32_t a, int32_t b) { return a < b ? a : b; }

static void insert(int32_t *best, size_t r_pad, unsigned q, int32_t key) {
    for (unsigned k = 0; k < q; k++) {
        int32_t had = best[k * r_pad];
        best[k * r_pad] = larger(had, key);
        key = lesser(had, key);
    }
}

void plm_kernel_best(const plm_locate *l, const plm_entry *e, uint32_t n, int32_t *best) {
    for (size_t i = 0; i < l->r_pad * l->quorum; i++) best[i] = INT32_MIN;
    for (size_t r = 0; n && r < l->r_pad; r++) {
        int32_t group = INT32_MIN;
        for (uint32_t i = 0; i < n; i++) {
            int32_t key = l->key[e[i].row * l->r_pad + r] - e[i].off;
            if (i && !e[i].same) insert(best + r, l->r_pad, l->quorum, group), group = INT32_MIN;
            group = larger(group, key);
        }
        insert(best + r, l->r_pad, l->quorum, group);
    }
}

static void bounds_plain(const uint64_t *rtt_ns, uint32_t n, plm_speed s, plm_bounds *b) {
    b->measured = b->least = b->next = 0;
    int32_t least = INT32_MAX, next = INT32_MAX;
    uint32_t n_pad = (n + PLM_LANES - 1) / PLM_LANES * PLM_LANES;
    for (uint32_t i = 0; i < n_pad; i++) {
        uint64_t ns = i < n ? rtt_ns[i] : 0;
        b->measured += ns != 0;
        int32_t m = ns ? lesser(plm_bound_m(ns, s), PLM_KEY_NONE_M) : PLM_KEY_NONE_M;
        b->off[i] = m * (int32_t)PLM_BLOCK - (int32_t)i;
        b->disk_m[i] = m + PLM_LOCATE_POSITION_M;
        if (i == 0 || m < least) {
            next = least, b->next = b->least;
            least = m, b->least = i;
        } else if (i == 1 || m < next) {
            next = m, b->next = i;
        }
    }
    if (b->next >= n) b->next = b->least;
}

static uint64_t all_of(size_t n) { return n >= 64 ? UINT64_MAX : ((uint64_t)1 << n) - 1; }

/* The least of another operator than the least's; itself where there is none. */
uint32_t plm_kernel_other(const plm_locate *l, const plm_bounds *b) {
    uint32_t best = b->least;
    if (l->slot_op[b->next] != l->slot_op[b->least]) return b->next;
    for (uint32_t i = 0; i < l->n; i++)
        if (l->slot_op[i] != l->slot_op[b->least] && (best == b->least || b->off[i] < b->off[best]))
            best = i;
    return best;
}

/* Key by key, k is behind i in each region if lead[i][k] <= off[k] - off[i].  Behind as many others
 * of distinct operators as the quorum, it is among no region's best. */
static uint64_t leaders_plain(const plm_locate *l, const plm_bounds *b) {
    uint32_t next = plm_kernel_other(l, b);
    if (l->quorum > 2 || next == b->least) return all_of(l->n);
    const int32_t *a = l->lead + b->least * l->n_pad, *z = l->lead + next * l->n_pad;
    uint64_t keep = (uint64_t)1 << b->least | (uint64_t)1 << next;
    for (size_t k = 0; k < l->n; k++) {
        int behind = (a[k] <= b->off[k] - b->off[b->least]) + (z[k] <= b->off[k] - b->off[next]);
        if (behind < (int)l->quorum) keep |= (uint64_t)1 << k;
    }
    return keep;
}

static bool best_plain(const plm_locate *l, const plm_bounds *b, uint64_t leaders,
                       plm_locate_verdict *v) {
    bool odd = false;
    for (size_t r = 0; r < l->n_deny; r++) {
        int32_t best[PLM_LOCATE_QUORUM_MAX];
        int32_t group = INT32_MIN, op = -1;
        for (unsigned k = 0; k < l->quorum; k++) best[k] = INT32_MIN;
        for (uint64_t left = leaders; left; left &= left - 1) {
            uint32_t i = (uint32_t)__builtin_ctzll(left);
            if (l->slot_op[i] != op) insert(best, 1, l->quorum, group), group = INT32_MIN;
            op = l->slot_op[i];
            group = larger(group, l->key[i * l->r_pad + r] - b->off[i]);
        }
        insert(best, 1, l->quorum, group);
        for (unsigned k = 0; k < l->quorum; k++) {
            v->margin_m[k][r] = best[k] >> 6;
            v->by[k][r] = (uint32_t)best[k] % PLM_BLOCK;
        }
        odd |= v->margin_m[l->quorum - 1][r] < PLM_KEY_ODD_M;
    }
    return odd;
}

static plm_row row_plain(const plm_locate *l, const int32_t *disk_m, uint32_t who) {
    const int32_t *low = l->low + who * l->n_pad, *high = l->high + who * l->n_pad;
    plm_row x = {0, 0, 0};
    for (size_t i = 0; i < l->n; i++) {
        x.apart |= (uint64_t)(low[i] > disk_m[i] + disk_m[who]) << i;
        x.outside |= (uint64_t)(high[i] > disk_m[i]) << i;
        x.part |= (uint64_t)(high[i] + disk_m[who] > disk_m[i]) << i;
    }
    return x;
}

/* Never above 4 sin^2(bound / 2a).  (The series of the sine, cut after a negative term.) */
static void rooms_plain(plm_caps *w) {
    for (size_t i = 0; i < w->n; i++) {
        double x = w->bound_m[i] * PLM_CAP_HALF, y = x * x, t = 1;
        for (int k = 0; k < 5; k++) t = 1 - y * plm_cap_series[k] * t;
        w->room[i] = x >= PLM_CAP_END ? 5 : 4 * y * (t * t);
    }
}

static size_t missed_plain(const plm_caps *w, const plm_geo *p, double *chord2) {
    double worst = 0;
    size_t at = w->n;
    for (size_t i = 0; i < w->n; i++) {
        double x = p->x - w->x[i], y = p->y - w->y[i], z = p->z - w->z[i];
        double q = x * x + y * y + z * z, over = q - w->room[i];
        if (over > worst) worst = over, at = i, *chord2 = q;
    }
    return at;
}

static bool around_plain(const plm_locate *l, const int32_t *disk_m, uint32_t who) {
    plm_row x = row_plain(l, disk_m, who);
    return !(x.apart | x.outside);
}

static uint64_t excluded_plain(const plm_locate_verdict *v, size_t r) {
    uint64_t x = 0;
    for (size_t i = 0; i < PLM_BLOCK && r + i < v->n_regions; i++)
        x |= (uint64_t)(v->place[r + i] == PLM_PLACE_EXCLUDED) << i;
    return x;
}

static void places_plain(const plm_locate *l, plm_locate_verdict *v) {
    const int32_t *margin = v->margin_m[l->quorum - 1];
    v->denied = PLM_PLACE_EXCLUDED;
    for (size_t r = 0; r < l->n_deny; r++) {
        v->n_by[r] = l->quorum;
        v->place[r] = !v->consistent ? PLM_PLACE_INCONSISTENT
                      : margin[r] > 0 ? PLM_PLACE_EXCLUDED : PLM_PLACE_POSSIBLE;
        if (v->place[r] > v->denied) v->denied = v->place[r];
    }
}

const plm_kernel plm_kernel_plain = {
    bounds_plain, leaders_plain, best_plain,   row_plain,      around_plain,
    rooms_plain,  missed_plain,  places_plain, excluded_plain,
};
