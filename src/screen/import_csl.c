/* import_csl.c: the Consolidated Screening List as CSV (both schemas: the columns are found by
 * name) and as JSON.  The list word of a row comes from its `source`.
 * Held by tests/unit/test_import.c and tests/scenes/test_lists. */
#include "screen/import.h"

#include "base/json.h"

#include <string.h>

enum { C_ID, C_SOURCE, C_NAME, C_TYPE, C_PROGRAMS, C_ADDRESSES, C_NOTICE, C_START, C_REQUIREMENT,
       C_POLICY, C_REMARKS, C_ALT, C_CITIZEN, C_BIRTH, C_NATION, C_IDS, C_NUMBER, C_END, C_TITLE,
       C_FLAG, C_CALL, C_COUNTRY, C_COUNT };
static const char *const csl_names[] = {
    "_id", "source", "name", "type", "programs", "addresses", "federal_register_notice",
    "start_date", "license_requirement", "license_policy", "remarks", "alt_names", "citizenships",
    "dates_of_birth", "nationalities", "ids", "entity_number", "end_date", "title",
    "vessel_flag", "call_sign", "country", NULL};
#define CSL_REQUIRED 17

static bool csl_list(plm_str source, char out[64]) {
    static const struct { const char *code, *word; } codes[] = {
        {"EL", "entity-list"}, {"DPL", "dpl"}, {"UVL", "uvl"}, {"MEU", "meu"}, {"SDN", "sdn"},
        {"SSI", "ssi"}, {"FSE", "fse"}, {"DTC", "dtc"}, {"ISN", "isn"}, {"PLC", "plc"},
        {"CAP", "cap"}, {"CMIC", "ns-cmic"}, {"NS-MBS List", "mbs"}, {"MBS", "mbs"}};
    const char *open = source.n ? memchr(source.p, '(', source.n) : NULL;
    const char *close = open ? memchr(open, ')', (size_t)(source.p + source.n - open)) : NULL;
    if (!close) return false;
    plm_str code = {open + 1, (size_t)(close - open - 1)};
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++)
        if (plm_str_is_fold(code, codes[i].code)) {
            memcpy(out, codes[i].word, strlen(codes[i].word) + 1);
            return true;
        }
    size_t n = 0;
    for (size_t i = 0; i < code.n && n < 60; i++) {
        char c = code.p[i];
        if (c >= 'A' && c <= 'Z') c = (char)(c - 'A' + 'a');
        out[n++] = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ? c : '-';
    }
    out[n] = 0;
    return n > 0;
}

static plm_entity_kind csl_kind(plm_str type) {
    if (plm_str_is_fold(type, "Individual")) return PLM_ENTITY_PERSON;
    if (plm_str_is_fold(type, "Entity")) return PLM_ENTITY_ORGANIZATION;
    if (plm_str_is_fold(type, "Vessel")) return PLM_ENTITY_VESSEL;
    if (plm_str_is_fold(type, "Aircraft")) return PLM_ENTITY_AIRCRAFT;
    return PLM_ENTITY_UNKNOWN;
}

static bool has_digit(plm_str s) {
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] >= '0' && s.p[i] <= '9') return true;
    return false;
}

/* "IR, 10861613201, National ID No." or "Passport, A123, IR": the kind is the part whose wording
 * is known, the value the first other part that is no country. */
static bool csl_id(plm_import *im, uint32_t line, plm_str entry) {
    plm_str rest = entry, part, value = {"", 0};
    const char *kind = "other";
    while (plm_import_part_by(&rest, ", ", &part)) {
        const char *k = plm_import_id_kind(part);
        if (strcmp(k, "other") != 0 && strcmp(kind, "other") == 0 && !has_digit(part)) kind = k;
        else if (value.n == 0 && part.n > 2 && has_digit(part)) value = part;
    }
    if (value.n > 4 && plm_str_starts_fold(value, "IMO ")) {
        kind = "imo";
        value = plm_str_trim((plm_str){value.p + 4, value.n - 4});
    }
    if (strcmp(kind, "other") == 0 || value.n == 0) return true;
    return plm_import_id(im, line, kind, value);
}

