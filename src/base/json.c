/* json.c: strict JSON.  Invariants: 1 a document with a duplicate key anywhere is refused;
 * 2 numbers keep their text; 3 depth, size and member counts are bounded before anything
 * recursive looks at the document.  Held by tests/unit/test_json.c and fuzz/json.c. */
#include "base/json.h"

#include <stdlib.h>
#include <string.h>

#define FEW_KEYS 64

struct plm_doc {
    yyjson_doc *doc;
};

static int by_key(const void *a, const void *b) {
    return plm_str_cmp(*(const plm_str *)a, *(const plm_str *)b);
}

static bool twice(plm_str key, plm_fault *f) {
    return plm_fail(f, PLM_BAD_INPUT, "the key \"%.*s\" stands twice in one object; keep one",
                    (int)(key.n > 60 ? 60 : key.n), key.p);
}

/* Few keys: a set of 64 bits by length and ends tells most apart without comparing them. */
static bool few_keys_differ(yyjson_val *obj, plm_fault *f) {
    plm_str keys[FEW_KEYS];
    uint64_t seen = 0;
    size_t n = 0;
    plm_json_pairs(obj, it, k, v) {
        (void)v;
        plm_str s = plm_json_text(k);
        unsigned char ends = s.n ? (unsigned char)(s.p[0] * 7 + s.p[s.n - 1] + s.p[s.n / 2]) : 0;
        uint64_t bit = 1ull << ((ends + s.n * 11) & 63);
        if (seen & bit)
            for (size_t i = 0; i < n; i++)
                if (plm_str_eq(keys[i], s)) return twice(s, f);
        seen |= bit;
        keys[n++] = s;
    }
    return true;
}

static bool keys_differ(yyjson_val *obj, plm_fault *f) {
    size_t n = yyjson_obj_size(obj), i = 0;
    if (n <= FEW_KEYS) return n < 2 || few_keys_differ(obj, f);
    if (n > PLM_JSON_KEYS_MAX)
        return plm_fail(f, PLM_OUT_OF_RANGE, "an object has more than %d members",
                        PLM_JSON_KEYS_MAX);
    plm_str *keys = plm_mem_resize(NULL, n * sizeof *keys);
    if (!keys) return plm_fail(f, PLM_NO_MEMORY, "out of memory");
    plm_json_pairs(obj, it, k, v) {
        (void)v;
        keys[i++] = plm_json_text(k);
    }
    qsort(keys, n, sizeof *keys, by_key);
    bool ok = true;
    for (i = 1; ok && i < n; i++)
        if (plm_str_eq(keys[i - 1], keys[i])) ok = twice(keys[i], f);
    plm_mem_free(keys);
    return ok;
}

/* Depth and keys of every container.  yyjson reads without recursion, so the first reader that
 * recurses is this one, and it stops at the limit. */
static bool tree_fits(yyjson_val *v, int depth, plm_fault *f) {
    if (!yyjson_is_ctn(v)) return true;
    if (depth > PLM_JSON_DEPTH_MAX)
        return plm_fail(f, PLM_OUT_OF_RANGE, "is nested deeper than %d levels",
                        PLM_JSON_DEPTH_MAX);
    if (yyjson_is_obj(v)) {
        if (!keys_differ(v, f)) return false;
        plm_json_pairs(v, it, k, m) {
            (void)k;
            if (yyjson_is_ctn(m) && !tree_fits(m, depth + 1, f)) return false;
        }
    } else {
        plm_json_each(v, it, m)
            if (yyjson_is_ctn(m) && !tree_fits(m, depth + 1, f)) return false;
    }
    return true;
}

static void place(plm_str s, size_t pos, uint32_t *line, uint32_t *column) {
    *line = *column = 1;
    for (size_t i = 0; i < pos && i < s.n; i++) {
        if (s.p[i] == '\n') (*line)++, *column = 1;
        else (*column)++;
    }
}

plm_doc *plm_doc_parse(plm_str text, size_t max, plm_fault *f) {
    if (max == 0) max = PLM_JSON_BYTES_MAX;
    if (text.n > max) {
        plm_fail(f, PLM_OUT_OF_RANGE, "is longer than %zu bytes", max);
        return NULL;
    }
    yyjson_read_err err;
    yyjson_doc *doc = yyjson_read_opts((char *)(uintptr_t)text.p, text.n,
                                       YYJSON_READ_NUMBER_AS_RAW, NULL, &err);
    if (!doc) {
        uint32_t line, column;
        place(text, err.pos, &line, &column);
        plm_fail_at(f, err.code == YYJSON_READ_ERROR_MEMORY_ALLOCATION ? PLM_NO_MEMORY
                                                                      : PLM_BAD_INPUT,
                    "", line, column, "is no JSON: %s", err.msg);
        return NULL;
    }
    plm_doc *d = NULL;
    if (tree_fits(yyjson_doc_get_root(doc), 1, f)) {
        d = plm_mem_resize(NULL, sizeof *d);
        if (d) d->doc = doc;
        else plm_fail(f, PLM_NO_MEMORY, "out of memory");
    }
    if (!d) yyjson_doc_free(doc);
    return d;
}

