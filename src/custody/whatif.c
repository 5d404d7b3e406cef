/* whatif.c: the linear program by GLPK (in doubles), what it proves in whole numbers, and a plan
 * of whole chips.
 * Invariants: 1 a plan keeps every row exactly: GLPK's answer is a suggestion, rounded down and
 * mended until whole numbers of 128 bits say so; 2 the bound holds whatever GLPK answered: any
 * prices y >= 0 prove sum(y room) + sum(upper max(0, tpp - y a)) >= every plan, and it is summed
 * with every rounding upward; 3 a sum that does not fit 128 bits is a fault, never a number.
 * Held by tests/cases/test_caps_whatif. */
#include "custody/whatif.h"

#include <glpk.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define NODES_MAX 2000    /* of the search, for a plan of few variables */
#define NODES_MIN 10
#define WORK_MAX 200000   /* nodes times variables */
#define PASSES_MAX 10000

typedef struct work {
    const plm_wi_problem *p;
    plm_wi_rows *r;
    size_t vars;
    int64_t *upper;          /* of each variable */
    uint32_t *start, *entry; /* the terms of each variable: entry[start[j] .. start[j+1]) */
    uint32_t *row_of;        /* of each term */
    plm_tpp *gcd;            /* of each row's coefficients; 0: it has none */
    double *scale;
    plm_fault *f;
} work;

static plm_tpp gcd_of(plm_tpp a, plm_tpp b) {
    if (a < 0) a = -a;
    if (b < 0) b = -b;
    while (b) {
        plm_tpp t = a % b;
        a = b;
        b = t;
    }
    return a;
}

static int64_t tpp_of(const work *w, size_t j) { return w->p->chip[j % w->p->chips].tpp; }

/* a / b toward minus infinity, b > 0. */
static plm_tpp floor_div(plm_tpp a, plm_tpp b) {
    plm_tpp q = a / b;
    return a % b < 0 ? q - 1 : q;
}

static bool index_terms(work *w) {
    plm_wi_rows *r = w->r;
    w->start = plm_arena_array(r->a, w->vars + 2, sizeof *w->start);
    w->entry = plm_arena_array(r->a, r->terms + 1, sizeof *w->entry);
    w->row_of = plm_arena_array(r->a, r->terms + 1, sizeof *w->row_of);
    w->gcd = plm_arena_array(r->a, r->n + 1, sizeof *w->gcd);
    w->scale = plm_arena_array(r->a, r->n + 1, sizeof *w->scale);
    w->upper = plm_arena_array(r->a, w->vars + 1, sizeof *w->upper);
    if (!w->start || !w->entry || !w->row_of || !w->gcd || !w->scale || !w->upper)
        return plm_fail(w->f, PLM_NO_MEMORY, "out of memory");
    for (size_t i = 0; i < r->n; i++) {
        double most = 0;
        for (uint32_t t = r->v[i].first; t < r->v[i].first + r->v[i].n; t++) {
            w->row_of[t] = (uint32_t)i;
            w->gcd[i] = gcd_of(w->gcd[i], r->term[t].coef);
            most = fmax(most, fabs((double)r->term[t].coef));
            w->start[r->term[t].var + 2]++;
        }
        w->scale[i] = most > 0 ? most : 1;
    }
    for (size_t j = 0; j < w->vars; j++) w->start[j + 2] += w->start[j + 1];
    for (uint32_t t = 0; t < r->terms; t++) w->entry[w->start[r->term[t].var + 1]++] = t;
    return true;
}

