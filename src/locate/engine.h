/* engine.h: what a plm_locate holds.  Private to this room. */
#ifndef PLM_LOCATE_ENGINE_H
#define PLM_LOCATE_ENGINE_H

#include "locate/region.h"

#define PLM_LANES 8u           /* rows are padded to whole vectors of 32-bit integers */
#define PLM_PAIRS_MAX 512u     /* landmarks up to which pair distances are kept as a table */
#define PLM_BLOCK 64u          /* landmarks whose number fits in the low bits of a key */
#define PLM_KEY_CUT_M 33000000 /* a bound past it is left to the slow pass, or keys overflow */
#define PLM_EARTH_M 20040000   /* no two places lie farther apart (half a meridian: 20003931) */
#define PLM_DISKS_MAX 1024u    /* disks that the search for a common point looks at */

typedef struct plm_disk {
    plm_geo u;
    int32_t bound_m;
    uint32_t landmark;
} plm_disk;

typedef struct plm_deny {
    plm_str code;
    uint32_t *row, n_rows; /* regions taken together */
    int32_t dilation_m;    /* the greatest of theirs */
} plm_deny;

struct plm_locate {
    plm_arena *arena;
    const plm_regions *source;
    plm_landmark *landmark;
    plm_geo *at;
    uint32_t *operator_no;
    uint32_t *order; /* landmarks by operator */
    bool distinct;   /* each has an operator of its own */
    size_t n, n_pad;
    plm_deny *deny;
    size_t n_deny, r_pad;
    int32_t *distance_m; /* [n][r_pad], dilated */
    int32_t *key;        /* [n][r_pad] in the order above: distance * PLM_BLOCK */
    int32_t *low, *high; /* [n][n_pad] between landmarks, or NULL */
    plm_speed speed;
    unsigned quorum, policy;
    unsigned char landmark_hash[32], distance_hash[32];
    unsigned char (*cert_head)[72]; /* by region: a certificate's first part, without target */
    uint64_t *cert_sum;             /* and its share of the check sum */
    unsigned char (*cert_name)[16]; /* by landmark */
};

/* Radius of a landmark's disk: its bound, and the room its own position needs. */
static inline int32_t plm_disk_m(uint64_t rtt_ns, plm_speed s) {
    int32_t b = plm_locate_bound_m(rtt_ns, s);
    return b > PLM_LOCATE_METRES_MAX - PLM_LOCATE_POSITION_M ? b : b + PLM_LOCATE_POSITION_M;
}

/* One measured landmark of a block: row of key[], and bound * PLM_BLOCK - its slot. */
typedef struct plm_entry {
    uint32_t row;
    int32_t off;
    bool same; /* operator as the entry before */
} plm_entry;

/* best[q][r_pad]: the q greatest keys of distinct operators of the block, by region. */
void plm_kernel_best(const plm_locate *l, const plm_entry *e, uint32_t n, bool distinct,
                     int32_t *best);
/* Compares the row of one landmark's pair distances with bounds (PLM_LOCATE_METRES_MAX where not
 * measured): is a disk apart from the disk of bound own (first such in *who), is one not around
 * the landmark itself? */
void plm_kernel_row(const int32_t *low, const int32_t *high, const int32_t *bound, size_t n_pad,
                    int32_t own, bool *apart, bool *outside);

/* Finds out whether disks have a common point: false only when it is proved that they have none.
 * disk[0] has the least bound. */
bool plm_disks_meet(const plm_disk *disk, size_t n);
/* The whole test for a chip; least: its landmark of least RTT.  Fills v's witness. */
bool plm_consistent(const plm_locate *l, const uint64_t *rtt_ns, uint32_t least,
                    plm_locate_verdict *v);

bool plm_cert_prepare(plm_locate *l, plm_fault *f);

#endif
