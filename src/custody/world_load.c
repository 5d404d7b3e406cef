/* world_load.c: the store's tables into a plm_world.  Rows are read in a fixed order, so that the
 * same records always give the same world. */
#include "custody/parts.h"
#include "custody/world.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct load {
    plm_store *s;
    plm_world *w;
    plm_fault *f;
    uint32_t listed_cap, pair_cap; /* room beyond what was there before */
    int64_t after;  /* events up to this one were there before */
    plm_str one;    /* the proof that is read alone; p NULL: all */
    plm_w_index att_ids, loc_ids;
} load;

static bool full(load *l) { return plm_fail(l->f, PLM_NO_MEMORY, "out of memory"); }

static plm_str keep(load *l, plm_stmt *q, int c) {
    plm_str s = plm_col_text(q, c);
    if (!s.n) return PLM_STR("");
    return plm_arena_copy(l->w->a, s);
}

/* The kept copy is the index's own, so that a string is stored once. */
static uint32_t ix(load *l, plm_w_index *x, plm_str s) {
    if (!s.n) return PLM_W_NONE;
    uint32_t i = plm_w_index_get(x, s);
    if (i != PLM_W_NONE) return i;
    plm_str c = plm_arena_copy(l->w->a, s);
    return c.p ? plm_w_index_put(x, c) : PLM_W_NONE;
}

static uint32_t thing(load *l, plm_str s) {
    if (!s.n) return PLM_W_NONE;
    uint32_t i = plm_w_index_get(&l->w->thing_ids, s);
    if (i != PLM_W_NONE) return i;
    plm_str c = plm_arena_copy(l->w->a, s);
    return c.p ? plm_w_thing_of(l->w, c) : PLM_W_NONE;
}

static bool room(void **v, uint32_t *cap, uint32_t need, size_t size) {
    if (need <= *cap) return true;
    uint32_t n = *cap ? *cap : 256;
    while (n < need) n *= 2;
    char *p = plm_mem_resize(*v, (size_t)n * size);
    if (!p) return false;
    memset(p + (size_t)*cap * size, 0, (size_t)(n - *cap) * size);
    *v = p;
    *cap = n;
    return true;
}

static uint32_t site(load *l, plm_str s) {
    uint32_t i = ix(l, &l->w->site_ids, s);
    if (i == PLM_W_NONE) return i;
    uint32_t had = l->w->site_cap;
    if (!room((void **)&l->w->site, &l->w->site_cap, i + 1, sizeof *l->w->site)) return PLM_W_NONE;
    for (uint32_t k = had; k < l->w->site_cap; k++) {
        l->w->site[k].place.site = k;
        l->w->site[k].party = PLM_W_NONE;
    }
    return i;
}

static uint32_t license(load *l, plm_str s) {
    uint32_t i = ix(l, &l->w->license_ids, s);
    if (i == PLM_W_NONE) return i;
    uint32_t had = l->w->license_cap;
    if (!room((void **)&l->w->license, &l->w->license_cap, i + 1, sizeof *l->w->license))
        return PLM_W_NONE;
    for (uint32_t k = had; k < l->w->license_cap; k++) {
        l->w->license[k].consignee = PLM_W_NONE;
        l->w->license[k].valid_from = INT64_MIN;
        l->w->license[k].valid_to = INT64_MAX;
    }
    return i;
}

static uint32_t order(load *l, plm_str s) {
    uint32_t i = ix(l, &l->w->order_ids, s);
    if (i == PLM_W_NONE) return i;
    if (!room((void **)&l->w->order, &l->w->order_cap, i + 1, sizeof *l->w->order))
        return PLM_W_NONE;
    return i;
}

static int64_t day_ns(plm_stmt *q, int c, int64_t none) {
    return plm_col_null(q, c) ? none : plm_col_int(q, c) * PLM_W_DAY;
}

/* What a statement is given: nothing, as_of as ?1, or as_of and the last event read before as ?1
 * and ?2. */
typedef enum bound { B_NONE, B_AS_OF, B_BOTH, B_ONE, B_ONE_AS_OF } bound;

static void bind_to(load *l, plm_stmt *q, bound how) {
    if (how == B_AS_OF || how == B_BOTH || how == B_ONE_AS_OF) plm_stmt_int(q, 1, l->w->as_of);
    if (how == B_BOTH) plm_stmt_int(q, 2, l->after);
    if (how == B_ONE) plm_stmt_text(q, 1, l->one);
    if (how == B_ONE_AS_OF) plm_stmt_text(q, 2, l->one);
}

