/* facts.c: what is known of an item, from the case and the catalogue together.
 * Invariants: 1 values that can all hold narrow each other, values that can't widen to the least
 * interval that holds all and are a conflict; 2 a catalogue fact counts only where every product
 * the name may mean has it; 3 every value keeps its source.  Held by tests/unit/test_goods.c. */
#include "plimsoll/goods.h"

#include <stddef.h>
#include <string.h>

#define VALUES_FIRST 4u /* room for values, doubled when it is full */

static bool no_memory(plm_fault *f) {
    return plm_fail(f, PLM_NO_MEMORY, "the item's facts do not fit in the memory allowed");
}

/* ---- intervals ---- */

static bool meet(plm_iv a, plm_iv b) {
    bool a_below_b = !a.no_hi && !b.no_lo && plm_dec_cmp(a.hi, b.lo) < 0;
    bool b_below_a = !b.no_hi && !a.no_lo && plm_dec_cmp(b.hi, a.lo) < 0;
    return !a_below_b && !b_below_a;
}

/* What both hold; only for intervals that meet. */
static plm_iv narrow(plm_iv a, plm_iv b) {
    plm_iv r = a;
    if (a.no_lo || (!b.no_lo && plm_dec_cmp(b.lo, a.lo) > 0)) r.lo = b.lo, r.no_lo = b.no_lo;
    if (a.no_hi || (!b.no_hi && plm_dec_cmp(b.hi, a.hi) < 0)) r.hi = b.hi, r.no_hi = b.no_hi;
    return r;
}

/* a*b, rounded down; past the range of numbers, a number that no threshold comes near. */
static plm_dec product_down(plm_dec a, plm_dec b) {
    plm_dec r, vast = plm_dec_int(INT64_MAX);
    return plm_dec_mul(a, b, false, &r) ? r : vast;
}

bool plm_goods_tpp_of_formats(const plm_format *formats, uint32_t n, plm_iv *tpp) {
    if (n == 0) return false;
    plm_iv best = {.lo = plm_dec_int(0), .hi = plm_dec_int(0)};
    for (uint32_t i = 0; i < n; i++) {
        const plm_num *bits = &formats[i].bits, *tops = &formats[i].dense_tops;
        bool both = bits->given && tops->given;
        plm_dec lo = plm_dec_int(0), hi;
        if (both) lo = product_down(bits->iv.lo, tops->iv.lo);
        if (plm_dec_cmp(lo, best.lo) > 0) best.lo = lo;
        if (!both || bits->iv.no_hi || tops->iv.no_hi ||
            !plm_dec_mul(bits->iv.hi, tops->iv.hi, true, &hi))
            best.no_hi = true;
        else if (plm_dec_cmp(hi, best.hi) > 0)
            best.hi = hi;
    }
    *tpp = best;
    return true;
}

/* ---- values of one fact ---- */

static bool keep_value(plm_arena *a, plm_goods_number *n, plm_goods_value v, plm_fault *f) {
    bool full = n->n == 0 || (n->n >= VALUES_FIRST && (n->n & (n->n - 1)) == 0);
    if (full) {
        plm_goods_value *more =
            plm_arena_array(a, n->n ? 2 * (size_t)n->n : VALUES_FIRST, sizeof *more);
        if (!more) return no_memory(f);
        if (n->n) memcpy(more, n->v, n->n * sizeof *more);
        n->v = more;
    }
    n->v[n->n++] = v;
    return true;
}

/* Takes one more value into account. */
static void fold(plm_goods_number *n, plm_iv iv) {
    if (!n->known) {
        n->known = true;
        n->iv = iv;
    } else if (!n->conflict && meet(n->iv, iv)) {
        n->iv = narrow(n->iv, iv);
    } else {
        n->conflict = true;
        n->iv = plm_iv_hull(n->iv, iv);
    }
}

static bool from_case(plm_arena *a, plm_goods_number *n, plm_iv iv, const char *source,
                      plm_fault *f) {
    plm_goods_value v = {iv, PLM_BASIS_case, PLM_CERTAINTY_HIGH, true, source, ""};
    if (!keep_value(a, n, v, f)) return false;
    fold(n, iv);
    return true;
}

