/* caps_plan.h: the parts of `caps` that look ahead and post nothing; argv[0] is their own word. */
#ifndef PLM_CLI_CAPS_PLAN_H
#define PLM_CLI_CAPS_PLAN_H

#include "custody/store.h"

/* The history to look ahead from; NULL: an empty one.  A file that is not there is a fault: looked
 * ahead from nothing, everything would fit. */
plm_store *plm_cli_caps_history(const char *where, plm_fault *f);
int plm_cli_caps_forecast(int argc, char **argv);
int plm_cli_caps_whatif(int argc, char **argv);

#endif
