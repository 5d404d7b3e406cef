/* rules.h: the rulebook language.  A book is loaded once and never changes; a view fixes the
 * dates it is read on; a world holds the facts of one case and answers three-valued questions.
 * Total, terminating, deterministic: no loops, no clock, no file, no floating point.
 * Threads: a book may be shared; a view and a world belong to one thread. */
#ifndef PLIMSOLL_RULES_H
#define PLIMSOLL_RULES_H

#include "plimsoll/number.h"

#define PLM_RULES_FILE_MAX (4u << 20)  /* bytes of one rulebook file */
#define PLM_RULES_FILES_MAX 64
#define PLM_RULES_MAX 4096             /* rules and definitions of a book */
#define PLM_RULES_NODES_MAX 65536      /* condition nodes of a book */
#define PLM_RULES_DEPTH_MAX 64         /* nesting of one condition, and of rules through rules */
#define PLM_RULES_CASES_MAX 4096       /* evaluations spent on one question by cases */
#define PLM_WORLD_ITEMS_MAX 1100
#define PLM_WORLD_PARTIES_MAX 300

typedef struct plm_book plm_book;
typedef struct plm_view plm_view;
typedef struct plm_facts plm_facts;
typedef uint32_t plm_rule; /* number of a rule in its book */
#define PLM_RULE_NONE UINT32_MAX

typedef enum plm_scope {
    PLM_OF_TRANSACTION, PLM_OF_ITEM, PLM_OF_PARTY, PLM_OF_ITEM_AND_PARTY
} plm_scope;

/* Does a scope need an item (one: PLM_OF_ITEM) or a party (PLM_OF_PARTY) at hand? */
static inline bool plm_scope_has(plm_scope s, plm_scope one) {
    return s == one || s == PLM_OF_ITEM_AND_PARTY;
}

typedef enum plm_rule_kind {
    PLM_RULE_DEFINE, PLM_RULE_NUMBER, PLM_RULE_CLASS, PLM_RULE_NOTE, PLM_RULE_REQUIREMENT,
    PLM_RULE_EXCEPTION, PLM_RULE_POLICY, PLM_RULE_OBLIGATION
} plm_rule_kind;

typedef enum plm_policy { /* most restrictive last */
    PLM_POLICY_NONE, PLM_POLICY_APPROVAL, PLM_POLICY_CASE_BY_CASE, PLM_POLICY_PRESUMED_DENIAL,
    PLM_POLICY_DENIAL
} plm_policy;
const char *plm_policy_name(plm_policy p); /* "presumption_of_approval", …; NULL for none */

/* Loads every file (or every *.rules file of every folder, by name) as one book.  Faults name
 * file, line and column, with the mend.  The caller frees it. */
plm_book *plm_book_load(const char *const *paths, size_t n, plm_fault *f);
/* Loads one text as a book, as if it were a file of that name.  The caller frees it. */
plm_book *plm_book_load_text(plm_str name, plm_str text, plm_fault *f);
void plm_book_free(plm_book *b);
plm_str plm_book_name(const plm_book *b);
plm_str plm_book_title(const plm_book *b);
plm_day plm_book_edition(const plm_book *b);
/* SHA-256 over the files' names and bytes, in order. */
const unsigned char *plm_book_sha256(const plm_book *b);

/* One rule as loaded; text is borrowed from the book. */
typedef struct plm_rule_info {
    plm_rule_kind kind;
    plm_scope scope;
    plm_str name, title, cite, file, text; /* text: the declaration as written */
    plm_str certainty;                     /* read | quoted | recalled | inferred; empty */
    uint32_t line;
    bool prohibits, prevails, draft, unlicensed; /* the last: only where no license is required */
    plm_policy policy;
    uint32_t defect_count, oblige_count, condition_count;
    const plm_str *defects, *obliges;
    const plm_str *condition_says;         /* an exception's labelled conditions */
    uint32_t lift_count;
    const plm_rule *lifts;                 /* requirements an exception can overcome */
    uint32_t target_count;
    const plm_rule *targets;               /* of a policy: its requirements */
} plm_rule_info;
size_t plm_book_count(const plm_book *b);
const plm_rule_info *plm_book_rule(const plm_book *b, plm_rule r);
/* PLM_RULE_NONE when there is none of that name. */
plm_rule plm_book_find(const plm_book *b, plm_str name);
/* Things the book says it does not model (the `not-modelled` declarations). */
size_t plm_book_gaps(const plm_book *b, const plm_str **out);

