/* table.c: the two CSV files, landmarks and round-trip times.
 * Invariants: 1 a column that is not known is refused (a misspelt "operator" would make each
 * landmark its own operator); 2 ids are distinct, not empty and at most PLM_LOCATE_ID_MAX bytes;
 * 3 the least RTT of a pair counts.  Held by tests/cases/test_locate and fuzz/locate_csv.c. */
#include "base/file.h"
#include "plimsoll/locate.h"

#include <stdlib.h>
#include <string.h>

#define FIELDS_MAX 4
#define FILE_BYTES_MAX (512u << 20)
#define ARENA_BYTES_MAX (1u << 30)
#define ROWS_MAX 20000000u
#define NAME_MAX_SHOWN 60

typedef struct csv {
    plm_str text;
    size_t at;
    const char *path;
    uint32_t line;
    plm_arena *arena; /* for fields with doubled quotes */
    plm_str field[FIELDS_MAX];
    size_t n, columns; /* of this row, of the first */
} csv;

static bool bad(const csv *c, plm_code code, plm_fault *f, const char *say) {
    return plm_fail_at(f, code, c->path, c->line, 0, "%s", say);
}

/* One quoted field that starts at *p, past its first quote. */
static bool read_quoted(csv *c, plm_str line, size_t *p, plm_str *out, plm_fault *f) {
    char *copy = plm_arena_alloc(c->arena, line.n + 1);
    if (!copy) return plm_fail(f, PLM_NO_MEMORY, "out of memory");
    size_t n = 0, i = *p;
    for (;; i++) {
        if (i >= line.n) return bad(c, PLM_BAD_INPUT, f, "a quote is not closed on its line");
        if (line.p[i] == '"' && i + 1 < line.n && line.p[i + 1] == '"') i++;
        else if (line.p[i] == '"') break;
        copy[n++] = line.p[i];
    }
    *out = (plm_str){copy, n};
    *p = i + 1;
    if (*p < line.n && line.p[*p] != ',')
        return bad(c, PLM_BAD_INPUT, f, "text follows a closing quote; put a comma between");
    return true;
}

static bool split(csv *c, plm_str line, plm_fault *f) {
    c->n = 0;
    for (size_t p = 0;; p++) {
        plm_str field;
        if (c->n == FIELDS_MAX) return bad(c, PLM_BAD_INPUT, f, "has more columns than known");
        if (p < line.n && line.p[p] == '"') {
            p++;
            if (!read_quoted(c, line, &p, &field, f)) return false;
        } else {
            const char *end = p < line.n ? memchr(line.p + p, ',', line.n - p) : NULL;
            size_t n = end ? (size_t)(end - line.p) - p : line.n - p;
            field = plm_str_trim((plm_str){line.p + p, n});
            if (memchr(field.p, '"', field.n))
                return bad(c, PLM_BAD_INPUT, f, "a quote stands inside a field; quote it whole");
            p += n;
        }
        if (memchr(field.p ? field.p : "", 0, field.n))
            return bad(c, PLM_BAD_INPUT, f, "holds a NUL byte");
        c->field[c->n++] = field;
        if (p >= line.n) return true;
    }
}

/* 1 a row, 0 the end, -1 f filled.  Empty lines are passed over. */
static int next_row(csv *c, plm_fault *f) {
    while (c->at < c->text.n) {
        const char *p = c->text.p + c->at, *nl = memchr(p, '\n', c->text.n - c->at);
        size_t n = nl ? (size_t)(nl - p) : c->text.n - c->at;
        c->at += n + (nl != NULL);
        if (c->line++ == 0 && n >= 3 && memcmp(p, "\xef\xbb\xbf", 3) == 0) p += 3, n -= 3;
        plm_str line = plm_str_trim((plm_str){p, n});
        if (!line.n) continue;
        if (!split(c, line, f)) return -1;
        if (!c->columns) c->columns = c->n;
        if (c->n > c->columns)
            return bad(c, PLM_BAD_INPUT, f, "has more columns than the first row") ? 1 : -1;
        return 1;
    }
    return 0;
}

/* Columns by name if the first row is a header, else by their order.  col[i]: field of names[i],
 * or -1.  *row: the first row holds data. */
