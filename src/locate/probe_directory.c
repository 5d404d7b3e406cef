/* probe_directory.c: the signed directory.  Invariants: 1 what is signed is the document without
 * its "signature", members sorted by key at every depth, numbers as they are spelled: so white
 * space and order don't matter and every value does; 2 no id, no key, no device stands twice;
 * 3 nothing is read from a document whose signature does not hold.
 * Held by tests/unit/test_probe_directory.c and fuzz/directory.c. */
#include "base/file.h"
#include "base/json.h"
#include "base/key.h"
#include "plimsoll/probe.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <stdlib.h>
#include <string.h>

#define SIGN_PREFIX "plimsoll-directory-1\n"

static int by_key(const void *a, const void *b) {
    return plm_str_cmp(plm_json_text(*(plm_json *const *)a), plm_json_text(*(plm_json *const *)b));
}

static void canonical(plm_jw *w, plm_json *v, bool top);

static void canonical_obj(plm_jw *w, plm_json *v, bool top) {
    size_t n = plm_json_count(v), i = 0;
    plm_json **keys = plm_mem_resize(NULL, (n + 1) * sizeof *keys);
    plm_jw_obj(w);
    if (!keys) {
        w->b->full = true;
        return;
    }
    plm_json_pairs(v, it, k, m) {
        (void)m;
        keys[i++] = k;
    }
    qsort(keys, n, sizeof *keys, by_key);
    for (i = 0; i < n; i++) {
        plm_json *m = yyjson_obj_iter_get_val(keys[i]);
        if (top && plm_str_is(plm_json_text(keys[i]), "signature")) continue;
        plm_jw_str(w, plm_json_text(keys[i]));
        plm_buf_putc(w->b, ':');
        w->comma = false;
        canonical(w, m, false);
    }
    plm_jw_end_obj(w);
    plm_mem_free(keys);
}

static void canonical(plm_jw *w, plm_json *v, bool top) {
    if (plm_json_is_obj(v)) {
        canonical_obj(w, v, top);
    } else if (plm_json_is_arr(v)) {
        plm_jw_arr(w);
        plm_json_each(v, it, m) canonical(w, m, false);
        plm_jw_end_arr(w);
    } else {
        plm_jw_scalar(w, v);
    }
}

/* The bytes that are signed, into b. */
static bool signed_text(plm_json *root, plm_buf *b, plm_fault *f) {
    plm_buf_puts(b, SIGN_PREFIX);
    plm_jw w = plm_jw_into(b);
    canonical(&w, root, true);
    return !b->full || plm_fail(f, PLM_OUT_OF_RANGE, "the directory is too large");
}

static bool name_at(plm_json *obj, const char *key, const char *where, plm_arena *a, plm_str *out,
                    plm_fault *f) {
    plm_json *v = plm_json_get(obj, key);
    plm_str s = plm_json_text(v);
    bool ok = plm_json_is_str(v) && s.n > 0 && s.n <= PLM_PROBE_NAME_MAX;
    for (size_t i = 0; ok && i < s.n; i++) ok = (unsigned char)s.p[i] > ' ' && s.p[i] != 0x7f;
    if (!ok)
        return plm_fail_at(f, PLM_BAD_INPUT, where, 0, 0,
                           "\"%s\" has to be text of 1 to %d bytes without white space", key,
                           PLM_PROBE_NAME_MAX);
    *out = plm_arena_copy(a, s);
    return out->p || plm_fail(f, PLM_NO_MEMORY, "out of memory");
}

static bool key_at(plm_json *v, const char *where, unsigned char out[32], plm_fault *f) {
    if (plm_json_is_str(v) && plm_key_parse_public(plm_json_text(v), out)) return true;
    return plm_fail_at(f, PLM_BAD_INPUT, where, 0, 0,
                       "a key is 64 lower-case hexadecimal digits, as 'plimsoll key new' prints");
}