/* Intervals as stated, before any folding: a conflict widens over them, not over their overlap. */
static plm_iv hull_of_all(const plm_goods_number *n) {
    plm_iv all = {0};
    bool any = false;
    for (uint32_t i = 0; i < n->n; i++) {
        if (!n->v[i].relied_on) continue;
        all = any ? plm_iv_hull(all, n->v[i].iv) : n->v[i].iv;
        any = true;
    }
    return all;
}

static bool stated_numbers(plm_arena *a, const plm_item *it, plm_goods *out, plm_fault *f) {
    for (int i = 0; i < PLM_N_COUNT; i++)
        if (it->number[i].given &&
            !from_case(a, &out->number[i], it->number[i].iv, "case", f))
            return false;
    plm_iv tpp;
    if (plm_goods_tpp_of_formats(it->formats, it->format_count, &tpp))
        return from_case(a, &out->number[PLM_N_tpp], tpp, "case: formats", f);
    return true;
}

/* ---- which products the part can be ---- */

/* A product is ruled out by a stated number that none of its own values can be, and by the
 * market that the case states. */
static bool can_be(const plm_catalog_hit *h, const plm_item *it, const plm_goods *g) {
    plm_truth market = it->flag[PLM_F_datacenter];
    if (market != PLM_UNKNOWN && h->datacenter != PLM_UNKNOWN && h->datacenter != market)
        return false;
    for (int fact = 0; fact < PLM_N_COUNT; fact++) {
        bool has = false, fits = false;
        for (uint32_t i = 0; i < h->value_count; i++) {
            if (h->values[i].fact != fact || !h->values[i].relied_on) continue;
            has = true;
            fits = fits || meet(h->values[i].iv, g->number[fact].iv);
        }
        if (g->number[fact].known && has && !fits) return false;
    }
    return true;
}

/* Bytes of a hit with the values that it has. */
static size_t size_of(const plm_catalog_hit *h) {
    return offsetof(plm_catalog_hit, values) + h->value_count * sizeof h->values[0];
}

/* Where all are ruled out, none is: the facts are then in conflict with the name. */
static bool find_hits(plm_arena *a, const plm_item *it, plm_goods *out, plm_fault *f) {
    plm_catalog_hit found[PLM_CATALOG_HITS_MAX];
    bool fits[PLM_CATALOG_HITS_MAX];
    uint32_t n = plm_catalog_find(it->part, found), fit = 0;
    if (n == 0) return true;
    for (uint32_t i = 0; i < n; i++) fit += fits[i] = can_be(&found[i], it, out);
    plm_catalog_hit *hits = plm_arena_array(a, fit ? fit : n, sizeof *hits);
    if (!hits) return no_memory(f);
    for (uint32_t i = 0; i < n; i++)
        if (fit == 0 || fits[i]) memcpy(&hits[out->hit_count++], &found[i], size_of(&found[i]));
    out->hits = hits;
    return true;
}

/* ---- catalogue numbers ---- */

/* The catalogue's interval for one fact: over all values of all products.  False: not known. */
static bool catalog_number(plm_arena *a, plm_goods *out, int fact, plm_iv *iv, plm_fault *f) {
    bool any = false, all = true;
    for (uint32_t h = 0; h < out->hit_count; h++) {
        bool has = false;
        for (uint32_t i = 0; i < out->hits[h].value_count; i++) {
            const plm_catalog_value *v = &out->hits[h].values[i];
            if (v->fact != fact) continue;
            const char *name = out->hits[h].name[0] ? out->hits[h].name : out->hits[h].id;
            plm_goods_value kept = {v->iv, v->basis, v->certainty, v->relied_on, v->source, name};
            if (!keep_value(a, &out->number[fact], kept, f)) return false;
            if (!v->relied_on) continue;
            has = true;
            *iv = any ? plm_iv_hull(*iv, v->iv) : v->iv;
            any = true;
        }
        all = all && has;
    }
    if (!any || !all) iv->no_lo = iv->no_hi = true;
    return true;
}

