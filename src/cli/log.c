/* log.c: the verb `log`: checkpoint, prove, verify, witness. */
#include "cli/cli.h"

#include "base/key.h"
#include "custody/event.h"
#include "custody/ledger.h"
#include "custody/log.h"
#include "custody/note.h"
#include "custody/store.h"
#include "custody/tiles.h"
#include "custody/vector.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char usage[] =
    "usage: plimsoll log checkpoint --store S [--key FILE] [--out DIR]\n"
    "       plimsoll log prove --store S (--event ID [--size N] | --from M --to N)\n"
    "       plimsoll log verify --vector FILE… | --log DIR --key VKEY-FILE | --store S\n"
    "       plimsoll log witness --key FILE --old CHECKPOINT --new CHECKPOINT --proof FILE\n\n"
    "RFC 6962 over SHA-256; checkpoints, notes and tiles as C2SP has them.\n\n"
    "examples:\n"
    "  plimsoll key new --out log.key --name custody.example/log\n"
    "  plimsoll log checkpoint --store w.db --key log.key --out public/\n"
    "  plimsoll log prove --store w.db --event urn:uuid:… > proof.json\n"
    "  plimsoll log verify --vector proof.json\n\n"
    "Exit: 0 all hold, 1 some proof does not hold, 2 error or no vector.\n";

typedef struct options {
    const char *store, *key, *out, *event, *size, *from, *to, *log, *old, *new, *proof, *format;
    bool vector, bad;
    char **file;
    int files;
} options;

static const struct {
    const char *name;
    size_t at;
} names[] = {{"--store", offsetof(options, store)}, {"--key", offsetof(options, key)},
             {"--out", offsetof(options, out)},     {"--event", offsetof(options, event)},
             {"--size", offsetof(options, size)},   {"--from", offsetof(options, from)},
             {"--to", offsetof(options, to)},       {"--log", offsetof(options, log)},
             {"--old", offsetof(options, old)},     {"--new", offsetof(options, new)},
             {"--proof", offsetof(options, proof)}, {"--format", offsetof(options, format)}};

/* NULL, or the word that is not understood. */
static const char *read_options(int argc, char **argv, options *o) {
    o->file = argv + 1;
    for (int i = 1; i < argc; i++) {
        const char *word = argv[i];
        bool taken = false;
        if (strcmp(word, "--vector") == 0) {
            o->vector = true;
            continue;
        }
        for (size_t k = 0; !taken && k < sizeof names / sizeof names[0]; k++) {
            const char *v = plm_cli_value(argc, argv, &i, names[k].name, &o->bad);
            if (o->bad) return word;
            if (!v) continue;
            memcpy((char *)o + names[k].at, &v, sizeof v);
            taken = true;
        }
        if (taken) continue;
        if (word[0] == '-' && word[1]) return word;
        o->file[o->files++] = argv[i];
    }
    return NULL;
}

static int fault(plm_fault *f, const char *file) {
    if (file && !f->where[0]) snprintf(f->where, sizeof f->where, "%s", file);
    return plm_cli_fault("log", f);
}

static void print_result(const options *o, const char *file, const char *why, const plm_fault *f) {
    plm_buf b;
    char say[640] = "";
    plm_buf_init(&b, 1u << 20);
    plm_jw w = plm_jw_into(&b);
    if (f && f->say[0])
        snprintf(say, sizeof say, "%s%s%s", f->where, f->where[0] ? ": " : "", f->say);
    else if (why) snprintf(say, sizeof say, "%s", why);
    if (o->format && strcmp(o->format, "text") == 0) {
        printf("%s: %s\n", file, say[0] ? say : "ok");
    } else {
        plm_jw_obj(&w);
        plm_jw_kcstr(&w, "file", file);
        plm_jw_kbool(&w, "ok", !say[0]);
        plm_jw_kcstr(&w, "why", say[0] ? say : NULL);
        plm_jw_end_obj(&w);
        printf("%.*s\n", (int)b.n, b.p);
    }
    plm_buf_free(&b);
}

static int verify_vector(const options *o, const char *file) {
    plm_buf b;
    plm_vector v = {0};
    plm_fault f = {0};
    int status = PLM_EXIT_ERROR;
    plm_buf_init(&b, 16 * PLM_VECTOR_BYTES_MAX);
    if (plm_file_read(file, &b, &f) && plm_vector_read(plm_buf_str(&b), &v, &f)) {
        const char *why = plm_vector_check(&v);
        print_result(o, file, why, NULL);
        status = why ? 1 : 0;
    } else {
        print_result(o, file, NULL, &f);
        fault(&f, file);
    }
    plm_vector_free(&v);
    plm_buf_free(&b);
    return status;
}

