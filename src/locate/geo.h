/* geo.h: places on WGS-84 as unit vectors of the reduced-latitude sphere, and bounds of the
 * geodesic between them.  Private to this room. */
#ifndef PLM_LOCATE_GEO_H
#define PLM_LOCATE_GEO_H

#include "plimsoll/locate.h"

#define PLM_GEO_A 6378137.0         /* equatorial radius, m */
#define PLM_GEO_B 6356752.314245179 /* polar radius, m */
#define PLM_GEO_M_MAX 6399593.626   /* greatest radius of curvature, at the poles, m */
#define PLM_GEO_M_MIN 6335439.327   /* least, along the meridian at the equator, m */
#define PLM_GEO_RAD_E7 1.7453292519943295e-9 /* radians in 10^-7 degree */

/* z is the sine of the reduced latitude.  Distances of the sphere times B and A enclose those of
 * the ellipsoid (its metric: a^2 sin^2 b + b^2 cos^2 b along the meridian, a^2 cos^2 b across). */
typedef struct plm_geo {
    double x, y, z;
} plm_geo;

/* Degrees times 10^7; any longitude. */
plm_geo plm_geo_at(double lat_e7, double lon_e7);
/* Metres, never above / never below the geodesic. */
double plm_geo_low(const plm_geo *u, const plm_geo *v);
double plm_geo_high(const plm_geo *u, const plm_geo *v);
/* Both at the price of one. */
void plm_geo_both(const plm_geo *u, const plm_geo *v, double *low, double *high);
/* Length in metres, never below the true one, of the line that is straight in degrees from
 * (lat1, lon1) to (lat2, lon2), all times 10^7; cos_max: greatest cosine of the reduced latitude
 * on it. */
double plm_geo_line_high(double dlat_e7, double dlon_e7, double cos_max);

#endif
