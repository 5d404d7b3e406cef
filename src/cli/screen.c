/* screen.c: plimsoll screen: a name or a file of queries against a lists directory. */
#include "cli/effects.h"
#include "cli/screen_keep.h"

#include "base/file.h"
#include "base/json.h"
#include "plimsoll/screen.h"
#include "plimsoll/watch.h"

#include <stdio.h>
#include <string.h>

#define LINE_MAX_BYTES (1u << 20)
#define CSV_FIELDS_MAX 32

typedef struct screen_run {
    const char *lists, *watch, *delta, *index, *decisions, *effects_file;
    plm_effects *effects;
    plm_day as_of;
    plm_watch *w;                      /* --delta: old and new lists */
    plm_decisions *log;
    const plm_query *now;              /* the query whose answer is being written */
    const plm_watch_match *changes;
    uint32_t change_n;
    plm_screen_options o;
    bool json, any, bad, tokens;
    bool silent;                       /* the file is read once more, only to be kept */
    screen_keep keep;
    plm_screen *s;
    plm_screener *q;
    plm_arena *arena;
    plm_buf out;
    const char *path;
    plm_str head;                      /* a CSV's first line */
    uint64_t line;
} screen_run;

static int help(void) {
    printf("usage: plimsoll screen --lists DIR [--mode indexed|exhaustive]\n"
           "           [--score plimsoll|ofac] [--threshold X] [--limit 10]\n"
           "           [--as-of DATE] [--effects FILE] [--format text|json]\n"
           "           (NAME | FILE.jsonl | FILE.csv | -)\n\n"
           "Screens a name, or each query of a file, against every list of DIR.  A query line is\n"
           "{\"id\", \"name\", \"type\", \"country\", \"address\", \"birth_date\", \"ids\"};\n"
           "only name or address is needed.  A CSV names its columns in the first line the same\n"
           "way.  Each match names what being on that list means in law, with its citation, and\n"
           "the band per consequence (export, procurement, ...): clear, review or block.\n\n"
           "  --threshold X   0 to 1; default %.2f\n"
           "  --limit N       matches a query, 1 to %d; default %d\n"
           "  --mode          exhaustive compares every entry, without the index: the same answer\n"
           "  --score ofac    as the search of OFAC's own site scores, divided by 100\n"
           "  --as-of DATE    the day the legal effects are asked for; default today\n"
           "  --effects FILE  the legal effects; default rulebooks/us/lists.json\n"
           "  --watch FILE    screen a portfolio of queries; with --delta OLD_DIR only what\n"
           "                  differs between OLD_DIR and DIR, and the queries that it changes\n"
           "  --index FILE    where is kept how a portfolio's names are read, so that --delta\n"
           "                  asks few; default: beside it, FILE.idx; none: nowhere\n"
           "  --decisions LOG mark what a reviewer has decided (plimsoll decide); a match that is\n"
           "                  decided not to be the party doesn't count in the exit status\n"
           "  --tokens        show how each name is read, and screen nothing\n\n"
           "Exit status: 0 no match, 1 some match, 2 error.\n\n"
           "examples:\n"
           "  plimsoll screen --lists lists 'Huawei Technologies'\n"
           "  plimsoll screen --lists lists --format json parties.jsonl\n",
           PLM_SCREEN_THRESHOLD / (double)PLM_SCORE_ONE, PLM_SCREEN_LIMIT_MAX, PLM_SCREEN_LIMIT);
    return 0;
}

/* 0.85 -> 8500; false for anything that is no number from 0 to 1. */
static bool read_threshold(const char *s, int *out) {
    plm_dec d;
    if (!plm_dec_parse(plm_str_c(s), false, &d, NULL)) return false;
    if (d.neg || d.w[1] || d.w[2] || d.w[0] > 1000000000u) return false;
    *out = (int)((d.w[0] + 99999) / 100000);
    return true;
}

static bool read_count(const char *s, uint32_t most, uint32_t *out) {
    plm_dec d;
    if (!plm_dec_parse(plm_str_c(s), false, &d, NULL)) return false;
    if (d.neg || d.w[1] || d.w[2] || d.w[0] % 1000000000u) return false;
    uint64_t v = d.w[0] / 1000000000u;
    if (v < 1 || v > most) return false;
    *out = (uint32_t)v;
    return true;
}

