/* desk.c: the queue, the population of a check, and its records in the store.  Sums are whole
 * thousandths, so that ranks don't depend on the machine. */
#include "custody/desk.h"

#include "base/file.h"
#include "custody/event.h"
#include "custody/log.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define OFFLINE_WEIGHT 5   /* percent: a site that only a visit can prove */
#define UNCHECKED_WEIGHT 3 /* percent: no check of it on record */

typedef struct pile { /* one subject's findings at one target, as a chance that all are honest */
    uint32_t target;
    int64_t honest_millionths;
} pile;

typedef struct ranking {
    plm_store *s;
    plm_world *w;
    plm_desk *out;
    plm_w_index targets, subjects;
    pile *p;
    uint32_t piles;
    bool short_of_memory;
} ranking;

static plm_desk_target *target_of(ranking *r, plm_str t) {
    uint32_t i = plm_w_index_put(&r->targets, t);
    plm_desk *d = r->out;
    if (i == PLM_W_NONE) return r->short_of_memory = true, NULL;
    if (i < d->n) return &d->v[i];
    if (d->n == d->cap) {
        uint32_t cap = d->cap ? d->cap * 2 : 64;
        plm_desk_target *v = plm_arena_array(r->w->a, cap, sizeof *v);
        if (!v) return r->short_of_memory = true, NULL;
        if (d->n) memcpy(v, d->v, d->n * sizeof *v);
        d->v = v;
        d->cap = cap;
    }
    d->v[d->n] = (plm_desk_target){.target = t};
    return &d->v[d->n++];
}

static void reason(ranking *r, plm_desk_target *t, plm_str finding, plm_str signal,
                   unsigned weight) {
    if (t->reasons == t->cap) {
        uint32_t cap = t->cap ? t->cap * 2 : 8;
        plm_desk_reason *v = plm_arena_array(r->w->a, cap, sizeof *v);
        if (!v) {
            r->short_of_memory = true;
            return;
        }
        if (t->reasons) memcpy(v, t->reason, t->reasons * sizeof *v);
        t->reason = v;
        t->cap = cap;
    }
    t->reason[t->reasons++] = (plm_desk_reason){finding, signal, weight};
}

/* Every finding about one subject at one target lessens the chance that all of them are honest. */
static void weigh(ranking *r, plm_str target, const plm_finding *g, plm_str subject) {
    plm_desk_target *t = target_of(r, target);
    char key[1024];
    if (!t) return;
    int n = snprintf(key, sizeof key, "%.*s\n%.*s", PLM_FMT(target), PLM_FMT(subject));
    plm_str k = {key, n < 0 ? 0 : (size_t)n < sizeof key ? (size_t)n : sizeof key - 1};
    uint32_t i = plm_w_index_get(&r->subjects, k);
    if (i == PLM_W_NONE) i = plm_w_index_put(&r->subjects, plm_arena_copy(r->w->a, k));
    if (i == PLM_W_NONE) {
        r->short_of_memory = true;
        return;
    }
    if (i >= r->piles) {
        pile *v = plm_mem_resize(r->p, ((size_t)i + 1) * sizeof *v);
        if (!v) {
            r->short_of_memory = true;
            return;
        }
        r->p = v;
        r->p[i] = (pile){(uint32_t)(t - r->out->v), 1000000};
        r->piles = i + 1;
    }
    r->p[i].honest_millionths = r->p[i].honest_millionths * (100 - (int64_t)g->weight) / 100;
    plm_str id = plm_str_c(g->id);
    if (!t->reasons || !plm_str_eq(t->reason[t->reasons - 1].finding, id))
        reason(r, t, id, PLM_STR(""), g->weight);
}

static void by_findings(ranking *r, const plm_findings *found) {
    for (uint32_t i = 0; i < found->n; i++) {
        const plm_finding *g = &found->v[i];
        if (g->at.n) {
            for (uint32_t k = 0; k < g->subjects.n; k++) weigh(r, g->at, g, g->subjects.v[k]);
        } else if (g->severity > PLM_NOTE && g->subjects.n == 1 && g->parties.n <= 1) {
            bool site = plm_str_is(plm_str_c(g->kind), "power_exceeded");
            weigh(r, site || !g->parties.n ? g->subjects.v[0] : g->parties.v[0], g,
                  g->subjects.v[0]);
        } else if (g->severity > PLM_NOTE) {
            for (uint32_t k = 0; k < g->parties.n; k++)
                weigh(r, g->parties.v[k], g, g->parties.v[k]);
        }
    }
    for (uint32_t i = 0; i < r->piles; i++)
        r->out->v[r->p[i].target].score_milli += (1000000 - r->p[i].honest_millionths) / 1000;
}

