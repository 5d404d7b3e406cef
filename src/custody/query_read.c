/* query_read.c: parameters to terms.  Invariants: query.h. */
#include "custody/query.h"

#include "base/file.h"
#include "custody/event.h"
#include "custody/gs1.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define QUERY_ARENA_MAX ((size_t)16 << 20)

bool plm_equery_fail(plm_equery_error *e, const char *type, int status, const char *fmt, ...) {
    va_list ap;
    if (e->type) return false;
    e->type = type;
    e->status = status;
    va_start(ap, fmt);
    vsnprintf(e->say, sizeof e->say, fmt, ap);
    va_end(ap);
    return false;
}

static bool bad(plm_equery_error *e, plm_str name, const char *why) {
    return plm_equery_fail(e, "QueryParameterException", 400, "%.*s %s",
                          (int)(name.n > 80 ? 80 : name.n), name.n ? name.p : "", why);
}

void plm_equery_problem(const plm_equery_error *e, plm_buf *out) {
    char type[80];
    plm_jw w = plm_jw_into(out);
    snprintf(type, sizeof type, "epcisException:%s", e->type);
    plm_jw_obj(&w);
    plm_jw_kcstr(&w, "type", type);
    plm_jw_kcstr(&w, "title", "EPCIS query exception");
    plm_jw_kint(&w, "status", e->status);
    plm_jw_kcstr(&w, "detail", e->say);
    plm_jw_end_obj(&w);
}

/* ---- the parameters of fixed name */

#define WHAT "epcList,childEPCs"
#define ALL WHAT ",parentID,inputEPCList,outputEPCList"
#define QUANTITIES "quantityList.quantity,childQuantityList.quantity,inputQuantityList.quantity," \
                   "outputQuantityList.quantity"
#define META(x) "sensorElementList.sensorMetadata." x ",sensorElementList.sensorReport." x

