/* journey.c: what was in what, what was read where, and how each unit travelled.
 *
 * A unit's journey is the one story that its records tell together: it is where it was last read
 * until papers (a shipment, a license, an order of its own) take it elsewhere.  A reading that
 * the story has no room for is set aside as odd; one of them is a mis-scan as often as not, and
 * the finders decide.  Invariants: 1 stays of a unit do not overlap; 2 a reading is in the
 * journey or among the odd ones, never both.  Held by tests/scenes/test_custody_watch. */
#include "custody/world.h"

#include <string.h>

#define BOX_SLACK (3 * PLM_W_HOUR) /* clocks of one dock differ by minutes */

static bool no_memory(plm_fault *f) { return plm_fail(f, PLM_NO_MEMORY, "out of memory"); }

/* ---- what was in what */

static bool put_in(plm_world *w, uint32_t child, uint32_t parent, uint32_t ev, bool board) {
    plm_w_thing *c = &w->thing[child], *p = &w->thing[parent];
    uint32_t *open = board ? &c->open_board : &c->open_box;
    int64_t t = w->event[ev].t;
    if (*open != PLM_W_NONE) {
        plm_w_in *was = &w->in[*open];
        if (was->parent == parent) return true;
        was->to = t;
        was->ev_to = ev;
    }
    if (w->ins == w->in_cap) {
        uint32_t cap = w->in_cap ? w->in_cap * 2 : 4096;
        plm_w_in *v = plm_mem_resize(w->in, (size_t)cap * sizeof *v);
        if (!v) return false;
        w->in = v;
        w->in_cap = cap;
    }
    w->in[w->ins] = (plm_w_in){child, parent, ev, PLM_W_NONE, t, PLM_W_NEVER, board, c->in_first,
                               p->holds_first};
    c->in_first = p->holds_first = *open = w->ins++;
    return true;
}

static void take_out(plm_world *w, uint32_t child, uint32_t parent, uint32_t ev, bool board) {
    plm_w_thing *c = &w->thing[child];
    uint32_t *open = board ? &c->open_board : &c->open_box;
    if (*open == PLM_W_NONE) return;
    plm_w_in *n = &w->in[*open];
    if (w->thing[n->parent].root != w->thing[parent].root) return;
    n->to = w->event[ev].t;
    n->ev_to = ev;
    *open = PLM_W_NONE;
}

static void empty_out(plm_world *w, uint32_t parent, uint32_t ev, bool board) {
    for (uint32_t i = w->thing[parent].holds_first; i != PLM_W_NONE; i = w->in[i].next_of_parent)
        if (w->in[i].board == board && w->in[i].to == PLM_W_NEVER)
            take_out(w, w->in[i].child, parent, ev, board);
}

bool plm_world_contain(plm_world *w, plm_fault *f) {
    for (uint32_t i = 0; i < w->events; i++) {
        const plm_w_event *e = &w->event[i];
        bool board = e->type == PLM_W_ASSOCIATION;
        if ((e->type != PLM_W_AGGREGATION && !board) || e->parent == PLM_W_NONE) continue;
        if (e->action == PLM_W_DELETE && !e->en) empty_out(w, e->parent, i, board);
        for (uint32_t k = 0; k < e->en; k++) {
            uint32_t c = w->listed[e->e0 + k];
            if (c == e->parent) continue;
            if (e->action == PLM_W_DELETE) take_out(w, c, e->parent, i, board);
            else if (e->action == PLM_W_ADD && !put_in(w, c, e->parent, i, board))
                return no_memory(f);
        }
    }
    return true;
}

/* ---- what was read where */

typedef struct reads {
    plm_world *w;
    plm_w_sight *v;
    uint32_t n, cap, ev, event_first;
    bool short_of_memory;
} reads;

static void read_one(reads *r, uint32_t thing, uint32_t via) {
    if (r->n == r->cap) {
        uint32_t cap = r->cap ? r->cap * 2 : 16384;
        plm_w_sight *v = plm_mem_resize(r->v, (size_t)cap * sizeof *v);
        if (!v) {
            r->short_of_memory = true;
            return;
        }
        r->v = v;
        r->cap = cap;
    }
    r->v[r->n++] = (plm_w_sight){r->ev, thing, via};
}

static bool held_at(const plm_w_in *n, int64_t t) {
    return !n->board && n->from - BOX_SLACK <= t &&
        (n->to == PLM_W_NEVER || t <= n->to + BOX_SLACK);
}

