/* locate_session.h: what `plimsoll locate` hands on: each takes the words from its own name on
 * (argv[0] is "session", "directory" or "verify") and gives the exit status. */
#ifndef PLM_CLI_LOCATE_SESSION_H
#define PLM_CLI_LOCATE_SESSION_H

#include "plimsoll/probe.h"

int plm_cli_locate_session(int argc, char **argv);
int plm_cli_locate_directory(int argc, char **argv);
/* `locate verify` where --directory or --trust is among the words: session files. */
int plm_cli_locate_verify_session(int argc, char **argv);

/* Reads the directory at path under the public key trust (hexadecimal) into a new arena (the
 * caller frees it, on success). */
bool plm_cli_directory(const char *path, const char *trust, plm_arena **a,
                       plm_probe_directory *out, plm_fault *f);
/* An integer from lo to hi in plain digits. */
bool plm_cli_number(const char *s, unsigned lo, unsigned hi, unsigned *out);

#endif
