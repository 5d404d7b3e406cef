/* import_ofac_xml.c: OFAC's SDN XML (sdn.xml, consolidated.xml) and advanced XML
 * (sdn_advanced.xml).  Written from the published schemas; tried on small files of our own.
 * Invariants: 1 a Record_Count that doesn't hold is a fault; 2 a reference of the advanced form
 * that leads nowhere is a fault.  Held by tests/unit/test_import.c and fuzz/import_ofac_*_xml.c. */
#include "screen/import.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SDN PLM_STR("sdn")

static plm_entity_kind sdn_kind(plm_str type) {
    if (plm_str_is_fold(type, "Individual")) return PLM_ENTITY_PERSON;
    if (plm_str_is_fold(type, "Vessel")) return PLM_ENTITY_VESSEL;
    if (plm_str_is_fold(type, "Aircraft")) return PLM_ENTITY_AIRCRAFT;
    return plm_str_is_fold(type, "Entity") ? PLM_ENTITY_ORGANIZATION : PLM_ENTITY_UNKNOWN;
}

static void put(plm_buf *b, const char *between, plm_str s) {
    if (s.n) plm_buf_printf(b, "%s%.*s", b->n ? between : "", PLM_FMT(s));
}

/* "LAST, First", as the list prints it elsewhere. */
static void put_sdn_name(plm_buf *b, const plm_xml *x) {
    plm_buf_clear(b);
    put(b, ", ", plm_xml_text(x, "lastName"));
    put(b, ", ", plm_xml_text(x, "firstName"));
}

typedef bool (*each_fn)(plm_import *im, const plm_xml *x, plm_buf *b);

static bool each_of(plm_import *im, const plm_xml *x, const char *list, const char *item,
                    each_fn take) {
    plm_buf b;
    plm_buf_init(&b, PLM_XML_TEXT_MAX);
    const plm_xml *at = plm_xml_child(x, list);
    bool ok = true;
    for (const plm_xml *i = plm_xml_child(at, item); ok && i; i = plm_xml_next(i, item)) {
        plm_buf_clear(&b);
        ok = take(im, i, &b);
    }
    plm_buf_free(&b);
    return ok;
}

static bool sdn_aka(plm_import *im, const plm_xml *x, plm_buf *b) {
    put_sdn_name(b, x);
    bool weak = plm_str_is_fold(plm_xml_text(x, "category"), "weak");
    return plm_import_name(im, x->line, plm_buf_str(b), weak ? PLM_NAME_WEAK : PLM_NAME_ALIAS);
}

static bool sdn_address(plm_import *im, const plm_xml *x, plm_buf *b) {
    static const char *const parts[] = {"address1", "address2", "address3", "city",
                                        "stateOrProvince", "postalCode"};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        put(b, ", ", plm_xml_text(x, parts[i]));
    plm_country home = plm_import_country(plm_xml_text(x, "country"));
    if (b->n) put(b, ", ", plm_xml_text(x, "country"));
    return plm_import_address(im, x->line, plm_buf_str(b), home);
}

static bool sdn_id(plm_import *im, const plm_xml *x, plm_buf *b) {
    plm_str type = plm_xml_text(x, "idType"), value = plm_xml_text(x, "idNumber");
    const char *kind = plm_import_id_kind(type);
    (void)b;
    if (value.n > 4 && plm_str_starts(value, "IMO ")) {
        kind = "imo";
        value = plm_str_trim((plm_str){value.p + 4, value.n - 4});
    }
    return strcmp(kind, "other") == 0 || plm_import_id(im, x->line, kind, value);
}

static bool sdn_country(plm_import *im, const plm_xml *x, plm_buf *b) {
    (void)b;
    plm_country c = plm_import_country(plm_xml_text(x, "country"));
    return plm_import_check(im, plm_list_add_country(im->list, c, im->f), x->line, "country");
}

static bool sdn_birth(plm_import *im, const plm_xml *x, plm_buf *b) {
    (void)b;
    return plm_import_birth(im, x->line, plm_xml_text(x, "dateOfBirth"));
}

