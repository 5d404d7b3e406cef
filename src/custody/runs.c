/* runs.c: sorted runs of index entries in pages.  Invariants: 1 a page is written once and
 * deleted with its run; 2 entries of a run are in order of key and event; 3 a flush merges a run
 * only into one at least as large, or into what the flush itself wrote, so that no small commit
 * pays for a large store (but see PLM_RUNS_MANY). */
#include "custody/runs.h"
#include "custody/parts.h"

#include <stdlib.h>
#include <string.h>

#define ENTRY_BYTES 11u
#define RUN_SHIFT 24u          /* pages of a run: 2^24 */
#define FREE_MERGE 65536u      /* entries that any commit may rewrite */
#define MERGE_SHARE 64u        /* and so many times its own */
#define UNREAD UINT64_MAX
#define FEW_LOOKS 32u          /* that ask the store where a key begins; more learn the pages */

typedef struct entry {
    uint64_t key;
    int64_t event;
} entry;

typedef struct run {
    int64_t id;
    uint64_t entries;
    uint32_t pages;
    uint64_t *first; /* key of each page's first entry, UNREAD until it is needed */
    plm_str *page;   /* its bytes, p NULL until they are needed */
} run;

struct plm_runs {
    plm_store *s;
    plm_stmt *first, *body, *start, *put_page, *put_run, *drop_pages, *drop_run;
    run *v;
    size_t n, cap;
    int64_t last;
    entry *pending, *spare;
    uint32_t pending_n, *slot, *next; /* slot: by key, newest entry; next: by entry */
    uint32_t pending_cap;
    uint32_t looks;
    plm_arena *cache;
};

uint64_t plm_runs_hash(plm_str t) {
    uint64_t h = 0x9E3779B97F4A7C15u ^ t.n;
    for (size_t i = 0; i < t.n; i += 8) {
        uint64_t w = 0;
        size_t k = t.n - i < 8 ? t.n - i : 8;
        for (size_t b = 0; b < k; b++) w |= (uint64_t)(unsigned char)t.p[i + b] << (8 * b);
        h = (h ^ w) * 0xD6E8FEB86659FD93u;
        h ^= h >> 32;
    }
    h *= 0xD6E8FEB86659FD93u;
    return h ^ h >> 32;
}

uint64_t plm_runs_key(plm_runs_kind kind, plm_str text) {
    return (uint64_t)kind << 46 | plm_runs_hash(text) >> 18;
}

static bool no_memory(plm_fault *f) { return plm_fail(f, PLM_NO_MEMORY, "out of memory"); }
static bool damaged(plm_fault *f) {
    return plm_fail(f, PLM_CONFLICT, "the index of events is damaged: run log verify --store");
}

static entry unpack(const char *p) {
    const unsigned char *b = (const unsigned char *)p;
    entry e = {0, 0};
    for (int i = 0; i < 6; i++) e.key = e.key << 8 | b[i];
    for (int i = 6; i < 11; i++) e.event = e.event << 8 | b[i];
    return e;
}

static void pack(entry e, char *p) {
    for (int i = 0; i < 6; i++) p[i] = (char)(e.key >> (8 * (5 - i)));
    for (int i = 0; i < 5; i++) p[6 + i] = (char)((uint64_t)e.event >> (8 * (4 - i)));
}

static run *run_add(plm_runs *r, int64_t id, uint64_t entries, uint32_t pages) {
    if (r->n == r->cap) {
        size_t cap = r->cap ? 2 * r->cap : 16;
        run *v = plm_mem_resize(r->v, cap * sizeof *v);
        if (!v) return NULL;
        r->v = v;
        r->cap = cap;
    }
    r->v[r->n] = (run){.id = id, .entries = entries, .pages = pages};
    if (id > r->last) r->last = id;
    return &r->v[r->n++];
}

static void run_forget(run *x) {
    plm_mem_free(x->first);
    plm_mem_free(x->page);
    x->first = NULL;
    x->page = NULL;
}

