/* view.c: the four clocks.  A rule is in force on a date as known on another: its effective spans,
 * less its stays, and in enforced mode only where it is enforced.  What was announced after the
 * day of knowledge does not count. */
#include "rules/program.h"

#include <string.h>

static bool seen(const timing *c, plm_day known) { return c->s.announced <= known; }
/* An end that was not yet announced has not come. */
static bool covers(const timing *c, plm_day d, plm_day known) {
    return c->s.from <= d && (d <= c->s.to || known < c->s.ended);
}

/* The last clause of the kind that is known and covers the day. */
static const timing *find(const rule *r, clock_kind kind, plm_day as_of, plm_day known, bool *any) {
    const timing *hit = NULL;
    for (uint32_t i = 0; i < r->clock_count; i++) {
        const timing *c = &r->clocks[i];
        if (c->kind != kind || !seen(c, known)) continue;
        if (any) *any = true;
        if (covers(c, as_of, known)) hit = c;
    }
    return hit;
}

static bool has(const rule *r, clock_kind kind) {
    for (uint32_t i = 0; i < r->clock_count; i++)
        if (r->clocks[i].kind == kind) return true;
    return false;
}

plm_truth plm_rule_force(const rule *r, plm_day as_of, plm_day known, bool codified) {
    bool enforced = false;
    if (has(r, CLOCK_EFFECTIVE) && !find(r, CLOCK_EFFECTIVE, as_of, known, NULL)) return PLM_NO;
    if (find(r, CLOCK_STAYED, as_of, known, NULL)) return PLM_NO;
    if (!codified) {
        const timing *c = find(r, CLOCK_ENFORCED, as_of, known, &enforced);
        if (enforced && !c) return PLM_NO;
        if (find(r, CLOCK_NOT_ENFORCED, as_of, known, NULL)) return PLM_NO;
    }
    return find(r, CLOCK_UNKNOWN, as_of, known, NULL) ? PLM_UNKNOWN : PLM_YES;
}

static const char *kind_word(clock_kind k) {
    static const char *const words[] = {"effective", "enforced", "not enforced", "stayed",
                                        "not known"};
    return words[k];
}

static void say_span(plm_buf *out, const char *word, const span *s) {
    char a[11], z[11];
    plm_buf_printf(out, "%s", word);
    if (s->from != PLM_DAY_MIN) plm_day_print(s->from, a), plm_buf_printf(out, " from %s", a);
    if (s->to != PLM_DAY_MAX) plm_day_print(s->to, z), plm_buf_printf(out, " to %s", z);
    if (s->basis.n) plm_buf_printf(out, " (%.*s)", PLM_FMT(s->basis));
}

void plm_view_say(const plm_view *v, plm_rule id, plm_buf *out) {
    const rule *r = &v->book->rules[id];
    bool first = true;
    for (uint32_t i = 0; i < r->clock_count; i++) {
        if (!seen(&r->clocks[i], v->known) || !covers(&r->clocks[i], v->as_of, v->known)) continue;
        if (!first) plm_buf_puts(out, ", ");
        first = false;
        say_span(out, kind_word(r->clocks[i].kind), &r->clocks[i].s);
    }
    if (!first) return;
    if (!r->clock_count) plm_buf_puts(out, "always");
    else plm_buf_puts(out, "no clause of it covers this date");
}

static void fill_groups(plm_view *v) {
    const plm_book *b = v->book;
    for (uint32_t g = 0; g < b->group_count; g++)
        for (uint32_t i = 0; i < b->groups[g].count; i++) {
            const member *m = &b->groups[g].members[i];
            /* a change that was not yet known has not happened */
            bool joined = m->from <= v->as_of && m->from <= v->known;
            bool left = v->as_of > m->to && v->known > m->to;
            if (joined && !left)
                v->in[g][m->country / 64] |= 1ull << (m->country % 64);
        }
}

/* The days around d between which nothing of the book changes. */
static void around(const plm_day *v, uint32_t n, plm_day d, plm_day *from, plm_day *to) {
    uint32_t lo = 0, hi = n; /* the first that is after d */
    while (lo < hi) {
        uint32_t mid = lo + (hi - lo) / 2;
        if (v[mid] <= d) lo = mid + 1;
        else hi = mid;
    }
    *from = lo ? v[lo - 1] : PLM_DAY_MIN;
    *to = lo < n ? v[lo] - 1 : PLM_DAY_MAX;
}

plm_view *plm_view_new(const plm_book *b, plm_day as_of, plm_day known, bool codified) {
    size_t force = (b->rule_count + 1) * sizeof(plm_truth);
    plm_view *v;
    size_t in = (b->group_count + 1) * sizeof *v->in;
    v = plm_mem_resize(NULL, sizeof *v + in + force);
    if (!v) return NULL;
    memset(v, 0, sizeof *v + in + force);
    *v = (plm_view){.book = b, .as_of = as_of, .known = known, .codified = codified};
    v->in = (void *)(v + 1);
    v->force = (void *)((char *)(v + 1) + in);
    for (uint32_t i = 0; i < b->rule_count; i++)
        v->force[i] = plm_rule_force(&b->rules[i], as_of, known, codified);
    fill_groups(v);
    around(b->as_of_days, b->as_of_count, as_of, &v->as_of_from, &v->as_of_to);
    around(b->known_days, b->known_count, known, &v->known_from, &v->known_to);
    return v;
}

void plm_view_free(plm_view *v) {
    if (v && v->program) plm_arena_free(v->program->arena);
    plm_mem_free(v);
}

bool plm_view_is(const plm_view *v, plm_day as_of, plm_day known, bool codified) {
    return v->as_of_from <= as_of && as_of <= v->as_of_to && v->known_from <= known &&
           known <= v->known_to && v->codified == codified;
}

bool plm_view_has_name(const plm_view *v, uint32_t list, plm_str folded) {
    const namelist *l = &v->book->lists[list];
    for (uint32_t i = 0; folded.n && i < l->count; i++)
        if (plm_str_eq(l->v[i].text, folded) && l->v[i].from <= v->as_of &&
            v->as_of <= l->v[i].to && l->v[i].from <= v->known)
            return true;
    return false;
}

plm_truth plm_view_force(const plm_view *v, plm_rule r) { return v->force[r]; }

plm_truth plm_view_in_group(const plm_view *v, plm_str name, plm_country c) {
    for (uint32_t g = 0; g < v->book->group_count; g++)
        if (plm_str_eq(v->book->groups[g].name, name))
            return !c ? PLM_UNKNOWN : v->in[g][c / 64] >> (c % 64) & 1 ? PLM_YES : PLM_NO;
    return PLM_UNKNOWN;
}
