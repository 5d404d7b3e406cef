/* number.c: exact decimals in 192-bit magnitudes of billionths, and intervals.
 * Invariants: 1 zero is never negative; 2 no operation rounds without being told which way;
 * 3 a quotient is compared by cross-multiplying in 384 bits.  Held by tests/unit/test_number.c. */
#include "plimsoll/number.h"

#include <string.h>

__extension__ typedef unsigned __int128 u128;
#define LIMBS 3
#define WIDE 6
#define SCALE 1000000000u

static int mag_cmp(const uint64_t *a, const uint64_t *b, int n) {
    for (int i = n - 1; i >= 0; i--)
        if (a[i] != b[i]) return a[i] < b[i] ? -1 : 1;
    return 0;
}

static bool mag_zero(const uint64_t *a, int n) {
    for (int i = 0; i < n; i++)
        if (a[i]) return false;
    return true;
}

/* a = a*m + c; the carry out. */
static uint64_t mag_muladd(uint64_t *a, int n, uint64_t m, uint64_t c) {
    for (int i = 0; i < n; i++) {
        u128 t = (u128)a[i] * m + c;
        a[i] = (uint64_t)t;
        c = (uint64_t)(t >> 64);
    }
    return c;
}

/* a = a/m; the remainder. */
static uint64_t mag_div(uint64_t *a, int n, uint64_t m) {
    u128 r = 0;
    for (int i = n - 1; i >= 0; i--) {
        u128 t = (r << 64) | a[i];
        a[i] = (uint64_t)(t / m);
        r = t % m;
    }
    return (uint64_t)r;
}

static void mag_mul(const uint64_t *a, const uint64_t *b, uint64_t out[WIDE]) {
    memset(out, 0, WIDE * sizeof *out);
    for (int i = 0; i < LIMBS; i++) {
        u128 c = 0;
        for (int j = 0; j < LIMBS; j++) {
            c += (u128)a[i] * b[j] + out[i + j];
            out[i + j] = (uint64_t)c;
            c >>= 64;
        }
        out[i + LIMBS] = (uint64_t)c;
    }
}

static bool mag_add(uint64_t *a, const uint64_t *b) {
    u128 c = 0;
    for (int i = 0; i < LIMBS; i++) {
        c += (u128)a[i] + b[i];
        a[i] = (uint64_t)c;
        c >>= 64;
    }
    return c == 0;
}

static void mag_sub(uint64_t *a, const uint64_t *b) {
    uint64_t borrow = 0;
    for (int i = 0; i < LIMBS; i++) {
        u128 t = (u128)a[i] - b[i] - borrow;
        a[i] = (uint64_t)t;
        borrow = (uint64_t)(t >> 64) & 1;
    }
}

static plm_dec signed_dec(const uint64_t *w, uint64_t neg) {
    plm_dec d = {{w[0], w[1], w[2]}, neg};
    if (mag_zero(d.w, LIMBS)) d.neg = 0;
    return d;
}

plm_dec plm_dec_int(int64_t v) {
    plm_dec d = {{v < 0 ? 0 - (uint64_t)v : (uint64_t)v, 0, 0}, v < 0};
    mag_muladd(d.w, LIMBS, SCALE, 0);
    return d;
}

bool plm_dec_is_zero(plm_dec a) { return mag_zero(a.w, LIMBS); }

typedef struct digits {
    char d[PLM_DEC_DIGITS_BEFORE + PLM_DEC_DIGITS_AFTER + 400];
    int n, point; /* digits kept; digits before the point */
} digits;

/* The mantissa's digits without leading zeros; false when malformed. */
static bool read_mantissa(plm_str s, size_t *at, digits *g, bool *too_long) {
    bool any = false, point = false, frac = false;
    size_t start = *at;
    g->n = 0;
    g->point = 0;
    for (; *at < s.n; (*at)++) {
        char c = s.p[*at];
        if (c == '.') {
            if (point || !any) return false;
            point = true;
            continue;
        }
        if (c < '0' || c > '9') break;
        any = true;
        if (point) frac = true;
        if (g->n == 0 && c == '0') {
            if (point) g->point--;
            continue;
        }
        if (g->n == (int)sizeof g->d) {
            if (c != '0' || !point) *too_long = true;
            continue;
        }
        g->d[g->n++] = c;
        if (!point) g->point++;
    }
    if (!any || (point && !frac)) return false;
    /* JSON's own grammar: no leading zero before another digit */
    return !(s.p[start] == '0' && start + 1 < s.n && s.p[start + 1] >= '0' &&
             s.p[start + 1] <= '9');
}

