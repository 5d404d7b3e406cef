/* portfolio.c: whom a change of the lists may concern, from what is kept of a portfolio.
 * Invariants: 1 who is spared matches no entity of either side (docs/no-miss.md, section 7); 2 a
 * file that is cut, altered, or of another program or head is not used; 3 a line that isn't known
 * is asked.  Held by tests/unit/test_portfolio.c. */
#include "screen/portfolio.h"

#include "screen/score.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_BYTES_MAX ((size_t)64 << 30)
/* Changed names are told apart by group, in the order of what they weigh: those with an initial in
 * the groups from WITH_INITIAL. */
#define GROUPS 256u
#define GROUP_WORDS (GROUPS / 64)
#define WITH_INITIAL 192u
#define CHANGED_UNITS_MAX 100000u /* past this a change is a new list: all are asked */
#define MARKS_WANTED_MAX 32000000u
#define FORM_LETTERS "abcdefghijklmnopqrstuvwxyz0123456789"
#define PHON_LETTERS "abcdefghijklmnopqrstuvwxyzSCJH0123456789"
#define KEY_LETTERS "cfhjklmnpqrstwxySCH0123456789"
#define PATTERN_TOKENS 8
#define AHEAD_LINES 4

/* What a token of the portfolio is related to among changed names; or one listed token or join, for
 * the marks that it has. */
typedef struct touched {
    uint16_t sim;            /* the largest */
    uint32_t covers;         /* of a changed name, at most (plm_score_left) */
    uint64_t groups[GROUP_WORDS];
} touched;

/* A token of the portfolio, and what may be related to it: a unit or, with SPAN_JOIN, a join of
 * one side. */
typedef struct meeting {
    uint32_t token, id;
    uint16_t side, sim;      /* sim: of a join; 0: to be found */
} meeting;

/* A hash that a changed entity has, and the number of what it finds in touched; 0: the entity. */
typedef struct wanted {
    uint32_t hash, touched;
} wanted;

/* One side of the change. */
typedef struct changed {
    const plm_index *x;      /* NULL: nothing */
    uint16_t *group;         /* by name */
    uint32_t *unit_covers, *join_covers; /* of a name, at most */
} changed;

typedef struct weighed {
    uint32_t weight;         /* plm_score_left of all its tokens */
    uint32_t name;
    uint8_t side, initial;
} weighed;

struct plm_portfolio {
    char *map;
    size_t size;
    unsigned char key[PORTFOLIO_KEY];
    uint32_t n[PF_COUNT];
    const line_hash *lines;
    const customer *customers;
    const part *parts;
    const mark *marks;
    const unit *units;
    const uint64_t *near;
    const uint32_t *near_dir;
    uint32_t next, strange;
    uint32_t *by_hash, slot_n; /* lines by hash, when they are out of order */
    bool ready, apart;       /* apart: some changed token is plm_near_is_apart */
    int least[4][3];         /* by flags >> 1 and words */
    uint32_t *slot;          /* by unit: number in touched + 1; 0: not touched */
    changed side[2];
    uint32_t lightest[GROUPS]; /* names of the group weigh at least so */
    touched *touched;
    meeting *meetings;
    wanted *wanted;          /* ascending */
    uint64_t *sieve;         /* a bit for each, by its hash's upper bits */
    uint32_t sieve_shift;
    size_t touched_n, touched_cap, meeting_n, meeting_cap, wanted_n, wanted_cap;
    bool failed;
};

/* ---- the file ---- */

static void point(plm_portfolio *p) {
    const void *at[PF_COUNT];
    char *s = p->map + portfolio_padded(sizeof(portfolio_header));
    for (int i = 0; i < PF_COUNT; i++) {
        at[i] = s;
        s += portfolio_padded((size_t)p->n[i] * plm_portfolio_rows[i]);
    }
    p->lines = at[PF_LINES];
    p->customers = at[PF_CUSTOMERS];
    p->parts = at[PF_PARTS];
    p->marks = at[PF_MARKS];
    p->units = at[PF_UNITS];
    p->near = at[PF_NEAR];
    p->near_dir = at[PF_NEAR_DIR];
}

