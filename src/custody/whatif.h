/* whatif.h: the most TPP that can be placed at sites under power, stock and caps.  A linear
 * program gives a bound and prices; the plan is of whole chips and is checked in whole numbers.
 * Nothing is posted. */
#ifndef PLM_CUSTODY_WHATIF_H
#define PLM_CUSTODY_WHATIF_H

#include "custody/caps.h"

#define PLM_WHATIF_SITES_MAX 2000u
#define PLM_WHATIF_CHIPS_MAX 200u
#define PLM_WHATIF_CAPS_MAX 500u
#define PLM_WHATIF_VARS_MAX 20000u  /* sites times chips */
#define PLM_WHATIF_ROWS_MAX 10000u
#define PLM_WHATIF_TERMS_MAX 2000000u /* of all rows together */
#define PLM_WHATIF_TPP_MAX 1000000000000ll /* of one chip */
#define PLM_WHATIF_COUNT_MAX 1000000000ll  /* of chips, as a limit */
#define PLM_WHATIF_MW_MAX 1000000          /* of one site */

typedef struct plm_wi_place {
    plm_str id;
    plm_caps_holder at; /* without a sku */
    plm_tpp power_mw9;  /* billionths of a MW, -1: not limited */
    int64_t pue_millionths, chips_max; /* -1: not limited */
} plm_wi_place;

typedef struct plm_wi_chip {
    plm_str sku;
    int64_t tpp, milliwatts, stock; /* stock -1: not limited */
} plm_wi_chip;

/* A cap of the file: on what matches all lists that are not empty. */
typedef struct plm_wi_limit {
    plm_str id;
    const bool *site, *chip; /* which count */
    plm_tpp tpp_max, chips_max; /* -1: not limited */
} plm_wi_limit;

typedef struct plm_wi_problem {
    plm_day day;
    plm_wi_place *site;
    plm_wi_chip *chip;
    plm_wi_limit *limit;
    size_t sites, chips, limits;
} plm_wi_problem;

/* Reads the file's object; everything is in a.  False and f (where: the field). */
bool plm_whatif_read(const plm_json *v, plm_arena *a, plm_wi_problem *out, plm_fault *f);

/* Units of a row: of power 10^-15 MW, else chips or TPP, or hundredths of TPP of a share. */
typedef enum plm_wi_unit { PLM_WI_MW, PLM_WI_CHIPS, PLM_WI_TPP, PLM_WI_SHARE } plm_wi_unit;

/* sum of coef x <= room, room from 0: nothing placed always fits. */
typedef struct plm_wi_row {
    plm_str name, cite; /* cite empty: of the file */
    plm_wi_unit unit;
    uint32_t first, n; /* its terms */
    plm_tpp room, used; /* used by the plan */
    double price;       /* TPP more for one unit more, as the linear program has it */
} plm_wi_row;

typedef struct plm_wi_term {
    uint32_t var; /* site * chips + chip */
    plm_tpp coef;
} plm_wi_term;

typedef struct plm_wi_rows {
    plm_wi_row *v;
    size_t n;
    plm_wi_term *term;
    size_t terms;
    plm_arena *a;
} plm_wi_rows;

/* The rows of power, stock and the file's caps, and of the rule set that c has, upon c's history
 * (plm_caps_look first).  rows->a must be set. */
bool plm_whatif_rows(const plm_wi_problem *p, plm_caps *c, plm_wi_rows *rows, plm_fault *f);

typedef struct plm_wi_plan {
    int64_t *count; /* chips of each variable */
    plm_tpp tpp, chips;
    plm_tpp bound;  /* no plan, of parts of chips even, holds more: proved in whole numbers */
    bool searched;  /* the search for whole chips came to its end */
    bool proved;    /* no plan of whole chips is better: the bound leaves no room for one */
    uint32_t *turn; /* variables, sites that only add to the base of shares first */
    bool in_turn;   /* in that order each can be posted one after the other */
} plm_wi_plan;

/* Fills out (its arrays in rows->a), and used and price of every row. */
bool plm_whatif_solve(const plm_wi_problem *p, plm_wi_rows *rows, plm_wi_plan *out, plm_fault *f);

#endif
