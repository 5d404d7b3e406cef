/* rules.c: `plimsoll rules check|test|coverage|show|diff|drift|fmt`. */
#include "cli/book.h"
#include "cli/rules.h"
#include "plimsoll/rules_test.h"
#include "base/file.h"
#include "base/json.h"

#include <stdio.h>
#include <string.h>

static const char help[] =
    "usage: plimsoll rules check [FILE|DIR]...\n"
    "       plimsoll rules test [FILE|DIR]...\n"
    "       plimsoll rules coverage [--format json] [FILE|DIR]...\n"
    "       plimsoll rules show ID [--as-of DATE] [--known DATE]\n"
    "       plimsoll rules diff [--with A.rules]... [--against B.rules]... --over FILE.jsonl\n"
    "                           [--as-of DATE] [--format text|json]\n"
    "       plimsoll rules drift FILE...\n"
    "       plimsoll rules fmt FILE...\n\n"
    "With no FILE the shipped rulebooks are meant; a FILE that stands alone is checked and tested\n"
    "over them.\n\n"
    "examples:\n"
    "  plimsoll rules check rulebooks/drafts/s3374.rules\n"
    "  plimsoll rules show RS.a --as-of 2026-09-24\n"
    "  plimsoll rules diff --with rulebooks/drafts/s3374.rules --over catalog.jsonl\n\n"
    "exit status: 0 good (or nothing differs), 1 a test failed, a rule is not covered, something\n"
    "differs; 2 in error\n";

/* The book of the files named, over the shipped law unless they are the law's own folder. */
plm_book *plm_cli_book_of(char **files, int n) {
    const char *with[WITH_MAX] = {NULL};
    plm_fault f = {0};
    if (n > WITH_MAX) {
        plm_cli_usage("rules", "more than %d files", WITH_MAX);
        return NULL;
    }
    for (int i = 0; i < n; i++) with[i] = files[i];
    if (n == 0) return plm_cli_load_book("rules", NULL, 0);
    plm_book *b = plm_book_load(with, (size_t)n, &f); /* complete by themselves? */
    if (b || plm_cli_stands_alone(files, n)) {
        if (!b) plm_cli_fault("rules", &f);
        return b;
    }
    plm_fault over = {0};
    const char *all[WITH_MAX + 1] = {plm_cli_rulebooks()};
    for (int i = 0; i < n; i++) all[i + 1] = with[i];
    b = plm_book_load(all, (size_t)n + 1, &over);
    if (!b) {
        bool ours = false; /* name the fault of the file given, not of the law under it */
        for (int i = 0; i < n; i++) ours = ours || strstr(over.where, files[i]) != NULL;
        plm_cli_fault("rules", ours ? &over : &f);
    }
    return b;
}

static int check(int argc, char **argv) {
    plm_book *b = plm_cli_book_of(argv, argc);
    if (!b) return PLM_EXIT_ERROR;
    printf("%zu rules and %zu facts: good\n", plm_book_count(b), plm_book_fact_count(b));
    plm_book_free(b);
    return 0;
}

static void tested(void *ctx, const plm_test_row *row) {
    const plm_book *b = ctx;
    if (!row->why && row->got == row->expect) return;
    if (row->why)
        printf("%.*s:%u: %.*s: %s\n", PLM_FMT(row->file), row->line, PLM_FMT(row->says), row->why);
    else
        printf("%.*s:%u: %.*s: %.*s is %s, expected %s\n", PLM_FMT(row->file), row->line,
               PLM_FMT(row->says), PLM_FMT(plm_book_rule(b, row->rule)->name),
               plm_truth_name(row->got), plm_truth_name(row->expect));
    if (row->proof.n) printf("%.*s", PLM_FMT(row->proof));
}

static int test_rules(int argc, char **argv) {
    plm_book *b = plm_cli_book_of(argv, argc);
    plm_test_sums sums;
    if (!b) return PLM_EXIT_ERROR;
    bool ok = plm_book_test(b, tested, b, &sums);
    plm_book_free(b);
    if (!ok) return plm_cli_usage("rules", "out of memory");
    printf("%u passed, %u failed\n", sums.passed, sums.failed);
    return sums.failed ? 1 : 0;
}

typedef struct counted {
    uint32_t n[3];
} counted;

static void count(void *ctx, const plm_test_row *row) {
    counted *c = ctx;
    if (!row->why) c[row->rule].n[row->got]++;
}

static bool wants_tests(const plm_rule_info *k) {
    return k->kind != PLM_RULE_DEFINE && k->kind != PLM_RULE_NUMBER;
}

