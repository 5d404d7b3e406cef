/* lists.c: `plimsoll lists`: import, show, names, diff, fetch, effects.
 * Exit status: 0; 1 where diff finds a difference; 2 in error. */
#include "cli/cli.h"
#include "cli/lists.h"

#include "base/file.h"
#include "base/json.h"
#include "plimsoll/fetch.h"
#include "plimsoll/lists.h"
#include "plimsoll/screen.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char help_text[] =
    "plimsoll lists: the restricted-party lists that a screen uses\n\n"
    "usage: plimsoll lists import --into DIR [--format FORMAT] [--edition DATE] [--source WORD]\n"
    "                             FILE...\n"
    "       plimsoll lists fetch --into DIR [--date DATE] SOURCE...\n"
    "       plimsoll lists fetch --into DIR --url URL --format FORMAT [--sha256 HEX] SOURCE\n"
    "       plimsoll lists show DIR [--format text|json]\n"
    "       plimsoll lists names DIR [--format text|json]\n"
    "       plimsoll lists diff OLD NEW [--format text|json]\n"
    "       plimsoll lists effects [LIST] [--effects FILE] [--format text|json]\n\n"
    "import  puts files in force in DIR as one step; a malformed or truncated file is refused\n"
    "        whole, with line and field, and the edition in force stays\n"
    "fetch   asks the publishers (conditionally) and imports what is new; nothing else of\n"
    "        plimsoll reads a list over the network.  'plimsoll lists fetch' alone names them\n"
    "show    the sources in force in DIR: edition, counts, digests; and each list in them with\n"
    "        what an exact match means\n"
    "names   every name in force, one a line, with its source, entry and standing\n"
    "diff    what NEW adds, removes and changes; OLD and NEW are lists directories, such as\n"
    "        DIR/editions/3 (every state that DIR was in is kept)\n"
    "effects what being on each list means in law, with its citation; reads and checks FILE,\n"
    "        else the shipped rulebooks/us/lists.json\n\n"
    "FORMAT  auto (default), csl-csv, csl-json, ofac-csv, ofac-sdn-xml, ofac-advanced-xml,\n"
    "        un-xml, eu-xml, eu-csv, uk-csv, entity-list-csv, ecfr-xml, dpl-txt, us-json,\n"
    "        ftm-json, csv\n"
    "DATE    the edition's date (YYYY-MM-DD); without it the file's own date, then its name's\n"
    "WORD    the name of the source in DIR; without it the format's own (csv: own)\n\n"
    "examples:\n"
    "  plimsoll lists import --into lists.d lists/entity_list_2026-07-09.csv\n"
    "  plimsoll lists import --into lists.d --format ofac-csv sdn.csv alt.csv add.csv\n"
    "  plimsoll lists import --into lists.d --format csv --source blocked our_own.csv\n"
    "  plimsoll lists diff lists.d/editions/1 lists.d\n"
    "  plimsoll lists effects uvl\n";

static void note(void *ctx, plm_str text) {
    (void)ctx;
    fwrite(text.p, 1, text.n, stdout);
    fflush(stdout);
}

static void report(const plm_imported *m) {
    printf("%s %s (%s): %u entities, %u names, %u addresses", m->source, m->edition, m->format,
           m->entities, m->names, m->addresses);
    if (m->joined)
        printf("; %llu rows, %llu of them joined with the same party's other row",
               (unsigned long long)m->rows, (unsigned long long)m->joined);
    if (m->former) printf("; the former edition had %u", m->former);
    printf("\n");
    if (m->unmatched)
        fprintf(stderr, "plimsoll lists: %s: %llu rows of ALT or ADD name an entity that the SDN "
                "file doesn't have; the files are of different days\n", m->source,
                (unsigned long long)m->unmatched);
    if (m->former > 2 * m->entities)
        fprintf(stderr, "plimsoll lists: %s: the new edition has less than half of the former "
                "one's entities; is the file whole?\n", m->source);
}

static bool date_fits(const char *s) {
    plm_day day;
    return plm_day_parse(plm_str_c(s), &day);
}

