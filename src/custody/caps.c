/* caps.c: postings into the store, in the writer's turn, over books that are read once and then
 * kept up with what other processes post.  Every posting's entries sum to zero. */
#include "custody/caps_books.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROW_ARENA_MAX ((size_t)16 << 20)

/* The code that a license of the store had when a posting first named it. */
typedef struct license_word {
    char *id;
    size_t id_n;
    char word[16];
} license_word;

struct plm_caps {
    plm_store *s;
    license_word *license;
    size_t licenses, licenses_cap;
    plm_books books;
    plm_arena *a; /* reset for each row */
    plm_stmt *since, *same, *put, *entry, *code;
    int64_t seq;  /* of the last posting in the books */
    plm_day upto; /* only postings up to here are read */
    plm_day last; /* the latest day in the books */
    bool torn;    /* a rollback left the books ahead of the store */
};

static bool prepare(plm_caps *c, plm_fault *f) {
    plm_store *s = c->s;
    c->since =
        plm_stmt_new(s,
                     "SELECT seq, content, moves_to FROM caps_postings WHERE seq > ?1 ORDER BY seq",
                         f);
    c->same = plm_stmt_new(s, "SELECT content FROM caps_postings WHERE id = ?1", f);
    c->put =
        plm_stmt_new(s, "INSERT INTO caps_postings (seq, id, content, day, kind, country, company,"
                             " consignee, license, site, sku, chips, tpp, moves_to) VALUES (?1, ?2,"
                             " ?3,"
                             " ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)", f);
    c->entry = plm_stmt_new(s, "INSERT INTO caps_entries (posting, ord, account, day, tpp)"
                               " VALUES (?1, ?2, ?3, ?4, ?5)", f);
    c->code = plm_stmt_new(s, "SELECT code FROM licenses WHERE id = ?1", f);
    return c->since && c->same && c->put && c->entry && c->code;
}

static plm_caps *open_books(plm_store *s, const plm_caps_rules *r, plm_day upto, plm_fault *f) {
    plm_caps *c = plm_mem_resize(NULL, sizeof *c);
    if (!c) return plm_fail(f, PLM_NO_MEMORY, "out of memory"), NULL;
    *c = (plm_caps){.s = s, .upto = upto, .last = PLM_DAY_MIN, .a = plm_arena_new(ROW_ARENA_MAX)};
    if (c->a && plm_books_init(&c->books, r) && prepare(c, f)) return c;
    plm_caps_close(c);
    plm_fail(f, PLM_NO_MEMORY, "out of memory");
    return NULL;
}

plm_caps *plm_caps_open(plm_store *s, const plm_caps_rules *r, plm_fault *f) {
    return open_books(s, r, PLM_DAY_MAX, f);
}

static void forget_licenses(plm_caps *c) {
    for (size_t i = 0; i < c->licenses; i++) plm_mem_free(c->license[i].id);
    c->licenses = 0;
}

void plm_caps_close(plm_caps *c) {
    if (!c) return;
    plm_stmt_free(c->since);
    plm_stmt_free(c->same);
    plm_stmt_free(c->put);
    plm_stmt_free(c->entry);
    plm_stmt_free(c->code);
    plm_books_free(&c->books);
    forget_licenses(c);
    plm_mem_free(c->license);
    plm_arena_free(c->a);
    plm_mem_free(c);
}

/* The code of the store's license; empty: it has none, or there is no such license. */
static bool read_word(plm_caps *c, plm_str license, char word[16], plm_fault *f) {
    plm_stmt_text(c->code, 1, license);
    int r = plm_stmt_step(c->code, f);
    memset(word, 0, 16);
    if (r == 1) {
        plm_str s = plm_col_text(c->code, 0);
        if (s.n < 16 && s.p) memcpy(word, s.p, s.n);
        plm_stmt_reset(c->code);
    }
    return r >= 0;
}

static license_word *know_license(plm_caps *c, plm_str license, plm_fault *f) {
    for (size_t i = 0; i < c->licenses; i++)
        if (plm_str_eq(license, (plm_str){c->license[i].id, c->license[i].id_n}))
            return &c->license[i];
    if (c->licenses == c->licenses_cap) {
        size_t more = c->licenses_cap ? 2 * c->licenses_cap : 8;
        void *v = plm_mem_resize(c->license, more * sizeof *c->license);
        if (!v) return NULL;
        c->license = v;
        c->licenses_cap = more;
    }
    license_word *x = &c->license[c->licenses];
    if (!(x->id = plm_mem_resize(NULL, license.n))) return NULL;
    memcpy(x->id, license.p, license.n);
    x->id_n = license.n;
    if (!read_word(c, license, x->word, f)) {
        plm_mem_free(x->id);
        return NULL;
    }
    c->licenses++;
    return x;
}

