/* probe_record.c: the session file and its judgement, a pure function of file and directory.
 * Invariants: 1 every byte of the file is signed by the verifier or is that signature, in its one
 * spelling; 2 a round-trip time counts only when its landmark signed it, the device's session key
 * signed the same nonce and answer, and that key is bound by the directory's device key (and its
 * TPM where it says so) to this opening; 3 the verdict is computed here and never read.
 * Held by tests/unit/test_probe_record.c, tests/scenes/test_locate_protocol and
 * fuzz/session_file.c. */
#include "locate/probe_record.h"
#include "base/file.h"
#include "base/json.h"
#include "locate/probe_crypto.h"
#include "locate/probe_tpm.h"

#include <pthread.h>
#include <string.h>

#define SIGN_PREFIX "plimsoll-session-1\n"
#define FORMAT 1

void plm_probe_evid_hash(const plm_probe_msg *evid, plm_probe_hash out) {
    plm_probe_msg bare = *evid;
    memset(&bare.quote, 0, sizeof bare.quote);
    plm_probe_msg_hash(&bare, out);
}

void plm_probe_receipts_hash(const plm_probe_given *g, size_t n, plm_probe_hash out) {
    memset(out, 0, PLM_PROBE_HASH_LEN);
    for (size_t i = 0; i < n; i++) {
        plm_probe_hash one;
        if (!g[i].receipt.type) continue;
        plm_probe_msg_hash(&g[i].receipt, one);
        plm_sha256_of2((plm_str){(const char *)out, 32}, (plm_str){(const char *)one, 32}, out);
    }
}

static bool same(const void *a, const void *b, size_t n) { return memcmp(a, b, n) == 0; }

/* The quote that a message of the TPM class has to carry, and one of the host class must not. */
static const char *quote_fault(const plm_probe_msg *m, const plm_probe_agent *a) {
    plm_probe_hash h, nonce;
    plm_probe_quote_hash(&m->quote, h);
    if (!same(h, m->quote_hash, 32)) return "the quote is not the one that was signed";
    if (m->class == PLM_PROBE_CLASS_HOST)
        return m->quote.attest_n ? "a host has no quote" : NULL;
    plm_probe_quote_nonce(m, nonce);
    if (a->ak.n == 0) return "the directory has no \"ak\" for the device";
    return plm_probe_quote_holds(&m->quote, a->ak, nonce) ? NULL : "the TPM's quote does not hold";
}

const char *plm_probe_evidence_fault(const plm_probe_msg *open, const plm_probe_msg *evid,
                                     const plm_probe_agent *a) {
    plm_probe_hash h;
    plm_probe_msg_hash(open, h);
    if (evid->type != PLM_PROBE_EVID || !same(evid->sid, open->sid, PLM_PROBE_SID_LEN) ||
        !same(evid->open_hash, h, 32))
        return "the evidence is for another session";
    if (!plm_probe_signed_by(evid, a->key)) return "the device's key did not sign the evidence";
    return quote_fault(evid, a);
}

const char *plm_probe_close_fault(const plm_probe_msg *evid, const plm_probe_msg *closed,
                                  const plm_probe_agent *a) {
    plm_probe_hash h;
    plm_probe_evid_hash(evid, h);
    if (closed->type != PLM_PROBE_CLOSED || !same(closed->sid, evid->sid, PLM_PROBE_SID_LEN) ||
        !same(closed->evid_hash, h, 32) || closed->class != evid->class)
        return "the close is for another session";
    if (!plm_probe_signed_by(closed, evid->session_key))
        return "the session's key did not sign the close";
    if (!plm_probe_signed2_by(closed, a->key)) return "the device's key did not sign the close";
    return quote_fault(closed, a);
}

