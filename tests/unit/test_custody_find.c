/* The findings API on a store of its own: nothing is found in nothing, a scene is found the same
 * again, and short memory is a fault and never a crash. */
#include "custody/world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static char path[] = "plm-find-XXXXXX";

static void scene(plm_store *s) {
    /* a card read at home, twice far away, and at home again */
    static const char *const rows[] = {
        "INSERT INTO sites VALUES ('414/1', x'00', 'Home', 'datacenter', '417/1', 'JP', 35.0,"
        " 139.0, 1200000, '')",
        "INSERT INTO sites VALUES ('414/2', x'00', 'Far', 'datacenter', '417/2', 'DE', 50.0,"
        " 8.0, 1200000, '')",
        "INSERT INTO devices VALUES ('01/1/21/A', x'00', '4101', 'card', 'P', 10, 1000, 1000000,"
        " 1)",
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_true(plm_store_exec(s, rows[i], NULL));
    static const int at[] = {1, 2, 2, 1};
    for (int i = 0; i < 4; i++) {
        char sql[640];
        long long t = (long long)(i + 1) * PLM_W_DAY;
        snprintf(sql, sizeof sql,
                 "INSERT INTO events (seq, id, hash, declares, event_time, offset_min, record_time,"
                 " known_time, type, action, biz_step, read_point, json, parts) VALUES (%d, 'e%d',"
                 " x'0%d', 0, %lld, 0, %lld, %lld, 'ObjectEvent', 'OBSERVE', 'inspecting',"
                 " '414/%d', '{}', x'6c010a30312f312f32312f41')", /* list: 01/1/21/A */
                 i + 1, i + 1, i, t, t, t, at[i]);
        assert_true(plm_store_exec(s, sql, NULL));
    }
}

static plm_store *fresh(bool filled) {
    memcpy(path + sizeof path - 7, "XXXXXX", 6); /* a name of its own in the current folder */
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    close(fd);
    plm_store *s = plm_store_open(path, NULL);
    assert_non_null(s);
    if (filled) scene(s);
    return s;
}

static void nothing_is_found_in_an_empty_store(void **state) {
    (void)state;
    plm_store *s = fresh(false);
    plm_world w;
    plm_findings out;
    assert_true(plm_world_load(s, INT64_MAX, &w, NULL));
    assert_true(plm_custody_find(&w, &out, NULL));
    assert_int_equal(out.n, 0);
    plm_world_free(&w);
    plm_store_close(s);
    unlink(path);
}

static void one_label_in_two_places_is_found_as_of_its_second_reading(void **state) {
    (void)state;
    plm_store *s = fresh(true);
    for (int day = 1; day <= 4; day++) {
        plm_world w;
        plm_findings out;
        assert_true(plm_world_load(s, day * PLM_W_DAY, &w, NULL));
        assert_int_equal(w.events, day);
        assert_true(plm_custody_find(&w, &out, NULL));
        assert_int_equal(out.n, day < 2 ? 0 : 1);
        if (day >= 2) {
            bool firm = day >= 3;
            assert_string_equal(plm_severity_name(out.v[0].severity), firm ? "critical" : "note");
            assert_true(plm_str_is(out.v[0].subjects.v[0], "01/1/21/A"));
            assert_int_equal(out.v[0].first_seen_ns, (firm ? 3 : 2) * PLM_W_DAY);
        }
        plm_world_free(&w);
    }
    plm_store_close(s);
    unlink(path);
}

static void short_memory_is_a_fault(void **state) {
    (void)state;
    plm_store *s = fresh(true);
    bool whole = false;
    for (uint64_t n = 1; n < 400 && !whole; n++) {
        plm_world w;
        plm_findings out;
        plm_fault f = {0};
        plm_mem_fail_after(n);
        whole = plm_world_load(s, INT64_MAX, &w, &f) && plm_custody_find(&w, &out, &f);
        plm_mem_fail_after(0);
        if (!whole) assert_int_not_equal(f.code, PLM_OK);
        plm_world_free(&w);
    }
    assert_true(whole);
    plm_store_close(s);
    unlink(path);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_found_in_an_empty_store),
        cmocka_unit_test(one_label_in_two_places_is_found_as_of_its_second_reading),
        cmocka_unit_test(short_memory_is_a_fault),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
