/* balance.c: see balance.h.  Invariants: 1 shipped = received + in_transit + lost, by the making
 * of it: every chip is put into one of the three; 2 sums are whole numbers.  Held by
 * tests/scenes/test_custody_balance. */
#include "custody/balance.h"

#include <stdlib.h>
#include <string.h>

static bool is_rest(const plm_world *w, const plm_w_stay *s, const plm_w_journey *j) {
    if (s->place.site == PLM_W_NONE) return false;
    uint32_t at = s->place.site, dst = w->event[j->ev_export].dst_site;
    plm_w_sitekind k = w->site[at].kind;
    if (k == PLM_W_S_DATACENTER || k == PLM_W_S_OFFICE || at == dst) return true;
    const plm_w_order *o = j->order == PLM_W_NONE ? NULL : &w->order[j->order];
    if (o && o->known && (at == o->ship_to || at == o->amended_to)) return true;
    return j->license != PLM_W_NONE && plm_w_license_names_site(&w->license[j->license], at);
}

bool plm_custody_exported(const plm_world *w, uint32_t root, plm_exported *out) {
    const plm_w_journey *j = &w->journey[root];
    plm_w_kind k = w->thing[root].kind;
    memset(out, 0, sizeof *out);
    out->site = PLM_W_NONE;
    if (w->thing[root].root != root || j->license == PLM_W_NONE || !j->stays) return false;
    if (k != PLM_W_CHASSIS && k != PLM_W_MODULE && k != PLM_W_CARD) return false;
    const plm_w_event *ex = &w->event[j->ev_export];
    out->chips = j->chips;
    out->tpp = j->tpp;
    out->since = ex->t;
    out->site = ex->dst_site;
    out->state = PLM_U_TRANSIT;
    for (uint32_t i = 0; i < j->stays; i++) {
        const plm_w_stay *s = &w->stay[j->stay0 + i];
        bool after = s->in >= ex->t || s->ev_in == j->ev_export;
        if (!after || !is_rest(w, s, j)) continue;
        out->state = PLM_U_RECEIVED;
        out->site = s->place.site;
        break;
    }
    if (j->end == PLM_W_E_STOLEN) out->state = PLM_U_LOST;
    out->retired = j->end == PLM_W_E_DESTROYED;
    if (j->ev_return == PLM_W_NONE || w->event[j->ev_return].license != j->license) return true;
    /* credited when it came back, not when it was sent: returns that never arrive credit nothing */
    const plm_w_stay *last = plm_w_stay_last(w, root);
    out->returned = out->state == PLM_U_RECEIVED && last->in > w->event[j->ev_return].t;
    return true;
}

static void add(plm_sums *s, const plm_exported *e, int64_t n) {
    s->shipped += n;
    *(e->state == PLM_U_RECEIVED ? &s->received
      : e->state == PLM_U_LOST   ? &s->lost
                                 : &s->in_transit) += n;
    if (e->returned) s->returned += n;
    if (e->retired) s->retired += n;
}

typedef struct book {
    plm_world *w;
    plm_balances *out;
    plm_w_index keys;
    bool short_of_memory;
} book;

static plm_balance *line(book *b, plm_str key) {
    uint32_t i = plm_w_index_put(&b->keys, key.n ? key : PLM_STR("-"));
    if (i == PLM_W_NONE) {
        b->short_of_memory = true;
        return NULL;
    }
    if (i >= b->out->n) {
        if ((i & (i + 1)) == 0 || !b->out->v) { /* room for twice as many */
            plm_balance *v = plm_arena_array(b->w->a, ((size_t)i + 1) * 2, sizeof *v);
            if (!v) {
                b->short_of_memory = true;
                return NULL;
            }
            if (b->out->n) memcpy(v, b->out->v, b->out->n * sizeof *v);
            b->out->v = v;
        }
        b->out->v[i] = (plm_balance){.key = key.n ? key : PLM_STR("-")};
        b->out->n = i + 1;
    }
    return &b->out->v[i];
}

static plm_str key_of(const book *b, plm_balance_by by, uint32_t root, const plm_exported *e) {
    const plm_world *w = b->w;
    uint32_t lic = w->journey[root].license, who = w->license[lic].consignee;
    switch (by) {
    case PLM_BY_LICENSE: return w->license_ids.v[lic];
    case PLM_BY_SKU: return w->thing[root].sku;
    case PLM_BY_CONSIGNEE:
        return who == PLM_W_NONE ? PLM_STR("") : plm_w_shown(w, w->party_ids.v[who]);
    case PLM_BY_SITE: break;
    }
    return e->site == PLM_W_NONE ? PLM_STR("") : plm_w_shown(w, w->site_ids.v[e->site]);
}

