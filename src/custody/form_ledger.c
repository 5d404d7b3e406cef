/* form_ledger.c: a statement held against the ledger: the party, the license, the items and the
 * dates that the records have.  What they don't have is no problem.  Invariants: form.h. */
#include "custody/form.h"

#include "custody/event.h"
#include "custody/gs1.h"
#include <stdio.h>
#include <strings.h>

typedef void (*check_fn)(plm_paper_run *r, const plm_json *rule);

static plm_str at(const plm_paper_run *r, const plm_json *rule, const char *word) {
    plm_str path = plm_paper_word(rule, word);
    return path.n ? plm_json_text(plm_paper_at(r->st, path)) : (plm_str){0};
}

static uint32_t party_at(const plm_paper_run *r, const plm_json *rule, const char *word) {
    plm_str s = at(r, rule, word);
    return s.n ? plm_w_index_get(&r->w->party_ids, plm_gs1_key_or_self(s, r->w->a)) : PLM_W_NONE;
}

static const plm_w_license *license_at(const plm_paper_run *r, const plm_json *rule,
                                       const char *word) {
    uint32_t i = plm_w_index_get(&r->w->license_ids, at(r, rule, word));
    return i == PLM_W_NONE || !r->w->license[i].known ? NULL : &r->w->license[i];
}

static void party_known(plm_paper_run *r, const plm_json *rule) {
    plm_str s = at(r, rule, "path");
    if (!s.n) return;
    r->checked++;
    if (party_at(r, rule, "path") == PLM_W_NONE)
        plm_paper_problem_add(r, rule, "contradicts", PLM_STR(""), "no record knows '%.*s'",
                             PLM_FMT(s));
}

/* Names are one when their letters and digits are, whatever the case. */
static bool same_name(plm_str a, plm_str b) {
    size_t i = 0, k = 0;
    for (;;) {
        while (i < a.n && (unsigned char)a.p[i] < 0x80 && !((a.p[i] | 32) >= 'a' &&
               (a.p[i] | 32) <= 'z') && !(a.p[i] >= '0' && a.p[i] <= '9')) i++;
        while (k < b.n && (unsigned char)b.p[k] < 0x80 && !((b.p[k] | 32) >= 'a' &&
               (b.p[k] | 32) <= 'z') && !(b.p[k] >= '0' && b.p[k] <= '9')) k++;
        if (i == a.n || k == b.n) return i == a.n && k == b.n;
        if (plm_lower(a.p[i++]) != plm_lower(b.p[k++])) return false;
    }
}

static void party_name(plm_paper_run *r, const plm_json *rule) {
    const plm_world *w = r->w;
    uint32_t who = party_at(r, rule, "party");
    plm_str name = at(r, rule, "path");
    if (who == PLM_W_NONE || !name.n) return;
    bool any = false;
    uint32_t other = PLM_W_NONE;
    for (uint32_t i = 0; i < w->order_ids.n; i++) {
        const plm_w_order *o = &w->order[i];
        if (!o->known || o->buyer != who || !o->buyer_name.n) continue;
        any = true;
        if (!same_name(o->buyer_name, name) && other == PLM_W_NONE) other = i;
    }
    r->checked += any;
    if (other != PLM_W_NONE)
        plm_paper_problem_add(r, rule, "contradicts", w->order_ids.v[other],
                             "it is '%.*s'; order %.*s has '%.*s'", PLM_FMT(name),
                             PLM_FMT(w->order_ids.v[other]),
                             PLM_FMT(w->order[other].buyer_name));
}

/* Sites of a carrier are hubs and warehouses only. */
static void party_is_no_carrier(plm_paper_run *r, const plm_json *rule) {
    const plm_world *w = r->w;
    uint32_t who = party_at(r, rule, "path"), sites = 0, uses = 0, first = PLM_W_NONE;
    if (who == PLM_W_NONE) return;
    for (uint32_t i = 0; i < w->site_ids.n; i++) {
        const plm_w_site *s = &w->site[i];
        if (!s->known || s->party != who) continue;
        sites++;
        uses += s->kind != PLM_W_S_HUB && s->kind != PLM_W_S_WAREHOUSE;
        if (first == PLM_W_NONE) first = i;
    }
    r->checked += sites > 0;
    if (sites && !uses)
        plm_paper_problem_add(r, rule, "contradicts", plm_w_shown(w, w->site_ids.v[first]),
                             "its sites on record are hubs and warehouses only (%.*s)",
                             PLM_FMT(w->site[first].name));
}

