/* caps_plan.h: the parts of `caps` that look ahead and post nothing; argv[0] is their own word. */
#ifndef PLM_CLI_CAPS_PLAN_H
#define PLM_CLI_CAPS_PLAN_H

int plm_cli_caps_forecast(int argc, char **argv);
int plm_cli_caps_whatif(int argc, char **argv);

#endif