static bool sound(const portfolio_header *h, const char *map, size_t size, plm_str head) {
    if (memcmp(h->magic, PORTFOLIO_MAGIC, sizeof h->magic) != 0 ||
        h->version != PORTFOLIO_VERSION || h->sections != PF_COUNT || h->size != size ||
        h->fingerprint != plm_index_fingerprint())
        return false;
    size_t from = portfolio_padded(sizeof *h), to = from;
    for (int i = 0; i < PF_COUNT; i++) {
        if (h->row[i] != plm_portfolio_rows[i]) return false;
        to += portfolio_padded((size_t)h->n[i] * h->row[i]);
    }
    if (to != size || h->n[PF_LINES] != h->n[PF_CUSTOMERS] ||
        h->n[PF_NEAR_DIR] != (1u << PORTFOLIO_DIR_BITS) + 1)
        return false;
    line_hash same = plm_portfolio_hash(h->key, head);
    return memcmp(&same, &h->head, sizeof same) == 0 &&
           plm_portfolio_check(map + from, size - from) == h->check;
}

plm_portfolio *plm_portfolio_open(const char *path, plm_str head) {
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    struct stat st;
    portfolio_header h;
    void *map = MAP_FAILED;
    if (fd < 0) return NULL;
    if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && (size_t)st.st_size > sizeof h &&
        (size_t)st.st_size < FILE_BYTES_MAX)
        map = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE | MAP_POPULATE, fd, 0);
    close(fd);
    if (map == MAP_FAILED) return NULL;
    memcpy(&h, map, sizeof h);
    plm_portfolio *p = plm_mem_resize(NULL, sizeof *p);
    if (!p || !sound(&h, map, (size_t)st.st_size, head)) {
        munmap(map, (size_t)st.st_size);
        plm_mem_free(p);
        return NULL;
    }
    memset(p, 0, sizeof *p);
    p->map = map;
    p->size = (size_t)st.st_size;
    memcpy(p->key, h.key, sizeof p->key);
    memcpy(p->n, h.n, sizeof p->n);
    point(p);
    return p;
}

void plm_portfolio_free(plm_portfolio *p) {
    if (!p) return;
    munmap(p->map, p->size);
    for (int i = 0; i < 2; i++) {
        plm_mem_free(p->side[i].group);
        plm_mem_free(p->side[i].unit_covers);
        plm_mem_free(p->side[i].join_covers);
    }
    plm_mem_free(p->by_hash);
    plm_mem_free(p->slot);
    plm_mem_free(p->touched);
    plm_mem_free(p->meetings);
    plm_mem_free(p->wanted);
    plm_mem_free(p->sieve);
    plm_mem_free(p);
}

uint32_t plm_portfolio_kept(const plm_portfolio *p) { return p->n[PF_LINES]; }
uint32_t plm_portfolio_strange(const plm_portfolio *p) { return p->strange; }

/* ---- what changed entities can be met by ---- */

static void *more(plm_portfolio *p, void **v, size_t *n, size_t *cap, size_t row) {
    if (*n == *cap) {
        size_t to = *cap ? *cap * 2 : 1024;
        void *r = plm_mem_resize(*v, to * row);
        if (!r) return p->failed = true, NULL;
        *v = r;
        *cap = to;
    }
    return (char *)*v + (*n)++ * row;
}

static void want(plm_portfolio *p, uint32_t hash, uint32_t finds) {
    wanted *x = more(p, (void **)&p->wanted, &p->wanted_n, &p->wanted_cap, sizeof *x);
    if (x) *x = (wanted){hash, finds};
}

