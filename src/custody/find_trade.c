/* find_trade.c: related parties' orders together against a yearly cap; shipments against a
 * license's quantity and dates; running chips against a site's power.  All sums are exact. */
#include "custody/balance.h"
#include "custody/find.h"

#include <inttypes.h>
#include <stdlib.h>
#include <stdio.h>
#include <string.h>

#define SHARED_BY_MANY 8 /* an address or agent of this many buyers is a business centre's */

enum { A_DIRECTOR, A_PHONE, A_EMAIL, A_PAYER, A_SHIP, A_GROUP, A_ADDRESS, A_COUNT };
static const char *const attr_names[A_COUNT] = {"director", "phone", "email domain", "payer",
                                                "delivery place", "group", "address"};

typedef struct party_row {
    uint32_t party, order; /* of its first order under the cap */
    uint32_t attr[A_COUNT], up;
    unsigned why;          /* attributes that tie it to its ring */
} party_row;

typedef struct ring_find {
    plm_finder *f;
    party_row *p;
    uint32_t n, *order, orders, *row; /* row: by party, from 1 */
    plm_w_index value[A_COUNT];
    uint32_t *use[A_COUNT]; /* buyers per value */
} ring_find;

static uint32_t top(party_row *p, uint32_t i) {
    while (p[i].up != i) i = p[i].up = p[p[i].up].up;
    return i;
}

static bool capped(const plm_world *w, const plm_w_order *o) {
    return o->known && o->buyer != PLM_W_NONE && o->license != PLM_W_NONE &&
           w->license[o->license].cap_tpp_per_year > 0;
}

static int64_t sku_tpp(const plm_world *w, plm_str sku) {
    for (uint32_t i = 0; i < w->things; i++)
        if (w->thing[i].tpp > 0 && plm_str_eq(w->thing[i].sku, sku)) return w->thing[i].tpp;
    return 0;
}

static bool gather(ring_find *r) {
    plm_world *w = r->f->w;
    uint32_t *row = r->row = plm_arena_array(w->a, (size_t)w->party_ids.n + 1, sizeof *row);
    r->p = plm_arena_array(w->a, (size_t)w->order_ids.n + 1, sizeof *r->p);
    r->order = plm_arena_array(w->a, (size_t)w->order_ids.n + 1, sizeof *r->order);
    if (!row || !r->p || !r->order) return false;
    for (uint32_t i = 0; i < w->order_ids.n && i < w->order_cap; i++) {
        const plm_w_order *o = &w->order[i];
        if (!capped(w, o)) continue;
        r->order[r->orders++] = i;
        if (row[o->buyer]) continue;
        row[o->buyer] = ++r->n;
        party_row *p = &r->p[r->n - 1];
        *p = (party_row){.party = o->buyer, .order = i, .up = r->n - 1};
        uint32_t to = o->amended_to != PLM_W_NONE ? o->amended_to : o->ship_to;
        /* only a place that is not its own ties a buyer to others */
        bool own = to == PLM_W_NONE || w->site[to].party == o->buyer;
        plm_str v[A_COUNT] = {o->director, o->phone, o->email, o->payer,
                              own ? PLM_STR("") : w->site_ids.v[to], o->group, o->address};
        for (int a = 0; a < A_COUNT; a++) p->attr[a] = plm_w_index_put(&r->value[a], v[a]);
    }
    for (int a = 0; a < A_COUNT; a++) {
        r->use[a] = plm_arena_array(w->a, (size_t)r->value[a].n + 1, sizeof **r->use);
        if (!r->use[a]) return false;
        for (uint32_t i = 0; i < r->n; i++)
            if (r->p[i].attr[a] != PLM_W_NONE) r->use[a][r->p[i].attr[a]]++;
    }
    return true;
}

static bool same(const party_row *a, const party_row *b, int k) {
    return a->attr[k] != PLM_W_NONE && a->attr[k] == b->attr[k];
}

/* What ties two buyers.  Money, goods, or a phone of two addresses tie by themselves; a director,
 * an e-mail domain or a group's name only in pairs: agents and business centres share single
 * ones, and two groups can have one name. */
