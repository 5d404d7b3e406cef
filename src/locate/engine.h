/* engine.h: what a plm_locate holds.  Private to this room. */
#ifndef PLM_LOCATE_ENGINE_H
#define PLM_LOCATE_ENGINE_H

#include "locate/region.h"

#define PLM_LANES 8u           /* rows are padded to whole vectors of 32-bit integers */
#define PLM_PAIRS_MAX 512u     /* landmarks up to which pair distances are kept as a table */
#define PLM_BLOCK 64u          /* landmarks whose number fits in the low bits of a key */
#define PLM_KEY_CUT_M 33000000 /* a bound past it is left to the slow pass, or keys overflow */
#define PLM_KEY_NONE_M 33554431 /* greatest that a key can hold: stands for no bound */
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

#define PLM_RTT_CUT_NS 11000000000ull /* its bound is at the cut, and products can't overflow */

/* plm_locate_bound_m for the inner loops. */
static inline int32_t plm_bound_m(uint64_t rtt_ns, plm_speed s) {
    if (rtt_ns >= PLM_RTT_CUT_NS) return PLM_LOCATE_METRES_MAX;
    uint64_t p = rtt_ns * PLM_LIGHT_M_PER_S;
    uint64_t m = s == PLM_SPEED_FIBRE ? (p + 2999999999u) / 3000000000u
                                      : (p + 1999999999u) / 2000000000u;
    return m > PLM_LOCATE_METRES_MAX ? PLM_LOCATE_METRES_MAX : (int32_t)m;
}

/* Radius of a landmark's disk: its bound, and the room its own position needs. */
static inline int32_t plm_disk_m(uint64_t rtt_ns, plm_speed s) {
    int32_t b = plm_bound_m(rtt_ns, s);
    return b > PLM_LOCATE_METRES_MAX - PLM_LOCATE_POSITION_M ? b : b + PLM_LOCATE_POSITION_M;
}

/* One measured landmark of a block: row of key[], and bound * PLM_BLOCK - its slot. */
typedef struct plm_entry {
    uint32_t row;
    int32_t off;
    bool same; /* operator as the entry before */
} plm_entry;

/* best[q][r_pad]: the q greatest keys of distinct operators of the block, by region. */
void plm_kernel_best(const plm_locate *l, const plm_entry *e, uint32_t n, int32_t *best);
/* The same over all landmarks (at most PLM_BLOCK, all distinct); off[i]: bound * PLM_BLOCK - i. */
void plm_kernel_best_all(const plm_locate *l, const int32_t *off, int32_t *best);
/* Of n <= PLM_BLOCK landmarks: off[i] as above (the bound cut at PLM_KEY_NONE_M, which stands for
 * "not measured" too) and disk_m[i] (PLM_LOCATE_METRES_MAX where it says nothing); *measured: how
 * many have an RTT.  Returns the landmark of the least bound. */
uint32_t plm_kernel_bounds(const uint64_t *rtt_ns, uint32_t n, plm_speed s, int32_t *off,
                           int32_t *disk_m, uint32_t *measured);
/* Compares the row of one landmark's pair distances with bounds (PLM_LOCATE_METRES_MAX where not
 * measured): is a disk apart from the disk of bound own (first such in *who), is one not around
 * the landmark itself? */
void plm_kernel_row(const int32_t *low, const int32_t *high, const int32_t *bound, size_t n_pad,
                    int32_t own, bool *apart, bool *outside);

/* Finds out whether disks have a common point: false only when it is proved that they have none.
 * disk[0] has the least bound. */
bool plm_disks_meet(const plm_disk *disk, size_t n);
/* The whole test for a chip; disk_m: plm_disk_m of each landmark where l has pair tables, or
 * NULL; least: its landmark of least RTT.  Fills v's witness. */
bool plm_consistent(const plm_locate *l, const uint64_t *rtt_ns, const int32_t *disk_m,
                    uint32_t least, plm_locate_verdict *v);

bool plm_cert_prepare(plm_locate *l, plm_fault *f);

#endif
