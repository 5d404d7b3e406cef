/* whatif_read.c: the file of `caps whatif`.  Every field is checked, an unknown one refused; power
 * in billionths of a MW, watts in thousandths, PUE in millionths, so that nothing is rounded. */
#include "custody/whatif.h"

#include <stdio.h>
#include <string.h>

static bool refuse(plm_fault *f, const char *list, size_t i, const char *field, const char *say) {
    char where[160];
    if (list) snprintf(where, sizeof where, "%s[%zu].%s", list, i, field);
    else snprintf(where, sizeof where, "%s", field);
    return plm_fail_at(f, PLM_BAD_INPUT, where, 0, 0, "%s", say);
}

static bool known(const plm_json *o, const char *const *names, plm_str *bad) {
    plm_json_pairs(o, it, k, m) {
        bool found = false;
        (void)m;
        *bad = plm_json_text(k);
        for (size_t i = 0; names[i]; i++) found = found || plm_str_is(*bad, names[i]);
        if (!found) return false;
    }
    return true;
}

static bool only_known(const plm_json *o, const char *const *names, const char *list, size_t i,
                       plm_fault *f) {
    plm_str bad = {"", 0};
    char name[64];
    if (!plm_json_is_obj(o)) return refuse(f, list, i, "", "must be an object");
    if (known(o, names, &bad)) return true;
    snprintf(name, sizeof name, "%.*s", (int)(bad.n < 60 ? bad.n : 60), bad.p);
    return refuse(f, list, i, name, "is not known here");
}

static bool missing(const plm_json *v) { return !v || plm_json_is_null(v); }

static bool take_text(const plm_json *o, const char *name, bool needed, plm_arena *a, plm_str *out,
                      const char *list, size_t at, plm_fault *f) {
    const plm_json *m = plm_json_get(o, name);
    *out = (plm_str){"", 0};
    if (missing(m) && !needed) return true;
    plm_str s = plm_str_trim(plm_json_text(m));
    if (!m || !plm_json_is_str(m) || (needed && !s.n))
        return refuse(f, list, at, name, needed ? "must be a text" : "must be a text or null");
    if (s.n >= PLM_CAPS_TEXT_MAX) return refuse(f, list, at, name, "is too long");
    for (size_t i = 0; i < s.n; i++)
        if ((unsigned char)s.p[i] < 0x20)
            return refuse(f, list, at, name, "holds a control character");
    *out = plm_arena_copy(a, s);
    return out->p || plm_fail(f, PLM_NO_MEMORY, "out of memory");
}

/* A number in units of 1/per (per divides 10^9), from lo to hi units; false: it is not. */
static bool take_exact(const plm_json *v, int64_t per, plm_tpp lo, plm_tpp hi, plm_tpp *out) {
    plm_dec d;
    plm_fault quiet = {0};
    if (!plm_json_is_num(v) || !plm_json_dec(v, false, &d, &quiet) || d.neg || d.w[2]) return false;
    if (d.w[1] >> 62) return false;
    plm_tpp n = (plm_tpp)((plm_utpp)d.w[1] << 64 | d.w[0]), each = 1000000000 / per;
    *out = n / each;
    return n % each == 0 && *out >= lo && *out <= hi;
}

static bool take_count(const plm_json *o, const char *name, plm_tpp max, plm_tpp *out,
                       const char *list, size_t i, plm_fault *f) {
    const plm_json *m = plm_json_get(o, name);
    *out = -1;
    if (missing(m)) return true;
    return take_exact(m, 1, 0, max, out) ||
           refuse(f, list, i, name, "must be a whole number from 0, within limits, or null");
}

