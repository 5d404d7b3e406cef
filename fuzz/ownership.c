/* ownership.c: BODS and GLEIF readers against any bytes; whatever is read is decided. */
#include "plimsoll/ownership.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    plm_fault f = {0};
    plm_str text = {(const char *)data, size};
    plm_arena *a = plm_arena_new((size_t)256 << 20);
    plm_own_graph *g = plm_own_new(a);
    bool ok = size && data[0] == '<'
                  ? plm_own_read_gleif(g, text, "fuzz", &f)
                  : plm_own_read_bods(g, text, plm_day_from_ymd(2024, 1, 1), &f);
    if (!ok && f.say[0] == 0) abort();
    for (int regime = 0; ok && regime < 4; regime++) {
        plm_own_rule r = plm_own_rule_of((plm_own_regime)regime);
        plm_own_result out;
        for (uint32_t i = 0; i < g->node_n && i < 8; i++)
            if (plm_own_decide(g, i, &r, &out, NULL) && out.owned > PLM_YES) abort();
    }
    plm_arena_free(a);
    return 0;
}
