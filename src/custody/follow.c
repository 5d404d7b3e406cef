/* follow.c: see follow.h.  Invariants: 1 whatever one thing's findings depend on, but for the sums,
 * is in its part; 2 a part that is not dirty has the findings that examining it would give;
 * 3 records of the world are never changed, so that a part can be examined from them any time. */
#include "custody/balance.h"
#include "custody/follow.h"

#include <stdlib.h>
#include <string.h>

#define NONE PLM_W_NONE
#define STAYS_SPARE 2048u /* stays no journey has any more that are kept before they go */

enum { L_THING, L_EVENT, L_ATT, L_LOC, L_N };

typedef struct cell {
    uint32_t item, next;
} cell;

typedef struct part { /* a node of a forest; its lists and findings are those of its top */
    uint32_t up, size;
    struct { uint32_t head, tail; } list[L_N];
    plm_arena *a; /* of its findings; NULL while it has none */
    plm_finding *v;
    uint32_t n;
    int64_t due;
    uint32_t stamp;
    bool dirty, holds, timed; /* on the list of what is dirty, has findings, waits for a time */
} part;

typedef struct list {
    uint32_t *v, n, cap;
} list;

/* Findings of a sum that stay until it is added up again. */
typedef struct sum {
    plm_arena *a;
    plm_findings found;
    bool stale;
} sum;

/* What is summed at one site. */
typedef struct site_sum {
    list units;  /* that stayed there; some do no more, some stand twice */
    list counts; /* its counting events */
    bool dirty;  /* on the list of what is added up at the next look */
    sum power;
} site_sum;

struct plm_follow {
    plm_store *s;
    plm_world w;             /* the records */
    int64_t last, feed, now; /* taken up to; now of the last look */
    plm_w_index devices, rmas, proofs;
    uint32_t *thing_node, *device_node, *rma_node, device_cap, rma_cap;
    part *p;
    uint32_t parts, part_cap, stamp;
    cell *cell;
    uint32_t cells, cell_cap;
    uint32_t *local, *local_stamp;       /* by thing: its number in the part examined */
    uint32_t *ev_local, *ev_stamp, ev_n; /* by event, the same */
    plm_w_thing *thing;                  /* by thing: as derived */
    plm_w_journey *journey;
    plm_find_unit *unit;                 /* by thing: what counts say of it */
    bool *in_units;                      /* by thing: it is on the list of units */
    uint32_t things_n, things_cap;
    plm_w_stay *stay;
    uint32_t stays, stay_cap, stays_live;
    plm_find_heard *heard;               /* by location proof */
    plm_find_mark *mark;
    uint32_t marks, locs;
    list late, dirty, holders, timers;   /* events; nodes */
    uint32_t late_done;                  /* of late: in the sum */
    int64_t due;                         /* the earliest of the timers */
    plm_find_unit *sum_unit;             /* by thing: what counts say now */
    site_sum *site;
    uint32_t sites;
    bool *only;                          /* by site: added up at this look */
    list site_dirty, recount;            /* sites; things whose stays are others */
    uint32_t *unit_stamp, *seen, unit_stamps, seen_stamp; /* by thing */
    plm_find_account *account;           /* by license */
    uint32_t accounts;
    sum orders, licenses, marked, lates;
    plm_arena *scratch;
    uint32_t events_seen, atts_seen, locs_seen;
    bool voided, short_of_memory;
};

static bool no_memory(plm_fault *f) { return plm_fail(f, PLM_NO_MEMORY, "out of memory"); }

/* Grows *v to hold need elements; what is new is filled with byte. */
static bool grow(void **v, uint32_t *cap, uint32_t need, size_t size, int byte) {
    if (need <= *cap) return true;
    uint32_t n = *cap ? *cap : 256;
    while (n < need) n *= 2;
    char *p = plm_mem_resize(*v, (size_t)n * size);
    if (!p) return false;
    memset(p + (size_t)*cap * size, byte, (size_t)(n - *cap) * size);
    *v = p;
    *cap = n;
    return true;
}

static void list_put(plm_follow *w, list *l, uint32_t x);

static void touch(plm_follow *w, uint32_t node);

/* ---- parts */

static uint32_t top(plm_follow *w, uint32_t i) {
    while (w->p[i].up != i) i = w->p[i].up = w->p[w->p[i].up].up;
    return i;
}

static uint32_t part_new(plm_follow *w) {
    if (!grow((void **)&w->p, &w->part_cap, w->parts + 1, sizeof *w->p, 0)) {
        w->short_of_memory = true;
        return 0;
    }
    part *p = &w->p[w->parts];
    *p = (part){.up = w->parts, .size = 1, .due = INT64_MAX};
    for (int k = 0; k < L_N; k++) p->list[k].head = p->list[k].tail = NONE;
    touch(w, w->parts);
    return w->parts++;
}

static void list_put(plm_follow *w, list *l, uint32_t x) {
    if (!grow((void **)&l->v, &l->cap, l->n + 1, sizeof *l->v, 0)) w->short_of_memory = true;
    else l->v[l->n++] = x;
}

static void touch(plm_follow *w, uint32_t node) {
    part *p = &w->p[node];
    if (!p->dirty) list_put(w, &w->dirty, node);
    p->dirty = true;
}

static void put(plm_follow *w, uint32_t node, int kind, uint32_t item) {
    if (!grow((void **)&w->cell, &w->cell_cap, w->cells + 1, sizeof *w->cell, 0)) {
        w->short_of_memory = true;
        return;
    }
    part *p = &w->p[top(w, node)];
    w->cell[w->cells] = (cell){item, NONE};
    if (p->list[kind].head == NONE) p->list[kind].head = w->cells;
    else w->cell[p->list[kind].tail].next = w->cells;
    p->list[kind].tail = w->cells++;
    touch(w, top(w, node));
}

static void forget(part *p) {
    plm_arena_free(p->a);
    p->a = NULL;
    p->v = NULL;
    p->n = 0;
    p->due = INT64_MAX;
}

