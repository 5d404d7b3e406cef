/* flows.c: see flows.h.  Each unit has one way through the columns; ways are added up. */
#include "custody/flows.h"

#include <stdlib.h>
#include <string.h>

const char *const plm_flow_columns[PLM_FLOW_COLUMNS] = {
    "ordered", "exported to", "country", "arrival", "moved on", "installed", "now"};

typedef struct way {
    uint32_t node[PLM_FLOW_COLUMNS]; /* index in the column's names; NONE: it ends before */
    int64_t chips;
} way;

typedef struct walker {
    plm_world *w;
    plm_w_index names[PLM_FLOW_COLUMNS];
    way *v;
    uint32_t n, cap;
    uint32_t license; /* NONE: all */
    bool *used;       /* by license: something was exported under it */
    int64_t *left;    /* by order: chips ordered and not yet exported */
    plm_fault *f;
} walker;

static bool no_memory(walker *k) { return plm_fail(k->f, PLM_NO_MEMORY, "out of memory"); }

#define BEYOND "beyond the order"
#define NO_ORDER "no order on file"
#define NOT_EXPORTED "not exported"
#define OTHER_COUNTRY "to another country"
static const char *const odd_names[] = {BEYOND, NO_ORDER, OTHER_COUNTRY, "in transit", "lost",
                                        "not installed", "not said"};

static uint32_t name_in(walker *k, unsigned column, plm_str name) {
    return plm_w_index_put(&k->names[column], name.n ? name : PLM_STR("not said"));
}

static bool add(walker *k, const way *x) {
    if (k->n == k->cap) {
        uint32_t cap = k->cap ? k->cap * 2 : 1024;
        way *v = plm_arena_array(k->w->a, cap, sizeof *v);
        if (!v) return no_memory(k);
        if (k->n) memcpy(v, k->v, k->n * sizeof *v);
        k->v = v;
        k->cap = cap;
    }
    k->v[k->n++] = *x;
    return true;
}

static plm_str consignee_of(const plm_world *w, uint32_t license, uint32_t order) {
    uint32_t who = license == PLM_W_NONE ? PLM_W_NONE : w->license[license].consignee;
    if (who == PLM_W_NONE && order != PLM_W_NONE) who = w->order[order].buyer;
    if (who == PLM_W_NONE) return (plm_str){0};
    for (uint32_t i = 0; i < w->order_ids.n; i++)
        if (w->order[i].known && w->order[i].buyer == who && w->order[i].buyer_name.n)
            return w->order[i].buyer_name;
    return plm_w_shown(w, w->party_ids.v[who]);
}

static plm_str source_of(const walker *k, uint32_t license, uint32_t order) {
    const plm_world *w = k->w;
    if (k->license != PLM_W_NONE) return w->order_ids.v[order];
    return license == PLM_W_NONE ? PLM_STR("no license") : w->license_ids.v[license];
}

/* Where a received unit went afterwards: the last place it rested at that is no depot or hub. */
static plm_str moved_of(const plm_world *w, uint32_t root, const plm_exported *e) {
    const plm_w_journey *j = &w->journey[root];
    const plm_w_event *ex = &w->event[j->ev_export];
    uint32_t at = e->site;
    for (uint32_t i = 0; i < j->stays; i++) {
        const plm_w_stay *s = &w->stay[j->stay0 + i];
        if (s->in < ex->t) continue;
        if (s->place.site == PLM_W_NONE) {
            at = PLM_W_NONE;
            continue;
        }
        plm_w_sitekind kind = w->site[s->place.site].kind;
        if (kind == PLM_W_S_DATACENTER || kind == PLM_W_S_OFFICE) at = s->place.site;
    }
    if (at == e->site) return PLM_STR("stayed");
    if (at == PLM_W_NONE || e->site == PLM_W_NONE) return PLM_STR("not said");
    return plm_str_eq(w->site[at].country, w->site[e->site].country)
               ? PLM_STR("transferred in-country") : PLM_STR(OTHER_COUNTRY);
}

static void after_receipt(walker *k, uint32_t root, const plm_exported *e, way *x) {
    const plm_w_journey *j = &k->w->journey[root];
    x->node[4] = name_in(k, 4, moved_of(k->w, root, e));
    x->node[5] = name_in(k, 5, j->installed == PLM_W_NEVER ? PLM_STR("not installed")
                                                           : PLM_STR("installed"));
    x->node[6] = name_in(k, 6, e->returned && e->retired ? PLM_STR("returned, retired")
                               : e->returned             ? PLM_STR("returned")
                               : e->retired              ? PLM_STR("retired")
                                                         : PLM_STR("in place"));
}

