/* link.c: turns names into numbers and refuses what could not have one meaning: unknown names,
 * circles, scopes that don't fit, a test of a rule that isn't there. */
#include "rules/book.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct linker {
    plm_book *b;
    plm_fault *f;
    uint8_t *state;  /* per rule: 0 new, 1 on the path, 2 done */
    uint8_t *height; /* per rule done: rules through which it reaches */
    unsigned below;  /* the greatest height met under the rule at hand */
} linker;

static bool fail_rule(linker *l, const rule *r, const char *fmt, plm_str what) {
    char say[200], file[192];
    snprintf(file, sizeof file, "%.*s", PLM_FMT(r->info.file));
    snprintf(say, sizeof say, fmt, PLM_FMT(what));
    return plm_fail_at(l->f, PLM_BAD_INPUT, file, r->info.line, 1, "%.*s: %s",
                       PLM_FMT(r->info.name), say);
}

static int by_name(const void *a, const void *b, void *ctx) {
    const plm_book *k = ctx;
    return plm_str_cmp(k->rules[*(const plm_rule *)a].info.name,
                       k->rules[*(const plm_rule *)b].info.name);
}

plm_rule plm_book_find(const plm_book *b, plm_str name) {
    uint32_t lo = 0, hi = b->rule_count;
    while (lo < hi) {
        uint32_t mid = (lo + hi) / 2;
        int c = plm_str_cmp(b->rules[b->by_name[mid]].info.name, name);
        if (c == 0) return b->by_name[mid];
        if (c < 0) lo = mid + 1;
        else hi = mid;
    }
    return PLM_RULE_NONE;
}

static uint32_t find_group(const plm_book *b, plm_str name) {
    for (uint32_t i = 0; i < b->group_count; i++)
        if (plm_str_eq(b->groups[i].name, name)) return i;
    return UINT32_MAX;
}

static uint32_t find_set(const plm_book *b, plm_str name) {
    for (uint32_t i = 0; i < b->set_count; i++)
        if (plm_str_eq(b->sets[i].name, name)) return i;
    return UINT32_MAX;
}

static bool link_node(linker *l, uint32_t at, const rule *r, bool item, bool party);

static bool scope_fits(plm_scope s, bool item, bool party) {
    return (item || !plm_scope_has(s, PLM_OF_ITEM)) && (party || !plm_scope_has(s, PLM_OF_PARTY));
}

static bool link_fact(linker *l, uint32_t f, const rule *r, bool item, bool party) {
    if (scope_fits(l->b->facts[f].info.scope, item, party)) return true;
    return fail_rule(l, r, "the fact '%.*s' belongs to an item or party that is not at hand here;"
                     " use 'some item|party has (…)' or another scope", l->b->facts[f].info.name);
}

static bool link_rule_node(linker *l, node *n, const rule *r, bool item, bool party) {
    plm_str name = l->b->names[n->a];
    plm_rule k = plm_book_find(l->b, name);
    if (k == PLM_RULE_NONE)
        return fail_rule(l, r, "'%.*s' is neither a fact nor a rule; declare it or mend the"
                         " spelling", name);
    const rule *t = &l->b->rules[k];
    if (t->info.kind == PLM_RULE_NUMBER)
        return fail_rule(l, r, "'%.*s' is a number and needs a comparison", name);
    if (!scope_fits(t->info.scope, item, party))
        return fail_rule(l, r, "'%.*s' speaks of an item or party that is not at hand here", name);
    n->a = k;
    return true;
}