static void by_signals(ranking *r) {
    plm_world *w = r->w;
    bool *used = plm_arena_array(w->a, (size_t)w->site_ids.n + 1, sizeof *used);
    if (!used) {
        r->short_of_memory = true;
        return;
    }
    for (uint32_t i = 0; i < w->things; i++) {
        if (w->thing[i].root != i || w->thing[i].kind == PLM_W_MODULE || !w->journey[i].stays)
            continue;
        const plm_w_stay *s = plm_w_stay_last(w, i);
        if (s->place.site != PLM_W_NONE && s->out == PLM_W_NEVER) used[s->place.site] = true;
    }
    for (uint32_t i = 0; i < w->site_ids.n; i++) {
        if (!used[i] || w->site[i].kind != PLM_W_S_DATACENTER) continue;
        plm_desk_target *t = target_of(r, plm_w_shown(w, w->site_ids.v[i]));
        if (!t) return;
        if (w->site[i].attests == PLM_W_A_OFFLINE) {
            reason(r, t, PLM_STR(""), PLM_STR("the site can be proved on a visit only"),
                   OFFLINE_WEIGHT);
            t->score_milli += OFFLINE_WEIGHT * 10;
        }
    }
}

static void check_id(plm_str target, int64_t round, char out[20]) {
    char head[48];
    unsigned char d[PLM_SHA256_LEN];
    snprintf(head, sizeof head, "plm-check\n%lld\n", (long long)round);
    plm_sha256_of2(plm_str_c(head), target, d);
    memcpy(out, "C-", 2);
    plm_hex(d, 8, out + 2);
}

static bool past(plm_store *s, plm_str target, int64_t *closed, int64_t *opened, plm_fault *f) {
    plm_stmt *q = plm_stmt_new(s, "SELECT state, opened FROM checks WHERE target = ?1", f);
    if (!q) return false;
    plm_stmt_text(q, 1, target);
    *closed = 0;
    *opened = INT64_MIN;
    int r;
    while ((r = plm_stmt_step(q, f)) == 1) {
        if (plm_str_is(plm_col_text(q, 0), "closed")) (*closed)++;
        else *opened = plm_col_int(q, 1);
    }
    plm_stmt_free(q);
    return r == 0;
}

static int heaviest(const void *a, const void *b) {
    const plm_desk_reason *x = a, *y = b;
    if (x->weight != y->weight) return x->weight < y->weight ? 1 : -1;
    int c = plm_str_cmp(x->finding, y->finding);
    return c ? c : plm_str_cmp(x->signal, y->signal);
}

static int best(const void *a, const void *b) {
    const plm_desk_target *x = a, *y = b;
    if (x->score_milli != y->score_milli) return x->score_milli < y->score_milli ? 1 : -1;
    return plm_str_cmp(x->target, y->target);
}

void plm_desk_write_target(plm_jw *w, const plm_desk_target *t, uint32_t rank) {
    char b[48];
    plm_jw_obj(w);
    plm_jw_kcstr(w, "check", t->check);
    plm_jw_kstr(w, "target", t->target);
    plm_jw_kint(w, "rank", rank);
    snprintf(b, sizeof b, "%lld.%03d", (long long)(t->score_milli / 1000),
             (int)(t->score_milli % 1000));
    plm_jw_key(w, "score");
    plm_jw_raw(w, plm_str_c(b));
    plm_jw_key(w, "reasons");
    plm_jw_arr(w);
    for (uint32_t i = 0; i < t->reasons; i++) {
        plm_jw_obj(w);
        if (t->reason[i].finding.n) plm_jw_kstr(w, "finding", t->reason[i].finding);
        else plm_jw_kstr(w, "signal", t->reason[i].signal);
        snprintf(b, sizeof b, "0.%02u", t->reason[i].weight % 100);
        plm_jw_key(w, "weight");
        plm_jw_raw(w, plm_str_c(b));
        plm_jw_end_obj(w);
    }
    plm_jw_end_arr(w);
    plm_time_print(t->opened_ns, b);
    plm_jw_kcstr(w, "opened", b);
    plm_jw_end_obj(w);
}

