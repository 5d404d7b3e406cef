/* Fuzz target: any text is a rulebook or a fault that names a line of it; a book that loads can be
 * asked for every rule on any day, its own tests run to an end, and it loads to the same hash. */
#include "plimsoll/rules.h"
#include "plimsoll/rules_test.h"

#include <stdlib.h>
#include <string.h>

#define TEXT_MAX 16384 /* longer texts try nothing new and slow the search */

static void require(bool ok) {
    if (!ok) abort();
}

static uint32_t lines_of(plm_str s) {
    uint32_t n = 1;
    for (size_t i = 0; i < s.n; i++) n += s.p[i] == '\n';
    return n;
}

static void row(void *ctx, const plm_test_row *r) {
    (void)ctx;
    require(r->expect <= PLM_YES && r->got <= PLM_YES);
}

static void ask_all(const plm_book *b, plm_day as_of) {
    plm_view *v = plm_view_new(b, as_of, PLM_DAY_MAX - 1, (as_of & 1) != 0);
    plm_buf say;
    plm_buf_init(&say, 1u << 20);
    for (plm_rule r = 0; v && r < plm_book_count(b); r++) {
        const plm_rule_info *k = plm_book_rule(b, r);
        require(plm_book_find(b, k->name) != PLM_RULE_NONE);
        require(plm_view_force(v, r) <= PLM_YES);
        plm_buf_clear(&say);
        plm_view_say(v, r, &say);
    }
    plm_buf_free(&say);
    plm_view_free(v);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n) {
    if (n > TEXT_MAX) return 0;
    plm_str text = {(const char *)p, n};
    plm_fault f = {0};
    plm_book *b = plm_book_load_text(PLM_STR("fuzz.rules"), text, &f);
    if (!b) {
        require(f.code != PLM_OK && f.say[0] && f.line <= lines_of(text) + 1);
        return 0;
    }
    plm_book *again = plm_book_load_text(PLM_STR("fuzz.rules"), text, NULL);
    require(again && memcmp(plm_book_sha256(b), plm_book_sha256(again), 32) == 0);
    plm_book_free(again);
    ask_all(b, plm_day_from_ymd(2026, 1, 1));
    ask_all(b, plm_book_edition(b));
    plm_test_sums sums = {0};
    (void)plm_book_test(b, row, NULL, &sums);
    plm_book_free(b);
    return 0;
}
