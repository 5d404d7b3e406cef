/* picture_lay.c: where everything of a picture goes.  The line of a journey passes through the
 * records in order of time.  A record elsewhere, with no departure before it, and with the thing
 * read at the former place again before it is shipped from the new one, is set beside the line.
 * Time is not drawn to one scale: gaps that are too short to tell records apart are widened,
 * quiet stretches are cut, and the picture says so.  Invariants: picture.h. */
#include "custody/picture.h"

#include <stdlib.h>
#include <string.h>

#define GAP_MIN 15.0   /* px between two marks */
#define GAP_SHARE 0.19 /* of the width: the longest that a gap is drawn */

bool plm_pic_leaves(plm_str s) { return plm_str_is(s, "shipping") || plm_str_is(s, "departing"); }

static bool on_record(const plm_pic_record *r) { return !r->voided && !r->declares && !r->other; }

static int64_t cmp_t(int64_t a, int64_t b) { return a < b ? -1 : a > b; }

static int by_time(const void *a, const void *b, void *ctx) {
    const plm_pic_record *v = ctx;
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    int64_t c = cmp_t(v[x].t, v[y].t);
    return c ? (int)c : x < y ? -1 : 1;
}

static int proofs_by_time(const void *a, const void *b) {
    const plm_pic_proof *x = a, *y = b;
    int64_t c = cmp_t(x->t, y->t);
    return c ? (int)c : plm_str_cmp(x->id, y->id);
}

/* What names no place is where the thing was. */
static void fill_places(plm_picture *p, uint32_t unknown) {
    uint32_t last = PLM_PIC_NONE;
    for (uint32_t i = 0; i < p->records; i++) {
        plm_pic_record *r = &p->record[p->order[i]];
        if (r->place == PLM_PIC_NONE) r->place = last == PLM_PIC_NONE ? unknown : last;
        else if (on_record(r)) last = r->place;
    }
    for (uint32_t k = 0, i = 0; k < p->proofs; k++) {
        uint32_t at = unknown;
        while (i < p->records && p->record[p->order[i]].t <= p->proof[k].t) i++;
        if (i) at = p->record[p->order[i - 1]].place;
        if (p->proof[k].place == PLM_PIC_NONE) p->proof[k].place = at;
    }
}

/* next[i]: the next record on the line's own kind at the same place; leave[i]: the next at that
 * place, i too, that leaves it. */
static void set_aside(plm_picture *p, uint32_t *next, uint32_t *leave) {
    uint32_t at[PLM_PIC_PLACES_MAX], gone[PLM_PIC_PLACES_MAX], last = PLM_PIC_NONE;
    for (uint32_t i = 0; i < PLM_PIC_PLACES_MAX; i++) at[i] = gone[i] = PLM_PIC_NONE;
    for (uint32_t i = p->records; i-- > 0;) {
        const plm_pic_record *r = &p->record[p->order[i]];
        if (!on_record(r)) continue;
        if (plm_pic_leaves(r->step)) gone[r->place] = i;
        next[i] = at[r->place];
        leave[i] = gone[r->place];
        at[r->place] = i;
    }
    for (uint32_t i = 0; i < p->records; i++) {
        plm_pic_record *r = &p->record[p->order[i]];
        if (!on_record(r)) continue;
        const plm_pic_record *was = last == PLM_PIC_NONE ? NULL : &p->record[p->order[last]];
        r->aside = was && was->place != r->place && !plm_pic_leaves(was->step) &&
                   next[last] != PLM_PIC_NONE && leave[i] >= next[last];
        if (!r->aside) last = i;
    }
}

/* ---- marks */

static bool alike(const plm_picture *p, const plm_pic_mark *a, const plm_pic_mark *b) {
    (void)p;
    return !a->kept && !b->kept && a->place == a->place_last && b->place == b->place_last &&
           a->place == b->place && a->aside == b->aside && a->voided == b->voided &&
           a->other == b->other;
}

static bool moves(const plm_picture *p, const plm_pic_mark *m) {
    for (uint32_t i = m->first; i <= m->last; i++) {
        plm_str s = p->record[p->order[i]].step;
        if (plm_pic_leaves(s) || plm_str_is(s, "receiving") || plm_str_is(s, "arriving"))
            return true;
    }
    return false;
}

static void join(plm_pic_mark *a, const plm_pic_mark *b) {
    a->last = b->last;
    a->place_last = b->place_last;
    a->aside &= b->aside;
    a->voided &= b->voided;
    a->other &= b->other;
}

/* Joins neighbours until few enough are left: level 0 what stays at one place, 1 what comes and
 * goes there too, 2 whatever lies between what findings name. */
