/* import_uk.c: the UK's lists as CSV: the UK Sanctions List (one row a name, by Unique ID) and the
 * consolidated list of asset-freeze targets (by Group ID).  A first line with the date comes
 * before the header.  Written from the published columns; tried on small files of our own.
 * Held by tests/unit/test_import.c and fuzz/import_csv.c. */
#include "screen/import.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { K_ID, K_NAME6, K_NAME1, K_NAME5 = K_NAME1 + 4, K_NATIVE, K_NAMETYPE, K_STRENGTH, K_TYPE,
       K_REGIME, K_DOB, K_NATION, K_PASSPORT, K_NATIONAL, K_ADDRESS1, K_ADDRESS6 = K_ADDRESS1 + 5,
       K_POST, K_COUNTRY, K_OTHER, K_LISTED, K_IMO, K_REGNO, K_REFERENCE, K_COUNT };

/* Every heading that the column has had, '|' between. */
static const char *const uk_columns[K_COUNT] = {
    "Unique ID|Group ID", "Name 6", "Name 1", "Name 2", "Name 3", "Name 4", "Name 5",
    "Name non-latin script|Name Non-Latin Script", "Name type|Alias Type",
    "Alias strength|Alias Quality", "Individual, Entity, Ship|Group Type|Designation Type",
    "Regime Name|Regime", "D.O.B|DOB", "Nationality(/ies)|Nationality", "Passport number",
    "National Identifier number|National Identification Number", "Address Line 1|Address 1",
    "Address Line 2|Address 2", "Address Line 3|Address 3", "Address Line 4|Address 4",
    "Address Line 5|Address 5", "Address Line 6|Address 6", "Address Postal Code|Post/Zip Code",
    "Address Country|Country", "Other Information", "Date Designated|Listed On",
    "IMO number", "Business registration number (s)|Business registration number",
    "UN Reference Number|UK Sanctions List Ref"};

typedef struct uk_row {
    uint32_t line, number;
    plm_str v[K_COUNT];
} uk_row;

static int uk_column(const plm_csv *c, const char *headings) {
    plm_str rest = plm_str_c(headings), one;
    while (plm_import_part(&rest, '|', &one))
        for (uint32_t i = 0; i < c->n; i++) {
            plm_str h = plm_str_trim(c->field[i]);
            if (h.n && h.n == one.n && strncasecmp(h.p, one.p, one.n) == 0) return (int)i;
        }
    return -1;
}

static int by_id(const void *a, const void *b) {
    const uk_row *x = *(uk_row *const *)a, *y = *(uk_row *const *)b;
    int c = plm_str_cmp(x->v[K_ID], y->v[K_ID]);
    return c ? c : (x->number > y->number) - (x->number < y->number);
}

static bool uk_primary(const uk_row *r) {
    return plm_import_find(r->v[K_NAMETYPE], "primary") == 0 &&
           plm_import_find(r->v[K_NAMETYPE], "variation") < 0;
}

static void uk_name(const uk_row *r, plm_buf *b) {
    plm_buf_clear(b); /* forenames are 1 to 5; 6 is the family name, or the whole name */
    for (int i = K_NAME1; i <= K_NAME5 + 1; i++) {
        plm_str part = r->v[i <= K_NAME5 ? i : K_NAME6];
        if (part.n) plm_buf_printf(b, "%s%.*s", b->n ? " " : "", PLM_FMT(part));
    }
}

static plm_entity_kind uk_kind(plm_str s) {
    if (plm_str_is_fold(s, "Individual")) return PLM_ENTITY_PERSON;
    if (plm_str_is_fold(s, "Entity")) return PLM_ENTITY_ORGANIZATION;
    return plm_str_is_fold(s, "Ship") ? PLM_ENTITY_VESSEL : PLM_ENTITY_UNKNOWN;
}

/* 23/06/2021 is day first here; "dd/mm/1967" is a year. */
static bool uk_days(plm_str s, plm_day *from, plm_day *to) {
    char t[16];
    if (s.n == 10 && s.p[2] == '/' && s.p[5] == '/') {
        if ((s.p[0] | 32) == 'd' || plm_str_starts(s, "00/00"))
            return plm_import_days((plm_str){s.p + 6, 4}, from, to);
        memcpy(t, s.p, 10);
        t[2] = t[5] = '.';
        return plm_import_days((plm_str){t, 10}, from, to);
    }
    return plm_import_days(s, from, to);
}

