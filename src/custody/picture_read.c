/* picture_read.c: what a picture shows, from `custody show` and the tables.
 * Invariants: picture.h. */
#include "custody/picture.h"

#include "base/svg.h"
#include "custody/event.h"
#include "custody/gs1.h"
#include "custody/runs.h"
#include "custody/show.h"
#include "custody/world.h"

#include <stdlib.h>
#include <string.h>

static bool no_memory(plm_picture *p) { return plm_fail(p->f, PLM_NO_MEMORY, "out of memory"); }

/* Room for one more; NULL when memory is short. */
static void *grown(plm_picture *p, void *v, uint32_t n, uint32_t *cap, size_t size) {
    if (n < *cap) return v;
    uint32_t more = *cap ? *cap * 2 : 64;
    char *out = plm_arena_array(p->a, more, size);
    if (!out) no_memory(p);
    if (!out) return NULL;
    if (n) memcpy(out, v, n * size);
    *cap = more;
    return out;
}

/* A copy; without memory p->f is set, which plm_pic_read looks at. */
static plm_str copied(plm_picture *p, plm_str s) {
    plm_str out = plm_arena_copy(p->a, s);
    if (!out.p) no_memory(p);
    return out;
}

static plm_str key_of(plm_picture *p, plm_str shown) {
    plm_str out = plm_gs1_key_or_self(shown, p->a);
    if (!out.p && shown.n) no_memory(p);
    return out;
}

static plm_str col(plm_picture *p, plm_stmt *st, int c) {
    return plm_col_null(st, c) ? (plm_str){0} : copied(p, plm_col_text(st, c));
}

static plm_str one_text(plm_picture *p, const char *sql, plm_str a) {
    plm_stmt *st = plm_stmt_new(p->s, sql, p->f);
    plm_str out = {0};
    if (!st) return out;
    plm_stmt_text(st, 1, a);
    if (plm_stmt_step(st, p->f) == 1) out = col(p, st, 0);
    plm_stmt_free(st);
    return out;
}

static plm_str joined(plm_picture *p, const char *form, plm_str a, plm_str b) {
    plm_buf t;
    plm_buf_init(&t, 4096);
    plm_buf_printf(&t, form, PLM_FMT(a), PLM_FMT(b));
    if (t.full) no_memory(p);
    plm_str out = copied(p, plm_buf_str(&t));
    plm_buf_free(&t);
    return out;
}

/* Keeps where id is; the first that has an id keeps it, unless it declares an error. */
static bool know_id(plm_picture *p, plm_str id, plm_pic_ref r, bool instead) {
    uint32_t was = p->ids.n, i = plm_w_index_put(&p->ids, id);
    if (i == PLM_W_NONE) return id.n == 0 || no_memory(p);
    plm_pic_ref *v = grown(p, p->id_ref, i, &p->id_cap, sizeof *v);
    if (!v) return no_memory(p);
    p->id_ref = v;
    if (i == was || instead) v[i] = r;
    return true;
}

/* ---- places */

static void name_place(plm_picture *p, plm_pic_place *x) {
    plm_stmt *st = plm_stmt_new(p->s, "SELECT s.name, s.country, s.lat, s.lon, s.operator, n.shown"
                                      " FROM sites s LEFT JOIN names n ON n.key = s.operator"
                                      " WHERE s.id = ?1", p->f);
    if (!st) return;
    plm_stmt_text(st, 1, x->key);
    if (plm_stmt_step(st, p->f) == 1) {
        plm_str name = col(p, st, 0), country = col(p, st, 1), holder = col(p, st, 4);
        if (name.n) x->name = name;
        x->country = country;
        x->placed = !plm_col_null(st, 2) && !plm_col_null(st, 3);
        x->lat = plm_col_real(st, 2);
        x->lon = plm_col_real(st, 3);
        plm_str shown = plm_col_null(st, 5) ? holder : col(p, st, 5);
        plm_stmt_reset(st);
        plm_str buyer = holder.n ? one_text(p, "SELECT buyer_name FROM orders WHERE buyer = ?1 AND"
                                               " buyer_name IS NOT NULL ORDER BY id LIMIT 1",
                                            holder) : holder;
        if (plm_str_starts(shown, "urn:epc:id:")) shown.p += 11, shown.n -= 11;
        if (buyer.n || shown.n)
            x->under = joined(p, "held by %.*s%.*s", buyer.n ? buyer : shown, (plm_str){0});
    }
    plm_stmt_free(st);
}

