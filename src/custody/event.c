/* event.c: reads one EPCIS event into a plm_event and refuses what can't be one.  Invariant: an
 * event that is accepted has a type, a time with a zone, lists of strings, and measures that can
 * be; its record is the bytes it came as, or compact JSON with the context it needs. */
#include "custody/event.h"
#include "custody/gs1.h"

#include <stdio.h>
#include <string.h>

#define MEMBERS_MAX 40 /* of an event that are found at once; one with more is searched */

typedef struct reader {
    const plm_json *v;
    plm_arena *a;
    plm_event *e;
    plm_refusal *r;
    unsigned char slot[64]; /* 1 + index of a member, by a hash of its name */
    plm_str name[MEMBERS_MAX];
    const plm_json *value[MEMBERS_MAX];
    bool indexed;
} reader;

static unsigned slot_of(plm_str s) {
    if (!s.n) return 0;
    return (unsigned)(s.n * 31 + (unsigned char)s.p[0] + 7u * (unsigned char)s.p[s.n - 1] +
                      3u * (unsigned char)s.p[s.n / 2]);
}

static void index_members(reader *rd) {
    size_t n = plm_json_count(rd->v);
    unsigned i = 0;
    if (n > MEMBERS_MAX) return;
    plm_json_pairs(rd->v, it, k, m) {
        unsigned at = slot_of(plm_json_text(k));
        while (rd->slot[at & 63]) at++;
        rd->name[i] = plm_json_text(k);
        rd->value[i++] = m;
        rd->slot[at & 63] = (unsigned char)i;
    }
    rd->indexed = true;
}

/* Member of any object, or NULL. */
static const plm_json *member(const reader *rd, const plm_json *o, const char *name) {
    if (o != rd->v || !rd->indexed) return plm_json_get(o, name);
    plm_str s = plm_str_c(name);
    for (unsigned at = slot_of(s); rd->slot[at & 63]; at++)
        if (plm_str_eq(rd->name[rd->slot[at & 63] - 1], s)) return rd->value[rd->slot[at & 63] - 1];
    return NULL;
}

static bool refuse(reader *rd, const char *code, const char *where, const char *fmt, plm_str text) {
    char say[256];
    snprintf(say, sizeof say, fmt, (int)(text.n > 80 ? 80 : text.n), text.p ? text.p : "");
    rd->r->code = code;
    plm_fail_at(&rd->r->f, PLM_BAD_INPUT, where, 0, 0, "%s", say);
    return false;
}

static bool no_room(reader *rd) {
    return refuse(rd, "too_large", "", "the event is larger than can be kept%.*s", (plm_str){0});
}

plm_str plm_uri_last(plm_str u) {
    while (u.n && (u.p[u.n - 1] == '/' || u.p[u.n - 1] == ':' || u.p[u.n - 1] == '#')) u.n--;
    for (size_t i = u.n; i-- > 0;)
        if (u.p[i] == '/' || u.p[i] == ':' || u.p[i] == '#')
            return (plm_str){u.p + i + 1, u.n - i - 1};
    return u;
}

/* "shipping" of the bare word, the CBV URN, the CURIE or the web URI; other URIs as they are. */
plm_str plm_event_word(plm_str s) {
    static const char *const heads[] = {
        "urn:epcglobal:cbv:bizstep:", "urn:epcglobal:cbv:disp:", "urn:epcglobal:cbv:btt:",
        "urn:epcglobal:cbv:sdt:", "https://ref.gs1.org/cbv/BizStep-",
        "https://ref.gs1.org/cbv/Disp-", "https://ref.gs1.org/cbv/BTT-",
        "https://ref.gs1.org/cbv/SDT-", "cbv:BizStep-", "cbv:Disp-", "cbv:BTT-", "cbv:SDT-",
        "https://gs1.org/voc/MT-", "https://gs1.org/voc/", "gs1:MT-", "gs1:",
        "https://ns.plimsoll.example/", NULL};
    for (size_t i = 0; heads[i]; i++)
        if (plm_str_starts(s, heads[i])) {
            size_t n = strlen(heads[i]);
            return (plm_str){s.p + n, s.n - n};
        }
    return s;
}

