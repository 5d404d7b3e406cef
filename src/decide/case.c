/* case.c: reads one case (or one item) of the contract of `plimsoll review`, strictly.
 * Invariants: 1 what was left out is marked as not known, never as zero or false, but where the
 * contract itself says so; 2 a value of the wrong type, range or vocabulary is a fault with its
 * path and the mend; 3 a key that the contract does not name is a warning with its path, never
 * silence; 4 every list, text and nesting has a named limit; 5 nothing in the result borrows
 * from the JSON text.  Held by tests/unit/test_case.c and fuzz/case.c. */
#include "plimsoll/case.h"

#include "decide/desk.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define PATH_MAX_TEXT 191 /* what fits in plm_fault.where */
#define PATH_BUF 1024
#define KEY_SHOWN_MAX 60 /* bytes of an unknown key that are shown */
#define HTS_SIX 6
#define HTS_MAX 10 /* digits of a code of the Harmonized Tariff Schedule of the United States */
#define COUNT(a) (sizeof(a) / sizeof *(a))

#define PLM_X(n) #n,
const char *const plm_item_number_names[PLM_N_COUNT] = {PLM_ITEM_NUMBERS(PLM_X)};
const char *const plm_item_flag_names[PLM_F_COUNT] = {PLM_ITEM_FLAGS(PLM_X)};
const char *const plm_end_use_names[PLM_U_COUNT] = {PLM_END_USES(PLM_X)};
const char *const plm_listed_names[PLM_L_COUNT] = {PLM_LISTED_FLAGS(PLM_X)};
const char *const plm_form_names[PLM_FORM_COUNT] = {"", PLM_FORMS(PLM_X)};
const char *const plm_kind_names[PLM_KIND_COUNT] = {"", PLM_KINDS(PLM_X)};
const char *const plm_role_names[PLM_ROLE_COUNT] = {"", PLM_ROLES(PLM_X)};
const char *const plm_maker_names[PLM_MAKER_COUNT] = {"", PLM_MAKERS(PLM_X)};
const char *const plm_replacement_names[] = {"none", PLM_REPLACEMENTS(PLM_X) NULL};
const char *const plm_temporary_names[] = {"none", PLM_TEMPORARIES(PLM_X) NULL};
const char *const plm_government_names[] = {"none", PLM_GOVERNMENTS(PLM_X) NULL};
const char *const plm_tsu_names[] = {"none", PLM_SUPPORTS(PLM_X) NULL};
const char *const plm_purpose_names[PLM_PURPOSE_COUNT] = {"", PLM_PURPOSES(PLM_X)};
const char *const plm_target_names[PLM_TARGET_COUNT] = {"", PLM_TARGETS(PLM_X)};
#undef PLM_X

/* Where the reader stands: a chain on the stack, made into text only when it is needed. */
typedef struct at {
    const struct at *up;
    plm_str key; /* p NULL: an array position */
    uint32_t index;
} at;

typedef struct note {
    struct note *next;
    plm_str text;
} note;

typedef struct rd {
    plm_arena *a;
    plm_fault *f;
    note *first, **last;
    uint32_t notes, items, owners, edges;
} rd;

/* ---- paths, faults, warnings ---- */

static size_t path_put(const at *p, char *out, size_t n, size_t max) {
    if (!p) return n;
    n = path_put(p->up, out, n, max);
    char part[KEY_SHOWN_MAX + 16];
    size_t len = 0;
    if (!p->key.p) {
        len = (size_t)snprintf(part, sizeof part, "[%u]", p->index);
    } else {
        size_t k = p->key.n < KEY_SHOWN_MAX ? p->key.n : KEY_SHOWN_MAX;
        while (k < p->key.n && k && ((unsigned char)p->key.p[k] & 0xC0) == 0x80) k--;
        if (n) part[len++] = '.';
        for (size_t i = 0; i < k; i++) {
            unsigned char c = (unsigned char)p->key.p[i];
            part[len++] = c < 0x20 || c == 0x7F ? '?' : (char)c;
        }
        for (int i = 0; k < p->key.n && i < 3; i++) part[len++] = '.';
    }
    if (len > max - n) len = max - n;
    memcpy(out + n, part, len);
    return n + len;
}

/* The path of p; one too long keeps its end, which names the field. */
static void path_text(const at *p, char out[PATH_MAX_TEXT + 1]) {
    char all[PATH_BUF];
    size_t n = path_put(p, all, 0, sizeof all - 1), from = 0;
    all[n] = 0;
    if (n > PATH_MAX_TEXT) {
        from = n - (PATH_MAX_TEXT - 3);
        while (from < n && ((unsigned char)all[from] & 0xC0) == 0x80) from++;
    }
    size_t dots = from ? 3 : 0;
    memcpy(out, "...", dots);
    memcpy(out + dots, all + from, n - from + 1);
}

