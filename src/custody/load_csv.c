/* load_csv.c: sites, devices and orders from CSV (RFC 4180, a header that names the columns). */
#include "base/file.h"
#include "custody/load_row.h"

#include <string.h>

typedef enum col_kind { C_KEY, C_TEXT, C_DAY, C_LAT, C_LON, C_SCALED, C_COUNTRY, C_POWER } col_kind;

typedef struct column {
    const char *name;
    col_kind kind;
    int digits; /* C_SCALED: decimal places kept */
    int64_t lo; /* C_SCALED: least value, scaled */
} column;

/* Parameter 1 is the key, 2 the digest, then these from the second on, in this order. */
static const column sites[] = {
    {"id", C_KEY, 0, 0}, {"name", C_TEXT, 0, 0}, {"kind", C_TEXT, 0, 0}, {"operator", C_KEY, 0, 0},
    {"country", C_COUNTRY, 0, 0}, {"lat", C_LAT, 0, 0}, {"lon", C_LON, 0, 0},
    {"pue", C_SCALED, 6, 1000000}, {"attests", C_TEXT, 0, 0}, {"power_mw", C_POWER, 0, 0}, {0}};
static const column devices[] = {
    {"epc", C_KEY, 0, 0}, {"device_id", C_TEXT, 0, 0}, {"kind", C_TEXT, 0, 0},
        {"sku", C_TEXT, 0, 0},
    {"tpp", C_SCALED, 0, 0}, {"tdp_w", C_SCALED, 3, 0}, {"mass_kg", C_SCALED, 6, 0},
    {"made", C_DAY, 0, 0}, {0}};
static const column orders[] = {
    {"id", C_TEXT, 0, 0}, {"placed", C_DAY, 0, 0}, {"seller", C_KEY, 0, 0}, {"buyer", C_KEY, 0, 0},
    {"buyer_name", C_TEXT, 0, 0}, {"buyer_country", C_COUNTRY, 0, 0},
        {"buyer_address", C_TEXT, 0, 0},
    {"buyer_phone", C_TEXT, 0, 0}, {"buyer_director", C_TEXT, 0, 0},
    {"buyer_email_domain", C_TEXT, 0, 0}, {"buyer_founded", C_SCALED, 0, 0},
    {"buyer_group", C_TEXT, 0, 0}, {"payer", C_TEXT, 0, 0}, {"sku", C_TEXT, 0, 0},
    {"chips", C_SCALED, 0, 0}, {"license", C_TEXT, 0, 0}, {"ship_to", C_KEY, 0, 0},
    {"amended_on", C_DAY, 0, 0}, {"amended_ship_to", C_KEY, 0, 0}, {"status", C_TEXT, 0, 0}, {0}};

static const char put_site[] =
    "INSERT INTO sites (id, digest, name, kind, operator, country, lat, lon, pue_millionths,"
    " attests)"
    " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10) ON CONFLICT (id) DO UPDATE SET"
    " digest = excluded.digest, name = excluded.name, kind = excluded.kind,"
    " operator = excluded.operator, country = excluded.country, lat = excluded.lat,"
    " lon = excluded.lon, pue_millionths = excluded.pue_millionths, attests = excluded.attests";
static const char put_device[] =
    "INSERT INTO devices (epc, digest, device_id, kind, sku, tpp, tdp_milliwatts, mass_mg, made)"
    " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) ON CONFLICT (epc) DO UPDATE SET"
    " digest = excluded.digest, device_id = excluded.device_id, kind = excluded.kind,"
    " sku = excluded.sku, tpp = excluded.tpp, tdp_milliwatts = excluded.tdp_milliwatts,"
    " mass_mg = excluded.mass_mg, made = excluded.made";
static const char put_order[] =
    "INSERT INTO orders (id, digest, placed, seller, buyer, buyer_name, buyer_country,"
    " buyer_address, buyer_phone, buyer_director, buyer_email_domain, buyer_founded, buyer_group,"
    " payer, sku, chips, license, ship_to, amended_on, amended_ship_to, status) VALUES (?1, ?2, ?3,"
    " ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21)"
    " ON CONFLICT (id) DO UPDATE SET digest = excluded.digest, placed = excluded.placed,"
    " seller = excluded.seller, buyer = excluded.buyer, buyer_name = excluded.buyer_name,"
    " buyer_country = excluded.buyer_country, buyer_address = excluded.buyer_address,"
    " buyer_phone = excluded.buyer_phone, buyer_director = excluded.buyer_director,"
    " buyer_email_domain = excluded.buyer_email_domain, buyer_founded = excluded.buyer_founded,"
    " buyer_group = excluded.buyer_group, payer = excluded.payer, sku = excluded.sku,"
    " chips = excluded.chips, license = excluded.license, ship_to = excluded.ship_to,"
    " amended_on = excluded.amended_on, amended_ship_to = excluded.amended_ship_to,"
    " status = excluded.status";

