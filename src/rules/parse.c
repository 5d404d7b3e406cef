/* parse.c: the declarations of a rulebook file.  Facts of every file are read first, so that a
 * condition knows what a name is; rules may name rules that come later. */
#include "rules/parse.h"

#include <stdlib.h>
#include <string.h>

void *grow(plm_arena *a, void *v, uint32_t n, size_t size) {
    if (n && (n & (n - 1))) return v;
    uint32_t cap = n ? n * 2 : 1;
    void *w = plm_arena_array(a, cap, size);
    if (w && n) memcpy(w, v, n * size);
    return w;
}

uint32_t find_fact(const plm_book *b, plm_str name) {
    for (uint32_t i = 0; i < b->fact_count; i++)
        if (plm_str_eq(b->facts[i].info.name, name)) return i;
    return UINT32_MAX;
}

bool no_memory(parser *p) {
    p->x.bad = true;
    return plm_fail(p->x.f, PLM_NO_MEMORY, "out of memory");
}

plm_str keep(parser *p, plm_str s) {
    plm_str c = plm_arena_copy(p->b->arena, s);
    if (!c.p) no_memory(p);
    return c;
}

bool take_text(parser *p, plm_str *out, const char *what) {
    if (p->x.t.kind != TOK_TEXT) return lex_fail(&p->x, "%s between quotes is expected", what);
    *out = keep(p, p->x.t.text);
    return lex_next(&p->x);
}

bool take_date(parser *p, plm_day *out) {
    if (p->x.t.kind != TOK_DATE)
        return lex_fail(&p->x, "a date that exists is expected, as YYYY-MM-DD");
    plm_day_parse(p->x.t.text, out);
    return lex_next(&p->x);
}

static bool take_name(parser *p, plm_str *out, const char *what) {
    if (p->x.t.kind != TOK_WORD && p->x.t.kind != TOK_NUMBER)
        return lex_fail(&p->x, "%s is expected", what);
    *out = keep(p, p->x.t.text);
    return lex_next(&p->x);
}

bool parse_scope(parser *p, plm_scope *out) {
    if (!lex_take(&p->x, "of")) return lex_fail(&p->x, "'of item', 'of party', 'of transaction' or"
                                                " 'of item and party' is expected");
    if (lex_take(&p->x, "transaction")) {
        *out = PLM_OF_TRANSACTION;
    } else if (lex_take(&p->x, "party")) {
        *out = PLM_OF_PARTY;
    } else if (lex_take(&p->x, "item")) {
        *out = PLM_OF_ITEM;
        if (lex_take(&p->x, "and")) {
            if (!lex_take(&p->x, "party")) return lex_fail(&p->x, "'party' is expected");
            *out = PLM_OF_ITEM_AND_PARTY;
        }
    } else {
        return lex_fail(&p->x, "item, party or transaction is expected");
    }
    return !p->x.bad;
}

static bool fact_type(parser *p, fact *f) {
    if (!lex_take(&p->x, "is"))
        return lex_fail(&p->x, "'is' is expected: fact NAME of SCOPE is TYPE");
    if (lex_take(&p->x, "yes-or-no")) f->info.type = PLM_FACT_YESNO;
    else if (lex_take(&p->x, "country")) f->info.type = PLM_FACT_COUNTRY;
    else if (lex_take(&p->x, "code")) f->info.type = PLM_FACT_CODE;
    else if (lex_take(&p->x, "codes")) f->info.type = PLM_FACT_CODES;
    else if (lex_take(&p->x, "text")) f->info.type = PLM_FACT_TEXT;
    else if (lex_take(&p->x, "number")) {
        f->info.type = PLM_FACT_NUMBER;
        if (p->x.t.kind == TOK_TEXT && !take_text(p, &f->info.unit, "a unit")) return false;
    } else if (lex_take(&p->x, "one")) {
        if (!lex_take(&p->x, "of")) return lex_fail(&p->x, "'of' is expected: is one of WORD …");
        f->info.type = PLM_FACT_WORD;
        while (p->x.t.kind == TOK_WORD && !p->x.t.first && !lex_is(&p->x, "ask") &&
               !lex_is(&p->x, "at") && !lex_is(&p->x, "from") && !lex_is(&p->x, "cost")) {
            plm_str *w = PUSH(p, f->words, f->word_count);
            if (!w) return no_memory(p);
            *w = keep(p, p->x.t.text);
            lex_next(&p->x);
        }
    } else {
        return lex_fail(&p->x, "yes-or-no, number, country, code or 'one of' is expected");
    }
    return !p->x.bad;
}

