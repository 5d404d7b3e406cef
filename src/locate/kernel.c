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

static uint32_t bounds_plain(const uint64_t *rtt_ns, uint32_t from, uint32_t n, plm_speed s,
                             uint32_t least, int32_t *off, int32_t *disk_m, uint32_t *measured) {
    for (uint32_t i = from; i < n; i++) {
        *measured += rtt_ns[i] != 0;
        int32_t m = rtt_ns[i] ? plm_bound_m(rtt_ns[i], s) : PLM_KEY_NONE_M;
        if (m > PLM_KEY_NONE_M) m = PLM_KEY_NONE_M;
        off[i] = m * (int32_t)PLM_BLOCK - (int32_t)i;
        disk_m[i] = m < PLM_EARTH_M ? m + PLM_LOCATE_POSITION_M : PLM_LOCATE_METRES_MAX;
        if (i == 0 || disk_m[i] < disk_m[least]) least = i;
    }
    return least;
}

#if defined(__x86_64__)
#include <immintrin.h>
#define AVX2 __attribute__((target("avx2")))

AVX2 static inline __m256i key_at(const int32_t *key, int32_t off) {
    __m256i k = _mm256_loadu_si256((const __m256i *)(const void *)key);
    return _mm256_sub_epi32(k, _mm256_set1_epi32(off));
}

AVX2 static void best1(const plm_locate *l, const int32_t *off, int32_t *best) {
    size_t step = l->r_pad;
    for (size_t r = 0; r < step; r += PLM_LANES) {
        __m256i b0 = _mm256_set1_epi32(INT32_MIN);
        for (size_t i = 0; i < l->n; i++)
            b0 = _mm256_max_epi32(b0, key_at(l->key + i * step + r, off[i]));
        _mm256_storeu_si256((__m256i *)(void *)(best + r), b0);
    }
}

