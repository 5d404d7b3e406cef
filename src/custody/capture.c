/* capture.c: a file of events into the ledger, in one transaction.  A second thread reads, checks
 * and hashes the events ahead of the one that stores them; where no thread can be had, one does
 * both.  Invariants: 1 events are stored in the order of the file; 2 a batch belongs to one thread
 * at a time, by its state under the lock. */
#include "custody/epcis.h"
#include "custody/ledger.h"
#include "custody/parts.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

#define EVENT_ARENA_MAX ((size_t)512 << 20)
#define BATCHES 4u
#define BATCH_EVENTS 256u
#define BATCH_BYTES (768u << 10)
#define SMALL_BYTES (64 << 10)

typedef struct item {
    uint64_t index;
    bool refused;
    plm_event e;
    plm_refusal r;
} item;

typedef struct batch {
    plm_arena *a;
    item *v;
    uint32_t n;
    bool full; /* waits for, or is with, the thread that stores */
} batch;

typedef struct capturing {
    plm_ledger *l;
    plm_capture *out;
    plm_fault *f; /* a fault of the store ends the file */
    const char *path;
    int64_t now;
    plm_buf scratch; /* of the thread that reads */
    batch b[BATCHES];
    uint32_t fill; /* the batch being filled */
    bool alone, stop, done, read_ok;
    int wake; /* 0, or what ends the reader's waiting for input when storing failed */
    plm_fault read_fault;
    pthread_mutex_t lock;
    pthread_cond_t turn;
} capturing;

static void note_refusal(plm_capture *c, uint64_t index, const plm_refusal *r) {
    char say[640];
    plm_jw w = plm_jw_into(&c->refused);
    if (c->refused_n++ >= PLM_CAPTURE_REFUSED_LISTED_MAX) return;
    w.comma = c->refused.n > 0;
    plm_jw_obj(&w);
    plm_jw_key(&w, "index");
    plm_jw_u64(&w, index);
    plm_jw_key(&w, "eventID");
    if (r->event_id.p) plm_jw_str(&w, r->event_id);
    else plm_jw_null(&w);
    plm_jw_kcstr(&w, "code", r->code);
    snprintf(say, sizeof say, "%s%s%s", r->f.where, r->f.where[0] ? " " : "", r->f.say);
    plm_jw_kcstr(&w, "say", say);
    if (r->f.line) plm_jw_kint(&w, "line", r->f.line);
    plm_jw_end_obj(&w);
}

/* Stores one event that was read, or notes why it is refused. */
static bool store_item(capturing *c, const item *x) {
    plm_outcome outcome;
    c->out->events++;
    if (x->refused) return note_refusal(c->out, x->index, &x->r), true;
    if (!plm_ledger_put(c->l, &x->e, &outcome, &c->out->voided, c->f)) return false;
    if (outcome == PLM_CONFLICTING) {
        plm_refusal r = {.code = "conflict", .event_id = x->e.event_id};
        plm_fail(&r.f, PLM_CONFLICT,
                 "this eventID is stored with another content: give the new one "
                                     "its own eventID, or declare the first an error");
        note_refusal(c->out, x->index, &r);
    }
    c->out->stored += outcome == PLM_STORED;
    c->out->duplicates += outcome == PLM_DUPLICATE;
    return true;
}

static void look_ahead(const capturing *c, const batch *b, uint32_t i) {
    static const uint32_t far[] = {12, 8, 4};
    for (int step = 0; step < 3; step++)
        if (i + far[step] < b->n && (step == 0 || !b->v[i + far[step]].refused))
            plm_ledger_ahead(c->l, &b->v[i + far[step]].e, step);
}

static bool store_batch(capturing *c, batch *b) {
    for (uint32_t i = 0; i < b->n; i++) {
        look_ahead(c, b, i);
        if (!store_item(c, &b->v[i])) return false;
    }
    return true;
}

/* Gives the batch to the thread that stores and waits for the next to be free. */
static bool hand_over(capturing *c) {
    batch *b = &c->b[c->fill];
    bool ok;
    if (c->alone) {
        ok = store_batch(c, b);
    } else {
        pthread_mutex_lock(&c->lock);
        b->full = true;
        pthread_cond_broadcast(&c->turn);
        c->fill = (c->fill + 1) % BATCHES;
        b = &c->b[c->fill];
        while (b->full && !c->stop) pthread_cond_wait(&c->turn, &c->lock);
        ok = !c->stop;
        pthread_mutex_unlock(&c->lock);
    }
    plm_arena_reset(b->a);
    b->n = 0;
    return ok;
}

