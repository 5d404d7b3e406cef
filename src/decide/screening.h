/* screening.h: a party whose listing the case leaves out, screened against the lists loaded. */
#ifndef PLM_DECIDE_SCREENING_H
#define PLM_DECIDE_SCREENING_H

#include "plimsoll/decide.h"
#include "plimsoll/effects.h"

typedef struct plm_screening plm_screening;

/* Opens the lists of dir; what being on each means is law's, which outlives it.  shipped: the
 * folder of the lists that ship (NULL: none), of which the end users that 744.22(f)(2) names are
 * screened where dir has no list of that kind.  assume_clear: a kind of listing of which no list is
 * loaded counts as not listed; else it is not known.  NULL and f filled in error. */
plm_screening *plm_screening_open(const char *dir, const char *shipped, const plm_effects *law,
                                  bool assume_clear, plm_fault *f);
void plm_screening_free(plm_screening *s);
/* A plm_listing: ctx is the plm_screening.  An exact match is a listing, a strong or weak one
 * leaves the listing unknown, and none is none, of the kinds of which a list is loaded. */
bool plm_screening_party(void *ctx, const plm_party *p, plm_day as_of, plm_listed *out,
                         plm_screened *told);

#endif
