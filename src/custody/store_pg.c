/* store_pg.c: PostgreSQL behind the seam, over libpq.  The seam's SQL is rewritten here: ?n to
 * $n, INTEGER to BIGINT, BLOB to BYTEA, REAL to DOUBLE PRECISION; STRICT and WITHOUT ROWID go.
 * Rows read travel as text; rows appended go by COPY in its binary form: gathered in memory, or,
 * once they are many, sent while more are made, and ended before another statement could see
 * them.  The writer's turn is a transaction-wide advisory lock, so that leaves of the log and
 * balances have one order here too; commit waits for the disk (synchronous_commit stays at its
 * default, on). */
#include "custody/store_driver.h"

#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PG_TURN_LOCK "7305805" /* any number: names the writer's turn */
#define PG_COPY_MAX (1u << 20)  /* bytes of rows that wait for a COPY */
#define PG_COPY_CHUNK (64u << 10) /* of which so many go at a time once it is open */

typedef struct pg_db {
    PGconn *c;
    unsigned names;          /* prepared so far */
    struct pg_stmt *appends; /* in the order they were made */
    struct pg_stmt *open;    /* whose COPY is open: the server reads while rows are made */
    bool waiting;            /* some of them holds rows, or is open */
} pg_db;

typedef struct pg_stmt {
    pg_db *db;
    struct pg_stmt *next;  /* of the appends */
    char *copy;            /* COPY …; NULL: a prepared statement */
    plm_buf rows;          /* that wait */
    char name[16];
    int params, row;
    PGresult *res;
    const char *value[PLM_STORE_PARAMS_MAX];
    int length[PLM_STORE_PARAMS_MAX], format[PLM_STORE_PARAMS_MAX];
    plm_buf held[PLM_STORE_PARAMS_MAX]; /* NUL-terminated copies */
    plm_buf cell;                       /* bytes of the last bytea read */
} pg_stmt;

static bool pg_fail(PGconn *c, plm_fault *f) {
    const char *say = PQerrorMessage(c);
    size_t n = strcspn(say, "\n");
    return plm_fail(f, PLM_IO, "the store refused: %.*s", (int)n, say);
}

static bool pg_word_at(const char *p, const char *word) {
    size_t n = strlen(word);
    return strncmp(p, word, n) == 0 && !(p[n] >= 'A' && p[n] <= 'Z') && p[n] != '_';
}

/* One statement or several, rewritten; words are replaced where they stand alone in capitals. */
static bool pg_rewrite(const char *sql, plm_buf *out, int *params) {
    static const char *const words[][2] = {{"INTEGER", "BIGINT"}, {"BLOB", "BYTEA"},
                                           {"REAL", "DOUBLE PRECISION"},
                                               {"STRICT, WITHOUT ROWID", ""},
                                           {"STRICT", ""}, {"WITHOUT ROWID", ""}};
    *params = 0;
    for (const char *p = sql; *p;) {
        size_t w = 0, words_n = sizeof words / sizeof words[0];
        bool start = p == sql || !(p[-1] == '_' || (p[-1] >= 'A' && p[-1] <= 'Z'));
        while (w < words_n && !(start && pg_word_at(p, words[w][0]))) w++;
        if (w < words_n) {
            plm_buf_puts(out, words[w][1]);
            p += strlen(words[w][0]);
        } else if (*p == '?') {
            char *end;
            long n = strtol(p + 1, &end, 10);
            if (n > *params) *params = (int)n;
            plm_buf_printf(out, "$%ld", n);
            p = end;
        } else {
            plm_buf_putc(out, *p++);
        }
    }
    return plm_buf_putc(out, '\0') && *params <= (int)PLM_STORE_PARAMS_MAX;
}

static bool pg_done(pg_db *db, PGresult *r, plm_fault *f) {
    ExecStatusType s = PQresultStatus(r);
    bool ok = s == PGRES_COMMAND_OK || s == PGRES_TUPLES_OK || s == PGRES_EMPTY_QUERY;
    if (!ok) pg_fail(db->c, f);
    PQclear(r);
    return ok;
}

