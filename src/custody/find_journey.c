/* find_journey.c: one thing in one place at a time, moving no faster than freight, coming to rest
 * where its papers say, and accounted for in time. */
#include "custody/find.h"

#include <stdlib.h>
#include <string.h>

#define TRANSIT_DAYS_MAX 60    /* a shipment is received, or said to be lost, by then */
#define RETURN_DAYS_MAX 60     /* a failed module is on its way back by then */
#define TEMPORARY_DAYS_MAX 365 /* 15 CFR 740.9(a): back within a year */
#define TEMPORARY_QUIET_DAYS 90
/* one reading can be a mis-scan; two of one label in one place not */
#define READS_FIRM 2

static bool ever_stayed(const plm_world *w, uint32_t root, plm_w_place p, int64_t after) {
    const plm_w_journey *j = &w->journey[root];
    for (uint32_t i = 0; i < j->stays; i++) {
        const plm_w_stay *s = &w->stay[j->stay0 + i];
        if (s->in > after && plm_w_same_place(s->place, p)) return true;
    }
    return false;
}

static void odd_evidence(plm_finder *f, plm_finding *g, const plm_w_odd *o) {
    plm_find_event(f, g, o->home_before);
    for (uint32_t i = 0; i < o->n && i < sizeof o->ev / sizeof *o->ev; i++) {
        if (i < READS_FIRM && !(i && o->geo)) plm_find_event(f, g, o->ev[i]);
        else plm_find_more_event(f, g, o->ev[i]);
    }
    if (o->place.site != PLM_W_NONE) {
        plm_find_related(f, g, plm_w_shown(f->w, f->w->site_ids.v[o->place.site]));
        plm_find_party(f, g, f->w->site[o->place.site].party);
    }
}

static void find_odd(plm_finder *f, uint32_t root, const plm_w_odd *o) {
    plm_world *w = f->w;
    const plm_w_event *a = &w->event[o->home_before], *b = &w->event[o->ev[0]];
    bool early = ever_stayed(w, root, o->place, b->t);
    bool firm = o->n >= READS_FIRM || o->geo;
    /* a unit read in two places keeps one id, whether or not it was read at home again since */
    plm_find_kind kind = early ? PLM_K_impossible_order : firm ? PLM_K_two_places : PLM_K_misread;
    plm_severity s = early ? PLM_WARNING : firm ? PLM_CRITICAL : PLM_NOTE;
    plm_finding *g = plm_find_unit_new(f, kind, s, root, plm_str_c(plm_find_where(w, o->place)));
    if (kind == PLM_K_two_places && !o->back) {
        g->kind = plm_find_kinds[PLM_K_unpapered_place].name;
        g->weight = plm_find_kinds[PLM_K_unpapered_place].weight;
        g->innocent = plm_find_kinds[PLM_K_unpapered_place].innocent;
        g->questions = plm_find_kinds[PLM_K_unpapered_place].questions;
    }
    odd_evidence(f, g, o);
    double km = plm_w_km(o->home, o->place);
    plm_find_say(f, g, "Last read at %s on %s (%s); read at %s on %s (%s), %u time%s%s.",
                 plm_find_where(w, o->home), plm_find_when(a->t), plm_w_step_names[a->step],
                 plm_find_where(w, o->place), plm_find_when(b->t), plm_w_step_names[b->step], o->n,
                 o->n == 1 ? "" : "s", o->back ? ", and then again at the first" : "");
    if (km >= 0)
        plm_find_say(f, g, "The places are %.0f km apart and no shipment, license or return takes"
                           " it from one to the other.", km);
    if (early) plm_find_say(f, g, "Its papers bring it there later than it was first read there.");
    if (!firm) plm_find_say(f, g, "One reading alone is most often a stale or neighbouring label.");
}

static void find_fast(plm_finder *f, uint32_t root, const plm_w_journey *j) {
    plm_world *w = f->w;
    const plm_w_event *a = &w->event[j->ev_fast_a], *b = &w->event[j->ev_fast_b];
    plm_finding *g = plm_find_unit_new(f, PLM_K_impossible_transit, PLM_WARNING, root, PLM_STR(""));
    plm_find_event(f, g, j->ev_fast_a);
    plm_find_event(f, g, j->ev_fast_b);
    plm_find_say(f, g, "%s at %s on %s, %s at %s on %s: %.0f km in %.1f hours is faster than any"
                       " freight flight.",
                 plm_w_step_names[a->step], plm_find_where(w, a->place), plm_find_when(a->t),
                 plm_w_step_names[b->step], plm_find_where(w, b->place), plm_find_when(b->t),
                 plm_w_km(a->place, b->place), (double)(b->t - a->t) / (double)PLM_W_HOUR);
}

