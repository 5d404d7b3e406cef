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

/* What a license exception asks of the way an item goes, as far as a case tells: a word for the
 * way, 0 where nothing is said, and conditions, PLM_UNKNOWN where not given. */
#define PLM_GROUND_FLAGS_MAX 6
typedef struct plm_ground {
    int kind; /* 0: not said; else a position in the names of its kinds */
    plm_truth flag[PLM_GROUND_FLAGS_MAX];
} plm_ground;

/* A replacement, or a serviced item on its way back: RPL, 740.10. */
#define PLM_REPLACEMENTS(X) X(part) X(defective) X(serviced)
#define PLM_REPLACEMENT_FLAGS(X) \
    X(original_authorized) X(improves) X(free_of_charge) X(within_warranty) X(same_exporter)
/* What goes abroad for a time: TMP, 740.9(a)(1), (a)(5) and (a)(6). */
#define PLM_TEMPORARIES(X) \
    X(tools_of_trade) X(exhibition) X(inspection) X(test) X(calibration) X(repair)
#define PLM_TEMPORARY_FLAGS(X) \
    X(order_received) X(stays_abroad) X(for_lease) X(effective_control)
/* What goes to, or is made for, an agency of the US Government: GOV, 740.11(b)(2)(ii), (iii)(A),
 * (vii). */
#define PLM_GOVERNMENTS(X) X(official_use) X(contract) X(microelectronics)
#define PLM_GOVERNMENT_FLAGS(X) X(solely_official) X(contract_provides) X(to_us_person)
/* Software and technology that goes with what was lawfully sent: TSU, 740.13(a) and (c). */
#define PLM_SUPPORTS(X) X(operation) X(update)
#define PLM_SUPPORT_FLAGS(X) \
    X(original_authorized) X(minimum_necessary) X(object_code) X(same_consignee) X(enhances)

#define PLM_X(n) PLM_REP_##n,
enum { PLM_REPLACEMENT_FLAGS(PLM_X) PLM_REP_COUNT };
#undef PLM_X
#define PLM_X(n) PLM_TMP_##n,
enum { PLM_TEMPORARY_FLAGS(PLM_X) PLM_TMP_COUNT };
#undef PLM_X
#define PLM_X(n) PLM_GOV_##n,
enum { PLM_GOVERNMENT_FLAGS(PLM_X) PLM_GOV_COUNT };
#undef PLM_X
#define PLM_X(n) PLM_TSU_##n,
enum { PLM_SUPPORT_FLAGS(PLM_X) PLM_TSU_COUNT };
#undef PLM_X

/* The word of a ground, "none" where none is said; names end with NULL, the first for none. */
extern const char *const plm_replacement_names[], *const plm_temporary_names[];
extern const char *const plm_government_names[], *const plm_tsu_names[];

#endif
