/* report.c: diversion, inventory and semi-annual reports.  Held by
 * tests/scenes/test_custody_desk: opening + in - out = closing for every line. */
#include "custody/report.h"

#include "custody/balance.h"
#include "custody/event.h"
#include "custody/findings.h"
#include <stdlib.h>
#include <string.h>

static bool asked_unit(const plm_world *w, const plm_report_ask *a, uint32_t root, uint32_t site) {
    const plm_w_journey *j = &w->journey[root];
    uint32_t who = site == PLM_W_NONE ? PLM_W_NONE : w->site[site].party;
    if (a->license.n && (j->license == PLM_W_NONE ||
                         !plm_str_eq(w->license_ids.v[j->license], a->license)))
        return false;
    if (a->party.n && (who == PLM_W_NONE ||
                       !plm_str_eq(plm_w_shown(w, w->party_ids.v[who]), a->party)))
        return false;
    return !a->site.n || (site != PLM_W_NONE &&
                          plm_str_eq(plm_w_shown(w, w->site_ids.v[site]), a->site));
}

/* ---- diversion */

static const char *trigger_of(const char *kind) {
    static const char *const user[] = {"diverted_in_transit", "orders_split", "license_overdrawn",
                                       "outside_license_dates"};
    static const char *const tampering[] = {"device_mismatch", "peers_missing", "weight_mismatch",
                                            "no_answer_on_site", "unregistered_serial"};
    for (size_t i = 0; i < sizeof user / sizeof *user; i++)
        if (strcmp(kind, user[i]) == 0) return "user";
    for (size_t i = 0; i < sizeof tampering / sizeof *tampering; i++)
        if (strcmp(kind, tampering[i]) == 0) return "tampering";
    return "location";
}

static bool has(const plm_find_list *l, plm_str s) {
    for (uint32_t i = 0; i < l->n; i++)
        if (plm_str_eq(l->v[i], s)) return true;
    return false;
}

bool plm_report_diversion(plm_world *w, const plm_findings *found, const plm_report_ask *ask,
                          plm_report_sink to, plm_fault *f) {
    plm_buf b;
    char t[40];
    plm_buf_init(&b, 16u << 20);
    (void)w;
    for (uint32_t i = 0; i < found->n; i++) {
        const plm_finding *g = &found->v[i];
        if (g->severity == PLM_NOTE) continue;
        if (g->first_seen_ns < ask->from_ns || g->first_seen_ns >= ask->to_ns) continue;
        if (ask->license.n && !has(&g->related, ask->license) && !has(&g->subjects, ask->license))
            continue;
        if (ask->party.n && !has(&g->parties, ask->party)) continue;
        if (ask->site.n && !has(&g->related, ask->site) && !has(&g->subjects, ask->site)) continue;
        plm_buf_clear(&b);
        plm_jw j = plm_jw_into(&b);
        plm_jw_obj(&j);
        plm_jw_kcstr(&j, "report", "diversion");
        plm_jw_kcstr(&j, "trigger", trigger_of(g->kind));
        plm_jw_kcstr(&j, "finding", g->id);
        plm_jw_kcstr(&j, "kind", g->kind);
        plm_jw_kcstr(&j, "severity", plm_severity_name(g->severity));
        plm_time_print(g->first_seen_ns == INT64_MIN ? 0 : g->first_seen_ns, t);
        plm_jw_kcstr(&j, "known_since", g->first_seen_ns == INT64_MIN ? NULL : t);
        plm_finding_list(&j, "subjects", &g->subjects);
        plm_finding_list(&j, "related", &g->related);
        plm_finding_list(&j, "evidence", &g->evidence);
        plm_jw_kstr(&j, "what", g->explanation);
        plm_finding_words(&j, "innocent", g->innocent);
        plm_finding_words(&j, "asked", g->questions);
        plm_jw_kcstr(&j, "cite",
                     "Chip Security Act, H.R. 3447 and S. 1705 (a bill): report promptly");
        plm_jw_end_obj(&j);
        if (b.full) break;
        to.line(to.ctx, plm_buf_str(&b));
    }
    bool ok = !b.full;
    plm_buf_free(&b);
    return ok || plm_fail(f, PLM_OUT_OF_RANGE, "a line is longer than 16 MiB");
}

/* ---- inventory */