static plm_str sku_of(const plm_json *item) {
    return plm_json_is_obj(item) ? plm_paper_word(item, "sku") : plm_json_text(item);
}

static bool names_sku(const plm_json *items, plm_str sku) {
    bool any = false;
    plm_json_each(items, it, e) {
        plm_str s = sku_of(e);
        any |= s.n > 0;
        if (plm_str_eq(s, sku)) return true;
    }
    return !any; /* items by description only can't be told apart */
}

/* What the party ordered and the statement does not describe. */
static void items_ordered(plm_paper_run *r, const plm_json *rule) {
    const plm_world *w = r->w;
    const plm_json *items = plm_paper_at(r->st, plm_paper_word(rule, "path"));
    uint32_t who = party_at(r, rule, "party");
    if (who == PLM_W_NONE || !items) return;
    plm_json_each(items, it, e) {
        plm_str sku = sku_of(e);
        bool found = false;
        for (uint32_t i = 0; i < w->order_ids.n && !found; i++)
            found = w->order[i].known && w->order[i].buyer == who &&
                    plm_str_eq(w->order[i].sku, sku);
        if (!sku.n) continue;
        r->checked++;
        if (!found)
            plm_paper_problem_add(r, rule, "contradicts", PLM_STR(""),
                                 "no order of the party is for '%.*s'", PLM_FMT(sku));
    }
    for (uint32_t i = 0; i < w->order_ids.n; i++) {
        const plm_w_order *o = &w->order[i];
        if (!o->known || o->buyer != who || names_sku(items, o->sku)) continue;
        r->checked++;
        plm_paper_problem_add(r, rule, "contradicts", w->order_ids.v[i],
                             "order %.*s is for '%.*s', which it does not describe",
                             PLM_FMT(w->order_ids.v[i]), PLM_FMT(o->sku));
        return;
    }
}

static void party_country(plm_paper_run *r, const plm_json *rule) {
    const plm_world *w = r->w;
    uint32_t who = party_at(r, rule, "party");
    plm_str country = at(r, rule, "path");
    if (who == PLM_W_NONE || !country.n) return;
    for (uint32_t i = 0; i < w->order_ids.n; i++) {
        const plm_w_order *o = &w->order[i];
        uint32_t to = o->amended_to != PLM_W_NONE ? o->amended_to : o->ship_to;
        if (!o->known || o->buyer != who || to == PLM_W_NONE || !w->site[to].country.n) continue;
        r->checked++;
        if (plm_str_eq(w->site[to].country, country)) continue;
        plm_paper_problem_add(r, rule, "contradicts", w->order_ids.v[i],
                             "it is %.*s; order %.*s ships to %.*s", PLM_FMT(country),
                             PLM_FMT(w->order_ids.v[i]), PLM_FMT(w->site[to].country));
        return;
    }
}

static bool ships(const plm_world *w, const plm_w_event *e, uint32_t who, uint32_t license) {
    if (e->step != PLM_W_shipping) return false;
    if (license != PLM_W_NONE) return e->license == license;
    return e->dst == who ||
           (e->license != PLM_W_NONE && w->license[e->license].consignee == who);
}

/* The first shipment to the party (of the items), or under the license. */
static void signed_before_shipment(plm_paper_run *r, const plm_json *rule) {
    const plm_world *w = r->w;
    uint32_t who = party_at(r, rule, "party"), first = PLM_W_NONE;
    uint32_t license = plm_w_index_get(&w->license_ids, at(r, rule, "license"));
    plm_str path = plm_paper_word(rule, "items");
    const plm_json *items = path.n ? plm_paper_at(r->st, path) : NULL;
    plm_day day;
    char text[40];
    if (!plm_day_parse(at(r, rule, "path"), &day) || (who == PLM_W_NONE && license == PLM_W_NONE))
        return;
    for (uint32_t i = 0; i < w->things; i++) {
        const plm_w_thing *t = &w->thing[i];
        if (t->root != i || t->kind == PLM_W_BOX || t->kind == PLM_W_OTHER) continue;
        if (items && !names_sku(items, t->sku)) continue;
        for (uint32_t s = t->s0; s < t->s0 + t->sn; s++) {
            uint32_t ev = w->sight[s].ev;
            if (ships(w, &w->event[ev], who, license) &&
                (first == PLM_W_NONE || w->event[ev].t < w->event[first].t))
                first = ev;
        }
    }
    if (first == PLM_W_NONE) return;
    r->checked++;
    if (w->event[first].t >= (int64_t)day * PLM_DAY_NS) return;
    plm_time_print(w->event[first].t, text);
    plm_paper_problem_add(r, rule, "contradicts", w->event[first].id,
                         "goods were shipped on %.10s, before it was signed", text);
}

