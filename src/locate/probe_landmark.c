/* probe_landmark.c: the landmark: it alone measures time.
 *
 *   KEYED -ARM (verifier's signature, device's evidence)-> JOINING -READY (has the key)-> PROBING
 *   PROBING -all rounds, STOP, or silence-> DONE (receipt) | FAILED
 *   any state: window over -> forgotten
 *
 * Invariants: 1 nothing is kept for, and no signature checked of, an address that has not shown
 * by a cookie that it receives; 2 no reply is longer than its request; 3 one ping is outstanding
 * and the first valid answer to it counts; 4 a round's nonce is drawn when it is sent; 5 every
 * session ends within its window.  Held by tests/scenes/test_locate_protocol. */
#include "base/file.h"
#include "locate/probe_crypto.h"
#include "locate/probe_limit.h"
#include "locate/probe_net.h"
#include "plimsoll/probe.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#define SESSIONS_MAX 1024
#define SESSIONS_PER_VERIFIER_MAX 512
#define TABLE 4096          /* slots of the session table: a power of two */
#define STAMPED_MAX 64      /* sessions above which departures are no longer stamped */
#define MS 1000000ull
#define TRY_FIRST (200 * MS)
#define TRY_MOST (1000 * MS)
#define BURST_GAP (20 * MS)
#define PING_WAIT_LEAST (50 * MS)
#define PING_WAIT_MOST (1000 * MS)
#define PING_WAIT_FIRST (400 * MS) /* light goes three times round the Earth */
#define LOST_IN_A_ROW_MAX 20
#define TIMER_MOST (250 * MS)
#define TIMER_LEAST (1 * MS) /* between two scans */
#define POOL 4096

typedef struct record {
    unsigned char nonce[32], mac[32];
    uint64_t rtt_ns;
    uint16_t round;
    uint8_t clock;
} record;

typedef struct session {
    bool used, logged, have_arm;
    unsigned char sid[PLM_PROBE_SID_LEN], verifier[32], poll_sig[64], arm_sig[64];
    unsigned char secret[32], exchange[32], device[32];
    unsigned char agent_cookie[PLM_PROBE_COOKIE_LEN];
    plm_probe_hash evid_hash;
    plm_probe_addr agent;
    plm_probe_path list_path;
    plm_probe_rapid rapid;
    record *records; /* rounds of them; answered are filled */
    uint16_t rounds, index, sent, answered, best;
    uint8_t state, code;
    unsigned lost_in_a_row;
    bool outstanding;
    plm_probe_ping ping;
    unsigned char expect[32];
    plm_probe_times times;
    uint64_t try_ns, born_ns, end_ns;
    unsigned char receipt[PLM_PROBE_REQUEST_LEN];
    size_t receipt_n;
} session;

typedef struct landmark {
    const plm_probe_directory *dir;
    const plm_probe_landmark *me;
    plm_key key;
    unsigned char cookie_secret[32];
    plm_probe_net net;
    plm_probe_limit limit;
    session *sessions;
    uint64_t due_ns[SESSIONS_MAX]; /* when the timer has to look; apart, so that a scan is cheap */
    uint16_t table[TABLE]; /* session number + 1, by the first bytes of the sid */
    unsigned live, probing;
    uint64_t now_ns, next_ns, scanned_ns;
    unsigned char pool[POOL]; /* drawn from the system in one go */
    size_t pool_left;
} landmark;

static void draw(landmark *l, unsigned char out[32]) {
    if (l->pool_left < 32) {
        randombytes_buf(l->pool, POOL);
        l->pool_left = POOL;
    }
    memcpy(out, l->pool + l->pool_left - 32, 32);
    l->pool_left -= 32;
}

static void due(landmark *l, const session *s, uint64_t at_ns) {
    l->due_ns[s - l->sessions] = at_ns;
    if (at_ns < l->scanned_ns + TIMER_LEAST) at_ns = l->scanned_ns + TIMER_LEAST;
    if (at_ns < l->next_ns) l->next_ns = at_ns;
}

static uint32_t slot_of(const unsigned char *sid) {
    uint32_t h;
    memcpy(&h, sid, sizeof h);
    return h & (TABLE - 1);
}

