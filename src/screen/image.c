/* image.c: a list's tables in memory and as one file.
 * Image: header, then the tables in the header's order, each padded to 8 bytes, then the text.
 * Invariants: 1 an opened image has every index and every text inside its tables, checked once;
 * 2 text is valid UTF-8 without control characters; 3 the hash covers all that follows it;
 * 4 tables of one entity are one run.  Held by tests/unit/test_image.c. */
#include "plimsoll/list.h"

#include "base/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define IMAGE_MAGIC "PLMLIST"
#define TABLES 7
#define IMAGE_BYTES_MAX ((size_t)4 << 30)

typedef struct image_header {
    char magic[8];
    uint32_t version, header_size;
    unsigned char hash[32]; /* of everything after this field */
    uint64_t size;
    uint32_t count[TABLES];
    uint32_t reserved;
    plm_ref source, edition;
} image_header;

/* A growing table of rows. */
typedef struct table {
    char *p;
    uint32_t n, cap, max, row;
} table;

enum { T_ENTITY, T_NAME, T_ADDRESS, T_COUNTRY, T_BIRTH, T_ID, T_TEXT };

struct plm_list_store {
    table t[TABLES];
    void *map;
    size_t map_size;
};

static const struct { uint32_t row, max; } shapes[TABLES] = {
    {sizeof(plm_entity), PLM_LIST_ENTITIES_MAX},   {sizeof(plm_list_name), PLM_LIST_NAMES_MAX},
    {sizeof(plm_list_address), PLM_LIST_NAMES_MAX}, {sizeof(uint32_t), PLM_LIST_NAMES_MAX},
    {sizeof(plm_list_birth), PLM_LIST_NAMES_MAX},  {sizeof(plm_list_id), PLM_LIST_NAMES_MAX},
    {1, PLM_LIST_TEXT_MAX},
};

static void publish(plm_list *l) {
    const table *t = l->store->t;
    l->entities = (const plm_entity *)(const void *)t[T_ENTITY].p;
    l->names = (const plm_list_name *)(const void *)t[T_NAME].p;
    l->addresses = (const plm_list_address *)(const void *)t[T_ADDRESS].p;
    l->countries = (const uint32_t *)(const void *)t[T_COUNTRY].p;
    l->births = (const plm_list_birth *)(const void *)t[T_BIRTH].p;
    l->ids = (const plm_list_id *)(const void *)t[T_ID].p;
    l->text = t[T_TEXT].p;
    l->entity_n = t[T_ENTITY].n;
    l->name_n = t[T_NAME].n;
    l->address_n = t[T_ADDRESS].n;
    l->country_n = t[T_COUNTRY].n;
    l->birth_n = t[T_BIRTH].n;
    l->id_n = t[T_ID].n;
    l->text_n = t[T_TEXT].n;
}

static void *grow(plm_list *l, int which, uint32_t n, plm_fault *f) {
    table *t = &l->store->t[which];
    if (l->store->map) {
        plm_fail(f, PLM_CONFLICT, "an opened image can't be added to");
        return NULL;
    }
    if (n > t->max - t->n) {
        plm_fail(f, PLM_OUT_OF_RANGE, "the list is too large: more than %u rows or bytes", t->max);
        return NULL;
    }
    if (t->n + n > t->cap) {
        uint64_t cap = (uint64_t)t->cap * 2 > t->n + (uint64_t)n ? (uint64_t)t->cap * 2
                                                                : t->n + (uint64_t)n + 64;
        if (cap > t->max) cap = t->max;
        void *p = plm_mem_resize(t->p, (size_t)cap * t->row);
        if (!p) {
            plm_fail(f, PLM_NO_MEMORY, "not enough memory for the list");
            return NULL;
        }
        t->p = p;
        t->cap = (uint32_t)cap;
    }
    void *at = t->p + (size_t)t->n * t->row;
    memset(at, 0, (size_t)n * t->row);
    t->n += n;
    publish(l);
    return at;
}

static size_t utf8_step(const unsigned char *p, size_t n) {
    if (p[0] < 0x80) return 1;
    size_t k = p[0] >= 0xF0 ? 4 : p[0] >= 0xE0 ? 3 : 2;
    if (p[0] < 0xC2 || p[0] > 0xF4 || k > n) return 0;
    for (size_t i = 1; i < k; i++)
        if ((p[i] & 0xC0) != 0x80) return 0;
    if (p[0] == 0xE0 && p[1] < 0xA0) return 0;
    if (p[0] == 0xED && p[1] > 0x9F) return 0;
    if (p[0] == 0xF0 && p[1] < 0x90) return 0;
    if (p[0] == 0xF4 && p[1] > 0x8F) return 0;
    return k;
}

