/* vector.h: proof files: inclusion and consistency vectors as JSON. */
#ifndef PLM_CUSTODY_VECTOR_H
#define PLM_CUSTODY_VECTOR_H

#include "base/json.h"
#include "custody/merkle.h"

#define PLM_VECTOR_BYTES_MAX (1u << 20)

typedef struct plm_vector {
    bool consistency;
    uint64_t a, b;       /* leafIdx, treeSize; or size1, size2 */
    plm_buf first, last; /* leafHash, root; or root1, root2: bytes as decoded, of any length */
    plm_hash proof[PLM_PROOF_MAX];
    size_t n;            /* hashes in the proof */
    bool bad_length;     /* a hash of the proof has another length, or there are too many */
} plm_vector;

/* False: the text is no vector (free it all the same). */
bool plm_vector_read(plm_str text, plm_vector *v, plm_fault *f);
/* NULL when the proof holds, else why it does not (static). */
const char *plm_vector_check(const plm_vector *v);
void plm_vector_free(plm_vector *v);
/* Appends the object of a proof; leaf p NULL: none (inclusion only). */
bool plm_vector_print_inclusion(uint64_t index, uint64_t size, plm_hash root, plm_hash leaf_hash,
                                const plm_hash *proof, size_t n, plm_str leaf, plm_buf *out);
bool plm_vector_print_consistency(uint64_t size1, uint64_t size2, plm_hash root1, plm_hash root2,
                                  const plm_hash *proof, size_t n, plm_buf *out);

#endif
