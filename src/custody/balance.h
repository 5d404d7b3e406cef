/* balance.h: licenses as accounts: what was authorised, and where each chip of it is. */
#ifndef PLM_CUSTODY_BALANCE_H
#define PLM_CUSTODY_BALANCE_H

#include "custody/world.h"

typedef enum plm_balance_by {
    PLM_BY_LICENSE,
    PLM_BY_CONSIGNEE,
    PLM_BY_SKU,
    PLM_BY_SITE
} plm_balance_by;

typedef struct plm_sums { /* chips, or TPP */
    int64_t authorised, shipped, received, in_transit, returned, lost, retired;
} plm_sums;

typedef struct plm_balance {
    plm_str key;           /* as printed */
    plm_sums chips, tpp;
    bool has_authorised, has_authorised_tpp;
    int64_t days30, days60, days90; /* chips in transit for longer */
    bool ok;
} plm_balance;

typedef struct plm_balances {
    plm_balance *v; /* by key */
    uint32_t n;
} plm_balances;

/* Each chip that was exported under a license counts once, in one of received, in_transit, lost;
 * returned and retired say more of some that were received.  What is authorised is the sum of the
 * licenses under the key; a key without one (a site) has none.  All of out is in w's arena. */
bool plm_custody_balance(plm_world *w, plm_balance_by by, plm_balances *out, plm_fault *f);

/* Where an exported unit (a root with a license) is now, and the chips it was exported with. */
typedef enum plm_unit_state { PLM_U_TRANSIT, PLM_U_RECEIVED, PLM_U_LOST } plm_unit_state;
typedef struct plm_exported {
    plm_unit_state state;
    bool returned, retired;
    int64_t chips, tpp, since; /* since: shipped */
    uint32_t site;             /* received at, else bound for; NONE */
} plm_exported;
bool plm_custody_exported(const plm_world *w, uint32_t root, plm_exported *out);

#endif
