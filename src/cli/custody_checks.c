/* custody_checks.c: `plimsoll custody checks queue|plan|record|close`: the end-use check desk. */
#include "cli/cli.h"
#include "cli/custody.h"

#include "base/file.h"
#include "custody/desk.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#define VERB_NAME "custody checks"
#define PARTS 1000000000u /* shares and confidences to nine places */

static const char usage[] =
    "usage: plimsoll custody checks queue --store S [--limit N]\n"
    "       plimsoll custody checks plan --population N --missing K|SHARE --confidence C\n"
    "       plimsoll custody checks plan --store S --check ID [--missing K|SHARE]\n"
    "                                    [--confidence C] [--seed N]\n"
    "       plimsoll custody checks record --store S --check ID FILE.json\n"
    "       plimsoll custody checks close --store S --check ID --reason TEXT\n\n"
    "queue ranks sites and parties by how many things there are expected not to be as recorded,\n"
    "with the reasons.  plan says how many to look at so that at least one of the missing is\n"
    "drawn with the confidence (hypergeometric, exact); for a check also which, by a printed seed\n"
    "(defaults: 2 % missing, 0.95).  record takes a visit, or answers to its recommendations:\n"
    "  {\"visited\",\"by\",\"seen\":[EPC],\"missing\":[EPC],\"weights\":{EPC:kg},\n"
    "   \"attested\":[id],\"rating\":\"favorable\"|\"unfavorable\"|\"incomplete\",\"notes\",\n"
    "   \"photos\":[{\"sha256\"}]}\n"
    "  {\"answers\":[{\"recommendation\",\"decision\":\"followed\"|\"not_followed\",\n"
    "   \"justification\",\"by\"}]}\n"
    "close is refused while a recommendation has no answer.  All take --format text|json.\n\n"
    "  plimsoll custody checks plan --population 4000 --missing 0.02 --confidence 0.95\n"
    "  plimsoll custody checks queue --store w.db --limit 10\n\n"
    "Exit: 0 done, 1 refused, 2 error.\n";

typedef struct options {
    const char *store, *check, *reason, *population, *missing, *confidence, *seed, *limit, *file;
    bool text, bad;
} options;

static bool take(options *o, int argc, char **argv, int *i) {
    const struct {
        const char *name, **to;
    } table[] = {{"--store", &o->store}, {"--check", &o->check}, {"--reason", &o->reason},
                 {"--population", &o->population}, {"--missing", &o->missing},
                 {"--confidence", &o->confidence}, {"--seed", &o->seed}, {"--limit", &o->limit}};
    const char *v;
    for (size_t k = 0; k < sizeof table / sizeof *table && !o->bad; k++)
        if ((v = plm_cli_value(argc, argv, i, table[k].name, &o->bad)))
            return *table[k].to = v, true;
    if (!o->bad && (v = plm_cli_value(argc, argv, i, "--format", &o->bad))) {
        o->text = strcmp(v, "text") == 0;
        o->bad = !o->text && strcmp(v, "json") != 0;
        return !o->bad;
    }
    if (o->bad || (argv[*i][0] == '-' && argv[*i][1]) || o->file) return false;
    o->file = argv[*i];
    return true;
}

/* A plain decimal as billionths; up to 18 digits in all. */
static bool parts(const char *s, uint64_t *out, bool *whole) {
    uint64_t v = 0, scale = PARTS;
    const char *p = s;
    *whole = true;
    for (; *p >= '0' && *p <= '9' && v < 1000000000u; p++) v = v * 10 + (uint64_t)(*p - '0');
    if (p == s || v > PARTS) return false;
    v *= PARTS;
    if (*p == '.') {
        *whole = false;
        for (p++; *p >= '0' && *p <= '9'; p++) {
            if (scale == 1) return false;
            scale /= 10;
            v += (uint64_t)(*p - '0') * scale;
        }
    }
    *out = v;
    return *p == 0 && p[-1] != '.';
}

/* K, or the least whole number that is at least the share of the population. */
static bool missing_of(const char *s, uint64_t population, uint64_t *k, plm_fault *f) {
    uint64_t v;
    bool whole;
    if (!parts(s, &v, &whole) || (!whole && v > PARTS))
        return plm_fail(f, PLM_BAD_INPUT,
                        "--missing '%s' is no number of units (80) and no share of"
                                          " them (0.02)", s);
    *k = whole ? v / PARTS : (population * v + PARTS - 1) / PARTS;
    return true;
}

