/* The rules room against a slow twin: reasoning by cases must answer as trying every way does. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "plimsoll/rules.h"

#define FLAGS 4
#define NUMBERS 2
#define TRIALS 1500

static uint64_t seed = 7;

static uint32_t rnd(uint32_t n) {
    seed = seed * 6364136223846793005ull + 1442695040888963407ull;
    return (uint32_t)(seed >> 33) % n;
}

static plm_book *book_of(const char *text, plm_fault *f) {
    char path[64];
    snprintf(path, sizeof path, "%s/plimsoll-rules-XXXXXX", P_tmpdir);
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    close(fd);
    const char *paths[] = {path};
    plm_book *b = plm_book_load(paths, 1, f);
    unlink(path);
    return b;
}

/* A random condition over f0..f3, and x0, x1 against 1, 2 and 3. */
static void condition(plm_buf *b, int depth) {
    static const char *const rels[] = {"<", "<=", ">", ">="};
    uint32_t k = depth == 0 ? rnd(2) : rnd(5);
    if (k == 0) {
        plm_buf_printf(b, "f%u", rnd(FLAGS));
    } else if (k == 1) {
        plm_buf_printf(b, "x%u %s %u", rnd(NUMBERS), rels[rnd(4)], 1 + rnd(3));
    } else if (k == 2) {
        plm_buf_puts(b, "not (");
        condition(b, depth - 1);
        plm_buf_puts(b, ")");
    } else {
        plm_buf_puts(b, "(");
        condition(b, depth - 1);
        plm_buf_puts(b, k == 3 ? " and " : " or ");
        condition(b, depth - 1);
        plm_buf_puts(b, ")");
    }
}

typedef struct way {
    int flag[FLAGS];    /* 0 no, 1 yes, 2 unknown */
    int halves[NUMBERS]; /* value in halves (1 = 0.5 … 7 = 3.5), 0: unknown */
} way;

static void set(plm_facts *w, const plm_book *b, const way *v) {
    char name[24];
    for (int i = 0; i < FLAGS; i++) {
        snprintf(name, sizeof name, "f%d", i);
        plm_facts_yesno(w, plm_book_fact_find(b, name), 0,
                        v->flag[i] == 2 ? PLM_UNKNOWN : v->flag[i] ? PLM_YES : PLM_NO);
    }
    for (int i = 0; i < NUMBERS; i++) {
        plm_dec d;
        char text[16];
        snprintf(name, sizeof name, "x%d", i);
        if (!v->halves[i]) continue;
        snprintf(text, sizeof text, "%d.%d", v->halves[i] / 2, v->halves[i] % 2 * 5);
        assert_true(plm_dec_parse(plm_str_c(text), false, &d, NULL));
        plm_facts_number(w, plm_book_fact_find(b, name), 0, plm_iv_point(d));
    }
}

static plm_truth ask(plm_facts *w, void *r) { return plm_facts_ask(w, *(plm_rule *)r, -1, -1); }

/* Every way the unknowns can turn out: on, between and beside the thresholds. */
static void every_way(plm_facts *w, const plm_view *v, const plm_book *b, plm_rule r, way *x,
                      int at, bool *yes, bool *no) {
    if (at == FLAGS + NUMBERS) {
        assert_true(plm_facts_reset(w, v, 1, 1));
        set(w, b, x);
        plm_truth t = plm_facts_ask(w, r, -1, -1);
        assert_int_not_equal(t, PLM_UNKNOWN);
        *(t == PLM_YES ? yes : no) = true;
        return;
    }
    int *slot = at < FLAGS ? &x->flag[at] : &x->halves[at - FLAGS], old = *slot;
    bool open = at < FLAGS ? old == 2 : old == 0;
    for (int k = at < FLAGS ? 0 : 1; open && k < (at < FLAGS ? 2 : 8); k++) {
        *slot = k;
        every_way(w, v, b, r, x, at + 1, yes, no);
    }
    if (!open) every_way(w, v, b, r, x, at + 1, yes, no);
    *slot = old;
}

static void cases_answer_as_every_way_does(void **s) {
    (void)s;
    uint32_t decided = 0, mixed = 0;
    for (int n = 0; n < TRIALS; n++) {
        plm_buf text;
        plm_fault f = {0};
        plm_buf_init(&text, 1 << 16);
        plm_buf_puts(&text, "rulebook t \"T\" edition 2026-01-01\n");
        for (int i = 0; i < FLAGS; i++)
            plm_buf_printf(&text, "fact f%d of transaction is yes-or-no\n", i);
        for (int i = 0; i < NUMBERS; i++)
            plm_buf_printf(&text, "fact x%d of transaction is number\n", i);
        plm_buf_puts(&text, "define goal of transaction is ");
        condition(&text, 4);
        plm_buf_puts(&text, "\n");
        plm_buf_putc(&text, 0);
        plm_book *b = book_of(text.p, &f);
        if (!b) fail_msg("%s: %s", text.p, f.say);
        plm_rule r = plm_book_find(b, PLM_STR("goal"));
        plm_view *v = plm_view_new(b, 0, 0, false);
        plm_facts *w = plm_facts_new(b);
        way x;
        for (int i = 0; i < FLAGS; i++) x.flag[i] = (int)rnd(3);
        for (int i = 0; i < NUMBERS; i++) x.halves[i] = rnd(2) ? 0 : 1 + (int)rnd(7);
        assert_true(plm_facts_reset(w, v, 1, 1));
        set(w, b, &x);
        plm_truth plain = plm_facts_ask(w, r, -1, -1);
        plm_truth proved = plm_facts_prove(w, ask, &r, PLM_RULES_CASES_MAX, NULL, NULL);
        assert_int_equal(plm_facts_ask(w, r, -1, -1), plain); /* the world is as it was */
        bool yes = false, no = false;
        every_way(w, v, b, r, &x, 0, &yes, &no);
        plm_truth want = yes && no ? PLM_UNKNOWN : yes ? PLM_YES : PLM_NO;
        if (proved != want) fail_msg("%s: %d, every way says %d", text.p, proved, want);
        if (plain != PLM_UNKNOWN) assert_int_equal(plain, want);
        decided += plain == PLM_UNKNOWN && want != PLM_UNKNOWN;
        mixed += want == PLM_UNKNOWN;
        plm_facts_free(w);
        plm_view_free(v);
        plm_book_free(b);
        plm_buf_free(&text);
    }
    assert_true(decided >= 5); /* the test would be empty without such conditions */
    assert_true(mixed > TRIALS / 10);
}

