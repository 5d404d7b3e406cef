/* svg.c: one target as a picture: an equirectangular map, denied regions (excluded hatched,
 * possible dark, inconsistent dotted), landmarks, and the disks that say most.  It is read without
 * colour: every difference is one of pattern, weight or shape.
 * Invariant: text from the input is escaped.  Held by tests/cases/test_locate. */
#include "locate/engine.h"

#include <math.h>
#include <stdlib.h>

#define WIDTH 1200
#define MAP_HEIGHT 600
#define HEIGHT 700
#define PX_E7 (WIDTH / 3600000000.0)
#define THIN_PX 0.7  /* vertices nearer than this to the last one are left out */
#define DISKS_SHOWN 16
#define ARC_POINTS 120
#define QUARTER_M 8000000 /* larger circles are drawn faintly: they say little */
#define RAD (3.14159265358979 / 180)

static double x_of(double lon_e7) { return (lon_e7 + 1800000000.0) * PX_E7; }
static double y_of(double lat_e7) { return (900000000.0 - lat_e7) * PX_E7; }

static void put_escaped(plm_buf *b, plm_str s) {
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        if (c == '<') plm_buf_puts(b, "&lt;");
        else if (c == '>') plm_buf_puts(b, "&gt;");
        else if (c == '&') plm_buf_puts(b, "&amp;");
        else if (c == '"') plm_buf_puts(b, "&quot;");
        else if (c < 32 || c == 127) plm_buf_putc(b, '?');
        else plm_buf_putc(b, (char)c);
    }
}

/* A ring past the antimeridian is drawn a second time, a turn to the west. */
static void put_ring(plm_buf *b, const plm_regions *r, const plm_ring *g, double shift) {
    double x0 = -1e9, y0 = -1e9;
    bool first = true;
    for (uint32_t i = g->first; i < g->first + g->n; i++) {
        double x = x_of(r->vertex[i].lon - shift), y = y_of(r->vertex[i].lat);
        if (!first && fabs(x - x0) < THIN_PX && fabs(y - y0) < THIN_PX) continue;
        plm_buf_printf(b, "%s%.1f %.1f", first ? "M" : "L", x, y);
        first = false;
        x0 = x, y0 = y;
    }
    plm_buf_puts(b, "Z");
}

static void put_rings(plm_buf *b, const plm_regions *r, const plm_region *g, bool small) {
    for (uint32_t k = g->ring0; k < g->ring0 + g->n_rings; k++) {
        const plm_ring *ring = &r->ring[k];
        double size = fmax(ring->lon_max - ring->lon_min, ring->lat_max - ring->lat_min) * PX_E7;
        if (size < THIN_PX && !small) continue;
        put_ring(b, r, ring, 0);
        if (ring->lon_max > 1800000000.0) put_ring(b, r, ring, 3600000000.0);
        if (ring->lon_min < -1800000000.0) put_ring(b, r, ring, -3600000000.0);
    }
}

static bool is_denied(const plm_locate *l, uint32_t row) {
    for (size_t r = 0; r < l->n_deny; r++)
        for (uint32_t k = 0; k < l->deny[r].n_rows; k++)
            if (l->deny[r].row[k] == row) return true;
    return false;
}

static void put_land(plm_buf *b, const plm_locate *l) {
    plm_buf_puts(b, "<path class=\"land\" d=\"");
    for (uint32_t i = 0; i < l->source->n; i++)
        if (!is_denied(l, i)) put_rings(b, l->source, &l->source->region[i], false);
    plm_buf_puts(b, "\"/>\n");
}

/* Middle of the widest ring, for the label. */
static void label_place(const plm_locate *l, const plm_deny *d, double *x, double *y) {
    double widest = -1;
    for (uint32_t k = 0; k < d->n_rows; k++) {
        const plm_region *g = &l->source->region[d->row[k]];
        for (uint32_t i = g->ring0; i < g->ring0 + g->n_rings; i++) {
            const plm_ring *ring = &l->source->ring[i];
            double w = ring->lon_max - ring->lon_min;
            if (w <= widest) continue;
            widest = w;
            double mid = remainder((ring->lon_min + ring->lon_max) / 2, 3600000000.0);
            *x = fmin(WIDTH - 110, fmax(110, x_of(mid)));
            *y = y_of((ring->lat_min + ring->lat_max) / 2);
        }
    }
}

static void put_regions(plm_buf *b, const plm_locate *l, const plm_locate_verdict *v) {
    for (size_t r = 0; r < l->n_deny; r++) {
        plm_buf_printf(b, "<path class=\"%s\" d=\"", plm_place_name(v->place[r]));
        for (uint32_t k = 0; k < l->deny[r].n_rows; k++)
            put_rings(b, l->source, &l->source->region[l->deny[r].row[k]], true);
        plm_buf_puts(b, "\"/>\n");
    }
}