static const struct {
    const char *name;
    plm_equery_op op;
    plm_equery_as as;
    const char *paths;
} fixed[] = {
    {"eventType", PLM_Q_EQ, PLM_Q_TEXT, "type"},
    {"GE_eventTime", PLM_Q_GE, PLM_Q_TIME, "eventTime"},
    {"LT_eventTime", PLM_Q_LT, PLM_Q_TIME, "eventTime"},
    {"GE_recordTime", PLM_Q_GE, PLM_Q_TIME, "recordTime"},
    {"LT_recordTime", PLM_Q_LT, PLM_Q_TIME, "recordTime"},
    {"EQ_action", PLM_Q_EQ, PLM_Q_ACTION, "action"},
    {"EQ_bizStep", PLM_Q_EQ, PLM_Q_WORD, "bizStep"},
    {"EQ_disposition", PLM_Q_EQ, PLM_Q_WORD, "disposition"},
    {"EQ_persistentDisposition_set", PLM_Q_EQ, PLM_Q_WORD, "persistentDisposition.set"},
    {"EQ_persistentDisposition_unset", PLM_Q_EQ, PLM_Q_WORD, "persistentDisposition.unset"},
    {"EQ_readPoint", PLM_Q_EQ, PLM_Q_KEY, "readPoint.id"},
    {"WD_readPoint", PLM_Q_WITHIN, PLM_Q_KEY, "readPoint.id"},
    {"EQ_bizLocation", PLM_Q_EQ, PLM_Q_KEY, "bizLocation.id"},
    {"WD_bizLocation", PLM_Q_WITHIN, PLM_Q_KEY, "bizLocation.id"},
    {"EQ_transformationID", PLM_Q_EQ, PLM_Q_KEY, "transformationID"},
    {"MATCH_epc", PLM_Q_MATCH, PLM_Q_KEY, WHAT},
    {"MATCH_parentID", PLM_Q_MATCH, PLM_Q_KEY, "parentID"},
    {"MATCH_inputEPC", PLM_Q_MATCH, PLM_Q_KEY, "inputEPCList"},
    {"MATCH_outputEPC", PLM_Q_MATCH, PLM_Q_KEY, "outputEPCList"},
    {"MATCH_anyEPC", PLM_Q_MATCH, PLM_Q_KEY, ALL},
    {"MATCH_epcClass", PLM_Q_MATCH, PLM_Q_KEY,
     "quantityList.epcClass,childQuantityList.epcClass"},
    {"MATCH_inputEPCClass", PLM_Q_MATCH, PLM_Q_KEY, "inputQuantityList.epcClass"},
    {"MATCH_outputEPCClass", PLM_Q_MATCH, PLM_Q_KEY, "outputQuantityList.epcClass"},
    {"MATCH_anyEPCClass", PLM_Q_MATCH, PLM_Q_KEY,
     "quantityList.epcClass,childQuantityList.epcClass,inputQuantityList.epcClass,"
     "outputQuantityList.epcClass"},
    {"EQ_quantity", PLM_Q_EQ, PLM_Q_NUMBER, QUANTITIES},
    {"GT_quantity", PLM_Q_GT, PLM_Q_NUMBER, QUANTITIES},
    {"GE_quantity", PLM_Q_GE, PLM_Q_NUMBER, QUANTITIES},
    {"LT_quantity", PLM_Q_LT, PLM_Q_NUMBER, QUANTITIES},
    {"LE_quantity", PLM_Q_LE, PLM_Q_NUMBER, QUANTITIES},
    {"EQ_eventID", PLM_Q_EQ, PLM_Q_TEXT, "eventID"},
    {"EXISTS_errorDeclaration", PLM_Q_EXISTS, PLM_Q_BOOL, "errorDeclaration"},
    {"GE_errorDeclarationTime", PLM_Q_GE, PLM_Q_TIME, "errorDeclaration.declarationTime"},
    {"LT_errorDeclarationTime", PLM_Q_LT, PLM_Q_TIME, "errorDeclaration.declarationTime"},
    {"EQ_errorReason", PLM_Q_EQ, PLM_Q_WORD, "errorDeclaration.reason"},
    {"EQ_correctiveEventID", PLM_Q_EQ, PLM_Q_TEXT, "errorDeclaration.correctiveEventIDs"},
    {"GE_startTime", PLM_Q_GE, PLM_Q_TIME, "sensorElementList.sensorMetadata.startTime"},
    {"LT_startTime", PLM_Q_LT, PLM_Q_TIME, "sensorElementList.sensorMetadata.startTime"},
    {"GE_endTime", PLM_Q_GE, PLM_Q_TIME, "sensorElementList.sensorMetadata.endTime"},
    {"LT_endTime", PLM_Q_LT, PLM_Q_TIME, "sensorElementList.sensorMetadata.endTime"},
    {"EQ_type", PLM_Q_EQ, PLM_Q_WORD, "sensorElementList.sensorReport.type"},
    {"EQ_deviceID", PLM_Q_EQ, PLM_Q_KEY, META("deviceID")},
    {"EQ_dataProcessingMethod", PLM_Q_EQ, PLM_Q_KEY, META("dataProcessingMethod")},
    {"EQ_bizRules", PLM_Q_EQ, PLM_Q_KEY, META("bizRules")},
    {"EQ_microorganism", PLM_Q_EQ, PLM_Q_TEXT, "sensorElementList.sensorReport.microorganism"},
    {"EQ_chemicalSubstance", PLM_Q_EQ, PLM_Q_TEXT,
     "sensorElementList.sensorReport.chemicalSubstance"},
    {"EQ_stringValue", PLM_Q_EQ, PLM_Q_TEXT, "sensorElementList.sensorReport.stringValue"},
    {"EQ_booleanValue", PLM_Q_EQ, PLM_Q_TEXT, "sensorElementList.sensorReport.booleanValue"},
    {"EQ_hexBinaryValue", PLM_Q_EQ, PLM_Q_TEXT, "sensorElementList.sensorReport.hexBinaryValue"},
    {"EQ_uriValue", PLM_Q_EQ, PLM_Q_TEXT, "sensorElementList.sensorReport.uriValue"}};

