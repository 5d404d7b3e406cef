/* prehash.c: the canonical string of an event and its CBV 2.0 hash (CBV 2.0, section 8.9.2).
 *
 * Where the text of the standard and the published vectors part, the vectors hold: the lists of
 * transactions, sources and destinations stand after the sensors, in the order of their names,
 * among ilmd and the extensions; the type of such a pair stands before its value; a member that a
 * sensor report knows nothing of stands at the end, below the names of what holds it. */
#include "custody/event.h"
#include "custody/gs1.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PREHASH_BYTES_MAX (64u << 20)
#define SCRATCH_BYTES 8192u /* a key of any URI that is one */

typedef struct pre {
    plm_arena *a;
    plm_buf scratch;
    struct { plm_str prefix, iri; } ns[PLM_EVENT_PREFIXES_MAX];
    size_t ns_n;
    const plm_json *ignore[2];
    bool short_of_room;
} pre;

typedef struct parts { /* strings to be sorted and joined */
    plm_str *v;
    size_t n, cap;
} parts;

typedef enum value_kind { V_PLAIN, V_TIME, V_STEP, V_DISP, V_BTT, V_SDT, V_VOC, V_COMP } value_kind;

static const char *const bases[] = {
    [V_STEP] = "https://ref.gs1.org/cbv/BizStep-", [V_DISP] = "https://ref.gs1.org/cbv/Disp-",
    [V_BTT] = "https://ref.gs1.org/cbv/BTT-",      [V_SDT] = "https://ref.gs1.org/cbv/SDT-",
    [V_VOC] = "https://gs1.org/voc/",              [V_COMP] = "https://ref.gs1.org/cbv/Comp-"};

static const char *const urns[][2] = {
    {"urn:epcglobal:cbv:bizstep:", "https://ref.gs1.org/cbv/BizStep-"},
    {"urn:epcglobal:cbv:disp:", "https://ref.gs1.org/cbv/Disp-"},
    {"urn:epcglobal:cbv:btt:", "https://ref.gs1.org/cbv/BTT-"},
    {"urn:epcglobal:cbv:sdt:", "https://ref.gs1.org/cbv/SDT-"},
    {"urn:epcglobal:cbv:er:", "https://ref.gs1.org/cbv/ER-"}};

static plm_str keep(pre *p, plm_str s) {
    plm_str k = plm_arena_copy(p->a, s);
    if (!k.p) p->short_of_room = true;
    return k.p ? k : (plm_str){"", 0};
}

static plm_str join2(pre *p, plm_str a, plm_str b) {
    char *q = plm_arena_alloc(p->a, a.n + b.n + 1);
    if (!q) {
        p->short_of_room = true;
        return (plm_str){"", 0};
    }
    if (a.n) memcpy(q, a.p, a.n);
    if (b.n) memcpy(q + a.n, b.p, b.n);
    return (plm_str){q, a.n + b.n};
}

static void parts_add(pre *p, parts *l, plm_str s) {
    if (!s.n) return;
    if (l->n == l->cap) {
        size_t cap = l->cap ? l->cap * 2 : 8;
        plm_str *v = plm_arena_array(p->a, cap, sizeof *v);
        if (!v) {
            p->short_of_room = true;
            return;
        }
        if (l->n) memcpy(v, l->v, l->n * sizeof *v);
        l->v = v;
        l->cap = cap;
    }
    l->v[l->n++] = s;
}

static int by_bytes(const void *a, const void *b) { return plm_str_cmp(*(const plm_str *)a,
    *(const plm_str *)b); }

