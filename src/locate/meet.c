/* meet.c: have disks on the Earth a common point?  "No" is a proof.
 * Two disks are apart when their centres lie farther from each other than their bounds together.
 * Beyond pairs, the smallest disk is covered by cells, boxes of reduced latitude and longitude; a
 * cell is out when some disk's centre lies farther from the cell's centre than that disk's bound
 * and the cell's radius; cells that stay are halved.  All cells out: no common point, whatever
 * the disks' sizes (no theorem on convex caps is needed, and none holds on an ellipsoid or past a
 * hemisphere).  A cell's centre inside all disks: they meet.  Past the limits below they are
 * taken to meet, which is the answer that accuses nobody.
 * Invariant: false is returned only if no point satisfies all bounds.  Held by
 * the_true_place_is_never_inconsistent. */
#include "locate/engine.h"

#include <math.h>

#define CELLS_MAX 20000
#define CELL_M_MIN 30.0
#define STACK_MAX 256
#define STEPS_MAX 3
#define CORNERS_MAX 16
#define HALF_PI 1.5707963267948966
#define PI 3.141592653589793

typedef struct cell {
    double b0, b1, l0, l1; /* radians */
    double over_m;         /* by how much its centre misses the disk it misses most */
} cell;

/* Greatest distance from the cell's centre to a point of it, or more. */
static double radius_high(const cell *c) {
    double widest = c->b0 <= 0 && c->b1 >= 0 ? 1 : cos(fmin(fabs(c->b0), fabs(c->b1)));
    double n = (c->b1 - c->b0) / 2, e = (c->l1 - c->l0) / 2 * widest;
    return PLM_GEO_A * sqrt(n * n + e * e) * (1 + 1e-9) + 0.001;
}

typedef enum seen { CELL_OUT, CELL_OPEN, CELL_MEETS } seen;

static seen look(cell *c, const plm_disk *disk, size_t n, double radius) {
    double b = (c->b0 + c->b1) / 2, l = (c->l0 + c->l1) / 2;
    plm_geo u = {cos(b) * cos(l), cos(b) * sin(l), sin(b)};
    bool meets = true;
    c->over_m = -1e9;
    for (size_t i = 0; i < n; i++) {
        double low, high;
        plm_geo_both(&u, &disk[i].u, &low, &high);
        if (low - disk[i].bound_m > radius) return CELL_OUT;
        meets &= high <= disk[i].bound_m;
        c->over_m = fmax(c->over_m, low - disk[i].bound_m);
    }
    return meets ? CELL_MEETS : CELL_OPEN;
}

/* A box around a disk: latitudes within its angle, longitudes by the tangent meridians. */
static cell box(const plm_disk *d) {
    double angle = fmin(d->bound_m / PLM_GEO_B * (1 + 1e-9) + 1e-9, PI);
    double b = asin(fmax(-1, fmin(1, d->u.z))), l = atan2(d->u.y, d->u.x);
    cell c = {fmax(b - angle, -HALF_PI), fmin(b + angle, HALF_PI), l - PI, l + PI, 0};
    if (b - angle > -HALF_PI && b + angle < HALF_PI) {
        double w = asin(fmin(1, sin(angle) / cos(b))) + 1e-9;
        c.l0 = l - w;
        c.l1 = l + w;
    }
    return c;
}

static void halve(const cell *c, cell out[2]) {
    double widest = cos(fmin(fabs(c->b0), fabs(c->b1)));
    if (c->b0 <= 0 && c->b1 >= 0) widest = 1;
    out[0] = out[1] = *c;
    if (c->b1 - c->b0 > (c->l1 - c->l0) * widest)
        out[0].b1 = out[1].b0 = (c->b0 + c->b1) / 2;
    else out[0].l1 = out[1].l0 = (c->l0 + c->l1) / 2;
}

static plm_geo centre(const plm_caps *w, size_t i) {
    return (plm_geo){w->x[i], w->y[i], w->z[i]};
}

