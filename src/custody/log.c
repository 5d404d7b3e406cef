/* log.c: appends leaves and keeps the frontier (the hashes of the complete subtrees), so that a
 * commit costs its own leaves and no more. */
#include "custody/log.h"

#include <string.h>

static bool read_frontier(plm_log *l, plm_stmt *st, plm_fault *f) {
    plm_str b = plm_col_blob(st, 1);
    size_t at = 0;
    l->tree.size = (uint64_t)plm_col_int(st, 0);
    for (unsigned i = 0; i < 64; i++) {
        if (!(l->tree.size >> i & 1)) continue;
        if (at + PLM_HASH_LEN > b.n) return plm_fail(f, PLM_CONFLICT, "the log's head is damaged");
        memcpy(l->tree.hash[i].b, b.p + at, PLM_HASH_LEN);
        at += PLM_HASH_LEN;
    }
    return at == b.n || plm_fail(f, PLM_CONFLICT, "the log's head is damaged");
}

bool plm_log_open(plm_log *l, plm_store *s, plm_fault *f) {
    *l = (plm_log){.s = s};
    plm_stmt *st =
        plm_stmt_new(s, "SELECT size, frontier FROM log_heads ORDER BY size DESC LIMIT 1", f);
    if (!st) return false;
    int r = plm_stmt_step(st, f);
    bool ok = r == 0 || (r == 1 && read_frontier(l, st, f));
    plm_stmt_free(st);
    l->size_before = l->tree.size;
    if (ok) l->insert = plm_stmt_append(s, "log_leaves", "idx, hash, kind, ref, event, record", f);
    if (l->insert) l->head = plm_stmt_append(s, "log_heads", "size, root, frontier", f);
    return ok && l->head;
}

static bool append(plm_log *l, const char *kind, plm_str ref, int64_t event, plm_str record,
                   plm_hash leaf, plm_fault *f) {
    plm_stmt_int(l->insert, 1, (int64_t)l->tree.size);
    plm_stmt_blob(l->insert, 2, leaf.b, PLM_HASH_LEN);
    plm_stmt_text(l->insert, 3, plm_str_c(kind));
    plm_stmt_text(l->insert, 4, ref);
    if (event) plm_stmt_int(l->insert, 5, event);
    else plm_stmt_text(l->insert, 6, record);
    if (!plm_stmt_run(l->insert, NULL, f)) return false;
    plm_frontier_add(&l->tree, leaf);
    return l->tree.size % PLM_LOG_HEAD_EVERY != 0 || plm_log_head(l, f);
}

bool plm_log_append(plm_log *l, const char *kind, plm_str ref, int64_t event, plm_str record,
                    plm_fault *f) {
    return append(l, kind, ref, event, record, plm_merkle_leaf(record), f);
}

bool plm_log_append_event(plm_log *l, plm_str ref, int64_t event, plm_hash leaf, plm_fault *f) {
    return append(l, "event", ref, event, (plm_str){0}, leaf, f);
}

bool plm_log_head(plm_log *l, plm_fault *f) {
    unsigned char packed[64 * PLM_HASH_LEN];
    size_t n = 0;
    if (l->tree.size == l->size_before) return true;
    for (unsigned i = 0; i < 64; i++) {
        if (!(l->tree.size >> i & 1)) continue;
        memcpy(packed + n, l->tree.hash[i].b, PLM_HASH_LEN);
        n += PLM_HASH_LEN;
    }
    plm_hash root = plm_frontier_root(&l->tree);
    plm_stmt_int(l->head, 1, (int64_t)l->tree.size);
    plm_stmt_blob(l->head, 2, root.b, PLM_HASH_LEN);
    plm_stmt_blob(l->head, 3, packed, n);
    l->size_before = l->tree.size;
    return plm_stmt_run(l->head, NULL, f);
}

void plm_log_close(plm_log *l) {
    plm_stmt_free(l->insert);
    plm_stmt_free(l->head);
    l->insert = l->head = NULL;
}

/* The first leaf of an event at or after idx. */
static int event_leaf_from(plm_stmt *st, int64_t idx, int64_t *at, int64_t *event, plm_fault *f) {
    plm_stmt_int(st, 1, idx);
    int r = plm_stmt_step(st, f);
    if (r != 1) return r;
    *at = plm_col_int(st, 0);
    *event = plm_col_int(st, 1);
    plm_stmt_reset(st);
    return 1;
}

/* Halving: leaves of events stand in the order of their events. */
int plm_log_leaf_of(plm_store *s, int64_t event, uint64_t *index, plm_fault *f) {
    int64_t a = 0, b = 0, at = 0, found = 0;
    plm_stmt *st = plm_stmt_new(s, "SELECT size FROM log_heads ORDER BY size DESC LIMIT 1", f);
    int r = st ? plm_stmt_step(st, f) : -1;
    if (r == 1) b = plm_col_int(st, 0);
    plm_stmt_free(st);
    if (r != 1) return r;
    st = plm_stmt_new(s, "SELECT idx, event FROM log_leaves WHERE idx >= ?1 AND event IS NOT NULL"
                         " ORDER BY idx LIMIT 1", f);
    r = st ? 1 : -1;
    while (r >= 0 && a < b) {
        int64_t m = a + (b - a) / 2;
        r = event_leaf_from(st, m, &at, &found, f);
        if (r == 1 && found < event) a = at + 1;
        else b = m;
    }
    if (r >= 0) r = event_leaf_from(st, a, &at, &found, f);
    plm_stmt_free(st);
    *index = (uint64_t)at;
    return r == 1 && found != event ? 0 : r;
}
