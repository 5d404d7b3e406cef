/* sample.c: how many to look at.  The chance that n drawn of N show none of K missing is
 * C(N-K, n) / C(N, n), the product of (N-K-i)/(N-i) for i < n, or with n and K exchanged.  A
 * sample is enough when that is at most 1 - confidence.  The comparison is first made on sums of
 * logarithms with a bound on their error; within the bound it is made again in whole numbers, so
 * that a tie is a tie.  Held by tests/unit/test_custody_sample.c against a slow exact oracle. */
#include "plimsoll/custody.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#define POPULATION_MAX 10000000u
#define PARTS_MAX 1000000000u

typedef struct big { /* least limb first */
    uint32_t *v;
    size_t n, cap;
} big;

static bool big_times(big *b, uint32_t m) {
    uint64_t carry = 0;
    for (size_t i = 0; i < b->n; i++) {
        carry += (uint64_t)b->v[i] * m;
        b->v[i] = (uint32_t)carry;
        carry >>= 32;
    }
    if (!carry) return true;
    if (b->n == b->cap) {
        uint32_t *v = plm_mem_resize(b->v, b->cap * 2 * sizeof *v);
        if (!v) return false;
        b->v = v;
        b->cap *= 2;
    }
    b->v[b->n++] = (uint32_t)carry;
    return true;
}

static bool big_one(big *b) {
    b->cap = 64;
    b->v = plm_mem_resize(NULL, b->cap * sizeof *b->v);
    if (!b->v) return false;
    b->v[0] = 1;
    b->n = 1;
    return true;
}

static int big_cmp(const big *a, const big *b) {
    if (a->n != b->n) return a->n < b->n ? -1 : 1;
    for (size_t i = a->n; i-- > 0;)
        if (a->v[i] != b->v[i]) return a->v[i] < b->v[i] ? -1 : 1;
    return 0;
}

/* miss * den <= total * rest, exactly; few is min(n, K), many the other. */
static bool exact(uint64_t pop, uint64_t few, uint64_t many, uint64_t rest, uint64_t den,
                  bool *enough) {
    big a = {0}, b = {0};
    bool ok = big_one(&a) && big_one(&b);
    for (uint64_t i = 0; ok && i < few; i++)
        ok = big_times(&a, (uint32_t)(pop - many - i)) && big_times(&b, (uint32_t)(pop - i));
    ok = ok && big_times(&a, (uint32_t)den) && (rest == 0 || big_times(&b, (uint32_t)rest));
    *enough = ok && rest > 0 && big_cmp(&a, &b) <= 0;
    plm_mem_free(a.v);
    plm_mem_free(b.v);
    return ok;
}

static bool enough(uint64_t pop, uint64_t k, uint64_t n, uint64_t rest, uint64_t den, bool *yes) {
    if (n > pop - k) return *yes = true, true; /* more drawn than are present */
    if (rest == 0) return *yes = false, true;
    uint64_t few = n < k ? n : k, many = n < k ? k : n;
    long double sum = 0, want = logl((long double)rest / (long double)den);
    for (uint64_t i = 0; i < few; i++)
        sum += log1pl(-(long double)many / (long double)(pop - i));
    /* each term is within two units in the last place of 64 bits, and so is each addition */
    long double err = (long double)(few + 4) * (2 - sum) * 4e-19L;
    if (sum + err < want || sum - err > want) return *yes = sum < want, true;
    return exact(pop, few, many, rest, den, yes);
}

bool plm_custody_sample_size(uint64_t population, uint64_t missing, uint64_t conf_num,
                             uint64_t conf_den, uint64_t *sample, plm_fault *f) {
    if (population < 1 || population > POPULATION_MAX)
        return plm_fail(f, PLM_OUT_OF_RANGE, "the population is 1 to %u, not %" PRIu64,
                        POPULATION_MAX, population);
    if (missing > population)
        return plm_fail(f, PLM_OUT_OF_RANGE, "%" PRIu64 " can't be missing of %" PRIu64, missing,
                        population);
    if (conf_den < 1 || conf_den > PARTS_MAX || conf_num > conf_den)
        return plm_fail(f, PLM_OUT_OF_RANGE, "the confidence is 0 to 1, to nine places");
    *sample = 0;
    if (missing == 0 || conf_num == 0) return true; /* nothing to find, or nothing promised */
    uint64_t lo = 0, hi = population - missing + 1;
    while (hi - lo > 1) { /* lo is too few, hi is enough */
        uint64_t mid = lo + (hi - lo) / 2;
        bool yes;
        if (!enough(population, missing, mid, conf_den - conf_num, conf_den, &yes))
            return plm_fail(f, PLM_NO_MEMORY, "out of memory");
        *(yes ? &hi : &lo) = mid;
    }
    *sample = hi;
    return true;
}
