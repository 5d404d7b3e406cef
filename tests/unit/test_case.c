/* The case reader: every class of error has its path and code, and everything left out is what
 * the contract says.  In the JSON of this file ' stands for ". */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "plimsoll/case.h"

static plm_arena *arena;
static char text[4u << 20];

static plm_str json(const char *s) {
    size_t n = strlen(s);
    assert_true(n < sizeof text);
    for (size_t i = 0; i <= n; i++) text[i] = s[i] == '\'' ? '"' : s[i];
    return (plm_str){text, n};
}

static const plm_case *reads(const char *s) {
    static plm_case c;
    plm_fault f = {0};
    plm_arena_reset(arena);
    if (!plm_case_read(arena, json(s), &c, &f)) fail_msg("%s\n%s: %s", s, f.where, f.say);
    return &c;
}

/* Reads transaction T. */
static const plm_case *deal(const char *t) {
    static char s[1u << 16];
    snprintf(s, sizeof s, "{'transaction': {%s}}", t);
    return reads(s);
}

static void refused(const char *s, plm_code code, const char *where, const char *say) {
    plm_case c;
    plm_fault f = {0};
    plm_arena_reset(arena);
    if (plm_case_read(arena, json(s), &c, &f)) fail_msg("taken: %.200s", s);
    if (f.code != code || strcmp(f.where, where) || !strstr(f.say, say))
        fail_msg("%.200s\ncode %d at '%s': %s", s, (int)f.code, f.where, f.say);
}

typedef struct bad_row {
    const char *t;
    plm_code code;
    const char *where, *say;
} bad_row;

static void refused_deals(const bad_row *rows, size_t n) {
    for (size_t i = 0; i < n; i++) {
        char s[4096], where[256];
        snprintf(s, sizeof s, "{'transaction': {%s}}", rows[i].t);
        snprintf(where, sizeof where, "transaction.%s", rows[i].where);
        refused(s, rows[i].code, where, rows[i].say);
    }
}
#define REFUSED(rows) refused_deals(rows, sizeof rows / sizeof *rows)

static void text_that_is_no_json_is_refused(void **s) {
    (void)s;
    static const char *const rows[] = {
        "", " ", "{", "{'transaction': {}", "{'transaction': {}} x", "{'transaction': {}}{}",
        "{'transaction': {},}", "{'transaction': {'to': 'C\xff'}}", "{transaction: {}}",
        "{'transaction': {'to': '\\ud800'}}", "{'transaction': {'to': '\\udc00\\ud800'}}",
        "{'transaction': {'to': '\xed\xa0\x80'}}", "{'transaction': {'items': [1,]}}",
        "{'transaction': {'items': [NaN]}}", "{'transaction': {'items': [01]}}",
        "// x\n{'transaction': {}}", "{'transaction': {'to': 'a\nb'}}"};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        refused(rows[i], PLM_BAD_INPUT, "", "");
}

static void place_of_malformed_text_is_told(void **s) {
    (void)s;
    plm_case c;
    plm_fault f = {0};
    assert_false(plm_case_read(arena, json("{'id': 'x',\n  'transaction': }"), &c, &f));
    assert_int_equal(f.line, 2);
    assert_true(f.column >= 18);
}

static void duplicate_key_is_refused_at_any_depth(void **s) {
    (void)s;
    refused("{'id': 'a', 'id': 'a', 'transaction': {}}", PLM_BAD_INPUT, "", "twice");
    refused("{'transaction': {'items': [{'facts': {'tpp': 1, 'tpp': 1}}]}}", PLM_BAD_INPUT, "",
            "\"tpp\" stands twice");
    refused("{'transaction': {'x': [{'a': 1, '\\u0061': 1}]}}", PLM_BAD_INPUT, "", "twice");
    refused("{'transaction': {}, 'transaction': {}}", PLM_BAD_INPUT, "", "twice");
}

static void duplicate_key_among_many_is_refused(void **s) {
    (void)s;
    static char big[1u << 16];
    size_t n = (size_t)snprintf(big, sizeof big, "{'transaction': {}");
    for (int i = 0; i < 200; i++)
        n += (size_t)snprintf(big + n, sizeof big - n, ", 'k%d': 1", i);
    snprintf(big + n, sizeof big - n, "}");
    assert_int_equal(reads(big)->warning_count, 200);
    snprintf(big + n, sizeof big - n, ", 'k77': 1}");
    refused(big, PLM_BAD_INPUT, "", "\"k77\" stands twice");
}

static void case_is_an_object_with_a_transaction(void **s) {
    (void)s;
    refused("[]", PLM_BAD_INPUT, "", "is no case");
    refused("7", PLM_BAD_INPUT, "", "is no case");
    refused("null", PLM_BAD_INPUT, "", "is no case");
    refused("{}", PLM_BAD_INPUT, "transaction", "is missing");
    refused("{'id': 'x'}", PLM_BAD_INPUT, "transaction", "is missing");
    refused("{'transaction': null}", PLM_BAD_INPUT, "transaction", "not an object");
    refused("{'transaction': []}", PLM_BAD_INPUT, "transaction", "not an object");
}

static void head_of_a_case_is_checked(void **s) {
    (void)s;
    refused("{'id': 7, 'transaction': {}}", PLM_BAD_INPUT, "id", "not a text");
    refused("{'id': null, 'transaction': {}}", PLM_BAD_INPUT, "id", "null is not taken");
    refused("{'as_of': '2026-02-29', 'transaction': {}}", PLM_BAD_INPUT, "as_of", "no date");
    refused("{'as_of': '2026-2-9', 'transaction': {}}", PLM_BAD_INPUT, "as_of", "YYYY-MM-DD");
    refused("{'as_of': 20260209, 'transaction': {}}", PLM_BAD_INPUT, "as_of", "not a text");
    refused("{'known': '2026-13-01', 'transaction': {}}", PLM_BAD_INPUT, "known", "no date");
    refused("{'known': '', 'transaction': {}}", PLM_BAD_INPUT, "known", "no date");
    refused("{'mode': 'Enforced', 'transaction': {}}", PLM_BAD_INPUT, "mode",
            "enforced, codified");
    const plm_case *c = reads("{'id': 'q\\u0022\\n', 'as_of': '2024-02-29', 'known': "
                              "'2026-06-15', 'mode': 'codified', 'transaction': {}}");
    assert_true(c->id_is_string && c->has_as_of && c->has_known && c->has_mode && c->codified);
    assert_true(plm_str_is(c->id, "q\"\n"));
    assert_true(plm_str_is(c->id_json, "\"q\\\"\\n\""));
    assert_int_equal(c->as_of, plm_day_from_ymd(2024, 2, 29));
    assert_int_equal(c->known, plm_day_from_ymd(2026, 6, 15));
    c = reads("{'transaction': {}, 'mode': 'enforced'}");
    assert_true(!c->id_is_string && plm_str_is(c->id_json, "null") && !c->has_as_of);
    assert_true(c->has_mode && !c->codified && !c->has_known);
}

