/* A view's program against the walk of the book, its slow twin: the same answers, the same unknown
 * that each hangs on, the same proofs by cases and the same text, on the law with random facts and
 * days and on random books, also while unknowns are settled and unsettled again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "plimsoll/rules.h"
#include "plimsoll/rules_test.h"

#define LAW_TRIALS 260
#define BOOK_TRIALS 400
#define ITEMS 3
#define PARTIES 3
#define DEPTH 4 /* unknowns settled one in another */
#define DAYS_MAX 2048

static uint64_t seed = 11;

static uint32_t rnd(uint32_t n) {
    seed = seed * 6364136223846793005ull + 1442695040888963407ull;
    return (uint32_t)(seed >> 33) % n;
}

typedef struct twins {
    const plm_book *b;
    plm_view *v[2];
    plm_facts *w[2]; /* walked, compiled */
    plm_buf text[2];
    plm_rule rule;
    int32_t item, party;
    uint32_t unknowns, settled;
} twins;

static plm_truth ask(plm_facts *w, void *ctx) {
    const twins *t = ctx;
    return plm_facts_ask(w, t->rule, t->item, t->party);
}

/* The twin that walks remembers nothing from one question to the next. */
static void asks_alike(twins *t) {
    plm_facts_touch(t->w[0]);
    plm_truth x = ask(t->w[0], t), y = ask(t->w[1], t);
    plm_str name = plm_book_rule(t->b, t->rule)->name;
    if (x != y) fail_msg("%.*s: walked %d, compiled %d", PLM_FMT(name), x, y);
    if (x != PLM_UNKNOWN) return;
    plm_why a = plm_facts_why(t->w[0]), b = plm_facts_why(t->w[1]);
    if (memcmp(&a, &b, sizeof a) != 0) fail_msg("%.*s hangs on another unknown", PLM_FMT(name));
    t->unknowns++;
}

/* Every rule, for every item and party that it speaks of. */
static void all_alike(twins *t) {
    for (t->rule = 0; t->rule < plm_book_count(t->b); t->rule++) {
        const plm_rule_info *k = plm_book_rule(t->b, t->rule);
        bool items = plm_scope_has(k->scope, PLM_OF_ITEM);
        bool parties = plm_scope_has(k->scope, PLM_OF_PARTY);
        if (k->kind == PLM_RULE_NUMBER) continue;
        for (int i = 0; i < (items ? ITEMS : 1); i++)
            for (int p = 0; p < (parties ? PARTIES : 1); p++) {
                t->item = items ? i : -1;
                t->party = parties ? p : -1;
                asks_alike(t);
            }
    }
}

static void conditions_alike(twins *t) {
    for (plm_rule r = 0; r < plm_book_count(t->b); r++)
        for (uint32_t c = 0; c < plm_book_rule(t->b, r)->condition_count; c++)
            assert_int_equal(plm_facts_ask_condition(t->w[0], r, c, 0, -1),
                             plm_facts_ask_condition(t->w[1], r, c, 0, -1));
    for (int i = 0; i < ITEMS; i++)
        assert_true(plm_str_eq(plm_facts_eccn(t->w[0], i), plm_facts_eccn(t->w[1], i)));
}

/* One rule that is open: what it hangs on, by cases, and what follows when that is settled. */
static void settled_alike(twins *t, int depth) {
    plm_open open[2][8];
    size_t n[2];
    bool open_one = false;
    for (int tries = 0; tries < 40 && !open_one; tries++) {
        t->rule = rnd((uint32_t)plm_book_count(t->b));
        const plm_rule_info *k = plm_book_rule(t->b, t->rule);
        if (k->kind == PLM_RULE_NUMBER) continue;
        t->item = plm_scope_has(k->scope, PLM_OF_ITEM) ? (int32_t)rnd(ITEMS) : -1;
        t->party = plm_scope_has(k->scope, PLM_OF_PARTY) ? (int32_t)rnd(PARTIES) : -1;
        open_one = ask(t->w[1], t) == PLM_UNKNOWN;
    }
    if (!open_one) return;
    uint32_t cases[2];
    bool gave_up[2];
    plm_truth proved[2];
    for (int i = 0; i < 2; i++) {
        n[i] = plm_facts_open(t->w[i], ask, t, open[i], 8);
        proved[i] = plm_facts_prove(t->w[i], ask, t, 64, &cases[i], &gave_up[i]);
    }
    assert_int_equal(n[0], n[1]);
    assert_int_equal(proved[0], proved[1]);
    assert_int_equal(cases[0], cases[1]);
    assert_int_equal(gave_up[0], gave_up[1]);
    if (!n[0]) return;
    uint32_t at = rnd((uint32_t)n[0]);
    assert_memory_equal(open[0][at].key, open[1][at].key, sizeof open[0][at].key);
    assert_string_equal(open[0][at].says, open[1][at].says);
    plm_truth way = rnd(2) ? PLM_YES : PLM_NO;
    for (int i = 0; i < 2; i++) assert_true(plm_facts_settle(t->w[i], &open[i][at], way));
    t->settled++;
    all_alike(t);
    if (depth > 1) settled_alike(t, depth - 1);
    for (int i = 0; i < 2; i++) plm_facts_unsettle(t->w[i]);
    all_alike(t);
}

