/* query.c: a query over the store.  The store's columns narrow what is looked at (times, and the
 * index of EPCs where a query names some); the terms then decide on each event's own record.
 * Invariants: query.h. */
#include "custody/query.h"

#include "custody/event.h"
#include "custody/runs.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RUN_ARENA_MAX ((size_t)2 << 30)
#define SCRATCH_MAX ((size_t)64 << 20)

typedef struct hit {
    int64_t seq, order;
} hit;

typedef struct running {
    plm_store *s;
    const plm_equery *q;
    plm_arena *a, *scratch;
    hit *v;
    size_t n, cap;
    uint64_t looked;
    int64_t newest;
    plm_equery_error *e;
    plm_fault *f;
} running;

static bool keep(running *r, int64_t seq, int64_t order) {
    if (r->n == r->cap) {
        size_t cap = r->cap ? r->cap * 2 : 1024;
        hit *v = plm_arena_array(r->a, cap, sizeof *v);
        if (!v) return plm_equery_fail(r->e, "QueryTooLargeException", 413, "too many events");
        if (r->n) memcpy(v, r->v, r->n * sizeof *v);
        r->v = v;
        r->cap = cap;
    }
    r->v[r->n++] = (hit){seq, order};
    return true;
}

#define COLS "SELECT e.seq, e.event_time, e.known_time, e.id, e.json FROM events e"
#define BOUNDS " e.seq <= ?1 AND e.event_time >= ?2 AND e.event_time < ?3 AND e.known_time >= ?4" \
               " AND e.known_time < ?5"

static bool look(running *r, plm_stmt *st) {
    const plm_equery *q = r->q;
    int got;
    plm_stmt_int(st, 1, r->newest);
    plm_stmt_int(st, 2, q->from_event);
    plm_stmt_int(st, 3, q->to_event);
    plm_stmt_int(st, 4, q->from_record);
    plm_stmt_int(st, 5, q->to_record);
    while ((got = plm_stmt_step(st, r->f)) == 1) {
        if (++r->looked > PLM_EQUERY_SCAN_MAX) {
            plm_stmt_reset(st);
            return plm_equery_fail(r->e, "QueryTooComplexException", 413,
                                  "more than %u events to look at: narrow the times",
                                  PLM_EQUERY_SCAN_MAX);
        }
        plm_doc *d = plm_doc_parse(plm_col_text(st, 4), 2 * PLM_EVENT_BYTES_MAX, r->f);
        if (!d) break;
        plm_arena_reset(r->scratch);
        bool lacks;
        bool hits = plm_equery_match(q, plm_doc_root(d), plm_col_text(st, 3), r->scratch, &lacks);
        plm_doc_free(d);
        if (lacks) {
            plm_fail(r->f, PLM_NO_MEMORY, "out of memory");
            break;
        }
        int64_t order = q->order == PLM_Q_BY_EVENT    ? plm_col_int(st, 1)
                        : q->order == PLM_Q_BY_RECORD ? plm_col_int(st, 2)
                                                      : 0;
        if (hits && !keep(r, plm_col_int(st, 0), order)) break;
    }
    if (got == 1) plm_stmt_reset(st);
    return got == 0;
}

/* A term that names EPCs or event ids exactly is answered by the index; NULL when there is none. */
static const plm_equery_term *exact(const plm_equery *q, plm_runs_kind *kind) {
    for (uint32_t i = 0; i < q->terms; i++) {
        const plm_equery_term *t = &q->term[i];
        bool ids = t->paths && strcmp(t->paths, "eventID") == 0;
        bool all = ids || (t->op == PLM_Q_MATCH && t->paths && !strstr(t->paths, "epcClass"));
        for (uint32_t k = 0; all && k < t->n; k++) all = !t->v[k].pattern;
        *kind = ids ? PLM_RUNS_ID : PLM_RUNS_EPC;
        if (all) return t;
    }
    return NULL;
}

