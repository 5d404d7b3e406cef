/* locate_twin.h: the first engine's decision as it was before the fast one, for comparison: plain
 * loops, blocks of keys, steps and cells, nothing shared with src/locate but tables and geodesics.
 * twin_decide must say, of any chip, what plm_locate_decide says. */
#ifndef PLM_TEST_LOCATE_TWIN_H
#define PLM_TEST_LOCATE_TWIN_H

#include <math.h>
#include <string.h>

#include "locate/engine.h"

#define TWIN_KEY_CUT_M 33000000

typedef struct twin_region {
    int32_t margin_m[PLM_LOCATE_QUORUM_MAX];
    uint32_t by[PLM_LOCATE_QUORUM_MAX];
    uint32_t n_by;
    plm_place place;
} twin_region;

typedef struct twin_verdict {
    uint32_t landmarks, n_witness, witness[2];
    bool consistent;
    plm_place denied;
    twin_region region[PLM_LOCATE_DENY_MAX];
} twin_verdict;

typedef struct twin_entry {
    uint32_t row;
    int32_t off;
    bool same;
} twin_entry;

static inline int32_t larger(int32_t a, int32_t b) { return a > b ? a : b; }
static inline int32_t lesser(int32_t a, int32_t b) { return a < b ? a : b; }

static void insert(int32_t *best, size_t r_pad, unsigned q, int32_t key) {
    for (unsigned k = 0; k < q; k++) {
        int32_t had = best[k * r_pad];
        best[k * r_pad] = larger(had, key);
        key = lesser(had, key);
    }
}

static void best_plain(const plm_locate *l, const twin_entry *e, uint32_t n, int32_t *best) {
    for (size_t r = 0; r < l->r_pad; r++) {
        int32_t group = INT32_MIN;
        for (uint32_t i = 0; i < n; i++) {
            int32_t key = l->key[e[i].row * l->r_pad + r] - e[i].off;
            if (i && !e[i].same) insert(best + r, l->r_pad, l->quorum, group), group = INT32_MIN;
            group = larger(group, key);
        }
        insert(best + r, l->r_pad, l->quorum, group);
    }
}

static void twin_best(const plm_locate *l, const twin_entry *e, uint32_t n, int32_t *best) {
    for (size_t i = 0; i < l->r_pad * l->quorum; i++) best[i] = INT32_MIN;
    if (n) best_plain(l, e, n, best);
}

#define CELLS_MAX 20000
#define CELL_M_MIN 30.0
#define STACK_MAX 256
#define STEPS_MAX 48
#define STEP_DISKS_MAX 256
#define HALF_PI 1.5707963267948966
#define PI 3.141592653589793

typedef struct cell {
    double b0, b1, l0, l1; /* radians */
    double over_m;         /* by how much its centre misses the disk it misses most */
} cell;

/* Greatest distance from the cell's centre to a point of it, or more. */
static double radius_high(const cell *c) {
    double widest = c->b0 <= 0 && c->b1 >= 0 ? 1 : cos(fmin(fabs(c->b0), fabs(c->b1)));
    double n = (c->b1 - c->b0) / 2, e = (c->l1 - c->l0) / 2 * widest;
    return PLM_GEO_A * sqrt(n * n + e * e) * (1 + 1e-9) + 0.001;
}

typedef enum seen { CELL_OUT, CELL_OPEN, CELL_MEETS } seen;

static seen look(cell *c, const plm_disk *disk, size_t n, double radius) {
    double b = (c->b0 + c->b1) / 2, l = (c->l0 + c->l1) / 2;
    plm_geo u = {cos(b) * cos(l), cos(b) * sin(l), sin(b)};
    bool meets = true;
    c->over_m = -1e9;
    for (size_t i = 0; i < n; i++) {
        double low, high;
        plm_geo_both(&u, &disk[i].u, &low, &high);
        if (low - disk[i].bound_m > radius) return CELL_OUT;
        meets &= high <= disk[i].bound_m;
        c->over_m = fmax(c->over_m, low - disk[i].bound_m);
    }
    return meets ? CELL_MEETS : CELL_OPEN;
}

/* A box around a disk: latitudes within its angle, longitudes by the tangent meridians. */
static cell box(const plm_disk *d) {
    double angle = fmin(d->bound_m / PLM_GEO_B * (1 + 1e-9) + 1e-9, PI);
    double b = asin(fmax(-1, fmin(1, d->u.z))), l = atan2(d->u.y, d->u.x);
    cell c = {fmax(b - angle, -HALF_PI), fmin(b + angle, HALF_PI), l - PI, l + PI, 0};
    if (b - angle > -HALF_PI && b + angle < HALF_PI) {
        double w = asin(fmin(1, sin(angle) / cos(b))) + 1e-9;
        c.l0 = l - w;
        c.l1 = l + w;
    }
    return c;
}

