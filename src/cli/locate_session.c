/* locate_session.c: `plimsoll locate session`, `locate directory sign` and the check of session
 * files. */
#include "cli/locate_session.h"
#include "base/file.h"
#include "base/key.h"
#include "cli/cli.h"
#include "plimsoll/locate.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define DIRECTORY_ARENA (128u << 20)
#define ROUNDS_DEFAULT 64
#define ROUNDS_MOST 1024

static const char session_help[] =
    "usage: plimsoll locate session --directory D.json --trust PUB --key FILE --device NAME\n"
    "                               --agent ADDR:PORT --deny CODES [--quorum Q] [--rounds N]\n"
    "                               [--timeout S] --out SESSION\n"
    "       plimsoll locate session --resume --directory D.json --trust PUB --key FILE\n"
    "                               --out SESSION\n\n"
    "Has every landmark of the directory measure the device over UDP, prints the verdict as one\n"
    "line of JSON, and leaves all that is needed to check it in SESSION.\n\n"
    "  --trust PUB     the public key that signed the directory\n"
    "  --key FILE      the verifier's key; the directory has its public half in \"verifiers\"\n"
    "  --agent A:P     where the device is said to answer (a relay there gains nothing)\n"
    "  --quorum Q      landmarks of so many operators have to exclude a region (2)\n"
    "  --rounds N      pings per landmark; unless given up to 64, fewer when the proof holds\n"
    "  --timeout S     the session ends within so many seconds (60)\n"
    "  --resume        go on with a session that was killed: what it asked, its nonces and\n"
    "                  what is left of its timeout stand in SESSION.part until SESSION is there\n\n"
    "examples:\n"
    "  plimsoll locate session --directory d.json --trust \"$(cat root.pub)\" --key v.key \\\n"
    "      --device gpu-7 --agent 192.0.2.7:4700 --deny CN,RU,IR,KP --out gpu-7.session\n\n"
    "exit status: 0 all denied are excluded, 1 otherwise, 2 error\n";

static const char directory_help[] =
    "usage: plimsoll locate directory sign --key FILE IN.json\n\n"
    "Prints IN.json (landmarks, agents, verifiers) with its signature.\n\n"
    "example:\n"
    "  plimsoll locate directory sign --key root.key draft.json > d.json\n\n"
    "exit status: 0 signed, 2 error\n";

static const char verify_help[] =
    "usage: plimsoll locate verify --directory D.json --trust PUB SESSION…\n\n"
    "Checks session files without any network and prints each one's verdict again.\n\n"
    "example:\n"
    "  plimsoll locate verify --directory d.json --trust \"$(cat root.pub)\" gpu-7.session\n\n"
    "exit status: 0 each is genuine (whatever it says), 1 some is refused, 2 error\n";

bool plm_cli_number(const char *s, unsigned lo, unsigned hi, unsigned *out) {
    unsigned long v = 0;
    size_t n = strlen(s);
    if (n == 0 || n > 9) return false;
    for (size_t i = 0; i < n; i++) {
        if (s[i] < '0' || s[i] > '9') return false;
        v = v * 10 + (unsigned long)(s[i] - '0');
    }
    *out = (unsigned)v;
    return v >= lo && v <= hi;
}

bool plm_cli_directory(const char *path, const char *trust, plm_arena **a,
                       plm_probe_directory *out, plm_fault *f) {
    unsigned char key[32];
    if (!plm_key_parse_public(plm_str_trim(plm_str_c(trust)), key))
        return plm_fail(f, PLM_BAD_INPUT, "--trust is no public key: 64 lower-case hexadecimal "
                        "digits, as 'plimsoll key new' prints");
    plm_buf b;
    plm_buf_init(&b, PLM_PROBE_DIRECTORY_BYTES_MAX);
    *a = plm_arena_new(DIRECTORY_ARENA);
    bool ok = *a || plm_fail(f, PLM_NO_MEMORY, "out of memory");
    ok = ok && plm_file_read(path, &b, f) &&
         plm_probe_directory_parse(plm_buf_str(&b), key, *a, out, f);
    if (!ok && f->where[0] == 0) snprintf(f->where, sizeof f->where, "%s", path);
    plm_buf_free(&b);
    if (!ok) {
        plm_arena_free(*a);
        *a = NULL;
    }
    return ok;
}

static bool deny_of(const char *s, plm_probe_ask *q) {
    for (const char *p = s;; p++) {
        const char *end = strchr(p, ',');
        size_t n = end ? (size_t)(end - p) : strlen(p);
        plm_str code = plm_str_trim((plm_str){p, n});
        if (code.n == 0 || q->deny_n == PLM_PROBE_DENY_MAX) return false;
        q->deny[q->deny_n++] = code;
        if (!end) return true;
        p = end;
    }
}

typedef struct words {
    const char *directory, *trust, *deny, *out, *quorum, *rounds, *timeout;
} words;

