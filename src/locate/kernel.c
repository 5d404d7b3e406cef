/* kernel.c: the two inner loops of a decision, in 256-bit vectors where the machine has them.
 * A key is (distance - bound) * 64 + slot, so that one maximum carries its landmark along.
 * Invariant: both forms give the same.  Held by the_kernels_agree_with_a_plain_loop. */
#include "locate/engine.h"

#include <string.h>

static inline int32_t larger(int32_t a, int32_t b) { return a > b ? a : b; }
static inline int32_t lesser(int32_t a, int32_t b) { return a < b ? a : b; }

static void insert(int32_t *best, size_t r_pad, unsigned q, int32_t key) {
    for (unsigned k = 0; k < q; k++) {
        int32_t had = best[k * r_pad];
        best[k * r_pad] = larger(had, key);
        key = lesser(had, key);
    }
}

static void best_plain(const plm_locate *l, const plm_entry *e, uint32_t n, int32_t *best) {
    for (size_t r = 0; r < l->r_pad; r++) {
        int32_t group = INT32_MIN;
        for (uint32_t i = 0; i < n; i++) {
            int32_t key = l->key[e[i].row * l->r_pad + r] - e[i].off;
            if (i && !e[i].same) insert(best + r, l->r_pad, l->quorum, group), group = INT32_MIN;
            group = larger(group, key);
        }
        insert(best + r, l->r_pad, l->quorum, group);
    }
}

static void row_plain(const int32_t *low, const int32_t *high, const int32_t *bound,
                      size_t n_pad, int32_t own, bool *apart, bool *outside) {
    bool a = false, o = false;
    for (size_t i = 0; i < n_pad; i++) {
        a |= low[i] > bound[i] + own;
        o |= high[i] > bound[i];
    }
    *apart = a;
    *outside = o;
}

#if defined(__x86_64__)
#include <immintrin.h>
#define AVX2 __attribute__((target("avx2")))

AVX2 static void best1(const plm_locate *l, const plm_entry *e, uint32_t n, int32_t *best) {
    for (size_t r = 0; r < l->r_pad; r += PLM_LANES) {
        __m256i b0 = _mm256_set1_epi32(INT32_MIN);
        const int32_t *key = l->key + r;
        for (uint32_t i = 0; i < n; i++) {
            __m256i k = _mm256_loadu_si256((const __m256i *)(const void *)(key + e[i].row * l->r_pad));
            b0 = _mm256_max_epi32(b0, _mm256_sub_epi32(k, _mm256_set1_epi32(e[i].off)));
        }
        _mm256_storeu_si256((__m256i *)(void *)(best + r), b0);
    }
}

AVX2 static void best2(const plm_locate *l, const plm_entry *e, uint32_t n, int32_t *best) {
    for (size_t r = 0; r < l->r_pad; r += PLM_LANES) {
        __m256i b0 = _mm256_set1_epi32(INT32_MIN), b1 = b0;
        const int32_t *key = l->key + r;
        for (uint32_t i = 0; i < n; i++) {
            __m256i k = _mm256_loadu_si256((const __m256i *)(const void *)(key + e[i].row * l->r_pad));
            k = _mm256_sub_epi32(k, _mm256_set1_epi32(e[i].off));
            b1 = _mm256_max_epi32(b1, _mm256_min_epi32(b0, k));
            b0 = _mm256_max_epi32(b0, k);
        }
        _mm256_storeu_si256((__m256i *)(void *)(best + r), b0);
        _mm256_storeu_si256((__m256i *)(void *)(best + l->r_pad + r), b1);
    }
}

AVX2 static void row_avx2(const int32_t *low, const int32_t *high, const int32_t *bound,
                          size_t n_pad, int32_t own, bool *apart, bool *outside) {
    __m256i a = _mm256_setzero_si256(), o = a, mine = _mm256_set1_epi32(own);
    for (size_t i = 0; i < n_pad; i += PLM_LANES) {
        __m256i b = _mm256_loadu_si256((const __m256i *)(const void *)(bound + i));
        __m256i lo = _mm256_loadu_si256((const __m256i *)(const void *)(low + i));
        __m256i hi = _mm256_loadu_si256((const __m256i *)(const void *)(high + i));
        a = _mm256_or_si256(a, _mm256_cmpgt_epi32(lo, _mm256_add_epi32(b, mine)));
        o = _mm256_or_si256(o, _mm256_cmpgt_epi32(hi, b));
    }
    *apart = !_mm256_testz_si256(a, a);
    *outside = !_mm256_testz_si256(o, o);
}

static bool wide(void) { return __builtin_cpu_supports("avx2") != 0; }
#endif

void plm_kernel_best(const plm_locate *l, const plm_entry *e, uint32_t n, bool distinct,
                     int32_t *best) {
#if defined(__x86_64__)
    if (distinct && l->quorum <= 2 && wide()) {
        if (l->quorum == 1) best1(l, e, n, best);
        else best2(l, e, n, best);
        return;
    }
#endif
    (void)distinct;
    for (size_t i = 0; i < l->r_pad * l->quorum; i++) best[i] = INT32_MIN;
    if (n) best_plain(l, e, n, best);
}

void plm_kernel_row(const int32_t *low, const int32_t *high, const int32_t *bound, size_t n_pad,
                    int32_t own, bool *apart, bool *outside) {
#if defined(__x86_64__)
    if (wide()) {
        row_avx2(low, high, bound, n_pad, own, apart, outside);
        return;
    }
#endif
    row_plain(low, high, bound, n_pad, own, apart, outside);
}
