/* ledger.h: stores events exactly once and answers what happened to each.  An event is its
 * eventID, else its hash; a declaration of error is a record of its own beside the one it voids. */
#ifndef PLM_CUSTODY_LEDGER_H
#define PLM_CUSTODY_LEDGER_H

#include "custody/event.h"
#include "custody/log.h"

typedef struct plm_ledger plm_ledger;

typedef enum plm_outcome { PLM_STORED, PLM_DUPLICATE, PLM_CONFLICTING } plm_outcome;

/* Takes the writer's turn; NULL and f on error. */
plm_ledger *plm_ledger_open(plm_store *s, plm_fault *f);
/* Fills what of e the ledger needs and its text gives (leaf, parts, keys), in a; scratch is any
 * buffer of PLM_PARTS_MAX.  Needs no store, so any thread may do it ahead.  False: no room. */
bool plm_ledger_prepare(plm_event *e, plm_arena *a, plm_buf *scratch);
/* Fetches ahead what storing e will touch in memory: at step 0, 1 and 2, some events apart. */
void plm_ledger_ahead(const plm_ledger *l, const plm_event *e, int step);
/* Stores e, which is prepared; *voided grows by the events that are void now and were not
 * before. */
bool plm_ledger_put(plm_ledger *l, const plm_event *e, plm_outcome *out, uint64_t *voided,
                    plm_fault *f);
/* Commits (and only then is anything acknowledged) or rolls back, and frees l. */
bool plm_ledger_commit(plm_ledger *l, plm_fault *f);
void plm_ledger_rollback(plm_ledger *l);

/* The first event stored whose id (eventID, else hash URI) it is; plain: that is no declaration.
 * 1 found, 0 none, -1 fault. */
int plm_ledger_find(plm_store *s, plm_str id, bool plain, int64_t *event, plm_fault *f);

/* What capturing one file did. */
typedef struct plm_capture {
    uint64_t events, stored, duplicates, voided, refused_n;
    plm_buf refused; /* the objects {"index","eventID","code","say"}, joined by commas */
} plm_capture;
#define PLM_CAPTURE_REFUSED_LISTED_MAX 10000u /* listed one by one; all are counted */

/* Captures path; proceed: bad events are skipped, else one bad event stores nothing of the file.
 * False and f: the file is no EPCIS, or the store failed; nothing of it is stored then. */
bool plm_capture_file(plm_store *s, const char *path, bool proceed, plm_capture *out,
                      plm_fault *f);
void plm_capture_free(plm_capture *c);

/* Checks that what was made from events says what their records say. */
typedef struct plm_checker plm_checker;
plm_checker *plm_checker_open(plm_store *s, plm_fault *f);
void plm_checker_close(plm_checker *c);
/* NULL when event seq is as its record says, else what differs (static); *leaf is the hash of the
 * record as it is now. */
const char *plm_checker_event(plm_checker *c, int64_t seq, plm_hash *leaf, plm_fault *f);
/* After all `events` events: nothing is left over, and what is void is void rightly. */
const char *plm_checker_rest(plm_checker *c, uint64_t events, plm_fault *f);

#endif
