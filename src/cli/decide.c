/* decide.c: `plimsoll decide`: a reviewer's word on one match, kept in a hash-chained log. */
#include "cli/cli.h"

#include "base/json.h"
#include "plimsoll/watch.h"

#include <stdio.h>
#include <string.h>

static const char help_text[] =
    "plimsoll decide: a reviewer's word on one match, kept in a hash-chained log\n\n"
    "usage: plimsoll decide --log FILE --lists DIR --entity SOURCE/ID --reason TEXT --author NAME\n"
    "                       [--this-one] QUERY\n"
    "       plimsoll decide --log FILE --check [--lists DIR]\n\n"
    "QUERY       a query line of `plimsoll screen` (JSON), or a name\n"
    "--this-one  the party is the listed one; without it: it is not\n"
    "--check     reads the log and checks its chain; with --lists also replays each decision:\n"
    "            whether it still holds, and the score that its query gets now\n\n"
    "A decision holds only while the query and the list's entry are letter for letter those that\n"
    "were decided on; it is void as soon as either changes.\n"
    "Exit status: 0; 1 where --check finds a void decision; 2 in error (a broken chain too).\n\n"
    "examples:\n"
    "  plimsoll decide --log decisions.jsonl --lists lists.d \\\n"
    "      --entity entity-list/entity-list-338881f65eb6 \\\n"
    "      --reason 'another city and registration number' --author 'R. Meyer' \\\n"
    "      '{\"name\": \"Kunlun Trading\", \"country\": \"CN\"}'\n"
    "  plimsoll decide --log decisions.jsonl --check --lists lists.d\n";

typedef struct decide_run {
    const char *log, *lists, *entity, *reason, *author, *query;
    bool this_one, check;
} decide_run;

static int decide_options(int argc, char **argv, decide_run *r) {
    const struct { const char *name; const char **to; } values[] = {
        {"--log", &r->log}, {"--lists", &r->lists}, {"--entity", &r->entity},
        {"--reason", &r->reason}, {"--author", &r->author}};
    bool bad = false;
    for (int i = 1; i < argc; i++) {
        const char *v = NULL;
        for (size_t k = 0; !v && !bad && k < sizeof values / sizeof *values; k++)
            if ((v = plm_cli_value(argc, argv, &i, values[k].name, &bad))) *values[k].to = v;
        if (bad) return plm_cli_usage("decide", "%s needs a value", argv[i]);
        if (v) continue;
        if (strcmp(argv[i], "--this-one") == 0) r->this_one = true;
        else if (strcmp(argv[i], "--check") == 0) r->check = true;
        else if (strncmp(argv[i], "--", 2) == 0)
            return plm_cli_usage("decide", "no option %s", argv[i]);
        else if (r->query) return plm_cli_usage("decide", "one QUERY, not also '%s'", argv[i]);
        else r->query = argv[i];
    }
    if (!r->log) return plm_cli_usage("decide", "--log FILE is needed");
    if (r->check) return r->query ? plm_cli_usage("decide", "--check takes no QUERY") : 0;
    if (!r->lists || !r->entity || !r->query)
        return plm_cli_usage("decide", "--lists, --entity and a QUERY are needed");
    if (!r->reason || !r->author)
        return plm_cli_usage("decide", "a decision needs --reason and --author");
    return 0;
}

/* SOURCE/ID; the id may hold '/' itself. */
static const plm_entity *entity_of(const plm_lists *l, plm_str word, const plm_list **list) {
    const char *slash = word.n ? memchr(word.p, '/', word.n) : NULL;
    if (!slash) return NULL;
    plm_str source = {word.p, (size_t)(slash - word.p)};
    plm_str id = {slash + 1, word.n - source.n - 1};
    for (uint32_t i = 0; i < l->n; i++) {
        *list = l->list[i];
        if (plm_str_eq(plm_list_text(*list, (*list)->source), source))
            return plm_list_find(*list, id);
    }
    return NULL;
}

static bool query_json(plm_arena *a, const char *text, plm_str *out) {
    plm_buf b;
    plm_str s = plm_str_trim(plm_str_c(text));
    plm_buf_init(&b, 1 << 20);
    if (s.n && s.p[0] == '{') {
        plm_buf_put(&b, s.p, s.n);
    } else {
        plm_jw w = plm_jw_into(&b);
        plm_jw_obj(&w);
        plm_jw_kstr(&w, "name", s);
        plm_jw_end_obj(&w);
    }
    *out = plm_arena_copy(a, plm_buf_str(&b));
    bool ok = out->p && !b.full;
    plm_buf_free(&b);
    return ok;
}

