/* ECCN texts: vendors' spellings, the side of 3A090 they claim, and what lies within what. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "plimsoll/goods.h"

static plm_eccn parse(const char *s) {
    plm_eccn e;
    if (!plm_eccn_parse(plm_str_c(s), &e)) fail_msg("%s is not taken", s);
    return e;
}

static void spellings_become_one(void **s) {
    (void)s;
    static const char *const rows[][2] = {
        {"EAR99", "EAR99"}, {"ear 99", "EAR99"}, {"Ear-99", "EAR99"}, {" EAR99 ", "EAR99"},
        {"5A002", "5A002"}, {"5a002", "5A002"}, {"5A 002", "5A002"}, {"3A090a", "3A090.a"},
        {"3A090.a", "3A090.a"}, {"3A090.A.1", "3A090.a.1"}, {"3A090(a)(1)", "3A090.a.1"},
        {"3A090 a 1", "3A090.a.1"}, {"3A090-a-1", "3A090.a.1"}, {"3A090.a.", "3A090.a"},
        {"ECCN 3A090.a", "3A090.a"}, {"eccn: 4A994.l", "4A994.l"}, {"5A002.z.1", "5A002.z.1"},
        {"5A992.z.2.b1", "5A992.z.2.b.1"}, {"5A002.z.1.a.1", "5A002.z.1.a.1"},
        {"5A992.z.1.a1", "5A992.z.1.a.1"}, {"4A003.z.1", "4A003.z.1"}, {"5A992.z", "5A992.z"},
        {"3B001.f.1.b.2.a", "3B001.f.1.b.2.a"}, {"1C351.d.14", "1C351.d.14"},
        {"3A991.p.1", "3A991.p.1"}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        plm_eccn e = parse(rows[i][0]);
        char out[PLM_ECCN_TEXT];
        size_t n = plm_eccn_print(&e, out);
        assert_int_equal(n, strlen(out));
        assert_string_equal(out, rows[i][1]);
        plm_eccn again = parse(out);
        assert_true(plm_eccn_same(&e, &again));
        assert_int_equal(e.side, again.side);
    }
}

static void what_is_no_eccn_is_refused(void **s) {
    (void)s;
    static const char *const rows[] = {"", " ", "EAR", "EAR9", "EAR999", "EAR99.a", "N/A", "NLR",
        "3A", "3A09", "3A0900", "AA090", "3F090", "3A090.1", "3A090.ab", "3A090.a,b", "3A090.a;",
        "3A090.a.1000", "3A090.a.256", "A3A090", "3A090.é", "3A090.a.1.a.1.a.1.a.1.a.1.a",
        "none", "ECCN", "4A090 and 3A090"};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        plm_eccn e;
        if (plm_eccn_parse(plm_str_c(rows[i]), &e)) fail_msg("%s is taken", rows[i]);
        assert_true(!e.ear99 && !e.base[0] && !e.n && e.side == PLM_SIDE_NONE);
    }
    plm_eccn e;
    assert_false(plm_eccn_parse((plm_str){"3A090\0.a", 8}, &e));
}

static void side_follows_the_entrys_own_scheme(void **s) {
    (void)s;
    static const struct {
        const char *text;
        plm_side side;
    } rows[] = {
        {"3A090", PLM_SIDE_UNKNOWN}, {"3A090.a", PLM_SIDE_A}, {"3A090.a.2", PLM_SIDE_A},
        {"3A090.b.1", PLM_SIDE_B}, {"3A090.c", PLM_SIDE_C}, {"3A090.d", PLM_SIDE_UNKNOWN},
        {"4A090", PLM_SIDE_UNKNOWN}, {"4A090.a", PLM_SIDE_A}, {"4A090.b", PLM_SIDE_B},
        {"4A090.c", PLM_SIDE_UNKNOWN},
        /* the digit tells */
        {"4A004.z.1", PLM_SIDE_A}, {"4A004.z.2", PLM_SIDE_B}, {"4A005.z.1", PLM_SIDE_A},
        {"4A005.z.2", PLM_SIDE_B}, {"5A992.z.1", PLM_SIDE_A}, {"5A992.z.2", PLM_SIDE_B},
        {"5D992.z.2", PLM_SIDE_B}, {"5A992.z", PLM_SIDE_UNKNOWN}, {"5A992.z.3", PLM_SIDE_UNKNOWN},
        {"5A992.z.2.b1", PLM_SIDE_B}, {"5A992.z.1.a1", PLM_SIDE_A},
        {"5A992.z.1.b", PLM_SIDE_UNKNOWN},
        /* the letter tells */
        {"3A001.z.4.a", PLM_SIDE_A}, {"3A001.z.1.b", PLM_SIDE_B}, {"4A003.z.1.a", PLM_SIDE_A},
        {"4A003.z.2.b", PLM_SIDE_B}, {"4A003.z.1", PLM_SIDE_UNKNOWN},
        {"5A002.z.1", PLM_SIDE_UNKNOWN}, {"5A002.z.1.a.1", PLM_SIDE_A},
        {"5A002.z.5.b", PLM_SIDE_B}, {"5A004.z.2.a", PLM_SIDE_A}, {"5D002.z.6.a", PLM_SIDE_A},
        {"5A002.z.1.c", PLM_SIDE_UNKNOWN}, {"9A999.z.1.a", PLM_SIDE_UNKNOWN},
        /* no claim */
        {"EAR99", PLM_SIDE_NONE}, {"5A992.c", PLM_SIDE_NONE}, {"4A994.l", PLM_SIDE_NONE},
        {"3A001.a.7", PLM_SIDE_NONE}, {"5A002.a.1", PLM_SIDE_NONE}, {"4A003", PLM_SIDE_NONE},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (parse(rows[i].text).side != rows[i].side) fail_msg("%s", rows[i].text);
}

static void within_is_three_valued(void **s) {
    (void)s;
    static const struct {
        const char *e, *p;
        plm_truth t;
    } rows[] = {
        {"3A001.b", "3A001.b", PLM_YES}, {"3A001.b.2", "3A001.b", PLM_YES},
        {"3A001", "3A001.b", PLM_UNKNOWN}, {"3A001", "3A001", PLM_YES},
        {"3A001.b.1", "3A001", PLM_YES}, {"3A001.a", "3A001.b", PLM_NO},
        {"3A002", "3A001", PLM_NO}, {"3B001.f", "3B001.f.1", PLM_UNKNOWN},
        {"3B001.f.5", "3B001.f.1", PLM_NO}, {"3B001.f.1", "3B001.f.10", PLM_NO},
        {"3B001.f.10", "3B001.f.1", PLM_NO}, {"EAR99", "EAR99", PLM_YES},
        {"EAR99", "3A001", PLM_NO}, {"3A001", "EAR99", PLM_NO}, {"3A001", "rubbish", PLM_NO},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        plm_eccn e = parse(rows[i].e);
        if (plm_eccn_within_text(&e, rows[i].p) != rows[i].t)
            fail_msg("%s in %s", rows[i].e, rows[i].p);
    }
    plm_eccn none = {0}, p = parse("3A001");
    assert_int_equal(plm_eccn_within(&none, &p), PLM_NO);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(spellings_become_one),
        cmocka_unit_test(what_is_no_eccn_is_refused),
        cmocka_unit_test(side_follows_the_entrys_own_scheme),
        cmocka_unit_test(within_is_three_valued),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
