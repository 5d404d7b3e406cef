/* plan.c: which landmarks, with what RTT, would prove that a chip at a place is in no denied
 * region: a greedy cover of regions, each needed quorum times by distinct operators.
 * A landmark can serve a region only if it lies nearer to the chip than to the region.  Ample ones
 * are taken first: real paths are longer than the geodesic and slower than light, by 1.5 (fibre)
 * times 1.3 and more.  Held by tests/unit/test_locate.c. */
#include "locate/engine.h"

#include <math.h>

static const struct {
    double times, plus_m;
} levels[] = {{2.5, 100000}, {1.6, 30000}, {1.0, 1}};
#define LEVELS (sizeof levels / sizeof levels[0])

typedef struct planner {
    const plm_locate *l;
    plm_geo at;
    plm_plan_step *step;
    size_t n, cap, total;
} planner;

static bool serves(const planner *p, uint32_t who, size_t region, size_t level) {
    double near = plm_geo_high(&p->l->at[who], &p->at);
    int32_t far = p->l->distance_m[who * p->l->r_pad + region];
    if (far <= near * levels[level].times + levels[level].plus_m) return false;
    for (size_t i = 0; i < p->n; i++)
        if (p->step[i].region == region && p->step[i].landmark != UINT32_MAX &&
            p->l->operator_no[p->step[i].landmark] == p->l->operator_no[who])
            return false;
    return true;
}

static void put(planner *p, size_t region, uint32_t who, int32_t far) {
    if (p->n < p->cap)
        p->step[p->n++] = (plm_plan_step){(uint32_t)region, who, far,
                                          plm_locate_rtt_ns_max(far, p->l->speed)};
    p->total++;
}

/* The landmark that serves most of the regions still short; ties: more room to spare. */
static bool best_one(const planner *p, const uint32_t *need, size_t level, uint32_t *who) {
    uint32_t most = 0;
    double best_room = 0;
    for (uint32_t i = 0; i < p->l->n; i++) {
        uint32_t gain = 0;
        double room = 0;
        for (size_t r = 0; r < p->l->n_deny; r++)
            if (need[r] && serves(p, i, r, level)) {
                gain++;
                room += p->l->distance_m[i * p->l->r_pad + r] - plm_geo_low(&p->l->at[i], &p->at);
            }
        if (gain > most || (gain && gain == most && room > best_room)) {
            most = gain;
            best_room = room;
            *who = i;
        }
    }
    return most > 0;
}

/* Least dilated distance from the chip's own place to a denied region. */
static int32_t own_distance(const planner *p, size_t region, int32_t lat, int32_t lon) {
    double least = PLM_EARTH_M;
    const plm_deny *d = &p->l->deny[region];
    for (uint32_t k = 0; k < d->n_rows; k++)
        least = fmin(least, plm_region_low_m(p->l->source, d->row[k], &p->at, lat, lon) -
                                plm_regions_dilation_m(p->l->source, d->row[k]));
    return least > 0 ? (int32_t)least : 0;
}

size_t plm_plan_make(const plm_locate *l, int32_t lat_e7, int32_t lon_e7, plm_plan_step *out,
                     size_t cap, bool *complete) {
    planner p = {l, plm_geo_at(lat_e7, lon_e7), out, 0, cap, 0};
    uint32_t need[PLM_LOCATE_DENY_MAX], who = 0;
    for (size_t r = 0; r < l->n_deny; r++) need[r] = l->quorum;
    for (size_t level = 0; level < LEVELS; level++)
        while (best_one(&p, need, level, &who)) {
            size_t before = p.total;
            for (size_t r = 0; r < l->n_deny; r++)
                if (need[r] && serves(&p, who, r, level)) {
                    put(&p, r, who, l->distance_m[who * l->r_pad + r]);
                    need[r]--;
                }
            if (p.total == before || p.n == p.cap) break;
        }
    *complete = true;
    for (size_t r = 0; r < l->n_deny; r++) {
        if (!need[r]) continue;
        *complete = false;
        put(&p, r, UINT32_MAX, own_distance(&p, r, lat_e7, lon_e7));
    }
    return p.total;
}