static bool csl_parts(plm_import *im, uint32_t line, const plm_str *v) {
    plm_str rest, part;
    for (rest = v[C_ALT]; plm_import_part(&rest, ';', &part);) {
        if (part.n > 4 && plm_str_starts_fold(part, "and "))
            part = plm_str_trim((plm_str){part.p + 4, part.n - 4});
        if (part.n && !plm_import_name(im, line, part, PLM_NAME_ALIAS)) return false;
    }
    for (rest = v[C_ADDRESSES]; plm_import_part(&rest, ';', &part);) {
        plm_country home = plm_import_country_last(part);
        bool only = plm_import_country(part) != 0;
        if (part.n && !plm_import_address(im, line, only ? (plm_str){"", 0} : part, home))
            return false;
    }
    static const int places[] = {C_CITIZEN, C_NATION, C_FLAG, C_COUNTRY};
    for (size_t i = 0; i < sizeof places / sizeof *places; i++)
        for (rest = v[places[i]]; plm_import_part(&rest, ';', &part);)
            if (!plm_import_check(im, plm_list_add_country(im->list, plm_import_country(part),
                                                           im->f), line, csl_names[places[i]]))
                return false;
    for (rest = v[C_BIRTH]; plm_import_part(&rest, ';', &part);)
        if (!plm_import_birth(im, line, part)) return false;
    for (rest = v[C_IDS]; plm_import_part(&rest, ';', &part);)
        if (part.n && !csl_id(im, line, part)) return false;
    return true;
}

static bool csl_entity(plm_import *im, uint32_t line, const plm_str *v) {
    char list[64];
    plm_day from = PLM_DAY_MIN, to;
    if (plm_str_trim(v[C_NAME]).n == 0) return plm_import_bad(im, line, "name", "is empty");
    if (!csl_list(v[C_SOURCE], list))
        return plm_import_bad(im, line, "source", "'%.*s' names no list in parentheses",
                              (int)(v[C_SOURCE].n > 80 ? 80 : v[C_SOURCE].n), v[C_SOURCE].p);
    static const int dates[] = {C_START, C_END};
    for (int i = 1; i >= 0; i--)
        if (plm_str_trim(v[dates[i]]).n && !plm_import_days(v[dates[i]], &from, &to) &&
            !plm_day_parse(plm_str_trim(v[dates[i]]), &from)) /* "0097-06-30" is published */
            return plm_import_bad(im, line, csl_names[dates[i]], "'%.*s' is no date",
                                  (int)(v[dates[i]].n > 40 ? 40 : v[dates[i]].n),
                                  v[dates[i]].p);
    if (plm_str_trim(v[C_START]).n == 0) from = PLM_DAY_MIN;
    if (!plm_import_entity_shared(im, line, v[C_ID], plm_str_c(list), v[C_NAME],
                                  csl_kind(plm_str_trim(v[C_TYPE]))))
        return false;
    plm_list_set_listed(im->list, from);
    if (strcmp(list, "entity-list") == 0)
        plm_list_set_bits(im->list, 0, plm_elist_footnotes_in(v[C_REQUIREMENT]));
    plm_str programs = plm_str_trim(v[C_PROGRAMS]);
    return plm_import_set(im, line, PLM_LIST_CITATION, v[C_NOTICE]) &&
           plm_import_set(im, line, PLM_LIST_PROGRAMS, programs.n ? programs
                                                                  : v[C_REQUIREMENT]) &&
           plm_import_set(im, line, PLM_LIST_EFFECT, v[C_POLICY]) &&
           plm_import_set(im, line, PLM_LIST_REMARKS, v[C_REMARKS]) && csl_parts(im, line, v);
}

static bool csl_rows(plm_import *im, plm_csv *c) {
    int at[C_COUNT], k = plm_csv_next(c, im);
    plm_str v[C_COUNT];
    if (k == 0) return plm_import_bad(im, 1, NULL, "is empty");
    if (k < 0 || !plm_csv_columns(c, im, csl_names, CSL_REQUIRED, at)) return false;
    uint32_t width = c->n;
    while ((k = plm_csv_next(c, im)) == 1) {
        if (c->n != width)
            return plm_import_bad(im, c->line, "(end of the row)", "%u fields where the header "
                                  "has %u: the row is cut short or damaged", c->n, width);
        if (c->open_end)
            return plm_import_bad(im, c->line, "ids", "the file ends within the row");
        if (c->line == 2 && plm_str_is(plm_csv_get(c, at[C_ID]), "_id"))
            continue; /* the newer files have their header line twice */
        im->rows++;
        for (int i = 0; i < C_COUNT; i++) v[i] = plm_csv_get(c, at[i]);
        if (!csl_entity(im, c->line, v)) return false;
    }
    if (k == 0 && im->rows == 0) return plm_import_bad(im, 2, NULL, "holds no row");
    return k == 0;
}

bool plm_import_csl_csv(plm_import *im) { return plm_csv_each(im, ',', csl_rows); }