/* Runs sql and calls row for each row. */
static bool each(load *l, const char *sql, bound how, bool (*row)(load *, plm_stmt *)) {
    plm_stmt *q = plm_stmt_new(l->s, sql, l->f);
    if (!q) return false;
    bind_to(l, q, how);
    int r;
    bool ok = true;
    while (ok && (r = plm_stmt_step(q, l->f)) == 1) ok = row(l, q);
    if (ok && r < 0) ok = false;
    plm_stmt_free(q);
    if (!ok) plm_fail(l->f, PLM_NO_MEMORY, "out of memory"); /* keeps an earlier cause */
    return ok;
}

static bool count(load *l, const char *sql, bound how, uint32_t *n) {
    plm_stmt *q = plm_stmt_new(l->s, sql, l->f);
    if (!q) return false;
    bind_to(l, q, how);
    int r = plm_stmt_step(q, l->f);
    int64_t v = r == 1 ? plm_col_int(q, 0) : 0;
    plm_stmt_free(q);
    if (r < 0) return false;
    if (v >= INT32_MAX)
        return plm_fail(l->f, PLM_OUT_OF_RANGE, "the store has %" PRId64 " rows of a kind; %d fit",
                        v, INT32_MAX);
    *n = (uint32_t)v;
    return true;
}

static bool row_name(load *l, plm_stmt *q) {
    uint32_t i = ix(l, &l->w->names, plm_col_text(q, 0));
    if (i == PLM_W_NONE) return true;
    static const uint32_t step = 65536;
    if (i % step == 0) {
        plm_str *v = plm_mem_resize(l->w->shown, (size_t)(i + step) * sizeof *v);
        if (!v) return false;
        l->w->shown = v;
    }
    l->w->shown[i] = keep(l, q, 1);
    return true;
}

static plm_w_sitekind site_kind(plm_str s) {
    static const char *const names[] = {"", "fab", "factory", "hub", "warehouse", "depot",
                                        "datacenter", "office"};
    for (unsigned i = 1; i < sizeof names / sizeof *names; i++)
        if (plm_str_is(s, names[i])) return (plm_w_sitekind)i;
    return PLM_W_S_OTHER;
}

static bool row_site(load *l, plm_stmt *q) {
    uint32_t i = site(l, plm_col_text(q, 0));
    if (i == PLM_W_NONE) return false;
    plm_w_site *s = &l->w->site[i];
    s->known = true;
    s->name = keep(l, q, 1);
    s->kind = site_kind(plm_col_text(q, 2));
    s->party = ix(l, &l->w->party_ids, plm_col_text(q, 3));
    s->country = keep(l, q, 4);
    s->place.placed = !plm_col_null(q, 5) && !plm_col_null(q, 6);
    s->place.lat = plm_col_real(q, 5);
    s->place.lon = plm_col_real(q, 6);
    s->pue_ppm = plm_col_null(q, 7) ? 1000000 : plm_col_int(q, 7);
    plm_str at = plm_col_text(q, 8);
    s->attests = plm_str_is(at, "monthly")   ? PLM_W_A_MONTHLY
                 : plm_str_is(at, "offline") ? PLM_W_A_OFFLINE
                                             : PLM_W_A_NONE;
    return true;
}

static bool row_power(load *l, plm_stmt *q) {
    uint32_t i = site(l, plm_col_text(q, 0));
    if (i == PLM_W_NONE) return false;
    plm_w_site *s = &l->w->site[i];
    plm_w_step_power *v = plm_arena_array(l->w->a, s->powers + 1, sizeof *v);
    if (!v) return false;
    if (s->powers) memcpy(v, s->power, s->powers * sizeof *v);
    v[s->powers++] = (plm_w_step_power){plm_col_int(q, 1) * PLM_W_DAY, plm_col_int(q, 2)};
    s->power = v;
    return true;
}

static bool row_device(load *l, plm_stmt *q) {
    uint32_t i = thing(l, plm_col_text(q, 0));
    if (i == PLM_W_NONE) return false;
    plm_w_thing *t = &l->w->thing[i];
    plm_str k = plm_col_text(q, 2);
    t->registered = true;
    t->device = keep(l, q, 1);
    t->kind = plm_str_is(k, "chassis")  ? PLM_W_CHASSIS
              : plm_str_is(k, "module") ? PLM_W_MODULE
              : plm_str_is(k, "card")   ? PLM_W_CARD
                                        : t->kind;
    t->sku = keep(l, q, 3);
    t->tpp = plm_col_int(q, 4);
    t->tdp_mw = plm_col_int(q, 5);
    t->mass_mg = plm_col_int(q, 6);
    t->made = day_ns(q, 7, PLM_W_NEVER);
    return true;
}