/* Ends the COPY that is open; why: NULL, or a word that has the server take none of it. */
static bool pg_copy_end(pg_db *db, const char *why, plm_fault *f) {
    PGresult *r;
    bool ok = true;
    if (!db->open) return true;
    db->open = NULL;
    if ((!why && PQputCopyData(db->c, "\377\377", 2) != 1) || PQputCopyEnd(db->c, why) != 1)
        ok = pg_fail(db->c, f);
    while ((r = PQgetResult(db->c)) != NULL) {
        if (PQresultStatus(r) == PGRES_COPY_IN) { /* not ended: the connection is gone */
            PQclear(r);
            return false;
        }
        ok = pg_done(db, r, f) && ok;
    }
    return ok;
}

static bool pg_copy_begin(pg_stmt *st, plm_fault *f) {
    static const char head[] = "PGCOPY\n\377\r\n\0\0\0\0\0\0\0\0";
    pg_db *db = st->db;
    if (db->open == st) return true;
    if (!pg_copy_end(db, NULL, f)) return false;
    PGresult *r = PQexec(db->c, st->copy);
    bool ok = PQresultStatus(r) == PGRES_COPY_IN;
    PQclear(r);
    if (!ok) return pg_fail(db->c, f);
    db->open = st;
    return PQputCopyData(db->c, head, 19) == 1 || pg_fail(db->c, f);
}

/* Sends what waits; the COPY stays open. */
static bool pg_copy_out(pg_stmt *st, plm_fault *f) {
    if (!st->rows.n) return true;
    bool ok = pg_copy_begin(st, f) &&
              (PQputCopyData(st->db->c, st->rows.p, (int)st->rows.n) == 1 ||
               pg_fail(st->db->c, f));
    plm_buf_clear(&st->rows);
    return ok;
}

/* What was appended is there before anything else looks. */
static bool pg_settle(pg_db *db, plm_fault *f) {
    bool ok = true;
    if (!db->waiting) return true;
    if (db->open) ok = pg_copy_out(db->open, f);
    for (pg_stmt *a = db->appends; a && ok; a = a->next) ok = pg_copy_out(a, f);
    ok = ok && pg_copy_end(db, NULL, f);
    db->waiting = !ok;
    return ok;
}

static void pg_forget(pg_db *db) {
    plm_fault quiet = {0};
    for (pg_stmt *a = db->appends; a; a = a->next) plm_buf_clear(&a->rows);
    pg_copy_end(db, "rolled back", &quiet);
    db->waiting = false;
}

static bool pg_exec(void *v, const char *sql, plm_fault *f) {
    pg_db *db = v;
    plm_buf b;
    if (!pg_settle(db, f)) return false;
    int params;
    plm_buf_init(&b, 16 * PLM_STORE_SQL_MAX);
    bool ok = pg_rewrite(sql, &b, &params) ? pg_done(db, PQexec(db->c, b.p), f)
                                           : plm_fail(f, PLM_OUT_OF_RANGE, "statement too long");
    plm_buf_free(&b);
    return ok;
}

static void pg_close(void *v) {
    pg_db *db = v;
    PQfinish(db->c);
    plm_mem_free(db);
}

static void pg_quiet(void *arg, const char *message) {
    (void)arg;
    (void)message;
}

static void *pg_open(const char *where, plm_fault *f) {
    pg_db *db = plm_mem_resize(NULL, sizeof *db);
    if (!db) {
        plm_fail(f, PLM_NO_MEMORY, "no memory to open the store");
        return NULL;
    }
    *db = (pg_db){.c = PQconnectdb(where)};
    if (PQstatus(db->c) == CONNECTION_OK) {
        PQsetNoticeProcessor(db->c, pg_quiet, NULL);
        return db;
    }
    pg_fail(db->c, f);
    pg_close(db);
    return NULL;
}

