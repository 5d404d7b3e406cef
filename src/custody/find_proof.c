/* find_proof.c: what attestations say against the labels they were read beside.  A board proves
 * its devices; the registry and the recorded repairs say which devices belong under which label.
 * A technician who reads the neighbouring module's label on one board proves nothing: devices are
 * compared with the board, not with the module label beside them. */
#include "custody/find.h"

#include <string.h>

#define SLACK (2 * PLM_W_DAY)  /* a swap is recorded about when it was made */
#define PEERS_FIRM 3           /* boards in a row without a peer; one is a glitch */
#define UNANSWERED_FIRM 2
#define QUIET_WARN_DAYS 140    /* reports are monthly; outages of up to four months are honest */
#define QUIET_PAIR_DAYS 60     /* silent this long and missed by a count as well */
#define QUIET_NOTE_DAYS 60
#define STORED_DAYS_MAX 150    /* received, never installed */
#define CLAIMS_FIRM 2

typedef struct odd_board {
    uint32_t n, remote, att[6], other; /* other: unit whose devices answered, or NONE */
    uint32_t label_thing;
    plm_str device;           /* first that does not belong */
    bool unknown, host;
    uint32_t peer, peer_n, peer_att[3];
    uint32_t claims, claim_att[3], claim_site;
    uint32_t offline, off_att[3]; /* answers over a network that its site does not have */
} odd_board;

typedef struct proofs {
    plm_finder *f;
    odd_board *b; /* by thing */
} proofs;

static uint32_t thing_of_device(const plm_world *w, plm_str id) {
    uint32_t d = plm_w_index_get(&w->device_ids, id);
    return d == PLM_W_NONE ? d : w->device_thing[d];
}

/* The unit an attestation speaks for: its host label, or of a card the label beside it. */
static uint32_t unit_of(const plm_world *w, const plm_w_att *a) {
    if (a->host != PLM_W_NONE) return w->thing[a->host].root;
    if (a->dn == 1 && w->attdev[a->d0].epc != PLM_W_NONE)
        return w->thing[w->attdev[a->d0].epc].root;
    if (a->dn == 1 && w->attdev[a->d0].dev != PLM_W_NONE &&
        w->thing[w->attdev[a->d0].dev].kind == PLM_W_CARD)
        return w->thing[w->attdev[a->d0].dev].root;
    return PLM_W_NONE;
}

static bool belongs(const plm_world *w, uint32_t root, const plm_w_attdev *d, int64_t t) {
    if (d->dev == PLM_W_NONE) return false;
    if (w->thing[d->dev].root == root) return true;
    return plm_w_on_board(w, d->dev, root, t, SLACK);
}

static void mark(odd_board *b, uint32_t i, const plm_w_att *a, plm_str device, bool unknown) {
    if (b->n && b->att[b->n - 1 < 6 ? b->n - 1 : 5] == i) {
        b->unknown |= unknown;
        return;
    }
    if (!b->n) b->device = device;
    if (b->n < 6) b->att[b->n] = i;
    else b->att[5] = i;
    b->n++;
    b->remote += !a->onsite;
    b->unknown |= unknown;
}

static void check_devices(proofs *p, uint32_t i, uint32_t root) {
    plm_world *w = p->f->w;
    const plm_w_att *a = &w->att[i];
    odd_board *b = &p->b[root];
    for (uint32_t k = 0; k < a->dn; k++) {
        const plm_w_attdev *d = &w->attdev[a->d0 + k];
        if (belongs(w, root, d, a->t)) continue;
        mark(b, i, a, d->device, d->dev == PLM_W_NONE);
        if (d->dev != PLM_W_NONE && b->other == PLM_W_NONE) {
            uint32_t o = w->thing[d->dev].kind == PLM_W_MODULE
                             ? plm_w_board_at(w, d->dev, a->t, SLACK)
                             : w->thing[d->dev].root;
            b->other = o == PLM_W_NONE ? d->dev : o;
        }
    }
    if (!a->host_id.n || !w->thing[root].device.n) return;
    uint32_t h = thing_of_device(w, a->host_id);
    if (h != PLM_W_NONE && w->thing[h].root == root) return;
    mark(b, i, a, a->host_id, h == PLM_W_NONE);
    b->host = true;
    if (h != PLM_W_NONE && b->other == PLM_W_NONE) b->other = w->thing[h].root;
}

