/* The lists' legal effects: what the loader refuses, and how an effect falls on a match. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "plimsoll/case.h"
#include "plimsoll/effects.h"

/* A file of one list and one effect, its texts with one quote for two. */
static const char whole[] =
    "{'title': 't', 'edition': '2026-09-24', 'source': 's', 'consequences': ['export', 'imports'],"
    " 'lists': [{'codes': ['meu', 'bis-meu'], 'name': 'n', 'authority': 'a', 'cite': 'c',"
    " 'fact': 'military_end_user', 'effects': [{'id': 'M', 'consequence': 'export',"
    " 'says': 'x', 'cite': '15 CFR 744.21', 'certainty': 'read', 'from': '2020-12-23',"
    " 'band': {'true': 'block', 'unknown': 'review', 'false': 'clear'}}]}]}";

static plm_effects *from(const char *text, plm_fault *f) {
    char json[4096];
    size_t n = strlen(text);
    assert_true(n < sizeof json);
    for (size_t i = 0; i <= n; i++) json[i] = text[i] == '\'' ? '"' : text[i];
    return plm_effects_read((plm_str){json, n}, "lists.json", f);
}

/* The same with one part of it put another way. */
static plm_effects *changed(const char *part, const char *by, plm_fault *f) {
    char text[4096];
    const char *at = strstr(whole, part);
    assert_non_null(at);
    int n = snprintf(text, sizeof text, "%.*s%s%s", (int)(at - whole), whole, by,
                     at + strlen(part));
    assert_true(n > 0 && (size_t)n < sizeof text);
    return from(text, f);
}

static void refused(const char *part, const char *by, const char *place, const char *mend) {
    plm_fault f = {0};
    plm_effects *e = changed(part, by, &f);
    if (e || !strstr(f.say, place) || !strstr(f.say, mend) || strcmp(f.where, "lists.json") != 0)
        print_message("%s -> %s: %s\n", part, by, f.say);
    assert_null(e);
    assert_string_equal(f.where, "lists.json");
    assert_non_null(strstr(f.say, place));
    assert_non_null(strstr(f.say, mend));
}

static void what_is_missing_or_misspelt_is_refused_with_its_place(void **state) {
    (void)state;
    refused("'cite': '15 CFR 744.21', ", "", "effects[0].cite", "is missing; add it");
    refused("'15 CFR 744.21'", "''", "effects[0].cite", "is empty");
    refused("'cite': 'c', ", "", "lists[0] (meu).cite", "is missing");
    refused("'from': '2020-12-23', ", "", "effects[0].from", "is missing");
    refused("2020-12-23", "2020-02-30", "effects[0].from", "write YYYY-MM-DD");
    refused("2020-12-23", "2020-12", "effects[0].from", "write YYYY-MM-DD");
    refused("'from'", "'until': '2019-01-01', 'from'", "effects[0].until", "before from");
    refused("'read'", "'sure'", "effects[0].certainty", "read, quoted, recalled, inferred");
    refused("'consequence': 'export'", "'consequence': 'exprot'", "effects[0].consequence",
            "add it there or mend it");
    refused("'says'", "'say'", "effects[0]", "'say' is no key here");
    refused("'name'", "'nmae'", "lists[0]", "is no key here; it may have: codes name");
    refused("'title': 't', ", "", "title", "is missing");
    refused("'military_end_user'", "'military'", "lists[0] (meu).fact", "is none of");
    refused("'meu', 'bis-meu'", "'M E U'", "lists[0].codes", "is no list's word");
    refused("'meu', 'bis-meu'", "'meu', 'meu'", "lists[0].codes", "stands twice");
    refused("'meu', 'bis-meu'", "", "lists[0].codes", "one text or more");
    refused("'export', 'imports'", "'imports'", "consequences", "lacks \"export\"");
    refused("'export', 'imports'", "'export', 'export'", "consequences", "stands twice");
    refused("'consequence': 'export'", "'consequence': 'imports'", "lists[0] (meu).effects",
            "says nothing of export");
    refused("'from'", "'when': {}, 'from'", "effects[0].when", "needs one of");
    refused("'from'", "'when': {'footnote': 0}, 'from'", "when.footnote", "1 to 9");
    refused("'from'", "'when': {'footnotes': 1}, 'from'", "effects[0]", "is no key here");
    refused("'from'", "'when': {'programs': [1]}, 'from'", "programs", "no text");
    refused("'from'", "'row': 1, 'from'", "effects[0].row", "neither true nor false");
    refused("'fact'", "'ownership': ['us'], 'fact'", "ownership", "bis, ofac, eu, uk");
    refused("'fact'", "'policies': [], 'fact'", "policies", "is no object");
    refused("'fact'", "'policies': {'A B': ['x']}, 'fact'", "policies", "is no word");
    refused("'fact'", "'policies': {'a': []}, 'fact'", ".a:", "one text or more");
    refused("'fact'", "'policies': {'a': ['X.'], 'b': ['x']}, 'fact'", "policies", "worded twice");
    refused("[{'codes'", "[3, {'codes'", "lists[0]", "is no object");
}

