/* flows_draw.c: the flows of chips as a Sankey diagram.  Ribbons and nodes lie in a group whose
 * unit of height is one chip, so their heights are the whole numbers themselves and one scale
 * turns all of them into pixels.  A hairline of fixed width keeps the thinnest visible.
 * Invariants: flows.h. */
#include "base/svg.h"
#include "custody/flows.h"

#include <inttypes.h>

#define WIDTH 1200
#define TOP 128
#define FLOW_PX 430.0 /* height of all chips without the gaps */
#define GAP_PX 30.0   /* between nodes, for two lines of text */
#define NODE_W 12
#define STEP 170      /* px from column to column */
#define LEFT 24

static const char style[] =
    "<style>text{font-family:sans-serif;font-size:12px;fill:#111}"
    ".h{font-size:20px;font-weight:bold}"
    ".s{font-size:10.5px;fill:#333}.b{font-weight:bold}"
    ".l{paint-order:stroke;stroke:#fff;stroke-width:3px}"
    ".flow{fill:#7e9ab3;fill-opacity:.55;stroke:#4d6a85;stroke-width:.6;"
    "vector-effect:non-scaling-stroke}.odd{fill:#b3001b;fill-opacity:.6;stroke:#7a0012;"
    "stroke-width:1.1;vector-effect:non-scaling-stroke}.node{fill:#1d4f7c;stroke:#1d4f7c;"
    "stroke-width:.8;vector-effect:non-scaling-stroke}.noted{fill:#7a0012;stroke:#7a0012;"
    "stroke-width:.8;vector-effect:non-scaling-stroke}</style>\n";

static int column_x(unsigned c) { return LEFT + (int)c * STEP; }

/* Gives every node its place; the answer is the height in chips. */
static int64_t place_nodes(plm_flows *x, int64_t gap) {
    int64_t most = 0;
    for (unsigned c = 0; c < PLM_FLOW_COLUMNS; c++) {
        int64_t y = 0;
        for (uint32_t i = 0; i < x->column[c].n; i++) {
            plm_flow_node *n = &x->column[c].node[i];
            n->y = y;
            n->in_used = n->out_used = 0;
            y += n->chips + gap;
        }
        if (y > most) most = y;
    }
    return most;
}

static void put_link(plm_buf *b, unsigned c, plm_flow_node *from, plm_flow_node *to, int64_t n) {
    int x0 = column_x(c) + NODE_W, x1 = column_x(c + 1), mid = (x0 + x1) / 2;
    int64_t y0 = from->y + from->out_used, y1 = to->y + to->in_used;
    from->out_used += n;
    to->in_used += n;
    bool odd = from->odd || to->odd;
    plm_buf_printf(b, "<path class=\"%s\" data-column=\"%u\" data-from=\"",
                   odd ? "odd" : "flow", c);
    plm_svg_text(b, from->name);
    plm_buf_puts(b, "\" data-to=\"");
    plm_svg_text(b, to->name);
    plm_buf_printf(b, "\" data-chips=\"%" PRId64 "\" d=\"M%d %" PRId64 "C%d %" PRId64 " %d %" PRId64
                      " %d %" PRId64 "v%" PRId64 "C%d %" PRId64 " %d %" PRId64 " %d %" PRId64
                      "z\"><title>", n, x0, y0, mid, y0, mid, y1, x1, y1, n, mid, y1 + n, mid,
                   y0 + n, x0, y0 + n);
    plm_svg_text(b, from->name);
    plm_buf_puts(b, " → ");
    plm_svg_text(b, to->name);
    plm_buf_printf(b, ": %" PRId64 " chips</title></path>\n", n);
}

static void put_flows(plm_buf *b, plm_flows *x, double scale) {
    plm_buf_printf(b, "<g id=\"flows\" transform=\"translate(0 %d) scale(1 %.9g)\">\n", TOP, scale);
    for (unsigned c = 0; c + 1 < PLM_FLOW_COLUMNS; c++)
        for (uint32_t i = 0; i < x->column[c].n; i++)
            for (uint32_t k = 0; k < x->column[c + 1].n; k++)
                if (x->link[c][i][k])
                    put_link(b, c, &x->column[c].node[i], &x->column[c + 1].node[k],
                             x->link[c][i][k]);
    for (unsigned c = 0; c < PLM_FLOW_COLUMNS; c++)
        for (uint32_t i = 0; i < x->column[c].n; i++) {
            const plm_flow_node *n = &x->column[c].node[i];
            plm_buf_printf(b, "<rect class=\"%s\" data-column=\"%u\" data-node=\"",
                           n->odd ? "noted" : "node", c);
            plm_svg_text(b, n->name);
            plm_buf_printf(b, "\" x=\"%d\" y=\"%" PRId64 "\" width=\"%d\" height=\"%" PRId64
                              "\"/>\n", column_x(c), n->y, NODE_W, n->chips);
        }
    plm_buf_puts(b, "</g>\n");
}

