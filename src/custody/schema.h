/* schema.h: the numbered migrations of a custody store.  Written in the seam's SQL: on
 * PostgreSQL INTEGER is read as BIGINT, BLOB as BYTEA, REAL as DOUBLE PRECISION, and STRICT and
 * WITHOUT ROWID are dropped.  A migration is never edited once released: add the next one. */
#ifndef PLM_CUSTODY_SCHEMA_H
#define PLM_CUSTODY_SCHEMA_H

/* Migration n is plm_schema_steps[n - 1]; the list ends with NULL. */
extern const char *const plm_schema_steps[];
#define PLM_SCHEMA_RUNS 4  /* the version that keeps the index of events in runs */
#define PLM_SCHEMA_PARTS 6 /* the version that packs an event into one row and the log into tiles */

#endif
