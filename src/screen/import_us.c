/* import_us.c: the Entity List and Denied Persons files, and the JSON form of the other US lists.
 * Invariants: 1 a count that the file states must hold; 2 rows of one party under several
 * destinations become one entity only where their legal effect is the same.
 * Held by tests/unit/test_import.c and tests/scenes/test_lists. */
#include "screen/import.h"

#include "base/json.h"

#include <stdlib.h>
#include <string.h>

#define ELIST PLM_STR("entity-list")

bool plm_elist_footnotes(plm_str s, uint32_t *bits) {
    *bits = 0;
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        bool alone = (i == 0 || s.p[i - 1] < '0' || s.p[i - 1] > '9') &&
                     (i + 1 == s.n || s.p[i + 1] < '0' || s.p[i + 1] > '9');
        if (c >= '1' && c <= '9' && alone) *bits |= 1u << (c - '0');
        else if (!strchr(" ,;", c)) return false;
    }
    return true;
}

/* Requirement texts carry the footnote numbers of the Entity List as printed: "734.9(g),3",
 * "of the EAR) 4", "734.9(e) 1". */
uint32_t plm_elist_footnotes_in(plm_str s) {
    uint32_t bits = 0;
    for (size_t i = 1; i < s.n; i++) {
        char c = s.p[i], next = i + 1 < s.n ? s.p[i + 1] : 0;
        if (c < '1' || c > '9' || (next && !strchr(" ,.)\n", next))) continue;
        size_t k = i;
        while (k && s.p[k - 1] == ' ') k--;
        bool after = k && (s.p[k - 1] == ')' || (s.p[k - 1] == ',' && k == i));
        after |= k < i && k >= 3 && memcmp(s.p + k - 3, "EAR", 3) == 0;
        if (after) bits |= 1u << (c - '0');
    }
    return bits;
}

/* Same letters and digits, whatever the case and the punctuation. */
static int cmp_letters(plm_str a, plm_str b) {
    size_t i = 0, j = 0;
    for (;;) {
        int c = 0, d = 0;
        while (i < a.n && c == 0) {
            unsigned char u = (unsigned char)a.p[i++];
            if (u >= 'A' && u <= 'Z') c = u + 32;
            else if ((u >= 'a' && u <= 'z') || (u >= '0' && u <= '9') || u >= 0x80) c = u;
        }
        while (j < b.n && d == 0) {
            unsigned char u = (unsigned char)b.p[j++];
            if (u >= 'A' && u <= 'Z') d = u + 32;
            else if ((u >= 'a' && u <= 'z') || (u >= '0' && u <= '9') || u >= 0x80) d = u;
        }
        if (c != d) return c - d;
        if (c == 0) return 0;
    }
}

static int by_name(const void *a, const void *b) {
    const plm_elist_row *x = *(const plm_elist_row *const *)a;
    const plm_elist_row *y = *(const plm_elist_row *const *)b;
    int c = cmp_letters(x->name, y->name);
    return c ? c : (x->line > y->line) - (x->line < y->line);
}

static bool cross_refers(plm_str address) {
    ptrdiff_t see = plm_import_find(address, "(see ");
    if (see < 0) return false;
    plm_str tail = {address.p + see, address.n - (size_t)see};
    return plm_import_find(tail, "address") >= 0 || plm_import_find(tail, "also") >= 0;
}

static size_t first_document(plm_str s) {
    size_t n = 0;
    while (n < s.n && s.p[n] != ',' && s.p[n] != '\n') n++;
    return n;
}

/* One party listed again under another destination. */
static bool same_party(const plm_elist_row *a, const plm_elist_row *b) {
    if (a->address_only || b->address_only || a->footnotes != b->footnotes) return false;
    if (cmp_letters(a->name, b->name) || cmp_letters(a->requirement, b->requirement) ||
        cmp_letters(a->policy, b->policy))
        return false;
    plm_str x = {a->citation.p, first_document(a->citation)};
    plm_str y = {b->citation.p, first_document(b->citation)};
    if (x.n && cmp_letters(x, y) == 0) return true;
    return cross_refers(a->address) && cross_refers(b->address);
}

