/* findings.h: what the facts of a case come to, as text, inside the decide room only. */
#ifndef PLM_DECIDE_FINDINGS_H
#define PLM_DECIDE_FINDINGS_H

#include "decide/result.h"

enum { OF_CASE = 'C', OF_ITEM = 'I' }; /* the first byte of a key */

/* As it is remembered: this, then the texts in the order of their lengths. */
typedef struct found_head {
    plm_verdict verdict;
    uint32_t cases, items;                /* items: the case's own */
    uint32_t proof_n, members_n, notes_n; /* bytes */
    uint32_t item_n[];                    /* of each item's text, which stand before the members */
} found_head;

typedef struct findings {
    const found_head *head;
    plm_str proof;
    const char *items;
    plm_str members; /* "determinations" to "questions", without braces */
    plm_str notes;   /* warnings, without brackets; empty: none */
} findings;

/* Of the case that the desk has open; valid until the next case. */
bool desk_findings(plm_desk *d, findings *out, plm_fault *f);
/* Appends what is found of one item, "eccn" to "margins" without braces. */
void desk_put_item(plm_desk *d, uint32_t item, plm_buf *out);

#endif
