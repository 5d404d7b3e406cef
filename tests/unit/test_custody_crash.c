/* Lost power, kill -9, torn writes and full disks under the custody store.  A VFS of the test
 * writes down every write since the last sync of each file.  At any write, cut, sync or deletion
 * it makes what a disk might hold after a crash there:
 *   kill    all that was written (the kernel lives on)
 *   power   what was synced, and of the rest any part: writes kept or lost one by one, in any
 *           order, torn at any byte, the rest of a torn one garbled
 *   prefix  what was synced, the first writes after it, the last of them torn at any byte
 * and it fails writes and syncs as a full or failing disk does; a failed sync may lose what it was
 * to write, though the file still reads as written.
 * Each such disk is opened anew: its balances are those of the history acknowledged before the
 * crash, or of that and the whole call in flight; its events, log and indexes are whole.
 * PLM_CRASH_POINTS: how many crashes (200; the long run 10,000); PLM_SEED: which. */
#include "custody/caps.h"
#include "custody/ledger.h"

#include <inttypes.h>
#include <setjmp.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

enum { FILES = 8, PENDING = 4096, HOLDERS = 6, SNAPS = 8, CALLS = 10, GHOSTS = 8 };

static uint64_t rng;

static uint64_t dice(uint64_t n) { /* 0 to n - 1; splitmix64 */
    uint64_t z = (rng += 0x9e3779b97f4a7c15u);
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return (z ^ z >> 31) % n;
}

/* ---- the disk */

typedef struct bytes {
    unsigned char *p;
    size_t n;
} bytes;

typedef struct pending { /* a write, or (data.p NULL) a cut to `at` */
    int64_t at;
    bytes data;
} pending;

typedef struct on_disk {
    char name[200];
    bool here;
    bytes synced;
    pending *op;
    size_t ops;
} on_disk;

/* What is expected of a store. */
typedef struct model {
    int64_t reserved[HOLDERS], exported[HOLDERS], installed[HOLDERS], retired[HOLDERS];
    int64_t postings, events;
} model;

typedef struct snap {
    int mode;
    struct {
        char tail[8];
        bytes b;
    } file[FILES];
    int files;
    model acked;
} snap;

static on_disk disk[FILES];
static char watched[160]; /* path of the store under test; "" none */
static snap snaps[SNAPS];
static int snaps_n;
static int64_t snap_in, fail_in; /* operations until the next; < 0 never */
static int fail_for;             /* how many operations the disk stays full */
static uint64_t failures, kinds[3];
static model acked;
/* What calls that failed since would have led to.  Such a commit was written and not synced: a
 * crash before the next commit may still leave it on the disk, as one in flight, whole. */
static model ghost[GHOSTS];
static int ghosts;

static void resize(bytes *b, size_t n) {
    unsigned char *p = realloc(b->p, n ? n : 1);
    assert_non_null(p);
    if (n > b->n) memset(p + b->n, 0, n - b->n);
    *b = (bytes){p, n};
}

/* The first `take` bytes of op; what is left of a torn write is garbled or old. */
static void put(bytes *b, const pending *op, size_t take, bool garble) {
    if (!op->data.p) {
        if (take) resize(b, (size_t)op->at);
        return;
    }
    size_t end = (size_t)op->at + (garble ? op->data.n : take);
    if (end > b->n) resize(b, end);
    memcpy(b->p + op->at, op->data.p, take);
    for (size_t i = take; garble && i < op->data.n; i++)
        b->p[(size_t)op->at + i] = (unsigned char)dice(256);
}

static size_t size_of(const pending *op) { return op->data.p ? op->data.n : 1; }

static bytes image(const on_disk *d, int mode) {
    bytes b = {0};
    resize(&b, d->synced.n);
    if (d->synced.n) memcpy(b.p, d->synced.p, d->synced.n);
    size_t keep = mode == 2 ? dice(d->ops + 1) : d->ops;
    for (size_t i = 0; i < keep; i++) {
        const pending *op = &d->op[i];
        bool torn = mode == 2 ? i + 1 == keep : mode == 1 && dice(4) == 0;
        if (mode == 1 && dice(2)) continue;
        put(&b, op, torn ? dice(size_of(op) + 1) : size_of(op), torn && dice(2));
    }
    return b;
}