static bool take_site(const plm_json *o, plm_arena *a, size_t i, plm_wi_place *s, plm_fault *f) {
    static const char *const names[] = {"id", "country", "company", "consignee", "license",
                                        "power_mw", "pue", "max_chips", NULL};
    const plm_json *power, *pue;
    plm_str country;
    plm_tpp n;
    if (!only_known(o, names, "sites", i, f) ||
        !take_text(o, "id", true, a, &s->id, "sites", i, f) ||
        !take_text(o, "country", true, a, &country, "sites", i, f) ||
        !take_text(o, "company", false, a, &s->at.company, "sites", i, f) ||
        !take_text(o, "consignee", false, a, &s->at.consignee, "sites", i, f) ||
        !take_text(o, "license", false, a, &s->at.license, "sites", i, f) ||
        !take_count(o, "max_chips", PLM_WHATIF_COUNT_MAX, &n, "sites", i, f))
        return false;
    s->chips_max = (int64_t)n;
    s->at.site = s->id;
    s->at.sku = (plm_str){"", 0};
    s->at.country = plm_country_parse(country);
    if (!s->at.country)
        return refuse(f, "sites", i, "country", "must be an ISO 3166-1 alpha-2 code");
    power = plm_json_get(o, "power_mw");
    pue = plm_json_get(o, "pue");
    s->power_mw9 = -1;
    plm_tpp most = (plm_tpp)PLM_WHATIF_MW_MAX * 1000000000;
    if (!missing(power) && !take_exact(power, 1000000000, 0, most, &s->power_mw9))
        return refuse(f, "sites", i, "power_mw", "must be MW from 0 to a million, or null");
    n = 1000000;
    if (missing(pue) ? s->power_mw9 >= 0 : !take_exact(pue, 1000000, 1000000, 10000000, &n))
        return refuse(f, "sites", i, "pue", "must be from 1 to 10, at most 6 digits after the"
                                            " point; it is needed where power_mw is given");
    s->pue_millionths = (int64_t)n;
    return true;
}

static bool take_chip(const plm_json *o, plm_arena *a, size_t i, plm_wi_chip *c, plm_fault *f) {
    static const char *const names[] = {"sku", "tpp", "watts", "stock", NULL};
    plm_tpp n;
    if (!only_known(o, names, "chips", i, f) ||
        !take_text(o, "sku", true, a, &c->sku, "chips", i, f))
        return false;
    if (!take_exact(plm_json_get(o, "tpp"), 1, 1, PLM_WHATIF_TPP_MAX, &n))
        return refuse(f, "chips", i, "tpp", "must be a whole number from 1, of one chip");
    c->tpp = (int64_t)n;
    if (!take_exact(plm_json_get(o, "watts"), 1000, 1, 1000000000, &n))
        return refuse(f, "chips", i, "watts",
                      "must be above 0, of one chip, at most 3 digits after the point");
    c->milliwatts = (int64_t)n;
    if (!take_count(o, "stock", PLM_WHATIF_COUNT_MAX, &n, "chips", i, f)) return false;
    c->stock = (int64_t)n;
    return true;
}

/* Whether s is in the list; a list that is not there, or empty, holds everything.  *named: how
 * many of the list's texts s is. */
static bool listed(const plm_json *list, plm_str s) {
    if (missing(list) || !plm_json_count(list)) return true;
    plm_json_each(list, it, v) if (plm_str_eq(plm_json_text(v), s)) return true;
    return false;
}

static plm_str country_text(plm_country c, char out[3]) {
    plm_country_print(c, out);
    return (plm_str){out, 2};
}

/* Each name of a list must be one of the file: a misspelt one would be a cap on nothing. */
static bool names_hold(const plm_wi_problem *p, const plm_json *o, size_t i, plm_fault *f) {
    static const char *const lists[] = {"sites", "countries", "companies", "consignees", "licenses",
                                        "skus"};
    for (size_t k = 0; k < 6; k++) {
        const plm_json *list = plm_json_get(o, lists[k]);
        if (missing(list)) continue;
        if (!plm_json_is_arr(list))
            return refuse(f, "caps", i, lists[k], "must be a list of texts");
        plm_json_each(list, it, v) {
            plm_str s = plm_json_text(v);
            bool found = false;
            char cc[3];
            for (size_t c = 0; k == 5 && c < p->chips; c++)
                found = found || plm_str_eq(s, p->chip[c].sku);
            for (size_t x = 0; k < 5 && x < p->sites; x++) {
                const plm_wi_place *w = &p->site[x];
                plm_str of[] = {w->id, country_text(w->at.country, cc), w->at.company,
                                w->at.consignee, w->at.license};
                found = found || plm_str_eq(s, of[k]);
            }
            if (!plm_json_is_str(v) || !found)
                return refuse(f, "caps", i, lists[k], "names what no site or chip of the file has");
        }
    }
    return true;
}