static bool read_kind(plm_str s, plm_entity_kind *out) {
    static const char *const words[] = {"any", "person", "organization", "vessel", "aircraft",
                                        "address"};
    for (int i = 0; i < 6; i++)
        if (plm_str_is(s, words[i])) {
            *out = (plm_entity_kind)i;
            return true;
        }
    return s.n == 0;
}

static bool read_country(plm_str s, plm_country *out) {
    char c[2];
    if (s.n == 0) return true;
    if (s.n != 2) return false;
    for (int i = 0; i < 2; i++) c[i] = plm_upper(s.p[i]);
    *out = plm_country_parse((plm_str){c, 2});
    return *out != 0;
}

/* YYYY, YYYY-MM or YYYY-MM-DD as its first and last day. */
static bool read_birth(plm_str s, plm_query *q) {
    char day[16];
    if (s.n == 0) return true;
    if (s.n != 4 && s.n != 7 && s.n != 10) return false;
    snprintf(day, sizeof day, "%.*s%s", PLM_FMT(s), s.n == 4 ? "-01-01" : s.n == 7 ? "-01" : "");
    if (!plm_day_parse(plm_str_c(day), &q->birth_from)) return false;
    int y, m, d;
    plm_day_to_ymd(q->birth_from, &y, &m, &d);
    if (s.n == 4) q->birth_to = plm_day_from_ymd(y, 12, 31);
    else if (s.n == 7)
        q->birth_to = plm_day_from_ymd(m == 12 ? y + 1 : y, m == 12 ? 1 : m + 1, 1) - 1;
    else q->birth_to = q->birth_from;
    return true;
}

static bool add_id(plm_query *q, plm_str kind, plm_str value, plm_fault *f) {
    if (q->id_n == PLM_QUERY_IDS_MAX)
        return plm_fail(f, PLM_OUT_OF_RANGE, "ids: more than %d", PLM_QUERY_IDS_MAX);
    q->id_kind[q->id_n] = kind;
    q->id_value[q->id_n++] = value;
    return true;
}

static bool read_ids(const plm_json *v, plm_query *q, plm_fault *f) {
    if (!v || plm_json_is_null(v)) return true;
    if (!plm_json_is_obj(v)) return plm_fail(f, PLM_BAD_INPUT, "ids: an object is needed");
    plm_json_pairs(v, it, k, x) {
        if (plm_json_is_str(x) || plm_json_is_num(x)) {
            if (!add_id(q, plm_json_text(k), plm_json_text(x), f)) return false;
        } else if (plm_json_is_arr(x)) {
            plm_json_each(x, in, y) if (!add_id(q, plm_json_text(k), plm_json_text(y), f))
                return false;
        } else {
            return plm_fail(f, PLM_BAD_INPUT, "ids.%.*s: text is needed",
                            PLM_FMT(plm_json_text(k)));
        }
    }
    return true;
}

/* Sets a query's field from text; false with f for a value it can't take. */
static bool set_field(plm_query *q, plm_str key, plm_str v, plm_fault *f) {
    if (plm_str_is(key, "name")) q->name = v;
    else if (plm_str_is(key, "address")) q->address = v;
    else if (plm_str_is(key, "type") && !read_kind(v, &q->kind))
        return plm_fail(f, PLM_BAD_INPUT, "type: '%.*s' is none of person, organization, vessel, "
                        "aircraft, address, any", PLM_FMT(v));
    else if (plm_str_is(key, "country") && !read_country(v, &q->country))
        return plm_fail(f, PLM_BAD_INPUT, "country: '%.*s' is no ISO 3166-1 alpha-2 code",
                        PLM_FMT(v));
    else if (plm_str_is(key, "birth_date") && !read_birth(v, q))
        return plm_fail(f, PLM_BAD_INPUT, "birth_date: '%.*s' is not YYYY, YYYY-MM or YYYY-MM-DD",
                        PLM_FMT(v));
    return true;
}

static plm_query empty_query(void) {
    return (plm_query){.birth_from = PLM_DAY_MIN, .birth_to = PLM_DAY_MIN};
}

static void put_score(plm_jw *w, const char *key, int score, bool sign) {
    char s[24];
    int v = score < 0 ? -score : score;
    snprintf(s, sizeof s, "%s%d.%04d", score < 0 && sign ? "-" : "", v / PLM_SCORE_ONE,
             v % PLM_SCORE_ONE);
    plm_jw_key(w, key);
    plm_jw_raw(w, plm_str_c(s));
}

