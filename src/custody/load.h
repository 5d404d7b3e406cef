/* load.h: the side tables: licenses, sites, devices, orders, attestations, locations. */
#ifndef PLM_CUSTODY_LOAD_H
#define PLM_CUSTODY_LOAD_H

#include "custody/store.h"

#define PLM_LOAD_FILE_MAX ((size_t)2 << 30) /* bytes of one file */
#define PLM_LOAD_REFUSED_LISTED_MAX 10000u
#define PLM_LOAD_COLUMNS_MAX 64

typedef struct plm_load {
    uint64_t rows, fresh, changed, refused_n;
    plm_buf refused; /* objects {"row","id","code","say"}, joined by commas; rows from 1 */
} plm_load;

/* Upserts every row of path ("-": standard input) in one transaction; bad rows are refused one by
 * one and the others kept.  kind: licenses sites devices orders attestations locations.  False
 * and f: nothing is stored. */
bool plm_load_file(plm_store *s, const char *kind, const char *path, plm_load *out, plm_fault *f);
void plm_load_free(plm_load *l);
/* True when kind is one of the six. */
bool plm_load_knows(const char *kind);

#endif
