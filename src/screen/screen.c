/* screen.c: one query against all lists.
 * Invariants: 1 the index answers as the exhaustive comparison does, byte for byte
 * (docs/no-miss.md); 2 an answer depends on the query and the lists alone; 3 nothing hides a
 * name: type, country, birth date and numbers weigh.  Held by tests/unit/test_screen.c. */
#include "plimsoll/screen.h"

#include "screen/address.h"
#include "screen/score.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define JOIN_SIM 950         /* several words as one: hardly another letter */
#define RELATIONS_MAX 400000u
#define COUNTRY_GAIN 6       /* per cent of what is missing to 1.0 */
#define COUNTRY_LOSS 150
#define BIRTH_GAIN 10
#define BIRTH_LOSS_PERCENT 15
#define ID_LOSS_PERCENT 12
#define KIND_LOSS_PERCENT 4
#define WEAK_ALIAS_PERCENT 2
#define EXACT_SCORE 9950
#define STRONG_SCORE 8500
#define SURE_SCORE 5000      /* only a name that scores this gains by country or birth */
#define COMMON_SCORE 8100   /* few words, all common: nearly the same name or none */
#define COMMON_WEIGHT 1100  /* common words of this weight together say something */
#define BUILDING_SCORE 7600   /* a warning: above the default threshold */
#define ADDRESS_SCORE 8000
#define UNIT_SCORE 9600

struct plm_screen {
    const plm_lists *lists;
    plm_lists *own;
    plm_index *x;
};

typedef struct found {
    uint32_t entity, name;
    int score;
    bool by_id;
    uint32_t address;        /* address number + 1 that matched; 0: a name did */
    bool building;           /* only the building */
} found;

struct plm_screener {
    const plm_screen *s;
    uint32_t *unit_head, *join_head, *name_seen, *unit_seen;
    int32_t *best_score;     /* by entity; -1: none yet */
    uint32_t *best_name;
    uint32_t round, unit_round;
    relation *relations;
    uint32_t relation_n, relation_cap;
    uint32_t *touched;       /* units (or SPAN_JOIN | join) with relations */
    uint32_t touched_n, touched_cap;
    found *found;
    uint32_t found_n, found_cap;
    uint32_t *entities;      /* with a best score */
    uint32_t entity_n, entity_cap;
    name_parse q;
    plm_arena *arena;
    bool failed;
};

plm_screen_options plm_screen_defaults(void) {
    return (plm_screen_options){PLM_SCREEN_THRESHOLD, PLM_SCREEN_LIMIT, PLM_SCORING_OWN, false};
}

const char *plm_strength_name(plm_strength s) {
    return s == PLM_EXACT ? "exact" : s == PLM_STRONG ? "strong" : "weak";
}

const plm_lists *plm_screen_lists(const plm_screen *s) { return s->lists; }

plm_screen *plm_screen_of(const plm_lists *lists, plm_fault *f) {
    plm_screen *s = plm_mem_resize(NULL, sizeof *s);
    if (!s) return plm_fail(f, PLM_NO_MEMORY, "not enough memory"), NULL;
    *s = (plm_screen){.lists = lists, .x = plm_index_build(lists, f)};
    if (s->x) return s;
    plm_mem_free(s);
    return NULL;
}

static bool index_path(const char *dir, char *out, size_t n) {
    int k = snprintf(out, n, "%s/current/screen.idx", dir);
    return k > 0 && (size_t)k < n;
}

plm_screen *plm_screen_open(const char *dir, plm_fault *f) {
    char path[600];
    plm_lists *lists = plm_lists_open(dir, f);
    if (!lists) return NULL;
    plm_screen *s = plm_mem_resize(NULL, sizeof *s);
    if (!s) {
        plm_lists_free(lists);
        return plm_fail(f, PLM_NO_MEMORY, "not enough memory"), NULL;
    }
    *s = (plm_screen){.lists = lists, .own = lists};
    bool named = index_path(dir, path, sizeof path);
    s->x = named ? plm_index_open(path, lists) : NULL;
    if (!s->x) {
        s->x = plm_index_build(lists, f);
        if (s->x && named) (void)plm_index_save(s->x, lists->edition, path, NULL);
    }
    if (s->x) return s;
    plm_screen_free(s);
    return NULL;
}

bool plm_screen_index_write(const char *dir, plm_fault *f) {
    plm_screen *s = plm_screen_open(dir, f);
    plm_screen_free(s);
    return s != NULL;
}

