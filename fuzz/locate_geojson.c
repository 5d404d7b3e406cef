/* Regions from any bytes: refused with a reason, or measurable from everywhere. */
#include <stdint.h>

#include "plimsoll/locate.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    plm_fault f = {0};
    plm_regions *r = plm_regions_parse((plm_str){(const char *)data, size}, "map", &f);
    if (!r) {
        if (!f.code || !f.say[0]) __builtin_trap();
        return 0;
    }
    static const int32_t at[][2] = {{0, 0}, {900000000, 0}, {-900000000, 1800000000},
                                    {450000000, -1800000000}, {1, 1}};
    for (size_t i = 0; i < plm_regions_count(r) && i < 8; i++)
        for (size_t k = 0; k < 5; k++) {
            int32_t d = plm_regions_distance_m(r, i, at[k][0], at[k][1]);
            if (d < 0 || d > 20100000) __builtin_trap();
        }
    plm_regions_free(r);
    return 0;
}