/* All that s becomes by one letter replaced, added, left out, or swapped with its neighbour. */
static void want_edits(plm_portfolio *p, uint32_t finds, char tag, const char *s, size_t n,
                       const char *letters) {
    char t[NAME_FORM + 2];
    for (size_t i = 0; i <= n; i++) {
        memcpy(t, s, i);
        if (i < n) memcpy(t + i, s + i + 1, n - i - 1);
        if (i < n) want(p, mark_of(plm_index_hash(tag, t, n - 1)), finds);
        for (const char *c = letters; *c; c++) {
            t[i] = *c;
            if (i < n) memcpy(t + i + 1, s + i + 1, n - i - 1);
            if (i < n) want(p, mark_of(plm_index_hash(tag, t, n)), finds);
            memcpy(t + i + 1, s + i, n - i);
            want(p, mark_of(plm_index_hash(tag, t, n + 1)), finds);
        }
        if (i + 1 >= n) continue;
        memcpy(t, s, n);
        t[i] = s[i + 1];
        t[i + 1] = s[i];
        want(p, mark_of(plm_index_hash(tag, t, n)), finds);
    }
}

typedef struct unit_asker {
    plm_portfolio *p;
    uint32_t id, finds;
    uint16_t side;
} unit_asker;

/* The portfolio's tokens that have this near-table key. */
static void meet(plm_portfolio *p, uint64_t hash, uint32_t id, uint16_t side, uint16_t sim) {
    uint64_t key = hash & ~(uint64_t)0xFFFFFFFFu;
    uint32_t b = (uint32_t)(hash >> (64 - PORTFOLIO_DIR_BITS));
    uint32_t i = p->near_dir[b], end = p->near_dir[b + 1];
    while (i < end && p->near[i] < key) i++;
    for (; i < end && (p->near[i] ^ key) >> 32 == 0; i++) {
        meeting *m = more(p, (void **)&p->meetings, &p->meeting_n, &p->meeting_cap, sizeof *m);
        if (!m) return;
        *m = (meeting){(uint32_t)p->near[i], id, side, sim};
    }
}

static void ask_key(void *ctx, char tag, uint64_t hash) {
    const unit_asker *a = ctx;
    (void)tag;
    want(a->p, mark_of(hash), a->finds);
    meet(a->p, hash, a->id, a->side, 0);
}

static void join_groups(touched *t, const changed *s, uint32_t id) {
    bool join = id & SPAN_JOIN;
    uint32_t i = id & ~SPAN_JOIN, covers = join ? s->join_covers[i] : s->unit_covers[i];
    const uint32_t *at = join ? s->x->join_at : s->x->unit_at;
    const uint32_t *names = join ? s->x->join_names : s->x->unit_names;
    if (covers > t->covers) t->covers = covers;
    for (uint32_t k = at[i]; k < at[i + 1]; k++) {
        uint32_t g = s->group[names[k] & ~POST_PLAIN];
        t->groups[g >> 6] |= (uint64_t)1 << (g & 63);
    }
}

static touched *add_touched(plm_portfolio *p) {
    touched *t = more(p, (void **)&p->touched, &p->touched_n, &p->touched_cap, sizeof *t);
    if (t) memset(t, 0, sizeof *t);
    return t;
}

/* A listed token or join as what a mark finds; its number. */
static uint32_t add_found(plm_portfolio *p, uint16_t side, uint32_t id, uint16_t sim) {
    touched *t = add_touched(p);
    if (!t) return 0;
    t->sim = sim;
    join_groups(t, &p->side[side], id);
    return (uint32_t)p->touched_n;
}

/* What joins of a portfolio, of few letters and sounds or of many, are related to u by. */
static void want_joins(plm_portfolio *p, const unit *u, uint32_t finds, char form, char key) {
    char second[NAME_KEY + 1];
    size_t n = plm_unit_second_key(u, second);
    want(p, mark_of(plm_index_hash(form, u->form, u->form_n)), finds);
    want(p, mark_of(plm_index_hash(key, u->key, u->key_n)), finds);
    want(p, mark_of(plm_index_hash(key, second, n)), finds);
    want_edits(p, finds, form, u->form, u->form_n, FORM_LETTERS);
    if (u->key_n >= 4) want_edits(p, finds, key, u->key, u->key_n, KEY_LETTERS);
    if (n >= 4) want_edits(p, finds, key, second, n, KEY_LETTERS);
}

