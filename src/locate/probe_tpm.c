/* probe_tpm.c: the process that holds the TPM.  It reads 40-byte questions from the agent over a
 * socket pair and nothing else; it ends when the agent does.  Invariants: 1 only a key whose public
 * half is the directory's ak is used; 2 what the TPM refuses becomes an answer that says no, never
 * silence.  Held by tests/scenes/test_locate_protocol (with swtpm). */
#include "locate/probe_tpm.h"
#include "plimsoll/probe.h"

#include <errno.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <tss2/tss2_esys.h>
#include <tss2/tss2_mu.h>
#include <tss2/tss2_rc.h>
#include <tss2/tss2_tctildr.h>
#include <unistd.h>

#define HANDLES_MOST 64
#define START_WAIT_MS 30000
#define FIRST_PERSISTENT 0x81000000u /* the library's own macros shift into the sign */
#define FIRST_TRANSIENT 0x80000000u

typedef struct tpm {
    TSS2_TCTI_CONTEXT *tcti;
    ESYS_CONTEXT *esys;
    ESYS_TR key;
    TPMT_SIG_SCHEME scheme;
} tpm;

static bool refuse(plm_fault *f, const char *what, TSS2_RC rc) {
    return plm_fail(f, PLM_IO, "TPM: %s: %s", what, Tss2_RC_Decode(rc));
}

static void hang_up(tpm *t) {
    if (t->esys) Esys_Finalize(&t->esys);
    if (t->tcti) Tss2_TctiLdr_Finalize(&t->tcti);
}

static bool dial(tpm *t, const char *tcti, plm_fault *f) {
    setenv("TSS2_LOG", "all+none", 0);
    TSS2_RC rc = Tss2_TctiLdr_Initialize(tcti, &t->tcti);
    if (rc) return refuse(f, tcti, rc);
    rc = Esys_Initialize(&t->esys, t->tcti, NULL);
    if (rc) return refuse(f, "no answer", rc);
    Esys_Startup(t->esys, TPM2_SU_CLEAR); /* an error says that it was started already */
    return true;
}

static bool bn_is(EVP_PKEY *key, const char *what, const unsigned char *p, size_t n) {
    BIGNUM *want = NULL, *got = BN_bin2bn(p, (int)n, NULL);
    bool ok = got && EVP_PKEY_get_bn_param(key, what, &want) == 1 && BN_cmp(want, got) == 0;
    BN_free(want);
    BN_free(got);
    return ok;
}

static bool is_key(const TPM2B_PUBLIC *pub, EVP_PKEY *ak) {
    const TPMT_PUBLIC *p = &pub->publicArea;
    if (p->type == TPM2_ALG_RSA)
        return EVP_PKEY_base_id(ak) == EVP_PKEY_RSA &&
               bn_is(ak, OSSL_PKEY_PARAM_RSA_N, p->unique.rsa.buffer, p->unique.rsa.size);
    return p->type == TPM2_ALG_ECC && EVP_PKEY_base_id(ak) == EVP_PKEY_EC &&
           bn_is(ak, OSSL_PKEY_PARAM_EC_PUB_X, p->unique.ecc.x.buffer, p->unique.ecc.x.size) &&
           bn_is(ak, OSSL_PKEY_PARAM_EC_PUB_Y, p->unique.ecc.y.buffer, p->unique.ecc.y.size);
}

/* The key's own scheme, or the usual one where it leaves that open. */
static TPMT_SIG_SCHEME scheme_of(const TPM2B_PUBLIC *pub) {
    bool rsa = pub->publicArea.type == TPM2_ALG_RSA;
    TPMI_ALG_PUBLIC own = rsa ? pub->publicArea.parameters.rsaDetail.scheme.scheme
                              : pub->publicArea.parameters.eccDetail.scheme.scheme;
    TPMT_SIG_SCHEME s = {.scheme = TPM2_ALG_NULL};
    if (own == TPM2_ALG_NULL) {
        s.scheme = rsa ? TPM2_ALG_RSASSA : TPM2_ALG_ECDSA;
        s.details.any.hashAlg = TPM2_ALG_SHA256;
    }
    return s;
}