/* LPP, NVEU or UVEU as such; else the code of the store's license of that id. */
static bool word_of(plm_caps *c, plm_str license, plm_str *word, plm_fault *f) {
    *word = (plm_str){"", 0};
    if (!license.n) return true;
    if (plm_str_is(license, "LPP") || plm_str_is(license, "NVEU") || plm_str_is(license, "UVEU")) {
        *word = license;
        return true;
    }
    license_word *x = know_license(c, license, f);
    if (!x) return plm_fail(f, PLM_NO_MEMORY, "out of memory"); /* or the store's own fault */
    *word = plm_str_c(x->word);
    return true;
}

/* Someone may have loaded another code for a license that the books know: they are read anew. */
static bool check_licenses(plm_caps *c, plm_fault *f) {
    for (size_t i = 0; i < c->licenses; i++) {
        const license_word *x = &c->license[i];
        char word[16];
        if (!read_word(c, (plm_str){x->id, x->id_n}, word, f)) return false;
        if (strcmp(word, x->word) != 0) c->torn = true;
    }
    return true;
}

plm_books *plm_caps_books(plm_caps *c) { return &c->books; }

bool plm_caps_hold(plm_caps *c, const plm_caps_holder *h, uint32_t *out, plm_fault *f) {
    plm_str word;
    if (!word_of(c, h->license, &word, f)) return false;
    *out = plm_books_hold(&c->books, h, word);
    return *out != UINT32_MAX || plm_fail(f, PLM_NO_MEMORY, "out of memory");
}

static bool plan(plm_caps *c, const plm_caps_posting *p, const char **why, plm_fault *f) {
    uint32_t at, to = 0;
    if (!plm_caps_hold(c, &p->at, &at, f)) return false;
    if (p->transfer && !plm_caps_hold(c, &p->to, &to, f)) return false;
    *why = plm_books_plan(&c->books, p, at, to);
    return true;
}

static bool read_content(plm_caps *c, plm_str content, plm_caps_posting *p, plm_fault *f) {
    plm_doc *d = plm_doc_parse(content, 0, f);
    if (!d) return false;
    bool ok = plm_caps_posting_read(plm_doc_root(d), plm_json_get(plm_doc_root(d), "to") != NULL,
                                    c->a, p, f);
    plm_doc_free(d);
    return ok;
}

static bool replay_row(plm_caps *c, plm_fault *f) {
    plm_caps_posting p;
    const char *why;
    plm_arena_reset(c->a);
    if (!read_content(c, plm_col_text(c->since, 1), &p, f) || !plan(c, &p, &why, f)) return false;
    c->seq = plm_col_int(c->since, 0);
    if (p.day > c->upto) return true;
    if (p.day > c->last) c->last = p.day;
    /* a reading up to a day may hold less than was drawn: what there is moves */
    return plm_books_apply(&c->books, 1) || plm_fail(f, PLM_NO_MEMORY, "out of memory");
}

static bool replay(plm_caps *c, plm_fault *f) {
    int r;
    if (!check_licenses(c, f)) return false;
    if (c->torn) {
        const plm_caps_rules *rules = c->books.rules;
        plm_books_free(&c->books);
        forget_licenses(c);
        c->torn = false;
        c->seq = 0;
        c->last = PLM_DAY_MIN;
        if (!plm_books_init(&c->books, rules)) return plm_fail(f, PLM_NO_MEMORY, "out of memory");
    }
    plm_stmt_int(c->since, 1, c->seq);
    while ((r = plm_stmt_step(c->since, f)) == 1)
        if (!replay_row(c, f)) {
            plm_stmt_reset(c->since);
            c->torn = true;
            return false;
        }
    return r == 0;
}

bool plm_caps_begin(plm_caps *c, plm_fault *f) {
    if (!plm_store_begin(c->s, f)) return false;
    if (replay(c, f)) return true;
    plm_store_rollback(c->s);
    return false;
}

bool plm_caps_commit(plm_caps *c, plm_fault *f) {
    if (plm_store_commit(c->s, f)) return true;
    plm_caps_rollback(c);
    return false;
}

void plm_caps_rollback(plm_caps *c) {
    plm_store_rollback(c->s);
    c->torn = true;
}

static const char *const bucket_names[] = {"reserved", "exported", "installed", "retired",
    "source"};
