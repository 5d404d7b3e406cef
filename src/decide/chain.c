/* chain.c: what an item is designed for, followed tier by tier: to an item of the case, or to what
 * the case describes, and on to what that is designed for.
 * Invariants: 1 a reference names an item of the case, and none leads back to where it started;
 * 2 nothing is followed further than PLM_CASE_TIERS_MAX edges; 3 an edge is seen at most twice for
 * one item: on a way where each tier goes into the making of the next, and on any other; 4 a chain
 * and the end use that the case states don't contradict each other, so that leaving the chain out
 * never permits.
 * Held by tests/unit/test_case.c and tests/cases/test_chain. */
#include "decide/desk.h"
#include "plimsoll/goods.h"

#include <stdio.h>
#include <string.h>

#define EDGE_PATH_MAX 191

/* ---- references ---- */

typedef struct walk {
    const plm_item *items;
    uint32_t count;
    plm_fault *f;
    uint8_t colour[PLM_CASE_EDGES_MAX]; /* 0 not seen, 1 being followed, 2 done */
    uint8_t height[PLM_CASE_EDGES_MAX]; /* tiers from here on, this one too */
} walk;

/* "items[1].contains[0]": the item that it names, or NULL. */
static const plm_item *named(const walk *w, plm_str path) {
    static const char *const words[] = {"items[", ".contains["};
    const plm_item *list = w->items, *at = NULL;
    uint32_t count = w->count;
    size_t i = 0;
    for (int level = 0; i < path.n; level = 1) {
        const char *word = words[level];
        size_t n = strlen(word);
        if (path.n - i < n || memcmp(path.p + i, word, n) != 0) return NULL;
        uint32_t k = 0;
        size_t from = i += n;
        for (; i < path.n && path.p[i] >= '0' && path.p[i] <= '9' && k <= PLM_CASE_ITEMS_MAX; i++)
            k = k * 10 + (uint32_t)(path.p[i] - '0');
        if (i == from || i == path.n || path.p[i++] != ']' || k >= count) return NULL;
        at = &list[k];
        list = at->parts;
        count = at->part_count;
    }
    return at;
}

/* The edge's own path, found again only to say where a fault is. */
static bool find_edge(const plm_edge *v, uint32_t n, const plm_edge *e, const char *up,
                      char out[EDGE_PATH_MAX + 1]) {
    for (uint32_t i = 0; i < n; i++) {
        char here[EDGE_PATH_MAX + 1];
        snprintf(here, sizeof here, "%.150s.designed_for[%u]", up, i);
        if (&v[i] == e) {
            memcpy(out, here, sizeof here);
            return true;
        }
        if (find_edge(v[i].edges, v[i].edge_count, e, here, out)) return true;
    }
    return false;
}

static bool find_in_items(const plm_item *v, uint32_t n, const plm_edge *e, const char *up,
                          const char *key, char out[EDGE_PATH_MAX + 1]) {
    for (uint32_t i = 0; i < n; i++) {
        char here[EDGE_PATH_MAX + 1];
        snprintf(here, sizeof here, "%.150s.%s[%u]", up, key, i);
        if (find_edge(v[i].edges, v[i].edge_count, e, here, out) ||
            find_in_items(v[i].parts, v[i].part_count, e, here, "contains", out))
            return true;
    }
    return false;
}

static bool wrong(const walk *w, const plm_edge *e, plm_code code, const char *say) {
    char at[EDGE_PATH_MAX + 1] = "transaction.items";
    find_in_items(w->items, w->count, e, "transaction", "items", at);
    return plm_fail_at(w->f, code, at, 0, 0, "%s", say);
}

static bool follow(walk *w, plm_edge *v, uint32_t n, uint8_t *height);

