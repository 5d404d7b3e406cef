/* rules_text.c: `rules fmt` and `rules drift`: rulebooks and the texts they restate, as text. */
#include "cli/cli.h"
#include "cli/book.h"
#include "cli/rules.h"
#include "base/file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TEXT_MAX (64u << 20)
#define PARAGRAPHS_MAX 20000
#define ID_MAX 96

/* --- fmt: one blank line between declarations, clauses two spaces in, no space at the ends --- */
static void format(plm_str text, plm_buf *out) {
    bool blank = true, any = false;
    while (text.n) {
        const char *nl = memchr(text.p, '\n', text.n);
        size_t n = nl ? (size_t)(nl - text.p) : text.n;
        plm_str raw = {text.p, n}, line = plm_str_trim(raw);
        text = nl ? (plm_str){nl + 1, text.n - n - 1} : (plm_str){"", 0};
        if (!line.n) {
            if (!blank && any) plm_buf_putc(out, '\n');
            blank = true;
            continue;
        }
        bool inner = raw.p[0] == ' ' || raw.p[0] == '\t';
        if (inner) {
            size_t lead = (size_t)(line.p - raw.p);
            plm_buf_printf(out, "%*s", lead > 2 ? 4 : 2, "");
        }
        plm_buf_put(out, line.p, line.n);
        plm_buf_putc(out, '\n');
        blank = false;
        any = true;
    }
    while (out->n > 1 && out->p[out->n - 1] == '\n' && out->p[out->n - 2] == '\n') out->n--;
}

int plm_cli_rules_fmt(int argc, char **argv) {
    bool write = argc > 0 && strcmp(argv[0], "--write") == 0;
    int status = 0;
    if (argc - write < 1) return plm_cli_usage("rules", "fmt [--write] FILE...");
    for (int i = write; i < argc; i++) {
        plm_buf in, out;
        plm_fault f = {0};
        plm_buf_init(&in, TEXT_MAX);
        plm_buf_init(&out, TEXT_MAX);
        bool ok = plm_file_read(argv[i], &in, &f);
        if (ok) format(plm_buf_str(&in), &out);
        if (ok && write)
            ok = plm_file_write_durable(argv[i], plm_buf_str(&out), 0644, &f);
        else if (ok)
            fwrite(out.p, 1, out.n, stdout);
        if (!ok) status = plm_cli_fault("rules", &f);
        plm_buf_free(&in);
        plm_buf_free(&out);
    }
    return status;
}

bool plm_cli_stands_alone(char **files, int n) {
    bool alone = false;
    for (int i = 0; i < n && !alone; i++) {
        plm_lines l;
        if (!plm_lines_open(&l, files[i], TEXT_MAX, NULL)) continue; /* a folder, or not there */
        while (!alone && plm_lines_next(&l, NULL) > 0)
            alone = plm_str_starts(plm_buf_str(&l.line), "rulebook ");
        plm_lines_close(&l);
    }
    return alone;
}

/* --- drift -------------------------------------------------------------------------------- */
typedef struct paragraph {
    char id[ID_MAX];
    unsigned char hash[PLM_SHA256_LEN];
} paragraph;

typedef struct texts {
    paragraph *v;
    uint32_t n;
    char section[32], level[8][12]; /* (a) (1) (i) (A) (1) (i) of where we are */
    int depth;
    plm_buf body;
    char at[ID_MAX];
} texts;

static int by_id(const void *a, const void *b) {
    return strcmp(((const paragraph *)a)->id, ((const paragraph *)b)->id);
}

static void finish(texts *t) {
    if (t->at[0] && t->body.n && t->n < PARAGRAPHS_MAX) {
        paragraph *p = &t->v[t->n++];
        memcpy(p->id, t->at, sizeof p->id);
        plm_sha256_of(plm_str_trim(plm_buf_str(&t->body)), p->hash);
    }
    plm_buf_clear(&t->body);
    t->at[0] = 0;
}

static bool roman(const char *s) { return *s && strspn(s, "ivx") == strlen(s); }

/* The level of an enumerator by the CFR's order (a)(1)(i)(A)(1)(i); -1 when it is none. */
static int level_of(const texts *t, const char *s) {
    bool digit = s[0] >= '0' && s[0] <= '9', upper = s[0] >= 'A' && s[0] <= 'Z';
    if (digit) return t->depth >= 4 && strcmp(s, "1") ? (t->depth >= 5 ? 4 : 1)
                      : t->depth == 4 ? 4 : 1;
    if (upper) return 3;
    if (roman(s) && t->depth >= 2) {
        bool next_letter = t->depth == 1;
        if (!next_letter) return t->depth >= 5 ? 5 : 2;
    }
    return s[0] >= 'a' && s[0] <= 'z' ? 0 : -1;
}

