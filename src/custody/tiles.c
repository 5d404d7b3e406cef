/* tiles.c: tlog-tiles: tile/L/N holds the hashes of 256 subtrees of 256^L leaves each; the last
 * one of a level is partial, N.p/W; tile/entries/N the leaves, each after its length. */
#include "custody/tiles.h"
#include "base/file.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PATH_MAX_BYTES 4096
#define LEVELS 8 /* 256^8 = 2^64 */

/* "x001/x234/067" for 1234067. */
static void index_path(uint64_t n, char *out, size_t room) {
    unsigned group[8];
    int k = 0;
    size_t at = 0;
    do group[k++] = (unsigned)(n % 1000), n /= 1000;
    while (n && k < 8);
    while (k-- > 0) {
        int w = snprintf(out + at, room - at, k ? "x%03u/" : "%03u", group[k]);
        at += w > 0 ? (size_t)w : 0;
    }
}

/* level < 0: the entry bundle. */
static bool tile_path(const char *dir, int level, uint64_t n, unsigned width, char *out) {
    char index[64], head[16];
    index_path(n, index, sizeof index);
    if (level < 0) snprintf(head, sizeof head, "entries");
    else snprintf(head, sizeof head, "%d", level);
    int w = width < PLM_TILE_WIDTH
                ? snprintf(out, PATH_MAX_BYTES, "%s/tile/%s/%s.p/%u", dir, head, index, width)
                : snprintf(out, PATH_MAX_BYTES, "%s/tile/%s/%s", dir, head, index);
    return w > 0 && w < PATH_MAX_BYTES;
}

static bool make_folders(char *path, plm_fault *f) {
    for (char *p = path + 1; *p; p++) {
        if (*p != '/') continue;
        *p = 0;
        if (mkdir(path, 0755) != 0 && errno != EEXIST)
            return plm_fail_at(f, PLM_IO, path, 0, 0, "the folder can't be made: %s",
                               strerror(errno));
        *p = '/';
    }
    return true;
}

static bool write_tile(const char *dir, int level, uint64_t n, unsigned width, plm_str bytes,
                       plm_fault *f) {
    char path[PATH_MAX_BYTES];
    if (!tile_path(dir, level, n, width, path)) return plm_fail(f, PLM_OUT_OF_RANGE,
        "the path is too long");
    return make_folders(path, f) && plm_file_write_durable(path, bytes, 0644, f);
}

typedef struct level {
    plm_hash hash[PLM_TILE_WIDTH];
    unsigned n;      /* of the tile that is filling */
    uint64_t tiles;  /* full ones written */
} level;

static plm_hash tile_root(const plm_hash *h, unsigned n) {
    plm_frontier t = {0};
    for (unsigned i = 0; i < n; i++) plm_frontier_add(&t, h[i]);
    return plm_frontier_root(&t);
}

static bool add_hash(const char *dir, level *l, int at, plm_hash h, plm_fault *f) {
    l[at].hash[l[at].n++] = h;
    if (l[at].n < PLM_TILE_WIDTH) return true;
    if (!write_tile(dir, at, l[at].tiles, PLM_TILE_WIDTH,
                    (plm_str){(const char *)l[at].hash, sizeof l[at].hash}, f))
        return false;
    l[at].tiles++;
    l[at].n = 0;
    return at + 1 == LEVELS || add_hash(dir, l, at + 1, tile_root(l[at].hash, PLM_TILE_WIDTH), f);
}

typedef struct bundle {
    plm_buf bytes;
    bool too_long;
    uint64_t n;
} bundle;

static bool end_bundle(const char *dir, bundle *b, unsigned width, uint64_t *left_out,
                       plm_fault *f) {
    bool ok = true;
    if (b->too_long) ++*left_out;
    else ok = write_tile(dir, -1, b->n, width, plm_buf_str(&b->bytes), f);
    plm_buf_clear(&b->bytes);
    b->too_long = false;
    b->n++;
    return ok;
}

bool plm_tiles_write(const char *dir, plm_record_source src, void *ctx, uint64_t size,
                     uint64_t *left_out, plm_fault *f) {
    level *l = plm_mem_resize(NULL, LEVELS * sizeof *l);
    bundle b = {0};
    bool ok = l != NULL || plm_fail(f, PLM_NO_MEMORY, "out of memory");
    *left_out = 0;
    if (l) memset(l, 0, LEVELS * sizeof *l);
    plm_buf_init(&b.bytes, (size_t)PLM_TILE_WIDTH * (PLM_TILE_ENTRY_MAX + 2));
    for (uint64_t i = 0; ok && i < size; i++) {
        plm_str record;
        if (!(ok = src(ctx, i, &record, f))) break;
        b.too_long = b.too_long || record.n > PLM_TILE_ENTRY_MAX;
        if (!b.too_long) {
            plm_buf_putc(&b.bytes, (char)(record.n >> 8));
            plm_buf_putc(&b.bytes, (char)(record.n & 255));
            plm_buf_put(&b.bytes, record.p, record.n);
        }
        ok = add_hash(dir, l, 0, plm_merkle_leaf(record), f);
        if (ok && (i + 1) % PLM_TILE_WIDTH == 0) ok = end_bundle(dir, &b, PLM_TILE_WIDTH, left_out,
            f);
    }
    if (ok && size % PLM_TILE_WIDTH)
        ok = end_bundle(dir, &b, (unsigned)(size % PLM_TILE_WIDTH), left_out, f);
    for (int at = 0; ok && at < LEVELS; at++)
        if (l[at].n)
            ok = write_tile(dir, at, l[at].tiles, l[at].n,
                            (plm_str){(const char *)l[at].hash, l[at].n * sizeof l[at].hash[0]}, f);
    plm_buf_free(&b.bytes);
    plm_mem_free(l);
    return ok;
}

