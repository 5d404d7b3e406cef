/* probe_session.c: the verifier's side: opens, arms, collects, closes, records.
 *
 *   KEYS (landmarks' ephemeral keys) -> OPEN (agent's evidence) -> PROBE (landmarks measure)
 *   -> CLOSE (device signs all answers) -> SHOW (it opens the best of each landmark) -> record
 *
 * Invariants: 1 every phase has a share of the timeout and ends by it; 2 what does not hold is
 * left out and told in "why"; 3 nothing here decides: the line printed is the judgement of the
 * file as written; 4 what is sent once only (the session's id, OPEN with its nonce, the receipts
 * that CLOSE names) is in the journal before it is sent, so that a verifier that was killed goes on
 * with the same, within the same window.  Held by tests/scenes/test_locate_protocol and
 * tests/scenes/test_locate_resume. */
#include "base/file.h"
#include "locate/probe_crypto.h"
#include "locate/probe_net.h"
#include "locate/probe_journal.h"

#include <stdio.h>
#include <string.h>

#define MS 1000000ull
#define TRY_FIRST (150 * MS)
#define TRY_MOST (1000 * MS)
#define POLL_EVERY (25 * MS)
#define KEYS_MOST (5000 * MS) /* a silent landmark holds the others up no longer */
#define KEYS_LEAST (2000 * MS) /* in a short session, but no more than 40 % of it */
#define GRACE (1500 * MS)     /* for receipts, after STOP */
#define SAVE_EVERY (100 * MS) /* of what may be asked for again */
#define JOURNAL_ARENA (16u << 20)

enum step { ASK_KEY = 1, HAS_KEY, ARM, POLL, HAS_RECEIPT, SHOW, ENDED, FAILED };

/* Someone that is asked: a landmark or the agent. */
typedef struct party {
    enum step step;
    plm_probe_addr addr;
    unsigned char cookie[PLM_PROBE_COOKIE_LEN];
    uint64_t due_ns, try_ns;
    uint64_t rtt_ns;          /* best so far, as it tells */
    uint16_t sent;
    const plm_probe_landmark *landmark; /* NULL: the agent */
    plm_probe_given given;
    uint16_t index;           /* in OPEN's list */
    unsigned cookies;
} party;

typedef struct verifier {
    const plm_probe_ask *ask;
    const plm_probe_agent *device;
    plm_key key;
    plm_probe_net net;
    plm_probe_judge judge;
    party *p; /* landmarks of the directory, then the agent */
    size_t n; /* landmarks */
    uint16_t listed[PLM_PROBE_LANDMARKS_MAX], listed_n; /* party by index in OPEN's list */
    unsigned char sid[PLM_PROBE_SID_LEN];
    plm_probe_msg open, evid, closed;
    plm_probe_hash receipts_hash;
    plm_probe_hash *leaves;
    bool stop, closing;
    uint64_t now_ns, born_ns, end_ns;
    plm_buf why;
    plm_locate_verdict verdict;
    plm_arena *arena; /* of a journal gone on with, and of the marks of one written */
    plm_probe_journal journal;
    uint64_t saved_ns;
    bool dirty;       /* something came since the journal was written */
    bool broken;      /* the journal can't be written: nothing more is sent */
    plm_fault *fault;
} verifier;

/* Writes the journal; where it can't be, the session ends with the fault. */
static bool save(verifier *v) {
    plm_probe_journal *j = &v->journal;
    v->dirty = false;
    if (!v->ask->journal || v->broken) return !v->broken;
    for (size_t i = 0; i < v->n; i++) {
        party *p = &v->p[i];
        plm_probe_mark *m = &j->mark[i];
        bool listed = j->phase >= PLM_PROBE_PHASE_OPEN && p->index < v->listed_n &&
                      v->listed[p->index] == i;
        memcpy(m->key, p->landmark->key, 32);
        m->failed = p->step == FAILED;
        m->index = listed ? p->index : -1;
        m->given = p->given;
    }
    j->mark_n = v->n;
    j->why = plm_buf_str(&v->why);
    j->open = v->open, j->evid = v->evid, j->closed = v->closed;
    v->broken = !plm_probe_journal_write(v->ask->journal, j, &v->key, v->fault);
    v->saved_ns = plm_probe_mono_ns();
    return !v->broken;
}

