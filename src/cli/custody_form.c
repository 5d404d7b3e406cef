/* custody_form.c: `plimsoll custody form`: statements of consignees and listed parties, checked
 * field by field and held against the ledger. */
#include "cli/book.h"
#include "cli/custody.h"

#include "base/file.h"
#include "custody/form.h"

#include <stdio.h>
#include <string.h>

#define VERB_NAME "custody form"

static const char usage[] =
    "usage: plimsoll custody form check --kind uvl|bis-711 [--store S] [--as-of D] [--format\n"
    "           text|json] FILE...\n"
    "       plimsoll custody form fields --kind uvl|bis-711 [--format text|json]\n\n"
    "check reads a statement (a JSON object, or one a line; '-' is standard input) and names each\n"
    "field that is missing, ill-formed or contradicts another, with its paragraph and its mend.\n"
    "With --store it is also held against the ledger: the party and its name, the license, the\n"
    "items, the country, and whether it was signed before the first shipment.  --as-of is the day\n"
    "it is read on, today when left out.  fields prints what the form asks for.\n"
    "  uvl      UVL statement, 15 CFR 744.15(b)\n"
    "  bis-711  Statement by Ultimate Consignee and Purchaser, 15 CFR 748.11, supplement no. 3\n"
    "The rules are files, rulebooks/us/forms/KIND.json ($PLIMSOLL_RULEBOOKS: another folder).\n\n"
    "examples:\n"
    "  plimsoll custody form check --kind uvl --store w.db statement.json\n"
    "  plimsoll custody form fields --kind bis-711 --format text\n\n"
    "Exit: 0 no problem, 1 problems, 2 error.\n";

typedef struct options {
    const char *verb, *kind, *store;
    plm_day today;
    bool text;
    char *files[256];
    unsigned files_n;
} options;

typedef struct checking {
    const options *o;
    const plm_paper *form;
    plm_world *w;
    plm_str id;
    plm_buf out;
    bool problems, failed;
} checking;

static void put_problem(void *ctx, const plm_paper_problem *x) {
    checking *c = ctx;
    if (c->o->text) {
        printf("%s: %.*s (%.*s, %.*s)%s%.*s; %.*s\n", x->kind, PLM_FMT(x->what),
               PLM_FMT(x->field), PLM_FMT(x->cite), x->say.n ? ": " : "", PLM_FMT(x->say),
               PLM_FMT(x->mend));
        return;
    }
    plm_buf_clear(&c->out);
    plm_jw w = plm_jw_into(&c->out);
    plm_jw_obj(&w);
    plm_jw_kcstr(&w, "form", c->o->kind);
    if (c->id.n) plm_jw_kstr(&w, "id", c->id);
    else plm_jw_kcstr(&w, "id", NULL);
    plm_jw_kstr(&w, "field", x->field);
    plm_jw_kcstr(&w, "problem", x->kind);
    plm_jw_kstr(&w, "cite", x->cite);
    plm_jw_kstr(&w, "what", x->what);
    plm_jw_kstr(&w, "say", x->say);
    plm_jw_kstr(&w, "mend", x->mend);
    if (x->against.n) plm_jw_kstr(&w, "against", x->against);
    plm_jw_end_obj(&w);
    printf("%.*s\n", (int)c->out.n, c->out.p);
}

static void put_sum(checking *c, const char *file, uint32_t checked, uint32_t problems) {
    if (c->o->text) {
        printf("%s%s%.*s: %u checks, %u problem%s\n", file, c->id.n ? " " : "", PLM_FMT(c->id),
               checked, problems, problems == 1 ? "" : "s");
        return;
    }
    plm_buf_clear(&c->out);
    plm_jw w = plm_jw_into(&c->out);
    plm_jw_obj(&w);
    plm_jw_kcstr(&w, "form", c->o->kind);
    if (c->id.n) plm_jw_kstr(&w, "id", c->id);
    else plm_jw_kcstr(&w, "id", NULL);
    plm_jw_kcstr(&w, "file", file);
    plm_jw_kint(&w, "checked", checked);
    plm_jw_kint(&w, "problems", problems);
    plm_jw_kbool(&w, "ok", problems == 0);
    plm_jw_end_obj(&w);
    printf("%.*s\n", (int)c->out.n, c->out.p);
}

static void check_one(void *ctx, plm_str json, const char *file, uint64_t line) {
    checking *c = ctx;
    plm_fault f = {0};
    uint32_t checked = 0, problems = 0;
    plm_doc *d = plm_doc_parse(json, PLM_PAPER_BYTES_MAX, &f);
    if (d) c->id = plm_json_text(plm_json_get(plm_doc_root(d), "id"));
    bool ok = d && plm_paper_check(c->form, plm_doc_root(d), c->o->today, c->w, put_problem, c,
                                  &checked, &problems, &f);
    if (ok) {
        put_sum(c, file, checked, problems);
        c->problems |= problems > 0;
    } else {
        if (!f.where[0]) snprintf(f.where, sizeof f.where, "%s", file);
        f.line = (uint32_t)line + (f.line > 1 ? f.line - 1 : 0);
        plm_cli_fault(VERB_NAME, &f);
        c->failed = true;
    }
    c->id = (plm_str){0};
    plm_doc_free(d);
}

