/* codes.c: ECCNs and sets of them.  A code is a base entry (3A090, EAR99) and paragraphs parted
 * by points; a set's paragraph holds everything below it. */
#include "rules/book.h"

#include <string.h>

static bool digit(char c) { return c >= '0' && c <= '9'; }

static bool base_fits(const char *p) { /* digit, A to E, three digits */
    return digit(p[0]) && p[1] >= 'A' && p[1] <= 'E' && digit(p[2]) && digit(p[3]) && digit(p[4]);
}

bool plm_code_read(plm_str text, code *out) {
    text = plm_str_trim(text);
    memset(out, 0, sizeof *out);
    if (text.n < 5 || text.n >= CODE_TEXT_MAX) return false;
    for (int i = 0; i < 5; i++) out->text[i] = plm_upper(text.p[i]);
    if (memcmp(out->text, "EAR99", 5) != 0 && !base_fits(out->text)) return false;
    bool point = false;
    for (size_t i = 5; i < text.n; i++) {
        char c = plm_lower(text.p[i]);
        bool word = (c >= 'a' && c <= 'z') || digit(c) || c == '-';
        if (c == '.' ? point : !word) return false;
        if (i == 5 && c != '.') return false;
        point = c == '.';
        out->text[i] = c;
    }
    if (point) return false;
    out->n = (uint8_t)text.n;
    out->base_n = 5;
    return true;
}

/* a is b or a paragraph above it. */
static bool holds(const code *a, const code *b) {
    return a->n <= b->n && memcmp(a->text, b->text, a->n) == 0 &&
           (a->n == b->n || b->text[a->n] == '.');
}

/* Index of the first code whose base is c's. */
static uint32_t first_of_base(const code *v, uint32_t n, const code *c) {
    uint32_t lo = 0, hi = n;
    while (lo < hi) {
        uint32_t mid = (lo + hi) / 2;
        if (memcmp(v[mid].text, c->text, 5) < 0) lo = mid + 1;
        else hi = mid;
    }
    return lo;
}

size_t plm_name_fold(plm_str s, char *out, size_t max) {
    size_t n = 0;
    for (size_t i = 0; i < s.n; i++) {
        char c = plm_lower(s.p[i]);
        bool keep_it = (c >= 'a' && c <= 'z') || digit(c) || (unsigned char)c >= 0x80;
        if (!keep_it) continue;
        if (n == max) return 0; /* longer than any listed name */
        out[n++] = c;
    }
    return n;
}

#define EACH_OF_BASE(v, n, c, i) \
    for (uint32_t i = first_of_base((v), (n), (c)); \
         i < (n) && memcmp((v)[i].text, (c)->text, 5) == 0; i++)

plm_truth plm_code_within(const code *c, const codeset *s) {
    plm_truth r = PLM_NO;
    EACH_OF_BASE(s->yes, s->yes_count, c, i) {
        if (holds(&s->yes[i], c)) r = PLM_YES;
        else if (r == PLM_NO && holds(c, &s->yes[i])) r = PLM_UNKNOWN;
    }
    if (r != PLM_NO) EACH_OF_BASE(s->except, s->except_count, c, i) {
        if (holds(&s->except[i], c)) r = PLM_NO;
        else if (r == PLM_YES && holds(c, &s->except[i])) r = PLM_UNKNOWN;
    }
    if (r == PLM_NO) EACH_OF_BASE(s->perhaps, s->perhaps_count, c, i)
        if (holds(&s->perhaps[i], c) || holds(c, &s->perhaps[i])) r = PLM_UNKNOWN;
    return r;
}
