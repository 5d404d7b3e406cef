/* day.c: civil days and ISO 3166-1 codes.  Day arithmetic after the public-domain algorithm
 * "chrono-compatible low-level date algorithms" (days from civil), restated. */
#include "plimsoll/base.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

plm_day plm_day_from_ymd(int year, int month, int day) {
    int y = month <= 2 ? year - 1 : year;
    int era = (y >= 0 ? y : y - 399) / 400;
    int yoe = y - era * 400;
    int doy = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    int doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;
    return era * 146097 + doe - 719468;
}

void plm_day_to_ymd(plm_day d, int *year, int *month, int *day) {
    int64_t z = (int64_t)d + 719468;
    int64_t era = (z >= 0 ? z : z - 146096) / 146097;
    int doe = (int)(z - era * 146097);
    int yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    int doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    int mp = (5 * doy + 2) / 153;
    *day = doy - (153 * mp + 2) / 5 + 1;
    *month = mp < 10 ? mp + 3 : mp - 9;
    *year = (int)(yoe + era * 400) + (*month <= 2);
}

static bool digits(const char *p, int n, int *out) {
    int v = 0;
    for (int i = 0; i < n; i++) {
        if (p[i] < '0' || p[i] > '9') return false;
        v = v * 10 + (p[i] - '0');
    }
    *out = v;
    return true;
}

bool plm_day_parse(plm_str s, plm_day *out) {
    int y, m, d, y2, m2, d2;
    if (s.n != 10 || s.p[4] != '-' || s.p[7] != '-') return false;
    if (!digits(s.p, 4, &y) || !digits(s.p + 5, 2, &m) || !digits(s.p + 8, 2, &d)) return false;
    if (y < 1 || m < 1 || m > 12 || d < 1 || d > 31) return false;
    plm_day day = plm_day_from_ymd(y, m, d);
    plm_day_to_ymd(day, &y2, &m2, &d2);
    if (y2 != y || m2 != m || d2 != d) return false;
    *out = day;
    return true;
}

void plm_day_print(plm_day d, char out[11]) {
    int y, m, day;
    plm_day_to_ymd(d, &y, &m, &day);
    if (y < 0 || y > 9999) y = y < 0 ? 0 : 9999;
    const int digit[10] = {y / 1000, y / 100 % 10, y / 10 % 10, y % 10, 0,
                           m / 10 % 10, m % 10, 0, day / 10 % 10, day % 10};
    for (int i = 0; i < 10; i++) out[i] = i == 4 || i == 7 ? '-' : (char)('0' + digit[i]);
    out[10] = 0;
}

plm_day plm_day_today(void) {
    time_t now = time(NULL);
    return (plm_day)(now / 86400);
}

/* ISO 3166-1 assigned alpha-2 codes, and XK (user-assigned, in general use for Kosovo):
 * AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ
 * BR BS BT BV BW BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM
 * DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS
 * GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN
 * KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ
 * MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM
 * PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV
 * SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI
 * VN VU WF WS XK YE YT ZA ZM ZW
 * as bits: word by first letter, bit by second.  tests/unit/test_case.c walks all pairs. */
static uint32_t assigned_bits(int first) {
    static const uint32_t bits[26] = {
        0x2df5978, 0x36f7bfb, 0x3f27ded, 0x2005610, 0x00e00d4, 0x0025700, 0x15fb9fb,
        0x01a3400, 0x00f7818, 0x000d010, 0x342b1d0, 0x13e0507, 0x3fffcfd, 0x212c975,
        0x0001000, 0x14e3cf1, 0x0000001, 0x0544010, 0x3ae7fdf, 0x26a7eec, 0x3041041,
        0x0102155, 0x0040020, 0x0000400, 0x0080010, 0x0401001,
    };
    return bits[first];
}

plm_country plm_country_parse(plm_str s) {
    if (s.n != 2 || s.p[0] < 'A' || s.p[0] > 'Z' || s.p[1] < 'A' || s.p[1] > 'Z') return 0;
    int first = s.p[0] - 'A', second = s.p[1] - 'A';
    if (!(assigned_bits(first) >> second & 1)) return 0;
    return (plm_country)(first * 26 + second + 1);
}

void plm_country_print(plm_country c, char out[3]) {
    memcpy(out, "--", 3);
    if (c == 0 || c > 676) return;
    out[0] = (char)('A' + (c - 1) / 26);
    out[1] = (char)('A' + (c - 1) % 26);
}