static int64_t tpp_of_sku(const plm_world *w, plm_str sku) {
    for (uint32_t i = 0; i < w->things; i++)
        if (w->thing[i].tpp > 0 && plm_str_eq(w->thing[i].sku, sku)) return w->thing[i].tpp;
    return 0;
}

/* What licenses allow, under their own key, their consignee's, or their only SKU's. */
static void authorise(book *b, plm_balance_by by) {
    plm_world *w = b->w;
    for (uint32_t i = 0; i < w->license_ids.n && by != PLM_BY_SITE; i++) {
        const plm_w_license *l = &w->license[i];
        if (!l->known) continue;
        bool one = l->sku_n == 1 && !plm_str_is(l->skus[0], "*");
        plm_str key = w->license_ids.v[i];
        if (by == PLM_BY_SKU) {
            if (!one) continue;
            key = l->skus[0];
        } else if (by == PLM_BY_CONSIGNEE) {
            if (l->consignee == PLM_W_NONE) continue;
            key = plm_w_shown(w, w->party_ids.v[l->consignee]);
        }
        plm_balance *p = line(b, key);
        if (!p) return;
        if (!l->has_quantity) continue;
        p->has_authorised = true;
        p->chips.authorised += l->quantity;
        int64_t each = one ? tpp_of_sku(w, l->skus[0]) : 0;
        if (each > 0 && l->quantity < INT64_MAX / each) {
            p->has_authorised_tpp = true;
            p->tpp.authorised += l->quantity * each;
        }
    }
}

static int by_key(const void *a, const void *b) {
    return plm_str_cmp(((const plm_balance *)a)->key, ((const plm_balance *)b)->key);
}

/* A license that is overdrawn makes its consignee's and its SKU's line not ok too: there the sums
 * mix licenses with and without a quantity and would hide it. */
static void spread(book *b, plm_balance_by by, const int64_t *net) {
    const plm_world *w = b->w;
    for (uint32_t i = 0; i < w->license_ids.n && by != PLM_BY_SITE; i++) {
        const plm_w_license *l = &w->license[i];
        if (!l->known || !l->has_quantity || net[i] <= l->quantity) continue;
        plm_str key = w->license_ids.v[i];
        if (by == PLM_BY_SKU) key = l->sku_n == 1 ? l->skus[0] : PLM_STR("-");
        else if (by == PLM_BY_CONSIGNEE && l->consignee != PLM_W_NONE)
            key = plm_w_shown(w, w->party_ids.v[l->consignee]);
        uint32_t k = plm_w_index_get(&b->keys, key);
        if (k != PLM_W_NONE) b->out->v[k].ok = false;
    }
}

bool plm_custody_balance(plm_world *w, plm_balance_by by, plm_balances *out, plm_fault *f) {
    book b = {.w = w, .out = out};
    memset(out, 0, sizeof *out);
    int64_t *net = plm_arena_array(w->a, (size_t)w->license_ids.n + 1, sizeof *net);
    b.short_of_memory = !net;
    if (net) authorise(&b, by);
    for (uint32_t i = 0; i < w->things && !b.short_of_memory; i++) {
        plm_exported e;
        if (!plm_custody_exported(w, i, &e)) continue;
        plm_balance *p = line(&b, key_of(&b, by, i, &e));
        if (!p) break;
        net[w->journey[i].license] += e.returned ? 0 : e.chips;
        add(&p->chips, &e, e.chips);
        add(&p->tpp, &e, e.tpp);
        int64_t days = (w->now - e.since) / PLM_W_DAY;
        if (e.state != PLM_U_TRANSIT) continue;
        p->days30 += days > 30 ? e.chips : 0;
        p->days60 += days > 60 ? e.chips : 0;
        p->days90 += days > 90 ? e.chips : 0;
    }
    for (uint32_t i = 0; i < out->n; i++) {
        const plm_sums *c = &out->v[i].chips;
        out->v[i].ok = c->shipped == c->received + c->in_transit + c->lost;
    }
    if (!b.short_of_memory) spread(&b, by, net);
    plm_w_index_free(&b.keys);
    if (b.short_of_memory) return plm_fail(f, PLM_NO_MEMORY, "out of memory");
    if (out->n) qsort(out->v, out->n, sizeof *out->v, by_key);
    return true;
}
