/* effects.h: what it means in law to be on a list.  A dated, cited data file (rulebooks/us/
 * lists.json; docs/lists.md has its form) says for each list which consequences it has (export,
 * procurement, securities, imports, …), by what text, from which day, and in which band a match
 * falls: clear, review or block.  No list's effect is in code: a list that the file does not hold
 * is for a person to review, in every consequence.
 * Threads: read-only once loaded; any number. */
#ifndef PLIMSOLL_EFFECTS_H
#define PLIMSOLL_EFFECTS_H

#include "plimsoll/ownership.h"
#include "plimsoll/screen.h"

#define PLM_EFFECTS_BYTES_MAX (1u << 20) /* of the data file */
#define PLM_EFFECTS_LISTS_MAX 128        /* lists of one file */
#define PLM_EFFECTS_CODES_MAX 16         /* words that importers give one list */
#define PLM_EFFECTS_OF_LIST_MAX 16       /* effects of one list */
#define PLM_EFFECTS_PROGRAMS_MAX 64      /* programs that one effect names */
#define PLM_CONSEQUENCES_MAX 16
#define PLM_EFFECTS_TEXT_MAX 2000        /* bytes of one text of the file */
#define PLM_EFFECTS_POLICIES_MAX 64      /* wordings of review policies of one list */

/* Most severe last.  CLEAR: nothing of this kind follows.  REVIEW: a person looks before going on.
 * BLOCK: hold; an authorization is needed for all that the effect reaches. */
typedef enum plm_band { PLM_BAND_CLEAR, PLM_BAND_REVIEW, PLM_BAND_BLOCK } plm_band;
/* "clear", "review", "block" (static) */
const char *plm_band_name(plm_band b);

/* One effect of a list; text is borrowed from the plm_effects. */
typedef struct plm_effect {
    plm_str id, says, cite, certainty; /* certainty: read, quoted, recalled or inferred */
    plm_str basis;                     /* what its dates rest on; may be empty */
    uint32_t consequence;              /* number of its consequence */
    plm_day from, until;               /* the days it applies, both taken in */
    plm_band band[3];                  /* by plm_truth: is the party the one listed? */
    uint32_t footnote;                 /* only rows with this footnote; 0: any row */
    bool quotes_row;                   /* the row's own requirement and policy belong to it */
    bool other_programs;               /* only rows of none of the programs; else of one */
    uint32_t program_n;                /* 0: any row */
    const plm_str *programs;
    plm_str head_json, tail_json;      /* members before and after the band, written once */
} plm_effect;

/* A wording of a row's review policy, and the rulebook's word for it. */
typedef struct plm_policy_text {
    plm_str word, says;
} plm_policy_text;

/* One list of the file. */
typedef struct plm_effects_list {
    plm_str name, authority, cite;
    plm_str fact;                      /* the key of `listed` that it stands for; may be empty */
    uint32_t ownership;                /* bit r: owners on it count under plm_own_regime r */
    uint32_t code_n, effect_n;
    const plm_str *codes;              /* its words in lists directories; the first is its own */
    const plm_effect *effects;
    uint32_t policy_n;
    const plm_policy_text *policies;
} plm_effects_list;

typedef struct plm_effects plm_effects;

/* Loads the file.  Faults: NOT_FOUND, IO, BAD_INPUT, OUT_OF_RANGE (past a limit above), each with
 * file, place and mend.  The caller frees it; NULL in error. */
plm_effects *plm_effects_open(const char *path, plm_fault *f);
/* The same from text; where is the name that faults bear. */
plm_effects *plm_effects_read(plm_str json, const char *where, plm_fault *f);
void plm_effects_free(plm_effects *e);
/* The file's own day, and the SHA-256 of its bytes in hexadecimal. */
plm_day plm_effects_edition(const plm_effects *e);
const char *plm_effects_sha256(const plm_effects *e);

/* Lists in the file's order. */
uint32_t plm_effects_count(const plm_effects *e);
const plm_effects_list *plm_effects_at(const plm_effects *e, uint32_t i);
/* The list with that word, or NULL. */
const plm_effects_list *plm_effects_find(const plm_effects *e, plm_str code);
/* The word for a row's review policy as its list words it (letters and digits are compared, of
 * either case); empty when the file has no such wording. */
plm_str plm_effects_policy(const plm_effects_list *l, plm_str says);
/* Consequences: how many, and each one's word. */
uint32_t plm_consequence_count(const plm_effects *e);
plm_str plm_consequence_name(const plm_effects *e, uint32_t i);

/* How sure a match is of its party: EXACT is yes, STRONG and WEAK are unknown, and one that is
 * only the same building is no. */
plm_truth plm_match_truth(const plm_match *m);

/* A row that a match is of, how sure the match is, and the day that is asked about. */
typedef struct plm_effects_ask {
    const plm_list *list;
    const plm_entity *row;
    plm_truth match;
    plm_day as_of;
} plm_effects_ask;

/* An effect as it falls on a match; band CLEAR where it is not in force on that day. */
typedef struct plm_fallen {
    const plm_effect *effect;
    plm_band band;
    bool in_force;
} plm_fallen;

/* The effects of the row's list that its footnotes and programs call for.  bands (may be NULL)
 * gets the most severe band by consequence, PLM_CONSEQUENCES_MAX of them.  A list that the file
 * does not hold: 0, and REVIEW in every band unless the match is no. */
uint32_t plm_effects_fall(const plm_effects *e, const plm_effects_ask *ask,
                          plm_fallen out[PLM_EFFECTS_OF_LIST_MAX], plm_band *bands);
/* Appends members of a JSON object, "bands": {…}, "effects": […], with a comma before them. */
bool plm_effects_put_json(const plm_effects *e, const plm_effects_ask *ask, plm_buf *out);
/* Appends a line an effect for a person, each begun with indent. */
bool plm_effects_put_text(const plm_effects *e, const plm_effects_ask *ask, const char *indent,
                          plm_buf *out);

#endif