static int run_check(const options *o, const plm_paper *form) {
    plm_fault f = {0};
    plm_world w = {0};
    checking c = {.o = o, .form = form};
    plm_buf_init(&c.out, 1u << 20);
    plm_store *s = o->store ? plm_store_open(o->store, &f) : NULL;
    bool ok = !o->store || (s && plm_world_load(s, INT64_MAX, &w, &f));
    if (ok && s) c.w = &w;
    int status = ok ? 0 : plm_cli_fault(VERB_NAME, &f);
    for (unsigned i = 0; ok && i < o->files_n; i++)
        ok = plm_cli_each_case(VERB_NAME, o->files[i], check_one, &c);
    if (!ok || c.failed) status = PLM_EXIT_ERROR;
    else if (c.problems) status = 1;
    plm_world_free(&w);
    plm_store_close(s);
    plm_buf_free(&c.out);
    return status;
}

static int run_fields(const options *o, const plm_paper *form) {
    plm_buf b;
    plm_buf_init(&b, PLM_PAPER_BYTES_MAX);
    plm_json_each(plm_json_get(plm_paper_root(form), "fields"), it, e) {
        if (o->text) {
            printf("%-30.*s %-24.*s %.*s (%.*s)\n", PLM_FMT(plm_paper_word(e, "path")),
                   PLM_FMT(plm_paper_word(e, "need")), PLM_FMT(plm_paper_word(e, "what")),
                   PLM_FMT(plm_paper_word(e, "cite")));
            continue;
        }
        plm_buf_clear(&b);
        plm_jw w = plm_jw_into(&b);
        plm_jw_obj(&w);
        static const char *const words[] = {"path", "type", "need", "cite", "what", "mend"};
        for (size_t i = 0; i < sizeof words / sizeof *words; i++)
            plm_jw_kstr(&w, i ? words[i] : "field", plm_paper_word(e, words[i]));
        plm_jw_end_obj(&w);
        printf("%.*s\n", (int)b.n, b.p);
    }
    plm_buf_free(&b);
    return 0;
}

static int take(int argc, char **argv, int *i, options *o) {
    const char *v;
    bool bad = false;
    if ((v = plm_cli_value(argc, argv, i, "--kind", &bad))) {
        o->kind = v;
    } else if ((v = plm_cli_value(argc, argv, i, "--store", &bad))) {
        o->store = v;
    } else if ((v = plm_cli_value(argc, argv, i, "--as-of", &bad))) {
        if (!plm_day_parse(plm_str_c(v), &o->today))
            return plm_cli_usage(VERB_NAME, "--as-of '%s' is no day (2026-03-01)", v);
    } else if ((v = plm_cli_value(argc, argv, i, "--format", &bad))) {
        o->text = strcmp(v, "text") == 0;
        if (!o->text && strcmp(v, "json") != 0)
            return plm_cli_usage(VERB_NAME, "--format is text or json, not '%s'", v);
    } else if (bad || (argv[*i][0] == '-' && argv[*i][1])) {
        return plm_cli_usage(VERB_NAME, bad ? "'%s' needs a value" : "doesn't know '%s'", argv[*i]);
    } else if (!o->verb) {
        o->verb = argv[*i];
    } else if (o->files_n == sizeof o->files / sizeof *o->files) {
        return plm_cli_usage(VERB_NAME, "more than %u files", o->files_n);
    } else {
        o->files[o->files_n++] = argv[*i];
    }
    return 0;
}

int plm_cli_custody_form(int argc, char **argv) {
    options o = {.today = plm_day_today()};
    plm_fault f = {0};
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--help") == 0) return fputs(usage, stdout), 0;
        int status = take(argc, argv, &i, &o);
        if (status) return status;
    }
    bool check = o.verb && strcmp(o.verb, "check") == 0;
    if (!o.verb || (!check && strcmp(o.verb, "fields") != 0))
        return plm_cli_usage(VERB_NAME, "needs check or fields");
    if (!o.kind) return plm_cli_usage(VERB_NAME, "needs --kind uvl or --kind bis-711");
    if (check ? !o.files_n : o.files_n)
        return plm_cli_usage(VERB_NAME, check ? "needs a FILE" : "fields takes no FILE");
    plm_paper *form = plm_paper_read(plm_cli_rulebooks(), o.kind, &f);
    if (!form) return plm_cli_fault(VERB_NAME, &f);
    int status = check ? run_check(&o, form) : run_fields(&o, form);
    plm_paper_free(form);
    return plm_cli_done(status);
}