static unsigned tie(const ring_find *r, const party_row *a, const party_row *b) {
    unsigned bits = 0, weak = 0, strong = 0;
    bool home = same(a, b, A_ADDRESS), centre = home && r->use[A_ADDRESS][a->attr[A_ADDRESS]] >=
                                                            SHARED_BY_MANY;
    for (int k = 0; k < A_COUNT; k++) {
        if (!same(a, b, k)) continue;
        bits |= 1u << k;
        if (k == A_PAYER || k == A_SHIP || (k == A_PHONE && !home)) strong++;
        else if (k == A_EMAIL || k == A_GROUP) weak++;
        else weak += !centre; /* a busy address with its switchboard or nominee ties nobody */
    }
    return strong || weak >= 2 ? bits : 0;
}

static void unite(ring_find *r, uint32_t i, uint32_t j, unsigned why) {
    r->p[i].why |= why;
    r->p[j].why |= why;
    uint32_t a = top(r->p, i), b = top(r->p, j);
    if (a < b) r->p[b].up = a;
    else r->p[a].up = b;
}

/* A buyer with the director of several members of one ring, from another address, is in it. */
static void attach(ring_find *r, uint32_t i) {
    for (uint32_t j = 0; j < r->n; j++) {
        uint32_t ring = top(r->p, j), n = 0;
        if (ring == top(r->p, i)) continue;
        for (uint32_t k = 0; k < r->n; k++)
            n += top(r->p, k) == ring && same(&r->p[i], &r->p[k], A_DIRECTOR) &&
                 !same(&r->p[i], &r->p[k], A_ADDRESS);
        if (n >= 2) unite(r, i, j, 1u << A_DIRECTOR);
    }
}

static void join(ring_find *r) {
    for (uint32_t i = 0; i < r->n; i++)
        for (uint32_t j = i + 1; j < r->n; j++) {
            unsigned why = tie(r, &r->p[i], &r->p[j]);
            if (why) unite(r, i, j, why);
        }
    bool *lone = plm_arena_array(r->f->w->a, (size_t)r->n + 1, sizeof *lone);
    if (!lone) {
        r->f->short_of_memory = true;
        return;
    }
    for (uint32_t i = 0; i < r->n; i++) {
        lone[i] = true;
        for (uint32_t j = 0; j < r->n && lone[i]; j++)
            lone[i] = j == i || top(r->p, j) != top(r->p, i);
    }
    for (uint32_t i = 0; i < r->n; i++)
        if (lone[i] && r->p[i].attr[A_DIRECTOR] != PLM_W_NONE &&
            r->use[A_DIRECTOR][r->p[i].attr[A_DIRECTOR]] > 2)
            attach(r, i);
}

static uint32_t ring_of(ring_find *r, const plm_w_order *o) {
    uint32_t i = r->row[o->buyer];
    return i ? top(r->p, i - 1) : PLM_W_NONE;
}

typedef struct ring_year {
    uint32_t ring;
    int year;
    int64_t sum, cap;
} ring_year;

static int by_number(const void *a, const void *b) {
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return x < y ? -1 : x > y;
}

/* The time of the entry (pairs of time and amount) that takes the sum past limit. */
static int64_t passing(int64_t (*v)[2], uint32_t n, int64_t limit) {
    int64_t sum = 0;
    if (n) qsort(v, n, sizeof *v, by_number);
    for (uint32_t i = 0; i < n; i++)
        if (__builtin_add_overflow(sum, v[i][1], &sum) || sum > limit) return v[i][0];
    return n ? v[n - 1][0] : INT64_MIN;
}