static bool read_exponent(plm_str s, size_t *at, int *exp) {
    bool neg = false;
    (*at)++;
    if (*at < s.n && (s.p[*at] == '+' || s.p[*at] == '-')) neg = s.p[(*at)++] == '-';
    if (*at == s.n) return false;
    int e = 0;
    for (; *at < s.n; (*at)++) {
        if (s.p[*at] < '0' || s.p[*at] > '9') return false;
        if (e < 100000) e = e * 10 + (s.p[*at] - '0');
    }
    *exp = neg ? -e : e;
    return true;
}

/* The common shape, digits[.digits] of at most 18 digits, in machine words; false: look closer. */
static bool parse_short(plm_str s, plm_dec *out) {
    static const uint32_t pow10[] = {1000000000, 100000000, 10000000, 1000000, 100000,
                                     10000,      1000,      100,      10,      1};
    uint64_t v = 0;
    size_t point = s.n;
    if (s.n == 0 || s.n > 18 || (s.p[0] == '0' && s.n > 1 && s.p[1] != '.')) return false;
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] == '.' && i > 0 && point == s.n) {
            point = i;
            continue;
        }
        if (s.p[i] < '0' || s.p[i] > '9') return false;
        v = v * 10 + (uint64_t)(s.p[i] - '0');
    }
    size_t after = point == s.n ? 0 : s.n - point - 1;
    if (after > PLM_DEC_DIGITS_AFTER || (after == 0 && point != s.n)) return false;
    u128 wide = (u128)v * pow10[after];
    *out = (plm_dec){{(uint64_t)wide, (uint64_t)(wide >> 64), 0}, 0};
    return true;
}

bool plm_dec_parse(plm_str s, bool exponent, plm_dec *out, plm_fault *f) {
    if (parse_short(s, out)) return true;
    size_t at = 0;
    int exp = 0;
    bool too_long = false;
    uint64_t neg = 0, w[LIMBS] = {0};
    digits g;
    if (s.n && s.p[0] == '-') neg = 1, at = 1;
    bool ok = at < s.n && read_mantissa(s, &at, &g, &too_long);
    if (ok && exponent && at < s.n && (s.p[at] == 'e' || s.p[at] == 'E'))
        ok = read_exponent(s, &at, &exp);
    if (!ok || at != s.n)
        return plm_fail(f, PLM_BAD_INPUT, "'%.*s' is no plain decimal; write digits, with a point"
                        " if needed", (int)(s.n > 60 ? 60 : s.n), s.p);
    while (g.n && g.d[g.n - 1] == '0' && g.n > g.point) g.n--;
    g.point += exp;
    if (g.n == 0) g.point = 0;
    if (too_long || g.point > PLM_DEC_DIGITS_BEFORE || g.n - g.point > PLM_DEC_DIGITS_AFTER) {
        while (g.n && g.d[g.n - 1] == '0') g.n--;
        if (too_long || (g.n && g.point > PLM_DEC_DIGITS_BEFORE) ||
            g.n - g.point > PLM_DEC_DIGITS_AFTER)
            return plm_fail(f, PLM_OUT_OF_RANGE, "a number has at most %d digits before the point"
                            " and %d after it", PLM_DEC_DIGITS_BEFORE, PLM_DEC_DIGITS_AFTER);
    }
    for (int i = 0; i < g.n; i++) mag_muladd(w, LIMBS, 10, (uint64_t)(g.d[i] - '0'));
    for (int i = g.n - g.point; g.n && i < PLM_DEC_DIGITS_AFTER; i++) mag_muladd(w, LIMBS, 10, 0);
    *out = signed_dec(w, neg);
    return true;
}

/* v in decimal at out; how many digits. */
static size_t print_word(uint64_t v, char *out) {
    char rev[20];
    size_t n = 0;
    do rev[n++] = (char)('0' + v % 10);
    while (v /= 10);
    for (size_t i = 0; i < n; i++) out[i] = rev[n - 1 - i];
    return n;
}

/* The usual size, one limb. */
static size_t print_small(uint64_t v, char *out) {
    uint32_t frac = (uint32_t)(v % SCALE);
    size_t n = print_word(v / SCALE, out), after = PLM_DEC_DIGITS_AFTER;
    if (!frac) return n;
    for (; frac % 10 == 0; after--) frac /= 10;
    out[n] = '.';
    for (size_t i = after; i > 0; i--, frac /= 10) out[n + i] = (char)('0' + frac % 10);
    return n + after + 1;
}

