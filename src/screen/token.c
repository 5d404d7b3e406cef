/* token.c: words to tokens: phrases of the lexicon, legal forms, compound names taken apart,
 * sounds and keys, weights, and the spans that a comparison may join.
 * Invariants: 1 the same text gives the same tokens, whatever the lists; 2 form is never empty;
 * 3 key is what is left of phon without its vowels.  Held by tests/unit/test_name.c. */
#include "screen/name.h"

#include "plimsoll/screen.h"

#include <string.h>

#define PHRASE_WORDS 8
#define WEIGHT_UNKNOWN 1000
#define WEIGHT_SHORT 620   /* an unknown word of two letters */
#define WEIGHT_NUMBER 600
#define KNOWN_WEIGHT 820
#define SHORT_FORM 2        /* letters of a legal form that may be a person's name (SA, AS) */
#define ACRONYM_LEAST 3     /* letters */
#define ACRONYM_MOST 10
#define ACRONYM_ALONE 4     /* letters of one that is a name without its words */
#define WEIGHT_LIGHT 60    /* of a word that says nothing more here */
#define WEIGHT_SYLLABLE 480 /* a Hangul or Han syllable of its own */

static uint32_t fnv_more(uint32_t h, const char *p, size_t n) {
    for (size_t i = 0; i < n; i++) h = (h ^ (unsigned char)p[i]) * 16777619u;
    return h;
}

static uint32_t fnv(char script, const char *p, size_t n) {
    return fnv_more((2166136261u ^ (unsigned char)script) * 16777619u, p, n);
}

static const lexeme *lex_hashed(char script, const char *p, size_t n, uint32_t hash) {
    uint32_t mask = plm_lex_hash_size - 1;
    for (uint32_t h = hash & mask; plm_lex_hash[h]; h = (h + 1) & mask) {
        const lexeme *x = &plm_lex_table[plm_lex_hash[h] - 1];
        if (x->key_n == n && x->script == (uint8_t)script &&
            memcmp(plm_lex_text + x->key_at, p, n) == 0)
            return x;
    }
    return NULL;
}

const lexeme *plm_lex_find(char script, const char *p, size_t n) {
    return lex_hashed(script, p, n, fnv(script, p, n));
}

uint64_t plm_name_mix(uint64_t h, const void *p, size_t n) {
    const char *s = p;
    h = (h ^ n) * 0x9E3779B97F4A7C15u;
    while (n) {
        uint64_t w = 0;
        size_t k = n < sizeof w ? n : sizeof w;
        memcpy(&w, s, k);
        h = (h ^ w) * 0xFF51AFD7ED558CCDu;
        h ^= h >> 32;
        s += k;
        n -= k;
    }
    return h;
}

uint64_t plm_lex_mix_tables(uint64_t h) {
    uint32_t lexemes = 0;
    h = plm_name_mix(h, plm_lex_hash, plm_lex_hash_size * sizeof *plm_lex_hash);
    for (uint32_t i = 0; i < plm_lex_hash_size; i++)
        if (plm_lex_hash[i] > lexemes) lexemes = plm_lex_hash[i];
    h = plm_name_mix(h, plm_lex_table, lexemes * sizeof *plm_lex_table);
    for (uint32_t i = 0; i < lexemes; i++) {
        const lexeme *x = &plm_lex_table[i];
        h = plm_name_mix(h, plm_lex_text + x->key_at, x->key_n);
        h = plm_name_mix(h, plm_lex_text + x->out_at, strlen(plm_lex_text + x->out_at));
    }
    return h;
}

/* ---- sounds ---- */

typedef struct sound {
    const char *from, *to;
    uint8_t from_n;
} sound;

