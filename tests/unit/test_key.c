/* Keys: one spelling, halves that agree, verifier keys as C2SP has them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"
#include "base/key.h"

static char path[64];

static void fresh_path(void) {
    static int n;
    snprintf(path, sizeof path, "build/test_key.%ld.%d", (long)getpid(), n++);
    unlink(path);
}

static void what_is_written_reads_back_and_is_private(void **s) {
    (void)s;
    plm_key a, b;
    plm_fault f = {0};
    struct stat st;
    fresh_path();
    assert_true(plm_key_new("custody.example/log", &a, &f));
    assert_true(plm_key_write(&a, path, &f));
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_true(plm_key_read(path, &b, &f));
    assert_memory_equal(&a, &b, sizeof a);
    assert_false(plm_key_write(&a, path, &f));
    assert_int_equal(f.code, PLM_CONFLICT);
    unlink(path);
    plm_key_wipe(&a);
}

static void halves_that_disagree_are_refused(void **s) {
    (void)s;
    plm_key a, b;
    plm_fault f = {0};
    fresh_path();
    assert_true(plm_key_new(NULL, &a, &f));
    a.public[3] ^= 1;
    assert_true(plm_key_write(&a, path, &f));
    assert_false(plm_key_read(path, &b, &f));
    assert_int_equal(f.code, PLM_BAD_INPUT);
    unlink(path);
}

static void a_signature_holds_for_its_bytes_only(void **s) {
    (void)s;
    plm_key a;
    unsigned char sig[PLM_KEY_SIGNATURE_LEN];
    assert_true(plm_key_new(NULL, &a, NULL));
    plm_key_sign(&a, PLM_STR("one"), sig);
    assert_true(plm_key_check(a.public, PLM_STR("one"), sig));
    assert_false(plm_key_check(a.public, PLM_STR("onf"), sig));
    sig[63] ^= 0x10;
    assert_false(plm_key_check(a.public, PLM_STR("one"), sig));
}

/* The example of golang.org/x/mod/sumdb/note: a published verifier key of the Go checksum log. */
static void a_published_verifier_key_reads_and_prints(void **s) {
    (void)s;
    const char *want = "sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8";
    char name[PLM_KEY_NAME_MAX + 1], out[PLM_KEY_VKEY_MAX];
    unsigned char public[PLM_KEY_PUBLIC_LEN];
    plm_fault f = {0};
    assert_true(plm_key_vkey_parse(plm_str_c(want), name, public, &f));
    assert_string_equal(name, "sum.golang.org");
    assert_int_equal(plm_key_note_id(name, public), 0x033de0ae);
    assert_true(plm_key_vkey_print(name, public, out));
    assert_string_equal(out, want);
    char bad[128];
    for (size_t i = 0; i < strlen(want); i++) {
        snprintf(bad, sizeof bad, "%s", want);
        bad[i] ^= 1;
        plm_fault_clear(&f);
        assert_false(plm_key_vkey_parse(plm_str_c(bad), name, public, &f));
    }
}

static void names_that_a_note_cannot_hold_are_refused(void **s) {
    (void)s;
    plm_key a;
    plm_fault f = {0};
    assert_false(plm_key_new("a b", &a, &f));
    assert_false(plm_key_new("a+b", &a, NULL));
    assert_false(plm_key_new("a\n", &a, NULL));
    unsigned char p[PLM_KEY_PUBLIC_LEN];
    assert_false(plm_key_parse_public(
        PLM_STR("ABCDEF0000000000000000000000000000000000000000000000000000000000"), p));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_reads_back_and_is_private),
        cmocka_unit_test(halves_that_disagree_are_refused),
        cmocka_unit_test(a_signature_holds_for_its_bytes_only),
        cmocka_unit_test(a_published_verifier_key_reads_and_prints),
        cmocka_unit_test(names_that_a_note_cannot_hold_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