void plm_doc_free(plm_doc *d) {
    if (!d) return;
    yyjson_doc_free(d->doc);
    plm_mem_free(d);
}

plm_json *plm_doc_root(const plm_doc *d) { return yyjson_doc_get_root(d->doc); }

plm_json *plm_json_get(const plm_json *v, const char *key) {
    return yyjson_obj_get((plm_json *)(uintptr_t)v, key);
}

bool plm_json_true(const plm_json *v) { return yyjson_is_true((plm_json *)(uintptr_t)v); }
size_t plm_json_count(const plm_json *v) { return yyjson_get_len((plm_json *)(uintptr_t)v); }

bool plm_json_dec(const plm_json *v, bool strings, plm_dec *out, plm_fault *f) {
    if (plm_json_is_num(v)) return plm_dec_parse(plm_json_text(v), true, out, f);
    if (strings && plm_json_is_str(v)) return plm_dec_parse(plm_json_text(v), false, out, f);
    return plm_fail(f, PLM_BAD_INPUT, "is not a number%s", strings ? " or a decimal string" : "");
}

bool plm_json_int(const plm_json *v, int64_t *out) {
    plm_dec d;
    if (!plm_json_is_num(v) || !plm_dec_parse(plm_json_text(v), true, &d, NULL)) return false;
    char text[PLM_DEC_TEXT], *end;
    size_t n = plm_dec_print(d, text);
    if (memchr(text, '.', n) || n > 18) return false;
    *out = strtoll(text, &end, 10);
    return *end == 0;
}

plm_jw plm_jw_into(plm_buf *b) { return (plm_jw){.b = b}; }

static void sep(plm_jw *w) {
    if (w->comma) plm_buf_putc(w->b, ',');
    w->comma = true;
}

void plm_jw_obj(plm_jw *w) {
    sep(w);
    plm_buf_putc(w->b, '{');
    w->comma = false;
}

void plm_jw_end_obj(plm_jw *w) {
    plm_buf_putc(w->b, '}');
    w->comma = true;
}

void plm_jw_arr(plm_jw *w) {
    sep(w);
    plm_buf_putc(w->b, '[');
    w->comma = false;
}

void plm_jw_end_arr(plm_jw *w) {
    plm_buf_putc(w->b, ']');
    w->comma = true;
}

/* Length of the UTF-8 sequence at p (of n bytes), 0 when it is none. */
static size_t utf8_len(const unsigned char *p, size_t n) {
    if (p[0] < 0x80) return 1;
    size_t k = p[0] >= 0xC2 && p[0] < 0xE0 ? 2 : (p[0] & 0xF0) == 0xE0 ? 3
             : p[0] >= 0xF0 && p[0] < 0xF5 ? 4 : 0;
    if (k == 0 || k > n) return 0;
    for (size_t i = 1; i < k; i++)
        if ((p[i] & 0xC0) != 0x80) return 0;
    if (p[0] == 0xE0 && p[1] < 0xA0) return 0;
    if (p[0] == 0xED && p[1] > 0x9F) return 0;
    if (p[0] == 0xF0 && p[1] < 0x90) return 0;
    if (p[0] == 0xF4 && p[1] > 0x8F) return 0;
    return k;
}

static void escape(plm_buf *b, unsigned char c) {
    switch (c) {
    case '"': plm_buf_puts(b, "\\\""); break;
    case '\\': plm_buf_puts(b, "\\\\"); break;
    case '\n': plm_buf_puts(b, "\\n"); break;
    case '\r': plm_buf_puts(b, "\\r"); break;
    case '\t': plm_buf_puts(b, "\\t"); break;
    default: plm_buf_printf(b, "\\u%04x", c);
    }
}

/* Bytes that stand in a JSON string as they are: printable ASCII but the quote and backslash. */
static bool plain(unsigned char c) { return c >= 0x20 && c < 0x80 && c != '"' && c != '\\'; }

typedef signed char v16 __attribute__((vector_size(16)));
typedef uint64_t two __attribute__((vector_size(16)));

/* Are sixteen bytes all plain?  As signed bytes, those above ASCII are below zero. */
static inline bool plain16(two bytes) {
    v16 v = (v16)bytes;
    two bad = (two)((v < 0x20) | (v == '"') | (v == '\\'));
    return !(bad[0] | bad[1]);
}

static inline uint64_t load8(const char *p) {
    uint64_t v;
    memcpy(&v, p, sizeof v);
    return v;
}

static inline uint64_t load4(const char *p) {
    uint32_t v;
    memcpy(&v, p, sizeof v);
    return v;
}

/* Copies the text when all of it is plain; else says so, and what it wrote does not count.  Texts
 * of up to 16 bytes, the usual ones, are taken by their ends, which may overlap. */