/* A module that its board should list and doesn't, board after board. */
static void check_peers(proofs *p, uint32_t i, uint32_t root) {
    plm_world *w = p->f->w;
    const plm_w_att *a = &w->att[i];
    odd_board *b = &p->b[root];
    uint32_t chips[64], n = plm_w_chips_at(w, root, a->t, chips, 64), gone = PLM_W_NONE;
    for (uint32_t k = 0; k < n && gone == PLM_W_NONE; k++) {
        bool listed = false;
        for (uint32_t m = 0; m < a->dn && !listed; m++)
            listed = w->attdev[a->d0 + m].dev == chips[k];
        if (!listed && plm_w_on_board(w, chips[k], root, a->t - SLACK, 0) &&
            plm_w_on_board(w, chips[k], root, a->t + SLACK, 0))
            gone = chips[k];
    }
    if (gone == PLM_W_NONE || (b->peer_n && b->peer != gone)) b->peer_n = 0;
    if (gone == PLM_W_NONE) return;
    b->peer = gone;
    if (b->peer_n < 3) b->peer_att[b->peer_n] = i;
    b->peer_n++;
}

static void check_claim(proofs *p, uint32_t i, uint32_t root) {
    plm_world *w = p->f->w;
    const plm_w_att *a = &w->att[i];
    odd_board *b = &p->b[root];
    const plm_w_stay *s = plm_w_stay_at(w, root, a->t);
    if (s && !a->onsite && s->place.site != PLM_W_NONE && s->in + SLACK < a->t &&
        w->site[s->place.site].attests == PLM_W_A_OFFLINE) {
        if (b->offline < 3) b->off_att[b->offline] = i;
        b->offline++;
    }
    if (a->site == PLM_W_NONE) return;
    if (!s || s->in + SLACK > a->t) return;
    if (s->place.site == a->site || s->place.site == PLM_W_NONE) return;
    if (b->claims < 3) b->claim_att[b->claims] = i;
    b->claim_site = a->site;
    b->claims++;
}

static void read_att(proofs *p, uint32_t i) {
    plm_world *w = p->f->w;
    const plm_w_att *a = &w->att[i];
    uint32_t root = unit_of(w, a);
    if (root == PLM_W_NONE) return;
    plm_find_unit *u = &p->f->unit[root];
    if (!a->pass) {
        const plm_w_stay *s = plm_w_stay_at(w, root, a->t);
        bool installed = s && s->installed < a->t;
        if (!a->onsite || !(installed || u->pass_t)) return;
        if (u->unanswered && w->att[u->no_att[0]].t + 5 * PLM_W_DAY > a->t) return; /* one visit */
        if (u->unanswered < 4) u->no_att[u->unanswered] = i;
        u->unanswered++;
        return;
    }
    const plm_w_journey *j = &w->journey[root];
    if (j->end != PLM_W_E_NONE && a->t > j->end_t + SLACK && !u->pass_after_end)
        u->pass_after_end = i + 1;
    u->pass_t = a->t;
    if (!u->pass_first) u->pass_first = a->t;
    u->pass_att = i;
    u->unanswered = 0;
    if (w->thing[root].registered) check_devices(p, i, root);
    if (w->thing[root].kind == PLM_W_CHASSIS) check_peers(p, i, root);
    check_claim(p, i, root);
}

static void say_devices(plm_finder *f, uint32_t root, const odd_board *b) {
    plm_world *w = f->w;
    /* one on-site reading of a whole board under the next server's label is a slip of the hand */
    const plm_w_att *first = &w->att[b->att[0]];
    bool slip = b->n == 1 && !b->remote && !b->unknown && b->host;
    plm_finding *g = plm_find_unit_new(f, PLM_K_device_mismatch, slip ? PLM_NOTE : PLM_CRITICAL,
                                       root,
                                       PLM_STR(""));
    for (uint32_t i = 0; i < b->n && i < 6; i++) {
        if (i == 0) plm_find_att(f, g, b->att[i]);
        else plm_find_more_att(f, g, b->att[i]);
    }
    plm_find_evidence(f, g, plm_w_thing_shown(w, root), PLM_W_NEVER);
    if (b->other != PLM_W_NONE) plm_find_related(f, g, plm_w_thing_shown(w, b->other));
    plm_find_say(f, g, "On %s (%s) the board under this label proved %s %.*s, which %s; %u"
                       " attestation%s in all say so, and no repair or renewed label is on record.",
                 plm_find_when(first->t), first->onsite ? "on site" : "remotely",
                 b->host && b->device.p == first->host_id.p ? "host" : "device", PLM_FMT(b->device),
                 b->unknown ? "no maker's registry has"
                            : "the registry has under another label", b->n, b->n == 1 ? "" : "s");
}

