/* svg.c: see svg.h. */
#include "base/svg.h"

#define LOST "\xef\xbf\xbd" /* U+FFFD */

/* Length of the character at s.p[i], 0 when it is none that XML may hold. */
static size_t char_len(plm_str s, size_t i) {
    const unsigned char *p = (const unsigned char *)s.p + i;
    size_t left = s.n - i, n = p[0] < 0x80 ? 1 : p[0] < 0xc2 ? 0 : p[0] < 0xe0 ? 2
                             : p[0] < 0xf0 ? 3 : p[0] < 0xf5 ? 4 : 0;
    if (n == 0 || n > left) return 0;
    uint32_t c = n == 1 ? p[0] : p[0] & (0x7fu >> n);
    for (size_t k = 1; k < n; k++) {
        if ((p[k] & 0xc0) != 0x80) return 0;
        c = c << 6 | (p[k] & 0x3f);
    }
    bool shortest = n < 3 || c >= (n == 3 ? 0x800u : 0x10000u);
    bool allowed = c >= 0x20 ? c != 0x7f && !(c >= 0xd800 && c < 0xe000) && c != 0xfffe &&
                                   c != 0xffff && c <= 0x10ffff
                             : c == '\t' || c == '\n';
    return shortest && allowed ? n : 0;
}

static void put_char(plm_buf *b, const char *p, size_t n) {
    switch (n == 1 ? *p : 0) {
    case '<': plm_buf_puts(b, "&lt;"); break;
    case '>': plm_buf_puts(b, "&gt;"); break;
    case '&': plm_buf_puts(b, "&amp;"); break;
    case '"': plm_buf_puts(b, "&quot;"); break;
    case '\'': plm_buf_puts(b, "&#39;"); break;
    default:
        if (n) plm_buf_put(b, p, n);
        else plm_buf_puts(b, LOST);
    }
}

void plm_svg_text(plm_buf *b, plm_str s) {
    for (size_t i = 0, n; i < s.n; i += n ? n : 1) {
        n = char_len(s, i);
        put_char(b, s.p + i, n);
    }
}

/* Where the first `chars` characters end. */
static size_t cut_at(plm_str s, size_t chars) {
    size_t i = 0;
    for (; i < s.n && chars; chars--) {
        size_t n = char_len(s, i);
        i += n ? n : 1;
    }
    return i;
}

void plm_svg_fit(plm_buf *b, plm_str s, size_t chars) {
    if (cut_at(s, chars) >= s.n) {
        plm_svg_text(b, s);
        return;
    }
    plm_svg_text(b, (plm_str){s.p, cut_at(s, chars ? chars - 1 : 0)});
    plm_buf_puts(b, "…");
}

plm_str plm_svg_line(plm_str *rest, size_t chars) {
    size_t end = cut_at(*rest, chars ? chars : 1), at = end;
    if (end < rest->n) {
        while (at > 0 && rest->p[at] != ' ') at--;
        if (at == 0) at = end;
    }
    plm_str line = {rest->p, at};
    if (at < rest->n && rest->p[at] == ' ') at++;
    *rest = (plm_str){rest->p + at, rest->n - at};
    return line;
}

void plm_svg_title(plm_buf *b, plm_str s) {
    plm_buf_puts(b, "<title>");
    plm_svg_text(b, s);
    plm_buf_puts(b, "</title>");
}
