/* screening.c: from matches to facts.  The match's strength is the fact's truth: exact is a
 * listing; strong and weak are unknown until a person looks; a match that is only the same
 * building is a warning; nothing found is not listed, on the lists that are loaded. */
#include "decide/screening.h"

#include <stdio.h>
#include <string.h>

#define SAID_MAX 800

struct plm_screening {
    plm_screen *screen;
    plm_screener *scratch;
    bool loaded[PLM_L_COUNT];
    char said[SAID_MAX];
};

/* The flag that a list's own word stands for; -1: a list that brings no EAR license requirement. */
static int flag_of(plm_str list) {
    static const struct {
        const char *word;
        int flag;
    } words[] = {{"entity-list", PLM_L_entity_list}, {"dpl", PLM_L_denied_person},
                 {"denied-persons", PLM_L_denied_person}, {"uvl", PLM_L_unverified},
                 {"unverified", PLM_L_unverified}, {"meu", PLM_L_military_end_user},
                 {"military-end-user", PLM_L_military_end_user},
                 {"mieu", PLM_L_military_intelligence_end_user}, {"sdn", PLM_L_sdn}};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (plm_str_is(list, words[i].word)) return words[i].flag;
    return -1;
}

static void note_loaded(plm_screening *s) {
    const plm_lists *l = plm_screen_lists(s->screen);
    for (uint32_t i = 0; i < l->n; i++)
        for (uint32_t e = 0; e < l->list[i]->entity_n; e++) {
            int f = flag_of(plm_list_text(l->list[i], l->list[i]->entities[e].list));
            if (f >= 0) s->loaded[f] = true;
        }
}

plm_screening *plm_screening_open(const char *dir, plm_fault *f) {
    plm_screening *s = plm_mem_resize(NULL, sizeof *s);
    if (!s) {
        plm_fail(f, PLM_NO_MEMORY, "out of memory");
        return NULL;
    }
    memset(s, 0, sizeof *s);
    s->screen = plm_screen_open(dir, f);
    s->scratch = s->screen ? plm_screener_new(s->screen, f) : NULL;
    if (!s->scratch) {
        plm_screening_free(s);
        return NULL;
    }
    note_loaded(s);
    return s;
}

void plm_screening_free(plm_screening *s) {
    if (!s) return;
    plm_screener_free(s->scratch);
    plm_screen_free(s->screen);
    plm_mem_free(s);
}

static bool only_building(const plm_match *m) {
    for (uint32_t i = 0; i < m->flag_n; i++)
        for (size_t k = 0; k + 8 <= m->flags[i].n; k++)
            if (memcmp(m->flags[i].p + k, "building", 8) == 0) return true;
    return false;
}

static void take_match(plm_screening *s, const plm_match *m, plm_listed *out, size_t *n) {
    const plm_list *l;
    const plm_entity *e = plm_lists_entity(plm_screen_lists(s->screen), m->entity, &l);
    int flag = flag_of(plm_list_text(l, e->list));
    plm_str name = plm_list_text(l, e->name), list = plm_list_text(l, e->list);
    if (*n < SAID_MAX - 1)
        *n += (size_t)snprintf(s->said + *n, SAID_MAX - *n,
                               "%s%s match with %.*s of %.*s (%d.%04d)",
                               *n ? "; " : "screened: ", plm_strength_name(m->strength),
                               PLM_FMT(name), PLM_FMT(list), m->score / PLM_SCORE_ONE,
                               m->score % PLM_SCORE_ONE);
    if (flag < 0 || only_building(m)) return;
    plm_truth t = m->strength == PLM_EXACT ? PLM_YES : PLM_UNKNOWN;
    out->flag[flag] = plm_or(out->flag[flag], t);
    if (flag != PLM_L_entity_list || t != PLM_YES) return;
    out->footnotes |= e->footnotes;
    if (!out->scope.n) out->scope = plm_list_text(l, e->programs);
    if (!out->review_policy.n) out->review_policy = plm_list_text(l, e->effect);
}

bool plm_screening_party(void *ctx, const plm_party *p, plm_listed *out, plm_str *said) {
    plm_screening *s = ctx;
    plm_query q = {.name = p->name, .address = p->address, .country = p->country,
                   .birth_from = PLM_DAY_MIN, .birth_to = PLM_DAY_MIN};
    plm_screen_options o = plm_screen_defaults();
    plm_answer a;
    if (!p->name.n && !p->address.n) return false; /* nobody to screen: not known */
    for (uint32_t i = 0; i < p->id_count && q.id_n < PLM_QUERY_IDS_MAX; i++, q.id_n++) {
        q.id_kind[q.id_n] = p->id_kinds[i];
        q.id_value[q.id_n] = p->id_values[i];
    }
    if (!plm_screen_query(s->scratch, &q, &o, &a, NULL)) return false;
    memset(out, 0, sizeof *out);
    out->given = true;
    size_t n = 0;
    s->said[0] = 0;
    for (uint32_t i = 0; i < a.n; i++) take_match(s, &a.matches[i], out, &n);
    for (int i = 0; i < PLM_L_COUNT; i++)
        if (!s->loaded[i] && n < SAID_MAX - 1)
            n += (size_t)snprintf(s->said + n, SAID_MAX - n, "%sno list loaded for %s",
                                  n ? "; " : "screened: ", plm_listed_names[i]);
    *said = plm_str_c(s->said);
    return true;
}