static bool uk_births(plm_import *im, const uk_row *r) {
    plm_str rest = r->v[K_DOB], part;
    plm_day from, to;
    while (plm_import_part(&rest, ';', &part)) {
        if (!uk_days(part, &from, &to)) continue;
        const plm_list *l = im->list;
        const plm_entity *e = &l->entities[l->entity_n - 1];
        bool known = false;
        for (uint32_t i = 0; i < e->birth_n; i++)
            known |= l->births[e->birth_at + i].from == from && l->births[e->birth_at + i].to == to;
        if (!known && !plm_import_check(im, plm_list_add_birth(im->list, from, to, im->f), r->line,
                                        "D.O.B"))
            return false;
    }
    return true;
}

static bool uk_has_id(const plm_list *l, plm_str v) {
    const plm_entity *e = &l->entities[l->entity_n - 1];
    for (uint32_t i = 0; i < e->id_n; i++)
        if (plm_str_eq(plm_list_text(l, l->ids[e->id_at + i].value), v)) return true;
    return false;
}

static bool uk_ids(plm_import *im, const uk_row *r) {
    static const struct { int column; const char *kind; } ids[] = {
        {K_PASSPORT, "passport"}, {K_NATIONAL, "national_id"}, {K_IMO, "imo"},
        {K_REGNO, "registration"}};
    for (size_t i = 0; i < sizeof ids / sizeof *ids; i++) {
        plm_str rest = r->v[ids[i].column], part;
        while (plm_import_part(&rest, ';', &part))
            if (part.n && !uk_has_id(im->list, part) &&
                !plm_import_id(im, r->line, ids[i].kind, part))
                return false;
    }
    return true;
}

static bool uk_has_address(const plm_list *l, plm_str v) {
    const plm_entity *e = &l->entities[l->entity_n - 1];
    for (uint32_t i = 0; i < e->address_n; i++)
        if (plm_str_eq(plm_list_text(l, l->addresses[e->address_at + i].text), v)) return true;
    return false;
}

static bool uk_address(plm_import *im, const uk_row *r) {
    plm_buf b;
    plm_buf_init(&b, PLM_CSV_FIELD_MAX * 8);
    size_t before = 0;
    for (int i = K_ADDRESS1; i <= K_COUNTRY; i++) {
        if (i == K_COUNTRY) before = b.n;
        if (r->v[i].n) plm_buf_printf(&b, "%s%.*s", b.n ? ", " : "", PLM_FMT(r->v[i]));
    }
    plm_country home = plm_import_country(r->v[K_COUNTRY]);
    plm_str s = before ? plm_buf_str(&b) : (plm_str){"", 0};
    bool ok = (s.n && uk_has_address(im->list, s)) || plm_import_address(im, r->line, s, home);
    plm_buf_free(&b);
    return ok;
}

static bool uk_nations(plm_import *im, const uk_row *r) {
    plm_str rest = r->v[K_NATION], part;
    while (plm_import_part(&rest, ';', &part)) {
        if (part.n > 3 && part.p[0] == '(') { /* "(1) Russia (2) Cyprus" */
            const char *close = memchr(part.p, ')', part.n);
            size_t left = close ? (size_t)(part.p + part.n - close - 1) : 0;
            if (close) part = plm_str_trim((plm_str){close + 1, left});
        }
        if (!plm_import_check(im, plm_list_add_country(im->list, plm_import_country(part), im->f),
                              r->line, "Nationality"))
            return false;
    }
    return true;
}