static int verb_import(int argc, char **argv) {
    const char *files[PLM_IMPORT_FILES_MAX];
    plm_import_request r = {.files = files, .note = note};
    bool bad = false;
    for (int i = 1; i < argc; i++) {
        const char *v;
        if ((v = plm_cli_value(argc, argv, &i, "--into", &bad)) != NULL) r.dir = v;
        else if ((v = plm_cli_value(argc, argv, &i, "--source", &bad)) != NULL)
            r.source = plm_str_c(v);
        else if ((v = plm_cli_value(argc, argv, &i, "--edition", &bad)) != NULL) {
            if (!date_fits(v))
                return plm_cli_usage("lists", "--edition %s is no date (YYYY-MM-DD)", v);
            r.edition = plm_str_c(v);
        } else if ((v = plm_cli_value(argc, argv, &i, "--format", &bad)) != NULL) {
            r.format = plm_import_format_parse(plm_str_c(v));
            if (r.format == PLM_IMPORT_FORMAT_COUNT)
                return plm_cli_usage("lists", "no format '%s'", v);
        } else if (bad || (argv[i][0] == '-' && argv[i][1]))
            return plm_cli_usage("lists", bad ? "%s needs a value" : "no option %s", argv[i]);
        else if (r.file_n == PLM_IMPORT_FILES_MAX)
            return plm_cli_usage("lists", "more than %d files", PLM_IMPORT_FILES_MAX);
        else files[r.file_n++] = argv[i];
    }
    if (!r.dir) return plm_cli_usage("lists", "import needs --into DIR");
    if (r.file_n == 0) return plm_cli_usage("lists", "import needs a FILE");
    plm_imported out[PLM_LISTS_MAX];
    uint32_t n;
    plm_fault f = {0};
    if (!plm_lists_import(&r, out, &n, &f)) return plm_cli_fault("lists", &f);
    for (uint32_t i = 0; i < n; i++) report(&out[i]);
    /* The index is a cache: a screen builds it where it is missing. */
    if (!plm_screen_index_write(r.dir, &f)) return plm_cli_fault("lists", &f);
    return 0;
}

/* --format text|json and up to two directories. */
static int two_dirs(int argc, char **argv, const char *dir[2], int need, bool *json) {
    int n = 0;
    bool bad = false;
    for (int i = 1; i < argc; i++) {
        const char *v = plm_cli_value(argc, argv, &i, "--format", &bad);
        if (v) *json = strcmp(v, "json") == 0;
        if (bad || (v && !*json && strcmp(v, "text") != 0))
            return plm_cli_usage("lists", "--format takes text or json");
        if (v) continue;
        if (argv[i][0] == '-') return plm_cli_usage("lists", "no option %s", argv[i]);
        if (n == need) return plm_cli_usage("lists", "one directory too many: %s", argv[i]);
        dir[n++] = argv[i];
    }
    return n == need ? 0 : plm_cli_usage("lists", "needs %d director%s", need,
                                         need == 1 ? "y" : "ies");
}

static void show_json(const plm_lists *l) {
    plm_buf b;
    plm_buf_init(&b, 1 << 20);
    plm_jw w = plm_jw_into(&b);
    plm_jw_obj(&w);
    plm_jw_kcstr(&w, "edition", l->edition);
    plm_jw_key(&w, "sources");
    plm_jw_arr(&w);
    for (uint32_t i = 0; i < l->n; i++) {
        const plm_list *s = l->list[i];
        char hex[65];
        plm_hex(s->hash, 32, hex);
        plm_jw_obj(&w);
        plm_jw_kstr(&w, "source", plm_list_text(s, s->source));
        plm_jw_kstr(&w, "edition", plm_list_text(s, s->edition));
        plm_jw_kint(&w, "entities", s->entity_n);
        plm_jw_kint(&w, "names", s->name_n);
        plm_jw_kint(&w, "addresses", s->address_n);
        plm_jw_kcstr(&w, "sha256", hex);
        plm_jw_end_obj(&w);
    }
    plm_jw_end_arr(&w);
    plm_jw_end_obj(&w);
    printf("%.*s\n", PLM_FMT(plm_buf_str(&b)));
    plm_buf_free(&b);
}

