/* find_location.c: location proofs against the place claimed, or where the papers have the unit.
 *
 * A bound says: the device was within km_max of the landmark, if the landmark is where it says.
 * So a place outside a bound can't be where the device was, unless the landmark's published place
 * is wrong.  Landmarks are weighed first: discs of one proof that don't meet show that one of
 * them is wrong, and a landmark that alone contradicts proof after proof is wrong itself. */
#include "custody/find.h"

#include <stdlib.h>
#include <string.h>

#define LONELY_FIRM 3      /* devices that only this landmark contradicts */
#define DISJOINT_FIRM 2
#define TIGHT_KM 3000.0    /* a bound wider than this says little */

typedef plm_find_mark mark;

typedef struct proof_case {
    uint32_t n, loc[6], marks[8], mark_n, site;
    plm_w_place place;
    double worst_km;
    plm_w_bound worst;
    int64_t two_t; /* when a second landmark disagreed */
} proof_case;

typedef struct locating {
    plm_finder *f;
    mark *m;
    proof_case *c; /* by thing */
} locating;

static plm_w_place point(const plm_w_bound *b) {
    return (plm_w_place){PLM_W_NONE, true, b->lat, b->lon};
}

static bool disjoint(const plm_w_bound *a, const plm_w_bound *b) {
    return plm_w_km(point(a), point(b)) > a->km_max + b->km_max;
}

static uint32_t unit_of(const plm_world *w, const plm_w_loc *l) {
    if (l->dev == PLM_W_NONE) return PLM_W_NONE;
    if (w->thing[l->dev].kind != PLM_W_MODULE) return w->thing[l->dev].root;
    uint32_t b = plm_w_board_at(w, l->dev, l->t, 2 * PLM_W_DAY);
    return b == PLM_W_NONE ? l->dev : b;
}

/* Where the device should have been: as claimed, else as its papers have it. */
static bool supposed(const plm_world *w, const plm_w_loc *l, uint32_t root, plm_w_place *p) {
    if (l->site != PLM_W_NONE && w->site[l->site].place.placed) {
        *p = w->site[l->site].place;
        return true;
    }
    const plm_w_stay *s = plm_w_stay_at(w, root, l->t);
    if (!s || !s->place.placed) return false;
    *p = s->place;
    return true;
}

static bool excludes(const plm_w_bound *b, plm_w_place p) {
    return plm_w_km(point(b), p) > b->km_max;
}

static void weigh(locating *k, const plm_w_loc *l, plm_w_place p) {
    plm_world *w = k->f->w;
    uint32_t out = 0, which = 0;
    for (uint32_t i = 0; i < l->bn; i++) {
        const plm_w_bound *b = &w->bound[l->b0 + i];
        if (b->landmark == PLM_W_NONE) continue;
        if (excludes(b, p)) {
            out++;
            which = i;
            k->m[b->landmark].excludes++;
        } else if (b->km_max < TIGHT_KM) {
            k->m[b->landmark].agrees++;
        }
    }
    if (out == 1 && l->bn > 1) k->m[w->bound[l->b0 + which].landmark].lonely++;
}

/* Greedy: the landmark in most pairs that can't both be right goes first, and its pairs with it. */
static void disown(locating *k) {
    plm_world *w = k->f->w;
    for (;;) {
        for (uint32_t i = 0; i < w->marks.n; i++) k->m[i].disjoint = 0;
        for (uint32_t i = 0; i < w->locs; i++)
            for (uint32_t a = 0; a < w->loc[i].bn; a++)
                for (uint32_t b = a + 1; b < w->loc[i].bn; b++) {
                    const plm_w_bound *x = &w->bound[w->loc[i].b0 + a],
                                      *y = &w->bound[w->loc[i].b0 + b];
                    if (x->landmark == PLM_W_NONE || y->landmark == PLM_W_NONE) continue;
                    if (k->m[x->landmark].bad || k->m[y->landmark].bad || !disjoint(x, y)) continue;
                    k->m[x->landmark].disjoint++;
                    k->m[y->landmark].disjoint++;
                }
        uint32_t worst = 0;
        for (uint32_t i = 1; i < w->marks.n; i++) /* of equals the first by name */
            if (k->m[i].disjoint > k->m[worst].disjoint ||
                (k->m[i].disjoint == k->m[worst].disjoint &&
                 plm_str_cmp(w->marks.v[i], w->marks.v[worst]) < 0))
                worst = i;
        if (!w->marks.n || k->m[worst].disjoint < DISJOINT_FIRM) break;
        k->m[worst].bad = true;
    }
    for (uint32_t i = 0; i < w->marks.n; i++) {
        mark *m = &k->m[i];
        if (m->lonely >= LONELY_FIRM && m->lonely * 10 > m->excludes * 7 && m->agrees <= m->lonely)
            m->bad = true;
    }
}