#define SOUND(from, to) {from, to, sizeof(from) - 1}
/* Longest first within a first letter; all of a first letter together. */
static const sound sounds[] = {
    SOUND("shch", "S"), SOUND("sch", "S"), SOUND("sh", "S"), SOUND("tsch", "C"),
    SOUND("tch", "C"), SOUND("ts", "ts"), SOUND("tz", "ts"), SOUND("th", "t"), SOUND("cz", "C"),
    SOUND("ch", "C"), SOUND("ck", "k"), SOUND("ce", "se"), SOUND("ci", "si"), SOUND("cy", "si"),
    SOUND("c", "k"), SOUND("dzh", "J"), SOUND("dj", "J"), SOUND("dh", "d"), SOUND("zh", "J"),
    SOUND("kh", "H"), SOUND("gh", "g"), SOUND("ph", "f"), SOUND("bh", "b"), SOUND("qu", "k"),
    SOUND("q", "k"), SOUND("x", "ks"), SOUND("w", "v"), SOUND("iya", "ia"), SOUND("iy", "i"),
    SOUND("ij", "i"), SOUND("ii", "i"), SOUND("ia", "a"), SOUND("iu", "u"), SOUND("io", "o"),
    SOUND("ie", "e"), SOUND("yi", "i"), SOUND("yy", "i"), SOUND("ya", "a"), SOUND("yu", "u"),
    SOUND("yo", "o"), SOUND("ye", "e"), SOUND("y", "i"), SOUND("ja", "Ja"), SOUND("j", "J"),
    SOUND("ei", "e"), SOUND("ey", "e"), SOUND("ej", "e"), SOUND("ee", "i"), SOUND("ea", "ea"),
    SOUND("ai", "e"), SOUND("ay", "e"), SOUND("aj", "e"), SOUND("ae", "a"), SOUND("aa", "a"),
    SOUND("oo", "u"), SOUND("ou", "u"), SOUND("oe", "o"), SOUND("oy", "oi"), SOUND("ue", "u"),
    SOUND("uy", "ui"), SOUND("h", "H"),
};
static uint8_t sound_from[26], sound_to[26]; /* the rows of each first letter */
static uint32_t sound_second[26];            /* the letters that follow it in any, a bit each */
static const sound *sound_alone[26];         /* the row of the letter alone */

__attribute__((constructor)) static void fill_sounds(void) {
    for (uint8_t i = 0; i < sizeof sounds / sizeof *sounds; i++) {
        int c = sounds[i].from[0] - 'a';
        if (sound_to[c] == 0) sound_from[c] = i;
        sound_to[c] = (uint8_t)(i + 1);
        if (sounds[i].from_n == 1) sound_alone[c] = &sounds[i];
        else sound_second[c] |= 1u << (sounds[i].from[1] - 'a');
    }
}

static bool vowel(char c) { return c == 'a' || c == 'e' || c == 'i' || c == 'o' || c == 'u'; }

static const sound *sound_at(const char *p, size_t n) {
    if (p[0] < 'a' || p[0] > 'z') return NULL;
    int c = p[0] - 'a';
    bool more = n > 1 && p[1] >= 'a' && p[1] <= 'z' && (sound_second[c] >> (p[1] - 'a') & 1);
    if (!more) return sound_alone[c];
    for (uint8_t i = sound_from[c]; i < sound_to[c]; i++) {
        const sound *s = &sounds[i];
        size_t k = 1;
        while (k < s->from_n && k < n && s->from[k] == p[k]) k++;
        if (k == s->from_n) return s;
    }
    return NULL;
}

static void put_sound(unit *u, char c) {
    if (u->phon_n && u->phon[u->phon_n - 1] == c && !(c >= '0' && c <= '9')) return; /* doubled */
    if (u->phon_n < NAME_FORM) u->phon[u->phon_n++] = c;
}

static char key_of(char c) {
    switch (c) {
    case 'b': return 'p';
    case 'd': return 't';
    case 'g': return 'k';
    case 'z': return 's';
    case 'v': return 'f';
    case 'J': return 'C';
    default: return c;
    }
}

static void make_key(unit *u) {
    for (uint8_t i = 0; i < u->phon_n; i++) {
        char c = u->phon[i];
        if (vowel(c) || (c == 'H' && i > 0)) continue;
        if (u->script == SCRIPT_ARABIC && i > 0 && (c == 'v' || c == 'i')) continue;
        c = key_of(c);
        if (u->key_n && u->key[u->key_n - 1] == c && !(c >= '0' && c <= '9')) continue;
        if (u->key_n < NAME_KEY) u->key[u->key_n++] = c;
    }
}

void plm_unit_sound(unit *u) {
    const char *p = u->form;
    size_t n = u->form_n;
    u->phon_n = u->key_n = 0;
    memset(u->phon, 0, sizeof u->phon);
    memset(u->key, 0, sizeof u->key);
    if (n > 1 && p[0] == 'x' && (p[1] == 'i' || p[1] == 'u')) { /* pinyin */
        put_sound(u, 'S');
        p++;
        n--;
    } else if (n > 2 && p[0] == 'h' && p[1] == 's' && (p[2] == 'i' || p[2] == 'u')) {
        put_sound(u, 'S'); /* Wade-Giles */
        p += 2;
        n -= 2;
    }
    while (n) {
        const sound *s = sound_at(p, n);
        size_t k = s ? s->from_n : 1;
        if (s && s->to[0] == 'H' && k == 1 && u->phon_n && vowel(u->phon[u->phon_n - 1]) &&
            (n == 1 || !vowel(p[1])) && n <= 1)
            ; /* a silent h at the end */
        else if (s)
            for (const char *t = s->to; *t; t++) put_sound(u, *t);
        else
            put_sound(u, *p);
        p += k;
        n -= k;
    }
    make_key(u);
}

