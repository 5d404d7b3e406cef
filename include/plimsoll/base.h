/* base.h: the words every room speaks: borrowed strings, arenas with a limit, faults, the three
 * truths, civil days.  A denial or an unknown is a value, never a fault. */
#ifndef PLIMSOLL_BASE_H
#define PLIMSOLL_BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* A borrowed slice of bytes (UTF-8 where it is text); never owned, not NUL-terminated. */
typedef struct plm_str {
    const char *p;
    size_t n;
} plm_str;

#define PLM_STR(lit) ((plm_str){(lit), sizeof(lit) - 1})
#define PLM_FMT(s) (int)(s).n, (s).p /* for "%.*s" */

/* Borrows a NUL-terminated string; NULL gives the empty slice. */
plm_str plm_str_c(const char *s);
/* Are n bytes the same?  Up to 16, the usual words, without a call: the first and the last of them
 * as two numbers, which may overlap. */
static inline bool plm_bytes_eq(const char *a, const char *b, size_t n) {
    if (n > 16) return memcmp(a, b, n) == 0;
    if (n >= 8) {
        uint64_t x[2], y[2];
        memcpy(x, a, 8), memcpy(y, b, 8);
        memcpy(x + 1, a + n - 8, 8), memcpy(y + 1, b + n - 8, 8);
        return x[0] == y[0] && x[1] == y[1];
    }
    if (n >= 4) {
        uint32_t x[2], y[2];
        memcpy(x, a, 4), memcpy(y, b, 4);
        memcpy(x + 1, a + n - 4, 4), memcpy(y + 1, b + n - 4, 4);
        return x[0] == y[0] && x[1] == y[1];
    }
    for (size_t i = 0; i < n; i++)
        if (a[i] != b[i]) return false;
    return true;
}
/* True when both have the same bytes. */
static inline bool plm_str_eq(plm_str a, plm_str b) {
    return a.n == b.n && plm_bytes_eq(a.p, b.p, a.n);
}
/* True when a has the same bytes as the NUL-terminated b. */
static inline bool plm_str_is(plm_str a, const char *b) {
    return plm_str_eq(a, (plm_str){b, b ? strlen(b) : 0});
}
/* Orders by bytes, then by length: <0, 0, >0. */
int plm_str_cmp(plm_str a, plm_str b);
/* True when a starts with the NUL-terminated prefix b. */
static inline bool plm_str_starts(plm_str a, const char *b) {
    size_t n = strlen(b);
    return a.n >= n && (n == 0 || memcmp(a.p, b, n) == 0);
}
/* ASCII letters only; every other byte as it is. */
static inline char plm_lower(char c) { return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c; }
static inline char plm_upper(char c) { return c >= 'a' && c <= 'z' ? (char)(c - 32) : c; }
/* As plm_str_eq, plm_str_is and plm_str_starts, whatever the case of ASCII letters. */
bool plm_str_eq_fold(plm_str a, plm_str b);
static inline bool plm_str_is_fold(plm_str a, const char *b) {
    return plm_str_eq_fold(a, plm_str_c(b));
}
bool plm_str_starts_fold(plm_str a, const char *b);
/* Without the ASCII white space at both ends. */
plm_str plm_str_trim(plm_str a);

/* What went wrong.  The library fills it and never prints or exits. */
typedef enum plm_code {
    PLM_OK = 0,
    PLM_BAD_INPUT,    /* the caller's data is malformed */
    PLM_OUT_OF_RANGE, /* well-formed, but past a named limit */
    PLM_NOT_FOUND,
    PLM_CONFLICT,     /* two things that can't both hold */
    PLM_IO,           /* the system refused: say has its reason */
    PLM_NO_MEMORY,
    PLM_REFUSED       /* a signature, a key or a policy refused it */
} plm_code;

typedef struct plm_fault {
    plm_code code;
    uint32_t line, column; /* from 1; 0 where unknown */
    char where[192];       /* file, or path of the field */
    char say[320];         /* what is wrong and the mend, one line */
} plm_fault;

/* Fills f (may be NULL) and returns false, so that `return plm_fail(...)` reads well.
 * A fault already set is kept: the first one is the cause. */