static void join(plm_follow *w, uint32_t x, uint32_t y) {
    x = top(w, x), y = top(w, y);
    if (x == y) return;
    if (w->p[x].size < w->p[y].size) {
        uint32_t t = x;
        x = y, y = t;
    }
    part *a = &w->p[x], *b = &w->p[y];
    for (int k = 0; k < L_N; k++) {
        if (b->list[k].head == NONE) continue;
        if (a->list[k].head == NONE) a->list[k].head = b->list[k].head;
        else w->cell[a->list[k].tail].next = b->list[k].head;
        a->list[k].tail = b->list[k].tail;
    }
    forget(a);
    forget(b);
    a->size += b->size;
    b->up = x;
    touch(w, x);
}

static uint32_t thing_node(plm_follow *w, uint32_t thing) {
    if (w->thing_node[thing] == NONE) {
        w->thing_node[thing] = part_new(w);
        put(w, w->thing_node[thing], L_THING, thing);
    }
    return w->thing_node[thing];
}

static uint32_t text_node(plm_follow *w, plm_w_index *x, uint32_t **node, uint32_t *cap,
                          plm_str s) {
    uint32_t i = plm_w_index_put(x, s);
    if (i == NONE || !grow((void **)node, cap, i + 1, sizeof **node, 0xff)) {
        w->short_of_memory = true;
        return 0;
    }
    if ((*node)[i] == NONE) (*node)[i] = part_new(w);
    return (*node)[i];
}

static uint32_t device_node(plm_follow *w, plm_str id) {
    return text_node(w, &w->devices, &w->device_node, &w->device_cap, id);
}

static bool things_room(plm_follow *w) {
    uint32_t n = w->w.things, cap = w->things_cap;
    struct { void **v; size_t size; int byte; } a[] = {
        {(void **)&w->thing_node, sizeof(uint32_t), 0xff}, {(void **)&w->local, 4, 0},
        {(void **)&w->local_stamp, 4, 0}, {(void **)&w->thing, sizeof *w->thing, 0},
        {(void **)&w->journey, sizeof *w->journey, 0}, {(void **)&w->unit, sizeof *w->unit, 0},
        {(void **)&w->sum_unit, sizeof *w->sum_unit, 0}, {(void **)&w->in_units, 1, 0},
        {(void **)&w->unit_stamp, 4, 0}, {(void **)&w->seen, 4, 0}};
    uint32_t to = cap;
    for (size_t i = 0; i < sizeof a / sizeof *a; i++) {
        to = cap;
        if (!grow(a[i].v, &to, n, a[i].size, a[i].byte)) return false;
    }
    w->things_cap = to;
    for (; w->things_n < n; w->things_n++) w->thing[w->things_n] = w->w.thing[w->things_n];
    return true;
}

static bool sites_room(plm_follow *w) {
    uint32_t had = w->sites, n = w->w.site_ids.n;
    if (!grow((void **)&w->site, &had, n, sizeof *w->site, 0)) return false;
    return grow((void **)&w->only, &w->sites, n, sizeof *w->only, 0);
}

/* Sums at the site are others now. */
static void touch_site(plm_follow *w, uint32_t site) {
    if (site == NONE) return;
    if (!sites_room(w)) {
        w->short_of_memory = true;
        return;
    }
    if (!w->site[site].dirty) list_put(w, &w->site_dirty, site);
    w->site[site].dirty = true;
}

static void touch_stays(plm_follow *w, const plm_w_journey *j) {
    for (uint32_t k = 0; k < j->stays; k++) touch_site(w, w->stay[j->stay0 + k].place.site);
}

static void add_to_event(plm_follow *w, uint32_t thing, uint32_t ev) {
    if (thing == NONE) return;
    uint32_t t = top(w, thing_node(w, thing));
    if (w->p[t].stamp == w->stamp) return;
    w->p[t].stamp = w->stamp;
    put(w, t, L_EVENT, ev);
}

/* What one event ties together: a container and what is in it; a label, its device and the label it
 * renews; what was weighed as one; what goes under one return. */
static void add_event(plm_follow *w, uint32_t ev) {
    const plm_w_event *e = &w->w.event[ev];
    const uint32_t *listed = w->w.listed + e->e0;
    const plm_w_pair *pair = w->w.pair + e->d0;
    bool holds = e->type == PLM_W_AGGREGATION || e->type == PLM_W_ASSOCIATION;
    uint32_t hub = holds && e->parent != NONE ? thing_node(w, e->parent) : NONE;
    if (hub == NONE && e->mass_mg && e->en) hub = thing_node(w, listed[0]);
    for (uint32_t k = 0; k < e->en; k++) {
        uint32_t n = thing_node(w, listed[k]);
        if (hub != NONE) join(w, hub, n);
        if (e->rma.n) join(w, n, text_node(w, &w->rmas, &w->rma_node, &w->rma_cap, e->rma));
    }
    for (uint32_t k = 0; k < e->dn; k++)
        join(w, thing_node(w, pair[k].thing), device_node(w, pair[k].device));
    if (e->dn) w->w.registry = true;
    uint32_t renewed = e->dn ? pair[0].thing : e->en ? listed[0] : NONE;
    if (e->replaces != NONE && renewed != NONE)
        join(w, thing_node(w, e->replaces), thing_node(w, renewed));
    w->stamp++;
    for (uint32_t k = 0; k < e->en; k++) add_to_event(w, listed[k], ev);
    for (uint32_t k = 0; k < e->dn; k++) add_to_event(w, pair[k].thing, ev);
    add_to_event(w, e->parent, ev);
    add_to_event(w, e->replaces, ev);
    if (plm_find_is_late(e)) list_put(w, &w->late, ev);
    if (e->step != PLM_W_cycle_counting || e->place.site == NONE) return;
    touch_site(w, e->place.site);
    if (e->place.site < w->sites) list_put(w, &w->site[e->place.site].counts, ev);
}

static void add_att(plm_follow *w, uint32_t i) {
    const plm_w_att *a = &w->w.att[i];
    const plm_w_attdev *d = w->w.attdev + a->d0;
    uint32_t hub = NONE, n;
    if (a->host != NONE) hub = thing_node(w, a->host);
    else if (a->dn != 1) return; /* speaks for no unit */
    else if (d->epc != NONE) hub = thing_node(w, d->epc);
    if (a->host_id.n) {
        n = device_node(w, a->host_id);
        if (hub == NONE) hub = n;
        else join(w, hub, n);
    }
    for (uint32_t k = 0; k < a->dn; k++) {
        if (!d[k].device.n) continue;
        n = device_node(w, d[k].device);
        if (hub == NONE) hub = n;
        else join(w, hub, n);
    }
    if (hub != NONE) put(w, hub, L_ATT, i);
}

