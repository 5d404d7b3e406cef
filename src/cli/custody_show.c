/* custody_show.c: `plimsoll custody show`: one thing's record. */
#include "cli/cli.h"
#include "cli/custody.h"

#include "custody/show.h"

#include <stdio.h>
#include <string.h>

#define VERB_NAME "custody show"

static plm_str text_at(const plm_json *o, const char *name) {
    plm_str s = plm_json_text(plm_json_get(o, name));
    return s.n ? s : PLM_STR("-");
}

static void print_text(plm_str json) {
    plm_fault f = {0};
    plm_doc *d = plm_doc_parse(json, (size_t)1 << 30, &f);
    if (!d) return;
    const plm_json *o = plm_doc_root(d);
    static const char *const heads[] = {"id", "device_id", "kind", "sku", "holder", "place",
        "state",
                                        "as_of", "inside"};
    for (size_t i = 0; i < sizeof heads / sizeof heads[0]; i++)
        printf("%-10s %.*s\n", heads[i], PLM_FMT(text_at(o, heads[i])));
    plm_json_each(plm_json_get(o, "contains"), it, c) printf("contains   %.*s\n",
        PLM_FMT(plm_json_text(c)));
    plm_json_each(plm_json_get(o, "history"), jt, e)
        printf("  %-25.*s %-16.*s %.*s%s\n", PLM_FMT(text_at(e, "eventTime")),
               PLM_FMT(text_at(e, "bizStep")), PLM_FMT(text_at(e, "place")),
               plm_json_get(e, "voided") ? " (voided)" : "");
    plm_json_each(plm_json_get(o, "findings"), kt, x) printf("finding    %.*s\n",
        PLM_FMT(plm_json_text(x)));
    plm_doc_free(d);
}

static int show_one(const char *store, const char *id, bool text) {
    plm_fault f = {0};
    plm_buf b;
    plm_store *s = plm_store_open(store, &f);
    if (!s) return plm_cli_fault(VERB_NAME, &f);
    plm_buf_init(&b, (size_t)1 << 30);
    bool ok = plm_show(s, plm_str_c(id), &b, &f);
    if (ok && text) print_text(plm_buf_str(&b));
    else if (ok) printf("%.*s\n", (int)b.n, b.p);
    plm_buf_free(&b);
    plm_store_close(s);
    return ok ? 0 : plm_cli_fault(VERB_NAME, &f);
}

int plm_cli_custody_show(int argc, char **argv) {
    const char *store = NULL, *id = NULL, *format = NULL, *v;
    for (int i = 1; i < argc; i++) {
        bool bad = false;
        if (strcmp(argv[i], "--help") == 0) {
            char *help[] = {argv[0], argv[i]};
            return plm_cli_custody(2, help);
        }
        if ((v = plm_cli_value(argc, argv, &i, "--store", &bad))) store = v;
        else if (!bad && (v = plm_cli_value(argc, argv, &i, "--format", &bad))) format = v;
        else if (bad || (argv[i][0] == '-') || id)
            return plm_cli_usage(VERB_NAME, "'%s' is not understood here", argv[i]);
        else id = argv[i];
    }
    if (!store || !id) return plm_cli_usage(VERB_NAME, "needs --store S and an ID");
    return show_one(store, id, format && strcmp(format, "text") == 0);
}
