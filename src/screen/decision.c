/* decision.c: reviewers' decisions about matches, in a log that shows any change of it.
 * Invariants: 1 a line's hash covers all of it and the line before; 2 a decision holds only while
 * the query and the entity are letter for letter those that were decided on; 3 a line that was
 * half written by a crash is found and named, never passed over.
 * Held by tests/unit/test_decision.c and tests/scenes/test_decisions. */
#include "plimsoll/watch.h"

#include "base/file.h"
#include "base/json.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#define LOG_LINE_MAX ((size_t)64 << 10)
#define LOG_BYTES_MAX ((size_t)1 << 30)
#define LOG_ARENA_MAX ((size_t)2 << 30)
#define ZEROS "0000000000000000000000000000000000000000000000000000000000000000"

const char *plm_decision_word_name(plm_decision_word w) {
    return w == PLM_DECISION_NOT_THIS_ONE ? "not-this-one" : "this-one";
}

/* Queries */

static void put_number(plm_buf *b, uint64_t v) {
    unsigned char p[8];
    for (int i = 0; i < 8; i++) p[i] = (unsigned char)(v >> 8 * i);
    plm_buf_put(b, p, sizeof p);
}

static void put_text(plm_buf *b, plm_str s) {
    put_number(b, s.n);
    plm_buf_put(b, s.p, s.n);
}

void plm_query_digest(const plm_query *q, unsigned char out[32]) {
    plm_buf b;
    plm_buf_init(&b, (size_t)16 << 20);
    put_text(&b, q->name);
    put_text(&b, q->address);
    put_number(&b, q->kind);
    put_number(&b, q->country);
    put_number(&b, (uint32_t)q->birth_from);
    put_number(&b, (uint32_t)q->birth_to);
    put_number(&b, q->id_n);
    for (uint32_t i = 0; i < q->id_n; i++) {
        put_text(&b, q->id_kind[i]);
        put_text(&b, q->id_value[i]);
    }
    if (b.full) memset(out, 0, 32);
    else plm_sha256_of(plm_buf_str(&b), out);
    plm_buf_free(&b);
}

static bool query_kind(plm_str s, plm_entity_kind *out) {
    static const char *const words[] = {"any", "person", "organization", "vessel", "aircraft",
                                        "address"};
    if (s.n == 0) return true;
    for (int i = 0; i < 6; i++)
        if (plm_str_is(s, words[i])) {
            *out = (plm_entity_kind)i;
            return true;
        }
    return false;
}

/* YYYY, YYYY-MM or YYYY-MM-DD. */
static bool query_birth(plm_str s, plm_query *q) {
    char day[16];
    int y, m, d;
    if (s.n != 4 && s.n != 7 && s.n != 10) return s.n == 0;
    snprintf(day, sizeof day, "%.*s%s", PLM_FMT(s), s.n == 4 ? "-01-01" : s.n == 7 ? "-01" : "");
    if (!plm_day_parse(plm_str_c(day), &q->birth_from)) return false;
    plm_day_to_ymd(q->birth_from, &y, &m, &d);
    q->birth_to = s.n == 10 ? q->birth_from
                : s.n == 4  ? plm_day_from_ymd(y, 12, 31)
                            : plm_day_from_ymd(m == 12 ? y + 1 : y, m == 12 ? 1 : m + 1, 1) - 1;
    return true;
}

static bool query_ids(plm_arena *a, const plm_json *ids, plm_query *q, plm_fault *f) {
    plm_json_pairs(ids, it, k, v) {
        if (q->id_n == PLM_QUERY_IDS_MAX)
            return plm_fail(f, PLM_OUT_OF_RANGE, "ids: more than %d", PLM_QUERY_IDS_MAX);
        q->id_kind[q->id_n] = plm_arena_copy(a, plm_json_text(k));
        q->id_value[q->id_n] = plm_arena_copy(a, plm_json_text(v));
        if (!q->id_kind[q->id_n].p || !q->id_value[q->id_n].p)
            return plm_fail(f, PLM_NO_MEMORY, "not enough memory");
        q->id_n++;
    }
    return true;
}

static bool query_of(plm_arena *a, const plm_json *v, plm_query *q, plm_fault *f) {
    if (!plm_json_is_obj(v)) return plm_fail(f, PLM_BAD_INPUT, "a query is a JSON object");
    *q = (plm_query){.birth_from = PLM_DAY_MIN, .birth_to = PLM_DAY_MIN};
    q->name = plm_arena_copy(a, plm_json_text(plm_json_get(v, "name")));
    q->address = plm_arena_copy(a, plm_json_text(plm_json_get(v, "address")));
    if (!q->name.p || !q->address.p) return plm_fail(f, PLM_NO_MEMORY, "not enough memory");
    plm_str country = plm_json_text(plm_json_get(v, "country"));
    q->country = plm_country_parse(country);
    if (country.n && !q->country)
        return plm_fail(f, PLM_BAD_INPUT, "country: no ISO 3166-1 alpha-2 code");
    if (!query_kind(plm_json_text(plm_json_get(v, "type")), &q->kind))
        return plm_fail(f, PLM_BAD_INPUT, "type: none of the known words");
    if (!query_birth(plm_json_text(plm_json_get(v, "birth_date")), q))
        return plm_fail(f, PLM_BAD_INPUT, "birth_date: not YYYY, YYYY-MM or YYYY-MM-DD");
    return query_ids(a, plm_json_get(v, "ids"), q, f);
}

