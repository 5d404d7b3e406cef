/* custody_balance.c: `plimsoll custody balance`: licenses as accounts. */
#include "cli/cli.h"
#include "cli/custody.h"

#include "base/file.h"
#include "base/json.h"
#include "custody/balance.h"
#include "custody/findings.h"
#include "custody/flows.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define VERB_NAME "custody balance"

static const char usage[] =
    "usage: plimsoll custody balance --store S [--by license|consignee|sku|site] [--as-of T]\n"
    "                                [--format text|json]\n"
    "       plimsoll custody balance --store S --flows|--svg FILE [--license ID] [--as-of T]\n\n"
    "What each license allows and where each chip of it is, every serial once:\n"
    "shipped = received + in_transit + lost, remaining = authorised - shipped + returned.\n"
    "A quantity that no license sets is null.\n"
    "--flows prints where the chips of one license, or of all, went: ordered, to which consignee\n"
    "and country, received, moved on, installed, returned or retired; --svg draws it, a flow as\n"
    "high as it has chips.  FILE '-' is standard output.\n\n"
    "  plimsoll custody balance --store w.db --by license\n"
    "  plimsoll custody balance --store w.db --by site --as-of 2026-03-01 --format text\n"
    "  plimsoll custody balance --store w.db --svg flows.svg --license L0042\n\n"
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

static bool write_flows(plm_flows *x, const char *svg, plm_fault *f) {
    plm_buf b;
    plm_buf_init(&b, 64u << 20);
    bool ok = svg ? plm_flows_picture(x, &b, f)
                  : plm_flows_write(x, &b) ||
                        plm_fail(f, PLM_OUT_OF_RANGE, "the flows are too long");
    if (ok && svg && strcmp(svg, "-") != 0)
        ok = plm_file_write_durable(svg, plm_buf_str(&b), 0644, f);
    else if (ok)
        printf("%.*s", (int)b.n, b.p ? b.p : "");
    plm_buf_free(&b);
    return ok;
}

static int run_flows(const char *where, const char *license, const char *svg, int64_t as_of) {
    plm_fault f = {0};
    plm_store *s = plm_store_open(where, &f);
    if (!s) return plm_cli_fault(VERB_NAME, &f);
    plm_world w;
    plm_flows x;
    bool ok = plm_world_load(s, as_of, &w, &f) &&
              plm_custody_flows(&w, plm_str_c(license ? license : ""), &x, &f) &&
              write_flows(&x, svg, &f);
    plm_world_free(&w);
    plm_store_close(s);
    return ok ? plm_cli_done(0) : plm_cli_fault(VERB_NAME, &f);
}

typedef struct options {
    const char *store, *license, *svg;
    plm_balance_by by;
    int64_t as_of;
    bool text, flows;
} options;

/* One option; 0 taken, else the exit status to give. */
static int take(int argc, char **argv, int *i, options *o) {
    const char *v;
    bool bad = false;
    if (strcmp(argv[*i], "--flows") == 0) {
        o->flows = true;
    } else if ((v = plm_cli_value(argc, argv, i, "--store", &bad))) {
        o->store = v;
    } else if ((v = plm_cli_value(argc, argv, i, "--license", &bad))) {
        o->license = v;
    } else if ((v = plm_cli_value(argc, argv, i, "--svg", &bad))) {
        o->svg = v;
    } else if ((v = plm_cli_value(argc, argv, i, "--by", &bad))) {
        unsigned k = 0;
        while (k < 4 && strcmp(v, by_names[k]) != 0) k++;
        if (k == 4)
            return plm_cli_usage(VERB_NAME, "--by is license, consignee, sku or site, not '%s'", v);
        o->by = (plm_balance_by)k;
    } else if ((v = plm_cli_value(argc, argv, i, "--as-of", &bad))) {
        if (!plm_findings_time(plm_str_c(v), &o->as_of))
            return plm_cli_usage(VERB_NAME, "--as-of '%s' is no day (2026-03-01) or time", v);
    } else if ((v = plm_cli_value(argc, argv, i, "--format", &bad))) {
        o->text = strcmp(v, "text") == 0;
        if (!o->text && strcmp(v, "json") != 0)
            return plm_cli_usage(VERB_NAME, "--format is text or json, not '%s'", v);
    } else {
        return plm_cli_usage(VERB_NAME, bad ? "'%s' needs a value" : "doesn't know '%s'", argv[*i]);
    }
    return 0;
}

int plm_cli_custody_balance(int argc, char **argv) {
    options o = {.by = PLM_BY_LICENSE, .as_of = INT64_MAX};
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--help") == 0) return fputs(usage, stdout), 0;
        int status = take(argc, argv, &i, &o);
        if (status) return status;
    }
    if (!o.store) return plm_cli_usage(VERB_NAME, "needs --store S");
    if (o.flows || o.svg) return run_flows(o.store, o.license, o.svg, o.as_of);
    if (o.license) return plm_cli_usage(VERB_NAME, "--license goes with --flows or --svg");
    return run(o.store, o.by, o.as_of, o.text);
}
