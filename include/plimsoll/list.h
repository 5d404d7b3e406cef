/* list.h: restricted-party lists as the importers build them and the screen reads them: one
 * growing container a source, saved as one binary image (mapped again without parsing).
 * Everything is an index or a plm_ref into the list's own tables, so that image and memory have
 * the same layout.  Sub-records belong to the entity added last. */
#ifndef PLIMSOLL_LIST_H
#define PLIMSOLL_LIST_H

#include "plimsoll/base.h"

#define PLM_LIST_ENTITIES_MAX 4000000u
#define PLM_LIST_NAMES_MAX 16000000u      /* rows of each of the other tables */
#define PLM_LIST_TEXT_MAX 1000000000u     /* bytes of all text of one list */
#define PLM_LIST_FIELD_MAX 65535u         /* bytes of one text: more is refused */
#define PLM_LISTS_MAX 64                  /* sources in one directory */
#define PLM_IMAGE_VERSION 1u

/* Text of a list: byte offset and length in its text table.  {0,0} is the empty text. */
typedef struct plm_ref {
    uint32_t at, n;
} plm_ref;

typedef enum plm_entity_kind {
    PLM_ENTITY_UNKNOWN = 0,      /* a person or an organization, the source does not say */
    PLM_ENTITY_PERSON, PLM_ENTITY_ORGANIZATION, PLM_ENTITY_VESSEL, PLM_ENTITY_AIRCRAFT,
    PLM_ENTITY_ADDRESS           /* the entry is an address, whoever is there */
} plm_entity_kind;

/* What a name is; plm_list_add_entity's own name is the primary one. */
typedef enum plm_name_kind { PLM_NAME_PRIMARY, PLM_NAME_ALIAS, PLM_NAME_WEAK } plm_name_kind;

/* plm_entity.bits */
#define PLM_ENTITY_ADDRESS_ONLY 1u   /* Entity List entries that are an address */

typedef struct plm_list_name {
    plm_ref text;
    uint32_t kind;     /* plm_name_kind */
} plm_list_name;

typedef struct plm_list_address {
    plm_ref text;
    uint32_t country;  /* plm_country or 0 */
} plm_list_address;

typedef struct plm_list_id {
    plm_ref kind;      /* imo, mmsi, tail, lei, uscc, registration, passport, national_id, tax, … */
    plm_ref value;     /* as the source has it */
} plm_list_id;

typedef struct plm_list_birth {
    int32_t from, to;  /* plm_day, both ends: a year alone is its first and last day */
} plm_list_birth;

typedef struct plm_entity {
    plm_ref id;        /* the source's own, or made from citation and name: unique in a source */
    plm_ref list;      /* the source's word for the list, e.g. entity-list, dpl, sdn, un, eu */
    plm_ref name;      /* the main name, as printed */
    plm_ref citation;  /* Federal Register, regulation, reference; may be empty */
    plm_ref programs;  /* programs or license requirement, joined with "; " */
    plm_ref effect;    /* the row's own legal effect or license policy */
    plm_ref remarks;
    plm_ref tags;      /* further flag words, one space between */
    uint32_t kind;     /* plm_entity_kind */
    uint32_t bits;     /* PLM_ENTITY_… */
    uint32_t footnotes; /* bit n: footnote n (1 to 9) of the Entity List */
    int32_t listed;    /* plm_day of listing, PLM_DAY_MIN where not known */
    uint32_t name_at, name_n;         /* rows of plm_list.names; the main name is the first */
    uint32_t address_at, address_n;
    uint32_t country_at, country_n;
    uint32_t birth_at, birth_n;
    uint32_t id_at, id_n;
} plm_entity;

/* One source's list.  Read the tables freely; write through the functions only. */
typedef struct plm_list {
    const plm_entity *entities;
    const plm_list_name *names;
    const plm_list_address *addresses;
    const uint32_t *countries;        /* plm_country */
    const plm_list_birth *births;
    const plm_list_id *ids;
    const char *text;
    uint32_t entity_n, name_n, address_n, country_n, birth_n, id_n, text_n;
    plm_ref source;                   /* the source's short word: the image's file name */
    plm_ref edition;                  /* YYYY-MM-DD or the source's own word for its edition */
    unsigned char hash[32];           /* SHA-256 of the image; set by save and open */
    struct plm_list_store *store;     /* private */
} plm_list;

/* The text that r names, borrowed from l. */
static inline plm_str plm_list_text(const plm_list *l, plm_ref r) {
    return (plm_str){l->text + r.at, r.n};
}

/* An empty list of a source (words of a-z 0-9 - only, 1 to 40 bytes).  NULL without memory or
 * with another source word.  Free with plm_list_free. */
plm_list *plm_list_new(plm_str source, plm_str edition);
void plm_list_free(plm_list *l);

/* Each adds a copy and returns false with f filled (text too long, table full, no memory).
 * White space is trimmed and runs of it become one space; an empty name is refused, other empty
 * values are passed over.  Invalid UTF-8 is refused: an importer converts first. */
bool plm_list_add_entity(plm_list *l, plm_str id, plm_str list, plm_str name,
                         plm_entity_kind kind, plm_fault *f);
/* To the entity added last. */
bool plm_list_add_name(plm_list *l, plm_str name, plm_name_kind kind, plm_fault *f);
bool plm_list_add_address(plm_list *l, plm_str address, plm_country country, plm_fault *f);
bool plm_list_add_country(plm_list *l, plm_country country, plm_fault *f);
/* from <= to; a year alone is given as its first and last day. */
bool plm_list_add_birth(plm_list *l, plm_day from, plm_day to, plm_fault *f);
bool plm_list_add_id(plm_list *l, plm_str kind, plm_str value, plm_fault *f);
typedef enum plm_list_field {
    PLM_LIST_CITATION, PLM_LIST_PROGRAMS, PLM_LIST_EFFECT, PLM_LIST_REMARKS, PLM_LIST_TAGS
} plm_list_field;
/* Sets a text of the entity added last (again: the later one holds). */
bool plm_list_set(plm_list *l, plm_list_field field, plm_str value, plm_fault *f);
void plm_list_set_bits(plm_list *l, uint32_t bits, uint32_t footnotes);
void plm_list_set_listed(plm_list *l, plm_day day);

/* Writes the image durably (a temporary, then a rename) and sets l->hash. */
bool plm_list_save(plm_list *l, const char *path, plm_fault *f);
/* Maps an image read-only and checks every offset of it; faults BAD_INPUT (damaged, other
 * version), IO.  verify: also its hash (reads every byte).  NULL in error. */
plm_list *plm_list_open(const char *path, bool verify, plm_fault *f);

/* All sources of a lists directory: DIR/current/SOURCE.img, in byte order of SOURCE. */
typedef struct plm_lists {
    uint32_t n;
    plm_list *list[PLM_LISTS_MAX];
    uint32_t first[PLM_LISTS_MAX + 1]; /* first entity of each; the last is the total */
    char edition[65];                  /* SHA-256 over source names and image hashes, hex */
    char dir[512];
} plm_lists;

/* Opens the editions in force.  Faults: NOT_FOUND without DIR/current or any image in it. */
plm_lists *plm_lists_open(const char *dir, plm_fault *f);
/* The same from lists in memory (borrowed: not freed by plm_lists_free).  For tests and diffs. */
plm_lists *plm_lists_of(plm_list *const *list, uint32_t n, plm_fault *f);
void plm_lists_free(plm_lists *l);
/* Entity number i over all sources; *list (may be NULL) gets its list. */
const plm_entity *plm_lists_entity(const plm_lists *l, uint32_t i, const plm_list **list);

#endif
