/* owners.c: the named fix-point of ownership (15 CFR 744.11(a)(1), 744.21(a)(3)): an entity is
 * restricted when it is listed, or when restricted owners together hold half of it or more; a
 * share that a restricted owner holds counts in full, never multiplied down the chain.
 * Trees end (the reader bounds their depth), so the fix-point is one pass from the leaves. */
#include "decide/desk.h"

static plm_truth owned(const plm_owner *v, uint32_t n, int flag);

static plm_truth restricted(const plm_owner *o, int flag) {
    plm_truth listed = o->listed.given ? o->listed.flag[flag] : PLM_UNKNOWN;
    if (listed == PLM_YES || o->owner_count == 0) return listed;
    return plm_or(listed, owned(o->owners, o->owner_count, flag));
}

static plm_iv share_of(const plm_owner *o) {
    if (o->share.given) return o->share.iv;
    return (plm_iv){.lo = plm_dec_int(0), .hi = plm_dec_int(1)};
}

/* sum of what surely is, may be and surely is not held by restricted owners */
static plm_truth owned(const plm_owner *v, uint32_t n, int flag) {
    plm_dec yes = plm_dec_int(0), perhaps = yes, no = yes, one = plm_dec_int(1), half, rest;
    plm_dec_parse(PLM_STR("0.5"), false, &half, NULL);
    for (uint32_t i = 0; i < n; i++) {
        plm_truth t = restricted(&v[i], flag);
        plm_iv s = share_of(&v[i]);
        if (t == PLM_YES) plm_dec_add(yes, s.lo, &yes);
        if (t != PLM_NO) plm_dec_add(perhaps, s.hi, &perhaps);
        if (t == PLM_NO) plm_dec_add(no, s.lo, &no);
    }
    if (plm_dec_cmp(yes, half) >= 0) return PLM_YES;
    /* whatever is not surely in other hands may be in theirs: the part nobody told of too */
    plm_dec_sub(one, no, &rest);
    plm_dec told = plm_dec_int(0);
    for (uint32_t i = 0; i < n; i++) plm_dec_add(told, share_of(&v[i]).lo, &told);
    plm_dec untold = plm_dec_int(0);
    if (plm_dec_cmp(told, one) < 0) plm_dec_sub(one, told, &untold);
    plm_dec_add(perhaps, untold, &perhaps);
    plm_dec most = plm_dec_cmp(perhaps, rest) < 0 ? perhaps : rest;
    return plm_dec_cmp(most, half) < 0 ? PLM_NO : PLM_UNKNOWN;
}

plm_truth desk_owned(const plm_party *p, int flag) {
    if (!p || !p->owners_known) return PLM_UNKNOWN;
    if (p->owner_count == 0) return PLM_NO;
    return owned(p->owners, p->owner_count, flag);
}
