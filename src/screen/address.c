#include "screen/address.h"

bool plm_address_keys(plm_str text, address_rec *a) {
    (void)text;
    (void)a;
    return false;
}
