/* caps.c: the verb `caps`: post, transfer, report; forecast is in caps_forecast.c, whatif in
 * caps_whatif.c. */
#include "cli/caps_plan.h"
#include "cli/cli.h"

#include "base/file.h"
#include "custody/caps.h"

#include <stdio.h>
#include <string.h>

static const char usage[] =
    "usage: plimsoll caps post|transfer --store S --ruleset diffusion|h200|none [FILE]\n"
    "       plimsoll caps report --store S --ruleset diffusion|h200|none [--as-of DATE]\n"
    "       plimsoll caps forecast [--store S] [--ruleset R]… FILE   # of planned orders\n"
    "       plimsoll caps whatif [--store S] [--ruleset R] FILE       # the most TPP placeable\n\n"
    "FILE is JSON Lines ('-' or none: standard input):\n"
    "  {\"id\",\"date\",\"kind\":\"reserve\"|\"export\"|\"install\"|\"retire\"|\"release\",\n"
    "   \"country\",\"company\",\n"
    "   \"consignee\",\"license\",\"site\",\"sku\",\"chips\",\"tpp\"}; transfer adds \"to\":{…}\n"
    "Rule sets are files: rulebooks/us/caps/NAME.json (PLIMSOLL_RULEBOOKS names another folder\n"
    "than rulebooks).\n\n"
    "forecast and whatif have their own --help.\n\n"
    "examples:\n"
    "  plimsoll caps post --store w.db --ruleset diffusion postings.jsonl\n"
    "  plimsoll caps report --store w.db --ruleset h200 --as-of 2026-06-30\n\n"
    "Exit: 0 done, 1 something refused, 2 error.\n";

#define LINE_MAX_BYTES (1u << 20)

typedef struct answers {
    plm_buf out;
    bool refused, text;
} answers;

void plm_cli_put_tpp(plm_jw *w, const char *key, plm_tpp v) {
    char text[PLM_TPP_TEXT];
    plm_tpp_print(v, text);
    plm_jw_key(w, key);
    plm_jw_raw(w, plm_str_c(text));
}

void plm_cli_put_cap(plm_jw *w, const plm_caps_answer *x) {
    plm_jw_kcstr(w, "cap", x->cap);
    plm_jw_kcstr(w, "account", x->account);
    plm_cli_put_tpp(w, "limit", x->limit);
    plm_cli_put_tpp(w, "used", x->used);
    plm_cli_put_tpp(w, "reserved", x->reserved);
    plm_cli_put_tpp(w, "asked", x->asked);
    plm_cli_put_tpp(w, "over", x->over);
}

static void put_answer(answers *a, plm_str id, const plm_caps_answer *x) {
    plm_jw w = plm_jw_into(&a->out);
    a->refused = a->refused || !x->posted;
    plm_jw_obj(&w);
    plm_jw_key(&w, "id");
    if (id.n) plm_jw_str(&w, id);
    else plm_jw_null(&w);
    plm_jw_kbool(&w, "posted", x->posted);
    if (x->duplicate) plm_jw_kbool(&w, "duplicate", true);
    if (x->code && strcmp(x->code, "cap") == 0) {
        plm_cli_put_cap(&w, x);
        plm_jw_kcstr(&w, "cite", x->cite);
    } else if (x->code) {
        char say[640];
        snprintf(say, sizeof say, "%s%s%s", x->f.where, x->f.where[0] ? " " : "", x->f.say);
        plm_jw_kcstr(&w, "code", x->code);
        plm_jw_kcstr(&w, "say", say);
    }
    plm_jw_end_obj(&w);
    plm_buf_putc(&a->out, '\n');
}

/* One line; false: the store failed. */
static bool take_line(plm_caps *c, plm_arena *arena, plm_str line, uint64_t number, bool transfer,
                      answers *a, plm_fault *f) {
    plm_caps_posting p = {.id = {"", 0}};
    plm_caps_answer x = {0};
    plm_arena_reset(arena);
    plm_doc *d = plm_doc_parse(line, LINE_MAX_BYTES, &x.f);
    bool ok = true;
    if (!d || !plm_caps_posting_read(plm_doc_root(d), transfer, arena, &p, &x.f)) {
        char place[64];
        snprintf(place, sizeof place, "line %llu", (unsigned long long)number);
        x.code = "malformed";
        if (!x.f.where[0]) snprintf(x.f.where, sizeof x.f.where, "%s", place);
        put_answer(a, p.id, &x);
    } else if ((ok = plm_caps_post(c, &p, &x, f))) {
        put_answer(a, p.id, &x);
    }
    plm_doc_free(d);
    return ok;
}

static bool give_answers(plm_caps *c, answers *a, plm_fault *f) {
    if (!plm_caps_commit(c, f)) return false;
    fwrite(a->out.p ? a->out.p : "", 1, a->out.n, stdout);
    fflush(stdout); /* durable now */
    plm_buf_clear(&a->out);
    return true;
}

/* Postings of a file share commits; those of a pipe, where someone may wait for each answer, have
 * one each. */
static bool post_all(plm_caps *c, plm_lines *l, bool transfer, size_t batch, answers *a,
                     plm_fault *f) {
    plm_arena *arena = plm_arena_new(64u << 20);
    size_t n = 0;
    int r = 0;
    bool ok = arena != NULL, open = false;
    while (ok && (r = plm_lines_next(l, f)) == 1) {
        plm_str line = plm_str_trim(plm_buf_str(&l->line));
        if (!line.n) continue;
        if (!open && !(ok = open = plm_caps_begin(c, f))) break;
        ok = take_line(c, arena, line, l->number, transfer, a, f);
        if (ok && ++n % batch == 0) {
            ok = give_answers(c, a, f);
            open = false;
        }
    }
    if (r < 0) ok = false;
    if (ok && open) {
        ok = give_answers(c, a, f);
        open = false;
    }
    if (open) plm_caps_rollback(c);
    plm_arena_free(arena);
    return ok;
}