static bool bad(rd *r, const at *p, plm_code code, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
static bool bad(rd *r, const at *p, plm_code code, const char *fmt, ...) {
    char where[PATH_MAX_TEXT + 1], say[sizeof((plm_fault *)0)->say];
    path_text(p, where);
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(say, sizeof say, fmt, ap);
    va_end(ap);
    return plm_fail_at(r->f, code, where, 0, 0, "%s", say);
}

static bool no_memory(rd *r, const at *p) {
    return bad(r, p, PLM_NO_MEMORY, "the case does not fit in the memory allowed for it");
}

static void *array(rd *r, const at *p, size_t n, size_t size) {
    void *v = plm_arena_array(r->a, n, size);
    if (!v) no_memory(r, p);
    return v;
}

static bool warn_text(rd *r, const at *p, const char *text) {
    note *w = array(r, p, 1, sizeof *w);
    if (!w) return false;
    w->text = plm_arena_copy(r->a, plm_str_c(text));
    if (!w->text.p) return no_memory(r, p);
    *r->last = w;
    r->last = &w->next;
    r->notes++;
    return true;
}

/* A key that the contract does not name. */
static bool unnamed(rd *r, const at *p) {
    if (r->notes > PLM_CASE_LIST_MAX) return true;
    if (r->notes == PLM_CASE_LIST_MAX)
        return warn_text(r, p, "more unknown keys follow that are not listed here");
    char where[PATH_MAX_TEXT + 1], text[PATH_MAX_TEXT + 64];
    path_text(p, where);
    snprintf(text, sizeof text, "%s: unknown key, not taken into account", where);
    return warn_text(r, p, text);
}

static bool warnings_into(rd *r, plm_case *c) {
    if (!r->notes) return true;
    c->warnings = array(r, NULL, r->notes, sizeof *c->warnings);
    if (!c->warnings) return false;
    for (note *w = r->first; w; w = w->next) c->warnings[c->warning_count++] = w->text;
    return true;
}

/* ---- values ---- */

#define KEY(s) {s, sizeof s - 1}

/* Position of k among keys, or -1. */
static int find(const plm_str *keys, size_t n, plm_str k) {
    for (size_t i = 0; i < n; i++)
        if (plm_str_eq(keys[i], k)) return (int)i;
    return -1;
}
#define FIND(keys, k) find(keys, COUNT(keys), plm_json_text(k))

static at under(const at *up, const plm_json *k) {
    return (at){.up = up, .key = plm_json_text(k)};
}

static bool need_obj(rd *r, const at *p, const plm_json *v) {
    return plm_json_is_obj(v) || bad(r, p, PLM_BAD_INPUT, "is not an object: write { ... }");
}

static bool need_arr(rd *r, const at *p, const plm_json *v, size_t max) {
    if (!plm_json_is_arr(v)) return bad(r, p, PLM_BAD_INPUT, "is not a list: write [ ... ]");
    if (plm_json_count(v) <= max) return true;
    return bad(r, p, PLM_OUT_OF_RANGE, "has more than %zu entries", max);
}

static bool need_str(rd *r, const at *p, const plm_json *v) {
    if (plm_json_is_str(v)) return true;
    return bad(r, p, PLM_BAD_INPUT, "is not a text: put it in quotes, or leave it out%s",
               plm_json_is_null(v) ? " where it is not known (null is not taken)" : "");
}

static bool text(rd *r, const at *p, const plm_json *v, plm_str *out) {
    if (!need_str(r, p, v)) return false;
    plm_str s = plm_json_text(v);
    if (s.n > PLM_CASE_TEXT_MAX)
        return bad(r, p, PLM_OUT_OF_RANGE, "is longer than %d bytes", PLM_CASE_TEXT_MAX);
    *out = plm_arena_copy(r->a, s);
    return out->p || no_memory(r, p);
}

static bool flag(rd *r, const at *p, const plm_json *v, plm_truth *out) {
    if (!plm_json_is_bool(v))
        return bad(r, p, PLM_BAD_INPUT,
                   "is neither true nor false; leave it out where it is not known");
    *out = plm_json_true(v) ? PLM_YES : PLM_NO;
    return true;
}

static bool country(rd *r, const at *p, const plm_json *v, plm_country *out) {
    if (!need_str(r, p, v)) return false;
    plm_str s = plm_json_text(v);
    *out = plm_country_parse(s);
    if (*out) return true;
    return bad(r, p, PLM_BAD_INPUT,
               "\"%.*s\" is no assigned ISO 3166-1 code: write two capitals such as US",
               (int)(s.n < 20 ? s.n : 20), s.p);
}

static bool date(rd *r, const at *p, const plm_json *v, plm_day *out) {
    if (!need_str(r, p, v)) return false;
    plm_str s = plm_json_text(v);
    if (plm_day_parse(s, out)) return true;
    return bad(r, p, PLM_BAD_INPUT, "\"%.*s\" is no date that exists: write YYYY-MM-DD",
               (int)(s.n < 20 ? s.n : 20), s.p);
}

/* Words 1..count-1 of names; a word that is not there is a fault that lists them. */
static bool word(rd *r, const at *p, const plm_json *v, const char *const *names, int count,
                 int *out) {
    if (!need_str(r, p, v)) return false;
    plm_str s = plm_json_text(v);
    char all[256] = "";
    size_t n = 0;
    for (int i = 1; i < count; i++)
        if (s.n && s.p[0] == names[i][0] && plm_str_is(s, names[i])) {
            *out = i;
            return true;
        }
    for (int i = 1; i < count && n < sizeof all; i++)
        n += (size_t)snprintf(all + n, sizeof all - n, "%s%s", i > 1 ? ", " : "", names[i]);
    return bad(r, p, PLM_BAD_INPUT, "\"%.*s\" is no word known here: write one of %s",
               (int)(s.n < 40 ? s.n : 40), s.p, all);
}

static bool decimal(rd *r, const at *p, const plm_json *v, plm_dec *out) {
    plm_str s = plm_json_text(v);
    bool is_text = plm_json_is_str(v);
    if (!(is_text && s.n && s.p[0] == '-') && plm_json_dec(v, true, out, NULL)) {
        if (!out->neg) return true;
        return bad(r, p, PLM_OUT_OF_RANGE, "is negative: write a number of 0 or more");
    }
    plm_fault why = {0};
    if (is_text && s.n && s.p[0] == '-')
        return bad(r, p, PLM_BAD_INPUT, "has a sign: write a plain decimal of 0 or more");
    plm_json_dec(v, true, out, &why);
    return bad(r, p, why.code, "%s; write a plain decimal such as 4800 or \"4800.5\"", why.say);
}

static const plm_str ends[] = {KEY("min"), KEY("max")};

/* A number or an interval; an end left out is open (below: 0). */
static bool number(rd *r, const at *p, const plm_json *v, plm_num *out) {
    plm_dec d;
    if (!plm_json_is_obj(v)) {
        if (plm_json_is_arr(v) || plm_json_is_bool(v) || plm_json_is_null(v))
            return bad(r, p, PLM_BAD_INPUT,
                       "is not a number: write 4800, \"4800\" or {\"min\": x, \"max\": y}");
        if (!decimal(r, p, v, &d)) return false;
        *out = (plm_num){true, plm_iv_point(d)};
        return true;
    }
    *out = (plm_num){true, plm_iv_from(plm_dec_int(0))};
    int seen = 0;
    plm_json_pairs(v, it, k, m) {
        at here = under(p, k);
        int i = FIND(ends, k);
        if (i < 0) {
            if (!unnamed(r, &here)) return false;
            continue;
        }
        if (!decimal(r, &here, m, &d)) return false;
        if (i == 0) out->iv.lo = d;
        else out->iv.hi = d, out->iv.no_hi = false;
        seen++;
    }
    if (!seen)
        return bad(r, p, PLM_BAD_INPUT, "has neither min nor max; leave it out where not known");
    if (!out->iv.no_hi && plm_dec_cmp(out->iv.lo, out->iv.hi) > 0)
        return bad(r, p, PLM_BAD_INPUT, "has its ends the wrong way round: min is above max");
    return true;
}

static bool share(rd *r, const at *p, const plm_json *v, plm_num *out) {
    if (!number(r, p, v, out)) return false;
    plm_dec one = plm_dec_int(1);
    if (plm_dec_cmp(out->iv.lo, one) > 0 ||
        (!out->iv.no_hi && plm_dec_cmp(out->iv.hi, one) > 0))
        return bad(r, p, PLM_OUT_OF_RANGE, "is a share above 1: write 0.25 for 25 %%");
    if (out->iv.no_hi) out->iv.hi = one, out->iv.no_hi = false;
    return true;
}

static bool texts(rd *r, const at *p, const plm_json *v, uint32_t *n, plm_str **out) {
    if (!need_arr(r, p, v, PLM_CASE_LIST_MAX)) return false;
    *out = array(r, p, plm_json_count(v), sizeof **out);
    if (!*out) return false;
    plm_json_each(v, it, m) {
        at here = {.up = p, .index = *n};
        if (!text(r, &here, m, &(*out)[*n])) return false;
        ++*n;
    }
    return true;
}

static bool countries(rd *r, const at *p, const plm_json *v, uint32_t *n, plm_country **out) {
    if (!need_arr(r, p, v, PLM_CASE_LIST_MAX)) return false;
    *out = array(r, p, plm_json_count(v), sizeof **out);
    if (!*out) return false;
    plm_json_each(v, it, m) {
        at here = {.up = p, .index = *n};
        if (!country(r, &here, m, &(*out)[*n])) return false;
        ++*n;
    }
    return true;
}

/* An object of flags only. */
static bool flags(rd *r, const at *p, const plm_json *v, const plm_str *keys, size_t n,
                  plm_truth *const *out) {
    if (!need_obj(r, p, v)) return false;
    plm_json_pairs(v, it, k, m) {
        at here = under(p, k);
        int i = find(keys, n, plm_json_text(k));
        if (!(i < 0 ? unnamed(r, &here) : flag(r, &here, m, out[i]))) return false;
    }
    return true;
}

/* ---- items ---- */

static const plm_str format_keys[] = {KEY("bits"), KEY("dense_tops")};

static bool format(rd *r, const at *p, const plm_json *v, plm_format *out) {
    if (!need_obj(r, p, v)) return false;
    plm_json_pairs(v, it, k, m) {
        at here = under(p, k);
        int i = FIND(format_keys, k);
        bool ok = i < 0    ? unnamed(r, &here)
                  : i == 0 ? number(r, &here, m, &out->bits)
                           : number(r, &here, m, &out->dense_tops);
        if (!ok) return false;
        if (i == 0 && plm_dec_is_zero(out->bits.iv.lo))
            return bad(r, &here, PLM_OUT_OF_RANGE, "is 0: a format has a length above 0 bits");
    }
    return true;
}

static bool formats(rd *r, const at *p, const plm_json *v, plm_item *out) {
    if (!need_arr(r, p, v, PLM_CASE_LIST_MAX)) return false;
    out->formats = array(r, p, plm_json_count(v), sizeof *out->formats);
    if (!out->formats) return false;
    plm_json_each(v, it, m) {
        at here = {.up = p, .index = out->format_count};
        if (!format(r, &here, m, &out->formats[out->format_count])) return false;
        out->format_count++;
    }
    return true;
}

#define PLM_X(n) KEY(#n),
static const plm_str fact_keys[] = {PLM_ITEM_NUMBERS(PLM_X) PLM_ITEM_FLAGS(PLM_X)
                                    KEY("formats"), KEY("form"), KEY("maker_role")};
static const plm_str end_use_keys[] = {PLM_END_USES(PLM_X) KEY("statement")};
static const plm_str listed_keys[] = {PLM_LISTED_FLAGS(PLM_X) KEY("footnote"), KEY("scope"),
                                      KEY("review_policy")};
#undef PLM_X

static bool facts(rd *r, const at *p, const plm_json *v, plm_item *out) {
    if (!need_obj(r, p, v)) return false;
    plm_json_pairs(v, it, k, m) {
        at here = under(p, k);
        int i = FIND(fact_keys, k), w = 0;
        bool ok;
        if (i < 0) ok = unnamed(r, &here);
        else if (i < PLM_N_COUNT) ok = number(r, &here, m, &out->number[i]);
        else if (i < PLM_N_COUNT + PLM_F_COUNT)
            ok = flag(r, &here, m, &out->flag[i - PLM_N_COUNT]);
        else if (i == PLM_N_COUNT + PLM_F_COUNT) ok = formats(r, &here, m, out);
        else if (i == PLM_N_COUNT + PLM_F_COUNT + 1) {
            ok = word(r, &here, m, plm_form_names, PLM_FORM_COUNT, &w);
            out->form = (plm_form)w;
        } else {
            ok = word(r, &here, m, plm_maker_names, PLM_MAKER_COUNT, &w);
            out->maker_role = (plm_maker)w;
        }
        if (!ok) return false;
    }
    return true;
}

static const plm_str made_keys[] = {KEY("us_technology"), KEY("us_plant")};

static bool made_with(rd *r, const at *p, const plm_json *v, plm_item *out) {
    if (!need_obj(r, p, v)) return false;
    plm_json_pairs(v, it, k, m) {
        at here = under(p, k);
        int i = FIND(made_keys, k);
        bool ok = i < 0 ? unnamed(r, &here)
                  : i == 0 ? texts(r, &here, m, &out->us_technology.n, &out->us_technology.v)
                           : flag(r, &here, m, &out->us_plant);
        if (!ok) return false;
        if (i == 0) out->us_technology.known = true;
    }
    return true;
}

#define EDGE_KEYS(X) X(item) X(eccn) X(class) X(description) X(for) X(designed_for)
#define PLM_X(n) E_##n,
enum { EDGE_KEYS(PLM_X) E_COUNT };
#undef PLM_X
#define PLM_X(n) KEY(#n),
static const plm_str edge_keys[] = {EDGE_KEYS(PLM_X)};
#undef PLM_X

static bool edges(rd *r, const at *p, const plm_json *v, int tier, uint32_t *n, plm_edge **out);

static bool edge(rd *r, const at *p, const plm_json *v, int tier, plm_edge *out) {
    if (!need_obj(r, p, v)) return false;
    out->number = r->edges++;
    plm_json_pairs(v, it, k, m) {
        at here = under(p, k);
        int w = 0;
        bool ok;
        switch (FIND(edge_keys, k)) {
        case E_item: ok = text(r, &here, m, &out->item); break;
        case E_eccn: ok = text(r, &here, m, &out->eccn); break;
        case E_class:
            ok = word(r, &here, m, plm_target_names, PLM_TARGET_COUNT, &w);
            out->target = (plm_target)w;
            break;
        case E_description: ok = text(r, &here, m, &out->description); break;
        case E_for:
            ok = word(r, &here, m, plm_purpose_names, PLM_PURPOSE_COUNT, &w);
            out->purpose = (plm_purpose)w;
            break;
        case E_designed_for:
            ok = edges(r, &here, m, tier + 1, &out->edge_count, &out->edges);
            break;
        default: ok = unnamed(r, &here);
        }
        if (!ok) return false;
    }
    if (out->item.n && (out->eccn.n || out->target || out->edge_count))
        return bad(r, p, PLM_BAD_INPUT,
                   "names an item of the case and describes another: keep one of the two");
    return true;
}

static bool edges(rd *r, const at *p, const plm_json *v, int tier, uint32_t *n, plm_edge **out) {
    if (!need_arr(r, p, v, PLM_CASE_EDGES_MAX)) return false;
    if (tier > PLM_CASE_TIERS_MAX)
        return bad(r, p, PLM_OUT_OF_RANGE, "goes further than %d tiers", PLM_CASE_TIERS_MAX);
    size_t count = plm_json_count(v);
    if (count > PLM_CASE_EDGES_MAX - r->edges)
        return bad(r, p, PLM_OUT_OF_RANGE, "brings the case above %d edges", PLM_CASE_EDGES_MAX);
    *out = array(r, p, count, sizeof **out);
    if (!*out) return false;
    plm_json_each(v, it, m) {
        at here = {.up = p, .index = *n};
        if (r->edges == PLM_CASE_EDGES_MAX)
            return bad(r, &here, PLM_OUT_OF_RANGE, "brings the case above %d edges",
                       PLM_CASE_EDGES_MAX);
        if (!edge(r, &here, m, tier, &(*out)[*n])) return false;
        ++*n;
    }
    return true;
}

static bool item(rd *r, const at *p, const plm_json *v, int depth, plm_item *out);

static bool items(rd *r, const at *p, const plm_json *v, int depth, uint32_t *n,
                  plm_item **out) {
    if (!need_arr(r, p, v, PLM_CASE_ITEMS_MAX)) return false;
    if (depth > PLM_CASE_DEPTH_MAX)
        return bad(r, p, PLM_OUT_OF_RANGE, "is nested deeper than %d levels",
                   PLM_CASE_DEPTH_MAX);
    if (plm_json_count(v) > PLM_CASE_ITEMS_MAX - r->items)
        return bad(r, p, PLM_OUT_OF_RANGE, "brings the case above %d items",
                   PLM_CASE_ITEMS_MAX);
    r->items += (uint32_t)plm_json_count(v);
    *out = array(r, p, plm_json_count(v), sizeof **out);
    if (!*out) return false;
    plm_json_each(v, it, m) {
        at here = {.up = p, .index = *n};
        if (!item(r, &here, m, depth, &(*out)[*n])) return false;
        ++*n;
    }
    return true;
}

#define ITEM_KEYS(X) \
    X(part) X(description) X(quantity) X(eccn) X(facts) X(contains) X(origin) \
    X(us_content_share) X(made_with) X(value_usd) X(designed_for) X(hts)
#define PLM_X(n) I_##n,
enum { ITEM_KEYS(PLM_X) I_COUNT };
#undef PLM_X
#define PLM_X(n) KEY(#n),
static const plm_str item_keys[] = {ITEM_KEYS(PLM_X)};
#undef PLM_X

/* A code of the Harmonized Tariff Schedule, of 6, 8 or 10 digits with or without points: the lists
 * of part 746 go by its first six ("when such longer HTS codes begin with the HTS-6 codes"). */
static bool hts(rd *r, const at *p, const plm_json *v, plm_str *out) {
    plm_str s;
    if (!text(r, p, v, &s)) return false;
    char *six = plm_arena_alloc(r->a, HTS_SIX);
    if (!six) return bad(r, p, PLM_NO_MEMORY, "out of memory");
    size_t digits = 0;
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] == '.' && i && s.p[i - 1] != '.') continue;
        if (s.p[i] < '0' || s.p[i] > '9') digits = HTS_MAX;
        if (digits < HTS_SIX) six[digits] = s.p[i];
        if (++digits > HTS_MAX) break;
    }
    if (digits < HTS_SIX || digits > HTS_MAX || digits % 2)
        return bad(r, p, PLM_BAD_INPUT, "is no HTS code: write 6, 8 or 10 digits, as 8471.50");
    *out = (plm_str){six, HTS_SIX};
    return true;
}