void plm_screen_free(plm_screen *s) {
    if (!s) return;
    plm_index_free(s->x);
    plm_lists_free(s->own);
    plm_mem_free(s);
}

static uint32_t entity_total(const plm_screen *s) { return s->lists->first[s->lists->n]; }

plm_screener *plm_screener_new(const plm_screen *s, plm_fault *f) {
    plm_screener *q = plm_mem_resize(NULL, sizeof *q);
    if (!q) return plm_fail(f, PLM_NO_MEMORY, "not enough memory"), NULL;
    memset(q, 0, sizeof *q);
    q->s = s;
    q->arena = plm_arena_new((size_t)64 << 20);
    const uint32_t *n = s->x->n;
    size_t units = n[IX_UNITS] + 1, joins = n[IX_JOINS] + 1, names = n[IX_NAMES] + 1;
    size_t entities = (size_t)entity_total(s) + 1;
    q->unit_head = plm_mem_resize(NULL, units * 4);
    q->unit_seen = plm_mem_resize(NULL, units * 4);
    q->join_head = plm_mem_resize(NULL, joins * 4);
    q->name_seen = plm_mem_resize(NULL, names * 4);
    q->best_score = plm_mem_resize(NULL, entities * 4);
    q->best_name = plm_mem_resize(NULL, entities * 4);
    if (!q->arena || !q->unit_head || !q->unit_seen || !q->join_head || !q->name_seen ||
        !q->best_score || !q->best_name) {
        plm_screener_free(q);
        return plm_fail(f, PLM_NO_MEMORY, "not enough memory"), NULL;
    }
    memset(q->unit_head, 0, units * 4);
    memset(q->unit_seen, 0, units * 4);
    memset(q->join_head, 0, joins * 4);
    memset(q->name_seen, 0, names * 4);
    memset(q->best_score, 0xFF, entities * 4);
    return q;
}

void plm_screener_free(plm_screener *q) {
    if (!q) return;
    plm_arena_free(q->arena);
    plm_mem_free(q->unit_head);
    plm_mem_free(q->unit_seen);
    plm_mem_free(q->join_head);
    plm_mem_free(q->name_seen);
    plm_mem_free(q->best_score);
    plm_mem_free(q->best_name);
    plm_mem_free(q->relations);
    plm_mem_free(q->touched);
    plm_mem_free(q->found);
    plm_mem_free(q->entities);
    plm_mem_free(q);
}

/* Room for one more row in a growing array of q; NULL (and q->failed) without memory. */
static void *more(plm_screener *q, void **p, uint32_t *n, uint32_t *cap, size_t row) {
    if (*n == *cap) {
        uint32_t to = *cap ? *cap * 2 : 256;
        void *r = plm_mem_resize(*p, to * row);
        if (!r) {
            q->failed = true;
            return NULL;
        }
        *p = r;
        *cap = to;
    }
    return (char *)*p + (size_t)(*n)++ * row;
}

/* ---- relations ---- */

static void relate(plm_screener *q, uint32_t id, uint32_t span_no, int sim, const char *kind) {
    uint32_t *head = id & SPAN_JOIN ? &q->join_head[id & ~SPAN_JOIN] : &q->unit_head[id];
    if (q->relation_n >= RELATIONS_MAX) return;
    if (*head == 0) {
        uint32_t *t = more(q, (void **)&q->touched, &q->touched_n, &q->touched_cap, 4);
        if (!t) return;
        *t = id;
    }
    relation *r = more(q, (void **)&q->relations, &q->relation_n, &q->relation_cap, sizeof *r);
    if (!r) return;
    *r = (relation){(uint16_t)span_no, (uint16_t)sim, *head, kind};
    *head = q->relation_n;
}

/* A span of the query against a unit of the index: what both modes call. */
static void try_unit(plm_screener *q, uint32_t span_no, uint32_t u) {
    const unit *a = &q->q.spans[span_no].u, *b = &q->s->x->units[u];
    const char *kind;
    if (a->join == 2) { /* the query's acronym against a word */
        bool same = a->form_n == b->form_n && memcmp(a->form, b->form, a->form_n) == 0 &&
                    b->kind == TOKEN_PLAIN;
        if (same) relate(q, u, span_no, 850, "acronym");
        return;
    }
    int sim = plm_relate(a, b, &kind);
    if (a->join && sim) {
        if (a->form_n < 4 || sim < JOIN_SIM) sim = 0;
        sim = sim * 97 / 100;
        kind = "joined";
    }
    if (sim) relate(q, u, span_no, sim, kind);
}

