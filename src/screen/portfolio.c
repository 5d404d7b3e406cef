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
/* Changed names are told apart by group: those with an initial in the groups from WITH_INITIAL. */
#define GROUPS 256u
#define GROUP_WORDS (GROUPS / 64)
#define WITH_INITIAL 192u
#define CHANGED_UNITS_MAX 100000u /* past this a change is a new list: all are asked */
#define MARKS_WANTED_MAX 32000000u
#define FORM_LETTERS "abcdefghijklmnopqrstuvwxyz0123456789"
#define KEY_LETTERS "cfhjklmnpqrstwxySCH0123456789"
/* A listed token shorter than this is related to no long join, but by form or key whole. */
#define LONG_FORM 13
#define LONG_PHON 8
#define PATTERN_TOKENS 8

/* A token of the portfolio that a changed name has a relation to. */
typedef struct touched {
    uint16_t sim;            /* the largest */
    uint64_t groups[GROUP_WORDS];
} touched;

/* A token of the portfolio, and what may be related to it: a unit or, with SPAN_JOIN, a join of
 * one side. */
typedef struct meeting {
    uint32_t token, id;
    uint16_t side, sim;      /* sim: of a join; 0: to be found */
} meeting;

struct plm_portfolio {
    char *map;
    size_t size;
    unsigned char key[PORTFOLIO_KEY];
    uint32_t n[PF_COUNT];
    const line_hash *lines;
    const customer *customers;
    const part *parts;
    const uint32_t *marks;
    const unit *units;
    const uint64_t *near;
    const uint32_t *near_dir;
    uint32_t next, strange;
    uint32_t *by_hash, slot_n; /* lines by hash, when they are out of order */
    bool ready;
    int least[4][3];         /* by flags >> 1 and words */
    uint32_t *slot;          /* by unit: number in touched + 1; 0: not touched */
    touched *touched;
    meeting *meetings;
    uint32_t *wanted;        /* marks that changed entities have, ascending */
    uint64_t *sieve;         /* a bit for each, by its upper bits */
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

static void want(plm_portfolio *p, uint32_t mark) {
    uint32_t *x = more(p, (void **)&p->wanted, &p->wanted_n, &p->wanted_cap, 4);
    if (x) *x = mark;
}

/* All that s becomes by one letter replaced, added, left out, or swapped with its neighbour. */
static void want_edits(plm_portfolio *p, char tag, const char *s, size_t n, const char *letters) {
    char t[NAME_FORM + 2];
    for (size_t i = 0; i <= n; i++) {
        memcpy(t, s, i);
        if (i < n) memcpy(t + i, s + i + 1, n - i - 1);
        if (i < n) want(p, mark_of(plm_index_hash(tag, t, n - 1)));
        for (const char *c = letters; *c; c++) {
            t[i] = *c;
            if (i < n) memcpy(t + i + 1, s + i + 1, n - i - 1);
            if (i < n) want(p, mark_of(plm_index_hash(tag, t, n)));
            memcpy(t + i + 1, s + i, n - i);
            want(p, mark_of(plm_index_hash(tag, t, n + 1)));
        }
        if (i + 1 >= n) continue;
        memcpy(t, s, n);
        t[i] = s[i + 1];
        t[i + 1] = s[i];
        want(p, mark_of(plm_index_hash(tag, t, n)));
    }
}

typedef struct unit_asker {
    plm_portfolio *p;
    uint32_t id;
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
    want(a->p, mark_of(hash));
    meet(a->p, hash, a->id, a->side, 0);
}

static void ask_unit(plm_portfolio *p, const unit *u, uint32_t id, uint16_t side) {
    unit_asker a = {p, id, side};
    char second[NAME_KEY + 1];
    plm_near_keys(u, ask_key, &a);
    if (u->kind == TOKEN_NUMBER || u->form_n < 2) return;
    if (!plm_near_is_apart(u) && u->form_n < LONG_FORM && u->phon_n < LONG_PHON) return;
    want_edits(p, 'f', u->form, u->form_n, FORM_LETTERS);
    size_t n = plm_unit_second_key(u, second);
    if (u->key_n >= 4) want_edits(p, 'k', u->key, u->key_n, KEY_LETTERS);
    if (n >= 4) want_edits(p, 'k', second, n, KEY_LETTERS);
}

static void ask_side(plm_portfolio *p, const plm_index *x, uint16_t side) {
    for (uint32_t i = 0; i < x->n[IX_UNITS] && !p->failed; i++) ask_unit(p, &x->units[i], i, side);
    for (uint32_t i = 0; i < x->n[IX_JOINS]; i++) {
        want(p, mark_of(x->joins[i]));
        meet(p, x->joins[i], SPAN_JOIN | i, side, (uint16_t)plm_join_sim(WHY_JOINED));
    }
    for (uint32_t i = 0; i < x->n[IX_PLACES]; i++) want(p, mark_place(x->places[i]));
    for (uint32_t i = 0; i < x->n[IX_IDS]; i++) want(p, mark_id(x->ids[i].hash));
}

static int by_token(const void *a, const void *b) {
    const meeting *x = a, *y = b;
    if (x->token != y->token) return x->token < y->token ? -1 : 1;
    if (x->side != y->side) return x->side < y->side ? -1 : 1;
    return x->id < y->id ? -1 : x->id > y->id;
}

static void join_groups(touched *t, const plm_index *x, uint32_t id) {
    bool join = id & SPAN_JOIN;
    uint32_t i = id & ~SPAN_JOIN;
    const uint32_t *at = join ? x->join_at : x->unit_at;
    const uint32_t *names = join ? x->join_names : x->unit_names;
    for (uint32_t k = at[i]; k < at[i + 1]; k++) {
        uint32_t name = names[k] & ~POST_PLAIN, plain = names[k] & POST_PLAIN;
        uint32_t g = plain ? name % WITH_INITIAL
                           : WITH_INITIAL + name % (GROUPS - WITH_INITIAL);
        t->groups[g >> 6] |= (uint64_t)1 << (g & 63);
    }
}

/* Finds how alike each meeting is, the portfolio's token being the query's, as it will be. */
static void touch(plm_portfolio *p, const plm_index *const x[2]) {
    unit_profile profile;
    uint32_t made = UINT32_MAX;
    if (p->meeting_n) qsort(p->meetings, p->meeting_n, sizeof *p->meetings, by_token);
    for (size_t i = 0; i < p->meeting_n && !p->failed; i++) {
        const meeting *m = &p->meetings[i];
        if (i && by_token(m, m - 1) == 0) continue;
        why_kind why;
        if (made != m->token && !m->sim)
            plm_profile_init(&profile, &p->units[m->token]), made = m->token;
        int sim = m->sim ? m->sim : plm_relate(&profile, &x[m->side]->units[m->id], 0, &why);
        if (!sim) continue;
        uint32_t *slot = &p->slot[m->token];
        if (!*slot) {
            touched *t = more(p, (void **)&p->touched, &p->touched_n, &p->touched_cap, sizeof *t);
            if (!t) return;
            memset(t, 0, sizeof *t);
            *slot = (uint32_t)p->touched_n;
        }
        touched *t = &p->touched[*slot - 1];
        if (sim > t->sim) t->sim = (uint16_t)sim;
        join_groups(t, x[m->side], m->id);
    }
}

static int by_mark(const void *a, const void *b) {
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return x < y ? -1 : x > y;
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
    if (p->wanted_n) qsort(p->wanted, p->wanted_n, sizeof *p->wanted, by_mark);
    size_t k = 0;
    for (size_t i = 0; i < p->wanted_n; i++)
        if (i == 0 || p->wanted[i] != p->wanted[i - 1]) p->wanted[k++] = p->wanted[i];
    p->wanted_n = k;
    for (size_t i = 0; i < k; i++) {
        uint32_t b = p->wanted[i] >> p->sieve_shift;
        p->sieve[b >> 6] |= (uint64_t)1 << (b & 63);
    }
}

bool plm_portfolio_ready(plm_portfolio *p, const plm_watch *w, const plm_screen_options *o) {
    const plm_index *x[2];
    bool whole[2];
    uint32_t units = 0;
    for (int i = 0; i < 2; i++) {
        x[i] = plm_watch_side(w, i, &whole[i]);
        if (x[i]) units += x[i]->n[IX_UNITS];
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
    for (int i = 0; i < 2; i++)
        if (x[i]) ask_side(p, x[i], (uint16_t)i);
    if (p->failed || p->wanted_n > MARKS_WANTED_MAX) return false;
    touch(p, x);
    settle_marks(p);
    p->ready = !p->failed;
    return p->ready;
}

/* ---- one customer ---- */

static bool is_wanted(const plm_portfolio *p, uint32_t mark) {
    uint32_t b = mark >> p->sieve_shift;
    if (!(p->sieve[b >> 6] >> (b & 63) & 1)) return false;
    return bsearch(&mark, p->wanted, p->wanted_n, sizeof mark, by_mark) != NULL;
}

/* The tokens of a customer that changed names are related to, and the groups those are in. */
typedef struct view {
    reach r;
    uint16_t sim[NAME_TOKENS];         /* 1000 where a token may stand for more */
    uint64_t stands;
    uint64_t groups[NAME_TOKENS][GROUP_WORDS], any[GROUP_WORDS];
} view;

static bool see(const plm_portfolio *p, const customer *c, view *v) {
    bool met = false;
    const part *parts = &p->parts[c->part_at];
    for (uint32_t i = 0; i < c->part_n && !met; i++) met = p->slot[parts[i].unit & ~PART_STANDS];
    if (!met) return false;
    v->r.n = c->token_n;
    v->r.kind = c->kind;
    v->r.least = p->least[c->flags >> 1][c->words];
    v->stands = 0;
    memset(v->any, 0, sizeof v->any);
    memset(v->sim, 0, c->token_n * sizeof *v->sim);
    memset(v->groups, 0, c->token_n * sizeof *v->groups);
    for (uint32_t i = 0; i < c->part_n; i++) {
        bool single = i < c->token_n;
        uint32_t slot = p->slot[parts[i].unit & ~PART_STANDS];
        if (single) {
            v->r.weight[i] = parts[i].weight;
            v->r.traits[i] = parts[i].traits;
            if (parts[i].unit & PART_STANDS) v->stands |= (uint64_t)1 << i;
        }
        if (!slot) continue;
        const touched *t = &p->touched[slot - 1];
        uint32_t first = single ? i : parts[i].weight, n = single ? 1 : parts[i].traits;
        for (uint32_t k = first; k < first + n; k++) {
            if (t->sim > v->sim[k]) v->sim[k] = t->sim;
            for (uint32_t g = 0; g < GROUP_WORDS; g++) v->groups[k][g] |= t->groups[g];
        }
        for (uint32_t g = 0; g < GROUP_WORDS; g++) v->any[g] |= t->groups[g];
    }
    for (uint32_t i = 0; i < c->token_n; i++)
        if (v->stands >> i & 1) v->sim[i] = 1000;
    return true;
}

/* May a name of the groups reach the threshold by the tokens that they are related to? */
static bool group_reaches(const view *v, uint32_t g, uint64_t *seen) {
    uint16_t sim[NAME_TOKENS];
    uint64_t met = v->stands;
    for (uint32_t i = 0; i < v->r.n; i++)
        met |= (v->groups[i][g >> 6] >> (g & 63) & 1) << i;
    uint32_t initial = g >= WITH_INITIAL;
    if (v->r.n <= PATTERN_TOKENS) {
        uint32_t b = (uint32_t)met << 1 | initial;
        if (seen[b >> 6] >> (b & 63) & 1) return false;
        seen[b >> 6] |= (uint64_t)1 << (b & 63);
    }
    for (uint32_t i = 0; i < v->r.n; i++) sim[i] = met >> i & 1 ? v->sim[i] : 0;
    return plm_score_reachable(&v->r, sim, initial);
}

static bool name_may_match(const plm_portfolio *p, const customer *c) {
    view v;
    uint64_t seen[(2u << PATTERN_TOKENS) / 64] = {0};
    if (!see(p, c, &v)) return false;
    bool initials = v.any[WITH_INITIAL / 64] != 0;
    for (uint32_t w = WITH_INITIAL / 64; w < GROUP_WORDS; w++) initials = initials || v.any[w];
    if (!plm_score_reachable(&v.r, v.sim, initials)) return false;
    for (uint32_t w = 0; w < GROUP_WORDS; w++)
        for (uint64_t left = v.any[w]; left; left &= left - 1)
            if (group_reaches(&v, w * 64 + (uint32_t)__builtin_ctzll(left), seen)) return true;
    return false;
}

static bool may_match(const plm_portfolio *p, const customer *c) {
    if (c->flags & CUSTOMER_ALWAYS) return true;
    for (uint32_t i = 0; i < c->mark_n; i++)
        if (is_wanted(p, p->marks[c->mark_at + i])) return true;
    return c->token_n && name_may_match(p, c);
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
    if (!p->ready || may_match(p, &p->customers[i])) return PLM_PORTFOLIO_ASKED;
    return PLM_PORTFOLIO_SPARED;
}
