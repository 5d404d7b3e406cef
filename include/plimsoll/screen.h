/* screen.h: is this party on a list?  Names in any script, addresses and numbers against every
 * list, with a fixed-point score, its strength and its explanation.  docs/screening.md has the
 * method, docs/no-miss.md why the index can miss nothing. */
#ifndef PLIMSOLL_SCREEN_H
#define PLIMSOLL_SCREEN_H

#include "plimsoll/list.h"

#define PLM_SCORE_ONE 10000           /* 1.0; scores are integers 0 to PLM_SCORE_ONE */
#define PLM_SCREEN_THRESHOLD 7500     /* the default: see docs/screening.md for its bound */
#define PLM_SCREEN_LIMIT 10           /* matches given by default */
#define PLM_SCREEN_LIMIT_MAX 1000
#define PLM_QUERY_NAME_MAX 4096       /* bytes of a query's name or address: more is refused */
#define PLM_QUERY_TOKENS_MAX 48       /* tokens of one name that count; the rest are left over */
#define PLM_QUERY_IDS_MAX 32

typedef struct plm_screen plm_screen; /* lists and index; read-only, any number of threads */
typedef struct plm_screener plm_screener; /* one thread's scratch over a plm_screen */

/* WEAK: a clue to look at (same building, weak alias, near the threshold); STRONG: the same name
 * as far as names can tell; EXACT: letter for letter after folding, or a number that decides. */
typedef enum plm_strength { PLM_WEAK = 1, PLM_STRONG, PLM_EXACT } plm_strength;

typedef struct plm_query {
    plm_str name, address;           /* one of them at least */
    plm_entity_kind kind;            /* weighs, never hides; PLM_ENTITY_UNKNOWN is neutral */
    plm_country country;             /* 0: not known */
    plm_day birth_from, birth_to;    /* PLM_DAY_MIN, PLM_DAY_MIN: not known */
    uint32_t id_n;
    plm_str id_kind[PLM_QUERY_IDS_MAX], id_value[PLM_QUERY_IDS_MAX];
} plm_query;

typedef enum plm_scoring { PLM_SCORING_OWN, PLM_SCORING_OFAC } plm_scoring;

typedef struct plm_screen_options {
    int threshold;                   /* 0 to PLM_SCORE_ONE */
    uint32_t limit;                  /* 1 to PLM_SCREEN_LIMIT_MAX */
    plm_scoring scoring;
    bool exhaustive;                 /* compare every entry, without the index */
} plm_screen_options;

/* {PLM_SCREEN_THRESHOLD, PLM_SCREEN_LIMIT, PLM_SCORING_OWN, false} */
plm_screen_options plm_screen_defaults(void);

typedef struct plm_explain {
    plm_str query_token, entity_token; /* one may be empty: left over */
    const char *kind;                  /* static: exact, spelling, edit, initial, acronym, … */
    int weight;                        /* the token's share of its side, in PLM_SCORE_ONE */
} plm_explain;

#define PLM_EXPLAIN_MAX 96
#define PLM_FLAGS_MAX 16
typedef struct plm_match {
    uint32_t entity;                   /* for plm_lists_entity */
    plm_str matched;                   /* the name or address that matched, as listed */
    int score;
    plm_strength strength;
    uint32_t explain_n;
    plm_explain *explain;
    uint32_t flag_n;
    plm_str flags[PLM_FLAGS_MAX];
} plm_match;

typedef struct plm_answer {
    uint32_t n;
    plm_match *matches;                /* best first; equal scores in the order of the lists */
    const char *reason;                /* why nothing can alert ("only common words"), or NULL */
    bool mixed_script;                 /* letters of two scripts within a word of the query */
} plm_answer;

/* Opens the lists of dir with their index (built and, where dir can be written, kept beside them
 * when it isn't there).  NULL and f filled in error. */
plm_screen *plm_screen_open(const char *dir, plm_fault *f);
/* The same over lists that the caller keeps (borrowed until plm_screen_free). */
plm_screen *plm_screen_of(const plm_lists *lists, plm_fault *f);
void plm_screen_free(plm_screen *s);
const plm_lists *plm_screen_lists(const plm_screen *s);
/* Builds and writes the index of dir's current lists: an importer calls it when it is done. */
bool plm_screen_index_write(const char *dir, plm_fault *f);

/* The scratch space of one thread's queries; s outlives it.  The caller frees it; NULL when
 * memory is short. */
plm_screener *plm_screener_new(const plm_screen *s, plm_fault *f);
void plm_screener_free(plm_screener *q);
/* Screens one query.  The answer lives in q until its next query.  Faults: BAD_INPUT (neither
 * name nor address has a letter or digit; invalid UTF-8), OUT_OF_RANGE (too long). */
bool plm_screen_query(plm_screener *q, const plm_query *query, const plm_screen_options *o,
                      plm_answer *out, plm_fault *f);
/* Appends how a name is read: a token each as form/phonetic form/key/kind/weight, one space
 * between, then '|' and the joined forms that are compared too.  False when it is not UTF-8. */
bool plm_screen_print_tokens(plm_str name, plm_buf *out);
/* ORGANIZATION where the name has a legal form of three letters or more (Ltd, OOO, 有限公司), for
 * askers who have no type of their own; UNKNOWN otherwise. */
plm_entity_kind plm_screen_kind_of(plm_str name);
const char *plm_strength_name(plm_strength s); /* weak, strong, exact (static) */

#endif
