/* probe_wire.h: the datagrams of the location protocol (docs/location-protocol.md).  Reading and
 * writing only: no socket, no clock, no key.  Numbers are big-endian; every message has one
 * spelling (what reads back writes the same bytes), a fixed length or a length that its own
 * counts give, and padding that is zero. */
#ifndef PLM_LOCATE_PROBE_WIRE_H
#define PLM_LOCATE_PROBE_WIRE_H

#include "plimsoll/base.h"

#define PLM_PROBE_SID_LEN 16
#define PLM_PROBE_COOKIE_LEN 16
#define PLM_PROBE_HASH_LEN 32
#define PLM_PROBE_SIG_LEN 64
#define PLM_PROBE_REQUEST_LEN 1200 /* each slow request has just this length: no reply is longer */
#define PLM_PROBE_HELLO_LEN 64
#define PLM_PROBE_PING_LEN 64      /* ping and pong */
#define PLM_PROBE_LANDMARKS_MAX 256
#define PLM_PROBE_ROUNDS 64        /* per landmark unless asked otherwise: 4 bursts of 16 */
#define PLM_PROBE_BURST 16
#define PLM_PROBE_ROUNDS_MAX 1024
#define PLM_PROBE_LEAVES_MAX 65536 /* answers that one session may hold, all landmarks together */
#define PLM_PROBE_PATH_MAX 17      /* hashes of a Merkle path over that many leaves */
#define PLM_PROBE_ATTEST_MAX 256   /* bytes of a TPMS_ATTEST */
#define PLM_PROBE_QUOTE_SIG_MAX 520 /* bytes of a TPMT_SIGNATURE (RSA 4096) */
#define PLM_PROBE_WINDOW_MS_MAX 600000

enum plm_probe_type {
    PLM_PROBE_HELLO = 1, PLM_PROBE_COOKIE, PLM_PROBE_REFUSE, PLM_PROBE_WAIT,
    PLM_PROBE_KEYREQ, PLM_PROBE_KEYREP, PLM_PROBE_OPEN, PLM_PROBE_EVID,
    PLM_PROBE_ARM, PLM_PROBE_STATUS, PLM_PROBE_POLL, PLM_PROBE_RECEIPT,
    PLM_PROBE_JOIN, PLM_PROBE_READY, PLM_PROBE_PING, PLM_PROBE_PONG,
    PLM_PROBE_CLOSE, PLM_PROBE_CLOSED, PLM_PROBE_SHOW, PLM_PROBE_SHOWN,
    PLM_PROBE_TYPES
};

/* Why a request is refused; the words are plm_probe_why. */
enum plm_probe_code {
    PLM_PROBE_FINE = 0, PLM_PROBE_NOT_VERIFIER, PLM_PROBE_NOT_ME, PLM_PROBE_BAD_SIGNATURE,
    PLM_PROBE_NO_SESSION, PLM_PROBE_BUSY, PLM_PROBE_NO_ANSWER, PLM_PROBE_BAD_EVIDENCE,
    PLM_PROBE_NO_QUOTE, PLM_PROBE_EXPIRED, PLM_PROBE_NO_SUCH_ROUND, PLM_PROBE_NO_JOIN,
    PLM_PROBE_CODES
};
/* English words for a code (static); "an unknown reason" past the last. */
const char *plm_probe_why(unsigned code);

typedef unsigned char plm_probe_hash[PLM_PROBE_HASH_LEN];

/* A Merkle path: the sibling hashes from the leaf up. */
typedef struct plm_probe_path {
    uint8_t n;
    plm_probe_hash h[PLM_PROBE_PATH_MAX];
} plm_probe_path;

/* A UDP address: IPv4 as ::ffff:a.b.c.d. */
typedef struct plm_probe_addr {
    unsigned char ip[16];
    uint16_t port;
} plm_probe_addr;

/* A TPM quote as it came; both lengths 0 where there is none. */
typedef struct plm_probe_quote {
    uint16_t attest_n, sig_n;
    unsigned char attest[PLM_PROBE_ATTEST_MAX], sig[PLM_PROBE_QUOTE_SIG_MAX];
} plm_probe_quote;

