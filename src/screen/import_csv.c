/* import_csv.c: strict separated values.
 * Invariants: 1 a quote that doesn't close, text after a closing quote and a NUL are faults with
 * their line; 2 nothing is cut; 3 a final row without line end is marked open_end, so that the
 * reader of a format can refuse a file that stops in the middle of a word.
 * Held by tests/unit/test_import.c and fuzz/import_csv.c. */
#include "screen/import.h"

#include <string.h>

void plm_csv_open(plm_csv *c, plm_str in, char sep) {
    memset(c, 0, sizeof *c);
    c->in = in;
    c->sep = sep;
    c->next_line = 1;
    plm_buf_init(&c->cells, PLM_IMPORT_FILE_MAX);
}

void plm_csv_close(plm_csv *c) { plm_buf_free(&c->cells); }

/* Reads what follows an opening quote up to its closing one. */
static bool quoted_cell(plm_csv *c, plm_import *im) {
    uint32_t from = c->next_line;
    for (;;) {
        const char *p = c->in.p + c->at;
        size_t left = c->in.n - c->at;
        const char *q = left ? memchr(p, '"', left) : NULL;
        if (!q)
            return plm_import_bad(im, from, NULL, "a quoted field (number %u of its row) is never "
                                  "closed: the file is cut short or damaged; fetch it again",
                                  c->n + 1);
        size_t n = (size_t)(q - p);
        for (size_t i = 0; i < n; i++)
            if (p[i] == '\n') c->next_line++;
        if (!plm_buf_put(&c->cells, p, n)) return plm_import_bad(im, from, NULL, "no memory");
        c->at += n + 1;
        if (c->at < c->in.n && c->in.p[c->at] == '"') {
            plm_buf_putc(&c->cells, '"');
            c->at++;
            continue;
        }
        return true;
    }
}

static bool plain_cell(plm_csv *c, plm_import *im) {
    size_t from = c->at;
    while (c->at < c->in.n && c->in.p[c->at] != c->sep && c->in.p[c->at] != '\n') c->at++;
    size_t n = c->at - from;
    if (n && c->at < c->in.n && c->in.p[c->at] == '\n' && c->in.p[c->at - 1] == '\r') n--;
    if (!plm_buf_put(&c->cells, c->in.p + from, n))
        return plm_import_bad(im, c->line, NULL, "no memory");
    return true;
}

/* After a cell: a separator (goes on), a line end or the end of the file. */
static int cell_end(plm_csv *c, plm_import *im, bool quoted) {
    if (c->at < c->in.n && c->in.p[c->at] == '\r' &&
        (c->at + 1 == c->in.n || c->in.p[c->at + 1] == '\n'))
        c->at++;
    if (c->at == c->in.n) {
        c->open_end = !quoted;
        return 0;
    }
    char e = c->in.p[c->at];
    if (e == c->sep) {
        c->at++;
        return 1;
    }
    if (e == '\n') {
        c->at++;
        c->next_line++;
        return 0;
    }
    plm_import_bad(im, c->next_line, NULL, "field %u has text after its closing quote; a quote "
                   "within a quoted field is written twice", c->n);
    return -1;
}

static int read_row(plm_csv *c, plm_import *im) {
    plm_buf_clear(&c->cells);
    c->n = 0;
    c->line = c->next_line;
    c->open_end = false;
    for (;;) {
        if (c->n == PLM_CSV_FIELDS_MAX) {
            plm_import_bad(im, c->line, NULL, "more than %d fields in one row",
                           PLM_CSV_FIELDS_MAX);
            return -1;
        }
        c->cell_at[c->n] = c->cells.n;
        bool quoted = c->at < c->in.n && c->in.p[c->at] == '"';
        if (quoted) c->at++;
        if (!(quoted ? quoted_cell(c, im) : plain_cell(c, im))) return -1;
        if (c->cells.n - c->cell_at[c->n] > PLM_CSV_FIELD_MAX) {
            plm_import_bad(im, c->line, NULL, "field %u is longer than %zu bytes", c->n + 1,
                           PLM_CSV_FIELD_MAX);
            return -1;
        }
        c->n++;
        int more = cell_end(c, im, quoted);
        if (more <= 0) return more < 0 ? -1 : 1;
    }
}

int plm_csv_next(plm_csv *c, plm_import *im) {
    do {
        if (c->at >= c->in.n) return 0;
        int r = read_row(c, im);
        if (r < 0) return r;
        for (uint32_t i = 0; i < c->n; i++) {
            size_t end = i + 1 < c->n ? c->cell_at[i + 1] : c->cells.n;
            c->field[i] = (plm_str){c->cells.p ? c->cells.p + c->cell_at[i] : "",
                                    end - c->cell_at[i]};
        }
    } while (c->n == 1 && plm_str_trim(c->field[0]).n == 0); /* an empty line */
    return 1;
}

bool plm_csv_columns(plm_csv *c, plm_import *im, const char *const *names, int required,
                     int *at) {
    for (int i = 0; names[i]; i++) {
        at[i] = -1;
        for (uint32_t k = 0; k < c->n; k++) {
            if (!plm_str_is_fold(plm_str_trim(c->field[k]), names[i])) continue;
            if (at[i] >= 0)
                return plm_import_bad(im, c->line, names[i], "stands twice in the header line");
            at[i] = (int)k;
        }
        if (at[i] < 0 && i < required)
            return plm_import_bad(im, c->line, names[i], "is not in the header line: this is "
                                  "another format, or another edition of it");
    }
    return true;
}

bool plm_csv_each(plm_import *im, char sep, bool (*rows)(plm_import *im, plm_csv *c)) {
    plm_csv c;
    plm_csv_open(&c, im->text, sep);
    bool ok = rows(im, &c);
    plm_csv_close(&c);
    return ok;
}