static bool sample_of(const options *o, uint64_t population, uint64_t *k, uint64_t *n,
                      plm_fault *f) {
    uint64_t conf;
    bool whole;
    if (!parts(o->confidence ? o->confidence : "0.95", &conf, &whole) || conf > PARTS)
        return plm_fail(f, PLM_BAD_INPUT, "--confidence '%s' is no number from 0 to 1, as 0.95",
                        o->confidence);
    return missing_of(o->missing ? o->missing : "0.02", population, k, f) &&
           plm_custody_sample_size(population, *k, conf, PARTS, n, f);
}

static int plain_plan(const options *o) {
    plm_fault f = {0};
    uint64_t pop, k, n;
    bool whole;
    if (!o->population || !o->missing || !o->confidence)
        return plm_cli_usage(VERB_NAME, "plan needs --population, --missing and --confidence, or"
                                        " --store and --check");
    if (!parts(o->population, &pop, &whole) || !whole)
        return plm_cli_usage(VERB_NAME, "--population '%s' is no whole number", o->population);
    pop /= PARTS;
    if (!sample_of(o, pop, &k, &n, &f)) return plm_cli_fault(VERB_NAME, &f);
    if (o->text)
        printf("look at %" PRIu64 " of %" PRIu64 ": at least one of %" PRIu64
               " missing is then drawn with confidence %s\n", n, pop, k, o->confidence);
    else
        printf("{\"sample\":%" PRIu64 ",\"population\":%" PRIu64 ",\"missing\":%" PRIu64 "}\n", n,
               pop, k);
    return 0;
}

static void write_plan(plm_jw *w, const options *o, const plm_desk_sample *p, uint64_t k,
                       uint64_t n, uint64_t seed) {
    plm_jw_obj(w);
    plm_jw_kcstr(w, "check", o->check);
    plm_jw_kstr(w, "target", p->target);
    plm_jw_key(w, "sample"), plm_jw_u64(w, n);
    plm_jw_kint(w, "population", p->population);
    plm_jw_key(w, "missing"), plm_jw_u64(w, k);
    plm_jw_kcstr(w, "confidence", o->confidence ? o->confidence : "0.95");
    plm_jw_key(w, "seed"), plm_jw_u64(w, seed);
    plm_jw_kcstr(w, "draw", "least SHA-256 of seed, newline, EPC");
    plm_jw_key(w, "serials");
    plm_jw_arr(w);
    for (uint64_t i = 0; i < n && i < p->population; i++) plm_jw_str(w, p->serials[i]);
    plm_jw_end_arr(w);
    plm_jw_key(w, "form");
    plm_jw_arr(w);
    static const char *const form[] = {
        "find each serial and read its label", "weigh it, lid closed",
        "have its devices attest, and read each module's label beside them",
        "photograph label and place; keep the SHA-256 of each photograph",
        "ask what the findings of the queue ask", "rate favorable, unfavorable or incomplete"};
    for (size_t i = 0; i < sizeof form / sizeof *form; i++) plm_jw_cstr(w, form[i]);
    plm_jw_end_arr(w);
    plm_jw_end_obj(w);
}

static int check_plan(const options *o) {
    plm_fault f = {0};
    plm_store *s = plm_store_open(o->store, &f);
    if (!s) return plm_cli_fault(VERB_NAME, &f);
    plm_world w;
    plm_desk_sample p = {0};
    uint64_t k = 0, n = 0, seed = 0;
    bool whole, ok = plm_world_load(s, INT64_MAX, &w, &f) &&
                     plm_desk_population(s, &w, plm_str_c(o->check), &p, &f);
    if (ok && p.population) ok = sample_of(o, p.population, &k, &n, &f);
    if (ok && o->seed) {
        ok = (parts(o->seed, &seed, &whole) && whole) ||
             plm_fail(&f, PLM_BAD_INPUT, "--seed '%s' is no whole number up to 10^9", o->seed);
        seed /= PARTS;
    } else if (ok) {
        uint32_t r = 0; /* nobody who is to be checked can know it before it is printed */
        ok = getrandom(&r, sizeof r, 0) == sizeof r ||
            plm_fail(&f, PLM_IO, "no random seed to be had");
        seed = r % PARTS;
    }
    plm_buf b;
    plm_buf_init(&b, 256u << 20);
    if (ok) {
        plm_desk_draw(&p, seed);
        plm_jw j = plm_jw_into(&b);
        write_plan(&j, o, &p, k, n, seed);
        ok = plm_desk_keep(s, plm_str_c(o->check), "plan", plm_buf_str(&b), &f);
    }
    if (ok && o->text) {
        printf("%.*s: look at %" PRIu64 " of %u (seed %" PRIu64 ")\n", PLM_FMT(p.target), n,
               p.population, seed);
        for (uint64_t i = 0; i < n && i < p.population; i++)
            printf("  %.*s\n", PLM_FMT(p.serials[i]));
    } else if (ok) {
        printf("%.*s\n", (int)b.n, b.p);
    }
    plm_buf_free(&b);
    plm_world_free(&w);
    plm_store_close(s);
    return ok ? 0 : plm_cli_fault(VERB_NAME, &f);
}

