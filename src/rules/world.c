/* world.c: facts in, and settling unknowns by cases. */
#include "plimsoll/rules_test.h"
#include "rules/world.h"

#include <string.h>

#define TEXT_BYTES_MAX (64u << 20)
#define USES_BEFORE_PROGRAM 3 /* cases of a view that are not worth compiling it for */

/* Facts of an item and a party lie in the transaction's record. */
static plm_scope scope_of(const fact *f) {
    return f->info.scope == PLM_OF_ITEM_AND_PARTY ? PLM_OF_TRANSACTION : f->info.scope;
}

static bool is_text(const fact *f) {
    return f->info.type == PLM_FACT_CODE || f->info.type == PLM_FACT_TEXT ||
           f->info.type == PLM_FACT_CODES;
}

static uint32_t round_up(uint32_t n, uint32_t to) { return (n + to - 1) / to * to; }

bool plm_book_lay(plm_book *b) {
    uint32_t n[3] = {0};
    for (int s = 0; s < 3; s++) {
        b->long_facts[s] = plm_arena_array(b->arena, b->fact_count + 1, sizeof(uint32_t));
        if (!b->long_facts[s]) return false;
    }
    for (uint32_t i = 0; i < b->fact_count; i++) {
        b->facts[i].at = n[scope_of(&b->facts[i])];
        n[scope_of(&b->facts[i])] += (uint32_t)sizeof(val);
    }
    for (int s = 0; s < 3; s++) {
        b->vals[s] = n[s];
        n[s] = round_up(n[s], 16);
    }
    for (uint32_t i = 0; i < b->fact_count; i++) {
        fact *f = &b->facts[i];
        plm_scope s = scope_of(f);
        uint32_t *at = &n[s];
        if (f->info.type == PLM_FACT_NUMBER || is_text(f))
            b->long_facts[s][b->long_count[s]++] = i;
        f->iv_at = f->txt_at = *at;
        if (f->info.type == PLM_FACT_NUMBER) *at += (uint32_t)sizeof(plm_iv);
        if (is_text(f)) *at += round_up((uint32_t)sizeof(txt), 8);
    }
    for (int s = 0; s < 3; s++) b->record[s] = round_up(n[s], 16);
    return true;
}

/* Records of which nothing is known. */
static bool blank(plm_facts *w) {
    const plm_book *b = w->book;
    size_t n = b->record[0] + b->record[1] + b->record[2];
    char *p = plm_mem_resize(NULL, n + 1);
    if (!p) return false;
    memset(p, 0, n);
    for (int s = 0; s < 3; p += b->record[s++]) w->blank[s] = p;
    for (uint32_t i = 0; i < b->fact_count; i++) {
        const fact *f = &b->facts[i];
        char *rec = w->blank[scope_of(f)];
        ((val *)(void *)(rec + f->at))->truth = PLM_UNKNOWN;
        if (f->info.type == PLM_FACT_NUMBER) /* from zero up: no quantity of a case is negative */
            ((plm_iv *)(void *)(rec + f->iv_at))->no_hi = true;
    }
    return true;
}

plm_facts *plm_facts_new(const plm_book *b) {
    plm_facts *w = plm_mem_resize(NULL, sizeof *w);
    if (!w) return NULL;
    memset(w, 0, sizeof *w);
    w->book = b;
    w->memo_base = plm_mem_resize(NULL, (b->rule_count + 1) * sizeof *w->memo_base);
    size_t moved = (size_t)SETTLED_MAX * b->hung_words * sizeof *w->done_moved;
    w->done_moved = plm_mem_resize(NULL, moved);
    w->texts = plm_arena_new(TEXT_BYTES_MAX);
    plm_buf_init(&w->said, TEXT_BYTES_MAX);
    if (!w->memo_base || !w->done_moved || !w->texts || !blank(w)) {
        plm_facts_free(w);
        return NULL;
    }
    w->node_text = plm_arena_array(w->texts, b->node_count + 1, sizeof *w->node_text);
    w->rule_text = plm_arena_array(w->texts, b->rule_count + 1, sizeof *w->rule_text);
    if (w->node_text && w->rule_text) return w;
    plm_facts_free(w);
    return NULL;
}

void plm_facts_free(plm_facts *w) {
    if (!w) return;
    plm_mem_free(w->blank[0]);
    plm_mem_free(w->records);
    plm_mem_free(w->memos);
    plm_mem_free(w->memo_base);
    plm_mem_free(w->done_moved);
    plm_mem_free(w->derived);
    plm_mem_free(w->undos);
    plm_arena_free(w->texts);
    plm_buf_free(&w->said);
    plm_mem_free(w);
}

void plm_facts_way(plm_facts *w, int way) { w->way = way; }

