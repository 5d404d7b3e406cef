/* parse.h: what the parser's files share. */
#ifndef PLM_RULES_PARSE_H
#define PLM_RULES_PARSE_H

#include "rules/lex.h"

typedef struct parser {
    lex x;
    plm_book *b;
    unsigned depth;
    unsigned totals; /* open totals: after their condition a comparison may follow */
} parser;

/* Growing arrays in the arena: doubles when n is a power of two. */
void *grow(plm_arena *a, void *v, uint32_t n, size_t size);
#define PUSH(p, arr, count) \
    (((arr) = grow((p)->b->arena, (arr), (count), sizeof *(arr))) ? &(arr)[(count)++] : NULL)

uint32_t find_fact(const plm_book *b, plm_str name);
uint32_t add_node(parser *p, node n);
/* An AND or OR of n nodes; of one, itself. */
uint32_t add_list(parser *p, node_op op, const uint32_t *v, uint32_t n);
/* A condition; NODE_NONE when it is in error. */
uint32_t parse_condition(parser *p);
/* A number expression. */
uint32_t parse_number(parser *p);
/* A declaration that defines, classes, notes, requires, excepts or sets policy. */
bool parse_rule(parser *p, plm_rule_kind kind);
/* Test clauses `fires|not|unknown given …` of a rule, and the declaration `test`. */
bool parse_rule_test(parser *p, plm_rule r, plm_truth expect);
bool parse_test(parser *p, bool background);
bool parse_span(parser *p, span *s);
bool take_text(parser *p, plm_str *out, const char *what);
bool take_date(parser *p, plm_day *out);
bool parse_scope(parser *p, plm_scope *out);
/* A citation, added to *c with "; ". */
bool parse_cite(parser *p, plm_str *c);
/* Copies s into the book. */
plm_str keep(parser *p, plm_str s);
bool no_memory(parser *p);

#endif