static int verb_show(int argc, char **argv) {
    const char *dir[2] = {NULL, NULL};
    bool json = false;
    plm_fault f = {0};
    int status = two_dirs(argc, argv, dir, 1, &json);
    if (status) return status;
    plm_lists *l = plm_lists_open(dir[0], &f);
    if (!l) return plm_cli_fault("lists", &f);
    if (json) show_json(l);
    for (uint32_t i = 0; !json && i < l->n; i++) {
        const plm_list *s = l->list[i];
        char hex[65];
        plm_hex(s->hash, 32, hex);
        printf("%-26.*s %-12.*s %7u entities %8u names  %.16s\n",
               PLM_FMT(plm_list_text(s, s->source)), PLM_FMT(plm_list_text(s, s->edition)),
               s->entity_n, s->name_n, hex);
    }
    if (!json) printf("edition %s\n", l->edition);
    plm_cli_lists_law(l, json);
    plm_lists_free(l);
    return 0;
}

static void put_name(const plm_list *l, const plm_entity *e, const plm_list_name *n, bool json,
                     plm_buf *b) {
    static const char *const standing[] = {"main", "alias", "weak alias"};
    if (!json) {
        printf("%.*s\t%.*s\t%s\t%.*s\n", PLM_FMT(plm_list_text(l, l->source)),
               PLM_FMT(plm_list_text(l, e->id)), standing[n->kind],
               PLM_FMT(plm_list_text(l, n->text)));
        return;
    }
    plm_buf_clear(b);
    plm_jw w = plm_jw_into(b);
    plm_jw_obj(&w);
    plm_jw_kstr(&w, "source", plm_list_text(l, l->source));
    plm_jw_kstr(&w, "entity", plm_list_text(l, e->id));
    plm_jw_kcstr(&w, "standing", standing[n->kind]);
    plm_jw_kstr(&w, "name", plm_list_text(l, n->text));
    plm_jw_end_obj(&w);
    printf("%.*s\n", PLM_FMT(plm_buf_str(b)));
}

static int verb_names(int argc, char **argv) {
    const char *dir[2] = {NULL, NULL};
    bool json = false;
    plm_fault f = {0};
    int status = two_dirs(argc, argv, dir, 1, &json);
    if (status) return status;
    plm_lists *l = plm_lists_open(dir[0], &f);
    if (!l) return plm_cli_fault("lists", &f);
    plm_buf b;
    plm_buf_init(&b, 1 << 20);
    for (uint32_t i = 0; i < l->n; i++) {
        const plm_list *s = l->list[i];
        for (uint32_t j = 0; j < s->entity_n; j++) {
            const plm_entity *e = &s->entities[j];
            for (uint32_t k = 0; k < e->name_n; k++)
                put_name(s, e, &s->names[e->name_at + k], json, &b);
        }
    }
    plm_buf_free(&b);
    plm_lists_free(l);
    return 0;
}

typedef struct diff_run {
    bool json;
    uint64_t count[3];
    plm_buf b;
} diff_run;

static bool diff_take(void *ctx, const plm_change *c, plm_fault *f) {
    diff_run *d = ctx;
    bool gone = c->kind == PLM_REMOVED;
    const plm_list *l = gone ? c->old_list : c->new_list;
    const plm_entity *e = gone ? c->old_entity : c->new_entity;
    (void)f;
    d->count[c->kind]++;
    if (!d->json) {
        printf("%-8s %.*s %.*s  %.*s\n", plm_change_kind_name(c->kind),
               PLM_FMT(plm_list_text(l, l->source)), PLM_FMT(plm_list_text(l, e->id)),
               PLM_FMT(plm_list_text(l, e->name)));
        return true;
    }
    plm_jw w = plm_jw_into(&d->b);
    plm_buf_clear(&d->b);
    plm_jw_obj(&w);
    plm_jw_kcstr(&w, "change", plm_change_kind_name(c->kind));
    plm_jw_kstr(&w, "source", plm_list_text(l, l->source));
    plm_jw_kstr(&w, "list", plm_list_text(l, e->list));
    plm_jw_kstr(&w, "entity", plm_list_text(l, e->id));
    plm_jw_kstr(&w, "name", plm_list_text(l, e->name));
    plm_jw_end_obj(&w);
    printf("%.*s\n", PLM_FMT(plm_buf_str(&d->b)));
    return true;
}

