/* import_xml.c: XML one record at a time, through expat.
 * Invariants: 1 no entity is declared, none expanded, none fetched: a document that declares one
 * is refused; 2 depth, attributes, text and a record's memory are bounded; 3 the text of a
 * record lives until the callback returns.  Held by tests/unit/test_import.c and the fuzz
 * targets of the XML formats. */
#include "screen/import.h"

#include <expat.h>
#include <string.h>

#define XML_CHUNK ((size_t)1 << 20)

typedef struct reader {
    plm_import *im;
    XML_Parser parser;
    const char *const *records;
    plm_xml_record give;
    void *ctx;
    plm_arena *arena;
    plm_xml *now;      /* the innermost open element of a record, or NULL outside of one */
    plm_buf whole;     /* text of the record, in order; an element's own is copied at its end */
    unsigned depth;
    bool rooted, ok;
} reader;

static void stop(reader *r) {
    r->ok = false;
    XML_StopParser(r->parser, XML_FALSE);
}

static void refuse(reader *r, const char *why) {
    plm_import_bad(r->im, (uint32_t)XML_GetCurrentLineNumber(r->parser), NULL, "%s", why);
    stop(r);
}

static plm_str local(const char *name) {
    const char *colon = strrchr(name, ':');
    return plm_str_c(colon ? colon + 1 : name);
}

static plm_xml *element(reader *r, const XML_Char *name, const XML_Char **atts) {
    plm_xml *x = plm_arena_alloc(r->arena, sizeof *x);
    uint32_t n = 0;
    while (atts[n]) n++;
    if (n > 2 * PLM_XML_ATTRIBUTES_MAX || !x) return NULL;
    x->attributes = plm_arena_array(r->arena, n, sizeof *x->attributes);
    x->name = plm_arena_copy(r->arena, local(name));
    if ((n && !x->attributes) || !x->name.p) return NULL;
    x->attribute_n = n;
    for (uint32_t i = 0; i < n; i++) {
        x->attributes[i] = plm_arena_copy(r->arena, i % 2 ? plm_str_c(atts[i]) : local(atts[i]));
        if (!x->attributes[i].p) return NULL;
    }
    x->line = (uint32_t)XML_GetCurrentLineNumber(r->parser);
    return x;
}

static bool is_record(const reader *r, const XML_Char *name) {
    plm_str s = local(name);
    for (size_t i = 0; r->records[i]; i++)
        if (plm_str_is(s, r->records[i])) return true;
    return false;
}

static void XMLCALL on_start(void *p, const XML_Char *name, const XML_Char **atts) {
    reader *r = p;
    if (!r->ok) return;
    if (++r->depth > PLM_XML_DEPTH_MAX) {
        refuse(r, "elements within each other deeper than 64");
        return;
    }
    bool record = !r->now && is_record(r, name);
    if (!record && !r->now && r->rooted) return;
    plm_xml *x = element(r, name, atts);
    if (!x) {
        refuse(r, "a record is too large, or has too many attributes");
        return;
    }
    if (!r->rooted) {
        r->rooted = true;
        if (!r->give(r->im, r->ctx, x)) stop(r);
        if (!record) {
            plm_arena_reset(r->arena);
            return;
        }
    }
    x->parent = r->now;
    x->whole.n = r->whole.n; /* where its text begins; made a slice at its end */
    if (r->now) {
        if (r->now->last) r->now->last->next = x;
        else r->now->child = x;
        r->now->last = x;
    }
    r->now = x;
}

/* The element's own text: what of `whole` no child covered.  Most elements have no child. */
static bool own_text(reader *r, plm_xml *x) {
    size_t from = x->whole.n, n = r->whole.n - from;
    if (n > PLM_XML_TEXT_MAX) return false;
    x->whole = plm_arena_copy(r->arena, (plm_str){n ? r->whole.p + from : "", n});
    if (!x->whole.p) return false;
    x->whole = plm_str_trim(x->whole);
    x->text = x->child ? (plm_str){"", 0} : x->whole;
    return true;
}

