/* BODS and GLEIF files: small ones of our own, and the data folder's where it is there. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/file.h"
#include "plimsoll/ownership.h"

#define DAY plm_day_from_ymd(2023, 1, 1)

static const char person[] =
    "{\"statementId\":\"1\",\"recordId\":\"p\",\"recordType\":\"person\",\"statementDate\":"
    "\"2020-01-01\",\"recordDetails\":{\"names\":[{\"fullName\":\"Pat Doe\"}],\"personType\":"
    "\"knownPerson\"}}";
static const char company[] =
    "{\"recordId\":\"c\",\"recordType\":\"entity\",\"statementDate\":\"2020-01-01\","
    "\"recordDetails\":{\"name\":\"Acme\",\"jurisdiction\":{\"code\":\"IE\"}}}";

static plm_own_graph *bods(plm_arena *a, const char *relations, plm_day as_of) {
    static char text[8192];
    plm_own_graph *g = plm_own_new(a);
    plm_fault f = {0};
    snprintf(text, sizeof text, "[%s,%s%s%s]", person, company, relations[0] ? "," : "", relations);
    if (!plm_own_read_bods(g, plm_str_c(text), as_of, &f)) fail_msg("%s: %s", f.where, f.say);
    return g;
}

#define REL(id, status, day, interests) \
    "{\"recordId\":\"" id "\",\"recordType\":\"relationship\",\"recordStatus\":\"" status "\"," \
    "\"statementDate\":\"" day "\",\"recordDetails\":{\"subject\":\"c\"," \
    "\"interestedParty\":\"p\"," \
    "\"interests\":[" interests "]}}"
#define SHARE(kind, value) \
    "{\"type\":\"shareholding\",\"directOrIndirect\":\"" kind "\",\"share\":" value "}"

static void share_is(const plm_own_edge *e, const char *lo, const char *hi) {
    char s[PLM_DEC_TEXT];
    plm_dec_print(e->share.lo, s);
    assert_string_equal(s, lo);
    plm_dec_print(e->share.hi, s);
    assert_string_equal(s, hi);
}

static void the_last_version_as_of_the_day_holds(void **s) {
    (void)s;
    plm_arena *a = plm_arena_new(1 << 20);
    const char *two = REL("r", "new", "2020-01-01", SHARE("direct", "{\"exact\":50}")) ","
                      REL("r", "updated", "2022-01-01", SHARE("direct", "{\"exact\":75.5}"));
    plm_own_graph *g = bods(a, two, DAY);
    uint32_t at;
    assert_int_equal(g->node_n, 2);
    assert_int_equal(g->edge_n, 1);
    share_is(&g->edges[0], "0.755", "0.755");
    assert_true(plm_own_find(g, PLM_STR("c"), &at));
    assert_false(g->nodes[at].complete);
    assert_true(g->nodes[at].headquarters == plm_country_parse(PLM_STR("IE")));
    assert_false(plm_own_find(g, PLM_STR("x"), &at));
    share_is(&bods(a, two, plm_day_from_ymd(2021, 1, 1))->edges[0], "0.5", "0.5");
    g = bods(a, REL("r", "new", "2020-01-01", SHARE("direct", "{\"exact\":50}")) ","
                REL("r", "closed", "2022-01-01", SHARE("direct", "{\"exact\":50}")), DAY);
    assert_int_equal(g->edge_n, 0);
    plm_arena_free(a);
}

static void what_is_not_said_stays_open(void **s) {
    (void)s;
    plm_arena *a = plm_arena_new(1 << 20);
    plm_own_graph *g = bods(a, REL("r", "new", "2020-01-01", "{\"type\":\"shareholding\"}"), DAY);
    share_is(&g->edges[0], "0", "1");
    g = bods(a, REL("r", "new", "2020-01-01", SHARE("direct", "{\"minimum\":25,"
        "\"maximum\":50}")), DAY);
    share_is(&g->edges[0], "0.25", "0.5");
    g = bods(a, REL("r", "new", "2020-01-01", SHARE("indirect", "{\"exact\":60}")), DAY);
    share_is(&g->edges[0], "0", "0.6"); /* through others: no more than that */
    g = bods(a, REL("r", "new", "2020-01-01", "{\"type\":\"trustee\"}"), DAY);
    assert_int_equal(g->edges[0].control, PLM_YES);
    plm_arena_free(a);
}

static void wrong_statements_are_refused(void **s) {
    (void)s;
    static const char *const bad[] = {
        "{}", "[{}]", "[", "[{\"recordId\":\"a\"}]", "[{\"statementType\":\"entityStatement\"}]"};
    plm_arena *a = plm_arena_new(1 << 20);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        plm_fault f = {0};
        assert_false(plm_own_read_bods(plm_own_new(a), plm_str_c(bad[i]), DAY, &f));
        assert_true(f.say[0] != 0);
    }
    char text[4096];
    snprintf(text, sizeof text, "[%s,%s,%s]", person, company,
             REL("r", "new", "2020-01-01", SHARE("direct", "{\"exact\":150}")));
    plm_fault f = {0};
    assert_false(plm_own_read_bods(plm_own_new(a), plm_str_c(text), DAY, &f));
    assert_non_null(strstr(f.say, "outside 0 to 100"));
    plm_arena_free(a);
}

