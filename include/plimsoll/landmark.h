/* landmark.h: landmarks of known position, round-trip times to them, what a time says of a
 * distance, and the audit of the landmarks themselves.  All numbers are integers: nanoseconds,
 * metres, degrees * 10^7.  A bound is rounded up.  Nothing here keeps state between calls. */
#ifndef PLIMSOLL_LANDMARK_H
#define PLIMSOLL_LANDMARK_H

#include "plimsoll/base.h"

#define PLM_LIGHT_M_PER_S 299792458
#define PLM_LOCATE_POSITION_M 1000       /* a landmark may stand so far from where it is said to
                                          * (rounded or blurred positions): inconsistency and
                                          * audit allow for it, the dilation covers it */
#define PLM_LOCATE_LANDMARKS_MAX 50000
#define PLM_LOCATE_ID_MAX 128            /* bytes of an id, an operator, a region's code */
#define PLM_LOCATE_RTT_NS_MAX 1000000000000ull /* a thousand seconds; longer says nothing */
#define PLM_LOCATE_METRES_MAX 0x3fffffff /* bounds are cut here: beyond any place on Earth */

typedef enum plm_speed {
    PLM_SPEED_C = 1,    /* light in vacuum: a proof */
    PLM_SPEED_FIBRE = 2 /* two thirds of it: engineering grade */
} plm_speed;
/* "c", "fibre" (static). */
const char *plm_speed_name(plm_speed s);
/* Reads the same words. */
bool plm_speed_parse(plm_str s, plm_speed *out);

/* How far the chip can be at most: ceil(speed * rtt / 2), cut at PLM_LOCATE_METRES_MAX. */
int32_t plm_locate_bound_m(uint64_t rtt_ns, plm_speed s);
/* The longest RTT whose bound is still less than distance_m; 0 when there is none. */
uint64_t plm_locate_rtt_ns_max(int32_t distance_m, plm_speed s);
/* Decimal milliseconds to ns, rounded up.  Faults: BAD_INPUT for no number, OUT_OF_RANGE unless
 * above zero and at most PLM_LOCATE_RTT_NS_MAX. */
bool plm_locate_rtt_parse(plm_str ms, uint64_t *rtt_ns, plm_fault *f);
/* Decimal degrees, -90..90 (lat) or -180..180, rounded to the nearest 10^-7. */
bool plm_locate_degrees_parse(plm_str s, bool lat, int32_t *e7, plm_fault *f);

/* A landmark; operator empty: it is its own operator. */
typedef struct plm_landmark {
    plm_str id, operator_name;
    int32_t lat_e7, lon_e7;
} plm_landmark;

/* Landmarks of a CSV file, in its order, ids distinct.  Free with plm_landmarks_free. */
typedef struct plm_landmarks {
    plm_landmark *at;
    size_t n;
    plm_arena *arena; /* holds the texts */
} plm_landmarks;
/* id,lat,lon[,operator] with that header line.  Faults name path and line. */
bool plm_landmarks_read(const char *path, plm_landmarks *out, plm_fault *f);
/* The same of text in memory; path is for faults. */
bool plm_landmarks_parse(plm_str text, const char *path, plm_landmarks *out, plm_fault *f);
void plm_landmarks_free(plm_landmarks *l);

/* Least RTT of each landmark to each target, of a CSV landmark,target,rtt_ms. */
typedef struct plm_rtt {
    uint32_t target, landmark; /* row in target[] and in the landmarks */
    uint64_t rtt_ns;           /* least of all rows of the pair */
} plm_rtt;
typedef struct plm_rtts {
    plm_str *target; /* in the order of their first row */
    size_t n_targets;
    plm_rtt *at; /* by target, then landmark */
    size_t n;
    plm_arena *arena;
} plm_rtts;
bool plm_rtts_read(const char *path, const plm_landmarks *l, plm_rtts *out, plm_fault *f);
bool plm_rtts_parse(plm_str text, const char *path, const plm_landmarks *l, plm_rtts *out,
                    plm_fault *f);
void plm_rtts_free(plm_rtts *r);

/* Audit of the landmarks themselves, at c (the rule: docs/locate.md). */
typedef struct plm_audit_refuted {
    uint32_t landmark;
    uint32_t first, n; /* its partners: plm_audit.partner[first .. first + n) */
    int32_t short_m;   /* its worst pair: by how much the bound falls short */
} plm_audit_refuted;
typedef struct plm_audit {
    plm_audit_refuted *refuted;
    size_t n_refuted;
    uint32_t *partner;
    uint32_t (*undecided)[2];
    size_t n_undecided;
    plm_arena *arena;
} plm_audit;
bool plm_audit_run(const plm_landmarks *l, const plm_rtts *r, plm_audit *out, plm_fault *f);
void plm_audit_free(plm_audit *a);

#endif