static bool link_named(linker *l, node *n, const rule *r, bool item, bool party) {
    plm_book *b = l->b;
    if (n->op == OP_RULE) return link_rule_node(l, n, r, item, party);
    if (n->op == OP_IN) {
        plm_str name = b->names[n->b];
        uint32_t g = find_group(b, name);
        if (g == UINT32_MAX) return fail_rule(l, r, "there is no country group '%.*s'", name);
        n->b = g;
        return link_fact(l, n->a, r, item, party);
    }
    if (n->op == OP_NAMED) {
        plm_str name = b->names[n->b];
        for (uint32_t i = 0; i < b->list_count; i++)
            if (plm_str_eq(b->lists[i].name, name)) {
                n->b = i;
                return link_fact(l, n->a, r, item, party);
            }
        return fail_rule(l, r, "there is no list of names '%.*s'", name);
    }
    if (n->op == OP_CODES) {
        plm_str of = b->names[n->b];
        uint32_t set = find_set(b, of);
        if (set == UINT32_MAX) return fail_rule(l, r, "there is no set of codes '%.*s'", of);
        n->b = set;
        return link_fact(l, n->a, r, item, party);
    }
    plm_str name = b->names[n->a];
    uint32_t s = find_set(b, name);
    if (s == UINT32_MAX) return fail_rule(l, r, "there is no set of codes '%.*s'", name);
    n->a = s;
    return item || fail_rule(l, r, "'eccn within %.*s' needs an item", name);
}

static bool link_node(linker *l, uint32_t at, const rule *r, bool item, bool party) {
    node *n = &l->b->nodes[at];
    switch (n->op) {
    case OP_AND: case OP_OR:
        for (uint32_t i = 0; i < n->n; i++)
            if (!link_node(l, l->b->kids[n->a + i], r, item, party)) return false;
        return true;
    case OP_NOT: return link_node(l, n->a, r, item, party);
    case OP_CMP: return link_node(l, n->a, r, item, party);
    case OP_FACT: case OP_COUNTRY: case OP_WORD: case NUM_FACT:
        return link_fact(l, n->a, r, item, party);
    case OP_IN: case OP_RULE: case OP_WITHIN: case OP_ASSERTED: case OP_NAMED:
    case OP_CODES:
        return link_named(l, n, r, item, party);
    case OP_SOME_PARTY: case OP_EVERY_PARTY: return link_node(l, n->a, r, item, true);
    case OP_SOME_ITEM: return link_node(l, n->a, r, true, party);
    case OP_SOME_PART:
        return item ? link_node(l, n->a, r, true, party)
                    : fail_rule(l, r, "%.*s needs an item", PLM_STR("some part"));
    case NUM_RULE:
        return scope_fits(l->b->rules[n->a].info.scope, item, party) ||
               fail_rule(l, r, "the number '%.*s' is not at hand here",
                         l->b->rules[n->a].info.name);
    case NUM_ADD: case NUM_SUB: case NUM_MUL: case NUM_DIV: case NUM_KNOWN:
        return link_node(l, n->a, r, item, party) && link_node(l, n->b, r, item, party);
    case NUM_TOTAL:
        return link_node(l, n->a, r, true, party) && link_node(l, n->b, r, true, party);
    default: return true;
    }
}

static bool no_circle(linker *l, plm_rule r);

static bool node_circle(linker *l, uint32_t at) {
    const node *n = &l->b->nodes[at];
    switch (n->op) {
    case OP_AND: case OP_OR:
        for (uint32_t i = 0; i < n->n; i++)
            if (!node_circle(l, l->b->kids[n->a + i])) return false;
        return true;
    case OP_NOT: case OP_CMP: case OP_SOME_PARTY: case OP_EVERY_PARTY: case OP_SOME_ITEM:
    case OP_SOME_PART: return node_circle(l, n->a);
    case OP_RULE: case NUM_RULE: return no_circle(l, n->a);
    case OP_WITHIN: /* the derived codes' conditions */
        for (uint32_t i = 0; i < l->b->eccn_count; i++)
            if (!node_circle(l, l->b->eccns[i].cond)) return false;
        return true;
    case NUM_ADD: case NUM_SUB: case NUM_MUL: case NUM_DIV: case NUM_TOTAL:
    case NUM_KNOWN: return node_circle(l, n->a) && node_circle(l, n->b);
    default: return true;
    }
}

