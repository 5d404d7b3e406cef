/* declare.c: the declarations with conditions and clocks (define, class, note, requirement,
 * exception, policy, obligation) and the tests that stand in or beside them. */
#include "rules/parse.h"

#include <string.h>

/* DATE | from DATE [to DATE] | DATE to DATE | until DATE, then [announced DATE]
 * [end-announced DATE] [basis TEXT] */
bool parse_span(parser *p, span *s) {
    *s = (span){PLM_DAY_MIN, PLM_DAY_MAX, PLM_DAY_MIN, PLM_DAY_MIN, {"", 0}};
    if (lex_take(&p->x, "until")) {
        if (!take_date(p, &s->to)) return false;
    } else {
        lex_take(&p->x, "from");
        if (!take_date(p, &s->from)) return false;
        if (lex_take(&p->x, "to") && !take_date(p, &s->to)) return false;
    }
    if (s->from > s->to) return lex_fail(&p->x, "this span ends before it begins");
    s->announced = s->from;
    if (lex_take(&p->x, "announced") && !take_date(p, &s->announced)) return false;
    if (lex_take(&p->x, "end-announced") && !take_date(p, &s->ended)) return false;
    if ((lex_take(&p->x, "basis") || lex_take(&p->x, "because")) &&
        !take_text(p, &s->basis, "the basis"))
        return false;
    return !p->x.bad;
}

static bool add_clock(parser *p, rule *r, clock_kind kind) {
    timing *c = PUSH(p, r->clocks, r->clock_count);
    if (!c) return no_memory(p);
    c->kind = kind;
    return parse_span(p, &c->s);
}

/* "and"-joins a further condition onto *cond. */
static bool join(parser *p, uint32_t *cond, uint32_t more, bool negated) {
    if (more == NODE_NONE) return false;
    if (negated) more = add_node(p, (node){.op = OP_NOT, .a = more});
    if (*cond == NODE_NONE) {
        *cond = more;
        return true;
    }
    *cond = add_list(p, OP_AND, (uint32_t[]){*cond, more}, 2);
    return *cond != NODE_NONE;
}

/* An alternative reading: (open and C1) or (not open and C2), true only where both are. */
static bool reading(parser *p, rule *r) {
    plm_str says;
    if (!take_text(p, &says, "the reading's name")) return false;
    if (!lex_take(&p->x, "when")) return lex_fail(&p->x, "'when' is expected");
    uint32_t other = parse_condition(p);
    if (other == NODE_NONE) return false;
    if (r->cond == NODE_NONE) return lex_fail(&p->x, "a reading follows the rule's own 'when'");
    uint32_t open = add_node(p, (node){.op = OP_OPEN, .a = p->b->open_count++});
    uint32_t first = open, second = open;
    if (!join(p, &first, r->cond, false)) return false;
    second = add_node(p, (node){.op = OP_NOT, .a = open});
    if (!join(p, &second, other, false)) return false;
    r->cond = add_list(p, OP_OR, (uint32_t[]){first, second}, 2);
    return r->cond != NODE_NONE;
}

static bool names(parser *p, plm_str **v, uint32_t *n) {
    do {
        if (p->x.t.kind != TOK_WORD && p->x.t.kind != TOK_NUMBER)
            return lex_fail(&p->x, "the name of a rule is expected");
        plm_str *at = PUSH(p, *v, *n);
        if (!at) return no_memory(p);
        *at = keep(p, p->x.t.text);
        lex_next(&p->x);
    } while (lex_take(&p->x, ","));
    return !p->x.bad;
}

static bool push_text(parser *p, const plm_str **v, uint32_t *n, const char *what) {
    plm_str *at = grow(p->b->arena, (void *)(uintptr_t)*v, *n, sizeof *at);
    if (!at) return no_memory(p);
    *v = at;
    return take_text(p, &at[(*n)++], what);
}

bool parse_cite(parser *p, plm_str *c) {
    plm_str more;
    if (!take_text(p, &more, "a citation")) return false;
    if (!c->n) {
        *c = more;
        return true;
    }
    char *t = plm_arena_alloc(p->b->arena, c->n + more.n + 3);
    if (!t) return no_memory(p);
    memcpy(t, c->p, c->n);
    memcpy(t + c->n, "; ", 2);
    memcpy(t + c->n + 2, more.p, more.n);
    *c = (plm_str){t, c->n + more.n + 2};
    return true;
}

static bool policy_word(parser *p, plm_policy *out) {
    for (int i = PLM_POLICY_APPROVAL; i <= PLM_POLICY_DENIAL; i++)
        if (lex_take(&p->x, plm_policy_name((plm_policy)i))) {
            *out = (plm_policy)i;
            return !p->x.bad;
        }
    return lex_fail(&p->x, "presumption_of_approval, case_by_case, presumption_of_denial or denial"
                    " is expected");
}

