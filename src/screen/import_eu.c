/* import_eu.c: the EU's consolidated financial sanctions list, its publisher's XML (schema 1.1:
 * nearly everything is an attribute).  Written from the published schema; tried on small files
 * of our own.  Held by tests/unit/test_import.c and fuzz/import_eu_xml.c. */
#include "screen/import.h"

#include <string.h>

static plm_str att(const plm_xml *x, const char *name) {
    return plm_str_trim(plm_xml_attribute(x, name));
}

static bool eu_known_country(const plm_xml *x, plm_country *c) {
    *c = plm_import_country(att(x, "countryIso2Code"));
    if (!*c) *c = plm_import_country(att(x, "countryDescription"));
    return *c != 0;
}

static void whole_name(const plm_xml *a, plm_buf *b) {
    static const char *const parts[] = {"firstName", "middleName", "lastName"};
    plm_buf_clear(b);
    plm_str whole = att(a, "wholeName");
    plm_buf_put(b, whole.p, whole.n);
    for (int i = 0; whole.n == 0 && i < 3; i++) {
        plm_str part = att(a, parts[i]);
        if (part.n) plm_buf_printf(b, "%s%.*s", b->n ? " " : "", PLM_FMT(part));
    }
}

static bool eu_names(plm_import *im, const plm_xml *x, plm_entity_kind kind) {
    plm_str id = att(x, "euReferenceNumber");
    if (id.n == 0) id = att(x, "logicalId");
    plm_buf b;
    plm_buf_init(&b, PLM_XML_TEXT_MAX);
    bool have = false, ok = true;
    for (const plm_xml *a = plm_xml_child(x, "nameAlias"); ok && a;
         a = plm_xml_next(a, "nameAlias")) {
        whole_name(a, &b);
        if (b.n == 0) continue;
        bool weak = plm_str_is(att(a, "strong"), "false");
        ok = have ? plm_import_name(im, a->line, plm_buf_str(&b),
                                    weak ? PLM_NAME_WEAK : PLM_NAME_ALIAS)
                  : plm_import_entity(im, x->line, id, PLM_STR("eu"), plm_buf_str(&b), kind);
        have = true;
    }
    plm_buf_free(&b);
    return ok && !have ? plm_import_bad(im, x->line, "nameAlias", "an entity without a name") : ok;
}

static bool eu_address(plm_import *im, const plm_xml *a) {
    static const char *const parts[] = {"street", "poBox", "zipCode", "city", "region", "place"};
    plm_buf b;
    plm_country c;
    plm_buf_init(&b, PLM_XML_TEXT_MAX);
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        plm_str part = att(a, parts[i]);
        if (part.n) plm_buf_printf(&b, "%s%.*s", b.n ? ", " : "", PLM_FMT(part));
    }
    plm_str name = att(a, "countryDescription");
    if (eu_known_country(a, &c) && b.n) plm_buf_printf(&b, ", %.*s", PLM_FMT(name));
    bool ok = plm_import_address(im, a->line, plm_buf_str(&b), c);
    plm_buf_free(&b);
    return ok;
}

static bool eu_birth(plm_import *im, const plm_xml *d) {
    plm_str day = att(d, "birthdate"), year = att(d, "year");
    plm_day from, to;
    if (!plm_import_days(day.n ? day : year, &from, &to)) return true;
    if (plm_str_is(att(d, "circa"), "true")) from -= 731, to += 731;
    return plm_import_check(im, plm_list_add_birth(im->list, from, to, im->f), d->line,
                            "birthdate");
}

static bool eu_part(plm_import *im, const plm_xml *p) {
    plm_country c;
    if (plm_xml_is(p, "address")) return eu_address(im, p);
    if (plm_xml_is(p, "birthdate")) return eu_birth(im, p);
    if (plm_xml_is(p, "citizenship"))
        return !eu_known_country(p, &c) ||
               plm_import_check(im, plm_list_add_country(im->list, c, im->f), p->line,
                                "citizenship");
    if (!plm_xml_is(p, "identification")) return true;
    const char *kind = plm_import_id_kind(att(p, "identificationTypeDescription"));
    if (strcmp(kind, "other") == 0) kind = plm_import_id_kind(att(p, "identificationTypeCode"));
    return plm_import_id(im, p->line, kind, att(p, "number"));
}

static bool eu_record(plm_import *im, void *ctx, const plm_xml *x) {
    bool *root = ctx;
    if (!*root) {
        *root = plm_xml_is(x, "export");
        return *root ? true : plm_import_bad(im, x->line, NULL, "is no EU sanctions list");
    }
    plm_str code = att(plm_xml_child(x, "subjectType"), "code");
    if (code.n == 0) code = att(plm_xml_child(x, "subjectType"), "classificationCode");
    plm_entity_kind kind = plm_str_is_fold(code, "person") || plm_str_is(code, "P")
                               ? PLM_ENTITY_PERSON
                         : plm_str_is_fold(code, "enterprise") || plm_str_is(code, "E")
                               ? PLM_ENTITY_ORGANIZATION : PLM_ENTITY_UNKNOWN;
    if (!eu_names(im, x, kind)) return false;
    const plm_xml *act = plm_xml_child(x, "regulation");
    plm_day from, to;
    if (plm_import_days(att(x, "designationDate"), &from, &to) ||
        plm_import_days(att(act, "entryIntoForceDate"), &from, &to))
        plm_list_set_listed(im->list, from);
    if (!plm_import_set(im, x->line, PLM_LIST_CITATION, att(act, "numberTitle")) ||
        !plm_import_set(im, x->line, PLM_LIST_PROGRAMS, att(act, "programme")) ||
        !plm_import_set(im, x->line, PLM_LIST_REMARKS, plm_xml_text(x, "remark")))
        return false;
    for (const plm_xml *p = x->child; p; p = p->next)
        if (!eu_part(im, p)) return false;
    return true;
}

bool plm_import_eu_xml(plm_import *im) {
    static const char *const records[] = {"sanctionEntity", NULL};
    bool root = false;
    if (!plm_xml_read(im, records, eu_record, &root)) return false;
    return im->rows ? true : plm_import_bad(im, 1, NULL, "holds no sanctionEntity");
}
