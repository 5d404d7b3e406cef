/* lex.h: words, strings, numbers, dates and signs of a rulebook, with their places. */
#ifndef PLM_RULES_LEX_H
#define PLM_RULES_LEX_H

#include "rules/book.h"

typedef enum tok_kind { TOK_END, TOK_WORD, TOK_TEXT, TOK_NUMBER, TOK_DATE, TOK_SIGN } tok_kind;

typedef struct tok {
    tok_kind kind;
    plm_str text; /* a TEXT's content without its quotes */
    uint32_t line, column;
    bool first; /* begins a declaration: it stands in the first column */
} tok;

typedef struct lex {
    plm_str file, text;
    size_t at, line_start;
    uint32_t line;
    tok t; /* the token looked at */
    plm_fault *f;
    bool bad;
} lex;

void lex_open(lex *x, plm_str file, plm_str text, plm_fault *f);
/* Goes to the next token; false (x->bad) on a malformed one. */
bool lex_next(lex *x);
bool lex_is(const lex *x, const char *word);
/* Takes the word when it is there. */
bool lex_take(lex *x, const char *word);
/* A fault at the token looked at, with its line of text; always false. */
bool lex_fail(lex *x, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