/* The most of each variable alone: rows that only take from a room bound it. */
static bool find_upper(work *w) {
    plm_wi_rows *r = w->r;
    for (size_t j = 0; j < w->vars; j++) w->upper[j] = -1;
    for (size_t i = 0; i < r->n; i++) {
        bool gives = false;
        for (uint32_t t = r->v[i].first; t < r->v[i].first + r->v[i].n; t++)
            gives = gives || r->term[t].coef < 0;
        for (uint32_t t = r->v[i].first; !gives && t < r->v[i].first + r->v[i].n; t++) {
            plm_tpp most = r->v[i].room / r->term[t].coef;
            int64_t *u = &w->upper[r->term[t].var];
            if (*u < 0 || most < *u)
                *u = most > PLM_WHATIF_COUNT_MAX ? PLM_WHATIF_COUNT_MAX : (int64_t)most;
        }
    }
    for (size_t j = 0; j < w->vars; j++)
        if (w->upper[j] < 0)
            return plm_fail(w->f, PLM_BAD_INPUT, "nothing limits %.*s at %.*s: give the site power"
                            " or the chip a stock", PLM_FMT(w->p->chip[j % w->p->chips].sku),
                            PLM_FMT(w->p->site[j / w->p->chips].id));
    return true;
}

/* ---- the linear program */

/* Rows of whole numbers may be divided by the common factor and their room rounded down. */
static plm_tpp whole_room(const work *w, size_t i) {
    return w->gcd[i] ? w->r->v[i].room / w->gcd[i] : 0;
}

static glp_prob *build(const work *w) {
    plm_wi_rows *r = w->r;
    glp_prob *lp = glp_create_prob();
    int *at = plm_arena_array(r->a, w->vars + 1, sizeof *at);
    double *value = plm_arena_array(r->a, w->vars + 1, sizeof *value);
    if (!at || !value) {
        glp_delete_prob(lp);
        return NULL;
    }
    glp_set_obj_dir(lp, GLP_MAX);
    glp_add_cols(lp, (int)w->vars);
    if (r->n) glp_add_rows(lp, (int)r->n);
    for (size_t j = 0; j < w->vars; j++) {
        int c = (int)j + 1;
        glp_set_obj_coef(lp, c, (double)tpp_of(w, j));
        glp_set_col_kind(lp, c, GLP_IV);
        glp_set_col_bnds(lp, c, GLP_LO, 0, 0); /* rows hold it above, so that they have the price */
    }
    for (size_t i = 0; i < r->n; i++) {
        int n = 0;
        for (uint32_t t = r->v[i].first; t < r->v[i].first + r->v[i].n; t++) {
            at[++n] = (int)r->term[t].var + 1;
            value[n] = (double)r->term[t].coef / w->scale[i];
        }
        glp_set_mat_row(lp, (int)i + 1, n, at, value);
        double room = (double)whole_room(w, i) * (double)w->gcd[i] / w->scale[i];
        glp_set_row_bnds(lp, (int)i + 1, GLP_UP, 0, room);
    }
    return lp;
}

typedef struct search {
    int64_t nodes, max;
    bool cut;
} search;

static void each_node(glp_tree *tree, void *ctx) {
    search *s = ctx;
    if (glp_ios_reason(tree) != GLP_ISELECT) return;
    if (++s->nodes <= s->max) return;
    s->cut = true;
    glp_ios_terminate(tree);
}

/* Fills prices and two suggestions (of the linear program, of the search; may be zeros). */
static bool ask_glpk(work *w, double *relaxed, double *whole, bool *searched) {
    glp_smcp simplex;
    glp_iocp integer;
    search s = {.max = WORK_MAX / (int64_t)(w->vars + 1)};
    if (s.max < NODES_MIN) s.max = NODES_MIN;
    if (s.max > NODES_MAX) s.max = NODES_MAX;
    glp_term_out(GLP_OFF);
    glp_prob *lp = build(w);
    if (!lp) return plm_fail(w->f, PLM_NO_MEMORY, "out of memory");
    glp_init_smcp(&simplex);
    simplex.msg_lev = GLP_MSG_OFF;
    glp_scale_prob(lp, GLP_SF_AUTO);
    *searched = false;
    if (glp_simplex(lp, &simplex) == 0 && glp_get_status(lp) == GLP_OPT) {
        for (size_t i = 0; i < w->r->n; i++) {
            double y = glp_get_row_dual(lp, (int)i + 1);
            w->r->v[i].price = isfinite(y) && y > 0 ? y / w->scale[i] : 0;
        }
        for (size_t j = 0; j < w->vars; j++) relaxed[j] = glp_get_col_prim(lp, (int)j + 1);
        glp_init_iocp(&integer);
        integer.msg_lev = GLP_MSG_OFF;
        integer.cb_func = each_node;
        integer.cb_info = &s;
        int rc = glp_intopt(lp, &integer), status = glp_mip_status(lp);
        if (status == GLP_OPT || status == GLP_FEAS)
            for (size_t j = 0; j < w->vars; j++) whole[j] = glp_mip_col_val(lp, (int)j + 1);
        *searched = rc == 0 && status == GLP_OPT && !s.cut;
    }
    glp_delete_prob(lp);
    glp_free_env();
    return true;
}