/* A string member, trimmed; *out p NULL when it is not there. */
static bool take_str(reader *rd, const plm_json *o, const char *name, plm_str *out) {
    const plm_json *m = member(rd, o, name);
    *out = (plm_str){0};
    if (!m || plm_json_is_null(m)) return true;
    plm_str s = plm_str_trim(plm_json_text(m));
    if (!plm_json_is_str(m) || !s.n)
        return refuse(rd, "malformed", name, "must be a string that is not empty%.*s",
                      (plm_str){0});
    if (s.n > PLM_EVENT_ID_MAX) return refuse(rd, "too_large", name, "is too long%.*s",
                                              (plm_str){0});
    *out = plm_arena_copy(rd->a, s);
    return out->p || no_room(rd);
}

static bool take_key(reader *rd, const plm_json *o, const char *name, plm_str *out) {
    if (!take_str(rd, o, name, out) || !out->p) return out->p == NULL && !rd->r->code;
    *out = plm_gs1_key_or_self(*out, rd->a);
    return out->p || no_room(rd);
}

static bool take_word(reader *rd, const char *name, plm_str *out) {
    if (!take_str(rd, rd->v, name, out)) return false;
    if (out->p) *out = plm_event_word(*out);
    return true;
}

static bool take_place(reader *rd, const char *name, plm_str *out, plm_str *shown) {
    const plm_json *m = member(rd, rd->v, name);
    *out = *shown = (plm_str){0};
    if (!m || plm_json_is_null(m)) return true;
    if (!plm_json_is_obj(m))
        return refuse(rd, "malformed", name, "must be an object with an id%.*s", (plm_str){0});
    return take_str(rd, m, "id", shown) && take_key(rd, m, "id", out);
}

static bool take_times(reader *rd, int64_t now) {
    plm_event *e = rd->e;
    plm_str t;
    if (!take_str(rd, rd->v, "eventTime", &t)) return false;
    if (!t.p) return refuse(rd, "malformed", "eventTime", "is missing%.*s", t);
    int said;
    if (!plm_time_parse(t, &e->event_time, &said))
        return refuse(rd, "time", "eventTime", "'%.*s' is no ISO 8601 time with a zone", t);
    if (!take_str(rd, rd->v, "eventTimeZoneOffset", &t)) return false;
    if (!t.p) return refuse(rd, "malformed", "eventTimeZoneOffset", "is missing%.*s", t);
    char probe[] = "2000-01-01T00:00:00+00:00";
    int64_t unused;
    if (t.n == 6) memcpy(probe + 19, t.p, 6);
    if (t.n != 6 || !plm_time_parse(PLM_STR(probe), &unused, &e->offset_min))
        return refuse(rd, "time", "eventTimeZoneOffset", "'%.*s' is no offset such as +08:00", t);
    if (!take_str(rd, rd->v, "recordTime", &t)) return false;
    e->has_record_time = t.p != NULL;
    if (t.p && !plm_time_parse(t, &e->record_time, NULL))
        return refuse(rd, "time", "recordTime", "'%.*s' is no ISO 8601 time with a zone", t);
    if (!t.p) e->record_time = now;
    if (e->event_time > e->record_time + PLM_DAY_NS) /* both are within 1684 to 2255 */
        return refuse(rd, "future", "eventTime",
                      e->has_record_time ? "is more than a day after recordTime: one of them is "
                                           "wrong%.*s"
                                         : "is more than a day after this store's clock%.*s",
                      (plm_str){0});
    return true;
}

static plm_event_epc *next_epc(reader *rd) { return &rd->e->epcs[rd->e->epcs_n++]; }

static bool list_of(reader *rd, const plm_json *o, const char *name, const plm_json **out) {
    *out = member(rd, o, name);
    if (*out && plm_json_is_null(*out)) *out = NULL;
    if (*out && !plm_json_is_arr(*out))
        return refuse(rd, "malformed", name, "must be an array%.*s", (plm_str){0});
    if (*out && plm_json_count(*out) > PLM_EVENT_ITEMS_MAX)
        return refuse(rd, "too_large", name, "has too many members: split the event%.*s",
                      (plm_str){0});
    return true;
}

