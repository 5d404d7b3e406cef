/* screen_keep.h: what `screen --watch` keeps of a portfolio beside it. */
#ifndef PLM_CLI_SCREEN_KEEP_H
#define PLM_CLI_SCREEN_KEEP_H

#include "plimsoll/portfolio.h"

typedef struct screen_keep {
    const char *file;              /* NULL: nothing is kept */
    const plm_watch *w;            /* NULL: the portfolio is screened whole */
    const plm_screen_options *o;
    plm_portfolio *known;
    plm_portfolio_maker *made;
    uint32_t lines;
} screen_keep;

/* Before the first line; head as for plm_portfolio_open. */
void plm_keep_begin(screen_keep *k, plm_str head);
/* True when the line need not be asked. */
bool plm_keep_spares(screen_keep *k, plm_str line);
/* What the line was read as; NULL: no query. */
void plm_keep_query(screen_keep *k, const plm_query *q);
/* After the last line, all of them read (whole).  True: the portfolio has changed so much that it
 * is worth reading it once more to keep it anew; it has begun then. */
bool plm_keep_end(screen_keep *k, bool whole, plm_str head);

#endif
