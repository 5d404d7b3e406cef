/* effects_fall.c: the effects of a list on one match: which of them its row calls for, whether they
 * are in force on the day, and in which band.
 * Invariant: a row that does not tell (no program where the effect asks for one) counts as called
 * for, so that what is not known never clears. */
#include "plimsoll/effects.h"

#include "base/json.h"

#include <string.h>

plm_truth plm_match_truth(const plm_match *m) {
    static const char word[] = "building";
    for (uint32_t i = 0; i < m->flag_n; i++)
        for (size_t k = 0; k + sizeof word - 1 <= m->flags[i].n; k++)
            if (memcmp(m->flags[i].p + k, word, sizeof word - 1) == 0) return PLM_NO;
    return m->strength == PLM_EXACT ? PLM_YES : PLM_UNKNOWN;
}

static bool of_word(char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
}

/* Does the text hold the program as a word of its own?  "BELARUS" is not in "BELARUS-EO14038". */
static bool holds(plm_str s, plm_str program) {
    for (size_t i = 0; i + program.n <= s.n; i++) {
        if (memcmp(s.p + i, program.p, program.n) != 0) continue;
        bool begins = i == 0 || !of_word(s.p[i - 1]);
        bool ends = i + program.n == s.n || !of_word(s.p[i + program.n]);
        if (begins && ends) return true;
    }
    return false;
}

static bool called_for(const plm_effect *x, const plm_effects_ask *ask) {
    if (x->footnote) return ask->row->footnotes >> x->footnote & 1;
    if (!x->program_n) return true;
    plm_str has = plm_str_trim(plm_list_text(ask->list, ask->row->programs));
    if (!has.n) return true;
    for (uint32_t i = 0; i < x->program_n; i++)
        if (holds(has, x->programs[i])) return !x->other_programs;
    return x->other_programs;
}

uint32_t plm_effects_fall(const plm_effects *e, const plm_effects_ask *ask,
                          plm_fallen out[PLM_EFFECTS_OF_LIST_MAX], plm_band *bands) {
    const plm_effects_list *l =
        plm_effects_find(e, plm_list_text(ask->list, ask->row->list));
    uint32_t n = 0;
    plm_band start = l || ask->match == PLM_NO ? PLM_BAND_CLEAR : PLM_BAND_REVIEW;
    for (int i = 0; bands && i < PLM_CONSEQUENCES_MAX; i++) bands[i] = start;
    for (uint32_t i = 0; l && i < l->effect_n; i++) {
        const plm_effect *x = &l->effects[i];
        if (!called_for(x, ask)) continue;
        plm_fallen *y = &out[n++];
        y->effect = x;
        y->in_force = ask->as_of >= x->from && ask->as_of <= x->until;
        y->band = y->in_force ? x->band[ask->match] : PLM_BAND_CLEAR;
        if (bands && y->band > bands[x->consequence]) bands[x->consequence] = y->band;
    }
    return n;
}

/* The row's own columns, with the documents that put it there. */
static void put_row(plm_jw *w, const plm_effects_ask *ask) {
    const plm_entity *r = ask->row;
    plm_jw_key(w, "row");
    plm_jw_obj(w);
    static const char *const keys[] = {"requirement", "policy", "cite"};
    const plm_ref refs[] = {r->programs, r->effect, r->citation};
    for (int i = 0; i < 3; i++) {
        plm_jw_key(w, keys[i]);
        if (refs[i].n) plm_jw_str(w, plm_list_text(ask->list, refs[i]));
        else plm_jw_null(w);
    }
    plm_jw_end_obj(w);
}

static void put_fallen(plm_jw *w, const plm_effects_ask *ask, const plm_fallen *x) {
    const plm_effect *k = x->effect;
    plm_jw_obj(w);
    plm_jw_raw(w, k->head_json);
    plm_jw_kcstr(w, "band", plm_band_name(x->band));
    plm_buf_put(w->b, k->tail_json.p, k->tail_json.n); /* begins with its comma */
    plm_jw_kbool(w, "in_force", x->in_force);
    if (k->quotes_row) put_row(w, ask);
    plm_jw_end_obj(w);
}

bool plm_effects_put_json(const plm_effects *e, const plm_effects_ask *ask, plm_buf *out) {
    plm_fallen x[PLM_EFFECTS_OF_LIST_MAX];
    plm_band band[PLM_CONSEQUENCES_MAX];
    uint32_t n = plm_effects_fall(e, ask, x, band);
    plm_buf_puts(out, ",\"bands\":{");
    for (uint32_t i = 0; i < plm_consequence_count(e); i++) {
        plm_str name = plm_consequence_name(e, i); /* a-z and '_' only */
        plm_buf_puts(out, i ? ",\"" : "\"");
        plm_buf_put(out, name.p, name.n);
        plm_buf_puts(out, "\":\"");
        plm_buf_puts(out, plm_band_name(band[i]));
        plm_buf_putc(out, '"');
    }
    plm_buf_puts(out, "},\"effects\":[");
    plm_jw w = plm_jw_into(out);
    for (uint32_t i = 0; i < n; i++) put_fallen(&w, ask, &x[i]);
    plm_buf_putc(out, ']');
    return !out->full;
}

static void text_row(const plm_effects_ask *ask, const char *indent, plm_buf *out) {
    static const char *const keys[] = {"requirement", "policy", "by"};
    const plm_ref refs[] = {ask->row->programs, ask->row->effect, ask->row->citation};
    for (int i = 0; i < 3; i++) {
        plm_str s = refs[i].n ? plm_list_text(ask->list, refs[i])
                              : PLM_STR("not in this edition: read the row");
        plm_buf_printf(out, "%s  %s: %.*s\n", indent, keys[i], PLM_FMT(s));
    }
}

bool plm_effects_put_text(const plm_effects *e, const plm_effects_ask *ask, const char *indent,
                          plm_buf *out) {
    plm_fallen x[PLM_EFFECTS_OF_LIST_MAX];
    uint32_t n = plm_effects_fall(e, ask, x, NULL);
    if (!plm_effects_find(e, plm_list_text(ask->list, ask->row->list)))
        plm_buf_printf(out, "%sreview: no legal effect is recorded for the list '%.*s'; add it to "
                       "lists.json\n", indent, PLM_FMT(plm_list_text(ask->list, ask->row->list)));
    for (uint32_t i = 0; i < n; i++) {
        const plm_effect *k = x[i].effect;
        char day[11];
        plm_day_print(ask->as_of < k->from ? k->from : k->until, day);
        plm_buf_printf(out, "%s%.*s: %s  %.*s [%.*s]", indent,
                       PLM_FMT(plm_consequence_name(e, k->consequence)), plm_band_name(x[i].band),
                       PLM_FMT(k->says), PLM_FMT(k->cite));
        if (!x[i].in_force)
            plm_buf_printf(out, ask->as_of < k->from ? " (from %s)" : " (until %s)", day);
        plm_buf_putc(out, '\n');
        if (k->quotes_row) text_row(ask, indent, out);
    }
    return !out->full;
}