static void add_loc(plm_follow *w, uint32_t i) {
    w->marked.stale = true;
    if (w->w.loc[i].device.n) put(w, device_node(w, w->w.loc[i].device), L_LOC, i);
}

/* ---- examining one part */

typedef struct examined {
    plm_world m;
    uint32_t *global; /* by its things */
    plm_find_heard *heard;
    uint32_t top;
} examined;

static void examined_free(examined *x) {
    plm_world *m = &x->m; /* what is lent by the records is not its own to free */
    m->site_ids = m->party_ids = m->license_ids = m->order_ids = m->names = m->marks =
        (plm_w_index){0};
    m->shown = NULL;
    m->site = NULL;
    m->license = NULL;
    m->order = NULL;
    plm_world_free(m);
    plm_mem_free(x->global);
    plm_mem_free(x->heard);
}

static uint32_t count(const plm_follow *w, const part *p, int kind) {
    uint32_t n = 0;
    for (uint32_t c = p->list[kind].head; c != NONE; c = w->cell[c].next) n++;
    return n;
}

static int ascending(const void *a, const void *b) {
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return x < y ? -1 : x > y;
}

static void *zeroed(size_t n, size_t size) {
    void *p = plm_mem_resize(NULL, (n + 1) * size);
    if (p) memset(p, 0, (n + 1) * size);
    return p;
}

static bool take_things(plm_follow *w, examined *x, const part *p) {
    plm_world *m = &x->m;
    uint32_t n = count(w, p, L_THING), i = 0;
    x->global = zeroed(n, sizeof *x->global);
    m->thing = zeroed(n, sizeof *m->thing);
    m->thing_ids.v = zeroed(n, sizeof *m->thing_ids.v);
    if (!x->global || !m->thing || !m->thing_ids.v) return false;
    for (uint32_t c = p->list[L_THING].head; c != NONE; c = w->cell[c].next)
        x->global[i++] = w->cell[c].item;
    if (n) qsort(x->global, n, sizeof *x->global, ascending); /* in the order of the tables */
    w->stamp++;
    for (i = 0; i < n; i++) {
        m->thing[i] = w->w.thing[x->global[i]];
        m->thing[i].root = m->thing[i].label = i;
        m->thing_ids.v[i] = w->w.thing_ids.v[x->global[i]];
        w->local[x->global[i]] = i;
        w->local_stamp[x->global[i]] = w->stamp;
    }
    m->things = m->thing_ids.n = m->thing_cap = n;
    return true;
}

static uint32_t local(const plm_follow *w, uint32_t thing) {
    return thing != NONE && w->local_stamp[thing] == w->stamp ? w->local[thing] : NONE;
}

static void take_event(plm_follow *w, plm_world *m, uint32_t ev) {
    if (w->ev_stamp[ev] == w->stamp || w->w.event[ev].dead) return;
    w->ev_stamp[ev] = w->stamp;
    plm_w_event *e = &m->event[m->events++];
    *e = w->w.event[ev];
    const uint32_t *listed = w->w.listed + e->e0;
    const plm_w_pair *pair = w->w.pair + e->d0;
    uint32_t en = e->en, dn = e->dn;
    e->parent = local(w, e->parent);
    e->replaces = local(w, e->replaces);
    e->e0 = m->listed_n;
    e->d0 = m->pairs;
    e->en = e->dn = 0;
    for (uint32_t k = 0; k < en; k++)
        if (local(w, listed[k]) != NONE)
            m->listed[m->listed_n++] = local(w, listed[k]), e->en++;
    for (uint32_t k = 0; k < dn; k++)
        if (local(w, pair[k].thing) != NONE)
            m->pair[m->pairs++] = (plm_w_pair){local(w, pair[k].thing), pair[k].device}, e->dn++;
}

/* The events of the part, and the counts that missed a unit of it. */
static bool take_events(plm_follow *w, examined *x, const part *p) {
    plm_world *m = &x->m;
    size_t n = 0, listed = 0, pairs = 0;
    for (uint32_t c = p->list[L_EVENT].head; c != NONE; c = w->cell[c].next, n++) {
        listed += w->w.event[w->cell[c].item].en;
        pairs += w->w.event[w->cell[c].item].dn;
    }
    for (uint32_t i = 0; i < m->things; i++) n += w->unit[x->global[i]].missed ? 4 : 0;
    for (uint32_t i = 0; i < m->things; i++)
        for (uint32_t k = 0; k < 4 && k < w->unit[x->global[i]].missed; k++)
            listed += w->w.event[w->unit[x->global[i]].missed_ev[k]].en;
    m->event = zeroed(n, sizeof *m->event);
    m->listed = zeroed(listed, sizeof *m->listed);
    m->pair = zeroed(pairs, sizeof *m->pair);
    if (!m->event || !m->listed || !m->pair) return false;
    for (uint32_t c = p->list[L_EVENT].head; c != NONE; c = w->cell[c].next)
        take_event(w, m, w->cell[c].item);
    for (uint32_t i = 0; i < m->things; i++)
        for (uint32_t k = 0; k < 4 && k < w->unit[x->global[i]].missed; k++)
            take_event(w, m, w->unit[x->global[i]].missed_ev[k]);
    return true;
}

