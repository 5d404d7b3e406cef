/* score.c: pairs the spans of two names and weighs what is paired against what is left over.
 *
 *   M     what is paired: sim x the lesser weight        soft  what the pairs lack of likeness
 *   hq he what is left over of query and entity          conf  both sides left over: another name
 *   extra left over on one side only: a longer name
 *   score = M / (M + SOFT soft + CONF conf + EXTRA extra), less EVIDENCE where little is paired
 *
 * Invariants: 1 integers only; 2 the same for the same names whatever else is in the lists;
 * 3 score >= T implies the query weight paired is at least plm_score_need (docs/no-miss.md).
 * Held by tests/unit/test_screen.c. */
#include "screen/score.h"

#include <string.h>

#define CONF 170         /* hundredths, as EXTRA and LIGHT */
#define EXTRA 25          /* the entity's name says more */
#define LIGHT 12          /* legal forms, particles and titles left over on either side */
#define EXTRA_Q 45        /* the query says more */
#define EVIDENCE 2000     /* weight that has to be paired for a part of a name to count in full */
#define SYLLABLE_REST 3   /* a syllable left over is another name: so many times its weight */
#define READING_PERCENT 74
#define READING_SIM 955
#define READING_JOIN_SIM 965
#define READING_SYLLABLES 3
#define SPREAD_FROM 1500
#define PATRONYMIC_OFF 60
#define NUMBER_CLASH 900  /* weight of numbers that differ */
#define INITIAL_SIM 800
#define INITIAL_CLASH 400

/* By what the query says it is.  An organization's name stands in many forms; a person's part of
 * a name is shared by many. */
typedef struct strictness {
    int soft;              /* hundredths */
    int cut;               /* per cent of the score that a part with no weight loses*/
    int cut_less;          /* the same where all of the query is paired */
    int cut_common;        /* the same where only common words are left over */
} strictness;

static const strictness strict[3] = {
    {200, 90, 85, 150},    /* not said; vessels and aircraft, whose numbers decide */
    {210, 105, 100, 60},   /* person */
    {105, 40, 28, 18},     /* organization */
};

typedef struct work {
    const compare *c;
    const span_rec *spans;
    const name_rec *name;
    uint16_t we[NAME_TOKENS];
    bool uq[NAME_TOKENS], ue[NAME_TOKENS]; /* used */
    pairing all[SCORE_PAIRS];
    uint32_t n;
    int64_t m, soft;
    uint32_t real;           /* pairs that are no initials */
} work;

static uint32_t weight_q(const work *w, uint32_t first, uint32_t count) {
    uint32_t sum = 0;
    for (uint32_t i = first; i < first + count; i++) sum += w->c->q->tokens[i].u.weight;
    return sum;
}

static uint32_t weight_e(const work *w, uint32_t first, uint32_t count) {
    uint32_t sum = 0;
    for (uint32_t i = first; i < first + count; i++) sum += w->we[i];
    return sum;
}

static const unit *unit_e(const work *w, uint32_t i) { return &w->c->x->units[w->spans[i].id]; }

static void collect(work *w) {
    const compare *c = w->c;
    for (uint32_t j = 0; j < w->name->span_n; j++) {
        const span_rec *s = &w->spans[j];
        uint32_t r = s->id & SPAN_JOIN ? c->join_head[s->id & ~SPAN_JOIN] : c->unit_head[s->id];
        for (; r && w->n < SCORE_PAIRS; r = c->relations[r - 1].next) {
            const relation *x = &c->relations[r - 1];
            const span *q = &c->q->spans[x->span];
            uint32_t a = weight_q(w, q->first, q->count), b = weight_e(w, s->first, s->count);
            w->all[w->n++] = (pairing){q->first, q->count, s->first, s->count, x->sim,
                                       x->sim * (a < b ? a : b), x->kind};
        }
    }
}

/* Joined on both sides: only what nothing else pairs, unless the same sounds are split at
 * another place ("Jon gchon" for "Jong chon"). */
static bool last_resort(const work *w, const pairing *p) {
    if (p->qn < 2 || p->en < 2) return false;
    const unit *a = &w->c->q->tokens[p->qf].u, *b = unit_e(w, p->ef);
    return a->phon_n == b->phon_n && memcmp(a->phon, b->phon, a->phon_n) == 0;
}

