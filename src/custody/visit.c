/* visit.c: what a visit saw, what it leads to, and closing a check.  A recommendation is answered
 * by following it or by saying why not (OIG-26-019-A, finding e); a check doesn't close before.
 * The criteria for nomination are those of 15 CFR 744.15(c) and 744.11(b). */
#include "custody/desk.h"

#include "base/file.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

typedef struct visit {
    plm_str check, rating;
    const plm_json *root;
    size_t seen, missing, photos, attested, light; /* light: weighed unlike the registry */
    int64_t ord;                                   /* of the record to be kept */
} visit;

static bool bad(plm_fault *f, const char *field, const char *say) {
    return plm_fail_at(f, PLM_BAD_INPUT, field, 0, 0, "%s", say);
}

static bool texts(const plm_json *root, const char *key, size_t *n, plm_fault *f) {
    const plm_json *v = plm_json_get(root, key);
    *n = 0;
    if (!v) return true;
    if (!plm_json_is_arr(v)) return bad(f, key, "is to be a list of texts");
    *n = plm_json_count(v);
    if (*n > PLM_DESK_LIST_MAX)
        return plm_fail_at(f, PLM_OUT_OF_RANGE, key, 0, 0, "has more than %u entries",
                           PLM_DESK_LIST_MAX);
    plm_json_each(v, it, e) {
        if (!plm_json_is_str(e) || !plm_json_text(e).n)
            return bad(f, key, "has an entry that is no text; write each id between quotes");
    }
    return true;
}

/* One EPC can't be both seen and missing. */
static bool apart(const plm_json *root, plm_fault *f) {
    plm_w_index seen = {0};
    bool ok = true;
    if (plm_json_get(root, "seen")) {
        plm_json_each(plm_json_get(root, "seen"), it, e)
            ok = ok && plm_w_index_put(&seen, plm_json_text(e)) != PLM_W_NONE;
    }
    if (!ok) plm_fail(f, PLM_NO_MEMORY, "out of memory");
    if (ok && plm_json_get(root, "missing")) {
        plm_json_each(plm_json_get(root, "missing"), it, e)
            if (ok && plm_w_index_get(&seen, plm_json_text(e)) != PLM_W_NONE)
                ok = plm_fail_at(f, PLM_BAD_INPUT, "missing", 0, 0,
                                 "%.*s is in seen as well; leave it in one of them",
                                 (int)(plm_json_text(e).n > 120 ? 120 : plm_json_text(e).n),
                                 plm_json_text(e).p);
    }
    plm_w_index_free(&seen);
    return ok;
}

static bool photos(visit *v, plm_fault *f) {
    const plm_json *p = plm_json_get(v->root, "photos");
    unsigned char d[PLM_SHA256_LEN];
    if (!p) return true;
    if (!plm_json_is_arr(p)) return bad(f, "photos", "is to be a list of {\"sha256\": …}");
    plm_json_each(p, it, e) {
        plm_str h = plm_json_text(plm_json_get(e, "sha256"));
        if (h.n != 64 || !plm_unhex(h, d, PLM_SHA256_LEN))
            return bad(f, "photos[].sha256",
                       "is to be the 64 hexadecimal digits of the file's SHA-256");
        v->photos++;
    }
    return true;
}

/* Whole milligrams of a decimal number of kg; 0 when it is none. */
static int64_t kg_mg(const plm_json *v) {
    plm_dec d, m;
    if (!plm_json_dec(v, true, &d, NULL)) return 0;
    if (!plm_dec_mul(d, plm_dec_int(1000000), false, &m)) return 0;
    if (m.neg || m.w[1] || m.w[2]) return 0;
    return (int64_t)(m.w[0] / 1000000000u);
}