static const char *const kind_names[] = {"reserve", "export", "install", "retire", "release"};

static bool put_entries(plm_caps *c, plm_fault *f) {
    plm_tpp sum = 0;
    for (size_t i = 0; i < c->books.moves.n; i++) {
        const plm_move *m = &c->books.moves.v[i];
        const plm_hold *h = &c->books.hold[m->hold];
        char account[6 * PLM_CAPS_TEXT_MAX], country[3], tpp[PLM_TPP_TEXT];
        plm_country_print(h->country, country);
        plm_tpp_print(m->delta, tpp);
        snprintf(account, sizeof account, "%s|%s|%.*s|%.*s|%.*s|%.*s", bucket_names[m->bucket],
                 country,
                 PLM_FMT(h->company), PLM_FMT(h->consignee), PLM_FMT(h->license), PLM_FMT(h->sku));
        plm_stmt_int(c->entry, 1, c->seq);
        plm_stmt_int(c->entry, 2, (int64_t)i);
        plm_stmt_text(c->entry, 3, plm_str_c(account));
        plm_stmt_int(c->entry, 4, m->day);
        plm_stmt_text(c->entry, 5, plm_str_c(tpp));
        if (!plm_stmt_run(c->entry, NULL, f)) return false;
        sum += m->delta;
    }
    return sum == 0 || plm_fail(f, PLM_CONFLICT, "the entries do not sum to zero");
}

static void bind_text(plm_stmt *st, int i, plm_str s) {
    plm_stmt_text(st, i, s.n ? s : (plm_str){0});
}

static bool put_posting(plm_caps *c, const plm_caps_posting *p, plm_fault *f) {
    char country[3], tpp[PLM_TPP_TEXT];
    plm_country_print(p->at.country, country);
    plm_tpp_print(p->tpp, tpp);
    c->seq++;
    plm_stmt_int(c->put, 1, c->seq);
    plm_stmt_text(c->put, 2, p->id);
    plm_stmt_text(c->put, 3, p->content);
    plm_stmt_int(c->put, 4, p->day);
    plm_stmt_text(c->put, 5, plm_str_c(kind_names[p->kind]));
    plm_stmt_text(c->put, 6, plm_str_c(country));
    bind_text(c->put, 7, p->at.company);
    bind_text(c->put, 8, p->at.consignee);
    bind_text(c->put, 9, p->at.license);
    bind_text(c->put, 10, p->at.site);
    bind_text(c->put, 11, p->at.sku);
    plm_stmt_int(c->put, 12, p->chips);
    plm_stmt_text(c->put, 13, plm_str_c(tpp));
    bind_text(c->put, 14, p->transfer ? PLM_STR("to") : (plm_str){0});
    return plm_stmt_run(c->put, NULL, f) && put_entries(c, f);
}

static bool find_same(plm_caps *c, const plm_caps_posting *p, int *same, plm_fault *f) {
    plm_stmt_text(c->same, 1, p->id);
    int r = plm_stmt_step(c->same, f);
    *same = 0;
    if (r == 1) {
        *same = plm_str_eq(plm_col_text(c->same, 0), p->content) ? 1 : -1;
        plm_stmt_reset(c->same);
    }
    return r >= 0;
}

bool plm_caps_post(plm_caps *c, const plm_caps_posting *p, plm_caps_answer *out, plm_fault *f) {
    const char *why;
    int same;
    *out = (plm_caps_answer){0};
    if (!find_same(c, p, &same, f)) return false;
    if (same > 0) {
        out->posted = out->duplicate = true;
        return true;
    }
    if (same < 0) {
        out->code = "conflict";
        plm_fail(&out->f, PLM_CONFLICT,
                 "this id is posted with another content: give the new one its own id");
        return true;
    }
    plm_arena_reset(c->a);
    if (!plan(c, p, &why, f)) return false;
    if (why) {
        out->code = "balance";
        plm_fail(&out->f, PLM_REFUSED, "%s", why);
        return true;
    }
    if (!plm_books_apply(&c->books, 1)) return plm_fail(f, PLM_NO_MEMORY, "out of memory");
    if (plm_books_passed(&c->books, p, out, 1)) {
        out->code = "cap";
        return plm_books_apply(&c->books, -1) || plm_fail(f, PLM_NO_MEMORY, "out of memory");
    }
    if (!put_posting(c, p, f)) return false;
    if (p->day > c->last) c->last = p->day;
    out->posted = true;
    return true;
}

