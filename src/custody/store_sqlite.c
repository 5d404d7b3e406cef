/* store_sqlite.c: SQLite behind the seam.  WAL with synchronous=FULL: a commit that returned is
 * on disk.  BEGIN IMMEDIATE is the writer's turn, waited for up to PLM_STORE_BUSY_MS. */
#include "custody/store_driver.h"

#include <fcntl.h>
#include <pthread.h>
#include <sqlite3.h>
#include <string.h>
#include <unistd.h>

#define WRITE_EARLY_OPS 500000 /* of SQLite's machine: some ten thousand rows */

static bool lite_fail(sqlite3 *db, plm_fault *f) {
    int code = sqlite3_errcode(db);
    return plm_fail(f, PLM_IO, "the store refused: %s%s", sqlite3_errmsg(db),
                    code == SQLITE_NOTADB    ? " (name a SQLite file or a new path)"
                    : code == SQLITE_FULL    ? " (free some space; what was answered is kept,"
                                               " nothing after it was stored)"
                    : code == SQLITE_IOERR   ? " (the disk is full or failing; what was answered"
                                               " is kept, nothing after it was stored)"
                    : code == SQLITE_BUSY    ? " (another writer holds it)"
                                             : "");
}

typedef struct lite_db {
    sqlite3 *c;
    int wal; /* the log's file, opened to start its writing early; -1 not yet */
} lite_db;

static bool lite_exec(void *db, const char *sql, plm_fault *f) {
    sqlite3 *c = ((lite_db *)db)->c;
    return sqlite3_exec(c, sql, NULL, NULL, NULL) == SQLITE_OK || lite_fail(c, f);
}

static void lite_close(void *v) {
    lite_db *db = v;
    sqlite3_close_v2(db->c);
    if (db->wal >= 0) close(db->wal); /* no lock is ever on the log, so none goes with this */
    plm_mem_free(db);
}

/* Called now and then while a writer's statements run: what a large commit has put in the log so
 * far starts on its way to the disk, so that the sync at its end waits for the rest only.  A hint:
 * the sync stays, whatever becomes of this. */
static int lite_write_early(void *v) {
    lite_db *db = v;
    const char *name = sqlite3_db_filename(db->c, "main");
    if (db->wal < 0 && name && name[0])
        db->wal = open(sqlite3_filename_wal(name), O_RDONLY | O_CLOEXEC);
    if (db->wal >= 0) sync_file_range(db->wal, 0, 0, SYNC_FILE_RANGE_WRITE);
    return 0;
}

/* Several processes may make the store at once; the switch to WAL then answers busy. */
static bool lite_set_up(lite_db *db, plm_fault *f) {
    int rc = SQLITE_BUSY;
    for (int i = 0; i < PLM_STORE_BUSY_MS / 20 && rc == SQLITE_BUSY; i++) {
        rc = sqlite3_exec(db->c, "PRAGMA page_size=8192; PRAGMA journal_mode=WAL", NULL, NULL,
                          NULL);
        if (rc == SQLITE_BUSY) usleep(20000);
    }
    if (rc != SQLITE_OK) return lite_fail(db->c, f);
    return lite_exec(db, "PRAGMA synchronous=FULL; PRAGMA cache_size=-32768;"
                         "PRAGMA temp_store=MEMORY; PRAGMA wal_autocheckpoint=8192;"
                         "PRAGMA trusted_schema=OFF; PRAGMA cell_size_check=ON", f);
}

/* Before the first store: its count of bytes in use costs a lock at each allocation. */
static void lite_once(void) { sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0); }

static void *lite_open(const char *where, plm_fault *f) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, lite_once);
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
    if (!where[0]) {
        plm_fail(f, PLM_BAD_INPUT, "--store needs a file or a postgres:// address");
        return NULL;
    }
    lite_db *db = plm_mem_resize(NULL, sizeof *db);
    if (!db) {
        plm_fail(f, PLM_NO_MEMORY, "no memory to open the store");
        return NULL;
    }
    *db = (lite_db){.wal = -1};
    if (sqlite3_open_v2(where, &db->c, flags, NULL) == SQLITE_OK) {
        sqlite3_busy_timeout(db->c, PLM_STORE_BUSY_MS);
        if (lite_set_up(db, f)) return db;
    } else {
        plm_fail_at(f, PLM_IO, where, 0, 0, "the store can't be opened: %s",
                    db->c ? sqlite3_errmsg(db->c) : "no memory");
    }
    lite_close(db);
    return NULL;
}