static bool take_proofs(plm_follow *w, examined *x, const part *p) {
    plm_world *m = &x->m;
    size_t devs = 0, bounds = 0;
    for (uint32_t c = p->list[L_ATT].head; c != NONE; c = w->cell[c].next)
        devs += w->w.att[w->cell[c].item].dn;
    for (uint32_t c = p->list[L_LOC].head; c != NONE; c = w->cell[c].next)
        bounds += w->w.loc[w->cell[c].item].bn;
    m->att = zeroed(count(w, p, L_ATT), sizeof *m->att);
    m->attdev = zeroed(devs, sizeof *m->attdev);
    m->loc = zeroed(count(w, p, L_LOC), sizeof *m->loc);
    m->bound = zeroed(bounds, sizeof *m->bound);
    if (!m->att || !m->attdev || !m->loc || !m->bound) return false;
    for (uint32_t c = p->list[L_ATT].head; c != NONE; c = w->cell[c].next) {
        plm_w_att *a = &m->att[m->atts++];
        *a = w->w.att[w->cell[c].item];
        a->host = local(w, a->host);
        for (uint32_t k = 0; k < a->dn; k++) {
            plm_w_attdev d = w->w.attdev[a->d0 + k];
            m->attdev[m->attdevs + k] = (plm_w_attdev){d.device, local(w, d.epc), NONE};
        }
        a->d0 = m->attdevs;
        m->attdevs += a->dn;
    }
    for (uint32_t c = p->list[L_LOC].head; c != NONE; c = w->cell[c].next) {
        plm_w_loc *l = &m->loc[m->locs++];
        *l = w->w.loc[w->cell[c].item];
        if (l->bn) memcpy(m->bound + m->bounds, w->w.bound + l->b0, l->bn * sizeof *m->bound);
        l->b0 = m->bounds;
        m->bounds += l->bn;
    }
    return true;
}

/* The part as a world of its own, with journeys. */
static bool examine(plm_follow *w, uint32_t t, examined *x, plm_fault *f) {
    const plm_world *all = &w->w;
    plm_world *m = &x->m;
    memset(x, 0, sizeof *x);
    x->top = t;
    m->as_of = all->as_of;
    m->now = all->now;
    m->registry = all->registry;
    m->site_ids = all->site_ids, m->party_ids = all->party_ids;
    m->license_ids = all->license_ids, m->order_ids = all->order_ids;
    m->names = all->names, m->marks = all->marks;
    m->shown = all->shown, m->site = all->site;
    m->license = all->license, m->order = all->order;
    m->a = plm_arena_new(PLM_W_ARENA_MAX);
    if (!m->a || !take_things(w, x, &w->p[t]) || !take_events(w, x, &w->p[t]) ||
        !take_proofs(w, x, &w->p[t]))
        return no_memory(f);
    uint32_t stamp = w->stamp;
    if (!plm_world_derive(m, f)) return false;
    for (uint32_t i = 0; i < m->events; i++)
        if (w->ev_stamp[m->event[i].origin] == stamp) w->ev_local[m->event[i].origin] = i;
    x->heard = zeroed(m->locs, sizeof *x->heard);
    plm_finder r = {.w = m};
    if (!x->heard) return no_memory(f);
    plm_find_heard_of(&r, x->heard);
    return true;
}

static uint32_t global_ev(const examined *x, uint32_t ev) {
    return ev == NONE ? NONE : x->m.event[ev].origin;
}

static bool keep_stays(plm_follow *w, const examined *x, uint32_t i, plm_w_journey *j) {
    uint32_t from = x->m.journey[i].stay0;
    if (!grow((void **)&w->stay, &w->stay_cap, w->stays + j->stays, sizeof *w->stay, 0))
        return false;
    j->stay0 = w->stays;
    for (uint32_t k = 0; k < j->stays; k++) {
        plm_w_stay *s = &w->stay[w->stays++];
        *s = x->m.stay[from + k];
        s->ev_in = global_ev(x, s->ev_in);
        s->ev_out = global_ev(x, s->ev_out);
    }
    w->stays_live += j->stays;
    return true;
}

/* Journeys of all units as a world without what is inside them. */
static plm_world sums_world(plm_follow *w) {
    plm_world g = w->w;
    g.a = w->scratch;
    g.thing = w->thing;
    g.journey = w->journey;
    g.stay = w->stay;
    g.stays = w->stays;
    return g;
}

/* What a unit is in the sum of its license. */
typedef struct licensed {
    int64_t chips, returned;
    uint32_t license, export; /* license NONE: in none's */
} licensed;

static licensed licensed_of(const plm_follow *w, const plm_world *sums, uint32_t thing) {
    plm_exported e;
    if (!plm_custody_exported(sums, thing, &e)) return (licensed){0, 0, NONE, NONE};
    return (licensed){e.chips, e.returned ? e.chips : 0, w->journey[thing].license,
                      w->journey[thing].ev_export};
}

static void account_add(plm_follow *w, const licensed *l, int sign) {
    if (l->license == NONE) return;
    if (!grow((void **)&w->account, &w->accounts, l->license + 1, sizeof *w->account, 0)) {
        w->short_of_memory = true;
        return;
    }
    plm_find_account *a = &w->account[l->license];
    w->licenses.stale |= plm_find_is_overdrawn(&w->w.license[l->license], a);
    a->shipped += sign * l->chips;
    a->returned += sign * l->returned;
    w->licenses.stale |= plm_find_is_overdrawn(&w->w.license[l->license], a);
}

/* Whether sums over sites see the unit's stays as they were. */
static bool same_stays(const plm_follow *w, const plm_w_journey *a, const plm_w_journey *b) {
    if (a->stays != b->stays) return false;
    for (uint32_t i = 0; i < a->stays; i++) {
        const plm_w_stay *x = &w->stay[a->stay0 + i], *y = &w->stay[b->stay0 + i];
        if (x->place.site != y->place.site || x->in != y->in || x->out != y->out ||
            x->ev_in != y->ev_in || x->installed != y->installed || x->draw_mw != y->draw_mw)
            return false;
    }
    return true;
}

static void global_events(const examined *x, plm_w_journey *j) {
    uint32_t *ev[] = {&j->ev_dep, &j->ev_last, &j->ev_end, &j->ev_fast_a, &j->ev_fast_b,
                      &j->ev_after_end, &j->ev_export, &j->ev_return, &j->ev_removed};
    for (size_t k = 0; k < sizeof ev / sizeof *ev; k++) *ev[k] = global_ev(x, *ev[k]);
}

