/* effects.h: finding and loading the lists' legal effects, for the verbs that screen. */
#ifndef PLM_CLI_EFFECTS_H
#define PLM_CLI_EFFECTS_H

#include "cli/cli.h"
#include "plimsoll/effects.h"

/* Loads file, or where it is NULL the shipped us/lists.json: of $PLIMSOLL_RULEBOOKS where that has
 * one, else beside the program, else here.  NULL when in error (said on stderr). */
plm_effects *plm_cli_effects(const char *verb, const char *file);
/* The folder of the lists that ship, beside the rulebooks of plm_cli_effects; static. */
const char *plm_cli_shipped_lists(void);

#endif
