/* screen.c: one query against all lists.
 * Invariants: 1 the index answers as the exhaustive comparison does, byte for byte
 * (docs/no-miss.md); 2 an answer depends on the query and the lists alone; 3 nothing hides a
 * name: type, country, birth date and numbers weigh.  Held by tests/unit/test_screen.c. */
#include "plimsoll/screen.h"

#include "screen/address.h"
#include "screen/kin.h"
#include "screen/rows.h"
#include "screen/score.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RELATIONS_MAX 400000u
#define COUNTRY_LOSS 150
#define BIRTH_LOSS_PERCENT 15
#define ID_LOSS_PERCENT 12
#define KIND_LOSS_PERCENT 4
#define WEAK_ALIAS_PERCENT 2
#define EXACT_SCORE 9950
#define STRONG_SCORE 8500
#define SURE_SCORE 5000      /* only a name that scores this gains by country or birth */
#define BUILDING_SCORE 7600   /* a warning: above the default threshold */
#define ADDRESS_SCORE 8000
#define UNIT_SCORE 9600
#define SKIP_LEAST 625       /* likeness that postings are skipped by: the least and the steps */
#define SKIP_STEP 25
#define AHEAD_NAME 12        /* names that are fetched before they are scored */
#define AHEAD_SPANS 6
#define AHEAD_HEAD 8

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
    plm_kins *kins;
    uint8_t reach_seen[REACH_SEEN];
    score_most *reach_most;
    uint32_t *unit_head, *join_head;
    uint64_t *unit_met, *join_met; /* a bit each: has a relation */
    uint64_t *name_met;      /* a bit each: is in names */
    uint32_t *names;         /* to be scored; addresses to be compared */
    uint32_t names_n, names_cap;
    int32_t *best_score;     /* by entity; -1: none yet */
    uint32_t *best_name;
    relation *relations;
    uint32_t relation_n, relation_cap;
    kin *touched;            /* the first of each unit (or SPAN_JOIN | join) with relations */
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

const plm_index *plm_screen_index(const plm_screen *s) { return s->x; }

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

static void *zeros(size_t n, bool *ok) {
    void *p = plm_mem_resize(NULL, n);
    if (p) memset(p, 0, n);
    else *ok = false;
    return p;
}

plm_screener *plm_screener_new(const plm_screen *s, plm_fault *f) {
    plm_screener *q = plm_mem_resize(NULL, sizeof *q);
    if (!q) return plm_fail(f, PLM_NO_MEMORY, "not enough memory"), NULL;
    memset(q, 0, sizeof *q);
    q->s = s;
    q->arena = plm_arena_new((size_t)64 << 20);
    const uint32_t *n = s->x->n;
    size_t units = n[IX_UNITS] + 1, joins = n[IX_JOINS] + 1, names = n[IX_NAMES] + 1;
    size_t entities = (size_t)entity_total(s) + 1;
    bool ok = true;
    q->kins = plm_kins_new(s->x);
    q->unit_head = zeros(units * 4, &ok);
    q->join_head = zeros(joins * 4, &ok);
    q->unit_met = zeros(units / 64 * 8 + 8, &ok);
    q->join_met = zeros(joins / 64 * 8 + 8, &ok);
    q->name_met = zeros(names / 64 * 8 + 8, &ok);
    q->best_score = zeros(entities * 4, &ok);
    q->best_name = zeros(entities * 4, &ok);
    q->reach_most = plm_mem_resize(NULL, REACH_SEEN * sizeof *q->reach_most);
    if (!q->arena || !q->kins || !q->reach_most || !ok) {
        plm_screener_free(q);
        return plm_fail(f, PLM_NO_MEMORY, "not enough memory"), NULL;
    }
    memset(q->best_score, 0xFF, entities * 4);
    return q;
}

void plm_screener_free(plm_screener *q) {
    if (!q) return;
    plm_arena_free(q->arena);
    plm_kins_free(q->kins);
    plm_mem_free(q->unit_head);
    plm_mem_free(q->join_head);
    plm_mem_free(q->unit_met);
    plm_mem_free(q->join_met);
    plm_mem_free(q->name_met);
    plm_mem_free(q->names);
    plm_mem_free(q->best_score);
    plm_mem_free(q->best_name);
    plm_mem_free(q->reach_most);
    plm_mem_free(q->relations);
    plm_mem_free(q->touched);
    plm_mem_free(q->found);
    plm_mem_free(q->entities);
    plm_mem_free(q);
}

/* Room for one more row in a growing array of q; NULL (and q->failed) without memory. */
static void *more(plm_screener *q, void **p, uint32_t *n, uint32_t *cap, size_t row) {
    void *at = plm_rows_more(p, n, cap, row);
    q->failed = q->failed || !at;
    return at;
}