static bool follow_edge(walk *w, plm_edge *e) {
    if (w->colour[e->number] == 2) return true;
    if (w->colour[e->number] == 1)
        return wrong(w, e, PLM_BAD_INPUT, "leads back to itself: take one of these edges out");
    w->colour[e->number] = 1;
    if (e->item.n && !e->to) e->to = named(w, e->item);
    if (e->item.n && !e->to)
        return wrong(w, e, PLM_BAD_INPUT,
                     "names no item of the case: write its path, such as items[1]");
    plm_edge *next = e->to ? e->to->edges : e->edges;
    uint8_t below = 0;
    if (!follow(w, next, e->to ? e->to->edge_count : e->edge_count, &below)) return false;
    if (below >= PLM_CASE_TIERS_MAX) {
        char say[64];
        snprintf(say, sizeof say, "goes further than %d tiers", PLM_CASE_TIERS_MAX);
        return wrong(w, e, PLM_OUT_OF_RANGE, say);
    }
    w->height[e->number] = (uint8_t)(below + 1);
    w->colour[e->number] = 2;
    return true;
}

static bool follow(walk *w, plm_edge *v, uint32_t n, uint8_t *height) {
    for (uint32_t i = 0; i < n; i++) {
        if (!follow_edge(w, &v[i])) return false;
        if (w->height[v[i].number] > *height) *height = w->height[v[i].number];
    }
    return true;
}

static bool follow_items(walk *w, const plm_item *v, uint32_t n) {
    for (uint32_t i = 0; i < n; i++) {
        uint8_t height = 0;
        if (!follow(w, v[i].edges, v[i].edge_count, &height) ||
            !follow_items(w, v[i].parts, v[i].part_count))
            return false;
    }
    return true;
}

bool desk_chain_resolve(const plm_item *items, uint32_t count, plm_fault *f) {
    walk w = {.items = items, .count = count, .f = f};
    return follow_items(&w, items, count);
}

/* ---- what an item is for ---- */

typedef struct tier {
    const plm_edge *edge;
    uint32_t tier;
    bool into; /* each tier before goes into the making of the next */
} tier;

/* Does the item go into the making of this edge's target? */
static bool makes(const tier *t) {
    return t->into && (t->edge->purpose == PLM_PURPOSE_production ||
                       t->edge->purpose == PLM_PURPOSE_development);
}

static bool is_for_supercomputer(const tier *t) {
    return t->edge->target == PLM_TARGET_supercomputer && t->into && t->edge->purpose;
}

static const char *target_text(const plm_edge *e, char out[64]) {
    plm_str code = e->to ? e->to->eccn : e->eccn;
    if (code.n) snprintf(out, 64, "%.*s", (int)(code.n < 40 ? code.n : 40), code.p);
    else snprintf(out, 64, "%s", e->target ? plm_target_names[e->target] : "what is not named");
    return out;
}

/* Several edges of one tier may lead to one item: told once. */
static bool told(const tier *v, uint32_t i) {
    for (uint32_t k = 0; k < i; k++)
        if (v[i].edge->to && v[k].edge->to == v[i].edge->to && v[k].tier == v[i].tier &&
            v[k].into == v[i].into && v[k].edge->purpose == v[i].edge->purpose)
            return true;
    return false;
}

static void tell(plm_desk *d, uint32_t at, const tier *v, uint32_t i) {
    char what[64], path[PATH_TEXT];
    const tier *t = &v[i];
    if (t->into && t->edge->purpose && !told(v, i))
        desk_warn(d, "%s: tier %u: for %s of %s%s%.*s", desk_item_path(d, at, path).p, t->tier,
                  plm_purpose_names[t->edge->purpose], target_text(t->edge, what),
                  t->edge->item.n ? ", " : "", PLM_FMT(t->edge->item));
}

/* Every edge from the item on, nearest tier first; the count. */
static uint32_t tiers(const plm_item *t, tier out[2 * PLM_CASE_EDGES_MAX]) {
    uint8_t seen[PLM_CASE_EDGES_MAX] = {0};
    uint32_t n = 0;
    for (uint32_t i = 0; i < t->edge_count; i++) {
        out[n++] = (tier){&t->edges[i], 1, true};
        seen[t->edges[i].number] = 2;
    }
    for (uint32_t i = 0; i < n; i++) {
        const plm_edge *e = out[i].edge, *next = e->to ? e->to->edges : e->edges;
        bool into = makes(&out[i]);
        for (uint32_t k = 0; k < (e->to ? e->to->edge_count : e->edge_count); k++) {
            uint8_t mark = into ? 2 : 1;
            if (seen[next[k].number] & mark) continue;
            seen[next[k].number] |= mark;
            out[n++] = (tier){&next[k], out[i].tier + 1, into};
        }
    }
    return n;
}

