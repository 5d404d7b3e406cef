/* feed.c: see feed.h.  The only file that sees libnats. */
#include "custody/feed.h"

#include "custody/epcis.h"
#include "custody/ledger.h"
#include "custody/parts.h"

#include <nats/nats.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#define EVENT_ARENA_MAX ((size_t)512 << 20)
#define FETCH_MS 500
#define SUBJECT_MAX (PLM_FEED_NAME_MAX + 16)

enum { IN, VALID, REFUSED, STREAMS };
static const char *const words[STREAMS] = {"in", "valid", "refused"};

struct plm_feed {
    plm_feed_options o;
    natsConnection *nc;
    jsCtx *js;
    plm_arena *a;
    plm_buf scratch;
    atomic_bool failed; /* a message of this batch was not kept by the server */
    char stream[STREAMS][SUBJECT_MAX], subject[STREAMS][SUBJECT_MAX];
};

static volatile sig_atomic_t stopping;
void plm_feed_stop(void) { stopping = 1; }

static bool nats_fault(const plm_feed *x, natsStatus s, const char *doing, plm_fault *f) {
    const char *more = nats_GetLastError(NULL);
    return plm_fail_at(f, PLM_IO, x->o.server, 0, 0, "%s: %s%s%s", doing, natsStatus_GetText(s),
                       more && more[0] ? ", " : "", more ? more : "");
}

static void not_kept(jsCtx *js, jsPubAckErr *e, void *ctx) {
    (void)js, (void)e;
    atomic_store(&((plm_feed *)ctx)->failed, true);
}

/* ---- the streams */

static bool make_stream(plm_feed *x, unsigned i, plm_fault *f) {
    jsStreamConfig c;
    jsErrCode code = 0;
    const char *subjects[] = {x->subject[i]};
    jsStreamConfig_Init(&c);
    c.Name = x->stream[i];
    c.Subjects = subjects;
    c.SubjectsLen = 1;
    c.Storage = js_FileStorage;
    c.Retention = js_WorkQueuePolicy; /* what was acknowledged need not be kept */
    natsStatus s = js_AddStream(NULL, x->js, &c, NULL, &code);
    if (s == NATS_OK || code == JSStreamNameExistErr) return true;
    return nats_fault(x, s, "a stream can't be made (is JetStream on?)", f);
}

static bool name_ok(const char *name) {
    size_t n = strlen(name);
    return n > 0 && n <= PLM_FEED_NAME_MAX &&
           strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_") == n;
}

static bool link_up(plm_feed *x, plm_fault *f) {
    natsOptions *o = NULL;
    jsOptions j;
    natsStatus s = natsOptions_Create(&o);
    if (s == NATS_OK) s = natsOptions_SetURL(o, x->o.server);
    if (s == NATS_OK && x->o.credentials)
        s = natsOptions_SetUserCredentialsFromFiles(o, x->o.credentials, NULL);
    if (s == NATS_OK && x->o.ca) s = natsOptions_LoadCATrustedCertificates(o, x->o.ca);
    if (s == NATS_OK) s = natsConnection_Connect(&x->nc, o);
    natsOptions_Destroy(o);
    if (s != NATS_OK) return nats_fault(x, s, "no connection", f);
    jsOptions_Init(&j);
    j.Wait = PLM_FEED_WAIT_MS;
    j.PublishAsync.ErrHandler = not_kept;
    j.PublishAsync.ErrHandlerClosure = x;
    j.PublishAsync.MaxPending = 4 * PLM_FEED_COMMIT;
    j.PublishAsync.StallWait = PLM_FEED_WAIT_MS;
    s = natsConnection_JetStream(&x->js, x->nc, &j);
    return s == NATS_OK || nats_fault(x, s, "no JetStream", f);
}

plm_feed *plm_feed_open(const plm_feed_options *o, plm_fault *f) {
    if (!name_ok(o->name)) {
        plm_fail(f, PLM_BAD_INPUT, "a feed's name is 1 to %u letters, digits, - and _",
                 PLM_FEED_NAME_MAX);
        return NULL;
    }
    plm_feed *x = plm_mem_resize(NULL, sizeof *x);
    if (!x) {
        plm_fail(f, PLM_NO_MEMORY, "out of memory");
        return NULL;
    }
    memset(x, 0, sizeof *x);
    x->o = *o;
    x->a = plm_arena_new(EVENT_ARENA_MAX);
    plm_buf_init(&x->scratch, PLM_PARTS_MAX);
    for (unsigned i = 0; i < STREAMS; i++) {
        snprintf(x->stream[i], SUBJECT_MAX, "%s-%s", o->name, words[i]);
        snprintf(x->subject[i], SUBJECT_MAX, "%s.%s", o->name, words[i]);
    }
    bool ok = x->a ? link_up(x, f) : plm_fail(f, PLM_NO_MEMORY, "out of memory");
    for (unsigned i = 0; ok && i < STREAMS; i++) ok = make_stream(x, i, f);
    if (ok) return x;
    plm_feed_close(x);
    return NULL;
}