static void ask_unit(plm_portfolio *p, const unit *u, uint32_t id, uint16_t side) {
    unit_asker a = {p, id, add_found(p, side, id, 1000), side};
    bool apart = plm_near_is_apart(u);
    plm_near_keys(u, ask_key, &a);
    want(p, mark_of(plm_index_hash(MARK_ACRONYM, u->form, u->form_n)), a.finds);
    want(p, mark_of(plm_index_hash('j', u->phon, u->phon_n)), a.finds);
    if (u->kind == TOKEN_NUMBER || u->form_n < 2) return;
    p->apart = p->apart || apart;
    if (apart) want_joins(p, u, a.finds, MARK_SHORT_FORM, MARK_SHORT_KEY);
    if (apart || u->form_n >= JOIN_LONG_FORM || u->phon_n >= JOIN_LONG_PHON - 1)
        want_joins(p, u, a.finds, 'f', 'k');
    if (u->phon_n >= JOIN_EDIT_LEAST && u->phon_n <= JOIN_EDIT_MOST)
        want_edits(p, a.finds, 'j', u->phon, u->phon_n, PHON_LETTERS);
}

static void ask_side(plm_portfolio *p, uint16_t side) {
    const plm_index *x = p->side[side].x;
    uint16_t sim = (uint16_t)plm_join_sim(WHY_JOINED);
    for (uint32_t i = 0; i < x->n[IX_UNITS] && !p->failed; i++) ask_unit(p, &x->units[i], i, side);
    for (uint32_t i = 0; i < x->n[IX_JOINS]; i++) {
        want(p, mark_of(x->joins[i]), add_found(p, side, SPAN_JOIN | i, sim));
        meet(p, x->joins[i], SPAN_JOIN | i, side, sim);
    }
    for (uint32_t i = 0; i < x->n[IX_PLACES]; i++) want(p, mark_place(x->places[i]), 0);
    for (uint32_t i = 0; i < x->n[IX_IDS]; i++) want(p, mark_id(x->ids[i].hash), 0);
}

static int by_token(const void *a, const void *b) {
    const meeting *x = a, *y = b;
    if (x->token != y->token) return x->token < y->token ? -1 : 1;
    if (x->side != y->side) return x->side < y->side ? -1 : 1;
    return x->id < y->id ? -1 : x->id > y->id;
}

/* Finds how alike each meeting is, the portfolio's token being the query's, as it will be. */
static void touch(plm_portfolio *p) {
    unit_profile profile;
    uint32_t made = UINT32_MAX;
    if (p->meeting_n) qsort(p->meetings, p->meeting_n, sizeof *p->meetings, by_token);
    for (size_t i = 0; i < p->meeting_n && !p->failed; i++) {
        const meeting *m = &p->meetings[i];
        const changed *s = &p->side[m->side];
        if (i && by_token(m, m - 1) == 0) continue;
        why_kind why;
        if (made != m->token && !m->sim)
            plm_profile_init(&profile, &p->units[m->token]), made = m->token;
        int sim = m->sim ? m->sim : plm_relate(&profile, &s->x->units[m->id], 0, &why);
        if (!sim) continue;
        uint32_t *slot = &p->slot[m->token];
        if (!*slot) {
            if (!add_touched(p)) return;
            *slot = (uint32_t)p->touched_n;
        }
        touched *t = &p->touched[*slot - 1];
        if (sim > t->sim) t->sim = (uint16_t)sim;
        join_groups(t, s, m->id);
    }
}

/* ---- groups ---- */

static int by_weight(const void *a, const void *b) {
    const weighed *x = a, *y = b;
    if (x->initial != y->initial) return x->initial < y->initial ? -1 : 1;
    if (x->weight != y->weight) return x->weight < y->weight ? -1 : 1;
    if (x->side != y->side) return x->side < y->side ? -1 : 1;
    return x->name < y->name ? -1 : x->name > y->name;
}

