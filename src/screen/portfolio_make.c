/* portfolio_make.c: reads a portfolio's names into the file that portfolio.c asks.
 * Invariants: 1 a customer's parts and marks are all that a changed entity can be related by
 * (docs/no-miss.md, section 7); 2 what can't be kept whole is marked to be asked always; 3 the file
 * is whole or not there.  Held by tests/unit/test_portfolio.c. */
#include "screen/portfolio.h"

#include "base/file.h"
#include "screen/address.h"
#include "screen/rows.h"
#include "screen/score.h"

#include <sodium.h>
#include <string.h>
#include <sys/random.h>

#define MARKS_MAX 65535u

const uint32_t plm_portfolio_rows[PF_COUNT] = {
    sizeof(line_hash), sizeof(customer), sizeof(part), sizeof(mark), sizeof(unit), 8, 4,
};

line_hash plm_portfolio_hash(const unsigned char key[PORTFOLIO_KEY], plm_str line) {
    line_hash h;
    crypto_shorthash_siphashx24((unsigned char *)&h, (const unsigned char *)line.p, line.n, key);
    return h;
}

uint64_t plm_portfolio_check(const char *p, size_t n) {
    uint64_t h[4] = {1, 2, 3, 4};
    for (; n >= sizeof h; p += sizeof h, n -= sizeof h)
        for (int i = 0; i < 4; i++) {
            uint64_t w;
            memcpy(&w, p + 8 * i, sizeof w);
            h[i] = (h[i] ^ w) * 0xFF51AFD7ED558CCDu;
            h[i] ^= h[i] >> 32;
        }
    return plm_name_mix(plm_name_mix(n, p, n), h, sizeof h);
}

struct plm_portfolio_maker {
    unsigned char key[PORTFOLIO_KEY];
    line_hash head, line;
    vec v[PF_COUNT];
    unit_set units;
    uint32_t unit;           /* whose keys are being noted */
    bool failed, full;
};

plm_portfolio_maker *plm_portfolio_maker_new(plm_str head, plm_fault *f) {
    plm_portfolio_maker *m = plm_mem_resize(NULL, sizeof *m);
    if (!m) return plm_fail(f, PLM_NO_MEMORY, "not enough memory"), NULL;
    memset(m, 0, sizeof *m);
    for (int i = 0; i < PF_COUNT; i++) m->v[i].row = plm_portfolio_rows[i];
    if (getrandom(m->key, sizeof m->key, 0) != sizeof m->key) {
        plm_mem_free(m);
        return plm_fail(f, PLM_IO, "the system gives no randomness"), NULL;
    }
    m->head = plm_portfolio_hash(m->key, head);
    return m;
}

void plm_portfolio_maker_free(plm_portfolio_maker *m) {
    if (!m) return;
    for (int i = 0; i < PF_COUNT; i++) plm_mem_free(m->v[i].p);
    plm_mem_free(m->units.slot);
    plm_mem_free(m);
}

/* n zeroed rows more of a section; NULL (and m->failed) without memory. */
static void *push(plm_portfolio_maker *m, portfolio_section which, size_t n) {
    vec *v = &m->v[which];
    if (v->n + n > UINT32_MAX) m->full = true;
    if (m->failed || m->full) return NULL;
    void *at = plm_vec_push(v, n);
    m->failed = !at;
    return at;
}

static void note_near(void *ctx, char tag, uint64_t hash) {
    plm_portfolio_maker *m = ctx;
    (void)tag;
    uint64_t *x = push(m, PF_NEAR, 1);
    if (x) *x = (hash & ~(uint64_t)0xFFFFFFFFu) | m->unit;
}

/* ---- distinct tokens ---- */

static uint32_t unit_number(plm_portfolio_maker *m, const unit *u) {
    uint32_t *place = plm_unit_set_place(&m->units, &m->v[PF_UNITS], u);
    if (!place) return m->failed = true, 0;
    if (*place) return *place - 1;
    unit *at = push(m, PF_UNITS, 1);
    if (!at) return 0;
    *at = *u;
    m->unit = (uint32_t)m->v[PF_UNITS].n - 1;
    *place = m->unit + 1;
    uint64_t joins[2];
    why_kind why[2];
    plm_near_keys(u, note_near, m);
    for (uint32_t i = plm_join_hashes(u, joins, why); i > 0; i--) note_near(m, 'j', joins[i - 1]);
    return m->unit;
}

