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

typedef struct days {
    plm_day *v;
    size_t n, max;
} days;

static void add(days *d, plm_day from, plm_day to) { d->n = put(d->v, d->n, d->max, from, to); }

/* Sorted, each once; how many are left. */
static uint32_t settle(days *d) {
    uint32_t kept = 0;
    if (d->n) qsort(d->v, d->n, sizeof *d->v, by_day);
    for (size_t i = 0; i < d->n; i++)
        if (!kept || d->v[kept - 1] != d->v[i]) d->v[kept++] = d->v[i];
    return kept;
}

static size_t count_days(const plm_book *b) {
    size_t n = 0;
    for (uint32_t i = 0; i < b->rule_count; i++) n += 4 * (size_t)b->rules[i].clock_count;
    for (uint32_t i = 0; i < b->group_count; i++) n += 2 * (size_t)b->groups[i].count;
    for (uint32_t i = 0; i < b->list_count; i++) n += 2 * (size_t)b->lists[i].count;
    return n;
}

/* Every day that view.c and the lists of names compare either date with. */
bool plm_book_list_days(plm_book *b) {
    days as_of = {.max = count_days(b)}, known = {.max = as_of.max};
    as_of.v = plm_arena_array(b->arena, as_of.max + 1, sizeof *as_of.v);
    known.v = plm_arena_array(b->arena, known.max + 1, sizeof *known.v);
    if (!as_of.v || !known.v) return false;
    for (uint32_t i = 0; i < b->rule_count; i++)
        for (uint32_t k = 0; k < b->rules[i].clock_count; k++) {
            const span *s = &b->rules[i].clocks[k].s;
            add(&as_of, s->from, s->to);
            add(&known, s->announced, PLM_DAY_MAX);
            add(&known, s->ended, PLM_DAY_MAX);
        }
    for (uint32_t i = 0; i < b->group_count; i++)
        for (uint32_t k = 0; k < b->groups[i].count; k++) {
            add(&as_of, b->groups[i].members[k].from, b->groups[i].members[k].to);
            add(&known, b->groups[i].members[k].from, b->groups[i].members[k].to);
        }
    for (uint32_t i = 0; i < b->list_count; i++)
        for (uint32_t k = 0; k < b->lists[i].count; k++) {
            add(&as_of, b->lists[i].v[k].from, b->lists[i].v[k].to);
            add(&known, b->lists[i].v[k].from, PLM_DAY_MAX);
        }
    b->as_of_days = as_of.v;
    b->as_of_count = settle(&as_of);
    b->known_days = known.v;
    b->known_count = settle(&known);
    return true;
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
