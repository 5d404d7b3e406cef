/* ledger.c: one writer puts events, their parts and their leaves in one transaction. */
#include "custody/ledger.h"
#include "custody/epcis.h"

#include <stdio.h>
#include <string.h>

#define NAMES_SEEN_BITS 18 /* names written lately, so that they are not written again */

enum { Q_SAME, Q_MAX, Q_EVENT, Q_EPC, Q_PARTY, Q_PAPER, Q_SENSOR, Q_DEVICE, Q_CORRECTION, Q_NAME,
       Q_VOID_ID, Q_VOID_HASH, Q_DECLARED_ID, Q_DECLARED_HASH, Q_N };

static const char *const sql[Q_N] = {
    [Q_SAME] = "SELECT declares, hash FROM events WHERE id = ?1",
    [Q_MAX] = "SELECT seq FROM events ORDER BY seq DESC LIMIT 1",
    [Q_EVENT] = "INSERT INTO events (seq, id, event_id, hash, declares, voided_by, event_time,"
                " offset_min, record_time, known_time, type, action, biz_step, disposition,"
                " read_point, biz_location, parent, replaces, json) VALUES (?1, ?2, ?3, ?4, ?5, ?6,"
                " ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19)",
    [Q_EPC] = "INSERT INTO event_epcs (event, ord, role, epc, quantity, uom)"
              " VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    [Q_PARTY] =
        "INSERT INTO event_parties (event, ord, dir, type, party) VALUES (?1, ?2, ?3, ?4, ?5)",
    [Q_PAPER] =
        "INSERT INTO event_papers (event, ord, type, paper, uri) VALUES (?1, ?2, ?3, ?4, ?5)",
    [Q_SENSOR] =
        "INSERT INTO event_sensors (event, ord, type, value, uom) VALUES (?1, ?2, ?3, ?4, ?5)",
    [Q_DEVICE] = "INSERT INTO event_devices (event, ord, epc, device_id) VALUES (?1, ?2, ?3, ?4)",
    [Q_CORRECTION] = "INSERT INTO event_corrections (event, ord, corrective) VALUES (?1, ?2, ?3)",
    /* the form of a table wins over that of an event, a URN over a Digital Link: any order of
     * files ends with the same */
    [Q_NAME] = "INSERT INTO names (key, shown, rank) VALUES (?1, ?2, 1) ON CONFLICT (key) DO UPDATE"
               " SET shown = excluded.shown WHERE names.rank = 1 AND excluded.shown > names.shown",
    [Q_VOID_ID] = "UPDATE events SET voided_by = ?1 WHERE id = ?2 AND declares = 0"
                  " AND voided_by IS NULL",
    [Q_VOID_HASH] = "UPDATE events SET voided_by = ?1 WHERE hash = ?2 AND declares = 0"
                    " AND voided_by IS NULL AND (event_id IS NULL OR ?3 = 0)",
    [Q_DECLARED_ID] = "SELECT seq FROM events WHERE id = ?1 AND declares = 1",
    [Q_DECLARED_HASH] = "SELECT seq FROM events WHERE hash = ?1 AND declares = 1"
                        " AND (event_id IS NULL OR ?2 = 0) ORDER BY seq LIMIT 1",
};

struct plm_ledger {
    plm_store *s;
    plm_stmt *q[Q_N];
    plm_log log;
    int64_t seq;     /* of the last event */
    bool any_declared; /* the store holds a declaration, so look for them */
    uint64_t seen[1u << NAMES_SEEN_BITS];
};

static void ledger_free(plm_ledger *l) {
    for (size_t i = 0; i < Q_N; i++) plm_stmt_free(l->q[i]);
    plm_log_close(&l->log);
    plm_mem_free(l);
}

static bool scalar(plm_store *s, const char *text, int64_t *out, plm_fault *f) {
    plm_stmt *st = plm_stmt_new(s, text, f);
    if (!st) return false;
    int r = plm_stmt_step(st, f);
    *out = r == 1 ? plm_col_int(st, 0) : 0;
    plm_stmt_free(st);
    return r >= 0;
}

static bool ledger_prepare(plm_ledger *l, plm_fault *f) {
    int64_t declared;
    for (size_t i = 0; i < Q_N; i++)
        if (!(l->q[i] = plm_stmt_new(l->s, sql[i], f))) return false;
    if (!scalar(l->s, sql[Q_MAX], &l->seq, f)) return false;
    if (!scalar(l->s, "SELECT 1 FROM event_corrections LIMIT 1", &declared, f)) return false;
    if (!declared && !scalar(l->s, "SELECT 1 FROM events WHERE declares = 1 LIMIT 1", &declared, f))
        return false;
    l->any_declared = declared != 0;
    return plm_log_open(&l->log, l->s, f);
}

