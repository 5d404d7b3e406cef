/* Sixteen threads transfer among forty consignees under the cap of LPP through one group: what was
 * acknowledged is what the store holds, everything sums to zero, and no cap was passed at any
 * time, by 1 TPP.  Each answer is durable when it is given (a commit each group).
 * PLM_TRANSFERS: how many (200,000; the long run 10,000,000); PLM_TEST_DIR: where the store is. */
#include "custody/caps_group.h"

#include <inttypes.h>
#include <pthread.h>
#include <setjmp.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

enum { THREADS = 16, HOLDERS = 40, CALL = 32, FIRST = 20000000, LIMIT = 26900000 };

typedef struct worker {
    plm_caps_group *g;
    uint64_t rng, todo;
    int number;
    bool failed;
    char why[520];
    int64_t delta[HOLDERS];
    uint64_t posted, capped, short_of, repeated;
} worker;

static uint64_t next(uint64_t *s) { /* splitmix64 */
    uint64_t z = (*s += 0x9e3779b97f4a7c15u);
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

typedef struct move {
    int from, to;
    int64_t tpp;
    bool again;
} move;

/* Receivers are the first eight more often, so that caps are met; one in 64 says the one before
 * again. */
static void make_line(worker *w, uint64_t at, int slot, move *m, char *line, size_t room) {
    uint64_t r = next(&w->rng);
    m[slot].again = slot > 0 && r % 64 == 0;
    if (m[slot].again) {
        m[slot] = m[slot - 1];
        m[slot].again = true;
        return;
    }
    m[slot].from = (int)((r >> 8 & 0xff) % HOLDERS);
    m[slot].to = (int)(r >> 16 & 7 ? (r >> 24 & 0xff) % HOLDERS : (r >> 24 & 0xff) % 8);
    m[slot].tpp = (int64_t)(1 + (r >> 40) % 90000);
    snprintf(line, room,
             "{\"id\":\"t%d.%" PRIu64 "\",\"date\":\"2025-%02d-%02d\",\"kind\":\"install\","
             "\"country\":\"MY\",\"company\":\"Acme\",\"consignee\":\"C%d\",\"license\":\"LPP\","
             "\"sku\":\"H100\",\"chips\":1,\"tpp\":%" PRId64 ",\"to\":{\"consignee\":\"C%d\"}}",
             w->number, at, (int)(1 + (r >> 32 & 0xff) % 12), (int)(1 + (r >> 36 & 0xff) % 28),
             m[slot].from, m[slot].tpp, m[slot].to);
}

static bool read_line(const char *line, plm_arena *a, plm_caps_posting *p, plm_fault *f) {
    plm_doc *d = plm_doc_parse(plm_str_c(line), 0, f);
    bool ok = d && plm_caps_posting_read(plm_doc_root(d), strstr(line, "\"to\"") != NULL, a, p, f);
    plm_doc_free(d);
    return ok;
}

static bool count_answer(worker *w, const move *m, const plm_caps_answer *a) {
    if (m->again) {
        w->repeated++;
        return true; /* what it must be is checked by the sums */
    }
    if (a->posted) {
        w->posted++;
        w->delta[m->from] -= m->tpp;
        w->delta[m->to] += m->tpp;
        return !a->duplicate;
    }
    if (strcmp(a->code, "balance") == 0) return w->short_of++, true;
    w->capped++;
    return strcmp(a->code, "cap") == 0 && a->limit == LIMIT && a->over > 0 &&
           a->used + a->reserved + a->asked == a->limit + a->over;
}

static void *work(void *arg) {
    worker *w = arg;
    plm_fault f = {0};
    plm_arena *a = plm_arena_new(8u << 20);
    plm_caps_posting p[CALL];
    plm_caps_answer out[CALL];
    move m[CALL];
    char line[CALL][400];
    for (uint64_t at = 0; at < w->todo && !w->failed;) {
        size_t n = 1 + next(&w->rng) % CALL;
        if (n > w->todo - at) n = w->todo - at;
        plm_arena_reset(a);
        for (size_t i = 0; i < n && !w->failed; i++, at++) {
            if (i) memcpy(line[i], line[i - 1], sizeof line[i]);
            make_line(w, at, (int)i, m, line[i], sizeof line[i]);
            w->failed = !read_line(line[i], a, &p[i], &f);
        }
        w->failed = w->failed || !plm_caps_group_post(w->g, p, n, out, &f);
        for (size_t i = 0; i < n && !w->failed; i++) w->failed = !count_answer(w, &m[i], &out[i]);
    }
    if (w->failed) snprintf(w->why, sizeof w->why, "%s %s", f.where, f.say);
    plm_arena_free(a);
    return NULL;
}

static void give_first(plm_caps_group *g) {
    plm_fault f = {0};
    plm_arena *a = plm_arena_new(1u << 20);
    for (int i = 0; i < HOLDERS; i++) {
        plm_caps_posting p;
        plm_caps_answer out;
        char line[400];
        snprintf(line, sizeof line,
                 "{\"id\":\"first%d\",\"date\":\"2025-01-01\",\"kind\":\"install\",\"country\":"
                 "\"MY\",\"company\":\"Acme\",\"consignee\":\"C%d\",\"license\":\"LPP\",\"sku\":"
                 "\"H100\",\"chips\":1,\"tpp\":%d}", i, i, FIRST);
        assert_true(read_line(line, a, &p, &f));
        assert_true(plm_caps_group_post(g, &p, 1, &out, &f) && out.posted);
    }
    plm_arena_free(a);
}

/* Every entry in the order posted: each posting sums to zero, and no holder is ever above the cap
 * (all is of one calendar year).  balance is what each holds in the end. */
static void read_entries(const char *path, int64_t *balance) {
    sqlite3 *db;
    sqlite3_stmt *st;
    int64_t posting = 0, sum = 0, rows = 0;
    memset(balance, 0, HOLDERS * sizeof *balance);
    assert_int_equal(sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(db, "SELECT posting, account, tpp FROM caps_entries"
                                            " ORDER BY posting, ord", -1, &st, NULL), SQLITE_OK);
    for (bool more = true; more;) {
        more = sqlite3_step(st) == SQLITE_ROW;
        int64_t now = more ? sqlite3_column_int64(st, 0) : -1;
        if (now != posting) {
            assert_int_equal(sum, 0);
            for (int i = 0; i < HOLDERS; i++) assert_in_range(balance[i], 0, LIMIT);
        }
        posting = now;
        if (!more) break;
        rows++;
        int64_t tpp = sqlite3_column_int64(st, 2);
        const char *account = (const char *)sqlite3_column_text(st, 1), *who;
        sum += tpp;
        if (strncmp(account, "installed|", 10) != 0) continue;
        assert_non_null(who = strstr(account, "|C"));
        balance[strtol(who + 2, NULL, 10)] += tpp;
    }
    assert_true(rows > 0);
    sqlite3_finalize(st);
    sqlite3_close(db);
}

typedef struct seen {
    int64_t used[HOLDERS];
    int lines;
} seen;

static bool see(void *ctx, const plm_caps_line *x) {
    seen *s = ctx;
    if (!plm_str_is(x->cap, "LPP")) return true;
    const char *who = memmem(x->account.p, x->account.n, ":C", 2);
    assert_non_null(who);
    assert_true(x->limited && x->limit == LIMIT && x->free >= 0 && x->reserved == 0);
    s->used[strtol(who + 2, NULL, 10)] += (int64_t)x->used;
    s->lines++;
    return true;
}

static void check_report(const char *path, const plm_caps_rules *r, const int64_t *want) {
    plm_fault f = {0};
    seen s = {0};
    plm_store *store = plm_store_open(path, &f);
    plm_caps *c = plm_caps_open(store, r, &f);
    assert_non_null(c);
    assert_true(plm_caps_report(c, PLM_DAY_MAX, see, &s, &f));
    for (int i = 0; i < HOLDERS; i++) assert_int_equal(s.used[i], want[i]);
    plm_caps_close(c);
    plm_store_close(store);
}

static double seconds(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void sixteen_threads_sum_to_zero_and_pass_no_cap(void **state) {
    (void)state;
    const char *n = getenv("PLM_TRANSFERS"), *dir = getenv("PLM_TEST_DIR");
    uint64_t total = n ? strtoull(n, NULL, 10) : 200000;
    char folder[300], path[340], other[360];
    snprintf(folder, sizeof folder, "%s/plm-threads-XXXXXX", dir ? dir : P_tmpdir);
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/s.db", folder);
    plm_fault f = {0};
    plm_caps_rules *r = plm_caps_rules_read("rulebooks", "diffusion", &f);
    plm_caps_group *g = r ? plm_caps_group_open(path, r, &f) : NULL;
    assert_non_null(g);
    give_first(g);
    static worker w[THREADS];
    pthread_t t[THREADS];
    double start = seconds();
    for (int i = 0; i < THREADS; i++) {
        w[i] = (worker){.g = g, .number = i, .rng = 77u + (uint64_t)i,
                        .todo = total / THREADS + (i < (int)(total % THREADS))};
        assert_int_equal(pthread_create(&t[i], NULL, work, &w[i]), 0);
    }
    int64_t want[HOLDERS], have[HOLDERS];
    uint64_t posted = 0, capped = 0, empty = 0, again = 0;
    for (int k = 0; k < HOLDERS; k++) want[k] = FIRST;
    for (int i = 0; i < THREADS; i++) {
        pthread_join(t[i], NULL);
        if (w[i].failed) fail_msg("thread %d: %s", i, w[i].why);
        posted += w[i].posted, capped += w[i].capped, empty += w[i].short_of;
        again += w[i].repeated;
        for (int k = 0; k < HOLDERS; k++) want[k] += w[i].delta[k];
    }
    double took = seconds() - start;
    plm_caps_group_counts c = plm_caps_group_count(g);
    plm_caps_group_close(g);
    assert_true(c.postings == total + HOLDERS && posted + capped + empty + again == total);
    read_entries(path, have);
    for (int k = 0; k < HOLDERS; k++) assert_int_equal(have[k], want[k]);
    check_report(path, r, want);
    assert_true(capped > total / 1000 && posted > total / 4); /* the caps were met, often */
    print_message("%" PRIu64 " transfers, %d threads, %.1f s: %" PRIu64 " posted, %" PRIu64
                  " over a cap, %" PRIu64 " without balance, %" PRIu64 " said again, %" PRIu64
                  " commits\n", total, THREADS, took, posted, capped, empty, again, c.commits);
    plm_caps_rules_free(r);
    static const char *const tails[] = {"", "-wal", "-shm"};
    for (int i = 0; i < 3; i++) {
        snprintf(other, sizeof other, "%s%s", path, tails[i]);
        unlink(other);
    }
    rmdir(folder);
}

static void too_many_at_once_is_a_fault(void **state) {
    (void)state;
    plm_fault f = {0};
    plm_caps_rules *r = plm_caps_rules_read("rulebooks", "none", &f);
    plm_caps_group *g = plm_caps_group_open(":memory:", r, &f);
    static plm_caps_posting p[PLM_CAPS_BATCH + 1];
    static plm_caps_answer out[PLM_CAPS_BATCH + 1];
    assert_non_null(g);
    assert_false(plm_caps_group_post(g, p, PLM_CAPS_BATCH + 1, out, &f));
    assert_int_equal(f.code, PLM_OUT_OF_RANGE);
    assert_true(plm_caps_group_post(g, p, 0, out, &f));
    plm_caps_group_close(g);
    plm_caps_group_close(NULL);
    plm_caps_rules_free(r);
}

static void a_store_that_can_not_be_opened_is_a_fault(void **state) {
    (void)state;
    plm_fault f = {0};
    plm_caps_rules *r = plm_caps_rules_read("rulebooks", "none", &f);
    assert_null(plm_caps_group_open("/no/such/folder/s.db", r, &f));
    assert_int_equal(f.code, PLM_IO);
    plm_caps_rules_free(r);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sixteen_threads_sum_to_zero_and_pass_no_cap),
        cmocka_unit_test(too_many_at_once_is_a_fault),
        cmocka_unit_test(a_store_that_can_not_be_opened_is_a_fault),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