/* Index of a place, told by its printed form or key. */
static uint32_t place_of(plm_picture *p, plm_str shown) {
    plm_str key = key_of(p, shown);
    for (uint32_t i = 0; i < p->places; i++)
        if (plm_str_eq(p->place[i].key, key)) return i;
    if (p->places == PLM_PIC_PLACES_MAX) return PLM_PIC_PLACES_MAX - 1;
    plm_pic_place *x = &p->place[p->places];
    *x = (plm_pic_place){.key = key, .name = shown};
    if (p->places + 1 == PLM_PIC_PLACES_MAX) x->name = PLM_STR("more places");
    else name_place(p, x);
    return p->places++;
}

/* ---- records */

static plm_pic_record *new_record(plm_picture *p) {
    plm_pic_record *v = grown(p, p->record, p->records, &p->record_cap, sizeof *v);
    if (!v) return NULL;
    p->record = v;
    v[p->records] = (plm_pic_record){.mark = PLM_PIC_NONE, .place = PLM_PIC_NONE};
    return &v[p->records++];
}

static plm_str text_of(const plm_json *o, const char *name) {
    return plm_json_text(plm_json_get(o, name));
}

static bool read_history(plm_picture *p, const plm_json *root) {
    plm_json_each(plm_json_get(root, "history"), it, e) {
        plm_pic_record *r = new_record(p);
        if (!r) return no_memory(p);
        r->event = text_of(e, "event"), r->step = text_of(e, "bizStep");
        r->by = text_of(e, "by"), r->via = text_of(e, "via");
        r->said = text_of(e, "eventTime"), r->known = text_of(e, "recordTime");
        r->voided = plm_json_true(plm_json_get(e, "voided"));
        r->declares = plm_json_true(plm_json_get(e, "declares_error"));
        plm_time_parse(r->said, &r->t, NULL);
        plm_pic_ref here = {false, p->records - 1};
        if (!know_id(p, r->event, here, !r->declares)) return false;
        plm_str at = text_of(e, "place");
        if (at.n) r->place = place_of(p, at);
    }
    p->own = p->records;
    return true;
}

/* ---- proofs */

static plm_pic_proof *new_proof(plm_picture *p, plm_str id) {
    if (plm_w_index_get(&p->ids, id) != PLM_W_NONE) return NULL;
    if (p->proofs == PLM_PIC_PROOFS_MAX) {
        p->proofs_left_out++;
        return NULL;
    }
    plm_pic_proof *v = grown(p, p->proof, p->proofs, &p->proof_cap, sizeof *v);
    if (!v || !know_id(p, id, (plm_pic_ref){true, p->proofs}, true)) return NULL;
    p->proof = v;
    v[p->proofs] = (plm_pic_proof){.id = id, .place = PLM_PIC_NONE};
    return &v[p->proofs++];
}

#define ATT_COLS "SELECT a.id, a.time, a.mode, a.site, a.result FROM attestations a"