static bool item_member(rd *r, const at *p, const plm_json *k, const plm_json *m, int depth,
                        plm_item *out) {
    switch (FIND(item_keys, k)) {
    case I_part: return text(r, p, m, &out->part);
    case I_description: return text(r, p, m, &out->description);
    case I_quantity: return number(r, p, m, &out->quantity);
    case I_eccn: return text(r, p, m, &out->eccn);
    case I_facts: return facts(r, p, m, out);
    case I_contains:
        out->contains_known = true;
        return items(r, p, m, depth + 1, &out->part_count, &out->parts);
    case I_origin: return country(r, p, m, &out->origin);
    case I_us_content_share: return share(r, p, m, &out->us_content_share);
    case I_made_with: return made_with(r, p, m, out);
    case I_value_usd: return number(r, p, m, &out->value_usd);
    case I_hts: return hts(r, p, m, &out->hts);
    case I_designed_for:
        out->designed_for_known = true;
        return edges(r, p, m, 1, &out->edge_count, &out->edges);
    default: return unnamed(r, p);
    }
}

static bool item(rd *r, const at *p, const plm_json *v, int depth, plm_item *out) {
    for (int i = 0; i < PLM_F_COUNT; i++) out->flag[i] = PLM_UNKNOWN;
    out->us_plant = PLM_UNKNOWN;
    if (!need_obj(r, p, v)) return false;
    plm_json_pairs(v, it, k, m) {
        at here = under(p, k);
        if (!item_member(r, &here, k, m, depth, out)) return false;
    }
    return true;
}

