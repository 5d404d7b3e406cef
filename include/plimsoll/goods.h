/* goods.h: what an item is.  ECCN texts parsed into parts, the catalogue of accelerators and
 * vendors' part tables, and the merge of what a case says with what the catalogue says.  No law
 * is decided here: the rules compare what this room measures. */
#ifndef PLIMSOLL_GOODS_H
#define PLIMSOLL_GOODS_H

#include "plimsoll/case.h"

/* ---- ECCN texts ---- */

#define PLM_ECCN_PARTS_MAX 10 /* components after the entry: 5A002.z.1.a has three */
#define PLM_ECCN_TEXT 48      /* room for the longest printed ECCN and a NUL */

/* Which side of 3A090 an ECCN claims: 3A090.x, 4A090.x or the .z paragraph that follows it. */
typedef enum plm_side {
    PLM_SIDE_NONE,   /* claims nothing of 3A090, 4A090 or .z */
    PLM_SIDE_A,
    PLM_SIDE_B,
    PLM_SIDE_C,      /* 3A090.c only: .c never makes a .z */
    PLM_SIDE_UNKNOWN /* claims it without telling the side: 5A992.z, 5A002.z.1, 4A090 */
} plm_side;

typedef struct plm_eccn {
    bool ear99;          /* then nothing else is set */
    char base[6];        /* "5A002" */
    uint32_t n;
    uint16_t part[PLM_ECCN_PARTS_MAX]; /* 'a'..'z', or 256 + a number 0..255 */
    plm_side side;
} plm_eccn;

/* Reads an ECCN as shippers and vendors write it: any case, "ECCN " before it, spaces, dots,
 * dashes or brackets between components ("3A090(a)(1)", "5A992.z.2.b1", "ear 99").  False when
 * s is none (an empty text too); out is then empty.  The side follows the entry's own scheme:
 * in 4A004, 4A005, 5A992 and 5D992 the digit after .z tells it (1 = a, 2 = b), elsewhere the
 * letter after that digit; a text in which both are told and differ is PLM_SIDE_UNKNOWN.
 * Source: 15 CFR 774 Supp. 1 (2026-07-23). */
bool plm_eccn_parse(plm_str s, plm_eccn *out);
/* Writes the canonical form ("5A992.z.2.b.1", "EAR99") and a NUL; returns its length. */
size_t plm_eccn_print(const plm_eccn *e, char out[PLM_ECCN_TEXT]);
/* Is e within paragraph (or entry) p?  YES when p's components lead e's; UNKNOWN when e is given
 * less deep than p ("3A001" in "3A001.b"); NO otherwise. */
plm_truth plm_eccn_within(const plm_eccn *e, const plm_eccn *p);
/* The same with p as text; NO when p is no ECCN. */
plm_truth plm_eccn_within_text(const plm_eccn *e, const char *p);
/* True when both are the same ECCN, component by component. */
bool plm_eccn_same(const plm_eccn *a, const plm_eccn *b);

/* ---- the catalogue ---- */

#define PLM_CATALOG_HITS_MAX 16   /* products that one name can mean */
#define PLM_CATALOG_VALUES_MAX 16 /* values of one product, all facts */

/* What a figure stands on, from the firmest. */
#define PLM_BASES(X) X(case) X(vendor) X(datasheet) X(dataset) X(derived) X(estimate) X(recalled)
#define PLM_X(n) PLM_BASIS_##n,
typedef enum plm_basis { PLM_BASES(PLM_X) PLM_BASIS_COUNT } plm_basis;
#undef PLM_X
extern const char *const plm_basis_names[PLM_BASIS_COUNT];

typedef enum plm_certainty { PLM_CERTAINTY_LOW, PLM_CERTAINTY_MEDIUM, PLM_CERTAINTY_HIGH }
    plm_certainty;
const char *plm_certainty_name(plm_certainty c); /* "low", "medium", "high" (static) */

typedef struct plm_catalog_value {
    int fact; /* PLM_N_tpp, … */
    plm_iv iv;
    plm_basis basis;
    plm_certainty certainty;
    bool relied_on;     /* false: kept to be seen; its own source contradicts it */
    const char *source; /* static */
} plm_catalog_value;