static bool read_epcs(reader *rd, const char *name, const char *role) {
    const plm_json *list;
    if (!list_of(rd, rd->v, name, &list)) return false;
    if (!list) return true;
    plm_json_each(list, it, m) {
        plm_str s = plm_str_trim(plm_json_text(m));
        if (!plm_json_is_str(m) || !s.n || s.n > PLM_EVENT_ID_MAX)
            return refuse(rd, "malformed", name, "must hold URIs only%.*s", (plm_str){0});
        plm_event_epc *x = next_epc(rd);
        *x = (plm_event_epc){.role = role, .key = plm_gs1_key_or_self(s, rd->a),
                             .shown = plm_arena_copy(rd->a, s)};
        if (!x->key.p || !x->shown.p) return no_room(rd);
    }
    return true;
}

static bool read_quantities(reader *rd, const char *name, const char *role) {
    const plm_json *list;
    if (!list_of(rd, rd->v, name, &list)) return false;
    if (!list) return true;
    plm_json_each(list, it, m) {
        plm_str class;
        if (!take_str(rd, m, "epcClass", &class)) return false;
        if (!class.p) return refuse(rd, "malformed", name, "needs an epcClass%.*s", class);
        plm_dec q = plm_dec_int(1);
        const plm_json *qv = plm_json_get(m, "quantity");
        if (qv && (!plm_json_dec(qv, true, &q, NULL) || q.neg))
            return refuse(rd, "measure", name, "quantity must be a number from 0%.*s",
                          (plm_str){0});
        plm_event_epc *x = next_epc(rd);
        *x = (plm_event_epc){.role = role, .key = plm_gs1_key_or_self(class, rd->a),
            .shown = class};
        x->quantity = plm_arena_copy(rd->a, qv ? plm_json_text(qv) : PLM_STR(""));
        if (!take_str(rd, m, "uom", &x->uom)) return false;
        if (!x->key.p || !x->quantity.p) return no_room(rd);
    }
    return true;
}

static const char *const epc_lists[][2] = {{"epcList", "list"}, {"childEPCs", "child"},
                                           {"inputEPCList", "input"}, {"outputEPCList", "output"}};
static const char *const quantity_lists[][2] = {
    {"quantityList", "list"}, {"childQuantityList", "child"}, {"inputQuantityList", "input"},
    {"outputQuantityList", "output"}};

static bool read_what(reader *rd) {
    plm_event *e = rd->e;
    size_t n = 1;
    for (size_t i = 0; i < 4; i++) {
        n += plm_json_count(member(rd, rd->v, epc_lists[i][0]));
        n += plm_json_count(member(rd, rd->v, quantity_lists[i][0]));
    }
    if (n > 8 * PLM_EVENT_ITEMS_MAX) return no_room(rd);
    if (!(e->epcs = plm_arena_array(rd->a, n, sizeof *e->epcs))) return no_room(rd);
    if (e->parent.p) {
        plm_event_epc *x = next_epc(rd);
        *x = (plm_event_epc){.role = "parent", .key = e->parent};
        if (!take_str(rd, rd->v, "parentID", &x->shown)) return false;
    }
    for (size_t i = 0; i < 4; i++)
        if (!read_epcs(rd, epc_lists[i][0], epc_lists[i][1]) ||
            !read_quantities(rd, quantity_lists[i][0], quantity_lists[i][1]))
            return false;
    return true;
}

static plm_event_pair *pairs_room(reader *rd, plm_event_pairs *l, size_t more) {
    plm_event_pair *v = plm_arena_array(rd->a, l->n + more + 1, sizeof *v);
    if (!v) return NULL;
    if (l->n) memcpy(v, l->v, l->n * sizeof *v);
    return l->v = v;
}

static bool read_parties(reader *rd, const char *name, const char *dir) {
    const plm_json *list;
    plm_event_pairs *l = &rd->e->parties;
    if (!list_of(rd, rd->v, name, &list)) return false;
    if (!list) return true;
    if (!pairs_room(rd, l, plm_json_count(list))) return no_room(rd);
    plm_json_each(list, it, m) {
        plm_event_pair *x = &l->v[l->n];
        *x = (plm_event_pair){.dir = dir};
        if (!take_str(rd, m, "type", &x->a) || !take_str(rd, m, dir, &x->c)) return false;
        if (!x->c.p) return refuse(rd, "malformed", name, "needs a %.*s", plm_str_c(dir));
        x->a = x->a.p ? plm_event_word(x->a) : PLM_STR("");
        x->b = plm_gs1_key_or_self(x->c, rd->a);
        if (!x->b.p) return no_room(rd);
        l->n++;
    }
    return true;
}

