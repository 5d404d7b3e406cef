/* load_row.h: what the readers of CSV and JSON rows share. */
#ifndef PLM_CUSTODY_LOAD_ROW_H
#define PLM_CUSTODY_LOAD_ROW_H

#include "base/json.h"
#include "custody/load.h"

typedef struct plm_loader {
    plm_store *s;
    plm_load *out;
    plm_arena *a; /* reset for each row */
    plm_stmt *find, *put, *name, *drop[3], *part[3], *feed;
    const char *kind; /* the word */
    int64_t fed;      /* the last number of load_feed */
    uint64_t row;
    bool refused; /* this row is */
    plm_str id;   /* of this row, as written */
    plm_fault *f; /* a fault of the store ends the file */
} plm_loader;

/* Refuses the row: code, the column, and what is wrong.  Returns false. */
bool plm_load_refuse(plm_loader *l, const char *code, const char *column, const char *say,
                     plm_str value);
/* Values of a row; an empty str gives NULL (p NULL, *null set).  False: refused. */
bool plm_load_bind_text(plm_loader *l, int i, plm_str v);
bool plm_load_bind_key(plm_loader *l, int i, plm_str v);
bool plm_load_bind_day(plm_loader *l, int i, const char *column, plm_str v);
bool plm_load_bind_real(plm_loader *l, plm_stmt *st, int i, const char *column, plm_str v,
                        double lo,
                        double hi);
/* A decimal times 10^digits as a whole number from lo. */
bool plm_load_scaled(plm_loader *l, const char *column, plm_str v, int digits, int64_t lo,
                     int64_t *out);
bool plm_load_bind_scaled(plm_loader *l, int i, const char *column, plm_str v, int digits,
                          int64_t lo);
/* Is the row with this key new, changed or the same?  When it is not the same its parts are
 * dropped; *same says to leave it. */
bool plm_load_decide(plm_loader *l, plm_str key, const unsigned char digest[32], bool *same);
plm_str plm_load_key(plm_loader *l, plm_str v);

bool plm_load_csv(plm_loader *l, const char *kind, plm_str text);
bool plm_load_json(plm_loader *l, const char *kind, plm_str text);
bool plm_load_prepare_csv(plm_loader *l, const char *kind);
bool plm_load_prepare_json(plm_loader *l, const char *kind);

#endif
