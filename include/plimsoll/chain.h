/* chain.h: what an item of a case is for, as the case gives it: the edges of `designed_for`, to
 * what it is designed for and on to what that is for; and what it replaces (740.10).  case.h reads
 * it. */
#ifndef PLIMSOLL_CHAIN_H
#define PLIMSOLL_CHAIN_H

#include "plimsoll/base.h"

#define PLM_CASE_EDGES_MAX 256     /* `designed_for` edges of one case, all tiers */
#define PLM_CASE_TIERS_MAX 12      /* `designed_for` followed from an item, this many edges on */

/* What an item is for, with respect to what it is designed for; and what that is, where no entry
 * of the Commerce Control List is named. */
#define PLM_PURPOSES(X) X(development) X(production) X(use)
#define PLM_TARGETS(X) X(chipmaking_equipment) X(supercomputer) X(other)

#define PLM_X(n) PLM_PURPOSE_##n,
typedef enum plm_purpose { PLM_PURPOSE_NONE, PLM_PURPOSES(PLM_X) PLM_PURPOSE_COUNT } plm_purpose;
#undef PLM_X
#define PLM_X(n) PLM_TARGET_##n,
typedef enum plm_target { PLM_TARGET_NONE, PLM_TARGETS(PLM_X) PLM_TARGET_COUNT } plm_target;
#undef PLM_X

extern const char *const plm_purpose_names[PLM_PURPOSE_COUNT];
extern const char *const plm_target_names[PLM_TARGET_COUNT];

/* One edge of `designed_for`: to an item of the case (its path, "items[1].contains[0]"), or to what
 * is described here: an ECCN, a class, and what that is designed for in its turn.  No reference
 * leads back to where it started (held by plm_case_read). */
typedef struct plm_edge {
    plm_str item, eccn, description; /* empty: not given */
    const struct plm_item *to;       /* what `item` names; NULL: described here */
    plm_target target;
    plm_purpose purpose;
    uint32_t number;                 /* among the case's edges, from 0 */
    uint32_t edge_count;
    struct plm_edge *edges;
} plm_edge;

/* A replacement, or a serviced item on its way back. */
#define PLM_REPLACEMENTS(X) X(part) X(defective) X(serviced)
#define PLM_REPLACEMENT_FLAGS(X) \
    X(original_authorized) X(improves) X(free_of_charge) X(within_warranty) X(same_exporter)

#define PLM_X(n) PLM_REP_##n,
enum { PLM_REPLACEMENT_FLAGS(PLM_X) PLM_REP_COUNT };
#undef PLM_X
#define PLM_X(n) PLM_REPLACEMENT_##n,
typedef enum plm_replacement {
    PLM_REPLACEMENT_NONE, PLM_REPLACEMENTS(PLM_X) PLM_REPLACEMENT_COUNT
} plm_replacement;
#undef PLM_X

extern const char *const plm_replacement_names[PLM_REPLACEMENT_COUNT];

#endif
