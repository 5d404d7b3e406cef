/* custody_capture.c: `plimsoll custody capture`: files of events into the store. */
#include "cli/cli.h"
#include "cli/custody.h"

#include "base/json.h"
#include "custody/ledger.h"

#include <stdio.h>
#include <string.h>

#define VERB_NAME "custody capture"

typedef struct options {
    const char *store, *format;
    bool proceed, bad;
} options;

static int take_option(options *o, int argc, char **argv, int *i) {
    const char *v;
    if ((v = plm_cli_value(argc, argv, i, "--store", &o->bad))) return o->store = v, 1;
    if (!o->bad && (v = plm_cli_value(argc, argv, i, "--format", &o->bad))) {
        o->format = v;
        o->bad = strcmp(v, "text") != 0 && strcmp(v, "json") != 0;
        return 1;
    }
    if (!o->bad && (v = plm_cli_value(argc, argv, i, "--on-error", &o->bad))) {
        o->proceed = strcmp(v, "proceed") == 0;
        o->bad = !o->proceed && strcmp(v, "rollback") != 0;
        return 1;
    }
    return o->bad ? 1 : 0;
}

static void print_capture(const char *file, const plm_capture *c, bool text) {
    plm_buf b;
    plm_buf_init(&b, 128u << 20);
    plm_jw w = plm_jw_into(&b);
    if (text) {
        printf("%s: %llu events, %llu stored, %llu duplicates, %llu voided, %llu refused\n", file,
               (unsigned long long)c->events, (unsigned long long)c->stored,
               (unsigned long long)c->duplicates, (unsigned long long)c->voided,
               (unsigned long long)c->refused_n);
        if (c->refused.n) printf("  %.*s\n", (int)c->refused.n, c->refused.p);
        return;
    }
    plm_jw_obj(&w);
    plm_jw_kcstr(&w, "file", file);
    plm_jw_key(&w, "events"), plm_jw_u64(&w, c->events);
    plm_jw_key(&w, "stored"), plm_jw_u64(&w, c->stored);
    plm_jw_key(&w, "duplicates"), plm_jw_u64(&w, c->duplicates);
    plm_jw_key(&w, "voided"), plm_jw_u64(&w, c->voided);
    plm_jw_key(&w, "refused");
    plm_buf_putc(&b, '[');
    plm_buf_put(&b, c->refused.p ? c->refused.p : "", c->refused.n);
    plm_buf_putc(&b, ']');
    w.comma = true;
    plm_jw_key(&w, "refused_count"), plm_jw_u64(&w, c->refused_n);
    plm_jw_end_obj(&w);
    printf("%.*s\n", (int)b.n, b.p);
    plm_buf_free(&b);
}

static int capture_one(plm_store *s, const char *file, const options *o) {
    plm_capture c;
    plm_fault f = {0};
    int status;
    if (plm_capture_file(s, file, o->proceed, &c, &f)) {
        print_capture(file, &c, o->format && strcmp(o->format, "text") == 0);
        status = c.refused_n ? 1 : 0;
    } else {
        if (!f.where[0]) snprintf(f.where, sizeof f.where, "%s", file);
        status = plm_cli_fault(VERB_NAME, &f);
    }
    plm_capture_free(&c);
    fflush(stdout); /* an answer is given when it is durable, not when the last file is */
    return status;
}

int plm_cli_custody_capture(int argc, char **argv) {
    options o = {0};
    plm_fault f = {0};
    int files = 0, status = 0;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--help") == 0) {
            char *help[] = {argv[0], argv[i]};
            return plm_cli_custody(2, help);
        }
        if (take_option(&o, argc, argv, &i)) {
            if (o.bad) return plm_cli_usage(VERB_NAME, "'%s' needs a value that it knows", argv[i]);
            continue;
        }
        if (argv[i][0] == '-' && argv[i][1]) return plm_cli_usage(VERB_NAME, "no option '%s'",
            argv[i]);
        argv[1 + files++] = argv[i];
    }
    if (!o.store || !files) return plm_cli_usage(VERB_NAME, "needs --store S and a FILE");
    plm_store *s = plm_store_open(o.store, &f);
    if (!s) return plm_cli_fault(VERB_NAME, &f);
    for (int i = 0; i < files; i++) {
        int one = capture_one(s, argv[1 + i], &o);
        if (one > status) status = one;
    }
    plm_store_close(s);
    return status;
}