/* by the first 8 bytes, which pings carry; two sessions that share them don't both get in */
static session *find(landmark *l, const unsigned char *sid8) {
    for (uint32_t i = slot_of(sid8); l->table[i]; i = (i + 1) & (TABLE - 1)) {
        session *s = &l->sessions[l->table[i] - 1];
        if (memcmp(s->sid, sid8, 8) == 0) return s;
    }
    return NULL;
}

static void rebuild(landmark *l) {
    memset(l->table, 0, sizeof l->table);
    for (unsigned k = 0; k < SESSIONS_MAX; k++) {
        if (!l->sessions[k].used) continue;
        uint32_t i = slot_of(l->sessions[k].sid);
        while (l->table[i]) i = (i + 1) & (TABLE - 1);
        l->table[i] = (uint16_t)(k + 1);
    }
}

static const char *ending(const session *s) {
    return s->state == PLM_PROBE_DONE ? "done" : s->state == PLM_PROBE_FAILED ? "failed"
                                                                              : "expired";
}

static const char *const clock_name[] = {"none", "kernel", "kernel-arrival", "process"};

static void log_session(landmark *l, session *s) {
    char sid[2 * PLM_PROBE_SID_LEN + 1], verifier[65];
    if (s->logged) return;
    s->logged = true;
    plm_hex(s->sid, PLM_PROBE_SID_LEN, sid);
    plm_hex(s->verifier, 32, verifier);
    const record *b = s->answered ? &s->records[s->best] : NULL;
    fprintf(stderr,
            "{\"event\":\"session\",\"landmark\":\"%.*s\",\"session\":\"%s\",\"verifier\":\"%s\","
            "\"end\":\"%s\",\"why\":%s%s%s,\"sent\":%u,\"answered\":%u,\"min_rtt_ns\":%llu,"
            "\"clock\":\"%s\",\"ms\":%llu}\n",
            PLM_FMT(l->me->id), sid, verifier, ending(s), s->code ? "\"" : "",
            s->code ? plm_probe_why(s->code) : "null", s->code ? "\"" : "", s->sent, s->answered,
            b ? (unsigned long long)b->rtt_ns : 0ull, clock_name[b ? b->clock : 0],
            (unsigned long long)((l->now_ns - s->born_ns) / MS));
}

static void forget(landmark *l, session *s) {
    log_session(l, s);
    if (s->state == PLM_PROBE_PROBING) l->probing--;
    plm_mem_free(s->records);
    sodium_memzero(s, sizeof *s);
    l->due_ns[s - l->sessions] = UINT64_MAX;
    l->live--;
    rebuild(l);
}

/* A free place; a finished session makes room when all are taken. */
static session *room(landmark *l, const unsigned char verifier[32]) {
    session *free_one = NULL, *oldest = NULL;
    unsigned same = 0;
    for (unsigned k = 0; k < SESSIONS_MAX; k++) {
        session *s = &l->sessions[k];
        if (!s->used) {
            if (!free_one) free_one = s;
            continue;
        }
        if (s->state >= PLM_PROBE_DONE) {
            if (!oldest || s->born_ns < oldest->born_ns) oldest = s;
        } else if (memcmp(s->verifier, verifier, 32) == 0) {
            same++;
        }
    }
    if (same >= SESSIONS_PER_VERIFIER_MAX) return NULL;
    if (free_one) return free_one;
    if (oldest) forget(l, oldest);
    return oldest;
}

static void reply(landmark *l, const plm_probe_addr *to, plm_probe_msg *m, bool sign) {
    unsigned char out[PLM_PROBE_REQUEST_LEN];
    if (sign) plm_probe_sign(m, &l->key);
    size_t n = plm_probe_write(m, out);
    if (n) plm_probe_net_send(&l->net, to, out, n, false);
}

static void refuse(landmark *l, const plm_probe_rx *rx, const unsigned char *sid, uint8_t code) {
    plm_probe_msg m = {.type = PLM_PROBE_REFUSE, .code = code};
    memcpy(m.sid, sid, PLM_PROBE_SID_LEN);
    reply(l, &rx->from, &m, false);
}

