/* index.h: what is compared, laid out for screening: distinct tokens, the names made of them, and
 * the tables that find them.  One block of memory, built from lists or mapped from a file. */
#ifndef PLM_SCREEN_INDEX_H
#define PLM_SCREEN_INDEX_H

#include "plimsoll/list.h"
#include "screen/name.h"

#define INDEX_DIR_BITS 16

#define NAME_HAS_INITIAL 1
#define NAME_OF_ORGANIZATION 2  /* what its entity is known to be */
#define NAME_OF_PERSON 4
#define NAME_ACRONYM 8          /* only a part of row's name: plm_name_acronym, */
#define NAME_OUTSIDE 16         /* plm_name_outside */
#define POST_PLAIN 0x80000000u
typedef struct name_rec {
    uint32_t entity;           /* over all lists */
    uint32_t row;              /* in its list's names, or addresses */
    uint32_t span_at, weight;
    uint8_t span_n, token_n, kind, flags;
} name_rec;

/* id: a unit, or with SPAN_JOIN set a join. */
#define SPAN_JOIN 0x80000000u
typedef struct span_rec {
    uint32_t id;
    uint8_t first, count;
    uint16_t weight;           /* of the token where count is 1 and first < token_n */
} span_rec;

typedef struct id_rec {
    uint64_t hash;             /* of kind group and value */
    uint32_t entity;
    uint32_t group;
} id_rec;

/* An address of an entity, parsed (address.c). */
typedef struct address_rec {
    uint32_t entity, row;
    uint64_t street[2];        /* hash of the street and its first and last number; 0: none */
    uint64_t building;         /* hash of the building's name; 0: none */
    uint32_t place[6];         /* hashes of words of district and city */
    int32_t floor;             /* INT32_MIN: not stated */
    uint32_t place_n;
    int32_t unit_from, unit_to; /* numbers of the unit; -1: none */
    char unit_letter;          /* A in 1605A, D in Unit D; 0: none */
    char pad[7];
} address_rec;

typedef enum index_section {
    IX_UNITS, IX_JOINS, IX_NAMES, IX_SPANS, IX_UNIT_AT, IX_UNIT_NAMES, IX_JOIN_AT, IX_JOIN_NAMES,
    IX_NEAR, IX_NEAR_DIR, IX_JOIN_DIR, IX_ENTITY_NAMES, IX_IDS, IX_ADDRESSES,
    IX_TRAITS, IX_PLACES, IX_KEYS, IX_SOUNDS, IX_COUNT
} index_section;

typedef struct plm_index {
    const unit *units;
    const uint64_t *joins;          /* ascending hashes */
    const name_rec *names;
    const span_rec *spans;
    /* names of each unit and join: those that have an initial, then the others, with POST_PLAIN */
    const uint32_t *unit_at, *unit_names, *join_at, *join_names;
    const uint64_t *near;           /* ascending: hash of a form or key, NEAR_APART, unit */
    const uint32_t *near_dir, *join_dir;
    const uint32_t *entity_names;   /* first name of each entity, and one past the last */
    const id_rec *ids;              /* ascending by hash */
    const address_rec *addresses;
    const uint16_t *traits;         /* of each unit: score.h */
    const uint64_t *places;         /* ascending: hash of a street or building, address */
    const uint64_t *keys, *sounds;  /* of each unit: plm_near_key_letters, plm_near_sounds */
    uint32_t n[IX_COUNT];
    char *block;
    size_t size;
    bool mapped;
} plm_index;

/* Builds it; NULL and f without memory. */
plm_index *plm_index_build(const plm_lists *lists, plm_fault *f);
void plm_index_free(plm_index *x);
bool plm_index_save(const plm_index *x, const char *edition, const char *path, plm_fault *f);
/* What an index is made with: its version and layout, the folding tables, the lexicon, and how
 * names that try the rules of reading are read.  A file made with something else is not used. */
uint64_t plm_index_fingerprint(void);
#define INDEX_FINGERPRINT_AT 16   /* where it stands in a file */
/* Maps the file when it was made by this program for this edition and fits it; NULL (no fault)
 * otherwise. */
