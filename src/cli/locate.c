/* locate.c: `plimsoll locate`: decide, plan, audit, verify; sessions are in locate_session.c. */
#include "plimsoll/locate.h"
#include "base/file.h"
#include "base/json.h"
#include "cli/cli.h"
#include "cli/locate_session.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define OUT_BYTES_MAX ((size_t)1 << 30)

static const char help[] =
    "usage: plimsoll locate --landmarks L.csv --rtt R.csv --deny CODES [OPTION]…\n"
    "       plimsoll locate plan --landmarks L.csv --at LAT,LON --deny CODES [OPTION]…\n"
    "       plimsoll locate audit --landmarks L.csv --rtt R.csv\n"
    "       plimsoll locate verify CERTIFICATE…\n"
    "       plimsoll locate session | directory | verify --directory …   (see docs/locate.md)\n"
    "\n"
    "Proves where a chip is not: it lies within speed * RTT / 2 of each landmark.\n"
    "\n"
    "  --landmarks FILE     id,lat,lon[,operator] (WGS-84 degrees)\n"
    "  --rtt FILE           landmark,target,rtt_ms; the least RTT of a pair counts\n"
    "  --deny CODES         regions, with commas: CN,RU,IR,KP\n"
    "  --regions FILE       GeoJSON instead of the shipped regions\n"
    "  --speed c|fibre      light in vacuum (a proof; the default), or two thirds of it\n"
    "  --quorum Q           landmarks of distinct operators that must exclude (1 to 8; 2)\n"
    "  --policy WORDS       separate: HK and MO are not CN; undisputed: without disputed reefs\n"
    "  --target ID          this target only\n"
    "  --certificates DIR   a certificate for each excluded target and region\n"
    "  --svg FILE           a picture of one target\n"
    "  --format json|text   a JSON object a line (the default), or words\n"
    "\n"
    "exit status: 0 all denied regions excluded for every target, 1 not, 2 error\n"
    "\n"
    "examples:\n"
    "  plimsoll locate --landmarks L.csv --rtt R.csv --deny CN,RU --certificates proofs\n"
    "  plimsoll locate plan --landmarks L.csv --at 1.35,103.82 --deny CN,RU,IR,KP\n"
    "  plimsoll locate audit --landmarks L.csv --rtt R.csv\n"
    "  plimsoll locate verify proofs/*.cert\n";

typedef struct options {
    const char *landmarks, *rtt, *deny, *regions, *target, *certificates, *svg, *at;
    plm_speed speed;
    unsigned quorum, policy;
    bool text;
} options;

/* What a run holds; freed as one. */
typedef struct run {
    options o;
    plm_landmarks all; /* of the file */
    plm_rtts rtts;
    plm_regions *regions;
    plm_landmark *used; /* those that measured anything */
    uint32_t *row;      /* from all to used */
    size_t n_used;
    plm_locate *engine;
    uint64_t *rtt_ns;
    plm_buf out;
} run;

static bool parse_quorum(const char *s, unsigned *q) {
    if (s[0] < '1' || s[0] > '0' + PLM_LOCATE_QUORUM_MAX || s[1]) return false;
    *q = (unsigned)(s[0] - '0');
    return true;
}

static int set_word(options *o, const char *name, const char *v) {
    if (strcmp(name, "--speed") == 0) {
        if (!plm_speed_parse(plm_str_c(v), &o->speed))
            return plm_cli_usage("locate", "--speed is c or fibre, not '%s'", v);
    } else if (strcmp(name, "--quorum") == 0) {
        if (!parse_quorum(v, &o->quorum))
            return plm_cli_usage("locate", "--quorum is 1 to %d, not '%s'", PLM_LOCATE_QUORUM_MAX,
                                 v);
    } else if (strcmp(name, "--policy") == 0) {
        if (!plm_policy_parse(plm_str_c(v), &o->policy))
            return plm_cli_usage("locate", "--policy is separate, undisputed or both, not '%s'",
                                 v);
    } else {
        o->text = strcmp(v, "text") == 0;
        if (!o->text && strcmp(v, "json") != 0)
            return plm_cli_usage("locate", "--format is text or json, not '%s'", v);
    }
    return 0;
}

