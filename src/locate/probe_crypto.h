/* probe_crypto.h: what the location protocol computes: the rapid key, its MAC and tag, Merkle
 * trees (RFC 6962 hashing), cookies, and the hashes that bind one message to another. */
#ifndef PLM_LOCATE_PROBE_CRYPTO_H
#define PLM_LOCATE_PROBE_CRYPTO_H

#include "base/key.h"
#include "locate/probe_wire.h"

#include <sodium.h>

/* A rapid-phase key, known to one landmark and the device only. */
typedef struct plm_probe_rapid {
    crypto_auth_hmacsha256_state mac; /* keyed, ready to be copied */
    unsigned char tag_key[crypto_shorthash_KEYBYTES];
    unsigned char sid[PLM_PROBE_SID_LEN];
} plm_probe_rapid;

/* K = HKDF-SHA-256(salt N_V || N_D, X25519, "plimsoll-probe-1 rapid" || sid || landmark || e_D ||
 * e_L).  False when the other side's point is of small order. */
bool plm_probe_rapid_derive(plm_probe_rapid *k, const unsigned char secret[32],
                            const unsigned char peer[32], const plm_probe_msg *open,
                            const plm_probe_msg *evid, const unsigned char landmark[32],
                            const unsigned char exchange_landmark[32]);
/* The answer to ping p: HMAC-SHA-256(K, bytes 8 to 55 of the ping).  Whole session, landmark and
 * both ephemeral keys are in K. */
void plm_probe_answer(const plm_probe_rapid *k, const plm_probe_ping *p, unsigned char out[32]);
/* Writes, or checks, the tag of a ping. */
void plm_probe_tag(const plm_probe_rapid *k, plm_probe_ping *p);
bool plm_probe_tag_holds(const plm_probe_rapid *k, const plm_probe_ping *p);
/* The MAC of READY: shows a landmark that the device has the key before it pings. */
void plm_probe_ready_mac(const plm_probe_rapid *k, unsigned index, unsigned char out[32]);

/* Leaves of the three trees. */
void plm_probe_leaf_list(const unsigned char landmark[32], const unsigned char exchange[32],
                         plm_probe_hash out);
void plm_probe_leaf_time(unsigned round, const unsigned char nonce[32],
                         const unsigned char mac[32], uint64_t rtt_ns, unsigned flags,
                         plm_probe_hash out);
void plm_probe_leaf_answer(unsigned index, unsigned round, const unsigned char nonce[32],
                           const unsigned char mac[32], plm_probe_hash out);

/* The root of n >= 1 leaves, and (path not NULL) the path of leaf index.  leaves is overwritten:
 * it is the scratch.  n above PLM_PROBE_LEAVES_MAX or index not below n is false. */
bool plm_probe_tree(plm_probe_hash *leaves, size_t n, size_t index, plm_probe_hash root,
                    plm_probe_path *path);
/* True when leaf stands at index of n under root. */
bool plm_probe_opens(const plm_probe_hash leaf, size_t index, size_t n, const plm_probe_path *path,
                     const plm_probe_hash root);

/* SHA-256 of a message as it is written, without padding. */
void plm_probe_msg_hash(const plm_probe_msg *m, plm_probe_hash out);
/* What a quote signs: SHA-256("plimsoll-probe-1 quote" || the message before its quote hash). */
void plm_probe_quote_nonce(const plm_probe_msg *evid_or_closed, plm_probe_hash out);
/* SHA-256 of a quote with its lengths; zeros for none. */
void plm_probe_quote_hash(const plm_probe_quote *q, plm_probe_hash out);
/* Sets m->sig by signing what stands before it. */
void plm_probe_sign(plm_probe_msg *m, const plm_key *k);
/* Reads a daemon's key and holds it against the one that the directory has for its name. */
bool plm_probe_own_key(const char *path, const char *name, const unsigned char want[32],
                       plm_key *out, plm_fault *f);
bool plm_probe_signed_by(const plm_probe_msg *m, const unsigned char public[32]);
/* The same for CLOSED's second signature. */
void plm_probe_sign2(plm_probe_msg *m, const plm_key *k);
bool plm_probe_signed2_by(const plm_probe_msg *m, const unsigned char public[32]);

/* A stateless proof that whoever asks receives at its address: HMAC over address, session and a
 * half minute of the monotonic clock.  The one before holds too. */
void plm_probe_cookie(const unsigned char secret[32], const plm_probe_addr *a,
                      const unsigned char sid[PLM_PROBE_SID_LEN], uint64_t now_ms,
                      unsigned char out[PLM_PROBE_COOKIE_LEN]);
bool plm_probe_cookie_holds(const unsigned char secret[32], const plm_probe_addr *a,
                            const unsigned char sid[PLM_PROBE_SID_LEN], uint64_t now_ms,
                            const unsigned char cookie[PLM_PROBE_COOKIE_LEN]);

#endif