static int by_seq(const void *a, const void *b) {
    const hit *x = a, *y = b;
    return x->seq < y->seq ? -1 : x->seq > y->seq;
}

/* Keeps what the index names for a value: hints, which the terms then decide on. */
static bool take_hints(running *r, plm_runs *runs, uint64_t key) {
    plm_runs_found found = {0};
    bool ok = plm_runs_find(runs, key, &found, r->f);
    for (size_t i = 0; ok && i < found.n; i++) ok = keep(r, found.v[i], 0);
    plm_mem_free(found.v);
    return ok;
}

static bool find_by_index(running *r, const plm_equery_term *t, plm_runs_kind kind) {
    plm_runs *runs = plm_runs_open(r->s, r->f);
    plm_stmt *st = plm_stmt_new(r->s, COLS " WHERE e.seq = ?6 AND" BOUNDS, r->f);
    bool ok = runs && st;
    for (uint32_t i = 0; ok && i < t->n; i++) {
        plm_str text = kind == PLM_RUNS_ID ? t->v[i].text : t->v[i].key;
        ok = take_hints(r, runs, plm_runs_key(kind, text));
    }
    hit *hint = r->v;
    size_t n = r->n;
    r->v = NULL;
    r->n = r->cap = 0;
    if (n) qsort(hint, n, sizeof *hint, by_seq);
    for (size_t i = 0; ok && i < n; i++) {
        if (i && hint[i].seq == hint[i - 1].seq) continue; /* it names two of them */
        plm_stmt_int(st, 6, hint[i].seq);
        ok = look(r, st);
    }
    plm_stmt_free(st);
    plm_runs_close(runs);
    return ok;
}

static bool find(running *r) {
    plm_runs_kind kind;
    const plm_equery_term *t = exact(r->q, &kind);
    if (t) return find_by_index(r, t, kind);
    plm_stmt *st = plm_stmt_new(r->s, COLS " WHERE" BOUNDS " ORDER BY e.seq", r->f);
    bool ok = st && look(r, st);
    plm_stmt_free(st);
    return ok;
}

static int ascending(const void *a, const void *b) {
    const hit *x = a, *y = b;
    return x->order != y->order ? (x->order < y->order ? -1 : 1) : by_seq(a, b);
}

static int descending(const void *a, const void *b) {
    const hit *x = a, *y = b;
    return x->order != y->order ? (x->order > y->order ? -1 : 1) : by_seq(a, b);
}

/* The newest event that this answer may hold: that of the first page, else of now. */
static bool find_newest(running *r) {
    plm_stmt *st = plm_stmt_new(r->s, "SELECT seq FROM events ORDER BY seq DESC LIMIT 1", r->f);
    if (!st) return false;
    int got = plm_stmt_step(st, r->f);
    r->newest = got == 1 ? plm_col_int(st, 0) : 0;
    plm_stmt_free(st);
    if (r->q->token_seq && r->q->token_seq > r->newest)
        return plm_equery_fail(r->e, "QueryParameterException", 400,
                              "nextPageToken is no token that was given out");
    if (r->q->token_seq) r->newest = r->q->token_seq;
    return got >= 0;
}

/* ---- the answer */

/* The record as stored; where it has no recordTime, the time of capture is what GS1 asks for. */
static void put_event(plm_buf *out, plm_str json, int64_t known) {
    char text[40];
    plm_doc *d = plm_doc_parse(json, 2 * PLM_EVENT_BYTES_MAX, NULL);
    bool has = d && plm_json_is_str(plm_json_get(plm_doc_root(d), "recordTime"));
    if (!d) out->full = true; /* it was read before: memory is short */
    plm_doc_free(d);
    json = plm_str_trim(json);
    if (has || json.n < 2) {
        plm_buf_put(out, json.p, json.n);
        return;
    }
    plm_time_print(known, text);
    plm_buf_printf(out, "{\"recordTime\":\"%s\",", text);
    plm_buf_put(out, json.p + 1, json.n - 1);
}

