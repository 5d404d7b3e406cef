/* whatif_rows.c: power, stock and caps as rows of whole numbers.  Invariants: 1 room is never below
 * zero, so that placing nothing fits; what is over already takes no more, as in posting; 2 a row
 * of a share is 100 part - percent base <= room, the same comparison as in plm_books_passed.
 * Held by tests/cases/test_caps_whatif. */
#include "custody/caps_books.h"
#include "custody/whatif.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

typedef struct maker {
    const plm_wi_problem *p;
    plm_wi_rows *rows;
    plm_books *b;
    uint32_t *hold; /* of each site */
    plm_fault *f;
} maker;

static bool grow_rows(maker *m) {
    plm_wi_rows *r = m->rows;
    if (r->n == PLM_WHATIF_ROWS_MAX)
        return plm_fail(m->f, PLM_OUT_OF_RANGE, "more than %u caps and limits together",
                        PLM_WHATIF_ROWS_MAX);
    if (r->n & (r->n + 1) && r->n) return true;
    plm_wi_row *v = plm_arena_array(r->a, 2 * r->n + 2, sizeof *v);
    if (!v) return plm_fail(m->f, PLM_NO_MEMORY, "out of memory");
    if (r->n) memcpy(v, r->v, r->n * sizeof *v);
    r->v = v;
    return true;
}

__attribute__((format(printf, 5, 6)))
static bool begin(maker *m, plm_wi_unit unit, plm_tpp room, const char *cite, const char *fmt,
                  ...) {
    char name[3 * PLM_CAPS_TEXT_MAX];
    va_list ap;
    if (!grow_rows(m)) return false;
    va_start(ap, fmt);
    vsnprintf(name, sizeof name, fmt, ap);
    va_end(ap);
    plm_wi_row *r = &m->rows->v[m->rows->n++];
    *r = (plm_wi_row){.name = plm_arena_copy(m->rows->a, plm_str_c(name)), .cite = plm_str_c(cite),
                      .unit = unit, .first = (uint32_t)m->rows->terms, .room = room > 0 ? room : 0};
    return r->name.p || plm_fail(m->f, PLM_NO_MEMORY, "out of memory");
}

/* coef for chip k at site s, in the row begun last. */
static bool put(maker *m, size_t s, size_t k, plm_tpp coef) {
    plm_wi_rows *r = m->rows;
    if (coef == 0) return true;
    if (r->terms == PLM_WHATIF_TERMS_MAX)
        return plm_fail(m->f, PLM_OUT_OF_RANGE, "more than %u terms in caps and limits",
                        PLM_WHATIF_TERMS_MAX);
    if ((r->terms & (r->terms + 1)) == 0) {
        plm_wi_term *v = plm_arena_array(r->a, 2 * r->terms + 2, sizeof *v);
        if (!v) return plm_fail(m->f, PLM_NO_MEMORY, "out of memory");
        if (r->terms) memcpy(v, r->term, r->terms * sizeof *v);
        r->term = v;
    }
    r->term[r->terms++] = (plm_wi_term){(uint32_t)(s * m->p->chips + k), coef};
    r->v[r->n - 1].n++;
    return true;
}

static bool all_chips(maker *m, size_t s, plm_tpp times_tpp) {
    for (size_t k = 0; k < m->p->chips; k++)
        if (!put(m, s, k, times_tpp ? times_tpp * m->p->chip[k].tpp : 1)) return false;
    return true;
}

static bool power_rows(maker *m) {
    const plm_wi_problem *p = m->p;
    for (size_t s = 0; s < p->sites; s++) {
        const plm_wi_place *w = &p->site[s];
        if (w->power_mw9 >= 0) {
            if (!begin(m, PLM_WI_MW, w->power_mw9 * 1000000, "", "power %.*s", PLM_FMT(w->id)))
                return false;
            for (size_t k = 0; k < p->chips; k++)
                if (!put(m, s, k, (plm_tpp)p->chip[k].milliwatts * w->pue_millionths)) return false;
        }
        if (w->chips_max >= 0 &&
            (!begin(m, PLM_WI_CHIPS, w->chips_max, "", "chips %.*s", PLM_FMT(w->id)) ||
             !all_chips(m, s, 0)))
            return false;
    }
    return true;
}