static bool elist_addresses(plm_import *im, const plm_elist_row *r) {
    plm_str rest = r->address, part;
    plm_country home = plm_import_country(r->country);
    while (plm_import_part(&rest, ';', &part)) {
        if (part.n > 4 && plm_str_starts_fold(part, "and "))
            part = plm_str_trim((plm_str){part.p + 4, part.n - 4});
        ptrdiff_t see = plm_import_find(part, "(see ");
        if (see >= 0) part = plm_str_trim((plm_str){part.p, (size_t)see});
        if (part.n && !plm_import_address(im, r->line, part, home)) return false;
    }
    return plm_import_check(im, plm_list_add_country(im->list, home, im->f), r->line, "country");
}

static bool elist_names(plm_import *im, const plm_elist_row *r) {
    plm_str rest = r->aliases, part;
    while (plm_import_part(&rest, ';', &part)) {
        static const char *const lead[] = {"and ", "a.k.a., ", "a.k.a. "};
        for (size_t i = 0; i < 3; i++) {
            size_t n = strlen(lead[i]);
            if (part.n > n && plm_str_starts_fold(part, lead[i]))
                part = plm_str_trim((plm_str){part.p + n, part.n - n});
        }
        if (part.n && !plm_import_name(im, r->line, part, PLM_NAME_ALIAS)) return false;
    }
    return true;
}

static plm_day cited_day(plm_str citation) {
    plm_day from, to, first = PLM_DAY_MIN;
    plm_str rest = citation, line, part;
    while (plm_import_part(&rest, '\n', &line))
        while (plm_import_part(&line, ',', &part)) {
            char full[16];
            while (part.n && part.p[part.n - 1] == '.') part.n--;
            const char *slash = part.n > 5 && part.n < 11 ? memrchr(part.p, '/', part.n) : NULL;
            if (!slash) continue;
            size_t n = (size_t)(slash - part.p) + 1;
            bool two = part.n - n == 2; /* 6/18/24 */
            memcpy(full, part.p, n);
            if (two) memcpy(full + n, slash[1] >= '9' ? "19" : "20", 2);
            memcpy(full + n + (two ? 2 : 0), slash + 1, part.n - n);
            plm_str s = {full, part.n + (two ? 2 : 0)};
            if (plm_import_days(s, &from, &to) && (first == PLM_DAY_MIN || from < first))
                first = from;
        }
    return first;
}

static bool elist_party(plm_import *im, plm_elist_row *const *rows, size_t n) {
    const plm_elist_row *r = rows[0];
    plm_entity_kind kind = r->address_only ? PLM_ENTITY_ADDRESS : PLM_ENTITY_UNKNOWN;
    if (!plm_import_entity_made(im, r->line, ELIST, r->citation, r->name, kind)) return false;
    plm_list_set_bits(im->list, r->address_only ? PLM_ENTITY_ADDRESS_ONLY : 0, r->footnotes);
    plm_list_set_listed(im->list, cited_day(r->citation));
    if (!plm_import_set(im, r->line, PLM_LIST_CITATION, r->citation) ||
        !plm_import_set(im, r->line, PLM_LIST_PROGRAMS, r->requirement) ||
        !plm_import_set(im, r->line, PLM_LIST_EFFECT, r->policy) ||
        !plm_import_set(im, r->line, PLM_LIST_REMARKS, r->sections))
        return false;
    for (size_t i = 0; i < n; i++)
        if (!elist_names(im, rows[i])) return false;
    for (size_t i = 0; i < n; i++)
        if (!elist_addresses(im, rows[i])) return false;
    im->joined += n - 1;
    return true;
}

/* Puts every row of rows[i]'s party, not yet taken, into party; returns how many. */
static size_t gather(plm_elist_row **sorted, size_t n, size_t i, plm_elist_row **party) {
    size_t k = 0;
    plm_elist_row *first = sorted[i];
    for (size_t j = i; j < n && sorted[j] && k < 64; j++) {
        if (cmp_letters(first->name, sorted[j]->name) != 0) break;
        if (sorted[j]->line == 0 || (j > i && !same_party(first, sorted[j]))) continue;
        party[k++] = sorted[j];
    }
    return k;
}