static bool row_license(load *l, plm_stmt *q) {
    uint32_t i = license(l, plm_col_text(q, 0));
    if (i == PLM_W_NONE) return false;
    plm_w_license *v = &l->w->license[i];
    v->known = true;
    v->exception = plm_str_is(plm_col_text(q, 1), "exception");
    v->code = keep(l, q, 2);
    v->consignee = ix(l, &l->w->party_ids, plm_col_text(q, 3));
    v->has_quantity = !plm_col_null(q, 4);
    v->quantity = plm_col_int(q, 4);
    v->valid_from = day_ns(q, 5, INT64_MIN);
    v->valid_to = plm_col_null(q, 6) ? INT64_MAX : (plm_col_int(q, 6) + 1) * PLM_W_DAY;
    v->cap_tpp_per_year = plm_col_int(q, 7);
    return true;
}

static bool row_license_item(load *l, plm_stmt *q) {
    uint32_t i = license(l, plm_col_text(q, 0));
    if (i == PLM_W_NONE) return false;
    plm_str what = plm_col_text(q, 1);
    bool at = plm_str_is(what, "site");
    uint32_t s = at ? site(l, plm_col_text(q, 2)) : PLM_W_NONE;
    plm_w_license *v = &l->w->license[i];
    uint32_t *n = at ? &v->site_n : plm_str_is(what, "sku") ? &v->sku_n : &v->country_n;
    size_t size = at ? sizeof(uint32_t) : sizeof(plm_str);
    void **list = at                        ? (void **)&v->sites
                  : plm_str_is(what, "sku") ? (void **)&v->skus
                                            : (void **)&v->countries;
    void *more = plm_arena_array(l->w->a, *n + 1, size);
    if (!more) return false;
    if (*n) memcpy(more, *list, *n * size);
    if (at) ((uint32_t *)more)[*n] = s;
    else ((plm_str *)more)[*n] = keep(l, q, 2);
    *list = more;
    (*n)++;
    return true;
}

/* Rows come by day: the last one that is known holds. */
static bool row_amendment(load *l, plm_stmt *q) {
    uint32_t i = license(l, plm_col_text(q, 0));
    if (i == PLM_W_NONE) return false;
    if (plm_col_int(q, 1) * PLM_W_DAY > l->w->as_of) return true;
    l->w->license[i].has_quantity = !plm_col_null(q, 2);
    l->w->license[i].quantity = plm_col_int(q, 2);
    return true;
}

static bool row_order(load *l, plm_stmt *q) {
    int64_t placed = day_ns(q, 1, INT64_MIN);
    if (placed > l->w->as_of) return true;
    uint32_t i = order(l, plm_col_text(q, 0));
    if (i == PLM_W_NONE) return false;
    uint32_t lic = license(l, plm_col_text(q, 14)), to = site(l, plm_col_text(q, 15));
    int64_t amended = day_ns(q, 16, PLM_W_NEVER);
    uint32_t to2 = amended <= l->w->as_of ? site(l, plm_col_text(q, 17)) : PLM_W_NONE;
    plm_w_order *o = &l->w->order[i];
    int m, d;
    o->known = true;
    o->placed = placed;
    if (placed != INT64_MIN) plm_day_to_ymd((plm_day)plm_col_int(q, 1), &o->year, &m, &d);
    o->seller = ix(l, &l->w->party_ids, plm_col_text(q, 2));
    o->buyer = ix(l, &l->w->party_ids, plm_col_text(q, 3));
    plm_str *t[] = {&o->buyer_name, &o->buyer_country, &o->address, &o->phone,
                    &o->director,   &o->email,         &o->group,   &o->payer, &o->sku};
    for (int k = 0; k < 9; k++) *t[k] = keep(l, q, 4 + k);
    o->chips = plm_col_int(q, 13);
    o->license = lic;
    o->ship_to = to;
    o->amended_on = amended;
    o->amended_to = to2;
    o->status = keep(l, q, 18);
    int64_t founded = plm_col_int(q, 19);
    o->founded = founded > 0 && founded < 10000 ? (int)founded : 0;
    return true;
}

static bool tables(load *l) {
    return each(l, "SELECT key, shown FROM names ORDER BY key", B_NONE, row_name) &&
           each(l, "SELECT id, name, kind, operator, country, lat, lon, pue_millionths, attests"
                   " FROM sites ORDER BY id", B_NONE, row_site) &&
           each(l, "SELECT site, day, watts FROM site_power ORDER BY site, day, ord", B_NONE,
                row_power) &&
           each(l, "SELECT epc, device_id, kind, sku, tpp, tdp_milliwatts, mass_mg, made"
                   " FROM devices ORDER BY epc", B_NONE, row_device) &&
           each(l, "SELECT id, kind, code, consignee, quantity, valid_from, valid_to,"
                   " cap_tpp_per_year FROM licenses ORDER BY id", B_NONE, row_license) &&
           each(l, "SELECT license, what, value FROM license_items ORDER BY license, what, value",
                B_NONE, row_license_item) &&
           each(l, "SELECT license, day, quantity FROM license_amendments"
                   " ORDER BY license, day, ord", B_NONE, row_amendment) &&
           each(l, "SELECT id, placed, seller, buyer, buyer_name, buyer_country, buyer_address,"
                   " buyer_phone, buyer_director, buyer_email_domain, buyer_group, payer, sku,"
                   " chips, license, ship_to, amended_on, amended_ship_to, status, buyer_founded"
                   " FROM orders ORDER BY id", B_NONE, row_order);
}