const char *plm_probe_receipt_fault(const plm_probe_msg *evid, const plm_probe_msg *closed,
                                    const plm_probe_given *g, size_t index) {
    const plm_probe_msg *r = &g->receipt, *s = &g->shown;
    plm_probe_hash h;
    plm_probe_evid_hash(evid, h);
    if (r->type != PLM_PROBE_RECEIPT || !same(r->sid, evid->sid, PLM_PROBE_SID_LEN) ||
        !same(r->evid_hash, h, 32) || r->index != index ||
        !same(r->landmark, g->keyrep.landmark, 32))
        return "its receipt is for another session";
    if (!plm_probe_signed_by(r, r->landmark)) return "it did not sign its receipt";
    if (r->rtt_ns == 0 || r->answered == 0 || r->answered > r->sent ||
        r->clock < PLM_PROBE_CLOCK_KERNEL || r->clock > PLM_PROBE_CLOCK_PROCESS)
        return "its receipt makes no sense";
    plm_probe_leaf_time(r->round, r->nonce, r->mac, r->rtt_ns, r->clock, h);
    if (!plm_probe_opens(h, r->leaf, r->answered, &r->path, r->root))
        return "its best time is not under the root that it signed";
    if (!s->type) return NULL;
    if (s->type != PLM_PROBE_SHOWN || !same(s->sid, r->sid, PLM_PROBE_SID_LEN) ||
        s->index != index || s->round != r->round || !same(s->nonce, r->nonce, 32) ||
        !same(s->mac, r->mac, 32))
        return "the device gave another answer than its receipt has";
    plm_probe_leaf_answer((unsigned)index, s->round, s->nonce, s->mac, h);
    return plm_probe_opens(h, s->leaf, closed->leaves, &s->path, closed->root)
               ? NULL
               : "the device did not sign the answer that its receipt has";
}

/* The shipped regions, read once in a process and kept. */
static pthread_once_t regions_once = PTHREAD_ONCE_INIT;
static plm_regions *regions_kept;
static void read_regions(void) { regions_kept = plm_regions_shipped(NULL); }

static const plm_regions *regions_of(plm_fault *f) {
    pthread_once(&regions_once, read_regions);
    if (!regions_kept) plm_fail(f, PLM_NO_MEMORY, "the shipped regions can't be read");
    return regions_kept;
}

bool plm_probe_judge_new(const plm_probe_directory *d, const bool *used, plm_str deny,
                         unsigned quorum, plm_probe_judge *out, plm_fault *f) {
    plm_landmark l[PLM_PROBE_DIRECTORY_LANDMARKS_MAX];
    size_t n = 0;
    *out = (plm_probe_judge){NULL};
    for (size_t i = 0; i < d->landmark_n; i++) {
        const plm_probe_landmark *p = &d->landmarks[i];
        char lat[PLM_DEC_TEXT], lon[PLM_DEC_TEXT];
        if (used && !used[i]) continue;
        plm_str la = {lat, plm_dec_print(p->lat, lat)}, lo = {lon, plm_dec_print(p->lon, lon)};
        l[n] = (plm_landmark){.id = p->id, .operator_name = p->operator};
        if (!plm_locate_degrees_parse(la, true, &l[n].lat_e7, f) ||
            !plm_locate_degrees_parse(lo, false, &l[n].lon_e7, f))
            return false;
        n++;
    }
    const plm_regions *regions = regions_of(f);
    if (!regions) return false;
    plm_locate_setup s = {.landmarks = l, .n_landmarks = n, .regions = regions,
                          .deny = deny, .speed = PLM_SPEED_C, .quorum = quorum};
    out->locate = plm_locate_new(&s, f);
    return out->locate != NULL;
}

void plm_probe_judge_free(plm_probe_judge *j) {
    plm_locate_free(j->locate);
    j->locate = NULL;
}

void plm_probe_put_msg(plm_jw *w, const char *key, const plm_probe_msg *m) {
    plm_probe_msg copy = *m;
    unsigned char text[PLM_PROBE_REQUEST_LEN];
    size_t n = m->type ? plm_probe_write(&copy, text) : 0;
    plm_jw_key(w, key);
    if (n == 0) {
        plm_jw_null(w);
        return;
    }
    plm_buf_putc(w->b, '"');
    plm_base64_put(w->b, text, n);
    plm_buf_putc(w->b, '"');
    w->comma = true;
}