/* ---- the bound, in whole numbers */

/* Sum with 2^-bits as the unit of prices; false: it does not fit. */
static bool bound_at(const work *w, int bits, plm_tpp *out) {
    const plm_wi_rows *r = w->r;
    plm_tpp sum = 0, one = (plm_tpp)1 << bits;
    plm_tpp *y = plm_arena_array(r->a, r->n + 1, sizeof *y);
    if (!y) return false;
    for (size_t i = 0; i < r->n; i++) { /* prices of the row divided by its largest coefficient */
        double v = ldexp(r->v[i].price * w->scale[i], bits);
        plm_tpp part, room = whole_room(w, i), top = (plm_tpp)w->scale[i];
        if (!(v >= 0) || v > 1e36) return false;
        y[i] = (plm_tpp)v;
        if (!y[i] || !w->gcd[i]) continue;
        if (__builtin_mul_overflow(room, w->gcd[i], &room) ||
            __builtin_mul_overflow(y[i], room, &part))
            return false;
        part = -floor_div(-part, top);
        if (__builtin_add_overflow(sum, part, &sum)) return false;
    }
    for (size_t j = 0; j < w->vars; j++) {
        plm_tpp left, part;
        if (__builtin_mul_overflow((plm_tpp)tpp_of(w, j), one, &left)) return false;
        for (uint32_t e = w->start[j]; e < w->start[j + 1]; e++) {
            const plm_wi_term *t = &r->term[w->entry[e]];
            uint32_t i = w->row_of[w->entry[e]];
            if (!y[i]) continue;
            if (__builtin_mul_overflow(y[i], t->coef, &part)) return false;
            left -= floor_div(part, (plm_tpp)w->scale[i]);
        }
        if (left <= 0) continue;
        if (__builtin_mul_overflow(left, (plm_tpp)w->upper[j], &part) ||
            __builtin_add_overflow(sum, part, &sum))
            return false;
    }
    *out = floor_div(sum, one);
    return true;
}

static bool find_bound(const work *w, plm_tpp *out) {
    for (int bits = 44; bits >= 0; bits -= 4)
        if (bound_at(w, bits, out)) return true;
    return plm_fail(w->f, PLM_OUT_OF_RANGE, "the numbers are too large together");
}

/* ---- whole chips */

static bool add(const work *w, int64_t *count, plm_tpp *used, size_t j, int64_t n) {
    count[j] += n;
    for (uint32_t e = w->start[j]; e < w->start[j + 1]; e++) {
        const plm_wi_term *t = &w->r->term[w->entry[e]];
        plm_tpp part, *u = &used[w->row_of[w->entry[e]]];
        if (__builtin_mul_overflow(t->coef, (plm_tpp)n, &part) ||
            __builtin_add_overflow(*u, part, u))
            return false;
    }
    return true;
}