static bool enter(verifier *v, enum plm_probe_phase phase) {
    v->journal.phase = phase;
    return save(v);
}

static void blame(verifier *v, const party *p, const char *what) {
    if (v->why.n) plm_buf_puts(&v->why, "; ");
    if (p->landmark) plm_buf_printf(&v->why, "landmark %.*s: %s", PLM_FMT(p->landmark->id), what);
    else plm_buf_printf(&v->why, "agent: %s", what);
}

static void drop(verifier *v, party *p, const char *what) {
    if (p->step == FAILED) return;
    p->step = FAILED;
    blame(v, p, what);
}

static uint64_t after(const verifier *v, unsigned percent) {
    return v->born_ns + (v->end_ns - v->born_ns) / 100 * percent;
}

static uint32_t window_ms(const verifier *v) {
    uint64_t left = v->end_ns > v->now_ns ? (v->end_ns - v->now_ns) / MS : 0;
    return (uint32_t)(left < PLM_PROBE_WINDOW_MS_MAX ? left : PLM_PROBE_WINDOW_MS_MAX);
}

/* ARM: the opening, the evidence, the landmark's place in the list, the agent's address. */
static void fill_arm(verifier *v, party *p, plm_probe_msg *m, unsigned char *open,
                     unsigned char *evid) {
    plm_probe_hash root;
    plm_probe_msg o = v->open, e = v->evid;
    plm_probe_write(&o, open);
    memset(&e.quote, 0, sizeof e.quote);
    plm_probe_write(&e, evid);
    m->inner_open = open;
    m->inner_evid = evid;
    m->index = p->index;
    m->addr = v->p[v->n].addr;
    for (size_t i = 0; i < v->listed_n; i++) {
        const party *q = &v->p[v->listed[i]];
        plm_probe_leaf_list(q->landmark->key, q->given.keyrep.exchange, v->leaves[i]);
    }
    plm_probe_tree(v->leaves, v->listed_n, p->index, root, &m->path);
}

static uint8_t request_of(const verifier *v, const party *p) {
    if (p->landmark)
        return p->step == ASK_KEY ? PLM_PROBE_KEYREQ : p->step == ARM ? PLM_PROBE_ARM
               : p->step == POLL ? PLM_PROBE_POLL : p->step == SHOW ? PLM_PROBE_SHOW : 0;
    return p->step != POLL ? 0 : v->closing ? PLM_PROBE_CLOSE : PLM_PROBE_OPEN;
}

/* Each spelling of OPEN (its cookie is a part of it) is kept before it is sent: the evidence may
 * answer any of them. */
static bool keep_open(verifier *v, const plm_probe_msg *m) {
    plm_probe_journal *j = &v->journal;
    for (size_t i = 0; i < j->opens_n; i++)
        if (memcmp(j->opens[i].cookie, m->cookie, PLM_PROBE_COOKIE_LEN) == 0) return true;
    if (j->opens_n == PLM_PROBE_OPENS_MAX) return false;
    j->opens[j->opens_n++] = *m;
    return save(v);
}

static void send_request(verifier *v, party *p) {
    unsigned char out[PLM_PROBE_REQUEST_LEN], open[PLM_PROBE_REQUEST_LEN];
    unsigned char evid[PLM_PROBE_REQUEST_LEN];
    plm_probe_msg m = {.type = request_of(v, p)};
    const party *to = p;
    if (!m.type) return;
    if (m.type == PLM_PROBE_OPEN) m = v->open;
    if (m.type == PLM_PROBE_SHOW) to = &v->p[v->n];
    memcpy(m.sid, v->sid, PLM_PROBE_SID_LEN);
    memcpy(m.cookie, to->cookie, PLM_PROBE_COOKIE_LEN);
    memcpy(m.verifier, v->key.public, 32);
    if (p->landmark) memcpy(m.landmark, p->landmark->key, 32);
    if (m.type == PLM_PROBE_KEYREQ) {
        m.rounds = (uint16_t)v->ask->rounds;
        m.window_ms = window_ms(v);
    } else if (m.type == PLM_PROBE_ARM) {
        fill_arm(v, p, &m, open, evid);
    } else if (m.type == PLM_PROBE_POLL) {
        m.flags = v->stop ? PLM_PROBE_STOP : 0;
    } else if (m.type == PLM_PROBE_CLOSE) {
        memcpy(m.receipts_hash, v->receipts_hash, 32);
        m.count = v->listed_n;
    } else if (m.type == PLM_PROBE_SHOW) {
        m.index = p->index;
        m.round = p->given.receipt.round;
    }
    plm_probe_sign(&m, &v->key);
    if (m.type == PLM_PROBE_OPEN && !keep_open(v, &m)) return;
    plm_probe_write(&m, out);
    plm_probe_net_send(&v->net, &to->addr, out, PLM_PROBE_REQUEST_LEN, false);
}

