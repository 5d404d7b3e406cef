/* The merge of case and catalogue: intervals narrow where they agree and widen where they
 * can't, each value with its source. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "plimsoll/goods.h"

static plm_arena *arena;

static plm_dec dec(const char *s) {
    plm_dec d;
    assert_true(plm_dec_parse(plm_str_c(s), false, &d, NULL));
    return d;
}

/* Merges the item ITEM, in which ' stands for ". */
static plm_goods merge(const char *item) {
    char text[2048];
    size_t n = strlen(item);
    assert_true(n < sizeof text);
    for (size_t i = 0; i <= n; i++) text[i] = item[i] == '\'' ? '"' : item[i];
    plm_arena_reset(arena);
    plm_item it;
    plm_case w;
    plm_goods g;
    plm_fault f = {0};
    if (!plm_item_read(arena, (plm_str){text, n}, &it, &w, &f) ||
        !plm_goods_facts(arena, &it, &g, &f))
        fail_msg("%s: %s %s", item, f.where, f.say);
    return g;
}

static void number_is(const plm_goods_number *n, const char *lo, const char *hi, bool conflict) {
    char a[PLM_DEC_TEXT], b[PLM_DEC_TEXT];
    assert_true(n->known);
    assert_int_equal(n->conflict, conflict);
    assert_false(n->iv.no_lo);
    plm_dec_print(n->iv.lo, a);
    assert_string_equal(a, lo);
    assert_int_equal(n->iv.no_hi, hi == NULL);
    if (!hi) return;
    plm_dec_print(n->iv.hi, b);
    assert_string_equal(b, hi);
}
#define TPP(item, lo, hi, conflict) \
    do { \
        plm_goods g_ = merge(item); \
        number_is(&g_.number[PLM_N_tpp], lo, hi, conflict); \
    } while (0)

static void nothing_is_known_of_an_empty_item(void **s) {
    (void)s;
    plm_goods g = merge("{}");
    for (int i = 0; i < PLM_N_COUNT; i++) assert_false(g.number[i].known);
    for (int i = 0; i < PLM_F_COUNT; i++) assert_int_equal(g.flag[i].truth, PLM_UNKNOWN);
    assert_true(!g.forms && !g.hit_count && !g.eccn_agreed && !g.density_from_ratio);
    assert_int_equal(plm_goods_density_compare(&g, PLM_GE, dec("1.6")), PLM_UNKNOWN);
}

static void stated_number_stands_alone(void **s) {
    (void)s;
    plm_goods g = merge("{'part': 'no such part', 'facts': {'tpp': '4799.999999999'}}");
    number_is(&g.number[PLM_N_tpp], "4799.999999999", "4799.999999999", false);
    assert_int_equal(g.number[PLM_N_tpp].n, 1);
    assert_string_equal(g.number[PLM_N_tpp].v[0].source, "case");
    assert_string_equal(g.number[PLM_N_tpp].v[0].product, "");
}

static void highest_format_gives_tpp(void **s) {
    (void)s;
    TPP("{'facts': {'formats': [{'bits': 8, 'dense_tops': 599.9}, {'bits': 16, 'dense_tops': "
        "300}]}}", "4800", "4800", false);
    TPP("{'facts': {'formats': [{'bits': 8, 'dense_tops': {'min': 500, 'max': 700}}, {'bits': 16, "
        "'dense_tops': 300}]}}", "4800", "5600", false);
    TPP("{'facts': {'formats': [{'bits': 8}, {'bits': 16, 'dense_tops': 300}]}}", "4800", NULL,
        false);
    TPP("{'facts': {'formats': [{'dense_tops': 10}]}}", "0", NULL, false);
    TPP("{'facts': {'formats': [{'bits': {'min': 4, 'max': 8}, 'dense_tops': '0.000000001'}]}}",
        "0.000000004", "0.000000008", false);
    plm_goods g = merge("{'facts': {'formats': []}}");
    assert_false(g.number[PLM_N_tpp].known);
    g = merge("{'facts': {'formats': [{'bits': 9999999999999999999999999999999999999999, "
              "'dense_tops': 9999999999999999999999999999999999999999}]}}");
    number_is(&g.number[PLM_N_tpp], "9223372036854775807", NULL, false); /* vast, never small */
    TPP("{'facts': {'tpp': 100, 'formats': [{'bits': 9999999999999999999999999999999999999999, "
        "'dense_tops': 9999999999999999999999999999999999999999}]}}", "100", NULL, true);
}

