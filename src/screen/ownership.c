/* ownership.c: the fix-points of the 50 % rules over an ownership graph.
 * For one completion of what is not known, the restricted set R is the least set with: a listed
 * node is in R; a node whose owners in R hold the threshold is in R.  The step from set to set is
 * monotone, in the shares too, so two least fix-points bound every completion:
 *   L  shares at their low ends, unknown listings no, unknown owners unlisted  (in R for certain)
 *   P  restricted owners as high as the others' low ends leave room, unknown listings yes,
 *      unknown owners restricted                                                (possibly in R)
 * Invariants: 1 L within P; 2 a node is YES iff in L, NO iff not in P, and both bounds are
 * attained by some completion (no needless unknown).  Held by tests/unit/test_ownership.c against
 * an enumeration of all completions of small graphs. */
#include "plimsoll/ownership.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

plm_own_rule plm_own_rule_of(plm_own_regime r) {
    plm_own_rule rule = {"bis", "15 CFR 744.11(a)", {{500000000u, 0, 0}, 0}, false, true, false};
    switch (r) {
    case PLM_OWN_BIS: break;
    case PLM_OWN_OFAC:
        rule.name = "ofac";
        rule.cite = "OFAC FAQ 401";
        break;
    case PLM_OWN_EU:
        rule.name = "eu";
        rule.cite = "EU Best Practices 11623/24";
        rule.control = true;
        break;
    case PLM_OWN_UK:
        rule.name = "uk";
        rule.cite = "SI 2019/855 reg. 7";
        rule.more_than = true;
        rule.aggregate = false;
        rule.control = true;
        break;
    }
    return rule;
}

plm_own_graph *plm_own_new(plm_arena *arena) {
    plm_own_graph *g = plm_arena_alloc(arena, sizeof *g);
    if (g) g->arena = arena;
    return g;
}

static bool no_memory(plm_fault *f) {
    return plm_fail(f, PLM_NO_MEMORY, "not enough memory for the ownership graph");
}

/* Doubles a table of the arena when it is full. */
static void *room(plm_own_graph *g, void *p, uint32_t n, uint32_t *cap, size_t row) {
    if (n < *cap) return p;
    uint32_t to = *cap ? *cap * 2 : 64;
    void *q = plm_arena_array(g->arena, to, row);
    if (!q) return NULL;
    if (n) memcpy(q, p, n * row);
    *cap = to;
    return q;
}

bool plm_own_add_node(plm_own_graph *g, const plm_own_node *node, uint32_t *out, plm_fault *f) {
    if (g->node_n == PLM_OWN_NODES_MAX)
        return plm_fail(f, PLM_OUT_OF_RANGE, "more than %u parties", PLM_OWN_NODES_MAX);
    void *p = room(g, g->nodes, g->node_n, &g->node_cap, sizeof *g->nodes);
    if (!p) return no_memory(f);
    g->nodes = p;
    plm_own_node *to = &g->nodes[g->node_n];
    *to = *node;
    to->id = plm_arena_copy(g->arena, node->id);
    to->name = plm_arena_copy(g->arena, node->name);
    to->note = plm_arena_copy(g->arena, node->note);
    if (!to->id.p || !to->name.p || !to->note.p) return no_memory(f);
    *out = g->node_n++;
    g->by_owned = NULL;
    return true;
}

static plm_dec one(void) { return plm_dec_int(1); }
static plm_dec zero(void) { return plm_dec_int(0); }

bool plm_own_add_edge(plm_own_graph *g, const plm_own_edge *e, plm_fault *f) {
    if (e->owner >= g->node_n || e->owned >= g->node_n || e->owner == e->owned)
        return plm_fail(f, PLM_BAD_INPUT, "a share in a party that is not there, or in itself");
    plm_iv s = e->share;
    if (s.no_lo || s.no_hi || s.lo.neg || plm_dec_cmp(s.hi, one()) > 0 ||
        plm_dec_cmp(s.lo, s.hi) > 0)
        return plm_fail(f, PLM_OUT_OF_RANGE, "a share outside 0 to 1, or with its ends swapped");
    if (g->edge_n == PLM_OWN_EDGES_MAX)
        return plm_fail(f, PLM_OUT_OF_RANGE, "more than %u shares", PLM_OWN_EDGES_MAX);
    void *p = room(g, g->edges, g->edge_n, &g->edge_cap, sizeof *g->edges);
    if (!p) return no_memory(f);
    g->edges = p;
    g->edges[g->edge_n++] = *e;
    g->by_owned = NULL;
    return true;
}

bool plm_own_find(const plm_own_graph *g, plm_str id, uint32_t *out) {
    for (uint32_t i = 0; i < g->node_n; i++)
        if (plm_str_eq(g->nodes[i].id, id)) {
            *out = i;
            return true;
        }
    return false;
}

