/* verdict.c: what the rulebook's conclusions come to.
 * A verdict is taken over every way the unknown facts can turn out: a requirement is proved when
 * it holds in each, and nothing is permitted while one way forbids it. */
#include "decide/desk.h"

#include <string.h>

const char *plm_verdict_name(plm_verdict v) {
    static const char *const names[] = {"no_requirement_found", "license_exception", "unknown",
                                        "license_required", "prohibited"};
    return names[v];
}

typedef struct fold {
    plm_truth t;
    plm_why why;
} fold;

static void fold_or(plm_facts *w, fold *f, plm_truth t) {
    if (t == PLM_UNKNOWN && f->t == PLM_NO) f->why = plm_facts_why(w);
    f->t = plm_or(f->t, t);
}

static void fold_and(plm_facts *w, fold *f, plm_truth t) {
    if (t == PLM_UNKNOWN && f->t == PLM_YES) f->why = plm_facts_why(w);
    f->t = plm_and(f->t, t);
}

static plm_truth folded(plm_facts *w, const fold *f) {
    if (f->t == PLM_UNKNOWN) plm_facts_set_why(w, f->why);
    return f->t;
}

/* A requirement for one item, for any of the parties where it speaks of parties. */
static plm_truth requirement(plm_desk *d, plm_rule r, int32_t item) {
    plm_scope s = plm_book_rule(d->book, r)->scope;
    if (s == PLM_OF_ITEM || s == PLM_OF_TRANSACTION) return plm_facts_ask(d->world, r, item, -1);
    fold f = {PLM_NO, {{0}}};
    for (uint32_t p = 0; p < d->party_count && f.t != PLM_YES; p++)
        fold_or(d->world, &f, plm_facts_ask(d->world, r, item, (int32_t)p));
    return folded(d->world, &f);
}

static bool among(plm_rule r, const plm_rule *v, uint32_t n) {
    for (uint32_t i = 0; i < n; i++)
        if (v[i] == r) return true;
    return false;
}

static bool proved_but(const live_item *l, bool prohibits, const plm_rule *but, uint32_t n) {
    for (uint32_t i = 0; i < l->requirement_count; i++) {
        const live_rule *r = &l->requirements[i];
        if (r->proved && r->prohibits == prohibits && !among(r->rule, but, n)) return true;
    }
    return false;
}

static plm_truth any_requirement(plm_desk *d, int32_t item, bool prohibits, const plm_rule *but,
                                 uint32_t but_count) {
    const live_item *l = &d->live[item];
    if (proved_but(l, prohibits, but, but_count)) return PLM_YES;
    fold f = {PLM_NO, {{0}}};
    for (uint32_t i = 0; i < l->requirement_count && f.t != PLM_YES; i++) {
        const live_rule *r = &l->requirements[i];
        if (r->prohibits == prohibits && !among(r->rule, but, but_count))
            fold_or(d->world, &f, requirement(d, r->rule, item));
    }
    return folded(d->world, &f);
}

static plm_truth available(plm_desk *d, plm_rule e, int32_t item) {
    const plm_rule_info *k = plm_book_rule(d->book, e);
    fold f = {PLM_YES, {{0}}};
    fold_and(d->world, &f, plm_facts_ask(d->world, e, item, -1));
    for (uint32_t i = 0; i < k->condition_count && f.t != PLM_NO; i++)
        fold_and(d->world, &f, plm_facts_ask_condition(d->world, e, i, item, -1));
    return folded(d->world, &f);
}

/* No requirement for the item, or an exception that lifts each that there is. */
static plm_truth item_permitted(plm_desk *d, int32_t item) {
    plm_facts *w = d->world;
    fold ok = {PLM_NO, {{0}}};
    fold_or(w, &ok, plm_not(any_requirement(d, item, false, NULL, 0)));
    const live_item *l = &d->live[item];
    for (uint32_t i = 0; i < l->exception_count && ok.t != PLM_YES; i++) {
        plm_rule e = l->exceptions[i];
        const plm_rule_info *k = plm_book_rule(d->book, e);
        fold both = {PLM_YES, {{0}}};
        fold_and(w, &both, available(d, e, item));
        if (both.t != PLM_NO)
            fold_and(w, &both, plm_not(any_requirement(d, item, false, k->lifts, k->lift_count)));
        fold_or(w, &ok, folded(w, &both));
    }
    return folded(w, &ok);
}

