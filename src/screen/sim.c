/* sim.c: how alike two tokens are.
 * Invariant (docs/no-miss.md): a relation above 0 implies one of
 *   A  forms within one edit (letter replaced, added, left out, or changed with its neighbour),
 *   B  an equal key,
 *   C  keys of 4 letters and more within one edit,
 *   D  the same class of spellings,
 * each of which gives the two tokens a common entry of the near table.
 * Held by tests/unit/test_screen.c (index answer == exhaustive answer). */
#include "screen/index.h"

#include <string.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

#define FLOOR_SIM 640
#define FLOOR_CROSS 760     /* between an alphabet with and one without vowels */
#define CLASS_SIM 930
#define NICK_SIM 760
#define COST_VOWEL 45       /* one vowel for another, added or left out */
#define COST_FIRST_VOWEL 80
#define COST_VOICE 40       /* b/p, d/t, g/k, z/s, v/f, J/C */
#define COST_NEAR 55        /* S/s, C/ts, H/k … */
#define COST_H 45
#define COST_H_WRITTEN 70   /* Arabic and Hebrew write it */
#define SHORT_EDIT_SIM 690   /* one edit in three letters */
#define FIRST_LOSS 50        /* in the first letter */
#define COST_FIRST 30       /* names seldom differ in their first sound */
#define COST_SWAP 70
#define COST_FULL 100
#define COST_LONG 45        /* a long vowel, which Arabic writes, that the other lacks */
#define COST_LONG_SUB 60    /* and another vowel for it */
#define COST_SHORT 10       /* a short vowel, which Arabic doesn't write */
#define COST_ABJAD_VOWEL 40 /* between two of its kind */
#define COST_ALIF 20
#define COST_LIKE 5         /* letters that stand for both */
#define COST_NEVER 100000
#define KNOWN_LOSS 400      /* per cent of what is missing to alike */

/* Within one edit (optimal string alignment)? */
static bool within_one(const char *a, size_t n, const char *b, size_t m) {
    if (n > m + 1 || m > n + 1) return false;
    size_t i = 0;
    while (i < n && i < m && a[i] == b[i]) i++;
    while (n > i && m > i && a[n - 1] == b[m - 1]) n--, m--;
    if (n - i <= 1 && m - i <= 1) return true;
    return n - i == 2 && m - i == 2 && a[i] == b[i + 1] && a[i + 1] == b[i];
}

static char key_of(char c) {
    return c == 'b' ? 'p' : c == 'd' ? 't' : c == 'g' ? 'k' : c == 'z' ? 's' : c == 'v' ? 'f'
           : c == 'J' ? 'C' : c;
}

size_t plm_unit_second_key(const unit *u, char *out) {
    size_t n = 0;
    bool has = false;
    if (u->script != SCRIPT_ARABIC) return 0;
    for (uint8_t i = 0; i < u->phon_n && n < NAME_KEY; i++) {
        char c = u->phon[i];
        has = has || (c == 'v' && i > 0);
        if (strchr("aeiou", c) || (c == 'H' && i > 0)) continue;
        c = key_of(c);
        if (n && out[n - 1] == c) continue;
        out[n++] = c;
    }
    return has ? n : 0;
}

static bool keys_near(const char *a, size_t n, const char *b, size_t m) {
    if (n == 0 || m == 0) return false;
    if (n == m && memcmp(a, b, NAME_KEY + 1) == 0) return true; /* zeros behind both */
    return n >= 4 && m >= 4 && within_one(a, n, b, m);
}

static const char key_letters[] = "cfhjklmnpqrstwxySCH0123456789";
static const char sound_letters[] = "abcdefghijklmnopqrstuvwxyzSCJH0123456789";
static uint8_t key_bits['z' + 1], sound_bit['z' + 1];

__attribute__((constructor)) static void fill_bits(void) {
    for (uint8_t i = 0; key_letters[i]; i++) key_bits[(unsigned char)key_letters[i]] = i + 1;
    for (uint8_t i = 0; sound_letters[i]; i++) sound_bit[(unsigned char)sound_letters[i]] = i;
}

uint64_t plm_near_key_letters(const unit *u) {
    uint64_t v = 0;
    if (u->key_n > 12) return NEAR_KEY_LONG;
    for (uint8_t i = 0; i < u->key_n; i++) {
        if (!key_bits[(unsigned char)u->key[i]]) return NEAR_KEY_LONG;
        v |= (uint64_t)key_bits[(unsigned char)u->key[i]] << 5 * i;
    }
    return v;
}

bool plm_near_keys_may(uint64_t a, uint64_t b) {
    uint64_t x = a ^ b;
    if (x == 0 || a == NEAR_KEY_LONG || b == NEAR_KEY_LONG) return true;
    if (!(a >> 15) || !(b >> 15)) return false; /* fewer than four letters */
    int i = __builtin_ctzll(x) / 5 * 5;
    a >>= i;
    b >>= i;
    if (a >> 5 == b >> 5 || a >> 5 == b || a == b >> 5) return true;
    return a >> 10 == b >> 10 && (a & 31) == (b >> 5 & 31) && (a >> 5 & 31) == (b & 31);
}

