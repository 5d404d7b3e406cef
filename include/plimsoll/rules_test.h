/* rules_test.h: runs the tests that stand in a rulebook. */
#ifndef PLIMSOLL_RULES_TEST_H
#define PLIMSOLL_RULES_TEST_H

#include "plimsoll/rules.h"

typedef struct plm_test_row {
    plm_str says, file;
    uint32_t line;
    plm_rule rule;
    plm_truth expect, got;
    plm_str proof;   /* of an expectation that failed: its tree, until each() returns */
    const char *why; /* NULL, or why the test could not run (it counts as failed) */
} plm_test_row;
typedef struct plm_test_sums {
    uint32_t passed, failed;
} plm_test_sums;
typedef void (*plm_rule_tested)(void *ctx, const plm_test_row *row);

/* Runs every test of the book, in order; each is called for every expectation.  False when
 * memory is short. */
bool plm_book_test(const plm_book *b, plm_rule_tested each, void *ctx, plm_test_sums *sums);

/* How conditions are asked: the usual way (a view's first cases by walking the book, then by what
 * is compiled for it), always by walking (the slow twin), or compiled from the first case on.  The
 * answers are the same.  Counts from the next plm_facts_reset. */
enum { PLM_WAY_USUAL, PLM_WAY_WALK, PLM_WAY_PROGRAM };
void plm_facts_way(plm_facts *w, int way);

#endif
