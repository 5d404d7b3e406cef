/* find.h: how a finder says what it found.  Every kind is a row of plm_find_kinds (find.c): its
 * severity, what honest thing could still explain it, what to ask. */
#ifndef PLM_CUSTODY_FIND_H
#define PLM_CUSTODY_FIND_H

#include "custody/world.h"

#define PLM_FIND_KINDS(X) \
    X(two_places) X(impossible_transit) X(unpapered_place) X(unlicensed_place) \
    X(diverted_in_transit) X(impossible_order) X(not_received) X(return_missing) \
    X(temporary_export_overdue) X(missing_at_count) X(seen_after_end) X(device_mismatch) \
    X(peers_missing) X(no_answer_on_site) X(offline_answered) X(claimed_place) \
    X(location_contradiction) X(silence) \
    X(never_installed) X(weight_mismatch) X(orders_split) X(license_overdrawn) \
    X(outside_license_dates) X(power_exceeded) X(unregistered_serial) X(misread) X(late_report) \
    X(clock) X(landmark_wrong)
#define PLM_X(n) PLM_K_##n,
typedef enum plm_find_kind { PLM_FIND_KINDS(PLM_X) PLM_K_COUNT } plm_find_kind;
#undef PLM_X

typedef struct plm_find_about {
    const char *name;
    plm_severity severity;
    unsigned weight, note_weight; /* percent that held */
    const char *const *innocent, *const *questions;
} plm_find_about;
extern const plm_find_about plm_find_kinds[PLM_K_COUNT];

/* What several finders need of a unit, by thing. */
typedef struct plm_find_unit {
    int64_t pass_t, pass_first;      /* newest and first passed attestation under its label; 0 */
    uint32_t pass_att, pass_after_end;
    uint32_t unanswered, no_att[4];  /* on-site attempts without an answer since the last pass */
    int64_t missed_t;                /* first of the newest counts in a row that missed it; 0 */
    uint32_t missed, missed_ev[4];
} plm_find_unit;

#define PLM_FIND_CHECKED_FIRM 3 /* tight bounds that agreed: a landmark known to be right */
typedef struct plm_find_mark {
    uint32_t disjoint, lonely, excludes, agrees;
    bool bad;
} plm_find_mark;

/* Where the papers have the device of a location proof. */
typedef struct plm_find_heard {
    uint32_t unit; /* NONE: not known */
    plm_w_place place;
} plm_find_heard;

/* What was shipped under a license, in chips. */
typedef struct plm_find_account {
    int64_t shipped, returned;
} plm_find_account;

typedef struct plm_finder {
    plm_world *w;
    plm_findings *out;
    plm_find_unit *unit;
    plm_find_mark *mark; /* by landmark */
    const uint32_t *units; /* chassis and cards (roots), where they are at hand; NULL: look */
    uint32_t units_n;
    const uint32_t *counts; /* counting events, the same */
    uint32_t counts_n;
    const bool *only;      /* by site: counts and power look at these; NULL: at all */
    uint32_t *seen, *seen_stamp; /* by thing, and the last stamp in it; NULL: made for a look */
    const plm_find_account *account; /* by license, where the sums are at hand; NULL: add up */
    int64_t due;         /* the earliest later `now` at which a finding could be another */
    bool short_of_memory;
} plm_finder;

/* A new finding; key, with the kind, is what it is about and makes its id.  Never NULL: without
 * memory a scratch finding is given and short_of_memory is set. */
plm_finding *plm_find_new(plm_finder *f, plm_find_kind kind, plm_severity severity, plm_str key);
void plm_find_subject(plm_finder *f, plm_finding *g, plm_str shown);
void plm_find_related(plm_finder *f, plm_finding *g, plm_str shown);
void plm_find_party(plm_finder *f, plm_finding *g, uint32_t party);
void plm_find_evidence(plm_finder *f, plm_finding *g, plm_str id, int64_t known);
void plm_find_event(plm_finder *f, plm_finding *g, uint32_t ev);
void plm_find_att(plm_finder *f, plm_finding *g, uint32_t att);
/* The same for what only adds to a finding that stands already: first_seen is left. */
void plm_find_more_event(plm_finder *f, plm_finding *g, uint32_t ev);
void plm_find_more_att(plm_finder *f, plm_finding *g, uint32_t att);
/* first_seen is not before ns: a finding that waits for a time to pass. */
void plm_find_not_before(plm_finding *g, int64_t ns);
void plm_find_say(plm_finder *f, plm_finding *g, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* A finding about a unit: its label is the subject, its site and operator are named.  more
 * (may be empty) tells apart findings of one kind about one unit. */
plm_finding *plm_find_unit_new(plm_finder *f, plm_find_kind kind, plm_severity s, uint32_t root,
                               plm_str more);
/* "2026-01-31 14:05Z" in one of eight turning buffers. */
const char *plm_find_when(int64_t ns);
/* Name or coordinates of a place, in one of eight turning buffers. */
const char *plm_find_where(const plm_world *w, plm_w_place p);
bool plm_find_is_unit(const plm_world *w, uint32_t thing); /* a chassis or card, by root */
/* Whole days from `from` to the newest record, and f->due: when they pass limit, or where they have
 * (or limit is below 0) are one more. */
int plm_find_age(plm_finder *f, int64_t from, int limit);

/* Whether more is shipped under a license than it allows. */
bool plm_find_is_overdrawn(const plm_w_license *l, const plm_find_account *a);
/* The finders.  What sums over units: they need journeys of all, and nothing that is inside. */
void plm_find_counts(plm_finder *f); /* fills unit[].missed… */
void plm_find_heard_of(plm_finder *f, plm_find_heard *v); /* by location proof */
/* Fills mark, and says which are wrong. */
void plm_find_marks(plm_finder *f, const plm_find_heard *v);
void plm_find_orders(plm_finder *f);
void plm_find_licenses(plm_finder *f);
void plm_find_power(plm_finder *f);
bool plm_find_is_late(const plm_w_event *e);
void plm_find_late(plm_finder *f, uint32_t ev);
/* What is found of units one by one, from the records that name them or what they were with. */
void plm_find_units(plm_finder *f, const plm_find_heard *v);
void plm_find_strangers(plm_finder *f);
void plm_find_missed(plm_finder *f);
void plm_find_journeys(plm_finder *f);
void plm_find_proofs(plm_finder *f);
void plm_find_locations(plm_finder *f, const plm_find_heard *v);
void plm_find_silence(plm_finder *f);
void plm_find_weights(plm_finder *f);
void plm_find_dates(plm_finder *f);
/* Puts findings in order, each once. */
void plm_find_sort(plm_findings *o);

#endif
