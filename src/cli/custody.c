/* custody.c: the verb `custody`: capture, hash, load, show here; watch, balance, report and checks
 * in files of their own.  Output is JSON Lines or text; exit statuses as the contract says. */
#include "cli/cli.h"
#include "cli/custody.h"

#include "custody/epcis.h"

#include <stdio.h>
#include <string.h>

static const char usage[] =
    "usage: plimsoll custody capture --store S [--on-error rollback|proceed] FILE…\n"
    "       plimsoll custody hash FILE\n"
    "       plimsoll custody load --store S --kind KIND FILE\n"
    "       plimsoll custody show --store S ID\n"
    "       plimsoll custody watch|balance|report|checks|form|query|feed …   (each has --help)\n\n"
    "KIND is licenses, sites, devices, orders, attestations or locations.\n"
    "S is a SQLite file, made when missing, or postgres://…; FILE '-' is standard input.\n"
    "All take --format text|json (json, the default: one object a line).\n\n"
    "examples:\n"
    "  plimsoll custody capture --store w.db events.jsonl\n"
    "  plimsoll custody hash document.jsonld\n"
    "  plimsoll custody load --store w.db --kind devices devices.csv\n"
    "  plimsoll custody show --store w.db urn:epc:id:sgtin:9520000.010001.0E1D1DC7AF\n\n"
    "Exit: 0 done, 1 findings or something refused, 2 error.\n";

typedef struct hasher {
    plm_arena *a;
    plm_fault f;
} hasher;

static bool hash_one(void *ctx, uint64_t index, const plm_json *v, const plm_event_frame *frame,
                     const plm_fault *bad) {
    hasher *h = ctx;
    unsigned char hash[PLM_SHA256_LEN];
    char uri[PLM_HASH_URI_MAX];
    if (!v || !plm_json_is_obj(v))
        return plm_fail_at(&h->f, PLM_BAD_INPUT, "", bad ? bad->line : 0, 0, "event %llu %s",
                           (unsigned long long)index, bad ? bad->say : "is no object");
    plm_arena_reset(h->a);
    if (!plm_event_hash(v, frame, h->a, hash, &h->f)) return false;
    plm_event_hash_uri(hash, uri);
    puts(uri);
    return true;
}

static int hash_verb(int argc, char **argv) {
    hasher h = {plm_arena_new((size_t)1 << 30), {0}};
    plm_fault f = {0};
    int status = 0;
    if (argc < 2) return plm_cli_usage("custody hash", "needs a FILE");
    if (!h.a) return PLM_EXIT_ERROR;
    for (int i = 1; i < argc && status == 0; i++) {
        if (strncmp(argv[i], "--format", 8) == 0) {
            i += argv[i][8] == 0;
            continue;
        }
        if (plm_epcis_read_file(argv[i], plm_time_now(), hash_one, &h, &f)) continue;
        plm_fault *why = h.f.say[0] ? &h.f : &f;
        if (!why->where[0]) snprintf(why->where, sizeof why->where, "%s", argv[i]);
        status = plm_cli_fault("custody hash", why);
    }
    plm_arena_free(h.a);
    return status;
}

static const struct {
    const char *word;
    int (*run)(int, char **);
} subs[] = {
    {"hash", hash_verb},
#define SUB(word, function) {word, function},
#include "cli/custody.def"
#undef SUB
    {NULL, NULL}};

int plm_cli_custody(int argc, char **argv) {
    if (argc >= 2 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "help") == 0)) {
        fputs(usage, stdout);
        return 0;
    }
    /* `hash` takes file names only, so it would read a file named --help */
    if (argc >= 3 && strcmp(argv[1], "hash") == 0 && strcmp(argv[2], "--help") == 0) {
        fputs(usage, stdout);
        return 0;
    }
    for (size_t i = 0; argc >= 2 && subs[i].word; i++)
        if (strcmp(argv[1], subs[i].word) == 0) return subs[i].run(argc - 1, argv + 1);
    return plm_cli_usage("custody", argc < 2 ? "needs a subverb" : "no subverb '%s'",
                         argc < 2 ? "" : argv[1]);
}