static void take_snap(void) {
    if (snaps_n == SNAPS) return;
    snap *s = &snaps[snaps_n++];
    *s = (snap){.mode = (int)dice(3), .acked = acked};
    for (int i = 0; i < FILES; i++) {
        if (!disk[i].here) continue;
        snprintf(s->file[s->files].tail, sizeof s->file[0].tail, "%s",
                 disk[i].name + strlen(watched));
        s->file[s->files++].b = image(&disk[i], s->mode);
    }
}

static on_disk *disk_of(const char *name) {
    int free_at = -1;
    if (!name || !watched[0] || strncmp(name, watched, strlen(watched)) != 0) return NULL;
    for (int i = 0; i < FILES; i++) {
        if (disk[i].here && strcmp(disk[i].name, name) == 0) return &disk[i];
        if (!disk[i].here && free_at < 0) free_at = i;
    }
    assert_true(free_at >= 0);
    on_disk *d = &disk[free_at];
    snprintf(d->name, sizeof d->name, "%s", name);
    d->here = true;
    if (!d->op) d->op = calloc(PENDING, sizeof *d->op);
    assert_non_null(d->op);
    return d;
}

static void apply_pending(on_disk *d, bool lossy) {
    for (size_t i = 0; i < d->ops; i++) {
        if (!lossy || dice(2)) put(&d->synced, &d->op[i], size_of(&d->op[i]), false);
        free(d->op[i].data.p);
    }
    d->ops = 0;
}

static void forget(on_disk *d) {
    apply_pending(d, false);
    free(d->synced.p);
    d->synced = (bytes){0};
    d->here = false;
}

static void add_op(on_disk *d, int64_t at, const void *p, size_t n) {
    pending op = {.at = at};
    if (d->ops == PENDING) apply_pending(d, false);
    if (p) {
        resize(&op.data, n);
        memcpy(op.data.p, p, n);
    }
    d->op[d->ops++] = op;
}

/* Before each operation: a crash may fall here; true when the disk fails it. */
static bool tick(void) {
    if (snap_in >= 0 && snap_in-- == 0) {
        take_snap();
        snap_in = (int64_t)dice(40);
    }
    if (fail_in >= 0) fail_in--;
    if (fail_in >= 0 || fail_for <= 0) return false;
    fail_for--;
    failures++;
    return true;
}

/* ---- the VFS */

typedef struct shim {
    sqlite3_file base;
    on_disk *d;
    sqlite3_file real[]; /* as large as the VFS below says */
} shim;

static sqlite3_vfs *below;
#define REAL(f) (((shim *)(f))->real)
#define CALL(f, m, ...) REAL(f)->pMethods->m(REAL(f), __VA_ARGS__)

static int s_close(sqlite3_file *f) { return REAL(f)->pMethods->xClose(REAL(f)); }
static int s_read(sqlite3_file *f, void *p, int n, sqlite3_int64 at) {
    return CALL(f, xRead, p, n, at);
}

static int s_write(sqlite3_file *f, const void *p, int n, sqlite3_int64 at) {
    on_disk *d = ((shim *)f)->d;
    if (!d) return CALL(f, xWrite, p, n, at);
    if (tick()) {
        int some = (int)dice((uint64_t)n); /* a full disk takes a part of it */
        if (some) add_op(d, at, p, (size_t)some);
        if (some) CALL(f, xWrite, p, some, at);
        return dice(2) ? SQLITE_FULL : SQLITE_IOERR_WRITE;
    }
    add_op(d, at, p, (size_t)n);
    return CALL(f, xWrite, p, n, at);
}

static int s_truncate(sqlite3_file *f, sqlite3_int64 size) {
    on_disk *d = ((shim *)f)->d;
    if (d && tick()) return SQLITE_IOERR_TRUNCATE;
    if (d) add_op(d, size, NULL, 0);
    return CALL(f, xTruncate, size);
}

