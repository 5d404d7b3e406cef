/* fetch.c: downloads through libcurl.
 * States of one file: NAME.part (being received) -> NAME (imported; its ETag and date are kept in
 * NAME.meta).  Invariants: 1 NAME and its meta are written only after the import succeeded, so
 * that a refused file is asked for again; 2 https is never left for http; 3 nothing is fetched
 * but on plm_lists_fetch.  Held by tests/scenes/test_lists_fetch. */
#include "plimsoll/fetch.h"

#include "base/file.h"

#include <curl/curl.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#define PATH_SIZE 1200
#define META_MAX 4096

static const plm_publisher publishers[] = {
    {"csl", PLM_IMPORT_CSL_CSV,
     {"https://data.trade.gov/downloadable_consolidated_screening_list/v1/consolidated.csv"},
     "US International Trade Administration"},
    {"ofac-sdn", PLM_IMPORT_OFAC_CSV,
     {"https://www.treasury.gov/ofac/downloads/sdn.csv",
      "https://www.treasury.gov/ofac/downloads/alt.csv",
      "https://www.treasury.gov/ofac/downloads/add.csv"},
     "US Treasury, OFAC"},
    {"ofac-cons", PLM_IMPORT_OFAC_CSV,
     {"https://www.treasury.gov/ofac/downloads/consolidated/cons_prim.csv",
      "https://www.treasury.gov/ofac/downloads/consolidated/cons_alt.csv",
      "https://www.treasury.gov/ofac/downloads/consolidated/cons_add.csv"},
     "US Treasury, OFAC"},
    {"un", PLM_IMPORT_UN_XML,
     {"https://scsanctions.un.org/resources/xml/en/consolidated.xml"}, "UN Security Council"},
    {"eu", PLM_IMPORT_EU_XML,
     {"https://webgate.ec.europa.eu/fsd/fsf/public/files/xmlFullSanctionsList_1_1/content"
      "?token=dG9rZW4tMjAxNw"},
     "European Commission"},
    {"uk", PLM_IMPORT_UK_CSV,
     {"https://sanctionslist.fcdo.gov.uk/docs/UK-Sanctions-List.csv"},
     "UK Foreign, Commonwealth and Development Office"},
    {"entity-list", PLM_IMPORT_ECFR_XML,
     {"https://www.ecfr.gov/api/versioner/v1/full/{DATE}/title-15.xml?part=744"},
     "US Office of the Federal Register, eCFR"},
    {"dpl", PLM_IMPORT_DPL_TXT, {"https://www.bis.doc.gov/dpl/dpl.txt"},
     "US Bureau of Industry and Security"},
};

const plm_publisher *plm_publishers(uint32_t *n) {
    *n = (uint32_t)(sizeof publishers / sizeof *publishers);
    return publishers;
}

typedef struct download {
    char url[1024], base[200], path[PATH_SIZE], part[PATH_SIZE], meta[PATH_SIZE];
    char etag[512], modified[128];         /* of this answer */
    char old_etag[512], old_modified[128]; /* of the last one that was imported */
    FILE *out;
    uint64_t bytes;
    bool unchanged, too_long;
} download;

static size_t on_body(char *p, size_t size, size_t n, void *ctx) {
    download *d = ctx;
    d->bytes += size * n;
    if (d->bytes > (uint64_t)PLM_FETCH_BYTES_MAX) {
        d->too_long = true;
        return 0;
    }
    return fwrite(p, size, n, d->out);
}

static void keep_header(plm_str line, const char *name, char *out, size_t size) {
    size_t n = strlen(name);
    if (line.n <= n || strncasecmp(line.p, name, n) != 0) return;
    plm_str v = plm_str_trim((plm_str){line.p + n, line.n - n});
    if (v.n && v.n < size) snprintf(out, size, "%.*s", PLM_FMT(v));
}

