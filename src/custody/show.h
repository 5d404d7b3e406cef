/* show.h: one thing's record: what it is, where it is, what it is in and holds, its history. */
#ifndef PLM_CUSTODY_SHOW_H
#define PLM_CUSTODY_SHOW_H

#include "base/json.h"
#include "custody/store.h"

#define PLM_SHOW_DEPTH_MAX 8        /* containers in containers that are followed */
#define PLM_SHOW_EVENTS_MAX 200000  /* events of one thing */

/* Appends the object of `custody show` for id (EPC in any form, SSCC, device id) to out. */
bool plm_show(plm_store *s, plm_str id, plm_buf *out, plm_fault *f);

#endif
