/* world.c: ids as small numbers, and the questions that every finder asks of a world.
 * Held by tests/scenes/test_custody_watch. */
#include "custody/world.h"

#include <math.h>
#include <string.h>

const char *const plm_w_step_names[PLM_W_STEP_COUNT] = {
#define PLM_X(n) #n,
    PLM_W_STEPS(PLM_X)
#undef PLM_X
};

/* FNV-1a: keys are short, and the table is never reached from outside with chosen keys alone:
 * its probe length is bounded by keeping half of the slots free. */
static uint32_t hash_of(plm_str s) {
    uint64_t h = 1469598103934665603u;
    for (size_t i = 0; i < s.n; i++) h = (h ^ (unsigned char)s.p[i]) * 1099511628211u;
    return (uint32_t)(h ^ (h >> 29));
}

static bool index_grow(plm_w_index *x) {
    uint32_t slots = x->slots ? x->slots * 2 : 1024;
    uint32_t *slot = plm_mem_resize(NULL, (size_t)slots * sizeof *slot);
    plm_str *v = plm_mem_resize(x->v, (size_t)slots / 2 * sizeof *v);
    if (v) x->v = v;
    if (!slot || !v) {
        plm_mem_free(slot);
        return false;
    }
    memset(slot, 0xff, (size_t)slots * sizeof *slot);
    for (uint32_t i = 0; i < x->n; i++) {
        uint32_t k = hash_of(x->v[i]) & (slots - 1);
        while (slot[k] != PLM_W_NONE) k = (k + 1) & (slots - 1);
        slot[k] = i;
    }
    plm_mem_free(x->slot);
    x->slot = slot;
    x->slots = slots;
    x->cap = slots / 2;
    return true;
}

uint32_t plm_w_index_get(const plm_w_index *x, plm_str s) {
    if (!x->slots || !s.n) return PLM_W_NONE;
    uint32_t k = hash_of(s) & (x->slots - 1);
    while (x->slot[k] != PLM_W_NONE) {
        if (plm_str_eq(x->v[x->slot[k]], s)) return x->slot[k];
        k = (k + 1) & (x->slots - 1);
    }
    return PLM_W_NONE;
}

uint32_t plm_w_index_put(plm_w_index *x, plm_str s) {
    uint32_t i = plm_w_index_get(x, s);
    if (i != PLM_W_NONE || !s.n) return i;
    if (x->n == x->cap && !index_grow(x)) return PLM_W_NONE;
    uint32_t k = hash_of(s) & (x->slots - 1);
    while (x->slot[k] != PLM_W_NONE) k = (k + 1) & (x->slots - 1);
    x->slot[k] = x->n;
    x->v[x->n] = s;
    return x->n++;
}

void plm_w_index_free(plm_w_index *x) {
    plm_mem_free(x->v);
    plm_mem_free(x->slot);
    memset(x, 0, sizeof *x);
}

uint32_t plm_w_thing_of(plm_world *w, plm_str key) {
    uint32_t i = plm_w_index_put(&w->thing_ids, key);
    if (i == PLM_W_NONE) return i;
    if (i >= w->thing_cap) {
        uint32_t cap = w->thing_cap ? w->thing_cap * 2 : 4096;
        plm_w_thing *v = plm_mem_resize(w->thing, (size_t)cap * sizeof *v);
        if (!v) return PLM_W_NONE;
        w->thing = v;
        w->thing_cap = cap;
    }
    for (; w->things <= i; w->things++) {
        plm_w_thing *t = &w->thing[w->things];
        memset(t, 0, sizeof *t);
        t->made = PLM_W_NEVER;
        t->root = t->label = w->things;
        t->in_first = t->holds_first = t->open_box = t->open_board = PLM_W_NONE;
        bool box = plm_str_starts(w->thing_ids.v[w->things], "00/");
        t->kind = box ? PLM_W_BOX : PLM_W_OTHER;
    }
    return i;
}

bool plm_w_same_place(plm_w_place a, plm_w_place b) {
    if (a.site != PLM_W_NONE && b.site != PLM_W_NONE) return a.site == b.site;
    double d = plm_w_km(a, b);
    return d >= 0 && d < 60; /* a hand-held reader's fix is within a town */
}