uint64_t plm_near_sounds(const unit *u) {
    uint64_t v = (uint64_t)u->phon_n << NEAR_SOUNDS_N;
    for (uint8_t i = 0; i < u->phon_n; i++)
        v |= (uint64_t)1 << sound_bit[(unsigned char)u->phon[i]];
    return v;
}

static bool may_relate(const unit *a, const unit *b, bool forms_near) {
    if (forms_near) return true;
    if (keys_near(a->key, a->key_n, b->key, b->key_n)) return true;
    if (a->script != SCRIPT_ARABIC && b->script != SCRIPT_ARABIC) return false;
    char ka[NAME_KEY + 1] = {0}, kb[NAME_KEY + 1] = {0};
    size_t n = plm_unit_second_key(a, ka), m = plm_unit_second_key(b, kb);
    return keys_near(ka, n, b->key, b->key_n) || keys_near(a->key, a->key_n, kb, m) ||
           keys_near(ka, n, kb, m);
}

typedef struct near_ctx {
    plm_near_fn *fn;
    void *ctx;
} near_ctx;

static void shorter(const near_ctx *c, char tag, const char *p, size_t n) {
    char s[NAME_FORM + 1];
    for (size_t i = 0; i < n; i++) {
        if (i && p[i] == p[i - 1]) continue; /* the same string again */
        memcpy(s, p, i);
        memcpy(s + i, p + i + 1, n - i - 1);
        c->fn(c->ctx, tag == 'f' ? 'F' : tag, plm_index_hash(tag, s, n - 1));
    }
}

static void near_key(const near_ctx *c, const char *key, size_t n) {
    if (n == 0) return;
    c->fn(c->ctx, 'k', plm_index_hash('k', key, n));
    if (n >= 4) {
        c->fn(c->ctx, 'd', plm_index_hash('d', key, n));
        shorter(c, 'd', key, n);
    }
}

void plm_near_keys(const unit *u, plm_near_fn *fn, void *ctx) {
    near_ctx c = {fn, ctx};
    fn(ctx, 'f', plm_index_hash('f', u->form, u->form_n));
    if (u->cls) fn(ctx, 'c', plm_index_hash('c', (const char *)&u->cls, sizeof u->cls));
    if (u->kind == TOKEN_NUMBER || u->form_n < 2) return;
    shorter(&c, 'f', u->form, u->form_n);
    near_key(&c, u->key, u->key_n);
    char second[NAME_KEY + 1];
    near_key(&c, second, plm_unit_second_key(u, second));
}

/* ---- the alignment ---- */

static bool is_vowel(char c) { return c == 'a' || c == 'e' || c == 'i' || c == 'o' || c == 'u'; }

/* How two are compared: vowels written on both sides, on one side, on neither. */
typedef enum writing { WRITTEN, CROSS, UNWRITTEN, WRITINGS } writing;

#define SYMBOLS PROFILE_SYMBOLS
#define AT_FIRST 1
#define AT_LAST 2

/* Cost of one sound for another, and of one more sound by where it stands and whether its own
 * script writes vowels. */
static uint8_t sub_costs[WRITINGS][SYMBOLS][SYMBOLS], indel_costs[WRITINGS][2][4][SYMBOLS];

static void set_cost(int which, char a, char b, uint8_t cost) {
    sub_costs[which][a - '0'][b - '0'] = cost;
    sub_costs[which][b - '0'][a - '0'] = cost;
}

static uint8_t indel_cost(writing w, bool abjad, int at, char c) {
    if (is_vowel(c) && (at & AT_FIRST)) return w ? COST_VOWEL : COST_FIRST_VOWEL;
    if (is_vowel(c) && w == CROSS) return abjad ? COST_LONG : COST_SHORT;
    if (is_vowel(c)) return w ? COST_ABJAD_VOWEL : COST_VOWEL;
    if (c == 'H' && w) return at & AT_LAST ? 10 : COST_H_WRITTEN;
    if (c == 'H') return at & AT_FIRST ? COST_NEAR : COST_H;
    if (c == 'v' && w && !(at & AT_FIRST)) return 20;
    return COST_FULL;
}

