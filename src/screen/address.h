/* address.h: addresses taken apart to street, number, building, floor and unit, whatever the habit
 * they are written in: Hong Kong, Chinese, Emirati, Turkish, Russian, American. */
#ifndef PLM_SCREEN_ADDRESS_H
#define PLM_SCREEN_ADDRESS_H

#include "screen/index.h"

#define ADDRESS_PLACES 6   /* words of district and city that are kept */

typedef enum address_relation {
    ADDRESS_OTHER, ADDRESS_NEXT_UNIT, ADDRESS_BUILDING, ADDRESS_SAME
} address_relation;

/* Fills a's keys from the text; false when it names neither a street with a number nor a
 * building. */
bool plm_address_keys(plm_str text, address_rec *a);
/* What query is to listed.  Only meaningful when both were read. */
address_relation plm_address_relate(const address_rec *query, const address_rec *listed);

#endif
