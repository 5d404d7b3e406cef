/* find_count.c: what a site's cycle counts miss.  Counts of one site within a day and a half are
 * one count.  A count that sees under a quarter of what should be there was not of the whole
 * site and misses nothing.  What misses a unit are the counts of the site where it is now, so that
 * one site's counts can be gone through without another's. */
#include "custody/find.h"

#include <stdlib.h>

#define COUNT_GAP (36 * PLM_W_HOUR)
#define MARGIN PLM_W_DAY /* what came or went within a day of the count is not expected */
#define MISSES_FIRM 2    /* one lost read is common; two counts in a row is not */

typedef struct present {
    uint32_t site, root;
    int64_t in, out;
    bool now; /* its last stay */
} present;

typedef struct session {
    uint32_t site, ev0, ev1; /* range in the site's list of counting events */
    int64_t t0, t1;
} session;

typedef struct counting {
    plm_finder *f;
    uint32_t *ev, n;        /* counting events by site, then time */
    present *here;
    uint32_t here_n, *stamp, own_stamp;
    uint32_t *seen;         /* by thing: stamp of the last count that saw it */
} counting;

static const plm_world *sorting;

static int by_site_time(const void *a, const void *b) {
    uint32_t i = *(const uint32_t *)a, j = *(const uint32_t *)b;
    const plm_w_event *x = &sorting->event[i], *y = &sorting->event[j];
    if (x->place.site != y->place.site) return x->place.site < y->place.site ? -1 : 1;
    return plm_w_event_cmp(x, y);
}

static int by_site_root(const void *a, const void *b) {
    const present *x = a, *y = b;
    if (x->site != y->site) return x->site < y->site ? -1 : 1;
    if (x->root != y->root) return x->root < y->root ? -1 : 1;
    return x->in < y->in ? -1 : x->in > y->in;
}

static bool looks_at(const plm_finder *f, uint32_t site) {
    return site != PLM_W_NONE && (!f->only || f->only[site]);
}

static void gather_events(counting *c) {
    const plm_finder *f = c->f;
    const plm_world *w = f->w;
    for (uint32_t k = 0; k < (f->counts ? f->counts_n : w->events); k++) {
        uint32_t i = f->counts ? f->counts[k] : k;
        if (w->event[i].step == PLM_W_cycle_counting && looks_at(f, w->event[i].place.site) &&
            !w->event[i].dead)
            c->ev[c->n++] = i;
    }
}

/* Stays at the sites that are looked at: into c->here, or counted while that is NULL. */
static uint32_t gather_stays(counting *c) {
    const plm_finder *f = c->f;
    const plm_world *w = f->w;
    uint32_t stays = 0;
    for (uint32_t n = 0; n < (f->units ? f->units_n : w->things); n++) {
        uint32_t i = f->units ? f->units[n] : n;
        if (!plm_find_is_unit(w, i)) continue;
        const plm_w_journey *j = &w->journey[i];
        for (uint32_t k = 0; k < j->stays; k++) {
            const plm_w_stay *s = &w->stay[j->stay0 + k];
            if (!looks_at(f, s->place.site)) continue;
            if (c->here)
                c->here[stays] = (present){s->place.site, i, s->in, s->out, k + 1 == j->stays};
            stays++;
        }
    }
    return stays;
}

static bool gather(counting *c) {
    const plm_finder *f = c->f;
    plm_world *w = f->w;
    c->ev = plm_arena_array(w->a, (size_t)(f->counts ? f->counts_n : w->events) + 1, sizeof *c->ev);
    c->seen = f->seen;
    c->stamp = f->seen ? f->seen_stamp : &c->own_stamp;
    if (!c->seen) c->seen = plm_arena_array(w->a, (size_t)w->things + 1, sizeof *c->seen);
    uint32_t n = gather_stays(c);
    c->here = plm_arena_array(w->a, (size_t)n + 1, sizeof *c->here);
    if (!c->ev || !c->seen || !c->here) return false;
    gather_events(c);
    c->here_n = gather_stays(c);
    sorting = w;
    if (c->n) qsort(c->ev, c->n, sizeof *c->ev, by_site_time);
    if (n) qsort(c->here, n, sizeof *c->here, by_site_root);
    return true;
}