static void say_ring(ring_find *r, uint32_t ring, int year, int64_t sum, int64_t cap) {
    plm_finder *f = r->f;
    plm_world *w = f->w;
    char key[160];
    plm_str first = w->party_ids.v[r->p[ring].party];
    int n = snprintf(key, sizeof key, "%d %.*s", year, first.n > 120 ? 120 : (int)first.n, first.p);
    plm_finding *g = plm_find_new(f, PLM_K_orders_split, PLM_CRITICAL,
                                  (plm_str){key, (size_t)(n < 0 ? 0 : n)});
    unsigned why = 0, parties = 0, many = 0;
    int64_t(*steps)[2] = plm_arena_array(w->a, (size_t)r->orders + 1, sizeof *steps);
    if (!steps) {
        f->short_of_memory = true;
        return;
    }
    for (uint32_t k = 0; k < r->orders; k++) {
        const plm_w_order *o = &w->order[r->order[k]];
        if (o->year != year || ring_of(r, o) != ring) continue;
        plm_find_subject(f, g, plm_w_shown(w, w->party_ids.v[o->buyer]));
        plm_find_subject(f, g, w->order_ids.v[r->order[k]]);
        plm_find_party(f, g, o->buyer);
        plm_find_evidence(f, g, w->order_ids.v[r->order[k]], PLM_W_NEVER);
        if (o->license != PLM_W_NONE) plm_find_related(f, g, w->license_ids.v[o->license]);
        steps[many][0] = o->placed;
        steps[many++][1] = o->chips * sku_tpp(w, o->sku);
    }
    plm_find_not_before(g, passing(steps, many, cap));
    for (uint32_t i = 0; i < r->n; i++) {
        if (top(r->p, i) != ring) continue;
        why |= r->p[i].why;
        parties++;
    }
    plm_find_say(f, g, "%u orders of %d by %u buyer%s come to %" PRId64 " TPP, above the cap of %"
                       PRId64 " for one ultimate consignee and year.",
                 many, year, parties, parties == 1 ? "" : "s", sum, cap);
    if (parties < 2) return;
    plm_find_say(f, g, "The buyers share:");
    for (int a = 0; a < A_COUNT; a++)
        if (why >> a & 1) plm_find_say(f, g, "%s;", attr_names[a]);
}

static int by_ring_year(const void *a, const void *b) {
    const ring_year *x = a, *y = b;
    if (x->ring != y->ring) return x->ring < y->ring ? -1 : 1;
    return x->year < y->year ? -1 : x->year > y->year;
}

/* The cap of each ring and calendar year against the sum of its orders. */
static void add_up(ring_find *r) {
    plm_world *w = r->f->w;
    ring_year *v = plm_arena_array(w->a, (size_t)r->orders + 1, sizeof *v);
    if (!v) {
        r->f->short_of_memory = true;
        return;
    }
    for (uint32_t k = 0; k < r->orders; k++) {
        const plm_w_order *o = &w->order[r->order[k]];
        int64_t each = sku_tpp(w, o->sku), sum = 0;
        if (o->chips > 0 && __builtin_mul_overflow(o->chips, each, &sum)) sum = INT64_MAX / 4096;
        v[k] = (ring_year){ring_of(r, o), o->year, sum, w->license[o->license].cap_tpp_per_year};
    }
    if (r->orders) qsort(v, r->orders, sizeof *v, by_ring_year);
    for (uint32_t i = 0, j; i < r->orders; i = j) {
        int64_t sum = 0, cap = INT64_MAX;
        for (j = i; j < r->orders && by_ring_year(&v[i], &v[j]) == 0; j++) {
            if (__builtin_add_overflow(sum, v[j].sum, &sum)) sum = INT64_MAX;
            if (v[j].cap < cap) cap = v[j].cap;
        }
        if (v[i].ring != PLM_W_NONE && sum > cap) say_ring(r, v[i].ring, v[i].year, sum, cap);
    }
}

void plm_find_orders(plm_finder *f) {
    ring_find r = {.f = f};
    if (gather(&r)) {
        join(&r);
        add_up(&r);
    } else {
        f->short_of_memory = true;
    }
    for (int a = 0; a < A_COUNT; a++) plm_w_index_free(&r.value[a]);
}

/* ---- licenses */

static const plm_world *adding;

static int by_event_time(const void *a, const void *b) {
    return plm_w_event_cmp(&adding->event[*(const uint32_t *)a],
                           &adding->event[*(const uint32_t *)b]);
}