static void halve(const cell *c, cell out[2]) {
    double widest = cos(fmin(fabs(c->b0), fabs(c->b1)));
    if (c->b0 <= 0 && c->b1 >= 0) widest = 1;
    out[0] = out[1] = *c;
    if (c->b1 - c->b0 > (c->l1 - c->l0) * widest)
        out[0].b1 = out[1].b0 = (c->b0 + c->b1) / 2;
    else out[0].l1 = out[1].l0 = (c->l0 + c->l1) / 2;
}

/* Never above 4 sin^2(bound / 2a): a point with a squared chord up to it lies in the disk, for a
 * geodesic is at most a times the arc.  (The series of the sine, cut after a negative term.) */
static double chord2_in(int32_t bound_m) {
    double x = bound_m / (2 * PLM_GEO_A) * (1 - 1e-8), y = x * x;
    if (x >= HALF_PI) return 5;
    double s = x * (1 - y / 6 * (1 - y / 20 * (1 - y / 42 * (1 - y / 72 * (1 - y / 110)))));
    return 4 * s * s;
}

/* Looks for a common point quickly: from the smallest disk's centre, steps into the disk that is
 * missed most, nearly twice as far as to its edge (plain projection zigzags).  True is certain,
 * false says nothing. */
static bool step_inside(const plm_disk *disk, size_t n) {
    double room[STEP_DISKS_MAX];
    if (n > STEP_DISKS_MAX) return false;
    for (size_t i = 0; i < n; i++) room[i] = chord2_in(disk[i].bound_m);
    plm_geo p = disk[0].u;
    for (int step = 0; step < STEPS_MAX; step++) {
        double worst = 0, share = 0;
        size_t at = 0;
        for (size_t i = 0; i < n; i++) {
            double x = p.x - disk[i].u.x, y = p.y - disk[i].u.y, z = p.z - disk[i].u.z;
            double q = x * x + y * y + z * z, over = q - room[i];
            if (over > worst) worst = over, at = i, share = q;
        }
        if (worst <= 0) return true;
        double t = 1.9 * (1 - sqrt(room[at] / share));
        p.x += t * (disk[at].u.x - p.x);
        p.y += t * (disk[at].u.y - p.y);
        p.z += t * (disk[at].u.z - p.z);
        double len = sqrt(p.x * p.x + p.y * p.y + p.z * p.z);
        if (len < 0.1) return false;
        p.x /= len, p.y /= len, p.z /= len;
    }
    return false;
}

static bool search(const plm_disk *disk, size_t n) {
    cell stack[STACK_MAX];
    size_t top = 0;
    stack[top] = box(&disk[0]);
    seen first = look(&stack[0], disk, n, radius_high(&stack[0]));
    if (first != CELL_OPEN) return first == CELL_MEETS;
    top = 1;
    for (int cells = 0; top > 0; cells += 2) {
        cell half[2], at = stack[--top];
        if (cells > CELLS_MAX || top + 2 > STACK_MAX) return true;
        halve(&at, half);
        size_t open = 0;
        for (int i = 0; i < 2; i++) {
            double r = radius_high(&half[i]);
            seen s = look(&half[i], disk, n, r);
            if (s == CELL_MEETS || (s == CELL_OPEN && r < CELL_M_MIN)) return true;
            if (s == CELL_OPEN) stack[top + open++] = half[i];
        }
        if (open == 2 && stack[top].over_m < stack[top + 1].over_m) {
            cell swap = stack[top];
            stack[top] = stack[top + 1];
            stack[top + 1] = swap;
        }
        top += open;
    }
    return false;
}

/* Puts a disk among the smallest PLM_DISKS_MAX; leaving one out only makes the disks meet. */
static void keep(plm_disk *disk, size_t *n, plm_disk d) {
    if (*n < PLM_DISKS_MAX) {
        disk[(*n)++] = d;
        return;
    }
    size_t worst = 1;
    for (size_t i = 2; i < *n; i++)
        if (disk[i].bound_m > disk[worst].bound_m) worst = i;
    if (d.bound_m < disk[worst].bound_m) disk[worst] = d;
}

