/* arena.c: the only file that calls malloc.
 * Invariants: 1 an arena never hands out more than its limit; 2 every allocation is zeroed and
 * 16-byte aligned; 3 a failed allocation changes nothing.  Held by tests/unit/test_base.c. */
#include "plimsoll/base.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK_FIRST 4096u
#define BLOCK_MAX (1u << 20)

typedef struct block {
    struct block *next;
    size_t cap, used;
    _Alignas(16) unsigned char data[];
} block;

struct plm_arena {
    block *first, *last;
    size_t used, limit;
};

static uint64_t fail_at; /* 0: never */

static void *heap(void *p, size_t size) {
    if (fail_at && --fail_at == 0) return NULL;
    return realloc(p, size);
}

void plm_mem_fail_after(uint64_t n) { fail_at = n; }

void *plm_mem_resize(void *p, size_t size) {
    if (size == 0) {
        free(p);
        return NULL;
    }
    return heap(p, size);
}

void plm_mem_free(void *p) { free(p); }

plm_arena *plm_arena_new(size_t limit) {
    plm_arena *a = heap(NULL, sizeof *a);
    if (a) *a = (plm_arena){.limit = limit};
    return a;
}

static block *block_new(plm_arena *a, size_t need) {
    size_t cap = a->last ? a->last->cap * 2 : BLOCK_FIRST;
    if (cap > BLOCK_MAX) cap = BLOCK_MAX;
    if (cap < need) cap = need;
    block *b = heap(NULL, sizeof *b + cap);
    if (!b) return NULL;
    b->next = NULL;
    b->cap = cap;
    b->used = 0;
    if (a->last) a->last->next = b;
    else a->first = b;
    a->last = b;
    return b;
}

static void *take(plm_arena *a, size_t size) {
    if (size > SIZE_MAX - 15) return NULL;
    size = (size + 15) & ~(size_t)15;
    if (size == 0) size = 16;
    if (size > a->limit || a->used > a->limit - size) return NULL;
    block *b = a->last;
    if (!b || b->cap - b->used < size) b = block_new(a, size);
    if (!b) return NULL;
    void *p = b->data + b->used;
    b->used += size;
    a->used += size;
    return p;
}

void *plm_arena_alloc(plm_arena *a, size_t size) {
    void *p = take(a, size);
    return p ? memset(p, 0, size) : NULL;
}

void *plm_arena_array(plm_arena *a, size_t n, size_t size) {
    if (size && n > SIZE_MAX / size) return NULL;
    return plm_arena_alloc(a, n * size);
}

plm_str plm_arena_copy(plm_arena *a, plm_str s) {
    char *p = s.n < SIZE_MAX ? take(a, s.n + 1) : NULL;
    if (!p) return (plm_str){NULL, 0};
    if (s.n) memcpy(p, s.p, s.n);
    p[s.n] = 0;
    return (plm_str){p, s.n};
}

void plm_arena_reset(plm_arena *a) {
    if (!a->first) return;
    block *keep = a->first;
    for (block *b = keep; b; b = b->next)
        if (b->cap > keep->cap && b->cap <= BLOCK_MAX) keep = b;
    for (block *b = a->first, *next; b; b = next) {
        next = b->next;
        if (b != keep) free(b);
    }
    keep->next = NULL;
    keep->used = 0;
    a->first = a->last = keep;
    a->used = 0;
}

size_t plm_arena_used(const plm_arena *a) { return a->used; }

void plm_arena_free(plm_arena *a) {
    if (!a) return;
    for (block *b = a->first, *next; b; b = next) {
        next = b->next;
        free(b);
    }
    free(a);
}

void plm_buf_init(plm_buf *b, size_t max) { *b = (plm_buf){.max = max}; }

void plm_buf_free(plm_buf *b) {
    free(b->p);
    *b = (plm_buf){.max = b->max};
}

