/* probe_quote.c: checks a TPM2_Quote without a TPM (TPM 2.0 Library, Part 2: TPMS_ATTEST 10.12.12,
 * TPMT_SIGNATURE 11.3.4).  Invariants: 1 nothing is read past the lengths given, and nothing may
 * follow; 2 only a quote (not a certification or any other attestation) counts, and only with the
 * magic by which a TPM marks what it made itself.
 * Held by tests/unit/test_probe_record.c and fuzz/session_file.c. */
#include "locate/probe_tpm.h"

#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <string.h>

#define MADE_BY_TPM 0xff544347u
#define ST_ATTEST_QUOTE 0x8018
#define ALG_RSASSA 0x0014
#define ALG_RSAPSS 0x0016
#define ALG_ECDSA 0x0018
#define ALG_SHA256 0x000B
#define RSA_BITS_LEAST 2048
#define EC_BITS_LEAST 256

typedef struct slice {
    const unsigned char *p;
    size_t n;
    bool ok;
} slice;

static const unsigned char *take(slice *s, size_t n) {
    if (!s->ok || n > s->n) {
        s->ok = false;
        return NULL;
    }
    const unsigned char *p = s->p;
    s->p += n;
    s->n -= n;
    return p;
}

static uint32_t number(slice *s, size_t n) {
    const unsigned char *p = take(s, n);
    uint32_t v = 0;
    for (size_t i = 0; p && i < n; i++) v = v << 8 | p[i];
    return v;
}

/* A TPM2B: a length and so many bytes. */
static slice sized(slice *s) {
    size_t n = number(s, 2);
    const unsigned char *p = take(s, n);
    return (slice){p, p ? n : 0, p != NULL};
}

static bool attest_holds(const plm_probe_quote *q, const plm_probe_hash nonce) {
    slice s = {q->attest, q->attest_n, true};
    if (number(&s, 4) != MADE_BY_TPM || number(&s, 2) != ST_ATTEST_QUOTE) return false;
    sized(&s); /* who signed: the key is checked by its signature */
    slice extra = sized(&s);
    take(&s, 17 + 8); /* clock and firmware */
    uint32_t banks = number(&s, 4);
    for (uint32_t i = 0; i < banks && s.ok; i++) {
        take(&s, 2);
        take(&s, number(&s, 1));
    }
    sized(&s);
    return s.ok && s.n == 0 && extra.n == PLM_PROBE_HASH_LEN &&
           memcmp(extra.p, nonce, PLM_PROBE_HASH_LEN) == 0;
}

static const EVP_MD *digest_of(uint32_t alg) {
    return alg == ALG_SHA256 ? EVP_sha256() : alg == ALG_SHA256 + 1 ? EVP_sha384()
           : alg == ALG_SHA256 + 2 ? EVP_sha512() : NULL;
}

/* r and s as DER, which OpenSSL wants. */
static int ecdsa_der(slice r, slice s, unsigned char out[256]) {
    if (r.n > 66 || s.n > 66) return 0;
    ECDSA_SIG *sig = ECDSA_SIG_new();
    BIGNUM *br = BN_bin2bn(r.p, (int)r.n, NULL), *bs = BN_bin2bn(s.p, (int)s.n, NULL);
    if (!sig || !br || !bs || !ECDSA_SIG_set0(sig, br, bs)) {
        BN_free(br);
        BN_free(bs);
        ECDSA_SIG_free(sig);
        return 0;
    }
    int n = i2d_ECDSA_SIG(sig, NULL);
    unsigned char *p = out;
    n = n > 0 && n <= 256 ? i2d_ECDSA_SIG(sig, &p) : 0;
    ECDSA_SIG_free(sig);
    return n;
}

static bool signature_holds(EVP_PKEY *key, const plm_probe_quote *q) {
    slice s = {q->sig, q->sig_n, true}, sig;
    unsigned char der[256];
    uint32_t alg = number(&s, 2);
    const EVP_MD *md = digest_of(number(&s, 2));
    bool rsa = alg == ALG_RSASSA || alg == ALG_RSAPSS;
    if (!md || (!rsa && alg != ALG_ECDSA)) return false;
    if (rsa != (EVP_PKEY_base_id(key) == EVP_PKEY_RSA) ||
        (!rsa && EVP_PKEY_base_id(key) != EVP_PKEY_EC) ||
        EVP_PKEY_bits(key) < (rsa ? RSA_BITS_LEAST : EC_BITS_LEAST))
        return false;
    sig = sized(&s);
    if (!rsa && sig.ok) {
        slice second = sized(&s);
        int n = second.ok ? ecdsa_der(sig, second, der) : 0;
        sig = (slice){der, (size_t)n, n > 0};
    }
    if (!sig.ok || !s.ok || s.n) return false;
    EVP_MD_CTX *c = EVP_MD_CTX_new();
    EVP_PKEY_CTX *k = NULL;
    bool ok = c && EVP_DigestVerifyInit(c, &k, md, NULL, key) == 1;
    if (ok && alg == ALG_RSAPSS)
        ok = EVP_PKEY_CTX_set_rsa_padding(k, RSA_PKCS1_PSS_PADDING) == 1 &&
             EVP_PKEY_CTX_set_rsa_pss_saltlen(k, RSA_PSS_SALTLEN_AUTO) == 1;
    ok = ok && EVP_DigestVerify(c, sig.p, sig.n, q->attest, q->attest_n) == 1;
    EVP_MD_CTX_free(c);
    return ok;
}

bool plm_probe_quote_holds(const plm_probe_quote *q, plm_str ak, const plm_probe_hash nonce) {
    if (q->attest_n == 0 || !attest_holds(q, nonce)) return false;
    BIO *b = BIO_new_mem_buf(ak.p, (int)ak.n);
    EVP_PKEY *key = b ? PEM_read_bio_PUBKEY(b, NULL, NULL, NULL) : NULL;
    bool ok = key && signature_holds(key, q);
    EVP_PKEY_free(key);
    BIO_free(b);
    return ok;
}
