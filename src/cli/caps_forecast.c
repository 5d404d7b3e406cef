/* caps_forecast.c: `caps forecast`: which of the planned orders would pass which cap, when and by
 * how much, under each rule set.  Nothing is posted. */
#include "cli/caps_plan.h"
#include "cli/cli.h"

#include "base/file.h"
#include "custody/caps.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char usage[] =
    "usage: plimsoll caps forecast [--store S] [--ruleset R]… [--keep] [--format text|json]"
    " FILE\n\n"
    "FILE is JSON Lines of planned orders, as 'caps post' takes them; one with \"to\" is a\n"
    "transfer ('-': standard input).  They are tried in the order of their dates (then of the\n"
    "file) upon the history of the store (without --store: upon none) under each rule set (all,\n"
    "when none is named).  Nothing is posted.\n"
    "A line each order and account whose cap it would pass; \"first\" marks the first order that\n"
    "passes that cap of that account.  A line with \"orders\" sums up each rule set.\n"
    "  --keep   an order that passes a cap counts on for those after it; else it is left out, as\n"
    "           posting leaves it out\n\n"
    "examples:\n"
    "  plimsoll caps forecast --ruleset diffusion examples/planned_orders.jsonl\n"
    "  plimsoll caps forecast --store w.db --format json orders.jsonl\n\n"
    "Exit: 0 every order fits under every rule set, 1 some do not, 2 error.\n";

#define LINE_MAX_BYTES (1u << 20)
#define ORDERS_MAX 1000000u
#define SETS_MAX 16
#define PASSES_MAX 64 /* accounts that one order passes */
#define PLAN_BYTES_MAX ((size_t)4 << 30)

typedef struct order {
    plm_caps_posting p;
    uint64_t line;
} order;

typedef struct plan {
    order *v;
    size_t n, cap;
    plm_arena *a;
    const char *file;
} plan;

typedef struct pass { /* the first of its cap and account */
    const char *cap;
    char *account;
} pass;

typedef struct forecast {
    const char *set;
    bool text, keep;
    pass *first;
    size_t firsts, firsts_cap;
    size_t fit, passed, refused, already;
    const order *first_order;
} forecast;

static int by_date(const void *a, const void *b) {
    const order *x = a, *y = b;
    if (x->p.day != y->p.day) return x->p.day < y->p.day ? -1 : 1;
    return x->line < y->line ? -1 : x->line > y->line;
}

static int by_id(const void *a, const void *b) {
    const order *x = *(const order *const *)a, *y = *(const order *const *)b;
    int c = plm_str_cmp(x->p.id, y->p.id);
    return c ? c : x->line < y->line ? -1 : x->line > y->line;
}

static bool take_order(plan *pl, plm_str line, uint64_t number, plm_fault *f) {
    plm_doc *d = plm_doc_parse(line, LINE_MAX_BYTES, f);
    if (!d) return false;
    if (pl->n == ORDERS_MAX)
        return plm_doc_free(d), plm_fail(f, PLM_OUT_OF_RANGE, "at most %u orders", ORDERS_MAX);
    if (pl->n == pl->cap) {
        size_t more = pl->cap ? 2 * pl->cap : 256;
        void *v = plm_mem_resize(pl->v, more * sizeof *pl->v);
        if (!v) return plm_doc_free(d), plm_fail(f, PLM_NO_MEMORY, "out of memory");
        pl->v = v;
        pl->cap = more;
    }
    const plm_json *to = plm_json_get(plm_doc_root(d), "to");
    order *o = &pl->v[pl->n];
    o->line = number;
    bool ok = plm_caps_posting_read(plm_doc_root(d), to && !plm_json_is_null(to), pl->a, &o->p, f);
    pl->n += ok;
    plm_doc_free(d);
    return ok;
}

static bool ids_differ(const plan *pl, plm_fault *f) {
    const order **v = plm_mem_resize(NULL, (pl->n + 1) * sizeof *v);
    bool ok = v || plm_fail(f, PLM_NO_MEMORY, "out of memory");
    for (size_t i = 0; ok && i < pl->n; i++) v[i] = &pl->v[i];
    if (ok && pl->n) qsort(v, pl->n, sizeof *v, by_id);
    for (size_t i = 1; ok && i < pl->n; i++)
        if (plm_str_eq(v[i - 1]->p.id, v[i]->p.id))
            ok = plm_fail_at(f, PLM_CONFLICT, pl->file, (uint32_t)v[i]->line, 0,
                             "id '%.*s' is that of line %llu: give each order its own",
                             PLM_FMT(v[i]->p.id), (unsigned long long)v[i - 1]->line);
    plm_mem_free(v);
    return ok;
}