static int verb_diff(int argc, char **argv) {
    const char *dir[2] = {NULL, NULL};
    diff_run d = {0};
    plm_fault f = {0};
    int status = two_dirs(argc, argv, dir, 2, &d.json);
    if (status) return status;
    plm_buf_init(&d.b, 1 << 20);
    plm_lists *a = plm_lists_open(dir[0], &f), *b = a ? plm_lists_open(dir[1], &f) : NULL;
    bool ok = b && plm_lists_diff(a, b, diff_take, &d, &f);
    if (ok && !d.json)
        printf("%llu added, %llu removed, %llu changed\n", (unsigned long long)d.count[PLM_ADDED],
               (unsigned long long)d.count[PLM_REMOVED],
               (unsigned long long)d.count[PLM_CHANGED]);
    plm_lists_free(a);
    plm_lists_free(b);
    plm_buf_free(&d.b);
    if (!ok) return plm_cli_fault("lists", &f);
    return d.count[0] + d.count[1] + d.count[2] > 0;
}

static int fetch_one(const plm_fetch_request *r) {
    plm_fetched got;
    plm_fault f = {0};
    if (!plm_lists_fetch(r, &got, &f)) return plm_cli_fault("lists", &f);
    if (got.unchanged) printf("%s: nothing newer\n", r->source);
    for (uint32_t i = 0; i < got.import_n; i++) report(&got.imported[i]);
    return 0;
}

static int fetch_names(void) {
    uint32_t n;
    const plm_publisher *p = plm_publishers(&n);
    for (uint32_t i = 0; i < n; i++)
        for (int k = 0; k < PLM_FETCH_FILES_MAX && p[i].urls[k]; k++)
            printf("%-12s %-16s %s\n", p[i].word, plm_import_format_name(p[i].format),
                   p[i].urls[k]);
    return 0;
}

static int verb_fetch(int argc, char **argv) {
    const char *sources[16];
    plm_fetch_request r = {.format = PLM_IMPORT_AUTO, .day = plm_day_today()};
    int n = 0, status = 0;
    bool bad = false;
    if (argc == 1) return fetch_names();
    for (int i = 1; i < argc; i++) {
        const char *v;
        if ((v = plm_cli_value(argc, argv, &i, "--into", &bad))) r.dir = v;
        else if ((v = plm_cli_value(argc, argv, &i, "--url", &bad))) r.url = v;
        else if ((v = plm_cli_value(argc, argv, &i, "--sha256", &bad))) r.sha256 = v;
        else if ((v = plm_cli_value(argc, argv, &i, "--date", &bad))) {
            if (!plm_day_parse(plm_str_c(v), &r.day))
                return plm_cli_usage("lists", "--date %s is no date (YYYY-MM-DD)", v);
        } else if ((v = plm_cli_value(argc, argv, &i, "--format", &bad))) {
            r.format = plm_import_format_parse(plm_str_c(v));
            if (r.format == PLM_IMPORT_FORMAT_COUNT)
                return plm_cli_usage("lists", "no format '%s'", v);
        } else if (bad || argv[i][0] == '-' || n == 16)
            return plm_cli_usage("lists", bad ? "%s needs a value" : "what is %s?", argv[i]);
        else sources[n++] = argv[i];
    }
    if (!r.dir || n == 0) return plm_cli_usage("lists", "fetch needs --into DIR and a SOURCE");
    if (r.url && n != 1) return plm_cli_usage("lists", "--url goes with one SOURCE");
    if (r.sha256 && !r.url) return plm_cli_usage("lists", "--sha256 goes with --url");
    for (int i = 0; i < n; i++) {
        r.source = sources[i];
        int one = fetch_one(&r);
        if (one) status = one;
    }
    return status;
}

int plm_cli_lists(int argc, char **argv) {
    if (argc < 2 || strcmp(argv[1], "--help") == 0) {
        fputs(help_text, argc < 2 ? stderr : stdout);
        return argc < 2 ? PLM_EXIT_ERROR : 0;
    }
    if (strcmp(argv[1], "import") == 0) return verb_import(argc - 1, argv + 1);
    if (strcmp(argv[1], "fetch") == 0) return verb_fetch(argc - 1, argv + 1);
    if (strcmp(argv[1], "show") == 0) return verb_show(argc - 1, argv + 1);
    if (strcmp(argv[1], "names") == 0) return verb_names(argc - 1, argv + 1);
    if (strcmp(argv[1], "diff") == 0) return verb_diff(argc - 1, argv + 1);
    if (strcmp(argv[1], "effects") == 0) return plm_cli_lists_effects(argc - 1, argv + 1);
    return plm_cli_usage("lists", "no command '%s'", argv[1]);
}
