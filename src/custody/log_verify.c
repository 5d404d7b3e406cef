/* log_verify.c: the store's log against itself: leaf by leaf from the records, head by head, and
 * against the checkpoints that were signed.  The first leaf that is wrong is named. */
#include "custody/ledger.h"
#include "custody/note.h"

#include <stdio.h>
#include <string.h>

typedef struct verifying {
    plm_store *s;
    plm_log_report *r;
    plm_fault *f;
    plm_checker *c;
    plm_log_cursor leaves;
    plm_stmt *heads, *notes;
    plm_frontier tree;
    uint64_t head_size, note_size; /* the next to compare; UINT64_MAX: none is left */
    uint64_t last_good;            /* leaves up to here are under a root that held */
    uint64_t head_at;              /* size of the last head compared */
    uint64_t events;
} verifying;

static bool wrong(verifying *v, uint64_t leaf, const char *why) {
    v->r->ok = false;
    v->r->first_wrong = leaf;
    snprintf(v->r->say, sizeof v->r->say, "leaf %llu: %s", (unsigned long long)leaf, why);
    v->r->why = v->r->say;
    return false;
}

static bool next_of(plm_stmt *st, uint64_t *size, plm_fault *f) {
    int r = plm_stmt_step(st, f);
    *size = r == 1 ? (uint64_t)plm_col_int(st, 0) : UINT64_MAX;
    return r >= 0;
}

static bool check_head(verifying *v) {
    plm_hash root = plm_frontier_root(&v->tree);
    plm_str had = plm_col_blob(v->heads, 1);
    char why[160];
    v->r->heads++;
    if (had.n != PLM_HASH_LEN || memcmp(had.p, root.b, PLM_HASH_LEN) != 0) {
        snprintf(why, sizeof why, "it or one up to %llu is not what the log's root at %llu holds",
                 (unsigned long long)v->tree.size - 1, (unsigned long long)v->tree.size);
        return wrong(v, v->last_good, why);
    }
    size_t at = 0;
    plm_str packed = plm_col_blob(v->heads, 2);
    for (unsigned i = 0; i < 64; i++) {
        if (!(v->tree.size >> i & 1)) continue;
        if (at + PLM_HASH_LEN > packed.n || memcmp(packed.p + at, v->tree.hash[i].b,
                                                   PLM_HASH_LEN) != 0)
            return wrong(v, v->last_good, "the head's subtrees are not those of its leaves");
        at += PLM_HASH_LEN;
    }
    if (at != packed.n) return wrong(v, v->last_good, "the head's subtrees are too many");
    return true;
}

static bool check_note(verifying *v) {
    plm_checkpoint c;
    plm_fault f = {0};
    char name[PLM_KEY_NAME_MAX + 1];
    unsigned char public[PLM_KEY_PUBLIC_LEN];
    plm_hash root = plm_frontier_root(&v->tree);
    v->r->checkpoints++;
    if (!plm_key_vkey_parse(plm_col_text(v->notes, 1), name, public, &f) ||
        !plm_checkpoint_read(plm_col_text(v->notes, 2), false, &c, &f) || c.size != v->tree.size ||
        !plm_note_check(&c, name, public))
        return wrong(v, v->last_good, "the checkpoint here does not bear its key's signature");
    return plm_hash_eq(c.root, root) ||
           wrong(v, v->last_good, "it or one after it is not what the signed checkpoint holds");
}

/* Compares the heads and checkpoints at the size reached. */
static bool check_size(verifying *v) {
    bool held = v->head_size == v->tree.size;
    if (held && (!check_head(v) || !next_of(v->heads, &v->head_size, v->f))) return false;
    if (!held && v->tree.size && v->tree.size % PLM_LOG_HEAD_EVERY == 0)
        return wrong(v, v->last_good, "the head that covers it is missing");
    v->head_at = held ? v->tree.size : v->head_at;
    while (v->note_size == v->tree.size) {
        if (!check_note(v) || !next_of(v->notes, &v->note_size, v->f)) return false;
        held = true;
    }
    if (held) v->last_good = v->tree.size;
    return true;
}

