/* ledger.c: one writer puts events, their parts and their leaves in one transaction. */
#include "custody/ledger.h"
#include "custody/epcis.h"
#include "custody/runs.h"

#include <stdlib.h>
#include <string.h>

#define NAMES_MAX (1u << 18)          /* names that wait to be written in order */
#define NAMES_BYTES_MAX (64u << 20)
#define NAMES_SEEN_MAX (1u << 21)     /* names written by this ledger, so not written again */

/* the form of a table wins over that of an event, a URN over a Digital Link: any order of files
 * ends with the same */
#define NAMES_HEAD "INSERT INTO names (key, shown, rank) VALUES "
#define NAMES_TAIL " ON CONFLICT (key) DO UPDATE SET shown = excluded.shown WHERE names.rank = 1" \
                   " AND excluded.shown > names.shown"
#define NAMES_AT_ONCE 16u

enum { Q_ROW, Q_MAX, Q_NAME, Q_NAMES, Q_VOID, Q_DECLARED_ID, Q_DECLARED_HASH, Q_N };

static const char *const sql[Q_N] = {
    [Q_ROW] = "SELECT id, hash, declares, event_id, voided_by FROM events WHERE seq = ?1",
    [Q_MAX] = "SELECT seq FROM events ORDER BY seq DESC LIMIT 1",
    /* the form of a table wins over that of an event, a URN over a Digital Link: any order of
     * files ends with the same */
    [Q_NAME] = NAMES_HEAD "(?1, ?2, 1)" NAMES_TAIL,
    [Q_NAMES] = NAMES_HEAD "(?1, ?2, 1), (?3, ?4, 1), (?5, ?6, 1), (?7, ?8, 1), (?9, ?10, 1),"
                " (?11, ?12, 1), (?13, ?14, 1), (?15, ?16, 1), (?17, ?18, 1), (?19, ?20, 1),"
                " (?21, ?22, 1), (?23, ?24, 1), (?25, ?26, 1), (?27, ?28, 1), (?29, ?30, 1),"
                " (?31, ?32, 1)" NAMES_TAIL,
    [Q_VOID] = "UPDATE events SET voided_by = ?1 WHERE seq = ?2",
    [Q_DECLARED_ID] = "SELECT seq FROM events WHERE id = ?1 AND declares = 1",
    [Q_DECLARED_HASH] = "SELECT seq FROM events WHERE hash = ?1 AND declares = 1"
                        " AND (event_id IS NULL OR ?2 = 0) ORDER BY seq LIMIT 1",
};

static const char event_columns[] =
    "seq, id, event_id, hash, declares, voided_by, event_time, offset_min, record_time,"
    " known_time, type, action, biz_step, disposition, read_point, biz_location, parent, replaces,"
    " json, parts";

typedef struct name {
    plm_str key, shown;
} name;

struct plm_ledger {
    plm_store *s;
    plm_stmt *q[Q_N], *add;
    plm_log log;
    plm_runs *runs;
    plm_runs_found found;
    int64_t seq;       /* of the last event */
    bool any_declared; /* the store holds a declaration, so look for them */
    name *names;       /* that wait */
    uint32_t names_n, names_cap;
    plm_arena *names_text;
    uint64_t *seen;    /* hashes of names written or waiting, open addressing, 0 free */
    uint32_t seen_n, seen_cap;
};

static void ledger_free(plm_ledger *l) {
    for (size_t i = 0; i < Q_N; i++) plm_stmt_free(l->q[i]);
    plm_stmt_free(l->add);
    plm_runs_close(l->runs);
    plm_mem_free(l->found.v);
    plm_mem_free(l->names);
    plm_mem_free(l->seen);
    plm_arena_free(l->names_text);
    plm_log_close(&l->log);
    plm_mem_free(l);
}

