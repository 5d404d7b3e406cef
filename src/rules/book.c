/* book.c: loads rulebook files and answers for what a book holds. */
#include "rules/book.h"
#include "base/file.h"

#include <dirent.h>
#include <errno.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define BOOK_BYTES_MAX (256u << 20)
#define PATH_MAX_LEN 1024

typedef struct loader {
    plm_book *b;
    plm_fault *f;
    uint32_t count;
    uint32_t law_count;       /* files of the first path; what follows are drafts */
    plm_str path[PLM_RULES_FILES_MAX], text[PLM_RULES_FILES_MAX];
} loader;

const char *plm_policy_name(plm_policy p) {
    static const char *const names[] = {NULL, "presumption_of_approval", "case_by_case",
                                        "presumption_of_denial", "denial"};
    return names[p];
}

static bool load_file(loader *l, const char *path) {
    if (l->count == PLM_RULES_FILES_MAX)
        return plm_fail_at(l->f, PLM_OUT_OF_RANGE, path, 0, 0, "more than %d rulebook files",
                           PLM_RULES_FILES_MAX);
    plm_buf text;
    plm_buf_init(&text, PLM_RULES_FILE_MAX);
    bool ok = plm_file_read(path, &text, l->f);
    if (ok) {
        l->path[l->count] = plm_arena_copy(l->b->arena, plm_str_c(path));
        l->text[l->count] = plm_arena_copy(l->b->arena, plm_buf_str(&text));
        ok = l->path[l->count].p && l->text[l->count].p;
        if (!ok) plm_fail(l->f, PLM_NO_MEMORY, "out of memory");
        l->count++;
    }
    plm_buf_free(&text);
    return ok;
}

static int is_rules(const struct dirent *d) {
    size_t n = strlen(d->d_name);
    return n > 6 && strcmp(d->d_name + n - 6, ".rules") == 0;
}

static bool load_path(loader *l, const char *path) {
    struct stat st;
    if (stat(path, &st) != 0)
        return plm_fail_at(l->f, PLM_IO, path, 0, 0, "can't be read: %s", strerror(errno));
    if (!S_ISDIR(st.st_mode)) return load_file(l, path);
    struct dirent **names;
    int n = scandir(path, &names, is_rules, alphasort);
    if (n < 0) return plm_fail_at(l->f, PLM_IO, path, 0, 0, "can't be listed: %s", strerror(errno));
    bool ok = n > 0 || plm_fail_at(l->f, PLM_NOT_FOUND, path, 0, 0, "holds no .rules file");
    for (int i = 0; i < n; i++) {
        char full[PATH_MAX_LEN];
        int k = snprintf(full, sizeof full, "%s/%s", path, names[i]->d_name);
        if (ok && (k < 0 || k >= PATH_MAX_LEN))
            ok = plm_fail_at(l->f, PLM_OUT_OF_RANGE, path, 0, 0, "the path is too long");
        ok = ok && load_file(l, full);
        free(names[i]); /* scandir's own allocation */
    }
    free(names);
    return ok;
}

/* The hash covers names without their folders, so that it is the same wherever a book lies. */
static void hash_files(loader *l) {
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    unsigned n = 32;
    if (!ctx || !EVP_DigestInit_ex(ctx, EVP_sha256(), NULL)) __builtin_trap();
    for (uint32_t i = 0; i < l->count; i++) {
        plm_str path = l->path[i];
        size_t from = path.n;
        while (from && path.p[from - 1] != '/') from--;
        char size[32];
        int k = snprintf(size, sizeof size, "\n%zu\n", l->text[i].n);
        if (!EVP_DigestUpdate(ctx, path.p + from, path.n - from) ||
            !EVP_DigestUpdate(ctx, size, (size_t)k) ||
            !EVP_DigestUpdate(ctx, l->text[i].p, l->text[i].n))
            __builtin_trap();
    }
    if (!EVP_DigestFinal_ex(ctx, l->b->sha256, &n)) __builtin_trap();
    EVP_MD_CTX_free(ctx);
}

static bool parse_all(loader *l) {
    for (int facts = 1; facts >= 0; facts--)
        for (uint32_t i = 0; i < l->count; i++) {
            l->b->drafting = i >= l->law_count;
            if (!plm_book_parse(l->b, l->path[i], l->text[i], facts, l->f)) return false;
        }
    return plm_book_link(l->b, l->f);
}

/* A loader with an empty book, whose arena owns both; NULL when memory is short. */
static loader *loader_new(plm_fault *f) {
    plm_arena *a = plm_arena_new(BOOK_BYTES_MAX);
    loader *l = a ? plm_arena_alloc(a, sizeof *l) : NULL;
    plm_book *b = l ? plm_arena_alloc(a, sizeof *b) : NULL;
    if (!b) {
        plm_arena_free(a);
        plm_fail(f, PLM_NO_MEMORY, "out of memory");
        return NULL;
    }
    b->arena = a;
    b->eccn_fact = UINT32_MAX;
    *l = (loader){.b = b, .f = f};
    return l;
}

/* Parses what was loaded: the book, or NULL with everything freed. */
static plm_book *finish(loader *l, bool ok) {
    plm_book *b = l->b;
    if (ok && parse_all(l)) {
        hash_files(l);
        return b;
    }
    plm_fail(l->f, PLM_NO_MEMORY, "the rulebook is larger than %u bytes in memory",
             BOOK_BYTES_MAX);
    plm_arena_free(b->arena);
    return NULL;
}

plm_book *plm_book_load(const char *const *paths, size_t n, plm_fault *f) {
    loader *l = loader_new(f);
    if (!l) return NULL;
    bool ok = true;
    for (size_t i = 0; ok && i < n; i++) {
        ok = load_path(l, paths[i]);
        if (i == 0) l->law_count = l->count;
    }
    return finish(l, ok);
}

plm_book *plm_book_load_text(plm_str name, plm_str text, plm_fault *f) {
    loader *l = loader_new(f);
    if (!l) return NULL;
    bool ok = text.n <= PLM_RULES_FILE_MAX;
    if (!ok)
        plm_fail(f, PLM_OUT_OF_RANGE, "a rulebook is longer than %u bytes", PLM_RULES_FILE_MAX);
    l->path[0] = plm_arena_copy(l->b->arena, name);
    l->text[0] = ok ? plm_arena_copy(l->b->arena, text) : PLM_STR("");
    l->count = l->law_count = 1;
    return finish(l, ok && l->path[0].p && l->text[0].p);
}

void plm_book_free(plm_book *b) {
    if (b) plm_arena_free(b->arena);
}

plm_str plm_book_name(const plm_book *b) { return b->name; }
plm_str plm_book_title(const plm_book *b) { return b->title; }
plm_day plm_book_edition(const plm_book *b) { return b->edition; }
const unsigned char *plm_book_sha256(const plm_book *b) { return b->sha256; }
size_t plm_book_count(const plm_book *b) { return b->rule_count; }
const plm_rule_info *plm_book_rule(const plm_book *b, plm_rule r) { return &b->rules[r].info; }
size_t plm_book_fact_count(const plm_book *b) { return b->fact_count; }
const plm_fact_info *plm_book_fact(const plm_book *b, uint32_t i) { return &b->facts[i].info; }

uint32_t plm_book_fact_find(const plm_book *b, const char *name) {
    for (uint32_t i = 0; i < b->fact_count; i++)
        if (plm_str_is(b->facts[i].info.name, name)) return i;
    return UINT32_MAX;
}

size_t plm_book_gaps(const plm_book *b, const plm_str **out) {
    *out = b->gaps;
    return b->gap_count;
}
