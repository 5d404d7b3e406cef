/* find.c: runs the finders and puts what they found in order.
 * Invariants: 1 a finding is about at least one subject and names at least one record; 2 its id
 * depends on its kind and key alone; 3 the order of findings does not depend on the order of
 * capture.  Held by tests/scenes/test_custody_worlds. */
#include "custody/find.h"

#include "base/file.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *plm_severity_name(plm_severity s) {
    static const char *const n[] = {"note", "warning", "critical"};
    return n[s];
}

static plm_finding scratch; /* written only when memory is short; never read */

static void list_put(plm_finder *f, plm_find_list *l, plm_str s) {
    if (!s.n) return;
    for (uint32_t i = 0; i < l->n; i++)
        if (plm_str_eq(l->v[i], s)) return;
    if (l->n >= PLM_FIND_LIST_MAX) return;
    if (l->n == l->cap) {
        uint32_t cap = l->cap ? l->cap * 2 : 4;
        plm_str *v = plm_arena_array(f->w->a, cap, sizeof *v);
        if (!v) {
            f->short_of_memory = true;
            return;
        }
        if (l->n) memcpy(v, l->v, l->n * sizeof *v);
        l->v = v;
        l->cap = cap;
    }
    l->v[l->n++] = s;
}

plm_finding *plm_find_new(plm_finder *f, plm_find_kind kind, plm_severity severity, plm_str key) {
    plm_findings *o = f->out;
    if (o->n == o->cap) {
        uint32_t cap = o->cap ? o->cap * 2 : 256;
        plm_finding *v = plm_arena_array(f->w->a, cap, sizeof *v);
        if (!v) {
            f->short_of_memory = true;
            memset(&scratch, 0, sizeof scratch);
            return &scratch;
        }
        if (o->n) memcpy(v, o->v, o->n * sizeof *v);
        o->v = v;
        o->cap = cap;
    }
    const plm_find_about *k = &plm_find_kinds[kind];
    plm_finding *g = &o->v[o->n++];
    *g = (plm_finding){.kind = k->name, .severity = severity, .innocent = k->innocent,
                       .questions = k->questions,
                       .weight = severity == PLM_NOTE ? k->note_weight : k->weight,
                       .first_seen_ns = INT64_MIN};
    char head[64];
    snprintf(head, sizeof head, "plm-finding\n%s\n", k->name);
    unsigned char d[PLM_SHA256_LEN];
    plm_sha256_of2(plm_str_c(head), key, d);
    memcpy(g->id, "F-", 2);
    plm_hex(d, 12, g->id + 2);
    return g;
}

void plm_find_subject(plm_finder *f, plm_finding *g, plm_str s) { list_put(f, &g->subjects, s); }
void plm_find_related(plm_finder *f, plm_finding *g, plm_str s) { list_put(f, &g->related, s); }

void plm_find_party(plm_finder *f, plm_finding *g, uint32_t party) {
    if (party != PLM_W_NONE)
        list_put(f, &g->parties, plm_w_shown(f->w, f->w->party_ids.v[party]));
}

void plm_find_evidence(plm_finder *f, plm_finding *g, plm_str id, int64_t known) {
    if (known != PLM_W_NEVER && known > g->first_seen_ns) g->first_seen_ns = known;
    if (g->evidence.n < PLM_FIND_EVIDENCE_MAX) list_put(f, &g->evidence, id);
}

void plm_find_event(plm_finder *f, plm_finding *g, uint32_t ev) {
    if (ev != PLM_W_NONE) plm_find_evidence(f, g, f->w->event[ev].id, f->w->event[ev].known);
}

void plm_find_att(plm_finder *f, plm_finding *g, uint32_t att) {
    plm_find_evidence(f, g, f->w->att[att].id, f->w->att[att].t);
}

void plm_find_more_event(plm_finder *f, plm_finding *g, uint32_t ev) {
    if (ev != PLM_W_NONE) plm_find_evidence(f, g, f->w->event[ev].id, PLM_W_NEVER);
}

void plm_find_more_att(plm_finder *f, plm_finding *g, uint32_t att) {
    plm_find_evidence(f, g, f->w->att[att].id, PLM_W_NEVER);
}

void plm_find_not_before(plm_finding *g, int64_t ns) {
    if (ns > g->first_seen_ns) g->first_seen_ns = ns;
}

void plm_find_say(plm_finder *f, plm_finding *g, const char *fmt, ...) {
    char b[1024];
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(b, sizeof b, fmt, ap);
    va_end(ap);
    size_t len = n < 0 ? 0 : (size_t)n < sizeof b ? (size_t)n : sizeof b - 1;
    while (len && ((unsigned char)b[len] & 0xc0) == 0x80) len--; /* never half a character */
    if (n >= 0 && (size_t)n < sizeof b) len = (size_t)n;
    plm_str t = {b, len};
    if (g->explanation.n) {
        char *j = plm_arena_alloc(f->w->a, g->explanation.n + len + 2);
        if (!j) {
            f->short_of_memory = true;
            return;
        }
        memcpy(j, g->explanation.p, g->explanation.n);
        j[g->explanation.n] = ' ';
        memcpy(j + g->explanation.n + 1, b, len);
        g->explanation = (plm_str){j, g->explanation.n + len + 1};
        return;
    }
    g->explanation = plm_arena_copy(f->w->a, t);
    if (!g->explanation.p) f->short_of_memory = true;
}

