/* Watching: the delta answer is the difference of two full screens, on random changes of random
 * lists and random queries. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "plimsoll/watch.h"

static uint64_t state = 1234567;
static uint32_t dice(uint32_t n) {
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (uint32_t)(state >> 33) % n;
}

static const char *const words[] = {"Kunlun", "Radar", "Technology", "Trading", "Huawei", "Pacific",
                                    "Star", "Ivan", "Petrov", "Company", "Limited", "Institute",
                                    "Precision", "Weihe", "Omega", "Global"};
#define WORDS (sizeof words / sizeof *words)
#define ENTRIES 24

static void words_into(char *out, size_t size) {
    size_t n = 0, count = 1 + dice(3);
    for (size_t i = 0; i < count; i++)
        n += (size_t)snprintf(out + n, size - n, "%s%s", i ? " " : "", words[dice(WORDS)]);
    if (dice(4) == 0 && n > 3) out[dice((uint32_t)n)] = (char)('a' + dice(26));
}

/* Both states of one source: entries are kept, changed, taken out or put in. */
static void two_states(const char *source, plm_list **from, plm_list **to) {
    *from = plm_list_new(plm_str_c(source), PLM_STR("1"));
    *to = plm_list_new(plm_str_c(source), PLM_STR("2"));
    for (int i = 0; i < ENTRIES; i++) {
        char id[16], name[128], other[128];
        snprintf(id, sizeof id, "e%d", i);
        words_into(name, sizeof name);
        words_into(other, sizeof other);
        uint32_t d = dice(8);
        if (d != 0)
            assert_true(plm_list_add_entity(*from, plm_str_c(id), PLM_STR("x"), plm_str_c(name),
                                            PLM_ENTITY_UNKNOWN, NULL));
        if (d == 1) continue;
        assert_true(plm_list_add_entity(*to, plm_str_c(id), PLM_STR("x"),
                                        plm_str_c(d == 2 ? other : name), PLM_ENTITY_UNKNOWN,
                                        NULL));
        if (d == 3) assert_true(plm_list_add_name(*to, plm_str_c(other), PLM_NAME_ALIAS, NULL));
        if (d == 4) assert_true(plm_list_set(*to, PLM_LIST_REMARKS, PLM_STR("new"), NULL));
    }
}

static bool same_match(const plm_watch_match *a, const plm_watch_match *b) {
    return a->kind == b->kind && plm_str_eq(a->source, b->source) &&
           plm_str_eq(a->entity, b->entity) && plm_str_eq(a->name, b->name) &&
           plm_str_eq(a->matched, b->matched) && a->score_old == b->score_old &&
           a->score_new == b->score_new && a->strength == b->strength;
}

static void compare(plm_watch *delta, plm_watch *whole, unsigned *seen) {
    char name[128];
    words_into(name, sizeof name);
    plm_query q = {.name = plm_str_c(name), .birth_from = PLM_DAY_MIN, .birth_to = PLM_DAY_MIN};
    plm_screen_options o = plm_screen_defaults();
    o.threshold = 3000 + (int)dice(6000);
    const plm_watch_match *a, *b;
    uint32_t n, m;
    assert_true(plm_watch_query(delta, &q, &o, &a, &n, NULL));
    assert_true(plm_watch_query(whole, &q, &o, &b, &m, NULL));
    if (n != m) fail_msg("'%s': delta %u, full %u", name, n, m);
    for (uint32_t i = 0; i < n; i++) {
        if (!same_match(&a[i], &b[i])) fail_msg("'%s': match %u differs", name, i);
        seen[a[i].kind]++;
    }
}

