/* What is kept of a portfolio: whom it spares, the change of the lists does not concern, on random
 * editions and customers of many scripts; a file that is cut or altered is not used. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"
#include "plimsoll/portfolio.h"

static uint64_t state = 987654321;
static uint32_t dice(uint32_t n) {
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (uint32_t)(state >> 33) % n;
}

static const char *const words[] = {
    "Kunlun", "Radar", "Technology", "Trading", "Huawei", "Pacific", "Ivan", "Petrov", "Company",
    "Limited", "Institute", "Precision", "Omega", "Global", "Abdul", "Rahman", "Abdulrahman",
    "Mohammad", "Ali", "Reza", "Alireza", "Hussein", "al", "bin", "Kim", "Jong", "Un", "Wei", "Hua",
    "Weihua", "Xiaoming", "Shcherbakov", "Vladimirovich", "Naftogazstroymontazh", "Mikhailovich",
    "Internationalen", "Maschinenbauversuchsanstalt", "38th", "No. 7", "Research", "J.", "B",
    "JC", "OOO", "Ltd", "Salahuddin", "Habibullah", "Konstantinopolskaya", "Sanktpeterburg",
    "KRT", "GPR", "IPC", "Mohammadali", "Reza",
    "محمد", "علیرضا", "عبدالرحمن", "حسين", "والی", "김", "정은", "박철수", "北京", "科技", "华为",
    "张伟", "欧阳", "Иванов", "Щербаков", "Завод", "Πέτρος", "שמואל", "כהן", "ミハイル",
};
#define WORDS (sizeof words / sizeof *words)
#define ENTRIES 40
#define CUSTOMERS 160
#define NAME_BYTES 256
#ifdef __SANITIZE_ADDRESS__
#define ROUNDS 16
#else
#define ROUNDS 60
#endif

/* A slip in a letter of ASCII. */
static void slip(char *s, size_t n) {
    uint32_t i = dice((uint32_t)n);
    if (n < 4 || s[i] <= 32 || (unsigned char)s[i] >= 127) return;
    switch (dice(3)) {
    case 0: s[i] = (char)('a' + dice(26)); break;
    case 1: memmove(s + i, s + i + 1, n - i); break;
    default:
        if (i + 1 < n && s[i + 1] > 32 && (unsigned char)s[i + 1] < 127) {
            char c = s[i];
            s[i] = s[i + 1];
            s[i + 1] = c;
        }
    }
}

static void name_into(char *out) {
    size_t n = 0, count = 1 + dice(4);
    for (size_t i = 0; i < count; i++)
        n += (size_t)snprintf(out + n, NAME_BYTES - n, "%s%s", i && dice(8) ? " " : "",
                              words[dice(WORDS)]);
    if (dice(3) == 0) slip(out, strlen(out));
    if (dice(8) == 0) slip(out, strlen(out));
    uint32_t i = dice((uint32_t)strlen(out)); /* a word in two */
    if (dice(4) == 0 && i && out[i] > 32 && (unsigned char)out[i] < 127 && n < NAME_BYTES - 2) {
        memmove(out + i + 1, out + i, strlen(out + i) + 1);
        out[i] = ' ';
    }
}

/* A listed name as somebody may write it. */
static void near_name(char *out, const char *name) {
    size_t n = 0;
    for (const char *p = name; *p && n + 2 < NAME_BYTES; p++) {
        if (*p == ' ' && dice(6) == 0) continue;
        out[n++] = *p;
        if ((unsigned char)p[0] < 127 && (unsigned char)p[1] < 127 && dice(24) == 0) out[n++] = ' ';
    }
    out[n] = 0;
    if (dice(2)) slip(out, strlen(out));
    if (dice(4) == 0) slip(out, strlen(out));
    char *space = strchr(out, ' ');
    if (space && dice(6) == 0) memmove(out, space + 1, strlen(space));
    else if (space && dice(8) == 0) *space = 0;
}

