/* cli.h: one file a verb; a verb is `int plm_cli_NAME(int argc, char **argv)` with argv[0] the
 * verb's own name, and gives the exit status: 0, 1 as its contract says, 2 in error.
 * To add one: write src/cli/NAME.c and a line in src/cli/verbs.def. */
#ifndef PLM_CLI_H
#define PLM_CLI_H

#include "plimsoll/base.h"

#define PLM_EXIT_ERROR 2

/* Prints "plimsoll VERB: where:line:column: say" on stderr and returns PLM_EXIT_ERROR. */
int plm_cli_fault(const char *verb, const plm_fault *f);
/* Prints "plimsoll VERB: text; see 'plimsoll VERB --help'" and returns PLM_EXIT_ERROR. */
int plm_cli_usage(const char *verb, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* The value of "--name VALUE" or "--name=VALUE" at argv[*i]; advances *i.  NULL when argv[*i] is
 * another word, or when the value is missing (then *bad is set). */
const char *plm_cli_value(int argc, char **argv, int *i, const char *name, bool *bad);
/* Flushes stdout; PLM_EXIT_ERROR instead of status when the output could not be written. */
int plm_cli_done(int status);

#define VERB(name, word, summary) int plm_cli_##name(int argc, char **argv);
#include "cli/verbs.def"
#undef VERB

#endif
