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
    memset(l, 0, sizeof *l);
    l->s = s;
    plm_stmt *st =
        plm_stmt_new(s, "SELECT size, frontier FROM log_heads ORDER BY size DESC LIMIT 1", f);
    if (!st) return false;
    int r = plm_stmt_step(st, f);
    bool ok = r == 0 || (r == 1 && read_frontier(l, st, f));
    plm_stmt_free(st);
    l->size_before = l->tree.size;
    return ok;
}

static bool read_tile(plm_log *l, uint64_t at, size_t n, plm_fault *f) {
    plm_stmt *st = plm_stmt_new(l->s, "SELECT hashes FROM log_tiles WHERE at = ?1", f);
    if (!st) return false;
    plm_stmt_int(st, 1, (int64_t)at);
    int r = plm_stmt_step(st, f);
    plm_str b = r == 1 ? plm_col_blob(st, 0) : (plm_str){0};
    bool ok = r >= 0 && b.n == n * PLM_HASH_LEN;
    if (ok) memcpy(l->leaves, b.p, b.n);
    else if (r >= 0) plm_fail(f, PLM_CONFLICT, "the log's last leaves are damaged: run log verify"
                                               " --store");
    plm_stmt_free(st);
    return ok;
}

/* Before the first leaf of a commit. */
static bool make_ready(plm_log *l, plm_fault *f) {
    size_t n = l->tree.size % PLM_LOG_TILE;
    l->tile_old = n != 0;
    if (n && !read_tile(l, l->tree.size / PLM_LOG_TILE, n, f)) return false;
    l->record = plm_stmt_append(l->s, "log_records", "idx, kind, ref, record, events", f);
    if (l->record) l->head = plm_stmt_append(l->s, "log_heads", "size, root, frontier", f);
    if (l->head) l->tile = plm_stmt_append(l->s, "log_tiles", "at, hashes", f);
    if (l->tile)
        l->tile_again = plm_stmt_new(l->s, "UPDATE log_tiles SET hashes = ?2 WHERE at = ?1", f);
    l->ready = l->tile_again != NULL;
    return l->ready;
}

/* The tile that holds the last leaf. */
static bool write_tile(plm_log *l, plm_fault *f) {
    uint64_t at = (l->tree.size - 1) / PLM_LOG_TILE;
    plm_stmt *st = l->tile_old ? l->tile_again : l->tile;
    plm_stmt_int(st, 1, (int64_t)at);
    plm_stmt_blob(st, 2, l->leaves, (size_t)(l->tree.size - at * PLM_LOG_TILE) * PLM_HASH_LEN);
    l->tile_old = l->tree.size % PLM_LOG_TILE != 0; /* a full one is never written again */
    return plm_stmt_run(st, NULL, f);
}

static bool append(plm_log *l, plm_hash leaf, plm_fault *f) {
    l->leaves[l->tree.size % PLM_LOG_TILE] = leaf;
    plm_frontier_add(&l->tree, leaf);
    return l->tree.size % PLM_LOG_HEAD_EVERY != 0 || plm_log_head(l, f);
}

/* How many leaves of the first `size` are events': all but those of log_records. */
static bool events_before(plm_log *l, uint64_t *events, plm_fault *f) {
    plm_stmt *st = plm_stmt_new(l->s, "SELECT idx, events FROM log_records ORDER BY idx DESC LIMIT"
                                      " 1", f);
    int r = st ? plm_stmt_step(st, f) : -1;
    *events = l->tree.size;
    if (r == 1)
        *events = (uint64_t)plm_col_int(st, 1) + (l->tree.size - 1 - (uint64_t)plm_col_int(st, 0));
    plm_stmt_free(st);
    return r >= 0;
}

bool plm_log_append(plm_log *l, const char *kind, plm_str ref, plm_str record, plm_fault *f) {
    uint64_t events;
    if ((!l->ready && !make_ready(l, f)) || !events_before(l, &events, f)) return false;
    plm_stmt_int(l->record, 1, (int64_t)l->tree.size);
    plm_stmt_text(l->record, 2, plm_str_c(kind));
    plm_stmt_text(l->record, 3, ref);
    plm_stmt_text(l->record, 4, record);
    plm_stmt_int(l->record, 5, (int64_t)events);
    return plm_stmt_run(l->record, NULL, f) && append(l, plm_merkle_leaf(record), f);
}

