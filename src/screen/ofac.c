/* ofac.c: the score of OFAC's own Sanctions List Search, as its FAQ 249 describes it: the higher of
 *   1 Jaro-Winkler of the whole names, and
 *   2 the mean over the query's parts of the best Jaro-Winkler with a part of the name that begins
 *     with the same letter and is at least half alike by edit distance; no part may be without.
 * What the FAQ leaves open was measured on scores that the search gave: the whole names are
 * compared without what is no letter or digit, a common start counts to five letters, and parts of
 * one or two letters are left out beside longer ones.  Integers, in millionths. */
#include "screen/score.h"

#include <string.h>

#define TEXT_MAX 256
#define PARTS_MAX 32
#define ONE 1000000
#define PREFIX_MAX 5      /* letters of a common start that count */
#define PREFIX_GAIN 10    /* each takes a tenth of what is missing */
#define PART_LETTERS 3

typedef struct plain {
    char text[TEXT_MAX];
    uint32_t n, part_n;
    uint32_t at[PARTS_MAX], len[PARTS_MAX];
} plain;

/* A-Z and 0-9 of a name, accents dropped; parts end at spaces, commas, stops, hyphens, slashes. */
static void read_plain(plm_str s, plain *out) {
    bool open = false;
    memset(out, 0, sizeof *out);
    for (size_t i = 0; i < s.n;) {
        char one[16] = {0};
        uint32_t cp = plm_utf8_next(s, &i);
        if (cp == UINT32_MAX) return;
        bool latin = cp < 0x250 || (cp >= 0x1E00 && cp < 0x1F00);
        uint32_t n = latin ? plm_fold_letter_text(cp, one) : 0;
        if (n == 0) {
            if (cp == ' ' || cp == ',' || cp == '.' || cp == '-' || cp == '/') open = false;
            continue;
        }
        if (!open && out->part_n < PARTS_MAX) {
            out->at[out->part_n++] = out->n;
            open = true;
        }
        for (uint32_t j = 0; j < n && out->n < TEXT_MAX; j++) {
            out->text[out->n++] = one[j];
            out->len[out->part_n - 1]++;
        }
    }
}

static int64_t jaro(const char *a, uint32_t n, const char *b, uint32_t m) {
    bool ua[TEXT_MAX] = {false}, ub[TEXT_MAX] = {false};
    if (n == 0 || m == 0) return 0;
    uint32_t most = n > m ? n : m, window = most / 2 > 0 ? most / 2 - 1 : 0, k = 0, swaps = 0;
    for (uint32_t i = 0; i < n; i++) {
        uint32_t lo = i > window ? i - window : 0, hi = i + window + 1 < m ? i + window + 1 : m;
        for (uint32_t j = lo; j < hi; j++)
            if (!ub[j] && a[i] == b[j]) {
                ua[i] = ub[j] = true;
                k++;
                break;
            }
    }
    if (k == 0) return 0;
    for (uint32_t i = 0, j = 0; i < n; i++) {
        if (!ua[i]) continue;
        while (!ub[j]) j++;
        swaps += a[i] != b[j++];
    }
    return ((int64_t)ONE * k / n + (int64_t)ONE * k / m +
            (int64_t)ONE * (2 * k - swaps) / (2 * k)) / 3;
}

static int64_t winkler(const char *a, uint32_t n, const char *b, uint32_t m) {
    int64_t j = jaro(a, n, b, m);
    uint32_t same = 0;
    while (same < PREFIX_MAX && same < n && same < m && a[same] == b[same]) same++;
    return j + (ONE - j) * same / PREFIX_GAIN;
}

static uint32_t distance(const char *a, uint32_t n, const char *b, uint32_t m) {
    uint32_t row[TEXT_MAX + 1];
    for (uint32_t j = 0; j <= m; j++) row[j] = j;
    for (uint32_t i = 0; i < n; i++) {
        uint32_t diagonal = row[0];
        row[0] = i + 1;
        for (uint32_t j = 0; j < m; j++) {
            uint32_t sub = diagonal + (a[i] != b[j]);
            diagonal = row[j + 1];
            uint32_t best = row[j] < diagonal ? row[j] + 1 : diagonal + 1;
            row[j + 1] = sub < best ? sub : best;
        }
    }
    return row[m];
}

static int64_t best_part(const plain *q, uint32_t i, const plain *e) {
    const char *a = q->text + q->at[i];
    uint32_t n = q->len[i];
    int64_t best = 0;
    for (uint32_t j = 0; j < e->part_n; j++) {
        const char *b = e->text + e->at[j];
        uint32_t m = e->len[j], most = n > m ? n : m;
        if (m == 0 || a[0] != b[0] || 2 * distance(a, n, b, m) > most) continue;
        int64_t s = winkler(a, n, b, m);
        if (s > best) best = s;
    }
    return best;
}

static int64_t by_parts(const plain *q, const plain *e) {
    int64_t sum = 0, n = 0;
    bool longer = false;
    for (uint32_t i = 0; i < q->part_n; i++) longer = longer || q->len[i] >= PART_LETTERS;
    for (uint32_t i = 0; i < q->part_n; i++) {
        if (q->len[i] == 0 || (longer && q->len[i] < PART_LETTERS)) continue;
        int64_t s = best_part(q, i, e);
        if (s == 0) return 0;
        sum += s;
        n++;
    }
    return n ? sum / n : 0;
}

int plm_score_ofac(plm_str query, plm_str name) {
    plain q, e;
    read_plain(query, &q);
    read_plain(name, &e);
    if (!q.n || !e.n) return 0;
    int64_t whole = winkler(q.text, q.n, e.text, e.n), parts = by_parts(&q, &e);
    return (int)((whole > parts ? whole : parts) / (ONE / PLM_SCORE_ONE));
}
