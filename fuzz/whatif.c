/* The file of `caps whatif` from any bytes.  What is read and small is solved: a plan holds every
 * row and its bound. */
#include <stdint.h>

#include "custody/whatif.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static plm_caps_rules *rules;
    static plm_store *store;
    plm_fault f = {0};
    if (!rules) rules = plm_caps_rules_read("rulebooks", "diffusion", &f);
    if (!store) store = plm_store_open(":memory:", &f);
    plm_doc *d = plm_doc_parse((plm_str){(const char *)data, size}, 0, &f);
    plm_arena *a = plm_arena_new(64u << 20);
    plm_wi_rows rows = {.a = a};
    plm_wi_problem p;
    plm_wi_plan plan;
    if (d && rules && store && a) {
        bool ok = plm_whatif_read(plm_doc_root(d), a, &p, &f);
        plm_caps *c = ok && p.sites * p.chips <= 12 ? plm_caps_open(store, rules, &f) : NULL;
        if (c && plm_caps_look(c, &f) && plm_whatif_rows(&p, c, &rows, &f)) {
            ok = plm_whatif_solve(&p, &rows, &plan, &f);
            if (ok && plan.tpp > plan.bound) __builtin_trap();
            for (size_t i = 0; ok && i < rows.n; i++)
                if (rows.v[i].used > rows.v[i].room) __builtin_trap();
        }
        if (!ok && (!f.code || !f.say[0])) __builtin_trap();
        plm_caps_close(c);
    }
    plm_arena_free(a);
    plm_doc_free(d);
    return 0;
}