/* A declaration repeats what it voids and is no event of its own; what it voids counts until the
 * declaration was known. */
#define KNOWN \
    " FROM events e LEFT JOIN events d ON d.seq = e.voided_by" \
    " WHERE e.declares = 0 AND e.known_time <= ?1" \
    " AND (e.voided_by IS NULL OR d.known_time > ?1)"

static plm_w_step step_of(plm_str s) {
    for (unsigned i = 1; i < PLM_W_STEP_COUNT; i++)
        if (plm_str_is(s, plm_w_step_names[i])) return (plm_w_step)i;
    return PLM_W_other;
}

static plm_w_disp disp_of(plm_str s) {
    static const char *const names[] = {"", "returned", "destroyed", "stolen", "lost"};
    for (unsigned i = 1; i < sizeof names / sizeof *names; i++)
        if (plm_str_is(s, names[i])) return (plm_w_disp)i;
    return PLM_W_D_OTHER;
}

/* "geo:LAT,LON" (RFC 5870); anything after is left. */
static bool geo_of(plm_str s, plm_w_place *p) {
    char b[64];
    if (!plm_str_starts(s, "geo:") || s.n - 4 >= sizeof b) return false;
    memcpy(b, s.p + 4, s.n - 4);
    b[s.n - 4] = 0;
    char *end, *end2;
    p->lat = strtod(b, &end);
    if (end == b || *end != ',') return false;
    p->lon = strtod(end + 1, &end2);
    p->placed = end2 != end + 1 && p->lat >= -90 && p->lat <= 90 && p->lon >= -180 && p->lon <= 180;
    return p->placed;
}

static plm_w_place place_of(load *l, plm_str s) {
    plm_w_place p = {.site = PLM_W_NONE};
    if (!s.n || geo_of(s, &p)) return p;
    uint32_t i = site(l, s);
    return i == PLM_W_NONE ? p : l->w->site[i].place;
}

static bool more(void **v, uint32_t had, uint32_t n, size_t size);

static bool part_epc(load *l, plm_w_event *e, plm_str key) {
    plm_world *w = l->w;
    uint32_t t = thing(l, key);
    if (t == PLM_W_NONE) return !key.n;
    if (w->listed_n == l->listed_cap) {
        if (!more((void **)&w->listed, w->listed_n, w->listed_n + 1024, sizeof *w->listed))
            return false;
        l->listed_cap += w->listed_n + 1024;
    }
    if (!e->en) e->e0 = w->listed_n;
    w->listed[w->listed_n++] = t;
    e->en++;
    return true;
}

static void part_party(load *l, plm_w_event *e, bool src, plm_str type, plm_str id) {
    if (plm_str_is(type, "location")) {
        if (!src) e->dst_site = site(l, id);
        return;
    }
    uint32_t *to = src ? &e->src : &e->dst;
    if (*to == PLM_W_NONE || plm_str_is(type, "owning_party"))
        *to = ix(l, &l->w->party_ids, id);
}

static void part_paper(load *l, plm_w_event *e, plm_str type, plm_str id) {
    if (plm_str_is(type, "License")) {
        if (e->license == PLM_W_NONE) e->license = license(l, id);
    } else if (plm_str_is(type, "po")) {
        if (e->order == PLM_W_NONE) e->order = order(l, id);
    } else if (plm_str_is(type, "rma")) {
        e->rma = id.n ? plm_arena_copy(l->w->a, id) : PLM_STR("");
    }
}

static void part_mass(plm_w_event *e, plm_str v, plm_str uom) {
    char b[48];
    if (e->mass_mg || !v.n || v.n >= sizeof b) return;
    memcpy(b, v.p, v.n);
    b[v.n] = 0;
    double kg = strtod(b, NULL) * (plm_str_is(uom, "LBR") ? 0.45359237 : 1);
    if (plm_str_is(uom, "GRM")) kg /= 1000;
    if (kg > 0 && kg < 1e9) e->mass_mg = (int64_t)(kg * 1e6 + .5);
}

static bool part_device(load *l, plm_w_event *e, plm_str key, plm_str id) {
    plm_world *w = l->w;
    uint32_t t = thing(l, key);
    if (t == PLM_W_NONE) return false;
    if (w->pairs == l->pair_cap) {
        if (!more((void **)&w->pair, w->pairs, w->pairs + 256, sizeof *w->pair)) return false;
        l->pair_cap += w->pairs + 256;
    }
    if (!e->dn) e->d0 = w->pairs;
    w->pair[w->pairs++] = (plm_w_pair){t, id.n ? plm_arena_copy(w->a, id) : PLM_STR("")};
    e->dn++;
    return w->pair[w->pairs - 1].device.p != NULL;
}

