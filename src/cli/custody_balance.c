/* custody_balance.c: `plimsoll custody balance`: licenses as accounts. */
#include "cli/cli.h"
#include "cli/custody.h"

#include "base/json.h"
#include "custody/balance.h"
#include "custody/findings.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define VERB_NAME "custody balance"

static const char usage[] =
    "usage: plimsoll custody balance --store S [--by license|consignee|sku|site] [--as-of T]\n"
    "                                [--format text|json]\n\n"
    "What each license allows and where each chip of it is, every serial once:\n"
    "shipped = received + in_transit + lost, remaining = authorised - shipped + returned.\n"
    "A quantity that no license sets is null.\n\n"
    "  plimsoll custody balance --store w.db --by license\n"
    "  plimsoll custody balance --store w.db --by site --as-of 2026-03-01 --format text\n\n"
    "Exit: 0 all ok, 1 some line is not ok (a license is overdrawn), 2 error.\n";

static const char *const by_names[] = {"license", "consignee", "sku", "site"};

static void sums(plm_jw *w, const char *name, const plm_sums *s, bool authorised) {
    plm_jw_key(w, name);
    plm_jw_obj(w);
    if (authorised) plm_jw_kint(w, "authorised", s->authorised);
    else plm_jw_kcstr(w, "authorised", NULL);
    plm_jw_kint(w, "shipped", s->shipped);
    plm_jw_kint(w, "received", s->received);
    plm_jw_kint(w, "in_transit", s->in_transit);
    plm_jw_kint(w, "returned", s->returned);
    plm_jw_kint(w, "lost", s->lost);
    plm_jw_kint(w, "retired", s->retired);
    if (authorised) plm_jw_kint(w, "remaining", s->authorised - s->shipped + s->returned);
    else plm_jw_kcstr(w, "remaining", NULL);
    plm_jw_end_obj(w);
}

static void print_json(plm_buf *b, const plm_balance *p, plm_balance_by by) {
    plm_buf_clear(b);
    plm_jw w = plm_jw_into(b);
    plm_jw_obj(&w);
    plm_jw_kcstr(&w, "by", by_names[by]);
    plm_jw_kstr(&w, "key", p->key);
    sums(&w, "chips", &p->chips, p->has_authorised);
    sums(&w, "tpp", &p->tpp, p->has_authorised_tpp);
    plm_jw_key(&w, "in_transit_days");
    plm_jw_obj(&w);
    plm_jw_kint(&w, "30", p->days30);
    plm_jw_kint(&w, "60", p->days60);
    plm_jw_kint(&w, "90", p->days90);
    plm_jw_end_obj(&w);
    plm_jw_kbool(&w, "ok", p->ok);
    plm_jw_end_obj(&w);
    printf("%.*s\n", (int)b->n, b->p);
}

static void print_text(const plm_balance *p) {
    const plm_sums *s = &p->chips;
    char left[32] = "no limit set";
    if (p->has_authorised)
        snprintf(left, sizeof left, "%" PRId64 " remain", s->authorised - s->shipped + s->returned);
    printf("%s %.*s: %" PRId64 " shipped = %" PRId64 " received + %" PRId64 " in transit + %" PRId64
           " lost; %" PRId64 " returned, %" PRId64 " retired; %s\n",
           p->ok ? "ok " : "NOT OK", PLM_FMT(p->key), s->shipped, s->received, s->in_transit,
           s->lost, s->returned, s->retired, left);
}

static int run(const char *where, plm_balance_by by, int64_t as_of, bool text) {
    plm_fault f = {0};
    plm_store *s = plm_store_open(where, &f);
    if (!s) return plm_cli_fault(VERB_NAME, &f);
    plm_world w;
    plm_balances out;
    int status = 0;
    plm_buf b;
    plm_buf_init(&b, 1u << 20);
    bool ok = plm_world_load(s, as_of, &w, &f) && plm_custody_balance(&w, by, &out, &f);
    for (uint32_t i = 0; ok && i < out.n; i++) {
        if (!out.v[i].ok) status = 1;
        if (text) print_text(&out.v[i]);
        else print_json(&b, &out.v[i], by);
    }
    plm_buf_free(&b);
    plm_world_free(&w);
    plm_store_close(s);
    return ok ? status : plm_cli_fault(VERB_NAME, &f);
}

int plm_cli_custody_balance(int argc, char **argv) {
    const char *store = NULL, *v;
    plm_balance_by by = PLM_BY_LICENSE;
    int64_t as_of = INT64_MAX;
    bool text = false, bad = false;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--help") == 0) return fputs(usage, stdout), 0;
        if ((v = plm_cli_value(argc, argv, &i, "--store", &bad))) store = v;
        else if ((v = plm_cli_value(argc, argv, &i, "--by", &bad))) {
            unsigned k = 0;
            while (k < 4 && strcmp(v, by_names[k]) != 0) k++;
            if (k == 4)
                return plm_cli_usage(VERB_NAME,
                                     "--by is license, consignee, sku or site, not '%s'", v);
            by = (plm_balance_by)k;
        } else if ((v = plm_cli_value(argc, argv, &i, "--as-of", &bad))) {
            if (!plm_findings_time(plm_str_c(v), &as_of))
                return plm_cli_usage(VERB_NAME, "--as-of '%s' is no day (2026-03-01) or time", v);
        } else if ((v = plm_cli_value(argc, argv, &i, "--format", &bad))) {
            text = strcmp(v, "text") == 0;
            if (!text && strcmp(v, "json") != 0)
                return plm_cli_usage(VERB_NAME, "--format is text or json, not '%s'", v);
        } else {
            return plm_cli_usage(VERB_NAME, bad ? "'%s' needs a value" : "doesn't know '%s'",
                                 argv[i]);
        }
    }
    if (!store) return plm_cli_usage(VERB_NAME, "needs --store S");
    return run(store, by, as_of, text);
}
