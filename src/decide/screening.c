/* screening.c: from matches to facts.  The match's strength is the fact's truth: exact is a
 * listing; strong and weak are unknown until a person looks; a match that is only the same
 * building is shown.  Which fact a list stands for is the law's data (plimsoll/effects.h).
 * Invariants (tests/cases/test_effects): 1 nothing found is not listed, of the kinds of which a
 * list is loaded; 2 a kind of which none is loaded is not known, unless the user vouches for it;
 * 3 who is named in the law itself is screened by the shipped list where no other of its kind is
 * loaded. */
#include "decide/screening.h"

#include "base/file.h"
#include "base/json.h"
#include "plimsoll/lists.h"

#include <stdio.h>
#include <string.h>

#define SAID_MAX 1000
#define FOUND_MAX (4u << 20)
#define MATCHES_MAX 50 /* of one party that count; the first PLM_SCREEN_LIMIT are shown */

/* 15 CFR 744.22(f)(2) names its end users; nobody publishes them as a list.  lists/README.md. */
#define SHIPPED_KIND PLM_L_military_intelligence_end_user
#define SHIPPED_FILE "military_intelligence_end_users.csv"
#define SHIPPED_SOURCE "mieu"
#define SHIPPED_DAY "2026-07-23" /* of the eCFR it restates */

/* The lists of a folder, and the one that ships. */
typedef struct source {
    plm_screen *screen;
    plm_screener *scratch;
} source;

struct plm_screening {
    source from[2];
    uint32_t from_n;
    plm_list *shipped;
    plm_lists *shipped_lists;
    char shipped_json[256];
    const plm_effects *law;
    bool loaded[PLM_L_COUNT], assume_clear;
    bool two_policies; /* of one party: entries that are reviewed differently */
    char said[SAID_MAX];
    size_t said_n;
    plm_buf json, text;
};

/* The flag that a list's own word stands for; -1: a list that brings no EAR license requirement. */
static int flag_of(const plm_screening *s, plm_str list) {
    const plm_effects_list *l = plm_effects_find(s->law, list);
    for (int i = 0; l && i < PLM_L_COUNT; i++)
        if (plm_str_is(l->fact, plm_listed_names[i])) return i;
    return -1;
}

static void note_loaded(plm_screening *s) {
    const plm_lists *l = plm_screen_lists(s->from[0].screen);
    plm_str last = {"", 0};
    for (uint32_t i = 0; i < l->n; i++)
        for (uint32_t e = 0; e < l->list[i]->entity_n; e++) {
            plm_str word = plm_list_text(l->list[i], l->list[i]->entities[e].list);
            if (plm_str_eq(word, last)) continue; /* rows of a list stand together */
            last = word;
            int f = flag_of(s, word);
            if (f >= 0) s->loaded[f] = true;
        }
}

static bool add_source(plm_screening *s, plm_screen *screen, plm_fault *f) {
    if (!screen) return false;
    source *to = &s->from[s->from_n++];
    to->screen = screen;
    to->scratch = plm_screener_new(screen, f);
    return to->scratch;
}

/* The shipped list, where no list of its kind is loaded; without its file the kind is not known. */
static bool add_shipped(plm_screening *s, const char *folder, plm_fault *f) {
    char path[4200];
    unsigned char digest[PLM_SHA256_LEN];
    char hex[2 * PLM_SHA256_LEN + 1];
    plm_buf text;
    int n = snprintf(path, sizeof path, "%s/%s", folder ? folder : "", SHIPPED_FILE);
    if (!folder || s->loaded[SHIPPED_KIND] || n < 0 || (size_t)n >= sizeof path ||
        flag_of(s, PLM_STR(SHIPPED_SOURCE)) != SHIPPED_KIND) /* a law that doesn't know the list */
        return true;
    plm_buf_init(&text, FOUND_MAX);
    if (!plm_file_read(path, &text, NULL)) return plm_buf_free(&text), true;
    s->shipped = plm_lists_read(PLM_IMPORT_CSV, plm_buf_str(&text), path, f);
    plm_sha256_of(plm_buf_str(&text), digest);
    plm_buf_free(&text);
    s->shipped_lists = s->shipped ? plm_lists_of(&s->shipped, 1, f) : NULL;
    if (!s->shipped_lists || !add_source(s, plm_screen_of(s->shipped_lists, f), f)) return false;
    plm_hex(digest, sizeof digest, hex);
    snprintf(s->shipped_json, sizeof s->shipped_json,
             "{\"list\":\"%s\",\"file\":\"%s\",\"edition\":\"%s\",\"sha256\":\"%s\"}",
             SHIPPED_SOURCE, SHIPPED_FILE, SHIPPED_DAY, hex);
    s->loaded[SHIPPED_KIND] = true;
    return true;
}

