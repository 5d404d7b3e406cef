/* show.c: a thing's history is its own events and, while it was inside something, that thing's.
 * Voided events and declarations stay in the history and count for nothing else. */
#include "custody/show.h"
#include "custody/event.h"
#include "custody/gs1.h"
#include "custody/parts.h"
#include "custody/runs.h"

#include <stdlib.h>
#include <string.h>

#define SHOW_ARENA_MAX ((size_t)1 << 30)

typedef struct row {
    int64_t seq, event_time, record_time, voided_by, ord;
    int offset_min;
    bool has_record, declares, as_child, as_parent, childless, own;
    plm_str id, type, action, step, disposition, point, location, parent;
    plm_str via; /* the container whose record it is; p NULL: the thing's own */
} row;

typedef struct rows {
    row *v;
    size_t n, cap;
} rows;

typedef struct showing {
    plm_store *s;
    plm_arena *a;
    plm_fault *f;
    plm_stmt *events, *shown, *parts, *many_parts;
    plm_runs *runs;
    rows history;
} showing;

static bool rows_add(showing *w, rows *l, const row *r) {
    if (l->n == PLM_SHOW_EVENTS_MAX)
        return plm_fail(w->f, PLM_OUT_OF_RANGE, "more than %d events", PLM_SHOW_EVENTS_MAX);
    if (l->n == l->cap) {
        size_t cap = l->cap ? 2 * l->cap : 64;
        row *v = plm_arena_array(w->a, cap, sizeof *v);
        if (!v) return plm_fail(w->f, PLM_NO_MEMORY, "out of memory");
        if (l->n) memcpy(v, l->v, l->n * sizeof *v);
        l->v = v;
        l->cap = cap;
    }
    l->v[l->n++] = *r;
    return true;
}

static int by_time(const void *a, const void *b) {
    const row *x = a, *y = b;
    if (x->event_time != y->event_time) return x->event_time < y->event_time ? -1 : 1;
    return x->seq < y->seq ? -1 : x->seq > y->seq;
}

/* A copy; without memory w->f is set, which put_all looks at. */
static plm_str copied(showing *w, plm_str t) {
    plm_str out = plm_arena_copy(w->a, t);
    if (!out.p) plm_fail(w->f, PLM_NO_MEMORY, "out of memory");
    return out;
}

static plm_str keep(showing *w, int c) {
    plm_str t = plm_col_text(w->events, c);
    return t.p ? copied(w, t) : t;
}

/* Events that the index names, so many at a time; what is left of a batch is 0, no event's. */
#define BATCH 24
#define SEQS "(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18," \
             " ?19, ?20, ?21, ?22, ?23, ?24)"

static const char events_sql[] =
    "SELECT e.seq, e.event_time, e.record_time, e.voided_by, e.offset_min, e.declares, e.id,"
    " e.type,"
    " e.action, e.biz_step, e.disposition, e.read_point, e.biz_location, e.parent, e.parts"
    " FROM events e WHERE e.event_time >= ?25 AND e.event_time <= ?26 AND e.seq IN " SEQS;

static void bind_batch(plm_stmt *st, const plm_runs_found *found, size_t from) {
    for (size_t i = 0; i < BATCH; i++)
        plm_stmt_int(st, 1 + (int)i, from + i < found->n ? found->v[from + i] : 0);
}

/* A row for each time that the event lists key. */
static bool take_rows(showing *w, plm_stmt *st, plm_str key, rows *l) {
    plm_str parts = plm_col_blob(st, 14), rest = parts;
    plm_part p;
    row e = {.seq = 0, .childless = true};
    int64_t ord = 0;
    while (plm_parts_next(&rest, &p)) e.childless = e.childless && p.kind != PLM_PART_CHILD;
    if (!plm_parts_whole(rest, plm_col_null(st, 14), plm_col_int(st, 0), w->f)) return false;
    for (rest = parts; plm_parts_next(&rest, &p); ord++) {
        if (!plm_part_is_epc(&p) || !plm_str_eq(p.f[0], key)) continue;
        if (!e.seq) {
            e.seq = plm_col_int(st, 0), e.event_time = plm_col_int(st, 1);
            e.record_time = plm_col_int(st, 2), e.has_record = !plm_col_null(st, 2);
            e.voided_by = plm_col_int(st, 3), e.offset_min = (int)plm_col_int(st, 4);
            e.declares = plm_col_int(st, 5) != 0;
            e.id = keep(w, 6), e.type = keep(w, 7), e.action = keep(w, 8), e.step = keep(w, 9);
            e.disposition = keep(w, 10), e.point = keep(w, 11), e.location = keep(w, 12);
            e.parent = keep(w, 13);
        }
        e.as_child = p.kind == PLM_PART_CHILD;
        e.as_parent = p.kind == PLM_PART_PARENT;
        e.ord = ord;
        if (!rows_add(w, l, &e)) return false;
    }
    return true;
}