static void start(verifier *v, party *p, enum step step) {
    p->step = step;
    p->try_ns = TRY_FIRST;
    p->due_ns = v->now_ns;
}

static void retry(verifier *v, party *p) {
    send_request(v, p);
    p->due_ns = v->now_ns + (p->step == POLL && p->landmark ? POLL_EVERY : p->try_ns);
    p->try_ns = p->try_ns * 3 / 2 < TRY_MOST ? p->try_ns * 3 / 2 : TRY_MOST;
}

/* A cookie is taken whenever it comes; the request goes out again with it. */
static void on_cookie(verifier *v, party *p, const plm_probe_msg *m) {
    if (memcmp(p->cookie, m->cookie, PLM_PROBE_COOKIE_LEN) == 0) return;
    memcpy(p->cookie, m->cookie, PLM_PROBE_COOKIE_LEN);
    if (p->landmark || p->step == POLL) {
        p->due_ns = v->now_ns;
    } else {
        for (size_t i = 0; i < v->n; i++)
            if (v->p[i].step == SHOW) v->p[i].due_ns = v->now_ns;
    }
}

static void refused(verifier *v, party *p, const plm_probe_msg *m) {
    char say[160];
    if (p->step >= HAS_RECEIPT || p->step == HAS_KEY) return;
    snprintf(say, sizeof say, "refused: %s", plm_probe_why(m->code));
    drop(v, p, say);
}

static void on_landmark(verifier *v, party *p, const plm_probe_msg *m) {
    if (m->type == PLM_PROBE_COOKIE) on_cookie(v, p, m);
    if (m->type == PLM_PROBE_REFUSE) refused(v, p, m);
    if (m->type == PLM_PROBE_KEYREP && p->step == ASK_KEY) {
        if (memcmp(m->landmark, p->landmark->key, 32) != 0 || m->rounds != v->ask->rounds ||
            memcmp(m->verifier, v->key.public, 32) != 0 ||
            !plm_probe_signed_by(m, p->landmark->key))
            return; /* anyone can send one: the true one may still come */
        p->given.keyrep = *m;
        p->step = HAS_KEY;
        v->dirty = true;
    }
    if (m->type == PLM_PROBE_STATUS && (p->step == ARM || p->step == POLL)) {
        if (m->state == PLM_PROBE_FAILED) {
            drop(v, p, plm_probe_why(m->code));
        } else if (m->state >= PLM_PROBE_JOINING) {
            if (p->step == ARM) start(v, p, POLL), p->due_ns += POLL_EVERY;
            p->rtt_ns = m->rtt_ns;
            p->sent = m->sent;
        }
    }
    if (m->type == PLM_PROBE_RECEIPT && (p->step == ARM || p->step == POLL)) {
        p->given.receipt = *m;
        const char *bad = plm_probe_receipt_fault(&v->evid, &v->closed, &p->given, p->index);
        if (bad) memset(&p->given.receipt, 0, sizeof p->given.receipt);
        if (!bad) p->step = HAS_RECEIPT, p->rtt_ns = m->rtt_ns, p->sent = m->sent, v->dirty = true;
        else if (plm_probe_signed_by(m, p->landmark->key)) drop(v, p, bad);
    }
}

static void on_shown(verifier *v, const plm_probe_msg *m) {
    if (m->index >= v->listed_n) return;
    party *p = &v->p[v->listed[m->index]];
    if (p->step != SHOW) return;
    p->given.shown = *m;
    const char *bad = plm_probe_receipt_fault(&v->evid, &v->closed, &p->given, p->index);
    if (!bad) {
        p->step = ENDED;
        v->dirty = true;
        return;
    }
    memset(&p->given.shown, 0, sizeof p->given.shown);
    drop(v, p, bad);
}