static bool read_plan(plan *pl, plm_fault *f) {
    plm_lines l;
    int r;
    if (!plm_lines_open(&l, pl->file, LINE_MAX_BYTES, f)) return false;
    while ((r = plm_lines_next(&l, f)) == 1) {
        plm_fault bad = {0};
        plm_str line = plm_str_trim(plm_buf_str(&l.line));
        if (!line.n || take_order(pl, line, l.number, &bad)) continue;
        plm_fail_at(f, bad.code, pl->file, (uint32_t)l.number, 0, "%s%s%s", bad.where,
                    bad.where[0] ? " " : "", bad.say);
        r = -1;
        break;
    }
    plm_lines_close(&l);
    if (r < 0 || !ids_differ(pl, f)) return false;
    if (pl->n) qsort(pl->v, pl->n, sizeof *pl->v, by_date);
    return true;
}

/* True when no order passed this cap of this account before; -1 without memory. */
static int is_first(forecast *fc, const plm_caps_answer *x) {
    for (size_t i = 0; i < fc->firsts; i++)
        if (strcmp(fc->first[i].cap, x->cap) == 0 && strcmp(fc->first[i].account, x->account) == 0)
            return 0;
    if (fc->firsts == fc->firsts_cap) {
        size_t more = fc->firsts_cap ? 2 * fc->firsts_cap : 32;
        void *v = plm_mem_resize(fc->first, more * sizeof *fc->first);
        if (!v) return -1;
        fc->first = v;
        fc->firsts_cap = more;
    }
    size_t n = strlen(x->account) + 1;
    char *name = plm_mem_resize(NULL, n);
    if (!name) return -1;
    memcpy(name, x->account, n);
    fc->first[fc->firsts++] = (pass){x->cap, name};
    return 1;
}

static void say_text(const forecast *fc, const order *o, const plm_caps_answer *x, bool first) {
    char day[11], over[PLM_TPP_TEXT], held[PLM_TPP_TEXT], limit[PLM_TPP_TEXT];
    plm_day_print(o->p.day, day);
    printf("%s: order %.*s (line %llu) on %s ", fc->set, PLM_FMT(o->p.id),
           (unsigned long long)o->line, day);
    if (strcmp(x->code, "cap") != 0) {
        printf("can't be posted: %s\n", x->f.say);
        return;
    }
    plm_tpp_print(x->over, over);
    plm_tpp_print(x->limit + x->over, held);
    plm_tpp_print(x->limit, limit);
    printf("would pass %s in %s by %s TPP (%s of %s; %s)%s\n", x->cap, x->account, over, held,
           limit, x->cite, first ? ", the first to do so" : "");
}

static void say_json(const forecast *fc, const order *o, const plm_caps_answer *x, bool first,
                     plm_buf *b) {
    char day[11], country[3];
    plm_jw w = plm_jw_into(b);
    const plm_caps_holder *h = o->p.transfer ? &o->p.to : &o->p.at;
    plm_day_print(o->p.day, day);
    plm_country_print(h->country, country);
    plm_jw_obj(&w);
    plm_jw_kcstr(&w, "ruleset", fc->set);
    plm_jw_kstr(&w, "order", o->p.id);
    plm_jw_kint(&w, "line", (int64_t)o->line);
    plm_jw_kcstr(&w, "date", day);
    plm_jw_kcstr(&w, "country", country);
    plm_jw_kstr(&w, "company", h->company);
    plm_jw_kcstr(&w, "code", x->code);
    if (strcmp(x->code, "cap") == 0) {
        plm_cli_put_cap(&w, x);
        plm_jw_kbool(&w, "first", first);
        plm_jw_kcstr(&w, "cite", x->cite);
    } else {
        plm_jw_kcstr(&w, "say", x->f.say);
    }
    plm_jw_end_obj(&w);
    printf("%.*s\n", (int)b->n, b->p);
}

static bool try_order(plm_caps *c, forecast *fc, const order *o, plm_buf *b, plm_fault *f) {
    static plm_caps_answer out[PASSES_MAX];
    size_t n;
    if (!plm_caps_try(c, &o->p, fc->keep, out, PASSES_MAX, &n, f)) return false;
    if (out[0].posted) {
        if (out[0].duplicate) fc->already++;
        else fc->fit++;
        return true;
    }
    bool cap = strcmp(out[0].code, "cap") == 0;
    if (cap) fc->passed++;
    else fc->refused++;
    if (cap && !fc->first_order) fc->first_order = o;
    for (size_t i = 0; i < n; i++) {
        int first = cap ? is_first(fc, &out[i]) : 0;
        if (first < 0) return plm_fail(f, PLM_NO_MEMORY, "out of memory");
        plm_buf_clear(b);
        if (fc->text) say_text(fc, o, &out[i], first > 0);
        else say_json(fc, o, &out[i], first > 0, b);
    }
    return true;
}