static bool before(const work *w, const pairing *a, const pairing *b) {
    bool ja = last_resort(w, a), jb = last_resort(w, b);
    if (ja != jb) return jb;
    if (a->gain != b->gain) return a->gain > b->gain;
    if (a->qn + a->en != b->qn + b->en) return a->qn + a->en < b->qn + b->en;
    if (a->qf != b->qf) return a->qf < b->qf;
    return a->ef < b->ef;
}

static bool is_free(const bool *used, uint32_t first, uint32_t n) {
    for (uint32_t i = first; i < first + n; i++)
        if (used[i]) return false;
    return true;
}

static void take(work *w, const pairing *p, scored *out) {
    uint32_t a = weight_q(w, p->qf, p->qn), b = weight_e(w, p->ef, p->en);
    memset(w->uq + p->qf, 1, p->qn);
    memset(w->ue + p->ef, 1, p->en);
    w->m += (int64_t)p->sim * (a < b ? a : b) / 1000;
    w->soft += (int64_t)(1000 - p->sim) * (a + b) / 2000;
    /* A particle for a name, as Ben for Benjamin: what it weighs less is not paired. */
    if (p->qn == 1 && p->en == 1 && p->kind[0] == 'n' &&
        plm_score_is_light(&w->c->q->tokens[p->qf].u) != plm_score_is_light(unit_e(w, p->ef)))
        w->soft += (a < b ? b - a : a - b) / 2;
    if (out->n < NAME_TOKENS) out->pairs[out->n++] = *p;
}

static void pair_spans(work *w, scored *out) {
    for (uint32_t i = 1; i < w->n; i++) { /* insertion: few, and mostly in order */
        pairing p = w->all[i];
        uint32_t j = i;
        for (; j > 0 && before(w, &p, &w->all[j - 1]); j--) w->all[j] = w->all[j - 1];
        w->all[j] = p;
    }
    for (uint32_t i = 0; i < w->n; i++) {
        const pairing *p = &w->all[i];
        if (!is_free(w->uq, p->qf, p->qn) || !is_free(w->ue, p->ef, p->en)) continue;
        take(w, p, out);
        w->real += p->gain >= 100000;
    }
}

static bool full_name(const unit *u) {
    return u->kind == TOKEN_PLAIN && u->form_n > 1;
}

/* One letter stands for a name that begins with it, where something else is paired already. */
static void pair_initials(work *w, scored *out) {
    for (uint32_t i = 0; i < w->c->q->token_n; i++) {
        const unit *q = &w->c->q->tokens[i].u;
        for (uint32_t j = 0; j < w->name->token_n && !w->uq[i]; j++) {
            const unit *e = unit_e(w, j);
            bool one = (q->kind == TOKEN_INITIAL && full_name(e)) ||
                       (e->kind == TOKEN_INITIAL && full_name(q));
            if (w->ue[j] || !one || q->form[0] != e->form[0]) continue;
            pairing p = {(uint8_t)i, 1, (uint8_t)j, 1, INITIAL_SIM, 0, "initial"};
            memset(w->uq + i, 1, 1);
            w->ue[j] = true;
            w->m += INITIAL_SIM * (q->weight < e->weight ? q->weight : e->weight) / 1000;
            w->soft += (q->weight < e->weight ? e->weight : q->weight) / 8;
            if (out->n < NAME_TOKENS) out->pairs[out->n++] = p;
        }
    }
}

/* JC for Jean-Claude: two letters that begin two names in a row. */
static void pair_two_initials(work *w, scored *out) {
    for (uint32_t i = 0; i < w->c->q->token_n; i++) {
        const unit *q = &w->c->q->tokens[i].u;
        if (w->uq[i] || q->form_n != 2 || q->kind != TOKEN_PLAIN || q->phon_n != q->key_n) continue;
        for (uint32_t j = 0; j + 1 < w->name->token_n; j++) {
            const unit *a = unit_e(w, j), *b = unit_e(w, j + 1);
            if (w->ue[j] || w->ue[j + 1] || !full_name(a) || !full_name(b) ||
                a->form[0] != q->form[0] || b->form[0] != q->form[1])
                continue;
            pairing p = {(uint8_t)i, 1, (uint8_t)j, 2, INITIAL_SIM, 0, "initials"};
            w->uq[i] = w->ue[j] = w->ue[j + 1] = true;
            w->m += INITIAL_SIM * q->weight / 1000;
            if (out->n < NAME_TOKENS) out->pairs[out->n++] = p;
            break;
        }
    }
}

