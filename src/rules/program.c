/* program.c: compiles the conditions of a book for one view. */
#include "rules/program.h"

#include <string.h>

#define PROGRAM_BYTES_MAX (64u << 20)
#define SET_BITS (GROUP_WORDS * 64)

/* What the dates alone say of a condition. */
typedef enum fold { FOLD_NEW, FOLD_NO, FOLD_OPEN, FOLD_YES } fold;

typedef struct term { /* a part of a list, while it is taken together */
    uint32_t node;
    bool neg;
} term;

typedef struct maker {
    const plm_book *b;
    const plm_view *v;
    program *p;
    uint8_t *folds, *rule_folds;
    uint32_t op_cap, set_count, set_cap, ratio_count, ratio_cap;
    term *terms;
    uint32_t term_count, term_cap;
    bool short_of; /* memory */
} maker;

/* ---- folding ---- */

static fold fold_node(maker *m, uint32_t at);

static fold fold_rule(maker *m, plm_rule r) {
    if (m->rule_folds[r]) return (fold)m->rule_folds[r];
    plm_truth force = m->v->force[r];
    uint32_t cond = m->b->rules[r].cond;
    fold f = force == PLM_NO ? FOLD_NO : cond == NODE_NONE ? FOLD_YES : fold_node(m, cond);
    if (force == PLM_UNKNOWN && f == FOLD_YES) f = FOLD_OPEN;
    m->rule_folds[r] = (uint8_t)f;
    return f;
}

static fold fold_list(maker *m, const node *n) {
    fold stop = n->op == OP_AND ? FOLD_NO : FOLD_YES, r = n->op == OP_AND ? FOLD_YES : FOLD_NO;
    for (uint32_t i = 0; i < n->n; i++) {
        fold f = fold_node(m, m->b->kids[n->a + i]);
        if (f == stop) return stop;
        if (f == FOLD_OPEN) r = FOLD_OPEN;
    }
    return r;
}

static fold fold_node(maker *m, uint32_t at) {
    if (m->folds[at]) return (fold)m->folds[at];
    const node *n = &m->b->nodes[at];
    fold f = FOLD_OPEN;
    switch (n->op) {
    case OP_YES: f = FOLD_YES; break;
    case OP_NO: f = FOLD_NO; break;
    case OP_AND: case OP_OR: f = fold_list(m, n); break;
    case OP_NOT: f = (fold)(FOLD_NO + FOLD_YES - fold_node(m, n->a)); break;
    case OP_RULE: f = fold_rule(m, n->a); break;
    case OP_SOME_PARTY: case OP_SOME_ITEM: /* of some part: there may be parts not told of */
        if (fold_node(m, n->a) == FOLD_NO) f = FOLD_NO;
        break;
    case OP_EVERY_PARTY:
        if (fold_node(m, n->a) == FOLD_YES) f = FOLD_YES;
        break;
    default: break;
    }
    m->folds[at] = (uint8_t)f;
    return f;
}

/* ---- room ---- */

static void *grown(maker *m, void *v, uint32_t n, uint32_t *cap, size_t size) {
    if (n < *cap) return v;
    uint32_t to = *cap ? *cap * 2 : 256;
    void *more = plm_arena_array(m->p->arena, to, size);
    if (!more) {
        m->short_of = true;
        return NULL;
    }
    if (n) memcpy(more, v, n * size);
    *cap = to;
    return more;
}

/* Room for n ops in a row; the first one's number. */
static uint32_t take_ops(maker *m, uint32_t n) {
    uint32_t at = m->p->op_count;
    while (!m->short_of && at + n > m->op_cap) {
        op *more = grown(m, m->p->ops, m->op_cap, &m->op_cap, sizeof *more);
        if (more) m->p->ops = more;
    }
    if (m->short_of) return 0;
    m->p->op_count += n;
    return at;
}

static uint32_t take_set(maker *m) {
    void *v = grown(m, m->p->sets, m->set_count, &m->set_cap, sizeof *m->p->sets);
    if (!v) return 0;
    m->p->sets = v;
    return m->set_count++;
}

