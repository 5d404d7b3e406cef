/* entry.c: the license requirement and review policy columns of an Entity List entry, as a case or
 * a list gives them in words, to the facts of the rulebook.
 * Invariants: 1 words that are not read here are never taken for less than the whole: the reach is
 * then open, and no policy is proved; 2 an entry whose column is left out reaches everything.
 * Held by tests/cases/test_law_points. */
#include "decide/desk.h"

#include <string.h>

/* Do these words stand in the text?  Letters in either case; runs of spaces as they are. */
static bool says(plm_str text, const char *words) {
    size_t n = strlen(words);
    for (size_t i = 0; i + n <= text.n; i++) {
        size_t k = 0;
        while (k < n && plm_lower(text.p[i + k]) == words[k]) k++;
        if (k == n) return true;
    }
    return false;
}

static bool begins(plm_str text, const char *words) {
    size_t n = strlen(words);
    text = plm_str_trim(text);
    if (text.n < n) return false;
    return says((plm_str){text.p, n}, words);
}

/* With an exception or a purpose in it, the column reaches some items only. */
static bool narrowed(plm_str scope) {
    return says(scope, "except") || says(scope, "apart from") || says(scope, "when used") ||
           says(scope, "other than");
}

static bool reaches_all(plm_str scope) {
    return !scope.n || (says(scope, "all items subject to the ear") && !narrowed(scope));
}

/* "For items on the CCL and listed in supplement no. 7 to part 746 of the EAR." */
static bool reaches_ccl(plm_str scope) {
    return (says(scope, "items on the ccl") || says(scope, "items on the commerce control list") ||
            says(scope, "items listed on the ccl")) &&
           !narrowed(scope);
}

/* The rulebook's word for a policy in words, NULL where they speak of particular items. */
static const char *policy(plm_str p) {
    static const char food[] = "apart from food and medicine designated as ear99, which will";
    bool mixed = says(p, "except") || says(p, "case-by-case") || says(p, "apart from");
    if (begins(p, "presumption of denial") && !mixed) return "presumption_of_denial";
    if (begins(p, "policy of denial") && !mixed) return "denial";
    if (begins(p, "policy of denial") && says(p, food) && !says(p, "except"))
        return "denial_but_food";
    if (begins(p, "case-by-case for all items listed on the ccl") &&
        says(p, "presumption of approval for ear99"))
        return "ccl_case_by_case";
    bool bare = !says(p, " for ") && !says(p, "presumption");
    if (bare && (begins(p, "case-by-case basis") || begins(p, "case-by-case review")))
        return "case_by_case";
    return NULL;
}

void desk_entry_fill(plm_desk *d, uint32_t at, const plm_listed *l) {
    bool all = reaches_all(l->scope);
    plm_facts_yesno(d->world, d->facts[DF_all_items], at, all ? PLM_YES : PLM_NO);
    plm_facts_yesno(d->world, d->facts[DF_ccl_items], at,
                    all || reaches_ccl(l->scope) ? PLM_YES : PLM_NO);
    const char *own = policy(l->review_policy);
    if (l->policy.n) plm_facts_word(d->world, d->facts[DF_el_policy], at, l->policy);
    else if (own) plm_facts_word(d->world, d->facts[DF_el_policy], at, plm_str_c(own));
}