static bool read_header(csv *c, const char *const *names, size_t n, size_t need, int *col,
                        bool *row, plm_fault *f) {
    int got = next_row(c, f);
    if (got < 0) return false;
    *row = false;
    for (size_t i = 0; i < n; i++) col[i] = -1;
    if (got == 0)
        return plm_fail_at(f, PLM_BAD_INPUT, c->path, 0, 0, "is empty; it needs rows %s,%s,%s",
                           names[0], names[1], names[2]);
    uint64_t rtt;
    int32_t e7;
    if (c->n >= need && (n == 4 ? plm_locate_degrees_parse(c->field[1], true, &e7, NULL)
                                : plm_locate_rtt_parse(c->field[2], &rtt, NULL))) {
        for (size_t i = 0; i < c->n && i < n; i++) col[i] = (int)i;
        *row = true;
        return true;
    }
    for (size_t k = 0; k < c->n; k++) {
        size_t i = 0;
        while (i < n && !plm_str_is(c->field[k], names[i])) i++;
        if (i == n || col[i] >= 0)
            return plm_fail_at(f, PLM_BAD_INPUT, c->path, c->line, 0,
                               "the column '%.*s' is not known (or stands twice); the header is "
                               "%s,%s,%s%s",
                               c->field[k].n > NAME_MAX_SHOWN ? NAME_MAX_SHOWN
                                                              : (int)c->field[k].n,
                               c->field[k].p, names[0], names[1], names[2],
                               n == 4 ? "[,operator]" : "");
        col[i] = (int)k;
    }
    for (size_t i = 0; i < need; i++)
        if (col[i] < 0)
            return plm_fail_at(f, PLM_BAD_INPUT, c->path, c->line, 0,
                               "the header lacks the column '%s'", names[i]);
    return true;
}

static bool name_fits(const csv *c, plm_str s, const char *what, bool empty, plm_fault *f) {
    if (s.n == 0 && !empty)
        return plm_fail_at(f, PLM_BAD_INPUT, c->path, c->line, 0, "the %s is empty", what);
    if (s.n > PLM_LOCATE_ID_MAX)
        return plm_fail_at(f, PLM_OUT_OF_RANGE, c->path, c->line, 0,
                           "the %s is longer than %d bytes", what, PLM_LOCATE_ID_MAX);
    return true;
}

/* Repeats a fault of a field with its file and line. */
static bool placed(const csv *c, const plm_fault *in, plm_fault *f) {
    return plm_fail_at(f, in->code, c->path, c->line, 0, "%s", in->say);
}

static size_t count_lines(plm_str s) {
    size_t n = 1;
    for (const char *p = s.p, *end = s.p + s.n; p < end; p++, n++)
        if (!(p = memchr(p, '\n', (size_t)(end - p)))) break;
    return n;
}

typedef struct named {
    plm_str id;
    uint32_t row;
} named;

static int by_id(const void *a, const void *b) {
    const named *x = a, *y = b;
    int c = plm_str_cmp(x->id, y->id);
    return c ? c : (x->row > y->row) - (x->row < y->row);
}

/* The landmarks in the order of their ids, for bsearch; NULL when memory is short. */
static named *sort_ids(const plm_landmark *at, size_t n, plm_arena *a) {
    named *ids = plm_arena_array(a, n ? n : 1, sizeof *ids);
    for (size_t i = 0; ids && i < n; i++) ids[i] = (named){at[i].id, (uint32_t)i};
    if (ids) qsort(ids, n, sizeof *ids, by_id);
    return ids;
}

static bool read_landmark(csv *c, const int *col, plm_arena *a, plm_landmark *m, plm_fault *f) {
    plm_fault in = {0};
    for (int i = 0; i < 3; i++)
        if (col[i] >= (int)c->n)
            return bad(c, PLM_BAD_INPUT, f, "has fewer columns than id,lat,lon");
    plm_str id = c->field[col[0]], none = {"", 0};
    plm_str op = col[3] >= 0 && col[3] < (int)c->n ? c->field[col[3]] : none;
    if (!name_fits(c, id, "id", false, f) || !name_fits(c, op, "operator", true, f)) return false;
    if (!plm_locate_degrees_parse(c->field[col[1]], true, &m->lat_e7, &in) ||
        !plm_locate_degrees_parse(c->field[col[2]], false, &m->lon_e7, &in))
        return placed(c, &in, f);
    m->id = plm_arena_copy(a, id);
    m->operator_name = op.n ? plm_arena_copy(a, op) : none;
    if (!m->id.p || !m->operator_name.p) return plm_fail(f, PLM_NO_MEMORY, "out of memory");
    return true;
}