static void XMLCALL on_end(void *p, const XML_Char *name) {
    reader *r = p;
    (void)name;
    if (!r->ok) return;
    r->depth--;
    plm_xml *x = r->now;
    if (!x) return;
    if (!own_text(r, x)) {
        refuse(r, "an element's text is too long");
        return;
    }
    r->now = x->parent;
    if (r->now) {
        bool line = plm_str_is_fold(x->name, "br") || plm_str_is_fold(x->name, "P");
        if (line) plm_buf_putc(&r->whole, '\n');
        else if (x->child || x->whole.n) plm_buf_putc(&r->whole, ' ');
        return;
    }
    r->im->rows++;
    if (!r->give(r->im, r->ctx, x)) stop(r);
    plm_arena_reset(r->arena);
    plm_buf_clear(&r->whole);
}

static void XMLCALL on_text(void *p, const XML_Char *s, int n) {
    reader *r = p;
    if (!r->ok || !r->now) return;
    size_t from = r->whole.n;
    if (!plm_buf_put(&r->whole, s, (size_t)n)) {
        refuse(r, "a record's text is too long");
        return;
    }
    for (size_t i = from; i < r->whole.n; i++) /* a line end of the file is no <br/> */
        if (r->whole.p[i] == '\n') r->whole.p[i] = ' ';
}

static void XMLCALL on_entity(void *p, const XML_Char *name, int parameter, const XML_Char *value,
                              int n, const XML_Char *base, const XML_Char *system,
                              const XML_Char *public_id, const XML_Char *notation) {
    (void)name, (void)parameter, (void)value, (void)n, (void)base, (void)system;
    (void)public_id, (void)notation;
    refuse(p, "it declares an entity; no publisher's list does, so it is refused");
}

static bool parse_all(reader *r) {
    plm_str s = r->im->text;
    for (size_t at = 0; r->ok;) {
        size_t n = s.n - at > XML_CHUNK ? XML_CHUNK : s.n - at;
        bool final = at + n == s.n;
        if (XML_Parse(r->parser, s.p + at, (int)n, final) != XML_STATUS_OK) {
            if (r->ok)
                plm_import_bad(r->im, (uint32_t)XML_GetCurrentLineNumber(r->parser), NULL,
                               "is no well-formed XML (%s): cut short or damaged; fetch it again",
                               XML_ErrorString(XML_GetErrorCode(r->parser)));
            return false;
        }
        at += n;
        if (final) break;
    }
    return r->ok;
}

bool plm_xml_read(plm_import *im, const char *const *records, plm_xml_record give, void *ctx) {
    reader r = {.im = im, .records = records, .give = give, .ctx = ctx, .ok = true};
    r.parser = XML_ParserCreate("UTF-8"); /* the text is UTF-8 by now, whatever it declares */
    r.arena = plm_arena_new(PLM_XML_RECORD_MAX);
    plm_buf_init(&r.whole, PLM_XML_RECORD_MAX);
    bool ok = r.parser && r.arena;
    if (!ok) plm_import_bad(im, 0, NULL, "not enough memory");
    if (ok) {
        XML_SetUserData(r.parser, &r);
        XML_SetElementHandler(r.parser, on_start, on_end);
        XML_SetCharacterDataHandler(r.parser, on_text);
        XML_SetEntityDeclHandler(r.parser, on_entity);
        ok = parse_all(&r);
    }
    if (r.parser) XML_ParserFree(r.parser);
    plm_arena_free(r.arena);
    plm_buf_free(&r.whole);
    return ok;
}

bool plm_xml_is(const plm_xml *x, const char *name) { return x && plm_str_is(x->name, name); }

const plm_xml *plm_xml_child(const plm_xml *x, const char *name) {
    for (const plm_xml *c = x ? x->child : NULL; c; c = c->next)
        if (plm_str_is(c->name, name)) return c;
    return NULL;
}

const plm_xml *plm_xml_next(const plm_xml *x, const char *name) {
    for (const plm_xml *c = x->next; c; c = c->next)
        if (plm_str_is(c->name, name)) return c;
    return NULL;
}

plm_str plm_xml_text(const plm_xml *x, const char *name) {
    const plm_xml *c = plm_xml_child(x, name);
    return c ? c->text : (plm_str){"", 0};
}

plm_str plm_xml_attribute(const plm_xml *x, const char *name) {
    for (uint32_t i = 0; x && i + 1 < x->attribute_n; i += 2)
        if (plm_str_is(x->attributes[i], name)) return x->attributes[i + 1];
    return (plm_str){"", 0};
}