void plm_buf_clear(plm_buf *b) {
    b->n = 0;
    b->full = false;
}

static bool reserve(plm_buf *b, size_t more) {
    if (b->full || more > b->max || b->n > b->max - more) {
        b->full = true;
        return false;
    }
    if (b->n + more <= b->cap) return true;
    size_t cap = b->cap ? b->cap : 256;
    while (cap < b->n + more) cap *= 2;
    char *p = heap(b->p, cap);
    if (!p) {
        b->full = true;
        return false;
    }
    b->p = p;
    b->cap = cap;
    return true;
}

/* There is room already: the usual case, without a call. */
static bool fits(const plm_buf *b, size_t more) {
    return !b->full && b->p && b->cap <= b->max && more <= b->cap - b->n;
}

char *plm_buf_room(plm_buf *b, size_t n) {
    return fits(b, n) || reserve(b, n) ? b->p + b->n : NULL;
}

bool plm_buf_put(plm_buf *b, const void *p, size_t n) {
    if (!fits(b, n) && !reserve(b, n)) return false;
    if (n) memcpy(b->p + b->n, p, n);
    b->n += n;
    return true;
}

bool plm_buf_puts(plm_buf *b, const char *s) { return plm_buf_put(b, s, strlen(s)); }

bool plm_buf_putc(plm_buf *b, char c) {
    if (!fits(b, 1) && !reserve(b, 1)) return false;
    b->p[b->n++] = c;
    return true;
}

static bool put_decimal(plm_buf *b, uint64_t v, bool negative) {
    char text[24];
    size_t at = sizeof text;
    do text[--at] = (char)('0' + v % 10);
    while (v /= 10);
    if (negative) text[--at] = '-';
    return plm_buf_put(b, text + at, sizeof text - at);
}

/* The directives most used, without stdio: %s %.*s %d %u.  False at any other: start again. */
static bool put_simple(plm_buf *b, const char *fmt, va_list *ap) {
    for (const char *p = fmt; *p;) {
        size_t n = strcspn(p, "%");
        plm_buf_put(b, p, n);
        p += n;
        if (!*p) break;
        if (p[1] == 's') {
            plm_buf_puts(b, va_arg(*ap, const char *));
            p += 2;
        } else if (p[1] == '.' && p[2] == '*' && p[3] == 's') {
            int max = va_arg(*ap, int);
            const char *s = va_arg(*ap, const char *);
            if (max > 0) plm_buf_put(b, s, strnlen(s, (size_t)max)); /* an empty str has no p */
            p += 4;
        } else if (p[1] == 'd') {
            int v = va_arg(*ap, int);
            put_decimal(b, v < 0 ? 0 - (uint64_t)v : (uint64_t)v, v < 0);
            p += 2;
        } else if (p[1] == 'u') {
            put_decimal(b, va_arg(*ap, unsigned), false);
            p += 2;
        } else {
            return false;
        }
    }
    return true;
}

bool plm_buf_printf(plm_buf *b, const char *fmt, ...) {
    va_list ap, again;
    va_start(ap, fmt);
    va_copy(again, ap);
    size_t before = b->n;
    if (!put_simple(b, fmt, &ap) && !b->full) {
        b->n = before;
        va_list size;
        va_copy(size, again);
        int n = vsnprintf(NULL, 0, fmt, size);
        va_end(size);
        if (n >= 0 && reserve(b, (size_t)n + 1)) {
            vsnprintf(b->p + b->n, (size_t)n + 1, fmt, again);
            b->n += (size_t)n;
        } else {
            b->full = true;
        }
    }
    if (reserve(b, 1)) b->p[b->n] = 0; /* as vsnprintf leaves it */
    va_end(again);
    va_end(ap);
    if (b->full) b->n = before; /* all of it or nothing */
    return !b->full;
}

plm_str plm_buf_str(const plm_buf *b) { return (plm_str){b->p ? b->p : "", b->n}; }
