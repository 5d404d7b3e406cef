/* world.h: what the store's records say, in memory: one read of the tables as they were known at
 * a time, then journeys (where each thing was, and by which papers it moved).
 * Invariants: 1 only records known by `as_of` are in it; 2 events are in order of the time they
 * are said to have happened; 3 nothing here judges: find_*.c do.
 * Times are nanoseconds since 1970 UTC; distances km; masses mg; power mW. */
#ifndef PLM_CUSTODY_WORLD_H
#define PLM_CUSTODY_WORLD_H

#include "custody/store.h"
#include "plimsoll/custody.h"

#define PLM_W_NONE UINT32_MAX
#define PLM_W_DEPTH_MAX 8u /* boxes within boxes that are followed */
#define PLM_W_HOUR 3600000000000LL
#define PLM_W_DAY (24 * PLM_W_HOUR)
#define PLM_W_NEVER INT64_MAX
#define PLM_W_ARENA_MAX ((size_t)8 << 30)

/* Index of a string in order of first sight; open addressing. */
typedef struct plm_w_index {
    plm_str *v;
    uint32_t n, cap, *slot, slots;
} plm_w_index;

typedef enum plm_w_kind { PLM_W_OTHER, PLM_W_CHASSIS, PLM_W_MODULE, PLM_W_CARD,
                         PLM_W_BOX } plm_w_kind;
typedef enum plm_w_sitekind {
    PLM_W_S_OTHER, PLM_W_S_FAB, PLM_W_S_FACTORY, PLM_W_S_HUB, PLM_W_S_WAREHOUSE, PLM_W_S_DEPOT,
    PLM_W_S_DATACENTER, PLM_W_S_OFFICE
} plm_w_sitekind;
typedef enum plm_w_attests { PLM_W_A_NONE, PLM_W_A_MONTHLY, PLM_W_A_OFFLINE } plm_w_attests;

#define PLM_W_STEPS(X) \
    X(other) X(commissioning) X(packing) X(shipping) X(receiving) X(unpacking) X(assembling) \
    X(arriving) X(departing) X(inspecting) X(repackaging) X(storing) X(installing) X(removing) \
    X(replacing) X(repairing) X(cycle_counting) X(void_shipping) X(decommissioning) X(destroying)
#define PLM_X(n) PLM_W_##n,
typedef enum plm_w_step { PLM_W_STEPS(PLM_X) PLM_W_STEP_COUNT } plm_w_step;
#undef PLM_X
extern const char *const plm_w_step_names[PLM_W_STEP_COUNT];

typedef enum plm_w_disp {
    PLM_W_D_OTHER, PLM_W_D_RETURNED, PLM_W_D_DESTROYED, PLM_W_D_STOLEN, PLM_W_D_LOST
} plm_w_disp;
typedef enum plm_w_type { PLM_W_OBJECT, PLM_W_AGGREGATION, PLM_W_ASSOCIATION,
                         PLM_W_OTHERTYPE } plm_w_type;
typedef enum plm_w_action { PLM_W_OBSERVE, PLM_W_ADD, PLM_W_DELETE } plm_w_action;

/* A point, or nothing but a name. */
typedef struct plm_w_place {
    uint32_t site; /* index, or NONE for coordinates only */
    bool placed;
    double lat, lon;
} plm_w_place;

typedef struct plm_w_step_power {
    int64_t from, watts;
} plm_w_step_power;

typedef struct plm_w_site {
    plm_str name, country;
    plm_w_sitekind kind;
    uint32_t party; /* operator */
    bool known;     /* in the sites table */
    plm_w_place place;
    int64_t pue_ppm;
    plm_w_attests attests;
    plm_w_step_power *power;
    uint32_t powers;
} plm_w_site;

typedef struct plm_w_in { /* child was in (box) or on (board) parent */
    uint32_t child, parent, ev_from, ev_to; /* ev_to NONE: still */
    int64_t from, to;
    bool board;
    uint32_t next_of_child, next_of_parent;
} plm_w_in;

typedef struct plm_w_thing {
    plm_w_kind kind;
    bool registered;
    plm_str sku, device;
    int64_t tpp, tdp_mw, mass_mg, made; /* made: ns, or NEVER */
    uint32_t root;                      /* the unit: a renewed label has the old one's root */
    uint32_t in_first, holds_first;     /* lists of plm_w_in */
    uint32_t open_box, open_board;
    uint32_t out_of_order;              /* of a box: readings while it held nothing */
    uint32_t s0, sn;                    /* sightings of a root */
    uint32_t label;                     /* of a root: its newest label */
} plm_w_thing;

