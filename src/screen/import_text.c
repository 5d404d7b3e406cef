/* import_text.c: dates, id wordings and split fields as the lists write them.
 * Invariant: a date that is not understood gives none, never a guess.
 * Held by tests/unit/test_import.c. */
#include "screen/import.h"

#include <string.h>

bool plm_import_utf8(plm_str s, size_t *at) {
    const unsigned char *p = (const unsigned char *)s.p;
    for (size_t i = 0; i < s.n;) {
        *at = i;
        if (p[i] < 0x80) {
            if (p[i++] == 0) return false;
            continue;
        }
        size_t k = p[i] >= 0xF0 ? 4 : p[i] >= 0xE0 ? 3 : 2;
        if (p[i] < 0xC2 || p[i] > 0xF4 || k > s.n - i) return false;
        for (size_t j = 1; j < k; j++)
            if ((p[i + j] & 0xC0) != 0x80) return false;
        if ((p[i] == 0xE0 && p[i + 1] < 0xA0) || (p[i] == 0xED && p[i + 1] > 0x9F) ||
            (p[i] == 0xF0 && p[i + 1] < 0x90) || (p[i] == 0xF4 && p[i + 1] > 0x8F))
            return false;
        i += k;
    }
    return true;
}

ptrdiff_t plm_import_find(plm_str a, const char *b) {
    size_t n = strlen(b);
    for (size_t i = 0; n <= a.n && i <= a.n - n; i++)
        if (plm_str_starts_fold((plm_str){a.p + i, a.n - i}, b)) return (ptrdiff_t)i;
    return -1;
}

bool plm_import_part(plm_str *rest, char sep, plm_str *part) {
    if (!rest->p) return false;
    const char *at = rest->n ? memchr(rest->p, sep, rest->n) : NULL;
    if (!at) {
        *part = plm_str_trim(*rest);
        *rest = (plm_str){NULL, 0};
        return true;
    }
    size_t n = (size_t)(at - rest->p);
    *part = plm_str_trim((plm_str){rest->p, n});
    *rest = (plm_str){at + 1, rest->n - n - 1};
    return true;
}

bool plm_import_part_by(plm_str *rest, const char *sep, plm_str *part) {
    if (!rest->p) return false;
    const char *at = rest->n ? memmem(rest->p, rest->n, sep, strlen(sep)) : NULL;
    if (!at) {
        *part = plm_str_trim(*rest);
        *rest = (plm_str){NULL, 0};
        return true;
    }
    size_t n = (size_t)(at - rest->p);
    *part = plm_str_trim((plm_str){rest->p, n});
    *rest = (plm_str){at + strlen(sep), rest->n - n - strlen(sep)};
    return true;
}

/* A date's words: numbers with their digits' count, months, and the few words between. */
typedef struct word {
    int value, digits; /* digits 0: a month's name */
    char after;        /* the separator that follows */
} word;
#define WORDS_MAX 8

static int month_named(plm_str s) {
    static const char *const months[] = {"jan", "feb", "mar", "apr", "may", "jun",
                                         "jul", "aug", "sep", "oct", "nov", "dec"};
    if (s.n < 3) return 0;
    for (int m = 0; m < 12; m++)
        if (plm_str_is_fold((plm_str){s.p, 3}, months[m])) return m + 1;
    return 0;
}

static bool is_digit(char c) { return c >= '0' && c <= '9'; }
static bool is_letter(char c) { return (c | 32) >= 'a' && (c | 32) <= 'z'; }

/* Splits s; -1 for a word that belongs to no date. */
static int words_of(plm_str s, word w[WORDS_MAX]) {
    int n = 0;
    for (size_t i = 0; i < s.n;) {
        size_t from = i;
        if (is_digit(s.p[i])) {
            int v = 0;
            while (i < s.n && is_digit(s.p[i]) && i - from < 5) v = v * 10 + (s.p[i++] - '0');
            if (n == WORDS_MAX || i - from > 4) return -1;
            w[n++] = (word){v, (int)(i - from), i < s.n ? s.p[i] : 0};
        } else if (is_letter(s.p[i])) {
            while (i < s.n && is_letter(s.p[i])) i++;
            int m = month_named((plm_str){s.p + from, i - from});
            if (!m || n == WORDS_MAX) return -1;
            w[n++] = (word){m, 0, i < s.n ? s.p[i] : 0};
        } else {
            if (!strchr(" .,-/", s.p[i])) return -1;
            i++;
        }
    }
    return n;
}

static bool day_of(int y, int m, int d, plm_day *from, plm_day *to) {
    int y2, m2, d2;
    if (y < 1000 || y > 2999 || m < 1 || m > 12 || d < 1 || d > 31) return false;
    *from = *to = plm_day_from_ymd(y, m, d);
    plm_day_to_ymd(*from, &y2, &m2, &d2);
    return y2 == y && m2 == m && d2 == d;
}