/* The sites where unit g's stays are others than they were are added up anew. */
static void stays_moved(plm_follow *w, uint32_t g, bool unit, const plm_w_journey *old) {
    const plm_w_journey *j = &w->journey[g];
    bool was = w->in_units[g];
    if ((!unit && !was) || (unit && was && same_stays(w, old, j))) return;
    w->in_units[g] = unit;
    touch_stays(w, old);
    touch_stays(w, j);
    list_put(w, &w->recount, g);
    for (uint32_t k = 0; k < j->stays; k++) {
        uint32_t site = w->stay[j->stay0 + k].place.site;
        if (site != NONE && site < w->sites) list_put(w, &w->site[site].units, g);
    }
}

static bool keep_unit(plm_follow *w, const examined *x, uint32_t i) {
    uint32_t g = x->global[i], root = w->thing[g].root;
    plm_w_journey *j = &w->journey[g], old = *j;
    plm_world sums = sums_world(w);
    licensed was = licensed_of(w, &sums, g);
    w->thing[g] = x->m.thing[i];
    w->thing[g].root = x->global[x->m.thing[i].root];
    w->thing[g].label = x->global[x->m.thing[i].label];
    w->stays_live -= j->stays;
    *j = x->m.journey[i];
    global_events(x, j);
    j->odds = 0;
    if (!keep_stays(w, x, i, j)) return false;
    sums = sums_world(w);
    licensed is = licensed_of(w, &sums, g);
    if (memcmp(&was, &is, sizeof is) != 0) {
        account_add(w, &was, -1);
        account_add(w, &is, 1);
    }
    if (root != w->thing[g].root) { /* a count that lists it sees another unit */
        touch_stays(w, &w->journey[root]);
        touch_stays(w, &w->journey[w->thing[g].root]);
    }
    stays_moved(w, g, plm_find_is_unit(&sums, g), &old);
    return true;
}

/* What sums need of the part's units. */
static bool keep_facts(plm_follow *w, const examined *x) {
    for (uint32_t i = 0; i < x->m.things; i++)
        if (!keep_unit(w, x, i)) return false;
    for (uint32_t i = 0; i < x->m.locs; i++) {
        plm_find_heard *h = &w->heard[x->m.loc[i].origin], is = x->heard[i];
        if (is.unit != NONE) is.unit = x->global[is.unit];
        w->marked.stale |= is.unit != h->unit || is.place.site != h->place.site ||
                           is.place.lat != h->place.lat || is.place.lon != h->place.lon;
        *h = is;
    }
    return true;
}

static bool copy_list(plm_arena *a, plm_find_list *l) {
    plm_str *v = plm_arena_array(a, (size_t)l->n + 1, sizeof *v);
    if (!v) return false;
    if (l->n) memcpy(v, l->v, l->n * sizeof *v);
    l->v = v;
    l->cap = l->n;
    return true;
}

/* The findings outlive the world they were made in; the strings of their lists are the records'. */
static bool keep_findings(part *p, const plm_findings *o) {
    forget(p);
    if (!o->n) return true;
    p->a = plm_arena_new((size_t)256 << 20);
    p->v = p->a ? plm_arena_array(p->a, o->n, sizeof *p->v) : NULL;
    if (!p->v) return false;
    for (uint32_t i = 0; i < o->n; i++) {
        plm_finding *g = &p->v[i];
        *g = o->v[i];
        g->explanation = plm_arena_copy(p->a, g->explanation);
        if (!copy_list(p->a, &g->subjects) || !copy_list(p->a, &g->related) ||
            !copy_list(p->a, &g->parties) || !copy_list(p->a, &g->evidence) || !g->explanation.p)
            return false;
    }
    p->n = o->n;
    return true;
}

static bool judge(plm_follow *w, examined *x, plm_fault *f) {
    plm_world *m = &x->m;
    plm_findings out = {0};
    plm_finder r = {.w = m, .out = &out, .mark = w->mark, .due = INT64_MAX};
    r.unit = plm_arena_array(m->a, (size_t)m->things + 1, sizeof *r.unit);
    if (!r.unit) return no_memory(f);
    for (uint32_t i = 0; i < m->things; i++) {
        const plm_find_unit *u = &w->unit[x->global[i]];
        r.unit[i].missed = u->missed;
        r.unit[i].missed_t = u->missed_t;
        for (uint32_t k = 0; k < 4 && k < u->missed; k++)
            r.unit[i].missed_ev[k] = w->ev_local[u->missed_ev[k]];
    }
    plm_find_units(&r, x->heard);
    if (r.short_of_memory || !keep_findings(&w->p[x->top], &out)) return no_memory(f);
    part *p = &w->p[x->top];
    p->due = r.due;
    p->dirty = false;
    if (p->n && !p->holds) list_put(w, &w->holders, x->top);
    if (r.due != INT64_MAX && !p->timed) list_put(w, &w->timers, x->top);
    if (r.due < w->due) w->due = r.due;
    p->holds |= p->n > 0;
    p->timed |= r.due != INT64_MAX;
    return true;
}

/* ---- sums */

static bool same_misses(const plm_find_unit *a, const plm_find_unit *b) {
    if (a->missed != b->missed || a->missed_t != b->missed_t) return false;
    for (uint32_t k = 0; k < 4 && k < a->missed; k++)
        if (a->missed_ev[k] != b->missed_ev[k]) return false;
    return true;
}

static void dirty_marked(plm_follow *w, uint32_t mark) {
    for (uint32_t l = 0; l < w->w.locs; l++)
        for (uint32_t a = 0; a < w->w.loc[l].bn; a++)
            if (w->w.bound[w->w.loc[l].b0 + a].landmark == mark && w->w.loc[l].device.n)
                touch(w, top(w, device_node(w, w->w.loc[l].device)));
}

static bool sum_begin(sum *m, plm_finder *r, plm_world *g) {
    plm_arena_free(m->a);
    *m = (sum){.a = plm_arena_new((size_t)1 << 30)};
    g->a = m->a;
    r->out = &m->found;
    return m->a != NULL;
}

/* The site's units as they are, each once. */
static void compact(plm_follow *w, uint32_t site) {
    list *l = &w->site[site].units;
    uint32_t n = 0;
    w->unit_stamps++;
    for (uint32_t i = 0; i < l->n; i++) {
        uint32_t u = l->v[i];
        const plm_w_journey *j = &w->journey[u];
        bool here = false;
        for (uint32_t k = 0; k < j->stays; k++)
            here = here || w->stay[j->stay0 + k].place.site == site;
        if (!here || w->unit_stamp[u] == w->unit_stamps) continue;
        w->unit_stamp[u] = w->unit_stamps;
        l->v[n++] = u;
    }
    l->n = n;
}

