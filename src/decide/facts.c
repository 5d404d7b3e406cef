/* facts.c: from the case, as read, to the facts that the rulebook declares.
 * Invariants: 1 what the case leaves out stays not known; 2 a buyer whom the case leaves out is a
 * party of whom nothing is known, so that leaving one out never permits. */
#include "decide/desk.h"
#include "plimsoll/goods.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void desk_warn(plm_desk *d, const char *fmt, ...) {
    char text[1200];
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    if (n < 0 || d->warning_count == sizeof d->warnings / sizeof *d->warnings) return;
    plm_str s = plm_arena_copy(d->arena, plm_str_c(text));
    if (s.p) d->warnings[d->warning_count++] = s;
}

static uint32_t count_items(const plm_item *v, uint32_t n) {
    uint32_t sum = n;
    for (uint32_t i = 0; i < n; i++) sum += count_items(v[i].parts, v[i].part_count);
    return sum;
}

plm_str desk_path_join(char *out, size_t max, plm_str a, plm_str b) {
    size_t n = 0;
    plm_str parts[] = {a, PLM_STR("."), b};
    for (int i = 0; i < 3; i++) {
        size_t k = parts[i].n < max - 1 - n ? parts[i].n : max - 1 - n;
        if (k) memcpy(out + n, parts[i].p, k);
        n += k;
    }
    out[n] = 0;
    return (plm_str){out, n};
}

plm_str desk_item_path(const plm_desk *d, uint32_t item, char out[PATH_TEXT]) {
    const flat_item *x = &d->items[item];
    char above[PATH_TEXT], own[32];
    if (x->parent < 0) {
        snprintf(out, PATH_TEXT, "items[%u]", x->index);
        return plm_str_c(out);
    }
    snprintf(own, sizeof own, "contains[%u]", x->index);
    return desk_path_join(out, PATH_TEXT, desk_item_path(d, (uint32_t)x->parent, above),
                          plm_str_c(own));
}

static void flatten(plm_desk *d, const plm_item *v, uint32_t n, int32_t parent, uint32_t top) {
    for (uint32_t i = 0; i < n; i++) {
        uint32_t at = d->item_count++;
        d->items[at] = (flat_item){.item = &v[i], .parent = parent, .top = parent < 0 ? i : top,
                                   .index = i};
        flatten(d, v[i].parts, v[i].part_count, (int32_t)at, d->items[at].top);
    }
}

static void add_party(plm_desk *d, const plm_party *p, plm_role role) {
    uint32_t at = d->party_count++;
    flat_party *x = &d->parties[at];
    *x = (flat_party){.party = p, .role = role};
    if (p) x->listed = p->listed;
    plm_screened told = {0};
    if (!p || p->listed.given || !d->screen) return;
    x->screened = d->screen(d->screen_ctx, p, d->c.as_of, &x->listed, &told);
    if (!x->screened) return;
    if (told.said.n) desk_warn(d, "parties[%u]: %.*s", at, PLM_FMT(told.said));
    x->unloaded = told.unloaded;
    x->found_json = plm_arena_copy(d->arena, told.json);
    x->found_text = plm_arena_copy(d->arena, told.text);
    if (!x->found_json.p || (told.text.n && !x->found_text.p)) { /* no room: not known */
        x->screened = false;
        x->found_text = (plm_str){"", 0};
        x->listed = p->listed;
        return;
    }
    d->lists_edition = told.edition;
    d->lists_law = told.law;
    d->lists_shipped = told.shipped;
}

static bool has_role(const plm_case *c, plm_role r) {
    for (uint32_t i = 0; i < c->party_count; i++)
        if (c->parties[i].role == r) return true;
    return false;
}

