/* kernel_avx2.c: the inner loops of kernel.c in 256-bit vectors, for machines that have AVX2.
 * Invariant: they give what kernel.c gives.  Held by the_kernels_agree_with_a_plain_loop. */
#include "locate/engine.h"

#include <string.h>

#if defined(__x86_64__)
#include <immintrin.h>

#define AVX2 __attribute__((target("avx2")))
#define AVX2_INLINE __attribute__((target("avx2"), always_inline)) static inline
#define NS_END_LOG2 29 /* from 2^29 ns on the bound is past PLM_KEY_NONE_M at either speed */

AVX2_INLINE __m256i load(const int32_t *p) {
    return _mm256_loadu_si256((const __m256i *)(const void *)p);
}
AVX2_INLINE void store(void *p, __m256i x) { _mm256_storeu_si256((__m256i *)p, x); }
AVX2_INLINE uint64_t bits(__m256i mask) {
    return (uint64_t)(uint32_t)_mm256_movemask_ps(_mm256_castsi256_ps(mask));
}

/* ns * factor, cut to an integer: the floor, or one beside it where the product is within 2e-8 of
 * an integer. */
AVX2_INLINE __m256i quotient(__m256i ns, __m256d factor) {
    __m256d a = _mm256_cvtepi32_pd(_mm256_castsi256_si128(ns));
    __m256d b = _mm256_cvtepi32_pd(_mm256_extracti128_si256(ns, 1));
    __m128i x = _mm256_cvttpd_epi32(_mm256_mul_pd(a, factor));
    __m128i y = _mm256_cvttpd_epi32(_mm256_mul_pd(b, factor));
    return _mm256_inserti128_si256(_mm256_castsi128_si256(x), y, 1);
}

/* Eight bounds, exactly as plm_bound_m but cut at PLM_KEY_NONE_M: the remainder of the quotient, a
 * 32-bit number whatever the product overflows, tells how many of it are missing.  all: is each
 * told (none 0 ns nor past the end)? */
AVX2_INLINE __m256i eight_bounds(const uint64_t *rtt_ns, __m256d factor, __m256i by,
                                 __m256i *all) {
    __m256 p = _mm256_loadu_ps((const float *)(const void *)rtt_ns);
    __m256 q = _mm256_loadu_ps((const float *)(const void *)(rtt_ns + 4));
    __m256i lo = _mm256_castps_si256(_mm256_shuffle_ps(p, q, 0x88));
    __m256i hi = _mm256_castps_si256(_mm256_shuffle_ps(p, q, 0xdd));
    __m256i zero = _mm256_setzero_si256(), one = _mm256_set1_epi32(1);
    __m256i over = _mm256_srli_epi32(_mm256_sub_epi32(lo, one), NS_END_LOG2);
    __m256i told = _mm256_cmpeq_epi32(_mm256_or_si256(over, hi), zero);
    *all = _mm256_and_si256(*all, told);
    __m256i ns = _mm256_blendv_epi8(_mm256_set1_epi32((1 << NS_END_LOG2) - 1), lo, told);
    ns = _mm256_permute4x64_epi64(ns, 0xd8);
    __m256i m = quotient(ns, factor);
    __m256i far = _mm256_mullo_epi32(ns, _mm256_set1_epi32(PLM_LIGHT_M_PER_S / 2));
    __m256i left = _mm256_sub_epi32(far, _mm256_mullo_epi32(m, by));
    m = _mm256_sub_epi32(m, _mm256_cmpgt_epi32(left, zero));
    m = _mm256_sub_epi32(m, _mm256_cmpgt_epi32(left, by));
    return _mm256_min_epi32(m, _mm256_set1_epi32(PLM_KEY_NONE_M));
}

/* Of two sorted pairs in the halves of vectors, the sorted least pair. */
AVX2_INLINE void least_two(__m128i *a, __m128i *b, __m128i c, __m128i d) {
    __m128i first = _mm_min_epi32(*a, c);
    *b = _mm_min_epi32(_mm_max_epi32(*a, c), _mm_min_epi32(*b, d));
    *a = first;
}