plm_screening *plm_screening_open(const char *dir, const char *shipped, const plm_effects *law,
                                  bool assume_clear, plm_fault *f) {
    plm_screening *s = plm_mem_resize(NULL, sizeof *s);
    if (!s) {
        plm_fail(f, PLM_NO_MEMORY, "out of memory");
        return NULL;
    }
    memset(s, 0, sizeof *s);
    s->law = law;
    s->assume_clear = assume_clear;
    plm_buf_init(&s->json, FOUND_MAX);
    plm_buf_init(&s->text, FOUND_MAX);
    bool ok = add_source(s, plm_screen_open(dir, f), f);
    if (ok) note_loaded(s);
    if (ok && add_shipped(s, shipped, f)) return s;
    plm_screening_free(s);
    return NULL;
}

void plm_screening_free(plm_screening *s) {
    if (!s) return;
    for (uint32_t i = 0; i < s->from_n; i++) {
        plm_screener_free(s->from[i].scratch);
        plm_screen_free(s->from[i].screen);
    }
    plm_lists_free(s->shipped_lists);
    plm_list_free(s->shipped);
    plm_buf_free(&s->json);
    plm_buf_free(&s->text);
    plm_mem_free(s);
}

/* Adds to the warning; what has no room is left out, the matches stand in the result too. */
static void say(plm_screening *s, const char *between, const char *words, plm_str more) {
    size_t room = SAID_MAX - s->said_n;
    int n = snprintf(s->said + s->said_n, room, "%s%s%.*s", between, words, PLM_FMT(more));
    if (n > 0 && (size_t)n < room) s->said_n += (size_t)n;
    s->said[s->said_n] = 0;
}

static void put_match(plm_screening *s, plm_jw *w, const plm_match *m,
                      const plm_effects_ask *ask) {
    const plm_entity *e = ask->row;
    char score[24];
    snprintf(score, sizeof score, "%d.%04d", m->score / PLM_SCORE_ONE, m->score % PLM_SCORE_ONE);
    plm_jw_obj(w);
    plm_jw_kstr(w, "entity", plm_list_text(ask->list, e->id));
    plm_jw_kstr(w, "list", plm_list_text(ask->list, e->list));
    plm_jw_kstr(w, "name", plm_list_text(ask->list, e->name));
    plm_jw_kstr(w, "matched", m->matched);
    plm_jw_key(w, "score");
    plm_jw_raw(w, plm_str_c(score));
    plm_jw_kcstr(w, "strength", plm_strength_name(m->strength));
    plm_jw_kcstr(w, "listed", plm_truth_name(ask->match));
    plm_effects_put_json(s->law, ask, w->b);
    plm_jw_end_obj(w);
    plm_buf_printf(&s->text, "  listed: %s: %.*s of %.*s (%s match, %s)\n",
                   plm_truth_name(ask->match), PLM_FMT(plm_list_text(ask->list, e->name)),
                   PLM_FMT(plm_list_text(ask->list, e->list)), plm_strength_name(m->strength),
                   score);
    plm_effects_put_text(s->law, ask, "    ", &s->text);
}

static void take_match(plm_screening *s, const plm_effects_ask *ask, plm_listed *out) {
    int flag = flag_of(s, plm_list_text(ask->list, ask->row->list));
    if (flag < 0 || ask->match == PLM_NO) return;
    out->flag[flag] = plm_or(out->flag[flag], ask->match);
    if (flag != PLM_L_entity_list || ask->match != PLM_YES) return;
    out->footnotes |= ask->row->footnotes;
    if (!out->scope.n) out->scope = plm_list_text(ask->list, ask->row->programs);
    const plm_effects_list *l = plm_effects_find(s->law, plm_list_text(ask->list, ask->row->list));
    plm_str word = plm_effects_policy(l, plm_list_text(ask->list, ask->row->effect));
    s->two_policies = s->two_policies || !word.n ||
                      (out->policy.n && !plm_str_eq(out->policy, word));
    out->policy = s->two_policies ? (plm_str){"", 0} : word;
}

