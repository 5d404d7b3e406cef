/* explain.c: the tree of a conclusion, and the margins it rests on.  Only what decides is shown:
 * of a false AND the parts that are false, of a true OR the first part that is true. */
#include "rules/world.h"

#include <stdio.h>
#include <string.h>

typedef struct tree {
    plm_facts *w;
    plm_buf *out;
    int depth;
} tree;

static void indent(tree *t) {
    for (int i = 0; i < t->depth; i++) plm_buf_puts(t->out, "  ");
}

static void say_iv(plm_buf *out, plm_iv v) {
    char lo[PLM_DEC_TEXT], hi[PLM_DEC_TEXT];
    plm_dec_print(v.lo, lo);
    plm_dec_print(v.hi, hi);
    if (plm_iv_is_point(v)) plm_buf_puts(out, lo);
    else if (v.no_lo && v.no_hi) plm_buf_puts(out, "not known");
    else if (v.no_hi && plm_dec_is_zero(v.lo)) plm_buf_puts(out, "not known");
    else if (v.no_hi) plm_buf_printf(out, "at least %s", lo);
    else if (v.no_lo) plm_buf_printf(out, "at most %s", hi);
    else plm_buf_printf(out, "%s to %s", lo, hi);
}

static void say_margin(plm_buf *out, plm_dec v, plm_dec t) {
    plm_dec d;
    char text[PLM_DEC_TEXT];
    int c = plm_dec_cmp(v, t);
    if (c == 0) {
        plm_buf_puts(out, ", exactly at the limit");
        return;
    }
    if (!(c > 0 ? plm_dec_sub(v, t, &d) : plm_dec_sub(t, v, &d))) return;
    plm_dec_print(d, text);
    plm_buf_printf(out, ", %s %s the limit", text, c > 0 ? "above" : "below");
}

