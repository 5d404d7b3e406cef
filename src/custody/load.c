/* load.c: upserts of side tables: one transaction a file, a digest a row. */
#include "custody/load_row.h"
#include "base/file.h"
#include "custody/gs1.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROW_ARENA_MAX ((size_t)64 << 20)

static const struct {
    const char *word, *table, *id;
    bool json;
} kinds[] = {{"licenses", "licenses", "id", true},   {"sites", "sites", "id", false},
             {"devices", "devices", "epc", false},   {"orders", "orders", "id", false},
             {"attestations", "attestations", "id", true}, {"locations", "locations", "id", true}};
#define KINDS_N (sizeof kinds / sizeof kinds[0])

static size_t kind_find(const char *word) {
    size_t i = 0;
    while (i < KINDS_N && strcmp(kinds[i].word, word) != 0) i++;
    return i;
}

bool plm_load_knows(const char *kind) { return kind_find(kind) < KINDS_N; }

bool plm_load_refuse(plm_loader *l, const char *code, const char *column, const char *say,
                     plm_str value) {
    plm_jw w = plm_jw_into(&l->out->refused);
    char text[320];
    if (l->refused) return false;
    l->refused = true;
    if (l->out->refused_n++ >= PLM_LOAD_REFUSED_LISTED_MAX) return false;
    w.comma = l->out->refused.n > 0;
    snprintf(text, sizeof text, "%s%s'%.*s' %s", column, column[0] ? " " : "",
             (int)(value.n > 80 ? 80 : value.n), value.p ? value.p : "", say);
    plm_jw_obj(&w);
    plm_jw_key(&w, "row");
    plm_jw_u64(&w, l->row);
    plm_jw_kstr(&w, "id", l->id);
    plm_jw_kcstr(&w, "code", code);
    plm_jw_kcstr(&w, "say", text);
    plm_jw_end_obj(&w);
    return false;
}

static bool put_name(plm_loader *l, plm_str key, plm_str shown) {
    plm_stmt_text(l->name, 1, key);
    plm_stmt_text(l->name, 2, shown);
    return plm_stmt_run(l->name, NULL, l->f);
}

plm_str plm_load_key(plm_loader *l, plm_str v) {
    plm_str key = plm_gs1_key_or_self(v, l->a);
    if (!key.p) plm_fail(l->f, PLM_OUT_OF_RANGE, "row %llu is too large",
                         (unsigned long long)l->row);
    else if (!put_name(l, key, v)) return (plm_str){0};
    return key;
}

bool plm_load_bind_text(plm_loader *l, int i, plm_str v) {
    plm_stmt_text(l->put, i, v.n ? v : (plm_str){0});
    return true;
}

bool plm_load_bind_key(plm_loader *l, int i, plm_str v) {
    plm_str key = {0};
    if (v.n && !(key = plm_load_key(l, v)).p) return false;
    plm_stmt_text(l->put, i, key);
    return true;
}

bool plm_load_bind_day(plm_loader *l, int i, const char *column, plm_str v) {
    plm_day d;
    if (!v.n) return plm_stmt_null(l->put, i), true;
    if (!plm_day_parse(v, &d)) return plm_load_refuse(l, "date", column, "is no date YYYY-MM-DD",
                                                      v);
    plm_stmt_int(l->put, i, d);
    return true;
}

bool plm_load_bind_real(plm_loader *l, plm_stmt *st, int i, const char *column, plm_str v,
                        double lo,
                        double hi) {
    char text[64], *end = text;
    if (!v.n) return plm_stmt_null(st, i), true;
    double d = 0;
    if (v.n < sizeof text) {
        memcpy(text, v.p, v.n);
        text[v.n] = 0;
        d = strtod(text, &end);
    }
    plm_dec exact;
    if (v.n >= sizeof text || *end || !plm_dec_parse(v, true, &exact, NULL) || !isfinite(d))
        return plm_load_refuse(l, "number", column, "is no decimal number", v);
    if (d < lo || d > hi) return plm_load_refuse(l, "range", column, "is out of range", v);
    plm_stmt_real(st, i, d);
    return true;
}

bool plm_load_scaled(plm_loader *l, const char *column, plm_str v, int digits, int64_t lo,
                     int64_t *out) {
    plm_dec d, scaled, scale = plm_dec_int(1);
    char text[PLM_DEC_TEXT], *end;
    plm_fault quiet = {0};
    for (int i = 0; i < digits; i++) plm_dec_mul(scale, plm_dec_int(10), false, &scale);
    if (!plm_dec_parse(v, true, &d, &quiet))
        return plm_load_refuse(l, "number", column, "is no decimal number", v);
    if (!plm_dec_mul(d, scale, false, &scaled))
        return plm_load_refuse(l, "range", column, "is out of range", v);
    size_t n = plm_dec_print(scaled, text);
    if (memchr(text, '.', n))
        return plm_load_refuse(l, "number", column, "has more decimals than are kept", v);
    if (n > 18) return plm_load_refuse(l, "range", column, "is out of range", v);
    *out = strtoll(text, &end, 10);
    if (*out < lo) return plm_load_refuse(l, "range", column, "is too small", v);
    return true;
}