static int verify_checkpoint(const options *o, const char *path, const char *name,
                             const unsigned char *public) {
    plm_buf b;
    plm_checkpoint c;
    plm_fault f = {0};
    plm_hash root;
    const char *why = NULL;
    plm_buf_init(&b, PLM_NOTE_BYTES_MAX);
    if (plm_file_read(path, &b, &f) && plm_checkpoint_read(plm_buf_str(&b), false, &c, &f)) {
        if (!plm_note_check(&c, name, public)) why = "no signature of this key is on it";
        else if (plm_tiles_root(o->log, c.size, &root, &f) && !plm_hash_eq(root, c.root))
            why = "the tiles make another root";
    }
    plm_buf_free(&b);
    print_result(o, path, why, &f);
    return why || f.say[0] ? 1 : 0;
}

static int natural(const struct dirent **a, const struct dirent **b) {
    size_t x = strlen((*a)->d_name), y = strlen((*b)->d_name);
    return x != y ? (x < y ? -1 : 1) : strcmp((*a)->d_name, (*b)->d_name);
}

static int is_checkpoint(const struct dirent *d) { return strncmp(d->d_name, "checkpoint", 10) == 0;
    }

static bool read_vkey(const char *path, char *name, unsigned char *public, plm_fault *f) {
    plm_buf b;
    plm_buf_init(&b, 1u << 16);
    bool ok = plm_file_read(path, &b, f) &&
              plm_key_vkey_parse(plm_str_trim(plm_buf_str(&b)), name, public, f);
    plm_buf_free(&b);
    return ok;
}

static int verify_log(const options *o) {
    struct dirent **found = NULL;
    char name[PLM_KEY_NAME_MAX + 1], path[4096];
    unsigned char public[PLM_KEY_PUBLIC_LEN];
    plm_fault f = {0};
    int status = 0;
    if (!o->key) return plm_cli_usage("log verify", "--log needs --key VKEY-FILE");
    if (!read_vkey(o->key, name, public, &f)) return fault(&f, o->key);
    int n = scandir(o->log, &found, is_checkpoint, natural);
    if (n <= 0) {
        plm_fail_at(&f, PLM_IO, o->log, 0, 0, "has no checkpoint");
        return fault(&f, NULL);
    }
    for (int i = 0; i < n; i++) {
        snprintf(path, sizeof path, "%s/%s", o->log, found[i]->d_name);
        int one = verify_checkpoint(o, path, name, public);
        if (one > status) status = one;
        free(found[i]);
    }
    free(found);
    return status;
}

static int verify_store(const options *o) {
    plm_fault f = {0};
    plm_log_report r;
    plm_buf b;
    plm_store *s = plm_store_open(o->store, &f);
    if (!s) return fault(&f, o->store);
    bool ran = plm_log_verify_store(s, &r, &f);
    plm_store_close(s);
    if (!ran) return fault(&f, o->store);
    plm_buf_init(&b, 1u << 20);
    plm_jw w = plm_jw_into(&b);
    plm_jw_obj(&w);
    plm_jw_kcstr(&w, "file", o->store);
    plm_jw_kbool(&w, "ok", r.ok);
    plm_jw_kcstr(&w, "why", r.why);
    plm_jw_key(&w, "leaves"), plm_jw_u64(&w, r.leaves);
    plm_jw_key(&w, "first_wrong");
    if (r.first_wrong == UINT64_MAX) plm_jw_null(&w);
    else plm_jw_u64(&w, r.first_wrong);
    plm_jw_key(&w, "heads"), plm_jw_u64(&w, r.heads);
    plm_jw_key(&w, "checkpoints"), plm_jw_u64(&w, r.checkpoints);
    plm_jw_end_obj(&w);
    if (o->format && strcmp(o->format, "text") == 0) printf("%s: %s\n", o->store, r.ok ? "ok"
                                                            : r.why);
    else printf("%.*s\n", (int)b.n, b.p);
    plm_buf_free(&b);
    return r.ok ? 0 : 1;
}

static int verify(options *o) {
    int status = 0;
    if (o->log) return verify_log(o);
    if (o->store) return verify_store(o);
    if (!o->vector || !o->files) return plm_cli_usage("log verify",
                              "needs --vector FILE…, --log DIR or --store S");
    for (int i = 0; i < o->files; i++) {
        int one = verify_vector(o, o->file[i]);
        if (one > status) status = one;
    }
    return status;
}

