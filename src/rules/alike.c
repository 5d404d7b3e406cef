/* alike.c: the facts of a case as bytes, so that cases that are alike to the rules are found.
 * Invariant: on one book, cases of equal bytes get equal answers to every question, with equal
 * unknowns, proofs and margins.  What no rule can tell apart is left out: the days within which
 * nothing of the book changes, and of names all but which of the book's lists they are in.
 * Held by tests/unit/test_alike.c. */
#include "plimsoll/alike.h"
#include "rules/world.h"

static void put(plm_buf *out, const void *p, size_t n) { plm_buf_put(out, p, n); }

static void put_text(plm_buf *out, plm_str s) {
    uint32_t n = (uint32_t)s.n;
    put(out, &n, sizeof n);
    put(out, s.p, s.n);
}

static void put_view(const plm_view *v, plm_buf *out) {
    plm_day days[] = {v->as_of_from, v->as_of_to, v->known_from, v->known_to, v->codified};
    put(out, days, sizeof days);
}

static void put_number(const plm_iv *v, plm_buf *out) {
    uint64_t w[9] = {v->lo.w[0], v->lo.w[1], v->lo.w[2], v->lo.neg,
                     v->hi.w[0], v->hi.w[1], v->hi.w[2], v->hi.neg,
                     (uint64_t)v->no_lo << 1 | v->no_hi};
    put(out, w, sizeof w);
}

/* Which of the book's lists of names it is in. */
static void put_name(const plm_facts *w, plm_str name, plm_buf *out) {
    char folded[NAME_FOLDED_MAX];
    plm_str f = {folded, plm_name_fold(name, folded, sizeof folded)};
    for (uint32_t i = 0; i < w->book->list_count; i++) {
        bool in = plm_view_has_name(w->view, i, f);
        put(out, &in, sizeof in);
    }
}

/* What a fact that is known has beside its short value. */
static void put_long(const plm_facts *w, const fact *f, const char *rec, plm_buf *out) {
    const val *v = (const val *)(const void *)(rec + f->at);
    const txt *x = (const txt *)(const void *)(rec + f->txt_at);
    if (!v->known) return;
    switch (f->info.type) {
    case PLM_FACT_NUMBER: put_number((const plm_iv *)(const void *)(rec + f->iv_at), out); break;
    case PLM_FACT_TEXT: put_name(w, x->text, out); break;
    case PLM_FACT_CODE: put_text(out, x->text); break;
    case PLM_FACT_CODES:
        for (uint32_t k = 0; k < v->word; k++) put_text(out, x->codes[k]);
        break;
    default: break;
    }
}

/* The facts of one entity: all short values together, then the rest of the long ones, but for
 * what only totals read. */
static void put_entity(const plm_facts *w, plm_scope s, int32_t at, plm_buf *out) {
    const plm_book *b = w->book;
    const char *rec = world_record(w, s, at, at);
    put(out, rec, b->vals[s]);
    for (uint32_t i = 0; i < b->long_count[s]; i++) {
        const fact *f = &b->facts[b->long_facts[s][i]];
        if (!f->totals_only) put_long(w, f, rec, out);
    }
}

static void put_place(const plm_facts *w, uint32_t item, plm_buf *out) {
    int32_t p[] = {w->places[item].parent, w->places[item].contents_known};
    put(out, p, sizeof p);
}

void plm_facts_put(const plm_facts *w, plm_buf *out) {
    uint32_t n[] = {w->items, w->parties};
    put_view(w->view, out);
    put(out, n, sizeof n);
    put_entity(w, PLM_OF_TRANSACTION, 0, out);
    for (uint32_t i = 0; i < w->items; i++) {
        put_place(w, i, out);
        put_entity(w, PLM_OF_ITEM, (int32_t)i, out);
    }
    for (uint32_t i = 0; i < w->parties; i++) put_entity(w, PLM_OF_PARTY, (int32_t)i, out);
}

void plm_facts_put_totals(const plm_facts *w, plm_buf *out) {
    const plm_book *b = w->book;
    for (uint32_t k = 0; k < b->fact_count; k++) {
        const fact *f = &b->facts[k];
        if (!f->totals_only) continue;
        plm_scope s = f->info.scope;
        uint32_t n = s == PLM_OF_ITEM ? w->items : s == PLM_OF_PARTY ? w->parties : 1;
        for (uint32_t i = 0; i < n; i++)
            put_long(w, f, world_record(w, s, (int32_t)i, (int32_t)i), out);
    }
}

bool plm_facts_totalled(const plm_facts *w) { return w->totalled; }

void plm_facts_put_item(const plm_facts *w, uint32_t item, plm_buf *out) {
    const plm_book *b = w->book;
    const char *rec = world_record(w, PLM_OF_ITEM, (int32_t)item, -1);
    put_view(w->view, out);
    put_place(w, item, out);
    for (uint32_t i = 0; i < b->class_fact_count; i++) {
        const fact *f = &b->facts[b->class_facts[i]];
        put(out, rec + f->at, sizeof(val));
        put_long(w, f, rec, out);
    }
}