static void say_match(plm_screening *s, const plm_match *m, const plm_effects_ask *ask) {
    char words[120];
    plm_str name = plm_list_text(ask->list, ask->row->name);
    plm_str list = plm_list_text(ask->list, ask->row->list);
    snprintf(words, sizeof words, "%s match with ", plm_strength_name(m->strength));
    say(s, s->said_n ? "; " : "screened: ", words, name);
    snprintf(words, sizeof words, " of %.*s (%d.%04d)", (int)(list.n > 60 ? 60 : list.n), list.p,
             m->score / PLM_SCORE_ONE, m->score % PLM_SCORE_ONE);
    say(s, "", words, (plm_str){"", 0});
}

/* The bits of the flags that stay unknown for want of a list. */
static uint32_t take_unloaded(plm_screening *s, plm_listed *out) {
    bool some = false;
    uint32_t bits = 0;
    for (int i = 0; i < PLM_L_COUNT; i++) {
        if (s->loaded[i]) continue;
        if (!s->assume_clear) {
            out->flag[i] = PLM_UNKNOWN;
            bits |= 1u << i;
        }
        say(s, some ? ", " : s->said_n ? "; " : "screened: ", some ? "" : "no list loaded for ",
            plm_str_c(plm_listed_names[i]));
        some = true;
    }
    if (some)
        say(s, ": ", s->assume_clear ? "taken as not listed, as told"
                                     : "not known; import it, or vouch with "
                                       "--assume-unloaded-clear", (plm_str){"", 0});
    return bits;
}

static void take_matches(plm_screening *s, plm_jw *w, const plm_screen *screen,
                         const plm_answer *a, plm_day as_of, plm_listed *out) {
    for (uint32_t i = 0; i < a->n; i++) {
        const plm_match *m = &a->matches[i];
        plm_effects_ask ask = {.match = plm_match_truth(m), .as_of = as_of};
        const plm_list *l;
        ask.row = plm_lists_entity(plm_screen_lists(screen), m->entity, &l);
        ask.list = l;
        take_match(s, &ask, out);
        if (i >= PLM_SCREEN_LIMIT) continue;
        say_match(s, m, &ask);
        put_match(s, w, m, &ask);
    }
}

bool plm_screening_party(void *ctx, const plm_party *p, plm_day as_of, plm_listed *out,
                         plm_screened *told) {
    plm_screening *s = ctx;
    plm_query q = {.name = p->name, .address = p->address, .country = p->country,
                   .kind = plm_screen_kind_of(p->name),
                   .birth_from = PLM_DAY_MIN, .birth_to = PLM_DAY_MIN};
    plm_screen_options o = plm_screen_defaults();
    plm_answer a[2];
    o.limit = MATCHES_MAX;
    if (!p->name.n && !p->address.n) return false; /* nobody to screen: not known */
    for (uint32_t i = 0; i < p->id_count && q.id_n < PLM_QUERY_IDS_MAX; i++, q.id_n++) {
        q.id_kind[q.id_n] = p->id_kinds[i];
        q.id_value[q.id_n] = p->id_values[i];
    }
    for (uint32_t i = 0; i < s->from_n; i++)
        if (!plm_screen_query(s->from[i].scratch, &q, &o, &a[i], NULL)) return false;
    memset(out, 0, sizeof *out);
    out->given = true;
    s->two_policies = false;
    s->said_n = 0;
    s->said[0] = 0;
    plm_buf_clear(&s->json);
    plm_buf_clear(&s->text);
    plm_jw w = plm_jw_into(&s->json);
    plm_jw_arr(&w);
    for (uint32_t i = 0; i < s->from_n; i++)
        take_matches(s, &w, s->from[i].screen, &a[i], as_of, out);
    plm_jw_end_arr(&w);
    if (s->shipped)
        plm_buf_printf(&s->text, "  screened besides: the shipped %s, edition %s\n", SHIPPED_FILE,
                       SHIPPED_DAY);
    uint32_t unloaded = take_unloaded(s, out);
    if (s->json.full || s->text.full) return false; /* can't be shown: not known */
    *told = (plm_screened){.said = plm_str_c(s->said), .json = plm_buf_str(&s->json),
                           .text = plm_buf_str(&s->text),
                           .edition = plm_str_c(plm_screen_lists(s->from[0].screen)->edition),
                           .law = plm_str_c(plm_effects_sha256(s->law)),
                           .shipped = plm_str_c(s->shipped_json),
                           .unloaded = unloaded};
    return true;
}
