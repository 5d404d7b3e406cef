/* custody_watch.c: `plimsoll custody watch`: what the records contradict, a finding a line.
 * Findings of a watch without --as-of are kept in the store (and its log) the first time they are
 * seen, so that `custody show` and the desk can name them. */
#include "cli/cli.h"
#include "cli/custody.h"

#include "base/file.h"
#include "custody/findings.h"
#include "custody/follow.h"
#include "custody/world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define VERB_NAME "custody watch"

static const char usage[] =
    "usage: plimsoll custody watch --store S [--as-of T] [--kind K] [--format text|json]\n"
    "       plimsoll custody watch --store S --follow\n\n"
    "Prints what the records known by T (a day, or an ISO 8601 time; now when left out)\n"
    "contradict: both records, who could explain them, what honest reading is still open, what to\n"
    "ask.  A finding is evidence, never a verdict on anybody; a note is bookkeeping.\n\n"
    "--follow stays, and looks again at each line of standard input (any scheduler can give it):\n"
    "what is found for the first time or says something else is printed as JSON, then\n"
    "{\"look\",\"records\",\"examined\",\"found\",\"gone\":[id]}.  A look costs what is new.\n\n"
    "  plimsoll custody watch --store w.db --format json\n"
    "  while sleep 60; do echo; done | plimsoll custody watch --store w.db --follow\n"
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

typedef struct said {
    char id[27];
    unsigned char digest[PLM_SHA256_LEN];
} said;

typedef struct following {
    said *v; /* what was said last, by id */
    uint32_t n;
    uint64_t looks;
    plm_buf line;
} following;

static int by_id(const void *a, const void *b) {
    return strcmp(((const said *)a)->id, ((const said *)b)->id);
}

/* Prints and records what is new or other, and says what is gone. */
static bool tell(following *w, plm_store *s, const plm_findings *out, const plm_follow_cost *cost,
                 plm_fault *f) {
    said *now = plm_mem_resize(NULL, ((size_t)out->n + 1) * sizeof *now);
    plm_findings other = {.v = plm_mem_resize(NULL, ((size_t)out->n + 1) * sizeof *other.v)};
    bool ok = (now && other.v) || plm_fail(f, PLM_NO_MEMORY, "out of memory");
    for (uint32_t i = 0; ok && i < out->n; i++) {
        memcpy(now[i].id, out->v[i].id, sizeof now[i].id);
        const said *was = w->n ? bsearch(&now[i], w->v, w->n, sizeof *w->v, by_id) : NULL;
        if (was && out->v[i].kept) {
            now[i] = *was;
            continue;
        }
        plm_buf_clear(&w->line);
        plm_finding_write(&w->line, &out->v[i]);
        if (w->line.full) ok = plm_fail(f, PLM_OUT_OF_RANGE, "a finding is longer than 64 MiB");
        plm_sha256_of(plm_buf_str(&w->line), now[i].digest);
        if (was && memcmp(was->digest, now[i].digest, sizeof was->digest) == 0) continue;
        other.v[other.n++] = out->v[i];
        if (ok) printf("%.*s\n", (int)w->line.n, w->line.p);
    }
    ok = ok && plm_findings_record(s, &other, f);
    if (ok) {
        if (out->n) qsort(now, out->n, sizeof *now, by_id);
        printf("{\"look\":%llu,\"records\":%llu,\"examined\":%llu,\"found\":%u,\"gone\":[",
               (unsigned long long)++w->looks, (unsigned long long)cost->records,
               (unsigned long long)cost->examined, out->n);
        for (uint32_t i = 0, n = 0; i < w->n; i++)
            if (!out->n || !bsearch(&w->v[i], now, out->n, sizeof *now, by_id))
                printf("%s\"%s\"", n++ ? "," : "", w->v[i].id);
        puts("]}");
        fflush(stdout);
        plm_mem_free(w->v);
        w->v = now;
        w->n = out->n;
        now = NULL;
    }
    plm_mem_free(now);
    plm_mem_free(other.v);
    return ok;
}

static int follow(const char *where) {
    plm_fault f = {0};
    following w = {0};
    plm_lines in = {0};
    plm_findings out = {0};
    plm_follow_cost cost;
    plm_store *s = plm_store_open(where, &f);
    plm_follow *watch = s ? plm_follow_open(s, &f) : NULL;
    bool ok = watch && plm_lines_open(&in, "-", 1u << 16, &f);
    int more = 1;
    plm_buf_init(&w.line, 64u << 20);
    while (ok && more == 1) {
        ok = plm_follow_look(watch, &out, &cost, &f) && tell(&w, s, &out, &cost, &f);
        if (ok) more = plm_lines_next(&in, &f);
    }
    plm_lines_close(&in);
    bool found = false;
    for (uint32_t i = 0; ok && i < out.n; i++) found |= out.v[i].severity > PLM_NOTE;
    plm_buf_free(&w.line);
    plm_mem_free(w.v);
    plm_follow_close(watch);
    plm_store_close(s);
    return ok && more == 0 ? found : plm_cli_fault(VERB_NAME, &f);
}

int plm_cli_custody_watch(int argc, char **argv) {
    const char *store = NULL, *kind = NULL, *v;
    int64_t as_of = INT64_MAX;
    bool text = false, bad = false, stay = false;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--help") == 0) return fputs(usage, stdout), 0;
        if (strcmp(argv[i], "--follow") == 0) stay = true;
        else if ((v = plm_cli_value(argc, argv, &i, "--store", &bad))) store = v;
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
    if (stay && (kind || text || as_of != INT64_MAX))
        return plm_cli_usage(VERB_NAME, "--follow takes no other option than --store");
    if (stay) return follow(store);
    return run(store, as_of, kind, text);
}
