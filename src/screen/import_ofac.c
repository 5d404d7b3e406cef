/* import_ofac.c: OFAC's three-file form (SDN 12 fields, ALT 5, ADD 6), told apart by their number
 * of fields.  "-0-" is nothing; a first line that begins with ID is a header; the last line begins
 * with 0x1A.  Invariants: 1 rows of ALT and ADD belong to an SDN row; a number past the largest of
 * the SDN file means that the SDN file is older or cut short: refused; 2 rows of entities that
 * the SDN file no longer has are counted and reported.
 * Held by tests/unit/test_import.c and tests/scenes/test_lists. */
#include "screen/import.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SDN_FIELDS 12
#define ALT_FIELDS 5
#define ADD_FIELDS 6

typedef struct ofac_row {
    uint64_t entity;
    uint32_t line;
    const char *file;
    plm_str v[SDN_FIELDS];
} ofac_row;

typedef struct ofac_table {
    ofac_row **row;
    size_t n, cap;
} ofac_table;

struct plm_ofac {
    plm_arena *arena;
    ofac_table sdn, alt, add;
};

struct plm_ofac *plm_ofac_new(plm_arena *a) {
    struct plm_ofac *o = plm_arena_alloc(a, sizeof *o);
    if (o) o->arena = a;
    return o;
}

void plm_ofac_free(struct plm_ofac *o) {
    if (!o) return;
    plm_mem_free(o->sdn.row);
    plm_mem_free(o->alt.row);
    plm_mem_free(o->add.row);
}

static bool whole_number(plm_str s, uint64_t *out) {
    s = plm_str_trim(s);
    if (s.n == 0 || s.n > 12) return false;
    uint64_t v = 0;
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] < '0' || s.p[i] > '9') return false;
        v = v * 10 + (uint64_t)(s.p[i] - '0');
    }
    *out = v;
    return true;
}

static plm_str something(plm_str s) {
    s = plm_str_trim(s);
    return plm_str_is(s, "-0-") ? (plm_str){"", 0} : s;
}

static bool keep_row(struct plm_ofac *o, plm_import *im, const plm_csv *c, ofac_table *t,
                     uint64_t number) {
    if (t->n == t->cap) {
        size_t cap = t->cap ? t->cap * 2 : 1024;
        ofac_row **more = plm_mem_resize(t->row, cap * sizeof *more);
        if (!more) return plm_import_bad(im, c->line, NULL, "not enough memory");
        t->row = more;
        t->cap = cap;
    }
    ofac_row *r = plm_arena_alloc(o->arena, sizeof *r);
    if (!r) return plm_import_bad(im, c->line, NULL, "not enough memory");
    r->entity = number;
    r->line = c->line;
    r->file = im->file;
    for (uint32_t i = 0; i < c->n; i++) {
        r->v[i] = plm_arena_copy(o->arena, something(c->field[i]));
        if (!r->v[i].p) return plm_import_bad(im, c->line, NULL, "not enough memory");
    }
    t->row[t->n++] = r;
    return true;
}

static bool take_row(struct plm_ofac *o, plm_import *im, const plm_csv *c, uint32_t width) {
    static const char *const first[] = {"ent_num", "SDN_Name"};
    uint64_t number;
    plm_str last = c->field[c->n - 1];
    if (c->n != width)
        return plm_import_bad(im, c->line, "(end of the row)", "%u fields where the file's first "
                              "row has %u: the row is cut short or damaged", c->n, width);
    if (!whole_number(c->field[0], &number))
        return plm_import_bad(im, c->line, first[0], "'%.*s' is no entity number",
                              (int)(c->field[0].n > 40 ? 40 : c->field[0].n), c->field[0].p);
    if (c->open_end && !plm_str_is(plm_str_trim(last), "-0-"))
        return plm_import_bad(im, c->line, "(last field)", "the file ends within it");
    ofac_table *t = c->n == SDN_FIELDS ? &o->sdn : c->n == ALT_FIELDS ? &o->alt : &o->add;
    if (t == &o->sdn && something(c->field[1]).n == 0)
        return plm_import_bad(im, c->line, first[1], "is empty");
    if (t == &o->alt && something(c->field[3]).n == 0)
        return plm_import_bad(im, c->line, "alt_name", "is empty");
    im->rows++;
    return keep_row(o, im, c, t, number);
}

