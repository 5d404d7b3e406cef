/* audit.c: which landmarks can't stand where they are said to stand.  Always at c.
 * Two landmarks contradict each other when one ranged the other faster than light, or when their
 * disks for one target don't meet and leaving out at most two landmarks mends that target (if it
 * takes more, the target has several sites).  The landmark with the most contradictions is
 * refuted and its pairs are struck out, until no landmark has two; a pair that is left is
 * undecided.  Ties go to the greater sum of shortfalls, then to the earlier row.
 * Invariant: landmarks that all stand where they are said to contradict nobody, for a target of
 * one site.  Held by honest_landmarks_are_never_refuted. */
#include "locate/engine.h"

#include <stdlib.h>
#include <string.h>

#define ARENA_BYTES_MAX ((size_t)4 << 30)
#define COVER_MAX 2
#define BLUR_M (2 * PLM_LOCATE_POSITION_M) /* what two positions may be off together */

typedef struct pair {
    uint32_t a, b; /* a < b */
    int32_t short_m;
} pair;

typedef struct auditor {
    const plm_landmarks *l;
    const plm_rtts *r;
    plm_geo *at;
    pair *pair; /* found so far */
    size_t n, cap;
    pair *here; /* of one target: rows of disk[] */
    plm_disk *disk, *room;
    size_t n_here, n_disks;
} auditor;

static int by_rows(const void *x, const void *y) {
    const pair *p = x, *q = y;
    if (p->a != q->a) return p->a < q->a ? -1 : 1;
    if (p->b != q->b) return p->b < q->b ? -1 : 1;
    return (q->short_m > p->short_m) - (q->short_m < p->short_m);
}

static int by_bound(const void *x, const void *y) {
    const plm_disk *p = x, *q = y;
    if (p->bound_m != q->bound_m) return p->bound_m < q->bound_m ? -1 : 1;
    return (p->landmark > q->landmark) - (p->landmark < q->landmark);
}

static bool add(auditor *a, uint32_t x, uint32_t y, int32_t short_m, plm_fault *f) {
    if (a->n == a->cap) {
        size_t cap = a->cap ? a->cap * 2 : 1024;
        pair *p = plm_mem_resize(a->pair, cap * sizeof *p);
        if (!p) return plm_fail(f, PLM_NO_MEMORY, "out of memory");
        a->pair = p;
        a->cap = cap;
    }
    a->pair[a->n++] = (pair){x < y ? x : y, x < y ? y : x, short_m};
    return true;
}

/* The disks of one target that don't meet; more than COVER_MAX landmarks can explain: false. */
static bool find_apart(auditor *a) {
    a->n_here = 0;
    size_t n = a->n_disks, most = COVER_MAX * n;
    for (size_t i = 0; i < n; i++)
        for (size_t k = i + 1; k < n; k++) {
            int32_t both = a->disk[i].bound_m + a->disk[k].bound_m;
            if (both >= PLM_EARTH_M) break; /* sorted by bound */
            int32_t far = (int32_t)plm_geo_low(&a->disk[i].u, &a->disk[k].u);
            if (far <= both) continue;
            if (a->n_here == most) return false;
            a->here[a->n_here++] = (pair){(uint32_t)i, (uint32_t)k, far - both + BLUR_M};
        }
    return true;
}

/* Do the disks without those in out[0 .. n_out) have a common point? */
static bool rest_meets(auditor *a, const uint32_t *out, size_t n_out) {
    size_t n = 0;
    for (uint32_t i = 0; i < a->n_disks && n < PLM_DISKS_MAX; i++) {
        bool drop = false;
        for (size_t k = 0; k < n_out; k++) drop |= out[k] == i;
        const plm_disk *d = &a->disk[i];
        if (drop || (n && plm_geo_high(&a->room[0].u, &d->u) + a->room[0].bound_m <= d->bound_m))
            continue;
        a->room[n++] = *d;
    }
    return plm_disks_meet(a->room, n);
}

