/* region.h: regions as rings of vertices with a tree of caps over their edges.  Private to this
 * room.  A polygon's edges are straight in degrees (RFC 7946, 3.1.1). */
#ifndef PLM_LOCATE_REGION_H
#define PLM_LOCATE_REGION_H

#include "locate/geo.h"

/* Degrees times 10^7; lon goes on past +-180 where a ring crosses the antimeridian. */
typedef struct plm_vertex {
    plm_geo u;
    double lat, lon;
} plm_vertex;

typedef struct plm_ring {
    uint32_t first, n; /* vertices; the last repeats the first */
    double lat_min, lat_max, lon_min, lon_max;
    int8_t turns; /* +1, -1: goes round a pole eastward, westward */
    bool outer;   /* opens a polygon; its holes follow */
} plm_ring;

typedef struct plm_node {
    plm_geo centre;
    double radius_m; /* no point of its edges lies farther from centre */
    uint32_t first, n; /* edges (by their first vertex) of a leaf, else nodes */
} plm_node;

typedef struct plm_region {
    plm_str code;
    uint32_t ring0, n_rings, node0, n_leaves, n_nodes;
    uint32_t top0, n_top; /* the nodes to start from */
    int32_t dilation_m;
} plm_region;

struct plm_regions {
    plm_region *region;
    size_t n;
    plm_ring *ring;
    plm_vertex *vertex;
    plm_node *node;
    size_t n_rings, n_vertices, n_nodes, cap_nodes;
    unsigned char hash[32];
    plm_arena *arena;
};

/* Grows the three arrays while a source is read; a feature is a code and rings. */
typedef struct plm_region_maker {
    plm_regions *out;
    size_t cap_rings, cap_vertices, cap_regions, cap_feature;
    struct plm_feature {
        plm_str code;
        uint32_t ring0, n_rings, row;
        int32_t dilation_m;
    } *feature;
    size_t n_features, cap_raw;
    double *raw; /* longitudes of the ring being read, as given */
} plm_region_maker;

bool plm_maker_start(plm_region_maker *m, plm_fault *f);
bool plm_maker_feature(plm_region_maker *m, plm_str code, int32_t dilation_m, plm_fault *f);
bool plm_maker_ring(plm_region_maker *m, bool outer, plm_fault *f);
bool plm_maker_vertex(plm_region_maker *m, double lat_e7, double lon_e7, plm_fault *f);
/* Closes the ring (adds its first vertex if need be) and checks it. */
bool plm_maker_ring_end(plm_region_maker *m, plm_fault *f);
/* Sorts the features by code, builds the trees; NULL (all freed) on a fault. */
plm_regions *plm_maker_finish(plm_region_maker *m, plm_fault *f);
void plm_maker_drop(plm_region_maker *m);

/* As plm_regions_distance_m, of a place as a vector too; below stops the search: nothing under
 * it is looked for. */
double plm_region_low_m(const plm_regions *r, size_t i, const plm_geo *u, double lat_e7,
                        double lon_e7);

#endif
