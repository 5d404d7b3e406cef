/* import_core.c: adding what a reader found, with the place of every fault, and ids that are
 * unique in a source and the same in every edition.
 * Invariants: 1 no two entities of a source have one id; 2 a made id depends on list, first
 * citation and name only, so that an amended row keeps it.
 * Held by tests/unit/test_import.c. */
#include "screen/import.h"

#include "base/file.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define ID_MADE_BYTES 6 /* 12 hexadecimal digits; a clash gets a number, never a lost row */

struct plm_id_set {
    plm_str *slot;
    uint32_t cap, n;
};

bool plm_import_bad(plm_import *im, uint32_t line, const char *field, const char *fmt, ...) {
    char say[256];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(say, sizeof say, fmt, ap);
    va_end(ap);
    if (field)
        return plm_fail_at(im->f, PLM_BAD_INPUT, im->file, line, 0, "field '%s': %s", field, say);
    return plm_fail_at(im->f, PLM_BAD_INPUT, im->file, line, 0, "%s", say);
}

bool plm_import_check(plm_import *im, bool ok, uint32_t line, const char *field) {
    if (ok) return true;
    plm_fault inner = {0};
    if (im->f) inner = *im->f;
    if (inner.where[0]) return false;
    plm_fault_clear(im->f);
    return plm_fail_at(im->f, inner.code ? inner.code : PLM_BAD_INPUT, im->file,
                       inner.line ? inner.line : line, inner.column, "field '%s': %s", field,
                       inner.say);
}

static uint64_t hash_of(plm_str s) {
    uint64_t h = 1469598103934665603u;
    for (size_t i = 0; i < s.n; i++) h = (h ^ (unsigned char)s.p[i]) * 1099511628211u;
    return h ^ h >> 29;
}

static bool set_grow(plm_import *im, struct plm_id_set *s) {
    uint32_t cap = s->cap ? s->cap * 2 : 1024;
    plm_str *slot = plm_arena_array(im->arena, cap, sizeof *slot);
    if (!slot) return false;
    for (uint32_t i = 0; i < s->cap; i++) {
        if (!s->slot[i].p) continue;
        uint64_t at = hash_of(s->slot[i]) & (cap - 1);
        while (slot[at].p) at = (at + 1) & (cap - 1);
        slot[at] = s->slot[i];
    }
    s->slot = slot;
    s->cap = cap;
    return true;
}

/* 1 the id is new (and now taken), 0 it was taken, -1 no memory. */
static int take_id(plm_import *im, plm_str id) {
    if (!im->ids) im->ids = plm_arena_alloc(im->arena, sizeof *im->ids);
    struct plm_id_set *s = im->ids;
    if (!s || ((s->n + 1) * 4 > s->cap * 3 && !set_grow(im, s))) return -1;
    uint64_t at = hash_of(id) & (s->cap - 1);
    for (; s->slot[at].p; at = (at + 1) & (s->cap - 1))
        if (plm_str_eq(s->slot[at], id)) return 0;
    plm_str copy = plm_arena_copy(im->arena, id);
    if (!copy.p) return -1;
    s->slot[at] = copy;
    s->n++;
    return 1;
}

static bool no_memory(plm_import *im) {
    return plm_fail_at(im->f, PLM_NO_MEMORY, im->file, 0, 0, "not enough memory for the list");
}

static bool add(plm_import *im, uint32_t line, plm_str id, plm_str list, plm_str name,
                plm_entity_kind kind) {
    if (!plm_import_check(im, plm_list_add_entity(im->list, id, list, name, kind, im->f), line,
                          "name"))
        return false;
    const plm_entity *e = &im->list->entities[im->list->entity_n - 1];
    if (e->name.n && e->id.n) return true;
    return plm_import_bad(im, line, e->name.n ? "id" : "name", "holds only control characters");
}

bool plm_import_entity(plm_import *im, uint32_t line, plm_str id, plm_str list, plm_str name,
                       plm_entity_kind kind) {
    id = plm_str_trim(id);
    if (id.n == 0) return plm_import_bad(im, line, "id", "is empty");
    if (id.n > 512) return plm_import_bad(im, line, "id", "is longer than 512 bytes");
    int taken = take_id(im, id);
    if (taken < 0) return no_memory(im);
    if (taken == 0)
        return plm_import_bad(im, line, "id", "'%.*s' stands twice: an id names one entity",
                              (int)(id.n > 80 ? 80 : id.n), id.p);
    return add(im, line, id, list, name, kind);
}

/* Takes id, or id-2, id-3, …; the taken one is in out. */
static bool free_id(plm_import *im, plm_str id, char *out, size_t size) {
    for (unsigned n = 1; n < 100000; n++) {
        int k = n == 1 ? snprintf(out, size, "%.*s", PLM_FMT(id))
                       : snprintf(out, size, "%.*s-%u", PLM_FMT(id), n);
        if (k < 0 || (size_t)k >= size) return false;
        int taken = take_id(im, plm_str_c(out));
        if (taken != 0) return taken > 0;
    }
    return false;
}