static int by_time_ord(const void *a, const void *b) {
    const row *x = a, *y = b;
    int c = by_time(a, b);
    return c ? c : x->ord < y->ord ? -1 : x->ord > y->ord;
}

static bool read_rows(showing *w, plm_str key, int64_t from, int64_t to, rows *l) {
    plm_stmt *st = w->events;
    plm_runs_found found = {0};
    int r = 0;
    bool ok = plm_runs_find(w->runs, plm_runs_key(PLM_RUNS_EPC, key), &found, w->f);
    for (size_t i = 0; ok && i < found.n; i += BATCH) {
        plm_stmt_int(st, BATCH + 1, from);
        plm_stmt_int(st, BATCH + 2, to);
        bind_batch(st, &found, i);
        while (ok && (r = plm_stmt_step(st, w->f)) == 1) ok = take_rows(w, st, key, l);
        ok = ok && r == 0;
        if (r == 1) plm_stmt_reset(st);
    }
    plm_mem_free(found.v);
    if (ok && l->n) qsort(l->v, l->n, sizeof *l->v, by_time_ord);
    return ok;
}

static bool counts(const row *e) { return !e->voided_by && !e->declares; }

typedef struct stay {
    plm_str parent;
    int64_t from, to; /* to: INT64_MAX while it lasts */
} stay;

/* When a DELETE without children emptied parent after `from`; INT64_MAX when none did. */
static bool emptied_at(showing *w, plm_str parent, int64_t from, int64_t *at) {
    rows l = {0};
    *at = INT64_MAX;
    if (!read_rows(w, parent, from, INT64_MAX, &l)) return false;
    for (size_t i = 0; i < l.n && *at == INT64_MAX; i++)
        if (counts(&l.v[i]) && l.v[i].as_parent && l.v[i].childless &&
            plm_str_is(l.v[i].action, "DELETE"))
            *at = l.v[i].event_time;
    return true;
}

/* The stays of a thing inside others, from its own events in order of time. */
static bool find_stays(showing *w, const rows *own, stay **out, size_t *n) {
    stay *v = plm_arena_array(w->a, own->n + 1, sizeof *v);
    if (!v) return plm_fail(w->f, PLM_NO_MEMORY, "out of memory");
    *n = 0;
    for (size_t i = 0; i < own->n; i++) {
        const row *e = &own->v[i];
        if (!counts(e) || !e->as_child || !e->parent.p) continue;
        bool gone = plm_str_is(e->action, "DELETE");
        for (size_t k = 0; k < *n; k++)
            if (v[k].to == INT64_MAX && (!gone || plm_str_eq(v[k].parent, e->parent)))
                v[k].to = e->event_time;
        if (plm_str_is(e->action, "ADD"))
            v[(*n)++] = (stay){e->parent, e->event_time, INT64_MAX};
    }
    for (size_t k = 0; k < *n; k++) {
        int64_t at;
        if (!emptied_at(w, v[k].parent, v[k].from, &at)) return false;
        if (at < v[k].to) v[k].to = at;
    }
    *out = v;
    return true;
}

static bool collect(showing *w, plm_str key, int64_t from, int64_t to, int depth) {
    rows own = {0};
    stay *stays;
    size_t n;
    if (!read_rows(w, key, depth ? INT64_MIN : from, INT64_MAX, &own)) return false;
    for (size_t i = 0; i < own.n; i++) {
        row e = own.v[i];
        e.own = depth == 0;
        if (depth) e.via = key;
        if (e.event_time < from || e.event_time > to) continue;
        if (!rows_add(w, &w->history, &e)) return false;
    }
    if (depth == PLM_SHOW_DEPTH_MAX) return true;
    if (!find_stays(w, &own, &stays, &n)) return false;
    for (size_t k = 0; k < n; k++) {
        int64_t lo = stays[k].from > from ? stays[k].from : from;
        int64_t hi = stays[k].to < to ? stays[k].to : to;
        if (lo <= hi && !collect(w, stays[k].parent, lo, hi, depth + 1)) return false;
    }
    return true;
}

