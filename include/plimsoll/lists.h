/* lists.h: importing the publishers' restricted-party lists into a directory, editions kept,
 * dated and hashed.  A malformed or truncated list is refused whole; the edition in force stays.
 *
 * DIR/current -> DIR/editions/N/current/SOURCE.img  in force (a link, replaced as one)
 * DIR/editions/N/                 each state DIR was ever in; opens as a lists directory itself
 * DIR/editions/N/manifest.json    what is in it: source, edition, format, files, digests */
#ifndef PLIMSOLL_LISTS_H
#define PLIMSOLL_LISTS_H

#include "plimsoll/list.h"

#define PLM_IMPORT_FILES_MAX 512 /* files of one import */

typedef enum plm_import_format {
    PLM_IMPORT_AUTO, PLM_IMPORT_CSL_CSV, PLM_IMPORT_CSL_JSON, PLM_IMPORT_OFAC_CSV,
    PLM_IMPORT_OFAC_SDN_XML, PLM_IMPORT_OFAC_ADVANCED_XML, PLM_IMPORT_UN_XML, PLM_IMPORT_EU_XML,
    PLM_IMPORT_EU_CSV, PLM_IMPORT_UK_CSV, PLM_IMPORT_ENTITY_LIST_CSV, PLM_IMPORT_ECFR_XML,
    PLM_IMPORT_DPL_TXT, PLM_IMPORT_US_JSON, PLM_IMPORT_FTM_JSON, PLM_IMPORT_CSV,
    PLM_IMPORT_FORMAT_COUNT
} plm_import_format;

/* The contract's word ("csl-csv"), static; and back: PLM_IMPORT_FORMAT_COUNT for another word. */
const char *plm_import_format_name(plm_import_format f);
plm_import_format plm_import_format_parse(plm_str s);
/* What the content looks like (its first bytes decide); PLM_IMPORT_AUTO when like none. */
plm_import_format plm_import_detect(plm_str content);

/* What one import took, source by source. */
typedef struct plm_imported {
    char source[41], edition[64], format[24];
    uint32_t entities, names, addresses;
    uint64_t rows;      /* records read */
    uint64_t joined;    /* of them joined with another record of the same party */
    uint64_t unmatched; /* OFAC: rows of ALT or ADD whose entity the SDN file no longer has */
    uint32_t former;    /* entities of the edition that this one follows; 0 without one */
    bool same;          /* letter for letter the edition in force */
} plm_imported;

typedef struct plm_import_request {
    const char *dir;
    plm_import_format format;   /* PLM_IMPORT_AUTO: by content, each file for itself */
    plm_str edition;            /* empty: the source's own date, else one in the file's name,
                                 * else the first 12 digits of the files' SHA-256 */
    plm_str source;             /* empty: the format's own source word */
    const char *const *files;
    uint32_t file_n;
    void (*note)(void *ctx, plm_str line); /* what the user is to see first; may be NULL */
    void *note_ctx;
} plm_import_request;

/* Reads every file, then puts all of it in force as one step, durably: after a crash at any point
 * DIR is in its former state or in the new one.  Faults: BAD_INPUT with file, line and field;
 * OUT_OF_RANGE past a limit; CONFLICT (another import holds DIR); IO.  out has PLM_LISTS_MAX
 * rows, *out_n of them filled. */
bool plm_lists_import(const plm_import_request *r, plm_imported *out, uint32_t *out_n,
                      plm_fault *f);
/* Reads one content into a new list, nothing written: for tests, fuzzing and diffs.  Free with
 * plm_list_free.  NULL and f filled in error. */
plm_list *plm_lists_read(plm_import_format format, plm_str content, const char *file,
                         plm_fault *f);

/* SHA-256 over all that the source says of one entity, whatever its place in the list: two
 * entities with one digest are the same entry. */
void plm_list_entity_digest(const plm_list *l, const plm_entity *e, unsigned char out[32]);
/* The entity of a source by its id, or NULL. */
const plm_entity *plm_list_find(const plm_list *l, plm_str id);

/* What differs between two states, source by source, in the order of source and id. */
typedef enum plm_change_kind { PLM_ADDED, PLM_REMOVED, PLM_CHANGED } plm_change_kind;
const char *plm_change_kind_name(plm_change_kind k); /* added, removed, changed (static) */
typedef struct plm_change {
    plm_change_kind kind;
    const plm_list *old_list, *new_list; /* NULL where the source is missing */
    const plm_entity *old_entity, *new_entity;
} plm_change;
/* Gives every change to take until it returns false.  Time n log n in the entities; the lists
 * stay the caller's.  Faults: NO_MEMORY, and whatever take sets. */
bool plm_lists_diff(const plm_lists *from, const plm_lists *to,
                    bool (*take)(void *ctx, const plm_change *c, plm_fault *f), void *ctx,
                    plm_fault *f);

/* Copies one entity of a list to the end of another. */
bool plm_list_copy_entity(plm_list *to, const plm_list *from, const plm_entity *e, plm_fault *f);

#endif
