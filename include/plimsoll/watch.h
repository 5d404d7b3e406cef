/* watch.h: what a change of the lists changes for a party, and reviewers' decisions about matches.
 *
 * A score is a function of the query and the one entity, of nothing else in the lists.  So the
 * change of an answer between two states is found by screening only the entities that differ:
 * the removed and the old side of the changed ones for what goes, the added and the new side of
 * the changed ones for what comes.  It equals the difference of two full screens, as long as a
 * query has at most PLM_SCREEN_LIMIT_MAX matches (tests/unit/test_watch.c holds it). */
#ifndef PLIMSOLL_WATCH_H
#define PLIMSOLL_WATCH_H

#include "plimsoll/lists.h"
#include "plimsoll/screen.h"

typedef struct plm_watch plm_watch;

/* Opens both states.  whole: screen them in full for every query (slow; the answer is the same).
 * NULL and f filled in error. */
plm_watch *plm_watch_open(const char *old_dir, const char *new_dir, bool whole, plm_fault *f);
/* The same over lists that the caller keeps. */
plm_watch *plm_watch_of(const plm_lists *from, const plm_lists *to, bool whole, plm_fault *f);
void plm_watch_free(plm_watch *w);
/* Entities that differ. */
uint32_t plm_watch_changes(const plm_watch *w);
/* Hexadecimal SHA-256 of the old (newer false) or the new lists. */
const char *plm_watch_edition(const plm_watch *w, bool newer);

typedef struct plm_watch_match {
    plm_change_kind kind;          /* PLM_ADDED: matches now; PLM_REMOVED: no more; PLM_CHANGED:
                                    * both, and the entry or the score differs */
    plm_str source, list, entity, name, matched;
    int score_old, score_new;      /* PLM_SCORE_ONE is 1; -1 where there is no match */
    plm_strength strength;         /* of the newer match, or of the one that went */
} plm_watch_match;

/* What changes for one query, in the order of source and entity.  The array lives until the next
 * call.  Faults as plm_screen_query. */
bool plm_watch_query(plm_watch *w, const plm_query *q, const plm_screen_options *o,
                     const plm_watch_match **out, uint32_t *n, plm_fault *f);

/* Decisions: a reviewer's word on one match, bound to the content of both sides. */
#define PLM_DECISION_TEXT_MAX 4096

typedef enum plm_decision_word {
    PLM_DECISION_NOT_THIS_ONE, PLM_DECISION_THIS_ONE
} plm_decision_word;
const char *plm_decision_word_name(plm_decision_word w); /* not-this-one, this-one (static) */

typedef struct plm_decision {
    plm_decision_word word;
    plm_str source, entity;             /* the list's side */
    unsigned char entity_hash[32];      /* plm_list_entity_digest */
    unsigned char query_hash[32];       /* plm_query_digest */
    plm_str reason, author;
    plm_day day;
    plm_str query;                      /* the query line, JSON: what a replay screens */
    plm_str edition;                    /* hexadecimal SHA-256 of the lists it was screened on */
    int score, threshold;               /* PLM_SCORE_ONE is 1 */
} plm_decision;

/* SHA-256 over everything that a query says. */
void plm_query_digest(const plm_query *q, unsigned char out[32]);
/* Reads a query line of the contract of screen (the id is passed over).  Texts live in arena. */
bool plm_query_read(plm_arena *arena, plm_str json, plm_query *out, plm_fault *f);

typedef struct plm_decisions plm_decisions; /* the log, read and checked */

/* Reads the hash-chained log at path (a missing file is an empty log).  Each line is one JSON
 * object whose "prev" is the SHA-256 of the line before (64 zeros in the first), and whose "hash"
 * is the SHA-256 of the line without its "hash".  Faults: BAD_INPUT with the line at which the
 * chain breaks. */
plm_decisions *plm_decisions_open(const char *path, plm_fault *f);
void plm_decisions_free(plm_decisions *d);
uint32_t plm_decisions_count(const plm_decisions *d);
const plm_decision *plm_decisions_at(const plm_decisions *d, uint32_t i);
/* The latest decision about this query and this entity as they are now; NULL when there is none
 * or when either side has changed since: then it is void. */
const plm_decision *plm_decisions_find(const plm_decisions *d, const plm_query *q,
                                       const plm_list *l, const plm_entity *e);
/* Appends a decision durably (one writer at a time; the file is locked).  reason and author are
 * required.  Faults: BAD_INPUT (empty or too long), CONFLICT, IO, and those of open. */
bool plm_decisions_add(const char *path, const plm_decision *decision, plm_fault *f);

#endif