bool plm_elist_finish(plm_import *im, plm_elist_row *rows, size_t n) {
    plm_elist_row **sorted = plm_arena_array(im->arena, n + 1, sizeof *sorted);
    uint32_t *place = plm_arena_array(im->arena, n + 1, sizeof *place);
    bool *taken = plm_arena_array(im->arena, n + 1, sizeof *taken);
    if (!sorted || !place || !taken)
        return plm_fail_at(im->f, PLM_NO_MEMORY, im->file, 0, 0, "not enough memory");
    for (size_t i = 0; i < n; i++) sorted[i] = &rows[i];
    qsort(sorted, n, sizeof *sorted, by_name);
    for (size_t i = 0; i < n; i++) place[sorted[i] - rows] = (uint32_t)i;
    for (size_t i = 0; i < n; i++) { /* in the file's own order */
        plm_elist_row *party[64];
        if (taken[i]) continue;
        size_t at = place[i], k = 0, all = gather(sorted, n, at, party);
        for (size_t j = 0; j < all; j++)
            if (!taken[party[j] - rows]) party[k++] = party[j];
        for (size_t j = 0; j < k; j++) taken[party[j] - rows] = true;
        if (!elist_party(im, party, k)) return false;
    }
    return true;
}

enum { E_NAME, E_COUNTRY, E_ALIASES, E_ADDRESS, E_CITATION, E_REQUIREMENT, E_FOOTNOTES, E_ONLY,
       E_SECTIONS, E_POLICY, E_COUNT };
static const char *const elist_columns[] = {
    "name", "country", "aliases", "address", "fr_citation", "license_requirement", "footnotes",
    "address_only", "sections", "license_policy", NULL};

static bool elist_row(plm_import *im, const plm_csv *c, const int *at, plm_elist_row *r) {
    plm_str v[E_COUNT];
    for (int i = 0; i < E_COUNT; i++) {
        v[i] = plm_arena_copy(im->arena, plm_str_trim(plm_csv_get(c, at[i])));
        if (!v[i].p) return plm_import_bad(im, c->line, NULL, "not enough memory");
    }
    *r = (plm_elist_row){.name = v[E_NAME], .country = v[E_COUNTRY], .aliases = v[E_ALIASES],
                         .address = v[E_ADDRESS], .citation = v[E_CITATION],
                         .requirement = v[E_REQUIREMENT], .policy = v[E_POLICY],
                         .sections = v[E_SECTIONS], .line = c->line};
    if (r->name.n == 0) return plm_import_bad(im, c->line, "name", "is empty");
    if (!plm_elist_footnotes(v[E_FOOTNOTES], &r->footnotes))
        return plm_import_bad(im, c->line, "footnotes", "'%.*s' is no list of footnote numbers",
                              (int)(v[E_FOOTNOTES].n > 40 ? 40 : v[E_FOOTNOTES].n),
                              v[E_FOOTNOTES].p);
    if (!plm_str_is(v[E_ONLY], "0") && !plm_str_is(v[E_ONLY], "1"))
        return plm_import_bad(im, c->line, "address_only", "is neither 0 nor 1");
    r->address_only = v[E_ONLY].p[0] == '1';
    if (r->address_only && r->address.n == 0)
        return plm_import_bad(im, c->line, "address", "is empty though the entry is an address");
    if (v[E_COUNTRY].n && !plm_import_country(v[E_COUNTRY]))
        return plm_import_bad(im, c->line, "country", "'%.*s' is no country that is known here",
                              (int)(v[E_COUNTRY].n > 60 ? 60 : v[E_COUNTRY].n), v[E_COUNTRY].p);
    return true;
}

static bool elist_rows(plm_import *im, plm_csv *c) {
    int at[E_COUNT], k = plm_csv_next(c, im);
    if (k == 0) return plm_import_bad(im, 1, NULL, "is empty");
    if (k < 0 || !plm_csv_columns(c, im, elist_columns, E_SECTIONS, at)) return false;
    uint32_t width = c->n;
    size_t n = 0, cap = 0;
    plm_elist_row *rows = NULL;
    bool ok = true;
    while (ok && (k = plm_csv_next(c, im)) == 1) {
        if (n == cap) {
            cap = cap ? cap * 2 : 1024;
            plm_elist_row *more = plm_mem_resize(rows, cap * sizeof *rows);
            if (!more) ok = plm_import_bad(im, c->line, NULL, "not enough memory");
            else rows = more;
        }
        if (ok && c->n != width)
            ok = plm_import_bad(im, c->line, c->n < width ? "(end of the row)" : "(too many)",
                                "%u fields where the header has %u: the row is cut short or "
                                "damaged", c->n, width);
        ok = ok && elist_row(im, c, at, &rows[n++]);
    }
    ok = ok && k == 0;
    im->rows = n;
    if (ok && n == 0) ok = plm_import_bad(im, 2, NULL, "holds no row");
    ok = ok && plm_elist_finish(im, rows, n);
    plm_mem_free(rows);
    return ok;
}

