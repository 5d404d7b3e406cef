/* findings.h: a finding as JSON, and in the store. */
#ifndef PLM_CUSTODY_FINDINGS_H
#define PLM_CUSTODY_FINDINGS_H

#include "custody/store.h"
#include "plimsoll/custody.h"

/* Appends the finding as the contract prints it. */
void plm_finding_write(plm_buf *b, const plm_finding *g);
/* Keeps each finding above a note: a new one, or one that says something new, is a leaf of the
 * log.  Nothing is forgotten: a finding that later records explain stays on file. */
bool plm_findings_record(plm_store *s, const plm_findings *out, plm_fault *f);
/* A day (its end) or an ISO 8601 instant, in ns since 1970. */
bool plm_findings_time(plm_str s, int64_t *ns);

#endif
