/* report_desk.c: the UVL statement log, and what an inspector asks of the desk's own records. */
#include "custody/report.h"

#include "custody/desk.h"
#include "custody/event.h"
#include "custody/form.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* ---- UVL statements, field by field (15 CFR 744.15(b)(2)) */

typedef struct statements {
    plm_doc *doc[1024];
    size_t n;
} statements;

static bool read_statements(statements *st, plm_str text, plm_fault *f) {
    uint32_t line = 0;
    while (text.n) {
        const char *nl = memchr(text.p, '\n', text.n);
        plm_str one = {text.p, nl ? (size_t)(nl - text.p) : text.n};
        text.p += one.n + (nl != NULL);
        text.n -= one.n + (nl != NULL);
        line++;
        if (!plm_str_trim(one).n) continue;
        if (st->n == sizeof st->doc / sizeof *st->doc)
            return plm_fail(f, PLM_OUT_OF_RANGE, "more than 1,024 statements");
        plm_doc *d = plm_doc_parse(plm_str_trim(one), 0, f);
        if (!d) {
            if (f) f->line = line;
            return false;
        }
        st->doc[st->n++] = d;
    }
    return true;
}

static const plm_json *statement_for(const statements *st, plm_str party, plm_str sku) {
    for (size_t i = 0; i < st->n; i++) {
        const plm_json *r = plm_doc_root(st->doc[i]);
        if (!plm_str_eq(plm_json_text(plm_json_get(r, "party")), party)) continue;
        const plm_json *items = plm_json_get(r, "items");
        if (!items) continue;
        plm_json_each(items, it, e) {
            const plm_json *name = plm_json_is_obj(e) ? plm_json_get(e, "sku") : e;
            if (plm_str_eq(plm_json_text(name), sku)) return r;
        }
    }
    return NULL;
}

static void lack(void *ctx, const plm_paper_problem *x) {
    plm_jw *w = ctx;
    if (strcmp(x->kind, "missing") != 0 && strcmp(x->kind, "ill-formed") != 0) return;
    plm_jw_obj(w);
    plm_jw_kstr(w, "field", x->field);
    plm_jw_kcstr(w, "problem", x->kind);
    plm_jw_kstr(w, "cite", x->cite);
    plm_jw_kstr(w, "mend", x->mend);
    plm_jw_end_obj(w);
}

static bool lacking(plm_jw *w, const plm_json *st, const plm_report_ask *ask, plm_fault *f) {
    uint32_t checked, problems;
    plm_jw_key(w, "lacks");
    plm_jw_arr(w);
    bool ok = !st || plm_paper_check(ask->uvl, st, ask->today, NULL, lack, w, &checked, &problems,
                                     f);
    plm_jw_end_arr(w);
    return ok;
}

typedef struct shipment {
    uint32_t ev, license, units;
    int64_t chips;
    plm_str sku;
} shipment;

static int by_event_sku(const void *a, const void *b) {
    const shipment *x = a, *y = b;
    if (x->ev != y->ev) return x->ev < y->ev ? -1 : 1;
    return plm_str_cmp(x->sku, y->sku);
}

static bool say_shipment(const plm_world *w, const shipment *s, const statements *st,
                         const plm_report_ask *ask, plm_buf *b, plm_report_sink to, plm_fault *f) {
    const plm_w_event *e = &w->event[s->ev];
    uint32_t who = w->license[s->license].consignee;
    plm_str party = who == PLM_W_NONE ? PLM_STR("") : plm_w_shown(w, w->party_ids.v[who]);
    const plm_json *u = statement_for(st, party, s->sku);
    char t[40];
    plm_buf_clear(b);
    plm_jw j = plm_jw_into(b);
    plm_jw_obj(&j);
    plm_jw_kcstr(&j, "report", "uvl-log");
    plm_time_print(e->t, t);
    plm_jw_kcstr(&j, "shipped", t);
    plm_jw_kstr(&j, "event", e->id);
    plm_jw_kstr(&j, "party", party);
    plm_jw_kstr(&j, "license", w->license_ids.v[s->license]);
    plm_jw_kstr(&j, "order", e->order == PLM_W_NONE ? PLM_STR("") : w->order_ids.v[e->order]);
    plm_jw_kstr(&j, "sku", s->sku);
    plm_jw_kint(&j, "units", s->units);
    plm_jw_kint(&j, "chips", s->chips);
    if (u) plm_jw_kstr(&j, "statement", plm_json_text(plm_json_get(u, "id")));
    else plm_jw_kcstr(&j, "statement", NULL);
    if (!lacking(&j, u, ask, f)) return false;
    plm_jw_kcstr(&j, "cite", "15 CFR 744.15(b)");
    plm_jw_end_obj(&j);
    to.line(to.ctx, plm_buf_str(b));
    return true;
}

