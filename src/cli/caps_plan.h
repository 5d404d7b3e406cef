/* caps_plan.h: the parts of `caps` that look ahead and post nothing; argv[0] is their own word. */
#ifndef PLM_CLI_CAPS_PLAN_H
#define PLM_CLI_CAPS_PLAN_H

#include "base/json.h"
#include "custody/caps.h"
#include "custody/store.h"

/* The history to look ahead from; NULL: an empty one.  A file that is not there is a fault: looked
 * ahead from nothing, everything would fit. */
plm_store *plm_cli_caps_history(const char *where, plm_fault *f);
int plm_cli_caps_forecast(int argc, char **argv);
int plm_cli_caps_whatif(int argc, char **argv);

/* "key": the TPP, a number of any size. */
void plm_cli_put_tpp(plm_jw *w, const char *key, plm_tpp v);
/* The cap that refuses, from "cap" to "over". */
void plm_cli_put_cap(plm_jw *w, const plm_caps_answer *x);

#endif
