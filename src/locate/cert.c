/* cert.c: certificates.  Little endian:
 *   0 "PLC1"   4 speed, quorum, policy, 0   8 region, 8 bytes   16 target, 16 bytes
 *  32 landmark table (first 16 bytes of SHA-256)   48 distance table (the same)
 *  64 for each of the quorum's landmarks, 32 bytes:
 *       id, 16 bytes; RTT in ns, 8; distance in m, 4; margin in m, 4
 *  then 8 bytes of check sum over all before.
 * A name that does not fit its field is cut to the first half, and the first bytes of its SHA-256
 * make the other.  Invariant: one changed byte is found: the sum weighs every word with an odd
 * factor, which no change of a word leaves as it was.  Held by tests/unit/test_locate.c and
 * fuzz/locate_cert.c. */
#include "base/file.h"
#include "locate/engine.h"

#include <endian.h>
#include <string.h>

#define HEAD 64u
#define ENTRY 32u
#define FACTOR 0x9e3779b97f4a7c15ull

static inline uint64_t weight(size_t word) { return FACTOR * (2 * word + 1) | 1; }

static inline uint64_t load64(const unsigned char *p) {
    uint64_t v;
    memcpy(&v, p, 8);
    return le64toh(v);
}

static inline void store64(unsigned char *p, uint64_t v) {
    v = htole64(v);
    memcpy(p, &v, 8);
}

static void put_name(unsigned char *to, size_t room, plm_str s) {
    memset(to, 0, room);
    if (s.n <= room && !memchr(s.p, 0, s.n)) {
        memcpy(to, s.p, s.n);
        return;
    }
    unsigned char h[32];
    plm_sha256_of(s, h);
    memcpy(to, s.p, room / 2 < s.n ? room / 2 : s.n);
    memcpy(to + room / 2, h, room / 2);
}

static inline uint64_t sum(const unsigned char *p, size_t from, size_t to) {
    uint64_t s = 0;
    for (size_t i = from; i < to; i += 8) s += weight(i / 8) * load64(p + i);
    return s;
}

bool plm_cert_prepare(plm_locate *l, plm_fault *f) {
    l->cert_head = plm_arena_array(l->arena, l->n_deny + 1, sizeof *l->cert_head);
    l->cert_sum = plm_arena_array(l->arena, l->n_deny + 1, sizeof *l->cert_sum);
    l->cert_name = plm_arena_array(l->arena, l->n + 1, sizeof *l->cert_name);
    if (!l->cert_head || !l->cert_sum || !l->cert_name)
        return plm_fail(f, PLM_NO_MEMORY, "out of memory");
    for (size_t r = 0; r < l->n_deny; r++) {
        unsigned char *h = l->cert_head[r];
        memcpy(h, "PLC1", 4);
        h[4] = (unsigned char)l->speed;
        h[5] = (unsigned char)l->quorum;
        h[6] = (unsigned char)l->policy;
        put_name(h + 8, 8, l->deny[r].code);
        memcpy(h + 32, l->landmark_hash, 16);
        memcpy(h + 48, l->distance_hash, 16);
        l->cert_sum[r] = sum(h, 0, HEAD);
    }
    for (size_t i = 0; i < l->n; i++) put_name(l->cert_name[i], 16, l->landmark[i].id);
    return true;
}

size_t plm_cert_make(const plm_locate *l, plm_str target, const uint64_t *rtt_ns,
                     const plm_locate_verdict *v, size_t region,
                     unsigned char out[PLM_CERT_BYTES_MAX]) {
    const plm_locate_region_verdict *g = &v->region[region];
    if (g->place != PLM_PLACE_EXCLUDED) return 0;
    memcpy(out, l->cert_head[region], HEAD);
    put_name(out + 16, 16, target);
    uint64_t s = l->cert_sum[region] + sum(out, 16, 32);
    size_t at = HEAD;
    for (uint32_t k = 0; k < l->quorum; k++, at += ENTRY) {
        uint32_t who = g->by[k];
        uint64_t far = (uint32_t)l->distance_m[who * l->r_pad + region];
        memcpy(out + at, l->cert_name[who], 16);
        store64(out + at + 16, rtt_ns[who]);
        store64(out + at + 24, far | (uint64_t)(uint32_t)g->margin_m[k] << 32);
        s += sum(out, at, at + ENTRY);
    }
    store64(out + at, s);
    return at + 8;
}

