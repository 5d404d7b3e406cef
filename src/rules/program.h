/* program.h: the conditions of a book as they stand on a view's dates, inside the rules room only.
 * What the dates decide is folded away, lists in lists are one list, tests of one fact in a row
 * are one look into a set of bits, and the parts of a list stand together, cheapest first.
 * Invariant: run_op() of a program answers as ask_node() of the book does, and hangs an unknown on
 * the same leaf.  Held by tests/unit/test_program.c. */
#ifndef PLM_RULES_PROGRAM_H
#define PLM_RULES_PROGRAM_H

#include "rules/book.h"

typedef enum op_code {
    DO_NO, DO_YES,
    DO_ALL, DO_ANY,           /* ops[kid .. kid+n) */
    DO_FACT,                  /* a: val */
    DO_WORD,                  /* a: val, b: word or country; rel: what an unknown hangs on */
    DO_IN,                    /* a: val, b: set of bits */
    DO_ONE_OF,                /* a: val, b: set of bits; unknown: as ops[kid .. kid+n) say */
    DO_CMP,                   /* a: val, b: decimal, kid: plm_iv */
    DO_RATIO,                 /* a: its parts, b: decimal */
    DO_RULE,                  /* a: rule */
    DO_SET,                   /* a: code set */
    DO_SOME,                  /* kid: what each is asked */
    DO_NODE                   /* walk the node */
} op_code;

/* One condition; a fact's place is that within its entity's record. */
typedef struct op {
    uint8_t op, rel, scope;   /* scope: of the fact, or the rule */
    uint8_t neg;              /* the answer is turned round (never of lists) */
    uint16_t n, pos;          /* pos: among the list's parts as the book has them */
    uint32_t a, b, kid;
    uint32_t node;            /* of the book: what an unknown hangs on */
} op;

/* A number that is stated, or the quotient of two facts of the same entity. */
typedef struct ratio {
    uint32_t val, iv;         /* as stated: a fact */
    uint32_t num, den;        /* plm_iv each */
} ratio;

/* The comparisons of numbers that a rule rests on, each number and threshold once. */
#define MARGINS_KEPT 64
typedef struct margin_list {
    bool known;
    uint32_t n, *node;
} margin_list;

/* Tests of the transaction, each of which a rule fails with: asked before anything else. */
typedef struct gate {
    uint32_t first, n; /* ops */
} gate;

typedef struct program {
    plm_arena *arena;
    op *ops;
    uint32_t op_count;
    uint32_t *rule_at;        /* per rule in force: its condition */
    gate *gates;              /* per rule in force */
    uint32_t *cond_from;      /* per rule: its labelled conditions, in ops in order */
    uint32_t *eccn_at;        /* per derived code: its condition */
    uint64_t (*sets)[GROUP_WORDS]; /* the groups first */
    ratio *ratios;
    margin_list *margins;     /* per rule, once they were asked for; explain.c */
    plm_str *rule_text;       /* per rule with clocks: its line, once it was said; explain.c */
} program;

/* Compiles the view's conditions; it stays without a program when memory is short. */
void plm_view_compile(plm_view *v);

#endif