__attribute__((constructor)) static void fill_costs(void) {
    static const char pairs[] = "bpdtgkzsvfJC", vowels[] = "aeiou";
    static const char near[] = "SsCtCsHkJzvukqSCJiHgvoJgrlsC";
    static const uint8_t vowel[WRITINGS] = {COST_VOWEL, COST_LONG_SUB, COST_ABJAD_VOWEL};
    for (int w = 0; w < WRITINGS; w++) {
        memset(sub_costs[w], COST_FULL, sizeof sub_costs[w]);
        for (size_t i = 0; i + 1 < sizeof near; i += 2)
            set_cost(w, near[i], near[i + 1], COST_NEAR);
        for (size_t i = 0; i + 1 < sizeof pairs; i += 2)
            set_cost(w, pairs[i], pairs[i + 1], COST_VOICE);
        for (int i = 0; i < SYMBOLS; i++) sub_costs[w][i][i] = 0;
        for (const char *p = vowels; *p; p++)
            for (const char *q = vowels; *q; q++)
                if (p != q) set_cost(w, *p, *q, vowel[w]);
        if (w != WRITTEN) {
            set_cost(w, 'v', 'u', COST_LIKE);
            set_cost(w, 'v', 'o', COST_LIKE);
            set_cost(w, 'J', 'i', COST_LIKE);
            set_cost(w, 'd', 'z', 20);
            set_cost(w, 'i', 'e', COST_LIKE);
            set_cost(w, 'u', 'o', COST_LIKE);
        }
        for (int i = 0; i < 8 * SYMBOLS; i++)
            indel_costs[w][i & 1][i >> 1 & 3][i >> 3] =
                indel_cost((writing)w, i & 1, i >> 1 & 3, (char)((i >> 3) + '0'));
    }
}

static bool abjad(const unit *u) {
    return u->script == SCRIPT_ARABIC || u->script == SCRIPT_HEBREW;
}

/* One letter more, number i of u's sounds. */
static int one_more(writing w, const unit *u, size_t i) {
    int at = (i == 0 ? AT_FIRST : 0) | (i + 1 == u->phon_n ? AT_LAST : 0);
    return indel_costs[w][abjad(u)][at][u->phon[i] - '0'];
}

/* The first sound of one for the first of the other: alif carries any vowel. */
static int first_sub(writing w, char a, char b) {
    int cost = sub_costs[w][a - '0'][b - '0'];
    return w && cost > COST_LIKE && is_vowel(a) && is_vowel(b) ? COST_ALIF : cost;
}

/* Cost of making a of b; COST_NEVER as soon as it is sure to pass limit. */
static int align(writing w, const unit *first, const unit *second, int limit) {
    const char *a = first->phon, *b = second->phon;
    size_t n = first->phon_n, m = second->phon_n;
    int d[3][NAME_FORM + 2], ins[NAME_FORM + 2], last = 0;
    d[0][0] = 0;
    for (size_t j = 1; j <= m; j++) {
        ins[j] = one_more(w, second, j - 1);
        d[0][j] = d[0][j - 1] + ins[j];
    }
    for (size_t i = 1; i <= n; i++) {
        int *now = d[i % 3], *up = d[(i + 2) % 3], *up2 = d[(i + 1) % 3];
        const uint8_t *sub = sub_costs[w][a[i - 1] - '0'];
        int del = one_more(w, first, i - 1), left = up[0] + del, least = left;
        now[0] = left;
        for (size_t j = 1; j <= m; j++) {
            int best = up[j - 1] + (i + j == 2 ? first_sub(w, a[0], b[0]) : sub[b[j - 1] - '0']);
            if (left + ins[j] < best) best = left + ins[j];
            if (up[j] + del < best) best = up[j] + del;
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
                up2[j - 2] + COST_SWAP < best)
                best = up2[j - 2] + COST_SWAP;
            now[j] = left = best;
            if (best < least) least = best;
        }
        if (least > limit && last > limit) return COST_NEVER; /* a swap looks back two rows */
        last = least;
    }
    return d[n % 3][m];
}

void plm_profile_init(unit_profile *p, const unit *u) {
    p->u = u;
    memset(p->made, 0, sizeof p->made);
}

#ifdef __SSE2__
/* All that a phonetic form is made of. */
static const char symbols[] = "abcdefghijklmnopqrstuvwxyzSCJH0123456789";

static void make_profile(unit_profile *p, writing w) {
    const unit *u = p->u;
    int16_t sum = 0;
    memset(p->places, 0, sizeof p->places);
    for (size_t j = 0; j < PROFILE_LETTERS; j++) {
        if (j < u->phon_n) sum = (int16_t)(sum + one_more(w, u, j));
        p->more[w][j] = sum;
        int at = j < u->phon_n ? u->phon[j] - '0' : 0;
        if (j < u->phon_n) p->places[at] = (uint16_t)(p->places[at] | 1u << j);
        for (const char *c = symbols; *c && j < u->phon_n; c++)
            p->sub[w][*c - '0'][j] = sub_costs[w][at][*c - '0'];
    }
    p->made[w] = true;
}