static bool needs(parser *p, rule *r) {
    if (!push_text(p, &r->info.condition_says, &r->info.condition_count, "what is needed"))
        return false;
    uint32_t c = parse_condition(p);
    if (c == NODE_NONE) return false;
    uint32_t *at = PUSH(p, r->conds, r->cond_count);
    if (!at) return no_memory(p);
    *at = c;
    return true;
}

static bool lifts(parser *p, rule *r) {
    if (lex_take(&p->x, "everything")) return r->lifts_all = true;
    return names(p, &r->lift_names, &r->info.lift_count);
}

static bool certainty(parser *p, rule *r) {
    static const char *const words[] = {"read", "quoted", "recalled", "inferred"};
    for (int i = 0; i < 4; i++)
        if (lex_take(&p->x, words[i])) {
            r->info.certainty = plm_str_c(words[i]);
            return true;
        }
    return lex_fail(&p->x, "read, quoted, recalled or inferred is expected");
}

/* One clause; *known false when the word begins none. */
static bool clause(parser *p, rule *r, bool *known) {
    plm_rule_kind k = r->info.kind;
    *known = true;
    if (lex_take(&p->x, "when")) return join(p, &r->cond, parse_condition(p), false);
    if (lex_take(&p->x, "unless")) return join(p, &r->cond, parse_condition(p), true);
    if (lex_take(&p->x, "effective")) return add_clock(p, r, CLOCK_EFFECTIVE);
    if (lex_take(&p->x, "enforced")) return add_clock(p, r, CLOCK_ENFORCED);
    if (lex_take(&p->x, "not-enforced")) return add_clock(p, r, CLOCK_NOT_ENFORCED);
    if (lex_take(&p->x, "stayed")) return add_clock(p, r, CLOCK_STAYED);
    if (lex_take(&p->x, "undecided")) return add_clock(p, r, CLOCK_UNKNOWN);
    if (lex_take(&p->x, "cite")) return parse_cite(p, &r->info.cite);
    if (lex_take(&p->x, "certainty")) return certainty(p, r);
    if (lex_take(&p->x, "reading")) return reading(p, r);
    if (lex_take(&p->x, "defect"))
        return push_text(p, &r->info.defects, &r->info.defect_count, "the defect");
    if (k == PLM_RULE_NOTE && lex_take(&p->x, "takes-out-of"))
        return names(p, &r->taken_names, &r->taken_count);
    if (k == PLM_RULE_REQUIREMENT && lex_take(&p->x, "prohibits"))
        return r->info.prohibits = true;
    if (k == PLM_RULE_EXCEPTION && lex_take(&p->x, "needs")) return needs(p, r);
    if (k == PLM_RULE_EXCEPTION && lex_take(&p->x, "lifts")) return lifts(p, r);
    if (k == PLM_RULE_OBLIGATION && lex_take(&p->x, "unlicensed"))
        return r->info.unlicensed = true;
    if ((k == PLM_RULE_EXCEPTION || k == PLM_RULE_OBLIGATION) && lex_take(&p->x, "obliges"))
        return push_text(p, &r->info.obliges, &r->info.oblige_count, "the obligation");
    if (k == PLM_RULE_POLICY && lex_take(&p->x, "for"))
        return names(p, &r->target_names, &r->info.target_count);
    if (k == PLM_RULE_POLICY && lex_take(&p->x, "is")) return policy_word(p, &r->info.policy);
    if (k == PLM_RULE_POLICY && lex_take(&p->x, "prevails")) return r->info.prevails = true;
    *known = false;
    return true;
}

static bool test_clause(parser *p, plm_rule r, bool *known) {
    *known = true;
    if (lex_take(&p->x, "fires")) return parse_rule_test(p, r, PLM_YES);
    if (lex_take(&p->x, "fails")) return parse_rule_test(p, r, PLM_NO);
    if (lex_take(&p->x, "asks")) return parse_rule_test(p, r, PLM_UNKNOWN);
    *known = false;
    return true;
}

static bool rule_head(parser *p, rule *r) {
    plm_str name = p->x.t.text;
    if (p->x.t.kind != TOK_WORD && p->x.t.kind != TOK_NUMBER)
        return lex_fail(&p->x, "the rule's name is expected");
    r->info.name = keep(p, name);
    for (uint32_t i = 0; i < p->b->rule_count; i++)
        if (plm_str_eq(p->b->rules[i].info.name, name))
            return lex_fail(&p->x, "the name %.*s is taken by %.*s:%u; rules need names of their"
                            " own", PLM_FMT(name), PLM_FMT(p->b->rules[i].info.file),
                            p->b->rules[i].info.line);
    lex_next(&p->x);
    if (p->x.t.kind == TOK_TEXT && !take_text(p, &r->info.title, "a title")) return false;
    return parse_scope(p, &r->info.scope);
}