typedef struct plm_w_event {
    plm_str id;
    int64_t t, known; /* said to have happened; known to the store */
    bool dated;       /* known comes from a recordTime */
    plm_w_type type;
    plm_w_action action;
    plm_w_step step;
    plm_w_disp disp;
    plm_w_place place;
    uint32_t parent, replaces;
    uint32_t e0, en;            /* things listed */
    uint32_t license, order;
    plm_str rma;
    uint32_t src, dst, dst_site;
    int64_t mass_mg;            /* 0: not weighed */
    uint32_t d0, dn;            /* device identities stated */
    uint32_t origin;            /* its place in the order of the store */
    bool dead;                  /* voided since it was read: nothing looks at it any more */
} plm_w_event;

typedef struct plm_w_pair { uint32_t thing; plm_str device; } plm_w_pair;

typedef struct plm_w_sight {
    uint32_t ev, thing, via; /* thing: the label read (or inside via); via: box, or NONE */
} plm_w_sight;

typedef struct plm_w_license {
    bool known, exception;
    plm_str code;
    uint32_t consignee;
    int64_t valid_from, valid_to; /* ns; to: end of that day */
    bool has_quantity;
    int64_t quantity, cap_tpp_per_year;
    plm_str *countries, *skus;
    uint32_t *sites;
    uint32_t country_n, sku_n, site_n;
} plm_w_license;

typedef struct plm_w_order {
    bool known;
    int64_t placed, amended_on;
    int year, founded; /* 0: not known */
    uint32_t seller, buyer, license, ship_to, amended_to;
    plm_str buyer_name, buyer_country, address, phone, director, email, group, payer, sku, status;
    int64_t chips;
} plm_w_order;

typedef struct plm_w_att {
    plm_str id, host_id;
    int64_t t;
    bool onsite, pass;
    uint32_t site, host; /* host: thing of the label, or NONE */
    uint32_t d0, dn;
} plm_w_att;
/* things or NONE */
typedef struct plm_w_attdev { plm_str device; uint32_t epc, dev; } plm_w_attdev;

typedef struct plm_w_bound {
    uint32_t landmark;
    plm_str oper;
    double lat, lon, km_max;
} plm_w_bound;
typedef struct plm_w_loc {
    plm_str id;
    int64_t t;
    uint32_t dev, site; /* dev: thing or NONE */
    plm_str device;
    uint32_t b0, bn, origin;
} plm_w_loc;

/* A time a unit spent at one place, as its papers have it. */
typedef struct plm_w_stay {
    plm_w_place place;
    int64_t in, out;        /* out NEVER: still there */
    uint32_t ev_in, ev_out; /* ev_out NONE: left without a record */
    uint32_t sights;
    int64_t installed;      /* NEVER: not installed here */
    int64_t draw_mw;        /* rated power of the chips on it when it was installed */
} plm_w_stay;

/* Sightings that do not fit the journey, gathered by place. */
typedef struct plm_w_odd {
    plm_w_place place, home;
    uint32_t n, ev[6], home_before, home_after; /* home_*: sightings at home around the first */
    bool geo, papers, back; /* back: seen at home again after the first of them */
} plm_w_odd;

typedef enum plm_w_end { PLM_W_E_NONE, PLM_W_E_DESTROYED, PLM_W_E_STOLEN } plm_w_end;

typedef struct plm_w_journey {
    uint32_t stay0, stays, odd0, odds;
    bool transit, returned, temporary;
    uint32_t ev_dep, ev_last, ev_end, ev_fast_a, ev_fast_b, ev_after_end;
    uint32_t after_end;
    plm_w_end end;
    int64_t end_t, last_t;
    uint32_t license, order;   /* of its first export */
    uint32_t ev_export;        /* that shipping event, or the receipt that names the papers */
    int64_t chips, tpp;        /* on it then */
    uint32_t ev_return;        /* shipped back under its license */
    int64_t installed;         /* first */
    int64_t removed;           /* off its site or board, not yet back; NEVER: not */
    uint32_t ev_removed;
} plm_w_journey;

