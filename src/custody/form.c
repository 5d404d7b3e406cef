/* form.c: see form.h. */
#include "custody/form.h"

#include "base/file.h"
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

struct plm_paper {
    plm_doc *doc;
    plm_buf text;
};

const plm_json *plm_paper_root(const plm_paper *x) { return plm_doc_root(x->doc); }

plm_str plm_paper_word(const plm_json *rule, const char *name) {
    return plm_json_text(plm_json_get(rule, name));
}

const plm_json *plm_paper_at(const plm_json *v, plm_str path) {
    char part[PLM_PAPER_PATH_MAX];
    while (v && path.n) {
        const char *dot = memchr(path.p, '.', path.n);
        size_t n = dot ? (size_t)(dot - path.p) : path.n;
        if (n >= sizeof part) return NULL;
        memcpy(part, path.p, n);
        part[n] = 0;
        v = plm_json_get(v, part);
        path = (plm_str){path.p + n + (dot != NULL), path.n - n - (dot != NULL)};
    }
    return v;
}

/* ---- the words a form may use */

typedef bool (*type_fn)(const plm_json *v, const char **why);

static bool blank(plm_str s) { return plm_str_trim(s).n == 0; }

static bool is_text(const plm_json *v, const char **why) {
    *why = "is no text";
    return plm_json_is_str(v) && !blank(plm_json_text(v));
}

static bool has_word(plm_str s, const char *word) {
    size_t n = strlen(word);
    for (size_t i = 0; i + n <= s.n; i++)
        if (strncasecmp(s.p + i, word, n) == 0 && (i == 0 || s.p[i - 1] == ' ' ||
                                                   s.p[i - 1] == ',' || s.p[i - 1] == '.'))
            return true;
    return false;
}

/* A street needs more than a box: two parts by commas or lines, one of them no post office box. */
static bool is_address(const plm_json *v, const char **why) {
    plm_str s = plm_json_text(v), rest = s;
    unsigned parts = 0, boxes = 0;
    if (!is_text(v, why)) return false;
    while (rest.n) {
        size_t n = 0;
        while (n < rest.n && rest.p[n] != ',' && rest.p[n] != '\n') n++;
        plm_str part = plm_str_trim((plm_str){rest.p, n});
        if (part.n) parts++;
        static const char *const box[] = {"P.O. Box", "PO Box", "P.O.Box", "P O Box",
                                          "Post Office Box", "Postbox", "Postfach", "Apartado"};
        for (size_t i = 0; i < sizeof box / sizeof *box; i++)
            if (part.n >= strlen(box[i]) && strncasecmp(part.p, box[i], strlen(box[i])) == 0) {
                boxes++;
                break;
            }
        n += n < rest.n;
        rest = (plm_str){rest.p + n, rest.n - n};
    }
    /* a box, a town and a country are no street */
    *why = boxes ? "is a post office box without a street" : "has no town and country";
    return boxes ? parts >= 4 : parts >= 2;
}

static bool is_phone(const plm_json *v, const char **why) {
    plm_str s = plm_json_text(v);
    unsigned digits = 0;
    *why = "is no telephone number";
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] >= '0' && s.p[i] <= '9') digits++;
        else if (!strchr("+-() ./x", s.p[i]) || !s.p[i]) return false;
    }
    return plm_json_is_str(v) && digits >= 6 && digits <= 20;
}

static bool says_none(const plm_json *v) {
    plm_str s = plm_str_trim(plm_json_text(v));
    return s.n == 4 && strncasecmp(s.p, "none", 4) == 0;
}

static bool is_phone_or_none(const plm_json *v, const char **why) {
    return says_none(v) || is_phone(v, why);
}

static bool is_email(const plm_json *v, const char **why) {
    plm_str s = plm_json_text(v);
    const char *at = s.n ? memchr(s.p, '@', s.n) : NULL;
    *why = "is no e-mail address";
    if (!plm_json_is_str(v) || !at || at == s.p) return false;
    size_t left = s.n - (size_t)(at - s.p) - 1;
    const char *dot = left ? memchr(at + 1, '.', left) : NULL;
    return dot && dot != at + 1 && dot + 1 < s.p + s.n && !memchr(at + 1, '@', left) &&
           !memchr(s.p, ' ', s.n);
}