static void say_overdrawn(plm_finder *f, uint32_t lic, const plm_find_account *a) {
    plm_world *w = f->w;
    const plm_w_license *l = &w->license[lic];
    plm_finding *g = plm_find_new(f, PLM_K_license_overdrawn, PLM_CRITICAL, w->license_ids.v[lic]);
    plm_find_subject(f, g, w->license_ids.v[lic]);
    plm_find_party(f, g, l->consignee);
    plm_find_evidence(f, g, w->license_ids.v[lic], PLM_W_NEVER);
    int64_t(*steps)[2] = plm_arena_array(w->a, (size_t)w->things + 1, sizeof *steps);
    uint32_t n = 0;
    plm_exported e;
    if (!steps) {
        f->short_of_memory = true;
        return;
    }
    uint32_t *ev = plm_arena_array(w->a, (size_t)w->things + 1, sizeof *ev);
    if (!ev) {
        f->short_of_memory = true;
        return;
    }
    for (uint32_t i = 0; i < w->things; i++) {
        if (w->journey[i].license != lic || !plm_custody_exported(w, i, &e)) continue;
        ev[n] = w->journey[i].ev_export;
        steps[n][0] = w->event[w->journey[i].ev_export].known;
        steps[n++][1] = e.chips;
    }
    adding = w;
    if (n) qsort(ev, n, sizeof *ev, by_event_time);
    for (uint32_t i = 0; i < n; i++) plm_find_more_event(f, g, ev[i]); /* the first few */
    plm_find_not_before(g, passing(steps, n, l->quantity + a->returned));
    plm_find_say(f, g, "Authorised %" PRId64 " chips with all amendments; %" PRId64 " are on record"
                       " as shipped, each serial once and without voided shipments, and %" PRId64
                       " as returned: %" PRId64 " too many.",
                 l->quantity, a->shipped, a->returned, a->shipped - a->returned - l->quantity);
}

static void out_of_dates(plm_finder *f, uint32_t root, const plm_w_journey *j) {
    plm_world *w = f->w;
    const plm_w_license *l = &w->license[j->license];
    const plm_w_event *e = &w->event[j->ev_export];
    if (e->t >= l->valid_from - PLM_W_DAY && e->t < l->valid_to + PLM_W_DAY) return;
    plm_finding *g = plm_find_unit_new(f, PLM_K_outside_license_dates, PLM_WARNING, root,
                                       PLM_STR(""));
    plm_find_event(f, g, j->ev_export);
    plm_find_evidence(f, g, w->license_ids.v[j->license], PLM_W_NEVER);
    plm_find_say(f, g, "Shipped on %s under license %.*s, which is valid from %s until before %s.",
                 plm_find_when(e->t), PLM_FMT(w->license_ids.v[j->license]),
                 l->valid_from == INT64_MIN ? "ever" : plm_find_when(l->valid_from),
                 l->valid_to == INT64_MAX ? "ever" : plm_find_when(l->valid_to));
}

void plm_find_dates(plm_finder *f) {
    plm_world *w = f->w;
    plm_exported e;
    for (uint32_t i = 0; i < w->things; i++)
        if (plm_custody_exported(w, i, &e) && w->license[w->journey[i].license].known)
            out_of_dates(f, i, &w->journey[i]);
}

bool plm_find_is_overdrawn(const plm_w_license *l, const plm_find_account *a) {
    return l->known && l->has_quantity && a->shipped - a->returned > l->quantity;
}

static plm_find_account *add_accounts(plm_finder *f) {
    plm_world *w = f->w;
    plm_find_account *a = plm_arena_array(w->a, (size_t)w->license_ids.n + 1, sizeof *a);
    for (uint32_t i = 0; a && i < w->things; i++) {
        const plm_w_journey *j = &w->journey[i];
        plm_exported e;
        if (!plm_custody_exported(w, i, &e)) continue;
        a[j->license].shipped += e.chips;
        if (e.returned) a[j->license].returned += e.chips;
    }
    return a;
}

void plm_find_licenses(plm_finder *f) {
    plm_world *w = f->w;
    const plm_find_account *a = f->account ? f->account : add_accounts(f);
    f->short_of_memory |= !a;
    for (uint32_t i = 0; a && i < w->license_ids.n; i++)
        if (plm_find_is_overdrawn(&w->license[i], &a[i])) say_overdrawn(f, i, &a[i]);
}

/* ---- power */

__extension__ typedef __int128 wide;

typedef struct load_step {
    uint32_t site, ev;
    int64_t t, mw;
} load_step;