/* Edges by their owned node: a counting sort, in the order they were added. */
static bool index_edges(plm_own_graph *g) {
    if (g->by_owned) return true;
    g->first = plm_arena_array(g->arena, g->node_n + 2, sizeof *g->first);
    uint32_t *by = plm_arena_array(g->arena, g->edge_n + 1, sizeof *by);
    if (!g->first || !by) return false;
    for (uint32_t i = 0; i < g->edge_n; i++) g->first[g->edges[i].owned + 2]++;
    for (uint32_t i = 2; i < g->node_n + 2; i++) g->first[i] += g->first[i - 1];
    for (uint32_t i = 0; i < g->edge_n; i++) by[g->first[g->edges[i].owned + 1]++] = i;
    g->by_owned = by;
    return true;
}

typedef struct bound {
    const plm_own_graph *g;
    const plm_own_rule *rule;
    bool high;   /* P; else L */
    bool *in;    /* by node */
} bound;

static plm_dec add(plm_dec a, plm_dec b) {
    plm_dec r = a;
    (void)plm_dec_add(a, b, &r); /* shares are at most 1 and at most 4 million: no overflow */
    return r;
}

static plm_dec larger(plm_dec a, plm_dec b) { return plm_dec_cmp(a, b) >= 0 ? a : b; }
static plm_dec smaller(plm_dec a, plm_dec b) { return plm_dec_cmp(a, b) <= 0 ? a : b; }

static plm_dec less(plm_dec a, plm_dec b) { /* a - b, not below zero */
    plm_dec r;
    return plm_dec_sub(a, b, &r) && !r.neg ? r : zero();
}

/* The most that one owner in the set can hold of x: its high end where the others' low ends
 * leave room; or what all known low ends leave, held by one owner that is not known. */
static plm_dec most_of_one(const bound *b, uint32_t x, plm_dec total_lo) {
    const plm_own_graph *g = b->g;
    plm_dec most = g->nodes[x].complete ? zero() : less(one(), total_lo);
    for (uint32_t k = g->first[x]; k < g->first[x + 1]; k++) {
        const plm_own_edge *e = &g->edges[g->by_owned[k]];
        if (!b->in[e->owner]) continue;
        plm_dec space = less(one(), less(total_lo, e->share.lo));
        most = larger(most, larger(e->share.lo, smaller(e->share.hi, space)));
    }
    return most;
}

/* Share that the owners in the set hold of node x at this bound, together and (where it is asked
 * for) the largest. */
static plm_dec held_by(const bound *b, uint32_t x, plm_dec *single) {
    const plm_own_graph *g = b->g;
    plm_dec in_lo = zero(), in_hi = zero(), out_lo = zero(), most = zero();
    for (uint32_t k = g->first[x]; k < g->first[x + 1]; k++) {
        const plm_own_edge *e = &g->edges[g->by_owned[k]];
        if (b->in[e->owner]) {
            in_lo = add(in_lo, e->share.lo);
            in_hi = add(in_hi, e->share.hi);
            most = larger(most, e->share.lo);
        } else {
            out_lo = add(out_lo, e->share.lo);
        }
    }
    if (single) *single = b->high ? most_of_one(b, x, add(in_lo, out_lo)) : most;
    if (!b->high) return in_lo;
    plm_dec rest = less(one(), out_lo);
    return larger(in_lo, g->nodes[x].complete ? smaller(in_hi, rest) : rest);
}

static bool controlled(const bound *b, uint32_t x) {
    const plm_own_graph *g = b->g;
    for (uint32_t k = g->first[x]; k < g->first[x + 1]; k++) {
        const plm_own_edge *e = &g->edges[g->by_owned[k]];
        if (b->in[e->owner] && (e->control == PLM_YES || (b->high && e->control == PLM_UNKNOWN)))
            return true;
    }
    return b->high && !g->nodes[x].complete; /* whoever is not known may control it */
}

static bool reaches(const plm_own_rule *r, plm_dec share) {
    int c = plm_dec_cmp(share, r->threshold);
    return r->more_than ? c > 0 : c >= 0;
}

static bool owned_at(const bound *b, uint32_t x) {
    plm_dec single, all = held_by(b, x, b->rule->aggregate ? NULL : &single);
    return reaches(b->rule, b->rule->aggregate ? all : single) ||
           (b->rule->control && controlled(b, x));
}

/* Least fix-point.  Each round looks at every node that is still out; a node enters once. */
static void fix_point(bound *b) {
    const plm_own_graph *g = b->g;
    for (uint32_t i = 0; i < g->node_n; i++)
        b->in[i] = g->nodes[i].listed == PLM_YES || (b->high && g->nodes[i].listed == PLM_UNKNOWN);
    for (bool more = true; more;) {
        more = false;
        for (uint32_t i = 0; i < g->node_n; i++)
            if (!b->in[i] && owned_at(b, i)) b->in[i] = more = true;
    }
}

