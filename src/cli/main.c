/* main.c: finds the verb and runs it. */
#include "cli/cli.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#ifndef PLM_VERSION
#define PLM_VERSION "0.1.0"
#endif

static const struct {
    const char *word, *summary;
    int (*run)(int, char **);
} verbs[] = {
#define VERB(name, word, summary) {word, summary, plm_cli_##name},
#include "cli/verbs.def"
#undef VERB
    {NULL, NULL, NULL},
};

int plm_cli_fault(const char *verb, const plm_fault *f) {
    fprintf(stderr, "plimsoll %s: ", verb);
    if (f->where[0]) fprintf(stderr, "%s:", f->where);
    if (f->line) fprintf(stderr, "%u:", f->line);
    if (f->line && f->column) fprintf(stderr, "%u:", f->column);
    fprintf(stderr, "%s%s\n", f->where[0] || f->line ? " " : "", f->say);
    return PLM_EXIT_ERROR;
}

int plm_cli_usage(const char *verb, const char *fmt, ...) {
    va_list ap;
    va_start(ap, fmt);
    fprintf(stderr, "plimsoll %s: ", verb);
    vfprintf(stderr, fmt, ap);
    fprintf(stderr, "; see 'plimsoll %s --help'\n", verb);
    va_end(ap);
    return PLM_EXIT_ERROR;
}

const char *plm_cli_value(int argc, char **argv, int *i, const char *name, bool *bad) {
    const char *a = argv[*i];
    size_t n = strlen(name);
    if (strncmp(a, name, n) != 0) return NULL;
    if (a[n] == '=') return a + n + 1;
    if (a[n]) return NULL;
    if (*i + 1 >= argc) {
        *bad = true;
        return NULL;
    }
    return argv[++*i];
}

int plm_cli_done(int status) {
    if (fflush(stdout) != 0 || ferror(stdout)) {
        fprintf(stderr, "plimsoll: the output could not be written\n");
        return PLM_EXIT_ERROR;
    }
    return status;
}

static void help(FILE *out) {
    fprintf(out, "plimsoll: the load line for AI exports\n\nusage: plimsoll VERB [ARG]…\n\n");
    for (size_t i = 0; verbs[i].word; i++)
        fprintf(out, "  %-10s %s\n", verbs[i].word, verbs[i].summary);
    fprintf(out, "\n'plimsoll VERB --help' shows a verb's options and examples.\n");
}

int main(int argc, char **argv) {
    if (argc < 2) {
        help(stderr);
        return PLM_EXIT_ERROR;
    }
    if (strcmp(argv[1], "--version") == 0) {
        printf("plimsoll %s\n", PLM_VERSION);
        return plm_cli_done(0);
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "help") == 0) {
        help(stdout);
        return plm_cli_done(0);
    }
    for (size_t i = 0; verbs[i].word; i++)
        if (strcmp(argv[1], verbs[i].word) == 0)
            return plm_cli_done(verbs[i].run(argc - 1, argv + 1));
    fprintf(stderr, "plimsoll: no verb '%s'; see 'plimsoll --help'\n", argv[1]);
    return PLM_EXIT_ERROR;
}