static void put_hex(plm_jw *w, const char *key, const unsigned char p[32]) {
    char hex[65];
    plm_hex(p, 32, hex);
    plm_jw_kcstr(w, key, hex);
}

bool plm_probe_record_write(const plm_probe_record *r, const plm_key *k, plm_buf *out,
                            plm_fault *f) {
    unsigned char sig[64];
    char hex[129];
    plm_buf b;
    plm_buf_init(&b, PLM_PROBE_SESSION_BYTES_MAX);
    plm_buf_puts(&b, SIGN_PREFIX);
    plm_jw w = plm_jw_into(&b);
    plm_jw_obj(&w);
    plm_jw_kint(&w, "plimsoll_session", FORMAT);
    put_hex(&w, "directory", r->directory);
    put_hex(&w, "verifier", r->verifier);
    plm_jw_kstr(&w, "device", r->device);
    plm_jw_kstr(&w, "deny", r->deny);
    plm_jw_kint(&w, "quorum", r->quorum);
    plm_jw_kint(&w, "opened_s", r->opened_s);
    plm_jw_kstr(&w, "why", r->why);
    plm_probe_put_msg(&w, "open", &r->open);
    plm_probe_put_msg(&w, "evidence", &r->evid);
    plm_probe_put_msg(&w, "closed", &r->closed);
    plm_jw_key(&w, "landmarks");
    plm_jw_arr(&w);
    for (size_t i = 0; i < r->given_n; i++) {
        plm_jw_obj(&w);
        plm_probe_put_msg(&w, "keyrep", &r->given[i].keyrep);
        plm_probe_put_msg(&w, "receipt", &r->given[i].receipt);
        plm_probe_put_msg(&w, "shown", &r->given[i].shown);
        plm_jw_end_obj(&w);
    }
    plm_jw_end_arr(&w);
    plm_jw_end_obj(&w);
    plm_buf_putc(&b, '\n');
    plm_key_sign(k, plm_buf_str(&b), sig);
    plm_hex(sig, sizeof sig, hex);
    plm_str body = {b.p + sizeof SIGN_PREFIX - 1, b.n - (sizeof SIGN_PREFIX - 1)};
    bool ok = !b.full && plm_buf_put(out, body.p, body.n) && plm_buf_puts(out, hex) &&
              plm_buf_putc(out, '\n');
    plm_buf_free(&b);
    return ok || plm_fail(f, PLM_OUT_OF_RANGE, "the session is larger than %u bytes",
                          PLM_PROBE_SESSION_BYTES_MAX);
}

static bool refused(plm_fault *f, const char *what) {
    return plm_fail(f, PLM_REFUSED, "the session file does not hold: %s", what);
}

/* body, newline, 128 digits, newline. */
static bool split(plm_str file, plm_str *body, unsigned char sig[64], plm_fault *f) {
    char again[129];
    if (file.n > PLM_PROBE_SESSION_BYTES_MAX) return refused(f, "it is too large");
    if (file.n < 131 || file.p[file.n - 1] != '\n' || file.p[file.n - 130] != '\n')
        return refused(f, "it does not end in a signature");
    plm_str hex = {file.p + file.n - 129, 128};
    if (!plm_unhex(hex, sig, 64)) return refused(f, "it does not end in a signature");
    plm_hex(sig, 64, again);
    if (!plm_str_is(hex, again)) return refused(f, "its signature has another spelling");
    *body = (plm_str){file.p, file.n - 129};
    return true;
}

static bool get_hex(plm_json *root, const char *key, unsigned char out[32]) {
    plm_json *v = plm_json_get(root, key);
    return plm_json_is_str(v) && plm_key_parse_public(plm_json_text(v), out);
}