/* head, then the parts in order of their bytes; empty when there is no part and no head text. */
static plm_str parts_join(pre *p, plm_str head, parts *l, bool even_alone) {
    size_t n = head.n, at = head.n;
    if (!l->n) return even_alone ? head : (plm_str){"", 0};
    qsort(l->v, l->n, sizeof *l->v, by_bytes);
    for (size_t i = 0; i < l->n; i++) n += l->v[i].n;
    char *q = plm_arena_alloc(p->a, n + 1);
    if (!q) {
        p->short_of_room = true;
        return (plm_str){"", 0};
    }
    if (head.n) memcpy(q, head.p, head.n);
    for (size_t i = 0; i < l->n; at += l->v[i++].n) memcpy(q + at, l->v[i].p, l->v[i].n);
    return (plm_str){q, n};
}

static const plm_str *ns_find(const pre *p, plm_str prefix) {
    for (size_t i = p->ns_n; i-- > 0;)
        if (plm_str_eq(p->ns[i].prefix, prefix)) return &p->ns[i].iri;
    return NULL;
}

static void ns_add(pre *p, plm_str prefix, plm_str iri) {
    if (p->ns_n < PLM_EVENT_PREFIXES_MAX && prefix.n && prefix.p[0] != '@' && iri.n) {
        p->ns[p->ns_n].prefix = prefix;
        p->ns[p->ns_n++].iri = iri;
    }
}

static void ns_read_obj(pre *p, const plm_json *o) {
    plm_json_pairs(o, it, k, v) {
        const plm_json *iri = plm_json_is_obj(v) ? plm_json_get(v, "@id") : v;
        if (iri && plm_json_is_str(iri)) ns_add(p, plm_json_text(k), plm_json_text(iri));
    }
}

static void ns_read(pre *p, const plm_json *context) {
    if (!context) return;
    if (plm_json_is_obj(context)) ns_read_obj(p, context);
    if (!plm_json_is_arr(context)) return;
    plm_json_each(context, it, c) if (plm_json_is_obj(c)) ns_read_obj(p, c);
}

/* prefix:local with a known prefix; "//" after the colon makes it a URI. */
static bool curie(const pre *p, plm_str s, plm_str *iri, plm_str *local) {
    const char *q = s.n ? memchr(s.p, ':', s.n) : NULL;
    if (!q) return false;
    plm_str prefix = {s.p, (size_t)(q - s.p)};
    *local = (plm_str){q + 1, s.n - prefix.n - 1};
    if (local->n >= 2 && local->p[0] == '/' && local->p[1] == '/') return false;
    const plm_str *found = ns_find(p, prefix);
    if (found) *iri = *found;
    return found != NULL;
}

/* {namespace}local for a member's name; a name without a known prefix as it is. */
static plm_str key_name(pre *p, plm_str key) {
    plm_str iri, local;
    if (!curie(p, key, &iri, &local)) return keep(p, key);
    return join2(p, join2(p, join2(p, PLM_STR("{"), iri), PLM_STR("}")), local);
}

static bool is_number(plm_str s) {
    size_t i = s.n && (s.p[0] == '-' || s.p[0] == '+'), digits = 0;
    for (; i < s.n && s.p[i] >= '0' && s.p[i] <= '9'; i++) digits++;
    if (i < s.n && s.p[i] == '.')
        for (i++; i < s.n && s.p[i] >= '0' && s.p[i] <= '9'; i++) digits++;
    if (!digits || digits > 300) return false;
    if (i == s.n) return true;
    if (s.p[i] != 'e' && s.p[i] != 'E') return false;
    i++;
    if (i < s.n && (s.p[i] == '-' || s.p[i] == '+')) i++;
    if (i == s.n || s.n - i > 3) return false;
    for (; i < s.n; i++)
        if (s.p[i] < '0' || s.p[i] > '9') return false;
    return true;
}

/* Numbers as the vectors write them: the binary double nearest, whole ones without a point, others
 * in the fewest digits that give it back (plain from 1e-4 to below 1e16). */
