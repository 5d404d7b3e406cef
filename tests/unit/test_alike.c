/* What a desk remembers against a desk that remembers nothing: the same bytes for every case of a
 * shuffled stream in which parts, parties and facts come again, are struck out, changed by a little
 * or put elsewhere, on days around the law's own; and for every item that is classified. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/file.h"
#include "base/json.h"
#include "plimsoll/alike.h"
#include "plimsoll/decide.h"

#define ROUNDS 1500
#define CASES_MAX 400
#define MEMBERS_MAX 600
#define MEMO_BYTES (1u << 19) /* so small that much is forgotten on the way */

static uint64_t seed = 3;

static uint32_t rnd(uint32_t n) {
    seed = seed * 6364136223846793005ull + 1442695040888963407ull;
    return (uint32_t)(seed >> 33) % n;
}

static plm_str cases[CASES_MAX];
static uint32_t case_count;
static plm_buf points;

/* The points of law that the project tests, and no other data. */
static int read_cases(void **state) {
    (void)state;
    plm_fault f = {0};
    plm_buf_init(&points, 4u << 20);
    if (!plm_file_read("tests/cases/law_points.jsonl", &points, &f)) return -1;
    for (char *p = points.p, *end = p + points.n; p < end && case_count < CASES_MAX;) {
        char *nl = memchr(p, '\n', (size_t)(end - p));
        size_t n = (size_t)((nl ? nl : end) - p);
        if (n) cases[case_count++] = (plm_str){p, n};
        p += n + 1;
    }
    return case_count ? 0 : -1;
}

static int free_cases(void **state) {
    (void)state;
    plm_buf_free(&points);
    return 0;
}

typedef struct member { /* of an object, or (key NULL) of an array */
    yyjson_mut_val *of, *key, *value;
} member;

/* Every member of the value, at any depth. */
static uint32_t list(yyjson_mut_val *v, member *out, uint32_t n) {
    yyjson_mut_val *k, *m;
    if (yyjson_mut_is_obj(v)) {
        yyjson_mut_obj_iter it = yyjson_mut_obj_iter_with(v);
        while ((k = yyjson_mut_obj_iter_next(&it))) {
            m = yyjson_mut_obj_iter_get_val(k);
            if (n < MEMBERS_MAX) out[n++] = (member){v, k, m};
            n = list(m, out, n);
        }
    } else if (yyjson_mut_is_arr(v)) {
        yyjson_mut_arr_iter it = yyjson_mut_arr_iter_with(v);
        while ((m = yyjson_mut_arr_iter_next(&it))) n = list(m, out, n);
    }
    return n;
}

/* Another value of the same sort, of few, so that cases come to be alike again. */
static void change(const member *m) {
    static const char *const names[] = {"Haihe Cloud Technology Co Ltd", "Ministry of Works",
                                        "Microsoft Corporation", "MICROSOFT corporation!", "X"};
    static const char *const places[] = {"CN", "MY", "US", "AE", "MO", "DE"};
    static const char *const parts[] = {"H200 SXM", "H20", "X1", "A100", "B200"};
    static const char *const sizes[] = {"4800", "4799.999", "1600", "2400.5", "8"};
    const char *k = yyjson_mut_get_str(m->key);
    uint32_t i = rnd(5);
    if (yyjson_mut_is_bool(m->value)) yyjson_mut_set_bool(m->value, rnd(2));
    else if (strcmp(k, "name") == 0) yyjson_mut_set_str(m->value, names[i]);
    else if (strcmp(k, "part") == 0) yyjson_mut_set_str(m->value, parts[i]);
    else if (strcmp(k, "to") == 0 || strcmp(k, "headquarters") == 0)
        yyjson_mut_set_str(m->value, places[i]);
    else if (yyjson_mut_is_num(m->value)) yyjson_mut_set_int(m->value, (int)i * 1600);
    else if (strcmp(k, "tpp") == 0) yyjson_mut_set_str(m->value, sizes[i]);
    else yyjson_mut_obj_remove(m->of, m->key);
}

/* The case of that line with a few of its members struck out or changed; free with free. */
static char *changed(plm_str line, size_t *n) {
    yyjson_doc *r = yyjson_read(line.p, line.n, 0);
    yyjson_mut_doc *d = yyjson_mut_doc_new(NULL);
    yyjson_mut_val *root = yyjson_val_mut_copy(d, yyjson_obj_get(yyjson_doc_get_root(r), "case"));
    static member all[MEMBERS_MAX];
    yyjson_mut_doc_set_root(d, root);
    for (uint32_t k = rnd(4); k > 0; k--) {
        uint32_t count = list(root, all, 0);
        if (!count) break;
        const member *m = &all[rnd(count)];
        if (rnd(3)) change(m);
        else yyjson_mut_obj_remove(m->of, m->key);
    }
    char *text = yyjson_mut_write(d, 0, n);
    yyjson_mut_doc_free(d);
    yyjson_doc_free(r);
    return text;
}