/* Reads the first `width` items' file of a tile: the partial one of that width, a wider one, or
 * the full one. */
static bool read_tile(const char *dir, int at, uint64_t n, unsigned width, plm_buf *out,
                      unsigned *got, plm_fault *f) {
    char path[PATH_MAX_BYTES];
    for (unsigned w = width; w <= PLM_TILE_WIDTH; w++) {
        if (!tile_path(dir, at, n, w, path)) return plm_fail(f, PLM_OUT_OF_RANGE,
            "the path is too long");
        if (access(path, F_OK) != 0) continue;
        plm_buf_clear(out);
        *got = w;
        return plm_file_read(path, out, f);
    }
    tile_path(dir, at, n, width, path);
    return plm_fail_at(f, PLM_NOT_FOUND, path, 0, 0, "leaf %llu: its tile is missing",
                       (unsigned long long)(at <= 0 ? n * PLM_TILE_WIDTH : 0));
}

static bool check_entries(const char *dir, uint64_t n, unsigned width, const plm_hash *h,
                          plm_fault *f) {
    plm_buf b;
    plm_fault none = {0};
    unsigned got;
    plm_buf_init(&b, (size_t)PLM_TILE_WIDTH * (PLM_TILE_ENTRY_MAX + 2));
    bool there = read_tile(dir, -1, n, width, &b, &got, &none), ok = there || none.code ==
        PLM_NOT_FOUND;
    if (!ok) *f = none;
    size_t at = 0;
    for (unsigned i = 0; ok && there && i < width; i++) {
        unsigned long long leaf = (unsigned long long)(n * PLM_TILE_WIDTH + i);
        size_t len = at + 2 <= b.n
            ? (size_t)(unsigned char)b.p[at] << 8 | (unsigned char)b.p[at + 1] : 0;
        if (at + 2 > b.n || at + 2 + len > b.n) {
            ok = plm_fail(f, PLM_CONFLICT, "leaf %llu: its entry is cut short", leaf);
        } else if (!plm_hash_eq(plm_merkle_leaf((plm_str){b.p + at + 2, len}), h[i])) {
            ok = plm_fail(f, PLM_CONFLICT, "leaf %llu: its entry is not what the tile says", leaf);
        }
        at += 2 + len;
    }
    plm_buf_free(&b);
    return ok;
}

/* The higher tile that covers lower tile n has to hold its root, where there is one. */
static bool check_higher(const char *dir, int at, uint64_t n, plm_hash root, uint64_t size,
                         plm_fault *f) {
    plm_buf b;
    plm_fault none = {0};
    unsigned got, slot = (unsigned)(n % PLM_TILE_WIDTH);
    uint64_t span = 1;
    for (int i = 0; i < at; i++) span *= PLM_TILE_WIDTH;
    uint64_t whole = size / span, up = n / PLM_TILE_WIDTH;
    unsigned width = whole - up * PLM_TILE_WIDTH >= PLM_TILE_WIDTH ? PLM_TILE_WIDTH
                         : (unsigned)(whole - up * PLM_TILE_WIDTH);
    plm_buf_init(&b, PLM_TILE_WIDTH * PLM_HASH_LEN);
    bool ok = read_tile(dir, at, up, width, &b, &got, &none);
    if (ok && (b.n < (slot + 1) * PLM_HASH_LEN || memcmp(b.p + slot * PLM_HASH_LEN, root.b,
                                                         PLM_HASH_LEN) != 0))
        ok =
            plm_fail(f, PLM_CONFLICT,
                     "leaf %llu: tile/%d/%llu does not follow from the tiles below",
                      (unsigned long long)(n * (span / PLM_TILE_WIDTH) * PLM_TILE_WIDTH), at,
                          (unsigned long long)up);
    else if (!ok)
        ok = none.code == PLM_NOT_FOUND || plm_fail(f, none.code, "%s", none.say);
    plm_buf_free(&b);
    return ok;
}

bool plm_tiles_root(const char *dir, uint64_t size, plm_hash *root, plm_fault *f) {
    plm_frontier t = {0};
    plm_buf b;
    plm_hash h[PLM_TILE_WIDTH];
    bool ok = true;
    if (size > PLM_TILES_LEAVES_MAX) return plm_fail(f, PLM_OUT_OF_RANGE, "the log is too long");
    plm_buf_init(&b, PLM_TILE_WIDTH * PLM_HASH_LEN);
    for (uint64_t n = 0; ok && n * PLM_TILE_WIDTH < size; n++) {
        uint64_t left = size - n * PLM_TILE_WIDTH;
        unsigned width = left < PLM_TILE_WIDTH ? (unsigned)left : PLM_TILE_WIDTH, got;
        if (!(ok = read_tile(dir, 0, n, width, &b, &got, f))) break;
        if (b.n != (size_t)got * PLM_HASH_LEN) {
            ok = plm_fail(f, PLM_CONFLICT, "leaf %llu: its tile has the wrong length",
                          (unsigned long long)(n * PLM_TILE_WIDTH));
            break;
        }
        memcpy(h, b.p, width * sizeof *h);
        for (unsigned i = 0; i < width; i++) plm_frontier_add(&t, h[i]);
        ok = check_entries(dir, n, width, h, f) &&
             (width < PLM_TILE_WIDTH || check_higher(dir, 1, n, tile_root(h, width), size, f));
    }
    plm_buf_free(&b);
    *root = plm_frontier_root(&t);
    return ok;
}