static const char stayed[] =
    "rulebook t \"T\" edition 2026-01-01\n"
    "define r of transaction is always effective 2020-01-01 to 2023-11-16 announced 2019-12-01"
    " end-announced 2023-10-25\n"
    "  stayed 2021-01-01 to 2021-06-30 announced 2020-12-15\n"
    "  enforced from 2020-03-01 announced 2020-01-01\n"
    "  not-enforced from 2022-05-13\n"
    "  undecided 2022-01-01 to 2022-01-31\n";

static void four_clocks_are_kept_apart(void **s) {
    (void)s;
    static const struct {
        const char *as_of, *known;
        bool codified;
        plm_truth want;
    } rows[] = {
        {"2019-12-31", "2026-01-01", true, PLM_NO},  {"2020-01-01", "2026-01-01", true, PLM_YES},
        {"2020-01-01", "2026-01-01", false, PLM_NO}, {"2020-03-01", "2026-01-01", false, PLM_YES},
        {"2021-01-01", "2026-01-01", true, PLM_NO},  {"2021-01-01", "2020-12-14", true, PLM_YES},
        {"2021-06-30", "2020-12-15", true, PLM_NO},  {"2021-07-01", "2026-01-01", true, PLM_YES},
        {"2022-01-15", "2026-01-01", true, PLM_UNKNOWN},
        {"2022-05-13", "2026-01-01", false, PLM_NO}, {"2022-05-13", "2022-05-12", false, PLM_YES},
        {"2022-05-13", "2026-01-01", true, PLM_YES}, {"2023-11-17", "2026-01-01", true, PLM_NO},
        {"2023-11-17", "2023-10-24", true, PLM_YES}, {"2020-01-01", "2019-11-30", true, PLM_NO},
    };
    plm_fault f = {0};
    plm_book *b = book_of(stayed, &f);
    if (!b) fail_msg("%s", f.say);
    plm_rule r = plm_book_find(b, PLM_STR("r"));
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        plm_day as_of, known;
        assert_true(plm_day_parse(plm_str_c(rows[i].as_of), &as_of));
        assert_true(plm_day_parse(plm_str_c(rows[i].known), &known));
        plm_view *v = plm_view_new(b, as_of, known, rows[i].codified);
        if (plm_view_force(v, r) != rows[i].want)
            fail_msg("as of %s known %s: %d", rows[i].as_of, rows[i].known, plm_view_force(v, r));
        plm_view_free(v);
    }
    plm_book_free(b);
}

static void every_limit_is_refused_past_it(void **s) {
    (void)s;
    plm_buf text;
    plm_fault f = {0};
    plm_buf_init(&text, 64u << 20);
    plm_buf_puts(&text, "fact f of transaction is yes-or-no\n");
    for (int i = 0; i <= PLM_RULES_MAX; i++)
        plm_buf_printf(&text, "define d%d of transaction is f\n", i);
    plm_buf_putc(&text, 0);
    assert_null(book_of(text.p, &f));
    assert_non_null(strstr(f.say, "more than"));
    plm_buf_clear(&text);
    plm_fault_clear(&f);
    plm_buf_puts(&text, "fact f of transaction is yes-or-no\ndefine d0 of transaction is f\n");
    for (int i = 1; i <= PLM_RULES_DEPTH_MAX + 1; i++)
        plm_buf_printf(&text, "define d%d of transaction is d%d\n", i, i - 1);
    plm_buf_putc(&text, 0);
    assert_null(book_of(text.p, &f));
    plm_buf_free(&text);
}

static void a_failed_allocation_is_a_fault(void **s) {
    (void)s;
    for (uint64_t n = 1; n < 40; n++) {
        plm_fault f = {0};
        plm_mem_fail_after(n);
        plm_book *b = book_of(stayed, &f);
        plm_mem_fail_after(0);
        if (b) plm_book_free(b);
        else assert_int_not_equal(f.code, PLM_OK);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cases_answer_as_every_way_does),
        cmocka_unit_test(four_clocks_are_kept_apart),
        cmocka_unit_test(every_limit_is_refused_past_it),
        cmocka_unit_test(a_failed_allocation_is_a_fault),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
