/* json.h: strict reading (UTF-8, no duplicate keys, depth and size limits, numbers kept as
 * text) over yyjson, and a writer into a plm_buf.  The only room that sees yyjson. */
#ifndef PLM_BASE_JSON_H
#define PLM_BASE_JSON_H

#include "plimsoll/number.h"
#include "yyjson.h"

#define PLM_JSON_BYTES_MAX (8u << 20) /* one document */
#define PLM_JSON_DEPTH_MAX 64
#define PLM_JSON_KEYS_MAX 4096        /* members of one object */

typedef yyjson_val plm_json; /* borrowed from its plm_doc */
typedef struct plm_doc plm_doc;

/* Parses the whole of text (bytes after the value are an error).  max 0: PLM_JSON_BYTES_MAX.
 * Free with plm_doc_free.  NULL and f filled (line and column) on error. */
plm_doc *plm_doc_parse(plm_str text, size_t max, plm_fault *f);
void plm_doc_free(plm_doc *d);
plm_json *plm_doc_root(const plm_doc *d);

static inline bool plm_json_is_obj(const plm_json *v) {
    return yyjson_is_obj((plm_json *)(uintptr_t)v);
}
static inline bool plm_json_is_arr(const plm_json *v) {
    return yyjson_is_arr((plm_json *)(uintptr_t)v);
}
static inline bool plm_json_is_str(const plm_json *v) {
    return yyjson_is_str((plm_json *)(uintptr_t)v);
}
static inline bool plm_json_is_bool(const plm_json *v) {
    return yyjson_is_bool((plm_json *)(uintptr_t)v);
}
static inline bool plm_json_is_null(const plm_json *v) {
    return yyjson_is_null((plm_json *)(uintptr_t)v);
}
/* A number (kept as its text: see plm_json_text). */
static inline bool plm_json_is_num(const plm_json *v) {
    return yyjson_is_raw((plm_json *)(uintptr_t)v);
}
/* Member, or NULL (also when v is no object). */
plm_json *plm_json_get(const plm_json *v, const char *key);
/* String's content or number's text; empty for anything else. */
static inline plm_str plm_json_text(const plm_json *v) {
    plm_json *m = (plm_json *)(uintptr_t)v;
    if (yyjson_is_str(m)) return (plm_str){yyjson_get_str(m), yyjson_get_len(m)};
    if (yyjson_is_raw(m)) return (plm_str){yyjson_get_raw(m), yyjson_get_len(m)};
    return (plm_str){"", 0};
}
bool plm_json_true(const plm_json *v);
size_t plm_json_count(const plm_json *v);
/* A number or (if strings) a plain decimal string, exactly. */
bool plm_json_dec(const plm_json *v, bool strings, plm_dec *out, plm_fault *f);
/* An integer without fraction of at most 18 characters, its sign included. */
bool plm_json_int(const plm_json *v, int64_t *out);
/* Iterate: plm_json_each(arr, i, v) / plm_json_pairs(obj, i, k, v), k a plm_json string. */
#define plm_json_each(arr, it, v) \
    yyjson_arr_iter it; \
    yyjson_arr_iter_init((plm_json *)(uintptr_t)(arr), &it); \
    for (plm_json *v; (v = yyjson_arr_iter_next(&it)) != NULL;)
#define plm_json_pairs(obj, it, k, v) \
    yyjson_obj_iter it; \
    yyjson_obj_iter_init((plm_json *)(uintptr_t)(obj), &it); \
    for (plm_json *k, *v; (k = yyjson_obj_iter_next(&it)) != NULL && \
                          (v = yyjson_obj_iter_get_val(k), true);)

/* Writer: commas are kept by the writer; nothing is allocated but in the buffer. */
typedef struct plm_jw {
    plm_buf *b;
    unsigned depth;
    bool comma;
} plm_jw;
plm_jw plm_jw_into(plm_buf *b);
void plm_jw_obj(plm_jw *w);
void plm_jw_end_obj(plm_jw *w);
void plm_jw_arr(plm_jw *w);
void plm_jw_end_arr(plm_jw *w);
void plm_jw_key(plm_jw *w, const char *key);
void plm_jw_skey(plm_jw *w, plm_str key);
void plm_jw_str(plm_jw *w, plm_str s); /* escaped; bytes that are no UTF-8 become U+FFFD */
void plm_jw_cstr(plm_jw *w, const char *s); /* NULL writes null */
void plm_jw_int(plm_jw *w, int64_t v);
void plm_jw_u64(plm_jw *w, uint64_t v);
void plm_jw_bool(plm_jw *w, bool v);
void plm_jw_null(plm_jw *w);
void plm_jw_scalar(plm_jw *w, const plm_json *v); /* text, number as written, bool; else null */
void plm_jw_raw(plm_jw *w, plm_str json); /* text that is JSON already */
/* key and value in one call */
void plm_jw_kstr(plm_jw *w, const char *key, plm_str s);
void plm_jw_kcstr(plm_jw *w, const char *key, const char *s);
void plm_jw_kint(plm_jw *w, const char *key, int64_t v);
void plm_jw_kbool(plm_jw *w, const char *key, bool v);

#endif
