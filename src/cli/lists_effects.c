/* lists_effects.c: `plimsoll lists effects`, and what `plimsoll lists show` says of the law. */
#include "cli/lists.h"

#include "base/json.h"
#include "cli/effects.h"

#include <stdio.h>
#include <string.h>

#define OUT_MAX (4u << 20)
#define CODES_MAX 256 /* lists told apart by `show` */

static void put_list(const plm_effects *e, const plm_effects_list *l, plm_buf *b) {
    char day[11];
    plm_jw w = plm_jw_into(b);
    plm_jw_obj(&w);
    plm_jw_kstr(&w, "list", l->codes[0]);
    plm_jw_kstr(&w, "name", l->name);
    plm_jw_kstr(&w, "authority", l->authority);
    plm_jw_kstr(&w, "cite", l->cite);
    if (l->fact.n) plm_jw_kstr(&w, "fact", l->fact);
    plm_jw_key(&w, "effects");
    plm_jw_arr(&w);
    for (uint32_t i = 0; i < l->effect_n; i++) {
        const plm_effect *x = &l->effects[i];
        plm_jw_obj(&w);
        plm_jw_kstr(&w, "id", x->id);
        plm_jw_kstr(&w, "consequence", plm_consequence_name(e, x->consequence));
        plm_jw_key(&w, "band");
        plm_jw_obj(&w);
        for (int t = PLM_YES; t >= PLM_NO; t--)
            plm_jw_kcstr(&w, plm_truth_name((plm_truth)t), plm_band_name(x->band[t]));
        plm_jw_end_obj(&w);
        plm_day_print(x->from, day);
        plm_jw_kcstr(&w, "from", day);
        plm_jw_kstr(&w, "says", x->says);
        plm_jw_kstr(&w, "cite", x->cite);
        plm_jw_kstr(&w, "certainty", x->certainty);
        if (x->basis.n) plm_jw_kstr(&w, "basis", x->basis);
        plm_jw_end_obj(&w);
    }
    plm_jw_end_arr(&w);
    plm_jw_end_obj(&w);
    plm_buf_putc(b, '\n');
}

static void text_list(const plm_effects *e, const plm_effects_list *l, plm_buf *b) {
    char day[11];
    plm_buf_printf(b, "%.*s: %.*s, %.*s [%.*s]\n", PLM_FMT(l->codes[0]), PLM_FMT(l->name),
                   PLM_FMT(l->authority), PLM_FMT(l->cite));
    for (uint32_t i = 0; i < l->effect_n; i++) {
        const plm_effect *x = &l->effects[i];
        plm_day_print(x->from, day);
        plm_buf_printf(b, "  %-22.*s %s, unsure %s, from %s (%.*s)\n      %.*s [%.*s]\n",
                       PLM_FMT(plm_consequence_name(e, x->consequence)),
                       plm_band_name(x->band[PLM_YES]), plm_band_name(x->band[PLM_UNKNOWN]), day,
                       PLM_FMT(x->certainty), PLM_FMT(x->says), PLM_FMT(x->cite));
    }
}

int plm_cli_lists_effects(int argc, char **argv) {
    const char *file = NULL, *code = NULL;
    bool bad = false, json = false;
    for (int i = 1; i < argc; i++) {
        const char *v;
        if ((v = plm_cli_value(argc, argv, &i, "--effects", &bad))) file = v;
        else if ((v = plm_cli_value(argc, argv, &i, "--format", &bad))) {
            json = strcmp(v, "json") == 0;
            if (!json && strcmp(v, "text") != 0)
                return plm_cli_usage("lists", "--format takes text or json");
        } else if (bad || argv[i][0] == '-' || code) {
            return plm_cli_usage("lists", bad ? "%s needs a value" : "what is %s?", argv[i]);
        } else {
            code = argv[i];
        }
    }
    plm_effects *e = plm_cli_effects("lists", file);
    if (!e) return PLM_EXIT_ERROR;
    plm_buf b;
    plm_buf_init(&b, OUT_MAX);
    const plm_effects_list *one = code ? plm_effects_find(e, plm_str_c(code)) : NULL;
    for (uint32_t i = 0; i < plm_effects_count(e); i++) {
        const plm_effects_list *l = plm_effects_at(e, i);
        if (code && l != one) continue;
        if (json) put_list(e, l, &b);
        else text_list(e, l, &b);
    }
    printf("%.*s", PLM_FMT(plm_buf_str(&b)));
    plm_buf_free(&b);
    plm_effects_free(e);
    if (code && !one) return plm_cli_usage("lists", "no legal effect is recorded for '%s'", code);
    return 0;
}

typedef struct counted {
    plm_str code;
    uint64_t rows;
} counted;

static uint32_t count(const plm_lists *l, counted *c) {
    uint32_t n = 0;
    for (uint32_t i = 0; i < l->n; i++)
        for (uint32_t k = 0; k < l->list[i]->entity_n; k++) {
            plm_str code = plm_list_text(l->list[i], l->list[i]->entities[k].list);
            uint32_t at = 0;
            while (at < n && !plm_str_eq(c[at].code, code)) at++;
            if (at == CODES_MAX) continue;
            if (at == n) c[n++] = (counted){code, 0};
            c[at].rows++;
        }
    return n;
}

/* The most severe band of an exact match, by consequence, on today's law. */
static void worst(const plm_effects_list *l, plm_day day, plm_band *band) {
    for (uint32_t i = 0; l && i < l->effect_n; i++) {
        const plm_effect *x = &l->effects[i];
        if (day >= x->from && day <= x->until && x->band[PLM_YES] > band[x->consequence])
            band[x->consequence] = x->band[PLM_YES];
    }
}

void plm_cli_lists_law(const plm_lists *l, bool json) {
    plm_effects *e = json ? NULL : plm_cli_effects("lists", NULL);
    counted *c = plm_mem_resize(NULL, CODES_MAX * sizeof *c);
    uint32_t n = e && c ? count(l, c) : 0;
    for (uint32_t i = 0; i < n; i++) {
        const plm_effects_list *x = plm_effects_find(e, c[i].code);
        plm_band band[PLM_CONSEQUENCES_MAX] = {PLM_BAND_CLEAR};
        worst(x, plm_day_today(), band);
        printf("%-26.*s %7llu rows ", PLM_FMT(c[i].code), (unsigned long long)c[i].rows);
        for (uint32_t k = 0; x && k < plm_consequence_count(e); k++)
            if (band[k] != PLM_BAND_CLEAR || k == 0)
                printf(" %.*s: %s;", PLM_FMT(plm_consequence_name(e, k)), plm_band_name(band[k]));
        if (x) printf(" %.*s\n", PLM_FMT(x->cite));
        else printf(" review: no legal effect is recorded\n");
    }
    plm_mem_free(c);
    plm_effects_free(e);
}
