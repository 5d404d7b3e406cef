/* Arenas, buffers, faults, the three truths and days: what every room relies on. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "plimsoll/base.h"

static void an_arena_never_passes_its_limit(void **s) {
    (void)s;
    plm_arena *a = plm_arena_new(1000);
    assert_non_null(plm_arena_alloc(a, 900));
    assert_null(plm_arena_alloc(a, 101));
    assert_int_equal(plm_arena_used(a), 912);
    assert_non_null(plm_arena_alloc(a, 80));
    assert_null(plm_arena_alloc(a, 1));
    assert_null(plm_arena_alloc(a, SIZE_MAX));
    assert_null(plm_arena_array(a, SIZE_MAX / 2, 3));
    plm_arena_reset(a);
    assert_int_equal(plm_arena_used(a), 0);
    assert_non_null(plm_arena_alloc(a, 900));
    plm_arena_free(a);
    plm_arena_free(NULL);
}

static void what_an_arena_gives_is_zeroed_and_aligned_after_a_reset_too(void **s) {
    (void)s;
    plm_arena *a = plm_arena_new(1u << 24);
    for (int round = 0; round < 3; round++) {
        for (size_t n = 0; n < 3000; n += 7) {
            unsigned char *p = plm_arena_alloc(a, n);
            assert_non_null(p);
            assert_int_equal((uintptr_t)p % 16, 0);
            for (size_t i = 0; i < n; i++)
                if (p[i]) fail_msg("not zeroed: byte %zu of %zu", i, n);
            memset(p, 0xA5, n);
        }
        plm_arena_reset(a);
    }
    plm_arena_free(a);
}

static void a_failed_allocation_changes_nothing(void **s) {
    (void)s;
    plm_arena *a = plm_arena_new(1u << 24);
    const char *kept = plm_arena_copy(a, PLM_STR("kept")).p;
    assert_string_equal(kept, "kept");
    size_t used = plm_arena_used(a);
    plm_mem_fail_after(1);
    assert_null(plm_arena_alloc(a, 1u << 20));
    plm_mem_fail_after(0);
    assert_int_equal(plm_arena_used(a), used);
    assert_string_equal(kept, "kept");
    assert_non_null(plm_arena_alloc(a, 1u << 20));
    plm_arena_free(a);
}

static void a_buffer_past_its_maximum_says_so_and_stays_so(void **s) {
    (void)s;
    plm_buf b;
    plm_buf_init(&b, 10);
    assert_true(plm_buf_puts(&b, "12345"));
    assert_true(plm_buf_puts(&b, "67890"));
    assert_false(plm_buf_putc(&b, '!'));
    assert_true(b.full);
    assert_false(plm_buf_put(&b, "", 0));
    assert_int_equal(b.n, 10);
    plm_buf_clear(&b);
    assert_true(plm_buf_printf(&b, "%d", 123456789) && plm_str_is(plm_buf_str(&b), "123456789"));
    plm_buf_clear(&b);
    assert_false(plm_buf_printf(&b, "%s", "12345678901"));
    plm_buf_free(&b);
    plm_buf_init(&b, 1u << 20);
    plm_mem_fail_after(1);
    assert_false(plm_buf_puts(&b, "x"));
    plm_mem_fail_after(0);
    assert_true(b.full);
    plm_buf_free(&b);
}

static void the_first_fault_is_kept(void **s) {
    (void)s;
    plm_fault f = {0};
    assert_false(plm_fail_at(&f, PLM_BAD_INPUT, "file", 3, 4, "the cause %d", 1));
    assert_false(plm_fail(&f, PLM_IO, "what followed"));
    assert_int_equal(f.code, PLM_BAD_INPUT);
    assert_string_equal(f.say, "the cause 1");
    assert_string_equal(f.where, "file");
    plm_fault_clear(&f);
    assert_int_equal(f.code, PLM_OK);
    assert_false(plm_fail(NULL, PLM_IO, "nobody asks"));
    char big[2000];
    memset(big, 'x', sizeof big - 1), big[sizeof big - 1] = 0;
    assert_false(plm_fail_at(&f, PLM_IO, big, 0, 0, "%s", big));
    assert_true(strlen(f.say) < sizeof f.say && strlen(f.where) < sizeof f.where);
}

static void unknown_and_no_is_no(void **s) {
    (void)s;
    static const plm_truth t[] = {PLM_NO, PLM_UNKNOWN, PLM_YES};
    assert_int_equal(plm_and(PLM_UNKNOWN, PLM_NO), PLM_NO);
    assert_int_equal(plm_or(PLM_UNKNOWN, PLM_YES), PLM_YES);
    assert_int_equal(plm_not(PLM_UNKNOWN), PLM_UNKNOWN);
    for (int a = 0; a < 3; a++)
        for (int b = 0; b < 3; b++) {
            assert_int_equal(plm_not(plm_and(t[a], t[b])), plm_or(plm_not(t[a]), plm_not(t[b])));
            assert_int_equal(plm_and(t[a], t[b]), plm_and(t[b], t[a]));
        }
}

static void every_day_of_400_years_is_read_as_printed(void **s) {
    (void)s;
    plm_day first = plm_day_from_ymd(1900, 1, 1), last = plm_day_from_ymd(2300, 1, 1);
    assert_int_equal(plm_day_from_ymd(1970, 1, 1), 0);
    for (plm_day d = first; d <= last; d++) {
        char text[11];
        plm_day again;
        int y, m, k;
        plm_day_print(d, text);
        assert_true(plm_day_parse(plm_str_c(text), &again) && again == d);
        plm_day_to_ymd(d, &y, &m, &k);
        assert_int_equal(plm_day_from_ymd(y, m, k), d);
    }
    static const char *const bad[] = {"2026-02-29", "1900-02-29", "2026-13-01", "2026-00-01",
                                      "2026-01-00", "2026-01-32", "2026-1-1", "2026-01-01x", "",
                                      "0000-01-01", "2026/01/01", "-026-01-01", "20260101"};
    plm_day d;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (plm_day_parse(plm_str_c(bad[i]), &d)) fail_msg("taken: %s", bad[i]);
    assert_true(plm_day_parse(PLM_STR("2000-02-29"), &d));
    assert_true(plm_day_parse(PLM_STR("0001-01-01"), &d));
    assert_true(plm_day_parse(PLM_STR("9999-12-31"), &d));
}

static void countries_are_assigned_capitals(void **s) {
    (void)s;
    static const char *const good[] = {"US", "CN", "HK", "MO", "TW", "XK"};
    static const char *const bad[] = {"us", "XX", "U", "USA", "", "UK", "A1", "EU"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        char text[3];
        plm_country c = plm_country_parse(plm_str_c(good[i]));
        assert_true(c != 0);
        plm_country_print(c, text);
        assert_string_equal(text, good[i]);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (plm_country_parse(plm_str_c(bad[i]))) fail_msg("taken: %s", bad[i]);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_arena_never_passes_its_limit),
        cmocka_unit_test(what_an_arena_gives_is_zeroed_and_aligned_after_a_reset_too),
        cmocka_unit_test(a_failed_allocation_changes_nothing),
        cmocka_unit_test(a_buffer_past_its_maximum_says_so_and_stays_so),
        cmocka_unit_test(the_first_fault_is_kept),
        cmocka_unit_test(unknown_and_no_is_no),
        cmocka_unit_test(every_day_of_400_years_is_read_as_printed),
        cmocka_unit_test(countries_are_assigned_capitals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