static bool try_handle(tpm *t, TPM2_HANDLE h, EVP_PKEY *ak) {
    TPM2B_PUBLIC *pub = NULL;
    ESYS_TR tr;
    if (Esys_TR_FromTPMPublic(t->esys, h, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, &tr))
        return false;
    bool ok = Esys_ReadPublic(t->esys, tr, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, &pub, NULL,
                              NULL) == TSS2_RC_SUCCESS && is_key(pub, ak);
    if (ok) {
        t->key = tr;
        t->scheme = scheme_of(pub);
    } else {
        Esys_TR_Close(t->esys, &tr);
    }
    Esys_Free(pub);
    return ok;
}

static bool find_key(tpm *t, plm_str pem, plm_fault *f) {
    static const TPM2_HANDLE kinds[] = {FIRST_PERSISTENT, FIRST_TRANSIENT};
    BIO *b = BIO_new_mem_buf(pem.p, (int)pem.n);
    EVP_PKEY *ak = b ? PEM_read_bio_PUBKEY(b, NULL, NULL, NULL) : NULL;
    bool found = false;
    for (size_t k = 0; ak && !found && k < 2; k++) {
        TPMS_CAPABILITY_DATA *c = NULL;
        TPMI_YES_NO more;
        TSS2_RC rc = Esys_GetCapability(t->esys, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE,
                                        TPM2_CAP_HANDLES, kinds[k], HANDLES_MOST, &more, &c);
        for (UINT32 i = 0; !rc && !found && i < c->data.handles.count; i++)
            found = try_handle(t, c->data.handles.handle[i], ak);
        Esys_Free(c);
    }
    EVP_PKEY_free(ak);
    BIO_free(b);
    return found || plm_fail(f, PLM_REFUSED, "the TPM has no persistent or loaded key that is "
                             "the directory's \"ak\"");
}

static bool quote(tpm *t, const plm_probe_hash nonce, plm_probe_quote *out) {
    TPM2B_DATA data = {.size = PLM_PROBE_HASH_LEN};
    TPML_PCR_SELECTION pcrs = {.count = 1};
    TPM2B_ATTEST *attest = NULL;
    TPMT_SIGNATURE *sig = NULL;
    size_t n = 0;
    memcpy(data.buffer, nonce, PLM_PROBE_HASH_LEN);
    pcrs.pcrSelections[0] = (TPMS_PCR_SELECTION){.hash = TPM2_ALG_SHA256, .sizeofSelect = 3,
                                                 .pcrSelect = {0xff, 0, 0}};
    memset(out, 0, sizeof *out);
    TSS2_RC rc = Esys_Quote(t->esys, t->key, ESYS_TR_PASSWORD, ESYS_TR_NONE, ESYS_TR_NONE, &data,
                            &t->scheme, &pcrs, &attest, &sig);
    bool ok = rc == TSS2_RC_SUCCESS && attest->size <= PLM_PROBE_ATTEST_MAX &&
              Tss2_MU_TPMT_SIGNATURE_Marshal(sig, out->sig, PLM_PROBE_QUOTE_SIG_MAX, &n) ==
                  TSS2_RC_SUCCESS;
    if (ok) {
        memcpy(out->attest, attest->attestationData, attest->size);
        out->attest_n = attest->size;
        out->sig_n = (uint16_t)n;
    }
    Esys_Free(attest);
    Esys_Free(sig);
    return ok;
}

/* The child: says first whether it has the key, then answers until the agent is gone. */
static void hold(int fd, const char *tcti, plm_str ak) {
    tpm t = {.key = ESYS_TR_NONE};
    plm_fault f = {0};
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    bool ok = dial(&t, tcti, &f) && find_key(&t, ak, &f);
    if (send(fd, &f, sizeof f, MSG_NOSIGNAL) != (ssize_t)sizeof f) ok = false;
    plm_probe_tpm_ask ask;
    while (ok && recv(fd, &ask, sizeof ask, 0) == (ssize_t)sizeof ask) {
        plm_probe_tpm_answer a;
        memset(&a, 0, sizeof a);
        a.id = ask.id;
        a.ok = quote(&t, ask.nonce, &a.quote);
        if (send(fd, &a, sizeof a, MSG_NOSIGNAL) != (ssize_t)sizeof a) break;
    }
    hang_up(&t);
    _exit(0);
}