static const char *const roads[] = {"Rm 1318, Hollywood Plaza, 610 Nathan Rd, Hong Kong",
                                    "12 Lenina street, Moscow", "Unit 5, 77 King Road, Dubai"};

static void fill_entity(plm_list *l) {
    if (dice(4) == 0) plm_list_add_country(l, plm_country_parse(PLM_STR("CN")), NULL);
    if (dice(6) == 0)
        plm_list_add_address(l, plm_str_c(roads[dice(3)]), plm_country_parse(PLM_STR("HK")), NULL);
    if (dice(6) == 0) plm_list_add_birth(l, 1000, 1000, NULL);
    if (dice(6) == 0) plm_list_add_id(l, PLM_STR("imo"), dice(2) ? PLM_STR("9187629")
                                                                : PLM_STR("9187630"), NULL);
}

static char listed[2 * ENTRIES][NAME_BYTES];

static void two_states(plm_list **from, plm_list **to) {
    *from = plm_list_new(PLM_STR("a"), PLM_STR("1"));
    *to = plm_list_new(PLM_STR("a"), PLM_STR("2"));
    for (int i = 0; i < ENTRIES; i++) {
        char id[16], *name = listed[2 * i], *other = listed[2 * i + 1];
        plm_entity_kind kind = (plm_entity_kind)dice(4);
        snprintf(id, sizeof id, "e%d", i);
        name_into(name);
        name_into(other);
        uint32_t d = dice(8);
        if (d != 0) {
            assert_true(plm_list_add_entity(*from, plm_str_c(id), PLM_STR("x"), plm_str_c(name),
                                            kind, NULL));
            if (d > 4) fill_entity(*from);
        }
        if (d == 1) continue;
        assert_true(plm_list_add_entity(*to, plm_str_c(id), PLM_STR("x"),
                                        plm_str_c(d == 2 ? other : name), kind, NULL));
        if (d > 5) fill_entity(*to);
        if (d == 3) assert_true(plm_list_add_name(*to, plm_str_c(other), PLM_NAME_WEAK, NULL));
        if (d == 4) assert_true(plm_list_set(*to, PLM_LIST_REMARKS, PLM_STR("new"), NULL));
    }
}

typedef struct customer {
    char name[NAME_BYTES], line[NAME_BYTES + 32];
    plm_query q;
} customer;
static customer customers[CUSTOMERS];

static void new_customer(customer *c, int i) {
    c->q = (plm_query){.birth_from = PLM_DAY_MIN, .birth_to = PLM_DAY_MIN};
    if (dice(3)) near_name(c->name, listed[dice(2 * ENTRIES)]);
    else name_into(c->name);
    c->q.name = plm_str_c(c->name);
    c->q.kind = (plm_entity_kind)dice(4);
    if (dice(4) == 0) c->q.country = plm_country_parse(dice(2) ? PLM_STR("CN") : PLM_STR("US"));
    if (dice(6) == 0) c->q.birth_from = c->q.birth_to = dice(2) ? 1000 : 9000;
    if (dice(8) == 0) c->q.address = plm_str_c(roads[dice(3)]);
    if (dice(8) == 0) {
        c->q.id_n = 1;
        c->q.id_kind[0] = PLM_STR("IMO number");
        c->q.id_value[0] = dice(2) ? PLM_STR("IMO 9187629") : PLM_STR("123456");
    }
    size_t n = (size_t)snprintf(c->line, sizeof c->line, "%d ", i);
    memcpy(c->line + n, c->name, strlen(c->name) + 1);
}

static char path[64];

static void keep_customers(void) {
    plm_portfolio_maker *m = plm_portfolio_maker_new(PLM_STR("head"), NULL);
    assert_non_null(m);
    for (int i = 0; i < CUSTOMERS; i++) {
        new_customer(&customers[i], i);
        plm_portfolio_line(m, plm_str_c(customers[i].line));
        plm_portfolio_add(m, &customers[i].q);
    }
    assert_true(plm_portfolio_save(m, path, NULL));
    plm_portfolio_maker_free(m);
}