/* ---- parties ---- */

static bool footnotes(rd *r, const at *p, const plm_json *v, uint32_t *out) {
    if (!need_arr(r, p, v, PLM_CASE_LIST_MAX)) return false;
    uint32_t i = 0;
    plm_json_each(v, it, m) {
        at here = {.up = p, .index = i++};
        int64_t n;
        if (!plm_json_is_num(m))
            return bad(r, &here, PLM_BAD_INPUT, "is not a footnote's number, such as 4");
        if (!plm_json_int(m, &n) || n < 1 || n > 9)
            return bad(r, &here, PLM_OUT_OF_RANGE, "is no footnote's number: write 1 to 9");
        *out |= 1u << n;
    }
    return true;
}

/* A `listed` that is given is vouched for: what it leaves out is false. */
static bool listed(rd *r, const at *p, const plm_json *v, plm_listed *out) {
    if (!need_obj(r, p, v)) return false;
    out->given = true;
    for (int i = 0; i < PLM_L_COUNT; i++) out->flag[i] = PLM_NO;
    plm_json_pairs(v, it, k, m) {
        at here = under(p, k);
        int i = FIND(listed_keys, k);
        bool ok = i < 0                  ? unnamed(r, &here)
                  : i < PLM_L_COUNT      ? flag(r, &here, m, &out->flag[i])
                  : i == PLM_L_COUNT     ? footnotes(r, &here, m, &out->footnotes)
                  : i == PLM_L_COUNT + 1 ? text(r, &here, m, &out->scope)
                                         : text(r, &here, m, &out->review_policy);
        if (!ok) return false;
    }
    return true;
}

