/* findings.c: what the facts of a case come to, as text: the proof's lines and those members of the
 * result that hang on nothing else.  Orders repeat what they are about: what was found is
 * remembered by the facts that it hangs on, as the rules tell them apart (plm_facts_put), and what
 * is found of an item by that item's.
 * Invariants: 1 what is remembered is what would be found again; held by tests/unit/test_alike.c,
 * which asks two desks, one that remembers nothing; 2 it takes no more than PLM_DESK_MEMO_BYTES. */
#include "decide/findings.h"
#include "decide/questions.h"
#include "plimsoll/alike.h"

#include <stdio.h>
#include <string.h>

#define MARGINS_MAX 32

static void put_margin(plm_desk *d, plm_jw *w, const plm_margin *m, plm_str item) {
    char path[PATH_TEXT + 64], text[PLM_DEC_TEXT];
    plm_dec gap;
    plm_str fact = PLM_STR("facts.performance_density");
    if (!m->is_rule) fact = plm_book_fact(d->book, m->fact)->path;
    plm_jw_obj(w);
    plm_jw_key(w, "fact");
    plm_jw_str(w, desk_path_join(path, sizeof path, item, fact));
    plm_jw_key(w, "value");
    result_put_iv(w, m->value);
    plm_jw_key(w, "threshold");
    plm_jw_str(w, (plm_str){text, plm_dec_print(m->threshold, text)});
    plm_jw_key(w, "distance");
    if (plm_iv_is_point(m->value) && plm_dec_sub(m->value.lo, m->threshold, &gap))
        plm_jw_str(w, (plm_str){text, plm_dec_print(gap, text)});
    else
        plm_jw_null(w);
    plm_jw_end_obj(w);
}

static void put_margins(plm_desk *d, plm_jw *w, int32_t item) {
    plm_margin m[MARGINS_MAX];
    char text[PATH_TEXT];
    size_t n = 0;
    for (int i = 0; i < DESK_CLASSES; i++) {
        plm_rule r = d->classes[i];
        if (r == PLM_RULE_NONE) continue;
        plm_margin one[MARGINS_MAX];
        size_t k = plm_facts_margins(d->world, r, item, -1, one, MARGINS_MAX);
        for (size_t j = 0; j < k && n < MARGINS_MAX; j++) {
            bool seen = one[j].value.no_hi && plm_dec_is_zero(one[j].value.lo);
            for (size_t x = 0; x < n && !seen; x++)
                seen = m[x].fact == one[j].fact && m[x].is_rule == one[j].is_rule &&
                       plm_dec_cmp(m[x].threshold, one[j].threshold) == 0;
            if (!seen) m[n++] = one[j];
        }
    }
    plm_jw_key(w, "margins");
    plm_jw_arr(w);
    plm_str path = desk_item_path(d, (uint32_t)item, text);
    for (size_t i = 0; i < n; i++) put_margin(d, w, &m[i], path);
    plm_jw_end_arr(w);
}

static void put_classes(plm_desk *d, plm_jw *w, int32_t item) {
    plm_jw_key(w, "classes");
    plm_jw_obj(w);
    for (uint32_t i = 0; i < d->class_count; i++) {
        plm_truth t = result_class(d, d->classes[i], item);
        if (i < DESK_CLASSES) {
            plm_jw_kcstr(w, desk_class_names[i], plm_truth_name(t));
            continue;
        }
        const plm_rule_info *k = plm_book_rule(d->book, d->classes[i]);
        if (t == PLM_NO && !k->draft) continue;
        plm_jw_skey(w, k->name);
        plm_jw_cstr(w, plm_truth_name(t));
    }
    plm_jw_end_obj(w);
}

static void put_index(plm_jw *w, const char *key, int32_t v) {
    plm_jw_key(w, key);
    if (v < 0) plm_jw_null(w);
    else plm_jw_int(w, v);
}