static bool rule_whole(parser *p, const rule *r) {
    if (r->info.kind != PLM_RULE_DEFINE && r->info.kind != PLM_RULE_NUMBER && !r->info.cite.n)
        return lex_fail(&p->x, "%.*s (line %u) cites nothing; add: cite \"15 CFR …\"",
                        PLM_FMT(r->info.name), r->info.line);
    if (r->info.kind == PLM_RULE_POLICY && (!r->info.policy || !r->info.target_count))
        return lex_fail(&p->x, "the policy %.*s needs 'for REQUIREMENT, …' and 'is WORD'",
                        PLM_FMT(r->info.name));
    if (r->info.unlicensed && !plm_scope_has(r->info.scope, PLM_OF_ITEM))
        return lex_fail(&p->x, "'unlicensed' asks of an item whether it needs a license; make"
                        " %.*s 'of item' or 'of item and party'", PLM_FMT(r->info.name));
    if (r->info.kind == PLM_RULE_OBLIGATION && !r->info.oblige_count)
        return lex_fail(&p->x, "the obligation %.*s (line %u) says nothing that is to be done; add:"
                        " obliges \"…\"", PLM_FMT(r->info.name), r->info.line);
    return true;
}

bool parse_rule(parser *p, plm_rule_kind kind) {
    size_t from = (size_t)(p->x.t.text.p - p->x.text.p);
    rule r;
    memset(&r, 0, sizeof r);
    r.cond = NODE_NONE;
    r.info = (plm_rule_info){.kind = kind, .file = p->x.file, .line = p->x.t.line,
                             .draft = p->b->drafting};
    lex_next(&p->x);
    if (!rule_head(p, &r)) return false;
    if (p->b->rule_count >= PLM_RULES_MAX)
        return lex_fail(&p->x, "the rulebook has more than %d rules", PLM_RULES_MAX);
    if (kind == PLM_RULE_DEFINE && lex_take(&p->x, "is")) {
        if (lex_take(&p->x, "number")) {
            r.info.kind = PLM_RULE_NUMBER;
            r.cond = parse_number(p);
        } else {
            r.cond = parse_condition(p);
        }
        if (p->x.bad) return false;
    }
    plm_rule id = p->b->rule_count;
    rule *at = PUSH(p, p->b->rules, p->b->rule_count);
    if (!at) return no_memory(p);
    *at = r;
    while (!p->x.bad && p->x.t.kind != TOK_END && !p->x.t.first) {
        bool known;
        if (!clause(p, &r, &known)) return false;
        if (!known && !test_clause(p, id, &known)) return false;
        if (!known)
            return lex_fail(&p->x, "'%.*s' begins no clause of this kind of rule",
                            PLM_FMT(p->x.t.text));
    }
    if (p->x.bad || !rule_whole(p, &r)) return false;
    size_t to = p->x.t.kind == TOK_END ? p->x.text.n
                                       : (size_t)(p->x.t.text.p - p->x.text.p);
    r.info.text = plm_str_trim((plm_str){p->x.text.p + from, to - from});
    r.info.text = keep(p, r.info.text);
    p->b->rules[id] = r;
    return !p->x.bad;
}

static bool given_value(parser *p, given *g) {
    const fact *f = &p->b->facts[g->fact];
    g->truth = PLM_YES;
    if (f->info.type == PLM_FACT_YESNO) {
        if (lex_take(&p->x, "no")) g->truth = PLM_NO;
        else if (lex_take(&p->x, "unknown")) g->truth = PLM_UNKNOWN;
        else lex_take(&p->x, "yes");
        return !p->x.bad;
    }
    if (lex_take(&p->x, "unknown")) {
        g->truth = PLM_UNKNOWN;
        return !p->x.bad;
    }
    if (f->info.type == PLM_FACT_NUMBER) {
        plm_dec lo, hi;
        if (!plm_dec_parse(p->x.t.text, false, &lo, NULL))
            return lex_fail(&p->x, "a plain number is expected for %.*s", PLM_FMT(f->info.name));
        lex_next(&p->x);
        g->number = plm_iv_point(lo);
        if (!lex_take(&p->x, "to")) return !p->x.bad;
        if (!plm_dec_parse(p->x.t.text, false, &hi, NULL) || plm_dec_cmp(hi, lo) < 0)
            return lex_fail(&p->x, "a number not below the first is expected after 'to'");
        g->number.hi = hi;
        return lex_next(&p->x);
    }
    if (p->x.t.kind != TOK_WORD && p->x.t.kind != TOK_NUMBER)
        return lex_fail(&p->x, "a value is expected for %.*s", PLM_FMT(f->info.name));
    g->word = keep(p, p->x.t.text);
    g->country = plm_country_parse(g->word);
    if (f->info.type == PLM_FACT_COUNTRY && !g->country)
        return lex_fail(&p->x, "'%.*s' is no assigned country code", PLM_FMT(g->word));
    return lex_next(&p->x);
}