/* EQ_bizTransaction_TYPE …: a list of typed entries; EQ_value_UOM …: a report in that unit. */
static const struct {
    const char *word, *paths;
    bool order; /* GT GE LT LE too */
    plm_equery_as as;
} typed[] = {{"bizTransaction_", "bizTransactionList.bizTransaction", false, PLM_Q_KEY},
             {"source_", "sourceList.source", false, PLM_Q_KEY},
             {"destination_", "destinationList.destination", false, PLM_Q_KEY},
             {"value_", "sensorElementList.sensorReport.value", true, PLM_Q_NUMBER},
             {"minValue_", "sensorElementList.sensorReport.minValue", true, PLM_Q_NUMBER},
             {"maxValue_", "sensorElementList.sensorReport.maxValue", true, PLM_Q_NUMBER},
             {"meanValue_", "sensorElementList.sensorReport.meanValue", true, PLM_Q_NUMBER},
             {"sDev_", "sensorElementList.sensorReport.sDev", true, PLM_Q_NUMBER},
             {"percValue_", "sensorElementList.sensorReport.percValue", true, PLM_Q_NUMBER}};

static const struct {
    const char *word, *within;
} places[] = {{"ILMD_", "ilmd"}, {"ERROR_DECLARATION_", "errorDeclaration"},
              {"SENSORELEMENT_", "sensorElementList"},
              {"SENSORMETADATA_", "sensorElementList.sensorMetadata"},
              {"SENSORREPORT_", "sensorElementList.sensorReport"},
              {"readPoint_", "readPoint"}, {"bizLocation_", "bizLocation"}};

static bool starts(plm_str *s, const char *head) {
    if (!plm_str_starts(*s, head)) return false;
    s->p += strlen(head);
    s->n -= strlen(head);
    return true;
}

static plm_str resolve(const plm_equery *q, plm_str name) {
    const char *colon = memchr(name.p, ':', name.n);
    size_t n = colon ? (size_t)(colon - name.p) : 0;
    for (uint32_t i = 0; colon && i < q->prefixes; i++) {
        if (!plm_str_eq(q->prefix[i].prefix, (plm_str){name.p, n})) continue;
        plm_buf b;
        plm_buf_init(&b, 2 * PLM_EVENT_ID_MAX);
        plm_buf_put(&b, q->prefix[i].space.p, q->prefix[i].space.n);
        plm_buf_put(&b, name.p + n + 1, name.n - n - 1);
        plm_str out = b.full ? name : plm_arena_copy(q->a, plm_buf_str(&b));
        plm_buf_free(&b);
        return out;
    }
    return name;
}

/* EQ_, GT_ … of an extension field: prefix:name, or a whole IRI. */
static bool name_extension(plm_equery *q, plm_equery_term *t, plm_str rest) {
    t->inner = starts(&rest, "INNER_");
    for (size_t i = 0; i < sizeof places / sizeof *places && !t->within; i++)
        if (starts(&rest, places[i].word)) t->within = places[i].within;
    const char *colon = rest.n ? memchr(rest.p, ':', rest.n) : NULL;
    if (!colon || colon == rest.p || colon + 1 == rest.p + rest.n) return false;
    t->field = rest;
    t->iri = resolve(q, rest);
    t->as = PLM_Q_ANY;
    return t->iri.p != NULL;
}

static bool name_term(plm_equery *q, plm_equery_term *t, plm_str name) {
    static const char *const ops[] = {"EQ_", "GT_", "GE_", "LT_", "LE_", "EXISTS_"};
    plm_str rest = name;
    t->name = name;
    for (size_t i = 0; i < sizeof fixed / sizeof *fixed; i++)
        if (plm_str_is(name, fixed[i].name)) {
            t->op = fixed[i].op, t->as = fixed[i].as, t->paths = fixed[i].paths;
            return true;
        }
    size_t op = 0;
    while (op < 6 && !starts(&rest, ops[op])) op++;
    if (op == 6) return false;
    t->op = (plm_equery_op)op;
    for (size_t i = 0; i < sizeof typed / sizeof *typed && t->op != PLM_Q_EXISTS; i++) {
        if (!starts(&rest, typed[i].word)) continue;
        t->paths = typed[i].paths;
        t->as = typed[i].as;
        t->type = typed[i].order ? rest : plm_event_word(rest);
        return rest.n > 0 && (t->op == PLM_Q_EQ || typed[i].order);
    }
    return name_extension(q, t, rest);
}

/* ---- values */

