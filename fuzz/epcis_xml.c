/* epcis_xml.c: any bytes as an EPCIS XML document: read, checked and hashed, never a crash; what is
 * accepted reads again to the same hash from its own record. */
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

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    plm_fault f = {0};
    plm_buf json;
    plm_arena *a = plm_arena_new(64u << 20);
    plm_buf_init(&json, 16u << 20);
    if (a && plm_epcis_xml_to_json((plm_str){(const char *)data, size}, &json, &f)) {
        plm_fault g = {0};
        plm_doc *d = plm_doc_parse(plm_buf_str(&json), 16u << 20, &g);
        if (!d && g.code == PLM_NO_MEMORY) abort();
        plm_doc_free(d);
        plm_epcis_read(plm_buf_str(&json), 1750000000000000000, take, a, &f);
    }
    plm_buf_free(&json);
    plm_arena_free(a);
    return 0;
}
