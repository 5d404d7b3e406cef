/* import_table.c: CSV files whose columns are found by name: a user's own file, the EU acts
 * transcribed, the UK's list.  For a user's file the mapping is noted before anything is read.
 * Held by tests/unit/test_import.c and tests/scenes/test_lists. */
#include "screen/import.h"

#include <stdio.h>
#include <string.h>

typedef enum role {
    R_NONE, R_ID, R_NAME, R_ALIAS, R_WEAK, R_ADDRESS, R_COUNTRY, R_TYPE, R_BIRTH, R_CITATION,
    R_PROGRAM, R_REMARKS, R_LISTED, R_LIST, R_IMO, R_MMSI, R_LEI, R_USCC, R_REGISTRATION,
    R_PASSPORT,
    R_NATIONAL, R_TAX, R_SWIFT, R_TAIL, R_COUNT
} role;

static const char *const role_names[R_COUNT] = {
    "(not used)", "id", "name", "alias", "weak alias", "address", "country", "type", "birth date",
    "citation", "program", "remarks", "listed on", "list", "imo", "mmsi", "lei", "uscc",
    "registration", "passport", "national id", "tax", "swift", "tail number"};

/* Headings in lower case without anything but letters. */
static const struct { const char *heading; role role; } headings[] = {
    {"id", R_ID}, {"entityid", R_ID}, {"uid", R_ID}, {"qid", R_ID}, {"partyid", R_ID},
    {"customerid", R_ID}, {"recordid", R_ID},
    {"name", R_NAME}, {"fullname", R_NAME}, {"entityname", R_NAME}, {"partyname", R_NAME},
    {"company", R_NAME}, {"companyname", R_NAME}, {"customer", R_NAME}, {"customername", R_NAME},
    {"entity", R_NAME}, {"party", R_NAME}, {"legalname", R_NAME},
    {"alias", R_ALIAS}, {"aliases", R_ALIAS}, {"aka", R_ALIAS}, {"altnames", R_ALIAS},
    {"altname", R_ALIAS}, {"alternatenames", R_ALIAS}, {"othernames", R_ALIAS},
    {"previousname", R_ALIAS}, {"previousnames", R_ALIAS}, {"formername", R_ALIAS},
    {"formernames", R_ALIAS}, {"fka", R_ALIAS}, {"chinesename", R_ALIAS}, {"nativename", R_ALIAS},
    {"originalname", R_ALIAS}, {"localname", R_ALIAS}, {"nameoriginalscript", R_ALIAS},
    {"namenonlatin", R_ALIAS}, {"weakalias", R_WEAK}, {"weakaliases", R_WEAK},
    {"address", R_ADDRESS}, {"addresses", R_ADDRESS}, {"streetaddress", R_ADDRESS},
    {"fulladdress", R_ADDRESS},
    {"country", R_COUNTRY}, {"countries", R_COUNTRY}, {"nationality", R_COUNTRY},
    {"nationalities", R_COUNTRY}, {"citizenship", R_COUNTRY}, {"jurisdiction", R_COUNTRY},
    {"countrycode", R_COUNTRY}, {"flag", R_COUNTRY},
    {"type", R_TYPE}, {"schema", R_TYPE}, {"kind", R_TYPE}, {"entitytype", R_TYPE},
    {"birthdate", R_BIRTH}, {"dateofbirth", R_BIRTH}, {"dob", R_BIRTH}, {"datesofbirth", R_BIRTH},
    {"citation", R_CITATION}, {"frcitation", R_CITATION}, {"federalregister", R_CITATION},
    {"federalregisternotice", R_CITATION}, {"reference", R_CITATION}, {"sourceurl", R_CITATION},
    {"program", R_PROGRAM}, {"programs", R_PROGRAM}, {"programkey", R_PROGRAM},
    {"licenserequirement", R_PROGRAM}, {"measure", R_PROGRAM}, {"list", R_LIST},
    {"notes", R_REMARKS}, {"remarks", R_REMARKS}, {"comments", R_REMARKS}, {"reason", R_REMARKS},
    {"summary", R_REMARKS},
    {"listedon", R_LISTED}, {"datelisted", R_LISTED}, {"startdate", R_LISTED}, {"date", R_LISTED},
    {"effectivedate", R_LISTED},
    {"imo", R_IMO}, {"imonumber", R_IMO}, {"mmsi", R_MMSI}, {"lei", R_LEI}, {"leicode", R_LEI},
    {"uscc", R_USCC}, {"usccode", R_USCC}, {"registrationnumber", R_REGISTRATION},
    {"ogrncode", R_REGISTRATION}, {"registration", R_REGISTRATION},
    {"passport", R_PASSPORT}, {"passportnumber", R_PASSPORT}, {"idnumber", R_NATIONAL},
    {"nationalid", R_NATIONAL}, {"taxnumber", R_TAX}, {"taxid", R_TAX}, {"inncode", R_TAX},
    {"swiftbic", R_SWIFT}, {"tailnumber", R_TAIL}, {"tail", R_TAIL},
};

