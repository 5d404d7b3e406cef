/* Fuzz target: any bytes are a case or a fault with a reason; a case that is read holds no flag
 * outside the three truths and no interval the wrong way round. */
#include "plimsoll/case.h"

#include <stdlib.h>

static void require(bool ok) {
    if (!ok) abort();
}

static void check_num(const plm_num *n) {
    if (!n->given) return;
    require(!n->iv.no_lo && !n->iv.lo.neg);
    require(n->iv.no_hi || plm_dec_cmp(n->iv.lo, n->iv.hi) <= 0);
}

static void check_items(const plm_item *v, uint32_t n) {
    for (uint32_t i = 0; i < n; i++) {
        for (int k = 0; k < PLM_N_COUNT; k++) check_num(&v[i].number[k]);
        for (int k = 0; k < PLM_F_COUNT; k++) require(v[i].flag[k] <= PLM_YES);
        require(v[i].form < PLM_FORM_COUNT && v[i].us_plant <= PLM_YES);
        check_num(&v[i].us_content_share);
        check_items(v[i].parts, v[i].part_count);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n) {
    plm_arena *a = plm_arena_new(16u << 20);
    if (!a) return 0;
    plm_str in = {(const char *)p, n};
    plm_case c;
    plm_item one;
    plm_fault f = {0};
    if (plm_case_read(a, in, &c, &f)) {
        check_items(c.items, c.item_count);
        for (int i = 0; i < PLM_U_COUNT; i++) require(c.end_use[i] <= PLM_YES);
    } else {
        require(f.code != PLM_OK && f.say[0]);
    }
    plm_fault_clear(&f);
    if (plm_item_read(a, in, &one, &c, &f)) check_items(&one, 1);
    else require(f.code != PLM_OK && f.say[0]);
    plm_arena_free(a);
    return 0;
}
