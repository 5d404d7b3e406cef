/* effects.c: the data file of the lists' legal effects, read and checked.
 * Invariants: 1 every effect cites, is dated, and has a band for each truth; 2 a match that is not
 * sure never clears what a sure one would not (both: tests/unit/test_effects.c); 3 every list says
 * what it means for an export; 4 a key or word that is not known is refused, never passed over. */
#include "plimsoll/effects.h"

#include "base/file.h"
#include "base/json.h"

#include <stdio.h>
#include <string.h>

#define EFFECTS_ARENA_MAX (16u << 20)
#define PLACE_MAX 120

struct plm_effects {
    plm_arena *arena;
    plm_effects_list *lists;
    uint32_t list_n, consequence_n;
    plm_str consequences[PLM_CONSEQUENCES_MAX];
    plm_day edition;
    char sha256[65];
};

typedef struct reader {
    plm_effects *e;
    const char *where;
    plm_fault *f;
    char place[PLACE_MAX]; /* lists[3].effects[1] */
} reader;

static bool bad(const reader *r, const char *key, const char *what, plm_str value) {
    int n = (int)(value.n > 60 ? 60 : value.n);
    return plm_fail_at(r->f, PLM_BAD_INPUT, r->where, 0, 0, "%s%s%s: %s%.*s%s%s", r->place,
                       r->place[0] && key[0] ? "." : "", key, value.p ? "'" : "", n,
                       value.p ? value.p : "", value.p ? "' " : "", what);
}

static const plm_str none = {NULL, 0};

static bool too_many(const reader *r, const char *key, uint32_t max) {
    return plm_fail_at(r->f, PLM_OUT_OF_RANGE, r->where, 0, 0, "%s%s%s: more than %u", r->place,
                       r->place[0] ? "." : "", key, max);
}

/* Refuses a key that is not among the words (space between): a slip of the pen is no silence. */
static bool keys_known(const reader *r, const plm_json *v, const char *words) {
    if (!plm_json_is_obj(v)) return bad(r, "", "is no object; write {…}", none);
    plm_json_pairs(v, it, k, x) {
        plm_str key = plm_json_text(k);
        const char *at = words;
        (void)x;
        while (*at) {
            size_t n = strcspn(at, " ");
            if (key.n == n && memcmp(key.p, at, n) == 0) break;
            at += n + (at[n] == ' ');
        }
        if (!*at) {
            char what[200];
            snprintf(what, sizeof what, "is no key here; it may have: %s", words);
            return bad(r, "", what, key);
        }
    }
    return true;
}

/* A text that must be there and not be empty. */
static bool text(reader *r, const plm_json *v, const char *key, bool may_lack, plm_str *out) {
    const plm_json *x = plm_json_get(v, key);
    *out = (plm_str){"", 0};
    if (!x && may_lack) return true;
    if (!x) return bad(r, key, "is missing; add it", none);
    if (!plm_json_is_str(x)) return bad(r, key, "is no text; put it in quotes", none);
    plm_str s = plm_str_trim(plm_json_text(x));
    if (!s.n) return bad(r, key, "is empty; write it out", none);
    if (s.n > PLM_EFFECTS_TEXT_MAX) return too_many(r, key, PLM_EFFECTS_TEXT_MAX);
    *out = plm_arena_copy(r->e->arena, s);
    return out->p || plm_fail(r->f, PLM_NO_MEMORY, "out of memory");
}

static bool date(reader *r, const plm_json *v, const char *key, bool may_lack, plm_day *out) {
    plm_str s;
    if (!text(r, v, key, may_lack, &s)) return false;
    return !s.n || plm_day_parse(s, out) ||
           bad(r, key, "is no date that exists; write YYYY-MM-DD", s);
}

static bool is_word(plm_str s, size_t max) {
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.'))
            return false;
    }
    return s.n > 0 && s.n <= max;
}

