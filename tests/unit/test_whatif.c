/* What-if and forecast through the library: the same answer again, and short memory is a fault,
 * never a crash or another answer. */
#include "custody/whatif.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static const char problem[] =
    "{\"date\":\"2026-03-01\",\"sites\":["
    "{\"id\":\"a\",\"country\":\"US\",\"company\":\"F\",\"license\":\"UVEU\",\"power_mw\":1.5,"
    "\"pue\":1.2},"
    "{\"id\":\"b\",\"country\":\"MY\",\"company\":\"F\",\"license\":\"UVEU\",\"power_mw\":2,"
    "\"pue\":1.25}],"
    "\"chips\":[{\"sku\":\"x\",\"tpp\":15832,\"watts\":1000,\"stock\":2000},"
    "{\"sku\":\"y\",\"tpp\":4992,\"watts\":500.5,\"stock\":null}],"
    "\"caps\":[{\"id\":\"z\",\"sites\":[\"a\"],\"max_chips\":1500}]}";

typedef struct answer {
    bool ok;
    plm_fault f;
    plm_tpp tpp, bound;
} answer;

static answer solve(plm_store *s, const plm_caps_rules *r) {
    answer x = {0};
    plm_arena *a = plm_arena_new(64u << 20);
    plm_wi_rows rows = {.a = a};
    plm_wi_problem p;
    plm_wi_plan plan = {0};
    plm_doc *d = plm_doc_parse(plm_str_c(problem), 0, &x.f);
    plm_caps *c = d && a ? plm_caps_open(s, r, &x.f) : NULL;
    x.ok = c && plm_caps_look(c, &x.f) && plm_whatif_read(plm_doc_root(d), a, &p, &x.f) &&
           plm_whatif_rows(&p, c, &rows, &x.f) && plm_whatif_solve(&p, &rows, &plan, &x.f);
    x.tpp = plan.tpp;
    x.bound = plan.bound;
    plm_caps_close(c);
    plm_doc_free(d);
    plm_arena_free(a);
    return x;
}

static void short_memory_is_a_fault(void **state) {
    (void)state;
    plm_fault f = {0};
    plm_caps_rules *r = plm_caps_rules_read("rulebooks", "diffusion", &f);
    plm_store *s = plm_store_open(":memory:", &f);
    assert_true(r && s);
    answer want = solve(s, r);
    assert_true(want.ok && want.tpp > 0 && want.tpp <= want.bound);
    uint64_t n = 1;
    for (bool failed = true; failed; n++) {
        plm_mem_fail_after(n);
        answer got = solve(s, r);
        plm_mem_fail_after(0);
        failed = !got.ok;
        if (got.ok) assert_true(got.tpp == want.tpp && got.bound == want.bound);
    }
    assert_true(n > 10);
    plm_store_close(s);
    plm_caps_rules_free(r);
}

static bool try_line(plm_caps *c, const char *line, bool keep, plm_caps_answer *out, size_t *n) {
    plm_fault f = {0};
    plm_arena *a = plm_arena_new(1u << 20);
    plm_caps_posting p;
    plm_doc *d = plm_doc_parse(plm_str_c(line), 0, &f);
    bool ok = d && a && plm_caps_posting_read(plm_doc_root(d), false, a, &p, &f) &&
              plm_caps_try(c, &p, keep, out, 8, n, &f);
    plm_doc_free(d);
    plm_arena_free(a);
    return ok;
}

static void a_try_leaves_the_store_and_names_every_account(void **state) {
    (void)state;
    plm_fault f = {0};
    plm_caps_rules *r = plm_caps_rules_read("rulebooks", "diffusion", &f);
    plm_store *s = plm_store_open(":memory:", &f);
    plm_caps *c = plm_caps_open(s, r, &f);
    plm_caps_answer out[8];
    size_t n;
    assert_true(c && plm_caps_look(c, &f));
    static const char home[] = "{\"id\":\"1\",\"date\":\"2026-03-01\",\"kind\":\"export\","
                               "\"country\":\"DE\",\"company\":\"F\",\"license\":\"UVEU\","
                               "\"tpp\":100}";
    static const char away[] = "{\"id\":\"2\",\"date\":\"2026-03-02\",\"kind\":\"export\","
                               "\"country\":\"MY\",\"company\":\"F\",\"license\":\"UVEU\","
                               "\"tpp\":1000}";
    assert_true(try_line(c, home, false, out, &n) && n == 1 && out[0].posted);
    assert_true(try_line(c, away, false, out, &n) && n == 2);
    assert_string_equal(out[0].cap, "UVEU tier 1");
    assert_string_equal(out[1].account, "company:F@MY");
    assert_true(out[1].limit == 77 && out[1].over == 923);
    assert_true(try_line(c, away, true, out, &n) && n == 2); /* it was left out before */
    assert_true(try_line(c, home, false, out, &n) && out[0].posted && n == 1);
    assert_true(plm_caps_begin(c, &f)); /* the books are read anew: nothing was posted */
    assert_true(plm_caps_commit(c, &f));
    assert_true(try_line(c, away, false, out, &n) && n == 2 && out[1].used == 0);
    plm_caps_close(c);
    plm_store_close(s);
    plm_caps_rules_free(r);
}

static void the_rule_sets_are_listed(void **state) {
    (void)state;
    char names[4][PLM_CAPS_NAME_MAX];
    assert_int_equal(plm_caps_rules_names("rulebooks", names, 4), 3);
    assert_string_equal(names[0], "diffusion");
    assert_string_equal(names[2], "none");
    assert_int_equal(plm_caps_rules_names("/no/such/folder", names, 4), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(short_memory_is_a_fault),
        cmocka_unit_test(a_try_leaves_the_store_and_names_every_account),
        cmocka_unit_test(the_rule_sets_are_listed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
