/* picture.c: the SVG of a journey.  It is read without colour (findings are ringed, lettered and
 * joined by a heavy broken line), without a pointer (what a mark stands for is in the table below)
 * and without eyes (title, desc, and a title on every mark).  Invariants: picture.h. */
#include "custody/picture.h"

#include "base/svg.h"
#include "custody/event.h"
#include "custody/show.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#define WIDTH 1200
#define LANE 58.0
#define TOP 176.0
#define PROOF_DOWN 17.0   /* proofs lie below the bar of their lane */
#define TICK_MIN 78.0     /* px between two dates */
#define TEXT_CHARS 172u   /* of a line across the picture */
#define PICTURE_ARENA_MAX ((size_t)1 << 30)

static const char style[] =
    "<style>text{font-family:sans-serif;font-size:12px;fill:#111}.s{font-size:10.5px;fill:#333}"
    ".h{font-size:20px;font-weight:bold}.b{font-weight:bold}.n{font-size:9px;text-anchor:middle;"
    "paint-order:stroke;stroke:#fff;stroke-width:2.5px}"
    ".l{paint-order:stroke;stroke:#fff;stroke-width:3px}"
    ".lane{stroke:#ccc;stroke-width:1}.bar{fill:#b9c6d2}.last{fill:#e4e9ee}"
    ".leg{stroke:#222;stroke-width:1.7;fill:none}.no{stroke-dasharray:2 4}.m{fill:#1d4f7c}"
    ".o{fill:#fff;stroke:#1d4f7c;stroke-width:1.5}.v{fill:#fff;stroke:#777;stroke-width:1.2}"
    ".x{stroke:#777;stroke-width:1.2;fill:none}.pass{stroke:#2f6b3a;stroke-width:1.6}"
    ".mute{fill:#fff;stroke:#111;stroke-width:1.4}.loc{fill:#fff;stroke:#2f6b3a;stroke-width:1.6}"
    ".ring{fill:none;stroke:#b3001b;stroke-width:2.2}"
    ".halo{stroke:#fff;stroke-opacity:.7;stroke-width:6;fill:none}"
    ".pair{stroke:#b3001b;stroke-width:2.4;stroke-dasharray:9 4;fill:none}.flag{fill:#b3001b}"
    ".f{fill:#fff;font-weight:bold;font-size:11px;text-anchor:middle}"
    ".cut{stroke:#fff;stroke-width:5}.cutl{stroke:#555;stroke-width:1}</style>\n";

static double lane_y(uint32_t lane) { return TOP + 24 + LANE * lane; }

static double place_y(const plm_picture *p, uint32_t place) {
    return lane_y(p->place[place].lane);
}

static void text_at(plm_buf *b, double x, double y, const char *cls, plm_str s, size_t chars) {
    plm_buf_printf(b, "<text x=\"%.1f\" y=\"%.1f\"%s%s%s>", x, y, cls ? " class=\"" : "",
                   cls ? cls : "", cls ? "\"" : "");
    plm_svg_fit(b, s, chars);
    plm_buf_puts(b, "</text>\n");
}

/* Frees a text that went into b; one that did not fit its own limit spoils b too. */
static void drop(plm_buf *b, plm_buf *t) {
    if (t->full) b->full = true;
    plm_buf_free(t);
}

static void renew(plm_buf *b, plm_buf *t) {
    if (t->full) b->full = true;
    plm_buf_clear(t);
}

static void date_of(int64_t ns, char out[40]) {
    plm_time_print(ns, out);
    out[10] = 0;
}

static const plm_pic_record *at(const plm_picture *p, uint32_t i) {
    return &p->record[p->order[i]];
}

static plm_str bare(plm_str s) {
    return plm_str_starts(s, "urn:epc:id:") ? (plm_str){s.p + 11, s.n - 11} : s;
}

/* ---- marks */

typedef enum shape { READ, LEAVE, ARRIVE, WORK, END } shape;

static shape shape_of(plm_str s) {
    static const char *const work[] = {"commissioning", "assembling", "disassembling", "packing",
        "unpacking", "repackaging", "installing", "removing", "replacing", "repairing"};
    if (plm_pic_leaves(s)) return LEAVE;
    if (plm_str_is(s, "receiving") || plm_str_is(s, "arriving")) return ARRIVE;
    if (plm_str_is(s, "destroying") || plm_str_is(s, "decommissioning")) return END;
    for (size_t i = 0; i < sizeof work / sizeof *work; i++)
        if (plm_str_is(s, work[i])) return WORK;
    return READ;
}