/* The spelling of OPEN that the evidence answers. */
static plm_probe_msg opened_by(const verifier *v, const plm_probe_msg *evid) {
    plm_probe_hash h;
    for (size_t i = 0; i < v->journal.opens_n; i++) {
        plm_probe_msg_hash(&v->journal.opens[i], h);
        if (memcmp(h, evid->open_hash, 32) == 0) return v->journal.opens[i];
    }
    return v->open;
}

static void on_agent(verifier *v, party *p, const plm_probe_msg *m) {
    const char *bad;
    if (m->type == PLM_PROBE_COOKIE) on_cookie(v, p, m);
    if (m->type == PLM_PROBE_SHOWN) on_shown(v, m);
    if (p->step != POLL) return;
    if (m->type == PLM_PROBE_REFUSE) refused(v, p, m);
    if (m->type == PLM_PROBE_EVID && !v->closing) {
        plm_probe_msg open = opened_by(v, m);
        bad = plm_probe_evidence_fault(&open, m, v->device);
        if (!bad) v->open = open, v->evid = *m, p->step = ENDED;
        else if (plm_probe_signed_by(m, v->device->key)) drop(v, p, bad);
    }
    if (m->type == PLM_PROBE_CLOSED && v->closing) {
        bad = plm_probe_close_fault(&v->evid, m, v->device);
        if (!bad && memcmp(m->receipts_hash, v->receipts_hash, 32) != 0) bad = "closed otherwise";
        if (!bad) v->closed = *m, p->step = ENDED;
        else if (plm_probe_signed2_by(m, v->device->key)) drop(v, p, bad);
    }
}

static void dispatch(verifier *v, const plm_probe_rx *rx) {
    plm_probe_msg m;
    if (!plm_probe_read(rx->p, rx->n, &m)) return;
    if (memcmp(m.sid, v->sid, PLM_PROBE_SID_LEN) != 0) return;
    for (size_t i = 0; i <= v->n; i++) {
        party *p = &v->p[i];
        if (memcmp(&rx->from.ip, &p->addr.ip, 16) != 0 || rx->from.port != p->addr.port) continue;
        if (p->landmark) on_landmark(v, p, &m);
        else on_agent(v, p, &m);
    }
}

/* Sends what is due, waits, and takes what came, until nobody is at a step in waiting or until
 * the deadline. */
static void pump(verifier *v, uint64_t until, bool (*busy)(verifier *)) {
    plm_probe_rx rx[PLM_PROBE_BATCH];
    for (;;) {
        v->now_ns = plm_probe_mono_ns();
        if (v->now_ns >= until || *plm_probe_stop() || v->broken || !busy(v)) return;
        if (v->dirty && v->now_ns >= v->saved_ns + SAVE_EVERY && !save(v)) return;
        uint64_t next = until;
        for (size_t i = 0; i <= v->n; i++) {
            party *p = &v->p[i];
            if (!request_of(v, p)) continue;
            if (p->due_ns <= v->now_ns) retry(v, p);
            if (p->due_ns < next) next = p->due_ns;
        }
        plm_probe_net_flush(&v->net);
        plm_probe_net_wait(&v->net, next > v->now_ns ? next - v->now_ns : 0);
        unsigned n = plm_probe_net_recv(&v->net, rx);
        v->now_ns = plm_probe_mono_ns();
        for (unsigned i = 0; i < n; i++) dispatch(v, &rx[i]);
    }
}

static size_t count(const verifier *v, enum step a, enum step b) {
    size_t k = 0;
    for (size_t i = 0; i < v->n; i++) k += v->p[i].step == a || v->p[i].step == b;
    return k;
}

static bool keys_busy(verifier *v) { return count(v, ASK_KEY, ASK_KEY) > 0; }
static bool agent_busy(verifier *v) { return v->p[v->n].step == POLL; }
static bool show_busy(verifier *v) { return count(v, SHOW, SHOW) > 0; }