plm_ledger *plm_ledger_open(plm_store *s, plm_fault *f) {
    plm_ledger *l = plm_mem_resize(NULL, sizeof *l);
    if (!l) {
        plm_fail(f, PLM_NO_MEMORY, "out of memory");
        return NULL;
    }
    memset(l, 0, sizeof *l);
    l->s = s;
    if (!plm_store_begin(s, f)) {
        plm_mem_free(l);
        return NULL;
    }
    if (ledger_prepare(l, f)) return l;
    plm_ledger_rollback(l);
    return NULL;
}

bool plm_ledger_commit(plm_ledger *l, plm_fault *f) {
    plm_store *s = l->s;
    bool ok = plm_log_head(&l->log, f);
    ledger_free(l);
    if (ok && plm_store_commit(s, f)) return true;
    plm_store_rollback(s);
    return false;
}

void plm_ledger_rollback(plm_ledger *l) {
    plm_store *s = l->s;
    ledger_free(l);
    plm_store_rollback(s);
}

/* What the store holds under this identity: 1 the same, -1 another content, 0 nothing. */
static bool find_same(plm_ledger *l, const plm_event *e, int *same, plm_fault *f) {
    plm_stmt *st = l->q[Q_SAME];
    int r;
    *same = 0;
    plm_stmt_text(st, 1, e->id);
    while ((r = plm_stmt_step(st, f)) == 1) {
        plm_str hash = plm_col_blob(st, 1);
        if (hash.n != PLM_SHA256_LEN || memcmp(hash.p, e->hash, PLM_SHA256_LEN) != 0) *same = -1;
        else if (*same == 0 && (plm_col_int(st, 0) != 0) == e->declares) *same = 1;
    }
    return r == 0;
}

static bool first_int(plm_stmt *st, int64_t *out, plm_fault *f) {
    int r = plm_stmt_step(st, f);
    if (r == 1) {
        *out = plm_col_int(st, 0);
        plm_stmt_reset(st);
    }
    return r >= 0;
}

/* The declaration that voids e already, or 0. */
static bool find_declaration(plm_ledger *l, const plm_event *e, int64_t *by, plm_fault *f) {
    *by = 0;
    if (!l->any_declared || e->declares) return true;
    plm_stmt_text(l->q[Q_DECLARED_ID], 1, e->id);
    if (!first_int(l->q[Q_DECLARED_ID], by, f)) return false;
    if (*by) return true;
    plm_stmt_blob(l->q[Q_DECLARED_HASH], 1, e->hash, PLM_SHA256_LEN);
    plm_stmt_int(l->q[Q_DECLARED_HASH], 2, e->event_id.p != NULL);
    return first_int(l->q[Q_DECLARED_HASH], by, f);
}

static bool put_voids(plm_ledger *l, const plm_event *e, uint64_t *voided, plm_fault *f) {
    int64_t n = 0;
    if (!e->declares) return true;
    l->any_declared = true;
    plm_stmt_int(l->q[Q_VOID_ID], 1, l->seq);
    plm_stmt_text(l->q[Q_VOID_ID], 2, e->id);
    if (!plm_stmt_run(l->q[Q_VOID_ID], &n, f)) return false;
    *voided += (uint64_t)n;
    plm_stmt_int(l->q[Q_VOID_HASH], 1, l->seq);
    plm_stmt_blob(l->q[Q_VOID_HASH], 2, e->hash, PLM_SHA256_LEN);
    plm_stmt_int(l->q[Q_VOID_HASH], 3, e->event_id.p != NULL);
    if (!plm_stmt_run(l->q[Q_VOID_HASH], &n, f)) return false;
    *voided += (uint64_t)n;
    return true;
}

static bool put_name(plm_ledger *l, plm_str key, plm_str shown, plm_fault *f) {
    uint64_t h = 14695981039346656037u;
    if (!key.p || !shown.p) return true;
    for (size_t i = 0; i < shown.n; i++) h = (h ^ (unsigned char)shown.p[i]) * 1099511628211u;
    uint64_t *slot = &l->seen[h >> (64 - NAMES_SEEN_BITS)];
    if (*slot == h) return true;
    *slot = h;
    plm_stmt_text(l->q[Q_NAME], 1, key);
    plm_stmt_text(l->q[Q_NAME], 2, shown);
    return plm_stmt_run(l->q[Q_NAME], NULL, f);
}

