/* Fuzz target: a text that is taken as an ECCN prints to one that is read as the same; any text
 * may be looked up in the catalogue. */
#include "plimsoll/goods.h"

#include <stdlib.h>

static void require(bool ok) {
    if (!ok) abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n) {
    plm_str s = {(const char *)p, n};
    plm_eccn e, again;
    plm_catalog_hit hits[PLM_CATALOG_HITS_MAX];
    require(plm_catalog_find(s, hits) <= PLM_CATALOG_HITS_MAX);
    if (!plm_eccn_parse(s, &e)) return 0;
    char out[PLM_ECCN_TEXT];
    size_t len = plm_eccn_print(&e, out);
    require(len < sizeof out);
    require(plm_eccn_parse((plm_str){out, len}, &again));
    require(plm_eccn_same(&e, &again) && e.side == again.side);
    require(plm_eccn_within(&e, &again) == PLM_YES);
    return 0;
}