static bool read_papers(reader *rd) {
    const plm_json *list;
    plm_event_pairs *l = &rd->e->papers;
    if (!list_of(rd, rd->v, "bizTransactionList", &list)) return false;
    if (!list) return true;
    if (!pairs_room(rd, l, plm_json_count(list))) return no_room(rd);
    plm_json_each(list, it, m) {
        plm_event_pair *x = &l->v[l->n];
        *x = (plm_event_pair){0};
        if (!take_str(rd, m, "type", &x->a) || !take_str(rd, m, "bizTransaction",
                                                         &x->c)) return false;
        if (!x->c.p)
            return refuse(rd, "malformed", "bizTransactionList", "needs a bizTransaction%.*s",
                          x->c);
        x->a = x->a.p ? plm_event_word(x->a) : PLM_STR("");
        x->b = plm_uri_last(x->c);
        l->n++;
    }
    return true;
}

static bool is_mass_unit(plm_str u) {
    static const char *const units[] = {"KGM", "LBR", "GRM", "MGM", "TNE", "ONZ", "STN", "LTN",
        NULL};
    for (size_t i = 0; units[i]; i++)
        if (plm_str_is(u, units[i])) return true;
    return false;
}

static bool read_report(reader *rd, const plm_json *m) {
    plm_event_pairs *l = &rd->e->sensors;
    plm_event_pair *x = &l->v[l->n];
    const plm_json *value = plm_json_get(m, "value");
    plm_dec d;
    *x = (plm_event_pair){0};
    if (!take_str(rd, m, "type", &x->a) || !take_str(rd, m, "uom", &x->c)) return false;
    if (!value || plm_json_is_null(value)) return true;
    if (!plm_json_dec(value, true, &d, NULL))
        return refuse(rd, "measure", "sensorReport.value", "'%.*s' is no decimal number",
                      plm_json_text(value));
    x->a = x->a.p ? plm_event_word(x->a) : PLM_STR("");
    x->b = plm_arena_copy(rd->a, plm_json_text(value));
    if (!x->b.p) return no_room(rd);
    if (plm_str_is(x->a, "Mass") && d.neg)
        return refuse(rd, "measure", "sensorReport.value",
                      "a mass of %.*s can't be: give it from 0", x->b);
    if (plm_str_is(x->a, "Mass") && (!x->c.p || !is_mass_unit(x->c)))
        return refuse(rd, "measure", "sensorReport.uom",
                      "'%.*s' is no unit of mass: use KGM or LBR", x->c);
    l->n++;
    return true;
}

static bool read_sensors(reader *rd) {
    const plm_json *list;
    if (!list_of(rd, rd->v, "sensorElementList", &list)) return false;
    if (!list) return true;
    plm_json_each(list, it, element) {
        const plm_json *reports = plm_json_get(element, "sensorReport");
        if (!reports || plm_json_is_null(reports)) continue;
        size_t n = plm_json_is_arr(reports) ? plm_json_count(reports) : 1;
        if (n > PLM_EVENT_ITEMS_MAX || !pairs_room(rd, &rd->e->sensors, n)) return no_room(rd);
        if (!plm_json_is_arr(reports)) {
            if (!read_report(rd, reports)) return false;
            continue;
        }
        plm_json_each(reports, jt, m) if (!read_report(rd, m)) return false;
    }
    return true;
}

/* A member of the custody namespace, under whatever prefix the frame gives it. */
static const plm_json *custody_member(const plm_json *o, const plm_json *context,
                                      const char *local) {
    char name[128] = "plm:";
    memcpy(name + 4, local, strlen(local) + 1); /* a name of this file's: short */
    const plm_json *m = plm_json_get(o, name);
    if (m || !context) return m;
    if (plm_json_is_arr(context)) {
        plm_json_each(context, it, c) if (plm_json_is_obj(c) && (m = custody_member(o, c, local)))
            return m;
        return NULL;
    }
    plm_json_pairs(context, it, k, iri) {
        if (!plm_str_is(plm_json_text(iri), PLM_NS_CUSTODY)) continue;
        snprintf(name, sizeof name, "%.*s:%s", (int)(plm_json_count(k) > 60 ? 60
                                                     : plm_json_count(k)),
                 plm_json_text(k).p, local);
        if ((m = plm_json_get(o, name))) return m;
    }
    return NULL;
}