/* A return or spare whose receipt was read with a wrong label: same RMA, same place. */
static bool rma_arrived_misread(const plm_world *w, const plm_w_event *dep) {
    if (!dep->rma.n) return false;
    for (uint32_t i = 0; i < w->events; i++) {
        const plm_w_event *e = &w->event[i];
        if (e->t >= dep->t && e->step == PLM_W_receiving && plm_str_eq(e->rma, dep->rma) &&
            (dep->dst_site == PLM_W_NONE || e->place.site == dep->dst_site) && e->en &&
            !w->thing[w->listed[e->e0]].registered)
            return true;
    }
    return false;
}

static void find_overdue(plm_finder *f, uint32_t root, const plm_w_journey *j) {
    plm_world *w = f->w;
    const plm_w_event *dep = &w->event[j->ev_dep];
    if (j->end != PLM_W_E_NONE) return;
    int days = plm_find_age(f, dep->t, TRANSIT_DAYS_MAX);
    if (days <= TRANSIT_DAYS_MAX) return;
    if (f->unit[root].pass_t > dep->t + 2 * PLM_W_DAY) return; /* it reports from somewhere */
    bool misread = rma_arrived_misread(w, dep);
    plm_find_kind kind = j->returned ? PLM_K_return_missing
                         : j->temporary ? PLM_K_temporary_export_overdue
                                        : PLM_K_not_received;
    plm_finding *g = plm_find_unit_new(f, kind, misread ? PLM_NOTE : PLM_WARNING, root,
                                       PLM_STR(""));
    plm_find_event(f, g, j->ev_dep);
    if (dep->dst_site != PLM_W_NONE) {
        plm_find_related(f, g, plm_w_shown(w, w->site_ids.v[dep->dst_site]));
        plm_find_party(f, g, dep->dst);
    }
    plm_find_say(f, g, "%s from %s on %s%s; %d days later nothing has received it, returned it or"
                       " reported it lost.",
                 j->returned ? "Sent back" : "Shipped", plm_find_where(w, dep->place),
                 plm_find_when(dep->t), dep->rma.n ? " under an RMA" : "", days);
    if (misread) plm_find_say(f, g, "A label that no table has was received under the same RMA:"
                                    " most likely this one, misread.");
    plm_find_not_before(g, dep->t + (TRANSIT_DAYS_MAX + 1) * PLM_W_DAY);
}

/* Taken off its board, replaced, and never seen again. */
static void find_removed(plm_finder *f, uint32_t root, const plm_w_journey *j) {
    plm_world *w = f->w;
    if (w->thing[root].kind != PLM_W_MODULE || j->removed == PLM_W_NEVER ||
        j->ev_last != j->ev_removed || j->end != PLM_W_E_NONE)
        return;
    int days = plm_find_age(f, j->removed, RETURN_DAYS_MAX);
    if (days <= RETURN_DAYS_MAX) return;
    plm_finding *g = plm_find_unit_new(f, PLM_K_return_missing, PLM_WARNING, root, PLM_STR(""));
    plm_find_event(f, g, j->ev_removed);
    const plm_w_event *e = &w->event[j->ev_removed];
    plm_find_not_before(g, e->t + (RETURN_DAYS_MAX + 1) * PLM_W_DAY);
    if (e->parent != PLM_W_NONE) plm_find_related(f, g, plm_w_thing_shown(w, e->parent));
    plm_find_say(f, g, "Taken off its board at %s on %s; in the %d days since no return, repair or"
                       " destruction of it is on record.",
                 plm_find_where(w, e->place), plm_find_when(e->t), days);
}

static bool resting(plm_w_sitekind k) {
    return k == PLM_W_S_DATACENTER || k == PLM_W_S_OFFICE || k == PLM_W_S_OTHER;
}

static bool stay_excused(const plm_world *w, const plm_w_stay *s) {
    const plm_w_event *e = &w->event[s->ev_in];
    if (e->rma.n || e->disp == PLM_W_D_RETURNED) return true;
    if (e->license == PLM_W_NONE) return false;
    const plm_w_license *l = &w->license[e->license];
    return l->exception && plm_str_is(l->code, "TMP");
}

