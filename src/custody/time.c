/* time.c: instants as ISO 8601 writes them, to nanoseconds since 1970 UTC and back. */
#include "custody/event.h"

#include <stdio.h>
#include <time.h>

static bool two(plm_str s, size_t at, int max, int *out) {
    if (at + 2 > s.n) return false;
    char a = s.p[at], b = s.p[at + 1];
    if (a < '0' || a > '9' || b < '0' || b > '9') return false;
    *out = (a - '0') * 10 + (b - '0');
    return *out <= max;
}

static bool zone(plm_str s, int *minutes) {
    int h, m;
    if (plm_str_is(s, "Z") || plm_str_is(s, "z")) return *minutes = 0, true;
    if (s.n != 6 || (s.p[0] != '+' && s.p[0] != '-') || s.p[3] != ':') return false;
    if (!two(s, 1, 14, &h) || !two(s, 4, 59, &m) || h * 60 + m > 14 * 60) return false;
    *minutes = (s.p[0] == '-' ? -1 : 1) * (h * 60 + m);
    return true;
}

bool plm_time_parse(plm_str s, int64_t *ns, int *offset_min) {
    int h, m, sec, off;
    plm_day day;
    int64_t frac = 0, scale = PLM_NS_PER_S;
    if (s.n < 20 || s.n > 64 || (s.p[10] != 'T' && s.p[10] != 't')) return false;
    if (!plm_day_parse((plm_str){s.p, 10}, &day)) return false;
    if (!two(s, 11, 23, &h) || s.p[13] != ':' || !two(s, 14, 59, &m)) return false;
    if (s.p[16] != ':' || !two(s, 17, 59, &sec)) return false;
    size_t i = 19;
    if (s.p[i] == '.' || s.p[i] == ',') {
        size_t from = ++i;
        for (; i < s.n && s.p[i] >= '0' && s.p[i] <= '9'; i++)
            if (scale > 1) scale /= 10, frac += (s.p[i] - '0') * scale;
        if (i == from) return false;
    }
    if (!zone((plm_str){s.p + i, s.n - i}, &off)) return false;
    int64_t seconds = (int64_t)day * 86400 + h * 3600 + m * 60 + sec - (int64_t)off * 60;
    if (seconds < -9000000000LL || seconds > 9000000000LL) return false; /* 1684 to 2255 */
    *ns = seconds * PLM_NS_PER_S + frac;
    if (offset_min) *offset_min = off;
    return true;
}

static void put_two(char *out, int v) {
    out[0] = (char)('0' + v / 10);
    out[1] = (char)('0' + v % 10);
}

/* Without a NUL; how long it is. */
static int print_local(int64_t ns, char out[40]) {
    int64_t days = ns / PLM_DAY_NS - (ns % PLM_DAY_NS < 0), rest = ns - days * PLM_DAY_NS;
    int s = (int)(rest / PLM_NS_PER_S), frac = (int)(rest % PLM_NS_PER_S);
    plm_day_print((plm_day)days, out); /* by hand: instants are printed by the million */
    out[10] = 'T';
    put_two(out + 11, s / 3600);
    out[13] = out[16] = ':';
    put_two(out + 14, s / 60 % 60);
    put_two(out + 17, s % 60);
    if (!frac) return 19;
    int n = 29;
    out[19] = '.';
    for (int i = 28; i > 19; i--, frac /= 10) out[i] = (char)('0' + frac % 10);
    while (out[n - 1] == '0') n--;
    return n;
}

void plm_time_print(int64_t ns, char out[40]) {
    int n = print_local(ns, out);
    out[n] = 'Z';
    out[n + 1] = 0;
}

void plm_time_print_at(int64_t ns, int off, char out[40]) {
    int n = print_local(ns + (int64_t)off * 60 * PLM_NS_PER_S, out);
    int a = off < 0 ? -off : off;
    snprintf(out + n, (size_t)(40 - n), "%c%02d:%02d", off < 0 ? '-' : '+', a / 60, a % 60);
}

int64_t plm_time_now(void) {
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return (int64_t)t.tv_sec * PLM_NS_PER_S + t.tv_nsec;
}
