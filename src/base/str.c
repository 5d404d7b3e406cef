/* str.c: borrowed slices, faults and truths. */
#include "plimsoll/base.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

plm_str plm_str_c(const char *s) { return s ? (plm_str){s, strlen(s)} : (plm_str){"", 0}; }

int plm_str_cmp(plm_str a, plm_str b) {
    size_t n = a.n < b.n ? a.n : b.n;
    int c = n ? memcmp(a.p, b.p, n) : 0;
    return c ? c : (a.n > b.n) - (a.n < b.n);
}

static bool is_space(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

bool plm_str_eq_fold(plm_str a, plm_str b) {
    if (a.n != b.n) return false;
    for (size_t i = 0; i < a.n; i++)
        if (plm_lower(a.p[i]) != plm_lower(b.p[i])) return false;
    return true;
}

bool plm_str_starts_fold(plm_str a, const char *b) {
    size_t n = strlen(b);
    return a.n >= n && plm_str_eq_fold((plm_str){a.p, n}, (plm_str){b, n});
}

plm_str plm_str_trim(plm_str a) {
    while (a.n && is_space(a.p[0])) a.p++, a.n--;
    while (a.n && is_space(a.p[a.n - 1])) a.n--;
    return a;
}

static void fill(plm_fault *f, plm_code code, const char *fmt, va_list ap) {
    f->code = code;
    int n = vsnprintf(f->say, sizeof f->say, fmt, ap);
    if (n < 0) f->say[0] = 0;
}

bool plm_fail(plm_fault *f, plm_code code, const char *fmt, ...) {
    if (!f || f->code != PLM_OK) return false;
    va_list ap;
    va_start(ap, fmt);
    fill(f, code, fmt, ap);
    va_end(ap);
    return false;
}

bool plm_fail_at(plm_fault *f, plm_code code, const char *where, uint32_t line, uint32_t column,
                 const char *fmt, ...) {
    if (!f || f->code != PLM_OK) return false;
    va_list ap;
    va_start(ap, fmt);
    fill(f, code, fmt, ap);
    va_end(ap);
    snprintf(f->where, sizeof f->where, "%s", where ? where : "");
    f->line = line;
    f->column = column;
    return false;
}

void plm_fault_clear(plm_fault *f) {
    if (f) memset(f, 0, sizeof *f);
}

const char *plm_truth_name(plm_truth t) {
    return t == PLM_YES ? "true" : t == PLM_NO ? "false" : "unknown";
}
