/* Decisions: bound to both sides; the log's chain shows any change of it.  And what the library
 * alone answers of imports and watches from a directory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"
#include "plimsoll/fetch.h"
#include "plimsoll/watch.h"

static char dir[64];

static int make_dir(void **s) {
    (void)s;
    snprintf(dir, sizeof dir, "build/san/decision-XXXXXX");
    return mkdtemp(dir) ? 0 : -1;
}

static int remove_dir(void **s) {
    (void)s;
    char cmd[128];
    snprintf(cmd, sizeof cmd, "rm -r '%s'", dir);
    return system(cmd);
}

static plm_list *one_entry(const char *alias) {
    plm_list *l = plm_list_new(PLM_STR("own"), PLM_STR("1"));
    plm_list_add_entity(l, PLM_STR("7"), PLM_STR("own"), PLM_STR("Acme"), PLM_ENTITY_UNKNOWN, NULL);
    plm_list_add_name(l, plm_str_c(alias), PLM_NAME_ALIAS, NULL);
    return l;
}

static plm_query query(plm_arena *a, const char *json) {
    plm_query q;
    plm_fault f = {0};
    if (!plm_query_read(a, plm_str_c(json), &q, &f)) fail_msg("%s", f.say);
    return q;
}

static plm_decision decision(plm_query *q, const plm_list *l, plm_decision_word word) {
    plm_decision d = {.word = word, .source = PLM_STR("own"), .entity = PLM_STR("7"),
                      .reason = PLM_STR("another city"), .author = PLM_STR("R. \"M\" \xC3\xA9"),
                      .day = 20000, .query = PLM_STR("{\"name\":\"Acme\"}"),
                      .edition = PLM_STR("x"), .score = 9000, .threshold = 7000};
    plm_query_digest(q, d.query_hash);
    plm_list_entity_digest(l, &l->entities[0], d.entity_hash);
    return d;
}

static void a_decision_holds_until_a_side_changes(void **s) {
    (void)s;
    char path[128];
    plm_fault f = {0};
    plm_arena *a = plm_arena_new(1 << 20);
    plm_query q = query(a, "{\"name\":\"Acme\",\"country\":\"CN\"}");
    plm_query other = query(a, "{\"name\":\"Acme\",\"country\":\"RU\"}");
    plm_list *l = one_entry("A"), *later = one_entry("B");
    snprintf(path, sizeof path, "%s/log", dir);
    plm_decision d = decision(&q, l, PLM_DECISION_NOT_THIS_ONE);
    assert_true(plm_decisions_add(path, &d, &f));
    d = decision(&q, l, PLM_DECISION_THIS_ONE);
    assert_true(plm_decisions_add(path, &d, &f));
    plm_decisions *log = plm_decisions_open(path, &f);
    if (!log) fail_msg("%s: %s", f.where, f.say);
    assert_int_equal(plm_decisions_count(log), 2);
    const plm_decision *got = plm_decisions_find(log, &q, l, &l->entities[0]);
    assert_ptr_equal(got, plm_decisions_at(log, 1)); /* the latest */
    assert_string_equal(plm_decision_word_name(got->word), "this-one");
    assert_null(plm_decisions_find(log, &other, l, &l->entities[0]));
    assert_null(plm_decisions_find(log, &q, later, &later->entities[0]));
    assert_null(plm_decisions_at(log, 2));
    plm_decisions_free(log);
    d.reason = PLM_STR(" ");
    assert_false(plm_decisions_add(path, &d, &f));
    assert_int_equal(f.code, PLM_BAD_INPUT);
    plm_list_free(l);
    plm_list_free(later);
    plm_arena_free(a);
}

static void any_byte_changed_breaks_the_chain(void **s) {
    (void)s;
    char path[128], bad[128];
    plm_fault f = {0};
    plm_arena *a = plm_arena_new(1 << 20);
    plm_query q = query(a, "{\"name\":\"Acme\"}");
    plm_list *l = one_entry("A");
    snprintf(path, sizeof path, "%s/chain", dir);
    snprintf(bad, sizeof bad, "%s/bad", dir);
    plm_decision d = decision(&q, l, PLM_DECISION_NOT_THIS_ONE);
    for (int i = 0; i < 2; i++) assert_true(plm_decisions_add(path, &d, &f));
    plm_buf b;
    plm_buf_init(&b, 1 << 20);
    assert_true(plm_file_read(path, &b, &f));
    for (size_t at = 0; at < b.n; at++) {
        char was = b.p[at];
        b.p[at] = (char)(was == 'a' ? 'b' : 'a');
        if (at % 3 == 0) {
            assert_true(plm_file_write_durable(bad, plm_buf_str(&b), 0600, &f));
            plm_fault g = {0};
            plm_decisions *log = plm_decisions_open(bad, &g);
            if (log) fail_msg("byte %zu of %zu", at, b.n);
            assert_true(g.line >= 1 && g.line <= 2);
        }
        b.p[at] = was;
    }
    plm_buf_free(&b);
    plm_list_free(l);
    plm_arena_free(a);
}

