/* Landmarks and round-trip times from any bytes: up to the first 0x1e byte the one, then the other.
 * What is read must be decidable and auditable. */
#include <stdint.h>
#include <string.h>

#include "plimsoll/locate.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static plm_regions *regions;
    static plm_locate_verdict v;
    plm_fault f = {0};
    plm_landmarks l;
    plm_rtts r;
    plm_audit a;
    if (!regions)
        regions = plm_regions_parse(
            PLM_STR("{\"type\":\"FeatureCollection\",\"features\":[{\"type\":\"Feature\","
                    "\"id\":\"A\","
                    "\"geometry\":{\"type\":\"Point\",\"coordinates\":[10,20]}}]}"),
            "map", NULL);
    const uint8_t *cut = size ? memchr(data, 0x1e, size) : NULL;
    size_t n = cut ? (size_t)(cut - data) : size;
    plm_str one = {(const char *)data, n};
    plm_str two = {cut ? (const char *)cut + 1 : "", cut ? size - n - 1 : 0};
    if (!plm_landmarks_parse(one, "l", &l, &f)) {
        if (!f.code || !f.say[0]) __builtin_trap();
        return 0;
    }
    if (plm_rtts_parse(two, "r", &l, &r, &f)) {
        if (l.n < 200 && plm_audit_run(&l, &r, &a, &f)) plm_audit_free(&a);
        plm_locate_setup s = {l.at, l.n, regions, PLM_STR("A"), 0, PLM_SPEED_C, 1};
        plm_locate *e = l.n < 200 ? plm_locate_new(&s, &f) : NULL;
        uint64_t rtt[200] = {0};
        for (size_t i = 0; e && i < r.n && r.at[i].target == 0; i++)
            rtt[r.at[i].landmark] = r.at[i].rtt_ns;
        if (e) plm_locate_decide(e, rtt, &v);
        if (e && !v.consistent && v.denied != PLM_PLACE_INCONSISTENT) __builtin_trap();
        plm_locate_free(e);
        plm_rtts_free(&r);
    } else if (!f.code || !f.say[0]) {
        __builtin_trap();
    }
    plm_landmarks_free(&l);
    return 0;
}