static bool take_unit(walker *k, uint32_t root, const plm_exported *e) {
    const plm_world *w = k->w;
    const plm_w_journey *j = &w->journey[root];
    uint32_t order = j->order != PLM_W_NONE && w->order[j->order].known ? j->order : PLM_W_NONE;
    way x = {.chips = e->chips};
    for (unsigned c = 0; c < PLM_FLOW_COLUMNS; c++) x.node[c] = PLM_W_NONE;
    x.node[1] = name_in(k, 1, consignee_of(w, j->license, order));
    x.node[2] = name_in(k, 2, e->site == PLM_W_NONE ? PLM_STR("") : w->site[e->site].country);
    x.node[3] = name_in(k, 3, e->state == PLM_U_RECEIVED ? PLM_STR("received")
                              : e->state == PLM_U_LOST   ? PLM_STR("lost")
                                                         : PLM_STR("in transit"));
    if (e->state == PLM_U_RECEIVED) after_receipt(k, root, e, &x);
    int64_t due = order == PLM_W_NONE ? 0 : k->left[order] < e->chips ? k->left[order] : e->chips;
    if (due > 0) {
        way part = x;
        part.chips = due;
        part.node[0] = name_in(k, 0, source_of(k, j->license, order));
        k->left[order] -= due;
        if (!add(k, &part)) return false;
    }
    x.chips = e->chips - due;
    if (!x.chips) return true;
    x.node[0] = name_in(k, 0, order == PLM_W_NONE ? PLM_STR(NO_ORDER) : PLM_STR(BEYOND));
    return add(k, &x);
}

/* Of all licenses, those that something was exported under. */
static bool about(const walker *k, uint32_t license) {
    if (license == PLM_W_NONE) return false;
    return k->license == PLM_W_NONE ? k->used[license] : license == k->license;
}

static bool walk(walker *k, plm_flows *out) {
    const plm_world *w = k->w;
    k->left = plm_arena_array(w->a, (size_t)w->order_ids.n + 1, sizeof *k->left);
    k->used = plm_arena_array(w->a, (size_t)w->license_ids.n + 1, sizeof *k->used);
    if (!k->left || !k->used) return no_memory(k);
    for (uint32_t i = 0; i < w->things; i++) {
        plm_exported e;
        if (plm_custody_exported(w, i, &e) && e.chips) k->used[w->journey[i].license] = true;
    }
    for (uint32_t i = 0; i < w->order_ids.n; i++) {
        const plm_w_order *o = &w->order[i];
        if (o->known && o->chips > 0) k->left[i] = o->chips;
        if (about(k, o->license)) out->ordered += k->left[i];
        else if (o->license != PLM_W_NONE && k->license == PLM_W_NONE)
            out->elsewhere += k->left[i];
    }
    for (uint32_t i = 0; i < w->things; i++) {
        plm_exported e;
        if (!plm_custody_exported(w, i, &e) || !about(k, w->journey[i].license)) continue;
        out->exported += e.chips;
        out->returned += e.returned ? e.chips : 0;
        if (e.chips && !take_unit(k, i, &e)) return false;
    }
    for (uint32_t i = 0; i < w->order_ids.n; i++) {
        if (!k->left[i] || !about(k, w->order[i].license)) continue;
        way x = {.chips = k->left[i]};
        for (unsigned c = 2; c < PLM_FLOW_COLUMNS; c++) x.node[c] = PLM_W_NONE;
        x.node[0] = name_in(k, 0, source_of(k, w->order[i].license, i));
        x.node[1] = name_in(k, 1, PLM_STR(NOT_EXPORTED));
        if (!add(k, &x)) return false;
    }
    return true;
}

typedef struct ranked {
    uint32_t raw;
    int64_t chips;
    plm_str name;
} ranked;

static bool is_odd(plm_str name) {
    for (size_t i = 0; i < sizeof odd_names / sizeof *odd_names; i++)
        if (plm_str_is(name, odd_names[i])) return true;
    return false;
}

/* Ordinary nodes by their chips, then those that ask for a look. */
static int by_rank(const void *a, const void *b) {
    const ranked *x = a, *y = b;
    bool p = is_odd(x->name) || plm_str_is(x->name, NOT_EXPORTED);
    bool q = is_odd(y->name) || plm_str_is(y->name, NOT_EXPORTED);
    if (p != q) return p ? 1 : -1;
    if (x->chips != y->chips) return x->chips > y->chips ? -1 : 1;
    return plm_str_cmp(x->name, y->name);
}

