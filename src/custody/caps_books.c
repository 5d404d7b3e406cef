/* caps_books.c: lots by day, drawn first in first out, and sums that follow every move. */
#include "custody/caps_books.h"

#include <stdio.h>
#include <string.h>

#define NAMES_MAX ((size_t)8 << 30)

bool plm_books_init(plm_books *b, const plm_caps_rules *r) {
    *b = (plm_books){.rules = r, .names = plm_arena_new(NAMES_MAX)};
    return b->names != NULL;
}

void plm_books_free(plm_books *b) {
    for (size_t i = 0; i < b->holds; i++)
        for (size_t k = 0; k < PLM_BUCKETS; k++) plm_mem_free(b->hold[i].lots[k].v);
    for (size_t i = 0; i < b->series_n; i++) plm_mem_free(b->series[i].v);
    plm_mem_free(b->hold);
    plm_mem_free(b->series);
    plm_mem_free(b->owner);
    plm_mem_free(b->by_owner.slot);
    plm_mem_free(b->by_key.slot);
    plm_mem_free(b->by_series.slot);
    plm_mem_free(b->moves.v);
    plm_arena_free(b->names);
    *b = (plm_books){0};
}

static uint64_t hash_of(plm_str s) {
    uint64_t h = 14695981039346656037u;
    for (size_t i = 0; i < s.n; i++) h = (h ^ (unsigned char)s.p[i]) * 1099511628211u;
    return h ^ h >> 29;
}

typedef plm_str key_at(const plm_books *b, uint32_t i);
static plm_str hold_key(const plm_books *b, uint32_t i) { return b->hold[i].key; }
static plm_str series_key(const plm_books *b, uint32_t i) { return b->series[i].key; }
static plm_str owner_key(const plm_books *b, uint32_t i) { return b->owner[i].name; }

/* The slot of key: holds its index + 1, or 0 where it would go.  NULL: no memory. */
static uint32_t *find(plm_books *b, plm_index *x, key_at *at, plm_str key) {
    if (2 * (x->n + 1) > x->slots) {
        size_t slots = x->slots ? 2 * x->slots : 1024;
        uint32_t *slot = plm_mem_resize(NULL, slots * sizeof *slot);
        if (!slot) return NULL;
        memset(slot, 0, slots * sizeof *slot);
        for (size_t i = 0; i < x->slots; i++) {
            if (!x->slot[i]) continue;
            size_t k = hash_of(at(b, x->slot[i] - 1)) & (slots - 1);
            while (slot[k]) k = (k + 1) & (slots - 1);
            slot[k] = x->slot[i];
        }
        plm_mem_free(x->slot);
        x->slot = slot;
        x->slots = slots;
    }
    size_t k = hash_of(key) & (x->slots - 1);
    while (x->slot[k] && !plm_str_eq(at(b, x->slot[k] - 1), key)) k = (k + 1) & (x->slots - 1);
    return &x->slot[k];
}

static bool grow(void **v, size_t *cap, size_t n, size_t size) {
    if (n < *cap) return true;
    size_t more = *cap ? 2 * *cap : 16;
    void *p = plm_mem_resize(*v, more * size);
    if (!p) return false;
    *v = p;
    *cap = more;
    return true;
}

static bool add_move(plm_books *b, uint32_t hold, plm_bucket bucket, plm_day day, plm_tpp delta) {
    if (delta == 0) return true;
    if (!grow((void **)&b->moves.v, &b->moves.cap, b->moves.n, sizeof *b->moves.v)) return false;
    b->moves.v[b->moves.n++] = (plm_move){hold, bucket, day, delta};
    return true;
}

/* Takes up to want from the oldest lots; each part goes on to `to` with its day (or the source,
 * or a day of its own).  Gives what was drawn, or -1 without memory. */
static plm_tpp draw(plm_books *b, uint32_t from, plm_bucket bucket, plm_tpp want, uint32_t to,
                    plm_bucket next, const plm_day *day) {
    const plm_lots *l = &b->hold[from].lots[bucket];
    plm_tpp left = want;
    for (size_t i = 0; i < l->n && left > 0; i++) {
        plm_tpp x = l->v[i].tpp < left ? l->v[i].tpp : left;
        if (!add_move(b, from, bucket, l->v[i].day, -x) ||
            !add_move(b, to, next, day ? *day : l->v[i].day, x))
            return -1;
        left -= x;
    }
    return want - left;
}