/* One message of any type; the members that its type has are set (see probe_wire.c's table). */
typedef struct plm_probe_msg {
    uint8_t type;
    unsigned char sid[PLM_PROBE_SID_LEN], cookie[PLM_PROBE_COOKIE_LEN];
    plm_probe_hash verifier, landmark, device; /* public keys */
    plm_probe_hash nonce;                      /* N_V in OPEN, N_D in EVID, c in SHOWN, RECEIPT */
    plm_probe_hash exchange;                   /* X25519 public key: e_L or e_D */
    plm_probe_hash session_key;                /* Ed25519, of the device, for this session */
    plm_probe_hash root;                       /* list root, times root, answers root */
    plm_probe_hash open_hash, evid_hash, quote_hash, receipts_hash;
    plm_probe_hash mac;                        /* READY, and r in RECEIPT and SHOWN */
    uint16_t count, rounds, index, round, sent, answered;
    uint32_t window_ms, leaves, leaf;
    uint64_t rtt_ns, time_s;
    uint8_t class, code, state, clock, flags;
    plm_probe_addr addr;
    plm_probe_path path;
    plm_probe_quote quote;
    unsigned char sig[PLM_PROBE_SIG_LEN];  /* over the bytes before it */
    unsigned char sig2[PLM_PROBE_SIG_LEN]; /* CLOSED: the device key's, over all before it */
    size_t sig_at, sig2_at;                /* where they stand (0: the type has none) */
    const unsigned char *inner_open, *inner_evid; /* ARM: whole messages inside (borrowed) */
} plm_probe_msg;

#define PLM_PROBE_OPEN_LEN 240 /* OPEN with its signature, without padding */
#define PLM_PROBE_EVID_LEN 249 /* EVID with its signature, without the quote */

enum plm_probe_class { PLM_PROBE_CLASS_HOST = 0, PLM_PROBE_CLASS_TPM = 1 };
enum plm_probe_state { PLM_PROBE_KEYED = 1, PLM_PROBE_JOINING, PLM_PROBE_PROBING,
                       PLM_PROBE_DONE, PLM_PROBE_FAILED };
/* How a landmark timed (RECEIPT clock): both ends by the kernel, only the arrival, or none. */
enum plm_probe_clock { PLM_PROBE_CLOCK_KERNEL = 1, PLM_PROBE_CLOCK_KERNEL_RX,
                       PLM_PROBE_CLOCK_PROCESS };
#define PLM_PROBE_STOP 1 /* POLL flags */

/* Writes m (of m->type) into out, which has room for PLM_PROBE_REQUEST_LEN bytes; returns its
 * length without padding and sets m->sig_at.  Signatures are written as they stand in m: write,
 * sign the first sig_at bytes, write again.  0 when a member is out of range. */
size_t plm_probe_write(plm_probe_msg *m, unsigned char *out);
/* Reads a datagram.  padded: bytes after the message must be there and zero up to the length
 * that requests have; otherwise none may follow.  False on anything else; never reads past n. */
bool plm_probe_read(const unsigned char *p, size_t n, plm_probe_msg *out);

/* The fast phase: no parsing beyond fixed offsets. */
typedef struct plm_probe_ping {
    unsigned char head[8], sid8[8], index[2], round[2], zero[4];
    unsigned char body[32]; /* nonce out, MAC back */
    unsigned char tag[8];   /* SipHash under K of all before it in a ping, zero in a pong */
} plm_probe_ping;
_Static_assert(sizeof(plm_probe_ping) == PLM_PROBE_PING_LEN, "a ping is 64 bytes");
/* Writes the header of a ping or pong; body and tag are the caller's. */
void plm_probe_ping_head(plm_probe_ping *p, bool pong, const unsigned char *sid, unsigned index,
                         unsigned round);
/* True when n bytes at p have the form of a ping (or pong). */
bool plm_probe_is_ping(const unsigned char *p, size_t n, bool pong);

#endif