/* The score that the query gets for that entity; 0 where it is no match. */
static bool score_of(plm_screen *s, const plm_query *q, const plm_entity *want, int threshold,
                     int *score, plm_fault *f) {
    plm_screener *one = plm_screener_new(s, f);
    plm_screen_options o = plm_screen_defaults();
    plm_answer a;
    o.limit = PLM_SCREEN_LIMIT_MAX;
    o.threshold = threshold;
    bool ok = one && plm_screen_query(one, q, &o, &a, f);
    *score = 0;
    for (uint32_t i = 0; ok && i < a.n; i++)
        if (plm_lists_entity(plm_screen_lists(s), a.matches[i].entity, NULL) == want)
            *score = a.matches[i].score;
    plm_screener_free(one);
    return ok;
}

static bool decide_add(const decide_run *r, plm_arena *a, plm_screen *s, plm_fault *f) {
    const plm_lists *lists = plm_screen_lists(s);
    const plm_list *list = NULL;
    const plm_entity *e = entity_of(lists, plm_str_c(r->entity), &list);
    plm_decision d = {.word = r->this_one ? PLM_DECISION_THIS_ONE : PLM_DECISION_NOT_THIS_ONE,
                      .reason = plm_str_c(r->reason), .author = plm_str_c(r->author),
                      .day = plm_day_today(), .edition = plm_str_c(lists->edition),
                      .threshold = PLM_SCREEN_THRESHOLD};
    plm_query q;
    if (!e) return plm_fail(f, PLM_NOT_FOUND, "no entity '%s' in the lists; it is SOURCE/ID, as "
                            "'plimsoll lists show' and a match's \"entity\" name them", r->entity);
    if (!query_json(a, r->query, &d.query))
        return plm_fail(f, PLM_OUT_OF_RANGE, "the query is too long");
    if (!plm_query_read(a, d.query, &q, f) ||
        !score_of(s, &q, e, PLM_SCREEN_THRESHOLD, &d.score, f))
        return false;
    d.source = plm_list_text(list, list->source);
    d.entity = plm_list_text(list, e->id);
    plm_query_digest(&q, d.query_hash);
    plm_list_entity_digest(list, e, d.entity_hash);
    if (!plm_decisions_add(r->log, &d, f)) return false;
    printf("%s: %s %.*s\n", plm_decision_word_name(d.word), r->entity,
           PLM_FMT(plm_list_text(list, e->name)));
    return true;
}

static bool replay(plm_arena *a, plm_screen *s, const plm_decisions *log, const plm_decision *d,
                   const char **state, int *score, plm_fault *f) {
    char word[1024];
    const plm_list *list = NULL;
    plm_query q;
    *state = "void: the entry is gone";
    *score = 0;
    snprintf(word, sizeof word, "%.*s/%.*s", PLM_FMT(d->source), PLM_FMT(d->entity));
    const plm_entity *e = entity_of(plm_screen_lists(s), plm_str_c(word), &list);
    if (!e) return true;
    if (!plm_query_read(a, d->query, &q, f) || !score_of(s, &q, e, d->threshold, score, f))
        return false;
    const plm_decision *now = plm_decisions_find(log, &q, list, e);
    *state = now == d ? "holds" : now ? "superseded" : "void: the entry has changed";
    return true;
}

static int decide_check(const decide_run *r, plm_arena *a, plm_screen *s, plm_fault *f) {
    plm_decisions *log = plm_decisions_open(r->log, f);
    if (!log) return plm_cli_fault("decide", f);
    uint32_t void_n = 0, n = plm_decisions_count(log);
    int status = 0;
    for (uint32_t i = 0; s && i < n && status == 0; i++) {
        const plm_decision *d = plm_decisions_at(log, i);
        const char *state;
        int score;
        plm_arena_reset(a);
        if (!replay(a, s, log, d, &state, &score, f)) {
            status = plm_cli_fault("decide", f);
            break;
        }
        void_n += state[0] == 'v';
        printf("%u %s %s/%s score then %d.%04d now %d.%04d: %s\n", i + 1,
               plm_decision_word_name(d->word), d->source.p, d->entity.p, d->score / PLM_SCORE_ONE,
               d->score % PLM_SCORE_ONE, score / PLM_SCORE_ONE, score % PLM_SCORE_ONE,
               state);
    }
    if (status == 0) printf("%u decisions, the chain holds\n", n);
    plm_decisions_free(log);
    return status ? status : void_n > 0;
}

int plm_cli_decide(int argc, char **argv) {
    decide_run r = {0};
    plm_fault f = {0};
    if (argc < 2 || strcmp(argv[1], "--help") == 0) {
        fputs(help_text, argc < 2 ? stderr : stdout);
        return argc < 2 ? PLM_EXIT_ERROR : 0;
    }
    int status = decide_options(argc, argv, &r);
    if (status) return status;
    plm_arena *a = plm_arena_new((size_t)64 << 20);
    plm_screen *s = a && r.lists ? plm_screen_open(r.lists, &f) : NULL;
    if (!a || (r.lists && !s)) status = plm_cli_fault("decide", &f);
    else if (r.check) status = decide_check(&r, a, s, &f);
    else if (!decide_add(&r, a, s, &f)) status = plm_cli_fault("decide", &f);
    plm_screen_free(s);
    plm_arena_free(a);
    return status;
}