static const char no_memory[] = "out of memory";

/* What is not drawn from an earlier stage comes from the source, on the posting's day. */
static const char *enter(plm_books *b, uint32_t at, plm_bucket bucket, plm_day day, plm_tpp t) {
    return add_move(b, at, bucket, day, t) && add_move(b, at, PLM_B_SOURCE, day, -t) ? NULL
        : no_memory;
}

static const char *take_all_of(plm_books *b, uint32_t at, plm_bucket bucket, plm_tpp t, uint32_t to,
                               plm_bucket next, const plm_day *day, const char *say) {
    plm_tpp got = draw(b, at, bucket, t, to, next, day);
    return got < 0 ? no_memory : got < t ? say : NULL;
}

const char *plm_books_plan(plm_books *b, const plm_caps_posting *p, uint32_t at, uint32_t to) {
    static const plm_bucket moved[] = {PLM_B_RESERVED, PLM_B_EXPORTED, PLM_B_INSTALLED};
    plm_tpp got;
    b->moves.n = 0;
    if (p->transfer)
        return take_all_of(b, at, moved[p->kind], p->tpp, to, moved[p->kind], &p->day,
                           "there is not so much to transfer: post it first");
    switch (p->kind) {
    case PLM_RESERVE: return enter(b, at, PLM_B_RESERVED, p->day, p->tpp);
    case PLM_EXPORT:
        got = draw(b, at, PLM_B_RESERVED, p->tpp, at, PLM_B_EXPORTED, &p->day);
        return got < 0 ? no_memory : enter(b, at, PLM_B_EXPORTED, p->day, p->tpp - got);
    case PLM_INSTALL:
        got = draw(b, at, PLM_B_EXPORTED, p->tpp, at, PLM_B_INSTALLED, NULL);
        return got < 0 ? no_memory : enter(b, at, PLM_B_INSTALLED, p->day, p->tpp - got);
    case PLM_RETIRE:
        return take_all_of(b, at, PLM_B_INSTALLED, p->tpp, at, PLM_B_RETIRED, NULL,
                           "there is not so much installed to retire");
    case PLM_RELEASE:
        return take_all_of(b, at, PLM_B_RESERVED, p->tpp, at, PLM_B_SOURCE, NULL,
                           "there is not so much reserved to release");
    }
    return "no such kind";
}

static bool add_lot(plm_lots *l, plm_day day, plm_tpp delta) {
    size_t i = l->n;
    while (i > 0 && l->v[i - 1].day > day) i--;
    if (i > 0 && l->v[i - 1].day == day) {
        l->v[i - 1].tpp += delta;
        if (l->v[i - 1].tpp == 0) {
            memmove(l->v + i - 1, l->v + i, (l->n - i) * sizeof *l->v);
            l->n--;
        }
        return true;
    }
    if (!grow((void **)&l->v, &l->cap, l->n, sizeof *l->v)) return false;
    memmove(l->v + i + 1, l->v + i, (l->n - i) * sizeof *l->v);
    l->v[i] = (plm_lot){day, delta};
    l->n++;
    return true;
}

static bool add_day(plm_series *s, plm_day day, plm_tpp used, plm_tpp reserved) {
    size_t lo = 0, hi = s->n;
    while (lo < hi) {
        size_t mid = (lo + hi) / 2;
        if (s->v[mid].day < day) lo = mid + 1;
        else hi = mid;
    }
    if (lo == s->n || s->v[lo].day != day) {
        if (!grow((void **)&s->v, &s->room, s->n, sizeof *s->v)) return false;
        memmove(s->v + lo + 1, s->v + lo, (s->n - lo) * sizeof *s->v);
        s->v[lo] = (plm_day_sum){day, 0, 0};
        s->n++;
    }
    s->v[lo].used += used;
    s->v[lo].reserved += reserved;
    s->used += used;
    s->reserved += reserved;
    return true;
}

bool plm_books_cap_applies(const plm_books *b, const plm_caps_cap *c, const char *word) {
    if (strcmp(c->word, word) == 0) return true;
    if (strcmp(c->word, "*") != 0) return false;
    for (size_t i = 0; i < b->rules->caps; i++) /* the word has a cap of its own */
        if (word[0] && strcmp(b->rules->cap[i].word, word) == 0) return false;
    return true;
}

bool plm_books_bound(const plm_books *b, size_t c, uint32_t owner) {
    return b->owner[owner].under[c] > 0;
}

