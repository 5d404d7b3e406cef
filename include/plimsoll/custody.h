/* custody.h: what a custody store's records contradict, what its licenses still hold, and how
 * large a sample an end-use check needs.  A finding presents two records that can't both be true
 * and what could explain them; it never says who is guilty. */
#ifndef PLIMSOLL_CUSTODY_H
#define PLIMSOLL_CUSTODY_H

#include "plimsoll/base.h"

struct plm_store;
struct plm_world;

#define PLM_FIND_LIST_MAX 4096u /* entries of one list of a finding; more are counted in the text */
#define PLM_FIND_EVIDENCE_MAX 24u
#define PLM_FIND_KINDS_MAX 64u

typedef enum plm_severity { PLM_NOTE, PLM_WARNING, PLM_CRITICAL } plm_severity;
/* "note", "warning", "critical" (static). */
const char *plm_severity_name(plm_severity s);

typedef struct plm_find_list {
    plm_str *v;
    uint32_t n, cap;
} plm_find_list;

typedef struct plm_finding {
    char id[27];              /* "F-" and 24 hexadecimal digits of SHA-256 of kind and subject */
    const char *kind;         /* static */
    plm_severity severity;
    plm_find_list subjects, related, parties, evidence;
    plm_str at;               /* site where its unit was last on record, as printed; or empty */
    int64_t first_seen_ns;    /* when the last record it needs was known */
    plm_str explanation;      /* both records, in words */
    const char *const *innocent;  /* what honest thing could still explain it; NULL-ended */
    const char *const *questions; /* what to ask; NULL-ended */
    unsigned weight;          /* 1 to 100: share of such findings that held on seeded worlds, % */
    bool kept;                /* of a watch that goes on: as it was at the last look */
} plm_finding;

typedef struct plm_findings {
    plm_finding *v;           /* ordered by severity (critical first), kind, id */
    uint32_t n, cap;
} plm_findings;

/* Everything that the records known by the world's time contradict.  All of out lives in the
 * world's arena.  Faults: NO_MEMORY.  Deterministic: the same records give the same bytes. */
bool plm_custody_find(struct plm_world *w, plm_findings *out, plm_fault *f);

/* Least sample of a population (1 to 10^7) that draws at least one of `missing` with the given
 * confidence num/den (0 <= num < den <= 10^9): the hypergeometric law in exact integers, so that
 * a sample at the very threshold is neither one too large nor too small.  0 when nothing is
 * missing (no sample finds it).  Faults: OUT_OF_RANGE. */
bool plm_custody_sample_size(uint64_t population, uint64_t missing, uint64_t conf_num,
                             uint64_t conf_den, uint64_t *sample, plm_fault *f);

#endif