bool plm_fail(plm_fault *f, plm_code code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* The same with a place; where is copied and cut to fit. */
bool plm_fail_at(plm_fault *f, plm_code code, const char *where, uint32_t line, uint32_t column,
                 const char *fmt, ...) __attribute__((format(printf, 6, 7)));
/* Empties f. */
void plm_fault_clear(plm_fault *f);

/* NO < UNKNOWN < YES: AND is min and OR is max. */
typedef enum plm_truth { PLM_NO = 0, PLM_UNKNOWN = 1, PLM_YES = 2 } plm_truth;
static inline plm_truth plm_and(plm_truth a, plm_truth b) { return a < b ? a : b; }
static inline plm_truth plm_or(plm_truth a, plm_truth b) { return a > b ? a : b; }
static inline plm_truth plm_not(plm_truth a) { return (plm_truth)(2 - (int)a); }
/* "false", "unknown", "true" (static). */
const char *plm_truth_name(plm_truth t);

/* A region of memory freed as one; every allocation is zeroed and 16-byte aligned. */
typedef struct plm_arena plm_arena;
/* Makes an arena that never holds more than limit bytes; NULL when memory is short. */
plm_arena *plm_arena_new(size_t limit);
/* size zeroed bytes, or NULL past the limit or when memory is short. */
void *plm_arena_alloc(plm_arena *a, size_t size);
/* n * size zeroed bytes with the product checked; NULL as above. */
void *plm_arena_array(plm_arena *a, size_t n, size_t size);
/* Copies s with a NUL after it (p is NULL when there is no room). */
plm_str plm_arena_copy(plm_arena *a, plm_str s);
/* Forgets every allocation, keeping the largest block (of at most 1 MiB) for reuse. */
void plm_arena_reset(plm_arena *a);
/* Bytes handed out since the last reset. */
size_t plm_arena_used(const plm_arena *a);
/* Frees all; NULL is allowed. */
void plm_arena_free(plm_arena *a);
/* realloc for the few growing arrays that outlive an arena; NULL p allocates, size 0 frees.
 * The only door to the heap beside arenas. */
void *plm_mem_resize(void *p, size_t size);
void plm_mem_free(void *p);
/* Test hook: the n-th allocation from now on fails (0 switches it off). */
void plm_mem_fail_after(uint64_t n);

/* A growing byte buffer that can't be made without a maximum. */
typedef struct plm_buf {
    char *p;
    size_t n, cap, max;
    bool full; /* an append did not fit: the content is not to be used */
} plm_buf;
void plm_buf_init(plm_buf *b, size_t max);
void plm_buf_free(plm_buf *b);
void plm_buf_clear(plm_buf *b);
/* Appends; false (and full is set) past max. */
bool plm_buf_put(plm_buf *b, const void *p, size_t n);
bool plm_buf_puts(plm_buf *b, const char *s);
bool plm_buf_putc(plm_buf *b, char c);
bool plm_buf_printf(plm_buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
plm_str plm_buf_str(const plm_buf *b);
/* Room for n more bytes at the end, for the caller to fill and to count in b->n; NULL (and full is
 * set) past max. */
char *plm_buf_room(plm_buf *b, size_t n);

/* A civil day, counted from 1970-01-01, without clock or zone (proleptic Gregorian). */
typedef int32_t plm_day;
#define PLM_DAY_MIN INT32_MIN /* "always was" */
#define PLM_DAY_MAX INT32_MAX /* "without end" */
/* Reads YYYY-MM-DD, years 0001 to 9999, dates that exist only. */
bool plm_day_parse(plm_str s, plm_day *out);
/* Writes YYYY-MM-DD and a NUL. */
void plm_day_print(plm_day d, char out[11]);
plm_day plm_day_from_ymd(int year, int month, int day);
void plm_day_to_ymd(plm_day d, int *year, int *month, int *day);
/* Today in UTC: the one place that reads the calendar; engines take days as arguments. */
plm_day plm_day_today(void);

/* An ISO 3166-1 alpha-2 code as a number 1..676 (AA = 1); 0 is none.  Assigned codes and XK. */
typedef uint16_t plm_country;
/* 0 when s is not an assigned code in capitals. */
plm_country plm_country_parse(plm_str s);
/* Writes two letters and a NUL ("--" for 0). */
void plm_country_print(plm_country c, char out[3]);

#endif
