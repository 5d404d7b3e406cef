/* sensitivity.c: what would flip the verdict.  Numbers are tried on, just below and just above
 * every threshold of the law; dates on every day that the law changes; every destination.
 * Nothing is estimated: each answer is a verdict taken again. */
#include "decide/desk.h"
#include "base/json.h"

#include <stdio.h>
#include <string.h>

#define EDGES_MAX 128
#define DAYS_MAX 2048

typedef struct edge {
    plm_dec at;
    plm_verdict verdict;
    bool found;
} edge;

typedef struct probe {
    plm_desk *d;
    plm_verdict now;
    plm_jw *w;
} probe;

static plm_verdict verdict_now(plm_desk *d) {
    plm_facts_touch(d->world);
    desk_sift(d);
    return desk_verdict_only(d, PLM_RULES_CASES_MAX);
}

static plm_verdict with_number(plm_desk *d, uint32_t id, uint32_t item, plm_dec v, plm_iv back) {
    plm_facts_number(d->world, id, item, plm_iv_point(v));
    plm_verdict r = verdict_now(d);
    plm_facts_number(d->world, id, item, back);
    return r;
}

/* Keeps v when it is nearer than what was found on its side. */
static void keep(edge *e, bool below, plm_dec v, plm_verdict verdict) {
    if (e->found && (plm_dec_cmp(v, e->at) > 0) != below) return;
    *e = (edge){v, verdict, true};
}

static size_t edges_of(probe *p, int fact, uint32_t item, plm_dec out[EDGES_MAX]) {
    const plm_desk *d = p->d;
    size_t n = plm_book_thresholds(d->book, d->facts[fact], false, out, EDGES_MAX);
    plm_iv tpp;
    plm_dec t[EDGES_MAX];
    if (fact != DF_die_area || !plm_facts_known_number(d->world, d->facts[DF_tpp], item, &tpp) ||
        !plm_iv_is_point(tpp))
        return n;
    size_t k = plm_book_thresholds(d->book, d->facts[DF_die_area], true, t, EDGES_MAX);
    for (size_t i = 0; i < k && n < EDGES_MAX; i++)
        if (plm_dec_div(tpp.lo, t[i], false, &out[n])) n++;
    return n;
}

static void put_edge(probe *p, const char *key, const edge *e) {
    char text[PLM_DEC_TEXT];
    plm_jw_key(p->w, key);
    if (!e->found) {
        plm_jw_null(p->w);
        return;
    }
    plm_dec_print(e->at, text);
    plm_jw_obj(p->w);
    plm_jw_kcstr(p->w, "at", text);
    plm_jw_kcstr(p->w, "verdict", plm_verdict_name(e->verdict));
    plm_jw_end_obj(p->w);
}

/* The nearest values below and above at which the verdict is another. */
static void number(probe *p, int fact, uint32_t item) {
    plm_desk *d = p->d;
    plm_iv v;
    plm_dec at[EDGES_MAX], step, zero = plm_dec_int(0);
    char path[PATH_TEXT + 64], own[PATH_TEXT], text[PLM_DEC_TEXT];
    if (d->facts[fact] == UINT32_MAX ||
        !plm_facts_known_number(d->world, d->facts[fact], item, &v) || !plm_iv_is_point(v))
        return;
    size_t n = edges_of(p, fact, item, at);
    edge below = {0}, above = {0};
    plm_dec_parse(PLM_STR("0.000000001"), false, &step, NULL);
    for (size_t i = 0; i < n; i++)
        for (int side = -1; side <= 1; side++) {
            plm_dec x = at[i];
            if (side && !(side < 0 ? plm_dec_sub(x, step, &x) : plm_dec_add(x, step, &x))) continue;
            int c = plm_dec_cmp(x, v.lo);
            if (c == 0 || plm_dec_cmp(x, zero) < 0) continue;
            plm_verdict r = with_number(d, d->facts[fact], item, x, v);
            if (r != p->now) keep(c < 0 ? &below : &above, c < 0, x, r);
        }
    if (!below.found && !above.found) return;
    desk_path_join(path, sizeof path, desk_item_path(d, item, own),
                   plm_book_fact(d->book, d->facts[fact])->path);
    plm_dec_print(v.lo, text);
    plm_jw_obj(p->w);
    plm_jw_kcstr(p->w, "fact", path);
    plm_jw_kcstr(p->w, "value", text);
    put_edge(p, "below", &below);
    put_edge(p, "above", &above);
    plm_jw_end_obj(p->w);
}