static void glyph(plm_buf *b, shape s, const char *cls, double x, double y) {
    switch (s) {
    case LEAVE:
        plm_buf_printf(b, "<path class=\"%s\" d=\"M%.1f %.1fl11 6l-11 6z\"/>", cls, x - 5, y - 6);
        break;
    case ARRIVE:
        plm_buf_printf(b, "<path class=\"%s\" d=\"M%.1f %.1fh12l-6 11z\"/>", cls, x - 6, y - 5);
        break;
    case WORK:
        plm_buf_printf(b, "<rect class=\"%s\" x=\"%.1f\" y=\"%.1f\" width=\"10\" height=\"10\"/>",
                       cls, x - 5, y - 5);
        break;
    case END:
        plm_buf_printf(b, "<path class=\"%s\" d=\"M%.1f %.1fl8 8l-8 8l-8 -8z\"/>", cls, x, y - 8);
        break;
    case READ:
        plm_buf_printf(b, "<circle class=\"%s\" cx=\"%.1f\" cy=\"%.1f\" r=\"5.5\"/>", cls, x, y);
    }
}

static void record_words(plm_buf *t, const plm_picture *p, uint32_t i) {
    const plm_pic_record *r = at(p, i);
    plm_buf_printf(t, "%u. %.*s %.*s at %.*s", i + 1, PLM_FMT(r->said),
                   PLM_FMT(r->step.n ? r->step : PLM_STR("event")),
                   PLM_FMT(p->place[r->place].name));
    if (r->via.n) plm_buf_printf(t, ", inside %.*s", PLM_FMT(r->via));
    if (r->voided) plm_buf_puts(t, ", declared an error");
    if (r->declares) plm_buf_puts(t, ", declares an error");
    if (r->other) plm_buf_puts(t, ", a record without this thing");
    if (r->aside) plm_buf_puts(t, ", beside the journey");
    plm_buf_printf(t, " (%.*s)", PLM_FMT(r->event));
}

static void draw_mark(plm_buf *b, const plm_picture *p, uint32_t m) {
    const plm_pic_mark *k = &p->mark[m];
    const plm_pic_record *r = at(p, k->first);
    uint32_t n = k->last - k->first + 1;
    double y = place_y(p, k->place);
    const char *cls = k->voided ? "v" : k->aside || k->other ? "o" : "m";
    plm_buf t;
    plm_buf_init(&t, 1u << 16);
    if (n == 1) record_words(&t, p, k->first);
    else
        plm_buf_printf(&t, "%u records, %u to %u, %.*s to %.*s, at %.*s%s", n, k->first + 1,
                       k->last + 1, PLM_FMT(r->said), PLM_FMT(at(p, k->last)->said),
                       PLM_FMT(p->place[k->place].name),
                       k->place == k->place_last ? "" : " and elsewhere");
    plm_buf_printf(b, "<g class=\"record\" data-count=\"%u\"%s", n, n == 1 ? " data-event=\"" : "");
    if (n == 1) plm_svg_text(b, r->event);
    plm_buf_puts(b, n == 1 ? "\">" : ">");
    plm_svg_title(b, plm_buf_str(&t));
    drop(b, &t);
    if (n > 1 && k->place == k->place_last)
        plm_buf_printf(b, "<rect class=\"%s\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"11\" "
                          "rx=\"5.5\"/>", cls, k->x - 5, y - 5.5, k->x_last - k->x + 10);
    else
        glyph(b, n > 1 ? READ : shape_of(r->step), cls, k->x, y);
    if (k->voided)
        plm_buf_printf(b, "<path class=\"x\" d=\"M%.1f %.1fl14 -14\"/>", k->x - 7, y + 7);
    plm_buf_puts(b, "</g>\n");
}

/* Over everything else: it is what the words below go by. */
static void draw_number(plm_buf *b, const plm_picture *p, uint32_t m) {
    const plm_pic_mark *k = &p->mark[m];
    double y = place_y(p, k->place), lift = k->kept ? 15 : 9;
    bool near = m && k->x - p->mark[m - 1].x_last < 17 && p->mark[m - 1].place == k->place;
    if (near && m % 2) lift += 9;
    if (k->first == k->last)
        plm_buf_printf(b, "<text class=\"n\" x=\"%.1f\" y=\"%.1f\">%u</text>\n", k->x, y - lift,
                       k->first + 1);
    else
        plm_buf_printf(b, "<text class=\"n\" x=\"%.1f\" y=\"%.1f\">%u–%u</text>\n",
                       k->place == k->place_last ? (k->x + k->x_last) / 2 : k->x, y - lift,
                       k->first + 1, k->last + 1);
}

/* ---- the line */

static void leg_words(plm_buf *t, const plm_picture *p, const plm_pic_record *a,
                      const plm_pic_record *z, bool recorded) {
    const plm_pic_place *x = &p->place[a->place], *y = &p->place[z->place];
    double days = (double)(z->t - a->t) / (double)PLM_DAY_NS;
    plm_w_place from = {.site = PLM_W_NONE, .placed = x->placed, .lat = x->lat, .lon = x->lon};
    plm_w_place to = {.site = PLM_W_NONE, .placed = y->placed, .lat = y->lat, .lon = y->lon};
    double km = plm_w_km(from, to);
    if (days < 2) plm_buf_printf(t, "%.0f h", days * 24);
    else plm_buf_printf(t, "%.0f d", days);
    if (km >= 0) plm_buf_printf(t, ", %.0f km", km);
    if (!recorded) plm_buf_puts(t, ", no departure on record");
}