static void words_are_from_their_lists(void **s) {
    (void)s;
    static const bad_row rows[] = {
        {"'kind': 'import'", PLM_BAD_INPUT, "kind", "export, reexport"},
        {"'kind': ''", PLM_BAD_INPUT, "kind", "no word known"},
        {"'kind': 'Export'", PLM_BAD_INPUT, "kind", "no word known"},
        {"'kind': 'export '", PLM_BAD_INPUT, "kind", "no word known"},
        {"'kind': 1", PLM_BAD_INPUT, "kind", "not a text"},
        {"'parties': [{'role': 'buyer'}]", PLM_BAD_INPUT, "parties[0].role", "purchaser"},
        {"'items': [{}, {'facts': {'form': 'chip'}}]", PLM_BAD_INPUT, "items[1].facts.form",
         "hbm_stack"},
        {"'items': [{'facts': {'maker_role': 'fab'}}]", PLM_BAD_INPUT,
         "items[0].facts.maker_role", "designer, foundry, osat"},
        {"'notices': [{'kind': 'is-informed'}]", PLM_BAD_INPUT, "notices[0].kind",
         "is_informed"},
        {"'notices': [{'conclusion': 'prohibited'}]", PLM_BAD_INPUT, "notices[0].conclusion",
         "license_required"},
    };
    REFUSED(rows);
    for (int i = 1; i < PLM_KIND_COUNT; i++) {
        char t[64];
        snprintf(t, sizeof t, "'kind': '%s'", plm_kind_names[i]);
        assert_int_equal(deal(t)->kind, i);
    }
    for (int i = 1; i < PLM_ROLE_COUNT; i++) {
        char t[64];
        snprintf(t, sizeof t, "'parties': [{'role': '%s'}]", plm_role_names[i]);
        assert_int_equal(deal(t)->parties[0].role, i);
    }
    for (int i = 1; i < PLM_FORM_COUNT; i++) {
        char t[80];
        snprintf(t, sizeof t, "'items': [{'facts': {'form': '%s'}}]", plm_form_names[i]);
        assert_int_equal(deal(t)->items[0].form, i);
    }
    for (int i = 1; i < PLM_MAKER_COUNT; i++) {
        char t[80];
        snprintf(t, sizeof t, "'items': [{'facts': {'maker_role': '%s'}}]", plm_maker_names[i]);
        assert_int_equal(deal(t)->items[0].maker_role, i);
    }
}

static void countries_are_assigned_capitals(void **s) {
    (void)s;
    static const bad_row rows[] = {
        {"'to': 'cn'", PLM_BAD_INPUT, "to", "no assigned ISO 3166-1 code"},
        {"'to': 'XX'", PLM_BAD_INPUT, "to", "\"XX\""},
        {"'to': 'UK'", PLM_BAD_INPUT, "to", "\"UK\""},
        {"'to': 'EU'", PLM_BAD_INPUT, "to", "\"EU\""},
        {"'to': 'CHN'", PLM_BAD_INPUT, "to", "\"CHN\""},
        {"'to': ''", PLM_BAD_INPUT, "to", "two capitals"},
        {"'to': null", PLM_BAD_INPUT, "to", "null is not taken"},
        {"'from': 'China'", PLM_BAD_INPUT, "from", "China"},
        {"'from': ['US']", PLM_BAD_INPUT, "from", "not a text"},
        {"'items': [{'origin': 'SU'}]", PLM_BAD_INPUT, "items[0].origin", "SU"},
        {"'parties': [{'country': 'ZZ'}]", PLM_BAD_INPUT, "parties[0].country", "ZZ"},
        {"'parties': [{'headquarters': 'AN'}]", PLM_BAD_INPUT, "parties[0].headquarters", "AN"},
        {"'parties': [{'ultimate_parent': {'headquarters': 'us'}}]", PLM_BAD_INPUT,
         "parties[0].ultimate_parent.headquarters", "us"},
        {"'parties': [{'owners': [{'headquarters': '?!'}]}]", PLM_BAD_INPUT,
         "parties[0].owners[0].headquarters", "?!"},
        {"'parties': [{'nationalities': ['CN', 'CS']}]", PLM_BAD_INPUT,
         "parties[0].nationalities[1]", "CS"},
        {"'parties': [{'permanent_resident_of': 'US'}]", PLM_BAD_INPUT,
         "parties[0].permanent_resident_of", "not a list"},
        {"'notices': [{'to': ['C N']}]", PLM_BAD_INPUT, "notices[0].to[0]", "C N"},
        {"'us_person_support': {'employer_headquarters': 'USA'}", PLM_BAD_INPUT,
         "us_person_support.employer_headquarters", "USA"},
    };
    REFUSED(rows);
    assert_int_equal(deal("'to': 'XK'")->to, plm_country_parse(PLM_STR("XK")));
    assert_true(deal("'from': 'HK'")->from != deal("'from': 'CN'")->from);
}

/* ISO 3166-1 has 249 assigned codes; XK makes 250.  A few that are easily confused. */
static void country_codes_are_the_249_and_kosovo(void **s) {
    (void)s;
    int n = 0;
    for (char a = 'A'; a <= 'Z'; a++)
        for (char b = 'A'; b <= 'Z'; b++) {
            char code[3] = {a, b, 0}, back[3];
            plm_country c = plm_country_parse(plm_str_c(code));
            if (!c) continue;
            plm_country_print(c, back);
            assert_string_equal(back, code);
            n++;
        }
    assert_int_equal(n, 250);
    static const char *const in = "AD AX BL BQ CW EH GB GG HK HM IM JE KP ME MF MO PS RS RU SJ SS "
                                  "SX SY TL TW UM US VA XK YT ZW";
    static const char *const out = "AA AN AC CS DD EU FX IC NT QZ SF SU TA TP UK UN XA XI YU ZR ZZ";
    for (const char *p = in; *p; p += p[2] ? 3 : 2)
        assert_true(plm_country_parse((plm_str){p, 2}) != 0);
    for (const char *p = out; *p; p += p[2] ? 3 : 2)
        assert_true(plm_country_parse((plm_str){p, 2}) == 0);
}

#define NUM(v, code, say) {"'items': [{'facts': {'tpp': " v "}}]", code, "items[0].facts.tpp", say}
#define IV(v, code, at, say) \
    {"'items': [{'facts': {'tpp': " v "}}]", code, "items[0].facts.tpp" at, say}

static void numbers_are_plain_and_in_range(void **s) {
    (void)s;
    static const bad_row rows[] = {
        NUM("-1", PLM_OUT_OF_RANGE, "negative"),
        NUM("-0.000000001", PLM_OUT_OF_RANGE, "negative"),
        NUM("'-1'", PLM_BAD_INPUT, "sign"),
        NUM("'-0'", PLM_BAD_INPUT, "sign"),
        NUM("'+1'", PLM_BAD_INPUT, "no plain decimal"),
        NUM("'1e3'", PLM_BAD_INPUT, "no plain decimal"),
        NUM("'1,000'", PLM_BAD_INPUT, "no plain decimal"),
        NUM("'4800 TPP'", PLM_BAD_INPUT, "no plain decimal"),
        NUM("' 4800'", PLM_BAD_INPUT, "no plain decimal"),
        NUM("''", PLM_BAD_INPUT, "no plain decimal"),
        NUM("'.5'", PLM_BAD_INPUT, "no plain decimal"),
        NUM("'5.'", PLM_BAD_INPUT, "no plain decimal"),
        NUM("'1.2.3'", PLM_BAD_INPUT, "no plain decimal"),
        NUM("'.'", PLM_BAD_INPUT, "no plain decimal"),
        NUM("'007'", PLM_BAD_INPUT, "no plain decimal"),
        NUM("'00'", PLM_BAD_INPUT, "no plain decimal"),
        NUM("'Infinity'", PLM_BAD_INPUT, "no plain decimal"),
        NUM("'\xd9\xa1'", PLM_BAD_INPUT, "no plain decimal"),
        NUM("true", PLM_BAD_INPUT, "not a number"),
        NUM("null", PLM_BAD_INPUT, "not a number"),
        NUM("[4800]", PLM_BAD_INPUT, "not a number"),
        NUM("1e400", PLM_OUT_OF_RANGE, "digits"),
        NUM("1e-10", PLM_OUT_OF_RANGE, "digits"),
        NUM("'0.0000000001'", PLM_OUT_OF_RANGE, "digits"),
        NUM("'10000000000000000000000000000000000000000'", PLM_OUT_OF_RANGE, "digits"),
        IV("{'min': 2, 'max': 1}", PLM_BAD_INPUT, "", "wrong way round"),
        IV("{'min': '1.000000001', 'max': 1}", PLM_BAD_INPUT, "", "wrong way round"),
        IV("{'min': -1, 'max': 1}", PLM_OUT_OF_RANGE, ".min", "negative"),
        IV("{'min': 1, 'max': '1k'}", PLM_BAD_INPUT, ".max", "no plain decimal"),
        IV("{'min': null, 'max': 1}", PLM_BAD_INPUT, ".min", "not a number"),
        IV("{'min': {'min': 1}, 'max': 1}", PLM_BAD_INPUT, ".min", "not a number"),
        IV("{}", PLM_BAD_INPUT, "", "neither min nor max"),
        IV("{'low': 1}", PLM_BAD_INPUT, "", "neither min nor max"),
        {"'items': [{'quantity': -8}]", PLM_OUT_OF_RANGE, "items[0].quantity", "negative"},
        {"'items': [{'value_usd': '$5'}]", PLM_BAD_INPUT, "items[0].value_usd", "plain"},
        {"'items': [{'facts': {'formats': [{'bits': 8}, {'bits': 0}]}}]", PLM_OUT_OF_RANGE,
         "items[0].facts.formats[1].bits", "above 0"},
        {"'items': [{'facts': {'formats': [{'dense_tops': -1}]}}]", PLM_OUT_OF_RANGE,
         "items[0].facts.formats[0].dense_tops", "negative"},
    };
    REFUSED(rows);
}

