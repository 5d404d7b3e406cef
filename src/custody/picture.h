/* picture.h: one thing's journey as a picture: places as lanes, time from left to right, each
 * record, proof and finding that `custody show` and the store have of it.
 * Invariants: 1 every record of the history is a mark of its own or counted in one that says how
 * many it stands for; 2 every finding on file is listed, and what it names is marked; 3 whatever
 * the records hold, the picture is well-formed XML.  Held by tests/scenes/test_custody_picture. */
#ifndef PLM_CUSTODY_PICTURE_H
#define PLM_CUSTODY_PICTURE_H

#include "base/json.h"
#include "custody/world.h"

#define PLM_PIC_MARKS_MAX 44u    /* marks of records; more records than these are condensed */
#define PLM_PIC_KEPT_MAX 20u     /* records that findings name and that are kept apart */
#define PLM_PIC_LANES_MAX 24u    /* places with a lane of their own */
#define PLM_PIC_PLACES_MAX 512u  /* places told apart */
#define PLM_PIC_LEGS_MAX 600u    /* legs drawn one by one; more are drawn from mark to mark */
#define PLM_PIC_PROOFS_MAX 20000u /* attestations and location proofs; more are counted */
#define PLM_PIC_FINDINGS_MAX 200u
#define PLM_PIC_DRAWN_MAX 12u    /* findings drawn; all are listed */
#define PLM_PIC_REFS_MAX 24u     /* records that one finding names */
#define PLM_PIC_ABOUT_MAX 32u    /* containers whose findings are looked at */
#define PLM_PIC_NONE UINT32_MAX

/* Appends the SVG of id's journey to out.  Faults: what plm_show says; OUT_OF_RANGE past the
 * limits above. */
bool plm_journey_picture(plm_store *s, plm_str id, plm_buf *out, plm_fault *f);

/* ---- shared by the files of the picture */

typedef struct plm_pic_place {
    plm_str key, name, country, under; /* under: the second line */
    bool placed, papers;      /* papers: what is no place, but what a record is held against */
    double lat, lon;
    uint32_t lane;
} plm_pic_place;

typedef struct plm_pic_record {
    plm_str event, step, by, via, said, known;
    int64_t t;
    uint32_t place; /* index of places */
    bool voided, declares, other, aside, named; /* other: brought in by a finding alone */
    uint32_t mark;
} plm_pic_record;

typedef enum plm_pic_kind { PLM_PIC_PASS, PLM_PIC_SILENT, PLM_PIC_LOCATION } plm_pic_kind;
typedef struct plm_pic_proof {
    plm_str id, words;
    plm_pic_kind kind;
    int64_t t;
    uint32_t place;
    bool named;
    double x;
} plm_pic_proof;

typedef struct plm_pic_ref { /* a record or a proof */
    bool proof;
    uint32_t i;
} plm_pic_ref;

typedef struct plm_pic_finding {
    plm_str id, kind, severity, about, explanation;
    plm_pic_ref ref[PLM_PIC_REFS_MAX];
    plm_str paper[PLM_PIC_REFS_MAX];
    uint32_t refs, papers;
    char letter[8]; /* empty: not drawn */
} plm_pic_finding;

typedef struct plm_pic_mark { /* records order[first..last] */
    uint32_t first, last, place, place_last;
    double x, x_last;
    bool aside, voided, other, kept;
} plm_pic_mark;

typedef struct plm_picture {
    plm_store *s;
    plm_arena *a;
    plm_fault *f;
    plm_doc *doc;
    plm_str id, key;
    plm_pic_place *place;     uint32_t places;
    plm_pic_record *record;   uint32_t records, record_cap, own; /* own: of the history */
    uint32_t *order;          /* records by time */
    plm_pic_proof *proof;     uint32_t proofs, proof_cap, proofs_left_out;
    plm_pic_finding *finding; uint32_t findings, findings_left_out;
    plm_pic_mark *mark;       uint32_t marks;
    plm_w_index ids;          plm_pic_ref *id_ref; uint32_t id_cap; /* records and proofs by id */
    int64_t *at;              double *at_x; bool *at_cut;
    uint32_t ats;             /* the time scale; at_cut: the gap before is cut */
    int64_t from, to;
    uint32_t lanes, lane_place[PLM_PIC_LANES_MAX + 1];
    uint32_t papers_place;    /* NONE: no such lane */
    uint32_t others;          /* places that the last lane stands for; 0: its own */
} plm_picture;

bool plm_pic_read(plm_picture *p);   /* picture_read.c */
bool plm_pic_lay(plm_picture *p);    /* picture_lay.c */
void plm_pic_draw(plm_picture *p, plm_buf *out); /* picture.c */
double plm_pic_x(const plm_picture *p, int64_t t);
bool plm_pic_leaves(plm_str step);

#define PLM_PIC_LEFT 272.0
#define PLM_PIC_RIGHT 1172.0

#endif