bool plm_probe_get_msg(plm_json *obj, const char *key, uint8_t type, plm_probe_msg *m) {
    plm_json *v = plm_json_get(obj, key);
    unsigned char text[PLM_PROBE_REQUEST_LEN] = {0};
    memset(m, 0, sizeof *m);
    if (plm_json_is_null(v)) return true;
    plm_buf b;
    plm_buf_init(&b, PLM_PROBE_REQUEST_LEN);
    bool ok = plm_json_is_str(v) && plm_base64_read(plm_json_text(v), &b) && b.n > 0;
    size_t n = ok ? b.n : 0;
    if (ok) memcpy(text, b.p, n);
    plm_buf_free(&b);
    if (ok && type == PLM_PROBE_OPEN) {
        ok = n == PLM_PROBE_OPEN_LEN; /* a request: padded on the wire, not in the file */
        n = PLM_PROBE_REQUEST_LEN;
    }
    return ok && plm_probe_read(text, n, m) && m->type == type;
}

static bool read_fields(plm_json *root, plm_probe_record *r) {
    int64_t format, quorum;
    plm_json *device = plm_json_get(root, "device"), *deny = plm_json_get(root, "deny");
    plm_json *why = plm_json_get(root, "why");
    if (!plm_json_is_obj(root) || plm_json_count(root) != 12 ||
        !plm_json_int(plm_json_get(root, "plimsoll_session"), &format) || format != FORMAT ||
        !plm_json_int(plm_json_get(root, "quorum"), &quorum) || quorum < 1 ||
        quorum > PLM_LOCATE_QUORUM_MAX ||
        !plm_json_int(plm_json_get(root, "opened_s"), &r->opened_s) || !plm_json_is_str(device) ||
        !plm_json_is_str(deny) || !plm_json_is_str(why))
        return false;
    r->quorum = (unsigned)quorum;
    r->device = plm_json_text(device);
    r->deny = plm_json_text(deny);
    r->why = plm_json_text(why);
    return get_hex(root, "directory", r->directory) && get_hex(root, "verifier", r->verifier) &&
           plm_probe_get_msg(root, "open", PLM_PROBE_OPEN, &r->open) &&
           plm_probe_get_msg(root, "evidence", PLM_PROBE_EVID, &r->evid) &&
           plm_probe_get_msg(root, "closed", PLM_PROBE_CLOSED, &r->closed);
}

static bool read_record(plm_json *root, plm_arena *a, plm_probe_record *r, plm_fault *f) {
    plm_json *list = plm_json_get(root, "landmarks");
    size_t i = 0;
    if (!read_fields(root, r) || !plm_json_is_arr(list) ||
        plm_json_count(list) > PLM_PROBE_LANDMARKS_MAX)
        return refused(f, "it is no session file");
    r->given_n = plm_json_count(list);
    r->given = plm_arena_array(a, r->given_n + 1, sizeof *r->given);
    if (!r->given) return plm_fail(f, PLM_NO_MEMORY, "out of memory");
    plm_json_each(list, it, v) {
        plm_probe_given *g = &r->given[i++];
        if (plm_json_count(v) != 3 ||
            !plm_probe_get_msg(v, "keyrep", PLM_PROBE_KEYREP, &g->keyrep) ||
            !plm_probe_get_msg(v, "receipt", PLM_PROBE_RECEIPT, &g->receipt) ||
            !plm_probe_get_msg(v, "shown", PLM_PROBE_SHOWN, &g->shown) || !g->keyrep.type)
            return refused(f, "an entry of \"landmarks\" is none");
    }
    return true;
}

static size_t landmark_at(const plm_probe_directory *d, const unsigned char key[32]) {
    size_t i = 0;
    while (i < d->landmark_n && !same(d->landmarks[i].key, key, 32)) i++;
    return i;
}

