/* epcis_xml.c: EPCIS 2.0 XML, read with expat into a small tree and written as the JSON-LD document
 * that says the same.  Entity declarations are refused (no expansion is ever done), depth and size
 * are limited.  Namespaces get prefixes of our own, x1, x2 …, so that a word such as "example:Ghi"
 * inside a value, which XML does not resolve, stays as it is. */
#include "custody/epcis.h"

#include <expat.h>
#include <stdio.h>
#include <string.h>

#define NS_SEP '\x01'
#define XML_ARENA_MAX ((size_t)1 << 30)

typedef struct node {
    plm_str name, text; /* name: URI NS_SEP local, or local */
    struct node *kids, *last, *next, *attrs;
} node;

typedef struct builder {
    XML_Parser parser;
    plm_arena *a;
    node *root, *open[PLM_EPCIS_XML_DEPTH_MAX];
    plm_buf texts[PLM_EPCIS_XML_DEPTH_MAX]; /* the text of each open element */
    int depth;
    const char *refused;
} builder;

typedef struct writer {
    plm_jw w;
    plm_str ns[PLM_EPCIS_XML_NAMESPACES_MAX];
    size_t ns_n;
    bool too_many;
} writer;

static void stop(builder *b, const char *why) {
    if (!b->refused) b->refused = why;
    XML_StopParser(b->parser, XML_FALSE);
}

static node *node_new(builder *b, const char *name) {
    node *n = plm_arena_alloc(b->a, sizeof *n);
    if (n) n->name = plm_arena_copy(b->a, plm_str_c(name));
    if (!n || !n->name.p) {
        stop(b, "the document is too large");
        return NULL;
    }
    n->text = PLM_STR("");
    return n;
}

static void on_open(void *ctx, const XML_Char *name, const XML_Char **attrs) {
    builder *b = ctx;
    if (b->depth == PLM_EPCIS_XML_DEPTH_MAX) {
        stop(b, "elements are nested too deep");
        return;
    }
    node *n = node_new(b, name);
    if (!n) return;
    node *tail = NULL;
    for (size_t i = 0; attrs[i]; i += 2) {
        node *at = node_new(b, attrs[i]);
        if (!at) return;
        at->text = plm_arena_copy(b->a, plm_str_c(attrs[i + 1]));
        if (tail) tail->next = at;
        else n->attrs = at;
        tail = at;
    }
    if (b->depth == 0) {
        b->root = n;
    } else {
        node *up = b->open[b->depth - 1];
        if (up->last) up->last->next = n;
        else up->kids = n;
        up->last = n;
    }
    plm_buf_clear(&b->texts[b->depth]);
    b->open[b->depth++] = n;
}

static void on_close(void *ctx, const XML_Char *name) {
    builder *b = ctx;
    (void)name;
    if (b->depth == 0) return;
    b->depth--;
    node *n = b->open[b->depth];
    n->text = plm_arena_copy(b->a, plm_str_trim(plm_buf_str(&b->texts[b->depth])));
    if (!n->text.p) stop(b, "the document is too large");
}

static void on_text(void *ctx, const XML_Char *s, int n) {
    builder *b = ctx;
    if (b->depth == 0 || b->open[b->depth - 1]->kids) return; /* text among elements has no use */
    if (!plm_buf_put(&b->texts[b->depth - 1], s, (size_t)n)) stop(b, "a text is too long");
}

static void on_entity(void *ctx, const XML_Char *name, int parameter, const XML_Char *value, int n,
                      const XML_Char *base, const XML_Char *system, const XML_Char *public_id,
                      const XML_Char *notation) {
    (void)name, (void)parameter, (void)value, (void)n, (void)base, (void)system, (void)public_id;
    (void)notation;
    stop(ctx, "declares an entity: entities are never expanded, write the text out");
}

static plm_str local_of(plm_str name) {
    const char *q = name.n ? memchr(name.p, NS_SEP, name.n) : NULL;
    return q ? (plm_str){q + 1, name.n - (size_t)(q - name.p) - 1} : name;
}

static plm_str space_of(plm_str name) {
    const char *q = name.n ? memchr(name.p, NS_SEP, name.n) : NULL;
    return q ? (plm_str){name.p, (size_t)(q - name.p)} : (plm_str){"", 0};
}

static bool is_schema_attr(plm_str name) {
    plm_str s = space_of(name);
    return plm_str_is(s, "http://www.w3.org/2001/XMLSchema-instance") ||
           plm_str_is(s, "http://www.w3.org/XML/1998/namespace");
}

static bool is_wrapper(const node *n) {
    return plm_str_is(n->name, "extension") || plm_str_is(n->name, "baseExtension");
}

