/* caps_group.c: see caps_group.h.  A call puts its request in line.  The first without a leader
 * leads: it takes from the line what fits one commit, posts it, commits, and wakes all; whoever
 * still waits leads next.
 * Invariants: 1 the books and the store are used by the leader only, outside the lock; 2 a request
 * is done once, after its commit; 3 the line is served in the order of coming.  Held by
 * tests/unit/test_caps_threads.c. */
#include "custody/caps_group.h"

#include <pthread.h>

typedef struct request {
    struct request *next;
    const plm_caps_posting *p;
    plm_caps_answer *out;
    size_t n;
    bool done, ok;
    plm_fault f;
} request;

struct plm_caps_group {
    plm_store *s;
    plm_caps *c;
    pthread_mutex_t lock;
    pthread_cond_t turn;
    request *first, **last; /* who waits */
    bool led;
    plm_caps_group_counts count;
};

plm_caps_group *plm_caps_group_open(const char *where, const plm_caps_rules *r, plm_fault *f) {
    plm_caps_group *g = plm_mem_resize(NULL, sizeof *g);
    if (!g) return plm_fail(f, PLM_NO_MEMORY, "out of memory"), NULL;
    *g = (plm_caps_group){.s = plm_store_open(where, f)};
    g->c = g->s ? plm_caps_open(g->s, r, f) : NULL;
    g->last = &g->first;
    if (g->c && pthread_mutex_init(&g->lock, NULL) == 0) {
        if (pthread_cond_init(&g->turn, NULL) == 0) return g;
        pthread_mutex_destroy(&g->lock);
    }
    plm_fail(f, PLM_NO_MEMORY, "out of memory");
    plm_caps_close(g->c);
    plm_store_close(g->s);
    plm_mem_free(g);
    return NULL;
}

void plm_caps_group_close(plm_caps_group *g) {
    if (!g) return;
    pthread_cond_destroy(&g->turn);
    pthread_mutex_destroy(&g->lock);
    plm_caps_close(g->c);
    plm_store_close(g->s);
    plm_mem_free(g);
}

/* The requests that share the next commit, taken from the line. */
static request *take(plm_caps_group *g) {
    request *batch = g->first, *end = batch;
    size_t n = batch->n;
    while (end->next && n + end->next->n <= PLM_CAPS_BATCH) {
        end = end->next;
        n += end->n;
    }
    g->first = end->next;
    if (!g->first) g->last = &g->first;
    end->next = NULL;
    return batch;
}

/* One transaction; false: nothing of it is stored. */
static bool commit_batch(plm_caps *c, const request *batch, plm_fault *f) {
    if (!plm_caps_begin(c, f)) return false;
    for (const request *r = batch; r; r = r->next)
        for (size_t i = 0; i < r->n; i++)
            if (!plm_caps_post(c, &r->p[i], &r->out[i], f)) {
                plm_caps_rollback(c);
                return false;
            }
    return plm_caps_commit(c, f);
}

/* Under the lock; gives it up while it writes. */
static void lead(plm_caps_group *g) {
    plm_fault f = {0};
    request *batch = take(g);
    g->led = true;
    pthread_mutex_unlock(&g->lock);
    bool ok = commit_batch(g->c, batch, &f);
    pthread_mutex_lock(&g->lock);
    g->led = false;
    g->count.commits += ok;
    for (request *r = batch, *next; r; r = next) {
        next = r->next; /* a request is gone once it is done and the lock is free */
        g->count.postings += ok ? r->n : 0;
        r->ok = ok;
        r->f = f;
        r->done = true;
    }
    pthread_cond_broadcast(&g->turn);
}

bool plm_caps_group_post(plm_caps_group *g, const plm_caps_posting *p, size_t n,
                         plm_caps_answer *out, plm_fault *f) {
    request r = {.p = p, .out = out, .n = n};
    if (n > PLM_CAPS_BATCH)
        return plm_fail(f, PLM_OUT_OF_RANGE, "at most %d postings at once", PLM_CAPS_BATCH);
    if (!n) return true;
    pthread_mutex_lock(&g->lock);
    *g->last = &r;
    g->last = &r.next;
    while (!r.done) {
        if (g->led) pthread_cond_wait(&g->turn, &g->lock);
        else lead(g);
    }
    pthread_mutex_unlock(&g->lock);
    if (!r.ok && f) *f = r.f;
    return r.ok;
}

plm_caps_group_counts plm_caps_group_count(plm_caps_group *g) {
    pthread_mutex_lock(&g->lock);
    plm_caps_group_counts c = g->count;
    pthread_mutex_unlock(&g->lock);
    return c;
}
