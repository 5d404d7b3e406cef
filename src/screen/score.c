/* score.c: pairs the spans of two names and weighs what is paired against what is left over.
 *
 *   M     what is paired: sim x the lesser weight        soft  what the pairs lack of likeness
 *   hq he what is left over of query and entity          conf  both sides left over: another name
 *   extra left over on one side only: a longer name
 *   score = M / (M + SOFT soft + CONF conf + EXTRA extra), less EVIDENCE where little is paired
 *
 * Invariants: 1 integers only; 2 the same for the same names whatever else is in the lists;
 * 3 what plm_score_reachable and reaches() refuse does not score c->r.least (docs/no-miss.md).
 * Held by tests/unit/test_screen.c. */
#include "screen/score.h"

#include <string.h>

#define CONF 170         /* hundredths, as EXTRA and LIGHT */
#define EXTRA 25          /* the entity's name says more */
#define LIGHT 12          /* legal forms, particles and titles left over on either side */
#define EXTRA_Q 45        /* the query says more */
#define EXTRA_Q_ORG 90    /* the same of an organization: its branch, its parent, another */
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
#define INITIAL_SOFT 8     /* soft of an initial: so much of the larger weight */
#define INITIAL_CLASH 400
#define COMMON_SCORE 8100 /* few words, all common: nearly the same name or none */
#define COMMON_WEIGHT 1100 /* common words of this weight together say something */
#define ROUNDING 4        /* what the divisions of value() and can_reach() differ by at most */

/* By what the query says it is.  An organization's name stands in many forms; a person's part of
 * a name is shared by many. */
typedef struct strictness {
    int soft;              /* hundredths */
    int cut;               /* per cent of the score that a part with no weight loses*/
    int cut_less;          /* the same where all of the query is paired */
    int cut_common;        /* the same where only common words are left over */
} strictness;

