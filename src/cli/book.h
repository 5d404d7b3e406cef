/* book.h: options that review, classify, explain and rules share. */
#ifndef PLM_CLI_BOOK_H
#define PLM_CLI_BOOK_H

#include "cli/cli.h"
#include "plimsoll/decide.h"

#define WITH_MAX 32

typedef struct book_options {
    const char *with[WITH_MAX];
    unsigned with_count;
    const char *lists; /* --lists DIR; NULL: none */
    const char *effects; /* --effects FILE; NULL: the shipped one */
    plm_reading reading;
    bool json, explain, sensitivity, assume_clear;
} book_options;

/* Takes argv[*i] when it is one of: --as-of --known --mode --with --lists --format.
 * 1 taken, 0 another word, -1 in error (said on stderr). */
int plm_cli_book_option(const char *verb, int argc, char **argv, int *i, book_options *o);
/* The folder of the shipped rulebooks: $PLIMSOLL_RULEBOOKS, else beside the program, else here. */
const char *plm_cli_rulebooks(void);
/* Loads the shipped law and the --with files; NULL when in error (said on stderr). */
plm_book *plm_cli_load_book(const char *verb, const char *const *with, unsigned n);
/* Says on stderr what is wrong with the case that begins on that line of file, in one form for
 * every verb: "plimsoll VERB: FILE:LINE[:COLUMN]: [FIELD] what is wrong"; line 0: no line is
 * named.  Gives PLM_EXIT_ERROR. */
int plm_cli_case_fault(const char *verb, const char *file, uint64_t line, const plm_fault *f);
/* Cases of a FILE: the whole of it when it is one JSON value over many lines, else a line each.
 * Its first line tells: when that is a value by itself the rest is streamed, in memory bounded by
 * the longest line.  Calls fn with the text, trimmed, and its line; returns false when the file or
 * a line can't be read (said on stderr). */
typedef void (*plm_case_fn)(void *ctx, plm_str json, const char *file, uint64_t line);
bool plm_cli_each_case(const char *verb, const char *file, plm_case_fn fn, void *ctx);

#endif
