/* store.h: the seam between the custody room and a database.  Everything above it speaks one
 * small SQL (SELECT, INSERT … ON CONFLICT, UPDATE; parameters ?1, ?2 …; INTEGER, TEXT, BLOB,
 * REAL) that SQLite and PostgreSQL both take; what differs is rewritten below it.
 * What commit has acknowledged is on disk.  One writer at a time; readers see a snapshot. */
#ifndef PLM_CUSTODY_STORE_H
#define PLM_CUSTODY_STORE_H

#include "plimsoll/base.h"

#define PLM_STORE_SQL_MAX 4096u    /* bytes of one statement */
#define PLM_STORE_PARAMS_MAX 32u   /* parameters of one statement */
#define PLM_STORE_BUSY_MS 60000    /* how long a writer waits for its turn */

typedef struct plm_store plm_store;
typedef struct plm_stmt plm_stmt;

/* Opens where (a file, made when missing, or postgres://…) and brings its schema up to date.
 * NULL and f filled on error. */
plm_store *plm_store_open(const char *where, plm_fault *f);
void plm_store_close(plm_store *s); /* NULL is allowed; open transactions roll back */
bool plm_store_is_postgres(const plm_store *s);

/* begin takes the writer's turn at once; snapshot starts a read-only view. */
bool plm_store_begin(plm_store *s, plm_fault *f);
bool plm_store_snapshot(plm_store *s, plm_fault *f);
bool plm_store_commit(plm_store *s, plm_fault *f);
void plm_store_rollback(plm_store *s);
/* Statements without parameters and rows, separated by ; */
bool plm_store_exec(plm_store *s, const char *sql, plm_fault *f);

/* Prepares sql once (or takes up one that was freed); free with plm_stmt_free before the store is
 * closed. */
plm_stmt *plm_stmt_new(plm_store *s, const char *sql, plm_fault *f);
/* A statement that adds one row to table at each plm_stmt_run; columns as in an INSERT, all bound
 * with values of their own type.  Rows may wait in memory until the next other statement or the
 * commit, so a row that the table refuses may fail there. */
plm_stmt *plm_stmt_append(plm_store *s, const char *table, const char *columns, plm_fault *f);
void plm_stmt_free(plm_stmt *st); /* NULL is allowed */
/* Parameters from 1; text and blobs are borrowed until the statement is run or stepped to its
 * end.  A parameter not set is NULL.  A str whose p is NULL binds NULL. */
void plm_stmt_int(plm_stmt *st, int i, int64_t v);
void plm_stmt_real(plm_stmt *st, int i, double v);
void plm_stmt_text(plm_stmt *st, int i, plm_str v);
void plm_stmt_blob(plm_stmt *st, int i, const void *p, size_t n);
void plm_stmt_null(plm_stmt *st, int i);
/* Next row: 1 a row, 0 the end (the statement is reset and its parameters forgotten), -1 fault
 * (reset too). */
int plm_stmt_step(plm_stmt *st, plm_fault *f);
/* Steps to the end without looking at rows; *changed (may be NULL) is the count of rows changed. */
bool plm_stmt_run(plm_stmt *st, int64_t *changed, plm_fault *f);
/* Leaves the rows that are left. */
void plm_stmt_reset(plm_stmt *st);
/* Columns from 0, valid until the next step or reset; NULL reads as 0, 0.0, an empty str. */
bool plm_col_null(const plm_stmt *st, int c);
int64_t plm_col_int(const plm_stmt *st, int c);
double plm_col_real(const plm_stmt *st, int c);
plm_str plm_col_text(const plm_stmt *st, int c);
plm_str plm_col_blob(plm_stmt *st, int c);

#endif
