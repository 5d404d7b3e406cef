/* epcis.h: what both EPCIS fuzzers hold: an accepted event reads again to the same hash from its
 * own record. */
#ifndef PLM_FUZZ_EPCIS_H
#define PLM_FUZZ_EPCIS_H

#include "custody/epcis.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool take(void *ctx, uint64_t index, const plm_json *v, const plm_event_frame *frame,
                 const plm_fault *bad) {
    plm_arena *a = ctx;
    plm_event e, again;
    plm_refusal r;
    (void)index, (void)bad;
    plm_arena_reset(a);
    if (!v || !plm_event_read(v, frame, a, &e, &r)) return true;
    plm_event_frame alone = {NULL, NULL, e.json, e.record_time};
    plm_fault f = {0};
    plm_doc *d = plm_doc_parse(e.json, 2 * PLM_EVENT_BYTES_MAX, &f);
    if (!d) return true; /* deeper than a document by the frame around it */
    if (!plm_event_read(plm_doc_root(d), &alone, a, &again, &r)) abort();
    if (memcmp(e.hash, again.hash, sizeof e.hash) != 0) abort();
    plm_doc_free(d);
    return true;
}

#endif
