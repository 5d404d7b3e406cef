/* expr.c: conditions and number expressions.  Grammar, from loosest to tightest:
 *   condition := and-part { "or" and-part }        and-part := atom { "and" atom }
 *   atom := "not" atom | "(" condition ")" | "some"/"every" … "has" "(" condition ")"
 *         | "eccn within" sets | fact "in" groups | fact "is" words | number REL number | name */
#include "rules/parse.h"

#include <string.h>

uint32_t add_node(parser *p, node n) {
    plm_book *b = p->b;
    if (b->node_count >= PLM_RULES_NODES_MAX) {
        lex_fail(&p->x, "the rulebook has more than %d condition nodes", PLM_RULES_NODES_MAX);
        return NODE_NONE;
    }
    if (!n.line) n.line = p->x.t.line;
    node *at = PUSH(p, b->nodes, b->node_count);
    if (!at) {
        plm_fail(p->x.f, PLM_NO_MEMORY, "out of memory");
        p->x.bad = true;
        return NODE_NONE;
    }
    *at = n;
    return b->node_count - 1;
}

static uint32_t add_name(parser *p, plm_str s) {
    plm_str copy = plm_arena_copy(p->b->arena, s);
    plm_str *at = PUSH(p, p->b->names, p->b->name_count);
    if (!at || !copy.p) {
        p->x.bad = true;
        return NODE_NONE;
    }
    *at = copy;
    return p->b->name_count - 1;
}

uint32_t add_list(parser *p, node_op op, const uint32_t *v, uint32_t n) {
    if (n == 1) return v[0];
    uint32_t from = p->b->kid_count;
    for (uint32_t i = 0; i < n; i++) {
        uint32_t *at = PUSH(p, p->b->kids, p->b->kid_count);
        if (!at) return no_memory(p), NODE_NONE;
        *at = v[i];
    }
    return add_node(p, (node){.op = (uint8_t)op, .a = from, .n = (uint16_t)n});
}

static uint32_t add_dec(parser *p, plm_dec d) {
    plm_dec *at = PUSH(p, p->b->decs, p->b->dec_count);
    if (!at) return NODE_NONE;
    *at = d;
    return p->b->dec_count - 1;
}

/* One name after `in`: a country or a group. */
static uint32_t one_place(parser *p, uint32_t id) {
    if (p->x.t.kind != TOK_WORD && p->x.t.kind != TOK_NUMBER) {
        lex_fail(&p->x, "a country group or a country code is expected");
        return NODE_NONE;
    }
    plm_country c = plm_country_parse(p->x.t.text);
    uint32_t n;
    if (c) {
        n = add_node(p, (node){.op = OP_COUNTRY, .a = id, .b = c});
    } else {
        uint32_t name = add_name(p, p->x.t.text);
        n = add_node(p, (node){.op = OP_IN, .a = id, .b = name});
    }
    lex_next(&p->x);
    return n;
}

static uint32_t one_word(parser *p, uint32_t id) {
    const fact *f = &p->b->facts[id];
    if (f->info.type == PLM_FACT_COUNTRY) return one_place(p, id);
    for (uint32_t i = 0; i < f->word_count; i++)
        if (plm_str_eq(f->words[i], p->x.t.text)) {
            uint32_t n = add_node(p, (node){.op = OP_WORD, .a = id, .b = i + 1});
            lex_next(&p->x);
            return n;
        }
    lex_fail(&p->x, "'%.*s' is no word of the fact %.*s; see its declaration",
             PLM_FMT(p->x.t.text), PLM_FMT(f->info.name));
    return NODE_NONE;
}

static uint32_t one_set(parser *p, uint32_t op) {
    if (p->x.t.kind != TOK_WORD) {
        lex_fail(&p->x, "the name of a set of codes is expected");
        return NODE_NONE;
    }
    uint32_t name = add_name(p, p->x.t.text);
    lex_next(&p->x);
    return add_node(p, (node){.op = (uint8_t)op, .a = name});
}

