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
#define COST_ALIF 20
#define COST_NEVER 100000
#define KNOWN_LOSS 400      /* per cent of what is missing to alike */

/* Within one edit (optimal string alignment)? */
static bool within_one(const char *a, size_t n, const char *b, size_t m) {
    if (n > m) {
        const char *t = a;
        a = b;
        b = t;
        size_t k = n;
        n = m;
        m = k;
    }
    if (m - n > 1) return false;
    size_t i = 0;
    while (i < n && a[i] == b[i]) i++;
    if (i == n) return true;
    if (n < m) return memcmp(a + i, b + i + 1, n - i) == 0;
    if (memcmp(a + i + 1, b + i + 1, n - i - 1) == 0) return true;
    return i + 1 < n && a[i] == b[i + 1] && a[i + 1] == b[i] &&
           memcmp(a + i + 2, b + i + 2, n - i - 2) == 0;
}

static char key_of(char c) {
    return c == 'b' ? 'p' : c == 'd' ? 't' : c == 'g' ? 'k' : c == 'z' ? 's' : c == 'v' ? 'f'
           : c == 'J' ? 'C' : c;
}

/* The key of an Arabic word whose w is a consonant; 0 letters when there is no such w. */
static size_t second_key(const unit *u, char *out) {
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
    if (n == m && memcmp(a, b, n) == 0) return true;
    return n >= 4 && m >= 4 && within_one(a, n, b, m);
}

static bool may_relate(const unit *a, const unit *b) {
    if (a->form_n >= 2 && b->form_n >= 2 && within_one(a->form, a->form_n, b->form, b->form_n))
        return true;
    if (keys_near(a->key, a->key_n, b->key, b->key_n)) return true;
    if (a->script != SCRIPT_ARABIC && b->script != SCRIPT_ARABIC) return false;
    char ka[NAME_KEY + 1], kb[NAME_KEY + 1];
    size_t n = second_key(a, ka), m = second_key(b, kb);
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
        c->fn(c->ctx, plm_index_hash(tag, s, n - 1));
    }
}

static void near_key(const near_ctx *c, const char *key, size_t n) {
    if (n == 0) return;
    c->fn(c->ctx, plm_index_hash('k', key, n));
    if (n >= 4) {
        c->fn(c->ctx, plm_index_hash('d', key, n));
        shorter(c, 'd', key, n);
    }
}

void plm_near_keys(const unit *u, plm_near_fn *fn, void *ctx) {
    near_ctx c = {fn, ctx};
    fn(ctx, plm_index_hash('f', u->form, u->form_n));
    if (u->cls) fn(ctx, plm_index_hash('c', (const char *)&u->cls, sizeof u->cls));
    if (u->kind == TOKEN_NUMBER || u->form_n < 2) return;
    shorter(&c, 'f', u->form, u->form_n);
    near_key(&c, u->key, u->key_n);
    char second[NAME_KEY + 1];
    near_key(&c, second, second_key(u, second));
}

/* ---- the alignment ---- */

static bool is_vowel(char c) { return c == 'a' || c == 'e' || c == 'i' || c == 'o' || c == 'u'; }

/* del: a vowel of the first name that the second lacks; ins: the other way. */
typedef struct costs {
    int vowel_del, vowel_ins, vowel_sub;
    bool abjad;
} costs;

/* Cost of one sound for another, by the two letters; [1]: one side has no vowels. */
static uint8_t sub_costs[2][128][128];

static void set_cost(int which, char a, char b, uint8_t cost) {
    sub_costs[which][(unsigned char)a][(unsigned char)b] = cost;
    sub_costs[which][(unsigned char)b][(unsigned char)a] = cost;
}

__attribute__((constructor)) static void fill_costs(void) {
    static const char pairs[] = "bpdtgkzsvfJC", vowels[] = "aeiou";
    static const char near[] = "SsCtCsHkJzvukqSCJiHgvoJgrlsC";
    for (int w = 0; w < 2; w++) {
        memset(sub_costs[w], COST_FULL, sizeof sub_costs[w]);
        for (size_t i = 0; i + 1 < sizeof near; i += 2)
            set_cost(w, near[i], near[i + 1], COST_NEAR);
        for (size_t i = 0; i + 1 < sizeof pairs; i += 2)
            set_cost(w, pairs[i], pairs[i + 1], COST_VOICE);
        for (int i = 0; i < 128; i++) sub_costs[w][i][i] = 0;
    }
    for (const char *p = vowels; *p; p++)
        for (const char *q = vowels; *q; q++)
            if (p != q) set_cost(0, *p, *q, COST_VOWEL);
    set_cost(1, 'v', 'u', 5);
    set_cost(1, 'v', 'o', 5);
    set_cost(1, 'J', 'i', 5);
    set_cost(1, 'd', 'z', 20);
    set_cost(1, 'i', 'e', 5);
    set_cost(1, 'u', 'o', 5);
}

/* first: of the word, where alif carries any vowel. */
static int sub_cost(const costs *k, bool first, char a, char b) {
    if (k->abjad && a != b && is_vowel(a) && is_vowel(b) &&
        sub_costs[1][(unsigned char)a][(unsigned char)b] == COST_FULL)
        return first ? COST_ALIF : k->vowel_sub;
    return sub_costs[k->abjad][(unsigned char)a & 127][(unsigned char)b & 127];
}

