/* probe_tpm.h: quotes of a TPM 2.0: asked for in a process of its own (a TPM takes its time, and
 * the agent's network side stays caged), and checked without one. */
#ifndef PLM_LOCATE_PROBE_TPM_H
#define PLM_LOCATE_PROBE_TPM_H

#include "locate/probe_wire.h"

#include <sys/types.h>

typedef struct plm_probe_tpm_ask {
    uint64_t id;
    plm_probe_hash nonce;
} plm_probe_tpm_ask;

typedef struct plm_probe_tpm_answer {
    uint64_t id;
    bool ok;
    plm_probe_quote quote;
} plm_probe_tpm_answer;

/* Starts the process that holds the TPM: finds the loaded or persistent key whose public half is
 * the PEM ak.  *fd takes plm_probe_tpm_ask records and gives plm_probe_tpm_answer records; it
 * ends with the agent.  REFUSED when the TPM has no such key. */
bool plm_probe_tpm_start(const char *tcti, plm_str ak, int *fd, pid_t *pid, plm_fault *f);

/* True when q is a TPM2_Quote under the PEM key ak whose extra data is nonce.  RSASSA and RSAPSS
 * (2048 bits and more) and ECDSA, with SHA-256 to SHA-512. */
bool plm_probe_quote_holds(const plm_probe_quote *q, plm_str ak, const plm_probe_hash nonce);

#endif