void plm_feed_close(plm_feed *x) {
    if (!x) return;
    jsCtx_Destroy(x->js);
    natsConnection_Destroy(x->nc);
    nats_Close();
    plm_arena_free(x->a);
    plm_buf_free(&x->scratch);
    plm_mem_free(x);
}

/* ---- out: kept by the server once `kept` says so */

static bool put(plm_feed *x, unsigned to, plm_str text, const char *id, plm_fault *f) {
    jsPubOptions o;
    jsPubOptions_Init(&o);
    o.MaxWait = PLM_FEED_WAIT_MS;
    o.MsgId = id;
    if (text.n > INT32_MAX || (int64_t)text.n > natsConnection_GetMaxPayload(x->nc))
        return plm_fail(f, PLM_OUT_OF_RANGE, "an event is larger than the server takes (its "
                                             "max_payload)");
    natsStatus s = js_PublishAsync(x->js, x->subject[to], text.p, (int)text.n, &o);
    return s == NATS_OK || nats_fault(x, s, "a message was not sent", f);
}

static bool kept(plm_feed *x, plm_fault *f) {
    jsPubOptions o;
    jsPubOptions_Init(&o);
    o.MaxWait = PLM_FEED_WAIT_MS;
    natsStatus s = js_PublishAsyncComplete(x->js, &o);
    if (s != NATS_OK) return nats_fault(x, s, "the server did not say that it keeps a message", f);
    if (atomic_exchange(&x->failed, false))
        return plm_fail_at(f, PLM_IO, x->o.server, 0, 0, "the server did not keep a message");
    return true;
}

/* ---- in: a batch from a durable consumer that all workers of a stream share */

static natsSubscription *consume(plm_feed *x, unsigned from, plm_fault *f) {
    jsSubOptions o;
    jsErrCode code = 0;
    natsSubscription *sub = NULL;
    jsSubOptions_Init(&o);
    o.Stream = x->stream[from];
    o.ManualAck = true;
    o.Config.AckPolicy = js_AckExplicit;
    o.Config.AckWait = x->o.ack_wait_ms * 1000000;
    o.Config.MaxDeliver = -1;
    o.Config.MaxAckPending = 8 * PLM_FEED_COMMIT;
    natsStatus s = js_PullSubscribe(&sub, x->js, x->subject[from], x->stream[from], NULL, &o,
                                    &code);
    if (s != NATS_OK) nats_fault(x, s, "a stream can't be read", f);
    return s == NATS_OK ? sub : NULL;
}

typedef bool (*batch_fn)(plm_feed *x, natsMsg **m, int n, void *ctx, plm_fault *f);

/* Takes batches until stopped or idle.  A batch that fails is not acknowledged: it comes again. */
static bool each_batch(plm_feed *x, unsigned from, int size, batch_fn run, void *ctx,
                       plm_feed_sums *sums, plm_fault *f) {
    natsSubscription *sub = consume(x, from, f);
    int64_t idle = 0;
    bool ok = sub != NULL;
    while (ok && !stopping && (!x->o.idle_ms || idle < x->o.idle_ms)) {
        natsMsgList list = {0};
        int64_t start = nats_Now();
        natsStatus s = natsSubscription_Fetch(&list, sub, size, FETCH_MS, NULL);
        if (s == NATS_TIMEOUT || s == NATS_NOT_FOUND || (s == NATS_OK && !list.Count)) {
            idle += nats_Now() - start;
            natsMsgList_Destroy(&list);
            continue;
        }
        idle = 0;
        if (s != NATS_OK) ok = nats_fault(x, s, "no messages", f);
        for (int i = 0; ok && i < list.Count; i++) {
            jsMsgMetaData *meta = NULL;
            if (natsMsg_GetMetaData(&meta, list.Msgs[i]) == NATS_OK)
                sums->redelivered += meta->NumDelivered > 1;
            jsMsgMetaData_Destroy(meta);
        }
        if (ok) ok = run(x, list.Msgs, list.Count, ctx, f);
        if (ok) sums->taken += (uint64_t)list.Count;
        for (int i = 0; ok && i < list.Count; i++) natsMsg_Ack(list.Msgs[i], NULL);
        natsMsgList_Destroy(&list);
    }
    if (ok) natsConnection_FlushTimeout(x->nc, PLM_FEED_WAIT_MS);
    natsSubscription_Destroy(sub);
    return ok;
}