static bool take_limit(const plm_json *o, plm_arena *a, size_t i, const plm_wi_problem *p,
                       plm_wi_limit *l, plm_fault *f) {
    static const char *const names[] = {"id", "sites", "countries", "companies", "consignees",
                                        "licenses", "skus", "max_tpp", "max_chips", NULL};
    char cc[3];
    if (!only_known(o, names, "caps", i, f) ||
        !take_text(o, "id", true, a, &l->id, "caps", i, f) || !names_hold(p, o, i, f) ||
        !take_count(o, "max_tpp", PLM_TPP_MAX, &l->tpp_max, "caps", i, f) ||
        !take_count(o, "max_chips", PLM_WHATIF_COUNT_MAX, &l->chips_max, "caps", i, f))
        return false;
    if (l->tpp_max < 0 && l->chips_max < 0)
        return refuse(f, "caps", i, "max_tpp", "or max_chips must say what the cap is");
    bool *site = plm_arena_array(a, p->sites + 1, sizeof *site);
    bool *chip = plm_arena_array(a, p->chips + 1, sizeof *chip);
    if (!site || !chip) return plm_fail(f, PLM_NO_MEMORY, "out of memory");
    for (size_t k = 0; k < p->sites; k++) {
        const plm_wi_place *s = &p->site[k];
        site[k] = listed(plm_json_get(o, "sites"), s->id) &&
                  listed(plm_json_get(o, "countries"), country_text(s->at.country, cc)) &&
                  listed(plm_json_get(o, "companies"), s->at.company) &&
                  listed(plm_json_get(o, "consignees"), s->at.consignee) &&
                  listed(plm_json_get(o, "licenses"), s->at.license);
    }
    for (size_t k = 0; k < p->chips; k++)
        chip[k] = listed(plm_json_get(o, "skus"), p->chip[k].sku);
    l->site = site;
    l->chip = chip;
    return true;
}

static bool count_of(const plm_json *v, const char *name, bool needed, size_t max, size_t *n,
                     plm_fault *f) {
    const plm_json *list = plm_json_get(v, name);
    *n = 0;
    if (missing(list) && !needed) return true;
    if (!list || !plm_json_is_arr(list)) return refuse(f, NULL, 0, name, "must be a list");
    *n = plm_json_count(list);
    if (*n > max) return refuse(f, NULL, 0, name, "is too long");
    return *n > 0 || !needed || refuse(f, NULL, 0, name, "is empty");
}

static bool ids_differ(const plm_wi_problem *p, plm_fault *f) {
    for (size_t i = 0; i < p->sites; i++)
        for (size_t k = 0; k < i; k++)
            if (plm_str_eq(p->site[i].id, p->site[k].id))
                return refuse(f, "sites", i, "id", "is that of an earlier site");
    for (size_t i = 0; i < p->chips; i++)
        for (size_t k = 0; k < i; k++)
            if (plm_str_eq(p->chip[i].sku, p->chip[k].sku))
                return refuse(f, "chips", i, "sku", "is that of an earlier chip");
    return true;
}

bool plm_whatif_read(const plm_json *v, plm_arena *a, plm_wi_problem *p, plm_fault *f) {
    static const char *const names[] = {"date", "sites", "chips", "caps", NULL};
    size_t i = 0;
    *p = (plm_wi_problem){0};
    if (!only_known(v, names, NULL, 0, f)) return false;
    if (!plm_day_parse(plm_json_text(plm_json_get(v, "date")), &p->day))
        return refuse(f, NULL, 0, "date", "must be YYYY-MM-DD: caps depend on the day");
    if (!count_of(v, "sites", true, PLM_WHATIF_SITES_MAX, &p->sites, f) ||
        !count_of(v, "chips", true, PLM_WHATIF_CHIPS_MAX, &p->chips, f) ||
        !count_of(v, "caps", false, PLM_WHATIF_CAPS_MAX, &p->limits, f))
        return false;
    if (p->sites * p->chips > PLM_WHATIF_VARS_MAX)
        return refuse(f, NULL, 0, "sites", "times chips are too many: at most 20,000");
    p->site = plm_arena_array(a, p->sites, sizeof *p->site);
    p->chip = plm_arena_array(a, p->chips, sizeof *p->chip);
    p->limit = plm_arena_array(a, p->limits + 1, sizeof *p->limit);
    if (!p->site || !p->chip || !p->limit) return plm_fail(f, PLM_NO_MEMORY, "out of memory");
    plm_json_each(plm_json_get(v, "sites"), it, s) {
        if (!take_site(s, a, i, &p->site[i], f)) return false;
        i++;
    }
    i = 0;
    plm_json_each(plm_json_get(v, "chips"), jt, c) {
        if (!take_chip(c, a, i, &p->chip[i], f)) return false;
        i++;
    }
    if (!ids_differ(p, f)) return false;
    i = 0;
    if (!p->limits) return true;
    plm_json_each(plm_json_get(v, "caps"), kt, l) {
        if (!take_limit(l, a, i, p, &p->limit[i], f)) return false;
        i++;
    }
    return true;
}
