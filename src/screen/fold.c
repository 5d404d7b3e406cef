/* fold.c: text of any script to words of the letters a-z and digits.
 * Invariants: 1 a word's form holds a-z and 0-9 only and is never empty; 2 the words are in the
 * order of the text and inside it.  Held by tests/unit/test_name.c. */
#include "screen/fold_data.h"
#include "screen/name.h"

#include <string.h>

#define WORD_CPS 64 /* letters of one word that count */

uint32_t plm_utf8_next(plm_str s, size_t *i) {
    const unsigned char *p = (const unsigned char *)s.p + *i;
    size_t left = s.n - *i, k = p[0] < 0x80 ? 1 : p[0] >= 0xF0 ? 4 : p[0] >= 0xE0 ? 3 : 2;
    if (k == 1) {
        ++*i;
        return p[0];
    }
    if (p[0] < 0xC2 || p[0] > 0xF4 || k > left) return UINT32_MAX;
    uint32_t cp = p[0] & (0xFFu >> (k + 1));
    for (size_t j = 1; j < k; j++) {
        if ((p[j] & 0xC0) != 0x80) return UINT32_MAX;
        cp = cp << 6 | (p[j] & 0x3Fu);
    }
    static const uint32_t least[5] = {0, 0, 0x80, 0x800, 0x10000};
    if (cp < least[k] || cp > 0x10FFFF || (cp >= 0xD800 && cp < 0xE000)) return UINT32_MAX;
    *i += k;
    return cp;
}

static const char *letter(uint32_t cp) {
    if (cp >= 0x20000 || !plm_fold_page[cp >> 8]) return NULL;
    uint16_t v = plm_fold_letter[(plm_fold_page[cp >> 8] - 1u) * 256u + (cp & 255u)];
    return v ? plm_fold_text + plm_fold_at[v - 1] : NULL;
}

static bool is_han(uint32_t cp) { return (cp >= 0x3400 && cp < 0xA000) || cp == 0x3007; }
static bool is_hangul(uint32_t cp) { return cp >= 0xAC00 && cp < 0xD7A4; }
static bool is_kana(uint32_t cp) {
    return (cp >= 0x3041 && cp < 0x3100) || (cp >= 0xFF66 && cp < 0xFFA0);
}

static name_script script_of(uint32_t cp) {
    if (cp < 0x370 || (cp >= 0x1E00 && cp < 0x1F00) || (cp >= 0xFF00 && cp < 0xFF66) ||
        cp >= 0x1D400)
        return SCRIPT_LATIN;
    if (cp >= 0x400 && cp < 0x530) return SCRIPT_CYRILLIC;
    if (cp >= 0x590 && cp < 0x600) return SCRIPT_HEBREW;
    if ((cp >= 0x600 && cp < 0x780) || (cp >= 0x8A0 && cp < 0x900) ||
        (cp >= 0xFB50 && cp < 0xFF00))
        return SCRIPT_ARABIC;
    if (is_han(cp)) return SCRIPT_HAN;
    if (is_hangul(cp)) return SCRIPT_HANGUL;
    if (is_kana(cp)) return SCRIPT_KANA;
    return SCRIPT_OTHER;
}

/* Marks that stand within a word and say nothing. */
static bool is_silent(uint32_t cp) {
    return cp == '\'' || cp == 0x2018 || cp == 0x2019 || cp == 0x201B || cp == 0x60 || cp == 0xB4 ||
           (cp >= 0x2B0 && cp < 0x370) || cp == 0x200B || cp == 0x200D || cp == 0xAD ||
           (cp >= 0x200E && cp <= 0x200F) || (cp >= 0x202A && cp <= 0x202E) ||
           (cp >= 0x2060 && cp <= 0x206F) || cp == 0xFEFF || cp == 0x640 || cp == 0x5F3 ||
           cp == 0x5F4 || cp == 0x30FC || (cp >= 0xFE00 && cp < 0xFE10);
}

static uint16_t simple(uint32_t cp) {
    uint32_t lo = 0, hi = plm_fold_simple_n;
    while (lo < hi) {
        uint32_t mid = (lo + hi) / 2;
        if (plm_fold_simple[2 * mid] < cp) lo = mid + 1;
        else hi = mid;
    }
    return lo < plm_fold_simple_n && plm_fold_simple[2 * lo] == cp ? plm_fold_simple[2 * lo + 1]
                                                                    : (uint16_t)cp;
}

