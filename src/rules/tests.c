/* tests.c: the given/expect tests that stand in rulebooks, and what they cover.
 * A test without an as-of or a known date is refused: the answer of the law has a date. */
#include "rules/world.h"
#include "plimsoll/rules_test.h"

#include <stdio.h>
#include <string.h>

#define LIKE_MAX 8
#define PROOF_MAX (1u << 20)

typedef struct runner {
    const plm_book *b;
    plm_facts *w;
    plm_day as_of, known;
    bool codified, has_as_of, has_known;
    plm_truth open;      /* how every reading that the text leaves open is taken */
    uint32_t items, parties;
    int32_t item, party; /* the entities that assignments go to */
    plm_buf proof;
} runner;

static const test *background(const plm_book *b, plm_str name) {
    for (uint32_t i = 0; i < b->test_count; i++)
        if (b->tests[i].background && plm_str_eq(b->tests[i].says, name)) return &b->tests[i];
    return NULL;
}

/* The chain of backgrounds, the farthest first. */
static int chain(const plm_book *b, const test *t, const test *out[LIKE_MAX]) {
    int n = 0;
    for (; t && n < LIKE_MAX; t = t->like.n ? background(b, t->like) : NULL) out[n++] = t;
    for (int i = 0; i < n / 2; i++) {
        const test *x = out[i];
        out[i] = out[n - 1 - i];
        out[n - 1 - i] = x;
    }
    return n;
}

/* "item" and "party" of a background name the first one; later ones, and parts, are more. */
static void count(runner *r, const test *t, bool first) {
    for (uint32_t i = 0; i < t->given_count; i++) {
        plm_str e = t->givens[i].entity;
        if (plm_str_is(e, "part") || (plm_str_is(e, "item") && !first)) r->items++;
        if (plm_str_is(e, "party") && !first) r->parties++;
    }
}

static void assign(runner *r, const given *g) {
    const fact *f = &r->b->facts[g->fact];
    uint32_t at = f->info.scope == PLM_OF_ITEM ? (uint32_t)r->item
                : f->info.scope == PLM_OF_PARTY ? (uint32_t)r->party : 0;
    bool unknown = g->truth == PLM_UNKNOWN;
    switch (f->info.type) {
    case PLM_FACT_YESNO: plm_facts_yesno(r->w, g->fact, at, g->truth); break;
    case PLM_FACT_NUMBER:
        plm_facts_number(r->w, g->fact, at, unknown ? plm_iv_from(plm_dec_int(0)) : g->number);
        break;
    case PLM_FACT_COUNTRY: plm_facts_country(r->w, g->fact, at, unknown ? 0 : g->country); break;
    case PLM_FACT_WORD:
        if (unknown) world_val(r->w, g->fact, (int32_t)at, (int32_t)at)->known = 0;
        else plm_facts_word(r->w, g->fact, at, g->word);
        break;
    case PLM_FACT_CODE:
        if (!unknown) plm_facts_code(r->w, g->fact, at, g->word);
        break;
    case PLM_FACT_CODES:
        if (!unknown) plm_facts_codes(r->w, g->fact, at, &g->word, !plm_str_is(g->word, "none"));
        break;
    default:
        if (!unknown) plm_facts_text(r->w, g->fact, at, g->word);
    }
}

static void apply(runner *r, const test *t, bool first, uint32_t *items, uint32_t *parties) {
    r->item = r->party = 0;
    for (uint32_t i = 0; i < t->given_count; i++) {
        const given *g = &t->givens[i];
        if (plm_str_is(g->entity, "part")) {
            r->item = (int32_t)(*items)++;
            plm_facts_place_item(r->w, (uint32_t)r->item, 0, true);
            plm_facts_place_item(r->w, 0, -1, true);
        } else if (plm_str_is(g->entity, "item") && !first) {
            r->item = (int32_t)(*items)++;
        } else if (plm_str_is(g->entity, "party") && !first) {
            r->party = (int32_t)(*parties)++;
        }
        if (!g->entity.n) assign(r, g);
    }
}