static void texts_alike(twins *t) {
    for (plm_rule r = 0; r < plm_book_count(t->b); r++) {
        if (plm_book_rule(t->b, r)->kind == PLM_RULE_NUMBER || rnd(4)) continue;
        plm_margin m[2][32];
        size_t n[2];
        for (int i = 0; i < 2; i++) {
            plm_buf_clear(&t->text[i]);
            assert_true(plm_facts_explain(t->w[i], r, 0, 0, 1, &t->text[i]));
            n[i] = plm_facts_margins(t->w[i], r, 0, 0, m[i], 32);
        }
        assert_true(plm_str_eq(plm_buf_str(&t->text[0]), plm_buf_str(&t->text[1])));
        assert_int_equal(n[0], n[1]);
        for (size_t k = 0; k < n[0]; k++) {
            assert_int_equal(m[0][k].fact, m[1][k].fact);
            assert_int_equal(plm_dec_cmp(m[0][k].value.lo, m[1][k].value.lo), 0);
            assert_int_equal(plm_dec_cmp(m[0][k].threshold, m[1][k].threshold), 0);
        }
    }
}

static void random_number(twins *t, uint32_t f, uint32_t e) {
    plm_dec on[64], v = plm_dec_int(rnd(6000));
    size_t n = plm_book_thresholds(t->b, f, rnd(2), on, 64);
    if (n && rnd(2)) v = on[rnd((uint32_t)n)];
    plm_iv iv = plm_iv_point(v);
    if (rnd(4) == 0) iv = plm_iv_hull(iv, plm_iv_point(plm_dec_int(rnd(6000))));
    if (rnd(8) == 0) iv = plm_iv_from(v);
    for (int i = 0; i < 2; i++) plm_facts_number(t->w[i], f, e, iv);
}

static void random_word(twins *t, uint32_t f, uint32_t e) {
    static const char *const words[] = {
        "export", "reexport", "transfer_in_country", "deemed_export", "ic", "board", "computer",
        "hbm_stack", "equipment", "technology", "software", "exporter", "purchaser", "end_user",
        "ultimate_consignee", "none", "5A992", "4A003", "w1", "w2", "w3"};
    for (int tries = 0; tries < 40; tries++) {
        plm_str w = plm_str_c(words[rnd(sizeof words / sizeof *words)]);
        bool taken = plm_facts_word(t->w[0], f, e, w);
        assert_int_equal(plm_facts_word(t->w[1], f, e, w), taken);
        if (taken) return;
    }
}

static void random_fact(twins *t, uint32_t f, uint32_t e) {
    static const char *const codes[] = {"EAR99", "3A090.a", "5A992.c", "4A994.l", "3B001.f.1",
                                        "3D001", "9A515", "3A001", "3E901"};
    static const plm_str lists[][2] = {{{"3D001", 5}, {"3E001", 5}},
                                       {{"EAR99", 5}, {"3D992", 5}}};
    plm_str code = plm_str_c(codes[rnd(sizeof codes / sizeof *codes)]);
    static const char *const to[] = {"CN", "US", "MY", "AE", "DE", "RU", "MO", "HK", "KP", "TW"};
    plm_country c = plm_country_parse(plm_str_c(to[rnd(10)]));
    plm_truth yes = rnd(2) ? PLM_YES : PLM_NO;
    uint32_t list = rnd(2), n = rnd(3);
    plm_str name = rnd(2) ? PLM_STR("Core42") : PLM_STR("Example Ltd");
    switch (plm_book_fact(t->b, f)->type) {
    case PLM_FACT_NUMBER: random_number(t, f, e); return;
    case PLM_FACT_WORD: random_word(t, f, e); return;
    default: break;
    }
    for (int i = 0; i < 2; i++) {
        plm_facts *w = t->w[i];
        switch (plm_book_fact(t->b, f)->type) {
        case PLM_FACT_YESNO: plm_facts_yesno(w, f, e, yes); break;
        case PLM_FACT_COUNTRY: plm_facts_country(w, f, e, c); break;
        case PLM_FACT_CODE: plm_facts_code(w, f, e, code); break;
        case PLM_FACT_CODES: plm_facts_codes(w, f, e, lists[list], n); break;
        default: plm_facts_text(w, f, e, name); break;
        }
    }
}