static bool take_rows(struct plm_ofac *o, plm_import *im, plm_csv *c) {
    uint32_t width = 0;
    bool ended = false;
    int k;
    while ((k = plm_csv_next(c, im)) == 1) {
        plm_str head = c->field[0];
        if (ended)
            return plm_import_bad(im, c->line, NULL, "a row after the end mark (0x1A)");
        if (head.n && head.p[0] == 0x1A) {
            ended = true;
            continue;
        }
        if (width == 0) {
            width = c->n;
            if (width != SDN_FIELDS && width != ALT_FIELDS && width != ADD_FIELDS)
                return plm_import_bad(im, c->line, NULL, "%u fields: neither SDN (12) nor ALT "
                                      "(5) nor ADD (6)", width);
            if (plm_str_starts(head, "ID") || plm_str_starts(head, "ent_num")) continue;
        }
        if (!take_row(o, im, c, width)) return false;
    }
    if (k == 0 && width == 0) return plm_import_bad(im, 1, NULL, "is empty");
    return k == 0;
}

bool plm_ofac_take(struct plm_ofac *o, plm_import *im) {
    plm_csv c;
    plm_csv_open(&c, im->text, ',');
    bool ok = take_rows(o, im, &c);
    plm_csv_close(&c);
    return ok;
}

static int by_entity(const void *a, const void *b) {
    const ofac_row *x = *(ofac_row *const *)a, *y = *(ofac_row *const *)b;
    if (x->entity != y->entity) return x->entity < y->entity ? -1 : 1;
    return (x->line > y->line) - (x->line < y->line);
}

static size_t first_of(const ofac_table *t, uint64_t entity) {
    size_t lo = 0, hi = t->n;
    while (lo < hi) {
        size_t mid = (lo + hi) / 2;
        if (t->row[mid]->entity < entity) lo = mid + 1;
        else hi = mid;
    }
    return lo;
}

/* The consolidated (non-SDN) lists say by their program which list a row is of. */
static plm_str list_of(plm_str source, plm_str programs) {
    static const struct { const char *has, *list; } lists[] = {
        {"NS-PLC", "plc"}, {"CMIC", "ns-cmic"}, {"FSE", "fse"}, {"561", "cap"},
        {"CAPTA", "cap"}, {"EO13662", "ssi"}, {"MBS", "mbs"}};
    if (!plm_str_is(source, "ofac-cons")) return PLM_STR("sdn");
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
        if (plm_import_find(programs, lists[i].has) >= 0) return plm_str_c(lists[i].list);
    return PLM_STR("ofac-cons");
}

static const char *const id_words[] = {
    "Passport", "National ID No.", "Tax ID No.", "Registration Number", "Registration ID",
    "Vessel Registration Identification", "Aircraft Tail Number", "MMSI", "Cedula No.", "NIT #",
    "RUC #", "SWIFT/BIC", "Company Number", "Commercial Registry Number",
    "Unified Social Credit Code (USCC)", "Identification Number", "Folio Mercantil No.",
    "Matricula Mercantil No", "C.R. No.", "Business Registration Number", "C.U.R.P.", "R.F.C.",
    "D-U-N-S Number", "Trade License No.", "Government Gazette Number", "D.N.I.", "V.A.T. Number",
    "Aircraft Manufacturer's Serial Number (MSN)", "USCC", "Legal Entity Number",
    "Enterprise Number", "Business Number", "Driver's License No."};

static bool remark_id(plm_import *im, uint32_t line, plm_str s) {
    for (size_t i = 0; i < sizeof id_words / sizeof *id_words; i++) {
        size_t n = strlen(id_words[i]);
        if (s.n <= n || !plm_str_starts(s, id_words[i])) continue;
        plm_str value = plm_str_trim((plm_str){s.p + n, s.n - n});
        const char *paren = memchr(value.p, '(', value.n);
        if (paren) value = plm_str_trim((plm_str){value.p, (size_t)(paren - value.p)});
        while (value.n && (value.p[value.n - 1] == '.' || value.p[value.n - 1] == ','))
            value.n--;
        const char *kind = plm_import_id_kind(plm_str_c(id_words[i]));
        if (value.n > 4 && plm_str_starts(value, "IMO ")) {
            kind = "imo";
            value = plm_str_trim((plm_str){value.p + 4, value.n - 4});
        }
        return value.n == 0 || plm_import_id(im, line, kind, value);
    }
    return true;
}

static bool remark(plm_import *im, uint32_t line, plm_str s) {
    if (plm_str_starts(s, "alt. ")) s = plm_str_trim((plm_str){s.p + 5, s.n - 5});
    while (s.n && s.p[s.n - 1] == '.') s.n--;
    if (plm_str_starts(s, "DOB ")) return plm_import_birth(im, line, (plm_str){s.p + 4, s.n - 4});
    static const char *const places[] = {"nationality ", "citizen "};
    for (size_t i = 0; i < 2; i++) {
        size_t n = strlen(places[i]);
        if (s.n > n && plm_str_starts(s, places[i])) {
            plm_country c = plm_import_country((plm_str){s.p + n, s.n - n});
            return plm_import_check(im, plm_list_add_country(im->list, c, im->f), line, "remarks");
        }
    }
    static const char *const aka[] = {"a.k.a. '", "f.k.a. '", "n.k.a. '"};
    for (size_t i = 0; i < 3; i++)
        if (s.n > 9 && plm_str_starts(s, aka[i])) {
            plm_str name = {s.p + 8, s.n - 8};
            const char *end = memrchr(name.p, '\'', name.n);
            if (end) name.n = (size_t)(end - name.p);
            return plm_import_name(im, line, name, PLM_NAME_WEAK);
        }
    return remark_id(im, line, s);
}