/* Cookie, then rate, then who, then the signature: cheapest first. */
static bool admitted(landmark *l, const plm_probe_rx *rx, plm_probe_msg *m) {
    uint64_t ms = l->now_ns / MS;
    if (!plm_probe_cookie_holds(l->cookie_secret, &rx->from, m->sid, ms, m->cookie)) {
        plm_probe_msg c = {.type = PLM_PROBE_COOKIE};
        memcpy(c.sid, m->sid, PLM_PROBE_SID_LEN);
        plm_probe_cookie(l->cookie_secret, &rx->from, m->sid, ms, c.cookie);
        reply(l, &rx->from, &c, false);
        return false;
    }
    if (!plm_probe_limit_take(&l->limit, &rx->from, ms)) return false;
    uint8_t code = PLM_PROBE_FINE;
    if (memcmp(m->landmark, l->key.public, 32) != 0) code = PLM_PROBE_NOT_ME;
    else if (!plm_probe_directory_verifier(l->dir, m->verifier)) code = PLM_PROBE_NOT_VERIFIER;
    session *s = code ? NULL : find(l, m->sid);
    bool seen = s && ((m->type == PLM_PROBE_POLL && memcmp(s->poll_sig, m->sig, 64) == 0) ||
                      (m->type == PLM_PROBE_ARM && memcmp(s->arm_sig, m->sig, 64) == 0));
    if (!code && !seen && !plm_probe_signed_by(m, m->verifier)) code = PLM_PROBE_BAD_SIGNATURE;
    if (!code && s && (memcmp(s->sid, m->sid, PLM_PROBE_SID_LEN) != 0 ||
                       memcmp(s->verifier, m->verifier, 32) != 0))
        code = PLM_PROBE_BUSY;
    if (!code && !s && m->type != PLM_PROBE_KEYREQ) code = PLM_PROBE_NO_SESSION;
    if (code) refuse(l, rx, m->sid, code);
    return code == PLM_PROBE_FINE;
}

static void on_keyreq(landmark *l, const plm_probe_rx *rx, plm_probe_msg *m) {
    session *s = find(l, m->sid);
    if (!s) {
        s = m->rounds ? room(l, m->verifier) : NULL;
        if (!s) {
            refuse(l, rx, m->sid, PLM_PROBE_BUSY);
            return;
        }
        s->used = true;
        memcpy(s->sid, m->sid, PLM_PROBE_SID_LEN);
        memcpy(s->verifier, m->verifier, 32);
        s->rounds = m->rounds;
        s->state = PLM_PROBE_KEYED;
        s->born_ns = l->now_ns;
        s->end_ns = l->now_ns + m->window_ms * MS;
        due(l, s, s->end_ns);
        randombytes_buf(s->secret, sizeof s->secret);
        crypto_scalarmult_base(s->exchange, s->secret);
        l->live++;
        rebuild(l);
    }
    plm_probe_msg r = {.type = PLM_PROBE_KEYREP, .rounds = s->rounds};
    memcpy(r.sid, s->sid, PLM_PROBE_SID_LEN);
    memcpy(r.landmark, l->key.public, 32);
    memcpy(r.verifier, s->verifier, 32);
    memcpy(r.exchange, s->exchange, 32);
    reply(l, &rx->from, &r, true);
}

static void fail(landmark *l, session *s, uint8_t code) {
    if (s->state == PLM_PROBE_PROBING) l->probing--;
    s->state = PLM_PROBE_FAILED;
    s->code = code;
    due(l, s, s->end_ns);
    sodium_memzero(&s->rapid, sizeof s->rapid);
    sodium_memzero(s->secret, sizeof s->secret);
    log_session(l, s);
}

static void to_agent(landmark *l, session *s, uint8_t type) {
    plm_probe_msg m = {.type = type};
    unsigned char out[PLM_PROBE_REQUEST_LEN];
    memcpy(m.sid, s->sid, PLM_PROBE_SID_LEN);
    size_t n = PLM_PROBE_HELLO_LEN;
    if (type == PLM_PROBE_JOIN) {
        memcpy(m.cookie, s->agent_cookie, PLM_PROBE_COOKIE_LEN);
        memcpy(m.landmark, l->key.public, 32);
        memcpy(m.device, s->device, 32);
        memcpy(m.exchange, s->exchange, 32);
        m.index = s->index;
        m.path = s->list_path;
        plm_probe_sign(&m, &l->key);
        n = plm_probe_write(&m, out);
    } else {
        plm_probe_write(&m, out);
    }
    plm_probe_net_send(&l->net, &s->agent, out, n, false);
}