static void set_bit(uint64_t *p, uint32_t i) { p[i >> 6] |= (uint64_t)1 << (i & 63); }
static bool has_bit(const uint64_t *p, uint32_t i) { return p[i >> 6] >> (i & 63) & 1; }

/* ---- relations ---- */

static uint32_t *head_of(const plm_screener *q, uint32_t id) {
    return id & SPAN_JOIN ? &q->join_head[id & ~SPAN_JOIN] : &q->unit_head[id];
}

static void relate(plm_screener *q, const kin *k, uint32_t span_no) {
    uint32_t id = k->id;
    uint32_t *head = head_of(q, id);
    if (q->relation_n >= RELATIONS_MAX) return;
    if (*head == 0) {
        kin *t = more(q, (void **)&q->touched, &q->touched_n, &q->touched_cap, sizeof *t);
        if (!t) return;
        *t = *k;
        set_bit(id & SPAN_JOIN ? q->join_met : q->unit_met, id & ~SPAN_JOIN);
    }
    relation *r = more(q, (void **)&q->relations, &q->relation_n, &q->relation_cap, sizeof *r);
    if (!r) return;
    const span *s = &q->q.spans[span_no];
    *r = (relation){k->sim, (uint8_t)span_no, (uint8_t)k->why, *head,
                    (((uint64_t)1 << s->count) - 1) << s->first};
    if (*head) r->tokens |= q->relations[*head - 1].tokens;
    *head = q->relation_n;
}

static void relate_spans(plm_screener *q, bool exhaustive) {
    for (uint32_t i = 0; i < q->q.span_n; i++) {
        uint32_t n;
        const kin *k = plm_kins_find(q->kins, &q->q.spans[i].u, exhaustive, &n);
        if (!k) q->failed = true;
        for (uint32_t j = 0; k && j < n; j++) {
            uint32_t far = k[j + AHEAD_HEAD < n ? j + AHEAD_HEAD : j].id;
            __builtin_prefetch(head_of(q, far), 1);
            relate(q, &k[j], i);
        }
    }
}

/* ---- candidates ---- */

static plm_str name_text(const plm_screener *q, uint32_t name) {
    const plm_list *l;
    const name_rec *r = &q->s->x->names[name];
    plm_lists_entity(q->s->lists, r->entity, &l);
    static _Thread_local name_parse p;
    plm_str text = plm_list_text(l, l->names[r->row].text);
    if (r->flags & NAME_OUTSIDE) return plm_name_outside(text);
    if (!(r->flags & NAME_ACRONYM) || !plm_name_read(text, &p)) return text;
    return plm_name_acronym(text, &p);
}