/* The joins that a span can equal: its sounds as a join, its letters as an acronym. */
static uint32_t join_hashes(const span *s, uint64_t out[2]) {
    uint32_t n = 0;
    if (s->u.join == 2 || s->u.kind == TOKEN_NUMBER) return 0;
    if (s->u.form_n >= 4) out[n++] = plm_index_hash('j', s->u.phon, s->u.phon_n);
    if (!s->u.join && s->u.form_n >= 3 && s->u.kind == TOKEN_PLAIN)
        out[n++] = plm_index_hash('a', s->u.form, s->u.form_n);
    return n;
}

static void relate_join(plm_screener *q, uint32_t span_no, uint32_t join, bool acronym) {
    relate(q, SPAN_JOIN | join, span_no, acronym ? 850 : 960, acronym ? "acronym" : "joined");
}

static void relate_all(plm_screener *q) {
    const plm_index *x = q->s->x;
    for (uint32_t i = 0; i < q->q.span_n; i++) {
        uint64_t h[2];
        for (uint32_t u = 0; u < x->n[IX_UNITS]; u++) try_unit(q, i, u);
        uint32_t n = join_hashes(&q->q.spans[i], h);
        for (uint32_t j = 0; j < x->n[IX_JOINS]; j++)
            for (uint32_t k = 0; k < n; k++)
                if (x->joins[j] == h[k])
                    relate_join(q, i, j, k + 1 == n && (n == 2 || q->q.spans[i].u.form_n < 4));
    }
}

typedef struct near_look {
    plm_screener *q;
    uint32_t span_no;
} near_look;

static void look_near(void *ctx, uint64_t hash) {
    near_look *c = ctx;
    plm_screener *q = c->q;
    const plm_index *x = q->s->x;
    uint64_t top = hash & ~(uint64_t)0xFFFFFFFFu;
    uint32_t b = (uint32_t)(hash >> (64 - INDEX_DIR_BITS));
    uint32_t lo = x->near_dir[b], end = x->near_dir[b + 1];
    for (uint32_t hi = end; lo < hi;) {
        uint32_t mid = lo + (hi - lo) / 2;
        if (x->near[mid] < top) lo = mid + 1;
        else hi = mid;
    }
    for (; lo < end && (x->near[lo] ^ top) >> 32 == 0; lo++) {
        uint32_t u = (uint32_t)x->near[lo];
        if (q->unit_seen[u] == q->unit_round) continue;
        q->unit_seen[u] = q->unit_round;
        try_unit(q, c->span_no, u);
    }
}

static void relate_near(plm_screener *q) {
    const plm_index *x = q->s->x;
    for (uint32_t i = 0; i < q->q.span_n; i++) {
        near_look c = {q, i};
        uint64_t h[2];
        q->unit_round++;
        plm_near_keys(&q->q.spans[i].u, look_near, &c);
        uint32_t n = join_hashes(&q->q.spans[i], h);
        for (uint32_t k = 0; k < n; k++) {
            uint32_t b = (uint32_t)(h[k] >> (64 - INDEX_DIR_BITS));
            for (uint32_t j = x->join_dir[b]; j < x->join_dir[b + 1]; j++)
                if (x->joins[j] == h[k])
                    relate_join(q, i, j, k + 1 == n && (n == 2 || q->q.spans[i].u.form_n < 4));
        }
    }
}

/* ---- candidates ---- */

static plm_str name_text(const plm_screener *q, uint32_t name) {
    const plm_list *l;
    const name_rec *r = &q->s->x->names[name];
    plm_lists_entity(q->s->lists, r->entity, &l);
    return plm_list_text(l, l->names[r->row].text);
}

static bool same_text(plm_str a, plm_str b) {
    b = plm_str_trim(b);
    if (a.n != b.n) return false;
    for (size_t i = 0; i < a.n; i++)
        if (plm_lower(a.p[i]) != plm_lower(b.p[i])) return false;
    return true;
}

static void consider(plm_screener *q, const compare *c, uint32_t name, int threshold) {
    scored s;
    if (q->name_seen[name] == q->round) return;
    q->name_seen[name] = q->round;
    plm_score_name(c, name, &s);
    if (s.score == 0 || s.score < threshold) return;
    if (c->alone.n && !same_text(c->alone, name_text(q, name))) return;
    const name_rec *r = &c->x->names[name];
    int score = s.score;
    if (r->kind == PLM_NAME_WEAK) score -= score * WEAK_ALIAS_PERCENT / 100;
    int32_t *best = &q->best_score[r->entity];
    if (*best < 0) {
        uint32_t *e = more(q, (void **)&q->entities, &q->entity_n, &q->entity_cap, 4);
        if (!e) return;
        *e = r->entity;
        *best = score;
        q->best_name[r->entity] = name;
    } else if (score > *best || (score == *best && name < q->best_name[r->entity])) {
        *best = score;
        q->best_name[r->entity] = name;
    }
}