static bool month_of(int y, int m, plm_day *from, plm_day *to) {
    if (y < 1000 || y > 2999 || m < 1 || m > 12) return false;
    *from = plm_day_from_ymd(y, m, 1);
    *to = (m == 12 ? plm_day_from_ymd(y + 1, 1, 1) : plm_day_from_ymd(y, m + 1, 1)) - 1;
    return true;
}

static bool three_words(const word *w, plm_day *from, plm_day *to) {
    if (w[0].digits == 4) /* 2001-05-09, 2001/05/09 */
        return day_of(w[0].value, w[1].value, w[2].value, from, to);
    if (w[2].digits != 4) return false;
    if (w[1].digits == 0) return day_of(w[2].value, w[1].value, w[0].value, from, to);
    if (w[0].digits == 0) return day_of(w[2].value, w[0].value, w[1].value, from, to);
    if (w[0].after == '/') /* the US way: month first */
        return day_of(w[2].value, w[0].value, w[1].value, from, to);
    return day_of(w[2].value, w[1].value, w[0].value, from, to);
}

static bool one_date(plm_str s, plm_day *from, plm_day *to) {
    word w[WORDS_MAX];
    int n = words_of(s, w);
    if (n == 3) return three_words(w, from, to);
    if (n == 2 && w[0].digits == 4) return month_of(w[0].value, w[1].value, from, to);
    if (n == 2 && w[1].digits == 4) return month_of(w[1].value, w[0].value, from, to);
    if (n != 1 || w[0].digits != 4 || w[0].value < 1000 || w[0].value > 2999) return false;
    *from = plm_day_from_ymd(w[0].value, 1, 1);
    *to = plm_day_from_ymd(w[0].value + 1, 1, 1) - 1;
    return true;
}

static plm_str after_word(plm_str s, const char *word_) {
    size_t n = strlen(word_);
    if (s.n > n && plm_str_starts_fold(s, word_) && !is_letter(s.p[n]))
        return plm_str_trim((plm_str){s.p + n, s.n - n});
    return s;
}

bool plm_import_days(plm_str s, plm_day *from, plm_day *to) {
    s = plm_str_trim(s);
    const char *paren = s.n ? memchr(s.p, '(', s.n) : NULL;
    bool about = plm_import_find(s, "approx") >= 0;
    if (paren) s = plm_str_trim((plm_str){s.p, (size_t)(paren - s.p)});
    const char *time = s.n > 10 && s.p[4] == '-' ? memchr(s.p, 'T', s.n) : NULL;
    if (time == s.p + 10) s.n = 10;
    static const char *const loose[] = {"circa", "approximately", "about", "c."};
    for (size_t i = 0; i < sizeof loose / sizeof *loose; i++) {
        plm_str t = after_word(s, loose[i]);
        about |= t.p != s.p;
        s = t;
    }
    s = after_word(s, "between");
    static const char *const joins[] = {" to ", " and ", " - "};
    for (size_t i = 0; i < 3; i++) {
        ptrdiff_t at = plm_import_find(s, joins[i]);
        if (at <= 0) continue;
        size_t skip = (size_t)at + strlen(joins[i]);
        plm_day a2, b1;
        return one_date((plm_str){s.p, (size_t)at}, from, &a2) &&
               one_date((plm_str){s.p + skip, s.n - skip}, &b1, to) && *from <= *to;
    }
    if (!one_date(s, from, to)) return false;
    if (about) *from -= 731, *to += 731; /* two years to each side */
    return true;
}

const char *plm_import_id_kind(plm_str s) {
    static const struct { const char *has, *kind; } kinds[] = {
        {"IMO", "imo"}, {"MMSI", "mmsi"}, {"tail number", "tail"}, {"Aircraft Tail", "tail"},
        {"Serial Number", "serial"}, {"MSN", "serial"}, {"Construction Number", "serial"},
        {"Unified Social Credit", "uscc"}, {"USCC", "uscc"}, {"LEI", "lei"},
        {"Legal Entity Identifier", "lei"}, {"passport", "passport"}, {"SWIFT", "swift"},
        {"BIC", "swift"}, {"D-U-N-S", "duns"}, {"ISIN", "isin"}, {"Ticker", "ticker"},
        {"tax", "tax"}, {"NIT", "tax"}, {"RUC", "tax"}, {"R.F.C", "tax"}, {"V.A.T", "tax"},
        {"INN", "tax"}, {"OGRN", "registration"}, {"OKPO", "registration"},
        {"Registration", "registration"}, {"Company Number", "registration"},
        {"Registry", "registration"}, {"Trade License", "registration"},
        {"Matricula Mercantil", "registration"}, {"C.R. No", "registration"},
        {"Folio Mercantil", "registration"}, {"Enterprise Number", "registration"},
        {"Government Gazette", "gazette"}, {"Digital Currency", "wallet"},
        {"national", "national_id"}, {"Cedula", "national_id"}, {"C.U.R.P", "national_id"},
        {"identi", "national_id"}, {"D.N.I", "national_id"}, {"ID card", "national_id"},
        {"Driver", "licence"},
    };
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (plm_import_find(s, kinds[i].has) >= 0) return kinds[i].kind;
    return "other";
}