static bool empty_at(const plm_world *w, uint32_t box, int64_t t) {
    for (uint32_t i = w->thing[box].holds_first; i != PLM_W_NONE; i = w->in[i].next_of_parent)
        if (held_at(&w->in[i], t)) return false;
    return true;
}

/* What the box held at t.  Where its papers are out of order, what it ever held, since a box's
 * number is used once; but one reading out of order is another box's number misread. */
static void read_box(reads *r, uint32_t box, int64_t t, unsigned depth) {
    plm_world *w = r->w;
    bool empty = empty_at(w, box, t);
    if (empty && w->thing[box].out_of_order < 2) return;
    for (uint32_t i = w->thing[box].holds_first; i != PLM_W_NONE; i = w->in[i].next_of_parent) {
        const plm_w_in *n = &w->in[i];
        if (n->board || (!empty && !held_at(n, t))) continue;
        read_one(r, n->child, box);
        if (depth < PLM_W_DEPTH_MAX && w->thing[n->child].kind == PLM_W_BOX)
            read_box(r, n->child, t, depth + 1);
    }
}

static void count_out_of_order(plm_world *w) {
    for (uint32_t i = 0; i < w->events; i++) {
        const plm_w_event *e = &w->event[i];
        for (uint32_t k = 0; e->type == PLM_W_OBJECT && k < e->en; k++) {
            plm_w_thing *c = &w->thing[w->listed[e->e0 + k]];
            if (c->kind == PLM_W_BOX && empty_at(w, w->listed[e->e0 + k], e->t)) c->out_of_order++;
        }
    }
}

static void read_event(reads *r, uint32_t i) {
    plm_world *w = r->w;
    const plm_w_event *e = &w->event[i];
    r->ev = i;
    if (e->type == PLM_W_OTHERTYPE) return;
    for (uint32_t k = 0; k < e->en; k++) {
        uint32_t c = w->listed[e->e0 + k];
        read_one(r, c, PLM_W_NONE);
        if (w->thing[c].holds_first != PLM_W_NONE && e->type != PLM_W_ASSOCIATION &&
            w->thing[c].kind == PLM_W_BOX)
            read_box(r, c, e->t, 0);
    }
    if (e->type == PLM_W_ASSOCIATION && e->parent != PLM_W_NONE)
        read_one(r, e->parent, PLM_W_NONE);
    if (e->type == PLM_W_AGGREGATION && e->parent != PLM_W_NONE && !e->en)
        read_box(r, e->parent, e->t, 0);
}

bool plm_world_sight(plm_world *w, plm_fault *f) {
    reads r = {.w = w};
    count_out_of_order(w);
    for (uint32_t i = 0; i < w->events; i++) read_event(&r, i);
    w->sight = plm_mem_resize(NULL, ((size_t)r.n + 1) * sizeof *w->sight);
    if (r.short_of_memory || !w->sight) {
        plm_mem_free(r.v);
        return no_memory(f);
    }
    for (uint32_t i = 0; i < r.n; i++) w->thing[w->thing[r.v[i].thing].root].sn++;
    uint32_t at = 0;
    for (uint32_t i = 0; i < w->things; i++) {
        w->thing[i].s0 = at;
        at += w->thing[i].sn;
        w->thing[i].sn = 0;
    }
    for (uint32_t i = 0; i < r.n; i++) {
        plm_w_thing *t = &w->thing[w->thing[r.v[i].thing].root];
        /* the same event names a thing once, however often it lists it */
        if (t->sn && w->sight[t->s0 + t->sn - 1].ev == r.v[i].ev) continue;
        w->sight[t->s0 + t->sn++] = r.v[i];
    }
    w->sights = at;
    plm_mem_free(r.v);
    return true;
}

/* ---- how each unit travelled */

typedef struct walk {
    plm_world *w;
    plm_w_thing *u;
    uint32_t unit;
    plm_w_journey *j;
    plm_w_stay *cur; /* NULL before the first place */
    bool transit;
    uint32_t dst;
    bool short_of_memory;
} walk;

static const plm_w_event *ev_of(const walk *k, uint32_t s) {
    return &k->w->event[k->w->sight[k->u->s0 + s].ev];
}

static bool leaves(plm_w_step s) { return s == PLM_W_shipping || s == PLM_W_departing; }
static bool arrives(plm_w_step s) { return s == PLM_W_receiving || s == PLM_W_arriving; }

