/* kin.c: the listed tokens that a query's span is related to.
 * Invariants: 1 the near table gives the relations that comparing all gives (docs/no-miss.md,
 * sections 2 and 5); 2 an answer that was kept is the one that would be found again: it depends
 * on the unit and the index alone; 3 what is kept never grows.
 * Held by tests/unit/test_screen.c. */
#include "screen/kin.h"

#include "screen/rows.h"

#include <string.h>

#define JOIN_SIM 950         /* several words as one: hardly another letter */
#define JOIN_PERCENT 97
#define JOINED_SIM 960       /* joined on both sides */
#define ACRONYM_SIM 850
#define JOIN_FORM_LEAST 4
/* Joined spans this short need only some of the near-table keys: docs/no-miss.md, section 5. */
#define JOIN_FORM_SHORT 14
#define JOIN_PHON_SHORT 9
/* The near-table keys of a unit: form, its letters, class, two keys and theirs. */
#define NEAR_KEYS (2 + NAME_FORM + 2 * (2 + NAME_KEY))
#define RELATE_AT_ONCE 128u
#define KEPT_SLOTS 8192u     /* tokens whose relations are kept, at most */
#define KEPT_WAYS 2u
#define KEPT_KINS (1u << 18) /* and their relations */

/* One token kept: its relations are in the ring from at on, until as many more were written. */
typedef struct kept {
    unit u;
    uint32_t n;
    uint64_t at;             /* 0: none */
} kept;

struct plm_kins {
    const plm_index *x;
    uint32_t *seen, round;   /* by unit */
    uint32_t *near;          /* units that may be related */
    uint32_t near_n, near_cap;
    kin *found;
    uint32_t found_n, found_cap;
    kept *kept;
    kin *ring;
    uint64_t written;
    bool failed;
};

plm_kins *plm_kins_new(const plm_index *x) {
    plm_kins *k = plm_mem_resize(NULL, sizeof *k);
    if (!k) return NULL;
    memset(k, 0, sizeof *k);
    k->x = x;
    size_t seen = ((size_t)x->n[IX_UNITS] + 1) * sizeof *k->seen;
    k->seen = plm_mem_resize(NULL, seen);
    k->kept = plm_mem_resize(NULL, KEPT_SLOTS * sizeof *k->kept);
    k->ring = plm_mem_resize(NULL, KEPT_KINS * sizeof *k->ring);
    if (!k->seen || !k->kept || !k->ring) {
        plm_kins_free(k);
        return NULL;
    }
    memset(k->seen, 0, seen);
    for (uint32_t i = 0; i < KEPT_SLOTS; i++) k->kept[i].at = 0;
    k->written = 1;
    return k;
}

void plm_kins_free(plm_kins *k) {
    if (!k) return;
    plm_mem_free(k->seen);
    plm_mem_free(k->near);
    plm_mem_free(k->found);
    plm_mem_free(k->kept);
    plm_mem_free(k->ring);
    plm_mem_free(k);
}

static void *more(plm_kins *k, void **p, uint32_t *n, uint32_t *cap, size_t row) {
    void *at = plm_rows_more(p, n, cap, row);
    k->failed = k->failed || !at;
    return at;
}

static void add(plm_kins *k, uint32_t id, int sim, why_kind why) {
    kin *to = more(k, (void **)&k->found, &k->found_n, &k->found_cap, sizeof *to);
    if (!to) return;
    uint32_t i = id & ~SPAN_JOIN;
    const uint32_t *at = id & SPAN_JOIN ? k->x->join_at : k->x->unit_at;
    *to = (kin){id, (uint16_t)sim, (uint16_t)why, at[i], at[i + 1] - at[i]};
}

/* A span of the query that is like a unit of the index as sim says. */
static void add_unit(plm_kins *k, const unit *a, uint32_t id, int sim, why_kind why) {
    if (a->join && sim) {
        if (a->form_n < JOIN_FORM_LEAST || sim < JOIN_SIM) sim = 0;
        sim = sim * JOIN_PERCENT / 100;
        why = WHY_JOINED;
    }
    if (sim) add(k, id, sim, why);
}

/* A span of the query against a unit of the index: what both modes come to. */
static void try_unit(plm_kins *k, unit_profile *p, uint32_t id, int least) {
    const unit *a = p->u, *b = &k->x->units[id];
    why_kind why;
    if (a->join == 2) { /* the query's acronym against a word */
        bool same = a->form_n == b->form_n && memcmp(a->form, b->form, a->form_n) == 0 &&
                    b->kind == TOKEN_PLAIN;
        if (same) add(k, id, ACRONYM_SIM, WHY_ACRONYM);
        return;
    }
    int sim = plm_relate(p, b, least, &why);
    add_unit(k, a, id, sim, why);
}