static bool expected(const present *p, const session *s) {
    return p->in + MARGIN < s->t0 && (p->out == PLM_W_NEVER || s->t1 + MARGIN < p->out);
}

static void take(counting *c, const session *s, uint32_t h0, uint32_t h1) {
    plm_world *w = c->f->w;
    uint32_t due = 0, met = 0;
    uint32_t stamp = ++*c->stamp;
    for (uint32_t i = s->ev0; i < s->ev1; i++) {
        const plm_w_event *e = &w->event[c->ev[i]];
        for (uint32_t k = 0; k < e->en; k++)
            c->seen[w->thing[w->listed[e->e0 + k]].root] = stamp;
    }
    for (uint32_t i = h0; i < h1; i++) {
        if (!expected(&c->here[i], s)) continue;
        due++;
        met += c->seen[c->here[i].root] == stamp;
    }
    if (met * 4 < due) return;
    for (uint32_t i = h0; i < h1; i++) {
        if (!c->here[i].now || !expected(&c->here[i], s)) continue;
        plm_find_unit *u = &c->f->unit[c->here[i].root];
        if (c->seen[c->here[i].root] == stamp) {
            u->missed = 0;
            u->missed_t = 0;
            continue;
        }
        if (!u->missed) u->missed_t = s->t0;
        if (u->missed < sizeof u->missed_ev / sizeof *u->missed_ev)
            u->missed_ev[u->missed] = c->ev[s->ev0];
        u->missed++;
    }
}

static void report(plm_finder *f, uint32_t root) {
    plm_world *w = f->w;
    const plm_find_unit *u = &f->unit[root];
    const plm_w_journey *j = &w->journey[root];
    if (u->missed < MISSES_FIRM || j->last_t > u->missed_t || j->end != PLM_W_E_NONE) return;
    plm_finding *g = plm_find_unit_new(f, PLM_K_missing_at_count, PLM_WARNING, root, PLM_STR(""));
    plm_find_event(f, g, j->ev_last);
    for (uint32_t i = 0; i < u->missed && i < 4; i++) {
        if (i < MISSES_FIRM) plm_find_event(f, g, u->missed_ev[i]);
        else plm_find_more_event(f, g, u->missed_ev[i]);
    }
    const plm_w_event *e = &w->event[j->ev_last];
    plm_find_say(f, g, "Last read at %s on %s (%s) with no departure since; the %u counts of that"
                       " site from %s on don't list it.",
                 plm_find_where(w, e->place), plm_find_when(e->t), plm_w_step_names[e->step],
                 u->missed, plm_find_when(u->missed_t));
}

void plm_find_counts(plm_finder *f) {
    plm_world *w = f->w;
    counting c = {.f = f};
    if (!gather(&c)) {
        f->short_of_memory = true;
        return;
    }
    uint32_t h0 = 0;
    for (uint32_t i = 0; i < c.n;) {
        uint32_t at = w->event[c.ev[i]].place.site, h1;
        session s = {at, i, i + 1, w->event[c.ev[i]].t, w->event[c.ev[i]].t};
        while (s.ev1 < c.n && w->event[c.ev[s.ev1]].place.site == at &&
               w->event[c.ev[s.ev1]].t < s.t0 + COUNT_GAP)
            s.t1 = w->event[c.ev[s.ev1++]].t;
        while (h0 < c.here_n && c.here[h0].site < at) h0++;
        for (h1 = h0; h1 < c.here_n && c.here[h1].site == at;) h1++;
        take(&c, &s, h0, h1);
        i = s.ev1;
    }
}

void plm_find_missed(plm_finder *f) {
    for (uint32_t i = 0; i < f->w->things; i++)
        if (f->unit[i].missed) report(f, i);
}
