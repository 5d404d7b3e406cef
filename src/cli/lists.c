/* lists.c: `plimsoll lists`: import, show, diff, fetch.  Exit status 0, 1 (diff: they differ), 2. */
#include "cli/cli.h"
#include "plimsoll/lists.h"

#include <stdio.h>
#include <string.h>

static const char help_text[] =
    "plimsoll lists: the restricted-party lists that a screen uses\n\n"
    "usage: plimsoll lists import --into DIR [--format FORMAT] [--edition DATE] [--source WORD] FILE...\n"
    "\n"
    "FORMAT  auto (default), csl-csv, csl-json, ofac-csv, ofac-sdn-xml, ofac-advanced-xml, un-xml,\n"
    "        eu-xml, eu-csv, uk-csv, entity-list-csv, ecfr-xml, dpl-txt, us-json, ftm-json, csv\n"
    "DATE    the edition's date (YYYY-MM-DD); without it the file's own date, then its name's\n"
    "WORD    the name of the source in DIR; without it the format's own (csv: own)\n\n"
    "A malformed or truncated file is refused whole, and the edition in force stays.\n\n"
    "examples:\n"
    "  plimsoll lists import --into lists.d lists/entity_list_2026-07-09.csv\n"
    "  plimsoll lists import --into lists.d --format ofac-csv sdn.csv alt.csv add.csv\n"
    "  plimsoll lists import --into lists.d --format csv --source blocked our_own.csv\n";

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
    return 0;
}

int plm_cli_lists(int argc, char **argv) {
    if (argc < 2 || strcmp(argv[1], "--help") == 0) {
        fputs(help_text, argc < 2 ? stderr : stdout);
        return argc < 2 ? PLM_EXIT_ERROR : 0;
    }
    if (strcmp(argv[1], "import") == 0) return verb_import(argc - 1, argv + 1);
    return plm_cli_usage("lists", "no command '%s'", argv[1]);
}