static bool open_check(ranking *r, plm_desk_target *t, uint32_t rank, plm_stmt *put, plm_log *log,
                       plm_fault *f) {
    plm_buf b;
    plm_buf_init(&b, 64u << 20);
    plm_jw w = plm_jw_into(&b);
    plm_jw_obj(&w);
    plm_jw_kcstr(&w, "method", PLM_DESK_METHOD);
    plm_jw_key(&w, "queued");
    plm_desk_write_target(&w, t, rank);
    plm_jw_end_obj(&w);
    plm_stmt_text(put, 1, plm_str_c(t->check));
    plm_stmt_text(put, 2, t->target);
    plm_stmt_int(put, 3, t->opened_ns);
    plm_stmt_text(put, 4, plm_buf_str(&b));
    bool ok = !b.full && plm_stmt_run(put, NULL, f) &&
              plm_log_append(log, "decision", plm_str_c(t->check), plm_buf_str(&b), f);
    plm_buf_free(&b);
    (void)r;
    return ok;
}

static bool open_all(ranking *r, plm_fault *f) {
    plm_log log;
    plm_stmt *put = NULL;
    int64_t now = plm_time_now();
    if (!plm_store_begin(r->s, f)) return false;
    bool opened = plm_log_open(&log, r->s, f), ok = opened;
    put = ok ? plm_stmt_new(r->s, "INSERT INTO checks (id, target, opened, state, json) VALUES"
                                  " (?1, ?2, ?3, 'open', ?4)", f)
             : NULL;
    ok = put != NULL;
    bool wrote = false;
    for (uint32_t i = 0; ok && i < r->out->n; i++) {
        plm_desk_target *t = &r->out->v[i];
        int64_t closed, since;
        ok = past(r->s, t->target, &closed, &since, f);
        check_id(t->target, closed, t->check);
        t->opened_ns = since;
        if (!ok || since != INT64_MIN) continue;
        t->opened_ns = now;
        wrote = true;
        ok = open_check(r, t, i + 1, put, &log, f);
    }
    plm_stmt_free(put);
    ok = ok && (!wrote || plm_log_head(&log, f));
    if (opened) plm_log_close(&log);
    if (ok) return plm_store_commit(r->s, f);
    plm_store_rollback(r->s);
    return false;
}

static bool unchecked(ranking *r, plm_fault *f) {
    for (uint32_t i = 0; i < r->out->n; i++) {
        int64_t closed, opened;
        if (!past(r->s, r->out->v[i].target, &closed, &opened, f)) return false;
        if (closed) continue;
        reason(r, &r->out->v[i], PLM_STR(""), PLM_STR("no closed check of it is on record"),
               UNCHECKED_WEIGHT);
        r->out->v[i].score_milli += UNCHECKED_WEIGHT * 10;
    }
    return true;
}

bool plm_desk_queue(plm_store *s, plm_world *w, const plm_findings *found, plm_desk *out,
                    plm_fault *f) {
    ranking r = {.s = s, .w = w, .out = out};
    memset(out, 0, sizeof *out);
    by_findings(&r, found);
    by_signals(&r);
    bool ok = unchecked(&r, f) && !r.short_of_memory;
    for (uint32_t i = 0; ok && i < out->n; i++)
        qsort(out->v[i].reason, out->v[i].reasons, sizeof *out->v[i].reason, heaviest);
    if (ok && out->n) qsort(out->v, out->n, sizeof *out->v, best);
    ok = ok && open_all(&r, f);
    plm_w_index_free(&r.targets);
    plm_w_index_free(&r.subjects);
    plm_mem_free(r.p);
    return ok || plm_fail(f, PLM_NO_MEMORY, "out of memory");
}

/* ---- the population of a check, and drawing from it */