static bool is_url(const plm_json *v, const char **why) {
    plm_str s = plm_json_text(v);
    *why = "is no web address";
    return (plm_str_starts(s, "https://") && s.n > 8) || (plm_str_starts(s, "http://") && s.n > 7);
}

static bool is_date(const plm_json *v, const char **why) {
    plm_day d;
    *why = "is no date that exists";
    return plm_json_is_str(v) && plm_day_parse(plm_json_text(v), &d);
}

static bool is_true(const plm_json *v, const char **why) {
    *why = plm_json_is_bool(v) ? "is false" : "is not true";
    return plm_json_true(v);
}

static bool is_country(const plm_json *v, const char **why) {
    *why = "is no country code";
    return plm_json_is_str(v) && plm_country_parse(plm_json_text(v)) != 0;
}

static bool is_countries(const plm_json *v, const char **why) {
    *why = "is no list of country codes";
    if (!plm_json_is_arr(v) || !plm_json_count(v)) return false;
    plm_json_each(v, it, e) {
        if (!plm_country_parse(plm_json_text(e))) return false;
    }
    return true;
}

static bool is_list_or_none(const plm_json *v, const char **why) {
    *why = "is no list of names";
    if (says_none(v)) return true;
    if (!plm_json_is_arr(v)) return false;
    plm_json_each(v, it, e) {
        if (blank(plm_json_text(e))) return false;
    }
    return true;
}

/* An ECCN, or EAR99: a digit, a letter, three digits, and what may follow. */
static bool is_eccn(plm_str s) {
    if (plm_str_is(s, "EAR99")) return true;
    return s.n >= 5 && s.p[0] >= '0' && s.p[0] <= '9' && s.p[1] >= 'A' && s.p[1] <= 'E' &&
           s.p[2] >= '0' && s.p[2] <= '9' && s.p[3] >= '0' && s.p[3] <= '9' && s.p[4] >= '0' &&
           s.p[4] <= '9' && (s.n == 5 || s.p[5] == '.');
}

static bool is_items(const plm_json *v, const char **why) {
    *why = "is no list of items";
    if (!plm_json_is_arr(v) || !plm_json_count(v)) return false;
    plm_json_each(v, it, e) {
        *why = "names an item without its description";
        if (!plm_json_is_obj(e) || blank(plm_paper_word(e, "description"))) return false;
        *why = "names an item without its ECCN";
        if (!is_eccn(plm_paper_word(e, "eccn"))) return false;
    }
    return true;
}

static const struct {
    const char *word;
    type_fn is;
} types[] = {{"text", is_text}, {"address", is_address}, {"phone", is_phone},
             {"phone_or_none", is_phone_or_none}, {"email", is_email}, {"url", is_url},
             {"date", is_date}, {"true", is_true}, {"country", is_country},
             {"countries", is_countries}, {"list_or_none", is_list_or_none}, {"items", is_items}};

static type_fn type_of(plm_str word) {
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (plm_str_is(word, types[i].word)) return types[i].is;
    return NULL;
}

/* ---- problems */

void plm_paper_problem_add(plm_paper_run *r, const plm_json *rule, const char *kind,
                           plm_str against, const char *fmt, ...) {
    char say[320];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(say, sizeof say, fmt, ap);
    va_end(ap);
    plm_paper_problem x = {.kind = kind, .field = plm_paper_word(rule, "path"),
                          .cite = plm_paper_word(rule, "cite"),
                          .what = plm_paper_word(rule, "what"),
                          .mend = plm_paper_word(rule, "mend"), .say = plm_str_c(say),
                          .against = against};
    r->problems++;
    r->to(r->ctx, &x);
}

#define SHOWN 80 /* bytes of a value that are repeated */
#define SOME(s) (int)((s).n > SHOWN ? SHOWN : (s).n), (s).n ? (s).p : ""

static bool needed(const plm_paper_run *r, plm_str need) {
    if (plm_str_is(need, "always")) return true;
    if (plm_str_starts(need, "with:"))
        return plm_paper_at(r->st, (plm_str){need.p + 5, need.n - 5}) != NULL;
    if (plm_str_starts(need, "unless:"))
        return !plm_json_true(plm_paper_at(r->st, (plm_str){need.p + 7, need.n - 7}));
    return false;
}