static void read_event(item *x, capturing *c, plm_arena *a, const plm_json *v,
                       const plm_event_frame *frame, const plm_fault *bad) {
    plm_event_frame own;
    if (!v) {
        x->refused = true;
        x->r = (plm_refusal){.code = bad->code == PLM_OUT_OF_RANGE ? "too_large" : "malformed",
                             .f = *bad};
        return;
    }
    own = *frame;
    x->refused = !plm_event_read(v, &own, a, &x->e, &x->r);
    if (x->refused) return;
    if (frame->text.p) x->e.json = plm_arena_copy(a, frame->text); /* the line is read over */
    if (!x->e.json.p || !plm_ledger_prepare(&x->e, a, &c->scratch)) {
        x->refused = true;
        x->r = (plm_refusal){.code = "too_large", .event_id = x->e.event_id};
        plm_fail(&x->r.f, PLM_OUT_OF_RANGE, "the event is larger than can be kept");
        return;
    }
}

static bool take_event(void *ctx, uint64_t index, const plm_json *v, const plm_event_frame *frame,
                       const plm_fault *bad) {
    capturing *c = ctx;
    batch *b = &c->b[c->fill];
    item *x = &b->v[b->n++];
    x->index = index;
    read_event(x, c, b->a, v, frame, bad);
    return (b->n < BATCH_EVENTS && plm_arena_used(b->a) < BATCH_BYTES) || hand_over(c);
}

/* Reads the file; what is left of a batch is handed over at its end. */
static void read_file(capturing *c) {
    c->read_ok = plm_epcis_read_until(c->path, c->wake, c->now, take_event, c, &c->read_fault);
    if (c->read_ok && c->b[c->fill].n) c->read_ok = hand_over(c);
}

static void *reader(void *ctx) {
    capturing *c = ctx;
    read_file(c);
    plm_sha256_thread_end();
    pthread_mutex_lock(&c->lock);
    c->done = true;
    pthread_cond_broadcast(&c->turn);
    pthread_mutex_unlock(&c->lock);
    return NULL;
}

static bool store_all(capturing *c) {
    bool ok = true;
    for (uint32_t at = 0; ok; at = (at + 1) % BATCHES) {
        batch *b = &c->b[at];
        pthread_mutex_lock(&c->lock);
        while (!b->full && !c->done) pthread_cond_wait(&c->turn, &c->lock);
        bool any = b->full;
        pthread_mutex_unlock(&c->lock);
        if (!any) return true;
        ok = store_batch(c, b);
        pthread_mutex_lock(&c->lock);
        b->full = false;
        c->stop = !ok;
        pthread_cond_broadcast(&c->turn);
        pthread_mutex_unlock(&c->lock);
    }
    if (c->wake) eventfd_write(c->wake, 1); /* more input could come in an hour */
    return ok;
}

/* A file that is read in less than it takes to start a thread. */
static bool is_small(const char *path) {
    struct stat st;
    return strcmp(path, "-") != 0 && stat(path, &st) == 0 && S_ISREG(st.st_mode) &&
           st.st_size < SMALL_BYTES;
}

static bool run(capturing *c) {
    pthread_t t;
    pthread_mutex_init(&c->lock, NULL);
    pthread_cond_init(&c->turn, NULL);
    c->alone = is_small(c->path);
    c->wake = c->alone ? 0 : eventfd(0, EFD_CLOEXEC);
    if (c->wake < 0) c->wake = 0;
    c->alone = c->alone || pthread_create(&t, NULL, reader, c) != 0;
    bool stored = true;
    if (c->alone) {
        read_file(c);
    } else {
        stored = store_all(c);
        pthread_join(t, NULL);
    }
    if (c->wake) close(c->wake);
    pthread_cond_destroy(&c->turn);
    pthread_mutex_destroy(&c->lock);
    if (stored && !c->read_ok && c->read_fault.code) *c->f = c->read_fault;
    return stored && c->read_ok;
}

static bool batches_make(capturing *c) {
    for (uint32_t i = 0; i < BATCHES; i++) {
        c->b[i].a = plm_arena_new(EVENT_ARENA_MAX);
        c->b[i].v = plm_mem_resize(NULL, BATCH_EVENTS * sizeof *c->b[i].v);
        if (!c->b[i].a || !c->b[i].v) return false;
    }
    return true;
}

bool plm_capture_file(plm_store *s, const char *path, bool proceed, plm_capture *out,
                      plm_fault *f) {
    *out = (plm_capture){0};
    plm_buf_init(&out->refused, 64u << 20);
    capturing c = {.out = out, .f = f, .path = path, .now = plm_time_now()};
    plm_buf_init(&c.scratch, PLM_PARTS_MAX);
    bool ok = batches_make(&c) || plm_fail(f, PLM_NO_MEMORY, "out of memory");
    if (ok) c.l = plm_ledger_open(s, f);
    ok = c.l && run(&c);
    for (uint32_t i = 0; i < BATCHES; i++) {
        plm_arena_free(c.b[i].a);
        plm_mem_free(c.b[i].v);
    }
    plm_buf_free(&c.scratch);
    if (!c.l) return false;
    if (ok && (proceed || out->refused_n == 0)) return plm_ledger_commit(c.l, f);
    plm_ledger_rollback(c.l);
    out->stored = out->voided = 0;
    return ok;
}

void plm_capture_free(plm_capture *c) { plm_buf_free(&c->refused); }