/* The least of each lane and all before it. */
static __m128i running_least(__m128i x) {
    const __m128i one = _mm_set_epi16(0, 0, 0, 0, 0, 0, 0, INT16_MAX);
    const __m128i two = _mm_set_epi16(0, 0, 0, 0, 0, 0, INT16_MAX, INT16_MAX);
    const __m128i four = _mm_set_epi16(0, 0, 0, 0, INT16_MAX, INT16_MAX, INT16_MAX, INT16_MAX);
    x = _mm_min_epi16(x, _mm_or_si128(_mm_slli_si128(x, 2), one));
    x = _mm_min_epi16(x, _mm_or_si128(_mm_slli_si128(x, 4), two));
    return _mm_min_epi16(x, _mm_or_si128(_mm_slli_si128(x, 8), four));
}

static int least_lane(__m128i x) {
    x = _mm_min_epi16(x, _mm_srli_si128(x, 8));
    x = _mm_min_epi16(x, _mm_srli_si128(x, 4));
    x = _mm_min_epi16(x, _mm_srli_si128(x, 2));
    return (int16_t)_mm_extract_epi16(x, 0);
}

/* Two letters changed with each other: mask has the columns where they end. */
static void swaps(__m128i t[2], const __m128i up2[2], int up2_first, uint32_t mask) {
    int16_t now[16], was[17];
    was[0] = (int16_t)up2_first;
    for (int k = 0; k < 2; k++) {
        _mm_storeu_si128((__m128i *)(void *)(now + 8 * k), t[k]);
        _mm_storeu_si128((__m128i *)(void *)(was + 1 + 8 * k), up2[k]);
    }
    for (; mask; mask &= mask - 1) {
        int j = __builtin_ctz(mask), cost = was[j - 1] + COST_SWAP;
        if (cost < now[j]) now[j] = (int16_t)cost;
    }
    for (int k = 0; k < 2; k++) t[k] = _mm_loadu_si128((const __m128i *)(void *)(now + 8 * k));
}

/* align() with the letters of a as lanes, a row for each letter of b.  In a row, taking a letter
 * more of a from the left is a running least once the letters' costs so far are taken off. */
static int align_profile(const unit_profile *p, writing w, const unit *to, int limit) {
    const char *b = to->phon;
    const __m128i zero = _mm_setzero_si128(), lanes = _mm_set_epi16(7, 6, 5, 4, 3, 2, 1, 0);
    int n = p->u->phon_n, blocks = n > 8 ? 2 : 1, first = 0, up2_first = 0, last = 0;
    __m128i more[2], up[2], up2[2], pad[2];
    for (int k = 0; k < 2; k++) {
        more[k] = _mm_loadu_si128((const __m128i *)(const void *)(p->more[w] + 8 * k));
        up[k] = up2[k] = more[k];
        __m128i end = _mm_set1_epi16((int16_t)(n - 1 - 8 * k));
        pad[k] = _mm_srli_epi16(_mm_cmpgt_epi16(lanes, end), 1);
    }
    for (size_t i = 0; i < to->phon_n; i++) {
        const uint8_t *row = p->sub[w][b[i] - '0'];
        __m128i cost = _mm_loadu_si128((const __m128i *)(const void *)row), t[2];
        int del = one_more(w, to, i), now = first + del;
        __m128i del8 = _mm_set1_epi16((int16_t)del), left = _mm_set1_epi16((int16_t)now);
        __m128i diagonal = _mm_insert_epi16(_mm_slli_si128(up[0], 2), first, 0);
        __m128i low8 = _mm_unpacklo_epi8(cost, zero);
        if (i == 0) low8 = _mm_insert_epi16(low8, first_sub(w, p->u->phon[0], b[0]), 0);
        t[0] = _mm_min_epi16(_mm_add_epi16(diagonal, low8),
                             _mm_add_epi16(up[0], del8));
        t[1] = up[1];
        if (blocks > 1) {
            diagonal = _mm_or_si128(_mm_slli_si128(up[1], 2), _mm_srli_si128(up[0], 14));
            t[1] = _mm_min_epi16(_mm_add_epi16(diagonal, _mm_unpackhi_epi8(cost, zero)),
                                 _mm_add_epi16(up[1], del8));
        }
        uint32_t mask = i ? (uint32_t)p->places[b[i] - '0'] << 1 & p->places[b[i - 1] - '0'] : 0;
        if (mask) swaps(t, up2, up2_first, mask);
        int least = now;
        for (int k = 0; k < blocks; k++) {
            __m128i x = running_least(_mm_sub_epi16(t[k], more[k]));
            x = _mm_min_epi16(x, left);
            left = _mm_unpackhi_epi64(_mm_shufflehi_epi16(x, 0xFF), _mm_shufflehi_epi16(x, 0xFF));
            up2[k] = up[k];
            up[k] = _mm_add_epi16(x, more[k]);
            int low = least_lane(_mm_or_si128(up[k], pad[k]));
            if (low < least) least = low;
        }
        if (least > limit && last > limit) return COST_NEVER;
        last = least;
        up2_first = first;
        first = now;
    }
    int16_t end[16];
    for (int k = 0; k < 2; k++) _mm_storeu_si128((__m128i *)(void *)(end + 8 * k), up[k]);
    return end[n - 1];
}