static size_t on_header(char *p, size_t size, size_t n, void *ctx) {
    download *d = ctx;
    plm_str line = {p, size * n};
    if (plm_str_starts(line, "HTTP/")) d->etag[0] = d->modified[0] = 0; /* not a redirect's */
    keep_header(line, "ETag:", d->etag, sizeof d->etag);
    keep_header(line, "Last-Modified:", d->modified, sizeof d->modified);
    return size * n;
}

/* The url's own file name, with what a file name can't hold made '_'. */
static void base_of(const char *url, char out[200]) {
    const char *slash = strrchr(url, '/'), *start = slash ? slash + 1 : url;
    size_t n = 0;
    for (const char *p = start; *p && n < 190; p++) {
        bool ok = ((*p | 32) >= 'a' && (*p | 32) <= 'z') || (*p >= '0' && *p <= '9') ||
                  *p == '-' || *p == '_' || (*p == '.' && n);
        out[n++] = ok ? *p : '_';
    }
    if (n == 0) out[n++] = '_';
    out[n] = 0;
}

static void read_meta(download *d) {
    plm_buf b;
    plm_buf_init(&b, META_MAX);
    if (access(d->path, R_OK) == 0 && plm_file_read(d->meta, &b, NULL)) {
        plm_str s = plm_buf_str(&b);
        const char *end = s.n ? memchr(s.p, '\n', s.n) : NULL;
        if (end && (size_t)(end - s.p) < sizeof d->old_etag) {
            snprintf(d->old_etag, sizeof d->old_etag, "%.*s", (int)(end - s.p), s.p);
            plm_str rest = plm_str_trim((plm_str){end + 1, s.n - (size_t)(end - s.p) - 1});
            if (rest.n < sizeof d->old_modified)
                snprintf(d->old_modified, sizeof d->old_modified, "%.*s", PLM_FMT(rest));
        }
    }
    plm_buf_free(&b);
}

static bool prepare(const plm_fetch_request *r, const char *url, download *d, plm_fault *f) {
    char day[11];
    memset(d, 0, sizeof *d);
    plm_day_print(r->day, day);
    const char *at = strstr(url, "{DATE}");
    int n = at ? snprintf(d->url, sizeof d->url, "%.*s%s%s", (int)(at - url), url, day, at + 6)
               : snprintf(d->url, sizeof d->url, "%s", url);
    bool ok = n > 0 && (size_t)n < sizeof d->url;
    base_of(d->url, d->base);
    n = snprintf(d->path, sizeof d->path, "%s/fetch/%s-%s", r->dir, r->source, d->base);
    ok = ok && n > 0 && (size_t)n < sizeof d->path - 8;
    if (!ok) return plm_fail(f, PLM_OUT_OF_RANGE, "the address or the directory is too long");
    snprintf(d->part, sizeof d->part, "%.*s.part", PATH_SIZE - 8, d->path);
    snprintf(d->meta, sizeof d->meta, "%.*s.meta", PATH_SIZE - 8, d->path);
    read_meta(d);
    return true;
}

static struct curl_slist *conditions(const download *d, bool conditional) {
    char line[640];
    struct curl_slist *list = NULL;
    if (conditional && d->old_etag[0]) {
        snprintf(line, sizeof line, "If-None-Match: %s", d->old_etag);
        list = curl_slist_append(list, line);
    }
    if (conditional && d->old_modified[0]) {
        snprintf(line, sizeof line, "If-Modified-Since: %s", d->old_modified);
        list = curl_slist_append(list, line);
    }
    return list;
}