static int s_sync(sqlite3_file *f, int flags) {
    on_disk *d = ((shim *)f)->d;
    (void)flags; /* nothing is really synced: what is on the disk of the test is in memory */
    if (!d) return SQLITE_OK;
    bool failed = tick();
    apply_pending(d, failed);
    return failed ? SQLITE_IOERR_FSYNC : SQLITE_OK;
}

static int s_size(sqlite3_file *f, sqlite3_int64 *n) { return CALL(f, xFileSize, n); }
static int s_lock(sqlite3_file *f, int l) { return CALL(f, xLock, l); }
static int s_unlock(sqlite3_file *f, int l) { return CALL(f, xUnlock, l); }
static int s_locked(sqlite3_file *f, int *l) { return CALL(f, xCheckReservedLock, l); }
static int s_control(sqlite3_file *f, int op, void *arg) { return CALL(f, xFileControl, op, arg); }
static int s_sector(sqlite3_file *f) { return REAL(f)->pMethods->xSectorSize(REAL(f)); }
static int s_traits(sqlite3_file *f) {
    return REAL(f)->pMethods->xDeviceCharacteristics(REAL(f));
}
static int s_shm_map(sqlite3_file *f, int i, int n, int e, void volatile **p) {
    return CALL(f, xShmMap, i, n, e, p);
}
static int s_shm_lock(sqlite3_file *f, int o, int n, int l) { return CALL(f, xShmLock, o, n, l); }
static void s_shm_barrier(sqlite3_file *f) { REAL(f)->pMethods->xShmBarrier(REAL(f)); }
static int s_shm_unmap(sqlite3_file *f, int d) { return CALL(f, xShmUnmap, d); }

static const sqlite3_io_methods methods = {
    2,        s_close,  s_read,    s_write,  s_truncate, s_sync,    s_size,     s_lock,
    s_unlock, s_locked, s_control, s_sector, s_traits,   s_shm_map, s_shm_lock, s_shm_barrier,
    s_shm_unmap, NULL, NULL};

static int v_open(sqlite3_vfs *v, const char *name, sqlite3_file *f, int flags, int *out) {
    (void)v;
    shim *s = (shim *)f;
    int rc = below->xOpen(below, name, s->real, flags, out);
    s->base.pMethods = s->real->pMethods ? &methods : NULL;
    s->d = rc == SQLITE_OK && !(flags & SQLITE_OPEN_DELETEONCLOSE) ? disk_of(name) : NULL;
    return rc;
}

static int v_delete(sqlite3_vfs *v, const char *name, int sync) {
    (void)v;
    (void)sync;
    for (int i = 0; watched[0] && i < FILES; i++)
        if (disk[i].here && strcmp(disk[i].name, name) == 0) {
            if (tick()) return SQLITE_IOERR_DELETE;
            forget(&disk[i]);
        }
    return below->xDelete(below, name, 0);
}

static void install_vfs(void) {
    static sqlite3_vfs v;
    if (below) return;
    below = sqlite3_vfs_find(NULL);
    v = *below;
    v.zName = "crash";
    v.szOsFile = (int)sizeof(shim) + below->szOsFile;
    v.pNext = NULL;
    v.xOpen = v_open;
    v.xDelete = v_delete;
    assert_int_equal(sqlite3_vfs_register(&v, 1), SQLITE_OK);
}

/* ---- the stream */

static char folder[100];
static plm_caps_rules *rules;
static uint64_t points, numbers; /* crashes looked at; ids given */

static int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }

/* What a posting does to a holder, plainly; false: it is refused. */
static bool move(model *m, int kind, int i, int64_t t) {
    int64_t d;
    switch (kind) {
    case PLM_RESERVE: m->reserved[i] += t; return true;
    case PLM_EXPORT:
        d = least(m->reserved[i], t);
        m->reserved[i] -= d;
        m->exported[i] += t;
        return true;
    case PLM_INSTALL:
        d = least(m->exported[i], t);
        m->exported[i] -= d;
        m->installed[i] += t;
        return true;
    case PLM_RETIRE:
        if (m->installed[i] < t) return false;
        m->installed[i] -= t;
        m->retired[i] += t;
        return true;
    default:
        if (m->reserved[i] < t) return false;
        m->reserved[i] -= t;
        return true;
    }
}