static void numbers(probe *p) {
    static const int facts[] = {DF_tpp, DF_die_area, DF_density, DF_dram, DF_io, DF_memory_density,
                                DF_us_content, DF_quantity};
    plm_jw_key(p->w, "numbers");
    plm_jw_arr(p->w);
    for (uint32_t i = 0; i < p->d->item_count; i++)
        for (size_t k = 0; k < sizeof facts / sizeof *facts; k++) number(p, facts[k], i);
    plm_jw_end_arr(p->w);
}

static void destinations(probe *p) {
    plm_desk *d = p->d;
    plm_jw_key(p->w, "destinations");
    plm_jw_obj(p->w);
    plm_verdict of[677];
    for (plm_country c = 1; c <= 676; c++) {
        char code[3];
        plm_country_print(c, code);
        of[c] = (plm_verdict)-1;
        if (plm_country_parse((plm_str){code, 2}) != c) continue;
        plm_facts_country(d->world, d->facts[DF_to], 0, c);
        of[c] = verdict_now(d);
    }
    plm_facts_country(d->world, d->facts[DF_to], 0, d->c.to);
    for (int v = PLM_NO_REQUIREMENT; v <= PLM_PROHIBITED; v++) {
        bool any = false;
        for (plm_country c = 1; c <= 676; c++) {
            char code[3];
            if (of[c] != (plm_verdict)v) continue;
            if (!any) plm_jw_key(p->w, plm_verdict_name((plm_verdict)v)), plm_jw_arr(p->w);
            any = true;
            plm_country_print(c, code);
            plm_jw_cstr(p->w, code);
        }
        if (any) plm_jw_end_arr(p->w);
    }
    plm_jw_end_obj(p->w);
}

/* The days on which this case's verdict becomes another, with what is known kept as it is. */
static bool dates(probe *p, plm_str json, const plm_reading *rd, plm_fault *f) {
    plm_desk *d = p->d;
    plm_day *day = plm_mem_resize(NULL, DAYS_MAX * sizeof *day);
    if (!day) return plm_fail(f, PLM_NO_MEMORY, "out of memory");
    size_t n = plm_book_days(d->book, day, DAYS_MAX);
    plm_reading r = *rd;
    r.has_as_of = true;
    bool ok = true, first = true;
    plm_verdict last = PLM_PROHIBITED;
    plm_jw_key(p->w, "dates");
    plm_jw_arr(p->w);
    for (size_t i = 0; i < n && ok; i++) {
        char text[11];
        r.as_of = day[i];
        if (!(ok = desk_open(d, json, &r, f))) break;
        plm_verdict v = verdict_now(d);
        if (!first && v == last) continue;
        plm_day_print(day[i], text);
        plm_jw_obj(p->w);
        plm_jw_kcstr(p->w, "from", text);
        plm_jw_kcstr(p->w, "verdict", plm_verdict_name(v));
        plm_jw_end_obj(p->w);
        first = false;
        last = v;
    }
    plm_jw_end_arr(p->w);
    plm_mem_free(day);
    return ok;
}

bool plm_desk_sensitivity(plm_desk *d, plm_str json, const plm_reading *r, plm_buf *out,
                          plm_verdict *v, plm_fault *f) {
    if (!desk_open(d, json, r, f)) return false;
    plm_jw w = plm_jw_into(out);
    probe p = {.d = d, .w = &w};
    *v = p.now = verdict_now(d);
    plm_jw_obj(&w);
    plm_jw_key(&w, "id");
    plm_jw_raw(&w, d->c.id_json.n ? d->c.id_json : PLM_STR("null"));
    plm_jw_kcstr(&w, "verdict", plm_verdict_name(p.now));
    numbers(&p);
    destinations(&p);
    bool ok = dates(&p, json, r, f);
    plm_jw_end_obj(&w);
    return ok && (!out->full || plm_fail(f, PLM_OUT_OF_RANGE, "the result is too large"));
}
