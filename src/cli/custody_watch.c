/* custody_watch.c: `plimsoll custody watch`: what the records contradict, a finding a line.
 * Findings of a watch without --as-of are kept in the store (and its log) the first time they are
 * seen, so that `custody show` and the desk can name them. */
#include "cli/cli.h"
#include "cli/custody.h"

#include "custody/findings.h"
#include "custody/world.h"

#include <stdio.h>
#include <string.h>

#define VERB_NAME "custody watch"

static const char usage[] =
    "usage: plimsoll custody watch --store S [--as-of T] [--kind K] [--format text|json]\n\n"
    "Prints what the records known by T (a day, or an ISO 8601 time; now when left out)\n"
    "contradict: both records, who could explain them, what honest reading is still open, what to\n"
    "ask.  A finding is evidence, never a verdict on anybody; a note is bookkeeping.\n\n"
    "  plimsoll custody watch --store w.db --format json\n"
    "  plimsoll custody watch --store w.db --as-of 2026-03-01 --kind silence\n\n"
    "Exit: 0 nothing above a note, 1 findings, 2 error.\n";

static void print_text(const plm_finding *g) {
    printf("%s %s %s\n  about:", plm_severity_name(g->severity), g->kind, g->id);
    for (uint32_t i = 0; i < g->subjects.n && i < 12; i++)
        printf(" %.*s", PLM_FMT(g->subjects.v[i]));
    if (g->subjects.n > 12) printf(" and %u more", g->subjects.n - 12);
    printf("\n  %.*s\n", PLM_FMT(g->explanation));
    for (const char *const *p = g->innocent; p && *p; p++) printf("  could be: %s\n", *p);
    for (const char *const *p = g->questions; p && *p; p++) printf("  ask: %s\n", *p);
}

static int run(const char *where, int64_t as_of, const char *kind, bool text) {
    plm_fault f = {0};
    plm_store *s = plm_store_open(where, &f);
    if (!s) return plm_cli_fault(VERB_NAME, &f);
    plm_world w;
    plm_findings out = {0};
    bool ok = plm_world_load(s, as_of, &w, &f) && plm_custody_find(&w, &out, &f) &&
              (as_of != INT64_MAX || plm_findings_record(s, &out, &f));
    int status = 0;
    plm_buf b;
    plm_buf_init(&b, 64u << 20);
    for (uint32_t i = 0; ok && i < out.n; i++) {
        const plm_finding *g = &out.v[i];
        if (kind && strcmp(kind, g->kind) != 0) continue;
        if (g->severity > PLM_NOTE) status = 1;
        if (text) {
            print_text(g);
            continue;
        }
        plm_buf_clear(&b);
        plm_finding_write(&b, g);
        if (b.full) ok = plm_fail(&f, PLM_OUT_OF_RANGE, "a finding is longer than 64 MiB");
        else printf("%.*s\n", (int)b.n, b.p);
    }
    plm_buf_free(&b);
    plm_world_free(&w);
    plm_store_close(s);
    return ok ? status : plm_cli_fault(VERB_NAME, &f);
}

int plm_cli_custody_watch(int argc, char **argv) {
    const char *store = NULL, *kind = NULL, *v;
    int64_t as_of = INT64_MAX;
    bool text = false, bad = false;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--help") == 0) return fputs(usage, stdout), 0;
        if ((v = plm_cli_value(argc, argv, &i, "--store", &bad))) store = v;
        else if ((v = plm_cli_value(argc, argv, &i, "--kind", &bad))) kind = v;
        else if ((v = plm_cli_value(argc, argv, &i, "--as-of", &bad))) {
            if (!plm_findings_time(plm_str_c(v), &as_of))
                return plm_cli_usage(VERB_NAME, "--as-of '%s' is no day (2026-03-01) or time"
                                                " (2026-03-01T12:00:00Z)", v);
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
    return run(store, as_of, kind, text);
}