static void draw_leg(plm_buf *b, const plm_picture *p, uint32_t from, uint32_t to) {
    const plm_pic_record *a = at(p, from), *z = at(p, to);
    double x0 = plm_pic_x(p, a->t), x1 = plm_pic_x(p, z->t);
    double y0 = place_y(p, a->place), y1 = place_y(p, z->place);
    bool recorded = plm_pic_leaves(a->step);
    plm_buf t;
    plm_buf_init(&t, 512);
    leg_words(&t, p, a, z, recorded);
    plm_buf_printf(b, "<g class=\"journey\"><path class=\"leg%s\" d=\"M%.1f %.1fL%.1f %.1f\">",
                   recorded ? "" : " no", x0, y0, x1, y1);
    plm_svg_title(b, plm_buf_str(&t));
    plm_buf_puts(b, "</path>");
    if (x1 - x0 > 44 && y0 != y1)
        text_at(b, (x0 + x1) / 2 + 6, (y0 + y1) / 2 + (y1 > y0 ? -3 : 11), "s l",
                plm_buf_str(&t), 40);
    plm_buf_puts(b, "</g>\n");
    drop(b, &t);
}

static void draw_bar(plm_buf *b, const char *cls, double x0, double x1, double y) {
    if (x1 - x0 < 0.5) return;
    plm_buf_printf(b, "<rect class=\"%s\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"6\"/>\n",
                   cls, x0, y - 3, x1 - x0);
}

static bool on_line(const plm_pic_record *r) {
    return !r->aside && !r->voided && !r->declares && !r->other;
}

/* From record to record; from mark to mark where there are too many legs to see. */
static void draw_line(plm_buf *b, const plm_picture *p) {
    uint32_t was = PLM_PIC_NONE, start = 0, legs = 0;
    for (uint32_t i = 0; i < p->records; i++) {
        if (!on_line(at(p, i))) continue;
        legs += was != PLM_PIC_NONE && at(p, was)->place != at(p, i)->place;
        was = i;
    }
    bool all = legs <= PLM_PIC_LEGS_MAX;
    was = PLM_PIC_NONE;
    for (uint32_t i = 0; i < p->records; i++) {
        const plm_pic_record *r = at(p, i);
        if (!on_line(r) || (!all && p->mark[r->mark].first != i)) continue;
        if (was == PLM_PIC_NONE) start = i;
        else if (at(p, was)->place != r->place) {
            draw_bar(b, "bar", plm_pic_x(p, at(p, start)->t), plm_pic_x(p, at(p, was)->t),
                     place_y(p, at(p, was)->place));
            draw_leg(b, p, was, i);
            start = i;
        }
        was = i;
    }
    if (was == PLM_PIC_NONE) return;
    const plm_pic_record *r = at(p, was);
    double x = plm_pic_x(p, r->t), y = place_y(p, r->place);
    draw_bar(b, "bar", plm_pic_x(p, at(p, start)->t), x, y);
    if (!plm_pic_leaves(r->step)) draw_bar(b, "last", x, p->at_x[p->ats - 1], y);
}

/* ---- proofs: those of one kind that would lie on each other are one mark with its count */

static bool proof_alike(const plm_picture *p, const plm_pic_proof *a, const plm_pic_proof *c) {
    return a->kind == c->kind && p->place[a->place].lane == p->place[c->place].lane &&
           c->x - a->x < 3 && !a->named && !c->named;
}

static void draw_proof(plm_buf *b, const plm_picture *p, const plm_pic_proof *x, uint32_t n) {
    char when[40];
    plm_buf t;
    plm_buf_init(&t, 4096);
    plm_time_print(x->t, when);
    plm_buf_printf(&t, "%s %.*s, claimed at %.*s (%.*s)", when, PLM_FMT(x->words),
                   PLM_FMT(p->place[x->place].name), PLM_FMT(x->id));
    if (n > 1) plm_buf_printf(&t, " and %u more like it", n - 1);
    double y = place_y(p, x->place) + PROOF_DOWN;
    plm_buf_printf(b, "<g class=\"proof\" data-count=\"%u\" data-proof=\"", n);
    plm_svg_text(b, x->id);
    plm_buf_puts(b, "\">");
    plm_svg_title(b, plm_buf_str(&t));
    drop(b, &t);
    if (x->kind == PLM_PIC_PASS)
        plm_buf_printf(b, "<path class=\"pass\" d=\"M%.1f %.1fv9\"/>", x->x, y - 4.5);
    else if (x->kind == PLM_PIC_SILENT)
        plm_buf_printf(b, "<circle class=\"mute\" cx=\"%.1f\" cy=\"%.1f\" r=\"4\"/>", x->x, y);
    else
        plm_buf_printf(b, "<path class=\"loc\" d=\"M%.1f %.1fl6 6l-6 6l-6 -6z\"/>"
                          "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"1.8\"/>", x->x, y - 6, x->x, y);
    plm_buf_puts(b, "</g>\n");
}