/* Takes chips out until every row holds; each step takes at least one, so it ends. */
static bool mend(const work *w, int64_t *count, plm_tpp *used) {
    const plm_wi_rows *r = w->r;
    for (size_t i = 0; i < r->n;) {
        const plm_wi_row *row = &r->v[i];
        const plm_wi_term *most = NULL;
        if (used[i] <= row->room) {
            i++;
            continue;
        }
        for (uint32_t t = row->first; t < row->first + row->n; t++)
            if (r->term[t].coef > 0 && count[r->term[t].var] > 0 &&
                (!most || r->term[t].coef > most->coef))
                most = &r->term[t];
        if (!most) return false; /* can't be: without its chips a row holds */
        plm_tpp n = -floor_div(row->room - used[i], most->coef);
        if (n > count[most->var]) n = count[most->var];
        if (!add(w, count, used, most->var, -(int64_t)n)) return false;
        i = 0;
    }
    return true;
}

static int64_t fits(const work *w, const int64_t *count, const plm_tpp *used, size_t j) {
    int64_t most = w->upper[j] - count[j];
    for (uint32_t e = w->start[j]; e < w->start[j + 1] && most > 0; e++) {
        const plm_wi_term *t = &w->r->term[w->entry[e]];
        uint32_t i = w->row_of[w->entry[e]];
        if (t->coef <= 0) continue;
        plm_tpp n = (w->r->v[i].room - used[i]) / t->coef;
        if (n < most) most = (int64_t)n;
    }
    return most > 0 ? most : 0;
}

/* Puts in what still fits, the largest chips first; placing at home may make room abroad. */
static bool fill(const work *w, const uint32_t *order, int64_t *count, plm_tpp *used) {
    bool more = true;
    for (int pass = 0; more && pass < PASSES_MAX; pass++) {
        more = false;
        for (size_t k = 0; k < w->vars; k++) {
            int64_t n = fits(w, count, used, order[k]);
            if (n && !add(w, count, used, order[k], n)) return false;
            more = more || n;
        }
    }
    return true;
}

typedef struct by_tpp {
    int64_t tpp;
    uint32_t var;
} by_tpp;

static int larger_first(const void *a, const void *b) {
    const by_tpp *x = a, *y = b;
    if (x->tpp != y->tpp) return x->tpp > y->tpp ? -1 : 1;
    return x->var < y->var ? -1 : x->var > y->var;
}

static uint32_t *order_of(const work *w) {
    by_tpp *v = plm_arena_array(w->r->a, w->vars + 1, sizeof *v);
    uint32_t *order = plm_arena_array(w->r->a, w->vars + 1, sizeof *order);
    if (!v || !order) return NULL;
    for (size_t j = 0; j < w->vars; j++) v[j] = (by_tpp){tpp_of(w, j), (uint32_t)j};
    qsort(v, w->vars, sizeof *v, larger_first);
    for (size_t j = 0; j < w->vars; j++) order[j] = v[j].var;
    return order;
}

/* The plan that a suggestion leads to, if it is better than what out has. */
static bool try_plan(const work *w, const double *x, const uint32_t *order, plm_wi_plan *out) {
    int64_t *count = plm_arena_array(w->r->a, w->vars + 1, sizeof *count);
    plm_tpp *used = plm_arena_array(w->r->a, w->r->n + 1, sizeof *used), tpp = 0, chips = 0;
    if (!count || !used) return plm_fail(w->f, PLM_NO_MEMORY, "out of memory");
    bool ok = true;
    for (size_t j = 0; ok && j < w->vars; j++) {
        double v = floor(x[j] + 1e-6);
        int64_t n = !(v > 0) ? 0 : v < (double)w->upper[j] ? (int64_t)v : w->upper[j];
        ok = add(w, count, used, j, n);
    }
    if (!ok || !mend(w, count, used) || !fill(w, order, count, used))
        return plm_fail(w->f, PLM_OUT_OF_RANGE, "the numbers are too large together");
    for (size_t j = 0; j < w->vars; j++) {
        tpp += (plm_tpp)count[j] * tpp_of(w, j);
        chips += count[j];
    }
    if (out->count && tpp <= out->tpp) return true;
    out->count = count;
    out->tpp = tpp;
    out->chips = chips;
    for (size_t i = 0; i < w->r->n; i++) w->r->v[i].used = used[i];
    return true;
}