static bool pg_turn(void *v, char kind, plm_fault *f) {
    pg_db *db = v;
    if (kind == 'w')
        return pg_done(db, PQexec(db->c, "BEGIN; SELECT pg_advisory_xact_lock(" PG_TURN_LOCK ")"),
                       f);
    if (kind == 'r')
        return pg_done(db, PQexec(db->c, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"), f);
    if (kind == 'b') {
        pg_forget(db);
        return pg_done(db, PQexec(db->c, "ROLLBACK"), f);
    }
    if (!pg_settle(db, f)) return false;
    /* COMMIT of a failed transaction answers ROLLBACK: that is no commit */
    PGresult *r = PQexec(db->c, "COMMIT");
    bool ok = PQresultStatus(r) == PGRES_COMMAND_OK && strcmp(PQcmdStatus(r), "COMMIT") == 0;
    if (!ok && PQresultStatus(r) == PGRES_COMMAND_OK)
        plm_fail(f, PLM_IO, "the store rolled back: an earlier statement had failed");
    else if (!ok)
        pg_fail(db->c, f);
    PQclear(r);
    return ok;
}

static pg_stmt *pg_stmt_make(pg_db *db, plm_fault *f) {
    pg_stmt *st = plm_mem_resize(NULL, sizeof *st);
    if (!st) {
        plm_fail(f, PLM_NO_MEMORY, "no memory for a statement");
        return NULL;
    }
    *st = (pg_stmt){.db = db, .row = -1};
    for (size_t i = 0; i < PLM_STORE_PARAMS_MAX; i++) plm_buf_init(&st->held[i], 1u << 30);
    plm_buf_init(&st->cell, 1u << 30);
    plm_buf_init(&st->rows, 1u << 30);
    return st;
}

static void *pg_prepare(void *v, const char *sql, plm_fault *f) {
    pg_db *db = v;
    plm_buf b;
    pg_stmt *st = pg_settle(db, f) ? pg_stmt_make(db, f) : NULL;
    if (!st) return NULL;
    snprintf(st->name, sizeof st->name, "s%u", db->names++);
    plm_buf_init(&b, 4 * PLM_STORE_SQL_MAX);
    bool ok = pg_rewrite(sql, &b, &st->params)
                  ? pg_done(db, PQprepare(db->c, st->name, b.p, 0, NULL), f)
                  : plm_fail(f, PLM_OUT_OF_RANGE, "statement too long");
    plm_buf_free(&b);
    if (ok) return st;
    plm_mem_free(st);
    return NULL;
}

static void pg_reset(void *v) {
    pg_stmt *st = v;
    PQclear(st->res);
    st->res = NULL;
    st->row = -1;
    for (size_t i = 0; i < PLM_STORE_PARAMS_MAX; i++) st->value[i] = NULL;
}

static void *pg_append(void *v, const char *table, const char *columns, int n, plm_fault *f) {
    pg_db *db = v;
    pg_stmt *st = pg_stmt_make(db, f), **end = &db->appends;
    plm_buf b;
    if (!st) return NULL;
    plm_buf_init(&b, PLM_STORE_SQL_MAX);
    plm_buf_printf(&b, "COPY %s (%s) FROM STDIN (FORMAT binary)", table, columns);
    plm_buf_putc(&b, '\0');
    st->copy = b.p; /* freed in pg_finish */
    st->params = n;
    while (*end) end = &(*end)->next;
    *end = st;
    return st;
}

static void pg_unlink(pg_stmt *st) {
    plm_fault quiet = {0};
    if (st->db->open == st) pg_copy_end(st->db, "not wanted", &quiet);
    pg_stmt **at = &st->db->appends;
    while (*at && *at != st) at = &(*at)->next;
    if (*at) *at = st->next;
    plm_mem_free(st->copy);
}

/* The server's side goes with the connection: a store keeps its statements until then. */
static void pg_finish(void *v) {
    pg_stmt *st = v;
    pg_reset(st);
    if (st->copy) pg_unlink(st); /* its rows went with the commit, or are not wanted */
    plm_buf_free(&st->rows);
    for (size_t i = 0; i < PLM_STORE_PARAMS_MAX; i++) plm_buf_free(&st->held[i]);
    plm_buf_free(&st->cell);
    plm_mem_free(st);
}

static void pg_hold(pg_stmt *st, int i, plm_str v, int format) {
    plm_buf *b = &st->held[i - 1];
    plm_buf_clear(b);
    plm_buf_put(b, v.p, v.n);
    plm_buf_putc(b, '\0');
    st->value[i - 1] = b->p;
    st->length[i - 1] = (int)v.n;
    st->format[i - 1] = format;
}

static void pg_put_be(plm_buf *b, uint64_t v, int bytes) {
    char t[8];
    for (int i = 0; i < bytes; i++) t[i] = (char)(v >> (8 * (bytes - 1 - i)));
    plm_buf_put(b, t, (size_t)bytes);
}

static void pg_bind_text(void *st, int i, plm_str v) { pg_hold(st, i, v, 0); }
static void pg_bind_blob(void *st, int i, plm_str v) { pg_hold(st, i, v, 1); }
static void pg_bind_null(void *st, int i) { ((pg_stmt *)st)->value[i - 1] = NULL; }

static void pg_bind_int(void *st, int i, int64_t v) {
    char text[24];
    if (((pg_stmt *)st)->copy) {
        plm_buf *b = &((pg_stmt *)st)->cell;
        plm_buf_clear(b);
        pg_put_be(b, (uint64_t)v, 8);
        pg_hold(st, i, plm_buf_str(b), 0);
        return;
    }
    int n = snprintf(text, sizeof text, "%lld", (long long)v);
    pg_hold(st, i, (plm_str){text, (size_t)n}, 0);
}

static void pg_bind_real(void *st, int i, double v) {
    char text[40];
    if (((pg_stmt *)st)->copy) {
        int64_t bits;
        memcpy(&bits, &v, sizeof bits);
        pg_bind_int(st, i, bits);
        return;
    }
    int n = snprintf(text, sizeof text, "%.17g", v);
    pg_hold(st, i, (plm_str){text, (size_t)n}, 0);
}

static int pg_copy_row(pg_stmt *st, int64_t *changed, plm_fault *f) {
    plm_buf *b = &st->rows;
    pg_put_be(b, (uint64_t)st->params, 2);
    for (int i = 0; i < st->params; i++) {
        bool null = !st->value[i];
        pg_put_be(b, null ? UINT32_MAX : (uint64_t)st->length[i], 4);
        if (!null) plm_buf_put(b, st->value[i], (size_t)st->length[i]);
        st->value[i] = NULL;
    }
    st->db->waiting = true;
    if (changed) *changed = 1;
    if (b->full) return plm_fail(f, PLM_OUT_OF_RANGE, "a row is too large to store"), -1;
    size_t most = st->db->open == st ? PG_COPY_CHUNK : PG_COPY_MAX;
    return b->n < most || pg_copy_out(st, f) ? 0 : -1;
}

static int pg_step(void *v, int64_t *changed, plm_fault *f) {
    pg_stmt *st = v;
    if (st->copy) return pg_copy_row(st, changed, f);
    if (!st->res) {
        if (!pg_settle(st->db, f)) return pg_reset(st), -1;
        st->res = PQexecPrepared(st->db->c, st->name, st->params, st->value, st->length,
                                 st->format, 0);
        ExecStatusType s = PQresultStatus(st->res);
        if (s != PGRES_COMMAND_OK && s != PGRES_TUPLES_OK) {
            pg_fail(st->db->c, f);
            pg_reset(st);
            return -1;
        }
    }
    if (++st->row < PQntuples(st->res)) return 1;
    if (changed) *changed = strtoll(PQcmdTuples(st->res), NULL, 10);
    pg_reset(st);
    return 0;
}

static bool pg_col_null(void *v, int c) {
    pg_stmt *st = v;
    return PQgetisnull(st->res, st->row, c);
}

static plm_str pg_col_text(void *v, int c) {
    pg_stmt *st = v;
    if (PQgetisnull(st->res, st->row, c)) return (plm_str){NULL, 0};
    return (plm_str){PQgetvalue(st->res, st->row, c), (size_t)PQgetlength(st->res, st->row, c)};
}

static int64_t pg_col_int(void *v, int c) {
    plm_str t = pg_col_text(v, c);
    return t.p ? strtoll(t.p, NULL, 10) : 0;
}

static double pg_col_real(void *v, int c) {
    plm_str t = pg_col_text(v, c);
    return t.p ? strtod(t.p, NULL) : 0.0;
}

static plm_str pg_col_blob(void *v, int c) {
    pg_stmt *st = v;
    size_t n = 0;
    plm_str t = pg_col_text(v, c);
    if (!t.p) return t;
    unsigned char *raw = PQunescapeBytea((const unsigned char *)t.p, &n);
    plm_buf_clear(&st->cell);
    plm_buf_put(&st->cell, raw ? raw : (unsigned char *)(uintptr_t)"", raw ? n : 0);
    PQfreemem(raw);
    return plm_buf_str(&st->cell);
}

const plm_driver plm_driver_postgres = {
    true,         pg_open,     pg_close,    pg_turn,      pg_exec,      pg_prepare,  pg_append,
    pg_finish,
    pg_bind_int,  pg_bind_real, pg_bind_text, pg_bind_blob, pg_bind_null, pg_step,   pg_reset,
    pg_col_null,  pg_col_int,  pg_col_real, pg_col_text,  pg_col_blob};
