/* caps_whatif.c: `caps whatif`: the most TPP that can be placed under power, stock and caps, and
 * what holds it back.  Nothing is posted. */
#include "cli/caps_plan.h"
#include "cli/cli.h"

#include "base/file.h"
#include "custody/whatif.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char usage[] =
    "usage: plimsoll caps whatif [--store S] [--ruleset R] [--format text|json] FILE\n\n"
    "FILE ('-': standard input) is a JSON object:\n"
    "  {\"date\": DAY,\n"
    "   \"sites\": [{\"id\",\"country\",\"company\",\"consignee\",\"license\",\"power_mw\",\"pue\","
    "\"max_chips\"}],\n"
    "   \"chips\": [{\"sku\",\"tpp\",\"watts\",\"stock\"}],\n"
    "   \"caps\": [{\"id\",\"sites\",\"countries\",\"companies\",\"consignees\",\"licenses\","
    "\"skus\",\n"
    "             \"max_tpp\",\"max_chips\"}]}\n"
    "tpp and watts are of one chip (watts with its part of the server); power_mw is what is free\n"
    "at the site, cooling included (it is divided by pue); a cap is on what all its lists hold.\n"
    "Upon the history of the store (without --store: none) under the caps of the rule set\n"
    "(without --ruleset: none) and of the file, it prints a plan of whole chips that passes no\n"
    "cap by 1 TPP, a bound that no plan can pass, and the constraints that bind, with the TPP\n"
    "that one unit more of each would add.  Nothing is posted.\n\n"
    "examples:\n"
    "  plimsoll caps whatif examples/whatif.json\n"
    "  plimsoll caps whatif --ruleset diffusion --format json examples/whatif.json\n\n"
    "Exit: 0 a plan, 1 nothing can be placed, 2 error.\n";

#define FILE_BYTES_MAX (64u << 20)
#define ARENA_MAX ((size_t)2 << 30)
#define MW_UNITS 1000000000000000ll /* 10^-15 MW */

/* v units of 1/per as a decimal, exactly, without zeros at its end. */
static void print_part(plm_tpp v, int64_t per, char out[2 * PLM_TPP_TEXT]) {
    char whole[PLM_TPP_TEXT], part[24] = "";
    bool minus = v < 0;
    int digits = 0;
    if (minus) v = -v;
    plm_tpp_print(v / per, whole);
    int64_t rest = (int64_t)(v % per);
    for (int64_t p = per / 10; rest > 0; p /= 10) {
        part[digits++] = (char)('0' + rest / p);
        rest %= p;
    }
    snprintf(out, 2 * PLM_TPP_TEXT, "%s%s%s%s", minus ? "-" : "", whole, digits ? "." : "", part);
}

static int64_t per_of(const plm_wi_row *r) {
    return r->unit == PLM_WI_MW ? MW_UNITS : r->unit == PLM_WI_SHARE ? 100 : 1;
}

/* Of a share, what counts is the part less so many percent of the base. */
static const char *unit_of(const plm_wi_row *r) {
    return r->unit == PLM_WI_MW      ? "MW"
           : r->unit == PLM_WI_CHIPS ? "chips"
           : r->unit == PLM_WI_SHARE ? "TPP beyond the share"
                                     : "TPP";
}

static const char *unit_name(const plm_wi_row *r) {
    return r->unit == PLM_WI_SHARE ? "TPP" : unit_of(r);
}

/* TPP more for a unit more, as the linear program has it. */
static double price_of(const plm_wi_row *r) { return r->price * (double)per_of(r); }

/* A constraint binds when the linear program gains by more of it. */
static bool binds(const plm_wi_row *r) { return r->price * (double)(r->room + 1) > 1e-6; }

static void put_number(plm_jw *w, const char *key, const char *text) {
    plm_jw_key(w, key);
    plm_jw_raw(w, plm_str_c(text));
}

static void put_row(plm_jw *w, const plm_wi_row *r) {
    char text[2 * PLM_TPP_TEXT];
    int64_t per = per_of(r);
    plm_jw_obj(w);
    plm_jw_kstr(w, "constraint", r->name);
    plm_jw_kcstr(w, "unit", unit_of(r));
    print_part(r->room, per, text);
    put_number(w, "limit", text);
    print_part(r->used, per, text);
    put_number(w, "used", text);
    print_part(r->room - r->used, per, text);
    put_number(w, "slack", text);
    snprintf(text, sizeof text, "%.10g", price_of(r));
    put_number(w, "shadow_price", text);
    plm_jw_kbool(w, "binding", binds(r));
    if (r->cite.n) plm_jw_kstr(w, "cite", r->cite);
    plm_jw_end_obj(w);
}