AVX2 static void bounds_avx2(const uint64_t *rtt_ns, uint32_t n, plm_speed s, plm_bounds *b) {
    bool fibre = s == PLM_SPEED_FIBRE;
    __m256i by = _mm256_set1_epi32(fibre ? 1500000000 : 1000000000);
    __m256d factor = _mm256_set1_pd(PLM_LIGHT_M_PER_S / (fibre ? 3e9 : 2e9));
    __m256i slot = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7), all = _mm256_set1_epi32(-1);
    __m256i first = _mm256_set1_epi32(INT32_MAX), second = first;
    uint64_t rest[PLM_LANES];
    uint32_t i = 0;
    for (; i < n; i += PLM_LANES) {
        const uint64_t *from = rtt_ns + i;
        if (i + PLM_LANES > n) {
            memset(rest, 0, sizeof rest);
            memcpy(rest, from, (n - i) * sizeof *rest);
            from = rest;
        }
        __m256i m = eight_bounds(from, factor, by, &all);
        __m256i wide = _mm256_slli_epi32(m, 6), key = _mm256_or_si256(wide, slot);
        store(b->off + i, _mm256_sub_epi32(wide, slot));
        store(b->disk_m + i, _mm256_add_epi32(m, _mm256_set1_epi32(PLM_LOCATE_POSITION_M)));
        second = _mm256_min_epi32(second, _mm256_max_epi32(first, key));
        first = _mm256_min_epi32(first, key);
        slot = _mm256_add_epi32(slot, _mm256_set1_epi32((int)PLM_LANES));
    }
    __m128i x = _mm256_castsi256_si128(first), y = _mm256_castsi256_si128(second);
    least_two(&x, &y, _mm256_extracti128_si256(first, 1), _mm256_extracti128_si256(second, 1));
    least_two(&x, &y, _mm_shuffle_epi32(x, 0x4e), _mm_shuffle_epi32(y, 0x4e));
    least_two(&x, &y, _mm_shuffle_epi32(x, 0xb1), _mm_shuffle_epi32(y, 0xb1));
    b->least = (uint32_t)_mm_cvtsi128_si32(x) % PLM_BLOCK;
    b->next = (uint32_t)_mm_cvtsi128_si32(y) % PLM_BLOCK;
    if (b->next >= n) b->next = b->least;
    b->measured = n;
    if (_mm256_testc_si256(all, _mm256_set1_epi32(-1))) return;
    b->measured = 0;
    for (i = 0; i < n; i++) b->measured += rtt_ns[i] != 0;
}

static uint64_t all_of(size_t n) { return n >= 64 ? UINT64_MAX : ((uint64_t)1 << n) - 1; }

AVX2 static uint64_t leaders_avx2(const plm_locate *l, const plm_bounds *b) {
    uint32_t next = l->distinct ? b->next : plm_kernel_other(l, b);
    if (l->quorum > 2 || next == b->least) return all_of(l->n);
    const int32_t *a = l->lead + b->least * l->n_pad, *z = l->lead + next * l->n_pad;
    __m256i from_a = _mm256_set1_epi32(b->off[b->least]);
    __m256i from_z = _mm256_set1_epi32(b->off[next]);
    uint64_t keep = 0, both = 0;
    for (size_t k = 0; k < l->n; k += PLM_LANES) {
        __m256i off = load(b->off + k);
        uint64_t x = bits(_mm256_cmpgt_epi32(load(a + k), _mm256_sub_epi32(off, from_a)));
        uint64_t y = bits(_mm256_cmpgt_epi32(load(z + k), _mm256_sub_epi32(off, from_z)));
        keep |= (x | y) << k;
        both |= (x & y) << k;
    }
    if (l->quorum == 1) keep = both;
    return (keep & all_of(l->n)) | (uint64_t)1 << b->least | (uint64_t)1 << next;
}

/* The two greatest keys so far of eight regions; second stays as it is where one is enough. */
typedef struct two {
    __m256i first, second;
} two;

AVX2_INLINE void take(two *x, const int32_t *key, __m256i off, bool both) {
    __m256i k = _mm256_sub_epi32(load(key), off);
    if (both) x->second = _mm256_max_epi32(x->second, _mm256_min_epi32(x->first, k));
    x->first = _mm256_max_epi32(x->first, k);
}