/* The evidence inside ARM: the device's own key signed it, for this OPEN, and the list that the
 * OPEN names has this landmark's ephemeral key. */
static uint8_t evidence(landmark *l, session *s, const plm_probe_msg *m, plm_probe_msg *open,
                        plm_probe_msg *evid) {
    unsigned char text[PLM_PROBE_REQUEST_LEN] = {0};
    plm_probe_hash leaf, open_hash;
    memcpy(text, m->inner_open, PLM_PROBE_OPEN_LEN);
    if (!plm_probe_read(text, PLM_PROBE_REQUEST_LEN, open) || open->type != PLM_PROBE_OPEN)
        return PLM_PROBE_BAD_EVIDENCE;
    memset(text, 0, sizeof text);
    memcpy(text, m->inner_evid, PLM_PROBE_EVID_LEN);
    if (!plm_probe_read(text, PLM_PROBE_EVID_LEN + 4, evid) || evid->type != PLM_PROBE_EVID)
        return PLM_PROBE_BAD_EVIDENCE;
    const plm_probe_agent *a = NULL;
    for (size_t i = 0; i < l->dir->agent_n && !a; i++)
        if (memcmp(l->dir->agents[i].key, open->device, 32) == 0) a = &l->dir->agents[i];
    plm_probe_msg_hash(open, open_hash);
    plm_probe_leaf_list(l->key.public, s->exchange, leaf);
    bool ok = a && memcmp(open->sid, m->sid, PLM_PROBE_SID_LEN) == 0 &&
              memcmp(evid->sid, m->sid, PLM_PROBE_SID_LEN) == 0 &&
              memcmp(open->verifier, m->verifier, 32) == 0 && open->rounds == s->rounds &&
              memcmp(open_hash, evid->open_hash, 32) == 0 && plm_probe_signed_by(evid, a->key) &&
              plm_probe_opens(leaf, m->index, open->count, &m->path, open->root);
    return ok ? PLM_PROBE_FINE : PLM_PROBE_BAD_EVIDENCE;
}

static void status(landmark *l, const plm_probe_addr *to, session *s) {
    if (s->state == PLM_PROBE_DONE) {
        plm_probe_net_send(&l->net, to, s->receipt, s->receipt_n, false);
        return;
    }
    plm_probe_msg m = {.type = PLM_PROBE_STATUS, .state = s->state, .code = s->code,
                       .sent = s->sent, .answered = s->answered};
    memcpy(m.sid, s->sid, PLM_PROBE_SID_LEN);
    m.rtt_ns = s->answered ? s->records[s->best].rtt_ns : 0;
    reply(l, to, &m, false);
}

static void on_arm(landmark *l, const plm_probe_rx *rx, plm_probe_msg *m) {
    session *s = find(l, m->sid);
    if (s->state == PLM_PROBE_KEYED) {
        plm_probe_msg open, evid;
        uint8_t code = evidence(l, s, m, &open, &evid);
        s->records = plm_mem_resize(NULL, (size_t)s->rounds * sizeof *s->records);
        if (!code && !s->records) code = PLM_PROBE_BUSY;
        if (!code && !plm_probe_rapid_derive(&s->rapid, s->secret, evid.exchange, &open, &evid,
                                             l->key.public, s->exchange))
            code = PLM_PROBE_BAD_EVIDENCE;
        sodium_memzero(s->secret, sizeof s->secret);
        memcpy(s->arm_sig, m->sig, 64);
        if (code) {
            fail(l, s, code);
        } else {
            plm_probe_msg_hash(&evid, s->evid_hash);
            memcpy(s->device, open.device, 32);
            s->agent = m->addr;
            s->index = m->index;
            s->list_path = m->path;
            s->state = PLM_PROBE_JOINING;
            s->try_ns = TRY_FIRST;
            due(l, s, l->now_ns + s->try_ns);
            to_agent(l, s, PLM_PROBE_HELLO);
        }
    }
    status(l, &rx->from, s);
}