static __m128i swaps_eight(__m128i t, __m128i up2, int up2_first, uint32_t mask) {
    __m128i both[2] = {t, t}, was[2] = {up2, up2};
    swaps(both, was, up2_first, mask);
    return both[0];
}

/* The same for eight letters and fewer: one block, and a look at the least every other row. */
static int align_eight(const unit_profile *p, writing w, const unit *to, int limit) {
    const char *b = to->phon;
    const __m128i zero = _mm_setzero_si128(), lanes = _mm_set_epi16(7, 6, 5, 4, 3, 2, 1, 0);
    int n = p->u->phon_n, first = 0, up2_first = 0;
    __m128i more = _mm_loadu_si128((const __m128i *)(const void *)p->more[w]), up = more, up2 = up;
    __m128i pad = _mm_srli_epi16(_mm_cmpgt_epi16(lanes, _mm_set1_epi16((int16_t)(n - 1))), 1);
    for (size_t i = 0; i < to->phon_n; i++) {
        const uint8_t *row = p->sub[w][b[i] - '0'];
        __m128i cost = _mm_unpacklo_epi8(_mm_loadl_epi64((const __m128i *)(const void *)row), zero);
        int del = one_more(w, to, i), now = first + del;
        if (i == 0) cost = _mm_insert_epi16(cost, first_sub(w, p->u->phon[0], b[0]), 0);
        __m128i diagonal = _mm_insert_epi16(_mm_slli_si128(up, 2), first, 0);
        __m128i t = _mm_min_epi16(_mm_add_epi16(diagonal, cost),
                                  _mm_add_epi16(up, _mm_set1_epi16((int16_t)del)));
        uint32_t mask = i ? (uint32_t)p->places[b[i] - '0'] << 1 & p->places[b[i - 1] - '0'] : 0;
        if (__builtin_expect(mask != 0, 0)) t = swaps_eight(t, up2, up2_first, mask);
        t = _mm_min_epi16(running_least(_mm_sub_epi16(t, more)), _mm_set1_epi16((int16_t)now));
        up2 = up;
        up = _mm_add_epi16(t, more);
        if (i & 1) {
            int low = least_lane(_mm_or_si128(_mm_min_epi16(up, up2), pad));
            if (low > limit && now > limit && first > limit) return COST_NEVER;
        }
        up2_first = first;
        first = now;
    }
    int16_t end[8];
    _mm_storeu_si128((__m128i *)(void *)end, up);
    return end[n - 1];
}
#endif

/* What a costs to be made b; more than limit: at least that. */
static int cost_of(unit_profile *p, writing w, const unit *b, int limit) {
    const unit *a = p->u;
#ifdef __SSE2__
    if (a->phon_n && a->phon_n <= PROFILE_LETTERS && b->phon_n <= PROFILE_LETTERS) {
        if (!p->made[w]) make_profile(p, w);
        return (a->phon_n <= 8 ? align_eight : align_profile)(p, w, b, limit);
    }
#endif
    return align(w, a, b, limit);
}

/* Every letter that only one of the two has takes an edit, and so does every letter more. */
bool plm_near_sounds_may(uint64_t a, uint64_t b, int least) {
    const uint64_t letters = ((uint64_t)1 << NEAR_SOUNDS_N) - 1;
    int n = (int)(a >> NEAR_SOUNDS_N), m = (int)(b >> NEAR_SOUNDS_N), by = n > m ? n : m;
    int edits = ((1001 - least) * (by < 3 ? 3 : by) - 1) / 10 / COST_VOICE;
    int gap = n > m ? n - m : m - n;
    return gap <= edits && __builtin_popcountll(a & ~b & letters) <= edits &&
           __builtin_popcountll(b & ~a & letters) <= edits;
}

bool plm_near_is_apart(const unit *u) { return abjad(u) || u->script == SCRIPT_HANGUL; }

const char *plm_why_name(why_kind w) {
    static const char *const names[] = {"exact", "spelling", "vowels", "edit", "name variant",
                                        "acronym", "joined", "initial", "initials"};
    return names[w];
}

/* A Korean syllable against its Latin spelling: the vowels of Revised, McCune-Reischauer and
 * customary spellings that stand for the same letter cost little, others much. */
static int hangul_vowel(char hangul, char latin) {
    if (hangul == 'o' && (latin == 'u' || latin == 'e')) return 25; /* eo is written o, eo, u */
    if (hangul == 'u' && (latin == 'e' || latin == 'o')) return 25; /* eu, oo */
    if (hangul == 'e' && latin == 'a') return 10;                   /* ae */
    return 70;
}

