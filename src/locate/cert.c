/* cert.c: certificates.  Little endian:
 *   0 "PLC2"   4 speed, quorum, policy, 0   8 region, 8 bytes
 *  16 tables: first 16 bytes of the distance table's SHA-256, which the landmark table's goes into
 *  32 target, 16 bytes
 *  48 for each of the quorum's landmarks, 24 bytes:
 *       id, 11 bytes; RTT in ns, 5; distance in m, 4; margin in m, 4
 *  then 8 bytes of check sum over all before.
 * A name that does not fit its field is cut to the first half, and the first bytes of its SHA-256
 * make the other.  Invariants: 1 one changed byte is found: the sum weighs every word with an odd
 * factor, which no change of a word leaves as it was; 2 the parts of a sum that are made ahead give
 * the sum.  Held by a_certificate_holds_and_no_changed_byte_does and fuzz/locate_cert.c. */
#include "base/file.h"
#include "locate/engine.h"

#include <endian.h>
#include <string.h>

#define HEAD 48u
#define ENTRY 24u
#define NAME 11u
#define FACTOR 0x9e3779b1u

/* What is the same in all certificates of a region. */
struct plm_cert_head {
    unsigned char byte[32];
    uint64_t sum;
};

/* And of a landmark: its name's two words, and their share of the sum at each place. */
#define NAME_WORDS(quorum) (2u + (quorum))

/* Odd; 31 bits, which fit into a multiplication. */
static inline uint64_t weight(size_t word) {
    return (FACTOR * (2 * (uint32_t)word + 1) & 0x7fffffffu) | 1;
}

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
    memcpy(to + room / 2, h, room - room / 2);
}

static inline uint64_t sum(const unsigned char *p, size_t from, size_t to) {
    uint64_t s = 0;
    for (size_t i = from; i < to; i += 8) s += weight(i / 8) * load64(p + i);
    return s;
}

bool plm_cert_prepare(plm_locate *l, plm_fault *f) {
    l->cert_head = plm_arena_array(l->arena, l->n_deny + 1, sizeof *l->cert_head);
    l->cert_name = plm_arena_array(l->arena, (l->n + 1) * NAME_WORDS(l->quorum), 8);
    if (!l->cert_head || !l->cert_name) return plm_fail(f, PLM_NO_MEMORY, "out of memory");
    for (size_t r = 0; r < l->n_deny; r++) {
        unsigned char *h = l->cert_head[r].byte;
        memset(h, 0, 32);
        memcpy(h, "PLC2", 4);
        h[4] = (unsigned char)l->speed;
        h[5] = (unsigned char)l->quorum;
        h[6] = (unsigned char)l->policy;
        put_name(h + 8, 8, l->deny[r].code);
        memcpy(h + 16, l->distance_hash, 16);
        l->cert_head[r].sum = sum(h, 0, 32);
    }
    for (size_t i = 0; i < l->n; i++) {
        unsigned char text[16] = {0};
        uint64_t *name = l->cert_name + i * NAME_WORDS(l->quorum);
        put_name(text, NAME, l->landmark[i].id);
        name[0] = load64(text);
        name[1] = load64(text + 8);
        for (size_t k = 0, at = HEAD / 8; k < l->quorum; k++, at += ENTRY / 8)
            name[2 + k] = weight(at) * name[0] + weight(at + 1) * name[1];
    }
    return true;
}

/* What all certificates of a chip share, in one place: out may alias anything for the compiler. */
typedef struct chip {
    const struct plm_cert_head *head;
    const uint64_t *name, *rtt_ns;
    const int32_t *distance_m;
    size_t r_pad;
    const plm_locate_verdict *v;
    unsigned char target[16];
    uint64_t target_sum;
} chip;

static chip chip_of(const plm_locate *l, plm_str target, const uint64_t *rtt_ns,
                    const plm_locate_verdict *v) {
    chip c = {l->cert_head, l->cert_name, rtt_ns, l->distance_m, l->r_pad, v, {0}, 0};
    put_name(c.target, 16, target);
    c.target_sum = weight(4) * load64(c.target) + weight(5) * load64(c.target + 8);
    return c;
}

#define INLINE __attribute__((always_inline)) static inline

INLINE uint64_t put_front(const chip *c, size_t r, unsigned char *restrict out) {
    const struct plm_cert_head *h = &c->head[r];
    memcpy(out, h->byte, 32);
    memcpy(out + 32, c->target, 16);
    return h->sum + c->target_sum;
}

/* Writes the k-th landmark's part; returns its share of the sum. */
INLINE uint64_t put_entry(const chip *c, size_t r, unsigned k, unsigned quorum,
                          unsigned char *restrict out) {
    size_t who = c->v->by[k][r], at = (HEAD + ENTRY * k) / 8;
    const uint64_t *name = c->name + who * NAME_WORDS(quorum);
    uint64_t rtt = c->rtt_ns[who] << 24, far = (uint32_t)c->distance_m[who * c->r_pad + r];
    uint64_t both = far | (uint64_t)(uint32_t)c->v->margin_m[k][r] << 32;
    store64(out + at * 8, name[0]);
    store64(out + at * 8 + 8, name[1] | rtt);
    store64(out + at * 8 + 16, both);
    return name[2 + k] + weight(at + 1) * rtt + weight(at + 2) * both;
}