static void check_field(plm_paper_run *r, const plm_json *rule) {
    const plm_json *v = plm_paper_at(r->st, plm_paper_word(rule, "path"));
    bool must = needed(r, plm_paper_word(rule, "need"));
    const char *why = "";
    bool absent = !v || plm_json_is_null(v) || (plm_json_is_str(v) && blank(plm_json_text(v)));
    if (absent && !must) return;
    r->checked++;
    if (absent) plm_paper_problem_add(r, rule, "missing", PLM_STR(""), "%s", "");
    else if (!type_of(plm_paper_word(rule, "type"))(v, &why))
        plm_paper_problem_add(r, rule, "ill-formed", PLM_STR(""), "'%.*s' %s",
                             SOME(plm_json_text(v)), why);
}

static void check_any_of(plm_paper_run *r, const plm_json *rule) {
    r->checked++;
    plm_json_each(plm_json_get(rule, "paths"), it, e) {
        const plm_json *v = plm_paper_at(r->st, plm_json_text(e));
        if (v && !plm_json_is_null(v)) return;
    }
    plm_paper_problem_add(r, rule, "missing", PLM_STR(""), "%s", "");
}

static bool day_at(const plm_paper_run *r, plm_str path, plm_day *d) {
    return path.n && plm_day_parse(plm_json_text(plm_paper_at(r->st, path)), d);
}

static plm_day years_on(plm_day d, int years) {
    int y, m, k;
    plm_day_to_ymd(d, &y, &m, &k);
    if (m == 2 && k == 29) k = 28; /* the last day of the term is not a day later */
    return plm_day_from_ymd(y + years, m, k);
}

static void check_days(plm_paper_run *r, const plm_json *rule, plm_str word) {
    plm_day a, b, last;
    char text[11];
    if (!day_at(r, plm_paper_word(rule, "path"), &a)) return;
    if (plm_str_is(word, "not_after_now")) {
        r->checked++;
        plm_day_print(r->today, text);
        if (a > r->today)
            plm_paper_problem_add(r, rule, "contradicts", PLM_STR(""), "it is after %s", text);
        return;
    }
    if (!day_at(r, plm_paper_word(rule, "other"), &b)) return;
    if (day_at(r, plm_paper_word(rule, "last"), &last) && last > b) b = last;
    plm_day_print(b, text);
    r->checked++;
    if (plm_str_is(word, "not_before") && a < b) {
        plm_paper_problem_add(r, rule, "contradicts", plm_paper_word(rule, "other"),
                             "it is before %s", text);
        return;
    }
    int64_t years = 0;
    plm_json_int(plm_json_get(rule, "years"), &years);
    if (plm_str_is(word, "within_years") && a > years_on(b, (int)years))
        plm_paper_problem_add(r, rule, "contradicts", plm_paper_word(rule, "other"),
                             "it is more than %d year%s after %s", (int)years,
                             years == 1 ? "" : "s", text);
}

static void check_rule(plm_paper_run *r, const plm_json *rule) {
    plm_str word = plm_paper_word(rule, "rule"), when = plm_paper_word(rule, "when");
    plm_str unless = plm_paper_word(rule, "unless");
    const plm_json *v = plm_paper_at(r->st, plm_paper_word(rule, "path"));
    plm_str text = plm_json_text(v);
    if (when.n && !plm_json_true(plm_paper_at(r->st, when))) return;
    if (unless.n && plm_json_true(plm_paper_at(r->st, unless))) return;
    if (!plm_str_is(word, "not_value") && !plm_str_is(word, "not_word") &&
        !plm_str_is(word, "not_true")) {
        check_days(r, rule, word);
        return;
    }
    if (!v) return;
    r->checked++;
    if (plm_str_is(word, "not_true") && plm_json_true(v))
        plm_paper_problem_add(r, rule, "contradicts", PLM_STR(""), "it is true");
    if (plm_str_is(word, "not_value") && plm_str_eq(text, plm_paper_word(rule, "value")))
        plm_paper_problem_add(r, rule, "contradicts", PLM_STR(""), "it is '%.*s'", SOME(text));
    plm_json_each(plm_json_get(rule, "words"), it, e) {
        char w[64];
        snprintf(w, sizeof w, "%.*s", PLM_FMT(plm_json_text(e)));
        if (!has_word(text, w)) continue;
        plm_paper_problem_add(r, rule, "contradicts", PLM_STR(""), "'%.*s' tells of a %s",
                             SOME(text), w);
        return;
    }
}

