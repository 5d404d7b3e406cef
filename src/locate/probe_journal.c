/* probe_journal.c: the journal of a session that runs.  One line of JSON, then the verifier's
 * signature over "plimsoll-journal-1\n" and that line: a damaged or foreign one is refused.
 * Invariants: 1 it is the old journal or the new, never a mixture; 2 what was written is read back,
 * or refused.  Held by tests/unit/test_probe_journal.c and by the scene of killed verifiers in
 * tests/scenes/test_locate_resume. */
#include "locate/probe_journal.h"
#include "base/file.h"

#include <string.h>
#include <time.h>

#define SIGN_PREFIX "plimsoll-journal-1\n"
#define FORMAT 1
#define SIGNATURE 129 /* 128 digits and a newline */

bool plm_probe_boot(unsigned char boot[16], int64_t *now_ns) {
    struct timespec t;
    char hex[33];
    size_t n = 0;
    plm_buf b;
    memset(boot, 0, 16);
    *now_ns = 0;
    plm_buf_init(&b, 128);
    bool ok = plm_file_read("/proc/sys/kernel/random/boot_id", &b, NULL) &&
              clock_gettime(CLOCK_BOOTTIME, &t) == 0;
    for (size_t i = 0; ok && i < b.n && n < 32; i++)
        if (b.p[i] != '-' && b.p[i] != '\n') hex[n++] = b.p[i];
    plm_buf_free(&b);
    ok = ok && n == 32 && plm_unhex((plm_str){hex, 32}, boot, 16);
    if (ok) *now_ns = (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
    else memset(boot, 0, 16);
    return ok;
}

static void put_hex(plm_jw *w, const char *key, const unsigned char *p, size_t n) {
    char hex[65];
    plm_hex(p, n, hex);
    plm_jw_kcstr(w, key, hex);
}

static void put_marks(plm_jw *w, const plm_probe_journal *j) {
    plm_jw_key(w, "landmarks");
    plm_jw_arr(w);
    for (size_t i = 0; i < j->mark_n; i++) {
        const plm_probe_mark *m = &j->mark[i];
        plm_jw_obj(w);
        put_hex(w, "key", m->key, 32);
        plm_jw_kbool(w, "failed", m->failed);
        plm_jw_kint(w, "index", m->index);
        plm_probe_put_msg(w, "keyrep", &m->given.keyrep);
        plm_probe_put_msg(w, "receipt", &m->given.receipt);
        plm_probe_put_msg(w, "shown", &m->given.shown);
        plm_jw_end_obj(w);
    }
    plm_jw_end_arr(w);
}

static void put_all(plm_jw *w, const plm_probe_journal *j) {
    plm_jw_obj(w);
    plm_jw_kint(w, "plimsoll_journal", FORMAT);
    put_hex(w, "directory", j->directory, 32);
    put_hex(w, "verifier", j->verifier, 32);
    put_hex(w, "session", j->sid, PLM_PROBE_SID_LEN);
    put_hex(w, "boot", j->boot, 16);
    plm_jw_kint(w, "boot_ns", j->boot_ns);
    plm_jw_kint(w, "opened_s", j->opened_s);
    plm_jw_kstr(w, "device", j->device);
    plm_jw_kstr(w, "agent", j->agent);
    plm_jw_kstr(w, "deny", j->deny);
    plm_jw_kint(w, "quorum", j->quorum);
    plm_jw_kint(w, "rounds", j->rounds);
    plm_jw_kbool(w, "rounds_given", j->rounds_given);
    plm_jw_kint(w, "timeout_s", j->timeout_s);
    plm_jw_kint(w, "phase", j->phase);
    plm_jw_kstr(w, "why", j->why);
    plm_probe_put_msg(w, "open", &j->open);
    plm_probe_put_msg(w, "evidence", &j->evid);
    plm_probe_put_msg(w, "closed", &j->closed);
    plm_jw_key(w, "opens");
    plm_jw_arr(w);
    for (size_t i = 0; i < j->opens_n; i++) {
        plm_jw_obj(w);
        plm_probe_put_msg(w, "open", &j->opens[i]);
        plm_jw_end_obj(w);
    }
    plm_jw_end_arr(w);
    put_marks(w, j);
    plm_jw_end_obj(w);
}

bool plm_probe_journal_write(const char *path, const plm_probe_journal *j, const plm_key *k,
                             plm_fault *f) {
    unsigned char sig[64];
    char hex[129];
    plm_buf b;
    plm_buf_init(&b, 2 * PLM_PROBE_SESSION_BYTES_MAX);
    plm_buf_puts(&b, SIGN_PREFIX);
    plm_jw w = plm_jw_into(&b);
    put_all(&w, j);
    plm_buf_putc(&b, '\n');
    plm_key_sign(k, plm_buf_str(&b), sig);
    plm_hex(sig, sizeof sig, hex);
    plm_buf_puts(&b, hex);
    plm_buf_putc(&b, '\n');
    plm_str body = {b.p + sizeof SIGN_PREFIX - 1, b.n - (sizeof SIGN_PREFIX - 1)};
    bool ok = b.full ? plm_fail(f, PLM_OUT_OF_RANGE, "the journal is too large")
                     : plm_file_write_durable(path, body, 0600, f);
    plm_buf_free(&b);
    return ok;
}

static bool get_hex(plm_json *o, const char *key, unsigned char *out, size_t n) {
    plm_json *v = plm_json_get(o, key);
    return plm_json_is_str(v) && plm_unhex(plm_json_text(v), out, n);
}

static bool get_uint(plm_json *o, const char *key, int64_t most, unsigned *out) {
    int64_t v;
    if (!plm_json_int(plm_json_get(o, key), &v) || v < 0 || v > most) return false;
    *out = (unsigned)v;
    return true;
}

static bool get_text(plm_json *o, const char *key, plm_arena *a, plm_str *out) {
    plm_json *v = plm_json_get(o, key);
    if (!plm_json_is_str(v)) return false;
    *out = plm_arena_copy(a, plm_json_text(v));
    return out->p != NULL;
}

static bool get_bool(plm_json *o, const char *key, bool *out) {
    plm_json *v = plm_json_get(o, key);
    *out = plm_json_true(v);
    return plm_json_is_bool(v);
}

static bool get_lists(plm_json *o, plm_arena *a, plm_probe_journal *j) {
    plm_json *opens = plm_json_get(o, "opens"), *marks = plm_json_get(o, "landmarks");
    if (!plm_json_is_arr(opens) || plm_json_count(opens) > PLM_PROBE_OPENS_MAX ||
        !plm_json_is_arr(marks) || plm_json_count(marks) > PLM_PROBE_DIRECTORY_LANDMARKS_MAX)
        return false;
    plm_json_each(opens, it, v)
        if (!plm_probe_get_msg(v, "open", PLM_PROBE_OPEN, &j->opens[j->opens_n++])) return false;
    j->mark = plm_arena_array(a, plm_json_count(marks) + 1, sizeof *j->mark);
    if (!j->mark) return false;
    plm_json_each(marks, it2, v2) {
        plm_probe_mark *m = &j->mark[j->mark_n++];
        int64_t index;
        if (!get_hex(v2, "key", m->key, 32) || !get_bool(v2, "failed", &m->failed) ||
            !plm_json_int(plm_json_get(v2, "index"), &index) || index < -1 ||
            index >= PLM_PROBE_LANDMARKS_MAX ||
            !plm_probe_get_msg(v2, "keyrep", PLM_PROBE_KEYREP, &m->given.keyrep) ||
            !plm_probe_get_msg(v2, "receipt", PLM_PROBE_RECEIPT, &m->given.receipt) ||
            !plm_probe_get_msg(v2, "shown", PLM_PROBE_SHOWN, &m->given.shown))
            return false;
        m->index = (int)index;
    }
    return true;
}

static bool get_all(plm_json *o, plm_arena *a, plm_probe_journal *j) {
    unsigned format;
    return plm_json_is_obj(o) && get_uint(o, "plimsoll_journal", FORMAT, &format) &&
           format == FORMAT && get_hex(o, "directory", j->directory, 32) &&
           get_hex(o, "verifier", j->verifier, 32) &&
           get_hex(o, "session", j->sid, PLM_PROBE_SID_LEN) && get_hex(o, "boot", j->boot, 16) &&
           plm_json_int(plm_json_get(o, "boot_ns"), &j->boot_ns) &&
           plm_json_int(plm_json_get(o, "opened_s"), &j->opened_s) &&
           get_text(o, "device", a, &j->device) && get_text(o, "agent", a, &j->agent) &&
           get_text(o, "deny", a, &j->deny) && get_text(o, "why", a, &j->why) &&
           get_uint(o, "quorum", PLM_LOCATE_QUORUM_MAX, &j->quorum) &&
           get_uint(o, "rounds", PLM_PROBE_ROUNDS_MAX, &j->rounds) &&
           get_bool(o, "rounds_given", &j->rounds_given) &&
           get_uint(o, "timeout_s", PLM_PROBE_TIMEOUT_S_MAX, &j->timeout_s) &&
           get_uint(o, "phase", PLM_PROBE_PHASE_DONE, &j->phase) &&
           plm_probe_get_msg(o, "open", PLM_PROBE_OPEN, &j->open) &&
           plm_probe_get_msg(o, "evidence", PLM_PROBE_EVID, &j->evid) &&
           plm_probe_get_msg(o, "closed", PLM_PROBE_CLOSED, &j->closed) && get_lists(o, a, j);
}

static bool signed_body(plm_str file, const plm_key *k, plm_str *body) {
    unsigned char sig[64];
    plm_buf b;
    if (file.n <= SIGNATURE || file.p[file.n - 1] != '\n' ||
        !plm_unhex((plm_str){file.p + file.n - SIGNATURE, 128}, sig, 64))
        return false;
    *body = (plm_str){file.p, file.n - SIGNATURE};
    plm_buf_init(&b, 2 * PLM_PROBE_SESSION_BYTES_MAX + 64);
    bool ok = plm_buf_puts(&b, SIGN_PREFIX) && plm_buf_put(&b, body->p, body->n) &&
              plm_key_check(k->public, plm_buf_str(&b), sig);
    plm_buf_free(&b);
    return ok;
}

bool plm_probe_journal_read(const char *path, const plm_key *k, plm_arena *a,
                            plm_probe_journal *out, plm_fault *f) {
    plm_buf b;
    plm_str body;
    memset(out, 0, sizeof *out);
    plm_buf_init(&b, 2 * PLM_PROBE_SESSION_BYTES_MAX);
    bool ok = plm_file_read(path, &b, f);
    if (ok && !signed_body(plm_buf_str(&b), k, &body))
        ok = plm_fail_at(f, PLM_REFUSED, path, 0, 0,
                         "is damaged, or the journal of another verifier's session");
    plm_doc *doc = ok ? plm_doc_parse(body, 2 * PLM_PROBE_SESSION_BYTES_MAX, NULL) : NULL;
    if (ok && (!doc || !get_all(plm_doc_root(doc), a, out)))
        ok = plm_fail_at(f, PLM_REFUSED, path, 0, 0, "is no journal that this version reads");
    plm_doc_free(doc);
    plm_buf_free(&b);
    return ok;
}