static void each_number_fact_is_read_into_its_place(void **s) {
    (void)s;
    for (int i = 0; i < PLM_N_COUNT; i++) {
        char t[128], out[PLM_DEC_TEXT];
        snprintf(t, sizeof t, "'items': [{'facts': {'%s': '12.5'}}]", plm_item_number_names[i]);
        const plm_item *it = deal(t)->items;
        for (int j = 0; j < PLM_N_COUNT; j++) assert_int_equal(it->number[j].given, i == j);
        assert_true(plm_iv_is_point(it->number[i].iv));
        plm_dec_print(it->number[i].iv.lo, out);
        assert_string_equal(out, "12.5");
        snprintf(t, sizeof t, "'items': [{'facts': {'%s': '-1'}}]", plm_item_number_names[i]);
        char whole[192], where[96];
        snprintf(whole, sizeof whole, "{'transaction': {%s}}", t);
        snprintf(where, sizeof where, "transaction.items[0].facts.%s", plm_item_number_names[i]);
        refused(whole, PLM_BAD_INPUT, where, "sign");
    }
}

static void number_is_taken_exactly(const char *v, const char *want) {
    char t[256], out[PLM_DEC_TEXT];
    snprintf(t, sizeof t, "'items': [{'facts': {'tpp': %s}}]", v);
    plm_dec_print(deal(t)->items[0].number[PLM_N_tpp].iv.lo, out);
    assert_string_equal(out, want);
}

static void numbers_keep_every_digit(void **s) {
    (void)s;
    number_is_taken_exactly("4799.999999999", "4799.999999999");
    number_is_taken_exactly("'4799.999999999'", "4799.999999999");
    number_is_taken_exactly("4.8e3", "4800");
    number_is_taken_exactly("1E26", "100000000000000000000000000");
    number_is_taken_exactly("-0", "0");
    number_is_taken_exactly("0.0", "0");
    number_is_taken_exactly("999999999999999999", "999999999999999999");
    number_is_taken_exactly("99999999.999999999", "99999999.999999999");
    number_is_taken_exactly("'123456789012345678901234567890.123456789'",
                            "123456789012345678901234567890.123456789");
    number_is_taken_exactly("123456789012345678901234567890.123456789",
                            "123456789012345678901234567890.123456789");
}

static void interval_end_left_out_is_open(void **s) {
    (void)s;
    const plm_num *n = &deal("'items': [{'facts': {'tpp': {'min': 5}}}]")->items[0].number[0];
    assert_true(n->given && n->iv.no_hi && !n->iv.no_lo);
    n = &deal("'items': [{'facts': {'tpp': {'max': '5'}}}]")->items[0].number[0];
    assert_true(n->given && !n->iv.no_hi && !n->iv.no_lo && plm_dec_is_zero(n->iv.lo));
    n = &deal("'items': [{'facts': {'tpp': {'max': 5, 'min': 5}}}]")->items[0].number[0];
    assert_true(plm_iv_is_point(n->iv));
}

static void shares_are_at_most_one(void **s) {
    (void)s;
    static const bad_row rows[] = {
        {"'items': [{'us_content_share': '1.000000001'}]", PLM_OUT_OF_RANGE,
         "items[0].us_content_share", "above 1"},
        {"'items': [{'us_content_share': 18}]", PLM_OUT_OF_RANGE, "items[0].us_content_share",
         "above 1"},
        {"'items': [{'us_content_share': {'min': 0, 'max': 2}}]", PLM_OUT_OF_RANGE,
         "items[0].us_content_share", "above 1"},
        {"'items': [{'us_content_share': {'min': 2}}]", PLM_OUT_OF_RANGE,
         "items[0].us_content_share", "above 1"},
        {"'items': [{'us_content_share': '18%'}]", PLM_BAD_INPUT, "items[0].us_content_share",
         "plain"},
        {"'parties': [{'owners': [{'share': 50}]}]", PLM_OUT_OF_RANGE,
         "parties[0].owners[0].share", "above 1"},
        {"'parties': [{'owners': [{'owners': [{'share': '-0.5'}]}]}]", PLM_BAD_INPUT,
         "parties[0].owners[0].owners[0].share", "sign"},
        {"'parties': [{'owners': [{'share': {'min': '0.6', 'max': '0.5'}}]}]", PLM_BAD_INPUT,
         "parties[0].owners[0].share", "wrong way round"},
    };
    REFUSED(rows);
    const plm_num *n = &deal("'items': [{'us_content_share': {'min': '0.1'}}]")
                            ->items[0].us_content_share;
    assert_int_equal(plm_dec_cmp(n->iv.hi, plm_dec_int(1)), 0);
    assert_false(n->iv.no_hi);
    assert_true(deal("'items': [{'us_content_share': 1}]")->items[0].us_content_share.given);
}