static int coverage(int argc, char **argv) {
    bool json = false;
    char *files[WITH_MAX];
    int n = 0;
    for (int i = 0; i < argc; i++) {
        bool bad = false;
        const char *v = plm_cli_value(argc, argv, &i, "--format", &bad);
        if (v) json = strcmp(v, "json") == 0;
        else if (n < WITH_MAX) files[n++] = argv[i];
    }
    plm_book *b = plm_cli_book_of(files, n);
    if (!b) return PLM_EXIT_ERROR;
    counted *c = plm_mem_resize(NULL, (plm_book_count(b) + 1) * sizeof *c);
    plm_test_sums sums;
    uint32_t bare = 0;
    if (c) memset(c, 0, (plm_book_count(b) + 1) * sizeof *c);
    if (!c || !plm_book_test(b, count, c, &sums)) {
        plm_mem_free(c);
        plm_book_free(b);
        return plm_cli_usage("rules", "out of memory");
    }
    for (plm_rule r = 0; r < plm_book_count(b); r++) {
        const plm_rule_info *k = plm_book_rule(b, r);
        if (!wants_tests(k)) continue;
        bool zero = !c[r].n[0] || !c[r].n[1] || !c[r].n[2];
        bare += zero;
        if (json)
            printf("{\"rule\":\"%.*s\",\"fires\":%u,\"not\":%u,\"unknown\":%u}\n",
                   PLM_FMT(k->name), c[r].n[2], c[r].n[0], c[r].n[1]);
        else
            printf("%-24.*s fires %u, not %u, unknown %u%s\n", PLM_FMT(k->name), c[r].n[2],
                   c[r].n[0], c[r].n[1], zero ? "   <- a kind is missing" : "");
    }
    if (!json) printf("%u rules lack a kind of test\n", bare);
    plm_mem_free(c);
    plm_book_free(b);
    return bare ? 1 : 0;
}

static int show(int argc, char **argv) {
    book_options o = {0};
    const char *id = NULL;
    for (int i = 0; i < argc; i++) {
        int k = plm_cli_book_option("rules", argc, argv, &i, &o);
        if (k < 0) return PLM_EXIT_ERROR;
        if (k == 0 && id) return plm_cli_usage("rules", "show takes one ID");
        if (k == 0) id = argv[i];
    }
    if (!id) return plm_cli_usage("rules", "show needs a rule's ID");
    plm_book *b = plm_cli_load_book("rules", o.with, o.with_count);
    if (!b) return PLM_EXIT_ERROR;
    plm_rule r = plm_book_find(b, plm_str_c(id));
    if (r == PLM_RULE_NONE) {
        plm_book_free(b);
        return plm_cli_usage("rules", "there is no rule '%s'", id);
    }
    plm_day today = plm_day_today();
    plm_view *v = plm_view_new(b, o.reading.has_as_of ? o.reading.as_of : today,
                               o.reading.has_known ? o.reading.known : today, o.reading.codified);
    const plm_rule_info *k = plm_book_rule(b, r);
    plm_buf say;
    plm_buf_init(&say, 4096);
    if (v) plm_view_say(v, r, &say);
    printf("%.*s\n\n%.*s:%u\non that date: in force %s: %.*s\ncite: %.*s\ncertainty: %.*s\n",
           PLM_FMT(k->text), PLM_FMT(k->file), k->line,
           v ? plm_truth_name(plm_view_force(v, r)) : "unknown", (int)say.n, say.p ? say.p : "",
           PLM_FMT(k->cite), PLM_FMT(k->certainty.n ? k->certainty : PLM_STR("not stated")));
    for (plm_rule e = 0; e < plm_book_count(b); e++) {
        const plm_rule_info *x = plm_book_rule(b, e);
        for (uint32_t i = 0; i < x->lift_count; i++)
            if (x->lifts[i] == r) printf("lifted by the exception %.*s\n", PLM_FMT(x->name));
        for (uint32_t i = 0; i < x->target_count; i++)
            if (x->targets[i] == r) printf("reviewed under %.*s\n", PLM_FMT(x->name));
    }
    for (uint32_t i = 0; i < k->defect_count; i++) printf("defect: %.*s\n", PLM_FMT(k->defects[i]));
    plm_buf_free(&say);
    plm_view_free(v);
    plm_book_free(b);
    return 0;
}

int plm_cli_rules(int argc, char **argv) {
    static const struct {
        const char *word;
        int (*run)(int, char **);
    } subs[] = {{"check", check}, {"test", test_rules}, {"coverage", coverage}, {"show", show},
                {"diff", plm_cli_rules_diff}, {"drift", plm_cli_rules_drift},
                {"fmt", plm_cli_rules_fmt}};
    if (argc < 2)
        return plm_cli_usage("rules", "check, test, coverage, show, diff, drift or fmt?");
    if (strcmp(argv[1], "--help") == 0) {
        fputs(help, stdout);
        return 0;
    }
    for (size_t i = 0; i < sizeof subs / sizeof *subs; i++)
        if (strcmp(argv[1], subs[i].word) == 0) return subs[i].run(argc - 2, argv + 2);
    return plm_cli_usage("rules", "no command '%s'", argv[1]);
}
