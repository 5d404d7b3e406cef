/* The screen: index answer == exhaustive answer on random queries; spellings, numbers, addresses.
 * PLIMSOLL_LONG=N asks N random queries instead of the usual 40,000 (60,000 more:
 * tests/cases/test_screen). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"
#include "plimsoll/screen.h"
#include "screen/index.h"

static const char *const words[] = {
    "Vladimir", "Mohammad", "Abdul Rahman", "Abdullah", "Yuri", "Nikolaevich", "Ivanov", "Petrenko",
    "Huawei", "Technologies", "Technology", "Trading", "Co., Ltd.", "LLC", "OOO", "Joint Stock Company",
    "Zavod", "Plant", "Beijing", "Moscow", "Quantum", "Dobycha", "Al-Sayyed", "bin", "Kim", "Jong",
    "Chol", "Hyok", "Li", "Wei", "Zhang", "Xiao", "A.", "J.-C.", "14", "38th", "No. 7", "Haqqani",
    "Salahuddin", "Noor", "Maria", "Garcia", "de la", "Fernandez", "Global", "Shipping", "Brigade",
    "Forty-four", "Institute of", "Physics", "Microelectronics", "محمد", "حسين", "علیرضا", "شرکت",
    "Иван", "Сергей", "Завод", "Общество", "김정은", "박", "철수", "北京", "科技有限公司", "张", "伟",
    "Yiu", "Yi", "Yu", "Ao", "Eui", "RN", "JC", "Jean Claude", "Good Will",
    "Goodwill", "Trans", "Neft", "Oil", "Gas", "Star", "Ocean", "Kowloon", "Mikhail",
    "Shenzhen Branch", "Northwestern", "Northeast", "Res.", "Dev.", "National", "University of",
};
#define WORDS (sizeof words / sizeof *words)
#define ENTITIES 80

static uint64_t seed = 88172645463325252u;

static uint32_t roll(uint32_t n) {
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (uint32_t)(seed >> 33) % n;
}

/* In brackets at the end: the first letters of the words, or a word. */
static size_t random_brackets(char *out, size_t n) {
    size_t from = n;
    out[n++] = ' ', out[n++] = '(';
    if (roll(2)) {
        for (size_t i = 0; i < from && n < from + 10; i++)
            if ((i == 0 || out[i - 1] == ' ') && out[i] >= 'A' && out[i] <= 'Z') out[n++] = out[i];
    } else {
        const char *w = words[roll(WORDS)];
        memcpy(out + n, w, strlen(w));
        n += strlen(w);
    }
    out[n++] = ')';
    return n;
}

static size_t random_name(char *out, size_t cap) {
    size_t n = 0, parts = 1 + roll(5);
    for (size_t i = 0; i < parts; i++) {
        const char *w = words[roll(WORDS)];
        size_t k = strlen(w);
        if (n + k + 12 > cap) break;
        if (n) out[n++] = ' ';
        memcpy(out + n, w, k);
        n += k;
        if (roll(4) == 0) { /* a name of no lexicon */
            out[n++] = ' ';
            for (uint32_t j = 3 + roll(6); j; j--) out[n++] = "abdeghiklmnorstuvyz"[roll(19)];
        }
    }
    if (n + 40 < cap && roll(8) == 0) n = random_brackets(out, n);
    out[n] = 0;
    return n;
}

/* One random edit of ASCII letters, a dropped or moved word. */
static size_t distort(char *s, size_t n) {
    for (uint32_t k = roll(3); k && n > 4; k--) {
        size_t i = roll((uint32_t)n - 1);
        if ((s[i] & 0x80) || (s[i + 1] & 0x80)) continue;
        char t = s[i];
        switch (roll(4)) {
        case 0: s[i] = (char)('a' + roll(26)); break;
        case 1: s[i] = s[i + 1], s[i + 1] = t; break;
        case 2: memmove(s + i, s + i + 1, n - i); n--; break;
        default: {
            char *sp = memchr(s, ' ', n);
            if (sp && (size_t)(sp - s) < n - 1) {
                size_t off = (size_t)(sp - s) + 1;
                memmove(s, s + off, n - off + 1);
                n -= off;
            }
        }
        }
    }
    s[n] = 0;
    return n;
}