static bool is_nil(const node *n) {
    for (const node *a = n->attrs; a; a = a->next)
        if (is_schema_attr(a->name) && plm_str_is(local_of(a->name), "nil"))
            return plm_str_is(a->text, "true") || plm_str_is(a->text, "1");
    return false;
}

/* Hoists what stands inside extension and baseExtension, which 1.x documents wrap. */
static void unwrap(node *n) {
    node **at = &n->kids;
    while (*at) {
        node *k = *at;
        unwrap(k);
        if (!is_wrapper(k)) {
            at = &k->next;
            continue;
        }
        if (!k->kids) {
            *at = k->next;
            continue;
        }
        node *tail = k->kids;
        while (tail->next) tail = tail->next;
        tail->next = k->next;
        *at = k->kids;
    }
}

/* The member's name: local, or xN:local with its namespace noted. */
static void put_name(writer *w, plm_str name, plm_buf *out) {
    plm_str space = space_of(name), local = local_of(name);
    size_t i = 0;
    if (plm_str_is(space, PLM_NS_CUSTODY)) {
        plm_buf_printf(out, "plm:%.*s", PLM_FMT(local));
        return;
    }
    if (space.n) {
        while (i < w->ns_n && !plm_str_eq(w->ns[i], space)) i++;
        if (i == w->ns_n && i < PLM_EPCIS_XML_NAMESPACES_MAX) w->ns[w->ns_n++] = space;
        if (i == PLM_EPCIS_XML_NAMESPACES_MAX) w->too_many = true;
        plm_buf_printf(out, "x%zu:", i + 1);
    }
    plm_buf_put(out, local.p, local.n);
}

static void put_key(writer *w, plm_str name) {
    plm_buf b;
    plm_buf_init(&b, 1u << 20);
    put_name(w, name, &b);
    plm_jw_str(&w->w, plm_buf_str(&b));
    plm_buf_putc(w->w.b, ':');
    w->w.comma = false;
    plm_buf_free(&b);
}

static bool json_number(plm_str s) {
    plm_fault quiet = {0};
    if (!s.n || s.n > 64 || !(s.p[0] == '-' || (s.p[0] >= '0' && s.p[0] <= '9'))) return false;
    plm_doc *d = plm_doc_parse(s, 0, &quiet);
    bool ok = d && plm_json_is_num(plm_doc_root(d));
    plm_doc_free(d);
    return ok;
}

static bool is_measure(plm_str name) {
    static const char *const names[] = {"quantity", "value", "minValue", "maxValue", "meanValue",
                                        "sDev", "percRank", "percValue", NULL};
    for (size_t i = 0; names[i]; i++)
        if (plm_str_is(name, names[i])) return true;
    return false;
}

static void put_scalar(writer *w, plm_str name, plm_str text) {
    if (is_measure(name) && json_number(text)) plm_jw_raw(&w->w, text);
    else if (plm_str_is(name, "booleanValue") && plm_str_is(text, "true")) plm_jw_bool(&w->w, true);
    else if (plm_str_is(name, "booleanValue") && plm_str_is(text, "false")) plm_jw_bool(&w->w,
        false);
    else plm_jw_str(&w->w, text);
}

static void put_any(writer *w, const node *n);

static bool seen_before(const node *first, const node *n) {
    for (const node *k = first; k != n; k = k->next)
        if (plm_str_eq(k->name, n->name)) return true;
    return false;
}

static bool seen_after(const node *n) {
    for (const node *k = n->next; k; k = k->next)
        if (plm_str_eq(k->name, n->name)) return true;
    return false;
}

/* Attributes and children as members; a name that comes again makes an array. */
static void put_members(writer *w, const node *n) {
    for (const node *a = n->attrs; a; a = a->next) {
        if (is_schema_attr(a->name)) continue;
        put_key(w, a->name);
        put_scalar(w, a->name, a->text);
    }
    for (const node *k = n->kids; k; k = k->next) {
        if (is_nil(k) || seen_before(n->kids, k)) continue;
        put_key(w, k->name);
        if (!seen_after(k)) {
            put_any(w, k);
            continue;
        }
        plm_jw_arr(&w->w);
        for (const node *m = k; m; m = m->next)
            if (plm_str_eq(m->name, k->name)) put_any(w, m);
        plm_jw_end_arr(&w->w);
    }
}

static void put_object(writer *w, const node *n) {
    plm_jw_obj(&w->w);
    put_members(w, n);
    plm_jw_end_obj(&w->w);
}

static bool has_members(const node *n) {
    for (const node *a = n->attrs; a; a = a->next)
        if (!is_schema_attr(a->name)) return true;
    return n->kids != NULL;
}

static void put_any(writer *w, const node *n) {
    if (!has_members(n)) {
        put_scalar(w, n->name, n->text);
        return;
    }
    plm_jw_obj(&w->w);
    if (n->text.n && !n->kids) plm_jw_kstr(&w->w, "#text", n->text);
    put_members(w, n);
    plm_jw_end_obj(&w->w);
}