static bool scalar(plm_store *s, const char *text, int64_t *out, plm_fault *f) {
    plm_stmt *st = plm_stmt_new(s, text, f);
    if (!st) return false;
    int r = plm_stmt_step(st, f);
    *out = r == 1 ? plm_col_int(st, 0) : 0;
    plm_stmt_free(st);
    return r >= 0;
}

static bool ledger_prepare(plm_ledger *l, plm_fault *f) {
    int64_t declared;
    for (size_t i = 0; i < Q_N; i++)
        if (!(l->q[i] = plm_stmt_new(l->s, sql[i], f))) return false;
    if (!scalar(l->s, sql[Q_MAX], &l->seq, f)) return false;
    if (!scalar(l->s, "SELECT 1 FROM events WHERE declares = 1 LIMIT 1", &declared, f))
        return false;
    l->any_declared = declared != 0;
    if (!(l->add = plm_stmt_append(l->s, "events", event_columns, f))) return false;
    l->names_text = plm_arena_new(2 * (size_t)NAMES_BYTES_MAX);
    if (!l->names_text) return plm_fail(f, PLM_NO_MEMORY, "out of memory");
    l->runs = plm_runs_open(l->s, f);
    return l->runs && plm_log_open(&l->log, l->s, f);
}

plm_ledger *plm_ledger_open(plm_store *s, plm_fault *f) {
    plm_ledger *l = plm_mem_resize(NULL, sizeof *l);
    if (!l) {
        plm_fail(f, PLM_NO_MEMORY, "out of memory");
        return NULL;
    }
    memset(l, 0, sizeof *l);
    l->s = s;
    if (!plm_store_begin(s, f)) {
        plm_mem_free(l);
        return NULL;
    }
    if (ledger_prepare(l, f)) return l;
    plm_ledger_rollback(l);
    return NULL;
}

static int by_key(const void *a, const void *b) {
    const name *x = a, *y = b;
    int c = plm_str_cmp(x->key, y->key);
    return c ? c : plm_str_cmp(x->shown, y->shown);
}

/* Of the forms of one key the last: one statement writes a key once. */
static uint32_t last_forms(name *v, uint32_t n) {
    uint32_t k = 0;
    for (uint32_t i = 0; i < n; i++)
        if (i + 1 == n || !plm_str_eq(v[i].key, v[i + 1].key)) v[k++] = v[i];
    return k;
}

/* In the order of the keys, so that a page of the table is written once. */
static bool write_names(plm_ledger *l, plm_fault *f) {
    if (l->names_n) qsort(l->names, l->names_n, sizeof *l->names, by_key);
    uint32_t n = last_forms(l->names, l->names_n);
    for (uint32_t i = 0; i < n;) {
        uint32_t many = n - i >= NAMES_AT_ONCE ? NAMES_AT_ONCE : 1;
        plm_stmt *st = l->q[many > 1 ? Q_NAMES : Q_NAME];
        for (uint32_t k = 0; k < many; k++, i++) {
            plm_stmt_text(st, 2 * (int)k + 1, l->names[i].key);
            plm_stmt_text(st, 2 * (int)k + 2, l->names[i].shown);
        }
        if (!plm_stmt_run(st, NULL, f)) return false;
    }
    l->names_n = 0;
    plm_arena_reset(l->names_text);
    return true;
}

bool plm_ledger_commit(plm_ledger *l, plm_fault *f) {
    plm_store *s = l->s;
    bool ok = write_names(l, f) && plm_runs_flush(l->runs, f) && plm_log_head(&l->log, f);
    ledger_free(l);
    if (ok && plm_store_commit(s, f)) return true;
    plm_store_rollback(s);
    return false;
}

void plm_ledger_rollback(plm_ledger *l) {
    plm_store *s = l->s;
    ledger_free(l);
    plm_store_rollback(s);
}

/* The events whose row in events may be under key. */
static bool candidates(plm_ledger *l, uint64_t key, plm_fault *f) {
    return plm_runs_find(l->runs, key, &l->found, f);
}