static void stay_open(walk *k, plm_w_place p, uint32_t ev) {
    plm_world *w = k->w;
    if (k->cur && k->cur->out == PLM_W_NEVER) k->cur->out = w->event[ev].t;
    if (w->stays == w->stay_cap) {
        uint32_t cap = w->stay_cap ? w->stay_cap * 2 : 8192;
        plm_w_stay *v = plm_mem_resize(w->stay, (size_t)cap * sizeof *v);
        if (!v) {
            k->short_of_memory = true;
            return;
        }
        w->stay = v;
        w->stay_cap = cap;
    }
    w->stay[w->stays] = (plm_w_stay){.place = p, .in = w->event[ev].t, .out = PLM_W_NEVER,
                                     .ev_in = ev, .ev_out = PLM_W_NONE, .installed = PLM_W_NEVER};
    k->cur = &w->stay[w->stays++];
    k->j->stays++;
}

/* A return or a license that more than one reading of this unit names, or a part that was then put
 * on a board there: on one reading alone it may be another unit's paper, read with this label. */
static bool named_again(const walk *k, const plm_w_event *e) {
    unsigned n = 0;
    for (uint32_t i = 0; i < k->u->sn && n < 2; i++) {
        const plm_w_event *o = ev_of(k, i);
        n += (e->rma.n && plm_str_eq(e->rma, o->rma)) ||
             (e->license != PLM_W_NONE && e->license == o->license) ||
             (o->type == PLM_W_ASSOCIATION && o->t >= e->t && plm_w_same_place(o->place, e->place));
    }
    return n > 1;
}

/* Papers of its own: the order or license it was exported under, or a return, replacement or
 * temporary export. */
static bool has_papers(const walk *k, const plm_w_event *e) {
    const plm_world *w = k->w;
    const plm_w_order *o = k->j->order == PLM_W_NONE ? NULL : &w->order[k->j->order];
    if (o && e->order == k->j->order) return true;
    uint32_t to = o && o->known ? (o->amended_to != PLM_W_NONE ? o->amended_to : o->ship_to)
                                : PLM_W_NONE;
    if (to != PLM_W_NONE && to == e->place.site) return true; /* where it is bound for */
    /* a bare module is handled one by one and under a return: its label is not read in passing */
    if (e->rma.n && (k->u->kind == PLM_W_MODULE || named_again(k, e))) return true;
    if (e->license == PLM_W_NONE) return false;
    const plm_w_license *l = &w->license[e->license];
    if (l->exception && (plm_str_is(l->code, "RPL") || plm_str_is(l->code, "TMP")))
        return named_again(k, e);
    return e->license == k->j->license &&
           (e->dst_site == PLM_W_NONE || e->dst_site == e->place.site);
}

/* Looks on from reading s at a place that is not home: does the unit turn up at home again before
 * anything ships it from there, and does it go on from there? */
static void look_ahead(const walk *k, uint32_t s, plm_w_place p, bool *back, bool *goes_on) {
    *back = *goes_on = false;
    for (uint32_t i = s; i < k->u->sn; i++) {
        const plm_w_event *e = ev_of(k, i);
        if (plm_w_same_place(e->place, p)) {
            if (!leaves(e->step)) continue;
            *goes_on = true;
            return;
        }
        if (k->cur && plm_w_same_place(e->place, k->cur->place)) {
            *back = true;
            return;
        }
    }
}

static void set_aside(walk *k, uint32_t s, bool back) {
    plm_world *w = k->w;
    const plm_w_event *e = ev_of(k, s);
    uint32_t ev = w->sight[k->u->s0 + s].ev;
    plm_w_odd *o = NULL;
    for (uint32_t i = 0; i < k->j->odds && !o; i++)
        if (plm_w_same_place(w->odd[k->j->odd0 + i].place, e->place)) o = &w->odd[k->j->odd0 + i];
    if (!o) {
        if (w->odds == w->odd_cap) {
            uint32_t cap = w->odd_cap ? w->odd_cap * 2 : 1024;
            plm_w_odd *v = plm_mem_resize(w->odd, (size_t)cap * sizeof *v);
            if (!v) {
                k->short_of_memory = true;
                return;
            }
            w->odd = v;
            w->odd_cap = cap;
        }
        o = &w->odd[w->odds++];
        *o = (plm_w_odd){.place = e->place, .home = k->cur->place,
                         .home_before = k->j->ev_last, .home_after = PLM_W_NONE};
        k->j->odds++;
    }
    if (o->n < sizeof o->ev / sizeof *o->ev) o->ev[o->n] = ev;
    o->n++;
    o->geo |= e->place.site == PLM_W_NONE;
    o->papers |= has_papers(k, e);
    o->back |= back;
}