static void put_place(result *r, plm_jw *w, const determination *t) {
    put_index(w, "item", t->item < 0 ? -1 : (int32_t)r->d->items[t->item].top);
    bool told = t->party >= 0 && r->d->parties[t->party].party;
    put_index(w, "party", told ? t->party : -1);
}

static void put_determinations(result *r, plm_jw *w) {
    plm_jw_key(w, "determinations");
    plm_jw_arr(w);
    for (uint32_t i = 0; i < r->det_count; i++) {
        const determination *t = &r->det[i];
        const plm_rule_info *k = plm_book_rule(r->d->book, t->rule);
        plm_jw_obj(w);
        plm_jw_kstr(w, "rule", k->name);
        plm_jw_kcstr(w, "conclusion", k->prohibits ? "prohibited" : "license_required");
        plm_jw_kcstr(w, "truth", plm_truth_name(t->truth));
        put_place(r, w, t);
        plm_jw_kstr(w, "cite", k->cite);
        if (k->certainty.n) plm_jw_kstr(w, "certainty", k->certainty);
        plm_jw_end_obj(w);
    }
    plm_jw_end_arr(w);
}

/* What the exporter has to do, license or not; the verdict does not hang on it. */
static void put_duties(result *r, plm_jw *w) {
    plm_jw_key(w, "obligations");
    plm_jw_arr(w);
    for (uint32_t i = 0; i < r->duty_count; i++) {
        const determination *t = &r->duty[i];
        const plm_rule_info *k = plm_book_rule(r->d->book, t->rule);
        plm_jw_obj(w);
        plm_jw_kstr(w, "rule", k->name);
        plm_jw_kcstr(w, "truth", plm_truth_name(t->truth));
        put_place(r, w, t);
        plm_jw_key(w, "obliges");
        plm_jw_arr(w);
        for (uint32_t o = 0; o < k->oblige_count; o++) plm_jw_str(w, k->obliges[o]);
        plm_jw_end_arr(w);
        plm_jw_kstr(w, "cite", k->cite);
        if (k->certainty.n) plm_jw_kstr(w, "certainty", k->certainty);
        plm_jw_end_obj(w);
    }
    plm_jw_end_arr(w);
}

static void put_exception(result *r, plm_jw *w, const exception_row *x) {
    const plm_rule_info *k = plm_book_rule(r->d->book, x->rule);
    plm_jw_obj(w);
    plm_jw_kstr(w, "code", x->code);
    plm_jw_kcstr(w, "available", plm_truth_name(x->available));
    plm_jw_key(w, "unmet");
    plm_jw_arr(w);
    for (uint32_t i = 0; i < k->condition_count; i++) {
        plm_truth t = plm_facts_ask_condition(r->d->world, x->rule, i, x->item, -1);
        char text[400];
        if (t == PLM_YES) continue;
        snprintf(text, sizeof text, "%s%.*s", t == PLM_NO ? "" : "not known: ",
                 PLM_FMT(k->condition_says[i]));
        plm_jw_cstr(w, text);
    }
    plm_jw_end_arr(w);
    plm_jw_key(w, "obligations");
    plm_jw_arr(w);
    for (uint32_t i = 0; i < k->oblige_count; i++) plm_jw_str(w, k->obliges[i]);
    plm_jw_end_arr(w);
    plm_jw_kstr(w, "cite", k->cite);
    plm_jw_end_obj(w);
}

static void put_questions(result *r, plm_jw *w) {
    bool open = desk_is_open(&r->a);
    question *q = open ? plm_arena_array(r->d->arena, PLM_QUESTIONS_MAX, sizeof *q) : NULL;
    size_t n = q ? desk_questions(r->d, &r->a, q, PLM_QUESTIONS_MAX) : 0;
    plm_jw_key(w, "questions");
    plm_jw_arr(w);
    for (size_t i = 0; i < n; i++) {
        plm_jw_obj(w);
        plm_jw_kcstr(w, "fact", q[i].fact);
        plm_jw_kcstr(w, "why", q[i].why);
        plm_jw_key(w, "outcomes");
        plm_jw_arr(w);
        for (uint32_t k = 0; k < q[i].outcome_count; k++) plm_jw_cstr(w, q[i].outcome[k]);
        plm_jw_end_arr(w);
        plm_jw_end_obj(w);
    }
    plm_jw_end_arr(w);
}