static void sum_up(const forecast *fc, size_t orders, plm_buf *b) {
    char day[11] = "";
    const order *o = fc->first_order;
    if (o) plm_day_print(o->p.day, day);
    plm_jw w = plm_jw_into(b);
    plm_buf_clear(b);
    if (fc->text) {
        printf("%s: %zu orders, %zu fit, %zu pass a cap, %zu can't be posted, %zu are posted"
               " already", fc->set, orders, fc->fit, fc->passed, fc->refused, fc->already);
        if (o) printf("; the first to pass is %.*s on %s", PLM_FMT(o->p.id), day);
        putchar('\n');
        return;
    }
    plm_jw_obj(&w);
    plm_jw_kcstr(&w, "ruleset", fc->set);
    plm_jw_kint(&w, "orders", (int64_t)orders);
    plm_jw_kint(&w, "fit", (int64_t)fc->fit);
    plm_jw_kint(&w, "passed", (int64_t)fc->passed);
    plm_jw_kint(&w, "refused", (int64_t)fc->refused);
    plm_jw_kint(&w, "already", (int64_t)fc->already);
    plm_jw_key(&w, "first_order");
    if (o) plm_jw_str(&w, o->p.id);
    else plm_jw_null(&w);
    plm_jw_kcstr(&w, "first_date", o ? day : NULL);
    plm_jw_end_obj(&w);
    printf("%.*s\n", (int)b->n, b->p);
}

plm_store *plm_cli_caps_history(const char *where, plm_fault *f) {
    if (where && !strstr(where, "://") && access(where, F_OK) != 0) {
        plm_fail_at(f, PLM_IO, where, 0, 0, "there is no such store");
        return NULL;
    }
    return plm_store_open(where ? where : ":memory:", f);
}

/* 0 all fit, 1 some do not, -1 a fault. */
static int under_set(const plan *pl, const char *store, forecast *fc, plm_fault *f) {
    plm_buf b;
    plm_caps_rules *r = plm_caps_rules_read(NULL, fc->set, f);
    plm_store *s = r ? plm_cli_caps_history(store, f) : NULL;
    plm_caps *c = s ? plm_caps_open(s, r, f) : NULL;
    bool ok = c && plm_caps_look(c, f);
    plm_buf_init(&b, 64u << 10);
    for (size_t i = 0; ok && i < pl->n; i++) ok = try_order(c, fc, &pl->v[i], &b, f);
    if (ok) sum_up(fc, pl->n, &b);
    plm_buf_free(&b);
    for (size_t i = 0; i < fc->firsts; i++) plm_mem_free(fc->first[i].account);
    plm_mem_free(fc->first);
    plm_caps_close(c);
    plm_store_close(s);
    plm_caps_rules_free(r);
    return !ok ? -1 : fc->passed || fc->refused;
}

typedef struct options {
    const char *store, *format, *file;
    char set[SETS_MAX][PLM_CAPS_NAME_MAX];
    size_t sets;
    bool keep;
} options;

static int run(options *o) {
    plm_fault f = {0};
    plan pl = {.file = o->file, .a = plm_arena_new(PLAN_BYTES_MAX)};
    int status = 0;
    if (!o->sets) o->sets = plm_caps_rules_names(NULL, o->set, SETS_MAX);
    bool ok = pl.a && read_plan(&pl, &f);
    for (size_t i = 0; ok && i < o->sets; i++) {
        forecast fc = {.set = o->set[i], .keep = o->keep,
                       .text = !o->format || strcmp(o->format, "text") == 0};
        int r = under_set(&pl, o->store, &fc, &f);
        ok = r >= 0;
        status = r > 0 ? 1 : status;
    }
    plm_mem_free(pl.v);
    plm_arena_free(pl.a);
    return ok ? status : plm_cli_fault("caps", &f);
}

int plm_cli_caps_forecast(int argc, char **argv) {
    static options o;
    const char *v;
    for (int i = 1; i < argc; i++) {
        bool bad = false;
        if (strcmp(argv[i], "--help") == 0) return fputs(usage, stdout), 0;
        if (strcmp(argv[i], "--keep") == 0) o.keep = true;
        else if ((v = plm_cli_value(argc, argv, &i, "--store", &bad))) o.store = v;
        else if (!bad && (v = plm_cli_value(argc, argv, &i, "--format", &bad))) o.format = v;
        else if (!bad && (v = plm_cli_value(argc, argv, &i, "--ruleset", &bad))) {
            if (o.sets == SETS_MAX || strlen(v) >= PLM_CAPS_NAME_MAX)
                return plm_cli_usage("caps", "'%s' is one rule set too many, or no name", v);
            snprintf(o.set[o.sets++], PLM_CAPS_NAME_MAX, "%s", v);
        } else if (bad || (argv[i][0] == '-' && argv[i][1]) || o.file)
            return plm_cli_usage("caps", "'%s' is not understood here", argv[i]);
        else o.file = argv[i];
    }
    if (!o.file) return plm_cli_usage("caps", "forecast needs a file of planned orders");
    if (o.format && strcmp(o.format, "text") != 0 && strcmp(o.format, "json") != 0)
        return plm_cli_usage("caps", "--format is text or json, not '%s'", o.format);
    return run(&o);
}