static void sift_item(plm_desk *d, int32_t item) {
    live_item *l = &d->live[item];
    l->requirement_count = l->exception_count = 0;
    for (uint32_t i = 0; i < d->requirement_count; i++) {
        plm_rule r = d->requirements[i];
        if (plm_view_force(d->view, r) == PLM_NO) continue;
        plm_truth t = requirement(d, r, item);
        if (t != PLM_NO)
            l->requirements[l->requirement_count++] =
                (live_rule){r, plm_book_rule(d->book, r)->prohibits, t == PLM_YES};
    }
    if (l->requirement_count == 0) return; /* nothing to except */
    for (uint32_t i = 0; i < d->exception_count; i++) {
        plm_rule e = d->exceptions[i];
        if (plm_view_force(d->view, e) == PLM_NO) continue;
        const plm_rule_info *k = plm_book_rule(d->book, e);
        if (!proved_but(l, false, k->lifts, k->lift_count) && available(d, e, item) != PLM_NO)
            l->exceptions[l->exception_count++] = e;
    }
}

void desk_sift(plm_desk *d) {
    for (uint32_t i = 0; i < d->item_count; i++)
        if (d->items[i].parent < 0) sift_item(d, (int32_t)i);
}

static plm_truth prohibited(plm_facts *w, void *desk) {
    plm_desk *d = desk;
    fold f = {PLM_NO, {{0}}};
    for (uint32_t i = 0; i < d->item_count && f.t != PLM_YES; i++)
        if (d->items[i].parent < 0) fold_or(w, &f, any_requirement(d, (int32_t)i, true, NULL, 0));
    return folded(w, &f);
}

plm_truth desk_ask_required(plm_facts *w, void *desk) {
    plm_desk *d = desk;
    fold f = {PLM_NO, {{0}}};
    fold_or(w, &f, prohibited(w, d));
    for (uint32_t i = 0; i < d->item_count && f.t != PLM_YES; i++)
        if (d->items[i].parent < 0) fold_or(w, &f, any_requirement(d, (int32_t)i, false, NULL, 0));
    return folded(w, &f);
}

plm_truth desk_ask_permitted(plm_facts *w, void *desk) {
    plm_desk *d = desk;
    fold f = {PLM_YES, {{0}}};
    fold_and(w, &f, plm_not(prohibited(w, d)));
    for (uint32_t i = 0; i < d->item_count && f.t != PLM_NO; i++)
        if (d->items[i].parent < 0) fold_and(w, &f, item_permitted(d, (int32_t)i));
    return folded(w, &f);
}

static plm_truth prove(plm_desk *d, plm_question q, answer *a) {
    uint32_t n = 0;
    bool gave_up = false;
    plm_truth t = plm_facts_prove(d->world, q, d, a->limit, &n, &gave_up);
    if (n > a->cases) a->cases = n;
    a->gave_up = a->gave_up || gave_up;
    return t;
}

plm_verdict desk_verdict(plm_desk *d, answer *a) {
    a->excepted = PLM_NO;
    a->prohibited = prove(d, prohibited, a);
    a->required = a->prohibited == PLM_YES ? PLM_YES : prove(d, desk_ask_required, a);
    if (a->prohibited == PLM_YES) return PLM_PROHIBITED;
    if (a->required == PLM_NO) return PLM_NO_REQUIREMENT;
    if (a->required == PLM_UNKNOWN) return PLM_VERDICT_UNKNOWN;
    a->excepted = prove(d, desk_ask_permitted, a);
    return a->excepted == PLM_YES ? PLM_LICENSE_EXCEPTION : PLM_LICENSE_REQUIRED;
}

plm_verdict desk_verdict_only(plm_desk *d, uint32_t limit) {
    if (plm_facts_holds(d->world, prohibited, d, limit)) return PLM_PROHIBITED;
    plm_truth required = plm_facts_prove(d->world, desk_ask_required, d, limit, NULL, NULL);
    if (required == PLM_NO) return PLM_NO_REQUIREMENT;
    if (required == PLM_UNKNOWN) return PLM_VERDICT_UNKNOWN;
    return plm_facts_holds(d->world, desk_ask_permitted, d, limit) ? PLM_LICENSE_EXCEPTION
                                                                   : PLM_LICENSE_REQUIRED;
}

typedef struct policy_question {
    plm_desk *d;
    plm_policy level;
    bool prevails;
} policy_question;

