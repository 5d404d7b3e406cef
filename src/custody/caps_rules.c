/* caps_rules.c: reads a rule set of compute caps from its file.  Every number, list and date of a
 * cap is in the file; what is here is how a cap is read. */
#include "custody/caps_rules.h"
#include "base/file.h"

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#define RULES_BYTES_MAX (4u << 20)

void plm_tpp_print(plm_tpp v, char out[PLM_TPP_TEXT]) {
    char digits[PLM_TPP_TEXT];
    size_t n = 0, at = 0;
    bool minus = v < 0;
    plm_utpp u = minus ? -(plm_utpp)v : (plm_utpp)v;
    do digits[n++] = (char)('0' + (int)(u % 10)), u /= 10;
    while (u);
    if (minus) out[at++] = '-';
    while (n) out[at++] = digits[--n];
    out[at] = 0;
}

bool plm_tpp_parse(plm_str s, plm_tpp *out) {
    plm_tpp v = 0;
    bool minus = s.n && s.p[0] == '-';
    if (minus) s = (plm_str){s.p + 1, s.n - 1};
    if (!s.n || s.n > 38) return false;
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] < '0' || s.p[i] > '9') return false;
        if (__builtin_mul_overflow(v, 10, &v) || __builtin_add_overflow(v, s.p[i] - '0', &v))
            return false;
    }
    *out = minus ? -v : v;
    return true;
}

static bool bad(plm_fault *f, const char *what) {
    return plm_fail(f, PLM_BAD_INPUT, "the rule set is not understood: %s", what);
}

static bool take_text(const plm_json *o, const char *name, char *out, size_t room) {
    plm_str s = plm_json_text(plm_json_get(o, name));
    if (!s.n || s.n >= room) return false;
    memcpy(out, s.p, s.n);
    out[s.n] = 0;
    return true;
}

static bool take_countries(plm_str s, bool *set) {
    while (s.n) {
        while (s.n && s.p[0] == ' ') s = (plm_str){s.p + 1, s.n - 1};
        size_t n = 0;
        while (n < s.n && s.p[n] != ' ') n++;
        plm_country c = plm_country_parse((plm_str){s.p, n});
        if (n && !c) return false;
        if (n) set[c] = true;
        s = (plm_str){s.p + n, s.n - n};
    }
    return true;
}

static bool take_dates(const plm_json *o, const char *from, const char *until, plm_day *a,
                       plm_day *b) {
    plm_str s = plm_json_text(plm_json_get(o, from)), t = plm_json_text(plm_json_get(o, until));
    *a = PLM_DAY_MIN;
    *b = PLM_DAY_MAX;
    return (!s.n || plm_day_parse(s, a)) && (!t.n || plm_day_parse(t, b));
}

static bool take_dated(const plm_json *o, plm_caps_dated *d) {
    const char *key = plm_json_get(o, "members") ? "members" : "country";
    take_text(o, "company", d->name, sizeof d->name);
    return take_dates(o, "from", "until", &d->from, &d->until) &&
           take_countries(plm_json_text(plm_json_get(o, key)), d->member);
}

static bool take_dated_list(const plm_json *list, plm_caps_dated *v, size_t max, size_t *n) {
    if (!list || !plm_json_is_arr(list)) return false;
    plm_json_each(list, it, o) {
        if (*n == max || !take_dated(o, &v[*n])) return false;
        ++*n;
    }
    return true;
}

static int find_group(const plm_caps_rules *r, plm_str name) {
    for (size_t i = 0; i < r->groups; i++)
        if (plm_str_is(name, r->group[i].name)) return (int)i;
    return -1;
}

static bool take_group_ref(const plm_caps_rules *r, const plm_json *o, const char *key, int *out) {
    plm_str s = plm_json_text(plm_json_get(o, key));
    *out = s.n ? find_group(r, s) : -1;
    return !s.n || *out >= 0;
}

static bool take_steps(const plm_json *list, plm_caps_cap *c) {
    if (!list || !plm_json_is_arr(list)) return false;
    plm_json_each(list, it, o) {
        if (c->steps == PLM_CAPS_STEPS_MAX) return false;
        plm_caps_step *s = &c->step[c->steps++];
        plm_str more = plm_json_text(plm_json_get(o, "limit_with_agreement"));
        if (!take_dates(o, "from", "to", &s->from, &s->to) ||
            !plm_tpp_parse(plm_json_text(plm_json_get(o, "limit")), &s->limit))
            return false;
        s->limit_with_agreement = s->limit;
        if (more.n && !plm_tpp_parse(more, &s->limit_with_agreement)) return false;
    }
    if (c->shape == PLM_CAPS_CUMULATIVE) /* a step lasts until the next begins */
        for (size_t i = 0; i + 1 < c->steps; i++) c->step[i].to = c->step[i + 1].from - 1;
    return c->steps > 0;
}

