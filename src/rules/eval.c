/* eval.c: three-valued evaluation by walking the book's nodes.  AND is min, OR is max; every fold
 * that stays UNKNOWN keeps in w->why the first unknown it hangs on.  Rules are remembered per item
 * and party, whichever way they were asked: run.c does the same by a view's program. */
#include "rules/world.h"

#include <string.h>

/* Kept out of ask_node, so that its frame stays small. */
#define APART __attribute__((noinline))

/* What was settled about the very same unknown. */
plm_truth looked_up(plm_facts *w, leaf l) {
    if (w->marks[leaf_mark(l)])
        for (uint32_t i = w->done_count; i-- > 0;)
            if (w->done_at[i] == l) return w->done[i].truth;
    return unknown(w, l);
}

static plm_iv iv_const(plm_dec d) { return plm_iv_point(d); }

static plm_iv iv_add(plm_iv a, plm_iv b) {
    plm_iv r = {.no_lo = a.no_lo || b.no_lo, .no_hi = a.no_hi || b.no_hi};
    if (!r.no_lo && !plm_dec_add(a.lo, b.lo, &r.lo)) r.no_lo = true;
    if (!r.no_hi && !plm_dec_add(a.hi, b.hi, &r.hi)) r.no_hi = true;
    return r;
}

static plm_iv iv_neg(plm_iv a) {
    plm_iv r = {.no_lo = a.no_hi, .no_hi = a.no_lo};
    plm_dec zero = plm_dec_int(0);
    if (!r.no_lo) plm_dec_sub(zero, a.hi, &r.lo);
    if (!r.no_hi) plm_dec_sub(zero, a.lo, &r.hi);
    return r;
}

static bool negative_possible(plm_iv a) { return a.no_lo || a.lo.neg; }

/* Products are taken of quantities that are never negative; else nothing is known. */
static plm_iv iv_mul(plm_iv a, plm_iv b) {
    if (negative_possible(a) || negative_possible(b)) return plm_iv_any();
    plm_iv r = {.no_hi = a.no_hi || b.no_hi};
    if (!plm_dec_mul(a.lo, b.lo, false, &r.lo)) r.lo = plm_dec_int(0);
    if (!r.no_hi && !plm_dec_mul(a.hi, b.hi, true, &r.hi)) r.no_hi = true;
    return r;
}

static numval whole(plm_iv v) { return (numval){.num = v}; } /* den: of a ratio only */

/* A quotient used in further arithmetic: enclosed by a decimal interval. */
static plm_iv flatten(numval v) {
    if (!v.ratio) return v.num;
    if (negative_possible(v.num) || negative_possible(v.den)) return plm_iv_any();
    plm_iv r = {.lo = plm_dec_int(0), .no_hi = v.num.no_hi || plm_dec_is_zero(v.den.lo)};
    if (!v.den.no_hi && !plm_dec_is_zero(v.den.hi)) plm_dec_div(v.num.lo, v.den.hi, false, &r.lo);
    if (!r.no_hi && !plm_dec_div(v.num.hi, v.den.lo, true, &r.hi)) r.no_hi = true;
    return r;
}

/* A number as an interval; a fact, the usual one, as it stands. */
static plm_iv ask_iv(plm_facts *w, uint32_t at, int32_t item, int32_t party) {
    const node *n = &w->book->nodes[at];
    if (n->op == NUM_FACT) return *world_iv(w, n->a, item, party);
    return flatten(ask_number(w, at, item, party));
}

static plm_iv total(plm_facts *w, const node *n, int32_t party) {
    plm_iv sum = iv_const(plm_dec_int(0));
    w->totalled = true;
    for (uint32_t i = 0; i < w->items; i++) {
        if (w->places[i].parent >= 0) continue;
        plm_truth t = ask_node(w, n->b, (int32_t)i, party);
        if (t == PLM_NO) continue;
        plm_iv v = ask_iv(w, n->a, (int32_t)i, party);
        if (t == PLM_UNKNOWN) v = plm_iv_hull(v, iv_const(plm_dec_int(0)));
        sum = iv_add(sum, v);
    }
    return sum;
}