static void tpp_beside_formats_that_differ_is_a_conflict(void **s) {
    (void)s;
    TPP("{'facts': {'tpp': 4800, 'formats': [{'bits': 8, 'dense_tops': 600}]}}", "4800", "4800",
        false);
    TPP("{'facts': {'tpp': '4799.999999999', 'formats': [{'bits': 8, 'dense_tops': 600}]}}",
        "4799.999999999", "4800", true);
    TPP("{'facts': {'tpp': {'min': 4000, 'max': 5000}, 'formats': [{'bits': 8, 'dense_tops': "
        "600}]}}", "4800", "4800", false);
    TPP("{'facts': {'tpp': 4000, 'formats': [{'bits': 8}]}}", "4000", "4000", false);
    TPP("{'facts': {'tpp': 4000, 'formats': [{'bits': 8}, {'bits': 16, 'dense_tops': 300}]}}",
        "4000", NULL, true);
}

static void catalogue_fills_what_the_case_leaves_out(void **s) {
    (void)s;
    plm_goods g = merge("{'part': 'H20'}");
    number_is(&g.number[PLM_N_tpp], "2368", "2368", false);
    number_is(&g.number[PLM_N_die_area_mm2], "814", "814", false);
    assert_int_equal(g.flag[PLM_F_datacenter].truth, PLM_YES);
    assert_int_equal(g.forms, 1u << PLM_FORM_board);
    assert_true(g.eccn_agreed && g.hit_count == 1);
    assert_int_equal(plm_goods_density_compare(&g, PLM_LT, dec("3.2")), PLM_YES);
    assert_int_equal(plm_goods_density_compare(&g, PLM_GE, dec("1.6")), PLM_YES);
    assert_string_equal(g.number[PLM_N_tpp].v[0].product, "H20");
}

static void different_catalogue_value_is_a_conflict_over_both(void **s) {
    (void)s;
    plm_goods g = merge("{'part': 'H20', 'facts': {'tpp': 2400, 'die_area_mm2': 814}}");
    number_is(&g.number[PLM_N_tpp], "2368", "2400", true);
    number_is(&g.number[PLM_N_die_area_mm2], "814", "814", false);
    assert_int_equal(g.number[PLM_N_tpp].n, 2);
    g = merge("{'part': 'H100 NVL', 'facts': {'tpp': '13364'}}");
    number_is(&g.number[PLM_N_tpp], "13364", "14144", true);
    assert_int_equal(g.number[PLM_N_tpp].n, 3);
    g = merge("{'part': 'H20', 'facts': {'tpp': {'min': 2500, 'max': 2600}}}");
    number_is(&g.number[PLM_N_tpp], "2368", "2600", true);
}

static void interval_that_holds_the_catalogue_value_narrows_to_it(void **s) {
    (void)s;
    TPP("{'part': 'H20', 'facts': {'tpp': {'min': 2000, 'max': 5000}}}", "2368", "2368", false);
    TPP("{'part': 'H20', 'facts': {'tpp': {'min': 2000}}}", "2368", "2368", false);
    TPP("{'part': 'H100 NVL', 'facts': {'tpp': {'min': 10000, 'max': 14000}}}", "10000", "14144",
        true);
}

