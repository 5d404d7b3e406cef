/* event.h: one EPCIS 2.0 event: read from JSON-LD, checked, hashed (CBV 2.0, section 8.9).
 * Everything in a plm_event lives in the arena it was read into. */
#ifndef PLM_CUSTODY_EVENT_H
#define PLM_CUSTODY_EVENT_H

#include "base/file.h"
#include "base/json.h"

#define PLM_NS_CUSTODY "https://ns.plimsoll.example/custody/"
#define PLM_EVENT_PREFIXES_MAX 64      /* namespace prefixes of one event */
#define PLM_EVENT_ITEMS_MAX 100000     /* members of one list of an event */
#define PLM_EVENT_BYTES_MAX (8u << 20) /* one event */
#define PLM_EVENT_ID_MAX 2048u         /* bytes of an eventID, an EPC, a place */
#define PLM_NS_PER_S 1000000000LL
#define PLM_DAY_NS (86400LL * PLM_NS_PER_S)
#define PLM_HASH_URI_MAX 96            /* "ni:///sha-256;…?ver=CBV2.0" and a NUL */

typedef struct plm_event_epc {
    const char *role;   /* list parent child input output */
    plm_str key, shown; /* see gs1.h; as written */
    plm_str quantity, uom; /* p NULL for an instance */
    uint64_t run_key, name_hash; /* by plm_ledger_prepare */
} plm_event_epc;

typedef struct plm_event_pair { /* party, paper, sensor, device, correction: see the fields' use */
    const char *dir;
    plm_str a, b, c;
} plm_event_pair;

typedef struct plm_event_pairs {
    plm_event_pair *v;
    size_t n;
} plm_event_pairs;

typedef struct plm_event {
    plm_str json;     /* the record: what is stored and what the log's leaf is made of */
    plm_str id;       /* eventID, else the hash URI */
    plm_str event_id; /* p NULL: none */
    unsigned char hash[PLM_SHA256_LEN];
    /* what plm_ledger_prepare makes: the log's leaf of json, the parts (parts.h), index keys */
    unsigned char leaf[PLM_SHA256_LEN];
    plm_str parts;
    uint64_t id_key, hash_key;
    bool declares; /* has an errorDeclaration */
    int64_t event_time, record_time; /* nanoseconds since 1970 UTC */
    bool has_record_time;
    int offset_min;
    plm_str type, action, biz_step, disposition; /* bare words; p NULL: none */
    plm_str read_point, biz_location, parent, replaces; /* keys; p NULL: none */
    plm_str read_point_shown, biz_location_shown;       /* as written */
    plm_event_epc *epcs;
    size_t epcs_n;
    plm_event_pairs parties;     /* dir source|destination, a type, b key, c as written */
    plm_event_pairs papers;      /* a type, b last segment, c URI */
    plm_event_pairs sensors;     /* a type, b value, c uom */
    plm_event_pairs devices;     /* a key, b device id */
    plm_event_pairs corrections; /* a event id */
} plm_event;

typedef struct plm_refusal {
    const char *code; /* malformed time future measure too_large conflict (static) */
    plm_str event_id; /* in the arena; p NULL: none */
    plm_fault f;      /* where: the field; say: what and the mend */
} plm_refusal;

/* What surrounds an event: the document's @context and ignoreFields, both may be NULL. */
typedef struct plm_event_frame {
    const plm_json *context, *ignore;
    plm_str text; /* the event's own bytes, kept as the record; p NULL: it is written anew */
    int64_t now;  /* the store's clock, ns since 1970 */
} plm_event_frame;

/* Reads v; false and r filled when the event is refused. */
bool plm_event_read(const plm_json *v, const plm_event_frame *frame, plm_arena *a, plm_event *e,
                    plm_refusal *r);
/* Only the hash (no check of times and fields). */
bool plm_event_hash(const plm_json *v, const plm_event_frame *frame, plm_arena *a,
                    unsigned char out[PLM_SHA256_LEN], plm_fault *f);
/* Appends the canonical string that is hashed (CBV 2.0, 8.9.2). */
bool plm_event_prehash(const plm_json *v, const plm_event_frame *frame, plm_arena *a,
                       plm_buf *out, plm_fault *f);
void plm_event_hash_uri(const unsigned char hash[PLM_SHA256_LEN], char out[PLM_HASH_URI_MAX]);

/* ISO 8601 with zone to ns since 1970; offset_min may be NULL. */
bool plm_time_parse(plm_str s, int64_t *ns, int *offset_min);
/* "2025-04-06T12:51:57Z" with the fraction's digits where there are any; and a NUL. */
void plm_time_print(int64_t ns, char out[40]);
/* The same instant as said at an offset: "…+08:00". */
void plm_time_print_at(int64_t ns, int offset_min, char out[40]);
/* The system's clock: the one place that reads it. */
int64_t plm_time_now(void);

/* The bare word of a CBV word, URN, CURIE or web URI; any other URI as it is. */
plm_str plm_event_word(plm_str s);
/* The last segment of a URI: after the last / or : or #. */
plm_str plm_uri_last(plm_str uri);
/* Writes v as compact JSON. */
void plm_event_write_json(plm_jw *w, const plm_json *v);

#endif