/* ---- fields that no rule knows: a misspelt name would otherwise be silently absent */

static bool path_known(const plm_json *form, plm_str path) {
    static const char *const lists[] = {"fields", "rules", "ledger"};
    static const char *const words[] = {"path", "when", "unless", "license", "party"};
    if (plm_str_is(path, "id") || plm_str_is(path, "form")) return true;
    for (size_t l = 0; l < 3; l++) {
        plm_json_each(plm_json_get(form, lists[l]), it, e) {
            for (size_t k = 0; k < sizeof words / sizeof *words; k++) {
                plm_str p = plm_paper_word(e, words[k]);
                if (plm_str_eq(p, path) ||
                    (p.n > path.n && p.p[path.n] == '.' && memcmp(p.p, path.p, path.n) == 0))
                    return true;
            }
            plm_str need = plm_paper_word(e, "need");
            if (plm_str_starts(need, "unless:") &&
                plm_str_eq((plm_str){need.p + 7, need.n - 7}, path))
                return true;
        }
    }
    return false;
}

static bool whole_value(const plm_json *form, plm_str path) {
    plm_json_each(plm_json_get(form, "fields"), it, e) {
        if (plm_str_eq(plm_paper_word(e, "path"), path)) return true;
    }
    return false;
}

static void check_known(plm_paper_run *r, const plm_json *v, plm_str at, int depth) {
    const plm_json *form = plm_paper_root(r->form);
    plm_json_pairs(v, it, k, x) {
        char path[2 * PLM_PAPER_PATH_MAX];
        plm_str key = plm_json_text(k);
        int n = snprintf(path, sizeof path, "%.*s%s%.*s", SOME(at), at.n ? "." : "", SOME(key));
        plm_str p = {path, n < 0 ? 0 : (size_t)n};
        if (!path_known(form, p)) {
            plm_paper_problem y = {.kind = "unknown field", .field = p,
                                  .cite = plm_paper_word(form, "source"),
                                  .what = PLM_STR("a field that the form does not have"),
                                  .mend = PLM_STR("take its name from `custody form fields`, or "
                                                  "leave it out")};
            r->problems++;
            r->to(r->ctx, &y);
        } else if (plm_json_is_obj(x) && !whole_value(form, p) && depth < 4) {
            check_known(r, x, p, depth + 1);
        }
    }
}

bool plm_paper_check(const plm_paper *x, const plm_json *statement, plm_day today, plm_world *w,
                    plm_paper_sink to, void *ctx, uint32_t *checked, uint32_t *problems,
                    plm_fault *f) {
    plm_fault own = {0};
    plm_paper_run r = {.form = x, .st = statement, .today = today, .w = w, .to = to, .ctx = ctx,
                      .f = f ? f : &own};
    const plm_json *form = plm_paper_root(x);
    if (!plm_json_is_obj(statement))
        return plm_fail(f, PLM_BAD_INPUT, "a statement is a JSON object");
    plm_json_each(plm_json_get(form, "fields"), it, e) check_field(&r, e);
    plm_json_each(plm_json_get(form, "any_of"), jt, a) check_any_of(&r, a);
    plm_json_each(plm_json_get(form, "rules"), kt, u) check_rule(&r, u);
    check_known(&r, statement, PLM_STR(""), 0);
    if (w) {
        plm_json_each(plm_json_get(form, "ledger"), lt, l) plm_paper_ledger(&r, l);
    }
    *checked = r.checked;
    *problems = r.problems;
    return !r.f->code;
}

/* ---- the data themselves are checked when they are read */