static bool refuse(plm_fault *f, const char *say) {
    return plm_fail(f, PLM_REFUSED, "%s", say);
}

/* Text of a name field; bytes past ASCII as \xNN, so that the line is plain. */
static void say_name(plm_buf *b, const unsigned char *p, size_t room) {
    for (size_t i = 0; i < room && p[i]; i++) {
        if (p[i] > 32 && p[i] < 127 && p[i] != '\\') plm_buf_putc(b, (char)p[i]);
        else plm_buf_printf(b, "\\x%02x", p[i]);
    }
}

static bool entry_holds(const unsigned char *e, plm_speed speed, plm_fault *f) {
    uint64_t rtt = load64(e + 16), both = load64(e + 24);
    int64_t far = (int64_t)(both & 0xffffffff), margin = (int64_t)(both >> 32);
    if (rtt == 0 || rtt > PLM_LOCATE_RTT_NS_MAX) return refuse(f, "an RTT is out of range");
    if (far > PLM_EARTH_M) return refuse(f, "a distance is longer than the Earth allows");
    if (margin <= 0 || far - plm_locate_bound_m(rtt, speed) != margin)
        return refuse(f, "a margin is not the distance less the bound, or not above zero");
    return e[0] || refuse(f, "a landmark has no name");
}

static void say_all(plm_buf *b, const unsigned char *p, unsigned q, plm_speed speed) {
    say_name(b, p + 16, 16);
    plm_buf_puts(b, " not in ");
    say_name(b, p + 8, 8);
    plm_buf_printf(b, " at %s:", plm_speed_name(speed));
    for (unsigned k = 0; k < q; k++) {
        const unsigned char *e = p + HEAD + ENTRY * k;
        uint64_t rtt = load64(e + 16), both = load64(e + 24);
        plm_buf_puts(b, k ? "; " : " ");
        say_name(b, e, 16);
        plm_buf_printf(b, " %llu m - %d m (%llu ns) = %llu m",
                       (unsigned long long)(both & 0xffffffff), plm_locate_bound_m(rtt, speed),
                       (unsigned long long)rtt, (unsigned long long)(both >> 32));
    }
    plm_buf_puts(b, "; landmarks ");
    for (int i = 32; i < 48; i++) plm_buf_printf(b, "%02x", p[i]);
    plm_buf_puts(b, ", distances ");
    for (int i = 48; i < 64; i++) plm_buf_printf(b, "%02x", p[i]);
}

bool plm_cert_verify(plm_str cert, plm_buf *text, plm_fault *f) {
    const unsigned char *p = (const unsigned char *)cert.p;
    if (cert.n < PLM_CERT_BYTES(1) || memcmp(p, "PLC1", 4) != 0)
        return refuse(f, "is no certificate");
    unsigned q = p[5];
    if (q < 1 || q > PLM_LOCATE_QUORUM_MAX || cert.n != PLM_CERT_BYTES(q))
        return refuse(f, "its length does not fit its quorum");
    if ((p[4] != PLM_SPEED_C && p[4] != PLM_SPEED_FIBRE) || p[6] > 3 || p[7])
        return refuse(f, "its speed or policy is not known");
    if (sum(p, 0, cert.n - 8) != load64(p + cert.n - 8))
        return refuse(f, "its check sum does not fit: it was changed");
    plm_speed speed = (plm_speed)p[4];
    if (!p[8] || !p[16]) return refuse(f, "its names are empty");
    for (unsigned k = 0; k < q; k++) {
        if (!entry_holds(p + HEAD + ENTRY * k, speed, f)) return false;
        for (unsigned j = 0; j < k; j++)
            if (memcmp(p + HEAD + ENTRY * k, p + HEAD + ENTRY * j, 16) == 0)
                return refuse(f, "one landmark stands in it twice");
    }
    if (text) say_all(text, p, q, speed);
    return true;
}
