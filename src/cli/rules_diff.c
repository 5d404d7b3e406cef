/* rules_diff.c: which cases or items a draft changes, and why. */
#include "cli/book.h"
#include "cli/rules.h"
#include "base/json.h"

#include <stdio.h>
#include <string.h>

#define OUT_MAX (64u << 20)
#define CHANGES_MAX 64

typedef struct side {
    const char *with[WITH_MAX];
    unsigned count;
    plm_book *book;
    plm_desk *desk;
    plm_buf out;
    plm_doc *doc;
} side;

typedef struct diffing {
    side before, after;
    plm_reading reading;
    bool json;
    uint32_t index;
    int status;
} diffing;

static bool open_side(side *s) {
    plm_fault f = {0};
    s->book = plm_cli_load_book("rules", s->with, s->count);
    s->desk = s->book ? plm_desk_new(s->book, &f) : NULL;
    if (s->book && !s->desk) plm_cli_fault("rules", &f);
    plm_buf_init(&s->out, OUT_MAX);
    return s->desk != NULL;
}

static void close_side(side *s) {
    plm_buf_free(&s->out);
    plm_desk_free(s->desk);
    plm_book_free(s->book);
}

static bool answer(side *s, plm_str json, bool is_case, const diffing *d, plm_fault *f) {
    plm_verdict v;
    plm_buf_clear(&s->out);
    s->doc = NULL;
    bool ok = is_case ? plm_desk_review(s->desk, json, &d->reading, &s->out, &v, f)
                      : plm_desk_classify(s->desk, json, &d->reading, d->index, &s->out, f);
    if (ok) s->doc = plm_doc_parse(plm_buf_str(&s->out), OUT_MAX, f);
    return s->doc != NULL;
}

static plm_json *classes_of(const side *s, bool is_case) {
    plm_json *root = plm_doc_root(s->doc);
    if (!is_case) return plm_json_get(root, "classes");
    plm_json *items = plm_json_get(root, "items");
    return yyjson_arr_size(items) ? plm_json_get(yyjson_arr_get_first(items), "classes") : NULL;
}

typedef struct changes {
    char text[CHANGES_MAX][160];
    uint32_t n;
} changes;

static void changed(changes *c, const char *fmt, plm_str a, plm_str x, plm_str y) {
    char text[160];
    snprintf(text, sizeof text, fmt, PLM_FMT(a), PLM_FMT(x), PLM_FMT(y));
    for (uint32_t i = 0; i < c->n; i++)
        if (strcmp(c->text[i], text) == 0) return;
    if (c->n < CHANGES_MAX) snprintf(c->text[c->n++], sizeof *c->text, "%s", text);
}

static plm_str or_false(plm_str s) { return s.n ? s : PLM_STR("false"); }

static void compare_classes(changes *c, plm_json *was, plm_json *is) {
    plm_json *from[2] = {was, is}, *to[2] = {is, was};
    for (int x = 0; x < 2; x++) {
        plm_json_pairs(from[x], it, k, v) {
            char name[128];
            plm_str key = plm_json_text(k);
            snprintf(name, sizeof name, "%.*s", PLM_FMT(key));
            plm_str other = or_false(plm_json_text(plm_json_get(to[x], name)));
            plm_str own = or_false(plm_json_text(v));
            if (plm_str_eq(own, other)) continue;
            changed(c, "rule %.*s: %.*s to %.*s", key, x ? other : own, x ? own : other);
        }
    }
}

static plm_str truth_of(plm_json *list, plm_str rule) {
    plm_json_each(list, it, d)
        if (plm_str_eq(plm_json_text(plm_json_get(d, "rule")), rule))
            return plm_json_text(plm_json_get(d, "truth"));
    return PLM_STR("false");
}

static void compare_rules(changes *c, plm_json *was, plm_json *is) {
    plm_json *a = plm_json_get(was, "determinations"), *b = plm_json_get(is, "determinations");
    plm_json *lists[2] = {a, b};
    for (int side_no = 0; side_no < 2; side_no++) {
        plm_json_each(lists[side_no], it, d) {
            plm_str rule = plm_json_text(plm_json_get(d, "rule"));
            plm_str x = truth_of(a, rule), y = truth_of(b, rule);
            if (!plm_str_eq(x, y)) changed(c, "rule %.*s: %.*s to %.*s", rule, x, y);
        }
    }
}

static void put_side(plm_jw *w, const char *key, const side *s, bool is_case) {
    plm_jw_key(w, key);
    plm_jw_obj(w);
    plm_jw_key(w, "verdict");
    if (is_case) plm_jw_str(w, plm_json_text(plm_json_get(plm_doc_root(s->doc), "verdict")));
    else plm_jw_null(w);
    plm_jw_key(w, "classes");
    plm_jw_obj(w);
    plm_json_pairs(classes_of(s, is_case), it, k, v) {
        char name[128];
        snprintf(name, sizeof name, "%.*s", PLM_FMT(plm_json_text(k)));
        plm_jw_kstr(w, name, plm_json_text(v));
    }
    plm_jw_end_obj(w);
    plm_jw_end_obj(w);
}