static bool parse_fact(parser *p) {
    fact f = {.info.cost = 5};
    if (!take_name(p, &f.info.name, "the fact's name")) return false;
    if (find_fact(p->b, f.info.name) != UINT32_MAX)
        return lex_fail(&p->x, "the fact %.*s is declared twice; keep one", PLM_FMT(f.info.name));
    if (!parse_scope(p, &f.info.scope) || !fact_type(p, &f)) return false;
    f.info.path = f.info.name;
    while (!p->x.bad && p->x.t.kind != TOK_END && !p->x.t.first) {
        if (lex_take(&p->x, "ask")) take_text(p, &f.info.ask, "a question");
        else if (lex_take(&p->x, "at")) take_text(p, &f.info.path, "a path");
        else if (lex_take(&p->x, "from")) take_text(p, &f.info.from, "where to look");
        else if (lex_take(&p->x, "cost") && p->x.t.kind == TOK_NUMBER) {
            char digits[12] = {0};
            if (p->x.t.text.n > 9) return lex_fail(&p->x, "a cost below 10^9 is expected");
            memcpy(digits, p->x.t.text.p, p->x.t.text.n);
            f.info.cost = (uint32_t)strtoul(digits, NULL, 10);
            lex_next(&p->x);
        } else {
            return lex_fail(&p->x, "ask, at, from or cost is expected in a fact");
        }
    }
    if (p->x.bad) return false;
    f.info.slot = p->b->scope_slots[f.info.scope]++;
    fact *at = PUSH(p, p->b->facts, p->b->fact_count);
    if (!at) return no_memory(p);
    *at = f;
    if (f.info.type == PLM_FACT_CODE) p->b->eccn_fact = p->b->fact_count - 1;
    return true;
}

static bool parse_members(parser *p, group *g) {
    uint32_t from = g->count;
    while (p->x.t.kind == TOK_WORD && !p->x.t.first) {
        plm_country c = plm_country_parse(p->x.t.text);
        if (!c) break;
        if (g->count == GROUP_MEMBERS_MAX) return lex_fail(&p->x, "too many members");
        member *m = PUSH(p, g->members, g->count);
        if (!m) return no_memory(p);
        *m = (member){c, PLM_DAY_MIN, PLM_DAY_MAX};
        lex_next(&p->x);
    }
    plm_day a = PLM_DAY_MIN, z = PLM_DAY_MAX;
    if (lex_take(&p->x, "from") && !take_date(p, &a)) return false;
    if (lex_take(&p->x, "until") && !take_date(p, &z)) return false;
    if (a > z) return lex_fail(&p->x, "these members leave before they join");
    for (uint32_t i = from; i < g->count; i++) g->members[i].from = a, g->members[i].to = z;
    if (p->x.t.kind == TOK_WORD && p->x.t.text.n == 2 && !p->x.t.first)
        return lex_fail(&p->x, "'%.*s' is no assigned country code", PLM_FMT(p->x.t.text));
    return !p->x.bad;
}

static bool parse_group(parser *p) {
    group g = {.file = p->x.file, .line = p->x.t.line};
    if (!take_name(p, &g.name, "the group's name")) return false;
    if (p->x.t.kind == TOK_TEXT && !take_text(p, &g.title, "a title")) return false;
    while (!p->x.bad && p->x.t.kind != TOK_END && !p->x.t.first) {
        if (lex_take(&p->x, "members")) parse_members(p, &g);
        else if (lex_take(&p->x, "cite")) parse_cite(p, &g.cite);
        else if (lex_take(&p->x, "certainty")) lex_next(&p->x);
        else return lex_fail(&p->x, "members, cite or certainty is expected in a group");
    }
    if (p->x.bad) return false;
    for (uint32_t i = 0; i < p->b->group_count; i++)
        if (plm_str_eq(p->b->groups[i].name, g.name))
            return lex_fail(&p->x, "the group %.*s is declared twice", PLM_FMT(g.name));
    group *at = PUSH(p, p->b->groups, p->b->group_count);
    if (!at) return no_memory(p);
    *at = g;
    return true;
}