/* A buyer left out is a party of whom nothing is known. */
static void missing_parties(plm_desk *d) {
    const plm_case *c = &d->c;
    bool user = has_role(c, PLM_ROLE_end_user);
    bool consignee = has_role(c, PLM_ROLE_ultimate_consignee);
    if (c->kind == PLM_KIND_deemed_export) {
        if (user || consignee || has_role(c, PLM_ROLE_deemed_recipient)) return;
        add_party(d, NULL, PLM_ROLE_deemed_recipient);
        return;
    }
    if (!user) add_party(d, NULL, PLM_ROLE_end_user);
    if (!consignee) add_party(d, NULL, PLM_ROLE_ultimate_consignee);
    if (!user || !consignee)
        desk_warn(d, "no %s is given: nothing is known of it",
                  user ? "ultimate consignee" : consignee ? "end user"
                                                          : "end user and no ultimate consignee");
}

/* Room for what still counts of each item (desk_sift). */
static bool live_room(plm_desk *d, plm_fault *f) {
    if (d->live_cap < d->item_count) {
        size_t n = d->item_count;
        live_item *l = plm_mem_resize(d->live, n * sizeof *l);
        if (l) d->live = l;
        live_rule *r = plm_mem_resize(d->live_rules, (n * d->requirement_count + 1) * sizeof *r);
        if (r) d->live_rules = r;
        plm_rule *e = plm_mem_resize(d->live_exceptions, (n * d->exception_count + 1) * sizeof *e);
        if (e) d->live_exceptions = e;
        if (!l || !r || !e) return plm_fail(f, PLM_NO_MEMORY, "out of memory");
        d->live_cap = d->item_count;
    }
    for (uint32_t i = 0; i < d->item_count; i++)
        d->live[i] = (live_item){.requirements = d->live_rules + (size_t)i * d->requirement_count,
                                 .exceptions = d->live_exceptions + (size_t)i * d->exception_count};
    return true;
}

static bool lay_out(plm_desk *d, plm_fault *f) {
    const plm_case *c = &d->c;
    uint32_t n = c->item_count ? count_items(c->items, c->item_count) : 1;
    d->items = plm_arena_array(d->arena, n, sizeof *d->items);
    d->parties = plm_arena_array(d->arena, c->party_count + 2, sizeof *d->parties);
    if (!d->items || !d->parties) return plm_fail(f, PLM_NO_MEMORY, "out of memory");
    d->item_count = d->party_count = 0;
    flatten(d, c->items, c->item_count, -1, 0);
    if (!c->item_count) {
        d->items[0] = (flat_item){.parent = -1};
        d->item_count = 1;
    }
    for (uint32_t i = 0; i < c->party_count; i++)
        add_party(d, &c->parties[i], c->parties[i].role);
    missing_parties(d);
    return live_room(d, f);
}

static void num(plm_desk *d, int fact, uint32_t at, const plm_num *n) {
    if (n->given) plm_facts_number(d->world, d->facts[fact], at, n->iv);
}

static void word(plm_desk *d, int fact, uint32_t at, const char *w) {
    if (w && *w) plm_facts_word(d->world, d->facts[fact], at, plm_str_c(w));
}

static void yes(plm_desk *d, int fact, uint32_t at, plm_truth t) {
    plm_facts_yesno(d->world, d->facts[fact], at, t);
}

/* What the sources say where they differ: kept to be shown with the verdict. */
static conflict *new_conflict(plm_desk *d, uint32_t at, const char *fact) {
    if (d->conflict_count == sizeof d->conflicts / sizeof *d->conflicts) return NULL;
    conflict *k = &d->conflicts[d->conflict_count++];
    *k = (conflict){.item = at, .fact = fact};
    return k;
}

static void number_conflict(plm_desk *d, uint32_t at, int i, const plm_goods_number *n) {
    conflict *k = new_conflict(d, at, plm_item_number_names[i]);
    for (uint32_t v = 0; k && v < n->n && k->count < CONFLICT_VALUES_MAX; v++) {
        k->value[k->count] = n->v[v].iv;
        k->source[k->count++] = n->v[v].source;
    }
}

