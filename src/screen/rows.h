/* rows.h: growing arrays, and the distinct units that index.c and portfolio_make.c number. */
#ifndef PLM_SCREEN_ROWS_H
#define PLM_SCREEN_ROWS_H

#include "screen/name.h"

typedef struct vec {
    char *p;
    size_t n, cap;
    uint32_t row;            /* bytes */
} vec;
/* n zeroed rows more; NULL without memory. */
void *plm_vec_push(vec *v, size_t n);

/* Room for one row more, not zeroed, where p, n and cap are counted apart; NULL without memory. */
void *plm_rows_more(void **p, uint32_t *n, uint32_t *cap, size_t row);

/* Numbers of distinct units, found by the unit: open addressing. */
typedef struct unit_set {
    uint32_t *slot;          /* number + 1; 0: free */
    uint32_t n;
} unit_set;
/* Where u's number + 1 stands among those of units (a vec of unit): 0 there when u is none of them,
 * and then the caller pushes it and writes.  NULL without memory. */
uint32_t *plm_unit_set_place(unit_set *s, const vec *units, const unit *u);

#endif
