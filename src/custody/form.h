/* form.h: a statement (UVL statement, BIS-711) checked field by field.  Which fields a form has,
 * when each is needed, what contradicts what, and the paragraph and mend of each are data
 * (rulebooks/us/forms/NAME.json); here are only the words those data are written in.
 * Invariants: 1 a problem names its field, its paragraph and its mend; 2 a field that the data do
 * not know is named too, so that a misspelt one is not taken for absent without a word; 3 what the
 * ledger can't tell is no problem.  Held by tests/scenes/test_custody_form. */
#ifndef PLM_CUSTODY_FORM_H
#define PLM_CUSTODY_FORM_H

#include "base/json.h"
#include "custody/world.h"

#define PLM_PAPER_BYTES_MAX (1u << 20) /* of a form's rules, of a statement */
#define PLM_PAPER_PATH_MAX 128u        /* of a field's path */

typedef struct plm_paper plm_paper;

/* Reads NAME.json of the folder `forms` beside FOLDER (the rulebooks' us/ear).  Faults name what
 * is wrong in it: an unknown type or rule is refused, never passed over. */
plm_paper *plm_paper_read(const char *folder, const char *name, plm_fault *f);
void plm_paper_free(plm_paper *x);
const plm_json *plm_paper_root(const plm_paper *x);

/* One problem.  kind: "missing", "ill-formed", "contradicts", "unknown field". */
typedef struct plm_paper_problem {
    const char *kind;
    plm_str field, cite, what, mend;
    plm_str say;     /* what is there, or what it contradicts; may be empty */
    plm_str against; /* record, license or order that it contradicts; may be empty */
} plm_paper_problem;
typedef void (*plm_paper_sink)(void *ctx, const plm_paper_problem *x);

/* Checks one statement on day `today`; w: the ledger, or NULL for the form alone.  *checked is the
 * number of fields, rules and ledger checks that applied; *problems how many did not hold. */
bool plm_paper_check(const plm_paper *x, const plm_json *statement, plm_day today, plm_world *w,
                    plm_paper_sink to, void *ctx, uint32_t *checked, uint32_t *problems,
                    plm_fault *f);

/* ---- shared by form.c and form_ledger.c */

typedef struct plm_paper_run {
    const plm_paper *form;
    const plm_json *st;
    plm_day today;
    plm_world *w;
    plm_paper_sink to;
    void *ctx;
    uint32_t checked, problems;
    plm_fault *f;
} plm_paper_run;

/* Member at a dotted path; NULL when a part of it is not there. */
const plm_json *plm_paper_at(const plm_json *v, plm_str path);
plm_str plm_paper_word(const plm_json *rule, const char *name);
void plm_paper_problem_add(plm_paper_run *r, const plm_json *rule, const char *kind,
                           plm_str against, const char *fmt, ...)
    __attribute__((format(printf, 5, 6)));
/* False when no check has this name. */
bool plm_paper_ledger_known(plm_str check);
void plm_paper_ledger(plm_paper_run *r, const plm_json *rule);

#endif
