/* classify.c: `plimsoll classify`. */
#include "cli/book.h"
#include "base/json.h"

#include <stdio.h>
#include <string.h>

#define FACTS_MAX 64
#define OUT_MAX (16u << 20)

static const char help[] =
    "usage: plimsoll classify [--as-of DATE] [--known DATE] [--with FILE.rules]...\n"
    "                         [--format text|json]\n"
    "                         (--part NAME | --fact NAME=VALUE... | FILE... | -)\n\n"
    "Classes of an item under 3A090, 4A090 and what drafts add, with margins.\n"
    "FILE: JSON Lines of ITEM.  exit status: 0 answered, 2 in error\n\n"
    "examples:\n"
    "  plimsoll classify --part \"H200 SXM\"\n"
    "  plimsoll classify --fact form=ic --fact tpp=4708 --fact die_area_mm2=608.5 \\\n"
    "      --fact datacenter=false\n"
    "  plimsoll classify --format json items.jsonl\n";

typedef struct classing {
    plm_desk *desk;
    book_options o;
    plm_buf out;
    uint32_t index;
    int status;
} classing;

static void print_text(plm_str json) {
    plm_doc *d = plm_doc_parse(json, 0, NULL);
    if (!d) return;
    plm_json *root = plm_doc_root(d), *part = plm_json_get(root, "part");
    plm_json *eccn = plm_json_get(root, "eccn");
    plm_str name = plm_json_text(part), code = plm_json_text(eccn);
    printf("%.*s: ECCN %.*s\n", PLM_FMT(name.n ? name : PLM_STR("item")),
           PLM_FMT(code.n ? code : PLM_STR("not known")));
    plm_json_pairs(plm_json_get(root, "classes"), it, k, v)
        printf("  %.*s: %.*s\n", PLM_FMT(plm_json_text(k)), PLM_FMT(plm_json_text(v)));
    plm_json_each(plm_json_get(root, "margins"), im, m) {
        plm_json *value = plm_json_get(m, "value");
        plm_str gap = plm_json_text(plm_json_get(m, "distance")), v = plm_json_text(value);
        plm_str lo = plm_json_text(plm_json_get(value, "min"));
        plm_str hi = plm_json_text(plm_json_get(value, "max"));
        printf("  %.*s = ", PLM_FMT(plm_json_text(plm_json_get(m, "fact"))));
        if (v.n) printf("%.*s", PLM_FMT(v));
        else printf("%.*s to %.*s", PLM_FMT(lo), PLM_FMT(hi.n ? hi : PLM_STR("(no end)")));
        printf(" against %.*s", PLM_FMT(plm_json_text(plm_json_get(m, "threshold"))));
        if (gap.n) printf(" (%s%.*s)", gap.p[0] == '-' ? "" : "+", PLM_FMT(gap));
        printf("\n");
    }
    plm_doc_free(d);
}

static void one(void *ctx, plm_str json, const char *file, uint64_t line) {
    classing *c = ctx;
    plm_fault f = {0};
    plm_buf_clear(&c->out);
    uint32_t index = c->index++;
    if (!plm_desk_classify(c->desk, json, &c->o.reading, index, &c->out, &f)) {
        c->status = plm_cli_case_fault("classify", file, line, &f);
        return;
    }
    if (!c->o.json) {
        print_text(plm_buf_str(&c->out));
        return;
    }
    plm_buf_putc(&c->out, '\n');
    fwrite(c->out.p, 1, c->out.n, stdout);
}

/* NAME=VALUE as a member: a word list's word and a decimal are strings, true, false and
 * JSON stay. */
static void put_fact(plm_jw *w, const char *fact, const char *eq) {
    char name[64];
    size_t n = (size_t)(eq - fact);
    if (n >= sizeof name) n = sizeof name - 1;
    memcpy(name, fact, n);
    name[n] = 0;
    plm_jw_key(w, name);
    const char *v = eq + 1;
    if (strcmp(v, "true") == 0 || strcmp(v, "false") == 0 || v[0] == '[' || v[0] == '{')
        plm_jw_raw(w, plm_str_c(v));
    else
        plm_jw_cstr(w, v);
}

static int from_options(classing *c, const char *part, const char *const *facts, int n) {
    plm_buf b;
    plm_buf_init(&b, OUT_MAX);
    plm_jw w = plm_jw_into(&b);
    plm_jw_obj(&w);
    if (part) plm_jw_kcstr(&w, "part", part);
    plm_jw_key(&w, "facts");
    plm_jw_obj(&w);
    for (int i = 0; i < n; i++) put_fact(&w, facts[i], strchr(facts[i], '='));
    plm_jw_end_obj(&w);
    plm_jw_end_obj(&w);
    one(c, plm_buf_str(&b), part && !n ? "--part" : "--fact", 0);
    plm_buf_free(&b);
    return c->status;
}

typedef struct words {
    const char *part, *facts[FACTS_MAX], *files[256];
    int fact_count, file_count;
} words;

static int parse(classing *c, words *w, int argc, char **argv) {
    for (int i = 1; i < argc; i++) {
        bool bad = false;
        const char *v;
        int k = plm_cli_book_option("classify", argc, argv, &i, &c->o);
        if (k < 0) return PLM_EXIT_ERROR;
        if (k > 0) continue;
        if ((v = plm_cli_value(argc, argv, &i, "--part", &bad))) {
            w->part = v;
        } else if ((v = plm_cli_value(argc, argv, &i, "--fact", &bad))) {
            if (!strchr(v, '='))
                return plm_cli_usage("classify", "--fact is NAME=VALUE, not '%s'", v);
            if (w->fact_count == FACTS_MAX) return plm_cli_usage("classify", "too many --fact");
            w->facts[w->fact_count++] = v;
        } else if (bad || (argv[i][0] == '-' && argv[i][1])) {
            return plm_cli_usage("classify", bad ? "%s needs a value" : "no option '%s'", argv[i]);
        } else if (w->file_count < 256) {
            w->files[w->file_count++] = argv[i];
        }
    }
    bool options = w->part || w->fact_count;
    if (options == (w->file_count > 0))
        return plm_cli_usage("classify", "give --part or --fact, or else a FILE");
    return 0;
}

int plm_cli_classify(int argc, char **argv) {
    classing c = {0};
    words w = {0};
    if (argc > 1 && strcmp(argv[1], "--help") == 0) {
        fputs(help, stdout);
        return 0;
    }
    if (parse(&c, &w, argc, argv) != 0) return PLM_EXIT_ERROR;
    c.o.reading.today = plm_day_today();
    plm_fault f = {0};
    plm_book *b = plm_cli_load_book("classify", c.o.with, c.o.with_count);
    if (!b) return PLM_EXIT_ERROR;
    c.desk = plm_desk_new(b, &f);
    plm_buf_init(&c.out, OUT_MAX);
    if (!c.desk) c.status = plm_cli_fault("classify", &f);
    else if (w.file_count == 0) from_options(&c, w.part, w.facts, w.fact_count);
    for (int i = 0; c.desk && i < w.file_count; i++)
        if (!plm_cli_each_case("classify", w.files[i], one, &c)) c.status = PLM_EXIT_ERROR;
    plm_buf_free(&c.out);
    plm_desk_free(c.desk);
    plm_book_free(b);
    return c.status;
}
