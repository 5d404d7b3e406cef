/* probe_packet.c: any datagram: nothing is read past its end, and what is taken writes the same
 * bytes again.  A quote inside is checked, too. */
#include "locate/probe_crypto.h"
#include "locate/probe_tpm.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static const char ak[] = "-----BEGIN PUBLIC KEY-----\n"
    "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEIJUe9x0HSxPad9v8MGRphvIShWQK\n"
    "Eseim1jvlllqf7nvnERFIdafWJgunWQp5leNp1CMI7cMx8VH5yw6fFcQ8A==\n"
    "-----END PUBLIC KEY-----\n";

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n) {
    plm_probe_msg m;
    unsigned char again[PLM_PROBE_REQUEST_LEN];
    (void)plm_probe_is_ping(p, n, false);
    (void)plm_probe_is_ping(p, n, true);
    if (!plm_probe_read(p, n, &m)) return 0;
    size_t len = plm_probe_write(&m, again);
    if (len == 0 || memcmp(again, p, n) != 0) abort();
    if (m.quote.attest_n) {
        plm_probe_hash nonce;
        plm_probe_quote_nonce(&m, nonce);
        if (plm_probe_quote_holds(&m.quote, PLM_STR(ak), nonce)) abort();
    }
    plm_probe_path path = m.path;
    (void)plm_probe_opens(m.root, m.leaf, m.leaves, &path, m.mac);
    return 0;
}