static double dot(const plm_geo *a, const plm_geo *b) {
    return a->x * b->x + a->y * b->y + a->z * b->z;
}

static bool normal(plm_geo *p) {
    double len = sqrt(dot(p, p));
    if (!(len > 0.1)) return false;
    p->x /= len, p->y /= len, p->z /= len;
    return true;
}

/* From the smallest cap's centre, steps into the cap that is missed most, nearly twice as far as to
 * its edge. */
static bool step_inside(const plm_kernel *kernel, const plm_caps *w) {
    plm_geo p = centre(w, 0);
    for (int step = 0; step < STEPS_MAX; step++) {
        double far = 0;
        size_t at = kernel->missed(w, &p, &far);
        if (at == w->n) return true;
        double t = 1.9 * (1 - sqrt(w->room[at] / far));
        p.x += t * (w->x[at] - p.x);
        p.y += t * (w->y[at] - p.y);
        p.z += t * (w->z[at] - p.z);
        if (!normal(&p)) return false;
    }
    return false;
}

/* A hair inside the edge, so that rounding does not miss it: cosine of the cap's angle. */
static double edge(const plm_caps *w, size_t i) { return 1 - w->room[i] / 2 + 1e-11; }

/* The point of cap j's edge that is nearest to the smallest cap's centre. */
static bool edge_point(const plm_caps *w, size_t j, plm_geo *p) {
    plm_geo a = centre(w, 0), c = centre(w, j);
    double g = dot(&a, &c), t = edge(w, j), s = (1 - t * t) / (1 - g * g);
    if (!(s > 0) || !(s < 1e12)) return false;
    double x = sqrt(s), y = t - x * g;
    *p = (plm_geo){x * a.x + y * c.x, x * a.y + y * c.y, x * a.z + y * c.z};
    return normal(p);
}

/* Of the points where the edges of j and k cross, the one nearer to the smallest cap's centre. */
static bool crossing(const plm_caps *w, size_t j, size_t k, plm_geo *p) {
    plm_geo a = centre(w, j), b = centre(w, k), o = centre(w, 0);
    double g = dot(&a, &b), t = edge(w, j), u = edge(w, k), d = 1 - g * g;
    double x = (t - g * u) / d, y = (u - g * t) / d, s = (1 - x * t - y * u) / d;
    if (!(d > 1e-12) || !(s >= 0)) return false;
    plm_geo n = {a.y * b.z - a.z * b.y, a.z * b.x - a.x * b.z, a.x * b.y - a.y * b.x};
    double z = dot(&n, &o) < 0 ? -sqrt(s) : sqrt(s);
    *p = (plm_geo){x * a.x + y * b.x + z * n.x, x * a.y + y * b.y + z * n.y,
                   x * a.z + y * b.z + z * n.z};
    return normal(p);
}

static bool holds(const plm_caps *w, size_t i, const plm_geo *p) {
    plm_geo u = centre(w, i);
    return dot(p, &u) >= edge(w, i) - 1e-12;
}

/* Which caps hold back the point of corner_inside. */
typedef struct basis {
    size_t cap[2];
    unsigned n;
} basis;

/* The next point and its basis, among the three that the cap m, which p misses, can make. */
static bool turn_to(const plm_caps *w, size_t m, basis *b, plm_geo *p) {
    plm_geo o = centre(w, 0), q, at = *p;
    basis next = {{m, 0}, 0};
    double best = -2;
    for (unsigned c = 0; c <= b->n; c++) {
        if (!(c ? crossing(w, b->cap[c - 1], m, &q) : edge_point(w, m, &q))) continue;
        bool in = true;
        for (unsigned i = 0; i < b->n; i++) in &= i + 1 == c || holds(w, b->cap[i], &q);
        double near = dot(&q, &o);
        if (!in || near <= best) continue;
        best = near, at = q;
        next = (basis){{m, c ? b->cap[c - 1] : 0}, c ? 2 : 1};
    }
    *p = at;
    *b = next;
    return next.n > 0;
}

