/* explain.c: the tree of a conclusion, and the margins it rests on.  Only what decides is shown:
 * of a false AND the parts that are false, of a true OR the first part that is true. */
#include "rules/world.h"

#include <stdio.h>
#include <string.h>

typedef struct tree {
    plm_facts *w;
    plm_buf *out;
    int depth;
    bool begun; /* the line's indentation is written already */
} tree;

static void put(plm_buf *out, plm_str s) { plm_buf_put(out, s.p, s.n); }

/* A line begins: its truth, and what it is of. */
static void put_truth(tree *t, plm_truth r, plm_str of) {
    static const char names[][8] = {"false", "unknown", "true"};
    static const unsigned char length[] = {5, 7, 4};
    size_t lead = t->begun ? 0 : 2 * (size_t)t->depth, n = length[r];
    t->begun = false;
    char *p = plm_buf_room(t->out, lead + n + of.n);
    if (!p) return;
    memset(p, ' ', lead);
    memcpy(p + lead, names[r], n);
    if (of.n) memcpy(p + lead + n, of.p, of.n);
    t->out->n += lead + n + of.n;
}

static void put_dec(plm_buf *out, plm_dec d) {
    char *p = plm_buf_room(out, PLM_DEC_TEXT);
    if (p) out->n += plm_dec_print(d, p);
}

/* What was put together in w->said, kept in *at from now on. */
static plm_str keep(plm_facts *w, plm_arena *a, plm_str *at) {
    plm_str s = plm_buf_str(&w->said), kept = plm_arena_copy(a, s);
    if (kept.p) *at = kept;
    return s;
}

static void say_iv(plm_buf *out, plm_iv v, bool point) {
    if (point) {
        put_dec(out, v.lo);
    } else if (v.no_hi && (v.no_lo || plm_dec_is_zero(v.lo))) {
        plm_buf_puts(out, "not known");
    } else if (v.no_hi) {
        plm_buf_puts(out, "at least ");
        put_dec(out, v.lo);
    } else if (v.no_lo) {
        plm_buf_puts(out, "at most ");
        put_dec(out, v.hi);
    } else {
        put_dec(out, v.lo);
        plm_buf_puts(out, " to ");
        put_dec(out, v.hi);
    }
}

static void say_margin(plm_buf *out, plm_dec v, plm_dec t) {
    plm_dec d;
    int c = plm_dec_cmp(v, t);
    if (c == 0) {
        plm_buf_puts(out, ", exactly at the limit");
        return;
    }
    if (!(c > 0 ? plm_dec_sub(v, t, &d) : plm_dec_sub(t, v, &d))) return;
    plm_buf_puts(out, ", ");
    put_dec(out, d);
    plm_buf_puts(out, c > 0 ? " above the limit" : " below the limit");
}

static plm_iv value_of(plm_facts *w, uint32_t at, int32_t item, int32_t party) {
    const node *n = &w->book->nodes[at];
    if (n->op == NUM_FACT) return *world_iv(w, n->a, item, party);
    numval x = ask_number(w, at, item, party);
    if (!x.ratio) return x.num;
    plm_iv r = {.no_lo = x.num.no_lo || x.den.no_hi, .no_hi = x.num.no_hi};
    if (!r.no_lo && !plm_dec_div(x.num.lo, x.den.hi, false, &r.lo)) r.no_lo = true;
    if (!r.no_hi && !plm_dec_div(x.num.hi, x.den.lo, false, &r.hi)) r.no_hi = true;
    return r;
}

static plm_str number_name(const plm_book *b, const node *v) {
    if (v->op == NUM_FACT) return b->facts[v->a].info.name;
    if (v->op == NUM_RULE) return b->rules[v->a].info.name;
    return PLM_STR("total");
}