static void flag_conflict(plm_desk *d, uint32_t at, int i, const plm_goods_flag *v) {
    conflict *k = new_conflict(d, at, plm_item_flag_names[i]);
    if (!k) return;
    k->is_flag = true;
    k->count = 2;
    k->flag[0] = v->in_case;
    k->flag[1] = v->in_catalog;
    k->source[0] = "case";
    k->source[1] = v->source;
}

/* The highest dense throughput over the formats, without bit weight. */
static plm_num tops_of(const plm_item *t) {
    plm_num r = {0};
    for (uint32_t i = 0; i < t->format_count; i++) {
        plm_iv v = t->formats[i].dense_tops.given ? t->formats[i].dense_tops.iv
                                                  : plm_iv_from(plm_dec_int(0));
        if (!r.given) {
            r = (plm_num){true, v};
            continue;
        }
        if (plm_dec_cmp(v.lo, r.iv.lo) > 0) r.iv.lo = v.lo;
        if (!r.iv.no_hi && !v.no_hi && plm_dec_cmp(v.hi, r.iv.hi) > 0) r.iv.hi = v.hi;
        r.iv.no_hi = r.iv.no_hi || v.no_hi;
    }
    return r;
}

#define BASE_LEN 5 /* an entry's own letters: 3A090 */

/* Is the (trimmed) code's entry this one, in either case? */
static bool entry_is(plm_str eccn, const char *base) {
    if (eccn.n < BASE_LEN) return false;
    for (int i = 0; i < BASE_LEN; i++)
        if (plm_upper(eccn.p[i]) != base[i]) return false;
    return true;
}

/* ECCNs that the facts decide are not taken from the shipper: 3A090, 4A090 and .z paragraphs. */
static plm_str asserted(plm_str s) {
    if (entry_is(s, "3A090") || entry_is(s, "4A090")) return (plm_str){"", 0};
    bool z = s.n > BASE_LEN + 1 && s.p[BASE_LEN] == '.' && plm_lower(s.p[BASE_LEN + 1]) == 'z' &&
             (s.n == BASE_LEN + 2 || s.p[BASE_LEN + 2] == '.');
    if (z) s.n = BASE_LEN;
    return s;
}

/* The entry with .z paragraphs that the shipper claims: the vendors put such items there. */
static const char *claimed(plm_str s) {
    static const char *const bases[] = {"5A002", "5A004", "5A992", "4A003", "4A004", "4A005",
                                        "3A001"};
    for (size_t i = 0; i < sizeof bases / sizeof *bases; i++)
        if (entry_is(s, bases[i])) return bases[i];
    return "none";
}

/* I/O, which the form of 2022 asks for, stands for the IC where nothing is said of contents. */
static bool chip_facts(const plm_item *t, const plm_goods *g) {
    return g->number[PLM_N_tpp].known || g->number[PLM_N_die_area_mm2].known || g->density.known ||
           (!t->contains_known && g->number[PLM_N_io_bandwidth_gbps].known);
}

static plm_truth notice_reaches(const plm_desk *d, const plm_item *t) {
    plm_truth r = PLM_NO;
    for (uint32_t i = 0; i < d->c.notice_count; i++) {
        const plm_notice *n = &d->c.notices[i];
        if (n->date > d->c.as_of) continue; /* the exporter knows what it was told */
        plm_truth item = PLM_NO, place = d->c.to ? PLM_NO : PLM_UNKNOWN;
        if (n->part.n)
            item = !t || !t->part.n ? PLM_UNKNOWN : plm_str_eq(n->part, t->part) ? PLM_YES : PLM_NO;
        if (n->eccn.n && item != PLM_YES)
            item = plm_or(item, !t || !t->eccn.n ? PLM_UNKNOWN
                                : plm_str_eq(n->eccn, t->eccn) ? PLM_YES : PLM_NO);
        for (uint32_t k = 0; k < n->country_count; k++)
            if (d->c.to && n->countries[k] == d->c.to) place = PLM_YES;
        r = plm_or(r, plm_and(item, place));
    }
    return r;
}