static void consider(plm_screener *q, const compare *c, uint32_t name, int threshold) {
    scored s;
    plm_score_name(c, name, &s);
    if (s.score == 0 || s.score < threshold) return;
    if (c->alone.n && !plm_str_eq_fold(c->alone, plm_str_trim(name_text(q, name)))) return;
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

/* What is not followed: relations of a token as like as skip[token] or less. */
typedef struct skips {
    const plm_screener *q;
    const compare *c;
    uint16_t sim[NAME_TOKENS];
    uint64_t cost[NAME_TOKENS]; /* postings that a token's relations lead to */
} skips;

static void count_postings(skips *k) {
    const plm_screener *q = k->q;
    memset(k->cost, 0, sizeof k->cost);
    for (uint32_t i = 0; i < q->touched_n; i++) {
        uint32_t id = q->touched[i].id, n = q->touched[i].n;
        if (id & SPAN_JOIN) continue;
        for (uint32_t r = q->unit_head[id]; r; r = q->relations[r - 1].next) {
            const span *s = &q->q.spans[q->relations[r - 1].span];
            for (uint32_t t = s->first; t < s->first + (uint32_t)s->count; t++) k->cost[t] += n;
        }
    }
}

/* Skips token t up to sim where no name can then reach the threshold by skipped relations alone. */
static bool try_skip(skips *k, uint32_t t, uint16_t sim) {
    uint16_t was = k->sim[t];
    k->sim[t] = sim;
    if (!plm_score_reachable(&k->c->r, k->sim, false)) return true;
    k->sim[t] = was;
    return false;
}

/* Relations whose postings need not be followed: a name that has no other can't reach the
 * threshold, unless an initial of its own is paired with one of the others. */
static void skippable(skips *k) {
    const name_parse *p = &k->q->q;
    uint32_t order[NAME_TOKENS], n = 0;
    memset(k->sim, 0, sizeof k->sim);
    for (uint32_t i = 0; i < p->token_n; i++)
        if (plm_score_stands_for_more(&p->tokens[i].u)) k->sim[i] = 1000;
    if (plm_score_reachable(&k->c->r, k->sim, false)) {
        memset(k->sim, 0, sizeof k->sim);
        return;
    }
    count_postings(k);
    for (uint32_t i = 0; i < p->token_n; i++) { /* dearest first */
        uint32_t j = n++;
        for (; j > 0 && k->cost[i] > k->cost[order[j - 1]]; j--) order[j] = order[j - 1];
        order[j] = i;
    }
    for (uint32_t i = 0; i < n; i++)
        if (k->sim[order[i]] == 0) try_skip(k, order[i], 1000);
    for (uint32_t i = 0; i < n; i++)
        for (uint16_t sim = 975; k->sim[order[i]] == 0 && sim >= SKIP_LEAST; sim -= SKIP_STEP)
            try_skip(k, order[i], sim);
}

static bool all_skipped(const skips *k, uint32_t head) {
    const plm_screener *q = k->q;
    for (uint32_t r = head; r; r = q->relations[r - 1].next) {
        const relation *x = &q->relations[r - 1];
        const span *s = &q->q.spans[x->span];
        for (uint32_t t = s->first; t < s->first + (uint32_t)s->count; t++)
            if (x->sim > k->sim[t]) return false;
    }
    return true;
}

static void add_name(plm_screener *q, uint32_t name) {
    if (has_bit(q->name_met, name)) return;
    uint32_t *to = more(q, (void **)&q->names, &q->names_n, &q->names_cap, 4);
    if (!to) return;
    *to = name;
    set_bit(q->name_met, name);
}

/* Names lie far apart: what comes next is fetched while one is scored. */
static void score_names(plm_screener *q, const compare *c, int threshold) {
    const plm_index *x = c->x;
    uint32_t n = q->names_n, last = n ? n - 1 : 0;
    for (uint32_t i = 0; i < n; i++) {
        uint32_t far = q->names[i + AHEAD_NAME < n ? i + AHEAD_NAME : last];
        const name_rec *near = &x->names[q->names[i + AHEAD_SPANS < n ? i + AHEAD_SPANS : last]];
        __builtin_prefetch(&x->names[far]);
        __builtin_prefetch(&x->spans[near->span_at]);
        __builtin_prefetch((const char *)&x->spans[near->span_at] + 64);
        consider(q, c, q->names[i], threshold);
        q->name_met[q->names[i] >> 6] = 0;
    }
    q->names_n = 0;
}

static void gather(plm_screener *q, const compare *c, int threshold, bool exhaustive) {
    const plm_index *x = q->s->x;
    skips k = {.q = q, .c = c};
    if (exhaustive) {
        for (uint32_t n = 0; n < x->n[IX_NAMES]; n++) consider(q, c, n, threshold);
        return;
    }
    skippable(&k);
    bool initials = plm_score_reachable(&c->r, k.sim, true);
    for (uint32_t i = 0; i < q->touched_n; i++) {
        kin *t = &q->touched[i];
        t->why = (uint16_t)all_skipped(&k, *head_of(q, t->id));
        if (t->why && !initials) t->n = 0;
        else __builtin_prefetch((t->id & SPAN_JOIN ? x->join_names : x->unit_names) + t->at);
    }
    for (uint32_t i = 0; i < q->touched_n; i++) {
        const kin *t = &q->touched[i];
        const uint32_t *names = (t->id & SPAN_JOIN ? x->join_names : x->unit_names) + t->at;
        for (uint32_t n = 0; n < t->n && (!t->why || !(names[n] & POST_PLAIN)); n++)
            add_name(q, names[n] & ~POST_PLAIN);
    }
    score_names(q, c, threshold);
}

/* ---- what weighs beside the name ---- */

static int with_country(const plm_query *w, const plm_list *l, const plm_entity *e, int score) {
    if (!w->country || (!e->country_n && !e->address_n)) return score;
    bool any = e->country_n > 0;
    for (uint32_t i = 0; i < e->country_n; i++)
        if (l->countries[e->country_at + i] == w->country)
            return score >= SURE_SCORE ? score + (PLM_SCORE_ONE - score) * SCORE_COUNTRY_GAIN / 100
                                       : score;
    for (uint32_t i = 0; i < e->address_n; i++) {
        any = any || l->addresses[e->address_at + i].country;
        if (l->addresses[e->address_at + i].country == w->country)
            return score >= SURE_SCORE ? score + (PLM_SCORE_ONE - score) * SCORE_COUNTRY_GAIN / 100
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
            return score >= SURE_SCORE ? score + (PLM_SCORE_ONE - score) * SCORE_BIRTH_GAIN / 100
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

static void try_address(plm_screener *q, const address_rec *a, uint32_t i, int threshold) {
    const address_rec *l = &q->s->x->addresses[i];
    address_relation r = plm_address_relate(a, l);
    if (r < ADDRESS_BUILDING) return;
    const plm_entity *e = plm_lists_entity(q->s->lists, l->entity, NULL);
    bool only = (e->bits & PLM_ENTITY_ADDRESS_ONLY) || e->kind == PLM_ENTITY_ADDRESS;
    bool building = r == ADDRESS_BUILDING;
    int score = building ? BUILDING_SCORE : only ? UNIT_SCORE : ADDRESS_SCORE;
    if ((building && !only) || score < threshold) return;
    add_address(q, l->entity, i + 1, score, building);
}

static int by_number(const void *a, const void *b) {
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return x < y ? -1 : x > y;
}

/* Listed addresses that share a street with its number, or a building: q->names. */
static void find_places(plm_screener *q, const address_rec *a) {
    const plm_index *x = q->s->x;
    const uint64_t h[] = {a->street[0], a->street[1], a->building};
    for (int k = 0; k < 3; k++) {
        uint64_t top = h[k] & ~(uint64_t)0xFFFFFFFFu;
        uint32_t lo = 0, hi = h[k] ? x->n[IX_PLACES] : 0;
        while (lo < hi) {
            uint32_t mid = lo + (hi - lo) / 2;
            if (x->places[mid] < top) lo = mid + 1;
            else hi = mid;
        }
        for (; h[k] && lo < x->n[IX_PLACES] && (x->places[lo] ^ top) >> 32 == 0; lo++) {
            uint32_t *to = more(q, (void **)&q->names, &q->names_n, &q->names_cap, 4);
            if (!to) return;
            *to = (uint32_t)x->places[lo];
        }
    }
    if (q->names_n) qsort(q->names, q->names_n, sizeof *q->names, by_number);
}

/* Entities at the query's address: an entry that is an address fires on its unit and warns of its
 * building; any other entry only on the very same address. */
static void find_addresses(plm_screener *q, const plm_query *w, int threshold, bool exhaustive) {
    address_rec a = {0};
    if (!w->address.n || !plm_address_keys(w->address, &a)) return;
    for (uint32_t i = 0; exhaustive && i < q->s->x->n[IX_ADDRESSES]; i++)
        try_address(q, &a, i, threshold);
    if (exhaustive) return;
    find_places(q, &a);
    for (uint32_t i = 0; i < q->names_n; i++)
        if (i == 0 || q->names[i] != q->names[i - 1]) try_address(q, &a, q->names[i], threshold);
    q->names_n = 0;
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
        one_line(m, slice(w->name, &q->q, p->qf, p->qn), slice(text, &e, p->ef, p->en),
                 plm_why_name((why_kind)p->why),
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
        uint32_t id = q->touched[i].id;
        *head_of(q, id) = 0;
        (id & SPAN_JOIN ? q->join_met : q->unit_met)[(id & ~SPAN_JOIN) >> 6] = 0;
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
    compare c;
    c.x = q->s->x;
    c.q = &q->q;
    c.unit_head = q->unit_head;
    c.join_head = q->join_head;
    c.unit_met = q->unit_met;
    c.join_met = q->join_met;
    c.relations = NULL;
    c.reach_seen = q->reach_seen;
    c.reach_most = q->reach_most;
    c.r.kind = (uint32_t)w->kind;
    c.r.least = 0;
    c.alone = (plm_str){NULL, 0};
    if (o->scoring == PLM_SCORING_OFAC) {
        find_ofac(q, w, o->threshold);
        return answer(q, w, NULL, o, out, f);
    }
    if (q->q.token_n) {
        relate_spans(q, o->exhaustive);
        c.relations = q->relations;
        int words = plm_score_words(&q->q);
        int least = plm_score_name_least(w->country, w->birth_from != PLM_DAY_MIN, words,
                                         o->threshold);
        if (words == 0 && q->q.token_n == 1) c.alone = plm_str_trim(w->name);
        plm_score_prepare(&c, q->relation_n, o->exhaustive ? 0 : least);
        if (words || q->q.token_n > 1 || q->q.tokens[0].u.kind != TOKEN_LEGAL) {
            gather(q, &c, least, o->exhaustive);
            settle(q, w, o->threshold);
        }
        c.r.least = 0; /* what a number or an address found is shown whatever it scores */
    }
    find_addresses(q, w, o->threshold, o->exhaustive);
    find_ids(q, w);
    if (!answer(q, w, &c, o, out, f)) return false;
    out->reason = no_reason(&q->q, out->n);
    return true;
}