typedef enum plm_fact_type { PLM_FACT_YESNO, PLM_FACT_NUMBER, PLM_FACT_COUNTRY, PLM_FACT_WORD,
                             PLM_FACT_CODE, PLM_FACT_TEXT,
                             PLM_FACT_CODES } plm_fact_type;
typedef struct plm_fact_info {
    plm_str name, path, ask, from, unit; /* path: below the entity, e.g. facts.tpp */
    plm_scope scope;
    plm_fact_type type;
    uint32_t cost;                       /* of finding out, 1 the cheapest */
    uint32_t slot;                       /* within its scope */
} plm_fact_info;
size_t plm_book_fact_count(const plm_book *b);
const plm_fact_info *plm_book_fact(const plm_book *b, uint32_t fact);
/* UINT32_MAX when none. */
uint32_t plm_book_fact_find(const plm_book *b, const char *name);

/* The thresholds that conditions compare a number with, each once, unordered: of a fact, or of the
 * computed numbers that are a quotient of the fact `over` (divisor true).  At most max. */
size_t plm_book_thresholds(const plm_book *b, uint32_t fact, bool divisor, plm_dec *out,
                            size_t max);
/* The days on which something of the book changes: first days of spans, days after their ends,
 * members that join or leave.  Sorted, each once, at most max. */
size_t plm_book_days(const plm_book *b, plm_day *out, size_t max);

/* The book as it stood: as_of the day of the transaction, known the day whose knowledge is used,
 * codified: text counts whether enforced or not.  NULL when memory is short. */
plm_view *plm_view_new(const plm_book *b, plm_day as_of, plm_day known, bool codified);
void plm_view_free(plm_view *v);
/* Would a view of these dates be the same: does nothing of the book change between? */
bool plm_view_is(const plm_view *v, plm_day as_of, plm_day known, bool codified);
plm_truth plm_view_force(const plm_view *v, plm_rule r);
/* Is country in the group of that name on the view's date? */
plm_truth plm_view_in_group(const plm_view *v, plm_str group, plm_country c);
/* Why r is or isn't in force on the view's dates: the clause, one line, into out. */
void plm_view_say(const plm_view *v, plm_rule r, plm_buf *out);

/* A world for the book; reset before each case.  Everything starts as not known. */
plm_facts *plm_facts_new(const plm_book *b);
void plm_facts_free(plm_facts *w);
bool plm_facts_reset(plm_facts *w, const plm_view *v, uint32_t items, uint32_t parties);
/* parent -1: an item of the transaction itself.  Parents come before their parts. */
void plm_facts_place_item(plm_facts *w, uint32_t item, int32_t parent, bool contents_known);
/* entity: item or party number, 0 for the transaction.  A fact the book lacks: ignored. */
void plm_facts_yesno(plm_facts *w, uint32_t fact, uint32_t entity, plm_truth t);
void plm_facts_number(plm_facts *w, uint32_t fact, uint32_t entity, plm_iv v);
void plm_facts_country(plm_facts *w, uint32_t fact, uint32_t entity, plm_country c);
/* false when the word is not one of the fact's. */
bool plm_facts_word(plm_facts *w, uint32_t fact, uint32_t entity, plm_str word);
/* text must outlive the case; an unreadable code counts as not known. */
void plm_facts_code(plm_facts *w, uint32_t fact, uint32_t entity, plm_str text);
/* A list of codes, known and possibly empty; an unreadable code makes it not known. */
void plm_facts_codes(plm_facts *w, uint32_t fact, uint32_t entity, const plm_str *v, uint32_t n);
/* A name, borrowed; empty: not known. */
void plm_facts_text(plm_facts *w, uint32_t fact, uint32_t entity, plm_str text);
/* Says that facts were changed after something was asked. */
void plm_facts_touch(plm_facts *w);
/* A number as it was given; false when nothing was. */
bool plm_facts_known_number(const plm_facts *w, uint32_t fact, uint32_t entity, plm_iv *out);

