/* probe_net.h: UDP sockets in batches, addresses, clocks and kernel timestamps of the location
 * protocol's daemons, and the cage they run in. */
#ifndef PLM_LOCATE_PROBE_NET_H
#define PLM_LOCATE_PROBE_NET_H

#include "locate/probe_wire.h"

#include <netinet/in.h>
#include <sys/socket.h>

#define PLM_PROBE_BATCH 32      /* datagrams of one system call */
#define PLM_PROBE_DATAGRAM 1280 /* longer ones are cut, and so refused */

uint64_t plm_probe_mono_ns(void); /* CLOCK_MONOTONIC_RAW: no slewing */
uint64_t plm_probe_real_ns(void); /* CLOCK_REALTIME: the kernel's stamps are in it */
static inline uint64_t plm_probe_mono_ms(void) { return plm_probe_mono_ns() / 1000000; }

/* "HOST:PORT" or "[HOST]:PORT", or the two apart; names are looked up. */
bool plm_probe_resolve(plm_str host, plm_str port, plm_probe_addr *out, plm_fault *f);
bool plm_probe_resolve_pair(plm_str host_port, plm_probe_addr *out, plm_fault *f);

typedef struct plm_probe_rx {
    const unsigned char *p;
    size_t n;
    plm_probe_addr from;
    uint64_t real_ns; /* the kernel's arrival stamp; 0 when there is none */
} plm_probe_rx;

/* A socket with its buffers; zero it, then plm_probe_net_open. */
typedef struct plm_probe_net {
    int fd;
    bool v4;
    bool stamps;         /* the kernel stamps arrivals and departures */
    bool departed;       /* departure stamps wait to be read */
    int extra_fd;        /* waited for, too; -1: none (plm_probe_net_open sets it) */
    bool extra;          /* it has something to read */
    unsigned queued;
    uint64_t sent, received, dropped;
    struct mmsghdr rx[PLM_PROBE_BATCH], tx[PLM_PROBE_BATCH];
    struct iovec rx_iov[PLM_PROBE_BATCH], tx_iov[PLM_PROBE_BATCH];
    struct sockaddr_in6 rx_from[PLM_PROBE_BATCH], tx_to[PLM_PROBE_BATCH];
    unsigned char rx_data[PLM_PROBE_BATCH][PLM_PROBE_DATAGRAM];
    unsigned char tx_data[PLM_PROBE_BATCH][PLM_PROBE_REQUEST_LEN];
    _Alignas(16) unsigned char rx_ctl[PLM_PROBE_BATCH][256], tx_ctl[PLM_PROBE_BATCH][64];
} plm_probe_net;

/* Binds at (NULL: any address and port).  When the machine lacks the address (a directory names
 * what the others see, perhaps a router) the wildcard with the same port is taken. */
bool plm_probe_net_open(plm_probe_net *n, const plm_probe_addr *at, bool stamps, plm_fault *f);
void plm_probe_net_close(plm_probe_net *n);
/* Receives what is there, up to PLM_PROBE_BATCH; the slices live until the next call. */
unsigned plm_probe_net_recv(plm_probe_net *n, plm_probe_rx out[PLM_PROBE_BATCH]);
/* Queues a datagram; a full queue is flushed first.  stamp: ask for a departure stamp. */
void plm_probe_net_send(plm_probe_net *n, const plm_probe_addr *to, const void *p, size_t len,
                        bool stamp);
void plm_probe_net_flush(plm_probe_net *n);
/* Departure stamps that have come: the copy of the datagram that left (its last len bytes) and
 * when, for each. */
void plm_probe_net_departures(plm_probe_net *n, size_t len, void *self,
                              void (*one)(void *self, const unsigned char *p, uint64_t real_ns));
/* Waits for a datagram or a departure stamp, at most wait_ns; false when a signal came. */
bool plm_probe_net_wait(plm_probe_net *n, uint64_t wait_ns);

/* What is known of one exchange: process clocks before sending and after receiving, and the
 * kernel's stamps (0 when there is none). */
typedef struct plm_probe_times {
    uint64_t send_real, send_mono, recv_real, recv_mono, tx_real, rx_real;
} plm_probe_times;
/* The round-trip time, never below the true one while the crystal is good to 100 ppm: kernel
 * stamps where the wall clock ran steady between them, the process clock otherwise; a
 * disagreement of the clocks is added.  *clock says which (enum plm_probe_clock). */
uint64_t plm_probe_rtt_ns(const plm_probe_times *t, uint8_t *clock);

/* SIGTERM and SIGINT end plm_probe_net_wait and set *plm_probe_stop(). */
void plm_probe_catch_signals(void);
volatile int *plm_probe_stop(void);
/* Gives up root (to nobody, or all capabilities where there is no such user), forbids new
 * privileges, and allows only the system calls that a daemon needs.  Says on stderr, as a JSON
 * line, what could not be had; false when root could not be given up. */
bool plm_probe_cage(const char *who, plm_fault *f);

#endif
