/* probe_wire.c: one table says which members each message has, in which order; reading and
 * writing walk the same table, so that they can't disagree.  Invariants: 1 nothing is read past
 * the datagram; 2 what reads back writes the same bytes; 3 a count past its limit is refused
 * before anything is copied.  Held by tests/unit/test_probe_wire.c and fuzz/probe_packet.c. */
#include "locate/probe_wire.h"

#include <string.h>

static const unsigned char magic[7] = {'P', 'L', 'M', 'P', 'R', 'B', 1};

/* Members by letter.  k v d: landmark, verifier, device key; c cookie; N nonce; x exchange;
 * s session key; r root; o open, e evid, q quote, R receipts hash; m mac; n count; w rounds;
 * i index; j round; S sent; A answered; W window; L leaves; l leaf; t rtt; T time; C class;
 * z code; Z state; K clock; F flags; a address; p path; Q quote; ! signature; ? the second one;
 * O E: a whole OPEN, a whole EVID without its quote. */
static const struct {
    const char *form;
    bool padded; /* a request of the verifier: its length is PLM_PROBE_REQUEST_LEN */
} form_of[PLM_PROBE_TYPES] = {
    [PLM_PROBE_HELLO] = {"", false},      [PLM_PROBE_COOKIE] = {"c", false},
    [PLM_PROBE_REFUSE] = {"z", false},    [PLM_PROBE_WAIT] = {"", false},
    [PLM_PROBE_KEYREQ] = {"cvkwW!", true}, [PLM_PROBE_KEYREP] = {"kvxw!", false},
    [PLM_PROBE_OPEN] = {"cvdNrnwW!", true},
    [PLM_PROBE_EVID] = {"NxsoqC!Q", false},
    [PLM_PROBE_ARM] = {"cvkOEipa!", true}, [PLM_PROBE_STATUS] = {"ZzSAt", false},
    [PLM_PROBE_POLL] = {"cvkF!", true},
    [PLM_PROBE_RECEIPT] = {"keiSAKTrNmjt!lp", false},
    [PLM_PROBE_JOIN] = {"ckdxip!", false}, [PLM_PROBE_READY] = {"im", false},
    [PLM_PROBE_CLOSE] = {"cvRn!", true},
    [PLM_PROBE_CLOSED] = {"eRrLCq!?Q", false},
    [PLM_PROBE_SHOW] = {"cvij!", true},   [PLM_PROBE_SHOWN] = {"ijNmlp", false},
};

const char *plm_probe_why(unsigned code) {
    static const char *const say[PLM_PROBE_CODES] = {
        "nothing", "the verifier's key is not in its directory", "it was asked for another key",
        "a signature does not hold", "it does not know the session", "it is busy",
        "the agent did not answer in time", "the evidence does not hold",
        "the TPM gave no quote", "the session has expired", "it has no such round",
        "the agent did not take the landmark",
    };
    return code < PLM_PROBE_CODES ? say[code] : "an unknown reason";
}

/* A cursor that reads (in) or writes (out). */
typedef struct cursor {
    const unsigned char *in;
    unsigned char *out;
    size_t at, n;
    bool ok;
} cursor;

static void bytes(cursor *c, void *p, size_t n) {
    if (!c->ok || n > c->n - c->at) {
        c->ok = false;
        return;
    }
    if (c->in) memcpy(p, c->in + c->at, n);
    else memcpy(c->out + c->at, p, n);
    c->at += n;
}

static uint64_t number(cursor *c, uint64_t v, size_t n) {
    unsigned char b[8];
    for (size_t i = 0; i < n; i++) b[i] = (unsigned char)(v >> 8 * (n - 1 - i));
    bytes(c, b, n);
    if (!c->ok) return 0;
    v = 0;
    for (size_t i = 0; i < n; i++) v = v << 8 | b[i];
    return v;
}

static void path(cursor *c, plm_probe_path *p) {
    p->n = (uint8_t)number(c, p->n, 1);
    if (p->n > PLM_PROBE_PATH_MAX) c->ok = false;
    if (c->ok) bytes(c, p->h, (size_t)p->n * PLM_PROBE_HASH_LEN);
}

static void quote(cursor *c, plm_probe_quote *q) {
    q->attest_n = (uint16_t)number(c, q->attest_n, 2);
    if (q->attest_n > PLM_PROBE_ATTEST_MAX) c->ok = false;
    if (c->ok) bytes(c, q->attest, q->attest_n);
    q->sig_n = (uint16_t)number(c, q->sig_n, 2);
    if (q->sig_n > PLM_PROBE_QUOTE_SIG_MAX || !q->sig_n != !q->attest_n) c->ok = false;
    if (c->ok) bytes(c, q->sig, q->sig_n);
}

static void whole(cursor *c, const unsigned char **p, size_t n) {
    if (c->in) {
        if (!c->ok || n > c->n - c->at) {
            c->ok = false;
            return;
        }
        *p = c->in + c->at;
        c->at += n;
    } else {
        bytes(c, (void *)(uintptr_t)*p, n);
    }
}

static unsigned char *hash_of(plm_probe_msg *m, char letter) {
    switch (letter) {
    case 'k': return m->landmark;
    case 'v': return m->verifier;
    case 'd': return m->device;
    case 'N': return m->nonce;
    case 'x': return m->exchange;
    case 's': return m->session_key;
    case 'r': return m->root;
    case 'o': return m->open_hash;
    case 'e': return m->evid_hash;
    case 'q': return m->quote_hash;
    case 'R': return m->receipts_hash;
    case 'm': return m->mac;
    default: return NULL;
    }
}