static bool parse_codes(parser *p, code **v, uint32_t *n) {
    while (!p->x.t.first && (p->x.t.kind == TOK_WORD || p->x.t.kind == TOK_NUMBER) &&
           !lex_is(&p->x, "codes") && !lex_is(&p->x, "except") && !lex_is(&p->x, "perhaps") &&
           !lex_is(&p->x, "cite") && !lex_is(&p->x, "certainty")) {
        code *c = PUSH(p, *v, *n);
        if (!c) return no_memory(p);
        if (!plm_code_read(p->x.t.text, c))
            return lex_fail(&p->x, "'%.*s' is no ECCN", PLM_FMT(p->x.t.text));
        lex_next(&p->x);
    }
    return !p->x.bad;
}

static int by_code(const void *a, const void *b) {
    return strcmp(((const code *)a)->text, ((const code *)b)->text);
}

static void sort_codes(code *v, uint32_t n) {
    if (n) qsort(v, n, sizeof *v, by_code);
}

static bool parse_codeset(parser *p) {
    codeset s = {.file = p->x.file, .line = p->x.t.line};
    if (!take_name(p, &s.name, "the set's name")) return false;
    if (p->x.t.kind == TOK_TEXT && !take_text(p, &s.title, "a title")) return false;
    while (!p->x.bad && p->x.t.kind != TOK_END && !p->x.t.first) {
        if (lex_take(&p->x, "codes")) parse_codes(p, &s.yes, &s.yes_count);
        else if (lex_take(&p->x, "except")) parse_codes(p, &s.except, &s.except_count);
        else if (lex_take(&p->x, "perhaps")) parse_codes(p, &s.perhaps, &s.perhaps_count);
        else if (lex_take(&p->x, "cite")) parse_cite(p, &s.cite);
        else if (lex_take(&p->x, "certainty")) lex_next(&p->x);
        else return lex_fail(&p->x, "codes, except, perhaps, cite or certainty is expected");
    }
    if (p->x.bad) return false;
    for (uint32_t i = 0; i < p->b->set_count; i++)
        if (plm_str_eq(p->b->sets[i].name, s.name))
            return lex_fail(&p->x, "the set %.*s is declared twice", PLM_FMT(s.name));
    sort_codes(s.yes, s.yes_count);
    sort_codes(s.except, s.except_count);
    sort_codes(s.perhaps, s.perhaps_count);
    codeset *at = PUSH(p, p->b->sets, p->b->set_count);
    if (!at) return no_memory(p);
    *at = s;
    return true;
}

static bool parse_one_name(parser *p, namelist *l) {
    char folded[256];
    plm_str text;
    if (!take_text(p, &text, "a name")) return false;
    plm_str f = {folded, plm_name_fold(text, folded, sizeof folded)};
    one_name *n = PUSH(p, l->v, l->count);
    if (!n) return no_memory(p);
    *n = (one_name){keep(p, f), PLM_DAY_MIN, PLM_DAY_MAX};
    if (lex_take(&p->x, "from") && !take_date(p, &n->from)) return false;
    if (lex_take(&p->x, "until") && !take_date(p, &n->to)) return false;
    return f.n || lex_fail(&p->x, "a name of 1 to 255 letters and digits is expected");
}

static bool parse_names(parser *p) {
    namelist l = {.file = p->x.file, .line = p->x.t.line};
    if (!take_name(p, &l.name, "the list's name")) return false;
    if (p->x.t.kind == TOK_TEXT && !take_text(p, &l.title, "a title")) return false;
    while (!p->x.bad && p->x.t.kind != TOK_END && !p->x.t.first) {
        if (lex_take(&p->x, "name")) parse_one_name(p, &l);
        else if (lex_take(&p->x, "cite")) parse_cite(p, &l.cite);
        else if (lex_take(&p->x, "certainty")) lex_next(&p->x);
        else return lex_fail(&p->x, "name, cite or certainty is expected in a list of names");
    }
    namelist *at = p->x.bad ? NULL : PUSH(p, p->b->lists, p->b->list_count);
    if (!at) return p->x.bad ? false : no_memory(p);
    *at = l;
    return true;
}

