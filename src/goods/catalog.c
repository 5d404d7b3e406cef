/* catalog.c: finds what a name or part number can mean, in tables compiled into the program.
 * Invariants: 1 a name that may mean several products gives all of them; 2 a figure keeps its
 * source, basis and certainty; 3 nothing is guessed from a name that is not in the tables.
 * Held by tests/unit/test_catalog.c and tests/cases/test_goods. */
#include "goods/catalog_data.h"

#include <string.h>

#define KEY_MAX 96   /* longer names are in no table */
#define WORDS_MAX 12 /* of a name that is looked up in any order */
#define ORDERED_MAX 6 /* of these, the ones that tell products apart: 720 orders */

static const char *const makers[] = {"NVIDIA", "AMD",    "INTEL", "GOOGLE", "MICROSOFT",
                                     "META",   "AMAZON", "AWS",   "HUAWEI", "BIREN",
                                     "TESLA",  "GROQ",   "CAMBRICON"};

#define PLM_X(n) #n,
const char *const plm_basis_names[PLM_BASIS_COUNT] = {PLM_BASES(PLM_X)};
#undef PLM_X

const char *plm_certainty_name(plm_certainty c) {
    return c == PLM_CERTAINTY_HIGH ? "high" : c == PLM_CERTAINTY_MEDIUM ? "medium" : "low";
}

static const char *text(uint32_t at) { return plm_catalog_text + at; }

/* Marks that vendors print in names and people leave out: (R), (TM), dashes of any length. */
static size_t mark_at(plm_str s, size_t i) {
    static const char *const marks[] = {"\xC2\xAE", "\xE2\x84\xA2", "\xE2\x80\x90", "\xE2\x80\x91",
                                        "\xE2\x80\x93", "\xE2\x80\x94", "\xC2\xA0"};
    if ((unsigned char)s.p[i] < 0x80) return 0;
    for (size_t m = 0; m < sizeof marks / sizeof *marks; m++)
        if (plm_str_starts((plm_str){s.p + i, s.n - i}, marks[m])) return strlen(marks[m]);
    return 0;
}

