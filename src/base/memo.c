/* memo.c: a ring of entries, each a key and its value, with an index by hash.
 * Invariants: 1 a value is given for its own key only, byte for byte; 2 entries lie in the ring in
 * the order in which they came; 3 the index names only entries that are still there.  An entry
 * whose place in the index was taken by a later one is no longer found.
 * Held by tests/unit/test_memo.c. */
#include "base/memo.h"

#define RING_UNIT 16u       /* entries and values are aligned to this */
#define BYTES_A_PLACE 256u  /* of the ring, for each place of the index */
#define NO_ENTRY UINT32_MAX

__extension__ typedef unsigned __int128 u128;

typedef struct entry {
    uint64_t hash;
    uint32_t key_n, value_n;
} entry; /* then the value, then the key */

struct plm_memo {
    char *ring;
    uint32_t size, head, tail;      /* entries lie in [tail, head) */
    uint32_t end;                   /* or, where it is wrapped, in [tail, end) and [0, head) */
    bool wrapped;
    uint32_t mask, *index;          /* where an entry begins, by its hash */
};

static uint64_t mixed(uint64_t a, uint64_t b) {
    u128 m = (u128)a * b;
    return (uint64_t)m ^ (uint64_t)(m >> 64);
}

/* Any good spread will do: a collision only makes one of the two be asked again. */
static uint64_t hash_of(plm_str s) {
    uint64_t h = 0x9E3779B97F4A7C15u ^ s.n, w[2];
    size_t i = 0;
    for (; i + sizeof w <= s.n; i += sizeof w) {
        memcpy(w, s.p + i, sizeof w);
        h = mixed(w[0] ^ 0xA0761D6478BD642Fu, w[1] ^ h);
    }
    w[0] = w[1] = 0;
    if (i < s.n) memcpy(w, s.p + i, s.n - i);
    return mixed(w[0] ^ 0xE7037ED1A0B428DBu, w[1] ^ h) ^ h;
}

plm_memo *plm_memo_new(size_t bytes) {
    if (bytes < PLM_MEMO_LEAST || bytes > INT32_MAX) return NULL;
    plm_memo *m = plm_mem_resize(NULL, sizeof *m);
    if (!m) return NULL;
    uint32_t places = 1;
    while (places < bytes / BYTES_A_PLACE / 2) places *= 2;
    *m = (plm_memo){.size = (uint32_t)bytes / RING_UNIT * RING_UNIT, .mask = places - 1};
    m->ring = plm_mem_resize(NULL, m->size);
    m->index = plm_mem_resize(NULL, places * sizeof *m->index);
    if (!m->ring || !m->index) {
        plm_memo_free(m);
        return NULL;
    }
    memset(m->index, 0xFF, places * sizeof *m->index); /* NO_ENTRY */
    return m;
}

void plm_memo_free(plm_memo *m) {
    if (!m) return;
    plm_mem_free(m->ring);
    plm_mem_free(m->index);
    plm_mem_free(m);
}

static entry *entry_at(const plm_memo *m, uint32_t at) {
    return (entry *)(void *)(m->ring + at);
}

static size_t size_of(size_t key_n, size_t value_n) {
    size_t n = sizeof(entry) + key_n + value_n;
    return (n + RING_UNIT - 1) / RING_UNIT * RING_UNIT;
}

bool plm_memo_find(plm_memo *m, plm_str key, plm_str *value) {
    uint64_t h = hash_of(key);
    uint32_t at = m->index[h & m->mask];
    if (at == NO_ENTRY) return false;
    const entry *e = entry_at(m, at);
    const char *v = (const char *)(e + 1);
    if (e->hash != h || e->key_n != key.n || memcmp(v + e->value_n, key.p, key.n) != 0)
        return false;
    *value = (plm_str){v, e->value_n};
    return true;
}

static void forget_oldest(plm_memo *m) {
    const entry *e = entry_at(m, m->tail);
    uint32_t *place = &m->index[e->hash & m->mask];
    if (*place == m->tail) *place = NO_ENTRY;
    m->tail += (uint32_t)size_of(e->key_n, e->value_n);
    if (m->wrapped && m->tail == m->end) {
        m->tail = 0;
        m->wrapped = false;
    }
}

static bool is_empty(const plm_memo *m) { return !m->wrapped && m->tail == m->head; }

/* Makes n bytes at head free; n is at most a quarter of the ring. */
static void make_room(plm_memo *m, uint32_t n) {
    while (m->wrapped ? m->tail - m->head < n : m->size - m->head < n) {
        if (m->wrapped) {
            forget_oldest(m);
        } else if (is_empty(m)) {
            m->tail = m->head = 0;
        } else {
            m->end = m->head;
            m->head = 0;
            m->wrapped = true;
        }
    }
}

void plm_memo_put(plm_memo *m, plm_str key, plm_str value) {
    size_t n = size_of(key.n, value.n);
    if (key.n > m->size || value.n > m->size || n > m->size / 4) return;
    make_room(m, (uint32_t)n);
    entry *e = entry_at(m, m->head);
    *e = (entry){hash_of(key), (uint32_t)key.n, (uint32_t)value.n};
    char *p = (char *)(e + 1);
    if (value.n) memcpy(p, value.p, value.n);
    if (key.n) memcpy(p + value.n, key.p, key.n);
    m->index[e->hash & m->mask] = m->head;
    m->head += (uint32_t)n;
}
