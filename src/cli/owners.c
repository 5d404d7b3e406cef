/* owners.c: `plimsoll owners`: is a party owned half or more by listed parties? */
#include "cli/effects.h"

#include "base/file.h"
#include "base/json.h"
#include "plimsoll/effects.h"

#include <stdio.h>
#include <string.h>

#define OWNERS_ARENA_MAX ((size_t)4 << 30)
#define OWNERS_FILE_MAX ((size_t)1 << 30)
#define OWNERS_FILES_MAX 64
#define OWNERS_MATCHES_MAX 50 /* of one name that are looked at */

static const char help_text[] =
    "plimsoll owners: is a party owned half or more by listed parties?\n\n"
    "usage: plimsoll owners [--lists DIR] [--rule bis|ofac|eu|uk] [--as-of DATE] [--party ID]\n"
    "                       [--effects FILE] [--assume-unloaded-clear] FILE...\n\n"
    "FILE    BODS 0.4 JSON, or GLEIF XML (LEI records, relationships, reporting exceptions)\n"
    "--lists whether a party is itself listed: its name is screened against the lists whose\n"
    "        owners the rule counts (rulebooks/us/lists.json); an exact match is true, a weaker\n"
    "        one unknown, none false, but unknown where such a list isn't loaded.  Without it\n"
    "        every listing is unknown\n"
    "--assume-unloaded-clear  you vouch that nobody is on a list that isn't loaded\n"
    "--rule  bis (default) and ofac: 50 %, added up, in full at each step; eu: 50 % or control;\n"
    "        uk: more than 50 % or control, not added up\n"
    "--party the party's recordId or LEI; without it every one that somebody owns\n\n"
    "One JSON line a party: owned (true, false, unknown), the share held by restricted owners,\n"
    "the steps that decide, the ultimate parent, and what to ask for.\n"
    "Exit status: 0 none owned so, 1 some owned or unknown, 2 error.\n\n"
    "examples:\n"
    "  plimsoll owners --lists lists.d --party 9bfe59b6a869 statements.json\n"
    "  plimsoll owners --rule uk lei.xml relationships.xml exceptions.xml\n";

typedef struct owners_run {
    const char *lists, *party;
    const char *files[OWNERS_FILES_MAX];
    int file_n;
    plm_own_rule rule;
    plm_day as_of;
    plm_own_graph *g;
    plm_buf out;
    bool any, assume_clear;
    const char *effects_file;
    plm_own_regime regime;
    plm_effects *law; /* where lists are screened */
} owners_run;

static int owners_options(int argc, char **argv, owners_run *r) {
    static const char *const regimes[] = {"bis", "ofac", "eu", "uk"};
    bool bad = false;
    for (int i = 1; i < argc; i++) {
        const char *v;
        if ((v = plm_cli_value(argc, argv, &i, "--lists", &bad))) r->lists = v;
        else if ((v = plm_cli_value(argc, argv, &i, "--party", &bad))) r->party = v;
        else if ((v = plm_cli_value(argc, argv, &i, "--effects", &bad))) r->effects_file = v;
        else if (strcmp(argv[i], "--assume-unloaded-clear") == 0) r->assume_clear = true;
        else if ((v = plm_cli_value(argc, argv, &i, "--as-of", &bad))) {
            if (!plm_day_parse(plm_str_c(v), &r->as_of))
                return plm_cli_usage("owners", "--as-of %s is no date (YYYY-MM-DD)", v);
        } else if ((v = plm_cli_value(argc, argv, &i, "--rule", &bad))) {
            int k = 0;
            while (k < 4 && strcmp(v, regimes[k]) != 0) k++;
            if (k == 4) return plm_cli_usage("owners", "no rule '%s'", v);
            r->regime = (plm_own_regime)k;
            r->rule = plm_own_rule_of(r->regime);
        } else if (bad || argv[i][0] == '-') {
            return plm_cli_usage("owners", bad ? "%s needs a value" : "no option %s", argv[i]);
        } else if (r->file_n == OWNERS_FILES_MAX) {
            return plm_cli_usage("owners", "more than %d files", OWNERS_FILES_MAX);
        } else {
            r->files[r->file_n++] = argv[i];
        }
    }
    return r->file_n ? 0 : plm_cli_usage("owners", "needs a FILE");
}

