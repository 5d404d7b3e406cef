/* probe.h: the location protocol, running: the signed directory of landmarks, agents and
 * verifiers; the two daemons; a session; and the check of a session's file.
 * Protocol and threat model: docs/location-protocol.md. */
#ifndef PLIMSOLL_PROBE_H
#define PLIMSOLL_PROBE_H

#include "plimsoll/base.h"
#include "plimsoll/number.h"

#define PLM_PROBE_DIRECTORY_BYTES_MAX (4u << 20)
#define PLM_PROBE_DIRECTORY_LANDMARKS_MAX 256
#define PLM_PROBE_DIRECTORY_AGENTS_MAX 65536
#define PLM_PROBE_DIRECTORY_VERIFIERS_MAX 256
#define PLM_PROBE_NAME_MAX 64      /* bytes of an id, an operator or a device name */
#define PLM_PROBE_SESSION_BYTES_MAX (2u << 20)
#define PLM_PROBE_TIMEOUT_S 60     /* of a session unless asked otherwise */
#define PLM_PROBE_TIMEOUT_S_MAX 600
#define PLM_PROBE_DENY_MAX 300     /* codes of one session */
#define PLM_PROBE_QUORUM 2

typedef struct plm_probe_landmark {
    plm_str id, operator;   /* the operator is the id where none is given */
    plm_dec lat, lon;       /* WGS-84 degrees */
    plm_str host, port;     /* of the address HOST:PORT or [HOST]:PORT */
    unsigned char key[32];  /* Ed25519 */
} plm_probe_landmark;

typedef struct plm_probe_agent {
    plm_str device;
    unsigned char key[32];
    plm_str ak; /* PEM public key of the TPM's attestation key; empty where there is none */
} plm_probe_agent;

/* A directory whose signature holds; all of it lives in the arena it was read into. */
typedef struct plm_probe_directory {
    plm_probe_landmark *landmarks;
    plm_probe_agent *agents;
    unsigned char (*verifiers)[32];
    size_t landmark_n, agent_n, verifier_n;
    unsigned char sha256[32]; /* of the signed text: names this directory */
} plm_probe_directory;

/* Reads and checks a directory: signature by trust (an Ed25519 public key), forms, ranges, no id
 * or key twice.  Faults: BAD_INPUT, OUT_OF_RANGE, REFUSED (signature). */
bool plm_probe_directory_parse(plm_str json, const unsigned char trust[32], plm_arena *a,
                               plm_probe_directory *out, plm_fault *f);
/* Appends json with its "signature" member (one that stands there is replaced); json has to be a
 * directory but for the signature.  What is signed is the same for any white space and any order
 * of members.  key_path: a file of `plimsoll key new`. */
bool plm_probe_directory_sign(plm_str json, const char *key_path, plm_buf *out, plm_fault *f);
const plm_probe_landmark *plm_probe_directory_landmark(const plm_probe_directory *d, plm_str id);
const plm_probe_agent *plm_probe_directory_agent(const plm_probe_directory *d, plm_str device);
bool plm_probe_directory_verifier(const plm_probe_directory *d, const unsigned char key[32]);

typedef struct plm_probe_daemon {
    const char *name;      /* the landmark's id or the device */
    const char *key_path;
    const plm_probe_directory *directory;
    const char *listen;    /* agent: ADDR:PORT */
    const char *tpm;       /* agent: TCTI, or NULL */
} plm_probe_daemon;

/* Serve until SIGTERM or SIGINT: print "ready" on stdout when listening, one JSON line a session
 * on stderr.  Single-threaded.  False with f filled when it can't start. */
bool plm_probe_landmark_run(const plm_probe_daemon *d, plm_fault *f);
bool plm_probe_agent_run(const plm_probe_daemon *d, plm_fault *f);
/* Makes and keeps (at the persistent handle) a restricted P-256 signing key in the TPM of tcti;
 * appends its PEM public key. */
bool plm_probe_tpm_make_ak(const char *tcti, uint32_t handle, plm_buf *pem, plm_fault *f);

typedef struct plm_probe_ask {
    const char *key_path, *device, *agent; /* agent: HOST:PORT as the caller claims it */
    const plm_probe_directory *directory;
    plm_str deny[PLM_PROBE_DENY_MAX];
    size_t deny_n;
    unsigned quorum, rounds, timeout_s;
    bool rounds_given; /* then every round is run; otherwise it stops when the proof holds */
    const char *journal; /* where a running session keeps what a killed one needs; NULL: nowhere */
    bool resume; /* go on with the journal's session; all above but key and directory is its */
} plm_probe_ask;

/* Runs a session and appends the session file.  What fails on the network is told in the file,
 * not as a fault; a fault is what kept the session from starting, or from keeping its journal.
 * The journal stays: remove it when the file is safe.  Gone on with, a session has the nonces and
 * the window that it had; what is left of that may be nothing. */
bool plm_probe_session_run(const plm_probe_ask *ask, plm_buf *file, plm_fault *f);
/* The line that a session's own run prints: as plm_probe_session_verify, but a verifier that the
 * directory lacks is taken where the file holds no evidence (it was refused everywhere). */
bool plm_probe_session_line(plm_str file, const plm_probe_directory *d, plm_buf *line,
                            bool *excluded, plm_fault *f);
/* Checks a session file against its directory and appends the verdict line (without newline);
 * *excluded is whether all denied regions are.  No network, no clock.  REFUSED (nothing is
 * appended) when anything in the file does not hold. */
bool plm_probe_session_verify(plm_str file, const plm_probe_directory *d, plm_buf *line,
                              bool *excluded, plm_fault *f);

#endif