static void wrong_types_are_refused(void **s) {
    (void)s;
    static const bad_row rows[] = {
        {"'items': {}", PLM_BAD_INPUT, "items", "not a list"},
        {"'items': null", PLM_BAD_INPUT, "items", "not a list"},
        {"'items': ['H20']", PLM_BAD_INPUT, "items[0]", "not an object"},
        {"'items': [{'part': 20}]", PLM_BAD_INPUT, "items[0].part", "not a text"},
        {"'items': [{'description': true}]", PLM_BAD_INPUT, "items[0].description", "a text"},
        {"'items': [{'eccn': null}]", PLM_BAD_INPUT, "items[0].eccn", "null"},
        {"'items': [{'eccn': ['4A090.a']}]", PLM_BAD_INPUT, "items[0].eccn", "not a text"},
        {"'items': [{'facts': []}]", PLM_BAD_INPUT, "items[0].facts", "not an object"},
        {"'items': [{'contains': {}}]", PLM_BAD_INPUT, "items[0].contains", "not a list"},
        {"'items': [{'contains': [[]]}]", PLM_BAD_INPUT, "items[0].contains[0]", "an object"},
        {"'items': [{'made_with': []}]", PLM_BAD_INPUT, "items[0].made_with", "an object"},
        {"'items': [{'made_with': {'us_technology': '3E001'}}]", PLM_BAD_INPUT,
         "items[0].made_with.us_technology", "not a list"},
        {"'items': [{'made_with': {'us_technology': [3]}}]", PLM_BAD_INPUT,
         "items[0].made_with.us_technology[0]", "not a text"},
        {"'items': [{'made_with': {'us_plant': 'yes'}}]", PLM_BAD_INPUT,
         "items[0].made_with.us_plant", "neither true nor false"},
        {"'items': [{'facts': {'formats': {}}}]", PLM_BAD_INPUT, "items[0].facts.formats", "list"},
        {"'items': [{'facts': {'formats': [8]}}]", PLM_BAD_INPUT, "items[0].facts.formats[0]",
         "not an object"},
        {"'items': [{'facts': {'datacenter': 'true'}}]", PLM_BAD_INPUT,
         "items[0].facts.datacenter", "neither true nor false"},
        {"'items': [{'facts': {'published': 1}}]", PLM_BAD_INPUT, "items[0].facts.published",
         "neither"},
        {"'end_use': true", PLM_BAD_INPUT, "end_use", "not an object"},
        {"'end_use': {'military': 'no'}", PLM_BAD_INPUT, "end_use.military", "neither"},
        {"'end_use': {'wmd': null}", PLM_BAD_INPUT, "end_use.wmd", "neither"},
        {"'end_use': {'statement': []}", PLM_BAD_INPUT, "end_use.statement", "not a text"},
        {"'us_person_support': 'no'", PLM_BAD_INPUT, "us_person_support", "neither"},
        {"'us_person_support': null", PLM_BAD_INPUT, "us_person_support", "neither"},
        {"'us_person_support': {'natural_person': 1}", PLM_BAD_INPUT,
         "us_person_support.natural_person", "neither"},
        {"'hbm': false", PLM_BAD_INPUT, "hbm", "not an object"},
        {"'hbm': {'buyer_is_designer': 1}", PLM_BAD_INPUT, "hbm.buyer_is_designer", "neither"},
        {"'certifications': []", PLM_BAD_INPUT, "certifications", "not an object"},
        {"'certifications': {'748_dd': 'yes'}", PLM_BAD_INPUT, "certifications.748_dd",
         "neither"},
        {"'notices': {}", PLM_BAD_INPUT, "notices", "not a list"},
        {"'notices': ['x']", PLM_BAD_INPUT, "notices[0]", "not an object"},
        {"'notices': [{'date': '2025-04-31'}]", PLM_BAD_INPUT, "notices[0].date", "no date"},
        {"'notices': [{'applies_to': 'H20'}]", PLM_BAD_INPUT, "notices[0].applies_to", "object"},
        {"'notices': [{'applies_to': {'part': 1}}]", PLM_BAD_INPUT,
         "notices[0].applies_to.part", "not a text"},
        {"'notices': [{'to': 'CN'}]", PLM_BAD_INPUT, "notices[0].to", "not a list"},
        {"'notices': [{'cite': 1}]", PLM_BAD_INPUT, "notices[0].cite", "not a text"},
    };
    REFUSED(rows);
}

static void wrong_types_of_parties_are_refused(void **s) {
    (void)s;
    static const bad_row rows[] = {
        {"'parties': 'X'", PLM_BAD_INPUT, "parties", "not a list"},
        {"'parties': [null]", PLM_BAD_INPUT, "parties[0]", "not an object"},
        {"'parties': [{'name': {}}]", PLM_BAD_INPUT, "parties[0].name", "not a text"},
        {"'parties': [{'address': 1}]", PLM_BAD_INPUT, "parties[0].address", "not a text"},
        {"'parties': [{'ultimate_parent': 'CN'}]", PLM_BAD_INPUT, "parties[0].ultimate_parent",
         "not an object"},
        {"'parties': [{'ultimate_parent': {'name': 1}}]", PLM_BAD_INPUT,
         "parties[0].ultimate_parent.name", "not a text"},
        {"'parties': [{'owners': {}}]", PLM_BAD_INPUT, "parties[0].owners", "not a list"},
        {"'parties': [{'owners': ['X']}]", PLM_BAD_INPUT, "parties[0].owners[0]", "an object"},
        {"'parties': [{'listed': true}]", PLM_BAD_INPUT, "parties[0].listed", "not an object"},
        {"'parties': [{'listed': {'sdn': 0}}]", PLM_BAD_INPUT, "parties[0].listed.sdn", "neither"},
        {"'parties': [{'listed': {'footnote': 4}}]", PLM_BAD_INPUT, "parties[0].listed.footnote",
         "not a list"},
        {"'parties': [{'listed': {'footnote': ['4']}}]", PLM_BAD_INPUT,
         "parties[0].listed.footnote[0]", "footnote"},
        {"'parties': [{'listed': {'footnote': [4, 0]}}]", PLM_OUT_OF_RANGE,
         "parties[0].listed.footnote[1]", "1 to 9"},
        {"'parties': [{'listed': {'footnote': [4.5]}}]", PLM_OUT_OF_RANGE,
         "parties[0].listed.footnote[0]", "1 to 9"},
        {"'parties': [{'listed': {'scope': false}}]", PLM_BAD_INPUT, "parties[0].listed.scope",
         "not a text"},
        {"'parties': [{'ids': ['X']}]", PLM_BAD_INPUT, "parties[0].ids", "not an object"},
        {"'parties': [{'ids': {'lei': 5}}]", PLM_BAD_INPUT, "parties[0].ids.lei", "not a text"},
    };
    REFUSED(rows);
}

/* Writes what a case nests n times: head, n-1 times open, close. */
static char *nested(const char *key, int n) {
    static char out[1u << 16];
    size_t at = (size_t)snprintf(out, sizeof out, "{'transaction': {'%s': [{",
                                 strcmp(key, "contains") ? "parties" : "items");
    for (int i = 0; i < n; i++)
        at += (size_t)snprintf(out + at, sizeof out - at, "'%s': [{", key);
    for (int i = 0; i < n; i++) at += (size_t)snprintf(out + at, sizeof out - at, "}]");
    snprintf(out + at, sizeof out - at, "}]}}");
    return out;
}

static void nesting_has_a_limit(void **s) {
    (void)s;
    const plm_case *c = reads(nested("contains", PLM_CASE_DEPTH_MAX - 1));
    int depth = 0;
    for (const plm_item *i = c->items; i; i = i->part_count ? i->parts : NULL) depth++;
    assert_int_equal(depth, PLM_CASE_DEPTH_MAX);
    plm_fault f = {0};
    plm_case d;
    assert_false(plm_case_read(arena, json(nested("contains", PLM_CASE_DEPTH_MAX)), &d, &f));
    assert_int_equal(f.code, PLM_OUT_OF_RANGE);
    assert_non_null(strstr(f.say, "deeper than 12"));
    assert_non_null(strstr(f.where, ".contains"));
    reads(nested("owners", PLM_CASE_DEPTH_MAX));
    plm_fault_clear(&f);
    assert_false(plm_case_read(arena, json(nested("owners", PLM_CASE_DEPTH_MAX + 1)), &d, &f));
    assert_int_equal(f.code, PLM_OUT_OF_RANGE);
    static char deep[5000];
    memset(deep, '[', 2000);
    memset(deep + 2000, ']', 2000);
    refused(deep, PLM_OUT_OF_RANGE, "", "nested deeper");
}