static bool no_circle(linker *l, plm_rule r) {
    rule *k = &l->b->rules[r];
    if (l->state[r] == 2) {
        if (l->height[r] > l->below) l->below = l->height[r];
        return true;
    }
    if (l->state[r] == 1)
        return fail_rule(l, k, "'%.*s' depends on itself; a rule may not run in a circle",
                         k->info.name);
    unsigned beside = l->below;
    l->below = 0;
    l->state[r] = 1;
    bool ok = k->cond == NODE_NONE || node_circle(l, k->cond);
    for (uint32_t i = 0; ok && i < k->cond_count; i++) ok = node_circle(l, k->conds[i]);
    if (ok && l->below >= PLM_RULES_DEPTH_MAX)
        ok = fail_rule(l, k, "'%.*s' reaches through too many rules", k->info.name);
    l->height[r] = (uint8_t)(l->below + 1);
    if (l->height[r] > beside) beside = l->height[r];
    l->below = beside;
    l->state[r] = 2;
    return ok;
}

static bool link_names(linker *l, rule *r, const plm_str *names, uint32_t n, const plm_rule **out) {
    plm_rule *v = plm_arena_array(l->b->arena, n ? n : 1, sizeof *v);
    if (!v) return plm_fail(l->f, PLM_NO_MEMORY, "out of memory");
    for (uint32_t i = 0; i < n; i++)
        if ((v[i] = plm_book_find(l->b, names[i])) == PLM_RULE_NONE)
            return fail_rule(l, r, "there is no rule '%.*s'", names[i]);
    *out = v;
    return true;
}

static bool add_nodes(linker *l, node n, uint32_t *out) {
    plm_book *b = l->b;
    if (b->node_count && !(b->node_count & (b->node_count - 1))) {
        node *more = plm_arena_array(b->arena, b->node_count * 2, sizeof *more);
        if (!more) return plm_fail(l->f, PLM_NO_MEMORY, "out of memory");
        memcpy(more, b->nodes, b->node_count * sizeof *more);
        b->nodes = more;
    }
    b->nodes[b->node_count] = n;
    *out = b->node_count++;
    return true;
}

/* class := class and not note, for each class a note takes items out of. */
static bool apply_note(linker *l, plm_rule note) {
    rule *n = &l->b->rules[note];
    for (uint32_t i = 0; i < n->taken_count; i++) {
        plm_rule c = plm_book_find(l->b, n->taken_names[i]);
        if (c == PLM_RULE_NONE)
            return fail_rule(l, n, "there is no class '%.*s' to take items out of",
                             n->taken_names[i]);
        rule *k = &l->b->rules[c];
        uint32_t ref, neg, both, from = l->b->kid_count;
        if (!add_nodes(l, (node){.op = OP_RULE, .a = note}, &ref) ||
            !add_nodes(l, (node){.op = OP_NOT, .a = ref}, &neg))
            return false;
        uint32_t *kids = plm_arena_array(l->b->arena, (from + 2) * 2, sizeof *kids);
        if (!kids) return plm_fail(l->f, PLM_NO_MEMORY, "out of memory");
        if (from) memcpy(kids, l->b->kids, from * sizeof *kids);
        kids[from] = neg;
        kids[from + 1] = k->cond;
        l->b->kids = kids;
        l->b->kid_count = from + 2;
        if (!add_nodes(l, (node){.op = OP_AND, .a = from,
                                 .n = (uint16_t)(k->cond == NODE_NONE ? 1 : 2)}, &both))
            return false;
        k->cond = both;
    }
    return true;
}

static bool link_rule(linker *l, rule *r) {
    plm_rule_info *k = &r->info;
    bool item = plm_scope_has(k->scope, PLM_OF_ITEM);
    bool party = plm_scope_has(k->scope, PLM_OF_PARTY);
    if (r->cond != NODE_NONE && !link_node(l, r->cond, r, item, party)) return false;
    for (uint32_t i = 0; i < r->cond_count; i++)
        if (!link_node(l, r->conds[i], r, item, party)) return false;
    return link_names(l, r, r->lift_names, k->lift_count, &k->lifts) &&
           link_names(l, r, r->target_names, k->target_count, &k->targets);
}

