/* locate.h: where a chip can't be, from round-trip times to landmarks of known position.
 * Only upper bounds prove: distance <= speed * RTT / 2, so an added delay can lose a proof and
 * never gain one.  All numbers are integers: nanoseconds, metres, degrees * 10^7.  A bound is
 * rounded up, a distance down.  Distances are geodesics of WGS-84 (see docs/locate.md for the
 * margins).  Nothing here keeps state between calls; a plm_locate may be shared by threads. */
#ifndef PLIMSOLL_LOCATE_H
#define PLIMSOLL_LOCATE_H

#include "plimsoll/landmark.h"

#define PLM_LOCATE_DILATION_M 10000      /* a region is taken this much wider, all round */
#define PLM_LOCATE_DENY_MAX 300          /* denied regions of one decision */
#define PLM_LOCATE_QUORUM_MAX 8

/* Regions: sets of polygons by code. */
typedef struct plm_regions plm_regions;
/* Those that the program ships (Natural Earth; docs/locate.md). */
plm_regions *plm_regions_shipped(plm_fault *f);
/* Of them only what deny (codes with commas) asks for: quicker to load; the hash is the same. */
plm_regions *plm_regions_shipped_for(plm_str deny, plm_fault *f);
/* Of a GeoJSON FeatureCollection (RFC 7946): Polygon, MultiPolygon, Point, MultiPoint.  Faults
 * name path and line. */
plm_regions *plm_regions_read(const char *path, plm_fault *f);
plm_regions *plm_regions_parse(plm_str text, const char *path, plm_fault *f);
void plm_regions_free(plm_regions *r);
size_t plm_regions_count(const plm_regions *r);
plm_str plm_regions_code(const plm_regions *r, size_t i);
/* Row of a code, or plm_regions_count. */
size_t plm_regions_find(const plm_regions *r, plm_str code);
/* SHA-256 over codes, rings and coordinates. */
void plm_regions_hash(const plm_regions *r, unsigned char out[32]);
/* Least distance from a place to region i without dilation, rounded down (never above the true
 * one); 0 inside. */
int32_t plm_regions_distance_m(const plm_regions *r, size_t i, int32_t lat_e7, int32_t lon_e7);
/* What the map's own error asks for (PLM_LOCATE_DILATION_M; a coarser source may need more). */
int32_t plm_regions_dilation_m(const plm_regions *r, size_t i);
/* Geodesic between two places: never above / never below the true one (metres). */
int32_t plm_geo_distance_low_m(int32_t lat1_e7, int32_t lon1_e7, int32_t lat2_e7, int32_t lon2_e7);
int32_t plm_geo_distance_high_m(int32_t lat1_e7, int32_t lon1_e7, int32_t lat2_e7,
                                int32_t lon2_e7);

#define PLM_POLICY_SEPARATE 1u   /* HK and MO are not CN */
#define PLM_POLICY_UNDISPUTED 2u /* leave out the reefs and islands in dispute that CN holds */
/* Reads "separate", "undisputed", or both with a comma. */
bool plm_policy_parse(plm_str s, unsigned *out);

/* Landmarks, denied regions and their tables, ready to decide. */
typedef struct plm_locate plm_locate;
typedef struct plm_locate_setup {
    const plm_landmark *landmarks; /* copied */
    size_t n_landmarks;
    const plm_regions *regions; /* borrowed: must outlive the plm_locate */
    plm_str deny;               /* codes with commas */
    unsigned policy;            /* PLM_POLICY_… */
    plm_speed speed;            /* 0: c */
    unsigned quorum;            /* 0: 2 */
} plm_locate_setup;
/* Faults: NOT_FOUND a code that the regions lack, OUT_OF_RANGE past a limit, BAD_INPUT. */
plm_locate *plm_locate_new(const plm_locate_setup *s, plm_fault *f);
void plm_locate_free(plm_locate *l);
size_t plm_locate_landmarks(const plm_locate *l);
size_t plm_locate_regions(const plm_locate *l);
plm_str plm_locate_region_code(const plm_locate *l, size_t region);
/* Landmark to denied region, dilated: never above the true one. */
int32_t plm_locate_distance_m(const plm_locate *l, size_t landmark, size_t region);
/* Hashes of the landmarks, and of the distances with regions, speed, policy and dilation. */
void plm_locate_hashes(const plm_locate *l, unsigned char landmarks[32],
                       unsigned char distances[32]);