static plm_str number(pre *p, plm_str s) {
    char in[512], out[512];
    if (s.n >= sizeof in) return s;
    memcpy(in, s.p, s.n);
    in[s.n] = 0;
    double d = strtod(in, NULL);
    if (!isfinite(d)) return s;
    if (d == floor(d)) {
        snprintf(out, sizeof out, "%.0f", d == 0 ? 0.0 : d);
        return keep(p, plm_str_c(out));
    }
    int digits = 1;
    do snprintf(out, sizeof out, "%.*e", digits - 1, d);
    while (strtod(out, NULL) != d && digits++ < 17);
    int e = (int)strtol(strchr(out, 'e') + 1, NULL, 10);
    if (e >= -4 && e < 16) snprintf(out, sizeof out, "%.*f", digits - 1 - e, d);
    else snprintf(out, sizeof out, "%.*e", digits - 1, d);
    return keep(p, plm_str_c(out));
}

/* UTC to the millisecond, the third place rounded by the fourth. */
static plm_str instant(pre *p, plm_str s) {
    int64_t ns;
    char text[40];
    if (!plm_time_parse(s, &ns, NULL)) return s;
    int64_t unit = 1000000, rest = ((ns % unit) + unit) % unit;
    ns -= rest;
    if (rest >= unit / 2) ns += unit;
    int64_t part = ((ns % PLM_NS_PER_S) + PLM_NS_PER_S) % PLM_NS_PER_S;
    plm_time_print(ns - part, text); /* "2025-04-06T12:51:57Z" */
    int ms = (int)(part / unit);
    size_t n = strlen(text) - 1;
    text[n++] = '.';
    text[n++] = (char)('0' + ms / 100);
    text[n++] = (char)('0' + ms / 10 % 10);
    text[n++] = (char)('0' + ms % 10);
    text[n++] = 'Z';
    return keep(p, (plm_str){text, n});
}

static plm_str canon(pre *p, plm_str s, value_kind kind) {
    plm_str iri, local;
    s = plm_str_trim(s);
    if (kind == V_TIME) return instant(p, s);
    for (size_t i = 0; s.n > 8 && s.p[4] == 'e' && i < sizeof urns / sizeof urns[0]; i++)
        if (plm_str_starts(s, urns[i][0])) {
            size_t n = strlen(urns[i][0]);
            s = join2(p, plm_str_c(urns[i][1]), (plm_str){s.p + n, s.n - n});
        }
    if (curie(p, s, &iri, &local)) s = join2(p, iri, local);
    else if (kind != V_PLAIN && s.n && !memchr(s.p, ':', s.n)) s =
        join2(p, plm_str_c(bases[kind]), s);
    if (is_number(s)) return number(p, s);
    plm_buf_clear(&p->scratch);
    plm_buf_puts(&p->scratch, PLM_GS1_WEB);
    if (s.n > 8 && (s.p[0] == 'u' || s.p[0] == 'h') && plm_gs1_key(s, &p->scratch))
        return keep(p, plm_buf_str(&p->scratch));
    return s;
}

static plm_str scalar_text(const plm_json *v) {
    if (plm_json_is_bool(v)) return plm_json_true(v) ? PLM_STR("true") : PLM_STR("false");
    return plm_json_text(v);
}

static plm_str pair_text(pre *p, plm_str key, const plm_json *v, value_kind kind) {
    plm_str c = canon(p, scalar_text(v), kind);
    return c.n ? join2(p, join2(p, key, PLM_STR("=")), c) : (plm_str){"", 0};
}

static bool is_comment(plm_str k) {
    return plm_str_is(k, "rdfs:comment") || plm_str_is(k, "comment") || plm_str_is(k, "#text") ||
           plm_str_is(k, "@context");
}

