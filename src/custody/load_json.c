/* load_json.c: licenses, attestations and locations from a JSON array or JSON Lines. */
#include "base/file.h"
#include "custody/event.h"
#include "custody/load_row.h"

#include <string.h>

typedef bool row_fn(plm_loader *l, const plm_json *v, plm_str key, const unsigned char *digest);

static const char put_license[] =
    "INSERT INTO licenses (id, digest, kind, code, consignee, quantity, valid_from, valid_to,"
    " cap_tpp_per_year) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) ON CONFLICT (id) DO UPDATE SET"
    " digest = excluded.digest, kind = excluded.kind, code = excluded.code,"
    " consignee = excluded.consignee, quantity = excluded.quantity,"
    " valid_from = excluded.valid_from, valid_to = excluded.valid_to,"
    " cap_tpp_per_year = excluded.cap_tpp_per_year";
static const char put_attestation[] =
    "INSERT INTO attestations (id, digest, time, mode, site, host_id, host_epc, leaf, verifier,"
    " result) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10) ON CONFLICT (id) DO UPDATE SET"
    " digest = excluded.digest, time = excluded.time, mode = excluded.mode, site = excluded.site,"
    " host_id = excluded.host_id, host_epc = excluded.host_epc, leaf = excluded.leaf,"
    " verifier = excluded.verifier, result = excluded.result";
static const char put_location[] =
    "INSERT INTO locations (id, digest, time, device_id, site) VALUES (?1, ?2, ?3, ?4, ?5)"
    " ON CONFLICT (id) DO UPDATE SET digest = excluded.digest, time = excluded.time,"
    " device_id = excluded.device_id, site = excluded.site";

bool plm_load_prepare_json(plm_loader *l, const char *kind) {
    static const char *const drops[][2] = {
        {"DELETE FROM license_items WHERE license = ?1",
            "DELETE FROM license_amendments WHERE license = ?1"},
        {"DELETE FROM attestation_devices WHERE attestation = ?1", NULL},
        {"DELETE FROM location_bounds WHERE location = ?1", NULL}};
    static const char *const parts[][2] = {
        {"INSERT INTO license_items (license, what, value) VALUES (?1, ?2, ?3)"
         " ON CONFLICT DO NOTHING",
         "INSERT INTO license_amendments (license, ord, day, quantity) VALUES (?1, ?2, ?3, ?4)"},
        {"INSERT INTO attestation_devices (attestation, ord, device_id, epc)"
         " VALUES (?1, ?2, ?3, ?4)", NULL},
        {"INSERT INTO location_bounds (location, ord, landmark, operator, lat, lon, km_max)"
         " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)", NULL}};
    static const char *const puts[] = {put_license, put_attestation, put_location};
    size_t k = strcmp(kind, "licenses") == 0 ? 0 : strcmp(kind, "attestations") == 0 ? 1 : 2;
    if (!(l->put = plm_stmt_new(l->s, puts[k], l->f))) return false;
    for (size_t i = 0; i < 2 && drops[k][i]; i++) {
        l->drop[i] = plm_stmt_new(l->s, drops[k][i], l->f);
        l->part[i] = plm_stmt_new(l->s, parts[k][i], l->f);
        if (!l->drop[i] || !l->part[i]) return false;
    }
    return true;
}

static plm_str text_of(const plm_json *o, const char *name) {
    return plm_str_trim(plm_json_text(plm_json_get(o, name)));
}

static bool list_ok(plm_loader *l, const plm_json *o, const char *name, const plm_json **out) {
    *out = plm_json_get(o, name);
    if (*out && plm_json_is_null(*out)) *out = NULL;
    if (*out && !plm_json_is_arr(*out))
        return plm_load_refuse(l, "shape", name, "must be an array", plm_json_text(*out));
    return true;
}

static bool put_item(plm_loader *l, plm_str license, const char *what, plm_str value) {
    plm_stmt_text(l->part[0], 1, license);
    plm_stmt_text(l->part[0], 2, plm_str_c(what));
    plm_stmt_text(l->part[0], 3, value);
    return plm_stmt_run(l->part[0], NULL, l->f);
}

static bool put_items(plm_loader *l, const plm_json *v, const char *name, const char *what,
                      plm_str license) {
    const plm_json *list;
    if (!list_ok(l, v, name, &list)) return false;
    if (!list) return true;
    plm_json_each(list, it, m) {
        plm_str s = plm_str_trim(plm_json_text(m));
        if (!plm_json_is_str(m) || !s.n)
            return plm_load_refuse(l, "shape", name, "must hold words", s);
        if (strcmp(what, "site") == 0 && !(s = plm_load_key(l, s)).p) return false;
        if (license.p && !put_item(l, license, what, s)) return false;
    }
    return true;
}