static bool stock_rows(maker *m) {
    const plm_wi_problem *p = m->p;
    for (size_t k = 0; k < p->chips; k++) {
        const plm_wi_chip *c = &p->chip[k];
        if (c->stock < 0) continue;
        if (!begin(m, PLM_WI_CHIPS, c->stock, "", "stock %.*s", PLM_FMT(c->sku))) return false;
        for (size_t s = 0; s < p->sites; s++)
            if (!put(m, s, k, 1)) return false;
    }
    return true;
}

static bool file_cap(maker *m, const plm_wi_limit *l, bool tpp) {
    const plm_wi_problem *p = m->p;
    plm_tpp room = tpp ? l->tpp_max : l->chips_max;
    if (room < 0) return true;
    if (!begin(m, tpp ? PLM_WI_TPP : PLM_WI_CHIPS, room, "", "cap %.*s", PLM_FMT(l->id)))
        return false;
    for (size_t s = 0; s < p->sites; s++)
        for (size_t k = 0; l->site[s] && k < p->chips; k++)
            if (l->chip[k] && !put(m, s, k, tpp ? p->chip[k].tpp : 1)) return false;
    return true;
}

/* Sites whose holder is of account `series` of limit cap c. */
static bool account_terms(maker *m, size_t c, uint32_t series) {
    for (size_t s = 0; s < m->p->sites; s++)
        if (m->b->hold[m->hold[s]].account[c] == series && !all_chips(m, s, 1)) return false;
    return true;
}

/* One account of a limit cap: a row for its period, or for each later end of a cumulative cap. */
static bool limit_account(maker *m, size_t c, size_t site) {
    const plm_caps_cap *cap = &m->b->rules->cap[c];
    const plm_hold *h = &m->b->hold[m->hold[site]];
    const plm_series *x = &m->b->series[h->account[c]];
    plm_day from, to, day = m->p->day;
    plm_tpp limit;
    const char *kind = plm_books_holder_kind(cap);
    for (size_t step = 0; plm_cap_period(m->b, cap, h->country, day, step, &from, &to, &limit);
         step++) {
        char end[11];
        if (day < from || day > to) continue;
        if (cap->shape == PLM_CAPS_CUMULATIVE && day < cap->step[0].from) continue;
        plm_day_sum sum = plm_series_sum(x, from, to);
        plm_day_print(to, end);
        if (!begin(m, PLM_WI_TPP, limit - sum.used - sum.reserved, cap->cite,
                   "cap %s of %s:%.*s to %s", cap->id, kind, PLM_FMT(x->holder), end) ||
            !account_terms(m, c, h->account[c]))
            return false;
    }
    return true;
}

/* Sites where the cap has no allocation at all. */
static bool nothing_there(maker *m, size_t c, size_t site) {
    const plm_caps_cap *cap = &m->b->rules->cap[c];
    return begin(m, PLM_WI_TPP, 0, cap->cite, "cap %s: no allocation for %.*s", cap->id,
                 PLM_FMT(m->p->site[site].id)) &&
           all_chips(m, site, 1);
}

static bool limit_rows(maker *m, size_t c) {
    const plm_caps_cap *cap = &m->b->rules->cap[c];
    for (size_t s = 0; s < m->p->sites; s++) {
        const plm_hold *h = &m->b->hold[m->hold[s]];
        uint32_t a = h->account[c];
        bool seen = a == PLM_NONE;
        if (seen || plm_caps_in_group(m->b->rules, cap->none_in, h->country, m->p->day)) continue;
        if (plm_caps_in_group(m->b->rules, cap->zero_in, h->country, m->p->day)) {
            if (!nothing_there(m, c, s)) return false;
            continue;
        }
        for (size_t k = 0; k < s && !seen; k++) { /* the first site of the account makes the row */
            const plm_hold *g = &m->b->hold[m->hold[k]];
            seen = g->account[c] == a &&
                   !plm_caps_in_group(m->b->rules, cap->zero_in, g->country, m->p->day) &&
                   !plm_caps_in_group(m->b->rules, cap->none_in, g->country, m->p->day);
        }
        if (!seen && !limit_account(m, c, s)) return false;
    }
    return true;
}

/* What the company (PLM_NONE: everyone) holds on both sides of a share: its room. */
static plm_tpp share_room(const maker *m, const plm_caps_cap *cap, uint32_t owner,
                          plm_country one) {
    const plm_books *b = m->b;
    plm_tpp part = 0, base = 0;
    for (size_t i = 0; i < b->series_n; i++) {
        const plm_series *x = &b->series[i];
        if (x->cap != PLM_SERIES_COMPANY) continue;
        if (owner != PLM_NONE && !plm_str_eq(x->company, b->owner[owner].name)) continue;
        plm_tpp t = x->used + x->reserved;
        if (one ? x->country == one : plm_cap_counts_in(b, cap, x->country, m->p->day)) part += t;
        if (owner != PLM_NONE || cap->base[x->country]) base += t;
    }
    return cap->percent * base - 100 * part;
}