static bool check_leaf(verifying *v, const plm_log_leaf *x) {
    uint64_t i = v->tree.size;
    plm_hash leaf;
    if (x->event) {
        const char *why = plm_checker_event(v->c, x->event, &leaf, v->f);
        if (why) return wrong(v, i, why);
        v->events++;
    } else {
        if ((uint64_t)x->events_said != v->events)
            return wrong(v, i, "it does not say how many events stand before it");
        if (plm_str_is(x->kind, "event")) return wrong(v, i, "a record is no event");
        leaf = plm_merkle_leaf(x->record);
    }
    if (!plm_hash_eq(leaf, x->hash)) return wrong(v, i, "its record is not what was logged");
    plm_frontier_add(&v->tree, leaf);
    return check_size(v);
}

static bool check_all(verifying *v) {
    int r;
    plm_log_leaf x;
    if (!next_of(v->heads, &v->head_size, v->f) || !next_of(v->notes, &v->note_size,
                                                            v->f)) return false;
    if (!check_size(v)) return false;
    while ((r = plm_log_cursor_next(&v->leaves, &x, v->f)) == 1)
        if (!check_leaf(v, &x)) return false;
    if (r < 0) return false;
    if (v->head_size != UINT64_MAX || v->note_size != UINT64_MAX)
        return wrong(v, v->tree.size, "it is missing: a head or a checkpoint is of a longer log");
    if (v->head_at != v->tree.size) return wrong(v, v->head_at, "no head covers it");
    const char *why = plm_checker_rest(v->c, v->events, v->f);
    return !why || wrong(v, v->tree.size, why);
}

bool plm_log_verify_store(plm_store *s, plm_log_report *out, plm_fault *f) {
    plm_fault broken = {0};
    verifying v = {.s = s, .r = out, .f = &broken};
    *out = (plm_log_report){.ok = true, .first_wrong = UINT64_MAX};
    if (!plm_store_snapshot(s, f)) return false;
    v.c = plm_checker_open(s, f);
    v.heads = plm_stmt_new(s, "SELECT size, root, frontier FROM log_heads ORDER BY size", f);
    v.notes = plm_stmt_new(s, "SELECT size, vkey, note FROM log_checkpoints ORDER BY size, vkey",
                           f);
    bool ready = v.c && v.heads && v.notes && plm_log_cursor_open(&v.leaves, s, f);
    if (ready && !check_all(&v) && out->ok) {
        out->ok = false; /* the store itself is torn: the leaf being read is the first wrong one */
        out->first_wrong = v.tree.size;
        snprintf(out->say, sizeof out->say, "leaf %llu: %s", (unsigned long long)v.tree.size,
                 broken.say);
        out->why = out->say;
    }
    out->leaves = v.tree.size;
    plm_log_cursor_close(&v.leaves);
    plm_stmt_free(v.heads);
    plm_stmt_free(v.notes);
    plm_checker_close(v.c);
    plm_store_rollback(s);
    return ready;
}

bool plm_log_hashes(plm_store *s, uint64_t size, plm_hash **out, uint64_t *n, plm_fault *f) {
    plm_stmt *st = plm_stmt_new(s, "SELECT at, hashes FROM log_tiles ORDER BY at", f);
    uint64_t cap = 0;
    int r = 0;
    *out = NULL;
    *n = 0;
    if (!st) return false;
    while (*n < size && (r = plm_stmt_step(st, f)) == 1) {
        plm_str h = plm_col_blob(st, 1);
        uint64_t k = h.n / PLM_HASH_LEN, at = (uint64_t)plm_col_int(st, 0);
        if (!k || h.n % PLM_HASH_LEN || k > PLM_LOG_TILE || at * PLM_LOG_TILE != *n) break;
        if (*n + k > cap) {
            cap = cap ? 2 * cap : 1024;
            plm_hash *more = plm_mem_resize(*out, cap * sizeof *more);
            if (!more) break;
            *out = more;
        }
        memcpy(*out + *n, h.p, h.n);
        *n += k;
    }
    bool ok = r == 0 || *n >= size;
    if (*n > size) *n = size;
    plm_stmt_free(st);
    return ok || plm_fail(f, PLM_CONFLICT, "leaf %llu can't be read: run log verify --store",
                          (unsigned long long)*n);
}