/* Labels are moved down until none lies on another. */
static void put_labels(plm_buf *b, const plm_locate *l, const plm_locate_verdict *v) {
    static const double step = 13;
    double xs[PLM_LOCATE_DENY_MAX], ys[PLM_LOCATE_DENY_MAX];
    for (size_t r = 0; r < l->n_deny; r++) {
        double x = 0, y = 0;
        label_place(l, &l->deny[r], &x, &y);
        for (size_t k = 0; k < r; k++)
            if (fabs(xs[k] - x) < 170 && fabs(ys[k] - y) < step) y = ys[k] + step, k = (size_t)-1;
        xs[r] = x, ys[r] = y;
        plm_buf_printf(b, "<text class=\"label\" x=\"%.0f\" y=\"%.0f\">", x, y);
        put_escaped(b, l->deny[r].code);
        plm_buf_printf(b, " %s", plm_place_name(v->place[r]));
        if (v->n_by[r] == l->quorum && v->place[r] != PLM_PLACE_INCONSISTENT)
            plm_buf_printf(b, " %+d km", v->margin_m[l->quorum - 1][r] / 1000);
        plm_buf_puts(b, "</text>\n");
    }
}

/* The circle of a disk, on the sphere of mean radius, broken where it leaves the map's edge. */
static void put_disk(plm_buf *b, const plm_landmark *m, int32_t bound_m, const char *class) {
    double a = bound_m / 6371008.8, lat = m->lat_e7 * 1e-7 * RAD, lon = m->lon_e7 * 1e-7 * RAD;
    double before = 0;
    plm_buf_printf(b, "<path class=\"%s\" d=\"", class);
    for (int i = 0; i <= ARC_POINTS; i++) {
        double t = 2 * 3.14159265358979 * i / ARC_POINTS;
        double s = sin(lat) * cos(a) + cos(lat) * sin(a) * cos(t);
        double p = asin(fmax(-1, fmin(1, s)));
        double q = lon + atan2(sin(t) * sin(a) * cos(lat), cos(a) - sin(lat) * s);
        double x = remainder(q / RAD * 1e7, 3600000000.0);
        bool jump = i == 0 || fabs(x - before) > 1800000000.0;
        plm_buf_printf(b, "%s%.1f %.1f", jump ? "M" : "L", x_of(x), y_of(p / RAD * 1e7));
        before = x;
    }
    plm_buf_puts(b, "\"/>\n");
}

typedef struct near {
    uint32_t landmark;
    int32_t bound_m;
} near;

static int by_bound(const void *a, const void *b) {
    const near *x = a, *y = b;
    if (x->bound_m != y->bound_m) return x->bound_m < y->bound_m ? -1 : 1;
    return (x->landmark > y->landmark) - (x->landmark < y->landmark);
}

static bool is_witness(const plm_locate_verdict *v, uint32_t who) {
    return v->n_witness == 2 && (v->witness[0] == who || v->witness[1] == who);
}

static bool excludes(const plm_locate_verdict *v, uint32_t who) {
    for (uint32_t r = 0; r < v->n_regions; r++)
        for (uint32_t k = 0; k < v->n_by[r]; k++)
            if (v->by[k][r] == who && v->margin_m[k][r] > 0) return true;
    return false;
}

static void put_marks(plm_buf *b, const plm_locate *l, const plm_locate_verdict *v,
                      const near *at, size_t n) {
    for (size_t i = n; i-- > 0;) {
        bool show = is_witness(v, at[i].landmark);
        if ((i < DISKS_SHOWN || show || excludes(v, at[i].landmark)) &&
            at[i].bound_m < PLM_EARTH_M)
            put_disk(b, &l->landmark[at[i].landmark], at[i].bound_m, show ? "clash"
                          : at[i].bound_m > QUARTER_M ? "wide" : "disk");
    }
    for (size_t i = n; i-- > 0;) {
        const plm_landmark *m = &l->landmark[at[i].landmark];
        double x = x_of(m->lon_e7), y = y_of(m->lat_e7);
        bool used = excludes(v, at[i].landmark) || is_witness(v, at[i].landmark);
        plm_buf_printf(b, "<path class=\"%s\" d=\"M%.1f %.1fl4 7h-8z\"><title>",
                       used ? "used" : "mark", x, y - 4.5);
        put_escaped(b, m->id);
        plm_buf_printf(b, ": at most %d km</title></path>\n", at[i].bound_m / 1000);
    }
}