static int korean(const unit *h, const unit *l) {
    size_t i = 0, j = 0;
    int cost = 0;
    while (i < h->phon_n || j < l->phon_n) {
        char a = i < h->phon_n ? h->phon[i] : 0, b = j < l->phon_n ? l->phon[j] : 0;
        if (a == b) {
            i++, j++;
        } else if (a && b && is_vowel(a) && is_vowel(b)) {
            if (j + 1 < l->phon_n && is_vowel(l->phon[j + 1])) {
                j++; /* eo, eu, ae: two letters for one */
                cost += l->phon[j] == a || b == a ? 0 : hangul_vowel(a, l->phon[j]);
            } else {
                cost += hangul_vowel(a, b);
            }
            i++, j++;
        } else if (b && is_vowel(b) && j > 0 && is_vowel(l->phon[j - 1])) {
            j++;
        } else if (a && b && key_of(a) == key_of(b)) {
            cost += 8;
            i++, j++;
        } else if (a && b && ((a == 'r' && b == 'l') || (a == 's' && b == 'S'))) {
            cost += 8;
            i++, j++;
        } else {
            cost += 100;
            if (a) i++;
            if (b) j++;
        }
    }
    return 1000 - cost * 4;
}

static bool east_asian(const unit *u) {
    return u->script == SCRIPT_HANGUL || u->script == SCRIPT_HAN || u->script == SCRIPT_KANA;
}

/* What is known of two before their sounds are aligned. */
typedef struct likening {
    const unit *b;
    writing w;
    bool cross, forms_near;
    int by, limit;           /* a cost above limit needs not be exact */
} likening;

/* True when a and b are to be aligned; false: *sim says how alike they are.  least: what is less
 * alike may be given any lower likeness. */
static bool liken(const unit *a, const unit *b, int least, likening *x, int *sim) {
    size_t len = a->phon_n > b->phon_n ? a->phon_n : b->phon_n;
    x->b = b;
    x->w = WRITTEN;
    x->cross = abjad(a) != abjad(b);
    *sim = 0;
    if (x->cross && a->key_n > 1 && b->key_n > 1) {
        x->w = CROSS;
    } else if (abjad(a)) {
        x->w = UNWRITTEN;
    } else if (east_asian(a) && a->script == b->script && !a->join && !b->join) {
        return false; /* letters of the same script differ: another name */
    } else if (!a->join && a->script == SCRIPT_HANGUL && !east_asian(b)) {
        *sim = korean(a, b);
        return false;
    } else if (!b->join && b->script == SCRIPT_HANGUL && !east_asian(a)) {
        *sim = korean(b, a);
        return false;
    }
    if (len == 0) return false;
    if (x->cross && least < FLOOR_CROSS) least = FLOOR_CROSS;
    x->by = len < 3 ? 3 : (int)len;
    x->limit = (1000 - least) * x->by / 10 + 1 + (least > FLOOR_SIM ? x->by / 10 : 0);
    return true;
}

/* Sure to cost more than the limit by the difference in length alone? */
static bool too_long(const unit *a, const likening *x) {
    static const int extra[WRITINGS] = {COST_VOWEL, 10, 10}; /* the least that one more costs */
    int gap = (int)a->phon_n - x->b->phon_n;
    return (gap < 0 ? -gap : gap) * extra[x->w] > x->limit + NAME_FORM / 10;
}

static int liken_end(const unit *a, const likening *x, int cost) {
    const unit *b = x->b;
    if (cost && a->phon[0] != b->phon[0] && key_of(a->phon[0]) != key_of(b->phon[0]))
        cost += COST_FIRST;
    int sim = 1000 - cost * 10 / x->by;
    if (cost == 0 && (a->form_n != b->form_n || memcmp(a->form, b->form, a->form_n) != 0))
        sim = 985;
    if (x->cross) {
        size_t key = a->key_n < b->key_n ? a->key_n : b->key_n;
        int most = key <= 1 ? 720 : key == 2 ? 800 : 960;
        return sim > most ? most : sim;
    }
    if (x->forms_near) {
        size_t most = a->form_n > b->form_n ? a->form_n : b->form_n;
        int by_form = most <= 3 ? SHORT_EDIT_SIM : 1000 - 800 / (int)most;
        if (a->form[0] != b->form[0]) by_form -= FIRST_LOSS;
        if (by_form > sim) sim = by_form;
    }
    return sim;
}

static int class_sim(const unit *a, const unit *b) {
    if (!a->cls || a->cls != b->cls) return 0;
    return a->cls >= plm_lex_nick_first && a->cls <= plm_lex_nick_last ? NICK_SIM : CLASS_SIM;
}

/* True when a and b share no more than a class, or are the same: *sim, *why. */
static bool settled(const unit *a, const unit *b, bool *forms_near, int *sim, why_kind *why) {
    *why = WHY_EXACT;
    *sim = 1000;
    if (a->form_n == b->form_n && memcmp(a->form, b->form, NAME_FORM + 1) == 0) return true;
    *sim = 0;
    if (a->kind == TOKEN_NUMBER || b->kind == TOKEN_NUMBER) return true;
    *forms_near = a->form_n >= 2 && b->form_n >= 2 &&
                  within_one(a->form, a->form_n, b->form, b->form_n);
    if (a->form_n >= 2 && b->form_n >= 2 && may_relate(a, b, *forms_near)) return false;
    *why = WHY_VARIANT;
    *sim = class_sim(a, b);
    return true;
}