/* Adds s with white space and control characters as single spaces, none at the ends. */
static bool put_text(plm_list *l, plm_str s, plm_ref *out, plm_fault *f) {
    *out = (plm_ref){0, 0};
    if (s.n > PLM_LIST_FIELD_MAX)
        return plm_fail(f, PLM_OUT_OF_RANGE, "a text of %zu bytes: at most %u are taken", s.n,
                        PLM_LIST_FIELD_MAX);
    for (size_t i = 0, k; i < s.n; i += k)
        if (!(k = utf8_step((const unsigned char *)s.p + i, s.n - i)))
            return plm_fail(f, PLM_BAD_INPUT, "text that is not UTF-8 at its byte %zu", i);
    if (s.n == 0) return true;
    uint32_t at = l->store->t[T_TEXT].n;
    char *p = grow(l, T_TEXT, (uint32_t)s.n, f);
    if (!p) return false;
    uint32_t n = 0;
    bool space = false;
    for (size_t i = 0; i < s.n; i++) {
        if ((unsigned char)s.p[i] <= ' ' || s.p[i] == 0x7F) {
            space = true;
            continue;
        }
        if (space && n) p[n++] = ' ';
        space = false;
        p[n++] = s.p[i];
    }
    l->store->t[T_TEXT].n = at + n;
    publish(l);
    if (n) *out = (plm_ref){at, n};
    return true;
}

static plm_entity *last(plm_list *l, plm_fault *f) {
    const table *t = &l->store->t[T_ENTITY];
    if (t->n == 0 || l->store->map) {
        plm_fail(f, PLM_CONFLICT, "no entity was added yet");
        return NULL;
    }
    return (plm_entity *)(void *)(t->p + (size_t)(t->n - 1) * t->row);
}

plm_list *plm_list_new(plm_str source, plm_str edition) {
    if (source.n < 1 || source.n > 40) return NULL;
    for (size_t i = 0; i < source.n; i++) {
        char c = source.p[i];
        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || (c == '-' && i))) return NULL;
    }
    plm_list *l = plm_mem_resize(NULL, sizeof *l);
    struct plm_list_store *s = plm_mem_resize(NULL, sizeof *s);
    if (!l || !s) {
        plm_mem_free(l);
        plm_mem_free(s);
        return NULL;
    }
    memset(l, 0, sizeof *l);
    memset(s, 0, sizeof *s);
    l->store = s;
    for (int i = 0; i < TABLES; i++) s->t[i] = (table){.max = shapes[i].max, .row = shapes[i].row};
    if (!put_text(l, source, &l->source, NULL) || !put_text(l, edition, &l->edition, NULL)) {
        plm_list_free(l);
        return NULL;
    }
    return l;
}

void plm_list_free(plm_list *l) {
    if (!l) return;
    if (l->store->map) munmap(l->store->map, l->store->map_size);
    else
        for (int i = 0; i < TABLES; i++) plm_mem_free(l->store->t[i].p);
    plm_mem_free(l->store);
    plm_mem_free(l);
}

bool plm_list_add_entity(plm_list *l, plm_str id, plm_str list, plm_str name,
                         plm_entity_kind kind, plm_fault *f) {
    plm_entity e = {.kind = (uint32_t)kind, .listed = PLM_DAY_MIN};
    if (plm_str_trim(name).n == 0) return plm_fail(f, PLM_BAD_INPUT, "an entity without a name");
    if (!put_text(l, id, &e.id, f) || !put_text(l, list, &e.list, f) ||
        !put_text(l, name, &e.name, f))
        return false;
    e.name_at = l->name_n;
    e.name_n = 1;
    e.address_at = l->address_n;
    e.country_at = l->country_n;
    e.birth_at = l->birth_n;
    e.id_at = l->id_n;
    plm_list_name *n = grow(l, T_NAME, 1, f);
    if (!n) return false;
    *n = (plm_list_name){e.name, PLM_NAME_PRIMARY};
    plm_entity *at = grow(l, T_ENTITY, 1, f);
    if (!at) return false;
    *at = e;
    return true;
}