static int parse_options(int argc, char **argv, int from, options *o) {
    const struct {
        const char *name, **to;
    } files[] = {{"--landmarks", &o->landmarks}, {"--rtt", &o->rtt},
                 {"--deny", &o->deny},           {"--regions", &o->regions},
                 {"--target", &o->target},       {"--certificates", &o->certificates},
                 {"--svg", &o->svg},             {"--at", &o->at}};
    static const char *const words[] = {"--speed", "--quorum", "--policy", "--format"};
    for (int i = from; i < argc; i++) {
        bool bad = false, taken = false;
        const char *word = argv[i], *v = NULL;
        for (size_t k = 0; k < sizeof files / sizeof files[0] && !taken && !bad; k++)
            if ((v = plm_cli_value(argc, argv, &i, files[k].name, &bad))) {
                if (*files[k].to) return plm_cli_usage("locate", "%s stands twice", files[k].name);
                *files[k].to = v;
                taken = true;
            }
        for (size_t k = 0; k < sizeof words / sizeof words[0] && !taken && !bad; k++)
            if ((v = plm_cli_value(argc, argv, &i, words[k], &bad))) {
                if (set_word(o, words[k], v) != 0) return PLM_EXIT_ERROR;
                taken = true;
            }
        if (bad) return plm_cli_usage("locate", "%s needs a value", word);
        if (!taken) return plm_cli_usage("locate", "'%s' is not known here", word);
    }
    return 0;
}

static void free_run(run *r) {
    plm_locate_free(r->engine);
    plm_regions_free(r->regions);
    plm_rtts_free(&r->rtts);
    plm_landmarks_free(&r->all);
    plm_mem_free(r->used);
    plm_mem_free(r->row);
    plm_mem_free(r->rtt_ns);
    plm_buf_free(&r->out);
}

static bool keep_used(run *r, bool every, plm_fault *f) {
    size_t n = r->all.n;
    r->used = plm_mem_resize(NULL, n * sizeof *r->used);
    r->row = plm_mem_resize(NULL, n * sizeof *r->row);
    r->rtt_ns = plm_mem_resize(NULL, n * sizeof *r->rtt_ns);
    if (!r->used || !r->row || !r->rtt_ns) return plm_fail(f, PLM_NO_MEMORY, "out of memory");
    for (size_t i = 0; i < n; i++) r->row[i] = every ? 1 : 0;
    for (size_t i = 0; i < r->rtts.n; i++) {
        const plm_rtt *m = &r->rtts.at[i];
        plm_str t = r->rtts.target[m->target];
        if (!r->o.target || plm_str_is(t, r->o.target)) r->row[m->landmark] = 1;
    }
    for (size_t i = 0; i < n; i++)
        if (r->row[i]) {
            r->row[i] = (uint32_t)r->n_used;
            r->used[r->n_used++] = r->all.at[i];
        }
    return true;
}

static bool start_engine(run *r, bool every, plm_fault *f) {
    r->regions = r->o.regions ? plm_regions_read(r->o.regions, f)
                 : r->o.svg   ? plm_regions_shipped(f) /* the picture shows all land */
                              : plm_regions_shipped_for(plm_str_c(r->o.deny), f);
    if (!r->regions || !keep_used(r, every, f)) return false;
    plm_locate_setup s = {r->used,     r->n_used,  r->regions, plm_str_c(r->o.deny),
                          r->o.policy, r->o.speed, r->o.quorum};
    r->engine = plm_locate_new(&s, f);
    return r->engine != NULL;
}

/* TARGET.CODE.cert, other bytes than letters, digits, "-", "_", ":" and inner dots as %XX. */
static void put_file_name(plm_buf *b, plm_str s) {
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        bool plain = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
                     c == '-' || c == '_' || c == ':' || (c == '.' && i > 0);
        if (plain) plm_buf_putc(b, (char)c);
        else plm_buf_printf(b, "%%%02X", c);
    }
}

