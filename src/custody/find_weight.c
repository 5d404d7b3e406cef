/* find_weight.c: weight is the weight of what is said to be inside.  A bare unit is compared with
 * its nominal net weight (less modules out for repair); a box with what the same box weighed when
 * it was packed, since boxes differ and a repack is weighed again. */
#include "custody/find.h"

#include <stdlib.h>

#define TOLERANCE_PPT 40       /* 4 %: scales of two places, and units of one kind, differ by 2 */
#define ROUNDING_MG 150000     /* scales print tenths */
#define MODULE_MG 2400000LL    /* used where the registry has no mass for a module */

static bool differs(int64_t a, int64_t b) {
    int64_t d = a > b ? a - b : b - a;
    return d > ROUNDING_MG && d * 1000 > (b > 0 ? b : -b) * TOLERANCE_PPT + ROUNDING_MG * 1000;
}

/* Modules on record as taken out at t. */
static int64_t out_mg(const plm_world *w, uint32_t root, int64_t t) {
    uint32_t chips[64], now = plm_w_chips_at(w, root, t, chips, 64), most = 0;
    int64_t each = MODULE_MG;
    for (uint32_t i = w->thing[root].holds_first; i != PLM_W_NONE; i = w->in[i].next_of_parent) {
        if (!w->in[i].board) continue;
        if (w->thing[w->in[i].child].mass_mg > 0) each = w->thing[w->in[i].child].mass_mg;
        uint32_t then = plm_w_chips_at(w, root, w->in[i].from, chips, 64);
        if (then > most) most = then;
    }
    return now < most ? (most - now) * each : 0;
}

static bool is_here(const plm_world *w, uint32_t root, const plm_w_event *e) {
    const plm_w_journey *j = &w->journey[root];
    for (uint32_t i = 0; i < j->odds; i++)
        if (plm_w_same_place(w->odd[j->odd0 + i].place, e->place)) return false;
    return true;
}

static void bare(plm_finder *f, uint32_t ev) {
    plm_world *w = f->w;
    const plm_w_event *e = &w->event[ev];
    int64_t due = 0;
    for (uint32_t k = 0; k < e->en; k++) {
        uint32_t r = w->thing[w->listed[e->e0 + k]].root;
        /* not known, or not this thing */
        if (w->thing[r].mass_mg <= 0 || !is_here(w, r, e)) return;
        due += w->thing[r].mass_mg - out_mg(w, r, e->t);
    }
    if (!due || !differs(e->mass_mg, due)) return;
    for (uint32_t k = 0; k < e->en; k++) {
        uint32_t r = w->thing[w->listed[e->e0 + k]].root;
        plm_finding *g = plm_find_unit_new(f, PLM_K_weight_mismatch, PLM_CRITICAL, r, PLM_STR(""));
        plm_find_event(f, g, ev);
        plm_find_evidence(f, g, plm_w_thing_shown(w, r), PLM_W_NEVER);
        plm_find_say(f, g,
                     "Weighed %.1f kg at %s on %s; the registry has %.1f kg (%+.1f %%), and no"
                           " repair takes out modules of that weight.",
                     (double)e->mass_mg / 1e6, plm_find_where(w, e->place), plm_find_when(e->t),
                     (double)due / 1e6, 100.0 * (double)(e->mass_mg - due) / (double)due);
    }
}

/* The newest weighing of the box as it was packed, at or before t. */
static uint32_t packed(const plm_world *w, uint32_t box, int64_t t, uint32_t *unit) {
    uint32_t best = PLM_W_NONE;
    for (uint32_t i = w->thing[box].holds_first; i != PLM_W_NONE; i = w->in[i].next_of_parent) {
        const plm_w_in *n = &w->in[i];
        if (n->board || !w->event[n->ev_from].mass_mg || w->event[n->ev_from].t > t) continue;
        if (best == PLM_W_NONE || w->event[n->ev_from].t > w->event[best].t) {
            best = n->ev_from;
            *unit = w->thing[n->child].root;
        }
    }
    return best;
}

static void boxed(plm_finder *f, uint32_t ev) {
    plm_world *w = f->w;
    const plm_w_event *e = &w->event[ev];
    uint32_t unit = PLM_W_NONE, was = packed(w, w->listed[e->e0], e->t, &unit);
    if (was == PLM_W_NONE || !differs(e->mass_mg, w->event[was].mass_mg)) return;
    plm_finding *g = plm_find_unit_new(f, PLM_K_weight_mismatch, PLM_CRITICAL, unit, PLM_STR(""));
    plm_find_event(f, g, was);
    plm_find_event(f, g, ev);
    plm_find_related(f, g, plm_w_thing_shown(w, w->listed[e->e0]));
    plm_find_say(f, g, "Its box weighed %.1f kg when packed at %s on %s and %.1f kg at %s on %s; it"
                       " was not repacked between.",
                 (double)w->event[was].mass_mg / 1e6, plm_find_where(w, w->event[was].place),
                 plm_find_when(w->event[was].t), (double)e->mass_mg / 1e6,
                 plm_find_where(w, e->place), plm_find_when(e->t));
}

/* A packed box can't weigh less than what is in it. */
static void gross(plm_finder *f, uint32_t ev) {
    plm_world *w = f->w;
    const plm_w_event *e = &w->event[ev];
    int64_t net = 0;
    for (uint32_t k = 0; k < e->en; k++) {
        uint32_t r = w->thing[w->listed[e->e0 + k]].root;
        if (w->thing[r].mass_mg <= 0) return;
        net += w->thing[r].mass_mg - out_mg(w, r, e->t);
    }
    if (!net || e->mass_mg >= net || !differs(e->mass_mg, net)) return;
    for (uint32_t k = 0; k < e->en; k++) {
        uint32_t r = w->thing[w->listed[e->e0 + k]].root;
        plm_finding *g = plm_find_unit_new(f, PLM_K_weight_mismatch, PLM_CRITICAL, r, PLM_STR(""));
        plm_find_event(f, g, ev);
        plm_find_say(f, g,
                     "Packed at %s on %s with a gross weight of %.1f kg; what is said to be in"
                           " the box weighs %.1f kg net.",
                     plm_find_where(w, e->place), plm_find_when(e->t), (double)e->mass_mg / 1e6,
                     (double)net / 1e6);
    }
}

void plm_find_weights(plm_finder *f) {
    plm_world *w = f->w;
    for (uint32_t i = 0; i < w->events; i++) {
        const plm_w_event *e = &w->event[i];
        if (!e->mass_mg || !e->en) continue;
        if (e->type == PLM_W_AGGREGATION) {
            if (e->action == PLM_W_ADD) gross(f, i);
        } else if (e->type == PLM_W_OBJECT) {
            bool box = w->thing[w->listed[e->e0]].kind == PLM_W_BOX;
            if (!box) bare(f, i);
            else if (e->en == 1) boxed(f, i);
        }
    }
}