typedef enum plm_place {
    PLM_PLACE_EXCLUDED = 0,
    PLM_PLACE_POSSIBLE = 1,
    PLM_PLACE_INCONSISTENT = 2
} plm_place;
/* "excluded", "possible", "inconsistent" (static). */
const char *plm_place_name(plm_place p);

#define PLM_LOCATE_ROW 304 /* PLM_LOCATE_DENY_MAX and room for whole vectors */
/* By region r: place[r], and its n_by[r] = min(quorum, operators measured) best landmarks by[k][r]
 * of distinct operators with their margins margin_m[k][r], best first. */
typedef struct plm_locate_verdict {
    uint32_t landmarks; /* measured */
    uint32_t n_witness; /* inconsistent: landmarks that show it (2 where a pair does, or 0) */
    uint32_t witness[2];
    bool consistent;
    plm_place denied; /* of all denied regions together */
    uint32_t n_regions;
    plm_place place[PLM_LOCATE_ROW];
    uint32_t n_by[PLM_LOCATE_ROW];
    int32_t margin_m[PLM_LOCATE_QUORUM_MAX][PLM_LOCATE_ROW];
    uint32_t by[PLM_LOCATE_QUORUM_MAX][PLM_LOCATE_ROW];
} plm_locate_verdict;

/* Decides a chip.  rtt_ns has a value for each landmark, 0 where it was not measured.  Never
 * fails: no measurement gives possible.  Inconsistent only when it is proved that no place
 * satisfies all bounds.  Allocates nothing; safe from several threads. */
void plm_locate_decide(const plm_locate *l, const uint64_t *rtt_ns, plm_locate_verdict *out);

/* Appends the contract's result object (one line, no newline).  more: members to add before the
 * closing brace, as JSON text without braces ("\"a\": 1, \"b\": 2"), or empty.  False when out
 * is full. */
bool plm_locate_put_verdict(const plm_locate *l, plm_str target, const uint64_t *rtt_ns,
                            const plm_locate_verdict *v, plm_str more, plm_buf *out);

/* Appends a picture (SVG, readable in grey): landmarks, their disks, regions excluded and not. */
bool plm_locate_put_svg(const plm_locate *l, plm_str target, const uint64_t *rtt_ns,
                        const plm_locate_verdict *v, plm_buf *out);

/* A certificate: the arithmetic of one exclusion, PLM_CERT_BYTES(quorum) bytes. */
#define PLM_CERT_BYTES(quorum) (56u + 24u * (quorum))
#define PLM_CERT_BYTES_MAX PLM_CERT_BYTES(PLM_LOCATE_QUORUM_MAX)
/* Writes the certificate of an excluded region; 0 when it is not excluded, else its length. */
size_t plm_cert_make(const plm_locate *l, plm_str target, const uint64_t *rtt_ns,
                     const plm_locate_verdict *v, size_t region,
                     unsigned char out[PLM_CERT_BYTES_MAX]);
/* Writes those of all excluded regions, one after the other in the order of regions; returns how
 * many.  out has room for n_regions of PLM_CERT_BYTES(quorum). */
size_t plm_cert_make_all(const plm_locate *l, plm_str target, const uint64_t *rtt_ns,
                         const plm_locate_verdict *v, unsigned char *out);
/* Does it hold?  False with f: REFUSED (it says what does not hold).  text (may be NULL) gets
 * one line that says what it proves. */
bool plm_cert_verify(plm_str cert, plm_buf *text, plm_fault *f);

/* What would prove it: landmark rows by greedy cover, with the RTT that suffices. */
typedef struct plm_plan_step {
    uint32_t region;
    uint32_t landmark; /* UINT32_MAX: none of the list can; a new one at the chip's place could */
    int32_t distance_m;
    uint64_t rtt_ns_max;
} plm_plan_step;
/* Steps (quorum a region at most) into out, at most cap; returns how many there are.
 * complete is set when every region reaches its quorum. */
size_t plm_plan_make(const plm_locate *l, int32_t lat_e7, int32_t lon_e7, plm_plan_step *out,
                     size_t cap, bool *complete);

#endif