static bool read_device(reader *rd, const plm_json *m, const plm_json *context) {
    plm_event_pairs *l = &rd->e->devices;
    const plm_json *epc = custody_member(m, context, "epc");
    const plm_json *id = custody_member(m, context, "deviceID");
    if (!plm_json_is_str(epc) || !plm_json_is_str(id))
        return refuse(rd, "malformed", "plm:deviceIdentity", "needs plm:epc and plm:deviceID%.*s",
                      (plm_str){0});
    plm_event_pair *x = &l->v[l->n++];
    *x = (plm_event_pair){.a = plm_gs1_key_or_self(plm_str_trim(plm_json_text(epc)), rd->a),
                          .b = plm_arena_copy(rd->a, plm_str_trim(plm_json_text(id)))};
    return (x->a.p && x->b.p) || no_room(rd);
}

static bool read_custody(reader *rd, const plm_json *context) {
    const plm_json *d = custody_member(rd->v, context, "deviceIdentity");
    const plm_json *o = custody_member(rd->v, context, "replacesEPC");
    if (o && !plm_json_is_str(o))
        return refuse(rd, "malformed", "plm:replacesEPC", "must be an EPC%.*s", (plm_str){0});
    if (o && !(rd->e->replaces = plm_gs1_key_or_self(plm_str_trim(plm_json_text(o)), rd->a)).p)
        return no_room(rd);
    if (!d || plm_json_is_null(d)) return true;
    size_t n = plm_json_is_arr(d) ? plm_json_count(d) : 1;
    if (n > PLM_EVENT_ITEMS_MAX || !pairs_room(rd, &rd->e->devices, n)) return no_room(rd);
    if (!plm_json_is_arr(d)) return read_device(rd, d, context);
    plm_json_each(d, it, m) if (!read_device(rd, m, context)) return false;
    return true;
}

static bool read_declaration(reader *rd) {
    const plm_json *d = member(rd, rd->v, "errorDeclaration"), *list;
    plm_event_pairs *l = &rd->e->corrections;
    if (!d || plm_json_is_null(d)) return true;
    if (!plm_json_is_obj(d))
        return refuse(rd, "malformed", "errorDeclaration", "must be an object%.*s", (plm_str){0});
    rd->e->declares = true;
    if (!list_of(rd, d, "correctiveEventIDs", &list)) return false;
    if (!list) return true;
    if (!pairs_room(rd, l, plm_json_count(list))) return no_room(rd);
    plm_json_each(list, it, m) {
        if (!plm_json_is_str(m))
            return refuse(rd, "malformed", "correctiveEventIDs", "must hold event ids%.*s",
                          (plm_str){0});
        l->v[l->n] = (plm_event_pair){.a = plm_arena_copy(rd->a, plm_json_text(m))};
        if (!l->v[l->n++].a.p) return no_room(rd);
    }
    return true;
}

static bool check_type(reader *rd) {
    static const char *const known[] = {"ObjectEvent", "AggregationEvent", "TransactionEvent",
                                        "TransformationEvent", "AssociationEvent", NULL};
    plm_event *e = rd->e;
    bool standard = false;
    if (!e->type.p) return refuse(rd, "malformed", "type", "is missing%.*s", e->type);
    for (size_t i = 0; known[i]; i++) standard = standard || plm_str_is(e->type, known[i]);
    if (!standard && !memchr(e->type.p, ':', e->type.n))
        return refuse(rd, "malformed", "type", "'%.*s' is no EPCIS event", e->type);
    bool needs_action = standard && !plm_str_is(e->type, "TransformationEvent");
    if (needs_action && !e->action.p) return refuse(rd, "malformed", "action", "is missing%.*s",
                                                    e->action);
    if (e->action.p && !plm_str_is(e->action, "ADD") && !plm_str_is(e->action, "OBSERVE") &&
        !plm_str_is(e->action, "DELETE"))
        return refuse(rd, "malformed", "action", "'%.*s' is not ADD, OBSERVE or DELETE", e->action);
    bool joins = plm_str_is(e->type, "AggregationEvent") || plm_str_is(e->type, "AssociationEvent");
    if (joins && !e->parent.p && !plm_str_is(e->action, "OBSERVE"))
        return refuse(rd, "malformed", "parentID", "is missing: %.*s needs what holds the children",
                      e->type);
    return true;
}

