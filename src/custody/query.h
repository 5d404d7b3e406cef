/* query.h: the query language of EPCIS 2.0's REST binding (the SimpleEventQuery of EPCIS 2.0,
 * 8.2.7.1, as gs1/EPCIS "REST Bindings/openapi.yaml" spells it): `NAME=VALUE|VALUE&NAME=VALUE`.
 * Values of one parameter are alternatives, parameters are joined by and.
 * Invariants: 1 a parameter that is not known, is given twice, or has a value that can't be is a
 * QueryParameterException, never passed over: an answer is not wider than what was asked; 2 the
 * pages of one query, taken by its tokens, are the answer of the query at the first page, each
 * event once; 3 the answer captures again as duplicates.  Held by tests/scenes/test_custody_query.
 *
 * Names and vocabulary compare by meaning: CBV words bare, as URN or web URI; EPCs, places and
 * parties by GS1 key, so that a URN and a Digital Link are one. */
#ifndef PLM_CUSTODY_QUERY_H
#define PLM_CUSTODY_QUERY_H

#include "base/json.h"
#include "custody/store.h"

#define PLM_EQUERY_BYTES_MAX (64u << 10) /* of the parameters */
#define PLM_EQUERY_TERMS_MAX 64u
#define PLM_EQUERY_VALUES_MAX 1000u      /* of one parameter */
#define PLM_EQUERY_PREFIXES_MAX 32u
#define PLM_EQUERY_EVENTS_MAX 100000u    /* of one answer without pages: QueryTooLargeException */
#define PLM_EQUERY_PAGE_MAX 10000u       /* perPage */
#define PLM_EQUERY_SCAN_MAX 5000000u     /* events looked at: QueryTooComplexException */
#define PLM_EQUERY_DEPTH_MAX 32          /* of fields within fields that INNER looks into */

/* What GS1 calls the error, its HTTP status, and what is wrong with which parameter. */
typedef struct plm_equery_error {
    const char *type; /* "QueryParameterException" …; NULL: none */
    int status;
    char say[320];
} plm_equery_error;

typedef enum plm_equery_op { PLM_Q_EQ, PLM_Q_GT, PLM_Q_GE, PLM_Q_LT, PLM_Q_LE, PLM_Q_EXISTS,
                           PLM_Q_MATCH, PLM_Q_WITHIN } plm_equery_op;
typedef enum plm_equery_as { /* how values compare */
    PLM_Q_WORD, PLM_Q_KEY, PLM_Q_TEXT, PLM_Q_TIME, PLM_Q_NUMBER, PLM_Q_ANY, PLM_Q_ACTION,
    PLM_Q_BOOL } plm_equery_as;

typedef struct plm_equery_value {
    plm_str text;  /* as given */
    plm_str key;   /* as compared: bare word or GS1 key */
    bool pattern;  /* an EPC pattern (urn:epc:idpat:…) */
    int64_t ns;    /* PLM_Q_TIME */
    plm_dec number;
} plm_equery_value;

typedef struct plm_equery_term {
    plm_str name;          /* as given */
    plm_equery_op op;
    plm_equery_as as;
    const char *paths;     /* of a standard field: "epcList,childEPCs"; NULL: an extension */
    const char *within;    /* of an extension: "ilmd", "errorDeclaration", …; NULL: the event */
    bool inner;
    plm_str type;          /* EQ_source_TYPE …, EQ_value_UOM; empty: none */
    plm_str field, iri;    /* of an extension: prefix:name, and with the prefix resolved */
    plm_equery_value *v;
    uint32_t n;
} plm_equery_term;

typedef struct plm_equery_prefix {
    plm_str prefix, space;
} plm_equery_prefix;

typedef struct plm_equery {
    plm_arena *a;
    plm_equery_term *term;
    uint32_t terms;
    plm_equery_prefix prefix[PLM_EQUERY_PREFIXES_MAX];
    uint32_t prefixes;
    int64_t from_event, to_event, from_record, to_record; /* from <= t < to */
    enum { PLM_Q_UNORDERED, PLM_Q_BY_EVENT, PLM_Q_BY_RECORD } order;
    bool ascending;
    uint32_t limit, max, per_page;   /* 0: none */
    uint64_t hash;                   /* of all that decides the answer: a token's query */
    int64_t token_seq, token_offset; /* of nextPageToken; seq 0: none */
} plm_equery;

/* Reads params; extensions: "PREFIX=NAMESPACE" each (GS1-Extensions).  False and e filled. */
bool plm_equery_read(plm_str params, const plm_str *extensions, uint32_t extensions_n,
                    plm_equery *q, plm_equery_error *e);
void plm_equery_free(plm_equery *q);
/* Does an event meet every term?  id: the store's; a: scratch, reset by the caller; *short_of: set
 * when memory was short, and then the answer is none. */
bool plm_equery_match(const plm_equery *q, const plm_json *event, plm_str id, plm_arena *a,
                      bool *short_of);

typedef struct plm_equery_page {
    uint64_t total, events;
    char next[96]; /* nextPageToken; empty: this is the last page */
} plm_equery_page;
/* Appends the EPCISQueryDocument.  False: e has the exception, or (e->type NULL) f the fault. */
bool plm_equery_run(plm_store *s, const plm_equery *q, int64_t now, plm_buf *out,
                   plm_equery_page *page, plm_equery_error *e, plm_fault *f);
/* The body of RFC 7807 for e. */
void plm_equery_problem(const plm_equery_error *e, plm_buf *out);
bool plm_equery_fail(plm_equery_error *e, const char *type, int status, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

#endif
