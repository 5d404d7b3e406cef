/* number.h: exact decimals and closed intervals of them.  A legal threshold is never compared
 * in floating point.  A decimal is a signed integer count of billionths (scale 10^-9). */
#ifndef PLIMSOLL_NUMBER_H
#define PLIMSOLL_NUMBER_H

#include "plimsoll/base.h"

#define PLM_DEC_DIGITS_BEFORE 40 /* digits before the point that are taken */
#define PLM_DEC_DIGITS_AFTER 9   /* digits after it; more (unless zeros) is out of range */
#define PLM_DEC_TEXT 56          /* room for the longest printed decimal and a NUL */

/* Magnitude in three 64-bit limbs, least first, and a sign; zero is never negative. */
typedef struct plm_dec {
    uint64_t w[3];
    uint64_t neg;
} plm_dec;

/* Reads [-]digits[.digits] and, when exponent is true, a JSON exponent.  Faults: BAD_INPUT for
 * anything else, OUT_OF_RANGE past the digits above. */
bool plm_dec_parse(plm_str s, bool exponent, plm_dec *out, plm_fault *f);
plm_dec plm_dec_int(int64_t v);
/* Writes the shortest plain form ("4800", "-0.5") and a NUL; returns its length. */
size_t plm_dec_print(plm_dec d, char out[PLM_DEC_TEXT]);
int plm_dec_cmp(plm_dec a, plm_dec b);
bool plm_dec_is_zero(plm_dec a);
/* False on overflow (out of range); out is untouched then. */
bool plm_dec_add(plm_dec a, plm_dec b, plm_dec *out);
bool plm_dec_sub(plm_dec a, plm_dec b, plm_dec *out);
/* a*b rounded down (up: toward +infinity) to a billionth; exact when it can be. */
bool plm_dec_mul(plm_dec a, plm_dec b, bool up, plm_dec *out);
/* a/b rounded down or up; false when b is zero or on overflow.  For printing only: comparisons
 * of quotients go through plm_dec_cmp_ratio. */
bool plm_dec_div(plm_dec a, plm_dec b, bool up, plm_dec *out);
/* Compares a/b with t exactly by cross-multiplying; b must be above zero. */
int plm_dec_cmp_ratio(plm_dec a, plm_dec b, plm_dec t);

/* A closed interval; no_lo / no_hi: without that end.  A known number has lo == hi. */
typedef struct plm_iv {
    plm_dec lo, hi;
    bool no_lo, no_hi;
} plm_iv;
plm_iv plm_iv_point(plm_dec d);
plm_iv plm_iv_any(void);
/* From lo up without end. */
plm_iv plm_iv_from(plm_dec lo);
bool plm_iv_is_point(plm_iv v);
/* The least interval that holds both. */
plm_iv plm_iv_hull(plm_iv a, plm_iv b);

typedef enum plm_rel { PLM_LT, PLM_LE, PLM_GT, PLM_GE, PLM_EQ, PLM_NE } plm_rel;
/* "<", "<=", … (static) */
const char *plm_rel_name(plm_rel r);
/* lo and hi are the signs of (end - threshold); an end that is not there counts as -1 or +1. */
plm_truth plm_rel_decide(int lo, int hi, plm_rel r);
/* Decided when the interval decides it. */
plm_truth plm_iv_compare(plm_iv v, plm_rel r, plm_dec t);
/* The same for the quotient num/den; den holds no negative.  A den that may be zero, or that
 * has no upper end, leaves what it leaves open unknown. */
plm_truth plm_iv_compare_ratio(plm_iv num, plm_iv den, plm_rel r, plm_dec t);

#endif