/* Leaving out at most COVER_MAX landmarks, n_out of them chosen already, mends the target. */
static bool mends(auditor *a, uint32_t *out, size_t n_out) {
    size_t i = 0;
    for (; i < a->n_here; i++) {
        bool covered = false;
        for (size_t k = 0; k < n_out; k++)
            covered |= out[k] == a->here[i].a || out[k] == a->here[i].b;
        if (!covered) break;
    }
    if (i == a->n_here) return rest_meets(a, out, n_out);
    if (n_out == COVER_MAX) return false;
    out[n_out] = a->here[i].a;
    if (mends(a, out, n_out + 1)) return true;
    out[n_out] = a->here[i].b;
    return mends(a, out, n_out + 1);
}

static bool one_target(auditor *a, size_t first, size_t end, plm_fault *f) {
    uint32_t out[COVER_MAX];
    a->n_disks = 0;
    for (size_t i = first; i < end; i++) {
        const plm_rtt *r = &a->r->at[i];
        a->disk[a->n_disks++] = (plm_disk){
            a->at[r->landmark], plm_disk_m(r->rtt_ns, PLM_SPEED_C), r->landmark};
    }
    qsort(a->disk, a->n_disks, sizeof *a->disk, by_bound);
    if (!find_apart(a) || a->n_here == 0 || !mends(a, out, 0)) return true;
    for (size_t i = 0; i < a->n_here; i++)
        if (!add(a, a->disk[a->here[i].a].landmark, a->disk[a->here[i].b].landmark,
                 a->here[i].short_m, f))
            return false;
    return true;
}

typedef struct named {
    plm_str id;
    uint32_t row;
} named;

static int by_id(const void *x, const void *y) {
    return plm_str_cmp(((const named *)x)->id, ((const named *)y)->id);
}

/* The landmark that a target is itself, or none. */
static bool landmark_of(const named *ids, size_t n, plm_str id, uint32_t *row) {
    named key = {id, 0};
    const named *hit = bsearch(&key, ids, n, sizeof *ids, by_id);
    if (hit) *row = hit->row;
    return hit != NULL;
}

static bool ranged_directly(auditor *a, const named *ids, size_t first, size_t end,
                            plm_fault *f) {
    uint32_t t;
    if (!landmark_of(ids, a->l->n, a->r->target[a->r->at[first].target], &t)) return true;
    for (size_t i = first; i < end; i++) {
        const plm_rtt *r = &a->r->at[i];
        if (r->landmark == t) continue;
        int32_t far = (int32_t)plm_geo_low(&a->at[r->landmark], &a->at[t]);
        int32_t bound = plm_locate_bound_m(r->rtt_ns, PLM_SPEED_C);
        if (far > bound + BLUR_M && !add(a, r->landmark, t, far - bound, f)) return false;
    }
    return true;
}

static bool find_pairs(auditor *a, plm_arena *arena, plm_fault *f) {
    size_t n = a->l->n;
    named *ids = plm_arena_array(arena, n + 1, sizeof *ids);
    a->at = plm_arena_array(arena, n + 1, sizeof *a->at);
    a->disk = plm_arena_array(arena, n + 1, sizeof *a->disk);
    a->room = plm_arena_array(arena, PLM_DISKS_MAX, sizeof *a->room);
    a->here = plm_arena_array(arena, COVER_MAX * n + 1, sizeof *a->here);
    if (!ids || !a->at || !a->disk || !a->room || !a->here)
        return plm_fail(f, PLM_NO_MEMORY, "out of memory");
    for (uint32_t i = 0; i < n; i++) {
        ids[i] = (named){a->l->at[i].id, i};
        a->at[i] = plm_geo_at(a->l->at[i].lat_e7, a->l->at[i].lon_e7);
    }
    qsort(ids, n, sizeof *ids, by_id);
    for (size_t i = 0, end; i < a->r->n; i = end) {
        for (end = i; end < a->r->n && a->r->at[end].target == a->r->at[i].target;) end++;
        if (!ranged_directly(a, ids, i, end, f) || !one_target(a, i, end, f)) return false;
    }
    return true;
}