static const char *state_of(const plm_w_journey *j, const plm_w_stay *s) {
    if (j->end == PLM_W_E_DESTROYED) return "destroyed";
    if (j->end == PLM_W_E_STOLEN) return "stolen or lost";
    if (j->transit) return j->returned ? "on its way back" : "in transit";
    if (j->removed != PLM_W_NEVER && j->removed >= s->in) return "removed";
    return s->installed != PLM_W_NEVER ? "installed" : "stored";
}

bool plm_report_inventory(plm_world *w, const plm_report_ask *ask, plm_report_sink to,
                          plm_fault *f) {
    plm_buf b;
    char t[40];
    plm_buf_init(&b, 1u << 20);
    for (uint32_t i = 0; i < w->things; i++) {
        const plm_w_thing *u = &w->thing[i];
        const plm_w_journey *j = &w->journey[i];
        if (u->root != i || !j->stays) continue;
        bool part = u->kind == PLM_W_MODULE;
        if (part && plm_w_board_at(w, i, w->now, 0) != PLM_W_NONE) continue; /* with its chassis */
        const plm_w_stay *s = plm_w_stay_last(w, i);
        uint32_t site = s->place.site;
        if (!asked_unit(w, ask, i, site)) continue;
        uint32_t chips[256], n = plm_w_chips_at(w, i, w->now, chips, 256);
        int64_t tpp = 0;
        for (uint32_t k = 0; k < n; k++) tpp += w->thing[chips[k]].tpp;
        plm_buf_clear(&b);
        plm_jw q = plm_jw_into(&b);
        plm_jw_obj(&q);
        plm_jw_kcstr(&q, "report", "inventory");
        plm_jw_kstr(&q, "id", plm_w_thing_shown(w, u->label));
        plm_jw_kstr(&q, "device_id", u->device);
        plm_jw_kcstr(&q, "kind", part ? "module" : u->kind == PLM_W_CARD ? "card" : "chassis");
        plm_jw_kstr(&q, "sku", u->sku);
        plm_jw_kint(&q, "chips", n);
        plm_jw_kint(&q, "tpp", tpp);
        bool held = site != PLM_W_NONE && w->site[site].party != PLM_W_NONE;
        plm_jw_key(&q, "holder");
        if (held) plm_jw_str(&q, plm_w_shown(w, w->party_ids.v[w->site[site].party]));
        else plm_jw_null(&q);
        plm_jw_key(&q, "place");
        if (site != PLM_W_NONE) plm_jw_str(&q, plm_w_shown(w, w->site_ids.v[site]));
        else plm_jw_null(&q);
        plm_jw_kstr(&q, "country", site == PLM_W_NONE ? PLM_STR("") : w->site[site].country);
        plm_jw_kcstr(&q, "state", state_of(j, s));
        plm_time_print(s->in, t);
        plm_jw_kcstr(&q, "since", t);
        plm_jw_kstr(&q, "license", j->license == PLM_W_NONE ? PLM_STR("")
                    : w->license_ids.v[j->license]);
        plm_jw_kstr(&q, "order", j->order == PLM_W_NONE ? PLM_STR("") : w->order_ids.v[j->order]);
        plm_jw_end_obj(&q);
        to.line(to.ctx, plm_buf_str(&b));
    }
    plm_buf_free(&b);
    (void)f;
    return true;
}

/* ---- semi-annual */

typedef struct period {
    uint32_t site;
    plm_str sku;
    int64_t opening, received, moved_in, moved_out, returned, retired, lost, closing, tpp,
        installed;
} period;

static int by_site_sku(const void *a, const void *b) {
    const period *x = a, *y = b;
    if (x->site != y->site) return x->site < y->site ? -1 : 1;
    return plm_str_cmp(x->sku, y->sku);
}

static bool came_before(const plm_world *w, const plm_w_journey *j, uint32_t upto) {
    for (uint32_t i = 0; i < upto; i++) {
        uint32_t s = w->stay[j->stay0 + i].place.site;
        if (s != PLM_W_NONE && w->site[s].kind == PLM_W_S_DATACENTER) return true;
    }
    return false;
}

