/* import.h: what the readers of list formats share: one run of an import, its place in the file
 * for faults, and the small vocabulary of dates, countries and split fields.
 * A reader fills im->list and returns false with im->f set; it never repairs what it can't read. */
#ifndef PLM_SCREEN_IMPORT_H
#define PLM_SCREEN_IMPORT_H

#include "plimsoll/lists.h"

#define PLM_IMPORT_FILE_MAX ((size_t)1 << 30) /* bytes of one file */
#define PLM_IMPORT_ARENA_MAX ((size_t)2 << 30)
#define PLM_CSV_FIELDS_MAX 256
#define PLM_CSV_FIELD_MAX ((size_t)1 << 20)
#define PLM_XML_DEPTH_MAX 64
#define PLM_XML_ATTRIBUTES_MAX 64
#define PLM_XML_RECORD_MAX ((size_t)64 << 20) /* memory of one record's tree */
#define PLM_XML_TEXT_MAX ((size_t)1 << 20)    /* bytes of one element's own text */

struct plm_id_set;

typedef struct plm_import {
    plm_list *list;
    const char *file;         /* as the caller named it */
    plm_str text;             /* the file, UTF-8, without byte order mark */
    plm_import_format format;
    plm_arena *arena;         /* lives as long as the run of one source */
    struct plm_id_set *ids;   /* ids taken in this source */
    uint64_t rows;            /* records read */
    uint64_t joined;          /* records joined with another of the same party */
    uint64_t unmatched;       /* OFAC: ALT and ADD rows of entities that the SDN file has not */
    plm_buf *note;            /* lines to show before the import is done; may be NULL */
    plm_fault *f;
} plm_import;