/* Follows the common region's point nearest to the smallest cap's centre, cap by cap: it lies where
 * one edge or two hold it back (as in the dual simplex method). */
static bool corner_inside(const plm_kernel *kernel, const plm_caps *w) {
    plm_geo p = centre(w, 0);
    basis b = {{0, 0}, 0};
    for (int turn = 0; turn < CORNERS_MAX; turn++) {
        double far = 0;
        size_t m = kernel->missed(w, &p, &far);
        if (m == w->n) return true;
        if (!turn_to(w, m, &b, &p)) return false;
    }
    return false;
}

/* Looks for a common point quickly.  True is certain, false says nothing. */
static bool quickly(const plm_kernel *kernel, plm_caps *w) {
    kernel->rooms(w);
    return step_inside(kernel, w) || corner_inside(kernel, w);
}

static void add_cap(plm_caps *w, const plm_geo *u, int32_t bound_m) {
    size_t n = w->n++;
    w->x[n] = u->x, w->y[n] = u->y, w->z[n] = u->z;
    w->bound_m[n] = bound_m;
}

static bool disks_quickly(const plm_disk *disk, size_t n) {
    plm_caps w;
    w.n = 0;
    if (n > PLM_CAPS_MAX) return false;
    for (size_t i = 0; i < n; i++) add_cap(&w, &disk[i].u, disk[i].bound_m);
    return quickly(plm_kernel_of_machine(), &w);
}

static bool search(const plm_disk *disk, size_t n) {
    cell stack[STACK_MAX];
    size_t top = 0;
    stack[top] = box(&disk[0]);
    seen first = look(&stack[0], disk, n, radius_high(&stack[0]));
    if (first != CELL_OPEN) return first == CELL_MEETS;
    top = 1;
    for (int cells = 0; top > 0; cells += 2) {
        cell half[2], at = stack[--top];
        if (cells > CELLS_MAX || top + 2 > STACK_MAX) return true;
        halve(&at, half);
        size_t open = 0;
        for (int i = 0; i < 2; i++) {
            double r = radius_high(&half[i]);
            seen s = look(&half[i], disk, n, r);
            if (s == CELL_MEETS || (s == CELL_OPEN && r < CELL_M_MIN)) return true;
            if (s == CELL_OPEN) stack[top + open++] = half[i];
        }
        if (open == 2 && stack[top].over_m < stack[top + 1].over_m) {
            cell swap = stack[top];
            stack[top] = stack[top + 1];
            stack[top + 1] = swap;
        }
        top += open;
    }
    return false;
}

bool plm_disks_meet(const plm_disk *disk, size_t n) {
    return n == 0 || disks_quickly(disk, n) || search(disk, n);
}

/* Puts a disk among the smallest PLM_DISKS_MAX; leaving one out only makes the disks meet. */
static void keep(plm_disk *disk, size_t *n, plm_disk d) {
    if (*n < PLM_DISKS_MAX) {
        disk[(*n)++] = d;
        return;
    }
    size_t worst = 1;
    for (size_t i = 2; i < *n; i++)
        if (disk[i].bound_m > disk[worst].bound_m) worst = i;
    if (d.bound_m < disk[worst].bound_m) disk[worst] = d;
}

static void show(plm_locate_verdict *v, uint32_t a, uint32_t b) {
    v->n_witness = 2;
    v->witness[0] = a;
    v->witness[1] = b;
}

static int32_t apart_low(const plm_locate *l, const plm_disk *a, const plm_disk *b) {
    if (l->low) return l->low[a->landmark * l->n_pad + b->landmark];
    return (int32_t)plm_geo_low(&a->u, &b->u);
}

