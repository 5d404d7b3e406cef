/* caps_posting.c: one line of a postings file.  Every field is checked; an unknown field is
 * refused, so that a misspelt one can't be a cap that is not seen. */
#include "custody/caps.h"

#include <string.h>

static const char *const kind_names[] = {"reserve", "export", "install", "retire", "release"};

static bool refuse(plm_fault *f, const char *where, const char *say) {
    return plm_fail_at(f, PLM_BAD_INPUT, where, 0, 0, "%s", say);
}

static bool take_text(const plm_json *o, const char *name, plm_arena *a, plm_str *out,
                      plm_fault *f) {
    const plm_json *m = plm_json_get(o, name);
    *out = (plm_str){"", 0};
    if (!m || plm_json_is_null(m)) return true;
    plm_str s = plm_str_trim(plm_json_text(m));
    if (!plm_json_is_str(m)) return refuse(f, name, "must be a string or null");
    if (s.n >= PLM_CAPS_TEXT_MAX) return refuse(f, name, "is too long");
    for (size_t i = 0; i < s.n; i++)
        if ((unsigned char)s.p[i] < 0x20) return refuse(f, name, "holds a control character");
    *out = plm_arena_copy(a, s);
    return out->p || refuse(f, name, "there is no room for it");
}

static bool take_holder(const plm_json *o, plm_arena *a, plm_caps_holder *h, plm_fault *f) {
    plm_str country;
    if (!take_text(o, "country", a, &country, f) || !take_text(o, "company", a, &h->company, f) ||
        !take_text(o, "consignee", a, &h->consignee, f) ||
            !take_text(o, "license", a, &h->license, f) ||
        !take_text(o, "site", a, &h->site, f) || !take_text(o, "sku", a, &h->sku, f))
        return false;
    h->country = plm_country_parse(country);
    return h->country || refuse(f, "country", "must be an ISO 3166-1 alpha-2 code");
}

static bool known_fields(const plm_json *v, bool outer, plm_fault *f) {
    static const char *const inner[] = {"country", "company", "consignee", "license", "site", "sku",
        NULL};
    static const char *const more[] = {"id", "date", "kind", "chips", "tpp", "to", NULL};
    plm_json_pairs(v, it, k, m) {
        plm_str key = plm_json_text(k);
        bool known = false;
        (void)m;
        for (size_t i = 0; inner[i]; i++) known = known || plm_str_is(key, inner[i]);
        for (size_t i = 0; outer && more[i]; i++) known = known || plm_str_is(key, more[i]);
        if (!known) {
            char name[64];
            size_t n = key.n < sizeof name - 1 ? key.n : sizeof name - 1;
            memcpy(name, key.p, n);
            name[n] = 0;
            return refuse(f, name, "is no field of a posting");
        }
    }
    return true;
}

/* A transfer names only what changes on the other side. */
static bool take_other_side(const plm_json *v, plm_arena *a, plm_caps_posting *p, plm_fault *f) {
    const plm_json *to = plm_json_get(v, "to");
    plm_caps_holder h;
    if (!to || !plm_json_is_obj(to)) return refuse(f, "to",
                                                   "a transfer needs whom it goes to, an object");
    if (!known_fields(to, false, f)) return false;
    p->to = p->at;
    if (plm_json_get(to, "country")) {
        if (!take_holder(to, a, &h, f)) return false;
    } else {
        h = (plm_caps_holder){.country = p->at.country};
        if (!take_text(to, "company", a, &h.company, f) ||
            !take_text(to, "consignee", a, &h.consignee, f) ||
            !take_text(to, "license", a, &h.license, f) || !take_text(to, "site", a, &h.site, f) ||
            !take_text(to, "sku", a, &h.sku, f))
            return false;
    }
    p->to.country = h.country;
    if (plm_json_get(to, "company")) p->to.company = h.company;
    if (plm_json_get(to, "consignee")) p->to.consignee = h.consignee;
    if (plm_json_get(to, "license")) p->to.license = h.license;
    if (plm_json_get(to, "site")) p->to.site = h.site;
    if (plm_json_get(to, "sku")) p->to.sku = h.sku;
    return true;
}