static bool owners_read(owners_run *r, const char *path, plm_fault *f) {
    plm_buf b;
    plm_buf_init(&b, OWNERS_FILE_MAX);
    bool ok = plm_file_read(path, &b, f);
    plm_str s = plm_buf_str(&b);
    if (plm_str_starts(s, "\xEF\xBB\xBF")) s.p += 3, s.n -= 3;
    plm_str head = plm_str_trim(s);
    if (ok) ok = head.n && head.p[0] == '<' ? plm_own_read_gleif(r->g, s, path, f)
                                            : plm_own_read_bods(r->g, s, r->as_of, f);
    if (!ok && strncmp(f->where, path, sizeof f->where - 1) != 0) {
        plm_fault inner = *f;
        plm_fault_clear(f);
        plm_fail_at(f, inner.code, path, inner.line, inner.column, "%s%s%s", inner.where,
                    inner.where[0] ? " " : "", inner.say);
    }
    plm_buf_free(&b);
    return ok;
}

/* Is every list loaded whose owners the rule counts? */
static bool owners_loaded(const plm_effects *law, uint32_t rule, const plm_lists *l) {
    for (uint32_t i = 0; i < plm_effects_count(law); i++) {
        const plm_effects_list *want = plm_effects_at(law, i);
        bool found = !(want->ownership & rule);
        for (uint32_t k = 0; k < l->n && !found; k++)
            for (uint32_t e = 0; e < l->list[k]->entity_n && !found; e++)
                found = plm_effects_find(law, plm_list_text(l->list[k],
                                                            l->list[k]->entities[e].list)) == want;
        if (!found) return false;
    }
    return true;
}

/* Matches on lists that the rule doesn't count are none; one on a list that the law's data doesn't
 * know is for a person to look at. */
static plm_truth owners_listed(const plm_effects *law, uint32_t rule, const plm_lists *l,
                               const plm_answer *a, plm_truth none) {
    plm_truth t = none;
    for (uint32_t i = 0; i < a->n; i++) {
        const plm_list *list;
        const plm_entity *row = plm_lists_entity(l, a->matches[i].entity, &list);
        const plm_effects_list *of = plm_effects_find(law, plm_list_text(list, row->list));
        plm_truth match = plm_match_truth(&a->matches[i]);
        if (of && !(of->ownership & rule)) continue;
        t = plm_or(t, of ? match : plm_and(match, PLM_UNKNOWN));
    }
    return t;
}

static bool owners_screen(owners_run *r, plm_fault *f) {
    if (!r->lists) return true;
    plm_screen *s = plm_screen_open(r->lists, f);
    plm_screener *q = s ? plm_screener_new(s, f) : NULL;
    plm_screen_options o = plm_screen_defaults();
    bool ok = q != NULL;
    uint32_t rule = 1u << r->regime;
    plm_truth none = PLM_NO;
    if (ok && !r->assume_clear && !owners_loaded(r->law, rule, plm_screen_lists(s)))
        none = PLM_UNKNOWN;
    o.limit = OWNERS_MATCHES_MAX;
    for (uint32_t i = 0; ok && i < r->g->node_n; i++) {
        plm_own_node *n = &r->g->nodes[i];
        plm_query ask = {.name = n->name, .birth_from = PLM_DAY_MIN, .birth_to = PLM_DAY_MIN};
        plm_answer a;
        plm_fault odd = {0};
        if (n->name.n == 0 || n->note.n) continue;
        if (!plm_screen_query(q, &ask, &o, &a, &odd)) continue; /* no name to go by: unknown */
        n->listed = owners_listed(r->law, rule, plm_screen_lists(s), &a, none);
    }
    plm_screener_free(q);
    plm_screen_free(s);
    return ok;
}

static void put_share(plm_jw *w, const char *key, plm_iv iv) {
    char lo[PLM_DEC_TEXT], hi[PLM_DEC_TEXT];
    plm_dec_print(iv.lo, lo);
    plm_dec_print(iv.hi, hi);
    plm_jw_key(w, key);
    if (plm_iv_is_point(iv)) {
        plm_jw_cstr(w, lo);
        return;
    }
    plm_jw_obj(w);
    plm_jw_kcstr(w, "min", lo);
    plm_jw_kcstr(w, "max", hi);
    plm_jw_end_obj(w);
}