static void push_term(maker *m, uint32_t at, bool neg) {
    term *v = grown(m, m->terms, m->term_count, &m->term_cap, sizeof *v);
    if (!v) return;
    m->terms = v;
    v[m->term_count++] = (term){at, neg};
}

/* ---- one fact's tests in a row ---- */

static bool is_list(const node *n) { return n->op == OP_AND || n->op == OP_OR; }

/* A test whether one fact's word or country is among some. */
static bool is_member(const node *n) {
    return n->op == OP_IN || n->op == OP_COUNTRY || (n->op == OP_WORD && n->b < SET_BITS);
}

static bool same_fact(const node *a, const node *b) {
    return is_member(a) && is_member(b) && a->a == b->a;
}

/* Does the condition hang on one fact alone, so that it is cheaper asked than remembered? */
static bool is_small(const plm_book *b, uint32_t at) {
    const node *n = &b->nodes[at];
    while (n->op == OP_NOT) n = &b->nodes[n->a];
    if (n->op == OP_CMP) return b->nodes[n->a].op == NUM_FACT;
    if (n->op != OP_OR) return n->op == OP_FACT || is_member(n);
    for (uint32_t i = 0; i < n->n; i++)
        if (!same_fact(&b->nodes[b->kids[n->a]], &b->nodes[b->kids[n->a + i]])) return false;
    return n->n > 0;
}

/* The condition behind negations and behind rules in force that are small. */
static uint32_t strip(maker *m, uint32_t at, bool *neg) {
    for (;;) {
        const node *n = &m->b->nodes[at];
        if (n->op == OP_NOT) {
            *neg = !*neg;
            at = n->a;
        } else if (n->op == OP_RULE && m->v->force[n->a] == PLM_YES &&
                   m->b->rules[n->a].cond != NODE_NONE && is_small(m->b, m->b->rules[n->a].cond)) {
            at = m->b->rules[n->a].cond;
        } else {
            return at;
        }
    }
}

/* The parts of a list, those of lists of its kind within it too; without what is decided. */
static void gather(maker *m, uint32_t at, bool neg, bool all) {
    fold f = fold_node(m, at);
    if (f != FOLD_OPEN) return; /* neutral, or the list were decided itself */
    at = strip(m, at, &neg);
    const node *n = &m->b->nodes[at];
    if (!is_list(n) || ((n->op == OP_AND) != neg) != all) {
        push_term(m, at, neg);
        return;
    }
    for (uint32_t i = 0; i < n->n; i++) gather(m, m->b->kids[n->a + i], neg, all);
}

/* How many terms from i on are tests of one fact that can be one. */
static uint32_t run_of(const maker *m, uint32_t i, bool all) {
    uint32_t k = i;
    const node *first = &m->b->nodes[m->terms[i].node];
    while (k < m->term_count && m->terms[k].neg == all &&
           same_fact(first, &m->b->nodes[m->terms[k].node]))
        k++;
    return k > i ? k - i : 1;
}

/* ---- making ---- */

static void make(maker *m, uint32_t at, bool neg, uint32_t dst);

static void add_member(maker *m, const node *n, uint64_t set[GROUP_WORDS]) {
    if (n->op != OP_IN) {
        set[n->b / 64] |= 1ull << (n->b % 64);
        return;
    }
    for (int i = 0; i < GROUP_WORDS; i++) set[i] |= m->v->in[n->b][i];
}

/* n terms from i on, tests of one fact, as one. */
static void make_one_of(maker *m, uint32_t i, uint32_t n, bool all, uint32_t dst) {
    uint32_t set = take_set(m), kid = take_ops(m, n);
    if (m->short_of) return;
    for (uint32_t k = 0; k < n; k++) {
        add_member(m, &m->b->nodes[m->terms[i + k].node], m->p->sets[set]);
        make(m, m->terms[i + k].node, false, kid + k);
        if (m->short_of) return;
        m->p->ops[kid + k].pos = (uint16_t)k;
    }
    const fact *f = &m->b->facts[m->b->nodes[m->terms[i].node].a];
    m->p->ops[dst] = (op){.op = DO_ONE_OF, .scope = (uint8_t)f->info.scope, .neg = all,
                          .n = (uint16_t)n, .a = f->at, .b = set, .kid = kid};
}

