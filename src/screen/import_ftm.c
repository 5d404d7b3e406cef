/* import_ftm.c: FollowTheMoney entities, one JSON object a line (the form of OpenSanctions'
 * entities.ftm.json).  Entities that are relations between others (Ownership, Sanction, …) are
 * no parties and are passed over.  Held by tests/unit/test_import.c and fuzz/import_ftm_json.c. */
#include "screen/import.h"

#include "base/json.h"

#include <string.h>

#define FTM_LINE_MAX ((size_t)8 << 20)

/* False for a schema that is no party. */
static bool ftm_kind(plm_str schema, plm_entity_kind *kind) {
    static const struct { const char *schema; plm_entity_kind kind; } kinds[] = {
        {"Person", PLM_ENTITY_PERSON}, {"Company", PLM_ENTITY_ORGANIZATION},
        {"Organization", PLM_ENTITY_ORGANIZATION}, {"PublicBody", PLM_ENTITY_ORGANIZATION},
        {"LegalEntity", PLM_ENTITY_UNKNOWN}, {"Vessel", PLM_ENTITY_VESSEL},
        {"Airplane", PLM_ENTITY_AIRCRAFT}, {"Address", PLM_ENTITY_ADDRESS}};
    static const char *const relations[] = {
        "Sanction", "Ownership", "Directorship", "Membership", "Employment", "Family",
        "Associate", "Representation", "UnknownLink", "Identification", "Passport", "Occupancy",
        "Position", "Succession", "Debt", "Payment", "Similar", "Succession", "Documentation"};
    *kind = PLM_ENTITY_UNKNOWN;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (plm_str_is(schema, kinds[i].schema)) {
            *kind = kinds[i].kind;
            return true;
        }
    for (size_t i = 0; i < sizeof relations / sizeof *relations; i++)
        if (plm_str_is(schema, relations[i])) return false;
    return true;
}

/* The texts of one property, which may be one text or an array of them. */
typedef bool (*ftm_value)(plm_import *im, uint32_t line, const char *what, plm_str v);

static bool ftm_each(plm_import *im, uint32_t line, const plm_json *props, const char *key,
                     const char *what, ftm_value take) {
    const plm_json *v = plm_json_get(props, key);
    if (!v || plm_json_is_null(v)) return true;
    if (plm_json_is_str(v)) return take(im, line, what, plm_json_text(v));
    if (!plm_json_is_arr(v))
        return plm_import_bad(im, line, key, "is neither text nor an array of texts");
    plm_json_each(v, it, e) {
        if (!plm_json_is_str(e))
            return plm_import_bad(im, line, key, "holds a value that is no text");
        if (!take(im, line, what, plm_json_text(e))) return false;
    }
    return true;
}

static bool as_alias(plm_import *im, uint32_t line, const char *what, plm_str v) {
    return plm_import_name(im, line, v, what ? PLM_NAME_WEAK : PLM_NAME_ALIAS);
}
static bool as_address(plm_import *im, uint32_t line, const char *what, plm_str v) {
    (void)what;
    return plm_import_address(im, line, v, 0);
}
static bool as_country(plm_import *im, uint32_t line, const char *what, plm_str v) {
    return plm_import_check(im, plm_list_add_country(im->list, plm_import_country(v), im->f),
                            line, what);
}
static bool as_birth(plm_import *im, uint32_t line, const char *what, plm_str v) {
    (void)what;
    return plm_import_birth(im, line, v);
}
static bool as_id(plm_import *im, uint32_t line, const char *what, plm_str v) {
    return plm_import_id(im, line, what, v);
}

static const struct {
    const char *key, *what;
    ftm_value take;
} ftm_properties[] = {
    {"name", NULL, as_alias}, {"alias", NULL, as_alias}, {"previousName", NULL, as_alias},
    {"weakAlias", "weak", as_alias}, {"address", NULL, as_address}, {"full", NULL, as_address},
    {"country", "country", as_country}, {"nationality", "country", as_country},
    {"citizenship", "country", as_country}, {"jurisdiction", "country", as_country},
    {"mainCountry", "country", as_country}, {"flag", "country", as_country},
    {"birthDate", NULL, as_birth}, {"imoNumber", "imo", as_id}, {"mmsi", "mmsi", as_id},
    {"leiCode", "lei", as_id}, {"uscCode", "uscc", as_id},
    {"registrationNumber", "registration", as_id},
    {"ogrnCode", "registration", as_id}, {"innCode", "tax", as_id}, {"taxNumber", "tax", as_id},
    {"vatCode", "tax", as_id}, {"idNumber", "national_id", as_id},
    {"passportNumber", "passport", as_id}, {"swiftBic", "swift", as_id},
    {"dunsCode", "duns", as_id}, {"serialNumber", "serial", as_id},
};