/* True when a value of a product that remains can't be what the case states. */
static bool contradicted(const plm_goods *out, int fact, plm_iv stated) {
    for (uint32_t h = 0; h < out->hit_count; h++)
        for (uint32_t i = 0; i < out->hits[h].value_count; i++) {
            const plm_catalog_value *v = &out->hits[h].values[i];
            if (v->fact == fact && v->relied_on && !meet(v->iv, stated)) return true;
        }
    return false;
}

static bool merge_number(plm_arena *a, plm_goods *out, int fact, plm_fault *f) {
    plm_goods_number *n = &out->number[fact];
    bool stated = n->known;
    plm_iv before = n->iv, iv = plm_iv_any();
    if (!catalog_number(a, out, fact, &iv, f)) return false;
    if (iv.no_lo && iv.no_hi && !stated) return true;
    if (!stated) {
        n->known = true;
        n->iv = iv;
    } else if (contradicted(out, fact, before)) {
        n->conflict = true;
    } else if (!n->conflict && meet(before, iv)) {
        n->iv = narrow(before, iv);
    }
    if (n->conflict) n->iv = hull_of_all(n);
    return true;
}

/* ---- flags and form ---- */

/* What all products say; UNKNOWN where they differ or one says nothing. */
static plm_truth catalog_flag(const plm_goods *g, bool crypto, const char **source) {
    plm_truth all = PLM_UNKNOWN;
    for (uint32_t h = 0; h < g->hit_count; h++) {
        plm_truth t = crypto ? g->hits[h].encryption : g->hits[h].datacenter;
        if (h && t != all) return PLM_UNKNOWN;
        all = t;
    }
    *source = crypto ? "catalogue: from the vendor's ECCN" : "catalogue: the product's market";
    return all;
}

static void merge_flags(const plm_item *it, plm_goods *out) {
    for (int i = 0; i < PLM_F_COUNT; i++) {
        plm_goods_flag *g = &out->flag[i];
        *g = (plm_goods_flag){.truth = it->flag[i], .in_case = it->flag[i],
                              .in_catalog = PLM_UNKNOWN, .source = ""};
        if (i == PLM_F_datacenter || i == PLM_F_encryption)
            g->in_catalog = catalog_flag(out, i == PLM_F_encryption, &g->source);
        if (g->in_catalog == PLM_UNKNOWN) continue;
        g->conflict = g->in_case != PLM_UNKNOWN && g->in_case != g->in_catalog;
        g->truth = g->conflict ? PLM_UNKNOWN : g->in_catalog;
    }
}

/* Boards and assemblies are one kind in the law's words ("electronic assemblies"). */
static plm_form kind_of(plm_form form) {
    return form == PLM_FORM_board ? PLM_FORM_assembly : form;
}

static void merge_form(const plm_item *it, plm_goods *out) {
    uint32_t all = 0;
    bool open = out->hit_count == 0;
    for (uint32_t h = 0; h < out->hit_count; h++) {
        if (out->hits[h].form == PLM_FORM_NONE) open = true;
        else all |= 1u << out->hits[h].form;
        if (it->form && out->hits[h].form && kind_of(it->form) != kind_of(out->hits[h].form))
            out->form_conflict = true;
    }
    if (it->form) out->forms = 1u << it->form | (out->form_conflict ? all : 0);
    else if (!open) out->forms = all;
}

static void merge_eccn(plm_goods *out) {
    for (uint32_t h = 0; h < out->hit_count; h++) {
        plm_eccn e;
        if (!plm_eccn_parse(plm_str_c(out->hits[h].eccn), &e)) {
            out->eccn_agreed = false;
            return;
        }
        if (h && !plm_eccn_same(&e, &out->vendor_eccn)) {
            out->eccn_agreed = false;
            return;
        }
        out->eccn_agreed = true;
        out->vendor_eccn = e;
        out->vendor_eccn_source = out->hits[h].eccn_source;
    }
}

/* ---- performance density ---- */

/* tpp / die area, rounded outward; no end where the area may be 0 or has no upper end. */
static plm_iv quotient(plm_iv tpp, plm_iv area) {
    plm_iv q = {.lo = plm_dec_int(0), .no_hi = true};
    plm_dec d;
    if (!area.no_hi && plm_dec_div(tpp.lo, area.hi, false, &d)) q.lo = d;
    if (!tpp.no_hi && plm_dec_div(tpp.hi, area.lo, true, &d)) q.hi = d, q.no_hi = false;
    return q;
}