/* Postings of a query token: how many names its relations lead to. */
static void count_postings(const plm_screener *q, uint64_t *cost) {
    const plm_index *x = q->s->x;
    memset(cost, 0, NAME_TOKENS * sizeof *cost);
    for (uint32_t i = 0; i < q->touched_n; i++) {
        uint32_t id = q->touched[i];
        bool join = id & SPAN_JOIN;
        if (join) continue;
        uint64_t n = x->unit_at[id + 1] - x->unit_at[id];
        for (uint32_t r = q->unit_head[id]; r; r = q->relations[r - 1].next) {
            const span *s = &q->q.spans[q->relations[r - 1].span];
            for (uint32_t t = s->first; t < s->first + (uint32_t)s->count; t++) cost[t] += n;
        }
    }
}

static void move_weight(paired *p, const unit *u) {
    if (plm_score_is_light(u)) {
        p->light += u->weight;
        p->light_left -= u->weight;
    } else {
        p->heavy += u->weight;
        p->heavy_left -= u->weight;
    }
}

/* Tokens whose postings need not be followed: a name that has no other paired can't reach the
 * threshold, unless an initial of its own is paired with one of the others. */
static void skippable(const plm_screener *q, int threshold, bool skip[NAME_TOKENS]) {
    uint64_t cost[NAME_TOKENS];
    paired p = {0};
    memset(skip, 0, NAME_TOKENS);
    count_postings(q, cost);
    for (uint32_t i = 0; i < q->q.token_n; i++) {
        const unit *u = &q->q.tokens[i].u;
        if (u->kind == TOKEN_INITIAL || (u->form_n == 2 && u->phon_n == u->key_n))
            skip[i] = true; /* initials are paired without postings */
        *(plm_score_is_light(u) ? &p.light_left : &p.heavy_left) += u->weight;
    }
    for (uint32_t i = 0; i < q->q.token_n; i++)
        if (skip[i]) move_weight(&p, &q->q.tokens[i].u);
    if (plm_score_reachable(&p, threshold)) {
        memset(skip, 0, NAME_TOKENS);
        return;
    }
    for (;;) {
        uint32_t best = NAME_TOKENS;
        for (uint32_t i = 0; i < q->q.token_n; i++) {
            paired next = p;
            move_weight(&next, &q->q.tokens[i].u);
            if (skip[i] || plm_score_reachable(&next, threshold)) continue;
            if (best == NAME_TOKENS || cost[i] > cost[best]) best = i;
        }
        if (best == NAME_TOKENS) return;
        skip[best] = true;
        move_weight(&p, &q->q.tokens[best].u);
    }
}

static bool all_skipped(const plm_screener *q, uint32_t head, const bool *skip) {
    for (uint32_t r = head; r; r = q->relations[r - 1].next) {
        const span *s = &q->q.spans[q->relations[r - 1].span];
        for (uint32_t t = s->first; t < s->first + (uint32_t)s->count; t++)
            if (!skip[t]) return false;
    }
    return true;
}

static void gather(plm_screener *q, const compare *c, int threshold, bool exhaustive) {
    const plm_index *x = q->s->x;
    bool skip[NAME_TOKENS];
    q->round++;
    if (exhaustive) {
        for (uint32_t n = 0; n < x->n[IX_NAMES]; n++) consider(q, c, n, threshold);
        return;
    }
    skippable(q, threshold, skip);
    for (uint32_t i = 0; i < q->touched_n; i++) {
        uint32_t id = q->touched[i], j = id & ~SPAN_JOIN;
        bool join = id & SPAN_JOIN;
        bool initials = all_skipped(q, join ? q->join_head[j] : q->unit_head[j], skip);
        const uint32_t *at = join ? x->join_at : x->unit_at;
        const uint32_t *names = join ? x->join_names : x->unit_names;
        for (uint32_t k = at[j]; k < at[j + 1]; k++)
            if (!initials || (names[k] & 1)) consider(q, c, names[k] >> 1, threshold);
    }
}

/* ---- what weighs beside the name ---- */