/* False, with the fault's place file:line and "field 'x': …" (field may be NULL). */
bool plm_import_bad(plm_import *im, uint32_t line, const char *field, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
/* Gives a fault that has no place yet this one; returns ok. */
bool plm_import_check(plm_import *im, bool ok, uint32_t line, const char *field);

/* Adds an entity under the source's own id: one that was taken already is refused. */
bool plm_import_entity(plm_import *im, uint32_t line, plm_str id, plm_str list, plm_str name,
                       plm_entity_kind kind);
/* Adds one under an id made from list, citation and name; the same again gets "-2", … */
bool plm_import_entity_made(plm_import *im, uint32_t line, plm_str list, plm_str citation,
                            plm_str name, plm_entity_kind kind);
/* Adds one under its own id, or under "list:id" and then "…-2" where that is taken. */
bool plm_import_entity_shared(plm_import *im, uint32_t line, plm_str id, plm_str list,
                              plm_str name, plm_entity_kind kind);
/* Adds a name unless the entity has it already, letter for letter, or it is only "and", "or" or
 * signs, as between names. */
bool plm_import_name(plm_import *im, uint32_t line, plm_str name, plm_name_kind kind);
/* The parts of s between sep (trimmed, empty ones passed over) as names. */
bool plm_import_names(plm_import *im, uint32_t line, plm_str s, char sep, plm_name_kind kind);
bool plm_import_address(plm_import *im, uint32_t line, plm_str address, plm_country country);
bool plm_import_id(plm_import *im, uint32_t line, const char *kind, plm_str value);
bool plm_import_set(plm_import *im, uint32_t line, plm_list_field field, plm_str value);
/* Adds a birth date where s holds one (any form plm_import_days reads); else nothing. */
bool plm_import_birth(plm_import *im, uint32_t line, plm_str s);
/* The next part of *rest up to sep, trimmed; false at the end. */
bool plm_import_part(plm_str *rest, char sep, plm_str *part);
/* The same for "; " only where the parts hold a lone ';'. */
bool plm_import_part_by(plm_str *rest, const char *sep, plm_str *part);

/* First and last day that s can mean: 2001, 2001-05, 2001-05-09, 05/09/2001 (US), 9.5.2001,
 * 9 May 2001, May 9, 2001, "1960 to 1962", "circa 1960" (two years to each side).  False when it
 * is none of them. */
bool plm_import_days(plm_str s, plm_day *from, plm_day *to);
/* A country by its code or by an English name in use in the lists; 0 when it is none. */
plm_country plm_import_country(plm_str s);
/* The country after the last comma of an address ("…, Kabul, Afghanistan."), or 0. */
plm_country plm_import_country_last(plm_str address);
/* True when s is valid UTF-8 without NUL; else *at is the first bad byte. */
bool plm_import_utf8(plm_str s, size_t *at);
/* Bytes of b within a, ASCII case folded; -1 where not found. */
ptrdiff_t plm_import_find(plm_str a, const char *b);
/* The kind word for ids in a source's own wording ("Passport", "IMO number", …), static. */
const char *plm_import_id_kind(plm_str wording);

/* Comma- (or tab-) separated values, RFC 4180: strict, a row's fields live until the next row. */
typedef struct plm_csv {
    plm_str in;
    size_t at;
    char sep;
    uint32_t line;      /* line on which the row began */
    uint32_t next_line;
    uint32_t n;
    bool open_end;      /* the last row given had no line end and its last field no quote */
    plm_str field[PLM_CSV_FIELDS_MAX];
    plm_buf cells;
    size_t cell_at[PLM_CSV_FIELDS_MAX];
} plm_csv;
void plm_csv_open(plm_csv *c, plm_str in, char sep);
/* 1 a row, 0 the end, -1 with im->f filled. */
int plm_csv_next(plm_csv *c, plm_import *im);
void plm_csv_close(plm_csv *c);
/* Runs rows over the import's text as CSV. */
bool plm_csv_each(plm_import *im, char sep, bool (*rows)(plm_import *im, plm_csv *c));
/* Finds each of the names (NULL at the end) in the row now in c; at[i] is its column or -1.
 * required: the first so many must be there. */
bool plm_csv_columns(plm_csv *c, plm_import *im, const char *const *names, int required, int *at);
/* Field by column; empty for -1. */
static inline plm_str plm_csv_get(const plm_csv *c, int column) {
    return column < 0 || (uint32_t)column >= c->n ? (plm_str){"", 0} : c->field[column];
}

/* XML through expat, one record (subtree) at a time.  Names are without their prefix. */
typedef struct plm_xml {
    plm_str name, text;            /* text: all character data of the element itself, trimmed */
    plm_str *attributes;           /* name, value, name, value, … */
    uint32_t attribute_n, line;
    struct plm_xml *child, *next, *last, *parent;
    plm_str whole;                 /* with mixed content: text and children's text in order */
} plm_xml;
/* Called for the root (its attributes only, before all else) and for each record, complete. */
typedef bool (*plm_xml_record)(plm_import *im, void *ctx, const plm_xml *x);
/* records: local names of the elements to give, NULL at the end. */
bool plm_xml_read(plm_import *im, const char *const *records, plm_xml_record give, void *ctx);
const plm_xml *plm_xml_child(const plm_xml *x, const char *name);      /* first, or NULL */
const plm_xml *plm_xml_next(const plm_xml *x, const char *name);       /* next sibling so named */
plm_str plm_xml_text(const plm_xml *x, const char *name);              /* of the first child */
plm_str plm_xml_attribute(const plm_xml *x, const char *name);
bool plm_xml_is(const plm_xml *x, const char *name);

/* The readers, one for each format; ofac-csv takes all its files together. */
bool plm_import_entity_list_csv(plm_import *im);
bool plm_import_csl_csv(plm_import *im);
bool plm_import_csl_json(plm_import *im);
bool plm_import_dpl_txt(plm_import *im);
bool plm_import_us_json(plm_import *im);
bool plm_import_ftm_json(plm_import *im);
bool plm_import_own_csv(plm_import *im);
/* True when a header line has a column that names a party. */
bool plm_import_names_party(plm_str header);
bool plm_import_un_xml(plm_import *im);
bool plm_import_eu_xml(plm_import *im);
bool plm_import_eu_csv(plm_import *im);
bool plm_import_uk_csv(plm_import *im);
bool plm_import_ecfr_xml(plm_import *im);
bool plm_import_ofac_sdn_xml(plm_import *im);
bool plm_import_ofac_advanced_xml(plm_import *im);
struct plm_ofac;
struct plm_ofac *plm_ofac_new(plm_arena *a);
bool plm_ofac_take(struct plm_ofac *o, plm_import *im);   /* one file */
bool plm_ofac_finish(struct plm_ofac *o, plm_import *im); /* after the last */
void plm_ofac_free(struct plm_ofac *o);

/* One Entity List row, from the CSV or from part 744; text lives until plm_elist_finish. */
typedef struct plm_elist_row {
    plm_str name, country, aliases, address, citation, requirement, policy;
    uint32_t footnotes, line;
    bool address_only;
    plm_str sections;
} plm_elist_row;
/* Joins the rows of one party (cross-references) and adds them all. */
bool plm_elist_finish(plm_import *im, plm_elist_row *rows, size_t n);
/* Entity List wording: footnote numbers ("1 2", "4", …) as bits; false for another wording. */
bool plm_elist_footnotes(plm_str s, uint32_t *bits);
/* The footnote numbers as a requirement's text prints them. */
uint32_t plm_elist_footnotes_in(plm_str s);

#endif