static void finish(landmark *l, session *s) {
    if (s->answered == 0) {
        fail(l, s, s->state == PLM_PROBE_PROBING ? PLM_PROBE_NO_ANSWER : PLM_PROBE_NO_JOIN);
        return;
    }
    plm_probe_hash *leaves = plm_mem_resize(NULL, s->answered * sizeof *leaves);
    if (!leaves) {
        fail(l, s, PLM_PROBE_BUSY);
        return;
    }
    record *b = &s->records[s->best];
    plm_probe_msg m = {.type = PLM_PROBE_RECEIPT, .index = s->index, .sent = s->sent,
                       .answered = s->answered, .clock = b->clock, .round = b->round,
                       .rtt_ns = b->rtt_ns, .leaf = s->best};
    for (size_t i = 0; i < s->answered; i++) {
        const record *r = &s->records[i];
        plm_probe_leaf_time(r->round, r->nonce, r->mac, r->rtt_ns, r->clock, leaves[i]);
    }
    plm_probe_tree(leaves, s->answered, s->best, m.root, &m.path);
    plm_mem_free(leaves);
    memcpy(m.sid, s->sid, PLM_PROBE_SID_LEN);
    memcpy(m.landmark, l->key.public, 32);
    memcpy(m.evid_hash, s->evid_hash, 32);
    memcpy(m.nonce, b->nonce, 32);
    memcpy(m.mac, b->mac, 32);
    m.time_s = plm_probe_real_ns() / 1000000000u;
    plm_probe_sign(&m, &l->key);
    s->receipt_n = plm_probe_write(&m, s->receipt);
    l->probing--;
    s->state = PLM_PROBE_DONE;
    s->outstanding = false;
    due(l, s, s->end_ns);
    sodium_memzero(&s->rapid, sizeof s->rapid);
    log_session(l, s);
}

/* STOP: no further ping; one that is on its way is waited for. */
static void halt(landmark *l, session *s) {
    if (s->state == PLM_PROBE_PROBING && s->outstanding) s->rounds = s->sent;
    else if (s->state < PLM_PROBE_DONE) finish(l, s);
}

static void ping(landmark *l, session *s) {
    plm_probe_ping_head(&s->ping, false, s->sid, s->index, s->sent);
    draw(l, s->ping.body);
    plm_probe_tag(&s->rapid, &s->ping);
    plm_probe_answer(&s->rapid, &s->ping, s->expect);
    s->outstanding = true;
    s->sent++;
    uint64_t wait = s->answered ? 4 * s->records[s->best].rtt_ns + 20 * MS : PING_WAIT_FIRST;
    wait = wait < PING_WAIT_LEAST ? PING_WAIT_LEAST : wait > PING_WAIT_MOST ? PING_WAIT_MOST : wait;
    s->times = (plm_probe_times){.send_real = plm_probe_real_ns(),
                                 .send_mono = plm_probe_mono_ns()};
    plm_probe_net_send(&l->net, &s->agent, &s->ping, sizeof s->ping, l->probing <= STAMPED_MAX);
    due(l, s, s->times.send_mono + wait);
}

/* After an answer or a loss: the next ping, at once within a burst. */
static void go_on(landmark *l, session *s) {
    s->outstanding = false;
    if (s->sent >= s->rounds || s->lost_in_a_row >= LOST_IN_A_ROW_MAX) {
        finish(l, s);
    } else if (s->sent % PLM_PROBE_BURST == 0 && s->sent) {
        due(l, s, l->now_ns + BURST_GAP);
    } else {
        ping(l, s);
    }
}

static void on_pong(landmark *l, const plm_probe_rx *rx, uint64_t real_ns, uint64_t mono_ns) {
    static const unsigned char none[8];
    const plm_probe_ping *p = (const void *)rx->p;
    session *s = find(l, p->sid8);
    if (!s || s->state != PLM_PROBE_PROBING || !s->outstanding ||
        memcmp(p->round, s->ping.round, 2) != 0 || memcmp(p->index, s->ping.index, 2) != 0 ||
        memcmp(p->tag, none, 8) != 0 || sodium_memcmp(p->body, s->expect, 32) != 0) {
        l->net.dropped++;
        return;
    }
    s->times.recv_real = real_ns;
    s->times.recv_mono = mono_ns;
    s->times.rx_real = rx->real_ns;
    record *r = &s->records[s->answered];
    r->rtt_ns = plm_probe_rtt_ns(&s->times, &r->clock);
    r->round = (uint16_t)(s->sent - 1);
    memcpy(r->nonce, s->ping.body, 32);
    memcpy(r->mac, s->expect, 32);
    if (s->answered == 0 || r->rtt_ns < s->records[s->best].rtt_ns) s->best = s->answered;
    s->answered++;
    s->lost_in_a_row = 0;
    go_on(l, s);
}