/* A test of a fact of the transaction: a word or country among some (cheapest), or another. */
static bool is_gate(const op *o) {
    return o->scope == PLM_OF_TRANSACTION && (o->op == DO_FACT || o->op == DO_WORD ||
                                              o->op == DO_IN || o->op == DO_ONE_OF);
}

static unsigned cost_of(const program *p, const op *o) {
    static const unsigned own[] = {[DO_FACT] = 4, [DO_WORD] = 4, [DO_IN] = 4, [DO_ONE_OF] = 4,
                                   [DO_CMP] = 6, [DO_RATIO] = 10, [DO_RULE] = 12, [DO_SET] = 14,
                                   [DO_NODE] = 30, [DO_SOME] = 150, [DO_ALL] = 8, [DO_ANY] = 8};
    if (is_gate(o)) return o->neg ? 3 : o->op == DO_FACT ? 2 : 1;
    unsigned c = own[o->op];
    if (o->op == DO_ALL || o->op == DO_ANY)
        for (uint32_t i = 0; i < o->n && c < 1000; i++) c += cost_of(p, &p->ops[o->kid + i]);
    return c;
}

/* Every part is asked before a list is unknown, so their order can't change the answer. */
static void cheapest_first(program *p, op *v, uint32_t n) {
    for (uint32_t i = 1; i < n; i++) {
        op x = v[i];
        unsigned c = cost_of(p, &x);
        uint32_t at = i;
        for (; at && cost_of(p, &v[at - 1]) > c; at--) v[at] = v[at - 1];
        v[at] = x;
    }
}

static void make_terms(maker *m, uint32_t from, bool all, uint32_t dst) {
    uint32_t n = 0, k = 0;
    for (uint32_t i = from; i < m->term_count; i += run_of(m, i, all)) n++;
    uint32_t kid = n > 1 ? take_ops(m, n) : dst;
    for (uint32_t i = from, len; i < m->term_count && !m->short_of; i += len, k++) {
        len = run_of(m, i, all);
        if (len > 1) make_one_of(m, i, len, all, kid + k);
        else make(m, m->terms[i].node, m->terms[i].neg, kid + k);
        if (n > 1 && !m->short_of) m->p->ops[kid + k].pos = (uint16_t)k;
    }
    if (n < 2 || m->short_of) return;
    cheapest_first(m->p, m->p->ops + kid, n);
    m->p->ops[dst] = (op){.op = all ? DO_ALL : DO_ANY, .n = (uint16_t)n, .kid = kid};
}

static void make_list(maker *m, uint32_t at, bool neg, uint32_t dst) {
    const node *n = &m->b->nodes[at];
    bool all = (n->op == OP_AND) != neg;
    uint32_t from = m->term_count;
    for (uint32_t i = 0; i < n->n; i++) gather(m, m->b->kids[n->a + i], neg, all);
    if (!m->short_of && m->term_count - from < UINT16_MAX) make_terms(m, from, all, dst);
    else m->short_of = true;
    m->term_count = from;
}

/* stated known else number / number, all facts of one entity: compared without an interval's
 * detour. */
