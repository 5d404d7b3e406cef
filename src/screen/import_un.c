/* import_un.c: the United Nations Security Council's consolidated list, its publisher's XML.
 * Held by tests/unit/test_import.c, tests/scenes/test_lists and fuzz/import_un_xml.c. */
#include "screen/import.h"

static bool un_names(plm_import *im, const plm_xml *x, const char *alias) {
    if (!plm_import_name(im, x->line, plm_xml_text(x, "NAME_ORIGINAL_SCRIPT"), PLM_NAME_ALIAS))
        return false;
    for (const plm_xml *a = plm_xml_child(x, alias); a; a = plm_xml_next(a, alias)) {
        bool weak = plm_str_is_fold(plm_xml_text(a, "QUALITY"), "Low");
        if (!plm_import_names(im, a->line, plm_xml_text(a, "ALIAS_NAME"), ';',
                              weak ? PLM_NAME_WEAK : PLM_NAME_ALIAS))
            return false;
    }
    return true;
}

static bool un_addresses(plm_import *im, const plm_xml *x, const char *tag) {
    static const char *const parts[] = {"STREET", "CITY", "STATE_PROVINCE", "ZIP_CODE", "COUNTRY"};
    for (const plm_xml *a = plm_xml_child(x, tag); a; a = plm_xml_next(a, tag)) {
        plm_buf b;
        plm_buf_init(&b, PLM_XML_TEXT_MAX);
        size_t before = 0;
        for (size_t i = 0; i < 5; i++) {
            plm_str part = plm_xml_text(a, parts[i]);
            if (i == 4) before = b.n;
            if (part.n) plm_buf_printf(&b, "%s%.*s", b.n ? ", " : "", PLM_FMT(part));
        }
        plm_country home = plm_import_country(plm_xml_text(a, "COUNTRY"));
        bool ok = plm_import_address(im, a->line, before ? plm_buf_str(&b) : (plm_str){"", 0},
                                     home);
        plm_buf_free(&b);
        if (!ok) return false;
    }
    return true;
}

static bool un_birth(plm_import *im, const plm_xml *d) {
    plm_day from, to, last;
    plm_str type = plm_xml_text(d, "TYPE_OF_DATE");
    plm_str at = plm_xml_text(d, "DATE"), note = plm_xml_text(d, "NOTE");
    if (at.n == 0) at = plm_xml_text(d, "YEAR");
    if (plm_str_is_fold(type, "BETWEEN") || at.n == 0) {
        if (!plm_import_days(plm_xml_text(d, "FROM_YEAR"), &from, &to) ||
            !plm_import_days(plm_xml_text(d, "TO_YEAR"), &to, &last) || from > last)
            return plm_import_birth(im, d->line, note);
        to = last;
    } else if (!plm_import_days(at, &from, &to)) {
        return true;
    }
    if (plm_str_is_fold(type, "APPROXIMATELY")) from -= 731, to += 731;
    return plm_import_check(im, plm_list_add_birth(im->list, from, to, im->f), d->line,
                            "INDIVIDUAL_DATE_OF_BIRTH");
}

static bool un_person(plm_import *im, const plm_xml *x) {
    static const char *const births = "INDIVIDUAL_DATE_OF_BIRTH";
    for (const plm_xml *d = plm_xml_child(x, births); d; d = plm_xml_next(d, births))
        if (!un_birth(im, d)) return false;
    const plm_xml *nation = plm_xml_child(x, "NATIONALITY");
    for (const plm_xml *v = plm_xml_child(nation, "VALUE"); v; v = plm_xml_next(v, "VALUE"))
        if (!plm_import_check(im, plm_list_add_country(im->list, plm_import_country(v->text),
                                                       im->f), v->line, "NATIONALITY"))
            return false;
    static const char *const papers = "INDIVIDUAL_DOCUMENT";
    for (const plm_xml *d = plm_xml_child(x, papers); d; d = plm_xml_next(d, papers)) {
        plm_str type = plm_xml_text(d, "TYPE_OF_DOCUMENT");
        if (!plm_import_id(im, d->line, plm_import_find(type, "passe") >= 0
                                            ? "passport" : plm_import_id_kind(type),
                           plm_xml_text(d, "NUMBER")))
            return false;
    }
    return true;
}

static bool un_record(plm_import *im, void *ctx, const plm_xml *x) {
    bool person = plm_xml_is(x, "INDIVIDUAL");
    bool *seen = ctx;
    if (!person && !plm_xml_is(x, "ENTITY")) {
        *seen = plm_xml_is(x, "CONSOLIDATED_LIST");
        return *seen ? true : plm_import_bad(im, x->line, NULL, "is no UN consolidated list");
    }
    static const char *const parts[] = {"FIRST_NAME", "SECOND_NAME", "THIRD_NAME", "FOURTH_NAME"};
    plm_buf b;
    plm_buf_init(&b, PLM_XML_TEXT_MAX);
    for (size_t i = 0; i < 4; i++) {
        plm_str part = plm_xml_text(x, parts[i]);
        if (part.n) plm_buf_printf(&b, "%s%.*s", b.n ? " " : "", PLM_FMT(part));
    }
    plm_str id = plm_xml_text(x, "REFERENCE_NUMBER"), data = plm_xml_text(x, "DATAID");
    bool ok = b.n ? true : plm_import_bad(im, x->line, "FIRST_NAME", "is empty");
    ok = ok && (data.n ? true : plm_import_bad(im, x->line, "DATAID", "is missing"));
    ok = ok && plm_import_entity(im, x->line, id.n ? id : data, PLM_STR("un"), plm_buf_str(&b),
                                 person ? PLM_ENTITY_PERSON : PLM_ENTITY_ORGANIZATION);
    plm_buf_free(&b);
    if (!ok) return false;
    plm_day from, to;
    if (plm_import_days(plm_xml_text(x, "LISTED_ON"), &from, &to))
        plm_list_set_listed(im->list, from);
    return plm_import_set(im, x->line, PLM_LIST_CITATION, id) &&
           plm_import_set(im, x->line, PLM_LIST_PROGRAMS, plm_xml_text(x, "UN_LIST_TYPE")) &&
           plm_import_set(im, x->line, PLM_LIST_REMARKS, plm_xml_text(x, "COMMENTS1")) &&
           plm_import_id(im, x->line, "un_dataid", data) &&
           un_names(im, x, person ? "INDIVIDUAL_ALIAS" : "ENTITY_ALIAS") &&
           un_addresses(im, x, person ? "INDIVIDUAL_ADDRESS" : "ENTITY_ADDRESS") &&
           (!person || un_person(im, x));
}

bool plm_import_un_xml(plm_import *im) {
    static const char *const records[] = {"INDIVIDUAL", "ENTITY", NULL};
    bool seen = false;
    if (!plm_xml_read(im, records, un_record, &seen)) return false;
    return im->rows ? true : plm_import_bad(im, 1, NULL, "holds no INDIVIDUAL and no ENTITY");
}