static bool take_limit(const plm_json *o, plm_caps_cap *c) {
    const plm_json *per = plm_json_get(o, "per");
    plm_json_each(per, it, p) {
        c->per_company = c->per_company || plm_str_is(plm_json_text(p), "company");
        c->per_consignee = c->per_consignee || plm_str_is(plm_json_text(p), "consignee");
        c->per_country = c->per_country || plm_str_is(plm_json_text(p), "country");
    }
    if (plm_json_get(o, "cumulative")) {
        c->shape = PLM_CAPS_CUMULATIVE;
        return take_steps(plm_json_get(o, "cumulative"), c);
    }
    if (plm_json_get(o, "periods")) {
        c->shape = PLM_CAPS_PERIODS;
        return take_steps(plm_json_get(o, "periods"), c);
    }
    c->shape = PLM_CAPS_YEARLY;
    return plm_str_is(plm_json_text(plm_json_get(o, "each")), "calendar-year") &&
           plm_tpp_parse(plm_json_text(plm_json_get(o, "limit")), &c->step[0].limit);
}

static bool take_share(const plm_json *o, plm_caps_cap *c) {
    plm_str share = plm_json_text(plm_json_get(o, "share"));
    plm_str in = plm_json_text(plm_json_get(o, "countries")), home =
        plm_json_text(plm_json_get(o, "head_office"));
    int64_t percent;
    c->shape = plm_str_is(share, "outside")   ? PLM_CAPS_OUTSIDE
               : plm_str_is(share, "country") ? PLM_CAPS_COUNTRY : PLM_CAPS_OF_BASE;
    c->per_company = c->shape != PLM_CAPS_OF_BASE;
    c->has_in = in.n > 0;
    c->head_office = home.n ? plm_country_parse(home) : 0;
    if (!plm_json_int(plm_json_get(o, "max_percent"), &percent) || percent < 0 || percent > 100)
        return false;
    c->percent = (int)percent;
    return take_countries(in, c->in) && take_countries(plm_json_text(plm_json_get(o, "base")),
                                                       c->base);
}

static bool take_cap(plm_caps_rules *r, const plm_json *o, plm_fault *f) {
    if (r->caps == PLM_CAPS_LIST_MAX) return bad(f, "too many caps");
    plm_caps_cap *c = &r->cap[r->caps++];
    if (!take_text(o, "id", c->id, sizeof c->id) || !take_text(o, "cite", c->cite,
        sizeof c->cite) ||
        !take_text(o, "for", c->word, sizeof c->word))
        return bad(f, "a cap needs id, for and cite");
    if (!take_group_ref(r, o, "group", &c->group) || !take_group_ref(r, o, "none_in",
        &c->none_in) ||
        !take_group_ref(r, o, "zero_in", &c->zero_in))
        return bad(f, "a cap names a group that is not there");
    if (plm_json_get(o, "share") ? take_share(o, c) : take_limit(o, c)) return true;
    return bad(f, c->id);
}

static bool take_all(plm_caps_rules *r, const plm_json *o, plm_fault *f) {
    const plm_json *groups = plm_json_get(o, "groups");
    if (!take_text(o, "ruleset", r->name, sizeof r->name)) return bad(f, "ruleset is missing");
    plm_json_pairs(groups, it, k, list) {
        plm_caps_group *g = &r->group[r->groups];
        plm_str name = plm_json_text(k);
        if (r->groups == 8 || name.n >= sizeof g->name) return bad(f, "groups");
        memcpy(g->name, name.p, name.n);
        if (!take_dated_list(list, g->row, 8, &g->n)) return bad(f, g->name);
        r->groups++;
    }
    if (!take_dated_list(plm_json_get(o, "agreements"), r->agreement, PLM_CAPS_MEMBERS_MAX,
                         &r->agreements))
        return bad(f, "agreements");
    if (!take_dated_list(plm_json_get(o, "head_offices"), r->office, PLM_CAPS_MEMBERS_MAX,
                         &r->offices))
        return bad(f, "head_offices");
    const plm_json *caps = plm_json_get(o, "caps");
    if (!caps || !plm_json_is_arr(caps)) return bad(f, "caps");
    plm_json_each(caps, jt, c) if (!take_cap(r, c, f)) return false;
    return true;
}