static bool sdn_entry(plm_import *im, const plm_xml *x) {
    plm_buf b;
    plm_buf_init(&b, PLM_XML_TEXT_MAX);
    put_sdn_name(&b, x);
    plm_str id = plm_xml_text(x, "uid");
    bool ok = b.n ? true : plm_import_bad(im, x->line, "lastName", "is empty");
    ok = ok && plm_import_entity(im, x->line, id, SDN, plm_buf_str(&b),
                                 sdn_kind(plm_xml_text(x, "sdnType")));
    plm_buf_clear(&b);
    const plm_xml *list = plm_xml_child(x, "programList");
    for (const plm_xml *p = plm_xml_child(list, "program"); p; p = plm_xml_next(p, "program"))
        put(&b, "; ", p->text);
    ok = ok && plm_import_set(im, x->line, PLM_LIST_PROGRAMS, plm_buf_str(&b)) &&
         plm_import_set(im, x->line, PLM_LIST_REMARKS, plm_xml_text(x, "remarks"));
    plm_buf_free(&b);
    const plm_xml *ship = plm_xml_child(x, "vesselInfo");
    plm_country flag = plm_import_country(plm_xml_text(ship, "vesselFlag"));
    return ok && each_of(im, x, "akaList", "aka", sdn_aka) &&
           each_of(im, x, "addressList", "address", sdn_address) &&
           each_of(im, x, "idList", "id", sdn_id) &&
           each_of(im, x, "nationalityList", "nationality", sdn_country) &&
           each_of(im, x, "citizenshipList", "citizenship", sdn_country) &&
           each_of(im, x, "dateOfBirthList", "dateOfBirthItem", sdn_birth) &&
           plm_import_id(im, x->line, "call_sign", plm_xml_text(ship, "callSign")) &&
           plm_import_check(im, plm_list_add_country(im->list, flag, im->f), x->line,
                            "vesselFlag");
}

typedef struct sdn_file {
    uint64_t stated, got;
    bool root, counted;
} sdn_file;

static bool sdn_record(plm_import *im, void *ctx, const plm_xml *x) {
    sdn_file *s = ctx;
    if (!s->root) {
        s->root = plm_xml_is(x, "sdnList");
        return s->root ? true : plm_import_bad(im, x->line, NULL, "is no SDN list");
    }
    if (plm_xml_is(x, "sdnEntry")) {
        s->got++;
        return sdn_entry(im, x);
    }
    plm_str n = plm_xml_text(x, "Record_Count");
    for (size_t i = 0; i < n.n && i < 10 && n.p[i] >= '0' && n.p[i] <= '9'; i++)
        s->stated = s->stated * 10 + (uint64_t)(n.p[i] - '0'), s->counted = true;
    return true;
}

bool plm_import_ofac_sdn_xml(plm_import *im) {
    static const char *const records[] = {"publshInformation", "sdnEntry", NULL};
    sdn_file s = {0};
    if (!plm_xml_read(im, records, sdn_record, &s)) return false;
    if (s.got == 0) return plm_import_bad(im, 1, NULL, "holds no sdnEntry");
    if (s.counted && s.stated != s.got)
        return plm_import_bad(im, 0, "Record_Count", "says %llu and the file holds %llu entries: "
                              "it was cut short or edited", (unsigned long long)s.stated,
                              (unsigned long long)s.got);
    im->rows = s.got;
    return true;
}

/* The advanced form: everything refers to something else by number.  A first pass keeps what is
 * referred to, sorted; a second reads the parties. */
typedef struct ref {
    const char *kind; /* the element's name, static */
    plm_str id, text;
    plm_str extra;    /* of a country: its code; of a document: its type's number */
} ref;

typedef struct advanced {
    plm_arena *arena;
    ref *refs;
    size_t n, cap;
    bool root, second;
    uint64_t parties;
} advanced;

static const char *const value_kinds[] = {"AliasType", "Country", "AreaCode", "FeatureType",
                                          "IDRegDocType", "LocPartType", "PartySubType",
                                          "NamePartType", "SanctionsType", NULL};

static int by_ref(const void *a, const void *b) {
    const ref *x = a, *y = b;
    int c = strcmp(x->kind, y->kind);
    return c ? c : plm_str_cmp(x->id, y->id);
}

static const ref *find_ref(const advanced *a, const char *kind, plm_str id) {
    ref key = {.kind = kind, .id = id};
    return a->n ? bsearch(&key, a->refs, a->n, sizeof key, by_ref) : NULL;
}

static bool keep_ref(plm_import *im, advanced *a, uint32_t line, const char *kind, plm_str id,
                     plm_str text, plm_str extra) {
    if (a->n == a->cap) {
        size_t cap = a->cap ? a->cap * 2 : 4096;
        ref *more = plm_mem_resize(a->refs, cap * sizeof *more);
        if (!more) return plm_import_bad(im, line, NULL, "not enough memory");
        a->refs = more;
        a->cap = cap;
    }
    ref r = {kind, plm_arena_copy(a->arena, id), plm_arena_copy(a->arena, text),
             plm_arena_copy(a->arena, extra)};
    if (!r.id.p || !r.text.p || !r.extra.p)
        return plm_import_bad(im, line, NULL, "not enough memory");
    a->refs[a->n++] = r;
    return true;
}

