/* Ownership: the fix-points against an enumeration of every completion of small random graphs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "plimsoll/ownership.h"

#define GRID 4 /* shares in quarters */
#define NODES 5
#define EDGES 7

static uint64_t state = 88172645463325252u;
static uint32_t dice(uint32_t n) {
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (uint32_t)(state >> 33) % n;
}

typedef struct edge {
    int owner, owned, lo, hi;
    plm_truth control;
} edge;
typedef struct world {
    int n, m;
    plm_truth listed[NODES];
    bool complete[NODES];
    edge e[EDGES];
} world;

static world roll(void) {
    world w = {.n = 2 + (int)dice(NODES - 1)};
    for (int i = 0; i < w.n; i++) {
        uint32_t d = dice(10);
        w.listed[i] = i == 0 ? PLM_NO : d < 3 ? PLM_YES : d < 5 ? PLM_UNKNOWN : PLM_NO;
        w.complete[i] = dice(3) != 0;
    }
    int want = 1 + (int)dice(EDGES);
    for (int k = 0; k < want; k++) {
        edge e = {(int)dice((uint32_t)w.n), (int)dice((uint32_t)w.n), 0, 0, PLM_NO};
        if (e.owner == e.owned) continue;
        bool twice = false;
        for (int j = 0; j < w.m; j++) twice |= w.e[j].owner == e.owner && w.e[j].owned == e.owned;
        if (twice) continue;
        e.lo = (int)dice(GRID + 1);
        e.hi = dice(3) ? e.lo : e.lo + (int)dice((uint32_t)(GRID + 1 - e.lo));
        e.control = dice(4) ? PLM_NO : (plm_truth)(1 + dice(2));
        w.e[w.m++] = e;
    }
    return w;
}

/* One completion. */
typedef struct full {
    int share[EDGES];
    bool listed[NODES], rest[NODES], control[EDGES], rest_control[NODES];
} full;

static bool owned_in(const world *w, const full *c, const bool *in, int x, const plm_own_rule *r) {
    int all = 0, single = 0, total = 0;
    bool control = c->rest_control[x];
    for (int k = 0; k < w->m; k++) {
        if (w->e[k].owned != x) continue;
        total += c->share[k];
        if (!in[w->e[k].owner]) continue;
        all += c->share[k];
        if (c->share[k] > single) single = c->share[k];
        control |= c->control[k];
    }
    if (c->rest[x]) {
        all += GRID - total;
        if (GRID - total > single) single = GRID - total;
    }
    int share = r->aggregate ? all : single;
    return (r->more_than ? share * 2 > GRID : share * 2 >= GRID) || (r->control && control);
}

static bool truth_in(const world *w, const full *c, const plm_own_rule *r) {
    bool in[NODES];
    for (int i = 0; i < w->n; i++) in[i] = c->listed[i];
    for (bool more = true; more;) {
        more = false;
        for (int i = 0; i < w->n; i++)
            if (!in[i] && owned_in(w, c, in, i, r)) in[i] = more = true;
    }
    return owned_in(w, c, in, 0, r);
}

typedef struct tally {
    uint64_t yes, no, left;
} tally;

static bool sums_fit(const world *w, const full *c) {
    for (int x = 0; x < w->n; x++) {
        int total = 0;
        for (int k = 0; k < w->m; k++)
            if (w->e[k].owned == x) total += c->share[k];
        if (total > GRID) return false;
    }
    return true;
}

static void over_nodes(const world *w, full *c, int i, const plm_own_rule *r, tally *t) {
    if (t->left == 0) return;
    if (i == w->n) {
        t->left--;
        if (truth_in(w, c, r)) t->yes++;
        else t->no++;
        return;
    }
    for (int l = 0; l < 2; l++) {
        if (w->listed[i] != PLM_UNKNOWN && l != (w->listed[i] == PLM_YES)) continue;
        c->listed[i] = l;
        for (int rest = 0; rest < (w->complete[i] ? 1 : 2); rest++) {
            c->rest[i] = rest;
            c->rest_control[i] = rest; /* whoever holds the rest may control too */
            over_nodes(w, c, i + 1, r, t);
        }
    }
}

static void over_edges(const world *w, full *c, int k, const plm_own_rule *r, tally *t) {
    if (k == w->m) {
        if (sums_fit(w, c)) over_nodes(w, c, 0, r, t);
        return;
    }
    for (int ctl = 0; ctl < 2; ctl++) {
        if (w->e[k].control != PLM_UNKNOWN && ctl != (w->e[k].control == PLM_YES)) continue;
        c->control[k] = ctl;
        for (c->share[k] = w->e[k].lo; c->share[k] <= w->e[k].hi; c->share[k]++)
            over_edges(w, c, k + 1, r, t);
    }
}

