/* Fuzz target: any bytes are a document or a fault with a place; a document written again by our
 * writer is read as the same one. */
#include "base/json.h"

#include <stdlib.h>

#define TEXT_MAX (1u << 16)

static void require(bool ok) {
    if (!ok) abort();
}

static void write_value(plm_jw *w, const plm_json *v, int depth) {
    require(depth <= PLM_JSON_DEPTH_MAX);
    if (plm_json_is_obj(v)) {
        plm_jw_obj(w);
        plm_json_pairs(v, it, k, m) {
            /* the writer's keys are C strings, so a key with a NUL can't be written */
            plm_str key = plm_json_text(k);
            plm_buf name;
            plm_buf_init(&name, TEXT_MAX);
            for (size_t i = 0; i < key.n; i++) plm_buf_putc(&name, key.p[i] ? key.p[i] : '0');
            plm_buf_putc(&name, 0);
            if (name.p) plm_jw_key(w, name.p);
            plm_buf_free(&name);
            write_value(w, m, depth + 1);
        }
        plm_jw_end_obj(w);
    } else if (plm_json_is_arr(v)) {
        plm_jw_arr(w);
        plm_json_each(v, it, m) write_value(w, m, depth + 1);
        plm_jw_end_arr(w);
    } else {
        plm_jw_scalar(w, v);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n) {
    if (n > TEXT_MAX) return 0;
    plm_fault f = {0};
    plm_doc *d = plm_doc_parse((plm_str){(const char *)p, n}, 0, &f), *again;
    if (!d) {
        require(f.code != PLM_OK && f.say[0]);
        return 0;
    }
    plm_buf one, two;
    plm_buf_init(&one, TEXT_MAX * 8);
    plm_buf_init(&two, TEXT_MAX * 8);
    plm_jw w = plm_jw_into(&one);
    write_value(&w, plm_doc_root(d), 0);
    require(!one.full);
    again = plm_doc_parse(plm_buf_str(&one), 0, NULL);
    if (again) { /* two keys that differ only by a NUL are one now, and refused */
        w = plm_jw_into(&two);
        write_value(&w, plm_doc_root(again), 0);
        require(plm_str_eq(plm_buf_str(&one), plm_buf_str(&two)));
    } else {
        bool nul = false;
        for (size_t i = 0; i + 5 < n; i++) nul = nul || (p[i] == '\\' && p[i + 1] == 'u');
        require(nul);
    }
    plm_doc_free(again);
    plm_buf_free(&one);
    plm_buf_free(&two);
    plm_doc_free(d);
    return 0;
}