static void delta_is_the_difference_of_two_full_screens(void **s) {
    (void)s;
    unsigned seen[3] = {0, 0, 0};
    for (int round = 0; round < 40; round++) {
        plm_list *from[2], *to[2];
        two_states("a", &from[0], &to[0]);
        two_states("b", &from[1], &to[1]);
        plm_lists *old = plm_lists_of(from, dice(8) ? 2 : 1, NULL);
        plm_lists *new = plm_lists_of(to, dice(8) ? 2 : 1, NULL);
        plm_watch *delta = plm_watch_of(old, new, false, NULL);
        plm_watch *whole = plm_watch_of(old, new, true, NULL);
        assert_non_null(delta);
        assert_non_null(whole);
        for (int i = 0; i < 60; i++) compare(delta, whole, seen);
        plm_watch_free(delta);
        plm_watch_free(whole);
        plm_lists_free(old);
        plm_lists_free(new);
        for (int i = 0; i < 2; i++) plm_list_free(from[i]), plm_list_free(to[i]);
    }
    assert_true(seen[PLM_ADDED] > 50 && seen[PLM_REMOVED] > 50 && seen[PLM_CHANGED] > 50);
}

static void nothing_changed_changes_nothing(void **s) {
    (void)s;
    plm_list *from, *to;
    two_states("a", &from, &to);
    plm_lists *l = plm_lists_of(&from, 1, NULL);
    plm_watch *w = plm_watch_of(l, l, false, NULL);
    plm_query q = {.name = PLM_STR("Huawei Radar"), .birth_from = PLM_DAY_MIN,
                   .birth_to = PLM_DAY_MIN};
    plm_screen_options o = plm_screen_defaults();
    const plm_watch_match *m;
    uint32_t n = 9;
    assert_int_equal(plm_watch_changes(w), 0);
    assert_true(plm_watch_query(w, &q, &o, &m, &n, NULL));
    assert_int_equal(n, 0);
    plm_watch_free(w);
    plm_lists_free(l);
    plm_list_free(from);
    plm_list_free(to);
}

static void a_copied_entity_has_the_same_digest(void **s) {
    (void)s;
    plm_list *a = plm_list_new(PLM_STR("a"), PLM_STR("1")), *b = plm_list_new(PLM_STR("b"),
                                                                            PLM_STR("2"));
    assert_true(plm_list_add_entity(a, PLM_STR("1"), PLM_STR("l"), PLM_STR("Name"),
                                    PLM_ENTITY_PERSON, NULL));
    plm_list_add_name(a, PLM_STR("Alias"), PLM_NAME_WEAK, NULL);
    plm_list_add_address(a, PLM_STR("Road 1"), plm_country_parse(PLM_STR("CN")), NULL);
    plm_list_add_country(a, plm_country_parse(PLM_STR("CN")), NULL);
    plm_list_add_birth(a, 1, 2, NULL);
    plm_list_add_id(a, PLM_STR("imo"), PLM_STR("1"), NULL);
    plm_list_set(a, PLM_LIST_CITATION, PLM_STR("c"), NULL);
    plm_list_set_bits(a, PLM_ENTITY_ADDRESS_ONLY, 16);
    plm_list_set_listed(a, 77);
    assert_true(plm_list_add_entity(b, PLM_STR("0"), PLM_STR("l"), PLM_STR("Other"),
                                    PLM_ENTITY_PERSON, NULL));
    assert_true(plm_list_copy_entity(b, a, &a->entities[0], NULL));
    unsigned char x[32], y[32];
    plm_list_entity_digest(a, &a->entities[0], x);
    plm_list_entity_digest(b, &b->entities[1], y);
    assert_memory_equal(x, y, 32);
    assert_ptr_equal(plm_list_find(b, PLM_STR("1")), &b->entities[1]);
    assert_null(plm_list_find(b, PLM_STR("2")));
    plm_list_add_name(b, PLM_STR("More"), PLM_NAME_ALIAS, NULL);
    plm_list_entity_digest(b, &b->entities[1], y);
    assert_memory_not_equal(x, y, 32);
    plm_list_free(a);
    plm_list_free(b);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(delta_is_the_difference_of_two_full_screens),
        cmocka_unit_test(nothing_changed_changes_nothing),
        cmocka_unit_test(a_copied_entity_has_the_same_digest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