static void sources_that_differ_in_the_catalogue_widen(void **s) {
    (void)s;
    TPP("{'part': 'H100 NVL'}", "13364", "14144", false);
    TPP("{'part': 'H200'}", "13364", "15840", false);
}

static void value_its_own_source_contradicts_is_shown_not_counted(void **s) {
    (void)s;
    plm_goods g = merge("{'part': 'A100 SXM4 40GB'}");
    number_is(&g.number[PLM_N_tpp], "4992", "4992", false);
    bool shown = false;
    for (uint32_t i = 0; i < g.number[PLM_N_tpp].n; i++)
        shown = shown || !g.number[PLM_N_tpp].v[i].relied_on;
    assert_true(shown);
    TPP("{'part': '935-23587-0000-0R4'}", "4992", "4992", false);
    TPP("{'part': 'A100 SXM4 40GB', 'facts': {'tpp': 3822}}", "3822", "4992", true);
}

static void stated_facts_choose_among_what_a_name_means(void **s) {
    (void)s;
    plm_goods g = merge("{'part': 'H200', 'facts': {'tpp': 15840}}");
    assert_int_equal(g.hit_count, 1);
    assert_string_equal(g.hits[0].id, "H200-SXM");
    number_is(&g.number[PLM_N_tpp], "15840", "15840", false);
    g = merge("{'part': 'H200', 'facts': {'tpp': 2000}}"); /* none fits: a conflict with all */
    assert_int_equal(g.hit_count, 2);
    number_is(&g.number[PLM_N_tpp], "2000", "15840", true);
    g = merge("{'part': 'RTX PRO 4500', 'facts': {'datacenter': false}}");
    assert_int_equal(g.hit_count, 1);
    assert_false(g.number[PLM_N_tpp].known); /* the server card's TPP is not this one's */
    g = merge("{'part': 'RTX PRO 4500'}");
    assert_int_equal(g.flag[PLM_F_datacenter].truth, PLM_UNKNOWN);
    assert_false(g.number[PLM_N_tpp].known); /* one of the two does not say */
    assert_false(g.eccn_agreed);
}

static void flags_that_differ_are_unknown_and_a_conflict(void **s) {
    (void)s;
    plm_goods g = merge("{'part': 'H20', 'facts': {'datacenter': false, 'published': true}}");
    assert_true(g.flag[PLM_F_datacenter].conflict);
    assert_int_equal(g.flag[PLM_F_datacenter].truth, PLM_UNKNOWN);
    assert_int_equal(g.flag[PLM_F_datacenter].in_catalog, PLM_YES);
    assert_int_equal(g.flag[PLM_F_published].truth, PLM_YES);
    assert_false(g.flag[PLM_F_published].conflict);
    g = merge("{'part': 'H20', 'facts': {'datacenter': true}}");
    assert_true(!g.flag[PLM_F_datacenter].conflict);
    assert_int_equal(g.flag[PLM_F_encryption].in_catalog, PLM_NO);
}

static void board_and_assembly_are_one_kind(void **s) {
    (void)s;
    plm_goods g = merge("{'part': 'HGX B300', 'facts': {'form': 'board'}}");
    assert_false(g.form_conflict);
    assert_int_equal(g.forms, 1u << PLM_FORM_board);
    g = merge("{'part': 'HGX B300', 'facts': {'form': 'ic'}}");
    assert_true(g.form_conflict);
    assert_int_equal(g.forms, 1u << PLM_FORM_ic | 1u << PLM_FORM_assembly);
}

