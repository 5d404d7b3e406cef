/* questions.c: the counter-proof.  Each unknown that the open conclusion hangs on is settled each
 * way, and the verdict taken again: a fact whose every way decides comes first, then the
 * cheaper. */
#include "decide/questions.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define OPEN_MAX 32
#define QUESTION_CASES_MAX 24 /* evaluations by cases on what one answer would do */

static void path_of(plm_desk *d, const plm_open *o, char *out, size_t n) {
    char item[PATH_TEXT];
    if (o->item >= 0) desk_item_path(d, (uint32_t)o->item, item);
    if (o->fact < 0) {
        if (o->rule != PLM_RULE_NONE)
            snprintf(out, n, "law.%.*s", PLM_FMT(plm_book_rule(d->book, o->rule)->name));
        else if (o->item >= 0)
            snprintf(out, n, "%s.contains", item);
        else
            snprintf(out, n, "law.reading");
        return;
    }
    const plm_fact_info *k = plm_book_fact(d->book, (uint32_t)o->fact);
    if (k->scope == PLM_OF_ITEM && o->item >= 0)
        snprintf(out, n, "%s.%.*s", item, PLM_FMT(k->path));
    else if (k->scope == PLM_OF_PARTY && o->party >= 0) {
        const flat_party *p = &d->parties[o->party];
        bool listed = p->party && !p->listed.given && plm_str_starts(k->path, "listed.");
        plm_str path = listed ? PLM_STR("listed") : k->path;
        if (!p->party) snprintf(out, n, "parties[role=%s].%.*s", plm_role_names[p->role],
                                PLM_FMT(k->path));
        else snprintf(out, n, "parties[%d].%.*s", (int)o->party, PLM_FMT(path));
    } else
        snprintf(out, n, "%.*s", PLM_FMT(k->path));
}

/* What to add to a question that is open because no list of its kind was screened. */
static const char *want_of_list(const plm_desk *d, const plm_open *o, const plm_fact_info *k) {
    static const char before[] = "listed.";
    uint32_t bits = o->party >= 0 ? d->parties[o->party].unloaded : 0;
    if (!bits || !plm_str_starts(k->path, before)) return "";
    plm_str key = {k->path.p + sizeof before - 1, k->path.n - (sizeof before - 1)};
    for (int i = 0; i < PLM_L_COUNT; i++)
        if (bits >> i & 1 && plm_str_is(key, plm_listed_names[i]))
            return " No list of that kind is loaded: import it into the lists directory.";
    return "";
}

static void why_of(plm_desk *d, const plm_open *o, char *out, size_t n) {
    if (o->fact >= 0) {
        const plm_fact_info *k = plm_book_fact(d->book, (uint32_t)o->fact);
        snprintf(out, n, "%.*s%s", PLM_FMT(k->ask), want_of_list(d, o, k));
    } else if (o->rule != PLM_RULE_NONE) {
        plm_buf b;
        plm_buf_init(&b, 300);
        plm_view_say(d->view, o->rule, &b);
        snprintf(out, n, "Is %.*s in force? %.*s", PLM_FMT(plm_book_rule(d->book, o->rule)->name),
                 (int)b.n, b.p ? b.p : "");
        plm_buf_free(&b);
    } else {
        snprintf(out, n, "Not settled by any fact of a case: %s", o->says);
    }
}

static void outcome(plm_desk *d, question *q, const plm_open *o, plm_truth t) {
    if (q->outcome_count == sizeof q->outcome / sizeof *q->outcome) return;
    if (!plm_facts_settle(d->world, o, t)) return;
    plm_verdict v = desk_verdict_only(d, QUESTION_CASES_MAX);
    plm_facts_unsettle(d->world);
    snprintf(q->outcome[q->outcome_count++], sizeof *q->outcome, "%s%s: %s",
             t == PLM_YES ? "" : "not ", o->says, plm_verdict_name(v));
    if (v != PLM_VERDICT_UNKNOWN) q->decisive++;
}

static int by_weight(const void *x, const void *y) {
    const question *a = x, *b = y;
    if (a->decisive * b->outcome_count != b->decisive * a->outcome_count)
        return a->decisive * b->outcome_count > b->decisive * a->outcome_count ? -1 : 1;
    if (a->cost != b->cost) return a->cost < b->cost ? -1 : 1;
    return strcmp(a->fact, b->fact);
}

static size_t add(plm_desk *d, const plm_open *o, question *out, size_t n, size_t max) {
    char path[PATH_TEXT + 96];
    path_of(d, o, path, sizeof path);
    size_t at = 0;
    while (at < n && strcmp(out[at].fact, path) != 0) at++;
    if (at == max) return n;
    question *q = &out[at];
    if (at == n) {
        memset(q, 0, sizeof *q);
        snprintf(q->fact, sizeof q->fact, "%s", path);
        why_of(d, o, q->why, sizeof q->why);
        q->cost = o->fact >= 0 ? plm_book_fact(d->book, (uint32_t)o->fact)->cost : 100;
        n++;
    }
    outcome(d, q, o, PLM_YES);
    outcome(d, q, o, PLM_NO);
    return n;
}

size_t desk_questions(plm_desk *d, const answer *a, question *out, size_t max) {
    plm_open open[OPEN_MAX];
    size_t n = 0, k = 0;
    if (a->verdict == PLM_VERDICT_UNKNOWN)
        k = plm_facts_open(d->world, desk_ask_required, d, open, OPEN_MAX);
    else if (a->required == PLM_YES && a->excepted == PLM_UNKNOWN)
        k = plm_facts_open(d->world, desk_ask_permitted, d, open, OPEN_MAX);
    for (size_t i = 0; i < k; i++) n = add(d, &open[i], out, n, max);
    if (n) qsort(out, n, sizeof *out, by_weight);
    return n;
}