static void set_options(CURL *c, download *d, struct curl_slist *headers, char *error) {
    bool plain = strncasecmp(d->url, "http://", 7) == 0;
    curl_easy_setopt(c, CURLOPT_URL, d->url);
    curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(c, CURLOPT_REDIR_PROTOCOLS_STR, plain ? "http,https" : "https");
    curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 1L);
    curl_easy_setopt(c, CURLOPT_MAXREDIRS, PLM_FETCH_REDIRECTS_MAX);
    curl_easy_setopt(c, CURLOPT_FAILONERROR, 1L);
    curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT, 30L);
    curl_easy_setopt(c, CURLOPT_LOW_SPEED_LIMIT, 10L);
    curl_easy_setopt(c, CURLOPT_LOW_SPEED_TIME, 60L);
    curl_easy_setopt(c, CURLOPT_TIMEOUT, PLM_FETCH_SECONDS_MAX);
    curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(c, CURLOPT_USERAGENT, "plimsoll");
    curl_easy_setopt(c, CURLOPT_ACCEPT_ENCODING, "");
    curl_easy_setopt(c, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(c, CURLOPT_WRITEDATA, d);
    curl_easy_setopt(c, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(c, CURLOPT_HEADERDATA, d);
    curl_easy_setopt(c, CURLOPT_ERRORBUFFER, error);
}

static bool receive(CURL *c, download *d, bool conditional, plm_fault *f) {
    char error[CURL_ERROR_SIZE] = "";
    long status = 0;
    d->out = fopen(d->part, "wb");
    if (!d->out)
        return plm_fail_at(f, PLM_IO, d->part, 0, 0, "can't be made: %s", strerror(errno));
    struct curl_slist *headers = conditions(d, conditional);
    set_options(c, d, headers, error);
    CURLcode code = curl_easy_perform(c);
    curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, &status);
    curl_slist_free_all(headers);
    bool written = fflush(d->out) == 0 && !ferror(d->out) && fsync(fileno(d->out)) == 0;
    if (fclose(d->out) != 0) written = false;
    d->out = NULL;
    d->unchanged = code == CURLE_OK && status == 304;
    bool ok = code == CURLE_OK && written && (status == 200 || d->unchanged);
    if (d->too_long)
        plm_fail_at(f, PLM_OUT_OF_RANGE, d->url, 0, 0, "is larger than %ld bytes",
                    PLM_FETCH_BYTES_MAX);
    else if (!ok)
        plm_fail_at(f, PLM_IO, d->url, 0, 0, "was not fetched (status %ld): %s; the edition in "
                    "force stays", status, error[0] ? error : curl_easy_strerror(code));
    if (!ok || d->unchanged) unlink(d->part);
    return ok;
}

static bool digest_fits(const download *d, const char *want, plm_fault *f) {
    unsigned char digest[PLM_SHA256_LEN];
    char hex[65];
    plm_buf b;
    if (!want || d->unchanged) return true;
    plm_buf_init(&b, (size_t)PLM_FETCH_BYTES_MAX);
    bool ok = plm_file_read(d->part, &b, f);
    plm_sha256_of(plm_buf_str(&b), digest);
    plm_buf_free(&b);
    plm_hex(digest, sizeof digest, hex);
    if (ok && strcasecmp(hex, want) != 0)
        ok = plm_fail_at(f, PLM_REFUSED, d->url, 0, 0, "has SHA-256 %s, not %s; it is refused",
                         hex, want);
    return ok;
}

/* Puts what was imported in its place, with what the next request needs. */
static bool settle(const download *d, plm_fault *f) {
    char meta[META_MAX];
    if (d->unchanged) return true;
    unlink(d->meta); /* first: a meta never speaks for another content */
    if (rename(d->part, d->path) != 0)
        return plm_fail_at(f, PLM_IO, d->path, 0, 0, "can't be written: %s", strerror(errno));
    int n = snprintf(meta, sizeof meta, "%s\n%s\n", d->etag, d->modified);
    return plm_file_write_durable(d->meta, (plm_str){meta, (size_t)n}, 0666, f);
}