static void judge(locating *k, uint32_t i, uint32_t root, plm_w_place p) {
    plm_world *w = k->f->w;
    const plm_w_loc *l = &w->loc[i];
    proof_case *c = &k->c[root];
    bool any = false;
    for (uint32_t a = 0; a < l->bn; a++) {
        const plm_w_bound *b = &w->bound[l->b0 + a];
        if (b->landmark == PLM_W_NONE || k->m[b->landmark].bad || !excludes(b, p)) continue;
        any = true;
        double over = plm_w_km(point(b), p) - b->km_max;
        if (over > c->worst_km) {
            c->worst_km = over;
            c->worst = *b;
            c->place = p;
        }
        bool had = false;
        for (uint32_t m = 0; m < c->mark_n; m++) had |= c->marks[m] == b->landmark;
        if (!had && c->mark_n < 8) c->marks[c->mark_n++] = b->landmark;
        if (c->mark_n == 2 && !c->two_t) c->two_t = l->t;
    }
    if (!any) return;
    if (c->n < 6) c->loc[c->n] = i;
    c->n++;
}

static void report(locating *k, uint32_t root) {
    plm_finder *f = k->f;
    plm_world *w = f->w;
    const proof_case *c = &k->c[root];
    bool known_good = false;
    for (uint32_t i = 0; i < c->mark_n; i++)
        known_good |= k->m[c->marks[i]].agrees >= PLM_FIND_CHECKED_FIRM;
    bool firm = c->mark_n >= 2 || known_good;
    plm_finding *g = plm_find_unit_new(f, PLM_K_location_contradiction,
                                       firm ? PLM_CRITICAL : PLM_NOTE, root, PLM_STR(""));
    for (uint32_t i = 0; i < c->n && i < 6; i++)
        plm_find_evidence(f, g, w->loc[c->loc[i]].id, i ? PLM_W_NEVER : w->loc[c->loc[i]].t);
    if (!known_good && c->two_t) plm_find_not_before(g, c->two_t);
    plm_find_more_event(f, g, w->journey[root].ev_last);
    plm_find_say(f, g, "Claimed or on paper at %s; %u proof%s put%s it elsewhere. Landmark %.*s"
                       " heard it from within %.0f km but is %.0f km from there (%u landmark%s"
                       " disagree%s).",
                 plm_find_where(w, c->place), c->n, c->n == 1 ? "" : "s", c->n == 1 ? "s" : "",
                 PLM_FMT(w->marks.v[c->worst.landmark]), c->worst.km_max,
                 c->worst.km_max + c->worst_km, c->mark_n, c->mark_n == 1 ? "" : "s",
                 c->mark_n == 1 ? "s" : "");
}

static const plm_world *sorting;

static int by_time(const void *a, const void *b) {
    return plm_w_loc_cmp(&sorting->loc[*(const uint32_t *)a], &sorting->loc[*(const uint32_t *)b]);
}

static void say_mark(locating *k, uint32_t mark_no) {
    plm_finder *f = k->f;
    plm_world *w = f->w;
    uint32_t *v = plm_arena_array(w->a, (size_t)w->bounds + 1, sizeof *v), n = 0;
    if (!v) {
        f->short_of_memory = true;
        return;
    }
    for (uint32_t l = 0; l < w->locs; l++)
        for (uint32_t a = 0; a < w->loc[l].bn; a++)
            if (w->bound[w->loc[l].b0 + a].landmark == mark_no) v[n++] = l;
    sorting = w;
    if (n) qsort(v, n, sizeof *v, by_time);
    plm_finding *g = plm_find_new(f, PLM_K_landmark_wrong, PLM_NOTE, w->marks.v[mark_no]);
    plm_find_subject(f, g, w->marks.v[mark_no]);
    for (uint32_t i = 0; i < n && g->evidence.n < 6; i++)
        plm_find_evidence(f, g, w->loc[v[i]].id, w->loc[v[i]].t);
    plm_find_say(f, g, "Its bounds can't be met together with those of other landmarks (%u"
                       " pairs, %u proofs that it alone contradicts): its published place is"
                       " likely wrong, and its bounds are not used.",
                 k->m[mark_no].disjoint, k->m[mark_no].lonely);
}

void plm_find_heard_of(plm_finder *f, plm_find_heard *v) {
    plm_world *w = f->w;
    for (uint32_t i = 0; i < w->locs; i++) {
        v[i] = (plm_find_heard){.unit = unit_of(w, &w->loc[i])};
        if (v[i].unit != PLM_W_NONE && !supposed(w, &w->loc[i], v[i].unit, &v[i].place))
            v[i].unit = PLM_W_NONE;
    }
}

void plm_find_marks(plm_finder *f, const plm_find_heard *v) {
    plm_world *w = f->w;
    locating k = {.f = f, .m = f->mark};
    for (uint32_t i = 0; i < w->locs; i++)
        if (v[i].unit != PLM_W_NONE) weigh(&k, &w->loc[i], v[i].place);
    disown(&k);
    for (uint32_t i = 0; i < w->marks.n; i++)
        if (k.m[i].bad) say_mark(&k, i);
}

void plm_find_locations(plm_finder *f, const plm_find_heard *v) {
    plm_world *w = f->w;
    locating k = {f, f->mark, plm_arena_array(w->a, (size_t)w->things + 1, sizeof(proof_case))};
    if (!k.c) {
        f->short_of_memory = true;
        return;
    }
    for (uint32_t i = 0; i < w->locs; i++)
        if (v[i].unit != PLM_W_NONE) judge(&k, i, v[i].unit, v[i].place);
    for (uint32_t i = 0; i < w->things; i++)
        if (k.c[i].n) report(&k, i);
}
