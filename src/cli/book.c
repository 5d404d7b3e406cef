/* book.c: loading the law and the cases, for the verbs that review. */
#include "cli/book.h"
#include "base/file.h"
#include "base/json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

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

int plm_cli_case_fault(const char *verb, const char *file, uint64_t line, const plm_fault *f) {
    fprintf(stderr, "plimsoll %s: %s:", verb, file);
    if (line) fprintf(stderr, "%llu:", (unsigned long long)(line + (f->line ? f->line - 1 : 0)));
    if (line && f->line && f->column) fprintf(stderr, "%u:", f->column);
    fprintf(stderr, " %s%s%s\n", f->where, f->where[0] ? " " : "", f->say);
    return PLM_EXIT_ERROR;
}

static bool is_json(plm_str text) {
    plm_doc *d = plm_doc_parse(text, 0, NULL);
    plm_doc_free(d);
    return d != NULL;
}

typedef struct reading_cases {
    const char *verb, *file;
    plm_case_fn fn;
    void *ctx;
    plm_lines l;
    bool ok;
} reading_cases;

/* The next line that can be taken, without a byte order mark; false at the end. */
static bool next_line(reading_cases *r, plm_str *out) {
    plm_fault f = {0};
    for (int k; (k = plm_lines_next(&r->l, &f)) != 0;) {
        plm_str s = plm_buf_str(&r->l.line);
        if (r->l.number == 1 && plm_str_starts(s, "\xEF\xBB\xBF")) s.p += 3, s.n -= 3;
        *out = s;
        if (k > 0) return true;
        snprintf(f.where, sizeof f.where, "%s", r->file);
        f.line = (uint32_t)r->l.number;
        plm_cli_fault(r->verb, &f);
        r->ok = false;
        if (f.code == PLM_IO) return false;
        plm_fault_clear(&f);
    }
    return false;
}

static void take(reading_cases *r, plm_str s, uint64_t line) {
    s = plm_str_trim(s);
    if (s.n) r->fn(r->ctx, s, r->file, line);
}

/* The first line is no value by itself: one value over many lines, or a line in error.  At most
 * what a value may be long is looked at before that is decided. */
static void one_or_many(reading_cases *r, plm_str first) {
    plm_buf all;
    plm_str s = first, trimmed = plm_str_trim(first);
    plm_buf_init(&all, PLM_JSON_BYTES_MAX);
    bool more = true, open = trimmed.p[0] == '{' && trimmed.p[trimmed.n - 1] != '}';
    uint64_t line = 1;
    while (more && plm_buf_put(&all, s.p, s.n) && plm_buf_putc(&all, '\n'))
        more = next_line(r, &s);
    plm_str text = plm_buf_str(&all);
    if (!more && (open || is_json(text))) {
        take(r, text, 1);
        text.n = 0;
    }
    for (; text.n; line++) {
        const char *nl = memchr(text.p, '\n', text.n);
        size_t n = nl ? (size_t)(nl - text.p) : text.n;
        if (nl) take(r, (plm_str){text.p, n}, line);
        n += nl != NULL;
        text = (plm_str){text.p + n, text.n - n};
    }
    if (more) take(r, s, r->l.number);
    plm_buf_free(&all);
}

bool plm_cli_each_case(const char *verb, const char *file, plm_case_fn fn, void *ctx) {
    reading_cases r = {.verb = verb, .file = file, .fn = fn, .ctx = ctx, .ok = true};
    plm_fault f = {0};
    plm_str s;
    if (!plm_lines_open(&r.l, file, PLM_JSON_BYTES_MAX, &f)) {
        plm_cli_fault(verb, &f);
        return false;
    }
    r.l.flush = stdout;
    if (next_line(&r, &s)) {
        if (r.l.number == 1 && plm_str_trim(s).n && !is_json(plm_str_trim(s))) one_or_many(&r, s);
        else take(&r, s, r.l.number);
    }
    while (next_line(&r, &s)) take(&r, s, r.l.number);
    plm_lines_close(&r.l);
    return r.ok;
}