static uint32_t alike(uint32_t cp, bool to_latin) {
    for (uint32_t i = 0; i < plm_fold_alike_n; i++)
        if (plm_fold_alike[2 * i + (to_latin ? 0 : 1)] == cp)
            return plm_fold_alike[2 * i + (to_latin ? 1 : 0)];
    return 0;
}

/* One written word being collected. */
typedef struct run {
    uint32_t cp[WORD_CPS];
    uint16_t at[WORD_CPS + 1];
    uint32_t n;
    name_script script;
    bool dotted;
} run;

typedef struct folder {
    word *out;
    uint32_t n;
    uint8_t group;
    name_parse *flags;
} folder;

static word *emit(folder *f, const run *r, uint32_t from, uint32_t to, const char *form, size_t n,
                  name_script script) {
    if (n == 0) return NULL;
    if (f->n == NAME_WORDS) {
        f->flags->cut = true;
        return NULL;
    }
    word *w = &f->out[f->n++];
    memset(w, 0, sizeof *w);
    if (n >= sizeof w->form) n = sizeof w->form - 1;
    memcpy(w->form, form, n);
    w->n = (uint8_t)n;
    w->script = (uint8_t)script;
    w->at = r->at[from];
    w->len = (uint16_t)(r->at[to] - r->at[from]);
    w->dotted = r->dotted;
    w->number = form[0] >= '0' && form[0] <= '9';
    w->group = f->group;
    return w;
}

/* A lexicon's canonical words, one word each. */
static void emit_words(folder *f, const run *r, uint32_t from, uint32_t to, const lexeme *x) {
    const char *p = plm_lex_text + x->out_at;
    while (*p) {
        size_t n = strcspn(p, " ");
        word *w = emit(f, r, from, to, p, n, r->script);
        if (w) {
            w->ready = true;
            w->dotted = false;
            w->group = ++f->group;
        }
        p += n + (p[n] == ' ');
    }
    f->group++;
}

static size_t put_utf8(uint32_t cp, char *out) {
    out[0] = (char)(0xE0 | cp >> 12);
    out[1] = (char)(0x80 | (cp >> 6 & 0x3F));
    out[2] = (char)(0x80 | (cp & 0x3F));
    return 3;
}

/* Longest entry of the script lexicon that begins at i. */
static const lexeme *longest(const run *r, uint32_t i, char script, uint32_t least, uint32_t *len) {
    char key[3 * 12];
    uint32_t most = r->n - i < 12 ? r->n - i : 12;
    for (uint32_t n = most; n >= least && n > 0; n--) {
        size_t k = 0;
        for (uint32_t j = 0; j < n; j++) k += put_utf8(r->cp[i + j], key + k);
        const lexeme *x = plm_lex_find(script, key, k);
        if (x) {
            *len = n;
            return x;
        }
    }
    return NULL;
}

static void add(char *form, size_t *n, size_t cap, const char *s) {
    size_t k = strlen(s);
    if (*n + k >= cap) return;
    memcpy(form + *n, s, k);
    *n += k;
}

static const char *han_reading(uint32_t cp) {
    if (cp < 0x3400 || cp >= 0xA000) return "";
    return plm_fold_text + plm_fold_at[plm_fold_han[cp - 0x3400]];
}

/* Reading of a family name where it differs from the usual one. */
static const char *surname_reading(uint32_t cp) {
    switch (cp) {
    case 0x5355: return "shan";
    case 0x66FE: return "zeng";
    case 0x89E3: return "xie";
    case 0x4EC7: return "qiu";
    case 0x533A: return "ou";
    case 0x67E5: return "zha";
    case 0x7F2A: return "miao";
    case 0x5C09: return "yu";
    case 0x76D6: return "ge";
    case 0x4E50: return "yue";
    case 0x8983: return "qin";
    default: return han_reading(cp);
    }
}

static void han_letters(folder *f, const run *r, uint32_t from, uint32_t to) {
    while (from < to) {
        uint32_t n = to - from > 3 ? 2 : to - from;
        char form[96];
        size_t k = 0;
        for (uint32_t i = 0; i < n; i++) add(form, &k, sizeof form, han_reading(r->cp[from + i]));
        emit(f, r, from, from + n, form, k, SCRIPT_HAN);
        from += n;
    }
    f->group++;
}