/* Units and counts of the sites that are dirty, each once, in r. */
static bool gather_dirty(plm_follow *w, plm_finder *r) {
    size_t units = 0, counts = 0;
    for (uint32_t i = 0; i < w->site_dirty.n; i++) {
        compact(w, w->site_dirty.v[i]);
        units += w->site[w->site_dirty.v[i]].units.n;
        counts += w->site[w->site_dirty.v[i]].counts.n;
    }
    uint32_t *u = plm_arena_array(w->scratch, units + 1, sizeof *u);
    uint32_t *c = plm_arena_array(w->scratch, counts + 1, sizeof *c);
    if (!u || !c) return false;
    r->units = u, r->counts = c;
    w->unit_stamps++;
    for (uint32_t i = 0; i < w->site_dirty.n; i++) {
        const site_sum *s = &w->site[w->site_dirty.v[i]];
        for (uint32_t k = 0; k < s->units.n; k++) {
            if (w->unit_stamp[s->units.v[k]] == w->unit_stamps) continue;
            w->unit_stamp[s->units.v[k]] = w->unit_stamps;
            u[r->units_n++] = s->units.v[k];
        }
        for (uint32_t k = 0; k < s->counts.n; k++) c[r->counts_n++] = s->counts.v[k];
    }
    return true;
}

static void take_count(plm_follow *w, uint32_t unit) {
    if (same_misses(&w->sum_unit[unit], &w->unit[unit])) return;
    w->unit[unit] = w->sum_unit[unit];
    touch(w, top(w, thing_node(w, unit)));
}

static void add_counts(plm_follow *w, plm_finder *r) {
    static const plm_find_unit nothing;
    for (uint32_t i = 0; i < w->recount.n; i++) w->sum_unit[w->recount.v[i]] = nothing;
    for (uint32_t i = 0; i < r->units_n; i++) {
        const plm_w_journey *j = &w->journey[r->units[i]];
        uint32_t last = j->stays ? w->stay[j->stay0 + j->stays - 1].place.site : NONE;
        if (last == NONE || w->only[last]) w->sum_unit[r->units[i]] = nothing;
    }
    r->only = w->only;
    r->seen = w->seen, r->seen_stamp = &w->seen_stamp;
    plm_find_counts(r);
    for (uint32_t i = 0; i < r->units_n; i++) take_count(w, r->units[i]);
    for (uint32_t i = 0; i < w->recount.n; i++) take_count(w, w->recount.v[i]);
    w->recount.n = 0;
}

static bool add_power(plm_follow *w, plm_world *g, uint32_t site) {
    site_sum *s = &w->site[site];
    plm_finder r = {.w = g, .units = s->units.v, .units_n = s->units.n, .only = w->only};
    if (!s->units.n && !s->power.found.n) return true;
    w->only[site] = true;
    bool ok = sum_begin(&s->power, &r, g);
    if (ok) plm_find_power(&r);
    w->only[site] = false;
    return ok && !r.short_of_memory;
}

/* What is summed site by site. */
static bool add_sites(plm_follow *w, plm_finder *r, plm_world *g) {
    if (!w->site_dirty.n && !w->recount.n) return true;
    if (!gather_dirty(w, r)) return false;
    for (uint32_t i = 0; i < w->site_dirty.n; i++) w->only[w->site_dirty.v[i]] = true;
    add_counts(w, r);
    for (uint32_t i = 0; i < w->site_dirty.n; i++) w->only[w->site_dirty.v[i]] = false;
    bool ok = true;
    for (uint32_t i = 0; ok && i < w->site_dirty.n; i++) {
        w->site[w->site_dirty.v[i]].dirty = false;
        ok = add_power(w, g, w->site_dirty.v[i]);
    }
    w->site_dirty.n = 0;
    return ok;
}

static bool add_lates(plm_follow *w, plm_world *g) {
    plm_finder r = {.w = g};
    if (w->lates.stale && !sum_begin(&w->lates, &r, g)) return false;
    if (!w->lates.a && !sum_begin(&w->lates, &r, g)) return false;
    if (!w->lates.found.n) w->late_done = 0;
    g->a = w->lates.a;
    r.out = &w->lates.found;
    for (; w->late_done < w->late.n; w->late_done++) plm_find_late(&r, w->late.v[w->late_done]);
    return !r.short_of_memory;
}

static bool add_marks(plm_follow *w, plm_finder *r, plm_world *g) {
    if (!w->marked.stale) return true;
    if (!sum_begin(&w->marked, r, g)) return false;
    r->mark = plm_arena_array(g->a, (size_t)g->marks.n + 1, sizeof *r->mark);
    if (!r->mark || !grow((void **)&w->mark, &w->marks, g->marks.n + 1, sizeof *w->mark, 0))
        return false;
    plm_find_marks(r, w->heard);
    for (uint32_t i = 0; i < g->marks.n; i++) {
        bool other = r->mark[i].bad != w->mark[i].bad ||
                     (r->mark[i].agrees >= PLM_FIND_CHECKED_FIRM) !=
                         (w->mark[i].agrees >= PLM_FIND_CHECKED_FIRM);
        w->mark[i] = r->mark[i];
        if (other) dirty_marked(w, i);
    }
    return true;
}

static bool add_licenses(plm_follow *w, plm_finder *r, plm_world *g) {
    if (!w->licenses.stale) return true;
    if (!sum_begin(&w->licenses, r, g)) return false;
    if (!grow((void **)&w->account, &w->accounts, g->license_ids.n + 1, sizeof *w->account, 0))
        return false;
    r->account = w->account;
    plm_find_licenses(r);
    return true;
}

/* Adds up what is stale; parts that the sums now say something else of are dirty. */
static bool add_up(plm_follow *w, plm_fault *f) {
    plm_world g = sums_world(w);
    plm_finder r = {.w = &g, .unit = w->sum_unit};
    bool ok = add_sites(w, &r, &g) && add_lates(w, &g) && add_marks(w, &r, &g) &&
              add_licenses(w, &r, &g);
    return (ok && !r.short_of_memory && !w->short_of_memory) || no_memory(f);
}

