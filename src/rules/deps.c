/* deps.c: what each rule's answer can hang on, so that settling one unknown forgets only the
 * answers that it can change.  Too many bits only cost time; one too few would be wrong: held by
 * tests/unit/test_rules.c (cases against every way). */
#include "plimsoll/alike.h"
#include "rules/book.h"

#include <string.h>

deps plm_dep_of(const plm_book *b, uint32_t bit) {
    deps d = {{0}};
    if (b->fact_count > DEP_FACTS) memset(&d, 0xFF, sizeof d);
    else d.w[bit / 64] = 1ull << (bit % 64);
    return d;
}

deps plm_dep_set(const plm_book *b, uint32_t set) {
    return plm_dep_of(b, DEP_SETS + set % (DEP_BITS - DEP_SETS));
}

static deps of_node(plm_book *b, uint32_t at);

/* Does it hang on facts of the item at hand alone, where that has no parts?  Every rule that it
 * names is hung by now. */
static bool node_of_item(const plm_book *b, uint32_t at) {
    const node *n = &b->nodes[at];
    switch (n->op) {
    case OP_YES: case OP_NO: case OP_OPEN: case OP_SOME_PART: case NUM_CONST: return true;
    case OP_AND: case OP_OR:
        for (uint32_t i = 0; i < n->n; i++)
            if (!node_of_item(b, b->kids[n->a + i])) return false;
        return true;
    case OP_NOT: case OP_CMP: return node_of_item(b, n->a);
    case OP_FACT: case OP_IN: case OP_COUNTRY: case OP_WORD: case OP_CODES: case OP_NAMED:
    case NUM_FACT:
        return b->facts[n->a].info.scope == PLM_OF_ITEM;
    case OP_RULE: case NUM_RULE: return b->rules[n->a].of_item;
    case OP_ASSERTED: return true; /* the code is a fact of items */
    case OP_WITHIN: return plm_book_eccn_of_item(b);
    case NUM_ADD: case NUM_SUB: case NUM_MUL: case NUM_DIV: case NUM_KNOWN:
        return node_of_item(b, n->a) && node_of_item(b, n->b);
    default: return false; /* of parties, of other items, totals */
    }
}

bool plm_book_eccn_of_item(const plm_book *b) {
    for (uint32_t i = 0; i < b->eccn_count; i++)
        if (!node_of_item(b, b->eccns[i].cond)) return false;
    return true;
}

bool plm_book_of_item(const plm_book *b, plm_rule r) { return b->rules[r].of_item; }

static deps of_rule(plm_book *b, plm_rule r) {
    rule *k = &b->rules[r];
    if (k->hung) return k->hangs_on;
    deps d = k->cond == NODE_NONE ? (deps){{0}} : of_node(b, k->cond);
    for (uint32_t i = 0; i < k->cond_count; i++) d = plm_dep_or(d, of_node(b, k->conds[i]));
    for (uint32_t i = 0; i < k->clock_count; i++)
        if (k->clocks[i].kind == CLOCK_UNKNOWN) d = plm_dep_or(d, plm_dep_of(b, DEP_LAW));
    k->hangs_on = d;
    k->of_item = k->info.scope == PLM_OF_ITEM && !k->cond_count &&
                 (k->cond == NODE_NONE || node_of_item(b, k->cond));
    k->hung = true;
    return d;
}

/* An item's place in a code set: its conditions name no `eccn within`, that would be a circle.
 * The code asserted is never settled itself, only its place in one set. */
static deps of_set(plm_book *b, uint32_t set) {
    deps d = plm_dep_set(b, set);
    for (uint32_t i = 0; i < b->eccn_count; i++) d = plm_dep_or(d, of_node(b, b->eccns[i].cond));
    return d;
}

static deps of_node(plm_book *b, uint32_t at) {
    const node *n = &b->nodes[at];
    deps d = {{0}};
    switch (n->op) {
    case OP_AND: case OP_OR:
        for (uint32_t i = 0; i < n->n; i++) d = plm_dep_or(d, of_node(b, b->kids[n->a + i]));
        return d;
    case OP_NOT: case OP_CMP: case OP_SOME_PARTY: case OP_EVERY_PARTY: case OP_SOME_ITEM:
        return of_node(b, n->a);
    case OP_SOME_PART: return plm_dep_or(of_node(b, n->a), plm_dep_of(b, DEP_CONTENTS));
    case OP_RULE: case NUM_RULE: return of_rule(b, n->a);
    case OP_FACT: case OP_IN: case OP_COUNTRY: case OP_WORD: case OP_NAMED: case OP_CODES:
    case NUM_FACT: return plm_dep_of(b, n->a);
    case OP_WITHIN: return of_set(b, n->a);
    case OP_ASSERTED: return plm_dep_set(b, n->a);
    case OP_OPEN: return plm_dep_of(b, DEP_READING);
    case NUM_ADD: case NUM_SUB: case NUM_MUL: case NUM_DIV: case NUM_KNOWN: case NUM_TOTAL:
        return plm_dep_or(of_node(b, n->a), of_node(b, n->b));
    default: return d;
    }
}

