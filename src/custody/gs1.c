/* gs1.c: EPC URNs and Digital Links to keys.  Table-driven: a URN scheme says how many digits its
 * company prefix and reference have together, what stands before them and what follows. */
#include "custody/gs1.h"

#include <string.h>

typedef enum gs1_tail {
    TAIL_NONE,    /* nothing after the reference */
    TAIL_SERIAL,  /* ".SERIAL" as a qualifier, or joined to the key when qualifier is "" */
    TAIL_FREE,    /* the reference itself is free text (GIAI, GINC) */
    TAIL_PART,    /* free reference, then ".SERIAL" (CPI) */
    TAIL_PIECE    /* ".PIECE.TOTAL.SERIAL" (ITIP) */
} gs1_tail;

typedef struct gs1_scheme {
    const char *urn, *ai, *qualifier;
    int digits;        /* of company prefix and reference together; 0: free */
    bool indicator;    /* the reference's first digit goes before the prefix */
    const char *lead;  /* put before the digits */
    bool check;        /* a check digit follows the digits */
    gs1_tail tail;
    int serial_max;
} gs1_scheme;

static const gs1_scheme schemes[] = {
    {"id:sgtin:", "01", "/21/", 13, true, "", true, TAIL_SERIAL, 20},
    {"id:sscc:", "00", "", 17, true, "", true, TAIL_NONE, 0},
    {"id:sgln:", "414", "/254/", 12, false, "", true, TAIL_SERIAL, 20},
    {"id:grai:", "8003", "", 12, false, "0", true, TAIL_SERIAL, 16},
    {"id:giai:", "8004", "", 0, false, "", false, TAIL_FREE, 30},
    {"id:gsrn:", "8018", "", 17, false, "", true, TAIL_NONE, 0},
    {"id:gsrnp:", "8017", "", 17, false, "", true, TAIL_NONE, 0},
    {"id:gdti:", "253", "", 12, false, "", true, TAIL_SERIAL, 20},
    {"id:cpi:", "8010", "/8011/", 0, false, "", false, TAIL_PART, 30},
    {"id:sgcn:", "255", "", 12, false, "", true, TAIL_SERIAL, 12},
    {"id:ginc:", "401", "", 0, false, "", false, TAIL_FREE, 30},
    {"id:gsin:", "402", "", 16, false, "", true, TAIL_NONE, 0},
    {"id:itip:", "8006", "/21/", 13, true, "", true, TAIL_PIECE, 20},
    {"id:upui:", "01", "/235/", 13, true, "", true, TAIL_SERIAL, 28},
    {"id:pgln:", "417", "", 12, false, "", true, TAIL_NONE, 0},
    {"class:lgtin:", "01", "/10/", 13, true, "", true, TAIL_SERIAL, 20},
    {"idpat:sgtin:", "01", "/21/", 13, true, "", true, TAIL_SERIAL, 1},
    {"idpat:grai:", "8003", "", 12, false, "0", true, TAIL_SERIAL, 1},
    {"idpat:gdti:", "253", "", 12, false, "", true, TAIL_SERIAL, 1},
    {"idpat:sgcn:", "255", "", 12, false, "", true, TAIL_SERIAL, 1},
    {"idpat:cpi:", "8010", "/8011/", 0, false, "", false, TAIL_PART, 30},
    {"idpat:itip:", "8006", "/21/", 13, true, "", true, TAIL_PIECE, 1},
    {"idpat:upui:", "01", "/235/", 13, true, "", true, TAIL_SERIAL, 1},
};

#define KEY_ROOM 4096u /* a key of a URI of 1024 bytes with all of them escaped, and more */

static bool is_digits(plm_str s) {
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] < '0' || s.p[i] > '9') return false;
    return true;
}

char plm_gs1_check_digit(plm_str d) {
    unsigned sum = 0;
    for (size_t i = 0; i < d.n; i++)
        sum += (unsigned)(d.p[d.n - 1 - i] - '0') * (i % 2 ? 1u : 3u);
    return (char)('0' + (10 - sum % 10) % 10);
}

static bool is_hex(char c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'F') || (c >= 'a' && c <= 'f');
}