typedef struct twins {
    plm_book *b;
    plm_desk *d[2];
    plm_buf out[2];
} twins;

static void start(twins *t, const char *draft) {
    const char *paths[] = {"rulebooks/us/ear", draft};
    plm_fault f = {0};
    t->b = plm_book_load(paths, draft ? 2 : 1, &f);
    if (!t->b) fail_msg("%s %s", f.where, f.say);
    for (int i = 0; i < 2; i++) {
        t->d[i] = plm_desk_new(t->b, &f);
        assert_non_null(t->d[i]);
        plm_buf_init(&t->out[i], 8u << 20);
    }
    plm_desk_remember(t->d[0], 0);
    plm_desk_remember(t->d[1], MEMO_BYTES);
}

static void stop(twins *t) {
    for (int i = 0; i < 2; i++) {
        plm_desk_free(t->d[i]);
        plm_buf_free(&t->out[i]);
    }
    plm_book_free(t->b);
}

static void reviewed_alike(twins *t, plm_str json, const plm_reading *r) {
    plm_verdict v[2] = {0};
    plm_fault f[2] = {{0}};
    bool ok[2];
    for (int i = 0; i < 2; i++) {
        plm_buf_clear(&t->out[i]);
        ok[i] = plm_desk_review(t->d[i], json, r, &t->out[i], &v[i], &f[i]);
    }
    plm_str a = plm_buf_str(&t->out[0]), b = plm_buf_str(&t->out[1]);
    if (ok[0] != ok[1] || v[0] != v[1] || !plm_str_eq(a, b) || strcmp(f[0].say, f[1].say) != 0)
        fail_msg("%.*s\nfound anew:\n%.*s\nremembered:\n%.*s", PLM_FMT(json), PLM_FMT(a),
                 PLM_FMT(b));
}

static void stream(const char *draft, uint32_t rounds) {
    twins t;
    plm_reading r = {.today = plm_day_from_ymd(2026, 11, 24)};
    start(&t, draft);
    for (uint32_t i = 0; i < rounds; i++) {
        size_t n;
        char *text = changed(cases[rnd(rnd(2) ? 12 : case_count)], &n);
        assert_non_null(text);
        r.has_as_of = rnd(3) == 0;
        r.as_of = plm_day_from_ymd(2022, 10, 7) + (plm_day)rnd(1500);
        r.has_mode = rnd(5) == 0;
        r.codified = rnd(2) == 0;
        reviewed_alike(&t, (plm_str){text, n}, &r);
        free(text);
    }
    stop(&t);
}

static void cases_of_the_law(void **state) {
    (void)state;
    stream(NULL, ROUNDS);
}

static void cases_with_a_draft(void **state) {
    (void)state;
    stream("rulebooks/drafts/s3374.rules", ROUNDS / 4);
}

static void items(void **state) {
    (void)state;
    static const char *const facts[] = {"\"tpp\":4800", "\"tpp\":1600,\"die_area_mm2\":500",
                                        "\"datacenter\":false,\"tpp\":2400", "\"form\":\"ic\""};
    twins t;
    plm_reading r = {.today = plm_day_from_ymd(2026, 11, 24)};
    start(&t, NULL);
    for (uint32_t i = 0; i < ROUNDS; i++) {
        char json[256];
        plm_fault f = {0};
        int n = snprintf(json, sizeof json, "{\"part\":\"X%u\",%s\"facts\":{%s}}", rnd(3),
                         rnd(2) ? "\"eccn\":\"EAR99\"," : "", facts[rnd(4)]);
        for (int k = 0; k < 2; k++) {
            plm_buf_clear(&t.out[k]);
            assert_true(plm_desk_classify(t.d[k], (plm_str){json, (size_t)n}, &r, i, &t.out[k],
                                          &f));
        }
        assert_true(plm_str_eq(plm_buf_str(&t.out[0]), plm_buf_str(&t.out[1])));
    }
    stop(&t);
}

/* Parties that are given with nothing, and parties that are left out, are asked for otherwise. */
static void parties_left_out(void **state) {
    (void)state;
#define DEAL "{\"transaction\":{\"kind\":\"export\",\"from\":\"US\",\"to\":\"MY\","
#define EXPORTER "\"parties\":[{\"role\":\"exporter\"}"
    static const char *const said[] = {
        DEAL "\"items\":[{\"part\":\"H200 SXM\"}]," EXPORTER
             ",{\"role\":\"end_user\"},{\"role\":\"ultimate_consignee\"}]}}",
        DEAL "\"items\":[{\"part\":\"H200 SXM\"}]," EXPORTER ",{\"role\":\"end_user\"}]}}",
        DEAL "\"items\":[{\"part\":\"H200 SXM\"}]," EXPORTER "]}}",
        DEAL "\"items\":[]," EXPORTER "]}}", DEAL "\"items\":[{}]," EXPORTER "]}}"};
    twins t;
    plm_reading r = {.today = plm_day_from_ymd(2026, 11, 24)};
    start(&t, NULL);
    for (uint32_t i = 0; i < 40; i++) reviewed_alike(&t, plm_str_c(said[i * i % 5]), &r);
    stop(&t);
}