static bool take_part(load *l, plm_w_event *e, const plm_part *p) {
    if (p->kind == PLM_PART_PARENT) return true;
    if (plm_part_is_epc(p)) return part_epc(l, e, p->f[0]);
    if (p->kind == PLM_PART_DEVICE) return part_device(l, e, p->f[0], p->f[1]);
    if (p->kind == PLM_PART_PAPER) part_paper(l, e, p->f[0], p->f[1]);
    if (p->kind == PLM_PART_SENSOR && plm_str_is(p->f[0], "Mass")) part_mass(e, p->f[1], p->f[2]);
    if (p->kind == PLM_PART_SOURCE || p->kind == PLM_PART_DESTINATION)
        part_party(l, e, p->kind == PLM_PART_SOURCE, p->f[0], p->f[1]);
    return e->rma.p != NULL;
}

static bool row_event(load *l, plm_stmt *q) {
    plm_world *w = l->w;
    plm_w_event *e = &w->event[w->events];
    memset(e, 0, sizeof *e);
    e->origin = w->events;
    e->id = keep(l, q, 1);
    e->t = plm_col_int(q, 2);
    e->known = plm_col_int(q, 3);
    e->dated = !plm_col_null(q, 4);
    plm_str type = plm_col_text(q, 5), action = plm_col_text(q, 6);
    e->type = plm_str_is(type, "ObjectEvent")        ? PLM_W_OBJECT
              : plm_str_is(type, "AggregationEvent") ? PLM_W_AGGREGATION
              : plm_str_is(type, "AssociationEvent") ? PLM_W_ASSOCIATION
                                                     : PLM_W_OTHERTYPE;
    e->action = plm_str_is(action, "ADD")      ? PLM_W_ADD
                : plm_str_is(action, "DELETE") ? PLM_W_DELETE
                                               : PLM_W_OBSERVE;
    e->step = step_of(plm_col_text(q, 7));
    e->disp = disp_of(plm_col_text(q, 8));
    plm_str at = plm_col_text(q, 9);
    e->place = place_of(l, at.n ? at : plm_col_text(q, 10));
    e->parent = thing(l, plm_col_text(q, 11));
    e->replaces = thing(l, plm_col_text(q, 12));
    e->license = e->order = e->src = e->dst = e->dst_site = PLM_W_NONE;
    e->rma = PLM_STR("");
    plm_part p;
    plm_str rest = plm_col_blob(q, 13);
    while (plm_parts_next(&rest, &p))
        if (!take_part(l, e, &p)) return false;
    if (!plm_parts_whole(rest, plm_col_null(q, 13), plm_col_int(q, 0), l->f)) return false;
    if (e->known > w->now) w->now = e->known;
    w->events++;
    return true;
}

int plm_w_event_cmp(const plm_w_event *x, const plm_w_event *y) {
    if (x->t != y->t) return x->t < y->t ? -1 : 1;
    if (x->known != y->known) return x->known < y->known ? -1 : 1;
    return plm_str_cmp(x->id, y->id);
}

static int by_time(const void *a, const void *b) { return plm_w_event_cmp(a, b); }

/* Room for n more of an array whose elements are all in use. */
static bool more(void **v, uint32_t had, uint32_t n, size_t size) {
    void *p = plm_mem_resize(*v, ((size_t)had + n + 1) * size);
    if (p) *v = p;
    return p != NULL;
}

static bool events(load *l) {
    plm_world *w = l->w;
    uint32_t n = 0;
    l->listed_cap = w->listed_n, l->pair_cap = w->pairs;
    if (!count(l, "SELECT COUNT(*)" KNOWN " AND e.seq > ?2", B_BOTH, &n)) return false;
    if (!more((void **)&w->event, w->events, n, sizeof *w->event) ||
        !more((void **)&w->listed, w->listed_n, 0, sizeof *w->listed) ||
        !more((void **)&w->pair, w->pairs, 0, sizeof *w->pair))
        return full(l);
    return each(l, "SELECT e.seq, e.id, e.event_time, e.known_time, e.record_time, e.type,"
                   " e.action, e.biz_step, e.disposition, e.read_point, e.biz_location, e.parent,"
                   " e.replaces, e.parts" KNOWN " AND e.seq > ?2 ORDER BY e.seq", B_BOTH,
                row_event);
}