/* ---- customers ---- */

/* What a mark is of. */
typedef struct marker {
    plm_portfolio_maker *m;
    uint8_t first, count;
    size_t from;             /* of its marks */
    bool apart;              /* what follows is asked for by tokens of some scripts only */
} marker;

static void note_mark(marker *k, uint32_t hash) {
    const vec *v = &k->m->v[PF_MARKS];
    mark *x = v->n > k->from ? (mark *)(void *)v->p + v->n - 1 : NULL;
    if (!x || x->n == MARK_HASHES) {
        x = push(k->m, PF_MARKS, 1);
        if (!x) return;
        x->first = k->first;
        x->count = k->count;
    }
    x->hash[x->n++] = hash;
    if (!k->apart) x->common = x->n;
}

static void note_every(void *ctx, char tag, uint64_t hash) {
    (void)tag;
    note_mark(ctx, mark_of(hash));
}

/* A listed token that a joined span is related to is found from these; portfolio.c asks for what
 * is an edit away. */
static void note_join(plm_portfolio_maker *m, const span *s) {
    const unit *u = &s->u;
    marker k = {m, s->first, s->count, m->v[PF_MARKS].n, false};
    uint64_t joins[2];
    why_kind why[2];
    if (u->join == 2) {
        note_mark(&k, mark_of(plm_index_hash(MARK_ACRONYM, u->form, u->form_n)));
        return;
    }
    for (uint32_t i = plm_join_hashes(u, joins, why); i > 0; i--)
        note_mark(&k, mark_of(joins[i - 1]));
    if (plm_near_is_apart(u) || !u->key_n) {
        plm_near_keys(u, note_every, &k);
        return;
    }
    bool few_letters = u->form_n < JOIN_LONG_FORM, few_sounds = u->phon_n < JOIN_LONG_PHON;
    uint64_t form = plm_index_hash(few_letters ? MARK_SHORT_FORM : 'f', u->form, u->form_n);
    uint64_t key = plm_index_hash(few_sounds ? MARK_SHORT_KEY : 'k', u->key, u->key_n);
    if (few_letters && !few_sounds) note_mark(&k, mark_of(key));
    k.apart = few_letters;
    note_mark(&k, mark_of(form));
    k.apart = few_sounds;
    if (few_sounds || !few_letters) note_mark(&k, mark_of(key));
}

static void note_beside(plm_portfolio_maker *m, const plm_query *q) {
    marker k = {m, 0, 0, m->v[PF_MARKS].n, false};
    address_rec a = {0};
    if (q->address.n && plm_address_keys(q->address, &a)) {
        const uint64_t h[] = {a.street[0], a.street[1], a.building};
        for (int i = 0; i < 3; i++)
            if (h[i]) note_mark(&k, mark_place(h[i]));
    }
    for (uint32_t i = 0; i < q->id_n; i++) {
        uint32_t group;
        uint64_t h = plm_index_id_hash(q->id_kind[i], q->id_value[i], &group);
        if (h) note_mark(&k, mark_id(h));
    }
}

static void note_part(plm_portfolio_maker *m, const name_parse *p, uint32_t i) {
    const span *s = &p->spans[i];
    uint32_t number = unit_number(m, &s->u);
    part *x = push(m, PF_PARTS, 1);
    if (!x) return;
    if (i >= p->token_n) *x = (part){number, s->first, s->count};
    else if (plm_score_stands_for_more(&s->u))
        *x = (part){number | PART_STANDS, s->u.weight, plm_score_traits(&s->u)};
    else *x = (part){number, s->u.weight, plm_score_traits(&s->u)};
}

static bool is_utf8(plm_str s) {
    for (size_t i = 0; i < s.n;)
        if (plm_utf8_next(s, &i) == UINT32_MAX) return false;
    return true;
}

