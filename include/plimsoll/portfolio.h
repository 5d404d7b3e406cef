/* portfolio.h: what is kept of a portfolio, so that a change of the lists is asked of the few
 * customers that it may change instead of all.
 *
 * A customer's line is known by a keyed hash, so that a line that was added, altered or taken out
 * is noticed wherever it stands; what is kept of a line is how its name is read.  A customer that
 * is passed over can't match any entity that differs (docs/no-miss.md, section 7), so that the
 * answer is the one of asking all (tests/unit/test_portfolio.c). */
#ifndef PLIMSOLL_PORTFOLIO_H
#define PLIMSOLL_PORTFOLIO_H

#include "plimsoll/watch.h"

#define PLM_PORTFOLIO_LINES_MAX 16000000u /* customers that are kept at most */

typedef struct plm_portfolio_maker plm_portfolio_maker;

/* Starts what is to be kept.  head: what the lines' meaning depends on (a CSV's first line).
 * The caller frees it.  NULL and f when memory or randomness is short. */
plm_portfolio_maker *plm_portfolio_maker_new(plm_str head, plm_fault *f);
void plm_portfolio_maker_free(plm_portfolio_maker *m);
/* Names the line that the next plm_portfolio_add belongs to; the text is not kept. */
void plm_portfolio_line(plm_portfolio_maker *m, plm_str line);
/* Adds the line as query q; NULL: a line that is no query, and is always asked. */
void plm_portfolio_add(plm_portfolio_maker *m, const plm_query *q);
/* Writes it durably, for the owner's eyes only: after a crash the file is the old one or the new.
 * Faults: NO_MEMORY (also of the calls before), OUT_OF_RANGE (too many lines), IO. */
bool plm_portfolio_save(plm_portfolio_maker *m, const char *path, plm_fault *f);

typedef struct plm_portfolio plm_portfolio;

/* Maps the file.  NULL where it is not there, is cut or altered, was made by a program that reads
 * names otherwise, or with another head: it is then to be made anew. */
plm_portfolio *plm_portfolio_open(const char *path, plm_str head);
void plm_portfolio_free(plm_portfolio *p);
/* Makes ready to tell whom the change that w holds may concern, asked with o.  False (no fault)
 * where that would not pay or can't be told: all are to be asked. */
bool plm_portfolio_ready(plm_portfolio *p, const plm_watch *w, const plm_screen_options *o);

typedef enum plm_portfolio_word {
    PLM_PORTFOLIO_SPARED,    /* sure that the change changes nothing for it */
    PLM_PORTFOLIO_ASKED,     /* known, and to be asked */
    PLM_PORTFOLIO_STRANGE    /* not known: to be asked */
} plm_portfolio_word;
/* About the next line of the portfolio.  Lines in the order they were kept in are found at once,
 * others by their hash.  Before plm_portfolio_ready every known line is ASKED. */
plm_portfolio_word plm_portfolio_next(plm_portfolio *p, plm_str line);
/* Lines kept, and lines that plm_portfolio_next did not know. */
uint32_t plm_portfolio_kept(const plm_portfolio *p);
uint32_t plm_portfolio_strange(const plm_portfolio *p);

#endif