static bool read_value(const plm_equery *q, const plm_equery_term *t, plm_equery_value *v,
                       plm_equery_error *e) {
    plm_str s = v->text;
    switch (t->as) {
    case PLM_Q_ACTION:
        if (!plm_str_is(s, "ADD") && !plm_str_is(s, "OBSERVE") && !plm_str_is(s, "DELETE"))
            return bad(e, t->name, "takes ADD, OBSERVE and DELETE only");
        break;
    case PLM_Q_BOOL:
        if (!plm_str_is(s, "true") && !plm_str_is(s, "false"))
            return bad(e, t->name, "takes true or false");
        break;
    case PLM_Q_TIME:
        if (!plm_time_parse(s, &v->ns, NULL))
            return bad(e, t->name, "takes a time with a zone, such as 2026-03-01T12:00:00Z");
        break;
    case PLM_Q_NUMBER:
        if (!plm_dec_parse(s, true, &v->number, NULL)) return bad(e, t->name, "takes a number");
        break;
    case PLM_Q_WORD: v->key = plm_event_word(s); break;
    case PLM_Q_KEY:
        v->key = plm_gs1_key_or_self(s, q->a);
        v->pattern = plm_str_starts(s, "urn:epc:idpat:");
        if (!v->key.p)
            return plm_equery_fail(e, "ImplementationException", 500, "out of memory");
        break;
    case PLM_Q_ANY:
        if (t->op == PLM_Q_EXISTS && s.n && !plm_str_is(s, "true"))
            return bad(e, t->name, "takes no value, or true");
        if (t->op != PLM_Q_EQ && t->op != PLM_Q_EXISTS &&
            !plm_dec_parse(s, true, &v->number, NULL) && !plm_time_parse(s, &v->ns, NULL))
            return bad(e, t->name, "takes a number or a time with a zone");
        break;
    case PLM_Q_TEXT: break;
    }
    return true;
}

static bool takes_list(const plm_equery_term *t) {
    return t->as != PLM_Q_BOOL && (t->op == PLM_Q_EQ || t->op == PLM_Q_MATCH ||
                                   t->op == PLM_Q_WITHIN) && t->as != PLM_Q_NUMBER;
}

static bool read_values(plm_equery *q, plm_equery_term *t, plm_str text, plm_equery_error *e) {
    bool list = takes_list(t);
    uint32_t n = 1;
    for (size_t i = 0; list && i < text.n; i++) n += text.p[i] == '|';
    if (n > PLM_EQUERY_VALUES_MAX) return bad(e, t->name, "has more than 1000 values");
    t->v = plm_arena_array(q->a, n, sizeof *t->v);
    if (!t->v) return plm_equery_fail(e, "ImplementationException", 500, "out of memory");
    for (;;) {
        const char *bar = list && text.n ? memchr(text.p, '|', text.n) : NULL;
        plm_equery_value *v = &t->v[t->n++];
        v->text = (plm_str){text.p, bar ? (size_t)(bar - text.p) : text.n};
        if (!v->text.n && t->op != PLM_Q_EXISTS) return bad(e, t->name, "has an empty value");
        if (!read_value(q, t, v, e)) return false;
        if (!bar) return true;
        text.n -= v->text.n + 1;
        text.p = bar + 1;
    }
}

static bool read_count(plm_str name, plm_str text, uint32_t least, uint32_t most, uint32_t *out,
                       plm_equery_error *e) {
    uint64_t v = 0;
    for (size_t i = 0; i < text.n && v <= most; i++) {
        if (text.p[i] < '0' || text.p[i] > '9') return bad(e, name, "takes a whole number");
        v = v * 10 + (uint64_t)(text.p[i] - '0');
    }
    if (!text.n || v < least || v > most)
        return plm_equery_fail(e, "QueryParameterException", 400, "%.*s takes %u to %u",
                              PLM_FMT(name), least, most);
    *out = (uint32_t)v;
    return true;
}