numval ask_number(plm_facts *w, uint32_t at, int32_t item, int32_t party) {
    const node *n = &w->book->nodes[at];
    switch (n->op) {
    case NUM_CONST: return whole(iv_const(w->book->decs[n->a]));
    case NUM_FACT: {
        const val *v = world_val(w, n->a, item, party);
        numval r = whole(*world_iv(w, n->a, item, party));
        r.open_lo = v->open_lo;
        r.open_hi = v->open_hi;
        return r;
    }
    case NUM_RULE: return ask_number(w, w->book->rules[n->a].cond, item, party);
    case NUM_KNOWN: {
        const val *v = world_val(w, w->book->nodes[n->a].a, item, party);
        return ask_number(w, v->known ? n->a : n->b, item, party);
    }
    case NUM_TOTAL: return whole(total(w, n, party));
    case NUM_DIV:
        return (numval){.num = ask_iv(w, n->a, item, party), .den = ask_iv(w, n->b, item, party),
                        .ratio = true};
    default: break;
    }
    plm_iv a = ask_iv(w, n->a, item, party), b = ask_iv(w, n->b, item, party);
    if (n->op == NUM_MUL) return whole(iv_mul(a, b));
    return whole(iv_add(a, n->op == NUM_SUB ? iv_neg(b) : b));
}

/* Like plm_iv_compare, with ends that may be open. */
static plm_truth compare(const plm_iv *v, bool open_lo, bool open_hi, plm_rel r, plm_dec t) {
    int lo = v->no_lo ? -1 : plm_dec_cmp(v->lo, t), hi = v->no_hi ? 1 : plm_dec_cmp(v->hi, t);
    if (lo == 0 && open_lo) lo = 1;
    if (hi == 0 && open_hi) hi = -1;
    return plm_rel_decide(lo, hi, r);
}

/* What the cases settled about a number rule, when it decides. */
static plm_truth compare_settled(plm_facts *w, const node *n, uint32_t number, int32_t item,
                                 int32_t party) {
    for (uint32_t i = w->done_count; i-- > 0;) {
        const settled *s = &w->done[i];
        if (!s->is_iv || leaf_item(s->at) != item || leaf_party(s->at) != party) continue;
        const node *c = &w->book->nodes[leaf_kind_of(w->book, s->at)->a];
        if (w->book->nodes[c->a].a != number) continue;
        plm_truth t = compare(&s->iv, s->open_lo, s->open_hi, (plm_rel)n->rel, w->book->decs[n->b]);
        if (t != PLM_UNKNOWN) return t;
    }
    return PLM_UNKNOWN;
}

static plm_truth ask_fact_cmp(plm_facts *w, uint32_t at, int32_t item, int32_t party) {
    const node *n = &w->book->nodes[at];
    uint32_t f = w->book->nodes[n->a].a;
    const val *v = world_val(w, f, item, party);
    plm_truth r = compare(world_iv(w, f, item, party), v->open_lo, v->open_hi, (plm_rel)n->rel,
                          w->book->decs[n->b]);
    if (r != PLM_UNKNOWN) return r;
    return unknown(w, leaf_of(w->book, w->book->leaf_of[at], item, party));
}

APART plm_truth ask_cmp(plm_facts *w, uint32_t at, int32_t item, int32_t party) {
    const node *n = &w->book->nodes[at], *v = &w->book->nodes[n->a];
    if (v->op == NUM_FACT) return ask_fact_cmp(w, at, item, party);
    plm_dec t = w->book->decs[n->b];
    numval x = ask_number(w, n->a, item, party);
    plm_truth r;
    if (!x.ratio) r = compare(&x.num, x.open_lo, x.open_hi, (plm_rel)n->rel, t);
    else if (!x.den.no_hi && plm_dec_is_zero(x.den.hi)) return PLM_NO; /* undefined: not met */
    else r = plm_iv_compare_ratio(x.num, x.den, (plm_rel)n->rel, t);
    if (r != PLM_UNKNOWN) return r;
    leaf l = leaf_of(w->book, w->book->leaf_of[at], item, party);
    if (v->op == NUM_RULE &&
        (r = compare_settled(w, n, v->a, leaf_item(l), leaf_party(l))) != PLM_UNKNOWN)
        return r;
    return looked_up(w, l);
}

/* The node's own unknown. */
static leaf leaf_at(const plm_facts *w, const node *n, int32_t item, int32_t party) {
    return leaf_of(w->book, w->book->leaf_of[n - w->book->nodes], item, party);
}