static bool put_pairs(plm_ledger *l, int q, const plm_event_pairs *list, plm_fault *f) {
    for (size_t i = 0; i < list->n; i++) {
        const plm_event_pair *x = &list->v[i];
        plm_stmt *st = l->q[q];
        plm_stmt_int(st, 1, l->seq);
        plm_stmt_int(st, 2, (int64_t)i);
        if (q == Q_PARTY) {
            plm_stmt_text(st, 3, plm_str_c(x->dir));
            plm_stmt_text(st, 4, x->a);
            plm_stmt_text(st, 5, x->b);
        } else {
            plm_stmt_text(st, 3, x->a);
            if (q != Q_CORRECTION) plm_stmt_text(st, 4, x->b);
            if (q == Q_PAPER || q == Q_SENSOR) plm_stmt_text(st, 5, x->c);
        }
        if (!plm_stmt_run(st, NULL, f)) return false;
        if (q == Q_PARTY && !put_name(l, x->b, x->c, f)) return false;
    }
    return true;
}

static bool put_epcs(plm_ledger *l, const plm_event *e, plm_fault *f) {
    plm_stmt *st = l->q[Q_EPC];
    for (size_t i = 0; i < e->epcs_n; i++) {
        const plm_event_epc *x = &e->epcs[i];
        plm_stmt_int(st, 1, l->seq);
        plm_stmt_int(st, 2, (int64_t)i);
        plm_stmt_text(st, 3, plm_str_c(x->role));
        plm_stmt_text(st, 4, x->key);
        plm_stmt_text(st, 5, x->quantity);
        plm_stmt_text(st, 6, x->uom);
        if (!plm_stmt_run(st, NULL, f) || !put_name(l, x->key, x->shown, f)) return false;
    }
    return true;
}

static bool put_row(plm_ledger *l, const plm_event *e, int64_t voided_by, plm_fault *f) {
    plm_stmt *st = l->q[Q_EVENT];
    plm_stmt_int(st, 1, l->seq);
    plm_stmt_text(st, 2, e->id);
    plm_stmt_text(st, 3, e->event_id);
    plm_stmt_blob(st, 4, e->hash, PLM_SHA256_LEN);
    plm_stmt_int(st, 5, e->declares);
    if (voided_by) plm_stmt_int(st, 6, voided_by);
    else plm_stmt_null(st, 6);
    plm_stmt_int(st, 7, e->event_time);
    plm_stmt_int(st, 8, e->offset_min);
    if (e->has_record_time) plm_stmt_int(st, 9, e->record_time);
    else plm_stmt_null(st, 9);
    plm_stmt_int(st, 10, e->record_time);
    plm_stmt_text(st, 11, e->type);
    plm_stmt_text(st, 12, e->action);
    plm_stmt_text(st, 13, e->biz_step);
    plm_stmt_text(st, 14, e->disposition);
    plm_stmt_text(st, 15, e->read_point);
    plm_stmt_text(st, 16, e->biz_location);
    plm_stmt_text(st, 17, e->parent);
    plm_stmt_text(st, 18, e->replaces);
    plm_stmt_text(st, 19, e->json);
    return plm_stmt_run(st, NULL, f);
}

bool plm_ledger_put(plm_ledger *l, const plm_event *e, plm_outcome *out, uint64_t *voided,
                    plm_fault *f) {
    int same;
    int64_t by;
    if (!find_same(l, e, &same, f)) return false;
    if (same) {
        *out = same > 0 ? PLM_DUPLICATE : PLM_CONFLICTING;
        return true;
    }
    if (!find_declaration(l, e, &by, f)) return false;
    *out = PLM_STORED;
    l->seq++;
    *voided += by != 0;
    return put_row(l, e, by, f) && put_epcs(l, e, f) && put_pairs(l, Q_PARTY, &e->parties, f) &&
           put_pairs(l, Q_PAPER, &e->papers, f) && put_pairs(l, Q_SENSOR, &e->sensors, f) &&
           put_pairs(l, Q_DEVICE, &e->devices, f) &&
           put_pairs(l, Q_CORRECTION, &e->corrections, f) &&
           put_name(l, e->read_point, e->read_point_shown, f) &&
           put_name(l, e->biz_location, e->biz_location_shown, f) && put_voids(l, e, voided, f) &&
           plm_log_append(&l->log, "event", e->id, l->seq, e->json, f);
}