size_t plm_dec_print(plm_dec d, char out[PLM_DEC_TEXT]) {
    char rev[80];
    int n = 0, skip = 0;
    uint64_t w[LIMBS] = {d.w[0], d.w[1], d.w[2]};
    size_t at = 0;
    if (d.neg) out[at++] = '-';
    if (!(w[1] | w[2])) {
        at += print_small(w[0], out + at);
        out[at] = 0;
        return at;
    }
    while (!mag_zero(w, LIMBS) || n <= PLM_DEC_DIGITS_AFTER)
        rev[n++] = (char)('0' + mag_div(w, LIMBS, 10));
    while (skip < PLM_DEC_DIGITS_AFTER && rev[skip] == '0') skip++;
    for (int i = n - 1; i >= skip; i--) {
        if (i == PLM_DEC_DIGITS_AFTER - 1) out[at++] = '.';
        out[at++] = rev[i];
    }
    out[at] = 0;
    return at;
}

int plm_dec_cmp(plm_dec a, plm_dec b) {
    if (a.neg != b.neg) return a.neg ? -1 : 1;
    int c = mag_cmp(a.w, b.w, LIMBS);
    return a.neg ? -c : c;
}

bool plm_dec_add(plm_dec a, plm_dec b, plm_dec *out) {
    if (a.neg == b.neg) {
        if (!mag_add(a.w, b.w)) return false;
    } else if (mag_cmp(a.w, b.w, LIMBS) >= 0) {
        mag_sub(a.w, b.w);
    } else {
        mag_sub(b.w, a.w);
        a = b;
    }
    *out = signed_dec(a.w, a.neg);
    return true;
}

bool plm_dec_sub(plm_dec a, plm_dec b, plm_dec *out) {
    if (!plm_dec_is_zero(b)) b.neg = !b.neg;
    return plm_dec_add(a, b, out);
}

/* Takes the low limbs of a wide magnitude, rounded away from zero when bump. */
static bool narrow(uint64_t wide[WIDE], bool bump, uint64_t neg, plm_dec *out) {
    if (!mag_zero(wide + LIMBS, WIDE - LIMBS)) return false;
    uint64_t one[LIMBS] = {1, 0, 0};
    if (bump && !mag_add(wide, one)) return false;
    *out = signed_dec(wide, neg);
    return true;
}

bool plm_dec_mul(plm_dec a, plm_dec b, bool up, plm_dec *out) {
    uint64_t wide[WIDE], neg = a.neg ^ b.neg;
    mag_mul(a.w, b.w, wide);
    uint64_t rest = mag_div(wide, WIDE, SCALE);
    return narrow(wide, rest && (up ? !neg : neg), neg, out);
}

bool plm_dec_div(plm_dec a, plm_dec b, bool up, plm_dec *out) {
    if (plm_dec_is_zero(b)) return false;
    if (!(a.w[1] | a.w[2] | b.w[1] | b.w[2])) { /* both fit a word: one division */
        u128 num = (u128)a.w[0] * SCALE, quot = num / b.w[0];
        uint64_t small[WIDE] = {(uint64_t)quot, (uint64_t)(quot >> 64), 0, 0, 0, 0};
        uint64_t sign = a.neg ^ b.neg;
        return narrow(small, num % b.w[0] != 0 && (up ? !sign : sign), sign, out);
    }
    uint64_t n[WIDE] = {a.w[0], a.w[1], a.w[2], 0, 0, 0}, q[WIDE] = {0}, r[LIMBS + 1] = {0};
    uint64_t den[LIMBS + 1] = {b.w[0], b.w[1], b.w[2], 0}, neg = a.neg ^ b.neg;
    mag_muladd(n, WIDE, SCALE, 0);
    if (!(b.w[1] | b.w[2])) {
        uint64_t rest = mag_div(n, WIDE, b.w[0]);
        return narrow(n, rest && (up ? !neg : neg), neg, out);
    }
    for (int bit = WIDE * 64 - 1; bit >= 0; bit--) { /* long division: vast divisors only */
        mag_muladd(r, LIMBS + 1, 2, n[bit / 64] >> (bit % 64) & 1);
        if (mag_cmp(r, den, LIMBS + 1) >= 0) {
            uint64_t borrow = 0;
            for (int i = 0; i <= LIMBS; i++) {
                u128 t = (u128)r[i] - den[i] - borrow;
                r[i] = (uint64_t)t;
                borrow = (uint64_t)(t >> 64) & 1;
            }
            q[bit / 64] |= 1ull << (bit % 64);
        }
    }
    return narrow(q, !mag_zero(r, LIMBS + 1) && (up ? !neg : neg), neg, out);
}

