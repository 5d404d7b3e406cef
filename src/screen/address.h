/* address.h: addresses taken apart to building and unit, whatever the habit they are written in. */
#ifndef PLM_SCREEN_ADDRESS_H
#define PLM_SCREEN_ADDRESS_H

#include "screen/index.h"

/* Fills building and unit of a; false when the text names no building. */
bool plm_address_keys(plm_str text, address_rec *a);

#endif