/* A reviewer's decision about this match that still holds (--decisions), or NULL. */
static const plm_decision *decided(const screen_run *r, const plm_match *m) {
    const plm_list *l;
    if (!r->log) return NULL;
    const plm_entity *e = plm_lists_entity(plm_screen_lists(r->s), m->entity, &l);
    return plm_decisions_find(r->log, r->now, l, e);
}

/* The row of a match, and how sure it is: a reviewer's word goes before the score's. */
static plm_effects_ask law_of(const screen_run *r, const plm_match *m) {
    plm_effects_ask ask = {.match = plm_match_truth(m), .as_of = r->as_of};
    const plm_list *l;
    ask.row = plm_lists_entity(plm_screen_lists(r->s), m->entity, &l);
    ask.list = l;
    const plm_decision *d = decided(r, m);
    if (d) ask.match = d->word == PLM_DECISION_THIS_ONE ? PLM_YES : PLM_NO;
    return ask;
}

static void put_match(screen_run *r, plm_jw *w, const plm_match *m) {
    const plm_list *l;
    const plm_entity *e = plm_lists_entity(plm_screen_lists(r->s), m->entity, &l);
    plm_jw_obj(w);
    plm_jw_kstr(w, "entity", plm_list_text(l, e->id));
    plm_jw_kstr(w, "list", plm_list_text(l, e->list));
    plm_jw_kstr(w, "name", plm_list_text(l, e->name));
    plm_jw_kstr(w, "matched", m->matched);
    put_score(w, "score", m->score, false);
    plm_jw_kcstr(w, "strength", plm_strength_name(m->strength));
    plm_jw_key(w, "explanation");
    plm_jw_arr(w);
    for (uint32_t i = 0; i < m->explain_n; i++) {
        const plm_explain *x = &m->explain[i];
        plm_jw_obj(w);
        plm_jw_kstr(w, "query_token", x->query_token);
        plm_jw_kstr(w, "entity_token", x->entity_token);
        plm_jw_kcstr(w, "kind", x->kind);
        put_score(w, "weight", x->weight, true);
        plm_jw_end_obj(w);
    }
    plm_jw_end_arr(w);
    plm_jw_key(w, "flags");
    plm_jw_arr(w);
    for (uint32_t i = 0; i < m->flag_n; i++) plm_jw_str(w, m->flags[i]);
    const plm_decision *d = decided(r, m);
    if (d) plm_jw_cstr(w, d->word == PLM_DECISION_THIS_ONE ? "decided:this-one"
                                                           : "decided:not-this-one");
    plm_jw_end_arr(w);
    plm_effects_ask ask = law_of(r, m);
    plm_effects_put_json(r->effects, &ask, w->b);
    plm_jw_end_obj(w);
}

/* What the new lists changed for the query (--delta). */
static void put_changes(screen_run *r, plm_jw *w) {
    plm_jw_kcstr(w, "old_edition", plm_watch_edition(r->w, false));
    plm_jw_key(w, "changes");
    plm_jw_arr(w);
    for (uint32_t i = 0; i < r->change_n; i++) {
        const plm_watch_match *c = &r->changes[i];
        plm_jw_obj(w);
        plm_jw_kcstr(w, "change", plm_change_kind_name(c->kind));
        plm_jw_kstr(w, "source", c->source);
        plm_jw_kstr(w, "list", c->list);
        plm_jw_kstr(w, "entity", c->entity);
        plm_jw_kstr(w, "name", c->name);
        if (c->score_old >= 0) put_score(w, "old_score", c->score_old, false);
        if (c->score_new >= 0) put_score(w, "score", c->score_new, false);
        plm_jw_kcstr(w, "strength", plm_strength_name(c->strength));
        plm_jw_end_obj(w);
    }
    plm_jw_end_arr(w);
}

static void put_json(screen_run *r, plm_str id, bool id_raw, const plm_answer *a,
                     const plm_fault *bad) {
    plm_jw w = plm_jw_into(&r->out);
    plm_jw_obj(&w);
    plm_jw_key(&w, "id");
    if (id_raw) plm_jw_raw(&w, id);
    else if (id.p) plm_jw_str(&w, id);
    else plm_jw_null(&w);
    plm_jw_kcstr(&w, "edition", plm_screen_lists(r->s)->edition);
    plm_jw_key(&w, "matches");
    plm_jw_arr(&w);
    for (uint32_t i = 0; a && i < a->n; i++) put_match(r, &w, &a->matches[i]);
    plm_jw_end_arr(&w);
    if (a && a->reason) plm_jw_kcstr(&w, "reason", a->reason);
    if (a && a->mixed_script) plm_jw_kbool(&w, "mixed_script", true);
    if (bad) plm_jw_kcstr(&w, "error", bad->say);
    else if (r->w) put_changes(r, &w);
    plm_jw_end_obj(&w);
    plm_buf_putc(&r->out, '\n');
}