/* A world of which about one fact in `open` is not known. */
static void random_facts(twins *t, uint32_t open) {
    bool contents = rnd(2), within = rnd(2);
    for (int i = 0; i < 2; i++)
        for (uint32_t k = 0; k < ITEMS; k++)
            plm_facts_place_item(t->w[i], k, k && within ? 0 : -1, contents);
    for (uint32_t f = 0; f < plm_book_fact_count(t->b); f++) {
        plm_scope s = plm_book_fact(t->b, f)->scope;
        uint32_t n = s == PLM_OF_ITEM ? ITEMS : s == PLM_OF_PARTY ? PARTIES : 1;
        for (uint32_t e = 0; e < n; e++)
            if (rnd(open)) random_fact(t, f, e);
    }
}

static void twins_open(twins *t, const plm_book *b) {
    memset(t, 0, sizeof *t);
    t->b = b;
    for (int i = 0; i < 2; i++) {
        t->w[i] = plm_facts_new(b);
        assert_non_null(t->w[i]);
        plm_facts_way(t->w[i], i ? PLM_WAY_PROGRAM : PLM_WAY_WALK);
        plm_buf_init(&t->text[i], 16u << 20);
    }
}

static void twins_close(twins *t) {
    for (int i = 0; i < 2; i++) {
        plm_view_free(t->v[i]);
        plm_facts_free(t->w[i]);
        plm_buf_free(&t->text[i]);
    }
}

static void one_world(twins *t, plm_day as_of, plm_day known, bool codified) {
    for (int i = 0; i < 2; i++) {
        plm_view_free(t->v[i]);
        t->v[i] = plm_view_new(t->b, as_of, known, codified);
        assert_non_null(t->v[i]);
        assert_true(plm_facts_reset(t->w[i], t->v[i], ITEMS, PARTIES));
    }
    random_facts(t, 2 + rnd(12));
    if (rnd(2)) conditions_alike(t);
    all_alike(t);
    texts_alike(t);
    settled_alike(t, DEPTH);
    conditions_alike(t);
}

static void the_law_answers_alike(void **s) {
    (void)s;
    const char *paths[] = {"rulebooks/us/ear", "rulebooks/drafts"};
    plm_fault f = {0};
    plm_book *b = plm_book_load(paths, 2, &f);
    if (!b) fail_msg("%s: %s", f.where, f.say);
    static plm_day day[DAYS_MAX];
    size_t days = plm_book_days(b, day, DAYS_MAX);
    twins t;
    twins_open(&t, b);
    for (int n = 0; n < LAW_TRIALS; n++)
        one_world(&t, day[rnd((uint32_t)days)] - (plm_day)rnd(2),
                  day[rnd((uint32_t)days)] + (plm_day)rnd(400), rnd(3) == 0);
    assert_true(t.unknowns > 1000 && t.settled > LAW_TRIALS);
    twins_close(&t);
    plm_book_free(b);
}