/* ---- tokens ---- */

typedef struct builder {
    name_parse *p;
    const word *w;
    uint32_t n;
    uint32_t raw_n;
    struct { uint32_t first, count, word; } raw[NAME_WORDS]; /* words that were altered */
} builder;

static void set_form(unit *u, const char *s, size_t n) {
    if (n > NAME_FORM) {
        static const char hex[] = "0123456789abcdef";
        uint32_t h = fnv('#', s, n);
        memcpy(u->form, s, NAME_FORM - 8);
        for (int i = 0; i < 8; i++) u->form[NAME_FORM - 8 + i] = hex[h >> 4 * i & 15];
        n = NAME_FORM;
    } else {
        memcpy(u->form, s, n);
    }
    u->form_n = (uint8_t)n;
}

static token *add_token(builder *b, const word *w, uint32_t words, const char *s, size_t n) {
    name_parse *p = b->p;
    if (p->token_n == NAME_TOKENS) {
        p->cut = true;
        return NULL;
    }
    token *t = &p->tokens[p->token_n++];
    memset(t, 0, sizeof *t);
    set_form(&t->u, s, n);
    t->u.script = w->script;
    t->at = w->at;
    t->n = (uint16_t)(w[words - 1].at + w[words - 1].len - w->at);
    return t;
}

static void weigh(token *t, const lexeme *x) {
    unit *u = &t->u;
    bool syllable = u->script == SCRIPT_HANGUL;
    if (u->form[0] >= '0' && u->form[0] <= '9') {
        u->kind = TOKEN_NUMBER;
        u->weight = WEIGHT_NUMBER;
    } else if (u->form_n == 1) {
        u->kind = TOKEN_INITIAL;
        u->weight = PLM_WEIGHT_INITIAL;
    } else if (x && x->kind != TOKEN_PLAIN) {
        u->kind = x->kind;
        u->weight = x->weight;
    } else {
        u->weight = x && x->weight ? x->weight
                    : syllable     ? WEIGHT_SYLLABLE
                    : u->form_n == 2 ? WEIGHT_SHORT
                    : u->form_n == 3 ? 800
                                   : WEIGHT_UNKNOWN;
    }
    if (x) u->cls = x->cls;
    u->known = x && u->form_n >= 3 &&
               (x->kind != TOKEN_PLAIN || (x->weight && x->weight < KNOWN_WEIGHT));
    plm_unit_sound(u);
}

/* A stem of Russian adjectives and nouns, looked up with the usual ending. */
static const lexeme *russian(const char *s, size_t n) {
    static const struct { char s[5]; uint8_t n; } ends[] = {
        {"ogo", 3}, {"ego", 3}, {"oye", 3}, {"oe", 2}, {"aya", 3}, {"yaya", 4}, {"iye", 3},
        {"ye", 2},  {"ie", 2},  {"ykh", 3}, {"ikh", 3}, {"yy", 2}, {"iy", 2},   {"yi", 2},
        {"ii", 2},  {"oy", 2},  {"oi", 2},  {"om", 2}, {"ym", 2},  {"im", 2},   {"ami", 3},
        {"yh", 2},  {"uyu", 3}, {"oj", 2},  {"yj", 2}, {"ij", 2},  {"y", 1},    {"i", 1},
        {"a", 1},   {"o", 1},   {"e", 1},   {"u", 1},  {"", 0}};
    static const struct { char s[4]; uint8_t n; } usual[] = {
        {"yy", 2}, {"iy", 2}, {"aya", 3}, {"oe", 2}, {"oy", 2},  {"ye", 2},
        {"", 0},   {"a", 1},  {"y", 1},   {"ie", 2}, {"iya", 3}, {"o", 1}};
    char form[NAME_FORM + 8];
    if (n < 6) return NULL;
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        size_t k = ends[i].n, m = n - k;
        if (m < 5 || memcmp(s + m, ends[i].s, k) != 0 || m >= sizeof form) continue;
        uint32_t h = fnv('l', s, m);
        memcpy(form, s, m);
        for (size_t j = 0; j < sizeof usual / sizeof *usual; j++) {
            size_t e = usual[j].n;
            if (m + e >= sizeof form) continue;
            memcpy(form + m, usual[j].s, e);
            const lexeme *x = lex_hashed('l', form, m + e, fnv_more(h, usual[j].s, e));
            if (x && x->kind >= TOKEN_GENERIC && plm_lex_text[x->out_at]) return x;
        }
    }
    return NULL;
}

