/* session_file.c: any body, signed here by the directory's verifier, so that what follows the
 * signature is reached: a file that does not hold gives no line and excludes nothing. */
#include "plimsoll/probe.h"
#include "signed.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static plm_key verifier;
static plm_probe_landmark landmark[3];
static plm_probe_agent agent;
static plm_probe_directory dir;

/* The public halves of seeds 10, 11, 12 (landmarks) and 3 (device) repeated: the seeds in the
 * corpus were signed with them, so that what follows a signature is reached as well. */
static void world(void) {
    unsigned char seed[32], secret[64];
    static const char *const id[] = {"l0", "l1", "l2"};
    static const int lat[] = {50, 52, 49}, lon[] = {9, 5, 2};
    (void)plm_key_ready(NULL);
    memset(seed, 2, 32), crypto_sign_seed_keypair(verifier.public, verifier.secret, seed);
    memset(seed, 3, 32), crypto_sign_seed_keypair(agent.key, secret, seed);
    agent.device = PLM_STR("d");
    for (int i = 0; i < 3; i++) {
        memset(seed, 10 + i, 32), crypto_sign_seed_keypair(landmark[i].key, secret, seed);
        landmark[i].id = landmark[i].operator = plm_str_c(id[i]);
        landmark[i].lat = plm_dec_int(lat[i]), landmark[i].lon = plm_dec_int(lon[i]);
    }
    dir = (plm_probe_directory){.landmarks = landmark, .agents = &agent, .landmark_n = 3,
                                .agent_n = 1, .verifiers = &verifier.public, .verifier_n = 1};
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n) {
    bool excluded;
    plm_buf file, line;
    if (!dir.landmarks) world();
    plm_buf_init(&line, PLM_PROBE_SESSION_BYTES_MAX);
    if (plm_probe_session_verify((plm_str){(const char *)p, n}, &dir, &line, &excluded, NULL))
        abort();
    sign_body(&verifier, "plimsoll-session-1\n", p, n, PLM_PROBE_SESSION_BYTES_MAX, &file);
    bool ok = plm_probe_session_verify(plm_buf_str(&file), &dir, &line, &excluded, NULL);
    if (!ok && (excluded || line.n)) abort();
    plm_buf_free(&file);
    plm_buf_free(&line);
    return 0;
}