/* Any member in the free form: name, "=" and value, and what is inside in order of its bytes. */
static void add_generic(pre *p, parts *l, plm_str key, const plm_json *v) {
    if (plm_json_is_arr(v)) {
        plm_json_each(v, it, m) add_generic(p, l, key, m);
        return;
    }
    if (plm_json_is_null(v)) return;
    plm_str name = key_name(p, key);
    if (!plm_json_is_obj(v)) {
        plm_str c = canon(p, scalar_text(v), V_PLAIN);
        parts_add(p, l, c.n ? join2(p, join2(p, name, PLM_STR("=")), c) : name);
        return;
    }
    parts inside = {0};
    const plm_json *text = plm_json_get(v, "#text");
    if (text) name = join2(p, join2(p, name, PLM_STR("=")), canon(p, scalar_text(text), V_PLAIN));
    plm_json_pairs(v, it, k, m) if (!is_comment(plm_json_text(k)))
        add_generic(p, &inside, plm_json_text(k), m);
    parts_add(p, l, parts_join(p, name, &inside, true));
}

typedef struct field {
    const char *name;
    value_kind kind;
} field;

static const field quantity_fields[] = {{"epcClass", V_PLAIN}, {"quantity", V_PLAIN},
    {"uom", V_PLAIN}, {NULL, 0}};
static const field point_fields[] = {{"id", V_PLAIN}, {NULL, 0}};
static const field disposition_fields[] = {{"set", V_DISP}, {"unset", V_DISP}, {NULL, 0}};
static const field metadata_fields[] = {
    {"time", V_TIME}, {"startTime", V_TIME}, {"endTime", V_TIME}, {"deviceID", V_PLAIN},
    {"deviceMetadata", V_PLAIN}, {"rawData", V_PLAIN}, {"dataProcessingMethod", V_PLAIN},
    {"bizRules", V_PLAIN}, {NULL, 0}};
static const field report_fields[] = {
    {"type", V_VOC}, {"exception", V_VOC}, {"deviceID", V_PLAIN}, {"deviceMetadata", V_PLAIN},
    {"rawData", V_PLAIN}, {"dataProcessingMethod", V_PLAIN}, {"time", V_TIME},
    {"microorganism", V_PLAIN}, {"chemicalSubstance", V_PLAIN}, {"value", V_PLAIN},
    {"component", V_COMP}, {"stringValue", V_PLAIN}, {"booleanValue", V_PLAIN},
    {"hexBinaryValue", V_PLAIN}, {"uriValue", V_PLAIN}, {"minValue", V_PLAIN},
    {"maxValue", V_PLAIN}, {"meanValue", V_PLAIN}, {"sDev", V_PLAIN}, {"percRank", V_PLAIN},
    {"percValue", V_PLAIN}, {"uom", V_PLAIN}, {"coordinateReferenceSystem", V_PLAIN}, {NULL, 0}};

static bool in_fields(const field *fields, plm_str k) {
    for (const field *f = fields; f->name; f++)
        if (plm_str_is(k, f->name)) return true;
    return false;
}

static plm_str field_text(pre *p, const field *f, const plm_json *v) {
    parts l = {0};
    if (!plm_json_is_arr(v)) return pair_text(p, plm_str_c(f->name), v, f->kind);
    plm_json_each(v, it, m) parts_add(p, &l, pair_text(p, plm_str_c(f->name), m, f->kind));
    return parts_join(p, (plm_str){"", 0}, &l, false);
}

/* head, the known fields in their order, the extensions (names with a prefix) in order of bytes.
 * Members that are neither go to rest. */
static plm_str object_text(pre *p, const char *head, const field *fields, const plm_json *v,
                           parts *rest) {
    plm_str out = {"", 0};
    parts ext = {0};
    if (!plm_json_is_obj(v)) {
        plm_str c = canon(p, scalar_text(v), V_PLAIN);
        return c.n ? join2(p, join2(p, plm_str_c(head), PLM_STR("=")), c) : c;
    }
    for (const field *f = fields; f->name; f++) {
        const plm_json *m = plm_json_get(v, f->name);
        if (m) out = out.n ? join2(p, out, field_text(p, f, m)) : field_text(p, f, m);
    }
    plm_json_pairs(v, it, k, m) {
        plm_str key = plm_json_text(k);
        if (in_fields(fields, key) || is_comment(key)) continue;
        if (memchr(key.p, ':', key.n)) add_generic(p, &ext, key, m);
        else add_generic(p, rest, key, m);
    }
    out = parts_join(p, out, &ext, true);
    return out.n ? join2(p, plm_str_c(head), out) : out;
}