bool plm_load_bind_scaled(plm_loader *l, int i, const char *column, plm_str v, int digits,
                          int64_t lo) {
    int64_t n;
    if (!v.n) return plm_stmt_null(l->put, i), true;
    if (!plm_load_scaled(l, column, v, digits, lo, &n)) return false;
    plm_stmt_int(l->put, i, n);
    return true;
}

bool plm_load_decide(plm_loader *l, plm_str key, const unsigned char digest[32], bool *same) {
    plm_stmt_text(l->find, 1, key);
    int r = plm_stmt_step(l->find, l->f);
    *same = false;
    if (r < 0) return false;
    if (r == 1) {
        plm_str d = plm_col_blob(l->find, 0);
        *same = d.n == 32 && memcmp(d.p, digest, 32) == 0;
        l->out->changed += !*same;
        plm_stmt_reset(l->find);
    } else {
        l->out->fresh++;
    }
    if (!*same) {
        plm_stmt_int(l->feed, 1, ++l->fed);
        plm_stmt_text(l->feed, 2, plm_str_c(l->kind));
        plm_stmt_text(l->feed, 3, key);
        if (!plm_stmt_run(l->feed, NULL, l->f)) return false;
    }
    for (size_t i = 0; r == 1 && !*same && i < 3 && l->drop[i]; i++) {
        plm_stmt_text(l->drop[i], 1, key);
        if (!plm_stmt_run(l->drop[i], NULL, l->f)) return false;
    }
    return true;
}

static bool prepare(plm_loader *l, size_t k) {
    char sql[160];
    snprintf(sql, sizeof sql, "SELECT digest FROM %s WHERE %s = ?1", kinds[k].table, kinds[k].id);
    l->find = plm_stmt_new(l->s, sql, l->f);
    l->name = plm_stmt_new(l->s,
        "INSERT INTO names (key, shown, rank) VALUES (?1, ?2, 0) ON CONFLICT (key) DO UPDATE SET"
        " shown = excluded.shown, rank = 0 WHERE names.rank > 0 OR excluded.shown > names.shown",
            l->f);
    if (!l->find || !l->name) return false;
    plm_stmt *last = plm_stmt_new(l->s, "SELECT n FROM load_feed ORDER BY n DESC LIMIT 1", l->f);
    int r = last ? plm_stmt_step(last, l->f) : -1;
    if (r == 1) l->fed = plm_col_int(last, 0);
    plm_stmt_free(last);
    l->kind = kinds[k].word;
    if (r < 0 || !(l->feed = plm_stmt_append(l->s, "load_feed", "n, kind, id", l->f))) return false;
    return kinds[k].json ? plm_load_prepare_json(l, kinds[k].word)
                         : plm_load_prepare_csv(l, kinds[k].word);
}

static void finish(plm_loader *l) {
    plm_stmt_free(l->find);
    plm_stmt_free(l->put);
    plm_stmt_free(l->name);
    plm_stmt_free(l->feed);
    for (size_t i = 0; i < 3; i++) {
        plm_stmt_free(l->drop[i]);
        plm_stmt_free(l->part[i]);
    }
    plm_arena_free(l->a);
}

bool plm_load_file(plm_store *s, const char *kind, const char *path, plm_load *out, plm_fault *f) {
    size_t k = kind_find(kind);
    plm_buf text;
    plm_loader l = {.s = s, .out = out, .f = f};
    *out = (plm_load){0};
    plm_buf_init(&out->refused, 64u << 20);
    if (k == KINDS_N) return plm_fail(f, PLM_BAD_INPUT, "no table '%s'", kind);
    plm_buf_init(&text, PLM_LOAD_FILE_MAX);
    l.a = plm_arena_new(ROW_ARENA_MAX);
    bool ok = l.a && plm_file_read(path, &text, f) && plm_store_begin(s, f);
    if (ok) {
        plm_str t = plm_buf_str(&text);
        if (t.n >= 3 && memcmp(t.p, "\xEF\xBB\xBF", 3) == 0) t = (plm_str){t.p + 3, t.n - 3};
        ok = prepare(&l, k) && (kinds[k].json ? plm_load_json(&l, kind, t)
                                : plm_load_csv(&l, kind, t));
    }
    finish(&l);
    plm_buf_free(&text);
    if (ok && plm_store_commit(s, f)) return true;
    plm_store_rollback(s);
    return false;
}

void plm_load_free(plm_load *l) { plm_buf_free(&l->refused); }
