/* fetch.h: the publishers' lists over the network, only when asked.  Conditional requests; a
 * download that is cut, of another digest, or refused by its importer never becomes an edition. */
#ifndef PLIMSOLL_FETCH_H
#define PLIMSOLL_FETCH_H

#include "plimsoll/lists.h"

#define PLM_FETCH_FILES_MAX 4
#define PLM_FETCH_BYTES_MAX ((long)1 << 30) /* of one file */
#define PLM_FETCH_SECONDS_MAX 1800L         /* of one file */
#define PLM_FETCH_REDIRECTS_MAX 5L

typedef struct plm_publisher {
    const char *word;                        /* ofac-sdn, un, … */
    plm_import_format format;
    const char *urls[PLM_FETCH_FILES_MAX];   /* NULL at the end; {DATE} is the day asked for */
    const char *who;
} plm_publisher;

/* The known publishers: a table of *n rows. */
const plm_publisher *plm_publishers(uint32_t *n);

typedef struct plm_fetch_request {
    const char *dir;                         /* as plm_lists_import; downloads are in dir/fetch */
    const char *source;                      /* the publisher's word, and the source's with a url */
    plm_import_format format;                /* with url */
    const char *url;                         /* of one file; NULL: the publisher's */
    const char *sha256;                      /* with url: the digest in hexadecimal, or NULL */
    plm_day day;                             /* for {DATE} */
} plm_fetch_request;

typedef struct plm_fetched {
    bool unchanged;                          /* the publisher has nothing newer */
    uint64_t bytes;
    uint32_t import_n;
    plm_imported imported[4];
} plm_fetched;

/* Fetches and imports one source.  Faults: NOT_FOUND (no such publisher), IO (network, HTTP
 * status, a download that was cut), REFUSED (digest), and those of plm_lists_import. */
bool plm_lists_fetch(const plm_fetch_request *r, plm_fetched *out, plm_fault *f);

#endif