/* One pair for each two landmarks, with its worst shortfall. */
static void merge(auditor *a) {
    size_t n = 0;
    if (a->n) qsort(a->pair, a->n, sizeof *a->pair, by_rows);
    for (size_t i = 0; i < a->n; i++)
        if (!n || a->pair[n - 1].a != a->pair[i].a || a->pair[n - 1].b != a->pair[i].b)
            a->pair[n++] = a->pair[i];
    a->n = n;
}

static uint32_t most_blamed(const auditor *a, uint32_t *degree, int64_t *sum) {
    uint32_t worst = 0;
    memset(degree, 0, a->l->n * sizeof *degree);
    memset(sum, 0, a->l->n * sizeof *sum);
    for (size_t i = 0; i < a->n; i++) {
        const pair *p = &a->pair[i];
        degree[p->a]++, degree[p->b]++;
        sum[p->a] += p->short_m, sum[p->b] += p->short_m;
    }
    for (uint32_t i = 1; i < a->l->n; i++)
        if (degree[i] > degree[worst] || (degree[i] == degree[worst] && sum[i] > sum[worst]))
            worst = i;
    return worst;
}

static void strike(auditor *a, uint32_t who, plm_audit *out, uint32_t *n_partners) {
    plm_audit_refuted *x = &out->refuted[out->n_refuted++];
    *x = (plm_audit_refuted){.landmark = who, .first = *n_partners};
    size_t left = 0;
    for (size_t i = 0; i < a->n; i++) {
        pair p = a->pair[i];
        if (p.a != who && p.b != who) {
            a->pair[left++] = p;
            continue;
        }
        out->partner[(*n_partners)++] = p.a == who ? p.b : p.a;
        x->n++;
        if (p.short_m > x->short_m) x->short_m = p.short_m;
    }
    a->n = left;
}

static bool blame(auditor *a, plm_audit *out, plm_fault *f) {
    uint32_t *degree = plm_arena_array(out->arena, a->l->n + 1, sizeof *degree), partners = 0;
    int64_t *sum = plm_arena_array(out->arena, a->l->n + 1, sizeof *sum);
    out->refuted = plm_arena_array(out->arena, a->l->n + 1, sizeof *out->refuted);
    out->partner = plm_arena_array(out->arena, a->n + 1, sizeof *out->partner);
    out->undecided = plm_arena_array(out->arena, a->n + 1, sizeof *out->undecided);
    if (!degree || !sum || !out->refuted || !out->partner || !out->undecided)
        return plm_fail(f, PLM_NO_MEMORY, "out of memory");
    while (a->n) {
        uint32_t who = most_blamed(a, degree, sum);
        if (degree[who] < 2) break;
        strike(a, who, out, &partners);
    }
    for (size_t i = 0; i < a->n; i++) {
        out->undecided[i][0] = a->pair[i].a;
        out->undecided[i][1] = a->pair[i].b;
    }
    out->n_undecided = a->n;
    return true;
}

bool plm_audit_run(const plm_landmarks *l, const plm_rtts *r, plm_audit *out, plm_fault *f) {
    *out = (plm_audit){.arena = plm_arena_new(ARENA_BYTES_MAX)};
    auditor a = {.l = l, .r = r};
    if (!out->arena) return plm_fail(f, PLM_NO_MEMORY, "out of memory");
    bool ok = find_pairs(&a, out->arena, f);
    if (ok) merge(&a);
    ok = ok && blame(&a, out, f);
    plm_mem_free(a.pair);
    if (!ok) plm_audit_free(out);
    return ok;
}

void plm_audit_free(plm_audit *a) {
    plm_arena_free(a->arena);
    *a = (plm_audit){0};
}