static bool make_ratio(maker *m, const node *cmp, op *o) {
    const plm_book *b = m->b;
    const node *v = &b->nodes[cmp->a];
    if (v->op != NUM_RULE || b->rules[v->a].cond == NODE_NONE) return false;
    const node *k = &b->nodes[b->rules[v->a].cond];
    if (k->op != NUM_KNOWN || b->nodes[k->a].op != NUM_FACT || b->nodes[k->b].op != NUM_DIV)
        return false;
    const node *q = &b->nodes[k->b], *x = &b->nodes[q->a], *y = &b->nodes[q->b];
    if (x->op != NUM_FACT || y->op != NUM_FACT) return false;
    const fact *s = &b->facts[b->nodes[k->a].a], *num = &b->facts[x->a], *den = &b->facts[y->a];
    if (s->info.scope != num->info.scope || s->info.scope != den->info.scope) return false;
    ratio *r = grown(m, m->p->ratios, m->ratio_count, &m->ratio_cap, sizeof *r);
    if (!r) return true;
    m->p->ratios = r;
    r[m->ratio_count] = (ratio){s->at, s->iv_at, num->iv_at, den->iv_at};
    o->op = DO_RATIO;
    o->scope = (uint8_t)s->info.scope;
    o->a = m->ratio_count++;
    return true;
}

static void make_cmp(maker *m, const node *n, op *o) {
    const node *v = &m->b->nodes[n->a];
    o->rel = n->rel;
    o->b = n->b;
    if (v->op == NUM_FACT) {
        const fact *f = &m->b->facts[v->a];
        o->op = DO_CMP;
        o->scope = (uint8_t)f->info.scope;
        o->a = f->at;
        o->kid = f->iv_at;
    } else if (!make_ratio(m, n, o)) {
        o->op = DO_NODE;
    }
}

static void make_leaf(maker *m, const node *n, op *o) {
    switch (n->op) {
    case OP_CMP: make_cmp(m, n, o); return;
    case OP_FACT: o->op = DO_FACT; break;
    case OP_IN: o->op = DO_IN; break;
    case OP_COUNTRY: case OP_WORD: o->op = DO_WORD; break;
    case OP_RULE:
        o->op = DO_RULE;
        o->scope = (uint8_t)m->b->rules[n->a].info.scope;
        o->a = n->a;
        return;
    case OP_WITHIN:
        o->op = DO_SET;
        o->a = n->a;
        return;
    default: o->op = DO_NODE; return;
    }
    const fact *f = &m->b->facts[n->a];
    o->scope = (uint8_t)f->info.scope;
    o->a = f->at;
    o->b = n->b;
}

/* The condition, turned round where neg, into op dst. */
static void make(maker *m, uint32_t at, bool neg, uint32_t dst) {
    fold f = fold_node(m, at);
    if (m->short_of) return;
    if (f != FOLD_OPEN) {
        m->p->ops[dst] = (op){.op = (f == FOLD_YES) != neg ? DO_YES : DO_NO};
        return;
    }
    at = strip(m, at, &neg);
    const node *n = &m->b->nodes[at];
    if (is_list(n)) {
        make_list(m, at, neg, dst);
        return;
    }
    op o = {.neg = neg, .node = at};
    if (n->op >= OP_SOME_PARTY && n->op <= OP_SOME_ITEM) {
        o.op = DO_SOME;
        o.kid = take_ops(m, 1);
        if (!m->short_of) make(m, n->a, false, o.kid);
    } else {
        make_leaf(m, n, &o);
    }
    if (!m->short_of) m->p->ops[dst] = o;
}

/* The tests of the transaction at the front of a condition whose parts must all hold. */
static gate gate_of(const program *p, const op *o) {
    gate g = {.first = (uint32_t)(o - p->ops)};
    if (is_gate(o)) g.n = 1;
    if (o->op != DO_ALL) return g;
    g.first = o->kid;
    while (g.n < o->n && is_gate(&p->ops[o->kid + g.n])) g.n++;
    return g;
}