/* Letters and digits in capitals; what isn't ASCII stays and so matches nothing. */
static bool key_of(plm_str s, char key[KEY_MAX + 1]) {
    size_t n = 0;
    for (size_t i = 0; i < s.n; i++) {
        char c = plm_upper(s.p[i]);
        size_t mark = mark_at(s, i);
        if (mark) {
            i += mark - 1;
            continue;
        }
        bool keep = (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || (unsigned char)c >= 0x80;
        if (!keep) continue;
        if (n == KEY_MAX) return false;
        key[n++] = c;
    }
    key[n] = 0;
    return n > 0;
}

/* First row whose key is not below key. */
static uint32_t lower_bound(const char *key) {
    uint32_t lo = 0, hi = plm_catalog_names_count;
    while (lo < hi) {
        uint32_t mid = lo + (hi - lo) / 2;
        if (strcmp(text(plm_catalog_names[mid].key), key) < 0) lo = mid + 1;
        else hi = mid;
    }
    return lo;
}

static plm_dec dec_of(uint64_t billionths) { return (plm_dec){{billionths, 0, 0}, 0}; }

static void put_value(plm_catalog_hit *h, const cat_value *v) {
    if (h->value_count == PLM_CATALOG_VALUES_MAX) return; /* gen_catalog holds this off */
    h->values[h->value_count++] = (plm_catalog_value){
        .fact = v->fact, .iv = {.lo = dec_of(v->lo), .hi = dec_of(v->hi)},
        .basis = (plm_basis)v->basis, .certainty = (plm_certainty)v->certainty,
        .relied_on = v->relied_on, .source = text(v->source)};
}

static void from_chip(const cat_chip *c, plm_catalog_hit *h) {
    h->id = text(c->id);
    h->name = text(c->name);
    h->vendor = text(c->vendor);
    h->eccn = text(c->eccn);
    h->eccn_source = text(c->eccn_source);
    h->form = (plm_form)c->form;
    h->datacenter = (plm_truth)c->datacenter;
    h->encryption = (plm_truth)c->encryption;
    h->certainty = (plm_certainty)c->certainty;
    h->value_count = 0; /* values beyond are not read: they are not cleared either */
    for (uint16_t i = 0; i < c->count; i++) put_value(h, &plm_catalog_values[c->first + i]);
}

static bool has_tpp(const plm_catalog_hit *h, plm_dec d) {
    for (uint32_t i = 0; i < h->value_count; i++)
        if (h->values[i].fact == PLM_N_tpp && plm_iv_is_point(h->values[i].iv) &&
            plm_dec_cmp(h->values[i].iv.lo, d) == 0)
            return true;
    return false;
}

/* The vendor's yes or no to 3A090.a.1 is TPP of at least 4800, or below it by a billionth. */
static void put_a1(plm_catalog_hit *h, const cat_part *p) {
    plm_dec limit = plm_dec_int(4800), below;
    plm_catalog_value v = {.fact = PLM_N_tpp, .basis = PLM_BASIS_vendor,
                           .certainty = PLM_CERTAINTY_HIGH, .relied_on = true,
                           .source = text(p->source), .iv = plm_iv_from(limit)};
    if (p->a1 == 1) {
        if (!plm_dec_sub(limit, dec_of(1), &below)) return;
        v.iv = (plm_iv){.lo = plm_dec_int(0), .hi = below};
    }
    h->values[h->value_count++] = v;
}

static void from_part(const cat_part *p, plm_catalog_hit *h) {
    if (p->chip >= 0) {
        from_chip(&plm_catalog_chips[p->chip], h);
    } else {
        h->name = "";
        h->form = PLM_FORM_NONE;
        h->datacenter = h->encryption = PLM_UNKNOWN;
        h->certainty = PLM_CERTAINTY_HIGH;
        h->value_count = 0;
    }
    h->id = text(p->number);
    h->vendor = text(p->vendor);
    h->eccn = text(p->eccn);
    h->eccn_source = text(p->source);
    if (p->form) h->form = (plm_form)p->form;
    if (p->tpp && !has_tpp(h, dec_of(p->tpp)))
        h->values[h->value_count++] = (plm_catalog_value){
            .fact = PLM_N_tpp, .iv = plm_iv_point(dec_of(p->tpp)), .basis = PLM_BASIS_vendor,
            .certainty = PLM_CERTAINTY_HIGH, .relied_on = true, .source = text(p->source)};
    if (p->a1) put_a1(h, p);
    plm_eccn e;
    if (!plm_eccn_parse(plm_str_c(h->eccn), &e) || e.ear99) return;
    bool crypto = plm_eccn_within_text(&e, "5A002") == PLM_YES ||
                  plm_eccn_within_text(&e, "5A004") == PLM_YES ||
                  plm_eccn_within_text(&e, "5A992") == PLM_YES;
    if (crypto) h->encryption = PLM_YES;
    else if (e.base[0] == '3' || e.base[0] == '4') h->encryption = PLM_NO;
}

static uint32_t find_key(const char *key, plm_catalog_hit hits[PLM_CATALOG_HITS_MAX]) {
    uint32_t n = 0;
    for (uint32_t i = lower_bound(key); i < plm_catalog_names_count; i++) {
        const cat_name *row = &plm_catalog_names[i];
        if (strcmp(text(row->key), key) != 0 || n == PLM_CATALOG_HITS_MAX) break;
        if (row->is_part) from_part(&plm_catalog_parts[row->index], &hits[n++]);
        else from_chip(&plm_catalog_chips[row->index], &hits[n++]);
    }
    return n;
}

/* Words that say what kind of thing a product is, and not which. */
static bool says_kind(const char *word) {
    static const char *const kinds[] = {"GPU", "GPUS", "TENSOR", "CORE", "ACCELERATOR", "AI",
                                        "ACCELERATORS", "CARD", "GRAPHICS"};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (strcmp(word, kinds[i]) == 0) return true;
    return false;
}

static bool is_maker(const char *word) {
    for (size_t i = 0; i < sizeof makers / sizeof *makers; i++)
        if (strcmp(word, makers[i]) == 0) return true;
    return false;
}

/* "8x", "8-GPU": how many there are of it. */
static bool is_count(const char *word, const char *next) {
    size_t n = strspn(word, "0123456789");
    return n > 0 && n < 3 && (strcmp(word + n, "X") == 0 || (!word[n] && next && says_kind(next)));
}

typedef struct word_list {
    char word[WORDS_MAX][KEY_MAX + 1];
    uint32_t n;
} word_list;

/* The words of a name that tell products apart; false when they are none or too many. */
static bool words_of(plm_str name, bool makers_too, word_list *w) {
    uint32_t kept = 0;
    w->n = 0;
    for (size_t i = 0, from = 0; i <= name.n; i++) {
        bool gap = i == name.n || strchr(" -_/,()", name.p[i]);
        if (!gap) continue;
        plm_str part = {name.p + from, i - from};
        from = i + 1;
        if (!part.n || !key_of(part, w->word[w->n])) continue;
        if (++w->n == WORDS_MAX) return false; /* the last is room to move words in */
    }
    for (uint32_t i = 0; i < w->n; i++) {
        const char *next = i + 1 < w->n ? w->word[i + 1] : NULL;
        if (says_kind(w->word[i]) || is_count(w->word[i], next)) continue;
        if (!makers_too && is_maker(w->word[i])) continue;
        if (kept != i) memcpy(w->word[kept], w->word[i], sizeof w->word[kept]);
        kept++;
    }
    w->n = kept;
    return kept > 0 && kept <= ORDERED_MAX;
}

/* Tries the words from number at on in every order. */
static uint32_t in_any_order(word_list *w, uint32_t at, plm_catalog_hit *hits) {
    if (at == w->n) {
        char key[WORDS_MAX * KEY_MAX + 1], *end = key;
        for (uint32_t i = 0; i < w->n; i++) end = stpcpy(end, w->word[i]);
        return find_key(key, hits);
    }
    uint32_t found = 0;
    for (uint32_t i = at; i < w->n && !found; i++) {
        char first[KEY_MAX + 1];
        memcpy(first, w->word[i], sizeof first);
        memmove(w->word[at + 1], w->word[at], (i - at) * sizeof *w->word);
        memcpy(w->word[at], first, sizeof first);
        found = in_any_order(w, at + 1, hits);
        memmove(w->word[at], w->word[at + 1], (i - at) * sizeof *w->word);
        memcpy(w->word[i], first, sizeof first);
    }
    return found;
}

uint32_t plm_catalog_find(plm_str name, plm_catalog_hit hits[PLM_CATALOG_HITS_MAX]) {
    char key[KEY_MAX + 1];
    if (!key_of(name, key)) return 0;
    uint32_t n = find_key(key, hits);
    for (size_t i = 0; !n && i < sizeof makers / sizeof *makers; i++) {
        size_t len = strlen(makers[i]);
        if (strncmp(key, makers[i], len) == 0 && key[len]) n = find_key(key + len, hits);
    }
    word_list w;
    if (!n && words_of(name, true, &w)) n = in_any_order(&w, 0, hits);
    if (!n && words_of(name, false, &w)) n = in_any_order(&w, 0, hits);
    return n;
}

bool plm_catalog_at(uint32_t index, plm_catalog_hit *hit) {
    if (index >= plm_catalog_chips_count) return false;
    from_chip(&plm_catalog_chips[index], hit);
    return true;
}

bool plm_catalog_part_at(uint32_t index, plm_catalog_hit *hit) {
    if (index >= plm_catalog_parts_count) return false;
    from_part(&plm_catalog_parts[index], hit);
    return true;
}