bool plm_list_add_name(plm_list *l, plm_str name, plm_name_kind kind, plm_fault *f) {
    plm_list_name r = {.kind = (uint32_t)kind};
    plm_entity *e = last(l, f);
    if (!e || !put_text(l, name, &r.text, f)) return false;
    if (r.text.n == 0) return true;
    plm_list_name *at = grow(l, T_NAME, 1, f);
    if (!at) return false;
    *at = r;
    e->name_n++;
    return true;
}

bool plm_list_add_address(plm_list *l, plm_str address, plm_country country, plm_fault *f) {
    plm_list_address r = {.country = country};
    plm_entity *e = last(l, f);
    if (!e || !put_text(l, address, &r.text, f)) return false;
    if (r.text.n == 0) return country ? plm_list_add_country(l, country, f) : true;
    plm_list_address *at = grow(l, T_ADDRESS, 1, f);
    if (!at) return false;
    *at = r;
    e->address_n++;
    return true;
}

bool plm_list_add_country(plm_list *l, plm_country country, plm_fault *f) {
    plm_entity *e = last(l, f);
    if (!e) return false;
    if (country == 0) return true;
    for (uint32_t i = 0; i < e->country_n; i++)
        if (l->countries[e->country_at + i] == country) return true;
    uint32_t *at = grow(l, T_COUNTRY, 1, f);
    if (!at) return false;
    *at = country;
    e->country_n++;
    return true;
}

bool plm_list_add_birth(plm_list *l, plm_day from, plm_day to, plm_fault *f) {
    plm_entity *e = last(l, f);
    if (!e) return false;
    if (from > to) return plm_fail(f, PLM_BAD_INPUT, "a birth date that ends before it begins");
    plm_list_birth *at = grow(l, T_BIRTH, 1, f);
    if (!at) return false;
    *at = (plm_list_birth){from, to};
    e->birth_n++;
    return true;
}

bool plm_list_add_id(plm_list *l, plm_str kind, plm_str value, plm_fault *f) {
    plm_list_id r;
    plm_entity *e = last(l, f);
    if (!e || !put_text(l, kind, &r.kind, f) || !put_text(l, value, &r.value, f)) return false;
    if (r.value.n == 0) return true;
    plm_list_id *at = grow(l, T_ID, 1, f);
    if (!at) return false;
    *at = r;
    e->id_n++;
    return true;
}

bool plm_list_set(plm_list *l, plm_list_field field, plm_str value, plm_fault *f) {
    plm_entity *e = last(l, f);
    plm_ref r;
    if (!e || !put_text(l, value, &r, f)) return false;
    switch (field) {
    case PLM_LIST_CITATION: e->citation = r; break;
    case PLM_LIST_PROGRAMS: e->programs = r; break;
    case PLM_LIST_EFFECT: e->effect = r; break;
    case PLM_LIST_REMARKS: e->remarks = r; break;
    case PLM_LIST_TAGS: e->tags = r; break;
    }
    return true;
}

void plm_list_set_bits(plm_list *l, uint32_t bits, uint32_t footnotes) {
    plm_entity *e = last(l, NULL);
    if (!e) return;
    e->bits |= bits;
    e->footnotes |= footnotes;
}

void plm_list_set_listed(plm_list *l, plm_day day) {
    plm_entity *e = last(l, NULL);
    if (e) e->listed = day;
}

static size_t padded(size_t n) { return (n + 7) & ~(size_t)7; }

bool plm_list_save(plm_list *l, const char *path, plm_fault *f) {
    if (l->store->map) return plm_fail(f, PLM_CONFLICT, "an opened image is saved already");
    image_header h = {.magic = IMAGE_MAGIC, .version = PLM_IMAGE_VERSION,
                      .header_size = sizeof h, .source = l->source, .edition = l->edition};
    size_t size = sizeof h;
    for (int i = 0; i < TABLES; i++) {
        h.count[i] = l->store->t[i].n;
        size += padded((size_t)l->store->t[i].n * shapes[i].row);
    }
    h.size = size;
    plm_buf b;
    plm_buf_init(&b, size);
    static const char zero[8];
    plm_buf_put(&b, &h, sizeof h);
    for (int i = 0; i < TABLES; i++) {
        size_t n = (size_t)l->store->t[i].n * shapes[i].row;
        if (n) plm_buf_put(&b, l->store->t[i].p, n);
        plm_buf_put(&b, zero, padded(n) - n);
    }
    bool ok = !b.full || plm_fail(f, PLM_NO_MEMORY, "not enough memory to write the image");
    if (ok) {
        size_t from = offsetof(image_header, hash) + sizeof h.hash;
        plm_sha256_of((plm_str){b.p + from, b.n - from}, l->hash);
        memcpy(b.p + offsetof(image_header, hash), l->hash, sizeof l->hash);
        ok = plm_file_write_durable(path, plm_buf_str(&b), 0644, f);
    }
    plm_buf_free(&b);
    return ok;
}