static void put_text(screen_run *r, plm_str name, const plm_answer *a) {
    plm_buf_printf(&r->out, "%.*s: %u match%s%s%s\n", PLM_FMT(name), a->n, a->n == 1 ? "" : "es",
                   a->reason ? ": " : "", a->reason ? a->reason : "");
    if (a->mixed_script)
        plm_buf_puts(&r->out, "  warning: a word of the query mixes letters of two scripts\n");
    for (uint32_t i = 0; i < a->n; i++) {
        const plm_match *m = &a->matches[i];
        const plm_list *l;
        const plm_entity *e = plm_lists_entity(plm_screen_lists(r->s), m->entity, &l);
        plm_buf_printf(&r->out, "  %d.%04d %-6s %.*s  %.*s", m->score / PLM_SCORE_ONE,
                       m->score % PLM_SCORE_ONE, plm_strength_name(m->strength),
                       PLM_FMT(plm_list_text(l, e->list)), PLM_FMT(plm_list_text(l, e->name)));
        if (!plm_str_eq(m->matched, plm_list_text(l, e->name)))
            plm_buf_printf(&r->out, " (as: %.*s)", PLM_FMT(m->matched));
        for (uint32_t j = 0; j < m->flag_n; j++)
            plm_buf_printf(&r->out, " [%.*s]", PLM_FMT(m->flags[j]));
        const plm_decision *d = decided(r, m);
        if (d) plm_buf_printf(&r->out, " [decided: %s]", plm_decision_word_name(d->word));
        if (e->citation.n)
            plm_buf_printf(&r->out, "  %.*s", PLM_FMT(plm_list_text(l, e->citation)));
        plm_buf_putc(&r->out, '\n');
        plm_effects_ask ask = law_of(r, m);
        plm_effects_put_text(r->effects, &ask, "      ", &r->out);
        for (uint32_t j = 0; j < m->explain_n; j++) {
            const plm_explain *x = &m->explain[j];
            plm_buf_printf(&r->out, "      %-22.*s %-22.*s %s\n", PLM_FMT(x->query_token),
                           PLM_FMT(x->entity_token), x->kind);
        }
    }
}

static void put_text_changes(screen_run *r) {
    for (uint32_t i = 0; i < r->change_n; i++) {
        const plm_watch_match *c = &r->changes[i];
        plm_buf_printf(&r->out, "  %s: %.*s %.*s  %.*s\n", plm_change_kind_name(c->kind),
                       PLM_FMT(c->list), PLM_FMT(c->entity), PLM_FMT(c->name));
    }
}

static bool flush_out(screen_run *r) {
    plm_str s = plm_buf_str(&r->out);
    bool ok = !r->out.full && fwrite(s.p, 1, s.n, stdout) == s.n;
    plm_buf_clear(&r->out);
    return ok;
}

/* Reports a query that could not be screened: by line on stderr, and in its place in JSON. */
static void reject(screen_run *r, plm_str id, bool raw, plm_fault *f) {
    if (r->silent) return;
    snprintf(f->where, sizeof f->where, "%s", r->path ? r->path : "");
    f->line = (uint32_t)r->line;
    plm_cli_fault("screen", f);
    if (r->json && r->path) put_json(r, id, raw, NULL, f);
    r->bad = true;
}

static void ask(screen_run *r, plm_str id, bool raw, const plm_query *q) {
    plm_answer a;
    plm_fault f = {0};
    if (r->silent) return;
    if (r->tokens) {
        plm_screen_print_tokens(q->name, &r->out);
        plm_buf_putc(&r->out, '\n');
        return;
    }
    r->now = q;
    if (r->w) {
        bool ok = plm_watch_query(r->w, q, &r->o, &r->changes, &r->change_n, &f);
        if (ok && r->change_n == 0) return; /* as the old lists answered it */
        if (!ok) {
            reject(r, id, raw, &f);
            return;
        }
    }
    if (!plm_screen_query(r->q, q, &r->o, &a, &f)) {
        reject(r, id, raw, &f);
        return;
    }
    r->any = r->any || r->w;
    for (uint32_t i = 0; !r->any && i < a.n; i++) {
        const plm_decision *d = decided(r, &a.matches[i]);
        r->any = !d || d->word == PLM_DECISION_THIS_ONE;
    }
    if (r->json) put_json(r, id, raw, &a, NULL);
    else {
        put_text(r, q->name.n ? q->name : q->address, &a);
        if (r->w) put_text_changes(r);
    }
}