/* A list of texts, at least one. */
static bool texts(reader *r, const plm_json *v, const char *key, uint32_t max, const plm_str **out,
                  uint32_t *n) {
    const plm_json *x = plm_json_get(v, key);
    if (!plm_json_is_arr(x) || !plm_json_count(x))
        return bad(r, key, "needs a list of one text or more", none);
    if (plm_json_count(x) > max) return too_many(r, key, max);
    plm_str *at = plm_arena_array(r->e->arena, plm_json_count(x), sizeof *at);
    if (!at) return plm_fail(r->f, PLM_NO_MEMORY, "out of memory");
    *out = at;
    *n = 0;
    plm_json_each(x, it, y) {
        plm_str s = plm_str_trim(plm_json_text(y));
        if (!plm_json_is_str(y) || !s.n || s.n > PLM_EFFECTS_TEXT_MAX)
            return bad(r, key, "holds what is no text, an empty one or one too long", none);
        at[*n] = plm_arena_copy(r->e->arena, s);
        if (!at[(*n)++].p) return plm_fail(r->f, PLM_NO_MEMORY, "out of memory");
    }
    return true;
}

static bool one_of(reader *r, const plm_json *v, const char *key, const char *const *words, int n,
                   int *out) {
    plm_str s;
    char what[160] = "is none of:";
    if (!text(r, v, key, false, &s)) return false;
    for (*out = 0; *out < n; (*out)++)
        if (plm_str_is(s, words[*out])) return true;
    for (int i = 0; i < n; i++) {
        size_t at = strlen(what);
        snprintf(what + at, sizeof what - at, "%s %s", i ? "," : "", words[i]);
    }
    return bad(r, key, what, s);
}

static const char *const bands[] = {"clear", "review", "block"};
static const char *const truths[] = {"false", "unknown", "true"};

const char *plm_band_name(plm_band b) { return bands[b]; }

static bool read_band(reader *r, const plm_json *v, plm_effect *x) {
    const plm_json *b = plm_json_get(v, "band");
    char was[PLACE_MAX];
    if (!b) return bad(r, "band", "is missing; add {\"true\": …, \"unknown\": …, \"false\": …}",
                       none);
    snprintf(was, sizeof was, "%s", r->place);
    snprintf(r->place + strlen(r->place), sizeof r->place - strlen(r->place), ".band");
    if (!keys_known(r, b, "true unknown false")) return false;
    for (int t = 0; t < 3; t++) {
        int k;
        if (!one_of(r, b, truths[t], bands, 3, &k)) return false;
        x->band[t] = (plm_band)k;
    }
    if (x->band[PLM_YES] != PLM_BAND_CLEAR && x->band[PLM_UNKNOWN] == PLM_BAND_CLEAR)
        return bad(r, "unknown", "would pass a match that is not sure; write \"review\"", none);
    if (x->band[PLM_UNKNOWN] > x->band[PLM_YES] || x->band[PLM_NO] > x->band[PLM_UNKNOWN])
        return bad(r, "", "is more severe the less sure the match is; true is the most severe",
                   none);
    snprintf(r->place, sizeof r->place, "%s", was);
    return true;
}

static bool read_when(reader *r, const plm_json *v, plm_effect *x) {
    const plm_json *w = plm_json_get(v, "when");
    if (!w) return true;
    if (!keys_known(r, w, "footnote programs programs_other_than")) return false;
    const plm_json *fn = plm_json_get(w, "footnote");
    int64_t n = 0;
    if (plm_json_count(w) != 1)
        return bad(r, "when", "needs one of footnote, programs and programs_other_than", none);
    if (fn) {
        if (!plm_json_int(fn, &n) || n < 1 || n > 9)
            return bad(r, "when.footnote", "is no footnote number; write 1 to 9", none);
        x->footnote = (uint32_t)n;
        return true;
    }
    x->other_programs = plm_json_get(w, "programs") == NULL;
    return texts(r, w, x->other_programs ? "programs_other_than" : "programs",
                 PLM_EFFECTS_PROGRAMS_MAX, &x->programs, &x->program_n);
}

static bool read_consequence(reader *r, const plm_json *v, plm_effect *x) {
    plm_str s;
    if (!text(r, v, "consequence", false, &s)) return false;
    for (x->consequence = 0; x->consequence < r->e->consequence_n; x->consequence++)
        if (plm_str_eq(r->e->consequences[x->consequence], s)) return true;
    return bad(r, "consequence", "is not among the file's consequences; add it there or mend it",
               s);
}

