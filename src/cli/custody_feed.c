/* custody_feed.c: `plimsoll custody feed`: capture over NATS JetStream, a process a role. */
#include "cli/cli.h"
#include "cli/custody.h"

#include "base/json.h"
#include "custody/feed.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define VERB_NAME "custody feed"

static const char usage[] =
    "usage: plimsoll custody feed publish --server URL [--name NAME] FILE...\n"
    "       plimsoll custody feed work    --server URL [--name NAME] [--until-idle S]\n"
    "       plimsoll custody feed write   --server URL [--name NAME] --store S [--until-idle S]\n"
    "       plimsoll custody feed refused --server URL [--name NAME] [--until-idle S]\n\n"
    "Capture at scale over NATS JetStream: publish puts each event of the files into a stream,\n"
    "any number of work processes read, check and hash them, one write process stores them.  A\n"
    "message is acknowledged when the next hand keeps it, so that nothing is lost whatever is\n"
    "killed, and the store keeps each event once.  refused prints what was turned away, and takes\n"
    "it out.\n"
    "  --server URL        nats://HOST:PORT or tls://HOST:PORT\n"
    "  --name NAME         the feed's name, custody when left out\n"
    "  --credentials FILE  of a user; --ca FILE: certificates that the server's is held against\n"
    "  --ack-wait S        seconds until an unanswered message goes to another worker (30)\n"
    "  --until-idle S      end when nothing came for S seconds; SIGTERM ends it in good order\n\n"
    "examples:\n"
    "  plimsoll custody feed work --server nats://127.0.0.1:4222\n"
    "  plimsoll custody feed write --server nats://127.0.0.1:4222 --store w.db\n"
    "  plimsoll custody feed publish --server nats://127.0.0.1:4222 events.jsonl\n\n"
    "Exit: 0 done, 1 something refused, 2 error.\n";

typedef struct options {
    plm_feed_options feed;
    const char *verb, *store;
    char *files[256];
    unsigned files_n;
} options;

static void on_signal(int sig) {
    (void)sig;
    plm_feed_stop();
}

static void print_sums(const char *role, const plm_feed_sums *s) {
    plm_buf b;
    plm_buf_init(&b, 4096);
    plm_jw w = plm_jw_into(&b);
    const struct {
        const char *key;
        uint64_t v;
    } v[] = {{"taken", s->taken},   {"passed", s->passed},         {"refused", s->refused},
             {"stored", s->stored}, {"duplicates", s->duplicates}, {"voided", s->voided},
             {"redelivered", s->redelivered}};
    plm_jw_obj(&w);
    plm_jw_kcstr(&w, "role", role);
    for (size_t i = 0; i < sizeof v / sizeof *v; i++) {
        plm_jw_key(&w, v[i].key);
        plm_jw_u64(&w, v[i].v);
    }
    plm_jw_end_obj(&w);
    printf("%.*s\n", (int)b.n, b.p);
    plm_buf_free(&b);
}

static void print_line(void *ctx, plm_str json) {
    (void)ctx;
    printf("%.*s\n", PLM_FMT(json));
}

static bool run_role(const options *o, plm_feed *x, plm_feed_sums *sums, plm_fault *f) {
    if (strcmp(o->verb, "work") == 0) return plm_feed_work(x, sums, f);
    if (strcmp(o->verb, "refused") == 0) return plm_feed_refused(x, print_line, NULL, sums, f);
    if (strcmp(o->verb, "write") == 0) {
        plm_store *s = plm_store_open(o->store, f);
        bool ok = s && plm_feed_write(x, s, sums, f);
        plm_store_close(s);
        return ok;
    }
    for (unsigned i = 0; i < o->files_n; i++) {
        plm_fault why = {0};
        bool ok = plm_feed_publish(x, o->files[i], sums, &why);
        if (!why.where[0]) snprintf(why.where, sizeof why.where, "%s", o->files[i]);
        if (!ok) *f = why;
        else if (why.say[0]) plm_cli_fault(VERB_NAME, &why);
        if (!ok) return false;
    }
    return true;
}