typedef struct table_map {
    role of[PLM_CSV_FIELDS_MAX];
    uint32_t n;
    bool split_address;     /* several addresses in one field, "; " between */
    plm_str list;
} table_map;

static role role_of(plm_str heading) {
    char key[40];
    size_t n = 0;
    for (size_t i = 0; i < heading.n; i++) {
        char c = heading.p[i];
        if (c >= 'A' && c <= 'Z') c = (char)(c - 'A' + 'a');
        if (c < 'a' || c > 'z') continue;
        if (n + 1 == sizeof key) return R_NONE;
        key[n++] = c;
    }
    key[n] = 0;
    for (size_t i = 0; i < sizeof headings / sizeof *headings; i++)
        if (strcmp(headings[i].heading, key) == 0) return headings[i].role;
    return R_NONE;
}

bool plm_import_names_party(plm_str header) {
    plm_str part;
    char sep = header.n && memchr(header.p, ',', header.n) ? ','
             : header.n && memchr(header.p, ';', header.n) ? ';' : '\t';
    while (plm_import_part(&header, sep, &part))
        if (role_of(part) == R_NAME) return true;
    return false;
}

static void note_map(plm_import *im, const plm_csv *c, const table_map *m) {
    if (!im->note) return;
    plm_buf_printf(im->note, "%s: columns\n", im->file);
    for (uint32_t i = 0; i < c->n; i++)
        plm_buf_printf(im->note, "  %-28.*s -> %s\n",
                       (int)(c->field[i].n > 60 ? 60 : c->field[i].n), c->field[i].p,
                       role_names[m->of[i]]);
}

static bool map_columns(plm_import *im, const plm_csv *c, table_map *m) {
    bool named = false, ided = false;
    m->n = c->n;
    for (uint32_t i = 0; i < c->n; i++) {
        role r = role_of(c->field[i]);
        if (r == R_NAME && named) r = R_ALIAS; /* the first is the main one */
        if (r == R_ID && ided) r = R_NONE;
        named |= r == R_NAME;
        ided |= r == R_ID;
        m->of[i] = r;
    }
    note_map(im, c, m);
    return named ? true : plm_import_bad(im, c->line, "name", "no column is called name (or "
                                         "entity, company, customer, party, full name)");
}

static plm_entity_kind kind_of(plm_str s) {
    static const struct { const char *has; plm_entity_kind kind; } kinds[] = {
        {"person", PLM_ENTITY_PERSON}, {"individual", PLM_ENTITY_PERSON},
        {"vessel", PLM_ENTITY_VESSEL}, {"ship", PLM_ENTITY_VESSEL},
        {"aircraft", PLM_ENTITY_AIRCRAFT}, {"airplane", PLM_ENTITY_AIRCRAFT},
        {"address", PLM_ENTITY_ADDRESS}, {"organi", PLM_ENTITY_ORGANIZATION},
        {"company", PLM_ENTITY_ORGANIZATION}, {"publicbody", PLM_ENTITY_ORGANIZATION}};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (plm_import_find(s, kinds[i].has) >= 0) return kinds[i].kind;
    return PLM_ENTITY_UNKNOWN; /* entity, LegalEntity: a person or an organization */
}

static plm_str cell(const plm_csv *c, const table_map *m, role r) {
    for (uint32_t i = 0; i < m->n; i++)
        if (m->of[i] == r && plm_str_trim(c->field[i]).n) return plm_str_trim(c->field[i]);
    return (plm_str){"", 0};
}

static bool add_address(plm_import *im, const plm_csv *c, const table_map *m, plm_str s) {
    if (!m->split_address) return plm_import_address(im, c->line, s, plm_import_country_last(s));
    plm_str part;
    while (plm_import_part_by(&s, "; ", &part))
        if (part.n && !plm_import_address(im, c->line, part, plm_import_country_last(part)))
            return false;
    return true;
}