static int with_country(const plm_query *w, const plm_list *l, const plm_entity *e, int score) {
    if (!w->country || (!e->country_n && !e->address_n)) return score;
    bool any = e->country_n > 0;
    for (uint32_t i = 0; i < e->country_n; i++)
        if (l->countries[e->country_at + i] == w->country)
            return score >= SURE_SCORE ? score + (PLM_SCORE_ONE - score) * COUNTRY_GAIN / 100
                                       : score;
    for (uint32_t i = 0; i < e->address_n; i++) {
        any = any || l->addresses[e->address_at + i].country;
        if (l->addresses[e->address_at + i].country == w->country)
            return score >= SURE_SCORE ? score + (PLM_SCORE_ONE - score) * COUNTRY_GAIN / 100
                                       : score;
    }
    return any && score > COUNTRY_LOSS ? score - COUNTRY_LOSS : score;
}

static int with_birth(const plm_query *w, const plm_list *l, const plm_entity *e, int score) {
    if (w->birth_from == PLM_DAY_MIN || !e->birth_n) return score;
    bool close = false;
    for (uint32_t i = 0; i < e->birth_n; i++) {
        const plm_list_birth *b = &l->births[e->birth_at + i];
        if (b->from <= w->birth_to && w->birth_from <= b->to)
            return score >= SURE_SCORE ? score + (PLM_SCORE_ONE - score) * BIRTH_GAIN / 100
                                       : score;
        close = close || (b->from - 400 <= w->birth_to && w->birth_from <= b->to + 400);
    }
    return close ? score : score - score * BIRTH_LOSS_PERCENT / 100;
}

static int with_kind(const plm_query *w, const plm_entity *e, int score) {
    uint32_t a = (uint32_t)w->kind, b = e->kind;
    if (!a || !b || a == b || a == PLM_ENTITY_ADDRESS || b == PLM_ENTITY_ADDRESS) return score;
    return score - score * KIND_LOSS_PERCENT / 100;
}

/* Least score of a name that what weighs beside it can lift to the threshold. */
static int name_threshold(const plm_query *w, int threshold) {
    int gain = 0;
    if (w->country) gain += COUNTRY_GAIN;
    if (w->birth_from != PLM_DAY_MIN) gain += BIRTH_GAIN;
    if (!gain || threshold >= PLM_SCORE_ONE) return threshold;
    int64_t t = ((int64_t)threshold * 100 - (int64_t)PLM_SCORE_ONE * gain) / (100 - gain) - 2;
    return t < 0 ? 0 : (int)t;
}

static bool same_id(const plm_screen *s, uint32_t entity, const plm_query *w, bool *differs) {
    const plm_list *l;
    const plm_entity *e = plm_lists_entity(s->lists, entity, &l);
    *differs = false;
    for (uint32_t i = 0; i < w->id_n; i++) {
        uint32_t group, other;
        uint64_t h = plm_index_id_hash(w->id_kind[i], w->id_value[i], &group);
        bool met = false;
        for (uint32_t j = 0; h && j < e->id_n; j++) {
            const plm_list_id *id = &l->ids[e->id_at + j];
            uint64_t k = plm_index_id_hash(plm_list_text(l, id->kind),
                                           plm_list_text(l, id->value), &other);
            if (k == h) return true;
            met = met || (k && other == group && group != 99);
        }
        *differs = *differs || met;
    }
    return false;
}

static found *add_found(plm_screener *q, const found *f) {
    found *at = more(q, (void **)&q->found, &q->found_n, &q->found_cap, sizeof *at);
    if (at) *at = *f;
    return at;
}

static void settle(plm_screener *q, const plm_query *w, int threshold) {
    for (uint32_t i = 0; i < q->entity_n; i++) {
        uint32_t entity = q->entities[i];
        const plm_list *l;
        const plm_entity *e = plm_lists_entity(q->s->lists, entity, &l);
        bool differs;
        found r = {.entity = entity, .name = q->best_name[entity],
                   .score = q->best_score[entity]};
        q->best_score[entity] = -1;
        r.score = with_kind(w, e, with_birth(w, l, e, with_country(w, l, e, r.score)));
        r.by_id = w->id_n && same_id(q->s, entity, w, &differs);
        if (r.by_id) r.score = PLM_SCORE_ONE;
        else if (w->id_n && differs) r.score -= r.score * ID_LOSS_PERCENT / 100;
        if (r.score >= threshold && r.score > 0) add_found(q, &r);
    }
    q->entity_n = 0;
}

