/* world.c: facts in, and settling unknowns by cases. */
#include "rules/world.h"

#include <string.h>

plm_facts *plm_facts_new(const plm_book *b) {
    plm_facts *w = plm_mem_resize(NULL, sizeof *w);
    if (!w) return NULL;
    memset(w, 0, sizeof *w);
    w->book = b;
    w->memo_base = plm_mem_resize(NULL, (b->rule_count + 1) * sizeof *w->memo_base);
    if (!w->memo_base) {
        plm_mem_free(w);
        return NULL;
    }
    return w;
}

void plm_facts_free(plm_facts *w) {
    if (!w) return;
    plm_mem_free(w->vals);
    plm_mem_free(w->memos);
    plm_mem_free(w->memo_base);
    plm_mem_free(w);
}

static uint32_t scope_size(const plm_facts *w, plm_scope s) {
    uint32_t i = w->items, p = w->parties;
    return s == PLM_OF_TRANSACTION ? 1 : s == PLM_OF_ITEM ? i : s == PLM_OF_PARTY ? p : i * p;
}

static bool room(plm_facts *w, uint32_t vals, uint32_t memos) {
    if (vals > w->val_cap) {
        val *v = plm_mem_resize(w->vals, vals * sizeof *v);
        if (!v) return false;
        w->vals = v;
        w->val_cap = vals;
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

bool plm_facts_reset(plm_facts *w, const plm_view *v, uint32_t items, uint32_t parties) {
    const plm_book *b = w->book;
    if (items > PLM_WORLD_ITEMS_MAX || parties > PLM_WORLD_PARTIES_MAX) return false;
    w->view = v;
    w->items = items;
    w->parties = parties;
    uint32_t vals = b->scope_slots[PLM_OF_TRANSACTION] + items * b->scope_slots[PLM_OF_ITEM] +
                    parties * b->scope_slots[PLM_OF_PARTY];
    uint32_t memos = 0;
    for (uint32_t i = 0; i < b->rule_count; i++) {
        w->memo_base[i] = memos;
        memos += scope_size(w, b->rules[i].info.scope);
    }
    if (!room(w, vals + 1, memos + 1)) return false;
    w->tx = w->vals;
    w->item_vals = w->tx + b->scope_slots[PLM_OF_TRANSACTION];
    w->party_vals = w->item_vals + items * b->scope_slots[PLM_OF_ITEM];
    memset(w->vals, 0, vals * sizeof *w->vals);
    for (uint32_t i = 0; i < vals; i++) {
        w->vals[i].truth = PLM_UNKNOWN;
        w->vals[i].iv.no_hi = true; /* from zero up: no quantity of a case is negative */
    }
    for (uint32_t i = 0; i < items; i++) w->places[i] = (place){-1, false};
    w->done_count = 0;
    w->moved = (deps){{0, 0}};
    w->stamp = 0;
    w->open = PLM_UNKNOWN;
    w->asked = 0;
    if (++w->gen == 0) {
        memset(w->memos, 0, w->memo_cap * sizeof *w->memos);
        w->gen = 1;
    }
    return true;
}

val *world_val(plm_facts *w, uint32_t f, int32_t item, int32_t party) {
    const plm_fact_info *k = &w->book->facts[f].info;
    if (k->scope == PLM_OF_ITEM)
        return w->item_vals + (uint32_t)item * w->book->scope_slots[PLM_OF_ITEM] + k->slot;
    if (k->scope == PLM_OF_PARTY)
        return w->party_vals + (uint32_t)party * w->book->scope_slots[PLM_OF_PARTY] + k->slot;
    return w->tx + k->slot;
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
    if (v) v->iv = iv, v->known = 1;
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

void plm_facts_code(plm_facts *w, uint32_t id, uint32_t entity, plm_str text) {
    val *v = slot(w, id, entity);
    if (!v || !plm_code_read(text, &v->c)) return;
    v->text = text;
    v->known = 1;
}

void plm_facts_codes(plm_facts *w, uint32_t id, uint32_t entity, const plm_str *v, uint32_t n) {
    val *x = slot(w, id, entity);
    code c;
    if (!x || n > UINT16_MAX) return;
    for (uint32_t i = 0; i < n; i++)
        if (!plm_code_read(v[i], &c)) return;
    x->codes = v;
    x->word = (uint16_t)n;
    x->known = 1;
}

void plm_facts_text(plm_facts *w, uint32_t id, uint32_t entity, plm_str text) {
    val *v = slot(w, id, entity);
    if (v && text.n) v->text = text, v->known = 1;
}

void plm_facts_touch(plm_facts *w) { w->gen++; }

bool plm_facts_known_number(const plm_facts *w, uint32_t id, uint32_t entity, plm_iv *out) {
    if (id >= w->book->fact_count) return false;
    const val *v = world_val((plm_facts *)(uintptr_t)w, id, (int32_t)entity, (int32_t)entity);
    *out = v->iv;
    return v->known;
}

bool leaf_same(const leaf *a, const leaf *b) {
    return a->kind == b->kind && a->a == b->a && a->b == b->b && a->item == b->item &&
           a->party == b->party;
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
    const node *n = &w->book->nodes[s->at.a], *v = &w->book->nodes[n->a];
    bool yes = s->truth == PLM_YES;
    plm_dec t = w->book->decs[n->b];
    if (v->op == NUM_FACT) {
        s->where = world_val(w, v->a, s->at.item, s->at.party);
        s->old = *s->where;
        s->is_val = true;
        narrow(&s->where->iv, &s->where->open_lo, &s->where->open_hi, (plm_rel)n->rel, t, yes);
    } else if (v->op == NUM_RULE) {
        s->is_iv = true;
        s->iv = plm_iv_any();
        narrow(&s->iv, &s->open_lo, &s->open_hi, (plm_rel)n->rel, t, yes);
    }
}

static deps bits_of(const plm_book *b, const leaf *l) {
    switch (l->kind) {
    case LEAF_CMP: return plm_dep_number(b, b->nodes[l->a].a);
    case LEAF_CODE:
        return plm_dep_of(b, b->eccn_fact == UINT32_MAX ? DEP_LAW : b->eccn_fact);
    case LEAF_FORCE: return plm_dep_of(b, DEP_LAW);
    case LEAF_OPEN: return plm_dep_of(b, DEP_READING);
    case LEAF_CONTENTS: return plm_dep_of(b, DEP_CONTENTS);
    default: return plm_dep_of(b, l->a);
    }
}

/* Answers that hang on the unknown are stale from now on. */
static void move(plm_facts *w, const leaf *l) {
    deps d = bits_of(w->book, l);
    w->moved = plm_dep_or(w->moved, d);
    w->stamp++;
    for (int k = 0; k < 2; k++)
        for (uint64_t m = d.w[k]; m; m &= m - 1)
            w->moved_at[k * 64 + __builtin_ctzll(m)] = w->stamp;
}

bool settle(plm_facts *w, const leaf *l, plm_truth t) {
    if (w->done_count == SETTLED_MAX) return false;
    settled *s = &w->done[w->done_count];
    *s = (settled){.at = *l, .truth = t};
    if (l->kind == LEAF_CMP) {
        settle_cmp(w, s);
    } else if (l->kind == LEAF_FACT) {
        s->where = world_val(w, l->a, l->item, l->party);
        s->old = *s->where;
        s->is_val = true;
        s->where->truth = (uint8_t)t;
    } else if ((l->kind == LEAF_WORD || l->kind == LEAF_COUNTRY) && t == PLM_YES) {
        s->where = world_val(w, l->a, l->item, l->party);
        s->old = *s->where;
        s->is_val = true;
        s->where->word = (uint16_t)l->b;
        s->where->known = 1;
    }
    w->done_count++;
    move(w, l);
    return true;
}

void unsettle(plm_facts *w) {
    settled *s = &w->done[--w->done_count];
    if (s->is_val) *s->where = s->old;
    move(w, &s->at);
}