static void ask_json(screen_run *r, plm_str line) {
    plm_fault f = {0};
    plm_doc *d = plm_doc_parse(line, LINE_MAX_BYTES, &f);
    plm_query q = empty_query();
    plm_str id = {NULL, 0};
    bool raw = false, ok = d != NULL;
    const plm_json *v = d ? plm_doc_root(d) : NULL;
    if (ok && !plm_json_is_obj(v))
        ok = plm_fail(&f, PLM_BAD_INPUT, "a query is an object: {\"id\": …, \"name\": …}");
    if (ok) {
        const plm_json *i = plm_json_get(v, "id");
        if (i && (plm_json_is_str(i) || plm_json_is_num(i))) id = plm_json_text(i);
        raw = i && plm_json_is_num(i);
    }
    static const char *const fields[] = {"name", "address", "type", "country", "birth_date"};
    for (int i = 0; ok && i < 5; i++) {
        const plm_json *x = plm_json_get(v, fields[i]);
        if (!x || plm_json_is_null(x)) continue;
        if (!plm_json_is_str(x) && !(i == 4 && plm_json_is_num(x)))
            ok = plm_fail(&f, PLM_BAD_INPUT, "%s: text is needed", fields[i]);
        else
            ok = set_field(&q, plm_str_c(fields[i]), plm_json_text(x), &f);
    }
    ok = ok && read_ids(plm_json_get(v, "ids"), &q, &f);
    if (ok && !plm_str_trim(q.name).n && !plm_str_trim(q.address).n && !q.id_n)
        ok = plm_fail(&f, PLM_BAD_INPUT, "a query needs a name or an address");
    plm_keep_query(&r->keep, ok ? &q : NULL);
    if (ok) ask(r, id, raw, &q);
    else reject(r, id, raw, &f);
    plm_doc_free(d);
}

/* Fields of one CSV line (RFC 4180 without line breaks in quotes), unquoted in place. */
static bool split_csv(plm_buf *line, plm_str *out, uint32_t *n) {
    char *p = line->p, *end = line->p + line->n;
    *n = 0;
    for (;;) {
        char *to = p, *from = p;
        if (*n == CSV_FIELDS_MAX) return false;
        if (p < end && *p == '"') {
            for (p++; p < end && !(*p == '"' && (p + 1 == end || p[1] != '"')); p++) {
                if (*p == '"') p++;
                *to++ = *p;
            }
            if (p == end) return false;
            p++;
            if (p < end && *p != ',') return false;
        } else {
            while (p < end && *p != ',') *to++ = *p++;
        }
        out[(*n)++] = (plm_str){from, (size_t)(to - from)};
        if (p == end) return true;
        p++;
    }
}

static void ask_csv(screen_run *r, const plm_str *head, uint32_t head_n, plm_buf *line) {
    plm_str cell[CSV_FIELDS_MAX], id = {NULL, 0};
    uint32_t n;
    plm_fault f = {0};
    plm_query q = empty_query();
    bool ok = split_csv(line, cell, &n) ||
              plm_fail(&f, PLM_BAD_INPUT, "a quote without its end, or more than %d fields",
                       CSV_FIELDS_MAX);
    if (ok && n != head_n)
        ok = plm_fail(&f, PLM_BAD_INPUT, "%u fields where the first line names %u", n, head_n);
    for (uint32_t i = 0; ok && i < n; i++) {
        if (plm_str_is(head[i], "id")) id = cell[i];
        else if (plm_str_starts(head[i], "ids.") && cell[i].n)
            ok = add_id(&q, (plm_str){head[i].p + 4, head[i].n - 4}, cell[i], &f);
        else ok = set_field(&q, head[i], plm_str_trim(cell[i]), &f);
    }
    plm_keep_query(&r->keep, ok ? &q : NULL);
    if (ok) ask(r, id, false, &q);
    else reject(r, id, false, &f);
}

