/* edition.c: puts lists in force as one step that a crash can't cut.
 * States: editions/N.tmp (being made; any that is found is left over and is removed)
 *   -> editions/N (complete, synced; not in force) -> current (a link, renamed over) = in force.
 * Invariants: 1 `current` always leads to a complete edition; 2 an edition in place is never
 * changed; 3 unchanged sources are the same files (hard links).
 * Held by tests/scenes/test_lists_crash. */
#include "screen/edition.h"

#include "base/file.h"
#include "base/json.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define MANIFEST_MAX ((size_t)16 << 20)

static bool path_of(char *out, size_t size, plm_fault *f, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
static bool path_of(char *out, size_t size, plm_fault *f, const char *fmt, ...) {
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(out, size, fmt, ap);
    va_end(ap);
    if (n >= 0 && (size_t)n < size) return true;
    return plm_fail(f, PLM_OUT_OF_RANGE, "the directory's path is too long");
}

static bool make_dir(const char *path, plm_fault *f) {
    if (mkdir(path, 0777) == 0 || errno == EEXIST) return true;
    return plm_fail_at(f, PLM_IO, path, 0, 0, "can't be made: %s", strerror(errno));
}

static bool make_dirs(const char *path, plm_fault *f) {
    char part[PLM_EDITION_PATH_MAX];
    if (!path_of(part, sizeof part, f, "%s", path)) return false;
    for (char *p = part + 1; *p; p++) {
        if (*p != '/') continue;
        *p = 0;
        if (!make_dir(part, f)) return false;
        *p = '/';
    }
    return make_dir(part, f);
}

static bool sync_dir(const char *path, plm_fault *f) {
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool ok = fd >= 0 && fsync(fd) == 0;
    if (!ok) plm_fail_at(f, PLM_IO, path, 0, 0, "can't be synced: %s", strerror(errno));
    if (fd >= 0) close(fd);
    return ok;
}

bool plm_edition_lock_dir(const char *dir, plm_edition_lock *l, plm_fault *f) {
    char path[PLM_EDITION_PATH_MAX];
    l->fd = -1;
    if (!make_dirs(dir, f) || !path_of(path, sizeof path, f, "%s/editions", dir) ||
        !make_dir(path, f) || !path_of(path, sizeof path, f, "%s/.lock", dir))
        return false;
    l->fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (l->fd < 0)
        return plm_fail_at(f, PLM_IO, path, 0, 0, "can't be opened: %s", strerror(errno));
    if (flock(l->fd, LOCK_EX | LOCK_NB) == 0) return true;
    int err = errno;
    plm_edition_unlock(l);
    if (err == EWOULDBLOCK)
        return plm_fail_at(f, PLM_CONFLICT, dir, 0, 0, "another import is at work in it; wait for "
                           "its end");
    return plm_fail_at(f, PLM_IO, path, 0, 0, "can't be locked: %s", strerror(err));
}

void plm_edition_unlock(plm_edition_lock *l) {
    if (l->fd >= 0) close(l->fd);
    l->fd = -1;
}

unsigned plm_edition_current(const char *dir) {
    char path[PLM_EDITION_PATH_MAX], to[256];
    if (!path_of(path, sizeof path, NULL, "%s/current", dir)) return 0;
    ssize_t n = readlink(path, to, sizeof to - 1);
    if (n <= 9) return 0;
    to[n] = 0;
    if (strncmp(to, "editions/", 9) != 0) return 0;
    return (unsigned)strtoul(to + 9, NULL, 10);
}

bool plm_edition_image(const char *dir, plm_str source, char *out, size_t size) {
    return path_of(out, size, NULL, "%s/current/%.*s.img", dir, PLM_FMT(source));
}

static bool each_name(const char *dir, bool (*take)(void *, const char *, plm_fault *), void *ctx,
                      plm_fault *f) {
    DIR *d = opendir(dir);
    if (!d) return errno == ENOENT ? true
                 : plm_fail_at(f, PLM_IO, dir, 0, 0, "can't be listed: %s", strerror(errno));
    bool ok = true;
    for (struct dirent *e; ok && (e = readdir(d)) != NULL;)
        if (e->d_name[0] != '.') ok = take(ctx, e->d_name, f);
    closedir(d);
    return ok;
}

static bool remove_file(void *ctx, const char *name, plm_fault *f) {
    char path[PLM_EDITION_PATH_MAX];
    if (path_of(path, sizeof path, f, "%s/%s", (const char *)ctx, name)) unlink(path);
    return true;
}

static bool ends_in(const char *s, const char *tail) {
    size_t n = strlen(s), k = strlen(tail);
    return n > k && strcmp(s + n - k, tail) == 0;
}

typedef struct survey {
    const char *dir;
    unsigned last;
} survey;

/* Finds the last number taken, and clears what a crash left half made. */
static bool survey_edition(void *ctx, const char *name, plm_fault *f) {
    survey *s = ctx;
    unsigned long n = strtoul(name, NULL, 10);
    char path[PLM_EDITION_PATH_MAX], inner[PLM_EDITION_PATH_MAX];
    if (!ends_in(name, ".tmp")) {
        if (n > s->last) s->last = (unsigned)n;
        return true;
    }
    if (!path_of(path, sizeof path, f, "%s/%s", s->dir, name) ||
        !path_of(inner, sizeof inner, f, "%s/current", path))
        return false;
    each_name(inner, remove_file, inner, NULL);
    rmdir(inner);
    each_name(path, remove_file, path, NULL);
    rmdir(path);
    return true;
}

typedef struct carry {
    char from[PLM_EDITION_PATH_MAX], to[PLM_EDITION_PATH_MAX];
    plm_list *const *lists;
    uint32_t n, kept;
} carry;

static bool is_replaced(const carry *c, const char *name) {
    for (uint32_t i = 0; i < c->n; i++) {
        plm_str s = plm_list_text(c->lists[i], c->lists[i]->source);
        if (strlen(name) == s.n + 4 && memcmp(name, s.p, s.n) == 0) return true;
    }
    return false;
}

static bool carry_over(void *ctx, const char *name, plm_fault *f) {
    carry *c = ctx;
    char from[PLM_EDITION_PATH_MAX], to[PLM_EDITION_PATH_MAX];
    if (!ends_in(name, ".img") || is_replaced(c, name)) return true;
    if (!path_of(from, sizeof from, f, "%s/%s", c->from, name) ||
        !path_of(to, sizeof to, f, "%s/%s", c->to, name))
        return false;
    if (link(from, to) != 0)
        return plm_fail_at(f, PLM_IO, to, 0, 0, "can't be linked: %s", strerror(errno));
    if (++c->kept + c->n > PLM_LISTS_MAX)
        return plm_fail(f, PLM_OUT_OF_RANGE, "more than %d sources in one directory",
                        PLM_LISTS_MAX);
    return true;
}

/* What the manifest in force says of sources that are carried over. */
static void old_manifest(const char *dir, const carry *c, plm_jw *w) {
    char path[PLM_EDITION_PATH_MAX];
    plm_buf b;
    plm_buf_init(&b, MANIFEST_MAX);
    if (path_of(path, sizeof path, NULL, "%s/editions/%u/manifest.json", dir,
                plm_edition_current(dir)) && plm_file_read(path, &b, NULL)) {
        plm_doc *d = plm_doc_parse(plm_buf_str(&b), MANIFEST_MAX, NULL);
        const plm_json *all = d ? plm_json_get(plm_doc_root(d), "sources") : NULL;
        plm_json_each(all, it, s) {
            char name[64];
            plm_str source = plm_json_text(plm_json_get(s, "source"));
            snprintf(name, sizeof name, "%.*s.img", (int)(source.n > 40 ? 40 : source.n),
                     source.p);
            plm_str raw = plm_json_text(plm_json_get(s, "json"));
            if (is_replaced(c, name)) continue;
            plm_jw_obj(w);
            plm_jw_kstr(w, "source", source);
            plm_jw_kstr(w, "json", raw);
            plm_jw_end_obj(w);
        }
        plm_doc_free(d);
    }
    plm_buf_free(&b);
}

static bool write_manifest(const char *dir, const char *path, const carry *c,
                           const plm_buf *manifests, plm_fault *f) {
    plm_buf b;
    plm_buf_init(&b, MANIFEST_MAX);
    plm_jw w = plm_jw_into(&b);
    char day[11];
    plm_day_print(plm_day_today(), day);
    plm_jw_obj(&w);
    plm_jw_kcstr(&w, "made", day);
    plm_jw_key(&w, "sources");
    plm_jw_arr(&w);
    for (uint32_t i = 0; i < c->n; i++) {
        plm_jw_obj(&w);
        plm_jw_kstr(&w, "source", plm_list_text(c->lists[i], c->lists[i]->source));
        plm_jw_kstr(&w, "json", plm_buf_str(&manifests[i]));
        plm_jw_end_obj(&w);
    }
    old_manifest(dir, c, &w);
    plm_jw_end_arr(&w);
    plm_jw_end_obj(&w);
    plm_buf_putc(&b, '\n');
    bool ok = b.full ? plm_fail(f, PLM_OUT_OF_RANGE, "the manifest is too large")
                     : plm_file_write_durable(path, plm_buf_str(&b), 0666, f);
    plm_buf_free(&b);
    return ok;
}

static bool fill(const char *dir, const char *tmp, carry *c, const plm_buf *manifests,
                 plm_fault *f) {
    char path[PLM_EDITION_PATH_MAX + 64];
    if (!make_dir(tmp, f) || !path_of(c->to, sizeof c->to, f, "%s/current", tmp) ||
        !make_dir(c->to, f) || !path_of(c->from, sizeof c->from, f, "%s/current", dir) ||
        !each_name(c->from, carry_over, c, f))
        return false;
    for (uint32_t i = 0; i < c->n; i++) {
        plm_str s = plm_list_text(c->lists[i], c->lists[i]->source);
        if (!path_of(path, sizeof path, f, "%s/%.*s.img", c->to, PLM_FMT(s)) ||
            !plm_list_save(c->lists[i], path, f))
            return false;
    }
    return path_of(path, sizeof path, f, "%s/manifest.json", tmp) &&
           write_manifest(dir, path, c, manifests, f) && sync_dir(c->to, f) && sync_dir(tmp, f);
}

static bool put_in_force(const char *dir, unsigned number, plm_fault *f) {
    char to[64], link_tmp[PLM_EDITION_PATH_MAX], link_at[PLM_EDITION_PATH_MAX];
    snprintf(to, sizeof to, "editions/%u/current", number);
    if (!path_of(link_tmp, sizeof link_tmp, f, "%s/.current.tmp", dir) ||
        !path_of(link_at, sizeof link_at, f, "%s/current", dir))
        return false;
    unlink(link_tmp);
    if (symlink(to, link_tmp) != 0 || rename(link_tmp, link_at) != 0)
        return plm_fail_at(f, PLM_IO, link_at, 0, 0, "can't be put in force: %s", strerror(errno));
    return sync_dir(dir, f);
}

bool plm_edition_commit(const char *dir, plm_list *const *lists, uint32_t n,
                        const plm_buf *manifests, plm_fault *f) {
    char editions[PLM_EDITION_PATH_MAX], tmp[PLM_EDITION_PATH_MAX], at[PLM_EDITION_PATH_MAX];
    if (!path_of(editions, sizeof editions, f, "%s/editions", dir)) return false;
    survey s = {.dir = editions};
    if (!each_name(editions, survey_edition, &s, f)) return false;
    unsigned number = s.last + 1;
    carry c = {.lists = lists, .n = n};
    return path_of(tmp, sizeof tmp, f, "%s/%u.tmp", editions, number) &&
           path_of(at, sizeof at, f, "%s/%u", editions, number) &&
           fill(dir, tmp, &c, manifests, f) &&
           (rename(tmp, at) == 0
                ? true : plm_fail_at(f, PLM_IO, at, 0, 0, "can't be made: %s", strerror(errno))) &&
           sync_dir(editions, f) && put_in_force(dir, number, f);
}
