/* prove.c: reasoning by cases.  A question that three-valued logic leaves unknown is asked again
 * with the unknown it hangs on settled each way; a comparison so settled narrows its fact, so a
 * threshold cuts an interval into finitely many cells.  The worlds tried cover every way the
 * unknowns can turn out (and may hold more: that only leaves more unknown, never less).
 * It stops as soon as both answers are seen, or at PLM_RULES_CASES_MAX evaluations. */
#include "rules/world.h"

#include <stdio.h>
#include <string.h>

typedef struct search {
    plm_question ask;
    void *ctx;
    uint32_t left, leaves;
    bool yes, no, gave_up;
    bool only_yes; /* nothing but PLM_YES matters: the first no ends it */
} search;

static void cases(plm_facts *w, search *s) {
    if (s->left == 0) {
        s->gave_up = true;
        return;
    }
    s->left--;
    plm_truth t = s->ask(w, s->ctx);
    if (t != PLM_UNKNOWN) {
        s->leaves++;
        if (t == PLM_YES) s->yes = true;
        else s->no = true;
        return;
    }
    leaf l = w->why;
    static const plm_truth ways[] = {PLM_NO, PLM_YES};
    for (int i = 0; i < 2 && !s->gave_up && !(s->no && (s->yes || s->only_yes)); i++) {
        if (l == 0 || !settle(w, l, ways[i])) {
            s->gave_up = true;
            return;
        }
        cases(w, s);
        unsettle(w);
    }
}

plm_truth plm_facts_prove(plm_facts *w, plm_question ask, void *ctx, uint32_t limit, uint32_t *n,
                          bool *gave_up) {
    search s = {.ask = ask, .ctx = ctx, .left = limit};
    if (s.left > PLM_RULES_CASES_MAX) s.left = PLM_RULES_CASES_MAX;
    cases(w, &s);
    if (n) *n = s.leaves;
    if (gave_up) *gave_up = s.gave_up;
    if (s.gave_up || (s.yes && s.no)) return PLM_UNKNOWN;
    return s.yes ? PLM_YES : PLM_NO;
}

bool plm_facts_holds(plm_facts *w, plm_question ask, void *ctx, uint32_t limit) {
    search s = {.ask = ask, .ctx = ctx, .only_yes = true,
                .left = limit < PLM_RULES_CASES_MAX ? limit : PLM_RULES_CASES_MAX};
    cases(w, &s);
    return s.yes && !s.no && !s.gave_up;
}

plm_why plm_facts_why(const plm_facts *w) {
    return (plm_why){{(uint32_t)w->why, (uint32_t)(w->why >> 32), 0, 0, 0}};
}

static leaf leaf_from(const uint32_t key[5]) { return (leaf)key[1] << 32 | key[0]; }

void plm_facts_set_why(plm_facts *w, plm_why y) { w->why = leaf_from(y.key); }

static void say_cmp(const plm_book *b, uint32_t at, char *out, size_t n) {
    const node *c = &b->nodes[at], *v = &b->nodes[c->a];
    char t[PLM_DEC_TEXT];
    plm_dec_print(b->decs[c->b], t);
    plm_str name = v->op == NUM_FACT ? b->facts[v->a].info.name
                 : v->op == NUM_RULE ? b->rules[v->a].info.name : PLM_STR("the total");
    snprintf(out, n, "%.*s %s %s", PLM_FMT(name), plm_rel_name((plm_rel)c->rel), t);
}

static void say_leaf(const plm_book *b, const leaf_info *l, char *out, size_t n) {
    char c[3];
    switch (l->kind) {
    case LEAF_CMP: say_cmp(b, l->a, out, n); break;
    case LEAF_FACT: snprintf(out, n, "%.*s", PLM_FMT(b->facts[l->a].info.name)); break;
    case LEAF_IN:
        snprintf(out, n, "%.*s in %.*s", PLM_FMT(b->facts[l->a].info.name),
                 PLM_FMT(b->groups[l->b].name));
        break;
    case LEAF_COUNTRY:
        plm_country_print((plm_country)l->b, c);
        snprintf(out, n, "%.*s is %s", PLM_FMT(b->facts[l->a].info.name), c);
        break;
    case LEAF_WORD:
        snprintf(out, n, "%.*s is %.*s", PLM_FMT(b->facts[l->a].info.name),
                 PLM_FMT(b->facts[l->a].words[l->b - 1]));
        break;
    case LEAF_CODE: snprintf(out, n, "eccn within %.*s", PLM_FMT(b->sets[l->a].name)); break;
    case LEAF_CODES:
        snprintf(out, n, "%.*s within %.*s", PLM_FMT(b->facts[l->a].info.name),
                 PLM_FMT(b->sets[l->b].name));
        break;
    case LEAF_NAMED:
        snprintf(out, n, "%.*s among %.*s", PLM_FMT(b->facts[l->a].info.name),
                 PLM_FMT(b->lists[l->b].name));
        break;
    case LEAF_FORCE:
        snprintf(out, n, "whether %.*s is in force", PLM_FMT(b->rules[l->a].info.name));
        break;
    case LEAF_CONTENTS: snprintf(out, n, "what else the item contains"); break;
    default: snprintf(out, n, "how the text is read"); break;
    }
}

