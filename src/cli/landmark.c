/* landmark.c: `plimsoll landmark`: the daemon that measures. */
#include "cli/cli.h"
#include "cli/locate_session.h"

#include <stdio.h>
#include <string.h>

static const char help[] =
    "usage: plimsoll landmark --id NAME --key FILE --directory D.json --trust PUB\n\n"
    "Listens on the UDP address that the directory has for NAME and measures devices for the\n"
    "directory's verifiers.  Prints \"ready\", logs a JSON line per session on stderr, and ends\n"
    "on SIGTERM.  Needs no privileges, and gives up those it has.\n\n"
    "examples:\n"
    "  plimsoll landmark --id fra-1 --key fra-1.key --directory d.json --trust \"$(cat root.pub)\"\n\n"
    "exit status: 0 ended by a signal, 2 error\n";

int plm_cli_landmark(int argc, char **argv) {
    plm_probe_daemon d = {0};
    const char *directory = NULL, *trust = NULL, *v;
    bool bad = false;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--help") == 0) return fputs(help, stdout), 0;
        if ((v = plm_cli_value(argc, argv, &i, "--id", &bad))) d.name = v;
        else if ((v = plm_cli_value(argc, argv, &i, "--key", &bad))) d.key_path = v;
        else if ((v = plm_cli_value(argc, argv, &i, "--directory", &bad))) directory = v;
        else if ((v = plm_cli_value(argc, argv, &i, "--trust", &bad))) trust = v;
        else if (bad) return plm_cli_usage("landmark", "%s needs a value", argv[i]);
        else return plm_cli_usage("landmark", "'%s' is not understood", argv[i]);
    }
    if (!d.name || !d.key_path || !directory || !trust)
        return plm_cli_usage("landmark", "--id, --key, --directory and --trust are needed");
    plm_fault f = {0};
    plm_arena *a = NULL;
    plm_probe_directory dir;
    if (!plm_cli_directory(directory, trust, &a, &dir, &f)) return plm_cli_fault("landmark", &f);
    d.directory = &dir;
    bool ok = plm_probe_landmark_run(&d, &f);
    plm_arena_free(a);
    return ok ? 0 : plm_cli_fault("landmark", &f);
}