static void draw_proofs(plm_buf *b, const plm_picture *p) {
    for (uint32_t i = 0; i < p->proofs;) {
        uint32_t k = i + 1;
        while (k < p->proofs && proof_alike(p, &p->proof[i], &p->proof[k])) k++;
        draw_proof(b, p, &p->proof[i], k - i);
        i = k;
    }
}

/* ---- findings */

typedef struct spot {
    double x, y;
    int64_t t;
    uint32_t place;
    bool proof;
} spot;

static spot spot_of(const plm_picture *p, const plm_pic_ref *r) {
    if (r->proof) {
        const plm_pic_proof *x = &p->proof[r->i];
        return (spot){x->x, place_y(p, x->place) + PROOF_DOWN, x->t, x->place, true};
    }
    const plm_pic_record *x = &p->record[r->i];
    return (spot){p->mark[x->mark].x, place_y(p, x->place), x->t, x->place, false};
}

/* The two records that are set against each other: the first two neighbours in time that are of
 * different places, else the first and the last.  False when only one is on the picture. */
static bool pair_of(const plm_picture *p, const plm_pic_finding *g, spot *a, spot *b) {
    spot v[PLM_PIC_REFS_MAX] = {0};
    for (uint32_t i = 0; i < g->refs; i++) {
        spot s = spot_of(p, &g->ref[i]);
        uint32_t k = i;
        for (; k && v[k - 1].t > s.t; k--) v[k] = v[k - 1];
        v[k] = s;
    }
    *a = v[0];
    *b = v[g->refs - 1];
    for (uint32_t i = 1; i < g->refs; i++)
        if (v[i].place != v[i - 1].place) {
            *a = v[i - 1];
            *b = v[i];
            return true;
        }
    return g->refs > 1;
}

static void draw_flag(plm_buf *b, double x, double y, const char *letter) {
    double w = 8 + 7.0 * (double)strlen(letter);
    plm_buf_printf(b, "<rect class=\"flag\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"15\" "
                      "rx=\"2\"/><text class=\"f\" x=\"%.1f\" y=\"%.1f\">%s</text>",
                   x - w / 2, y - 7.5, w, x, y + 4, letter);
}

static void draw_pair(plm_buf *b, spot a, spot z, const char *letter) {
    double mx = (a.x + z.x) / 2, my = (a.y + z.y) / 2;
    bool flat = fabs(a.y - z.y) < 20;
    bool under = flat && a.proof && z.proof;
    if (flat) my += under ? 18 : -30;
    double cy = flat ? my + (under ? 10 : -16) : my;
    spot *end[] = {&a, &z};
    for (unsigned i = 0; i < 2; i++) { /* from ring to ring */
        double dx = mx - end[i]->x, dy = cy - end[i]->y, d = hypot(dx, dy);
        if (d > 12 && end[i]->place != PLM_PIC_NONE) {
            end[i]->x += dx / d * 10;
            end[i]->y += dy / d * 10;
        }
    }
    for (unsigned i = 0; i < 2; i++)
        plm_buf_printf(b, "<path class=\"%s\" d=\"M%.1f %.1fQ%.1f %.1f %.1f %.1f\"/>",
                       i ? "pair" : "halo", a.x, a.y, mx, cy, z.x, z.y);
    draw_flag(b, mx, flat && !under ? my + 3 : my, letter);
}

static void draw_finding(plm_buf *b, const plm_picture *p, const plm_pic_finding *g) {
    spot a, z;
    plm_buf_puts(b, "<g class=\"finding\" data-finding=\"");
    plm_svg_text(b, g->id);
    plm_buf_puts(b, "\">");
    plm_svg_title(b, g->explanation);
    for (uint32_t i = 0; i < g->refs; i++) {
        spot s = spot_of(p, &g->ref[i]);
        plm_buf_printf(b, "<circle class=\"ring\" cx=\"%.1f\" cy=\"%.1f\" r=\"10\"/>", s.x, s.y);
    }
    if (pair_of(p, g, &a, &z)) {
        draw_pair(b, a, z, g->letter);
    } else if (g->papers && p->papers_place != PLM_PIC_NONE) {
        z = (spot){a.x, place_y(p, p->papers_place), a.t, p->papers_place, false};
        plm_buf_printf(b, "<rect class=\"o\" x=\"%.1f\" y=\"%.1f\" width=\"12\" height=\"14\"/>"
                          "<circle class=\"ring\" cx=\"%.1f\" cy=\"%.1f\" r=\"11\"/>", z.x - 6,
                       z.y - 7, z.x, z.y);
        draw_pair(b, a, z, g->letter);
    } else {
        z = a; /* what is missing comes after it */
        z.x = PLM_PIC_RIGHT;
        z.place = PLM_PIC_NONE;
        if (z.x - a.x > 30) draw_pair(b, a, z, g->letter);
        else draw_flag(b, a.x - 20, a.y, g->letter);
    }
    plm_buf_puts(b, "</g>\n");
}