static bool read_runs(plm_runs *r, plm_fault *f) {
    plm_stmt *st = plm_stmt_new(r->s, "SELECT run, entries, pages FROM index_runs ORDER BY run", f);
    int k = -1;
    bool ok = st != NULL;
    while (ok && (k = plm_stmt_step(st, f)) == 1) {
        int64_t id = plm_col_int(st, 0), entries = plm_col_int(st, 1), pages = plm_col_int(st, 2);
        if (id < 0 || entries < 0 || pages < 0 || pages >= 1 << RUN_SHIFT) ok = damaged(f);
        else if (!run_add(r, id, (uint64_t)entries, (uint32_t)pages)) ok = no_memory(f);
    }
    plm_stmt_free(st);
    return ok && k == 0;
}

plm_runs *plm_runs_open(plm_store *s, plm_fault *f) {
    plm_runs *r = plm_mem_resize(NULL, sizeof *r);
    if (!r) return no_memory(f), NULL;
    *r = (plm_runs){.s = s, .cache = plm_arena_new((size_t)PLM_RUNS_CACHE_MAX)};
    if (!r->cache) no_memory(f);
    r->first = r->cache ? plm_stmt_new(s, "SELECT first FROM index_pages WHERE at = ?1", f) : NULL;
    r->body = r->first ? plm_stmt_new(s, "SELECT body, first FROM index_pages WHERE at = ?1", f)
                       : NULL;
    r->start = r->body ? plm_stmt_new(s, "SELECT at, body FROM index_pages WHERE"
                                         " (at / 16777216) = ?1 AND first < ?2"
                                         " ORDER BY first DESC, at DESC LIMIT 1", f) : NULL;
    if (r->start && read_runs(r, f)) return r;
    plm_runs_close(r);
    return NULL;
}

void plm_runs_close(plm_runs *r) {
    if (!r) return;
    plm_stmt *st[] = {r->first,   r->body,       r->start,   r->put_page,
                      r->put_run, r->drop_pages, r->drop_run};
    for (size_t i = 0; i < sizeof st / sizeof *st; i++) plm_stmt_free(st[i]);
    for (size_t i = 0; i < r->n; i++) run_forget(&r->v[i]);
    plm_mem_free(r->v);
    plm_mem_free(r->pending);
    plm_mem_free(r->spare);
    plm_mem_free(r->slot);
    plm_mem_free(r->next);
    plm_arena_free(r->cache);
    plm_mem_free(r);
}

/* ---- what waits in memory */

static bool pending_grow(plm_runs *r) {
    uint32_t cap = r->pending_cap ? r->pending_cap * 4 : 1024;
    entry *v = plm_mem_resize(r->pending, cap * sizeof *v);
    if (v) r->pending = v;
    uint32_t *next = plm_mem_resize(r->next, cap * sizeof *next);
    if (next) r->next = next;
    uint32_t *slot = plm_mem_resize(r->slot, cap * sizeof *slot);
    if (slot) r->slot = slot;
    if (!v || !next || !slot) return false;
    r->pending_cap = cap;
    memset(slot, 0xff, cap * sizeof *slot);
    for (uint32_t i = 0; i < r->pending_n; i++) {
        uint32_t *at = &slot[v[i].key & (cap - 1)];
        next[i] = *at;
        *at = i;
    }
    return true;
}

bool plm_runs_put(plm_runs *r, uint64_t key, int64_t event, plm_fault *f) {
    if (r->pending_n == PLM_RUNS_PENDING_MAX && !plm_runs_flush(r, f)) return false;
    if (r->pending_n == r->pending_cap && !pending_grow(r)) return no_memory(f);
    uint32_t i = r->pending_n++, *at = &r->slot[key & (r->pending_cap - 1)];
    r->pending[i] = (entry){key, event};
    r->next[i] = *at;
    *at = i;
    return true;
}

void plm_runs_ahead(const plm_runs *r, uint64_t key, int step) {
    if (!r->pending_cap) return;
    const uint32_t *at = &r->slot[key & (r->pending_cap - 1)];
    if (step == 0) {
        __builtin_prefetch(at, 1);
    } else if (*at != UINT32_MAX) {
        __builtin_prefetch(&r->pending[*at]);
        __builtin_prefetch(&r->next[*at]);
    }
}

static int by_entry(const void *a, const void *b) {
    const entry *x = a, *y = b;
    if (x->key != y->key) return x->key < y->key ? -1 : 1;
    return x->event < y->event ? -1 : x->event > y->event;
}