static plm_str text_of_ref(const advanced *a, const char *kind, plm_str id) {
    const ref *r = find_ref(a, kind, id);
    return r ? r->text : (plm_str){"", 0};
}

/* A location as one line; the countries and part types came before it in the file, unsorted, so
 * the line keeps their numbers until the second pass needs them. */
static bool keep_location(plm_import *im, advanced *a, const plm_xml *x) {
    plm_buf b;
    plm_buf_init(&b, PLM_XML_TEXT_MAX);
    for (const plm_xml *p = plm_xml_child(x, "LocationPart"); p;
         p = plm_xml_next(p, "LocationPart"))
        for (const plm_xml *v = plm_xml_child(p, "LocationPartValue"); v;
             v = plm_xml_next(v, "LocationPartValue"))
            put(&b, ", ", plm_xml_text(v, "Value"));
    plm_str country = plm_xml_attribute(plm_xml_child(x, "LocationCountry"), "CountryID");
    bool ok = keep_ref(im, a, x->line, "Location", plm_xml_attribute(x, "ID"), plm_buf_str(&b),
                       country);
    plm_buf_free(&b);
    return ok;
}

static bool keep_entry(plm_import *im, advanced *a, const plm_xml *x) {
    plm_buf b, day;
    plm_buf_init(&b, PLM_XML_TEXT_MAX);
    plm_buf_init(&day, 64);
    for (const plm_xml *m = plm_xml_child(x, "SanctionsMeasure"); m;
         m = plm_xml_next(m, "SanctionsMeasure"))
        put(&b, "; ", plm_xml_text(m, "Comment"));
    const plm_xml *d = plm_xml_child(plm_xml_child(x, "EntryEvent"), "Date");
    static const char *const parts[] = {"Year", "Month", "Day"};
    for (int i = 0; d && i < 3; i++) {
        plm_str v = plm_xml_text(d, parts[i]);
        plm_buf_printf(&day, "%s%s%.*s", i ? "-" : "", v.n == 1 ? "0" : "", PLM_FMT(v));
    }
    bool ok = keep_ref(im, a, x->line, "Entry", plm_xml_attribute(x, "ProfileID"),
                       plm_buf_str(&b), plm_buf_str(&day));
    plm_buf_free(&b);
    plm_buf_free(&day);
    return ok;
}

static bool first_pass(plm_import *im, void *ctx, const plm_xml *x) {
    advanced *a = ctx;
    if (!a->root) {
        a->root = plm_xml_is(x, "Sanctions") || plm_xml_is(x, "sanctionsData");
        return a->root ? true : plm_import_bad(im, x->line, NULL, "is no advanced OFAC list");
    }
    if (plm_xml_is(x, "Location")) return keep_location(im, a, x);
    if (plm_xml_is(x, "SanctionsEntry")) return keep_entry(im, a, x);
    if (plm_xml_is(x, "IDRegDocument"))
        return keep_ref(im, a, x->line, "IDRegDocument", plm_xml_attribute(x, "IdentityID"),
                        plm_xml_text(x, "IDRegistrationNo"),
                        plm_xml_attribute(x, "IDRegDocTypeID"));
    for (size_t i = 0; value_kinds[i]; i++)
        if (plm_xml_is(x, value_kinds[i]))
            return keep_ref(im, a, x->line, value_kinds[i], plm_xml_attribute(x, "ID"), x->text,
                            plm_xml_attribute(x, "ISO2"));
    return true;
}

static bool has_part_type(const advanced *a, const plm_xml *identity, plm_str group,
                          const char *type) {
    const plm_xml *all = plm_xml_child(identity, "NamePartGroups");
    static const char *const master = "MasterNamePartGroup";
    for (const plm_xml *m = plm_xml_child(all, master); m; m = plm_xml_next(m, master))
        for (const plm_xml *g = plm_xml_child(m, "NamePartGroup"); g;
             g = plm_xml_next(g, "NamePartGroup"))
            if (plm_str_eq(plm_xml_attribute(g, "ID"), group))
                return plm_str_is_fold(text_of_ref(a, "NamePartType",
                                                         plm_xml_attribute(g, "NamePartTypeID")),
                                             type);
    return false;
}