static void condense(plm_picture *p) {
    for (unsigned level = 0; level < 3 && p->marks > PLM_PIC_MARKS_MAX; level++) {
        uint32_t out = 0, run = 0, kept = 0;
        for (uint32_t i = 0; i < p->marks; i++) kept += p->mark[i].kept;
        uint32_t room = PLM_PIC_MARKS_MAX - kept;
        uint32_t size = level == 2 ? (p->marks + room - 1) / room : PLM_PIC_NONE;
        for (uint32_t i = 1; i < p->marks; i++) {
            plm_pic_mark *a = &p->mark[out], *b = &p->mark[i];
            bool may = level == 2 ? !a->kept && !b->kept
                                  : alike(p, a, b) && (level || (!moves(p, a) && !moves(p, b)));
            if (may && run + 1 < size) {
                join(a, b);
                run++;
                continue;
            }
            p->mark[++out] = *b;
            run = 0;
        }
        p->marks = out + 1;
    }
}

static bool make_marks(plm_picture *p) {
    uint32_t kept = 0;
    p->mark = plm_arena_array(p->a, (size_t)p->records + 1, sizeof *p->mark);
    if (!p->mark) return plm_fail(p->f, PLM_NO_MEMORY, "out of memory");
    for (uint32_t i = 0; i < p->records; i++) {
        const plm_pic_record *r = &p->record[p->order[i]];
        bool keep = r->named && kept < PLM_PIC_KEPT_MAX;
        kept += keep;
        p->mark[i] = (plm_pic_mark){.first = i, .last = i, .place = r->place,
                                    .place_last = r->place, .aside = r->aside, .kept = keep,
                                    .voided = r->voided || r->declares, .other = r->other};
    }
    p->marks = p->records;
    condense(p);
    for (uint32_t m = 0; m < p->marks; m++)
        for (uint32_t i = p->mark[m].first; i <= p->mark[m].last; i++)
            p->record[p->order[i]].mark = m;
    return true;
}

/* ---- lanes: places in order of their first record or proof */

static void lane_for(plm_picture *p, uint32_t place) {
    plm_pic_place *x = &p->place[place];
    if (x->lane != PLM_PIC_NONE) return;
    if (p->lanes < PLM_PIC_LANES_MAX) {
        p->lane_place[p->lanes] = place;
        x->lane = p->lanes++;
        return;
    }
    x->lane = PLM_PIC_LANES_MAX - 1;
    p->others = p->others ? p->others + 1 : 2; /* with the one whose lane it was */
}

static void make_lanes(plm_picture *p) {
    for (uint32_t i = 0; i < p->places; i++) p->place[i].lane = PLM_PIC_NONE;
    uint32_t k = 0;
    for (uint32_t i = 0; i < p->records; i++) {
        const plm_pic_record *r = &p->record[p->order[i]];
        for (; k < p->proofs && p->proof[k].t < r->t; k++) lane_for(p, p->proof[k].place);
        lane_for(p, r->place);
    }
    for (; k < p->proofs; k++) lane_for(p, p->proof[k].place);
    for (uint32_t i = 0; i < p->findings; i++) {
        if (p->finding[i].refs != 1 || !p->finding[i].papers) continue;
        if (p->papers_place == PLM_PIC_NONE && p->places < PLM_PIC_PLACES_MAX) {
            p->papers_place = p->places++;
            p->place[p->papers_place] =
                (plm_pic_place){.name = PLM_STR("tables and papers"), .papers = true,
                                .under = PLM_STR("registry, licenses, orders"),
                                .lane = PLM_PIC_NONE};
        }
        if (p->papers_place != PLM_PIC_NONE) lane_for(p, p->papers_place);
    }
    if (p->others) p->lane_place[PLM_PIC_LANES_MAX - 1] = PLM_PIC_NONE;
}

/* ---- the time scale */

static int times(const void *a, const void *b) {
    return (int)cmp_t(*(const int64_t *)a, *(const int64_t *)b);
}

double plm_pic_x(const plm_picture *p, int64_t t) {
    uint32_t lo = 0, hi = p->ats ? p->ats - 1 : 0;
    if (!p->ats || t <= p->at[0]) return PLM_PIC_LEFT;
    if (t >= p->at[hi]) return p->at_x[hi];
    while (hi - lo > 1) {
        uint32_t mid = lo + (hi - lo) / 2;
        if (p->at[mid] <= t) lo = mid;
        else hi = mid;
    }
    return p->at_x[lo] + (p->at_x[hi] - p->at_x[lo]) * ((double)(t - p->at[lo]) /
                                                        (double)(p->at[hi] - p->at[lo]));
}

static double gap_px(const plm_picture *p, uint32_t i, double scale, double least, double most) {
    double g = (double)(p->at[i] - p->at[i - 1]) * scale;
    return g < least ? least : g > most ? most : g;
}

