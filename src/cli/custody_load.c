/* custody_load.c: `plimsoll custody load`: a side table into the store. */
#include "cli/cli.h"
#include "cli/custody.h"

#include "base/json.h"
#include "custody/load.h"

#include <stdio.h>
#include <string.h>

#define VERB_NAME "custody load"

static void print_load(const char *kind, const plm_load *l, bool text) {
    plm_buf b;
    if (text) {
        printf("%s: %llu rows, %llu new, %llu changed, %llu refused\n", kind,
               (unsigned long long)l->rows, (unsigned long long)l->fresh,
               (unsigned long long)l->changed, (unsigned long long)l->refused_n);
        if (l->refused.n) printf("  %.*s\n", (int)l->refused.n, l->refused.p);
        return;
    }
    plm_buf_init(&b, 128u << 20);
    plm_jw w = plm_jw_into(&b);
    plm_jw_obj(&w);
    plm_jw_kcstr(&w, "kind", kind);
    plm_jw_key(&w, "rows"), plm_jw_u64(&w, l->rows);
    plm_jw_key(&w, "new"), plm_jw_u64(&w, l->fresh);
    plm_jw_key(&w, "changed"), plm_jw_u64(&w, l->changed);
    plm_jw_key(&w, "refused");
    plm_buf_putc(&b, '[');
    plm_buf_put(&b, l->refused.p ? l->refused.p : "", l->refused.n);
    plm_buf_putc(&b, ']');
    w.comma = true;
    plm_jw_key(&w, "refused_count"), plm_jw_u64(&w, l->refused_n);
    plm_jw_end_obj(&w);
    printf("%.*s\n", (int)b.n, b.p);
    plm_buf_free(&b);
}

static int load_one(const char *store, const char *kind, const char *file, bool text) {
    plm_fault f = {0};
    plm_load l;
    int status;
    plm_store *s = plm_store_open(store, &f);
    if (!s) return plm_cli_fault(VERB_NAME, &f);
    if (plm_load_file(s, kind, file, &l, &f)) {
        print_load(kind, &l, text);
        status = l.refused_n ? 1 : 0;
    } else {
        if (!f.where[0]) snprintf(f.where, sizeof f.where, "%s", file);
        status = plm_cli_fault(VERB_NAME, &f);
    }
    plm_load_free(&l);
    plm_store_close(s);
    return status;
}

int plm_cli_custody_load(int argc, char **argv) {
    const char *store = NULL, *kind = NULL, *file = NULL, *format = NULL, *v;
    for (int i = 1; i < argc; i++) {
        bool bad = false;
        if (strcmp(argv[i], "--help") == 0) {
            char *help[] = {argv[0], argv[i]};
            return plm_cli_custody(2, help);
        }
        if ((v = plm_cli_value(argc, argv, &i, "--store", &bad))) store = v;
        else if (!bad && (v = plm_cli_value(argc, argv, &i, "--kind", &bad))) kind = v;
        else if (!bad && (v = plm_cli_value(argc, argv, &i, "--format", &bad))) format = v;
        else if (bad || (argv[i][0] == '-' && argv[i][1]) || file)
            return plm_cli_usage(VERB_NAME, "'%s' is not understood here", argv[i]);
        else file = argv[i];
    }
    if (!store || !kind || !file) return plm_cli_usage(VERB_NAME,
                                                       "needs --store S, --kind K and a FILE");
    if (!plm_load_knows(kind)) return plm_cli_usage(VERB_NAME, "no table '%s'", kind);
    return load_one(store, kind, file, format && strcmp(format, "text") == 0);
}