/* NAME | "(" NAME { "or" NAME } ")", each made by one. */
static uint32_t any_of(parser *p, uint32_t (*one)(parser *, uint32_t), uint32_t arg) {
    uint32_t v[GROUP_MEMBERS_MAX], n = 0;
    if (!lex_take(&p->x, "(")) return one(p, arg);
    do {
        if (n == GROUP_MEMBERS_MAX) {
            lex_fail(&p->x, "more than %d alternatives", GROUP_MEMBERS_MAX);
            return NODE_NONE;
        }
        if ((v[n++] = one(p, arg)) == NODE_NONE) return NODE_NONE;
    } while (lex_take(&p->x, "or") || lex_take(&p->x, ","));
    if (!lex_take(&p->x, ")")) {
        lex_fail(&p->x, "a ')' or an 'or' is expected");
        return NODE_NONE;
    }
    return add_list(p, OP_OR, v, n);
}

static uint32_t find_number_rule(const plm_book *b, plm_str name) {
    for (uint32_t i = 0; i < b->rule_count; i++)
        if (b->rules[i].info.kind == PLM_RULE_NUMBER && plm_str_eq(b->rules[i].info.name, name))
            return i;
    return PLM_RULE_NONE;
}

/* Starts a number here? */
static bool number_ahead(parser *p) {
    if (p->x.t.kind == TOK_NUMBER || lex_is(&p->x, "total") || lex_is(&p->x, "known")) return true;
    if (p->x.t.kind != TOK_WORD) return false;
    uint32_t f = find_fact(p->b, p->x.t.text);
    if (f != UINT32_MAX) return p->b->facts[f].info.type == PLM_FACT_NUMBER;
    return find_number_rule(p->b, p->x.t.text) != PLM_RULE_NONE;
}

static uint32_t total(parser *p) { /* total of NUMBER where (COND) */
    lex_next(&p->x);
    if (!lex_take(&p->x, "of")) {
        lex_fail(&p->x, "'of' is expected after 'total'");
        return NODE_NONE;
    }
    uint32_t v = parse_number(p);
    if (v == NODE_NONE || !lex_take(&p->x, "where")) {
        lex_fail(&p->x, "'where' is expected: total of NUMBER where CONDITION");
        return NODE_NONE;
    }
    p->totals++;
    uint32_t c = parse_condition(p);
    p->totals--;
    return c == NODE_NONE ? c : add_node(p, (node){.op = NUM_TOTAL, .a = v, .b = c});
}

static uint32_t number_atom(parser *p);

/* known FACT else NUMBER: the fact where anything is known of it */
static uint32_t known(parser *p) {
    lex_next(&p->x);
    uint32_t f = number_atom(p);
    if (f == NODE_NONE) return f;
    if (p->b->nodes[f].op != NUM_FACT || !lex_take(&p->x, "else")) {
        lex_fail(&p->x, "'known FACT else NUMBER' is expected");
        return NODE_NONE;
    }
    uint32_t v = parse_number(p);
    return v == NODE_NONE ? v : add_node(p, (node){.op = NUM_KNOWN, .a = f, .b = v});
}

static uint32_t number_atom(parser *p) {
    if (p->x.t.kind == TOK_NUMBER) {
        plm_dec d;
        if (!plm_dec_parse(p->x.t.text, false, &d, p->x.f)) {
            p->x.bad = true;
            return NODE_NONE;
        }
        uint32_t i = add_dec(p, d);
        lex_next(&p->x);
        return add_node(p, (node){.op = NUM_CONST, .a = i});
    }
    if (lex_is(&p->x, "total")) return total(p);
    if (lex_is(&p->x, "known")) return known(p);
    if (lex_take(&p->x, "(")) {
        uint32_t n = parse_number(p);
        if (n != NODE_NONE && !lex_take(&p->x, ")")) {
            lex_fail(&p->x, "a ')' is expected");
            return NODE_NONE;
        }
        return n;
    }
    uint32_t f = p->x.t.kind == TOK_WORD ? find_fact(p->b, p->x.t.text) : UINT32_MAX;
    node n = {.op = NUM_FACT, .a = f};
    if (f == UINT32_MAX || p->b->facts[f].info.type != PLM_FACT_NUMBER)
        n = (node){.op = NUM_RULE, .a = find_number_rule(p->b, p->x.t.text)};
    if (n.op == NUM_RULE && n.a == PLM_RULE_NONE) {
        lex_fail(&p->x, "'%.*s' is no number that was declared before this line",
                 PLM_FMT(p->x.t.text));
        return NODE_NONE;
    }
    lex_next(&p->x);
    return add_node(p, n);
}

