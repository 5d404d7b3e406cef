/* ownership_read.c: ownership statements: BODS 0.4 JSON and GLEIF XML.
 * Invariants: 1 the last version of a record holds, a closed one is gone; 2 an indirect holding
 * never adds to the direct ones that it is made of; 3 an interest without a share is any share.
 * Held by tests/unit/test_ownership_read.c and fuzz/ownership.c. */
#include "plimsoll/ownership.h"

#include "base/json.h"
#include "screen/import.h"

#include <stdlib.h>
#include <string.h>

#define BODS_MAX ((size_t)256 << 20)

typedef struct statement {
    plm_str record, day;
    uint32_t order;
    const plm_json *v;
    uint32_t node;
} statement;

typedef struct bods {
    plm_own_graph *g;
    plm_day as_of;
    statement *s;
    uint32_t n;
    plm_fault *f;
} bods;

static bool bods_bad(bods *b, const statement *s, const char *field, const char *what) {
    return plm_fail_at(b->f, PLM_BAD_INPUT, field, 0, 0, "of record '%.*s' %s",
                       (int)(s->record.n > 60 ? 60 : s->record.n), s->record.p, what);
}

static bool day_of(plm_str s, plm_day *out) {
    plm_day to;
    return s.n && plm_import_days(s, out, &to);
}

/* By record, the newest statement last. */
static int by_record(const void *a, const void *b) {
    const statement *x = a, *y = b;
    int c = plm_str_cmp(x->record, y->record);
    if (c == 0) c = plm_str_cmp(x->day, y->day);
    return c ? c : (x->order > y->order) - (x->order < y->order);
}

static const statement *find_record(const bods *b, plm_str record) {
    uint32_t lo = 0, hi = b->n;
    while (lo < hi) {
        uint32_t mid = (lo + hi) / 2;
        int c = plm_str_cmp(b->s[mid].record, record);
        if (c == 0) return &b->s[mid];
        if (c < 0) lo = mid + 1;
        else hi = mid;
    }
    return NULL;
}

static bool take_statement(bods *b, const plm_json *v, uint32_t order) {
    statement s = {.record = plm_json_text(plm_json_get(v, "recordId")), .order = order, .v = v,
                   .day = plm_json_text(plm_json_get(v, "statementDate")), .node = UINT32_MAX};
    plm_day day;
    if (!plm_json_is_obj(v) || s.record.n == 0 ||
        plm_json_text(plm_json_get(v, "recordType")).n == 0)
        return plm_fail_at(b->f, PLM_BAD_INPUT, "recordId", 0, 0, "of statement number %u is "
                           "missing: BODS before 0.4, or no BODS", order + 1);
    if (day_of(s.day, &day) && day > b->as_of) return true;
    b->s[b->n++] = s;
    return true;
}

static void keep_last(bods *b) {
    if (b->n > 1) qsort(b->s, b->n, sizeof *b->s, by_record);
    uint32_t k = 0;
    for (uint32_t i = 0; i < b->n; i++) {
        if (i + 1 < b->n && plm_str_eq(b->s[i].record, b->s[i + 1].record)) continue;
        if (plm_str_is(plm_json_text(plm_json_get(b->s[i].v, "recordStatus")), "closed")) continue;
        b->s[k++] = b->s[i];
    }
    b->n = k;
}

static plm_str person_name(const plm_json *d) {
    const plm_json *names = plm_json_get(d, "names");
    plm_json_each(names, it, n) return plm_json_text(plm_json_get(n, "fullName"));
    return plm_json_text(plm_json_get(plm_json_get(d, "unspecifiedPersonDetails"), "reason"));
}