static void letters(plm_picture *p) {
    uint32_t drawn = 0;
    for (uint32_t i = 0; i < p->findings && drawn < PLM_PIC_DRAWN_MAX; i++)
        if (p->finding[i].refs) p->finding[i].letter[0] = (char)('A' + drawn++);
}

/* ---- words below the chart */

static double lines(plm_buf *b, double x, double y, const char *cls, plm_str s, size_t chars) {
    while (s.n) {
        plm_str line = plm_svg_line(&s, chars);
        text_at(b, x, y, cls, line, chars);
        y += 15;
    }
    return y;
}

static void ref_words(plm_buf *t, const plm_picture *p, const plm_pic_ref *r) {
    char when[40];
    if (r->proof) {
        const plm_pic_proof *x = &p->proof[r->i];
        date_of(x->t, when);
        plm_buf_printf(t, "%.*s of %s (%.*s)", PLM_FMT(x->id), when, PLM_FMT(x->words));
        return;
    }
    const plm_pic_record *x = &p->record[r->i];
    uint32_t i = p->mark[x->mark].first;
    while (p->order[i] != r->i) i++;
    date_of(x->t, when);
    plm_buf_printf(t, "record %u of %s (%.*s%s)", i + 1, when,
                   PLM_FMT(x->step.n ? x->step : PLM_STR("event")),
                   x->other ? ", does not name it" : "");
}

static double put_finding(plm_buf *b, const plm_picture *p, const plm_pic_finding *g, double y) {
    plm_buf t;
    plm_buf_init(&t, 1u << 20);
    plm_buf_puts(b, "<g class=\"words\" data-listed=\"");
    plm_svg_text(b, g->id);
    plm_buf_puts(b, "\">\n");
    if (g->letter[0]) draw_flag(b, 33, y - 4, g->letter);
    plm_buf_printf(&t, "%.*s: ", PLM_FMT(g->severity));
    for (size_t i = 0; i < g->kind.n; i++)
        plm_buf_putc(&t, g->kind.p[i] == '_' ? ' ' : g->kind.p[i]);
    if (g->about.n) plm_buf_printf(&t, ", about %.*s", PLM_FMT(g->about));
    plm_buf_printf(&t, " (%.*s)", PLM_FMT(g->id));
    text_at(b, 52, y, "b", plm_buf_str(&t), 150);
    y = lines(b, 52, y + 15, NULL, g->explanation, TEXT_CHARS - 4);
    renew(b, &t);
    plm_buf_puts(&t, "It names: ");
    for (uint32_t i = 0; i < g->refs; i++) {
        if (i) plm_buf_puts(&t, "; ");
        ref_words(&t, p, &g->ref[i]);
    }
    for (uint32_t i = 0; i < g->papers; i++)
        plm_buf_printf(&t, "%s%.*s", i || g->refs ? "; " : "", PLM_FMT(g->paper[i]));
    plm_buf_puts(&t, ".");
    y = lines(b, 52, y, "s", plm_buf_str(&t), TEXT_CHARS + 16) + 7;
    plm_buf_puts(b, "</g>\n");
    drop(b, &t);
    return y;
}

static double put_findings(plm_buf *b, const plm_picture *p, double y) {
    plm_buf t;
    plm_buf_init(&t, 1024);
    text_at(b, 24, y, "b", PLM_STR("What the records contradict"), TEXT_CHARS);
    y += 19;
    if (!p->findings) {
        text_at(b, 52, y, NULL,
                PLM_STR("No finding about it is on file; `plimsoll custody watch` looks for them."),
                TEXT_CHARS);
        y += 20;
    }
    for (uint32_t i = 0; i < p->findings; i++) y = put_finding(b, p, &p->finding[i], y);
    if (p->findings_left_out) {
        plm_buf_printf(&t, "%u more findings are on file and not listed.", p->findings_left_out);
        text_at(b, 52, y, NULL, plm_buf_str(&t), TEXT_CHARS);
        y += 20;
    }
    drop(b, &t);
    return y + 8;
}