static bool add_id(plm_import *im, uint32_t line, role r, plm_str s) {
    static const char *const kinds[R_COUNT] = {
        [R_IMO] = "imo", [R_MMSI] = "mmsi", [R_LEI] = "lei", [R_USCC] = "uscc",
        [R_REGISTRATION] = "registration", [R_PASSPORT] = "passport",
        [R_NATIONAL] = "national_id", [R_TAX] = "tax", [R_SWIFT] = "swift", [R_TAIL] = "tail"};
    plm_str part;
    while (kinds[r] && plm_import_part(&s, ';', &part)) {
        const char *paren = part.n ? memchr(part.p, '(', part.n) : NULL; /* "7725842590 (INN)" */
        if (paren && paren > part.p)
            part = plm_str_trim((plm_str){part.p, (size_t)(paren - part.p)});
        if (part.n && !plm_import_id(im, line, kinds[r], part)) return false;
    }
    return true;
}

static bool add_cell(plm_import *im, const plm_csv *c, const table_map *m, role r, plm_str s) {
    plm_str part;
    plm_day from, to;
    switch (r) {
    case R_ALIAS: return plm_import_names(im, c->line, s, ';', PLM_NAME_ALIAS);
    case R_WEAK: return plm_import_names(im, c->line, s, ';', PLM_NAME_WEAK);
    case R_ADDRESS: return add_address(im, c, m, s);
    case R_COUNTRY:
        while (plm_import_part(&s, ';', &part))
            if (!plm_import_check(im, plm_list_add_country(im->list, plm_import_country(part),
                                                           im->f), c->line, "country"))
                return false;
        return true;
    case R_BIRTH:
        while (plm_import_part(&s, ';', &part))
            if (!plm_import_birth(im, c->line, part)) return false;
        return true;
    case R_CITATION: return plm_import_set(im, c->line, PLM_LIST_CITATION, s);
    case R_PROGRAM: return plm_import_set(im, c->line, PLM_LIST_PROGRAMS, s);
    case R_REMARKS: return plm_import_set(im, c->line, PLM_LIST_REMARKS, s);
    case R_LISTED:
        if (plm_import_days(s, &from, &to)) plm_list_set_listed(im->list, from);
        return true;
    default: return add_id(im, c->line, r, s);
    }
}

static bool add_row_parts(plm_import *im, const plm_csv *c, const table_map *m) {
    for (uint32_t i = 0; i < c->n; i++) {
        plm_str s = plm_str_trim(c->field[i]);
        if (s.n && !add_cell(im, c, m, m->of[i], s)) return false;
    }
    return true;
}

static bool own_row(plm_import *im, const plm_csv *c, const table_map *m) {
    plm_str name = cell(c, m, R_NAME), id = cell(c, m, R_ID), list = cell(c, m, R_LIST);
    if (name.n == 0) {
        name = cell(c, m, R_ALIAS); /* a row with its native name only */
        const char *semi = name.n ? memchr(name.p, ';', name.n) : NULL;
        if (semi) name = plm_str_trim((plm_str){name.p, (size_t)(semi - name.p)});
    }
    if (name.n == 0) return plm_import_bad(im, c->line, "name", "is empty");
    if (list.n == 0) list = m->list;
    plm_entity_kind kind = kind_of(cell(c, m, R_TYPE));
    bool ok = id.n ? plm_import_entity_shared(im, c->line, id, list, name, kind)
                   : plm_import_entity_made(im, c->line, list, cell(c, m, R_CITATION), name, kind);
    return ok && add_row_parts(im, c, m);
}

typedef bool (*row_fn)(plm_import *im, const plm_csv *c, const table_map *m);

static bool table_rows(plm_import *im, plm_csv *c, table_map *m, row_fn row) {
    int k = plm_csv_next(c, im);
    if (k == 0) return plm_import_bad(im, 1, NULL, "is empty");
    if (k < 0 || !map_columns(im, c, m)) return false;
    uint32_t width = c->n;
    while ((k = plm_csv_next(c, im)) == 1) {
        if (c->n != width)
            return plm_import_bad(im, c->line, "(end of the row)", "%u fields where the header "
                                  "has %u: the row is cut short or damaged", c->n, width);
        im->rows++;
        if (!row(im, c, m)) return false;
    }
    return k == 0;
}