/* From how alike the sounds are to how alike the tokens are. */
static int weigh_classes(const unit *a, const unit *b, int sim, why_kind *why) {
    bool other = (a->cls && b->cls && a->cls != b->cls) || (a->known && b->known);
    if (other && sim < 960) sim -= (1000 - sim) * KNOWN_LOSS / 100;
    *why = sim >= 960 ? WHY_SPELLING : sim >= 900 ? WHY_VOWELS : WHY_EDIT;
    if (sim < class_sim(a, b)) {
        *why = WHY_VARIANT;
        return class_sim(a, b);
    }
    return sim < (abjad(a) != abjad(b) ? FLOOR_CROSS : FLOOR_SIM) ? 0 : sim;
}

int plm_relate(unit_profile *p, const unit *b, int least, why_kind *why) {
    const unit *a = p->u;
    likening x = {0};
    int sim;
    if (settled(a, b, &x.forms_near, &sim, why)) return sim;
    if (liken(a, b, least < FLOOR_SIM ? FLOOR_SIM : least, &x, &sim)) {
        int cost = too_long(a, &x) ? COST_NEVER : cost_of(p, x.w, b, x.limit);
        sim = liken_end(a, &x, cost);
    }
    return weigh_classes(a, b, sim, why);
}

/* ---- many at once ---- */

#define LANES 8
/* Units that wait to be aligned with the profile's, a lane each; at: their places among the asked.
 * What lies behind a lane's letters is of no account. */
typedef struct batch {
    uint32_t n, at[LANES];
    likening x[LANES];
    int most;                /* letters of the longest */
    int16_t letters[LANES];
    uint8_t sound[PROFILE_LETTERS][LANES];
    int16_t more[PROFILE_LETTERS][LANES];
    int16_t swaps[PROFILE_LETTERS][LANES]; /* letters of a that end a swap here, a bit each */
    int16_t swap[PROFILE_LETTERS];         /* of any lane */
} batch;

#ifdef __SSE2__
/* Puts b into the next lane; false when it has to be aligned by itself. */
static bool take_lane(unit_profile *p, batch *t, const likening *x, uint32_t at) {
    const unit *a = p->u, *b = x->b;
    if (x->w != WRITTEN || abjad(b) || a->phon_n == 0 || a->phon_n > 8 || b->phon_n == 0 ||
        b->phon_n > PROFILE_LETTERS)
        return false;
    if (!p->made[WRITTEN]) make_profile(p, WRITTEN);
    uint32_t lane = t->n, before = 0; /* letters of a that are the letter before */
    for (int j = 0; j < b->phon_n; j++) {
        int c = b->phon[j] - '0';
        int end = (j == 0 ? AT_FIRST : 0) | (j + 1 == b->phon_n ? AT_LAST : 0);
        t->swaps[j][lane] = (int16_t)((uint32_t)p->places[c] << 1 & before);
        t->swap[j] |= t->swaps[j][lane];
        before = p->places[c];
        t->sound[j][lane] = (uint8_t)c;
        t->more[j][lane] = indel_costs[WRITTEN][0][end][c];
    }
    t->letters[lane] = b->phon_n;
    if (b->phon_n > t->most) t->most = b->phon_n;
    t->x[lane] = *x;
    t->at[lane] = at;
    t->n++;
    return true;
}

/* What each letter of a costs against letter j of each lane: a row for every letter of a. */
static void lane_costs(const unit_profile *p, const batch *t, int j, __m128i out[8]) {
    const __m128i zero = _mm_setzero_si128();
    __m128i r[8], s[8];
    for (int i = 0; i < 8; i++)
        r[i] = _mm_loadl_epi64((const __m128i *)(const void *)p->sub[WRITTEN][t->sound[j][i]]);
    for (int i = 0; i < 4; i++) r[i] = _mm_unpacklo_epi8(r[2 * i], r[2 * i + 1]);
    s[0] = _mm_unpacklo_epi16(r[0], r[1]);
    s[1] = _mm_unpackhi_epi16(r[0], r[1]);
    s[2] = _mm_unpacklo_epi16(r[2], r[3]);
    s[3] = _mm_unpackhi_epi16(r[2], r[3]);
    r[0] = _mm_unpacklo_epi32(s[0], s[2]);
    r[1] = _mm_unpackhi_epi32(s[0], s[2]);
    r[2] = _mm_unpacklo_epi32(s[1], s[3]);
    r[3] = _mm_unpackhi_epi32(s[1], s[3]);
    for (int i = 0; i < 4; i++) {
        out[2 * i] = _mm_unpacklo_epi8(r[i], zero);
        out[2 * i + 1] = _mm_unpackhi_epi8(r[i], zero);
    }
}