static plm_str list_text(pre *p, const char *head, const char *item, const plm_json *v) {
    parts l = {0};
    if (plm_json_is_arr(v)) {
        plm_json_each(v, it, m) parts_add(p, &l, pair_text(p, plm_str_c(item), m, V_PLAIN));
    } else {
        parts_add(p, &l, pair_text(p, plm_str_c(item), v, V_PLAIN));
    }
    return parts_join(p, plm_str_c(head), &l, false);
}

static plm_str quantities_text(pre *p, const char *head, const plm_json *v) {
    parts l = {0}, rest = {0};
    if (!plm_json_is_arr(v)) return (plm_str){"", 0};
    plm_json_each(v, it, m)
        parts_add(p, &l, object_text(p, "quantityElement", quantity_fields, m, &rest));
    return parts_join(p, plm_str_c(head), &l, false);
}

/* One sensor element; what its parts do not know goes, below their names, to left. */
static plm_str element_text(pre *p, const plm_json *v, parts *left) {
    parts reports = {0}, ext = {0}, lost = {0};
    plm_str out = {"", 0};
    if (!plm_json_is_obj(v)) return out;
    plm_json_pairs(v, it, k, m) {
        plm_str key = plm_json_text(k);
        parts rest = {0};
        if (plm_str_is(key, "sensorMetadata")) {
            out = object_text(p, "sensorMetadata", metadata_fields, m, &rest);
            parts_add(p, &lost, parts_join(p, key, &rest, false));
        } else if (plm_str_is(key, "sensorReport") && plm_json_is_arr(m)) {
            plm_json_each(m, jt, r) {
                parts each = {0};
                parts_add(p, &reports, object_text(p, "sensorReport", report_fields, r, &each));
                parts_add(p, &lost, parts_join(p, key, &each, false));
            }
        } else if (plm_str_is(key, "sensorReport")) {
            parts_add(p, &reports, object_text(p, "sensorReport", report_fields, m, &rest));
            parts_add(p, &lost, parts_join(p, key, &rest, false));
        } else if (!is_comment(key) && !plm_str_is(key, "type")) {
            add_generic(p, &ext, key, m);
        }
    }
    out = parts_join(p, out, &reports, true);
    out = parts_join(p, out, &ext, true);
    parts_add(p, left, parts_join(p, PLM_STR("sensorElement"), &lost, false));
    return out.n ? join2(p, PLM_STR("sensorElement"), out) : out;
}

static plm_str sensors_text(pre *p, const plm_json *v, parts *rest) {
    parts l = {0}, left = {0};
    if (!plm_json_is_arr(v)) return (plm_str){"", 0};
    plm_json_each(v, it, m) parts_add(p, &l, element_text(p, m, &left));
    parts_add(p, rest, parts_join(p, PLM_STR("sensorElementList"), &left, false));
    return parts_join(p, PLM_STR("sensorElementList"), &l, false);
}

/* {type, bizTransaction|source|destination} pairs. */
static plm_str typed_text(pre *p, const char *head, const char *item, value_kind kind,
                          const plm_json *v) {
    parts l = {0};
    if (!plm_json_is_arr(v)) return (plm_str){"", 0};
    plm_json_each(v, it, m) {
        const plm_json *type = plm_json_get(m, "type"), *value = plm_json_get(m, item);
        plm_str t = type ? pair_text(p, PLM_STR("type"), type, kind) : (plm_str){"", 0};
        plm_str c = value ? pair_text(p, plm_str_c(item), value, V_PLAIN) : (plm_str){"", 0};
        parts_add(p, &l, t.n ? join2(p, t, c) : c);
    }
    return parts_join(p, plm_str_c(head), &l, false);
}