bool plm_import_own_csv(plm_import *im) {
    char list[41]; /* a copy: the list's own text moves as it grows */
    snprintf(list, sizeof list, "%.*s", PLM_FMT(plm_list_text(im->list, im->list->source)));
    table_map m = {.list = plm_str_c(list), .split_address = true};
    plm_csv c;
    const char *line_end = im->text.n ? memchr(im->text.p, '\n', im->text.n) : NULL;
    size_t head = line_end ? (size_t)(line_end - im->text.p) : im->text.n;
    bool tabs = head && memchr(im->text.p, '\t', head) && !memchr(im->text.p, ',', head);
    bool semis = head && memchr(im->text.p, ';', head) && !memchr(im->text.p, ',', head);
    plm_csv_open(&c, im->text, tabs ? '\t' : semis ? ';' : ',');
    bool ok = table_rows(im, &c, &m, own_row);
    if (ok && im->rows == 0) ok = plm_import_bad(im, 2, NULL, "holds no row");
    plm_csv_close(&c);
    return ok;
}

/* EU acts: the act is the citation; recordId numbers its entries (not always, not uniquely). */
enum { U_CELEX, U_RECORD, U_ANNEX, U_SCHEMA, U_NAME, U_AMENDED, U_COUNT };
static const char *const eu_columns[] = {"celex", "recordId", "annex", "schema", "name",
                                         "amendmentCelex", NULL};

static bool eu_row(plm_import *im, const plm_csv *c, const table_map *m, const int *at) {
    plm_str act = plm_str_trim(plm_csv_get(c, at[at[U_CELEX] >= 0 ? U_CELEX : U_AMENDED]));
    plm_str record = plm_str_trim(plm_csv_get(c, at[U_RECORD]));
    plm_str annex = plm_str_trim(plm_csv_get(c, at[U_ANNEX])), name = cell(c, m, R_NAME);
    char id[256];
    if (act.n == 0 || act.n > 32)
        return plm_import_bad(im, c->line, "celex", "is empty or no CELEX number");
    if (name.n == 0) return plm_import_bad(im, c->line, "name", "is empty");
    bool ok;
    if (record.n && record.n < 40 && annex.n < 120) {
        snprintf(id, sizeof id, "%.*s/%.*s/%.*s", PLM_FMT(act), PLM_FMT(annex), PLM_FMT(record));
        ok = plm_import_entity_shared(im, c->line, plm_str_c(id), PLM_STR("eu"), name,
                                      kind_of(cell(c, m, R_TYPE)));
    } else {
        ok = plm_import_entity_made(im, c->line, PLM_STR("eu"), act, name,
                                    kind_of(cell(c, m, R_TYPE)));
    }
    return ok && add_row_parts(im, c, m) && plm_import_set(im, c->line, PLM_LIST_CITATION, act);
}

static bool eu_rows(plm_import *im, plm_csv *c) {
    int at[U_COUNT], k = plm_csv_next(c, im);
    table_map m = {.list = PLM_STR("eu"), .split_address = true};
    if (k == 0) return plm_import_bad(im, 1, NULL, "is empty");
    if (k < 0 || !plm_csv_columns(c, im, eu_columns, 0, at)) return false;
    if (at[U_RECORD] < 0 || at[U_SCHEMA] < 0 || at[U_NAME] < 0 ||
        (at[U_CELEX] < 0 && at[U_AMENDED] < 0))
        return plm_import_bad(im, c->line, at[U_NAME] < 0 ? "name" : "celex", "is not in the "
                              "header line: this is no EU act in the known form");
    plm_buf *note = im->note;
    im->note = NULL; /* the columns are the format's own */
    bool ok = map_columns(im, c, &m);
    im->note = note;
    uint32_t width = c->n;
    for (uint32_t i = 0; i < width; i++)
        if (m.of[i] == R_ID || m.of[i] == R_CITATION || m.of[i] == R_LIST) m.of[i] = R_NONE;
    while (ok && (k = plm_csv_next(c, im)) == 1) {
        im->rows++;
        if (c->n != width)
            ok = plm_import_bad(im, c->line, "(end of the row)", "%u fields where the header has "
                                "%u: the row is cut short or damaged", c->n, width);
        else if (c->open_end)
            ok = plm_import_bad(im, c->line, "(end of the row)", "the file ends within the row");
        ok = ok && eu_row(im, c, &m, at);
    }
    return ok && k == 0; /* an act without entries is a whole act */
}

bool plm_import_eu_csv(plm_import *im) { return plm_csv_each(im, ',', eu_rows); }
