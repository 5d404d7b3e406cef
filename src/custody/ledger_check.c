/* ledger_check.c: reads an event's record again and compares what was made from it, column by
 * column, so that a change of any stored value is seen. */
#include "custody/ledger.h"
#include "custody/parts.h"
#include "custody/runs.h"

#include <string.h>

#define CHECK_ARENA_MAX ((size_t)512 << 20)

static const char row_sql[] =
    "SELECT json, known_time, hash, id, event_id, type, action, biz_step, disposition, read_point,"
    " biz_location, parent, replaces, event_time, offset_min, record_time, declares, parts"
    " FROM events WHERE seq = ?1";

struct plm_checker {
    plm_stmt *row;
    plm_arena *a;
    plm_buf want, have, parts;
    uint64_t sum, entries;   /* of the index that they should have */
    plm_store *s;
};

static void put(plm_buf *b, plm_str s) {
    if (s.p) plm_buf_put(b, s.p, s.n);
    plm_buf_puts(b, s.p ? "\x1f" : "\x1e\x1f");
}

static void put_int(plm_buf *b, int64_t v) { plm_buf_printf(b, "%lld\x1f", (long long)v); }

static void put_event(plm_buf *b, const plm_event *e) {
    put(b, (plm_str){(const char *)e->hash, PLM_SHA256_LEN});
    const plm_str said = e->event_id.p ? PLM_STR("") : e->event_id;
    const plm_str texts[] = {e->id, said, e->type, e->action, e->biz_step, e->disposition,
                             e->read_point, e->biz_location, e->parent, e->replaces};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) put(b, texts[i]);
    put_int(b, e->event_time);
    put_int(b, e->offset_min);
    if (e->has_record_time) put_int(b, e->record_time);
    else put(b, (plm_str){0});
    put_int(b, e->declares);
    put(b, e->parts);
}

/* SQLite gives an empty blob as no pointer. */
static plm_str text_or_empty(plm_str s) { return s.n ? s : PLM_STR(""); }

static void put_row(plm_buf *b, plm_stmt *st) {
    put(b, plm_col_blob(st, 2));
    plm_str id = plm_col_text(st, 3), named = plm_col_text(st, 4);
    put(b, id);
    put(b, plm_str_eq(id, named) ? PLM_STR("") : named); /* older rows repeat the id */
    for (int c = 5; c <= 12; c++) put(b, plm_col_text(st, c));
    put_int(b, plm_col_int(st, 13));
    put_int(b, plm_col_int(st, 14));
    if (!plm_col_null(st, 15)) put_int(b, plm_col_int(st, 15));
    else put(b, (plm_str){0});
    put_int(b, plm_col_int(st, 16));
    put(b, plm_col_null(st, 17) ? (plm_str){0} : text_or_empty(plm_col_blob(st, 17)));
}

plm_checker *plm_checker_open(plm_store *s, plm_fault *f) {
    plm_checker *c = plm_mem_resize(NULL, sizeof *c);
    if (!c) return plm_fail(f, PLM_NO_MEMORY, "out of memory"), NULL;
    *c = (plm_checker){.s = s, .a = plm_arena_new(CHECK_ARENA_MAX)};
    plm_buf_init(&c->want, 256u << 20);
    plm_buf_init(&c->have, 256u << 20);
    plm_buf_init(&c->parts, PLM_PARTS_MAX);
    c->row = plm_stmt_new(s, row_sql, f);
    if (c->row && c->a) return c;
    plm_checker_close(c);
    return NULL;
}

void plm_checker_close(plm_checker *c) {
    if (!c) return;
    plm_stmt_free(c->row);
    plm_buf_free(&c->want);
    plm_buf_free(&c->have);
    plm_buf_free(&c->parts);
    plm_arena_free(c->a);
    plm_mem_free(c);
}

static void sum_one(plm_checker *c, plm_runs_kind kind, plm_str text, int64_t seq) {
    c->sum = plm_runs_sum_add(c->sum, plm_runs_key(kind, text), seq);
    c->entries++;
}