/* Where a compound name parts (abdul|rahman, habib|ullah, salah|uddin); 0: it does not.
 * *skip: letters between the parts. */
static size_t compound(const char *s, size_t n, size_t *skip) {
    static const struct { char s[8]; uint8_t n; } tails[] = {
        {"llah", 4}, {"llakh", 5}, {"lla", 3},     {"ddin", 4},   {"ddine", 5},  {"ddeen", 5},
        {"din", 3},  {"dine", 4},  {"deen", 4},    {"rrahman", 7}, {"rahman", 6}, {"rehman", 6},
        {"lhaq", 4}};
    *skip = 0;
    if (n >= 6 && memcmp(s, "abd", 3) == 0 && strchr("uaeoi", s[3])) {
        if (n == 6 && s[4] == 'u') return 0;
        size_t k = 4;
        if (s[k] == 'l' && n > k + 2) k++;
        else if (k + 1 < n && s[k] == s[k + 1]) k++;
        else if (s[3] != 'u' && s[3] != 'o') return 0;
        if (n - k < 3) return 0;
        if (n - k == 3 && memcmp(s + k, "lah", 3) == 0) k--;
        *skip = k - 3;
        return 3;
    }
    for (size_t i = 0; i < sizeof tails / sizeof *tails; i++) {
        const char *t = tails[i].s;
        size_t k = tails[i].n;
        if (n < k + 5 || s[n - 1] != t[k - 1] || memcmp(s + n - k, t, k) != 0) continue;
        char before = s[n - k - 1];
        if (!vowel(before)) continue;
        if (t[0] == 'd' && t[1] != 'd' && before != 'u' && before != 'e') continue;
        *skip = 1 + (t[0] == t[1]);
        return n - k - 1;
    }
    return 0;
}

/* The canonical word or words of a lexeme, for one or more written words. */
static void add_canonical(builder *b, const word *w, uint32_t words, const lexeme *x) {
    const char *p = plm_lex_text + x->out_at;
    bool one = !strchr(p, ' ');
    while (*p) {
        size_t n = strcspn(p, " ");
        token *t = add_token(b, w, words, p, n);
        if (t) weigh(t, one ? x : plm_lex_find('l', p, n));
        p += n + (p[n] == ' ');
    }
}

/* Long words of business, so often written that a slip in one is a slip. */
#define SLIP(s) {s, sizeof(s) - 1}
static const struct { const char *s; size_t n; } slips[] = {
    SLIP("company"), SLIP("limited"), SLIP("corporation"), SLIP("joint"), SLIP("stock"),
    SLIP("obshchestvo"), SLIP("otvetstvennostyu"), SLIP("ogranichennoi"), SLIP("ogranichennoy"),
    SLIP("aktsionernoe"), SLIP("otkrytoe"), SLIP("zakrytoe"), SLIP("publichnoe"),
    SLIP("liability"), SLIP("incorporated"), SLIP("holding"), SLIP("holdings"), SLIP("group"),
    SLIP("trading"), SLIP("technology"), SLIP("technologies"), SLIP("international"),
    SLIP("industries"), SLIP("industry"), SLIP("industrial"), SLIP("electronics"),
    SLIP("electronic"), SLIP("aktiengesellschaft"), SLIP("public"), SLIP("closed"),
    SLIP("research"), SLIP("institute"), SLIP("science"), SLIP("production"), SLIP("enterprise"),
    SLIP("engineering"), SLIP("development"), SLIP("investment"), SLIP("investments"),
    SLIP("equipment"), SLIP("services"), SLIP("service"), SLIP("systems"), SLIP("system"),
    SLIP("shipping"), SLIP("aviation"), SLIP("university"), SLIP("academy"), SLIP("foundation"),
    SLIP("organization"), SLIP("association"), SLIP("construction"), SLIP("management"),
    SLIP("general"), SLIP("national"), SLIP("federal"), SLIP("center"), SLIP("centre"),
    SLIP("islamic"), SLIP("republic"), SLIP("security"), SLIP("military"), SLIP("defense"),
    SLIP("logistics"), SLIP("transport"), SLIP("commercial"), SLIP("petroleum"),
    SLIP("petrochemical"), SLIP("chemical"), SLIP("machinery"), SLIP("import"), SLIP("export"),
    SLIP("manufacturing"), SLIP("semiconductor"), SLIP("communications"), SLIP("network"),
    SLIP("information"), SLIP("computer"), SLIP("laboratory"), SLIP("scientific"),
};