/* Warnings that follow from the conclusions, as members of a list without its brackets. */
static void put_notes(const result *r, plm_jw *w) {
    if (r->a.gave_up)
        plm_jw_cstr(w, "the limit of cases was reached: what is unknown here may be decidable");
    for (uint32_t i = 0; i < r->det_count; i++) {
        const plm_rule_info *k = plm_book_rule(r->d->book, r->det[i].rule);
        for (uint32_t j = 0; j < k->defect_count; j++) {
            char text[500];
            snprintf(text, sizeof text, "%.*s: defect in the text: %.*s", PLM_FMT(k->name),
                     PLM_FMT(k->defects[j]));
            plm_jw_cstr(w, text);
        }
    }
}

/* The members that stand together in the result. */
static void put_members(result *r, plm_jw *w) {
    put_determinations(r, w);
    plm_jw_key(w, "exceptions");
    plm_jw_arr(w);
    for (uint32_t i = 0; i < r->exception_count; i++) put_exception(r, w, &r->exceptions[i]);
    plm_jw_end_arr(w);
    put_duties(r, w);
    plm_jw_kcstr(w, "policy", plm_policy_name(r->a.policy));
    put_questions(r, w);
}

static void put_item(plm_desk *d, int32_t item, plm_buf *out) {
    plm_jw w = plm_jw_into(out);
    plm_str eccn = plm_facts_eccn(d->world, item);
    plm_jw_key(&w, "eccn");
    if (eccn.n) plm_jw_str(&w, eccn);
    else plm_jw_null(&w);
    put_classes(d, &w, item);
    put_margins(d, &w, item);
}

/* Does nothing but the item's own facts count for what is found of it? */
static bool stands_alone(const plm_desk *d, uint32_t item) {
    const flat_item *x = &d->items[item];
    return d->items_stand_alone && x->item && !x->item->part_count;
}

/* The same by the item's facts and its place, which the margins name. */
static void recall_item(plm_desk *d, uint32_t item, plm_buf *out) {
    plm_str found;
    if (!d->memo || !stands_alone(d, item)) {
        put_item(d, (int32_t)item, out);
        return;
    }
    plm_buf *key = &d->item_alike;
    plm_buf_clear(key);
    plm_buf_putc(key, OF_ITEM);
    plm_buf_put(key, &d->items[item].index, sizeof d->items[item].index);
    plm_facts_put_item(d->world, item, key);
    if (!key->full && plm_memo_find(d->memo, plm_buf_str(key), &found)) {
        plm_buf_put(out, found.p, found.n);
        return;
    }
    size_t from = out->n;
    put_item(d, (int32_t)item, out);
    if (!out->full && !key->full)
        plm_memo_put(d->memo, plm_buf_str(key), (plm_str){out->p + from, out->n - from});
}

void desk_put_item(plm_desk *d, uint32_t item, plm_buf *out) { recall_item(d, item, out); }

static found_head *head_of(plm_desk *d) { return (found_head *)(void *)d->found.p; }

/* The length of what was appended since *from, which goes on from there. */
static uint32_t length(const plm_buf *b, size_t *from) {
    size_t n = b->n - *from;
    *from = b->n;
    return (uint32_t)n;
}

