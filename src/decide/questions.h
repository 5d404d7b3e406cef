/* questions.h: which missing facts would decide, most decisive first. */
#ifndef PLM_DECIDE_QUESTIONS_H
#define PLM_DECIDE_QUESTIONS_H

#include "decide/desk.h"

typedef struct question {
    char fact[PATH_TEXT + 96];
    char why[400];
    uint32_t outcome_count, decisive, cost;
    char outcome[8][256];
} question;

/* Does the answer leave anything to ask? */
static inline bool desk_is_open(const answer *a) {
    return a->verdict == PLM_VERDICT_UNKNOWN ||
           (a->required == PLM_YES && a->excepted == PLM_UNKNOWN);
}
/* Fills at most max; returns how many. */
size_t desk_questions(plm_desk *d, const answer *a, question *out, size_t max);

#endif