typedef struct rest {
    int64_t weight, light, plain; /* light: legal forms, particles, titles; weight: the others */
    int64_t patronymic;
    bool number, initial;
} rest;

bool plm_score_is_light(const unit *u) {
    return u->kind == TOKEN_LEGAL || u->kind == TOKEN_PARTICLE || u->kind == TOKEN_TITLE;
}

static bool ends(const unit *u, const char *with) {
    size_t n = strlen(with);
    return u->form_n > n + 2 && memcmp(u->form + u->form_n - n, with, n) == 0;
}

/* A Slavic father's name, which is often left out. */
static bool patronymic(const unit *u) {
    return u->kind == TOKEN_PLAIN && (ends(u, "vich") || ends(u, "vych") || ends(u, "vna") ||
                                      ends(u, "avna") || ends(u, "vitch"));
}

static void leave(rest *r, const unit *u) {
    int64_t w = u->weight;
    if (u->script == SCRIPT_HANGUL) w *= SYLLABLE_REST;
    if (plm_score_is_light(u)) {
        r->light += w;
        return;
    }
    r->weight += w;
    if (patronymic(u)) r->patronymic += w;
    if (u->kind == TOKEN_PLAIN || u->kind == TOKEN_NUMBER) r->plain += w;
    r->number = r->number || u->kind == TOKEN_NUMBER;
    r->initial = r->initial || u->kind == TOKEN_INITIAL;
}

static rest left_q(const work *w) {
    rest r = {0, 0, 0, 0, false, false};
    for (uint32_t i = 0; i < w->c->q->token_n; i++)
        if (!w->uq[i]) leave(&r, &w->c->q->tokens[i].u);
    return r;
}

static rest left_e(const work *w) {
    rest r = {0, 0, 0, 0, false, false};
    for (uint32_t i = 0; i < w->name->token_n; i++)
        if (!w->ue[i]) leave(&r, unit_e(w, i));
    return r;
}

static int value(const work *w, rest q, rest e) {
    int64_t hq = q.weight, he = e.weight;
    if (hq == 0) he -= e.patronymic * PATRONYMIC_OFF / 100; /* only the entity's: docs/no-miss.md */
    int64_t conf = hq + he ? 2 * hq * he / (hq + he) : 0;
    int64_t extra = hq > he ? hq - he : he - hq;
    if (q.number && e.number) conf += NUMBER_CLASH;
    if (q.initial && e.initial) conf += INITIAL_CLASH;
    const strictness *k = &strict[w->c->kind > 2 ? 0 : w->c->kind];
    int64_t d = 100 * w->m + k->soft * w->soft + CONF * conf +
                (hq > he ? EXTRA_Q : EXTRA) * extra + LIGHT * (q.light + e.light);
    if (d == 0 || w->m == 0) return 0;
    int64_t s = PLM_SCORE_ONE * (100 * w->m) / d;
    int64_t cut = q.plain + e.plain <= 250 ? k->cut_common
                  : q.weight <= 130       ? k->cut_less
                                          : k->cut;
    if (hq + he > 100 && w->m < EVIDENCE)
        s -= s * cut * (EVIDENCE - w->m) / EVIDENCE * (EVIDENCE - w->m) / (100 * EVIDENCE);
    return (int)s;
}

static bool reading(const unit *u) {
    return u->kind == TOKEN_PLAIN &&
           (u->script == SCRIPT_HAN || u->script == SCRIPT_HANGUL || u->script == SCRIPT_KANA);
}

/* Below the default threshold the scale is spread, so that what is far still has an order. */
static int spread(int s) {
    if (s >= PLM_SCREEN_THRESHOLD) return s;
    return s < SPREAD_FROM ? 2 * s
                           : 2 * SPREAD_FROM + (s - SPREAD_FROM) *
                                 (PLM_SCREEN_THRESHOLD - 2 * SPREAD_FROM) /
                                 (PLM_SCREEN_THRESHOLD - SPREAD_FROM);
}

/* A score that spread() can't lift to t: the largest s with everything below it staying below t. */
static int unspread(int t) {
    if (t >= PLM_SCREEN_THRESHOLD) return t;
    if (t <= 2 * SPREAD_FROM) return t / 2;
    return SPREAD_FROM + (t - 2 * SPREAD_FROM) * (PLM_SCREEN_THRESHOLD - SPREAD_FROM) /
                             (PLM_SCREEN_THRESHOLD - 2 * SPREAD_FROM);
}

