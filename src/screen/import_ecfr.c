/* import_ecfr.c: the Entity List from part 744 of title 15 as eCFR XML (Supplement No. 4), with
 * tables as TABLE/TR/TD or GPOTABLE/ROW/ENT.  The entity cell holds name, aliases and addresses
 * as running text; the name ends at the first comma that no legal form follows.
 * Written from the published form; tried on small files of our own and on rows restated from the
 * data folder's CSV.  Held by tests/unit/test_import.c and fuzz/import_ecfr_xml.c. */
#include "screen/import.h"

#include <string.h>

#define ECFR_CELLS 5

typedef struct ecfr {
    bool root, inside;      /* inside: the supplement was seen (a file may hold all of part 744) */
    plm_str country;
    plm_elist_row *rows;
    size_t n, cap;
    plm_import *im;
} ecfr;

static const char *const legal_forms[] = {
    "Ltd", "Limited", "Inc", "Incorporated", "LLC", "L.L.C", "Co", "Corp", "S.A", "SA", "GmbH",
    "AG", "PJSC", "JSC", "OJSC", "FZE", "FZCO", "FZ LLC", "Pte", "Pvt", "Sdn", "Bhd", "B.V", "BV",
    "N.V", "S.A.R.L", "SARL", "S.L", "S.R.L", "A.S", "AS", "PLC", "LP", "L.P", "LLP", "DMCC",
    "L.L.C.", "W.L.L", "OOO", "AO", "ZAO", "PT", "Jr", "Sr", "II", "III", "FZC", "Company"};

/* Length of the legal form that begins s, 0 when none does. */
static size_t legal_form(plm_str s) {
    for (size_t i = 0; i < sizeof legal_forms / sizeof *legal_forms; i++) {
        size_t n = strlen(legal_forms[i]);
        if (!plm_str_starts_fold(s, legal_forms[i])) continue;
        char after = n < s.n ? s.p[n] : ' ';
        if ((after | 32) >= 'a' && (after | 32) <= 'z') continue;
        return n;
    }
    return 0;
}

/* Where the name ends: at a comma outside parentheses that no legal form follows. */
static size_t name_end_in(plm_str s, bool parentheses) {
    int depth = 0;
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] == '(' && parentheses) depth++;
        if (s.p[i] == ')' && depth) depth--;
        if (s.p[i] == '\n' && i) return i;
        if (s.p[i] != ',' || depth) continue;
        plm_str rest = {s.p + i + 1, s.n - i - 1};
        while (rest.n && rest.p[0] == ' ') rest.p++, rest.n--;
        if (legal_form(rest) == 0) return i;
    }
    return s.n;
}

/* A parenthesis that is never closed is printed so; it doesn't swallow the address. */
static size_t name_end(plm_str s) {
    size_t n = name_end_in(s, true);
    return n == s.n ? name_end_in(s, false) : n;
}

static bool starts_dash(plm_str s, size_t *skip) {
    *skip = 0;
    if (plm_str_starts(s, "\xE2\x80\x94") || plm_str_starts(s, "\xE2\x80\x93")) *skip = 3;
    else if (s.n && s.p[0] == '-') *skip = 1;
    return *skip > 0;
}

/* Takes one alias from *s ("—Name; and"); false at the end of the aliases. */
static bool next_alias(plm_str *s, plm_str *alias, bool *last) {
    size_t skip, i;
    *s = plm_str_trim(*s);
    if (!starts_dash(*s, &skip)) return false;
    plm_str t = plm_str_trim((plm_str){s->p + skip, s->n - skip});
    for (i = 0; i < t.n && t.p[i] != ';' && t.p[i] != '\n'; i++)
        if (t.p[i] == '.' && i + 2 < t.n && t.p[i + 1] == ' ' && t.p[i + 2] >= '0' &&
            t.p[i + 2] <= '9')
            break;
    *alias = plm_str_trim((plm_str){t.p, i});
    *last = i >= t.n || t.p[i] != ';';
    if (alias->n && alias->p[alias->n - 1] == '.' && *last) alias->n--;
    *s = (plm_str){t.p + i, t.n - i};
    if (s->n && (s->p[0] == ';' || s->p[0] == '.')) s->p++, s->n--;
    *s = plm_str_trim(*s);
    if (s->n > 4 && plm_str_starts_fold(*s, "and")) s->p += 3, s->n -= 3;
    return alias->n > 0;
}