static bool is_plain(char c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

/* Characters of an EPC serial; a percent sign needs two hexadecimal digits. */
static bool serial_ok(plm_str s, int max) {
    int n = 0;
    for (size_t i = 0; i < s.n; i++, n++) {
        char c = s.p[i];
        if (c == '%') {
            if (i + 2 >= s.n || !is_hex(s.p[i + 1]) || !is_hex(s.p[i + 2])) return false;
            i += 2;
        } else if (!is_plain(c) && !(c && strchr("!')(*+,.:;=_-", c))) {
            return false;
        }
    }
    return n >= 1 && n <= max;
}

/* Digital Link paths percent-encode some characters that a URN writes plain (Table 7-1). */
static void put_serial(plm_buf *out, plm_str s) {
    for (size_t i = 0; i < s.n; i++) {
        size_t plain = i;
        while (i < s.n && is_plain(s.p[i])) i++;
        if (i > plain) plm_buf_put(out, s.p + plain, i - plain);
        if (i == s.n) return;
        char c = s.p[i];
        if (c && strchr("!()*+,:", c)) plm_buf_printf(out, "%%%02X", (unsigned)c);
        else if (c == '%' && i + 2 < s.n)
            for (int k = 0; k < 3; k++, i += k < 3)
                plm_buf_putc(out, s.p[i] >= 'a' && s.p[i] <= 'f' ? (char)(s.p[i] - 32) : s.p[i]);
        else plm_buf_putc(out, c);
    }
}

static bool split(plm_str s, char at, plm_str *head, plm_str *tail) {
    const char *q = s.n ? memchr(s.p, at, s.n) : NULL;
    if (!q) return false;
    *head = (plm_str){s.p, (size_t)(q - s.p)};
    *tail = (plm_str){q + 1, s.n - head->n - 1};
    return true;
}

static bool split_last(plm_str s, char at, plm_str *head, plm_str *tail) {
    const char *q = s.n ? memrchr(s.p, at, s.n) : NULL;
    if (!q) return false;
    *head = (plm_str){s.p, (size_t)(q - s.p)};
    *tail = (plm_str){q + 1, s.n - head->n - 1};
    return true;
}

static bool prefix_ok(plm_str p) { return p.n >= 6 && p.n <= 12 && is_digits(p); }

static bool urn_free(const gs1_scheme *s, plm_str rest, bool pattern, plm_buf *out) {
    plm_str prefix, ref, serial = {0};
    if (!split(rest, '.', &prefix, &ref) || !prefix_ok(prefix)) return false;
    if (s->tail == TAIL_PART && !split_last(ref, '.', &ref, &serial)) return false;
    if (!serial_ok(ref, s->serial_max - (int)prefix.n)) return false;
    if (s->tail == TAIL_PART && !(pattern ? plm_str_is(serial, "*")
                                          : serial.n >= 1 && serial.n <= 12 && is_digits(serial)))
        return false;
    plm_buf_printf(out, "%s/%.*s", s->ai, PLM_FMT(prefix));
    put_serial(out, ref);
    if (s->tail == TAIL_PART && !pattern)
        plm_buf_printf(out, "%s%.*s", s->qualifier, PLM_FMT(serial));
    return true;
}

/* ".PIECE.TOTAL.SERIAL": the first two join the key. */
static bool take_piece(plm_str *serial, char piece[5]) {
    plm_str a, b, rest;
    if (!split(*serial, '.', &a, &rest) || !split(rest, '.', &b, serial)) return false;
    if (a.n != 2 || b.n != 2 || !is_digits(a) || !is_digits(b)) return false;
    memcpy(piece, a.p, 2);
    memcpy(piece + 2, b.p, 2);
    return true;
}

static bool urn_key(const gs1_scheme *s, plm_str rest, bool pattern, plm_buf *out) {
    plm_str prefix, ref, serial = {0};
    char digits[24] = {0}, piece[5] = {0};
    size_t n = 0;
    if (s->digits == 0) return urn_free(s, rest, pattern, out);
    if (!split(rest, '.', &prefix, &ref) || !prefix_ok(prefix)) return false;
    if (s->tail != TAIL_NONE && !split(ref, '.', &ref, &serial)) return false;
    if (!is_digits(ref) || prefix.n + ref.n != (size_t)s->digits) return false;
    if (s->tail == TAIL_PIECE && !take_piece(&serial, piece)) return false;
    if (pattern ? !plm_str_is(serial, "*")
                : s->tail != TAIL_NONE && !serial_ok(serial, s->serial_max))
        return false;
    for (const char *c = s->lead; *c; c++) digits[n++] = *c;
    if (s->indicator) digits[n++] = ref.p[0];
    memcpy(digits + n, prefix.p, prefix.n);
    n += prefix.n;
    size_t skip = s->indicator ? 1 : 0;
    if (ref.n > skip) memcpy(digits + n, ref.p + skip, ref.n - skip);
    n += ref.n > skip ? ref.n - skip : 0;
    if (s->check) {
        digits[n] = plm_gs1_check_digit((plm_str){digits, n});
        n++;
    }
    plm_buf_puts(out, s->ai);
    plm_buf_putc(out, '/');
    plm_buf_put(out, digits, n);
    plm_buf_puts(out, piece);
    if (pattern || s->tail == TAIL_NONE) return true;
    if (strcmp(s->ai, "414") == 0 && plm_str_is(serial, "0")) return true; /* no extension */
    plm_buf_puts(out, s->qualifier);
    put_serial(out, serial);
    return true;
}

static const struct {
    const char *ai, *word;
    const char *qualifiers[4]; /* the finest first */
} primary[] = {
    {"00", "sscc", {NULL}},           {"01", "gtin", {"21", "235", "10", NULL}},
    {"253", "gdti", {NULL}},          {"255", "gcn", {NULL}},
    {"401", "ginc", {NULL}},          {"402", "gsin", {NULL}},
    {"414", "gln", {"254", NULL}},    {"417", "party", {NULL}},
    {"8003", "grai", {NULL}},         {"8004", "giai", {NULL}},
    {"8006", "itip", {"21", "10", NULL}}, {"8010", "cpid", {"8011", NULL}},
    {"8017", "gsrnp", {NULL}},        {"8018", "gsrn", {NULL}},
};

static bool qualifier_is(plm_str s, const char *ai) {
    return plm_str_is(s, ai) || (strcmp(ai, "21") == 0 && plm_str_is(s, "ser")) ||
           (strcmp(ai, "10") == 0 && plm_str_is(s, "lot"));
}

static plm_str next_segment(plm_str *rest) {
    plm_str head = *rest, tail = {rest->p + rest->n, 0};
    split(*rest, '/', &head, &tail);
    *rest = tail;
    return head;
}

static size_t primary_find(plm_str seg) {
    size_t n = sizeof primary / sizeof primary[0], i = 0;
    if (seg.n < 2 || seg.n > 5) return n; /* the shortest and the longest below */
    bool digit = seg.p[0] >= '0' && seg.p[0] <= '9';
    for (; i < n; i++) {
        const char *name = digit ? primary[i].ai : primary[i].word;
        if (name[0] == seg.p[0] && plm_str_is(seg, name)) break;
    }
    return i;
}

static void put_link(size_t which, plm_str value, plm_str rest, plm_buf *out) {
    plm_buf_printf(out, "%s/", primary[which].ai);
    if (which == 1 && is_digits(value)) /* GTIN-8, -12, -13 padded to 14 */
        for (size_t i = value.n; i < 14; i++) plm_buf_putc(out, '0');
    put_serial(out, value);
    for (const char *const *q = primary[which].qualifiers; *q; q++) {
        plm_str r = rest;
        while (r.n) {
            plm_str k = next_segment(&r), v = next_segment(&r);
            if (!v.n || !qualifier_is(k, *q)) continue;
            if (strcmp(*q, "254") == 0 && plm_str_is(v, "0")) return;
            plm_buf_printf(out, "/%s/", *q);
            put_serial(out, v);
            return;
        }
    }
}

static bool link_key(plm_str rest, plm_buf *out) {
    for (size_t i = 0; i < rest.n; i++)
        if (rest.p[i] == '?' || rest.p[i] == '#') rest.n = i;
    plm_str host = next_segment(&rest);
    if (!host.n) return false;
    while (rest.n) {
        plm_str seg = next_segment(&rest), peek = rest;
        size_t which = primary_find(seg);
        if (which == sizeof primary / sizeof primary[0]) continue;
        plm_str value = next_segment(&peek);
        if (value.n < 5 || !is_digits((plm_str){value.p, 4})) continue;
        put_link(which, value, peek, out);
        return true;
    }
    return false;
}

bool plm_gs1_key(plm_str uri, plm_buf *out) {
    size_t before = out->n;
    bool ok = false;
    if (uri.n > 2048) return false;
    if (plm_str_starts(uri, "urn:epc:")) {
        plm_str rest = {uri.p + 8, uri.n - 8};
        for (size_t i = 0; !ok && i < sizeof schemes / sizeof schemes[0]; i++) {
            if (rest.n < 6 || memcmp(rest.p, schemes[i].urn, 6) != 0) continue;
            size_t n = strlen(schemes[i].urn);
            if (!plm_str_starts(rest, schemes[i].urn)) continue;
            ok = urn_key(&schemes[i], (plm_str){rest.p + n, rest.n - n},
                         plm_str_starts(rest, "idpat:"), out);
        }
    } else if (plm_str_starts(uri, "https://")) {
        ok = link_key((plm_str){uri.p + 8, uri.n - 8}, out);
    } else if (plm_str_starts(uri, "http://")) {
        ok = link_key((plm_str){uri.p + 7, uri.n - 7}, out);
    }
    if (!ok || out->full) out->n = before;
    return ok && !out->full;
}

plm_str plm_gs1_key_or_self(plm_str uri, plm_arena *a) {
    char text[KEY_ROOM]; /* keys are made by the million: no allocation */
    plm_buf b = {.p = text, .cap = sizeof text, .max = sizeof text};
    plm_str got = plm_gs1_key(uri, &b) ? plm_buf_str(&b) : uri;
    /* a key that found no room is no reason to take the URI for something else */
    bool lost = b.full && uri.n <= 1024;
    return lost ? (plm_str){0} : plm_arena_copy(a, got);
}
