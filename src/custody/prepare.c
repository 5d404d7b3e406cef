/* prepare.c: what the ledger needs of an event and its text alone gives, made ahead of the one
 * writer by whatever thread reads. */
#include "custody/ledger.h"
#include "custody/parts.h"
#include "custody/runs.h"

#include <string.h>

bool plm_ledger_prepare(plm_event *e, plm_arena *a, plm_buf *scratch) {
    plm_hash leaf = plm_merkle_leaf(e->json);
    memcpy(e->leaf, leaf.b, sizeof e->leaf);
    e->id_key = plm_runs_key(PLM_RUNS_ID, e->id);
    e->hash_key = plm_runs_key(PLM_RUNS_HASH, (plm_str){(const char *)e->hash, PLM_SHA256_LEN});
    for (size_t i = 0; i < e->epcs_n; i++) {
        plm_event_epc *x = &e->epcs[i];
        x->run_key = plm_runs_key(PLM_RUNS_EPC, x->key);
        x->name_hash = plm_runs_hash(x->shown);
    }
    plm_buf_clear(scratch);
    if (!plm_parts_pack(e, scratch)) return false;
    e->parts = scratch->n ? plm_arena_copy(a, plm_buf_str(scratch)) : PLM_STR("");
    return e->parts.p != NULL;
}
