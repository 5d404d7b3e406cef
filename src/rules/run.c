/* run.c: three-valued evaluation of a view's program; answers as eval.c does. */
#include "rules/world.h"

/* Kept out of run_op, so that its frame stays small. */
#define APART __attribute__((noinline))

env env_of(plm_facts *w, plm_scope s, int32_t item, int32_t party) {
    env e = {.rec = {w->tx, NULL, NULL}, .item = -1, .party = -1};
    if (plm_scope_has(s, PLM_OF_ITEM)) {
        e.item = item;
        e.rec[PLM_OF_ITEM] = world_record(w, PLM_OF_ITEM, item, -1);
    }
    if (plm_scope_has(s, PLM_OF_PARTY)) {
        e.party = party;
        e.rec[PLM_OF_PARTY] = world_record(w, PLM_OF_PARTY, -1, party);
    }
    return e;
}

static inline const val *val_at(const op *o, const env *e) {
    return (const val *)(const void *)(e->rec[o->scope] + o->a);
}

static bool in_set(const uint64_t set[GROUP_WORDS], uint16_t word) {
    return word < GROUP_WORDS * 64 && set[word / 64] >> (word % 64) & 1;
}

static plm_truth truth_of(bool yes) { return yes ? PLM_YES : PLM_NO; }

/* -1, 0, 1; the usual sizes without a call. */
static inline int cmp(const plm_dec *a, const plm_dec *b) {
    if (!(a->w[1] | a->w[2] | a->neg | b->w[1] | b->w[2] | b->neg))
        return (a->w[0] > b->w[0]) - (a->w[0] < b->w[0]);
    return plm_dec_cmp(*a, *b);
}

static plm_truth cmp_iv(const plm_iv *v, const val *ends, plm_rel r, const plm_dec *t) {
    int lo = v->no_lo ? -1 : cmp(&v->lo, t), hi = v->no_hi ? 1 : cmp(&v->hi, t);
    if (lo == 0 && ends->open_lo) lo = 1;
    if (hi == 0 && ends->open_hi) hi = -1;
    return plm_rel_decide(lo, hi, r);
}

/* Both ends the same number, above zero and of one word. */
static bool is_plain(const plm_iv *v) {
    return !(v->no_lo | v->no_hi) && v->lo.w[0] && v->lo.w[0] == v->hi.w[0] &&
           !(v->lo.w[1] | v->lo.w[2] | v->lo.neg | v->hi.w[1] | v->hi.w[2] | v->hi.neg);
}

static APART plm_truth do_ratio(plm_facts *w, const op *o, const env *e) {
    const ratio *r = &w->program->ratios[o->a];
    const plm_dec *t = &w->book->decs[o->b];
    const char *rec = e->rec[o->scope];
    const val *v = (const val *)(const void *)(rec + r->val);
    const plm_iv *num = (const plm_iv *)(const void *)(rec + r->num);
    const plm_iv *den = (const plm_iv *)(const void *)(rec + r->den);
    plm_truth a = PLM_UNKNOWN;
    if (v->known) {
        a = cmp_iv((const plm_iv *)(const void *)(rec + r->iv), v, (plm_rel)o->rel, t);
    } else if (is_plain(num) && is_plain(den)) {
        int c = plm_dec_cmp_ratio(num->lo, den->lo, *t);
        a = plm_rel_decide(c, c, (plm_rel)o->rel);
    }
    return a != PLM_UNKNOWN ? a : ask_cmp(w, o->node, e->item, e->party);
}

/* A test of a fact that is known, or of a rule that is remembered and decided. */
static inline bool quick(const plm_facts *w, const op *o, const env *e, plm_truth *t) {
    const val *v;
    memo *m;
    switch (o->op) {
    case DO_FACT:
        *t = (plm_truth)val_at(o, e)->truth;
        if (*t == PLM_UNKNOWN) return false;
        break;
    case DO_WORD:
        v = val_at(o, e);
        if (!v->known) return false;
        *t = truth_of(v->word == o->b);
        break;
    case DO_IN: case DO_ONE_OF:
        v = val_at(o, e);
        if (!v->known) return false;
        *t = truth_of(in_set(w->program->sets[o->b], v->word));
        break;
    case DO_RULE:
        m = &w->memos[memo_of(w, o->a, (plm_scope)o->scope, e->item, e->party)];
        if (!memo_fresh(w, o->a, m) || m->truth == PLM_UNKNOWN) return false;
        *t = (plm_truth)m->truth;
        break;
    default: return false;
    }
    if (o->neg) *t = plm_not(*t);
    return true;
}

bool gate_shut(const plm_facts *w, plm_rule r) {
    const gate *g = &w->program->gates[r];
    const op *o = w->program->ops + g->first;
    for (const op *end = o + g->n; o < end; o++) {
        const val *v = (const val *)(const void *)(w->tx + o->a);
        if (o->op == DO_FACT) {
            if (v->truth == (o->neg ? PLM_YES : PLM_NO)) return true;
        } else if (v->known) {
            bool in = o->op == DO_WORD ? v->word == o->b
                                       : in_set(w->program->sets[o->b], v->word);
            if (in == (bool)o->neg) return true;
        }
    }
    return false;
}

static APART plm_truth do_list(plm_facts *w, const op *o, const env *e, plm_truth stop) {
    const op *k = w->program->ops + o->kid, *end = k + o->n;
    uint32_t first = UINT32_MAX;
    leaf why = 0;
    for (; k < end; k++) {
        plm_truth t;
        if (!quick(w, k, e, &t)) t = run_op(w, k, e);
        if (t == stop) return stop;
        if (t == PLM_UNKNOWN && k->pos < first) {
            first = k->pos;
            why = w->why;
        }
    }
    return first == UINT32_MAX ? plm_not(stop) : unknown(w, why);
}

