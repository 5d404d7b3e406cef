/* address.c: reads an address word by word.
 * Invariants: 1 two writings of one unit have a street or building key in common, the same unit
 * and no other floor; 2 a unit is never guessed: without a designator there is none.
 * Held by tests/unit/test_screen.c and tests/cases/test_screen. */
#include "screen/address.h"

#include <string.h>

#define WORDS_MAX 64
#define WORD_MAX 24
#define NAME_MAX 64

typedef struct piece {
    char s[WORD_MAX];
    uint8_t n, segment;
    bool used, digit;        /* digit: begins with a digit */
} piece;

typedef struct reader {
    piece w[WORDS_MAX];
    uint32_t n;
    address_rec *a;
} reader;

static bool one_of(const piece *p, const char *words) {
    for (const char *x = words; *x; x++) {
        size_t n = 0;
        while (n < p->n && x[n] == p->s[n]) n++; /* words end before the letters of p do */
        if (n == p->n && (x[n] == ' ' || !x[n])) return true;
        while (*x && *x != ' ') x++;
        if (!*x) return false;
    }
    return false;
}

static const char unit_words[] = "unit units room rooms rm rms flat office suite ste apt apartment "
                                 "shop kv kvartira ofis of pom pomeshchenie premises daire kapi "
                                 "workshop warehouse door";
static const char floor_words[] = "floor fl flr level kat etazh storey f k";
static const char street_words[] = "road rd street st avenue ave av lane ln strand drive dr blvd "
                                   "boulevard highway hwy way square sokak sk sok caddesi cad cd "
                                   "bulvari path terrace crescent lu jie dadao dao";
static const char street_before[] = "ul ulitsa pr prospekt per pereulok pl ploshchad jalan jl "
                                    "naberezhnaya nab shosse sh bulvar b-r rue calle";
static const char building_words[] = "tower centre center building bldg plaza house mansion place "
                                     "court park complex hall arcade mall estate block";
static const char plain_words[] = "commercial industrial business trade trading the no nos number "
                                  "num and";
static const char quarter_words[] = "mah mh mahallesi mahalle kisim district dist mkr";
static const char far_words[] = "south north east west central";

static void add_piece(reader *r, const char *s, size_t n, uint8_t segment) {
    if (n == 0 || r->n == WORDS_MAX) return;
    piece *p = &r->w[r->n++];
    memset(p, 0, sizeof *p);
    if (n >= WORD_MAX) n = WORD_MAX - 1;
    memcpy(p->s, s, n);
    p->n = (uint8_t)n;
    p->segment = segment;
    p->digit = s[0] >= '0' && s[0] <= '9';
}

/* Splits to folded words; '/' and '-' stay inside a word that has a digit on their left. */
static void split(reader *r, plm_str text) {
    char buf[WORD_MAX];
    size_t n = 0;
    uint8_t segment = 0;
    for (size_t i = 0; i < text.n;) {
        char one[16] = {0};
        uint32_t cp = plm_utf8_next(text, &i);
        if (cp == UINT32_MAX) return;
        uint32_t k = plm_fold_letter_text(cp, one);
        bool inner = (cp == '/' || cp == '-' || cp == 0x2013) && n && buf[0] >= '0' &&
                     buf[0] <= '9';
        if (k == 0 && inner) one[0] = cp == '/' ? '/' : '-', k = 1;
        if (k == 0 && (cp == '\'' || cp == 0x2019 || cp == 0x60)) continue;
        for (uint32_t j = 0; j < k && n + 1 < WORD_MAX; j++) buf[n++] = one[j];
        if (k) continue;
        add_piece(r, buf, n, segment);
        n = 0;
        if (cp == ',' || cp == ';' || cp == '(' || cp == ')') segment++;
        bool before = i < text.n && text.p[i] >= '0' && text.p[i] <= '9'; /* #212; 1# is a number */
        if (cp == '#') add_piece(r, before ? "unit" : "no", before ? 4 : 2, segment);
    }
    add_piece(r, buf, n, segment);
    for (uint32_t i = 0; i < r->n; i++) { /* one -> 1 */
        const lexeme *x = plm_lex_find('l', r->w[i].s, r->w[i].n);
        if (!x || x->kind != TOKEN_NUMBER) continue;
        const char *s = plm_lex_text + x->out_at;
        memset(r->w[i].s, 0, WORD_MAX);
        r->w[i].n = (uint8_t)strlen(s);
        memcpy(r->w[i].s, s, r->w[i].n);
        r->w[i].digit = true;
    }
}

