/* owners.c: the ownership fix-point (plimsoll/ownership.h) as facts of a case: do owners with this
 * listing together hold half of the party or more?  15 CFR 744.11(a)(1), 744.21(a)(3), 744.8. */
#include "decide/desk.h"
#include "plimsoll/ownership.h"

/* The listing is put in for each flag in turn: one graph serves them all. */
static plm_truth no_listing(void *ctx, const plm_owner *o) {
    (void)ctx, (void)o;
    return PLM_UNKNOWN;
}

static uint32_t count_owners(const plm_owner *v, uint32_t n) {
    uint32_t sum = n;
    for (uint32_t i = 0; i < n; i++) sum += count_owners(v[i].owners, v[i].owner_count);
    return sum;
}

void desk_owned(plm_desk *d, const plm_party *p, const int *flags, plm_truth *owned, size_t n) {
    plm_own_rule rule = plm_own_rule_of(PLM_OWN_BIS);
    plm_own_graph *g;
    uint32_t at;
    for (size_t i = 0; i < n; i++) owned[i] = PLM_UNKNOWN; /* as is what can't be decided */
    if (!p->owners_known) return;
    for (size_t i = 0; i < n && !p->owner_count; i++) owned[i] = PLM_NO;
    if (!p->owner_count) return;
    size_t nodes = 1 + (size_t)count_owners(p->owners, p->owner_count);
    const plm_owner **of = plm_arena_array(d->arena, nodes, sizeof *of);
    if (!of || !plm_own_of_party(d->arena, p, no_listing, NULL, &g, &at, of, NULL)) return;
    for (size_t i = 0; i < n; i++) {
        for (uint32_t k = 1; k < g->node_n; k++)
            g->nodes[k].listed = of[k]->listed.given ? of[k]->listed.flag[flags[i]] : PLM_UNKNOWN;
        if (!plm_own_owned(g, at, &rule, &owned[i])) return;
    }
}
