/* world.h: the facts of one case while it is asked about, inside the rules room only.
 * Invariants: 1 a memo is used only within its generation, and while nothing that its rule hangs
 * on was settled since, or when it is firm; 2 settle() and unsettle() leave the world as it was,
 * its memos too; 3 ask never changes a fact; 4 a firm memo is an answer that no settling can
 * change: yes or no, found while nothing was settled that a later one could contradict. */
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
    bool loose;           /* a later settling may contradict it */
    deps bits, moved;     /* what it moved; what was moved before */
    uint32_t undo_from, was_from;
} settled;

typedef struct memo {
    uint32_t gen;
    uint8_t truth;
    bool firm;
    uint64_t stamp;
    leaf why;
} memo;

typedef struct undo { /* a memo that was written over while something was settled */
    uint32_t at;
    const deps *hangs_on; /* of its rule */
    memo old;
} undo;

typedef struct place {
    int32_t parent;
    bool contents_known;
} place;

struct plm_facts {
    const plm_book *book;
    const plm_view *view;
    uint32_t items, parties, gen, memo_count, memo_cap, val_cap;
    val *vals, *tx, *item_vals, *party_vals;
    place places[PLM_WORLD_ITEMS_MAX];
    memo *memos;
    uint32_t *memo_base;      /* per rule, then one for the code sets of the items */
    struct { uint32_t gen, n; } skip[PLM_WORLD_ITEMS_MAX]; /* derived codes, from the first, that
                                 an item firmly has not */
    leaf why;                 /* of the last UNKNOWN */
    settled done[SETTLED_MAX];
    uint32_t done_count;
    deps moved;               /* what is settled now */
    uint64_t stamp, moved_at[DEP_BITS]; /* when each bit was settled */
    uint32_t loose;           /* how many of those settled are loose */
    undo *undos;
    uint64_t *was;            /* moved_at before, a bit each */
    uint32_t undo_count, undo_cap, was_count, was_cap;
    plm_truth open;           /* readings left open: unknown but in tests */
    uint64_t asked;           /* evaluations, for limits */
};

typedef struct numval {
    plm_iv num, den; /* den: where it is a ratio */
    bool ratio;
    uint8_t open_lo, open_hi;
} numval;

plm_truth ask_node(plm_facts *w, uint32_t at, int32_t item, int32_t party);
plm_truth ask_rule(plm_facts *w, plm_rule r, int32_t item, int32_t party);
numval ask_number(plm_facts *w, uint32_t at, int32_t item, int32_t party);
static inline val *world_val(plm_facts *w, uint32_t f, int32_t item, int32_t party) {
    const plm_fact_info *k = &w->book->facts[f].info;
    if (k->scope == PLM_OF_ITEM)
        return w->item_vals + (uint32_t)item * w->book->scope_slots[PLM_OF_ITEM] + k->slot;
    if (k->scope == PLM_OF_PARTY)
        return w->party_vals + (uint32_t)party * w->book->scope_slots[PLM_OF_PARTY] + k->slot;
    return w->tx + k->slot;
}
/* Settles an unknown; false when there is no room. */
bool settle(plm_facts *w, const leaf *l, plm_truth t);
void unsettle(plm_facts *w);
/* Is item `part` within `item`, at any depth? */
bool world_part_of(const plm_facts *w, uint32_t part, int32_t item);
static inline bool leaf_same(const leaf *a, const leaf *b) {
    return a->kind == b->kind && a->a == b->a && a->b == b->b && a->item == b->item &&
           a->party == b->party;
}
/* Before memo `at` is written over; false: leave it as it is. */
bool memo_keep(plm_facts *w, uint32_t at, const deps *hangs_on);

#endif