static bool put_amendments(plm_loader *l, const plm_json *v, plm_str license) {
    const plm_json *list;
    int64_t ord = 0, quantity = 0;
    plm_day day;
    if (!list_ok(l, v, "amendments", &list)) return false;
    if (!list) return true;
    plm_json_each(list, it, m) {
        plm_str date = text_of(m, "date"), q = text_of(m, "quantity_chips");
        if (!plm_day_parse(date, &day))
            return plm_load_refuse(l, "date", "amendments.date", "is no date YYYY-MM-DD", date);
        if (q.n && !plm_load_scaled(l, "amendments.quantity_chips", q, 0, 0,
                                    &quantity)) return false;
        if (!license.p) continue;
        plm_stmt_text(l->part[1], 1, license);
        plm_stmt_int(l->part[1], 2, ord++);
        plm_stmt_int(l->part[1], 3, day);
        if (q.n) plm_stmt_int(l->part[1], 4, quantity);
        if (!plm_stmt_run(l->part[1], NULL, l->f)) return false;
    }
    return true;
}

static bool license_parts(plm_loader *l, const plm_json *v, plm_str license) {
    return put_items(l, v, "countries", "country", license) &&
           put_items(l, v, "skus", "sku", license) && put_items(l, v, "sites", "site", license) &&
           put_amendments(l, v, license);
}

static bool put_license_row(plm_loader *l, const plm_json *v, plm_str key,
                            const unsigned char *digest) {
    plm_str kind = text_of(v, "kind");
    bool same;
    if (!plm_str_is(kind, "license") && !plm_str_is(kind, "exception"))
        return plm_load_refuse(l, "kind", "kind", "is neither license nor exception", kind);
    if (!license_parts(l, v, (plm_str){0})) return false; /* looks before anything is dropped */
    plm_stmt_text(l->put, 3, kind);
    if (!plm_load_bind_text(l, 4, text_of(v, "code")) ||
        !plm_load_bind_key(l, 5, text_of(v, "consignee")) ||
        !plm_load_bind_scaled(l, 6, "quantity_chips", text_of(v, "quantity_chips"), 0, 0) ||
        !plm_load_bind_day(l, 7, "valid_from", text_of(v, "valid_from")) ||
        !plm_load_bind_day(l, 8, "valid_to", text_of(v, "valid_to")) ||
        !plm_load_bind_scaled(l, 9, "cap_tpp_per_year", text_of(v, "cap_tpp_per_year"), 0, 0))
        return false;
    if (!plm_load_decide(l, key, digest, &same)) return false;
    if (same) return true;
    plm_stmt_text(l->put, 1, key);
    plm_stmt_blob(l->put, 2, digest, 32);
    return plm_stmt_run(l->put, NULL, l->f) && license_parts(l, v, key);
}

static bool bind_time(plm_loader *l, plm_str v) {
    int64_t ns;
    if (!plm_time_parse(v, &ns, NULL))
        return plm_load_refuse(l, "time", "time", "is no ISO 8601 time with a zone", v);
    plm_stmt_int(l->put, 3, ns);
    return true;
}

static bool put_devices(plm_loader *l, const plm_json *v, plm_str id) {
    const plm_json *list;
    int64_t ord = 0;
    if (!list_ok(l, v, "devices", &list)) return false;
    if (!list) return true;
    plm_json_each(list, it, m) {
        plm_str device = text_of(m, "id"), epc = text_of(m, "epc");
        if (!plm_json_is_obj(m) || (!device.n && !epc.n))
            return plm_load_refuse(l, "shape", "devices", "must hold {\"id\",\"epc\"}", device);
        if (!id.p) continue;
        if (epc.n && !(epc = plm_load_key(l, epc)).p) return false;
        plm_stmt_text(l->part[0], 1, id);
        plm_stmt_int(l->part[0], 2, ord++);
        plm_stmt_text(l->part[0], 3, device.n ? device : (plm_str){0});
        plm_stmt_text(l->part[0], 4, epc.n ? epc : (plm_str){0});
        if (!plm_stmt_run(l->part[0], NULL, l->f)) return false;
    }
    return true;
}

static bool put_attestation_row(plm_loader *l, const plm_json *v, plm_str key,
                                const unsigned char *digest) {
    const plm_json *host = plm_json_get(v, "host");
    plm_str epc = text_of(host, "epc"), id = text_of(host, "id");
    bool same;
    if (!bind_time(l, text_of(v, "time")) || !put_devices(l, v, (plm_str){0})) return false;
    if (!plm_load_bind_text(l, 4, text_of(v, "mode")) ||
        !plm_load_bind_key(l, 5, text_of(v, "site")) ||
        !plm_load_bind_text(l, 6, id) || !plm_load_bind_key(l, 7, epc) ||
        !plm_load_bind_text(l, 8, text_of(v, "leaf")) ||
        !plm_load_bind_text(l, 9, text_of(v, "verifier")) ||
        !plm_load_bind_text(l, 10, text_of(v, "result")) || !plm_load_decide(l, key, digest, &same))
        return false;
    if (same) return true;
    plm_stmt_text(l->put, 1, key);
    plm_stmt_blob(l->put, 2, digest, 32);
    return plm_stmt_run(l->put, NULL, l->f) && put_devices(l, v, key);
}

