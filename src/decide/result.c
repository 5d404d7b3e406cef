/* result.c: the result as the contract of `plimsoll review` has it, as JSON. */
#include "base/file.h"
#include "decide/findings.h"

#include <stdio.h>

static void put_day(plm_jw *w, const char *key, plm_day day) {
    char text[11];
    plm_day_print(day, text);
    plm_jw_kcstr(w, key, text);
}

void result_put_iv(plm_jw *w, plm_iv v) {
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
            else result_put_iv(w, k->value[v]);
            plm_jw_kcstr(w, "source", k->source[v]);
            plm_jw_end_obj(w);
        }
        plm_jw_end_arr(w);
        plm_jw_end_obj(w);
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

static void put_warnings(plm_desk *d, plm_str notes, plm_jw *w) {
    plm_jw_key(w, "warnings");
    plm_jw_arr(w);
    for (uint32_t i = 0; i < d->c.warning_count; i++) plm_jw_str(w, d->c.warnings[i]);
    for (uint32_t i = 0; i < d->warning_count; i++) plm_jw_str(w, d->warnings[i]);
    if (notes.n) plm_jw_raw(w, notes);
    plm_jw_end_arr(w);
}

static void put_item(const plm_item *t, uint32_t index, plm_str found, plm_jw *w) {
    plm_jw_obj(w);
    plm_jw_kint(w, "index", index);
    plm_jw_key(w, "part");
    if (t && t->part.n) plm_jw_str(w, t->part);
    else plm_jw_null(w);
    plm_jw_raw(w, found);
    plm_jw_end_obj(w);
}

static void put_items(plm_desk *d, const findings *f, plm_jw *w) {
    const char *at = f->items;
    plm_jw_key(w, "items");
    plm_jw_arr(w);
    for (uint32_t i = 0; i < f->head->items; at += f->head->item_n[i++])
        put_item(&d->c.items[i], i, (plm_str){at, f->head->item_n[i]}, w);
    plm_jw_end_arr(w);
}

static void put_result(plm_desk *d, const findings *f, const char *proof, plm_buf *out) {
    plm_jw w = plm_jw_into(out);
    plm_jw_obj(&w);
    plm_jw_key(&w, "id");
    plm_jw_raw(&w, d->c.id_json.n ? d->c.id_json : PLM_STR("null"));
    put_day(&w, "as_of", d->c.as_of);
    put_day(&w, "known", d->c.known);
    plm_jw_kcstr(&w, "mode", d->c.codified ? "codified" : "enforced");
    plm_jw_kcstr(&w, "verdict", plm_verdict_name(f->head->verdict));
    put_items(d, f, &w);
    plm_jw_raw(&w, f->members);
    put_conflicts(d, &w);
    put_warnings(d, f->notes, &w);
    put_screening(d, &w);
    put_tail(d, &w);
    plm_jw_kint(&w, "cases", f->head->cases);
    plm_jw_kcstr(&w, "proof_sha256", proof);
    plm_jw_end_obj(&w);
}

bool plm_desk_review(plm_desk *d, plm_str json, const plm_reading *rd, plm_buf *out,
                     plm_verdict *v, plm_fault *f) {
    findings found;
    char proof[65];
    if (!desk_open(d, json, rd, f) || !desk_findings(d, &found, f) ||
        !desk_proof_hash(d, found.proof, proof, f))
        return false;
    size_t before = out->n;
    put_result(d, &found, proof, out);
    *v = found.head->verdict;
    if (!out->full) return true;
    out->n = before;
    return plm_fail(f, PLM_OUT_OF_RANGE, "the result is larger than %zu bytes", out->max);
}

bool plm_desk_classify(plm_desk *d, plm_str json, const plm_reading *rd, uint32_t index,
                       plm_buf *out, plm_fault *f) {
    if (!desk_open_item(d, json, rd, f)) return false;
    plm_jw w = plm_jw_into(out);
    plm_buf_clear(&d->item_found);
    desk_put_item(d, 0, &d->item_found);
    if (d->item_found.full) out->full = true;
    put_item(d->items[0].item, index, plm_buf_str(&d->item_found), &w);
    return !out->full || plm_fail(f, PLM_OUT_OF_RANGE, "the result is too large");
}