static uint32_t number_term(parser *p) {
    uint32_t l = number_atom(p);
    while (l != NODE_NONE && (lex_is(&p->x, "*") || lex_is(&p->x, "/"))) {
        node_op op = lex_is(&p->x, "*") ? NUM_MUL : NUM_DIV;
        lex_next(&p->x);
        uint32_t r = number_atom(p);
        if (r == NODE_NONE) return r;
        l = add_node(p, (node){.op = (uint8_t)op, .a = l, .b = r});
    }
    return l;
}

uint32_t parse_number(parser *p) {
    if (++p->depth > PLM_RULES_DEPTH_MAX) {
        lex_fail(&p->x, "nested deeper than %d levels", PLM_RULES_DEPTH_MAX);
        return NODE_NONE;
    }
    uint32_t l = number_term(p);
    while (l != NODE_NONE && (lex_is(&p->x, "+") || lex_is(&p->x, "-"))) {
        node_op op = lex_is(&p->x, "+") ? NUM_ADD : NUM_SUB;
        lex_next(&p->x);
        uint32_t r = number_term(p);
        if (r == NODE_NONE) return r;
        l = add_node(p, (node){.op = (uint8_t)op, .a = l, .b = r});
    }
    p->depth--;
    return l;
}

static uint32_t comparison(parser *p) {
    static const char *const signs[] = {"<", "<=", ">", ">=", "="};
    uint32_t l = parse_number(p);
    if (l == NODE_NONE) return l;
    for (uint32_t i = 0; i < 5; i++) {
        if (!lex_take(&p->x, signs[i])) continue;
        plm_dec d;
        if (p->x.t.kind != TOK_NUMBER || !plm_dec_parse(p->x.t.text, false, &d, NULL)) {
            lex_fail(&p->x, "a plain number is expected after '%s'", signs[i]);
            return NODE_NONE;
        }
        uint32_t at = add_dec(p, d);
        lex_next(&p->x);
        return add_node(p, (node){.op = OP_CMP, .rel = (uint8_t)i, .a = l, .b = at});
    }
    lex_fail(&p->x, "a comparison (<, <=, >, >=, =) is expected");
    return NODE_NONE;
}

static uint32_t quantifier(parser *p) {
    bool every = lex_take(&p->x, "every");
    if (!every) lex_take(&p->x, "some");
    node_op op;
    if (lex_take(&p->x, "party")) op = every ? OP_EVERY_PARTY : OP_SOME_PARTY;
    else if (!every && lex_take(&p->x, "part")) op = OP_SOME_PART;
    else if (!every && lex_take(&p->x, "item")) op = OP_SOME_ITEM;
    else {
        lex_fail(&p->x, "'some party', 'every party', 'some part' or 'some item' is expected");
        return NODE_NONE;
    }
    if (!lex_take(&p->x, "has") || !lex_take(&p->x, "(")) {
        lex_fail(&p->x, "'has (' is expected here");
        return NODE_NONE;
    }
    uint32_t c = parse_condition(p);
    if (c == NODE_NONE) return c;
    if (!lex_take(&p->x, ")")) {
        lex_fail(&p->x, "a ')' is expected");
        return NODE_NONE;
    }
    return add_node(p, (node){.op = (uint8_t)op, .a = c});
}

/* What can stand after a fact and never after a rule: then the name was meant for a fact. */
static bool fact_was_meant(parser *p) {
    static const char *const signs[] = {"<", "<=", ">", ">=", "=", "in", "within", "among"};
    for (size_t i = 0; !p->totals && i < sizeof signs / sizeof *signs; i++)
        if (lex_is(&p->x, signs[i])) return true;
    return false;
}