/* What a condition says after its truth; where a value is shown, as far as that. */
static void say_node(plm_buf *out, const plm_book *b, const node *n) {
    char text[PLM_DEC_TEXT];
    plm_str name = n->op == OP_WITHIN || n->op == OP_ASSERTED ? PLM_STR("eccn")
                 : n->op == OP_CMP ? number_name(b, &b->nodes[n->a]) : b->facts[n->a].info.name;
    plm_buf_printf(out, ": %.*s", PLM_FMT(name));
    switch (n->op) {
    case OP_CMP:
        plm_dec_print(b->decs[n->b], text);
        plm_buf_printf(out, " %s %s (value ", plm_rel_name((plm_rel)n->rel), text);
        break;
    case OP_IN: plm_buf_printf(out, " in %.*s (value ", PLM_FMT(b->groups[n->b].name)); break;
    case OP_COUNTRY:
        plm_country_print((plm_country)n->b, text);
        plm_buf_printf(out, " is %s (value ", text);
        break;
    case OP_WORD:
        plm_buf_printf(out, " is %.*s (value ", PLM_FMT(b->facts[n->a].words[n->b - 1]));
        break;
    case OP_WITHIN: case OP_ASSERTED:
        plm_buf_printf(out, " within %.*s (value ", PLM_FMT(b->sets[n->a].name));
        break;
    case OP_CODES: plm_buf_printf(out, " within %.*s\n", PLM_FMT(b->sets[n->b].name)); break;
    case OP_NAMED: plm_buf_printf(out, " among %.*s\n", PLM_FMT(b->lists[n->b].name)); break;
    default: plm_buf_putc(out, '\n'); break;
    }
}

static plm_str text_of(plm_facts *w, uint32_t at) {
    if (w->node_text[at].p) return w->node_text[at];
    plm_buf_clear(&w->said);
    say_node(&w->said, w->book, &w->book->nodes[at]);
    return keep(w, w->texts, &w->node_text[at]);
}

static void say_rule(plm_facts *w, plm_rule id) {
    const plm_rule_info *k = &w->book->rules[id].info;
    plm_buf *out = &w->said;
    plm_buf_clear(out);
    plm_buf_printf(out, ": %.*s", PLM_FMT(k->name));
    if (k->title.n) plm_buf_printf(out, " \"%.*s\"", PLM_FMT(k->title));
    if (k->cite.n) plm_buf_printf(out, " [%.*s]", PLM_FMT(k->cite));
    if (w->book->rules[id].clock_count) {
        plm_buf_puts(out, " {");
        plm_view_say(w->view, id, out);
        plm_buf_puts(out, "}");
    }
    plm_buf_putc(out, '\n');
}

/* A rule's line, which its clocks make one of the view's. */
static plm_str text_of_rule(plm_facts *w, plm_rule id) {
    program *p = w->program;
    bool clocks = w->book->rules[id].clock_count > 0;
    plm_str *at = !clocks ? &w->rule_text[id] : p ? &p->rule_text[id] : NULL;
    if (at && at->p) return *at;
    say_rule(w, id);
    return at ? keep(w, clocks ? p->arena : w->texts, at) : plm_buf_str(&w->said);
}

static void show_cmp(tree *t, uint32_t at, int32_t item, int32_t party) {
    const plm_book *b = t->w->book;
    const node *n = &b->nodes[at];
    plm_iv v = value_of(t->w, n->a, item, party);
    bool point = plm_iv_is_point(v);
    say_iv(t->out, v, point);
    if (point) say_margin(t->out, v.lo, b->decs[n->b]);
}

static void show(tree *t, uint32_t at, plm_truth r, int32_t item, int32_t party);
static void show_rule(tree *t, plm_rule r, plm_truth v, int32_t item, int32_t party);

static void show_list(tree *t, const node *n, plm_truth r, int32_t item, int32_t party) {
    bool all = n->op == OP_AND ? r == PLM_YES : r == PLM_NO;
    put_truth(t, r, n->op == OP_OR && all ? PLM_STR(": none of these\n")
                    : n->op == OP_AND     ? PLM_STR(": all of these\n")
                                          : PLM_STR(": one of these\n"));
    t->depth++;
    for (uint32_t i = 0; i < n->n; i++) {
        uint32_t kid = t->w->book->kids[n->a + i];
        plm_truth k = ask_node(t->w, kid, item, party);
        if (!all && k != r) continue;
        show(t, kid, k, item, party);
        if (!all && r != PLM_UNKNOWN) break;
    }
    t->depth--;
}

