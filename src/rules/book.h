/* book.h: a loaded rulebook, inside the rules room only.  Conditions are one flat array of nodes;
 * rules refer to rules by number.  Nothing here changes after plm_book_load. */
#ifndef PLM_RULES_BOOK_H
#define PLM_RULES_BOOK_H

#include "plimsoll/rules.h"

#define NODE_NONE UINT32_MAX
#define GROUP_MEMBERS_MAX 400
#define GROUP_WORDS 11 /* words of 64 bits that hold a bit for every country */
#define CODE_TEXT_MAX 32

typedef enum node_op {
    OP_YES, OP_NO, OP_OPEN,         /* OP_OPEN: a reading of the text that is open (a: its id) */
    OP_AND, OP_OR,                  /* kids[a .. a+n) */
    OP_NOT,                         /* a */
    OP_FACT,                        /* a: fact */
    OP_CMP,                         /* a: number node, rel, b: decimal */
    OP_IN,                          /* a: country fact, b: group */
    OP_COUNTRY,                     /* a: country fact, b: country */
    OP_WORD,                        /* a: word fact, b: word */
    OP_RULE,                        /* a: rule (name until linked) */
    OP_CODES,                       /* a: fact that is a list of codes, b: code set */
    OP_NAMED,                       /* a: text fact, b: list of names (name until linked) */
    OP_WITHIN, OP_ASSERTED,         /* a: code set (name until linked) */
    OP_SOME_PARTY, OP_EVERY_PARTY, OP_SOME_PART, OP_SOME_ITEM, /* a: node */
    NUM_FACT, NUM_RULE, NUM_CONST,  /* a: fact, rule, decimal */
    NUM_ADD, NUM_SUB, NUM_MUL, NUM_DIV, /* a, b */
    NUM_KNOWN,                      /* a: number node of a fact, b: the number if it is not known */
    NUM_TOTAL                       /* a: number node, b: condition; over the items */
} node_op;

typedef struct node {
    uint8_t op, rel;
    uint16_t n;
    uint32_t a, b;
    uint32_t line; /* in its file, for errors */
} node;

typedef struct span { /* from .. to, both taken in */
    plm_day from, to, announced, ended; /* ended: when the end itself was announced */
    plm_str basis;
} span;

typedef enum clock_kind { CLOCK_EFFECTIVE, CLOCK_ENFORCED, CLOCK_NOT_ENFORCED, CLOCK_STAYED,
                          CLOCK_UNKNOWN, CLOCK_KINDS } clock_kind;

typedef struct timing {
    clock_kind kind;
    span s;
} timing;

typedef struct given { /* one assignment of a test */
    plm_str entity;    /* "item", "part", "party": begins a new one; empty for an assignment */
    uint32_t fact;
    plm_truth truth;
    plm_iv number;
    plm_country country;
    plm_str word;
} given;

/* What an unknown answer hangs on, as the book tells them apart; with the item and party at hand
 * it is a leaf (world.h). */
typedef enum leaf_kind { LEAF_NONE, LEAF_FACT, LEAF_CMP, LEAF_IN, LEAF_COUNTRY, LEAF_WORD,
                         LEAF_CODE, LEAF_NAMED, LEAF_CODES, LEAF_FORCE, LEAF_OPEN,
                         LEAF_CONTENTS } leaf_kind;
typedef struct leaf_info {
    uint8_t kind, scope;  /* scope: whether it has an item, a party */
    uint32_t a, b;        /* node, or fact and group/word; rule; set and derived code + 1 */
} leaf_info;

/* What an answer can hang on: a bit a fact, three more, and a bit a code set (sets past the last
 * bit share).  Books with more facts use all bits. */
#define DEP_FACTS 124
#define DEP_SETS 128
#define DEP_BITS 256
#define DEP_WORDS (DEP_BITS / 64)
enum { DEP_LAW = DEP_FACTS, DEP_READING, DEP_CONTENTS };
typedef struct deps {
    uint64_t w[DEP_WORDS];
} deps;

typedef struct test {
    plm_str says, file;
    uint32_t line;
    plm_day as_of, known;
    bool has_as_of, has_known, codified, has_open;
    plm_truth open;       /* "undecided yes|no": how open readings are taken */
    uint32_t given_count, expect_count;
    given *givens;
    plm_rule *expect_rule;
    plm_str *expect_name; /* until linked */
    plm_truth *expect;
    plm_str like;         /* a background's name */
    bool background;
} test;

typedef struct rule {
    plm_rule_info info;
    deps hangs_on;        /* through every rule it names */
    uint32_t cond;        /* NODE_NONE: always, within its clocks */
    uint32_t clock_count, cond_count;
    timing *clocks;
    uint32_t *conds;      /* an exception's labelled conditions */
    plm_str *lift_names, *target_names, *taken_names;
    uint32_t taken_count; /* a note: the classes it takes items out of */
    bool lifts_all, hung;
    bool of_item;         /* hangs on facts of the item at hand alone, where it has no parts */
} rule;

typedef struct member {
    plm_country country;
    plm_day from, to;
} member;

typedef struct group {
    plm_str name, title, cite;
    uint32_t line, count;
    plm_str file;
    member *members;
} group;

typedef struct one_name {
    plm_str text; /* folded: lower-case letters and digits only */
    plm_day from, to;
} one_name;