static void listed_unknown(plm_listed *l) {
    for (int i = 0; i < PLM_L_COUNT; i++) l->flag[i] = PLM_UNKNOWN;
}

static bool owner(rd *r, const at *p, const plm_json *v, int depth, plm_owner *out);

static bool owners(rd *r, const at *p, const plm_json *v, int depth, uint32_t *n,
                   plm_owner **out) {
    if (!need_arr(r, p, v, PLM_CASE_OWNERS_MAX)) return false;
    if (depth > PLM_CASE_DEPTH_MAX)
        return bad(r, p, PLM_OUT_OF_RANGE, "is nested deeper than %d levels",
                   PLM_CASE_DEPTH_MAX);
    if (plm_json_count(v) > PLM_CASE_OWNERS_MAX - r->owners)
        return bad(r, p, PLM_OUT_OF_RANGE, "brings the case above %d owners",
                   PLM_CASE_OWNERS_MAX);
    r->owners += (uint32_t)plm_json_count(v);
    *out = array(r, p, plm_json_count(v), sizeof **out);
    if (!*out) return false;
    plm_json_each(v, it, m) {
        at here = {.up = p, .index = *n};
        if (!owner(r, &here, m, depth, &(*out)[*n])) return false;
        ++*n;
    }
    return true;
}

static const plm_str owner_keys[] = {KEY("name"), KEY("share"), KEY("headquarters"),
                                     KEY("listed"), KEY("owners")};

static bool owner(rd *r, const at *p, const plm_json *v, int depth, plm_owner *out) {
    listed_unknown(&out->listed);
    out->owners_known = true; /* without `owners` the branch ends here */
    if (!need_obj(r, p, v)) return false;
    plm_json_pairs(v, it, k, m) {
        at here = under(p, k);
        bool ok;
        switch (FIND(owner_keys, k)) {
        case 0: ok = text(r, &here, m, &out->name); break;
        case 1: ok = share(r, &here, m, &out->share); break;
        case 2: ok = country(r, &here, m, &out->headquarters); break;
        case 3: ok = listed(r, &here, m, &out->listed); break;
        case 4: ok = owners(r, &here, m, depth + 1, &out->owner_count, &out->owners); break;
        default: ok = unnamed(r, &here);
        }
        if (!ok) return false;
    }
    return true;
}

