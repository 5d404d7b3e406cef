/* bound.c: round-trip time and distance.  Invariants: 1 a bound is never below speed * rtt / 2;
 * 2 plm_locate_rtt_ns_max(d) is the longest RTT whose bound is less than d.  Held by
 * tests/unit/test_locate.c. */
#include "locate/engine.h"

#include <string.h>

#define DIGITS_MAX 400

static uint64_t divisor(plm_speed s) { return s == PLM_SPEED_FIBRE ? 3000000000u : 2000000000u; }

const char *plm_speed_name(plm_speed s) { return s == PLM_SPEED_FIBRE ? "fibre" : "c"; }

bool plm_speed_parse(plm_str s, plm_speed *out) {
    bool c = plm_str_is(s, "c");
    if (!c && !plm_str_is(s, "fibre")) return false;
    *out = c ? PLM_SPEED_C : PLM_SPEED_FIBRE;
    return true;
}

int32_t plm_locate_bound_m(uint64_t rtt_ns, plm_speed s) {
    return plm_bound_m(rtt_ns, s);
}

uint64_t plm_locate_rtt_ns_max(int32_t distance_m, plm_speed s) {
    if (distance_m <= 1) return 0;
    return (uint64_t)(distance_m - 1) * divisor(s) / PLM_LIGHT_M_PER_S;
}

/* Reads [-]digits[.digits][e[+-]digits] times 10^scale.  *more: a digit other than zero was left
 * out behind the last one kept; *half: what is left out is half a unit or more. */
static bool scan(plm_str s, int scale, int64_t *out, bool *more, bool *half) {
    size_t i = 0, digits = 0;
    bool neg = i < s.n && s.p[i] == '-', point = false;
    if (neg) i++;
    char d[DIGITS_MAX];
    int after = 0;
    for (; i < s.n && ((s.p[i] >= '0' && s.p[i] <= '9') || (s.p[i] == '.' && !point)); i++) {
        if (s.p[i] == '.') {
            point = true;
            if (digits == 0) return false;
            continue;
        }
        if (digits == DIGITS_MAX) return false;
        d[digits++] = s.p[i];
        after += point;
    }
    if (digits == 0 || s.p[i - 1] == '.') return false;
    if (i < s.n && (s.p[i] == 'e' || s.p[i] == 'E')) {
        bool down = ++i < s.n && s.p[i] == '-';
        if (i < s.n && (s.p[i] == '-' || s.p[i] == '+')) i++;
        int e = 0, seen = 0;
        for (; i < s.n && s.p[i] >= '0' && s.p[i] <= '9' && e < 10000; i++, seen++)
            e = e * 10 + (s.p[i] - '0');
        if (!seen) return false;
        after += down ? e : -e;
    }
    if (i != s.n) return false;
    long keep = (long)digits - after + scale; /* so many of the digits stand before the unit */
    uint64_t v = 0;
    *more = *half = false;
    for (long k = 0; k < keep; k++) {
        uint64_t next = v * 10 + (k < (long)digits ? (uint64_t)(d[k] - '0') : 0);
        if (v > 900000000000000000u) return false;
        v = next;
        if (k >= (long)digits && v == 0) break;
    }
    for (long k = keep < 0 ? 0 : keep; k < (long)digits; k++) *more |= d[k] != '0';
    if (keep >= 0 && keep < (long)digits) *half = d[keep] >= '5';
    *out = neg ? -(int64_t)v : (int64_t)v;
    return true;
}

bool plm_locate_rtt_parse(plm_str ms, uint64_t *rtt_ns, plm_fault *f) {
    int64_t v;
    bool more, half;
    if (!scan(ms, 6, &v, &more, &half))
        return plm_fail(f, PLM_BAD_INPUT, "'%.*s' is no number of milliseconds",
                        ms.n > 40 ? 40 : (int)ms.n, ms.p);
    bool positive = ms.p[0] != '-' && (v > 0 || more);
    if (positive && more) v++;
    if (!positive || v > (int64_t)PLM_LOCATE_RTT_NS_MAX)
        return plm_fail(f, PLM_OUT_OF_RANGE,
                        "an RTT of %.*s ms is not above zero and at most 1000000 ms",
                        ms.n > 40 ? 40 : (int)ms.n, ms.p);
    *rtt_ns = (uint64_t)v;
    return true;
}

bool plm_locate_degrees_parse(plm_str s, bool lat, int32_t *e7, plm_fault *f) {
    int64_t v, end = lat ? 900000000 : 1800000000;
    bool more, half;
    if (!scan(s, 7, &v, &more, &half))
        return plm_fail(f, PLM_BAD_INPUT, "'%.*s' is no number of degrees",
                        s.n > 40 ? 40 : (int)s.n, s.p);
    if (half) v += s.p[0] == '-' ? -1 : 1;
    if (v > end || v < -end)
        return plm_fail(f, PLM_OUT_OF_RANGE, "a %s of %.*s lies outside -%d..%d degrees",
                        lat ? "latitude" : "longitude", s.n > 40 ? 40 : (int)s.n, s.p,
                        lat ? 90 : 180, lat ? 90 : 180);
    *e7 = (int32_t)v;
    return true;
}

bool plm_policy_parse(plm_str s, unsigned *out) {
    unsigned p = 0;
    for (size_t i = 0; i <= s.n;) {
        const char *comma = i < s.n ? memchr(s.p + i, ',', s.n - i) : NULL;
        size_t end = comma ? (size_t)(comma - s.p) : s.n;
        plm_str w = plm_str_trim((plm_str){s.p + i, end - i});
        if (plm_str_is(w, "separate")) p |= PLM_POLICY_SEPARATE;
        else if (plm_str_is(w, "undisputed")) p |= PLM_POLICY_UNDISPUTED;
        else return false;
        i = end + 1;
    }
    *out = p;
    return true;
}
