/* vector.c: proofs in and out of JSON. */
#include "custody/vector.h"
#include "custody/note.h"

#include <string.h>

static bool take_u64(const plm_json *o, const char *name, uint64_t *out, plm_fault *f) {
    const plm_json *m = plm_json_get(o, name);
    return (plm_json_is_num(m) && plm_u64_parse(plm_json_text(m), out)) ||
           plm_fail(f, PLM_BAD_INPUT, "is no proof vector: %s is no unsigned 64-bit number", name);
}

static bool take_hash(const plm_json *o, const char *name, plm_buf *out, plm_fault *f) {
    const plm_json *m = plm_json_get(o, name);
    if (m && plm_json_is_null(m)) return true;
    return (plm_json_is_str(m) && plm_base64_read(plm_json_text(m), out)) ||
           plm_fail(f, PLM_BAD_INPUT, "is no proof vector: %s is no base64", name);
}

static bool take_proof(const plm_json *o, plm_vector *v, plm_fault *f) {
    const plm_json *list = plm_json_get(o, "proof");
    bool ok = true;
    plm_buf b;
    if (list && plm_json_is_null(list)) return true;
    if (!list || !plm_json_is_arr(list)) return plm_fail(f, PLM_BAD_INPUT,
                                                         "is no proof vector: proof is no array");
    plm_buf_init(&b, PLM_VECTOR_BYTES_MAX);
    plm_json_each(list, it, m) {
        plm_buf_clear(&b);
        ok = plm_json_is_str(m) && plm_base64_read(plm_json_text(m), &b);
        if (!ok) break;
        if (b.n != PLM_HASH_LEN || v->n == PLM_PROOF_MAX) v->bad_length = true;
        else memcpy(v->proof[v->n++].b, b.p, PLM_HASH_LEN);
    }
    plm_buf_free(&b);
    return ok || plm_fail(f, PLM_BAD_INPUT, "is no proof vector: proof holds what is no base64");
}

static bool read_object(const plm_json *o, plm_vector *v, plm_fault *f) {
    v->consistency = plm_json_get(o, "size1") != NULL;
    if (v->consistency)
        return take_u64(o, "size1", &v->a, f) && take_u64(o, "size2", &v->b, f) &&
               take_hash(o, "root1", &v->first, f) && take_hash(o, "root2", &v->last, f) &&
               take_proof(o, v, f);
    return take_u64(o, "leafIdx", &v->a, f) && take_u64(o, "treeSize", &v->b, f) &&
           take_hash(o, "leafHash", &v->first, f) && take_hash(o, "root", &v->last, f) &&
           take_proof(o, v, f);
}

bool plm_vector_read(plm_str text, plm_vector *v, plm_fault *f) {
    *v = (plm_vector){0};
    plm_buf_init(&v->first, PLM_VECTOR_BYTES_MAX);
    plm_buf_init(&v->last, PLM_VECTOR_BYTES_MAX);
    plm_doc *d = plm_doc_parse(text, 16 * PLM_VECTOR_BYTES_MAX, f);
    if (!d) return false;
    bool ok = read_object(plm_doc_root(d), v, f);
    plm_doc_free(d);
    return ok;
}

void plm_vector_free(plm_vector *v) {
    plm_buf_free(&v->first);
    plm_buf_free(&v->last);
}

static plm_hash hash_in(const plm_buf *b) {
    plm_hash h = {{0}};
    if (b->n == PLM_HASH_LEN) memcpy(h.b, b->p, PLM_HASH_LEN);
    return h;
}

const char *plm_vector_check(const plm_vector *v) {
    if (v->bad_length) return "a hash of the proof is not 32 bytes, or there are too many";
    if (v->consistency && v->a == v->b) {
        if (v->a == 0) return "nothing is consistent with an empty log";
        if (v->n) return "the sizes are equal, so the proof has to be empty";
        return plm_str_eq(plm_buf_str(&v->first), plm_buf_str(&v->last)) ? NULL
                                                                           : "the roots differ";
    }
    if (v->first.n != PLM_HASH_LEN || v->last.n != PLM_HASH_LEN) return "a hash is not 32 bytes";
    if (v->consistency)
        return plm_merkle_check_consistency(v->a, v->b, hash_in(&v->first), hash_in(&v->last),
                                            v->proof, v->n);
    return plm_merkle_check_inclusion(v->a, v->b, hash_in(&v->first), v->proof, v->n,
                                      hash_in(&v->last));
}

static void put_base64(plm_jw *w, const char *key, const void *p, size_t n) {
    if (key) plm_jw_key(w, key);
    if (w->comma) plm_buf_putc(w->b, ',');
    plm_buf_putc(w->b, '"');
    plm_base64_put(w->b, p, n);
    plm_buf_putc(w->b, '"');
    w->comma = true;
}

static void put_u64(plm_jw *w, const char *key, uint64_t v) {
    plm_jw_key(w, key);
    plm_jw_u64(w, v);
}

static void put_proof(plm_jw *w, const plm_hash *proof, size_t n) {
    plm_jw_key(w, "proof");
    plm_jw_arr(w);
    for (size_t i = 0; i < n; i++) put_base64(w, NULL, proof[i].b, PLM_HASH_LEN);
    plm_jw_end_arr(w);
}

bool plm_vector_print_inclusion(uint64_t index, uint64_t size, plm_hash root, plm_hash leaf_hash,
                                const plm_hash *proof, size_t n, plm_str leaf, plm_buf *out) {
    plm_jw w = plm_jw_into(out);
    plm_jw_obj(&w);
    put_u64(&w, "leafIdx", index);
    put_u64(&w, "treeSize", size);
    put_base64(&w, "root", root.b, PLM_HASH_LEN);
    put_base64(&w, "leafHash", leaf_hash.b, PLM_HASH_LEN);
    put_proof(&w, proof, n);
    if (leaf.p) put_base64(&w, "leaf", leaf.p, leaf.n);
    plm_jw_end_obj(&w);
    return !out->full;
}

bool plm_vector_print_consistency(uint64_t size1, uint64_t size2, plm_hash root1, plm_hash root2,
                                  const plm_hash *proof, size_t n, plm_buf *out) {
    plm_jw w = plm_jw_into(out);
    plm_jw_obj(&w);
    put_u64(&w, "size1", size1);
    put_u64(&w, "size2", size2);
    put_base64(&w, "root1", root1.b, PLM_HASH_LEN);
    put_base64(&w, "root2", root2.b, PLM_HASH_LEN);
    put_proof(&w, proof, n);
    plm_jw_end_obj(&w);
    return !out->full;
}