static bool row_att(load *l, plm_stmt *q) {
    plm_w_att *a = &l->w->att[l->w->atts++];
    plm_str host = plm_col_text(q, 5);
    *a = (plm_w_att){.id = keep(l, q, 0), .t = plm_col_int(q, 1), .host_id = keep(l, q, 4),
                     .onsite = plm_str_is(plm_col_text(q, 2), "onsite"),
                     .pass = plm_str_is(plm_col_text(q, 6), "pass"),
                     .site = site(l, plm_col_text(q, 3)), .host = thing(l, host)};
    if (a->t > l->w->now) l->w->now = a->t;
    return true;
}

static bool row_loc(load *l, plm_stmt *q) {
    plm_w_loc *v = &l->w->loc[l->w->locs++];
    *v = (plm_w_loc){.id = keep(l, q, 0), .t = plm_col_int(q, 1), .device = keep(l, q, 2),
                     .site = site(l, plm_col_text(q, 3)), .dev = PLM_W_NONE,
                     .origin = l->w->locs - 1};
    if (v->t > l->w->now) l->w->now = v->t;
    return true;
}

#define ATT "SELECT id, time, mode, site, host_id, host_epc, result FROM attestations" \
            " WHERE time <= ?1"
#define LOC "SELECT id, time, device_id, site FROM locations WHERE time <= ?1"

static bool proofs(load *l) {
    plm_world *w = l->w;
    uint32_t n = 0, d = 0, p = 0, b = 0;
    if (!count(l, "SELECT COUNT(*) FROM attestations WHERE time <= ?1", B_AS_OF, &n) ||
        !count(l, "SELECT COUNT(*) FROM attestation_devices", B_NONE, &d) ||
        !count(l, "SELECT COUNT(*) FROM locations WHERE time <= ?1", B_AS_OF, &p) ||
        !count(l, "SELECT COUNT(*) FROM location_bounds", B_NONE, &b))
        return false;
    if (!more((void **)&w->att, 0, n, sizeof *w->att) ||
        !more((void **)&w->attdev, 0, d, sizeof *w->attdev) ||
        !more((void **)&w->loc, 0, p, sizeof *w->loc) ||
        !more((void **)&w->bound, 0, b, sizeof *w->bound))
        return full(l);
    return each(l, ATT " ORDER BY id", B_AS_OF, row_att) &&
           each(l, LOC " ORDER BY id", B_AS_OF, row_loc);
}

static bool row_attdev(load *l, plm_stmt *q) {
    plm_world *w = l->w;
    uint32_t i = l->one.p ? w->atts - 1 : plm_w_index_get(&l->att_ids, plm_col_text(q, 0));
    if (i == PLM_W_NONE) return true;
    if (!w->att[i].dn++) w->att[i].d0 = w->attdevs;
    w->attdev[w->attdevs++] =
        (plm_w_attdev){keep(l, q, 1), thing(l, plm_col_text(q, 2)), PLM_W_NONE};
    return true;
}

static bool row_bound(load *l, plm_stmt *q) {
    plm_world *w = l->w;
    uint32_t i = l->one.p ? w->locs - 1 : plm_w_index_get(&l->loc_ids, plm_col_text(q, 0));
    if (i == PLM_W_NONE) return true;
    if (!w->loc[i].bn++) w->loc[i].b0 = w->bounds;
    w->bound[w->bounds++] =
        (plm_w_bound){ix(l, &w->marks, plm_col_text(q, 1)), keep(l, q, 2), plm_col_real(q, 3),
                      plm_col_real(q, 4), plm_col_real(q, 5)};
    return true;
}

/* Children come grouped by parent (in whatever order the database sorts text). */
static bool children(load *l) {
    plm_world *w = l->w;
    for (uint32_t i = 0; i < w->atts; i++)
        if (plm_w_index_put(&l->att_ids, w->att[i].id) == PLM_W_NONE) return full(l);
    for (uint32_t i = 0; i < w->locs; i++)
        if (plm_w_index_put(&l->loc_ids, w->loc[i].id) == PLM_W_NONE) return full(l);
    return each(l, "SELECT attestation, device_id, epc FROM attestation_devices"
                   " ORDER BY attestation, ord", B_NONE, row_attdev) &&
           each(l, "SELECT location, landmark, operator, lat, lon, km_max FROM location_bounds"
                   " ORDER BY location, ord", B_NONE, row_bound);
}

static int att_by_time(const void *a, const void *b) {
    const plm_w_att *x = a, *y = b;
    return x->t != y->t ? (x->t < y->t ? -1 : 1) : plm_str_cmp(x->id, y->id);
}

int plm_w_loc_cmp(const plm_w_loc *x, const plm_w_loc *y) {
    return x->t != y->t ? (x->t < y->t ? -1 : 1) : plm_str_cmp(x->id, y->id);
}

static int loc_by_time(const void *a, const void *b) { return plm_w_loc_cmp(a, b); }

/* The unit a label belongs to: a renewed label, or one tied to a device that has a label, is the
 * older label's unit. */
