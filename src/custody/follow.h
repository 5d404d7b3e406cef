/* follow.h: a watch that goes on.  It holds the records in memory, parted into what can bear on
 * one another: units that were in one box, on one board, under one device, return or attestation.
 * A new record has only its part examined again; sums over units (counts of a site, power,
 * licenses, landmarks) are added up anew from journeys that are at hand, and a part that such a
 * sum, or the passing of time, says something else of is examined again too.
 * Held by tests/scenes/test_custody_follow: after any batch the findings are those of a watch that
 * reads everything.  The state is in memory, and made again from the store at open. */
#ifndef PLM_CUSTODY_FOLLOW_H
#define PLM_CUSTODY_FOLLOW_H

#include "custody/find.h"

typedef struct plm_follow plm_follow;

/* What the last look took. */
typedef struct plm_follow_cost {
    uint64_t records;  /* events and proofs that were new */
    uint64_t examined; /* things whose part was examined */
    bool anew;         /* a side table changed, so everything was read again */
} plm_follow_cost;

plm_follow *plm_follow_open(plm_store *s, plm_fault *f);
void plm_follow_close(plm_follow *w); /* NULL is allowed */
/* Takes up what was recorded since the last look.  All of out, which holds every finding of now,
 * lives until the next look. */
bool plm_follow_look(plm_follow *w, plm_findings *out, plm_follow_cost *cost, plm_fault *f);

#endif