static void put_head(plm_buf *b) {
    plm_buf_printf(b,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" font-family=\"sans-serif\""
        " font-size=\"13\">\n<style>.land{fill:#f4f4f4;stroke:#b4b4b4;stroke-width:.4}"
        ".excluded{fill:url(#hatch);stroke:#444;stroke-width:.8}"
        ".possible{fill:#6a6a6a;stroke:#000;stroke-width:.8}"
        ".inconsistent{fill:url(#dots);stroke:#000;stroke-width:.8;stroke-dasharray:3 2}"
        ".disk{fill:none;stroke:#000;stroke-width:1}"
        ".wide{fill:none;stroke:#999;stroke-width:.8;stroke-dasharray:2 3}"
        ".clash{fill:none;stroke:#000;stroke-width:3;stroke-dasharray:9 3}"
        ".mark{fill:#fff;stroke:#000;stroke-width:.8}.used{fill:#000;stroke:#fff;stroke-width:.5}"
        ".label{font-size:12px;font-weight:bold;text-anchor:middle;fill:#000;stroke:#fff;"
        "stroke-width:3px;paint-order:stroke}.grid{fill:none;stroke:#ddd;stroke-width:.5}</style>\n"
        "<defs><pattern id=\"hatch\" width=\"5\" height=\"5\" patternUnits=\"userSpaceOnUse\" "
        "patternTransform=\"rotate(45)\"><rect width=\"5\" height=\"5\" fill=\"#fff\"/>"
        "<rect width=\"1.2\" height=\"5\" fill=\"#777\"/></pattern>"
        "<pattern id=\"dots\" width=\"6\" height=\"6\" patternUnits=\"userSpaceOnUse\">"
        "<rect width=\"6\" height=\"6\" fill=\"#fff\"/><circle cx=\"3\" cy=\"3\" r=\"1.5\"/>"
        "</pattern></defs>\n<rect width=\"%d\" height=\"%d\" fill=\"#fff\"/>\n<path class=\"grid\" "
        "d=\"", WIDTH, HEIGHT, WIDTH, HEIGHT);
    for (int i = 1; i < 12; i++) plm_buf_printf(b, "M%d 0V%d", i * WIDTH / 12, MAP_HEIGHT);
    for (int i = 0; i <= 6; i++) plm_buf_printf(b, "M0 %dH%d", i * MAP_HEIGHT / 6, WIDTH);
    plm_buf_puts(b, "\"/>\n");
}

static void put_legend(plm_buf *b, const plm_locate *l, plm_str target,
                       const plm_locate_verdict *v) {
    static const char *const words[] = {"excluded", "possible", "inconsistent"};
    plm_buf_puts(b, "<text x=\"12\" y=\"626\" font-size=\"16\" font-weight=\"bold\">");
    put_escaped(b, target);
    plm_buf_printf(b, ": %s</text>\n<text x=\"12\" y=\"648\">%u landmarks, speed %s, quorum %u; "
                   "%s</text>\n", plm_place_name(v->denied), v->landmarks,
                   plm_speed_name(l->speed), l->quorum,
                   v->consistent ? "the chip lies inside every circle"
                                 : "no place on Earth lies inside every circle");
    for (int i = 0; i < 3; i++)
        plm_buf_printf(b, "<rect class=\"%s\" x=\"%d\" y=\"664\" width=\"34\" height=\"18\"/>"
                       "<text x=\"%d\" y=\"678\">%s</text>\n", words[i], 12 + i * 150,
                       54 + i * 150, words[i]);
    plm_buf_puts(b, "<path class=\"used\" d=\"M475 668l4 7h-8z\"/><text x=\"488\" y=\"678\">"
                 "landmark that decides</text><path class=\"mark\" d=\"M655 668l4 7h-8z\"/>"
                 "<text x=\"668\" y=\"678\">landmark</text>"
                 "<path class=\"disk\" d=\"M750 673h36\"/><text x=\"794\" y=\"678\">"
                 "farthest the chip can be</text><path class=\"clash\" d=\"M960 673h36\"/>"
                 "<text x=\"1004\" y=\"678\">circles that don't meet</text>\n</svg>\n");
}

bool plm_locate_put_svg(const plm_locate *l, plm_str target, const uint64_t *rtt_ns,
                        const plm_locate_verdict *v, plm_buf *out) {
    near *at = plm_mem_resize(NULL, (l->n + 1) * sizeof *at);
    size_t n = 0;
    if (!at) return false;
    for (uint32_t i = 0; i < l->n; i++)
        if (rtt_ns[i]) at[n++] = (near){i, plm_bound_m(rtt_ns[i], l->speed)};
    if (n) qsort(at, n, sizeof *at, by_bound);
    put_head(out);
    put_land(out, l);
    put_regions(out, l, v);
    put_marks(out, l, v, at, n);
    put_labels(out, l, v);
    put_legend(out, l, target, v);
    plm_mem_free(at);
    return !out->full;
}