/* Two letters changed with each other, for letter j of each lane. */
static void lane_swaps(const batch *t, int j, __m128i now[9], const __m128i before[9]) {
    __m128i all = _mm_loadu_si128((const __m128i *)(const void *)t->swaps[j]);
    for (int left = t->swap[j]; left; left &= left - 1) {
        int k = __builtin_ctz((unsigned)left);
        __m128i bit = _mm_set1_epi16((int16_t)(1 << k)), is;
        is = _mm_cmpeq_epi16(_mm_and_si128(all, bit), bit);
        __m128i cost = _mm_add_epi16(before[k - 1], _mm_set1_epi16(COST_SWAP));
        cost = _mm_or_si128(cost, _mm_andnot_si128(is, _mm_set1_epi16(INT16_MAX)));
        now[k + 1] = _mm_min_epi16(now[k + 1], cost);
    }
}

/* align() of a with each lane. */
static void align_lanes(const unit_profile *p, const batch *t, int16_t cost[LANES]) {
    int n = p->u->phon_n;
    __m128i column[3][9], more[9], sub[8], found = _mm_setzero_si128();
    __m128i ends = _mm_loadu_si128((const __m128i *)(const void *)t->letters);
    column[0][0] = _mm_setzero_si128();
    for (int i = 1; i <= n; i++) {
        const int16_t *sum = p->more[WRITTEN];
        column[0][i] = _mm_set1_epi16(sum[i - 1]);
        more[i] = _mm_set1_epi16((int16_t)(sum[i - 1] - (i > 1 ? sum[i - 2] : 0)));
    }
    for (int j = 0; j < t->most; j++) {
        const __m128i *was = column[j % 3];
        __m128i *now = column[(j + 1) % 3];
        __m128i add = _mm_loadu_si128((const __m128i *)(const void *)t->more[j]);
        lane_costs(p, t, j, sub);
        now[0] = _mm_add_epi16(was[0], add);
        for (int i = 1; i <= n; i++)
            now[i] = _mm_min_epi16(_mm_add_epi16(was[i - 1], sub[i - 1]),
                                   _mm_add_epi16(was[i], add));
        if (t->swap[j]) lane_swaps(t, j, now, column[(j + 2) % 3]);
        for (int i = 1; i <= n; i++)
            now[i] = _mm_min_epi16(now[i], _mm_add_epi16(now[i - 1], more[i]));
        __m128i here = _mm_cmpeq_epi16(ends, _mm_set1_epi16((int16_t)(j + 1)));
        found = _mm_or_si128(found, _mm_and_si128(here, now[n]));
    }
    _mm_storeu_si128((__m128i *)(void *)cost, found);
}
#else
static bool take_lane(unit_profile *p, batch *t, const likening *x, uint32_t at) {
    (void)p, (void)t, (void)x, (void)at;
    return false;
}
static void align_lanes(const unit_profile *p, const batch *t, int16_t cost[LANES]) {
    (void)p, (void)t, (void)cost;
}
#endif

static void settle_lanes(unit_profile *p, batch *t, likeness *out) {
    int16_t cost[LANES];
    if (t->n) align_lanes(p, t, cost);
    for (uint32_t i = 0; i < t->n; i++) {
        why_kind why;
        int sim = weigh_classes(p->u, t->x[i].b, liken_end(p->u, &t->x[i], cost[i]), &why);
        out[t->at[i]] = (likeness){(uint16_t)sim, (uint16_t)why};
    }
    t->n = 0;
    t->most = 0;
    memset(t->swap, 0, sizeof t->swap);
}

void plm_relate_many(unit_profile *p, const unit *units, const uint32_t *ids, uint32_t n,
                     int least, likeness *out) {
    const unit *a = p->u;
    batch t;
    memset(&t, 0, sizeof t);
    if (least < FLOOR_SIM) least = FLOOR_SIM;
    for (uint32_t i = 0; i < n; i++) {
        const unit *b = &units[ids[i] & ~RELATE_BY_KEY];
        likening x = {.forms_near = false};
        why_kind why = WHY_EXACT;
        int sim = 0;
        if ((ids[i] & RELATE_BY_KEY) || !settled(a, b, &x.forms_near, &sim, &why)) {
            if (liken(a, b, least, &x, &sim)) {
                if (!too_long(a, &x) && take_lane(p, &t, &x, i)) {
                    if (t.n == LANES) settle_lanes(p, &t, out);
                    continue;
                }
                int cost = too_long(a, &x) ? COST_NEVER : cost_of(p, x.w, b, x.limit);
                sim = liken_end(a, &x, cost);
            }
            sim = weigh_classes(a, b, sim, &why);
        }
        out[i] = (likeness){(uint16_t)sim, (uint16_t)why};
    }
    settle_lanes(p, &t, out);
}