typedef enum shape { S_VALUE, S_EPCS, S_QUANTITIES, S_OBJECT, S_SENSORS } shape;

#define N(text) text, sizeof(text) - 1
static const struct {
    const char *name;
    size_t n; /* bytes of name */
    shape shape;
    value_kind kind;
    const field *fields;
} order[] = {
    {N("eventTime"), S_VALUE, V_TIME, NULL},
    {N("eventTimeZoneOffset"), S_VALUE, V_PLAIN, NULL},
    {N("certificationInfo"), S_VALUE, V_PLAIN, NULL},
    {N("parentID"), S_VALUE, V_PLAIN, NULL},
    {N("epcList"), S_EPCS, V_PLAIN, NULL},
    {N("inputEPCList"), S_EPCS, V_PLAIN, NULL},
    {N("childEPCs"), S_EPCS, V_PLAIN, NULL},
    {N("quantityList"), S_QUANTITIES, V_PLAIN, NULL},
    {N("childQuantityList"), S_QUANTITIES, V_PLAIN, NULL},
    {N("inputQuantityList"), S_QUANTITIES, V_PLAIN, NULL},
    {N("outputEPCList"), S_EPCS, V_PLAIN, NULL},
    {N("outputQuantityList"), S_QUANTITIES, V_PLAIN, NULL},
    {N("action"), S_VALUE, V_PLAIN, NULL},
    {N("transformationID"), S_VALUE, V_PLAIN, NULL},
    {N("bizStep"), S_VALUE, V_STEP, NULL},
    {N("disposition"), S_VALUE, V_DISP, NULL},
    {N("persistentDisposition"), S_OBJECT, V_PLAIN, disposition_fields},
    {N("readPoint"), S_OBJECT, V_PLAIN, point_fields},
    {N("bizLocation"), S_OBJECT, V_PLAIN, point_fields},
    {N("sensorElementList"), S_SENSORS, V_PLAIN, NULL},
};
#define ORDER_N (sizeof order / sizeof order[0])

static size_t order_find(plm_str k) {
    size_t i = 0;
    while (i < ORDER_N && !(k.n == order[i].n && memcmp(k.p, order[i].name, k.n) == 0)) i++;
    return i;
}

static plm_str standard_text(pre *p, size_t i, const plm_json *v, parts *rest) {
    field f = {order[i].name, order[i].kind};
    switch (order[i].shape) {
    case S_EPCS: return list_text(p, order[i].name, "epc", v);
    case S_QUANTITIES: return quantities_text(p, order[i].name, v);
    case S_SENSORS: return sensors_text(p, v, rest);
    case S_VALUE: return field_text(p, &f, v);
    case S_OBJECT: break;
    }
    parts lost = {0};
    plm_str s = object_text(p, order[i].name, order[i].fields, v, &lost);
    parts_add(p, rest, parts_join(p, plm_str_c(order[i].name), &lost, false));
    return s;
}

static bool listed(const plm_json *list, plm_str k) {
    if (!list || !plm_json_is_arr(list)) return list && plm_str_eq(plm_json_text(list), k);
    plm_json_each(list, it, m) if (plm_str_eq(plm_json_text(m), k)) return true;
    return false;
}

static bool ends_with(plm_str s, const char *tail) {
    size_t n = strlen(tail);
    return s.n >= n && memcmp(s.p + s.n - n, tail, n) == 0;
}

static bool left_out(const pre *p, plm_str k) {
    return plm_str_is(k, "recordTime") || plm_str_is(k, "eventID") || plm_str_is(k, "type") ||
           plm_str_is(k, "errorDeclaration") || is_comment(k) || ends_with(k, ":ignoreFields") ||
           listed(p->ignore[0], k) ||
           listed(p->ignore[1], k);
}