/* Writes eight regions' best; odd gathers where keys can't tell a margin. */
AVX2_INLINE void put(const two *x, size_t r, size_t n_deny, bool both, plm_locate_verdict *v,
                     __m256i *odd) {
    __m256i low = _mm256_set1_epi32((int)PLM_BLOCK - 1), m = _mm256_srai_epi32(x->first, 6);
    store(v->margin_m[0] + r, m);
    store(v->by[0] + r, _mm256_and_si256(x->first, low));
    if (both) {
        m = _mm256_srai_epi32(x->second, 6);
        store(v->margin_m[1] + r, m);
        store(v->by[1] + r, _mm256_and_si256(x->second, low));
    }
    m = _mm256_cmpgt_epi32(_mm256_set1_epi32(PLM_KEY_ODD_M), m);
    if (n_deny - r < PLM_LANES) /* what fills the last vector is no region */
        m = _mm256_and_si256(m, _mm256_cmpgt_epi32(_mm256_set1_epi32((int)(n_deny - r)),
                                                   _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7)));
    *odd = _mm256_or_si256(*odd, m);
}

/* The same where operators have several: old is the best of the operator at hand, and goes into x
 * when the next begins (same: all ones while it goes on). */
AVX2_INLINE void take_of_group(two *x, __m256i *old, const int32_t *key, __m256i off, __m256i same,
                               bool both) {
    __m256i none = _mm256_set1_epi32(INT32_MIN), k = _mm256_sub_epi32(load(key), off);
    __m256i done = _mm256_blendv_epi8(*old, none, same);
    if (both) x->second = _mm256_max_epi32(x->second, _mm256_min_epi32(x->first, done));
    x->first = _mm256_max_epi32(x->first, done);
    *old = _mm256_max_epi32(k, _mm256_blendv_epi8(none, *old, same));
}

AVX2_INLINE void end_group(two *x, __m256i old, bool both) {
    if (both) x->second = _mm256_max_epi32(x->second, _mm256_min_epi32(x->first, old));
    x->first = _mm256_max_epi32(x->first, old);
}

/* One vector of regions, or three, from r on: in registers, so that nothing waits for memory. */
AVX2_INLINE __m256i best_some(const plm_locate *l, const int32_t *off, uint64_t leaders, size_t r,
                              bool three, bool groups, bool both, plm_locate_verdict *v) {
    two x, y, z;
    x.first = x.second = _mm256_set1_epi32(INT32_MIN);
    y = z = x;
    __m256i p = x.first, q = p, s = p; /* of the group at hand */
    const size_t step = l->r_pad;
    const int32_t *const keys = l->key + r, *const ops = l->slot_op;
    int32_t op = -1;
    for (uint64_t left = leaders; left; left &= left - 1) {
        size_t i = (size_t)__builtin_ctzll(left);
        __m256i o = _mm256_set1_epi32(off[i]);
        const int32_t *key = keys + i * step;
        if (groups) {
            __m256i same = _mm256_set1_epi32(-(op == ops[i]));
            op = ops[i];
            take_of_group(&x, &p, key, o, same, both);
            if (three) take_of_group(&y, &q, key + PLM_LANES, o, same, both);
            if (three) take_of_group(&z, &s, key + 2 * PLM_LANES, o, same, both);
        } else {
            take(&x, key, o, both);
            if (three) take(&y, key + PLM_LANES, o, both);
            if (three) take(&z, key + 2 * PLM_LANES, o, both);
        }
    }
    if (groups) end_group(&x, p, both), end_group(&y, q, both), end_group(&z, s, both);
    __m256i odd = _mm256_setzero_si256();
    put(&x, r, l->n_deny, both, v, &odd);
    if (three) put(&y, r + PLM_LANES, l->n_deny, both, v, &odd);
    if (three) put(&z, r + 2 * PLM_LANES, l->n_deny, both, v, &odd);
    return odd;
}