/* One party (or item) after the other in the place that the condition speaks of. */
static plm_truth do_each(plm_facts *w, const op *o, const env *e, const node *n, leaf *why) {
    bool parts = n->op == OP_SOME_PART, people = n->op == OP_SOME_PARTY || n->op == OP_EVERY_PARTY;
    plm_truth stop = n->op == OP_EVERY_PARTY ? PLM_NO : PLM_YES, r = plm_not(stop);
    const op *body = &w->program->ops[o->kid];
    plm_scope s = people ? PLM_OF_PARTY : PLM_OF_ITEM;
    env each = *e;
    char *rec = world_record(w, s, 0, 0);
    for (uint32_t i = 0; i < (people ? w->parties : w->items); i++, rec += w->book->record[s]) {
        if (parts && !world_part_of(w, i, e->item)) continue;
        if (n->op == OP_SOME_ITEM && w->places[i].parent >= 0) continue;
        each.rec[s] = rec;
        *(people ? &each.party : &each.item) = (int32_t)i;
        plm_truth t = run_op(w, body, &each);
        if (t == stop) return stop;
        if (t == PLM_UNKNOWN) {
            if (r != PLM_UNKNOWN) *why = w->why;
            r = PLM_UNKNOWN;
        }
    }
    return r;
}

static APART plm_truth do_some(plm_facts *w, const op *o, const env *e) {
    const node *n = &w->book->nodes[o->node];
    leaf why = 0;
    plm_truth r = do_each(w, o, e, n, &why);
    if (n->op == OP_SOME_PART && r != PLM_YES && e->item >= 0 &&
        !w->places[e->item].contents_known) { /* parts nobody told of */
        plm_truth t = looked_up(w, leaf_make(w->book->leaf_of[o->node], e->item, e->party));
        if (t == PLM_YES) return PLM_YES;
        if (t == PLM_UNKNOWN) {
            if (r != PLM_UNKNOWN) why = w->why;
            r = PLM_UNKNOWN;
        }
    }
    return r == PLM_UNKNOWN ? unknown(w, why) : r;
}

/* A fact is not known: what was settled of it, if anything was. */
static plm_truth do_unknown(plm_facts *w, const op *o, const env *e) {
    leaf l = leaf_of(w->book, w->book->leaf_of[o->node], e->item, e->party);
    return fact_touched(w, w->book->nodes[o->node].a) ? looked_up(w, l) : unknown(w, l);
}

static APART plm_truth do_cmp(plm_facts *w, const op *o, const env *e) {
    const plm_iv *v = (const plm_iv *)(const void *)(e->rec[o->scope] + o->kid);
    plm_truth t = cmp_iv(v, val_at(o, e), (plm_rel)o->rel, &w->book->decs[o->b]);
    if (t != PLM_UNKNOWN) return t;
    return unknown(w, leaf_of(w->book, w->book->leaf_of[o->node], e->item, e->party));
}

static inline plm_truth do_rule(plm_facts *w, const op *o, const env *e) {
    memo *m = &w->memos[memo_of(w, o->a, (plm_scope)o->scope, e->item, e->party)];
    if (!memo_fresh(w, o->a, m)) return ask_rule(w, o->a, e->item, e->party);
    if (m->truth == PLM_UNKNOWN) w->why = m->why;
    return (plm_truth)m->truth;
}

/* The tests of one fact that is not known: while nothing of it is settled the first is open. */
static APART plm_truth do_one_of(plm_facts *w, const op *o, const env *e) {
    const op *first = &w->program->ops[o->kid];
    if (fact_touched(w, w->book->nodes[first->node].a)) return do_list(w, o, e, PLM_YES);
    return unknown(w, leaf_of(w->book, w->book->leaf_of[first->node], e->item, e->party));
}

plm_truth run_op(plm_facts *w, const op *o, const env *e) {
    const val *v;
    plm_truth t;
    switch (o->op) {
    case DO_NO: return PLM_NO;
    case DO_YES: return PLM_YES;
    case DO_ALL: return do_list(w, o, e, PLM_NO);
    case DO_ANY: return do_list(w, o, e, PLM_YES);
    case DO_FACT:
        t = (plm_truth)val_at(o, e)->truth;
        if (t == PLM_UNKNOWN)
            return unknown(w, leaf_of(w->book, w->book->leaf_of[o->node], e->item, e->party));
        break;
    case DO_WORD:
        v = val_at(o, e);
        t = v->known ? truth_of(v->word == o->b) : do_unknown(w, o, e);
        break;
    case DO_IN:
        v = val_at(o, e);
        t = v->known ? truth_of(in_set(w->program->sets[o->b], v->word)) : do_unknown(w, o, e);
        break;
    case DO_ONE_OF:
        v = val_at(o, e);
        t = v->known ? truth_of(in_set(w->program->sets[o->b], v->word)) : do_one_of(w, o, e);
        break;
    case DO_CMP: t = do_cmp(w, o, e); break;
    case DO_RATIO: t = do_ratio(w, o, e); break;
    case DO_RULE: t = do_rule(w, o, e); break;
    case DO_SET: t = ask_set(w, o->a, e->item); break;
    case DO_SOME: t = do_some(w, o, e); break;
    default: t = ask_node(w, o->node, e->item, e->party); break;
    }
    return o->neg ? plm_not(t) : t;
}