/* ---- looking */

static void close_state(plm_follow *w) {
    for (uint32_t i = 0; i < w->parts; i++) plm_arena_free(w->p[i].a);
    for (uint32_t i = 0; w->site && i < w->sites; i++) {
        plm_arena_free(w->site[i].power.a);
        plm_mem_free(w->site[i].units.v);
        plm_mem_free(w->site[i].counts.v);
    }
    plm_w_index *x[] = {&w->devices, &w->rmas, &w->proofs};
    for (size_t i = 0; i < sizeof x / sizeof *x; i++) plm_w_index_free(x[i]);
    void *v[] = {w->thing_node, w->device_node, w->rma_node, w->p, w->cell, w->local,
                 w->local_stamp, w->ev_local, w->ev_stamp, w->thing, w->journey, w->unit, w->stay,
                 w->heard, w->mark, w->sum_unit, w->in_units, w->late.v, w->dirty.v, w->holders.v,
                 w->timers.v, w->site, w->only, w->site_dirty.v, w->recount.v, w->unit_stamp,
                 w->seen, w->account};
    for (size_t i = 0; i < sizeof v / sizeof *v; i++) plm_mem_free(v[i]);
    plm_arena_free(w->orders.a);
    plm_arena_free(w->licenses.a);
    plm_arena_free(w->marked.a);
    plm_arena_free(w->lates.a);
    plm_arena_free(w->scratch);
    plm_world_free(&w->w);
    plm_store *s = w->s;
    memset(w, 0, sizeof *w);
    w->s = s;
}

static bool take_new(plm_follow *w, plm_fault *f) {
    const plm_world *r = &w->w;
    uint32_t cap = w->ev_n;
    if (!things_room(w) || !grow((void **)&w->ev_local, &cap, r->events + 1, 4, 0) ||
        !grow((void **)&w->ev_stamp, &w->ev_n, r->events + 1, 4, 0) ||
        !grow((void **)&w->heard, &w->locs, r->locs + 1, sizeof *w->heard, 0xff))
        return no_memory(f);
    for (; w->events_seen < r->events; w->events_seen++) add_event(w, w->events_seen);
    for (; w->atts_seen < r->atts; w->atts_seen++) {
        if (plm_w_index_put(&w->proofs, r->att[w->atts_seen].id) == NONE) return no_memory(f);
        add_att(w, w->atts_seen);
    }
    for (; w->locs_seen < r->locs; w->locs_seen++) {
        if (plm_w_index_put(&w->proofs, r->loc[w->locs_seen].id) == NONE) return no_memory(f);
        add_loc(w, w->locs_seen);
    }
    return !w->short_of_memory || no_memory(f);
}

static bool find_orders(plm_follow *w, plm_fault *f) {
    plm_world g = w->w;
    plm_finder r = {.w = &g};
    if (!sum_begin(&w->orders, &r, &g)) return no_memory(f);
    plm_find_orders(&r);
    w->licenses.stale = w->marked.stale = true;
    return !r.short_of_memory || no_memory(f);
}

static bool read_all(plm_follow *w, plm_fault *f) {
    close_state(w);
    if (!plm_world_read(w->s, INT64_MAX, &w->w, &w->last, &w->feed, f)) return false;
    w->now = INT64_MIN;
    w->due = INT64_MAX;
    w->scratch = plm_arena_new((size_t)4 << 30);
    if (!w->scratch || !things_room(w)) return no_memory(f);
    for (uint32_t i = 0; i < w->w.things; i++)
        if (w->w.thing[i].device.n) {
            join(w, thing_node(w, i), device_node(w, w->w.thing[i].device));
            w->w.registry = true;
        }
    return take_new(w, f) && find_orders(w, f);
}

plm_follow *plm_follow_open(plm_store *s, plm_fault *f) {
    plm_follow *w = plm_mem_resize(NULL, sizeof *w);
    if (!w) return no_memory(f), NULL;
    memset(w, 0, sizeof *w);
    w->s = s;
    if (read_all(w, f)) return w;
    plm_follow_close(w);
    return NULL;
}

void plm_follow_close(plm_follow *w) {
    if (!w) return;
    close_state(w);
    plm_mem_free(w);
}

/* Events that were counted and are void now. */
static bool take_voids(plm_follow *w, int64_t after, plm_fault *f) {
    plm_stmt *q = plm_stmt_new(w->s, "SELECT id FROM events WHERE voided_by > ?1 AND declares = 0",
                               f);
    if (!q) return false;
    plm_stmt_int(q, 1, after);
    int r;
    while ((r = plm_stmt_step(q, f)) == 1) {
        plm_str id = plm_col_text(q, 0);
        for (uint32_t i = 0; i < w->events_seen; i++) {
            plm_w_event *e = &w->w.event[i];
            if (e->dead || !plm_str_eq(e->id, id)) continue;
            e->dead = w->voided = w->lates.stale = true;
            touch_site(w, e->place.site);
            for (uint32_t k = 0; k < e->en; k++)
                touch(w, top(w, thing_node(w, w->w.listed[e->e0 + k])));
            for (uint32_t k = 0; k < e->dn; k++)
                touch(w, top(w, thing_node(w, w->w.pair[e->d0 + k].thing)));
            if (e->parent != NONE) touch(w, top(w, thing_node(w, e->parent)));
            if (e->replaces != NONE) touch(w, top(w, thing_node(w, e->replaces)));
        }
    }
    plm_stmt_free(q);
    return r == 0;
}