/* ---- by the near table ---- */

typedef struct near_look {
    uint64_t key[NEAR_KEYS];
    uint32_t n;
    bool apart[NEAR_KEYS];   /* only units of a script that is compared its own way */
    bool by_key[NEAR_KEYS];  /* found by a key alone */
    bool letters, keys;      /* look all up by a form, by a key without one letter */
    int least;               /* likeness that is asked for; 0: any */
} near_look;

static void note_key(void *ctx, char tag, uint64_t hash) {
    near_look *c = ctx;
    if (c->n == NEAR_KEYS) return;
    c->apart[c->n] = (tag == 'F' && !c->letters) || (tag == 'd' && !c->keys);
    c->by_key[c->n] = tag == 'd' || tag == 'k';
    c->key[c->n++] = hash & ~(uint64_t)0xFFFFFFFFu;
}

/* False when unit id, which shares a key with u (without a letter each, maybe) and no form, is not
 * related to it: most are not, and are told so without being read.  docs/no-miss.md, section 5. */
static bool worth(const plm_index *x, uint32_t id, uint64_t key, uint64_t sounds, int least) {
    return plm_near_keys_may(key, x->keys[id]) &&
           (!least || plm_near_sounds_may(sounds, x->sounds[id], least));
}

/* Keeps each of k->near once, and of those that a key found the ones that are worth it.  Forms
 * come first: what keys alone find has no near form where all forms were looked up. */
static void sift(plm_kins *k, const near_look *c, uint64_t key, uint64_t sounds) {
    const plm_index *x = k->x;
    uint32_t left = 0;
    for (uint32_t i = 0; i < k->near_n; i++) {
        uint32_t id = k->near[i] & ~RELATE_BY_KEY, by_key = k->near[i] & RELATE_BY_KEY;
        if (k->seen[id] == k->round) continue;
        k->seen[id] = k->round;
        if (by_key && !worth(x, id, key, sounds, c->least)) continue;
        if (!c->letters || key == NEAR_KEY_LONG || x->keys[id] == NEAR_KEY_LONG) by_key = 0;
        k->near[left++] = id | by_key;
        __builtin_prefetch(&x->units[id]);
        __builtin_prefetch((const char *)&x->units[id] + 64);
        __builtin_prefetch(&x->unit_at[id]);
    }
    k->near_n = left;
}

/* Units that share a near-table key with u and may be related to it: k->near. */
static void find_near(plm_kins *k, const unit *u, near_look *c) {
    const plm_index *x = k->x;
    uint32_t at[NEAR_KEYS];
    bool common = !plm_near_is_apart(u);
    c->n = 0;
    k->near_n = 0;
    k->round++;
    plm_near_keys(u, note_key, c);
    for (uint32_t i = 0; i < c->n; i++)
        __builtin_prefetch(&x->near_dir[c->key[i] >> (64 - INDEX_DIR_BITS)]);
    for (uint32_t i = 0; i < c->n; i++) {
        at[i] = x->near_dir[c->key[i] >> (64 - INDEX_DIR_BITS)];
        __builtin_prefetch(&x->near[at[i]]);
    }
    for (uint32_t i = 0; i < c->n; i++) {
        uint32_t end = x->near_dir[(c->key[i] >> (64 - INDEX_DIR_BITS)) + 1], j = at[i];
        while (j < end && x->near[j] < c->key[i]) j++;
        for (; j < end && (x->near[j] ^ c->key[i]) >> 32 == 0; j++) {
            uint32_t row = (uint32_t)x->near[j], id = row & ~NEAR_APART;
            if (c->apart[i] && !(row & NEAR_APART)) continue;
            uint32_t *to = more(k, (void **)&k->near, &k->near_n, &k->near_cap, 4);
            if (!to) return;
            *to = id | (common && c->by_key[i] && !(row & NEAR_APART) ? RELATE_BY_KEY : 0);
            __builtin_prefetch(&k->seen[id], 1);
            __builtin_prefetch(&x->keys[id]);
            if (c->least) __builtin_prefetch(&x->sounds[id]);
        }
    }
    sift(k, c, plm_near_key_letters(u), plm_near_sounds(u));
}