static plm_list *random_list(void) {
    plm_fault f = {0};
    char name[256];
    plm_list *l = plm_list_new(PLM_STR("random"), PLM_STR("2026-01-01"));
    for (int i = 0; i < ENTITIES; i++) {
        char id[16];
        snprintf(id, sizeof id, "e%d", i);
        size_t n = random_name(name, sizeof name);
        if (!plm_list_add_entity(l, plm_str_c(id), PLM_STR("test"), (plm_str){name, n},
                                 (plm_entity_kind)roll(4), &f))
            fail_msg("%s", f.say);
        for (uint32_t j = roll(3); j; j--) {
            n = random_name(name, sizeof name);
            plm_list_add_name(l, (plm_str){name, n}, roll(5) ? PLM_NAME_ALIAS : PLM_NAME_WEAK, &f);
        }
        if (roll(3) == 0) plm_list_add_country(l, plm_country_parse(PLM_STR("RU")), &f);
        if (roll(4) == 0)
            plm_list_add_birth(l, (plm_day)roll(9000), (plm_day)(9000 + roll(300)), &f);
        if (roll(5) == 0) plm_list_add_id(l, PLM_STR("passport"), plm_str_c(id), &f);
    }
    return l;
}

static void same_answer(const plm_answer *a, const plm_answer *b, const char *query) {
    if (a->n != b->n) fail_msg("'%s': %u matches by index, %u exhaustively", query, a->n, b->n);
    for (uint32_t i = 0; i < a->n; i++) {
        const plm_match *x = &a->matches[i], *y = &b->matches[i];
        if (x->entity != y->entity || x->score != y->score || x->strength != y->strength ||
            x->explain_n != y->explain_n || !plm_str_eq(x->matched, y->matched))
            fail_msg("'%s': match %u differs: %d and %d", query, i, x->score, y->score);
        for (uint32_t j = 0; j < x->explain_n; j++)
            assert_string_equal(x->explain[j].kind, y->explain[j].kind);
    }
}

static void the_index_misses_nothing(void **state) {
    (void)state;
    plm_fault f = {0};
    const char *more = getenv("PLIMSOLL_LONG");
    long total = more ? strtol(more, NULL, 10) : 40000;
    char name[256];
    while (total > 0) {
        plm_list *l = random_list();
        plm_lists *s = plm_lists_of(&l, 1, &f);
        plm_screen *x = plm_screen_of(s, &f);
        plm_screener *a = plm_screener_new(x, &f), *b = plm_screener_new(x, &f);
        assert_non_null(b);
        for (int i = 0; i < 2500 && total > 0; i++, total--) {
            size_t n;
            if (roll(3)) {
                plm_str t = plm_list_text(l, l->names[roll(l->name_n)].text);
                n = t.n < 200 ? t.n : 0;
                memcpy(name, t.p, n);
                name[n] = 0;
                n = distort(name, n);
            } else {
                n = random_name(name, sizeof name);
            }
            plm_query q = {.name = {name, n}, .kind = (plm_entity_kind)roll(4),
                           .birth_from = PLM_DAY_MIN, .birth_to = PLM_DAY_MIN};
            if (roll(4) == 0) q.country = plm_country_parse(PLM_STR("RU"));
            if (roll(5) == 0) q.birth_from = 8000, q.birth_to = 8365;
            plm_screen_options o = plm_screen_defaults(), e;
            o.threshold = 3000 + (int)roll(7000);
            o.limit = 1 + roll(20);
            e = o;
            e.exhaustive = true;
            plm_answer p, r;
            bool ok = plm_screen_query(a, &q, &o, &p, NULL);
            assert_true(ok == plm_screen_query(b, &q, &e, &r, NULL));
            if (ok) same_answer(&p, &r, name);
        }
        plm_screener_free(a);
        plm_screener_free(b);
        plm_screen_free(x);
        plm_lists_free(s);
        plm_list_free(l);
        if (more && (total % 500000 < 2500)) print_message("%ld queries are left\n", total);
    }
}