/* The form to print. */
static plm_str shown_of(showing *w, plm_str key) {
    if (!key.p) return key;
    plm_stmt_text(w->shown, 1, key);
    plm_str out = key;
    if (plm_stmt_step(w->shown, w->f) == 1) {
        out = copied(w, plm_col_text(w->shown, 0));
        plm_stmt_reset(w->shown);
    }
    return out;
}

static void put_str(plm_jw *w, const char *key, plm_str s) {
    plm_jw_key(w, key);
    if (s.p) plm_jw_str(w, s);
    else plm_jw_null(w);
}

static plm_str one_text(showing *w, const char *sql, plm_str a) {
    plm_str out = {0};
    plm_stmt *st = plm_stmt_new(w->s, sql, w->f);
    if (!st) return out;
    plm_stmt_text(st, 1, a);
    if (plm_stmt_step(st, w->f) == 1 && !plm_col_null(st, 0))
        out = copied(w, plm_col_text(st, 0));
    plm_stmt_free(st);
    return out;
}

/* The possessing party before the owning one. */
static plm_str party_of(showing *w, int64_t event, plm_part_kind dir) {
    plm_str out = {0}, type = {0};
    plm_part p;
    plm_stmt_int(w->parts, 1, event);
    if (plm_stmt_step(w->parts, w->f) != 1) return out;
    plm_str rest = plm_col_blob(w->parts, 0);
    while (plm_parts_next(&rest, &p)) {
        if (p.kind != (char)dir || (!plm_str_is(p.f[0], "possessing_party") &&
                                    !plm_str_is(p.f[0], "owning_party")))
            continue;
        if (!type.p || plm_str_cmp(p.f[0], type) > 0) type = p.f[0], out = p.f[1];
    }
    if (out.p) out = copied(w, out);
    plm_stmt_reset(w->parts);
    return out;
}

static plm_str operator_of(showing *w, plm_str place) {
    return place.p ? one_text(w, "SELECT operator FROM sites WHERE id = ?1", place) : (plm_str){0};
}

typedef struct now {
    plm_str place, state, holder, inside;
    int64_t as_of;
} now;

static bool leaves(const row *e) {
    return plm_str_is(e->step, "shipping") || plm_str_is(e->step, "departing");
}

/* Where things stand after the history: place and state of the last event that says one. */
static now reckon(showing *w, const rows *own) {
    now n = {.as_of = INT64_MIN};
    stay *stays;
    size_t stays_n;
    for (size_t i = 0; i < w->history.n; i++) {
        const row *e = &w->history.v[i];
        if (!counts(e)) continue;
        plm_str at = e->location.p ? e->location : e->point;
        if (at.p) n.place = at;
        if (e->disposition.p) n.state = e->disposition;
        else if (plm_str_is(e->step, "void_shipping")) n.state = PLM_STR("in_progress");
        else if (!n.state.p) n.state = e->step;
        plm_str operator = operator_of(w, at);
        plm_str party = leaves(e) ? party_of(w, e->seq, PLM_PART_SOURCE) : (plm_str){0};
        if (party.p) n.holder = party;
        else if (operator.p) n.holder = operator;
        if (e->event_time > n.as_of) n.as_of = e->event_time;
    }
    if (find_stays(w, own, &stays, &stays_n) && stays_n && stays[stays_n - 1].to == INT64_MAX)
        n.inside = stays[stays_n - 1].parent;
    return n;
}

static void put_history(showing *w, plm_jw *j) {
    char text[40];
    plm_jw_key(j, "history");
    plm_jw_arr(j);
    for (size_t i = 0; i < w->history.n; i++) {
        const row *e = &w->history.v[i];
        plm_str at = e->point.p ? e->point : e->location, by = operator_of(w, at);
        if (i && e->seq == e[-1].seq) continue;
        if (!by.p) by = party_of(w, e->seq, PLM_PART_SOURCE);
        plm_jw_obj(j);
        plm_jw_kstr(j, "event", e->id);
        plm_time_print_at(e->event_time, e->offset_min, text);
        plm_jw_kcstr(j, "eventTime", text);
        plm_time_print_at(e->record_time, e->offset_min, text);
        plm_jw_kcstr(j, "recordTime", e->has_record ? text : NULL);
        put_str(j, "bizStep", e->step);
        put_str(j, "place", shown_of(w, at));
        put_str(j, "by", shown_of(w, by));
        if (e->declares) plm_jw_kbool(j, "declares_error", true);
        if (e->voided_by) plm_jw_kbool(j, "voided", true);
        if (!e->own) plm_jw_kbool(j, "by_container", true);
        if (e->via.p) plm_jw_kstr(j, "via", shown_of(w, e->via));
        plm_jw_end_obj(j);
    }
    plm_jw_end_arr(j);
}

