/* lists.h: parts of `plimsoll lists` that stand in a file of their own. */
#ifndef PLM_CLI_LISTS_H
#define PLM_CLI_LISTS_H

#include "plimsoll/effects.h"

/* `plimsoll lists effects`: argv[0] is "effects".  Gives the exit status. */
int plm_cli_lists_effects(int argc, char **argv);
/* For `show`: the lists that l holds, their rows, and what an exact match of each would be. */
void plm_cli_lists_law(const plm_lists *l, bool json);

#endif
