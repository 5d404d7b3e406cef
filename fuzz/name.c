/* Fuzz target: any bytes as a name and as an address.  A name is read exactly when it is UTF-8, the
 * same twice, within the named limits, and each token lies within the bytes it was read from; an
 * address is the same unit as itself, in capitals too. */
#include "screen/address.h"
#include "screen/name.h"

#include "plimsoll/screen.h"

#include <stdlib.h>
#include <string.h>

static void require(bool ok) {
    if (!ok) abort();
}

/* RFC 3629, read byte by byte: nothing of it is shared with what it holds to account. */
static bool is_utf8(const uint8_t *p, size_t n) {
    for (size_t i = 0; i < n;) {
        uint32_t c = p[i++], least = 0;
        int more = c < 0x80 ? 0 : c >= 0xC2 && c < 0xE0 ? 1 : c >= 0xE0 && c < 0xF0 ? 2
                 : c >= 0xF0 && c < 0xF5 ? 3 : -1;
        if (more < 0) return false;
        if (more) {
            least = more == 1 ? 0x80 : more == 2 ? 0x800 : 0x10000;
            c &= 0x3Fu >> more;
        }
        for (; more; more--, i++) {
            if (i >= n || (p[i] & 0xC0) != 0x80) return false;
            c = c << 6 | (p[i] & 0x3Fu);
        }
        if (c < least || c > 0x10FFFF || (c >= 0xD800 && c < 0xE000)) return false;
    }
    return true;
}

static void check_text(const char *s, size_t n, size_t room) {
    require(n < room && s[n] == 0 && strlen(s) == n);
    for (size_t i = 0; i < n; i++) require((unsigned char)s[i] > ' ' && (unsigned char)s[i] < 127);
}

static void check_unit(const unit *u) {
    check_text(u->form, u->form_n, sizeof u->form);
    check_text(u->phon, u->phon_n, sizeof u->phon);
    check_text(u->key, u->key_n, sizeof u->key);
    require(u->script <= SCRIPT_OTHER && u->kind <= TOKEN_INITIAL && u->weight <= 1000);
}

static void check_name(plm_str s, bool good) {
    static name_parse p;
    plm_buf first, again;
    require(plm_name_read(s, &p) == good);
    if (!good) {
        require(p.token_n == 0 && p.span_n == 0);
        return;
    }
    uint32_t weight = 0;
    require(p.token_n <= NAME_TOKENS && p.span_n <= NAME_SPANS && p.span_n >= p.token_n);
    for (uint32_t i = 0; i < p.token_n; i++) {
        require((size_t)p.tokens[i].at + p.tokens[i].n <= s.n);
        check_unit(&p.tokens[i].u);
        weight += p.tokens[i].u.weight;
        require(memcmp(&p.tokens[i].u, &p.spans[i].u, sizeof(unit)) == 0);
    }
    require(weight == p.weight);
    for (uint32_t i = 0; i < p.span_n; i++) {
        check_unit(&p.spans[i].u);
        require(p.spans[i].count && p.spans[i].first + p.spans[i].count <= p.token_n);
    }
    plm_buf_init(&first, 1u << 20);
    plm_buf_init(&again, 1u << 20);
    require(plm_screen_print_tokens(s, &first) && plm_screen_print_tokens(s, &again));
    require(plm_str_eq(plm_buf_str(&first), plm_buf_str(&again)));
    plm_buf_free(&first);
    plm_buf_free(&again);
}

static bool read_address(plm_str s, address_rec *a) {
    memset(a, 0, sizeof *a);
    bool ok = plm_address_keys(s, a);
    require(a->place_n <= ADDRESS_PLACES);
    require(ok == (a->street[0] || a->building));
    require(a->unit_from >= -1 && a->unit_to >= -1);
    return ok;
}

static void check_address(plm_str s) {
    address_rec a, b;
    if (!read_address(s, &a)) return;
    require(plm_address_relate(&a, &a) == ADDRESS_SAME);
    char *loud = malloc(s.n + 1);
    require(loud != NULL);
    for (size_t i = 0; i < s.n; i++) loud[i] = plm_upper(s.p[i]);
    require(read_address((plm_str){loud, s.n}, &b));
    require(plm_address_relate(&a, &b) == ADDRESS_SAME);
    require(plm_address_relate(&b, &a) == ADDRESS_SAME);
    free(loud);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n) {
    if (n > PLM_QUERY_NAME_MAX) n = PLM_QUERY_NAME_MAX;
    char *exact = malloc(n + 1); /* so that one byte too far is seen */
    require(exact != NULL);
    if (n) memcpy(exact, p, n);
    plm_str s = {exact, n};
    bool good = is_utf8(p, n);
    check_name(s, good);
    if (good) check_address(s);
    free(exact);
    return 0;
}