static bool inside(const plm_list *l, plm_ref r) {
    return r.at <= l->text_n && r.n <= l->text_n - r.at && r.n <= PLM_LIST_FIELD_MAX;
}

static bool run_inside(uint32_t at, uint32_t n, uint32_t total) {
    return at <= total && n <= total - at;
}

static bool rows_inside(const plm_list *l) {
    bool ok = inside(l, l->source) && inside(l, l->edition);
    for (uint32_t i = 0; i < l->entity_n && ok; i++) {
        const plm_entity *e = &l->entities[i];
        ok = inside(l, e->id) && inside(l, e->list) && inside(l, e->name) &&
             inside(l, e->citation) && inside(l, e->programs) && inside(l, e->effect) &&
             inside(l, e->remarks) && inside(l, e->tags) && e->kind <= PLM_ENTITY_ADDRESS &&
             e->name_n > 0 && run_inside(e->name_at, e->name_n, l->name_n) &&
             run_inside(e->address_at, e->address_n, l->address_n) &&
             run_inside(e->country_at, e->country_n, l->country_n) &&
             run_inside(e->birth_at, e->birth_n, l->birth_n) &&
             run_inside(e->id_at, e->id_n, l->id_n);
    }
    for (uint32_t i = 0; i < l->name_n && ok; i++)
        ok = inside(l, l->names[i].text) && l->names[i].kind <= PLM_NAME_WEAK;
    for (uint32_t i = 0; i < l->address_n && ok; i++)
        ok = inside(l, l->addresses[i].text) && l->addresses[i].country <= 676;
    for (uint32_t i = 0; i < l->country_n && ok; i++) ok = l->countries[i] <= 676;
    for (uint32_t i = 0; i < l->id_n && ok; i++)
        ok = inside(l, l->ids[i].kind) && inside(l, l->ids[i].value);
    return ok;
}

/* Points the tables into the mapping; false when the header does not fit the file. */
static bool lay_out(plm_list *l, const char *map, size_t size) {
    image_header h;
    if (size < sizeof h) return false;
    memcpy(&h, map, sizeof h);
    if (memcmp(h.magic, IMAGE_MAGIC, sizeof h.magic) != 0 || h.version != PLM_IMAGE_VERSION ||
        h.header_size != sizeof h || h.size != size)
        return false;
    size_t at = sizeof h;
    for (int i = 0; i < TABLES; i++) {
        size_t n = padded((size_t)h.count[i] * shapes[i].row);
        if (h.count[i] > shapes[i].max || n > size - at) return false;
        l->store->t[i].p = (char *)(uintptr_t)map + at;
        l->store->t[i].n = h.count[i];
        at += n;
    }
    l->source = h.source;
    l->edition = h.edition;
    memcpy(l->hash, h.hash, sizeof l->hash);
    publish(l);
    return at == size;
}

static void *map_file(const char *path, size_t *size, plm_fault *f) {
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat st;
    void *p = MAP_FAILED;
    if (fd < 0 || fstat(fd, &st) != 0) {
        plm_fail_at(f, errno == ENOENT ? PLM_NOT_FOUND : PLM_IO, path, 0, 0, "%s",
                    strerror(errno));
    } else if (st.st_size <= 0 || (uint64_t)st.st_size > IMAGE_BYTES_MAX) {
        plm_fail_at(f, PLM_BAD_INPUT, path, 0, 0, "not a list image: import the list again");
    } else {
        *size = (size_t)st.st_size;
        p = mmap(NULL, *size, PROT_READ, MAP_PRIVATE, fd, 0);
        if (p == MAP_FAILED) plm_fail_at(f, PLM_IO, path, 0, 0, "%s", strerror(errno));
    }
    if (fd >= 0) close(fd);
    return p == MAP_FAILED ? NULL : p;
}

