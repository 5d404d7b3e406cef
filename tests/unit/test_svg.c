/* test_svg.c: text in pictures is safe, fits, and breaks at spaces. */
#include "base/svg.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
// clang-format off
#include <cmocka.h>
// clang-format on

static void says(plm_str s, const char *want) {
    plm_buf b;
    plm_buf_init(&b, 4096);
    plm_svg_text(&b, s);
    plm_buf_putc(&b, 0);
    assert_string_equal(b.p, want);
    plm_buf_free(&b);
}

static void markup_is_escaped(void **state) {
    (void)state;
    says(PLM_STR("<a b=\"c\" d='e'>&"), "&lt;a b=&quot;c&quot; d=&#39;e&#39;&gt;&amp;");
}

static void what_xml_does_not_allow_becomes_a_replacement(void **state) {
    (void)state;
    says((plm_str){"a\0b\x1b", 4}, "a\xef\xbf\xbd" "b\xef\xbf\xbd");
    says(PLM_STR("\xef\xbf\xbe"), "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"); /* U+FFFE */
    says(PLM_STR("\xed\xa0\x80"), "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"); /* a surrogate */
    says(PLM_STR("\xc0\xaf"), "\xef\xbf\xbd\xef\xbf\xbd");                 /* overlong */
    says(PLM_STR("\xe2\x82"), "\xef\xbf\xbd\xef\xbf\xbd");                 /* cut short */
    says(PLM_STR("\xf0\x9f\x92\xa3\xc3\xa9"), "\xf0\x9f\x92\xa3\xc3\xa9");
}

static void a_long_text_is_cut_with_an_ellipsis(void **state) {
    (void)state;
    plm_buf b;
    plm_buf_init(&b, 4096);
    plm_svg_fit(&b, PLM_STR("\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9"), 3);
    plm_buf_putc(&b, 0);
    assert_string_equal(b.p, "\xc3\xa9\xc3\xa9\xe2\x80\xa6");
    plm_buf_clear(&b);
    plm_svg_fit(&b, PLM_STR("abc"), 3);
    plm_buf_putc(&b, 0);
    assert_string_equal(b.p, "abc");
    plm_buf_free(&b);
}

static void lines_break_at_spaces_and_lose_nothing(void **state) {
    (void)state;
    plm_str rest = PLM_STR("one two threefourfive six");
    const char *want[] = {"one two", "threefou", "rfive", "six"};
    for (size_t i = 0; i < 4; i++) {
        plm_str line = plm_svg_line(&rest, 8);
        assert_true(plm_str_is(line, want[i]));
    }
    assert_int_equal(rest.n, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(markup_is_escaped),
        cmocka_unit_test(what_xml_does_not_allow_becomes_a_replacement),
        cmocka_unit_test(a_long_text_is_cut_with_an_ellipsis),
        cmocka_unit_test(lines_break_at_spaces_and_lose_nothing)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