static bool add_party(bods *b, statement *s) {
    const plm_json *d = plm_json_get(s->v, "recordDetails");
    bool person = plm_str_is(plm_json_text(plm_json_get(s->v, "recordType")), "person");
    plm_own_node n = {.id = s->record, .listed = PLM_UNKNOWN, .complete = person,
                      .note = {"", 0}};
    n.name = person ? person_name(d) : plm_json_text(plm_json_get(d, "name"));
    const plm_json *where = plm_json_get(d, "jurisdiction");
    n.headquarters = plm_country_parse(plm_json_text(plm_json_get(where, "code")));
    plm_str anonymous = plm_json_text(plm_json_get(d, "personType"));
    if (plm_str_is(anonymous, "anonymousPerson") || plm_str_is(anonymous, "unknownPerson"))
        n.note = anonymous;
    return plm_own_add_node(b->g, &n, &s->node, b->f);
}

/* Percent to a share; exclusive ends count as their limit (a little wider is no harm). */
static bool percent(const plm_json *v, plm_dec *out) {
    plm_dec hundredth = {{10000000u, 0, 0}, 0};
    return plm_json_dec(v, true, out, NULL) && plm_dec_mul(*out, hundredth, true, out);
}

static bool share_of(bods *b, const statement *s, const plm_json *share, plm_iv *iv) {
    *iv = (plm_iv){.lo = plm_dec_int(0), .hi = plm_dec_int(1)};
    if (!share) return true;
    const plm_json *exact = plm_json_get(share, "exact");
    static const char *const low[] = {"minimum", "exclusiveMinimum"};
    static const char *const high[] = {"maximum", "exclusiveMaximum"};
    if (exact) {
        if (!percent(exact, &iv->lo)) return bods_bad(b, s, "share.exact", "is no number");
        iv->hi = iv->lo;
    }
    for (int i = 0; !exact && i < 2; i++) {
        const plm_json *l = plm_json_get(share, low[i]), *h = plm_json_get(share, high[i]);
        if (l && plm_json_is_num(l) && !percent(l, &iv->lo))
            return bods_bad(b, s, "share.minimum", "is no number");
        if (h && plm_json_is_num(h) && !percent(h, &iv->hi))
            return bods_bad(b, s, "share.maximum", "is no number");
    }
    if (iv->lo.neg || plm_dec_cmp(iv->hi, plm_dec_int(1)) > 0 || plm_dec_cmp(iv->lo, iv->hi) > 0)
        return bods_bad(b, s, "share", "is outside 0 to 100, or has its ends swapped");
    return true;
}

static bool in_force(const bods *b, const plm_json *interest) {
    plm_day from, to;
    if (day_of(plm_json_text(plm_json_get(interest, "startDate")), &from) && from > b->as_of)
        return false;
    return !day_of(plm_json_text(plm_json_get(interest, "endDate")), &to) || to > b->as_of;
}

typedef struct holding {
    bool any, shares, direct;
    plm_iv iv;
    plm_truth control;
} holding;

static void add_interest(holding *h, plm_str type, plm_iv iv, bool indirect) {
    plm_dec half = {{500000000u, 0, 0}, 0};
    h->any = true;
    h->direct |= !indirect;
    if (plm_str_is(type, "shareholding") || type.n == 0) {
        if (indirect) iv.lo = plm_dec_int(0); /* through others: at most so much */
        if (!h->shares || (!indirect && plm_dec_cmp(iv.lo, h->iv.lo) > 0)) h->iv = iv;
        h->shares = true;
        return;
    }
    bool votes = plm_str_is(type, "votingRights") && plm_dec_cmp(iv.lo, half) > 0;
    if (votes || plm_str_is(type, "appointmentOfBoard") || plm_str_is(type, "trustee") ||
        plm_import_find(type, "control") >= 0)
        h->control = PLM_YES;
    else if (h->control == PLM_NO) h->control = PLM_UNKNOWN;
}

