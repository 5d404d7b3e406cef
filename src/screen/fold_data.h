/* fold_data.h: the generated tables of fold_data.c, for fold.c alone. */
#ifndef PLM_SCREEN_FOLD_DATA_H
#define PLM_SCREEN_FOLD_DATA_H

#include <stdint.h>

extern const uint8_t plm_fold_page[];     /* code point / 256 -> page number from 1; 0: none */
extern const uint16_t plm_fold_letter[];  /* page, code point % 256 -> string number + 1 */
extern const uint16_t plm_fold_at[];      /* string number -> place in plm_fold_text */
extern const char plm_fold_text[];
extern const uint16_t plm_fold_han[];     /* code point - 0x3400 -> string number of its reading */
extern const uint16_t plm_fold_simple[];  /* traditional, simplified; ascending */
extern const uint32_t plm_fold_simple_n;
extern const uint16_t plm_fold_alike[];   /* Cyrillic, the Latin letter that looks like it */
extern const uint32_t plm_fold_alike_n;

#endif