static void put_place(plm_jw *w, const plm_wi_problem *p, uint32_t j, int64_t n) {
    const plm_wi_place *s = &p->site[j / p->chips];
    const plm_wi_chip *c = &p->chip[j % p->chips];
    char country[3], text[2 * PLM_TPP_TEXT];
    plm_country_print(s->at.country, country);
    plm_jw_obj(w);
    plm_jw_kstr(w, "site", s->id);
    plm_jw_kcstr(w, "country", country);
    plm_jw_kstr(w, "company", s->at.company);
    plm_jw_kstr(w, "consignee", s->at.consignee);
    plm_jw_kstr(w, "license", s->at.license);
    plm_jw_kstr(w, "sku", c->sku);
    plm_jw_kint(w, "chips", n);
    plm_cli_put_tpp(w, "tpp", (plm_tpp)n * c->tpp);
    print_part((plm_tpp)n * c->milliwatts * s->pue_millionths, MW_UNITS, text);
    put_number(w, "mw", text);
    plm_jw_end_obj(w);
}

/* The row whose price times room is the largest share of the bound comes first. */
static int by_weight(const void *a, const void *b) {
    const plm_wi_row *x = *(const plm_wi_row *const *)a, *y = *(const plm_wi_row *const *)b;
    double u = x->price * (double)x->room, v = y->price * (double)y->room;
    if (u > v || u < v) return u > v ? -1 : 1;
    return plm_str_cmp(x->name, y->name);
}

typedef struct answer {
    const plm_wi_problem *p;
    const plm_wi_rows *rows;
    const plm_wi_plan *plan;
    const plm_wi_row **binding;
    size_t bindings;
    const char *set;
} answer;

static void print_json(const answer *x) {
    plm_buf b;
    char day[11];
    plm_buf_init(&b, 256u << 20);
    plm_jw w = plm_jw_into(&b);
    plm_day_print(x->p->day, day);
    plm_jw_obj(&w);
    plm_jw_kcstr(&w, "ruleset", x->set);
    plm_jw_kcstr(&w, "date", day);
    plm_cli_put_tpp(&w, "tpp", x->plan->tpp);
    plm_cli_put_tpp(&w, "chips", x->plan->chips);
    plm_cli_put_tpp(&w, "bound_tpp", x->plan->bound);
    plm_cli_put_tpp(&w, "gap_tpp", x->plan->bound - x->plan->tpp);
    plm_jw_kbool(&w, "proved", x->plan->proved);
    plm_jw_kbool(&w, "searched", x->plan->searched);
    plm_jw_kbool(&w, "in_turn", x->plan->in_turn);
    plm_jw_key(&w, "plan");
    plm_jw_arr(&w);
    for (size_t k = 0; k < x->p->sites * x->p->chips; k++) {
        uint32_t j = x->plan->turn[k];
        if (x->plan->count[j]) put_place(&w, x->p, j, x->plan->count[j]);
    }
    plm_jw_end_arr(&w);
    plm_jw_key(&w, "binding");
    plm_jw_arr(&w);
    for (size_t i = 0; i < x->bindings; i++) plm_jw_str(&w, x->binding[i]->name);
    plm_jw_end_arr(&w);
    plm_jw_key(&w, "constraints");
    plm_jw_arr(&w);
    for (size_t i = 0; i < x->rows->n; i++) put_row(&w, &x->rows->v[i]);
    plm_jw_end_arr(&w);
    plm_jw_end_obj(&w);
    printf("%.*s\n", (int)b.n, b.p);
    plm_buf_free(&b);
}

static void print_text(const answer *x) {
    char tpp[PLM_TPP_TEXT], chips[PLM_TPP_TEXT], bound[PLM_TPP_TEXT], text[2 * PLM_TPP_TEXT];
    char left[2 * PLM_TPP_TEXT];
    plm_tpp_print(x->plan->tpp, tpp);
    plm_tpp_print(x->plan->chips, chips);
    plm_tpp_print(x->plan->bound, bound);
    printf("%s TPP in %s chips can be placed under %s; no plan holds more than %s TPP%s\n", tpp,
           chips, x->set, bound, x->plan->proved ? ", so none is better" : "");
    for (size_t k = 0; k < x->p->sites * x->p->chips; k++) {
        uint32_t j = x->plan->turn[k];
        int64_t n = x->plan->count[j];
        if (!n) continue;
        const plm_wi_chip *c = &x->p->chip[j % x->p->chips];
        plm_tpp_print((plm_tpp)n * c->tpp, tpp);
        printf("  %.*s: %lld %.*s, %s TPP\n", PLM_FMT(x->p->site[j / x->p->chips].id),
               (long long)n, PLM_FMT(c->sku), tpp);
    }
    if (!x->bindings) printf("nothing binds\n");
    for (size_t i = 0; i < x->bindings; i++) {
        const plm_wi_row *r = x->binding[i];
        print_part(r->room, per_of(r), text);
        print_part(r->room - r->used, per_of(r), left);
        printf("binding: %.*s, %s %s left", PLM_FMT(r->name), left, unit_name(r));
        if (r->unit != PLM_WI_SHARE) printf(" of %s", text);
        printf("; one more would add %.6g TPP%s%.*s%s\n", price_of(r), r->cite.n ? " [" : "",
               PLM_FMT(r->cite), r->cite.n ? "]" : "");
    }
    if (!x->plan->in_turn)
        printf("shares hold when all of it is placed; posted one line after the other some would"
               " wait for the rest\n");
}

