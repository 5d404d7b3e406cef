/* result.h: what a review finds, inside the decide room only. */
#ifndef PLM_DECIDE_RESULT_H
#define PLM_DECIDE_RESULT_H

#include "decide/desk.h"

typedef struct determination {
    plm_rule rule;
    plm_truth truth;
    int32_t item, party;
} determination;

typedef struct exception_row {
    plm_str code;
    plm_truth available;
    plm_rule rule;
    int32_t item;
} exception_row;

typedef struct result {
    plm_desk *d;
    answer a;
    determination det[PLM_DETERMINATIONS_MAX], duty[PLM_DETERMINATIONS_MAX];
    uint32_t det_count, exception_count, duty_count;
    exception_row exceptions[32];
} result;

/* result.c: a number or an interval. */
void result_put_iv(plm_jw *w, plm_iv v);

/* conclude.c: all that a review finds, of the case that the desk has open. */
void result_conclude(result *r, plm_desk *d);
/* The desk's own result, from case to case; NULL: out of memory. */
result *result_of(plm_desk *d);
plm_truth result_class(plm_desk *d, plm_rule r, int32_t item);

/* proof.c: the lines of the proof that follow from the facts alone; false past the limit. */
bool result_proof(const result *r, plm_buf *lines);
/* The hash of the whole proof, in hexadecimal: of the book, the dates, the case as it was given
 * and those lines. */
bool desk_proof_hash(plm_desk *d, plm_str lines, char hex[65], plm_fault *f);
/* Frees a buffer that has grown large. */
void desk_let_go(plm_buf *b);

#endif
