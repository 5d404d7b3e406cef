/* epcis.c: tells the forms of a file of events apart and hands out the events.  A JSON Lines file
 * is read line by line, so that its size does not matter; documents are read whole. */
#include "custody/epcis.h"

#include <string.h>

typedef struct source {
    plm_event_sink sink;
    void *ctx;
    int64_t now;
    uint64_t index;
} source;

static bool is_document(const plm_json *v) {
    return plm_json_get(v, "epcisBody") || plm_json_get(v, "EPCISBody") ||
           plm_str_is(plm_json_text(plm_json_get(v, "type")), "EPCISDocument") ||
           plm_str_is(plm_json_text(plm_json_get(v, "type")), "EPCISQueryDocument");
}

static const plm_json *ignore_list(const plm_json *v) {
    if (!v || !plm_json_is_obj(v)) return NULL;
    plm_json_pairs(v, it, k, m) {
        plm_str key = plm_json_text(k);
        if (key.n >= 13 && memcmp(key.p + key.n - 13, ":ignoreFields", 13) == 0) return m;
    }
    return NULL;
}

/* A context that only names the EPCIS one adds nothing that a bare event lacks. */
static const plm_json *own_context(const plm_json *doc) {
    const plm_json *c = plm_json_get(doc, "@context");
    if (!c || plm_json_is_obj(c)) return c;
    if (!plm_json_is_arr(c)) return NULL;
    plm_json_each(c, it, m) if (plm_json_is_obj(m)) return c;
    return NULL;
}

static bool give_document(source *s, const plm_json *doc, plm_fault *f) {
    const plm_json *body = plm_json_get(doc, "epcisBody");
    const plm_json *results = plm_json_get(body, "queryResults"), *one =
        plm_json_get(body, "event");
    const plm_json *list = plm_json_get(body, "eventList");
    plm_event_frame frame = {own_context(doc), ignore_list(doc), {0}, s->now};
    if (!list && results) {
        list = plm_json_get(plm_json_get(results, "resultsBody"), "eventList");
        if (!frame.ignore) frame.ignore = ignore_list(results);
    }
    if (one) return s->sink(s->ctx, s->index++, one, &frame, NULL);
    if (!list || !plm_json_is_arr(list))
        return plm_fail(f, PLM_BAD_INPUT, "the document has no epcisBody.eventList");
    plm_json_each(list, it, v)
        if (!s->sink(s->ctx, s->index++, v, &frame, NULL)) return false;
    return true;
}

static bool give_document_text(source *s, plm_str text, plm_fault *f) {
    plm_doc *d = plm_doc_parse(text, PLM_EPCIS_DOCUMENT_MAX, f);
    if (!d) return false;
    const plm_json *root = plm_doc_root(d);
    bool ok;
    if (is_document(root)) {
        ok = give_document(s, root, f);
    } else if (plm_json_is_obj(root) && plm_json_get(root, "eventTime")) {
        plm_event_frame frame = {NULL, NULL, {0}, s->now};
        ok = s->sink(s->ctx, s->index++, root, &frame, NULL);
    } else {
        ok = plm_fail(f, PLM_BAD_INPUT, "is neither an EPCIS document nor JSON Lines of events");
    }
    plm_doc_free(d);
    return ok;
}

static bool give_xml(source *s, plm_str text, plm_fault *f) {
    plm_buf b;
    plm_buf_init(&b, 2 * (size_t)PLM_EPCIS_DOCUMENT_MAX);
    bool ok = plm_epcis_xml_to_json(text, &b, f) && give_document_text(s, plm_buf_str(&b), f);
    plm_buf_free(&b);
    return ok;
}

static bool give_line(source *s, plm_str line, uint64_t number) {
    plm_event_frame frame = {NULL, NULL, line, s->now};
    plm_fault f = {0};
    plm_doc *d = plm_doc_parse(line, PLM_EVENT_BYTES_MAX, &f);
    if (d) {
        bool ok = s->sink(s->ctx, s->index++, plm_doc_root(d), &frame, NULL);
        plm_doc_free(d);
        return ok;
    }
    f.line = (uint32_t)number;
    return s->sink(s->ctx, s->index++, NULL, &frame, &f);
}

static plm_str unmarked(plm_str s) { /* without a byte order mark and white space */
    if (s.n >= 3 && memcmp(s.p, "\xEF\xBB\xBF", 3) == 0) s = (plm_str){s.p + 3, s.n - 3};
    return plm_str_trim(s);
}

/* The first line that is not blank decides: whole JSON that is no document means JSON Lines; so
 * does a broken one that is closed and followed by another that opens. */
static bool first_is_event(plm_str first, plm_str second) {
    plm_fault quiet = {0};
    plm_doc *d = plm_doc_parse(first, PLM_EPCIS_DOCUMENT_MAX, &quiet);
    bool event = d ? !is_document(plm_doc_root(d))
                   : first.n && first.p[first.n - 1] == '}' && second.n && second.p[0] == '{';
    plm_doc_free(d);
    return event;
}

