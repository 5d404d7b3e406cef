/* screen.c: what one screen costs.  Reads queries (a line each: type, tab, name), asks each once in
 * order against the lists of a directory, and prints one JSON line: microseconds of the thread's
 * own time a query (p50, p99, worst), queries a second, opening by mmap, building the index from
 * the lists, and the most memory held.  ROUNDS > 1 asks all again (kept tokens are warm then). */
#include "base/file.h"
#include "plimsoll/screen.h"
#include "screen/index.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define QUERIES_MAX 2000000u
#define LINE_MAX_BYTES 65536

static plm_arena *arena;
static plm_query *queries;
static uint32_t query_n;

static void die(const char *what) {
    fprintf(stderr, "bench/screen: %s\n", what);
    exit(1);
}

static uint64_t now_ns(clockid_t clock) {
    struct timespec t;
    clock_gettime(clock, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* Kibibytes: the field of /proc/self/status. */
static long memory_kib(const char *field) {
    char line[256];
    long v = -1;
    FILE *f = fopen("/proc/self/status", "r");
    while (f && fgets(line, sizeof line, f))
        if (strncmp(line, field, strlen(field)) == 0) v = strtol(line + strlen(field), NULL, 10);
    if (f) fclose(f);
    return v;
}

static plm_entity_kind kind_of(plm_str s) {
    static const char *const words[] = {"any", "person", "organization", "vessel", "aircraft"};
    for (int i = 0; i < 5; i++)
        if (plm_str_is(s, words[i])) return (plm_entity_kind)i;
    return PLM_ENTITY_UNKNOWN;
}

static void read_queries(const char *path) {
    plm_lines l;
    plm_fault f = {0};
    if (!plm_lines_open(&l, path, LINE_MAX_BYTES, &f)) die(f.say);
    while (plm_lines_next(&l, &f) > 0) {
        plm_str s = plm_buf_str(&l.line);
        const char *tab = memchr(s.p, '\t', s.n);
        if (!tab || query_n == QUERIES_MAX) die("a line needs a type, a tab and a name");
        plm_query *q = &queries[query_n++];
        *q = (plm_query){.birth_from = PLM_DAY_MIN, .birth_to = PLM_DAY_MIN};
        q->kind = kind_of((plm_str){s.p, (size_t)(tab - s.p)});
        q->name = plm_arena_copy(arena, (plm_str){tab + 1, s.n - (size_t)(tab + 1 - s.p)});
    }
    plm_lines_close(&l);
    if (!query_n) die("no queries");
}

static int by_number(const void *a, const void *b) {
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

static void ask_all(plm_screener *q, uint64_t *took, uint64_t *matched) {
    plm_screen_options o = plm_screen_defaults();
    for (uint32_t i = 0; i < query_n; i++) {
        plm_answer a;
        plm_fault f = {0};
        uint64_t t = now_ns(CLOCK_THREAD_CPUTIME_ID);
        bool ok = plm_screen_query(q, &queries[i], &o, &a, &f);
        took[i] = now_ns(CLOCK_THREAD_CPUTIME_ID) - t;
        *matched += ok && a.n;
    }
}

static double build_ms(const plm_lists *lists) {
    plm_fault f = {0};
    uint64_t t = now_ns(CLOCK_THREAD_CPUTIME_ID);
    plm_index *x = plm_index_build(lists, &f);
    if (!x) die(f.say);
    t = now_ns(CLOCK_THREAD_CPUTIME_ID) - t;
    plm_index_free(x);
    return (double)t / 1e6;
}

int main(int argc, char **argv) {
    plm_fault f = {0};
    if (argc < 3) die("usage: screen LISTS QUERIES.tsv [ROUNDS]");
    uint64_t t = now_ns(CLOCK_THREAD_CPUTIME_ID);
    plm_screen *s = plm_screen_open(argv[1], &f);
    plm_screener *q = s ? plm_screener_new(s, &f) : NULL;
    if (!q) die(f.say);
    double open_ms = (double)(now_ns(CLOCK_THREAD_CPUTIME_ID) - t) / 1e6;
    arena = plm_arena_new((size_t)1 << 30);
    queries = plm_mem_resize(NULL, QUERIES_MAX * sizeof *queries);
    long before = memory_kib("VmHWM:");
    read_queries(argv[2]);
    long held = memory_kib("VmRSS:");
    uint64_t *took = plm_mem_resize(NULL, query_n * sizeof *took), matched = 0, sum = 0;
    for (long r = argc > 3 ? strtol(argv[3], NULL, 10) : 1; r > 0; r--) ask_all(q, took, &matched);
    for (uint32_t i = 0; i < query_n; i++) sum += took[i];
    long after = memory_kib("VmHWM:");
    if (getenv("BENCH_EACH"))
        for (uint32_t i = 0; i < query_n; i++)
            fprintf(stderr, "%.1f\t%.*s\n", (double)took[i] / 1e3, PLM_FMT(queries[i].name));
    qsort(took, query_n, sizeof *took, by_number);
    printf("{\"queries\": %u, \"matched\": %lu, \"p50_us\": %.1f, \"p90_us\": %.1f, "
           "\"p99_us\": %.1f, \"worst_us\": %.1f, \"mean_us\": %.1f, \"per_second\": %.0f, "
           "\"open_ms\": %.2f, \"build_ms\": %.1f, \"memory_kib\": %ld}\n",
           query_n, (unsigned long)matched, (double)took[query_n / 2] / 1e3,
           (double)took[query_n / 10 * 9] / 1e3, (double)took[query_n / 100 * 99] / 1e3,
           (double)took[query_n - 1] / 1e3, (double)sum / 1e3 / query_n,
           1e9 * query_n / (double)sum, open_ms, build_ms(plm_screen_lists(s)),
           before + after - held);
    return 0;
}