int plm_dec_cmp_ratio(plm_dec a, plm_dec b, plm_dec t) {
    if (a.neg != t.neg) return a.neg ? -1 : 1;
    if (!(a.w[1] | a.w[2] | b.w[1] | b.w[2] | t.w[1] | t.w[2])) {
        u128 l = (u128)a.w[0] * SCALE, r = (u128)t.w[0] * b.w[0];
        int c = (l > r) - (l < r);
        return a.neg ? -c : c;
    }
    uint64_t left[WIDE] = {a.w[0], a.w[1], a.w[2], 0, 0, 0}, right[WIDE];
    mag_muladd(left, WIDE, SCALE, 0);
    mag_mul(t.w, b.w, right);
    int c = mag_cmp(left, right, WIDE);
    return a.neg ? -c : c;
}

plm_iv plm_iv_point(plm_dec d) { return (plm_iv){.lo = d, .hi = d}; }
plm_iv plm_iv_any(void) { return (plm_iv){.no_lo = true, .no_hi = true}; }
plm_iv plm_iv_from(plm_dec lo) { return (plm_iv){.lo = lo, .no_hi = true}; }

bool plm_iv_is_point(plm_iv v) {
    return !v.no_lo && !v.no_hi && plm_dec_cmp(v.lo, v.hi) == 0;
}

plm_iv plm_iv_hull(plm_iv a, plm_iv b) {
    plm_iv r = a;
    r.no_lo = a.no_lo || b.no_lo;
    r.no_hi = a.no_hi || b.no_hi;
    if (!r.no_lo && plm_dec_cmp(b.lo, a.lo) < 0) r.lo = b.lo;
    if (!r.no_hi && plm_dec_cmp(b.hi, a.hi) > 0) r.hi = b.hi;
    return r;
}

const char *plm_rel_name(plm_rel r) {
    static const char *const names[] = {"<", "<=", ">", ">=", "=", "is not"};
    return names[r];
}

/* lo and hi are the signs of (end - t); an end that is not there has sign -1 or +1. */
plm_truth plm_rel_decide(int lo, int hi, plm_rel r) {
    switch (r) {
    case PLM_LT: return hi < 0 ? PLM_YES : lo >= 0 ? PLM_NO : PLM_UNKNOWN;
    case PLM_LE: return hi <= 0 ? PLM_YES : lo > 0 ? PLM_NO : PLM_UNKNOWN;
    case PLM_GT: return lo > 0 ? PLM_YES : hi <= 0 ? PLM_NO : PLM_UNKNOWN;
    case PLM_GE: return lo >= 0 ? PLM_YES : hi < 0 ? PLM_NO : PLM_UNKNOWN;
    case PLM_EQ:
        return lo > 0 || hi < 0 ? PLM_NO : lo == 0 && hi == 0 ? PLM_YES : PLM_UNKNOWN;
    default: return plm_not(plm_rel_decide(lo, hi, PLM_EQ));
    }
}

plm_truth plm_iv_compare(plm_iv v, plm_rel r, plm_dec t) {
    int lo = v.no_lo ? -1 : plm_dec_cmp(v.lo, t);
    int hi = v.no_hi ? 1 : plm_dec_cmp(v.hi, t);
    return plm_rel_decide(lo, hi, r);
}

plm_truth plm_iv_compare_ratio(plm_iv num, plm_iv den, plm_rel r, plm_dec t) {
    bool low_zero = den.no_lo || den.lo.neg || plm_dec_is_zero(den.lo);
    static const plm_dec zero;
    int lo, hi;
    if (num.no_lo) lo = -1;
    else if (den.no_hi) lo = plm_dec_cmp(zero, t) < 0 ? -1 : plm_dec_cmp(zero, t);
    else if (plm_dec_is_zero(den.hi)) return PLM_UNKNOWN;
    else lo = plm_dec_cmp_ratio(num.lo, den.hi, t);
    if (num.no_hi || low_zero) hi = 1;
    else hi = plm_dec_cmp_ratio(num.hi, den.lo, t);
    /* an open end at zero is never reached, but saying "at" there only leaves more open */
    return plm_rel_decide(lo, hi, r);
}
