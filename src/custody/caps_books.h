/* caps_books.h: the books in memory: what each holder has reserved, exported, installed and
 * retired, by day, and the sums that caps are read from. */
#ifndef PLM_CUSTODY_CAPS_BOOKS_H
#define PLM_CUSTODY_CAPS_BOOKS_H

#include "custody/caps_rules.h"

typedef enum plm_bucket { PLM_B_RESERVED, PLM_B_EXPORTED, PLM_B_INSTALLED, PLM_B_RETIRED,
    PLM_B_SOURCE } plm_bucket;
#define PLM_BUCKETS 4 /* with lots; SOURCE is the other side of the entry */

typedef struct plm_lot {
    plm_day day;
    plm_tpp tpp;
} plm_lot;

typedef struct plm_lots {
    plm_lot *v;
    size_t n, cap;
} plm_lots;

#define PLM_NONE UINT32_MAX

typedef struct plm_hold {
    plm_str key, company, consignee, license, sku;
    plm_country country;
    char word[16];
    uint32_t account[PLM_CAPS_LIST_MAX]; /* series of each limited cap; PLM_NONE: not under it */
    uint32_t home, owner;                /* series of the company's country; the company */
    plm_lots lots[PLM_BUCKETS];
} plm_hold;

/* One side of an entry: a bucket of a holder, or the source, grows by delta on a day. */
typedef struct plm_move {
    uint32_t hold;
    plm_bucket bucket;
    plm_day day;
    plm_tpp delta;
} plm_move;

typedef struct plm_moves {
    plm_move *v;
    size_t n, cap;
} plm_moves;

typedef struct plm_day_sum {
    plm_day day;
    plm_tpp used, reserved;
} plm_day_sum;

/* A sum by day: of a limited cap's account, or of a company (or everyone) in one country. */
typedef struct plm_series {
    plm_str key;
    uint32_t cap; /* index; PLM_SERIES_COMPANY for a company's country */
    plm_country country;
    plm_str company, holder; /* of the account; holder is what is printed */
    plm_day_sum *v;
    size_t n, room; /* n is 0 until something was ever posted to it */
    plm_tpp used, reserved; /* over all days */
    uint32_t next; /* the company's next country; PLM_NONE: no more */
} plm_series;
#define PLM_SERIES_COMPANY UINT32_MAX

/* under: how many moves each cap's word made for it.  A share is of all that a company has, so
 * it binds all its postings from the first that its word made. */
typedef struct plm_owner {
    plm_str name;
    uint32_t first; /* series of its countries, a chain */
    uint64_t under[PLM_CAPS_LIST_MAX];
} plm_owner;

typedef struct plm_index {
    uint32_t *slot;
    size_t slots, n;
} plm_index;

typedef struct plm_books {
    const plm_caps_rules *rules;
    plm_arena *names;
    plm_hold *hold;
    size_t holds, holds_cap;
    plm_series *series;
    size_t series_n, series_cap;
    plm_owner *owner;
    size_t owners, owners_cap;
    plm_index by_key, by_series, by_owner;
    plm_moves moves; /* of the posting in hand */
} plm_books;

bool plm_books_init(plm_books *b, const plm_caps_rules *r);
void plm_books_free(plm_books *b);
/* The holder's index; word is the cap word its license counts as.  UINT32_MAX: no memory. */
uint32_t plm_books_hold(plm_books *b, const plm_caps_holder *h, plm_str word);
/* Fills b->moves for p.  NULL, or why the balance does not allow it (static). */
const char *plm_books_plan(plm_books *b, const plm_caps_posting *p, uint32_t at, uint32_t to);
/* Makes the moves (sign 1) or takes them back (-1).  False: no memory or an overflow. */
bool plm_books_apply(plm_books *b, int sign);
/* After the moves were made: the accounts whose caps are passed because of them, each once, at
 * most max; how many. */
size_t plm_books_passed(plm_books *b, const plm_caps_posting *p, plm_caps_answer *out, size_t max);
/* "consignee", "company" or "country", as accounts of the cap are named. */
const char *plm_books_holder_kind(const plm_caps_cap *c);
/* Whether share cap c binds the company: it has posted under the cap's word (or anything, *). */
bool plm_books_bound(const plm_books *b, size_t c, uint32_t owner);
/* Whether a country is on the counted side of share cap c on a day. */
bool plm_cap_counts_in(const plm_books *b, const plm_caps_cap *c, plm_country x, plm_day day);
bool plm_books_cap_applies(const plm_books *b, const plm_caps_cap *c, const char *word);
/* Sums of a series from day a to b. */
plm_day_sum plm_series_sum(const plm_series *s, plm_day a, plm_day b);
/* Limit and period of a limited cap for a day; false: the day has none.  country 0: any. */
bool plm_cap_period(const plm_books *b, const plm_caps_cap *c, plm_country country, plm_day day,
                    size_t step, plm_day *from, plm_day *to, plm_tpp *limit);

/* The books that c has read (borrowed), and the holder's index in them. */
plm_books *plm_caps_books(plm_caps *c);
bool plm_caps_hold(plm_caps *c, const plm_caps_holder *h, uint32_t *hold, plm_fault *f);

#endif
