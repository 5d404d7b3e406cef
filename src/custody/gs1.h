/* gs1.h: GS1 keys in any of their forms (EPC URN, class and pattern URN, Digital Link on any
 * host) as one key: the element string as a path, "01/04012345123456/21/987", "00/SSCC",
 * "414/GLN[/254/EXT]".  "https://id.gs1.org/" + key is the constrained canonical Digital Link
 * (GS1 Digital Link URI Syntax 1.2, 4.11; CBV 2.0, 8.9.2).  Sources: GS1 EPC Tag Data Standard
 * 1.13, section 6; GS1 General Specifications, section 7.9 (check digits). */
#ifndef PLM_CUSTODY_GS1_H
#define PLM_CUSTODY_GS1_H

#include "plimsoll/base.h"

#define PLM_GS1_WEB "https://id.gs1.org/"
#define PLM_GS1_KEY_MAX 128u /* bytes of the longest key */

/* Appends the key of uri to out; false (out as it was) when uri is no GS1 key. */
bool plm_gs1_key(plm_str uri, plm_buf *out);
/* The key of uri, or uri itself; in the arena.  p NULL when there is no room. */
plm_str plm_gs1_key_or_self(plm_str uri, plm_arena *a);
/* Modulo-10 check digit of digits (GS1 General Specifications 7.9.1). */
char plm_gs1_check_digit(plm_str digits);

#endif