/* Splits the cell; what is left after the aliases is the address. */
static bool split_entity(plm_import *im, uint32_t line, plm_str cell, plm_elist_row *r) {
    size_t end = name_end(cell);
    r->name = plm_str_trim((plm_str){cell.p, end});
    plm_str rest = {cell.p + end, cell.n - end};
    while (rest.n && (rest.p[0] == ',' || rest.p[0] == ' ' || rest.p[0] == '\n'))
        rest.p++, rest.n--;
    if (plm_str_starts(rest, "a.k.a") || plm_str_starts(rest, "f.k.a")) {
        const char *colon = memchr(rest.p, ':', rest.n);
        if (!colon)
            return plm_import_bad(im, line, "Entity", "aliases without the ':' before them");
        rest = (plm_str){colon + 1, rest.n - (size_t)(colon - rest.p) - 1};
        plm_buf b;
        plm_buf_init(&b, PLM_XML_TEXT_MAX);
        plm_str alias;
        bool last = false;
        while (!last && next_alias(&rest, &alias, &last))
            plm_buf_printf(&b, "%s%.*s", b.n ? "; " : "", PLM_FMT(alias));
        r->aliases = plm_arena_copy(im->arena, plm_buf_str(&b));
        plm_buf_free(&b);
    }
    r->address = plm_str_trim(rest);
    r->address_only = r->name.n == 10 && plm_str_starts(r->name, "Address ") &&
                      r->name.p[8] >= '0' && r->name.p[8] <= '9';
    return true;
}

/* Without the no-break spaces that fill empty cells. */
static plm_str cell_text(plm_import *im, const plm_xml *x) {
    plm_str s = plm_str_trim(x->whole);
    while (plm_str_starts(s, "\xC2\xA0")) s = plm_str_trim((plm_str){s.p + 2, s.n - 2});
    return plm_arena_copy(im->arena, s);
}

static bool ecfr_keep(plm_import *im, ecfr *e, const plm_elist_row *r) {
    if (e->n == e->cap) {
        size_t cap = e->cap ? e->cap * 2 : 1024;
        plm_elist_row *more = plm_mem_resize(e->rows, cap * sizeof *more);
        if (!more) return plm_import_bad(im, r->line, NULL, "not enough memory");
        e->rows = more;
        e->cap = cap;
    }
    e->rows[e->n++] = *r;
    return true;
}

static bool ecfr_row(plm_import *im, ecfr *e, const plm_xml *x) {
    plm_str cell[ECFR_CELLS];
    int n = 0;
    for (const plm_xml *c = x->child; c; c = c->next) {
        if (plm_xml_is(c, "TH")) return true; /* the heading */
        if (!plm_xml_is(c, "TD") && !plm_xml_is(c, "ENT")) continue;
        if (n == ECFR_CELLS) return plm_import_bad(im, c->line, "TD", "a sixth cell in the row");
        cell[n] = cell_text(im, c);
        if (!cell[n++].p) return plm_import_bad(im, x->line, NULL, "not enough memory");
    }
    if (n == 0) return true;
    if (n != ECFR_CELLS)
        return plm_import_bad(im, x->line, "TD", "%d cells where the Entity List has 5: country, "
                              "entity, requirement, policy, citation", n);
    if (cell[0].n) e->country = cell[0];
    if (cell[1].n == 0) return true; /* a country's empty heading row */
    plm_elist_row r = {.country = e->country, .line = x->line, .requirement = cell[2],
                       .policy = cell[3], .citation = cell[4], .aliases = {"", 0}};
    r.footnotes = plm_elist_footnotes_in(cell[2]);
    if (!plm_import_country(r.country))
        return plm_import_bad(im, x->line, "Country", "'%.*s' is no country that is known here",
                              (int)(r.country.n > 60 ? 60 : r.country.n), r.country.p);
    return split_entity(im, x->line, cell[1], &r) && ecfr_keep(im, e, &r);
}

static bool ecfr_record(plm_import *im, void *ctx, const plm_xml *x) {
    ecfr *e = ctx;
    if (!e->root) {
        e->root = true;
        if (!plm_xml_is(x, "HEAD") && !plm_xml_is(x, "TR") && !plm_xml_is(x, "ROW")) return true;
    }
    if (plm_xml_is(x, "HEAD") || plm_xml_is(x, "HD1")) {
        e->inside = plm_import_find(x->whole, "Entity List") >= 0 &&
                    plm_import_find(x->whole, "744") >= 0;
        return true;
    }
    return e->inside ? ecfr_row(im, e, x) : true;
}

bool plm_import_ecfr_xml(plm_import *im) {
    static const char *const records[] = {"HEAD", "HD1", "TR", "ROW", NULL};
    ecfr e = {.im = im};
    bool ok = plm_xml_read(im, records, ecfr_record, &e);
    im->rows = e.n;
    if (ok && e.n == 0)
        ok = plm_import_bad(im, 1, "HEAD", "no table under the heading of Supplement No. 4 to "
                            "Part 744 (Entity List)");
    ok = ok && plm_elist_finish(im, e.rows, e.n);
    plm_mem_free(e.rows);
    return ok;
}
