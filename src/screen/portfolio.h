/* portfolio.h: the file that keeps how a portfolio's names are read; written by
 * portfolio_make.c, read by portfolio.c. */
#ifndef PLM_SCREEN_PORTFOLIO_H
#define PLM_SCREEN_PORTFOLIO_H

#include "plimsoll/portfolio.h"
#include "screen/kin.h"

#define PORTFOLIO_MAGIC "PLMFOLI"
#define PORTFOLIO_VERSION 1u
#define PORTFOLIO_DIR_BITS 16
#define PORTFOLIO_KEY 16

/* A line's hash under the file's key (SipHash-2-4, 128 bits): who can write a line can't make it
 * look like another. */
typedef struct line_hash {
    uint64_t v[2];
} line_hash;

enum { CUSTOMER_ALWAYS = 1, CUSTOMER_COUNTRY = 2, CUSTOMER_BIRTH = 4 };
typedef struct customer {
    uint32_t part_at, mark_at;
    uint16_t mark_n;
    uint8_t part_n, token_n; /* parts: tokens, then words as they were written */
    uint8_t flags, kind, words, pad;
} customer;

/* A token; past token_n a word as written, over so many tokens from first on. */
#define PART_STANDS 0x80000000u /* in unit: may be paired without a related span */
typedef struct part {
    uint32_t unit;
    uint16_t weight, traits; /* of a word as written: first, count */
} part;

/* Hashes, 32 bits of each, that a changed entity may have too.  Of a span of several tokens: what
 * it may be related to is found by them,
 *   joined spans   sounds, form, key; in the scripts that are compared their own way (and without
 *                  consonants) all near-table keys
 *   acronym        form
 * or, with count 0, of what finds a customer whatever its name:
 *   address        street with number, building
 *   numbers        kind group and value */
#define MARK_HASHES 3
typedef struct mark {
    uint32_t hash[MARK_HASHES];
    uint8_t first, count;    /* tokens */
    uint8_t n, common;       /* hashes; the first of them, which not only tokens of a script that
                              * is compared in its own way can have */
} mark;
#define MARK_ACRONYM 'A'
/* Of joins that only a token of another kind of script can be related to by form or by key: of few
 * letters, of few sounds (docs/no-miss.md, section 7). */
#define MARK_SHORT_FORM 'G'
#define MARK_SHORT_KEY 'K'
#define JOIN_LONG_FORM 15
#define JOIN_LONG_PHON 15
/* Sounds of a listed token that a join may differ from in one. */
#define JOIN_EDIT_LEAST 8
#define JOIN_EDIT_MOST 15

typedef enum portfolio_section {
    PF_LINES, PF_CUSTOMERS, PF_PARTS, PF_MARKS, PF_UNITS, PF_NEAR, PF_NEAR_DIR, PF_COUNT
} portfolio_section;
extern const uint32_t plm_portfolio_rows[PF_COUNT]; /* bytes of a row */

typedef struct portfolio_header {
    char magic[8];
    uint32_t version, sections;
    uint64_t fingerprint;    /* plm_index_fingerprint */
    unsigned char key[PORTFOLIO_KEY];
    line_hash head;
    uint64_t size, check;    /* check: of all that follows the header */
    uint32_t n[PF_COUNT];
    uint32_t row[PF_COUNT];
} portfolio_header;

static inline size_t portfolio_padded(size_t n) { return (n + 63) & ~(size_t)63; }
line_hash plm_portfolio_hash(const unsigned char key[PORTFOLIO_KEY], plm_str line);
uint64_t plm_portfolio_check(const char *p, size_t n);

static inline uint32_t mark_of(uint64_t hash) { return (uint32_t)(hash >> 32); }
static inline uint32_t mark_place(uint64_t hash) { return mark_of(hash) ^ 0x5BD1E995u; }
static inline uint32_t mark_id(uint64_t hash) { return mark_of(hash) ^ 0x9E3779B9u; }

#endif