static int indel_cost(const costs *k, int vowel, const char *p, size_t i) {
    char c = p[i];
    if (is_vowel(c) && i == 0) return k->abjad ? COST_VOWEL : COST_FIRST_VOWEL;
    if (is_vowel(c)) return vowel;
    if (c == 'H' && k->abjad) return p[i + 1] ? COST_H_WRITTEN : 10;
    if (c == 'H') return i == 0 ? COST_NEAR : COST_H;
    if (c == 'v' && k->abjad && i > 0) return 20;
    return COST_FULL;
}

/* Cost of making a of b; COST_NEVER as soon as it is sure to pass limit. */
static int align(const costs *k, const char *a, size_t n, const char *b, size_t m, int limit) {
    int d[3][NAME_FORM + 2], ins[NAME_FORM + 2], last = 0;
    d[0][0] = 0;
    for (size_t j = 1; j <= m; j++) {
        ins[j] = indel_cost(k, k->vowel_ins, b, j - 1);
        d[0][j] = d[0][j - 1] + ins[j];
    }
    for (size_t i = 1; i <= n; i++) {
        int *now = d[i % 3], *up = d[(i + 2) % 3], *up2 = d[(i + 1) % 3];
        int del = indel_cost(k, k->vowel_del, a, i - 1), least = up[0] + del;
        now[0] = least;
        for (size_t j = 1; j <= m; j++) {
            int best = up[j - 1] + sub_cost(k, i + j == 2, a[i - 1], b[j - 1]);
            if (now[j - 1] + ins[j] < best) best = now[j - 1] + ins[j];
            if (up[j] + del < best) best = up[j] + del;
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
                up2[j - 2] + COST_SWAP < best)
                best = up2[j - 2] + COST_SWAP;
            now[j] = best;
            if (best < least) least = best;
        }
        if (least > limit && last > limit) return COST_NEVER; /* a swap looks back two rows */
        last = least;
    }
    return d[n % 3][m];
}

static bool abjad(const unit *u) {
    return u->script == SCRIPT_ARABIC || u->script == SCRIPT_HEBREW;
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

static int similar(const unit *a, const unit *b) {
    costs k = {COST_VOWEL, COST_VOWEL, COST_VOWEL, false};
    size_t len = a->phon_n > b->phon_n ? a->phon_n : b->phon_n;
    bool cross = abjad(a) != abjad(b);
    if (cross && a->key_n > 1 && b->key_n > 1) {
        k = (costs){abjad(a) ? COST_LONG : 10, abjad(b) ? COST_LONG : 10, COST_LONG_SUB, true};
    } else if (abjad(a)) {
        k = (costs){40, 40, 40, true};
    } else if (east_asian(a) && a->script == b->script && !a->join && !b->join) {
        return 0; /* letters of the same script differ: another name */
    } else if (!a->join && a->script == SCRIPT_HANGUL && !east_asian(b)) {
        return korean(a, b);
    } else if (!b->join && b->script == SCRIPT_HANGUL && !east_asian(a)) {
        return korean(b, a);
    }
    if (len == 0) return 0;
    int limit = (1000 - FLOOR_SIM) * (int)(len < 3 ? 3 : len) / 10 + 1;
    int cost = align(&k, a->phon, a->phon_n, b->phon, b->phon_n, limit);
    if (cost && a->phon[0] != b->phon[0] && key_of(a->phon[0]) != key_of(b->phon[0]))
        cost += COST_FIRST;
    int sim = 1000 - cost * 10 / (int)(len < 3 ? 3 : len);
    if (cost == 0 && (a->form_n != b->form_n || memcmp(a->form, b->form, a->form_n) != 0))
        sim = 985;
    if (cross) {
        size_t key = a->key_n < b->key_n ? a->key_n : b->key_n;
        int most = key <= 1 ? 720 : key == 2 ? 800 : 960;
        return sim > most ? most : sim;
    }
    if (within_one(a->form, a->form_n, b->form, b->form_n)) {
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

int plm_relate(const unit *a, const unit *b, const char **kind) {
    bool same = a->form_n == b->form_n && memcmp(a->form, b->form, a->form_n) == 0;
    *kind = "exact";
    if (same) return 1000;
    if (a->kind == TOKEN_NUMBER || b->kind == TOKEN_NUMBER) return 0;
    if (a->form_n < 2 || b->form_n < 2 || !may_relate(a, b)) {
        *kind = "name variant";
        return class_sim(a, b);
    }
    int sim = similar(a, b);
    bool other = (a->cls && b->cls && a->cls != b->cls) || (a->known && b->known);
    if (other && sim < 960) sim -= (1000 - sim) * KNOWN_LOSS / 100;
    *kind = sim >= 960 ? "spelling" : sim >= 900 ? "vowels" : "edit";
    if (sim < class_sim(a, b)) {
        *kind = "name variant";
        return class_sim(a, b);
    }
    return sim < (abjad(a) != abjad(b) ? FLOOR_CROSS : FLOOR_SIM) ? 0 : sim;
}