/* The last name first, a comma, the others in their order. */
static void put_documented(const advanced *a, const plm_xml *identity, const plm_xml *name,
                           plm_buf *b) {
    static const char *const part = "DocumentedNamePart";
    bool family = false;
    plm_buf_clear(b);
    for (int pass = 0; pass < 2; pass++)
        for (const plm_xml *p = plm_xml_child(name, part); p; p = plm_xml_next(p, part)) {
            const plm_xml *v = plm_xml_child(p, "NamePartValue");
            bool last = v && has_part_type(a, identity, plm_xml_attribute(v, "NamePartGroupID"),
                                           "Last Name");
            if (!v || last != (pass == 0)) continue;
            put(b, family && pass == 1 ? ", " : " ", v->text);
            if (pass == 1) family = false;
            else family = true;
        }
}

static bool add_alias(plm_import *im, const plm_xml *alias, plm_str name, bool *have,
                      const plm_xml *party, plm_entity_kind kind) {
    bool weak = plm_str_is(plm_xml_attribute(alias, "LowQuality"), "true");
    if (name.n == 0) return plm_import_bad(im, alias->line, "NamePartValue", "is empty");
    if (*have)
        return plm_import_name(im, alias->line, name, weak ? PLM_NAME_WEAK : PLM_NAME_ALIAS);
    *have = true;
    return plm_import_entity(im, party->line, plm_xml_attribute(party, "FixedRef"), SDN, name,
                             kind);
}

/* The primary alias first: it makes the entity. */
static bool party_names(plm_import *im, const advanced *a, const plm_xml *party,
                        const plm_xml *profile, plm_entity_kind kind) {
    plm_buf b;
    plm_buf_init(&b, PLM_XML_TEXT_MAX);
    bool have = false, ok = true;
    for (int pass = 0; ok && pass < 2; pass++)
        for (const plm_xml *id = plm_xml_child(profile, "Identity"); ok && id;
             id = plm_xml_next(id, "Identity"))
            for (const plm_xml *al = plm_xml_child(id, "Alias"); ok && al;
                 al = plm_xml_next(al, "Alias")) {
                bool first = plm_str_is(plm_xml_attribute(al, "Primary"), "true");
                if (first != (pass == 0)) continue;
                static const char *const doc = "DocumentedName";
                for (const plm_xml *n = plm_xml_child(al, doc); ok && n; n = plm_xml_next(n, doc)) {
                    put_documented(a, id, n, &b);
                    ok = add_alias(im, al, plm_buf_str(&b), &have, party, kind);
                }
            }
    plm_buf_free(&b);
    if (ok && !have) return plm_import_bad(im, party->line, "Alias", "a party without a name");
    return ok;
}

static bool party_place(plm_import *im, const advanced *a, const plm_xml *version, plm_str type) {
    const plm_xml *at = plm_xml_child(version, "VersionLocation");
    if (!at) return true;
    const ref *place = find_ref(a, "Location", plm_xml_attribute(at, "LocationID"));
    if (!place) return plm_import_bad(im, at->line, "LocationID", "leads to no Location");
    const ref *in = find_ref(a, "Country", place->extra);
    plm_country c = in ? plm_import_country(in->extra.n ? in->extra : in->text) : 0;
    if (plm_import_find(type, "birth") >= 0) return true; /* a place of birth is no address */
    if (plm_import_find(type, "Country") >= 0 || place->text.n == 0)
        return plm_import_check(im, plm_list_add_country(im->list, c, im->f), at->line, "Country");
    plm_buf b;
    plm_buf_init(&b, PLM_XML_TEXT_MAX);
    put(&b, ", ", place->text);
    if (in) put(&b, ", ", in->text);
    bool ok = plm_import_address(im, at->line, plm_buf_str(&b), c);
    plm_buf_free(&b);
    return ok;
}

static bool point_days(const plm_xml *p, plm_day *from, plm_day *to) {
    char s[32];
    plm_str y = plm_xml_text(p, "Year"), m = plm_xml_text(p, "Month"), d = plm_xml_text(p, "Day");
    if (y.n != 4 || m.n > 2 || d.n > 2) return false;
    int n = snprintf(s, sizeof s, "%.*s%s%.*s%s%.*s", PLM_FMT(y), m.n ? "-" : "", PLM_FMT(m),
                     d.n ? "-" : "", PLM_FMT(d));
    return n > 0 && plm_import_days((plm_str){s, (size_t)n}, from, to);
}