static bool add_relationship(bods *b, const statement *s) {
    const plm_json *d = plm_json_get(s->v, "recordDetails");
    plm_str subject = plm_json_text(plm_json_get(d, "subject"));
    plm_str party = plm_json_text(plm_json_get(d, "interestedParty"));
    const statement *owned = find_record(b, subject), *owner = find_record(b, party);
    bool components = plm_json_count(plm_json_get(d, "componentRecords")) > 0;
    if (!owned || !owner || owned->node == UINT32_MAX || owner->node == UINT32_MAX)
        return true; /* a party that is unspecified, or no longer there: its share stays open */
    holding h = {.control = PLM_NO, .iv = {.lo = plm_dec_int(0), .hi = plm_dec_int(1)}};
    plm_json_each(plm_json_get(d, "interests"), it, i) {
        plm_iv iv;
        bool indirect = plm_str_is(plm_json_text(plm_json_get(i, "directOrIndirect")), "indirect");
        if (!in_force(b, i) || (indirect && components)) continue;
        if (!share_of(b, s, plm_json_get(i, "share"), &iv)) return false;
        add_interest(&h, plm_json_text(plm_json_get(i, "type")), iv, indirect);
    }
    if (!h.any || owned->node == owner->node) return true;
    plm_own_edge e = {owner->node, owned->node, h.iv, h.control};
    return plm_own_add_edge(b->g, &e, b->f);
}

static bool bods_graph(bods *b) {
    keep_last(b);
    for (uint32_t i = 0; i < b->n; i++) {
        plm_str type = plm_json_text(plm_json_get(b->s[i].v, "recordType"));
        if ((plm_str_is(type, "person") || plm_str_is(type, "entity")) && !add_party(b, &b->s[i]))
            return false;
    }
    for (uint32_t i = 0; i < b->n; i++)
        if (plm_str_is(plm_json_text(plm_json_get(b->s[i].v, "recordType")), "relationship") &&
            !add_relationship(b, &b->s[i]))
            return false;
    return true;
}

bool plm_own_read_bods(plm_own_graph *g, plm_str text, plm_day as_of, plm_fault *f) {
    plm_doc *d = plm_doc_parse(text, BODS_MAX, f);
    if (!d) return false;
    const plm_json *all = plm_doc_root(d);
    bods b = {.g = g, .as_of = as_of, .f = f};
    bool ok = plm_json_is_arr(all) && plm_json_count(all) < PLM_OWN_EDGES_MAX
                  ? true : plm_fail(f, PLM_BAD_INPUT, "is no array of BODS statements");
    if (ok) b.s = plm_mem_resize(NULL, (plm_json_count(all) + 1) * sizeof *b.s);
    if (ok && !b.s) ok = plm_fail(f, PLM_NO_MEMORY, "not enough memory");
    uint32_t order = 0;
    if (ok) {
        plm_json_each(all, it, v) {
            ok = take_statement(&b, v, order++);
            if (!ok) break;
        }
    }
    ok = ok && bods_graph(&b);
    plm_mem_free(b.s);
    plm_doc_free(d);
    return ok;
}

/* GLEIF */

typedef struct gleif {
    plm_own_graph *g;
    bool root;
} gleif;

static bool lei_fits(plm_str s) {
    if (s.n != 20) return false;
    for (size_t i = 0; i < 20; i++)
        if (!((s.p[i] >= 'A' && s.p[i] <= 'Z') || (s.p[i] >= '0' && s.p[i] <= '9'))) return false;
    return true;
}

static bool lei_node(plm_import *im, gleif *x, uint32_t line, plm_str lei, uint32_t *out) {
    if (!lei_fits(lei))
        return plm_import_bad(im, line, "LEI", "'%.*s' is no LEI of 20 letters and digits",
                              (int)(lei.n > 40 ? 40 : lei.n), lei.p);
    if (plm_own_find(x->g, lei, out)) return true;
    plm_own_node n = {.id = lei, .name = {"", 0}, .note = {"", 0}, .listed = PLM_UNKNOWN};
    return plm_import_check(im, plm_own_add_node(x->g, &n, out, im->f), line, "LEI");
}

static bool lei_record(plm_import *im, gleif *x, const plm_xml *r) {
    uint32_t at;
    const plm_xml *e = plm_xml_child(r, "Entity");
    if (!lei_node(im, x, r->line, plm_xml_text(r, "LEI"), &at)) return false;
    plm_own_node *n = &x->g->nodes[at];
    n->name = plm_arena_copy(x->g->arena, plm_xml_text(e, "LegalName"));
    if (!n->name.p) return plm_import_bad(im, r->line, NULL, "not enough memory");
    n->headquarters = plm_country_parse(plm_xml_text(plm_xml_child(e, "HeadquartersAddress"),
                                                     "Country"));
    return true;
}

