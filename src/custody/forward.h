/* forward.h: brings the rows of an older store into the form of a newer one. */
#ifndef PLM_CUSTODY_FORWARD_H
#define PLM_CUSTODY_FORWARD_H

#include "custody/store.h"

/* From the rows of schema 5 to the packed ones of 6; between those two steps, in the writer's
 * turn.  What is damaged is moved as it is, so that `log verify` names it. */
bool plm_forward_parts(plm_store *s, plm_fault *f);

#endif
