/* store.c: chooses the driver and brings the schema up to date.  Invariant: a store that opened
 * has every migration this program knows, and none that it does not. */
#include "custody/forward.h"
#include "custody/runs.h"
#include "custody/schema.h"
#include "custody/store_driver.h"

#include <string.h>

#define RESTING_MAX 256u /* statements kept for the next that asks for the same: all there are */

struct plm_store {
    const plm_driver *d;
    void *db;
    bool in_turn;
    plm_stmt *resting; /* freed, the newest first */
    unsigned resting_n;
};

struct plm_stmt {
    const plm_driver *d;
    void *st;
    plm_store *s;
    plm_stmt *next; /* of the resting */
    size_t n;
    char sql[];     /* what it was made from */
};

static int64_t store_version(plm_store *s, plm_fault *f) {
    plm_stmt *st = plm_stmt_new(s, "SELECT version FROM store_schema", f);
    if (!st) return -1;
    int64_t v = 0;
    int r = plm_stmt_step(st, f);
    if (r == 1) v = plm_col_int(st, 0);
    plm_stmt_free(st);
    return r < 0 ? -1 : v;
}

static bool store_set_version(plm_store *s, int64_t v, plm_fault *f) {
    plm_stmt *st = plm_stmt_new(s,
        "INSERT INTO store_schema (one, version) VALUES (1, ?1)"
        " ON CONFLICT (one) DO UPDATE SET version = excluded.version", f);
    if (!st) return false;
    plm_stmt_int(st, 1, v);
    bool ok = plm_stmt_run(st, NULL, f);
    plm_stmt_free(st);
    return ok;
}

static bool store_migrate_in_turn(plm_store *s, plm_fault *f) {
    if (!plm_store_exec(s, "CREATE TABLE IF NOT EXISTS store_schema (one INTEGER PRIMARY KEY,"
                           " version INTEGER NOT NULL) STRICT", f))
        return false;
    int64_t have = store_version(s, f), known = 0;
    if (have < 0) return false;
    while (plm_schema_steps[known]) known++;
    if (have > known)
        return plm_fail(f, PLM_REFUSED,
                        "the store has schema %lld and this program knows %lld: use a newer one",
                        (long long)have, (long long)known);
    for (int64_t v = have; v < known; v++) {
        if (!plm_store_exec(s, plm_schema_steps[v], f)) return false;
        if (have > 0 && v + 1 == PLM_SCHEMA_PARTS && !plm_forward_parts(s, f)) return false;
    }
    /* a store that has events and no runs yet */
    if (have > 0 && have < PLM_SCHEMA_RUNS && !plm_runs_build(s, f)) return false;
    return have == known || store_set_version(s, known, f);
}

/* Looks without taking the writer's turn, so that opening never waits for a long capture. */
static bool store_is_current(plm_store *s) {
    plm_fault quiet = {0};
    int64_t known = 0;
    while (plm_schema_steps[known]) known++;
    return store_version(s, &quiet) == known;
}

static bool store_migrate(plm_store *s, plm_fault *f) {
    if (store_is_current(s)) return true;
    if (!plm_store_begin(s, f)) return false;
    if (store_migrate_in_turn(s, f) && plm_store_commit(s, f)) return true;
    plm_store_rollback(s);
    return false;
}

plm_store *plm_store_open(const char *where, plm_fault *f) {
    plm_store *s = plm_mem_resize(NULL, sizeof *s);
    if (!s) {
        plm_fail(f, PLM_NO_MEMORY, "no memory to open the store");
        return NULL;
    }
    *s = (plm_store){0};
    bool pg = plm_str_starts(plm_str_c(where), "postgres://") ||
              plm_str_starts(plm_str_c(where), "postgresql://");
    s->d = pg ? &plm_driver_postgres : &plm_driver_sqlite;
    s->db = s->d->open(where, f);
    if (s->db && store_migrate(s, f)) return s;
    plm_store_close(s);
    return NULL;
}

static void stmt_end(plm_stmt *st) {
    st->d->finish(st->st);
    plm_mem_free(st);
}

void plm_store_close(plm_store *s) {
    if (!s) return;
    if (s->in_turn) plm_store_rollback(s);
    for (plm_stmt *st = s->resting, *next; st; st = next) {
        next = st->next;
        stmt_end(st);
    }
    if (s->db) s->d->close(s->db);
    plm_mem_free(s);
}

bool plm_store_is_postgres(const plm_store *s) { return s->d->postgres; }

bool plm_store_begin(plm_store *s, plm_fault *f) {
    s->in_turn = s->d->turn(s->db, 'w', f);
    return s->in_turn;
}

bool plm_store_snapshot(plm_store *s, plm_fault *f) {
    s->in_turn = s->d->turn(s->db, 'r', f);
    return s->in_turn;
}

