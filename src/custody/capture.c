/* capture.c: a file of events into the ledger, in one transaction. */
#include "custody/epcis.h"
#include "custody/ledger.h"

#include <stdio.h>
#include <string.h>

#define EVENT_ARENA_MAX ((size_t)512 << 20)

typedef struct capturing {
    plm_ledger *l;
    plm_arena *a;
    plm_capture *out;
    plm_fault *f; /* a fault of the store ends the file */
} capturing;

static void note_refusal(plm_capture *c, uint64_t index, const plm_refusal *r) {
    char say[640];
    plm_jw w = plm_jw_into(&c->refused);
    if (c->refused_n++ >= PLM_CAPTURE_REFUSED_LISTED_MAX) return;
    w.comma = c->refused.n > 0;
    plm_jw_obj(&w);
    plm_jw_key(&w, "index");
    plm_jw_u64(&w, index);
    plm_jw_key(&w, "eventID");
    if (r->event_id.p) plm_jw_str(&w, r->event_id);
    else plm_jw_null(&w);
    plm_jw_kcstr(&w, "code", r->code);
    snprintf(say, sizeof say, "%s%s%s", r->f.where, r->f.where[0] ? " " : "", r->f.say);
    plm_jw_kcstr(&w, "say", say);
    if (r->f.line) plm_jw_kint(&w, "line", r->f.line);
    plm_jw_end_obj(&w);
}

static bool take_event(void *ctx, uint64_t index, const plm_json *v, const plm_event_frame *frame,
                       const plm_fault *bad) {
    capturing *c = ctx;
    plm_event e;
    plm_refusal r = {0};
    plm_outcome outcome;
    c->out->events++;
    plm_arena_reset(c->a);
    if (!v) {
        r.code = bad->code == PLM_OUT_OF_RANGE ? "too_large" : "malformed";
        r.f = *bad;
        note_refusal(c->out, index, &r);
        return true;
    }
    if (!plm_event_read(v, frame, c->a, &e, &r)) {
        note_refusal(c->out, index, &r);
        return true;
    }
    if (!plm_ledger_put(c->l, &e, &outcome, &c->out->voided, c->f)) return false;
    if (outcome == PLM_CONFLICTING) {
        r = (plm_refusal){.code = "conflict", .event_id = e.event_id};
        plm_fail(&r.f, PLM_CONFLICT,
                 "this eventID is stored with another content: give the new one "
                                     "its own eventID, or declare the first an error");
        note_refusal(c->out, index, &r);
    }
    c->out->stored += outcome == PLM_STORED;
    c->out->duplicates += outcome == PLM_DUPLICATE;
    return true;
}

bool plm_capture_file(plm_store *s, const char *path, bool proceed, plm_capture *out,
                      plm_fault *f) {
    *out = (plm_capture){0};
    plm_buf_init(&out->refused, 64u << 20);
    capturing c = {.a = plm_arena_new(EVENT_ARENA_MAX), .out = out, .f = f};
    if (!c.a) return plm_fail(f, PLM_NO_MEMORY, "out of memory");
    c.l = plm_ledger_open(s, f);
    bool ok = c.l && plm_epcis_read_file(path, plm_time_now(), take_event, &c, f);
    plm_arena_free(c.a);
    if (!c.l) return false;
    if (ok && (proceed || out->refused_n == 0)) return plm_ledger_commit(c.l, f);
    plm_ledger_rollback(c.l);
    out->stored = out->voided = 0;
    return ok;
}

void plm_capture_free(plm_capture *c) { plm_buf_free(&c->refused); }
