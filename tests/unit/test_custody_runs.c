/* The index of events: whatever commits brought it, everything put is found and nothing else; its
 * sum is that of its entries; damage is said. */
#include "custody/runs.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define KEYS 3000u

static char path[] = "plm-runs-XXXXXX";
static uint64_t seed = 7;

static uint32_t roll(uint32_t n) {
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(seed >> 33) % n;
}

static plm_store *fresh(void) {
    memcpy(path + sizeof path - 7, "XXXXXX", 6);
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    close(fd);
    plm_store *s = plm_store_open(path, NULL);
    assert_non_null(s);
    return s;
}

static void done(plm_store *s) {
    char more[64];
    plm_store_close(s);
    unlink(path);
    snprintf(more, sizeof more, "%s-wal", path);
    unlink(more);
    snprintf(more, sizeof more, "%s-shm", path);
    unlink(more);
}

static uint64_t key_of(uint32_t k) {
    char text[32];
    int n = snprintf(text, sizeof text, "key %u", k);
    return plm_runs_key((plm_runs_kind)(k % 4), (plm_str){text, (size_t)n});
}

typedef struct book { /* events of each key, in the order they came */
    int64_t v[KEYS][40];
    unsigned n[KEYS];
    uint64_t sum, entries;
    int64_t last;
} book;

static void put(plm_runs *r, book *b, uint32_t k) {
    if (b->n[k] == 40) return;
    assert_true(plm_runs_put(r, key_of(k), ++b->last, NULL));
    b->v[k][b->n[k]++] = b->last;
    b->sum = plm_runs_sum_add(b->sum, key_of(k), b->last);
    b->entries++;
}

static void same(plm_runs *r, const book *b, uint32_t k) {
    plm_runs_found f = {0};
    assert_true(plm_runs_find(r, key_of(k), &f, NULL));
    assert_int_equal(f.n, b->n[k]);
    for (size_t i = 0; i < f.n; i++) assert_int_equal(f.v[i], b->v[k][i]);
    plm_mem_free(f.v);
}

static void whole(plm_store *s, const book *b) {
    uint64_t sum, entries;
    const char *why;
    assert_true(plm_runs_sum(s, &sum, &entries, &why, NULL));
    assert_null(why);
    assert_int_equal(entries, b->entries);
    assert_true(sum == b->sum);
}

static void what_was_put_is_found_over_any_commits(void **state) {
    (void)state;
    plm_store *s = fresh();
    book *b = calloc(1, sizeof *b);
    assert_non_null(b);
    for (int commit = 0; commit < 120; commit++) {
        assert_true(plm_store_begin(s, NULL));
        plm_runs *r = plm_runs_open(s, NULL);
        assert_non_null(r);
        uint32_t n = commit % 10 == 9 ? 3000 + roll(6000) : roll(12);
        for (uint32_t i = 0; i < n; i++) put(r, b, roll(KEYS));
        for (int i = 0; i < 20; i++) same(r, b, roll(KEYS));
        assert_true(plm_runs_flush(r, NULL));
        for (int i = 0; i < 20; i++) same(r, b, roll(KEYS));
        plm_runs_close(r);
        assert_true(plm_store_commit(s, NULL));
    }
    plm_runs *r = plm_runs_open(s, NULL);
    for (uint32_t k = 0; k < KEYS; k++) same(r, b, k);
    plm_runs_close(r);
    whole(s, b);
    free(b);
    done(s);
}

static void runs_stay_few_and_small_commits_small(void **state) {
    (void)state;
    plm_store *s = fresh();
    for (int commit = 0; commit < 500; commit++) {
        assert_true(plm_store_begin(s, NULL));
        plm_runs *r = plm_runs_open(s, NULL);
        assert_true(plm_runs_put(r, key_of((uint32_t)commit), commit + 1, NULL));
        assert_true(plm_runs_flush(r, NULL));
        plm_runs_close(r);
        assert_true(plm_store_commit(s, NULL));
    }
    plm_stmt *q = plm_stmt_new(s, "SELECT COUNT(*), SUM(entries) FROM index_runs", NULL);
    assert_int_equal(plm_stmt_step(q, NULL), 1);
    assert_true(plm_col_int(q, 0) <= 10); /* one for each power of two */
    assert_int_equal(plm_col_int(q, 1), 500);
    plm_stmt_free(q);
    done(s);
}

static void a_key_of_many_events_spans_pages(void **state) {
    (void)state;
    plm_store *s = fresh();
    uint64_t before = key_of(1) - 1;
    assert_true(plm_store_begin(s, NULL));
    plm_runs *r = plm_runs_open(s, NULL);
    for (int i = 1; i <= 5000; i++)
        assert_true(plm_runs_put(r, i % 2 ? key_of(1) : before, 5001 - i, NULL)); /* any order */
    assert_true(plm_runs_flush(r, NULL));
    plm_runs_found f = {0};
    assert_true(plm_runs_find(r, key_of(1), &f, NULL));
    assert_int_equal(f.n, 2500);
    for (size_t i = 0; i < f.n; i++) assert_int_equal(f.v[i], 2 * (int64_t)i + 2);
    plm_mem_free(f.v);
    plm_runs_close(r);
    plm_store_rollback(s);
    done(s);
}

static void damage_is_said(void **state) {
    (void)state;
    static const char *const harm[] = {
        "UPDATE index_pages SET body = substr(body, 2)", "DELETE FROM index_pages",
        "UPDATE index_pages SET first = first + 1", "UPDATE index_runs SET pages = -1",
        "UPDATE index_runs SET entries = entries + 1", "UPDATE index_pages SET body = x''"};
    for (size_t i = 0; i < sizeof harm / sizeof *harm; i++) {
        plm_store *s = fresh();
        uint64_t sum, entries;
        const char *why;
        assert_true(plm_store_begin(s, NULL));
        plm_runs *r = plm_runs_open(s, NULL);
        for (uint32_t k = 0; k < 100; k++) assert_true(plm_runs_put(r, key_of(k), k + 1, NULL));
        assert_true(plm_runs_flush(r, NULL));
        plm_runs_close(r);
        assert_true(plm_store_exec(s, harm[i], NULL));
        assert_true(plm_runs_sum(s, &sum, &entries, &why, NULL));
        assert_non_null(why);
        plm_store_rollback(s);
        done(s);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_put_is_found_over_any_commits),
        cmocka_unit_test(runs_stay_few_and_small_commits_small),
        cmocka_unit_test(a_key_of_many_events_spans_pages),
        cmocka_unit_test(damage_is_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
