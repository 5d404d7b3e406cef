/* case.h: one export case as the contract of `plimsoll review` has it, read and checked, with
 * everything that was left out marked as not known.  All text is borrowed from the arena. */
#ifndef PLIMSOLL_CASE_H
#define PLIMSOLL_CASE_H

#include "plimsoll/chain.h"
#include "plimsoll/number.h"

#define PLM_CASE_ITEMS_MAX 1024    /* items of one case, contained ones too */
#define PLM_CASE_DEPTH_MAX 12      /* `contains` or `owners` within each other */
#define PLM_CASE_PARTIES_MAX 256
#define PLM_CASE_OWNERS_MAX 1024   /* owners of one case, all levels */
#define PLM_CASE_TEXT_MAX 16384    /* bytes of one text */
#define PLM_CASE_LIST_MAX 1024     /* entries of any other list */

/* The number facts of an item, in the contract's spelling: PLM_N_tpp, … */
#define PLM_ITEM_NUMBERS(X) \
    X(tpp) X(die_area_mm2) X(performance_density) X(dram_bandwidth_gbps) X(io_bandwidth_gbps) \
    X(memory_bandwidth_density) X(transistor_count) X(training_operations) X(node_nm) X(app_wt)
#define PLM_ITEM_FLAGS(X) X(datacenter) X(encryption) X(contains_hbm) X(published) X(non_planar)
#define PLM_END_USES(X) \
    X(supercomputer) X(advanced_node_facility) X(ic_facility_node_unknown) X(military) \
    X(military_intelligence) X(wmd) X(model_training_for_wmd_or_military_intelligence) \
    X(semiconductor_equipment_development)
#define PLM_LISTED_FLAGS(X) \
    X(entity_list) X(denied_person) X(unverified) X(military_end_user) \
    X(military_intelligence_end_user) X(sdn)
#define PLM_FORMS(X) \
    X(ic) X(board) X(assembly) X(computer) X(hbm_stack) X(equipment) X(component) X(part) \
    X(software) X(technology)
#define PLM_KINDS(X) X(export) X(reexport) X(transfer_in_country) X(deemed_export)
#define PLM_ROLES(X) \
    X(exporter) X(purchaser) X(intermediate_consignee) X(ultimate_consignee) X(end_user) \
    X(forwarder) X(iaas_customer) X(deemed_recipient)
#define PLM_MAKERS(X) X(designer) X(foundry) X(osat)

#define PLM_X(n) PLM_N_##n,
enum { PLM_ITEM_NUMBERS(PLM_X) PLM_N_COUNT };
#undef PLM_X
#define PLM_X(n) PLM_F_##n,
enum { PLM_ITEM_FLAGS(PLM_X) PLM_F_COUNT };
#undef PLM_X
#define PLM_X(n) PLM_U_##n,
enum { PLM_END_USES(PLM_X) PLM_U_COUNT };
#undef PLM_X
#define PLM_X(n) PLM_L_##n,
enum { PLM_LISTED_FLAGS(PLM_X) PLM_L_COUNT };
#undef PLM_X
/* Words: 0 is "not known", then the list's order. */
#define PLM_X(n) PLM_FORM_##n,
typedef enum plm_form { PLM_FORM_NONE, PLM_FORMS(PLM_X) PLM_FORM_COUNT } plm_form;
#undef PLM_X
#define PLM_X(n) PLM_KIND_##n,
typedef enum plm_kind { PLM_KIND_NONE, PLM_KINDS(PLM_X) PLM_KIND_COUNT } plm_kind;
#undef PLM_X
#define PLM_X(n) PLM_ROLE_##n,
typedef enum plm_role { PLM_ROLE_NONE, PLM_ROLES(PLM_X) PLM_ROLE_COUNT } plm_role;
#undef PLM_X
#define PLM_X(n) PLM_MAKER_##n,
typedef enum plm_maker { PLM_MAKER_NONE, PLM_MAKERS(PLM_X) PLM_MAKER_COUNT } plm_maker;
#undef PLM_X

extern const char *const plm_item_number_names[PLM_N_COUNT];
extern const char *const plm_item_flag_names[PLM_F_COUNT];
extern const char *const plm_end_use_names[PLM_U_COUNT];
extern const char *const plm_listed_names[PLM_L_COUNT];
extern const char *const plm_form_names[PLM_FORM_COUNT];   /* [0] is "" */
extern const char *const plm_kind_names[PLM_KIND_COUNT];
extern const char *const plm_role_names[PLM_ROLE_COUNT];
extern const char *const plm_maker_names[PLM_MAKER_COUNT];

/* A number: not given, or an interval (a point where it is known). */
typedef struct plm_num {
    bool given;
    plm_iv iv; /* valid where given */
} plm_num;

