/* kin.h: what a token or a joined span of a query is related to among the listed ones, found by
 * the near table or by comparing all; the last tokens' answers are kept. */
#ifndef PLM_SCREEN_KIN_H
#define PLM_SCREEN_KIN_H

#include "screen/index.h"

/* One relation: id is a unit of the index, or with SPAN_JOIN set a join. */
typedef struct kin {
    uint32_t id;
    uint16_t sim;
    uint16_t why;            /* why_kind */
    uint32_t at, n;          /* its postings */
} kin;

typedef struct plm_kins plm_kins;

/* x is borrowed until plm_kins_free.  NULL when memory is short. */
plm_kins *plm_kins_new(const plm_index *x);
void plm_kins_free(plm_kins *k);
/* All that the span of u is related to, valid until the next call; NULL when memory is short.
 * exhaustive: compares every unit and join, keeps nothing and asks nothing that was kept. */
const kin *plm_kins_find(plm_kins *k, const unit *u, bool exhaustive, uint32_t *n);

/* The listed joins that a span can equal: its sounds as a join, its letters as an acronym.  At
 * most two hashes; says how many. */
uint32_t plm_join_hashes(const unit *u, uint64_t out[2], why_kind why[2]);
/* How alike a span is to a listed join of such a hash. */
int plm_join_sim(why_kind why);

#endif