static void note_speed(walk *k, const plm_w_event *e, uint32_t ev) {
    plm_w_journey *j = k->j;
    if (j->ev_fast_a != PLM_W_NONE || j->ev_last == PLM_W_NONE) return;
    const plm_w_event *was = &k->w->event[j->ev_last];
    double d = plm_w_km(was->place, e->place);
    /* no civil freight flies faster than 920 km/h over ground; an hour for the clocks */
    double hours = (double)(e->t - was->t + PLM_W_HOUR) / (double)PLM_W_HOUR;
    if (d > 150 && d > 920 * hours) j->ev_fast_a = j->ev_last, j->ev_fast_b = ev;
}

static void note_papers(walk *k, const plm_w_event *e, uint32_t ev) {
    plm_w_journey *j = k->j;
    bool carries = leaves(e->step) || e->step == PLM_W_receiving;
    if (e->license != PLM_W_NONE && j->license == PLM_W_NONE && carries) {
        const plm_w_license *l = &k->w->license[e->license];
        if (!(l->exception && plm_str_is(l->code, "TMP"))) {
            j->license = e->license;
            j->ev_export = ev;
        }
    }
    if (e->order != PLM_W_NONE && j->order == PLM_W_NONE && carries) j->order = e->order;
}

/* What the reading says of the unit where it is. */
static void act(walk *k, const plm_w_event *e, uint32_t ev, uint32_t thing) {
    plm_w_journey *j = k->j;
    plm_w_stay *c = k->cur;
    note_papers(k, e, ev);
    if (leaves(e->step)) {
        k->transit = true;
        k->dst = e->dst_site;
        j->ev_dep = ev;
        j->returned = e->disp == PLM_W_D_RETURNED;
        if (j->returned && e->license != PLM_W_NONE) j->ev_return = ev;
        j->temporary = e->license != PLM_W_NONE && k->w->license[e->license].exception &&
                       plm_str_is(k->w->license[e->license].code, "TMP");
    } else if (e->step == PLM_W_void_shipping || arrives(e->step)) {
        k->transit = false;
        if (e->step == PLM_W_void_shipping) j->returned = j->temporary = false;
    }
    if (e->step == PLM_W_removing) {
        j->removed = e->t;
        j->ev_removed = ev;
    } else if (e->step == PLM_W_installing || e->step == PLM_W_replacing ||
               e->step == PLM_W_assembling) {
        j->removed = PLM_W_NEVER;
        if (e->step == PLM_W_installing) {
            if (c->installed == PLM_W_NEVER) c->installed = e->t;
            if (j->installed == PLM_W_NEVER) j->installed = e->t;
        }
    }
    bool ends = e->disp == PLM_W_D_DESTROYED || e->step == PLM_W_destroying ||
                e->disp == PLM_W_D_STOLEN || e->disp == PLM_W_D_LOST;
    if (ends && j->end == PLM_W_E_NONE && thing == k->u->label) {
        bool gone = e->disp == PLM_W_D_STOLEN || e->disp == PLM_W_D_LOST;
        j->end = gone ? PLM_W_E_STOLEN : PLM_W_E_DESTROYED;
        j->end_t = e->t;
        j->ev_end = ev;
    }
}