static plm_str text_of(natsMsg *m) {
    return (plm_str){natsMsg_GetData(m), (size_t)natsMsg_GetDataLength(m)};
}

/* ---- what was refused, with why */

static bool put_refused(plm_feed *x, plm_str text, const plm_refusal *r, plm_fault *f) {
    unsigned char d[PLM_SHA256_LEN];
    char id[2 * PLM_SHA256_LEN + 1], say[640];
    plm_buf b;
    plm_buf_init(&b, 8 * PLM_FEED_REFUSED_BYTES + 4096);
    plm_jw w = plm_jw_into(&b);
    snprintf(say, sizeof say, "%s%s%s", r->f.where, r->f.where[0] ? " " : "", r->f.say);
    plm_jw_obj(&w);
    plm_jw_kcstr(&w, "code", r->code);
    plm_jw_kcstr(&w, "say", say);
    plm_jw_key(&w, "eventID");
    if (r->event_id.p) plm_jw_str(&w, r->event_id);
    else plm_jw_null(&w);
    plm_jw_kint(&w, "bytes", (int64_t)text.n);
    size_t n = text.n > PLM_FEED_REFUSED_BYTES ? PLM_FEED_REFUSED_BYTES : text.n;
    plm_jw_kstr(&w, "event", (plm_str){text.p, n});
    plm_jw_end_obj(&w);
    plm_sha256_of2(plm_str_c(r->code), text, d); /* the same refusal again is the same message */
    plm_hex(d, sizeof d, id);
    bool ok = !b.full && put(x, REFUSED, plm_buf_str(&b), id, f);
    plm_buf_free(&b);
    return ok;
}

/* ---- publish */

typedef struct publishing {
    plm_feed *x;
    plm_feed_sums *sums;
    plm_fault *f;
} publishing;

static bool publish_one(void *ctx, uint64_t index, const plm_json *v, const plm_event_frame *frame,
                        const plm_fault *bad) {
    publishing *p = ctx;
    plm_event e;
    plm_refusal r;
    (void)index;
    p->sums->taken++;
    if (!v) {
        p->sums->refused++;
        if (!p->f->say[0]) *p->f = *bad; /* said once; the rest goes on */
        return true;
    }
    plm_arena_reset(p->x->a);
    plm_str text = frame->text;
    plm_buf b;
    plm_buf_init(&b, 2 * PLM_EVENT_BYTES_MAX);
    if (!text.p && plm_event_read(v, frame, p->x->a, &e, &r)) text = e.json;
    if (!text.p) { /* a worker refuses it, with the reason */
        plm_jw w = plm_jw_into(&b);
        plm_event_write_json(&w, v);
        text = plm_buf_str(&b);
    }
    plm_fault own = {0};
    bool ok = put(p->x, IN, text, NULL, &own);
    plm_buf_free(&b);
    bool large = !ok && own.code == PLM_OUT_OF_RANGE;
    if (large) p->sums->refused++;
    if (!ok && !p->f->say[0]) *p->f = own;
    p->sums->passed += ok;
    if (ok && p->sums->passed % PLM_FEED_COMMIT == 0) return kept(p->x, p->f);
    return ok || large;
}

bool plm_feed_publish(plm_feed *x, const char *path, plm_feed_sums *sums, plm_fault *f) {
    plm_fault why = {0};
    publishing p = {x, sums, &why};
    uint64_t refused = sums->refused;
    bool ok = plm_epcis_read_file(path, plm_time_now(), publish_one, &p, f);
    if (!ok && why.say[0] && f) *f = why;
    if (ok && sums->refused > refused && f) *f = why; /* some could not travel: say the first */
    return kept(x, ok ? NULL : f) && ok;
}

/* ---- work */

/* What makes two messages one event to the store: its identity, its hash, whether it declares. */
static void message_id(const plm_event *e, char out[2 * PLM_SHA256_LEN + 1]) {
    unsigned char d[PLM_SHA256_LEN];
    plm_buf b;
    plm_buf_init(&b, PLM_EVENT_ID_MAX + 256);
    plm_buf_put(&b, e->id.p, e->id.n);
    plm_buf_puts(&b, e->declares ? "\nE\n" : "\n-\n");
    plm_sha256_of2(plm_buf_str(&b), (plm_str){(const char *)e->hash, PLM_SHA256_LEN}, d);
    plm_buf_free(&b);
    plm_hex(d, sizeof d, out);
}