static bool degrees_at(plm_json *obj, const char *key, int64_t max, const char *where,
                       plm_dec *out, plm_fault *f) {
    if (!plm_json_dec(plm_json_get(obj, key), false, out, NULL) ||
        plm_dec_cmp(*out, plm_dec_int(max)) > 0 || plm_dec_cmp(*out, plm_dec_int(-max)) < 0)
        return plm_fail_at(f, PLM_BAD_INPUT, where, 0, 0,
                           "\"%s\" has to be a number from -%lld to %lld degrees", key,
                           (long long)max, (long long)max);
    return true;
}

/* HOST:PORT or [HOST]:PORT. */
static bool address_at(plm_json *obj, const char *where, plm_arena *a, plm_probe_landmark *l,
                       plm_fault *f) {
    plm_str s = plm_json_text(plm_json_get(obj, "address"));
    size_t colon = s.n;
    while (colon > 0 && s.p[colon - 1] != ':') colon--;
    plm_str host = {s.p, colon ? colon - 1 : 0}, port = {s.p + colon, s.n - colon};
    if (host.n > 2 && host.p[0] == '[' && host.p[host.n - 1] == ']')
        host = (plm_str){host.p + 1, host.n - 2};
    bool ok = host.n > 0 && host.n < 256 && port.n > 0 && port.n <= 5;
    for (size_t i = 0; ok && i < port.n; i++) ok = port.p[i] >= '0' && port.p[i] <= '9';
    for (size_t i = 0; ok && i < host.n; i++) ok = (unsigned char)host.p[i] > ' ';
    if (!ok)
        return plm_fail_at(f, PLM_BAD_INPUT, where, 0, 0, "\"address\" has to be HOST:PORT");
    l->host = plm_arena_copy(a, host);
    l->port = plm_arena_copy(a, port);
    return (l->host.p && l->port.p) || plm_fail(f, PLM_NO_MEMORY, "out of memory");
}

static bool landmark_read(plm_json *v, size_t i, plm_arena *a, plm_probe_landmark *l,
                          plm_fault *f) {
    char where[64];
    snprintf(where, sizeof where, "/landmarks/%zu", i);
    if (!name_at(v, "id", where, a, &l->id, f)) return false;
    l->operator = l->id;
    plm_json *op = plm_json_get(v, "operator");
    if (op && !plm_json_is_null(op)) {
        plm_str s = plm_json_text(op);
        if (!plm_json_is_str(op) || s.n > PLM_PROBE_NAME_MAX)
            return plm_fail_at(f, PLM_BAD_INPUT, where, 0, 0, "\"operator\" has to be short text");
        if (s.n) l->operator = plm_arena_copy(a, s);
        if (!l->operator.p) return plm_fail(f, PLM_NO_MEMORY, "out of memory");
    }
    return degrees_at(v, "lat", 90, where, &l->lat, f) &&
           degrees_at(v, "lon", 180, where, &l->lon, f) && address_at(v, where, a, l, f) &&
           key_at(plm_json_get(v, "key"), where, l->key, f);
}

static bool pem_is_key(plm_str pem) {
    BIO *b = BIO_new_mem_buf(pem.p, (int)pem.n);
    EVP_PKEY *k = b ? PEM_read_bio_PUBKEY(b, NULL, NULL, NULL) : NULL;
    BIO_free(b);
    EVP_PKEY_free(k);
    return k != NULL;
}

static bool agent_read(plm_json *v, size_t i, plm_arena *a, plm_probe_agent *g, plm_fault *f) {
    char where[64];
    snprintf(where, sizeof where, "/agents/%zu", i);
    if (!name_at(v, "device", where, a, &g->device, f) ||
        !key_at(plm_json_get(v, "key"), where, g->key, f))
        return false;
    plm_json *ak = plm_json_get(v, "ak");
    g->ak = (plm_str){"", 0};
    if (!ak || plm_json_is_null(ak)) return true;
    plm_str s = plm_json_text(ak);
    if (!plm_json_is_str(ak) || s.n > 4096 || !pem_is_key(s))
        return plm_fail_at(f, PLM_BAD_INPUT, where, 0, 0, "\"ak\" has to be a PEM public key");
    g->ak = plm_arena_copy(a, s);
    return g->ak.p || plm_fail(f, PLM_NO_MEMORY, "out of memory");
}