static bool link_lifts_all(linker *l, rule *r) {
    plm_rule *v = plm_arena_array(l->b->arena, l->b->rule_count, sizeof *v);
    if (!v) return plm_fail(l->f, PLM_NO_MEMORY, "out of memory");
    uint32_t n = 0;
    for (uint32_t i = 0; i < l->b->rule_count; i++)
        if (l->b->rules[i].info.kind == PLM_RULE_REQUIREMENT && !l->b->rules[i].info.prohibits)
            v[n++] = i;
    r->info.lifts = v;
    r->info.lift_count = n;
    return true;
}

static bool link_test(linker *l, test *t) {
    if (!t->expect_name) return true;
    t->expect_rule = plm_arena_array(l->b->arena, t->expect_count, sizeof *t->expect_rule);
    if (!t->expect_rule) return plm_fail(l->f, PLM_NO_MEMORY, "out of memory");
    for (uint32_t i = 0; i < t->expect_count; i++) {
        t->expect_rule[i] = plm_book_find(l->b, t->expect_name[i]);
        if (t->expect_rule[i] == PLM_RULE_NONE) {
            char file[192];
            snprintf(file, sizeof file, "%.*s", PLM_FMT(t->file));
            return plm_fail_at(l->f, PLM_BAD_INPUT, file, t->line, 1,
                               "the test expects something of '%.*s', which is no rule",
                               PLM_FMT(t->expect_name[i]));
        }
    }
    return true;
}

static bool sort_names(linker *l) {
    plm_book *b = l->b;
    b->by_name = plm_arena_array(b->arena, b->rule_count + 1, sizeof *b->by_name);
    l->state = plm_arena_alloc(b->arena, b->rule_count + 1);
    l->height = plm_arena_alloc(b->arena, b->rule_count + 1);
    if (!b->by_name || !l->state || !l->height)
        return plm_fail(l->f, PLM_NO_MEMORY, "out of memory");
    for (uint32_t i = 0; i < b->rule_count; i++) b->by_name[i] = i;
    if (b->rule_count) qsort_r(b->by_name, b->rule_count, sizeof *b->by_name, by_name, b);
    return true;
}

/* Membership of every derived code in every set, once. */
static bool link_eccns(linker *l) {
    plm_book *b = l->b;
    static const rule derived = {.info = {.name = {"derived-eccn", 12}, .scope = PLM_OF_ITEM}};
    for (uint32_t i = 0; i < b->eccn_count; i++) {
        eccn_clause *c = &b->eccns[i];
        if (!link_node(l, c->cond, &derived, true, false)) return false;
        c->in = plm_arena_array(b->arena, b->set_count + 1, sizeof *c->in);
        if (!c->in) return plm_fail(l->f, PLM_NO_MEMORY, "out of memory");
        for (uint32_t s = 0; s < b->set_count; s++) c->in[s] = plm_code_within(&c->c, &b->sets[s]);
    }
    return true;
}

bool plm_book_link(plm_book *b, plm_fault *f) {
    linker l = {.b = b, .f = f};
    if (!plm_book_lay(b)) return plm_fail(f, PLM_NO_MEMORY, "out of memory");
    if (!sort_names(&l)) return false;
    for (uint32_t i = 0; i < b->rule_count; i++) {
        if (!link_rule(&l, &b->rules[i])) return false;
        if (b->rules[i].lifts_all && !link_lifts_all(&l, &b->rules[i])) return false;
    }
    if (!link_eccns(&l)) return false;
    for (uint32_t i = 0; i < b->rule_count; i++)
        if (b->rules[i].info.kind == PLM_RULE_NOTE && !apply_note(&l, i)) return false;
    for (uint32_t i = 0; i < b->rule_count; i++)
        if (!no_circle(&l, i)) return false;
    if (!plm_book_hang(b) || !plm_book_number_leaves(b) || !plm_book_list_days(b))
        return plm_fail(f, PLM_NO_MEMORY, "out of memory");
    for (uint32_t i = 0; i < b->test_count; i++)
        if (!link_test(&l, &b->tests[i])) return false;
    return true;
}
