/* diff.c: entities by content: digests, and what differs between two states of the lists.
 * Invariant: an entity is reported exactly when its digest, or its being there, differs.
 * Held by tests/unit/test_import.c and tests/unit/test_watch.c. */
#include "plimsoll/lists.h"

#include "base/file.h"

#include <stdlib.h>
#include <string.h>

#define ENTITY_TEXT_MAX ((size_t)256 << 20)

static void put_number(plm_buf *b, uint64_t v) {
    unsigned char p[8];
    for (int i = 0; i < 8; i++) p[i] = (unsigned char)(v >> 8 * i);
    plm_buf_put(b, p, sizeof p);
}

/* With its length before it, so that no two sequences of texts read alike. */
static void put_text(plm_buf *b, const plm_list *l, plm_ref r) {
    put_number(b, r.n);
    plm_buf_put(b, l->text + r.at, r.n);
}

/* All that the source says of one entity, appended to out. */
static void put_entity(plm_buf *out, const plm_list *l, const plm_entity *e) {
    const plm_ref texts[] = {e->id, e->list, e->name, e->citation, e->programs, e->effect,
                             e->remarks, e->tags};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) put_text(out, l, texts[i]);
    put_number(out, e->kind);
    put_number(out, e->bits);
    put_number(out, e->footnotes);
    put_number(out, (uint32_t)e->listed);
    put_number(out, e->name_n);
    for (uint32_t i = 0; i < e->name_n; i++) {
        put_text(out, l, l->names[e->name_at + i].text);
        put_number(out, l->names[e->name_at + i].kind);
    }
    put_number(out, e->address_n);
    for (uint32_t i = 0; i < e->address_n; i++) {
        put_text(out, l, l->addresses[e->address_at + i].text);
        put_number(out, l->addresses[e->address_at + i].country);
    }
    put_number(out, e->country_n);
    for (uint32_t i = 0; i < e->country_n; i++) put_number(out, l->countries[e->country_at + i]);
    put_number(out, e->birth_n);
    for (uint32_t i = 0; i < e->birth_n; i++) {
        put_number(out, (uint32_t)l->births[e->birth_at + i].from);
        put_number(out, (uint32_t)l->births[e->birth_at + i].to);
    }
    put_number(out, e->id_n);
    for (uint32_t i = 0; i < e->id_n; i++) {
        put_text(out, l, l->ids[e->id_at + i].kind);
        put_text(out, l, l->ids[e->id_at + i].value);
    }
}

void plm_list_entity_digest(const plm_list *l, const plm_entity *e, unsigned char out[32]) {
    plm_buf b;
    plm_buf_init(&b, ENTITY_TEXT_MAX);
    put_entity(&b, l, e);
    if (b.full) memset(out, 0, 32); /* no memory: like no other, so it counts as changed */
    else plm_sha256_of(plm_buf_str(&b), out);
    plm_buf_free(&b);
}

const plm_entity *plm_list_find(const plm_list *l, plm_str id) {
    for (uint32_t i = 0; l && i < l->entity_n; i++)
        if (plm_str_eq(plm_list_text(l, l->entities[i].id), id)) return &l->entities[i];
    return NULL;
}

const char *plm_change_kind_name(plm_change_kind k) {
    return k == PLM_ADDED ? "added" : k == PLM_REMOVED ? "removed" : "changed";
}

typedef struct by_id_row {
    plm_str id;
    const plm_entity *e;
} by_id_row;

static int by_id(const void *a, const void *b) {
    return plm_str_cmp(((const by_id_row *)a)->id, ((const by_id_row *)b)->id);
}

static by_id_row *sorted(const plm_list *l, plm_fault *f) {
    uint32_t n = l ? l->entity_n : 0;
    by_id_row *r = plm_mem_resize(NULL, (n + 1) * sizeof *r);
    if (!r) {
        plm_fail(f, PLM_NO_MEMORY, "not enough memory to compare the lists");
        return NULL;
    }
    for (uint32_t i = 0; i < n; i++)
        r[i] = (by_id_row){plm_list_text(l, l->entities[i].id), &l->entities[i]};
    qsort(r, n, sizeof *r, by_id);
    return r;
}

/* As their digests would say; b: two to be written over.  No memory: like no other. */
static bool same_entity(const plm_list *l, const plm_entity *x, const plm_list *m,
                        const plm_entity *y, plm_buf b[2]) {
    plm_buf_clear(&b[0]);
    plm_buf_clear(&b[1]);
    put_entity(&b[0], l, x);
    put_entity(&b[1], m, y);
    return !b[0].full && !b[1].full && plm_str_eq(plm_buf_str(&b[0]), plm_buf_str(&b[1]));
}