static bool one_slip(const char *a, size_t n, const char *b, size_t m) {
    if (n > m + 1 || m > n + 1) return false;
    size_t i = 0, x = n, y = m;
    while (i < n && i < m && a[i] == b[i]) i++;
    while (x > i && y > i && a[x - 1] == b[y - 1]) x--, y--;
    if (x - i <= 1 && y - i <= 1) return true;
    return x - i == 2 && y - i == 2 && a[i] == b[i + 1] && a[i + 1] == b[i];
}

static const lexeme *slip(const word *w) {
    if (w->n < 4 || w->ready || w->script != SCRIPT_LATIN) return NULL;
    for (size_t i = 0; i < sizeof slips / sizeof *slips; i++) {
        const char *t = slips[i].s;
        size_t n = slips[i].n;
        if (w->form[0] != t[0] && w->form[w->n - 1] != t[n - 1]) continue; /* an edit spares one */
        if (one_slip(w->form, w->n, t, n)) return plm_lex_find('l', t, n);
    }
    return NULL;
}

/* The word as written stays comparable beside what it was made into. */
static void keep_raw(builder *b, const word *w, uint32_t first) {
    if (w->ready || b->raw_n == NAME_WORDS || b->p->token_n == first) return;
    if (w->script == SCRIPT_ARABIC) return; /* without vowels a compound looks like others */
    b->raw[b->raw_n].first = first;
    b->raw[b->raw_n].count = b->p->token_n - first;
    b->raw[b->raw_n++].word = (uint32_t)(w - b->w);
}

/* A Han or Hangul syllable that was read by its sound: a name, whatever the sound means. */
static bool add_syllable(builder *b, const word *w) {
    if (w->ready || (w->script != SCRIPT_HAN && w->script != SCRIPT_HANGUL)) return false;
    const lexeme *x = plm_lex_find('l', w->form, w->n);
    token *t = add_token(b, w, 1, w->form, w->n);
    if (!t) return true;
    weigh(t, x && x->kind == TOKEN_PLAIN ? x : NULL);
    return true;
}

static void add_plain(builder *b, const word *w, const lexeme *x) {
    if (add_syllable(b, w)) return;
    if (!x || (!plm_lex_text[x->out_at] && !x->cls && !x->weight)) x = slip(w);
    if (!x || (x->kind == TOKEN_PLAIN && !x->cls)) {
        const lexeme *r = w->script == SCRIPT_CYRILLIC || w->script == SCRIPT_LATIN
                              ? russian(w->form, w->n) : NULL;
        if (r) x = r;
    }
    size_t skip, part;
    const char *form = w->form;
    size_t n = w->n;
    uint32_t first = b->p->token_n;
    if (x && plm_lex_text[x->out_at] && strchr(plm_lex_text + x->out_at, ' ')) {
        add_canonical(b, w, 1, x);
        keep_raw(b, w, first);
        return;
    }
    if (x && plm_lex_text[x->out_at] && x->kind != TOKEN_PARTICLE) {
        form = plm_lex_text + x->out_at;
        n = strlen(form);
    } else if (w->script == SCRIPT_ARABIC && n > 4 && form[0] == 'a' && form[1] == 'l') {
        token *t = add_token(b, w, 1, "al", 2);
        if (t) weigh(t, plm_lex_find('l', "al", 2));
        form += 2;
        n -= 2;
        x = plm_lex_find('l', form, n);
    } else if (!x || (!x->cls && x->kind == TOKEN_PLAIN)) {
        part = compound(form, n, &skip);
        if (part) {
            token *t = add_token(b, w, 1, form, part);
            if (t) weigh(t, plm_lex_find('l', form, part));
            form += part + skip;
            n -= part + skip;
            x = plm_lex_find('l', form, n);
        }
    }
    token *t = add_token(b, w, 1, form, n);
    if (t) weigh(t, x);
    if (t && form != w->form) keep_raw(b, w, first);
}

/* Ordinals: 38th, and first…tenth as numbers are in the lexicon. */
static bool ordinal_end(const word *w) {
    return w->n == 2 && (memcmp(w->form, "st", 2) == 0 || memcmp(w->form, "nd", 2) == 0 ||
                         memcmp(w->form, "rd", 2) == 0 || memcmp(w->form, "th", 2) == 0);
}