deps plm_dep_number(const plm_book *b, uint32_t at) {
    /* every rule is hung by now: nothing is written */
    return of_node((plm_book *)(uintptr_t)b, at);
}

static bool has_bit(const deps *d, uint32_t bit) { return d->w[bit / 64] >> (bit % 64) & 1; }

/* What the i-th of rules, sets and derived codes hangs on. */
static const deps *nth(const plm_book *b, uint32_t i) {
    if (i < b->rule_count) return &b->rules[i].hangs_on;
    return i < b->rule_count + b->set_count ? &b->sets[i - b->rule_count].hangs_on
                                            : &b->eccns_hang_on;
}

static bool list_hung(plm_book *b) {
    uint32_t all = b->rule_count + b->set_count + 1;
    b->hung_words = (all + 63) / 64;
    b->hung = plm_arena_array(b->arena, (size_t)DEP_BITS * b->hung_words, sizeof *b->hung);
    for (uint32_t bit = 0; b->hung && bit < DEP_BITS; bit++)
        for (uint32_t i = 0; i < all; i++)
            if (has_bit(nth(b, i), bit)) b->hung[bit * b->hung_words + i / 64] |= 1ull << (i % 64);
    return b->hung != NULL;
}

/* What the classes of an item and its code hang on, of its own facts.  The code that it is given
 * is asked through code sets, which have bits of their own. */
static bool list_class_facts(plm_book *b) {
    deps all = b->eccns_hang_on;
    for (uint32_t i = 0; i < b->rule_count; i++)
        if (b->rules[i].info.kind == PLM_RULE_CLASS) all = plm_dep_or(all, b->rules[i].hangs_on);
    b->class_facts = plm_arena_array(b->arena, b->fact_count + 1, sizeof *b->class_facts);
    for (uint32_t i = 0; b->class_facts && i < b->fact_count; i++)
        if (b->facts[i].info.scope == PLM_OF_ITEM &&
            (i == b->eccn_fact || b->fact_count > DEP_FACTS || has_bit(&all, i)))
            b->class_facts[b->class_fact_count++] = i;
    return b->class_facts != NULL;
}

/* Marks the parts of a total's number; a rule in it is read elsewhere too. */
static void mark_number(const plm_book *b, uint32_t at, bool *in_total) {
    const node *n = &b->nodes[at];
    in_total[at] = true;
    if (n->op >= NUM_ADD && n->op <= NUM_KNOWN) {
        mark_number(b, n->a, in_total);
        mark_number(b, n->b, in_total);
    }
}

static bool names_fact(const node *n) {
    return n->op == OP_FACT || n->op == OP_IN || n->op == OP_COUNTRY || n->op == OP_WORD ||
           n->op == OP_CODES || n->op == OP_NAMED || n->op == NUM_FACT;
}

static bool find_totals(plm_book *b) {
    bool *in_total = plm_arena_array(b->arena, b->node_count + 1, sizeof *in_total);
    if (!in_total) return false;
    for (uint32_t i = 0; i < b->node_count; i++)
        if (b->nodes[i].op == NUM_TOTAL) mark_number(b, b->nodes[i].a, in_total);
    for (uint32_t i = 0; i < b->fact_count; i++)
        b->facts[i].totals_only = b->facts[i].info.type == PLM_FACT_NUMBER;
    for (uint32_t i = 0; i < b->node_count; i++)
        if (names_fact(&b->nodes[i]) && !in_total[i]) b->facts[b->nodes[i].a].totals_only = false;
    return true;
}

bool plm_book_hang(plm_book *b) {
    for (uint32_t i = 0; i < b->rule_count; i++) of_rule(b, i);
    for (uint32_t i = 0; i < b->set_count; i++) b->sets[i].hangs_on = of_set(b, i);
    for (uint32_t i = 0; i < b->eccn_count; i++)
        b->eccns_hang_on = plm_dep_or(b->eccns_hang_on, of_node(b, b->eccns[i].cond));
    return find_totals(b) && list_class_facts(b) && list_hung(b);
}
