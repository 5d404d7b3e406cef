/* A list's image: what is put in comes back, and a damaged one is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "plimsoll/list.h"

static char path[] = "/tmp/plimsoll-image-XXXXXX";

static plm_list *sample(void) {
    plm_fault f = {0};
    plm_list *l = plm_list_new(PLM_STR("test"), PLM_STR("2026-01-02"));
    assert_non_null(l);
    assert_true(plm_list_add_entity(l, PLM_STR("1"), PLM_STR("sdn"), PLM_STR("  Ivan \n Ivanov "),
                                    PLM_ENTITY_PERSON, &f));
    assert_true(plm_list_add_name(l, PLM_STR("Иван Иванов"), PLM_NAME_ALIAS, &f));
    assert_true(plm_list_add_birth(l, 0, 364, &f));
    assert_true(plm_list_add_entity(l, PLM_STR("2"), PLM_STR("sdn"), PLM_STR("Acme"),
                                    PLM_ENTITY_ORGANIZATION, &f));
    assert_true(plm_list_add_address(l, PLM_STR("1 High Street"), 0, &f));
    assert_true(plm_list_add_id(l, PLM_STR("lei"), PLM_STR("X"), &f));
    assert_true(plm_list_set(l, PLM_LIST_CITATION, PLM_STR("89 FR 1"), &f));
    plm_list_set_bits(l, PLM_ENTITY_ADDRESS_ONLY, 1u << 4);
    return l;
}

static void an_image_comes_back(void **state) {
    (void)state;
    plm_fault f = {0};
    plm_list *l = sample(), *m;
    assert_true(plm_list_save(l, path, &f));
    m = plm_list_open(path, true, &f);
    assert_non_null(m);
    assert_int_equal(m->entity_n, 2);
    assert_int_equal(m->name_n, 3);
    assert_true(plm_str_is(plm_list_text(m, m->entities[0].name), "Ivan Ivanov"));
    assert_true(plm_str_is(plm_list_text(m, m->entities[1].citation), "89 FR 1"));
    assert_int_equal(m->entities[1].footnotes, 16);
    assert_memory_equal(m->hash, l->hash, 32);
    assert_false(plm_list_add_name(m, PLM_STR("x"), PLM_NAME_ALIAS, NULL));
    plm_list_free(l);
    plm_list_free(m);
}

static void every_damaged_byte_is_refused(void **state) {
    (void)state;
    plm_fault f = {0};
    plm_list *l = sample();
    assert_true(plm_list_save(l, path, &f));
    plm_list_free(l);
    FILE *in = fopen(path, "r+b");
    assert_non_null(in);
    fseek(in, 0, SEEK_END);
    long size = ftell(in);
    for (long i = 0; i < size; i++) {
        fseek(in, i, SEEK_SET);
        int c = fgetc(in);
        fseek(in, i, SEEK_SET);
        fputc(c ^ 0x5A, in);
        fflush(in);
        assert_null(plm_list_open(path, true, NULL));
        plm_list *m = plm_list_open(path, false, NULL); /* no hash: offsets must still be inside */
        plm_list_free(m);
        fseek(in, i, SEEK_SET);
        fputc(c, in);
        fflush(in);
    }
    fclose(in);
    for (long i = 0; i < size; i += 7) {
        assert_int_equal(truncate(path, size - 1 - i), 0);
        assert_null(plm_list_open(path, false, NULL));
    }
}

static void bad_text_is_refused(void **state) {
    (void)state;
    plm_fault f = {0};
    plm_list *l = sample();
    assert_false(plm_list_add_name(l, PLM_STR("\xC3("), PLM_NAME_ALIAS, &f));
    assert_int_equal(f.code, PLM_BAD_INPUT);
    plm_fault_clear(&f);
    assert_false(plm_list_add_entity(l, PLM_STR("3"), PLM_STR("x"), PLM_STR("  "), 0, &f));
    plm_fault_clear(&f);
    char *big = calloc(1, PLM_LIST_FIELD_MAX + 2);
    memset(big, 'a', PLM_LIST_FIELD_MAX + 1);
    assert_false(plm_list_add_name(l, (plm_str){big, PLM_LIST_FIELD_MAX + 1}, 0, &f));
    assert_int_equal(f.code, PLM_OUT_OF_RANGE);
    free(big);
    plm_list_free(l);
    assert_null(plm_list_new(PLM_STR("../x"), PLM_STR("")));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_image_comes_back),
        cmocka_unit_test(every_damaged_byte_is_refused),
        cmocka_unit_test(bad_text_is_refused),
    };
    int fd = mkstemp(path);
    if (fd < 0) return 1;
    close(fd);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    unlink(path);
    return failed;
}