static int run(const options *o) {
    plm_fault f = {0};
    plm_feed_sums sums = {0};
    struct sigaction a = {.sa_handler = on_signal};
    sigaction(SIGTERM, &a, NULL);
    sigaction(SIGINT, &a, NULL);
    signal(SIGPIPE, SIG_IGN);
    plm_feed *x = plm_feed_open(&o->feed, &f);
    bool ok = x && run_role(o, x, &sums, &f);
    if (x && strcmp(o->verb, "refused") != 0) print_sums(o->verb, &sums);
    plm_feed_close(x);
    if (!ok) return plm_cli_fault(VERB_NAME, &f);
    return plm_cli_done(sums.refused > 0);
}

static bool seconds(const char *v, int64_t *ms) {
    char *end;
    double s = strtod(v, &end);
    if (end == v || *end || !(s > 0) || s > 86400) return false;
    *ms = (int64_t)(s * 1000);
    return *ms > 0;
}

static int take(int argc, char **argv, int *i, options *o) {
    const char *v;
    bool bad = false;
    const struct {
        const char *name;
        const char **to;
    } texts[] = {{"--server", &o->feed.server}, {"--name", &o->feed.name}, {"--ca", &o->feed.ca},
                 {"--credentials", &o->feed.credentials}, {"--store", &o->store}};
    for (size_t k = 0; k < sizeof texts / sizeof *texts && !bad; k++)
        if ((v = plm_cli_value(argc, argv, i, texts[k].name, &bad))) {
            *texts[k].to = v;
            return 0;
        }
    if (!bad && (v = plm_cli_value(argc, argv, i, "--ack-wait", &bad))) {
        if (!seconds(v, &o->feed.ack_wait_ms))
            return plm_cli_usage(VERB_NAME, "--ack-wait takes seconds, not '%s'", v);
    } else if (!bad && (v = plm_cli_value(argc, argv, i, "--until-idle", &bad))) {
        if (!seconds(v, &o->feed.idle_ms))
            return plm_cli_usage(VERB_NAME, "--until-idle takes seconds, not '%s'", v);
    } else if (bad || (argv[*i][0] == '-' && argv[*i][1])) {
        return plm_cli_usage(VERB_NAME, bad ? "'%s' needs a value" : "doesn't know '%s'", argv[*i]);
    } else if (!o->verb) {
        o->verb = argv[*i];
    } else if (o->files_n == sizeof o->files / sizeof *o->files) {
        return plm_cli_usage(VERB_NAME, "more than %u files", o->files_n);
    } else {
        o->files[o->files_n++] = argv[*i];
    }
    return 0;
}

int plm_cli_custody_feed(int argc, char **argv) {
    static const char *const verbs[] = {"publish", "work", "write", "refused"};
    options o = {.feed = {.name = "custody", .ack_wait_ms = 30000}};
    unsigned k = 0;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--help") == 0) return fputs(usage, stdout), 0;
        int status = take(argc, argv, &i, &o);
        if (status) return status;
    }
    while (o.verb && k < 4 && strcmp(o.verb, verbs[k]) != 0) k++;
    if (!o.verb || k == 4)
        return plm_cli_usage(VERB_NAME, "needs publish, work, write or refused");
    if (!o.feed.server) return plm_cli_usage(VERB_NAME, "needs --server nats://HOST:PORT");
    bool publishes = k == 0, writes = k == 2;
    if (publishes != (o.files_n > 0))
        return plm_cli_usage(VERB_NAME, publishes ? "needs a FILE" : "takes no FILE");
    if (writes != (o.store != NULL))
        return plm_cli_usage(VERB_NAME, writes ? "write needs --store S" : "--store is for write");
    return run(&o);
}