static bool write_certificates(run *r, plm_str target, const plm_locate_verdict *v, plm_fault *f) {
    unsigned char cert[PLM_CERT_BYTES_MAX];
    for (size_t g = 0; g < v->n_regions; g++) {
        size_t n = plm_cert_make(r->engine, target, r->rtt_ns, v, g, cert);
        if (!n) continue;
        plm_buf path;
        plm_buf_init(&path, 4096);
        plm_buf_puts(&path, r->o.certificates);
        plm_buf_putc(&path, '/');
        put_file_name(&path, target);
        plm_buf_putc(&path, '.');
        put_file_name(&path, plm_locate_region_code(r->engine, g));
        plm_buf_puts(&path, ".cert");
        plm_buf_putc(&path, 0);
        bool ok = !path.full || plm_fail(f, PLM_OUT_OF_RANGE, "a certificate's path is too long");
        ok = ok && plm_file_write_durable(path.p, (plm_str){(char *)cert, n}, 0644, f);
        plm_buf_free(&path);
        if (!ok) return false;
    }
    return true;
}

static void put_text(run *r, plm_str target, const plm_locate_verdict *v) {
    printf("%.*s: %s (%u landmarks, %s)\n", PLM_FMT(target), plm_place_name(v->denied),
           v->landmarks,
           !v->consistent ? "no place on Earth fits all its round-trip times" : "consistent");
    if (v->n_witness == 2)
        printf("  these contradict each other: %.*s, %.*s; audit the landmarks first\n",
               PLM_FMT(r->used[v->witness[0]].id), PLM_FMT(r->used[v->witness[1]].id));
    for (size_t g = 0; g < v->n_regions; g++) {
        printf("  %.*s: %s", PLM_FMT(plm_locate_region_code(r->engine, g)),
               plm_place_name(v->place[g]));
        for (uint32_t k = 0; k < v->n_by[g]; k++)
            printf("%s %.*s by %.1f km", k ? "," : ";", PLM_FMT(r->used[v->by[k][g]].id),
                   v->margin_m[k][g] / 1000.0);
        printf("\n");
    }
}

static bool one_target(run *r, size_t first, size_t end, int *status, plm_fault *f) {
    static plm_locate_verdict v;
    plm_str target = r->rtts.target[r->rtts.at[first].target];
    memset(r->rtt_ns, 0, r->all.n * sizeof *r->rtt_ns);
    for (size_t i = first; i < end; i++)
        r->rtt_ns[r->row[r->rtts.at[i].landmark]] = r->rtts.at[i].rtt_ns;
    plm_locate_decide(r->engine, r->rtt_ns, &v);
    if (v.denied != PLM_PLACE_EXCLUDED) *status = 1;
    plm_buf_clear(&r->out);
    if (r->o.text) {
        put_text(r, target, &v);
    } else {
        if (!plm_locate_put_verdict(r->engine, target, r->rtt_ns, &v, (plm_str){"", 0}, &r->out))
            return plm_fail(f, PLM_NO_MEMORY, "out of memory");
        printf("%.*s\n", PLM_FMT(plm_buf_str(&r->out)));
    }
    if (r->o.certificates && !write_certificates(r, target, &v, f)) return false;
    if (!r->o.svg) return true;
    plm_buf_clear(&r->out);
    if (!plm_locate_put_svg(r->engine, target, r->rtt_ns, &v, &r->out))
        return plm_fail(f, PLM_NO_MEMORY, "out of memory");
    return plm_file_write_durable(r->o.svg, plm_buf_str(&r->out), 0644, f);
}

static bool wanted(const run *r, size_t target) {
    return !r->o.target || plm_str_is(r->rtts.target[target], r->o.target);
}

static bool check_targets(run *r, plm_fault *f) {
    size_t n = 0;
    for (size_t i = 0; i < r->rtts.n_targets; i++) n += wanted(r, i);
    if (n == 0)
        return plm_fail_at(f, PLM_NOT_FOUND, r->o.rtt, 0, 0, "has no row for %s%s",
                           r->o.target ? "the target " : "any target",
                           r->o.target ? r->o.target : "");
    if (r->o.svg && n != 1)
        return plm_fail(f, PLM_BAD_INPUT, "a picture shows one target: name it with --target");
    if (r->o.certificates && mkdir(r->o.certificates, 0755) != 0 && errno != EEXIST)
        return plm_fail_at(f, PLM_IO, r->o.certificates, 0, 0, "%s", strerror(errno));
    return true;
}