/* A condition of a rule of that scope; k: rules before it that may be named. */
static void condition(plm_buf *b, int depth, plm_scope s, uint32_t k) {
    static const char *const rels[] = {"<", "<=", ">", ">="}, *const to[] = {"CN", "MO", "DE"};
    bool item = plm_scope_has(s, PLM_OF_ITEM), party = plm_scope_has(s, PLM_OF_PARTY);
    switch (rnd(depth ? 12 : 5)) {
    case 0: plm_buf_printf(b, "f%u", rnd(3)); break;
    case 1: plm_buf_printf(b, "to is %s", to[rnd(3)]); break;
    case 2: plm_buf_printf(b, "to in (G%u or %s or G%u)", rnd(2), to[rnd(3)], rnd(2)); break;
    case 3:
        if (item) plm_buf_printf(b, "x%u %s %u", rnd(3), rels[rnd(4)], 1 + rnd(3));
        else plm_buf_printf(b, "n %s %u", rels[rnd(4)], 1 + rnd(3));
        break;
    case 4:
        if (party) plm_buf_printf(b, "role is (w%u or w%u)", 1 + rnd(3), 1 + rnd(3));
        else if (item) plm_buf_printf(b, "eccn within S%u", rnd(2));
        else plm_buf_printf(b, "undecided");
        break;
    case 5:
        plm_buf_puts(b, "some party has (");
        condition(b, depth - 1, item ? PLM_OF_ITEM_AND_PARTY : PLM_OF_PARTY, k);
        plm_buf_puts(b, ")");
        break;
    case 6:
        plm_buf_puts(b, item ? "some part has (" : "every party has (");
        condition(b, depth - 1, item ? s : PLM_OF_PARTY, k);
        plm_buf_puts(b, ")");
        break;
    case 7: plm_buf_printf(b, k ? "t%u" : "f%u", k ? rnd(k) : 0); break;
    case 8:
        plm_buf_puts(b, "not (");
        condition(b, depth - 1, s, k);
        plm_buf_puts(b, ")");
        break;
    default:
        plm_buf_puts(b, "(");
        condition(b, depth - 1, s, k);
        plm_buf_puts(b, rnd(2) ? " and " : " or ");
        condition(b, depth - 1, s, k);
        plm_buf_puts(b, ")");
    }
}

static void random_book(plm_buf *b) {
    static const char *const clocks[] = {"", "", " effective from 2020-01-01",
                                         " undecided 2020-01-01 to 2021-01-01 because \"open\"",
                                         " effective 2019-01-01 to 2020-06-01"};
    plm_buf_puts(b, "rulebook t \"T\" edition 2026-01-01\n"
                    "fact f0 of transaction is yes-or-no\nfact f1 of transaction is yes-or-no\n"
                    "fact f2 of transaction is yes-or-no\nfact to of transaction is country\n"
                    "fact n of transaction is number\nfact x0 of item is number\n"
                    "fact y of item is number\nfact x1 of item is number\n"
                    "fact role of party is one of w1 w2 w3\nfact eccn of item is code\n"
                    "group G0 \"a\" members CN MO\ngroup G1 \"b\" members MO US from 2020-01-01\n"
                    "codes S0 codes 3A001 EAR99\ncodes S1 codes 3A090 perhaps 3A001\n"
                    "define x2 of item is number known x1 else x0 / y\n");
    for (uint32_t k = 0; k < 8; k++) {
        plm_buf_printf(b, "define t%u of transaction is ", k);
        condition(b, 3, PLM_OF_TRANSACTION, k);
        plm_buf_printf(b, "%s\n", clocks[rnd(5)]);
    }
    for (uint32_t k = 0; k < 4; k++) {
        plm_buf_printf(b, "define i%u of item is ", k);
        condition(b, 4, PLM_OF_ITEM, 8);
        plm_buf_printf(b, "%s\n", clocks[rnd(5)]);
        plm_buf_printf(b, "define p%u of party is ", k);
        condition(b, 3, PLM_OF_PARTY, 8);
        plm_buf_printf(b, "%s\n", clocks[rnd(5)]);
    }
}

static void random_books_answer_alike(void **s) {
    (void)s;
    uint32_t unknowns = 0;
    for (int n = 0; n < BOOK_TRIALS; n++) {
        plm_buf text;
        plm_fault f = {0};
        plm_buf_init(&text, 1 << 20);
        random_book(&text);
        plm_book *b = plm_book_load_text(PLM_STR("t.rules"), plm_buf_str(&text), &f);
        if (!b) fail_msg("%u: %s in %.*s", f.line, f.say, PLM_FMT(plm_buf_str(&text)));
        twins t;
        twins_open(&t, b);
        for (int k = 0; k < 3; k++)
            one_world(&t, plm_day_from_ymd(2019, 6, 1) + (plm_day)rnd(1000),
                      plm_day_from_ymd(2025, 1, 1), rnd(2));
        unknowns += t.unknowns;
        twins_close(&t);
        plm_book_free(b);
        plm_buf_free(&text);
    }
    assert_true(unknowns > BOOK_TRIALS);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_law_answers_alike),
        cmocka_unit_test(random_books_answer_alike),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
