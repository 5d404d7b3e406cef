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

/* What an unknown answer hangs on: the book's number of it, the item and the party, in one word;
 * 0: nothing.  -1 where it has no item or party. */
typedef uint64_t leaf;
static inline leaf leaf_make(uint32_t id, int32_t item, int32_t party) {
    return (uint64_t)id << 32 | (uint64_t)(uint16_t)(item + 1) << 16 | (uint16_t)(party + 1);
}
static inline uint32_t leaf_id(leaf l) { return (uint32_t)(l >> 32); }
static inline int32_t leaf_item(leaf l) { return (int32_t)(l >> 16 & 0xFFFF) - 1; }
static inline int32_t leaf_party(leaf l) { return (int32_t)(l & 0xFFFF) - 1; }
static inline const leaf_info *leaf_kind_of(const plm_book *b, leaf l) {
    return &b->leaves[leaf_id(l)];
}

typedef struct settled {
    leaf at;
    plm_truth truth;
    bool is_val, is_iv;   /* a fact was changed in place; a number rule was narrowed */
    val *where, old;
    plm_iv *narrowed;     /* the interval changed with it, or NULL */
    plm_iv iv;            /* what that was; the number rule's */
    uint8_t open_lo, open_hi;
    bool loose;           /* a later settling may contradict it */
    deps bits;            /* what it moved */
    uint32_t undo_from;
} settled;

typedef struct memo {
    uint32_t gen, stamp;
    leaf why;
    uint8_t truth;
    bool firm;
} memo;

/* What an item's derived codes come to: those proved, those open, and what the first open one
 * hangs on. */
typedef struct derived {
    uint64_t yes, open;
    leaf why;
} derived;

typedef struct undo { /* a memo that was written over while something was settled */
    uint32_t at;
    const deps *hangs_on; /* of its rule */
    memo old;
    derived *of, was;         /* NULL, or where the item's derived codes are */
} undo;

#define MARKS 256 /* counts of what is settled, by a hash: most unknowns are found not to be */

typedef struct place {
    int32_t parent;
    bool contents_known;
} place;

struct plm_facts {
    const plm_book *book;
    const plm_view *view;
    program *program;         /* the view's, or NULL: conditions are walked */
    int way;                  /* plm_facts_way */
    uint32_t items, parties, gen, memo_count, memo_cap, derived_cap;
    size_t record_cap;
    char *records, *tx, *item_recs, *party_recs, *blank[3]; /* blank: nothing is known */
    place places[PLM_WORLD_ITEMS_MAX];
    memo *memos;
    uint32_t *memo_base;      /* per rule, then the items' code sets, then their derived codes */
    derived *derived;         /* per item; valid where its memo is */
    leaf why;                 /* of the last UNKNOWN */
    settled done[SETTLED_MAX];
    leaf done_at[SETTLED_MAX]; /* the same leaves, close together */
    uint8_t marks[MARKS];
    uint32_t done_count;
    uint8_t bits_done[DEP_BITS]; /* how many of those settled moved the bit */
    uint32_t stamp;           /* counts what was ever settled */
    uint32_t done_stamp[SETTLED_MAX];
    uint64_t *done_moved;     /* per settled: what hangs on it, book.hung_words each */
    uint32_t loose;           /* how many of those settled are loose */
    undo *undos;
    uint32_t undo_count, undo_cap;
    bool totalled;            /* a total over the items was asked for */
    plm_truth open;           /* readings left open: unknown but in tests */
    plm_arena *texts;
    plm_str *node_text, *rule_text; /* what the proof says of them, once it was said */
    plm_buf said;             /* where that is put together */
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
/* Does the rule, in force and compiled, fail by the transaction's known facts alone? */
bool gate_shut(const plm_facts *w, plm_rule r);
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
static inline leaf leaf_of(const plm_book *b, uint32_t id, int32_t item, int32_t party) {
    plm_scope s = (plm_scope)b->leaves[id].scope;
    return leaf_make(id, plm_scope_has(s, PLM_OF_ITEM) ? item : -1,
                     plm_scope_has(s, PLM_OF_PARTY) ? party : -1);
}
static inline uint32_t leaf_mark(leaf l) { return (uint32_t)((l * 0x9E3779B97F4A7C15u) >> 56); }
static inline plm_truth unknown(plm_facts *w, leaf l) {
    w->why = l;
    return PLM_UNKNOWN;
}
/* Settles an unknown; false when there is no room. */
bool settle(plm_facts *w, leaf l, plm_truth t);
void unsettle(plm_facts *w);
/* Is item `part` within `item`, at any depth? */
bool world_part_of(const plm_facts *w, uint32_t part, int32_t item);
/* Before memo `at` is written over (and `of`, when it is not NULL); false: leave it as it is. */
bool memo_keep(plm_facts *w, uint32_t at, const deps *hangs_on, derived *of);
/* Is what hangs as the k-th of rules, sets and derived codes as it was when it was remembered? */
static inline bool memo_fresh(const plm_facts *w, uint32_t k, memo *m) {
    if (m->gen != w->gen) return false;
    if (m->firm || m->stamp == w->stamp) return true;
    const uint64_t *moved = w->done_moved + (size_t)w->done_count * w->book->hung_words + k / 64;
    for (uint32_t i = w->done_count; i-- > 0 && w->done_stamp[i] > m->stamp;) {
        moved -= w->book->hung_words;
        if (*moved >> (k % 64) & 1) return false;
    }
    m->stamp = w->stamp; /* so that what was looked through is not looked through again */
    return true;
}
/* Where a rule's memo is. */
static inline uint32_t memo_of(const plm_facts *w, plm_rule r, plm_scope s, int32_t item,
                               int32_t party) {
    uint32_t at = w->memo_base[r];
    if (s == PLM_OF_ITEM) return at + (uint32_t)item;
    if (s == PLM_OF_PARTY) return at + (uint32_t)party;
    return s == PLM_OF_TRANSACTION ? at : at + (uint32_t)item * w->parties + (uint32_t)party;
}
/* May an unknown of the fact have been settled? */
static inline bool fact_touched(const plm_facts *w, uint32_t f) {
    return w->bits_done[f % DEP_FACTS] != 0;
}

#endif
