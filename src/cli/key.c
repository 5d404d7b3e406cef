/* key.c: `plimsoll key new`: a signing key in a file of its own. */
#include "base/file.h"
#include "base/key.h"
#include "cli/cli.h"
#include "plimsoll/probe.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char help[] =
    "usage: plimsoll key new --out FILE [--name ORIGIN]\n"
    "       plimsoll key new --tpm TCTI [--handle H]\n\n"
    "Makes an Ed25519 key.  FILE (new, mode 0600) has both halves; the public half is printed\n"
    "as one line of hexadecimal.  With --name a second line is the verifier key of C2SP\n"
    "signed notes, for logs and witnesses.\n\n"
    "With --tpm a restricted P-256 signing key is made in the TPM 2.0 there and kept at the\n"
    "persistent handle H (0x81010010); its public half is printed as PEM, for a directory's\n"
    "\"ak\".\n\n"
    "examples:\n"
    "  plimsoll key new --out landmark-a.key\n"
    "  plimsoll key new --out log.key --name custody.example/log\n"
    "  plimsoll key new --tpm device:/dev/tpmrm0 > gpu-7-ak.pem\n\n"
    "exit status: 0 made, 2 error\n";

#define HANDLE_DEFAULT 0x81010010u
#define HANDLE_FIRST 0x81000000u
#define HANDLE_LAST 0x81ffffffu

static int in_tpm(const char *tcti, const char *handle) {
    plm_fault f = {0};
    plm_buf pem;
    char *end = NULL;
    unsigned long h = handle ? strtoul(handle, &end, 0) : HANDLE_DEFAULT;
    if ((handle && (*end || end == handle)) || h < HANDLE_FIRST || h > HANDLE_LAST)
        return plm_cli_usage("key", "--handle is a persistent handle, 0x81000000 to 0x81ffffff");
    plm_buf_init(&pem, 4096);
    bool ok = plm_probe_tpm_make_ak(tcti, (uint32_t)h, &pem, &f);
    if (ok) printf("%.*s", PLM_FMT(plm_buf_str(&pem)));
    plm_buf_free(&pem);
    return ok ? 0 : plm_cli_fault("key", &f);
}

int plm_cli_key(int argc, char **argv) {
    const char *out = NULL, *name = NULL, *tpm = NULL, *handle = NULL, *v;
    bool bad = false;
    if (argc > 1 && strcmp(argv[1], "--help") == 0) {
        fputs(help, stdout);
        return 0;
    }
    if (argc < 2 || strcmp(argv[1], "new") != 0)
        return plm_cli_usage("key", "the only verb here is 'new'");
    for (int i = 2; i < argc; i++) {
        if ((v = plm_cli_value(argc, argv, &i, "--out", &bad))) out = v;
        else if ((v = plm_cli_value(argc, argv, &i, "--name", &bad))) name = v;
        else if ((v = plm_cli_value(argc, argv, &i, "--tpm", &bad))) tpm = v;
        else if ((v = plm_cli_value(argc, argv, &i, "--handle", &bad))) handle = v;
        else if (bad) return plm_cli_usage("key", "%s needs a value", argv[i]);
        else if (strcmp(argv[i], "--help") == 0) return fputs(help, stdout), 0;
        else return plm_cli_usage("key", "'%s' is not understood", argv[i]);
    }
    if (tpm && (out || name)) return plm_cli_usage("key", "--tpm goes without --out and --name");
    if (tpm) return in_tpm(tpm, handle);
    if (!out) return plm_cli_usage("key", "--out FILE is missing");
    if (name && !name[0]) return plm_cli_usage("key", "--name is empty");
    plm_fault f = {0};
    plm_key k;
    char hex[PLM_KEY_HEX], vkey[PLM_KEY_VKEY_MAX];
    bool ok = plm_key_new(name, &k, &f) && plm_key_write(&k, out, &f);
    if (ok) {
        plm_hex(k.public, sizeof k.public, hex);
        printf("%s\n", hex);
        if (name && plm_key_vkey_print(name, k.public, vkey)) printf("%s\n", vkey);
    }
    plm_key_wipe(&k);
    return ok ? 0 : plm_cli_fault("key", &f);
}