/* Sums every row anew and compares it: what is given out was checked. */
static bool holds(const work *w, const plm_wi_plan *plan) {
    const plm_wi_rows *r = w->r;
    for (size_t i = 0; i < r->n; i++) {
        plm_tpp sum = 0, part;
        for (uint32_t t = r->v[i].first; t < r->v[i].first + r->v[i].n; t++)
            if (__builtin_mul_overflow(r->term[t].coef, (plm_tpp)plan->count[r->term[t].var],
                                       &part) || __builtin_add_overflow(sum, part, &sum))
                return false;
        if (sum > r->v[i].room || sum != r->v[i].used) return false;
    }
    return true;
}

/* The order to post in: what is the part of the fewest shares first. */
static bool find_turn(const work *w, plm_wi_plan *plan) {
    by_tpp *v = plm_arena_array(w->r->a, w->vars + 1, sizeof *v);
    plan->turn = plm_arena_array(w->r->a, w->vars + 1, sizeof *plan->turn);
    if (!v || !plan->turn) return plm_fail(w->f, PLM_NO_MEMORY, "out of memory");
    for (size_t j = 0; j < w->vars; j++) {
        v[j] = (by_tpp){0, (uint32_t)j};
        for (uint32_t e = w->start[j]; e < w->start[j + 1]; e++)
            v[j].tpp -= w->r->v[w->row_of[w->entry[e]]].unit == PLM_WI_SHARE &&
                        w->r->term[w->entry[e]].coef > 0;
    }
    qsort(v, w->vars, sizeof *v, larger_first);
    for (size_t j = 0; j < w->vars; j++) plan->turn[j] = v[j].var;
    return true;
}

static bool in_turn(const work *w, const plm_wi_plan *plan) {
    const plm_wi_rows *r = w->r;
    plm_tpp *used = plm_arena_array(r->a, r->n + 1, sizeof *used);
    for (size_t k = 0; used && k < w->vars; k++) {
        uint32_t j = plan->turn[k];
        if (!plan->count[j]) continue;
        for (uint32_t e = w->start[j]; e < w->start[j + 1]; e++) {
            const plm_wi_term *t = &r->term[w->entry[e]];
            uint32_t i = w->row_of[w->entry[e]];
            used[i] += t->coef * plan->count[j];
            if (t->coef > 0 && used[i] > r->v[i].room) return false;
        }
    }
    return used != NULL;
}

bool plm_whatif_solve(const plm_wi_problem *p, plm_wi_rows *rows, plm_wi_plan *out,
                      plm_fault *f) {
    work w = {.p = p, .r = rows, .vars = p->sites * p->chips, .f = f};
    *out = (plm_wi_plan){0};
    double *relaxed = plm_arena_array(rows->a, w.vars + 1, sizeof *relaxed);
    double *whole = plm_arena_array(rows->a, w.vars + 1, sizeof *whole);
    if (!relaxed || !whole) return plm_fail(f, PLM_NO_MEMORY, "out of memory");
    if (!index_terms(&w) || !find_upper(&w)) return false;
    uint32_t *order = order_of(&w);
    if (!order) return plm_fail(f, PLM_NO_MEMORY, "out of memory");
    if (!ask_glpk(&w, relaxed, whole, &out->searched) || !find_bound(&w, &out->bound) ||
        !try_plan(&w, whole, order, out) || !try_plan(&w, relaxed, order, out))
        return false;
    if (!holds(&w, out)) return plm_fail(f, PLM_CONFLICT, "the plan does not hold: a fault of this"
                                                          " program");
    plm_tpp grain = 0;
    for (size_t k = 0; k < p->chips; k++) grain = gcd_of(grain, p->chip[k].tpp);
    out->proved = out->bound - out->tpp < grain;
    if (!find_turn(&w, out)) return false;
    out->in_turn = in_turn(&w, out);
    return true;
}