/* OPEN is the verifier's, for this device; its list is that of the ephemeral keys that follow. */
static bool check_open(const plm_probe_record *r, const plm_probe_directory *d,
                       const plm_probe_agent *a, plm_arena *arena, plm_fault *f) {
    plm_probe_hash root;
    plm_probe_hash *leaves = plm_arena_array(arena, r->given_n + 1, sizeof *leaves);
    if (!leaves) return plm_fail(f, PLM_NO_MEMORY, "out of memory");
    if (!plm_probe_signed_by(&r->open, r->verifier) || !same(r->open.device, a->key, 32) ||
        !same(r->open.verifier, r->verifier, 32) || r->open.count != r->given_n)
        return refused(f, "the opening is not this verifier's for this device");
    for (size_t i = 0; i < r->given_n; i++) {
        const plm_probe_msg *k = &r->given[i].keyrep;
        if (landmark_at(d, k->landmark) == d->landmark_n || !plm_probe_signed_by(k, k->landmark) ||
            !same(k->sid, r->open.sid, PLM_PROBE_SID_LEN) || k->rounds != r->open.rounds ||
            !same(k->verifier, r->verifier, 32))
            return refused(f, "a landmark's ephemeral key is not its own for this session");
        for (size_t j = 0; j < i; j++)
            if (same(r->given[j].keyrep.landmark, k->landmark, 32))
                return refused(f, "a landmark stands twice");
        plm_probe_leaf_list(k->landmark, k->exchange, leaves[i]);
    }
    if (!plm_probe_tree(leaves, r->given_n, 0, root, NULL) || !same(root, r->open.root, 32))
        return refused(f, "the list of landmarks is not the one that was opened");
    return true;
}

/* Which landmarks of the directory count, and their times. */
typedef struct counted {
    bool used[PLM_PROBE_DIRECTORY_LANDMARKS_MAX];
    uint64_t rtt_ns[PLM_PROBE_DIRECTORY_LANDMARKS_MAX];
    uint16_t rounds[PLM_PROBE_DIRECTORY_LANDMARKS_MAX];
    size_t n;
} counted;

static bool check_all(const plm_probe_record *r, const plm_probe_directory *d, plm_arena *arena,
                      counted *c, plm_fault *f) {
    const plm_probe_agent *a = plm_probe_directory_agent(d, r->device);
    const char *bad = NULL;
    plm_probe_hash h;
    if (!r->open.type)
        return (!r->evid.type && !r->closed.type && r->given_n == 0) ||
               refused(f, "it has evidence without an opening");
    if (!a) return refused(f, "the directory does not have the device");
    if (!check_open(r, d, a, arena, f)) return false;
    if (r->evid.type) bad = plm_probe_evidence_fault(&r->open, &r->evid, a);
    if (!bad && r->closed.type)
        bad = r->evid.type ? plm_probe_close_fault(&r->evid, &r->closed, a) : "a close of nothing";
    plm_probe_receipts_hash(r->given, r->given_n, h);
    if (!bad && r->closed.type && !same(h, r->closed.receipts_hash, 32))
        bad = "the receipts are not those that the device signed";
    for (size_t i = 0; i < r->given_n && !bad; i++) {
        const plm_probe_given *g = &r->given[i];
        if (!g->receipt.type && !g->shown.type) continue;
        if (!g->receipt.type || !r->evid.type || (g->shown.type && !r->closed.type))
            bad = "a receipt stands alone";
        else bad = plm_probe_receipt_fault(&r->evid, &r->closed, g, i);
        if (bad || !g->shown.type) continue;
        size_t k = landmark_at(d, g->keyrep.landmark);
        c->used[k] = true;
        c->rtt_ns[k] = g->receipt.rtt_ns;
        c->rounds[k] = g->receipt.answered;
        c->n++;
    }
    return !bad || refused(f, bad);
}

static void put_more(const plm_probe_record *r, const plm_probe_directory *d, const counted *c,
                     plm_buf *out) {
    plm_jw w = plm_jw_into(out);
    plm_jw_kcstr(&w, "responder_class",
                 !r->evid.type ? NULL : r->evid.class == PLM_PROBE_CLASS_TPM ? "tpm" : "host");
    for (int times = 0; times < 2; times++) {
        plm_jw_key(&w, times ? "min_rtt_ns" : "rounds");
        plm_jw_obj(&w);
        for (size_t i = 0; i < d->landmark_n; i++) {
            if (!c->used[i]) continue;
            plm_jw_str(&w, d->landmarks[i].id);
            plm_buf_putc(out, ':');
            w.comma = false;
            plm_jw_u64(&w, times ? c->rtt_ns[i] : c->rounds[i]);
        }
        plm_jw_end_obj(&w);
    }
    plm_jw_key(&w, "why");
    if (r->why.n) plm_jw_str(&w, r->why);
    else plm_jw_null(&w);
}