/* Where the engine keeps a landmark's distances. */
static size_t slot_of(const plm_locate *l, size_t landmark) {
    size_t i = 0;
    if (!l->few) return landmark;
    while (l->order[i] != landmark) i++;
    return i;
}

static void show(twin_verdict *v, uint32_t a, uint32_t b) {
    v->n_witness = 2;
    v->witness[0] = a;
    v->witness[1] = b;
}

static int32_t apart_low(const plm_locate *l, const plm_disk *a, const plm_disk *b) {
    if (l->low) return l->low[slot_of(l, a->landmark) * l->n_pad + slot_of(l, b->landmark)];
    return (int32_t)plm_geo_low(&a->u, &b->u);
}

/* The disks that don't hold the whole smallest one; false when one is apart from it. */
static bool gather(const plm_locate *l, const uint64_t *rtt_ns, const int32_t *disk_m,
                   uint32_t least, plm_disk *disk, size_t *n, twin_verdict *v) {
    int32_t own = plm_disk_m(rtt_ns[least], l->speed);
    disk[0] = (plm_disk){l->at[least], own, least};
    *n = 1;
    for (uint32_t i = 0; i < l->n; i++) {
        if (i == least || !rtt_ns[i]) continue;
        double low, high;
        int32_t bound = disk_m ? disk_m[i] : plm_disk_m(rtt_ns[i], l->speed);
        if (l->low) {
            low = l->low[slot_of(l, least) * l->n_pad + slot_of(l, i)];
            high = l->high[slot_of(l, least) * l->n_pad + slot_of(l, i)];
        } else {
            if (bound - own > PLM_EARTH_M) continue;
            plm_geo_both(&l->at[least], &l->at[i], &low, &high);
        }
        if (low > (double)bound + own) {
            show(v, least, i);
            return false;
        }
        if (high + own > bound) keep(disk, n, (plm_disk){l->at[i], bound, i});
    }
    return true;
}

static bool twin_consistent(const plm_locate *l, const uint64_t *rtt_ns, const int32_t *disk_m,
                    uint32_t least, twin_verdict *v) {
    plm_disk disk[PLM_DISKS_MAX];
    size_t n;
    if (!gather(l, rtt_ns, disk_m, least, disk, &n, v)) return false;
    if (step_inside(disk, n)) return true;
    for (size_t i = 1; i < n; i++)
        for (size_t k = i + 1; k < n; k++)
            if (apart_low(l, &disk[i], &disk[k]) > disk[i].bound_m + disk[k].bound_m) {
                show(v, disk[i].landmark, disk[k].landmark);
                return false;
            }
    return search(disk, n);
}

/* Puts a landmark into a region's list: best first, one of each operator. */
static void rank(const plm_locate *l, twin_region *g, uint32_t landmark,
                 int32_t margin) {
    uint32_t n = g->n_by, at = n;
    for (uint32_t k = 0; k < n; k++)
        if (l->operator_no[g->by[k]] == l->operator_no[landmark]) {
            if (g->margin_m[k] >= margin) return;
            at = k; /* the operator's better landmark takes its place */
            break;
        }
    if (at == n) {
        if (n == l->quorum && g->margin_m[n - 1] >= margin) return;
        if (n < l->quorum) g->n_by++;
        else at--;
    }
    for (; at > 0 && g->margin_m[at - 1] < margin; at--) {
        g->margin_m[at] = g->margin_m[at - 1];
        g->by[at] = g->by[at - 1];
    }
    g->margin_m[at] = margin;
    g->by[at] = landmark;
}

/* What a walk over the measured landmarks found. */
typedef struct walk {
    twin_entry entry[PLM_BLOCK];
    uint32_t landmark[PLM_BLOCK];
    uint32_t n, least, last_op;
    uint64_t least_ns;
    bool first, cut;
} walk;

/* Takes the block's best into the verdict; the first block is most often the only one. */
static void take(const plm_locate *l, walk *w, twin_verdict *v) {
    int32_t best[PLM_LOCATE_QUORUM_MAX * (PLM_LOCATE_DENY_MAX + PLM_LANES)];
    if (!w->n) return;
    twin_best(l, w->entry, w->n, best);
    unsigned q = l->quorum;
    for (size_t r = 0; r < l->n_deny; r++) {
        twin_region *g = &v->region[r];
        for (unsigned k = 0; k < q; k++) {
            int32_t key = best[k * l->r_pad + r];
            if (key == INT32_MIN) break;
            uint32_t who = w->landmark[(uint32_t)key % PLM_BLOCK];
            int32_t margin = key >> 6;
            if (w->first) {
                g->margin_m[k] = margin;
                g->by[k] = who;
                g->n_by = k + 1;
            } else {
                rank(l, g, who, margin);
            }
        }
    }
    w->first = false;
    w->n = 0;
}