static void chip_numbers(plm_desk *d, uint32_t at, const plm_item *t, const plm_goods *g) {
    static const int facts[PLM_N_COUNT] = {
        [PLM_N_tpp] = DF_tpp, [PLM_N_die_area_mm2] = DF_die_area,
        [PLM_N_performance_density] = DF_density, [PLM_N_dram_bandwidth_gbps] = DF_dram,
        [PLM_N_io_bandwidth_gbps] = DF_io, [PLM_N_memory_bandwidth_density] = DF_memory_density,
        [PLM_N_transistor_count] = DF_transistors, [PLM_N_training_operations] = DF_training_ops,
        [PLM_N_node_nm] = DF_node, [PLM_N_app_wt] = -1};
    for (int i = 0; i < PLM_N_COUNT; i++) {
        const plm_goods_number *n = &g->number[i];
        if (n->conflict) number_conflict(d, at, i, n);
        if (!n->known || facts[i] < 0) continue;
        /* a density that follows from TPP and area is compared exactly, as their quotient */
        bool quotient = i == PLM_N_performance_density && !n->conflict &&
                        (g->density_from_ratio || !g->density.known);
        if (!quotient) plm_facts_number(d->world, d->facts[facts[i]], at, n->iv);
    }
    plm_num tops = tops_of(t);
    num(d, DF_tops, at, &tops);
}

static void chip_flags(plm_desk *d, uint32_t at, const plm_goods *g) {
    static const int facts[PLM_F_COUNT] = {
        [PLM_F_datacenter] = DF_datacenter, [PLM_F_encryption] = DF_encryption,
        [PLM_F_contains_hbm] = DF_contains_hbm, [PLM_F_published] = DF_published,
        [PLM_F_non_planar] = DF_non_planar};
    for (int i = 0; i < PLM_F_COUNT; i++) {
        if (g->flag[i].conflict) flag_conflict(d, at, i, &g->flag[i]);
        yes(d, facts[i], at, g->flag[i].truth);
    }
}

/* The form given, else the one that every product of that name has. */
static plm_form form_of(const plm_item *t, const plm_goods *g) {
    if (t->form != PLM_FORM_NONE || !g->forms || (g->forms & (g->forms - 1))) return t->form;
    return (plm_form)__builtin_ctz(g->forms);
}

/* Do the item's own figures stand for an IC in it, and is all known that it contains? */
static void contents(plm_desk *d, uint32_t at, const plm_item *t, plm_form form, bool figures) {
    bool holds = form == PLM_FORM_board || form == PLM_FORM_assembly ||
                 form == PLM_FORM_computer || form == PLM_FORM_NONE;
    bool own = form == PLM_FORM_ic || figures || (holds && !t->contains_known);
    yes(d, DF_own_chip, at, own ? PLM_YES : PLM_NO);
    bool known = t->contains_known || t->part_count || form == PLM_FORM_ic || figures;
    plm_facts_place_item(d->world, at, d->items[at].parent, known);
}

/* Whether an item is published is asked of software and technology that nobody has classed: what
 * is published has no ECCN (734.3(b)(3)).  In 4E091 the entry itself asks it. */
static bool may_be_published(const plm_item *t, plm_form form, plm_str eccn) {
    if (t->flag[PLM_F_published] != PLM_UNKNOWN) return true;
    return (form == PLM_FORM_software || form == PLM_FORM_technology) &&
           (!eccn.n || entry_is(eccn, "4E091"));
}