/* Stops when the proof holds: after a burst of each landmark that still measures. */
static bool probe_busy(verifier *v) {
    size_t waiting = count(v, ARM, POLL);
    if (waiting == 0 || v->stop || v->ask->rounds_given) return waiting > 0;
    uint64_t rtt[PLM_PROBE_LANDMARKS_MAX] = {0};
    for (size_t i = 0; i < v->n; i++) {
        const party *p = &v->p[i];
        if (p->step == ARM || (p->step == POLL && p->sent < PLM_PROBE_BURST)) return true;
        if (p->step == POLL || p->step == HAS_RECEIPT) rtt[i] = p->rtt_ns;
    }
    plm_locate_decide(v->judge.locate, rtt, &v->verdict);
    if (v->verdict.denied != PLM_PLACE_EXCLUDED) return true;
    v->stop = true;
    for (size_t i = 0; i < v->n; i++)
        if (v->p[i].step == POLL) v->p[i].due_ns = v->now_ns;
    return true;
}

static void drop_all(verifier *v, enum step a, enum step b, const char *what) {
    for (size_t i = 0; i < v->n; i++)
        if (v->p[i].step == a || v->p[i].step == b) drop(v, &v->p[i], what);
}

/* The opening, of all landmarks that gave a key; from now on it is the same. */
static bool make_open(verifier *v) {
    plm_probe_msg *o = &v->open;
    for (size_t i = 0; i < v->n; i++) {
        party *p = &v->p[i];
        if (p->step != HAS_KEY) continue;
        p->index = v->listed_n;
        plm_probe_leaf_list(p->landmark->key, p->given.keyrep.exchange, v->leaves[v->listed_n]);
        v->listed[v->listed_n++] = (uint16_t)i;
    }
    if (v->listed_n == 0) return false;
    o->type = PLM_PROBE_OPEN;
    memcpy(o->sid, v->sid, PLM_PROBE_SID_LEN);
    memcpy(o->verifier, v->key.public, 32);
    memcpy(o->device, v->device->key, 32);
    randombytes_buf(o->nonce, sizeof o->nonce);
    o->count = v->listed_n;
    o->rounds = (uint16_t)v->ask->rounds;
    o->window_ms = window_ms(v);
    plm_probe_tree(v->leaves, v->listed_n, 0, o->root, NULL);
    return true;
}

static bool open_agent(verifier *v) {
    party *a = &v->p[v->n];
    start(v, a, POLL);
    pump(v, after(v, 45), agent_busy);
    if (v->broken) return false;
    if (a->step == POLL) drop(v, a, "gave no evidence in time");
    return a->step == ENDED;
}

static void measure(verifier *v) {
    for (size_t i = 0; i < v->n; i++)
        if (v->p[i].step == HAS_KEY) start(v, &v->p[i], ARM);
    pump(v, after(v, 75), probe_busy);
    v->stop = true;
    for (size_t i = 0; i < v->n; i++)
        if (v->p[i].step == POLL) v->p[i].due_ns = v->now_ns;
    uint64_t until = v->now_ns + GRACE;
    pump(v, until < after(v, 82) ? until : after(v, 82), probe_busy);
    if (!v->broken) drop_all(v, ARM, POLL, "gave no receipt in time");
}

static bool close_agent(verifier *v) {
    party *a = &v->p[v->n];
    plm_probe_hash one;
    memset(v->receipts_hash, 0, 32);
    for (size_t i = 0; i < v->listed_n; i++) {
        const plm_probe_msg *r = &v->p[v->listed[i]].given.receipt;
        if (!r->type) continue;
        plm_probe_msg_hash(r, one);
        plm_sha256_of2((plm_str){(char *)v->receipts_hash, 32}, (plm_str){(char *)one, 32},
                       v->receipts_hash);
    }
    v->closing = true;
    start(v, a, POLL);
    pump(v, after(v, 92), agent_busy);
    if (a->step == POLL) drop(v, a, "did not close in time");
    return a->step == ENDED;
}

static void show(verifier *v) {
    for (size_t i = 0; i < v->n; i++) {
        party *p = &v->p[i];
        if (p->step == HAS_RECEIPT) start(v, p, SHOW);
    }
    pump(v, after(v, 97), show_busy);
    if (!v->broken) drop_all(v, SHOW, SHOW, "the device did not show its answer in time");
}