typedef bool (*take_fn)(void *ctx, const plm_change *c, plm_fault *f);

static bool merge(const plm_list *from, const by_id_row *a, const plm_list *to,
                  const by_id_row *b, take_fn take, void *ctx, plm_fault *f) {
    uint32_t i = 0, j = 0, n = from ? from->entity_n : 0, m = to ? to->entity_n : 0;
    plm_buf text[2];
    bool ok = true;
    for (int k = 0; k < 2; k++) plm_buf_init(&text[k], ENTITY_TEXT_MAX);
    while (ok && (i < n || j < m)) {
        int c = i == n ? 1 : j == m ? -1 : plm_str_cmp(a[i].id, b[j].id);
        plm_change ch = {c < 0 ? PLM_REMOVED : c > 0 ? PLM_ADDED : PLM_CHANGED, from, to,
                         c <= 0 ? a[i].e : NULL, c >= 0 ? b[j].e : NULL};
        if (c != 0 || !same_entity(from, a[i].e, to, b[j].e, text)) ok = take(ctx, &ch, f);
        i += c <= 0;
        j += c >= 0;
    }
    for (int k = 0; k < 2; k++) plm_buf_free(&text[k]);
    return ok;
}

static bool diff_source(const plm_list *from, const plm_list *to, take_fn take, void *ctx,
                        plm_fault *f) {
    if (from && to && memcmp(from->hash, to->hash, 32) == 0 &&
        memcmp(from->hash, (const unsigned char[32]){0}, 32) != 0)
        return true;
    by_id_row *a = sorted(from, f), *b = sorted(to, f);
    bool ok = a && b && merge(from, a, to, b, take, ctx, f);
    plm_mem_free(a);
    plm_mem_free(b);
    return ok;
}

bool plm_lists_diff(const plm_lists *from, const plm_lists *to, take_fn take, void *ctx,
                    plm_fault *f) {
    uint32_t i = 0, j = 0;
    while (i < from->n || j < to->n) { /* both are in the order of their source words */
        const plm_list *a = i < from->n ? from->list[i] : NULL;
        const plm_list *b = j < to->n ? to->list[j] : NULL;
        int c = !a ? 1 : !b ? -1 : plm_str_cmp(plm_list_text(a, a->source),
                                               plm_list_text(b, b->source));
        if (!diff_source(c <= 0 ? a : NULL, c >= 0 ? b : NULL, take, ctx, f)) return false;
        i += c <= 0;
        j += c >= 0;
    }
    return true;
}

bool plm_list_copy_entity(plm_list *to, const plm_list *l, const plm_entity *e, plm_fault *f) {
    static const plm_list_field fields[] = {PLM_LIST_CITATION, PLM_LIST_PROGRAMS,
                                            PLM_LIST_EFFECT, PLM_LIST_REMARKS, PLM_LIST_TAGS};
    const plm_ref texts[] = {e->citation, e->programs, e->effect, e->remarks, e->tags};
    bool ok = plm_list_add_entity(to, plm_list_text(l, e->id), plm_list_text(l, e->list),
                                  plm_list_text(l, e->name), (plm_entity_kind)e->kind, f);
    for (size_t i = 0; ok && i < 5; i++)
        ok = plm_list_set(to, fields[i], plm_list_text(l, texts[i]), f);
    if (ok) plm_list_set_bits(to, e->bits, e->footnotes);
    if (ok) plm_list_set_listed(to, e->listed);
    for (uint32_t i = 1; ok && i < e->name_n; i++) {
        const plm_list_name *n = &l->names[e->name_at + i];
        ok = plm_list_add_name(to, plm_list_text(l, n->text), (plm_name_kind)n->kind, f);
    }
    for (uint32_t i = 0; ok && i < e->address_n; i++) {
        const plm_list_address *a = &l->addresses[e->address_at + i];
        ok = plm_list_add_address(to, plm_list_text(l, a->text), (plm_country)a->country, f);
    }
    for (uint32_t i = 0; ok && i < e->country_n; i++)
        ok = plm_list_add_country(to, (plm_country)l->countries[e->country_at + i], f);
    for (uint32_t i = 0; ok && i < e->birth_n; i++)
        ok = plm_list_add_birth(to, l->births[e->birth_at + i].from,
                                l->births[e->birth_at + i].to, f);
    for (uint32_t i = 0; ok && i < e->id_n; i++) {
        const plm_list_id *d = &l->ids[e->id_at + i];
        ok = plm_list_add_id(to, plm_list_text(l, d->kind), plm_list_text(l, d->value), f);
    }
    return ok;
}
