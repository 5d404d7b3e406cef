/* eccn.c: export control classification numbers as people write them.
 * Invariants: 1 a text is an ECCN whole or not at all; 2 nothing is guessed about the side of
 * 3A090 that the text does not tell.  Held by tests/unit/test_eccn.c and fuzz/eccn.c. */
#include "plimsoll/goods.h"

#include <stdio.h>
#include <string.h>

#define NUMBER 256 /* added to a component that is a number */

static bool is_digit(char c) { return c >= '0' && c <= '9'; }
static bool is_letter(char c) { return plm_lower(c) >= 'a' && plm_lower(c) <= 'z'; }
static bool is_gap(char c) { return c == ' ' || c == '.' || c == '-' || c == '(' || c == ')'; }

static plm_str after(plm_str s, size_t n) { return (plm_str){s.p + n, s.n - n}; }

static bool read_ear99(plm_str s) {
    if (!plm_str_starts_fold(s, "EAR")) return false;
    s = after(s, 3);
    while (s.n && (s.p[0] == ' ' || s.p[0] == '-')) s = after(s, 1);
    return plm_str_is(s, "99");
}

/* Digit, letter A to E, three digits; a space after the letter is let pass. */
static bool read_base(plm_str *s, char base[6]) {
    if (s->n < 5 || !is_digit(s->p[0]) || plm_lower(s->p[1]) < 'a' || plm_lower(s->p[1]) > 'e')
        return false;
    base[0] = s->p[0];
    base[1] = (char)(plm_lower(s->p[1]) - 32);
    *s = after(*s, 2);
    while (s->n && s->p[0] == ' ') *s = after(*s, 1);
    if (s->n < 3) return false;
    for (int i = 0; i < 3; i++) {
        if (!is_digit(s->p[i])) return false;
        base[2 + i] = s->p[i];
    }
    base[5] = 0;
    *s = after(*s, 3);
    return true;
}

/* Components: single letters and numbers, with gaps or none between them ("b1" is b, 1). */
static bool read_parts(plm_str s, plm_eccn *e) {
    bool gap = false;
    bool first = true;
    while (s.n) {
        if (is_gap(s.p[0])) {
            gap = true;
            s = after(s, 1);
            continue;
        }
        if (e->n == PLM_ECCN_PARTS_MAX) return false;
        if (is_digit(s.p[0])) {
            unsigned v = 0, digits = 0;
            if (first) return false; /* no paragraph starts with a number */
            for (; s.n && is_digit(s.p[0]); s = after(s, 1), digits++)
                v = v * 10 + (unsigned)(s.p[0] - '0');
            if (digits > 3 || v > 255) return false;
            e->part[e->n++] = (uint16_t)(NUMBER + v);
        } else if (is_letter(s.p[0])) {
            if (e->n && !gap && e->part[e->n - 1] < NUMBER) return false; /* "ab" */
            e->part[e->n++] = (uint16_t)(unsigned char)plm_lower(s.p[0]);
            s = after(s, 1);
        } else {
            return false;
        }
        gap = first = false;
    }
    return true;
}

static plm_side side_of_letter(uint16_t part) {
    return part == 'a' ? PLM_SIDE_A : part == 'b' ? PLM_SIDE_B : PLM_SIDE_UNKNOWN;
}

/* 3A090 and 4A090 themselves. */
static plm_side side_of_entry(const plm_eccn *e) {
    if (e->n == 0) return PLM_SIDE_UNKNOWN;
    if (e->part[0] == 'c' && e->base[0] == '3') return PLM_SIDE_C;
    return side_of_letter(e->part[0]);
}

static bool digit_tells(const char *base) {
    static const char *const entries[] = {"4A004", "4A005", "5A992", "5D992"};
    for (size_t i = 0; i < sizeof entries / sizeof *entries; i++)
        if (strcmp(base, entries[i]) == 0) return true;
    return false;
}

static bool letter_tells(const char *base) {
    static const char *const entries[] = {"3A001", "4A003", "5A002", "5A004", "5D002"};
    for (size_t i = 0; i < sizeof entries / sizeof *entries; i++)
        if (strcmp(base, entries[i]) == 0) return true;
    return false;
}

static plm_side side_of_z(const plm_eccn *e) {
    plm_side letter = e->n > 2 ? side_of_letter(e->part[2]) : PLM_SIDE_UNKNOWN;
    if (letter_tells(e->base)) return letter;
    if (!digit_tells(e->base) || e->n < 2) return PLM_SIDE_UNKNOWN;
    plm_side digit = e->part[1] == NUMBER + 1   ? PLM_SIDE_A
                     : e->part[1] == NUMBER + 2 ? PLM_SIDE_B
                                                : PLM_SIDE_UNKNOWN;
    return e->n > 2 && letter != digit ? PLM_SIDE_UNKNOWN : digit;
}

static plm_side side(const plm_eccn *e) {
    if (strcmp(e->base, "3A090") == 0 || strcmp(e->base, "4A090") == 0) return side_of_entry(e);
    if (e->n && e->part[0] == 'z') return side_of_z(e);
    return PLM_SIDE_NONE;
}

bool plm_eccn_parse(plm_str s, plm_eccn *out) {
    plm_eccn e = {0};
    *out = e;
    s = plm_str_trim(s);
    if (plm_str_starts_fold(s, "ECCN")) {
        s = after(s, 4);
        while (s.n && (s.p[0] == ' ' || s.p[0] == ':')) s = after(s, 1);
    }
    if (read_ear99(s)) {
        out->ear99 = true;
        return true;
    }
    if (!read_base(&s, e.base) || !read_parts(s, &e)) return false;
    e.side = side(&e);
    *out = e;
    return true;
}

size_t plm_eccn_print(const plm_eccn *e, char out[PLM_ECCN_TEXT]) {
    int n = snprintf(out, PLM_ECCN_TEXT, "%s", e->ear99 ? "EAR99" : e->base);
    for (uint32_t i = 0; i < e->n; i++) {
        if (e->part[i] >= NUMBER)
            n += snprintf(out + n, PLM_ECCN_TEXT - (size_t)n, ".%d", e->part[i] - NUMBER);
        else
            n += snprintf(out + n, PLM_ECCN_TEXT - (size_t)n, ".%c", e->part[i]);
    }
    return (size_t)n;
}

plm_truth plm_eccn_within(const plm_eccn *e, const plm_eccn *p) {
    if (e->ear99 || p->ear99) return e->ear99 && p->ear99 ? PLM_YES : PLM_NO;
    if (!e->base[0] || strcmp(e->base, p->base) != 0) return PLM_NO;
    for (uint32_t i = 0; i < p->n; i++) {
        if (i == e->n) return PLM_UNKNOWN;
        if (e->part[i] != p->part[i]) return PLM_NO;
    }
    return PLM_YES;
}

plm_truth plm_eccn_within_text(const plm_eccn *e, const char *p) {
    plm_eccn paragraph;
    if (!plm_eccn_parse(plm_str_c(p), &paragraph)) return PLM_NO;
    return plm_eccn_within(e, &paragraph);
}

bool plm_eccn_same(const plm_eccn *a, const plm_eccn *b) {
    return a->n == b->n && plm_eccn_within(a, b) == PLM_YES;
}
