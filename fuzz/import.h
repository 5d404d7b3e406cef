/* import.h: one importer under the fuzzer: whatever the bytes, a list or a fault with its place. */
#include "plimsoll/lists.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    plm_fault f = {0};
    plm_str text = {(const char *)data, size};
    plm_list *l = plm_lists_read(FUZZ_FORMAT, text, "fuzz", &f);
    if (!l && (f.say[0] == 0 || f.code == PLM_OK)) abort();
    for (uint32_t i = 0; l && i < l->entity_n; i++) {
        unsigned char digest[32];
        if (l->entities[i].name.n == 0 || l->entities[i].id.n == 0) abort();
        plm_list_entity_digest(l, &l->entities[i], digest);
    }
    plm_list_free(l);
    return 0;
}
