/* runs.h: the store's index from random keys (event ids, hashes, EPCs, devices) to events, kept as
 * sorted runs.  A commit writes its entries in order as one run; runs of like size are merged, so
 * that an entry is rewritten a logarithm of times and no page is ever changed at random: capture
 * goes as fast at fifty million events as at none.
 *
 * An entry is 6 bytes of key (2 bits of kind, 46 of a hash) and 5 of the event's seq, big-endian,
 * in order of both; a page of index_pages holds entries in order.  A key is a hint: two texts may
 * share one, so whoever finds an event compares its row with the text. */
#ifndef PLM_CUSTODY_RUNS_H
#define PLM_CUSTODY_RUNS_H

#include "custody/store.h"

#define PLM_RUNS_PAGE_ENTRIES 727u      /* of 11 bytes: 7,997 bytes */
#define PLM_RUNS_PENDING_MAX (1u << 20) /* entries in memory before a run is written */
#define PLM_RUNS_MANY 40u               /* runs at which a commit merges whatever the cost */
#define PLM_RUNS_CACHE_MAX (256u << 20) /* bytes of pages that are kept in memory */

typedef enum plm_runs_kind {
    PLM_RUNS_ID,    /* events.id */
    PLM_RUNS_HASH,  /* events.hash */
    PLM_RUNS_EPC,   /* EPCs of its parts */
    PLM_RUNS_DEVICE /* labels and ids of its parts' devices */
} plm_runs_kind;

typedef struct plm_runs plm_runs;

/* Events found, ascending, each once; plm_mem_free v. */
typedef struct plm_runs_found {
    int64_t *v;
    size_t n, cap;
} plm_runs_found;

uint64_t plm_runs_hash(plm_str text); /* the same on every machine; not against chosen texts */
uint64_t plm_runs_key(plm_runs_kind kind, plm_str text);
/* Within a snapshot or the writer's turn; NULL and f on error. */
plm_runs *plm_runs_open(plm_store *s, plm_fault *f);
void plm_runs_close(plm_runs *r); /* NULL is allowed; what was put and not flushed is lost */
/* Within the writer's turn. */
bool plm_runs_put(plm_runs *r, uint64_t key, int64_t event, plm_fault *f);
bool plm_runs_flush(plm_runs *r, plm_fault *f);
/* The events that may have the key, put but not flushed ones too; out is emptied first. */
bool plm_runs_find(plm_runs *r, uint64_t key, plm_runs_found *out, plm_fault *f);

/* Fetches ahead what putting (and then finding) key touches in memory; step 0 first, 1 later. */
void plm_runs_ahead(const plm_runs *r, uint64_t key, int step);

/* A sum that depends on every entry and on no order: of what should be there, and of what is.
 * *why (static) is set when a run is damaged. */
uint64_t plm_runs_sum_add(uint64_t sum, uint64_t key, int64_t event);
bool plm_runs_sum(plm_store *s, uint64_t *sum, uint64_t *entries, const char **why, plm_fault *f);
/* Makes the runs anew from the events (a store of an older schema has none). */
bool plm_runs_build(plm_store *s, plm_fault *f);

#endif
