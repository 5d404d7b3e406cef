/* tlog.c: any bytes as a proof vector ('V…') or a checkpoint ('C…'): read and checked, never a
 * crash; a proof of random bytes never holds for another root. */
#include "custody/note.h"
#include "custody/vector.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void vector(plm_str text) {
    plm_vector v;
    plm_fault f = {0};
    if (plm_vector_read(text, &v, &f) && !plm_vector_check(&v) && v.last.n == PLM_HASH_LEN) {
        v.last.p[0] = (char)(v.last.p[0] ^ 1);
        if (!plm_vector_check(&v)) abort();
    }
    plm_vector_free(&v);
}

static void checkpoint(plm_str text) {
    plm_checkpoint c;
    plm_fault f = {0};
    unsigned char public[PLM_KEY_PUBLIC_LEN] = {1};
    if (!plm_checkpoint_read(text, true, &c, &f)) return;
    if (c.body.p != text.p || c.body.n > text.n) abort();
    if (plm_note_check(&c, "example.com/log", public)) abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size && data[0] == 'V') vector((plm_str){(const char *)data + 1, size - 1});
    if (size && data[0] == 'C') checkpoint((plm_str){(const char *)data + 1, size - 1});
    return 0;
}