typedef struct plm_world {
    plm_arena *a;
    int64_t as_of, now; /* now: the newest record in it */
    bool registry;      /* some device is known by its id */
    plm_w_index thing_ids, site_ids, party_ids, license_ids, order_ids, device_ids, names, marks;
    plm_str *shown;     /* by names */
    uint32_t *device_thing;
    plm_w_thing *thing;     uint32_t thing_cap, things;
    plm_w_site *site;       uint32_t site_cap;
    plm_w_license *license; uint32_t license_cap;
    plm_w_order *order;     uint32_t order_cap;
    plm_w_event *event;     uint32_t events;
    uint32_t *listed;       uint32_t listed_n;
    plm_w_pair *pair;       uint32_t pairs;
    plm_w_in *in;           uint32_t ins, in_cap;
    plm_w_sight *sight;     uint32_t sights;
    plm_w_att *att;         uint32_t atts;
    plm_w_attdev *attdev;   uint32_t attdevs;
    plm_w_loc *loc;         uint32_t locs;
    plm_w_bound *bound;     uint32_t bounds;
    plm_w_journey *journey; /* by thing; roots only */
    plm_w_stay *stay;       uint32_t stays, stay_cap;
    plm_w_odd *odd;         uint32_t odds, odd_cap;
} plm_world;

/* Reads the store as it was known at as_of (INT64_MAX: now) and follows every thing.  Free with
 * plm_world_free, also after a fault. */
bool plm_world_load(plm_store *s, int64_t as_of, plm_world *w, plm_fault *f);
/* Only the records, events in the order of the store; *last (may be NULL) is the seq of the last
 * one and *feed the last change of a side table. */
bool plm_world_read(plm_store *s, int64_t as_of, plm_world *w, int64_t *last, int64_t *feed,
                    plm_fault *f);
/* Adds the events after *last, and moves it. */
bool plm_world_read_events(plm_store *s, plm_world *w, int64_t *last, plm_fault *f);
/* Adds one attestation or location proof that the world does not have. */
bool plm_world_read_proof(plm_store *s, plm_world *w, bool attestation, plm_str id, plm_fault *f);
/* Adds the names of what events after `after` and rows after `feed` name; *changed: one that the
 * world has is another now. */
bool plm_world_read_names(plm_store *s, plm_world *w, int64_t after, int64_t feed, bool *changed,
                          plm_fault *f);
/* What follows from the records: order, units, what was in what, journeys. */
bool plm_world_derive(plm_world *w, plm_fault *f);
int plm_w_event_cmp(const plm_w_event *x, const plm_w_event *y); /* by time */
int plm_w_loc_cmp(const plm_w_loc *x, const plm_w_loc *y);
void plm_world_free(plm_world *w);

/* world.c */
uint32_t plm_w_index_put(plm_w_index *x, plm_str s); /* NONE when memory is short */
uint32_t plm_w_index_get(const plm_w_index *x, plm_str s);
void plm_w_index_free(plm_w_index *x);
uint32_t plm_w_thing_of(plm_world *w, plm_str key);
double plm_w_km(plm_w_place a, plm_w_place b); /* 0 for the same site; -1 when not known */
bool plm_w_same_place(plm_w_place a, plm_w_place b);
/* The form to print of a key; the key itself where no table has one. */
plm_str plm_w_shown(const plm_world *w, plm_str key);
plm_str plm_w_thing_shown(const plm_world *w, uint32_t thing);
/* Chassis (root) that the module was on at t, within slack; NONE. */
uint32_t plm_w_board_at(const plm_world *w, uint32_t module, int64_t t, int64_t slack);
bool plm_w_on_board(const plm_world *w, uint32_t module, uint32_t root, int64_t t, int64_t slack);
/* Modules on a chassis (root) at t, up to max; a card is its own only chip.  Returns how many. */
uint32_t plm_w_chips_at(const plm_world *w, uint32_t root, int64_t t, uint32_t *out, uint32_t max);
/* The stay that covers t, or NULL. */
const plm_w_stay *plm_w_stay_at(const plm_world *w, uint32_t root, int64_t t);
const plm_w_stay *plm_w_stay_last(const plm_world *w, uint32_t root);
bool plm_w_license_names_site(const plm_w_license *l, uint32_t site);

/* journey.c */
bool plm_world_contain(plm_world *w, plm_fault *f);
bool plm_world_sight(plm_world *w, plm_fault *f);
bool plm_world_travel(plm_world *w, plm_fault *f);

#endif
