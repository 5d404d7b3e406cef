/* log.h: the store's transparency log.  A leaf is appended in the transaction that stores what it
 * records, so that the log and the record can't part.  Leaves are numbered from 0 without a gap.
 * log_tiles holds the hashes of 256 leaves a row; leaves of events stand in the order of their
 * events (events.seq, from 1 without a gap), the others have a row of log_records. */
#ifndef PLM_CUSTODY_LOG_H
#define PLM_CUSTODY_LOG_H

#include "custody/merkle.h"
#include "custody/store.h"

#define PLM_LOG_HEAD_EVERY 256u /* leaves between heads inside one commit */
#define PLM_LOG_TILE 256u       /* leaves of a row of log_tiles */

typedef struct plm_log {
    plm_store *s;
    plm_stmt *record, *head, *tile, *tile_again;
    plm_frontier tree;
    uint64_t size_before;
    bool ready;     /* tile holds the leaves of the tile that fills */
    bool tile_old;  /* which an earlier commit began */
    plm_hash leaves[PLM_LOG_TILE];
} plm_log;

/* Within the writer's turn (plm_store_begin): reads where the log stands. */
bool plm_log_open(plm_log *l, plm_store *s, plm_fault *f);
/* One leaf that is no event's.  kind: verdict decision finding.  ref: the id that
 * `log prove --event` takes.  record is stored as the leaf. */
bool plm_log_append(plm_log *l, const char *kind, plm_str ref, plm_str record, plm_fault *f);
/* The leaf of the next event. */
bool plm_log_append_event(plm_log *l, plm_hash leaf, plm_fault *f);
/* Writes the new head; before plm_store_commit. */
bool plm_log_head(plm_log *l, plm_fault *f);
void plm_log_close(plm_log *l);
/* The leaf of the event stored as seq, which is there: 1, or -1 and f. */
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

/* Reads every leaf in order, so that both halves of the log are seen as one. */
typedef struct plm_log_leaf {
    uint64_t index;
    plm_hash hash;
    int64_t event;       /* events.seq, or 0: then kind, ref and record, until the next */
    plm_str kind, ref, record;
    int64_t events_said; /* of a record: the events before it as its row says */
} plm_log_leaf;
typedef struct plm_log_cursor {
    plm_store *s;
    plm_stmt *tiles, *records;
    plm_str tile;         /* what is left of the row */
    uint64_t next, record_at; /* leaves given; index of the record in records, UINT64_MAX: none */
    int64_t events;
    uint64_t rows;        /* of log_tiles read */
    bool short_tile;
} plm_log_cursor;
bool plm_log_cursor_open(plm_log_cursor *c, plm_store *s, plm_fault *f);
/* 1 a leaf, 0 the end, -1 f (PLM_CONFLICT: a row is not as it can be). */
int plm_log_cursor_next(plm_log_cursor *c, plm_log_leaf *out, plm_fault *f);
void plm_log_cursor_close(plm_log_cursor *c);

/* The hashes of the first `size` leaves (plm_mem_free them); size UINT64_MAX: all. */
bool plm_log_hashes(plm_store *s, uint64_t size, plm_hash **out, uint64_t *n, plm_fault *f);

#endif
