/* A book from memory is the book from a file of that name. */
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

static const char law[] = "rulebook e \"E\" edition 2026-01-01\n"
                          "fact a of item is number\n"
                          "class c of item when a >= 3 cite \"x\"\n";

static void a_text_loads_as_the_file_of_its_name_does(void **s) {
    (void)s;
    char path[] = P_tmpdir "/plimsoll-book-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, law, sizeof law - 1), (ssize_t)sizeof law - 1);
    close(fd);
    plm_fault f = {0};
    const char *paths[] = {path};
    plm_book *one = plm_book_load(paths, 1, &f);
    plm_book *two = plm_book_load_text(plm_str_c(path), PLM_STR(law), &f);
    unlink(path);
    assert_non_null(one);
    assert_non_null(two);
    assert_memory_equal(plm_book_sha256(one), plm_book_sha256(two), 32);
    assert_int_equal(plm_book_find(two, PLM_STR("c")), 0);
    assert_false(plm_book_rule(two, 0)->draft);
    plm_book_free(one);
    plm_book_free(two);
}

static void a_fault_names_the_text_and_its_line(void **s) {
    (void)s;
    plm_fault f = {0};
    assert_null(plm_book_load_text(PLM_STR("mine"), PLM_STR("rulebook e \"E\" edition 2026-01-01\n"
                                                            "fact a of item is nombre\n"), &f));
    assert_string_equal(f.where, "mine");
    assert_int_equal(f.line, 2);
}

static void a_text_past_the_limit_is_refused(void **s) {
    (void)s;
    static char big[PLM_RULES_FILE_MAX + 1];
    memset(big, '\n', sizeof big);
    memcpy(big, law, sizeof law - 1);
    plm_fault f = {0};
    assert_null(plm_book_load_text(PLM_STR("big"), (plm_str){big, sizeof big}, &f));
    assert_int_equal(f.code, PLM_OUT_OF_RANGE);
    plm_book *b = plm_book_load_text(PLM_STR("big"), (plm_str){big, sizeof big - 1}, NULL);
    assert_non_null(b);
    plm_book_free(b);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_text_loads_as_the_file_of_its_name_does),
        cmocka_unit_test(a_fault_names_the_text_and_its_line),
        cmocka_unit_test(a_text_past_the_limit_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