static void show_some(tree *t, const node *n, plm_truth r, int32_t item, int32_t party) {
    plm_facts *w = t->w;
    bool people = n->op == OP_SOME_PARTY || n->op == OP_EVERY_PARTY;
    bool every = n->op == OP_EVERY_PARTY;
    const char *what = people ? "party" : n->op == OP_SOME_PART ? "part" : "item";
    put_truth(t, r, every                   ? PLM_STR(": every party has\n")
                    : people                ? PLM_STR(": some party has\n")
                    : n->op == OP_SOME_PART ? PLM_STR(": some part has\n")
                                            : PLM_STR(": some item has\n"));
    bool stop = r == (every ? PLM_NO : PLM_YES);
    if (!stop && r != PLM_UNKNOWN) return; /* it holds (or fails) for each: nothing stands out */
    t->depth++;
    for (uint32_t i = 0; i < (people ? w->parties : w->items); i++) {
        if (n->op == OP_SOME_PART && !world_part_of(w, i, item)) continue;
        if (n->op == OP_SOME_ITEM && w->places[i].parent >= 0) continue;
        int32_t it = people ? item : (int32_t)i, pa = people ? (int32_t)i : party;
        if (ask_node(w, n->a, it, pa) != r) continue;
        plm_buf_printf(t->out, "%*s[%s %u] ", 2 * t->depth, "", what, i);
        t->begun = true;
        show(t, n->a, r, it, pa);
        if (stop) break;
    }
    t->depth--;
}

/* The value that a leaf was asked of. */
static void show_value(tree *t, uint32_t at, int32_t item, int32_t party) {
    const plm_book *b = t->w->book;
    const node *n = &b->nodes[at];
    if (n->op == OP_CMP) {
        show_cmp(t, at, item, party);
    } else if (n->op == OP_WITHIN || n->op == OP_ASSERTED) {
        plm_str e = plm_facts_eccn(t->w, item);
        put(t->out, e.n ? e : PLM_STR("not known"));
    } else {
        const val *v = world_val(t->w, n->a, item, party);
        char country[3];
        if (!v->known) {
            plm_buf_puts(t->out, "not known");
        } else if (n->op == OP_WORD) {
            put(t->out, b->facts[n->a].words[v->word - 1]);
        } else {
            plm_country_print(v->word, country);
            plm_buf_put(t->out, country, 2);
        }
    }
    plm_buf_put(t->out, ")\n", 2);
}

/* The condition whose answer is r. */
static void show(tree *t, uint32_t at, plm_truth r, int32_t item, int32_t party) {
    const node *n = &t->w->book->nodes[at];
    switch (n->op) {
    case OP_AND: case OP_OR: show_list(t, n, r, item, party); break;
    case OP_NOT:
        put_truth(t, r, PLM_STR(": not\n"));
        t->depth++;
        show(t, n->a, plm_not(r), item, party);
        t->depth--;
        break;
    case OP_FACT: case OP_CODES: case OP_NAMED: put_truth(t, r, text_of(t->w, at)); break;
    case OP_CMP: case OP_IN: case OP_COUNTRY: case OP_WORD: case OP_WITHIN: case OP_ASSERTED:
        put_truth(t, r, text_of(t->w, at));
        show_value(t, at, item, party);
        break;
    case OP_RULE: show_rule(t, n->a, r, item, party); break;
    case OP_SOME_PARTY: case OP_EVERY_PARTY: case OP_SOME_PART: case OP_SOME_ITEM:
        show_some(t, n, r, item, party);
        break;
    case OP_OPEN: put_truth(t, PLM_UNKNOWN, PLM_STR(": how the text is read\n")); break;
    default: put_truth(t, r, PLM_STR("\n")); break;
    }
}