bool plm_query_read(plm_arena *a, plm_str json, plm_query *out, plm_fault *f) {
    plm_doc *d = plm_doc_parse(json, LOG_LINE_MAX, f);
    bool ok = d && query_of(a, plm_doc_root(d), out, f);
    plm_doc_free(d);
    return ok;
}

/* The log */

struct plm_decisions {
    plm_arena *arena;
    plm_decision *v;
    uint32_t n, cap;
    char last[65]; /* hash of the last line */
};

/* Everything of a line but its hash and the closing brace. */
static void put_line(plm_buf *b, const plm_decision *d, const char *prev) {
    plm_jw w = plm_jw_into(b);
    char day[11], hex[65];
    plm_day_print(d->day, day);
    plm_jw_obj(&w);
    plm_jw_kcstr(&w, "prev", prev);
    plm_jw_kcstr(&w, "decision", plm_decision_word_name(d->word));
    plm_jw_kstr(&w, "source", d->source);
    plm_jw_kstr(&w, "entity", d->entity);
    plm_hex(d->entity_hash, 32, hex);
    plm_jw_kcstr(&w, "entity_hash", hex);
    plm_hex(d->query_hash, 32, hex);
    plm_jw_kcstr(&w, "query_hash", hex);
    plm_jw_kstr(&w, "query", d->query);
    plm_jw_kstr(&w, "edition", d->edition);
    plm_jw_kint(&w, "score", d->score);
    plm_jw_kint(&w, "threshold", d->threshold);
    plm_jw_kstr(&w, "reason", d->reason);
    plm_jw_kstr(&w, "author", d->author);
    plm_jw_kcstr(&w, "day", day);
}

static void hash_line(plm_str body, char out[65]) {
    unsigned char h[PLM_SHA256_LEN];
    plm_sha256_of2(body, PLM_STR("}"), h);
    plm_hex(h, sizeof h, out);
}

static bool line_decision(plm_decisions *log, const plm_json *v, plm_decision *d) {
    static const char *const texts[] = {"source", "entity", "query", "edition", "reason",
                                        "author"};
    plm_str *to[] = {&d->source, &d->entity, &d->query, &d->edition, &d->reason, &d->author};
    int64_t score, threshold;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        *to[i] = plm_arena_copy(log->arena, plm_json_text(plm_json_get(v, texts[i])));
        if (!to[i]->p) return false;
    }
    plm_str word = plm_json_text(plm_json_get(v, "decision"));
    d->word = plm_str_is(word, "this-one") ? PLM_DECISION_THIS_ONE : PLM_DECISION_NOT_THIS_ONE;
    if (!plm_str_is(word, plm_decision_word_name(d->word)) ||
        !plm_json_int(plm_json_get(v, "score"), &score) || score < 0 || score > PLM_SCORE_ONE ||
        !plm_json_int(plm_json_get(v, "threshold"), &threshold) || threshold < 0 ||
        threshold > PLM_SCORE_ONE)
        return false;
    d->score = (int)score;
    d->threshold = (int)threshold;
    return plm_unhex(plm_json_text(plm_json_get(v, "entity_hash")), d->entity_hash, 32) &&
           plm_unhex(plm_json_text(plm_json_get(v, "query_hash")), d->query_hash, 32) &&
           plm_day_parse(plm_json_text(plm_json_get(v, "day")), &d->day);
}

/* Checks the line against the chain by writing it again: byte for byte, or it was changed. */
static bool take_line(plm_decisions *log, plm_str line, plm_fault *f) {
    plm_doc *doc = plm_doc_parse(line, LOG_LINE_MAX, f);
    if (!doc) return false;
    plm_decision d = {0};
    plm_buf b;
    char hash[65];
    plm_buf_init(&b, LOG_LINE_MAX * 2);
    bool ok = line_decision(log, plm_doc_root(doc), &d);
    put_line(&b, &d, log->last);
    hash_line(plm_buf_str(&b), hash);
    plm_buf_printf(&b, ",\"hash\":\"%s\"}", hash);
    ok = ok && !b.full && plm_str_eq(plm_buf_str(&b), line);
    plm_buf_free(&b);
    plm_doc_free(doc);
    if (!ok)
        return plm_fail(f, PLM_BAD_INPUT, "the chain breaks here: this line, or one before it, was "
                        "changed, taken out or put in");
    if (log->n == log->cap) {
        uint32_t cap = log->cap ? log->cap * 2 : 64;
        plm_decision *v = plm_mem_resize(log->v, cap * sizeof *v);
        if (!v) return plm_fail(f, PLM_NO_MEMORY, "not enough memory");
        log->v = v;
        log->cap = cap;
    }
    log->v[log->n++] = d;
    memcpy(log->last, hash, sizeof hash);
    return true;
}