static plm_iv value_of(plm_facts *w, uint32_t at, int32_t item, int32_t party) {
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

static void show_cmp(tree *t, const node *n, plm_truth r, int32_t item, int32_t party) {
    const plm_book *b = t->w->book;
    char limit[PLM_DEC_TEXT];
    plm_dec_print(b->decs[n->b], limit);
    plm_iv v = value_of(t->w, n->a, item, party);
    plm_buf_printf(t->out, "%s: %.*s %s %s (value ", plm_truth_name(r),
                   PLM_FMT(number_name(b, &b->nodes[n->a])), plm_rel_name((plm_rel)n->rel), limit);
    say_iv(t->out, v);
    if (plm_iv_is_point(v)) say_margin(t->out, v.lo, b->decs[n->b]);
    plm_buf_puts(t->out, ")\n");
}

static void show_country(tree *t, const node *n, plm_truth r, int32_t item, int32_t party) {
    const plm_book *b = t->w->book;
    char has[3], want[3];
    const val *v = world_val(t->w, n->a, item, party);
    plm_country_print(v->known ? v->word : 0, has);
    plm_buf_printf(t->out, "%s: %.*s ", plm_truth_name(r), PLM_FMT(b->facts[n->a].info.name));
    if (n->op == OP_IN) {
        plm_buf_printf(t->out, "in %.*s", PLM_FMT(b->groups[n->b].name));
    } else {
        plm_country_print((plm_country)n->b, want);
        plm_buf_printf(t->out, "is %s", want);
    }
    plm_buf_printf(t->out, " (value %s)\n", v->known ? has : "not known");
}

static void show_word(tree *t, const node *n, plm_truth r, int32_t item, int32_t party) {
    const fact *f = &t->w->book->facts[n->a];
    const val *v = world_val(t->w, n->a, item, party);
    plm_str has = v->known ? f->words[v->word - 1] : PLM_STR("not known");
    plm_buf_printf(t->out, "%s: %.*s is %.*s (value %.*s)\n", plm_truth_name(r),
                   PLM_FMT(f->info.name), PLM_FMT(f->words[n->b - 1]), PLM_FMT(has));
}

static void show(tree *t, uint32_t at, int32_t item, int32_t party);
static void show_rule(tree *t, plm_rule r, int32_t item, int32_t party);

static void show_list(tree *t, const node *n, plm_truth r, int32_t item, int32_t party) {
    bool all = n->op == OP_AND ? r == PLM_YES : r == PLM_NO;
    if (n->op == OP_OR && all) {
        plm_buf_printf(t->out, "%s: none of these\n", plm_truth_name(r));
    } else {
        plm_buf_printf(t->out, "%s: %s\n", plm_truth_name(r),
                       n->op == OP_AND ? "all of these" : "one of these");
    }
    t->depth++;
    for (uint32_t i = 0; i < n->n; i++) {
        uint32_t kid = t->w->book->kids[n->a + i];
        plm_truth k = ask_node(t->w, kid, item, party);
        if (!all && k != r) continue;
        indent(t);
        show(t, kid, item, party);
        if (!all && r != PLM_UNKNOWN) break;
    }
    t->depth--;
}

static void show_some(tree *t, const node *n, plm_truth r, int32_t item, int32_t party) {
    plm_facts *w = t->w;
    bool people = n->op == OP_SOME_PARTY || n->op == OP_EVERY_PARTY;
    bool every = n->op == OP_EVERY_PARTY;
    const char *what = people ? "party" : n->op == OP_SOME_PART ? "part" : "item";
    plm_buf_printf(t->out, "%s: %s %s has\n", plm_truth_name(r), every ? "every" : "some", what);
    bool stop = r == (every ? PLM_NO : PLM_YES);
    if (!stop && r != PLM_UNKNOWN) return; /* it holds (or fails) for each: nothing stands out */
    t->depth++;
    for (uint32_t i = 0; i < (people ? w->parties : w->items); i++) {
        if (n->op == OP_SOME_PART && !world_part_of(w, i, item)) continue;
        if (n->op == OP_SOME_ITEM && w->places[i].parent >= 0) continue;
        int32_t it = people ? item : (int32_t)i, pa = people ? (int32_t)i : party;
        if (ask_node(w, n->a, it, pa) != r) continue;
        indent(t);
        plm_buf_printf(t->out, "[%s %u] ", what, i);
        show(t, n->a, it, pa);
        if (stop) break;
    }
    t->depth--;
}

static void show(tree *t, uint32_t at, int32_t item, int32_t party) {
    const plm_book *b = t->w->book;
    const node *n = &b->nodes[at];
    plm_truth r = ask_node(t->w, at, item, party);
    switch (n->op) {
    case OP_AND: case OP_OR: show_list(t, n, r, item, party); break;
    case OP_NOT:
        plm_buf_printf(t->out, "%s: not\n", plm_truth_name(r));
        t->depth++;
        indent(t);
        show(t, n->a, item, party);
        t->depth--;
        break;
    case OP_FACT:
        plm_buf_printf(t->out, "%s: %.*s\n", plm_truth_name(r), PLM_FMT(b->facts[n->a].info.name));
        break;
    case OP_CMP: show_cmp(t, n, r, item, party); break;
    case OP_IN: case OP_COUNTRY: show_country(t, n, r, item, party); break;
    case OP_WORD: show_word(t, n, r, item, party); break;
    case OP_RULE: show_rule(t, n->a, item, party); break;
    case OP_WITHIN: case OP_ASSERTED: {
        plm_str e = plm_facts_eccn(t->w, item);
        plm_buf_printf(t->out, "%s: eccn within %.*s (value %.*s)\n", plm_truth_name(r),
                       PLM_FMT(b->sets[n->a].name), PLM_FMT(e.n ? e : PLM_STR("not known")));
        break;
    }
    case OP_SOME_PARTY: case OP_EVERY_PARTY: case OP_SOME_PART: case OP_SOME_ITEM:
        show_some(t, n, r, item, party);
        break;
    case OP_CODES:
        plm_buf_printf(t->out, "%s: %.*s within %.*s\n", plm_truth_name(r),
                       PLM_FMT(b->facts[n->a].info.name), PLM_FMT(b->sets[n->b].name));
        break;
    case OP_NAMED:
        plm_buf_printf(t->out, "%s: %.*s among %.*s\n", plm_truth_name(r),
                       PLM_FMT(b->facts[n->a].info.name), PLM_FMT(b->lists[n->b].name));
        break;
    case OP_OPEN: plm_buf_puts(t->out, "unknown: how the text is read\n"); break;
    default: plm_buf_printf(t->out, "%s\n", plm_truth_name(r)); break;
    }
}

static void show_rule(tree *t, plm_rule id, int32_t item, int32_t party) {
    const rule *r = &t->w->book->rules[id];
    plm_truth v = ask_rule(t->w, id, item, party), force = t->w->view->force[id];
    plm_buf_printf(t->out, "%s: %.*s", plm_truth_name(v), PLM_FMT(r->info.name));
    if (r->info.title.n) plm_buf_printf(t->out, " \"%.*s\"", PLM_FMT(r->info.title));
    if (r->info.cite.n) plm_buf_printf(t->out, " [%.*s]", PLM_FMT(r->info.cite));
    if (r->clock_count) {
        plm_buf_puts(t->out, " {");
        plm_view_say(t->w->view, id, t->out);
        plm_buf_puts(t->out, "}");
    }
    plm_buf_putc(t->out, '\n');
    if (force == PLM_NO || r->cond == NODE_NONE) return;
    bool wi = plm_scope_has(r->info.scope, PLM_OF_ITEM);
    bool wp = plm_scope_has(r->info.scope, PLM_OF_PARTY);
    t->depth++;
    indent(t);
    show(t, r->cond, wi ? item : -1, wp ? party : -1);
    t->depth--;
}

bool plm_facts_explain(plm_facts *w, plm_rule r, int32_t item, int32_t party, int depth,
                       plm_buf *out) {
    tree t = {.w = w, .out = out, .depth = depth};
    indent(&t);
    show_rule(&t, r, item, party);
    return !out->full;
}

typedef struct margins {
    plm_facts *w;
    plm_margin *out;
    size_t n, max;
    plm_rule rule;
} margins;

static void find_margins(margins *m, uint32_t at, int32_t item, int32_t party) {
    const plm_book *b = m->w->book;
    const node *n = &b->nodes[at];
    if (n->op == OP_AND || n->op == OP_OR) {
        for (uint32_t i = 0; i < n->n; i++) find_margins(m, b->kids[n->a + i], item, party);
    } else if (n->op == OP_NOT) {
        find_margins(m, n->a, item, party);
    } else if (n->op == OP_RULE) {
        if (m->w->view->force[n->a] != PLM_NO && b->rules[n->a].cond != NODE_NONE)
            find_margins(m, b->rules[n->a].cond, item, party);
    } else if (n->op == OP_CMP && m->n < m->max) {
        const node *v = &b->nodes[n->a];
        if (v->op != NUM_FACT && v->op != NUM_RULE) return;
        for (size_t i = 0; i < m->n; i++)
            if (m->out[i].is_rule == (v->op == NUM_RULE) && m->out[i].fact == v->a &&
                plm_dec_cmp(m->out[i].threshold, b->decs[n->b]) == 0)
                return;
        m->out[m->n++] = (plm_margin){.fact = v->a, .is_rule = v->op == NUM_RULE, .item = item,
                                      .value = value_of(m->w, n->a, item, party),
                                      .rel = (plm_rel)n->rel, .threshold = b->decs[n->b],
                                      .rule = m->rule};
    }
}

size_t plm_facts_margins(plm_facts *w, plm_rule r, int32_t item, int32_t party, plm_margin *out,
                         size_t max) {
    margins m = {.w = w, .out = out, .max = max, .rule = r};
    if (w->book->rules[r].cond != NODE_NONE && w->view->force[r] != PLM_NO)
        find_margins(&m, w->book->rules[r].cond, item, party);
    return m.n;
}
