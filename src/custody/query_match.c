/* query_match.c: does an event meet the terms of a query?  Invariants: query.h. */
#include "custody/query.h"

#include "custody/event.h"
#include "custody/gs1.h"

#include <string.h>

typedef struct asking {
    const plm_equery *q;
    const plm_equery_term *t;
    const plm_json *event;
    plm_str id;
    plm_arena *a;
    bool *short_of;
} asking;

/* The text of a string, a number or a truth. */
static plm_str text_of(const plm_json *v) {
    if (plm_json_is_bool(v)) return plm_json_true(v) ? PLM_STR("true") : PLM_STR("false");
    return plm_str_trim(plm_json_text(v));
}

static bool by_sign(plm_equery_op op, int sign) {
    switch (op) {
    case PLM_Q_EQ: return sign == 0;
    case PLM_Q_GT: return sign > 0;
    case PLM_Q_GE: return sign >= 0;
    case PLM_Q_LT: return sign < 0;
    case PLM_Q_LE: return sign <= 0;
    default: return false;
    }
}

/* A pattern and a URN, part by part; a part that is * takes anything. */
static bool pattern_fits(plm_str pattern, plm_str s) {
    if (!plm_str_starts(s, "urn:epc:id:") || !plm_str_starts(pattern, "urn:epc:idpat:"))
        return false;
    pattern.p += 14, pattern.n -= 14;
    s.p += 11, s.n -= 11;
    for (;;) {
        size_t i = 0, k = 0;
        while (i < pattern.n && pattern.p[i] != '.' && pattern.p[i] != ':') i++;
        while (k < s.n && s.p[k] != '.' && s.p[k] != ':') k++;
        bool star = i == 1 && pattern.p[0] == '*';
        if (!star && (i != k || memcmp(pattern.p, s.p, i) != 0)) return false;
        if (i == pattern.n && k < s.n) { /* a serial may hold dots: the last * takes the rest */
            return star;
        }
        if (i == pattern.n || k == s.n) return i == pattern.n && k == s.n;
        if (pattern.p[i] != s.p[k]) return false;
        pattern.p += i + 1, pattern.n -= i + 1;
        s.p += k + 1, s.n -= k + 1;
    }
}

static bool below(plm_str key, plm_str of) {
    return key.n > of.n && key.p[of.n] == '/' && memcmp(key.p, of.p, of.n) == 0;
}

static bool key_fits(const asking *k, const plm_equery_value *v, plm_str s) {
    plm_str key = plm_gs1_key_or_self(s, k->a);
    if (!key.p && s.n) *k->short_of = true;
    if (!key.p) return false;
    if (plm_str_eq(key, v->key)) return true;
    if (k->t->op == PLM_Q_WITHIN) return below(key, v->key);
    if (k->t->op != PLM_Q_MATCH || !v->pattern) return false;
    return pattern_fits(v->text, s) || (!plm_str_eq(v->key, v->text) && below(key, v->key));
}

static bool number_fits(const asking *k, const plm_equery_value *v, plm_str s) {
    plm_dec d;
    return plm_dec_parse(s, true, &d, NULL) && by_sign(k->t->op, plm_dec_cmp(d, v->number));
}

static bool time_fits(const asking *k, int64_t bound, plm_str s) {
    int64_t t;
    return plm_time_parse(s, &t, NULL) && by_sign(k->t->op, t < bound ? -1 : t > bound);
}

/* An extension's value: numbers as numbers, times as times, else as text. */
static bool any_fits(const asking *k, const plm_equery_value *v, plm_str s) {
    plm_dec a, b;
    int64_t t;
    if (plm_dec_parse(v->text, true, &a, NULL))
        return plm_dec_parse(s, true, &b, NULL) ? by_sign(k->t->op, plm_dec_cmp(b, a))
                                                : k->t->op == PLM_Q_EQ && plm_str_eq(s, v->text);
    if (k->t->op != PLM_Q_EQ) return time_fits(k, v->ns, s);
    return plm_str_eq(s, v->text) ||
           (plm_time_parse(v->text, &t, NULL) && time_fits(k, t, s));
}

static bool value_fits(const asking *k, const plm_json *x) {
    plm_str s = text_of(x);
    if (plm_json_is_obj(x) || plm_json_is_null(x)) return false;
    for (uint32_t i = 0; i < k->t->n; i++) {
        const plm_equery_value *v = &k->t->v[i];
        bool fits = false;
        switch (k->t->as) {
        case PLM_Q_WORD: fits = plm_str_eq(plm_event_word(s), v->key); break;
        case PLM_Q_KEY: fits = key_fits(k, v, s); break;
        case PLM_Q_ACTION:
        case PLM_Q_TEXT: fits = plm_str_eq(s, v->text); break;
        case PLM_Q_TIME: fits = time_fits(k, v->ns, s); break;
        case PLM_Q_NUMBER: fits = number_fits(k, v, s); break;
        case PLM_Q_ANY: fits = any_fits(k, v, s); break;
        case PLM_Q_BOOL: break;
        }
        if (fits) return true;
    }
    return false;
}

/* Does o, which holds the value, have the type or unit that the parameter's name asks for? */
static bool type_fits(const asking *k, const plm_json *o) {
    if (!k->t->type.n) return true;
    if (k->t->as == PLM_Q_NUMBER)
        return plm_str_eq(plm_str_trim(plm_json_text(plm_json_get(o, "uom"))), k->t->type);
    plm_str type = plm_str_trim(plm_json_text(plm_json_get(o, "type")));
    return plm_str_eq(plm_event_word(type), k->t->type);
}

typedef bool (*leaf_fn)(const asking *k, const plm_json *owner, const plm_json *v);