static void add_other(pre *p, parts *rest, plm_str key, const plm_json *v) {
    if (plm_str_is(key, "bizTransactionList"))
        parts_add(p, rest, typed_text(p, "bizTransactionList", "bizTransaction", V_BTT, v));
    else if (plm_str_is(key, "sourceList"))
        parts_add(p, rest, typed_text(p, "sourceList", "source", V_SDT, v));
    else if (plm_str_is(key, "destinationList"))
        parts_add(p, rest, typed_text(p, "destinationList", "destination", V_SDT, v));
    else
        add_generic(p, rest, key, v);
}

static void pre_init(pre *p, const plm_json *v, const plm_event_frame *frame, plm_arena *a) {
    p->a = a;
    p->ns_n = 0;
    p->short_of_room = false;
    p->ignore[0] = frame->ignore;
    p->ignore[1] = NULL;
    ns_add(p, PLM_STR("cbv"), PLM_STR("https://ref.gs1.org/cbv/"));
    ns_add(p, PLM_STR("gs1"), PLM_STR("https://gs1.org/voc/"));
    ns_add(p, PLM_STR("epcis"), PLM_STR("https://ref.gs1.org/epcis/"));
    ns_add(p, PLM_STR("cbvmda"), PLM_STR("urn:epcglobal:cbv:mda"));
    ns_add(p, PLM_STR("plm"), PLM_STR(PLM_NS_CUSTODY));
    ns_read(p, frame->context);
    ns_read(p, plm_json_get(v, "@context"));
    plm_json_pairs(v, it, k, m)
        if (ends_with(plm_json_text(k), ":ignoreFields")) p->ignore[1] = m;
}

bool plm_event_prehash(const plm_json *v, const plm_event_frame *frame, plm_arena *a,
                       plm_buf *out, plm_fault *f) {
    pre p;
    char scratch[SCRATCH_BYTES];
    parts rest = {0};
    const plm_json *members[ORDER_N] = {NULL};
    pre_init(&p, v, frame, a);
    p.scratch = (plm_buf){.p = scratch, .cap = sizeof scratch, .max = sizeof scratch};
    plm_json_pairs(v, it, k, m) {
        plm_str key = plm_json_text(k);
        size_t i = order_find(key);
        if (i < ORDER_N) members[i] = m;
        else if (!left_out(&p, key)) add_other(&p, &rest, key, m);
    }
    plm_str type = plm_json_text(plm_json_get(v, "type"));
    plm_buf_puts(out, "eventType=");
    plm_buf_put(out, type.p, type.n);
    for (size_t i = 0; i < ORDER_N; i++) {
        if (!members[i]) continue;
        plm_str s = standard_text(&p, i, members[i], &rest);
        plm_buf_put(out, s.p, s.n);
    }
    plm_str tail = parts_join(&p, (plm_str){"", 0}, &rest, false);
    plm_buf_put(out, tail.p, tail.n);
    if (p.short_of_room || out->full)
        return plm_fail(f, PLM_OUT_OF_RANGE, "the event is too large to hash");
    return true;
}

bool plm_event_hash(const plm_json *v, const plm_event_frame *frame, plm_arena *a,
                    unsigned char out[PLM_SHA256_LEN], plm_fault *f) {
    plm_buf b;
    plm_buf_init(&b, PREHASH_BYTES_MAX);
    plm_buf_room(&b, 1024); /* what most need, at once */
    bool ok = plm_event_prehash(v, frame, a, &b, f);
    if (ok) plm_sha256_of(plm_buf_str(&b), out);
    plm_buf_free(&b);
    return ok;
}

void plm_event_hash_uri(const unsigned char hash[PLM_SHA256_LEN], char out[PLM_HASH_URI_MAX]) {
    char hex[2 * PLM_SHA256_LEN + 1];
    plm_hex(hash, PLM_SHA256_LEN, hex);
    snprintf(out, PLM_HASH_URI_MAX, "ni:///sha-256;%s?ver=CBV2.0", hex);
}