static void note_name(plm_portfolio_maker *m, const plm_query *q, customer *c) {
    static _Thread_local name_parse p;
    bool read = q->name.n <= PLM_QUERY_NAME_MAX && q->address.n <= PLM_QUERY_NAME_MAX &&
                is_utf8(q->address) && plm_name_read(q->name, &p) &&
                (p.token_n || plm_str_trim(q->address).n || q->id_n);
    c->flags = read ? 0 : CUSTOMER_ALWAYS; /* what is refused is refused each time */
    if (c->flags) return;
    c->kind = (uint8_t)q->kind;
    c->token_n = (uint8_t)p.token_n;
    c->words = (uint8_t)plm_score_words(&p);
    if (q->country) c->flags |= CUSTOMER_COUNTRY;
    if (q->birth_from != PLM_DAY_MIN) c->flags |= CUSTOMER_BIRTH;
    for (uint32_t i = 0; i < p.span_n; i++) {
        if (p.spans[i].u.join) note_join(m, &p.spans[i]);
        else note_part(m, &p, i);
    }
    note_beside(m, q);
}

void plm_portfolio_line(plm_portfolio_maker *m, plm_str line) {
    m->line = plm_portfolio_hash(m->key, line);
}

void plm_portfolio_add(plm_portfolio_maker *m, const plm_query *q) {
    customer c = {.flags = CUSTOMER_ALWAYS, .part_at = (uint32_t)m->v[PF_PARTS].n,
                  .mark_at = (uint32_t)m->v[PF_MARKS].n};
    if (m->v[PF_LINES].n >= PLM_PORTFOLIO_LINES_MAX) m->full = true;
    if (m->full || m->failed) return;
    if (q) note_name(m, q, &c);
    size_t parts = m->v[PF_PARTS].n - c.part_at, marks = m->v[PF_MARKS].n - c.mark_at;
    if (parts > UINT8_MAX || marks > MARKS_MAX) {
        c.flags = CUSTOMER_ALWAYS;
        parts = marks = 0;
    }
    c.part_n = (uint8_t)parts;
    c.mark_n = (uint16_t)marks;
    line_hash *line = push(m, PF_LINES, 1);
    customer *to = push(m, PF_CUSTOMERS, 1);
    if (line) *line = m->line;
    if (to) *to = c;
}

/* ---- the file ---- */

static void directory(plm_portfolio_maker *m) {
    const uint64_t *p = (const uint64_t *)(const void *)m->v[PF_NEAR].p;
    size_t n = m->v[PF_NEAR].n, i = 0;
    uint32_t *dir = push(m, PF_NEAR_DIR, (1u << PORTFOLIO_DIR_BITS) + 1);
    for (uint32_t b = 0; dir && b <= 1u << PORTFOLIO_DIR_BITS; b++) {
        while (i < n && (p[i] >> (64 - PORTFOLIO_DIR_BITS)) < b) i++;
        dir[b] = (uint32_t)i;
    }
}

bool plm_portfolio_save(plm_portfolio_maker *m, const char *path, plm_fault *f) {
    portfolio_header h = {.magic = PORTFOLIO_MAGIC, .version = PORTFOLIO_VERSION,
                          .sections = PF_COUNT, .fingerprint = plm_index_fingerprint(),
                          .head = m->head};
    if (m->full)
        return plm_fail(f, PLM_OUT_OF_RANGE, "a portfolio of more than %u lines is not kept",
                        PLM_PORTFOLIO_LINES_MAX);
    if (!m->failed && !m->v[PF_NEAR_DIR].n) {
        m->failed = !plm_index_sort((uint64_t *)(void *)m->v[PF_NEAR].p, m->v[PF_NEAR].n);
        directory(m);
    }
    memcpy(h.key, m->key, sizeof h.key);
    size_t head = portfolio_padded(sizeof h), size = head;
    for (int i = 0; i < PF_COUNT; i++) {
        h.n[i] = (uint32_t)m->v[i].n;
        h.row[i] = plm_portfolio_rows[i];
        size += portfolio_padded(m->v[i].n * plm_portfolio_rows[i]);
    }
    char *block = m->failed ? NULL : plm_mem_resize(NULL, size);
    if (!block) return plm_fail(f, PLM_NO_MEMORY, "not enough memory to keep the portfolio");
    memset(block, 0, size);
    char *p = block + head;
    for (int i = 0; i < PF_COUNT; i++) {
        size_t n = m->v[i].n * plm_portfolio_rows[i];
        if (n) memcpy(p, m->v[i].p, n);
        p += portfolio_padded(n);
    }
    h.size = size;
    h.check = plm_portfolio_check(block + head, size - head);
    memcpy(block, &h, sizeof h);
    bool ok = plm_file_write_durable(path, (plm_str){block, size}, 0600, f);
    plm_mem_free(block);
    return ok;
}
