/* epcis_json.c: any bytes as a file of events: read, checked and hashed, never a crash; what is
 * accepted reads again to the same hash from its own record. */
#include "epcis.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    plm_fault f = {0};
    plm_arena *a = plm_arena_new(64u << 20);
    if (a) plm_epcis_read((plm_str){(const char *)data, size}, 1750000000000000000, take, a, &f);
    plm_arena_free(a);
    return 0;
}
