/* owners.c: the ownership fix-point (plimsoll/ownership.h) as facts of a case: do owners with this
 * listing together hold half of the party or more?  15 CFR 744.11(a)(1), 744.21(a)(3), 744.8. */
#include "decide/desk.h"
#include "plimsoll/ownership.h"

static plm_truth listed(void *flag, const plm_owner *o) {
    return o->listed.given ? o->listed.flag[*(int *)flag] : PLM_UNKNOWN;
}

plm_truth desk_owned(plm_desk *d, const plm_party *p, int flag) {
    if (!p || !p->owners_known) return PLM_UNKNOWN;
    if (p->owner_count == 0) return PLM_NO;
    plm_own_rule rule = plm_own_rule_of(PLM_OWN_BIS);
    plm_own_result r;
    bool ok = plm_own_decide_party(d->arena, p, listed, &flag, &rule, &r, NULL, NULL, NULL);
    return ok ? r.owned : PLM_UNKNOWN; /* what can't be decided is not decided */
}
