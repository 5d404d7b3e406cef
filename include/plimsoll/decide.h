/* decide.h: joins engines and rulebooks: a case goes in, a verdict with its proof comes out. */
#ifndef PLIMSOLL_DECIDE_H
#define PLIMSOLL_DECIDE_H

#include "plimsoll/case.h"
#include "plimsoll/rules.h"

#define PLM_DESK_CASE_BYTES_MAX (64u << 20) /* memory of one case and its result */
#define PLM_QUESTIONS_MAX 64
#define PLM_DETERMINATIONS_MAX 512

typedef struct plm_desk plm_desk; /* one thread's working place; reused from case to case */

typedef enum plm_verdict {
    PLM_NO_REQUIREMENT, PLM_LICENSE_EXCEPTION, PLM_VERDICT_UNKNOWN, PLM_LICENSE_REQUIRED,
    PLM_PROHIBITED
} plm_verdict;
/* "no_requirement_found", … (static) */
const char *plm_verdict_name(plm_verdict v);

/* How cases are read: what an option sets wins over the case, what it leaves is the case's, and
 * else today, today, enforced. */
typedef struct plm_reading {
    bool has_as_of, has_known, has_mode, codified;
    plm_day as_of, known, today;
} plm_reading;

/* What a screening tells beside the facts; borrowed until the next party is screened. */
typedef struct plm_screened {
    plm_str said;         /* a warning, one line; empty: nothing */
    plm_str json, text;   /* the matches with what each list's law says: an array, and lines */
    plm_str edition, law; /* SHA-256 of the lists, and of the law, in hexadecimal */
    plm_str shipped;      /* the shipped list that was screened besides, as a JSON object */
    uint32_t unloaded;    /* bit i: flag i is not known because no list of its kind is loaded */
} plm_screened;
/* How a party is listed, for one whose `listed` was left out, on that day; false: not screened. */
typedef bool (*plm_listing)(void *ctx, const plm_party *p, plm_day as_of, plm_listed *out,
                            plm_screened *told);

/* The desk borrows the book, which must outlive it.  NULL when memory is short. */
plm_desk *plm_desk_new(const plm_book *b, plm_fault *f);
void plm_desk_free(plm_desk *d);
void plm_desk_listing(plm_desk *d, plm_listing s, void *ctx);
/* How many bytes of what was found a desk remembers, for cases and items with the same facts: at
 * first PLM_DESK_MEMO_BYTES; 0 forgets all and remembers nothing.  No answer hangs on it. */
#define PLM_DESK_MEMO_BYTES (16u << 20)
void plm_desk_remember(plm_desk *d, size_t bytes);

/* Reviews one case given as JSON text and appends the result, one line of JSON by the contract of
 * `plimsoll review` without a line end.  False: the input is in error and nothing was appended. */
bool plm_desk_review(plm_desk *d, plm_str json, const plm_reading *r, plm_buf *out,
                     plm_verdict *v, plm_fault *f);
/* The same as text for a person; explain: with the proof's trees. */
bool plm_desk_report(plm_desk *d, plm_str json, const plm_reading *r, bool explain, plm_buf *out,
                     plm_verdict *v, plm_fault *f);
/* What would flip the verdict, as one line of JSON: per number the nearest values below and above
 * with another verdict, the verdict of every destination, the days from which it changes. */
bool plm_desk_sensitivity(plm_desk *d, plm_str json, const plm_reading *r, plm_buf *out,
                          plm_verdict *v, plm_fault *f);
/* Classifies one ITEM given as JSON text: the `items` entry of the contract. */
bool plm_desk_classify(plm_desk *d, plm_str json, const plm_reading *r, uint32_t index,
                       plm_buf *out, plm_fault *f);

#endif