/* Can stated be tpp/area?  Exact: tpp.lo <= stated.hi * area.hi, tpp.hi >= stated.lo * area.lo. */
static bool can_be_quotient(plm_iv stated, plm_iv tpp, plm_iv area) {
    if (!area.no_hi && plm_dec_is_zero(area.hi)) return false;
    if (!stated.no_hi && !area.no_hi &&
        plm_dec_cmp_ratio(tpp.lo, area.hi, stated.hi) > 0)
        return false;
    if (!tpp.no_hi && !plm_dec_is_zero(area.lo) &&
        plm_dec_cmp_ratio(tpp.hi, area.lo, stated.lo) < 0)
        return false;
    return true;
}

/* TPP that a stated density and an area give, where TPP itself is not known. */
static bool tpp_of_density(plm_arena *a, plm_goods *out, plm_fault *f) {
    plm_goods_number *t = &out->number[PLM_N_tpp];
    const plm_goods_number *d = &out->number[PLM_N_die_area_mm2], *p = &out->density;
    if (t->known || !d->known || !p->known) return true;
    plm_iv iv = {.lo = product_down(p->iv.lo, d->iv.lo)};
    iv.no_hi = p->iv.no_hi || d->iv.no_hi || !plm_dec_mul(p->iv.hi, d->iv.hi, true, &iv.hi);
    plm_goods_value v = {iv, PLM_BASIS_derived, PLM_CERTAINTY_HIGH, true,
                         "performance_density x die_area_mm2", ""};
    if (!keep_value(a, t, v, f)) return false;
    fold(t, iv);
    return true;
}

static bool merge_density(plm_arena *a, plm_goods *out, plm_fault *f) {
    const plm_goods_number *t = &out->number[PLM_N_tpp], *d = &out->number[PLM_N_die_area_mm2];
    plm_goods_number *p = &out->number[PLM_N_performance_density];
    out->density_from_ratio = t->known && d->known;
    if (!out->density_from_ratio) return tpp_of_density(a, out, f);
    plm_iv q = quotient(t->iv, d->iv);
    plm_goods_value v = {q, PLM_BASIS_derived, PLM_CERTAINTY_HIGH, true, "tpp / die_area_mm2",
                         ""};
    if (!keep_value(a, p, v, f)) return false;
    if (!p->known) {
        p->known = true;
        p->iv = q;
    } else if (!can_be_quotient(p->iv, t->iv, d->iv)) {
        p->conflict = true;
        p->iv = plm_iv_hull(p->iv, q);
    } else if (meet(p->iv, q)) {
        p->iv = narrow(p->iv, q);
    }
    return true;
}

plm_truth plm_goods_density_compare(const plm_goods *g, plm_rel r, plm_dec t) {
    const plm_iv *tpp = &g->number[PLM_N_tpp].iv, *area = &g->number[PLM_N_die_area_mm2].iv;
    plm_truth stated = PLM_UNKNOWN, ratio = PLM_UNKNOWN;
    if (g->density.known) stated = plm_iv_compare(g->density.iv, r, t);
    if (g->density_from_ratio)
        ratio = !area->no_hi && plm_dec_is_zero(area->hi) ? PLM_NO
                                                          : plm_iv_compare_ratio(*tpp, *area, r, t);
    if (!g->density.known) return ratio;
    if (!g->density_from_ratio) return stated;
    if (g->number[PLM_N_performance_density].conflict)
        return stated == ratio ? stated : PLM_UNKNOWN;
    return stated == PLM_UNKNOWN ? ratio : stated;
}

bool plm_goods_facts(plm_arena *a, const plm_item *item, plm_goods *out, plm_fault *f) {
    *out = (plm_goods){.vendor_eccn_source = ""};
    if (!stated_numbers(a, item, out, f)) return false;
    out->density = out->number[PLM_N_performance_density];
    if (item->part.n && !find_hits(a, item, out, f)) return false;
    for (int i = 0; i < PLM_N_COUNT; i++)
        if (!merge_number(a, out, i, f)) return false;
    merge_flags(item, out);
    merge_form(item, out);
    merge_eccn(out);
    return merge_density(a, out, f);
}