static void flush_han(folder *f, run *r) {
    uint32_t len = 0;
    for (uint32_t i = 0; i < r->n; i++) r->cp[i] = simple(r->cp[i]);
    bool business = false;
    for (uint32_t i = 0; i < r->n && !business; i++) business = longest(r, i, 'h', 2, &len);
    if (!business && r->n >= 2 && r->n <= 4) { /* family name, given name */
        char form[96];
        size_t k = 0;
        uint32_t first = r->n == 4 ? 2 : 1;
        for (uint32_t i = 0; i < first; i++) add(form, &k, sizeof form, surname_reading(r->cp[i]));
        emit(f, r, 0, first, form, k, SCRIPT_HAN);
        k = 0;
        for (uint32_t i = first; i < r->n; i++) add(form, &k, sizeof form, han_reading(r->cp[i]));
        emit(f, r, first, r->n, form, k, SCRIPT_HAN);
        f->group++;
        return;
    }
    uint32_t start = 0;
    for (uint32_t i = 0; i < r->n;) {
        const lexeme *x = longest(r, i, 'h', business && i - start != 1 ? 1 : 2, &len);
        if (x && len == 1 && i > start) x = NULL; /* within an unknown word: a letter of it */
        if (x && len == 1 && i + 1 < r->n && !longest(r, i + 1, 'h', 2, &(uint32_t){0})) x = NULL;
        if (!x) {
            i++;
            continue;
        }
        han_letters(f, r, start, i);
        emit_words(f, r, i, i + len, x);
        i += len;
        start = i;
    }
    han_letters(f, r, start, r->n);
}

/* McCune-Reischauer without its marks. */
static size_t hangul_roman(uint32_t cp, char *out) {
    static const char *const lead[] = {"k", "kk", "n", "t", "tt", "r", "m", "p", "pp", "s",
                                       "ss", "", "ch", "tch", "ch", "k", "t", "p", "h"};
    static const char *const vowel[] = {"a", "ae", "ya", "yae", "o", "e", "yo", "ye", "o", "wa",
                                        "wae", "oe", "yo", "u", "wo", "we", "wi", "yu", "u", "ui",
                                        "i"};
    static const char *const tail[] = {"", "k", "k", "k", "n", "n", "n", "t", "l", "k", "m", "l",
                                       "l", "l", "l", "l", "m", "p", "p", "t", "t", "ng", "t", "t",
                                       "k", "t", "p", "t"};
    uint32_t s = cp - 0xAC00;
    size_t n = 0;
    add(out, &n, 12, lead[s / 588]);
    add(out, &n, 12, vowel[s / 28 % 21]);
    add(out, &n, 12, tail[s % 28]);
    return n;
}

static void flush_hangul(folder *f, run *r) {
    for (uint32_t i = 0; i < r->n;) {
        uint32_t len = 1;
        const lexeme *x = longest(r, i, 'x', 2, &len);
        if (x) {
            emit_words(f, r, i, i + len, x);
        } else {
            char form[16];
            size_t n = hangul_roman(r->cp[i], form);
            emit(f, r, i, i + 1, form, n, SCRIPT_HANGUL);
            len = 1;
        }
        i += len;
    }
    f->group++;
}

/* In a word of Latin and Cyrillic letters the ones that look alike follow the majority. */
static void settle_script(folder *f, run *r) {
    uint32_t latin = 0, cyrillic = 0, lat = 0, cyr = 0;
    for (uint32_t i = 0; i < r->n; i++) {
        name_script s = script_of(r->cp[i]);
        lat += s == SCRIPT_LATIN;
        cyr += s == SCRIPT_CYRILLIC;
    }
    if (!lat || !cyr) return;
    for (uint32_t i = 0; i < r->n; i++) {
        name_script s = script_of(r->cp[i]);
        if (s == SCRIPT_LATIN) latin += alike(r->cp[i] | 32u, false) == 0;
        else if (s == SCRIPT_CYRILLIC)
            cyrillic += alike(r->cp[i] < 0x430 ? r->cp[i] + 32u : r->cp[i], true) == 0;
    }
    f->flags->mixed_script = true;
    bool to_latin = latin > cyrillic || (latin == cyrillic && lat > cyr);
    for (uint32_t i = 0; i < r->n; i++) {
        uint32_t low = r->cp[i] < 128 ? r->cp[i] | 32u : r->cp[i];
        if (low >= 0x410 && low < 0x430) low += 32;
        if (low == 0x406) low = 0x456;
        uint32_t other = alike(low, to_latin);
        if (other && script_of(r->cp[i]) == (to_latin ? SCRIPT_CYRILLIC : SCRIPT_LATIN))
            r->cp[i] = other;
    }
    r->script = to_latin ? SCRIPT_LATIN : SCRIPT_CYRILLIC;
}