/* What a name weighs, and what each of its spans covers of it. */
static uint32_t weigh_name(changed *s, uint32_t name) {
    const name_rec *r = &s->x->names[name];
    const span_rec *spans = &s->x->spans[r->span_at];
    uint32_t left[NAME_TOKENS], sum = 0;
    for (uint32_t i = 0; i < r->token_n; i++)
        sum += left[i] = plm_score_left(s->x->traits[spans[i].id], spans[i].weight);
    for (uint32_t i = 0; i < r->span_n; i++) {
        uint32_t id = spans[i].id, covers = 0;
        for (uint32_t k = spans[i].first; k < spans[i].first + (uint32_t)spans[i].count; k++)
            covers += left[k];
        uint32_t *most = id & SPAN_JOIN ? &s->join_covers[id & ~SPAN_JOIN] : &s->unit_covers[id];
        if (covers > *most) *most = covers;
    }
    return sum;
}

static void group_names(plm_portfolio *p, weighed *w, uint32_t n, uint32_t first, uint32_t groups) {
    for (uint32_t i = 0; i < n; i++) {
        uint32_t g = first + (uint32_t)((uint64_t)i * groups / n);
        p->side[w[i].side].group[w[i].name] = (uint16_t)g;
        if (w[i].weight < p->lightest[g]) p->lightest[g] = w[i].weight;
    }
}

static void *zeros(plm_portfolio *p, size_t n) {
    void *v = plm_mem_resize(NULL, n + 1);
    if (v) memset(v, 0, n + 1);
    else p->failed = true;
    return v;
}

static void group_all(plm_portfolio *p) {
    uint32_t n = 0, plain = 0;
    for (int i = 0; i < 2; i++) n += p->side[i].x ? p->side[i].x->n[IX_NAMES] : 0;
    weighed *w = zeros(p, n * sizeof *w);
    memset(p->lightest, 0xFF, sizeof p->lightest);
    n = 0;
    for (int i = 0; i < 2 && w; i++) {
        changed *s = &p->side[i];
        if (!s->x) continue;
        s->group = zeros(p, s->x->n[IX_NAMES] * sizeof *s->group);
        s->unit_covers = zeros(p, s->x->n[IX_UNITS] * sizeof *s->unit_covers);
        s->join_covers = zeros(p, s->x->n[IX_JOINS] * sizeof *s->join_covers);
        for (uint32_t k = 0; k < s->x->n[IX_NAMES] && !p->failed; k++) {
            uint8_t initial = s->x->names[k].flags & NAME_HAS_INITIAL;
            w[n++] = (weighed){weigh_name(s, k), k, (uint8_t)i, initial};
            plain += !initial;
        }
    }
    if (n) qsort(w, n, sizeof *w, by_weight);
    if (!p->failed) group_names(p, w, plain, 0, WITH_INITIAL);
    if (!p->failed) group_names(p, w + plain, n - plain, WITH_INITIAL, GROUPS - WITH_INITIAL);
    plm_mem_free(w);
}

static int by_hash(const void *a, const void *b) {
    const wanted *x = a, *y = b;
    if (x->hash != y->hash) return x->hash < y->hash ? -1 : 1;
    return x->touched < y->touched ? -1 : x->touched > y->touched;
}

static void settle_marks(plm_portfolio *p) {
    uint32_t bits = 16;
    while (bits < 27 && (size_t)1 << bits < p->wanted_n * 16) bits++;
    p->sieve_shift = 32 - bits;
    p->sieve = plm_mem_resize(NULL, ((size_t)1 << bits) / 8);
    if (!p->sieve) {
        p->failed = true;
        return;
    }
    memset(p->sieve, 0, ((size_t)1 << bits) / 8);
    if (p->wanted_n) qsort(p->wanted, p->wanted_n, sizeof *p->wanted, by_hash);
    size_t k = 0;
    for (size_t i = 0; i < p->wanted_n; i++)
        if (i == 0 || by_hash(&p->wanted[i], &p->wanted[i - 1])) p->wanted[k++] = p->wanted[i];
    p->wanted_n = k;
    for (size_t i = 0; i < k; i++) {
        uint32_t b = p->wanted[i].hash >> p->sieve_shift;
        p->sieve[b >> 6] |= (uint64_t)1 << (b & 63);
    }
}

