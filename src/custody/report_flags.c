/* report_flags.c: red flags raised by the facts of orders and findings.  Which fact raises which
 * flag, its citation and what resolves it are in rulebooks/us/redflags.json; here are the facts. */
#include "custody/report.h"

#include "base/file.h"
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FLAGS_BYTES_MAX (1u << 20)

/* rulebooks/ of $PLIMSOLL_RULEBOOKS, beside the program, or up to three folders above it. */
static void find_file(char *out, size_t room) {
    char exe[PATH_MAX];
    const char *env = getenv("PLIMSOLL_RULEBOOKS");
    ssize_t n = env ? 0 : readlink("/proc/self/exe", exe, sizeof exe - 1);
    exe[n > 0 ? n : 0] = 0;
    for (int up = 0; n > 0 && up < 4; up++) {
        char *slash = strrchr(exe, '/');
        if (!slash) break;
        *slash = 0;
        int len = snprintf(out, room, "%s/rulebooks/us/redflags.json", exe);
        if (len > 0 && (size_t)len < room && access(out, R_OK) == 0) return;
    }
    snprintf(out, room, "%s/us/redflags.json", env ? env : "rulebooks");
}

static bool order_fact(const plm_world *w, const plm_w_order *o, plm_str fact) {
    uint32_t to = o->amended_to != PLM_W_NONE ? o->amended_to : o->ship_to;
    bool known = to != PLM_W_NONE && w->site[to].known;
    plm_w_sitekind k = known ? w->site[to].kind : PLM_W_S_OTHER;
    if (plm_str_is(fact, "order.buyer_founded_after_2022")) return o->founded > 2022;
    if (plm_str_is(fact, "order.buyer_founded_within_two_years"))
        return o->founded > 0 && o->year > 0 && o->year - o->founded < 2;
    if (plm_str_is(fact, "order.no_delivery_place")) return to == PLM_W_NONE;
    if (plm_str_is(fact, "order.ships_to_carrier"))
        return k == PLM_W_S_HUB || k == PLM_W_S_WAREHOUSE;
    if (plm_str_is(fact, "order.ships_to_other_party"))
        return known && w->site[to].party != PLM_W_NONE && w->site[to].party != o->buyer;
    return false;
}

typedef struct flagging {
    plm_world *w;
    const plm_findings *found;
    const plm_report_ask *ask;
    plm_report_sink to;
    plm_buf b;
} flagging;

static void say(flagging *g, const plm_json *flag, plm_str fact, plm_str about, plm_str party,
                plm_str finding) {
    plm_buf_clear(&g->b);
    plm_jw j = plm_jw_into(&g->b);
    plm_jw_obj(&j);
    plm_jw_kcstr(&j, "report", "redflags");
    plm_jw_kstr(&j, "flag", plm_json_text(plm_json_get(flag, "id")));
    plm_jw_kstr(&j, "about", about);
    plm_jw_kstr(&j, "party", party);
    plm_jw_kstr(&j, "fact", fact);
    if (finding.n) plm_jw_kstr(&j, "finding", finding);
    plm_jw_kstr(&j, "says", plm_json_text(plm_json_get(flag, "says")));
    plm_jw_kstr(&j, "resolves", plm_json_text(plm_json_get(flag, "resolves")));
    plm_jw_kstr(&j, "cite", plm_json_text(plm_json_get(flag, "cite")));
    plm_jw_end_obj(&j);
    g->to.line(g->to.ctx, plm_buf_str(&g->b));
}

static void by_orders(flagging *g, const plm_json *flag, plm_str fact) {
    plm_world *w = g->w;
    for (uint32_t i = 0; i < w->order_ids.n && i < w->order_cap; i++) {
        const plm_w_order *o = &w->order[i];
        if (!o->known || o->placed < g->ask->from_ns || o->placed >= g->ask->to_ns) continue;
        plm_str buyer = o->buyer == PLM_W_NONE ? PLM_STR("")
            : plm_w_shown(w, w->party_ids.v[o->buyer]);
        plm_str lic = o->license == PLM_W_NONE ? PLM_STR("") : w->license_ids.v[o->license];
        if (g->ask->party.n && !plm_str_eq(g->ask->party, buyer)) continue;
        if (g->ask->license.n && !plm_str_eq(g->ask->license, lic)) continue;
        if (order_fact(w, o, fact)) say(g, flag, fact, w->order_ids.v[i], buyer, PLM_STR(""));
    }
}

static void by_findings(flagging *g, const plm_json *flag, plm_str fact) {
    plm_str kind = {fact.p + 8, fact.n - 8};
    for (uint32_t i = 0; i < g->found->n; i++) {
        const plm_finding *d = &g->found->v[i];
        if (d->severity == PLM_NOTE || !plm_str_is(kind, d->kind) || !d->subjects.n) continue;
        if (d->first_seen_ns < g->ask->from_ns || d->first_seen_ns >= g->ask->to_ns) continue;
        plm_str party = d->parties.n ? d->parties.v[0] : PLM_STR("");
        if (g->ask->party.n && !plm_str_eq(g->ask->party, party)) continue;
        say(g, flag, fact, d->subjects.v[0], party, plm_str_c(d->id));
    }
}

bool plm_report_flags(plm_world *w, const plm_findings *found, const plm_report_ask *ask,
                      plm_report_sink to, plm_fault *f) {
    char path[PATH_MAX];
    flagging g = {w, found, ask, to, {0}};
    plm_buf text;
    find_file(path, sizeof path);
    plm_buf_init(&text, FLAGS_BYTES_MAX);
    plm_buf_init(&g.b, FLAGS_BYTES_MAX);
    plm_doc *d = plm_file_read(path, &text, f) ? plm_doc_parse(plm_buf_str(&text), 0, f) : NULL;
    const plm_json *flags = d ? plm_json_get(plm_doc_root(d), "flags") : NULL;
    bool ok = flags && plm_json_is_arr(flags);
    if (!ok) plm_fail_at(f, PLM_BAD_INPUT, path, 0, 0, "has no list of flags");
    if (ok) {
        plm_json_each(flags, it, flag) {
            const plm_json *facts = plm_json_get(flag, "facts");
            if (!facts) continue;
            plm_json_each(facts, it2, fact) {
                plm_str name = plm_json_text(fact);
                if (plm_str_starts(name, "order.")) by_orders(&g, flag, name);
                else if (plm_str_starts(name, "finding.")) by_findings(&g, flag, name);
            }
        }
    }
    plm_doc_free(d);
    plm_buf_free(&text);
    plm_buf_free(&g.b);
    return ok;
}