typedef struct memory {
    plm_hash *v;
    uint64_t n;
} memory;

static bool from_memory(void *ctx, uint64_t i, plm_hash *out) {
    memory *m = ctx;
    if (i >= m->n) return false;
    *out = m->v[i];
    return true;
}

/* The first leaf filed under ref, and its bytes. */
static bool find_leaf(plm_store *s, const char *ref, uint64_t *index, plm_buf *bytes,
                      plm_fault *f) {
    int64_t event = 0;
    uint64_t leaf = UINT64_MAX;
    int known = plm_ledger_find(s, plm_str_c(ref), false, &event, f);
    if (known == 1) known = plm_log_leaf_of(s, event, &leaf, f);
    if (known < 0) return false;
    plm_stmt *st = plm_stmt_new(s, "SELECT idx, record FROM log_records WHERE ref = ?1"
                                   " UNION ALL SELECT ?2, json FROM events WHERE seq = ?3"
                                   " ORDER BY 1 LIMIT 1", f);
    if (!st) return false;
    plm_stmt_text(st, 1, plm_str_c(ref));
    plm_stmt_int(st, 2, (int64_t)leaf);
    plm_stmt_int(st, 3, known ? event : 0);
    int r = plm_stmt_step(st, f);
    if (r == 1) {
        plm_str t = plm_col_text(st, 1);
        *index = (uint64_t)plm_col_int(st, 0);
        plm_buf_put(bytes, t.p ? t.p : "", t.n);
    }
    plm_stmt_free(st);
    return r == 1 || (r == 0 && plm_fail(f, PLM_NOT_FOUND, "the log has no leaf for '%s'", ref));
}

static bool prove_event(plm_store *s, const options *o, plm_buf *out, plm_fault *f) {
    uint64_t size = UINT64_MAX, index = 0;
    plm_hash proof[PLM_PROOF_MAX], root;
    size_t n;
    memory m = {0};
    plm_buf leaf;
    if (o->size && !plm_u64_parse(plm_str_c(o->size), &size))
        return plm_fail(f, PLM_BAD_INPUT, "--size '%s' is no number", o->size);
    plm_buf_init(&leaf, 64u << 20);
    bool ok = find_leaf(s, o->event, &index, &leaf, f) && plm_log_hashes(s, size, &m.v, &m.n, f);
    if (ok && o->size && m.n != size) ok = plm_fail(f, PLM_OUT_OF_RANGE, "the log has %llu leaves",
                                                    (unsigned long long)m.n);
    if (ok && index >= m.n) ok = plm_fail(f, PLM_OUT_OF_RANGE,
                                          "the leaf is number %llu, not yet in a log of %llu",
                                              (unsigned long long)index, (unsigned long long)m.n);
    ok = ok && plm_merkle_inclusion(from_memory, &m, index, m.n, proof, &n) &&
         plm_merkle_range(from_memory, &m, 0, m.n, &root) &&
         plm_vector_print_inclusion(index, m.n, root, m.v[index], proof, n, plm_buf_str(&leaf),
                                    out);
    plm_mem_free(m.v);
    plm_buf_free(&leaf);
    return ok;
}

static bool prove_growth(plm_store *s, const options *o, plm_buf *out, plm_fault *f) {
    uint64_t from, to;
    plm_hash proof[PLM_PROOF_MAX], old, new;
    size_t n = 0;
    memory m = {0};
    if (!plm_u64_parse(plm_str_c(o->from), &from) || !plm_u64_parse(plm_str_c(o->to), &to))
        return plm_fail(f, PLM_BAD_INPUT, "--from and --to are numbers");
    if (from == 0 || from > to) return plm_fail(f, PLM_BAD_INPUT, "needs 0 < --from <= --to");
    bool ok = plm_log_hashes(s, to, &m.v, &m.n, f);
    if (ok && m.n != to) ok = plm_fail(f, PLM_OUT_OF_RANGE, "the log has %llu leaves",
                                       (unsigned long long)m.n);
    ok = ok && plm_merkle_consistency(from_memory, &m, from, to, proof, &n) &&
         plm_merkle_range(from_memory, &m, 0, from, &old) &&
         plm_merkle_range(from_memory, &m, 0, to, &new) &&
         plm_vector_print_consistency(from, to, old, new, proof, n, out);
    plm_mem_free(m.v);
    return ok;
}

