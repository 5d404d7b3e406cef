/* desk.h: the working place of one thread, inside the decide room only. */
#ifndef PLM_DECIDE_DESK_H
#define PLM_DECIDE_DESK_H

#include "plimsoll/decide.h"
#include "base/json.h"
#include "base/memo.h"

#define VIEWS_MAX 128 /* kept, of some 60 KB each */
#define PATH_TEXT 256
#define PLM_PROOF_BYTES_MAX (32u << 20)
#define CONFLICT_VALUES_MAX 12
/* Evaluations spent by cases on one side question (a rule, a policy, what an answer would do);
 * past it the side question stays unknown, which never permits. */
#define SIDE_CASES_MAX 128

/* Numbers of the rulebook's facts that cases fill. */
#define DESK_FACTS(X) \
    X(kind, "kind") X(from, "from") X(to, "to") X(sc, "supercomputer") \
    X(node_use, "advanced-node-facility") X(node_unknown, "ic-facility-node-unknown") \
    X(military, "military") X(intelligence, "military-intelligence") X(wmd, "wmd") \
    X(training, "model-training") X(sme, "sme-development") X(usp, "us-person-support") \
    X(usp_natural, "us-natural-person") X(usp_employer, "us-person-employer") \
    X(hbm_designer, "hbm-buyer-is-designer") X(hbm_site, "hbm-to-packaging-site") \
    X(hbm_below, "hbm-finished-below") X(dd, "certified-748-dd") \
    X(occupied, "occupied-ukraine") X(replacement, "replacement") \
    X(rep_authorized, "replacement-authorized") X(rep_improves, "replacement-improves") \
    X(rep_free, "replacement-free") X(rep_warranty, "replacement-in-warranty") \
    X(rep_same, "replacement-same-exporter") X(temporary, "temporary") \
    X(tmp_order, "temporary-order-received") X(tmp_stays, "temporary-stays-abroad") \
    X(tmp_lease, "temporary-for-lease") X(tmp_control, "temporary-effective-control") \
    X(gov, "us-government") X(gov_solely, "government-solely-official") \
    X(gov_contract, "government-contract-provides") X(gov_us_person, "government-to-us-person") \
    X(tsu, "technology-support") X(tsu_authorized, "support-original-authorized") \
    X(tsu_minimum, "support-minimum-necessary") X(tsu_object, "support-object-code") \
    X(tsu_same, "support-same-consignee") X(tsu_enhances, "support-enhances") X(form, "form") \
    X(eccn, "eccn") X(hts, "hts") X(origin, "origin") X(us_content, "us-content") \
    X(quantity, "quantity") \
    X(tpp, "tpp") X(die_area, "die-area") X(density, "density") X(datacenter, "datacenter") \
    X(dram, "dram-bandwidth") X(io, "io-bandwidth") X(tops, "tops") \
    X(memory_density, "memory-density") X(training_ops, "training-operations") \
    X(published, "published") X(encryption, "encryption") X(contains_hbm, "contains-hbm") \
    X(node, "node") X(non_planar, "non-planar") X(transistors, "transistors") \
    X(own_chip, "own-chip-facts") X(claims, "claims") \
    X(no_weights, "no-weights") X(presumes, "chipmaker-presumes") \
    X(us_technology, "us-technology") X(us_plant, "us-plant") X(notice, "notice-applies") \
    X(designed_for, "designed-for") X(produces, "produces") X(produces_sme, "produces-sme") \
    X(for_supercomputer, "for-supercomputer") \
    X(role, "role") X(country, "country") X(hq, "headquarters") \
    X(parent_hq, "parent-headquarters") X(party_name, "party-name") \
    X(parent_name, "parent-name") X(government, "government") X(entity_list, "entity-list") \
    X(all_items, "entity-all-items") X(ccl_items, "entity-ccl-items") \
    X(el_policy, "entity-policy") \
    X(fn1, "footnote-1") X(fn3, "footnote-3") \
    X(fn4, "footnote-4") X(fn5, "footnote-5") X(denied, "denied-person") \
    X(unverified, "unverified") X(meu, "military-end-user") \
    X(mieu, "military-intelligence-end-user") X(sdn, "sdn") X(owned_listed, "owned-by-listed") \
    X(owned_meu, "owned-by-meu") X(owned_sdn, "owned-by-sdn")

#define X(name, word) DF_##name,
enum { DESK_FACTS(X) DF_COUNT };
#undef X

typedef struct flat_item {
    const plm_item *item; /* NULL: nothing is known of it */
    int32_t parent;
    uint32_t top;         /* index among the case's own items */
    uint32_t index;       /* among its parent's */
} flat_item;

typedef struct flat_party {
    const plm_party *party; /* NULL: a party that the case leaves out */
    plm_role role;
    plm_listed listed;
    bool screened;
    uint32_t unloaded;              /* bits of flags of which no list is loaded */
    plm_str found_json, found_text; /* what the screening found */
} flat_party;