static void put_node(plm_jw *w, const char *key, const plm_own_node *n) {
    plm_jw_key(w, key);
    plm_jw_obj(w);
    plm_jw_kstr(w, "id", n->id);
    plm_jw_kstr(w, "name", n->name);
    if (n->note.n) plm_jw_kstr(w, "note", n->note);
    plm_jw_end_obj(w);
}

static void put_steps(plm_jw *w, const plm_own_graph *g, const plm_own_result *res) {
    plm_jw_key(w, "steps");
    plm_jw_arr(w);
    for (uint32_t i = 0; i < res->step_n; i++) {
        const plm_own_step *s = &res->steps[i];
        plm_jw_obj(w);
        put_node(w, "owner", &g->nodes[s->owner]);
        put_node(w, "of", &g->nodes[s->owned]);
        put_share(w, "share", s->share);
        plm_jw_kcstr(w, "listed", plm_truth_name(s->listed));
        plm_jw_kcstr(w, "restricted", plm_truth_name(s->restricted));
        if (s->by_control) plm_jw_kbool(w, "controls", true);
        plm_jw_end_obj(w);
    }
    plm_jw_end_arr(w);
}

static bool owners_put(owners_run *r, uint32_t party, plm_fault *f) {
    plm_own_result res;
    uint32_t top = party;
    if (!plm_own_decide(r->g, party, &r->rule, &res, f)) return false;
    plm_truth known = plm_own_ultimate(r->g, party, &top);
    r->any |= res.owned != PLM_NO;
    plm_buf_clear(&r->out);
    plm_jw w = plm_jw_into(&r->out);
    plm_jw_obj(&w);
    put_node(&w, "party", &r->g->nodes[party]);
    plm_jw_kcstr(&w, "rule", r->rule.name);
    plm_jw_kcstr(&w, "cite", r->rule.cite);
    plm_jw_kcstr(&w, "owned", plm_truth_name(res.owned));
    put_share(&w, "held", res.held);
    put_steps(&w, r->g, &res);
    if (res.cut) plm_jw_kbool(&w, "steps_cut", true);
    plm_jw_kcstr(&w, "ultimate_parent_known", plm_truth_name(known));
    if (known == PLM_YES) put_node(&w, "ultimate_parent", &r->g->nodes[top]);
    if (res.ask[0]) plm_jw_kcstr(&w, "ask", res.ask);
    plm_jw_end_obj(&w);
    printf("%.*s\n", PLM_FMT(plm_buf_str(&r->out)));
    return true;
}

static bool owners_all(owners_run *r, plm_fault *f) {
    uint32_t at;
    for (int i = 0; i < r->file_n; i++)
        if (!owners_read(r, r->files[i], f)) return false;
    if (!owners_screen(r, f)) return false;
    if (r->party)
        return plm_own_find(r->g, plm_str_c(r->party), &at)
                   ? owners_put(r, at, f)
                   : plm_fail(f, PLM_NOT_FOUND, "no party '%s' in the files", r->party);
    for (uint32_t i = 0; i < r->g->node_n; i++) {
        bool owned = false;
        for (uint32_t k = 0; k < r->g->edge_n && !owned; k++) owned = r->g->edges[k].owned == i;
        if (owned && !owners_put(r, i, f)) return false;
    }
    return true;
}

int plm_cli_owners(int argc, char **argv) {
    owners_run r = {.rule = plm_own_rule_of(PLM_OWN_BIS), .as_of = plm_day_today()};
    plm_fault f = {0};
    if (argc < 2 || strcmp(argv[1], "--help") == 0) {
        fputs(help_text, argc < 2 ? stderr : stdout);
        return argc < 2 ? PLM_EXIT_ERROR : 0;
    }
    int status = owners_options(argc, argv, &r);
    if (status) return status;
    r.law = r.lists ? plm_cli_effects("owners", r.effects_file) : NULL;
    if (r.lists && !r.law) return PLM_EXIT_ERROR;
    plm_arena *a = plm_arena_new(OWNERS_ARENA_MAX);
    r.g = a ? plm_own_new(a) : NULL;
    plm_buf_init(&r.out, 1 << 20);
    if (r.g ? owners_all(&r, &f) : plm_fail(&f, PLM_NO_MEMORY, "not enough memory"))
        status = r.any;
    else status = plm_cli_fault("owners", &f);
    plm_buf_free(&r.out);
    plm_effects_free(r.law);
    plm_arena_free(a);
    return status;
}
