/* catalog_data.h: the shape of the generated tables; texts are offsets into plm_catalog_text. */
#ifndef PLM_GOODS_CATALOG_DATA_H
#define PLM_GOODS_CATALOG_DATA_H

#include "plimsoll/goods.h"

typedef struct cat_value {
    uint8_t fact, basis, certainty, relied_on;
    uint32_t source;
    uint64_t lo, hi; /* billionths */
} cat_value;

typedef struct cat_chip {
    uint32_t id, name, vendor, eccn, eccn_source;
    uint8_t form, datacenter, encryption, certainty;
    uint16_t first, count; /* in plm_catalog_values */
} cat_chip;

typedef struct cat_part {
    uint32_t number, vendor, eccn, source;
    uint64_t tpp;  /* billionths, of each processor; 0: not stated */
    int16_t chip;  /* the product it holds; -1: not known */
    uint8_t form;
    uint8_t a1;    /* does it meet 3A090.a.1, by the vendor: 0 not stated, 1 no, 2 yes */
} cat_part;

/* Sorted by key; several rows of one key are the products that it may mean. */
typedef struct cat_name {
    uint32_t key;
    uint16_t is_part, index;
} cat_name;

extern const char plm_catalog_text[];
extern const cat_value plm_catalog_values[];
extern const cat_chip plm_catalog_chips[];
extern const cat_part plm_catalog_parts[];
extern const cat_name plm_catalog_names[];
extern const uint32_t plm_catalog_values_count, plm_catalog_chips_count;
extern const uint32_t plm_catalog_parts_count, plm_catalog_names_count;

#endif