static uint32_t scope_size(const plm_facts *w, plm_scope s) {
    uint32_t i = w->items, p = w->parties;
    return s == PLM_OF_TRANSACTION ? 1 : s == PLM_OF_ITEM ? i : s == PLM_OF_PARTY ? p : i * p;
}

static bool room(plm_facts *w, size_t records, uint32_t memos) {
    if (records > w->record_cap) {
        char *v = plm_mem_resize(w->records, records);
        if (!v) return false;
        w->records = v;
        w->record_cap = records;
    }
    if (memos > w->memo_cap) {
        memo *m = plm_mem_resize(w->memos, memos * sizeof *m);
        if (!m) return false;
        w->memos = m;
        memset(m, 0, memos * sizeof *m);
        w->memo_cap = memos;
        w->gen = 0;
    }
    return true;
}

static char *copy_blank(const plm_facts *w, char *to, plm_scope s, uint32_t n) {
    for (uint32_t i = 0; i < n; i++, to += w->book->record[s])
        memcpy(to, w->blank[s], w->book->record[s]);
    return to;
}

/* A view that is asked again and again is compiled. */
static void take_view(plm_facts *w, const plm_view *view) {
    plm_view *v = (plm_view *)(uintptr_t)view; /* a view belongs to one thread: ours */
    if (!v->program && w->way != PLM_WAY_WALK && v->uses < UINT32_MAX &&
        (v->uses++ == USES_BEFORE_PROGRAM || (w->way == PLM_WAY_PROGRAM && v->uses == 1)))
        plm_view_compile(v);
    w->view = v;
    w->program = w->way == PLM_WAY_WALK ? NULL : v->program;
}

/* Where each rule's memos begin, for this many items and parties; returns how many there are. */
static uint32_t lay_memos(plm_facts *w) {
    const plm_book *b = w->book;
    uint32_t n = 0;
    for (uint32_t i = 0; i < b->rule_count; i++) {
        w->memo_base[i] = n;
        n += scope_size(w, b->rules[i].info.scope);
    }
    w->memo_base[b->rule_count] = n;
    return n + (b->set_count + 1) * w->items;
}

bool plm_facts_reset(plm_facts *w, const plm_view *v, uint32_t items, uint32_t parties) {
    const plm_book *b = w->book;
    if (items > PLM_WORLD_ITEMS_MAX || parties > PLM_WORLD_PARTIES_MAX) return false;
    while (w->done_count) unsettle(w); /* so that nothing counts as moved */
    take_view(w, v);
    size_t records = b->record[PLM_OF_TRANSACTION] + (size_t)items * b->record[PLM_OF_ITEM] +
                     (size_t)parties * b->record[PLM_OF_PARTY];
    if (items > w->derived_cap) {
        derived *d = plm_mem_resize(w->derived, items * sizeof *d);
        if (!d) return false;
        w->derived = d;
        w->derived_cap = items;
    }
    if (w->items != items || w->parties != parties || !w->memo_count) {
        w->items = items;
        w->parties = parties;
        w->memo_count = lay_memos(w);
    }
    uint32_t memos = w->memo_count;
    if (!room(w, records + 1, memos + 1)) return false;
    w->tx = w->records;
    w->item_recs = copy_blank(w, w->tx, PLM_OF_TRANSACTION, 1);
    w->party_recs = copy_blank(w, w->item_recs, PLM_OF_ITEM, items);
    copy_blank(w, w->party_recs, PLM_OF_PARTY, parties);
    for (uint32_t i = 0; i < items; i++) w->places[i] = (place){-1, false};
    w->undo_count = w->stamp = 0;
    w->open = PLM_UNKNOWN;
    w->totalled = false;
    if (++w->gen == 0) {
        memset(w->memos, 0, w->memo_cap * sizeof *w->memos);
        w->gen = 1;
    }
    return true;
}

void plm_facts_place_item(plm_facts *w, uint32_t item, int32_t parent, bool contents_known) {
    if (item < w->items) w->places[item] = (place){parent, contents_known};
}

static val *slot(plm_facts *w, uint32_t id, uint32_t entity) {
    if (id >= w->book->fact_count) return NULL;
    return world_val(w, id, (int32_t)entity, (int32_t)entity);
}

void plm_facts_yesno(plm_facts *w, uint32_t id, uint32_t entity, plm_truth t) {
    val *v = slot(w, id, entity);
    if (v) v->truth = (uint8_t)t;
}

void plm_facts_number(plm_facts *w, uint32_t id, uint32_t entity, plm_iv iv) {
    val *v = slot(w, id, entity);
    if (!v || w->book->facts[id].info.type != PLM_FACT_NUMBER) return;
    *world_iv(w, id, (int32_t)entity, (int32_t)entity) = iv;
    v->known = 1;
}