/* The best score of query against one name; 0 below the default threshold. */
static int ask(const char *listed, const char *query, plm_entity_kind kind, const char **kinds) {
    plm_fault f = {0};
    plm_list *l = plm_list_new(PLM_STR("one"), PLM_STR(""));
    assert_true(plm_list_add_entity(l, PLM_STR("1"), PLM_STR("t"), plm_str_c(listed), kind, &f));
    plm_lists *s = plm_lists_of(&l, 1, &f);
    plm_screen *x = plm_screen_of(s, &f);
    plm_screener *q = plm_screener_new(x, &f);
    plm_query w = {.name = plm_str_c(query), .kind = kind, .birth_from = PLM_DAY_MIN,
                   .birth_to = PLM_DAY_MIN};
    plm_screen_options o = plm_screen_defaults();
    plm_answer a;
    if (!plm_screen_query(q, &w, &o, &a, &f)) fail_msg("%s: %s", query, f.say);
    int score = a.n ? a.matches[0].score : 0;
    if (kinds) *kinds = a.reason;
    plm_screener_free(q);
    plm_screen_free(x);
    plm_lists_free(s);
    plm_list_free(l);
    return score;
}

static void spellings_of_one_name_alert(void **state) {
    (void)state;
    static const char *const pairs[][2] = {
        {"Muammar Qaddafi", "Moammar Gaddafi"}, {"Abd al-Rahman Yasin", "ABDURRAHMAN YASEEN"},
        {"Sergey Lavrov", "Сергей ЛАВРОВ"},     {"Volodymyr Zelenskyy", "Wolodymyr Zelensky"},
        {"Hassan Nasrallah", "حسن نصر الله"},   {"Tsinghua University", "清华大学"},
        {"Gazprom Neft OAO", "ПАО Газпром Нефть"}, {"Brigade 44", "Brigade Forty-Four"},
        {"Good Will Company", "Goodwill Co."},  {"Siemens Aktiengesellschaft", "Siemens AG"},
        {"Harbin Engineering University", "哈尔滨工程大学"}, {"KIM Jong Un", "Kim Jong-un"},
        {"PAK Jong-chon", "PAK Jon-gchon"},     {"OJSC UNITED COMPANY", "United Company OJSC"},
    };
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++)
        if (!ask(pairs[i][0], pairs[i][1], PLM_ENTITY_UNKNOWN, NULL))
            fail_msg("%s is not found by %s", pairs[i][0], pairs[i][1]);
}

static void other_names_do_not_alert(void **state) {
    (void)state;
    static const char *const pairs[][2] = {
        {"38th Research Institute", "48th Research Institute"},
        {"No. 14 Plant", "No. 41 Plant"},
        {"Government of Estonia", "Government of Ethiopia"},
        {"Roman Abramovich", "Boris Abramovich"},
        {"Bank of China (Hong Kong) Limited", "Bank of China (Australia) Limited"},
        {"OJSC UNITED COMPANY", "United Company Ltd"},
    };
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        int s = ask(pairs[i][0], pairs[i][1], PLM_ENTITY_UNKNOWN, NULL);
        if (s) fail_msg("%s alerts on %s with %d", pairs[i][1], pairs[i][0], s);
    }
    assert_int_equal(ask("BOR, Benjamin", "Ben de Boer", PLM_ENTITY_PERSON, NULL), 0);
    assert_int_equal(ask("NAWA'EE, Ali", "نوف آل علي", PLM_ENTITY_PERSON, NULL), 0);
}

static void a_common_word_alone_never_alerts(void **state) {
    (void)state;
    const char *reason = NULL;
    assert_int_equal(ask("Crystal Trading", "Trading", PLM_ENTITY_UNKNOWN, &reason), 0);
    assert_string_equal(reason, "only common words");
    assert_int_equal(ask("Trading", "Trade", PLM_ENTITY_UNKNOWN, &reason), 0);
    assert_int_equal(ask("Joint Stock Company", "Joint Stock Company", 0, &reason), 0);
    assert_int_equal(ask("PASDARAN", "Pasdaran", 0, NULL), PLM_SCORE_ONE); /* listed so */
    assert_int_equal(ask("A & C Trade, Inc.", "A & C Trade, Inc.", 0, NULL), PLM_SCORE_ONE);
    assert_int_equal(ask("Huawei Technologies", "Technologies Ltd", 0, &reason), 0);
    assert_string_equal(reason, "only common words");
}