static void add_steps(const bound *lo, const bound *hi, uint32_t party, plm_own_result *out,
                      uint32_t *queue, bool *seen) {
    const plm_own_graph *g = lo->g;
    uint32_t head = 0, n = 0;
    queue[n++] = party;
    seen[party] = true;
    while (head < n) {
        uint32_t x = queue[head++];
        for (uint32_t k = g->first[x]; k < g->first[x + 1]; k++) {
            const plm_own_edge *e = &g->edges[g->by_owned[k]];
            plm_truth in = lo->in[e->owner] ? PLM_YES : hi->in[e->owner] ? PLM_UNKNOWN : PLM_NO;
            bool counts = out->owned == PLM_YES ? in == PLM_YES
                        : out->owned == PLM_UNKNOWN ? in != PLM_NO : true;
            if (!counts) continue;
            if (out->step_n == PLM_OWN_STEPS_MAX) {
                out->cut = true;
                return;
            }
            out->steps[out->step_n++] = (plm_own_step){
                e->owner, x, e->share, g->nodes[e->owner].listed, in,
                lo->rule->control && e->control == PLM_YES};
            bool go_on = !seen[e->owner] && g->nodes[e->owner].listed != PLM_YES && in != PLM_NO;
            if (go_on) queue[n++] = e->owner;
            seen[e->owner] |= go_on;
        }
    }
}

static const char *label(const plm_own_node *n, int *len) {
    plm_str s = n->name.n ? n->name : n->id;
    *len = (int)(s.n > 80 ? 80 : s.n);
    return s.p;
}

/* The first thing whose answer could decide, nearest to the party. */
static void ask_for(const plm_own_graph *g, uint32_t party, plm_own_result *out) {
    int n, m;
    const char *p = label(&g->nodes[party], &n);
    for (uint32_t i = 0; i < out->step_n; i++) {
        const plm_own_step *s = &out->steps[i];
        const char *o = label(&g->nodes[s->owner], &m);
        if (s->restricted == PLM_UNKNOWN && s->listed == PLM_UNKNOWN) {
            snprintf(out->ask, sizeof out->ask, "is %.*s, an owner, itself listed? (its "
                     "registration extract and full name)", m, o);
            return;
        }
        if (s->restricted != PLM_NO && !plm_iv_is_point(s->share)) {
            const char *q = label(&g->nodes[s->owned], &n);
            snprintf(out->ask, sizeof out->ask, "the share that %.*s holds of %.*s (register of "
                     "shareholders)", m, o, n, q);
            return;
        }
        if (s->restricted == PLM_UNKNOWN && !g->nodes[s->owner].complete) {
            snprintf(out->ask, sizeof out->ask, "the owners of %.*s (register of shareholders, "
                     "beneficial-ownership statement)", m, o);
            return;
        }
    }
    snprintf(out->ask, sizeof out->ask, "the owners of %.*s and their shares (register of "
             "shareholders, beneficial-ownership statement)", n, p);
}

/* A listed party is in both sets already; whether it is owned so is asked of its owners. */
static plm_truth owned_between(const bound *lo, const bound *hi, uint32_t party) {
    return owned_at(lo, party) ? PLM_YES : owned_at(hi, party) ? PLM_UNKNOWN : PLM_NO;
}

bool plm_own_owned(plm_own_graph *g, uint32_t party, const plm_own_rule *rule, plm_truth *out) {
    if (party >= g->node_n || !index_edges(g)) return false;
    bool *in = plm_arena_array(g->arena, g->node_n, 2 * sizeof *in);
    if (!in) return false;
    bound lo = {g, rule, false, in}, hi = {g, rule, true, in + g->node_n};
    fix_point(&lo);
    fix_point(&hi);
    *out = owned_between(&lo, &hi, party);
    return true;
}

bool plm_own_decide(plm_own_graph *g, uint32_t party, const plm_own_rule *rule,
                    plm_own_result *out, plm_fault *f) {
    memset(out, 0, sizeof *out);
    if (party >= g->node_n)
        return plm_fail(f, PLM_NOT_FOUND, "no such party in the ownership graph");
    size_t n = g->node_n;
    bool *low = plm_arena_array(g->arena, n, 1), *high = plm_arena_array(g->arena, n, 1);
    bool *seen = plm_arena_array(g->arena, n, 1);
    uint32_t *queue = plm_arena_array(g->arena, n + 1, sizeof *queue);
    if (!low || !high || !seen || !queue || !index_edges(g)) return no_memory(f);
    bound lo = {g, rule, false, low}, hi = {g, rule, true, high};
    fix_point(&lo);
    fix_point(&hi);
    plm_dec single, lo_all = held_by(&lo, party, &single), lo_one = single;
    plm_dec hi_all = held_by(&hi, party, &single), hi_one = single;
    out->held = rule->aggregate ? (plm_iv){.lo = lo_all, .hi = hi_all}
                                : (plm_iv){.lo = lo_one, .hi = hi_one};
    out->owned = owned_between(&lo, &hi, party);
    add_steps(&lo, &hi, party, out, queue, seen);
    if (out->owned == PLM_UNKNOWN) ask_for(g, party, out);
    return true;
}