/* The citation's first document: what an amendment appends doesn't change it. */
static plm_str first_citation(plm_str s) {
    s = plm_str_trim(s);
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] == ',' || s.p[i] == '\n' || s.p[i] == ';') {
            s.n = i;
            break;
        }
    return plm_str_trim(s);
}

/* Lower-case letters, digits and bytes past ASCII, one space for all between. */
static void fold_into(plm_buf *b, plm_str s) {
    bool gap = false, any = false;
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        if (c >= 'A' && c <= 'Z') c = (char)(c - 'A' + 'a');
        bool keep = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || (unsigned char)c >= 0x80;
        if (keep && gap && any) plm_buf_putc(b, ' ');
        if (keep) plm_buf_putc(b, c), any = true;
        gap = !keep;
    }
}

bool plm_import_entity_made(plm_import *im, uint32_t line, plm_str list, plm_str citation,
                            plm_str name, plm_entity_kind kind) {
    plm_buf b;
    plm_buf_init(&b, 1 << 20);
    fold_into(&b, first_citation(citation));
    plm_buf_putc(&b, '\n');
    fold_into(&b, name);
    unsigned char digest[PLM_SHA256_LEN];
    bool ok = !b.full;
    plm_sha256_of(plm_buf_str(&b), digest);
    plm_buf_free(&b);
    char hex[2 * ID_MADE_BYTES + 1], base[96], id[128];
    plm_hex(digest, ID_MADE_BYTES, hex);
    snprintf(base, sizeof base, "%.*s-%s", (int)(list.n > 60 ? 60 : list.n), list.p, hex);
    if (!ok || !free_id(im, plm_str_c(base), id, sizeof id)) return no_memory(im);
    return add(im, line, plm_str_c(id), list, name, kind);
}

bool plm_import_entity_shared(plm_import *im, uint32_t line, plm_str id, plm_str list,
                              plm_str name, plm_entity_kind kind) {
    char joined[640], got[660];
    id = plm_str_trim(id);
    if (id.n == 0) return plm_import_bad(im, line, "id", "is empty");
    if (id.n > 512) return plm_import_bad(im, line, "id", "is longer than 512 bytes");
    int taken = take_id(im, id);
    if (taken < 0) return no_memory(im);
    if (taken > 0) return add(im, line, id, list, name, kind);
    snprintf(joined, sizeof joined, "%.*s:%.*s", (int)(list.n > 100 ? 100 : list.n), list.p,
             PLM_FMT(id));
    if (!free_id(im, plm_str_c(joined), got, sizeof got)) return no_memory(im);
    return add(im, line, plm_str_c(got), list, name, kind);
}

/* What stands between names ("HPSTAR; and; Beijing …") or has no letter is no name. */
static bool no_name(plm_str s) {
    bool letter = false;
    for (size_t i = 0; i < s.n && !letter; i++) {
        unsigned char c = (unsigned char)plm_lower(s.p[i]);
        letter = c >= 0x80 || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
    }
    return !letter || plm_str_is(s, "and") || plm_str_is(s, "or");
}

bool plm_import_name(plm_import *im, uint32_t line, plm_str name, plm_name_kind kind) {
    name = plm_str_trim(name);
    if (name.n && no_name(name)) return true;
    const plm_list *l = im->list;
    const plm_entity *e = l->entity_n ? &l->entities[l->entity_n - 1] : NULL;
    for (uint32_t i = 0; e && i < e->name_n && i < 256; i++)
        if (plm_str_eq(plm_list_text(l, l->names[e->name_at + i].text), name)) return true;
    return plm_import_check(im, plm_list_add_name(im->list, name, kind, im->f), line, "name");
}

bool plm_import_names(plm_import *im, uint32_t line, plm_str s, char sep, plm_name_kind kind) {
    plm_str part;
    while (plm_import_part(&s, sep, &part))
        if (part.n && !plm_import_name(im, line, part, kind)) return false;
    return true;
}

bool plm_import_address(plm_import *im, uint32_t line, plm_str address, plm_country country) {
    address = plm_str_trim(address);
    return plm_import_check(im, plm_list_add_address(im->list, address, country, im->f) &&
                                plm_list_add_country(im->list, country, im->f),
                            line, "address");
}

bool plm_import_id(plm_import *im, uint32_t line, const char *kind, plm_str value) {
    return plm_import_check(im, plm_list_add_id(im->list, plm_str_c(kind), plm_str_trim(value),
                                                im->f), line, kind);
}

bool plm_import_set(plm_import *im, uint32_t line, plm_list_field field, plm_str value) {
    static const char *const names[] = {"citation", "programs", "effect", "remarks", "tags"};
    return plm_import_check(im, plm_list_set(im->list, field, value, im->f), line, names[field]);
}

bool plm_import_birth(plm_import *im, uint32_t line, plm_str s) {
    plm_day from, to;
    if (!plm_import_days(s, &from, &to)) return true;
    return plm_import_check(im, plm_list_add_birth(im->list, from, to, im->f), line,
                            "birth date");
}
