/* Fuzz target: any bytes as the data file of the lists' legal effects.  What loads falls on rows of
 * its lists as valid JSON, and a match that is less sure is never in a more severe band. */
#include "base/json.h"
#include "plimsoll/effects.h"

#include <stdlib.h>
#include <string.h>

static void require(bool ok) {
    if (!ok) abort();
}

static void put(const plm_effects *e, const plm_effects_ask *ask) {
    plm_buf b;
    plm_fault f = {0};
    plm_buf_init(&b, 1u << 20);
    plm_buf_puts(&b, "{\"a\":1");
    require(plm_effects_put_json(e, ask, &b));
    plm_buf_putc(&b, '}');
    plm_doc *d = plm_doc_parse(plm_buf_str(&b), 0, &f);
    require(d != NULL);
    plm_doc_free(d);
    require(plm_effects_put_text(e, ask, "  ", &b));
    plm_buf_free(&b);
}

static void fall(const plm_effects *e, plm_str code, const plm_effect *x) {
    plm_fault f = {0};
    plm_list *l = plm_list_new(PLM_STR("fuzz"), PLM_STR("1"));
    plm_fallen out[PLM_EFFECTS_OF_LIST_MAX];
    plm_band band[3][PLM_CONSEQUENCES_MAX];
    require(l && plm_list_add_entity(l, PLM_STR("1"), code, PLM_STR("A"), PLM_ENTITY_UNKNOWN, &f));
    if (x && x->program_n) plm_list_set(l, PLM_LIST_PROGRAMS, x->programs[0], &f);
    if (x) plm_list_set_bits(l, 0, 1u << x->footnote);
    plm_effects_ask ask = {.list = l, .row = l->entities, .as_of = x ? x->from : 20000};
    for (int t = 0; t < 3; t++) {
        ask.match = (plm_truth)t;
        require(plm_effects_fall(e, &ask, out, band[t]) <= PLM_EFFECTS_OF_LIST_MAX);
        for (int i = 0; t && i < PLM_CONSEQUENCES_MAX; i++) require(band[t][i] >= band[t - 1][i]);
        put(e, &ask);
    }
    plm_list_free(l);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n) {
    plm_fault f = {0};
    plm_effects *e = plm_effects_read((plm_str){(const char *)p, n}, "fuzz", &f);
    if (!e) {
        require(f.code != PLM_OK && f.say[0]);
        return 0;
    }
    for (uint32_t i = 0; i < plm_effects_count(e); i++) {
        const plm_effects_list *l = plm_effects_at(e, i);
        require(plm_effects_find(e, l->codes[0]) == l);
        for (uint32_t k = 0; k < l->effect_n; k++) fall(e, l->codes[0], &l->effects[k]);
    }
    fall(e, PLM_STR("a-list-of-nobody"), NULL);
    plm_effects_free(e);
    return 0;
}