static bool fill_item(plm_desk *d, uint32_t at, plm_fault *f) {
    const plm_item *t = d->items[at].item;
    plm_goods g;
    plm_facts_place_item(d->world, at, d->items[at].parent, false);
    yes(d, DF_notice, at, notice_reaches(d, t));
    if (!t) yes(d, DF_published, at, PLM_NO);
    if (!t) return true;
    if (!plm_goods_facts(d->arena, t, &g, f)) return false;
    plm_form form = form_of(t, &g);
    contents(d, at, t, form, chip_facts(t, &g));
    chip_numbers(d, at, t, &g);
    chip_flags(d, at, &g);
    word(d, DF_form, at, plm_form_names[form]);
    plm_str told = plm_str_trim(t->eccn), eccn = asserted(told);
    word(d, DF_claims, at, claimed(told));
    yes(d, DF_no_weights, at, eccn.n && !entry_is(eccn, "4E091") ? PLM_YES : PLM_NO);
    if (eccn.n) plm_facts_code(d->world, d->facts[DF_eccn], at, eccn);
    if (!may_be_published(t, form, eccn)) yes(d, DF_published, at, PLM_NO);
    if (t->hts.n) plm_facts_text(d->world, d->facts[DF_hts], at, t->hts);
    plm_facts_country(d->world, d->facts[DF_origin], at, t->origin);
    num(d, DF_us_content, at, &t->us_content_share);
    num(d, DF_quantity, at, &t->quantity);
    bool presumes = t->maker_role == PLM_MAKER_foundry || t->maker_role == PLM_MAKER_osat;
    yes(d, DF_presumes, at, presumes ? PLM_YES : PLM_NO);
    if (t->us_technology.known)
        plm_facts_codes(d->world, d->facts[DF_us_technology], at, t->us_technology.v,
                        t->us_technology.n);
    yes(d, DF_us_plant, at, t->us_plant);
    return desk_chain_fill(d, at, t) || plm_fail(f, PLM_NO_MEMORY, "out of memory");
}

static void fill_listed(plm_desk *d, uint32_t at, const plm_listed *l) {
    if (!l->given) return;
    yes(d, DF_entity_list, at, l->flag[PLM_L_entity_list]);
    yes(d, DF_denied, at, l->flag[PLM_L_denied_person]);
    yes(d, DF_unverified, at, l->flag[PLM_L_unverified]);
    yes(d, DF_meu, at, l->flag[PLM_L_military_end_user]);
    yes(d, DF_mieu, at, l->flag[PLM_L_military_intelligence_end_user]);
    yes(d, DF_sdn, at, l->flag[PLM_L_sdn]);
    if (l->flag[PLM_L_entity_list] == PLM_UNKNOWN) return;
    desk_entry_fill(d, at, l);
    static const int fact[] = {DF_fn1, DF_fn3, DF_fn4, DF_fn5}, bit[] = {1, 3, 4, 5};
    for (int i = 0; i < 4; i++)
        yes(d, fact[i], at, l->footnotes >> bit[i] & 1 ? PLM_YES : PLM_NO);
}

/* Supplement 8(a) to part 740 names government agencies by kind: words that such a name bears
 * leave it open, any other name does not. */
static plm_truth government(plm_str name) {
    static const char *const words[] = {"ministry", "government", "armedforces", "authority",
                                        "federal", "department", "municipality", "police"};
    char folded[256];
    if (!name.n) return PLM_UNKNOWN;
    size_t n = 0;
    for (size_t i = 0; i < name.n && n < sizeof folded - 1; i++) {
        char c = plm_lower(name.p[i]);
        if (c >= 'a' && c <= 'z') folded[n++] = c;
    }
    folded[n] = 0;
    uint32_t first = 0; /* letters that one of the words begins with */
    for (size_t k = 0; k < sizeof words / sizeof *words; k++) first |= 1u << (words[k][0] - 'a');
    for (size_t i = 0; i < n; i++) {
        if (!(first >> (folded[i] - 'a') & 1)) continue;
        for (size_t k = 0; k < sizeof words / sizeof *words; k++)
            if (words[k][0] == folded[i] && strncmp(folded + i, words[k], strlen(words[k])) == 0)
                return PLM_UNKNOWN;
    }
    return PLM_NO;
}