bool plm_portfolio_ready(plm_portfolio *p, const plm_watch *w, const plm_screen_options *o) {
    bool whole[2];
    uint32_t units = 0;
    for (int i = 0; i < 2; i++) {
        p->side[i].x = plm_watch_side(w, i, &whole[i]);
        if (p->side[i].x) units += p->side[i].x->n[IX_UNITS];
    }
    if (whole[0] || whole[1] || o->exhaustive || o->scoring != PLM_SCORING_OWN ||
        units > CHANGED_UNITS_MAX)
        return false;
    for (int k = 0; k < 4; k++)
        for (int words = 0; words < 3; words++)
            p->least[k][words] = plm_score_unspread(
                plm_score_name_least(k & 1, k & 2, words, o->threshold));
    size_t slots = ((size_t)p->n[PF_UNITS] + 1) * sizeof *p->slot;
    p->slot = plm_mem_resize(NULL, slots);
    if (!p->slot) return false;
    memset(p->slot, 0, slots);
    group_all(p);
    for (int i = 0; i < 2; i++)
        if (p->side[i].x && !p->failed) ask_side(p, (uint16_t)i);
    if (p->failed || p->wanted_n > MARKS_WANTED_MAX) return false;
    touch(p);
    settle_marks(p);
    p->ready = !p->failed;
    return p->ready;
}

/* ---- one customer ---- */

/* The first of the wanted with this hash; NULL: none. */
static const wanted *find_wanted(const plm_portfolio *p, uint32_t hash) {
    uint32_t b = hash >> p->sieve_shift;
    size_t lo = 0, hi = p->wanted_n;
    if (!(p->sieve[b >> 6] >> (b & 63) & 1)) return NULL;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (p->wanted[mid].hash < hash) lo = mid + 1;
        else hi = mid;
    }
    return lo < p->wanted_n && p->wanted[lo].hash == hash ? &p->wanted[lo] : NULL;
}

/* What changed names are related to in a customer's name: so many tokens from first on. */
#define RELATIONS_MAX 64u
typedef struct relates {
    const touched *to;
    uint8_t first, count;
} relates;

typedef struct view {
    reach r;
    relates relations[RELATIONS_MAX];
    uint32_t relation_n;
    uint16_t sim[NAME_TOKENS];         /* 1000 where a token may stand for more */
    uint32_t covers[NAME_TOKENS];
    uint64_t stands;
    uint64_t groups[NAME_TOKENS][GROUP_WORDS], any[GROUP_WORDS];
    bool sure;                         /* found whatever its name, or too much to tell */
} view;

static void add_relation(view *v, const customer *c, const touched *t, uint32_t first, uint32_t n) {
    uint32_t share = (t->covers + n - 1) / n;
    if (v->relation_n == 0) {
        memset(v->sim, 0, c->token_n * sizeof *v->sim);
        memset(v->covers, 0, c->token_n * sizeof *v->covers);
    }
    if (v->relation_n == RELATIONS_MAX) {
        v->sure = true;
        return;
    }
    v->relations[v->relation_n++] = (relates){t, (uint8_t)first, (uint8_t)n};
    for (uint32_t k = first; k < first + n; k++) {
        if (t->sim > v->sim[k]) v->sim[k] = t->sim;
        if (share > v->covers[k]) v->covers[k] = share;
    }
}

