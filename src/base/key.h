/* key.h: Ed25519 keys in files (RFC 8032), and C2SP note verifier keys.  Public keys and
 * signatures are written as lower-case hexadecimal. */
#ifndef PLM_BASE_KEY_H
#define PLM_BASE_KEY_H

#include "plimsoll/base.h"

#define PLM_KEY_PUBLIC_LEN 32
#define PLM_KEY_SIGNATURE_LEN 64
#define PLM_KEY_NAME_MAX 128   /* bytes of an origin */
#define PLM_KEY_HEX (2 * PLM_KEY_PUBLIC_LEN + 1)
#define PLM_KEY_VKEY_MAX 256   /* room for a verifier key and its NUL */
#define PLM_KEY_FILE_MAX 4096

/* A signing key; wipe it with plm_key_wipe. */
typedef struct plm_key {
    unsigned char secret[64]; /* seed and public key, as libsodium keeps them */
    unsigned char public[PLM_KEY_PUBLIC_LEN];
    char name[PLM_KEY_NAME_MAX + 1]; /* "" when the key has no origin */
} plm_key;

/* Readies libsodium; every function below calls it.  False when there is no randomness. */
bool plm_key_ready(plm_fault *f);
/* Draws a key.  name (NULL or "" for none) is a C2SP key name: no space, no '+', no control. */
bool plm_key_new(const char *name, plm_key *out, plm_fault *f);
/* Writes k to a new file with mode 0600; CONFLICT when path exists already. */
bool plm_key_write(const plm_key *k, const char *path, plm_fault *f);
/* Reads what plm_key_write wrote; a public half that is not the secret's is refused. */
bool plm_key_read(const char *path, plm_key *out, plm_fault *f);
void plm_key_wipe(plm_key *k);

/* Signs the bytes of msg (Ed25519 is deterministic). */
void plm_key_sign(const plm_key *k, plm_str msg, unsigned char out[PLM_KEY_SIGNATURE_LEN]);
/* True when sig is public's signature of msg. */
bool plm_key_check(const unsigned char public[PLM_KEY_PUBLIC_LEN], plm_str msg,
                   const unsigned char sig[PLM_KEY_SIGNATURE_LEN]);
/* Reads 64 lower-case hexadecimal digits (upper case is refused: one key, one spelling). */
bool plm_key_parse_public(plm_str s, unsigned char out[PLM_KEY_PUBLIC_LEN]);

/* The first four bytes, big-endian, of SHA-256(name || 0x0A || 0x01 || public): the key id of
 * C2SP signed-note. */
uint32_t plm_key_note_id(const char *name, const unsigned char public[PLM_KEY_PUBLIC_LEN]);
/* Writes NAME+HHHHHHHH+BASE64(0x01 || public) and a NUL. */
bool plm_key_vkey_print(const char *name, const unsigned char public[PLM_KEY_PUBLIC_LEN],
                        char out[PLM_KEY_VKEY_MAX]);
/* Reads such a line; the id has to be the key's own.  name has room for PLM_KEY_NAME_MAX + 1. */
bool plm_key_vkey_parse(plm_str s, char *name, unsigned char public[PLM_KEY_PUBLIC_LEN],
                        plm_fault *f);

#endif