static bool weights(visit *v, plm_store *s, plm_fault *f) {
    const plm_json *o = plm_json_get(v->root, "weights");
    if (!o) return true;
    if (!plm_json_is_obj(o)) return bad(f, "weights", "is to be an object of EPC: kg");
    plm_stmt *q = plm_stmt_new(s, "SELECT d.mass_mg FROM devices d JOIN names n ON n.key = d.epc"
                                  " WHERE n.shown = ?1", f);
    if (!q) return false;
    bool ok = true;
    plm_json_pairs(o, it, k, e) {
        int64_t mg = kg_mg(e);
        if (mg <= 0) {
            ok = bad(f, "weights", "has a weight that is no number of kg above 0");
            break;
        }
        plm_stmt_text(q, 1, plm_json_text(k));
        int r = plm_stmt_step(q, f);
        int64_t due = r == 1 ? plm_col_int(q, 0) : 0;
        if (r == 1) plm_stmt_reset(q);
        if (r < 0) {
            ok = false;
            break;
        }
        int64_t d = mg > due ? mg - due : due - mg;
        v->light += due > 0 && d * 25 > due; /* 4 %, as the weight finder has it */
    }
    plm_stmt_free(q);
    return ok;
}

static bool read_visit(visit *v, plm_store *s, plm_fault *f) {
    plm_day day;
    plm_str when = plm_json_text(plm_json_get(v->root, "visited"));
    if (when.n < 10 || !plm_day_parse((plm_str){when.p, 10}, &day))
        return bad(f, "visited", "is to be the day of the visit, YYYY-MM-DD");
    if (!plm_json_text(plm_json_get(v->root, "by")).n)
        return bad(f, "by", "is to name who made the visit");
    v->rating = plm_json_text(plm_json_get(v->root, "rating"));
    if (!plm_str_is(v->rating, "favorable") && !plm_str_is(v->rating, "unfavorable") &&
        !plm_str_is(v->rating, "incomplete"))
        return bad(f, "rating", "is to be favorable, unfavorable or incomplete");
    size_t extra;
    return texts(v->root, "seen", &v->seen, f) && texts(v->root, "missing", &v->missing, f) &&
           texts(v->root, "attested", &v->attested, f) &&
           texts(v->root, "recommendations", &extra, f) && apart(v->root, f) && photos(v, f) &&
           weights(v, s, f);
}

typedef struct advice {
    plm_jw *w;
    const visit *v;
    unsigned n;
} advice;

static void recommend(advice *a, plm_str what, const char *cite) {
    char id[40];
    snprintf(id, sizeof id, "R%" PRId64 "-%u", a->v->ord, ++a->n);
    plm_jw_obj(a->w);
    plm_jw_kcstr(a->w, "id", id);
    plm_jw_kstr(a->w, "what", what);
    plm_jw_kcstr(a->w, "cite", cite);
    plm_jw_end_obj(a->w);
}

static void conclude(advice *a) {
    const visit *v = a->v;
    if (v->missing)
        recommend(a, PLM_STR("Ask the holder in writing to account for each missing unit, with"
                             " papers, by a date"), "15 CFR 762.7; 744.15(b)(2)(iv)");
    if (v->missing && !plm_str_is(v->rating, "favorable"))
        recommend(a, PLM_STR("Consider nomination to the Unverified List: the subject could not"
                             " demonstrate the disposition of items"), "15 CFR 744.15(c)(1)(i)");
    if (v->light)
        recommend(a, PLM_STR("Open the units whose weight is not the registry's and have their"
                             " devices attest on site"), NULL);
    if (plm_str_is(v->rating, "unfavorable")) {
        recommend(a, PLM_STR("Refer to export enforcement with the findings and this file"), NULL);
        recommend(a, PLM_STR("Consider nomination to the Entity List where the facts meet its"
                             " criteria"), "15 CFR 744.11(b)");
    }
    if (plm_str_is(v->rating, "incomplete"))
        recommend(a, PLM_STR("Visit again; where that is refused, consider the Unverified List: the"
                             " check could not be completed"), "15 CFR 744.15(c)(1)");
    const plm_json *own = plm_json_get(v->root, "recommendations");
    if (own) {
        plm_json_each(own, it, e) recommend(a, plm_json_text(e), NULL);
    }
}

/* Ids of recommendations on file that no answer on file has. */
typedef struct open_list {
    plm_w_index given, answered;
    plm_arena *a;
    int64_t last;
} open_list;