static void put_labels(plm_buf *b, const plm_flows *x, double scale) {
    for (unsigned c = 0; c < PLM_FLOW_COLUMNS; c++) {
        plm_buf_printf(b, "<text class=\"b\" x=\"%d\" y=\"%d\">%s</text>\n", column_x(c), TOP - 14,
                       plm_flow_columns[c]);
        for (uint32_t i = 0; i < x->column[c].n; i++) {
            const plm_flow_node *n = &x->column[c].node[i];
            double high = (double)n->chips * scale, y = TOP + (double)n->y * scale;
            y += high > 26 ? high / 2 - 2 : 9;
            int left = column_x(c) + NODE_W + 4;
            plm_buf_printf(b, "<text class=\"l\" x=\"%d\" y=\"%.1f\">", left, y);
            plm_svg_fit(b, n->name, 24);
            plm_buf_printf(b, "</text><text class=\"s l\" x=\"%d\" y=\"%.1f\">%s%" PRId64
                              "</text>\n", left, y + 13, n->odd ? "! " : "", n->chips);
        }
    }
}

static void put_words(plm_buf *b, const plm_flows *x, double scale) {
    int64_t state[3] = {0};
    static const char *const names[] = {"received", "in transit", "lost"};
    for (uint32_t i = 0; i < x->column[3].n; i++)
        for (unsigned k = 0; k < 3; k++)
            if (plm_str_is(x->column[3].node[i].name, names[k]))
                state[k] = x->column[3].node[i].chips;
    plm_buf_printf(b, "%" PRId64 " chips ordered; %" PRId64 " exported = %" PRId64 " received + %"
                      PRId64 " in transit + %" PRId64 " lost.", x->ordered, x->exported, state[0],
                   state[1], state[2]);
    if (x->has_authorised) {
        plm_buf_printf(b, " Authorised: %" PRId64 ", returned: %" PRId64, x->authorised,
                       x->returned);
        if (x->exported - x->returned > x->authorised)
            plm_buf_printf(b, ": %" PRId64 " TOO MANY", x->exported - x->returned - x->authorised);
        plm_buf_puts(b, ".");
    }
    if (x->elsewhere)
        plm_buf_printf(b, " %" PRId64 " ordered under licenses without an export are left out.",
                       x->elsewhere);
    if (scale > 0)
        plm_buf_printf(b, " A pixel is %.3g chips.", 1 / scale);
}

static void put_frame(plm_buf *out, const plm_flows *x, plm_str words, double height) {
    plm_buf_printf(out, "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %.0f\" "
                        "width=\"%d\" height=\"%.0f\" role=\"img\" aria-labelledby=\"t d\">\n",
                   WIDTH, height, WIDTH, height);
    for (unsigned i = 0; i < 2; i++) {
        plm_buf_puts(out, i ? "<text class=\"h\" x=\"24\" y=\"32\">" : "<title id=\"t\">");
        plm_buf_puts(out, "Where the chips of ");
        plm_buf_puts(out, x->license.n ? "license " : "all licenses");
        plm_svg_text(out, x->license);
        plm_buf_puts(out, " went");
        plm_buf_puts(out, i ? "</text>\n" : "</title>\n");
        if (i) break;
        plm_buf_puts(out, "<desc id=\"d\">A flow diagram from left to right. ");
        plm_svg_text(out, words);
        plm_buf_printf(out, "</desc>\n%s<rect width=\"%d\" height=\"%.0f\" fill=\"#fff\"/>\n",
                       style, WIDTH, height);
    }
    plm_buf_puts(out, "<text x=\"24\" y=\"56\">");
    plm_svg_text(out, words);
    plm_buf_puts(out, "</text>\n<text class=\"s\" x=\"24\" y=\"76\">Each chip once, from left to "
                      "right, heights exactly proportional. Dark red, with “!”: it asks for a "
                      "look. A hairline keeps the thinnest flow visible.</text>\n");
}

bool plm_flows_picture(plm_flows *x, plm_buf *out, plm_fault *f) {
    int64_t total = 0;
    for (uint32_t i = 0; i < x->column[0].n; i++) total += x->column[0].node[i].chips;
    double scale = total ? FLOW_PX / (double)total : 0;
    int64_t gap = total ? (int64_t)(GAP_PX / scale) + 1 : 0;
    double height = TOP + (double)place_nodes(x, gap) * scale + 16;
    plm_buf words;
    plm_buf_init(&words, 4096);
    put_words(&words, x, scale);
    if (height < TOP + 60) height = TOP + 60;
    put_frame(out, x, plm_buf_str(&words), height);
    if (total) {
        put_flows(out, x, scale);
        put_labels(out, x, scale);
    } else {
        plm_buf_printf(out, "<text x=\"24\" y=\"%d\">No chip is on record as ordered or exported."
                            "</text>\n", TOP + 10);
    }
    plm_buf_puts(out, "</svg>\n");
    if (words.full) out->full = true;
    plm_buf_free(&words);
    return !out->full || plm_fail(f, PLM_OUT_OF_RANGE, "the picture is too large");
}