static const column *columns_of(const char *kind) {
    return strcmp(kind, "sites") == 0 ? sites : strcmp(kind, "devices") == 0 ? devices : orders;
}

bool plm_load_prepare_csv(plm_loader *l, const char *kind) {
    const column *c = columns_of(kind);
    l->put = plm_stmt_new(l->s, c == sites ? put_site : c == devices ? put_device : put_order,
                          l->f);
    if (c == sites) {
        l->drop[0] = plm_stmt_new(l->s, "DELETE FROM site_power WHERE site = ?1", l->f);
        l->part[0] = plm_stmt_new(l->s, "INSERT INTO site_power (site, ord, day, watts)"
                                        " VALUES (?1, ?2, ?3, ?4)", l->f);
        if (!l->drop[0] || !l->part[0]) return false;
    }
    return l->put != NULL;
}

/* One field; *rest moves past it and its comma.  *end: the record ends here. */
static bool next_field(plm_loader *l, plm_str *rest, plm_str *out, bool *end) {
    size_t i = 0;
    if (rest->n && rest->p[0] == '"') {
        char *copy = plm_arena_alloc(l->a, rest->n > (1u << 20) ? (1u << 20) : rest->n + 1);
        size_t n = 0, max = rest->n > (1u << 20) ? (1u << 20) : rest->n;
        for (i = 1;; i++) {
            if (i >= rest->n || n >= max || !copy)
                return plm_fail(l->f, PLM_BAD_INPUT, "row %llu: a quoted field does not end",
                                (unsigned long long)l->row);
            if (rest->p[i] != '"') copy[n++] = rest->p[i];
            else if (i + 1 < rest->n && rest->p[i + 1] == '"') copy[n++] = rest->p[i++];
            else break;
        }
        *out = (plm_str){copy, n};
        i++;
    } else {
        while (i < rest->n && rest->p[i] != ',' && rest->p[i] != '\n') i++;
        *out = (plm_str){rest->p, i};
        if (out->n && out->p[out->n - 1] == '\r') out->n--;
    }
    if (i < rest->n && rest->p[i] == '\r') i++;
    if (i < rest->n && rest->p[i] != ',' && rest->p[i] != '\n')
        return plm_fail(l->f, PLM_BAD_INPUT, "row %llu: text after a closing quote",
                        (unsigned long long)l->row);
    *end = i >= rest->n || rest->p[i] == '\n';
    i += i < rest->n;
    *rest = (plm_str){rest->p + i, rest->n - i};
    *out = plm_str_trim(*out);
    return true;
}

static bool next_record(plm_loader *l, plm_str *rest, plm_str field[PLM_LOAD_COLUMNS_MAX],
                        size_t *n) {
    bool end = false;
    for (*n = 0; !end; ++*n) {
        if (*n == PLM_LOAD_COLUMNS_MAX)
            return plm_fail(l->f, PLM_OUT_OF_RANGE, "row %llu has more than %d columns",
                            (unsigned long long)l->row, PLM_LOAD_COLUMNS_MAX);
        if (!next_field(l, rest, &field[*n], &end)) return false;
    }
    return true;
}

static bool put_power(plm_loader *l, plm_str site, plm_str v) {
    for (int ord = 0; v.n; ord++) {
        const char *semi = memchr(v.p, ';', v.n);
        plm_str step = plm_str_trim((plm_str){v.p, semi ? (size_t)(semi - v.p) : v.n});
        v = semi ? (plm_str){semi + 1, v.n - (size_t)(semi - v.p) - 1} : (plm_str){v.p, 0};
        plm_day day;
        int64_t watts;
        if (step.n < 12 || step.p[10] != ':' || !plm_day_parse((plm_str){step.p, 10}, &day))
            return plm_load_refuse(l, "power", "power_mw", "is no DATE:MW", step);
        if (!plm_load_scaled(l, "power_mw", (plm_str){step.p + 11, step.n - 11}, 6, 0, &watts))
            return false;
        if (!site.p) continue; /* a first pass that only looks */
        plm_stmt_text(l->part[0], 1, site);
        plm_stmt_int(l->part[0], 2, ord);
        plm_stmt_int(l->part[0], 3, day);
        plm_stmt_int(l->part[0], 4, watts);
        if (!plm_stmt_run(l->part[0], NULL, l->f)) return false;
    }
    return true;
}