static void a_band_that_would_pass_an_unsure_match_is_refused(void **state) {
    (void)state;
    refused("'unknown': 'review'", "'unknown': 'clear'", "effects[0].band.unknown",
            "would pass a match that is not sure");
    refused("'true': 'block'", "'true': 'clear'", "effects[0].band", "more severe the less sure");
    refused("'false': 'clear'", "'false': 'block'", "effects[0].band", "more severe the less sure");
    refused("'unknown': 'review', ", "", "band.unknown", "is missing");
    refused("'block'", "'stop'", "band.true", "clear, review, block");
}

static void two_lists_do_not_share_a_word(void **state) {
    char text[4096];
    plm_fault f = {0};
    (void)state;
    const char *list = strstr(whole, "{'codes'");
    size_t head = (size_t)(list - whole), n = strlen(list) - 2;
    snprintf(text, sizeof text, "%.*s%.*s, %s", (int)head, whole, (int)n, list, list);
    assert_null(from(text, &f));
    assert_non_null(strstr(f.say, "'meu' is taken by another list"));
}

static void limits_are_named(void **state) {
    static char text[PLM_EFFECTS_BYTES_MAX + 10];
    plm_fault f = {0};
    (void)state;
    memset(text, ' ', sizeof text);
    assert_null(plm_effects_read((plm_str){text, sizeof text}, "x", &f));
    assert_int_equal(f.code, PLM_OUT_OF_RANGE);
    size_t n = 0;
    char codes[600];
    for (int i = 0; i <= PLM_EFFECTS_CODES_MAX; i++)
        n += (size_t)snprintf(codes + n, 20, "%s'c%d'", i ? "," : "", i);
    plm_fault_clear(&f);
    assert_null(changed("'meu', 'bis-meu'", codes, &f));
    assert_int_equal(f.code, PLM_OUT_OF_RANGE);
    assert_non_null(strstr(f.say, "more than 16"));
    plm_fault_clear(&f);
    assert_null(plm_effects_open("no/such/lists.json", &f));
    assert_string_equal(f.where, "no/such/lists.json");
    plm_fault_clear(&f);
    assert_null(from("{'title': ", &f));
    assert_int_equal(f.line, 1);
}

static plm_list *one_row(const char *list, const char *programs, uint32_t footnotes) {
    plm_fault f = {0};
    plm_list *l = plm_list_new(PLM_STR("test"), PLM_STR("2026-01-01"));
    assert_non_null(l);
    assert_true(plm_list_add_entity(l, PLM_STR("1"), plm_str_c(list), PLM_STR("Somebody"),
                                    PLM_ENTITY_UNKNOWN, &f));
    if (*programs)
        assert_true(plm_list_set(l, PLM_LIST_PROGRAMS, plm_str_c(programs), &f));
    plm_list_set_bits(l, 0, footnotes);
    return l;
}

static plm_effects *shipped(void) {
    plm_fault f = {0};
    plm_effects *e = plm_effects_open("rulebooks/us/lists.json", &f);
    if (!e) print_message("%s: %s\n", f.where, f.say);
    assert_non_null(e);
    return e;
}

static plm_band band_of(const plm_effects *e, const char *list, const char *programs,
                        const char *consequence, plm_truth match, const char *day) {
    plm_list *l = one_row(list, programs, 0);
    plm_effects_ask ask = {.list = l, .row = l->entities, .match = match};
    plm_fallen x[PLM_EFFECTS_OF_LIST_MAX];
    plm_band band[PLM_CONSEQUENCES_MAX];
    assert_true(plm_day_parse(plm_str_c(day), &ask.as_of));
    plm_effects_fall(e, &ask, x, band);
    plm_list_free(l);
    for (uint32_t i = 0; i < plm_consequence_count(e); i++)
        if (plm_str_is(plm_consequence_name(e, i), consequence)) return band[i];
    fail_msg("no consequence %s", consequence);
    return PLM_BAND_CLEAR;
}