static void nothing_to_compare_is_an_error(void **state) {
    (void)state;
    plm_fault f = {0};
    plm_list *l = plm_list_new(PLM_STR("one"), PLM_STR(""));
    plm_list_add_entity(l, PLM_STR("1"), PLM_STR("t"), PLM_STR("Acme"), 0, &f);
    plm_lists *s = plm_lists_of(&l, 1, &f);
    plm_screen *x = plm_screen_of(s, &f);
    plm_screener *q = plm_screener_new(x, &f);
    plm_screen_options o = plm_screen_defaults();
    plm_answer a;
    static char big[PLM_QUERY_NAME_MAX + 2];
    memset(big, 'a', PLM_QUERY_NAME_MAX + 1);
    const plm_str bad[] = {PLM_STR(""), PLM_STR("?!…  -"), PLM_STR("\xFF\xFE"), PLM_STR("\u200B"),
                           {big, PLM_QUERY_NAME_MAX + 1}};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        plm_query w = {.name = bad[i], .birth_from = PLM_DAY_MIN, .birth_to = PLM_DAY_MIN};
        plm_fault_clear(&f);
        assert_false(plm_screen_query(q, &w, &o, &a, &f));
        assert_true(f.say[0]);
    }
    plm_screener_free(q);
    plm_screen_free(x);
    plm_lists_free(s);
    plm_list_free(l);
}

static bool has_index(const char *path, const plm_lists *s) {
    plm_index *x = plm_index_open(path, s);
    plm_index_free(x);
    return x != NULL;
}

/* A file made by another build (another version, other tables or rules) or cut short is not used,
 * and opening the lists puts a good one in its place. */
static void an_index_of_another_build_is_made_anew(void **state) {
    (void)state;
    plm_fault f = {0};
    char dir[] = "build/index-XXXXXX", current[64], path[80];
    assert_non_null(mkdtemp(dir));
    snprintf(current, sizeof current, "%s/current", dir);
    assert_int_equal(mkdir(current, 0755), 0);
    plm_list *l = random_list();
    snprintf(path, sizeof path, "%s/random.img", current);
    assert_true(plm_list_save(l, path, &f));
    plm_list_free(l);
    assert_true(plm_screen_index_write(dir, &f));
    plm_lists *s = plm_lists_open(dir, &f);
    snprintf(path, sizeof path, "%s/screen.idx", current);
    plm_buf good, bad;
    plm_buf_init(&good, 1u << 28);
    assert_true(plm_file_read(path, &good, &f));
    uint64_t with = plm_index_fingerprint();
    assert_memory_equal(good.p + INDEX_FINGERPRINT_AT, &with, sizeof with);
    assert_true(has_index(path, s));
    const size_t at[] = {0, 8, 12, INDEX_FINGERPRINT_AT, INDEX_FINGERPRINT_AT + 7, 30, SIZE_MAX};
    for (size_t i = 0; i < sizeof at / sizeof *at; i++) {
        plm_buf_init(&bad, 1u << 28);
        plm_buf_put(&bad, good.p, at[i] == SIZE_MAX ? good.n - 1 : good.n);
        if (at[i] != SIZE_MAX) bad.p[at[i]] ^= 1;
        assert_true(plm_file_write_durable(path, plm_buf_str(&bad), 0644, &f));
        assert_false(has_index(path, s));
        assert_true(plm_screen_index_write(dir, &f));
        plm_buf_clear(&bad);
        assert_true(plm_file_read(path, &bad, &f));
        assert_true(plm_str_eq(plm_buf_str(&bad), plm_buf_str(&good)));
        plm_buf_free(&bad);
    }
    plm_buf_free(&good);
    plm_lists_free(s);
    unlink(path);
    snprintf(path, sizeof path, "%s/random.img", current);
    unlink(path);
    rmdir(current);
    rmdir(dir);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_index_misses_nothing),
        cmocka_unit_test(spellings_of_one_name_alert),
        cmocka_unit_test(other_names_do_not_alert),
        cmocka_unit_test(a_common_word_alone_never_alerts),
        cmocka_unit_test(nothing_to_compare_is_an_error),
        cmocka_unit_test(an_index_of_another_build_is_made_anew),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