static bool ends(const char *s, const char *with) {
    size_t n = strlen(s), k = strlen(with);
    return n > k && strcmp(s + n - k, with) == 0;
}

/* Takes a CSV's first line as its columns. */
static bool read_head(screen_run *r, plm_str line, plm_str *head, uint32_t *head_n) {
    plm_fault f = {0};
    if (line.n >= 3 && memcmp(line.p, "\xEF\xBB\xBF", 3) == 0) line.p += 3, line.n -= 3;
    plm_str copy = plm_arena_copy(r->arena, line);
    plm_buf b = {.p = (char *)(uintptr_t)copy.p, .n = copy.n};
    r->head = plm_arena_copy(r->arena, line);
    if (split_csv(&b, head, head_n)) return true;
    plm_fail(&f, PLM_BAD_INPUT, "the first line does not name the columns");
    reject(r, (plm_str){NULL, 0}, false, &f);
    return false;
}

/* Every line of the file; false where it could not be read to its end. */
static bool read_lines(screen_run *r, plm_lines *l, bool csv, bool quick) {
    plm_fault f = {0};
    plm_str head[CSV_FIELDS_MAX];
    uint32_t head_n = 0;
    if (!csv && !r->silent) plm_keep_begin(&r->keep, r->head);
    for (;;) {
        f = (plm_fault){0};
        int got = plm_lines_next(l, &f);
        if (got == 0) return true;
        r->line = l->number;
        plm_str line = plm_buf_str(&l->line);
        if (got < 0) {
            reject(r, (plm_str){NULL, 0}, false, &f);
            if (f.code == PLM_IO) return false;
        } else if (csv && !head_n) {
            if (!read_head(r, line, head, &head_n)) return false;
            if (!r->silent) plm_keep_begin(&r->keep, r->head);
        } else if (csv || plm_str_trim(line).n) {
            if (plm_keep_spares(&r->keep, line)) continue;
            if (csv) ask_csv(r, head, head_n, &l->line);
            else ask_json(r, line);
        }
        if ((quick || r->out.n > 1u << 16) && !flush_out(r)) return false;
        if (quick) fflush(stdout);
    }
}

static int read_file(screen_run *r) {
    plm_lines l;
    plm_fault f = {0};
    bool quick = strcmp(r->path, "-") == 0;
    do {
        if (!plm_lines_open(&l, r->path, LINE_MAX_BYTES, &f)) return plm_cli_fault("screen", &f);
        bool whole = read_lines(r, &l, ends(r->path, ".csv"), quick);
        plm_lines_close(&l);
        r->silent = plm_keep_end(&r->keep, whole, r->head);
    } while (r->silent);
    return r->bad ? PLM_EXIT_ERROR : r->any;
}

/* Where what is kept of a portfolio lies: beside it, unless --index says where. */
static bool place_index(screen_run *r) {
    char path[4096];
    if (!r->watch || strcmp(r->watch, "-") == 0 || (r->index && strcmp(r->index, "none") == 0))
        return true;
    int n = snprintf(path, sizeof path, "%s%s", r->index ? r->index : r->watch,
                     r->index ? "" : ".idx");
    if (n < 0 || (size_t)n >= sizeof path) return true; /* asked without */
    r->keep = (screen_keep){.w = r->w, .o = &r->o,
                            .file = plm_arena_copy(r->arena, (plm_str){path, (size_t)n + 1}).p};
    return r->keep.file;
}

