/* note.c: checkpoints as text, their signatures and cosignatures. */
#include "custody/note.h"

#include <stdio.h>
#include <string.h>

static const char dash[] = "\xE2\x80\x94 "; /* em dash and a space open a signature line */

bool plm_u64_parse(plm_str s, uint64_t *out) {
    uint64_t v = 0;
    if (!s.n || s.n > 20 || (s.n > 1 && s.p[0] == '0')) return false;
    for (size_t i = 0; i < s.n; i++) {
        unsigned d = (unsigned)(s.p[i] - '0');
        if (d > 9 || v > (UINT64_MAX - d) / 10) return false;
        v = v * 10 + d;
    }
    *out = v;
    return true;
}

static bool line_of(plm_str *rest, plm_str *line) {
    const char *q = rest->n ? memchr(rest->p, '\n', rest->n) : NULL;
    if (!q) return false;
    *line = (plm_str){rest->p, (size_t)(q - rest->p)};
    *rest = (plm_str){q + 1, rest->n - line->n - 1};
    return true;
}

static bool bad(plm_fault *f, const char *why) {
    return plm_fail(f, PLM_BAD_INPUT, "is no checkpoint: %s", why);
}

static bool read_line(plm_str line, plm_note_line *out, plm_fault *f) {
    plm_buf b;
    if (!plm_str_starts(line, dash)) return bad(f, "a signature line opens with an em dash");
    line = (plm_str){line.p + sizeof dash - 1, line.n - (sizeof dash - 1)};
    const char *q = line.n ? memchr(line.p, ' ', line.n) : NULL;
    if (!q || q == line.p) return bad(f, "a signature line has a name and a signature");
    out->name = (plm_str){line.p, (size_t)(q - line.p)};
    plm_buf_init(&b, 1024);
    bool ok = plm_base64_read((plm_str){q + 1, line.n - out->name.n - 1}, &b) && b.n >= 5;
    out->blob_n = ok && b.n <= sizeof out->blob ? b.n : 0; /* a longer one is of another kind */
    if (out->blob_n) memcpy(out->blob, b.p, b.n);
    plm_buf_free(&b);
    return ok || bad(f, "a signature is no base64");
}

bool plm_checkpoint_read(plm_str text, bool unsigned_ok, plm_checkpoint *out, plm_fault *f) {
    plm_str rest = text, size, root, line;
    plm_buf b;
    *out = (plm_checkpoint){0};
    if (text.n > PLM_NOTE_BYTES_MAX) return bad(f, "it is too long");
    if (!line_of(&rest, &out->origin) || !out->origin.n) return bad(f, "the origin is missing");
    if (!line_of(&rest, &size) || !plm_u64_parse(size, &out->size)) return bad(f,
        "the size is no number");
    if (!line_of(&rest, &root)) return bad(f, "the root is missing");
    plm_buf_init(&b, 256);
    bool ok = plm_base64_read(root, &b) && b.n == PLM_HASH_LEN;
    if (ok) memcpy(out->root.b, b.p, PLM_HASH_LEN);
    plm_buf_free(&b);
    if (!ok) return bad(f, "the root is no SHA-256 in base64");
    do { /* lines of extension, up to the blank one */
        out->body = (plm_str){text.p, (size_t)(rest.p - text.p)};
        if (!rest.n && unsigned_ok) return true;
        if (!line_of(&rest, &line)) return bad(f, "the signatures are missing");
    } while (line.n);
    while (rest.n && out->lines < PLM_NOTE_LINES_MAX) {
        if (!line_of(&rest, &line)) return bad(f, "the last line does not end");
        if (!read_line(line, &out->line[out->lines++], f)) return false;
    }
    if (rest.n) return bad(f, "it has too many signatures");
    return out->lines || unsigned_ok || bad(f, "the signatures are missing");
}

bool plm_checkpoint_body(const char *origin, uint64_t size, plm_hash root, plm_buf *out) {
    return plm_buf_printf(out, "%s\n%llu\n", origin, (unsigned long long)size) &&
           plm_base64_put(out, root.b, PLM_HASH_LEN) && plm_buf_putc(out, '\n');
}

static void put_u32(unsigned char *p, uint32_t v) {
    for (int i = 0; i < 4; i++) p[i] = (unsigned char)(v >> (24 - 8 * i));
}

static void put_u64(unsigned char *p, uint64_t v) {
    for (int i = 0; i < 8; i++) p[i] = (unsigned char)(v >> (56 - 8 * i));
}

static bool put_line(const char *name, const unsigned char *blob, size_t n, plm_buf *out) {
    return plm_buf_printf(out, "%s%s ", dash, name) && plm_base64_put(out, blob, n) &&
           plm_buf_putc(out, '\n');
}

bool plm_note_sign(const plm_key *k, const char *name, plm_str body, plm_buf *out) {
    unsigned char blob[4 + PLM_KEY_SIGNATURE_LEN];
    put_u32(blob, plm_key_note_id(name, k->public));
    plm_key_sign(k, body, blob + 4);
    return put_line(name, blob, sizeof blob, out);
}

bool plm_note_check(const plm_checkpoint *c, const char *name,
                    const unsigned char public[PLM_KEY_PUBLIC_LEN]) {
    unsigned char id[4];
    put_u32(id, plm_key_note_id(name, public));
    for (size_t i = 0; i < c->lines; i++) {
        const plm_note_line *l = &c->line[i];
        if (!plm_str_is(l->name, name) || l->blob_n != 4 + PLM_KEY_SIGNATURE_LEN) continue;
        if (memcmp(l->blob, id, 4) == 0 && plm_key_check(public, c->body, l->blob + 4)) return true;
    }
    return false;
}

/* Key id of a cosigner: SHA-256(name || 0x0A || 0x04 || public). */
static uint32_t cosigner_id(const char *name, const unsigned char *public) {
    unsigned char h[PLM_SHA256_LEN];
    plm_buf b;
    plm_buf_init(&b, 1024);
    plm_buf_printf(&b, "%s\n\x04", name);
    plm_buf_put(&b, public, PLM_KEY_PUBLIC_LEN);
    plm_sha256_of(plm_buf_str(&b), h);
    plm_buf_free(&b);
    return (uint32_t)h[0] << 24 | (uint32_t)h[1] << 16 | (uint32_t)h[2] << 8 | h[3];
}

bool plm_note_cosign(const plm_key *k, const char *name, uint64_t seconds, plm_str body,
                     plm_buf *out) {
    unsigned char blob[4 + 8 + PLM_KEY_SIGNATURE_LEN];
    plm_buf msg;
    plm_buf_init(&msg, 2 * PLM_NOTE_BYTES_MAX);
    plm_buf_printf(&msg, "cosignature/v1\ntime %llu\n", (unsigned long long)seconds);
    plm_buf_put(&msg, body.p, body.n);
    put_u32(blob, cosigner_id(name, k->public));
    put_u64(blob + 4, seconds);
    plm_key_sign(k, plm_buf_str(&msg), blob + 12);
    bool ok = !msg.full && put_line(name, blob, sizeof blob, out);
    plm_buf_free(&msg);
    return ok;
}
