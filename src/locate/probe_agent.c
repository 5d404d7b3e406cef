/* probe_agent.c: the responder on the device.
 *
 *   OPEN (verifier's signature) -> [QUOTING] -> OPENED (evidence given)
 *   OPENED -JOIN (landmark's signature, in OPEN's list)-> answers that landmark's pings
 *   OPENED -CLOSE-> [QUOTING] -> CLOSED (all answers signed); shows single answers
 *   any state: window over -> forgotten
 *
 * Invariants: 1 nothing is kept for, and no signature checked of, an address that has not shown
 * by a cookie that it receives; 2 no reply is longer than its request; 3 a round is answered for
 * one nonce only, and what was answered is what is signed at the close; 4 after the close no ping
 * is answered; 5 only pings with a landmark's tag are answered.
 * Held by tests/scenes/test_locate_protocol. */
#include "base/file.h"
#include "locate/probe_crypto.h"
#include "locate/probe_limit.h"
#include "locate/probe_net.h"
#include "locate/probe_tpm.h"
#include "plimsoll/probe.h"

#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define SESSIONS_MAX 16
#define SESSIONS_PER_VERIFIER_MAX 8
#define MS 1000000ull
#define TIMER_MOST (250 * MS)

enum { OPENING = 1, OPENED, CLOSING, CLOSED, BROKEN };

typedef struct answer {
    unsigned char nonce[32], mac[32];
    bool given;
} answer;

typedef struct peer { /* a landmark that joined */
    bool joined;
    plm_probe_rapid rapid;
    plm_probe_hash key, exchange;
    answer *answers; /* rounds of them */
} peer;

typedef struct session {
    unsigned state; /* 0: free */
    uint8_t code;
    uint64_t number, born_ns, end_ns;
    plm_key key; /* for this session only */
    unsigned char secret[32];
    plm_probe_msg open, evid, closed;
    peer *peers; /* open.count of them */
    plm_probe_hash *leaves; /* of the answers, once closed */
    uint32_t pings, forged;
} session;

typedef struct agent {
    const plm_probe_directory *dir;
    const plm_probe_agent *me;
    plm_key key;
    unsigned char cookie_secret[32];
    plm_probe_net net;
    plm_probe_limit limit;
    session sessions[SESSIONS_MAX];
    uint64_t now_ns, next_ns, numbers;
    int tpm; /* -1: none */
    pid_t tpm_pid;
} agent;

static session *find(agent *a, const unsigned char *sid, size_t n) {
    for (session *s = a->sessions; s < a->sessions + SESSIONS_MAX; s++)
        if (s->state && memcmp(s->open.sid, sid, n) == 0) return s;
    return NULL;
}

static void forget(agent *a, session *s) {
    char sid[2 * PLM_PROBE_SID_LEN + 1], verifier[65];
    unsigned joined = 0;
    plm_hex(s->open.sid, PLM_PROBE_SID_LEN, sid);
    plm_hex(s->open.verifier, 32, verifier);
    for (unsigned i = 0; s->peers && i < s->open.count; i++) {
        joined += s->peers[i].joined;
        plm_mem_free(s->peers[i].answers);
    }
    fprintf(stderr,
            "{\"event\":\"session\",\"device\":\"%.*s\",\"session\":\"%s\",\"verifier\":\"%s\","
            "\"end\":\"%s\",\"landmarks\":%u,\"joined\":%u,\"pings\":%u,\"forged\":%u,"
            "\"class\":\"%s\",\"ms\":%llu}\n",
            PLM_FMT(a->me->device), sid, verifier,
            s->state == CLOSED ? "closed" : s->state == BROKEN ? "broken" : "expired",
            s->open.count, joined, s->pings, s->forged, a->tpm >= 0 ? "tpm" : "host",
            (unsigned long long)((a->now_ns - s->born_ns) / MS));
    if (s->peers) sodium_memzero(s->peers, s->open.count * sizeof *s->peers);
    plm_mem_free(s->peers);
    plm_mem_free(s->leaves);
    sodium_memzero(s, sizeof *s);
}

static void reply(agent *a, const plm_probe_addr *to, plm_probe_msg *m) {
    unsigned char out[PLM_PROBE_REQUEST_LEN];
    size_t n = plm_probe_write(m, out);
    if (n) plm_probe_net_send(&a->net, to, out, n, false);
}

static void answer_with(agent *a, const plm_probe_rx *rx, const unsigned char *sid, uint8_t type,
                        uint8_t code) {
    plm_probe_msg m = {.type = type, .code = code};
    memcpy(m.sid, sid, PLM_PROBE_SID_LEN);
    reply(a, &rx->from, &m);
}