static void compare(plm_watch *whole, const plm_lists *old, const plm_lists *new, uint32_t *seen) {
    plm_watch *delta = plm_watch_of(old, new, false, NULL);
    plm_screen_options o = plm_screen_defaults();
    o.threshold = (int)(dice(8) ? 3500 + dice(6000) : dice(4000));
    plm_portfolio *p = plm_portfolio_open(path, PLM_STR("head"));
    assert_non_null(p);
    assert_int_equal(plm_portfolio_kept(p), CUSTOMERS);
    assert_false(plm_portfolio_ready(p, whole, &o)); /* both sides whole: nothing to spare by */
    assert_true(plm_portfolio_ready(p, delta, &o));
    for (int i = 0; i < CUSTOMERS; i++) {
        customer *c = &customers[i];
        plm_portfolio_word word = plm_portfolio_next(p, plm_str_c(c->line));
        assert_int_not_equal(word, PLM_PORTFOLIO_STRANGE);
        const plm_watch_match *a;
        uint32_t n = 0;
        plm_fault f = {0};
        if (!plm_watch_query(whole, &c->q, &o, &a, &n, &f)) n = 1; /* refused, each time */
        if (n && word == PLM_PORTFOLIO_SPARED)
            fail_msg("'%s' is spared at %d, but '%.*s' differs", c->name, o.threshold,
                     PLM_FMT(a[0].matched));
        seen[0] += n == 0;
        seen[1] += word == PLM_PORTFOLIO_SPARED;
        seen[2] += n > 0;
    }
    plm_portfolio_free(p);
    plm_watch_free(delta);
}

static void who_is_spared_is_not_concerned(void **s) {
    (void)s;
    const char *more = getenv("PLIMSOLL_LONG");
    long rounds = more ? strtol(more, NULL, 10) / CUSTOMERS : ROUNDS;
    uint32_t seen[3] = {0, 0, 0};
    for (long r = 0; r < rounds; r++) {
        plm_list *from, *to;
        two_states(&from, &to);
        plm_lists *old = plm_lists_of(&from, dice(12) ? 1 : 0, NULL);
        plm_lists *new = plm_lists_of(&to, 1, NULL);
        plm_watch *whole = plm_watch_of(old, new, true, NULL);
        keep_customers();
        for (int i = 0; i < 3; i++) compare(whole, old, new, seen);
        plm_watch_free(whole);
        plm_lists_free(old);
        plm_lists_free(new);
        plm_list_free(from);
        plm_list_free(to);
    }
    print_message("%u not concerned, of them %u spared; %u concerned\n", seen[0], seen[1], seen[2]);
    assert_true(seen[1] * 2 > seen[0] && seen[2] > 500);
}

static void lines_are_known_wherever_they_stand(void **s) {
    (void)s;
    keep_customers();
    plm_portfolio *p = plm_portfolio_open(path, PLM_STR("head"));
    for (int i = CUSTOMERS - 1; i >= 0; i -= 2)
        assert_int_equal(plm_portfolio_next(p, plm_str_c(customers[i].line)), PLM_PORTFOLIO_ASKED);
    assert_int_equal(plm_portfolio_next(p, PLM_STR("0 another")), PLM_PORTFOLIO_STRANGE);
    assert_int_equal(plm_portfolio_strange(p), 1);
    plm_portfolio_free(p);
    assert_null(plm_portfolio_open(path, PLM_STR("another head")));
    assert_null(plm_portfolio_open("/nonexistent/portfolio.idx", PLM_STR("head")));
}