static int post(plm_caps *c, const char *file, bool transfer) {
    answers a = {0};
    plm_lines l;
    plm_fault f = {0};
    bool pipe = strcmp(file, "-") == 0;
    if (!plm_lines_open(&l, file, LINE_MAX_BYTES, &f)) return plm_cli_fault("caps", &f);
    plm_buf_init(&a.out, 256u << 20);
    bool ok = post_all(c, &l, transfer, pipe ? 1 : PLM_CAPS_BATCH, &a, &f);
    plm_buf_free(&a.out);
    plm_lines_close(&l);
    if (!ok && !f.where[0]) snprintf(f.where, sizeof f.where, "%s", file);
    return ok ? a.refused : plm_cli_fault("caps", &f);
}

static bool print_line(void *ctx, const plm_caps_line *x) {
    plm_buf b;
    bool text = *(bool *)ctx;
    plm_buf_init(&b, 64u << 10);
    plm_jw w = plm_jw_into(&b);
    plm_jw_obj(&w);
    plm_jw_kstr(&w, "account", x->account);
    plm_jw_kstr(&w, "cap", x->cap);
    if (x->limited) plm_cli_put_tpp(&w, "limit", x->limit);
    else plm_jw_key(&w, "limit"), plm_jw_null(&w);
    plm_cli_put_tpp(&w, "used", x->used);
    plm_cli_put_tpp(&w, "reserved", x->reserved);
    if (x->limited) plm_cli_put_tpp(&w, "free", x->free);
    else plm_jw_key(&w, "free"), plm_jw_null(&w);
    plm_jw_end_obj(&w);
    if (text) {
        char used[PLM_TPP_TEXT], held[PLM_TPP_TEXT], limit[PLM_TPP_TEXT] = "-";
        plm_tpp_print(x->used, used);
        plm_tpp_print(x->reserved, held);
        if (x->limited) plm_tpp_print(x->limit, limit);
        printf("%-40.*s %-16.*s %s used, %s reserved, of %s\n", PLM_FMT(x->account),
               PLM_FMT(x->cap), used,
               held, limit);
    } else {
        printf("%.*s\n", (int)b.n, b.p);
    }
    plm_buf_free(&b);
    return true;
}

typedef struct options {
    const char *store, *ruleset, *as_of, *format, *file;
} options;

static int run(const char *sub, const options *o, plm_day as_of) {
    plm_fault f = {0};
    int status = PLM_EXIT_ERROR;
    bool text = o->format && strcmp(o->format, "text") == 0;
    plm_caps_rules *r = plm_caps_rules_read(NULL, o->ruleset, &f);
    plm_store *s = r ? plm_store_open(o->store, &f) : NULL;
    plm_caps *c = s ? plm_caps_open(s, r, &f) : NULL;
    if (!c) plm_cli_fault("caps", &f);
    else if (strcmp(sub, "report") == 0)
        status = plm_caps_report(c, as_of, print_line, &text, &f) ? 0 : plm_cli_fault("caps", &f);
    else status = post(c, o->file ? o->file : "-", strcmp(sub, "transfer") == 0);
    plm_caps_close(c);
    plm_store_close(s);
    plm_caps_rules_free(r);
    return status;
}

int plm_cli_caps(int argc, char **argv) {
    options o = {0};
    plm_day as_of = PLM_DAY_MAX;
    const char *v, *word = argc < 2 ? "" : argv[1];
    if (strcmp(word, "whatif") == 0) return plm_cli_caps_whatif(argc - 1, argv + 1);
    if (strcmp(word, "forecast") == 0) return plm_cli_caps_forecast(argc - 1, argv + 1);
    for (int i = 1; i < argc; i++)
        if (strcmp(argv[i], "--help") == 0) return fputs(usage, stdout), 0;
    if (strcmp(word, "post") != 0 && strcmp(word, "transfer") != 0 && strcmp(word, "report") != 0)
        return plm_cli_usage("caps", "needs post, transfer, report, forecast or whatif");
    for (int i = 2; i < argc; i++) {
        bool bad = false;
        if ((v = plm_cli_value(argc, argv, &i, "--store", &bad))) o.store = v;
        else if (!bad && (v = plm_cli_value(argc, argv, &i, "--ruleset", &bad))) o.ruleset = v;
        else if (!bad && (v = plm_cli_value(argc, argv, &i, "--as-of", &bad))) o.as_of = v;
        else if (!bad && (v = plm_cli_value(argc, argv, &i, "--format", &bad))) o.format = v;
        else if (bad || (argv[i][0] == '-' && argv[i][1]) || o.file)
            return plm_cli_usage("caps", "'%s' is not understood here", argv[i]);
        else o.file = argv[i];
    }
    if (!o.store || !o.ruleset) return plm_cli_usage("caps", "needs --store S and --ruleset R");
    if (o.as_of && !plm_day_parse(plm_str_c(o.as_of), &as_of))
        return plm_cli_usage("caps", "--as-of '%s' is no date YYYY-MM-DD", o.as_of);
    return run(argv[1], &o, as_of);
}
