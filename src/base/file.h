/* file.h: whole files in, lines in, durable files out, and SHA-256. */
#ifndef PLM_BASE_FILE_H
#define PLM_BASE_FILE_H

#include "plimsoll/base.h"
#include <stdio.h>

/* Reads path ("-": standard input) whole into b; OUT_OF_RANGE past b->max. */
bool plm_file_read(const char *path, plm_buf *b, plm_fault *f);
/* Writes path so that after a crash it is the old content or the new, never a mixture: a
 * temporary beside it, fsync, rename, fsync of the folder.  mode as for open(2). */
bool plm_file_write_durable(const char *path, plm_str content, unsigned mode, plm_fault *f);

/* Lines of a stream, each without its \n (and \r before it); a line past max is a fault. */
typedef struct plm_lines {
    int fd;
    char *chunk;     /* read, not yet given: chunk[from .. to) */
    size_t from, to;
    FILE *flush;     /* NULL, or flushed before more is read: answers do not wait for it */
    int stop;        /* 0, or a descriptor: once it can be read, waiting for input is a fault */
    plm_buf line;
    uint64_t number; /* of the last line given, from 1 */
} plm_lines;
/* "-" is standard input.  max: bytes of one line. */
bool plm_lines_open(plm_lines *l, const char *path, size_t max, plm_fault *f);
/* 1 a line is in l->line, 0 the end, -1 f filled (a line too long is skipped to its end, so
 * that the next call goes on after it). */
int plm_lines_next(plm_lines *l, plm_fault *f);
void plm_lines_close(plm_lines *l);

#define PLM_SHA256_LEN 32
/* One-shot digest. */
void plm_sha256_of(plm_str data, unsigned char out[PLM_SHA256_LEN]);
void plm_sha256_of2(plm_str a, plm_str b, unsigned char out[PLM_SHA256_LEN]);
/* Gives back what a thread that took digests keeps for the next; at the thread's end. */
void plm_sha256_thread_end(void);
/* Lower-case hexadecimal and a NUL: out has 2n+1 bytes. */
void plm_hex(const unsigned char *p, size_t n, char *out);
/* Reads exactly 2n hexadecimal digits. */
bool plm_unhex(plm_str s, unsigned char *out, size_t n);
/* Padded base64 (RFC 4648 section 4) of p, appended; strict decoding, appended. */
bool plm_base64_put(plm_buf *b, const unsigned char *p, size_t n);
bool plm_base64_read(plm_str s, plm_buf *out);

#endif