/* Decides every target; the order of the output is that of the file. */
static int decide_all(run *r, plm_fault *f) {
    int status = 0;
    plm_buf_init(&r->out, OUT_BYTES_MAX);
    if (!plm_landmarks_read(r->o.landmarks, &r->all, f) ||
        !plm_rtts_read(r->o.rtt, &r->all, &r->rtts, f) || !check_targets(r, f) ||
        !start_engine(r, false, f))
        return PLM_EXIT_ERROR;
    for (size_t i = 0, end; i < r->rtts.n; i = end) {
        for (end = i; end < r->rtts.n && r->rtts.at[end].target == r->rtts.at[i].target;) end++;
        if (wanted(r, r->rtts.at[i].target) && !one_target(r, i, end, &status, f))
            return PLM_EXIT_ERROR;
    }
    return status;
}

static int locate(int argc, char **argv) {
    run r = {0};
    plm_fault f = {0};
    if (parse_options(argc, argv, 1, &r.o) != 0) return PLM_EXIT_ERROR;
    if (!r.o.landmarks || !r.o.rtt || !r.o.deny)
        return plm_cli_usage("locate", "--landmarks, --rtt and --deny are needed");
    if (r.o.at) return plm_cli_usage("locate", "--at belongs to 'locate plan'");
    int status = decide_all(&r, &f);
    free_run(&r);
    return status == PLM_EXIT_ERROR ? plm_cli_fault("locate", &f) : status;
}

static bool parse_at(const char *s, int32_t *lat, int32_t *lon, plm_fault *f) {
    const char *comma = strchr(s, ',');
    if (!comma) return plm_fail(f, PLM_BAD_INPUT, "--at is LAT,LON in degrees, not '%.60s'", s);
    plm_str a = plm_str_trim((plm_str){s, (size_t)(comma - s)});
    return plm_locate_degrees_parse(a, true, lat, f) &&
           plm_locate_degrees_parse(plm_str_trim(plm_str_c(comma + 1)), false, lon, f);
}

static void print_step(run *r, const plm_plan_step *s, int32_t lat, int32_t lon) {
    plm_buf_clear(&r->out);
    plm_jw w = plm_jw_into(&r->out);
    char num[48];
    bool have = s->landmark != UINT32_MAX;
    const plm_landmark *m = have ? &r->used[s->landmark] : NULL;
    const struct {
        const char *key;
        double v;
        int digits;
    } n[] = {{"lat", (have ? m->lat_e7 : lat) / 1e7, 7},
             {"lon", (have ? m->lon_e7 : lon) / 1e7, 7},
             {"distance_km", s->distance_m / 1e3, 3},
             {"rtt_ms_max", (double)s->rtt_ns_max / 1e6, 6}};
    plm_jw_obj(&w);
    plm_jw_kstr(&w, "region", plm_locate_region_code(r->engine, s->region));
    plm_jw_key(&w, "landmark");
    if (have) plm_jw_str(&w, m->id);
    else plm_jw_null(&w);
    for (size_t i = 0; i < 4; i++) {
        int len = snprintf(num, sizeof num, "%.*f", n[i].digits, n[i].v);
        plm_jw_key(&w, n[i].key);
        plm_jw_raw(&w, (plm_str){num, (size_t)len});
    }
    plm_jw_end_obj(&w);
    printf("%.*s\n", PLM_FMT(plm_buf_str(&r->out)));
}

/* The same in words. */
static void say_step(run *r, const plm_plan_step *s, const char *at) {
    plm_str code = plm_locate_region_code(r->engine, s->region);
    printf("%.*s: ", PLM_FMT(code));
    if (s->landmark != UINT32_MAX) {
        const plm_landmark *m = &r->used[s->landmark];
        printf("%.*s (%.4f,%.4f), %.1f km away from it, excludes it with an RTT up to %.6f ms\n",
               PLM_FMT(m->id), m->lat_e7 / 1e7, m->lon_e7 / 1e7, s->distance_m / 1e3,
               (double)s->rtt_ns_max / 1e6);
    } else if (s->rtt_ns_max) {
        printf("not enough landmarks can; a new one at %s, %.1f km away from it, would with an RTT "
               "up to %.6f ms\n", at, s->distance_m / 1e3, (double)s->rtt_ns_max / 1e6);
    } else {
        printf("no landmark can: %s lies in it, or too near\n", at);
    }
}