static void put_texts(writer *w, const node *n) {
    plm_jw_arr(&w->w);
    for (const node *k = n->kids; k; k = k->next) plm_jw_str(&w->w, k->text);
    plm_jw_end_arr(&w->w);
}

static void put_objects(writer *w, const node *n) {
    plm_jw_arr(&w->w);
    for (const node *k = n->kids; k; k = k->next) put_object(w, k);
    plm_jw_end_arr(&w->w);
}

/* <source type="T">V</source> is {"type": T, "source": V}. */
static void put_typed(writer *w, const node *n) {
    plm_jw_arr(&w->w);
    for (const node *k = n->kids; k; k = k->next) {
        plm_jw_obj(&w->w);
        put_members(w, k);
        put_key(w, local_of(k->name));
        plm_jw_str(&w->w, k->text);
        plm_jw_end_obj(&w->w);
    }
    plm_jw_end_arr(&w->w);
}

static void put_declaration(writer *w, const node *n) {
    plm_jw_obj(&w->w);
    for (const node *k = n->kids; k; k = k->next) {
        if (seen_before(n->kids, k)) continue;
        put_key(w, k->name);
        if (plm_str_is(k->name, "correctiveEventIDs")) put_texts(w, k);
        else put_any(w, k);
    }
    plm_jw_end_obj(&w->w);
}

static void put_disposition(writer *w, const node *n) {
    static const char *const names[] = {"set", "unset"};
    plm_jw_obj(&w->w);
    for (size_t i = 0; i < 2; i++) {
        plm_jw_key(&w->w, names[i]);
        plm_jw_arr(&w->w);
        for (const node *k = n->kids; k; k = k->next)
            if (plm_str_is(k->name, names[i])) plm_jw_str(&w->w, k->text);
        plm_jw_end_arr(&w->w);
    }
    plm_jw_end_obj(&w->w);
}

static void put_sensors(writer *w, const node *n) {
    plm_jw_arr(&w->w);
    for (const node *e = n->kids; e; e = e->next) {
        bool reports = false;
        plm_jw_obj(&w->w);
        for (const node *k = e->kids; k; k = k->next) {
            if (plm_str_is(k->name, "sensorReport")) {
                if (!reports) {
                    put_key(w, k->name);
                    plm_jw_arr(&w->w);
                    for (const node *m = k; m; m = m->next)
                        if (plm_str_eq(m->name, k->name)) put_object(w, m);
                    plm_jw_end_arr(&w->w);
                }
                reports = true;
            } else if (!seen_before(e->kids, k)) {
                put_key(w, k->name);
                if (plm_str_is(k->name, "sensorMetadata")) put_object(w, k);
                else if (!seen_after(k)) put_any(w, k);
                else {
                    plm_jw_arr(&w->w);
                    for (const node *m = k; m; m = m->next)
                        if (plm_str_eq(m->name, k->name)) put_any(w, m);
                    plm_jw_end_arr(&w->w);
                }
            }
        }
        plm_jw_end_obj(&w->w);
    }
    plm_jw_end_arr(&w->w);
}

static const struct {
    const char *name;
    void (*put)(writer *, const node *);
} shapes[] = {
    {"epcList", put_texts},          {"childEPCs", put_texts},
    {"inputEPCList", put_texts},     {"outputEPCList", put_texts},
    {"quantityList", put_objects},   {"childQuantityList", put_objects},
    {"inputQuantityList", put_objects}, {"outputQuantityList", put_objects},
    {"bizTransactionList", put_typed}, {"sourceList", put_typed},
    {"destinationList", put_typed},  {"errorDeclaration", put_declaration},
    {"persistentDisposition", put_disposition}, {"sensorElementList", put_sensors},
    {"readPoint", put_object},       {"bizLocation", put_object}, {"ilmd", put_object},
};

static void put_event(writer *w, const node *n) {
    plm_jw_obj(&w->w);
    plm_jw_kstr(&w->w, "type", local_of(n->name));
    for (const node *k = n->kids; k; k = k->next) {
        size_t i = 0, shapes_n = sizeof shapes / sizeof shapes[0];
        if (is_nil(k) || seen_before(n->kids, k)) continue;
        while (i < shapes_n && !plm_str_is(k->name, shapes[i].name)) i++;
        put_key(w, k->name);
        if (i < shapes_n) {
            shapes[i].put(w, k);
        } else if (!seen_after(k)) {
            put_any(w, k);
        } else {
            plm_jw_arr(&w->w);
            for (const node *m = k; m; m = m->next)
                if (plm_str_eq(m->name, k->name)) put_any(w, m);
            plm_jw_end_arr(&w->w);
        }
    }
    plm_jw_end_obj(&w->w);
}