static int by_site_time(const void *a, const void *b) {
    const load_step *x = a, *y = b;
    if (x->site != y->site) return x->site < y->site ? -1 : 1;
    if (x->t != y->t) return x->t < y->t ? -1 : 1;
    if (x->mw != y->mw) return x->mw < y->mw ? -1 : 1; /* what leaves, before what comes */
    return plm_w_event_cmp(&adding->event[x->ev], &adding->event[y->ev]);
}

static int64_t watts_at(const plm_w_site *s, int64_t t) {
    int64_t v = 0;
    for (uint32_t i = 0; i < s->powers; i++)
        if (s->power[i].from <= t) v = s->power[i].watts;
    return v;
}

static void say_power(plm_finder *f, const load_step *first, const load_step *at, int64_t peak_mw,
                      int64_t watts) {
    plm_world *w = f->w;
    const plm_w_site *s = &w->site[at->site];
    plm_finding *g = plm_find_new(f, PLM_K_power_exceeded, PLM_CRITICAL, w->site_ids.v[at->site]);
    plm_find_subject(f, g, plm_w_shown(w, w->site_ids.v[at->site]));
    plm_find_party(f, g, s->party);
    plm_find_evidence(f, g, plm_w_shown(w, w->site_ids.v[at->site]), PLM_W_NEVER);
    plm_find_event(f, g, first->ev);
    plm_find_not_before(g, first->t);
    plm_find_more_event(f, g, at->ev);
    double need = (double)peak_mw * (double)s->pue_ppm / 1e6 / 1e9;
    plm_find_say(f, g,
                 "On %s the chips on record as installed draw %.3f MW at their rated power and"
                       " the site's PUE of %.2f; %.3f MW are energised.",
                 plm_find_when(at->t), need, (double)s->pue_ppm / 1e6, (double)watts / 1e6);
}

static void check_site(plm_finder *f, const load_step *v, uint32_t n) {
    const plm_w_site *s = &f->w->site[v->site];
    if (!s->known || !s->powers) return;
    wide worst = 0;
    int64_t load = 0, peak = 0, watts = 0;
    const load_step *at = NULL, *first = NULL;
    for (uint32_t i = 0; i < n; i++) {
        load += v[i].mw;
        if (i + 1 < n && v[i + 1].t == v[i].t) continue;
        int64_t can = watts_at(s, v[i].t);
        wide over = (wide)load * s->pue_ppm - (wide)can * 1000 * 1000000;
        if (over <= worst) continue;
        worst = over;
        if (!first) first = &v[i];
        at = &v[i];
        peak = load;
        watts = can;
    }
    if (at) say_power(f, first, at, peak, watts);
}

/* The steps at the sites that are looked at: into v, or counted while that is NULL. */
static uint32_t gather_steps(const plm_finder *f, load_step *v) {
    const plm_world *w = f->w;
    uint32_t n = 0;
    for (uint32_t u = 0; u < (f->units ? f->units_n : w->things); u++) {
        uint32_t i = f->units ? f->units[u] : u;
        if (!plm_find_is_unit(w, i)) continue;
        const plm_w_journey *j = &w->journey[i];
        for (uint32_t k = 0; k < j->stays; k++) {
            const plm_w_stay *s = &w->stay[j->stay0 + k];
            if (s->place.site == PLM_W_NONE || s->installed == PLM_W_NEVER) continue;
            if (f->only && !f->only[s->place.site]) continue;
            bool gone = s->out != PLM_W_NEVER && s->out > s->installed;
            if (v) v[n] = (load_step){s->place.site, s->ev_in, s->installed, s->draw_mw};
            if (v && gone) v[n + 1] = (load_step){s->place.site, s->ev_in, s->out, -s->draw_mw};
            n += 1 + gone;
        }
    }
    return n;
}

void plm_find_power(plm_finder *f) {
    plm_world *w = f->w;
    uint32_t n = gather_steps(f, NULL);
    load_step *v = plm_arena_array(w->a, (size_t)n + 1, sizeof *v);
    if (!v) {
        f->short_of_memory = true;
        return;
    }
    gather_steps(f, v);
    adding = w;
    if (n) qsort(v, n, sizeof *v, by_site_time);
    for (uint32_t i = 0, j; i < n; i = j) {
        for (j = i; j < n && v[j].site == v[i].site;) j++;
        check_site(f, v + i, j - i);
    }
}
