/* desk.c: makes and frees a desk, and finds the rulebook's names once. */
#include "decide/desk.h"

#include <string.h>

static const char *const fact_names[DF_COUNT] = {
#define X(name, word) word,
    DESK_FACTS(X)
#undef X
};

static bool sort_rules(plm_desk *d) {
    size_t n = plm_book_count(d->book);
    d->requirements = plm_mem_resize(NULL, (n + 1) * sizeof *d->requirements);
    d->exceptions = plm_mem_resize(NULL, (n + 1) * sizeof *d->exceptions);
    d->policies = plm_mem_resize(NULL, (n + 1) * sizeof *d->policies);
    if (!d->requirements || !d->exceptions || !d->policies) return false;
    for (plm_rule r = 0; r < n; r++) {
        plm_rule_kind k = plm_book_rule(d->book, r)->kind;
        if (k == PLM_RULE_REQUIREMENT) d->requirements[d->requirement_count++] = r;
        if (k == PLM_RULE_EXCEPTION) d->exceptions[d->exception_count++] = r;
        if (k == PLM_RULE_POLICY) d->policies[d->policy_count++] = r;
    }
    return true;
}

plm_desk *plm_desk_new(const plm_book *b, plm_fault *f) {
    plm_desk *d = plm_mem_resize(NULL, sizeof *d);
    if (d) {
        memset(d, 0, sizeof *d);
        d->book = b;
        d->world = plm_world_new(b);
        d->arena = plm_arena_new(PLM_DESK_CASE_BYTES_MAX);
    }
    if (!d || !d->world || !d->arena || !sort_rules(d)) {
        plm_desk_free(d);
        plm_fail(f, PLM_NO_MEMORY, "out of memory");
        return NULL;
    }
    for (int i = 0; i < DF_COUNT; i++) d->facts[i] = plm_book_fact_find(b, fact_names[i]);
    return d;
}

void plm_desk_free(plm_desk *d) {
    if (!d) return;
    for (int i = 0; i < VIEWS_MAX; i++) plm_view_free(d->views[i]);
    plm_world_free(d->world);
    plm_arena_free(d->arena);
    plm_mem_free(d->requirements);
    plm_mem_free(d->exceptions);
    plm_mem_free(d->policies);
    plm_mem_free(d);
}

void plm_desk_screener(plm_desk *d, plm_screener s, void *ctx) {
    d->screen = s;
    d->screen_ctx = ctx;
}