static bool put_bounds(plm_loader *l, const plm_json *v, plm_str id) {
    const plm_json *list;
    int64_t ord = 0;
    if (!list_ok(l, v, "bounds", &list)) return false;
    if (!list) return true;
    plm_json_each(list, it, m) {
        plm_stmt *st = l->part[0];
        plm_str lat = text_of(m, "lat"), lon = text_of(m, "lon"), km = text_of(m, "km_max");
        plm_stmt_reset(st);
        if (!lat.n || !lon.n || !km.n)
            return plm_load_refuse(l, "shape", "bounds", "needs lat, lon and km_max", lat);
        if (!plm_load_bind_real(l, st, 5, "lat", lat, -90, 90) ||
            !plm_load_bind_real(l, st, 6, "lon", lon, -180, 180) ||
            !plm_load_bind_real(l, st, 7, "km_max", km, 0, 1e6))
            return false;
        if (!id.p) continue;
        plm_stmt_text(st, 1, id);
        plm_stmt_int(st, 2, ord++);
        plm_str landmark = text_of(m, "landmark"), operator = text_of(m, "operator");
        plm_stmt_text(st, 3, landmark.n ? landmark : (plm_str){0});
        plm_stmt_text(st, 4, operator.n ? operator : (plm_str){0});
        if (!plm_stmt_run(st, NULL, l->f)) return false;
    }
    return true;
}

static bool put_location_row(plm_loader *l, const plm_json *v, plm_str key,
                             const unsigned char *digest) {
    bool same;
    if (!bind_time(l, text_of(v, "time")) || !put_bounds(l, v, (plm_str){0})) return false;
    if (!plm_load_bind_text(l, 4, text_of(v, "device")) ||
        !plm_load_bind_key(l, 5, text_of(v, "site")) ||
        !plm_load_decide(l, key, digest, &same))
        return false;
    if (same) return true;
    plm_stmt_text(l->put, 1, key);
    plm_stmt_blob(l->put, 2, digest, 32);
    return plm_stmt_run(l->put, NULL, l->f) && put_bounds(l, v, key);
}

static bool put_value(plm_loader *l, row_fn *put, const plm_json *v, const plm_fault *bad) {
    unsigned char digest[32];
    plm_buf b;
    plm_arena_reset(l->a);
    l->row++;
    l->out->rows++;
    l->refused = false;
    l->id = text_of(v, "id");
    if (!v) return plm_load_refuse(l, "malformed", "", bad->say, (plm_str){0});
    if (!plm_json_is_obj(v) || !l->id.n) return plm_load_refuse(l, "id", "id", "is missing", l->id);
    plm_buf_init(&b, 2 * PLM_EVENT_BYTES_MAX);
    plm_jw w = plm_jw_into(&b);
    plm_event_write_json(&w, v);
    plm_sha256_of(plm_buf_str(&b), digest);
    plm_buf_free(&b);
    plm_stmt_reset(l->put);
    return put(l, v, l->id, digest);
}

static bool load_array(plm_loader *l, row_fn *put, plm_str text) {
    plm_doc *d = plm_doc_parse(text, PLM_LOAD_FILE_MAX, l->f);
    bool ok = d != NULL;
    if (!d) return false;
    plm_json_each(plm_doc_root(d), it, v) {
        ok = put_value(l, put, v, NULL) || l->refused;
        if (!ok) break;
    }
    plm_doc_free(d);
    return ok;
}

bool plm_load_json(plm_loader *l, const char *kind, plm_str rest) {
    row_fn *put = strcmp(kind, "licenses") == 0 ? put_license_row
                  : strcmp(kind, "attestations") == 0 ? put_attestation_row : put_location_row;
    rest = plm_str_trim(rest);
    if (rest.n && rest.p[0] == '[') return load_array(l, put, rest);
    while (rest.n) {
        const char *q = memchr(rest.p, '\n', rest.n);
        plm_str line = plm_str_trim((plm_str){rest.p, q ? (size_t)(q - rest.p) : rest.n});
        rest = q ? (plm_str){q + 1, rest.n - (size_t)(q - rest.p) - 1} : (plm_str){rest.p, 0};
        if (!line.n) continue;
        plm_fault bad = {0};
        plm_doc *d = plm_doc_parse(line, PLM_EVENT_BYTES_MAX, &bad);
        bool ok = put_value(l, put, d ? plm_doc_root(d) : NULL, &bad);
        plm_doc_free(d);
        if (!ok && !l->refused) return false;
    }
    return true;
}