static void walk_all(const plm_locate *l, const uint64_t *rtt_ns, int32_t *bound, walk *w,
                     twin_verdict *v) {
    for (uint32_t i = 0; i < l->n; i++) {
        uint32_t who = l->order[i];
        uint64_t ns = rtt_ns[who];
        if (ns == 0) continue;
        v->landmarks++;
        int32_t m = plm_bound_m(ns, l->speed);
        bool few = l->n <= PLM_BLOCK && l->n >= l->quorum;
        if (few) ns = (uint64_t)m; /* the nearest is told by metres there */
        if (ns < w->least_ns) w->least_ns = ns, w->least = who;
        if (bound && m < PLM_EARTH_M) bound[who] = m + PLM_LOCATE_POSITION_M;
        if (m >= TWIN_KEY_CUT_M) {
            w->cut = true;
            continue;
        }
        bool same = w->n && l->operator_no[who] == w->last_op;
        if (w->n == PLM_BLOCK) take(l, w, v), same = false;
        w->last_op = l->operator_no[who];
        w->landmark[w->n] = who;
        w->entry[w->n] = (twin_entry){i, m * (int32_t)PLM_BLOCK - (int32_t)w->n, same};
        w->n++;
    }
    take(l, w, v);
}

/* The landmarks that keys can't hold: they matter only where a margin is very short. */
static void take_cut(const plm_locate *l, const uint64_t *rtt_ns, twin_verdict *v) {
    for (size_t r = 0; r < l->n_deny; r++) {
        twin_region *g = &v->region[r];
        if (g->n_by == l->quorum && g->margin_m[g->n_by - 1] >= PLM_EARTH_M - TWIN_KEY_CUT_M)
            continue;
        for (uint32_t i = 0; i < l->n; i++) {
            if (!rtt_ns[i]) continue;
            int32_t m = plm_locate_bound_m(rtt_ns[i], l->speed);
            if (m >= TWIN_KEY_CUT_M) rank(l, g, i, l->distance_m[i * l->r_pad + r] - m);
        }
    }
}

/* Few landmarks of distinct operators: a list that keys can't hold is made one by one. */
static void rank_odd(const plm_locate *l, const uint64_t *rtt_ns, twin_verdict *v) {
    for (size_t r = 0; r < l->n_deny; r++) {
        twin_region *g = &v->region[r];
        if (g->n_by == l->quorum && g->margin_m[g->n_by - 1] >= PLM_KEY_ODD_M) continue;
        g->n_by = 0;
        for (uint32_t i = 0; i < l->n; i++)
            if (rtt_ns[i])
                rank(l, g, i,
                     l->distance_m[i * l->r_pad + r] - plm_locate_bound_m(rtt_ns[i], l->speed));
    }
}

static void twin_decide(const plm_locate *l, const uint64_t *rtt_ns, twin_verdict *v) {
    int32_t bound[PLM_PAIRS_MAX];
    walk w;
    w.n = 0;
    w.least = 0;
    w.least_ns = UINT64_MAX;
    w.first = true;
    w.cut = false;
    v->landmarks = v->n_witness = 0;
    for (size_t r = 0; r < l->n_deny; r++) v->region[r].n_by = 0;
    if (l->low)
        for (size_t i = 0; i < l->n_pad; i++) bound[i] = PLM_LOCATE_METRES_MAX;
    walk_all(l, rtt_ns, l->low ? bound : NULL, &w, v);
    if (w.cut) take_cut(l, rtt_ns, v);
    if (l->n <= PLM_BLOCK && l->n >= l->quorum) rank_odd(l, rtt_ns, v);
    v->consistent = v->landmarks < 2 ||
                    twin_consistent(l, rtt_ns, l->low ? bound : NULL, w.least, v);
    unsigned q = l->quorum;
    plm_place all = PLM_PLACE_EXCLUDED;
    for (size_t r = 0; r < l->n_deny; r++) {
        twin_region *g = &v->region[r];
        bool out = g->n_by == q && g->margin_m[q - 1] > 0;
        g->place = !v->consistent ? PLM_PLACE_INCONSISTENT
                                  : out ? PLM_PLACE_EXCLUDED : PLM_PLACE_POSSIBLE;
        if (g->place > all) all = g->place;
    }
    v->denied = all;
}

#endif
