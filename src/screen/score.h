/* score.h: one query against one name, in integers.  docs/no-miss.md derives the bound from it. */
#ifndef PLM_SCREEN_SCORE_H
#define PLM_SCREEN_SCORE_H

#include "plimsoll/screen.h"
#include "screen/index.h"

#define SCORE_PAIRS 192     /* related spans of one comparison */
#define SCORE_COUNTRY_GAIN 6 /* per cent of what is missing to 1.0 */
#define SCORE_BIRTH_GAIN 10

/* A related pair of spans: query's span, how alike, why; chained by the entity's unit. */
typedef struct relation {
    uint16_t sim;
    uint8_t span, why;
    uint32_t next;           /* relation number + 1; 0: last */
    uint64_t tokens;         /* of the query, a bit each: of this and all that follow it */
} relation;

#define REACH_TOKENS 8       /* tokens that reach_seen tells apart; the others count as one */
#define REACH_SEEN (4u << REACH_TOKENS)

/* What is left over of one side. */
typedef struct score_rest {
    int64_t weight, light, plain; /* light: legal forms, particles, titles; weight: the others */
    int64_t patronymic;
    bool number, initial;
} score_rest;

/* At most what a comparison can come to. */
typedef struct score_most {
    int64_t m, cost;         /* paired; what the pairs cost at least, in hundredths */
    score_rest q, e;               /* left over at least */
} score_most;

typedef struct pairing {
    uint8_t qf, qn, ef, en;
    uint16_t sim, why;
    uint32_t gain;
} pairing;

typedef struct scored {
    int score;               /* 0 to PLM_SCORE_ONE */
    bool whole;              /* nothing left over on either side, every part exact */
    uint32_t n;
    pairing pairs[NAME_TOKENS];
} scored;

/* The side of a query that bounds what it can come to: its tokens, its kind, its threshold. */
typedef struct reach {
    uint32_t n;
    uint32_t kind;           /* plm_entity_kind that the query states */
    int least;               /* a name that can't score this may be given 0; 0: none may */
    uint16_t weight[NAME_TOKENS], traits[NAME_TOKENS];
} reach;

typedef struct compare {
    const plm_index *x;
    const name_parse *q;
    const uint32_t *unit_head, *join_head; /* unit or join -> relation number + 1 */
    const uint64_t *unit_met, *join_met;   /* a bit each: whether it has any */
    const relation *relations;
    plm_str alone;           /* only a name that is this text is taken; empty: any */
    reach r;                 /* r.kind is set by the caller of plm_score_prepare */
    uint16_t sim_most[NAME_TOKENS];   /* of any relation of a token */
    uint8_t *reach_seen;     /* REACH_SEEN: which tokens paired can reach least */
    score_most *reach_most;        /* REACH_SEEN: by what, where seen */
    bool stands;             /* a token of the query may stand for more than it says */
    uint32_t span_weight[NAME_SPANS]; /* of the tokens of each of the query's spans */
} compare;

/* What a token is to the score: a bit each, and its first letter in the upper byte; kept for every
 * unit of the index. */
enum {
    TRAIT_LIGHT = 1,         /* legal form, particle, title */
    TRAIT_PLAIN = 2,         /* a name or a number */
    TRAIT_PATRONYMIC = 4,
    TRAIT_SYLLABLE = 8,      /* Hangul: counts more where it is left over */
    TRAIT_INITIAL = 16,
    TRAIT_FULL = 32,         /* a name of more than a letter */
    TRAIT_READING = 64,      /* a name read from Han, Hangul or kana */
    TRAIT_NUMBER = 128
};
uint16_t plm_score_traits(const unit *u);

/* Fills what c says about c->q and its relations (relation_n), and its threshold. */
void plm_score_prepare(compare *c, uint32_t relation_n, int threshold);
/* Scores name number n; fills out. */
void plm_score_name(const compare *c, uint32_t n, scored *out);
/* A query token that may be paired without a related span: an initial, two initials. */
bool plm_score_stands_for_more(const unit *u);
/* False when no name can score r->least whose query tokens are paired no better than so: sim[i]
 * for token i, 0 for one left over; with initials: or paired with an initial of the name
 * (docs/no-miss.md). */
bool plm_score_reachable(const reach *r, const uint16_t sim[NAME_TOKENS], bool initials);
/* The same of a name that has at least left left over (plm_score_left). */
bool plm_score_reachable_left(const reach *r, const uint16_t sim[NAME_TOKENS], bool initials,
                              uint32_t left);
/* At least what a name's token counts where it is left over; 0 for one that an initial may pair. */
uint32_t plm_score_left(uint16_t traits, uint32_t weight);
/* How many words of the query say something by themselves: 0 only common words, and at most one
 * of them that is more than a legal form (it alerts on a listed name that says no more, no other);
 * 1 only common words; 2 any other. */
int plm_score_words(const name_parse *p);
/* Least score of a name that what weighs beside it can lift to the threshold; of common words
 * (plm_score_words) what they need besides.  country, birth: the query has one. */
int plm_score_name_least(bool country, bool birth, int words, int threshold);
/* What r.least is for a threshold of names: the score before it is spread. */
int plm_score_unspread(int threshold);
/* OFAC's own 0 to 100, times 100. */
int plm_score_ofac(plm_str query, plm_str name);

#endif
