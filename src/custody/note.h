/* note.h: C2SP tlog checkpoints, signed notes (Ed25519) and cosignatures.
 * Sources: c2sp.org/tlog-checkpoint, c2sp.org/signed-note, c2sp.org/tlog-cosignature. */
#ifndef PLM_CUSTODY_NOTE_H
#define PLM_CUSTODY_NOTE_H

#include "base/key.h"
#include "custody/merkle.h"

#define PLM_NOTE_BYTES_MAX (1u << 20)
#define PLM_NOTE_LINES_MAX 64 /* signature lines that are looked at */
#define PLM_LOG_ORIGIN "plimsoll.example/custody" /* of a key without a name */

typedef struct plm_note_line {
    plm_str name;
    unsigned char blob[128]; /* key id, then what the algorithm has */
    size_t blob_n;
} plm_note_line;

typedef struct plm_checkpoint {
    plm_str body; /* what is signed, with its last line break; borrowed from the text */
    plm_str origin;
    uint64_t size;
    plm_hash root;
    plm_note_line line[PLM_NOTE_LINES_MAX];
    size_t lines;
} plm_checkpoint;

/* Reads a checkpoint; signatures may be absent when unsigned_ok. */
bool plm_checkpoint_read(plm_str text, bool unsigned_ok, plm_checkpoint *out, plm_fault *f);
/* Appends "origin\nsize\nroot\n". */
bool plm_checkpoint_body(const char *origin, uint64_t size, plm_hash root, plm_buf *out);
/* Appends the blank line's worth of a signature line: "— name base64\n". */
bool plm_note_sign(const plm_key *k, const char *name, plm_str body, plm_buf *out);
/* True when one of c's lines is public's signature under name. */
bool plm_note_check(const plm_checkpoint *c, const char *name,
                    const unsigned char public[PLM_KEY_PUBLIC_LEN]);
/* Appends a cosignature line made at `seconds` since 1970. */
bool plm_note_cosign(const plm_key *k, const char *name, uint64_t seconds, plm_str body,
                     plm_buf *out);
/* Decimal without a sign or leading zeros, within 64 bits. */
bool plm_u64_parse(plm_str s, uint64_t *out);

#endif