static bool complete(const plm_json *e, const char *list, plm_fault *f) {
    static const char *const words[] = {"cite", "what", "mend"};
    for (size_t i = 0; i < 3; i++)
        if (blank(plm_paper_word(e, words[i])))
            return plm_fail(f, PLM_BAD_INPUT, "a row of \"%s\" (%.*s) has no \"%s\"", list,
                            PLM_FMT(plm_paper_word(e, "path")), words[i]);
    plm_str path = plm_paper_word(e, "path");
    if (strcmp(list, "any_of") != 0 && (!path.n || path.n >= PLM_PAPER_PATH_MAX))
        return plm_fail(f, PLM_BAD_INPUT, "a row of \"%s\" has no path, or one too long", list);
    return true;
}

static bool rule_known(plm_str word) {
    static const char *const rules[] = {"not_value", "not_word", "not_true", "not_after_now",
                                        "not_before", "within_years"};
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++)
        if (plm_str_is(word, rules[i])) return true;
    return false;
}

static bool need_known(plm_str need) {
    return plm_str_is(need, "always") || plm_str_is(need, "optional") ||
           plm_str_starts(need, "with:") || plm_str_starts(need, "unless:");
}

static bool check_data(const plm_json *form, plm_fault *f) {
    if (!plm_json_count(plm_json_get(form, "fields")))
        return plm_fail(f, PLM_BAD_INPUT, "it has no \"fields\"");
    plm_json_each(plm_json_get(form, "fields"), it, e) {
        if (!complete(e, "fields", f)) return false;
        if (!type_of(plm_paper_word(e, "type")) || !need_known(plm_paper_word(e, "need")))
            return plm_fail(f, PLM_BAD_INPUT, "field %.*s has type '%.*s' and need '%.*s'; one of "
                            "them is no word of src/custody/form.c",
                            PLM_FMT(plm_paper_word(e, "path")), PLM_FMT(plm_paper_word(e, "type")),
                            PLM_FMT(plm_paper_word(e, "need")));
    }
    plm_json_each(plm_json_get(form, "any_of"), jt, a) {
        if (!complete(a, "any_of", f)) return false;
    }
    plm_json_each(plm_json_get(form, "rules"), kt, u) {
        if (!complete(u, "rules", f)) return false;
        if (!rule_known(plm_paper_word(u, "rule")))
            return plm_fail(f, PLM_BAD_INPUT, "no rule is called '%.*s'",
                            PLM_FMT(plm_paper_word(u, "rule")));
    }
    plm_json_each(plm_json_get(form, "ledger"), lt, l) {
        if (!complete(l, "ledger", f)) return false;
        if (!plm_paper_ledger_known(plm_paper_word(l, "check")))
            return plm_fail(f, PLM_BAD_INPUT, "no ledger check is called '%.*s'",
                            PLM_FMT(plm_paper_word(l, "check")));
    }
    return true;
}

plm_paper *plm_paper_read(const char *folder, const char *name, plm_fault *f) {
    char path[PATH_MAX];
    if (!name[0] || strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-") != strlen(name)) {
        plm_fail(f, PLM_BAD_INPUT, "'%s' is no name of a form", name);
        return NULL;
    }
    int n = snprintf(path, sizeof path, "%s/../forms/%s.json", folder, name);
    plm_paper *x = plm_mem_resize(NULL, sizeof *x);
    if (n < 0 || (size_t)n >= sizeof path || !x) {
        plm_fail(f, PLM_OUT_OF_RANGE, "the path is too long, or memory is short");
        plm_mem_free(x);
        return NULL;
    }
    *x = (plm_paper){0};
    plm_buf_init(&x->text, PLM_PAPER_BYTES_MAX);
    if (plm_file_read(path, &x->text, f) &&
        (x->doc = plm_doc_parse(plm_buf_str(&x->text), PLM_PAPER_BYTES_MAX, f)) != NULL &&
        check_data(plm_paper_root(x), f))
        return x;
    if (f && !f->where[0]) snprintf(f->where, sizeof f->where, "%.190s", path);
    plm_paper_free(x);
    return NULL;
}

void plm_paper_free(plm_paper *x) {
    if (!x) return;
    plm_doc_free(x->doc);
    plm_buf_free(&x->text);
    plm_mem_free(x);
}
