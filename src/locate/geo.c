/* geo.c: geodesics of WGS-84 from both sides.
 * Lambert's formula (reduced latitudes, first order in the flattening) is compared with Karney's
 * algorithm in tests/unit/test_geo.c.  It exceeds the geodesic by at most 10 m up to an arc of
 * 90 degrees, 33 m to 120, 116 m to 150, 301 m to 165 and 1.21 km to 175, and falls short of it
 * by 15.2 m at most; the slack below is twice that and more.  Past 175 degrees only the exact
 * enclosure b * arc <= geodesic <= a * arc is used.
 * Invariant: low <= geodesic <= high.  Held by low_and_high_enclose_the_geodesic. */
#include "locate/geo.h"

#include <math.h>

#define HIGH_SLACK_M 35.0
#define FLATTENING (1 / 298.257223563)

/* Arcs are told apart by the square of their chord: 2 - 2 cos(arc). */
static const struct {
    double chord2, slack_m;
} slack[] = {{2.0, 20}, {3.0, 70}, {3.7320508, 250}, {3.9318516, 610}, {3.9923893, 2500}};

plm_geo plm_geo_at(double lat_e7, double lon_e7) {
    double lat = lat_e7 * PLM_GEO_RAD_E7, lon = lon_e7 * PLM_GEO_RAD_E7;
    /* tan(reduced) = (1 - f) tan(lat), without its pole */
    double s = (1 - FLATTENING) * sin(lat), c = cos(lat), n = 1 / sqrt(s * s + c * c);
    if (lat_e7 >= 900000000.0 || lat_e7 <= -900000000.0) c = 0;
    return (plm_geo){c * n * cos(lon), c * n * sin(lon), s * n};
}

void plm_geo_both(const plm_geo *u, const plm_geo *v, double *low, double *high) {
    double dx = u->x - v->x, dy = u->y - v->y, dz = u->z - v->z;
    double q = dx * dx + dy * dy + dz * dz;
    if (q > 4) q = 4;
    double arc = 2 * asin(sqrt(q) / 2);
    double floor_m = PLM_GEO_B * arc * (1 - 1e-9), ceil_m = PLM_GEO_A * arc * (1 + 1e-9) + 0.001;
    *low = floor_m;
    *high = ceil_m;
    if (q >= slack[4].chord2 || q <= 0) return;
    double less = slack[0].slack_m;
    for (int i = 1; i < 5 && q >= slack[i - 1].chord2; i++) less = slack[i].slack_m;
    double s = sqrt(q * (1 - q / 4)); /* sin(arc) */
    double p = v->z + u->z, m = dz;
    double line = PLM_GEO_A * (arc - FLATTENING / 4 * ((arc - s) * p * p / (2 - q / 2) +
                                                       (arc + s) * m * m / (q / 2)));
    if (line - less > floor_m) *low = line - less;
    if (line + HIGH_SLACK_M < ceil_m) *high = line + HIGH_SLACK_M;
}

double plm_geo_low(const plm_geo *u, const plm_geo *v) {
    double low, high;
    plm_geo_both(u, v, &low, &high);
    return low;
}

double plm_geo_high(const plm_geo *u, const plm_geo *v) {
    double low, high;
    plm_geo_both(u, v, &low, &high);
    return high;
}

double plm_geo_line_high(double dlat_e7, double dlon_e7, double cos_max) {
    double n = PLM_GEO_M_MAX * PLM_GEO_RAD_E7 * dlat_e7;
    double e = PLM_GEO_A * PLM_GEO_RAD_E7 * dlon_e7 * cos_max;
    return sqrt(n * n + e * e) * (1 + 1e-9) + 0.001;
}

int32_t plm_geo_distance_low_m(int32_t lat1_e7, int32_t lon1_e7, int32_t lat2_e7,
                               int32_t lon2_e7) {
    plm_geo u = plm_geo_at(lat1_e7, lon1_e7), v = plm_geo_at(lat2_e7, lon2_e7);
    return (int32_t)plm_geo_low(&u, &v);
}

int32_t plm_geo_distance_high_m(int32_t lat1_e7, int32_t lon1_e7, int32_t lat2_e7,
                                int32_t lon2_e7) {
    plm_geo u = plm_geo_at(lat1_e7, lon1_e7), v = plm_geo_at(lat2_e7, lon2_e7);
    return (int32_t)ceil(plm_geo_high(&u, &v));
}