static void unite(plm_world *w, uint32_t label, uint32_t old) {
    uint32_t a = w->thing[label].root, b = w->thing[old].root;
    if (a == b || label == old) return;
    plm_w_thing *n = &w->thing[label], *o = &w->thing[b];
    if (n->registered && o->registered) return; /* two registered things stay two */
    n->root = b;
    n->kind = o->kind;
    n->sku = o->sku;
    n->mass_mg = o->mass_mg;
    n->tpp = o->tpp;
    n->tdp_mw = o->tdp_mw;
    o->label = label;
}

static bool identities(plm_world *w, plm_fault *f) {
    load of = {.w = w, .f = f}, *l = &of;
    uint32_t cap = 0;
    for (uint32_t i = 0; i < w->thing_ids.n; i++) {
        if (!w->thing[i].device.n) continue;
        uint32_t d = plm_w_index_put(&w->device_ids, w->thing[i].device);
        if (d == PLM_W_NONE || !room((void **)&w->device_thing, &cap, d + 1, sizeof(uint32_t)))
            return full(l);
        w->device_thing[d] = i;
    }
    for (uint32_t i = 0; i < w->events; i++) {
        const plm_w_event *e = &w->event[i];
        for (uint32_t k = 0; k < e->dn; k++) {
            const plm_w_pair *p = &w->pair[e->d0 + k];
            uint32_t d = plm_w_index_get(&w->device_ids, p->device);
            if (d != PLM_W_NONE) {
                unite(w, p->thing, w->device_thing[d]);
                continue;
            }
            d = plm_w_index_put(&w->device_ids, p->device);
            if (d == PLM_W_NONE || !room((void **)&w->device_thing, &cap, d + 1, sizeof(uint32_t)))
                return full(l);
            w->device_thing[d] = p->thing;
            if (!w->thing[p->thing].device.n) w->thing[p->thing].device = p->device;
        }
        if (e->replaces != PLM_W_NONE && e->dn) unite(w, w->pair[e->d0].thing, e->replaces);
        else if (e->replaces != PLM_W_NONE && e->en) unite(w, w->listed[e->e0], e->replaces);
    }
    for (uint32_t i = 0; i < w->attdevs; i++) {
        uint32_t d = plm_w_index_get(&w->device_ids, w->attdev[i].device);
        w->attdev[i].dev = d == PLM_W_NONE ? PLM_W_NONE : w->device_thing[d];
    }
    for (uint32_t i = 0; i < w->locs; i++) {
        uint32_t d = plm_w_index_get(&w->device_ids, w->loc[i].device);
        w->loc[i].dev = d == PLM_W_NONE ? PLM_W_NONE : w->device_thing[d];
    }
    return true;
}

static bool last_of(load *l, const char *sql, int64_t *out) {
    plm_stmt *q = plm_stmt_new(l->s, sql, l->f);
    int r = q ? plm_stmt_step(q, l->f) : -1;
    if (r == 1) *out = plm_col_int(q, 0);
    plm_stmt_free(q);
    return r >= 0;
}

bool plm_world_read(plm_store *s, int64_t as_of, plm_world *w, int64_t *last, int64_t *feed,
                    plm_fault *f) {
    memset(w, 0, sizeof *w);
    w->as_of = as_of;
    w->now = INT64_MIN;
    w->a = plm_arena_new(PLM_W_ARENA_MAX);
    load l = {.s = s, .w = w, .f = f};
    if (!w->a) return full(&l);
    if (!plm_store_snapshot(s, f)) return false;
    bool ok = tables(&l) && events(&l) && proofs(&l) && children(&l);
    if (last) {
        *last = *feed = 0;
        ok = ok && last_of(&l, "SELECT seq FROM events ORDER BY seq DESC LIMIT 1", last) &&
             last_of(&l, "SELECT n FROM load_feed ORDER BY n DESC LIMIT 1", feed);
    }
    plm_store_rollback(s);
    plm_w_index_free(&l.att_ids);
    plm_w_index_free(&l.loc_ids);
    return ok || plm_fail(f, PLM_NO_MEMORY, "out of memory");
}

bool plm_world_read_events(plm_store *s, plm_world *w, int64_t *last, plm_fault *f) {
    load l = {.s = s, .w = w, .f = f, .after = *last};
    return events(&l) && last_of(&l, "SELECT seq FROM events ORDER BY seq DESC LIMIT 1", last);
}

/* Takes the names that q gives. */
static bool take_names(load *l, plm_stmt *q, bool *changed) {
    bool ok = true;
    int r = 0;
    while (ok && (r = plm_stmt_step(q, l->f)) == 1) {
        uint32_t i = plm_w_index_get(&l->w->names, plm_col_text(q, 0));
        if (i == PLM_W_NONE) ok = row_name(l, q) || full(l);
        else *changed |= !plm_str_eq(l->w->shown[i], plm_col_text(q, 1));
    }
    if (!ok) plm_stmt_reset(q);
    return ok && r == 0;
}