static bool read_attestations(plm_picture *p, const char *sql, plm_str a, plm_str b) {
    plm_stmt *st = plm_stmt_new(p->s, sql, p->f);
    int r;
    if (!st) return false;
    plm_stmt_text(st, 1, a);
    if (strstr(sql, "?2")) plm_stmt_text(st, 2, b);
    while ((r = plm_stmt_step(st, p->f)) == 1) {
        plm_pic_proof *x = new_proof(p, col(p, st, 0));
        if (!x) continue;
        x->t = plm_col_int(st, 1);
        x->kind = plm_str_is(plm_col_text(st, 4), "pass") ? PLM_PIC_PASS : PLM_PIC_SILENT;
        x->words = joined(p, x->kind == PLM_PIC_PASS ? "attested (%.*s)%.*s"
                                                     : "asked (%.*s), no answer%.*s",
                          col(p, st, 2), (plm_str){0});
        plm_str site = col(p, st, 3);
        if (site.n) x->place = place_of(p, site);
    }
    plm_stmt_free(st);
    return r == 0;
}

static bool read_locations(plm_picture *p, const char *sql, plm_str a) {
    plm_stmt *st = plm_stmt_new(p->s, sql, p->f);
    int r;
    if (!st) return false;
    plm_stmt_text(st, 1, a);
    while ((r = plm_stmt_step(st, p->f)) == 1) {
        plm_pic_proof *x = new_proof(p, col(p, st, 0));
        if (!x) continue;
        x->t = plm_col_int(st, 1);
        x->kind = PLM_PIC_LOCATION;
        x->words = PLM_STR("location proof");
        plm_str site = col(p, st, 2);
        if (site.n) x->place = place_of(p, site);
    }
    plm_stmt_free(st);
    return r == 0;
}

static const char by_device[] = "SELECT id, time, site FROM locations WHERE device_id = ?1"
                                " ORDER BY time, id";

static bool read_proofs(plm_picture *p, const plm_json *root) {
    plm_str device = text_of(root, "device_id");
    if (!device.n) device.p = NULL;
    if (!read_attestations(p, ATT_COLS " WHERE a.host_epc = ?1 OR a.host_id = ?2"
                              " ORDER BY a.time, a.id", p->key, device) ||
        !read_attestations(p, ATT_COLS " JOIN attestation_devices d ON d.attestation = a.id"
                              " WHERE d.epc = ?1 OR d.device_id = ?2 ORDER BY a.time, a.id",
                           p->key, device))
        return false;
    if (device.n && !read_locations(p, by_device, device)) return false;
    plm_json_each(plm_json_get(root, "contains"), it, c) {
        plm_str key = key_of(p, plm_json_text(c));
        plm_str part = one_text(p, "SELECT device_id FROM devices WHERE epc = ?1", key);
        if (part.n && !read_locations(p, by_device, part)) return false;
    }
    return true;
}

/* ---- findings */

static bool find_ref(const plm_picture *p, plm_str id, plm_pic_ref *r) {
    uint32_t i = plm_w_index_get(&p->ids, id);
    if (i == PLM_W_NONE) return false;
    *r = p->id_ref[i];
    return true;
}

/* An event of something else that a finding holds against this one: a count without it. */
static bool take_other(plm_picture *p, plm_stmt *st, plm_str id) {
    char said[40];
    plm_pic_record *x = new_record(p);
    if (!x) return no_memory(p);
    x->event = copied(p, id);
    x->t = plm_col_int(st, 0);
    x->step = col(p, st, 1);
    x->other = true;
    plm_time_print_at(x->t, (int)plm_col_int(st, 3), said);
    x->said = copied(p, plm_str_c(said));
    plm_str at = col(p, st, 2);
    if (at.n) x->place = place_of(p, at);
    return know_id(p, x->event, (plm_pic_ref){false, p->records - 1}, true);
}