/* Leading digits of s as a number; -1 without; *rest: what follows them. */
static int32_t number(const char *s, const char **rest) {
    int32_t v = 0;
    const char *p = s;
    while (*p >= '0' && *p <= '9' && v < 10000000) v = v * 10 + (*p++ - '0');
    *rest = p;
    return p == s ? -1 : v;
}

/* "16/f", "13f", "7th" before floor, or a bare number there. */
static bool is_floor(const piece *p, const piece *next, int32_t *floor) {
    const char *rest;
    int32_t v = number(p->s, &rest);
    if (v < 0) {
        if (strcmp(p->s, "g/f") == 0) *floor = 0;
        return strcmp(p->s, "g/f") == 0;
    }
    if (strcmp(rest, "/f") == 0 || strcmp(rest, "f") == 0 || strcmp(rest, "/fl") == 0 ||
        strcmp(rest, "/floor") == 0 || strcmp(rest, "fl") == 0) {
        *floor = v;
        return true;
    }
    bool bare = !*rest || strcmp(rest, "st") == 0 || strcmp(rest, "nd") == 0 ||
                strcmp(rest, "rd") == 0 || strcmp(rest, "th") == 0;
    if (bare && next && next->n > 1 && one_of(next, floor_words)) {
        *floor = v;
        return true;
    }
    return false;
}

/* 1318-19 is 1318 to 1319; 1605A; D; B212-8. */
static bool read_unit(address_rec *a, const char *s) {
    const char *rest;
    int32_t v = number(s, &rest);
    if (v < 0) {
        if (s[1] && number(s + 1, &rest) < 0) return false;
        a->unit_letter = s[0];
        if (s[1]) a->unit_from = a->unit_to = number(s + 1, &rest);
        return true;
    }
    a->unit_from = a->unit_to = v;
    if (*rest == '-' || *rest == '/') {
        const char *end;
        int32_t to = number(rest + 1, &end), scale = 1;
        while (to >= scale) scale *= 10;
        if (to >= 0) a->unit_to = to < v ? v / scale * scale + to : to;
        if (to < 0) a->unit_letter = rest[1];
    } else if (*rest) {
        a->unit_letter = *rest;
    }
    return true;
}

static void find_floor(reader *r) {
    for (uint32_t i = 0; i < r->n; i++) {
        piece *p = &r->w[i], *next = i + 1 < r->n ? &r->w[i + 1] : NULL;
        int32_t v;
        if (is_floor(p, next, &v)) {
            r->a->floor = v;
            p->used = true;
            if (next && one_of(next, floor_words)) next->used = true;
            return;
        }
        if (p->n > 1 && one_of(p, floor_words) && next && next->digit) {
            const char *rest;
            r->a->floor = number(next->s, &rest);
            p->used = next->used = true;
            return;
        }
    }
}