static char *listing(const char *head, const char *entry, int n, const char *tail) {
    static char out[2u << 20];
    size_t at = (size_t)snprintf(out, sizeof out, "{'transaction': {%s", head);
    for (int i = 0; i < n; i++)
        at += (size_t)snprintf(out + at, sizeof out - at, "%s%s", i ? "," : "", entry);
    snprintf(out + at, sizeof out - at, "%s}}", tail);
    return out;
}

static void lists_have_limits(void **s) {
    (void)s;
    static const struct {
        const char *head, *entry, *tail, *where;
        int max;
    } rows[] = {
        {"'items': [", "{}", "]", "items", PLM_CASE_ITEMS_MAX},
        {"'items': [{'contains': [", "{}", "]}]", "items[0].contains", PLM_CASE_ITEMS_MAX - 1},
        {"'parties': [", "{}", "]", "parties", PLM_CASE_PARTIES_MAX},
        {"'parties': [{'owners': [", "{}", "]}]", "parties[0].owners", PLM_CASE_OWNERS_MAX},
        {"'notices': [", "{}", "]", "notices", PLM_CASE_LIST_MAX},
        {"'notices': [{'to': [", "'CN'", "]}]", "notices[0].to", PLM_CASE_LIST_MAX},
        {"'items': [{'facts': {'formats': [", "{}", "]}}]", "items[0].facts.formats",
         PLM_CASE_LIST_MAX},
        {"'items': [{'made_with': {'us_technology': [", "'3E001'", "]}}]",
         "items[0].made_with.us_technology", PLM_CASE_LIST_MAX},
        {"'parties': [{'nationalities': [", "'CN'", "]}]", "parties[0].nationalities",
         PLM_CASE_LIST_MAX},
        {"'parties': [{'listed': {'footnote': [", "4", "]}}]", "parties[0].listed.footnote",
         PLM_CASE_LIST_MAX},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char where[128];
        snprintf(where, sizeof where, "transaction.%s", rows[i].where);
        reads(listing(rows[i].head, rows[i].entry, rows[i].max, rows[i].tail));
        refused(listing(rows[i].head, rows[i].entry, rows[i].max + 1, rows[i].tail),
                PLM_OUT_OF_RANGE, where, "");
    }
}

static void texts_have_a_limit(void **s) {
    (void)s;
    reads(listing("'items': [{'part': '", "x", 0, "'}]"));
    static char out[PLM_CASE_TEXT_MAX + 128];
    char *p = out + snprintf(out, sizeof out, "{'transaction': {'items': [{'part': '");
    memset(p, 'x', PLM_CASE_TEXT_MAX + 1);
    memcpy(p + PLM_CASE_TEXT_MAX, "'}]}}", 6);
    assert_int_equal(reads(out)->items[0].part.n, PLM_CASE_TEXT_MAX);
    memset(p, 'x', PLM_CASE_TEXT_MAX + 1);
    memcpy(p + PLM_CASE_TEXT_MAX + 1, "'}]}}", 6);
    refused(out, PLM_OUT_OF_RANGE, "transaction.items[0].part", "longer than 16384");
    static char big[10u << 20];
    memset(big, ' ', sizeof big - 1);
    plm_fault f = {0};
    plm_case c;
    assert_false(plm_case_read(arena, (plm_str){big, sizeof big}, &c, &f));
    assert_int_equal(f.code, PLM_OUT_OF_RANGE);
}

static void arena_too_small_is_a_fault(void **s) {
    (void)s;
    plm_arena *small = plm_arena_new(1000);
    plm_fault f = {0};
    plm_case c;
    assert_false(plm_case_read(small, json("{'transaction': {'items': [{}]}}"), &c, &f));
    assert_int_equal(f.code, PLM_NO_MEMORY);
    plm_arena_free(small);
}

