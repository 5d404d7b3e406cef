/* file.c: whole files, lines, durable writes, digests. */
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <openssl/evp.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LINES_CHUNK (64u << 10) /* bytes read at once */

bool plm_file_read(const char *path, plm_buf *b, plm_fault *f) {
    bool std = strcmp(path, "-") == 0;
    FILE *in = std ? stdin : fopen(path, "rb");
    if (!in) return plm_fail_at(f, PLM_IO, path, 0, 0, "can't be read: %s", strerror(errno));
    char chunk[65536];
    size_t n;
    bool ok = true;
    while (ok && (n = fread(chunk, 1, sizeof chunk, in)) > 0)
        if (!plm_buf_put(b, chunk, n))
            ok = plm_fail_at(f, PLM_OUT_OF_RANGE, path, 0, 0, "is larger than %zu bytes", b->max);
    if (ok && ferror(in))
        ok = plm_fail_at(f, PLM_IO, path, 0, 0, "can't be read: %s", strerror(errno));
    if (!std) fclose(in);
    return ok;
}

static bool sync_folder(const char *path) {
    char dir[4096];
    const char *slash = strrchr(path, '/');
    size_t n = slash ? (size_t)(slash - path) : 0;
    if (n >= sizeof dir) return false;
    memcpy(dir, path, n);
    dir[n] = 0;
    int fd = open(slash ? (n ? dir : "/") : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return false;
    bool ok = fsync(fd) == 0;
    close(fd);
    return ok;
}

static bool write_all(int fd, plm_str s) {
    while (s.n) {
        ssize_t k = write(fd, s.p, s.n);
        if (k < 0 && errno == EINTR) continue;
        if (k <= 0) return false;
        s.p += k;
        s.n -= (size_t)k;
    }
    return true;
}

bool plm_file_write_durable(const char *path, plm_str content, unsigned mode, plm_fault *f) {
    char tmp[4096];
    int n = snprintf(tmp, sizeof tmp, "%s.%ld.tmp", path, (long)getpid());
    if (n < 0 || (size_t)n >= sizeof tmp)
        return plm_fail_at(f, PLM_OUT_OF_RANGE, path, 0, 0, "the path is too long");
    int fd = open(tmp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, (mode_t)mode);
    if (fd < 0) return plm_fail_at(f, PLM_IO, tmp, 0, 0, "can't be made: %s", strerror(errno));
    bool ok = write_all(fd, content) && fsync(fd) == 0;
    int err = errno;
    if (close(fd) != 0) ok = false;
    if (ok && rename(tmp, path) != 0) ok = false, err = errno;
    if (!ok) {
        unlink(tmp);
        return plm_fail_at(f, PLM_IO, path, 0, 0, "can't be written: %s", strerror(err));
    }
    if (!sync_folder(path))
        return plm_fail_at(f, PLM_IO, path, 0, 0, "its folder can't be synced: %s",
                           strerror(errno));
    return true;
}

#define CHUNK (256u << 10)

bool plm_lines_open(plm_lines *l, const char *path, size_t max, plm_fault *f) {
    *l = (plm_lines){.fd = STDIN_FILENO};
    plm_buf_init(&l->line, max);
    if (strcmp(path, "-") != 0) l->fd = open(path, O_RDONLY | O_CLOEXEC);
    if (l->fd < 0) return plm_fail_at(f, PLM_IO, path, 0, 0, "can't be read: %s", strerror(errno));
    l->chunk = plm_mem_resize(NULL, LINES_CHUNK);
    if (l->chunk) return true;
    plm_lines_close(l);
    return plm_fail_at(f, PLM_NO_MEMORY, path, 0, 0, "out of memory");
}

/* Waits for input; false (errno ECANCELED) when it is to stop instead. */
static bool may_read(const plm_lines *l) {
    struct pollfd p[2] = {{.fd = l->fd, .events = POLLIN}, {.fd = l->stop, .events = POLLIN}};
    if (l->stop <= 0) return true;
    while (poll(p, 2, -1) < 0)
        if (errno != EINTR && errno != EAGAIN) return false;
    if (p[1].revents) errno = ECANCELED;
    return !p[1].revents;
}

/* Reads on; false at the end, and where it fails (*failed). */
static bool fill_chunk(plm_lines *l, bool *failed) {
    ssize_t n = -1;
    if (l->flush) fflush(l->flush);
    if (may_read(l))
        do n = read(l->fd, l->chunk, LINES_CHUNK);
        while (n < 0 && errno == EINTR);
    *failed = n < 0;
    l->from = 0;
    l->to = n > 0 ? (size_t)n : 0;
    return n > 0;
}

int plm_lines_next(plm_lines *l, plm_fault *f) {
    bool fits = true, any = false, failed = false;
    const char *end = NULL;
    plm_buf_clear(&l->line);
    while (!end && (l->from < l->to || fill_chunk(l, &failed))) {
        size_t n = l->to - l->from;
        end = memchr(l->chunk + l->from, '\n', n);
        if (end) n = (size_t)(end - (l->chunk + l->from));
        fits = fits && plm_buf_put(&l->line, l->chunk + l->from, n);
        l->from += n + (end != NULL);
        any = true;
    }
    if (failed) return plm_fail(f, PLM_IO, "%s", strerror(errno)), -1;
    if (!any) return 0;
    l->number++;
    if (!fits) {
        plm_fail(f, PLM_OUT_OF_RANGE, "the line is longer than %zu bytes", l->line.max);
        return -1;
    }
    if (l->line.n && l->line.p[l->line.n - 1] == '\r') l->line.n--;
    return 1;
}

void plm_lines_close(plm_lines *l) {
    if (l->fd > STDIN_FILENO) close(l->fd);
    l->fd = -1;
    plm_mem_free(l->chunk);
    l->chunk = NULL;
    plm_buf_free(&l->line);
}

static __thread EVP_MD_CTX *sha_ctx;

void plm_sha256_thread_end(void) {
    EVP_MD_CTX_free(sha_ctx);
    sha_ctx = NULL;
}

void plm_sha256_of2(plm_str a, plm_str b, unsigned char out[PLM_SHA256_LEN]) {
    static EVP_MD *md; /* fetched once: halves the cost of a short digest */
    EVP_MD_CTX *ctx = sha_ctx;
    if (!md) {
        EVP_MD *fetched = EVP_MD_fetch(NULL, "SHA256", NULL);
        EVP_MD *none = NULL;
        if (!__atomic_compare_exchange_n(&md, &none, fetched, 0, __ATOMIC_SEQ_CST,
                                         __ATOMIC_SEQ_CST))
            EVP_MD_free(fetched);
    }
    if (!ctx) ctx = sha_ctx = EVP_MD_CTX_new();
    unsigned n = PLM_SHA256_LEN;
    if (!md || !ctx || !EVP_DigestInit_ex2(ctx, md, NULL) || !EVP_DigestUpdate(ctx, a.p, a.n) ||
        !EVP_DigestUpdate(ctx, b.p, b.n) || !EVP_DigestFinal_ex(ctx, out, &n))
        __builtin_trap(); /* no digest, no proof: never go on with a wrong one */
}

void plm_sha256_of(plm_str data, unsigned char out[PLM_SHA256_LEN]) {
    plm_sha256_of2(data, (plm_str){"", 0}, out);
}

void plm_hex(const unsigned char *p, size_t n, char *out) {
    static const char digit[] = "0123456789abcdef";
    for (size_t i = 0; i < n; i++) {
        out[2 * i] = digit[p[i] >> 4];
        out[2 * i + 1] = digit[p[i] & 15];
    }
    out[2 * n] = 0;
}

static int hex_value(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

bool plm_unhex(plm_str s, unsigned char *out, size_t n) {
    if (s.n != 2 * n) return false;
    for (size_t i = 0; i < n; i++) {
        int h = hex_value(s.p[2 * i]), l = hex_value(s.p[2 * i + 1]);
        if (h < 0 || l < 0) return false;
        out[i] = (unsigned char)(h << 4 | l);
    }
    return true;
}

static const char b64[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

bool plm_base64_put(plm_buf *b, const unsigned char *p, size_t n) {
    for (size_t i = 0; i < n; i += 3) {
        uint32_t v = (uint32_t)p[i] << 16;
        if (i + 1 < n) v |= (uint32_t)p[i + 1] << 8;
        if (i + 2 < n) v |= p[i + 2];
        char q[4] = {b64[v >> 18], b64[v >> 12 & 63], i + 1 < n ? b64[v >> 6 & 63] : '=',
                     i + 2 < n ? b64[v & 63] : '='};
        if (!plm_buf_put(b, q, 4)) return false;
    }
    return true;
}

bool plm_base64_read(plm_str s, plm_buf *out) {
    if (s.n % 4) return false;
    for (size_t i = 0; i < s.n; i += 4) {
        uint32_t v = 0;
        int pad = 0;
        for (size_t j = 0; j < 4; j++) {
            char c = s.p[i + j];
            const char *at = c ? memchr(b64, c, 64) : NULL;
            if (!at && (c != '=' || i + 4 != s.n || j < 2)) return false;
            if (at && pad) return false;
            if (!at) pad++;
            v = v << 6 | (at ? (uint32_t)(at - b64) : 0);
        }
        if ((pad == 1 && (v & 0xff)) || (pad == 2 && (v & 0xffff))) return false;
        char q[3] = {(char)(v >> 16), (char)(v >> 8), (char)v};
        if (!plm_buf_put(out, q, (size_t)(3 - pad))) return false;
    }
    return true;
}