typedef struct conflict {
    uint32_t item;
    const char *fact;
    uint32_t count;
    bool is_flag;
    plm_truth flag[2];
    plm_iv value[CONFLICT_VALUES_MAX];
    const char *source[CONFLICT_VALUES_MAX];
} conflict;

typedef struct answer {
    plm_verdict verdict;
    plm_truth prohibited, required, excepted;
    bool gave_up;
    uint32_t cases, limit;
    plm_policy policy;
} answer;

/* What still counts for one of the case's own items.  What is decided before any unknown is settled
 * stays so, whatever is settled: a requirement that fails is left out, and an exception too. */
typedef struct live_rule {
    plm_rule rule;
    bool prohibits, proved;
} live_rule;
typedef struct live_item {
    live_rule *requirements;
    plm_rule *exceptions;
    uint32_t requirement_count, exception_count;
    uint32_t at; /* while they are gone through in order */
} live_item;

struct plm_desk {
    const plm_book *book;
    plm_facts *world;
    plm_view *views[VIEWS_MAX];
    uint32_t next_view;
    plm_view *view;
    plm_arena *arena;
    plm_doc *doc; /* the case as it was given, until the next one */
    plm_case c;
    uint32_t facts[DF_COUNT];
    flat_item *items;
    flat_party *parties;
    uint32_t item_count, party_count, conflict_count, warning_count;
    conflict conflicts[64];
    plm_str warnings[64];
    plm_rule *requirements, *exceptions, *policies, *obligations;
    plm_rule *classes; /* of an item: the five of the contract first */
    uint32_t requirement_count, exception_count, policy_count, class_count, obligation_count;
    live_item *live; /* of the case's own items */
    live_rule *live_rules;      /* room for them, grown when a case needs more */
    plm_rule *live_exceptions;
    uint32_t live_cap;
    plm_buf tail; /* not_modelled and rulebook, the same in every result */
    plm_buf canon, proof_head; /* the case and the proof's beginning as they are hashed */
    plm_buf alike, found;      /* findings.c: the facts as bytes, and what they come to */
    plm_buf item_alike, item_found;
    plm_memo *memo;            /* found by alike, of cases before; NULL: none is kept */
    bool items_stand_alone;    /* the classes of an item hang on nothing else */
    struct result *result; /* result.c */
    plm_listing screen;
    void *screen_ctx;
    /* Of the case's screenings; empty: nobody was screened; shipped: none of those was needed. */
    plm_str lists_edition, lists_law, lists_shipped;
};

#define DESK_CLASSES 5
extern const char *const desk_class_names[DESK_CLASSES];

/* case.c: the case from JSON that is parsed already. */
bool desk_case_from(plm_arena *a, const plm_json *root, plm_case *out, plm_fault *f);
/* facts.c: reads the case and fills the world. */
bool desk_open(plm_desk *d, plm_str json, const plm_reading *r, plm_fault *f);
bool desk_open_item(plm_desk *d, plm_str json, const plm_reading *r, plm_fault *f);
void desk_warn(plm_desk *d, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* chain.c: finds the items that the edges of `designed_for` name; a fault has the edge's path. */
bool desk_chain_resolve(const plm_item *items, uint32_t count, plm_fault *f);
/* False, with a fault: a chain says what the end use denies. */
bool desk_chain_agrees(const plm_case *c, plm_fault *f);
/* The facts of what an item is designed for, over all tiers; false: out of memory. */
bool desk_chain_fill(plm_desk *d, uint32_t at, const plm_item *t);
/* Where the item stands in the case: items[0].contains[2]; cut to fit, with a NUL. */
plm_str desk_item_path(const plm_desk *d, uint32_t item, char out[PATH_TEXT]);
/* a.b, cut to fit, with a NUL. */
plm_str desk_path_join(char *out, size_t max, plm_str a, plm_str b);
/* entry.c: what the columns of an Entity List entry say, as its facts. */
void desk_entry_fill(plm_desk *d, uint32_t at, const plm_listed *l);
/* owners.c: half or more held, in sum, by owners restricted by the flag, for each of n flags. */
void desk_owned(plm_desk *d, const plm_party *p, const int *flags, plm_truth *owned, size_t n);
/* verdict.c */
/* Finds what still counts; after the facts are filled or changed, before anything is settled. */
void desk_sift(plm_desk *d);
answer desk_answer(plm_desk *d);
plm_verdict desk_verdict(plm_desk *d, answer *a);
/* The verdict and no more, which is sooner known. */
plm_verdict desk_verdict_only(plm_desk *d, uint32_t limit);
plm_truth desk_ask_required(plm_facts *w, void *desk);
plm_truth desk_ask_permitted(plm_facts *w, void *desk);
plm_truth desk_prove_rule(plm_desk *d, plm_rule r, int32_t item, int32_t party);
/* Is obligation r the exporter's: its condition holds and, where it binds only what needs no
 * license, none is required for the item? */
plm_truth desk_prove_obligation(plm_desk *d, plm_rule r, int32_t item, int32_t party);
/* Is exception e available to the item, by cases? */
plm_truth desk_prove_exception(plm_desk *d, plm_rule e, int32_t item);

#endif