static bool post_some(plm_caps *c, model *next, plm_fault *f) {
    static const char *const kind[] = {"reserve", "export", "install", "retire", "release"};
    plm_arena *a = plm_arena_new(1u << 20);
    bool ok = plm_caps_begin(c, f);
    for (uint64_t n = ok ? 1 + dice(12) : 0; ok && n; n--) {
        char line[300];
        plm_caps_posting p;
        plm_caps_answer out;
        int k = (int)dice(5), who = (int)dice(HOLDERS);
        int64_t t = (int64_t)(1 + dice(1000));
        snprintf(line, sizeof line,
                 "{\"id\":\"p%" PRIu64 "\",\"date\":\"2025-0%d-01\",\"kind\":\"%s\",\"country\":"
                 "\"MY\",\"company\":\"C%d\",\"chips\":1,\"tpp\":%" PRId64 "}",
                 numbers++, (int)(1 + dice(9)), kind[k], who, t);
        plm_doc *d = plm_doc_parse(plm_str_c(line), 0, NULL);
        assert_true(plm_caps_posting_read(plm_doc_root(d), false, a, &p, NULL));
        plm_doc_free(d);
        bool fits = move(next, k, who, t);
        next->postings += fits;
        ok = plm_caps_post(c, &p, &out, f);
        if (ok) assert_int_equal(out.posted, fits);
        if (!ok) plm_caps_rollback(c);
    }
    ok = ok && plm_caps_commit(c, f);
    plm_arena_free(a);
    return ok;
}

static bool capture_some(plm_store *s, model *next, plm_fault *f) {
    char path[140];
    plm_capture c = {0};
    snprintf(path, sizeof path, "%s/e.jsonl", folder);
    FILE *out = fopen(path, "w");
    assert_non_null(out);
    for (uint64_t n = 1 + dice(6); n; n--) {
        fprintf(out, "{\"type\":\"ObjectEvent\",\"eventID\":\"urn:uuid:00000000-0000-4000-a000-"
                     "%012" PRIu64 "\",\"eventTime\":\"2025-04-06T00:00:00+00:00\","
                     "\"eventTimeZoneOffset\":\"+00:00\",\"action\":\"OBSERVE\",\"bizStep\":"
                     "\"shipping\",\"epcList\":[\"urn:epc:id:sgtin:9520001.020001.C%" PRIu64
                     "\"]}\n", numbers, dice(50));
        numbers++;
        next->events++;
    }
    fclose(out);
    bool ok = plm_capture_file(s, path, false, &c, f);
    if (ok) assert_int_equal(c.refused_n, 0);
    plm_capture_free(&c);
    return ok;
}

/* ---- what a disk holds */

static bool see(void *ctx, const plm_caps_line *x) {
    model *m = ctx;
    assert_true(x->account.n > 9 && memcmp(x->account.p, "company:C", 9) == 0);
    int i = x->account.p[9] - '0';
    m->installed[i] = (int64_t)x->used;
    m->reserved[i] = (int64_t)x->reserved;
    return true;
}

static int64_t one_int(plm_store *s, const char *sql) {
    plm_fault f = {0};
    plm_stmt *st = plm_stmt_new(s, sql, &f);
    if (!st || plm_stmt_step(st, &f) != 1) fail_msg("%s: %s", sql, f.say);
    int64_t v = plm_col_int(st, 0);
    plm_stmt_free(st);
    return v;
}

static bool same(const model *have, const model *want) {
    bool ok = have->events == want->events && have->postings == want->postings;
    for (int i = 0; i < HOLDERS; i++)
        ok = ok && have->reserved[i] == want->reserved[i] &&
             have->installed[i] == want->exported[i] + want->installed[i] + want->retired[i];
    return ok;
}