static int prove(options *o) {
    plm_fault f = {0};
    plm_buf b;
    if (!o->store || (!o->event && !(o->from && o->to)))
        return plm_cli_usage("log prove", "needs --store S and --event ID, or --from M --to N");
    plm_store *s = plm_store_open(o->store, &f);
    if (!s) return fault(&f, o->store);
    plm_buf_init(&b, 128u << 20);
    bool ok = o->event ? prove_event(s, o, &b, &f) : prove_growth(s, o, &b, &f);
    if (ok) printf("%.*s\n", (int)b.n, b.p);
    plm_buf_free(&b);
    plm_store_close(s);
    return ok ? 0 : fault(&f, o->store);
}

typedef struct records {
    plm_log_cursor leaves;
    plm_stmt *events;
} records;

static bool next_record(void *ctx, uint64_t i, plm_str *out, plm_fault *f) {
    records *r = ctx;
    plm_log_leaf x;
    int got = plm_log_cursor_next(&r->leaves, &x, f);
    if (got == 1 && x.event) got = plm_stmt_step(r->events, f);
    if (got < 0) return false;
    if (got == 0 || x.index != i || (x.event && plm_col_int(r->events, 0) != x.event))
        return plm_fail(f, PLM_CONFLICT, "leaf %llu is missing", (unsigned long long)i);
    *out = x.event ? plm_col_text(r->events, 1) : x.record;
    return true;
}

static bool keep_checkpoint(plm_store *s, uint64_t size, const char *vkey, plm_str note,
                            plm_fault *f) {
    if (!plm_store_begin(s, f)) return false;
    plm_stmt *st =
        plm_stmt_new(s, "INSERT INTO log_checkpoints (size, vkey, note) VALUES (?1, ?2, ?3)"
                                   " ON CONFLICT DO NOTHING", f);
    bool ok = st != NULL;
    if (ok) {
        plm_stmt_int(st, 1, (int64_t)size);
        plm_stmt_text(st, 2, plm_str_c(vkey));
        plm_stmt_text(st, 3, note);
        ok = plm_stmt_run(st, NULL, f);
    }
    plm_stmt_free(st);
    if (ok && plm_store_commit(s, f)) return true;
    plm_store_rollback(s);
    return false;
}

static bool write_out(plm_store *s, const char *dir, uint64_t size, plm_str note, plm_fault *f) {
    char path[4096];
    uint64_t left_out = 0;
    records r = {.events = plm_stmt_new(s, "SELECT seq, json FROM events ORDER BY seq", f)};
    bool ok = r.events && plm_log_cursor_open(&r.leaves, s, f) &&
              plm_tiles_write(dir, next_record, &r, size, &left_out, f);
    plm_log_cursor_close(&r.leaves);
    plm_stmt_free(r.events);
    if (left_out)
        fprintf(stderr,
                "plimsoll log: %llu bundles hold an entry longer than %u bytes and are left "
                        "out; their hashes are in the tiles\n", (unsigned long long)left_out,
                            PLM_TILE_ENTRY_MAX);
    snprintf(path, sizeof path, "%s/checkpoint", dir);
    return ok && plm_file_write_durable(path, note, 0644, f);
}

static bool make_checkpoint(plm_store *s, const options *o, plm_buf *note, plm_fault *f) {
    plm_log l = {0};
    plm_key k = {0};
    char vkey[PLM_KEY_VKEY_MAX];
    if (o->key && !plm_key_read(o->key, &k, f)) return false;
    const char *name = k.name[0] ? k.name : PLM_LOG_ORIGIN;
    bool ok = plm_store_snapshot(s, f) && plm_log_open(&l, s, f);
    plm_log_close(&l);
    plm_store_rollback(s);
    ok = ok && plm_checkpoint_body(name, l.tree.size, plm_frontier_root(&l.tree), note);
    plm_str body = plm_buf_str(note);
    plm_buf copy;
    plm_buf_init(&copy, PLM_NOTE_BYTES_MAX);
    plm_buf_put(&copy, body.p, body.n);
    if (ok && o->key)
        ok = plm_buf_putc(note, '\n') && plm_note_sign(&k, name, plm_buf_str(&copy), note) &&
             plm_key_vkey_print(name, k.public, vkey) &&
             keep_checkpoint(s, l.tree.size, vkey, plm_buf_str(note), f);
    plm_buf_free(&copy);
    plm_key_wipe(&k);
    return ok && (!o->out || write_out(s, o->out, l.tree.size, plm_buf_str(note), f));
}