static bool list_at(plm_json *root, const char *key, size_t max, bool needed, plm_json **out,
                    size_t *n, plm_fault *f) {
    plm_json *v = plm_json_get(root, key);
    *out = v;
    *n = 0;
    if (!v && !needed) return true;
    if (!plm_json_is_arr(v))
        return plm_fail_at(f, PLM_BAD_INPUT, "", 0, 0, "\"%s\" has to be a list", key);
    *n = plm_json_count(v);
    return *n <= max || plm_fail_at(f, PLM_OUT_OF_RANGE, "", 0, 0,
                                    "\"%s\" has more than %zu entries", key, max);
}

static int str_order(const void *a, const void *b) {
    return plm_str_cmp(*(const plm_str *)a, *(const plm_str *)b);
}

/* Refuses any of n names that stands twice; names is sorted. */
static bool all_differ(plm_str *names, size_t n, const char *what, bool print, plm_fault *f) {
    qsort(names, n, sizeof *names, str_order);
    for (size_t i = 1; i < n; i++)
        if (plm_str_eq(names[i - 1], names[i]))
            return plm_fail(f, PLM_CONFLICT, "%s %.*s stands twice", what,
                            print ? (int)names[i].n : 0, names[i].p);
    return true;
}

static bool no_twins(const plm_probe_directory *d, plm_arena *a, plm_fault *f) {
    plm_str *s = plm_arena_array(a, 2 * (d->landmark_n + d->agent_n) + 1, sizeof *s);
    if (!s) return plm_fail(f, PLM_NO_MEMORY, "out of memory");
    for (size_t i = 0; i < d->landmark_n; i++) {
        s[i] = d->landmarks[i].id;
        s[d->landmark_n + i] = (plm_str){(const char *)d->landmarks[i].key, 32};
    }
    plm_str *devices = s + 2 * d->landmark_n;
    for (size_t i = 0; i < d->agent_n; i++) {
        devices[i] = d->agents[i].device;
        devices[d->agent_n + i] = (plm_str){(const char *)d->agents[i].key, 32};
    }
    return all_differ(s, d->landmark_n, "landmark", true, f) &&
           all_differ(s + d->landmark_n, d->landmark_n, "a landmark's key", false, f) &&
           all_differ(devices, d->agent_n, "device", true, f) &&
           all_differ(devices + d->agent_n, d->agent_n, "an agent's key", false, f);
}

static bool content(plm_json *root, plm_arena *a, plm_probe_directory *d, plm_fault *f) {
    plm_json *lm, *ag, *ve;
    size_t i = 0;
    if (!plm_json_is_obj(root))
        return plm_fail(f, PLM_BAD_INPUT, "a directory is a JSON object");
    if (!list_at(root, "landmarks", PLM_PROBE_DIRECTORY_LANDMARKS_MAX, true, &lm, &d->landmark_n,
                 f) ||
        !list_at(root, "agents", PLM_PROBE_DIRECTORY_AGENTS_MAX, false, &ag, &d->agent_n, f) ||
        !list_at(root, "verifiers", PLM_PROBE_DIRECTORY_VERIFIERS_MAX, false, &ve, &d->verifier_n,
                 f))
        return false;
    d->landmarks = plm_arena_array(a, d->landmark_n + 1, sizeof *d->landmarks);
    d->agents = plm_arena_array(a, d->agent_n + 1, sizeof *d->agents);
    d->verifiers = plm_arena_array(a, d->verifier_n + 1, sizeof *d->verifiers);
    if (!d->landmarks || !d->agents || !d->verifiers)
        return plm_fail(f, PLM_NO_MEMORY, "out of memory");
    plm_json_each(lm, lit, v) {
        if (!landmark_read(v, i, a, &d->landmarks[i], f)) return false;
        i++;
    }
    i = 0;
    plm_json_each(ag, ait, v) {
        if (!agent_read(v, i, a, &d->agents[i], f)) return false;
        i++;
    }
    i = 0;
    plm_json_each(ve, vit, v) {
        if (!key_at(v, "/verifiers", d->verifiers[i++], f)) return false;
    }
    return no_twins(d, a, f);
}