void plm_facts_country(plm_facts *w, uint32_t id, uint32_t entity, plm_country c) {
    val *v = slot(w, id, entity);
    if (v) v->word = c, v->known = c != 0;
}

bool plm_facts_word(plm_facts *w, uint32_t id, uint32_t entity, plm_str word) {
    val *v = slot(w, id, entity);
    if (!v) return true;
    const fact *k = &w->book->facts[id];
    for (uint32_t i = 0; i < k->word_count; i++)
        if (plm_str_eq(k->words[i], word)) {
            v->word = (uint16_t)(i + 1);
            v->known = 1;
            return true;
        }
    return false;
}

/* The text of a fact that has one, else NULL. */
static txt *text_slot(plm_facts *w, uint32_t id, uint32_t entity) {
    if (id >= w->book->fact_count || !is_text(&w->book->facts[id])) return NULL;
    return world_txt(w, id, (int32_t)entity, (int32_t)entity);
}

void plm_facts_code(plm_facts *w, uint32_t id, uint32_t entity, plm_str text) {
    txt *x = text_slot(w, id, entity);
    if (!x || !plm_code_read(text, &x->c)) return;
    x->text = text;
    slot(w, id, entity)->known = 1;
}

void plm_facts_codes(plm_facts *w, uint32_t id, uint32_t entity, const plm_str *v, uint32_t n) {
    txt *x = text_slot(w, id, entity);
    code c;
    if (!x || n > UINT16_MAX) return;
    for (uint32_t i = 0; i < n; i++)
        if (!plm_code_read(v[i], &c)) return;
    x->codes = v;
    slot(w, id, entity)->word = (uint16_t)n;
    slot(w, id, entity)->known = 1;
}

void plm_facts_text(plm_facts *w, uint32_t id, uint32_t entity, plm_str text) {
    txt *x = text_slot(w, id, entity);
    if (!x || !text.n) return;
    x->text = text;
    slot(w, id, entity)->known = 1;
}

void plm_facts_touch(plm_facts *w) { w->gen++; }

bool plm_facts_known_number(const plm_facts *w, uint32_t id, uint32_t entity, plm_iv *out) {
    if (id >= w->book->fact_count || w->book->facts[id].info.type != PLM_FACT_NUMBER) return false;
    *out = *world_iv(w, id, (int32_t)entity, (int32_t)entity);
    return world_val(w, id, (int32_t)entity, (int32_t)entity)->known;
}

static void narrow(plm_iv *iv, uint8_t *open_lo, uint8_t *open_hi, plm_rel rel, plm_dec t,
                   bool yes) {
    if (!yes) { /* the complement */
        static const plm_rel other[] = {PLM_GE, PLM_GT, PLM_LE, PLM_LT, PLM_NE, PLM_EQ};
        rel = other[rel];
    }
    if (rel == PLM_EQ) {
        iv->lo = iv->hi = t;
        iv->no_lo = iv->no_hi = false;
        *open_lo = *open_hi = 0;
    }
    if (rel == PLM_GE || rel == PLM_GT) {
        iv->lo = t;
        iv->no_lo = false;
        *open_lo = rel == PLM_GT;
    }
    if (rel == PLM_LE || rel == PLM_LT) {
        iv->hi = t;
        iv->no_hi = false;
        *open_hi = rel == PLM_LT;
    }
}

/* A comparison is settled by narrowing the fact, or the number rule, that it compares. */
static void settle_cmp(plm_facts *w, settled *s) {
    const node *n = &w->book->nodes[leaf_kind_of(w->book, s->at)->a];
    const node *v = &w->book->nodes[n->a];
    int32_t item = leaf_item(s->at), party = leaf_party(s->at);
    bool yes = s->truth == PLM_YES;
    plm_dec t = w->book->decs[n->b];
    if (v->op == NUM_FACT) {
        s->where = world_val(w, v->a, item, party);
        s->old = *s->where;
        s->is_val = true;
        s->narrowed = world_iv(w, v->a, item, party);
        s->iv = *s->narrowed;
        narrow(s->narrowed, &s->where->open_lo, &s->where->open_hi, (plm_rel)n->rel, t, yes);
    } else if (v->op == NUM_RULE) {
        s->is_iv = true;
        s->iv = plm_iv_any();
        narrow(&s->iv, &s->open_lo, &s->open_hi, (plm_rel)n->rel, t, yes);
    }
}

static deps bits_of(const plm_book *b, const leaf_info *l) {
    switch (l->kind) {
    case LEAF_CMP: return plm_dep_number(b, b->nodes[l->a].a);
    case LEAF_CODE: return plm_dep_set(b, l->a);
    case LEAF_FORCE: return plm_dep_of(b, DEP_LAW);
    case LEAF_OPEN: return plm_dep_of(b, DEP_READING);
    case LEAF_CONTENTS: return plm_dep_of(b, DEP_CONTENTS);
    default: return plm_dep_of(b, l->a);
    }
}