/* Rows of side tables since: new proofs are read; anything else has all read anew. */
static bool take_feed(plm_follow *w, bool *anew, plm_fault *f) {
    plm_stmt *q = plm_stmt_new(w->s, "SELECT n, kind, id FROM load_feed WHERE n > ?1 ORDER BY n",
                               f);
    if (!q) return false;
    plm_stmt_int(q, 1, w->feed);
    int r;
    bool ok = true;
    while (ok && !*anew && (r = plm_stmt_step(q, f)) == 1) {
        w->feed = plm_col_int(q, 0);
        bool att = plm_str_is(plm_col_text(q, 1), "attestations");
        plm_str id = plm_arena_copy(w->w.a, plm_col_text(q, 2));
        *anew = !(att || plm_str_is(plm_col_text(q, 1), "locations")) ||
                plm_w_index_get(&w->proofs, id) != NONE;
        if (!*anew) ok = plm_world_read_proof(w->s, &w->w, att, id, f);
        if (ok && !*anew && plm_w_index_put(&w->proofs, id) == NONE) ok = no_memory(f);
    }
    plm_stmt_free(q);
    return ok && (*anew || r == 0);
}

static bool take_records(plm_follow *w, bool *anew, plm_fault *f) {
    int64_t after = w->last, feed = w->feed;
    if (!plm_store_snapshot(w->s, f)) return false;
    bool ok = take_feed(w, anew, f);
    if (ok && !*anew)
        ok = plm_world_read_events(w->s, &w->w, &w->last, f) && take_voids(w, after, f) &&
             plm_world_read_names(w->s, &w->w, after, feed, anew, f);
    plm_store_rollback(w->s);
    return ok;
}

static void newest(plm_follow *w) {
    plm_world *r = &w->w;
    r->now = INT64_MIN;
    for (uint32_t i = 0; i < r->events; i++)
        if (!r->event[i].dead && r->event[i].known > r->now) r->now = r->event[i].known;
    for (uint32_t i = 0; i < r->atts; i++)
        if (r->att[i].t > r->now) r->now = r->att[i].t;
    for (uint32_t i = 0; i < r->locs; i++)
        if (r->loc[i].t > r->now) r->now = r->loc[i].t;
}

/* Stays that no journey has any more go once they are many. */
static bool tidy(plm_follow *w, plm_fault *f) {
    if (w->stays < 2 * w->stays_live + STAYS_SPARE) return true;
    plm_w_stay *v = zeroed(w->stays_live, sizeof *v);
    uint32_t n = 0;
    if (!v) return no_memory(f);
    for (uint32_t i = 0; i < w->w.things; i++) {
        plm_w_journey *j = &w->journey[i];
        if (j->stays) memcpy(v + n, w->stay + j->stay0, j->stays * sizeof *v);
        j->stay0 = n;
        n += j->stays;
    }
    plm_mem_free(w->stay);
    w->stay = v;
    w->stays = n;
    w->stay_cap = n + 1;
    return true;
}

/* Examines each dirty part; those whose journeys are known to be as they were only judges. */
static bool examine_dirty(plm_follow *w, bool judging, plm_follow_cost *cost, plm_fault *f) {
    for (uint32_t n = 0; n < w->dirty.n; n++) {
        examined x;
        uint32_t i = w->dirty.v[n];
        if (w->p[i].up != i || !w->p[i].dirty) {
            w->p[i].dirty = false;
            continue;
        }
        bool ok = examine(w, i, &x, f) && (judging ? judge(w, &x, f)
                                                  : keep_facts(w, &x) || no_memory(f));
        cost->examined += judging ? x.m.things : 0;
        examined_free(&x);
        if (!ok) return false;
    }
    if (judging) w->dirty.n = 0;
    return true;
}

/* Parts whose time has come are dirty; those that wait for none any more go from the list. */
static void take_time(plm_follow *w) {
    uint32_t n = 0;
    bool back = w->w.now < w->now;
    w->now = w->w.now;
    if (!back && w->due > w->now) return; /* nobody's time has come */
    w->due = INT64_MAX;
    for (uint32_t i = 0; i < w->timers.n; i++) {
        uint32_t t = w->timers.v[i];
        part *p = &w->p[t];
        p->timed = p->up == t && p->due != INT64_MAX;
        if (!p->timed) continue;
        w->timers.v[n++] = t;
        if (p->due <= w->now || back) touch(w, t);
        else if (p->due < w->due) w->due = p->due;
    }
    w->timers.n = n;
}

static void put_found(plm_findings *out, plm_finding *v, uint32_t n) {
    for (uint32_t i = 0; i < n; i++) {
        out->v[out->n++] = v[i];
        v[i].kept = true;
    }
}

static bool gather(plm_follow *w, plm_findings *out, plm_fault *f) {
    sum *all[] = {&w->orders, &w->licenses, &w->marked, &w->lates};
    uint32_t n = 0, kept = 0;
    for (uint32_t i = 0; i < w->holders.n; i++) {
        uint32_t t = w->holders.v[i];
        w->p[t].holds = w->p[t].n > 0;
        if (w->p[t].holds) w->holders.v[kept++] = t;
        n += w->p[t].n;
    }
    w->holders.n = kept;
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) n += all[i]->found.n;
    for (uint32_t i = 0; i < w->sites; i++) n += w->site[i].power.found.n;
    out->v = plm_arena_array(w->scratch, (size_t)n + 1, sizeof *out->v);
    out->n = 0;
    out->cap = n;
    if (!out->v) return no_memory(f);
    for (uint32_t i = 0; i < kept; i++)
        put_found(out, w->p[w->holders.v[i]].v, w->p[w->holders.v[i]].n);
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        put_found(out, all[i]->found.v, all[i]->found.n);
    for (uint32_t i = 0; i < w->sites; i++)
        put_found(out, w->site[i].power.found.v, w->site[i].power.found.n);
    plm_find_sort(out);
    return true;
}

bool plm_follow_look(plm_follow *w, plm_findings *out, plm_follow_cost *cost, plm_fault *f) {
    uint64_t had = (uint64_t)w->events_seen + w->atts_seen + w->locs_seen;
    *cost = (plm_follow_cost){0};
    plm_arena_reset(w->scratch);
    if (!take_records(w, &cost->anew, f)) return false;
    if (cost->anew ? !read_all(w, f) : !take_new(w, f)) return false;
    cost->records = (uint64_t)w->events_seen + w->atts_seen + w->locs_seen - had;
    if (w->voided) newest(w);
    w->voided = false;
    take_time(w);
    return examine_dirty(w, false, cost, f) && tidy(w, f) && add_up(w, f) &&
           examine_dirty(w, true, cost, f) && gather(w, out, f);
}