/* Fills a column and to[raw], the node that each name went into. */
static bool settle(walker *k, unsigned c, plm_flow_column *col, uint32_t *to) {
    uint32_t n = k->names[c].n, plain = 0, many = 0;
    ranked *v = plm_arena_array(k->w->a, (size_t)n + 1, sizeof *v);
    if (!v) return no_memory(k);
    for (uint32_t i = 0; i < n; i++) v[i] = (ranked){.raw = i, .name = k->names[c].v[i]};
    for (uint32_t i = 0; i < k->n; i++)
        if (k->v[i].node[c] != PLM_W_NONE) v[k->v[i].node[c]].chips += k->v[i].chips;
    if (n) qsort(v, n, sizeof *v, by_rank);
    while (plain < n && !is_odd(v[plain].name) && !plm_str_is(v[plain].name, NOT_EXPORTED)) plain++;
    uint32_t keep = n <= PLM_FLOW_NODES_MAX ? plain : PLM_FLOW_NODES_MAX - 1 - (n - plain);
    for (uint32_t i = 0; i < n; i++) {
        if (i < keep || i >= plain) {
            to[v[i].raw] = col->n;
            col->node[col->n++] = (plm_flow_node){.name = v[i].name, .chips = v[i].chips,
                                                  .odd = is_odd(v[i].name)};
            continue;
        }
        if (!many++) {
            plm_buf t;
            plm_buf_init(&t, 64);
            plm_buf_printf(&t, "%u others", plain - keep);
            col->node[col->n++] = (plm_flow_node){.name = plm_arena_copy(k->w->a, plm_buf_str(&t))};
            plm_buf_free(&t);
        }
        to[v[i].raw] = keep;
        col->node[keep].chips += v[i].chips;
    }
    return true;
}

bool plm_custody_flows(plm_world *w, plm_str license, plm_flows *out, plm_fault *f) {
    walker k = {.w = w, .license = PLM_W_NONE, .f = f};
    uint32_t *to[PLM_FLOW_COLUMNS];
    memset(out, 0, sizeof *out);
    if (license.n) {
        k.license = plm_w_index_get(&w->license_ids, license);
        if (k.license == PLM_W_NONE)
            return plm_fail(f, PLM_NOT_FOUND, "no license '%.*s' is in a table or an event",
                            PLM_FMT(license));
        out->license = w->license_ids.v[k.license];
        out->has_authorised = w->license[k.license].known && w->license[k.license].has_quantity;
        out->authorised = w->license[k.license].quantity;
    }
    bool ok = walk(&k, out);
    for (unsigned c = 0; ok && c < PLM_FLOW_COLUMNS; c++) {
        to[c] = plm_arena_array(w->a, (size_t)k.names[c].n + 1, sizeof **to);
        ok = to[c] ? settle(&k, c, &out->column[c], to[c]) : no_memory(&k);
    }
    for (uint32_t i = 0; ok && i < k.n; i++)
        for (unsigned c = 0; c + 1 < PLM_FLOW_COLUMNS && k.v[i].node[c + 1] != PLM_W_NONE; c++)
            out->link[c][to[c][k.v[i].node[c]]][to[c + 1][k.v[i].node[c + 1]]] += k.v[i].chips;
    for (unsigned c = 0; c < PLM_FLOW_COLUMNS; c++) plm_w_index_free(&k.names[c]);
    return ok;
}

bool plm_flows_write(const plm_flows *x, plm_buf *out) {
    for (unsigned c = 0; c + 1 < PLM_FLOW_COLUMNS; c++)
        for (uint32_t i = 0; i < x->column[c].n; i++)
            for (uint32_t k = 0; k < x->column[c + 1].n; k++) {
                if (!x->link[c][i][k]) continue;
                plm_jw w = plm_jw_into(out);
                plm_jw_obj(&w);
                if (x->license.n) plm_jw_kstr(&w, "license", x->license);
                else plm_jw_kcstr(&w, "license", NULL);
                plm_jw_kcstr(&w, "from_column", plm_flow_columns[c]);
                plm_jw_kstr(&w, "from", x->column[c].node[i].name);
                plm_jw_kcstr(&w, "to_column", plm_flow_columns[c + 1]);
                plm_jw_kstr(&w, "to", x->column[c + 1].node[k].name);
                plm_jw_kint(&w, "chips", x->link[c][i][k]);
                plm_jw_end_obj(&w);
                plm_buf_putc(out, '\n');
            }
    return !out->full;
}