static uint32_t named(parser *p) {
    plm_str name = p->x.t.text;
    uint32_t f = find_fact(p->b, name);
    if (f == UINT32_MAX) { /* a rule, linked later */
        uint32_t n = add_name(p, name);
        lex_next(&p->x);
        if (!fact_was_meant(p)) return add_node(p, (node){.op = OP_RULE, .a = n});
        lex_fail(&p->x, "'%.*s' is no fact that can be compared so; declare it or mend the"
                 " spelling", PLM_FMT(name));
        return NODE_NONE;
    }
    plm_fact_type type = p->b->facts[f].info.type;
    lex_next(&p->x);
    if (type == PLM_FACT_YESNO) return add_node(p, (node){.op = OP_FACT, .a = f});
    if (type == PLM_FACT_CODE) {
        if (lex_take(&p->x, "within")) return any_of(p, one_set, OP_WITHIN);
        lex_fail(&p->x, "'within' and a set of codes are expected after %.*s", PLM_FMT(name));
        return NODE_NONE;
    }
    if (type == PLM_FACT_CODES) {
        if (!lex_take(&p->x, "within")) {
            lex_fail(&p->x, "'within' and a set of codes are expected after %.*s", PLM_FMT(name));
            return NODE_NONE;
        }
        uint32_t s = add_name(p, p->x.t.text);
        lex_next(&p->x);
        return add_node(p, (node){.op = OP_CODES, .a = f, .b = s});
    }
    if (type == PLM_FACT_TEXT) {
        if (!lex_take(&p->x, "among")) {
            lex_fail(&p->x, "'among' and a list of names are expected after %.*s", PLM_FMT(name));
            return NODE_NONE;
        }
        uint32_t l = add_name(p, p->x.t.text);
        lex_next(&p->x);
        return add_node(p, (node){.op = OP_NAMED, .a = f, .b = l});
    }
    if (lex_take(&p->x, "in") && type == PLM_FACT_COUNTRY) return any_of(p, one_place, f);
    if (lex_take(&p->x, "is")) return any_of(p, one_word, f);
    lex_fail(&p->x, "'is' or 'in' is expected after the fact %.*s", PLM_FMT(name));
    return NODE_NONE;
}

static uint32_t atom(parser *p) {
    if (++p->depth > PLM_RULES_DEPTH_MAX) {
        lex_fail(&p->x, "nested deeper than %d levels", PLM_RULES_DEPTH_MAX);
        return NODE_NONE;
    }
    uint32_t n;
    if (number_ahead(p)) {
        n = comparison(p);
    } else if (lex_take(&p->x, "not")) {
        uint32_t a = atom(p);
        n = a == NODE_NONE ? a : add_node(p, (node){.op = OP_NOT, .a = a});
    } else if (lex_take(&p->x, "(")) {
        n = parse_condition(p);
        if (n != NODE_NONE && !lex_take(&p->x, ")")) {
            lex_fail(&p->x, "a ')', an 'and' or an 'or' is expected");
            n = NODE_NONE;
        }
    } else if (lex_is(&p->x, "some") || lex_is(&p->x, "every")) {
        n = quantifier(p);
    } else if (lex_take(&p->x, "asserted")) {
        if (lex_take(&p->x, "eccn") && lex_take(&p->x, "within")) {
            n = any_of(p, one_set, OP_ASSERTED);
        } else {
            lex_fail(&p->x, "'asserted eccn within SET' is expected");
            n = NODE_NONE;
        }
    } else if (lex_take(&p->x, "always")) {
        n = add_node(p, (node){.op = OP_YES});
    } else if (lex_take(&p->x, "never")) {
        n = add_node(p, (node){.op = OP_NO});
    } else if (lex_take(&p->x, "undecided")) { /* a question that no fact of the case answers */
        n = add_node(p, (node){.op = OP_OPEN, .a = p->b->open_count++});
    } else if (p->x.t.kind == TOK_WORD) {
        n = named(p);
    } else {
        lex_fail(&p->x, "a condition is expected");
        n = NODE_NONE;
    }
    p->depth--;
    return n;
}

static uint32_t list(parser *p, const char *joint, node_op op, uint32_t (*sub)(parser *)) {
    uint32_t v[GROUP_MEMBERS_MAX], n = 0;
    do {
        if (n == GROUP_MEMBERS_MAX) {
            lex_fail(&p->x, "more than %d parts joined by '%s'", GROUP_MEMBERS_MAX, joint);
            return NODE_NONE;
        }
        if ((v[n++] = sub(p)) == NODE_NONE) return NODE_NONE;
    } while (lex_take(&p->x, joint));
    return add_list(p, op, v, n);
}

static uint32_t and_part(parser *p) { return list(p, "and", OP_AND, atom); }

uint32_t parse_condition(parser *p) {
    uint32_t n = list(p, "or", OP_OR, and_part);
    return p->x.bad ? NODE_NONE : n;
}