static bool read_effect(reader *r, const plm_json *v, plm_effect *x) {
    static const char *const certain[] = {"read", "quoted", "recalled", "inferred"};
    int k;
    x->until = PLM_DAY_MAX;
    if (!keys_known(r, v, "id consequence says cite certainty basis from until when row band") ||
        !text(r, v, "id", false, &x->id) || !read_consequence(r, v, x) ||
        !text(r, v, "says", false, &x->says) || !text(r, v, "cite", false, &x->cite) ||
        !text(r, v, "basis", true, &x->basis) || !date(r, v, "from", false, &x->from) ||
        !date(r, v, "until", true, &x->until) || !one_of(r, v, "certainty", certain, 4, &k) ||
        !read_when(r, v, x) || !read_band(r, v, x))
        return false;
    x->certainty = plm_str_c(certain[k]);
    if (x->until < x->from) return bad(r, "until", "comes before from; mend one of them", none);
    const plm_json *row = plm_json_get(v, "row");
    if (row && !plm_json_is_bool(row)) return bad(r, "row", "is neither true nor false", none);
    x->quotes_row = plm_json_true(row);
    return true;
}

/* What is the same in every answer is written once: a screen writes it for each match. */
static bool write_once(reader *r, plm_effect *x) {
    char day[11];
    plm_buf b;
    plm_buf_init(&b, 24 * PLM_EFFECTS_TEXT_MAX); /* six bytes for one, at worst */
    plm_jw w = plm_jw_into(&b);
    plm_jw_kstr(&w, "id", x->id);
    plm_jw_kstr(&w, "consequence", r->e->consequences[x->consequence]);
    x->head_json = plm_arena_copy(r->e->arena, plm_buf_str(&b));
    bool full = b.full;
    plm_buf_clear(&b);
    plm_jw_kstr(&w, "says", x->says);
    plm_jw_kstr(&w, "cite", x->cite);
    plm_jw_kstr(&w, "certainty", x->certainty);
    plm_day_print(x->from, day);
    plm_jw_kcstr(&w, "from", day);
    plm_day_print(x->until, day);
    if (x->until != PLM_DAY_MAX) plm_jw_kcstr(&w, "until", day);
    if (x->footnote) plm_jw_kint(&w, "footnote", x->footnote);
    x->tail_json = plm_arena_copy(r->e->arena, plm_buf_str(&b));
    full = full || b.full;
    plm_buf_free(&b);
    return (x->head_json.p && x->tail_json.p && !full) ||
           plm_fail(r->f, PLM_NO_MEMORY, "out of memory");
}

static bool read_effects(reader *r, const plm_json *v, plm_effects_list *l) {
    const plm_json *all = plm_json_get(v, "effects");
    size_t n = plm_json_count(all);
    bool export = false;
    char was[PLACE_MAX];
    if (!plm_json_is_arr(all)) return bad(r, "effects", "is missing or no list; add it", none);
    if (n > PLM_EFFECTS_OF_LIST_MAX) return too_many(r, "effects", PLM_EFFECTS_OF_LIST_MAX);
    plm_effect *x = plm_arena_array(r->e->arena, n + 1, sizeof *x);
    if (!x) return plm_fail(r->f, PLM_NO_MEMORY, "out of memory");
    l->effects = x;
    snprintf(was, sizeof was, "%s", r->place);
    plm_json_each(all, it, one) {
        snprintf(r->place, sizeof r->place, "%.60s.effects[%u]", was, l->effect_n);
        if (!read_effect(r, one, x) || !write_once(r, x)) return false;
        export = export || plm_str_is(r->e->consequences[x->consequence], "export");
        l->effect_n++;
        x++;
    }
    snprintf(r->place, sizeof r->place, "%s", was);
    return export || bad(r, "effects", "says nothing of export; add an effect with that "
                         "consequence, its band clear where the law has none", none);
}

/* The keys of `listed` in a case. */
static bool read_fact(reader *r, const plm_json *v, plm_effects_list *l) {
    static const char *const facts[] = {"entity_list", "denied_person", "unverified",
                                        "military_end_user", "military_intelligence_end_user",
                                        "sdn"};
    int k;
    if (!plm_json_get(v, "fact")) return true;
    if (!one_of(r, v, "fact", facts, sizeof facts / sizeof *facts, &k)) return false;
    l->fact = plm_str_c(facts[k]);
    return true;
}