/* Any quorum; where it is a constant, the weights are, too. */
INLINE void put_cert(const chip *c, size_t r, unsigned quorum, unsigned char *restrict out) {
    uint64_t s = put_front(c, r, out) + put_entry(c, r, 0, quorum, out);
    if (quorum >= 2) s += put_entry(c, r, 1, quorum, out);
    for (unsigned k = 2; k < quorum; k++) s += put_entry(c, r, k, quorum, out);
    store64(out + HEAD + ENTRY * quorum, s);
}

size_t plm_cert_make(const plm_locate *l, plm_str target, const uint64_t *rtt_ns,
                     const plm_locate_verdict *v, size_t region,
                     unsigned char out[PLM_CERT_BYTES_MAX]) {
    if (v->place[region] != PLM_PLACE_EXCLUDED) return 0;
    chip c = chip_of(l, target, rtt_ns, v);
    put_cert(&c, region, l->quorum, out);
    return PLM_CERT_BYTES(l->quorum);
}

size_t plm_cert_make_all(const plm_locate *l, plm_str target, const uint64_t *rtt_ns,
                         const plm_locate_verdict *v, unsigned char *restrict out) {
    const unsigned quorum = l->quorum;
    size_t n = 0, regions = v->n_regions;
    if (v->denied == PLM_PLACE_INCONSISTENT) return 0;
    chip c = chip_of(l, target, rtt_ns, v);
    for (size_t from = 0; from < regions; from += PLM_BLOCK)
        for (uint64_t left = l->kernel->excluded(v, from); left; left &= left - 1) {
            size_t r = from + (size_t)__builtin_ctzll(left);
            if (quorum == 2) put_cert(&c, r, 2, out);
            else put_cert(&c, r, quorum, out);
            out += PLM_CERT_BYTES(quorum);
            n++;
        }
    return n;
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
    uint64_t rtt = load64(e + 8) >> 24, both = load64(e + 16);
    int64_t far = (int64_t)(both & 0xffffffff), margin = (int64_t)(both >> 32);
    if (rtt == 0 || rtt > PLM_LOCATE_RTT_NS_MAX) return refuse(f, "an RTT is out of range");
    if (far > PLM_EARTH_M) return refuse(f, "a distance is longer than the Earth allows");
    if (margin <= 0 || far - plm_locate_bound_m(rtt, speed) != margin)
        return refuse(f, "a margin is not the distance less the bound, or not above zero");
    return e[0] || refuse(f, "a landmark has no name");
}

static void say_all(plm_buf *b, const unsigned char *p, unsigned q, plm_speed speed) {
    say_name(b, p + 32, 16);
    plm_buf_puts(b, " not in ");
    say_name(b, p + 8, 8);
    plm_buf_printf(b, " at %s:", plm_speed_name(speed));
    for (unsigned k = 0; k < q; k++) {
        const unsigned char *e = p + HEAD + ENTRY * k;
        uint64_t rtt = load64(e + 8) >> 24, both = load64(e + 16);
        plm_buf_puts(b, k ? "; " : " ");
        say_name(b, e, NAME);
        plm_buf_printf(b, " %llu m - %d m (%llu ns) = %llu m",
                       (unsigned long long)(both & 0xffffffff), plm_locate_bound_m(rtt, speed),
                       (unsigned long long)rtt, (unsigned long long)(both >> 32));
    }
    plm_buf_puts(b, "; landmarks and distances ");
    for (int i = 16; i < 32; i++) plm_buf_printf(b, "%02x", p[i]);
}

bool plm_cert_verify(plm_str cert, plm_buf *text, plm_fault *f) {
    const unsigned char *p = (const unsigned char *)cert.p;
    if (cert.n < PLM_CERT_BYTES(1) || memcmp(p, "PLC2", 4) != 0)
        return refuse(f, "is no certificate");
    unsigned q = p[5];
    if (q < 1 || q > PLM_LOCATE_QUORUM_MAX || cert.n != PLM_CERT_BYTES(q))
        return refuse(f, "its length does not fit its quorum");
    if ((p[4] != PLM_SPEED_C && p[4] != PLM_SPEED_FIBRE) || p[6] > 3 || p[7])
        return refuse(f, "its speed or policy is not known");
    if (sum(p, 0, cert.n - 8) != load64(p + cert.n - 8))
        return refuse(f, "its check sum does not fit: it was changed");
    plm_speed speed = (plm_speed)p[4];
    if (!p[8] || !p[32]) return refuse(f, "its names are empty");
    for (unsigned k = 0; k < q; k++) {
        if (!entry_holds(p + HEAD + ENTRY * k, speed, f)) return false;
        for (unsigned j = 0; j < k; j++)
            if (memcmp(p + HEAD + ENTRY * k, p + HEAD + ENTRY * j, NAME) == 0)
                return refuse(f, "one landmark stands in it twice");
    }
    if (text) say_all(text, p, q, speed);
    return true;
}