static bool is_word(const word *w, const char *s) {
    return w->n == strlen(s) && memcmp(w->form, s, w->n) == 0;
}

/* Longest phrase of the lexicon at word i, which is head; its words, 0 when none. */
static uint32_t phrase(builder *b, uint32_t i, const lexeme *head, const lexeme **x) {
    if (!head || head->phrase < 2) return 0;
    for (uint32_t n = head->phrase < b->n - i ? head->phrase : b->n - i; n >= 2; n--) {
        char key[160];
        size_t k = 0;
        for (uint32_t j = 0; j < n && k + b->w[i + j].n + 1 < sizeof key; j++) {
            if (j) key[k++] = ' ';
            memcpy(key + k, b->w[i + j].form, b->w[i + j].n);
            k += b->w[i + j].n;
        }
        *x = plm_lex_find('l', key, k);
        if (*x && plm_lex_text[(*x)->out_at]) return n;
    }
    return 0;
}

static void add_number(builder *b, const word *w, uint32_t words, const char *s, size_t n) {
    while (n > 1 && s[0] == '0') {
        s++;
        n--;
    }
    token *t = add_token(b, w, words, s, n);
    if (t) weigh(t, NULL);
}

/* "forty four", "fourty-four": one number. */
static bool number_words(builder *b, uint32_t *i, const lexeme *x) {
    const word *w = &b->w[*i];
    const char *s = plm_lex_text + x->out_at;
    size_t n = strlen(s);
    if (n == 2 && s[1] == '0' && s[0] != '1' && *i + 1 < b->n) {
        const lexeme *y = plm_lex_find('l', b->w[*i + 1].form, b->w[*i + 1].n);
        if (y && y->kind == TOKEN_NUMBER && plm_lex_text[y->out_at] != '0' &&
            !plm_lex_text[y->out_at + 1]) {
            char two[2] = {s[0], plm_lex_text[y->out_at]};
            add_number(b, w, 2, two, 2);
            *i += 2;
            return true;
        }
    }
    add_number(b, w, 1, s, n);
    *i += 1;
    return true;
}

static void add_words(builder *b) {
    for (uint32_t i = 0; i < b->n;) {
        const word *w = &b->w[i];
        const lexeme *x = NULL, *head = plm_lex_find('l', w->form, w->n);
        uint32_t n = phrase(b, i, head, &x);
        if (n) {
            uint32_t first = b->p->token_n;
            add_canonical(b, w, n, x);
            for (uint32_t j = 0; j < n; j++) keep_raw(b, w + j, first);
            i += n;
            continue;
        }
        if (w->number) {
            add_number(b, w, 1, w->form, w->n);
            i++;
            if (i < b->n && ordinal_end(&b->w[i]) && b->w[i].group == w->group) i++;
            continue;
        }
        if (is_word(w, "no") && i + 1 < b->n && b->w[i + 1].number) {
            i++;
            continue;
        }
        if (head && head->kind == TOKEN_NUMBER) {
            number_words(b, &i, head);
            continue;
        }
        add_plain(b, w, head);
        i++;
    }
}

/* Short legal forms and particles are names where nothing longer is there (An Se Ho). */
static void settle_short(name_parse *p) {
    bool longer = false, number = false;
    for (uint32_t i = 0; i < p->token_n; i++) {
        const unit *u = &p->tokens[i].u;
        number = number || u->kind == TOKEN_NUMBER;
        longer = longer || ((u->kind == TOKEN_PLAIN || u->kind == TOKEN_GENERIC ||
                             u->kind == TOKEN_PLACE) && u->form_n >= 4);
    }
    for (uint32_t i = 0; number && i < p->token_n; i++)
        if (p->tokens[i].u.form_n == 2 && memcmp(p->tokens[i].u.form, "no", 2) == 0) {
            p->tokens[i].u.kind = TOKEN_TITLE;
            p->tokens[i].u.weight = 60;
        }
    for (uint32_t i = 0; i < p->token_n; i++) {
        token *t = &p->tokens[i];
        bool light = t->u.kind == TOKEN_LEGAL || t->u.kind == TOKEN_PARTICLE;
        bool edge = i == 0 || i + 1 == p->token_n || p->tokens[i - 1].u.kind == TOKEN_LEGAL ||
                    p->tokens[i + 1].u.kind == TOKEN_LEGAL;
        if (light && t->n <= 3 && t->n > 1 && (!longer || (t->u.kind == TOKEN_LEGAL && !edge))) {
            t->u.kind = TOKEN_PLAIN;
            t->u.weight = longer ? 300 : 450;
        }
    }
}

