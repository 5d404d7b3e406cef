/* desk.h: the end-use check desk: a ranked queue with its reasons, a sample, a visit on record,
 * recommendations that must be answered before a check closes.  What OIG-26-019-A found missing
 * (a method of selection, documented analysis, one file, a justification when a recommendation is
 * not followed, measures of effect) is what these records hold. */
#ifndef PLM_CUSTODY_DESK_H
#define PLM_CUSTODY_DESK_H

#include "base/json.h"
#include "custody/world.h"

#define PLM_DESK_METHOD \
    "ranked by the number of things expected not to be as the records say: for each thing one" \
    " minus the product of the chances that its findings are honest, summed over the target"
#define PLM_DESK_LIST_MAX 100000u /* entries of one list of a visit */
#define PLM_DESK_BYTES_MAX (8u << 20)

typedef struct plm_desk_reason {
    plm_str finding, signal; /* one of the two */
    unsigned weight;         /* percent */
} plm_desk_reason;

typedef struct plm_desk_target {
    plm_str target;          /* site, party or license, as printed */
    char check[20];          /* "C-" and 16 hexadecimal digits */
    int64_t score_milli;     /* thousandths of a thing */
    plm_desk_reason *reason; /* heaviest first */
    uint32_t reasons, cap;
    int64_t opened_ns;
} plm_desk_target;

typedef struct plm_desk {
    plm_desk_target *v; /* best first */
    uint32_t n, cap;
} plm_desk;

/* Ranks what the findings and the sites' own signals point at; opens a check for each target that
 * has none open and keeps it.  All of out is in w's arena. */
bool plm_desk_queue(plm_store *s, plm_world *w, const plm_findings *found, plm_desk *out,
                    plm_fault *f);
void plm_desk_write_target(plm_jw *w, const plm_desk_target *t, uint32_t rank);

/* Units to be found at the check's target, and n of them drawn by the seed: those whose SHA-256 of
 * "seed\nEPC" is least.  serials are as printed.  NOT_FOUND when there is no such check. */
typedef struct plm_desk_sample {
    plm_str target;
    plm_str *serials;   /* all of the population; the first n are the sample once drawn */
    uint32_t population;
} plm_desk_sample;
bool plm_desk_population(plm_store *s, plm_world *w, plm_str check, plm_desk_sample *out,
                         plm_fault *f);
void plm_desk_draw(plm_desk_sample *p, uint64_t seed);
/* Keeps a record of the check (kind: plan visit answer close), with a leaf of the log. */
bool plm_desk_keep(plm_store *s, plm_str check, const char *kind, plm_str json, plm_fault *f);

/* Reads a visit (or answers) from text, writes what it recommends to out as a JSON object, and
 * keeps it.  Faults name the field and its mend. */
bool plm_desk_record(plm_store *s, plm_str check, plm_str text, plm_buf *out, plm_fault *f);
/* Closes a check.  *closed false: recommendations without an answer, listed in out. */
bool plm_desk_close(plm_store *s, plm_str check, plm_str reason, plm_buf *out, bool *closed,
                    plm_fault *f);

#endif