static bool bring_event(plm_picture *p, plm_str id) {
    plm_stmt *st = plm_stmt_new(p->s, "SELECT e.event_time, e.biz_step, COALESCE(e.read_point,"
                                      " e.biz_location), e.offset_min FROM events e WHERE e.seq ="
                                      " ?1 AND e.id = ?2 AND e.declares = 0", p->f);
    plm_runs *runs = plm_runs_open(p->s, p->f);
    plm_runs_found found = {0};
    bool ok = st && runs && plm_runs_find(runs, plm_runs_key(PLM_RUNS_ID, id), &found, p->f);
    for (size_t i = 0; ok && i < found.n; i++) {
        plm_stmt_int(st, 1, found.v[i]);
        plm_stmt_text(st, 2, id);
        int r = plm_stmt_step(st, p->f);
        ok = r >= 0 && (r == 0 || take_other(p, st, id));
        plm_stmt_reset(st);
        if (r == 1) break;
    }
    plm_mem_free(found.v);
    plm_runs_close(runs);
    plm_stmt_free(st);
    return ok;
}

static bool bring(plm_picture *p, plm_str id) {
    return bring_event(p, id) && read_attestations(p, ATT_COLS " WHERE a.id = ?1", id, id) &&
           read_locations(p, "SELECT id, time, site FROM locations WHERE id = ?1", id);
}

/* The bound that puts a proof farthest from where it claims to be gets a place of its own. */
static bool put_elsewhere(plm_picture *p, plm_pic_proof *x) {
    plm_stmt *st = plm_stmt_new(p->s, "SELECT landmark, lat, lon, km_max FROM location_bounds"
                                      " WHERE location = ?1 ORDER BY ord", p->f);
    double worst = 0, km = 0;
    plm_str mark = {0};
    int r;
    if (!st) return false;
    plm_stmt_text(st, 1, x->id);
    const plm_pic_place *at = x->place == PLM_PIC_NONE ? NULL : &p->place[x->place];
    while ((r = plm_stmt_step(st, p->f)) == 1) {
        plm_w_place a = {.site = PLM_W_NONE, .placed = at && at->placed, .lat = at ? at->lat : 0,
                         .lon = at ? at->lon : 0};
        plm_w_place b = {.site = PLM_W_NONE, .placed = true, .lat = plm_col_real(st, 1),
                         .lon = plm_col_real(st, 2)};
        double over = plm_w_km(a, b) - plm_col_real(st, 3);
        if (over <= worst) continue;
        worst = over;
        km = plm_col_real(st, 3);
        mark = col(p, st, 0);
    }
    plm_stmt_free(st);
    if (!mark.n || r != 0) return r == 0;
    plm_buf t;
    plm_buf_init(&t, 1024);
    plm_buf_printf(&t, "location proof: heard by %.*s from within %.0f km, claimed at %.*s",
                   PLM_FMT(mark), km, PLM_FMT(at->name));
    if (t.full) no_memory(p);
    x->words = copied(p, plm_buf_str(&t));
    plm_buf_free(&t);
    uint32_t was = p->places;
    x->place = place_of(p, joined(p, "landmark:%.*s%.*s", mark, (plm_str){0}));
    if (p->places > was && x->place < PLM_PIC_PLACES_MAX - 1) {
        p->place[x->place].name = joined(p, "near landmark %.*s%.*s", mark, (plm_str){0});
        p->place[x->place].under = PLM_STR("where location proofs put it");
    }
    return true;
}

static bool take_evidence(plm_picture *p, plm_pic_finding *g, plm_str id, bool own) {
    plm_pic_ref r;
    bool there = find_ref(p, id, &r);
    if (!there && own) {
        if (!bring(p, id)) return false;
        there = find_ref(p, id, &r);
    }
    if (!there) {
        if (g->papers < PLM_PIC_REFS_MAX) g->paper[g->papers++] = copied(p, id);
        return true;
    }
    if (g->refs < PLM_PIC_REFS_MAX) g->ref[g->refs++] = r;
    if (!own) return true;
    if (!r.proof) p->record[r.i].named = true;
    else p->proof[r.i].named = true;
    bool moved = r.proof && p->proof[r.i].kind == PLM_PIC_LOCATION &&
                 plm_str_is(g->kind, "location_contradiction");
    return !moved || put_elsewhere(p, &p->proof[r.i]);
}

