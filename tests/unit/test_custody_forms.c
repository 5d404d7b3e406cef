/* test_custody_forms.c: keys, instants, trees and amounts at their edges. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "custody/caps.h"
#include "custody/event.h"
#include "custody/gs1.h"
#include "custody/merkle.h"
#include "custody/note.h"

static const char *key_of(const char *uri) {
    static char text[4096];
    plm_buf b;
    plm_buf_init(&b, 4000);
    bool ok = plm_gs1_key(plm_str_c(uri), &b);
    memcpy(text, b.p ? b.p : "", b.n);
    text[ok ? b.n : 0] = 0;
    plm_buf_free(&b);
    return ok ? text : NULL;
}

static void keys(void **state) {
    (void)state;
    static const char *const same[][2] = {
        {"urn:epc:id:sgtin:9520000.010001.A1", "01/09520000100018/21/A1"},
        {"https://id.gs1.org/01/09520000100018/21/A1", "01/09520000100018/21/A1"},
        {"http://shop.example/a/b/gtin/9520000100018/lot/7/ser/A1?x=1#y",
            "01/09520000100018/21/A1"},
        {"urn:epc:id:sgtin:0614141.112345.a+b", "01/10614141123459/21/a%2Bb"},
        {"https://id.gs1.org/01/10614141123459/21/a%2bb", "01/10614141123459/21/a%2Bb"},
        {"urn:epc:id:sscc:4012345.0000000333", "00/040123450000003338"},
        {"urn:epc:id:sgln:4012345.00011.0", "414/4012345000115"},
        {"https://x.example/414/4012345000115/254/0", "414/4012345000115"},
        {"urn:epc:id:sgln:4012345.00011.987", "414/4012345000115/254/987"},
        {"urn:epc:id:pgln:4012345.00000", "417/4012345000009"},
        {"https://id.gs1.org/01/12345670", "01/00000012345670"}};
    static const char *const none[] = {
        "", "x", "urn:epc:id:sgtin:", "urn:epc:id:sgtin:9520000.010001",
            "urn:epc:id:sgtin:952000.010001.A",
        "urn:epc:id:sgtin:9520000.010001.", "urn:epc:id:sgtin:9520000.010001.123456789012345678901",
        "urn:epc:id:sgtin:9520000.01000x.A", "urn:epc:id:sgtin:9520000.010001.%G1", "https://",
            "https://a",
        "https://a/01/", "https://a/01/12/21/3", "http://t.example/po/12345678", "geo:1,2",
            "urn:uuid:1"};
    for (size_t i = 0; i < sizeof same / sizeof same[0]; i++) {
        const char *got = key_of(same[i][0]);
        assert_non_null(got);
        assert_string_equal(got, same[i][1]);
    }
    for (size_t i = 0; i < sizeof none / sizeof none[0]; i++) assert_null(key_of(none[i]));
}

static void instants(void **state) {
    (void)state;
    static const char *const good[][2] = {
        {"1970-01-01T00:00:00Z", "1970-01-01T00:00:00Z"},
        {"2025-05-01T10:00:00.120000000+02:00", "2025-05-01T08:00:00.12Z"},
        {"1969-12-31T23:59:59.999999999-00:30", "1970-01-01T00:29:59.999999999Z"},
        {"2024-02-29T23:00:00-14:00", "2024-03-01T13:00:00Z"},
        {"1900-01-01T00:00:00.5+00:00", "1900-01-01T00:00:00.5Z"}};
    static const char *const bad[] = {"", "2025-05-01", "2025-05-01T10:00:00",
        "2025-05-01T24:00:00Z",
        "2025-05-01T10:60:00Z", "2025-05-01T10:00:60Z", "2025-02-29T10:00:00Z",
            "2025-05-01T10:00:00.Z",
        "2025-05-01T10:00:00+1:00", "2025-05-01T10:00:00+14:01", "2025-05-01 10:00:00Z",
            "0001-01-01T00:00:00Z",
        "9999-01-01T00:00:00Z", "2025-05-01T10:00:00ZZ"};
    char text[40];
    int64_t ns;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        assert_true(plm_time_parse(plm_str_c(good[i][0]), &ns, NULL));
        plm_time_print(ns, text);
        assert_string_equal(text, good[i][1]);
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_false(plm_time_parse(plm_str_c(bad[i]), &ns, NULL));
}

static bool leaf_of(void *ctx, uint64_t i, plm_hash *out) {
    char text[24];
    (void)ctx;
    int n = snprintf(text, sizeof text, "leaf %d", (int)i);
    *out = plm_merkle_leaf((plm_str){text, (size_t)n});
    return true;
}

static void trees(void **state) {
    (void)state;
    plm_hash proof[PLM_PROOF_MAX], root, old, leaf;
    size_t n;
    for (uint64_t size = 1; size <= 40; size++) {
        assert_true(plm_merkle_range(leaf_of, NULL, 0, size, &root));
        for (uint64_t i = 0; i < size; i++) {
            leaf_of(NULL, i, &leaf);
            assert_true(plm_merkle_inclusion(leaf_of, NULL, i, size, proof, &n));
            assert_null(plm_merkle_check_inclusion(i, size, leaf, proof, n, root));
            assert_non_null(plm_merkle_check_inclusion(i ^ 1, size, leaf, proof, n, root));
            assert_non_null(plm_merkle_check_inclusion(i, size, leaf, proof, n + 1, root));
            if (n) assert_non_null(plm_merkle_check_inclusion(i, size, leaf, proof, n - 1, root));
        }
        for (uint64_t m = 1; m < size; m++) {
            assert_true(plm_merkle_range(leaf_of, NULL, 0, m, &old));
            assert_true(plm_merkle_consistency(leaf_of, NULL, m, size, proof, &n));
            assert_null(plm_merkle_check_consistency(m, size, old, root, proof, n));
            assert_non_null(plm_merkle_check_consistency(m, size, root, old, proof, n));
            assert_non_null(plm_merkle_check_consistency(m, size, old, root, proof, n - 1));
        }
    }
}

static void amounts(void **state) {
    (void)state;
    plm_tpp v;
    uint64_t u;
    char text[PLM_TPP_TEXT];
    assert_true(plm_tpp_parse(PLM_STR("99999999999999999999999999999999999999"), &v));
    plm_tpp_print(v, text);
    assert_string_equal(text, "99999999999999999999999999999999999999");
    plm_tpp_print(-v, text);
    assert_string_equal(text, "-99999999999999999999999999999999999999");
    assert_false(plm_tpp_parse(PLM_STR("100000000000000000000000000000000000000"), &v));
    assert_false(plm_tpp_parse(PLM_STR(""), &v));
    assert_false(plm_tpp_parse(PLM_STR("-"), &v));
    assert_false(plm_tpp_parse(PLM_STR("1e3"), &v));
    assert_true(plm_u64_parse(PLM_STR("18446744073709551615"), &u) && u == UINT64_MAX);
    assert_false(plm_u64_parse(PLM_STR("18446744073709551616"), &u));
    assert_false(plm_u64_parse(PLM_STR("01"), &u));
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(keys), cmocka_unit_test(instants),
                                       cmocka_unit_test(trees), cmocka_unit_test(amounts)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