/* Where it came to rest, against its order and its license. */
static void find_rest(plm_finder *f, uint32_t root, const plm_w_journey *j) {
    plm_world *w = f->w;
    const plm_w_license *l = j->license == PLM_W_NONE ? NULL : &w->license[j->license];
    const plm_w_order *o = j->order == PLM_W_NONE ? NULL : &w->order[j->order];
    bool first = true;
    for (uint32_t i = 0; i < j->stays; i++) {
        const plm_w_stay *s = &w->stay[j->stay0 + i];
        uint32_t at = s->place.site;
        if (at == PLM_W_NONE || !w->site[at].known || !resting(w->site[at].kind)) continue;
        bool was_first = first;
        first = false;
        if (stay_excused(w, s)) continue;
        bool named = l && plm_w_license_names_site(l, at);
        uint32_t to = o ? (o->amended_to != PLM_W_NONE ? o->amended_to : o->ship_to) : PLM_W_NONE;
        if (was_first && o && o->known && to != PLM_W_NONE && to != at && s->sights >= 2) {
            bool same = w->site[to].party == w->site[at].party;
            plm_finding *g = plm_find_unit_new(f, PLM_K_diverted_in_transit,
                                               same && named ? PLM_NOTE : PLM_WARNING, root,
                                               PLM_STR(""));
            plm_find_event(f, g, s->ev_in);
            plm_find_evidence(f, g, w->order_ids.v[j->order], PLM_W_NEVER);
            plm_find_related(f, g, plm_w_shown(w, w->site_ids.v[to]));
            plm_find_say(f, g, "Order %.*s ships to %s and no amendment says otherwise; it was"
                               " received at %s on %s.",
                         PLM_FMT(w->order_ids.v[j->order]), plm_find_where(w, w->site[to].place),
                         plm_find_where(w, s->place), plm_find_when(s->in));
        } else if (l && l->known && l->site_n && !named && s->sights >= 2) {
            plm_finding *g = plm_find_unit_new(f, PLM_K_unlicensed_place, PLM_WARNING, root,
                                               PLM_STR(""));
            plm_find_event(f, g, s->ev_in);
            plm_find_evidence(f, g, w->license_ids.v[j->license], PLM_W_NEVER);
            plm_find_say(f, g, "License %.*s names %u site%s; the unit came to rest at %s on %s,"
                               " which is none of them.",
                         PLM_FMT(w->license_ids.v[j->license]), l->site_n,
                         l->site_n == 1 ? "" : "s",
                         plm_find_where(w, s->place), plm_find_when(s->in));
        }
    }
}

static void find_temporary(plm_finder *f, uint32_t root, const plm_w_journey *j) {
    plm_world *w = f->w;
    const plm_w_stay *s = plm_w_stay_last(w, root);
    if (!s || !j->temporary || j->transit || j->stays < 2 || j->end != PLM_W_E_NONE) return;
    if (!stay_excused(w, s)) return;
    const plm_w_license *l = j->license == PLM_W_NONE ? NULL : &w->license[j->license];
    bool home = s->place.site != PLM_W_NONE && (!l || plm_w_license_names_site(l, s->place.site));
    for (uint32_t i = 0; !home && i + 1 < j->stays; i++) {
        const plm_w_stay *b = &w->stay[j->stay0 + i];
        home = plm_w_same_place(b->place, s->place) && b->installed != PLM_W_NEVER;
    }
    if (home) return;
    int out = plm_find_age(f, s->in, TEMPORARY_DAYS_MAX);
    int quiet = plm_find_age(f, j->last_t, TEMPORARY_QUIET_DAYS);
    if ((out <= TEMPORARY_DAYS_MAX && quiet <= TEMPORARY_QUIET_DAYS)) return;
    plm_finding *g = plm_find_unit_new(f, PLM_K_temporary_export_overdue, PLM_WARNING, root,
                                       PLM_STR(""));
    plm_find_age(f, s->in, -1); /* both are said in days */
    plm_find_age(f, j->last_t, -1);
    plm_find_event(f, g, s->ev_in);
    plm_find_more_event(f, g, j->ev_dep);
    int64_t year = s->in + (TEMPORARY_DAYS_MAX + 1) * PLM_W_DAY;
    int64_t still = j->last_t + (TEMPORARY_QUIET_DAYS + 1) * PLM_W_DAY;
    plm_find_not_before(g, year < still ? year : still);
    plm_find_say(f, g, "Exported for a time and received at %s on %s; %d days later it is not back"
                       " and was last read %d days ago.",
                 plm_find_where(w, s->place), plm_find_when(s->in), out, quiet);
}