/* The copy of a ping that left tells which it was. */
static void on_departure(void *self, const unsigned char *p, uint64_t real_ns) {
    landmark *l = self;
    const plm_probe_ping *q = (const void *)p;
    if (!plm_probe_is_ping(p, PLM_PROBE_PING_LEN, false)) return;
    session *s = find(l, q->sid8);
    if (s && s->outstanding && memcmp(&s->ping, q, sizeof *q) == 0) s->times.tx_real = real_ns;
}

static void from_agent(landmark *l, const plm_probe_rx *rx, plm_probe_msg *m) {
    session *s = find(l, m->sid);
    unsigned char mac[32];
    (void)rx;
    if (!s || s->state != PLM_PROBE_JOINING || memcmp(s->sid, m->sid, PLM_PROBE_SID_LEN) != 0)
        return;
    if (m->type == PLM_PROBE_COOKIE) {
        if (memcmp(s->agent_cookie, m->cookie, PLM_PROBE_COOKIE_LEN) == 0) return;
        memcpy(s->agent_cookie, m->cookie, PLM_PROBE_COOKIE_LEN);
        to_agent(l, s, PLM_PROBE_JOIN);
    } else if (m->type == PLM_PROBE_READY) {
        plm_probe_ready_mac(&s->rapid, s->index, mac);
        if (m->index != s->index || sodium_memcmp(mac, m->mac, 32) != 0) return;
        s->state = PLM_PROBE_PROBING;
        l->probing++;
        ping(l, s);
    } else if (m->type == PLM_PROBE_REFUSE) {
        fail(l, s, PLM_PROBE_NO_JOIN);
    }
}

static void on_message(landmark *l, const plm_probe_rx *rx) {
    plm_probe_msg m;
    if (!plm_probe_read(rx->p, rx->n, &m)) {
        l->net.dropped++;
        return;
    }
    switch (m.type) {
    case PLM_PROBE_COOKIE:
    case PLM_PROBE_READY:
    case PLM_PROBE_REFUSE:
        from_agent(l, rx, &m);
        break;
    case PLM_PROBE_KEYREQ:
        if (admitted(l, rx, &m)) on_keyreq(l, rx, &m);
        break;
    case PLM_PROBE_ARM:
        if (admitted(l, rx, &m)) on_arm(l, rx, &m);
        break;
    case PLM_PROBE_POLL:
        if (admitted(l, rx, &m)) {
            session *s = find(l, m.sid);
            memcpy(s->poll_sig, m.sig, 64);
            if (m.flags & PLM_PROBE_STOP) halt(l, s);
            status(l, &rx->from, s);
        }
        break;
    default:
        l->net.dropped++;
    }
}

static void on_timer(landmark *l, session *s) {
    if (l->now_ns >= s->end_ns) {
        forget(l, s);
        return;
    }
    if (s->state == PLM_PROBE_PROBING) {
        if (s->outstanding) {
            s->lost_in_a_row++;
            go_on(l, s);
        } else {
            ping(l, s);
        }
    } else if (s->state == PLM_PROBE_JOINING) {
        static const unsigned char none[PLM_PROBE_COOKIE_LEN];
        bool again = memcmp(s->agent_cookie, none, sizeof none) != 0;
        to_agent(l, s, again ? PLM_PROBE_JOIN : PLM_PROBE_HELLO);
        s->try_ns = s->try_ns * 3 / 2 < TRY_MOST ? s->try_ns * 3 / 2 : TRY_MOST;
        due(l, s, l->now_ns + s->try_ns);
    } else {
        due(l, s, s->end_ns);
    }
}