static bool is_limit(const plm_caps_cap *c) { return c->shape <= PLM_CAPS_CUMULATIVE; }

/* The series' index, PLM_NONE without memory; *fresh when it was made now. */
static uint32_t series_of(plm_books *b, plm_str key, const plm_series *made, bool *fresh) {
    uint32_t *slot = find(b, &b->by_series, series_key, key);
    *fresh = false;
    if (!slot) return PLM_NONE;
    if (*slot) return *slot - 1;
    if (!grow((void **)&b->series, &b->series_cap, b->series_n, sizeof *b->series)) return PLM_NONE;
    plm_series *s = &b->series[b->series_n];
    *s = *made;
    s->next = PLM_NONE;
    s->key = plm_arena_copy(b->names, key);
    s->company = plm_arena_copy(b->names, made->company);
    s->holder = plm_arena_copy(b->names, made->holder);
    if (!s->key.p || !s->company.p || !s->holder.p) return PLM_NONE;
    *slot = (uint32_t)++b->series_n;
    b->by_series.n++;
    *fresh = true;
    return *slot - 1;
}

/* The series of cap c's account that h falls into. */
static uint32_t limit_series(plm_books *b, size_t c, const plm_hold *h) {
    const plm_caps_cap *cap = &b->rules->cap[c];
    char text[3 * PLM_CAPS_TEXT_MAX], country[3];
    bool fresh;
    plm_str none = {"", 0}, company = cap->per_company ? h->company : none;
    plm_str consignee = cap->per_consignee ? h->consignee : none;
    plm_country_print(h->country, country);
    int n = snprintf(text, sizeof text, "%zu\x1f%.*s%.*s%s%s", c, PLM_FMT(company),
                     PLM_FMT(consignee),
                     cap->per_country && (company.n || consignee.n) ? "@" : "", cap->per_country
                         ? country : "");
    plm_str key = {text, (size_t)n};
    const char *holder = strchr(text, '\x1f') + 1;
    plm_series made = {.cap = (uint32_t)c, .country = cap->per_country ? h->country : 0,
                       .company = company, .holder = plm_str_c(holder)};
    return series_of(b, key, &made, &fresh);
}

static uint32_t country_series(plm_books *b, uint32_t owner, plm_country c) {
    char text[2 * PLM_CAPS_TEXT_MAX], country[3];
    bool fresh;
    plm_owner *o = &b->owner[owner];
    plm_country_print(c, country);
    int n = snprintf(text, sizeof text, "c\x1f%.*s@%s", PLM_FMT(o->name), country);
    plm_series made = {.cap = PLM_SERIES_COMPANY, .country = c, .company = o->name,
                       .holder = plm_str_c(text + 2)};
    uint32_t at = series_of(b, (plm_str){text, (size_t)n}, &made, &fresh);
    if (fresh) {
        b->series[at].next = o->first;
        o->first = at;
    }
    return at;
}

static uint32_t owner_of(plm_books *b, plm_str name) {
    uint32_t *slot = find(b, &b->by_owner, owner_key, name);
    if (!slot) return PLM_NONE;
    if (*slot) return *slot - 1;
    if (!grow((void **)&b->owner, &b->owners_cap, b->owners, sizeof *b->owner)) return PLM_NONE;
    b->owner[b->owners] = (plm_owner){.name = plm_arena_copy(b->names, name), .first = PLM_NONE};
    if (!b->owner[b->owners].name.p) return PLM_NONE;
    *slot = (uint32_t)++b->owners;
    b->by_owner.n++;
    return *slot - 1;
}

/* Which sums a holder's moves go to. */
static bool find_accounts(plm_books *b, plm_hold *h) {
    if ((h->owner = owner_of(b, h->company)) == PLM_NONE) return false;
    if ((h->home = country_series(b, h->owner, h->country)) == PLM_NONE) return false;
    for (size_t c = 0; c < b->rules->caps; c++) {
        const plm_caps_cap *cap = &b->rules->cap[c];
        h->account[c] = PLM_NONE;
        if (!is_limit(cap) || !plm_books_cap_applies(b, cap, h->word)) continue;
        if ((h->account[c] = limit_series(b, c, h)) == PLM_NONE) return false;
    }
    return true;
}