bool plm_probe_tpm_start(const char *tcti, plm_str ak, int *fd, pid_t *pid, plm_fault *f) {
    int pair[2];
    plm_fault child;
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0)
        return plm_fail(f, PLM_IO, "no socket pair: %s", strerror(errno));
    *pid = fork();
    if (*pid == 0) {
        close(pair[0]);
        hold(pair[1], tcti, ak);
    }
    close(pair[1]);
    struct pollfd p = {.fd = pair[0], .events = POLLIN};
    bool ok = *pid > 0 && poll(&p, 1, START_WAIT_MS) == 1 &&
              recv(pair[0], &child, sizeof child, 0) == (ssize_t)sizeof child;
    if (!ok) plm_fail(f, PLM_IO, "the TPM at '%s' does not answer", tcti);
    else if (child.code != PLM_OK) ok = plm_fail(f, child.code, "%s", child.say);
    if (!ok) close(pair[0]);
    else *fd = pair[0];
    return ok;
}

static bool put_pem(const TPM2B_PUBLIC *pub, plm_buf *pem) {
    const TPMS_ECC_POINT *e = &pub->publicArea.unique.ecc;
    unsigned char point[65] = {4};
    if (e->x.size > 32 || e->y.size > 32) return false;
    memcpy(point + 1 + 32 - e->x.size, e->x.buffer, e->x.size);
    memcpy(point + 33 + 32 - e->y.size, e->y.buffer, e->y.size);
    char group[] = "P-256";
    OSSL_PARAM p[] = {OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group, 0),
                      OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, point, 65),
                      OSSL_PARAM_construct_end()};
    EVP_PKEY_CTX *c = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
    EVP_PKEY *key = NULL;
    BIO *b = BIO_new(BIO_s_mem());
    char *text = NULL;
    bool ok = c && b && EVP_PKEY_fromdata_init(c) == 1 &&
              EVP_PKEY_fromdata(c, &key, EVP_PKEY_PUBLIC_KEY, p) == 1 &&
              PEM_write_bio_PUBKEY(b, key) == 1;
    long n = ok ? BIO_get_mem_data(b, &text) : 0;
    ok = ok && n > 0 && plm_buf_put(pem, text, (size_t)n);
    BIO_free(b);
    EVP_PKEY_free(key);
    EVP_PKEY_CTX_free(c);
    return ok;
}

bool plm_probe_tpm_make_ak(const char *tcti, uint32_t handle, plm_buf *pem, plm_fault *f) {
    tpm t = {.key = ESYS_TR_NONE};
    TPM2B_SENSITIVE_CREATE sensitive = {.size = 0};
    TPM2B_PUBLIC in = {.publicArea = {
        .type = TPM2_ALG_ECC, .nameAlg = TPM2_ALG_SHA256,
        .objectAttributes = TPMA_OBJECT_RESTRICTED | TPMA_OBJECT_SIGN_ENCRYPT |
                            TPMA_OBJECT_FIXEDTPM | TPMA_OBJECT_FIXEDPARENT |
                            TPMA_OBJECT_SENSITIVEDATAORIGIN | TPMA_OBJECT_USERWITHAUTH,
        .parameters.eccDetail = {.symmetric = {.algorithm = TPM2_ALG_NULL},
                                 .scheme = {.scheme = TPM2_ALG_ECDSA,
                                            .details.ecdsa.hashAlg = TPM2_ALG_SHA256},
                                 .curveID = TPM2_ECC_NIST_P256,
                                 .kdf = {.scheme = TPM2_ALG_NULL}}}};
    TPM2B_DATA outside = {.size = 0};
    TPML_PCR_SELECTION pcrs = {.count = 0};
    TPM2B_PUBLIC *pub = NULL;
    ESYS_TR key = ESYS_TR_NONE, kept = ESYS_TR_NONE;
    bool ok = dial(&t, tcti, f);
    TSS2_RC rc = !ok ? 0 : Esys_CreatePrimary(t.esys, ESYS_TR_RH_OWNER, ESYS_TR_PASSWORD,
                                              ESYS_TR_NONE, ESYS_TR_NONE, &sensitive, &in,
                                              &outside, &pcrs, &key, &pub, NULL, NULL, NULL);
    if (ok && rc) ok = refuse(f, "no key could be made", rc);
    if (ok && (rc = Esys_EvictControl(t.esys, ESYS_TR_RH_OWNER, key, ESYS_TR_PASSWORD,
                                      ESYS_TR_NONE, ESYS_TR_NONE, handle, &kept)))
        ok = refuse(f, "the key could not be kept at that handle", rc);
    if (ok && !put_pem(pub, pem)) ok = plm_fail(f, PLM_IO, "the TPM's key is no P-256 key");
    if (key != ESYS_TR_NONE) Esys_FlushContext(t.esys, key);
    Esys_Free(pub);
    hang_up(&t);
    return ok;
}