static void timers(landmark *l) {
    uint64_t soonest = l->now_ns + TIMER_MOST;
    l->next_ns = soonest;
    l->scanned_ns = l->now_ns;
    for (unsigned k = 0; l->live && k < SESSIONS_MAX; k++) {
        if (l->due_ns[k] <= l->now_ns) on_timer(l, &l->sessions[k]);
        if (l->due_ns[k] < soonest) soonest = l->due_ns[k];
    }
    if (soonest < l->now_ns + TIMER_LEAST) soonest = l->now_ns + TIMER_LEAST;
    if (soonest < l->next_ns) l->next_ns = soonest;
}

static void serve(landmark *l) {
    plm_probe_rx rx[PLM_PROBE_BATCH];
    for (;;) {
        l->now_ns = plm_probe_mono_ns();
        if (l->now_ns >= l->next_ns) timers(l);
        plm_probe_net_flush(&l->net);
        uint64_t wait = l->next_ns > l->now_ns ? l->next_ns - l->now_ns : 0;
        if (!plm_probe_net_wait(&l->net, wait)) break;
        plm_probe_net_departures(&l->net, PLM_PROBE_PING_LEN, l, on_departure);
        unsigned n = plm_probe_net_recv(&l->net, rx);
        uint64_t real = plm_probe_real_ns();
        l->now_ns = plm_probe_mono_ns();
        for (unsigned i = 0; i < n; i++) {
            if (plm_probe_is_ping(rx[i].p, rx[i].n, true)) on_pong(l, &rx[i], real, l->now_ns);
            else on_message(l, &rx[i]);
        }
    }
    l->now_ns = plm_probe_mono_ns();
    for (unsigned k = 0; k < SESSIONS_MAX; k++)
        if (l->sessions[k].used) forget(l, &l->sessions[k]);
    fprintf(stderr, "{\"event\":\"end\",\"landmark\":\"%.*s\",\"received\":%llu,\"sent\":%llu,"
            "\"dropped\":%llu,\"limited\":%llu}\n", PLM_FMT(l->me->id),
            (unsigned long long)l->net.received, (unsigned long long)l->net.sent,
            (unsigned long long)l->net.dropped, (unsigned long long)l->limit.refused);
}

static bool begin(landmark *l, const plm_probe_daemon *d, plm_fault *f) {
    plm_probe_addr at;
    l->dir = d->directory;
    l->me = plm_probe_directory_landmark(d->directory, plm_str_c(d->name));
    if (!l->me) return plm_fail(f, PLM_NOT_FOUND, "the directory has no landmark '%s'", d->name);
    if (!plm_probe_own_key(d->key_path, d->name, l->me->key, &l->key, f)) return false;
    if (!plm_probe_resolve(l->me->host, l->me->port, &at, f)) return false;
    randombytes_buf(l->cookie_secret, sizeof l->cookie_secret);
    plm_probe_catch_signals();
    if (!plm_probe_net_open(&l->net, &at, true, f)) return false;
    if (!l->net.stamps)
        fprintf(stderr, "{\"event\":\"clock\",\"clock\":\"process\",\"why\":\"the kernel stamps no "
                        "datagrams\"}\n");
    return plm_probe_cage("landmark", f);
}

bool plm_probe_landmark_run(const plm_probe_daemon *d, plm_fault *f) {
    landmark *l = plm_mem_resize(NULL, sizeof *l);
    session *s = plm_mem_resize(NULL, SESSIONS_MAX * sizeof *s);
    bool ok = (l && s) || plm_fail(f, PLM_NO_MEMORY, "out of memory");
    if (ok) {
        memset(l, 0, sizeof *l);
        memset(s, 0, SESSIONS_MAX * sizeof *s);
        l->sessions = s;
        for (unsigned k = 0; k < SESSIONS_MAX; k++) l->due_ns[k] = UINT64_MAX;
        l->net.fd = -1;
        ok = begin(l, d, f);
    }
    if (ok) {
        puts("ready");
        fflush(stdout);
        serve(l);
    }
    if (l) {
        plm_probe_net_close(&l->net);
        sodium_memzero(l, sizeof *l);
    }
    plm_mem_free(s);
    plm_mem_free(l);
    return ok;
}
