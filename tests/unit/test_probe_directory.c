/* Directories: the signature covers every value and no white space; twins and bad forms refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/key.h"
#include "plimsoll/probe.h"

static plm_key root;
static char path[64];
#define K1 "1111111111111111111111111111111111111111111111111111111111111111"
#define K2 "2222222222222222222222222222222222222222222222222222222222222222"
#define LM(id, key) "{\"id\":\"" id "\",\"operator\":\"o\",\"lat\":50.1,\"lon\":-8.5e0," \
                    "\"address\":\"[::1]:4000\",\"key\":\"" key "\"}"
#define GOOD "{\"landmarks\": [" LM("a", K1) "," LM("b", K2) "],\n \"agents\": [" \
             "{\"device\":\"d\",\"key\":\"" K1 "\"}], \"verifiers\": [\"" K2 "\"], \"note\": \"\\u00e9\"}"

static int before(void **s) {
    (void)s;
    snprintf(path, sizeof path, "build/test_directory.%ld", (long)getpid());
    unlink(path);
    return plm_key_new(NULL, &root, NULL) && plm_key_write(&root, path, NULL) ? 0 : -1;
}

static int after(void **s) {
    (void)s;
    return unlink(path);
}

static bool parse(plm_str text, const unsigned char *trust, plm_code *code) {
    plm_arena *a = plm_arena_new(1 << 22);
    plm_probe_directory d;
    plm_fault f = {0};
    bool ok = plm_probe_directory_parse(text, trust, a, &d, &f);
    plm_arena_free(a);
    if (code) *code = f.code;
    return ok;
}

static void sign(const char *text, plm_buf *out) {
    plm_fault f = {0};
    plm_buf_init(out, 1 << 20);
    if (!plm_probe_directory_sign(plm_str_c(text), path, out, &f)) fail_msg("%s", f.say);
}

static void what_is_signed_reads_back(void **s) {
    (void)s;
    plm_buf out;
    sign(GOOD, &out);
    plm_arena *a = plm_arena_new(1 << 22);
    plm_probe_directory d;
    assert_true(plm_probe_directory_parse(plm_buf_str(&out), root.public, a, &d, NULL));
    assert_int_equal(d.landmark_n, 2);
    assert_true(plm_str_is(d.landmarks[0].host, "::1") && plm_str_is(d.landmarks[0].port, "4000"));
    assert_true(plm_probe_directory_landmark(&d, PLM_STR("b")) == &d.landmarks[1]);
    assert_true(plm_probe_directory_agent(&d, PLM_STR("d")) == &d.agents[0]);
    assert_null(plm_probe_directory_agent(&d, PLM_STR("e")));
    unsigned char k2[32];
    memset(k2, 0x22, 32);
    assert_true(plm_probe_directory_verifier(&d, k2));
    k2[0] = 0;
    assert_false(plm_probe_directory_verifier(&d, k2));
    plm_code code;
    assert_false(parse(plm_buf_str(&out), k2, &code));
    assert_int_equal(code, PLM_REFUSED);
    plm_arena_free(a);
    plm_buf_free(&out);
}

static void white_space_and_order_do_not_matter_and_values_do(void **s) {
    (void)s;
    plm_buf a, b;
    sign(GOOD, &a);
    sign("{\"verifiers\":[\"" K2 "\"],\"note\":\"\xc3\xa9\",\"agents\":[{\"key\":\"" K1
         "\",\"device\":\"d\"}],\"landmarks\":[" LM("a", K1) ", " LM("b", K2) "],"
         "\"signature\":\"old\"}", &b);
    assert_memory_equal(a.p + a.n - 131, b.p + b.n - 131, 131); /* the same signature */
    for (size_t i = 0; i < a.n; i++) {
        a.p[i] ^= 4;
        if (parse(plm_buf_str(&a), root.public, NULL)) fail_msg("byte %zu may change", i);
        a.p[i] ^= 4;
    }
    plm_buf_free(&a);
    plm_buf_free(&b);
}

static void bad_forms_are_refused(void **s) {
    (void)s;
    static const char *const bad[] = {
        "[]", "{}", "{\"landmarks\":{}}", "{\"landmarks\":[{}]}", "{\"landmarks\":[1]}",
        "{\"landmarks\":[" LM("a", K1) "," LM("a", K2) "]}",
        "{\"landmarks\":[" LM("a", K1) "," LM("b", K1) "]}",
        "{\"landmarks\":[" LM("a b", K1) "]}", "{\"landmarks\":[" LM("", K1) "]}",
        "{\"landmarks\":[" LM("a", "12") "]}",
        "{\"landmarks\":[],\"agents\":[{\"device\":\"d\",\"key\":\"" K1
        "\",\"ak\":\"no key\"}]}",
        "{\"landmarks\":[],\"agents\":[{\"device\":\"d\",\"key\":\"" K1 "\"},{\"device\":\"e\","
        "\"key\":\"" K1 "\"}]}",
        "{\"landmarks\":[],\"verifiers\":[1]}",
        "{\"landmarks\":[{\"id\":\"a\",\"lat\":90.1,\"lon\":0,\"address\":\"h:1\",\"key\":\"" K1
        "\"}]}",
        "{\"landmarks\":[{\"id\":\"a\",\"lat\":\"9\",\"lon\":0,\"address\":\"h:1\",\"key\":\"" K1
        "\"}]}",
        "{\"landmarks\":[{\"id\":\"a\",\"lat\":9,\"lon\":0,\"address\":\"h\",\"key\":\"" K1
        "\"}]}",
        "{\"landmarks\":[{\"id\":\"a\",\"lat\":9,\"lon\":0,\"address\":\"h:x\",\"key\":\"" K1
        "\"}]}"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        plm_buf out;
        plm_fault f = {0};
        plm_buf_init(&out, 1 << 20);
        if (plm_probe_directory_sign(plm_str_c(bad[i]), path, &out, &f)) fail_msg("%s", bad[i]);
        assert_true(f.code != PLM_OK && f.say[0]);
        plm_buf_free(&out);
    }
}

static void more_landmarks_than_the_limit_are_refused(void **s) {
    (void)s;
    plm_buf b, out;
    plm_fault f = {0};
    plm_buf_init(&b, 1 << 20);
    plm_buf_init(&out, 1 << 20);
    plm_buf_puts(&b, "{\"landmarks\":[");
    for (unsigned i = 0; i <= PLM_PROBE_DIRECTORY_LANDMARKS_MAX; i++)
        plm_buf_printf(&b, "%s{\"id\":\"l%u\",\"lat\":1,\"lon\":1,\"address\":\"h:1\",\"key\":"
                       "\"%064x\"}", i ? "," : "", i, i + 1);
    plm_buf_puts(&b, "]}");
    assert_false(plm_probe_directory_sign(plm_buf_str(&b), path, &out, &f));
    assert_int_equal(f.code, PLM_OUT_OF_RANGE);
    plm_buf_free(&b);
    plm_buf_free(&out);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_signed_reads_back),
        cmocka_unit_test(white_space_and_order_do_not_matter_and_values_do),
        cmocka_unit_test(bad_forms_are_refused),
        cmocka_unit_test(more_landmarks_than_the_limit_are_refused),
    };
    return cmocka_run_group_tests(tests, before, after);
}