static int checkpoint(options *o) {
    plm_fault f = {0};
    plm_buf b;
    if (!o->store) return plm_cli_usage("log checkpoint", "needs --store S");
    plm_store *s = plm_store_open(o->store, &f);
    if (!s) return fault(&f, o->store);
    plm_buf_init(&b, PLM_NOTE_BYTES_MAX);
    bool ok = make_checkpoint(s, o, &b, &f);
    if (ok) printf("%.*s", (int)b.n, b.p);
    plm_buf_free(&b);
    plm_store_close(s);
    return ok ? 0 : fault(&f, f.where[0] ? NULL : o->store);
}

static const char *witness_refuses(const plm_checkpoint *old, const plm_checkpoint *new,
                                   const plm_vector *v) {
    plm_str root1 = plm_buf_str(&v->first), root2 = plm_buf_str(&v->last);
    if (!plm_str_eq(old->origin, new->origin)) return "the checkpoints are of different logs";
    if (new->size < old->size) return "the new checkpoint is of a smaller log";
    if (!v->consistency) return "the proof is not one of consistency";
    if (v->a != old->size || v->b != new->size) return "the proof is for other sizes";
    if (!plm_str_eq(root1, (plm_str){(const char *)old->root.b, PLM_HASH_LEN}))
        return "the proof starts from another root than the old checkpoint's";
    if (!plm_str_eq(root2, (plm_str){(const char *)new->root.b, PLM_HASH_LEN}))
        return "the proof leads to another root than the new checkpoint's";
    return plm_vector_check(v);
}

static int cosign(const options *o, const plm_checkpoint *new, plm_str text) {
    plm_fault f = {0};
    plm_key k = {0};
    plm_buf line;
    if (!plm_key_read(o->key, &k, &f)) return fault(&f, o->key);
    plm_buf_init(&line, 4096);
    const char *name = k.name[0] ? k.name : "plimsoll.example/witness";
    bool ok = plm_note_cosign(&k, name, (uint64_t)(plm_time_now() / PLM_NS_PER_S), new->body,
                              &line);
    if (ok) printf("%.*s%s%.*s", PLM_FMT(text), new->lines ? "" : "\n", (int)line.n, line.p);
    plm_buf_free(&line);
    plm_key_wipe(&k);
    return ok ? 0 : PLM_EXIT_ERROR;
}

static int witness(options *o) {
    plm_buf old, new, proof;
    plm_checkpoint a, b;
    plm_vector v = {0};
    plm_fault f = {0};
    int status = PLM_EXIT_ERROR;
    if (!o->key || !o->old || !o->new || !o->proof)
        return plm_cli_usage("log witness", "needs --key, --old, --new and --proof");
    plm_buf_init(&old, PLM_NOTE_BYTES_MAX);
    plm_buf_init(&new, PLM_NOTE_BYTES_MAX);
    plm_buf_init(&proof, 16 * PLM_VECTOR_BYTES_MAX);
    const char *at = o->old;
    bool ok = plm_file_read(o->old, &old, &f) && plm_checkpoint_read(plm_buf_str(&old), true, &a,
        &f) &&
              (at = o->new, plm_file_read(o->new, &new, &f)) &&
              plm_checkpoint_read(plm_buf_str(&new), true, &b, &f) &&
              (at = o->proof, plm_file_read(o->proof, &proof, &f)) &&
              plm_vector_read(plm_buf_str(&proof), &v, &f);
    if (!ok) {
        fault(&f, at);
    } else {
        const char *why = witness_refuses(&a, &b, &v);
        if (why) print_result(o, o->new, why, NULL);
        status = why ? 1 : cosign(o, &b, plm_buf_str(&new));
    }
    plm_vector_free(&v);
    plm_buf_free(&old);
    plm_buf_free(&new);
    plm_buf_free(&proof);
    return status;
}

int plm_cli_log(int argc, char **argv) {
    static const struct {
        const char *word;
        int (*run)(options *);
    } subs[] = {{"checkpoint", checkpoint}, {"prove", prove}, {"verify", verify},
        {"witness", witness}};
    options o = {0};
    for (int i = 1; i < argc; i++)
        if (strcmp(argv[i], "--help") == 0) {
            fputs(usage, stdout);
            return 0;
        }
    if (argc < 2) return plm_cli_usage("log", "needs a subverb");
    const char *bad = read_options(argc - 1, argv + 1, &o);
    if (bad) return plm_cli_usage("log", "'%s' is not understood or lacks its value", bad);
    for (size_t i = 0; i < sizeof subs / sizeof subs[0]; i++)
        if (strcmp(argv[1], subs[i].word) == 0) return subs[i].run(&o);
    return plm_cli_usage("log", "no subverb '%s'", argv[1]);
}