static plm_truth ask_in(plm_facts *w, const node *n, int32_t item, int32_t party) {
    const val *v = world_val(w, n->a, item, party);
    if (v->known) return w->view->in[n->b][v->word / 64] >> (v->word % 64) & 1 ? PLM_YES : PLM_NO;
    return looked_up(w, leaf_at(w, n, item, party));
}

static plm_truth ask_word(plm_facts *w, const node *n, int32_t item, int32_t party) {
    const val *v = world_val(w, n->a, item, party);
    if (v->known) return v->word == n->b ? PLM_YES : PLM_NO;
    return looked_up(w, leaf_at(w, n, item, party));
}

static APART plm_truth ask_named(plm_facts *w, const node *n, int32_t item, int32_t party) {
    const val *v = world_val(w, n->a, item, party);
    if (!v->known) return looked_up(w, leaf_at(w, n, item, party));
    char folded[NAME_FOLDED_MAX];
    plm_str name = world_txt(w, n->a, item, party)->text;
    plm_str f = {folded, plm_name_fold(name, folded, sizeof folded)};
    return plm_view_has_name(w->view, n->b, f) ? PLM_YES : PLM_NO;
}

static APART plm_truth ask_codes(plm_facts *w, const node *n, int32_t item, int32_t party) {
    const val *v = world_val(w, n->a, item, party);
    plm_truth t = v->known ? PLM_NO : PLM_UNKNOWN;
    for (uint32_t i = 0; v->known && i < v->word && t != PLM_YES; i++) {
        code c;
        if (plm_code_read(world_txt(w, n->a, item, party)->codes[i], &c))
            t = plm_or(t, plm_code_within(&c, &w->book->sets[n->b]));
    }
    if (t != PLM_UNKNOWN) return t;
    return looked_up(w, leaf_at(w, n, item, party));
}

static bool v_known(plm_facts *w, int32_t item) {
    return w->book->eccn_fact != UINT32_MAX && world_val(w, w->book->eccn_fact, item, -1)->known;
}

/* Is the item's code in the set: the asserted one, or the derived one of that number - 1? */
static leaf code_leaf(const plm_facts *w, uint32_t set, uint32_t nth, int32_t item) {
    return leaf_make(w->book->code_leaf + set * (w->book->eccn_count + 1) + nth, item, -1);
}

static plm_truth ask_asserted(plm_facts *w, uint32_t set, int32_t item) {
    const plm_book *b = w->book;
    plm_truth t = PLM_UNKNOWN;
    if (b->eccn_fact != UINT32_MAX) {
        const val *v = world_val(w, b->eccn_fact, item, -1);
        if (v->known) t = plm_code_within(&world_txt(w, b->eccn_fact, item, -1)->c, &b->sets[set]);
    }
    if (t == PLM_UNKNOWN && v_known(w, item)) t = w->open; /* a row that the data leaves open */
    return t != PLM_UNKNOWN ? t : looked_up(w, code_leaf(w, set, 0, item));
}

static plm_truth ask_eccn(plm_facts *w, uint32_t i, int32_t item) {
    if (!w->program) return ask_node(w, w->book->eccns[i].cond, item, -1);
    env e = env_of(w, PLM_OF_ITEM, item, -1);
    return run_op(w, &w->program->ops[w->program->eccn_at[i]], &e);
}

/* The item's derived codes up to the first that is proved, asked once for all sets. */
static derived derive(plm_facts *w, int32_t item) {
    const plm_book *b = w->book;
    uint32_t at = w->memo_base[b->rule_count] + b->set_count * w->items + (uint32_t)item;
    derived *kept = &w->derived[item];
    if (memo_fresh(w, b->rule_count + b->set_count, &w->memos[at])) return *kept;
    derived d = {0};
    for (uint32_t i = 0; i < b->eccn_count && !d.yes; i++) {
        plm_truth t = ask_eccn(w, i, item);
        if (t == PLM_UNKNOWN && !d.open) d.why = w->why;
        if (t != PLM_NO) *(t == PLM_YES ? &d.yes : &d.open) |= 1ull << i;
    }
    if (memo_keep(w, at, &b->eccns_hang_on, kept)) {
        *kept = d;
        w->memos[at] = (memo){.gen = w->gen, .stamp = w->stamp, .firm = !d.open && !w->loose};
    }
    return d;
}

/* The first derived code that is proved, else the asserted one; where codes before it are open,
 * unknown unless all the ways agree. */