bool plm_import_entity_list_csv(plm_import *im) { return plm_csv_each(im, ',', elist_rows); }

enum { D_NAME, D_STREET, D_CITY, D_STATE, D_COUNTRY, D_POST, D_FROM, D_TO, D_STANDARD,
       D_CITATION, D_UPDATE, D_ACTION, D_COUNT };
static const char *const dpl_columns[] = {
    "Name", "Street_Address", "City", "State", "Country", "Postal_Code", "Effective_Date",
    "Expiration_Date", "Standard_Order", "FR_Citation", "Last_Update", "Action", NULL};

static bool dpl_row(plm_import *im, const plm_csv *c, const int *at) {
    plm_str name = plm_str_trim(plm_csv_get(c, at[D_NAME]));
    plm_str cite = plm_csv_get(c, at[D_CITATION]), from = plm_csv_get(c, at[D_FROM]);
    plm_str till = plm_str_trim(plm_csv_get(c, at[D_TO]));
    plm_day day = PLM_DAY_MIN, to;
    if (name.n == 0) return plm_import_bad(im, c->line, "Name", "is empty");
    if (plm_str_trim(from).n && !plm_import_days(from, &day, &to))
        return plm_import_bad(im, c->line, "Effective_Date", "'%.*s' is no date",
                              (int)(from.n > 40 ? 40 : from.n), from.p);
    if (till.n && !plm_import_days(till, &to, &to))
        return plm_import_bad(im, c->line, "Expiration_Date", "'%.*s' is no date",
                              (int)(till.n > 40 ? 40 : till.n), till.p);
    if (!plm_import_entity_made(im, c->line, PLM_STR("dpl"), cite, name, PLM_ENTITY_UNKNOWN))
        return false;
    plm_list_set_listed(im->list, day);
    plm_buf b;
    plm_buf_init(&b, PLM_CSV_FIELD_MAX * 8);
    for (int i = D_STREET; i <= D_POST; i++) {
        plm_str part = plm_str_trim(plm_csv_get(c, at[i]));
        if (part.n) plm_buf_printf(&b, "%s%.*s", b.n ? ", " : "", PLM_FMT(part));
    }
    plm_country home = plm_import_country(plm_csv_get(c, at[D_COUNTRY]));
    bool ok = plm_import_address(im, c->line, plm_buf_str(&b), home) &&
              plm_import_set(im, c->line, PLM_LIST_CITATION, cite);
    plm_buf_clear(&b);
    plm_buf_printf(&b, "Denial order%s%s%.*s",
                   plm_str_is(plm_csv_get(c, at[D_STANDARD]), "Y") ? ", standard" : "",
                   till.n ? "; until " : "", PLM_FMT(till));
    ok = ok && plm_import_set(im, c->line, PLM_LIST_EFFECT, plm_buf_str(&b)) &&
         plm_import_set(im, c->line, PLM_LIST_REMARKS, plm_csv_get(c, at[D_ACTION]));
    plm_buf_free(&b);
    return ok;
}

static bool dpl_rows(plm_import *im, plm_csv *c) {
    int at[D_COUNT], k = plm_csv_next(c, im);
    if (k == 0) return plm_import_bad(im, 1, NULL, "is empty");
    if (k < 0 || !plm_csv_columns(c, im, dpl_columns, D_UPDATE, at)) return false;
    uint32_t width = c->n;
    while ((k = plm_csv_next(c, im)) == 1) {
        if (c->n != width)
            return plm_import_bad(im, c->line, "(end of the row)", "%u fields where the header "
                                  "has %u: the row is cut short or damaged", c->n, width);
        if (c->open_end)
            return plm_import_bad(im, c->line, "FR_Citation", "the file ends within the field");
        im->rows++;
        if (!dpl_row(im, c, at)) return false;
    }
    if (k == 0 && im->rows == 0) return plm_import_bad(im, 2, NULL, "holds no row");
    return k == 0;
}

bool plm_import_dpl_txt(plm_import *im) { return plm_csv_each(im, '\t', dpl_rows); }