static void print_change(diffing *d, plm_json *root, bool is_case, const changes *c) {
    plm_buf b;
    plm_buf_init(&b, OUT_MAX);
    plm_jw w = plm_jw_into(&b);
    plm_json *id = plm_json_get(root, is_case ? "id" : "part");
    plm_jw_obj(&w);
    plm_jw_key(&w, "id");
    if (id && plm_json_text(id).n) plm_jw_str(&w, plm_json_text(id));
    else plm_jw_int(&w, d->index);
    put_side(&w, "before", &d->before, is_case);
    put_side(&w, "after", &d->after, is_case);
    plm_jw_key(&w, "because");
    plm_jw_arr(&w);
    for (uint32_t i = 0; i < c->n; i++) plm_jw_cstr(&w, c->text[i]);
    plm_jw_end_arr(&w);
    plm_jw_end_obj(&w);
    if (d->json) {
        printf("%.*s\n", PLM_FMT(plm_buf_str(&b)));
    } else {
        plm_str x = plm_json_text(plm_json_get(plm_doc_root(d->before.doc), "verdict"));
        plm_str y = plm_json_text(plm_json_get(plm_doc_root(d->after.doc), "verdict"));
        printf("%.*s:", PLM_FMT(plm_json_text(id)));
        if (is_case) printf(" %.*s to %.*s", PLM_FMT(x), PLM_FMT(y));
        printf("\n");
        for (uint32_t i = 0; i < c->n; i++) printf("  %s\n", c->text[i]);
    }
    plm_buf_free(&b);
}

static void one(void *ctx, plm_str json, const char *file, uint64_t line) {
    diffing *d = ctx;
    plm_fault f = {0};
    plm_doc *in = plm_doc_parse(json, 0, &f);
    bool is_case = in && plm_json_get(plm_doc_root(in), "transaction");
    bool ok = in && answer(&d->before, json, is_case, d, &f) &&
              answer(&d->after, json, is_case, d, &f);
    if (!ok) {
        d->status = plm_cli_case_fault("rules", file, line, &f);
    } else {
        plm_json *x = plm_doc_root(d->before.doc), *y = plm_doc_root(d->after.doc);
        changes c = {.n = 0};
        compare_classes(&c, classes_of(&d->before, is_case), classes_of(&d->after, is_case));
        compare_rules(&c, x, y);
        bool verdict = !plm_str_eq(plm_json_text(plm_json_get(x, "verdict")),
                                   plm_json_text(plm_json_get(y, "verdict")));
        if (verdict || c.n) {
            print_change(d, plm_doc_root(in), is_case, &c);
            if (!d->status) d->status = 1;
        }
    }
    if (in) {
        plm_doc_free(d->before.doc);
        plm_doc_free(d->after.doc);
        d->before.doc = d->after.doc = NULL;
    }
    plm_doc_free(in);
    d->index++;
}

static int parse(diffing *d, int argc, char **argv, const char **over) {
    book_options o = {0};
    for (int i = 0; i < argc; i++) {
        bool bad = false;
        const char *v;
        if ((v = plm_cli_value(argc, argv, &i, "--against", &bad))) {
            if (d->before.count == WITH_MAX) return plm_cli_usage("rules", "too many --against");
            d->before.with[d->before.count++] = v;
            continue;
        }
        if ((v = plm_cli_value(argc, argv, &i, "--over", &bad))) {
            *over = v;
            continue;
        }
        int k = bad ? 0 : plm_cli_book_option("rules", argc, argv, &i, &o);
        if (k < 0) return PLM_EXIT_ERROR;
        if (k == 0) return plm_cli_usage("rules", "diff: '%s' is not understood", argv[i]);
    }
    memcpy(d->after.with, o.with, sizeof o.with);
    d->after.count = o.with_count;
    d->reading = o.reading;
    d->json = o.json;
    return *over ? 0 : plm_cli_usage("rules", "diff needs --over FILE.jsonl");
}

int plm_cli_rules_diff(int argc, char **argv) {
    diffing *d = plm_mem_resize(NULL, sizeof *d);
    const char *over = NULL;
    if (!d) return plm_cli_usage("rules", "out of memory");
    memset(d, 0, sizeof *d);
    int status = parse(d, argc, argv, &over);
    if (status == 0) {
        d->reading.today = plm_day_today();
        if (!open_side(&d->before) || !open_side(&d->after)) status = PLM_EXIT_ERROR;
        else if (!plm_cli_each_case("rules", over, one, d)) status = PLM_EXIT_ERROR;
        else status = d->status;
        close_side(&d->before);
        close_side(&d->after);
    }
    plm_mem_free(d);
    return status;
}