static void queries_are_read_and_told_apart(void **s) {
    (void)s;
    plm_arena *a = plm_arena_new(1 << 20);
    plm_query q = query(a, "{\"id\":\"1\",\"name\":\"A\",\"type\":\"person\","
        "\"birth_date\":\"1970-02\","
                           "\"ids\":{\"imo\":\"9\"}}");
    assert_int_equal(q.kind, PLM_ENTITY_PERSON);
    assert_int_equal(q.birth_to - q.birth_from, 27);
    assert_int_equal(q.id_n, 1);
    unsigned char x[32], y[32];
    plm_query_digest(&q, x);
    q.id_value[0] = PLM_STR("8");
    plm_query_digest(&q, y);
    assert_memory_not_equal(x, y, 32);
    static const char *const bad[] = {"[]", "{", "{\"name\":\"A\",\"type\":\"x\"}",
                                      "{\"name\":\"A\",\"country\":\"XX\"}",
                                      "{\"name\":\"A\",\"birth_date\":\"70\"}"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(plm_query_read(a, plm_str_c(bad[i]), &q, NULL));
    plm_arena_free(a);
}

static void imports_are_kept_and_watched(void **s) {
    (void)s;
    char file[128], lists[128], first[160];
    plm_fault f = {0};
    plm_imported out[PLM_LISTS_MAX];
    uint32_t n;
    snprintf(file, sizeof file, "%s/mine.csv", dir);
    snprintf(lists, sizeof lists, "%s/lists", dir);
    snprintf(first, sizeof first, "%s/editions/1", lists);
    const char *files[] = {file};
    plm_import_request r = {.dir = lists, .files = files, .file_n = 1};
    assert_true(plm_file_write_durable(file, PLM_STR("name\nKunlun Radar\n"), 0600, &f));
    assert_true(plm_lists_import(&r, out, &n, &f));
    assert_int_equal(n, 1);
    assert_string_equal(out[0].source, "own");
    assert_true(plm_file_write_durable(file, PLM_STR("name\nKunlun Radar\nOmega "
        "Star\n"), 0600, &f));
    assert_true(plm_lists_import(&r, out, &n, &f));
    assert_int_equal(out[0].former, 1);
    plm_watch *w = plm_watch_open(first, lists, false, &f);
    if (!w) fail_msg("%s: %s", f.where, f.say);
    plm_query q = {.name = PLM_STR("Omega Star"), .birth_from = PLM_DAY_MIN,
                   .birth_to = PLM_DAY_MIN};
    plm_screen_options o = plm_screen_defaults();
    const plm_watch_match *m;
    assert_int_equal(plm_watch_changes(w), 1);
    assert_true(plm_watch_query(w, &q, &o, &m, &n, &f));
    assert_int_equal(n, 1);
    assert_string_equal(plm_change_kind_name(m[0].kind), "added");
    assert_string_not_equal(plm_watch_edition(w, false), plm_watch_edition(w, true));
    plm_watch_free(w);
    plm_fault_clear(&f);
    assert_true(plm_file_write_durable(file, PLM_STR("name\n\"cut"), 0600, &f));
    assert_false(plm_lists_import(&r, out, &n, &f));
    assert_int_equal(f.line, 2);
}

static void only_known_publishers_are_asked(void **s) {
    (void)s;
    uint32_t n;
    const plm_publisher *p = plm_publishers(&n);
    for (uint32_t i = 0; i < n; i++) {
        assert_true(strncmp(p[i].urls[0], "https://", 8) == 0);
        assert_true(plm_import_format_name(p[i].format)[0] != 0);
    }
    plm_fetch_request r = {.dir = dir, .source = "nobody"};
    plm_fetched got;
    plm_fault f = {0};
    assert_false(plm_lists_fetch(&r, &got, &f));
    assert_int_equal(f.code, PLM_NOT_FOUND);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_decision_holds_until_a_side_changes),
        cmocka_unit_test(any_byte_changed_breaks_the_chain),
        cmocka_unit_test(queries_are_read_and_told_apart),
        cmocka_unit_test(imports_are_kept_and_watched),
        cmocka_unit_test(only_known_publishers_are_asked),
    };
    return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
