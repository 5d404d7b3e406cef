/* Postings from any lines, tried under diffusion: what is refused has a word for it, every
 * posting's moves sum to zero, and what was taken leaves no account further over its cap. */
#include <stdint.h>
#include <string.h>

#include "custody/caps_books.h"

enum { LINES_MAX = 64, PASSES = 16 };

static void try_line(plm_caps *c, plm_arena *a, plm_str line) {
    plm_fault f = {0};
    plm_caps_posting p;
    plm_caps_answer out[PASSES];
    size_t n = 0;
    plm_doc *d = plm_doc_parse(line, 0, &f);
    const plm_json *to = d ? plm_json_get(plm_doc_root(d), "to") : NULL;
    bool ok = d && plm_caps_posting_read(plm_doc_root(d), to && !plm_json_is_null(to), a, &p, &f);
    if (!ok && (!f.code || !f.say[0])) __builtin_trap();
    if (ok && plm_caps_try(c, &p, false, out, PASSES, &n, &f)) {
        const plm_moves *m = &plm_caps_books(c)->moves;
        plm_tpp sum = 0;
        for (size_t i = 0; i < m->n; i++) sum += m->v[i].delta;
        if (sum != 0 && (out[0].posted || strcmp(out[0].code, "cap") == 0)) __builtin_trap();
        for (size_t i = 0; i < n && !out[0].posted; i++) {
            if (!out[i].code) __builtin_trap();
            if (strcmp(out[i].code, "cap") == 0 && out[i].over <= 0) __builtin_trap();
        }
    }
    plm_doc_free(d);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static plm_caps_rules *rules;
    static plm_store *store;
    plm_fault f = {0};
    if (!rules) rules = plm_caps_rules_read("rulebooks", "diffusion", &f);
    if (!store) store = plm_store_open(":memory:", &f);
    plm_caps *c = rules && store ? plm_caps_open(store, rules, &f) : NULL;
    plm_arena *a = plm_arena_new(16u << 20);
    const char *at = (const char *)data;
    if (!c || !a || !plm_caps_look(c, &f)) __builtin_trap();
    for (int i = 0; i < LINES_MAX && size; i++) {
        const char *end = memchr(at, '\n', size);
        size_t n = end ? (size_t)(end - at) : size;
        try_line(c, a, (plm_str){at, n});
        at += n + (end != NULL);
        size -= n + (end != NULL);
    }
    plm_arena_free(a);
    plm_caps_close(c);
    return 0;
}
