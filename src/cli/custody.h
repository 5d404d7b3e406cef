/* custody.h: the subverbs of `plimsoll custody`, each `int f(argc, argv)` with argv[0] its word. */
#ifndef PLM_CLI_CUSTODY_H
#define PLM_CLI_CUSTODY_H

int plm_cli_custody_capture(int argc, char **argv);
int plm_cli_custody_load(int argc, char **argv);
int plm_cli_custody_show(int argc, char **argv);
int plm_cli_custody_watch(int argc, char **argv);
int plm_cli_custody_balance(int argc, char **argv);
int plm_cli_custody_report(int argc, char **argv);
int plm_cli_custody_form(int argc, char **argv);
int plm_cli_custody_query(int argc, char **argv);
int plm_cli_custody_feed(int argc, char **argv);
int plm_cli_custody_checks(int argc, char **argv);

#endif