/* "as-of DATE", "known DATE", "codified", "like NAME", "item"|"part"|"party", FACT VALUE */
static bool one_given(parser *p, test *t) {
    if (lex_take(&p->x, "as-of")) return (t->has_as_of = true) && take_date(p, &t->as_of);
    if (lex_take(&p->x, "known")) return (t->has_known = true) && take_date(p, &t->known);
    if (lex_take(&p->x, "codified")) return t->codified = true;
    if (lex_take(&p->x, "undecided")) {
        t->has_open = true;
        t->open = lex_take(&p->x, "no") ? PLM_NO : PLM_YES;
        lex_take(&p->x, "yes");
        return !p->x.bad;
    }
    if (lex_take(&p->x, "like")) {
        t->like = keep(p, p->x.t.text);
        return lex_next(&p->x);
    }
    given *g = PUSH(p, t->givens, t->given_count);
    if (!g) return no_memory(p);
    static const char *const entities[] = {"item", "part", "party"};
    for (int i = 0; i < 3; i++)
        if (lex_take(&p->x, entities[i])) {
            g->entity = plm_str_c(entities[i]);
            if (lex_is(&p->x, ",") || p->x.t.first) return true;
            given *more = PUSH(p, t->givens, t->given_count);
            if (!more) return no_memory(p);
            g = more;
            break;
        }
    g->fact = p->x.t.kind == TOK_WORD ? find_fact(p->b, p->x.t.text) : UINT32_MAX;
    if (g->fact == UINT32_MAX)
        return lex_fail(&p->x, "'%.*s' is no fact; declare it or mend the spelling",
                        PLM_FMT(p->x.t.text));
    lex_next(&p->x);
    return given_value(p, g);
}

static bool givens(parser *p, test *t) {
    do
        if (!one_given(p, t)) return false;
    while (lex_take(&p->x, ","));
    return !p->x.bad;
}

static bool add_test(parser *p, const test *t) {
    test *at = PUSH(p, p->b->tests, p->b->test_count);
    if (!at) return no_memory(p);
    *at = *t;
    return true;
}

bool parse_rule_test(parser *p, plm_rule r, plm_truth expect) {
    test t;
    memset(&t, 0, sizeof t);
    t.file = p->x.file;
    t.line = p->x.t.line;
    t.says = p->b->rules[r].info.name;
    t.expect_rule = plm_arena_alloc(p->b->arena, sizeof *t.expect_rule);
    t.expect = plm_arena_alloc(p->b->arena, sizeof *t.expect);
    if (!t.expect_rule || !t.expect) return no_memory(p);
    *t.expect_rule = r;
    *t.expect = expect;
    t.expect_count = 1;
    if (!lex_take(&p->x, "given")) return lex_fail(&p->x, "'given' is expected");
    return givens(p, &t) && add_test(p, &t);
}

static bool expects(parser *p, test *t) {
    uint32_t n = 0;
    do {
        plm_str *name = PUSH(p, t->expect_name, n);
        plm_truth *e = grow(p->b->arena, t->expect, t->expect_count, sizeof *e);
        if (!name || !e) return no_memory(p);
        t->expect = e;
        *name = keep(p, p->x.t.text);
        lex_next(&p->x);
        if (lex_take(&p->x, "yes")) e[t->expect_count++] = PLM_YES;
        else if (lex_take(&p->x, "no")) e[t->expect_count++] = PLM_NO;
        else if (lex_take(&p->x, "unknown")) e[t->expect_count++] = PLM_UNKNOWN;
        else return lex_fail(&p->x, "yes, no or unknown is expected");
    } while (lex_take(&p->x, ","));
    return !p->x.bad;
}

bool parse_test(parser *p, bool background) {
    test t;
    memset(&t, 0, sizeof t);
    t.file = p->x.file;
    t.line = p->x.t.line;
    t.background = background;
    if (background) {
        t.says = keep(p, p->x.t.text);
        lex_next(&p->x);
    } else if (!take_text(p, &t.says, "what the test says")) {
        return false;
    }
    if (!lex_take(&p->x, "given")) return lex_fail(&p->x, "'given' is expected");
    if (!givens(p, &t)) return false;
    if (!background) {
        if (!lex_take(&p->x, "expect")) return lex_fail(&p->x, "'expect' is expected");
        if (!expects(p, &t)) return false;
    }
    return add_test(p, &t);
}
