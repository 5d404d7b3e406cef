/* conclude.c: the conclusions of a case: what holds of it, which exceptions there are, what it
 * obliges to. */
#include "decide/result.h"

plm_truth result_class(plm_desk *d, plm_rule r, int32_t item) {
    return r == PLM_RULE_NONE ? PLM_NO : desk_prove_rule(d, r, item, -1);
}

static void add_determination(result *r, plm_rule rule, int32_t item, int32_t party) {
    plm_truth t = desk_prove_rule(r->d, rule, item, party);
    if (t == PLM_NO || r->det_count == PLM_DETERMINATIONS_MAX) return;
    r->det[r->det_count++] = (determination){rule, t, item, party};
}

static void add_duty(result *r, plm_rule rule, int32_t item, int32_t party) {
    plm_truth t = desk_prove_obligation(r->d, rule, item, party);
    if (t == PLM_NO || r->duty_count == PLM_DETERMINATIONS_MAX) return;
    r->duty[r->duty_count++] = (determination){rule, t, item, party};
}

/* Can the requirement hold for the item?  What desk_sift left out can not.  Asked in order. */
static bool lives(live_item *l, plm_rule r) {
    while (l->at < l->requirement_count && l->requirements[l->at].rule < r) l->at++;
    return l->at < l->requirement_count && l->requirements[l->at].rule == r;
}

static void determinations_of(result *r, plm_rule rule, int32_t item) {
    bool parties = plm_scope_has(plm_book_rule(r->d->book, rule)->scope, PLM_OF_PARTY);
    for (uint32_t p = 0; p < (parties ? r->d->party_count : 1); p++)
        add_determination(r, rule, item, parties ? (int32_t)p : -1);
}

static void find_determinations(result *r) {
    plm_desk *d = r->d;
    for (uint32_t m = 0; m < d->item_count; m++) d->live[m].at = 0;
    for (uint32_t i = 0; i < d->requirement_count; i++) {
        plm_rule rule = d->requirements[i];
        bool items = plm_scope_has(plm_book_rule(d->book, rule)->scope, PLM_OF_ITEM);
        for (uint32_t m = 0; m < d->item_count; m++) {
            if (d->items[m].parent >= 0 || !lives(&d->live[m], rule)) continue;
            determinations_of(r, rule, items ? (int32_t)m : -1);
            if (!items) break;
        }
    }
}

static plm_str code_of(plm_str name) {
    for (size_t i = 0; i < name.n; i++)
        if (name.p[i] == '.') return (plm_str){name.p, i};
    return name;
}

/* One row a code: the least available over the items that may need a license. */
static void add_exception(result *r, plm_rule e, int32_t item) {
    plm_str code = code_of(plm_book_rule(r->d->book, e)->name);
    plm_truth t = desk_prove_exception(r->d, e, item);
    for (uint32_t i = 0; i < r->exception_count; i++) {
        exception_row *x = &r->exceptions[i];
        if (!plm_str_eq(x->code, code)) continue;
        if (t < x->available) *x = (exception_row){code, t, e, item};
        return;
    }
    if (r->exception_count < sizeof r->exceptions / sizeof *r->exceptions)
        r->exceptions[r->exception_count++] = (exception_row){code, t, e, item};
}

/* Each obligation that is law on the day, for each of the case's own items and parties that it is
 * of. */
static void find_duties(result *r) {
    plm_desk *d = r->d;
    for (uint32_t i = 0; i < d->obligation_count; i++) {
        plm_rule rule = d->obligations[i];
        if (plm_view_force(d->view, rule) == PLM_NO) continue;
        plm_scope s = plm_book_rule(d->book, rule)->scope;
        bool items = plm_scope_has(s, PLM_OF_ITEM), parties = plm_scope_has(s, PLM_OF_PARTY);
        for (uint32_t m = 0; m < (items ? d->item_count : 1); m++) {
            if (items && d->items[m].parent >= 0) continue;
            for (uint32_t p = 0; p < (parties ? d->party_count : 1); p++)
                add_duty(r, rule, items ? (int32_t)m : -1, parties ? (int32_t)p : -1);
        }
    }
}

static void find_exceptions(result *r) {
    plm_desk *d = r->d;
    if (r->a.required == PLM_NO || r->a.prohibited == PLM_YES) return;
    for (uint32_t i = 0; i < d->exception_count; i++) {
        plm_rule e = d->exceptions[i];
        if (plm_view_force(d->view, e) == PLM_NO) continue;
        for (uint32_t m = 0; m < d->item_count; m++)
            if (d->items[m].parent < 0 && plm_facts_ask(d->world, e, (int32_t)m, -1) != PLM_NO)
                add_exception(r, e, (int32_t)m);
    }
}

result *result_of(plm_desk *d) {
    if (!d->result) d->result = plm_mem_resize(NULL, sizeof *d->result);
    return d->result;
}

void result_conclude(result *r, plm_desk *d) {
    r->d = d;
    r->det_count = r->exception_count = r->duty_count = 0;
    r->a = desk_answer(d);
    find_determinations(r);
    find_exceptions(r);
    find_duties(r);
}