static bool dates(runner *r, const test *t) {
    const test *ts[LIKE_MAX];
    int n = chain(r->b, t, ts);
    r->has_as_of = r->has_known = r->codified = false;
    r->open = PLM_UNKNOWN;
    for (int i = 0; i < n; i++) {
        if (ts[i]->has_as_of) r->as_of = ts[i]->as_of, r->has_as_of = true;
        if (ts[i]->has_known) r->known = ts[i]->known, r->has_known = true;
        r->codified = r->codified || ts[i]->codified;
    }
    for (int i = 0; i < n; i++)
        if (ts[i]->has_open) r->open = ts[i]->open;
    if (!r->has_known) r->known = plm_book_edition(r->b);
    return r->has_as_of;
}

static plm_truth ask_any(runner *r, plm_rule k) {
    plm_scope s = r->b->rules[k].info.scope;
    bool item = plm_scope_has(s, PLM_OF_ITEM);
    bool party = plm_scope_has(s, PLM_OF_PARTY);
    plm_truth t = ask_rule(r->w, k, item ? 0 : -1, party ? 0 : -1);
    const rule *e = &r->b->rules[k];
    for (uint32_t i = 0; i < e->cond_count; i++)
        t = plm_and(t, ask_node(r->w, e->conds[i], item ? 0 : -1, party ? 0 : -1));
    return t;
}

static void tree_of(runner *r, plm_test_row *row) {
    if (row->got == row->expect) return;
    plm_facts_explain(r->w, row->rule, 0, 0, 1, &r->proof);
    row->proof = plm_buf_str(&r->proof);
}

static bool run(runner *r, const test *t, plm_rule_tested each, void *ctx, plm_test_sums *sums) {
    const test *ts[LIKE_MAX];
    int n = chain(r->b, t, ts);
    plm_test_row row = {.says = t->says, .file = t->file, .line = t->line};
    r->items = r->parties = 1;
    for (int i = 0; i < n; i++) count(r, ts[i], i == 0);
    if (!dates(r, t)) {
        row.why = "the test has no as-of date";
        sums->failed++;
        each(ctx, &row);
        return true;
    }
    plm_view *v = plm_view_new(r->b, r->as_of, r->known, r->codified);
    if (!v || !plm_facts_reset(r->w, v, r->items, r->parties)) {
        plm_view_free(v);
        return false;
    }
    r->w->open = r->open;
    uint32_t items = 1, parties = 1;
    for (uint32_t i = 0; i < r->items; i++) plm_facts_place_item(r->w, i, -1, false);
    for (int i = 0; i < n; i++) apply(r, ts[i], i == 0, &items, &parties);
    for (uint32_t i = 0; i < t->expect_count; i++) {
        row.rule = t->expect_rule[i];
        row.expect = t->expect[i];
        row.got = ask_any(r, row.rule);
        tree_of(r, &row);
        if (row.got == row.expect) sums->passed++;
        else sums->failed++;
        each(ctx, &row);
        plm_buf_clear(&r->proof);
    }
    plm_view_free(v);
    return true;
}

bool plm_book_test(const plm_book *b, plm_rule_tested each, void *ctx, plm_test_sums *sums) {
    runner *r = plm_mem_resize(NULL, sizeof *r);
    if (!r) return false;
    memset(r, 0, sizeof *r);
    memset(sums, 0, sizeof *sums);
    r->b = b;
    r->w = plm_facts_new(b);
    plm_buf_init(&r->proof, PROOF_MAX);
    bool ok = r->w != NULL;
    for (uint32_t i = 0; ok && i < b->test_count; i++)
        if (!b->tests[i].background) ok = run(r, &b->tests[i], each, ctx, sums);
    plm_facts_free(r->w);
    plm_buf_free(&r->proof);
    plm_mem_free(r);
    return ok;
}