static void make_roots(maker *m) {
    const plm_book *b = m->b;
    program *p = m->p;
    for (plm_rule r = 0; r < b->rule_count && !m->short_of; r++) {
        const rule *k = &b->rules[r];
        p->cond_from[r] = take_ops(m, k->cond_count);
        for (uint32_t i = 0; i < k->cond_count; i++)
            make(m, k->conds[i], false, p->cond_from[r] + i);
        if (k->info.kind == PLM_RULE_NUMBER || m->v->force[r] == PLM_NO) continue;
        p->rule_at[r] = take_ops(m, 1);
        if (m->short_of) return;
        if (k->cond == NODE_NONE) p->ops[p->rule_at[r]] = (op){.op = DO_YES};
        else make(m, k->cond, false, p->rule_at[r]);
        if (!m->short_of) p->gates[r] = gate_of(p, &p->ops[p->rule_at[r]]);
    }
    for (uint32_t i = 0; i < b->eccn_count && !m->short_of; i++) {
        p->eccn_at[i] = take_ops(m, 1);
        make(m, b->eccns[i].cond, false, p->eccn_at[i]);
    }
}

static bool room(maker *m, plm_arena *a) {
    const plm_book *b = m->b;
    program *p = m->p;
    p->arena = a;
    p->rule_at = plm_arena_array(a, b->rule_count + 1, sizeof *p->rule_at);
    p->cond_from = plm_arena_array(a, b->rule_count + 1, sizeof *p->cond_from);
    p->gates = plm_arena_array(a, b->rule_count + 1, sizeof *p->gates);
    p->eccn_at = plm_arena_array(a, b->eccn_count + 1, sizeof *p->eccn_at);
    m->folds = plm_arena_alloc(a, b->node_count + 1);
    m->rule_folds = plm_arena_alloc(a, b->rule_count + 1);
    return p->rule_at && p->cond_from && p->gates && p->eccn_at && m->folds && m->rule_folds;
}

/* The groups are the first sets. */
static void take_groups(maker *m) {
    for (uint32_t g = 0; g < m->b->group_count && !m->short_of; g++) {
        uint32_t at = take_set(m);
        if (!m->short_of) memcpy(m->p->sets[at], m->v->in[g], sizeof m->p->sets[at]);
    }
}

static void *copied(plm_arena *a, const void *v, size_t n, size_t size) {
    void *to = plm_arena_array(a, n + 1, size);
    if (to && n) memcpy(to, v, n * size);
    return to;
}

/* The program without the room it was made in; NULL when memory is short. */
static program *settle_down(const maker *m) {
    plm_arena *a = plm_arena_new(PROGRAM_BYTES_MAX);
    program *p = a ? plm_arena_alloc(a, sizeof *p) : NULL;
    const program *was = m->p;
    uint32_t rules = m->b->rule_count;
    if (p) {
        *p = (program){.arena = a, .op_count = was->op_count};
        p->ops = copied(a, was->ops, was->op_count, sizeof *p->ops);
        p->rule_at = copied(a, was->rule_at, rules, sizeof *p->rule_at);
        p->gates = copied(a, was->gates, rules, sizeof *p->gates);
        p->cond_from = copied(a, was->cond_from, rules, sizeof *p->cond_from);
        p->eccn_at = copied(a, was->eccn_at, m->b->eccn_count, sizeof *p->eccn_at);
        p->sets = copied(a, was->sets, m->set_count, sizeof *p->sets);
        p->ratios = copied(a, was->ratios, m->ratio_count, sizeof *p->ratios);
        p->margins = plm_arena_array(a, rules + 1, sizeof *p->margins);
        p->rule_text = plm_arena_array(a, rules + 1, sizeof *p->rule_text);
        if (p->ops && p->rule_at && p->gates && p->cond_from && p->eccn_at && p->sets &&
            p->ratios && p->margins && p->rule_text)
            return p;
    }
    plm_arena_free(a);
    return NULL;
}

void plm_view_compile(plm_view *v) {
    plm_arena *a = plm_arena_new(PROGRAM_BYTES_MAX);
    program *p = a ? plm_arena_alloc(a, sizeof *p) : NULL;
    maker m = {.b = v->book, .v = v, .p = p};
    if (p && room(&m, a)) {
        take_groups(&m);
        make_roots(&m);
        if (!m.short_of) v->program = settle_down(&m);
    }
    plm_arena_free(a);
}