bool plm_report_uvl_log(plm_world *w, const plm_report_ask *ask, plm_report_sink to, plm_fault *f) {
    shipment *v = plm_arena_array(w->a, (size_t)w->things + 1, sizeof *v);
    statements *st = plm_arena_alloc(w->a, sizeof *st);
    uint32_t n = 0;
    plm_buf b;
    if (!v || !st) return plm_fail(f, PLM_NO_MEMORY, "out of memory");
    bool ok = read_statements(st, ask->statements, f);
    for (uint32_t i = 0; ok && i < w->things; i++) {
        const plm_w_journey *j = &w->journey[i];
        if (w->thing[i].root != i || j->license == PLM_W_NONE || !j->stays) continue;
        const plm_w_event *e = &w->event[j->ev_export];
        uint32_t who = w->license[j->license].consignee;
        if (e->t < ask->from_ns || e->t >= ask->to_ns) continue;
        if (ask->license.n && !plm_str_eq(w->license_ids.v[j->license], ask->license)) continue;
        if (ask->party.n && (who == PLM_W_NONE ||
                             !plm_str_eq(plm_w_shown(w, w->party_ids.v[who]), ask->party)))
            continue;
        uint32_t chips[256];
        v[n++] = (shipment){j->ev_export, j->license, 1, plm_w_chips_at(w, i, e->t, chips, 256),
                            w->thing[i].sku};
    }
    if (n) qsort(v, n, sizeof *v, by_event_sku);
    plm_buf_init(&b, 1u << 20);
    for (uint32_t i = 0, k; ok && i < n; i = k) {
        shipment sum = v[i];
        for (k = i + 1; k < n && by_event_sku(&v[i], &v[k]) == 0; k++)
            sum.units += v[k].units, sum.chips += v[k].chips;
        ok = say_shipment(w, &sum, st, ask, &b, to, f);
    }
    plm_buf_free(&b);
    for (size_t i = 0; i < st->n; i++) plm_doc_free(st->doc[i]);
    return ok;
}

/* ---- oversight */

typedef struct tally {
    int64_t checks, open, closed, with_reasons, planned, visited, favorable, unfavorable,
        incomplete;
    int64_t seen, missing, given, followed, not_followed, nominate, unsupervised, days, timed;
} tally;

static bool counts_checks(plm_store *s, const plm_report_ask *ask, tally *t, plm_fault *f) {
    plm_stmt *q = plm_stmt_new(s, "SELECT state, opened, closed, json FROM checks ORDER BY id", f);
    if (!q) return false;
    int r;
    while ((r = plm_stmt_step(q, f)) == 1) {
        int64_t opened = plm_col_int(q, 1);
        if (opened < ask->from_ns || opened >= ask->to_ns) continue;
        t->checks++;
        bool closed = plm_str_is(plm_col_text(q, 0), "closed");
        *(closed ? &t->closed : &t->open) += 1;
        if (closed && plm_col_int(q, 2) >= opened - PLM_W_DAY) {
            t->days += (plm_col_int(q, 2) - opened + PLM_W_DAY) / PLM_W_DAY;
            t->timed++;
        }
        t->with_reasons += memmem(plm_col_text(q, 3).p, plm_col_text(q, 3).n, "\"weight\"",
                                  8) != NULL;
    }
    plm_stmt_free(q);
    return r == 0;
}

static void count_visit(tally *t, const plm_json *root) {
    const plm_json *v = plm_json_get(root, "visit"), *recs = plm_json_get(root, "recommendations");
    plm_str rating = plm_json_text(plm_json_get(v, "rating"));
    t->visited++;
    t->favorable += plm_str_is(rating, "favorable");
    t->unfavorable += plm_str_is(rating, "unfavorable");
    t->incomplete += plm_str_is(rating, "incomplete");
    t->seen += (int64_t)plm_json_count(plm_json_get(v, "seen"));
    t->missing += (int64_t)plm_json_count(plm_json_get(v, "missing"));
    t->given += (int64_t)plm_json_count(recs);
    t->unsupervised += !plm_json_text(plm_json_get(v, "supervisor")).n;
    if (!recs) return;
    plm_json_each(recs, it, e) {
        plm_str cite = plm_json_text(plm_json_get(e, "cite"));
        t->nominate += plm_str_starts(cite, "15 CFR 744.1");
    }
}