static void say_rest(plm_finder *f, uint32_t root, const odd_board *b) {
    plm_world *w = f->w;
    const plm_find_unit *u = &f->unit[root];
    if (b->peer_n && !b->n) { /* a swapped device is said once, above */
        bool firm = b->peer_n >= PEERS_FIRM;
        plm_finding *g = plm_find_unit_new(f, PLM_K_peers_missing, firm ? PLM_WARNING : PLM_NOTE,
                                           root, PLM_STR(""));
        plm_find_related(f, g, plm_w_thing_shown(w, b->peer));
        for (uint32_t i = 0; i < b->peer_n && i < 3; i++) plm_find_att(f, g, b->peer_att[i]);
        plm_find_say(f, g,
                     "The board's last %u attestation%s not list module %.*s; no removal of it"
                           " is on record.", b->peer_n, b->peer_n == 1 ? " does" : "s do",
                     PLM_FMT(plm_w_thing_shown(w, b->peer)));
    }
    if (u->unanswered) {
        bool firm = u->unanswered >= UNANSWERED_FIRM;
        plm_finding *g = plm_find_unit_new(f, PLM_K_no_answer_on_site,
                                           firm ? PLM_WARNING : PLM_NOTE, root, PLM_STR(""));
        for (uint32_t i = 0; i < u->unanswered && i < 4; i++) {
            if (i < UNANSWERED_FIRM) plm_find_att(f, g, u->no_att[i]);
            else plm_find_more_att(f, g, u->no_att[i]);
        }
        if (u->pass_t) plm_find_att(f, g, u->pass_att);
        plm_find_say(f, g, "Asked on site %u time%s since it last proved itself, the board gave no"
                           " answer.", u->unanswered, u->unanswered == 1 ? "" : "s");
    }
    if (b->offline) {
        plm_finding *g = plm_find_unit_new(f, PLM_K_offline_answered, PLM_WARNING, root,
                                           PLM_STR(""));
        plm_find_att(f, g, b->off_att[0]);
        for (uint32_t i = 1; i < b->offline && i < 3; i++) plm_find_more_att(f, g, b->off_att[i]);
        const plm_w_stay *s = plm_w_stay_at(w, root, w->att[b->off_att[0]].t);
        if (s) plm_find_event(f, g, s->ev_in);
        plm_find_say(f, g, "Its papers have it at %s, which has no way out and can be proved on a"
                           " visit only; on %s it answered over a network (%u time%s).",
                     s ? plm_find_where(w, s->place) : "?",
                     plm_find_when(w->att[b->off_att[0]].t), b->offline,
                     b->offline == 1 ? "" : "s");
    }
    if (b->claims >= CLAIMS_FIRM) {
        plm_finding *g = plm_find_unit_new(f, PLM_K_claimed_place, PLM_WARNING, root, PLM_STR(""));
        for (uint32_t i = 0; i < b->claims && i < CLAIMS_FIRM; i++)
            plm_find_att(f, g, b->claim_att[i]);
        plm_find_more_event(f, g, w->journey[root].ev_last);
        plm_find_say(f, g, "%u attestations claim %s, where no paper brings it; it was last read at"
                           " %s.", b->claims, plm_find_where(w, w->site[b->claim_site].place),
                     plm_find_where(w, w->event[w->journey[root].ev_last].place));
    }
}