static void group_relations(view *v) {
    memset(v->any, 0, sizeof v->any);
    memset(v->groups, 0, v->r.n * sizeof *v->groups);
    for (uint32_t i = 0; i < v->relation_n; i++) {
        const relates *x = &v->relations[i];
        for (uint32_t g = 0; g < GROUP_WORDS; g++) v->any[g] |= x->to->groups[g];
        for (uint32_t k = x->first; k < x->first + (uint32_t)x->count; k++)
            for (uint32_t g = 0; g < GROUP_WORDS; g++) v->groups[k][g] |= x->to->groups[g];
    }
}

static void see_marks(const plm_portfolio *p, const customer *c, view *v) {
    const mark *m = &p->marks[c->mark_at], *end = m + c->mark_n;
    const wanted *last = p->wanted + p->wanted_n;
    for (; m < end; m++)
        for (uint32_t i = 0; i < (p->apart ? m->n : m->common); i++) {
            const wanted *w = find_wanted(p, m->hash[i]);
            for (; w && w < last && w->hash == m->hash[i]; w++) {
                if (m->count && w->touched)
                    add_relation(v, c, &p->touched[w->touched - 1], m->first, m->count);
                else v->sure = v->sure || (!m->count && !w->touched);
            }
        }
}

/* All that changed names are related to; false when there is nothing. */
static bool see(const plm_portfolio *p, const customer *c, view *v) {
    const part *parts = &p->parts[c->part_at];
    v->relation_n = 0;
    v->stands = 0;
    v->sure = false;
    see_marks(p, c, v);
    for (uint32_t i = 0; i < c->part_n; i++) {
        uint32_t slot = p->slot[parts[i].unit & ~PART_STANDS];
        if (!slot) continue;
        bool single = i < c->token_n;
        add_relation(v, c, &p->touched[slot - 1], single ? i : parts[i].weight,
                     single ? 1 : parts[i].traits);
    }
    if (!v->relation_n) return false;
    v->r.n = c->token_n;
    v->r.kind = c->kind;
    v->r.least = p->least[c->flags >> 1][c->words];
    for (uint32_t i = 0; i < c->token_n; i++) {
        v->r.weight[i] = parts[i].weight;
        v->r.traits[i] = parts[i].traits;
        if (!(parts[i].unit & PART_STANDS)) continue;
        v->stands |= (uint64_t)1 << i;
        v->sim[i] = 1000;
    }
    return true;
}

/* May a name that weighs lightest or more reach the threshold when it is related to these tokens
 * of the customer's, a bit each? */
static bool tokens_reach(const view *v, uint32_t lightest, bool initial, uint64_t met) {
    uint16_t sim[NAME_TOKENS];
    uint32_t covers = 0;
    for (uint32_t i = 0; i < v->r.n; i++) {
        bool is = met >> i & 1;
        sim[i] = is ? v->sim[i] : 0;
        covers += is ? v->covers[i] : 0;
    }
    uint32_t left = v->stands || lightest < covers ? 0 : lightest - covers;
    return plm_score_reachable_left(&v->r, sim, initial, left);
}

/* Of two groups that meet the same tokens the first has the lighter name, which reaches further. */
static bool group_reaches(const plm_portfolio *p, const view *v, uint32_t g, uint64_t *seen) {
    uint64_t met = v->stands;
    for (uint32_t i = 0; i < v->r.n; i++)
        met |= (v->groups[i][g >> 6] >> (g & 63) & 1) << i;
    if (v->r.n <= PATTERN_TOKENS) {
        uint32_t b = (uint32_t)met << 1 | (g >= WITH_INITIAL);
        if (seen[b >> 6] >> (b & 63) & 1) return false;
        seen[b >> 6] |= (uint64_t)1 << (b & 63);
    }
    return tokens_reach(v, p->lightest[g], g >= WITH_INITIAL, met);
}

/* Fetches what will be looked up for line i: it lies scattered. */
static void fetch_ahead(const plm_portfolio *p, uint32_t i) {
    if (i >= p->n[PF_LINES]) return;
    const customer *c = &p->customers[i];
    for (uint32_t k = 0; k < c->part_n; k++)
        __builtin_prefetch(&p->slot[p->parts[c->part_at + k].unit & ~PART_STANDS]);
    for (uint32_t k = 0; k < c->mark_n; k++) {
        const mark *m = &p->marks[c->mark_at + k];
        for (uint32_t h = 0; h < (p->apart ? m->n : m->common); h++)
            __builtin_prefetch(&p->sieve[m->hash[h] >> p->sieve_shift >> 6]);
    }
}