static bool heavy(const unit *u) {
    return u->kind != TOKEN_LEGAL && u->kind != TOKEN_PARTICLE && u->kind != TOKEN_TITLE;
}

static void make_light(token *t) {
    t->u.kind = TOKEN_TITLE;
    t->u.weight = WEIGHT_LIGHT;
}

/* A branch is its company, and its place says where it is, not who: Radiozavod Shenzhen Branch. */
static void settle_branch(name_parse *p) {
    for (uint32_t i = 1; i < p->token_n; i++) {
        const unit *u = &p->tokens[i].u;
        if (u->kind != TOKEN_GENERIC || strcmp(u->form, "branch") != 0) continue;
        uint32_t j = i;
        while (j > 0 && p->tokens[j - 1].u.kind == TOKEN_PLACE) j--;
        if (j == 0 || !heavy(&p->tokens[j - 1].u)) continue;
        for (; j <= i; j++) make_light(&p->tokens[j]);
    }
}

/* Whether the words from first to end begin with the letters of the acronym, one each; particles
 * and legal forms may be passed over. */
static bool spells(const builder *b, uint32_t first, uint32_t end, const unit *acronym) {
    uint32_t at = 1; /* a bit for each number of letters that may be spelled so far */
    if (b->w[first].form[0] != acronym->form[0]) return false;
    for (uint32_t i = first; i < end && at; i++) {
        const lexeme *x = plm_lex_find('l', b->w[i].form, b->w[i].n);
        bool light = x && (x->kind == TOKEN_PARTICLE || x->kind == TOKEN_LEGAL);
        uint32_t next = light ? at : 0;
        for (uint32_t k = 0; k < acronym->form_n; k++)
            if ((at >> k & 1) && b->w[i].form[0] == acronym->form[k]) next |= 2u << k;
        at = next;
    }
    return at >> acronym->form_n & 1;
}

static bool spelled_beside(const builder *b, const token *t) {
    uint32_t i = 0;
    while (i < b->n && b->w[i].at != t->at) i++;
    for (uint32_t j = 0; j + ACRONYM_LEAST <= i; j++)
        if (spells(b, j, i, &t->u)) return true;
    for (uint32_t j = i + 1 + ACRONYM_LEAST; j <= b->n; j++)
        if (spells(b, i + 1, j, &t->u)) return true;
    return false;
}

/* A word of the name once more, in brackets: HiSilicon Technologies Co., Ltd. (HiSilicon). */
static bool repeats(const name_parse *p, uint32_t i, plm_str text) {
    const token *t = &p->tokens[i];
    size_t end = (size_t)t->at + t->n;
    bool again = false;
    if (t->at == 0 || end >= text.n || text.p[t->at - 1] != '(' || text.p[end] != ')') return false;
    for (uint32_t j = 0; j < i && !again; j++)
        again = t->u.form_n == p->tokens[j].u.form_n &&
                memcmp(t->u.form, p->tokens[j].u.form, t->u.form_n) == 0;
    return again;
}

/* The acronym that stands beside the words it is made of says nothing more: National University
 * of Defense Technology (NUDT). */
static void settle_acronyms(builder *b, plm_str text) {
    for (uint32_t i = 0; i < b->p->token_n; i++) {
        token *t = &b->p->tokens[i];
        bool letters = t->u.kind == TOKEN_PLAIN && t->u.script == SCRIPT_LATIN &&
                       t->u.form_n == t->n && t->n >= ACRONYM_LEAST;
        t->acronym = letters && t->n <= ACRONYM_MOST && spelled_beside(b, t);
        if (!t->acronym && !(letters && repeats(b->p, i, text))) continue;
        make_light(t);
    }
}

static void add_span(name_parse *p, uint32_t first, uint32_t count, const char *s, size_t n,
                     uint8_t script) {
    if (p->span_n == NAME_SPANS || n > NAME_FORM || n < 2) return;
    span *x = &p->spans[p->span_n++];
    memset(x, 0, sizeof *x);
    set_form(&x->u, s, n);
    x->u.script = script;
    x->u.join = 1;
    x->first = (uint8_t)first;
    x->count = (uint8_t)count;
    plm_unit_sound(&x->u);
}

