/* lex.c: the rulebook's tokens.  A declaration begins in the first column; everything else is
 * free of layout.  '#' begins a comment. */
#include "rules/lex.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void lex_open(lex *x, plm_str file, plm_str text, plm_fault *f) {
    *x = (lex){.file = file, .text = text, .line = 1, .f = f};
}

bool lex_fail(lex *x, const char *fmt, ...) {
    char say[200], where[192];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(say, sizeof say, fmt, ap);
    va_end(ap);
    x->bad = true;
    size_t from = x->t.line == x->line ? x->line_start : 0, end = 0;
    if (!from && x->t.line > 1) { /* the token's line, if reading went past it */
        uint32_t line = 1;
        for (; from < x->text.n && line < x->t.line; from++)
            if (x->text.p[from] == '\n') line++;
    }
    for (end = from; end < x->text.n && x->text.p[end] != '\n';) end++;
    plm_str line = plm_str_trim((plm_str){x->text.p + from, end - from});
    if (line.n > 90) line.n = 90;
    snprintf(where, sizeof where, "%.*s", PLM_FMT(x->file));
    return plm_fail_at(x->f, PLM_BAD_INPUT, where, x->t.line, x->t.column, "%s | %.*s", say,
                       PLM_FMT(line));
}

static bool word_char(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           c == '.' || c == ':' || c == '-' || c == '_';
}

static void skip_space(lex *x) {
    while (x->at < x->text.n) {
        char c = x->text.p[x->at];
        if (c == '#') {
            while (x->at < x->text.n && x->text.p[x->at] != '\n') x->at++;
        } else if (c == '\n') {
            x->at++;
            x->line++;
            x->line_start = x->at;
        } else if (c == ' ' || c == '\t' || c == '\r') {
            x->at++;
        } else {
            return;
        }
    }
}

static bool read_text(lex *x) {
    size_t from = ++x->at;
    while (x->at < x->text.n && x->text.p[x->at] != '"') {
        if (x->text.p[x->at] == '\n')
            return lex_fail(x, "this text has no closing quote on its line; add one");
        x->at++;
    }
    if (x->at == x->text.n) return lex_fail(x, "this text has no closing quote; add one");
    x->t.kind = TOK_TEXT;
    x->t.text = (plm_str){x->text.p + from, x->at - from};
    x->at++;
    return true;
}

static tok_kind word_kind(plm_str w) {
    plm_day d;
    plm_dec v;
    if (plm_day_parse(w, &d)) return TOK_DATE;
    return plm_dec_parse(w, false, &v, NULL) ? TOK_NUMBER : TOK_WORD;
}

bool lex_next(lex *x) {
    if (x->bad) return false;
    skip_space(x);
    x->t = (tok){.line = x->line, .column = (uint32_t)(x->at - x->line_start + 1)};
    x->t.first = x->t.column == 1;
    if (x->at >= x->text.n) return true;
    char c = x->text.p[x->at];
    if (c == '"') return read_text(x);
    size_t from = x->at;
    bool alone = c == '-' && (x->at + 1 == x->text.n || !word_char(x->text.p[x->at + 1]));
    if (word_char(c) && !alone) {
        while (x->at < x->text.n && word_char(x->text.p[x->at])) x->at++;
        x->t.text = (plm_str){x->text.p + from, x->at - from};
        x->t.kind = word_kind(x->t.text);
        return true;
    }
    if (!c || !strchr("(),<>=+-*/", c))
        return lex_fail(x, "the sign '%c' has no meaning here; put text between quotes",
                        c >= 32 && c < 127 ? c : '?');
    x->at++;
    if ((c == '<' || c == '>') && x->at < x->text.n && x->text.p[x->at] == '=') x->at++;
    x->t.kind = TOK_SIGN;
    x->t.text = (plm_str){x->text.p + from, x->at - from};
    return true;
}

bool lex_is(const lex *x, const char *word) {
    return (x->t.kind == TOK_WORD || x->t.kind == TOK_SIGN) && plm_str_is(x->t.text, word);
}

bool lex_take(lex *x, const char *word) {
    if (!lex_is(x, word)) return false;
    lex_next(x);
    return true;
}