/* The ownership rules under which a listed owner counts. */
static bool read_ownership(reader *r, const plm_json *v, plm_effects_list *l) {
    static const char *const regimes[] = {"bis", "ofac", "eu", "uk"};
    const plm_str *said;
    uint32_t n;
    if (!plm_json_get(v, "ownership")) return true;
    if (!texts(r, v, "ownership", 4, &said, &n)) return false;
    for (uint32_t i = 0; i < n; i++) {
        int k = 0;
        while (k < 4 && !plm_str_is(said[i], regimes[k])) k++;
        if (k == 4) return bad(r, "ownership", "is none of: bis, ofac, eu, uk", said[i]);
        l->ownership |= 1u << k;
    }
    return true;
}

static bool read_codes(reader *r, const plm_json *v, plm_effects_list *l) {
    if (!texts(r, v, "codes", PLM_EFFECTS_CODES_MAX, &l->codes, &l->code_n)) return false;
    for (uint32_t i = 0; i < l->code_n; i++) {
        if (!is_word(l->codes[i], 60))
            return bad(r, "codes", "is no list's word; write a-z, 0-9, '-'", l->codes[i]);
        for (uint32_t k = 0; k < i; k++)
            if (plm_str_eq(l->codes[i], l->codes[k]))
                return bad(r, "codes", "stands twice; keep one", l->codes[i]);
        if (plm_effects_find(r->e, l->codes[i]))
            return bad(r, "codes", "is taken by another list; keep one", l->codes[i]);
    }
    return true;
}

/* "policies": {WORD: [wording, …], …} */
static bool read_policies(reader *r, const plm_json *v, plm_effects_list *l) {
    const plm_json *all = plm_json_get(v, "policies");
    if (!all) return true;
    if (!plm_json_is_obj(all))
        return bad(r, "policies", "is no object; write {WORD: [\"…\"]}", none);
    plm_policy_text *at = plm_arena_array(r->e->arena, PLM_EFFECTS_POLICIES_MAX, sizeof *at);
    if (!at) return plm_fail(r->f, PLM_NO_MEMORY, "out of memory");
    l->policies = at;
    plm_json_pairs(all, it, k, x) {
        const plm_str *says;
        uint32_t n;
        plm_str word = plm_arena_copy(r->e->arena, plm_json_text(k));
        char key[64];
        if (!word.p) return plm_fail(r->f, PLM_NO_MEMORY, "out of memory");
        if (!is_word(word, 40)) return bad(r, "policies", "is no word; write a-z and '_'", word);
        snprintf(key, sizeof key, "%.*s", PLM_FMT(word));
        if (!texts(r, all, key, PLM_EFFECTS_POLICIES_MAX, &says, &n)) return false;
        (void)x;
        for (uint32_t i = 0; i < n; i++) {
            if (l->policy_n == PLM_EFFECTS_POLICIES_MAX)
                return too_many(r, "policies", PLM_EFFECTS_POLICIES_MAX);
            if (plm_effects_policy(l, says[i]).n)
                return bad(r, "policies", "is worded twice; keep one", says[i]);
            at[l->policy_n++] = (plm_policy_text){word, says[i]};
        }
    }
    return true;
}

static bool read_list(reader *r, const plm_json *v) {
    plm_effects_list *l = &r->e->lists[r->e->list_n];
    snprintf(r->place, sizeof r->place, "lists[%u]", r->e->list_n);
    l->fact = (plm_str){"", 0};
    if (!keys_known(r, v, "codes name authority cite fact ownership effects policies") ||
        !read_codes(r, v, l))
        return false;
    snprintf(r->place, sizeof r->place, "lists[%u] (%.*s)", r->e->list_n, PLM_FMT(l->codes[0]));
    if (!text(r, v, "name", false, &l->name) || !text(r, v, "authority", false, &l->authority) ||
        !text(r, v, "cite", false, &l->cite) || !read_fact(r, v, l) || !read_ownership(r, v, l) ||
        !read_policies(r, v, l) || !read_effects(r, v, l))
        return false;
    r->e->list_n++;
    return true;
}

static bool read_consequences(reader *r, const plm_json *root) {
    const plm_str *v;
    bool export = false;
    if (!texts(r, root, "consequences", PLM_CONSEQUENCES_MAX, &v, &r->e->consequence_n))
        return false;
    for (uint32_t i = 0; i < r->e->consequence_n; i++) {
        if (!is_word(v[i], 40))
            return bad(r, "consequences", "is no word; write a-z and '_'", v[i]);
        for (uint32_t k = 0; k < i; k++)
            if (plm_str_eq(v[i], v[k]))
                return bad(r, "consequences", "stands twice; keep one", v[i]);
        r->e->consequences[i] = v[i];
        export = export || plm_str_is(v[i], "export");
    }
    return export || bad(r, "consequences", "lacks \"export\"; add it", none);
}

