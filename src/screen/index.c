/* index.c: builds, keeps and maps the screening index.
 * Invariants: 1 every name of every list is in it; 2 a unit's near-table entries are exactly
 * plm_near_keys of it; 3 postings ascend; 4 a mapped file belongs to the edition and
 * to the program it is used with.
 * Held by tests/unit/test_screen.c. */
#include "screen/index.h"

#include "base/file.h"
#include "screen/address.h"
#include "screen/rows.h"
#include "screen/score.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define INDEX_MAGIC "PLMINDX"
#define INDEX_VERSION 9u
#define INDEX_BYTES_MAX ((size_t)8 << 30)

static const uint32_t row_size[IX_COUNT] = {
    sizeof(unit), 8, sizeof(name_rec), sizeof(span_rec), 4, 4, 4, 4, 8, 4, 4, 4,
    sizeof(id_rec), sizeof(address_rec), 2, 8, 8, 8,
};

typedef struct index_header {
    char magic[8];
    uint32_t version, sections;
    uint64_t fingerprint;    /* at INDEX_FINGERPRINT_AT */
    char edition[64];
    uint64_t size;
    uint32_t n[IX_COUNT];
    uint32_t row[IX_COUNT];
} index_header;

uint64_t plm_index_hash(char tag, const char *p, size_t n) {
    uint64_t h = 0x9E3779B97F4A7C15u ^ (unsigned char)tag * 0xFF51AFD7ED558CCDu;
    for (size_t i = 0; i < n; i++) h = (h ^ (unsigned char)p[i]) * 0x100000001B3u;
    h ^= h >> 32;
    h *= 0xC4CEB9FE1A85EC53u;
    return h ^ h >> 29;
}

static uint32_t id_group(plm_str kind) {
    static const struct { const char *word; uint32_t group; } groups[] = {
        {"imo", 1}, {"mmsi", 2}, {"tail", 3}, {"lei", 4}, {"uscc", 5}, {"passport", 6},
        {"national", 7}, {"regist", 8}, {"tax", 9}, {"inn", 9}, {"ogrn", 8}, {"swift", 10},
        {"bic", 10}, {"email", 11}, {"phone", 12}, {"website", 13}, {"call", 14}, {"duns", 15},
        {"ident", 7}, {"serial", 16},
    };
    for (size_t i = 0; i < sizeof groups / sizeof *groups; i++) {
        size_t n = strlen(groups[i].word);
        for (size_t j = 0; j + n <= kind.n; j++)
            if (strncasecmp(kind.p + j, groups[i].word, n) == 0) return groups[i].group;
    }
    return 99;
}