static uint16_t *short_of(plm_probe_msg *m, char letter) {
    switch (letter) {
    case 'n': return &m->count;
    case 'w': return &m->rounds;
    case 'i': return &m->index;
    case 'j': return &m->round;
    case 'S': return &m->sent;
    case 'A': return &m->answered;
    default: return NULL;
    }
}

static uint8_t *byte_of(plm_probe_msg *m, char letter) {
    switch (letter) {
    case 'C': return &m->class;
    case 'z': return &m->code;
    case 'Z': return &m->state;
    case 'K': return &m->clock;
    case 'F': return &m->flags;
    default: return NULL;
    }
}

static void member(cursor *c, plm_probe_msg *m, char letter) {
    unsigned char *h = hash_of(m, letter);
    uint16_t *u = short_of(m, letter);
    uint8_t *b = byte_of(m, letter);
    if (h) bytes(c, h, PLM_PROBE_HASH_LEN);
    if (u) *u = (uint16_t)number(c, *u, 2);
    if (b) *b = (uint8_t)number(c, *b, 1);
    if (h || u || b) return;
    switch (letter) {
    case 'c': bytes(c, m->cookie, PLM_PROBE_COOKIE_LEN); break;
    case 'W': m->window_ms = (uint32_t)number(c, m->window_ms, 4); break;
    case 'L': m->leaves = (uint32_t)number(c, m->leaves, 4); break;
    case 'l': m->leaf = (uint32_t)number(c, m->leaf, 4); break;
    case 't': m->rtt_ns = number(c, m->rtt_ns, 8); break;
    case 'T': m->time_s = number(c, m->time_s, 8); break;
    case 'p': path(c, &m->path); break;
    case 'Q': quote(c, &m->quote); break;
    case 'O': whole(c, &m->inner_open, PLM_PROBE_OPEN_LEN); break;
    case 'E': whole(c, &m->inner_evid, PLM_PROBE_EVID_LEN); break;
    case 'a':
        bytes(c, m->addr.ip, sizeof m->addr.ip);
        m->addr.port = (uint16_t)number(c, m->addr.port, 2);
        break;
    case '!':
        m->sig_at = c->at;
        bytes(c, m->sig, PLM_PROBE_SIG_LEN);
        break;
    default:
        m->sig2_at = c->at;
        bytes(c, m->sig2, PLM_PROBE_SIG_LEN);
    }
}

static bool in_range(const plm_probe_msg *m) {
    return m->rounds <= PLM_PROBE_ROUNDS_MAX && m->count <= PLM_PROBE_LANDMARKS_MAX &&
           m->window_ms <= PLM_PROBE_WINDOW_MS_MAX && m->leaves <= PLM_PROBE_LEAVES_MAX &&
           m->index < PLM_PROBE_LANDMARKS_MAX && m->round < PLM_PROBE_ROUNDS_MAX &&
           m->class <= PLM_PROBE_CLASS_TPM && m->flags <= PLM_PROBE_STOP;
}

static bool has_form(unsigned type) {
    return type < PLM_PROBE_TYPES && form_of[type].form != NULL;
}

static void walk(cursor *c, plm_probe_msg *m) {
    m->sig_at = m->sig2_at = 0;
    bytes(c, m->sid, PLM_PROBE_SID_LEN);
    for (const char *f = form_of[m->type].form; *f && c->ok; f++) member(c, m, *f);
}

size_t plm_probe_write(plm_probe_msg *m, unsigned char *out) {
    if (!has_form(m->type) || !in_range(m)) return 0;
    cursor c = {.out = out, .n = PLM_PROBE_REQUEST_LEN, .ok = true};
    memset(out, 0, PLM_PROBE_REQUEST_LEN);
    memcpy(out, magic, sizeof magic);
    out[7] = m->type;
    c.at = 8;
    walk(&c, m);
    return c.ok ? c.at : 0;
}

static bool all_zero(const unsigned char *p, size_t n) {
    unsigned char any = 0;
    for (size_t i = 0; i < n; i++) any |= p[i];
    return any == 0;
}

bool plm_probe_read(const unsigned char *p, size_t n, plm_probe_msg *m) {
    memset(m, 0, sizeof *m);
    if (n < 8 + PLM_PROBE_SID_LEN || n > PLM_PROBE_REQUEST_LEN) return false;
    if (memcmp(p, magic, sizeof magic) != 0 || !has_form(p[7])) return false;
    m->type = p[7];
    cursor c = {.in = p, .at = 8, .n = n, .ok = true};
    walk(&c, m);
    if (!c.ok || !in_range(m)) return false;
    size_t len = m->type == PLM_PROBE_HELLO ? PLM_PROBE_HELLO_LEN
                 : form_of[m->type].padded ? PLM_PROBE_REQUEST_LEN : c.at;
    return n == len && all_zero(p + c.at, n - c.at);
}

void plm_probe_ping_head(plm_probe_ping *p, bool pong, const unsigned char *sid, unsigned index,
                         unsigned round) {
    memset(p, 0, sizeof *p);
    memcpy(p->head, magic, sizeof magic);
    p->head[7] = pong ? PLM_PROBE_PONG : PLM_PROBE_PING;
    memcpy(p->sid8, sid, sizeof p->sid8);
    p->index[0] = (unsigned char)(index >> 8);
    p->index[1] = (unsigned char)index;
    p->round[0] = (unsigned char)(round >> 8);
    p->round[1] = (unsigned char)round;
}

bool plm_probe_is_ping(const unsigned char *p, size_t n, bool pong) {
    return n == PLM_PROBE_PING_LEN && memcmp(p, magic, sizeof magic) == 0 &&
           p[7] == (pong ? PLM_PROBE_PONG : PLM_PROBE_PING);
}