static int queue(const options *o) {
    plm_fault f = {0};
    uint64_t limit = UINT64_MAX;
    bool whole;
    if (o->limit && (!parts(o->limit, &limit, &whole) || !whole))
        return plm_cli_usage(VERB_NAME, "--limit '%s' is no whole number", o->limit);
    if (o->limit) limit /= PARTS;
    plm_store *s = plm_store_open(o->store, &f);
    if (!s) return plm_cli_fault(VERB_NAME, &f);
    plm_world w;
    plm_findings found;
    plm_desk d = {0};
    bool ok = plm_world_load(s, INT64_MAX, &w, &f) && plm_custody_find(&w, &found, &f) &&
              plm_desk_queue(s, &w, &found, &d, &f);
    plm_buf b;
    plm_buf_init(&b, 64u << 20);
    for (uint32_t i = 0; ok && i < d.n && i < limit; i++) {
        const plm_desk_target *t = &d.v[i];
        if (o->text) {
            printf("%u. %.*s  score %" PRId64 ".%03d, %u reason%s  %s\n", i + 1, PLM_FMT(t->target),
                   t->score_milli / 1000, (int)(t->score_milli % 1000), t->reasons,
                   t->reasons == 1 ? "" : "s", t->check);
            continue;
        }
        plm_buf_clear(&b);
        plm_jw j = plm_jw_into(&b);
        plm_desk_write_target(&j, t, i + 1);
        printf("%.*s\n", (int)b.n, b.p);
    }
    plm_buf_free(&b);
    plm_world_free(&w);
    plm_store_close(s);
    return ok ? 0 : plm_cli_fault(VERB_NAME, &f);
}

static int record(const options *o) {
    plm_fault f = {0};
    plm_buf in, out;
    plm_buf_init(&in, PLM_DESK_BYTES_MAX);
    plm_buf_init(&out, PLM_DESK_BYTES_MAX);
    plm_store *s = NULL;
    bool ok = plm_file_read(o->file, &in, &f) && (s = plm_store_open(o->store, &f)) != NULL &&
              plm_desk_record(s, plm_str_c(o->check), plm_buf_str(&in), &out, &f);
    if (ok) printf("%.*s\n", (int)out.n, out.p);
    plm_store_close(s);
    plm_buf_free(&in);
    plm_buf_free(&out);
    return ok ? 0 : plm_cli_fault(VERB_NAME, &f);
}

static int close_check(const options *o) {
    plm_fault f = {0};
    plm_buf out;
    bool closed = false;
    plm_buf_init(&out, PLM_DESK_BYTES_MAX);
    plm_store *s = plm_store_open(o->store, &f);
    bool ok = s && plm_desk_close(s, plm_str_c(o->check), plm_str_c(o->reason), &out, &closed, &f);
    if (ok) printf("%.*s\n", (int)out.n, out.p);
    plm_store_close(s);
    plm_buf_free(&out);
    return !ok ? plm_cli_fault(VERB_NAME, &f) : closed ? 0 : 1;
}

int plm_cli_custody_checks(int argc, char **argv) {
    options o = {0};
    if (argc < 2) return plm_cli_usage(VERB_NAME, "needs queue, plan, record or close");
    const char *word = argv[1];
    for (int i = 1; i < argc; i++)
        if (strcmp(argv[i], "--help") == 0) return fputs(usage, stdout), 0;
    for (int i = 2; i < argc; i++) {
        if (!take(&o, argc, argv, &i))
            return plm_cli_usage(VERB_NAME, o.bad ? "'%s' needs a value that it knows"
                                                  : "doesn't know '%s'", argv[i]);
    }
    if (strcmp(word, "plan") == 0 && !o.check) return plain_plan(&o);
    if (!o.store) return plm_cli_usage(VERB_NAME, "%s needs --store S", word);
    if (strcmp(word, "queue") == 0) return queue(&o);
    if (!o.check) return plm_cli_usage(VERB_NAME, "%s needs --check ID", word);
    if (strcmp(word, "plan") == 0) return check_plan(&o);
    if (strcmp(word, "record") == 0)
        return o.file ? record(&o) : plm_cli_usage(VERB_NAME, "record needs a FILE.json");
    if (strcmp(word, "close") == 0)
        return o.reason ? close_check(&o) : plm_cli_usage(VERB_NAME, "close needs --reason TEXT");
    return plm_cli_usage(VERB_NAME, "no '%s'; there are queue, plan, record and close", word);
}