static const plm_str parent_keys[] = {KEY("name"), KEY("headquarters")};

static bool parent(rd *r, const at *p, const plm_json *v, plm_party *out) {
    if (!need_obj(r, p, v)) return false;
    plm_json_pairs(v, it, k, m) {
        at here = under(p, k);
        int i = FIND(parent_keys, k);
        bool ok = i < 0    ? unnamed(r, &here)
                  : i == 0 ? text(r, &here, m, &out->parent_name)
                           : country(r, &here, m, &out->parent_headquarters);
        if (!ok) return false;
    }
    return true;
}

/* Identifiers of any kind are kept; the contract names `lei` only, so others are noted. */
static bool ids(rd *r, const at *p, const plm_json *v, plm_party *out) {
    if (!need_obj(r, p, v)) return false;
    size_t n = plm_json_count(v);
    if (n > PLM_CASE_LIST_MAX)
        return bad(r, p, PLM_OUT_OF_RANGE, "has more than %d entries", PLM_CASE_LIST_MAX);
    out->id_kinds = array(r, p, n, sizeof *out->id_kinds);
    out->id_values = array(r, p, n, sizeof *out->id_values);
    if (!out->id_kinds || !out->id_values) return false;
    plm_json_pairs(v, it, k, m) {
        at here = under(p, k);
        uint32_t i = out->id_count;
        if (!text(r, &here, k, &out->id_kinds[i]) || !text(r, &here, m, &out->id_values[i]))
            return false;
        if (!plm_str_is(out->id_kinds[i], "lei") && !unnamed(r, &here)) return false;
        out->id_count++;
    }
    return true;
}

#define PARTY_KEYS(X) \
    X(role) X(name) X(country) X(address) X(headquarters) X(ultimate_parent) X(owners) \
    X(listed) X(nationalities) X(permanent_resident_of) X(ids)
#define PLM_X(n) P_##n,
enum { PARTY_KEYS(PLM_X) P_COUNT };
#undef PLM_X
#define PLM_X(n) KEY(#n),
static const plm_str party_keys[] = {PARTY_KEYS(PLM_X)};
#undef PLM_X

static bool party_member(rd *r, const at *p, const plm_json *k, const plm_json *m,
                         plm_party *out) {
    int w = 0;
    switch (FIND(party_keys, k)) {
    case P_role:
        if (!word(r, p, m, plm_role_names, PLM_ROLE_COUNT, &w)) return false;
        out->role = (plm_role)w;
        return true;
    case P_name: return text(r, p, m, &out->name);
    case P_country: return country(r, p, m, &out->country);
    case P_address: return text(r, p, m, &out->address);
    case P_headquarters: return country(r, p, m, &out->headquarters);
    case P_ultimate_parent: return parent(r, p, m, out);
    case P_owners:
        out->owners_known = true;
        return owners(r, p, m, 1, &out->owner_count, &out->owners);
    case P_listed: return listed(r, p, m, &out->listed);
    case P_nationalities:
        out->nationalities_known = true;
        return countries(r, p, m, &out->nationality_count, &out->nationalities);
    case P_permanent_resident_of:
        out->residences_known = true;
        return countries(r, p, m, &out->residence_count, &out->residences);
    case P_ids: return ids(r, p, m, out);
    default: return unnamed(r, p);
    }
}

static bool party(rd *r, const at *p, const plm_json *v, plm_party *out) {
    listed_unknown(&out->listed);
    if (!need_obj(r, p, v)) return false;
    plm_json_pairs(v, it, k, m) {
        at here = under(p, k);
        if (!party_member(r, &here, k, m, out)) return false;
    }
    return true;
}

static bool parties(rd *r, const at *p, const plm_json *v, plm_case *out) {
    if (!need_arr(r, p, v, PLM_CASE_PARTIES_MAX)) return false;
    out->parties_known = true;
    out->parties = array(r, p, plm_json_count(v), sizeof *out->parties);
    if (!out->parties) return false;
    plm_json_each(v, it, m) {
        at here = {.up = p, .index = out->party_count};
        if (!party(r, &here, m, &out->parties[out->party_count])) return false;
        out->party_count++;
    }
    return true;
}

/* ---- the transaction ---- */

static const plm_str target_keys[] = {KEY("part"), KEY("eccn")};

static bool applies_to(rd *r, const at *p, const plm_json *v, plm_notice *out) {
    if (!need_obj(r, p, v)) return false;
    plm_json_pairs(v, it, k, m) {
        at here = under(p, k);
        int i = FIND(target_keys, k);
        if (!(i < 0 ? unnamed(r, &here) : text(r, &here, m, i ? &out->eccn : &out->part)))
            return false;
    }
    return true;
}

static const plm_str notice_keys[] = {KEY("kind"), KEY("date"), KEY("applies_to"), KEY("to"),
                                      KEY("conclusion"), KEY("cite")};
static const char *const notice_kinds[] = {"", "is_informed"};
static const char *const notice_conclusions[] = {"", "license_required"};

static bool notice(rd *r, const at *p, const plm_json *v, plm_notice *out) {
    if (!need_obj(r, p, v)) return false;
    out->date = PLM_DAY_MIN;
    plm_json_pairs(v, it, k, m) {
        at here = under(p, k);
        int w;
        bool ok;
        switch (FIND(notice_keys, k)) {
        case 0: ok = word(r, &here, m, notice_kinds, 2, &w); break;
        case 1: ok = out->date_known = date(r, &here, m, &out->date); break;
        case 2: ok = applies_to(r, &here, m, out); break;
        case 3:
            out->countries_known = true;
            ok = countries(r, &here, m, &out->country_count, &out->countries);
            break;
        case 4: ok = word(r, &here, m, notice_conclusions, 2, &w); break;
        case 5: ok = text(r, &here, m, &out->cite); break;
        default: ok = unnamed(r, &here);
        }
        if (!ok) return false;
    }
    return true;
}