static plm_own_graph *graph_of(const world *w, plm_arena *a) {
    plm_own_graph *g = plm_own_new(a);
    plm_dec quarter = {{1000000000u / GRID, 0, 0}, 0};
    for (int i = 0; i < w->n; i++) {
        char id[2] = {(char)('a' + i), 0};
        uint32_t at;
        plm_own_node n = {.id = plm_str_c(id), .name = plm_str_c(id), .note = PLM_STR(""),
                          .listed = w->listed[i], .complete = w->complete[i]};
        assert_true(plm_own_add_node(g, &n, &at, NULL));
    }
    for (int k = 0; k < w->m; k++) {
        plm_own_edge e = {(uint32_t)w->e[k].owner, (uint32_t)w->e[k].owned, plm_iv_any(),
                          w->e[k].control};
        e.share.no_lo = e.share.no_hi = false;
        plm_dec_mul(quarter, plm_dec_int(w->e[k].lo), false, &e.share.lo);
        plm_dec_mul(quarter, plm_dec_int(w->e[k].hi), false, &e.share.hi);
        assert_true(plm_own_add_edge(g, &e, NULL));
    }
    return g;
}

static void fix_points_are_what_every_completion_says(void **s) {
    (void)s;
    unsigned decided[3] = {0, 0, 0}, compared = 0;
    for (int round = 0; round < 6000; round++) {
        world w = roll();
        plm_own_rule r = plm_own_rule_of((plm_own_regime)(round % 4));
        tally t = {.left = 200000};
        full c = {0};
        over_edges(&w, &c, 0, &r, &t);
        if (t.yes + t.no == 0 || t.left == 0) continue; /* shares that can't be, or too many */
        plm_truth want = t.no == 0 ? PLM_YES : t.yes == 0 ? PLM_NO : PLM_UNKNOWN;
        plm_arena *a = plm_arena_new(1 << 20);
        plm_own_result out;
        assert_true(plm_own_decide(graph_of(&w, a), 0, &r, &out, NULL));
        if (out.owned != want) fail_msg("round %d: %d, enumeration %d", round, out.owned, want);
        assert_true((out.owned == PLM_UNKNOWN) == (out.ask[0] != 0));
        decided[want]++;
        compared++;
        plm_arena_free(a);
    }
    assert_true(compared > 4000);
    assert_true(decided[0] > 200 && decided[1] > 200 && decided[2] > 200);
}

static plm_num share(const char *lo, const char *hi) {
    plm_num n = {.given = true};
    assert_true(plm_dec_parse(plm_str_c(lo), false, &n.iv.lo, NULL));
    assert_true(plm_dec_parse(plm_str_c(hi), false, &n.iv.hi, NULL));
    return n;
}

static plm_truth is_listed(void *ctx, const plm_owner *o) {
    (void)ctx;
    return o->listed.given ? o->listed.flag[PLM_L_entity_list] : PLM_UNKNOWN;
}

static plm_owner owner(const char *name, plm_num s, plm_truth listed) {
    plm_owner o = {.name = plm_str_c(name), .share = s};
    o.listed.given = listed != PLM_UNKNOWN;
    o.listed.flag[PLM_L_entity_list] = listed;
    return o;
}

static plm_own_result decide(plm_owner *owners, uint32_t n, bool known) {
    plm_arena *a = plm_arena_new(1 << 20);
    plm_party p = {.name = PLM_STR("Weihe"), .owners_known = known, .owner_count = n,
                   .owners = owners};
    plm_own_rule r = plm_own_rule_of(PLM_OWN_BIS);
    plm_own_result out;
    assert_true(plm_own_decide_party(a, &p, is_listed, NULL, &r, &out, NULL, NULL, NULL));
    plm_arena_free(a);
    return out;
}

static void half_is_enough_and_less_is_not(void **s) {
    (void)s;
    plm_owner at[] = {owner("Kunlun", share("0.50", "0.50"), PLM_YES),
                      owner("Li", share("0.50", "0.50"), PLM_NO)};
    assert_int_equal(decide(at, 2, true).owned, PLM_YES);
    plm_owner below[] = {owner("Kunlun", share("0.4999", "0.4999"), PLM_YES),
                         owner("Li", share("0.5001", "0.5001"), PLM_NO)};
    assert_int_equal(decide(below, 2, true).owned, PLM_NO);
    plm_owner two[] = {owner("A", share("0.25", "0.25"), PLM_YES),
                       owner("B", share("0.25", "0.25"), PLM_YES),
                       owner("C", share("0.5", "0.5"), PLM_NO)};
    assert_int_equal(decide(two, 3, true).owned, PLM_YES);
}