plm_finding *plm_find_unit_new(plm_finder *f, plm_find_kind kind, plm_severity s, uint32_t root,
                               plm_str more) {
    plm_world *w = f->w;
    char key[512];
    int n = snprintf(key, sizeof key, "%.*s%s%.*s", PLM_FMT(w->thing_ids.v[root]), 
                     more.n ? "\n" : "", PLM_FMT(more));
    size_t len = n < 0 ? 0 : (size_t)n < sizeof key ? (size_t)n : sizeof key - 1;
    plm_finding *g = plm_find_new(f, kind, s, (plm_str){key, len});
    uint32_t label = w->thing[root].label;
    plm_find_subject(f, g, plm_w_thing_shown(w, label));
    if (label != root) plm_find_related(f, g, plm_w_thing_shown(w, root));
    const plm_w_journey *j = &w->journey[root];
    const plm_w_stay *at = plm_w_stay_last(w, root);
    if (at && at->place.site != PLM_W_NONE) {
        g->at = plm_w_shown(w, w->site_ids.v[at->place.site]);
        plm_find_related(f, g, g->at);
        plm_find_party(f, g, w->site[at->place.site].party);
    }
    if (j->license != PLM_W_NONE) plm_find_related(f, g, w->license_ids.v[j->license]);
    if (j->order != PLM_W_NONE) plm_find_related(f, g, w->order_ids.v[j->order]);
    return g;
}

const char *plm_find_when(int64_t ns) {
    static _Thread_local char buf[8][32];
    static _Thread_local unsigned turn;
    char *b = buf[turn++ % 8], d[11];
    int64_t day = ns / PLM_W_DAY - (ns % PLM_W_DAY < 0), s = (ns - day * PLM_W_DAY) / 60000000000LL;
    plm_day_print((plm_day)day, d);
    snprintf(b, sizeof buf[0], "%s %02d:%02dZ", d, (int)(s / 60) % 24, (int)(s % 60));
    return b;
}

const char *plm_find_where(const plm_world *w, plm_w_place p) {
    static _Thread_local char buf[8][160];
    static _Thread_local unsigned turn;
    char *b = buf[turn++ % 8];
    if (p.site != PLM_W_NONE) {
        const plm_w_site *s = &w->site[p.site];
        plm_str n = s->name.n ? s->name : plm_w_shown(w, w->site_ids.v[p.site]);
        if (n.n > 120) n.n = 120;
        snprintf(b, sizeof buf[0], "%.*s (%.*s)", PLM_FMT(n), s->country.n ? (int)s->country.n : 1,
                 s->country.n ? s->country.p : "?");
    } else if (p.placed) {
        snprintf(b, sizeof buf[0], "%.3f, %.3f", p.lat, p.lon);
    } else {
        snprintf(b, sizeof buf[0], "a place not named");
    }
    return b;
}

bool plm_find_is_unit(const plm_world *w, uint32_t i) {
    return w->thing[i].root == i &&
           (w->thing[i].kind == PLM_W_CHASSIS || w->thing[i].kind == PLM_W_CARD);
}

static int by_rank(const void *a, const void *b) {
    const plm_finding *x = a, *y = b;
    if (x->severity != y->severity) return (int)y->severity - (int)x->severity;
    int c = strcmp(x->kind, y->kind);
    return c ? c : strcmp(x->id, y->id);
}

/* One finding an id: what two finders both saw is said once, with the worse severity. */
static void unique(plm_findings *o) {
    uint32_t n = 0;
    for (uint32_t i = 0; i < o->n; i++) {
        bool again = n && strcmp(o->v[n - 1].id, o->v[i].id) == 0;
        if (!again) o->v[n++] = o->v[i];
    }
    o->n = n;
}

int plm_find_age(plm_finder *f, int64_t from, int limit) {
    int days = (int)((f->w->now - from) / PLM_W_DAY);
    int next = days <= limit ? limit + 1 : days + 1;
    int64_t due = from + (next > 0 ? next : 1) * PLM_W_DAY;
    if (due < f->due) f->due = due;
    return days;
}

void plm_find_units(plm_finder *f, const plm_find_heard *v) {
    plm_find_strangers(f);
    plm_find_missed(f);
    plm_find_proofs(f);
    plm_find_journeys(f);
    plm_find_locations(f, v);
    plm_find_silence(f);
    plm_find_weights(f);
    plm_find_dates(f);
}

void plm_find_sort(plm_findings *o) {
    if (o->n) qsort(o->v, o->n, sizeof *o->v, by_rank);
    unique(o);
}

bool plm_custody_find(plm_world *w, plm_findings *out, plm_fault *f) {
    memset(out, 0, sizeof *out);
    plm_finder r = {.w = w, .out = out, .due = INT64_MAX};
    r.unit = plm_arena_array(w->a, (size_t)w->things + 1, sizeof *r.unit);
    r.mark = plm_arena_array(w->a, (size_t)w->marks.n + 1, sizeof *r.mark);
    plm_find_heard *heard = plm_arena_array(w->a, (size_t)w->locs + 1, sizeof *heard);
    if (!r.unit || !r.mark || !heard) return plm_fail(f, PLM_NO_MEMORY, "out of memory");
    for (uint32_t i = 0; i < w->events; i++) plm_find_late(&r, i);
    plm_find_counts(&r);
    plm_find_heard_of(&r, heard);
    plm_find_marks(&r, heard);
    plm_find_units(&r, heard);
    plm_find_orders(&r);
    plm_find_licenses(&r);
    plm_find_power(&r);
    if (r.short_of_memory) return plm_fail(f, PLM_NO_MEMORY, "out of memory");
    plm_find_sort(out);
    return true;
}