/* Two vectors of regions at a time, then the odd one. */
AVX2 static void best2(const plm_locate *l, const int32_t *off, int32_t *best) {
    size_t step = l->r_pad, r = 0;
    for (; r + 2 * PLM_LANES <= step; r += 2 * PLM_LANES) {
        __m256i b0 = _mm256_set1_epi32(INT32_MIN), b1 = b0, c0 = b0, c1 = b0;
        const int32_t *key = l->key + r;
        for (size_t i = 0, n = l->n; i < n; i++, key += step) {
            __m256i k = key_at(key, off[i]), m = key_at(key + PLM_LANES, off[i]);
            b1 = _mm256_max_epi32(b1, _mm256_min_epi32(b0, k));
            b0 = _mm256_max_epi32(b0, k);
            c1 = _mm256_max_epi32(c1, _mm256_min_epi32(c0, m));
            c0 = _mm256_max_epi32(c0, m);
        }
        _mm256_storeu_si256((__m256i *)(void *)(best + r), b0);
        _mm256_storeu_si256((__m256i *)(void *)(best + step + r), b1);
        _mm256_storeu_si256((__m256i *)(void *)(best + r + PLM_LANES), c0);
        _mm256_storeu_si256((__m256i *)(void *)(best + step + r + PLM_LANES), c1);
    }
    for (; r < step; r += PLM_LANES) {
        __m256i b0 = _mm256_set1_epi32(INT32_MIN), b1 = b0;
        const int32_t *key = l->key + r;
        for (size_t i = 0; i < l->n; i++, key += step) {
            __m256i k = key_at(key, off[i]);
            b1 = _mm256_max_epi32(b1, _mm256_min_epi32(b0, k));
            b0 = _mm256_max_epi32(b0, k);
        }
        _mm256_storeu_si256((__m256i *)(void *)(best + r), b0);
        _mm256_storeu_si256((__m256i *)(void *)(best + step + r), b1);
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

/* Four bounds, exactly as plm_bound_m: the product with a reciprocal rounded up is the quotient or
 * one more (RTTs are below 2^29 here), and the remainder tells which. */
AVX2 static inline __m128i four_bounds(__m256i ns, __m256i recip, __m256i by) {
    __m256i far = _mm256_mul_epu32(ns, _mm256_set1_epi64x(PLM_LIGHT_M_PER_S / 2));
    __m256i q = _mm256_srli_epi64(_mm256_mul_epu32(ns, recip), 34);
    __m256i left = _mm256_sub_epi64(far, _mm256_mul_epu32(q, by));
    q = _mm256_sub_epi64(q, _mm256_cmpgt_epi64(left, _mm256_setzero_si256()));
    __m256i less = _mm256_sub_epi64(ns, _mm256_set1_epi64x(1)); /* 0 comes out greatest */
    __m256i is = _mm256_cmpeq_epi64(_mm256_srli_epi64(less, 29), _mm256_setzero_si256());
    q = _mm256_blendv_epi8(_mm256_set1_epi64x(PLM_KEY_NONE_M), q, is);
    q = _mm256_permutevar8x32_epi32(q, _mm256_setr_epi32(0, 2, 4, 6, 0, 2, 4, 6));
    return _mm_min_epi32(_mm256_castsi256_si128(q), _mm_set1_epi32(PLM_KEY_NONE_M));
}

AVX2 static uint32_t bounds_avx2(const uint64_t *rtt_ns, uint32_t n, plm_speed s, int32_t *off,
                                 int32_t *disk_m, uint32_t *measured) {
    bool fibre = s == PLM_SPEED_FIBRE;
    __m256i recip = _mm256_set1_epi64x(fibre ? 1716798404 : 2575197606);
    __m256i by = _mm256_set1_epi64x(fibre ? 1500000000 : 1000000000);
    __m128i slot = _mm_setr_epi32(0, 1, 2, 3), best = _mm_set1_epi32(INT32_MAX);
    __m128i who = _mm_setzero_si128();
    __m256i none = _mm256_setzero_si256();
    uint32_t i = 0;
    for (; i + 4 <= n; i += 4) {
        __m256i ns = _mm256_loadu_si256((const __m256i *)(const void *)(rtt_ns + i));
        __m128i m = four_bounds(ns, recip, by);
        none = _mm256_add_epi64(none, _mm256_cmpeq_epi64(ns, _mm256_setzero_si256()));
        _mm_storeu_si128((__m128i *)(void *)(off + i), _mm_sub_epi32(_mm_slli_epi32(m, 6), slot));
        __m128i d = _mm_add_epi32(m, _mm_set1_epi32(PLM_LOCATE_POSITION_M));
        d = _mm_blendv_epi8(_mm_set1_epi32(PLM_LOCATE_METRES_MAX), d,
                            _mm_cmplt_epi32(m, _mm_set1_epi32(PLM_EARTH_M)));
        _mm_storeu_si128((__m128i *)(void *)(disk_m + i), d);
        who = _mm_blendv_epi8(who, slot, _mm_cmplt_epi32(d, best));
        best = _mm_min_epi32(best, d);
        slot = _mm_add_epi32(slot, _mm_set1_epi32(4));
    }
    int32_t d[4], w[4];
    int64_t missing[4];
    _mm256_storeu_si256((__m256i *)(void *)missing, none);
    *measured = i + (uint32_t)(missing[0] + missing[1] + missing[2] + missing[3]);
    _mm_storeu_si128((__m128i *)(void *)d, best);
    _mm_storeu_si128((__m128i *)(void *)w, who);
    int k = 0;
    for (int j = 1; j < 4; j++) k = d[j] < d[k] ? j : k;
    return bounds_plain(rtt_ns, i, n, s, (uint32_t)w[k], off, disk_m, measured);
}

static bool wide(void) { return __builtin_cpu_supports("avx2") != 0; }
#endif

void plm_kernel_best(const plm_locate *l, const plm_entry *e, uint32_t n, int32_t *best) {
    for (size_t i = 0; i < l->r_pad * l->quorum; i++) best[i] = INT32_MIN;
    if (n) best_plain(l, e, n, best);
}

void plm_kernel_best_all(const plm_locate *l, const int32_t *off, int32_t *best) {
#if defined(__x86_64__)
    if (l->quorum <= 2 && wide()) {
        if (l->quorum == 1) best1(l, off, best);
        else best2(l, off, best);
        return;
    }
#endif
    for (size_t i = 0; i < l->r_pad * l->quorum; i++) best[i] = INT32_MIN;
    for (size_t i = 0; i < l->n; i++)
        for (size_t r = 0; r < l->r_pad; r++)
            insert(best + r, l->r_pad, l->quorum, l->key[i * l->r_pad + r] - off[i]);
}

uint32_t plm_kernel_bounds(const uint64_t *rtt_ns, uint32_t n, plm_speed s, int32_t *off,
                           int32_t *disk_m, uint32_t *measured) {
    *measured = 0;
#if defined(__x86_64__)
    if (wide()) return bounds_avx2(rtt_ns, n, s, off, disk_m, measured);
#endif
    return bounds_plain(rtt_ns, 0, n, s, 0, off, disk_m, measured);
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
