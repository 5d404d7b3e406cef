/* peer.c: classifies under 3A090.a and .b through the library, and by hand in C, on the same cases.
 * usage: peer CASES SECONDS   CASES: lines "tpp area10 datacenter", - for what is not known;
 * area10 in tenths of mm2.  Prints lines "name ns-per-case", then a line "= a b a b" a case: the
 * truth of each class by hand and by the rulebook, 0 no, 1 unknown, 2 yes. */
#include "plimsoll/decide.h"
#include "plimsoll/rules_test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define CASES_MAX 20000

typedef struct chip {
    int64_t tpp, area10; /* -1: not known */
    plm_truth datacenter;
} chip;

static chip chips[CASES_MAX];
static size_t count;
static unsigned char answer[4][CASES_MAX];

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

/* ---- by hand: the same two paragraphs and note, three-valued ---- */

static plm_truth at_least(int64_t v, int64_t limit) {
    return v < 0 ? PLM_UNKNOWN : v >= limit ? PLM_YES : PLM_NO;
}

/* tpp / area >= hundredths/100 */
static plm_truth dense(const chip *c, int64_t hundredths) {
    if (c->tpp < 0 || c->area10 < 0) return PLM_UNKNOWN;
    return c->tpp * 1000 >= hundredths * c->area10 ? PLM_YES : PLM_NO;
}

static unsigned by_hand(const chip *c) {
    plm_truth t48 = at_least(c->tpp, 4800), t16 = at_least(c->tpp, 1600);
    plm_truth a = plm_or(t48, plm_and(t16, dense(c, 592)));
    plm_truth below = plm_not(dense(c, 592));
    plm_truth b = plm_or(plm_and(plm_and(at_least(c->tpp, 2400), plm_not(t48)),
                                 plm_and(dense(c, 160), below)),
                         plm_and(t16, plm_and(dense(c, 320), below)));
    plm_truth out = plm_and(plm_not(c->datacenter), plm_not(t48)); /* Note 2 */
    a = plm_and(a, plm_not(out));
    b = plm_and(plm_and(b, plm_not(out)), plm_not(a));
    return (unsigned)a << 2 | (unsigned)b;
}

/* ---- through the rulebook ---- */

typedef struct desk {
    const plm_book *book;
    plm_view *view;
    plm_facts *w;
    uint32_t tpp, area, dc, form, own, crypto, presumes, claims;
    plm_rule a, b;
    plm_buf proof;
} desk;

static uint32_t fact(const plm_book *b, const char *name) { return plm_book_fact_find(b, name); }

static void lay(desk *d, const chip *c) {
    plm_facts_reset(d->w, d->view, 1, 0);
    plm_facts_place_item(d->w, 0, -1, true);
    plm_facts_word(d->w, d->form, 0, PLM_STR("ic"));
    plm_facts_word(d->w, d->claims, 0, PLM_STR("none"));
    plm_facts_yesno(d->w, d->own, 0, PLM_YES);
    plm_facts_yesno(d->w, d->crypto, 0, PLM_NO);
    plm_facts_yesno(d->w, d->presumes, 0, PLM_NO);
    plm_facts_yesno(d->w, d->dc, 0, c->datacenter);
    if (c->tpp >= 0) plm_facts_number(d->w, d->tpp, 0, plm_iv_point(plm_dec_int(c->tpp)));
    if (c->area10 >= 0) {
        plm_dec area = plm_dec_int(0);
        plm_dec_div(plm_dec_int(c->area10), plm_dec_int(10), false, &area);
        plm_facts_number(d->w, d->area, 0, plm_iv_point(area));
    }
}

static unsigned ask(desk *d) {
    plm_truth a = plm_facts_ask(d->w, d->a, 0, -1), b = plm_facts_ask(d->w, d->b, 0, -1);
    return (unsigned)a << 2 | (unsigned)b;
}

static unsigned classify(desk *d, const chip *c, bool proof) {
    lay(d, c);
    unsigned r = ask(d);
    plm_buf_clear(&d->proof);
    if (proof && (r >> 2 || r & 3))
        plm_facts_explain(d->w, r >> 2 ? d->a : d->b, 0, -1, 0, &d->proof);
    return r;
}

static void measure(const char *name, desk *d, int way, double seconds) {
    double start = now(), spent = 0;
    size_t n = 0;
    unsigned sink = 0;
    while (spent < seconds * 1e9) {
        for (size_t i = 0; i < count; i++) {
            unsigned r = way == 0 ? by_hand(&chips[i]) : classify(d, &chips[i], way == 2);
            answer[way][i] = (unsigned char)r;
            sink += r;
        }
        n += count;
        spent = now() - start;
    }
    printf("%s %.2f\n", name, spent / (double)n + (sink == 1));
}

static void read_cases(const char *path) {
    char t[32], a[32], d[32];
    FILE *in = fopen(path, "r");
    while (in && count < CASES_MAX && fscanf(in, "%31s %31s %31s", t, a, d) == 3)
        chips[count++] = (chip){
            .tpp = *t == '-' ? -1 : strtoll(t, NULL, 10),
            .area10 = *a == '-' ? -1 : strtoll(a, NULL, 10),
            .datacenter = *d == '-' ? PLM_UNKNOWN : *d == '1' ? PLM_YES : PLM_NO};
    if (in) fclose(in);
}

int main(int argc, char **argv) {
    if (argc < 3) return 2;
    const char *path[] = {"rulebooks/us/ear"};
    double seconds = strtod(argv[2], NULL), start = now();
    plm_fault f = {0};
    plm_book *b = plm_book_load(path, 1, &f);
    if (!b) return fprintf(stderr, "%s: %s\n", f.where, f.say), 2;
    printf("load %.2f\n", now() - start);
    read_cases(argv[1]);
    plm_day day = plm_day_from_ymd(2026, 8, 15);
    desk d = {.book = b, .view = plm_view_new(b, day, day, false), .w = plm_facts_new(b),
              .tpp = fact(b, "tpp"), .area = fact(b, "die-area"), .dc = fact(b, "datacenter"),
              .form = fact(b, "form"), .own = fact(b, "own-chip-facts"),
              .crypto = fact(b, "encryption"), .presumes = fact(b, "chipmaker-presumes"),
              .claims = fact(b, "claims"), .a = plm_book_find(b, PLM_STR("3A090.a")),
              .b = plm_book_find(b, PLM_STR("3A090.b"))};
    plm_buf_init(&d.proof, 1 << 20);
    if (!count || !d.view || !d.w || d.a == PLM_RULE_NONE || d.b == PLM_RULE_NONE) return 2;
    measure("c", &d, 0, seconds);
    plm_facts_way(d.w, PLM_WAY_WALK);
    measure("plimsoll-walked", &d, 1, seconds);
    plm_facts_way(d.w, PLM_WAY_USUAL);
    measure("plimsoll-verdict", &d, 1, seconds);
    measure("plimsoll", &d, 2, seconds);
    for (size_t i = 0; i < count; i++)
        printf("= %u %u %u %u\n", answer[0][i] >> 2, answer[0][i] & 3u, answer[2][i] >> 2,
               answer[2][i] & 3u);
    plm_buf_free(&d.proof);
    plm_facts_free(d.w);
    plm_view_free(d.view);
    plm_book_free(b);
    return 0;
}