static void put_row(plm_buf *b, const plm_picture *p, const plm_pic_mark *k, double y) {
    const plm_pic_record *r = at(p, k->first), *z = at(p, k->last);
    plm_buf t;
    plm_buf_init(&t, 1u << 16);
    if (k->first == k->last) plm_buf_printf(&t, "%u", k->first + 1);
    else plm_buf_printf(&t, "%u–%u", k->first + 1, k->last + 1);
    text_at(b, 24, y, "s", plm_buf_str(&t), 11);
    renew(b, &t);
    if (k->first == k->last) plm_buf_printf(&t, "%.*s", PLM_FMT(r->said));
    else plm_buf_printf(&t, "%.10s to %.10s", r->said.n >= 10 ? r->said.p : "-",
                        z->said.n >= 10 ? z->said.p : "-");
    text_at(b, 92, y, "s", plm_buf_str(&t), 30);
    renew(b, &t);
    bool same = true;
    for (uint32_t i = k->first; i <= k->last; i++) same &= plm_str_eq(at(p, i)->step, r->step);
    if (k->first != k->last) plm_buf_printf(&t, "%u × ", k->last - k->first + 1);
    plm_buf_printf(&t, "%.*s", PLM_FMT(!same ? PLM_STR("records") : r->step.n ? r->step
                                                                   : PLM_STR("event")));
    text_at(b, 282, y, "s", plm_buf_str(&t), 26);
    renew(b, &t);
    const plm_pic_place *at_place = &p->place[k->place];
    plm_buf_printf(&t, "%.*s%s%.*s%s", PLM_FMT(at_place->name), at_place->country.n ? ", " : "",
                   PLM_FMT(at_place->country), k->place == k->place_last ? "" : " and elsewhere");
    text_at(b, 420, y, "s", plm_buf_str(&t), 46);
    renew(b, &t);
    if (k->first == k->last) plm_buf_printf(&t, "%.*s", PLM_FMT(r->event));
    const char *join = t.n ? "; " : "";
    if (r->voided) plm_buf_printf(&t, "%sdeclared an error", join);
    if (r->declares) plm_buf_printf(&t, "%sdeclares an error", join);
    if (r->other) plm_buf_printf(&t, "%sa record that does not name it", join);
    if (r->aside) plm_buf_printf(&t, "%sbeside the journey", join);
    if (r->via.n) plm_buf_printf(&t, "%sinside %.*s", join, PLM_FMT(bare(r->via)));
    text_at(b, 690, y, "s", plm_buf_str(&t), 80);
    drop(b, &t);
}

static double put_table(plm_buf *b, const plm_picture *p, double y) {
    text_at(b, 24, y, "b", PLM_STR("Records, by number"), 80);
    y += 18;
    static const struct {
        double x;
        const char *word;
    } heads[] = {{24, "no."}, {92, "time, as said"}, {282, "step"}, {420, "place"},
                 {690, "event id and remarks"}};
    for (size_t i = 0; i < sizeof heads / sizeof *heads; i++)
        text_at(b, heads[i].x, y, "s b", plm_str_c(heads[i].word), 40);
    y += 4;
    plm_buf_printf(b, "<path class=\"lane\" d=\"M24 %.1fH1176\"/>\n", y);
    for (uint32_t m = 0; m < p->marks; m++) put_row(b, p, &p->mark[m], y += 14);
    return y + 24;
}

/* ---- frame: title, legend, lanes, dates */

static void put_lanes(plm_buf *b, const plm_picture *p) {
    plm_buf t;
    plm_buf_init(&t, 1u << 16);
    for (uint32_t i = 0; i < p->lanes; i++) {
        bool other = p->lane_place[i] == PLM_PIC_NONE;
        const plm_pic_place *x = other ? NULL : &p->place[p->lane_place[i]];
        double y = lane_y(i);
        plm_buf_printf(b, "<path class=\"lane\" d=\"M%.1f %.1fH%.1f\"/>\n", PLM_PIC_LEFT - 8, y,
                       PLM_PIC_RIGHT + 8);
        renew(b, &t);
        if (!other && x->country.n) plm_buf_printf(&t, "%.*s, ", PLM_FMT(x->country));
        if (!other) plm_buf_printf(&t, "%.*s", PLM_FMT(x->under));
        plm_buf_puts(b, "<g class=\"place\">");
        if (!other) plm_svg_title(b, x->name);
        if (other) plm_buf_printf(&t, "%u places", p->others);
        text_at(b, 24, y, "b", other ? PLM_STR("other places") : x->name, 33);
        text_at(b, 24, y + 14, "s", plm_buf_str(&t), 42);
        plm_buf_puts(b, "</g>\n");
    }
    drop(b, &t);
}

static void put_cuts(plm_buf *b, const plm_picture *p, double bottom) {
    for (uint32_t i = 1; i < p->ats; i++) {
        double x = (p->at_x[i] + p->at_x[i - 1]) / 2, low = bottom + 8;
        if (!p->at_cut[i]) continue;
        plm_buf_printf(b, "<path class=\"cut\" d=\"M%.1f %.1fl8 -16\"/><path class=\"cutl\" "
                          "d=\"M%.1f %.1fl8 -16m5 0l-8 16\"/>\n", x - 3, low, x - 6, low);
        plm_buf_printf(b, "<text class=\"n\" x=\"%.1f\" y=\"%.1f\">%.0f days</text>\n", x,
                       bottom - 11, (double)(p->at[i] - p->at[i - 1]) / (double)PLM_DAY_NS);
    }
}

