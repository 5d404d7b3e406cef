/* world.h: the facts of one case while it is asked about, inside the rules room only.
 * Invariants: 1 a memo is used only within its generation, and while nothing that its rule hangs
 * on was settled since, or when it is firm; 2 settle() and unsettle() leave the world as it was,
 * its memos too; 3 ask never changes a fact; 4 a firm memo is an answer that no settling can
 * change: yes or no, found while nothing was settled that a later one could contradict. */
#ifndef PLM_RULES_WORLD_H
#define PLM_RULES_WORLD_H

#include "rules/program.h"

#define SETTLED_MAX 192 /* unknowns settled at once */

/* A fact of one entity.  An entity's record holds the vals of its facts, then the intervals of its
 * numbers, then the texts. */
typedef struct val {
    uint8_t known;            /* a number, word, country, code or text is there */
    uint8_t truth;            /* of a yes-or-no */
    uint8_t open_lo, open_hi; /* the interval's end itself is not taken in (only by cases) */
    uint16_t word;            /* word number or country; of a list of codes: how many */
} val;

typedef struct txt {
    plm_str text;             /* as given */
    code c;
    const plm_str *codes;     /* of a list: codes[0 .. word) */
} txt;

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
    plm_iv *narrowed;     /* the interval changed with it, or NULL */
    plm_iv iv;            /* what that was; the number rule's */
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
    program *program;         /* the view's, or NULL: conditions are walked */
    int way;                  /* plm_facts_way */
    uint32_t items, parties, gen, memo_count, memo_cap;
    size_t record_cap;
    char *records, *tx, *item_recs, *party_recs, *blank[3]; /* blank: nothing is known */
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
    plm_arena *texts;
    plm_str *node_text, *rule_text; /* what the proof says of them, once it was said */
};

typedef struct numval {
    plm_iv num, den; /* den: where it is a ratio */
    bool ratio;
    uint8_t open_lo, open_hi;
} numval;

/* eval.c: a condition of the book, by walking it; a rule, walked or by its view's code. */
plm_truth ask_node(plm_facts *w, uint32_t at, int32_t item, int32_t party);
plm_truth ask_rule(plm_facts *w, plm_rule r, int32_t item, int32_t party);
plm_truth ask_cmp(plm_facts *w, uint32_t at, int32_t item, int32_t party);
plm_truth ask_set(plm_facts *w, uint32_t set, int32_t item);
numval ask_number(plm_facts *w, uint32_t at, int32_t item, int32_t party);
/* run.c: the same by code. */
typedef struct env {
    char *rec[3];         /* of the transaction, the item and the party at hand */
    int32_t item, party;
} env;
env env_of(plm_facts *w, plm_scope s, int32_t item, int32_t party);
plm_truth run_op(plm_facts *w, const op *o, const env *e);
/* The unknown, unless the very same was settled. */
plm_truth looked_up(plm_facts *w, leaf l);

static inline char *world_record(const plm_facts *w, plm_scope s, int32_t item, int32_t party) {
    if (s == PLM_OF_ITEM)
        return w->item_recs + (size_t)(uint32_t)item * w->book->record[PLM_OF_ITEM];
    if (s == PLM_OF_PARTY)
        return w->party_recs + (size_t)(uint32_t)party * w->book->record[PLM_OF_PARTY];
    return w->tx;
}
static inline val *world_val(const plm_facts *w, uint32_t f, int32_t item, int32_t party) {
    const fact *k = &w->book->facts[f];
    return (val *)(void *)(world_record(w, k->info.scope, item, party) + k->at);
}
/* Of a number only. */
static inline plm_iv *world_iv(const plm_facts *w, uint32_t f, int32_t item, int32_t party) {
    const fact *k = &w->book->facts[f];
    return (plm_iv *)(void *)(world_record(w, k->info.scope, item, party) + k->iv_at);
}
/* Of a code, a list of codes or a text only. */
static inline txt *world_txt(const plm_facts *w, uint32_t f, int32_t item, int32_t party) {
    const fact *k = &w->book->facts[f];
    return (txt *)(void *)(world_record(w, k->info.scope, item, party) + k->txt_at);
}
/* The unknown as one thing, whatever item or party it was met from. */
static inline leaf leaf_of(plm_scope s, leaf_kind kind, uint32_t a, uint32_t b, int32_t item,
                           int32_t party) {
    return (leaf){.kind = (uint8_t)kind, .a = a, .b = b,
                  .item = plm_scope_has(s, PLM_OF_ITEM) ? item : -1,
                  .party = plm_scope_has(s, PLM_OF_PARTY) ? party : -1};
}
static inline plm_truth unknown(plm_facts *w, leaf l) {
    w->why = l;
    return PLM_UNKNOWN;
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