static bool cookie_holds(agent *a, const plm_probe_rx *rx, const plm_probe_msg *m) {
    uint64_t ms = a->now_ns / MS;
    if (m->type != PLM_PROBE_HELLO &&
        plm_probe_cookie_holds(a->cookie_secret, &rx->from, m->sid, ms, m->cookie))
        return plm_probe_limit_take(&a->limit, &rx->from, ms);
    plm_probe_msg c = {.type = PLM_PROBE_COOKIE};
    memcpy(c.sid, m->sid, PLM_PROBE_SID_LEN);
    plm_probe_cookie(a->cookie_secret, &rx->from, m->sid, ms, c.cookie);
    reply(a, &rx->from, &c);
    return false;
}

/* A request of a verifier: who it is, then its signature. */
static bool admitted(agent *a, const plm_probe_rx *rx, const plm_probe_msg *m) {
    uint8_t code = PLM_PROBE_FINE;
    if (!cookie_holds(a, rx, m)) return false;
    session *s = find(a, m->sid, 8);
    if (!plm_probe_directory_verifier(a->dir, m->verifier)) code = PLM_PROBE_NOT_VERIFIER;
    else if (!plm_probe_signed_by(m, m->verifier)) code = PLM_PROBE_BAD_SIGNATURE;
    else if (m->type == PLM_PROBE_OPEN && memcmp(m->device, a->key.public, 32) != 0)
        code = PLM_PROBE_NOT_ME;
    else if (s && (memcmp(s->open.sid, m->sid, PLM_PROBE_SID_LEN) != 0 ||
                   memcmp(s->open.verifier, m->verifier, 32) != 0))
        code = PLM_PROBE_BUSY;
    else if (!s && m->type != PLM_PROBE_OPEN) code = PLM_PROBE_NO_SESSION;
    if (code) answer_with(a, rx, m->sid, PLM_PROBE_REFUSE, code);
    return code == PLM_PROBE_FINE;
}

/* Signs the evidence, or the close, with what the TPM said (NULL: there is none). */
static void seal(agent *a, session *s, const plm_probe_quote *q) {
    plm_probe_msg *m = s->state == OPENING ? &s->evid : &s->closed;
    if (q) m->quote = *q;
    plm_probe_quote_hash(&m->quote, m->quote_hash);
    if (s->state == OPENING) {
        plm_probe_sign(m, &a->key);
        s->state = OPENED;
    } else {
        plm_probe_sign(m, &s->key);
        plm_probe_sign2(m, &a->key);
        plm_key_wipe(&s->key);
        s->state = CLOSED;
    }
}

/* Asks the TPM's process, or seals at once where there is no TPM. */
static void attest(agent *a, session *s) {
    if (a->tpm < 0) {
        seal(a, s, NULL);
        return;
    }
    plm_probe_tpm_ask ask = {.id = s->number * 2 + (s->state == CLOSING)};
    plm_probe_quote_nonce(s->state == OPENING ? &s->evid : &s->closed, ask.nonce);
    if (send(a->tpm, &ask, sizeof ask, MSG_DONTWAIT | MSG_NOSIGNAL) != (ssize_t)sizeof ask) {
        s->state = BROKEN;
        s->code = PLM_PROBE_NO_QUOTE;
    }
}

static void on_quote(agent *a) {
    plm_probe_tpm_answer t;
    ssize_t n = recv(a->tpm, &t, sizeof t, MSG_DONTWAIT);
    if (n == 0) a->net.extra_fd = -1; /* the TPM's process is gone: every session will break */
    if (n != (ssize_t)sizeof t && n != 0) return;
    for (session *s = a->sessions; s < a->sessions + SESSIONS_MAX; s++) {
        if (s->state != OPENING && s->state != CLOSING) continue;
        if (n != 0 && t.id != s->number * 2 + (s->state == CLOSING)) continue;
        if (n != 0 && t.ok) {
            seal(a, s, &t.quote);
        } else {
            s->state = BROKEN;
            s->code = PLM_PROBE_NO_QUOTE;
        }
    }
}

static session *room(agent *a, const unsigned char verifier[32]) {
    session *free_one = NULL, *oldest = NULL;
    unsigned same = 0;
    for (session *s = a->sessions; s < a->sessions + SESSIONS_MAX; s++) {
        if (!s->state) free_one = s;
        else if (s->state >= CLOSED && (!oldest || s->born_ns < oldest->born_ns)) oldest = s;
        else if (s->state < CLOSED && memcmp(s->open.verifier, verifier, 32) == 0) same++;
    }
    if (same >= SESSIONS_PER_VERIFIER_MAX) return NULL;
    if (!free_one && oldest) forget(a, free_one = oldest);
    return free_one;
}