/* The heaviest of the customer's tokens that anything is related to. */
static uint32_t heaviest(const view *v) {
    uint32_t best = 0;
    for (uint32_t i = 1; i < v->r.n; i++)
        if (v->sim[i] && (!v->sim[best] || v->r.weight[i] > v->r.weight[best])) best = i;
    return best;
}

static bool may_match(const plm_portfolio *p, const customer *c) {
    view v;
    if (c->flags & CUSTOMER_ALWAYS) return true;
    bool met = see(p, c, &v);
    if (v.sure || !met) return v.sure;
    uint64_t all = ((uint64_t)1 << v.r.n) - 1, seen[(2u << PATTERN_TOKENS) / 64] = {0};
    uint32_t plain = p->lightest[0], other = p->lightest[WITH_INITIAL];
    uint32_t lightest = plain < other ? plain : other, heavy = heaviest(&v);
    bool initial = other != UINT32_MAX;
    if (!tokens_reach(&v, lightest, initial, all)) return false;
    group_relations(&v);
    /* Mostly no name can do without the heaviest word: then those related to it count alone. */
    uint64_t rest = all & ~((uint64_t)1 << heavy);
    bool needed = !(v.stands >> heavy & 1) && !tokens_reach(&v, lightest, initial, rest);
    for (uint32_t w = 0; w < GROUP_WORDS; w++)
        for (uint64_t left = needed ? v.groups[heavy][w] : v.any[w]; left; left &= left - 1) {
            uint32_t g = w * 64 + (uint32_t)__builtin_ctzll(left);
            if (group_reaches(p, &v, g, seen)) return true;
        }
    return false;
}

/* ---- lines ---- */

static bool sort_lines(plm_portfolio *p) {
    uint32_t n = 1024;
    while (n / 2 < p->n[PF_LINES]) n *= 2;
    p->by_hash = plm_mem_resize(NULL, (size_t)n * 4);
    if (!p->by_hash) return false;
    memset(p->by_hash, 0, (size_t)n * 4);
    p->slot_n = n;
    for (uint32_t i = 0; i < p->n[PF_LINES]; i++) {
        uint32_t h = (uint32_t)p->lines[i].v[0] & (n - 1);
        while (p->by_hash[h]) h = (h + 1) & (n - 1);
        p->by_hash[h] = i + 1;
    }
    return true;
}

/* The number of the line that has this hash; the number of lines when none has. */
static uint32_t line_number(plm_portfolio *p, const line_hash *h) {
    uint32_t n = p->n[PF_LINES];
    if (p->next < n && memcmp(&p->lines[p->next], h, sizeof *h) == 0) return p->next;
    if (!p->by_hash && !sort_lines(p)) return n;
    for (uint32_t i = (uint32_t)h->v[0] & (p->slot_n - 1); p->by_hash[i];
         i = (i + 1) & (p->slot_n - 1))
        if (memcmp(&p->lines[p->by_hash[i] - 1], h, sizeof *h) == 0) return p->by_hash[i] - 1;
    return n;
}

plm_portfolio_word plm_portfolio_next(plm_portfolio *p, plm_str line) {
    line_hash h = plm_portfolio_hash(p->key, line);
    uint32_t i = line_number(p, &h);
    if (i == p->n[PF_LINES]) {
        p->strange++;
        return PLM_PORTFOLIO_STRANGE;
    }
    p->next = i + 1;
    if (p->ready) fetch_ahead(p, i + AHEAD_LINES);
    if (!p->ready || may_match(p, &p->customers[i])) return PLM_PORTFOLIO_ASKED;
    return PLM_PORTFOLIO_SPARED;
}