#define LEI_A "5493001Z012YSB2A0K51"
#define LEI_B "001GPB6A9XPE8XJICC14"

static void gleif_consolidation_is_control(void **s) {
    (void)s;
    plm_arena *a = plm_arena_new(1 << 20);
    plm_own_graph *g = plm_own_new(a);
    plm_fault f = {0};
    assert_true(plm_own_read_gleif(g, PLM_STR(
        "<l:LEIData xmlns:l=\"u\"><l:LEIRecords><l:LEIRecord><l:LEI>" LEI_A "</l:LEI><l:Entity>"
        "<l:LegalName>Parent</l:LegalName><l:HeadquartersAddress><l:Country>CN</l:Country>"
        "</l:HeadquartersAddress></l:Entity></l:LEIRecord></l:LEIRecords></l:LEIData>"), "a", &f));
#define RR(type, amount) \
    "<RelationshipData><RelationshipRecord><Relationship><StartNode><NodeID>" LEI_B "</NodeID>" \
    "</StartNode><EndNode><NodeID>" LEI_A "</NodeID></EndNode><RelationshipType>" type \
    "</RelationshipType><RelationshipStatus>ACTIVE</RelationshipStatus><RelationshipQuantifiers>" \
    "<RelationshipQuantifier><QuantifierAmount>" amount "</QuantifierAmount><QuantifierUnits>" \
    "PERCENTAGE</QuantifierUnits></RelationshipQuantifier></RelationshipQuantifiers>" \
    "</Relationship></RelationshipRecord></RelationshipData>"
    assert_true(plm_own_read_gleif(g, PLM_STR(RR("IS_DIRECTLY_CONSOLIDATED_BY", "100.00")), "b",
                                   &f));
    assert_true(plm_own_read_gleif(g, PLM_STR(RR("IS_FUND-MANAGED_BY", "100.00")), "b", &f));
    assert_int_equal(g->edge_n, 1);
    assert_int_equal(g->edges[0].control, PLM_YES);
    share_is(&g->edges[0], "1", "1");
    assert_true(plm_own_read_gleif(g, PLM_STR(RR("IS_DIRECTLY_CONSOLIDATED_BY", "1.00")), "b", &f));
    share_is(&g->edges[1], "0", "1"); /* per cent or parts of one: records differ */
    assert_true(plm_own_read_gleif(g, PLM_STR(
        "<ReportingExceptionData><Exception><LEI>" LEI_B "</LEI><ExceptionReason>NON_PUBLIC"
        "</ExceptionReason></Exception></ReportingExceptionData>"), "c", &f));
    uint32_t at, top;
    assert_true(plm_own_find(g, PLM_STR(LEI_B), &at));
    assert_true(plm_str_is(g->nodes[at].note, "NON_PUBLIC"));
    assert_int_equal(plm_own_ultimate(g, at, &top), PLM_UNKNOWN); /* the parent's owners */
    assert_false(plm_own_read_gleif(g, PLM_STR("<x/>"), "d", &f));
    plm_fault_clear(&f);
    assert_false(plm_own_read_gleif(g, PLM_STR("<LEIData><LEIRecord><LEI>short</LEI></LEIRecord>"
                                               "</LEIData>"), "e", &f));
    assert_string_equal(f.where, "e");
    plm_arena_free(a);
}

static void the_data_folder_is_read(void **s) {
    (void)s;
    static const char *const files[] = {"bods_fermcat.json", "bods_tecido.json", "bods_levent.json",
                                        "gleif_lei-data.xml", "gleif_rr-data.xml",
                                        "gleif_repex-data.xml", "gleif_rr-updates-data2.xml"};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        char path[256];
        plm_buf b;
        plm_fault f = {0};
        plm_arena *a = plm_arena_new(16 << 20);
        plm_own_graph *g = plm_own_new(a);
        plm_buf_init(&b, 1 << 20);
        snprintf(path, sizeof path, "../shared/data/screen/ownership/%s", files[i]);
        if (plm_file_read(path, &b, NULL)) {
            bool ok = files[i][0] == 'g' ? plm_own_read_gleif(g, plm_buf_str(&b), path, &f)
                                         : plm_own_read_bods(g, plm_buf_str(&b), DAY, &f);
            if (!ok) fail_msg("%s: %s", path, f.say);
            assert_true(g->node_n > 0);
        } else {
            print_message("%s is absent: not tried\n", path);
        }
        plm_buf_free(&b);
        plm_arena_free(a);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_last_version_as_of_the_day_holds),
        cmocka_unit_test(what_is_not_said_stays_open),
        cmocka_unit_test(wrong_statements_are_refused),
        cmocka_unit_test(gleif_consolidation_is_control),
        cmocka_unit_test(the_data_folder_is_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