/* The disks that don't hold the whole smallest one; false when one is apart from it. */
static bool gather(const plm_locate *l, const uint64_t *rtt_ns, const int32_t *disk_m,
                   uint32_t least, plm_disk *disk, size_t *n, plm_locate_verdict *v) {
    int32_t own = plm_disk_m(rtt_ns[least], l->speed);
    disk[0] = (plm_disk){l->at[least], own, least};
    *n = 1;
    for (uint32_t i = 0; i < l->n; i++) {
        if (i == least || !rtt_ns[i]) continue;
        double low, high;
        int32_t bound = disk_m ? disk_m[i] : plm_disk_m(rtt_ns[i], l->speed);
        if (l->low) {
            low = l->low[least * l->n_pad + i];
            high = l->high[least * l->n_pad + i];
        } else {
            if (bound - own > PLM_EARTH_M) continue;
            plm_geo_both(&l->at[least], &l->at[i], &low, &high);
        }
        if (low > (double)bound + own) {
            show(v, least, i);
            return false;
        }
        if (high + own > bound) keep(disk, n, (plm_disk){l->at[i], bound, i});
    }
    return true;
}

bool plm_consistent(const plm_locate *l, const uint64_t *rtt_ns, const int32_t *disk_m,
                    uint32_t least, plm_locate_verdict *v) {
    plm_disk disk[PLM_DISKS_MAX];
    size_t n;
    if (!gather(l, rtt_ns, disk_m, least, disk, &n, v)) return false;
    if (disks_quickly(disk, n)) return true;
    for (size_t i = 1; i < n; i++)
        for (size_t k = i + 1; k < n; k++)
            if (apart_low(l, &disk[i], &disk[k]) > disk[i].bound_m + disk[k].bound_m) {
                show(v, disk[i].landmark, disk[k].landmark);
                return false;
            }
    return search(disk, n);
}

/* Of the slots of a mask, the first landmark. */
static uint32_t first_of(const plm_locate *l, uint64_t mask) {
    uint32_t first = UINT32_MAX;
    if (l->distinct) return (uint32_t)__builtin_ctzll(mask);
    for (; mask; mask &= mask - 1) {
        uint32_t who = l->order[__builtin_ctzll(mask)];
        if (who < first) first = who;
    }
    return first;
}

/* The first two of the disks (in the order of landmarks) that lie apart. */
static bool find_pair(const plm_locate *l, const plm_bounds *b, uint64_t part,
                      plm_locate_verdict *v) {
    uint32_t least = UINT32_MAX;
    for (uint64_t left = part; left; left &= left - 1) {
        uint32_t slot = (uint32_t)__builtin_ctzll(left), i = l->order[slot];
        uint64_t apart = l->kernel->row(l, b->disk_m, slot).apart & part;
        if (l->distinct) apart &= left;
        if (!apart || i > least) continue;
        uint32_t k = first_of(l, apart);
        if (k < i) continue; /* it is found from the other side */
        show(v, i, k);
        least = i;
        if (l->distinct) break;
    }
    return least != UINT32_MAX;
}

bool plm_consistent_few(const plm_locate *l, const plm_bounds *b, plm_locate_verdict *v) {
    if (l->kernel->around(l, b->disk_m, b->least)) return true; /* the chip may stand there */
    plm_row row = l->kernel->row(l, b->disk_m, b->least);
    uint32_t least = l->order[b->least];
    if (row.apart) {
        show(v, least, first_of(l, row.apart));
        return false;
    }
    plm_caps w;
    uint64_t part = row.part & ~((uint64_t)1 << b->least);
    w.n = 0;
    add_cap(&w, &l->at[least], b->disk_m[b->least]);
    for (uint64_t left = part; left; left &= left - 1) {
        uint32_t i = (uint32_t)__builtin_ctzll(left);
        add_cap(&w, &l->at[l->order[i]], b->disk_m[i]);
    }
    if (quickly(l->kernel, &w)) return true;
    if (find_pair(l, b, part, v)) return false;
    plm_disk disk[PLM_BLOCK];
    size_t n = 1;
    disk[0] = (plm_disk){l->at[least], b->disk_m[b->least], least};
    for (uint64_t left = part; left; left &= left - 1) {
        uint32_t i = (uint32_t)__builtin_ctzll(left);
        disk[n++] = (plm_disk){l->at[l->order[i]], b->disk_m[i], l->order[i]};
    }
    return search(disk, n);
}
