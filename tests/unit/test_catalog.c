/* The catalogue: one name, all it may mean, each figure with its source. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "plimsoll/goods.h"

static plm_catalog_hit hits[PLM_CATALOG_HITS_MAX];

static uint32_t find(const char *name) { return plm_catalog_find(plm_str_c(name), hits); }

static const plm_catalog_value *value(const plm_catalog_hit *h, int fact, uint32_t nth) {
    for (uint32_t i = 0; i < h->value_count; i++)
        if (h->values[i].fact == fact && nth-- == 0) return &h->values[i];
    return NULL;
}

static void number_is(const plm_catalog_value *v, const char *want) {
    char out[PLM_DEC_TEXT];
    assert_non_null(v);
    assert_true(plm_iv_is_point(v->iv));
    plm_dec_print(v->iv.lo, out);
    assert_string_equal(out, want);
}

static void spelling_does_not_matter(void **s) {
    (void)s;
    static const char *const names[] = {"H200 SXM", "h200-sxm", "NVIDIA H200 SXM", "H200SXM",
                                        "nvidia h200_sxm5", " H200  SXM ",
                                        "NVIDIA\xC2\xAE H200 SXM",
                                        "H200\xE2\x80\x93SXM", "H200-SXM"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (find(names[i]) != 1) fail_msg("%s", names[i]);
        assert_string_equal(hits[0].id, "H200-SXM");
    }
    assert_int_equal(find("GeForce RTX 4090"), 1);
    assert_int_equal(find("NVIDIA GEFORCE RTX 4090"), 1);
    assert_int_equal(find("AMD Instinct MI300X"), 1);
    assert_int_equal(find("MI300X"), 1);
}

static void unknown_name_is_not_guessed(void **s) {
    (void)s;
    static const char *const names[] = {"", " ", "H200 SXM7", "H2000", "data-centre accelerator",
                                        "NVIDIA", "X", "\xE5\x8D\x8E\xE4\xB8\xBAH20", "---"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (find(names[i])) fail_msg("%s", names[i]);
    char lengthy[4096];
    memset(lengthy, 'H', sizeof lengthy);
    assert_int_equal(plm_catalog_find((plm_str){lengthy, sizeof lengthy}, hits), 0);
    assert_int_equal(plm_catalog_find((plm_str){"H20\0\0", 5}, hits), 1);
}

static void ambiguous_name_gives_all(void **s) {
    (void)s;
    assert_int_equal(find("H200"), 2);
    assert_int_equal(find("A100"), 4);
    assert_int_equal(find("A100 80GB"), 2);
    assert_int_equal(find("RTX PRO 4500"), 2);
    bool yes = false, no = false;
    for (int i = 0; i < 2; i++) {
        yes = yes || hits[i].datacenter == PLM_YES;
        no = no || hits[i].datacenter == PLM_NO;
    }
    assert_true(yes && no);
}

static void sources_that_differ_are_both_kept(void **s) {
    (void)s;
    assert_int_equal(find("H100 NVL"), 1);
    const plm_catalog_value *a = value(hits, PLM_N_tpp, 0), *b = value(hits, PLM_N_tpp, 1);
    assert_non_null(a);
    assert_non_null(b);
    if (a->basis != PLM_BASIS_vendor) {
        const plm_catalog_value *t = a;
        a = b, b = t;
    }
    number_is(a, "14144");
    number_is(b, "13364");
    assert_int_equal(b->basis, PLM_BASIS_datasheet);
    assert_non_null(strstr(a->source, "NVIDIA ECCN table"));
}

static void recalled_and_estimated_stay_marked(void **s) {
    (void)s;
    plm_catalog_hit h;
    uint32_t n = 0, marked = 0;
    for (; plm_catalog_at(n, &h); n++)
        for (uint32_t i = 0; i < h.value_count; i++) {
            const plm_catalog_value *v = &h.values[i];
            bool soft = v->basis == PLM_BASIS_recalled || v->basis == PLM_BASIS_estimate;
            if (soft) assert_int_equal(v->certainty, PLM_CERTAINTY_LOW);
            if (strstr(v->source, "recalled") || strstr(v->source, "estimate"))
                if (!soft) fail_msg("%s: %s", h.id, v->source);
            marked += soft;
            assert_true(v->source[0] && v->basis > PLM_BASIS_case && v->basis < PLM_BASIS_COUNT);
            assert_true(plm_dec_cmp(v->iv.lo, v->iv.hi) <= 0 && !v->iv.lo.neg);
        }
    assert_true(n > 60 && marked > 20);
    assert_false(plm_catalog_at(UINT32_MAX, &h));
}

static void part_number_has_its_vendors_words_and_its_chip(void **s) {
    (void)s;
    assert_int_equal(find("935-24287-0040-000"), 1);
    assert_string_equal(hits[0].id, "935-24287-0040-000");
    assert_string_equal(hits[0].eccn, "4A090.a");
    number_is(value(hits, PLM_N_tpp, 0), "15840");
    assert_null(value(hits, PLM_N_tpp, 1));
    number_is(value(hits, PLM_N_die_area_mm2, 0), "814");
    assert_true(hits[0].form == PLM_FORM_assembly && hits[0].datacenter == PLM_YES);
    assert_int_equal(find("920 24387 2561 000"), 1);
    assert_true(hits[0].encryption == PLM_YES && hits[0].form == PLM_FORM_computer);
}

static void amd_part_says_whether_a1_is_met(void **s) {
    (void)s;
    plm_catalog_hit h;
    uint32_t yes = 0, no = 0;
    for (uint32_t i = 0; plm_catalog_part_at(i, &h); i++) {
        if (strcmp(h.vendor, "AMD") != 0) continue;
        assert_int_equal(h.value_count, 1);
        plm_truth met = plm_iv_compare(h.values[0].iv, PLM_GE, plm_dec_int(4800));
        assert_true(met != PLM_UNKNOWN);
        if (met == PLM_YES) yes++;
        else no++;
    }
    assert_int_equal(yes, 96);
    assert_int_equal(no, 4174);
}

static void every_part_and_product_is_found_by_its_name(void **s) {
    (void)s;
    plm_catalog_hit h;
    for (uint32_t i = 0; plm_catalog_part_at(i, &h); i++) {
        plm_eccn e;
        if (!plm_eccn_parse(plm_str_c(h.eccn), &e)) fail_msg("%s: %s", h.id, h.eccn);
        if (find(h.id) != 1) fail_msg("%s", h.id);
        assert_string_equal(hits[0].id, h.id);
    }
    for (uint32_t i = 0; plm_catalog_at(i, &h); i++) {
        bool by_id = false, by_name = false;
        for (uint32_t n = find(h.id); n; n--) by_id = by_id || !strcmp(hits[n - 1].id, h.id);
        for (uint32_t n = find(h.name); n; n--) by_name = by_name || !strcmp(hits[n - 1].id, h.id);
        if (!by_id || !by_name) fail_msg("%s", h.id);
    }
}

/* As invoices have it: the maker, what kind of thing it is, how many, the words in any order. */
static void every_product_is_found_as_an_invoice_names_it(void **s) {
    (void)s;
    plm_catalog_hit h;
    for (uint32_t i = 0; plm_catalog_at(i, &h); i++) {
        char text[200];
        const char *last = strrchr(h.name, ' ');
        int first = last ? (int)(last - h.name) : (int)strlen(h.name);
        snprintf(text, sizeof text, "8x %s %.*s GPU", last ? last + 1 : "", first, h.name);
        bool there = false;
        for (uint32_t n = find(text); n; n--) there = there || !strcmp(hits[n - 1].id, h.id);
        if (!there && !strpbrk(h.name, "(/,") && !strstr(h.name, "GPU"))
            fail_msg("%s as %s", h.id, text);
    }
    assert_int_equal(find("NVIDIA A100 80GB PCIe"), 1);
    assert_string_equal(hits[0].id, "A100-80-PCIE");
    assert_int_equal(find("HGX H100 8-GPU"), 1);
    assert_int_equal(find("NVIDIA H100 80GB HBM3"), 1);
    assert_int_equal(find("GeForce RTX 4090 Laptop GPU"), 0);
    assert_int_equal(find("8x"), 0);
    assert_int_equal(find("a b c d e f g h i j k l m n"), 0);
}

static void names_of_basis_and_certainty(void **s) {
    (void)s;
    assert_string_equal(plm_basis_names[PLM_BASIS_recalled], "recalled");
    assert_string_equal(plm_certainty_name(PLM_CERTAINTY_LOW), "low");
    assert_string_equal(plm_certainty_name(PLM_CERTAINTY_HIGH), "high");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(spelling_does_not_matter),
        cmocka_unit_test(unknown_name_is_not_guessed),
        cmocka_unit_test(ambiguous_name_gives_all),
        cmocka_unit_test(sources_that_differ_are_both_kept),
        cmocka_unit_test(recalled_and_estimated_stay_marked),
        cmocka_unit_test(part_number_has_its_vendors_words_and_its_chip),
        cmocka_unit_test(amd_part_says_whether_a1_is_met),
        cmocka_unit_test(every_part_and_product_is_found_by_its_name),
        cmocka_unit_test(every_product_is_found_as_an_invoice_names_it),
        cmocka_unit_test(names_of_basis_and_certainty),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
