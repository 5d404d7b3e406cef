/* findings.c: findings as JSON and in the store.  Held by tests/scenes/test_custody_watch. */
#include "custody/findings.h"

#include "base/json.h"
#include "custody/event.h"
#include "custody/gs1.h"
#include "custody/log.h"
#include <string.h>

void plm_finding_list(plm_jw *w, const char *key, const plm_find_list *l) {
    plm_jw_key(w, key);
    plm_jw_arr(w);
    for (uint32_t i = 0; i < l->n; i++) plm_jw_str(w, l->v[i]);
    plm_jw_end_arr(w);
}

void plm_finding_words(plm_jw *w, const char *key, const char *const *p) {
    plm_jw_key(w, key);
    plm_jw_arr(w);
    for (; p && *p; p++) plm_jw_cstr(w, *p);
    plm_jw_end_arr(w);
}

void plm_finding_write(plm_buf *b, const plm_finding *g) {
    plm_jw w = plm_jw_into(b);
    char t[40];
    plm_jw_obj(&w);
    plm_jw_kcstr(&w, "id", g->id);
    plm_jw_kcstr(&w, "kind", g->kind);
    plm_jw_kcstr(&w, "severity", plm_severity_name(g->severity));
    plm_finding_list(&w, "subjects", &g->subjects);
    plm_finding_list(&w, "related", &g->related);
    plm_finding_list(&w, "parties", &g->parties);
    plm_finding_list(&w, "evidence", &g->evidence);
    if (g->first_seen_ns == INT64_MIN) {
        plm_jw_kcstr(&w, "first_seen", NULL);
    } else {
        plm_time_print(g->first_seen_ns, t);
        plm_jw_kcstr(&w, "first_seen", t);
    }
    plm_jw_kstr(&w, "explanation", g->explanation);
    plm_finding_words(&w, "innocent", g->innocent);
    plm_finding_words(&w, "questions", g->questions);
    plm_jw_kint(&w, "score", g->weight);
    plm_jw_end_obj(&w);
}

bool plm_findings_time(plm_str s, int64_t *ns) {
    plm_day d;
    if (plm_day_parse(s, &d)) {
        *ns = ((int64_t)d + 1) * PLM_DAY_NS - 1;
        return true;
    }
    return plm_time_parse(s, ns, NULL);
}

typedef struct keeper {
    plm_store *s;
    plm_log log;
    plm_stmt *get, *put, *subject;
    int64_t now;
    plm_buf key;
    bool wrote;
} keeper;

static bool keep_one(keeper *k, const plm_finding *g, plm_buf *b, plm_fault *f) {
    plm_buf_clear(b);
    plm_finding_write(b, g);
    if (b->full) return plm_fail(f, PLM_OUT_OF_RANGE, "a finding is too long to keep");
    plm_stmt_text(k->get, 1, plm_str_c(g->id));
    int r = plm_stmt_step(k->get, f);
    bool same = r == 1 && plm_str_eq(plm_col_text(k->get, 0), plm_buf_str(b));
    if (r == 1) plm_stmt_reset(k->get);
    if (r < 0 || same) return r >= 0;
    plm_stmt_text(k->put, 1, plm_str_c(g->id));
    plm_stmt_text(k->put, 2, plm_str_c(g->kind));
    plm_stmt_text(k->put, 3, plm_str_c(plm_severity_name(g->severity)));
    plm_stmt_int(k->put, 4, g->first_seen_ns == INT64_MIN ? 0 : g->first_seen_ns);
    plm_stmt_int(k->put, 5, k->now);
    plm_stmt_text(k->put, 6, plm_buf_str(b));
    if (!plm_stmt_run(k->put, NULL, f)) return false;
    for (uint32_t i = 0; i < g->subjects.n; i++) {
        plm_stmt_text(k->subject, 1, plm_str_c(g->id));
        plm_buf_clear(&k->key); /* subjects are kept by key, as every table is */
        bool gs1 = plm_gs1_key(g->subjects.v[i], &k->key);
        plm_stmt_text(k->subject, 2, gs1 ? plm_buf_str(&k->key) : g->subjects.v[i]);
        if (!plm_stmt_run(k->subject, NULL, f)) return false;
    }
    k->wrote = true;
    return plm_log_append(&k->log, "finding", plm_str_c(g->id), 0, plm_buf_str(b), f);
}

bool plm_findings_record(plm_store *s, const plm_findings *out, plm_fault *f) {
    keeper k = {.s = s, .now = plm_time_now()};
    bool any = false;
    for (uint32_t i = 0; i < out->n; i++) any |= out->v[i].severity > PLM_NOTE;
    if (!any) return true;
    if (!plm_store_begin(s, f)) return false;
    bool ok = plm_log_open(&k.log, s, f), opened = ok;
    k.get = ok ? plm_stmt_new(s, "SELECT json FROM findings WHERE id = ?1", f) : NULL;
    k.put = k.get ? plm_stmt_new(s, "INSERT INTO findings (id, kind, severity, first_seen,"
                                    " recorded, json) VALUES (?1, ?2, ?3, ?4, ?5, ?6)"
                                    " ON CONFLICT (id) DO UPDATE SET severity = excluded.severity,"
                                    " first_seen = excluded.first_seen, json = excluded.json", f)
                  : NULL;
    k.subject = k.put ? plm_stmt_new(s, "INSERT INTO finding_subjects (finding, subject)"
                                        " VALUES (?1, ?2) ON CONFLICT DO NOTHING", f)
                      : NULL;
    ok = ok && k.subject;
    plm_buf b;
    plm_buf_init(&b, 64u << 20);
    plm_buf_init(&k.key, 4096);
    for (uint32_t i = 0; ok && i < out->n; i++)
        if (out->v[i].severity > PLM_NOTE) ok = keep_one(&k, &out->v[i], &b, f);
    plm_buf_free(&b);
    plm_buf_free(&k.key);
    plm_stmt_free(k.get);
    plm_stmt_free(k.put);
    plm_stmt_free(k.subject);
    ok = ok && (!k.wrote || plm_log_head(&k.log, f));
    if (opened) plm_log_close(&k.log);
    if (ok && k.wrote) return plm_store_commit(s, f);
    plm_store_rollback(s);
    return ok;
}