/* By key in three passes, then by event where one key came in another order. */
static bool pending_sort(plm_runs *r) {
    uint32_t n = r->pending_n, *count = plm_mem_resize(NULL, 65536 * sizeof *count);
    entry *spare = plm_mem_resize(r->spare, ((size_t)n + 1) * sizeof *spare);
    if (spare) r->spare = spare;
    if (!spare || !count) {
        plm_mem_free(count);
        return false;
    }
    entry *from = r->pending, *to = spare;
    for (unsigned shift = 0; shift < 48; shift += 16) {
        uint32_t at = 0;
        memset(count, 0, 65536 * sizeof *count);
        for (uint32_t i = 0; i < n; i++) count[from[i].key >> shift & 0xffff]++;
        for (uint32_t i = 0; i < 65536; i++) {
            uint32_t k = count[i];
            count[i] = at;
            at += k;
        }
        for (uint32_t i = 0; i < n; i++) to[count[from[i].key >> shift & 0xffff]++] = from[i];
        entry *t = from;
        from = to;
        to = t;
    }
    plm_mem_free(count);
    memcpy(r->pending, from, n * sizeof *from); /* three passes end in spare */
    for (uint32_t i = 1; i < n; i++)
        for (uint32_t k = i; k && by_entry(&r->pending[k - 1], &r->pending[k]) > 0; k--) {
            entry e = r->pending[k];
            r->pending[k] = r->pending[k - 1];
            r->pending[k - 1] = e;
        }
    return true;
}

/* ---- reading */

static bool page_first(plm_runs *r, run *x, uint32_t page, plm_fault *f) {
    if (!x->first) {
        size_t n = x->pages ? x->pages : 1;
        x->first = plm_mem_resize(NULL, n * sizeof *x->first);
        x->page = plm_mem_resize(NULL, n * sizeof *x->page);
        if (!x->first || !x->page) return run_forget(x), no_memory(f);
        memset(x->first, 0xff, n * sizeof *x->first);
        memset(x->page, 0, n * sizeof *x->page);
    }
    if (x->first[page] != UNREAD) return true;
    plm_stmt_int(r->first, 1, x->id << RUN_SHIFT | page);
    int k = plm_stmt_step(r->first, f);
    if (k < 0) return false;
    if (k == 0) return damaged(f);
    x->first[page] = (uint64_t)plm_col_int(r->first, 0);
    plm_stmt_reset(r->first);
    return true;
}

static bool page_is_one(plm_str b) {
    return b.n && b.n % ENTRY_BYTES == 0 && b.n <= PLM_RUNS_PAGE_ENTRIES * ENTRY_BYTES;
}

static bool page_body(plm_runs *r, run *x, uint32_t page, plm_fault *f) {
    if (x->page[page].p) return true;
    if (plm_arena_used(r->cache) + (1u << 20) > PLM_RUNS_CACHE_MAX) {
        for (size_t i = 0; i < r->n; i++) {
            run *o = &r->v[i];
            if (o->page && o->pages) memset(o->page, 0, o->pages * sizeof *o->page);
        }
        plm_arena_reset(r->cache);
    }
    plm_stmt_int(r->body, 1, x->id << RUN_SHIFT | page);
    int k = plm_stmt_step(r->body, f);
    if (k < 0) return false;
    if (k == 0) return damaged(f);
    plm_str b = plm_col_blob(r->body, 0);
    bool ok = page_is_one(b);
    if (ok) x->page[page] = plm_arena_copy(r->cache, b);
    plm_stmt_reset(r->body);
    if (!ok) return damaged(f);
    return x->page[page].p ? true : no_memory(f);
}

static bool found_add(plm_runs_found *o, int64_t event) {
    if (o->n == o->cap) {
        size_t cap = o->cap ? 2 * o->cap : 16;
        int64_t *v = plm_mem_resize(o->v, cap * sizeof *v);
        if (!v) return false;
        o->v = v;
        o->cap = cap;
    }
    o->v[o->n++] = event;
    return true;
}

/* Keys are hashes, so where one stands is nearly known: of n keys from low to high. */
static size_t guess(uint64_t key, uint64_t low, uint64_t high, size_t n) {
    if (key <= low || high <= low) return 0;
    if (key >= high) return n - 1;
    return (size_t)((double)(key - low) / (double)(high - low) * (double)(n - 1));
}