/* Unified Social Credit Code in free notes ("USCC: 91110000MA005UCQ5P (China)"). */
static bool us_notes(plm_import *im, uint32_t line, plm_str notes) {
    plm_str rest = notes, part;
    while (plm_import_part(&rest, ';', &part)) {
        if (part.n > 5 && plm_str_starts_fold(part, "USCC:")) {
            plm_str v = plm_str_trim((plm_str){part.p + 5, part.n - 5});
            const char *space = memchr(v.p, ' ', v.n);
            if (space) v.n = (size_t)(space - v.p);
            if (!plm_import_id(im, line, "uscc", v)) return false;
        }
        if (part.n > 14 && plm_str_starts_fold(part, "Date of birth:") &&
            !plm_import_birth(im, line, (plm_str){part.p + 14, part.n - 14}))
            return false;
    }
    return plm_import_set(im, line, PLM_LIST_REMARKS, notes);
}

static bool us_text(plm_import *im, uint32_t at, const plm_json *e, const char *key,
                    plm_str *out) {
    const plm_json *v = plm_json_get(e, key);
    *out = plm_json_text(v);
    if (!v || plm_json_is_null(v) || plm_json_is_str(v)) return true;
    return plm_import_bad(im, 0, key, "of entity number %u is neither text nor null", at);
}

static bool us_entity(plm_import *im, plm_str list, const plm_json *e, uint32_t number) {
    plm_str name, country, address, citation, since, notes;
    if (!plm_json_is_obj(e))
        return plm_import_bad(im, 0, "entities", "entity number %u is no object", number);
    if (!us_text(im, number, e, "name", &name) || !us_text(im, number, e, "country", &country) ||
        !us_text(im, number, e, "address", &address) ||
        !us_text(im, number, e, "federal_register", &citation) ||
        !us_text(im, number, e, "effective_date", &since) ||
        !us_text(im, number, e, "notes", &notes))
        return false;
    if (plm_str_trim(name).n == 0)
        return plm_import_bad(im, 0, "name", "of entity number %u is empty", number);
    if (!plm_import_entity_made(im, 0, list, citation, name, PLM_ENTITY_UNKNOWN)) return false;
    plm_day from, to;
    if (plm_import_days(since, &from, &to)) plm_list_set_listed(im->list, from);
    const plm_json *aliases = plm_json_get(e, "aliases");
    if (aliases && !plm_json_is_arr(aliases) && !plm_json_is_null(aliases))
        return plm_import_bad(im, 0, "aliases", "of entity number %u is no array", number);
    plm_json_each(aliases, it, a) {
        if (!plm_json_is_str(a))
            return plm_import_bad(im, 0, "aliases", "of entity number %u holds no text", number);
        if (!plm_import_name(im, 0, plm_json_text(a), PLM_NAME_ALIAS)) return false;
    }
    plm_country home = plm_import_country(country);
    return plm_import_address(im, 0, address, home) &&
           plm_import_set(im, 0, PLM_LIST_CITATION, citation) && us_notes(im, 0, notes);
}

bool plm_import_us_json(plm_import *im) {
    plm_doc *d = plm_doc_parse(im->text, PLM_IMPORT_FILE_MAX, im->f);
    if (!d) return plm_import_check(im, false, 0, "(document)");
    const plm_json *root = plm_doc_root(d), *all = plm_json_get(root, "entities");
    plm_str list = plm_json_text(plm_json_get(root, "list_id"));
    int64_t count = -1;
    const plm_json *stated = plm_json_get(root, "count");
    bool ok = plm_json_is_arr(all) && list.n ? true
              : plm_import_bad(im, 1, list.n ? "entities" : "list_id", "is missing");
    if (ok && stated && (!plm_json_int(stated, &count) || count < 0 ||
                         (uint64_t)count != plm_json_count(all)))
        ok = plm_import_bad(im, 0, "count", "says %lld and the file holds %zu entities: it was "
                            "cut short or edited", (long long)count, plm_json_count(all));
    if (ok && plm_json_count(all) == 0) ok = plm_import_bad(im, 0, "entities", "is empty");
    if (ok) {
        plm_json_each(all, it, e) {
            ok = us_entity(im, list, e, (uint32_t)++im->rows);
            if (!ok) break;
        }
    }
    plm_doc_free(d);
    return ok;
}