static void fill_party(plm_desk *d, uint32_t at) {
    const flat_party *x = &d->parties[at];
    const plm_party *p = x->party;
    word(d, DF_role, at, plm_role_names[x->role]);
    fill_listed(d, at, &x->listed);
    if (!p) return;
    plm_facts_country(d->world, d->facts[DF_country], at, p->country);
    plm_facts_country(d->world, d->facts[DF_hq], at, p->headquarters);
    plm_facts_country(d->world, d->facts[DF_parent_hq], at, p->parent_headquarters);
    plm_facts_text(d->world, d->facts[DF_party_name], at, p->name);
    plm_facts_text(d->world, d->facts[DF_parent_name], at, p->parent_name);
    yes(d, DF_government, at, government(p->name));
    static const int flags[] = {PLM_L_entity_list, PLM_L_military_end_user, PLM_L_sdn};
    static const int facts[] = {DF_owned_listed, DF_owned_meu, DF_owned_sdn};
    plm_truth owned[3];
    desk_owned(d, p, flags, owned, 3);
    for (int i = 0; i < 3; i++) yes(d, facts[i], at, owned[i]);
}

static void ground(plm_desk *d, const plm_ground *g, int kind, const char *const *names,
                   const int *flags, int count) {
    word(d, kind, 0, names[g->kind]);
    for (int i = 0; i < count; i++) yes(d, flags[i], 0, g->flag[i]);
}

/* What license exceptions ask of the way an item goes. */
static void grounds(plm_desk *d, const plm_case *c) {
    static const int rep[PLM_REP_COUNT] = {
        [PLM_REP_original_authorized] = DF_rep_authorized, [PLM_REP_improves] = DF_rep_improves,
        [PLM_REP_free_of_charge] = DF_rep_free, [PLM_REP_within_warranty] = DF_rep_warranty,
        [PLM_REP_same_exporter] = DF_rep_same};
    static const int tmp[PLM_TMP_COUNT] = {
        [PLM_TMP_order_received] = DF_tmp_order, [PLM_TMP_stays_abroad] = DF_tmp_stays,
        [PLM_TMP_for_lease] = DF_tmp_lease, [PLM_TMP_effective_control] = DF_tmp_control};
    static const int gov[PLM_GOV_COUNT] = {
        [PLM_GOV_solely_official] = DF_gov_solely, [PLM_GOV_contract_provides] = DF_gov_contract,
        [PLM_GOV_to_us_person] = DF_gov_us_person};
    static const int tsu[PLM_TSU_COUNT] = {
        [PLM_TSU_original_authorized] = DF_tsu_authorized,
        [PLM_TSU_minimum_necessary] = DF_tsu_minimum, [PLM_TSU_object_code] = DF_tsu_object,
        [PLM_TSU_same_consignee] = DF_tsu_same, [PLM_TSU_enhances] = DF_tsu_enhances};
    ground(d, &c->replacement, DF_replacement, plm_replacement_names, rep, PLM_REP_COUNT);
    ground(d, &c->temporary, DF_temporary, plm_temporary_names, tmp, PLM_TMP_COUNT);
    ground(d, &c->us_government, DF_gov, plm_government_names, gov, PLM_GOV_COUNT);
    ground(d, &c->technology_support, DF_tsu, plm_tsu_names, tsu, PLM_TSU_COUNT);
}

static void fill_transaction(plm_desk *d) {
    const plm_case *c = &d->c;
    static const int uses[PLM_U_COUNT] = {
        [PLM_U_supercomputer] = DF_sc, [PLM_U_advanced_node_facility] = DF_node_use,
        [PLM_U_ic_facility_node_unknown] = DF_node_unknown, [PLM_U_military] = DF_military,
        [PLM_U_military_intelligence] = DF_intelligence, [PLM_U_wmd] = DF_wmd,
        [PLM_U_model_training_for_wmd_or_military_intelligence] = DF_training,
        [PLM_U_semiconductor_equipment_development] = DF_sme};
    word(d, DF_kind, 0, plm_kind_names[c->kind]);
    plm_facts_country(d->world, d->facts[DF_from], 0, c->from);
    plm_facts_country(d->world, d->facts[DF_to], 0, c->to);
    for (int i = 0; i < PLM_U_COUNT; i++) yes(d, uses[i], 0, c->end_use[i]);
    yes(d, DF_usp, 0, c->us_person_support);
    /* the exclusion of 744.6(d)(4) is only there for who claims it */
    bool claimed = c->us_natural_person != PLM_UNKNOWN || c->us_person_employer_hq;
    yes(d, DF_usp_natural, 0, claimed ? c->us_natural_person : PLM_NO);
    plm_facts_country(d->world, d->facts[DF_usp_employer], 0, c->us_person_employer_hq);
    yes(d, DF_hbm_designer, 0, c->hbm_buyer_is_designer);
    yes(d, DF_hbm_site, 0, c->hbm_ships_to_packaging_site);
    yes(d, DF_hbm_below, 0, c->hbm_finished_below_3a090);
    yes(d, DF_dd, 0, c->certification_748_dd);
    yes(d, DF_occupied, 0, c->occupied_ukraine);
    grounds(d, c);
}