static bool open_session(agent *a, const plm_probe_msg *m) {
    if (m->count == 0 || m->rounds == 0 ||
        (uint32_t)m->count * m->rounds > PLM_PROBE_LEAVES_MAX)
        return false;
    session *s = room(a, m->verifier);
    peer *peers = s ? plm_mem_resize(NULL, m->count * sizeof *peers) : NULL;
    if (!peers) return false;
    memset(peers, 0, m->count * sizeof *peers);
    s->state = OPENING;
    s->number = ++a->numbers;
    s->born_ns = a->now_ns;
    s->end_ns = a->now_ns + m->window_ms * MS;
    s->open = *m;
    s->peers = peers;
    plm_key_new(NULL, &s->key, NULL);
    randombytes_buf(s->secret, sizeof s->secret);
    plm_probe_msg *e = &s->evid;
    e->type = PLM_PROBE_EVID;
    e->class = a->tpm >= 0 ? PLM_PROBE_CLASS_TPM : PLM_PROBE_CLASS_HOST;
    memcpy(e->sid, m->sid, PLM_PROBE_SID_LEN);
    randombytes_buf(e->nonce, sizeof e->nonce);
    crypto_scalarmult_base(e->exchange, s->secret);
    memcpy(e->session_key, s->key.public, 32);
    plm_probe_msg_hash(m, e->open_hash);
    attest(a, s);
    return true;
}

/* What the session has to say now: the sealed message, wait, or why not. */
static void tell(agent *a, const plm_probe_rx *rx, session *s, bool closing) {
    if (s->state == BROKEN) answer_with(a, rx, s->open.sid, PLM_PROBE_REFUSE, s->code);
    else if (s->state == OPENING || s->state == CLOSING)
        answer_with(a, rx, s->open.sid, PLM_PROBE_WAIT, 0);
    else reply(a, &rx->from, closing ? &s->closed : &s->evid);
}

static void on_open(agent *a, const plm_probe_rx *rx, const plm_probe_msg *m) {
    session *s = find(a, m->sid, PLM_PROBE_SID_LEN);
    if (!s && !open_session(a, m)) {
        answer_with(a, rx, m->sid, PLM_PROBE_REFUSE, PLM_PROBE_BUSY);
        return;
    }
    s = find(a, m->sid, PLM_PROBE_SID_LEN);
    tell(a, rx, s, false);
}

static void on_join(agent *a, const plm_probe_rx *rx, const plm_probe_msg *m) {
    plm_probe_hash leaf;
    bool known = false;
    if (!cookie_holds(a, rx, m)) return;
    session *s = find(a, m->sid, PLM_PROBE_SID_LEN);
    if (!s || s->state != OPENED) {
        answer_with(a, rx, m->sid, PLM_PROBE_REFUSE, PLM_PROBE_NO_SESSION);
        return;
    }
    for (size_t i = 0; i < a->dir->landmark_n && !known; i++)
        known = memcmp(a->dir->landmarks[i].key, m->landmark, 32) == 0;
    plm_probe_leaf_list(m->landmark, m->exchange, leaf);
    if (!known || memcmp(m->device, a->key.public, 32) != 0 ||
        !plm_probe_opens(leaf, m->index, s->open.count, &m->path, s->open.root) ||
        !plm_probe_signed_by(m, m->landmark))
        return;
    peer *p = &s->peers[m->index];
    if (!p->joined) {
        p->answers = plm_mem_resize(NULL, s->open.rounds * sizeof *p->answers);
        if (!p->answers) return;
        memset(p->answers, 0, s->open.rounds * sizeof *p->answers);
        if (!plm_probe_rapid_derive(&p->rapid, s->secret, m->exchange, &s->open, &s->evid,
                                    m->landmark, m->exchange))
            return;
        p->joined = true;
    }
    plm_probe_msg r = {.type = PLM_PROBE_READY, .index = m->index};
    memcpy(r.sid, m->sid, PLM_PROBE_SID_LEN);
    plm_probe_ready_mac(&p->rapid, m->index, r.mac);
    reply(a, &rx->from, &r);
}