static void a_chain_counts_in_full(void **s) {
    (void)s;
    plm_owner up[] = {owner("Kunlun", share("0.60", "0.60"), PLM_YES),
                      owner("Wang", share("0.40", "0.40"), PLM_NO)};
    plm_owner at[] = {owner("Holding", share("0.50", "0.50"), PLM_NO),
                      owner("Li", share("0.50", "0.50"), PLM_NO)};
    at[0].owners = up;
    at[0].owner_count = 2;
    at[0].owners_known = true;
    plm_own_result r = decide(at, 2, true);
    assert_int_equal(r.owned, PLM_YES);
    assert_int_equal(r.step_n, 2);
    assert_int_equal(r.steps[0].listed, PLM_NO);
    assert_int_equal(r.steps[1].listed, PLM_YES);
}

static void what_is_left_open_is_unknown(void **s) {
    (void)s;
    plm_owner rest[] = {owner("A", share("0.30", "0.30"), PLM_NO)};
    assert_int_equal(decide(rest, 1, true).owned, PLM_UNKNOWN); /* 0.70 with owners unknown */
    plm_owner most[] = {owner("A", share("0.51", "0.51"), PLM_NO)};
    assert_int_equal(decide(most, 1, true).owned, PLM_NO);
    assert_int_equal(decide(NULL, 0, true).owned, PLM_NO);       /* nobody that matters */
    assert_int_equal(decide(NULL, 0, false).owned, PLM_UNKNOWN); /* left out */
    plm_owner who[] = {owner("A", share("0.50", "0.50"), PLM_UNKNOWN),
                       owner("B", share("0.50", "0.50"), PLM_NO)};
    plm_own_result r = decide(who, 2, true);
    assert_int_equal(r.owned, PLM_UNKNOWN);
    assert_non_null(strstr(r.ask, "is A, an owner, itself listed"));
}

static void a_ring_of_unlisted_is_not_restricted(void **s) {
    (void)s;
    plm_arena *a = plm_arena_new(1 << 20);
    world w = {.n = 2, .m = 2, .complete = {true, true},
               .e = {{0, 1, 3, 3, PLM_NO}, {1, 0, 3, 3, PLM_NO}}};
    plm_own_rule r = plm_own_rule_of(PLM_OWN_OFAC);
    plm_own_result out;
    uint32_t top;
    plm_own_graph *g = graph_of(&w, a);
    assert_true(plm_own_decide(g, 0, &r, &out, NULL));
    assert_int_equal(out.owned, PLM_NO);
    assert_int_equal(plm_own_ultimate(g, 0, &top), PLM_UNKNOWN);
    plm_arena_free(a);
}

static void wrong_shares_are_refused(void **s) {
    (void)s;
    plm_arena *a = plm_arena_new(1 << 20);
    world w = {.n = 2};
    plm_own_graph *g = graph_of(&w, a);
    plm_own_edge e = {0, 1, {plm_dec_int(0), plm_dec_int(2), false, false}, PLM_NO};
    plm_fault f = {0};
    assert_false(plm_own_add_edge(g, &e, &f));
    assert_int_equal(f.code, PLM_OUT_OF_RANGE);
    e = (plm_own_edge){0, 0, {plm_dec_int(0), plm_dec_int(1), false, false}, PLM_NO};
    plm_fault_clear(&f);
    assert_false(plm_own_add_edge(g, &e, &f));
    plm_own_result out;
    plm_own_rule r = plm_own_rule_of(PLM_OWN_UK);
    plm_fault_clear(&f);
    assert_false(plm_own_decide(g, 9, &r, &out, &f));
    assert_int_equal(f.code, PLM_NOT_FOUND);
    plm_arena_free(a);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fix_points_are_what_every_completion_says),
        cmocka_unit_test(half_is_enough_and_less_is_not),
        cmocka_unit_test(a_chain_counts_in_full),
        cmocka_unit_test(what_is_left_open_is_unknown),
        cmocka_unit_test(a_ring_of_unlisted_is_not_restricted),
        cmocka_unit_test(wrong_shares_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
