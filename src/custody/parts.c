/* parts.c: see parts.h. */
#include "custody/parts.h"

#include <string.h>

static void put_part(plm_buf *out, char kind, const plm_str *f, unsigned n) {
    while (n && !f[n - 1].p) n--;
    char head[2] = {kind, (char)n};
    plm_buf_put(out, head, 2);
    for (unsigned i = 0; i < n; i++) {
        char length[10];
        size_t k = 0;
        uint64_t v = f[i].p ? (uint64_t)f[i].n + 1 : 0;
        for (; v >= 128; v >>= 7) length[k++] = (char)(v | 128);
        length[k++] = (char)v;
        plm_buf_put(out, length, k);
        if (f[i].n) plm_buf_put(out, f[i].p, f[i].n);
    }
}

static char epc_kind(const char *role) { return role[0]; }

static void put_pairs(plm_buf *out, char kind, const plm_event_pairs *l, unsigned fields) {
    for (size_t i = 0; i < l->n; i++) {
        const plm_event_pair *x = &l->v[i];
        const plm_str f[] = {x->a, x->b, x->c};
        put_part(out, kind, f, fields);
    }
}

bool plm_parts_pack(const plm_event *e, plm_buf *out) {
    for (size_t i = 0; i < e->epcs_n; i++) {
        const plm_event_epc *x = &e->epcs[i];
        const plm_str f[] = {x->key, x->quantity, x->uom};
        put_part(out, epc_kind(x->role), f, 3);
    }
    for (size_t i = 0; i < e->parties.n; i++) {
        const plm_event_pair *x = &e->parties.v[i];
        const plm_str f[] = {x->a, x->b};
        put_part(out, x->dir[0] == 's' ? PLM_PART_SOURCE : PLM_PART_DESTINATION, f, 2);
    }
    put_pairs(out, PLM_PART_PAPER, &e->papers, 3);
    put_pairs(out, PLM_PART_SENSOR, &e->sensors, 3);
    put_pairs(out, PLM_PART_DEVICE, &e->devices, 2);
    put_pairs(out, PLM_PART_CORRECTION, &e->corrections, 1);
    return !out->full;
}

static bool take_length(plm_str *s, uint64_t *out) {
    *out = 0;
    for (unsigned shift = 0; s->n && shift < 63; shift += 7) {
        unsigned char c = (unsigned char)s->p[0];
        *out |= (uint64_t)(c & 127) << shift;
        *s = (plm_str){s->p + 1, s->n - 1};
        if (c < 128) return true;
    }
    return false;
}

bool plm_parts_next(plm_str *rest, plm_part *out) {
    plm_str s = *rest;
    memset(out, 0, sizeof *out);
    if (s.n < 2 || (unsigned char)s.p[1] > PLM_PART_FIELDS_MAX) return false;
    out->kind = s.p[0];
    unsigned n = (unsigned char)s.p[1];
    s = (plm_str){s.p + 2, s.n - 2};
    for (unsigned i = 0; i < n; i++) {
        uint64_t length;
        if (!take_length(&s, &length) || (length && length - 1 > s.n)) return false;
        if (!length) continue;
        out->f[i] = (plm_str){s.p, (size_t)length - 1};
        s = (plm_str){s.p + length - 1, s.n - (size_t)(length - 1)};
    }
    *rest = s;
    return true;
}

bool plm_part_is_epc(const plm_part *p) {
    return p->kind == PLM_PART_LIST || p->kind == PLM_PART_PARENT || p->kind == PLM_PART_CHILD ||
           p->kind == PLM_PART_INPUT || p->kind == PLM_PART_OUTPUT;
}

bool plm_parts_whole(plm_str rest, bool null, int64_t event, plm_fault *f) {
    if (!rest.n && !null) return true;
    return plm_fail(f, PLM_CONFLICT, "the lists of event %lld are damaged: run log verify --store",
                    (long long)event);
}
