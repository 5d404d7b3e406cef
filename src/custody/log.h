/* log.h: the store's transparency log.  A leaf is appended in the transaction that stores what it
 * records, so that the log and the record can't part.  Leaves are numbered from 0 without a gap. */
#ifndef PLM_CUSTODY_LOG_H
#define PLM_CUSTODY_LOG_H

#include "custody/merkle.h"
#include "custody/store.h"

#define PLM_LOG_HEAD_EVERY 256u /* leaves between heads inside one commit */

typedef struct plm_log {
    plm_store *s;
    plm_stmt *insert, *head;
    plm_frontier tree;
    uint64_t size_before;
} plm_log;

/* Within the writer's turn (plm_store_begin): reads where the log stands. */
bool plm_log_open(plm_log *l, plm_store *s, plm_fault *f);
/* One leaf.  kind: event verdict decision finding.  ref: the id that `log prove --event` takes.
 * event: events.seq for kind event, else 0, and record is then what is stored as the leaf. */
bool plm_log_append(plm_log *l, const char *kind, plm_str ref, int64_t event, plm_str record,
                    plm_fault *f);
/* The same for an event whose leaf hash is at hand. */
bool plm_log_append_event(plm_log *l, plm_str ref, int64_t event, plm_hash leaf, plm_fault *f);
/* Writes the new head; before plm_store_commit. */
bool plm_log_head(plm_log *l, plm_fault *f);
void plm_log_close(plm_log *l);
/* The leaf of the event stored as seq: 1 found, 0 there is none, -1 fault. */
int plm_log_leaf_of(plm_store *s, int64_t event, uint64_t *index, plm_fault *f);

/* What `log verify --store` found. */
typedef struct plm_log_report {
    bool ok;
    uint64_t leaves;
    uint64_t first_wrong;      /* UINT64_MAX: none can be named */
    const char *why;           /* static, or in say; NULL when ok */
    char say[400];
    uint64_t heads, checkpoints; /* compared */
} plm_log_report;
/* Recomputes every leaf from its record, every head and every checkpoint.  False: the store can't
 * be read at all. */
bool plm_log_verify_store(plm_store *s, plm_log_report *out, plm_fault *f);

/* The hashes of the first `size` leaves (plm_mem_free them); size UINT64_MAX: all. */
bool plm_log_hashes(plm_store *s, uint64_t size, plm_hash **out, uint64_t *n, plm_fault *f);

#endif