static void density_of_two_facts_is_compared_exactly(void **s) {
    (void)s;
    plm_goods g = merge("{'facts': {'tpp': 1600, 'die_area_mm2': 500}}");
    assert_true(g.density_from_ratio);
    assert_int_equal(plm_goods_density_compare(&g, PLM_GE, dec("3.2")), PLM_YES);
    g = merge("{'facts': {'tpp': 1600, 'die_area_mm2': '500.000000001'}}");
    assert_int_equal(plm_goods_density_compare(&g, PLM_GE, dec("3.2")), PLM_NO);
    assert_false(g.number[PLM_N_performance_density].conflict);
    g = merge("{'facts': {'tpp': 1600, 'die_area_mm2': {'min': 499, 'max': 501}}}");
    assert_int_equal(plm_goods_density_compare(&g, PLM_GE, dec("3.2")), PLM_UNKNOWN);
    g = merge("{'facts': {'tpp': 1600}}");
    assert_int_equal(plm_goods_density_compare(&g, PLM_GE, dec("3.2")), PLM_UNKNOWN);
    g = merge("{'facts': {'tpp': 1600, 'die_area_mm2': 0}}");
    assert_int_equal(plm_goods_density_compare(&g, PLM_GE, dec("3.2")), PLM_NO);
    assert_int_equal(plm_goods_density_compare(&g, PLM_LT, dec("3.2")), PLM_NO);
    g = merge("{'facts': {'tpp': 1600, 'die_area_mm2': {'min': 0, 'max': 500}}}");
    assert_int_equal(plm_goods_density_compare(&g, PLM_GE, dec("3.2")), PLM_YES);
}

static void stated_density_that_is_not_the_quotient_is_a_conflict(void **s) {
    (void)s;
    plm_goods g = merge("{'facts': {'tpp': 1600, 'die_area_mm2': 500, 'performance_density': "
                        "'3.2'}}");
    assert_false(g.number[PLM_N_performance_density].conflict);
    assert_int_equal(plm_goods_density_compare(&g, PLM_GE, dec("3.2")), PLM_YES);
    g = merge("{'facts': {'tpp': 1600, 'die_area_mm2': 500, 'performance_density': '3.1'}}");
    assert_true(g.number[PLM_N_performance_density].conflict);
    number_is(&g.number[PLM_N_performance_density], "3.1", "3.2", true);
    assert_int_equal(plm_goods_density_compare(&g, PLM_GE, dec("3.2")), PLM_UNKNOWN);
    assert_int_equal(plm_goods_density_compare(&g, PLM_GE, dec("1.6")), PLM_YES);
    assert_int_equal(plm_goods_density_compare(&g, PLM_GE, dec("5.92")), PLM_NO);
    g = merge("{'facts': {'tpp': 1600, 'die_area_mm2': 500, 'performance_density': "
              "{'min': 3, 'max': 4}}}");
    assert_false(g.number[PLM_N_performance_density].conflict);
    assert_int_equal(plm_goods_density_compare(&g, PLM_GE, dec("3.2")), PLM_YES);
    g = merge("{'facts': {'tpp': 1600, 'die_area_mm2': 0, 'performance_density': '8'}}");
    assert_true(g.number[PLM_N_performance_density].conflict);
    assert_int_equal(plm_goods_density_compare(&g, PLM_GE, dec("3.2")), PLM_UNKNOWN);
}

static void density_alone_decides_and_with_area_gives_tpp(void **s) {
    (void)s;
    plm_goods g = merge("{'facts': {'tpp': '1599.999999', 'performance_density': '8'}}");
    assert_int_equal(plm_goods_density_compare(&g, PLM_GE, dec("5.92")), PLM_YES);
    g = merge("{'facts': {'performance_density': '6', 'die_area_mm2': {'min': 799, 'max': 801}}}");
    number_is(&g.number[PLM_N_tpp], "4794", "4806", false);
    assert_int_equal(g.number[PLM_N_tpp].v[0].basis, PLM_BASIS_derived);
    assert_false(g.density_from_ratio);
    assert_int_equal(plm_goods_density_compare(&g, PLM_GE, dec("5.92")), PLM_YES);
}