static void put_dates(plm_buf *b, const plm_picture *p, double top, double bottom) {
    char day[40], was[40] = "";
    double last = -1000;
    plm_buf_printf(b, "<path class=\"cutl\" d=\"M%.1f %.1fH%.1f\"/>\n", PLM_PIC_LEFT, bottom,
                   PLM_PIC_RIGHT);
    put_cuts(b, p, bottom);
    for (uint32_t i = 0; i < p->ats; i++) {
        double x = p->at_x[i];
        bool end = i + 1 == p->ats;
        date_of(p->at[i], day);
        bool room = x - last >= TICK_MIN && (end || p->at_x[p->ats - 1] - x >= TICK_MIN * 1.3);
        if (!strcmp(day, was) || (!room && !end)) continue;
        memcpy(was, day, sizeof was);
        last = x;
        plm_buf_printf(b, "<path class=\"lane\" d=\"M%.1f %.1fV%.1f\"/>", x, top, bottom + 5);
        for (unsigned k = 0; k < 2; k++)
            plm_buf_printf(b, "<text class=\"s\" x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\">%s"
                              "</text>\n", x, k ? bottom + 18 : top - 5,
                           end && i ? "end" : "middle", day);
    }
}

static void put_legend(plm_buf *b) {
    static const struct {
        shape s;
        const char *word;
        double x;
    } shapes[] = {{WORK, "made, packed, installed, opened", 30}, {LEAVE, "shipped, departed", 236},
                  {ARRIVE, "arrived, received", 366}, {READ, "read, counted", 492},
                  {END, "destroyed", 598}};
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        glyph(b, shapes[i].s, "m", shapes[i].x, 98);
        text_at(b, shapes[i].x + 12, 102, "s", plm_str_c(shapes[i].word), 60);
    }
    glyph(b, READ, "o", 682, 98);
    text_at(b, 694, 102, "s", PLM_STR("hollow: not on the journey"), 60);
    glyph(b, READ, "v", 854, 98);
    plm_buf_puts(b, "<path class=\"x\" d=\"M847 105l14 -14\"/>");
    text_at(b, 866, 102, "s", PLM_STR("declared an error"), 60);
    plm_buf_puts(b, "<path class=\"leg\" d=\"M980 98h26\"/>");
    text_at(b, 1012, 102, "s", PLM_STR("on the way, as recorded"), 60);
    plm_buf_puts(b, "<path class=\"leg no\" d=\"M24 118h26\"/>");
    text_at(b, 56, 122, "s", PLM_STR("moved, no departure on record"), 60);
    plm_buf_puts(b, "<path class=\"pass\" d=\"M236 113.5v9\"/>");
    text_at(b, 244, 122, "s", PLM_STR("attested"), 60);
    plm_buf_puts(b, "<circle class=\"mute\" cx=\"304\" cy=\"118\" r=\"4\"/>");
    text_at(b, 314, 122, "s", PLM_STR("asked, no answer"), 60);
    plm_buf_puts(b, "<path class=\"loc\" d=\"M418 112l6 6l-6 6l-6 -6z\"/>"
                    "<circle cx=\"418\" cy=\"118\" r=\"1.8\"/>");
    text_at(b, 430, 122, "s", PLM_STR("location proof"), 60);
    plm_buf_puts(b, "<path class=\"pair\" d=\"M532 118h62\"/><circle class=\"ring\" cx=\"530\" "
                    "cy=\"118\" r=\"7\"/><circle class=\"ring\" cx=\"596\" cy=\"118\" r=\"7\"/>");
    draw_flag(b, 563, 118, "A");
    text_at(b, 610, 122, "s", PLM_STR("two records that a finding sets against each other; to the "
                                      "right edge: nothing that should follow"), 120);
    text_at(b, 24, 142, "s",
            PLM_STR("Each row is a place. Dates are UTC. Time is not to one scale: short gaps are "
                    "widened, quiet stretches are cut (//, with their length)."), TEXT_CHARS + 10);
}