static bool put_line(const plm_probe_record *r, const plm_probe_directory *d, const counted *c,
                     plm_buf *line, bool *excluded, plm_fault *f) {
    uint64_t rtt[PLM_PROBE_DIRECTORY_LANDMARKS_MAX + 1] = {0};
    plm_probe_judge j;
    plm_locate_verdict *v = plm_mem_resize(NULL, sizeof *v);
    size_t n = 0;
    plm_buf more;
    if (!v) return plm_fail(f, PLM_NO_MEMORY, "out of memory");
    for (size_t i = 0; i < d->landmark_n; i++)
        if (c->used[i]) rtt[n++] = c->rtt_ns[i];
    if (!plm_probe_judge_new(d, n ? c->used : NULL, r->deny, r->quorum, &j, f)) {
        plm_mem_free(v);
        return false;
    }
    plm_buf_init(&more, PLM_PROBE_SESSION_BYTES_MAX);
    put_more(r, d, c, &more);
    plm_locate_decide(j.locate, rtt, v);
    *excluded = v->denied == PLM_PLACE_EXCLUDED;
    bool ok = !more.full && plm_locate_put_verdict(j.locate, r->device, rtt, v,
                                                   plm_buf_str(&more), line);
    plm_buf_free(&more);
    plm_probe_judge_free(&j);
    plm_mem_free(v);
    return ok || plm_fail(f, PLM_OUT_OF_RANGE, "the verdict is too long");
}

static bool signed_by_verifier(plm_str body, const unsigned char verifier[32],
                               const unsigned char sig[64]) {
    plm_buf b;
    plm_buf_init(&b, PLM_PROBE_SESSION_BYTES_MAX + 64);
    bool ok = plm_buf_puts(&b, SIGN_PREFIX) && plm_buf_put(&b, body.p, body.n) &&
              plm_key_check(verifier, plm_buf_str(&b), sig);
    plm_buf_free(&b);
    return ok;
}

static bool judge(plm_str file, const plm_probe_directory *d, bool strangers, plm_buf *line,
                  bool *excluded, plm_fault *f) {
    plm_probe_record r = {0};
    unsigned char sig[64];
    plm_str body;
    *excluded = false;
    if (!split(file, &body, sig, f)) return false;
    plm_doc *doc = plm_doc_parse(body, PLM_PROBE_SESSION_BYTES_MAX, NULL);
    if (!doc) return refused(f, "it is no JSON");
    plm_arena *a = plm_arena_new(32u << 20);
    counted *c = a ? plm_arena_alloc(a, sizeof *c) : NULL;
    bool ok = c || plm_fail(f, PLM_NO_MEMORY, "out of memory");
    ok = ok && read_record(plm_doc_root(doc), a, &r, f);
    if (ok && !signed_by_verifier(body, r.verifier, sig)) ok = refused(f, "its signature");
    if (ok && !same(r.directory, d->sha256, 32))
        ok = refused(f, "it was made under another directory; give that one");
    if (ok && !plm_probe_directory_verifier(d, r.verifier) && (!strangers || r.evid.type))
        ok = refused(f, "its verifier is not in the directory");
    ok = ok && check_all(&r, d, a, c, f) && put_line(&r, d, c, line, excluded, f);
    plm_arena_free(a);
    plm_doc_free(doc);
    return ok;
}

bool plm_probe_session_verify(plm_str file, const plm_probe_directory *d, plm_buf *line,
                              bool *excluded, plm_fault *f) {
    return judge(file, d, false, line, excluded, f);
}

bool plm_probe_session_line(plm_str file, const plm_probe_directory *d, plm_buf *line,
                            bool *excluded, plm_fault *f) {
    return judge(file, d, true, line, excluded, f);
}