/* Three-valued truth of a rule for an item and a party (-1 where its scope has none). */
plm_truth plm_facts_ask(plm_facts *w, plm_rule r, int32_t item, int32_t party);
/* Truth of one labelled condition of an exception. */
plm_truth plm_facts_ask_condition(plm_facts *w, plm_rule r, uint32_t condition, int32_t item,
                                  int32_t party);

/* What the last PLM_UNKNOWN hangs on.  A question that folds several answers keeps the first
 * unknown one's and puts it back before it returns PLM_UNKNOWN. */
typedef struct plm_why {
    uint32_t key[5];
} plm_why;
plm_why plm_facts_why(const plm_facts *w);
void plm_facts_set_why(plm_facts *w, plm_why y);

/* A question by cases: ask(w, ctx) is called again and again on worlds in which the unknowns are
 * settled one by one.  PLM_YES or PLM_NO: it holds so in every world; PLM_UNKNOWN: both occur,
 * or the limit of evaluations (at most PLM_RULES_CASES_MAX) was reached (*gave_up).
 * cases: how many leaves it took. */
typedef plm_truth (*plm_question)(plm_facts *w, void *ctx);
plm_truth plm_facts_prove(plm_facts *w, plm_question ask, void *ctx, uint32_t limit,
                          uint32_t *cases, bool *gave_up);
/* Is that PLM_YES?  Stops at the first way in which it does not hold. */
bool plm_facts_holds(plm_facts *w, plm_question ask, void *ctx, uint32_t limit);

/* An unknown that a question hangs on. */
typedef struct plm_open {
    int32_t fact;            /* -1: what is open is no fact (the force of a rule) */
    plm_rule rule;
    int32_t item, party;
    char says[160];          /* the atom: "tpp >= 4800" */
    uint32_t key[5];         /* the engine's own */
} plm_open;
/* The atoms a question hangs on, at most max, nearest first; returns how many.  An atom of a
 * quotient gives one entry for each fact in it that is not known. */
size_t plm_facts_open(plm_facts *w, plm_question ask, void *ctx, plm_open *out, size_t max);
/* Settles the atom for the questions that follow, until unsettled (last in, first out). */
bool plm_facts_settle(plm_facts *w, const plm_open *o, plm_truth t);
void plm_facts_unsettle(plm_facts *w);

/* Every comparison of a number fact in rules in force: fact, value and threshold. */
typedef struct plm_margin {
    uint32_t fact;        /* the fact, or for a quotient the definition's rule */
    bool is_rule;
    int32_t item;
    plm_iv value;
    plm_rel rel;
    plm_dec threshold;
    plm_rule rule;
} plm_margin;
/* Margins of a rule for an item: the comparisons that its proof rests on. */
size_t plm_facts_margins(plm_facts *w, plm_rule r, int32_t item, int32_t party, plm_margin *out,
                         size_t max);

/* The tree of a conclusion as text, two spaces a level, the first line at `depth` levels; equal
 * on every machine. */
bool plm_facts_explain(plm_facts *w, plm_rule r, int32_t item, int32_t party, int depth,
                       plm_buf *out);

/* Item's ECCN: the derived code when one is proved, else the asserted one; empty: not known. */
plm_str plm_facts_eccn(plm_facts *w, int32_t item);

#endif