static plm_truth ask_within(plm_facts *w, uint32_t set, int32_t item) {
    const plm_book *b = w->book;
    derived d = derive(w, item);
    plm_truth last = PLM_UNKNOWN;
    if (d.yes) {
        uint32_t i = (uint32_t)__builtin_ctzll(d.yes);
        last = b->eccns[i].in[set];
        if (last == PLM_UNKNOWN) last = looked_up(w, code_leaf(w, set, i + 1, item));
    } else {
        last = ask_asserted(w, set, item);
    }
    for (uint64_t open = d.open; open; open &= open - 1) {
        plm_truth in = b->eccns[__builtin_ctzll(open)].in[set];
        if (in == PLM_UNKNOWN || in != last) return unknown(w, d.why);
    }
    return last;
}

static inline plm_truth remember(plm_facts *w, uint32_t at, const deps *hangs_on, plm_truth t) {
    if (w->done_count && !memo_keep(w, at, hangs_on, NULL)) return t;
    memo *m = &w->memos[at];
    m->gen = w->gen;
    m->stamp = w->stamp;
    m->why = w->why;
    m->truth = (uint8_t)t;
    m->firm = t != PLM_UNKNOWN && !w->loose;
    return t;
}

/* Remembered only where an asserted code is looked for in a list: the rest is sooner asked. */
APART plm_truth ask_set(plm_facts *w, uint32_t set, int32_t item) {
    if (!v_known(w, item)) return ask_within(w, set, item);
    uint32_t at = w->memo_base[w->book->rule_count] + set * w->items + (uint32_t)item;
    memo *m = &w->memos[at];
    if (!memo_fresh(w, w->book->rule_count + set, m))
        return remember(w, at, &w->book->sets[set].hangs_on, ask_within(w, set, item));
    if (m->truth == PLM_UNKNOWN) w->why = m->why;
    return (plm_truth)m->truth;
}

static plm_truth ask_list(plm_facts *w, const node *n, int32_t item, int32_t party) {
    plm_truth stop = n->op == OP_AND ? PLM_NO : PLM_YES, r = plm_not(stop);
    leaf why = 0;
    for (uint32_t i = 0; i < n->n; i++) {
        plm_truth t = ask_node(w, w->book->kids[n->a + i], item, party);
        if (t == stop) return stop;
        if (t == PLM_UNKNOWN) {
            if (r != PLM_UNKNOWN) why = w->why;
            r = PLM_UNKNOWN;
        }
    }
    if (r == PLM_UNKNOWN) w->why = why;
    return r;
}

bool world_part_of(const plm_facts *w, uint32_t part, int32_t item) {
    int32_t p = w->places[part].parent;
    while (p >= 0 && p != item) p = w->places[p].parent;
    return p == item && item >= 0;
}

static plm_truth ask_some(plm_facts *w, const node *n, int32_t item, int32_t party) {
    bool parts = n->op == OP_SOME_PART, people = n->op == OP_SOME_PARTY || n->op == OP_EVERY_PARTY;
    plm_truth stop = n->op == OP_EVERY_PARTY ? PLM_NO : PLM_YES, r = plm_not(stop);
    leaf why = 0;
    for (uint32_t i = 0; i < (people ? w->parties : w->items); i++) {
        if (parts && !world_part_of(w, i, item)) continue;
        if (n->op == OP_SOME_ITEM && w->places[i].parent >= 0) continue;
        plm_truth t = people ? ask_node(w, n->a, item, (int32_t)i)
                             : ask_node(w, n->a, (int32_t)i, party);
        if (t == stop) return stop;
        if (t == PLM_UNKNOWN) {
            if (r != PLM_UNKNOWN) why = w->why;
            r = PLM_UNKNOWN;
        }
    }
    if (parts && item >= 0 && !w->places[item].contents_known) { /* parts nobody told of */
        plm_truth t = looked_up(w, leaf_at(w, n, item, party));
        if (t == PLM_YES) return PLM_YES;
        if (t == PLM_UNKNOWN) {
            if (r != PLM_UNKNOWN) why = w->why;
            r = PLM_UNKNOWN;
        }
    }
    if (r == PLM_UNKNOWN) w->why = why;
    return r;
}