bool plm_log_append_event(plm_log *l, plm_hash leaf, plm_fault *f) {
    return (l->ready || make_ready(l, f)) && append(l, leaf, f);
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
    return plm_stmt_run(l->head, NULL, f) && write_tile(l, f);
}

void plm_log_close(plm_log *l) {
    plm_stmt *const st[] = {l->record, l->head, l->tile, l->tile_again};
    for (size_t i = 0; i < sizeof st / sizeof *st; i++) plm_stmt_free(st[i]);
    l->record = l->head = l->tile = l->tile_again = NULL;
    l->ready = false;
}

/* By the last record before the event: behind it events follow one another. */
int plm_log_leaf_of(plm_store *s, int64_t event, uint64_t *index, plm_fault *f) {
    plm_stmt *st = plm_stmt_new(s, "SELECT idx, events FROM log_records WHERE events < ?1"
                                   " ORDER BY events DESC, idx DESC LIMIT 1", f);
    if (!st) return -1;
    plm_stmt_int(st, 1, event);
    int r = plm_stmt_step(st, f);
    *index = (uint64_t)(r == 1 ? plm_col_int(st, 0) + event - plm_col_int(st, 1) : event - 1);
    plm_stmt_free(st);
    return r < 0 ? -1 : 1;
}

/* ---- reading in order */

static bool next_record(plm_log_cursor *c, plm_fault *f) {
    int r = plm_stmt_step(c->records, f);
    c->record_at = r == 1 ? (uint64_t)plm_col_int(c->records, 0) : UINT64_MAX;
    return r >= 0;
}

bool plm_log_cursor_open(plm_log_cursor *c, plm_store *s, plm_fault *f) {
    *c = (plm_log_cursor){.s = s};
    c->tiles = plm_stmt_new(s, "SELECT at, hashes FROM log_tiles ORDER BY at", f);
    if (c->tiles)
        c->records = plm_stmt_new(s, "SELECT idx, kind, ref, record, events FROM log_records"
                                     " ORDER BY idx", f);
    if (c->records && next_record(c, f)) return true;
    plm_log_cursor_close(c);
    return false;
}

void plm_log_cursor_close(plm_log_cursor *c) {
    plm_stmt_free(c->tiles);
    plm_stmt_free(c->records);
    c->tiles = c->records = NULL;
}

static int bad_row(const char *say, plm_fault *f) {
    return plm_fail(f, PLM_CONFLICT, "%s", say), -1;
}

static int next_tile(plm_log_cursor *c, plm_fault *f) {
    int r = plm_stmt_step(c->tiles, f);
    if (r != 1) return r;
    if (c->short_tile || (uint64_t)plm_col_int(c->tiles, 0) != c->rows)
        return bad_row("its hash is missing", f);
    c->tile = plm_col_blob(c->tiles, 1);
    if (!c->tile.n || c->tile.n % PLM_HASH_LEN || c->tile.n > PLM_LOG_TILE * PLM_HASH_LEN)
        return bad_row("the row that holds its hash is damaged", f);
    c->short_tile = c->tile.n < PLM_LOG_TILE * PLM_HASH_LEN;
    c->rows++;
    return 1;
}

int plm_log_cursor_next(plm_log_cursor *c, plm_log_leaf *out, plm_fault *f) {
    if (c->next && c->record_at == c->next - 1 && !next_record(c, f)) return -1;
    int r = c->tile.n ? 1 : next_tile(c, f);
    if (r < 0) return r;
    if (r == 0) return c->record_at == UINT64_MAX ? 0 : bad_row("its hash is missing", f);
    *out = (plm_log_leaf){.index = c->next};
    memcpy(out->hash.b, c->tile.p, PLM_HASH_LEN);
    c->tile = (plm_str){c->tile.p + PLM_HASH_LEN, c->tile.n - PLM_HASH_LEN};
    if (c->record_at < c->next) return bad_row("a record stands before its place", f);
    if (c->record_at == c->next) {
        out->kind = plm_col_text(c->records, 1);
        out->ref = plm_col_text(c->records, 2);
        out->record = plm_col_text(c->records, 3);
        out->events_said = plm_col_int(c->records, 4);
    } else {
        out->event = ++c->events;
    }
    c->next++;
    return 1;
}