static bool ids_differ(const csv *c, const plm_landmarks *l, const uint32_t *line, plm_fault *f) {
    named *ids = sort_ids(l->at, l->n, l->arena);
    if (!ids) return plm_fail(f, PLM_NO_MEMORY, "out of memory");
    for (size_t i = 1; i < l->n; i++)
        if (plm_str_eq(ids[i - 1].id, ids[i].id))
            return plm_fail_at(f, PLM_CONFLICT, c->path, line[ids[i].row], 0,
                               "the id '%.*s' stands on line %u already",
                               (int)ids[i].id.n, ids[i].id.p, line[ids[i - 1].row]);
    return true;
}

static bool parse_landmarks(csv *c, plm_landmarks *out, plm_fault *f) {
    static const char *const names[] = {"id", "lat", "lon", "operator"};
    int col[4], got = 1;
    bool row;
    size_t max = count_lines(c->text);
    if (!read_header(c, names, 4, 3, col, &row, f)) return false;
    if (max > PLM_LOCATE_LANDMARKS_MAX + 1) max = PLM_LOCATE_LANDMARKS_MAX + 1;
    out->at = plm_arena_array(out->arena, max, sizeof *out->at);
    uint32_t *line = plm_arena_array(out->arena, max, sizeof *line);
    if (!out->at || !line) return plm_fail(f, PLM_NO_MEMORY, "out of memory");
    for (; row || (got = next_row(c, f)) == 1; row = false) {
        if (out->n == PLM_LOCATE_LANDMARKS_MAX)
            return plm_fail_at(f, PLM_OUT_OF_RANGE, c->path, c->line, 0,
                               "more than %d landmarks", PLM_LOCATE_LANDMARKS_MAX);
        line[out->n] = c->line;
        if (!read_landmark(c, col, out->arena, &out->at[out->n], f)) return false;
        out->n++;
    }
    if (got < 0) return false;
    if (out->n == 0) return plm_fail_at(f, PLM_BAD_INPUT, c->path, 0, 0, "has no landmark");
    return ids_differ(c, out, line, f);
}

bool plm_landmarks_parse(plm_str text, const char *path, plm_landmarks *out, plm_fault *f) {
    *out = (plm_landmarks){.arena = plm_arena_new(ARENA_BYTES_MAX)};
    if (!out->arena) return plm_fail(f, PLM_NO_MEMORY, "out of memory");
    csv c = {.text = text, .path = path, .arena = out->arena};
    if (parse_landmarks(&c, out, f)) return true;
    plm_landmarks_free(out);
    return false;
}

static bool read_then(const char *path, plm_buf *b, plm_fault *f) {
    plm_buf_init(b, FILE_BYTES_MAX);
    if (plm_file_read(path, b, f)) return true;
    plm_buf_free(b);
    return false;
}

bool plm_landmarks_read(const char *path, plm_landmarks *out, plm_fault *f) {
    plm_buf b;
    *out = (plm_landmarks){0};
    if (!read_then(path, &b, f)) return false;
    bool ok = plm_landmarks_parse(plm_buf_str(&b), path, out, f);
    plm_buf_free(&b);
    return ok;
}

void plm_landmarks_free(plm_landmarks *l) {
    plm_arena_free(l->arena);
    *l = (plm_landmarks){0};
}

typedef struct reading {
    plm_rtt r;
    plm_str target;
} reading;

static int by_target(const void *a, const void *b) {
    const reading *x = a, *y = b;
    int c = plm_str_cmp(x->target, y->target);
    return c ? c : (x->r.target > y->r.target) - (x->r.target < y->r.target);
}

static int by_pair(const void *a, const void *b) {
    const reading *x = a, *y = b;
    if (x->r.target != y->r.target) return x->r.target < y->r.target ? -1 : 1;
    if (x->r.landmark != y->r.landmark) return x->r.landmark < y->r.landmark ? -1 : 1;
    return (x->r.rtt_ns > y->r.rtt_ns) - (x->r.rtt_ns < y->r.rtt_ns);
}