static int options(int argc, char **argv, screen_run *r, const char **what) {
    bool bad = false;
    for (int i = 1; i < argc; i++) {
        const char *v;
        if (strcmp(argv[i], "--help") == 0) return help(), -1;
        if (strcmp(argv[i], "--tokens") == 0) {
            r->tokens = true;
            continue;
        }
        if ((v = plm_cli_value(argc, argv, &i, "--lists", &bad))) r->lists = v;
        else if ((v = plm_cli_value(argc, argv, &i, "--watch", &bad))) r->watch = *what = v;
        else if ((v = plm_cli_value(argc, argv, &i, "--delta", &bad))) r->delta = v;
        else if ((v = plm_cli_value(argc, argv, &i, "--index", &bad))) r->index = v;
        else if ((v = plm_cli_value(argc, argv, &i, "--decisions", &bad))) r->decisions = v;
        else if ((v = plm_cli_value(argc, argv, &i, "--effects", &bad))) r->effects_file = v;
        else if ((v = plm_cli_value(argc, argv, &i, "--as-of", &bad)))
            bad = bad || !plm_day_parse(plm_str_c(v), &r->as_of);
        else if ((v = plm_cli_value(argc, argv, &i, "--mode", &bad))) {
            r->o.exhaustive = strcmp(v, "exhaustive") == 0;
            bad = bad || (!r->o.exhaustive && strcmp(v, "indexed") != 0);
        } else if ((v = plm_cli_value(argc, argv, &i, "--score", &bad))) {
            r->o.scoring = strcmp(v, "ofac") == 0 ? PLM_SCORING_OFAC : PLM_SCORING_OWN;
            bad = bad || (r->o.scoring == PLM_SCORING_OWN && strcmp(v, "plimsoll") != 0);
        } else if ((v = plm_cli_value(argc, argv, &i, "--threshold", &bad))) {
            bad = bad || !read_threshold(v, &r->o.threshold);
        } else if ((v = plm_cli_value(argc, argv, &i, "--limit", &bad))) {
            bad = bad || !read_count(v, PLM_SCREEN_LIMIT_MAX, &r->o.limit);
        } else if ((v = plm_cli_value(argc, argv, &i, "--format", &bad))) {
            r->json = strcmp(v, "json") == 0;
            bad = bad || (!r->json && strcmp(v, "text") != 0);
        } else if (!bad && argv[i][0] == '-' && argv[i][1] == '-' && argv[i][2]) {
            return plm_cli_usage("screen", "unknown option '%s'", argv[i]);
        } else if (!bad && !*what) *what = argv[i];
        else if (!bad) return plm_cli_usage("screen", "one NAME or FILE, not also '%s'", argv[i]);
        if (bad) return plm_cli_usage("screen", "the value of '%s' is missing or not one of those "
                                      "it takes", argv[i]);
    }
    if (!r->lists && !r->tokens) return plm_cli_usage("screen", "--lists DIR is needed");
    if (!*what) return plm_cli_usage("screen", "a NAME, a FILE or - is needed");
    if (r->delta && !r->watch) return plm_cli_usage("screen", "--delta goes with --watch");
    if (r->index && !r->watch) return plm_cli_usage("screen", "--index goes with --watch");
    return 0;
}

int plm_cli_screen(int argc, char **argv) {
    screen_run r = {.o = plm_screen_defaults(), .as_of = plm_day_today()};
    const char *what = NULL;
    plm_fault f = {0};
    int status = options(argc, argv, &r, &what);
    if (status) return status < 0 ? 0 : status;
    r.effects = r.tokens ? NULL : plm_cli_effects("screen", r.effects_file);
    if (!r.effects && !r.tokens) return PLM_EXIT_ERROR;
    plm_buf_init(&r.out, (size_t)256 << 20);
    r.arena = plm_arena_new(1u << 22);
    r.s = r.tokens ? NULL : plm_screen_open(r.lists, &f);
    r.q = r.s ? plm_screener_new(r.s, &f) : NULL;
    if (r.q && r.delta) r.w = plm_watch_open(r.delta, r.lists, false, &f);
    if (r.q && r.decisions) r.log = plm_decisions_open(r.decisions, &f);
    if ((!r.q && !r.tokens) || !r.arena || (r.delta && !r.w) || (r.decisions && !r.log)) {
        status = plm_cli_fault("screen", &f);
    } else if (!place_index(&r)) {
        status = plm_cli_fault("screen", &(plm_fault){.code = PLM_NO_MEMORY, .say = "no memory"});
    } else if (r.watch || strcmp(what, "-") == 0 || ends(what, ".jsonl") || ends(what, ".csv")) {
        r.path = what;
        status = read_file(&r);
    } else {
        plm_query q = empty_query();
        q.name = plm_str_c(what);
        ask(&r, (plm_str){NULL, 0}, false, &q);
        status = r.bad ? PLM_EXIT_ERROR : r.any;
    }
    if (r.out.n && !flush_out(&r)) status = PLM_EXIT_ERROR;
    plm_watch_free(r.w);
    plm_decisions_free(r.log);
    plm_screener_free(r.q);
    plm_screen_free(r.s);
    plm_effects_free(r.effects);
    plm_arena_free(r.arena);
    plm_buf_free(&r.out);
    return status;
}