typedef struct one_case { /* a world of one item, its part and a party, to be changed */
    plm_view *v;
    plm_facts *w;
    uint32_t name, tpp, quantity, eccn, to;
} one_case;

enum { AS_IT_IS, OTHER_NAME, OTHER_QUANTITY, LISTED_NAME, OTHER_NUMBER, WIDER, OTHER_CODE,
       OTHER_PLACE, NOT_WITHIN, MORE_WITHIN, OTHER_PARTY, OTHERS };

/* The facts as bytes, with one thing otherwise. */
static plm_buf bytes_of(one_case *c, int otherwise) {
    plm_buf b;
    plm_iv n = plm_iv_point(plm_dec_int(otherwise == OTHER_NUMBER ? 4801 : 4800));
    if (otherwise == WIDER) n.no_hi = true;
    plm_facts_reset(c->w, c->v, 2, otherwise == OTHER_PARTY ? 2 : 1);
    plm_facts_place_item(c->w, 0, -1, otherwise == MORE_WITHIN);
    plm_facts_place_item(c->w, 1, otherwise == NOT_WITHIN ? -1 : 0, false);
    plm_facts_number(c->w, c->tpp, 1, n);
    plm_facts_code(c->w, c->eccn, 0, otherwise == OTHER_CODE ? PLM_STR("3A991.p")
                                                              : PLM_STR("3A991"));
    plm_facts_country(c->w, c->to, 0, plm_country_parse(otherwise == OTHER_PLACE ? PLM_STR("CN")
                                                                                 : PLM_STR("MY")));
    plm_facts_text(c->w, c->name, 0, otherwise == OTHER_NAME    ? PLM_STR("Another Name")
                                     : otherwise == LISTED_NAME ? PLM_STR("Microsoft corporation")
                                                                : PLM_STR("A Name"));
    plm_buf_init(&b, 1 << 16);
    plm_facts_number(c->w, c->quantity, 0,
                     plm_iv_point(plm_dec_int(otherwise == OTHER_QUANTITY ? 9 : 8)));
    plm_facts_put(c->w, &b);
    assert_false(b.full);
    return b;
}

static void quantities_told_apart(one_case *c) {
    plm_buf b[3];
    for (int i = 0; i < 3; i++) {
        b[i] = bytes_of(c, i == 2 ? OTHER_QUANTITY : AS_IT_IS);
        assert_false(plm_facts_totalled(c->w));
        plm_facts_put_totals(c->w, &b[i]);
    }
    assert_true(plm_str_eq(plm_buf_str(&b[0]), plm_buf_str(&b[1])));
    assert_false(plm_str_eq(plm_buf_str(&b[0]), plm_buf_str(&b[2])));
    for (int i = 0; i < 3; i++) plm_buf_free(&b[i]);
}

/* Everything that a rule can tell apart is in the bytes, and a name that no list has is not; what
 * only totals read is in the longer ones. */
static void facts_told_apart(void **state) {
    (void)state;
    const char *paths[] = {"rulebooks/us/ear"};
    plm_fault f = {0};
    plm_book *b = plm_book_load(paths, 1, &f);
    assert_non_null(b);
    plm_day day = plm_day_from_ymd(2026, 8, 15);
    one_case c = {.v = plm_view_new(b, day, day, false), .w = plm_facts_new(b),
                  .name = plm_book_fact_find(b, "party-name"),
                  .tpp = plm_book_fact_find(b, "tpp"),
                  .quantity = plm_book_fact_find(b, "quantity"),
                  .eccn = plm_book_fact_find(b, "eccn"),
                  .to = plm_book_fact_find(b, "to")};
    plm_buf as_it_is = bytes_of(&c, AS_IT_IS);
    for (int i = 0; i < OTHERS; i++) {
        plm_buf other = bytes_of(&c, i);
        bool same = plm_str_eq(plm_buf_str(&as_it_is), plm_buf_str(&other));
        if (same != (i <= OTHER_QUANTITY)) fail_msg("case %d", i);
        plm_buf_free(&other);
    }
    plm_buf_free(&as_it_is);
    quantities_told_apart(&c);
    plm_facts_free(c.w);
    plm_view_free(c.v);
    plm_book_free(b);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(cases_of_the_law),
                                       cmocka_unit_test(cases_with_a_draft),
                                       cmocka_unit_test(items),
                                       cmocka_unit_test(parties_left_out),
                                       cmocka_unit_test(facts_told_apart)};
    return cmocka_run_group_tests(tests, read_cases, free_cases);
}