static void a_line_that_is_no_query_is_asked(void **s) {
    (void)s;
    plm_list *from, *to;
    two_states(&from, &to);
    plm_lists *old = plm_lists_of(&from, 1, NULL);
    plm_watch *w = plm_watch_of(old, old, false, NULL); /* nothing differs */
    plm_screen_options o = plm_screen_defaults();
    plm_portfolio_maker *m = plm_portfolio_maker_new(PLM_STR(""), NULL);
    static char long_name[PLM_QUERY_NAME_MAX + 2];
    memset(long_name, 'a', sizeof long_name - 1);
    const char *const names[] = {NULL, "...", "\xff\xfe", long_name, "Huawei"};
    for (size_t i = 0; i < 5; i++) {
        plm_query q = {.birth_from = PLM_DAY_MIN, .birth_to = PLM_DAY_MIN};
        char line[8] = {(char)('a' + i), 0};
        if (names[i]) q.name = plm_str_c(names[i]);
        plm_portfolio_line(m, plm_str_c(line));
        plm_portfolio_add(m, names[i] ? &q : NULL);
    }
    assert_true(plm_portfolio_save(m, path, NULL));
    plm_portfolio_maker_free(m);
    plm_portfolio *p = plm_portfolio_open(path, PLM_STR(""));
    assert_true(plm_portfolio_ready(p, w, &o));
    for (size_t i = 0; i < 5; i++) {
        char line[8] = {(char)('a' + i), 0};
        assert_int_equal(plm_portfolio_next(p, plm_str_c(line)),
                         i < 4 ? PLM_PORTFOLIO_ASKED : PLM_PORTFOLIO_SPARED);
    }
    o.exhaustive = true;
    assert_false(plm_portfolio_ready(p, w, &o));
    o = plm_screen_defaults();
    o.scoring = PLM_SCORING_OFAC;
    assert_false(plm_portfolio_ready(p, w, &o));
    plm_portfolio_free(p);
    plm_watch_free(w);
    plm_lists_free(old);
    plm_list_free(from);
    plm_list_free(to);
}

static void a_cut_or_altered_file_is_not_used(void **s) {
    (void)s;
    keep_customers();
    plm_buf b;
    plm_buf_init(&b, (size_t)1 << 26);
    assert_true(plm_file_read(path, &b, NULL));
    for (int i = 0; i < 60; i++) {
        size_t at = i == 0 ? b.n - 1 : dice((uint32_t)b.n);
        assert_true(plm_file_write_durable(path, (plm_str){b.p, at}, 0600, NULL));
        assert_null(plm_portfolio_open(path, PLM_STR("head")));
        char was = b.p[at];
        b.p[at] = (char)(was ^ (1 << dice(8)));
        assert_true(plm_file_write_durable(path, plm_buf_str(&b), 0600, NULL));
        plm_portfolio *p = plm_portfolio_open(path, PLM_STR("head"));
        if (p) fail_msg("byte %zu of %zu is altered, and the file is used", at, b.n);
        b.p[at] = was;
    }
    assert_true(plm_file_write_durable(path, plm_buf_str(&b), 0600, NULL));
    plm_portfolio *p = plm_portfolio_open(path, PLM_STR("head"));
    assert_non_null(p);
    plm_portfolio_free(p);
    plm_buf_free(&b);
}

static int at_end(void **s) {
    (void)s;
    return unlink(path);
}

int main(void) {
    const char *dir = getenv("TMPDIR");
    snprintf(path, sizeof path, "%s/plm-folio-XXXXXX", dir && strlen(dir) < 40 ? dir : "/tmp");
    int fd = mkstemp(path);
    if (fd < 0) return 1;
    close(fd);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_is_spared_is_not_concerned),
        cmocka_unit_test(lines_are_known_wherever_they_stand),
        cmocka_unit_test(a_line_that_is_no_query_is_asked),
        cmocka_unit_test(a_cut_or_altered_file_is_not_used),
    };
    return cmocka_run_group_tests(tests, NULL, at_end);
}