static bool share_row(maker *m, const plm_caps_cap *cap, uint32_t owner, plm_country one,
                      const char *kind, plm_str holder) {
    if (!begin(m, PLM_WI_SHARE, share_room(m, cap, owner, one), cap->cite, "cap %s of %s:%.*s",
               cap->id, kind, PLM_FMT(holder)))
        return false;
    for (size_t s = 0; s < m->p->sites; s++) {
        const plm_hold *h = &m->b->hold[m->hold[s]];
        if (owner != PLM_NONE && h->owner != owner) continue;
        bool part = one ? h->country == one
                        : plm_cap_counts_in(m->b, cap, h->country, m->p->day);
        bool base = owner != PLM_NONE || cap->base[h->country];
        plm_tpp times = (part ? 100 : 0) - (base ? cap->percent : 0);
        if (times && !all_chips(m, s, times)) return false;
    }
    return true;
}

/* The share binds the company of site s: it has posted under the cap's word, or a site of it in
 * this plan is under it. */
static bool bound(const maker *m, size_t c, size_t s) {
    uint32_t owner = m->b->hold[m->hold[s]].owner;
    if (plm_books_bound(m->b, c, owner)) return true;
    for (size_t k = 0; k < m->p->sites; k++) {
        const plm_hold *h = &m->b->hold[m->hold[k]];
        if (h->owner == owner && plm_books_cap_applies(m->b, &m->b->rules->cap[c], h->word))
            return true;
    }
    return false;
}

static bool share_rows_of(maker *m, size_t c, size_t s) {
    const plm_caps_cap *cap = &m->b->rules->cap[c];
    const plm_hold *h = &m->b->hold[m->hold[s]];
    bool by_country = cap->shape == PLM_CAPS_COUNTRY;
    if (!bound(m, c, s)) return true;
    if (cap->head_office &&
        plm_caps_head_office(m->b->rules, h->company, m->p->day) != cap->head_office)
        return true;
    if (by_country && plm_caps_in_group(m->b->rules, cap->zero_in, h->country, m->p->day))
        return nothing_there(m, c, s);
    if (by_country && !plm_cap_counts_in(m->b, cap, h->country, m->p->day)) return true;
    for (size_t k = 0; k < s; k++) { /* the first site of it makes the row */
        const plm_hold *g = &m->b->hold[m->hold[k]];
        if (g->owner == h->owner && (!by_country || g->country == h->country)) return true;
    }
    return by_country ? share_row(m, cap, h->owner, h->country, "company",
                                  m->b->series[h->home].holder)
                      : share_row(m, cap, h->owner, 0, "company", h->company);
}

bool plm_whatif_rows(const plm_wi_problem *p, plm_caps *c, plm_wi_rows *rows, plm_fault *f) {
    maker m = {.p = p, .rows = rows, .b = plm_caps_books(c), .f = f};
    m.hold = plm_arena_array(rows->a, p->sites + 1, sizeof *m.hold);
    if (!m.hold) return plm_fail(f, PLM_NO_MEMORY, "out of memory");
    for (size_t s = 0; s < p->sites; s++)
        if (!plm_caps_hold(c, &p->site[s].at, &m.hold[s], f)) return false;
    if (!power_rows(&m) || !stock_rows(&m)) return false;
    for (size_t i = 0; i < p->limits; i++)
        if (!file_cap(&m, &p->limit[i], true) || !file_cap(&m, &p->limit[i], false)) return false;
    for (size_t i = 0; i < m.b->rules->caps; i++) {
        const plm_caps_cap *cap = &m.b->rules->cap[i];
        if (cap->shape <= PLM_CAPS_CUMULATIVE) {
            if (!limit_rows(&m, i)) return false;
        } else if (cap->shape == PLM_CAPS_OF_BASE) {
            if (!share_row(&m, cap, PLM_NONE, 0, "all", PLM_STR("CN+MO"))) return false;
        } else {
            for (size_t s = 0; s < p->sites; s++)
                if (!share_rows_of(&m, i, s)) return false;
        }
    }
    return true;
}