bool plm_caps_look(plm_caps *c, plm_fault *f) {
    bool ok = plm_store_snapshot(c->s, f) && replay(c, f);
    plm_store_rollback(c->s);
    return ok;
}

bool plm_caps_try(plm_caps *c, const plm_caps_posting *p, bool keep_over, plm_caps_answer *out,
                  size_t max, size_t *n, plm_fault *f) {
    const char *why;
    int same;
    *n = 1;
    out[0] = (plm_caps_answer){0};
    if (!find_same(c, p, &same, f)) return false;
    if (same) {
        out[0].posted = out[0].duplicate = same > 0;
        if (same < 0) out[0].code = "conflict";
        return same > 0 || (plm_fail(&out[0].f, PLM_CONFLICT, "this id is posted with another"
                                                              " content"), true);
    }
    plm_arena_reset(c->a);
    if (!plan(c, p, &why, f)) return false;
    if (why) {
        out[0].code = "balance";
        plm_fail(&out[0].f, PLM_REFUSED, "%s", why);
        return true;
    }
    c->torn = true; /* the books are ahead of the store from here on */
    if (!plm_books_apply(&c->books, 1)) return plm_fail(f, PLM_NO_MEMORY, "out of memory");
    size_t passed = plm_books_passed(&c->books, p, out, max);
    for (size_t i = 0; i < passed; i++) out[i].code = "cap";
    if (passed) *n = passed;
    else out[0].posted = true;
    return !passed || keep_over || plm_books_apply(&c->books, -1) ||
           plm_fail(f, PLM_NO_MEMORY, "out of memory");
}

/* ---- reports */

typedef struct lines {
    plm_caps_line *v;
    size_t n, cap;
    plm_arena *a;
    bool failed;
} lines;

static void add_line(lines *l, const char *cap, const char *kind, plm_str holder, int year,
                     const plm_tpp *limit, plm_tpp used, plm_tpp reserved) {
    char account[3 * PLM_CAPS_TEXT_MAX];
    if (l->n == l->cap) {
        size_t more = l->cap ? 2 * l->cap : 64;
        void *v = plm_mem_resize(l->v, more * sizeof *l->v);
        if (!v) {
            l->failed = true;
            return;
        }
        l->v = v;
        l->cap = more;
    }
    if (year) snprintf(account, sizeof account, "%s:%.*s:%d", kind, PLM_FMT(holder), year);
    else snprintf(account, sizeof account, "%s:%.*s", kind, PLM_FMT(holder));
    plm_caps_line *x = &l->v[l->n++];
    *x = (plm_caps_line){.account = plm_arena_copy(l->a, plm_str_c(account)), .cap = plm_str_c(cap),
                         .used = used, .reserved = reserved, .limited = limit != NULL};
    if (limit) x->limit = *limit, x->free = *limit - used - reserved;
    l->failed = l->failed || !x->account.p;
}

static void limit_line(plm_caps *c, const plm_series *s, lines *l, size_t step, plm_day day,
                       int year) {
    const plm_caps_cap *cap = &c->books.rules->cap[s->cap];
    plm_day from, to;
    plm_tpp limit;
    if (!plm_cap_period(&c->books, cap, s->country, day, step, &from, &to, &limit)) return;
    plm_day_sum sum = plm_series_sum(s, from, to);
    bool none = s->country && plm_caps_in_group(c->books.rules, cap->none_in, s->country, day);
    if (s->country && plm_caps_in_group(c->books.rules, cap->zero_in, s->country, day)) limit = 0;
    add_line(l, cap->id, plm_books_holder_kind(cap), s->holder, year, none ? NULL : &limit,
             sum.used, sum.reserved);
}

static void limit_lines(plm_caps *c, const plm_series *s, lines *l, plm_day as_of) {
    const plm_caps_cap *cap = &c->books.rules->cap[s->cap];
    plm_day day = as_of == PLM_DAY_MAX ? c->last : as_of;
    int y, m, d, last = 0;
    if (cap->shape == PLM_CAPS_YEARLY) {
        for (size_t i = 0; as_of == PLM_DAY_MAX && i < s->n; i++) {
            plm_day_to_ymd(s->v[i].day, &y, &m, &d);
            if (y != last) limit_line(c, s, l, 0, s->v[i].day, y);
            last = y;
        }
        plm_day_to_ymd(day, &y, &m, &d);
        if (as_of != PLM_DAY_MAX) limit_line(c, s, l, 0, day, y);
        return;
    }
    for (size_t step = 0; step < cap->steps; step++) {
        const plm_caps_step *p = &cap->step[step];
        bool holds = day >= p->from && day <= p->to;
        bool last_step = step + 1 == cap->steps && day > p->to && as_of == PLM_DAY_MAX;
        if (holds || last_step) limit_line(c, s, l, step, holds ? day : p->to, 0);
    }
}