typedef struct collect {
    plm_open *out;
    size_t n, max;
    uint32_t left;
} collect;

static void put(plm_facts *w, collect *c, leaf l, int32_t id, plm_rule r) {
    uint32_t key[5] = {(uint32_t)l, (uint32_t)(l >> 32), 0, 0, 0};
    for (size_t i = 0; i < c->n; i++)
        if (memcmp(c->out[i].key, key, sizeof key) == 0 && c->out[i].fact == id) return;
    if (c->n == c->max) return;
    plm_open *o = &c->out[c->n++];
    *o = (plm_open){.fact = id, .rule = r, .item = leaf_item(l), .party = leaf_party(l)};
    memcpy(o->key, key, sizeof key);
    say_leaf(w->book, leaf_kind_of(w->book, l), o->says, sizeof o->says);
}

/* One entry for each fact of a number that is not known to the point. */
static void put_number(plm_facts *w, collect *c, leaf l, uint32_t at) {
    const node *n = &w->book->nodes[at];
    if (n->op == NUM_FACT) {
        if (!plm_iv_is_point(*world_iv(w, n->a, leaf_item(l), leaf_party(l))))
            put(w, c, l, (int32_t)n->a, PLM_RULE_NONE);
    } else if (n->op == NUM_RULE) {
        put_number(w, c, l, w->book->rules[n->a].cond);
    } else if (n->op == NUM_TOTAL) {
        for (uint32_t i = 0; i < w->items; i++) {
            if (w->places[i].parent >= 0) continue;
            put_number(w, c, leaf_make(leaf_id(l), (int32_t)i, leaf_party(l)), n->a);
        }
    } else if (n->op == NUM_KNOWN) {
        const val *v = world_val(w, w->book->nodes[n->a].a, leaf_item(l), leaf_party(l));
        if (!v->known) put_number(w, c, l, n->b);
        put(w, c, l, (int32_t)w->book->nodes[n->a].a, PLM_RULE_NONE);
    } else if (n->op >= NUM_ADD && n->op <= NUM_DIV) {
        put_number(w, c, l, n->a);
        put_number(w, c, l, n->b);
    }
}

static void put_leaf(plm_facts *w, collect *c, leaf l) {
    const leaf_info *k = leaf_kind_of(w->book, l);
    switch (k->kind) {
    case LEAF_CMP: put_number(w, c, l, w->book->nodes[k->a].a); break;
    case LEAF_FACT: case LEAF_IN: case LEAF_COUNTRY: case LEAF_WORD: case LEAF_NAMED:
    case LEAF_CODES:
        put(w, c, l, (int32_t)k->a, PLM_RULE_NONE);
        break;
    case LEAF_CODE: put(w, c, l, (int32_t)w->book->eccn_fact, PLM_RULE_NONE); break;
    case LEAF_FORCE: put(w, c, l, -1, k->a); break;
    default: put(w, c, l, -1, PLM_RULE_NONE); break;
    }
}

static void gather(plm_facts *w, collect *c, plm_question ask, void *ctx) {
    if (c->left == 0 || c->n == c->max) return;
    c->left--;
    if (ask(w, ctx) != PLM_UNKNOWN) return;
    leaf l = w->why;
    put_leaf(w, c, l);
    for (int i = 0; i < 2; i++) {
        if (!settle(w, l, i ? PLM_YES : PLM_NO)) return;
        gather(w, c, ask, ctx);
        unsettle(w);
    }
}

size_t plm_facts_open(plm_facts *w, plm_question ask, void *ctx, plm_open *out, size_t max) {
    collect c = {.out = out, .max = max, .left = 128};
    gather(w, &c, ask, ctx);
    return c.n;
}

bool plm_facts_settle(plm_facts *w, const plm_open *o, plm_truth t) {
    return settle(w, leaf_from(o->key), t);
}

void plm_facts_unsettle(plm_facts *w) { unsettle(w); }
