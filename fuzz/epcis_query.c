/* epcis_query.c: any bytes as the parameters of an event query, asked of events that have every
 * kind of field: an answer or GS1's exception, never a crash; and what is accepted is accepted
 * again, with the same hash, since a page's token holds it. */
#include "custody/query.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const events[] = {
    "{\"type\":\"ObjectEvent\",\"eventTime\":\"2025-05-01T10:00:00Z\",\"action\":\"OBSERVE\","
    "\"bizStep\":\"shipping\",\"epcList\":[\"urn:epc:id:sgtin:9520000.010001.A.1\","
    "\"https://id.gs1.org/01/09520000100018/21/B\"],\"readPoint\":{\"id\":\"geo:1,2\"},"
    "\"bizTransactionList\":[{\"type\":\"po\",\"bizTransaction\":\"urn:x:1\"}],"
    "\"sensorElementList\":[{\"sensorReport\":[{\"type\":\"Mass\",\"value\":1.5,"
    "\"uom\":\"KGM\"}]}],\"@context\":[\"x\",{\"ex\":\"https://ex.example/\"}],"
    "\"ex:a\":[1,{\"ex:b\":\"2025-01-01T00:00Z\"}],\"errorDeclaration\":{"
    "\"declarationTime\":\"2025-05-01T10:00:00Z\",\"reason\":\"incorrect_data\"}}",
    "{\"type\":\"TransformationEvent\",\"inputQuantityList\":[{\"epcClass\":"
    "\"urn:epc:class:lgtin:9520000.010001.L\",\"quantity\":3}],\"ilmd\":{\"plm:a\":true}}"};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    plm_equery q, again;
    plm_equery_error e;
    plm_fault f = {0};
    plm_arena *a = plm_arena_new(16u << 20);
    plm_str text = {(const char *)data, size}, prefix = PLM_STR("ex=https://ex.example/");
    bool ok = a && plm_equery_read(text, &prefix, 1, &q, &e);
    for (size_t i = 0; ok && i < sizeof events / sizeof *events; i++) {
        plm_doc *d = plm_doc_parse(plm_str_c(events[i]), 0, &f);
        if (!d) abort();
        bool lacks;
        plm_equery_match(&q, plm_doc_root(d), PLM_STR("urn:uuid:1"), a, &lacks);
        plm_doc_free(d);
        plm_arena_reset(a);
    }
    if (ok && (!plm_equery_read(text, &prefix, 1, &again, &e) || again.hash != q.hash)) abort();
    if (ok) plm_equery_free(&again);
    if (!ok && a && !e.type) abort();
    if (a) plm_equery_free(&q);
    plm_arena_free(a);
    return 0;
}
