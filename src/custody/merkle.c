/* merkle.c: RFC 6962 hashing and proofs; checks after RFC 9162, sections 2.1.3.2 and 2.1.4.2. */
#include "custody/merkle.h"

#include <string.h>

bool plm_hash_eq(plm_hash a, plm_hash b) { return memcmp(a.b, b.b, PLM_HASH_LEN) == 0; }

plm_hash plm_merkle_leaf(plm_str data) {
    plm_hash h;
    plm_sha256_of2((plm_str){"\x00", 1}, data, h.b);
    return h;
}

plm_hash plm_merkle_node(plm_hash l, plm_hash r) {
    char both[1 + 2 * PLM_HASH_LEN];
    plm_hash h;
    both[0] = 1;
    memcpy(both + 1, l.b, PLM_HASH_LEN);
    memcpy(both + 1 + PLM_HASH_LEN, r.b, PLM_HASH_LEN);
    plm_sha256_of((plm_str){both, sizeof both}, h.b);
    return h;
}

plm_hash plm_merkle_empty(void) {
    plm_hash h;
    plm_sha256_of((plm_str){"", 0}, h.b);
    return h;
}

void plm_frontier_add(plm_frontier *t, plm_hash leaf) {
    unsigned level = 0;
    for (uint64_t s = t->size; s & 1; s >>= 1, level++) leaf =
        plm_merkle_node(t->hash[level], leaf);
    t->hash[level] = leaf;
    t->size++;
}

plm_hash plm_frontier_root(const plm_frontier *t) {
    plm_hash root = {{0}};
    bool any = false;
    if (t->size == 0) return plm_merkle_empty();
    for (unsigned i = 0; i < 64; i++) {
        if (!(t->size >> i & 1)) continue;
        root = any ? plm_merkle_node(t->hash[i], root) : t->hash[i];
        any = true;
    }
    return root;
}

bool plm_merkle_range(plm_leaf_source src, void *ctx, uint64_t from, uint64_t to, plm_hash *out) {
    plm_frontier t = {0};
    for (uint64_t i = from; i < to; i++) {
        plm_hash leaf;
        if (!src(ctx, i, &leaf)) return false;
        plm_frontier_add(&t, leaf);
    }
    *out = plm_frontier_root(&t);
    return true;
}

/* Largest power of two below n (n > 1). */
static uint64_t split_of(uint64_t n) {
    uint64_t k = 1;
    while (k < n - k) k <<= 1;
    return k;
}

bool plm_merkle_inclusion(plm_leaf_source src, void *ctx, uint64_t index, uint64_t size,
                          plm_hash proof[PLM_PROOF_MAX], size_t *n) {
    uint64_t from = 0, to = size;
    plm_hash down[PLM_PROOF_MAX];
    size_t depth = 0;
    if (index >= size) return false;
    while (to - from > 1) {
        uint64_t k = split_of(to - from);
        bool left = index - from < k;
        if (!plm_merkle_range(src, ctx, left ? from + k : from, left ? to : from + k,
                              &down[depth++]))
            return false;
        if (left) to = from + k;
        else from += k;
    }
    for (size_t i = 0; i < depth; i++) proof[i] = down[depth - 1 - i];
    *n = depth;
    return true;
}

bool plm_merkle_consistency(plm_leaf_source src, void *ctx, uint64_t size1, uint64_t size2,
                            plm_hash proof[PLM_PROOF_MAX], size_t *n) {
    uint64_t m = size1, from = 0, to = size2;
    plm_hash down[PLM_PROOF_MAX];
    size_t depth = 0, out = 0;
    bool whole = true; /* the old tree is a complete subtree so far */
    if (size1 == 0 || size1 > size2) return false;
    while (m != to - from) {
        uint64_t k = split_of(to - from);
        bool left = m <= k;
        if (!plm_merkle_range(src, ctx, left ? from + k : from, left ? to : from + k,
                              &down[depth++]))
            return false;
        if (left) {
            to = from + k;
        } else {
            m -= k;
            from += k;
            whole = false;
        }
    }
    if (!whole && !plm_merkle_range(src, ctx, from, to, &proof[out++])) return false;
    while (depth) proof[out++] = down[--depth];
    *n = out;
    return true;
}

const char *plm_merkle_check_inclusion(uint64_t index, uint64_t size, plm_hash leaf,
                                       const plm_hash *proof, size_t n, plm_hash root) {
    if (index >= size) return "the index is not below the size";
    uint64_t fn = index, sn = size - 1;
    plm_hash r = leaf;
    for (size_t i = 0; i < n; i++) {
        if (sn == 0) return "the proof has too many hashes";
        if ((fn & 1) || fn == sn) {
            r = plm_merkle_node(proof[i], r);
            while (!(fn & 1) && fn != 0) fn >>= 1, sn >>= 1;
        } else {
            r = plm_merkle_node(r, proof[i]);
        }
        fn >>= 1;
        sn >>= 1;
    }
    if (sn != 0) return "the proof has too few hashes";
    return plm_hash_eq(r, root) ? NULL : "the proof leads to another root";
}

const char *plm_merkle_check_consistency(uint64_t size1, uint64_t size2, plm_hash root1,
                                         plm_hash root2, const plm_hash *proof, size_t n) {
    if (size1 == 0 || size1 >= size2) return "the sizes do not grow";
    uint64_t fn = size1 - 1, sn = size2 - 1;
    size_t i = 0;
    if (n == 0) return "the proof is empty";
    while (fn & 1) fn >>= 1, sn >>= 1;
    plm_hash first = (size1 & (size1 - 1)) == 0 ? root1 : proof[i++];
    plm_hash fr = first, sr = first;
    for (; i < n; i++) {
        if (sn == 0) return "the proof has too many hashes";
        if ((fn & 1) || fn == sn) {
            fr = plm_merkle_node(proof[i], fr);
            sr = plm_merkle_node(proof[i], sr);
            while (!(fn & 1) && fn != 0) fn >>= 1, sn >>= 1;
        } else {
            sr = plm_merkle_node(sr, proof[i]);
        }
        fn >>= 1;
        sn >>= 1;
    }
    if (sn != 0) return "the proof has too few hashes";
    if (!plm_hash_eq(fr, root1)) return "the proof leads to another old root";
    return plm_hash_eq(sr, root2) ? NULL : "the proof leads to another new root";
}