/* The code of an edge's target as the rulebook reads it, empty where none can be read. */
static plm_str code_of(plm_desk *d, const plm_edge *e) {
    plm_eccn parsed;
    char text[PLM_ECCN_TEXT];
    if (!plm_eccn_parse(e->to ? e->to->eccn : e->eccn, &parsed)) return (plm_str){"", 0};
    return plm_arena_copy(d->arena, (plm_str){text, plm_eccn_print(&parsed, text)});
}

/* Equipment of category 3, product group B, but for masks and reticles and their like. */
static bool is_chipmaking(const plm_edge *e) {
    static const char *const other[] = {"3B001.g", "3B001.h", "3B991.b.2.a", "3B991.b.2.b"};
    plm_eccn c;
    if (e->target == PLM_TARGET_chipmaking_equipment) return true;
    if (!plm_eccn_parse(e->to ? e->to->eccn : e->eccn, &c) || strncmp(c.base, "3B", 2) != 0)
        return false;
    for (size_t i = 0; i < sizeof other / sizeof *other; i++)
        if (plm_eccn_within_text(&c, other[i]) == PLM_YES) return false;
    return true;
}

static bool agrees(const plm_case *c, const plm_item *v, uint32_t n, const walk *w) {
    tier t[2 * PLM_CASE_EDGES_MAX];
    bool no_tools = c->end_use[PLM_U_semiconductor_equipment_development] == PLM_NO;
    bool no_super = c->end_use[PLM_U_supercomputer] == PLM_NO;
    for (uint32_t i = 0; i < n; i++) {
        uint32_t count = v[i].edge_count ? tiers(&v[i], t) : 0;
        for (uint32_t k = 0; k < count; k++) {
            if (no_tools && makes(&t[k]) && is_chipmaking(t[k].edge))
                return wrong(w, t[k].edge, PLM_BAD_INPUT,
                             "is for the making of chipmaking equipment, yet end_use."
                             "semiconductor_equipment_development is false: mend one of the two");
            if (no_super && is_for_supercomputer(&t[k]))
                return wrong(w, t[k].edge, PLM_BAD_INPUT,
                             "is for a supercomputer, yet end_use.supercomputer is false: "
                             "mend one of the two");
        }
        if (!agrees(c, v[i].parts, v[i].part_count, w)) return false;
    }
    return true;
}

bool desk_chain_agrees(const plm_case *c, plm_fault *f) {
    walk w = {.items = c->items, .count = c->item_count, .f = f};
    return agrees(c, c->items, c->item_count, &w);
}

bool desk_chain_fill(plm_desk *d, uint32_t at, const plm_item *t) {
    tier v[2 * PLM_CASE_EDGES_MAX];
    uint32_t n = t->edge_count ? tiers(t, v) : 0, for_count = 0, make_count = 0;
    plm_str *codes = plm_arena_array(d->arena, 2 * (size_t)n + 1, sizeof *codes);
    if (!codes) return false;
    plm_str *made = codes + n;
    plm_truth sme = PLM_NO, super = PLM_NO;
    for (uint32_t i = 0; i < n; i++) {
        const plm_edge *e = v[i].edge;
        plm_str code = code_of(d, e);
        if (code.n) codes[for_count++] = code;
        if (code.n && makes(&v[i])) made[make_count++] = code;
        if (e->target == PLM_TARGET_chipmaking_equipment && makes(&v[i])) sme = PLM_YES;
        if (is_for_supercomputer(&v[i])) super = PLM_YES;
        tell(d, at, v, i);
    }
    if (t->designed_for_known)
        plm_facts_codes(d->world, d->facts[DF_designed_for], at, codes, for_count);
    plm_facts_codes(d->world, d->facts[DF_produces], at, made, make_count);
    plm_facts_yesno(d->world, d->facts[DF_produces_sme], at, sme);
    plm_facts_yesno(d->world, d->facts[DF_for_supercomputer], at, super);
    return true;
}