static bool name_of(load *l, plm_stmt *one, plm_str key, bool *changed) {
    if (!key.n) return true;
    plm_stmt_text(one, 1, key);
    return take_names(l, one, changed);
}

/* The names of what the events after l->after speak of. */
static bool event_names(load *l, bool *changed) {
    plm_stmt *q = plm_stmt_new(l->s, "SELECT read_point, biz_location, parts FROM events WHERE"
                                     " seq > ?1 ORDER BY seq", l->f);
    plm_stmt *one = q ? plm_stmt_new(l->s, "SELECT key, shown FROM names WHERE key = ?1", l->f)
                      : NULL;
    bool ok = one != NULL;
    int r = -1;
    plm_part p;
    if (ok) plm_stmt_int(q, 1, l->after);
    while (ok && (r = plm_stmt_step(q, l->f)) == 1) {
        ok = name_of(l, one, plm_col_text(q, 0), changed) &&
             name_of(l, one, plm_col_text(q, 1), changed);
        for (plm_str rest = plm_col_blob(q, 2); ok && plm_parts_next(&rest, &p);) {
            bool party = p.kind == PLM_PART_SOURCE || p.kind == PLM_PART_DESTINATION;
            if (party || plm_part_is_epc(&p)) ok = name_of(l, one, p.f[party], changed);
        }
    }
    plm_stmt_free(q);
    plm_stmt_free(one);
    return ok && r == 0;
}

bool plm_world_read_names(plm_store *s, plm_world *w, int64_t after, int64_t feed, bool *changed,
                          plm_fault *f) {
    load l = {.s = s, .w = w, .f = f, .after = after};
    plm_stmt *q = plm_stmt_new(s,
        "SELECT key, shown FROM names WHERE key IN ("
        "SELECT a.site FROM load_feed n JOIN attestations a ON a.id = n.id WHERE n.n > ?1"
        " UNION SELECT a.host_epc FROM load_feed n JOIN attestations a ON a.id = n.id WHERE"
        " n.n > ?1"
        " UNION SELECT d.epc FROM load_feed n JOIN attestation_devices d ON d.attestation = n.id"
        " WHERE n.n > ?1"
        " UNION SELECT p.site FROM load_feed n JOIN locations p ON p.id = n.id WHERE n.n > ?1)"
        " ORDER BY key", f);
    if (!q) return false;
    plm_stmt_int(q, 1, feed);
    bool ok = take_names(&l, q, changed);
    plm_stmt_free(q);
    return ok && event_names(&l, changed);
}

bool plm_world_read_proof(plm_store *s, plm_world *w, bool attestation, plm_str id, plm_fault *f) {
    load l = {.s = s, .w = w, .f = f, .one = id};
    uint32_t n = 0;
    if (attestation)
        return (count(&l, "SELECT COUNT(*) FROM attestation_devices WHERE attestation = ?1", B_ONE,
                      &n) &&
                more((void **)&w->att, w->atts, 1, sizeof *w->att) &&
                more((void **)&w->attdev, w->attdevs, n, sizeof *w->attdev)) &&
               each(&l, ATT " AND id = ?2", B_ONE_AS_OF, row_att) &&
               each(&l, "SELECT attestation, device_id, epc FROM attestation_devices WHERE"
                        " attestation = ?1 ORDER BY ord", B_ONE, row_attdev);
    return (count(&l, "SELECT COUNT(*) FROM location_bounds WHERE location = ?1", B_ONE, &n) &&
            more((void **)&w->loc, w->locs, 1, sizeof *w->loc) &&
            more((void **)&w->bound, w->bounds, n, sizeof *w->bound)) &&
           each(&l, LOC " AND id = ?2", B_ONE_AS_OF, row_loc) &&
           each(&l, "SELECT location, landmark, operator, lat, lon, km_max FROM location_bounds"
                    " WHERE location = ?1 ORDER BY ord", B_ONE, row_bound);
}

bool plm_world_derive(plm_world *w, plm_fault *f) {
    if (w->events) qsort(w->event, w->events, sizeof *w->event, by_time);
    if (w->atts) qsort(w->att, w->atts, sizeof *w->att, att_by_time);
    if (w->locs) qsort(w->loc, w->locs, sizeof *w->loc, loc_by_time);
    return identities(w, f) && plm_world_contain(w, f) && plm_world_sight(w, f) &&
           plm_world_travel(w, f);
}

bool plm_world_load(plm_store *s, int64_t as_of, plm_world *w, plm_fault *f) {
    if (!plm_world_read(s, as_of, w, NULL, NULL, f) || !plm_world_derive(w, f)) return false;
    w->registry = w->device_ids.n > 0;
    return true;
}
