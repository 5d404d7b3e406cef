/* The hypergeometric sample plan against a slow oracle in exact rationals. */
#include "plimsoll/custody.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

__extension__ typedef unsigned __int128 wide;

static uint64_t gcd(wide a, wide b) {
    while (b) {
        wide t = a % b;
        a = b;
        b = t;
    }
    return (uint64_t)a;
}

/* Least n by the definition: the fraction is kept in lowest terms and fits for small numbers. */
static uint64_t oracle(uint64_t pop, uint64_t k, uint64_t num, uint64_t den) {
    if (k == 0 || num == 0) return 0;
    wide p = 1, q = 1; /* p/q: chance that none is drawn */
    for (uint64_t n = 1; n <= pop; n++) {
        wide a = pop - k + 1 > n - 1 ? pop - k - (n - 1) : 0, b = pop - (n - 1);
        p *= a;
        q *= b;
        if (p == 0) return n;
        uint64_t g = gcd(p, q);
        p /= g;
        q /= g;
        if (p * den <= q * (den - num)) return n;
    }
    return pop;
}

static void the_sample_of_the_issue_is_146(void **state) {
    (void)state;
    uint64_t n;
    assert_true(plm_custody_sample_size(4000, 80, 95, 100, &n, NULL));
    assert_int_equal(n, 146);
}

static void every_small_plan_is_the_oracles(void **state) {
    (void)state;
    static const uint64_t conf[][2] = {{95, 100},   {99, 100}, {1, 2}, {9, 10},
                                       {999, 1000}, {1, 1},    {0, 1}};
    for (uint64_t pop = 1; pop <= 26; pop++)
        for (uint64_t k = 0; k <= pop; k++)
            for (unsigned c = 0; c < sizeof conf / sizeof *conf; c++) {
                uint64_t n;
                assert_true(plm_custody_sample_size(pop, k, conf[c][0], conf[c][1], &n, NULL));
                assert_int_equal(n, oracle(pop, k, conf[c][0], conf[c][1]));
            }
}

static void a_tie_is_enough(void **state) {
    (void)state;
    uint64_t n;
    /* one missing of 20: 19 drawn miss it with exactly 1/20 */
    assert_true(plm_custody_sample_size(20, 1, 95, 100, &n, NULL));
    assert_int_equal(n, 19);
    assert_true(plm_custody_sample_size(1000000, 1, 95, 100, &n, NULL));
    assert_int_equal(n, 950000);
    assert_true(plm_custody_sample_size(10000000, 1, 999999999, 1000000000, &n, NULL));
    assert_int_equal(n, 10000000);
}

static void more_confidence_or_fewer_missing_never_needs_less(void **state) {
    (void)state;
    uint64_t a, b;
    for (uint64_t k = 2; k < 200; k += 7) {
        assert_true(plm_custody_sample_size(5000, k, 95, 100, &a, NULL));
        assert_true(plm_custody_sample_size(5000, k - 1, 95, 100, &b, NULL));
        assert_true(b >= a);
        assert_true(plm_custody_sample_size(5000, k, 99, 100, &b, NULL));
        assert_true(b >= a);
    }
}

static void what_is_out_of_range_is_refused(void **state) {
    (void)state;
    uint64_t n;
    plm_fault f = {0};
    assert_false(plm_custody_sample_size(0, 0, 95, 100, &n, &f));
    assert_int_equal(f.code, PLM_OUT_OF_RANGE);
    assert_false(plm_custody_sample_size(10, 11, 95, 100, &n, NULL));
    assert_false(plm_custody_sample_size(10, 1, 101, 100, &n, NULL));
    assert_false(plm_custody_sample_size(10000001, 1, 95, 100, &n, NULL));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_sample_of_the_issue_is_146),
        cmocka_unit_test(every_small_plan_is_the_oracles),
        cmocka_unit_test(a_tie_is_enough),
        cmocka_unit_test(more_confidence_or_fewer_missing_never_needs_less),
        cmocka_unit_test(what_is_out_of_range_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