/* owner PLM_NONE: everyone.  one 0: all countries that count. */
static void share_line(plm_caps *c, const plm_caps_cap *cap, uint32_t owner, plm_country one,
                       plm_str holder, lines *l, plm_day day) {
    plm_tpp used = 0, reserved = 0, base = 0;
    const plm_books *b = &c->books;
    bool all = owner == PLM_NONE;
    uint32_t i = all ? 0 : b->owner[owner].first;
    while (all ? i < b->series_n : i != PLM_NONE) {
        const plm_series *s = &b->series[i];
        i = all ? i + 1 : s->next;
        if (s->cap != PLM_SERIES_COMPANY) continue;
        if (one ? s->country == one : plm_cap_counts_in(b, cap, s->country, day)) {
            used += s->used;
            reserved += s->reserved;
        }
        if (!all || cap->base[s->country]) base += s->used + s->reserved;
    }
    plm_tpp limit = base * cap->percent / 100;
    if (one && plm_caps_in_group(b->rules, cap->zero_in, one, day)) limit = 0;
    add_line(l, cap->id, all ? "all" : "company", holder, 0, &limit, used, reserved);
}

static void share_lines(plm_caps *c, size_t at, lines *l, plm_day day) {
    const plm_books *b = &c->books;
    const plm_caps_cap *cap = &b->rules->cap[at];
    if (cap->shape == PLM_CAPS_OF_BASE) {
        share_line(c, cap, PLM_NONE, 0, PLM_STR("CN+MO"), l, day);
        return;
    }
    for (uint32_t o = 0; o < b->owners; o++) {
        const plm_owner *x = &b->owner[o];
        if (!plm_books_bound(b, at, o)) continue;
        if (cap->shape == PLM_CAPS_OUTSIDE) {
            if (!cap->head_office ||
                plm_caps_head_office(b->rules, x->name, day) == cap->head_office)
                share_line(c, cap, o, 0, x->name, l, day);
            continue;
        }
        for (uint32_t i = x->first; i != PLM_NONE; i = b->series[i].next)
            if (b->series[i].n && plm_cap_counts_in(b, cap, b->series[i].country, day))
                share_line(c, cap, o, b->series[i].country, b->series[i].holder, l, day);
    }
}

static int by_account(const void *a, const void *b) {
    const plm_caps_line *x = a, *y = b;
    int c = plm_str_cmp(x->account, y->account);
    return c ? c : plm_str_cmp(x->cap, y->cap);
}

static bool give_lines(plm_caps *c, plm_day as_of, plm_caps_sink sink, void *ctx, plm_fault *f) {
    lines l = {.a = plm_arena_new((size_t)1 << 30)};
    plm_day day = as_of == PLM_DAY_MAX ? c->last : as_of;
    bool ok = l.a != NULL;
    for (size_t i = 0; ok && i < c->books.series_n; i++) {
        const plm_series *s = &c->books.series[i];
        if (!s->n) continue; /* nothing was posted to it up to that day */
        if (s->cap != PLM_SERIES_COMPANY) limit_lines(c, s, &l, as_of);
        else if (!c->books.rules->caps)
            add_line(&l, c->books.rules->name, "company", s->holder, 0, NULL, s->used, s->reserved);
    }
    for (size_t i = 0; ok && i < c->books.rules->caps; i++)
        if (c->books.rules->cap[i].shape > PLM_CAPS_CUMULATIVE) share_lines(c, i, &l, day);
    ok = ok && !l.failed;
    if (!ok) plm_fail(f, PLM_NO_MEMORY, "out of memory");
    if (ok && l.n) qsort(l.v, l.n, sizeof *l.v, by_account);
    for (size_t i = 0; ok && i < l.n; i++) ok = sink(ctx, &l.v[i]);
    plm_mem_free(l.v);
    plm_arena_free(l.a);
    return ok;
}

bool plm_caps_report(plm_caps *c, plm_day as_of, plm_caps_sink sink, void *ctx, plm_fault *f) {
    plm_caps *at = open_books(c->s, c->books.rules, as_of, f);
    if (!at) return false;
    bool ok = plm_store_snapshot(c->s, f) && replay(at, f);
    plm_store_rollback(c->s);
    ok = ok && give_lines(at, as_of, sink, ctx, f);
    plm_caps_close(at);
    return ok;
}
