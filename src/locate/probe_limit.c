/* probe_limit.c: a bucket is a time: when it would be full again.  A token moves it on by a
 * thousandth of rate seconds; it is empty when that lies more than a second ahead.  To keep whole
 * numbers the time is counted in microseconds.  Held by tests/unit/test_probe_crypto.c. */
#include "locate/probe_limit.h"

#include <string.h>

static bool take(plm_probe_bucket *b, unsigned rate, uint64_t now_ms) {
    uint64_t now = now_ms * 1000, at = b->full_at_us > now ? b->full_at_us : now;
    if (at + 1000000 / rate > now + 1000000) return false;
    b->full_at_us = at + 1000000 / rate;
    return true;
}

bool plm_probe_limit_take(plm_probe_limit *l, const plm_probe_addr *a, uint64_t now_ms) {
    uint32_t h = 2166136261u;
    for (size_t i = 0; i < sizeof a->ip; i++) h = (h ^ a->ip[i]) * 16777619u;
    plm_probe_bucket *b = &l->source[h % PLM_PROBE_LIMIT_SOURCES];
    if (memcmp(b->ip, a->ip, sizeof b->ip) != 0) {
        memset(b, 0, sizeof *b);
        memcpy(b->ip, a->ip, sizeof b->ip);
    }
    if (take(b, PLM_PROBE_LIMIT_PER_SOURCE, now_ms) && take(&l->all, PLM_PROBE_LIMIT_ALL, now_ms))
        return true;
    l->refused++;
    return false;
}