uint32_t plm_books_hold(plm_books *b, const plm_caps_holder *h, plm_str word) {
    char text[5 * PLM_CAPS_TEXT_MAX], country[3];
    plm_country_print(h->country, country);
    int n = snprintf(text, sizeof text, "%.*s\x1f%.*s\x1f%.*s\x1f%s\x1f%.*s", PLM_FMT(h->company),
                     PLM_FMT(h->consignee), PLM_FMT(h->license), country, PLM_FMT(h->sku));
    plm_str key = {text, n > 0 && (size_t)n < sizeof text ? (size_t)n : 0};
    uint32_t *slot = find(b, &b->by_key, hold_key, key);
    if (!slot) return PLM_NONE;
    if (*slot) return *slot - 1;
    if (!grow((void **)&b->hold, &b->holds_cap, b->holds, sizeof *b->hold)) return PLM_NONE;
    plm_hold *x = &b->hold[b->holds];
    *x = (plm_hold){.key = plm_arena_copy(b->names, key), .country = h->country,
                    .company = plm_arena_copy(b->names, h->company),
                    .consignee = plm_arena_copy(b->names, h->consignee),
                    .license = plm_arena_copy(b->names, h->license),
                    .sku = plm_arena_copy(b->names, h->sku)};
    if (!x->key.p || !x->company.p || !x->consignee.p || !x->license.p ||
        !x->sku.p) return PLM_NONE;
    snprintf(x->word, sizeof x->word, "%.*s", (int)(word.n < 15 ? word.n : 15), word.p);
    if (!find_accounts(b, x)) return PLM_NONE;
    *slot = (uint32_t)++b->holds;
    b->by_key.n++;
    return *slot - 1;
}

/* Counts a move for the share caps of the holder's word; every word counts for a cap of *. */
static void count_under(plm_books *b, const plm_hold *h, int sign) {
    for (size_t c = 0; c < b->rules->caps; c++) {
        if (is_limit(&b->rules->cap[c]) ||
            !plm_books_cap_applies(b, &b->rules->cap[c], h->word)) continue;
        uint64_t *n = &b->owner[h->owner].under[c];
        if (sign > 0) ++*n;
        else --*n;
    }
}

bool plm_books_apply(plm_books *b, int sign) {
    for (size_t i = 0; i < b->moves.n; i++) {
        const plm_move *m = &b->moves.v[i];
        if (m->bucket == PLM_B_SOURCE) continue;
        plm_hold *h = &b->hold[m->hold];
        plm_tpp d = sign * m->delta, used = m->bucket == PLM_B_RESERVED ? 0 : d;
        if (!add_lot(&h->lots[m->bucket], m->day, d)) return false;
        count_under(b, h, sign);
        for (size_t c = 0; c < b->rules->caps; c++)
            if (h->account[c] != PLM_NONE &&
                !add_day(&b->series[h->account[c]], m->day, used, d - used))
                return false;
        if (!add_day(&b->series[h->home], m->day, used, d - used)) return false;
    }
    return true;
}

plm_day_sum plm_series_sum(const plm_series *s, plm_day a, plm_day b) {
    plm_day_sum sum = {0, 0, 0};
    for (size_t i = 0; i < s->n; i++) {
        if (s->v[i].day < a || s->v[i].day > b) continue;
        sum.used += s->v[i].used;
        sum.reserved += s->v[i].reserved;
    }
    return sum;
}

bool plm_cap_period(const plm_books *b, const plm_caps_cap *c, plm_country country, plm_day day,
                    size_t step, plm_day *from, plm_day *to, plm_tpp *limit) {
    int y, m, d;
    if (c->shape == PLM_CAPS_YEARLY) {
        if (step) return false;
        plm_day_to_ymd(day, &y, &m, &d);
        *from = plm_day_from_ymd(y, 1, 1);
        *to = plm_day_from_ymd(y, 12, 31);
        *limit = c->step[0].limit;
    } else {
        if (step >= c->steps) return false;
        const plm_caps_step *s = &c->step[step];
        *from = c->shape == PLM_CAPS_CUMULATIVE ? PLM_DAY_MIN : s->from;
        *to = s->to;
        *limit = country && plm_caps_has_agreement(b->rules, country, day) ? s->limit_with_agreement
            : s->limit;
    }
    return true;
}