static void license_known(plm_paper_run *r, const plm_json *rule) {
    plm_str id = at(r, rule, "path");
    if (!id.n) return;
    r->checked++;
    if (!license_at(r, rule, "path"))
        plm_paper_problem_add(r, rule, "contradicts", PLM_STR(""), "no license '%.*s' is on record",
                             PLM_FMT(id));
}

static void license_is_no_exception(plm_paper_run *r, const plm_json *rule) {
    const plm_w_license *l = license_at(r, rule, "path");
    if (!l) return;
    r->checked++;
    if (l->exception)
        plm_paper_problem_add(r, rule, "contradicts", at(r, rule, "path"),
                             "it is license exception %.*s", PLM_FMT(l->code));
}

static void license_consignee(plm_paper_run *r, const plm_json *rule) {
    const plm_w_license *l = license_at(r, rule, "license");
    plm_str s = at(r, rule, "path");
    if (!l || !s.n || l->consignee == PLM_W_NONE) return;
    r->checked++;
    if (party_at(r, rule, "path") != l->consignee)
        plm_paper_problem_add(r, rule, "contradicts", at(r, rule, "license"),
                             "it is %.*s; the license is for %.*s", PLM_FMT(s),
                             PLM_FMT(plm_w_shown(r->w, r->w->party_ids.v[l->consignee])));
}

static void license_country(plm_paper_run *r, const plm_json *rule) {
    const plm_w_license *l = license_at(r, rule, "license");
    plm_str s = at(r, rule, "path");
    if (!l || !s.n || !l->country_n) return;
    r->checked++;
    for (uint32_t i = 0; i < l->country_n; i++)
        if (plm_str_eq(l->countries[i], s)) return;
    plm_paper_problem_add(r, rule, "contradicts", at(r, rule, "license"),
                         "it is %.*s; the license is for %.*s%s", PLM_FMT(s),
                         PLM_FMT(l->countries[0]), l->country_n > 1 ? " and others" : "");
}

static void license_items(plm_paper_run *r, const plm_json *rule) {
    const plm_w_license *l = license_at(r, rule, "license");
    const plm_json *items = plm_paper_at(r->st, plm_paper_word(rule, "path"));
    if (!l || !items || !l->sku_n || plm_str_is(l->skus[0], "*")) return;
    plm_json_each(items, it, e) {
        plm_str sku = sku_of(e);
        bool found = !sku.n;
        for (uint32_t i = 0; i < l->sku_n && !found; i++) found = plm_str_eq(l->skus[i], sku);
        r->checked++;
        if (!found)
            plm_paper_problem_add(r, rule, "contradicts", at(r, rule, "license"),
                                 "'%.*s' is no item of the license", PLM_FMT(sku));
    }
}

static const struct {
    const char *word;
    check_fn run;
} checks[] = {{"party_known", party_known}, {"party_name", party_name},
              {"party_is_no_carrier", party_is_no_carrier}, {"items_ordered", items_ordered},
              {"party_country", party_country}, {"signed_before_shipment", signed_before_shipment},
              {"license_known", license_known},
              {"license_is_no_exception", license_is_no_exception},
              {"license_consignee", license_consignee}, {"license_country", license_country},
              {"license_items", license_items}};

bool plm_paper_ledger_known(plm_str check) {
    for (size_t i = 0; i < sizeof checks / sizeof *checks; i++)
        if (plm_str_is(check, checks[i].word)) return true;
    return false;
}

void plm_paper_ledger(plm_paper_run *r, const plm_json *rule) {
    plm_str check = plm_paper_word(rule, "check");
    for (size_t i = 0; i < sizeof checks / sizeof *checks; i++)
        if (plm_str_is(check, checks[i].word)) checks[i].run(r, rule);
}