static void read_store(plm_store *s, model *have) {
    plm_fault f = {0};
    plm_log_report log;
    *have = (model){0};
    plm_caps *c = plm_caps_open(s, rules, &f);
    if (!c || !plm_caps_report(c, PLM_DAY_MAX, see, have, &f)) fail_msg("report: %s", f.say);
    plm_caps_close(c);
    have->events = one_int(s, "SELECT COUNT(*) FROM events");
    have->postings = one_int(s, "SELECT COUNT(*) FROM caps_postings");
    assert_int_equal(have->postings, one_int(s, "SELECT COALESCE(MAX(seq), 0) FROM caps_postings"));
    assert_int_equal(0, one_int(s, "SELECT COUNT(*) FROM (SELECT posting FROM caps_entries"
                                   " GROUP BY posting HAVING SUM(CAST(tpp AS INTEGER)) <> 0)"));
    if (!plm_log_verify_store(s, &log, &f) || !log.ok)
        fail_msg("the log does not hold: %s %s", log.why ? log.why : "", f.say);
    assert_int_equal((int64_t)log.leaves, have->events);
    plm_stmt *st = plm_stmt_new(s, "PRAGMA integrity_check", &f);
    assert_true(st && plm_stmt_step(st, &f) == 1 && plm_str_is(plm_col_text(st, 0), "ok"));
    plm_stmt_free(st);
}

static void remove_store(const char *path) {
    static const char *const tails[] = {"", "-wal", "-shm", "-journal"};
    char name[200];
    for (int i = 0; i < 4; i++) {
        snprintf(name, sizeof name, "%s%s", path, tails[i]);
        unlink(name);
    }
}

static void write_image(const snap *s, const char *path) {
    remove_store(path);
    for (int i = 0; i < s->files; i++) {
        char name[200];
        snprintf(name, sizeof name, "%s%s", path, s->file[i].tail);
        FILE *out = fopen(name, "w");
        assert_non_null(out);
        assert_int_equal(fwrite(s->file[i].b.p, 1, s->file[i].b.n, out), s->file[i].b.n);
        fclose(out);
    }
}

/* The images taken during a call that was to lead to `next`; *from is one that another run may
 * go on with, and *at its model. */
static void look_at_snaps(const model *next, const char *from, model *at) {
    char path[140];
    snprintf(path, sizeof path, "%s/crashed.db", folder);
    for (int i = 0; i < snaps_n; i++) {
        snap *s = &snaps[i];
        plm_fault f = {0};
        model have;
        write_image(s, path);
        plm_store *store = plm_store_open(path, &f);
        if (!store) fail_msg("seed of point %" PRIu64 " mode %d: %s", points, s->mode, f.say);
        read_store(store, &have);
        plm_store_close(store);
        const model *is = same(&have, &s->acked) ? &s->acked : same(&have, next) ? next : NULL;
        for (int k = 0; k < ghosts && !is; k++) is = same(&have, &ghost[k]) ? &ghost[k] : NULL;
        if (!is)
            fail_msg("point %" PRIu64 " mode %d: %" PRId64 " postings, %" PRId64 " events; were %"
                     PRId64 ", %" PRId64, points, s->mode, have.postings, have.events,
                     s->acked.postings, s->acked.events);
        points++;
        kinds[s->mode]++;
        *at = *is;
        write_image(s, from);
        for (int k = 0; k < s->files; k++) free(s->file[k].b.p);
    }
    snaps_n = 0;
}

/* One call; what a failed one may have left is looked for at the crashes that follow at once. */
static void call(plm_store *s, plm_caps *c, const char *from, model *at) {
    plm_fault f = {0};
    model next = acked;
    uint64_t before = failures;
    bool ok = dice(3) ? post_some(c, &next, &f) : capture_some(s, &next, &f);
    if (!ok && failures == before) fail_msg("it failed by itself: %s", f.say);
    if (!ok) assert_true(f.code == PLM_IO && f.say[0]);
    if (!ok && dice(2)) take_snap();
    look_at_snaps(&next, from, at);
    if (ok) acked = next, ghosts = 0;
    else ghost[ghosts++ % GHOSTS] = next;
    if (ghosts > GHOSTS) ghosts = GHOSTS;
}

