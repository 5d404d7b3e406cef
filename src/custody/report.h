/* report.h: what a license holder, an operator or an overseer is asked to hand in, from the same
 * records.  Every report is JSON, an object a line; the caller makes text of it. */
#ifndef PLM_CUSTODY_REPORT_H
#define PLM_CUSTODY_REPORT_H

#include "base/json.h"
#include "custody/world.h"

typedef struct plm_report_ask {
    plm_str license, party, site; /* as printed, empty: all */
    int64_t from_ns, to_ns;       /* from inclusive, to exclusive */
    plm_str statements;           /* UVL statements, JSON Lines; empty: none */
    const struct plm_paper *uvl;  /* the statement's form (form.h); needed with statements */
    plm_day today;                /* for what the form says of dates */
} plm_report_ask;

/* Gets each line (a JSON object, without a newline). */
typedef struct plm_report_sink {
    void (*line)(void *ctx, plm_str json);
    void *ctx;
} plm_report_sink;

/* Chip Security Act (H.R. 3447, S. 1705; a bill): what points at one of its three triggers. */
bool plm_report_diversion(plm_world *w, const plm_findings *found, const plm_report_ask *ask,
                          plm_report_sink to, plm_fault *f);
/* Red flags (rulebooks/us/redflags.json) that facts of orders and findings raise. */
bool plm_report_flags(plm_world *w, const plm_findings *found, const plm_report_ask *ask,
                      plm_report_sink to, plm_fault *f);
/* What stands where. */
bool plm_report_inventory(plm_world *w, const plm_report_ask *ask, plm_report_sink to,
                          plm_fault *f);
/* Data-center VEU, semi-annual (15 CFR 748.15, supplement no. 8 to part 748): per site and SKU,
 * opening + what came - what went = closing, in chips. */
bool plm_report_semiannual(plm_world *w, const plm_report_ask *ask, plm_report_sink to,
                           plm_fault *f);
/* 15 CFR 744.15(b)(1): each shipment and the UVL statement it was made under; lacks names what
 * the form (rulebooks/us/forms/uvl.json) has as missing or ill-formed. */
bool plm_report_uvl_log(plm_world *w, const plm_report_ask *ask, plm_report_sink to, plm_fault *f);
/* OIG-26-019-A's eight findings, a to h, answered from the desk's records. */
bool plm_report_oversight(plm_store *s, const plm_report_ask *ask, plm_report_sink to,
                          plm_fault *f);

#endif