/* Narrows the pages [*a, *b) that may be the first whose first key is not below key, from a guess
 * outwards: a halving of the whole would miss the caches a dozen times. */
static bool narrow(plm_runs *r, run *x, uint64_t key, uint32_t *a, uint32_t *b, plm_fault *f) {
    uint32_t last = x->pages - 1;
    if (!page_first(r, x, 0, f) || !page_first(r, x, last, f)) return false;
    uint32_t at = (uint32_t)guess(key, x->first[0], x->first[last], x->pages);
    if (!page_first(r, x, at, f)) return false;
    bool up = x->first[at] < key;
    if (up) *a = at + 1;
    else *b = at;
    for (uint32_t step = 1; up ? *b - *a > step : *b > step; step *= 2) {
        at = up ? *a + step : *b - step;
        if (!page_first(r, x, at, f)) return false;
        bool below = x->first[at] < key;
        if (below) *a = at + 1;
        else *b = at;
        if (below != up) break;
    }
    return true;
}

/* The page before the first whose first key is not below key: where key may begin. */
static bool page_of(plm_runs *r, run *x, uint64_t key, uint32_t *page, plm_fault *f) {
    uint32_t a = 0, b = x->pages;
    if (b > 8 && !narrow(r, x, key, &a, &b, f)) return false;
    while (a < b) {
        uint32_t m = a + (b - a) / 2;
        if (!page_first(r, x, m, f)) return false;
        if (x->first[m] < key) a = m + 1;
        else b = m;
    }
    *page = a ? a - 1 : 0;
    return true;
}

static uint64_t key_at(plm_str body, size_t i) { return unpack(body.p + i * ENTRY_BYTES).key; }

/* The first entry of a page whose key is not below key. */
static size_t entry_of(plm_str body, uint64_t key) {
    size_t n = body.n / ENTRY_BYTES, a = 0, b = n;
    size_t at = guess(key, key_at(body, 0), key_at(body, n - 1), n);
    bool up = key_at(body, at) < key;
    if (up) a = at + 1;
    else b = at;
    for (size_t step = 4; up ? b - a > step : b > step; step *= 2) {
        at = up ? a + step : b - step;
        bool below = key_at(body, at) < key;
        if (below) a = at + 1;
        else b = at;
        if (below != up) break;
    }
    while (a < b) {
        size_t m = a + (b - a) / 2;
        if (key_at(body, m) < key) a = m + 1;
        else b = m;
    }
    return a;
}

/* The page's entries with the key; *more: the next page may have some too. */
static bool find_in_page(plm_str body, uint64_t key, plm_runs_found *out, bool *more) {
    size_t a = entry_of(body, key), n = body.n / ENTRY_BYTES;
    for (; a < n; a++) {
        entry e = unpack(body.p + a * ENTRY_BYTES);
        if (e.key != key) break;
        if (!found_add(out, e.event)) return false;
    }
    *more = a == n;
    return true;
}

static bool find_in(plm_runs *r, run *x, uint64_t key, plm_runs_found *out, plm_fault *f) {
    uint32_t page;
    bool more = true;
    if (!x->pages) return true;
    if (!page_of(r, x, key, &page, f)) return false;
    for (; more && page < x->pages; page++) {
        if (!page_first(r, x, page, f)) return false;
        if (x->first[page] > key) return true;
        if (!page_body(r, x, page, f)) return false;
        if (!find_in_page(x->page[page], key, out, &more)) return no_memory(f);
    }
    return true;
}

/* The same by asking the store where the key begins: for a few looks, which need not learn where
 * every page begins. */
static bool find_once(plm_runs *r, const run *x, uint64_t key, plm_runs_found *out, plm_fault *f) {
    int64_t at = x->id << RUN_SHIFT, end = at + x->pages;
    bool more = true, ok = true;
    if (!x->pages) return true;
    plm_stmt_int(r->start, 1, x->id);
    plm_stmt_int(r->start, 2, (int64_t)key);
    int k = plm_stmt_step(r->start, f);
    if (k < 0) return false;
    if (k == 1) {
        plm_str b = plm_col_blob(r->start, 1);
        at = plm_col_int(r->start, 0) + 1;
        ok = page_is_one(b) ? find_in_page(b, key, out, &more) || no_memory(f) : damaged(f);
        plm_stmt_reset(r->start);
    }
    for (; ok && more && at < end; at++) {
        plm_stmt_int(r->body, 1, at);
        k = plm_stmt_step(r->body, f);
        if (k != 1) return k == 0 ? damaged(f) : false;
        plm_str b = plm_col_blob(r->body, 0);
        more = (uint64_t)plm_col_int(r->body, 1) <= key;
        if (more) ok = page_is_one(b) ? find_in_page(b, key, out, &more) || no_memory(f)
                                      : damaged(f);
        plm_stmt_reset(r->body);
    }
    return ok;
}