static bool party_birth(plm_import *im, const plm_xml *version) {
    const plm_xml *period = plm_xml_child(version, "DatePeriod");
    const plm_xml *start = plm_xml_child(period, "Start"), *end = plm_xml_child(period, "End");
    plm_day from, to, x, y;
    if (!point_days(plm_xml_child(start, "From"), &from, &x)) return true;
    if (!point_days(plm_xml_child(end, "To"), &y, &to) || to < from) to = x;
    return plm_import_check(im, plm_list_add_birth(im->list, from, to, im->f), version->line,
                            "DatePeriod");
}

static bool party_features(plm_import *im, const advanced *a, const plm_xml *profile) {
    for (const plm_xml *f = plm_xml_child(profile, "Feature"); f; f = plm_xml_next(f, "Feature")) {
        plm_str type = text_of_ref(a, "FeatureType", plm_xml_attribute(f, "FeatureTypeID"));
        for (const plm_xml *v = plm_xml_child(f, "FeatureVersion"); v;
             v = plm_xml_next(v, "FeatureVersion")) {
            if (!party_place(im, a, v, type)) return false;
            if (plm_str_is_fold(type, "Birthdate") && !party_birth(im, v)) return false;
            const char *kind = plm_import_id_kind(type);
            plm_str detail = plm_xml_text(v, "VersionDetail");
            if (detail.n && strcmp(kind, "other") != 0 &&
                !plm_import_id(im, v->line, kind, detail))
                return false;
        }
    }
    return true;
}

static bool party_documents(plm_import *im, const advanced *a, const plm_xml *profile) {
    for (const plm_xml *id = plm_xml_child(profile, "Identity"); id;
         id = plm_xml_next(id, "Identity")) {
        ref key = {.kind = "IDRegDocument", .id = plm_xml_attribute(id, "ID")};
        const ref *r = find_ref(a, key.kind, key.id);
        while (r && r > a->refs && by_ref(r - 1, &key) == 0) r--;
        for (; r && r < a->refs + a->n && by_ref(r, &key) == 0; r++) {
            plm_str type = text_of_ref(a, "IDRegDocType", r->extra), value = r->text;
            const char *kind = plm_import_id_kind(type);
            if (value.n > 4 && plm_str_starts(value, "IMO ")) {
                kind = "imo";
                value = plm_str_trim((plm_str){value.p + 4, value.n - 4});
            }
            if (strcmp(kind, "other") != 0 && !plm_import_id(im, id->line, kind, value))
                return false;
        }
    }
    return true;
}

static bool second_pass(plm_import *im, void *ctx, const plm_xml *x) {
    advanced *a = ctx;
    if (!a->second) {
        a->second = true;
        return true;
    }
    const plm_xml *profile = plm_xml_child(x, "Profile");
    if (!profile) return plm_import_bad(im, x->line, "Profile", "is missing");
    a->parties++;
    plm_str sub = text_of_ref(a, "PartySubType", plm_xml_attribute(profile, "PartySubTypeID"));
    plm_entity_kind kind = sdn_kind(sub);
    if (kind == PLM_ENTITY_UNKNOWN && plm_str_is_fold(sub, "Unknown"))
        kind = PLM_ENTITY_UNKNOWN; /* persons and organizations carry it alike */
    if (!party_names(im, a, x, profile, kind)) return false;
    const ref *entry = find_ref(a, "Entry", plm_xml_attribute(profile, "ID"));
    plm_day from, to;
    if (entry && plm_import_days(entry->extra, &from, &to)) plm_list_set_listed(im->list, from);
    return (!entry || plm_import_set(im, x->line, PLM_LIST_PROGRAMS, entry->text)) &&
           plm_import_set(im, x->line, PLM_LIST_REMARKS, plm_xml_text(x, "Comment")) &&
           party_features(im, a, profile) && party_documents(im, a, profile);
}

bool plm_import_ofac_advanced_xml(plm_import *im) {
    static const char *const first[] = {
        "Location", "SanctionsEntry", "IDRegDocument", "AliasType", "Country", "AreaCode",
        "FeatureType", "IDRegDocType", "LocPartType", "PartySubType", "NamePartType",
        "SanctionsType", "DistinctParty", NULL};
    static const char *const second[] = {"DistinctParty", NULL};
    advanced a = {.arena = im->arena};
    bool ok = plm_xml_read(im, first, first_pass, &a);
    if (ok && a.n) qsort(a.refs, a.n, sizeof *a.refs, by_ref);
    ok = ok && plm_xml_read(im, second, second_pass, &a);
    im->rows = a.parties;
    plm_mem_free(a.refs);
    if (ok && a.parties == 0) return plm_import_bad(im, 1, NULL, "holds no DistinctParty");
    return ok;
}