static bool is_digit(uint32_t cp) {
    const char *s = letter(cp);
    return s && s[0] >= '0' && s[0] <= '9' && !s[1];
}

static bool is_kana_small(uint32_t cp) {
    return cp == 0x3083 || cp == 0x3085 || cp == 0x3087 || cp == 0x30E3 || cp == 0x30E5 ||
           cp == 0x30E7;
}

/* Where a given name of the lexicon begins a longer word (Ali|reza), or one ends it; from when
 * it does not. */
static uint32_t arabic_compound(const run *r, uint32_t from, uint32_t to) {
    for (uint32_t cut = to - 2; cut > from + 2; cut--) {
        for (int tail = 0; tail < 2; tail++) {
            char form[96];
            size_t n = 0;
            for (uint32_t i = tail ? cut : from; i < (tail ? to : cut); i++) {
                const char *s = letter(r->cp[i]);
                if (s) add(form, &n, sizeof form, s);
            }
            const lexeme *x = n >= 3 ? plm_lex_find('x', form, n) : NULL;
            if (!x || strchr(plm_lex_text + x->out_at, ' ')) continue;
            const char *out = plm_lex_text + x->out_at;
            const lexeme *y = plm_lex_find('l', out, strlen(out));
            if (y && y->kind == TOKEN_PLAIN) return cut;
        }
    }
    return from;
}

/* Letters from..to of an alphabet, as one word. */
static void emit_letters(folder *f, const run *r, uint32_t from, uint32_t to, bool leet) {
    static const char letters[] = "oizeasbtbg";
    char form[96];
    size_t n = 0;
    for (uint32_t i = from; i < to; i++) {
        const char *s = letter(r->cp[i]);
        char one[2] = {0, 0};
        if (!s) continue;
        if (leet && s[0] >= '0' && s[0] <= '9') {
            one[0] = letters[s[0] - '0'];
            s = one;
        }
        if (is_kana_small(r->cp[i]) && n && form[n - 1] == 'i') {
            n--;
            if (n && (form[n - 1] == 'h' || form[n - 1] == 'j')) s++;
        }
        add(form, &n, sizeof form, s);
    }
    if (n > 5 && r->script == SCRIPT_ARABIC && !plm_lex_find('x', form, n)) {
        uint32_t cut = arabic_compound(r, from, to);
        if (cut > from) {
            emit_letters(f, r, from, cut, false);
            emit_letters(f, r, cut, to, false);
            return;
        }
    }
    if (n && r->script != SCRIPT_LATIN) {
        const lexeme *x = plm_lex_find('x', form, n);
        if (x && r->script != SCRIPT_CYRILLIC) {
            emit_words(f, r, from, to, x);
            return;
        }
    }
    emit(f, r, from, to, form, n, r->script);
}

static void flush_letters(folder *f, run *r) {
    settle_script(f, r);
    uint32_t digits = 0, inner = 0;
    for (uint32_t i = 0; i < r->n; i++)
        if (is_digit(r->cp[i])) {
            digits++;
            inner += i > 0 && i + 1 < r->n && !is_digit(r->cp[i - 1]) && !is_digit(r->cp[i + 1]);
        }
    bool leet = digits && digits == inner && (r->n - digits) >= 2 * digits + 1;
    if (!digits || digits == r->n || leet) {
        emit_letters(f, r, 0, r->n, leet);
    } else {
        for (uint32_t i = 0, j; i < r->n; i = j) {
            bool d = is_digit(r->cp[i]);
            for (j = i + 1; j < r->n && is_digit(r->cp[j]) == d;) j++;
            emit_letters(f, r, i, j, false);
        }
    }
    f->group++;
}

static void flush(folder *f, run *r) {
    if (r->n) {
        if (r->script != SCRIPT_LATIN) f->flags->native = true;
        if (r->script == SCRIPT_HAN) flush_han(f, r);
        else if (r->script == SCRIPT_HANGUL) flush_hangul(f, r);
        else flush_letters(f, r);
    }
    r->n = 0;
    r->dotted = false;
}

static bool same_run(name_script a, name_script b) {
    bool wide_a = a == SCRIPT_HAN || a == SCRIPT_HANGUL || a == SCRIPT_KANA;
    bool wide_b = b == SCRIPT_HAN || b == SCRIPT_HANGUL || b == SCRIPT_KANA;
    return wide_a || wide_b ? a == b : true;
}