/* The view of these dates, made once for the cases that share it; the last one's is likeliest. */
static plm_view *view_of(plm_desk *d) {
    const plm_case *c = &d->c;
    if (d->view && plm_view_is(d->view, c->as_of, c->known, c->codified)) return d->view;
    for (uint32_t i = 0; i < VIEWS_MAX && d->views[i]; i++)
        if (plm_view_is(d->views[i], c->as_of, c->known, c->codified)) return d->views[i];
    plm_view *v = plm_view_new(d->book, c->as_of, c->known, c->codified);
    if (!v) return NULL;
    plm_view_free(d->views[d->next_view]);
    d->views[d->next_view] = v;
    d->next_view = (d->next_view + 1) % VIEWS_MAX;
    return v;
}

static void fix_dates(plm_case *c, const plm_reading *r) {
    if (r->has_as_of || !c->has_as_of) c->as_of = r->has_as_of ? r->as_of : r->today;
    if (r->has_known || !c->has_known) c->known = r->has_known ? r->known : r->today;
    if (r->has_mode || !c->has_mode) c->codified = r->has_mode && r->codified;
}

static bool fill(plm_desk *d, const plm_reading *r, plm_fault *f) {
    fix_dates(&d->c, r);
    d->view = view_of(d);
    if (!d->view || !lay_out(d, f)) return plm_fail(f, PLM_NO_MEMORY, "out of memory");
    if (!plm_facts_reset(d->world, d->view, d->item_count, d->party_count))
        return plm_fail(f, PLM_OUT_OF_RANGE, "the case has more items or parties than %d and %d",
                        PLM_WORLD_ITEMS_MAX, PLM_WORLD_PARTIES_MAX);
    fill_transaction(d);
    for (uint32_t i = 0; i < d->item_count; i++)
        if (!fill_item(d, i, f)) return false;
    for (uint32_t i = 0; i < d->party_count; i++) fill_party(d, i);
    return true;
}

static void start(plm_desk *d) {
    plm_doc_free(d->doc);
    d->doc = NULL;
    plm_arena_reset(d->arena);
    memset(&d->c, 0, sizeof d->c);
    d->conflict_count = d->warning_count = 0;
    d->lists_edition = d->lists_law = d->lists_shipped = (plm_str){"", 0};
}

bool desk_open(plm_desk *d, plm_str json, const plm_reading *r, plm_fault *f) {
    start(d);
    d->doc = plm_doc_parse(json, 0, f);
    return d->doc && desk_case_from(d->arena, plm_doc_root(d->doc), &d->c, f) && fill(d, r, f);
}

bool desk_open_item(plm_desk *d, plm_str json, const plm_reading *r, plm_fault *f) {
    start(d);
    plm_item *t = plm_arena_alloc(d->arena, sizeof *t);
    if (!t) return plm_fail(f, PLM_NO_MEMORY, "out of memory");
    if (!plm_item_read(d->arena, json, t, &d->c, f)) return false;
    d->c.items = t;
    d->c.item_count = 1;
    return fill(d, r, f);
}
