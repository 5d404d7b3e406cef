/* screen_keep.c: keeps beside a portfolio how its names are read (plimsoll/portfolio.h), and spares
 * the customers that a change of the lists can't concern.
 * Invariants: 1 what can't be kept or used costs time, never an answer; 2 a portfolio that can be
 * read at once is not kept.  Held by tests/scenes/test_portfolio. */
#include "cli/screen_keep.h"

#include "cli/cli.h"

#include <stdio.h>

#define KEEP_LEAST 2000u /* lines */
#define KEEP_STRANGE 16u /* kept anew when more than one line in so many isn't known */

static void note(const screen_keep *k, const plm_fault *f) {
    fprintf(stderr, "plimsoll screen: note: %s isn't kept, so that all of the portfolio is read "
            "each time: %s\n", k->file, f->say);
}

static void make(screen_keep *k, plm_str head) {
    plm_fault f = {0};
    k->made = plm_portfolio_maker_new(head, &f);
    if (!k->made) note(k, &f);
}

void plm_keep_begin(screen_keep *k, plm_str head) {
    if (!k->file) return;
    k->known = plm_portfolio_open(k->file, head);
    if (!k->known) make(k, head);
    else if (k->w) (void)plm_portfolio_ready(k->known, k->w, k->o);
}

bool plm_keep_spares(screen_keep *k, plm_str line) {
    k->lines++;
    if (k->made) plm_portfolio_line(k->made, line);
    return k->known && plm_portfolio_next(k->known, line) == PLM_PORTFOLIO_SPARED;
}

void plm_keep_query(screen_keep *k, const plm_query *q) {
    if (k->made) plm_portfolio_add(k->made, q);
}

bool plm_keep_end(screen_keep *k, bool whole, plm_str head) {
    plm_fault f = {0};
    bool again = false;
    if (k->made && whole && k->lines >= KEEP_LEAST && !plm_portfolio_save(k->made, k->file, &f))
        note(k, &f);
    if (k->known && whole && k->lines >= KEEP_LEAST)
        again = plm_portfolio_strange(k->known) > k->lines / KEEP_STRANGE ||
                plm_portfolio_kept(k->known) / 2 > k->lines;
    plm_portfolio_free(k->known);
    plm_portfolio_maker_free(k->made);
    k->known = NULL;
    k->made = NULL;
    k->lines = 0;
    if (again) make(k, head);
    return k->made;
}