plm_list *plm_list_open(const char *path, bool verify, plm_fault *f) {
    size_t size = 0;
    void *map = map_file(path, &size, f);
    if (!map) return NULL;
    plm_list *l = plm_list_new(PLM_STR("image"), PLM_STR(""));
    if (!l) {
        munmap(map, size);
        plm_fail(f, PLM_NO_MEMORY, "not enough memory");
        return NULL;
    }
    for (int i = 0; i < TABLES; i++) plm_mem_free(l->store->t[i].p);
    l->store->map = map;
    l->store->map_size = size;
    bool ok = lay_out(l, map, size) && rows_inside(l);
    if (ok && verify) {
        unsigned char hash[32];
        size_t from = offsetof(image_header, hash) + sizeof hash;
        plm_sha256_of((plm_str){(char *)map + from, size - from}, hash);
        ok = memcmp(hash, l->hash, sizeof hash) == 0;
    }
    if (ok) return l;
    plm_fail_at(f, PLM_BAD_INPUT, path, 0, 0,
                "a damaged list image or one of another version: import the list again");
    plm_list_free(l);
    return NULL;
}

static void name_edition(plm_lists *s) {
    unsigned char acc[32] = {0};
    for (uint32_t i = 0; i < s->n; i++) {
        unsigned char one[32];
        plm_list *l = s->list[i];
        plm_sha256_of2(plm_list_text(l, l->source), (plm_str){(char *)l->hash, 32}, one);
        plm_sha256_of2((plm_str){(char *)acc, 32}, (plm_str){(char *)one, 32}, acc);
        s->first[i + 1] = s->first[i] + l->entity_n;
    }
    plm_hex(acc, 32, s->edition);
}

plm_lists *plm_lists_of(plm_list *const *list, uint32_t n, plm_fault *f) {
    plm_lists *s = plm_mem_resize(NULL, sizeof *s);
    if (!s || n > PLM_LISTS_MAX) {
        plm_mem_free(s);
        plm_fail(f, PLM_OUT_OF_RANGE, "more than %d lists", PLM_LISTS_MAX);
        return NULL;
    }
    memset(s, 0, sizeof *s);
    for (uint32_t i = 0; i < n; i++) s->list[i] = list[i];
    s->n = n;
    name_edition(s);
    return s;
}

void plm_lists_free(plm_lists *l) {
    if (!l) return;
    for (uint32_t i = 0; l->dir[0] && i < l->n; i++) plm_list_free(l->list[i]);
    plm_mem_free(l);
}

static int is_image(const struct dirent *d) {
    size_t n = strlen(d->d_name);
    return n > 4 && d->d_name[0] != '.' && memcmp(d->d_name + n - 4, ".img", 4) == 0;
}

static int by_bytes(const struct dirent **a, const struct dirent **b) {
    return strcmp((*a)->d_name, (*b)->d_name);
}

plm_lists *plm_lists_open(const char *dir, plm_fault *f) {
    char path[800];
    struct dirent **found = NULL;
    snprintf(path, sizeof path, "%s/current", dir);
    int n = strlen(dir) < sizeof ((plm_lists *)0)->dir ? scandir(path, &found, is_image, by_bytes)
                                                       : -1;
    plm_lists *s = NULL;
    if (n <= 0) {
        plm_fail_at(f, PLM_NOT_FOUND, dir, 0, 0,
                    "no lists here: import some with 'plimsoll lists import --into %s FILE'", dir);
    } else if ((s = plm_lists_of(NULL, 0, f)) != NULL) {
        snprintf(s->dir, sizeof s->dir, "%s", dir);
        bool ok = n <= PLM_LISTS_MAX || plm_fail_at(f, PLM_OUT_OF_RANGE, dir, 0, 0,
                                                    "more than %d lists", PLM_LISTS_MAX);
        for (int i = 0; i < n && ok; i++) {
            snprintf(path, sizeof path, "%s/current/%s", dir, found[i]->d_name);
            plm_list *l = plm_list_open(path, false, f);
            ok = l != NULL;
            if (ok) s->list[s->n++] = l;
        }
        if (ok) name_edition(s);
        if (!ok) {
            plm_lists_free(s);
            s = NULL;
        }
    }
    for (int i = 0; i < n; i++) plm_mem_free(found[i]);
    plm_mem_free(found);
    return s;
}

const plm_entity *plm_lists_entity(const plm_lists *l, uint32_t i, const plm_list **list) {
    uint32_t k = 0;
    while (k + 1 < l->n && i >= l->first[k + 1]) k++;
    if (list) *list = l->list[k];
    return &l->list[k]->entities[i - l->first[k]];
}