/* How much the moves add to what account s of cap c holds, used and reserved, from day a to z. */
static plm_tpp added(const plm_books *b, size_t c, uint32_t s, plm_day a, plm_day z) {
    plm_tpp sum = 0;
    for (size_t i = 0; i < b->moves.n; i++) {
        const plm_move *m = &b->moves.v[i];
        if (m->bucket != PLM_B_SOURCE && m->day >= a && m->day <= z &&
            b->hold[m->hold].account[c] == s)
            sum += m->delta;
    }
    return sum;
}

const char *plm_books_holder_kind(const plm_caps_cap *c) {
    return c->per_consignee ? "consignee" : c->per_company ? "company" : "country";
}

static bool say_passed(plm_caps_answer *out, const plm_caps_cap *cap, plm_tpp limit, plm_tpp used,
                       plm_tpp reserved, plm_tpp asked) {
    out->cap = cap->id;
    out->cite = cap->cite;
    out->limit = limit;
    out->used = used;
    out->reserved = reserved;
    out->asked = asked;
    out->over = used + reserved + asked - limit;
    return true;
}

static void say_account(plm_caps_answer *out, const char *kind, plm_str holder, int year) {
    size_t n = sizeof out->account;
    if (year) snprintf(out->account, n, "%s:%.*s:%d", kind, PLM_FMT(holder), year);
    else snprintf(out->account, n, "%s:%.*s", kind, PLM_FMT(holder));
}

static bool limit_passed(plm_books *b, size_t c, const plm_move *m, plm_caps_answer *out) {
    const plm_caps_cap *cap = &b->rules->cap[c];
    const plm_hold *h = &b->hold[m->hold];
    plm_day from, to;
    plm_tpp limit;
    if (plm_caps_in_group(b->rules, cap->none_in, h->country, m->day)) return false;
    bool zero = plm_caps_in_group(b->rules, cap->zero_in, h->country, m->day);
    uint32_t s = h->account[c];
    for (size_t step = 0; plm_cap_period(b, cap, h->country, m->day, step, &from, &to, &limit);
         step++) {
        if (m->day < from || m->day > to) continue;
        if (cap->shape == PLM_CAPS_CUMULATIVE && m->day < cap->step[0].from) continue;
        plm_tpp more = added(b, c, s, from, to);
        if (more <= 0) continue;
        plm_day_sum sum = plm_series_sum(&b->series[s], from, to);
        if (zero) limit = 0;
        if (sum.used + sum.reserved > limit) {
            plm_tpp reserved = sum.reserved, used = sum.used;
            for (size_t i = 0; i < b->moves.n; i++) { /* as it was before */
                const plm_move *x = &b->moves.v[i];
                if (x->bucket == PLM_B_SOURCE || x->day < from || x->day > to ||
                    b->hold[x->hold].account[c] != s)
                    continue;
                if (x->bucket == PLM_B_RESERVED) reserved -= x->delta;
                else used -= x->delta;
            }
            int y = 0, mon, d;
            if (cap->shape == PLM_CAPS_YEARLY) plm_day_to_ymd(m->day, &y, &mon, &d);
            say_account(out, plm_books_holder_kind(cap), b->series[s].holder, y);
            return say_passed(out, cap, limit, used, reserved, more);
        }
    }
    return false;
}

bool plm_cap_counts_in(const plm_books *b, const plm_caps_cap *cap, plm_country c, plm_day day) {
    if (cap->shape == PLM_CAPS_OF_BASE) return cap->in[c];
    return !(cap->has_in ? cap->in[c] : plm_caps_in_group(b->rules, cap->group, c, day));
}

typedef struct share {
    plm_tpp used, reserved, base;      /* after the moves */
    plm_tpp d_part, d_base, d_reserved; /* that the moves added */
} share;

static void add_part(const plm_books *b, const plm_caps_cap *cap, const plm_series *x,
                     plm_country one, plm_day day, share *s) {
    if (one ? x->country == one : plm_cap_counts_in(b, cap, x->country, day)) {
        s->used += x->used;
        s->reserved += x->reserved;
    }
    if (cap->shape != PLM_CAPS_OF_BASE || cap->base[x->country]) s->base += x->used + x->reserved;
}

