/* engine.h: what a plm_locate holds.  Private to this room. */
#ifndef PLM_LOCATE_ENGINE_H
#define PLM_LOCATE_ENGINE_H

#include "locate/region.h"

#define PLM_LANES 8u           /* rows are padded to whole vectors of 32-bit integers */
#define PLM_PAIRS_MAX 512u     /* landmarks up to which pair distances are kept as a table */
#define PLM_BLOCK 64u          /* landmarks whose number fits in the low bits of a key */
#define PLM_KEY_CUT_M 33000000 /* a bound past it is left to the slow pass, or keys overflow */
#define PLM_KEY_NONE_M 33554431 /* greatest that a key can hold: stands for no bound */
#define PLM_KEY_ODD_M (PLM_EARTH_M - PLM_KEY_NONE_M) /* a margin below it may be of no bound */
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

typedef struct plm_kernel plm_kernel;

struct plm_locate {
    plm_arena *arena;
    const plm_regions *source;
    plm_landmark *landmark;
    plm_geo *at;
    uint32_t *operator_no;
    uint32_t *order; /* landmarks by operator */
    bool distinct;   /* each has an operator of its own */
    bool few;        /* quorum <= n <= PLM_BLOCK: the kernel below serves */
    const plm_kernel *kernel;
    size_t n, n_pad;
    plm_deny *deny;
    size_t n_deny, r_pad;
    int32_t *distance_m; /* [n][r_pad], dilated */
    int32_t *key;        /* [n][r_pad] in the order above: distance * PLM_BLOCK */
    int32_t *low, *high; /* [n][n_pad] between landmarks, or NULL; by slot where few */
    int32_t *lead;       /* [n][n_pad] by slot, where few: by how much the key of k exceeds that
                          * of i at most, over all regions */
    int32_t *slot_op;    /* [n_pad] by slot, where few: its operator's number */
    plm_speed speed;
    unsigned quorum, policy;
    unsigned char landmark_hash[32], distance_hash[32];
    struct plm_cert_head *cert_head; /* by region */
    uint64_t *cert_name;             /* by landmark, 2 + quorum words each */
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

/* The bounds of a chip, where l->few; a slot is a landmark's place in order. */
typedef struct plm_bounds {
    int32_t off[PLM_BLOCK];    /* bound, at most PLM_KEY_NONE_M (which stands for "not measured"
                                * too), * PLM_BLOCK - its slot */
    int32_t disk_m[PLM_BLOCK]; /* the same bound, and the room of plm_disk_m */
    uint32_t measured, least, next; /* how many; the two of the least bound (ties: first) */
} plm_bounds;

/* One landmark's disk against all others, bit i for slot i. */
typedef struct plm_row {
    uint64_t apart;   /* has no point in common with it */
    uint64_t outside; /* does not hold its centre */
    uint64_t part;    /* does not hold all of it */
} plm_row;

/* Disks as caps of the sphere, for a quick search: a point lies in cap i if the square of its chord
 * to (x, y, z)[i] is at most room[i]; that is certain, for a geodesic is at most a times the arc.
 * Cap 0 is the smallest. */
#define PLM_CAPS_MAX 256u
typedef struct plm_caps {
    size_t n;
    double x[PLM_CAPS_MAX], y[PLM_CAPS_MAX], z[PLM_CAPS_MAX], room[PLM_CAPS_MAX];
    int32_t bound_m[PLM_CAPS_MAX];
} plm_caps;

/* The inner loops, most of them where l->few, in a form for every machine and one for AVX2; both
 * give the same. */
struct plm_kernel {
    void (*bounds)(const uint64_t *rtt_ns, uint32_t n, plm_speed s, plm_bounds *b);
    /* Slots that may be among the quorum best of some region; the others are not. */
    uint64_t (*leaders)(const plm_locate *l, const plm_bounds *b);
    /* Fills margin_m and by (with slots) from those; is a margin so short that keys can't tell
     * it? */
    bool (*best)(const plm_locate *l, const plm_bounds *b, uint64_t leaders,
                 plm_locate_verdict *v);
    plm_row (*row)(const plm_locate *l, const int32_t *disk_m, uint32_t who);
    /* Are row's apart and outside both empty?  (Most often.) */
    bool (*around)(const plm_locate *l, const int32_t *disk_m, uint32_t who);
    /* Fills room from bound_m. */
    void (*rooms)(plm_caps *w);
    /* The cap that p misses most, *chord2 the square of its chord; n when it lies in all. */
    size_t (*missed)(const plm_caps *w, const plm_geo *p, double *chord2);
    /* Fills place, n_by and denied. */
    void (*places)(const plm_locate *l, plm_locate_verdict *v);
    /* Which of the PLM_BLOCK regions from r on are excluded. */
    uint64_t (*excluded)(const plm_locate_verdict *v, size_t r);
};
#define PLM_CAP_HALF ((1 - 1e-8) / (2 * PLM_GEO_A)) /* half the angle of a metre, or less */
#define PLM_CAP_END 1.5707963267948966 /* half an angle from which on a cap is the whole sphere */
extern const double plm_cap_series[5]; /* quotients of the sine's series, from its end */
extern const plm_kernel plm_kernel_plain;
/* The least bound of another operator than the least's (b->least where there is none). */
uint32_t plm_kernel_other(const plm_locate *l, const plm_bounds *b);
const plm_kernel *plm_kernel_of_machine(void);

/* Finds out whether disks have a common point: false only when it is proved that they have none.
 * disk[0] has the least bound. */
bool plm_disks_meet(const plm_disk *disk, size_t n);
/* The whole test for a chip; disk_m: plm_disk_m of each landmark where l has pair tables, or
 * NULL; least: its landmark of least RTT.  Fills v's witness. */
bool plm_consistent(const plm_locate *l, const uint64_t *rtt_ns, const int32_t *disk_m,
                    uint32_t least, plm_locate_verdict *v);
/* The same where l->few. */
bool plm_consistent_few(const plm_locate *l, const plm_bounds *b, plm_locate_verdict *v);

bool plm_cert_prepare(plm_locate *l, plm_fault *f);

#endif