static int by_event(const void *a, const void *b) {
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return x < y ? -1 : x > y;
}

bool plm_runs_find(plm_runs *r, uint64_t key, plm_runs_found *out, plm_fault *f) {
    size_t n = 0;
    out->n = 0;
    bool few = r->looks++ < FEW_LOOKS;
    for (size_t i = 0; i < r->n; i++)
        if (!(few ? find_once(r, &r->v[i], key, out, f) : find_in(r, &r->v[i], key, out, f)))
            return false;
    uint32_t at = r->pending_n ? r->slot[key & (r->pending_cap - 1)] : UINT32_MAX;
    for (; at != UINT32_MAX; at = r->next[at])
        if (r->pending[at].key == key && !found_add(out, r->pending[at].event)) return no_memory(f);
    if (out->n < 2) return true;
    qsort(out->v, out->n, sizeof *out->v, by_event);
    for (size_t i = 0; i < out->n; i++)
        if (!n || out->v[i] != out->v[n - 1]) out->v[n++] = out->v[i];
    out->n = n;
    return true;
}

/* ---- writing */

typedef struct writer {
    plm_runs *r;
    int64_t id;
    uint64_t entries, first;
    uint32_t pages, n; /* n: entries of the page that fills */
    char page[PLM_RUNS_PAGE_ENTRIES * ENTRY_BYTES];
} writer;

static bool write_page(writer *w, plm_fault *f) {
    plm_stmt *st = w->r->put_page;
    if (!w->n) return true;
    if (w->pages + 1 == 1u << RUN_SHIFT)
        return plm_fail(f, PLM_OUT_OF_RANGE, "the index of events is full");
    plm_stmt_int(st, 1, w->id << RUN_SHIFT | w->pages++);
    plm_stmt_int(st, 2, (int64_t)w->first);
    plm_stmt_blob(st, 3, w->page, w->n * ENTRY_BYTES);
    w->n = 0;
    return plm_stmt_run(st, NULL, f);
}

static bool write_entry(writer *w, entry e, plm_fault *f) {
    if (w->n == PLM_RUNS_PAGE_ENTRIES && !write_page(w, f)) return false;
    if (!w->n) w->first = e.key;
    pack(e, w->page + w->n++ * ENTRY_BYTES);
    w->entries++;
    return true;
}

/* Reads one run from front to back. */
typedef struct cursor {
    const run *x;
    uint32_t page;
    plm_buf body;
    size_t at;
    entry e;
    bool done;
} cursor;

static bool cursor_page(plm_runs *r, cursor *c, plm_fault *f) {
    plm_stmt_int(r->body, 1, c->x->id << RUN_SHIFT | c->page);
    int k = plm_stmt_step(r->body, f);
    if (k < 0) return false;
    if (k == 0) return damaged(f);
    plm_str b = plm_col_blob(r->body, 0);
    plm_buf_clear(&c->body);
    plm_buf_put(&c->body, b.p, b.n);
    uint64_t first = (uint64_t)plm_col_int(r->body, 1);
    plm_stmt_reset(r->body);
    c->at = 0;
    c->page++;
    if (c->body.full || !b.n || b.n % ENTRY_BYTES || unpack(c->body.p).key != first)
        return damaged(f);
    return true;
}

static bool cursor_next(plm_runs *r, cursor *c, plm_fault *f) {
    entry was = c->e;
    if (c->at == c->body.n) {
        c->done = c->page == c->x->pages;
        if (c->done) return true;
        if (!cursor_page(r, c, f)) return false;
    }
    c->e = unpack(c->body.p + c->at);
    c->at += ENTRY_BYTES;
    return by_entry(&was, &c->e) <= 0 || damaged(f);
}