/* Finds it all anew, into d->found; false past a limit. */
static bool find(plm_desk *d, result *r) {
    plm_buf *b = &d->found;
    uint32_t items = d->c.item_count;
    size_t head = sizeof(found_head) + items * sizeof(uint32_t), from = head;
    plm_buf_clear(b);
    if (!plm_buf_room(b, head)) return false;
    b->n = head;
    result_conclude(r, d);
    if (!result_proof(r, b)) return false;
    *head_of(d) = (found_head){.verdict = r->a.verdict, .cases = r->a.cases, .items = items,
                          .proof_n = length(b, &from)};
    for (uint32_t i = 0; items && i < d->item_count; i++) {
        if (d->items[i].parent >= 0) continue;
        recall_item(d, i, b);
        if (b->full) return false;
        head_of(d)->item_n[d->items[i].top] = length(b, &from);
    }
    plm_jw w = plm_jw_into(b);
    put_members(r, &w);
    if (b->full) return false;
    head_of(d)->members_n = length(b, &from);
    w = plm_jw_into(b);
    put_notes(r, &w);
    if (b->full) return false;
    head_of(d)->notes_n = length(b, &from);
    return true;
}

/* What the findings hang on: the facts, and how the parties that questions name were given. */
static void put_key(plm_desk *d, plm_buf *key) {
    plm_buf_clear(key);
    plm_buf_putc(key, OF_CASE);
    plm_buf_put(key, &d->c.item_count, sizeof d->c.item_count);
    plm_facts_put(d->world, key);
    for (uint32_t i = 0; i < d->party_count; i++) {
        const flat_party *p = &d->parties[i];
        uint32_t v[] = {p->party != NULL, p->listed.given, (uint32_t)p->role, p->unloaded};
        plm_buf_put(key, v, sizeof v);
    }
}

/* The value that stands at p, its texts behind it. */
static findings opened(const char *p) {
    findings f = {.head = (const found_head *)(const void *)p};
    f.proof = (plm_str){p + sizeof(found_head) + f.head->items * sizeof(uint32_t), f.head->proof_n};
    f.items = f.proof.p + f.head->proof_n;
    const char *at = f.items;
    for (uint32_t i = 0; i < f.head->items; i++) at += f.head->item_n[i];
    f.members = (plm_str){at, f.head->members_n};
    f.notes = (plm_str){at + f.head->members_n, f.head->notes_n};
    return f;
}

/* The key where totals were asked for is longer: under the shorter one stands that it is so.  (Up
 * to the first total every case of the shorter key goes the same way.) */
static bool recall(plm_desk *d, plm_str *v, bool *longer) {
    plm_buf *key = &d->alike;
    put_key(d, key);
    *longer = false;
    if (!plm_memo_find(d->memo, plm_buf_str(key), v)) return false;
    if (v->n) return true;
    *longer = true;
    plm_facts_put_totals(d->world, key);
    return plm_memo_find(d->memo, plm_buf_str(key), v);
}

static void remember(plm_desk *d, bool longer) {
    plm_buf *key = &d->alike;
    if (plm_facts_totalled(d->world) && !longer) {
        plm_memo_put(d->memo, plm_buf_str(key), PLM_STR(""));
        plm_facts_put_totals(d->world, key);
    }
    if (!key->full) plm_memo_put(d->memo, plm_buf_str(key), plm_buf_str(&d->found));
}

bool desk_findings(plm_desk *d, findings *out, plm_fault *f) {
    plm_str v;
    bool longer = false;
    desk_let_go(&d->found); /* of the last case */
    if (d->memo && recall(d, &v, &longer)) {
        *out = opened(v.p);
        return true;
    }
    result *r = result_of(d);
    if (!r) return plm_fail(f, PLM_NO_MEMORY, "out of memory");
    if (!find(d, r))
        return plm_fail(f, PLM_OUT_OF_RANGE, "the proof is larger than %u bytes",
                        PLM_PROOF_BYTES_MAX);
    if (d->memo) remember(d, longer);
    *out = opened(d->found.p);
    return true;
}

void plm_desk_remember(plm_desk *d, size_t bytes) {
    plm_memo_free(d->memo);
    d->memo = bytes ? plm_memo_new(bytes) : NULL;
}