static void scale_time(plm_picture *p) {
    const double width = PLM_PIC_RIGHT - PLM_PIC_LEFT;
    double least = GAP_MIN, most = width * GAP_SHARE, lo = 0, hi = width, sum = 0;
    uint32_t gaps = p->ats - 1;
    if (least * gaps > width) least = width / gaps;
    if (most * gaps < width) most = width / gaps;
    for (unsigned k = 0; k < 200; k++) { /* px per ns, by halving */
        double mid = k < 100 ? (lo + hi) / 2 * 1e-9 : hi * 1e-9;
        sum = 0;
        for (uint32_t i = 1; i < p->ats; i++) sum += gap_px(p, i, mid, least, most);
        if (sum > width) hi = mid * 1e9;
        else lo = mid * 1e9;
    }
    double scale = lo * 1e-9, left = 0;
    for (uint32_t i = 1; i < p->ats; i++) left += gap_px(p, i, scale, least, most);
    double x = PLM_PIC_LEFT;
    p->at_x[0] = x;
    for (uint32_t i = 1; i < p->ats; i++) {
        double px = gap_px(p, i, scale, least, most);
        p->at_cut[i] = px < (double)(p->at[i] - p->at[i - 1]) * scale * 0.99;
        x += px * (left > 0 ? width / left : 1);
        p->at_x[i] = x;
    }
}

static bool make_scale(plm_picture *p) {
    size_t cap = 2 * (size_t)p->marks + p->proofs + 2;
    p->at = plm_arena_array(p->a, cap, sizeof *p->at);
    p->at_x = plm_arena_array(p->a, cap, sizeof *p->at_x);
    p->at_cut = plm_arena_array(p->a, cap, sizeof *p->at_cut);
    if (!p->at || !p->at_x || !p->at_cut) return plm_fail(p->f, PLM_NO_MEMORY, "out of memory");
    uint32_t n = 0, named = 0;
    for (uint32_t i = 0; i < p->marks; i++) {
        p->at[n++] = p->record[p->order[p->mark[i].first]].t;
        p->at[n++] = p->record[p->order[p->mark[i].last]].t;
    }
    for (uint32_t i = 0; i < p->proofs; i++)
        if ((p->proof[i].named && named++ < PLM_PIC_KEPT_MAX) || i == 0 || i + 1 == p->proofs)
            p->at[n++] = p->proof[i].t;
    if (n) qsort(p->at, n, sizeof *p->at, times);
    for (uint32_t i = 0; i < n; i++)
        if (!p->ats || p->at[i] != p->at[p->ats - 1]) p->at[p->ats++] = p->at[i];
    if (!p->ats) return true;
    p->from = p->at[0];
    p->to = p->at[p->ats - 1];
    if (p->ats == 1) p->at_x[0] = PLM_PIC_LEFT + 40;
    else scale_time(p);
    for (uint32_t i = 0; i < p->marks; i++) {
        p->mark[i].x = plm_pic_x(p, p->record[p->order[p->mark[i].first]].t);
        p->mark[i].x_last = plm_pic_x(p, p->record[p->order[p->mark[i].last]].t);
    }
    for (uint32_t i = 0; i < p->proofs; i++) p->proof[i].x = plm_pic_x(p, p->proof[i].t);
    return true;
}

/* Proofs are sorted: what findings say of them goes along. */
static bool sort_proofs(plm_picture *p) {
    plm_str *was = plm_arena_array(p->a, (size_t)p->proofs + 1, sizeof *was);
    if (!was) return plm_fail(p->f, PLM_NO_MEMORY, "out of memory");
    for (uint32_t i = 0; i < p->proofs; i++) was[i] = p->proof[i].id;
    if (p->proofs) qsort(p->proof, p->proofs, sizeof *p->proof, proofs_by_time);
    for (uint32_t g = 0; g < p->findings; g++)
        for (uint32_t k = 0; k < p->finding[g].refs; k++) {
            plm_pic_ref *r = &p->finding[g].ref[k];
            for (uint32_t i = 0; r->proof && i < p->proofs; i++)
                if (p->proof[i].id.p == was[r->i].p) {
                    r->i = i;
                    break;
                }
        }
    return true;
}

bool plm_pic_lay(plm_picture *p) {
    uint32_t *next = plm_arena_array(p->a, (size_t)p->records + 1, sizeof *next);
    uint32_t *leave = plm_arena_array(p->a, (size_t)p->records + 1, sizeof *leave);
    p->order = plm_arena_array(p->a, (size_t)p->records + 1, sizeof *p->order);
    if (!next || !leave || !p->order) return plm_fail(p->f, PLM_NO_MEMORY, "out of memory");
    for (uint32_t i = 0; i < p->records; i++) p->order[i] = i;
    if (p->records) qsort_r(p->order, p->records, sizeof *p->order, by_time, p->record);
    if (!sort_proofs(p)) return false;
    uint32_t unknown = p->places < PLM_PIC_PLACES_MAX ? p->places++ : PLM_PIC_PLACES_MAX - 1;
    if (unknown == p->places - 1 && !p->place[unknown].name.p)
        p->place[unknown].name = PLM_STR("place not said");
    fill_places(p, unknown);
    set_aside(p, next, leave);
    if (!make_marks(p)) return false;
    make_lanes(p);
    return make_scale(p);
}
