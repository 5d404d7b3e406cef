/* alike.h: the facts of a case as bytes, by which what was found of one case is found again for
 * another that is alike to the rules.  Before anything is settled. */
#ifndef PLIMSOLL_ALIKE_H
#define PLIMSOLL_ALIKE_H

#include "plimsoll/rules.h"

/* Appends bytes that are equal only for cases that get equal answers to every question, with equal
 * proofs and margins, from worlds of one book: the facts, and the days as far as they matter.
 * What nothing but totals over the items read (quantities) is left to plm_facts_put_totals, and
 * matters where a total was asked for since the reset. */
void plm_facts_put(const plm_facts *w, plm_buf *out);
void plm_facts_put_totals(const plm_facts *w, plm_buf *out);
bool plm_facts_totalled(const plm_facts *w);
/* The same for the classes and the code of one item, as far as they are plm_book_of_item, where it
 * has no parts in the case. */
void plm_facts_put_item(const plm_facts *w, uint32_t item, plm_buf *out);
/* Does the rule hang on facts of the item at hand alone, where that has no parts?  Does the code
 * that the book derives for an item? */
bool plm_book_of_item(const plm_book *b, plm_rule r);
bool plm_book_eccn_of_item(const plm_book *b);

#endif