static void count_words(plm_buf *t, const plm_picture *p) {
    char from[40] = "-", to[40] = "-";
    uint32_t n[3] = {0}, moved = 0;
    for (uint32_t i = 0; i < p->proofs; i++) n[p->proof[i].kind]++;
    for (uint32_t m = 0; m < p->marks; m++) moved += p->mark[m].last > p->mark[m].first;
    if (p->ats) date_of(p->from, from), date_of(p->to, to);
    plm_buf_printf(t, "%u records, %s to %s; %u attestations, %u without answer; %u location "
                      "proofs; findings on file: %u.", p->own, from, to,
                   n[PLM_PIC_PASS] + n[PLM_PIC_SILENT], n[PLM_PIC_SILENT], n[PLM_PIC_LOCATION],
                   p->findings + p->findings_left_out);
    if (moved)
        plm_buf_printf(t, " Condensed: %u marks stand for several records each.", moved);
    if (p->proofs_left_out)
        plm_buf_printf(t, " %u more proofs are left out.", p->proofs_left_out);
}

static void put_head(plm_buf *b, const plm_picture *p, const char *count) {
    const plm_json *o = plm_doc_root(p->doc);
    plm_buf t;
    plm_buf_init(&t, 1u << 16);
    plm_buf_printf(&t, "Journey of %.*s", PLM_FMT(p->id));
    text_at(b, 24, 30, "h", plm_buf_str(&t), 100);
    renew(b, &t);
    static const char *const keys[] = {"kind", "sku", "device_id", "inside", "state", "place",
                                       "holder"};
    static const char *const words[] = {"", "model ", "device ", "inside ", "last state ",
                                        "last at ", "held by "};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        plm_str v = bare(plm_json_text(plm_json_get(o, keys[i])));
        if (v.n) plm_buf_printf(&t, "%s%s%.*s", t.n ? "  ·  " : "", words[i], PLM_FMT(v));
    }
    text_at(b, 24, 51, NULL, plm_buf_str(&t), TEXT_CHARS);
    text_at(b, 24, 70, NULL, plm_str_c(count), TEXT_CHARS + 8);
    drop(b, &t);
}

void plm_pic_draw(plm_picture *p, plm_buf *out) {
    plm_buf b, count;
    plm_buf_init(&b, out->max);
    plm_buf_init(&count, 4096);
    count_words(&count, p);
    plm_buf_putc(&count, 0);
    letters(p);
    double bottom = lane_y(p->lanes ? p->lanes - 1 : 0) + 40;
    put_head(&b, p, count.p ? count.p : "");
    put_legend(&b);
    put_dates(&b, p, TOP, bottom);
    put_lanes(&b, p);
    draw_line(&b, p);
    draw_proofs(&b, p);
    for (uint32_t m = 0; m < p->marks; m++) draw_mark(&b, p, m);
    for (uint32_t i = 0; i < p->findings; i++)
        if (p->finding[i].letter[0]) draw_finding(&b, p, &p->finding[i]);
    for (uint32_t m = 0; m < p->marks; m++) draw_number(&b, p, m);
    double y = put_findings(&b, p, bottom + 52);
    y = put_table(&b, p, y);
    plm_buf_printf(out, "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %.0f\" "
                        "width=\"%d\" height=\"%.0f\" role=\"img\" aria-labelledby=\"t d\">\n"
                        "<title id=\"t\">"
                        "Journey of ", WIDTH, y, WIDTH, y);
    plm_svg_text(out, p->id);
    plm_buf_puts(out, "</title>\n<desc id=\"d\">Places as rows, time from left to right. ");
    plm_svg_text(out, plm_str_c(count.p ? count.p : ""));
    for (uint32_t i = 0; i < p->findings; i++) {
        plm_buf_puts(out, " Finding: ");
        plm_svg_text(out, p->finding[i].explanation);
    }
    plm_buf_printf(out, "</desc>\n%s<rect width=\"%d\" height=\"%.0f\" fill=\"#fff\"/>\n", style,
                   WIDTH, y);
    if (b.full || count.full || !plm_buf_put(out, b.p, b.n)) out->full = true;
    plm_buf_puts(out, "</svg>\n");
    plm_buf_free(&b);
    plm_buf_free(&count);
}

bool plm_journey_picture(plm_store *s, plm_str id, plm_buf *out, plm_fault *f) {
    plm_fault own = {0};
    plm_buf json;
    plm_picture p = {.s = s, .f = f ? f : &own, .a = plm_arena_new(PICTURE_ARENA_MAX)};
    plm_buf_init(&json, (size_t)1 << 30);
    bool ok = p.a && plm_show(s, id, &json, p.f);
    if (ok) p.doc = plm_doc_parse(plm_buf_str(&json), (size_t)1 << 30, p.f);
    ok = ok && p.doc && plm_store_snapshot(s, p.f);
    if (ok) {
        ok = plm_pic_read(&p) && plm_pic_lay(&p);
        plm_store_rollback(s);
    }
    if (ok) plm_pic_draw(&p, out);
    plm_w_index_free(&p.ids);
    plm_doc_free(p.doc);
    plm_buf_free(&json);
    plm_arena_free(p.a);
    if (ok && out->full) return plm_fail(p.f, PLM_OUT_OF_RANGE, "the picture is too large");
    return ok || plm_fail(p.f, PLM_NO_MEMORY, "out of memory");
}
