/* epcis_xml.c: any bytes as an EPCIS XML document: read, checked and hashed, never a crash; what is
 * accepted reads again to the same hash from its own record. */
#include "epcis.h"

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