plm_index *plm_index_open(const char *path, const plm_lists *lists);

/* Sorts ascending; false without memory. */
bool plm_index_sort(uint64_t *p, size_t n);
/* Of a screen, and of the entities of one side that a watch found to differ (NULL: there are
 * none, or both sides are screened whole: *whole). */
struct plm_screen;
struct plm_watch;
const plm_index *plm_screen_index(const struct plm_screen *s);
const plm_index *plm_watch_side(const struct plm_watch *w, int newer, bool *whole);

uint64_t plm_index_hash(char tag, const char *p, size_t n);
/* Hash of an identifying number without its spaces, dots and dashes; 0: nothing in it.
 * *group: kinds that are compared with each other. */
uint64_t plm_index_id_hash(plm_str kind, plm_str value, uint32_t *group);

/* Calls for every near-table key of u: its form ('f') and forms one letter shorter ('F'), its
 * class ('c'), its keys ('k'), and from 4 letters the keys again and one letter shorter ('d'). */
typedef void plm_near_fn(void *ctx, char tag, uint64_t hash);
void plm_near_keys(const unit *u, plm_near_fn *fn, void *ctx);
/* The key of an Arabic word whose w is a consonant, into out (NAME_KEY + 1); 0 letters when there
 * is no such w. */
size_t plm_unit_second_key(const unit *u, char *out);
/* A unit of a script that is compared in its own way (Arabic, Hebrew, Hangul): its entries of the
 * near table bear NEAR_APART. */
bool plm_near_is_apart(const unit *u);
#define NEAR_APART 0x80000000u

/* A key's letters, 5 bits each from the lowest; NEAR_KEY_LONG for one of more than 12. */
uint64_t plm_near_key_letters(const unit *u);
#define NEAR_KEY_LONG UINT64_MAX
/* False when two keys are neither the same nor, of four letters and more, within one edit. */
bool plm_near_keys_may(uint64_t a, uint64_t b);
/* Which sounds a unit has, a bit each, and from NEAR_SOUNDS_N on how many. */
uint64_t plm_near_sounds(const unit *u);
#define NEAR_SOUNDS_N 48
/* False when two units, neither plm_near_is_apart, can't be as alike as least by their sounds. */
bool plm_near_sounds_may(uint64_t a, uint64_t b, int least);

/* Why two are related. */
typedef enum why_kind {
    WHY_EXACT, WHY_SPELLING, WHY_VOWELS, WHY_EDIT, WHY_VARIANT, WHY_ACRONYM, WHY_JOINED,
    WHY_INITIAL, WHY_INITIALS
} why_kind;
const char *plm_why_name(why_kind w); /* static */

/* A token made ready to be compared with many: what its letters cost against each other letter.
 * Filled as it is needed; u is borrowed. */
#define PROFILE_LETTERS 16
#define PROFILE_SYMBOLS 80 /* '0' to 'z' */
typedef struct unit_profile {
    const unit *u;
    bool made[3];
    uint16_t places[PROFILE_SYMBOLS];  /* where in phon a letter stands, a bit each */
    int16_t more[3][PROFILE_LETTERS];  /* cost of the letters so far, all added */
    uint8_t sub[3][PROFILE_SYMBOLS][PROFILE_LETTERS];
} unit_profile;
void plm_profile_init(unit_profile *p, const unit *u);

/* How alike two tokens are: 0, or FLOOR to 1000; *why.  Of two that are less alike than least it
 * says 0 or any likeness below least, which is quicker; least 0: always exactly. */
int plm_relate(unit_profile *a, const unit *b, int least, why_kind *why);

typedef struct likeness {
    uint16_t sim, why;
} likeness;
/* The same of n units, which is quicker.  RELATE_BY_KEY in an id: the keys are known to be near and
 * the forms not to be. */
#define RELATE_BY_KEY 0x80000000u
void plm_relate_many(unit_profile *a, const unit *units, const uint32_t *ids, uint32_t n,
                     int least, likeness *out);

#endif