static void find_unit(reader *r) {
    for (uint32_t i = 0; i + 1 < r->n; i++) {
        if (!one_of(&r->w[i], unit_words) || r->w[i].used) continue;
        uint32_t j = i + 1;
        while (j < r->n && (one_of(&r->w[j], unit_words) || one_of(&r->w[j], plain_words))) j++;
        if (j >= r->n || r->w[j].used || !(r->w[j].digit || r->w[j].n <= 3)) continue;
        if (!read_unit(r->a, r->w[j].s)) continue;
        for (uint32_t k = i; k <= j; k++) r->w[k].used = true;
        bool more = j + 2 < r->n && one_of(&r->w[j + 1], "and to") && r->w[j + 2].digit;
        if (more) {
            const char *rest;
            r->a->unit_to = number(r->w[j + 2].s, &rest);
            r->w[j + 1].used = r->w[j + 2].used = true;
        } else if (j + 1 < r->n && r->w[j].digit && r->w[j + 1].digit &&
                   r->w[j].segment == r->w[j + 1].segment && r->a->unit_letter == 0) {
            const char *rest; /* "1318 - 19", "1318 & 1319": the sign between them is gone */
            int32_t to = number(r->w[j + 1].s, &rest), v = r->a->unit_from;
            if (!*rest && to > v && to <= v + 9) {
                r->a->unit_to = to;
                r->w[j + 1].used = true;
            } else if (!*rest && r->w[j + 1].n < 3 && to > v % 100 && to <= v % 100 + 9) {
                r->a->unit_to = v / 100 * 100 + to;
                r->w[j + 1].used = true;
            }
        }
        return;
    }
}

static uint64_t street_hash(const char *name, size_t n, int32_t no, const char *rest) {
    char key[NAME_MAX + 24];
    memcpy(key, name, n);
    key[n++] = '|';
    for (int32_t v = no; v; v /= 10) key[n++] = (char)('0' + v % 10);
    if (*rest && *rest != '-') key[n++] = *rest;
    return plm_index_hash('S', key, n);
}

static bool street_number(reader *r, const char *name, size_t n, uint32_t at) {
    const char *rest, *end;
    int32_t v = number(r->w[at].s, &rest);
    if (v <= 0) return false;
    r->a->street[0] = street_hash(name, n, v, rest);
    if (*rest == '-') {
        int32_t to = number(rest + 1, &end), scale = 1;
        while (to >= scale) scale *= 10;
        if (to > 0) {
            if (to < v) to += v / scale * scale;
            r->a->street[1] = street_hash(name, n, to, end);
        }
    }
    r->w[at].used = true;
    return true;
}

static bool free_name(const piece *p) {
    return !p->used && !p->digit && !one_of(p, street_words) && !one_of(p, plain_words) &&
           !one_of(p, quarter_words);
}

static void join(char *name, size_t *n, const piece *p) {
    if (*n + p->n >= NAME_MAX) return;
    memcpy(name + *n, p->s, p->n);
    *n += p->n;
}

/* The street whose kind of way is word i, and its number before it or behind. */
static bool street_at(reader *r, uint32_t i, bool before) {
    uint32_t from = i, to = i;
    char name[NAME_MAX];
    size_t n = 0;
    if (before) {
        from = i + 1;
        for (to = from; to < r->n && to < from + 4 && free_name(&r->w[to]) &&
                        r->w[to].segment == r->w[i].segment;)
            to++;
    } else {
        while (from > 0 && i - from < 4 && free_name(&r->w[from - 1]) &&
               r->w[from - 1].segment == r->w[i].segment &&
               !one_of(&r->w[from - 1], building_words))
            from--;
    }
    for (uint32_t k = from; k < to; k++) join(name, &n, &r->w[k]);
    if (n < 2) return false;
    uint32_t left = from - (before ? 1 : 0), right = before ? to : i + 1;
    while (!before && right < r->n && one_of(&r->w[right], far_words)) right++;
    if (left > 0 && one_of(&r->w[left - 1], plain_words)) left--;
    if (right < r->n && one_of(&r->w[right], "d no dom")) right++;
    bool ok = left > 0 && r->w[left - 1].digit && !r->w[left - 1].used &&
              street_number(r, name, n, left - 1);
    ok = ok || (right < r->n && r->w[right].digit && !r->w[right].used &&
                street_number(r, name, n, right));
    if (!ok) return false;
    for (uint32_t k = from; k < to; k++) r->w[k].used = true;
    r->w[i].used = true;
    return true;
}

static void find_street(reader *r) {
    for (uint32_t i = 0; i < r->n && !r->a->street[0]; i++) {
        if (one_of(&r->w[i], street_before)) street_at(r, i, true);
        else if (one_of(&r->w[i], street_words)) street_at(r, i, false);
    }
    for (uint32_t i = 0; i + 1 < r->n && !r->a->street[0]; i++) /* 89 Queensway */
        if (r->w[i].digit && !r->w[i].used && !r->w[i + 1].digit && r->w[i + 1].n > 5 &&
            !one_of(&r->w[i + 1], building_words) &&
            street_number(r, r->w[i + 1].s, r->w[i + 1].n, i))
            r->w[i + 1].used = true;
}