static void each_list_has_its_own_effect(void **state) {
    static const struct { const char *list, *consequence; plm_band sure, unsure; } rows[] = {
        {"entity-list", "export", PLM_BAND_BLOCK, PLM_BAND_REVIEW},
        {"dpl", "export", PLM_BAND_BLOCK, PLM_BAND_REVIEW},
        {"bis-dpl", "export", PLM_BAND_BLOCK, PLM_BAND_REVIEW},
        {"uvl", "export", PLM_BAND_REVIEW, PLM_BAND_REVIEW},
        {"meu", "export", PLM_BAND_BLOCK, PLM_BAND_REVIEW},
        {"mieu", "export", PLM_BAND_BLOCK, PLM_BAND_REVIEW},
        {"sdn", "property", PLM_BAND_BLOCK, PLM_BAND_REVIEW},
        {"dow-1260h", "export", PLM_BAND_CLEAR, PLM_BAND_CLEAR},
        {"dow-1260h", "procurement", PLM_BAND_BLOCK, PLM_BAND_REVIEW},
        {"ns-cmic", "export", PLM_BAND_CLEAR, PLM_BAND_CLEAR},
        {"ns-cmic", "securities", PLM_BAND_BLOCK, PLM_BAND_REVIEW},
        {"dhs-uflpa", "export", PLM_BAND_CLEAR, PLM_BAND_CLEAR},
        {"dhs-uflpa", "imports", PLM_BAND_BLOCK, PLM_BAND_REVIEW},
        {"dow-1286", "export", PLM_BAND_CLEAR, PLM_BAND_CLEAR},
        {"dow-1286", "research_funding", PLM_BAND_REVIEW, PLM_BAND_REVIEW},
        {"a-list-of-our-own", "export", PLM_BAND_REVIEW, PLM_BAND_REVIEW},
    };
    plm_effects *e = shipped();
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const char *l = rows[i].list, *c = rows[i].consequence, *day = "2026-09-24";
        assert_int_equal(band_of(e, l, "", c, PLM_YES, day), rows[i].sure);
        assert_int_equal(band_of(e, l, "", c, PLM_UNKNOWN, day), rows[i].unsure);
        assert_int_equal(band_of(e, l, "", c, PLM_NO, day), PLM_BAND_CLEAR);
    }
    plm_effects_free(e);
}

static void an_effect_begins_on_its_day(void **state) {
    plm_effects *e = shipped();
    (void)state;
    assert_int_equal(band_of(e, "dow-1260h", "", "procurement", PLM_YES, "2026-06-29"),
                     PLM_BAND_CLEAR);
    assert_int_equal(band_of(e, "dow-1260h", "", "procurement", PLM_YES, "2026-06-30"),
                     PLM_BAND_BLOCK);
    assert_int_equal(band_of(e, "dhs-uflpa", "", "imports", PLM_YES, "2022-06-20"),
                     PLM_BAND_CLEAR);
    assert_int_equal(band_of(e, "sdn", "SDGT", "export", PLM_YES, "2024-03-20"), PLM_BAND_REVIEW);
    assert_int_equal(band_of(e, "sdn", "SDGT", "export", PLM_YES, "2024-03-21"), PLM_BAND_BLOCK);
    plm_effects_free(e);
}

static uint32_t fallen(const plm_effects *e, const char *list, const char *programs,
                       uint32_t footnotes, const char *id) {
    plm_list *l = one_row(list, programs, footnotes);
    plm_effects_ask ask = {.list = l, .row = l->entities, .match = PLM_YES, .as_of = 20000};
    plm_fallen x[PLM_EFFECTS_OF_LIST_MAX];
    uint32_t n = plm_effects_fall(e, &ask, x, NULL), found = 0;
    for (uint32_t i = 0; i < n; i++) found += plm_str_is(x[i].effect->id, id);
    plm_list_free(l);
    return found;
}

