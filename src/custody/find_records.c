/* find_records.c: bookkeeping.  Lost reads, late reports and clocks accuse nobody: they are notes,
 * kept few.  A serial that no maker has is another matter once it turns up twice. */
#include "custody/find.h"

#define LATE_DAYS 30
#define CLOCK_SLACK PLM_W_HOUR

typedef struct stranger {
    uint32_t n, ev[4];
} stranger;

bool plm_find_is_late(const plm_w_event *e) {
    return e->dated && !e->dead &&
           (e->known > e->t + LATE_DAYS * PLM_W_DAY || e->t > e->known + CLOCK_SLACK);
}

void plm_find_late(plm_finder *f, uint32_t i) {
    plm_world *w = f->w;
    const plm_w_event *e = &w->event[i];
    if (plm_find_is_late(e)) {
        bool late = e->known > e->t + LATE_DAYS * PLM_W_DAY;
        plm_finding *g = plm_find_new(f, late ? PLM_K_late_report : PLM_K_clock, PLM_NOTE, e->id);
        for (uint32_t k = 0; k < e->en && k < 64; k++)
            plm_find_subject(f, g, plm_w_thing_shown(w, w->listed[e->e0 + k]));
        if (!e->en && e->parent != PLM_W_NONE)
            plm_find_subject(f, g, plm_w_thing_shown(w, e->parent));
        if (e->place.site != PLM_W_NONE) plm_find_party(f, g, w->site[e->place.site].party);
        plm_find_event(f, g, i);
        plm_find_say(f, g, "Said to have happened at %s on %s, recorded on %s.",
                     plm_find_where(w, e->place), plm_find_when(e->t), plm_find_when(e->known));
    }
}

/* Readings of serials that no table has and no repair introduced. */
void plm_find_strangers(plm_finder *f) {
    plm_world *w = f->w;
    if (!w->registry) return; /* without a registry every serial is a stranger */
    stranger *v = plm_arena_array(w->a, (size_t)w->things + 1, sizeof *v);
    if (!v) {
        f->short_of_memory = true;
        return;
    }
    for (uint32_t i = 0; i < w->events; i++)
        for (uint32_t k = 0; k < w->event[i].en; k++) {
            uint32_t t = w->listed[w->event[i].e0 + k];
            const plm_w_thing *h = &w->thing[t];
            if (h->registered || h->kind != PLM_W_OTHER || h->root != t || h->device.n) continue;
            stranger *s = &v[t];
            if (s->n && w->event[i].t < w->event[s->ev[s->n < 4 ? s->n - 1 : 3]].t + PLM_W_DAY)
                continue; /* one visit of one reader */
            if (s->n < 4) s->ev[s->n] = i;
            s->n++;
        }
    for (uint32_t t = 0; t < w->things; t++) {
        if (!v[t].n) continue;
        bool firm = v[t].n > 1;
        plm_finding *g = plm_find_new(f, firm ? PLM_K_unregistered_serial : PLM_K_misread,
                                      firm ? PLM_WARNING : PLM_NOTE, w->thing_ids.v[t]);
        plm_find_subject(f, g, plm_w_thing_shown(w, t));
        for (uint32_t k = 0; k < v[t].n && k < 4; k++) {
            if (k < 2) plm_find_event(f, g, v[t].ev[k]);
            else plm_find_more_event(f, g, v[t].ev[k]);
        }
        const plm_w_event *e = &w->event[v[t].ev[0]];
        if (e->place.site != PLM_W_NONE) plm_find_party(f, g, w->site[e->place.site].party);
        plm_find_say(f, g, "Read %u time%s, first at %s on %s; no maker's registry has this serial"
                           " and no repair introduced it.",
                     v[t].n, v[t].n == 1 ? "" : "s", plm_find_where(w, e->place),
                         plm_find_when(e->t));
    }
}