static plm_str hash_of(const plm_event *e) {
    return (plm_str){(const char *)e->hash, PLM_SHA256_LEN};
}

/* The row of found event i: 1 it is there, -1 fault.  Reset Q_ROW when done with it. */
static int found_row(plm_ledger *l, size_t i, plm_fault *f) {
    plm_stmt_int(l->q[Q_ROW], 1, l->found.v[i]);
    int r = plm_stmt_step(l->q[Q_ROW], f);
    if (r == 0) plm_fail(f, PLM_CONFLICT, "the index of events names one that is not there: run log"
                                          " verify --store");
    return r == 1 ? 1 : -1;
}

/* What the store holds under this identity: 1 the same, -1 another content, 0 nothing. */
static bool find_same(plm_ledger *l, const plm_event *e, int *same, plm_fault *f) {
    plm_stmt *st = l->q[Q_ROW];
    *same = 0;
    if (!candidates(l, e->id_key, f)) return false;
    for (size_t i = 0; i < l->found.n; i++) {
        if (found_row(l, i, f) < 0) return false;
        bool mine = plm_str_eq(plm_col_text(st, 0), e->id);
        bool declares = plm_col_int(st, 2) != 0, content = plm_str_eq(plm_col_blob(st, 1),
                                                                      hash_of(e));
        plm_stmt_reset(st);
        if (mine && !content) *same = -1;
        else if (mine && *same == 0 && declares == e->declares) *same = 1;
    }
    return true;
}

static bool first_int(plm_stmt *st, int64_t *out, plm_fault *f) {
    int r = plm_stmt_step(st, f);
    if (r == 1) {
        *out = plm_col_int(st, 0);
        plm_stmt_reset(st);
    }
    return r >= 0;
}

/* The declaration that voids e already, or 0. */
static bool find_declaration(plm_ledger *l, const plm_event *e, int64_t *by, plm_fault *f) {
    *by = 0;
    if (!l->any_declared || e->declares) return true;
    plm_stmt_text(l->q[Q_DECLARED_ID], 1, e->id);
    if (!first_int(l->q[Q_DECLARED_ID], by, f)) return false;
    if (*by) return true;
    plm_stmt_blob(l->q[Q_DECLARED_HASH], 1, e->hash, PLM_SHA256_LEN);
    plm_stmt_int(l->q[Q_DECLARED_HASH], 2, e->event_id.p != NULL);
    return first_int(l->q[Q_DECLARED_HASH], by, f);
}

/* Voids the found events that are none's declaration and not void: those of the id, or of the hash
 * where one of the two has no eventID. */
static bool void_found(plm_ledger *l, const plm_event *e, bool by_id, uint64_t *voided,
                       plm_fault *f) {
    plm_stmt *st = l->q[Q_ROW];
    for (size_t i = 0; i < l->found.n; i++) {
        if (found_row(l, i, f) < 0) return false;
        bool mine = by_id ? plm_str_eq(plm_col_text(st, 0), e->id)
                          : plm_str_eq(plm_col_blob(st, 1), hash_of(e)) &&
                                (plm_col_null(st, 3) || !e->event_id.p);
        bool open = plm_col_int(st, 2) == 0 && plm_col_null(st, 4);
        plm_stmt_reset(st);
        if (!mine || !open) continue;
        plm_stmt_int(l->q[Q_VOID], 1, l->seq);
        plm_stmt_int(l->q[Q_VOID], 2, l->found.v[i]);
        if (!plm_stmt_run(l->q[Q_VOID], NULL, f)) return false;
        ++*voided;
    }
    return true;
}

static bool put_voids(plm_ledger *l, const plm_event *e, uint64_t *voided, plm_fault *f) {
    if (!e->declares) return true;
    l->any_declared = true;
    return candidates(l, e->id_key, f) && void_found(l, e, true, voided, f) &&
           candidates(l, e->hash_key, f) && void_found(l, e, false, voided, f);
}