static bool lite_turn(void *v, char kind, plm_fault *f) {
    lite_db *db = v;
    sqlite3_progress_handler(db->c, kind == 'w' ? WRITE_EARLY_OPS : 0, lite_write_early, db);
    if (kind == 'w') return lite_exec(db, "BEGIN IMMEDIATE", f);
    if (kind == 'r') return lite_exec(db, "BEGIN", f);
    if (kind == 'c') return lite_exec(db, "COMMIT", f);
    return sqlite3_get_autocommit(db->c) || lite_exec(db, "ROLLBACK", f);
}

static void *lite_prepare(void *v, const char *sql, plm_fault *f) {
    sqlite3 *db = ((lite_db *)v)->c;
    sqlite3_stmt *st = NULL;
    if (sqlite3_prepare_v3(db, sql, -1, SQLITE_PREPARE_PERSISTENT, &st, NULL) == SQLITE_OK)
        return st;
    lite_fail(db, f);
    return NULL;
}

static void *lite_append(void *db, const char *table, const char *columns, int n, plm_fault *f) {
    plm_buf b;
    plm_buf_init(&b, PLM_STORE_SQL_MAX);
    plm_buf_printf(&b, "INSERT INTO %s (%s) VALUES (", table, columns);
    for (int i = 1; i <= n; i++) plm_buf_printf(&b, "%s?%d", i > 1 ? ", " : "", i);
    plm_buf_put(&b, ")", 2);
    void *st = b.full ? NULL : lite_prepare(db, b.p, f);
    plm_buf_free(&b);
    return st;
}

static void lite_finish(void *st) { sqlite3_finalize(st); }
static void lite_bind_int(void *st, int i, int64_t v) { sqlite3_bind_int64(st, i, v); }
static void lite_bind_real(void *st, int i, double v) { sqlite3_bind_double(st, i, v); }
static void lite_bind_null(void *st, int i) { sqlite3_bind_null(st, i); }

static void lite_bind_text(void *st, int i, plm_str v) {
    sqlite3_bind_text64(st, i, v.p, v.n, SQLITE_STATIC, SQLITE_UTF8);
}

static void lite_bind_blob(void *st, int i, plm_str v) {
    sqlite3_bind_blob64(st, i, v.p, v.n, SQLITE_STATIC);
}

static void lite_reset(void *st) {
    sqlite3_reset(st);
    sqlite3_clear_bindings(st);
}

static int lite_step(void *st, int64_t *changed, plm_fault *f) {
    int rc = sqlite3_step(st);
    if (rc == SQLITE_ROW) return 1;
    sqlite3 *db = sqlite3_db_handle(st);
    if (rc != SQLITE_DONE) lite_fail(db, f);
    else if (changed) *changed = sqlite3_changes64(db);
    lite_reset(st);
    return rc == SQLITE_DONE ? 0 : -1;
}

static bool lite_col_null(void *st, int c) { return sqlite3_column_type(st, c) == SQLITE_NULL; }
static int64_t lite_col_int(void *st, int c) { return sqlite3_column_int64(st, c); }
static double lite_col_real(void *st, int c) { return sqlite3_column_double(st, c); }

static plm_str lite_col_text(void *st, int c) {
    const char *p = (const char *)sqlite3_column_text(st, c);
    return (plm_str){p, p ? (size_t)sqlite3_column_bytes(st, c) : 0};
}

static plm_str lite_col_blob(void *st, int c) {
    const char *p = sqlite3_column_blob(st, c);
    return (plm_str){p, p ? (size_t)sqlite3_column_bytes(st, c) : 0};
}

const plm_driver plm_driver_sqlite = {
    false,          lite_open,      lite_close,     lite_turn,     lite_exec,     lite_prepare,
    lite_append,    lite_finish,    lite_bind_int,  lite_bind_real, lite_bind_text, lite_bind_blob,
    lite_bind_null, lite_step,      lite_reset,     lite_col_null, lite_col_int,
    lite_col_real,  lite_col_text,  lite_col_blob};