uint64_t plm_index_id_hash(plm_str kind, plm_str value, uint32_t *group) {
    char s[128];
    size_t n = 0;
    *group = id_group(kind);
    for (size_t i = 0; i < value.n && n < sizeof s; i++) {
        char c = value.p[i];
        if (c >= 'a' && c <= 'z') c = (char)(c - 32);
        if ((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z')) s[n++] = c;
    }
    if (*group == 1 && n > 3 && memcmp(s, "IMO", 3) == 0) {
        memmove(s, s + 3, n - 3);
        n -= 3;
    }
    if (n < 4) return 0;
    return plm_index_hash((char)(*group & 127), s, n);
}

/* ---- building ---- */

typedef struct maker {
    vec v[IX_COUNT];
    vec unit_pairs, join_pairs;      /* u64: unit << 32 | name; join hash, name */
    unit_set units;
    bool failed;
    plm_buf fold;
} maker;

/* n zeroed rows more; NULL (and m->failed) without memory. */
static void *push(maker *m, vec *v, size_t n) {
    void *at = plm_vec_push(v, n);
    m->failed = m->failed || !at;
    return at;
}

static uint32_t unit_number(maker *m, const unit *u) {
    uint32_t *at = plm_unit_set_place(&m->units, &m->v[IX_UNITS], u);
    if (!at) return m->failed = true, 0;
    if (*at) return *at - 1;
    unit *mine = push(m, &m->v[IX_UNITS], 1);
    if (!mine) return 0;
    *mine = *u;
    *at = (uint32_t)m->v[IX_UNITS].n;
    return *at - 1;
}

typedef struct join_pair {
    uint64_t hash;
    uint32_t name, span;
} join_pair;

static void add_name(maker *m, const name_parse *p, const name_rec *r) {
    uint32_t posting = (uint32_t)m->v[IX_NAMES].n | POST_PLAIN;
    for (uint32_t i = 0; i < p->token_n; i++)
        if (p->tokens[i].u.kind == TOKEN_INITIAL) posting &= ~POST_PLAIN;
    name_rec *at = push(m, &m->v[IX_NAMES], 1);
    if (!at) return;
    *at = *r;
    at->span_at = (uint32_t)m->v[IX_SPANS].n;
    at->weight = p->weight;
    at->token_n = (uint8_t)p->token_n;
    at->span_n = (uint8_t)p->span_n;
    at->flags |= posting & POST_PLAIN ? 0 : NAME_HAS_INITIAL;
    for (uint32_t i = 0; i < p->span_n; i++) {
        const span *s = &p->spans[i];
        span_rec *x = push(m, &m->v[IX_SPANS], 1);
        if (!x) return;
        *x = (span_rec){.first = s->first, .count = s->count,
                        .weight = i < p->token_n ? s->u.weight : 0};
        if (s->u.join) {
            join_pair *j = push(m, &m->join_pairs, 1);
            if (!j) return;
            j->hash = plm_index_hash(s->u.join == 2 ? 'a' : 'j',
                                     s->u.join == 2 ? s->u.form : s->u.phon,
                                     s->u.join == 2 ? s->u.form_n : s->u.phon_n);
            j->name = posting;
            j->span = (uint32_t)m->v[IX_SPANS].n - 1;
            x->id = SPAN_JOIN;
        } else {
            x->id = unit_number(m, &s->u);
            uint64_t *pair = push(m, &m->unit_pairs, 1);
            if (pair) *pair = (uint64_t)x->id << 32 | posting;
        }
    }
}


static int by_join(const void *a, const void *b) {
    const join_pair *x = a, *y = b;
    if (x->hash != y->hash) return x->hash < y->hash ? -1 : 1;
    return x->name < y->name ? -1 : x->name > y->name;
}

/* Radix sort by the upper 32 bits after the lower, for the large tables. */
bool plm_index_sort(uint64_t *p, size_t n) {
    if (n == 0) return true;
    uint64_t *t = plm_mem_resize(NULL, n * sizeof *t);
    uint32_t *count = plm_mem_resize(NULL, 65537 * sizeof *count);
    bool ok = t && count;
    for (int pass = 0; pass < 4 && ok; pass++) {
        memset(count, 0, 65537 * sizeof *count);
        int sh = 16 * pass;
        for (size_t i = 0; i < n; i++) count[(p[i] >> sh & 0xFFFF) + 1]++;
        for (int i = 0; i < 65536; i++) count[i + 1] += count[i];
        for (size_t i = 0; i < n; i++) t[count[p[i] >> sh & 0xFFFF]++] = p[i];
        memcpy(p, t, n * sizeof *t);
    }
    plm_mem_free(t);
    plm_mem_free(count);
    return ok;
}

static bool sort_u64(maker *m, uint64_t *p, size_t n) {
    if (!m->failed) m->failed = !plm_index_sort(p, n);
    return !m->failed;
}

static void post_units(maker *m) {
    uint64_t *p = (uint64_t *)(void *)m->unit_pairs.p;
    size_t n = m->unit_pairs.n;
    if (!sort_u64(m, p, n)) return;
    uint32_t *at = push(m, &m->v[IX_UNIT_AT], m->v[IX_UNITS].n + 1);
    if (!at) return;
    for (size_t i = 0; i < n; i++) {
        if (i && p[i] == p[i - 1]) continue;
        uint32_t *x = push(m, &m->v[IX_UNIT_NAMES], 1);
        if (!x) return;
        *x = (uint32_t)p[i];
        at[(p[i] >> 32) + 1] = (uint32_t)m->v[IX_UNIT_NAMES].n;
    }
    for (size_t i = 1; i <= m->v[IX_UNITS].n; i++)
        if (at[i] == 0) at[i] = at[i - 1];
}

static void directory(maker *m, int which, const uint64_t *p, size_t n) {
    uint32_t *dir = push(m, &m->v[which], (1u << INDEX_DIR_BITS) + 1);
    if (!dir) return;
    size_t i = 0;
    for (uint32_t b = 0; b <= 1u << INDEX_DIR_BITS; b++) {
        while (i < n && (p[i] >> (64 - INDEX_DIR_BITS)) < b) i++;
        dir[b] = (uint32_t)i;
    }
}

static void post_joins(maker *m) {
    join_pair *p = (join_pair *)(void *)m->join_pairs.p;
    size_t n = m->join_pairs.n;
    if (n) qsort(p, n, sizeof *p, by_join);
    for (size_t i = 0; i < n; i++) {
        if (i == 0 || p[i].hash != p[i - 1].hash) {
            uint64_t *h = push(m, &m->v[IX_JOINS], 1);
            uint32_t *a = push(m, &m->v[IX_JOIN_AT], 1);
            if (!h || !a) return;
            *h = p[i].hash;
            *a = (uint32_t)m->v[IX_JOIN_NAMES].n;
        }
        span_rec *s = (span_rec *)(void *)m->v[IX_SPANS].p + p[i].span;
        s->id = SPAN_JOIN | (uint32_t)(m->v[IX_JOINS].n - 1);
        uint32_t *x = push(m, &m->v[IX_JOIN_NAMES], 1);
        if (!x) return;
        *x = p[i].name;
    }
    uint32_t *a = push(m, &m->v[IX_JOIN_AT], 1);
    if (a) *a = (uint32_t)m->v[IX_JOIN_NAMES].n;
    directory(m, IX_JOIN_DIR, (const uint64_t *)(const void *)m->v[IX_JOINS].p, m->v[IX_JOINS].n);
}

typedef struct near_maker {
    maker *m;
    uint32_t unit, apart;
} near_maker;

static void near_add(void *ctx, char tag, uint64_t hash) {
    near_maker *c = ctx;
    (void)tag;
    uint64_t *x = push(c->m, &c->m->v[IX_NEAR], 1);
    if (x) *x = (hash & ~(uint64_t)0xFFFFFFFFu) | c->apart | c->unit;
}

static void post_near(maker *m) {
    near_maker c = {m, 0, 0};
    for (; c.unit < m->v[IX_UNITS].n; c.unit++) {
        const unit *u = (const unit *)(const void *)m->v[IX_UNITS].p + c.unit;
        c.apart = plm_near_is_apart(u) ? NEAR_APART : 0;
        plm_near_keys(u, near_add, &c);
    }
    uint64_t *p = (uint64_t *)(void *)m->v[IX_NEAR].p;
    if (!sort_u64(m, p, m->v[IX_NEAR].n)) return;
    size_t k = 0;
    for (size_t i = 0; i < m->v[IX_NEAR].n; i++)
        if (i == 0 || p[i] != p[i - 1]) p[k++] = p[i];
    m->v[IX_NEAR].n = k;
    directory(m, IX_NEAR_DIR, p, k);
}

/* A part of a listed name that is asked for alone. */
static void add_part(maker *m, plm_str part, name_rec r, uint8_t flag) {
    static _Thread_local name_parse p;
    if (!part.n || !plm_name_read(part, &p) || !p.token_n) return;
    r.flags |= flag;
    add_name(m, &p, &r);
}

static uint8_t kind_flag(const plm_entity *e) {
    if (e->kind == PLM_ENTITY_PERSON) return NAME_OF_PERSON;
    return e->kind == PLM_ENTITY_ORGANIZATION ? NAME_OF_ORGANIZATION : 0;
}

static void add_list(maker *m, const plm_list *l, uint32_t base) {
    static _Thread_local name_parse p;
    for (uint32_t i = 0; i < l->entity_n && !m->failed; i++) {
        const plm_entity *e = &l->entities[i];
        uint32_t *first = push(m, &m->v[IX_ENTITY_NAMES], 1);
        if (first) *first = (uint32_t)m->v[IX_NAMES].n;
        for (uint32_t j = 0; j < e->name_n; j++) {
            uint32_t row = e->name_at + j;
            plm_str text = plm_list_text(l, l->names[row].text);
            if (!plm_name_read(text, &p) || !p.token_n) continue;
            name_rec r = {.entity = base + i, .row = row, .kind = (uint8_t)l->names[row].kind,
                          .flags = kind_flag(e)};
            add_name(m, &p, &r);
            plm_str acronym = plm_name_acronym(text, &p);
            add_part(m, plm_name_outside(text), r, NAME_OUTSIDE);
            if (e->kind == PLM_ENTITY_PERSON) continue;
            r.kind = PLM_NAME_WEAK;
            add_part(m, acronym, r, NAME_ACRONYM);
        }
        for (uint32_t j = 0; j < e->id_n; j++) {
            uint32_t group;
            const plm_list_id *id = &l->ids[e->id_at + j];
            uint64_t h = plm_index_id_hash(plm_list_text(l, id->kind),
                                           plm_list_text(l, id->value), &group);
            id_rec *x = h ? push(m, &m->v[IX_IDS], 1) : NULL;
            if (x) *x = (id_rec){h, base + i, group};
        }
        for (uint32_t j = 0; j < e->address_n; j++) {
            uint32_t row = e->address_at + j;
            address_rec a = {.entity = base + i, .row = row};
            if (!plm_address_keys(plm_list_text(l, l->addresses[row].text), &a)) continue;
            address_rec *x = push(m, &m->v[IX_ADDRESSES], 1);
            if (x) *x = a;
        }
    }
}

static void note_traits(maker *m) {
    const unit *u = (const unit *)(const void *)m->v[IX_UNITS].p;
    uint16_t *t = push(m, &m->v[IX_TRAITS], m->v[IX_UNITS].n);
    uint64_t *keys = push(m, &m->v[IX_KEYS], m->v[IX_UNITS].n);
    uint64_t *sounds = push(m, &m->v[IX_SOUNDS], m->v[IX_UNITS].n);
    for (size_t i = 0; !m->failed && i < m->v[IX_UNITS].n; i++) {
        t[i] = plm_score_traits(&u[i]);
        keys[i] = plm_near_key_letters(&u[i]);
        sounds[i] = plm_near_sounds(&u[i]);
    }
}

/* Two addresses are related only where a street or a building is the same (address.c). */
static void post_places(maker *m) {
    for (uint32_t i = 0; i < m->v[IX_ADDRESSES].n; i++) {
        const address_rec *a = (const address_rec *)(const void *)m->v[IX_ADDRESSES].p + i;
        const uint64_t h[] = {a->street[0], a->street[1], a->building};
        for (int k = 0; k < 3; k++) {
            uint64_t *x = h[k] ? push(m, &m->v[IX_PLACES], 1) : NULL;
            if (x) *x = (h[k] & ~(uint64_t)0xFFFFFFFFu) | i;
        }
    }
    if (!m->failed) sort_u64(m, (uint64_t *)(void *)m->v[IX_PLACES].p, m->v[IX_PLACES].n);
}

static int by_id(const void *a, const void *b) {
    const id_rec *x = a, *y = b;
    if (x->hash != y->hash) return x->hash < y->hash ? -1 : 1;
    return x->entity < y->entity ? -1 : x->entity > y->entity;
}

static size_t padded(size_t n) { return (n + 15) & ~(size_t)15; }

static void point(plm_index *x) {
    char *p = x->block + padded(sizeof(index_header));
    const void *at[IX_COUNT];
    for (int i = 0; i < IX_COUNT; i++) {
        at[i] = p;
        p += padded((size_t)x->n[i] * row_size[i]);
    }
    x->units = at[IX_UNITS];
    x->joins = at[IX_JOINS];
    x->names = at[IX_NAMES];
    x->spans = at[IX_SPANS];
    x->unit_at = at[IX_UNIT_AT];
    x->unit_names = at[IX_UNIT_NAMES];
    x->join_at = at[IX_JOIN_AT];
    x->join_names = at[IX_JOIN_NAMES];
    x->near = at[IX_NEAR];
    x->near_dir = at[IX_NEAR_DIR];
    x->join_dir = at[IX_JOIN_DIR];
    x->entity_names = at[IX_ENTITY_NAMES];
    x->ids = at[IX_IDS];
    x->addresses = at[IX_ADDRESSES];
    x->traits = at[IX_TRAITS];
    x->places = at[IX_PLACES];
    x->keys = at[IX_KEYS];
    x->sounds = at[IX_SOUNDS];
}

static plm_index *seal(maker *m) {
    plm_index *x = plm_mem_resize(NULL, sizeof *x);
    if (!x) return NULL;
    memset(x, 0, sizeof *x);
    index_header h = {.magic = INDEX_MAGIC, .version = INDEX_VERSION, .sections = IX_COUNT,
                      .fingerprint = plm_index_fingerprint()};
    size_t size = padded(sizeof h);
    for (int i = 0; i < IX_COUNT; i++) {
        h.n[i] = x->n[i] = (uint32_t)m->v[i].n;
        h.row[i] = row_size[i];
        size += padded(m->v[i].n * row_size[i]);
    }
    h.size = size;
    x->block = plm_mem_resize(NULL, size);
    if (!x->block) {
        plm_mem_free(x);
        return NULL;
    }
    memset(x->block, 0, size);
    memcpy(x->block, &h, sizeof h);
    char *p = x->block + padded(sizeof h);
    for (int i = 0; i < IX_COUNT; i++) {
        if (m->v[i].n) memcpy(p, m->v[i].p, m->v[i].n * row_size[i]);
        p += padded(m->v[i].n * row_size[i]);
    }
    x->size = size;
    point(x);
    return x;
}

plm_index *plm_index_build(const plm_lists *lists, plm_fault *f) {
    maker m = {.unit_pairs = {.row = 8}, .join_pairs = {.row = sizeof(join_pair)}};
    for (int i = 0; i < IX_COUNT; i++) m.v[i].row = row_size[i];
    for (uint32_t i = 0; i < lists->n && !m.failed; i++)
        add_list(&m, lists->list[i], lists->first[i]);
    uint32_t *end = push(&m, &m.v[IX_ENTITY_NAMES], 1);
    if (end) *end = (uint32_t)m.v[IX_NAMES].n;
    if (!m.failed) post_units(&m);
    if (!m.failed) post_joins(&m);
    if (!m.failed) post_near(&m);
    if (!m.failed) note_traits(&m);
    if (!m.failed) post_places(&m);
    if (m.v[IX_IDS].n) qsort(m.v[IX_IDS].p, m.v[IX_IDS].n, sizeof(id_rec), by_id);
    plm_index *x = m.failed ? NULL : seal(&m);
    if (!x) plm_fail(f, PLM_NO_MEMORY, "not enough memory for the index");
    for (int i = 0; i < IX_COUNT; i++) plm_mem_free(m.v[i].p);
    plm_mem_free(m.unit_pairs.p);
    plm_mem_free(m.join_pairs.p);
    plm_mem_free(m.units.slot);
    return x;
}

static void mix_key(void *ctx, char tag, uint64_t hash) {
    uint64_t *h = ctx;
    *h = plm_name_mix(*h, &hash, sizeof hash) ^ (unsigned char)tag;
}

static uint64_t mix_name(uint64_t h, plm_str name) {
    static _Thread_local name_parse p;
    if (!plm_name_read(name, &p)) return h;
    for (uint32_t i = 0; i < p.span_n; i++) {
        const unit *u = &p.spans[i].u;
        uint32_t rest[] = {u->script, u->kind, u->join, u->known, u->cls, u->weight,
                           p.spans[i].first, p.spans[i].count, plm_score_traits(u)};
        h = plm_name_mix(h, u->form, u->form_n);
        h = plm_name_mix(h, u->phon, u->phon_n);
        h = plm_name_mix(h, u->key, u->key_n);
        h = plm_name_mix(h, rest, sizeof rest);
        plm_near_keys(u, mix_key, &h);
    }
    return h;
}

/* A name for each rule of reading; tables are mixed in whole. */
static const char *const read_names[] = {
    "Abdul-Rahman al-Sayyed bin Salahuddin", "Habibullah Noor J.C. de la Garcia Fernandez",
    "OAO Zavod Nauchno-Issledovatelskiy Institut Fizicheskogo Priborostroeniya", "Xiao Qiu Hsu",
    "The 38th Research Institute, Forty-four Ltd. No. 007 B4nk", "Joint Stcok Comapny Tradign",
    "Schtscherbakow & Tchaikovsky Pty", "Владимир Ильич Ульянов-Щербаков", "Sеrgеy Lаvrоv",
    "محمد عبدالرحمن علیرضا حسین", "שמואל הכהן", "김정은 박철수 안세호", "北京科技有限公司",
    "欧阳修远", "张伟", "ミハイル きゃりー", "Γεώργιος Παπαδόπουλος", "გიორგი", "Ľuboš Ďaďo SS",
    "a b c", "An Se Ho", "Internationaler Maschinenbauversuchsanstaltsverband",
};

uint64_t plm_index_fingerprint(void) {
    address_rec a = {.entity = 0};
    uint64_t h = plm_name_mix(INDEX_VERSION, row_size, sizeof row_size);
    h = plm_lex_mix_tables(plm_fold_mix_tables(h));
    for (size_t i = 0; i < sizeof read_names / sizeof *read_names; i++)
        h = mix_name(h, plm_str_c(read_names[i]));
    plm_address_keys(PLM_STR("Rm 1318-19, 13/F, Hollywood Plaza, 610 Nathan Rd, Hong Kong"), &a);
    uint64_t keys[] = {a.street[0], a.street[1], a.building, (uint64_t)(uint32_t)a.floor,
                       (uint64_t)a.place_n << 32 | (uint32_t)a.unit_from, (uint32_t)a.unit_to};
    return plm_name_mix(h, keys, sizeof keys);
}

void plm_index_free(plm_index *x) {
    if (!x) return;
    if (x->mapped) munmap(x->block, x->size);
    else plm_mem_free(x->block);
    plm_mem_free(x);
}

bool plm_index_save(const plm_index *x, const char *edition, const char *path, plm_fault *f) {
    index_header h;
    memcpy(&h, x->block, sizeof h);
    memcpy(h.edition, edition, sizeof h.edition);
    memcpy(x->block, &h, sizeof h);
    return plm_file_write_durable(path, (plm_str){x->block, x->size}, 0644, f);
}

/* The file was written by this program for this edition; its tables are checked all the same. */
static bool sound_index(const plm_index *x, const plm_lists *l) {
    const uint32_t *n = x->n;
    uint32_t entities = l->first[l->n];
    bool ok = n[IX_UNIT_AT] == n[IX_UNITS] + 1 && n[IX_TRAITS] == n[IX_UNITS] &&
              n[IX_KEYS] == n[IX_UNITS] && n[IX_SOUNDS] == n[IX_UNITS] &&
               n[IX_JOIN_AT] == n[IX_JOINS] + 1 &&
              n[IX_NEAR_DIR] == (1u << INDEX_DIR_BITS) + 1 && n[IX_ENTITY_NAMES] == entities + 1 &&
              n[IX_JOIN_DIR] == (1u << INDEX_DIR_BITS) + 1;
    return ok && x->unit_at[n[IX_UNITS]] == n[IX_UNIT_NAMES] &&
           x->join_at[n[IX_JOINS]] == n[IX_JOIN_NAMES] &&
           x->near_dir[1u << INDEX_DIR_BITS] == n[IX_NEAR] &&
           x->join_dir[1u << INDEX_DIR_BITS] == n[IX_JOINS] &&
           x->entity_names[entities] == n[IX_NAMES];
}

plm_index *plm_index_open(const char *path, const plm_lists *lists) {
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat st;
    if (fd < 0) return NULL;
    index_header h;
    void *p = MAP_FAILED;
    if (fstat(fd, &st) == 0 && (size_t)st.st_size > sizeof h &&
        (size_t)st.st_size < INDEX_BYTES_MAX)
        p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    close(fd);
    if (p == MAP_FAILED) return NULL;
    memcpy(&h, p, sizeof h);
    plm_index *x = plm_mem_resize(NULL, sizeof *x);
    size_t size = padded(sizeof h);
    bool ok = x && memcmp(h.magic, INDEX_MAGIC, 8) == 0 && h.version == INDEX_VERSION &&
              h.fingerprint == plm_index_fingerprint() &&
              h.sections == IX_COUNT && h.size == (uint64_t)st.st_size &&
              memcmp(h.edition, lists->edition, sizeof h.edition) == 0;
    for (int i = 0; ok && i < IX_COUNT; i++) {
        size += padded((size_t)h.n[i] * row_size[i]);
        ok = h.row[i] == row_size[i];
    }
    ok = ok && size == h.size;
    if (ok) {
        *x = (plm_index){.block = p, .size = size, .mapped = true};
        memcpy(x->n, h.n, sizeof x->n);
        point(x);
        ok = sound_index(x, lists);
    }
    if (ok) return x;
    munmap(p, (size_t)st.st_size);
    plm_mem_free(x);
    return NULL;
}
