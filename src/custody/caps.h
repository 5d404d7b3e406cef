/* caps.h: compute accounts in exact TPP under rule sets that are data (rulebooks/us/caps).
 * One history, any number of readings: postings are kept without a rule set, a rule set only
 * decides whether the next may be posted, and what a report says. */
#ifndef PLM_CUSTODY_CAPS_H
#define PLM_CUSTODY_CAPS_H

#include "base/json.h"
#include "custody/store.h"

#define PLM_CAPS_LIST_MAX 16         /* caps of a rule set */
#define PLM_CAPS_STEPS_MAX 64        /* periods of a cap */
#define PLM_CAPS_MEMBERS_MAX 64      /* dated rows of a group, of agreements, of head offices */
#define PLM_CAPS_TEXT_MAX 512        /* bytes of a name in a posting */
#define PLM_CAPS_BATCH 512           /* postings that share one commit */
#define PLM_CAPS_COUNTRIES 677
#define PLM_TPP_TEXT 48              /* room for a printed amount and a NUL */

__extension__ typedef __int128 plm_tpp;
__extension__ typedef unsigned __int128 plm_utpp;
/* The most one posting may hold: sums and percents of a full ledger stay within 128 bits. */
#define PLM_TPP_MAX ((plm_tpp)1000000000000000ll * 1000000000000ll)

typedef struct plm_caps_rules plm_caps_rules;
/* Reads rule set `name` from folder/us/caps/NAME.json; folder NULL: found beside the program. */
plm_caps_rules *plm_caps_rules_read(const char *folder, const char *name, plm_fault *f);
void plm_caps_rules_free(plm_caps_rules *r);
#define PLM_CAPS_NAME_MAX 32
/* The names of the rule sets in the same folder, in order; their count, at most max. */
size_t plm_caps_rules_names(const char *folder, char (*names)[PLM_CAPS_NAME_MAX], size_t max);

typedef enum plm_caps_kind { PLM_RESERVE, PLM_EXPORT, PLM_INSTALL, PLM_RETIRE,
    PLM_RELEASE } plm_caps_kind;

typedef struct plm_caps_holder {
    plm_str company, consignee, license, site, sku; /* empty: none */
    plm_country country;
} plm_caps_holder;

typedef struct plm_caps_posting {
    plm_str id, content;
    plm_day day;
    plm_caps_kind kind;
    plm_caps_holder at, to;
    bool transfer;
    int64_t chips;
    plm_tpp tpp;
} plm_caps_posting;

/* Reads one object; false and f (where: the field). */
bool plm_caps_posting_read(const plm_json *v, bool transfer, plm_arena *a, plm_caps_posting *out,
                           plm_fault *f);

#define PLM_CAPS_ACCOUNT (2 * PLM_CAPS_TEXT_MAX + 24) /* "consignee:NAME:YEAR" and a NUL */
typedef struct plm_caps_answer {
    bool posted, duplicate;
    const char *code; /* NULL, or conflict balance cap (static) */
    const char *cap, *cite; /* of a refusal; borrowed from the rules */
    plm_tpp limit, used, reserved, asked, over;
    char account[PLM_CAPS_ACCOUNT]; /* as report names it */
    plm_fault f;
} plm_caps_answer;

typedef struct plm_caps plm_caps;
/* Opens the books of a store under rules (borrowed). */
plm_caps *plm_caps_open(plm_store *s, const plm_caps_rules *r, plm_fault *f);
void plm_caps_close(plm_caps *c);
/* Takes the writer's turn and reads what others have posted since. */
bool plm_caps_begin(plm_caps *c, plm_fault *f);
/* Posts p or says why not; nothing is acknowledged before plm_caps_commit. */
bool plm_caps_post(plm_caps *c, const plm_caps_posting *p, plm_caps_answer *out, plm_fault *f);
bool plm_caps_commit(plm_caps *c, plm_fault *f);
void plm_caps_rollback(plm_caps *c);

/* Reads the store's history for plm_caps_try; the store is left as it is. */
bool plm_caps_look(plm_caps *c, plm_fault *f);
/* What posting p would be answered, upon the history and what was kept of earlier tries.  Every
 * account whose cap it would pass gets an answer (*n of them, at most max; out[0] alone says
 * posted, conflict or balance).  keep_over: it counts on even where it passes a cap. */
bool plm_caps_try(plm_caps *c, const plm_caps_posting *p, bool keep_over, plm_caps_answer *out,
                  size_t max, size_t *n, plm_fault *f);

typedef struct plm_caps_line {
    plm_str account, cap; /* borrowed */
    bool limited;
    plm_tpp limit, used, reserved, free;
} plm_caps_line;
typedef bool (*plm_caps_sink)(void *ctx, const plm_caps_line *line);
/* One line an account and cap, in order of their names.  as_of PLM_DAY_MAX: everything, periods
 * each; else only postings up to as_of, and the period that holds it. */
bool plm_caps_report(plm_caps *c, plm_day as_of, plm_caps_sink sink, void *ctx, plm_fault *f);

void plm_tpp_print(plm_tpp v, char out[PLM_TPP_TEXT]);
bool plm_tpp_parse(plm_str s, plm_tpp *out);

#endif
