/* custody_show.c: `plimsoll custody show`: one thing's record. */
#include "cli/cli.h"
#include "cli/custody.h"

#include "base/file.h"
#include "custody/picture.h"
#include "custody/show.h"

#include <stdio.h>
#include <string.h>

#define VERB_NAME "custody show"

static const char usage[] =
    "usage: plimsoll custody show --store S [--format text|json] [--svg FILE] ID\n\n"
    "What a thing is, where it is, who holds it, what it is in and holds, its history, and the\n"
    "findings on file about it.  ID is an EPC (URN or Digital Link), an SSCC or a device id.\n"
    "--svg writes a picture of the journey instead: places as rows, time from left to right, each\n"
    "record, attestation and location proof, and each finding as the records it sets against each\n"
    "other.  A long journey is condensed, and says so.  FILE '-' is standard output.\n\n"
    "examples:\n"
    "  plimsoll custody show --store w.db urn:epc:id:sgtin:9520000.010001.0E1D1DC7AF\n"
    "  plimsoll custody show --store w.db --format text 414911346e397b5e5e\n"
    "  plimsoll custody show --store w.db --svg trip.svg urn:epc:id:sscc:9520001.0000000001\n\n"
    "Exit: 0 done, 2 error.\n";

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

static bool picture(plm_store *s, plm_str id, const char *file, plm_buf *b, plm_fault *f) {
    if (!plm_journey_picture(s, id, b, f)) return false;
    if (strcmp(file, "-") != 0) return plm_file_write_durable(file, plm_buf_str(b), 0644, f);
    printf("%.*s", (int)b->n, b->p ? b->p : "");
    return true;
}

static int show_one(const char *store, const char *id, bool text, const char *svg) {
    plm_fault f = {0};
    plm_buf b;
    plm_store *s = plm_store_open(store, &f);
    if (!s) return plm_cli_fault(VERB_NAME, &f);
    plm_buf_init(&b, (size_t)1 << 30);
    bool ok = svg ? picture(s, plm_str_c(id), svg, &b, &f) : plm_show(s, plm_str_c(id), &b, &f);
    if (ok && !svg && text) print_text(plm_buf_str(&b));
    else if (ok && !svg) printf("%.*s\n", (int)b.n, b.p);
    plm_buf_free(&b);
    plm_store_close(s);
    return ok ? plm_cli_done(0) : plm_cli_fault(VERB_NAME, &f);
}

int plm_cli_custody_show(int argc, char **argv) {
    const char *store = NULL, *id = NULL, *svg = NULL, *v;
    bool text = false, bad = false;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--help") == 0) return fputs(usage, stdout), 0;
        if ((v = plm_cli_value(argc, argv, &i, "--store", &bad))) store = v;
        else if ((v = plm_cli_value(argc, argv, &i, "--svg", &bad))) svg = v;
        else if ((v = plm_cli_value(argc, argv, &i, "--format", &bad))) {
            text = strcmp(v, "text") == 0;
            if (!text && strcmp(v, "json") != 0)
                return plm_cli_usage(VERB_NAME, "--format is text or json, not '%s'", v);
        } else if (bad || argv[i][0] == '-' || id)
            return plm_cli_usage(VERB_NAME, bad ? "'%s' needs a value"
                                                : "'%s' is not understood here", argv[i]);
        else id = argv[i];
    }
    if (!store || !id) return plm_cli_usage(VERB_NAME, "needs --store S and an ID");
    return show_one(store, id, text, svg);
}
