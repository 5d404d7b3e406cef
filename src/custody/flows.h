/* flows.h: where the chips of licenses went: ordered, to which consignee, to which country, whether
 * they arrived, moved on, were installed, and what became of them; and the picture of it.
 * Invariants: 1 what flows into a node that is not at an end flows out of it, to the chip;
 * 2 received, in transit, lost, returned and retired are those of `custody balance`; 3 a flow is
 * drawn exactly as high as it has chips: whole units of one scale.  Held by
 * tests/scenes/test_custody_flows. */
#ifndef PLM_CUSTODY_FLOWS_H
#define PLM_CUSTODY_FLOWS_H

#include "base/json.h"
#include "custody/balance.h"

#define PLM_FLOW_COLUMNS 7u
#define PLM_FLOW_NODES_MAX 14u /* of one column; the smallest of more are one node */

typedef struct plm_flow_node {
    plm_str name;
    int64_t chips;  /* the larger of what flows in and out */
    bool odd;       /* it asks for a look: not on the way that goods should go */
    int64_t y, in_used, out_used; /* of the picture, in chips */
} plm_flow_node;

typedef struct plm_flow_column {
    plm_flow_node node[PLM_FLOW_NODES_MAX + 1];
    uint32_t n;
} plm_flow_column;

typedef struct plm_flows {
    plm_str license; /* empty: all of them */
    plm_flow_column column[PLM_FLOW_COLUMNS];
    /* link[c][i][k]: chips from node i of column c to node k of the next */
    int64_t link[PLM_FLOW_COLUMNS - 1][PLM_FLOW_NODES_MAX + 1][PLM_FLOW_NODES_MAX + 1];
    int64_t ordered, exported, returned;
    int64_t elsewhere; /* ordered under licenses that nothing was exported under: not drawn */
    bool has_authorised;
    int64_t authorised; /* of one license */
} plm_flows;

extern const char *const plm_flow_columns[PLM_FLOW_COLUMNS]; /* their names */

/* The flows of one license, or (empty) of all.  NOT_FOUND when no table and no event has it. */
bool plm_custody_flows(plm_world *w, plm_str license, plm_flows *out, plm_fault *f);
/* {"license","from_column","from","to_column","to","chips"}, a line each. */
bool plm_flows_write(const plm_flows *x, plm_buf *out);
/* The SVG. */
bool plm_flows_picture(plm_flows *x, plm_buf *out, plm_fault *f);

#endif