static bool cursor_open(plm_runs *r, cursor *c, const run *x, plm_fault *f) {
    *c = (cursor){.x = x};
    plm_buf_init(&c->body, 1u << 20);
    return cursor_next(r, c, f);
}

/* The pending entries and the runs of `with` as one run. */
static bool merge(plm_runs *r, writer *w, cursor *c, size_t n, plm_fault *f) {
    uint32_t at = 0;
    for (;;) {
        size_t best = SIZE_MAX;
        entry e = {UINT64_MAX, 0};
        if (at < r->pending_n) e = r->pending[at], best = n;
        for (size_t i = 0; i < n; i++)
            if (!c[i].done && (best == SIZE_MAX || by_entry(&c[i].e, &e) < 0))
                e = c[i].e, best = i;
        if (best == SIZE_MAX) return write_page(w, f);
        if (!write_entry(w, e, f)) return false;
        if (best == n) at++;
        else if (!cursor_next(r, &c[best], f)) return false;
    }
}

static bool drop(plm_runs *r, int64_t id, plm_fault *f) {
    plm_stmt_int(r->drop_pages, 1, id << RUN_SHIFT);
    plm_stmt_int(r->drop_pages, 2, (id + 1) << RUN_SHIFT);
    plm_stmt_int(r->drop_run, 1, id);
    return plm_stmt_run(r->drop_pages, NULL, f) && plm_stmt_run(r->drop_run, NULL, f);
}

static int by_size(const void *a, const void *b) {
    const run *x = a, *y = b;
    if (x->entries != y->entries) return x->entries < y->entries ? -1 : 1;
    return x->id < y->id ? -1 : 1;
}

/* How many of the smallest runs (r->v is put in order of size) are merged with what waits. */
static size_t absorbed(plm_runs *r) {
    uint64_t total = r->pending_n, most = FREE_MERGE + (uint64_t)MERGE_SHARE * r->pending_n;
    size_t n = 0;
    if (r->n) qsort(r->v, r->n, sizeof *r->v, by_size);
    while (n < r->n && r->v[n].entries <= total && total + r->v[n].entries <= most)
        total += r->v[n++].entries;
    if (r->n - n >= PLM_RUNS_MANY) n += (r->n - n) / 2;
    return n;
}

static bool prepare(plm_runs *r, plm_fault *f) {
    if (r->drop_run) return true;
    r->put_page = plm_stmt_append(r->s, "index_pages", "at, first, body", f);
    r->put_run = r->put_page ? plm_stmt_append(r->s, "index_runs", "run, entries, pages", f) : NULL;
    r->drop_pages = r->put_run ? plm_stmt_new(r->s, "DELETE FROM index_pages WHERE at >= ?1 AND"
                                                    " at < ?2", f) : NULL;
    r->drop_run = r->drop_pages ? plm_stmt_new(r->s, "DELETE FROM index_runs WHERE run = ?1", f)
                                : NULL;
    return r->drop_run != NULL;
}

static bool write_run(plm_runs *r, size_t n, plm_fault *f) {
    cursor *c = plm_mem_resize(NULL, (n + 1) * sizeof *c);
    writer *w = plm_mem_resize(NULL, sizeof *w);
    bool ok = c && w;
    size_t open = 0;
    if (ok) *w = (writer){.r = r, .id = r->last + 1};
    else no_memory(f);
    for (; ok && open < n; open++) ok = cursor_open(r, &c[open], &r->v[open], f);
    ok = ok && merge(r, w, c, n, f);
    for (size_t i = 0; i < open; i++) plm_buf_free(&c[i].body);
    for (size_t i = 0; ok && i < n; i++) ok = drop(r, r->v[i].id, f);
    if (ok) {
        for (size_t i = 0; i < n; i++) run_forget(&r->v[i]);
        if (n) memmove(r->v, r->v + n, (r->n - n) * sizeof *r->v);
        r->n -= n;
        plm_stmt_int(r->put_run, 1, w->id);
        plm_stmt_int(r->put_run, 2, (int64_t)w->entries);
        plm_stmt_int(r->put_run, 3, w->pages);
        ok = plm_stmt_run(r->put_run, NULL, f) &&
             (run_add(r, w->id, w->entries, w->pages) || no_memory(f));
    }
    plm_mem_free(c);
    plm_mem_free(w);
    return ok;
}