/* derived-eccn: an ordered list "CODE when CONDITION". */
static bool parse_derived(parser *p) {
    while (!p->x.bad && p->x.t.kind != TOK_END && !p->x.t.first) {
        eccn_clause c;
        memset(&c, 0, sizeof c);
        if (p->b->eccn_count == sizeof p->b->eccns / sizeof *p->b->eccns)
            return lex_fail(&p->x, "too many derived codes");
        if (!plm_code_read(p->x.t.text, &c.c))
            return lex_fail(&p->x, "'%.*s' is no ECCN", PLM_FMT(p->x.t.text));
        lex_next(&p->x);
        if (!lex_take(&p->x, "when")) return lex_fail(&p->x, "'when' is expected");
        c.cond = parse_condition(p);
        if (c.cond == NODE_NONE) return false;
        p->b->eccns[p->b->eccn_count++] = c;
    }
    return !p->x.bad;
}

static bool parse_head(parser *p) {
    plm_str name, title;
    if (!take_name(p, &name, "the rulebook's name") || !take_text(p, &title, "its title"))
        return false;
    if (!p->b->name.n) p->b->name = name, p->b->title = title;
    if (lex_take(&p->x, "edition")) {
        plm_day d;
        if (!take_date(p, &d)) return false;
        if (p->b->edition < d) p->b->edition = d;
    }
    return !p->x.bad;
}

static bool parse_gap(parser *p) {
    plm_str *at = PUSH(p, p->b->gaps, p->b->gap_count);
    return at ? take_text(p, at, "what is not modelled") : no_memory(p);
}

static bool declaration(parser *p) {
    static const struct {
        const char *word;
        plm_rule_kind kind;
    } kinds[] = {{"define", PLM_RULE_DEFINE}, {"class", PLM_RULE_CLASS}, {"note", PLM_RULE_NOTE},
                 {"requirement", PLM_RULE_REQUIREMENT}, {"exception", PLM_RULE_EXCEPTION},
                 {"policy", PLM_RULE_POLICY}, {"obligation", PLM_RULE_OBLIGATION}};
    if (lex_take(&p->x, "rulebook")) return parse_head(p);
    if (lex_take(&p->x, "group")) return parse_group(p);
    if (lex_take(&p->x, "codes")) return parse_codeset(p);
    if (lex_take(&p->x, "names")) return parse_names(p);
    if (lex_take(&p->x, "derived-eccn")) return parse_derived(p);
    if (lex_take(&p->x, "not-modelled")) return parse_gap(p);
    if (lex_take(&p->x, "background")) return parse_test(p, true);
    if (lex_take(&p->x, "test")) return parse_test(p, false);
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (lex_is(&p->x, kinds[i].word)) return parse_rule(p, kinds[i].kind);
    return lex_fail(&p->x, "rulebook, fact, group, codes, define, class, note, requirement,"
                    " exception, policy, obligation, test or background is expected");
}

static void skip_declaration(parser *p) {
    do lex_next(&p->x);
    while (!p->x.bad && p->x.t.kind != TOK_END && !p->x.t.first);
}

bool plm_book_parse(plm_book *b, plm_str file, plm_str text, bool facts_only, plm_fault *f) {
    parser p = {.b = b};
    lex_open(&p.x, file, text, f);
    lex_next(&p.x);
    while (!p.x.bad && p.x.t.kind != TOK_END) {
        if (!p.x.t.first) return lex_fail(&p.x, "a declaration begins in the first column");
        p.depth = 0;
        bool is_fact = lex_is(&p.x, "fact");
        if (is_fact != facts_only) {
            skip_declaration(&p);
        } else if (is_fact) {
            lex_next(&p.x);
            parse_fact(&p);
        } else {
            declaration(&p);
        }
    }
    return !p.x.bad;
}