static bool notices(rd *r, const at *p, const plm_json *v, plm_case *out) {
    if (!need_arr(r, p, v, PLM_CASE_LIST_MAX)) return false;
    out->notices = array(r, p, plm_json_count(v), sizeof *out->notices);
    if (!out->notices) return false;
    plm_json_each(v, it, m) {
        at here = {.up = p, .index = out->notice_count};
        if (!notice(r, &here, m, &out->notices[out->notice_count])) return false;
        out->notice_count++;
    }
    return true;
}

static bool end_use(rd *r, const at *p, const plm_json *v, plm_case *out) {
    if (!need_obj(r, p, v)) return false;
    plm_json_pairs(v, it, k, m) {
        at here = under(p, k);
        int i = FIND(end_use_keys, k);
        bool ok = i < 0             ? unnamed(r, &here)
                  : i < PLM_U_COUNT ? flag(r, &here, m, &out->end_use[i])
                                    : text(r, &here, m, &out->end_use_statement);
        if (!ok) return false;
    }
    return true;
}

/* The contract's three refinements: only where the finer flag was left out. */
static void refine(plm_truth u[PLM_U_COUNT]) {
    plm_truth training = u[PLM_U_model_training_for_wmd_or_military_intelligence];
    if (u[PLM_U_ic_facility_node_unknown] == PLM_UNKNOWN &&
        u[PLM_U_advanced_node_facility] == PLM_NO)
        u[PLM_U_ic_facility_node_unknown] = PLM_NO;
    if (u[PLM_U_military_intelligence] == PLM_UNKNOWN &&
        (u[PLM_U_military] == PLM_NO || training == PLM_NO))
        u[PLM_U_military_intelligence] = PLM_NO;
    if (u[PLM_U_wmd] == PLM_UNKNOWN && training == PLM_NO) u[PLM_U_wmd] = PLM_NO;
}

static const plm_str support_keys[] = {KEY("natural_person"), KEY("employer_headquarters")};

/* true, false, or an object: support is given, and by whom. */
static bool support(rd *r, const at *p, const plm_json *v, plm_case *out) {
    if (plm_json_is_bool(v)) return flag(r, p, v, &out->us_person_support);
    if (!plm_json_is_obj(v))
        return bad(r, p, PLM_BAD_INPUT,
                   "is neither true, false nor {\"natural_person\": ...}; "
                   "leave it out where it is not known");
    out->us_person_support = PLM_YES;
    plm_json_pairs(v, it, k, m) {
        at here = under(p, k);
        int i = FIND(support_keys, k);
        bool ok = i < 0    ? unnamed(r, &here)
                  : i == 0 ? flag(r, &here, m, &out->us_natural_person)
                           : country(r, &here, m, &out->us_person_employer_hq);
        if (!ok) return false;
    }
    return true;
}

static bool hbm(rd *r, const at *p, const plm_json *v, plm_case *out) {
    static const plm_str keys[] = {KEY("buyer_is_designer"), KEY("ships_to_packaging_site"),
                                   KEY("finished_item_below_3A090")};
    plm_truth *const into[] = {&out->hbm_buyer_is_designer, &out->hbm_ships_to_packaging_site,
                               &out->hbm_finished_below_3a090};
    return flags(r, p, v, keys, COUNT(keys), into);
}

static bool certifications(rd *r, const at *p, const plm_json *v, plm_case *out) {
    static const plm_str keys[] = {KEY("748_dd")};
    plm_truth *const into[] = {&out->certification_748_dd};
    return flags(r, p, v, keys, COUNT(keys), into);
}

#define PLM_X(n) KEY(#n),
static const plm_str replacement_keys[] = {KEY("kind"), PLM_REPLACEMENT_FLAGS(PLM_X)};
static const plm_str temporary_keys[] = {KEY("kind"), PLM_TEMPORARY_FLAGS(PLM_X)};
static const plm_str government_keys[] = {KEY("kind"), PLM_GOVERNMENT_FLAGS(PLM_X)};
static const plm_str tsu_keys[] = {KEY("kind"), PLM_SUPPORT_FLAGS(PLM_X)};
#undef PLM_X

typedef struct ground_words {
    const plm_str *keys; /* "kind", then the conditions */
    size_t key_count;
    const char *const *kinds;
} ground_words;
#define GROUND(n) &(ground_words){n##_keys, COUNT(n##_keys), plm_##n##_names}

/* What a license exception asks of a replacement, of what goes for a time, and so on. */
static bool ground(rd *r, const at *p, const plm_json *v, const ground_words *g, plm_ground *out) {
    int words = 0;
    while (g->kinds[words]) words++;
    if (!need_obj(r, p, v)) return false;
    plm_json_pairs(v, it, k, m) {
        at here = under(p, k);
        int i = find(g->keys, g->key_count, plm_json_text(k));
        bool ok = i < 0   ? unnamed(r, &here)
                  : i > 0 ? flag(r, &here, m, &out->flag[i - 1])
                          : word(r, &here, m, g->kinds, words, &out->kind);
        if (!ok) return false;
    }
    return true;
}

#define DEAL_KEYS(X) \
    X(kind) X(from) X(to) X(items) X(parties) X(end_use) X(us_person_support) X(hbm) \
    X(notices) X(certifications) X(occupied_ukraine) X(replacement) X(temporary) \
    X(us_government) X(technology_support)
#define PLM_X(n) D_##n,
enum { DEAL_KEYS(PLM_X) D_COUNT };
#undef PLM_X
#define PLM_X(n) KEY(#n),
static const plm_str deal_keys[] = {DEAL_KEYS(PLM_X)};
#undef PLM_X