void plm_event_write_json(plm_jw *w, const plm_json *v) {
    if (plm_json_is_obj(v)) {
        plm_jw_obj(w);
        plm_json_pairs(v, it, k, m) {
            plm_jw_str(w, plm_json_text(k));
            plm_buf_putc(w->b, ':');
            w->comma = false;
            plm_event_write_json(w, m);
        }
        plm_jw_end_obj(w);
    } else if (plm_json_is_arr(v)) {
        plm_jw_arr(w);
        plm_json_each(v, it, m) plm_event_write_json(w, m);
        plm_jw_end_arr(w);
    } else {
        plm_jw_scalar(w, v);
    }
}

/* The record of an event out of a document carries the document's context, so that it can be read
 * and hashed alone. */
static bool write_record(reader *rd, const plm_event_frame *frame) {
    plm_buf b;
    plm_buf_init(&b, 2 * PLM_EVENT_BYTES_MAX);
    plm_jw w = plm_jw_into(&b);
    plm_jw_obj(&w);
    if (frame->context && !plm_json_get(rd->v, "@context")) {
        plm_jw_key(&w, "@context");
        plm_event_write_json(&w, frame->context);
    }
    if (frame->ignore) {
        plm_jw_key(&w, "plm:ignoreFields");
        plm_event_write_json(&w, frame->ignore);
    }
    plm_json_pairs(rd->v, it, k, m) {
        plm_jw_str(&w, plm_json_text(k));
        plm_buf_putc(&b, ':');
        w.comma = false;
        plm_event_write_json(&w, m);
    }
    plm_jw_end_obj(&w);
    if (!b.full) rd->e->json = plm_arena_copy(rd->a, plm_buf_str(&b));
    plm_buf_free(&b);
    return rd->e->json.p || no_room(rd);
}

static bool take_identity(reader *rd, const plm_event_frame *frame) {
    plm_event *e = rd->e;
    char uri[PLM_HASH_URI_MAX];
    if (!plm_event_hash(rd->v, frame, rd->a, e->hash, &rd->r->f)) return no_room(rd);
    if (!e->event_id.p) plm_event_hash_uri(e->hash, uri);
    e->id = e->event_id.p ? e->event_id : plm_arena_copy(rd->a, plm_str_c(uri));
    return e->id.p || no_room(rd);
}

bool plm_event_read(const plm_json *v, const plm_event_frame *frame, plm_arena *a, plm_event *e,
                    plm_refusal *r) {
    reader rd = {.v = v, .a = a, .e = e, .r = r};
    *e = (plm_event){0};
    *r = (plm_refusal){0};
    if (!plm_json_is_obj(v)) return refuse(&rd, "malformed", "", "an event is an object%.*s",
                                           (plm_str){0});
    index_members(&rd);
    if (!take_str(&rd, v, "eventID", &e->event_id)) return false;
    r->event_id = e->event_id;
    const plm_json *context = member(&rd, v, "@context");
    if (!context) context = frame->context;
    if (!take_str(&rd, v, "type", &e->type) || !take_str(&rd, v, "action", &e->action) ||
        !take_word(&rd, "bizStep", &e->biz_step) || !take_word(&rd, "disposition",
            &e->disposition) ||
        !take_key(&rd, v, "parentID", &e->parent) || !check_type(&rd))
        return false;
    if (!take_times(&rd, frame->now) || 
        !take_place(&rd, "readPoint", &e->read_point, &e->read_point_shown) ||
        !take_place(&rd, "bizLocation", &e->biz_location, &e->biz_location_shown) ||
        !read_what(&rd) ||
        !read_parties(&rd, "sourceList", "source") ||
        !read_parties(&rd, "destinationList", "destination") || !read_papers(&rd) ||
        !read_sensors(&rd) || !read_declaration(&rd) || !read_custody(&rd, context))
        return false;
    e->json = frame->text;
    if (!e->json.p && !write_record(&rd, frame)) return false;
    return take_identity(&rd, frame);
}
