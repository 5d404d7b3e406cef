/* custody_report.c: `plimsoll custody report`: what is to be handed in, from the same records. */
#include "cli/book.h"
#include "cli/cli.h"
#include "cli/custody.h"

#include "base/file.h"
#include "custody/findings.h"
#include "custody/form.h"
#include "custody/report.h"

#include <stdio.h>
#include <string.h>

#define VERB_NAME "custody report"

static const char usage[] =
    "usage: plimsoll custody report --store S --kind KIND [--license ID] [--party PGLN]\n"
    "           [--site SGLN] [--from D] [--to D] [--statements FILE] [--format text|json]\n\n"
    "  diversion   findings by the three triggers of the Chip Security Act (a bill): another\n"
    "              place, another user, tampering\n"
    "  semiannual  data-center VEU: per site and SKU, opening + in - out = closing, in chips\n"
    "  uvl-log     each shipment and the UVL statement it was made under (15 CFR 744.15(b)),\n"
    "              checked field by field; --statements FILE has one JSON object a line\n"
    "  inventory   what stands where, and in which state\n"
    "  redflags    BIS's red flags that orders and findings raise, and what resolves each\n"
    "  oversight   OIG-26-019-A's eight findings, a to h, from the desk's own records\n\n"
    "D is a day; --to is the last day that counts.\n\n"
    "  plimsoll custody report --store w.db --kind semiannual --from 2026-01-01 --to 2026-06-30\n"
    "  plimsoll custody report --store w.db --kind diversion --license L0042 --format text\n\n"
    "Exit: 0 done (also with an empty report), 2 error.\n";

typedef struct options {
    const char *store, *kind, *statements;
    plm_report_ask ask;
    bool text;
} options;

static void print_line(void *ctx, plm_str json) {
    const options *o = ctx;
    plm_doc *d = o->text ? plm_doc_parse(json, (size_t)32 << 20, NULL) : NULL;
    if (!d) {
        printf("%.*s\n", PLM_FMT(json));
        return;
    }
    plm_json_pairs(plm_doc_root(d), it, k, v) {
        plm_str key = plm_json_text(k), t = plm_json_text(v);
        if (plm_str_is(key, "report") || plm_json_is_null(v)) continue;
        if (plm_json_is_str(v) || plm_json_is_num(v)) {
            printf("%.*s: %.*s\n", PLM_FMT(key), PLM_FMT(t));
        } else if (plm_json_is_obj(v)) {
            printf("%.*s:", PLM_FMT(key));
            plm_json_pairs(v, it2, k2, v2)
                printf(" %.*s %.*s;", PLM_FMT(plm_json_text(k2)), PLM_FMT(plm_json_text(v2)));
            putchar('\n');
        } else if (plm_json_is_arr(v)) {
            plm_json_each(v, it3, e) {
                if (plm_json_is_str(e))
                    printf("%.*s: %.*s\n", PLM_FMT(key), PLM_FMT(plm_json_text(e)));
            }
        }
    }
    putchar('\n');
    plm_doc_free(d);
}

static bool make(const options *o, plm_store *s, plm_fault *f) {
    plm_report_sink to = {print_line, (void *)(uintptr_t)o};
    plm_world w = {0};
    plm_findings found = {0};
    if (strcmp(o->kind, "oversight") == 0) return plm_report_oversight(s, &o->ask, to, f);
    bool ok = plm_world_load(s, INT64_MAX, &w, f);
    if (!ok) { /* the world is freed below */
    } else if (strcmp(o->kind, "diversion") == 0) {
        ok = plm_custody_find(&w, &found, f) && plm_report_diversion(&w, &found, &o->ask, to, f);
    } else if (strcmp(o->kind, "redflags") == 0) {
        ok = plm_custody_find(&w, &found, f) && plm_report_flags(&w, &found, &o->ask, to, f);
    } else if (strcmp(o->kind, "semiannual") == 0) {
        ok = plm_report_semiannual(&w, &o->ask, to, f);
    } else if (strcmp(o->kind, "uvl-log") == 0) {
        ok = plm_report_uvl_log(&w, &o->ask, to, f);
    } else {
        ok = plm_report_inventory(&w, &o->ask, to, f);
    }
    plm_world_free(&w);
    return ok;
}

