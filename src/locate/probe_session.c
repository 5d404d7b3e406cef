/* probe_session.c: the verifier's side: opens, arms, collects, closes, records.
 *
 *   KEYS (landmarks' ephemeral keys) -> OPEN (agent's evidence) -> PROBE (landmarks measure)
 *   -> CLOSE (device signs all answers) -> SHOW (it opens the best of each landmark) -> record
 *
 * Invariants: 1 every phase has a share of the timeout and ends by it; 2 what does not hold is
 * left out and told in "why"; 3 nothing here decides: the line printed is the judgement of the
 * file as written.  Held by tests/scenes/test_locate_protocol. */
#include "base/file.h"
#include "locate/probe_crypto.h"
#include "locate/probe_net.h"
#include "locate/probe_record.h"

#include <stdio.h>
#include <string.h>

#define MS 1000000ull
#define TRY_FIRST (150 * MS)
#define TRY_MOST (1000 * MS)
#define POLL_EVERY (25 * MS)
#define KEYS_MOST (5000 * MS) /* a silent landmark holds the others up no longer */
#define KEYS_LEAST (2000 * MS) /* in a short session, but no more than 40 % of it */
#define GRACE (1500 * MS)     /* for receipts, after STOP */

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
} verifier;

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
    if (m.type == PLM_PROBE_OPEN) v->open = m;
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
        if (!bad) p->step = HAS_RECEIPT, p->rtt_ns = m->rtt_ns, p->sent = m->sent;
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
        return;
    }
    memset(&p->given.shown, 0, sizeof p->given.shown);
    drop(v, p, bad);
}

static void on_agent(verifier *v, party *p, const plm_probe_msg *m) {
    const char *bad;
    if (m->type == PLM_PROBE_COOKIE) on_cookie(v, p, m);
    if (m->type == PLM_PROBE_SHOWN) on_shown(v, m);
    if (p->step != POLL) return;
    if (m->type == PLM_PROBE_REFUSE) refused(v, p, m);
    if (m->type == PLM_PROBE_EVID && !v->closing) {
        bad = plm_probe_evidence_fault(&v->open, m, v->device);
        if (!bad) v->evid = *m, p->step = ENDED;
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
        if (v->now_ns >= until || *plm_probe_stop() || !busy(v)) return;
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

static bool open_agent(verifier *v) {
    party *a = &v->p[v->n];
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
    memcpy(o->device, v->device->key, 32);
    randombytes_buf(o->nonce, sizeof o->nonce);
    o->count = v->listed_n;
    o->rounds = (uint16_t)v->ask->rounds;
    o->window_ms = window_ms(v);
    plm_probe_tree(v->leaves, v->listed_n, 0, o->root, NULL);
    start(v, a, POLL);
    pump(v, after(v, 45), agent_busy);
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
    drop_all(v, ARM, POLL, "gave no receipt in time");
}

static void close_agent(verifier *v) {
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
    if (a->step != ENDED) return;
    for (size_t i = 0; i < v->n; i++) {
        party *p = &v->p[i];
        if (p->step == HAS_RECEIPT) start(v, p, SHOW);
    }
    pump(v, after(v, 97), show_busy);
    drop_all(v, SHOW, SHOW, "the device did not show its answer in time");
}

static void run(verifier *v) {
    for (size_t i = 0; i < v->n; i++)
        if (v->p[i].step != FAILED) start(v, &v->p[i], ASK_KEY);
    uint64_t until = after(v, 20), most = v->born_ns + KEYS_MOST;
    uint64_t least = v->born_ns + KEYS_LEAST;
    if (least > after(v, 40)) least = after(v, 40);
    until = until < least ? least : until > most ? most : until;
    pump(v, until, keys_busy);
    drop_all(v, ASK_KEY, ASK_KEY, "did not answer");
    if (v->p[v->n].step == FAILED || !open_agent(v)) return;
    measure(v);
    if (count(v, HAS_RECEIPT, HAS_RECEIPT)) close_agent(v);
}

static bool write_file(verifier *v, plm_str deny, plm_buf *file, plm_fault *f) {
    plm_probe_given *g = plm_mem_resize(NULL, (v->listed_n + 1u) * sizeof *g);
    if (!g) return plm_fail(f, PLM_NO_MEMORY, "out of memory");
    plm_probe_record r = {.device = plm_str_c(v->ask->device), .deny = deny,
                          .quorum = v->ask->quorum, .why = plm_buf_str(&v->why),
                          .evid = v->evid, .closed = v->closed, .given = g,
                          .opened_s = (int64_t)(plm_probe_real_ns() / 1000000000u)};
    memcpy(r.verifier, v->key.public, 32);
    memcpy(r.directory, v->ask->directory->sha256, 32);
    if (v->evid.type) r.open = v->open, r.given_n = v->listed_n;
    for (size_t i = 0; i < r.given_n; i++) g[i] = v->p[v->listed[i]].given;
    bool ok = plm_probe_record_write(&r, &v->key, file, f);
    plm_mem_free(g);
    return ok;
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
    if (!plm_key_read(q->key_path, &v->key, f) ||
        !plm_probe_judge_new(d, NULL, deny, q->quorum, &v->judge, f))
        return false;
    v->p = plm_mem_resize(NULL, (v->n + 1) * sizeof *v->p);
    v->leaves = plm_mem_resize(NULL, (v->n + 1) * sizeof *v->leaves);
    if (!v->p || !v->leaves) return plm_fail(f, PLM_NO_MEMORY, "out of memory");
    memset(v->p, 0, (v->n + 1) * sizeof *v->p);
    v->end_ns = start_ns + q->timeout_s * 1000 * MS;
    if (!plm_probe_resolve_pair(plm_str_c(q->agent), &v->p[v->n].addr, f)) return false;
    for (size_t i = 0; i < v->n; i++) {
        plm_fault none = {0};
        v->p[i].landmark = &d->landmarks[i];
        if (!plm_probe_resolve(d->landmarks[i].host, d->landmarks[i].port, &v->p[i].addr, &none))
            drop(v, &v->p[i], "its address is unknown");
    }
    randombytes_buf(v->sid, sizeof v->sid);
    v->born_ns = plm_probe_mono_ns();
    if (v->born_ns > v->end_ns) v->born_ns = v->end_ns;
    return plm_probe_net_open(&v->net, NULL, false, f);
}

bool plm_probe_session_run(const plm_probe_ask *ask, plm_buf *file, plm_fault *f) {
    verifier *v = plm_mem_resize(NULL, sizeof *v);
    plm_buf deny;
    if (!v) return plm_fail(f, PLM_NO_MEMORY, "out of memory");
    memset(v, 0, sizeof *v);
    v->ask = ask;
    v->net.fd = -1;
    plm_buf_init(&v->why, PLM_PROBE_WHY_MAX);
    plm_buf_init(&deny, PLM_PROBE_DENY_MAX * PLM_LOCATE_ID_MAX);
    for (size_t i = 0; i < ask->deny_n; i++) {
        if (i) plm_buf_putc(&deny, ',');
        plm_buf_put(&deny, ask->deny[i].p, ask->deny[i].n);
    }
    bool ok = begin(v, plm_buf_str(&deny), f);
    if (ok) {
        run(v);
        ok = write_file(v, plm_buf_str(&deny), file, f);
    }
    plm_probe_judge_free(&v->judge);
    plm_probe_net_close(&v->net);
    plm_buf_free(&v->why);
    plm_buf_free(&deny);
    plm_mem_free(v->p);
    plm_mem_free(v->leaves);
    sodium_memzero(v, sizeof *v);
    plm_mem_free(v);
    return ok;
}