static size_t enumerator(plm_str line, char out[12]) {
    if (line.n < 3 || line.p[0] != '(') return 0;
    size_t i = 1;
    while (i < line.n && i < 8 && line.p[i] != ')' && line.p[i] != ' ') i++;
    if (i >= line.n || line.p[i] != ')' || i == 1) return 0;
    memcpy(out, line.p + 1, i - 1);
    out[i - 1] = 0;
    return i + 1;
}

static void enter(texts *t, int level, const char *word) {
    /* a level that stands inside a line above ("(1) Title—(i) …") is not told apart: "-" */
    for (int i = t->depth; i < level; i++) snprintf(t->level[i], sizeof *t->level, "-");
    snprintf(t->level[level], sizeof *t->level, "%s", word);
    t->depth = level + 1;
    int n = snprintf(t->at, sizeof t->at, "%s", t->section);
    for (int i = 0; i < t->depth && n > 0 && n < ID_MAX; i++)
        n += snprintf(t->at + n, sizeof t->at - (size_t)n, "(%s)", t->level[i]);
}

/* "§ 744.23 Title" or "## § 742.6(a)(6)(iii)(A) …" begins a section. */
static bool heading(texts *t, plm_str line) {
    while (line.n && (line.p[0] == '#' || line.p[0] == ' ')) line.p++, line.n--;
    if (!plm_str_starts(line, "\xC2\xA7")) return false;
    line = plm_str_trim((plm_str){line.p + 2, line.n - 2});
    size_t n = 0;
    while (n < line.n && ((line.p[n] >= '0' && line.p[n] <= '9') || line.p[n] == '.')) n++;
    if (n < 4 || n >= sizeof t->section) return false;
    finish(t);
    memcpy(t->section, line.p, n);
    t->section[n] = 0;
    t->depth = 0;
    size_t k = n;
    while (k < line.n && line.p[k] != ' ') k++;
    snprintf(t->at, sizeof t->at, "%.*s", (int)(k < ID_MAX ? k : ID_MAX - 1), line.p);
    return true;
}

/* Words parted by single spaces, so that wrapping changes no hash. */
static void add_words(plm_buf *b, plm_str s) {
    for (size_t i = 0; i < s.n; i++) {
        bool space = s.p[i] == ' ' || s.p[i] == '\t' || s.p[i] == '\r';
        if (space && b->n && b->p[b->n - 1] == ' ') continue;
        plm_buf_putc(b, space ? ' ' : s.p[i]);
    }
    plm_buf_putc(b, ' ');
}

static void read_line(texts *t, plm_str line) {
    char word[12];
    if (heading(t, line) || !t->section[0]) return;
    size_t n = enumerator(line, word);
    int level = n ? level_of(t, word) : -1;
    if (level >= 0) {
        finish(t);
        enter(t, level, word);
        line = (plm_str){line.p + n, line.n - n};
    }
    if (line.n) add_words(&t->body, line);
}

static bool read_texts(texts *t, char **files, int n, plm_fault *f) {
    t->v = plm_mem_resize(NULL, PARAGRAPHS_MAX * sizeof *t->v);
    plm_buf_init(&t->body, TEXT_MAX);
    bool ok = t->v != NULL || plm_fail(f, PLM_NO_MEMORY, "out of memory");
    for (int i = 0; ok && i < n; i++) {
        plm_lines l;
        if (!(ok = plm_lines_open(&l, files[i], TEXT_MAX, f))) break;
        t->section[0] = 0;
        int k;
        while ((k = plm_lines_next(&l, f)) > 0) read_line(t, plm_str_trim(plm_buf_str(&l.line)));
        ok = k == 0;
        finish(t);
        plm_lines_close(&l);
    }
    if (ok && t->n) qsort(t->v, t->n, sizeof *t->v, by_id);
    return ok;
}