static bool ofac_address(plm_import *im, const ofac_row *r) {
    plm_buf b;
    plm_buf_init(&b, PLM_CSV_FIELD_MAX * 4);
    size_t before = 0;
    for (int i = 2; i <= 4; i++) {
        if (i == 4) before = b.n;
        if (r->v[i].n) plm_buf_printf(&b, "%s%.*s", b.n ? ", " : "", PLM_FMT(r->v[i]));
    }
    plm_country home = plm_import_country(r->v[4]);
    bool ok = plm_import_address(im, r->line, before ? plm_buf_str(&b) : (plm_str){"", 0}, home);
    plm_buf_free(&b);
    return ok;
}

static bool ofac_entity(struct plm_ofac *o, plm_import *im, const ofac_row *r) {
    char id[24];
    snprintf(id, sizeof id, "%llu", (unsigned long long)r->entity);
    plm_entity_kind kind = plm_str_is(r->v[2], "individual") ? PLM_ENTITY_PERSON
                         : plm_str_is(r->v[2], "vessel")     ? PLM_ENTITY_VESSEL
                         : plm_str_is(r->v[2], "aircraft")   ? PLM_ENTITY_AIRCRAFT
                                                             : PLM_ENTITY_ORGANIZATION;
    plm_str source = plm_list_text(im->list, im->list->source);
    im->file = r->file;
    if (!plm_import_entity(im, r->line, plm_str_c(id), list_of(source, r->v[3]), r->v[1], kind) ||
        !plm_import_set(im, r->line, PLM_LIST_PROGRAMS, r->v[3]) ||
        !plm_import_set(im, r->line, PLM_LIST_REMARKS, r->v[11]) ||
        !plm_import_id(im, r->line, "call_sign", r->v[5]) ||
        !plm_import_check(im, plm_list_add_country(im->list, plm_import_country(r->v[9]), im->f),
                          r->line, "vess_flag"))
        return false;
    for (size_t i = first_of(&o->alt, r->entity);
         i < o->alt.n && o->alt.row[i]->entity == r->entity; i++) {
        im->file = o->alt.row[i]->file;
        if (!plm_import_name(im, o->alt.row[i]->line, o->alt.row[i]->v[3], PLM_NAME_ALIAS))
            return false;
    }
    for (size_t i = first_of(&o->add, r->entity);
         i < o->add.n && o->add.row[i]->entity == r->entity; i++) {
        im->file = o->add.row[i]->file;
        if (!ofac_address(im, o->add.row[i])) return false;
    }
    im->file = r->file;
    plm_str rest = r->v[11], part;
    while (plm_import_part(&rest, ';', &part))
        if (part.n && !remark(im, r->line, part)) return false;
    return true;
}

static bool belong(struct plm_ofac *o, plm_import *im, const ofac_table *t, const char *what) {
    uint64_t largest = o->sdn.row[o->sdn.n - 1]->entity;
    for (size_t i = 0; i < t->n; i++) {
        size_t at = first_of(&o->sdn, t->row[i]->entity);
        if (at < o->sdn.n && o->sdn.row[at]->entity == t->row[i]->entity) continue;
        im->file = t->row[i]->file;
        if (t->row[i]->entity > largest)
            return plm_import_bad(im, t->row[i]->line, "ent_num", "%llu of the %s file is past "
                                  "the last entity of the SDN file (%llu), which is older or cut "
                                  "short; take the files of one day",
                                  (unsigned long long)t->row[i]->entity, what,
                                  (unsigned long long)largest);
        im->unmatched++;
    }
    return true;
}

static void sort_table(ofac_table *t) {
    if (t->n > 1) qsort(t->row, t->n, sizeof *t->row, by_entity);
}

bool plm_ofac_finish(struct plm_ofac *o, plm_import *im) {
    if (o->sdn.n == 0)
        return plm_import_bad(im, 1, NULL, "no SDN file (12 fields) among the files: aliases and "
                              "addresses alone are no list");
    sort_table(&o->sdn);
    sort_table(&o->alt);
    sort_table(&o->add);
    if (!belong(o, im, &o->alt, "ALT") || !belong(o, im, &o->add, "ADD")) return false;
    for (size_t i = 0; i < o->sdn.n; i++)
        if (!ofac_entity(o, im, o->sdn.row[i])) return false;
    return true;
}