static void find_building(reader *r) {
    for (uint32_t i = 1; i < r->n; i++) {
        if (!one_of(&r->w[i], building_words)) continue;
        char name[NAME_MAX];
        size_t n = 0;
        uint32_t from = i;
        while (from > 0 && i - from < 5 && !r->w[from - 1].used &&
               r->w[from - 1].segment == r->w[i].segment &&
               (!r->w[from - 1].digit || r->w[from - 1].n <= 2))
            from--;
        for (uint32_t k = from; k < i; k++)
            if (!one_of(&r->w[k], plain_words) && !one_of(&r->w[k], building_words))
                join(name, &n, &r->w[k]);
        if (n < 2 || (name[0] >= '0' && name[0] <= '9' && n < 4)) continue;
        for (uint32_t k = from; k <= i; k++) r->w[k].used = true;
        r->a->building = plm_index_hash('B', name, n);
        return;
    }
}

static void find_places(reader *r) {
    for (uint32_t i = r->n; i > 0 && r->a->place_n < ADDRESS_PLACES; i--) {
        const piece *p = &r->w[i - 1];
        if (p->used || p->digit || p->n < 3) continue;
        r->a->place[r->a->place_n++] = (uint32_t)plm_index_hash('P', p->s, p->n);
    }
}

bool plm_address_keys(plm_str text, address_rec *a) {
    reader r;
    r.n = 0;
    r.a = a;
    a->floor = INT32_MIN;
    a->unit_from = a->unit_to = -1;
    split(&r, text);
    find_floor(&r);
    find_unit(&r);
    find_street(&r);
    find_building(&r);
    find_places(&r);
    return a->street[0] || a->building;
}

static bool same_building(const address_rec *q, const address_rec *l) {
    bool street = false, place = q->place_n == 0 || l->place_n == 0;
    for (int i = 0; i < 2; i++)
        for (int j = 0; j < 2; j++)
            street = street || (q->street[i] && q->street[i] == l->street[j]);
    for (uint32_t i = 0; i < q->place_n; i++)
        for (uint32_t j = 0; j < l->place_n; j++) place = place || q->place[i] == l->place[j];
    bool building = q->building && q->building == l->building;
    if (building && q->street[0] && l->street[0] && !street) return false;
    return place && (street || building);
}

static bool has_unit(const address_rec *a) { return a->unit_from >= 0 || a->unit_letter; }

address_relation plm_address_relate(const address_rec *q, const address_rec *l) {
    if (!same_building(q, l)) return ADDRESS_OTHER;
    bool floors = q->floor != INT32_MIN && l->floor != INT32_MIN;
    bool other_floor = floors && q->floor != l->floor;
    if (!has_unit(l)) {
        if (l->floor == INT32_MIN) return has_unit(q) || q->floor != INT32_MIN ? ADDRESS_BUILDING
                                                                             : ADDRESS_SAME;
        return floors && !other_floor ? ADDRESS_SAME : ADDRESS_BUILDING;
    }
    if (!has_unit(q)) return ADDRESS_BUILDING;
    bool same = q->unit_from == l->unit_from && q->unit_to == l->unit_to &&
                q->unit_letter == l->unit_letter;
    if (same) return other_floor ? ADDRESS_BUILDING : ADDRESS_SAME;
    int32_t gap = q->unit_from > l->unit_from ? q->unit_from - l->unit_from
                                              : l->unit_from - q->unit_from;
    bool numbers = q->unit_from >= 0 && l->unit_from >= 0;
    bool letters = q->unit_letter && l->unit_letter && !numbers;
    if (other_floor) return ADDRESS_BUILDING;
    return (numbers && gap <= 2) || letters ? ADDRESS_NEXT_UNIT : ADDRESS_BUILDING;
}