static bool bind(plm_loader *l, const column *c, int i, plm_str v) {
    switch (c->kind) {
    case C_KEY: return plm_load_bind_key(l, i, v);
    case C_TEXT: return plm_load_bind_text(l, i, v);
    case C_DAY: return plm_load_bind_day(l, i, c->name, v);
    case C_LAT: return plm_load_bind_real(l, l->put, i, c->name, v, -90, 90);
    case C_LON: return plm_load_bind_real(l, l->put, i, c->name, v, -180, 180);
    case C_SCALED: return plm_load_bind_scaled(l, i, c->name, v, c->digits, c->lo);
    case C_COUNTRY:
        if (v.n && !plm_country_parse(v))
            return plm_load_refuse(l, "country", c->name, "is no ISO 3166-1 alpha-2 code", v);
        return plm_load_bind_text(l, i, v);
    case C_POWER: return put_power(l, (plm_str){0}, v);
    }
    return false;
}

static void digest_of(const plm_str *v, size_t n, plm_arena *a, unsigned char out[32]) {
    plm_buf b;
    (void)a;
    plm_buf_init(&b, 64u << 20);
    for (size_t i = 0; i < n; i++) {
        plm_buf_put(&b, v[i].p ? v[i].p : "", v[i].n);
        plm_buf_putc(&b, '\x1f');
    }
    plm_sha256_of(plm_buf_str(&b), out);
    plm_buf_free(&b);
}

/* v holds the row's values in the order of c.  False: refused, or l->f. */
static bool put_row(plm_loader *l, const column *c, const plm_str *v) {
    unsigned char digest[32];
    size_t n = 0;
    bool same;
    while (c[n].name) n++;
    l->id = v[0];
    if (!v[0].n) return plm_load_refuse(l, "id", c[0].name, "is missing", v[0]);
    plm_str key = c[0].kind == C_KEY ? plm_load_key(l, v[0]) : v[0];
    if (!key.p) return false;
    for (size_t i = 1; i < n; i++)
        if (!bind(l, &c[i], (int)i + 2, v[i])) return false;
    digest_of(v, n, l->a, digest);
    if (!plm_load_decide(l, key, digest, &same)) return false;
    if (same) return true;
    plm_stmt_text(l->put, 1, key);
    plm_stmt_blob(l->put, 2, digest, sizeof digest);
    if (!plm_stmt_run(l->put, NULL, l->f)) return false;
    return c != sites || put_power(l, key, v[9]);
}

/* Which field of the file each column is; -1: the file has none. */
static bool read_header(plm_loader *l, const column *c, plm_str *rest,
                        int at[PLM_LOAD_COLUMNS_MAX]) {
    plm_str field[PLM_LOAD_COLUMNS_MAX];
    size_t n;
    if (!next_record(l, rest, field, &n)) return false;
    for (size_t i = 0; c[i].name; i++) {
        at[i] = -1;
        for (size_t k = 0; k < n; k++)
            if (plm_str_is(field[k], c[i].name)) at[i] = (int)k;
    }
    return at[0] >= 0 || plm_fail_at(l->f, PLM_BAD_INPUT, "", 1, 0,
                                     "the header has no column '%s'", c[0].name);
}

bool plm_load_csv(plm_loader *l, const char *kind, plm_str rest) {
    const column *c = columns_of(kind);
    plm_str field[PLM_LOAD_COLUMNS_MAX], v[PLM_LOAD_COLUMNS_MAX];
    int at[PLM_LOAD_COLUMNS_MAX];
    size_t n;
    if (!read_header(l, c, &rest, at)) return false;
    while (rest.n) {
        plm_arena_reset(l->a);
        l->row++;
        l->refused = false;
        l->id = (plm_str){"", 0};
        if (!next_record(l, &rest, field, &n)) return false;
        if (n == 1 && !field[0].n) continue; /* a blank line */
        l->out->rows++;
        for (size_t i = 0; c[i].name; i++)
            v[i] = at[i] >= 0 && (size_t)at[i] < n ? field[at[i]] : (plm_str){"", 0};
        plm_stmt_reset(l->put);
        if (!put_row(l, c, v) && !l->refused) return false;
    }
    return true;
}
