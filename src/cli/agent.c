/* agent.c: `plimsoll agent`: the daemon beside the chip, which answers. */
#include "cli/cli.h"
#include "cli/locate_session.h"

#include <stdio.h>
#include <string.h>

static const char help[] =
    "usage: plimsoll agent --device NAME --key FILE --directory D.json --trust PUB\n"
    "                      --listen ADDR:PORT [--tpm TCTI]\n\n"
    "Answers the directory's landmarks in sessions that its verifiers open.  Prints \"ready\",\n"
    "logs a JSON line per session on stderr, and ends on SIGTERM.  With --tpm each session's key\n"
    "is bound by a quote of the TPM 2.0 there, under the key that the directory has as the\n"
    "device's \"ak\" (any persistent or loaded key; 'plimsoll key new --tpm' makes one).\n\n"
    "examples:\n"
    "  plimsoll agent --device gpu-7 --key gpu-7.key --directory d.json \\\n"
    "      --trust \"$(cat root.pub)\" --listen 0.0.0.0:4700\n"
    "  plimsoll agent … --tpm device:/dev/tpmrm0\n\n"
    "exit status: 0 ended by a signal, 2 error\n";

int plm_cli_agent(int argc, char **argv) {
    plm_probe_daemon d = {0};
    const char *directory = NULL, *trust = NULL, *v;
    bool bad = false;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--help") == 0) return fputs(help, stdout), 0;
        if ((v = plm_cli_value(argc, argv, &i, "--device", &bad))) d.name = v;
        else if ((v = plm_cli_value(argc, argv, &i, "--key", &bad))) d.key_path = v;
        else if ((v = plm_cli_value(argc, argv, &i, "--directory", &bad))) directory = v;
        else if ((v = plm_cli_value(argc, argv, &i, "--trust", &bad))) trust = v;
        else if ((v = plm_cli_value(argc, argv, &i, "--listen", &bad))) d.listen = v;
        else if ((v = plm_cli_value(argc, argv, &i, "--tpm", &bad))) d.tpm = v;
        else if (bad) return plm_cli_usage("agent", "%s needs a value", argv[i]);
        else return plm_cli_usage("agent", "'%s' is not understood", argv[i]);
    }
    if (!d.name || !d.key_path || !directory || !trust || !d.listen)
        return plm_cli_usage("agent",
                             "--device, --key, --directory, --trust and --listen are needed");
    plm_fault f = {0};
    plm_arena *a = NULL;
    plm_probe_directory dir;
    if (!plm_cli_directory(directory, trust, &a, &dir, &f)) return plm_cli_fault("agent", &f);
    d.directory = &dir;
    bool ok = plm_probe_agent_run(&d, &f);
    plm_arena_free(a);
    return ok ? 0 : plm_cli_fault("agent", &f);
}