static bool child_is_here(showing *w, plm_str child, plm_str parent, bool *here) {
    rows own = {0};
    stay *stays;
    size_t n;
    *here = false;
    if (!read_rows(w, child, INT64_MIN, INT64_MAX, &own) || !find_stays(w, &own, &stays, &n))
        return false;
    for (size_t k = 0; k < n; k++)
        if (stays[k].to == INT64_MAX && plm_str_eq(stays[k].parent, parent)) *here = true;
    return true;
}

static int by_text(const void *a, const void *b) {
    return plm_str_cmp(*(const plm_str *)a, *(const plm_str *)b);
}

typedef struct keys {
    plm_str *v;
    size_t n, cap;
} keys;

/* The children of an event whose parent is key. */
static bool add_children(showing *w, plm_str parts, plm_str key, keys *l) {
    plm_part p;
    bool parent = false;
    for (plm_str rest = parts; plm_parts_next(&rest, &p);)
        parent = parent || (p.kind == PLM_PART_PARENT && plm_str_eq(p.f[0], key));
    for (plm_str rest = parts; parent && plm_parts_next(&rest, &p);) {
        if (p.kind != PLM_PART_CHILD) continue;
        if (l->n == l->cap) {
            size_t cap = l->cap ? 2 * l->cap : 64;
            plm_str *more = plm_arena_array(w->a, cap, sizeof *more);
            if (!more) return false;
            if (l->n) memcpy(more, l->v, l->n * sizeof *more);
            l->v = more;
            l->cap = cap;
        }
        l->v[l->n++] = copied(w, p.f[0]);
    }
    return true;
}

/* What was ever said to be inside key, each once. */
static bool read_children(showing *w, plm_str key, plm_str **out, size_t *n) {
    plm_runs_found found = {0};
    keys l = {0};
    int r = 0;
    plm_stmt *st = w->many_parts;
    bool ok = plm_runs_find(w->runs, plm_runs_key(PLM_RUNS_EPC, key), &found, w->f);
    for (size_t i = 0; ok && i < found.n; i += BATCH) {
        bind_batch(st, &found, i);
        while (ok && (r = plm_stmt_step(st, w->f)) == 1)
            ok = add_children(w, plm_col_blob(st, 0), key, &l);
        if (r == 1) plm_stmt_reset(st);
        ok = ok && r == 0;
    }
    plm_mem_free(found.v);
    if (l.n) qsort(l.v, l.n, sizeof *l.v, by_text);
    *n = 0;
    for (size_t i = 0; i < l.n; i++)
        if (!*n || !plm_str_eq(l.v[i], l.v[*n - 1])) l.v[(*n)++] = l.v[i];
    *out = l.v;
    return ok || plm_fail(w->f, PLM_NO_MEMORY, "out of memory"); /* keeps an earlier cause */
}

static bool put_contents(showing *w, plm_jw *j, plm_str key) {
    plm_str *v;
    size_t n;
    if (!read_children(w, key, &v, &n)) return false;
    plm_jw_key(j, "contains");
    plm_jw_arr(j);
    for (size_t i = 0; i < n; i++) {
        bool here;
        if (!child_is_here(w, v[i], key, &here)) return false;
        if (here) plm_jw_str(j, shown_of(w, v[i]));
    }
    plm_jw_end_arr(j);
    return true;
}

static bool put_findings(showing *w, plm_jw *j, plm_str key) {
    plm_stmt *st =
        plm_stmt_new(w->s, "SELECT DISTINCT finding FROM finding_subjects WHERE subject = ?1"
                                      " OR subject = ?2 ORDER BY finding", w->f);
    int r;
    if (!st) return false;
    plm_stmt_text(st, 1, key);
    plm_stmt_text(st, 2, shown_of(w, key));
    plm_jw_key(j, "findings");
    plm_jw_arr(j);
    while ((r = plm_stmt_step(st, w->f)) == 1) plm_jw_str(j, plm_col_text(st, 0));
    plm_jw_end_arr(j);
    plm_stmt_free(st);
    return r == 0;
}

static plm_str kind_of(showing *w, plm_str key) {
    plm_str kind = one_text(w, "SELECT kind FROM devices WHERE epc = ?1", key);
    if (!kind.p && plm_str_starts(key, "00/")) kind = PLM_STR("box");
    return kind;
}