static void relate_near(plm_kins *k, unit_profile *p) {
    const unit *u = p->u;
    near_look c;
    c.letters = c.keys = true;
    c.least = u->join ? JOIN_SIM : 0;
    if (u->join == 1 && u->form_n < JOIN_FORM_LEAST) return;
    if (u->join == 2) {
        c.letters = c.keys = false; /* the form alone */
    } else if (u->join && !plm_near_is_apart(u) && u->key_n && u->form_n <= JOIN_FORM_SHORT &&
               u->phon_n <= JOIN_PHON_SHORT) {
        c.letters = c.keys = false;
    }
    find_near(k, u, &c);
    if (u->join == 2) {
        for (uint32_t i = 0; i < k->near_n; i++) try_unit(k, p, k->near[i], c.least);
        return;
    }
    likeness like[RELATE_AT_ONCE];
    for (uint32_t i = 0; i < k->near_n; i += RELATE_AT_ONCE) {
        uint32_t n = k->near_n - i < RELATE_AT_ONCE ? k->near_n - i : RELATE_AT_ONCE;
        plm_relate_many(p, k->x->units, k->near + i, n, c.least, like);
        for (uint32_t j = 0; j < n; j++)
            add_unit(k, u, k->near[i + j] & ~RELATE_BY_KEY, like[j].sim, (why_kind)like[j].why);
    }
}

/* ---- joins of the index, by equality ---- */

int plm_join_sim(why_kind why) { return why == WHY_ACRONYM ? ACRONYM_SIM : JOINED_SIM; }

uint32_t plm_join_hashes(const unit *u, uint64_t out[2], why_kind why[2]) {
    uint32_t n = 0;
    if (u->join == 2 || u->kind == TOKEN_NUMBER) return 0;
    if (u->form_n >= JOIN_FORM_LEAST) {
        why[n] = WHY_JOINED;
        out[n++] = plm_index_hash('j', u->phon, u->phon_n);
    }
    if (!u->join && u->form_n >= 3 && u->kind == TOKEN_PLAIN) {
        why[n] = WHY_ACRONYM;
        out[n++] = plm_index_hash('a', u->form, u->form_n);
    }
    return n;
}

static void relate_joins(plm_kins *k, const unit *u, bool exhaustive) {
    const plm_index *x = k->x;
    uint64_t h[2];
    why_kind why[2];
    uint32_t n = plm_join_hashes(u, h, why);
    for (uint32_t i = 0; i < n; i++) {
        uint64_t b = h[i] >> (64 - INDEX_DIR_BITS);
        uint32_t from = exhaustive ? 0 : x->join_dir[b];
        uint32_t to = exhaustive ? x->n[IX_JOINS] : x->join_dir[b + 1];
        for (uint32_t j = from; j < to; j++)
            if (x->joins[j] == h[i])
                add(k, SPAN_JOIN | j, plm_join_sim(why[i]), why[i]);
    }
}

/* ---- what was kept ---- */

static kept *slots_of(plm_kins *k, const unit *u) {
    uint64_t h = plm_index_hash((char)u->script, u->form, u->form_n);
    return &k->kept[h % (KEPT_SLOTS / KEPT_WAYS) * KEPT_WAYS];
}

static bool still(const plm_kins *k, const kept *e) {
    return e->at && k->written - e->at <= KEPT_KINS;
}

static const kin *recall(const plm_kins *k, const kept *slot, const unit *u, uint32_t *n) {
    for (uint32_t i = 0; i < KEPT_WAYS; i++) {
        const kept *e = &slot[i];
        if (!still(k, e) || memcmp(&e->u, u, sizeof *u) != 0) continue;
        *n = e->n;
        return &k->ring[e->at % KEPT_KINS];
    }
    return NULL;
}

static void keep(plm_kins *k, kept *slot, const unit *u) {
    kept *e = slot;
    uint32_t n = k->found_n;
    if (n > KEPT_KINS / 16) return;
    for (uint32_t i = 1; i < KEPT_WAYS; i++)
        if (slot[i].at < e->at) e = &slot[i];
    if (k->written % KEPT_KINS + n > KEPT_KINS) k->written += KEPT_KINS - k->written % KEPT_KINS;
    e->u = *u;
    e->n = n;
    e->at = k->written;
    if (n) memcpy(&k->ring[k->written % KEPT_KINS], k->found, n * sizeof *k->found);
    k->written += n ? n : 1;
}

const kin *plm_kins_find(plm_kins *k, const unit *u, bool exhaustive, uint32_t *n) {
    static const kin none;
    kept *slot = exhaustive || u->join ? NULL : slots_of(k, u);
    const kin *was = slot ? recall(k, slot, u, n) : NULL;
    if (was) return was;
    k->found_n = 0;
    k->failed = false;
    unit_profile p;
    plm_profile_init(&p, u);
    if (exhaustive)
        for (uint32_t i = 0; i < k->x->n[IX_UNITS]; i++) try_unit(k, &p, i, 0);
    else
        relate_near(k, &p);
    relate_joins(k, u, exhaustive);
    if (k->failed) return NULL;
    if (slot) keep(k, slot, u);
    *n = k->found_n;
    return k->found_n ? k->found : &none;
}
