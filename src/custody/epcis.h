/* epcis.h: files of events: JSON-LD documents and query documents, the same in XML, JSON Lines of
 * bare events, told apart by their content. */
#ifndef PLM_CUSTODY_EPCIS_H
#define PLM_CUSTODY_EPCIS_H

#include "custody/event.h"

#define PLM_EPCIS_DOCUMENT_MAX (256u << 20) /* bytes of one document, or of one line */
#define PLM_EPCIS_XML_DEPTH_MAX 64
#define PLM_EPCIS_XML_NAMESPACES_MAX 60

/* One event of a file.  v is NULL for a line that is no JSON; then bad says why. */
typedef bool (*plm_event_sink)(void *ctx, uint64_t index, const plm_json *v,
                               const plm_event_frame *frame, const plm_fault *bad);

/* Gives every event of path ("-": standard input) to sink, in order.  False when the file is no
 * EPCIS at all (f says where and why) or when the sink gave false. */
bool plm_epcis_read_file(const char *path, int64_t now, plm_event_sink sink, void *ctx,
                         plm_fault *f);
/* The same; once the descriptor stop (0: none) can be read, waiting for more input is a fault. */
bool plm_epcis_read_until(const char *path, int stop, int64_t now, plm_event_sink sink, void *ctx,
                          plm_fault *f);
/* The same for bytes at hand. */
bool plm_epcis_read(plm_str text, int64_t now, plm_event_sink sink, void *ctx, plm_fault *f);
/* An EPCIS XML document as the JSON-LD document that says the same, appended to out. */
bool plm_epcis_xml_to_json(plm_str xml, plm_buf *out, plm_fault *f);

#endif
