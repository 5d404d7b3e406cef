/* review.c: `plimsoll review` and `plimsoll explain`. */
#include "cli/book.h"
#include "cli/effects.h"
#include "decide/screening.h"

#include <stdio.h>
#include <string.h>

#define OUT_MAX (64u << 20)
#define STDOUT_BYTES (256u << 10) /* written at once; sooner where the input has run dry */

typedef struct reviewing {
    const char *verb;
    plm_desk *desk;
    book_options o;
    plm_buf out;
    int status;
    uint64_t cases;
} reviewing;

static const char help[] =
    "usage: plimsoll %s [--as-of DATE] [--known DATE] [--mode enforced|codified]\n"
    "                       [--with FILE.rules]... [--format text|json] [--lists DIR]\n"
    "                       [--effects FILE] [--assume-unloaded-clear] FILE...\n\n"
    "%s\n\n"
    "FILE holds one case (a JSON object) or many (JSON Lines); - is standard input.\n"
    "  --as-of DATE     the day of the transaction (else the case's, else today)\n"
    "  --known DATE     the day whose knowledge counts (else the case's, else today)\n"
    "  --mode codified  the text counts, whether enforced or not\n"
    "  --with FILE      lays a draft rulebook over the law\n"
    "  --lists DIR      screens parties whose listing is left out, and tells what each match\n"
    "                   means in law; a kind of listing of which no list is loaded (denied\n"
    "                   persons, say) is not known\n"
    "  --assume-unloaded-clear   you vouch that nobody is on a list that isn't loaded\n"
    "  --effects FILE   what being on a list means; default rulebooks/us/lists.json\n"
    "  --sensitivity    (explain) what would flip the verdict: numbers, dates,\n"
    "                   destinations (JSON)\n\n"
    "exit status: 0 every verdict is no_requirement_found, 1 some verdict is another,\n"
    "2 the input or a rulebook is in error (the other cases are still answered)\n\n"
    "examples:\n"
    "  plimsoll review tests/cases/example.json\n"
    "  plimsoll review --as-of 2025-04-10 --format json cases.jsonl\n"
    "  plimsoll explain --with rulebooks/drafts/s3374.rules case.json\n";

static void one(void *ctx, plm_str json, const char *file, uint64_t line) {
    reviewing *r = ctx;
    plm_fault f = {0};
    plm_verdict v;
    r->cases++;
    plm_buf_clear(&r->out);
    bool ok = r->o.sensitivity
                  ? plm_desk_sensitivity(r->desk, json, &r->o.reading, &r->out, &v, &f)
              : r->o.json && !r->o.explain
                  ? plm_desk_review(r->desk, json, &r->o.reading, &r->out, &v, &f)
                  : plm_desk_report(r->desk, json, &r->o.reading, r->o.explain, &r->out, &v, &f);
    if (!ok) {
        fflush(stdout); /* so that both streams tell of the cases in order */
        r->status = plm_cli_case_fault(r->verb, file, line, &f);
        return;
    }
    plm_buf_putc(&r->out, '\n');
    fwrite(r->out.p, 1, r->out.n, stdout);
    if (v != PLM_NO_REQUIREMENT && r->status == 0) r->status = 1;
}

static int parse(reviewing *r, int argc, char **argv, const char **files, int *n) {
    for (int i = 1; i < argc; i++) {
        int k = plm_cli_book_option(r->verb, argc, argv, &i, &r->o);
        if (k < 0) return PLM_EXIT_ERROR;
        if (k > 0) continue;
        if (r->o.explain && strcmp(argv[i], "--sensitivity") == 0) {
            r->o.sensitivity = true;
            continue;
        }
        bool bad = false;
        const char *v = plm_cli_value(argc, argv, &i, "--effects", &bad);
        if (v || strcmp(argv[i], "--assume-unloaded-clear") == 0) {
            if (v) r->o.effects = v;
            else r->o.assume_clear = true;
            continue;
        }
        if (bad) return plm_cli_usage(r->verb, "%s needs a value", argv[i]);
        if (argv[i][0] == '-' && argv[i][1])
            return plm_cli_usage(r->verb, "no option '%s'", argv[i]);
        files[(*n)++] = argv[i];
    }
    return *n ? 0 : plm_cli_usage(r->verb, "no FILE is given");
}

static int run(const char *verb, bool explain, const char *about, int argc, char **argv) {
    if (argc > 1 && strcmp(argv[1], "--help") == 0) {
        printf(help, verb, about);
        return 0;
    }
    reviewing r = {.verb = verb, .o.explain = explain};
    const char **files = plm_mem_resize(NULL, (size_t)argc * sizeof *files);
    int n = 0;
    if (!files || parse(&r, argc, argv, files, &n) != 0) {
        plm_mem_free(files);
        return PLM_EXIT_ERROR;
    }
    r.o.reading.today = plm_day_today();
    plm_book *b = plm_cli_load_book(verb, r.o.with, r.o.with_count);
    plm_fault f = {0};
    r.desk = b ? plm_desk_new(b, &f) : NULL;
    if (!r.desk) {
        if (b) plm_cli_fault(verb, &f);
        plm_book_free(b);
        plm_mem_free(files);
        return PLM_EXIT_ERROR;
    }
    plm_effects *law = r.o.lists ? plm_cli_effects(verb, r.o.effects) : NULL;
    plm_screening *lists =
        law ? plm_screening_open(r.o.lists, plm_cli_shipped_lists(), law, r.o.assume_clear, &f)
            : NULL;
    if (lists) plm_desk_listing(r.desk, plm_screening_party, lists);
    if (law && !lists) r.status = plm_cli_fault(verb, &f);
    if (r.o.lists && !law) r.status = PLM_EXIT_ERROR;
    plm_buf_init(&r.out, OUT_MAX);
    setvbuf(stdout, NULL, _IOFBF, STDOUT_BYTES);
    if (r.status) n = 0;
    for (int i = 0; i < n; i++)
        if (!plm_cli_each_case(verb, files[i], one, &r)) r.status = PLM_EXIT_ERROR;
    if (!r.cases && r.status == 0) r.status = plm_cli_usage(verb, "the input holds no case");
    plm_buf_free(&r.out);
    plm_screening_free(lists);
    plm_effects_free(law);
    plm_desk_free(r.desk);
    plm_book_free(b);
    plm_mem_free(files);
    return r.status;
}

int plm_cli_review(int argc, char **argv) {
    return run("review", false, "Reviews export cases: verdict, determinations, exceptions, "
               "policy, questions.", argc, argv);
}

int plm_cli_explain(int argc, char **argv) {
    return run("explain", true, "Prints the proof of each verdict as a person reads it.", argc,
               argv);
}
