/* book.c: loading the law and the cases, for the verbs that review. */
#include "cli/book.h"
#include "base/file.h"
#include "base/json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_MAX ((size_t)1 << 31)

static bool date_option(const char *verb, const char *name, const char *text, plm_day *out) {
    if (plm_day_parse(plm_str_c(text), out)) return true;
    plm_cli_usage(verb, "%s: '%s' is no date that exists, as YYYY-MM-DD", name, text);
    return false;
}

static int mode_option(const char *verb, const char *v, book_options *o) {
    o->reading.has_mode = true;
    o->reading.codified = strcmp(v, "codified") == 0;
    if (o->reading.codified || strcmp(v, "enforced") == 0) return 1;
    plm_cli_usage(verb, "--mode is enforced or codified, not '%s'", v);
    return -1;
}

int plm_cli_book_option(const char *verb, int argc, char **argv, int *i, book_options *o) {
    bool bad = false;
    const char *v;
    if ((v = plm_cli_value(argc, argv, i, "--as-of", &bad)))
        return (o->reading.has_as_of = date_option(verb, "--as-of", v, &o->reading.as_of)) ? 1 : -1;
    if ((v = plm_cli_value(argc, argv, i, "--known", &bad)))
        return (o->reading.has_known = date_option(verb, "--known", v, &o->reading.known)) ? 1 : -1;
    if ((v = plm_cli_value(argc, argv, i, "--mode", &bad))) return mode_option(verb, v, o);
    if ((v = plm_cli_value(argc, argv, i, "--lists", &bad))) return o->lists = v, 1;
    if ((v = plm_cli_value(argc, argv, i, "--with", &bad))) {
        if (o->with_count < WITH_MAX) return o->with[o->with_count++] = v, 1;
        plm_cli_usage(verb, "more than %d --with files", WITH_MAX);
        return -1;
    }
    if ((v = plm_cli_value(argc, argv, i, "--format", &bad))) {
        o->json = strcmp(v, "json") == 0;
        if (o->json || strcmp(v, "text") == 0) return 1;
        plm_cli_usage(verb, "--format is text or json, not '%s'", v);
        return -1;
    }
    if (!bad) return 0;
    plm_cli_usage(verb, "%s needs a value", argv[*i]);
    return -1;
}

static bool is_folder(const char *path) {
    struct stat st;
    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

const char *plm_cli_rulebooks(void) {
    static char path[4200];
    const char *env = getenv("PLIMSOLL_RULEBOOKS");
    if (env && *env) { /* the folder of one rulebook, or the one that holds us/ear */
        int w = snprintf(path, sizeof path, "%s/us/ear", env);
        return w > 0 && (size_t)w < sizeof path && is_folder(path) ? path : env;
    }
    char exe[4000];
    ssize_t n = readlink("/proc/self/exe", exe, sizeof exe - 1);
    exe[n > 0 ? n : 0] = 0;
    for (int up = 0; up < 3 && n > 0; up++) { /* build/plimsoll, build/san/plimsoll, bin/plimsoll */
        char *slash = strrchr(exe, '/');
        if (!slash) break;
        *slash = 0;
        static const char *const tails[] = {"rulebooks/us/ear", "share/plimsoll/rulebooks/us/ear"};
        for (int t = 0; t < 2; t++) {
            snprintf(path, sizeof path, "%s/%s", exe, tails[t]);
            if (is_folder(path)) return path;
        }
    }
    return "rulebooks/us/ear";
}

plm_book *plm_cli_load_book(const char *verb, const char *const *with, unsigned n) {
    const char *paths[WITH_MAX + 1] = {plm_cli_rulebooks()};
    plm_fault f = {0};
    for (unsigned i = 0; i < n; i++) paths[i + 1] = with[i];
    plm_book *b = plm_book_load(paths, n + 1, &f);
    if (!b) plm_cli_fault(verb, &f);
    return b;
}

/* Is the whole text one JSON value?  (A single line is one line either way.) */
static bool whole(plm_str text) {
    const char *nl = memchr(text.p, '\n', text.n);
    if (!nl) return true;
    plm_str rest = plm_str_trim((plm_str){nl, text.n - (size_t)(nl - text.p)});
    if (!rest.n) return true;
    /* more than one line: one value only if the first line is not a value by itself */
    plm_str first = plm_str_trim((plm_str){text.p, (size_t)(nl - text.p)});
    if (!first.n || text.n > PLM_JSON_BYTES_MAX) return false;
    plm_doc *d = plm_doc_parse(first, 0, NULL);
    plm_doc_free(d);
    if (d) return false;
    d = plm_doc_parse(text, 0, NULL);
    plm_doc_free(d);
    if (d) return true;
    return plm_str_trim(first).p[0] == '{' && first.p[first.n - 1] != '}';
}

static bool each_line(const char *verb, const char *file, plm_case_fn fn, void *ctx) {
    plm_lines l;
    plm_fault f = {0};
    if (!plm_lines_open(&l, file, PLM_JSON_BYTES_MAX, &f)) {
        plm_cli_fault(verb, &f);
        return false;
    }
    bool ok = true, any = false;
    for (int k; (k = plm_lines_next(&l, &f)) != 0;) {
        any = true;
        if (k < 0) {
            snprintf(f.where, sizeof f.where, "%s", file);
            f.line = (uint32_t)l.number;
            plm_cli_fault(verb, &f);
            ok = false;
            if (f.code == PLM_IO) break;
            plm_fault_clear(&f);
            continue;
        }
        plm_str s = plm_str_trim(plm_buf_str(&l.line));
        if (s.n) fn(ctx, s, file, l.number);
    }
    (void)any;
    plm_lines_close(&l);
    return ok;
}

/* A small file is looked at whole, for it may be one value over many lines; a large one, or a
 * pipe that turns out large, is JSON Lines and streamed. */
bool plm_cli_each_case(const char *verb, const char *file, plm_case_fn fn, void *ctx) {
    struct stat st;
    if (strcmp(file, "-") != 0 && stat(file, &st) == 0 && S_ISREG(st.st_mode) &&
        st.st_size > PLM_JSON_BYTES_MAX)
        return each_line(verb, file, fn, ctx);
    plm_buf b;
    plm_fault f = {0};
    plm_buf_init(&b, FILE_MAX);
    if (!plm_file_read(file, &b, &f)) {
        plm_cli_fault(verb, &f);
        plm_buf_free(&b);
        return false;
    }
    plm_str text = plm_buf_str(&b);
    if (text.n >= 3 && memcmp(text.p, "\xEF\xBB\xBF", 3) == 0) text.p += 3, text.n -= 3;
    if (whole(text)) {
        if (plm_str_trim(text).n) fn(ctx, plm_str_trim(text), file, 1);
    } else {
        uint64_t line = 1;
        while (text.n) {
            const char *nl = memchr(text.p, '\n', text.n);
            size_t n = nl ? (size_t)(nl - text.p) : text.n;
            plm_str s = plm_str_trim((plm_str){text.p, n});
            if (s.n) fn(ctx, s, file, line);
            line++;
            n += nl != NULL;
            text = (plm_str){text.p + n, text.n - n};
        }
    }
    plm_buf_free(&b);
    return true;
}
