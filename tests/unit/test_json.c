/* Strict JSON: what is refused, what is kept, and that the writer writes what the reader reads. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/json.h"

static plm_code code_of(const char *text) {
    plm_fault f = {0};
    plm_doc *d = plm_doc_parse(plm_str_c(text), 0, &f);
    plm_doc_free(d);
    assert_true((d == NULL) == (f.code != PLM_OK && f.say[0] != 0));
    return f.code;
}

static void what_is_not_strict_json_is_refused(void **s) {
    (void)s;
    static const char *const bad[] = {
        "", " ", "{", "[1,]", "{\"a\":1,}", "{'a':1}", "{a:1}", "01", "+1", ".5", "1.", "0x1",
        "NaN", "Infinity", "-", "\"a", "\"\\x\"", "\"\t\"", "\"\\ud800\"", "\"\\udc00\\ud800\"",
        "\"\xff\"", "\"\xc0\x80\"", "\"\xed\xa0\x80\"", "[1] x", "1 2", "// a\n1", "tru", "nul"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (code_of(bad[i]) == PLM_OK) fail_msg("taken: %s", bad[i]);
    static const char *const good[] = {"1", "-0", "\"\"", "[]", "{}", " [1 , 2 ] ", "1e400",
                                       "\"\\ud83d\\ude00\"", "123456789012345678901234567890.5"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        if (code_of(good[i]) != PLM_OK) fail_msg("refused: %s", good[i]);
}

static void a_key_that_stands_twice_is_refused_however_many_there_are(void **s) {
    (void)s;
    static const int sizes[] = {2, 3, 63, 64, 65, 66, 500, PLM_JSON_KEYS_MAX};
    for (size_t k = 0; k < sizeof sizes / sizeof *sizes; k++)
        for (int twice = 0; twice < 2; twice++) {
            plm_buf b;
            plm_buf_init(&b, 1u << 20);
            plm_buf_puts(&b, "{\"in\":{");
            for (int i = 0; i < sizes[k]; i++)
                plm_buf_printf(&b, "%s\"key%d\":%d", i ? "," : "",
                               twice && i == sizes[k] - 1 ? 0 : i, i);
            plm_buf_puts(&b, "}}");
            plm_buf_putc(&b, 0);
            assert_int_equal(code_of(b.p), twice ? PLM_BAD_INPUT : PLM_OK);
            plm_buf_free(&b);
        }
    assert_int_equal(code_of("{\"a\":1,\"\\u0061\":2}"), PLM_BAD_INPUT);
}

static void the_limits_are_refused_past_them(void **s) {
    (void)s;
    for (int past = 0; past < 2; past++) {
        plm_buf b;
        plm_buf_init(&b, 1u << 20);
        int depth = PLM_JSON_DEPTH_MAX + past;
        for (int i = 0; i < depth; i++) plm_buf_putc(&b, '[');
        for (int i = 0; i < depth; i++) plm_buf_putc(&b, ']');
        plm_buf_putc(&b, 0);
        assert_int_equal(code_of(b.p), past ? PLM_OUT_OF_RANGE : PLM_OK);
        plm_buf_clear(&b);
        plm_buf_putc(&b, '{');
        for (int i = 0; i < PLM_JSON_KEYS_MAX + past; i++)
            plm_buf_printf(&b, "%s\"k%d\":0", i ? "," : "", i);
        plm_buf_puts(&b, "}");
        plm_buf_putc(&b, 0);
        assert_int_equal(code_of(b.p), past ? PLM_OUT_OF_RANGE : PLM_OK);
        plm_buf_free(&b);
    }
    plm_fault f = {0};
    assert_null(plm_doc_parse(PLM_STR("[1,2]"), 4, &f));
    assert_int_equal(f.code, PLM_OUT_OF_RANGE);
}

static void a_number_keeps_its_text_and_is_read_exactly(void **s) {
    (void)s;
    plm_str text = PLM_STR("[4799.999999999, \"4800\", 48e2, \"48e2\", true]");
    plm_doc *d = plm_doc_parse(text, 0, NULL);
    assert_non_null(d);
    plm_dec v[3];
    int i = 0;
    plm_json_each(plm_doc_root(d), it, e) {
        plm_dec x;
        plm_fault f = {0};
        bool ok = plm_json_dec(e, true, &x, &f);
        assert_int_equal(ok, i < 3);
        if (ok) v[i] = x;
        if (i == 0) assert_true(plm_str_is(plm_json_text(e), "4799.999999999"));
        if (i == 1) assert_false(plm_json_dec(e, false, &x, NULL));
        i++;
    }
    assert_int_equal(i, 5);
    assert_true(plm_dec_cmp(v[0], v[1]) < 0 && plm_dec_cmp(v[1], v[2]) == 0);
    plm_doc_free(d);
}

static void what_is_written_is_read_again(void **s) {
    (void)s;
    plm_buf b;
    plm_buf_init(&b, 4096);
    plm_jw w = plm_jw_into(&b);
    plm_jw_obj(&w);
    plm_jw_kstr(&w, "s", PLM_STR("a\"\\\n\x01\xc3\xa9\xff"));
    plm_jw_kcstr(&w, "none", NULL);
    plm_jw_kint(&w, "least", INT64_MIN);
    plm_jw_kint(&w, "much", -12345678901234567);
    plm_jw_key(&w, "most"), plm_jw_u64(&w, UINT64_MAX);
    plm_jw_kbool(&w, "yes", true);
    plm_jw_key(&w, "list"), plm_jw_arr(&w), plm_jw_raw(&w, PLM_STR("[1]")), plm_jw_null(&w);
    plm_jw_end_arr(&w), plm_jw_end_obj(&w);
    plm_doc *d = plm_doc_parse(plm_buf_str(&b), 0, NULL);
    assert_non_null(d);
    const plm_json *o = plm_doc_root(d);
    int64_t least = 0;
    assert_true(plm_str_is(plm_json_text(plm_json_get(o, "s")), "a\"\\\n\x01\xc3\xa9\xef\xbf\xbd"));
    assert_true(plm_json_is_null(plm_json_get(o, "none")) && plm_json_true(plm_json_get(o, "yes")));
    assert_true(plm_str_is(plm_json_text(plm_json_get(o, "least")), "-9223372036854775808"));
    assert_false(plm_json_int(plm_json_get(o, "least"), &least));
    assert_true(plm_json_int(plm_json_get(o, "much"), &least) && least == -12345678901234567);
    assert_false(plm_json_int(plm_json_get(o, "most"), &least));
    assert_int_equal(plm_json_count(plm_json_get(o, "list")), 2);
    assert_null(plm_json_get(o, "absent"));
    assert_null(plm_json_get(plm_json_get(o, "list"), "s"));
    plm_doc_free(d);
    plm_buf_free(&b);
}

static void a_fault_has_line_and_column(void **s) {
    (void)s;
    plm_fault f = {0};
    assert_null(plm_doc_parse(PLM_STR("{\n  \"a\": 1,\n  \"b\": x\n}"), 0, &f));
    assert_int_equal(f.line, 3);
    assert_int_equal(f.column, 8);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_not_strict_json_is_refused),
        cmocka_unit_test(a_key_that_stands_twice_is_refused_however_many_there_are),
        cmocka_unit_test(the_limits_are_refused_past_them),
        cmocka_unit_test(a_number_keeps_its_text_and_is_read_exactly),
        cmocka_unit_test(what_is_written_is_read_again),
        cmocka_unit_test(a_fault_has_line_and_column),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