/* A personal name matched by the sound of its Han or Hangul letters alone: many people's names
 * sound alike, so that only a whole name of three syllables, sound for sound, counts in full. */
static bool by_reading(const work *w, const scored *s, rest q, rest e) {
    const name_parse *p = w->c->q;
    bool native = false;
    for (uint32_t i = 0; i < p->token_n; i++) {
        const unit *u = &p->tokens[i].u;
        native = native || reading(u);
        if (u->kind == TOKEN_GENERIC || u->kind == TOKEN_PLACE || u->kind == TOKEN_LEGAL)
            return false;
    }
    for (uint32_t i = 0; i < w->name->token_n && !native; i++) native = reading(unit_e(w, i));
    if (!native) return false;
    uint32_t letters = 0; /* of the native script */
    bool same = true, sure = q.weight + e.weight == 0;
    for (uint32_t i = 0; i < s->n; i++) {
        const pairing *x = &s->pairs[i];
        for (uint32_t t = x->qf; t < x->qf + (uint32_t)x->qn; t++)
            letters += p->tokens[t].u.script == SCRIPT_HANGUL || p->tokens[t].n < 3
                           ? 1 : p->tokens[t].n / 3u;
        sure = sure && x->sim >= (x->qn > 1 ? READING_JOIN_SIM : READING_SIM) &&
               !(x->qn > 1 && x->en > 1);
        for (uint32_t t = x->ef; t < x->ef + (uint32_t)x->en; t++)
            same = same && unit_e(w, t)->script == p->tokens[x->qf].u.script;
    }
    return !same && !(sure && letters >= READING_SYLLABLES);
}

/* The same words of the same script, in any order: the same name, whatever else its parts are
 * like.  (Pairing by weight may miss it where many parts resemble each other.) */
static bool same_words(const work *w, scored *out) {
    const name_parse *q = w->c->q;
    uint32_t n = q->token_n;
    if (n != w->name->token_n || q->weight != weight_e(w, 0, n)) return false;
    bool used[NAME_TOKENS] = {false};
    for (uint32_t i = 0; i < n; i++) {
        const unit *a = &q->tokens[i].u;
        uint32_t j = 0;
        for (; j < n; j++) {
            const unit *b = unit_e(w, j);
            if (!used[j] && a->script == b->script && a->form_n == b->form_n &&
                memcmp(a->form, b->form, a->form_n) == 0)
                break;
        }
        if (j == n) return false;
        used[j] = true;
        out->pairs[i] = (pairing){(uint8_t)i, 1, (uint8_t)j, 1, 1000, 1000u * a->weight, "exact"};
    }
    out->n = n;
    out->score = PLM_SCORE_ONE;
    out->whole = n < NAME_TOKENS; /* a name may go on after so many */
    return true;
}

void plm_score_name(const compare *c, uint32_t n, scored *out) {
    work w;
    w.c = c;
    w.name = &c->x->names[n];
    w.spans = c->x->spans + w.name->span_at;
    w.n = 0;
    w.m = w.soft = 0;
    w.real = 0;
    memset(w.uq, 0, sizeof w.uq);
    memset(w.ue, 0, sizeof w.ue);
    for (uint32_t i = 0; i < w.name->token_n; i++) w.we[i] = w.spans[i].weight;
    out->n = 0;
    out->score = 0;
    out->whole = false;
    if (same_words(&w, out)) return;
    collect(&w);
    if (w.n == 0) return;
    pair_spans(&w, out);
    if (w.real) pair_initials(&w, out);
    if (w.real) pair_two_initials(&w, out);
    rest q = left_q(&w), e = left_e(&w);
    out->score = value(&w, q, e);
    if (by_reading(&w, out, q, e)) out->score = out->score * READING_PERCENT / 100;
    out->score = spread(out->score);
    out->whole = w.soft == 0 && q.weight + q.light + e.weight + e.light == 0;
}

bool plm_score_reachable(const paired *p, int threshold) {
    /* score <= m / (m + EXTRA_Q heavy left + LIGHT light left), m what is paired at most;
     * score >= T  <=>  m (100 - 100 T) >= T (EXTRA_Q heavy + LIGHT light), T of ten thousand */
    int64_t t = unspread(threshold), m = (int64_t)p->heavy + p->light;
    int64_t left = EXTRA_Q * (int64_t)p->heavy_left + LIGHT * (int64_t)p->light_left;
    return m * 100 * (PLM_SCORE_ONE - t) >= t * left;
}