static void sum_index(plm_checker *c, int64_t seq, const plm_event *e) {
    sum_one(c, PLM_RUNS_ID, e->id, seq);
    sum_one(c, PLM_RUNS_HASH, (plm_str){(const char *)e->hash, PLM_SHA256_LEN}, seq);
    for (size_t i = 0; i < e->epcs_n; i++) sum_one(c, PLM_RUNS_EPC, e->epcs[i].key, seq);
    for (size_t i = 0; i < e->devices.n; i++) {
        sum_one(c, PLM_RUNS_DEVICE, e->devices.v[i].a, seq);
        sum_one(c, PLM_RUNS_DEVICE, e->devices.v[i].b, seq);
    }
}

const char *plm_checker_event(plm_checker *c, int64_t seq, plm_hash *leaf, plm_fault *f) {
    plm_event e;
    plm_refusal why;
    plm_stmt_int(c->row, 1, seq);
    int r = plm_stmt_step(c->row, f);
    if (r < 0) return "the store can't be read";
    if (r == 0) return "its event is missing";
    plm_arena_reset(c->a);
    plm_buf_clear(&c->have);
    plm_str json = plm_arena_copy(c->a, plm_col_text(c->row, 0));
    int64_t known = plm_col_int(c->row, 1);
    put_row(&c->have, c->row);
    plm_stmt_reset(c->row);
    plm_event_frame frame = {NULL, NULL, json, known};
    plm_fault quiet = {0};
    plm_doc *d = plm_doc_parse(json, 2 * PLM_EVENT_BYTES_MAX, &quiet);
    if (!d) return "its record is no JSON any more";
    const char *say = NULL;
    plm_buf_clear(&c->want);
    if (!plm_event_read(plm_doc_root(d), &frame, c->a, &e, &why)) {
        say = "its record is no event any more";
    } else if (e.has_record_time && e.record_time != known) {
        say = "its known_time is not what its record says";
    } else if (!plm_ledger_prepare(&e, c->a, &c->parts)) {
        say = "its record is too large to check";
    } else {
        memcpy(leaf->b, e.leaf, sizeof leaf->b);
        put_event(&c->want, &e);
        if (!plm_str_eq(plm_buf_str(&c->want), plm_buf_str(&c->have)))
            say = "a column of its row in events is not what its record says";
        sum_index(c, seq, &e);
    }
    plm_doc_free(d);
    return say;
}

static bool count(plm_store *s, const char *sql, int64_t *out, plm_fault *f) {
    plm_stmt *st = plm_stmt_new(s, sql, f);
    if (!st) return false;
    int r = plm_stmt_step(st, f);
    *out = r == 1 ? plm_col_int(st, 0) : 0;
    plm_stmt_free(st);
    return r >= 0;
}

const char *plm_checker_rest(plm_checker *c, uint64_t events, plm_fault *f) {
    int64_t n;
    if (!count(c->s, "SELECT COUNT(*) FROM events", &n, f)) return "the store can't be read";
    if ((uint64_t)n != events) return "events holds a row that no leaf records";
    if (!count(c->s,
               "SELECT COUNT(*) FROM events e WHERE e.declares = 0 AND (e.voided_by IS NOT NULL)"
               " <> (EXISTS (SELECT 1 FROM events d WHERE d.declares = 1 AND d.id = e.id) OR EXISTS"
               " (SELECT 1 FROM events d WHERE d.declares = 1 AND d.hash = e.hash AND"
               " (d.event_id IS NULL OR e.event_id IS NULL)))", &n, f))
        return "the store can't be read";
    if (n) return "an event is void, or not, against its declarations";
    uint64_t sum, entries;
    const char *why;
    if (!plm_runs_sum(c->s, &sum, &entries, &why, f)) return "the store can't be read";
    if (!why && (sum != c->sum || entries != c->entries))
        why = "the index of events is not what the events say";
    return why;
}