static bool seen_grow(plm_ledger *l) {
    uint32_t cap = l->seen_cap ? 4 * l->seen_cap : 1024;
    if (cap > 2 * NAMES_SEEN_MAX) { /* forgetting costs a second look, no more */
        memset(l->seen, 0, l->seen_cap * sizeof *l->seen);
        l->seen_n = 0;
        return true;
    }
    uint64_t *v = plm_mem_resize(NULL, cap * sizeof *v);
    if (!v) return false;
    memset(v, 0, cap * sizeof *v);
    for (uint32_t i = 0; i < l->seen_cap; i++) {
        uint64_t h = l->seen[i], k = h >> 32;
        while (h && v[k & (cap - 1)]) k++;
        if (h) v[k & (cap - 1)] = h;
    }
    plm_mem_free(l->seen);
    l->seen = v;
    l->seen_cap = cap;
    return true;
}

static bool put_name(plm_ledger *l, plm_str key, plm_str shown, uint64_t hash, plm_fault *f) {
    if (!key.p || !shown.p) return true;
    if (l->seen_n * 2 >= l->seen_cap && !seen_grow(l)) goto full;
    uint64_t h = hash | 1, k = h >> 32;
    for (; l->seen[k & (l->seen_cap - 1)]; k++)
        if (l->seen[k & (l->seen_cap - 1)] == h) return true;
    l->seen[k & (l->seen_cap - 1)] = h;
    l->seen_n++;
    if ((l->names_n == NAMES_MAX || plm_arena_used(l->names_text) > NAMES_BYTES_MAX) &&
        !write_names(l, f))
        return false;
    if (l->names_n == l->names_cap) {
        uint32_t cap = l->names_cap ? 4 * l->names_cap : 64;
        name *v = plm_mem_resize(l->names, cap * sizeof *v);
        if (!v) goto full;
        l->names = v;
        l->names_cap = cap;
    }
    name *n = &l->names[l->names_n];
    *n = (name){plm_arena_copy(l->names_text, key), plm_arena_copy(l->names_text, shown)};
    if (!n->key.p || !n->shown.p) goto full;
    l->names_n++;
    return true;
full:
    return plm_fail(f, PLM_NO_MEMORY, "out of memory");
}

/* An index of millions is in no cache: three misses an event if nobody asks ahead. */
void plm_ledger_ahead(const plm_ledger *l, const plm_event *e, int step) {
    if (step == 0) {
        for (size_t i = 0; i < sizeof *e; i += 64) __builtin_prefetch((const char *)e + i);
        return;
    }
    plm_runs_ahead(l->runs, e->id_key, step - 1);
    if (step == 2) return;
    plm_runs_ahead(l->runs, e->hash_key, 0);
    for (size_t i = 0; i < e->epcs_n && i < 4; i++) {
        plm_runs_ahead(l->runs, e->epcs[i].run_key, 0);
        if (l->seen_cap)
            __builtin_prefetch(&l->seen[(e->epcs[i].name_hash >> 32) & (l->seen_cap - 1)]);
    }
}

static bool put_names(plm_ledger *l, const plm_event *e, plm_fault *f) {
    for (size_t i = 0; i < e->epcs_n; i++)
        if (!put_name(l, e->epcs[i].key, e->epcs[i].shown, e->epcs[i].name_hash, f)) return false;
    for (size_t i = 0; i < e->parties.n; i++) {
        const plm_event_pair *x = &e->parties.v[i];
        if (!put_name(l, x->b, x->c, plm_runs_hash(x->c), f)) return false;
    }
    return put_name(l, e->read_point, e->read_point_shown, plm_runs_hash(e->read_point_shown), f) &&
           put_name(l, e->biz_location, e->biz_location_shown,
                    plm_runs_hash(e->biz_location_shown), f);
}