typedef struct namelist {
    plm_str name, title, cite, file;
    uint32_t line, count;
    one_name *v;
} namelist;

typedef struct code {     /* an ECCN in canonical spelling: base upper-case, paragraphs lower */
    char text[CODE_TEXT_MAX];
    uint8_t n, base_n;
} code;

typedef struct codeset {
    plm_str name, title, cite, file;
    uint32_t line, yes_count, except_count, perhaps_count;
    code *yes, *except, *perhaps; /* sorted by text */
    deps hangs_on;                /* of an item's place in it */
} codeset;

typedef struct fact {
    plm_fact_info info;
    uint32_t at, iv_at, txt_at; /* where its val, plm_iv and txt begin in an entity's record */
    uint32_t word_count;
    plm_str *words;
    bool totals_only; /* nothing but totals over the items reads it */
} fact;

typedef struct eccn_clause {
    code c;
    uint32_t cond;
    plm_truth *in; /* per code set */
} eccn_clause;

#define ECCNS_MAX 64


struct plm_book {
    plm_arena *arena;
    plm_str name, title;
    plm_day edition;
    unsigned char sha256[32];
    uint32_t node_count, kid_count, dec_count, rule_count, group_count, set_count, fact_count;
    uint32_t test_count, eccn_count, gap_count, open_count, list_count, eccn_fact, name_count;
    node *nodes;
    uint32_t *kids;
    plm_dec *decs;
    rule *rules;
    group *groups;
    codeset *sets;
    namelist *lists;
    fact *facts;
    test *tests;
    eccn_clause eccns[ECCNS_MAX];
    deps eccns_hang_on;
    uint64_t *hung;           /* per dependency's bit: what hangs on it, a bit each: the rules, then
                               * the code sets, then the derived codes */
    uint32_t hung_words;      /* of one bit's */
    leaf_info *leaves;        /* 1 .. leaf_count; 0: none */
    uint32_t leaf_count, *leaf_of; /* leaf_of: per node, 0 where it is none */
    uint32_t code_leaf, force_leaf; /* the first of a code set's place, and of a rule's force */
    plm_str *gaps;
    plm_str *names;           /* names in conditions, until linked */
    uint32_t scope_slots[4];
    uint32_t record[3];       /* bytes of a transaction's, item's and party's facts */
    uint32_t vals[3];         /* of these, the short values, which stand first */
    uint32_t *long_facts[3], long_count[3]; /* numbers and texts, which have more than that */
    uint32_t *class_facts, class_fact_count; /* those that an item's classes and code hang on */
    bool drafting;            /* while parsing: the file is a draft laid over the law */
    plm_rule *by_name; /* rules sorted by name */
    plm_day *as_of_days, *known_days; /* from which on something may differ, sorted */
    uint32_t as_of_count, known_count;
};

struct plm_view {
    const plm_book *book;
    plm_day as_of, known;
    plm_day as_of_from, as_of_to, known_from, known_to; /* the days that make no difference */
    bool codified;
    plm_truth *force;         /* per rule */
    uint64_t (*in)[GROUP_WORDS]; /* per group: a bit per country */
    uint32_t uses;            /* cases asked about, until it is compiled */
    struct program *program;  /* program.h; NULL: conditions are walked */
};

/* leaves.c: numbers what unknowns hang on, after names are linked. */
bool plm_book_number_leaves(plm_book *b);

/* codes.c */
bool plm_code_read(plm_str text, code *out);
/* Is code c within the set?  c may be less exact than the set: unknown then. */
plm_truth plm_code_within(const code *c, const codeset *s);

#define NAME_FOLDED_MAX 256
/* Folds a name: ASCII letters to lower case, everything but letters and digits dropped. */
size_t plm_name_fold(plm_str s, char *out, size_t max);

/* deps.c: fills hangs_on of every rule and code set, after names are linked and circles refused. */
bool plm_book_hang(plm_book *b);
/* The bits of the fact, or of all when the book has too many. */
deps plm_dep_of(const plm_book *b, uint32_t bit);
/* The bit of a code set. */
deps plm_dep_set(const plm_book *b, uint32_t set);
/* The bits of a number expression. */
deps plm_dep_number(const plm_book *b, uint32_t at);
static inline deps plm_dep_or(deps a, deps b) {
    for (int i = 0; i < DEP_WORDS; i++) a.w[i] |= b.w[i];
    return a;
}
static inline bool plm_dep_meet(const deps *a, const deps *b) {
    uint64_t any = 0;
    for (int i = 0; i < DEP_WORDS; i++) any |= a->w[i] & b->w[i];
    return any != 0;
}

/* view.c */
/* Is the folded name in the list, on the view's dates? */
bool plm_view_has_name(const plm_view *v, uint32_t list, plm_str folded);
plm_truth plm_rule_force(const rule *r, plm_day as_of, plm_day known, bool codified);

/* link.c: names to numbers, cycles, clocks, classes taken out by notes. */
bool plm_book_link(plm_book *b, plm_fault *f);

/* edges.c: the days from which on a view may differ, of the transaction and of knowledge. */
bool plm_book_list_days(plm_book *b);

/* world.c: where each fact lies in the record of its entity; false: out of memory. */
bool plm_book_lay(plm_book *b);

/* parse.c: adds one file's declarations; facts_only first for every file. */
bool plm_book_parse(plm_book *b, plm_str file, plm_str text, bool facts_only, plm_fault *f);

#endif