/* Joins of two and three tokens next to each other, particles among them passed over too. */
static void add_joins(name_parse *p) {
    for (uint32_t i = 0; i < p->token_n; i++) {
        char form[2 * NAME_FORM + 2];
        size_t n = 0;
        uint32_t parts = 0;
        if (p->tokens[i].u.kind == TOKEN_LEGAL || p->tokens[i].u.kind == TOKEN_NUMBER) continue;
        for (uint32_t j = i; j < p->token_n && parts < 3; j++) {
            const unit *u = &p->tokens[j].u;
            if (u->kind == TOKEN_LEGAL || u->kind == TOKEN_NUMBER || n + u->form_n > NAME_FORM)
                break;
            memcpy(form + n, u->form, u->form_n);
            n += u->form_n;
            parts++;
            if (parts == 2 || (parts == 3 && n <= 12))
                add_span(p, i, j - i + 1, form, n, u->script);
        }
    }
}

/* First letters of all heavy tokens (of three and more). */
static void add_acronym(name_parse *p) {
    char form[NAME_FORM];
    size_t n = 0;
    uint32_t last = 0, first = NAME_TOKENS;
    for (uint32_t i = 0; i < p->token_n && n < 10; i++) {
        const unit *u = &p->tokens[i].u;
        if (!heavy(u) || u->kind == TOKEN_INITIAL || u->kind == TOKEN_NUMBER) continue;
        form[n++] = u->form[0];
        last = i;
        if (first == NAME_TOKENS) first = i;
    }
    if (n >= 3) {
        add_span(p, first, last - first + 1, form, n, SCRIPT_LATIN);
        if (p->span_n) p->spans[p->span_n - 1].u.join = 2;
    }
}

bool plm_name_read(plm_str text, name_parse *out) {
    word words[NAME_WORDS];
    builder b = {.p = out, .w = words};
    memset(out, 0, offsetof(name_parse, tokens));
    if (!plm_fold_words(text, words, &b.n, out)) return false;
    add_words(&b);
    settle_short(out);
    settle_branch(out);
    settle_acronyms(&b, text);
    for (uint32_t i = 0; i < out->token_n; i++) {
        span *s = &out->spans[out->span_n++];
        s->u = out->tokens[i].u;
        s->first = (uint8_t)i;
        s->count = 1;
        out->weight += out->tokens[i].u.weight;
    }
    for (uint32_t i = 0; i < b.raw_n; i++) {
        const word *w = &words[b.raw[i].word];
        uint32_t before = out->span_n;
        add_span(out, b.raw[i].first, b.raw[i].count, w->form, w->n, w->script);
        if (out->span_n == before) continue;
        out->spans[before].u.join = 0;
        out->spans[before].u.known = plm_lex_find('l', w->form, w->n) != NULL;
    }
    add_joins(out);
    add_acronym(out);
    return true;
}

plm_str plm_name_outside(plm_str text) {
    text = plm_str_trim(text);
    size_t n = text.n, depth = 0;
    if (!n || text.p[n - 1] != ')') return (plm_str){text.p, 0};
    do {
        n--;
        depth += text.p[n] == ')';
        depth -= text.p[n] == '(';
    } while (n && depth);
    while (n && !depth && strchr(" ,;.", text.p[n - 1])) n--;
    return (plm_str){text.p, depth ? 0 : n};
}

plm_str plm_name_acronym(plm_str text, const name_parse *p) {
    for (uint32_t i = 0; i < p->token_n; i++)
        if (p->tokens[i].acronym && p->tokens[i].n >= ACRONYM_ALONE)
            return (plm_str){text.p + p->tokens[i].at, p->tokens[i].n};
    return (plm_str){text.p, 0};
}

plm_entity_kind plm_screen_kind_of(plm_str name) {
    static _Thread_local name_parse p;
    if (!plm_name_read(name, &p)) return PLM_ENTITY_UNKNOWN;
    for (uint32_t i = 0; i < p.token_n; i++)
        if (p.tokens[i].u.kind == TOKEN_LEGAL && p.tokens[i].n > SHORT_FORM)
            return PLM_ENTITY_ORGANIZATION;
    return PLM_ENTITY_UNKNOWN;
}

bool plm_screen_print_tokens(plm_str name, plm_buf *out) {
    static const char *const kinds[] = {"plain", "legal", "particle", "title",
                                        "generic", "place", "number", "initial"};
    static _Thread_local name_parse p;
    if (!plm_name_read(name, &p)) return false;
    for (uint32_t i = 0; i < p.span_n; i++) {
        const unit *u = &p.spans[i].u;
        if (i == p.token_n) plm_buf_puts(out, " |");
        plm_buf_printf(out, "%s%s", i ? " " : "", u->form);
        if (i < p.token_n)
            plm_buf_printf(out, "/%s/%s/%s/%u", u->phon, u->key, kinds[u->kind], u->weight);
    }
    return true;
}