static bool put_index(plm_ledger *l, const plm_event *e, plm_fault *f) {
    for (size_t i = 0; i < e->epcs_n; i++)
        if (!plm_runs_put(l->runs, e->epcs[i].run_key, l->seq, f)) return false;
    for (size_t i = 0; i < e->devices.n; i++)
        if (!plm_runs_put(l->runs, plm_runs_key(PLM_RUNS_DEVICE, e->devices.v[i].a), l->seq, f) ||
            !plm_runs_put(l->runs, plm_runs_key(PLM_RUNS_DEVICE, e->devices.v[i].b), l->seq, f))
            return false;
    return plm_runs_put(l->runs, e->id_key, l->seq, f) &&
           plm_runs_put(l->runs, e->hash_key, l->seq, f);
}

static bool put_row(plm_ledger *l, const plm_event *e, int64_t voided_by, plm_fault *f) {
    plm_stmt *st = l->add;
    plm_stmt_int(st, 1, l->seq);
    plm_stmt_text(st, 2, e->id);
    plm_stmt_text(st, 3, e->event_id.p ? PLM_STR("") : e->event_id);
    plm_stmt_blob(st, 4, e->hash, PLM_SHA256_LEN);
    plm_stmt_int(st, 5, e->declares);
    if (voided_by) plm_stmt_int(st, 6, voided_by);
    else plm_stmt_null(st, 6);
    plm_stmt_int(st, 7, e->event_time);
    plm_stmt_int(st, 8, e->offset_min);
    if (e->has_record_time) plm_stmt_int(st, 9, e->record_time);
    else plm_stmt_null(st, 9);
    plm_stmt_int(st, 10, e->record_time);
    plm_stmt_text(st, 11, e->type);
    plm_stmt_text(st, 12, e->action);
    plm_stmt_text(st, 13, e->biz_step);
    plm_stmt_text(st, 14, e->disposition);
    plm_stmt_text(st, 15, e->read_point);
    plm_stmt_text(st, 16, e->biz_location);
    plm_stmt_text(st, 17, e->parent);
    plm_stmt_text(st, 18, e->replaces);
    plm_stmt_text(st, 19, e->json);
    plm_stmt_blob(st, 20, e->parts.p, e->parts.n);
    return plm_stmt_run(st, NULL, f);
}

bool plm_ledger_put(plm_ledger *l, const plm_event *e, plm_outcome *out, uint64_t *voided,
                    plm_fault *f) {
    int same;
    int64_t by;
    plm_hash leaf;
    if (!find_same(l, e, &same, f)) return false;
    if (same) {
        *out = same > 0 ? PLM_DUPLICATE : PLM_CONFLICTING;
        return true;
    }
    if (!find_declaration(l, e, &by, f)) return false;
    *out = PLM_STORED;
    memcpy(leaf.b, e->leaf, PLM_HASH_LEN);
    l->seq++;
    *voided += by != 0;
    return put_row(l, e, by, f) && put_names(l, e, f) && put_index(l, e, f) &&
           put_voids(l, e, voided, f) && plm_log_append_event(&l->log, leaf, f);
}

int plm_ledger_find(plm_store *s, plm_str id, bool plain, int64_t *event, plm_fault *f) {
    plm_runs_found found = {0};
    plm_runs *r = plm_runs_open(s, f);
    plm_stmt *st = r ? plm_stmt_new(s, "SELECT id, declares FROM events WHERE seq = ?1", f)
                       : NULL;
    int k = st && plm_runs_find(r, plm_runs_key(PLM_RUNS_ID, id), &found, f) ? 0 : -1;
    for (size_t i = 0; k == 0 && i < found.n; i++) {
        plm_stmt_int(st, 1, found.v[i]);
        k = plm_stmt_step(st, f);
        if (k != 1) continue;
        k = plm_str_eq(plm_col_text(st, 0), id) && !(plain && plm_col_int(st, 1));
        if (k) *event = found.v[i];
        plm_stmt_reset(st);
    }
    plm_stmt_free(st);
    plm_runs_close(r);
    plm_mem_free(found.v);
    return k;
}