static bool next_text(plm_lines *l, plm_str *out, plm_fault *f) {
    int r;
    while ((r = plm_lines_next(l, f)) == 1) {
        *out = unmarked(plm_buf_str(&l->line));
        if (out->n) return true;
    }
    *out = (plm_str){0};
    return r == 0;
}

static bool rest_of(plm_lines *l, plm_buf *whole, plm_fault *f) {
    int r;
    while ((r = plm_lines_next(l, f)) == 1) {
        plm_str s = plm_buf_str(&l->line);
        if (!plm_buf_put(whole, s.p, s.n) || !plm_buf_putc(whole, '\n'))
            return plm_fail(f, PLM_OUT_OF_RANGE, "a document longer than %u bytes: split it",
                            PLM_EPCIS_DOCUMENT_MAX);
    }
    return r == 0;
}

/* whole holds the text so far, a line each; line breaks are kept so that places stay right. */
static bool give_rest_whole(source *s, plm_lines *l, plm_buf *whole, plm_fault *f) {
    if (!rest_of(l, whole, f)) return false;
    plm_str text = unmarked(plm_buf_str(whole));
    if (!text.n) return plm_fail(f, PLM_BAD_INPUT, "is empty: give events");
    return text.p[0] == '<' ? give_xml(s, text, f) : give_document_text(s, text, f);
}

static bool give_lines(source *s, plm_lines *l, plm_str first, plm_str second, uint64_t at1,
                       plm_fault *f) {
    plm_str line;
    if (!give_line(s, first, at1)) return false;
    if (second.n && !give_line(s, second, l->number)) return false;
    while (next_text(l, &line, f)) {
        if (!line.n) return true;
        if (!give_line(s, line, l->number)) return false;
    }
    return false;
}

static bool give_stream(source *s, plm_lines *l, plm_buf *head, plm_fault *f) {
    plm_str first, second = {0};
    if (!next_text(l, &first, f)) return false;
    uint64_t at1 = l->number;
    for (uint64_t i = 1; i < at1; i++) plm_buf_putc(head, '\n');
    size_t from = head->n, n = first.n;
    if (!plm_buf_put(head, first.p, n) || !plm_buf_putc(head, '\n'))
        return plm_fail(f, PLM_OUT_OF_RANGE, "a line longer than a document may be");
    if (n && first.p[0] == '{') {
        if (!next_text(l, &second, f)) return false;
        first = (plm_str){head->p + from, n};
        if (first_is_event(first, second)) return give_lines(s, l, first, second, at1, f);
        for (uint64_t i = at1 + 1; i < l->number; i++) plm_buf_putc(head, '\n');
        if (second.n) plm_buf_put(head, second.p, second.n);
        plm_buf_putc(head, '\n');
    }
    return give_rest_whole(s, l, head, f);
}

bool plm_epcis_read_file(const char *path, int64_t now, plm_event_sink sink, void *ctx,
                         plm_fault *f) {
    return plm_epcis_read_until(path, 0, now, sink, ctx, f);
}

bool plm_epcis_read_until(const char *path, int stop, int64_t now, plm_event_sink sink, void *ctx,
                          plm_fault *f) {
    source s = {sink, ctx, now, 0};
    plm_lines l;
    plm_buf head;
    if (!plm_lines_open(&l, path, PLM_EPCIS_DOCUMENT_MAX, f)) return false;
    l.stop = stop;
    plm_buf_init(&head, PLM_EPCIS_DOCUMENT_MAX);
    bool ok = give_stream(&s, &l, &head, f);
    plm_buf_free(&head);
    plm_lines_close(&l);
    return ok;
}

bool plm_epcis_read(plm_str text, int64_t now, plm_event_sink sink, void *ctx, plm_fault *f) {
    source s = {sink, ctx, now, 0};
    plm_str rest = text, line = {0}, second = {0};
    uint64_t number = 0;
    bool lines = false;
    text = unmarked(text);
    if (!text.n) return plm_fail(f, PLM_BAD_INPUT, "is empty: give events");
    if (text.p[0] == '<') return give_xml(&s, text, f);
    rest = text;
    while (rest.n) {
        const char *q = memchr(rest.p, '\n', rest.n);
        line = (plm_str){rest.p, q ? (size_t)(q - rest.p) : rest.n};
        rest = q ? (plm_str){q + 1, rest.n - line.n - 1} : (plm_str){rest.p, 0};
        number++;
        line = plm_str_trim(line);
        if (!line.n) continue;
        if (!lines) {
            second = plm_str_trim(rest);
            if (!first_is_event(line, second)) return give_document_text(&s, text, f);
            lines = true;
        }
        if (!give_line(&s, line, number)) return false;
    }
    return true;
}
