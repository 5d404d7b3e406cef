/* probe_limit.h: token buckets, one for each source and one for all, before anything costly. */
#ifndef PLM_LOCATE_PROBE_LIMIT_H
#define PLM_LOCATE_PROBE_LIMIT_H

#include "locate/probe_wire.h"

#define PLM_PROBE_LIMIT_SOURCES 1024
#define PLM_PROBE_LIMIT_PER_SOURCE 500 /* costly requests a second, and as many at once */
#define PLM_PROBE_LIMIT_ALL 5000

typedef struct plm_probe_bucket {
    unsigned char ip[16];
    uint64_t full_at_us; /* when it will be full again */
} plm_probe_bucket;

typedef struct plm_probe_limit {
    plm_probe_bucket source[PLM_PROBE_LIMIT_SOURCES];
    plm_probe_bucket all;
    uint64_t refused;
} plm_probe_limit;

/* Takes a token for one costly request from a; false when there is none.  Sources that fall on
 * one bucket push each other out, so an attacker with many addresses meets the common limit. */
bool plm_probe_limit_take(plm_probe_limit *l, const plm_probe_addr *a, uint64_t now_ms);

#endif