static void ask_keys(verifier *v) {
    for (size_t i = 0; i < v->n; i++)
        if (v->p[i].step != FAILED && v->p[i].step != HAS_KEY) start(v, &v->p[i], ASK_KEY);
    uint64_t until = after(v, 20), most = v->born_ns + KEYS_MOST;
    uint64_t least = v->born_ns + KEYS_LEAST;
    if (least > after(v, 40)) least = after(v, 40);
    until = until < least ? least : until > most ? most : until;
    pump(v, until, keys_busy);
    if (!v->broken) drop_all(v, ASK_KEY, ASK_KEY, "did not answer");
}

/* From the phase where it stands on; each phase is in the journal before anything of it is sent. */
static void run(verifier *v) {
    const unsigned *phase = &v->journal.phase;
    if (*phase == PLM_PROBE_PHASE_KEYS) {
        ask_keys(v);
        if (v->broken || v->p[v->n].step == FAILED || !make_open(v) ||
            !enter(v, PLM_PROBE_PHASE_OPEN))
            return;
    }
    if (*phase == PLM_PROBE_PHASE_OPEN)
        if (!open_agent(v) || !enter(v, PLM_PROBE_PHASE_PROBE)) return;
    if (*phase == PLM_PROBE_PHASE_PROBE) {
        measure(v);
        if (v->broken || !count(v, HAS_RECEIPT, HAS_RECEIPT) || !enter(v, PLM_PROBE_PHASE_CLOSE))
            return;
    }
    if (*phase == PLM_PROBE_PHASE_CLOSE)
        if (!close_agent(v) || !enter(v, PLM_PROBE_PHASE_SHOW)) return;
    if (*phase == PLM_PROBE_PHASE_SHOW) show(v);
}

static bool write_file(verifier *v, plm_str deny, plm_buf *file, plm_fault *f) {
    plm_probe_given *g = plm_mem_resize(NULL, (v->listed_n + 1u) * sizeof *g);
    if (!g) return plm_fail(f, PLM_NO_MEMORY, "out of memory");
    plm_probe_record r = {.device = plm_str_c(v->ask->device), .deny = deny,
                          .quorum = v->ask->quorum, .why = plm_buf_str(&v->why),
                          .evid = v->evid, .closed = v->closed, .given = g,
                          .opened_s = v->journal.opened_s};
    memcpy(r.verifier, v->key.public, 32);
    memcpy(r.directory, v->ask->directory->sha256, 32);
    if (v->evid.type) r.open = v->open, r.given_n = v->listed_n;
    for (size_t i = 0; i < r.given_n; i++) g[i] = v->p[v->listed[i]].given;
    bool ok = plm_probe_record_write(&r, &v->key, file, f);
    plm_mem_free(g);
    return ok;
}

/* What the journal says of a landmark: how far it was asked. */
static void take_mark(verifier *v, party *p, const plm_probe_mark *m) {
    unsigned phase = v->journal.phase;
    p->given = m->given;
    p->step = m->given.keyrep.type ? HAS_KEY : 0;
    if (phase >= PLM_PROBE_PHASE_OPEN && m->index < 0) p->step = FAILED;
    if (m->failed) p->step = FAILED;
    if (phase >= PLM_PROBE_PHASE_OPEN && m->index >= 0) {
        p->index = (uint16_t)m->index;
        v->listed[m->index] = (uint16_t)(p - v->p);
        if (v->listed_n <= m->index) v->listed_n = (uint16_t)(m->index + 1);
    }
    if (p->step == FAILED || !m->given.receipt.type) return;
    p->step = m->given.shown.type ? ENDED : HAS_RECEIPT;
    p->rtt_ns = m->given.receipt.rtt_ns;
    p->sent = m->given.receipt.sent;
}

/* The window is the old one, by a clock that runs while the machine sleeps; after a start of the
 * machine nobody knows what is left of it, and so nothing is. */
static void take_window(verifier *v) {
    unsigned char boot[16];
    int64_t now_ns, past_ns = (int64_t)v->ask->timeout_s * 1000 * (int64_t)MS;
    if (plm_probe_boot(boot, &now_ns) && memcmp(boot, v->journal.boot, 16) == 0 &&
        now_ns >= v->journal.boot_ns && now_ns - v->journal.boot_ns < past_ns)
        past_ns = now_ns - v->journal.boot_ns;
    uint64_t timeout_ns = v->ask->timeout_s * 1000 * MS;
    v->end_ns = plm_probe_mono_ns() + timeout_ns - (uint64_t)past_ns;
    v->born_ns = v->end_ns > timeout_ns ? v->end_ns - timeout_ns : 0; /* it was, before the start */
}