static inline bool put_plain(char *to, plm_str s) {
    const char *p = s.p, *end = s.p + s.n;
    if (s.n > 16) {
        two v;
        for (; end - p >= 16; p += 16) {
            memcpy(&v, p, sizeof v);
            if (!plain16(v)) return false;
        }
        memcpy(&v, end - 16, sizeof v);
        memcpy(to, s.p, s.n);
        return plain16(v);
    }
    if (s.n >= 8) {
        two v = {load8(p), load8(end - 8)};
        memcpy(to, p, 8);
        memcpy(to + s.n - 8, end - 8, 8);
        return plain16(v);
    }
    if (s.n >= 4) {
        uint64_t both = load4(p) | load4(end - 4) << 32;
        memcpy(to, p, 4);
        memcpy(to + s.n - 4, end - 4, 4);
        return plain16((two){both, both});
    }
    for (; p < end; p++) {
        if (!plain((unsigned char)*p)) return false;
        *to++ = *p;
    }
    return true;
}

static void escaped(plm_buf *b, plm_str s) {
    size_t from = 0;
    for (size_t i = 0; i < s.n;) {
        const unsigned char *p = (const unsigned char *)s.p + i;
        size_t k = plain(*p) ? 1 : *p < 0x80 ? 0 : utf8_len(p, s.n - i);
        if (k) {
            i += k;
            continue;
        }
        plm_buf_put(b, s.p + from, i - from);
        if (*p < 0x80) escape(b, *p);
        else plm_buf_puts(b, "\xEF\xBF\xBD");
        from = ++i;
    }
    plm_buf_put(b, s.p + from, s.n - from);
}

/* The text in quotes, after a comma where one is due; a key: with its colon. */
static inline void quoted(plm_jw *w, plm_str s, bool key) {
    plm_buf *b = w->b;
    size_t n = (size_t)w->comma + s.n + 2 + (size_t)key;
    char *p = plm_buf_room(b, n);
    if (p && put_plain(p + w->comma + 1, s)) {
        if (w->comma) *p++ = ',';
        *p++ = '"';
        p[s.n] = '"';
        if (key) p[s.n + 1] = ':';
        b->n += n;
    } else if (p) {
        if (w->comma) plm_buf_putc(b, ',');
        plm_buf_putc(b, '"');
        escaped(b, s);
        plm_buf_putc(b, '"');
        if (key) plm_buf_putc(b, ':');
    }
    w->comma = !key;
}

void plm_jw_key(plm_jw *w, const char *key) { quoted(w, plm_str_c(key), true); }

void plm_jw_skey(plm_jw *w, plm_str key) { quoted(w, key, true); }

void plm_jw_str(plm_jw *w, plm_str s) { quoted(w, s, false); }

void plm_jw_raw(plm_jw *w, plm_str json) {
    size_t n = (size_t)w->comma + json.n;
    char *p = plm_buf_room(w->b, n);
    if (p) {
        if (w->comma) *p++ = ',';
        if (json.n) memcpy(p, json.p, json.n);
        w->b->n += n;
    }
    w->comma = true;
}

void plm_jw_null(plm_jw *w) { plm_jw_raw(w, PLM_STR("null")); }

void plm_jw_cstr(plm_jw *w, const char *s) {
    if (s) plm_jw_str(w, plm_str_c(s));
    else plm_jw_null(w);
}

static void decimal(plm_jw *w, uint64_t v, bool negative) {
    char text[24];
    size_t at = sizeof text;
    do text[--at] = (char)('0' + v % 10);
    while (v /= 10);
    if (negative) text[--at] = '-';
    plm_jw_raw(w, (plm_str){text + at, sizeof text - at});
}

void plm_jw_int(plm_jw *w, int64_t v) {
    decimal(w, v < 0 ? 0 - (uint64_t)v : (uint64_t)v, v < 0);
}

void plm_jw_u64(plm_jw *w, uint64_t v) { decimal(w, v, false); }

void plm_jw_bool(plm_jw *w, bool v) { plm_jw_raw(w, v ? PLM_STR("true") : PLM_STR("false")); }

void plm_jw_scalar(plm_jw *w, const plm_json *v) {
    if (plm_json_is_str(v)) plm_jw_str(w, plm_json_text(v));
    else if (plm_json_is_num(v)) plm_jw_raw(w, plm_json_text(v));
    else if (plm_json_is_bool(v)) plm_jw_bool(w, plm_json_true(v));
    else plm_jw_null(w);
}

void plm_jw_kstr(plm_jw *w, const char *key, plm_str s) {
    plm_jw_key(w, key);
    plm_jw_str(w, s);
}

void plm_jw_kcstr(plm_jw *w, const char *key, const char *s) {
    plm_jw_key(w, key);
    plm_jw_cstr(w, s);
}

void plm_jw_kint(plm_jw *w, const char *key, int64_t v) {
    plm_jw_key(w, key);
    plm_jw_int(w, v);
}

void plm_jw_kbool(plm_jw *w, const char *key, bool v) {
    plm_jw_key(w, key);
    plm_jw_bool(w, v);
}
