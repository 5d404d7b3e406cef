/* findings.h: a finding as JSON, and in the store. */
#ifndef PLM_CUSTODY_FINDINGS_H
#define PLM_CUSTODY_FINDINGS_H

#include "base/json.h"
#include "custody/store.h"
#include "plimsoll/custody.h"

/* A member that is an array of texts; of NULL-ended words (NULL: none). */
void plm_finding_list(plm_jw *w, const char *key, const plm_find_list *l);
void plm_finding_words(plm_jw *w, const char *key, const char *const *p);
/* Appends the finding as the contract prints it. */
void plm_finding_write(plm_buf *b, const plm_finding *g);
/* Keeps each finding above a note: a new one, or one that says something new, is a leaf of the
 * log.  Nothing is forgotten: a finding that later records explain stays on file. */
bool plm_findings_record(plm_store *s, const plm_findings *out, plm_fault *f);
/* A day (its end) or an ISO 8601 instant, in ns since 1970. */
bool plm_findings_time(plm_str s, int64_t *ns);

#endif
