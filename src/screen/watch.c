/* watch.c: what a change of the lists changes for a query.
 * Two small lists are made of the entities that differ, one a side, and each query is screened
 * against both; see include/plimsoll/watch.h for why that is all.
 * Held by tests/unit/test_watch.c: the answer is the difference of two full screens. */
#include "plimsoll/watch.h"

#include "screen/index.h"

#include <stdlib.h>
#include <string.h>

/* One state's lists, or the part of them that differs. */
typedef struct side {
    plm_list *made[PLM_LISTS_MAX];
    uint32_t made_n;
    plm_lists *own;           /* to free */
    const plm_lists *lists;   /* what is screened */
    plm_screen *screen;       /* NULL: nothing to screen */
    plm_screener *q;
} side;

typedef struct hit {
    plm_str source, list, entity, name, matched;
    int score;
    plm_strength strength;
    unsigned char digest[32];
} hit;

typedef struct hits {
    hit *v;
    uint32_t n, cap;
} hits;

struct plm_watch {
    plm_lists *own[2];
    const plm_lists *all[2];  /* old, new */
    side side[2];
    side either;              /* both at once: most queries meet neither */
    hits found[2];
    plm_watch_match *out;
    uint32_t out_cap, changes;
    plm_arena *arena;         /* the texts of one answer */
};

static plm_list *side_list(side *s, const plm_list *like, plm_fault *f) {
    plm_str source = plm_list_text(like, like->source);
    for (uint32_t i = 0; i < s->made_n; i++)
        if (plm_str_eq(plm_list_text(s->made[i], s->made[i]->source), source)) return s->made[i];
    if (s->made_n == PLM_LISTS_MAX) {
        plm_fail(f, PLM_OUT_OF_RANGE, "more than %d sources", PLM_LISTS_MAX);
        return NULL;
    }
    plm_list *l = plm_list_new(source, plm_list_text(like, like->edition));
    if (!l) plm_fail(f, PLM_NO_MEMORY, "not enough memory");
    else s->made[s->made_n++] = l;
    return l;
}

static bool keep_side(side *s, const plm_list *l, const plm_entity *e, plm_fault *f) {
    if (!e) return true;
    plm_list *to = side_list(s, l, f);
    return to && plm_list_copy_entity(to, l, e, f);
}

static bool take_change(void *ctx, const plm_change *c, plm_fault *f) {
    plm_watch *w = ctx;
    w->changes++;
    return keep_side(&w->side[0], c->old_list, c->old_entity, f) &&
           keep_side(&w->side[1], c->new_list, c->new_entity, f);
}

static bool open_side(side *s, const plm_lists *all, bool whole, plm_fault *f) {
    s->lists = all;
    if (!whole) {
        if (s->made_n == 0) return true;
        s->own = plm_lists_of(s->made, s->made_n, f);
        s->lists = s->own;
    }
    if (!s->lists) return false;
    s->screen = plm_screen_of(s->lists, f);
    s->q = s->screen ? plm_screener_new(s->screen, f) : NULL;
    return s->q != NULL;
}

/* What meets no entity of either side changes nothing, for an entity's score depends on no other.
 * One look at both saves two at each, where both have any. */
static bool open_either(plm_watch *w, plm_fault *f) {
    if (!w->side[0].made_n || !w->side[1].made_n) return true;
    side *s = &w->either;
    plm_list *made[2 * PLM_LISTS_MAX];
    uint32_t n = 0;
    for (int i = 0; i < 2; i++)
        for (uint32_t k = 0; k < w->side[i].made_n; k++) made[n++] = w->side[i].made[k];
    if (n > PLM_LISTS_MAX) return true;
    s->lists = s->own = plm_lists_of(made, n, f);
    s->screen = s->own ? plm_screen_of(s->own, f) : NULL;
    s->q = s->screen ? plm_screener_new(s->screen, f) : NULL;
    return s->q != NULL;
}

static plm_watch *start(void) {
    plm_watch *w = plm_mem_resize(NULL, sizeof *w);
    if (w) memset(w, 0, sizeof *w);
    return w;
}

static bool prepare(plm_watch *w, bool whole, plm_fault *f) {
    w->arena = plm_arena_new((size_t)256 << 20);
    if (!w->arena) return plm_fail(f, PLM_NO_MEMORY, "not enough memory");
    return plm_lists_diff(w->all[0], w->all[1], take_change, w, f) &&
           open_side(&w->side[0], w->all[0], whole, f) &&
           open_side(&w->side[1], w->all[1], whole, f) && (whole || open_either(w, f));
}

plm_watch *plm_watch_of(const plm_lists *from, const plm_lists *to, bool whole, plm_fault *f) {
    plm_watch *w = start();
    if (!w) return plm_fail(f, PLM_NO_MEMORY, "not enough memory"), NULL;
    w->all[0] = from;
    w->all[1] = to;
    if (prepare(w, whole, f)) return w;
    plm_watch_free(w);
    return NULL;
}

plm_watch *plm_watch_open(const char *old_dir, const char *new_dir, bool whole, plm_fault *f) {
    plm_watch *w = start();
    if (!w) return plm_fail(f, PLM_NO_MEMORY, "not enough memory"), NULL;
    w->all[0] = w->own[0] = plm_lists_open(old_dir, f);
    w->all[1] = w->own[1] = w->own[0] ? plm_lists_open(new_dir, f) : NULL;
    if (w->own[1] && prepare(w, whole, f)) return w;
    plm_watch_free(w);
    return NULL;
}

