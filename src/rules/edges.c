/* edges.c: where a book's answers can change: thresholds of numbers, days of its clocks. */
#include "rules/book.h"

#include <stdlib.h>

/* Is the number a quotient whose divisor is the fact? */
static bool divides_by(const plm_book *b, uint32_t at, uint32_t id) {
    const node *n = &b->nodes[at];
    if (n->op == NUM_RULE) return divides_by(b, b->rules[n->a].cond, id);
    if (n->op == NUM_KNOWN) return divides_by(b, n->b, id);
    return n->op == NUM_DIV && b->nodes[n->b].op == NUM_FACT && b->nodes[n->b].a == id;
}

size_t plm_book_thresholds(const plm_book *b, uint32_t id, bool divisor, plm_dec *out, size_t max) {
    size_t n = 0;
    for (uint32_t i = 0; i < b->node_count; i++) {
        const node *c = &b->nodes[i];
        if (c->op != OP_CMP) continue;
        const node *v = &b->nodes[c->a];
        bool own = v->op == NUM_FACT && v->a == id;
        if (divisor ? !divides_by(b, c->a, id) : !own) continue;
        bool seen = false;
        for (size_t k = 0; k < n && !seen; k++) seen = plm_dec_cmp(out[k], b->decs[c->b]) == 0;
        if (!seen && n < max) out[n++] = b->decs[c->b];
    }
    return n;
}

static int by_day(const void *a, const void *b) {
    plm_day x = *(const plm_day *)a, y = *(const plm_day *)b;
    return (x > y) - (x < y);
}

static size_t put(plm_day *out, size_t n, size_t max, plm_day from, plm_day to) {
    if (from != PLM_DAY_MIN && n < max) out[n++] = from;
    if (to != PLM_DAY_MAX && n < max) out[n++] = to + 1;
    return n;
}

size_t plm_book_days(const plm_book *b, plm_day *out, size_t max) {
    size_t n = 0, kept = 0;
    for (uint32_t i = 0; i < b->rule_count; i++)
        for (uint32_t k = 0; k < b->rules[i].clock_count; k++)
            n = put(out, n, max, b->rules[i].clocks[k].s.from, b->rules[i].clocks[k].s.to);
    for (uint32_t i = 0; i < b->group_count; i++)
        for (uint32_t k = 0; k < b->groups[i].count; k++)
            n = put(out, n, max, b->groups[i].members[k].from, b->groups[i].members[k].to);
    for (uint32_t i = 0; i < b->list_count; i++)
        for (uint32_t k = 0; k < b->lists[i].count; k++)
            n = put(out, n, max, b->lists[i].v[k].from, b->lists[i].v[k].to);
    if (n) qsort(out, n, sizeof *out, by_day);
    for (size_t i = 0; i < n; i++)
        if (!kept || out[kept - 1] != out[i]) out[kept++] = out[i];
    return kept;
}