static void show_rule(tree *t, plm_rule id, plm_truth v, int32_t item, int32_t party) {
    const rule *r = &t->w->book->rules[id];
    put_truth(t, v, text_of_rule(t->w, id));
    if (t->w->view->force[id] == PLM_NO || r->cond == NODE_NONE) return;
    int32_t i = plm_scope_has(r->info.scope, PLM_OF_ITEM) ? item : -1;
    int32_t p = plm_scope_has(r->info.scope, PLM_OF_PARTY) ? party : -1;
    t->depth++;
    /* the condition's own answer: while it is open whether the rule is in force, not the rule's */
    plm_truth own = t->w->view->force[id] == PLM_YES ? v : ask_node(t->w, r->cond, i, p);
    show(t, r->cond, own, i, p);
    t->depth--;
}

bool plm_facts_explain(plm_facts *w, plm_rule r, int32_t item, int32_t party, int depth,
                       plm_buf *out) {
    tree t = {.w = w, .out = out, .depth = depth};
    show_rule(&t, r, ask_rule(w, r, item, party), item, party);
    return !out->full;
}

typedef struct margins {
    const plm_facts *w;
    uint32_t node[MARGINS_KEPT], n;
} margins;

static void add_margin(margins *m, uint32_t at) {
    const plm_book *b = m->w->book;
    const node *n = &b->nodes[at], *v = &b->nodes[n->a];
    if ((v->op != NUM_FACT && v->op != NUM_RULE) || m->n == MARGINS_KEPT) return;
    for (uint32_t i = 0; i < m->n; i++) {
        const node *c = &b->nodes[m->node[i]], *x = &b->nodes[c->a];
        if (x->op == v->op && x->a == v->a && plm_dec_cmp(b->decs[c->b], b->decs[n->b]) == 0)
            return;
    }
    m->node[m->n++] = at;
}

static void find_margins(margins *m, uint32_t at) {
    const plm_book *b = m->w->book;
    const node *n = &b->nodes[at];
    if (n->op == OP_AND || n->op == OP_OR) {
        for (uint32_t i = 0; i < n->n; i++) find_margins(m, b->kids[n->a + i]);
    } else if (n->op == OP_NOT) {
        find_margins(m, n->a);
    } else if (n->op == OP_RULE) {
        if (m->w->view->force[n->a] != PLM_NO && b->rules[n->a].cond != NODE_NONE)
            find_margins(m, b->rules[n->a].cond);
    } else if (n->op == OP_CMP) {
        add_margin(m, at);
    }
}

/* Which comparisons: the same for every case of a view. */
static void list_margins(plm_facts *w, plm_rule r, margins *m) {
    margin_list *kept = w->program ? &w->program->margins[r] : NULL;
    if (kept && kept->known) {
        m->n = kept->n;
        if (kept->n) memcpy(m->node, kept->node, kept->n * sizeof *kept->node);
        return;
    }
    if (w->book->rules[r].cond != NODE_NONE && w->view->force[r] != PLM_NO)
        find_margins(m, w->book->rules[r].cond);
    if (!kept) return;
    kept->node = plm_arena_array(w->program->arena, m->n + 1, sizeof *kept->node);
    if (!kept->node) return;
    memcpy(kept->node, m->node, m->n * sizeof *kept->node);
    kept->n = m->n;
    kept->known = true;
}

size_t plm_facts_margins(plm_facts *w, plm_rule r, int32_t item, int32_t party, plm_margin *out,
                         size_t max) {
    const plm_book *b = w->book;
    margins m = {.w = w};
    list_margins(w, r, &m);
    size_t n = 0;
    for (; n < m.n && n < max; n++) {
        const node *c = &b->nodes[m.node[n]], *v = &b->nodes[c->a];
        size_t like = 0;
        while (like < n && (out[like].fact != v->a || out[like].is_rule != (v->op == NUM_RULE)))
            like++;
        out[n] = (plm_margin){.fact = v->a, .is_rule = v->op == NUM_RULE, .item = item,
                              .value = like < n ? out[like].value
                                                : value_of(w, c->a, item, party),
                              .rel = (plm_rel)c->rel, .threshold = b->decs[c->b], .rule = r};
    }
    return n;
}