static bool signature_holds(plm_json *root, const unsigned char trust[32],
                            plm_probe_directory *d, plm_fault *f) {
    unsigned char sig[64];
    char again[129];
    plm_str s = plm_json_text(plm_json_get(root, "signature"));
    plm_buf b;
    plm_buf_init(&b, 2 * PLM_PROBE_DIRECTORY_BYTES_MAX);
    bool ok = signed_text(root, &b, f);
    if (ok) {
        plm_sha256_of(plm_buf_str(&b), d->sha256);
        ok = plm_unhex(s, sig, sizeof sig) && plm_key_check(trust, plm_buf_str(&b), sig);
        if (ok) plm_hex(sig, sizeof sig, again), ok = plm_str_is(s, again);
        if (!ok) plm_fail(f, PLM_REFUSED, "the directory's signature is not the trusted key's");
    }
    plm_buf_free(&b);
    return ok;
}

bool plm_probe_directory_parse(plm_str json, const unsigned char trust[32], plm_arena *a,
                               plm_probe_directory *out, plm_fault *f) {
    memset(out, 0, sizeof *out);
    plm_doc *doc = plm_doc_parse(json, PLM_PROBE_DIRECTORY_BYTES_MAX, f);
    if (!doc) return false;
    plm_json *root = plm_doc_root(doc);
    bool ok = plm_json_is_obj(root) || plm_fail(f, PLM_BAD_INPUT, "a directory is a JSON object");
    ok = ok && signature_holds(root, trust, out, f) && content(root, a, out, f);
    plm_doc_free(doc);
    return ok;
}

/* The document as it was, members in their order, and the signature last. */
static void with_signature(plm_json *root, const char *hex, plm_buf *out) {
    plm_jw w = plm_jw_into(out);
    plm_jw_obj(&w);
    plm_json_pairs(root, it, k, v) {
        if (plm_str_is(plm_json_text(k), "signature")) continue;
        plm_jw_str(&w, plm_json_text(k));
        plm_buf_putc(out, ':');
        w.comma = false;
        canonical(&w, v, false);
    }
    plm_jw_kcstr(&w, "signature", hex);
    plm_jw_end_obj(&w);
}

bool plm_probe_directory_sign(plm_str json, const char *key_path, plm_buf *out, plm_fault *f) {
    plm_key k;
    unsigned char sig[64];
    char hex[129];
    plm_probe_directory d = {0};
    plm_doc *doc = plm_doc_parse(json, PLM_PROBE_DIRECTORY_BYTES_MAX, f);
    if (!doc) return false;
    plm_arena *a = plm_arena_new(64u << 20);
    plm_buf b;
    plm_buf_init(&b, 2 * PLM_PROBE_DIRECTORY_BYTES_MAX);
    bool ok = a || plm_fail(f, PLM_NO_MEMORY, "out of memory");
    ok = ok && content(plm_doc_root(doc), a, &d, f) && signed_text(plm_doc_root(doc), &b, f) &&
         plm_key_read(key_path, &k, f);
    if (ok) {
        plm_key_sign(&k, plm_buf_str(&b), sig);
        plm_key_wipe(&k);
        plm_hex(sig, sizeof sig, hex);
        with_signature(plm_doc_root(doc), hex, out);
        ok = !out->full || plm_fail(f, PLM_OUT_OF_RANGE, "the directory is too large");
    }
    plm_buf_free(&b);
    plm_arena_free(a);
    plm_doc_free(doc);
    return ok;
}

const plm_probe_landmark *plm_probe_directory_landmark(const plm_probe_directory *d, plm_str id) {
    for (size_t i = 0; i < d->landmark_n; i++)
        if (plm_str_eq(d->landmarks[i].id, id)) return &d->landmarks[i];
    return NULL;
}

const plm_probe_agent *plm_probe_directory_agent(const plm_probe_directory *d, plm_str device) {
    for (size_t i = 0; i < d->agent_n; i++)
        if (plm_str_eq(d->agents[i].device, device)) return &d->agents[i];
    return NULL;
}

bool plm_probe_directory_verifier(const plm_probe_directory *d, const unsigned char key[32]) {
    for (size_t i = 0; i < d->verifier_n; i++)
        if (memcmp(d->verifiers[i], key, 32) == 0) return true;
    return false;
}