/* The timed path. */
static void on_ping(agent *a, const plm_probe_rx *rx) {
    const plm_probe_ping *q = (const void *)rx->p;
    plm_probe_ping pong;
    unsigned index = (unsigned)q->index[0] << 8 | q->index[1];
    unsigned round = (unsigned)q->round[0] << 8 | q->round[1];
    session *s = find(a, q->sid8, 8);
    if (!s || s->state != OPENED || index >= s->open.count || round >= s->open.rounds ||
        !s->peers[index].joined) {
        a->net.dropped++;
        return;
    }
    peer *p = &s->peers[index];
    answer *w = &p->answers[round];
    if (!plm_probe_tag_holds(&p->rapid, q) ||
        (w->given && memcmp(w->nonce, q->body, 32) != 0)) {
        s->forged++;
        return;
    }
    plm_probe_ping_head(&pong, true, s->open.sid, index, round);
    if (w->given) memcpy(pong.body, w->mac, 32);
    else plm_probe_answer(&p->rapid, q, pong.body);
    plm_probe_net_send(&a->net, &rx->from, &pong, sizeof pong, false);
    if (w->given) return;
    memcpy(w->nonce, q->body, 32);
    memcpy(w->mac, pong.body, 32);
    w->given = true;
    s->pings++;
}

/* All answers as leaves, by landmark and round; which is the leaf of (index, round)? */
static uint32_t leaves_of(const session *s, plm_probe_hash *out, unsigned index, unsigned round,
                          uint32_t *which) {
    uint32_t n = 0;
    for (unsigned i = 0; i < s->open.count; i++)
        for (unsigned j = 0; s->peers[i].joined && j < s->open.rounds; j++) {
            const answer *w = &s->peers[i].answers[j];
            if (!w->given) continue;
            if (i == index && j == round) *which = n;
            if (out) plm_probe_leaf_answer(i, j, w->nonce, w->mac, out[n]);
            n++;
        }
    return n;
}

static void on_close(agent *a, const plm_probe_rx *rx, const plm_probe_msg *m) {
    session *s = find(a, m->sid, PLM_PROBE_SID_LEN);
    plm_probe_msg *c = &s->closed;
    if (s->state == OPENED) {
        uint32_t none = 0, n = leaves_of(s, NULL, 0, 0, &none);
        plm_probe_hash *leaves = plm_mem_resize(NULL, (n + 1) * sizeof *leaves);
        if (!leaves) return;
        leaves_of(s, leaves, 0, 0, &none);
        memset(c, 0, sizeof *c);
        if (n) plm_probe_tree(leaves, n, 0, c->root, NULL);
        plm_mem_free(leaves);
        c->type = PLM_PROBE_CLOSED;
        c->class = s->evid.class;
        c->leaves = n;
        memcpy(c->sid, s->open.sid, PLM_PROBE_SID_LEN);
        plm_probe_msg bare = s->evid;
        memset(&bare.quote, 0, sizeof bare.quote);
        plm_probe_msg_hash(&bare, c->evid_hash);
        memcpy(c->receipts_hash, m->receipts_hash, 32);
        sodium_memzero(s->secret, sizeof s->secret);
        for (unsigned i = 0; i < s->open.count; i++)
            sodium_memzero(&s->peers[i].rapid, sizeof s->peers[i].rapid);
        s->state = CLOSING;
        attest(a, s);
    }
    if (s->state >= CLOSING && memcmp(c->receipts_hash, m->receipts_hash, 32) != 0)
        answer_with(a, rx, m->sid, PLM_PROBE_REFUSE, s->code ? s->code : PLM_PROBE_BUSY);
    else if (s->state >= CLOSING) tell(a, rx, s, true);
    else answer_with(a, rx, m->sid, PLM_PROBE_WAIT, 0);
}

static void on_show(agent *a, const plm_probe_rx *rx, const plm_probe_msg *m) {
    session *s = find(a, m->sid, PLM_PROBE_SID_LEN);
    bool has = s->state == CLOSED && m->index < s->open.count && m->round < s->open.rounds &&
               s->peers[m->index].joined && s->peers[m->index].answers[m->round].given;
    plm_probe_hash *leaves = has ? plm_mem_resize(NULL, s->closed.leaves * sizeof *leaves) : NULL;
    plm_probe_msg r = {.type = PLM_PROBE_SHOWN, .index = m->index, .round = m->round};
    plm_probe_hash root;
    memcpy(r.sid, m->sid, PLM_PROBE_SID_LEN);
    if (!leaves) { /* zeros: no such answer was given */
        reply(a, &rx->from, &r);
        return;
    }
    const answer *w = &s->peers[m->index].answers[m->round];
    memcpy(r.nonce, w->nonce, 32);
    memcpy(r.mac, w->mac, 32);
    uint32_t n = leaves_of(s, leaves, m->index, m->round, &r.leaf);
    if (plm_probe_tree(leaves, n, r.leaf, root, &r.path)) reply(a, &rx->from, &r);
    plm_mem_free(leaves);
}