AVX2_INLINE bool best_all(const plm_locate *l, const int32_t *off, uint64_t leaders, bool groups,
                          bool both, plm_locate_verdict *v) {
    __m256i odd = _mm256_setzero_si256();
    size_t r = 0;
    for (; r + 3 * PLM_LANES <= l->r_pad; r += 3 * PLM_LANES)
        odd = _mm256_or_si256(odd, best_some(l, off, leaders, r, true, groups, both, v));
    for (; r < l->r_pad; r += PLM_LANES)
        odd = _mm256_or_si256(odd, best_some(l, off, leaders, r, false, groups, both, v));
    return !_mm256_testz_si256(odd, odd);
}

AVX2 static bool best_avx2(const plm_locate *l, const plm_bounds *b, uint64_t leaders,
                           plm_locate_verdict *v) {
    if (l->quorum > 2) return plm_kernel_plain.best(l, b, leaders, v);
    if (l->quorum == 1) return best_all(l, b->off, leaders, false, false, v); /* groups or not */
    return l->distinct ? best_all(l, b->off, leaders, false, true, v)
                       : best_all(l, b->off, leaders, true, true, v);
}

AVX2 static plm_row row_avx2(const plm_locate *l, const int32_t *disk_m, uint32_t who) {
    const int32_t *low = l->low + who * l->n_pad, *high = l->high + who * l->n_pad;
    __m256i own = _mm256_set1_epi32(disk_m[who]);
    uint64_t all = all_of(l->n);
    plm_row x = {0, 0, 0};
    for (size_t i = 0; i < l->n; i += PLM_LANES) {
        __m256i disk = load(disk_m + i), far = load(high + i);
        x.apart |= bits(_mm256_cmpgt_epi32(load(low + i), _mm256_add_epi32(disk, own))) << i;
        x.outside |= bits(_mm256_cmpgt_epi32(far, disk)) << i;
        x.part |= bits(_mm256_cmpgt_epi32(_mm256_add_epi32(far, own), disk)) << i;
    }
    return (plm_row){x.apart & all, x.outside & all, x.part & all};
}

AVX2 static bool around_avx2(const plm_locate *l, const int32_t *disk_m, uint32_t who) {
    const int32_t *low = l->low + who * l->n_pad, *high = l->high + who * l->n_pad;
    __m256i own = _mm256_set1_epi32(disk_m[who]), out = _mm256_setzero_si256();
    for (size_t i = 0; i < l->n; i += PLM_LANES) { /* what fills the last vector has no distance */
        __m256i disk = load(disk_m + i);
        out = _mm256_or_si256(out, _mm256_cmpgt_epi32(load(low + i), _mm256_add_epi32(disk, own)));
        out = _mm256_or_si256(out, _mm256_cmpgt_epi32(load(high + i), disk));
    }
    return _mm256_testz_si256(out, out);
}

AVX2 static void rooms_avx2(plm_caps *w) {
    const __m256d one = _mm256_set1_pd(1);
    for (size_t i = w->n; i % 4; i++) { /* what fills the last vector is never missed */
        w->x[i] = w->y[i] = w->z[i] = 0;
        w->bound_m[i] = PLM_LOCATE_METRES_MAX;
    }
    for (size_t i = 0; i < w->n; i += 4) {
        __m128i m = _mm_loadu_si128((const __m128i *)(const void *)(w->bound_m + i));
        __m256d x = _mm256_mul_pd(_mm256_cvtepi32_pd(m), _mm256_set1_pd(PLM_CAP_HALF));
        __m256d y = _mm256_mul_pd(x, x), t = one;
        for (int k = 0; k < 5; k++) {
            __m256d c = _mm256_mul_pd(y, _mm256_set1_pd(plm_cap_series[k]));
            t = _mm256_sub_pd(one, _mm256_mul_pd(c, t));
        }
        __m256d room = _mm256_mul_pd(_mm256_mul_pd(_mm256_set1_pd(4), y), _mm256_mul_pd(t, t));
        __m256d all = _mm256_cmp_pd(x, _mm256_set1_pd(PLM_CAP_END), _CMP_GE_OQ);
        _mm256_storeu_pd(w->room + i, _mm256_blendv_pd(room, _mm256_set1_pd(5), all));
    }
}