static bool is_found(const plm_screener *q, uint32_t entity) {
    for (uint32_t i = 0; i < q->found_n; i++)
        if (q->found[i].entity == entity) return true;
    return false;
}

/* Entities whose number agrees, whatever their name. */
static void find_ids(plm_screener *q, const plm_query *w) {
    const plm_index *x = q->s->x;
    for (uint32_t i = 0; i < w->id_n; i++) {
        uint32_t group, lo = 0, hi = x->n[IX_IDS];
        uint64_t h = plm_index_id_hash(w->id_kind[i], w->id_value[i], &group);
        if (!h) continue;
        while (lo < hi) {
            uint32_t mid = lo + (hi - lo) / 2;
            if (x->ids[mid].hash < h) lo = mid + 1;
            else hi = mid;
        }
        for (; lo < x->n[IX_IDS] && x->ids[lo].hash == h; lo++) {
            found r = {.entity = x->ids[lo].entity, .score = PLM_SCORE_ONE, .by_id = true,
                       .name = x->entity_names[x->ids[lo].entity]};
            if (!is_found(q, r.entity)) add_found(q, &r);
        }
    }
}

static void add_address(plm_screener *q, uint32_t entity, uint32_t address, int score,
                        bool building) {
    found r = {.entity = entity, .score = score, .address = address, .building = building};
    for (uint32_t i = 0; i < q->found_n; i++)
        if (q->found[i].entity == entity) {
            if (q->found[i].score < score) q->found[i] = r;
            return;
        }
    add_found(q, &r);
}

/* Entities at the query's address: an entry that is an address fires on its unit and warns of its
 * building; any other entry only on the very same address. */
static void find_addresses(plm_screener *q, const plm_query *w, int threshold) {
    const plm_index *x = q->s->x;
    address_rec a = {0};
    if (!w->address.n || !plm_address_keys(w->address, &a)) return;
    for (uint32_t i = 0; i < x->n[IX_ADDRESSES]; i++) {
        const address_rec *l = &x->addresses[i];
        address_relation r = plm_address_relate(&a, l);
        if (r < ADDRESS_BUILDING) continue;
        const plm_entity *e = plm_lists_entity(q->s->lists, l->entity, NULL);
        bool only = (e->bits & PLM_ENTITY_ADDRESS_ONLY) || e->kind == PLM_ENTITY_ADDRESS;
        bool building = r == ADDRESS_BUILDING;
        int score = building ? BUILDING_SCORE : only ? UNIT_SCORE : ADDRESS_SCORE;
        if ((building && !only) || score < threshold) continue;
        add_address(q, l->entity, i + 1, score, building);
    }
}

static int best_first(const void *a, const void *b) {
    const found *x = a, *y = b;
    if (x->score != y->score) return x->score > y->score ? -1 : 1;
    return x->entity < y->entity ? -1 : x->entity > y->entity;
}

/* ---- the answer ---- */

static int explain_weight(uint32_t part, uint32_t whole) {
    return whole ? (int)((uint64_t)part * PLM_SCORE_ONE / whole) : 0;
}

static void one_line(plm_match *m, plm_str a, plm_str b, const char *kind, int weight) {
    if (m->explain_n < PLM_EXPLAIN_MAX)
        m->explain[m->explain_n++] = (plm_explain){a, b, kind, weight};
}

static plm_str slice(plm_str text, const name_parse *p, uint32_t first, uint32_t n) {
    if (n == 0) return (plm_str){text.p, 0};
    uint32_t at = p->tokens[first].at;
    const token *last = &p->tokens[first + n - 1];
    return (plm_str){text.p + at, (size_t)last->at + last->n - at};
}

static const char *rest_kind(const unit *u) {
    switch (u->kind) {
    case TOKEN_LEGAL: return "legal form, left over";
    case TOKEN_PARTICLE:
    case TOKEN_TITLE: return "particle, left over";
    case TOKEN_NUMBER: return "number, left over";
    default: return "left over";
    }
}

