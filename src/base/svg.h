/* svg.h: what every picture needs: text that is safe inside XML, text that fits, numbers.
 * Invariant: whatever the input, what is appended is well-formed XML 1.0 character data.  Held by
 * tests/unit/test_svg.c. */
#ifndef PLM_BASE_SVG_H
#define PLM_BASE_SVG_H

#include "plimsoll/base.h"

/* Appends s for an element's content or an attribute in double quotes: markup is escaped, bytes
 * that are no UTF-8 and characters that XML 1.0 does not allow become U+FFFD. */
void plm_svg_text(plm_buf *b, plm_str s);
/* The same of at most `chars` characters; a text that is longer ends in "…". */
void plm_svg_fit(plm_buf *b, plm_str s, size_t chars);
/* The next line of *rest of at most `chars` characters, broken at a space where there is one; a
 * borrowed slice.  *rest is advanced; its n is 0 at the end. */
plm_str plm_svg_line(plm_str *rest, size_t chars);
/* <title>s</title> */
void plm_svg_title(plm_buf *b, plm_str s);

#endif