void plm_watch_free(plm_watch *w) {
    if (!w) return;
    for (int i = 0; i < 2; i++) {
        side *s = &w->side[i];
        plm_screener_free(s->q);
        plm_screen_free(s->screen);
        plm_lists_free(s->own);
        for (uint32_t k = 0; k < s->made_n; k++) plm_list_free(s->made[k]);
        plm_mem_free(w->found[i].v);
        plm_lists_free(w->own[i]);
    }
    plm_screener_free(w->either.q);
    plm_screen_free(w->either.screen);
    plm_lists_free(w->either.own);
    plm_mem_free(w->out);
    plm_arena_free(w->arena);
    plm_mem_free(w);
}

const plm_index *plm_watch_side(const plm_watch *w, int newer, bool *whole) {
    const side *s = &w->side[newer];
    *whole = s->screen && !s->own;
    return s->screen && s->own ? plm_screen_index(s->screen) : NULL;
}

uint32_t plm_watch_changes(const plm_watch *w) { return w->changes; }
const char *plm_watch_edition(const plm_watch *w, bool newer) { return w->all[newer]->edition; }

static bool keep_hit(plm_watch *w, hits *h, const side *s, const plm_match *m, plm_fault *f) {
    if (h->n == h->cap) {
        uint32_t cap = h->cap ? h->cap * 2 : 64;
        hit *v = plm_mem_resize(h->v, cap * sizeof *v);
        if (!v) return plm_fail(f, PLM_NO_MEMORY, "not enough memory");
        h->v = v;
        h->cap = cap;
    }
    const plm_list *l;
    const plm_entity *e = plm_lists_entity(s->lists, m->entity, &l);
    hit *to = &h->v[h->n++];
    *to = (hit){plm_list_text(l, l->source), plm_list_text(l, e->list), plm_list_text(l, e->id),
                plm_list_text(l, e->name), plm_arena_copy(w->arena, m->matched), m->score,
                m->strength, {0}};
    plm_list_entity_digest(l, e, to->digest);
    return to->matched.p || plm_fail(f, PLM_NO_MEMORY, "not enough memory");
}

static int by_entity(const void *a, const void *b) {
    const hit *x = a, *y = b;
    int c = plm_str_cmp(x->source, y->source);
    return c ? c : plm_str_cmp(x->entity, y->entity);
}

static bool screen_side(plm_watch *w, int i, const plm_query *q, const plm_screen_options *o,
                        plm_fault *f) {
    side *s = &w->side[i];
    hits *h = &w->found[i];
    plm_answer a;
    h->n = 0;
    if (!s->q) return true;
    if (!plm_screen_query(s->q, q, o, &a, f)) return false;
    for (uint32_t k = 0; k < a.n; k++)
        if (!keep_hit(w, h, s, &a.matches[k], f)) return false;
    if (h->n > 1) qsort(h->v, h->n, sizeof *h->v, by_entity);
    return true;
}

static void put_match(plm_watch *w, uint32_t *n, const hit *was, const hit *is) {
    const hit *h = is ? is : was;
    bool same = was && is && was->score == is->score && was->strength == is->strength &&
                plm_str_eq(was->matched, is->matched) && memcmp(was->digest, is->digest, 32) == 0;
    if (same) return;
    w->out[(*n)++] = (plm_watch_match){
        was && is ? PLM_CHANGED : is ? PLM_ADDED : PLM_REMOVED, h->source, h->list, h->entity,
        h->name, h->matched, was ? was->score : -1, is ? is->score : -1, h->strength};
}

bool plm_watch_query(plm_watch *w, const plm_query *q, const plm_screen_options *o,
                     const plm_watch_match **out, uint32_t *n, plm_fault *f) {
    plm_screen_options all = *o;
    all.limit = PLM_SCREEN_LIMIT_MAX; /* a limit would hide what it pushes in or out */
    *n = 0;
    if (w->either.q) {
        plm_answer a;
        if (!plm_screen_query(w->either.q, q, &all, &a, f)) return false;
        if (a.n == 0) return true;
    }
    plm_arena_reset(w->arena);
    if (!screen_side(w, 0, q, &all, f) || !screen_side(w, 1, q, &all, f)) return false;
    const hits *a = &w->found[0], *b = &w->found[1];
    if (a->n + b->n > w->out_cap) {
        plm_watch_match *v = plm_mem_resize(w->out, (a->n + b->n) * sizeof *v);
        if (!v) return plm_fail(f, PLM_NO_MEMORY, "not enough memory");
        w->out = v;
        w->out_cap = a->n + b->n;
    }
    for (uint32_t i = 0, j = 0; i < a->n || j < b->n;) {
        int c = i == a->n ? 1 : j == b->n ? -1 : by_entity(&a->v[i], &b->v[j]);
        put_match(w, n, c <= 0 ? &a->v[i] : NULL, c >= 0 ? &b->v[j] : NULL);
        i += c <= 0;
        j += c >= 0;
    }
    *out = w->out;
    return true;
}
