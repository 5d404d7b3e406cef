/* desk.c: makes and frees a desk, and finds the rulebook's names once. */
#include "decide/desk.h"
#include "plimsoll/alike.h"

#include <string.h>

static const char *const fact_names[DF_COUNT] = {
#define X(name, word) word,
    DESK_FACTS(X)
#undef X
};

const char *const desk_class_names[DESK_CLASSES] = {"3A090.a", "3A090.b", "3A090.c", "4A090.a",
                                                    "4A090.b"};

/* The contract's classes, NONE where the book lacks one, then every other class of an item. */
static void sort_classes(plm_desk *d) {
    for (int i = 0; i < DESK_CLASSES; i++)
        d->classes[d->class_count++] = plm_book_find(d->book, plm_str_c(desk_class_names[i]));
    for (plm_rule r = 0; r < plm_book_count(d->book); r++) {
        const plm_rule_info *k = plm_book_rule(d->book, r);
        bool own = false;
        for (int i = 0; i < DESK_CLASSES; i++) own = own || d->classes[i] == r;
        if (k->kind == PLM_RULE_CLASS && k->scope == PLM_OF_ITEM && !own)
            d->classes[d->class_count++] = r;
    }
}

/* Do the classes of an item hang on its own facts alone? */
static bool items_stand_alone(const plm_desk *d) {
    for (uint32_t i = 0; i < d->class_count; i++)
        if (d->classes[i] != PLM_RULE_NONE && !plm_book_of_item(d->book, d->classes[i]))
            return false;
    return plm_book_eccn_of_item(d->book);
}

static bool sort_rules(plm_desk *d) {
    size_t n = plm_book_count(d->book);
    d->requirements = plm_mem_resize(NULL, (n + 1) * sizeof *d->requirements);
    d->exceptions = plm_mem_resize(NULL, (n + 1) * sizeof *d->exceptions);
    d->policies = plm_mem_resize(NULL, (n + 1) * sizeof *d->policies);
    d->obligations = plm_mem_resize(NULL, (n + 1) * sizeof *d->obligations);
    d->classes = plm_mem_resize(NULL, (n + DESK_CLASSES) * sizeof *d->classes);
    if (!d->requirements || !d->exceptions || !d->policies || !d->obligations ||
        !d->classes)
        return false;
    sort_classes(d);
    d->items_stand_alone = items_stand_alone(d);
    for (plm_rule r = 0; r < n; r++) {
        plm_rule_kind k = plm_book_rule(d->book, r)->kind;
        if (k == PLM_RULE_REQUIREMENT) d->requirements[d->requirement_count++] = r;
        if (k == PLM_RULE_EXCEPTION) d->exceptions[d->exception_count++] = r;
        if (k == PLM_RULE_POLICY) d->policies[d->policy_count++] = r;
        if (k == PLM_RULE_OBLIGATION) d->obligations[d->obligation_count++] = r;
    }
    return true;
}

plm_desk *plm_desk_new(const plm_book *b, plm_fault *f) {
    plm_desk *d = plm_mem_resize(NULL, sizeof *d);
    if (d) {
        memset(d, 0, sizeof *d);
        d->book = b;
        plm_buf_init(&d->tail, PLM_RULES_FILE_MAX);
        plm_buf_init(&d->canon, PLM_PROOF_BYTES_MAX);
        plm_buf_init(&d->proof_head, PLM_PROOF_BYTES_MAX);
        plm_buf_init(&d->alike, PLM_PROOF_BYTES_MAX);
        plm_buf_init(&d->found, PLM_PROOF_BYTES_MAX);
        plm_buf_init(&d->item_alike, PLM_PROOF_BYTES_MAX);
        plm_buf_init(&d->item_found, PLM_PROOF_BYTES_MAX);
        d->world = plm_facts_new(b);
        d->arena = plm_arena_new(PLM_DESK_CASE_BYTES_MAX);
    }
    if (!d || !d->world || !d->arena || !sort_rules(d)) {
        plm_desk_free(d);
        plm_fail(f, PLM_NO_MEMORY, "out of memory");
        return NULL;
    }
    plm_desk_remember(d, PLM_DESK_MEMO_BYTES);
    for (int i = 0; i < DF_COUNT; i++) d->facts[i] = plm_book_fact_find(b, fact_names[i]);
    return d;
}

void plm_desk_free(plm_desk *d) {
    if (!d) return;
    for (int i = 0; i < VIEWS_MAX; i++) plm_view_free(d->views[i]);
    plm_doc_free(d->doc);
    plm_facts_free(d->world);
    plm_arena_free(d->arena);
    plm_mem_free(d->requirements);
    plm_mem_free(d->exceptions);
    plm_mem_free(d->policies);
    plm_mem_free(d->obligations);
    plm_mem_free(d->classes);
    plm_mem_free(d->live);
    plm_mem_free(d->live_rules);
    plm_mem_free(d->live_exceptions);
    plm_mem_free(d->result);
    plm_buf_free(&d->tail);
    plm_buf_free(&d->canon);
    plm_buf_free(&d->proof_head);
    plm_buf_free(&d->alike);
    plm_buf_free(&d->found);
    plm_buf_free(&d->item_alike);
    plm_buf_free(&d->item_found);
    plm_memo_free(d->memo);
    plm_mem_free(d);
}

void plm_desk_listing(plm_desk *d, plm_listing s, void *ctx) {
    d->screen = s;
    d->screen_ctx = ctx;
}
