/* report.c: the result as text for a person, with the proof's trees where it is asked for. */
#include "base/file.h"
#include "decide/questions.h"
#include "decide/result.h"

static void report_lines(result *r, bool explain, plm_buf *out) {
    plm_desk *d = r->d;
    for (uint32_t i = 0; i < r->det_count; i++) {
        const determination *t = &r->det[i];
        const plm_rule_info *k = plm_book_rule(d->book, t->rule);
        plm_buf_printf(out, "  %s: %.*s \"%.*s\" [%.*s]\n",
                       t->truth == PLM_YES ? k->prohibits ? "prohibited" : "license required"
                                           : "may require a license",
                       PLM_FMT(k->name), PLM_FMT(k->title), PLM_FMT(k->cite));
        if (explain) plm_facts_explain(d->world, t->rule, t->item, t->party, 2, out);
    }
    for (uint32_t i = 0; i < r->exception_count; i++) {
        const exception_row *x = &r->exceptions[i];
        const plm_rule_info *k = plm_book_rule(d->book, x->rule);
        plm_buf_printf(out, "  License Exception %.*s: %s [%.*s]\n", PLM_FMT(x->code),
                       x->available == PLM_YES ? "available"
                       : x->available == PLM_NO ? "not available" : "not known",
                       PLM_FMT(k->cite));
        for (uint32_t c = 0; c < k->condition_count; c++) {
            plm_truth t = plm_facts_ask_condition(d->world, x->rule, c, x->item, -1);
            if (t != PLM_YES)
                plm_buf_printf(out, "    %s: %.*s\n", t == PLM_NO ? "not met" : "not known",
                               PLM_FMT(k->condition_says[c]));
        }
        if (x->available == PLM_YES)
            for (uint32_t c = 0; c < k->oblige_count; c++)
                plm_buf_printf(out, "    obliges: %.*s\n", PLM_FMT(k->obliges[c]));
    }
}

static void report_duties(result *r, plm_buf *out) {
    for (uint32_t i = 0; i < r->duty_count; i++) {
        const determination *t = &r->duty[i];
        const plm_rule_info *k = plm_book_rule(r->d->book, t->rule);
        plm_buf_printf(out, "  %s: %.*s \"%.*s\"",
                       t->truth == PLM_YES ? "obliged" : "may be obliged", PLM_FMT(k->name),
                       PLM_FMT(k->title));
        char path[PATH_TEXT];
        if (t->item >= 0)
            plm_buf_printf(out, ", %s", desk_item_path(r->d, (uint32_t)t->item, path).p);
        if (t->party >= 0 && r->d->parties[t->party].party)
            plm_buf_printf(out, ", parties[%d]", (int)t->party);
        else if (t->party >= 0)
            plm_buf_puts(out, ", parties"); /* one that the case leaves out */
        plm_buf_printf(out, " [%.*s]\n", PLM_FMT(k->cite));
        for (uint32_t o = 0; o < k->oblige_count; o++)
            plm_buf_printf(out, "    obliges: %.*s\n", PLM_FMT(k->obliges[o]));
    }
}

static void report_rest(result *r, plm_buf *out) {
    plm_desk *d = r->d;
    report_duties(r, out);
    const char *policy = plm_policy_name(r->a.policy);
    if (policy) plm_buf_printf(out, "  review policy: %s\n", policy);
    question *q = plm_arena_array(d->arena, PLM_QUESTIONS_MAX, sizeof *q);
    size_t n = q ? desk_questions(d, &r->a, q, PLM_QUESTIONS_MAX) : 0;
    for (size_t i = 0; i < n; i++) {
        plm_buf_printf(out, "  ask: %s (%s)\n", q[i].why, q[i].fact);
        for (uint32_t k = 0; k < q[i].outcome_count; k++)
            plm_buf_printf(out, "    if %s\n", q[i].outcome[k]);
    }
    for (uint32_t i = 0; i < d->conflict_count; i++) {
        char item[PATH_TEXT];
        plm_buf_printf(out, "  conflict: %s.facts.%s: %u sources differ; taken over both\n",
                       desk_item_path(d, d->conflicts[i].item, item).p, d->conflicts[i].fact,
                       d->conflicts[i].count);
    }
    for (uint32_t i = 0; i < d->party_count; i++)
        if (d->parties[i].found_text.n)
            plm_buf_put(out, d->parties[i].found_text.p, d->parties[i].found_text.n);
    for (uint32_t i = 0; i < d->c.warning_count; i++)
        plm_buf_printf(out, "  warning: %.*s\n", PLM_FMT(d->c.warnings[i]));
    for (uint32_t i = 0; i < d->warning_count; i++)
        plm_buf_printf(out, "  warning: %.*s\n", PLM_FMT(d->warnings[i]));
}

static void report_items(result *r, bool explain, plm_buf *out) {
    plm_desk *d = r->d;
    for (uint32_t i = 0; i < d->item_count; i++) {
        const plm_item *t = d->items[i].item;
        if (d->items[i].parent >= 0 || !t) continue;
        plm_str eccn = plm_facts_eccn(d->world, (int32_t)i);
        plm_buf_printf(out, "  item %u: %.*s, ECCN %.*s\n", d->items[i].top,
                       PLM_FMT(t->part.n ? t->part : PLM_STR("(no name)")),
                       PLM_FMT(eccn.n ? eccn : PLM_STR("not known")));
        for (int k = 0; k < DESK_CLASSES; k++) {
            plm_rule c = d->classes[k];
            plm_truth t2 = result_class(d, c, (int32_t)i);
            if (t2 != PLM_NO)
                plm_buf_printf(out, "    %s: %s\n", desk_class_names[k], plm_truth_name(t2));
            if (explain && t2 != PLM_NO) plm_facts_explain(d->world, c, (int32_t)i, -1, 3, out);
        }
    }
}

bool plm_desk_report(plm_desk *d, plm_str json, const plm_reading *rd, bool explain, plm_buf *out,
                     plm_verdict *v, plm_fault *f) {
    if (!desk_open(d, json, rd, f)) return false;
    result *r = result_of(d);
    char day[2][11], proof[65], book[65];
    if (!r) return plm_fail(f, PLM_NO_MEMORY, "out of memory");
    result_conclude(r, d);
    plm_buf_clear(&d->found);
    result_proof(r, &d->found);
    bool ok = !d->found.full && desk_proof_hash(d, plm_buf_str(&d->found), proof, f);
    desk_let_go(&d->found);
    if (!ok)
        return plm_fail(f, PLM_OUT_OF_RANGE, "the proof is larger than %u bytes",
                        PLM_PROOF_BYTES_MAX);
    plm_day_print(d->c.as_of, day[0]);
    plm_day_print(d->c.known, day[1]);
    plm_hex(plm_book_sha256(d->book), 32, book);
    plm_buf_printf(out, "%.*s: %s\n  as of %s, as known on %s, %s\n",
                   PLM_FMT(d->c.id.n ? d->c.id : PLM_STR("case")),
                   plm_verdict_name(r->a.verdict), day[0], day[1],
                   d->c.codified ? "codified" : "enforced");
    report_items(r, explain, out);
    report_lines(r, explain, out);
    if (r->a.cases > 1)
        plm_buf_printf(out, "  proved by cases: %u ways for the unknown facts\n", r->a.cases);
    report_rest(r, out);
    plm_buf_printf(out, "  rulebook %.*s %.16s, proof %.16s\n", PLM_FMT(plm_book_name(d->book)),
                   book, proof);
    *v = r->a.verdict;
    return !out->full || plm_fail(f, PLM_OUT_OF_RANGE, "the report is too large");
}
