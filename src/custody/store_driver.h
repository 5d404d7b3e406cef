/* store_driver.h: what a database must do to stand behind the seam of store.h. */
#ifndef PLM_CUSTODY_STORE_DRIVER_H
#define PLM_CUSTODY_STORE_DRIVER_H

#include "custody/store.h"

typedef struct plm_driver {
    bool postgres;
    void *(*open)(const char *where, plm_fault *f);
    void (*close)(void *db);
    /* kind: 'w' the writer's turn, 'r' a snapshot, 'c' commit, 'b' roll back */
    bool (*turn)(void *db, char kind, plm_fault *f);
    bool (*exec)(void *db, const char *sql, plm_fault *f);
    void *(*prepare)(void *db, const char *sql, plm_fault *f);
    /* adds rows to table; n columns */
    void *(*append)(void *db, const char *table, const char *columns, int n, plm_fault *f);
    void (*finish)(void *st);
    void (*bind_int)(void *st, int i, int64_t v);
    void (*bind_real)(void *st, int i, double v);
    void (*bind_text)(void *st, int i, plm_str v);
    void (*bind_blob)(void *st, int i, plm_str v);
    void (*bind_null)(void *st, int i);
    int (*step)(void *st, int64_t *changed, plm_fault *f);
    void (*reset)(void *st);
    bool (*col_null)(void *st, int c);
    int64_t (*col_int)(void *st, int c);
    double (*col_real)(void *st, int c);
    plm_str (*col_text)(void *st, int c);
    plm_str (*col_blob)(void *st, int c);
} plm_driver;

extern const plm_driver plm_driver_sqlite;
extern const plm_driver plm_driver_postgres;

#endif