static void explain(plm_screener *q, const plm_query *w, uint32_t name, const scored *s,
                    plm_match *m) {
    static _Thread_local name_parse e;
    plm_str text = name_text(q, name), none = {text.p, 0};
    if (!plm_name_read(text, &e)) return;
    bool uq[NAME_TOKENS] = {false}, ue[NAME_TOKENS] = {false};
    for (uint32_t i = 0; i < s->n; i++) {
        const pairing *p = &s->pairs[i];
        uint32_t weight = 0;
        for (uint32_t t = p->qf; t < p->qf + (uint32_t)p->qn; t++) {
            weight += q->q.tokens[t].u.weight;
            uq[t] = true;
        }
        for (uint32_t t = p->ef; t < p->ef + (uint32_t)p->en; t++) ue[t] = true;
        one_line(m, slice(w->name, &q->q, p->qf, p->qn), slice(text, &e, p->ef, p->en), p->kind,
                 explain_weight(weight * p->sim / 1000, q->q.weight));
    }
    for (uint32_t t = 0; t < q->q.token_n; t++)
        if (!uq[t])
            one_line(m, slice(w->name, &q->q, t, 1), none, rest_kind(&q->q.tokens[t].u),
                     -explain_weight(q->q.tokens[t].u.weight, q->q.weight));
    for (uint32_t t = 0; t < e.token_n; t++)
        if (!ue[t])
            one_line(m, none, slice(text, &e, t, 1), rest_kind(&e.tokens[t].u),
                     -explain_weight(e.tokens[t].u.weight, e.weight));
}

static void flag(plm_screener *q, plm_match *m, plm_str s) {
    if (m->flag_n < PLM_FLAGS_MAX) m->flags[m->flag_n++] = plm_arena_copy(q->arena, s);
}

static void flags(plm_screener *q, const plm_list *l, const plm_entity *e, plm_match *m) {
    for (uint32_t i = 1; i < 10; i++)
        if (e->footnotes >> i & 1) {
            char fn[4] = {'f', 'n', (char)('0' + i), 0};
            flag(q, m, plm_str_c(fn));
        }
    if (e->bits & PLM_ENTITY_ADDRESS_ONLY) flag(q, m, PLM_STR("address_only"));
    plm_str t = plm_list_text(l, e->tags);
    while (t.n) {
        size_t n = 0;
        while (n < t.n && t.p[n] != ' ') n++;
        if (n) flag(q, m, (plm_str){t.p, n});
        t = (plm_str){t.p + n + (n < t.n), t.n - n - (n < t.n)};
    }
}

static void fill(plm_screener *q, const plm_query *w, const compare *c, const found *r,
                 plm_match *m) {
    const plm_list *l;
    const plm_entity *e = plm_lists_entity(q->s->lists, r->entity, &l);
    *m = (plm_match){.entity = r->entity, .score = r->score};
    m->explain = plm_arena_array(q->arena, PLM_EXPLAIN_MAX, sizeof *m->explain);
    if (!m->explain) {
        q->failed = true;
        return;
    }
    flags(q, l, e, m);
    m->strength = r->score >= STRONG_SCORE ? PLM_STRONG : PLM_WEAK;
    if (r->address) {
        const address_rec *a = &q->s->x->addresses[r->address - 1];
        m->matched = plm_list_text(l, l->addresses[a->row].text);
        one_line(m, w->address, m->matched, r->building ? "same building" : "same address",
                 PLM_SCORE_ONE);
        if (r->building) {
            flag(q, m, PLM_STR("same_building"));
            m->strength = PLM_WEAK;
        } else if (r->score >= UNIT_SCORE) {
            m->strength = PLM_EXACT;
        } else {
            flag(q, m, PLM_STR("same_address"));
            m->strength = PLM_WEAK;
        }
        return;
    }
    m->matched = name_text(q, r->name);
    scored s = {0};
    if (c) {
        plm_score_name(c, r->name, &s);
        explain(q, w, r->name, &s, m);
    }
    const name_rec *n = &q->s->x->names[r->name];
    if (r->by_id) {
        flag(q, m, PLM_STR("id_agrees"));
        m->strength = PLM_EXACT;
    } else if (s.whole && r->score >= EXACT_SCORE) {
        m->strength = PLM_EXACT;
    }
    if (n->kind == PLM_NAME_WEAK && !r->by_id) {
        flag(q, m, PLM_STR("weak_alias"));
        m->strength = PLM_WEAK;
    }
}

static const char *no_reason(const name_parse *p, uint32_t n) {
    if (n) return NULL;
    for (uint32_t i = 0; i < p->token_n; i++)
        if (p->tokens[i].u.kind == TOKEN_PLAIN || p->tokens[i].u.kind == TOKEN_NUMBER) return NULL;
    return p->token_n ? "only common words" : NULL;
}

static void clear(plm_screener *q) {
    for (uint32_t i = 0; i < q->touched_n; i++) {
        uint32_t id = q->touched[i];
        if (id & SPAN_JOIN) q->join_head[id & ~SPAN_JOIN] = 0;
        else q->unit_head[id] = 0;
    }
    q->touched_n = q->relation_n = q->found_n = 0;
}