static const strictness strict[4] = {
    {200, 90, 85, 150},    /* not said; vessels and aircraft, whose numbers decide */
    {210, 105, 100, 60},   /* person */
    {105, 40, 28, 18},     /* organization */
    {210, 105, 100, 150},  /* not said, of an entry that is a person: no milder than not said */
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
    uint64_t met_q, met_e;   /* tokens with any pair */
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
static uint16_t trait_e(const work *w, uint32_t i) { return w->c->x->traits[w->spans[i].id]; }

static uint64_t bits(uint32_t first, uint32_t count) {
    return (((uint64_t)1 << (count & 63)) - 1) << first; /* count < NAME_TOKENS < 64 */
}

static void collect(work *w) {
    const compare *c = w->c;
    w->met_q = w->met_e = 0;
    for (uint32_t j = 0; j < w->name->span_n; j++) {
        const span_rec *s = &w->spans[j];
        bool join = s->id & SPAN_JOIN;
        uint32_t id = s->id & ~SPAN_JOIN;
        if (!((join ? c->join_met : c->unit_met)[id >> 6] >> (id & 63) & 1)) continue;
        uint32_t r = join ? c->join_head[id] : c->unit_head[id];
        uint32_t b = weight_e(w, s->first, s->count);
        w->met_e |= bits(s->first, s->count);
        for (; r && w->n < SCORE_PAIRS; r = c->relations[r - 1].next) {
            const relation *x = &c->relations[r - 1];
            const span *q = &c->q->spans[x->span];
            uint32_t a = c->span_weight[x->span];
            w->met_q |= bits(q->first, q->count);
            w->all[w->n++] = (pairing){q->first, q->count, s->first, s->count, x->sim, x->why,
                                       x->sim * (a < b ? a : b)};
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
    if (p->qn == 1 && p->en == 1 && p->why == WHY_VARIANT &&
        ((w->c->r.traits[p->qf] ^ trait_e(w, p->ef)) & TRAIT_LIGHT))
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

static bool ends(const unit *u, const char *with) {
    size_t n = strlen(with);
    return u->form_n > n + 2 && memcmp(u->form + u->form_n - n, with, n) == 0;
}

/* A Slavic father's name, which is often left out. */
static bool patronymic(const unit *u) {
    return u->kind == TOKEN_PLAIN && (ends(u, "vich") || ends(u, "vych") || ends(u, "vna") ||
                                      ends(u, "avna") || ends(u, "vitch"));
}

uint16_t plm_score_traits(const unit *u) {
    bool east = u->script == SCRIPT_HAN || u->script == SCRIPT_HANGUL || u->script == SCRIPT_KANA;
    bool plain = u->kind == TOKEN_PLAIN, number = u->kind == TOKEN_NUMBER;
    bool light = u->kind == TOKEN_LEGAL || u->kind == TOKEN_PARTICLE || u->kind == TOKEN_TITLE;
    return (uint16_t)((unsigned)(unsigned char)u->form[0] << 8 | (light ? TRAIT_LIGHT : 0) |
                     (plain || number ? TRAIT_PLAIN : 0) |
                     (patronymic(u) ? TRAIT_PATRONYMIC : 0) |
                     (u->script == SCRIPT_HANGUL ? TRAIT_SYLLABLE : 0) |
                     (u->kind == TOKEN_INITIAL ? TRAIT_INITIAL : 0) |
                     (plain && u->form_n > 1 ? TRAIT_FULL : 0) |
                     (plain && east ? TRAIT_READING : 0) | (number ? TRAIT_NUMBER : 0));
}

static void leave(score_rest *r, uint16_t trait, uint32_t weight) {
    int64_t w = weight;
    if (trait & TRAIT_SYLLABLE) w *= SYLLABLE_REST;
    if (trait & TRAIT_LIGHT) {
        r->light += w;
        return;
    }
    r->weight += w;
    if (trait & TRAIT_PATRONYMIC) r->patronymic += w;
    if (trait & TRAIT_PLAIN) r->plain += w;
    r->number = r->number || (trait & TRAIT_NUMBER);
    r->initial = r->initial || (trait & TRAIT_INITIAL);
}

static score_rest left_q(const work *w) {
    score_rest r = {0, 0, 0, 0, false, false};
    for (uint32_t i = 0; i < w->c->q->token_n; i++)
        if (!w->uq[i]) leave(&r, w->c->r.traits[i], w->c->q->tokens[i].u.weight);
    return r;
}

static score_rest left_e(const work *w) {
    score_rest r = {0, 0, 0, 0, false, false};
    for (uint32_t i = 0; i < w->name->token_n; i++)
        if (!w->ue[i]) leave(&r, trait_e(w, i), w->we[i]);
    return r;
}

/* One letter stands for a name that begins with it. */
static bool initial_of(uint16_t a, uint16_t b) {
    bool one = ((a & TRAIT_INITIAL) && (b & TRAIT_FULL)) ||
               ((b & TRAIT_INITIAL) && (a & TRAIT_FULL));
    return one && a >> 8 == b >> 8;
}

/* JC for Jean-Claude: two letters that begin two names in a row. */
static bool two_initials_of(const unit *q, uint16_t a, uint16_t b) {
    return (a & b & TRAIT_FULL) && a >> 8 == (unsigned char)q->form[0] &&
           b >> 8 == (unsigned char)q->form[1];
}

static bool is_two_initials(const unit *u) {
    return u->kind == TOKEN_PLAIN && u->form_n == 2 && u->phon_n == u->key_n;
}

bool plm_score_stands_for_more(const unit *u) {
    return u->kind == TOKEN_INITIAL || is_two_initials(u);
}

/* Where something else is paired already. */
static void pair_initials(work *w, scored *out) {
    for (uint32_t i = 0; i < w->c->q->token_n; i++) {
        for (uint32_t j = 0; j < w->name->token_n && !w->uq[i]; j++) {
            if (w->ue[j] || !initial_of(w->c->r.traits[i], trait_e(w, j))) continue;
            uint32_t a = w->c->q->tokens[i].u.weight, b = w->we[j];
            pairing p = {(uint8_t)i, 1, (uint8_t)j, 1, INITIAL_SIM, WHY_INITIAL, 0};
            memset(w->uq + i, 1, 1);
            w->ue[j] = true;
            w->m += INITIAL_SIM * (a < b ? a : b) / 1000;
            w->soft += (a < b ? b : a) / INITIAL_SOFT;
            if (out->n < NAME_TOKENS) out->pairs[out->n++] = p;
        }
    }
}

static void pair_two_initials(work *w, scored *out) {
    for (uint32_t i = 0; i < w->c->q->token_n; i++) {
        const unit *q = &w->c->q->tokens[i].u;
        if (w->uq[i] || !is_two_initials(q)) continue;
        for (uint32_t j = 0; j + 1 < w->name->token_n; j++) {
            if (w->ue[j] || w->ue[j + 1] || !two_initials_of(q, trait_e(w, j), trait_e(w, j + 1)))
                continue;
            pairing p = {(uint8_t)i, 1, (uint8_t)j, 2, INITIAL_SIM, WHY_INITIALS, 0};
            w->uq[i] = w->ue[j] = w->ue[j + 1] = true;
            w->m += INITIAL_SIM * q->weight / 1000;
            if (out->n < NAME_TOKENS) out->pairs[out->n++] = p;
            break;
        }
    }
}

static int value(const work *w, score_rest q, score_rest e) {
    int64_t hq = q.weight, he = e.weight;
    if (hq == 0) he -= e.patronymic * PATRONYMIC_OFF / 100; /* only the entity's: docs/no-miss.md */
    int64_t conf = hq + he ? 2 * hq * he / (hq + he) : 0;
    int64_t extra = hq > he ? hq - he : he - hq;
    if (q.number && e.number) conf += NUMBER_CLASH;
    if (q.initial && e.initial) conf += INITIAL_CLASH;
    const strictness *k = &strict[w->c->r.kind > 2 ? 0 : w->c->r.kind];
    if (k == strict && (w->name->flags & NAME_OF_PERSON)) k = &strict[3];
    int64_t more = w->name->flags & NAME_OF_ORGANIZATION ? EXTRA_Q_ORG : EXTRA_Q;
    int64_t d = 100 * w->m + k->soft * w->soft + CONF * conf +
                (hq > he ? more : EXTRA) * extra + LIGHT * (q.light + e.light);
    if (d == 0 || w->m == 0) return 0;
    int64_t s = PLM_SCORE_ONE * (100 * w->m) / d;
    int64_t cut = q.plain + e.plain <= 250 ? k->cut_common
                  : q.weight <= 130       ? k->cut_less
                                          : k->cut;
    if (hq + he > 100 && w->m < EVIDENCE)
        s -= s * cut * (EVIDENCE - w->m) / EVIDENCE * (EVIDENCE - w->m) / (100 * EVIDENCE);
    return (int)s;
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
int plm_score_unspread(int t) {
    if (t >= PLM_SCREEN_THRESHOLD) return t;
    if (t <= 2 * SPREAD_FROM) return t / 2;
    return SPREAD_FROM + (t - 2 * SPREAD_FROM) * (PLM_SCREEN_THRESHOLD - SPREAD_FROM) /
                             (PLM_SCREEN_THRESHOLD - 2 * SPREAD_FROM);
}

int plm_score_words(const name_parse *p) {
    uint32_t n = 0;
    for (uint32_t i = 0; i < p->token_n; i++) {
        if (p->tokens[i].u.kind == TOKEN_PLAIN || p->tokens[i].u.kind == TOKEN_NUMBER ||
            p->tokens[i].u.kind == TOKEN_INITIAL)
            return 2;
        n += p->tokens[i].u.kind != TOKEN_LEGAL;
    }
    if (p->weight >= COMMON_WEIGHT) return 2;
    return n >= 2;
}

int plm_score_name_least(bool country, bool birth, int words, int threshold) {
    int gain = (country ? SCORE_COUNTRY_GAIN : 0) + (birth ? SCORE_BIRTH_GAIN : 0);
    int64_t t = threshold;
    if (words == 0) return PLM_SCORE_ONE; /* "OJSC United Company" and "Pasdaran" are listed */
    if (gain && threshold < PLM_SCORE_ONE)
        t = ((int64_t)threshold * 100 - (int64_t)PLM_SCORE_ONE * gain) / (100 - gain) - 2;
    if (t < 0) t = 0;
    return words == 1 && t < COMMON_SCORE ? COMMON_SCORE : (int)t;
}

/* A personal name matched by the sound of its Han or Hangul letters alone: many people's names
 * sound alike, so that only a whole name of three syllables, sound for sound, counts in full. */
static bool by_reading(const work *w, const scored *s, score_rest q, score_rest e) {
    const name_parse *p = w->c->q;
    bool native = false;
    for (uint32_t i = 0; i < p->token_n; i++) {
        const unit *u = &p->tokens[i].u;
        native = native || (w->c->r.traits[i] & TRAIT_READING);
        if (u->kind == TOKEN_GENERIC || u->kind == TOKEN_PLACE || u->kind == TOKEN_LEGAL)
            return false;
    }
    for (uint32_t i = 0; i < w->name->token_n && !native; i++)
        native = trait_e(w, i) & TRAIT_READING;
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

/* ---- what can't be reached: docs/no-miss.md, section 3 ---- */

/* Adds query token i, paired at most so: m, and the pair's soft. */
static void add_most(score_most *b, const reach *r, uint32_t i, int64_t m, int64_t soft) {
    int64_t w = r->weight[i];
    const strictness *k = &strict[r->kind > 2 ? 0 : r->kind];
    int64_t paired = k->soft * soft, left = (r->traits[i] & TRAIT_LIGHT ? LIGHT : EXTRA_Q) * w;
    b->m += m;
    b->cost += paired < left ? paired : left;
}

static bool can_reach(const score_most *b, const reach *r) {
    const strictness *k = &strict[r->kind > 2 ? 0 : r->kind];
    int64_t hq = b->q.weight, he = b->e.weight;
    if (hq == 0) he -= b->e.patronymic * PATRONYMIC_OFF / 100;
    int64_t conf = hq + he ? 2 * hq * he / (hq + he) : 0, extra = hq > he ? hq - he : he - hq;
    int64_t d = 100 * b->m + b->cost + CONF * (conf - 1) + (hq > he ? EXTRA_Q : EXTRA) * extra +
                LIGHT * (b->q.light + b->e.light);
    if (b->m <= 0) return false;
    if (d < 100 * b->m) d = 100 * b->m;
    int64_t s = PLM_SCORE_ONE * (100 * b->m) / d, cut = k->cut;
    if (b->q.weight <= 130 && k->cut_less < cut) cut = k->cut_less;
    if (b->q.plain + b->e.plain <= 250 && k->cut_common < cut) cut = k->cut_common;
    if (hq + he > 100 && b->m < EVIDENCE)
        s -= s * cut * (EVIDENCE - b->m) / EVIDENCE * (EVIDENCE - b->m) / (100 * EVIDENCE);
    return s + ROUNDING >= r->least;
}

/* At most what each token of the query is paired with, and at least what that lacks. */
typedef struct best_pairs {
    int32_t m[NAME_TOKENS];    /* -1: nothing */
    int32_t soft[NAME_TOKENS];
    uint64_t met_e;            /* tokens of the entity that may be paired */
} best_pairs;

static void better(best_pairs *p, uint32_t t, int32_t m, int32_t soft) {
    if (m > p->m[t]) p->m[t] = m;
    if (soft < p->soft[t]) p->soft[t] = soft;
}

static void best_by_spans(const work *w, best_pairs *b) {
    const compare *c = w->c;
    for (uint32_t i = 0; i < c->q->token_n; i++) b->m[i] = -1, b->soft[i] = INT32_MAX;
    b->met_e = w->met_e;
    for (uint32_t i = 0; i < w->n; i++) {
        const pairing *p = &w->all[i];
        int32_t far = 1000 - p->sim;
        if (p->qn == 1) {
            int32_t both = c->q->tokens[p->qf].u.weight + (int32_t)weight_e(w, p->ef, p->en);
            better(b, p->qf, (int32_t)(p->gain / 1000), far * both / 2000);
            continue;
        }
        for (uint32_t t = p->qf; t < p->qf + (uint32_t)p->qn; t++) { /* its share */
            int32_t a = c->q->tokens[t].u.weight;
            better(b, t, p->sim * a / 1000 + 1, far * a / 2000);
        }
    }
}

static void best_by_initials(const work *w, best_pairs *p) {
    for (uint32_t i = 0; i < w->c->q->token_n; i++) {
        const unit *q = &w->c->q->tokens[i].u;
        bool two = is_two_initials(q);
        for (uint32_t j = 0; j < w->name->token_n; j++) {
            uint16_t e = trait_e(w, j);
            if (initial_of(w->c->r.traits[i], e)) {
                int32_t a = q->weight, b = w->we[j];
                better(p, i, INITIAL_SIM * (a < b ? a : b) / 1000, (a < b ? b : a) / INITIAL_SOFT);
                p->met_e |= bits(j, 1);
            }
            if (two && j + 1 < w->name->token_n && two_initials_of(q, e, trait_e(w, j + 1))) {
                better(p, i, INITIAL_SIM * q->weight / 1000, 0);
                p->met_e |= bits(j, 2);
            }
        }
    }
}

/* False when the pairs collected can't come to c->r.least, however they are chosen. */
static bool reaches(const work *w) {
    const compare *c = w->c;
    best_pairs p;
    score_most b = {0};
    best_by_spans(w, &p);
    if (c->stands || (w->name->flags & NAME_HAS_INITIAL)) best_by_initials(w, &p);
    for (uint32_t i = 0; i < c->q->token_n; i++) {
        if (p.m[i] < 0) leave(&b.q, c->r.traits[i], c->q->tokens[i].u.weight);
        else add_most(&b, &c->r, i, p.m[i], p.soft[i]);
    }
    for (uint32_t i = 0; i < w->name->token_n; i++)
        if (!(p.met_e >> i & 1)) leave(&b.e, trait_e(w, i), w->we[i]);
    return can_reach(&b, &c->r);
}

uint32_t plm_score_left(uint16_t traits, uint32_t weight) {
    if (traits & (TRAIT_LIGHT | TRAIT_INITIAL)) return 0;
    if (traits & TRAIT_PATRONYMIC) return weight * (100 - PATRONYMIC_OFF) / 100;
    return weight;
}

/* The query's tokens paired no better than sim, with nothing known of the name. */
static score_most most_of(const reach *r, const uint16_t sim[NAME_TOKENS], bool initials) {
    score_most b = {0};
    for (uint32_t i = 0; i < r->n; i++) {
        int32_t w = r->weight[i], one = PLM_WEIGHT_INITIAL;
        int32_t m = sim[i] ? sim[i] * w / 1000 + 1 : -1;
        int32_t soft = (1000 - sim[i]) * w / 2000;
        if (initials && (r->traits[i] & TRAIT_FULL)) {
            int32_t less = INITIAL_SIM * (w < one ? w : one) / 1000;
            int32_t far = (w < one ? one : w) / INITIAL_SOFT;
            if (m < 0 || far < soft) soft = far;
            if (less > m) m = less;
        }
        if (m < 0) leave(&b.q, r->traits[i], (uint32_t)w);
        else add_most(&b, r, i, m, soft);
    }
    return b;
}

bool plm_score_reachable(const reach *r, const uint16_t sim[NAME_TOKENS], bool initials) {
    return plm_score_reachable_left(r, sim, initials, 0);
}

bool plm_score_reachable_left(const reach *r, const uint16_t sim[NAME_TOKENS], bool initials,
                              uint32_t left) {
    score_most b = most_of(r, sim, initials);
    b.e.weight = left;
    return can_reach(&b, r);
}

/* At most what a name whose related spans meet only these tokens comes to, however alike they are;
 * NULL when that is less than c->r.least.  Found once for each set of tokens. */
static const score_most *met_reach(const compare *c, uint64_t tokens, bool initials) {
    uint64_t all = ((uint64_t)1 << REACH_TOKENS) - 1;
    bool others = tokens >> REACH_TOKENS;
    uint64_t set = (tokens & all) << 2 | (uint64_t)(others << 1 | initials);
    uint8_t *seen = &c->reach_seen[set];
    score_most *b = &c->reach_most[set];
    if (*seen) return *seen == 2 ? b : NULL;
    uint16_t sim[NAME_TOKENS];
    for (uint32_t i = 0; i < c->q->token_n; i++) {
        bool met = i < REACH_TOKENS ? tokens >> i & 1 : others;
        bool stands = c->stands && plm_score_stands_for_more(&c->q->tokens[i].u);
        sim[i] = stands ? 1000 : met ? c->sim_most[i] : 0;
    }
    *b = most_of(&c->r, sim, initials);
    *seen = can_reach(b, &c->r) ? 2 : 1;
    return *seen == 2 ? b : NULL;
}

/* False when the name can't come to c->r.least, by the tokens that its related spans meet and by
 * its own tokens that none covers. */
static bool may_reach(const compare *c, const name_rec *name) {
    uint64_t tokens = 0, covered = 0;
    const span_rec *spans = c->x->spans + name->span_at;
    for (uint32_t i = 0; i < name->span_n; i++) {
        const span_rec *s = &spans[i];
        bool join = s->id & SPAN_JOIN;
        uint32_t id = s->id & ~SPAN_JOIN;
        if (!((join ? c->join_met : c->unit_met)[id >> 6] >> (id & 63) & 1)) continue;
        tokens |= c->relations[(join ? c->join_head : c->unit_head)[id] - 1].tokens;
        covered |= bits(s->first, s->count);
    }
    const score_most *most_met = met_reach(c, tokens, name->flags & NAME_HAS_INITIAL);
    if (!most_met || c->stands) return most_met;
    score_most b = *most_met;
    for (uint32_t i = 0; i < name->token_n; i++) {
        uint16_t traits = c->x->traits[spans[i].id];
        if (!(covered >> i & 1) && !(traits & TRAIT_INITIAL)) leave(&b.e, traits, spans[i].weight);
    }
    return can_reach(&b, &c->r);
}

void plm_score_prepare(compare *c, uint32_t relation_n, int threshold) {
    c->r.least = plm_score_unspread(threshold);
    c->r.n = c->q->token_n;
    memset(c->reach_seen, 0, REACH_SEEN);
    memset(c->sim_most, 0, sizeof c->sim_most);
    for (uint32_t i = 0; i < relation_n; i++) {
        const relation *r = &c->relations[i];
        const span *s = &c->q->spans[r->span];
        for (uint32_t t = s->first; t < s->first + (uint32_t)s->count; t++)
            if (r->sim > c->sim_most[t]) c->sim_most[t] = r->sim;
    }
    c->stands = false;
    for (uint32_t i = 0; i < c->q->token_n; i++) {
        c->r.traits[i] = plm_score_traits(&c->q->tokens[i].u);
        c->r.weight[i] = c->q->tokens[i].u.weight;
        c->stands = c->stands || plm_score_stands_for_more(&c->q->tokens[i].u);
    }
    for (uint32_t i = 0; i < c->q->span_n; i++) {
        const span *s = &c->q->spans[i];
        c->span_weight[i] = 0;
        for (uint32_t t = s->first; t < s->first + (uint32_t)s->count; t++)
            c->span_weight[i] += c->q->tokens[t].u.weight;
    }
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
        out->pairs[i] = (pairing){(uint8_t)i, 1, (uint8_t)j, 1, 1000, WHY_EXACT,
                                  1000u * a->weight};
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
    out->n = 0;
    out->score = 0;
    out->whole = false;
    if (c->r.least && !may_reach(c, w.name)) return;
    w.spans = c->x->spans + w.name->span_at;
    w.n = 0;
    w.m = w.soft = 0;
    w.real = 0;
    for (uint32_t i = 0; i < w.name->token_n; i++) w.we[i] = w.spans[i].weight;
    if (same_words(&w, out)) return;
    collect(&w);
    if (w.n == 0 || (c->r.least && w.n < SCORE_PAIRS && !reaches(&w))) return;
    memset(w.uq, 0, sizeof w.uq);
    memset(w.ue, 0, sizeof w.ue);
    pair_spans(&w, out);
    if (w.real) pair_initials(&w, out);
    if (w.real) pair_two_initials(&w, out);
    score_rest q = left_q(&w), e = left_e(&w);
    out->score = value(&w, q, e);
    if (by_reading(&w, out, q, e)) out->score = out->score * READING_PERCENT / 100;
    out->score = spread(out->score);
    out->whole = w.soft == 0 && q.weight + q.light + e.weight + e.light == 0;
}