/* Goes on where the journal ends. */
static bool take_journal(verifier *v, plm_fault *f) {
    const plm_probe_journal *j = &v->journal;
    if (j->mark_n != v->n) return plm_fail(f, PLM_REFUSED, "the journal has other landmarks");
    for (size_t i = 0; i < v->n; i++) {
        if (memcmp(j->mark[i].key, v->p[i].landmark->key, 32) != 0)
            return plm_fail(f, PLM_REFUSED, "the journal has other landmarks");
        take_mark(v, &v->p[i], &j->mark[i]);
    }
    bool between = j->phase > PLM_PROBE_PHASE_KEYS && j->phase < PLM_PROBE_PHASE_DONE;
    if (j->open.type ? j->open.count != v->listed_n : v->listed_n > 0 || between)
        return plm_fail(f, PLM_REFUSED, "the journal has no opening");
    memcpy(v->sid, j->sid, sizeof v->sid);
    plm_buf_put(&v->why, j->why.p, j->why.n);
    v->open = j->open, v->evid = j->evid, v->closed = j->closed;
    if (j->phase >= PLM_PROBE_PHASE_PROBE) v->p[v->n].step = ENDED;
    take_window(v);
    return true;
}

/* A new session: its journal is there before anything is sent. */
static bool new_journal(verifier *v, plm_str deny) {
    plm_probe_journal *j = &v->journal;
    const plm_probe_ask *q = v->ask;
    randombytes_buf(v->sid, sizeof v->sid);
    memcpy(j->sid, v->sid, sizeof v->sid);
    memcpy(j->directory, q->directory->sha256, 32);
    memcpy(j->verifier, v->key.public, 32);
    if (plm_probe_boot(j->boot, &j->boot_ns)) /* when the timeout began to count */
        j->boot_ns -= (int64_t)(plm_probe_mono_ns() + q->timeout_s * 1000 * MS - v->end_ns);
    j->opened_s = (int64_t)(plm_probe_real_ns() / 1000000000u);
    j->device = plm_str_c(q->device);
    j->agent = plm_str_c(q->agent);
    j->deny = deny;
    j->quorum = q->quorum, j->rounds = q->rounds, j->timeout_s = q->timeout_s;
    j->rounds_given = q->rounds_given;
    j->mark = plm_arena_array(v->arena, v->n + 1, sizeof *j->mark);
    if (!j->mark) {
        v->broken = true;
        return plm_fail(v->fault, PLM_NO_MEMORY, "out of memory");
    }
    return save(v);
}

static bool begin(verifier *v, plm_str deny, plm_fault *f) {
    const plm_probe_ask *q = v->ask;
    const plm_probe_directory *d = q->directory;
    uint64_t start_ns = plm_probe_mono_ns(); /* what is read first is a part of the timeout */
    v->n = d->landmark_n;
    if (v->n == 0) return plm_fail(f, PLM_BAD_INPUT, "the directory has no landmark");
    if (v->n * q->rounds > PLM_PROBE_LEAVES_MAX)
        return plm_fail(f, PLM_OUT_OF_RANGE, "%zu landmarks of %u rounds are more than %d answers; "
                        "ask for fewer rounds", v->n, q->rounds, PLM_PROBE_LEAVES_MAX);
    v->device = plm_probe_directory_agent(d, plm_str_c(q->device));
    if (!v->device)
        return plm_fail(f, PLM_NOT_FOUND, "the directory has no device '%s'", q->device);
    if (!plm_probe_judge_new(d, NULL, deny, q->quorum, &v->judge, f)) return false;
    v->p = plm_mem_resize(NULL, (v->n + 1) * sizeof *v->p);
    v->leaves = plm_mem_resize(NULL, (v->n + 1) * sizeof *v->leaves);
    if (!v->p || !v->leaves) return plm_fail(f, PLM_NO_MEMORY, "out of memory");
    memset(v->p, 0, (v->n + 1) * sizeof *v->p);
    if (!plm_probe_resolve_pair(plm_str_c(q->agent), &v->p[v->n].addr, f)) return false;
    for (size_t i = 0; i < v->n; i++) v->p[i].landmark = &d->landmarks[i];
    if (q->resume) {
        if (!take_journal(v, f)) return false;
    } else {
        v->end_ns = start_ns + q->timeout_s * 1000 * MS;
        v->born_ns = plm_probe_mono_ns();
        if (v->born_ns > v->end_ns) v->born_ns = v->end_ns;
    }
    for (size_t i = 0; i < v->n; i++) {
        plm_fault none = {0};
        if (!plm_probe_resolve(d->landmarks[i].host, d->landmarks[i].port, &v->p[i].addr, &none))
            drop(v, &v->p[i], "its address is unknown");
    }
    return (q->resume || new_journal(v, deny)) && plm_probe_net_open(&v->net, NULL, false, f);
}