static int plan_all(run *r, plm_fault *f) {
    static plm_plan_step step[PLM_LOCATE_DENY_MAX * PLM_LOCATE_QUORUM_MAX];
    int32_t lat, lon;
    bool complete;
    plm_buf_init(&r->out, OUT_BYTES_MAX);
    if (!parse_at(r->o.at, &lat, &lon, f) ||
        !plm_landmarks_read(r->o.landmarks, &r->all, f) || !start_engine(r, true, f))
        return PLM_EXIT_ERROR;
    size_t n = plm_plan_make(r->engine, lat, lon, step, sizeof step / sizeof step[0], &complete);
    for (size_t i = 0; i < n && i < sizeof step / sizeof step[0]; i++)
        if (r->o.text) say_step(r, &step[i], r->o.at);
        else print_step(r, &step[i], lat, lon);
    if (r->o.text)
        printf("%s\n", complete ? "complete: with these, every region is excluded"
                                : "not complete: some region cannot be excluded");
    return complete ? 0 : 1;
}

static int plan(int argc, char **argv) {
    run r = {0};
    plm_fault f = {0};
    if (parse_options(argc, argv, 1, &r.o) != 0) return PLM_EXIT_ERROR;
    if (!r.o.landmarks || !r.o.at || !r.o.deny)
        return plm_cli_usage("locate", "plan needs --landmarks, --at and --deny");
    if (r.o.rtt || r.o.certificates || r.o.svg || r.o.target)
        return plm_cli_usage("locate", "plan takes no --rtt, --target, --certificates or --svg");
    int status = plan_all(&r, &f);
    free_run(&r);
    return status == PLM_EXIT_ERROR ? plm_cli_fault("locate plan", &f) : status;
}

static void print_audit(const plm_landmarks *l, const plm_audit *a) {
    plm_buf b;
    plm_buf_init(&b, OUT_BYTES_MAX);
    plm_jw w = plm_jw_into(&b);
    plm_jw_obj(&w);
    plm_jw_key(&w, "refuted");
    plm_jw_arr(&w);
    for (size_t i = 0; i < a->n_refuted; i++) {
        const plm_audit_refuted *x = &a->refuted[i];
        char km[32];
        int n = snprintf(km, sizeof km, "%d.%03d", x->short_m / 1000, x->short_m % 1000);
        plm_jw_obj(&w);
        plm_jw_kstr(&w, "landmark", l->at[x->landmark].id);
        plm_jw_key(&w, "by");
        plm_jw_arr(&w);
        for (uint32_t k = 0; k < x->n; k++) plm_jw_str(&w, l->at[a->partner[x->first + k]].id);
        plm_jw_end_arr(&w);
        plm_jw_key(&w, "km_short");
        plm_jw_raw(&w, (plm_str){km, (size_t)n});
        plm_jw_end_obj(&w);
    }
    plm_jw_end_arr(&w);
    plm_jw_key(&w, "undecided");
    plm_jw_arr(&w);
    for (size_t i = 0; i < a->n_undecided; i++) {
        plm_jw_arr(&w);
        for (int k = 0; k < 2; k++) plm_jw_str(&w, l->at[a->undecided[i][k]].id);
        plm_jw_end_arr(&w);
    }
    plm_jw_end_arr(&w);
    plm_jw_end_obj(&w);
    printf("%.*s\n", PLM_FMT(plm_buf_str(&b)));
    plm_buf_free(&b);
}