static const node *find_list(const node *n) {
    if (plm_str_is(local_of(n->name), "EventList")) return n;
    for (const node *k = n->kids; k; k = k->next) {
        const node *found = find_list(k);
        if (found) return found;
    }
    return NULL;
}

static const node *find_ignored(const node *root) {
    for (const node *k = root->kids; k; k = k->next)
        if (plm_str_is(local_of(k->name), "ignoreFields") && space_of(k->name).n) return k;
    return NULL;
}

/* The events come first, so that every namespace is known when the context is written. */
static bool put_document(const node *root, plm_buf *out, plm_fault *f) {
    const node *list = find_list(root), *ignored = find_ignored(root);
    plm_str kind = local_of(root->name);
    if (!list || (!plm_str_is(kind, "EPCISDocument") && !plm_str_is(kind, "EPCISQueryDocument")))
        return plm_fail(f, PLM_BAD_INPUT, "is no EPCIS document with an EventList");
    writer *w = plm_mem_resize(NULL, sizeof *w);
    if (!w) return plm_fail(f, PLM_NO_MEMORY, "out of memory");
    *w = (writer){.w = plm_jw_into(out)};
    plm_jw_obj(&w->w);
    plm_jw_kcstr(&w->w, "type", "EPCISDocument");
    plm_jw_key(&w->w, "epcisBody");
    plm_jw_obj(&w->w);
    plm_jw_key(&w->w, "eventList");
    plm_jw_arr(&w->w);
    for (const node *e = list->kids; e; e = e->next) put_event(w, e);
    plm_jw_end_arr(&w->w);
    plm_jw_end_obj(&w->w);
    if (ignored) {
        plm_jw_key(&w->w, "plm:ignoreFields");
        plm_jw_arr(&w->w);
        for (const node *k = ignored->kids; k; k = k->next) {
            plm_buf b;
            plm_buf_init(&b, 1u << 20);
            put_name(w, k->name, &b);
            plm_jw_str(&w->w, plm_buf_str(&b));
            plm_buf_free(&b);
        }
        plm_jw_end_arr(&w->w);
    }
    if (w->ns_n) {
        plm_jw_key(&w->w, "@context");
        plm_jw_obj(&w->w);
        for (size_t i = 0; i < w->ns_n; i++) {
            char prefix[24];
            snprintf(prefix, sizeof prefix, "x%zu", i + 1);
            plm_jw_kstr(&w->w, prefix, w->ns[i]);
        }
        plm_jw_end_obj(&w->w);
    }
    plm_jw_end_obj(&w->w);
    bool ok = !w->too_many && !out->full;
    plm_mem_free(w);
    return ok || plm_fail(f, PLM_OUT_OF_RANGE, "the document is too large or names more than %d "
                          "namespaces", PLM_EPCIS_XML_NAMESPACES_MAX);
}

static bool parse(builder *b, plm_str xml, plm_fault *f) {
    XML_SetUserData(b->parser, b);
    XML_SetElementHandler(b->parser, on_open, on_close);
    XML_SetCharacterDataHandler(b->parser, on_text);
    XML_SetEntityDeclHandler(b->parser, on_entity);
    if (xml.n > PLM_EPCIS_DOCUMENT_MAX) return plm_fail(f, PLM_OUT_OF_RANGE, "is too long");
    if (XML_Parse(b->parser, xml.p, (int)xml.n, 1) == XML_STATUS_OK) return true;
    return plm_fail_at(f, PLM_BAD_INPUT, "", (uint32_t)XML_GetCurrentLineNumber(b->parser),
                       (uint32_t)XML_GetCurrentColumnNumber(b->parser) + 1, "%s",
                       b->refused ? b->refused : XML_ErrorString(XML_GetErrorCode(b->parser)));
}

bool plm_epcis_xml_to_json(plm_str xml, plm_buf *out, plm_fault *f) {
    builder b = {.a = plm_arena_new(XML_ARENA_MAX), .parser = XML_ParserCreateNS(NULL, NS_SEP)};
    bool ok = false;
    for (int i = 0; i < PLM_EPCIS_XML_DEPTH_MAX; i++) plm_buf_init(&b.texts[i],
        PLM_EVENT_BYTES_MAX);
    if (!b.a || !b.parser) plm_fail(f, PLM_NO_MEMORY, "out of memory");
    else if (parse(&b, xml, f) && b.root) {
        unwrap(b.root);
        ok = put_document(b.root, out, f);
    }
    for (int i = 0; i < PLM_EPCIS_XML_DEPTH_MAX; i++) plm_buf_free(&b.texts[i]);
    if (b.parser) XML_ParserFree(b.parser);
    plm_arena_free(b.a);
    return ok;
}