static plm_iv consolidated_share(const plm_xml *rel) {
    plm_iv iv = {.lo = plm_dec_int(0), .hi = plm_dec_int(1)};
    plm_dec d, hundredth = {{10000000u, 0, 0}, 0}, one = plm_dec_int(1);
    const plm_xml *q = plm_xml_child(plm_xml_child(rel, "RelationshipQuantifiers"),
                                     "RelationshipQuantifier");
    if (!q || !plm_dec_parse(plm_xml_text(q, "QuantifierAmount"), false, &d, NULL)) return iv;
    if (!plm_str_is(plm_xml_text(q, "QuantifierUnits"), "PERCENTAGE") || d.neg) return iv;
    /* "1.00" stands for 100 per cent in some records and for 1 in others: not known */
    if (plm_dec_cmp(d, one) <= 0 || plm_dec_cmp(d, plm_dec_int(100)) > 0) return iv;
    if (plm_dec_mul(d, hundredth, false, &d)) iv.lo = iv.hi = d;
    return iv;
}

static bool rel_record(plm_import *im, gleif *x, const plm_xml *r) {
    const plm_xml *rel = plm_xml_child(r, "Relationship");
    plm_str type = plm_xml_text(rel, "RelationshipType");
    uint32_t child, parent;
    if (!rel || type.n == 0) return plm_import_bad(im, r->line, "RelationshipType", "is missing");
    const plm_xml *start = plm_xml_child(rel, "StartNode"), *end = plm_xml_child(rel, "EndNode");
    if (!lei_node(im, x, r->line, plm_xml_text(start, "NodeID"), &child) ||
        !lei_node(im, x, r->line, plm_xml_text(end, "NodeID"), &parent))
        return false;
    if (!plm_str_is(plm_xml_text(rel, "RelationshipStatus"), "ACTIVE") || child == parent ||
        !plm_str_is(type, "IS_DIRECTLY_CONSOLIDATED_BY"))
        return true; /* a fund's manager owns nothing of it; an ultimate parent by others */
    plm_own_edge e = {parent, child, consolidated_share(rel), PLM_YES};
    return plm_import_check(im, plm_own_add_edge(x->g, &e, im->f), r->line, "Relationship");
}

static bool exception_record(plm_import *im, gleif *x, const plm_xml *r) {
    uint32_t at;
    if (!lei_node(im, x, r->line, plm_xml_text(r, "LEI"), &at)) return false;
    plm_own_node *n = &x->g->nodes[at];
    n->note = plm_arena_copy(x->g->arena, plm_xml_text(r, "ExceptionReason"));
    return n->note.p ? true : plm_import_bad(im, r->line, NULL, "not enough memory");
}

static bool gleif_record(plm_import *im, void *ctx, const plm_xml *r) {
    gleif *x = ctx;
    if (!x->root) {
        x->root = plm_xml_is(r, "LEIData") || plm_xml_is(r, "RelationshipData") ||
                  plm_xml_is(r, "ReportingExceptionData");
        return x->root ? true : plm_import_bad(im, r->line, NULL, "is no GLEIF file");
    }
    if (plm_xml_is(r, "LEIRecord")) return lei_record(im, x, r);
    return plm_xml_is(r, "Exception") ? exception_record(im, x, r) : rel_record(im, x, r);
}

bool plm_own_read_gleif(plm_own_graph *g, plm_str text, const char *file, plm_fault *f) {
    static const char *const records[] = {"LEIRecord", "RelationshipRecord", "Exception", NULL};
    gleif x = {.g = g};
    size_t at;
    plm_import im = {.file = file, .text = text, .f = f};
    if (!plm_import_utf8(text, &at)) return plm_import_bad(&im, 0, NULL, "is no UTF-8");
    return plm_xml_read(&im, records, gleif_record, &x);
}