/* By the newest event that says so: the label of a device id (c 1), the device of a label (0). */
static plm_str device_in_events(showing *w, plm_str text, int c) {
    plm_runs_found found = {0};
    plm_str out = {0};
    plm_part p;
    int64_t newest = INT64_MIN;
    bool ok = plm_runs_find(w->runs, plm_runs_key(PLM_RUNS_DEVICE, text), &found, w->f);
    for (size_t i = 0; ok && i < found.n; i++) {
        plm_stmt_int(w->parts, 1, found.v[i]);
        int r = plm_stmt_step(w->parts, w->f);
        ok = r >= 0;
        if (r != 1) continue;
        int64_t at = plm_col_int(w->parts, 1);
        plm_str rest = plm_col_blob(w->parts, 0);
        bool counts = plm_col_null(w->parts, 2) && !plm_col_int(w->parts, 3) && at >= newest;
        while (counts && plm_parts_next(&rest, &p)) {
            if (p.kind != PLM_PART_DEVICE || !plm_str_eq(p.f[c], text)) continue;
            newest = at;
            out = copied(w, p.f[1 - c]);
        }
        plm_stmt_reset(w->parts);
    }
    plm_mem_free(found.v);
    return out;
}

/* The key an id means: an EPC's, or the label a device id was last seen under. */
static plm_str resolve(showing *w, plm_str id) {
    plm_str key = plm_gs1_key_or_self(id, w->a), found;
    if (!key.p && id.n) plm_fail(w->f, PLM_NO_MEMORY, "out of memory");
    if (!plm_str_eq(key, id)) return key;
    found = device_in_events(w, id, 1);
    if (!found.p) found = one_text(w, "SELECT epc FROM devices WHERE device_id = ?1 ORDER BY epc",
                                   id);
    return found.p ? found : key;
}

static plm_str device_of(showing *w, plm_str key) {
    plm_str id = device_in_events(w, key, 0);
    return id.p ? id : one_text(w, "SELECT device_id FROM devices WHERE epc = ?1", key);
}

static bool put_all(showing *w, plm_str id, plm_buf *out) {
    rows own = {0};
    char text[40];
    plm_str key = resolve(w, id);
    plm_jw j = plm_jw_into(out);
    if (!collect(w, key, INT64_MIN, INT64_MAX, 0) || !read_rows(w, key, INT64_MIN, INT64_MAX, &own))
        return false;
    if (w->history.n) qsort(w->history.v, w->history.n, sizeof *w->history.v, by_time);
    now n = reckon(w, &own);
    plm_jw_obj(&j);
    put_str(&j, "id", shown_of(w, key));
    put_str(&j, "device_id", device_of(w, key));
    put_str(&j, "kind", kind_of(w, key));
    put_str(&j, "sku", one_text(w, "SELECT sku FROM devices WHERE epc = ?1", key));
    put_str(&j, "holder", shown_of(w, n.holder));
    put_str(&j, "place", shown_of(w, n.place));
    put_str(&j, "state", n.state);
    if (n.as_of != INT64_MIN) plm_time_print(n.as_of, text);
    plm_jw_kcstr(&j, "as_of", n.as_of != INT64_MIN ? text : NULL);
    put_str(&j, "inside", shown_of(w, n.inside));
    if (!put_contents(w, &j, key)) return false;
    put_history(w, &j);
    if (!put_findings(w, &j, key)) return false;
    plm_jw_end_obj(&j);
    return !w->f->code && (!out->full || plm_fail(w->f, PLM_OUT_OF_RANGE,
                                                  "the record is too long"));
}

bool plm_show(plm_store *s, plm_str id, plm_buf *out, plm_fault *f) {
    showing w = {.s = s, .f = f, .a = plm_arena_new(SHOW_ARENA_MAX)};
    bool ok = w.a && plm_store_snapshot(s, f);
    if (ok) {
        w.events = plm_stmt_new(s, events_sql, f);
        w.shown = plm_stmt_new(s, "SELECT shown FROM names WHERE key = ?1", f);
        w.parts = plm_stmt_new(s, "SELECT parts, event_time, voided_by, declares FROM events"
                                  " WHERE seq = ?1", f);
        w.many_parts = plm_stmt_new(s, "SELECT parts FROM events WHERE seq IN " SEQS, f);
        w.runs = plm_runs_open(s, f);
        ok = w.events && w.shown && w.parts && w.many_parts && w.runs &&
             put_all(&w, id, out);
        plm_runs_close(w.runs);
        plm_stmt_free(w.events);
        plm_stmt_free(w.shown);
        plm_stmt_free(w.parts);
        plm_stmt_free(w.many_parts);
        plm_store_rollback(s);
    }
    plm_arena_free(w.a);
    return ok;
}