static void on_message(agent *a, const plm_probe_rx *rx) {
    plm_probe_msg m;
    if (!plm_probe_read(rx->p, rx->n, &m)) {
        a->net.dropped++;
        return;
    }
    switch (m.type) {
    case PLM_PROBE_HELLO: cookie_holds(a, rx, &m); break;
    case PLM_PROBE_JOIN: on_join(a, rx, &m); break;
    case PLM_PROBE_OPEN: if (admitted(a, rx, &m)) on_open(a, rx, &m); break;
    case PLM_PROBE_CLOSE: if (admitted(a, rx, &m)) on_close(a, rx, &m); break;
    case PLM_PROBE_SHOW: if (admitted(a, rx, &m)) on_show(a, rx, &m); break;
    default: a->net.dropped++;
    }
}

static void timers(agent *a) {
    a->next_ns = a->now_ns + TIMER_MOST;
    for (session *s = a->sessions; s < a->sessions + SESSIONS_MAX; s++)
        if (s->state && a->now_ns >= s->end_ns) forget(a, s);
}

static void serve(agent *a) {
    plm_probe_rx rx[PLM_PROBE_BATCH];
    a->net.extra_fd = a->tpm;
    for (;;) {
        a->now_ns = plm_probe_mono_ns();
        if (a->now_ns >= a->next_ns) timers(a);
        if (!plm_probe_net_wait(&a->net, a->next_ns - a->now_ns)) break;
        unsigned n = plm_probe_net_recv(&a->net, rx);
        for (unsigned i = 0; i < n; i++)
            if (plm_probe_is_ping(rx[i].p, rx[i].n, false)) on_ping(a, &rx[i]);
        plm_probe_net_flush(&a->net); /* what is timed leaves before anything slow */
        a->now_ns = plm_probe_mono_ns();
        if (a->net.extra) on_quote(a);
        for (unsigned i = 0; i < n; i++)
            if (!plm_probe_is_ping(rx[i].p, rx[i].n, false)) on_message(a, &rx[i]);
        plm_probe_net_flush(&a->net);
    }
    a->now_ns = plm_probe_mono_ns();
    for (session *s = a->sessions; s < a->sessions + SESSIONS_MAX; s++)
        if (s->state) forget(a, s);
    fprintf(stderr, "{\"event\":\"end\",\"device\":\"%.*s\",\"received\":%llu,\"sent\":%llu,"
            "\"dropped\":%llu,\"limited\":%llu}\n", PLM_FMT(a->me->device),
            (unsigned long long)a->net.received, (unsigned long long)a->net.sent,
            (unsigned long long)a->net.dropped, (unsigned long long)a->limit.refused);
}

static bool begin(agent *a, const plm_probe_daemon *d, plm_fault *f) {
    plm_probe_addr at;
    a->dir = d->directory;
    a->me = plm_probe_directory_agent(d->directory, plm_str_c(d->name));
    if (!a->me) return plm_fail(f, PLM_NOT_FOUND, "the directory has no device '%s'", d->name);
    if (!plm_probe_own_key(d->key_path, d->name, a->me->key, &a->key, f)) return false;
    if (d->tpm && a->me->ak.n == 0)
        return plm_fail(f, PLM_REFUSED, "the directory has no \"ak\" for '%s', so a quote of its "
                        "TPM would prove nothing", d->name);
    if (!plm_probe_resolve_pair(plm_str_c(d->listen), &at, f)) return false;
    randombytes_buf(a->cookie_secret, sizeof a->cookie_secret);
    if (d->tpm && !plm_probe_tpm_start(d->tpm, a->me->ak, &a->tpm, &a->tpm_pid, f)) return false;
    plm_probe_catch_signals();
    return plm_probe_net_open(&a->net, &at, false, f) && plm_probe_cage("agent", f);
}

bool plm_probe_agent_run(const plm_probe_daemon *d, plm_fault *f) {
    agent *a = plm_mem_resize(NULL, sizeof *a);
    if (!a) return plm_fail(f, PLM_NO_MEMORY, "out of memory");
    memset(a, 0, sizeof *a);
    a->tpm = a->net.fd = -1;
    bool ok = begin(a, d, f);
    if (ok) {
        puts("ready");
        fflush(stdout);
        serve(a);
    }
    plm_probe_net_close(&a->net);
    if (a->tpm >= 0) close(a->tpm);
    sodium_memzero(a, sizeof *a);
    plm_mem_free(a);
    return ok;
}