/* One stay of one unit as a row of the period: rows of a site and SKU are added up after. */
static bool row_of(const plm_world *w, const plm_report_ask *ask, uint32_t root, uint32_t k,
                   period *p) {
    const plm_w_journey *j = &w->journey[root];
    const plm_w_stay *s = &w->stay[j->stay0 + k];
    uint32_t site = s->place.site;
    if (site == PLM_W_NONE || w->site[site].kind != PLM_W_S_DATACENTER) return false;
    if (!asked_unit(w, ask, root, site) || s->in >= ask->to_ns || s->out < ask->from_ns)
        return false;
    int64_t n = plm_w_chips_at(w, root, s->in, (uint32_t[256]){0}, 256);
    memset(p, 0, sizeof *p);
    p->site = site;
    p->sku = w->thing[root].sku;
    if (s->in < ask->from_ns) p->opening = n;
    else *(came_before(w, j, k) ? &p->moved_in : &p->received) = n;
    if (s->out >= ask->to_ns) {
        uint32_t chips[256], m = plm_w_chips_at(w, root, s->in, chips, 256);
        p->closing = n;
        for (uint32_t i = 0; i < m; i++) p->tpp += w->thing[chips[i]].tpp;
        if (s->installed < ask->to_ns) p->installed = n;
        return true;
    }
    bool last = k + 1 == j->stays;
    bool back = s->ev_out != PLM_W_NONE && w->event[s->ev_out].disp == PLM_W_D_RETURNED;
    *(last && j->end == PLM_W_E_DESTROYED ? &p->retired
      : last && j->end == PLM_W_E_STOLEN  ? &p->lost
      : back                              ? &p->returned
                                          : &p->moved_out) = n;
    return true;
}

static void say_period(const plm_world *w, const period *p, const plm_report_ask *ask, plm_buf *b,
                       plm_report_sink to) {
    char d[11];
    plm_buf_clear(b);
    plm_jw j = plm_jw_into(b);
    plm_jw_obj(&j);
    plm_jw_kcstr(&j, "report", "semiannual");
    plm_jw_kstr(&j, "site", plm_w_shown(w, w->site_ids.v[p->site]));
    plm_jw_kstr(&j, "name", w->site[p->site].name);
    plm_jw_kstr(&j, "country", w->site[p->site].country);
    plm_jw_kstr(&j, "sku", p->sku);
    plm_day_print(ask->from_ns == INT64_MIN ? 0 : (plm_day)(ask->from_ns / PLM_W_DAY), d);
    plm_jw_kcstr(&j, "from", d);
    plm_day_print(ask->to_ns == INT64_MAX ? (plm_day)(w->now / PLM_W_DAY)
                                          : (plm_day)(ask->to_ns / PLM_W_DAY - 1), d);
    plm_jw_kcstr(&j, "to", d);
    plm_jw_kint(&j, "opening", p->opening);
    plm_jw_kint(&j, "received", p->received);
    plm_jw_kint(&j, "moved_in", p->moved_in);
    plm_jw_kint(&j, "moved_out", p->moved_out);
    plm_jw_kint(&j, "returned", p->returned);
    plm_jw_kint(&j, "retired", p->retired);
    plm_jw_kint(&j, "lost", p->lost);
    plm_jw_kint(&j, "closing", p->closing);
    plm_jw_kint(&j, "installed", p->installed);
    plm_jw_kint(&j, "tpp", p->tpp);
    plm_jw_kcstr(&j, "cite", "15 CFR 748.15; supplement no. 8 to part 748");
    plm_jw_end_obj(&j);
    to.line(to.ctx, plm_buf_str(b));
}

bool plm_report_semiannual(plm_world *w, const plm_report_ask *ask, plm_report_sink to,
                           plm_fault *f) {
    period *v = plm_arena_array(w->a, (size_t)w->stays + 1, sizeof *v);
    uint32_t n = 0;
    plm_buf b;
    if (!v) return plm_fail(f, PLM_NO_MEMORY, "out of memory");
    for (uint32_t i = 0; i < w->things; i++) {
        if (w->thing[i].root != i) continue;
        if (w->thing[i].kind != PLM_W_CHASSIS && w->thing[i].kind != PLM_W_CARD) continue;
        for (uint32_t k = 0; k < w->journey[i].stays; k++) n += row_of(w, ask, i, k, &v[n]);
    }
    if (n) qsort(v, n, sizeof *v, by_site_sku);
    plm_buf_init(&b, 1u << 20);
    for (uint32_t i = 0, j; i < n; i = j) {
        period sum = v[i];
        for (j = i + 1; j < n && by_site_sku(&v[i], &v[j]) == 0; j++) {
            int64_t *s = &sum.opening, *a = &v[j].opening;
            for (size_t k = 0; k < (sizeof sum - offsetof(period, opening)) / sizeof *s; k++)
                s[k] += a[k];
        }
        say_period(w, &sum, ask, &b, to);
    }
    plm_buf_free(&b);
    return true;
}