static bool take_kind(const plm_json *v, plm_caps_posting *p, plm_fault *f) {
    const plm_json *m = plm_json_get(v, "kind");
    plm_str s = plm_json_text(m);
    if (p->transfer && (!m || plm_json_is_null(m))) return p->kind = PLM_INSTALL, true;
    for (size_t i = 0; i < sizeof kind_names / sizeof kind_names[0]; i++)
        if (plm_json_is_str(m) && plm_str_is(s, kind_names[i])) {
            p->kind = (plm_caps_kind)i;
            if (p->transfer && (p->kind == PLM_RETIRE || p->kind == PLM_RELEASE))
                return refuse(f, "kind", "a transfer moves what is reserve, export or install");
            return true;
        }
    return refuse(f, "kind", "must be reserve, export, install, retire or release");
}

static bool take_amounts(const plm_json *v, plm_caps_posting *p, plm_fault *f) {
    const plm_json *tpp = plm_json_get(v, "tpp"), *chips = plm_json_get(v, "chips");
    if (!plm_json_is_num(tpp) || !plm_tpp_parse(plm_json_text(tpp), &p->tpp))
        return refuse(f, "tpp", "must be the total as an integer");
    if (p->tpp < 0 || p->tpp > PLM_TPP_MAX) return refuse(f, "tpp", "must be from 0 to 10^27");
    if (chips && !plm_json_is_null(chips) && (!plm_json_int(chips, &p->chips) || p->chips < 0))
        return refuse(f, "chips", "must be an integer from 0");
    return true;
}

static void put_holder(plm_jw *w, const plm_caps_holder *h) {
    char country[3];
    plm_country_print(h->country, country);
    plm_jw_kcstr(w, "country", country);
    plm_jw_kstr(w, "company", h->company);
    plm_jw_kstr(w, "consignee", h->consignee);
    plm_jw_kstr(w, "license", h->license);
    plm_jw_kstr(w, "site", h->site);
    plm_jw_kstr(w, "sku", h->sku);
}

/* The same facts in any order of fields are the same content. */
static bool put_content(plm_caps_posting *p, plm_arena *a, plm_fault *f) {
    char day[11], tpp[PLM_TPP_TEXT];
    plm_buf b;
    plm_buf_init(&b, 64u << 10);
    plm_jw w = plm_jw_into(&b);
    plm_day_print(p->day, day);
    plm_tpp_print(p->tpp, tpp);
    plm_jw_obj(&w);
    plm_jw_kstr(&w, "id", p->id);
    plm_jw_kcstr(&w, "date", day);
    plm_jw_kcstr(&w, "kind", kind_names[p->kind]);
    put_holder(&w, &p->at);
    plm_jw_kint(&w, "chips", p->chips);
    plm_jw_key(&w, "tpp");
    plm_jw_raw(&w, plm_str_c(tpp));
    if (p->transfer) {
        plm_jw_key(&w, "to");
        plm_jw_obj(&w);
        put_holder(&w, &p->to);
        plm_jw_end_obj(&w);
    }
    plm_jw_end_obj(&w);
    p->content = plm_arena_copy(a, plm_buf_str(&b));
    bool ok = !b.full && p->content.p;
    plm_buf_free(&b);
    return ok || refuse(f, "", "the posting is too large");
}

bool plm_caps_posting_read(const plm_json *v, bool transfer, plm_arena *a, plm_caps_posting *out,
                           plm_fault *f) {
    *out = (plm_caps_posting){.transfer = transfer, .id = {"", 0}};
    if (!plm_json_is_obj(v)) return refuse(f, "", "a posting is an object");
    if (!take_text(v, "id", a, &out->id, f)) return false;
    if (!out->id.n) return refuse(f, "id", "is missing");
    if (!known_fields(v, true, f)) return false;
    plm_str date = plm_json_text(plm_json_get(v, "date"));
    if (!plm_day_parse(date, &out->day)) return refuse(f, "date", "must be YYYY-MM-DD");
    if (!transfer && plm_json_get(v, "to") && !plm_json_is_null(plm_json_get(v, "to")))
        return refuse(f, "to", "belongs to a transfer: use caps transfer");
    if (!take_kind(v, out, f) || !take_holder(v, a, &out->at, f) ||
        !take_amounts(v, out, f)) return false;
    if (transfer && !take_other_side(v, a, out, f)) return false;
    return put_content(out, a, f);
}