static bool uk_entity(plm_import *im, uk_row *const *rows, size_t n, plm_buf *b) {
    size_t main = 0;
    while (main < n && !uk_primary(rows[main])) main++;
    const uk_row *r = rows[main < n ? main : 0];
    plm_day from, to;
    uk_name(r, b);
    if (b->n == 0) return plm_import_bad(im, r->line, "Name 6", "is empty, and so are the others");
    if (!plm_import_entity(im, r->line, r->v[K_ID], PLM_STR("uk"), plm_buf_str(b),
                           uk_kind(r->v[K_TYPE])))
        return false;
    if (uk_days(r->v[K_LISTED], &from, &to)) plm_list_set_listed(im->list, from);
    if (!plm_import_set(im, r->line, PLM_LIST_CITATION, r->v[K_REFERENCE]) ||
        !plm_import_set(im, r->line, PLM_LIST_PROGRAMS, r->v[K_REGIME]) ||
        !plm_import_set(im, r->line, PLM_LIST_REMARKS, r->v[K_OTHER]))
        return false;
    for (size_t i = 0; i < n; i++) {
        bool weak = plm_import_find(rows[i]->v[K_STRENGTH], "low") >= 0 ||
                    plm_import_find(rows[i]->v[K_STRENGTH], "weak") >= 0;
        uk_name(rows[i], b);
        if (!plm_import_name(im, rows[i]->line, plm_buf_str(b),
                             weak ? PLM_NAME_WEAK : PLM_NAME_ALIAS) ||
            !plm_import_name(im, rows[i]->line, rows[i]->v[K_NATIVE], PLM_NAME_ALIAS))
            return false;
    }
    for (size_t i = 0; i < n; i++)
        if (!uk_address(im, rows[i]) || !uk_nations(im, rows[i])) return false;
    for (size_t i = 0; i < n; i++)
        if (!uk_births(im, rows[i])) return false;
    for (size_t i = 0; i < n; i++)
        if (!uk_ids(im, rows[i])) return false;
    return true;
}

typedef struct uk_table {
    uk_row **row;
    size_t n, cap;
} uk_table;

static bool uk_take(plm_import *im, uk_table *t, const plm_csv *c, const int *at) {
    if (t->n == t->cap) {
        size_t cap = t->cap ? t->cap * 2 : 1024;
        uk_row **more = plm_mem_resize(t->row, cap * sizeof *more);
        if (!more) return plm_import_bad(im, c->line, NULL, "not enough memory");
        t->row = more;
        t->cap = cap;
    }
    uk_row *r = plm_arena_alloc(im->arena, sizeof *r);
    if (!r) return plm_import_bad(im, c->line, NULL, "not enough memory");
    r->line = c->line;
    r->number = (uint32_t)t->n;
    for (int i = 0; i < K_COUNT; i++) {
        r->v[i] = plm_arena_copy(im->arena, plm_str_trim(plm_csv_get(c, at[i])));
        if (!r->v[i].p) return plm_import_bad(im, c->line, NULL, "not enough memory");
    }
    if (r->v[K_ID].n == 0) return plm_import_bad(im, c->line, "Unique ID", "is empty");
    t->row[t->n++] = r;
    im->rows++;
    return true;
}

static bool uk_header(plm_import *im, plm_csv *c, int *at) {
    for (int line = 0; line < 3; line++) {
        int k = plm_csv_next(c, im);
        if (k < 0) return false;
        if (k == 0) break;
        for (int i = 0; i < K_COUNT; i++) at[i] = uk_column(c, uk_columns[i]);
        if (at[K_ID] >= 0 && at[K_NAME6] >= 0) return true;
    }
    return plm_import_bad(im, 1, "Name 6", "no header line with the columns Name 6 and Unique ID "
                          "(or Group ID)");
}

static bool uk_read(plm_import *im, plm_csv *c, uk_table *t) {
    int at[K_COUNT], k;
    if (!uk_header(im, c, at)) return false;
    uint32_t width = c->n;
    while ((k = plm_csv_next(c, im)) == 1) {
        if (c->n != width)
            return plm_import_bad(im, c->line, "(end of the row)", "%u fields where the header "
                                  "has %u: the row is cut short or damaged", c->n, width);
        if (c->open_end && c->field[c->n - 1].n)
            return plm_import_bad(im, c->line, "(last field)", "the file ends within it");
        if (!uk_take(im, t, c, at)) return false;
    }
    if (k == 0 && t->n == 0) return plm_import_bad(im, 2, NULL, "holds no row");
    return k == 0;
}

bool plm_import_uk_csv(plm_import *im) {
    plm_csv c;
    uk_table t = {0};
    plm_buf b;
    plm_csv_open(&c, im->text, ',');
    plm_buf_init(&b, PLM_CSV_FIELD_MAX * 8);
    bool ok = uk_read(im, &c, &t);
    if (ok && t.n > 1) qsort(t.row, t.n, sizeof *t.row, by_id);
    for (size_t i = 0, n; ok && i < t.n; i += n) {
        for (n = 1; i + n < t.n && plm_str_eq(t.row[i]->v[K_ID], t.row[i + n]->v[K_ID]); n++)
            continue;
        ok = uk_entity(im, t.row + i, n, &b);
        im->joined += n - 1;
    }
    plm_mem_free(t.row);
    plm_buf_free(&b);
    plm_csv_close(&c);
    return ok;
}