/* A list of words that may be not known at all (known false), or known and empty. */
typedef struct plm_words {
    bool known;
    uint32_t n;
    plm_str *v;
} plm_words;

typedef struct plm_format {
    plm_num bits, dense_tops;
} plm_format;

typedef struct plm_item {
    plm_str part, description, eccn; /* empty: not given.  eccn as the shipper wrote it */
    plm_str hts;                     /* the first six digits of the HTS code; empty: not given */
    plm_num quantity, us_content_share, value_usd;
    plm_num number[PLM_N_COUNT];
    plm_truth flag[PLM_F_COUNT];     /* PLM_UNKNOWN: not given */
    plm_form form;
    plm_maker maker_role;
    uint32_t format_count;
    plm_format *formats;
    plm_country origin;              /* 0: not known */
    plm_words us_technology;         /* made_with.us_technology: ECCNs */
    plm_truth us_plant;
    bool designed_for_known;         /* `designed_for` was given (possibly empty) */
    uint32_t edge_count;
    plm_edge *edges;
    bool contains_known;             /* `contains` was given (possibly empty) */
    uint32_t part_count;
    struct plm_item *parts;
} plm_item;

typedef struct plm_listed {
    bool given;                      /* left out: PLM_UNKNOWN in every flag */
    plm_truth flag[PLM_L_COUNT];     /* given: what is left out is PLM_NO */
    uint32_t footnotes;              /* bit n: footnote n (1 to 9) */
    plm_str scope;                   /* empty: all items subject to the EAR */
    plm_str review_policy;           /* the entry's license review policy, in its words */
    plm_str policy;                  /* the rulebook's word for its review; empty: not known */
} plm_listed;

typedef struct plm_owner {
    plm_str name;
    plm_num share;                   /* 0 to 1 */
    plm_country headquarters;
    plm_listed listed;
    bool owners_known;               /* for an owner: no `owners` key is the end of its branch */
    uint32_t owner_count;
    struct plm_owner *owners;
} plm_owner;

typedef struct plm_party {
    plm_role role;
    plm_str name, address;
    plm_country country, headquarters, parent_headquarters; /* 0: not known */
    plm_str parent_name;
    plm_listed listed;
    bool owners_known;               /* [] is known and empty */
    uint32_t owner_count;
    plm_owner *owners;
    bool nationalities_known, residences_known;
    uint32_t nationality_count, residence_count;
    plm_country *nationalities, *residences;
    uint32_t id_count;
    plm_str *id_kinds, *id_values;
} plm_party;

/* kind and conclusion have one word each (is_informed, license_required), left out or not. */
typedef struct plm_notice {
    bool date_known;                 /* left out: date is PLM_DAY_MIN, it may bind or not */
    plm_day date;
    plm_str part, eccn;              /* applies_to; empty: not named.  Both: may be any item */
    bool countries_known;            /* `to` was given ([]: nowhere) */
    uint32_t country_count;
    plm_country *countries;
    plm_str cite;
} plm_notice;

typedef struct plm_case {
    plm_str id;
    bool id_is_string;               /* false: no id was given */
    plm_str id_json;                 /* the id as JSON text (null: none), to give back */
    bool has_as_of, has_known, has_mode;
    plm_day as_of, known;
    bool codified;
    plm_kind kind;
    plm_country from, to;
    bool items_known, parties_known; /* the key was given */
    uint32_t item_count, party_count, notice_count;
    plm_item *items;
    plm_party *parties;
    plm_notice *notices;
    plm_truth end_use[PLM_U_COUNT];  /* the contract's three refinements are applied */
    plm_str end_use_statement;
    plm_truth us_person_support, us_natural_person;
    plm_country us_person_employer_hq;
    plm_truth hbm_buyer_is_designer, hbm_ships_to_packaging_site, hbm_finished_below_3a090;
    plm_truth certification_748_dd;
    plm_truth occupied_ukraine;      /* Crimea, the so-called DNR and LNR */
    plm_ground replacement, temporary, us_government, technology_support; /* of chain.h */
    uint32_t warning_count;
    plm_str *warnings;               /* keys that the contract does not name, with their path */
} plm_case;

/* Reads one case from JSON text.  Everything in *out lives in a.  Faults as the contract of
 * review lists them ("In error: …"); where is the path below the case, e.g.
 * transaction.items[0].facts.tpp. */
bool plm_case_read(plm_arena *a, plm_str json, plm_case *out, plm_fault *f);
/* The same for one ITEM object (classify); warnings go to warnings/warning_count of w. */
bool plm_item_read(plm_arena *a, plm_str json, plm_item *out, plm_case *w, plm_fault *f);

#endif