static bool deal_member(rd *r, const at *p, const plm_json *k, const plm_json *m,
                        plm_case *out) {
    int w = 0;
    switch (FIND(deal_keys, k)) {
    case D_kind:
        if (!word(r, p, m, plm_kind_names, PLM_KIND_COUNT, &w)) return false;
        out->kind = (plm_kind)w;
        return true;
    case D_from: return country(r, p, m, &out->from);
    case D_to: return country(r, p, m, &out->to);
    case D_items:
        out->items_known = true;
        return items(r, p, m, 1, &out->item_count, &out->items);
    case D_parties: return parties(r, p, m, out);
    case D_end_use: return end_use(r, p, m, out);
    case D_us_person_support: return support(r, p, m, out);
    case D_hbm: return hbm(r, p, m, out);
    case D_notices: return notices(r, p, m, out);
    case D_certifications: return certifications(r, p, m, out);
    case D_replacement: return ground(r, p, m, GROUND(replacement), &out->replacement);
    case D_temporary: return ground(r, p, m, GROUND(temporary), &out->temporary);
    case D_us_government: return ground(r, p, m, GROUND(government), &out->us_government);
    case D_technology_support: return ground(r, p, m, GROUND(tsu), &out->technology_support);
    case D_occupied_ukraine: return flag(r, p, m, &out->occupied_ukraine);
    default: return unnamed(r, p);
    }
}

static bool transaction(rd *r, const at *p, const plm_json *v, plm_case *out) {
    if (!need_obj(r, p, v)) return false;
    plm_json_pairs(v, it, k, m) {
        at here = under(p, k);
        if (!deal_member(r, &here, k, m, out)) return false;
    }
    refine(out->end_use);
    return true;
}

static bool id_into(rd *r, const at *p, const plm_json *v, plm_case *out) {
    if (!text(r, p, v, &out->id)) return false;
    out->id_is_string = true;
    plm_buf b;
    plm_buf_init(&b, 6 * PLM_CASE_TEXT_MAX + 2); /* \u00xx for each byte, two quotes */
    plm_jw w = plm_jw_into(&b);
    plm_jw_str(&w, out->id);
    if (!b.full) out->id_json = plm_arena_copy(r->a, plm_buf_str(&b));
    plm_buf_free(&b);
    return out->id_json.n || no_memory(r, p);
}

static const plm_str case_keys[] = {KEY("id"), KEY("as_of"), KEY("known"), KEY("mode"),
                                    KEY("transaction")};
static const char *const modes[] = {"", "enforced", "codified"};

static bool whole(rd *r, const plm_json *v, plm_case *out) {
    if (!plm_json_is_obj(v))
        return bad(r, NULL, PLM_BAD_INPUT, "is no case: write {\"transaction\": { ... }}");
    bool deal = false;
    plm_json_pairs(v, it, k, m) {
        at here = under(NULL, k);
        int w = 0;
        bool ok;
        switch (FIND(case_keys, k)) {
        case 0: ok = id_into(r, &here, m, out); break;
        case 1: ok = out->has_as_of = date(r, &here, m, &out->as_of); break;
        case 2: ok = out->has_known = date(r, &here, m, &out->known); break;
        case 3:
            ok = out->has_mode = word(r, &here, m, modes, 3, &w);
            out->codified = w == 2;
            break;
        case 4: ok = deal = transaction(r, &here, m, out); break;
        default: ok = unnamed(r, &here);
        }
        if (!ok) return false;
    }
    if (deal) return true;
    at here = {.key = PLM_STR("transaction")};
    return bad(r, &here, PLM_BAD_INPUT, "is missing: a case says what goes where");
}

static void all_unknown(plm_case *c) {
    *c = (plm_case){0};
    for (int i = 0; i < PLM_U_COUNT; i++) c->end_use[i] = PLM_UNKNOWN;
    c->us_person_support = c->us_natural_person = PLM_UNKNOWN;
    c->hbm_buyer_is_designer = c->hbm_ships_to_packaging_site = PLM_UNKNOWN;
    c->hbm_finished_below_3a090 = c->certification_748_dd = PLM_UNKNOWN;
    c->occupied_ukraine = PLM_UNKNOWN;
    plm_ground *g[] = {&c->replacement, &c->temporary, &c->us_government, &c->technology_support};
    for (size_t k = 0; k < COUNT(g); k++)
        for (int i = 0; i < PLM_GROUND_FLAGS_MAX; i++) g[k]->flag[i] = PLM_UNKNOWN;
    c->id_json = PLM_STR("null");
}

bool desk_case_from(plm_arena *a, const plm_json *root, plm_case *out, plm_fault *f) {
    rd r = {.a = a, .f = f};
    r.last = &r.first;
    all_unknown(out);
    return whole(&r, root, out) && warnings_into(&r, out) &&
           (!r.edges || (desk_chain_resolve(out->items, out->item_count, f) &&
                         desk_chain_agrees(out, f)));
}

bool plm_case_read(plm_arena *a, plm_str json, plm_case *out, plm_fault *f) {
    all_unknown(out);
    plm_doc *d = plm_doc_parse(json, 0, f);
    if (!d) return false;
    bool ok = desk_case_from(a, plm_doc_root(d), out, f);
    plm_doc_free(d);
    return ok;
}

bool plm_item_read(plm_arena *a, plm_str json, plm_item *out, plm_case *w, plm_fault *f) {
    rd r = {.a = a, .f = f, .items = 1};
    r.last = &r.first;
    *out = (plm_item){0};
    w->warning_count = 0;
    w->warnings = NULL;
    plm_doc *d = plm_doc_parse(json, 0, f);
    if (!d) return false;
    bool ok = item(&r, NULL, plm_doc_root(d), 1, out) && warnings_into(&r, w) &&
              (!r.edges || desk_chain_resolve(out, 1, f));
    plm_doc_free(d);
    return ok;
}