static bool import_all(const plm_fetch_request *r, plm_import_format format, download *d,
                       uint32_t n, plm_fetched *out, plm_fault *f) {
    char names[PLM_FETCH_FILES_MAX][PATH_SIZE];
    const char *files[PLM_FETCH_FILES_MAX];
    char day[11];
    plm_imported got[PLM_LISTS_MAX];
    plm_day_print(r->day, day);
    for (uint32_t i = 0; i < n; i++) {
        snprintf(names[i], sizeof names[i], "%s", d[i].unchanged ? d[i].path : d[i].part);
        files[i] = names[i];
    }
    plm_import_request ask = {.dir = r->dir, .format = format, .files = files, .file_n = n,
                              .source = plm_str_c(r->source)};
    /* The files' names hold no date; a list without a date of its own is of the day asked for. */
    if (format == PLM_IMPORT_OFAC_CSV || format == PLM_IMPORT_DPL_TXT ||
        format == PLM_IMPORT_CSL_CSV || format == PLM_IMPORT_ECFR_XML)
        ask.edition = plm_str_c(day);
    if (!plm_lists_import(&ask, got, &out->import_n, f)) return false;
    if (out->import_n > 4) out->import_n = 4;
    memcpy(out->imported, got, out->import_n * sizeof *got);
    return true;
}

static bool fetch_files(const plm_fetch_request *r, const char *const *urls, uint32_t n,
                        plm_import_format format, CURL *c, plm_fetched *out, plm_fault *f) {
    download d[PLM_FETCH_FILES_MAX];
    bool ok = true, all = true;
    for (uint32_t i = 0; ok && i < n; i++) {
        ok = prepare(r, urls[i], &d[i], f) && receive(c, &d[i], true, f) &&
             digest_fits(&d[i], r->sha256, f);
        if (ok) all = all && d[i].unchanged;
        if (ok) out->bytes += d[i].bytes;
        curl_easy_reset(c);
    }
    out->unchanged = ok && all;
    if (ok && !all) {
        ok = import_all(r, format, d, n, out, f);
        for (uint32_t i = 0; ok && i < n; i++) ok = settle(&d[i], f);
    }
    for (uint32_t i = 0; i < n && !ok; i++) unlink(d[i].part);
    return ok;
}

static bool make_dirs(const char *dir, plm_fault *f) {
    char path[PATH_SIZE];
    int n = snprintf(path, sizeof path, "%s/fetch", dir);
    if (n < 0 || (size_t)n >= sizeof path)
        return plm_fail(f, PLM_OUT_OF_RANGE, "the directory's path is too long");
    if ((mkdir(dir, 0777) != 0 && errno != EEXIST) || (mkdir(path, 0777) != 0 && errno != EEXIST))
        return plm_fail_at(f, PLM_IO, path, 0, 0, "can't be made: %s", strerror(errno));
    return true;
}

bool plm_lists_fetch(const plm_fetch_request *r, plm_fetched *out, plm_fault *f) {
    const plm_publisher *p = NULL;
    uint32_t n = 0;
    memset(out, 0, sizeof *out);
    for (size_t i = 0; i < sizeof publishers / sizeof *publishers; i++)
        if (strcmp(publishers[i].word, r->source) == 0) p = &publishers[i];
    if (!p && !r->url) return plm_fail(f, PLM_NOT_FOUND, "no publisher '%s'", r->source);
    for (const char *s = r->source; *s; s++)
        if (!((*s >= 'a' && *s <= 'z') || (*s >= '0' && *s <= '9') || *s == '-'))
            return plm_fail(f, PLM_BAD_INPUT, "'%s' can't name a source", r->source);
    const char *const *urls = r->url ? &r->url : p->urls;
    while (n < (r->url ? 1 : PLM_FETCH_FILES_MAX) && urls[n]) n++;
    if (!make_dirs(r->dir, f)) return false;
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != 0)
        return plm_fail(f, PLM_IO, "the network library can't be started");
    CURL *c = curl_easy_init();
    bool ok = c ? fetch_files(r, urls, n, r->url ? r->format : p->format, c, out, f)
                : plm_fail(f, PLM_NO_MEMORY, "not enough memory");
    curl_easy_cleanup(c);
    return ok;
}
