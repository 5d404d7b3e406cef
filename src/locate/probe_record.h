/* probe_record.h: the session file: written by the verifier, judged by anyone. */
#ifndef PLM_LOCATE_PROBE_RECORD_H
#define PLM_LOCATE_PROBE_RECORD_H

#include "base/json.h"
#include "base/key.h"
#include "locate/probe_wire.h"
#include "plimsoll/locate.h"
#include "plimsoll/probe.h"

#define PLM_PROBE_WHY_MAX (128u << 10) /* a few words for each of 256 landmarks */

/* What one landmark gave; type 0 in a message: nothing. */
typedef struct plm_probe_given {
    plm_probe_msg keyrep, receipt, shown;
} plm_probe_given;

typedef struct plm_probe_record {
    unsigned char verifier[32], directory[32];
    plm_str device, deny; /* deny: codes with commas */
    unsigned quorum;
    int64_t opened_s;      /* the verifier's wall clock */
    plm_str why;           /* empty: nothing failed */
    plm_probe_msg open, evid, closed;
    plm_probe_given *given; /* given_n of them, in the order of OPEN's list */
    size_t given_n;
} plm_probe_record;

/* Appends the file of r, signed by k. */
bool plm_probe_record_write(const plm_probe_record *r, const plm_key *k, plm_buf *out,
                            plm_fault *f);
/* A member that is a message: null where its type is 0, else base64 in its one spelling. */
void plm_probe_put_msg(plm_jw *w, const char *key, const plm_probe_msg *m);
bool plm_probe_get_msg(plm_json *obj, const char *key, uint8_t type, plm_probe_msg *m);
/* SHA-256 over the receipts that came, in order: what CLOSE names. */
void plm_probe_receipts_hash(const plm_probe_given *g, size_t n, plm_probe_hash out);
/* Does evid answer open, from a's device?  NULL when it does, else words. */
const char *plm_probe_evidence_fault(const plm_probe_msg *open, const plm_probe_msg *evid,
                                     const plm_probe_agent *a);
/* Does closed end that session?  NULL or words. */
const char *plm_probe_close_fault(const plm_probe_msg *evid, const plm_probe_msg *closed,
                                  const plm_probe_agent *a);
/* Does the receipt hold for that landmark of the list (and shown, unless its type is 0, for the
 * close)?  NULL or words. */
const char *plm_probe_receipt_fault(const plm_probe_msg *evid, const plm_probe_msg *closed,
                                    const plm_probe_given *g, size_t index);
/* The evidence's hash as receipts name it: without the quote's own bytes. */
void plm_probe_evid_hash(const plm_probe_msg *evid, plm_probe_hash out);

/* Landmarks of the directory and denied regions, ready to decide; used[i] (NULL: all) says which
 * landmarks are in it, in the directory's order. */
typedef struct plm_probe_judge {
    plm_locate *locate;
} plm_probe_judge;
bool plm_probe_judge_new(const plm_probe_directory *d, const bool *used, plm_str deny,
                         unsigned quorum, plm_probe_judge *out, plm_fault *f);
void plm_probe_judge_free(plm_probe_judge *j);

#endif