bool plm_runs_flush(plm_runs *r, plm_fault *f) {
    if (!r->pending_n) return true;
    if (!prepare(r, f)) return false;
    if (r->pending_n < 4096) qsort(r->pending, r->pending_n, sizeof *r->pending, by_entry);
    else if (!pending_sort(r)) return no_memory(f);
    if (!write_run(r, absorbed(r), f)) return false;
    r->pending_n = 0;
    memset(r->slot, 0xff, r->pending_cap * sizeof *r->slot);
    return true;
}

/* ---- check and rebuild */

uint64_t plm_runs_sum_add(uint64_t sum, uint64_t key, int64_t event) {
    uint64_t h = (key ^ 0x9E3779B97F4A7C15u) * 0xD6E8FEB86659FD93u;
    h = (h ^ h >> 32 ^ (uint64_t)event) * 0xD6E8FEB86659FD93u;
    return sum + (h ^ h >> 29);
}

bool plm_runs_sum(plm_store *s, uint64_t *sum, uint64_t *entries, const char **why, plm_fault *f) {
    plm_fault said = {0};
    plm_runs *r = plm_runs_open(s, &said);
    bool ok = r != NULL;
    *sum = *entries = 0;
    for (size_t i = 0; ok && i < r->n; i++) {
        cursor c;
        uint64_t before = *entries;
        ok = cursor_open(r, &c, &r->v[i], &said);
        while (ok && !c.done) {
            *sum = plm_runs_sum_add(*sum, c.e.key, c.e.event);
            ++*entries;
            ok = cursor_next(r, &c, &said);
        }
        plm_buf_free(&c.body);
        if (ok && *entries - before != r->v[i].entries) ok = damaged(&said);
    }
    plm_runs_close(r);
    *why = said.code == PLM_CONFLICT ? "a page of the index of events is damaged" : NULL;
    if (!ok && !*why) *f = said;
    return ok || *why;
}

static bool put_parts(plm_runs *r, int64_t event, plm_str parts, plm_fault *f) {
    plm_part p;
    while (plm_parts_next(&parts, &p)) {
        bool device = p.kind == PLM_PART_DEVICE;
        if (!device && !plm_part_is_epc(&p)) continue;
        plm_runs_kind kind = device ? PLM_RUNS_DEVICE : PLM_RUNS_EPC;
        if (!plm_runs_put(r, plm_runs_key(kind, p.f[0]), event, f)) return false;
        if (device && !plm_runs_put(r, plm_runs_key(kind, p.f[1]), event, f)) return false;
    }
    return true;
}

#define BUILD_AT_ONCE "4096"

/* The entries of the next events after *last; *any: there were some. */
static bool put_some(plm_runs *r, plm_stmt *st, int64_t *last, bool *any, plm_fault *f) {
    int k = -1;
    bool ok = true;
    *any = false;
    plm_stmt_int(st, 1, *last);
    while (ok && (k = plm_stmt_step(st, f)) == 1) {
        *any = true;
        *last = plm_col_int(st, 0);
        ok = plm_runs_put(r, plm_runs_key(PLM_RUNS_ID, plm_col_text(st, 1)), *last, f) &&
             plm_runs_put(r, plm_runs_key(PLM_RUNS_HASH, plm_col_blob(st, 2)), *last, f) &&
             put_parts(r, *last, plm_col_blob(st, 3), f);
    }
    if (!ok) plm_stmt_reset(st);
    return ok && k == 0;
}

bool plm_runs_build(plm_store *s, plm_fault *f) {
    if (!plm_store_exec(s, "DELETE FROM index_pages; DELETE FROM index_runs", f)) return false;
    plm_runs *r = plm_runs_open(s, f);
    plm_stmt *st = r ? plm_stmt_new(s, "SELECT seq, id, hash, parts FROM events WHERE seq > ?1"
                                       " ORDER BY seq LIMIT " BUILD_AT_ONCE, f) : NULL;
    bool ok = st != NULL, any = ok;
    int64_t last = INT64_MIN;
    while (ok && any) ok = put_some(r, st, &last, &any, f);
    plm_stmt_free(st);
    ok = ok && plm_runs_flush(r, f);
    plm_runs_close(r);
    return ok;
}