static void say_audit(const plm_landmarks *l, const plm_audit *a) {
    for (size_t i = 0; i < a->n_refuted; i++) {
        const plm_audit_refuted *x = &a->refuted[i];
        printf("%.*s: refuted, short by %d.%03d km at worst, by", PLM_FMT(l->at[x->landmark].id),
               x->short_m / 1000, x->short_m % 1000);
        for (uint32_t k = 0; k < x->n; k++)
            printf("%s %.*s", k ? "," : "", PLM_FMT(l->at[a->partner[x->first + k]].id));
        printf("\n");
    }
    for (size_t i = 0; i < a->n_undecided; i++)
        printf("%.*s, %.*s: undecided, they contradict only each other\n",
               PLM_FMT(l->at[a->undecided[i][0]].id), PLM_FMT(l->at[a->undecided[i][1]].id));
    if (a->n_refuted + a->n_undecided == 0) printf("no landmark is refuted\n");
}

static int audit(int argc, char **argv) {
    options o = {0};
    plm_fault f = {0};
    plm_landmarks l = {0};
    plm_rtts r = {0};
    plm_audit a = {0};
    if (parse_options(argc, argv, 1, &o) != 0) return PLM_EXIT_ERROR;
    if (!o.landmarks || !o.rtt)
        return plm_cli_usage("locate", "audit needs --landmarks and --rtt");
    if (o.deny || o.regions || o.certificates || o.svg || o.at || o.target || o.quorum || o.speed)
        return plm_cli_usage("locate", "audit takes --landmarks and --rtt only");
    bool ok = plm_landmarks_read(o.landmarks, &l, &f) && plm_rtts_read(o.rtt, &l, &r, &f) &&
              plm_audit_run(&l, &r, &a, &f);
    int status = ok ? a.n_refuted + a.n_undecided > 0 : plm_cli_fault("locate audit", &f);
    if (ok && o.text) say_audit(&l, &a);
    else if (ok) print_audit(&l, &a);
    plm_audit_free(&a);
    plm_rtts_free(&r);
    plm_landmarks_free(&l);
    return status;
}

/* One certificate: 0 holds, 1 does not, 2 can't be read. */
static int verify_one(const char *path) {
    plm_buf cert, text;
    plm_fault f = {0};
    int status = 0;
    plm_buf_init(&cert, PLM_CERT_BYTES_MAX + 1);
    plm_buf_init(&text, 65536);
    if (!plm_file_read(path, &cert, &f)) {
        if (f.code == PLM_OUT_OF_RANGE) {
            printf("%s: does not hold: is no certificate\n", path);
            status = 1;
        } else {
            status = plm_cli_fault("locate verify", &f);
        }
    } else if (plm_cert_verify(plm_buf_str(&cert), &text, &f)) {
        printf("%s: holds: %.*s\n", path, PLM_FMT(plm_buf_str(&text)));
    } else {
        printf("%s: does not hold: %s\n", path, f.say);
        status = 1;
    }
    plm_buf_free(&cert);
    plm_buf_free(&text);
    return status;
}

static int verify(int argc, char **argv) {
    int status = 0;
    for (int i = 1; i < argc; i++) {
        bool bad = false;
        int k = i;
        if (plm_cli_value(argc, argv, &k, "--directory", &bad) || bad)
            return plm_cli_locate_verify_session(argc, argv);
    }
    if (argc < 2) return plm_cli_usage("locate", "verify needs a certificate");
    for (int i = 1; i < argc; i++) {
        if (argv[i][0] == '-') return plm_cli_usage("locate", "'%s' is not known here", argv[i]);
        int one = verify_one(argv[i]);
        if (one > status) status = one;
    }
    return status;
}

int plm_cli_locate(int argc, char **argv) {
    const char *word = argc > 1 ? argv[1] : "";
    bool sub = strcmp(word, "session") == 0 || strcmp(word, "directory") == 0;
    for (int i = 1; i < argc && !sub; i++)
        if (strcmp(argv[i], "--help") == 0) {
            fputs(help, stdout);
            return 0;
        }
    if (strcmp(word, "plan") == 0) return plan(argc - 1, argv + 1);
    if (strcmp(word, "audit") == 0) return audit(argc - 1, argv + 1);
    if (strcmp(word, "verify") == 0) return verify(argc - 1, argv + 1);
    if (sub && word[0] == 's') return plm_cli_locate_session(argc - 1, argv + 1);
    if (sub) return plm_cli_locate_directory(argc - 1, argv + 1);
    return locate(argc, argv);
}