static int session_words(int argc, char **argv, plm_probe_ask *q, words *w) {
    const char *v;
    bool bad = false;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--help") == 0) return fputs(session_help, stdout), 0;
        if ((v = plm_cli_value(argc, argv, &i, "--directory", &bad))) w->directory = v;
        else if ((v = plm_cli_value(argc, argv, &i, "--trust", &bad))) w->trust = v;
        else if ((v = plm_cli_value(argc, argv, &i, "--key", &bad))) q->key_path = v;
        else if ((v = plm_cli_value(argc, argv, &i, "--device", &bad))) q->device = v;
        else if ((v = plm_cli_value(argc, argv, &i, "--agent", &bad))) q->agent = v;
        else if ((v = plm_cli_value(argc, argv, &i, "--deny", &bad))) w->deny = v;
        else if ((v = plm_cli_value(argc, argv, &i, "--quorum", &bad))) w->quorum = v;
        else if ((v = plm_cli_value(argc, argv, &i, "--rounds", &bad))) w->rounds = v;
        else if ((v = plm_cli_value(argc, argv, &i, "--timeout", &bad))) w->timeout = v;
        else if ((v = plm_cli_value(argc, argv, &i, "--out", &bad))) w->out = v;
        else if (!bad && strcmp(argv[i], "--resume") == 0) q->resume = true;
        else if (bad) return plm_cli_usage("locate session", "%s needs a value", argv[i]);
        else return plm_cli_usage("locate session", "'%s' is not understood", argv[i]);
    }
    if (q->resume) {
        if (!w->directory || !w->trust || !q->key_path || !w->out)
            return plm_cli_usage("locate session", "--resume needs --directory, --trust, --key and "
                                 "--out");
        if (q->device || q->agent || w->deny || w->quorum || w->rounds || w->timeout)
            return plm_cli_usage("locate session", "--resume goes on with what was asked: only "
                                 "--directory, --trust, --key and --out go with it");
        return -1;
    }
    if (!w->directory || !w->trust || !q->key_path || !q->device || !q->agent || !w->deny ||
        !w->out)
        return plm_cli_usage("locate session", "--directory, --trust, --key, --device, --agent, "
                             "--deny and --out are needed");
    if (!deny_of(w->deny, q)) return plm_cli_usage("locate session", "--deny is a list of codes");
    if (w->quorum && !plm_cli_number(w->quorum, 1, PLM_LOCATE_QUORUM_MAX, &q->quorum))
        return plm_cli_usage("locate session", "--quorum is a number from 1 to %d",
                             PLM_LOCATE_QUORUM_MAX);
    q->rounds_given = w->rounds != NULL;
    if (w->rounds && !plm_cli_number(w->rounds, 1, ROUNDS_MOST, &q->rounds))
        return plm_cli_usage("locate session", "--rounds is a number from 1 to %d", ROUNDS_MOST);
    if (w->timeout && !plm_cli_number(w->timeout, 1, PLM_PROBE_TIMEOUT_S_MAX, &q->timeout_s))
        return plm_cli_usage("locate session", "--timeout is a number of seconds from 1 to %d",
                             PLM_PROBE_TIMEOUT_S_MAX);
    return -1;
}

/* A session that was killed after its file was safe, and its journal gone: only the line is left
 * to print. */
static bool ended(const plm_probe_ask *q, const char *out, plm_buf *file, plm_buf *line,
                  bool *excluded) {
    return q->resume && access(q->journal, F_OK) != 0 && plm_file_read(out, file, NULL) &&
           plm_probe_session_verify(plm_buf_str(file), q->directory, line, excluded, NULL);
}

static int session_run(plm_probe_ask *q, const char *out, plm_fault *f) {
    plm_buf file, line, journal;
    bool excluded = false;
    plm_buf_init(&file, PLM_PROBE_SESSION_BYTES_MAX);
    plm_buf_init(&line, PLM_PROBE_SESSION_BYTES_MAX);
    plm_buf_init(&journal, 4096);
    bool ok = (plm_buf_puts(&journal, out) && plm_buf_puts(&journal, ".part") &&
               plm_buf_putc(&journal, 0)) || plm_fail(f, PLM_OUT_OF_RANGE, "--out is too long");
    q->journal = journal.p;
    if (ok && !ended(q, out, &file, &line, &excluded)) {
        plm_buf_clear(&file);
        plm_buf_clear(&line);
        ok = plm_probe_session_run(q, &file, f) &&
             plm_probe_session_line(plm_buf_str(&file), q->directory, &line, &excluded, f) &&
             plm_file_write_durable(out, plm_buf_str(&file), 0644, f);
        if (ok) unlink(q->journal);
    }
    if (ok) printf("%.*s\n", PLM_FMT(plm_buf_str(&line)));
    plm_buf_free(&file);
    plm_buf_free(&line);
    plm_buf_free(&journal);
    return !ok ? plm_cli_fault("locate session", f) : excluded ? 0 : 1;
}