/* A finding about a container counts when it names a record or proof of this thing. */
static bool take_finding(plm_picture *p, plm_str json, plm_str about, bool own) {
    plm_doc *d = plm_doc_parse(json, (size_t)64 << 20, p->f);
    if (!d) return false;
    const plm_json *o = plm_doc_root(d);
    plm_pic_finding g = {.about = about};
    g.id = copied(p, text_of(o, "id"));
    g.kind = copied(p, text_of(o, "kind"));
    g.severity = copied(p, text_of(o, "severity"));
    g.explanation = copied(p, text_of(o, "explanation"));
    bool ok = true, had = false;
    for (uint32_t i = 0; i < p->findings; i++) had |= plm_str_eq(p->finding[i].id, g.id);
    for (unsigned pass = own ? 1 : 0; ok && !had && pass < 2; pass++) {
        g.refs = g.papers = 0;
        plm_json_each(plm_json_get(o, "evidence"), it, e)
            ok = ok && take_evidence(p, &g, plm_json_text(e), pass == 1);
        if (!g.refs && !own) had = true;
    }
    if (ok && !had && p->findings == PLM_PIC_FINDINGS_MAX) p->findings_left_out++;
    else if (ok && !had) p->finding[p->findings++] = g;
    plm_doc_free(d);
    return ok;
}

static bool read_findings(plm_picture *p, plm_str key, bool own) {
    plm_stmt *st = plm_stmt_new(p->s, "SELECT f.json FROM findings f WHERE f.id IN (SELECT finding"
                                      " FROM finding_subjects WHERE subject = ?1) ORDER BY"
                                      " CASE f.severity WHEN 'critical' THEN 0 ELSE 1 END, f.id",
                                p->f);
    plm_str *v = plm_arena_array(p->a, PLM_PIC_FINDINGS_MAX, sizeof *v);
    uint32_t n = 0;
    int r;
    if (!st || !v) return !st ? false : no_memory(p);
    plm_stmt_text(st, 1, key);
    while ((r = plm_stmt_step(st, p->f)) == 1) {
        if (n < PLM_PIC_FINDINGS_MAX) v[n++] = copied(p, plm_col_text(st, 0));
        else p->findings_left_out++;
    }
    plm_stmt_free(st);
    plm_str shown = own ? (plm_str){0}
                        : one_text(p, "SELECT shown FROM names WHERE key = ?1", key);
    bool ok = r == 0;
    for (uint32_t i = 0; ok && i < n; i++)
        ok = take_finding(p, v[i], own || shown.n ? shown : key, own);
    return ok;
}

static bool read_all_findings(plm_picture *p, const plm_json *root) {
    plm_str about[PLM_PIC_ABOUT_MAX];
    uint32_t n = 0;
    if (!read_findings(p, p->key, true)) return false;
    plm_str in = text_of(root, "inside");
    if (in.n) about[n++] = in;
    for (uint32_t i = 0; i < p->own && n < PLM_PIC_ABOUT_MAX; i++) {
        bool had = !p->record[i].via.n;
        for (uint32_t k = 0; k < n && !had; k++) had = plm_str_eq(about[k], p->record[i].via);
        if (!had) about[n++] = p->record[i].via;
    }
    for (uint32_t k = 0; k < n; k++)
        if (!read_findings(p, key_of(p, about[k]), false)) return false;
    return true;
}

bool plm_pic_read(plm_picture *p) {
    const plm_json *root = plm_doc_root(p->doc);
    p->place = plm_arena_array(p->a, PLM_PIC_PLACES_MAX, sizeof *p->place);
    p->finding = plm_arena_array(p->a, PLM_PIC_FINDINGS_MAX, sizeof *p->finding);
    p->id = text_of(root, "id");
    p->key = key_of(p, p->id);
    p->papers_place = PLM_PIC_NONE;
    if (!p->place || !p->finding) return no_memory(p);
    return read_history(p, root) && read_proofs(p, root) && read_all_findings(p, root) &&
           !p->f->code;
}