/* The part (one country, or 0: all that count) and its base, for a company or everyone. */
static share share_of(const plm_books *b, const plm_caps_cap *cap, uint32_t owner, plm_country one,
                      plm_day day) {
    share s = {0};
    bool all = cap->shape == PLM_CAPS_OF_BASE;
    if (all) {
        for (size_t i = 0; i < b->series_n; i++)
            if (b->series[i].cap == PLM_SERIES_COMPANY)
                add_part(b, cap, &b->series[i], one, day, &s);
    } else {
        for (uint32_t i = b->owner[owner].first; i != PLM_NONE; i = b->series[i].next)
            add_part(b, cap, &b->series[i], one, day, &s);
    }
    for (size_t i = 0; i < b->moves.n; i++) {
        const plm_move *m = &b->moves.v[i];
        const plm_hold *h = &b->hold[m->hold];
        if (m->bucket == PLM_B_SOURCE || (!all && h->owner != owner)) continue;
        if (one ? h->country == one : plm_cap_counts_in(b, cap, h->country, day)) {
            s.d_part += m->delta;
            if (m->bucket == PLM_B_RESERVED) s.d_reserved += m->delta;
        }
        if (!all || cap->base[h->country]) s.d_base += m->delta;
    }
    return s;
}

/* A posting that takes what is over further over (100 part - percent base grows) is refused; one
 * that brings it back nearer is not, even when it stays over. */
static bool share_passed(const plm_books *b, const plm_caps_cap *cap, uint32_t owner,
                         plm_country one, plm_str holder, plm_day day, plm_caps_answer *out) {
    share s = share_of(b, cap, owner, one, day);
    bool zero = one && plm_caps_in_group(b->rules, cap->zero_in, one, day);
    plm_tpp limit = zero ? 0 : s.base * cap->percent / 100, part = s.used + s.reserved;
    bool worse = zero ? s.d_part > 0 : 100 * s.d_part > cap->percent * s.d_base;
    if (!worse || part <= limit) return false;
    bool all = cap->shape == PLM_CAPS_OF_BASE;
    say_account(out, all ? "all" : "company", all ? PLM_STR("CN+MO") : holder, 0);
    return say_passed(out, cap, limit, s.used - (s.d_part - s.d_reserved),
                      s.reserved - s.d_reserved, s.d_part);
}

/* Answers that are collected, each account of a cap once. */
typedef struct passes {
    plm_caps_answer *out;
    size_t n, max;
} passes;

static void take_pass(passes *all, const plm_caps_answer *x) {
    for (size_t i = 0; i < all->n; i++)
        if (strcmp(all->out[i].cap, x->cap) == 0 && strcmp(all->out[i].account, x->account) == 0)
            return;
    if (all->n < all->max) all->out[all->n++] = *x;
}

static void shares_passed(const plm_books *b, const plm_caps_cap *cap, const plm_hold *h,
                          plm_day day, passes *all) {
    plm_caps_answer x = {0};
    const plm_owner *o = &b->owner[h->owner];
    if (cap->head_office && plm_caps_head_office(b->rules, h->company,
                                                 day) != cap->head_office) return;
    if (cap->shape != PLM_CAPS_COUNTRY) {
        if (share_passed(b, cap, h->owner, 0, o->name, day, &x)) take_pass(all, &x);
        return;
    }
    for (uint32_t i = o->first; i != PLM_NONE && all->n < all->max; i = b->series[i].next)
        if (plm_cap_counts_in(b, cap, b->series[i].country, day) &&
            share_passed(b, cap, h->owner, b->series[i].country, b->series[i].holder, day, &x))
            take_pass(all, &x);
}

/* A limit binds the postings of its word; a share all of a company that has its word, for it is
 * of all the company has (15 CFR 748.15 and Supplement 10 to 748: "the VEU, to include all
 * subsidiary and parent entities"): another word on the next posting is no way around it. */
size_t plm_books_passed(plm_books *b, const plm_caps_posting *p, plm_caps_answer *out,
                        size_t max) {
    passes all = {.out = out, .max = max};
    for (size_t i = 0; i < b->moves.n; i++) {
        const plm_move *m = &b->moves.v[i];
        if (m->bucket == PLM_B_SOURCE) continue;
        const plm_hold *h = &b->hold[m->hold];
        for (size_t c = 0; c < b->rules->caps && all.n < max; c++) {
            const plm_caps_cap *cap = &b->rules->cap[c];
            plm_caps_answer x = {0};
            if (is_limit(cap)) {
                if (h->account[c] != PLM_NONE && m->delta > 0 && limit_passed(b, c, m, &x))
                    take_pass(&all, &x);
            } else if (plm_books_bound(b, c, h->owner)) {
                shares_passed(b, cap, h, p->day, &all);
            }
        }
    }
    return all.n;
}