void plm_find_proofs(plm_finder *f) {
    plm_world *w = f->w;
    proofs p = {f, plm_arena_array(w->a, (size_t)w->things + 1, sizeof *p.b)};
    if (!p.b) {
        f->short_of_memory = true;
        return;
    }
    for (uint32_t i = 0; i < w->things; i++) p.b[i].other = PLM_W_NONE;
    for (uint32_t i = 0; i < w->atts; i++) read_att(&p, i);
    for (uint32_t i = 0; i < w->things; i++) {
        if (w->thing[i].root != i) continue;
        if (p.b[i].n) say_devices(f, i, &p.b[i]);
        if (plm_find_is_unit(w, i)) say_rest(f, i, &p.b[i]);
    }
}

static void not_installed(plm_finder *f, uint32_t root, const plm_w_stay *s) {
    plm_world *w = f->w;
    const plm_w_site *at = &w->site[s->place.site];
    int64_t from = s->in;
    /* it may wait, or have waited, for a step of power */
    for (uint32_t i = 0; i < at->powers; i++) {
        if (at->power[i].from > w->now) {
            if (at->power[i].from < f->due) f->due = at->power[i].from;
            return;
        }
        if (at->power[i].from > from) from = at->power[i].from;
    }
    int stored = plm_find_age(f, s->in, STORED_DAYS_MAX);
    int waited = plm_find_age(f, from, QUIET_NOTE_DAYS);
    if (stored <= STORED_DAYS_MAX || waited <= QUIET_NOTE_DAYS) return;
    bool due = at->attests == PLM_W_A_MONTHLY;
    plm_finding *g = plm_find_unit_new(f, PLM_K_never_installed, due ? PLM_WARNING : PLM_NOTE, root,
                                       PLM_STR(""));
    plm_find_event(f, g, s->ev_in);
    plm_find_not_before(g, s->in + (STORED_DAYS_MAX + 1) * PLM_W_DAY);
    plm_find_not_before(g, from + (QUIET_NOTE_DAYS + 1) * PLM_W_DAY);
    plm_find_say(f, g, "Received at %s on %s; %d days later it was neither installed nor proved,"
                       " and no step of power is awaited.",
                 plm_find_where(w, s->place), plm_find_when(s->in), stored);
}

static void silent(plm_finder *f, uint32_t root) {
    plm_world *w = f->w;
    const plm_w_journey *j = &w->journey[root];
    const plm_find_unit *u = &f->unit[root];
    const plm_w_stay *s = plm_w_stay_last(w, root);
    if (!s || s->out != PLM_W_NEVER || j->transit || j->end != PLM_W_E_NONE) return;
    if (s->place.site == PLM_W_NONE || w->site[s->place.site].kind != PLM_W_S_DATACENTER) return;
    bool proved = u->pass_t > s->in;
    if (s->installed == PLM_W_NEVER && !proved) {
        not_installed(f, root, s);
        return;
    }
    if (w->site[s->place.site].attests != PLM_W_A_MONTHLY) return;
    if (j->removed != PLM_W_NEVER && j->removed > s->in) return; /* off the rack, on record */
    int64_t from = proved ? u->pass_t : s->installed;
    int quiet = plm_find_age(f, from, QUIET_NOTE_DAYS);
    if (quiet <= QUIET_NOTE_DAYS) return;
    bool paired = quiet > QUIET_PAIR_DAYS && u->missed && u->missed_t > from;
    bool firm = quiet > QUIET_WARN_DAYS || paired;
    plm_finding *g = plm_find_unit_new(f, PLM_K_silence, firm ? PLM_WARNING : PLM_NOTE, root,
                                       PLM_STR(""));
    if (proved) plm_find_att(f, g, u->pass_att);
    plm_find_more_event(f, g, j->ev_last);
    if (paired) plm_find_event(f, g, u->missed_ev[0]);
    int wait = firm && !paired ? QUIET_WARN_DAYS : paired ? QUIET_PAIR_DAYS : QUIET_NOTE_DAYS;
    plm_find_not_before(g, from + (wait + 1) * PLM_W_DAY);
    plm_find_say(f, g, "%s is to report about once a month; the last proof under this label is of"
                       " %s, %d days before the newest record%s.",
                 plm_find_where(w, s->place), plm_find_when(from), quiet,
                 paired ? ", and the last count did not list it" : "");
}

void plm_find_silence(plm_finder *f) {
    for (uint32_t i = 0; i < f->w->things; i++)
        if (plm_find_is_unit(f->w, i)) silent(f, i);
}