static plm_str first_text(const plm_json *v) {
    if (plm_json_is_str(v)) return plm_json_text(v);
    plm_json_each(v, it, e) if (plm_json_is_str(e) && plm_str_trim(plm_json_text(e)).n)
        return plm_json_text(e);
    return (plm_str){"", 0};
}

static bool ftm_texts(plm_import *im, uint32_t line, const plm_json *props) {
    static const struct { const char *key; plm_list_field field; } texts[] = {
        {"notes", PLM_LIST_REMARKS}, {"topics", PLM_LIST_TAGS}, {"program", PLM_LIST_PROGRAMS},
        {"programId", PLM_LIST_PROGRAMS}};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        plm_buf b;
        plm_buf_init(&b, FTM_LINE_MAX);
        const plm_json *v = plm_json_get(props, texts[i].key);
        const char *between = texts[i].field == PLM_LIST_TAGS ? " " : "; ";
        if (plm_json_is_str(v)) plm_buf_printf(&b, "%.*s", PLM_FMT(plm_json_text(v)));
        plm_json_each(v, it, e) {
            if (b.n) plm_buf_puts(&b, between);
            plm_buf_printf(&b, "%.*s", PLM_FMT(plm_json_text(e)));
        }
        bool ok = b.n == 0 || plm_import_set(im, line, texts[i].field, plm_buf_str(&b));
        plm_buf_free(&b);
        if (!ok) return false;
    }
    return true;
}

static bool ftm_entity(plm_import *im, uint32_t line, const plm_json *e) {
    const plm_json *props = plm_json_get(e, "properties");
    plm_str id = plm_json_text(plm_json_get(e, "id"));
    plm_str schema = plm_json_text(plm_json_get(e, "schema"));
    plm_str list = first_text(plm_json_get(e, "datasets"));
    plm_entity_kind kind;
    if (!plm_json_is_obj(e)) return plm_import_bad(im, line, NULL, "the line holds no JSON object");
    if (schema.n == 0) return plm_import_bad(im, line, "schema", "is missing");
    if (!plm_json_is_obj(props)) return plm_import_bad(im, line, "properties", "is missing");
    if (!ftm_kind(schema, &kind)) return true;
    plm_str name = first_text(plm_json_get(props, "name"));
    if (plm_str_trim(name).n == 0) name = first_text(plm_json_get(e, "caption"));
    if (plm_str_trim(name).n == 0) name = first_text(plm_json_get(props, "alias"));
    if (plm_str_trim(name).n == 0) name = first_text(plm_json_get(props, "full"));
    if (plm_str_trim(name).n == 0 && kind == PLM_ENTITY_ADDRESS)
        name = first_text(plm_json_get(props, "address"));
    if (plm_str_trim(name).n == 0)
        return plm_import_bad(im, line, "properties.name", "is missing, and nothing names the "
                              "entity instead");
    if (list.n == 0) list = PLM_STR("ftm");
    if (!plm_import_entity(im, line, id, list, name, kind)) return false;
    for (size_t i = 0; i < sizeof ftm_properties / sizeof *ftm_properties; i++)
        if (!ftm_each(im, line, props, ftm_properties[i].key, ftm_properties[i].what,
                      ftm_properties[i].take))
            return false;
    return ftm_texts(im, line, props);
}

bool plm_import_ftm_json(plm_import *im) {
    plm_str rest = im->text;
    uint32_t number = 0;
    while (rest.n) {
        const char *end = memchr(rest.p, '\n', rest.n);
        size_t n = end ? (size_t)(end - rest.p) : rest.n;
        plm_str line = plm_str_trim((plm_str){rest.p, n});
        rest = end ? (plm_str){end + 1, rest.n - n - 1} : (plm_str){rest.p + n, 0};
        number++;
        if (line.n == 0) continue;
        im->rows++;
        plm_fault inner = {0};
        plm_doc *d = plm_doc_parse(line, FTM_LINE_MAX, &inner);
        if (!d)
            return plm_import_bad(im, number, NULL, "%.200s%s", inner.say,
                                  rest.n == 0 ? " (the last line: the file is cut short?)" : "");
        bool ok = ftm_entity(im, number, plm_doc_root(d));
        plm_doc_free(d);
        if (!ok) return false;
    }
    return im->rows ? true : plm_import_bad(im, 1, NULL, "is empty");
}