static int run(options *o) {
    plm_fault f = {0};
    plm_buf st;
    plm_buf_init(&st, 32u << 20);
    plm_store *s = plm_store_open(o->store, &f);
    bool ok = s != NULL;
    if (ok && o->statements) {
        ok = plm_file_read(o->statements, &st, &f);
        o->ask.statements = plm_buf_str(&st);
    }
    plm_paper *uvl = NULL;
    if (ok && o->statements && strcmp(o->kind, "uvl-log") == 0) {
        ok = (uvl = plm_paper_read(plm_cli_rulebooks(), "uvl", &f)) != NULL;
        o->ask.uvl = uvl;
        o->ask.today = plm_day_today();
    }
    ok = ok && make(o, s, &f);
    plm_paper_free(uvl);
    if (!ok && o->statements && f.line) snprintf(f.where, sizeof f.where, "%s", o->statements);
    plm_store_close(s);
    plm_buf_free(&st);
    return ok ? 0 : plm_cli_fault(VERB_NAME, &f);
}

static bool known_kind(const char *k) {
    static const char *const kinds[] = {"diversion", "semiannual", "uvl-log", "inventory",
                                        "oversight", "redflags"};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (strcmp(k, kinds[i]) == 0) return true;
    return false;
}

static bool day(const char *v, int64_t add, int64_t *ns) {
    plm_day d;
    if (!plm_day_parse(plm_str_c(v), &d)) return false;
    *ns = ((int64_t)d + add) * 86400000000000LL;
    return true;
}

int plm_cli_custody_report(int argc, char **argv) {
    options o = {.ask = {.from_ns = INT64_MIN, .to_ns = INT64_MAX}};
    const char *v;
    bool bad = false, ok = true;
    for (int i = 1; i < argc && ok; i++) {
        if (strcmp(argv[i], "--help") == 0) return fputs(usage, stdout), 0;
        if ((v = plm_cli_value(argc, argv, &i, "--store", &bad))) o.store = v;
        else if ((v = plm_cli_value(argc, argv, &i, "--kind", &bad))) o.kind = v;
        else if ((v = plm_cli_value(argc, argv, &i, "--license", &bad)))
            o.ask.license = plm_str_c(v);
        else if ((v = plm_cli_value(argc, argv, &i, "--party", &bad))) o.ask.party = plm_str_c(v);
        else if ((v = plm_cli_value(argc, argv, &i, "--site", &bad))) o.ask.site = plm_str_c(v);
        else if ((v = plm_cli_value(argc, argv, &i, "--statements", &bad))) o.statements = v;
        else if ((v = plm_cli_value(argc, argv, &i, "--from", &bad)))
            ok = day(v, 0, &o.ask.from_ns);
        else if ((v = plm_cli_value(argc, argv, &i, "--to", &bad))) ok = day(v, 1, &o.ask.to_ns);
        else if ((v = plm_cli_value(argc, argv, &i, "--format", &bad))) {
            o.text = strcmp(v, "text") == 0;
            ok = o.text || strcmp(v, "json") == 0;
        } else {
            return plm_cli_usage(VERB_NAME, bad ? "'%s' needs a value" : "doesn't know '%s'",
                                 argv[i]);
        }
        if (!ok) return plm_cli_usage(VERB_NAME, "'%s' is no value for it (days are YYYY-MM-DD)",
                                      v);
    }
    if (!o.store || !o.kind) return plm_cli_usage(VERB_NAME, "needs --store S and --kind KIND");
    if (!known_kind(o.kind)) return plm_cli_usage(VERB_NAME, "no kind '%s'", o.kind);
    return run(&o);
}