static bool put_events(running *r, size_t from, size_t to, plm_buf *out) {
    plm_stmt *st = plm_stmt_new(r->s, "SELECT json, known_time FROM events WHERE seq = ?1", r->f);
    bool ok = st != NULL;
    for (size_t i = from; ok && i < to; i++) {
        plm_stmt_int(st, 1, r->v[i].seq);
        ok = plm_stmt_step(st, r->f) == 1;
        if (!ok) break;
        if (i > from) plm_buf_putc(out, ',');
        put_event(out, plm_col_text(st, 0), plm_col_int(st, 1));
        plm_stmt_reset(st);
    }
    plm_stmt_free(st);
    if (ok && out->full)
        return plm_equery_fail(r->e, "QueryTooLargeException", 413, "the answer is too large");
    return ok;
}

static bool write_page(running *r, int64_t now, plm_buf *out, plm_equery_page *page) {
    const plm_equery *q = r->q;
    char text[40];
    size_t from = q->token_seq ? (size_t)q->token_offset : 0, to = r->n;
    if (from > r->n)
        return plm_equery_fail(r->e, "QueryParameterException", 400,
                              "nextPageToken is no token that was given out");
    if (q->per_page && to - from > q->per_page) to = from + q->per_page;
    if (to - from > PLM_EQUERY_EVENTS_MAX)
        return plm_equery_fail(r->e, "QueryTooLargeException", 413,
                              "%zu events, more than %u: ask for pages with perPage", to - from,
                              PLM_EQUERY_EVENTS_MAX);
    page->total = r->n;
    page->events = to - from;
    page->next[0] = 0;
    if (to < r->n)
        snprintf(page->next, sizeof page->next, "1-%" PRIx64 "-%zx-%" PRIx64, (uint64_t)r->newest,
                 to, q->hash);
    plm_time_print(now, text);
    plm_buf_printf(out, "{\"@context\":[\"https://ref.gs1.org/standards/epcis/2.0.0/"
                        "epcis-context.jsonld\",{\"plm\":\"%s\"}],\"type\":\"EPCISQueryDocument\","
                        "\"schemaVersion\":\"2.0\",\"creationDate\":\"%s\",\"epcisBody\":{"
                        "\"queryResults\":{\"queryName\":\"SimpleEventQuery\",\"resultsBody\":{"
                        "\"eventList\":[", PLM_NS_CUSTODY, text);
    if (!put_events(r, from, to, out)) return false;
    plm_buf_puts(out, "]}}}}");
    return !out->full ||
           plm_equery_fail(r->e, "QueryTooLargeException", 413, "the answer is too large");
}

bool plm_equery_run(plm_store *s, const plm_equery *q, int64_t now, plm_buf *out,
                   plm_equery_page *page, plm_equery_error *e, plm_fault *f) {
    running r = {.s = s, .q = q, .a = plm_arena_new(RUN_ARENA_MAX),
                 .scratch = plm_arena_new(SCRATCH_MAX), .e = e, .f = f};
    *e = (plm_equery_error){0};
    bool ok = r.a && r.scratch ? plm_store_snapshot(s, f)
                               : plm_fail(f, PLM_NO_MEMORY, "out of memory");
    if (ok) {
        ok = find_newest(&r) && find(&r);
        if (ok && q->order != PLM_Q_UNORDERED && r.n)
            qsort(r.v, r.n, sizeof *r.v, q->ascending ? ascending : descending);
        if (ok && q->max && r.n > q->max)
            ok = plm_equery_fail(e, "QueryTooLargeException", 413,
                                "%zu events, more than maxEventCount %u", r.n, q->max);
        if (q->limit && r.n > q->limit) r.n = q->limit;
        ok = ok && write_page(&r, now, out, page);
        plm_store_rollback(s);
    }
    plm_arena_free(r.a);
    plm_arena_free(r.scratch);
    return ok;
}