bool plm_store_commit(plm_store *s, plm_fault *f) {
    bool ok = s->d->turn(s->db, 'c', f);
    s->in_turn = !ok;
    return ok;
}

void plm_store_rollback(plm_store *s) {
    plm_fault quiet = {0};
    s->d->turn(s->db, 'b', &quiet);
    s->in_turn = false;
}

bool plm_store_exec(plm_store *s, const char *sql, plm_fault *f) {
    return s->d->exec(s->db, sql, f);
}

static plm_stmt *stmt_wake(plm_store *s, plm_str sql) {
    for (plm_stmt **at = &s->resting; *at; at = &(*at)->next) {
        plm_stmt *st = *at;
        if (!plm_str_eq((plm_str){st->sql, st->n}, sql)) continue;
        *at = st->next;
        s->resting_n--;
        return st;
    }
    return NULL;
}

static plm_stmt *stmt_make(plm_store *s, plm_str sql, plm_fault *f) {
    plm_stmt *st = plm_mem_resize(NULL, sizeof *st + sql.n + 1);
    if (!st) {
        plm_fail(f, PLM_NO_MEMORY, "no memory for a statement");
        return NULL;
    }
    *st = (plm_stmt){.d = s->d, .s = s, .n = sql.n};
    memcpy(st->sql, sql.p, sql.n);
    st->sql[sql.n] = 0;
    return st;
}

plm_stmt *plm_stmt_new(plm_store *s, const char *sql, plm_fault *f) {
    plm_stmt *st = stmt_wake(s, plm_str_c(sql));
    if (st) return st;
    if (!(st = stmt_make(s, plm_str_c(sql), f))) return NULL;
    if ((st->st = s->d->prepare(s->db, sql, f))) return st;
    plm_mem_free(st);
    return NULL;
}

plm_stmt *plm_stmt_append(plm_store *s, const char *table, const char *columns, plm_fault *f) {
    plm_buf b;
    int n = 1;
    for (const char *p = columns; *p; p++) n += *p == ',';
    plm_buf_init(&b, PLM_STORE_SQL_MAX);
    plm_buf_printf(&b, "+%s (%s)", table, columns);
    plm_stmt *st = stmt_wake(s, plm_buf_str(&b)), *made = NULL;
    if (!st) made = stmt_make(s, plm_buf_str(&b), f);
    plm_buf_free(&b);
    if (!made) return st;
    if ((made->st = s->d->append(s->db, table, columns, n, f))) return made;
    plm_mem_free(made);
    return NULL;
}

/* Preparing costs as much as a small commit, so a statement rests and is given again. */
void plm_stmt_free(plm_stmt *st) {
    if (!st) return;
    plm_store *s = st->s;
    st->d->reset(st->st);
    st->next = s->resting;
    s->resting = st;
    if (++s->resting_n <= RESTING_MAX) return;
    plm_stmt **at = &s->resting;
    while ((*at)->next) at = &(*at)->next;
    stmt_end(*at);
    *at = NULL;
    s->resting_n--;
}

void plm_stmt_int(plm_stmt *st, int i, int64_t v) { st->d->bind_int(st->st, i, v); }
void plm_stmt_real(plm_stmt *st, int i, double v) { st->d->bind_real(st->st, i, v); }
void plm_stmt_null(plm_stmt *st, int i) { st->d->bind_null(st->st, i); }

void plm_stmt_text(plm_stmt *st, int i, plm_str v) {
    if (v.p) st->d->bind_text(st->st, i, v);
    else st->d->bind_null(st->st, i);
}

void plm_stmt_blob(plm_stmt *st, int i, const void *p, size_t n) {
    if (p) st->d->bind_blob(st->st, i, (plm_str){p, n});
    else st->d->bind_null(st->st, i);
}

int plm_stmt_step(plm_stmt *st, plm_fault *f) { return st->d->step(st->st, NULL, f); }

bool plm_stmt_run(plm_stmt *st, int64_t *changed, plm_fault *f) {
    int r;
    while ((r = st->d->step(st->st, changed, f)) == 1) continue;
    return r == 0;
}

void plm_stmt_reset(plm_stmt *st) { st->d->reset(st->st); }
bool plm_col_null(const plm_stmt *st, int c) { return st->d->col_null(st->st, c); }
int64_t plm_col_int(const plm_stmt *st, int c) { return st->d->col_int(st->st, c); }
double plm_col_real(const plm_stmt *st, int c) { return st->d->col_real(st->st, c); }
plm_str plm_col_text(const plm_stmt *st, int c) { return st->d->col_text(st->st, c); }
plm_str plm_col_blob(plm_stmt *st, int c) { return st->d->col_blob(st->st, c); }