/* rulebooks/ beside the program, or up to three folders above it (a build folder). */
static bool find_file(const char *folder, const char *name, char *out, size_t room) {
    char exe[PATH_MAX];
    const char *env = getenv("PLIMSOLL_RULEBOOKS");
    if (!folder) folder = env;
    if (folder) {
        int w = snprintf(out, room, "%s/us/caps/%s.json", folder, name);
        return w > 0 && (size_t)w < room;
    }
    ssize_t n = readlink("/proc/self/exe", exe, sizeof exe - 1);
    exe[n > 0 ? n : 0] = 0;
    for (int up = 0; up < 4; up++) {
        char *slash = strrchr(exe, '/');
        if (!slash) break;
        *slash = 0;
        static const char *const tails[] = {"", "share/plimsoll/"}; /* a checkout, installed */
        for (int t = 0; t < 2; t++) {
            int w = snprintf(out, room, "%s/%srulebooks/us/caps/%s.json", exe, tails[t], name);
            if (w > 0 && (size_t)w < room && access(out, R_OK) == 0) return true;
        }
    }
    int w = snprintf(out, room, "rulebooks/us/caps/%s.json", name);
    return w > 0 && (size_t)w < room;
}

plm_caps_rules *plm_caps_rules_read(const char *folder, const char *name, plm_fault *f) {
    char path[PATH_MAX];
    plm_buf text;
    plm_doc *d = NULL;
    plm_caps_rules *r = NULL;
    if (!name[0] || strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-_") != strlen(name)) {
        plm_fail(f, PLM_BAD_INPUT, "'%s' is no name of a rule set", name);
        return NULL;
    }
    plm_buf_init(&text, RULES_BYTES_MAX);
    if (!find_file(folder, name, path, sizeof path)) plm_fail(f, PLM_OUT_OF_RANGE,
        "the path is too long");
    else if (plm_file_read(path, &text, f) && (d = plm_doc_parse(plm_buf_str(&text),
        RULES_BYTES_MAX, f)) != NULL &&
             (r = plm_mem_resize(NULL, sizeof *r)) != NULL) {
        memset(r, 0, sizeof *r);
        if (!take_all(r, plm_doc_root(d), f)) {
            plm_mem_free(r);
            r = NULL;
        }
    }
    if (!r && f && !f->where[0]) snprintf(f->where, sizeof f->where, "%.190s", path);
    plm_doc_free(d);
    plm_buf_free(&text);
    return r;
}

static int by_name(const void *a, const void *b) { return strcmp(a, b); }

size_t plm_caps_rules_names(const char *folder, char (*names)[PLM_CAPS_NAME_MAX], size_t max) {
    char path[PATH_MAX];
    size_t n = 0;
    DIR *d = NULL;
    if (find_file(folder, "none", path, sizeof path) && strrchr(path, '/')) {
        *strrchr(path, '/') = 0;
        d = opendir(path);
    }
    for (struct dirent *e; d && n < max && (e = readdir(d)) != NULL;) {
        size_t len = strlen(e->d_name);
        if (len < 6 || len - 5 >= PLM_CAPS_NAME_MAX || strcmp(e->d_name + len - 5, ".json") != 0)
            continue;
        memcpy(names[n], e->d_name, len - 5);
        names[n++][len - 5] = 0;
    }
    if (d) closedir(d);
    if (n) qsort(names, n, PLM_CAPS_NAME_MAX, by_name);
    return n;
}

void plm_caps_rules_free(plm_caps_rules *r) { plm_mem_free(r); }

static bool holds(const plm_caps_dated *d, plm_country c, plm_day day) {
    return c < PLM_CAPS_COUNTRIES && d->member[c] && day >= d->from && day <= d->until;
}

bool plm_caps_in_group(const plm_caps_rules *r, int group, plm_country c, plm_day day) {
    if (group < 0) return false;
    for (size_t i = 0; i < r->group[group].n; i++)
        if (holds(&r->group[group].row[i], c, day)) return true;
    return false;
}

bool plm_caps_has_agreement(const plm_caps_rules *r, plm_country c, plm_day day) {
    for (size_t i = 0; i < r->agreements; i++)
        if (holds(&r->agreement[i], c, day)) return true;
    return false;
}

plm_country plm_caps_head_office(const plm_caps_rules *r, plm_str company, plm_day day) {
    for (size_t i = 0; i < r->offices; i++) {
        const plm_caps_dated *o = &r->office[i];
        if (strlen(o->name) != company.n || strncasecmp(o->name, company.p,
                                                        company.n) != 0) continue;
        for (plm_country c = 1; c < PLM_CAPS_COUNTRIES; c++)
            if (holds(o, c, day)) return c;
    }
    return 0;
}