/* Room for one more of n things of that size; doubles. */
static void *more(void *v, uint32_t n, uint32_t need, uint32_t *cap, size_t size) {
    if (n + need <= *cap) return v;
    uint32_t to = *cap ? *cap : 256;
    while (to < n + need) to *= 2;
    void *p = plm_mem_resize(v, to * size);
    if (p) *cap = to;
    return p;
}

bool memo_keep(plm_facts *w, uint32_t at, const deps *hangs_on, derived *of) {
    if (w->done_count == 0) return true;
    undo *u = more(w->undos, w->undo_count, 1, &w->undo_cap, sizeof *u);
    if (!u) return false;
    w->undos = u;
    u += w->undo_count++;
    u->at = at;
    u->hangs_on = hangs_on;
    u->old = w->memos[at];
    u->of = of;
    if (of) u->was = *of;
    return true;
}

/* Answers that hang on the unknown are stale until it is unsettled. */
static void move(plm_facts *w, const settled *s) {
    const plm_book *b = w->book;
    uint64_t *moved = w->done_moved + (size_t)w->done_count * b->hung_words;
    memset(moved, 0, b->hung_words * sizeof *moved);
    w->done_stamp[w->done_count] = ++w->stamp;
    for (int k = 0; k < DEP_WORDS; k++)
        for (uint64_t m = s->bits.w[k]; m; m &= m - 1) {
            uint32_t bit = (uint32_t)(k * 64 + __builtin_ctzll(m));
            w->bits_done[bit]++;
            const uint64_t *hung = b->hung + (size_t)bit * b->hung_words;
            for (uint32_t i = 0; i < b->hung_words; i++) moved[i] |= hung[i];
        }
}

/* Puts back what was moved, and the answers that were written over and hang on it. */
static void move_back(plm_facts *w, const settled *s) {
    for (int k = 0; k < DEP_WORDS; k++)
        for (uint64_t m = s->bits.w[k]; m; m &= m - 1) w->bits_done[k * 64 + __builtin_ctzll(m)]--;
    for (uint32_t i = w->undo_count; i-- > s->undo_from;) {
        undo *u = &w->undos[i];
        if (plm_dep_meet(u->hangs_on, &s->bits)) {
            w->memos[u->at] = u->old;
            if (u->of) *u->of = u->was;
            u->hangs_on = NULL;
        }
    }
    uint32_t n = s->undo_from;
    for (uint32_t i = n; w->done_count && i < w->undo_count; i++)
        if (w->undos[i].hangs_on) w->undos[n++] = w->undos[i];
    w->undo_count = n;
}

/* A country settled in place can contradict its groups settled before, and numbers narrowed can
 * contradict a quotient or total settled before. */
static bool is_loose(const plm_book *b, const leaf_info *l) {
    if (l->kind == LEAF_CMP) return b->nodes[b->nodes[l->a].a].op != NUM_FACT;
    return l->kind == LEAF_IN;
}

/* Where the fact of the unknown is changed in place. */
static val *change(plm_facts *w, settled *s, const leaf_info *k) {
    s->where = world_val(w, k->a, leaf_item(s->at), leaf_party(s->at));
    s->old = *s->where;
    s->is_val = true;
    return s->where;
}

bool settle(plm_facts *w, leaf l, plm_truth t) {
    if (w->done_count == SETTLED_MAX) return false;
    const leaf_info *k = leaf_kind_of(w->book, l);
    settled *s = &w->done[w->done_count];
    s->at = l;
    s->truth = t;
    s->is_val = s->is_iv = false;
    s->narrowed = NULL;
    s->open_lo = s->open_hi = 0;
    s->loose = is_loose(w->book, k);
    s->bits = bits_of(w->book, k);
    s->undo_from = w->undo_count;
    move(w, s);
    if (k->kind == LEAF_CMP) {
        settle_cmp(w, s);
    } else if (k->kind == LEAF_FACT) {
        change(w, s, k)->truth = (uint8_t)t;
    } else if ((k->kind == LEAF_WORD || k->kind == LEAF_COUNTRY) && t == PLM_YES) {
        val *v = change(w, s, k);
        v->word = (uint16_t)k->b;
        v->known = 1;
    }
    w->marks[leaf_mark(l)]++;
    w->done_at[w->done_count++] = l;
    w->loose += s->loose;
    return true;
}

void unsettle(plm_facts *w) {
    settled *s = &w->done[--w->done_count];
    w->marks[leaf_mark(s->at)]--;
    w->loose -= s->loose;
    if (s->is_val) *s->where = s->old;
    if (s->narrowed) *s->narrowed = s->iv;
    move_back(w, s);
}