int plm_cli_locate_session(int argc, char **argv) {
    static plm_probe_ask q; /* large */
    words w = {0};
    plm_fault f = {0};
    plm_arena *a = NULL;
    plm_probe_directory d;
    q = (plm_probe_ask){.quorum = PLM_PROBE_QUORUM, .rounds = ROUNDS_DEFAULT,
                        .timeout_s = PLM_PROBE_TIMEOUT_S};
    int end = session_words(argc, argv, &q, &w);
    if (end >= 0) return end;
    if (!plm_cli_directory(w.directory, w.trust, &a, &d, &f))
        return plm_cli_fault("locate session", &f);
    q.directory = &d;
    int status = session_run(&q, w.out, &f);
    plm_arena_free(a);
    return status;
}

int plm_cli_locate_directory(int argc, char **argv) {
    const char *key = NULL, *in = NULL, *v;
    bool bad = false;
    if (argc > 1 && strcmp(argv[1], "--help") == 0) return fputs(directory_help, stdout), 0;
    if (argc < 2 || strcmp(argv[1], "sign") != 0)
        return plm_cli_usage("locate directory", "the only verb here is 'sign'");
    for (int i = 2; i < argc; i++) {
        if (strcmp(argv[i], "--help") == 0) return fputs(directory_help, stdout), 0;
        if ((v = plm_cli_value(argc, argv, &i, "--key", &bad))) key = v;
        else if (bad) return plm_cli_usage("locate directory", "%s needs a value", argv[i]);
        else if (argv[i][0] == '-' && argv[i][1])
            return plm_cli_usage("locate directory", "'%s' is not understood", argv[i]);
        else if (in) return plm_cli_usage("locate directory", "one directory at a time");
        else in = argv[i];
    }
    if (!key || !in) return plm_cli_usage("locate directory", "--key FILE and IN.json are needed");
    plm_fault f = {0};
    plm_buf text, out;
    plm_buf_init(&text, PLM_PROBE_DIRECTORY_BYTES_MAX);
    plm_buf_init(&out, 2 * PLM_PROBE_DIRECTORY_BYTES_MAX);
    bool ok = plm_file_read(in, &text, &f) &&
              plm_probe_directory_sign(plm_buf_str(&text), key, &out, &f);
    if (ok) printf("%.*s\n", PLM_FMT(plm_buf_str(&out)));
    else if (f.where[0] == '/' || !f.where[0]) fprintf(stderr, "%s: ", in);
    plm_buf_free(&text);
    plm_buf_free(&out);
    return ok ? 0 : plm_cli_fault("locate directory", &f);
}

/* 0 genuine, 1 refused, 2 can't be read. */
static int verify_one(const char *path, const plm_probe_directory *d) {
    plm_fault f = {0};
    plm_buf file, line;
    bool excluded;
    plm_buf_init(&file, PLM_PROBE_SESSION_BYTES_MAX);
    plm_buf_init(&line, PLM_PROBE_SESSION_BYTES_MAX);
    int status = 0;
    if (!plm_file_read(path, &file, &f)) {
        status = f.code == PLM_OUT_OF_RANGE ? 1 : PLM_EXIT_ERROR;
    } else if (!plm_probe_session_verify(plm_buf_str(&file), d, &line, &excluded, &f)) {
        status = f.code == PLM_NO_MEMORY ? PLM_EXIT_ERROR : 1;
    }
    if (status == 0) {
        printf("%.*s\n", PLM_FMT(plm_buf_str(&line)));
    } else {
        if (!f.where[0]) snprintf(f.where, sizeof f.where, "%s", path);
        plm_cli_fault("locate verify", &f);
    }
    plm_buf_free(&file);
    plm_buf_free(&line);
    return status;
}

int plm_cli_locate_verify_session(int argc, char **argv) {
    const char *directory = NULL, *trust = NULL, *v;
    bool bad = false;
    int files = 0, status = 0;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--help") == 0) return fputs(verify_help, stdout), 0;
        if ((v = plm_cli_value(argc, argv, &i, "--directory", &bad))) directory = v;
        else if ((v = plm_cli_value(argc, argv, &i, "--trust", &bad))) trust = v;
        else if (bad) return plm_cli_usage("locate verify", "%s needs a value", argv[i]);
        else if (argv[i][0] == '-' && argv[i][1])
            return plm_cli_usage("locate verify", "'%s' is not understood", argv[i]);
        else argv[1 + files++] = argv[i];
    }
    if (!directory || !trust || !files)
        return plm_cli_usage("locate verify", "--directory, --trust and a SESSION are needed");
    plm_fault f = {0};
    plm_arena *a = NULL;
    plm_probe_directory d;
    if (!plm_cli_directory(directory, trust, &a, &d, &f)) return plm_cli_fault("locate verify", &f);
    for (int i = 1; i <= files; i++) {
        int one = verify_one(argv[i], &d);
        if (one > status) status = one;
    }
    plm_arena_free(a);
    return status;
}