static bool find_binding(answer *x, plm_arena *a) {
    x->binding = plm_arena_array(a, x->rows->n + 1, sizeof *x->binding);
    if (!x->binding) return false;
    for (size_t i = 0; i < x->rows->n; i++)
        if (binds(&x->rows->v[i])) x->binding[x->bindings++] = &x->rows->v[i];
    if (x->bindings) qsort(x->binding, x->bindings, sizeof *x->binding, by_weight);
    return true;
}

typedef struct options {
    const char *store, *ruleset, *format, *file;
} options;

static bool solve(const options *o, plm_caps *c, const plm_wi_problem *p, plm_arena *a,
                  int *status, plm_fault *f) {
    plm_wi_rows rows = {.a = a};
    plm_wi_plan plan;
    answer x = {.p = p, .rows = &rows, .plan = &plan, .set = o->ruleset};
    if (!plm_caps_look(c, f) || !plm_whatif_rows(p, c, &rows, f) ||
        !plm_whatif_solve(p, &rows, &plan, f))
        return false;
    if (!find_binding(&x, a)) return plm_fail(f, PLM_NO_MEMORY, "out of memory");
    if (o->format && strcmp(o->format, "json") == 0) print_json(&x);
    else print_text(&x);
    *status = plan.tpp == 0;
    return true;
}

static int run(const options *o) {
    plm_fault f = {0};
    plm_buf text;
    plm_wi_problem p;
    int status = 0;
    plm_arena *a = plm_arena_new(ARENA_MAX);
    plm_doc *d = NULL;
    plm_buf_init(&text, FILE_BYTES_MAX);
    bool ok = a && plm_file_read(o->file, &text, &f) &&
              (d = plm_doc_parse(plm_buf_str(&text), FILE_BYTES_MAX, &f)) != NULL;
    ok = ok && plm_whatif_read(plm_doc_root(d), a, &p, &f);
    if (!ok && f.where[0] && strcmp(f.where, o->file) != 0) { /* name the file too */
        char where[sizeof f.where];
        snprintf(where, sizeof where, "%.80s: %.100s", o->file, f.where);
        memcpy(f.where, where, sizeof where);
    } else if (!ok) {
        snprintf(f.where, sizeof f.where, "%.190s", o->file);
    }
    plm_caps_rules *r = ok ? plm_caps_rules_read(NULL, o->ruleset, &f) : NULL;
    plm_store *s = r ? plm_cli_caps_history(o->store, &f) : NULL;
    plm_caps *c = s ? plm_caps_open(s, r, &f) : NULL;
    ok = c && solve(o, c, &p, a, &status, &f);
    if (!ok && !f.where[0]) snprintf(f.where, sizeof f.where, "%.190s", o->file);
    plm_caps_close(c);
    plm_store_close(s);
    plm_caps_rules_free(r);
    plm_doc_free(d);
    plm_buf_free(&text);
    plm_arena_free(a);
    return ok ? status : plm_cli_fault("caps", &f);
}

int plm_cli_caps_whatif(int argc, char **argv) {
    options o = {.ruleset = "none"};
    const char *v;
    for (int i = 1; i < argc; i++) {
        bool bad = false;
        if (strcmp(argv[i], "--help") == 0) return fputs(usage, stdout), 0;
        if ((v = plm_cli_value(argc, argv, &i, "--store", &bad))) o.store = v;
        else if (!bad && (v = plm_cli_value(argc, argv, &i, "--format", &bad))) o.format = v;
        else if (!bad && (v = plm_cli_value(argc, argv, &i, "--ruleset", &bad))) o.ruleset = v;
        else if (bad || (argv[i][0] == '-' && argv[i][1]) || o.file)
            return plm_cli_usage("caps", "'%s' is not understood here", argv[i]);
        else o.file = argv[i];
    }
    if (!o.file) return plm_cli_usage("caps", "whatif needs a file of sites and chips");
    if (o.format && strcmp(o.format, "text") != 0 && strcmp(o.format, "json") != 0)
        return plm_cli_usage("caps", "--format is text or json, not '%s'", o.format);
    return run(&o);
}