static bool counts_records(plm_store *s, const plm_report_ask *ask, tally *t, plm_fault *f) {
    plm_stmt *q = plm_stmt_new(s,
                               "SELECT r.kind, r.json FROM check_records r JOIN checks c ON c.id ="
                                  " r.check_id WHERE c.opened >= ?1 AND c.opened < ?2"
                                  " ORDER BY r.check_id, r.ord", f);
    if (!q) return false;
    plm_stmt_int(q, 1, ask->from_ns);
    plm_stmt_int(q, 2, ask->to_ns);
    int r;
    bool ok = true;
    while (ok && (r = plm_stmt_step(q, f)) == 1) {
        plm_str kind = plm_col_text(q, 0);
        t->planned += plm_str_is(kind, "plan");
        bool visit = plm_str_is(kind, "visit");
        if (!visit && !plm_str_is(kind, "answer")) continue;
        plm_doc *d = plm_doc_parse(plm_col_text(q, 1), PLM_DESK_BYTES_MAX * 2, f);
        ok = d != NULL;
        if (ok && visit) count_visit(t, plm_doc_root(d));
        const plm_json *list = ok && !visit ? plm_json_get(plm_doc_root(d), "answers") : NULL;
        if (list) {
            plm_json_each(list, it, e) {
                bool not = plm_str_is(plm_json_text(plm_json_get(e, "decision")), "not_followed");
                *(not ? &t->not_followed : &t->followed) += 1;
            }
        }
        plm_doc_free(d);
    }
    plm_stmt_free(q);
    return ok && r >= 0;
}

typedef struct answer {
    const char *item, *asked, *answer;
    struct {
        const char *name;
        int64_t n;
    } count[6];
} answer;

static void say(const answer *a, plm_report_sink to, plm_buf *b) {
    plm_buf_clear(b);
    plm_jw j = plm_jw_into(b);
    plm_jw_obj(&j);
    plm_jw_kcstr(&j, "report", "oversight");
    plm_jw_kcstr(&j, "finding", a->item);
    plm_jw_kcstr(&j, "asked", a->asked);
    plm_jw_kcstr(&j, "answer", a->answer);
    plm_jw_key(&j, "counts");
    plm_jw_obj(&j);
    for (size_t i = 0; i < 6 && a->count[i].name; i++)
        plm_jw_kint(&j, a->count[i].name, a->count[i].n);
    plm_jw_end_obj(&j);
    plm_jw_kcstr(&j, "cite", "OIG-26-019-A");
    plm_jw_end_obj(&j);
    to.line(to.ctx, plm_buf_str(b));
}

bool plm_report_oversight(plm_store *s, const plm_report_ask *ask, plm_report_sink to,
                          plm_fault *f) {
    tally t = {0};
    if (!counts_checks(s, ask, &t, f) || !counts_records(s, ask, &t, f)) return false;
    const answer all[] = {
        {"a", "How are targets selected?", PLM_DESK_METHOD,
         {{"checks", t.checks}, {"with_reasons", t.with_reasons}}},
        {"b", "Is the analysis behind a selection on file?",
         "Each check keeps the findings, signals and weights it was opened with; each finding keeps"
         " both records.", {{"checks", t.checks}, {"with_reasons", t.with_reasons}}},
        {"c", "Which steps does a check take?",
         "queue, plan, visit, recommendations, answers, close",
         {{"opened", t.checks}, {"planned", t.planned}, {"visits", t.visited},
          {"closed", t.closed}}},
        {"d", "Is there one file for each check?",
         "All records of a check stand under its id, in order, each a leaf of the store's log.",
         {{"checks", t.checks}, {"open", t.open}, {"closed", t.closed}}},
        {"e", "Is it justified when a recommendation isn't followed?",
         "An answer of not_followed without a justification is refused, and a check doesn't close"
         " while an answer is out.",
         {{"recommendations", t.given}, {"followed", t.followed}, {"not_followed", t.not_followed},
          {"unanswered", t.given - t.followed - t.not_followed}}},
        {"f", "What shows that checks have an effect?",
         "Ratings, units seen and missing, and days from opening to closing.",
         {{"favorable", t.favorable}, {"unfavorable", t.unfavorable}, {"incomplete", t.incomplete},
          {"units_seen", t.seen}, {"units_missing", t.missing},
          {"days_to_close_mean", t.timed ? t.days / t.timed : 0}}},
        {"g", "Are parties nominated to lists consistently?",
         "The same facts always raise the same recommendation, with the criterion of 15 CFR"
         " 744.15(c) or 744.11(b).", {{"nominations_recommended", t.nominate}}},
        {"h", "Do supervisors do their part?",
         "A visit names its supervisor; those that do not are counted.",
         {{"visits", t.visited}, {"without_supervisor", t.unsupervised}}},
    };
    plm_buf b;
    plm_buf_init(&b, 1u << 16);
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) say(&all[i], to, &b);
    plm_buf_free(&b);
    return true;
}