plm_truth ask_node(plm_facts *w, uint32_t at, int32_t item, int32_t party) {
    const node *n = &w->book->nodes[at];
    switch (n->op) {
    case OP_YES: return PLM_YES;
    case OP_NO: return PLM_NO;
    case OP_OPEN:
        if (w->open != PLM_UNKNOWN) return w->open;
        return looked_up(w, leaf_at(w, n, -1, -1));
    case OP_AND: case OP_OR: return ask_list(w, n, item, party);
    case OP_NOT: return plm_not(ask_node(w, n->a, item, party));
    case OP_FACT: {
        plm_truth t = (plm_truth)world_val(w, n->a, item, party)->truth;
        if (t != PLM_UNKNOWN) return t;
        return unknown(w, leaf_at(w, n, item, party));
    }
    case OP_CMP: return ask_cmp(w, at, item, party);
    case OP_IN: return ask_in(w, n, item, party);
    case OP_COUNTRY: return ask_word(w, n, item, party);
    case OP_WORD: return ask_word(w, n, item, party);
    case OP_CODES: return ask_codes(w, n, item, party);
    case OP_NAMED: return ask_named(w, n, item, party);
    case OP_RULE: return ask_rule(w, n->a, item, party);
    case OP_WITHIN: return ask_set(w, n->a, item);
    case OP_ASSERTED: return ask_asserted(w, n->a, item);
    case OP_SOME_PARTY: case OP_EVERY_PARTY: case OP_SOME_PART: case OP_SOME_ITEM:
        return ask_some(w, n, item, party);
    default: return PLM_UNKNOWN;
    }
}

static plm_truth ask_condition(plm_facts *w, plm_rule r, int32_t item, int32_t party) {
    const rule *k = &w->book->rules[r];
    if (!w->program) return k->cond == NODE_NONE ? PLM_YES : ask_node(w, k->cond, item, party);
    env e = env_of(w, k->info.scope, item, party);
    return run_op(w, &w->program->ops[w->program->rule_at[r]], &e);
}

plm_truth ask_rule(plm_facts *w, plm_rule r, int32_t item, int32_t party) {
    plm_truth force = w->view->force[r];
    if (force == PLM_NO) return PLM_NO;
    const rule *k = &w->book->rules[r];
    plm_scope s = k->info.scope;
    uint32_t at = memo_of(w, r, s, item, party);
    memo *m = &w->memos[at];
    if (memo_fresh(w, r, m)) {
        if (m->truth == PLM_UNKNOWN) w->why = m->why;
        return (plm_truth)m->truth;
    }
    if (w->program && gate_shut(w, r)) return PLM_NO;
    plm_truth t = ask_condition(w, r, plm_scope_has(s, PLM_OF_ITEM) ? item : -1,
                                plm_scope_has(s, PLM_OF_PARTY) ? party : -1);
    if (t != PLM_NO && force == PLM_UNKNOWN) {
        leaf why = w->why;
        plm_truth f = looked_up(w, leaf_make(w->book->force_leaf + r, -1, -1));
        if (t == PLM_UNKNOWN && f != PLM_NO) w->why = why;
        t = plm_and(t, f);
    }
    return remember(w, at, &k->hangs_on, t);
}

plm_truth plm_facts_ask(plm_facts *w, plm_rule r, int32_t item, int32_t party) {
    return ask_rule(w, r, item, party);
}

plm_truth plm_facts_ask_condition(plm_facts *w, plm_rule r, uint32_t condition, int32_t item,
                                  int32_t party) {
    const rule *k = &w->book->rules[r];
    if (!w->program) return ask_node(w, k->conds[condition], item, party);
    env e = env_of(w, PLM_OF_ITEM_AND_PARTY, item, party);
    return run_op(w, &w->program->ops[w->program->cond_from[r] + condition], &e);
}

plm_str plm_facts_eccn(plm_facts *w, int32_t item) {
    const plm_book *b = w->book;
    for (uint32_t i = 0; i < b->eccn_count; i++) {
        plm_truth t = ask_eccn(w, i, item);
        if (t == PLM_UNKNOWN) return (plm_str){"", 0};
        if (t == PLM_YES) return (plm_str){b->eccns[i].c.text, b->eccns[i].c.n};
    }
    if (b->eccn_fact == UINT32_MAX) return (plm_str){"", 0};
    const val *v = world_val(w, b->eccn_fact, item, -1);
    return v->known ? world_txt(w, b->eccn_fact, item, -1)->text : (plm_str){"", 0};
}
