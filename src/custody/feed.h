/* feed.h: capture at scale over NATS JetStream: publishers put raw events into a stream, any number
 * of workers read, check and hash them, one writer stores them.
 *
 *   publish ──> NAME-in ──> work, work, work ──> NAME-valid ──> write ──> the store
 *                                └────────────── NAME-refused <──┘
 *
 * Invariants: 1 a message is acknowledged only after what it became is kept by the next hand: the
 * next stream, or a commit of the store; 2 so whatever is killed when, every event arrives at
 * least once; 3 the store keeps each identity once (eventID, else hash), and a worker's messages
 * carry the hash as their JetStream id, so it ends with each event exactly once.  Held by
 * tests/scenes/test_custody_nats. */
#ifndef PLM_CUSTODY_FEED_H
#define PLM_CUSTODY_FEED_H

#include "custody/store.h"

#define PLM_FEED_BATCH 256          /* messages a worker takes at a time */
#define PLM_FEED_COMMIT 1024        /* events of one commit of the writer */
#define PLM_FEED_NAME_MAX 32u       /* bytes of a feed's name */
#define PLM_FEED_WAIT_MS 10000      /* for the server's word on what was published */
#define PLM_FEED_REFUSED_BYTES 4096u /* of a refused event that are kept with the reason */

typedef struct plm_feed_options {
    const char *server, *name;    /* nats://… or tls://…; the feed's name */
    const char *credentials, *ca; /* files; NULL: none */
    int64_t ack_wait_ms;          /* after which an unanswered message goes to another worker */
    int64_t idle_ms;              /* done when nothing came for so long; 0: never */
} plm_feed_options;

typedef struct plm_feed_sums {
    uint64_t taken, passed, refused, stored, duplicates, voided, redelivered;
} plm_feed_sums;

typedef struct plm_feed plm_feed;

/* Connects and makes the three streams where they are missing. */
plm_feed *plm_feed_open(const plm_feed_options *o, plm_fault *f);
void plm_feed_close(plm_feed *x); /* NULL is allowed */
/* Ends work and write after the batch in hand; safe in a signal handler. */
void plm_feed_stop(void);

/* Every event of a file into NAME-in; refused: events that can't travel (no JSON, too large). */
bool plm_feed_publish(plm_feed *x, const char *path, plm_feed_sums *sums, plm_fault *f);
/* From NAME-in to NAME-valid or NAME-refused, until stopped or idle. */
bool plm_feed_work(plm_feed *x, plm_feed_sums *sums, plm_fault *f);
/* From NAME-valid into the store, until stopped or idle. */
bool plm_feed_write(plm_feed *x, plm_store *s, plm_feed_sums *sums, plm_fault *f);
/* Takes what was refused, a JSON line each: {"code","say","eventID","event"}. */
typedef void (*plm_feed_line)(void *ctx, plm_str json);
bool plm_feed_refused(plm_feed *x, plm_feed_line line, void *ctx, plm_feed_sums *sums,
                      plm_fault *f);

#endif