static bool target_row(plm_store *s, plm_world *w, plm_str check, plm_str *target, plm_fault *f) {
    plm_stmt *q = plm_stmt_new(s, "SELECT target FROM checks WHERE id = ?1", f);
    if (!q) return false;
    plm_stmt_text(q, 1, check);
    int r = plm_stmt_step(q, f);
    if (r == 1) *target = plm_arena_copy(w->a, plm_col_text(q, 0));
    plm_stmt_free(q);
    if (r == 0)
        return plm_fail(f, PLM_NOT_FOUND,
                        "there is no check %.*s; 'custody checks queue' lists them",
                        PLM_FMT(check));
    return r == 1;
}

bool plm_desk_population(plm_store *s, plm_world *w, plm_str check, plm_desk_sample *out,
                         plm_fault *f) {
    memset(out, 0, sizeof *out);
    if (!target_row(s, w, check, &out->target, f)) return false;
    out->serials = plm_arena_array(w->a, (size_t)w->things + 1, sizeof *out->serials);
    if (!out->serials) return plm_fail(f, PLM_NO_MEMORY, "out of memory");
    for (uint32_t i = 0; i < w->things; i++) {
        const plm_w_thing *t = &w->thing[i];
        const plm_w_journey *j = &w->journey[i];
        if (t->root != i || !j->stays || j->end != PLM_W_E_NONE) continue;
        if (t->kind != PLM_W_CHASSIS && t->kind != PLM_W_CARD) continue;
        const plm_w_stay *at = plm_w_stay_last(w, i);
        uint32_t site = at->place.site;
        uint32_t who = j->license == PLM_W_NONE ? PLM_W_NONE : w->license[j->license].consignee;
        bool here = site != PLM_W_NONE && at->out == PLM_W_NEVER &&
                    plm_str_eq(plm_w_shown(w, w->site_ids.v[site]), out->target);
        here |= who != PLM_W_NONE && plm_str_eq(plm_w_shown(w, w->party_ids.v[who]), out->target);
        here |= j->license != PLM_W_NONE && plm_str_eq(w->license_ids.v[j->license], out->target);
        if (here) out->serials[out->population++] = plm_w_thing_shown(w, t->label);
    }
    return true;
}

typedef struct drawn {
    unsigned char lot[PLM_SHA256_LEN];
    plm_str serial;
} drawn;

static int by_lot(const void *a, const void *b) {
    return memcmp(((const drawn *)a)->lot, ((const drawn *)b)->lot, PLM_SHA256_LEN);
}

void plm_desk_draw(plm_desk_sample *p, uint64_t seed) {
    char head[32];
    drawn *d = plm_mem_resize(NULL, ((size_t)p->population + 1) * sizeof *d);
    if (!d) {
        p->population = 0;
        return;
    }
    snprintf(head, sizeof head, "%llu\n", (unsigned long long)seed);
    for (uint32_t i = 0; i < p->population; i++) {
        d[i].serial = p->serials[i];
        plm_sha256_of2(plm_str_c(head), p->serials[i], d[i].lot);
    }
    if (p->population) qsort(d, p->population, sizeof *d, by_lot);
    for (uint32_t i = 0; i < p->population; i++) p->serials[i] = d[i].serial;
    plm_mem_free(d);
}

bool plm_desk_keep(plm_store *s, plm_str check, const char *kind, plm_str json, plm_fault *f) {
    plm_log log;
    if (!plm_store_begin(s, f)) return false;
    bool opened = plm_log_open(&log, s, f);
    plm_stmt *put = opened ? plm_stmt_new(s, "INSERT INTO check_records (check_id, ord, recorded,"
                                             " kind, json) VALUES (?1, (SELECT COALESCE(MAX(ord),"
                                             " 0) + 1 FROM check_records WHERE check_id = ?1), ?2,"
                                             " ?3, ?4)", f)
                           : NULL;
    bool ok = put != NULL;
    if (ok) {
        plm_stmt_text(put, 1, check);
        plm_stmt_int(put, 2, plm_time_now());
        plm_stmt_text(put, 3, plm_str_c(kind));
        plm_stmt_text(put, 4, json);
        ok = plm_stmt_run(put, NULL, f) && plm_log_append(&log, "decision", check, json, f) &&
             plm_log_head(&log, f);
    }
    plm_stmt_free(put);
    if (opened) plm_log_close(&log);
    if (ok) return plm_store_commit(s, f);
    plm_store_rollback(s);
    return false;
}
