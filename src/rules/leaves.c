/* leaves.c: numbers what an unknown can hang on, so that two nodes that ask the same are one. */
#include "rules/book.h"

#include <string.h>

typedef struct numbering {
    plm_book *b;
    uint32_t *slots, mask; /* open addressing: leaf numbers, 0 free */
} numbering;

static uint32_t find_or_add(numbering *s, leaf_info l) {
    plm_book *b = s->b;
    uint64_t h = (((uint64_t)l.kind << 58) ^ ((uint64_t)l.a << 29) ^ l.b) * 0x9E3779B97F4A7C15u;
    uint32_t i = (uint32_t)(h >> 32) & s->mask;
    for (; s->slots[i]; i = (i + 1) & s->mask) {
        const leaf_info *k = &b->leaves[s->slots[i]];
        if (k->kind == l.kind && k->a == l.a && k->b == l.b) return s->slots[i];
    }
    b->leaves[++b->leaf_count] = l;
    return s->slots[i] = b->leaf_count;
}

/* What a comparison's unknown belongs to: the fact's or the rule's entity. */
static plm_scope cmp_scope(const plm_book *b, const node *n) {
    const node *v = &b->nodes[n->a];
    return v->op == NUM_FACT ? b->facts[v->a].info.scope
         : v->op == NUM_RULE ? b->rules[v->a].info.scope : PLM_OF_ITEM_AND_PARTY;
}

static leaf_info of_fact(const plm_book *b, leaf_kind kind, uint32_t id, uint32_t other) {
    return (leaf_info){(uint8_t)kind, (uint8_t)b->facts[id].info.scope, id, other};
}

static leaf_info of_node(const plm_book *b, uint32_t at) {
    const node *n = &b->nodes[at];
    switch (n->op) {
    case OP_FACT: return of_fact(b, LEAF_FACT, n->a, 0);
    case OP_IN: return of_fact(b, LEAF_IN, n->a, n->b);
    case OP_COUNTRY: return of_fact(b, LEAF_COUNTRY, n->a, n->b);
    case OP_WORD: return of_fact(b, LEAF_WORD, n->a, n->b);
    case OP_NAMED: return of_fact(b, LEAF_NAMED, n->a, n->b);
    case OP_CODES: return of_fact(b, LEAF_CODES, n->a, n->b);
    case OP_CMP: return (leaf_info){LEAF_CMP, (uint8_t)cmp_scope(b, n), at, 0};
    case OP_OPEN: return (leaf_info){LEAF_OPEN, PLM_OF_TRANSACTION, n->a, 0};
    case OP_SOME_PART: return (leaf_info){LEAF_CONTENTS, PLM_OF_ITEM_AND_PARTY, at, 0};
    default: return (leaf_info){0};
    }
}

bool plm_book_number_leaves(plm_book *b) {
    uint32_t codes = b->set_count * (b->eccn_count + 1), size = 1024;
    while (size < 2 * b->node_count) size *= 2;
    numbering s = {.b = b, .mask = size - 1};
    s.slots = plm_arena_array(b->arena, size, sizeof *s.slots);
    b->leaf_of = plm_arena_array(b->arena, b->node_count + 1, sizeof *b->leaf_of);
    b->leaves = plm_arena_array(b->arena, (size_t)b->node_count + codes + b->rule_count + 2,
                                sizeof *b->leaves);
    if (!s.slots || !b->leaf_of || !b->leaves) return false;
    for (uint32_t i = 0; i < b->node_count; i++) {
        leaf_info l = of_node(b, i);
        if (l.kind) b->leaf_of[i] = find_or_add(&s, l);
    }
    b->code_leaf = b->leaf_count + 1;
    for (uint32_t i = 0; i < codes; i++)
        b->leaves[++b->leaf_count] = (leaf_info){LEAF_CODE, PLM_OF_ITEM, i / (b->eccn_count + 1),
                                                 i % (b->eccn_count + 1)};
    b->force_leaf = b->leaf_count + 1;
    for (uint32_t i = 0; i < b->rule_count; i++)
        b->leaves[++b->leaf_count] = (leaf_info){LEAF_FORCE, PLM_OF_TRANSACTION, i, 0};
    return true;
}