/* A full stop keeps initials together (A.B.C.) and parts other words. */
static bool joins_initials(plm_str text, size_t dot, const run *r) {
    if (r->n == 0 || (r->n > 1 && !r->dotted)) return false;
    size_t i = dot + 1;
    if (i >= text.n) return true;
    uint32_t a = plm_utf8_next(text, &i);
    if (a == UINT32_MAX || !letter(a) || !letter(a)[0]) return false;
    if (i >= text.n) return true;
    uint32_t b = plm_utf8_next(text, &i);
    return b == '.' || b == ' ' || b == ',' || b == ')' || b == '"' || b == '-';
}

static void put(folder *f, run *r, uint32_t cp, size_t at, size_t end) {
    name_script s = script_of(cp);
    if (is_digit(cp)) s = r->n ? r->script : SCRIPT_LATIN;
    if (r->n && (!same_run(r->script, s) || (is_digit(cp) && r->script >= SCRIPT_HANGUL)))
        flush(f, r);
    if (is_digit(cp) && !r->n) s = SCRIPT_LATIN;
    if (r->n == 0 || (r->script == SCRIPT_LATIN && is_digit(r->cp[0]))) r->script = s;
    if (r->n == WORD_CPS) {
        f->flags->cut = true;
        return;
    }
    r->cp[r->n] = cp;
    r->at[r->n++] = (uint16_t)at;
    r->at[r->n] = (uint16_t)end;
}

bool plm_fold_words(plm_str text, word *out, uint32_t *n, name_parse *flags) {
    folder f = {.out = out, .flags = flags};
    run r = {.n = 0};
    size_t silent = SIZE_MAX; /* where a word begins whose first letters are not written in Latin */
    for (size_t i = 0; i < text.n;) {
        size_t at = i;
        uint32_t cp = plm_utf8_next(text, &i);
        if (cp == UINT32_MAX) return false;
        if (is_silent(cp)) continue;
        const char *s = letter(cp);
        if (is_han(cp) || is_hangul(cp) || (s && s[0])) {
            put(&f, &r, cp, r.n == 0 && silent < at ? silent : at, i);
            silent = SIZE_MAX;
            continue;
        }
        if (s) { /* a mark on the letter before, or a letter as ayn */
            if (r.n) r.at[r.n] = (uint16_t)i;
            else if (silent == SIZE_MAX) silent = at;
            continue;
        }
        silent = SIZE_MAX;
        if (cp == '.' && joins_initials(text, at, &r)) {
            r.dotted = true;
        } else if (cp == '&') {
            flush(&f, &r);
            r.at[0] = (uint16_t)at;
            r.at[1] = (uint16_t)i;
            emit(&f, &r, 0, 1, "and", 3, SCRIPT_LATIN);
            f.group++;
        } else {
            flush(&f, &r);
        }
    }
    flush(&f, &r);
    *n = f.n;
    return true;
}

uint32_t plm_fold_letter_text(uint32_t cp, char out[16]) {
    size_t n = 0;
    if (is_han(cp)) add(out, &n, 16, han_reading(simple(cp)));
    else if (is_hangul(cp)) n = hangul_roman(cp, out);
    else if (letter(cp)) add(out, &n, 16, letter(cp));
    return (uint32_t)n;
}

uint64_t plm_fold_mix_tables(uint64_t h) {
    uint32_t pages = 0, strings = 0;
    h = plm_name_mix(h, plm_fold_page, 0x200);
    for (uint32_t i = 0; i < 0x200; i++)
        if (plm_fold_page[i] > pages) pages = plm_fold_page[i];
    h = plm_name_mix(h, plm_fold_letter, (size_t)pages * 256 * sizeof *plm_fold_letter);
    for (uint32_t i = 0; i < pages * 256; i++)
        if (plm_fold_letter[i] > strings) strings = plm_fold_letter[i];
    h = plm_name_mix(h, plm_fold_han, (0xA000 - 0x3400) * sizeof *plm_fold_han);
    for (uint32_t i = 0; i < 0xA000 - 0x3400; i++)
        if (plm_fold_han[i] >= strings) strings = plm_fold_han[i] + 1u;
    h = plm_name_mix(h, plm_fold_at, strings * sizeof *plm_fold_at);
    for (uint32_t i = 0; i < strings; i++) {
        const char *s = plm_fold_text + plm_fold_at[i];
        h = plm_name_mix(h, s, strlen(s));
    }
    h = plm_name_mix(h, plm_fold_simple, 2 * plm_fold_simple_n * sizeof *plm_fold_simple);
    return plm_name_mix(h, plm_fold_alike, 2 * plm_fold_alike_n * sizeof *plm_fold_alike);
}