/* Reads the journal, and asks what it asks. */
static bool read_journal(verifier *v, plm_probe_ask *ask, plm_fault *f) {
    plm_probe_journal *j = &v->journal;
    if (!plm_probe_journal_read(ask->journal, &v->key, v->arena, j, f)) return false;
    if (memcmp(j->directory, ask->directory->sha256, 32) != 0)
        return plm_fail_at(f, PLM_REFUSED, ask->journal, 0, 0,
                           "the session was begun under another directory; give that one");
    char *device = plm_arena_alloc(v->arena, j->device.n + 1);
    char *agent = plm_arena_alloc(v->arena, j->agent.n + 1);
    if (!device || !agent) return plm_fail(f, PLM_NO_MEMORY, "out of memory");
    memcpy(device, j->device.p, j->device.n);
    memcpy(agent, j->agent.p, j->agent.n);
    device[j->device.n] = agent[j->agent.n] = 0;
    ask->device = device, ask->agent = agent;
    ask->quorum = j->quorum, ask->rounds = j->rounds, ask->timeout_s = j->timeout_s;
    ask->rounds_given = j->rounds_given;
    return true;
}

static bool session(verifier *v, plm_probe_ask *ask, plm_buf *deny, plm_buf *file, plm_fault *f) {
    v->arena = plm_arena_new(JOURNAL_ARENA);
    if (!v->arena) return plm_fail(f, PLM_NO_MEMORY, "out of memory");
    if (!plm_key_read(ask->key_path, &v->key, f) || (ask->resume && !read_journal(v, ask, f)))
        return false;
    for (size_t i = 0; !ask->resume && i < ask->deny_n; i++) {
        if (i) plm_buf_putc(deny, ',');
        plm_buf_put(deny, ask->deny[i].p, ask->deny[i].n);
    }
    if (ask->resume) plm_buf_put(deny, v->journal.deny.p, v->journal.deny.n);
    if (!begin(v, plm_buf_str(deny), f)) return false;
    if (v->journal.phase != PLM_PROBE_PHASE_DONE) {
        run(v);
        if (!v->broken) enter(v, PLM_PROBE_PHASE_DONE);
    }
    return !v->broken && write_file(v, plm_buf_str(deny), file, f);
}

bool plm_probe_session_run(const plm_probe_ask *asked, plm_buf *file, plm_fault *f) {
    verifier *v = plm_mem_resize(NULL, sizeof *v);
    plm_probe_ask *ask = plm_mem_resize(NULL, sizeof *ask);
    plm_buf deny;
    bool ok = (v && ask) || plm_fail(f, PLM_NO_MEMORY, "out of memory");
    plm_buf_init(&deny, PLM_PROBE_DENY_MAX * PLM_LOCATE_ID_MAX);
    if (ok) {
        memset(v, 0, sizeof *v);
        *ask = *asked;
        v->ask = ask;
        v->net.fd = -1;
        v->fault = f;
        plm_buf_init(&v->why, PLM_PROBE_WHY_MAX);
        ok = session(v, ask, &deny, file, f);
        plm_probe_judge_free(&v->judge);
        plm_probe_net_close(&v->net);
        plm_buf_free(&v->why);
        plm_mem_free(v->p);
        plm_mem_free(v->leaves);
        plm_arena_free(v->arena);
        sodium_memzero(v, sizeof *v);
    }
    plm_buf_free(&deny);
    plm_mem_free(ask);
    plm_mem_free(v);
    return ok;
}
