/* result.c: the result as the contract of `plimsoll review` has it, and the canonical proof.
 * The proof is a text of the book, the dates, every fact given and every conclusion, in a fixed
 * order: equal case, rulebook and dates hash equally on every machine. */
#include "decide/desk.h"
#include "decide/questions.h"
#include "base/file.h"
#include "base/json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MARGINS_MAX 32
#define PROOF_KEPT (1u << 20) /* of a proof's memory, from case to case */
#define FEW_KEYS 32

typedef struct determination {
    plm_rule rule;
    plm_truth truth;
    int32_t item, party;
} determination;

typedef struct exception_row {
    plm_str code;
    plm_truth available;
    plm_rule rule;
    int32_t item;
} exception_row;

typedef struct result {
    plm_desk *d;
    answer a;
    determination det[PLM_DETERMINATIONS_MAX], duty[PLM_DETERMINATIONS_MAX];
    uint32_t det_count, exception_count, duty_count;
    exception_row exceptions[32];
} result;

static plm_truth class_truth(plm_desk *d, plm_rule r, int32_t item) {
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

static void put_day(plm_jw *w, const char *key, plm_day day) {
    char text[11];
    plm_day_print(day, text);
    plm_jw_kcstr(w, key, text);
}

static void put_iv(plm_jw *w, plm_iv v) {
    char text[PLM_DEC_TEXT];
    if (plm_iv_is_point(v)) {
        plm_jw_str(w, (plm_str){text, plm_dec_print(v.lo, text)});
        return;
    }
    plm_jw_obj(w);
    if (!v.no_lo) plm_dec_print(v.lo, text), plm_jw_kcstr(w, "min", text);
    if (!v.no_hi) plm_dec_print(v.hi, text), plm_jw_kcstr(w, "max", text);
    plm_jw_end_obj(w);
}

static void put_margin(plm_desk *d, plm_jw *w, const plm_margin *m, plm_str item) {
    char path[PATH_TEXT + 64], text[PLM_DEC_TEXT];
    plm_dec gap;
    plm_str fact = PLM_STR("facts.performance_density");
    if (!m->is_rule) fact = plm_book_fact(d->book, m->fact)->path;
    plm_jw_obj(w);
    plm_jw_key(w, "fact");
    plm_jw_str(w, desk_path_join(path, sizeof path, item, fact));
    plm_jw_key(w, "value");
    put_iv(w, m->value);
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
        plm_truth t = class_truth(d, d->classes[i], item);
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

static void put_item(plm_desk *d, plm_jw *w, int32_t item, uint32_t index) {
    const plm_item *t = d->items[item].item;
    plm_str eccn = plm_facts_eccn(d->world, item);
    plm_jw_obj(w);
    plm_jw_kint(w, "index", index);
    plm_jw_key(w, "part");
    if (t && t->part.n) plm_jw_str(w, t->part);
    else plm_jw_null(w);
    plm_jw_key(w, "eccn");
    if (eccn.n) plm_jw_str(w, eccn);
    else plm_jw_null(w);
    put_classes(d, w, item);
    put_margins(d, w, item);
    plm_jw_end_obj(w);
}

static void put_items(result *r, plm_jw *w) {
    plm_jw_key(w, "items");
    plm_jw_arr(w);
    if (r->d->c.item_count)
        for (uint32_t i = 0; i < r->d->item_count; i++)
            if (r->d->items[i].parent < 0) put_item(r->d, w, (int32_t)i, r->d->items[i].top);
    plm_jw_end_arr(w);
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

static void put_conflicts(plm_desk *d, plm_jw *w) {
    plm_jw_key(w, "conflicts");
    plm_jw_arr(w);
    for (uint32_t i = 0; i < d->conflict_count; i++) {
        const conflict *k = &d->conflicts[i];
        char path[PATH_TEXT + 64], item[PATH_TEXT];
        snprintf(path, sizeof path, "%s.facts.%s", desk_item_path(d, k->item, item).p, k->fact);
        plm_jw_obj(w);
        plm_jw_kcstr(w, "fact", path);
        plm_jw_key(w, "values");
        plm_jw_arr(w);
        for (uint32_t v = 0; v < k->count; v++) {
            plm_jw_obj(w);
            plm_jw_key(w, "value");
            if (k->is_flag) plm_jw_bool(w, k->flag[v] == PLM_YES);
            else put_iv(w, k->value[v]);
            plm_jw_kcstr(w, "source", k->source[v]);
            plm_jw_end_obj(w);
        }
        plm_jw_end_arr(w);
        plm_jw_end_obj(w);
    }
    plm_jw_end_arr(w);
}

static void put_warnings(result *r, plm_jw *w) {
    plm_desk *d = r->d;
    plm_jw_key(w, "warnings");
    plm_jw_arr(w);
    for (uint32_t i = 0; i < d->c.warning_count; i++) plm_jw_str(w, d->c.warnings[i]);
    for (uint32_t i = 0; i < d->warning_count; i++) plm_jw_str(w, d->warnings[i]);
    if (r->a.gave_up)
        plm_jw_cstr(w, "the limit of cases was reached: what is unknown here may be decidable");
    for (uint32_t i = 0; i < r->det_count; i++) {
        const plm_rule_info *k = plm_book_rule(d->book, r->det[i].rule);
        for (uint32_t j = 0; j < k->defect_count; j++) {
            char text[500];
            snprintf(text, sizeof text, "%.*s: defect in the text: %.*s", PLM_FMT(k->name),
                     PLM_FMT(k->defects[j]));
            plm_jw_cstr(w, text);
        }
    }
    plm_jw_end_arr(w);
}

/* Who was screened, and what each match means: plimsoll/effects.h. */
static void put_screening(plm_desk *d, plm_jw *w) {
    if (!d->lists_edition.n) return;
    plm_jw_key(w, "screening");
    plm_jw_obj(w);
    plm_jw_kstr(w, "edition", d->lists_edition);
    plm_jw_kstr(w, "law", d->lists_law);
    if (d->lists_shipped.n) {
        plm_jw_key(w, "shipped");
        plm_jw_raw(w, d->lists_shipped);
    }
    plm_jw_key(w, "parties");
    plm_jw_arr(w);
    for (uint32_t i = 0; i < d->party_count; i++) {
        if (!d->parties[i].screened) continue;
        plm_jw_obj(w);
        plm_jw_kint(w, "party", i);
        plm_jw_key(w, "matches");
        plm_jw_raw(w, d->parties[i].found_json);
        plm_jw_end_obj(w);
    }
    plm_jw_end_arr(w);
    plm_jw_end_obj(w);
}

/* What does not change from case to case is written once. */
static void put_tail(plm_desk *d, plm_jw *w) {
    if (!d->tail.n) {
        char hex[65];
        const plm_str *gaps;
        size_t n = plm_book_gaps(d->book, &gaps);
        plm_jw t = plm_jw_into(&d->tail);
        plm_jw_key(&t, "not_modelled");
        plm_jw_arr(&t);
        for (size_t i = 0; i < n; i++) plm_jw_str(&t, gaps[i]);
        plm_jw_end_arr(&t);
        plm_hex(plm_book_sha256(d->book), 32, hex);
        plm_jw_key(&t, "rulebook");
        plm_jw_obj(&t);
        plm_jw_kstr(&t, "name", plm_book_name(d->book));
        put_day(&t, "edition", plm_book_edition(d->book));
        plm_jw_kcstr(&t, "sha256", hex);
        plm_jw_end_obj(&t);
    }
    plm_jw_raw(w, plm_buf_str(&d->tail));
}

/* Every fact and conclusion, a line each. */
static bool canonical_proof(result *r, plm_str json, plm_buf *b) {
    plm_desk *d = r->d;
    char hex[65], day[2][11];
    unsigned char h[32];
    plm_hex(plm_book_sha256(d->book), 32, hex);
    plm_day_print(d->c.as_of, day[0]);
    plm_day_print(d->c.known, day[1]);
    plm_buf_printf(b, "plimsoll proof 1\nbook %s\nas-of %s\nknown %s\nmode %s\n", hex, day[0],
                   day[1], d->c.codified ? "codified" : "enforced");
    plm_sha256_of(json, h);
    plm_hex(h, 32, hex);
    plm_buf_printf(b, "case %s\n", hex);
    for (uint32_t i = 0; i < r->det_count; i++) {
        const determination *t = &r->det[i];
        plm_buf_printf(b, "rule %.*s item %d party %d %s\n",
                       PLM_FMT(plm_book_rule(d->book, t->rule)->name), (int)t->item, (int)t->party,
                       plm_truth_name(t->truth));
        plm_facts_explain(d->world, t->rule, t->item, t->party, 0, b);
    }
    for (uint32_t i = 0; i < r->exception_count; i++)
        plm_buf_printf(b, "exception %.*s %s\n", PLM_FMT(r->exceptions[i].code),
                       plm_truth_name(r->exceptions[i].available));
    for (uint32_t i = 0; i < r->duty_count; i++)
        plm_buf_printf(b, "obligation %.*s item %d party %d %s\n",
                       PLM_FMT(plm_book_rule(d->book, r->duty[i].rule)->name),
                       (int)r->duty[i].item, (int)r->duty[i].party,
                       plm_truth_name(r->duty[i].truth));
    const char *policy = plm_policy_name(r->a.policy);
    plm_buf_printf(b, "policy %s\nverdict %s\n", policy ? policy : "none",
                   plm_verdict_name(r->a.verdict));
    return !b->full;
}

static void canonical_json(plm_jw *w, const plm_json *v);

typedef struct key {
    uint64_t head; /* its first eight bytes, so that most compare as numbers */
    plm_json *k;
} key;

static key key_of(plm_json *k) {
    plm_str s = plm_json_text(k);
    uint64_t head = 0;
    for (size_t i = 0; i < 8; i++) head = head << 8 | (i < s.n ? (unsigned char)s.p[i] : 0);
    return (key){head, k};
}

static int by_text(const void *a, const void *b) {
    const key *x = a, *y = b;
    if (x->head != y->head) return x->head < y->head ? -1 : 1;
    return plm_str_cmp(plm_json_text(x->k), plm_json_text(y->k));
}

/* Few keys, often in order already: inserted, without the copy that qsort makes. */
static void sort_keys(key *keys, size_t n) {
    if (n > FEW_KEYS) {
        qsort(keys, n, sizeof *keys, by_text);
        return;
    }
    for (size_t i = 1; i < n; i++) {
        key k = keys[i];
        size_t at = i;
        for (; at && by_text(&keys[at - 1], &k) > 0; at--) keys[at] = keys[at - 1];
        keys[at] = k;
    }
}

static void canonical_object(plm_jw *w, const plm_json *v) {
    size_t n = plm_json_count(v), i = 0;
    key few[FEW_KEYS], *keys = n <= FEW_KEYS ? few : plm_mem_resize(NULL, n * sizeof *keys);
    plm_jw_obj(w);
    if (keys) {
        plm_json_pairs(v, it, k, m) {
            (void)m;
            keys[i++] = key_of(k);
        }
        sort_keys(keys, n);
        for (i = 0; i < n; i++) {
            plm_jw_skey(w, plm_json_text(keys[i].k));
            canonical_json(w, yyjson_obj_iter_get_val(keys[i].k));
        }
    }
    plm_jw_end_obj(w);
    if (keys != few) plm_mem_free(keys);
}

/* Is the number's text its shortest form as it stands: digits, without a zero before them? */
static bool is_shortest(plm_str s) {
    if (s.n > 18 || (s.n > 1 && s.p[0] == '0')) return false;
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] < '0' || s.p[i] > '9') return false;
    return s.n > 0;
}

/* Keys in order, numbers in their shortest form: layout does not change the proof. */
static void canonical_json(plm_jw *w, const plm_json *v) {
    char text[PLM_DEC_TEXT];
    plm_dec d;
    plm_str s = plm_json_text(v);
    if (plm_json_is_str(v)) {
        plm_jw_str(w, s);
    } else if (plm_json_is_obj(v)) {
        canonical_object(w, v);
    } else if (plm_json_is_arr(v)) {
        plm_jw_arr(w);
        plm_json_each(v, it, m) canonical_json(w, m);
        plm_jw_end_arr(w);
    } else if (plm_json_is_num(v) && is_shortest(s)) {
        plm_jw_raw(w, s);
    } else if (plm_json_is_num(v) && plm_dec_parse(s, true, &d, NULL)) {
        plm_dec_print(d, text);
        plm_jw_raw(w, plm_str_c(text));
    } else if (plm_json_is_bool(v)) {
        plm_jw_bool(w, plm_json_true(v));
    } else {
        plm_jw_null(w);
    }
}

static void let_go(plm_buf *b) {
    if (b->cap > PROOF_KEPT) plm_buf_free(b);
}

static bool proof_hash(result *r, char hex[65], plm_fault *f) {
    plm_buf *canon = &r->d->canon, *proof = &r->d->proof;
    unsigned char h[32];
    plm_buf_clear(canon);
    plm_buf_clear(proof);
    plm_jw w = plm_jw_into(canon);
    canonical_json(&w, plm_doc_root(r->d->doc));
    bool ok = !canon->full && canonical_proof(r, plm_buf_str(canon), proof);
    if (!ok)
        plm_fail(f, PLM_OUT_OF_RANGE, "the proof is larger than %u bytes", PLM_PROOF_BYTES_MAX);
    plm_sha256_of(plm_buf_str(proof), h);
    plm_hex(h, 32, hex);
    let_go(canon);
    let_go(proof);
    return ok;
}

static void put_result(result *r, const char *proof, plm_buf *out) {
    plm_desk *d = r->d;
    plm_jw w = plm_jw_into(out);
    plm_jw_obj(&w);
    plm_jw_key(&w, "id");
    plm_jw_raw(&w, d->c.id_json.n ? d->c.id_json : PLM_STR("null"));
    put_day(&w, "as_of", d->c.as_of);
    put_day(&w, "known", d->c.known);
    plm_jw_kcstr(&w, "mode", d->c.codified ? "codified" : "enforced");
    plm_jw_kcstr(&w, "verdict", plm_verdict_name(r->a.verdict));
    put_items(r, &w);
    put_determinations(r, &w);
    plm_jw_key(&w, "exceptions");
    plm_jw_arr(&w);
    for (uint32_t i = 0; i < r->exception_count; i++) put_exception(r, &w, &r->exceptions[i]);
    plm_jw_end_arr(&w);
    put_duties(r, &w);
    plm_jw_kcstr(&w, "policy", plm_policy_name(r->a.policy));
    put_questions(r, &w);
    put_conflicts(d, &w);
    put_warnings(r, &w);
    put_screening(d, &w);
    put_tail(d, &w);
    plm_jw_kint(&w, "cases", r->a.cases);
    plm_jw_kcstr(&w, "proof_sha256", proof);
    plm_jw_end_obj(&w);
}

/* The desk's own, from case to case. */
static result *result_of(plm_desk *d) {
    if (!d->result) d->result = plm_mem_resize(NULL, sizeof *d->result);
    return d->result;
}

static void conclude(result *r, plm_desk *d) {
    r->d = d;
    r->det_count = r->exception_count = r->duty_count = 0;
    r->a = desk_answer(d);
    find_determinations(r);
    find_exceptions(r);
    find_duties(r);
}

bool plm_desk_review(plm_desk *d, plm_str json, const plm_reading *rd, plm_buf *out,
                     plm_verdict *v, plm_fault *f) {
    if (!desk_open(d, json, rd, f)) return false;
    result *r = result_of(d);
    char proof[65];
    if (!r) return plm_fail(f, PLM_NO_MEMORY, "out of memory");
    conclude(r, d);
    if (!proof_hash(r, proof, f)) return false;
    size_t before = out->n;
    put_result(r, proof, out);
    *v = r->a.verdict;
    if (!out->full) return true;
    out->n = before;
    return plm_fail(f, PLM_OUT_OF_RANGE, "the result is larger than %zu bytes", out->max);
}

bool plm_desk_classify(plm_desk *d, plm_str json, const plm_reading *rd, uint32_t index,
                       plm_buf *out, plm_fault *f) {
    if (!desk_open_item(d, json, rd, f)) return false;
    plm_jw w = plm_jw_into(out);
    put_item(d, &w, 0, index);
    return !out->full || plm_fail(f, PLM_OUT_OF_RANGE, "the result is too large");
}

static void report_lines(result *r, bool explain, plm_buf *out) {
    plm_desk *d = r->d;
    for (uint32_t i = 0; i < r->det_count; i++) {
        const determination *t = &r->det[i];
        const plm_rule_info *k = plm_book_rule(d->book, t->rule);
        plm_buf_printf(out, "  %s: %.*s \"%.*s\" [%.*s]\n",
                       t->truth == PLM_YES ? k->prohibits ? "prohibited" : "license required"
                                           : "may require a license",
                       PLM_FMT(k->name), PLM_FMT(k->title), PLM_FMT(k->cite));
        if (explain) plm_facts_explain(d->world, t->rule, t->item, t->party, 2, out);
    }
    for (uint32_t i = 0; i < r->exception_count; i++) {
        const exception_row *x = &r->exceptions[i];
        const plm_rule_info *k = plm_book_rule(d->book, x->rule);
        plm_buf_printf(out, "  License Exception %.*s: %s [%.*s]\n", PLM_FMT(x->code),
                       x->available == PLM_YES ? "available"
                       : x->available == PLM_NO ? "not available" : "not known",
                       PLM_FMT(k->cite));
        for (uint32_t c = 0; c < k->condition_count; c++) {
            plm_truth t = plm_facts_ask_condition(d->world, x->rule, c, x->item, -1);
            if (t != PLM_YES)
                plm_buf_printf(out, "    %s: %.*s\n", t == PLM_NO ? "not met" : "not known",
                               PLM_FMT(k->condition_says[c]));
        }
        if (x->available == PLM_YES)
            for (uint32_t c = 0; c < k->oblige_count; c++)
                plm_buf_printf(out, "    obliges: %.*s\n", PLM_FMT(k->obliges[c]));
    }
}

static void report_duties(result *r, plm_buf *out) {
    for (uint32_t i = 0; i < r->duty_count; i++) {
        const determination *t = &r->duty[i];
        const plm_rule_info *k = plm_book_rule(r->d->book, t->rule);
        plm_buf_printf(out, "  %s: %.*s \"%.*s\"",
                       t->truth == PLM_YES ? "obliged" : "may be obliged", PLM_FMT(k->name),
                       PLM_FMT(k->title));
        char path[PATH_TEXT];
        if (t->item >= 0)
            plm_buf_printf(out, ", %s", desk_item_path(r->d, (uint32_t)t->item, path).p);
        if (t->party >= 0 && r->d->parties[t->party].party)
            plm_buf_printf(out, ", parties[%d]", (int)t->party);
        else if (t->party >= 0)
            plm_buf_puts(out, ", parties"); /* one that the case leaves out */
        plm_buf_printf(out, " [%.*s]\n", PLM_FMT(k->cite));
        for (uint32_t o = 0; o < k->oblige_count; o++)
            plm_buf_printf(out, "    obliges: %.*s\n", PLM_FMT(k->obliges[o]));
    }
}

static void report_rest(result *r, plm_buf *out) {
    plm_desk *d = r->d;
    report_duties(r, out);
    const char *policy = plm_policy_name(r->a.policy);
    if (policy) plm_buf_printf(out, "  review policy: %s\n", policy);
    question *q = plm_arena_array(d->arena, PLM_QUESTIONS_MAX, sizeof *q);
    size_t n = q ? desk_questions(d, &r->a, q, PLM_QUESTIONS_MAX) : 0;
    for (size_t i = 0; i < n; i++) {
        plm_buf_printf(out, "  ask: %s (%s)\n", q[i].why, q[i].fact);
        for (uint32_t k = 0; k < q[i].outcome_count; k++)
            plm_buf_printf(out, "    if %s\n", q[i].outcome[k]);
    }
    for (uint32_t i = 0; i < d->conflict_count; i++) {
        char item[PATH_TEXT];
        plm_buf_printf(out, "  conflict: %s.facts.%s: %u sources differ; taken over both\n",
                       desk_item_path(d, d->conflicts[i].item, item).p, d->conflicts[i].fact,
                       d->conflicts[i].count);
    }
    for (uint32_t i = 0; i < d->party_count; i++)
        if (d->parties[i].found_text.n)
            plm_buf_put(out, d->parties[i].found_text.p, d->parties[i].found_text.n);
    for (uint32_t i = 0; i < d->c.warning_count; i++)
        plm_buf_printf(out, "  warning: %.*s\n", PLM_FMT(d->c.warnings[i]));
    for (uint32_t i = 0; i < d->warning_count; i++)
        plm_buf_printf(out, "  warning: %.*s\n", PLM_FMT(d->warnings[i]));
}

static void report_items(result *r, bool explain, plm_buf *out) {
    plm_desk *d = r->d;
    for (uint32_t i = 0; i < d->item_count; i++) {
        const plm_item *t = d->items[i].item;
        if (d->items[i].parent >= 0 || !t) continue;
        plm_str eccn = plm_facts_eccn(d->world, (int32_t)i);
        plm_buf_printf(out, "  item %u: %.*s, ECCN %.*s\n", d->items[i].top,
                       PLM_FMT(t->part.n ? t->part : PLM_STR("(no name)")),
                       PLM_FMT(eccn.n ? eccn : PLM_STR("not known")));
        for (int k = 0; k < DESK_CLASSES; k++) {
            plm_rule c = d->classes[k];
            plm_truth t2 = class_truth(d, c, (int32_t)i);
            if (t2 != PLM_NO)
                plm_buf_printf(out, "    %s: %s\n", desk_class_names[k], plm_truth_name(t2));
            if (explain && t2 != PLM_NO) plm_facts_explain(d->world, c, (int32_t)i, -1, 3, out);
        }
    }
}

bool plm_desk_report(plm_desk *d, plm_str json, const plm_reading *rd, bool explain, plm_buf *out,
                     plm_verdict *v, plm_fault *f) {
    if (!desk_open(d, json, rd, f)) return false;
    result *r = result_of(d);
    char day[2][11], proof[65], book[65];
    if (!r) return plm_fail(f, PLM_NO_MEMORY, "out of memory");
    conclude(r, d);
    if (!proof_hash(r, proof, f)) return false;
    plm_day_print(d->c.as_of, day[0]);
    plm_day_print(d->c.known, day[1]);
    plm_hex(plm_book_sha256(d->book), 32, book);
    plm_buf_printf(out, "%.*s: %s\n  as of %s, as known on %s, %s\n",
                   PLM_FMT(d->c.id.n ? d->c.id : PLM_STR("case")),
                   plm_verdict_name(r->a.verdict), day[0], day[1],
                   d->c.codified ? "codified" : "enforced");
    report_items(r, explain, out);
    report_lines(r, explain, out);
    if (r->a.cases > 1)
        plm_buf_printf(out, "  proved by cases: %u ways for the unknown facts\n", r->a.cases);
    report_rest(r, out);
    plm_buf_printf(out, "  rulebook %.*s %.16s, proof %.16s\n", PLM_FMT(plm_book_name(d->book)),
                   book, proof);
    *v = r->a.verdict;
    return !out->full || plm_fail(f, PLM_OUT_OF_RANGE, "the report is too large");
}
