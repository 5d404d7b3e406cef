/* rules.h: the larger commands of `plimsoll rules`, a file each. */
#ifndef PLM_CLI_RULES_H
#define PLM_CLI_RULES_H

#include "plimsoll/rules.h"

int plm_cli_rules_diff(int argc, char **argv);
int plm_cli_rules_drift(int argc, char **argv);
int plm_cli_rules_fmt(int argc, char **argv);
/* The book of the files given, over the shipped law when they do not stand alone. */
plm_book *plm_cli_book_of(char **files, int n);
/* Does one of the files begin a book of its own (a `rulebook` declaration)? */
bool plm_cli_stands_alone(char **files, int n);

#endif