AVX2 static size_t missed_avx2(const plm_caps *w, const plm_geo *p, double *chord2) {
    const __m256d px = _mm256_set1_pd(p->x), py = _mm256_set1_pd(p->y), pz = _mm256_set1_pd(p->z);
    __m256d worst = _mm256_setzero_pd(), far = worst, who = worst;
    __m256d at = _mm256_setr_pd(0, 1, 2, 3);
    for (size_t i = 0; i < w->n; i += 4) {
        __m256d x = _mm256_sub_pd(px, _mm256_loadu_pd(w->x + i));
        __m256d y = _mm256_sub_pd(py, _mm256_loadu_pd(w->y + i));
        __m256d z = _mm256_sub_pd(pz, _mm256_loadu_pd(w->z + i));
        __m256d q = _mm256_add_pd(_mm256_mul_pd(x, x), _mm256_mul_pd(y, y));
        q = _mm256_add_pd(q, _mm256_mul_pd(z, z));
        __m256d over = _mm256_sub_pd(q, _mm256_loadu_pd(w->room + i));
        __m256d more = _mm256_cmp_pd(over, worst, _CMP_GT_OQ);
        worst = _mm256_max_pd(worst, over);
        far = _mm256_blendv_pd(far, q, more);
        who = _mm256_blendv_pd(who, at, more);
        at = _mm256_add_pd(at, _mm256_set1_pd(4));
    }
    if (!_mm256_movemask_pd(_mm256_cmp_pd(worst, _mm256_setzero_pd(), _CMP_GT_OQ))) return w->n;
    double a[4], b[4], c[4];
    _mm256_storeu_pd(a, worst);
    _mm256_storeu_pd(b, far);
    _mm256_storeu_pd(c, who);
    int k = 0;
    for (int j = 1; j < 4; j++) k = a[j] > a[k] ? j : k;
    *chord2 = b[k];
    return (size_t)c[k];
}

AVX2 static void places_avx2(const plm_locate *l, plm_locate_verdict *v) {
    const int32_t *margin = v->margin_m[l->quorum - 1];
    __m256i zero = _mm256_setzero_si256(), one = _mm256_set1_epi32(1), possible = zero;
    __m256i lanes = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    __m256i q = _mm256_set1_epi32((int)l->quorum);
    for (size_t r = 0; r < l->n_deny; r += PLM_LANES) {
        __m256i place = _mm256_add_epi32(one, _mm256_cmpgt_epi32(load(margin + r), zero));
        __m256i in = _mm256_cmpgt_epi32(_mm256_set1_epi32((int)(l->n_deny - r)), lanes);
        possible = _mm256_or_si256(possible, _mm256_and_si256(in, place));
        store(v->place + r, v->consistent ? place : _mm256_set1_epi32(PLM_PLACE_INCONSISTENT));
        store(v->n_by + r, q);
    }
    v->denied = !v->consistent ? PLM_PLACE_INCONSISTENT
                : _mm256_testz_si256(possible, possible) ? PLM_PLACE_EXCLUDED : PLM_PLACE_POSSIBLE;
    if (!l->n_deny) v->denied = PLM_PLACE_EXCLUDED;
}

AVX2 static uint64_t excluded_avx2(const plm_locate_verdict *v, size_t r) {
    uint64_t x = 0;
    size_t left = v->n_regions - r, n = left < PLM_BLOCK ? left : PLM_BLOCK;
    for (size_t i = 0; i < n; i += PLM_LANES) {
        __m256i place = _mm256_loadu_si256((const __m256i *)(const void *)(v->place + r + i));
        x |= bits(_mm256_cmpeq_epi32(place, _mm256_set1_epi32(PLM_PLACE_EXCLUDED))) << i;
    }
    return x & all_of(n);
}

static const plm_kernel avx2 = {
    bounds_avx2, leaders_avx2, best_avx2,   row_avx2,      around_avx2,
    rooms_avx2,  missed_avx2,  places_avx2, excluded_avx2,
};

const plm_kernel *plm_kernel_of_machine(void) {
    return __builtin_cpu_supports("avx2") ? &avx2 : &plm_kernel_plain;
}
#else
const plm_kernel *plm_kernel_of_machine(void) { return &plm_kernel_plain; }
#endif
