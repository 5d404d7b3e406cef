/* parts.h: the lists of an event (EPCs, parties, papers, sensors, devices, corrections) packed into
 * one value, so that an event is one row of the store.  A part is its letter, its count of fields
 * and the fields, each after its length + 1 in base 128 (0: the field is NULL). */
#ifndef PLM_CUSTODY_PARTS_H
#define PLM_CUSTODY_PARTS_H

#include "custody/event.h"

#define PLM_PART_FIELDS_MAX 4u
#define PLM_PARTS_MAX (64u << 20) /* bytes of one event's parts */

typedef enum plm_part_kind {
    PLM_PART_LIST = 'l',   /* EPCs: key, quantity, uom; the role is the kind */
    PLM_PART_PARENT = 'p',
    PLM_PART_CHILD = 'c',
    PLM_PART_INPUT = 'i',
    PLM_PART_OUTPUT = 'o',
    PLM_PART_SOURCE = 's', /* parties: type, key */
    PLM_PART_DESTINATION = 'd',
    PLM_PART_PAPER = 'b',  /* type, last segment, URI */
    PLM_PART_SENSOR = 'm', /* type, value, uom */
    PLM_PART_DEVICE = 'x', /* key, device id */
    PLM_PART_CORRECTION = 'r' /* event id */
} plm_part_kind;

typedef struct plm_part {
    char kind;
    plm_str f[PLM_PART_FIELDS_MAX]; /* what is not there has p NULL */
} plm_part;

/* Appends the parts of e in their order; false when out is full. */
bool plm_parts_pack(const plm_event *e, plm_buf *out);
/* Takes the next part off rest; false at the end or where the bytes are no part (rest->n is above
 * 0 then). */
bool plm_parts_next(plm_str *rest, plm_part *out);
bool plm_part_is_epc(const plm_part *p);
/* False, with a fault that names the event, unless rest was read to its end and there was one:
 * what is left of damaged parts is never taken for all of them. */
bool plm_parts_whole(plm_str rest, bool null, int64_t event, plm_fault *f);

#endif