static bool gather(open_list *o, plm_store *s, plm_str check, plm_fault *f) {
    plm_stmt *q = plm_stmt_new(s, "SELECT ord, kind, json FROM check_records WHERE check_id = ?1"
                                  " ORDER BY ord", f);
    if (!q) return false;
    plm_stmt_text(q, 1, check);
    int r;
    bool ok = true;
    while (ok && (r = plm_stmt_step(q, f)) == 1) {
        o->last = plm_col_int(q, 0);
        bool given = plm_str_is(plm_col_text(q, 1), "visit");
        if (!given && !plm_str_is(plm_col_text(q, 1), "answer")) continue;
        plm_doc *d = plm_doc_parse(plm_col_text(q, 2), PLM_DESK_BYTES_MAX * 2, f);
        if (!d) {
            ok = false;
            break;
        }
        const plm_json *list = plm_json_get(plm_doc_root(d), given ? "recommendations" : "answers");
        if (list) {
            plm_json_each(list, it, e) {
                plm_str id = plm_json_text(plm_json_get(e, given ? "id" : "recommendation"));
                id = plm_arena_copy(o->a, id);
                plm_w_index_put(given ? &o->given : &o->answered, id);
            }
        }
        plm_doc_free(d);
    }
    plm_stmt_free(q);
    return ok && r >= 0;
}

static void free_list(open_list *o) {
    plm_w_index_free(&o->given);
    plm_w_index_free(&o->answered);
    plm_arena_free(o->a);
}

static bool known_check(plm_store *s, plm_str check, plm_fault *f) {
    plm_stmt *q = plm_stmt_new(s, "SELECT state FROM checks WHERE id = ?1", f);
    if (!q) return false;
    plm_stmt_text(q, 1, check);
    int r = plm_stmt_step(q, f);
    bool closed = r == 1 && plm_str_is(plm_col_text(q, 0), "closed");
    plm_stmt_free(q);
    if (r == 0)
        return plm_fail(f, PLM_NOT_FOUND,
                        "there is no check %.*s; 'custody checks queue' lists them",
                        PLM_FMT(check));
    if (closed)
        return plm_fail(f, PLM_CONFLICT,
                        "check %.*s is closed; the queue opens a new one when there"
                                         " is reason", PLM_FMT(check));
    return r == 1;
}

static bool read_answers(const plm_json *list, const open_list *o, plm_fault *f) {
    if (!plm_json_is_arr(list) || !plm_json_count(list))
        return bad(f, "answers", "is to be a list of {\"recommendation\",\"decision\",\"by\",…}");
    plm_json_each(list, it, e) {
        plm_str id = plm_json_text(plm_json_get(e, "recommendation"));
        plm_str what = plm_json_text(plm_json_get(e, "decision"));
        if (plm_w_index_get(&o->given, id) == PLM_W_NONE)
            return plm_fail_at(f, PLM_NOT_FOUND, "answers[].recommendation", 0, 0,
                               "'%.*s' is no recommendation of this check",
                               (int)(id.n > 60 ? 60 : id.n), id.p);
        bool not = plm_str_is(what, "not_followed");
        if (!not && !plm_str_is(what, "followed"))
            return bad(f, "answers[].decision", "is to be followed or not_followed");
        if (not && !plm_str_trim(plm_json_text(plm_json_get(e, "justification"))).n)
            return bad(f, "answers[].justification",
                       "is needed when a recommendation isn't followed");
        if (!plm_json_text(plm_json_get(e, "by")).n)
            return bad(f, "answers[].by", "is to name who decided");
    }
    return true;
}

static bool keep_visit(visit *v, plm_store *s, plm_str text, plm_buf *out, plm_fault *f) {
    plm_buf rec;
    plm_buf_init(&rec, PLM_DESK_BYTES_MAX * 2);
    plm_jw r = plm_jw_into(&rec);
    plm_jw_obj(&r);
    plm_jw_key(&r, "visit");
    plm_jw_raw(&r, text);
    plm_jw_key(&r, "recommendations");
    plm_jw_arr(&r);
    advice a = {&r, v, 0};
    conclude(&a);
    plm_jw_end_arr(&r);
    plm_jw_end_obj(&r);
    bool ok = !rec.full || plm_fail(f, PLM_OUT_OF_RANGE, "the record is too long");
    ok = ok && plm_desk_keep(s, v->check, "visit", plm_buf_str(&rec), f);
    plm_buf_free(&rec);
    plm_jw w = plm_jw_into(out);
    plm_jw_obj(&w);
    plm_jw_kstr(&w, "check", v->check);
    plm_jw_kbool(&w, "recorded", true);
    plm_jw_kstr(&w, "rating", v->rating);
    plm_jw_kint(&w, "seen", (int64_t)v->seen);
    plm_jw_kint(&w, "missing", (int64_t)v->missing);
    plm_jw_kint(&w, "photos", (int64_t)v->photos);
    plm_jw_key(&w, "recommendations");
    plm_jw_arr(&w);
    advice b = {&w, v, 0};
    conclude(&b);
    plm_jw_end_arr(&w);
    plm_jw_end_obj(&w);
    return ok;
}