static bool read_root(reader *r, const plm_json *root) {
    plm_effects *e = r->e;
    plm_str line;
    if (!keys_known(r, root, "title edition source note consequences lists") ||
        !text(r, root, "title", false, &line) || !text(r, root, "source", false, &line) ||
        !text(r, root, "note", true, &line) || !date(r, root, "edition", false, &e->edition) ||
        !read_consequences(r, root))
        return false;
    const plm_json *all = plm_json_get(root, "lists");
    if (!plm_json_is_arr(all) || !plm_json_count(all))
        return bad(r, "lists", "needs one list or more", none);
    if (plm_json_count(all) > PLM_EFFECTS_LISTS_MAX)
        return too_many(r, "lists", PLM_EFFECTS_LISTS_MAX);
    e->lists = plm_arena_array(e->arena, plm_json_count(all), sizeof *e->lists);
    if (!e->lists) return plm_fail(r->f, PLM_NO_MEMORY, "out of memory");
    plm_json_each(all, it, v)
        if (!read_list(r, v)) return false;
    return true;
}

plm_effects *plm_effects_read(plm_str json, const char *where, plm_fault *f) {
    plm_arena *a = plm_arena_new(EFFECTS_ARENA_MAX);
    plm_effects *e = a ? plm_arena_alloc(a, sizeof *e) : NULL;
    unsigned char h[PLM_SHA256_LEN];
    plm_fault inner = {0};
    if (!e) {
        plm_arena_free(a);
        plm_fail(f, PLM_NO_MEMORY, "out of memory");
        return NULL;
    }
    e->arena = a;
    plm_sha256_of(json, h);
    plm_hex(h, sizeof h, e->sha256);
    plm_doc *d = plm_doc_parse(json, PLM_EFFECTS_BYTES_MAX, &inner);
    reader r = {.e = e, .where = where, .f = f};
    bool ok = d && read_root(&r, plm_doc_root(d));
    if (!d) plm_fail_at(f, inner.code, where, inner.line, inner.column, "%s", inner.say);
    plm_doc_free(d);
    if (ok) return e;
    plm_arena_free(a);
    return NULL;
}

plm_effects *plm_effects_open(const char *path, plm_fault *f) {
    plm_buf b;
    plm_buf_init(&b, PLM_EFFECTS_BYTES_MAX);
    plm_effects *e = plm_file_read(path, &b, f) ? plm_effects_read(plm_buf_str(&b), path, f) : NULL;
    plm_buf_free(&b);
    return e;
}

void plm_effects_free(plm_effects *e) {
    if (e) plm_arena_free(e->arena);
}

plm_day plm_effects_edition(const plm_effects *e) { return e->edition; }
const char *plm_effects_sha256(const plm_effects *e) { return e->sha256; }
uint32_t plm_effects_count(const plm_effects *e) { return e->list_n; }
const plm_effects_list *plm_effects_at(const plm_effects *e, uint32_t i) { return &e->lists[i]; }

const plm_effects_list *plm_effects_find(const plm_effects *e, plm_str code) {
    for (uint32_t i = 0; i < e->list_n; i++)
        for (uint32_t k = 0; k < e->lists[i].code_n; k++)
            if (plm_str_eq(e->lists[i].codes[k], code)) return &e->lists[i];
    return NULL;
}

static char next_letter(plm_str s, size_t *i) {
    while (*i < s.n) {
        char c = plm_lower(s.p[(*i)++]);
        if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')) return c;
    }
    return 0;
}

plm_str plm_effects_policy(const plm_effects_list *l, plm_str says) {
    for (uint32_t k = 0; k < l->policy_n; k++) {
        size_t i = 0, j = 0;
        char a = next_letter(says, &i), b = next_letter(l->policies[k].says, &j);
        if (!a) break; /* no wording at all */
        while (a && a == b) a = next_letter(says, &i), b = next_letter(l->policies[k].says, &j);
        if (a == b) return l->policies[k].word;
    }
    return (plm_str){"", 0};
}

uint32_t plm_consequence_count(const plm_effects *e) { return e->consequence_n; }
plm_str plm_consequence_name(const plm_effects *e, uint32_t i) { return e->consequences[i]; }