static bool leaf_fits(const asking *k, const plm_json *owner, const plm_json *v) {
    return type_fits(k, owner) && value_fits(k, v);
}

/* Every value at a dotted path, through lists. */
static bool at_path(const asking *k, const plm_json *v, plm_str path, leaf_fn leaf) {
    char name[64];
    if (plm_json_is_arr(v)) {
        plm_json_each(v, it, e) if (at_path(k, e, path, leaf)) return true;
        return false;
    }
    if (!plm_json_is_obj(v)) return false;
    const char *dot = memchr(path.p, '.', path.n);
    size_t n = dot ? (size_t)(dot - path.p) : path.n;
    if (n >= sizeof name) return false;
    memcpy(name, path.p, n);
    name[n] = 0;
    const plm_json *x = plm_json_get(v, name);
    if (!x || plm_json_is_null(x)) return false;
    if (dot) return at_path(k, x, (plm_str){dot + 1, path.n - n - 1}, leaf);
    if (!plm_json_is_arr(x)) return leaf(k, v, x);
    plm_json_each(x, it, e) if (leaf(k, v, e)) return true;
    return false;
}

static bool at_paths(const asking *k, const plm_json *v, const char *paths, leaf_fn leaf) {
    while (*paths) {
        size_t n = strcspn(paths, ",");
        if (at_path(k, v, (plm_str){paths, n}, leaf)) return true;
        paths += n + (paths[n] == ',');
    }
    return false;
}

/* ---- extensions: members whose name has a prefix that the event's context, or the query, knows */

static bool same_iri(plm_str space, plm_str local, plm_str iri) {
    return iri.n == space.n + local.n && memcmp(iri.p, space.p, space.n) == 0 &&
           memcmp(iri.p + space.n, local.p, local.n) == 0;
}

static bool in_context(const plm_json *context, plm_str prefix, plm_str local, plm_str iri) {
    if (plm_json_is_arr(context)) {
        plm_json_each(context, it, c) if (in_context(c, prefix, local, iri)) return true;
        return false;
    }
    plm_json_pairs(context, it, k, v) {
        plm_str space = plm_json_text(v);
        if (!plm_str_eq(plm_json_text(k), prefix) || !plm_json_is_str(v)) continue;
        if (same_iri(space, local, iri)) return true;
        /* EPCIS 1 writes NAMESPACE#name */
        if (iri.n == space.n + 1 + local.n && memcmp(iri.p, space.p, space.n) == 0 &&
            iri.p[space.n] == '#' && memcmp(iri.p + space.n + 1, local.p, local.n) == 0)
            return true;
    }
    return false;
}

static bool is_field(const asking *k, plm_str name) {
    if (plm_str_eq(name, k->t->field) || plm_str_eq(name, k->t->iri)) return true;
    const char *colon = name.n ? memchr(name.p, ':', name.n) : NULL;
    if (!colon) return false;
    size_t n = (size_t)(colon - name.p);
    plm_str prefix = {name.p, n}, local = {name.p + n + 1, name.n - n - 1};
    const plm_json *context = plm_json_get(k->event, "@context");
    if (context) return in_context(context, prefix, local, k->t->iri);
    return plm_str_is(prefix, "plm") && same_iri(PLM_STR(PLM_NS_CUSTODY), local, k->t->iri);
}

static bool extension_value(const asking *k, const plm_json *v) {
    if (k->t->op == PLM_Q_EXISTS) return true;
    if (plm_json_is_arr(v)) {
        plm_json_each(v, it, e) if (extension_value(k, e)) return true;
        return false;
    }
    const plm_json *value = plm_json_is_obj(v) ? plm_json_get(v, "@value") : NULL;
    return value_fits(k, value ? value : v);
}

/* inner: members of members too, and only those below the first level. */
static bool has_extension(const asking *k, const plm_json *v, int depth) {
    if (depth > PLM_EQUERY_DEPTH_MAX) return false;
    if (plm_json_is_arr(v)) {
        plm_json_each(v, it, e) if (has_extension(k, e, depth)) return true;
        return false;
    }
    plm_json_pairs(v, it, key, x) {
        plm_str name = plm_json_text(key);
        if (plm_str_is(name, "@context")) continue;
        if ((depth > 0) == k->t->inner && is_field(k, name) && extension_value(k, x)) return true;
        if (k->t->inner && has_extension(k, x, depth + 1)) return true;
    }
    return false;
}

static bool within_leaf(const asking *k, const plm_json *owner, const plm_json *v) {
    (void)owner;
    return has_extension(k, v, 0);
}

static bool term_holds(const asking *k) {
    const plm_equery_term *t = k->t;
    if (!t->paths) {
        if (t->within) return at_paths(k, k->event, t->within, within_leaf);
        return has_extension(k, k->event, 0);
    }
    if (t->op == PLM_Q_EXISTS) /* true asks for one; false asks for nothing */
        return plm_str_is(t->v[0].text, "false") ||
               plm_json_is_obj(plm_json_get(k->event, t->paths));
    if (strcmp(t->paths, "eventTime") == 0 || strcmp(t->paths, "recordTime") == 0)
        return true; /* the store's columns have decided */
    if (strcmp(t->paths, "eventID") == 0)
        for (uint32_t i = 0; i < t->n; i++)
            if (plm_str_eq(t->v[i].text, k->id)) return true;
    return at_paths(k, k->event, t->paths, leaf_fits);
}

bool plm_equery_match(const plm_equery *q, const plm_json *event, plm_str id, plm_arena *a,
                      bool *short_of) {
    *short_of = false;
    for (uint32_t i = 0; i < q->terms; i++) {
        asking k = {q, &q->term[i], event, id, a, short_of};
        if (!term_holds(&k)) return false;
    }
    return true;
}