static plm_doc *read_message(plm_feed *x, plm_str text, plm_event *e, plm_refusal *r) {
    *r = (plm_refusal){0};
    plm_doc *d = plm_doc_parse(text, 2 * PLM_EVENT_BYTES_MAX, &r->f);
    if (!d) {
        r->code = r->f.code == PLM_OUT_OF_RANGE ? "too_large" : "malformed";
        return NULL;
    }
    plm_event_frame frame = {NULL, NULL, text, plm_time_now()};
    plm_arena_reset(x->a);
    plm_event_read(plm_doc_root(d), &frame, x->a, e, r); /* r->code says when it is refused */
    return d;
}

static bool work_batch(plm_feed *x, natsMsg **m, int n, void *ctx, plm_fault *f) {
    plm_feed_sums *sums = ctx, at = {0};
    for (int i = 0; i < n; i++) {
        plm_event e;
        plm_refusal r;
        char id[2 * PLM_SHA256_LEN + 1];
        plm_doc *d = read_message(x, text_of(m[i]), &e, &r);
        bool good = d && !r.code;
        if (good) message_id(&e, id);
        bool ok = good ? put(x, VALID, text_of(m[i]), id, f) : put_refused(x, text_of(m[i]), &r, f);
        plm_doc_free(d);
        if (!ok) return false;
        at.passed += good;
        at.refused += !good;
    }
    if (!kept(x, f)) return false;
    sums->passed += at.passed;
    sums->refused += at.refused;
    return true;
}

bool plm_feed_work(plm_feed *x, plm_feed_sums *sums, plm_fault *f) {
    return each_batch(x, IN, PLM_FEED_BATCH, work_batch, sums, sums, f);
}

/* ---- write */

typedef struct writing {
    plm_store *s;
    plm_feed_sums *sums;
} writing;

static bool write_one(plm_feed *x, plm_ledger *l, plm_str text, plm_feed_sums *at, plm_fault *f) {
    plm_event e;
    plm_refusal r;
    plm_outcome got = PLM_STORED;
    plm_doc *d = read_message(x, text, &e, &r);
    bool good = d && !r.code;
    bool ok = !good || plm_ledger_prepare(&e, x->a, &x->scratch) ||
              plm_fail(f, PLM_NO_MEMORY, "no memory for an event");
    ok = ok && (!good || plm_ledger_put(l, &e, &got, &at->voided, f));
    if (ok && good && got == PLM_CONFLICTING) {
        good = false;
        r = (plm_refusal){.code = "conflict", .event_id = e.event_id};
        plm_fail(&r.f, PLM_CONFLICT, "this eventID is stored with another content: give the new "
                                     "one its own eventID, or declare the first an error");
    }
    if (ok && !good) ok = put_refused(x, text, &r, f);
    plm_doc_free(d);
    at->refused += ok && !good;
    at->stored += ok && good && got == PLM_STORED;
    at->duplicates += ok && good && got == PLM_DUPLICATE;
    return ok;
}

static bool write_batch(plm_feed *x, natsMsg **m, int n, void *ctx, plm_fault *f) {
    writing *w = ctx;
    plm_feed_sums at = {0};
    plm_ledger *l = plm_ledger_open(w->s, f);
    bool ok = l != NULL;
    for (int i = 0; ok && i < n; i++) ok = write_one(x, l, text_of(m[i]), &at, f);
    if (ok) ok = kept(x, f);
    if (!ok) {
        if (l) plm_ledger_rollback(l);
        return false;
    }
    if (!plm_ledger_commit(l, f)) return false;
    w->sums->stored += at.stored;
    w->sums->duplicates += at.duplicates;
    w->sums->voided += at.voided;
    w->sums->refused += at.refused;
    return true;
}

bool plm_feed_write(plm_feed *x, plm_store *s, plm_feed_sums *sums, plm_fault *f) {
    writing w = {s, sums};
    return each_batch(x, VALID, PLM_FEED_COMMIT, write_batch, &w, sums, f);
}

/* ---- refused */

typedef struct lining {
    plm_feed_line line;
    void *ctx;
} lining;

static bool line_batch(plm_feed *x, natsMsg **m, int n, void *ctx, plm_fault *f) {
    lining *l = ctx;
    (void)x, (void)f;
    for (int i = 0; i < n; i++) l->line(l->ctx, text_of(m[i]));
    return true;
}

bool plm_feed_refused(plm_feed *x, plm_feed_line line, void *ctx, plm_feed_sums *sums,
                      plm_fault *f) {
    lining l = {line, ctx};
    return each_batch(x, REFUSED, PLM_FEED_BATCH, line_batch, &l, sums, f);
}