/* A case's tree as a graph */

typedef struct tree {
    plm_own_graph *g;
    plm_own_listed listed;
    void *ctx;
    const plm_owner **owner_of;
} tree;

static bool add_owners(tree *t, uint32_t owned, const plm_owner *o, uint32_t n, unsigned depth,
                       plm_fault *f) {
    if (depth > PLM_CASE_DEPTH_MAX)
        return plm_fail(f, PLM_OUT_OF_RANGE, "owners within each other deeper than %d levels",
                        PLM_CASE_DEPTH_MAX);
    for (uint32_t i = 0; i < n; i++) {
        uint32_t at;
        plm_own_node node = {.id = o[i].name, .name = o[i].name,
                             .headquarters = o[i].headquarters, .note = {"", 0},
                             .listed = t->listed(t->ctx, &o[i]),
                             .complete = o[i].owner_count == 0}; /* the end of its branch */
        plm_own_edge e = {.owned = owned, .share = {.lo = zero(), .hi = one()},
                          .control = PLM_UNKNOWN};
        if (o[i].share.given) e.share = o[i].share.iv;
        if (!plm_own_add_node(t->g, &node, &at, f)) return false;
        e.owner = at;
        if (!plm_own_add_edge(t->g, &e, f)) return false;
        if (t->owner_of && at <= PLM_CASE_OWNERS_MAX) t->owner_of[at] = &o[i];
    }
    uint32_t first = t->g->node_n - n;
    for (uint32_t i = 0; i < n; i++)
        if (!add_owners(t, first + i, o[i].owners, o[i].owner_count, depth + 1, f)) return false;
    return true;
}

bool plm_own_of_party(plm_arena *arena, const plm_party *party, plm_own_listed restricted,
                      void *ctx, plm_own_graph **graph, uint32_t *at, const plm_owner **owner_of,
                      plm_fault *f) {
    tree t = {plm_own_new(arena), restricted, ctx, owner_of};
    if (!t.g) return no_memory(f);
    plm_own_node node = {.id = party->name, .name = party->name, .note = {"", 0},
                         .headquarters = party->headquarters, .listed = PLM_NO,
                         .complete = party->owners_known && party->owner_count == 0};
    if (owner_of) owner_of[0] = NULL;
    *graph = t.g;
    return plm_own_add_node(t.g, &node, at, f) &&
           add_owners(&t, *at, party->owners, party->owner_count, 1, f);
}

bool plm_own_decide_party(plm_arena *arena, const plm_party *party, plm_own_listed restricted,
                          void *ctx, const plm_own_rule *rule, plm_own_result *out,
                          plm_own_graph **graph, const plm_owner **owner_of, plm_fault *f) {
    plm_own_graph *g;
    uint32_t at;
    if (!plm_own_of_party(arena, party, restricted, ctx, &g, &at, owner_of, f)) return false;
    if (graph) *graph = g;
    return plm_own_decide(g, at, rule, out, f);
}

plm_truth plm_own_ultimate(plm_own_graph *g, uint32_t party, uint32_t *out) {
    plm_dec half = {{500000000u, 0, 0}, 0};
    if (party >= g->node_n || !index_edges(g)) return PLM_UNKNOWN;
    for (uint32_t x = party, steps = 0; steps <= g->node_n; steps++) {
        uint32_t up = x;
        plm_dec known = zero(), rest;
        bool open = false;
        for (uint32_t k = g->first[x]; k < g->first[x + 1]; k++) {
            const plm_own_edge *e = &g->edges[g->by_owned[k]];
            known = add(known, e->share.lo);
            if (plm_dec_cmp(e->share.lo, half) > 0) up = e->owner;
            else open |= plm_dec_cmp(e->share.hi, half) > 0;
        }
        if (up == x) {
            if (!plm_dec_sub(one(), known, &rest)) rest = zero();
            open |= !g->nodes[x].complete && plm_dec_cmp(rest, half) > 0;
            *out = x;
            return open ? PLM_UNKNOWN : PLM_YES;
        }
        x = up;
    }
    return PLM_UNKNOWN; /* a ring of majorities */
}
