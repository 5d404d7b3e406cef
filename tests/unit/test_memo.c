/* The memo against a table that forgets nothing: what it finds is what was put last under that very
 * key, a key that was never put is not found, the newest is found, and its room stays fixed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/memo.h"

#define KEYS 3000
#define PUTS 40000
#define VALUE_MAX 3000

static uint64_t seed = 5;

static uint32_t rnd(uint32_t n) {
    seed = seed * 6364136223846793005ull + 1442695040888963407ull;
    return (uint32_t)(seed >> 33) % n;
}

/* Key k: long or short, many with a beginning or an end in common. */
static plm_str key_of(uint32_t k, char out[96]) {
    int n = k % 3 == 0 ? snprintf(out, 96, "%u", k)
          : k % 3 == 1 ? snprintf(out, 96, "the same beginning of all of these keys %u", k)
                       : snprintf(out, 96, "%u and the same end of all of these keys", k);
    return (plm_str){out, (size_t)n};
}

/* A value tells which put it is of, and is that many bytes long. */
static plm_str value_of(uint32_t put, char out[VALUE_MAX + 16]) {
    size_t n = put * 2654435761u % VALUE_MAX;
    memset(out, 'a' + (char)(put % 26), n);
    n += (size_t)snprintf(out + n, 16, "%u", put);
    return (plm_str){out, n};
}

static void finds_what_was_put_last(void **state) {
    (void)state;
    static uint32_t last[KEYS]; /* 0: never put */
    char k[96], v[VALUE_MAX + 16];
    uint32_t found = 0, asked = 0;
    plm_memo *m = plm_memo_new(1u << 18);
    assert_non_null(m);
    for (uint32_t put = 1; put <= PUTS; put++) {
        uint32_t id = rnd(rnd(4) ? 60 : KEYS);
        plm_str key = key_of(id, k), got;
        plm_memo_put(m, key, value_of(put, v));
        last[id] = put;
        assert_true(plm_memo_find(m, key, &got)); /* the newest is there */
        for (int i = 0; i < 3; i++) {
            id = rnd(i ? 60 : KEYS);
            asked++;
            if (!plm_memo_find(m, key_of(id, k), &got)) continue;
            found++;
            assert_int_not_equal(last[id], 0);
            assert_true(plm_str_eq(got, value_of(last[id], v)));
            assert_int_equal((uintptr_t)got.p % 16, 0);
        }
    }
    assert_true(found > asked / 4);
    plm_memo_free(m);
}

static void limits(void **state) {
    (void)state;
    plm_str got, key = PLM_STR("key");
    static char big[PLM_MEMO_LEAST];
    assert_null(plm_memo_new(0));
    assert_null(plm_memo_new(PLM_MEMO_LEAST - 1));
    plm_memo *m = plm_memo_new(PLM_MEMO_LEAST);
    assert_non_null(m);
    assert_false(plm_memo_find(m, key, &got));
    plm_memo_put(m, key, (plm_str){big, PLM_MEMO_LEAST / 4}); /* with its head, past a quarter */
    assert_false(plm_memo_find(m, key, &got));
    plm_memo_put(m, key, (plm_str){big, PLM_MEMO_LEAST / 4 - 32});
    assert_true(plm_memo_find(m, key, &got));
    plm_memo_put(m, (plm_str){"", 0}, (plm_str){"", 0});
    assert_true(plm_memo_find(m, (plm_str){"", 0}, &got));
    assert_int_equal(got.n, 0);
    plm_memo_free(m);
    plm_memo_free(NULL);
}

static void no_memory(void **state) {
    (void)state;
    for (uint64_t n = 1; n <= 3; n++) {
        plm_mem_fail_after(n);
        assert_null(plm_memo_new(PLM_MEMO_LEAST));
        plm_mem_fail_after(0);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(finds_what_was_put_last),
                                       cmocka_unit_test(limits), cmocka_unit_test(no_memory)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