static void run_once(const char *path, const char *from, model *at) {
    plm_fault f = {0};
    for (int i = 0; i < FILES; i++)
        if (disk[i].here) forget(&disk[i]);
    snaps_n = ghosts = 0;
    snap_in = fail_in = -1;
    fail_for = 0;
    acked = *at;
    snprintf(watched, sizeof watched, "%s", path);
    for (int i = 0; i < 3; i++) { /* what the run starts with is on the disk */
        static const char *const tails[] = {"", "-wal", "-journal"};
        char name[200];
        struct stat st;
        snprintf(name, sizeof name, "%s%s", path, tails[i]);
        if (stat(name, &st) != 0) continue;
        on_disk *d = disk_of(name);
        resize(&d->synced, (size_t)st.st_size);
        FILE *in = fopen(name, "r");
        assert_non_null(in);
        assert_int_equal(fread(d->synced.p, 1, d->synced.n, in), d->synced.n);
        fclose(in);
    }
    snap_in = (int64_t)dice(40);
    plm_store *s = plm_store_open(path, &f);
    plm_caps *c = s ? plm_caps_open(s, rules, &f) : NULL;
    if (!c) fail_msg("%s", f.say);
    look_at_snaps(&acked, from, at);
    for (uint64_t n = 1 + dice(CALLS); n; n--) {
        if (dice(3) == 0) fail_in = (int64_t)dice(30), fail_for = (int)(1 + dice(4));
        call(s, c, from, at);
        fail_in = -1;
        fail_for = 0;
        if (dice(4) == 0) plm_store_exec(s, "PRAGMA wal_checkpoint(TRUNCATE)", NULL);
        look_at_snaps(&acked, from, at);
    }
    plm_caps_close(c);
    plm_store_close(s); /* the last one out writes the log back into the file */
    look_at_snaps(&acked, from, at);
    watched[0] = 0;
}

static void after_any_crash_the_balances_are_the_acknowledged_ones(void **state) {
    (void)state;
    const char *n = getenv("PLM_CRASH_POINTS"), *seed = getenv("PLM_SEED");
    uint64_t want = n ? strtoull(n, NULL, 10) : 200;
    char path[140], from[140];
    rng = seed ? strtoull(seed, NULL, 10) : 1;
    snprintf(folder, sizeof folder, "%s/plm-crash-XXXXXX", P_tmpdir);
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/s.db", folder);
    snprintf(from, sizeof from, "%s/from.db", folder);
    rules = plm_caps_rules_read("rulebooks", "none", NULL);
    assert_non_null(rules);
    install_vfs();
    model at = {0};
    uint64_t runs = 0;
    while (points < want) {
        /* each run begins where a crashed disk of the last one was recovered, or anew */
        bool anew = runs == 0 || at.postings > 300 || dice(10) == 0;
        if (anew) at = (model){0};
        remove_store(path);
        for (int i = 0; i < 3 && !anew; i++) {
            static const char *const tails[] = {"", "-wal", "-journal"};
            char a[200], b[200];
            snprintf(a, sizeof a, "%s%s", from, tails[i]);
            snprintf(b, sizeof b, "%s%s", path, tails[i]);
            rename(a, b);
        }
        run_once(path, from, &at);
        if (access(from, R_OK) != 0) at = (model){.postings = 301};
        runs++;
    }
    assert_true(kinds[0] && kinds[1] && kinds[2] && failures);
    print_message("%" PRIu64 " crash points in %" PRIu64 " runs: %" PRIu64 " killed, %" PRIu64
                  " lost power with writes torn or lost, %" PRIu64 " cut off; %" PRIu64
                  " writes and syncs failed\n", points, runs, kinds[0], kinds[1], kinds[2],
                  failures);
    for (int i = 0; i < FILES; i++) {
        if (disk[i].here) forget(&disk[i]);
        free(disk[i].op);
    }
    remove_store(path);
    remove_store(from);
    snprintf(path, sizeof path, "%s/crashed.db", folder);
    remove_store(path);
    snprintf(path, sizeof path, "%s/e.jsonl", folder);
    unlink(path);
    rmdir(folder);
    plm_caps_rules_free(rules);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(after_any_crash_the_balances_are_the_acknowledged_ones),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
