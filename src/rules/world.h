/* world.h: the facts of one case while it is asked about, inside the rules room only.
 * Invariants: 1 a memo is used only within its generation, and while nothing that its rule hangs
 * on was settled since; 2 settle() and unsettle() leave the
 * world as it was; 3 ask never changes a fact. */
#ifndef PLM_RULES_WORLD_H
#define PLM_RULES_WORLD_H

#include "rules/book.h"

#define SETTLED_MAX 192 /* unknowns settled at once */

typedef struct val {
    uint8_t known;            /* a word, country or code is there */
    uint8_t truth;            /* of a yes-or-no */
    uint8_t open_lo, open_hi; /* the end itself is not taken in (only by cases) */
    uint16_t word;            /* word number or country */
    plm_iv iv;
    plm_str text;             /* of a code */
    code c;
    const plm_str *codes;     /* of a list: codes[0 .. word) */
} val;

/* What an unknown answer hangs on. */
typedef enum leaf_kind { LEAF_NONE, LEAF_FACT, LEAF_CMP, LEAF_IN, LEAF_COUNTRY, LEAF_WORD,
                         LEAF_CODE, LEAF_NAMED, LEAF_CODES, LEAF_FORCE, LEAF_OPEN,
                         LEAF_CONTENTS } leaf_kind;
typedef struct leaf {
    uint8_t kind, tag;
    uint32_t a, b;        /* node, or fact and group/word; rule; set */
    int32_t item, party;
} leaf;

typedef struct settled {
    leaf at;
    plm_truth truth;
    bool is_val, is_iv;   /* a fact was changed in place; a number rule was narrowed */
    val *where, old;
    plm_iv iv;
    uint8_t open_lo, open_hi;
} settled;

typedef struct memo {
    uint32_t gen;
    uint64_t stamp;
    plm_truth truth;
    leaf why;
} memo;

typedef struct place {
    int32_t parent;
    bool contents_known;
} place;

struct plm_facts {
    const plm_book *book;
    const plm_view *view;
    uint32_t items, parties, gen, memo_cap, val_cap;
    val *vals, *tx, *item_vals, *party_vals;
    place places[PLM_WORLD_ITEMS_MAX];
    memo *memos;
    uint32_t *memo_base;      /* per rule */
    leaf why;                 /* of the last UNKNOWN */
    settled done[SETTLED_MAX];
    uint32_t done_count;
    deps moved;               /* what was ever settled in this case */
    uint64_t stamp, moved_at[128]; /* when each bit was last settled or unsettled */
    plm_truth open;           /* readings left open: unknown but in tests */
    uint64_t asked;           /* evaluations, for limits */
};

typedef struct numval {
    plm_iv num, den;
    bool ratio;
    uint8_t open_lo, open_hi;
} numval;

plm_truth ask_node(plm_facts *w, uint32_t at, int32_t item, int32_t party);
plm_truth ask_rule(plm_facts *w, plm_rule r, int32_t item, int32_t party);
numval ask_number(plm_facts *w, uint32_t at, int32_t item, int32_t party);
val *world_val(plm_facts *w, uint32_t fact, int32_t item, int32_t party);
/* Settles an unknown; false when there is no room. */
bool settle(plm_facts *w, const leaf *l, plm_truth t);
void unsettle(plm_facts *w);
bool leaf_same(const leaf *a, const leaf *b);

#endif