static bool check_text(plm_str s, const char *what, plm_fault *f) {
    if (s.n > PLM_QUERY_NAME_MAX)
        return plm_fail(f, PLM_OUT_OF_RANGE, "%s of %zu bytes: at most %d are taken", what, s.n,
                        PLM_QUERY_NAME_MAX);
    for (size_t i = 0; i < s.n;)
        if (plm_utf8_next(s, &i) == UINT32_MAX)
            return plm_fail(f, PLM_BAD_INPUT, "%s that is not UTF-8 at byte %zu", what, i);
    return true;
}

static bool answer(plm_screener *q, const plm_query *w, const compare *c,
                   const plm_screen_options *o, plm_answer *out, plm_fault *f) {
    if (q->found_n) qsort(q->found, q->found_n, sizeof *q->found, best_first);
    out->n = q->found_n < o->limit ? q->found_n : o->limit;
    out->matches = plm_arena_array(q->arena, out->n ? out->n : 1, sizeof *out->matches);
    if (!out->matches) q->failed = true;
    for (uint32_t i = 0; i < out->n && !q->failed; i++)
        fill(q, w, c, &q->found[i], &out->matches[i]);
    out->mixed_script = q->q.mixed_script;
    return !q->failed || plm_fail(f, PLM_NO_MEMORY, "not enough memory");
}

static void find_ofac(plm_screener *q, const plm_query *w, int threshold) {
    const plm_index *x = q->s->x;
    for (uint32_t e = 0; e < entity_total(q->s); e++) {
        found r = {.entity = e};
        for (uint32_t n = x->entity_names[e]; n < x->entity_names[e + 1]; n++) {
            int s = plm_score_ofac(w->name, name_text(q, n));
            if (s > r.score) {
                r.score = s;
                r.name = n;
            }
        }
        if (r.score >= threshold && r.score > 0) add_found(q, &r);
    }
}

/* How many words of the query say something by themselves: 0 only common words, and at most one of
 * them that is more than a legal form (it alerts on a listed name that says no more, no other);
 * 1 only common words; 2 any other. */
static int distinct(const name_parse *p) {
    uint32_t n = 0;
    for (uint32_t i = 0; i < p->token_n; i++) {
        if (p->tokens[i].u.kind == TOKEN_PLAIN || p->tokens[i].u.kind == TOKEN_NUMBER ||
            p->tokens[i].u.kind == TOKEN_INITIAL)
            return 2;
        n += p->tokens[i].u.kind != TOKEN_LEGAL;
    }
    if (p->weight >= COMMON_WEIGHT) return 2;
    return n >= 2;
}

bool plm_screen_query(plm_screener *q, const plm_query *w, const plm_screen_options *o,
                      plm_answer *out, plm_fault *f) {
    *out = (plm_answer){0};
    plm_arena_reset(q->arena);
    clear(q);
    q->failed = false;
    if (!check_text(w->name, "a name", f) || !check_text(w->address, "an address", f)) return false;
    plm_name_read(w->name, &q->q);
    if (!q->q.token_n && !plm_str_trim(w->address).n && !w->id_n)
        return plm_fail(f, PLM_BAD_INPUT, "neither the name nor the address has a letter or digit");
    compare c = {q->s->x, &q->q, q->unit_head, q->join_head, NULL, (uint32_t)w->kind, {NULL, 0}};
    if (o->scoring == PLM_SCORING_OFAC) {
        find_ofac(q, w, o->threshold);
        return answer(q, w, NULL, o, out, f);
    }
    if (q->q.token_n) {
        if (o->exhaustive) relate_all(q);
        else relate_near(q);
        c.relations = q->relations;
        int words = distinct(&q->q), least = name_threshold(w, o->threshold);
        if (words == 1 && least < COMMON_SCORE) least = COMMON_SCORE;
        if (words == 0) { /* "OJSC United Company" and "Pasdaran" are listed names */
            least = PLM_SCORE_ONE;
            if (q->q.token_n == 1) c.alone = plm_str_trim(w->name);
        }
        if (words || q->q.token_n > 1 || q->q.tokens[0].u.kind != TOKEN_LEGAL) {
            gather(q, &c, least, o->exhaustive);
            settle(q, w, o->threshold);
        }
    }
    find_addresses(q, w, o->threshold);
    find_ids(q, w);
    if (!answer(q, w, &c, o, out, f)) return false;
    out->reason = no_reason(&q->q, out->n);
    return true;
}
