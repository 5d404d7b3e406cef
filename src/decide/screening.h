/* screening.h: a party whose listing the case leaves out, screened against the lists loaded. */
#ifndef PLM_DECIDE_SCREENING_H
#define PLM_DECIDE_SCREENING_H

#include "plimsoll/decide.h"
#include "plimsoll/screen.h"

typedef struct plm_screening plm_screening;

/* Opens the lists of dir.  NULL and f filled in error. */
plm_screening *plm_screening_open(const char *dir, plm_fault *f);
void plm_screening_free(plm_screening *s);
/* A plm_listing: ctx is the plm_screening.  An exact match is a listing, a strong or weak one
 * leaves the listing unknown, and none is none; the lists that are not loaded are named. */
bool plm_screening_party(void *ctx, const plm_party *p, plm_listed *out, plm_str *said);

#endif