/* Is some requirement reviewed under a policy of this level? */
static plm_truth ask_policy(plm_facts *w, void *ctx) {
    policy_question *q = ctx;
    plm_desk *d = q->d;
    fold f = {PLM_NO, {{0}}};
    for (uint32_t i = 0; i < d->policy_count && f.t != PLM_YES; i++) {
        const plm_rule_info *k = plm_book_rule(d->book, d->policies[i]);
        if (k->policy != q->level || (q->prevails && !k->prevails)) continue;
        if (plm_view_force(d->view, d->policies[i]) == PLM_NO) continue;
        for (uint32_t m = 0; m < d->item_count && f.t != PLM_YES; m++) {
            if (d->items[m].parent >= 0) continue;
            plm_truth p = plm_facts_ask(w, d->policies[i], (int32_t)m, -1);
            if (p == PLM_NO) continue;
            plm_why why = plm_facts_why(w);
            fold any = {PLM_NO, {{0}}};
            for (uint32_t t = 0; t < k->target_count && any.t != PLM_YES; t++)
                if (plm_view_force(d->view, k->targets[t]) != PLM_NO)
                    fold_or(w, &any, requirement(d, k->targets[t], (int32_t)m));
            folded(w, &any);
            if (any.t == PLM_YES && p == PLM_UNKNOWN) plm_facts_set_why(w, why);
            fold_or(w, &f, plm_and(p, any.t));
        }
    }
    return folded(w, &f);
}

static plm_policy policy_of(plm_desk *d) {
    for (int prevails = 1; prevails >= 0; prevails--)
        for (int level = PLM_POLICY_DENIAL; level > PLM_POLICY_NONE; level--) {
            policy_question q = {d, (plm_policy)level, prevails};
            if (ask_policy(d->world, &q) == PLM_NO) continue;
            if (plm_facts_holds(d->world, ask_policy, &q, SIDE_CASES_MAX)) return (plm_policy)level;
        }
    return PLM_POLICY_NONE;
}

answer desk_answer(plm_desk *d) {
    answer a;
    memset(&a, 0, sizeof a);
    a.limit = PLM_RULES_CASES_MAX;
    desk_sift(d);
    a.verdict = desk_verdict(d, &a);
    if (a.required == PLM_YES) a.policy = policy_of(d);
    return a;
}

typedef struct one_rule {
    plm_rule rule;
    int32_t item, party;
} one_rule;

static plm_truth ask_one(plm_facts *w, void *one) {
    const one_rule *o = one;
    return plm_facts_ask(w, o->rule, o->item, o->party);
}

plm_truth desk_prove_rule(plm_desk *d, plm_rule r, int32_t item, int32_t party) {
    one_rule o = {r, item, party};
    plm_truth t = ask_one(d->world, &o);
    if (t != PLM_UNKNOWN) return t;
    return plm_facts_prove(d->world, ask_one, &o, SIDE_CASES_MAX, NULL, NULL);
}

typedef struct obligation_question {
    plm_desk *d;
    one_rule o;
    bool unlicensed;
} obligation_question;

static plm_truth ask_obligation(plm_facts *w, void *ctx) {
    obligation_question *q = ctx;
    fold f = {PLM_YES, {{0}}};
    fold_and(w, &f, ask_one(w, &q->o));
    for (int prohibits = 0; prohibits < 2 && q->unlicensed && f.t != PLM_NO; prohibits++)
        fold_and(w, &f, plm_not(any_requirement(q->d, q->o.item, prohibits, NULL, 0)));
    return folded(w, &f);
}

plm_truth desk_prove_obligation(plm_desk *d, plm_rule r, int32_t item, int32_t party) {
    obligation_question q = {d, {r, item, party}, plm_book_rule(d->book, r)->unlicensed};
    return plm_facts_prove(d->world, ask_obligation, &q, SIDE_CASES_MAX, NULL, NULL);
}

typedef struct exception_question {
    plm_desk *d;
    plm_rule e;
    int32_t item;
} exception_question;

static plm_truth ask_exception(plm_facts *w, void *ctx) {
    exception_question *q = ctx;
    (void)w;
    return available(q->d, q->e, q->item);
}

plm_truth desk_prove_exception(plm_desk *d, plm_rule e, int32_t item) {
    exception_question q = {d, e, item};
    return plm_facts_prove(d->world, ask_exception, &q, SIDE_CASES_MAX, NULL, NULL);
}