static void vendor_part_brings_what_the_vendor_states(void **s) {
    (void)s;
    plm_goods g = merge("{'part': '940-25840-0011-000'}"); /* 7024, and 5A992.c all the same */
    number_is(&g.number[PLM_N_tpp], "7024", "7024", false);
    assert_true(g.eccn_agreed && g.vendor_eccn.side == PLM_SIDE_NONE);
    char out[PLM_ECCN_TEXT];
    plm_eccn_print(&g.vendor_eccn, out);
    assert_string_equal(out, "5A992.c");
    g = merge("{'part': '100-000000009'}");
    assert_int_equal(plm_iv_compare(g.number[PLM_N_tpp].iv, PLM_GE, dec("4800")), PLM_NO);
}

/* Leaving a number out never lets the rest say less than the catalogue does. */
static void every_product_merges_and_its_own_figures_are_no_conflict(void **s) {
    (void)s;
    plm_catalog_hit h;
    for (uint32_t i = 0; plm_catalog_at(i, &h); i++) {
        char item[256];
        snprintf(item, sizeof item, "{'part': '%s'}", h.id);
        plm_goods g = merge(item);
        assert_int_equal(g.hit_count, 1);
        for (int n = 0; n < PLM_N_COUNT; n++) assert_false(g.number[n].conflict);
        for (uint32_t v = 0; v < h.value_count; v++)
            if (h.values[v].relied_on)
                assert_true(plm_iv_compare(g.number[h.values[v].fact].iv, PLM_EQ,
                                           h.values[v].iv.lo) != PLM_NO);
    }
}

static void every_failed_allocation_is_a_fault(void **s) {
    (void)s;
    plm_item it = {.part = PLM_STR("A100"), .form = PLM_FORM_board};
    for (int i = 0; i < PLM_F_COUNT; i++) it.flag[i] = PLM_UNKNOWN;
    it.number[PLM_N_tpp] = (plm_num){true, plm_iv_point(dec("4992"))};
    bool done = false;
    for (size_t limit = 16; !done && limit < 1u << 20; limit += 16) {
        plm_arena *a = plm_arena_new(limit);
        plm_goods g;
        plm_fault f = {0};
        done = plm_goods_facts(a, &it, &g, &f);
        if (!done) assert_int_equal(f.code, PLM_NO_MEMORY);
        plm_arena_free(a);
    }
    assert_true(done);
}

static int open_arena(void **s) {
    (void)s;
    arena = plm_arena_new(16u << 20);
    return arena ? 0 : -1;
}

static int close_arena(void **s) {
    (void)s;
    plm_arena_free(arena);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_known_of_an_empty_item),
        cmocka_unit_test(stated_number_stands_alone),
        cmocka_unit_test(highest_format_gives_tpp),
        cmocka_unit_test(tpp_beside_formats_that_differ_is_a_conflict),
        cmocka_unit_test(catalogue_fills_what_the_case_leaves_out),
        cmocka_unit_test(different_catalogue_value_is_a_conflict_over_both),
        cmocka_unit_test(interval_that_holds_the_catalogue_value_narrows_to_it),
        cmocka_unit_test(sources_that_differ_in_the_catalogue_widen),
        cmocka_unit_test(value_its_own_source_contradicts_is_shown_not_counted),
        cmocka_unit_test(stated_facts_choose_among_what_a_name_means),
        cmocka_unit_test(flags_that_differ_are_unknown_and_a_conflict),
        cmocka_unit_test(board_and_assembly_are_one_kind),
        cmocka_unit_test(density_of_two_facts_is_compared_exactly),
        cmocka_unit_test(stated_density_that_is_not_the_quotient_is_a_conflict),
        cmocka_unit_test(density_alone_decides_and_with_area_gives_tpp),
        cmocka_unit_test(vendor_part_brings_what_the_vendor_states),
        cmocka_unit_test(every_product_merges_and_its_own_figures_are_no_conflict),
        cmocka_unit_test(every_failed_allocation_is_a_fault),
    };
    return cmocka_run_group_tests(tests, open_arena, close_arena);
}
