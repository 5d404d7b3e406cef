/* probe_net.c: UDP in batches with kernel timestamps.  Invariants: 1 a round-trip time is never
 * below the true one: it starts before the datagram left and ends after the answer came, whichever
 * clock is used; 2 a departure stamp is matched by the datagram's content, never by a counter that
 * could be out of step; 3 no call blocks but plm_probe_net_wait.
 * Held by tests/unit/test_probe_crypto.c. */
#include "locate/probe_net.h"

#include <errno.h>
#include <linux/errqueue.h>
#include <linux/net_tstamp.h>
#include <netdb.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define DRIFT_PARTS 10000 /* a crystal is good to one part in this many */
/* The kernel slews the wall clock by up to 500 ppm, and a step can hide behind a slew the other
 * way: twice that, with what the two clocks differ by, bounds what was hidden. */
#define SLEW_PARTS 1000

static uint64_t clock_ns(clockid_t id) {
    struct timespec t;
    clock_gettime(id, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

uint64_t plm_probe_mono_ns(void) { return clock_ns(CLOCK_MONOTONIC_RAW); }
uint64_t plm_probe_real_ns(void) { return clock_ns(CLOCK_REALTIME); }

uint64_t plm_probe_rtt_ns(const plm_probe_times *t, uint8_t *clock) {
    uint64_t mono = t->recv_mono - t->send_mono, real = t->recv_real - t->send_real;
    uint64_t apart = real > mono ? real - mono : mono - real;
    uint64_t rtt = mono, from = t->send_real;
    *clock = PLM_PROBE_CLOCK_PROCESS;
    bool steady = t->recv_real >= t->send_real && apart <= 20000 + mono / SLEW_PARTS;
    bool left = t->tx_real >= t->send_real && t->tx_real <= t->rx_real;
    if (steady && t->rx_real >= t->send_real && t->rx_real <= t->recv_real) {
        if (left) from = t->tx_real;
        uint64_t kernel = t->rx_real - from + apart + mono / SLEW_PARTS + 1;
        if (kernel < rtt) {
            rtt = kernel;
            *clock = left ? PLM_PROBE_CLOCK_KERNEL : PLM_PROBE_CLOCK_KERNEL_RX;
        }
    }
    /* a slow crystal tells t (1 - 1/parts) of t, and both readings are cut to nanoseconds */
    return rtt + rtt / (DRIFT_PARTS - 1) + 2;
}

bool plm_probe_resolve(plm_str host, plm_str port, plm_probe_addr *out, plm_fault *f) {
    char h[256], p[8];
    if (host.n == 0 || host.n >= sizeof h || port.n == 0 || port.n >= sizeof p)
        return plm_fail(f, PLM_BAD_INPUT, "an address is HOST:PORT");
    memcpy(h, host.p, host.n), h[host.n] = 0;
    memcpy(p, port.p, port.n), p[port.n] = 0;
    struct addrinfo want = {.ai_socktype = SOCK_DGRAM, .ai_flags = AI_NUMERICSERV}, *got = NULL;
    int e = getaddrinfo(h, p, &want, &got);
    if (e != 0) return plm_fail(f, PLM_NOT_FOUND, "%s:%s: %s", h, p, gai_strerror(e));
    memset(out, 0, sizeof *out);
    if (got->ai_family == AF_INET) {
        const struct sockaddr_in *a = (const void *)got->ai_addr;
        out->ip[10] = out->ip[11] = 0xff;
        memcpy(out->ip + 12, &a->sin_addr, 4);
        out->port = ntohs(a->sin_port);
    } else {
        const struct sockaddr_in6 *a = (const void *)got->ai_addr;
        memcpy(out->ip, &a->sin6_addr, 16);
        out->port = ntohs(a->sin6_port);
    }
    freeaddrinfo(got);
    return true;
}

bool plm_probe_resolve_pair(plm_str s, plm_probe_addr *out, plm_fault *f) {
    size_t colon = s.n;
    while (colon > 0 && s.p[colon - 1] != ':') colon--;
    plm_str host = {s.p, colon ? colon - 1 : 0}, port = {s.p + colon, s.n - colon};
    if (host.n > 2 && host.p[0] == '[' && host.p[host.n - 1] == ']')
        host = (plm_str){host.p + 1, host.n - 2};
    return plm_probe_resolve(host, port, out, f);
}

static bool is_v4(const plm_probe_addr *a) {
    static const unsigned char mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    return memcmp(a->ip, mapped, 12) == 0;
}

/* Fills sa for the socket's family; returns its length, 0 when the family can't say it. */
static socklen_t to_sockaddr(bool v4, const plm_probe_addr *a, struct sockaddr_in6 *sa) {
    memset(sa, 0, sizeof *sa);
    if (v4) {
        struct sockaddr_in *s = (void *)sa;
        if (!is_v4(a)) return 0;
        s->sin_family = AF_INET;
        s->sin_port = htons(a->port);
        memcpy(&s->sin_addr, a->ip + 12, 4);
        return sizeof *s;
    }
    sa->sin6_family = AF_INET6;
    sa->sin6_port = htons(a->port);
    memcpy(&sa->sin6_addr, a->ip, 16);
    return sizeof *sa;
}

static void from_sockaddr(const struct sockaddr_in6 *sa, plm_probe_addr *a) {
    memset(a, 0, sizeof *a);
    if (sa->sin6_family == AF_INET) {
        const struct sockaddr_in *s = (const void *)sa;
        a->ip[10] = a->ip[11] = 0xff;
        memcpy(a->ip + 12, &s->sin_addr, 4);
        a->port = ntohs(s->sin_port);
    } else {
        memcpy(a->ip, &sa->sin6_addr, 16);
        a->port = ntohs(sa->sin6_port);
    }
}

static void ready_buffers(plm_probe_net *n) {
    for (size_t i = 0; i < PLM_PROBE_BATCH; i++) {
        n->rx_iov[i] = (struct iovec){n->rx_data[i], PLM_PROBE_DATAGRAM};
        n->tx_iov[i] = (struct iovec){n->tx_data[i], 0};
        n->rx[i].msg_hdr = (struct msghdr){.msg_name = &n->rx_from[i], .msg_iov = &n->rx_iov[i],
                                           .msg_iovlen = 1, .msg_control = n->rx_ctl[i]};
        n->tx[i].msg_hdr = (struct msghdr){.msg_name = &n->tx_to[i], .msg_iov = &n->tx_iov[i],
                                           .msg_iovlen = 1};
    }
}

static bool stamps_on(int fd) {
    int on = SOF_TIMESTAMPING_SOFTWARE | SOF_TIMESTAMPING_RX_SOFTWARE | SOF_TIMESTAMPING_OPT_CMSG;
    return setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPING, &on, sizeof on) == 0;
}

bool plm_probe_net_open(plm_probe_net *n, const plm_probe_addr *at, bool stamps, plm_fault *f) {
    static const plm_probe_addr any;
    plm_probe_addr a = at ? *at : any;
    struct sockaddr_in6 sa;
    int off = 0, room = 4 << 20;
    n->v4 = at && is_v4(at);
    n->extra_fd = -1;
    n->fd = socket(n->v4 ? AF_INET : AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (n->fd < 0 && !at) {
        n->v4 = true;
        a.ip[10] = a.ip[11] = 0xff;
        n->fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    }
    if (n->fd < 0) return plm_fail(f, PLM_IO, "no socket: %s", strerror(errno));
    if (!n->v4) setsockopt(n->fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
    setsockopt(n->fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
    int e = bind(n->fd, (void *)&sa, to_sockaddr(n->v4, &a, &sa));
    if (e != 0 && errno == EADDRNOTAVAIL) {
        memset(a.ip + (n->v4 ? 12 : 0), 0, n->v4 ? 4 : 16);
        e = bind(n->fd, (void *)&sa, to_sockaddr(n->v4, &a, &sa));
    }
    if (e != 0) {
        plm_fail(f, PLM_IO, "can't listen on port %u: %s", a.port, strerror(errno));
        plm_probe_net_close(n);
        return false;
    }
    n->stamps = stamps && stamps_on(n->fd);
    ready_buffers(n);
    return true;
}

void plm_probe_net_close(plm_probe_net *n) {
    if (n->fd >= 0) close(n->fd);
    n->fd = -1;
}

static uint64_t stamp_of(struct msghdr *h) {
    for (struct cmsghdr *c = CMSG_FIRSTHDR(h); c; c = CMSG_NXTHDR(h, c)) {
        struct scm_timestamping t;
        if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SO_TIMESTAMPING ||
            c->cmsg_len < CMSG_LEN(sizeof t))
            continue;
        memcpy(&t, CMSG_DATA(c), sizeof t);
        return (uint64_t)t.ts[0].tv_sec * 1000000000u + (uint64_t)t.ts[0].tv_nsec;
    }
    return 0;
}

static int batch_recv(plm_probe_net *n, int flags) {
    for (size_t i = 0; i < PLM_PROBE_BATCH; i++) {
        n->rx[i].msg_hdr.msg_namelen = sizeof n->rx_from[i];
        n->rx[i].msg_hdr.msg_controllen = n->stamps ? sizeof n->rx_ctl[i] : 0;
        n->rx[i].msg_hdr.msg_flags = 0;
    }
    return recvmmsg(n->fd, n->rx, PLM_PROBE_BATCH, MSG_DONTWAIT | flags, NULL);
}

unsigned plm_probe_net_recv(plm_probe_net *n, plm_probe_rx out[PLM_PROBE_BATCH]) {
    int got = batch_recv(n, 0);
    unsigned k = 0;
    for (int i = 0; i < got; i++) {
        struct msghdr *h = &n->rx[i].msg_hdr;
        n->received++;
        if (h->msg_flags & MSG_TRUNC || n->rx[i].msg_len > PLM_PROBE_REQUEST_LEN) {
            n->dropped++;
            continue;
        }
        out[k].p = n->rx_data[i];
        out[k].n = n->rx[i].msg_len;
        out[k].real_ns = n->stamps ? stamp_of(h) : 0;
        from_sockaddr(&n->rx_from[i], &out[k].from);
        k++;
    }
    return k;
}

void plm_probe_net_send(plm_probe_net *n, const plm_probe_addr *to, const void *p, size_t len,
                        bool stamp) {
    if (n->queued == PLM_PROBE_BATCH) plm_probe_net_flush(n);
    unsigned i = n->queued;
    struct msghdr *h = &n->tx[i].msg_hdr;
    h->msg_namelen = to_sockaddr(n->v4, to, &n->tx_to[i]);
    if (h->msg_namelen == 0 || len > PLM_PROBE_REQUEST_LEN) {
        n->dropped++;
        return;
    }
    memcpy(n->tx_data[i], p, len);
    n->tx_iov[i].iov_len = len;
    h->msg_control = NULL;
    h->msg_controllen = 0;
    if (stamp && n->stamps) {
        uint32_t ask = SOF_TIMESTAMPING_TX_SOFTWARE;
        h->msg_control = n->tx_ctl[i];
        h->msg_controllen = CMSG_SPACE(sizeof ask);
        struct cmsghdr *c = CMSG_FIRSTHDR(h);
        c->cmsg_level = SOL_SOCKET;
        c->cmsg_type = SO_TIMESTAMPING;
        c->cmsg_len = CMSG_LEN(sizeof ask);
        memcpy(CMSG_DATA(c), &ask, sizeof ask);
    }
    n->queued++;
}

void plm_probe_net_flush(plm_probe_net *n) {
    unsigned at = 0;
    while (at < n->queued) {
        int k = sendmmsg(n->fd, n->tx + at, n->queued - at, MSG_DONTWAIT);
        if (k > 0) {
            at += (unsigned)k;
            n->sent += (unsigned)k;
        } else if (k < 0 && errno == EINTR) {
            continue;
        } else { /* that one can't be sent now: the protocol asks again */
            at++;
            n->dropped++;
        }
    }
    n->queued = 0;
}

void plm_probe_net_departures(plm_probe_net *n, size_t len, void *self,
                              void (*one)(void *self, const unsigned char *p, uint64_t real_ns)) {
    if (!n->stamps || !n->departed) return;
    for (int got; (got = batch_recv(n, MSG_ERRQUEUE)) > 0;)
        for (int i = 0; i < got; i++) {
            uint64_t at = stamp_of(&n->rx[i].msg_hdr);
            if (at && n->rx[i].msg_len >= len && !(n->rx[i].msg_hdr.msg_flags & MSG_TRUNC))
                one(self, n->rx_data[i] + n->rx[i].msg_len - len, at);
        }
}

bool plm_probe_net_wait(plm_probe_net *n, uint64_t wait_ns) {
    struct pollfd p[2] = {{.fd = n->fd, .events = POLLIN}, {.fd = n->extra_fd, .events = POLLIN}};
    struct timespec t = {(time_t)(wait_ns / 1000000000u), (long)(wait_ns % 1000000000u)};
    sigset_t none;
    sigemptyset(&none);
    if (*plm_probe_stop()) return false;
    int got = ppoll(p, 2, &t, &none);
    if (got < 0 && errno == EINTR && *plm_probe_stop()) return false;
    n->departed = got > 0 && (p[0].revents & POLLERR);
    n->extra = got > 0 && p[1].revents;
    return true;
}

static volatile sig_atomic_t stop;

static void on_signal(int sig) {
    (void)sig;
    stop = 1;
}

volatile int *plm_probe_stop(void) { return &stop; }

/* Blocked but while waiting, so that no signal falls between the check and the wait. */
void plm_probe_catch_signals(void) {
    struct sigaction a = {.sa_handler = on_signal};
    sigset_t s;
    sigaction(SIGTERM, &a, NULL);
    sigaction(SIGINT, &a, NULL);
    signal(SIGPIPE, SIG_IGN);
    sigemptyset(&s);
    sigaddset(&s, SIGTERM);
    sigaddset(&s, SIGINT);
    sigprocmask(SIG_BLOCK, &s, NULL);
}
