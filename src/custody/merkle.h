/* merkle.h: RFC 6962 Merkle trees over SHA-256: roots, proofs, and their checks. */
#ifndef PLM_CUSTODY_MERKLE_H
#define PLM_CUSTODY_MERKLE_H

#include "base/file.h"

#define PLM_HASH_LEN PLM_SHA256_LEN
#define PLM_PROOF_MAX 128u /* hashes of the longest proof (2 * 64) */

typedef struct plm_hash {
    unsigned char b[PLM_HASH_LEN];
} plm_hash;

/* The hashes of the complete subtrees of a tree of `size` leaves: hash[i] is set where bit i of
 * size is. */
typedef struct plm_frontier {
    uint64_t size;
    plm_hash hash[64];
} plm_frontier;

plm_hash plm_merkle_leaf(plm_str data);          /* H(0x00 || data) */
plm_hash plm_merkle_node(plm_hash l, plm_hash r); /* H(0x01 || l || r) */
plm_hash plm_merkle_empty(void);                  /* H() */
void plm_frontier_add(plm_frontier *t, plm_hash leaf);
plm_hash plm_frontier_root(const plm_frontier *t);

/* Gives leaf i's hash; false ends the work. */
typedef bool (*plm_leaf_source)(void *ctx, uint64_t i, plm_hash *out);
/* The hash of leaves [from, to) of any width above 0 (MTH of RFC 6962, 2.1). */
bool plm_merkle_range(plm_leaf_source src, void *ctx, uint64_t from, uint64_t to, plm_hash *out);
/* PATH(index, D[size]) and PROOF(size1, D[size2]); n is set to the count of hashes. */
bool plm_merkle_inclusion(plm_leaf_source src, void *ctx, uint64_t index, uint64_t size,
                          plm_hash proof[PLM_PROOF_MAX], size_t *n);
bool plm_merkle_consistency(plm_leaf_source src, void *ctx, uint64_t size1, uint64_t size2,
                            plm_hash proof[PLM_PROOF_MAX], size_t *n);

/* NULL when the proof holds, else why it does not (static).  RFC 9162, 2.1.3.2 and 2.1.4.2. */
const char *plm_merkle_check_inclusion(uint64_t index, uint64_t size, plm_hash leaf,
                                       const plm_hash *proof, size_t n, plm_hash root);
/* Sizes above 0 that differ. */
const char *plm_merkle_check_consistency(uint64_t size1, uint64_t size2, plm_hash root1,
                                         plm_hash root2, const plm_hash *proof, size_t n);
bool plm_hash_eq(plm_hash a, plm_hash b);

#endif
