/* ownership.h: is a party owned half or more by restricted parties?  Shares are intervals, what is
 * not known stays not known, and cycles are allowed.
 *
 * A restricted owner is one that is listed, or that is itself owned so: at each step of half or
 * more the share counts in full and is not multiplied (OFAC FAQ 398, 399 and 401; 15 CFR
 * 744.11(a) as amended by 90 FR 47201, the Affiliates Rule).  The set of them is the least
 * fix-point of that sentence, so that a ring of companies that own each other, none of them
 * listed, is not restricted.  docs/ownership.md has the derivation and its limits. */
#ifndef PLIMSOLL_OWNERSHIP_H
#define PLIMSOLL_OWNERSHIP_H

#include "plimsoll/case.h"

#define PLM_OWN_NODES_MAX 1000000u
#define PLM_OWN_EDGES_MAX 4000000u
#define PLM_OWN_STEPS_MAX 64 /* steps of one proof */

/* What a regime counts. */
typedef struct plm_own_rule {
    const char *name, *cite;  /* static */
    plm_dec threshold;        /* of 1 */
    bool more_than;           /* more than the threshold; else the threshold is enough */
    bool aggregate;           /* shares of several restricted owners are added up */
    bool control;             /* control by a restricted owner is enough by itself */
} plm_own_rule;
typedef enum plm_own_regime { PLM_OWN_BIS, PLM_OWN_OFAC, PLM_OWN_EU, PLM_OWN_UK } plm_own_regime;
/* BIS and OFAC: 50 %, added up, ownership only.  EU (Council Best Practices, 11623/24): 50 % or
 * control, added up.  UK (SAMLA regulations, e.g. SI 2019/855 reg. 7): more than 50 % or control,
 * not added up. */
plm_own_rule plm_own_rule_of(plm_own_regime r);

typedef struct plm_own_node {
    plm_str id, name;
    plm_country headquarters;  /* 0: not known */
    plm_truth listed;          /* is it itself on the list in question */
    bool complete;             /* nobody else holds a share that matters; for a person: true */
    plm_str note;              /* e.g. a reporting exception */
} plm_own_node;

typedef struct plm_own_edge {
    uint32_t owner, owned;
    plm_iv share;              /* within 0 to 1 */
    plm_truth control;         /* does the owner control the owned beside its share */
} plm_own_edge;

/* Nodes and edges in one arena that the caller owns. */
typedef struct plm_own_graph {
    plm_arena *arena;
    plm_own_node *nodes;
    plm_own_edge *edges;
    uint32_t node_n, node_cap, edge_n, edge_cap;
    uint32_t *by_owned, *first; /* made by plm_own_decide; edges sorted by the owned node */
} plm_own_graph;

/* An empty graph; everything added is copied into arena.  NULL without memory. */
plm_own_graph *plm_own_new(plm_arena *arena);
/* Adds a node and gives its number; false past the limit or without memory. */
bool plm_own_add_node(plm_own_graph *g, const plm_own_node *node, uint32_t *out, plm_fault *f);
/* Adds an edge; refuses numbers out of range, a share outside 0 to 1, an owner of itself. */
bool plm_own_add_edge(plm_own_graph *g, const plm_own_edge *edge, plm_fault *f);
/* The node with that id; false when there is none.  Linear. */
bool plm_own_find(const plm_own_graph *g, plm_str id, uint32_t *out);

typedef struct plm_own_step {
    uint32_t owner, owned;
    plm_iv share;
    plm_truth listed;     /* the owner itself */
    plm_truth restricted; /* the owner, listed or owned */
    bool by_control;
} plm_own_step;

typedef struct plm_own_result {
    plm_truth owned;      /* by this rule; the party's own listing is another question */
    plm_iv held;          /* share of the restricted owners together: certain to possible */
    uint32_t step_n;      /* what decides, the party's own owners first */
    plm_own_step steps[PLM_OWN_STEPS_MAX];
    bool cut;             /* more steps than fit */
    char ask[256];        /* unknown: what to ask for; else empty */
} plm_own_result;

/* Decides for one node.  Time: edges times the depth of ownership.  Faults: NO_MEMORY,
 * NOT_FOUND (no such node). */
bool plm_own_decide(plm_own_graph *g, uint32_t party, const plm_own_rule *rule,
                    plm_own_result *out, plm_fault *f);

/* Whether and no more, which is sooner known.  False: no such node, or out of memory. */
bool plm_own_owned(plm_own_graph *g, uint32_t party, const plm_own_rule *rule, plm_truth *out);

/* The same for a case's party, by the contract of review: owners left out are not known, [] is
 * nobody, an owner without owners ends its branch, shares below 1 leave the rest not known.
 * restricted says of one owner whether it is itself on the list in question.  Node 0 of the graph
 * that *graph (may be NULL) gets is the party; nodes are in the order of the tree, and
 * owner_of[i] (may be NULL; room for 1 + PLM_CASE_OWNERS_MAX) is the owner of node i. */
typedef plm_truth (*plm_own_listed)(void *ctx, const plm_owner *owner);
bool plm_own_decide_party(plm_arena *arena, const plm_party *party, plm_own_listed restricted,
                          void *ctx, const plm_own_rule *rule, plm_own_result *out,
                          plm_own_graph **graph, const plm_owner **owner_of, plm_fault *f);

/* That graph and the party's node alone. */
bool plm_own_of_party(plm_arena *arena, const plm_party *party, plm_own_listed restricted,
                      void *ctx, plm_own_graph **graph, uint32_t *at, const plm_owner **owner_of,
                      plm_fault *f);

/* The ultimate parent: from owner to owner while one holds more than half.  YES and *out where
 * it is certain (possibly the party itself); UNKNOWN where an unknown share could be more than
 * half, or the majority goes in a ring. */
plm_truth plm_own_ultimate(plm_own_graph *g, uint32_t party, uint32_t *out);

/* Adds the statements of a BODS 0.4 file (JSON array or one a line) as they stand on as_of: the
 * last version of each record, interests that have begun and not ended.  Direct holdings are
 * edges; indirect ones count where no component is given, and then only as possible. */
bool plm_own_read_bods(plm_own_graph *g, plm_str text, plm_day as_of, plm_fault *f);
/* Adds GLEIF level 1 (LEIData), level 2 (RelationshipData) or reporting exceptions
 * (ReportingExceptionData), told apart by the root element.  Consolidation is control; its share
 * is known where the record states a percentage. */
bool plm_own_read_gleif(plm_own_graph *g, plm_str text, const char *file, plm_fault *f);

#endif