static void step(walk *k, uint32_t s) {
    plm_world *w = k->w;
    plm_w_journey *j = k->j;
    const plm_w_sight *g = &w->sight[k->u->s0 + s];
    const plm_w_event *e = &w->event[g->ev];
    bool nowhere = e->place.site == PLM_W_NONE && !e->place.placed;
    if (j->end != PLM_W_E_NONE && e->t > j->end_t + 2 * PLM_W_DAY) {
        if (!j->after_end++) j->ev_after_end = g->ev;
        return;
    }
    if (!k->cur) {
        if (nowhere) return;
        stay_open(k, e->place, g->ev);
        if (k->short_of_memory) return;
    } else if (!nowhere && !plm_w_same_place(k->cur->place, e->place)) {
        bool back, on;
        look_ahead(k, s, e->place, &back, &on);
        bool moving = k->transit && (arrives(e->step) || leaves(e->step) ||
                                     (k->dst != PLM_W_NONE && k->dst == e->place.site) || !back);
        /* received in, or taken out of, the box it was packed in: only a departure went unread */
        bool boxed = !back && ((arrives(e->step) && g->via != PLM_W_NONE) ||
                               (e->type == PLM_W_AGGREGATION && e->action == PLM_W_DELETE));
        /* taken off the board it was on: the board brought it here */
        bool carried = e->type == PLM_W_ASSOCIATION && e->action == PLM_W_DELETE &&
                       e->parent != PLM_W_NONE &&
                       plm_w_on_board(w, g->thing, w->thing[e->parent].root, e->t, PLM_W_DAY);
        if (!moving && !boxed && !carried && (back || (!on && !has_papers(k, e)))) {
            set_aside(k, s, back);
            return;
        }
        note_speed(k, e, g->ev);
        bool recorded = k->transit;
        plm_w_stay *left = k->cur;
        stay_open(k, e->place, g->ev);
        if (k->short_of_memory) return;
        left = k->cur - 1; /* the array may have moved; stays of one unit lie together */
        if (recorded && j->ev_dep != PLM_W_NONE) {
            left->ev_out = j->ev_dep;
            if (w->event[j->ev_dep].t < left->out) left->out = w->event[j->ev_dep].t;
        }
        k->transit = false;
    } else if (k->transit && (e->step == PLM_W_cycle_counting || e->step == PLM_W_installing)) {
        k->transit = false; /* it is still here */
    }
    k->cur->sights++;
    act(k, e, g->ev, g->thing);
    j->ev_last = g->ev;
    j->last_t = e->t;
}

static bool travels(plm_w_kind k) {
    return k == PLM_W_CHASSIS || k == PLM_W_MODULE || k == PLM_W_CARD;
}

/* The rated power and the chips that later sums need, so that they need no boards. */
static void weigh_in(plm_world *w, uint32_t root, plm_w_journey *j) {
    uint32_t chips[256], n;
    for (uint32_t i = 0; i < j->stays; i++) {
        plm_w_stay *s = &w->stay[j->stay0 + i];
        if (s->installed == PLM_W_NEVER) continue;
        n = plm_w_chips_at(w, root, s->installed, chips, 256);
        for (uint32_t k = 0; k < n; k++) s->draw_mw += w->thing[chips[k]].tdp_mw;
    }
    if (j->ev_export == PLM_W_NONE) return;
    n = plm_w_chips_at(w, root, w->event[j->ev_export].t, chips, 256);
    j->chips = n;
    for (uint32_t k = 0; k < n; k++) j->tpp += w->thing[chips[k]].tpp;
}

bool plm_world_travel(plm_world *w, plm_fault *f) {
    w->journey = plm_mem_resize(NULL, ((size_t)w->things + 1) * sizeof *w->journey);
    if (!w->journey) return no_memory(f);
    for (uint32_t i = 0; i < w->things; i++) {
        plm_w_journey *j = &w->journey[i];
        memset(j, 0, sizeof *j);
        j->ev_dep = j->ev_last = j->ev_end = j->ev_fast_a = j->ev_fast_b = PLM_W_NONE;
        j->ev_after_end = j->license = j->order = j->ev_export = j->ev_return = PLM_W_NONE;
        j->ev_removed = PLM_W_NONE;
        j->end_t = j->installed = j->removed = PLM_W_NEVER;
        j->stay0 = w->stays;
        j->odd0 = w->odds;
        if (w->thing[i].root != i || !travels(w->thing[i].kind)) continue;
        walk k = {.w = w, .u = &w->thing[i], .unit = i, .j = j, .dst = PLM_W_NONE};
        for (uint32_t s = 0; s < k.u->sn && !k.short_of_memory; s++) step(&k, s);
        j->transit = k.transit;
        if (k.short_of_memory) return no_memory(f);
        if (k.cur && k.transit && k.cur->out == PLM_W_NEVER && j->ev_dep != PLM_W_NONE) {
            k.cur->out = w->event[j->ev_dep].t;
            k.cur->ev_out = j->ev_dep;
        }
        if (k.cur && j->end != PLM_W_E_NONE && k.cur->out == PLM_W_NEVER) k.cur->out = j->end_t;
        weigh_in(w, i, j);
    }
    return true;
}