static void footnotes_and_programs_call_for_their_effect(void **state) {
    plm_effects *e = shipped();
    (void)state;
    assert_int_equal(fallen(e, "entity-list", "", 1u << 5, "EL.footnote.5"), 1);
    assert_int_equal(fallen(e, "entity-list", "", 1u << 4, "EL.footnote.5"), 0);
    assert_int_equal(fallen(e, "sdn", "[SDGT] [IFSR]", 0, "SDN.license"), 1);
    assert_int_equal(fallen(e, "sdn", "BELARUS-EO14038", 0, "SDN.license"), 1);
    assert_int_equal(fallen(e, "sdn", "BELARUS-EO1", 0, "SDN.license"), 0);
    assert_int_equal(fallen(e, "sdn", "BELARUS-EO1", 0, "SDN.other"), 1);
    assert_int_equal(fallen(e, "sdn", "IRAN", 0, "SDN.license"), 0);
    assert_int_equal(fallen(e, "sdn", "", 0, "SDN.license"), 1); /* not told: called for */
    plm_effects_free(e);
}

static void a_rows_wording_has_a_word(void **state) {
    plm_effects *e = shipped();
    const plm_effects_list *l = plm_effects_find(e, PLM_STR("entity-list"));
    (void)state;
    assert_true(plm_str_is(plm_effects_policy(l, PLM_STR("Policy of Denial.")), "denial"));
    assert_true(plm_str_is(plm_effects_policy(l, PLM_STR("presumption of denial")),
                           "presumption_of_denial"));
    assert_int_equal(plm_effects_policy(l, PLM_STR("Policy of denial for some")).n, 0);
    assert_int_equal(plm_effects_policy(l, PLM_STR("Policy")).n, 0);
    assert_int_equal(plm_effects_policy(l, PLM_STR(" . ")).n, 0);
    assert_int_equal(plm_effects_policy(plm_effects_find(e, PLM_STR("uvl")), PLM_STR("x")).n, 0);
    plm_effects_free(e);
}

static void facts_are_the_keys_of_listed(void **state) {
    plm_effects *e = shipped();
    (void)state;
    uint32_t seen = 0;
    for (uint32_t i = 0; i < plm_effects_count(e); i++)
        for (int k = 0; k < PLM_L_COUNT; k++)
            if (plm_str_is(plm_effects_at(e, i)->fact, plm_listed_names[k])) seen |= 1u << k;
    assert_int_equal(seen, (1u << PLM_L_COUNT) - 1); /* each key has a list */
    plm_effects_free(e);
}

static void only_the_same_building_is_no_match(void **state) {
    (void)state;
    plm_match m = {.strength = PLM_WEAK, .flag_n = 1, .flags = {PLM_STR("same_building")}};
    assert_int_equal(plm_match_truth(&m), PLM_NO);
    m.flags[0] = PLM_STR("weak_alias");
    assert_int_equal(plm_match_truth(&m), PLM_UNKNOWN);
    m.strength = PLM_STRONG;
    assert_int_equal(plm_match_truth(&m), PLM_UNKNOWN);
    m.strength = PLM_EXACT;
    assert_int_equal(plm_match_truth(&m), PLM_YES);
}

static void without_memory_it_says_so(void **state) {
    (void)state;
    char json[sizeof whole];
    for (size_t i = 0; i < sizeof whole; i++) json[i] = whole[i] == '\'' ? '"' : whole[i];
    for (uint64_t n = 1; n < 40; n++) {
        plm_fault f = {0};
        plm_mem_fail_after(n);
        plm_effects *e = plm_effects_read((plm_str){json, sizeof whole - 1}, "x", &f);
        plm_mem_fail_after(0);
        assert_true(e || f.code != PLM_OK);
        plm_effects_free(e);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_missing_or_misspelt_is_refused_with_its_place),
        cmocka_unit_test(a_band_that_would_pass_an_unsure_match_is_refused),
        cmocka_unit_test(two_lists_do_not_share_a_word),
        cmocka_unit_test(limits_are_named),
        cmocka_unit_test(each_list_has_its_own_effect),
        cmocka_unit_test(an_effect_begins_on_its_day),
        cmocka_unit_test(footnotes_and_programs_call_for_their_effect),
        cmocka_unit_test(a_rows_wording_has_a_word),
        cmocka_unit_test(facts_are_the_keys_of_listed),
        cmocka_unit_test(only_the_same_building_is_no_match),
        cmocka_unit_test(without_memory_it_says_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