/* One product a name may mean.  A fact may have several values where sources differ; all texts
 * are static and "" where there is none. */
typedef struct plm_catalog_hit {
    const char *id, *name, *vendor; /* id is unique; a vendor's bare part has its number as id */
    const char *eccn;               /* as the vendor states it */
    const char *eccn_source;
    plm_form form;                  /* PLM_FORM_NONE: not known */
    plm_truth datacenter, encryption;
    plm_certainty certainty;        /* of form, datacenter and encryption */
    uint32_t value_count;
    plm_catalog_value values[PLM_CATALOG_VALUES_MAX];
} plm_catalog_hit;

/* Finds all products that name may mean: a part number, a catalogue name or an alias, whatever
 * the case, spaces, dashes, marks or the vendor's name before it, the order of the words, and words
 * that tell no product from another (GPU, Tensor Core, 8x).  Returns how many were written
 * to hits (0: none is known).  Reads static tables only: any thread, no allocation.  The facts
 * are restated in catalog/ with their sources. */
uint32_t plm_catalog_find(plm_str name, plm_catalog_hit hits[PLM_CATALOG_HITS_MAX]);
/* Walks the catalogue's products (not the bare parts): false past the last index. */
bool plm_catalog_at(uint32_t index, plm_catalog_hit *hit);
/* Walks the vendors' part tables: false past the last index. */
bool plm_catalog_part_at(uint32_t index, plm_catalog_hit *hit);

/* ---- what is known of an item ---- */

typedef struct plm_goods_value {
    plm_iv iv;
    plm_basis basis;
    plm_certainty certainty;
    bool relied_on;     /* false: shown, not counted */
    const char *source; /* "case", "case: formats", or the catalogue's words; static */
    const char *product; /* the catalogue's name of the product; "" for the case; static */
} plm_goods_value;

/* A number fact.  Values that agree narrow each other; where two can't both hold, conflict is
 * true and iv is the least interval that holds all. */
typedef struct plm_goods_number {
    bool known;
    bool conflict;
    plm_iv iv; /* valid where known */
    uint32_t n;
    plm_goods_value *v;
} plm_goods_number;

/* A flag: case and catalogue that differ are a conflict and PLM_UNKNOWN. */
typedef struct plm_goods_flag {
    plm_truth truth;
    bool conflict;
    plm_truth in_case, in_catalog;
    const char *source; /* of the catalogue's; "" where it has none */
} plm_goods_flag;

typedef struct plm_goods {
    plm_goods_number number[PLM_N_COUNT]; /* performance_density as stated, else as computed */
    plm_goods_flag flag[PLM_F_COUNT];
    uint32_t forms;           /* bit PLM_FORM_x: it may be that; 0: not known */
    bool form_conflict;       /* the case's form and the catalogue's are of another kind */
    plm_goods_number density; /* performance_density as stated alone (case) */
    bool density_from_ratio;  /* tpp and die area are both known */
    uint32_t hit_count;       /* products the part may be, after those the case rules out */
    const plm_catalog_hit *hits;
    bool eccn_agreed;         /* every hit has the same vendor's ECCN: vendor_eccn */
    plm_eccn vendor_eccn;
    const char *vendor_eccn_source;
} plm_goods;

/* TPP that formats give: the highest of bits x dense TOPS, as an interval (a format of which
 * something is unknown, or a product past the range of numbers, leaves the upper end open).
 * False when there are no formats. */
bool plm_goods_tpp_of_formats(const plm_format *formats, uint32_t n, plm_iv *tpp);

/* Merges item's facts with the catalogue's for its part.  Lives in a; the item's own part tree is
 * not looked into.  Faults: NO_MEMORY. */
bool plm_goods_facts(plm_arena *a, const plm_item *item, plm_goods *out, plm_fault *f);

/* Compares performance density with t by cross-multiplying where it follows from TPP and die
 * area, and over both where a density that was stated can't be that quotient.  A die area of
 * exactly 0 has no density: every comparison is NO. */
plm_truth plm_goods_density_compare(const plm_goods *g, plm_rel r, plm_dec t);

#endif