/* "1-MAXSEQ-OFFSET-HASH", all but the 1 in hexadecimal. */
static bool read_token(plm_equery *q, plm_str s, uint64_t *hash, plm_equery_error *e) {
    uint64_t v[3] = {0};
    size_t i = 2;
    bool ok = plm_str_starts(s, "1-");
    for (unsigned part = 0; ok && part < 3; part++) {
        size_t start = i;
        for (; i < s.n && s.p[i] != '-'; i++) {
            char c = s.p[i];
            ok = ok && ((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f')) && i - start < 16;
            v[part] = v[part] << 4 | (uint64_t)(c <= '9' ? c - '0' : c - 'a' + 10);
        }
        ok = ok && i > start && (part == 2 ? i == s.n : i < s.n);
        i++;
    }
    if (!ok || v[0] == 0 || v[0] > INT64_MAX || v[1] > INT64_MAX)
        return bad(e, PLM_STR("nextPageToken"), "is no token that was given out");
    q->token_seq = (int64_t)v[0];
    q->token_offset = (int64_t)v[1];
    *hash = v[2];
    return true;
}

/* The parameters that order and cut the answer; 1 taken, 0 another name, -1 refused. */
static int read_control(plm_equery *q, plm_str name, plm_str text, uint64_t *token,
                        plm_equery_error *e) {
    if (plm_str_is(name, "orderBy")) {
        if (plm_str_is(text, "eventTime")) q->order = PLM_Q_BY_EVENT;
        else if (plm_str_is(text, "recordTime")) q->order = PLM_Q_BY_RECORD;
        else {
            bad(e, name, "takes eventTime or recordTime here");
            return -1;
        }
    } else if (plm_str_is(name, "orderDirection")) {
        q->ascending = plm_str_is(text, "ASC");
        if (!q->ascending && !plm_str_is(text, "DESC")) {
            bad(e, name, "takes ASC or DESC");
            return -1;
        }
    } else if (plm_str_is(name, "eventCountLimit")) {
        if (!read_count(name, text, 1, PLM_EQUERY_EVENTS_MAX, &q->limit, e)) return -1;
    } else if (plm_str_is(name, "maxEventCount")) {
        if (!read_count(name, text, 1, PLM_EQUERY_EVENTS_MAX, &q->max, e)) return -1;
    } else if (plm_str_is(name, "perPage")) {
        if (!read_count(name, text, 1, PLM_EQUERY_PAGE_MAX, &q->per_page, e)) return -1;
    } else if (plm_str_is(name, "nextPageToken")) {
        if (!read_token(q, text, token, e)) return -1;
    } else {
        return 0;
    }
    return 1;
}

/* Percent-decoded, '+' as a blank; p NULL when it is not well-formed. */
static plm_str decoded(plm_equery *q, plm_str s) {
    char *out = plm_arena_alloc(q->a, s.n + 1);
    size_t n = 0;
    for (size_t i = 0; out && i < s.n; i++) {
        unsigned char byte;
        if (s.p[i] != '%') {
            out[n++] = s.p[i] == '+' ? ' ' : s.p[i];
            continue;
        }
        if (i + 2 >= s.n || !plm_unhex((plm_str){s.p + i + 1, 2}, &byte, 1) || !byte)
            return (plm_str){0};
        out[n++] = (char)byte;
        i += 2;
    }
    return (plm_str){out, out ? n : 0};
}

static bool take_pair(plm_equery *q, plm_str pair, plm_str *names, uint32_t *names_n,
                      uint64_t *token, plm_equery_error *e) {
    const char *eq = memchr(pair.p, '=', pair.n);
    size_t n = eq ? (size_t)(eq - pair.p) : pair.n;
    plm_str name = decoded(q, (plm_str){pair.p, n});
    plm_str text = eq ? decoded(q, (plm_str){eq + 1, pair.n - n - 1}) : PLM_STR("");
    if (!name.p || !text.p) return bad(e, pair, "is not well percent-encoded");
    for (uint32_t i = 0; i < *names_n; i++)
        if (plm_str_eq(names[i], name)) return bad(e, name, "is given twice; join values with |");
    if (*names_n == PLM_EQUERY_TERMS_MAX)
        return plm_equery_fail(e, "QueryTooComplexException", 413, "more than %u parameters",
                              PLM_EQUERY_TERMS_MAX);
    names[(*names_n)++] = name;
    int control = read_control(q, name, text, token, e);
    if (control) return control > 0;
    plm_equery_term *t = &q->term[q->terms];
    if (!name_term(q, t, name)) return bad(e, name, "is no parameter of an EPCIS event query");
    q->terms++;
    return read_values(q, t, text, e);
}

static bool note_bounds(plm_equery *q, plm_equery_error *e) {
    q->from_event = q->from_record = INT64_MIN;
    q->to_event = q->to_record = INT64_MAX;
    for (uint32_t i = 0; i < q->terms; i++) {
        const plm_equery_term *t = &q->term[i];
        bool event = t->paths && strcmp(t->paths, "eventTime") == 0;
        bool record = t->paths && strcmp(t->paths, "recordTime") == 0;
        if (event) *(t->op == PLM_Q_GE ? &q->from_event : &q->to_event) = t->v[0].ns;
        if (record) *(t->op == PLM_Q_GE ? &q->from_record : &q->to_record) = t->v[0].ns;
    }
    if (q->limit && q->max)
        return bad(e, PLM_STR("eventCountLimit"), "and maxEventCount exclude each other");
    if (q->limit && q->order == PLM_Q_UNORDERED)
        return bad(e, PLM_STR("eventCountLimit"), "needs orderBy");
    return true;
}

static bool take_prefix(plm_equery *q, plm_str s, plm_equery_error *e) {
    const char *eq = s.n ? memchr(s.p, '=', s.n) : NULL;
    if (!eq || eq == s.p || eq + 1 == s.p + s.n)
        return bad(e, s, "is no extension such as plm=https://ns.example/");
    if (q->prefixes == PLM_EQUERY_PREFIXES_MAX)
        return plm_equery_fail(e, "QueryTooComplexException", 413, "more than %u extensions",
                              PLM_EQUERY_PREFIXES_MAX);
    size_t n = (size_t)(eq - s.p);
    q->prefix[q->prefixes++] = (plm_equery_prefix){{s.p, n}, {eq + 1, s.n - n - 1}};
    return true;
}

/* All but the token and the page's length: what a token's query must share. */
static void note_hash(plm_equery *q, const plm_str *names, uint32_t n, plm_str params) {
    unsigned char d[PLM_SHA256_LEN];
    plm_buf b;
    plm_buf_init(&b, 2 * PLM_EQUERY_BYTES_MAX);
    for (size_t i = 0; i < params.n;) {
        size_t k = i;
        while (k < params.n && params.p[k] != '&') k++;
        plm_str pair = {params.p + i, k - i};
        if (!plm_str_starts(pair, "nextPageToken=") && !plm_str_starts(pair, "perPage=")) {
            plm_buf_put(&b, pair.p, pair.n);
            plm_buf_putc(&b, '&');
        }
        i = k + 1;
    }
    (void)names, (void)n;
    plm_sha256_of(plm_buf_str(&b), d);
    plm_buf_free(&b);
    for (unsigned i = 0; i < 8; i++) q->hash = q->hash << 8 | d[i];
}

bool plm_equery_read(plm_str params, const plm_str *extensions, uint32_t extensions_n,
                    plm_equery *q, plm_equery_error *e) {
    plm_str names[PLM_EQUERY_TERMS_MAX];
    uint32_t n = 0;
    uint64_t token = 0;
    *q = (plm_equery){.a = plm_arena_new(QUERY_ARENA_MAX)};
    *e = (plm_equery_error){0};
    if (q->a) q->term = plm_arena_array(q->a, PLM_EQUERY_TERMS_MAX, sizeof *q->term);
    if (!q->term) return plm_equery_fail(e, "ImplementationException", 500, "out of memory");
    if (params.n > PLM_EQUERY_BYTES_MAX)
        return plm_equery_fail(e, "QueryTooComplexException", 413, "a query of more than %u bytes",
                              PLM_EQUERY_BYTES_MAX);
    q->prefix[q->prefixes++] = (plm_equery_prefix){PLM_STR("plm"), PLM_STR(PLM_NS_CUSTODY)};
    for (uint32_t i = 0; i < extensions_n; i++)
        if (!take_prefix(q, extensions[i], e)) return false;
    if (params.n && params.p[0] == '?') params.p++, params.n--;
    for (size_t i = 0; i < params.n;) {
        size_t k = i;
        while (k < params.n && params.p[k] != '&') k++;
        plm_str pair = {params.p + i, k - i};
        if (pair.n && !take_pair(q, pair, names, &n, &token, e)) return false;
        i = k + 1;
    }
    note_hash(q, names, n, params);
    if (q->token_seq && token != q->hash)
        return bad(e, PLM_STR("nextPageToken"), "was given out for another query");
    return note_bounds(q, e);
}

void plm_equery_free(plm_equery *q) {
    plm_arena_free(q->a);
    *q = (plm_equery){0};
}
