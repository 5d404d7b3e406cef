/* forward.c: see forward.h.  Rows are read so many at a time, so that a store's size does not
 * matter. */
#include "custody/forward.h"

#include "custody/ledger.h"
#include "custody/parts.h"

#include <string.h>

#define EVENTS_AT_ONCE 256
#define FORWARD_ARENA_MAX ((size_t)1 << 30)

typedef struct old_event {
    int64_t seq, known;
    plm_str json;
} old_event;

typedef struct forward {
    plm_store *s;
    plm_fault *f;
    plm_arena *a;
    plm_buf scratch;
    plm_stmt *read, *write, *tile, *record;
    old_event v[EVENTS_AT_ONCE];
    int64_t events; /* leaves of events moved */
    uint64_t next;  /* leaf to be moved */
    plm_hash hash[PLM_LOG_TILE];
    unsigned hashes;
} forward;

static int read_events(forward *w, int64_t after) {
    int n = 0, r;
    plm_arena_reset(w->a);
    plm_stmt_int(w->read, 1, after);
    while ((r = plm_stmt_step(w->read, w->f)) == 1 && n < EVENTS_AT_ONCE) {
        old_event *e = &w->v[n++];
        *e = (old_event){plm_col_int(w->read, 0), plm_col_int(w->read, 1),
                         plm_arena_copy(w->a, plm_col_text(w->read, 2))};
        if (!e->json.p) return plm_fail(w->f, PLM_NO_MEMORY, "out of memory"), -1;
    }
    return r < 0 ? -1 : n;
}

/* A record that can't be read has no parts, which the check of the store sees. */
static bool write_event(forward *w, const old_event *old) {
    plm_event e;
    plm_refusal why;
    plm_fault quiet = {0};
    plm_event_frame frame = {NULL, NULL, old->json, old->known};
    plm_doc *d = plm_doc_parse(old->json, 2 * PLM_EVENT_BYTES_MAX, &quiet);
    bool ok = d && plm_event_read(plm_doc_root(d), &frame, w->a, &e, &why) &&
              plm_ledger_prepare(&e, w->a, &w->scratch);
    if (ok) plm_stmt_blob(w->write, 1, e.parts.p, e.parts.n);
    else plm_stmt_null(w->write, 1);
    plm_stmt_int(w->write, 2, old->seq);
    plm_doc_free(d);
    return plm_stmt_run(w->write, NULL, w->f);
}

static bool move_events(forward *w) {
    int64_t last = INT64_MIN;
    int n;
    w->read = plm_stmt_new(w->s, "SELECT seq, known_time, json FROM events WHERE seq > ?1 ORDER BY"
                                 " seq LIMIT 256", w->f);
    w->write = plm_stmt_new(w->s, "UPDATE events SET parts = ?1 WHERE seq = ?2", w->f);
    bool ok = w->read && w->write;
    while (ok && (n = read_events(w, last)) != 0) {
        ok = n > 0;
        for (int i = 0; ok && i < n; i++) ok = write_event(w, &w->v[i]);
        if (ok) last = w->v[n - 1].seq;
    }
    plm_stmt_free(w->read);
    plm_stmt_free(w->write);
    w->read = w->write = NULL;
    return ok;
}

static bool end_tile(forward *w) {
    if (!w->hashes) return true;
    plm_stmt_int(w->tile, 1, (int64_t)((w->next - 1) / PLM_LOG_TILE));
    plm_stmt_blob(w->tile, 2, w->hash, w->hashes * sizeof *w->hash);
    w->hashes = 0;
    return plm_stmt_run(w->tile, NULL, w->f);
}

static bool move_hash(forward *w, plm_str h) {
    plm_hash *to = &w->hash[w->hashes++];
    memset(to, 0, sizeof *to);
    if (h.n == PLM_HASH_LEN) memcpy(to->b, h.p, PLM_HASH_LEN);
    w->next++;
    return w->hashes < PLM_LOG_TILE || end_tile(w);
}

static bool move_leaf(forward *w) {
    uint64_t idx = (uint64_t)plm_col_int(w->read, 0);
    while (w->next < idx && idx - w->next < 1u << 20) /* a leaf that is missing */
        if (!move_hash(w, (plm_str){0})) return false;
    if (w->next != idx)
        return plm_fail(w->f, PLM_CONFLICT, "the log lacks leaf %llu: run log verify --store with"
                                            " the program that wrote it",
                        (unsigned long long)w->next);
    if (!plm_col_null(w->read, 2)) {
        w->events++;
    } else {
        plm_stmt_int(w->record, 1, (int64_t)idx);
        plm_stmt_text(w->record, 2, plm_col_text(w->read, 3));
        plm_stmt_text(w->record, 3, plm_col_text(w->read, 4));
        plm_stmt_text(w->record, 4, plm_col_null(w->read, 5) ? PLM_STR("")
                                                             : plm_col_text(w->read, 5));
        plm_stmt_int(w->record, 5, w->events);
        if (!plm_stmt_run(w->record, NULL, w->f)) return false;
    }
    return move_hash(w, plm_col_blob(w->read, 1));
}

static bool move_leaves(forward *w) {
    int r = 1;
    w->read = plm_stmt_new(w->s, "SELECT idx, hash, event, kind, ref, record FROM log_leaves WHERE"
                                 " idx >= ?1 ORDER BY idx LIMIT 4096", w->f);
    w->tile = plm_stmt_append(w->s, "log_tiles", "at, hashes", w->f);
    w->record = plm_stmt_append(w->s, "log_records", "idx, kind, ref, record, events", w->f);
    bool ok = w->read && w->tile && w->record, any = ok;
    while (ok && any) {
        any = false;
        plm_stmt_int(w->read, 1, (int64_t)w->next);
        while (ok && (r = plm_stmt_step(w->read, w->f)) == 1) ok = any = move_leaf(w);
        ok = ok && r == 0;
    }
    ok = ok && end_tile(w);
    plm_stmt_free(w->read);
    plm_stmt_free(w->tile);
    plm_stmt_free(w->record);
    return ok;
}

bool plm_forward_parts(plm_store *s, plm_fault *f) {
    forward *w = plm_mem_resize(NULL, sizeof *w);
    if (!w) return plm_fail(f, PLM_NO_MEMORY, "out of memory");
    *w = (forward){.s = s, .f = f, .a = plm_arena_new(FORWARD_ARENA_MAX)};
    plm_buf_init(&w->scratch, PLM_PARTS_MAX);
    bool ok = w->a ? move_events(w) && move_leaves(w)
                   : plm_fail(f, PLM_NO_MEMORY, "out of memory");
    plm_buf_free(&w->scratch);
    plm_arena_free(w->a);
    plm_mem_free(w);
    return ok;
}