static bool take_lines(plm_decisions *log, const char *path, plm_str s, plm_fault *f) {
    for (uint32_t line = 1; s.n; line++) {
        const char *end = memchr(s.p, '\n', s.n);
        plm_fault inner = {0};
        if (!end)
            return plm_fail_at(f, PLM_BAD_INPUT, path, line, 0, "the last line has no end: a "
                               "write was cut; take this line out and decide again");
        size_t n = (size_t)(end - s.p);
        if (!take_line(log, (plm_str){s.p, n}, &inner))
            return plm_fail_at(f, inner.code, path, line, 0, "%s", inner.say);
        s.p += n + 1;
        s.n -= n + 1;
    }
    return true;
}

static plm_decisions *read_log(const char *path, plm_fault *f) {
    plm_decisions *log = plm_mem_resize(NULL, sizeof *log);
    if (!log) return plm_fail(f, PLM_NO_MEMORY, "not enough memory"), NULL;
    memset(log, 0, sizeof *log);
    memcpy(log->last, ZEROS, sizeof log->last);
    log->arena = plm_arena_new(LOG_ARENA_MAX);
    plm_buf b;
    plm_buf_init(&b, LOG_BYTES_MAX);
    bool ok = log->arena || plm_fail(f, PLM_NO_MEMORY, "not enough memory");
    if (ok && access(path, F_OK) == 0)
        ok = plm_file_read(path, &b, f) && take_lines(log, path, plm_buf_str(&b), f);
    plm_buf_free(&b);
    if (ok) return log;
    plm_decisions_free(log);
    return NULL;
}

plm_decisions *plm_decisions_open(const char *path, plm_fault *f) { return read_log(path, f); }

void plm_decisions_free(plm_decisions *d) {
    if (!d) return;
    plm_mem_free(d->v);
    plm_arena_free(d->arena);
    plm_mem_free(d);
}

uint32_t plm_decisions_count(const plm_decisions *d) { return d->n; }

const plm_decision *plm_decisions_at(const plm_decisions *d, uint32_t i) {
    return i < d->n ? &d->v[i] : NULL;
}

const plm_decision *plm_decisions_find(const plm_decisions *d, const plm_query *q,
                                       const plm_list *l, const plm_entity *e) {
    unsigned char qh[32], eh[32];
    plm_str source = plm_list_text(l, l->source), entity = plm_list_text(l, e->id);
    if (d->n == 0) return NULL;
    plm_query_digest(q, qh);
    plm_list_entity_digest(l, e, eh);
    for (uint32_t i = d->n; i-- > 0;) {
        const plm_decision *x = &d->v[i];
        if (memcmp(x->query_hash, qh, 32) == 0 && plm_str_eq(x->source, source) &&
            plm_str_eq(x->entity, entity))
            return memcmp(x->entity_hash, eh, 32) == 0 ? x : NULL; /* void: the entry changed */
    }
    return NULL;
}

static bool append_line(int fd, plm_str s, const char *path, plm_fault *f) {
    off_t before = lseek(fd, 0, SEEK_END);
    ssize_t k = write(fd, s.p, s.n);
    if (k == (ssize_t)s.n && fsync(fd) == 0) return true;
    int err = errno;
    if (before >= 0 && ftruncate(fd, before) != 0) err = errno;
    return plm_fail_at(f, PLM_IO, path, 0, 0, "can't be written: %s", strerror(err));
}

static bool add_locked(int fd, const char *path, const plm_decision *d, plm_fault *f) {
    plm_decisions *log = read_log(path, f);
    if (!log) return false;
    plm_buf b;
    char hash[65];
    plm_buf_init(&b, LOG_LINE_MAX);
    put_line(&b, d, log->last);
    hash_line(plm_buf_str(&b), hash);
    plm_buf_printf(&b, ",\"hash\":\"%s\"}\n", hash);
    bool ok = b.full ? plm_fail(f, PLM_OUT_OF_RANGE, "the decision is longer than %zu bytes",
                                LOG_LINE_MAX)
                     : append_line(fd, plm_buf_str(&b), path, f);
    plm_buf_free(&b);
    plm_decisions_free(log);
    return ok;
}

bool plm_decisions_add(const char *path, const plm_decision *d, plm_fault *f) {
    if (plm_str_trim(d->reason).n == 0 || plm_str_trim(d->author).n == 0)
        return plm_fail(f, PLM_BAD_INPUT, "a decision needs its reason and its author");
    if (d->reason.n > PLM_DECISION_TEXT_MAX || d->author.n > PLM_DECISION_TEXT_MAX)
        return plm_fail(f, PLM_OUT_OF_RANGE, "reason or author longer than %d bytes",
                        PLM_DECISION_TEXT_MAX);
    int fd = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
    if (fd < 0) return plm_fail_at(f, PLM_IO, path, 0, 0, "can't be opened: %s", strerror(errno));
    bool ok = flock(fd, LOCK_EX) == 0 ? add_locked(fd, path, d, f)
            : plm_fail_at(f, PLM_IO, path, 0, 0, "can't be locked: %s", strerror(errno));
    close(fd);
    return ok;
}