static bool read_rtt(csv *c, const int *col, const named *ids, size_t n, reading *r,
                     plm_fault *f) {
    plm_fault in = {0};
    if (c->n < 3) return bad(c, PLM_BAD_INPUT, f, "has fewer columns than landmark,target,rtt_ms");
    named key = {c->field[col[0]], 0};
    size_t lo = 0, hi = n;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (plm_str_cmp(ids[mid].id, key.id) < 0) lo = mid + 1;
        else hi = mid;
    }
    if (lo == n || !plm_str_eq(ids[lo].id, key.id))
        return plm_fail_at(f, PLM_NOT_FOUND, c->path, c->line, 0,
                           "the landmark '%.*s' is not in the list of landmarks; add it there or "
                           "drop the row",
                           key.id.n > NAME_MAX_SHOWN ? NAME_MAX_SHOWN : (int)key.id.n, key.id.p);
    r->r.landmark = ids[lo].row;
    if (!name_fits(c, c->field[col[1]], "target", false, f)) return false;
    if (!plm_locate_rtt_parse(c->field[col[2]], &r->r.rtt_ns, &in)) return placed(c, &in, f);
    r->target = c->field[col[1]];
    return true;
}

/* Numbers the targets in the order of their first rows and keeps the least RTT of each pair. */
static bool gather(reading *at, size_t n, plm_rtts *out, plm_fault *f) {
    uint32_t *first = plm_arena_array(out->arena, n ? n : 1, sizeof *first);
    out->target = plm_arena_array(out->arena, n ? n : 1, sizeof *out->target);
    out->at = plm_arena_array(out->arena, n ? n : 1, sizeof *out->at);
    if (!first || !out->target || !out->at) return plm_fail(f, PLM_NO_MEMORY, "out of memory");
    qsort(at, n, sizeof *at, by_target);
    for (size_t i = 0, k = 0; i < n; i++) {
        if (i && !plm_str_eq(at[i].target, at[k].target)) k = i;
        first[at[i].r.target] = at[k].r.target;
    }
    uint32_t *number = plm_arena_array(out->arena, n ? n : 1, sizeof *number);
    if (!number) return plm_fail(f, PLM_NO_MEMORY, "out of memory");
    for (size_t i = 0; i < n; i++)
        if (first[i] == i) number[i] = (uint32_t)out->n_targets++;
    for (size_t i = 0; i < n; i++) {
        uint32_t row = number[first[at[i].r.target]];
        if (at[i].r.target == first[at[i].r.target]) {
            out->target[row] = plm_arena_copy(out->arena, at[i].target);
            if (!out->target[row].p) return plm_fail(f, PLM_NO_MEMORY, "out of memory");
        }
        at[i].r.target = row;
    }
    qsort(at, n, sizeof *at, by_pair);
    for (size_t i = 0; i < n; i++)
        if (!i || at[i].r.target != at[i - 1].r.target || at[i].r.landmark != at[i - 1].r.landmark)
            out->at[out->n++] = at[i].r;
    return true;
}

static bool parse_rtts(csv *c, const plm_landmarks *l, plm_rtts *out, plm_fault *f) {
    static const char *const names[] = {"landmark", "target", "rtt_ms"};
    int col[3], got = 1;
    bool row;
    size_t max = count_lines(c->text), n = 0;
    if (!read_header(c, names, 3, 3, col, &row, f)) return false;
    if (max > ROWS_MAX)
        return plm_fail_at(f, PLM_OUT_OF_RANGE, c->path, 0, 0, "has more than %u rows", ROWS_MAX);
    named *ids = sort_ids(l->at, l->n, out->arena);
    reading *at = plm_arena_array(out->arena, max, sizeof *at);
    if (!ids || !at) return plm_fail(f, PLM_NO_MEMORY, "out of memory");
    for (; row || (got = next_row(c, f)) == 1; row = false) {
        at[n].r.target = (uint32_t)n;
        if (!read_rtt(c, col, ids, l->n, &at[n], f)) return false;
        n++;
    }
    return got >= 0 && gather(at, n, out, f);
}

bool plm_rtts_parse(plm_str text, const char *path, const plm_landmarks *l, plm_rtts *out,
                    plm_fault *f) {
    *out = (plm_rtts){.arena = plm_arena_new((size_t)4 << 30)};
    if (!out->arena) return plm_fail(f, PLM_NO_MEMORY, "out of memory");
    csv c = {.text = text, .path = path, .arena = out->arena};
    if (parse_rtts(&c, l, out, f)) return true;
    plm_rtts_free(out);
    return false;
}

bool plm_rtts_read(const char *path, const plm_landmarks *l, plm_rtts *out, plm_fault *f) {
    plm_buf b;
    *out = (plm_rtts){0};
    if (!read_then(path, &b, f)) return false;
    bool ok = plm_rtts_parse(plm_buf_str(&b), path, l, out, f);
    plm_buf_free(&b);
    return ok;
}

void plm_rtts_free(plm_rtts *r) {
    plm_arena_free(r->arena);
    *r = (plm_rtts){0};
}
