/* score.h: one query against one name, in integers.  docs/no-miss.md derives the bound from it. */
#ifndef PLM_SCREEN_SCORE_H
#define PLM_SCREEN_SCORE_H

#include "plimsoll/screen.h"
#include "screen/index.h"

#define SCORE_PAIRS 192     /* related spans of one comparison */

/* A related pair of spans: query's span, how alike, why; chained by the entity's unit. */
typedef struct relation {
    uint16_t span, sim;
    uint32_t next;           /* relation number + 1; 0: last */
    const char *kind;
} relation;

typedef struct pairing {
    uint8_t qf, qn, ef, en;
    uint16_t sim;
    uint32_t gain;
    const char *kind;
} pairing;

typedef struct scored {
    int score;               /* 0 to PLM_SCORE_ONE */
    bool whole;              /* nothing left over on either side, every part exact */
    uint32_t n;
    pairing pairs[NAME_TOKENS];
} scored;

typedef struct compare {
    const plm_index *x;
    const name_parse *q;
    const uint32_t *unit_head, *join_head; /* unit or join -> relation number + 1 */
    const relation *relations;
    uint32_t kind;           /* plm_entity_kind that the query states */
    plm_str alone;           /* one common word: only a name that is just this, as written */
} compare;

/* Scores name number n; fills out. */
void plm_score_name(const compare *c, uint32_t n, scored *out);
/* Weights of query tokens that are paired at most, and of those left over. */
typedef struct paired {
    uint32_t heavy, light, heavy_left, light_left;
} paired;
/* False when no name can score threshold with no more than this paired (docs/no-miss.md). */
bool plm_score_reachable(const paired *p, int threshold);
bool plm_score_is_light(const unit *u);
/* OFAC's own 0 to 100, times 100. */
int plm_score_ofac(plm_str query, plm_str name);

#endif