/* Shipped in a box before it was put into it; installed before it was received. */
static void find_order(plm_finder *f, uint32_t root) {
    plm_world *w = f->w;
    const plm_w_thing *u = &w->thing[root];
    for (uint32_t i = 0; i < u->sn; i++) {
        const plm_w_sight *s = &w->sight[u->s0 + i];
        const plm_w_event *e = &w->event[s->ev];
        if (s->via == PLM_W_NONE || e->step == PLM_W_void_shipping) continue;
        const plm_w_in *before = NULL, *after = NULL;
        uint32_t k = w->thing[s->thing].in_first;
        for (; k != PLM_W_NONE; k = w->in[k].next_of_child) {
            if (w->in[k].parent != s->via) continue;
            if (w->in[k].from <= e->t + 3 * PLM_W_HOUR) before = &w->in[k];
            else after = &w->in[k];
        }
        if (before || !after) continue;
        plm_finding *g = plm_find_unit_new(f, PLM_K_impossible_order, PLM_WARNING, root,
                                           PLM_STR(""));
        plm_find_event(f, g, s->ev);
        plm_find_event(f, g, after->ev_from);
        plm_find_say(f, g, "%s in box %.*s at %s is dated %s, but the unit was put into that box"
                           " only on %s.",
                     plm_w_step_names[e->step], PLM_FMT(plm_w_thing_shown(w, s->via)),
                     plm_find_where(w, e->place), plm_find_when(e->t),
                     plm_find_when(w->event[after->ev_from].t));
        return;
    }
}

static void find_late_receipt(plm_finder *f, uint32_t root, const plm_w_journey *j) {
    plm_world *w = f->w;
    const plm_w_thing *u = &w->thing[root];
    uint32_t installed = PLM_W_NONE;
    for (uint32_t i = 0; i < u->sn; i++) {
        uint32_t ev = w->sight[u->s0 + i].ev;
        const plm_w_event *e = &w->event[ev];
        if (e->step == PLM_W_receiving && installed != PLM_W_NONE &&
            plm_w_same_place(e->place, w->event[installed].place) &&
            e->t > w->event[installed].t + PLM_W_DAY) {
            plm_finding *g = plm_find_unit_new(f, PLM_K_impossible_order, PLM_WARNING, root,
                                               PLM_STR(""));
            plm_find_event(f, g, installed);
            plm_find_event(f, g, ev);
            plm_find_say(f, g, "Installed at %s on %s but received there only on %s, with no"
                               " departure between.",
                         plm_find_where(w, e->place), plm_find_when(w->event[installed].t),
                         plm_find_when(e->t));
            return;
        }
        if (e->step == PLM_W_installing) installed = ev;
        else if (e->step == PLM_W_shipping || e->step == PLM_W_departing) installed = PLM_W_NONE;
    }
    (void)j;
}

static void find_after_end(plm_finder *f, uint32_t root, const plm_w_journey *j) {
    plm_world *w = f->w;
    bool proved = f->unit[root].pass_t > j->end_t + 2 * PLM_W_DAY;
    if (!j->after_end && !proved) return;
    bool firm = proved || j->after_end >= READS_FIRM;
    plm_finding *g = plm_find_unit_new(f, firm ? PLM_K_seen_after_end : PLM_K_misread,
                                       firm ? PLM_CRITICAL : PLM_NOTE, root, PLM_STR(""));
    plm_find_event(f, g, j->ev_end);
    if (j->after_end) plm_find_event(f, g, j->ev_after_end);
    if (proved && f->unit[root].pass_after_end)
        plm_find_att(f, g, f->unit[root].pass_after_end - 1);
    plm_find_say(f, g, "Recorded as %s at %s on %s; since then its label was read %u time%s%s.",
                 j->end == PLM_W_E_DESTROYED ? "destroyed" : "stolen or lost",
                 plm_find_where(w, w->event[j->ev_end].place), plm_find_when(j->end_t),
                 j->after_end, j->after_end == 1 ? "" : "s",
                 proved ? " and its devices attested" : "");
}

void plm_find_journeys(plm_finder *f) {
    plm_world *w = f->w;
    for (uint32_t i = 0; i < w->things; i++) {
        const plm_w_journey *j = &w->journey[i];
        if (w->thing[i].root != i || !j->stays) continue;
        for (uint32_t k = 0; k < j->odds; k++) find_odd(f, i, &w->odd[j->odd0 + k]);
        if (j->ev_fast_a != PLM_W_NONE) find_fast(f, i, j);
        if (j->transit && j->ev_dep != PLM_W_NONE) find_overdue(f, i, j);
        find_removed(f, i, j);
        find_temporary(f, i, j);
        find_order(f, i);
        find_late_receipt(f, i, j);
        if (plm_find_is_unit(w, i)) find_rest(f, i, j);
        if (j->end != PLM_W_E_NONE) find_after_end(f, i, j);
    }
}
