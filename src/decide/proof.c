/* proof.c: the canonical proof.  It is a text of the book, the dates, every fact given and every
 * conclusion, in a fixed order: equal case, rulebook and dates hash equally on every machine. */
#include "base/file.h"
#include "decide/result.h"

#include <endian.h>
#include <stdlib.h>
#include <string.h>

#define BUF_KEPT (1u << 20) /* of a buffer's memory, from case to case */
#define FEW_KEYS 32

bool result_proof(const result *r, plm_buf *b) {
    plm_desk *d = r->d;
    for (uint32_t i = 0; i < r->det_count; i++) {
        const determination *t = &r->det[i];
        plm_buf_printf(b, "rule %.*s item %d party %d %s\n",
                       PLM_FMT(plm_book_rule(d->book, t->rule)->name), (int)t->item, (int)t->party,
                       plm_truth_name(t->truth));
        plm_facts_explain(d->world, t->rule, t->item, t->party, 0, b);
    }
    for (uint32_t i = 0; i < r->exception_count; i++)
        plm_buf_printf(b, "exception %.*s %s\n", PLM_FMT(r->exceptions[i].code),
                       plm_truth_name(r->exceptions[i].available));
    for (uint32_t i = 0; i < r->duty_count; i++)
        plm_buf_printf(b, "obligation %.*s item %d party %d %s\n",
                       PLM_FMT(plm_book_rule(d->book, r->duty[i].rule)->name),
                       (int)r->duty[i].item, (int)r->duty[i].party,
                       plm_truth_name(r->duty[i].truth));
    const char *policy = plm_policy_name(r->a.policy);
    plm_buf_printf(b, "policy %s\nverdict %s\n", policy ? policy : "none",
                   plm_verdict_name(r->a.verdict));
    return !b->full;
}

static void canonical_json(plm_jw *w, const plm_json *v);

typedef struct key {
    uint64_t head; /* its first eight bytes, so that most compare as numbers */
    plm_json *k;
} key;

static key key_of(plm_json *k) {
    plm_str s = plm_json_text(k);
    uint64_t head = 0;
    if (s.n < 8) {
        for (size_t i = 0; i < 8; i++) head = head << 8 | (i < s.n ? (unsigned char)s.p[i] : 0);
    } else {
        memcpy(&head, s.p, 8);
        head = be64toh(head);
    }
    return (key){head, k};
}

static int by_text(const void *a, const void *b) {
    const key *x = a, *y = b;
    if (x->head != y->head) return x->head < y->head ? -1 : 1;
    return plm_str_cmp(plm_json_text(x->k), plm_json_text(y->k));
}

/* Few keys, often in order already: inserted, without the copy that qsort makes. */
static void sort_keys(key *keys, size_t n) {
    if (n > FEW_KEYS) {
        qsort(keys, n, sizeof *keys, by_text);
        return;
    }
    for (size_t i = 1; i < n; i++) {
        key k = keys[i];
        size_t at = i;
        for (; at && by_text(&keys[at - 1], &k) > 0; at--) keys[at] = keys[at - 1];
        keys[at] = k;
    }
}

static void canonical_object(plm_jw *w, const plm_json *v) {
    size_t n = plm_json_count(v), i = 0;
    key few[FEW_KEYS], *keys = n <= FEW_KEYS ? few : plm_mem_resize(NULL, n * sizeof *keys);
    plm_jw_obj(w);
    if (keys) {
        plm_json_pairs(v, it, k, m) {
            (void)m;
            keys[i++] = key_of(k);
        }
        sort_keys(keys, n);
        for (i = 0; i < n; i++) {
            plm_jw_skey(w, plm_json_text(keys[i].k));
            canonical_json(w, yyjson_obj_iter_get_val(keys[i].k));
        }
    }
    plm_jw_end_obj(w);
    if (keys != few) plm_mem_free(keys);
}

/* Is the number's text its shortest form as it stands: digits, without a zero before them? */
static bool is_shortest(plm_str s) {
    if (s.n > 18 || (s.n > 1 && s.p[0] == '0')) return false;
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] < '0' || s.p[i] > '9') return false;
    return s.n > 0;
}

/* Keys in order, numbers in their shortest form: layout does not change the proof. */
static void canonical_json(plm_jw *w, const plm_json *v) {
    char text[PLM_DEC_TEXT];
    plm_dec d;
    plm_str s = plm_json_text(v);
    if (plm_json_is_str(v)) {
        plm_jw_str(w, s);
    } else if (plm_json_is_obj(v)) {
        canonical_object(w, v);
    } else if (plm_json_is_arr(v)) {
        plm_jw_arr(w);
        plm_json_each(v, it, m) canonical_json(w, m);
        plm_jw_end_arr(w);
    } else if (plm_json_is_num(v) && is_shortest(s)) {
        plm_jw_raw(w, s);
    } else if (plm_json_is_num(v) && plm_dec_parse(s, true, &d, NULL)) {
        plm_dec_print(d, text);
        plm_jw_raw(w, plm_str_c(text));
    } else if (plm_json_is_bool(v)) {
        plm_jw_bool(w, plm_json_true(v));
    } else {
        plm_jw_null(w);
    }
}

void desk_let_go(plm_buf *b) {
    if (b->cap > BUF_KEPT) plm_buf_free(b);
}

/* The lines that come first: the book, the dates, and the case by its hash. */
static void put_head(const plm_desk *d, plm_str json, plm_buf *b) {
    char hex[65], day[2][11];
    unsigned char h[32];
    plm_hex(plm_book_sha256(d->book), 32, hex);
    plm_day_print(d->c.as_of, day[0]);
    plm_day_print(d->c.known, day[1]);
    plm_buf_printf(b, "plimsoll proof 1\nbook %s\nas-of %s\nknown %s\nmode %s\n", hex, day[0],
                   day[1], d->c.codified ? "codified" : "enforced");
    plm_sha256_of(json, h);
    plm_hex(h, 32, hex);
    plm_buf_printf(b, "case %s\n", hex);
}

bool desk_proof_hash(plm_desk *d, plm_str lines, char hex[65], plm_fault *f) {
    plm_buf *canon = &d->canon, *head = &d->proof_head;
    unsigned char h[32];
    plm_buf_clear(canon);
    plm_buf_clear(head);
    plm_jw w = plm_jw_into(canon);
    canonical_json(&w, plm_doc_root(d->doc));
    put_head(d, plm_buf_str(canon), head);
    bool ok = !canon->full && !head->full && head->n + lines.n <= PLM_PROOF_BYTES_MAX;
    if (!ok)
        plm_fail(f, PLM_OUT_OF_RANGE, "the proof is larger than %u bytes", PLM_PROOF_BYTES_MAX);
    plm_sha256_of2(plm_buf_str(head), lines, h);
    plm_hex(h, 32, hex);
    desk_let_go(canon);
    return ok;
}