/* JSON: texts or arrays of texts; addresses and ids are arrays of objects. */
static void put_part(plm_buf *b, plm_str s, const char *between) {
    s = plm_str_trim(s);
    if (s.n) plm_buf_printf(b, "%s%.*s", b->n ? between : "", PLM_FMT(s));
}

static void put_joined(plm_buf *b, const plm_json *v) {
    if (!plm_json_is_arr(v)) {
        put_part(b, plm_json_text(v), "; ");
        return;
    }
    plm_json_each(v, it, e) put_part(b, plm_json_text(e), "; ");
}

static bool json_addresses(plm_import *im, const plm_json *all, uint32_t number) {
    static const char *const parts[] = {"address", "city", "state", "postal_code", "country"};
    plm_json_each(all, it, a) {
        plm_buf b;
        plm_buf_init(&b, PLM_CSV_FIELD_MAX);
        size_t before = 0;
        for (size_t i = 0; i < 5; i++) {
            if (i == 4) before = b.n;
            put_part(&b, plm_json_text(plm_json_get(a, parts[i])), ", ");
        }
        plm_country home = plm_import_country(plm_json_text(plm_json_get(a, "country")));
        bool ok = plm_import_address(im, number, before ? plm_buf_str(&b) : (plm_str){"", 0},
                                     home);
        plm_buf_free(&b);
        if (!ok) return false;
    }
    return true;
}

static bool json_ids(plm_import *im, const plm_json *all, uint32_t number) {
    plm_json_each(all, it, a) {
        plm_str type = plm_json_text(plm_json_get(a, "type"));
        plm_str value = plm_str_trim(plm_json_text(plm_json_get(a, "number")));
        const char *kind = plm_import_id_kind(type);
        if (value.n > 4 && plm_str_starts_fold(value, "IMO ")) {
            kind = "imo";
            value = plm_str_trim((plm_str){value.p + 4, value.n - 4});
        }
        if (strcmp(kind, "other") != 0 && value.n && !plm_import_id(im, number, kind, value))
            return false;
    }
    return true;
}

static bool csl_object(plm_import *im, const plm_json *e, uint32_t number) {
    plm_str v[C_COUNT];
    plm_buf b[C_COUNT];
    if (!plm_json_is_obj(e))
        return plm_import_bad(im, 0, "results", "entry number %u is no object", number);
    bool ok = true;
    for (int i = 0; i < C_COUNT; i++) {
        plm_buf_init(&b[i], PLM_CSV_FIELD_MAX);
        const char *key = i == C_ID ? "id" : csl_names[i];
        if (i != C_ADDRESSES && i != C_IDS) put_joined(&b[i], plm_json_get(e, key));
        if (i == C_ID && b[i].n == 0) put_joined(&b[i], plm_json_get(e, "_id"));
        ok = ok && !b[i].full;
        v[i] = plm_buf_str(&b[i]);
        if (!v[i].p) v[i].p = "";
    }
    if (!ok) plm_import_bad(im, 0, "results", "a field of entry %u is too long", number);
    ok = ok && csl_entity(im, 0, v) &&
         json_addresses(im, plm_json_get(e, "addresses"), 0) &&
         json_ids(im, plm_json_get(e, "ids"), 0);
    if (!ok && im->f && im->f->line == 0 && !strstr(im->f->say, "entry")) {
        size_t n = strlen(im->f->say);
        if (n + 32 < sizeof im->f->say)
            snprintf(im->f->say + n, sizeof im->f->say - n, " (entry number %u)", number);
    }
    for (int i = 0; i < C_COUNT; i++) plm_buf_free(&b[i]);
    return ok;
}

bool plm_import_csl_json(plm_import *im) {
    plm_doc *d = plm_doc_parse(im->text, PLM_IMPORT_FILE_MAX, im->f);
    if (!d) return plm_import_check(im, false, 0, "(document)");
    const plm_json *root = plm_doc_root(d), *all = plm_json_get(root, "results");
    int64_t total = -1;
    const plm_json *stated = plm_json_get(root, "total");
    bool ok = plm_json_is_arr(all) && plm_json_count(all) > 0
                  ? true : plm_import_bad(im, 1, "results", "is missing or empty");
    if (ok && stated && (!plm_json_int(stated, &total) || total < 0 ||
                         (uint64_t)total != plm_json_count(all)))
        ok = plm_import_bad(im, 1, "total", "says %lld and the file holds %zu entries: it is one "
                            "page of the list, or cut short", (long long)total,
                            plm_json_count(all));
    if (ok) {
        plm_json_each(all, it, e) {
            ok = csl_object(im, e, (uint32_t)++im->rows);
            if (!ok) break;
        }
    }
    plm_doc_free(d);
    return ok;
}
