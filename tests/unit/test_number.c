/* Decimals and intervals: exact at every digit the contract promises. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "plimsoll/number.h"

static plm_dec dec(const char *s) {
    plm_dec d;
    plm_fault f = {0};
    if (!plm_dec_parse(plm_str_c(s), false, &d, &f)) fail_msg("%s: %s", s, f.say);
    return d;
}

static void prints(const char *in, const char *want) {
    char out[PLM_DEC_TEXT];
    plm_dec_print(dec(in), out);
    assert_string_equal(out, want);
}

static void text_comes_back(void **s) {
    (void)s;
    prints("0", "0");
    prints("-0", "0");
    prints("0.5", "0.5");
    prints("4799.999999", "4799.999999");
    prints("4800.0", "4800");
    prints("-12.050", "-12.05");
    prints("123456789012345678901234567890.123456789",
           "123456789012345678901234567890.123456789");
}

static void malformed_is_refused(void **s) {
    (void)s;
    static const char *const bad[] = {"", "-", ".5", "5.", "1,000", "+1", "1e3", "0x10", "01",
                                      " 1", "1 ", "1..2", "NaN", "4800 TPP", "--1"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        plm_dec d;
        plm_fault f = {0};
        assert_false(plm_dec_parse(plm_str_c(bad[i]), false, &d, &f));
        assert_int_equal(f.code, PLM_BAD_INPUT);
    }
}

static void too_long_is_out_of_range(void **s) {
    (void)s;
    static const char *const bad[] = {"0.1234567891", "10000000000000000000000000000000000000000"};
    for (size_t i = 0; i < 2; i++) {
        plm_dec d;
        plm_fault f = {0};
        assert_false(plm_dec_parse(plm_str_c(bad[i]), false, &d, &f));
        assert_int_equal(f.code, PLM_OUT_OF_RANGE);
    }
    prints("0.12345678900000", "0.123456789");
}

static void exponent_only_where_json_allows(void **s) {
    (void)s;
    plm_dec d;
    char out[PLM_DEC_TEXT];
    assert_true(plm_dec_parse(PLM_STR("4.8e3"), true, &d, NULL));
    plm_dec_print(d, out);
    assert_string_equal(out, "4800");
    assert_true(plm_dec_parse(PLM_STR("25E-1"), true, &d, NULL));
    plm_dec_print(d, out);
    assert_string_equal(out, "2.5");
    assert_false(plm_dec_parse(PLM_STR("1e99"), true, &d, NULL));
    assert_true(plm_dec_parse(PLM_STR("0e99999999"), true, &d, NULL));
    assert_true(plm_dec_is_zero(d));
}

static void quotient_is_compared_exactly(void **s) {
    (void)s;
    plm_dec a = dec("1600"), area = dec("500"), t = dec("3.2");
    assert_int_equal(plm_dec_cmp_ratio(a, area, t), 0);
    assert_true(plm_dec_cmp_ratio(a, dec("500.000000001"), t) < 0);
    assert_true(plm_dec_cmp_ratio(dec("1600.000000001"), area, t) > 0);
    assert_int_equal(plm_dec_cmp_ratio(dec("18446744073.709551615"), dec("1"),
                                       dec("18446744073.709551615")), 0);
    assert_true(plm_dec_cmp_ratio(dec("18446744073.709551615"), dec("1"),
                                  dec("18446744073.709551614")) > 0);
    plm_dec big = dec("592000000000000000000000000000.000000001");
    assert_true(plm_dec_cmp_ratio(big, dec("100000000000000000000000000000"), dec("5.92")) > 0);
}

static void sums_products_and_quotients_round_where_told(void **s) {
    (void)s;
    plm_dec r;
    assert_true(plm_dec_mul(dec("0.000000001"), dec("0.5"), false, &r));
    assert_true(plm_dec_is_zero(r));
    assert_true(plm_dec_mul(dec("0.000000001"), dec("0.5"), true, &r));
    assert_int_equal(plm_dec_cmp(r, dec("0.000000001")), 0);
    assert_true(plm_dec_div(dec("1"), dec("3"), false, &r));
    assert_int_equal(plm_dec_cmp(r, dec("0.333333333")), 0);
    assert_true(plm_dec_div(dec("-1"), dec("3"), false, &r));
    assert_int_equal(plm_dec_cmp(r, dec("-0.333333334")), 0);
    /* short and long divisors go different ways and agree: 18446744073 * 10^9 is about 2^64 */
    assert_true(plm_dec_div(dec("92233720368.547758075"), dec("18446744073.709551615"), true, &r));
    assert_int_equal(plm_dec_cmp(r, dec("5")), 0);
    assert_true(plm_dec_div(dec("92233720368.54775808"), dec("18446744073.709551616"), true, &r));
    assert_int_equal(plm_dec_cmp(r, dec("5")), 0);
    assert_true(plm_dec_div(dec("92233720368.54775808"), dec("18446744073.709551615"), true, &r));
    assert_int_equal(plm_dec_cmp(r, dec("5.000000001")), 0);
    assert_true(plm_dec_div(dec("92233720368.547758081"), dec("18446744073.709551616"), true, &r));
    assert_int_equal(plm_dec_cmp(r, dec("5.000000001")), 0);
    assert_true(plm_dec_sub(dec("1"), dec("1.5"), &r));
    assert_int_equal(plm_dec_cmp(r, dec("-0.5")), 0);
    assert_false(plm_dec_mul(dec("9999999999999999999999999999999999999999"),
                             dec("9999999999999999999999999999999999999999"), false, &r));
}

static void interval_decides_only_what_it_decides(void **s) {
    (void)s;
    plm_iv v = {.lo = dec("4799"), .hi = dec("4801")};
    assert_int_equal(plm_iv_compare(v, PLM_GE, dec("4800")), PLM_UNKNOWN);
    assert_int_equal(plm_iv_compare(v, PLM_GE, dec("4799")), PLM_YES);
    assert_int_equal(plm_iv_compare(v, PLM_GT, dec("4801")), PLM_NO);
    assert_int_equal(plm_iv_compare(plm_iv_from(dec("0")), PLM_GE, dec("0")), PLM_YES);
    plm_iv any = plm_iv_any();
    assert_int_equal(plm_iv_compare(any, PLM_LT, dec("0")), PLM_UNKNOWN);
    plm_iv tpp = plm_iv_point(dec("2500"));
    assert_int_equal(plm_iv_compare_ratio(tpp, plm_iv_from(dec("0")), PLM_GE, dec("1.6")),
                     PLM_UNKNOWN);
    assert_int_equal(plm_iv_compare_ratio(tpp, plm_iv_point(dec("814")), PLM_GE, dec("1.6")),
                     PLM_YES);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_comes_back),
        cmocka_unit_test(malformed_is_refused),
        cmocka_unit_test(too_long_is_out_of_range),
        cmocka_unit_test(exponent_only_where_json_allows),
        cmocka_unit_test(quotient_is_compared_exactly),
        cmocka_unit_test(sums_products_and_quotients_round_where_told),
        cmocka_unit_test(interval_decides_only_what_it_decides),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