static void keys_that_are_not_named_are_warned_of(void **s) {
    (void)s;
    static const char *const rows[][2] = {
        {"'colour': 1", "transaction.colour"},
        {"'items': [{'Part': 'x'}]", "transaction.items[0].Part"},
        {"'items': [{'facts': {'tpp ': 1}}]", "transaction.items[0].facts.tpp "},
        {"'items': [{'facts': {'tpp': {'min': 1, 'top': []}}}]",
         "transaction.items[0].facts.tpp.top"},
        {"'items': [{'facts': {'formats': [{'sparse_tops': 1}]}}]",
         "transaction.items[0].facts.formats[0].sparse_tops"},
        {"'items': [{'contains': [{'x': {}}]}]", "transaction.items[0].contains[0].x"},
        {"'items': [{'made_with': {'x': 1}}]", "transaction.items[0].made_with.x"},
        {"'parties': [{'owner': []}]", "transaction.parties[0].owner"},
        {"'parties': [{'listed': {'meu': true}}]", "transaction.parties[0].listed.meu"},
        {"'parties': [{'ids': {'duns': '1'}}]", "transaction.parties[0].ids.duns"},
        {"'parties': [{'ultimate_parent': {'country': 'XX'}}]",
         "transaction.parties[0].ultimate_parent.country"},
        {"'parties': [{'owners': [{'role': 'x'}]}]", "transaction.parties[0].owners[0].role"},
        {"'end_use': {'other': 1}", "transaction.end_use.other"},
        {"'us_person_support': {'x': 1}", "transaction.us_person_support.x"},
        {"'hbm': {'x': 1}", "transaction.hbm.x"},
        {"'certifications': {'748_ee': true}", "transaction.certifications.748_ee"},
        {"'notices': [{'x': 1}]", "transaction.notices[0].x"},
        {"'notices': [{'applies_to': {'x': 1}}]", "transaction.notices[0].applies_to.x"},
        {"'': 1", "transaction."},
        {"'a\\u0000\\n': 1", "transaction.a\?\?"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const plm_case *c = deal(rows[i][0]);
        char want[256];
        snprintf(want, sizeof want, "%s: unknown key, not taken into account", rows[i][1]);
        if (c->warning_count != 1 || !plm_str_is(c->warnings[0], want))
            fail_msg("%s: %u %.*s", rows[i][0], c->warning_count,
                     c->warning_count ? (int)c->warnings[0].n : 0,
                     c->warning_count ? c->warnings[0].p : "");
    }
    assert_int_equal(reads("{'ID': 'x', 'transaction': {}}")->warning_count, 1);
}

static void warnings_have_a_limit_that_is_told(void **s) {
    (void)s;
    static char out[1u << 20];
    size_t at = (size_t)snprintf(out, sizeof out, "{'transaction': {'k': 1");
    for (int i = 0; i < 2 * PLM_CASE_LIST_MAX; i++)
        at += (size_t)snprintf(out + at, sizeof out - at, ",'k%d':1", i);
    snprintf(out + at, sizeof out - at, "}}");
    const plm_case *c = reads(out);
    assert_int_equal(c->warning_count, PLM_CASE_LIST_MAX + 1);
    assert_true(plm_str_starts(c->warnings[PLM_CASE_LIST_MAX], "more unknown keys"));
}

static void long_path_keeps_its_end(void **s) {
    (void)s;
    char *deep = nested("contains", PLM_CASE_DEPTH_MAX - 1);
    char *in = strstr(deep, "[{}]");
    assert_non_null(in);
    static char out[1u << 12];
    snprintf(out, sizeof out, "%.*s[{}, {'facts': {'memory_bandwidth_density': -1}}]%s",
             (int)(in - deep), deep, in + 4);
    plm_fault f = {0};
    plm_case c;
    assert_false(plm_case_read(arena, json(out), &c, &f));
    assert_true(strlen(f.where) <= 191);
    const char *end = ".contains[1].facts.memory_bandwidth_density";
    assert_string_equal(f.where + strlen(f.where) - strlen(end), end);
}

static void everything_left_out_is_not_known(void **s) {
    (void)s;
    const plm_case *c = reads("{'transaction': {}}");
    assert_int_equal(c->kind, PLM_KIND_NONE);
    assert_true(!c->from && !c->to && !c->items_known && !c->parties_known);
    assert_int_equal(c->item_count + c->party_count + c->notice_count + c->warning_count, 0);
    for (int i = 0; i < PLM_U_COUNT; i++) assert_int_equal(c->end_use[i], PLM_UNKNOWN);
    assert_int_equal(c->us_person_support, PLM_UNKNOWN);
    assert_int_equal(c->us_natural_person, PLM_UNKNOWN);
    assert_int_equal(c->us_person_employer_hq, 0);
    assert_int_equal(c->hbm_buyer_is_designer, PLM_UNKNOWN);
    assert_int_equal(c->hbm_ships_to_packaging_site, PLM_UNKNOWN);
    assert_int_equal(c->hbm_finished_below_3a090, PLM_UNKNOWN);
    assert_int_equal(c->certification_748_dd, PLM_UNKNOWN);
    c = deal("'hbm': {}, 'certifications': {}, 'end_use': {}, 'items': [], 'parties': [], "
             "'notices': []");
    assert_int_equal(c->hbm_buyer_is_designer, PLM_UNKNOWN);
    assert_int_equal(c->certification_748_dd, PLM_UNKNOWN);
    for (int i = 0; i < PLM_U_COUNT; i++) assert_int_equal(c->end_use[i], PLM_UNKNOWN);
    assert_true(c->items_known && c->parties_known && !c->notice_count);
}

static void item_left_empty_is_not_known(void **s) {
    (void)s;
    const plm_item *i = deal("'items': [{}]")->items;
    assert_int_equal(i->part.n + i->description.n + i->eccn.n, 0);
    assert_true(!i->quantity.given && !i->us_content_share.given && !i->value_usd.given);
    for (int n = 0; n < PLM_N_COUNT; n++) assert_false(i->number[n].given);
    for (int n = 0; n < PLM_F_COUNT; n++) assert_int_equal(i->flag[n], PLM_UNKNOWN);
    assert_true(i->form == PLM_FORM_NONE && i->maker_role == PLM_MAKER_NONE && !i->origin);
    assert_true(!i->format_count && !i->contains_known && !i->us_technology.known);
    assert_int_equal(i->us_plant, PLM_UNKNOWN);
    i = deal("'items': [{'contains': [], 'made_with': {'us_technology': []}, 'facts': "
             "{'formats': []}}]")->items;
    assert_true(i->contains_known && !i->part_count);
    assert_true(i->us_technology.known && i->us_technology.n == 0);
    assert_int_equal(i->us_plant, PLM_UNKNOWN);
}

static void party_left_empty_is_not_known(void **s) {
    (void)s;
    const plm_party *p = deal("'parties': [{}]")->parties;
    assert_true(p->role == PLM_ROLE_NONE && !p->country && !p->headquarters);
    assert_true(!p->parent_headquarters && !p->parent_name.n && !p->owners_known);
    assert_true(!p->nationalities_known && !p->residences_known && !p->id_count);
    assert_false(p->listed.given);
    for (int i = 0; i < PLM_L_COUNT; i++) assert_int_equal(p->listed.flag[i], PLM_UNKNOWN);
    p = deal("'parties': [{'owners': [], 'nationalities': [], 'permanent_resident_of': [], "
             "'ultimate_parent': {}, 'ids': {}}]")->parties;
    assert_true(p->owners_known && !p->owner_count && p->nationalities_known);
    assert_true(p->residences_known && !p->parent_headquarters);
}

static void listed_given_vouches_for_what_it_leaves_out(void **s) {
    (void)s;
    const plm_listed *l = &deal("'parties': [{'listed': {}}]")->parties[0].listed;
    assert_true(l->given && !l->footnotes && !l->scope.n);
    for (int i = 0; i < PLM_L_COUNT; i++) assert_int_equal(l->flag[i], PLM_NO);
    l = &deal("'parties': [{'listed': {'entity_list': true, 'footnote': [4, 1], "
              "'scope': 'some', 'sdn': false}}]")->parties[0].listed;
    for (int i = 0; i < PLM_L_COUNT; i++)
        assert_int_equal(l->flag[i], i == PLM_L_entity_list ? PLM_YES : PLM_NO);
    assert_int_equal(l->footnotes, 1 << 4 | 1 << 1);
    assert_true(plm_str_is(l->scope, "some"));
}

static void owner_without_owners_ends_its_branch(void **s) {
    (void)s;
    const plm_owner *o = deal("'parties': [{'owners': [{'name': 'A', 'share': '0.5', 'owners': "
                              "[{'share': {'min': 0, 'max': '0.25'}}]}, {'listed': {}}]}]")
                             ->parties[0].owners;
    assert_true(o[0].owners_known && o[0].owner_count == 1);
    assert_true(o[0].owners[0].owners_known && o[0].owners[0].owner_count == 0);
    assert_true(o[1].owners_known && o[1].owner_count == 0 && !o[1].share.given);
    assert_true(!o[0].listed.given && o[1].listed.given && !o[0].headquarters);
    assert_int_equal(o[0].listed.flag[PLM_L_sdn], PLM_UNKNOWN);
}

/* The three refinements, over all values of the flags they read. */
static void finer_end_uses_follow_where_left_out(void **s) {
    (void)s;
    static const char *const v[] = {"", "false", "true"};
    static const plm_truth t[] = {PLM_UNKNOWN, PLM_NO, PLM_YES};
    for (int k = 0; k < 729; k++) {
        int d[6] = {k % 3, k / 3 % 3, k / 9 % 3, k / 27 % 3, k / 81 % 3, k / 243};
        static const int flag[6] = {PLM_U_advanced_node_facility, PLM_U_ic_facility_node_unknown,
                                    PLM_U_military, PLM_U_military_intelligence, PLM_U_wmd,
                                    PLM_U_model_training_for_wmd_or_military_intelligence};
        char out[512] = "'end_use': {";
        for (int i = 0; i < 6; i++)
            if (d[i])
                snprintf(out + strlen(out), sizeof out - strlen(out), "%s'%s': %s",
                         out[strlen(out) - 1] == '{' ? "" : ", ", plm_end_use_names[flag[i]],
                         v[d[i]]);
        snprintf(out + strlen(out), sizeof out - strlen(out), "}");
        const plm_truth *u = deal(out)->end_use;
        bool node = d[1] == 0 && d[0] == 1, intel = d[3] == 0 && (d[2] == 1 || d[5] == 1);
        assert_int_equal(u[PLM_U_ic_facility_node_unknown], node ? PLM_NO : t[d[1]]);
        assert_int_equal(u[PLM_U_military_intelligence], intel ? PLM_NO : t[d[3]]);
        assert_int_equal(u[PLM_U_wmd], d[4] == 0 && d[5] == 1 ? PLM_NO : t[d[4]]);
        assert_int_equal(u[PLM_U_advanced_node_facility], t[d[0]]);
        assert_int_equal(u[PLM_U_military], t[d[2]]);
        assert_int_equal(u[PLM_U_model_training_for_wmd_or_military_intelligence], t[d[5]]);
        assert_int_equal(u[PLM_U_supercomputer], PLM_UNKNOWN);
    }
}

static void support_is_a_flag_or_an_object(void **s) {
    (void)s;
    const plm_case *c = deal("'us_person_support': false");
    assert_int_equal(c->us_person_support, PLM_NO);
    assert_int_equal(deal("'us_person_support': true")->us_person_support, PLM_YES);
    assert_int_equal(deal("'us_person_support': true")->us_natural_person, PLM_UNKNOWN);
    c = deal("'us_person_support': {}");
    assert_int_equal(c->us_person_support, PLM_YES);
    assert_int_equal(c->us_natural_person, PLM_UNKNOWN);
    c = deal("'us_person_support': {'natural_person': false, 'employer_headquarters': 'JP'}");
    assert_int_equal(c->us_natural_person, PLM_NO);
    assert_int_equal(c->us_person_employer_hq, plm_country_parse(PLM_STR("JP")));
}

static void notice_left_open_says_so(void **s) {
    (void)s;
    const plm_notice *n = deal("'notices': [{}]")->notices;
    assert_true(!n->date_known && n->date == PLM_DAY_MIN && !n->countries_known);
    assert_int_equal(n->part.n + n->eccn.n + n->cite.n, 0);
    n = deal("'notices': [{'kind': 'is_informed', 'date': '2025-04-09', 'applies_to': {'part': "
             "'H20', 'eccn': '4A994.l'}, 'to': ['CN', 'MO'], 'conclusion': 'license_required', "
             "'cite': 'letter'}]")->notices;
    assert_true(n->date_known && n->date == plm_day_from_ymd(2025, 4, 9));
    assert_true(n->countries_known && n->country_count == 2);
    assert_true(plm_str_is(n->part, "H20") && plm_str_is(n->eccn, "4A994.l"));
    assert_true(plm_str_is(n->cite, "letter"));
}

static void grounds_of_exceptions_are_read(void **s) {
    (void)s;
    const plm_case *c = deal(
        "'temporary': {'kind': 'repair', 'for_lease': false}, 'us_government': "
        "{'solely_official': true}, 'items': [{'hts': '8471.50.0150'}]");
    assert_string_equal(plm_temporary_names[c->temporary.kind], "repair");
    assert_int_equal(c->temporary.flag[PLM_TMP_for_lease], PLM_NO);
    assert_int_equal(c->temporary.flag[PLM_TMP_stays_abroad], PLM_UNKNOWN);
    assert_int_equal(c->us_government.kind, 0);
    assert_int_equal(c->us_government.flag[PLM_GOV_solely_official], PLM_YES);
    assert_int_equal(c->technology_support.flag[PLM_TSU_enhances], PLM_UNKNOWN);
    assert_true(plm_str_is(c->items[0].hts, "847150"));
}

static void chain_of_designed_for_is_read(void **s) {
    (void)s;
    const plm_case *c = deal("'items': [{'designed_for': [{'item': 'items[1].contains[0]',"
                             "'for': 'production'}, {'eccn': '3B001.c', 'designed_for': "
                             "[{'class': 'supercomputer'}]}]}, {'contains': [{}]}]");
    const plm_item *v = c->items;
    assert_true(v[0].designed_for_known && v[0].edge_count == 2);
    assert_ptr_equal(v[0].edges[0].to, &v[1].parts[0]);
    assert_int_equal(v[0].edges[0].purpose, PLM_PURPOSE_production);
    assert_int_equal(v[0].edges[1].purpose, PLM_PURPOSE_NONE);
    assert_int_equal(v[0].edges[1].edges[0].target, PLM_TARGET_supercomputer);
    assert_false(v[1].designed_for_known);
    assert_true(deal("'items': [{'designed_for': []}]")->items[0].designed_for_known);
}

static void chain_that_cannot_be_followed_is_refused(void **s) {
    (void)s;
    static const bad_row rows[] = {
        {"'items': [{'designed_for': [{'item': 'items[0]'}]}]", PLM_BAD_INPUT,
         "items[0].designed_for[0]", "back to itself"},
        {"'items': [{'designed_for': [{'item': 'items[1]'}]},"
         "{'designed_for': [{}, {'item': 'items[0]'}]}]", PLM_BAD_INPUT,
         "items[0].designed_for[0]", "back to itself"},
        {"'items': [{'designed_for': [{'item': 'items[1]'}]}]", PLM_BAD_INPUT,
         "items[0].designed_for[0]", "names no item"},
        {"'items': [{'designed_for': [{'item': 'items[0'}]}]", PLM_BAD_INPUT,
         "items[0].designed_for[0]", "names no item"},
        {"'items': [{'contains': [{'designed_for': [{'eccn': '3B001', 'designed_for':"
         "[{'item': 'parties[0]'}]}]}]}]", PLM_BAD_INPUT,
         "items[0].contains[0].designed_for[0].designed_for[0]", "names no item"},
        {"'items': [{'designed_for': [{'item': 'items[0]', 'eccn': '3B001'}]}]", PLM_BAD_INPUT,
         "items[0].designed_for[0]", "keep one"},
        {"'items': [{'designed_for': [{'for': 'fun'}]}]", PLM_BAD_INPUT,
         "items[0].designed_for[0].for", "production"},
        {"'items': [{'designed_for': [{'class': 1}]}]", PLM_BAD_INPUT,
         "items[0].designed_for[0].class", "text"},
        {"'items': [{'designed_for': {}}]", PLM_BAD_INPUT, "items[0].designed_for", "list"},
        {"'items': [{'designed_for': [{'eccn': '3B001.c', 'for': 'production'}]}],"
         "'end_use': {'semiconductor_equipment_development': false}", PLM_BAD_INPUT,
         "items[0].designed_for[0]", "mend one of the two"},
        {"'items': [{'designed_for': [{'class': 'supercomputer', 'for': 'use'}]}],"
         "'end_use': {'supercomputer': false}", PLM_BAD_INPUT,
         "items[0].designed_for[0]", "mend one of the two"}};
    REFUSED(rows);
    deal("'items': [{'designed_for': [{'eccn': '3B001.g', 'for': 'production'}]}],"
         "'end_use': {'semiconductor_equipment_development': false}");
}

static void chain_has_limits(void **s) {
    (void)s;
    static char t[1u << 15];
    size_t n = 0;
    /* item k is designed for item k + 1: one edge more than the tiers allowed */
    n += (size_t)snprintf(t + n, sizeof t - n, "'items': [");
    for (int i = 0; i <= PLM_CASE_TIERS_MAX; i++)
        n += (size_t)snprintf(t + n, sizeof t - n, "{'designed_for': [{'item': 'items[%d]'}]},",
                              i + 1);
    snprintf(t + n, sizeof t - n, "{}]");
    const bad_row far[] = {{t, PLM_OUT_OF_RANGE, "items[0].designed_for[0]", "12 tiers"}};
    REFUSED(far);
    n = (size_t)snprintf(t, sizeof t, "'items': [{'designed_for': [{}");
    for (int i = 1; i < PLM_CASE_EDGES_MAX; i++)
        n += (size_t)snprintf(t + n, sizeof t - n, ",{}");
    snprintf(t + n, sizeof t - n, "]}]");
    assert_int_equal(deal(t)->items[0].edge_count, PLM_CASE_EDGES_MAX);
    snprintf(t + n, sizeof t - n, "]}, {'designed_for': [{}]}]");
    const bad_row many[] = {{t, PLM_OUT_OF_RANGE, "items[1].designed_for", "256 edges"}};
    REFUSED(many);
}

static void whole_case_is_read(void **s) {
    (void)s;
    const plm_case *c = deal(
        "'kind': 'reexport', 'from': 'US', 'to': 'CN', 'items': [{'part': 'H20', 'quantity': 8, "
        "'facts': {'formats': [{'bits': 8, 'dense_tops': {'min': 295, 'max': '296'}}], "
        "'non_planar': true, 'encryption': false, 'contains_hbm': true}, 'contains': [{'part': "
        "'a'}, {'part': 'b', 'contains': [{'eccn': '3A090.a'}]}], 'us_content_share': '0.18', "
        "'made_with': {'us_technology': ['3E001', '4E001'], 'us_plant': false}}], 'parties': "
        "[{'role': 'end_user', 'name': 'N', 'ids': {'lei': 'L'}, 'nationalities': ['CN', 'CA'], "
        "'permanent_resident_of': ['US'], 'ultimate_parent': {'name': 'P', 'headquarters': "
        "'SG'}}], 'hbm': {'buyer_is_designer': true, 'finished_item_below_3A090': false}, "
        "'certifications': {'748_dd': true}, 'end_use': {'statement': 'x'}");
    const plm_item *i = c->items;
    assert_int_equal(c->warning_count, 0);
    assert_true(i->format_count == 1 && plm_iv_is_point(i->formats[0].bits.iv));
    assert_false(plm_iv_is_point(i->formats[0].dense_tops.iv));
    assert_true(i->flag[PLM_F_non_planar] == PLM_YES && i->flag[PLM_F_encryption] == PLM_NO);
    assert_true(i->flag[PLM_F_contains_hbm] == PLM_YES && i->us_plant == PLM_NO);
    assert_true(i->part_count == 2 && plm_str_is(i->parts[1].parts[0].eccn, "3A090.a"));
    assert_true(i->us_technology.n == 2 && plm_str_is(i->us_technology.v[1], "4E001"));
    const plm_party *p = c->parties;
    assert_true(p->role == PLM_ROLE_end_user && p->id_count == 1);
    assert_true(plm_str_is(p->id_kinds[0], "lei") && plm_str_is(p->id_values[0], "L"));
    assert_true(p->nationality_count == 2 && p->residence_count == 1);
    assert_int_equal(p->parent_headquarters, plm_country_parse(PLM_STR("SG")));
    assert_int_equal(c->hbm_buyer_is_designer, PLM_YES);
    assert_int_equal(c->hbm_ships_to_packaging_site, PLM_UNKNOWN);
    assert_int_equal(c->hbm_finished_below_3a090, PLM_NO);
    assert_int_equal(c->certification_748_dd, PLM_YES);
}

static void nothing_borrows_from_the_input(void **s) {
    (void)s;
    const plm_case *c = deal("'items': [{'part': 'H20', 'formats': 1}]");
    memset(text, 'Z', 200);
    assert_true(plm_str_is(c->items[0].part, "H20"));
    assert_true(plm_str_starts(c->warnings[0], "transaction.items[0].formats"));
}

static void one_item_is_read_alone(void **s) {
    (void)s;
    plm_item i;
    plm_case w = {0};
    plm_fault f = {0};
    assert_true(plm_item_read(arena, json("{'part': 'H20', 'x': 1, 'contains': [{}]}"), &i, &w,
                              &f));
    assert_true(plm_str_is(i.part, "H20") && i.part_count == 1 && w.warning_count == 1);
    assert_true(plm_str_starts(w.warnings[0], "x: unknown key"));
    assert_false(plm_item_read(arena, json("{'facts': {'tpp': -1}}"), &i, &w, &f));
    assert_string_equal(f.where, "facts.tpp");
    plm_fault_clear(&f);
    assert_false(plm_item_read(arena, json("[]"), &i, &w, &f));
    assert_int_equal(f.code, PLM_BAD_INPUT);
}

/* Every allocation fails once: a fault, no leak, no crash; then the case is read again. */
static void every_failed_allocation_is_a_fault(void **s) {
    (void)s;
    static const char *const src =
        "{'id': 'x', 'k': 1, 'transaction': {'items': [{'part': 'H20', 'contains': [{}, {}], "
        "'facts': {'formats': [{'bits': 8}]}}], 'parties': [{'owners': [{'owners': [{}]}], "
        "'ids': {'a': 'b'}, 'nationalities': ['CN']}], 'notices': [{'to': ['CN']}]}}";
    bool done = false;
    for (uint64_t n = 1; !done && n < 1000; n++) {
        plm_fault f = {0};
        plm_case c;
        plm_mem_fail_after(n);
        plm_arena *a = plm_arena_new(1u << 20);
        done = a && plm_case_read(a, json(src), &c, &f);
        plm_mem_fail_after(0);
        if (a && !done) assert_int_equal(f.code, PLM_NO_MEMORY);
        plm_arena_free(a);
    }
    assert_true(done);
    done = false;
    for (size_t limit = 16; !done && limit < 1u << 16; limit += 16) {
        plm_fault f = {0};
        plm_case c;
        plm_arena *a = plm_arena_new(limit);
        done = plm_case_read(a, json(src), &c, &f);
        if (!done) assert_int_equal(f.code, PLM_NO_MEMORY);
        plm_arena_free(a);
    }
    assert_true(done);
}

static int open_arena(void **s) {
    (void)s;
    arena = plm_arena_new(64u << 20);
    return arena ? 0 : -1;
}

static int close_arena(void **s) {
    (void)s;
    plm_arena_free(arena);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_that_is_no_json_is_refused),
        cmocka_unit_test(place_of_malformed_text_is_told),
        cmocka_unit_test(duplicate_key_is_refused_at_any_depth),
        cmocka_unit_test(duplicate_key_among_many_is_refused),
        cmocka_unit_test(case_is_an_object_with_a_transaction),
        cmocka_unit_test(head_of_a_case_is_checked),
        cmocka_unit_test(words_are_from_their_lists),
        cmocka_unit_test(countries_are_assigned_capitals),
        cmocka_unit_test(country_codes_are_the_249_and_kosovo),
        cmocka_unit_test(numbers_are_plain_and_in_range),
        cmocka_unit_test(each_number_fact_is_read_into_its_place),
        cmocka_unit_test(numbers_keep_every_digit),
        cmocka_unit_test(interval_end_left_out_is_open),
        cmocka_unit_test(shares_are_at_most_one),
        cmocka_unit_test(wrong_types_are_refused),
        cmocka_unit_test(wrong_types_of_parties_are_refused),
        cmocka_unit_test(nesting_has_a_limit),
        cmocka_unit_test(lists_have_limits),
        cmocka_unit_test(texts_have_a_limit),
        cmocka_unit_test(arena_too_small_is_a_fault),
        cmocka_unit_test(keys_that_are_not_named_are_warned_of),
        cmocka_unit_test(warnings_have_a_limit_that_is_told),
        cmocka_unit_test(long_path_keeps_its_end),
        cmocka_unit_test(everything_left_out_is_not_known),
        cmocka_unit_test(item_left_empty_is_not_known),
        cmocka_unit_test(party_left_empty_is_not_known),
        cmocka_unit_test(listed_given_vouches_for_what_it_leaves_out),
        cmocka_unit_test(owner_without_owners_ends_its_branch),
        cmocka_unit_test(finer_end_uses_follow_where_left_out),
        cmocka_unit_test(support_is_a_flag_or_an_object),
        cmocka_unit_test(notice_left_open_says_so),
        cmocka_unit_test(grounds_of_exceptions_are_read),
        cmocka_unit_test(chain_of_designed_for_is_read),
        cmocka_unit_test(chain_that_cannot_be_followed_is_refused),
        cmocka_unit_test(chain_has_limits),
        cmocka_unit_test(whole_case_is_read),
        cmocka_unit_test(nothing_borrows_from_the_input),
        cmocka_unit_test(one_item_is_read_alone),
        cmocka_unit_test(every_failed_allocation_is_a_fault),
    };
    return cmocka_run_group_tests(tests, open_arena, close_arena);
}
