/* rows.c: growing arrays and the set of distinct units.
 * Invariant: a unit stands once in a unit_set, whatever the order in which units came. */
#include "screen/rows.h"

#include "screen/index.h"

#include <string.h>

void *plm_vec_push(vec *v, size_t n) {
    if (!v->p || v->n + n > v->cap) {
        size_t cap = v->cap * 2 > v->n + n ? v->cap * 2 : v->n + n + 256;
        void *p = plm_mem_resize(v->p, cap * v->row);
        if (!p) return NULL;
        v->p = p;
        v->cap = cap;
    }
    void *at = v->p + v->n * v->row;
    if (n) memset(at, 0, n * v->row);
    v->n += n;
    return at;
}

void *plm_rows_more(void **p, uint32_t *n, uint32_t *cap, size_t row) {
    if (*n == *cap) {
        uint32_t to = *cap ? *cap * 2 : 256;
        void *r = plm_mem_resize(*p, to * row);
        if (!r) return NULL;
        *p = r;
        *cap = to;
    }
    return (char *)*p + (size_t)(*n)++ * row;
}

static uint32_t first_place(const unit_set *s, const unit *u) {
    return (uint32_t)plm_index_hash('u', u->form, u->form_n) & (s->n - 1);
}

static bool grow(unit_set *s, const unit *all, size_t count) {
    unit_set to = {NULL, s->n ? s->n * 2 : 1u << 16};
    to.slot = plm_mem_resize(NULL, (size_t)to.n * sizeof *to.slot);
    if (!to.slot) return false;
    memset(to.slot, 0, (size_t)to.n * sizeof *to.slot);
    for (uint32_t i = 0; i < count; i++) {
        uint32_t h = first_place(&to, &all[i]);
        while (to.slot[h]) h = (h + 1) & (to.n - 1);
        to.slot[h] = i + 1;
    }
    plm_mem_free(s->slot);
    *s = to;
    return true;
}

uint32_t *plm_unit_set_place(unit_set *s, const vec *units, const unit *u) {
    const unit *all = (const unit *)(const void *)units->p;
    if (units->n * 2 >= s->n && !grow(s, all, units->n)) return NULL;
    uint32_t h = first_place(s, u);
    while (s->slot[h] && memcmp(&all[s->slot[h] - 1], u, sizeof *u) != 0) h = (h + 1) & (s->n - 1);
    return &s->slot[h];
}