double plm_w_km(plm_w_place a, plm_w_place b) {
    if (a.site != PLM_W_NONE && a.site == b.site) return 0;
    if (!a.placed || !b.placed) return -1;
    const double rad = 3.14159265358979323846 / 180;
    double p = a.lat * rad, q = b.lat * rad;
    double h = sin((q - p) / 2), k = sin((b.lon - a.lon) * rad / 2);
    h = h * h + cos(p) * cos(q) * k * k;
    return 12742.0176 * asin(h > 1 ? 1 : sqrt(h));
}

plm_str plm_w_shown(const plm_world *w, plm_str key) {
    uint32_t i = plm_w_index_get(&w->names, key);
    return i == PLM_W_NONE ? key : w->shown[i];
}

plm_str plm_w_thing_shown(const plm_world *w, uint32_t thing) {
    return thing == PLM_W_NONE ? PLM_STR("") : plm_w_shown(w, w->thing_ids.v[thing]);
}

uint32_t plm_w_board_at(const plm_world *w, uint32_t module, int64_t t, int64_t slack) {
    for (uint32_t i = w->thing[module].in_first; i != PLM_W_NONE; i = w->in[i].next_of_child) {
        const plm_w_in *n = &w->in[i];
        if (n->board && n->from - slack <= t && (n->to == PLM_W_NEVER || t <= n->to + slack))
            return w->thing[n->parent].root;
    }
    return PLM_W_NONE;
}

bool plm_w_on_board(const plm_world *w, uint32_t module, uint32_t root, int64_t t, int64_t slack) {
    for (uint32_t i = w->thing[module].in_first; i != PLM_W_NONE; i = w->in[i].next_of_child) {
        const plm_w_in *n = &w->in[i];
        if (n->board && w->thing[n->parent].root == root && n->from - slack <= t &&
            (n->to == PLM_W_NEVER || t <= n->to + slack))
            return true;
    }
    return false;
}

uint32_t plm_w_chips_at(const plm_world *w, uint32_t root, int64_t t, uint32_t *out, uint32_t max) {
    uint32_t n = 0;
    if (w->thing[root].kind != PLM_W_CHASSIS) {
        if (max) out[0] = root;
        return max ? 1 : 0;
    }
    /* a renewed label is another thing of the same unit: its list is looked at too */
    for (uint32_t l = root;; l = w->thing[root].label) {
        for (uint32_t i = w->thing[l].holds_first; i != PLM_W_NONE; i = w->in[i].next_of_parent) {
            const plm_w_in *e = &w->in[i];
            if (e->board && e->from <= t && t < e->to && n < max) out[n++] = e->child;
        }
        if (l == w->thing[root].label) break;
    }
    return n;
}

const plm_w_stay *plm_w_stay_at(const plm_world *w, uint32_t root, int64_t t) {
    const plm_w_journey *j = &w->journey[root];
    for (uint32_t i = j->stays; i-- > 0;) {
        const plm_w_stay *s = &w->stay[j->stay0 + i];
        if (s->in <= t) return t < s->out ? s : NULL;
    }
    return NULL;
}

const plm_w_stay *plm_w_stay_last(const plm_world *w, uint32_t root) {
    const plm_w_journey *j = &w->journey[root];
    return j->stays ? &w->stay[j->stay0 + j->stays - 1] : NULL;
}

bool plm_w_license_names_site(const plm_w_license *l, uint32_t site) {
    for (uint32_t i = 0; i < l->site_n; i++)
        if (l->sites[i] == site) return true;
    return false;
}

void plm_world_free(plm_world *w) {
    if (!w) return;
    plm_w_index *x[] = {&w->thing_ids, &w->site_ids, &w->party_ids, &w->license_ids,
                        &w->order_ids, &w->device_ids, &w->names, &w->marks};
    for (size_t i = 0; i < sizeof x / sizeof *x; i++) plm_w_index_free(x[i]);
    void *v[] = {w->shown, w->device_thing, w->thing, w->site, w->license, w->order, w->event,
                 w->listed, w->pair, w->in, w->sight, w->att, w->attdev, w->loc, w->bound,
                 w->journey, w->stay, w->odd};
    for (size_t i = 0; i < sizeof v / sizeof *v; i++) plm_mem_free(v[i]);
    plm_arena_free(w->a);
    memset(w, 0, sizeof *w);
}