/* The table of the law's own texts: "ID HASH" a line. */
static bool read_table(texts *t, plm_fault *f) {
    char path[4300];
    plm_lines l;
    snprintf(path, sizeof path, "%s/texts.sha256", plm_cli_rulebooks());
    t->v = plm_mem_resize(NULL, PARAGRAPHS_MAX * sizeof *t->v);
    if (!t->v) return plm_fail(f, PLM_NO_MEMORY, "out of memory");
    if (!plm_lines_open(&l, path, 4096, f)) return false;
    int k;
    bool ok = true;
    while (ok && (k = plm_lines_next(&l, f)) > 0) {
        plm_str s = plm_buf_str(&l.line);
        const char *sp = s.n ? memchr(s.p, ' ', s.n) : NULL;
        if (!s.n || s.p[0] == '#') continue;
        size_t n = sp ? (size_t)(sp - s.p) : 0;
        paragraph *p = &t->v[t->n];
        ok = n && n < ID_MAX && t->n < PARAGRAPHS_MAX &&
             plm_unhex((plm_str){sp + 1, s.n - n - 1}, p->hash, PLM_SHA256_LEN);
        if (!ok) {
            plm_fail_at(f, PLM_BAD_INPUT, path, (uint32_t)l.number, 0, "'ID HASH' is expected");
            break;
        }
        memcpy(p->id, s.p, n);
        p->id[n] = 0;
        t->n++;
    }
    plm_lines_close(&l);
    if (t->n) qsort(t->v, t->n, sizeof *t->v, by_id);
    return ok;
}

static void say_rules(const plm_book *b, const char *id) {
    char cite[ID_MAX + 16];
    int n = snprintf(cite, sizeof cite, "15 CFR %s", id);
    for (plm_rule r = 0; r < plm_book_count(b); r++) {
        const plm_rule_info *k = plm_book_rule(b, r);
        for (size_t i = 0; n > 0 && i + (size_t)n <= k->cite.n; i++)
            if (memcmp(k->cite.p + i, cite, (size_t)n) == 0) {
                printf("  cited by %.*s (%.*s:%u)\n", PLM_FMT(k->name), PLM_FMT(k->file), k->line);
                break;
            }
    }
}

static int compare(const plm_book *b, const texts *was, const texts *is) {
    int status = 0;
    for (uint32_t i = 0; i < is->n; i++) {
        const paragraph *p = &is->v[i];
        const paragraph *q = was->n ? bsearch(p, was->v, was->n, sizeof *p, by_id) : NULL;
        if (q && memcmp(p->hash, q->hash, PLM_SHA256_LEN) == 0) continue;
        if (i && strcmp(is->v[i - 1].id, p->id) == 0) continue;
        printf("%s: %s\n", p->id, q ? "the text differs" : "is new to the rulebook");
        say_rules(b, p->id);
        status = 1;
    }
    return status;
}

static int record(const texts *t) {
    printf("# paragraph and SHA-256 of its text, white space folded; made by `plimsoll rules drift"
           " --record`\n");
    for (uint32_t i = 0; i < t->n; i++) {
        char hex[2 * PLM_SHA256_LEN + 1];
        if (i && strcmp(t->v[i - 1].id, t->v[i].id) == 0) continue;
        plm_hex(t->v[i].hash, PLM_SHA256_LEN, hex);
        printf("%s %s\n", t->v[i].id, hex);
    }
    return 0;
}

int plm_cli_rules_drift(int argc, char **argv) {
    bool rec = argc > 0 && strcmp(argv[0], "--record") == 0;
    if (argc - rec < 1) return plm_cli_usage("rules", "drift [--record] FILE...");
    texts *is = plm_mem_resize(NULL, sizeof *is), *was = plm_mem_resize(NULL, sizeof *was);
    plm_fault f = {0};
    plm_book *b = NULL;
    int status = PLM_EXIT_ERROR;
    if (is && was) {
        memset(is, 0, sizeof *is);
        memset(was, 0, sizeof *was);
        bool ok = read_texts(is, argv + rec, argc - rec, &f);
        if (ok && is->n == 0)
            ok = plm_fail(&f, PLM_BAD_INPUT, "no section (a line that begins with \xC2\xA7) is in"
                          " these files");
        if (ok && rec) status = record(is);
        if (ok && !rec && (b = plm_cli_load_book("rules", NULL, 0)) && read_table(was, &f))
            status = compare(b, was, is);
        if (f.code) status = plm_cli_fault("rules", &f);
        plm_buf_free(&is->body);
        plm_mem_free(is->v);
        plm_mem_free(was->v);
    }
    plm_book_free(b);
    plm_mem_free(is);
    plm_mem_free(was);
    return status;
}