bool plm_desk_record(plm_store *s, plm_str check, plm_str text, plm_buf *out, plm_fault *f) {
    if (!known_check(s, check, f)) return false;
    plm_doc *d = plm_doc_parse(text, PLM_DESK_BYTES_MAX, f);
    if (!d) return false;
    open_list o = {.a = plm_arena_new((size_t)64 << 20)};
    visit v = {.check = check, .root = plm_doc_root(d)};
    const plm_json *answers = plm_json_get(v.root, "answers");
    bool ok = (plm_json_is_obj(v.root) || bad(f, "", "a record is to be one JSON object")) &&
              (o.a || plm_fail(f, PLM_NO_MEMORY, "out of memory")) && gather(&o, s, check, f);
    v.ord = o.last + 1;
    if (ok && answers) {
        ok = read_answers(answers, &o, f) &&
            plm_desk_keep(s, check, "answer", plm_str_trim(text), f);
        plm_jw w = plm_jw_into(out);
        plm_jw_obj(&w);
        plm_jw_kstr(&w, "check", check);
        plm_jw_kbool(&w, "recorded", true);
        plm_jw_kint(&w, "answers", (int64_t)plm_json_count(answers));
        plm_jw_end_obj(&w);
    } else if (ok) {
        ok = read_visit(&v, s, f) && keep_visit(&v, s, plm_str_trim(text), out, f);
    }
    free_list(&o);
    plm_doc_free(d);
    return ok;
}

static bool mark_closed(plm_store *s, plm_str check, plm_str reason, plm_fault *f) {
    plm_stmt *q = plm_stmt_new(s, "UPDATE checks SET state = 'closed', closed = ?2, reason = ?3"
                                  " WHERE id = ?1", f);
    if (!q) return false;
    plm_stmt_text(q, 1, check);
    plm_stmt_int(q, 2, (int64_t)plm_day_today() * PLM_W_DAY);
    plm_stmt_text(q, 3, reason);
    bool ok = plm_stmt_run(q, NULL, f);
    plm_stmt_free(q);
    return ok;
}

bool plm_desk_close(plm_store *s, plm_str check, plm_str reason, plm_buf *out, bool *closed,
                    plm_fault *f) {
    if (!plm_str_trim(reason).n) return bad(f, "--reason", "is to say why the check closes");
    if (!known_check(s, check, f)) return false;
    open_list o = {.a = plm_arena_new((size_t)64 << 20)};
    bool ok = (o.a || plm_fail(f, PLM_NO_MEMORY, "out of memory")) && gather(&o, s, check, f);
    unsigned open = 0;
    plm_jw w = plm_jw_into(out);
    plm_jw_obj(&w);
    plm_jw_kstr(&w, "check", check);
    for (uint32_t i = 0; ok && i < o.given.n; i++)
        open += plm_w_index_get(&o.answered, o.given.v[i]) == PLM_W_NONE;
    *closed = ok && open == 0;
    plm_jw_kbool(&w, "closed", *closed);
    plm_jw_key(&w, "unanswered");
    plm_jw_arr(&w);
    for (uint32_t i = 0; ok && i < o.given.n; i++)
        if (plm_w_index_get(&o.answered, o.given.v[i]) == PLM_W_NONE) plm_jw_str(&w, o.given.v[i]);
    plm_jw_end_arr(&w);
    plm_jw_kstr(&w, "reason", reason);
    plm_jw_end_obj(&w);
    if (*closed)
        ok = mark_closed(s, check, reason, f) &&
            plm_desk_keep(s, check, "close", plm_buf_str(out), f);
    free_list(&o);
    return ok;
}
