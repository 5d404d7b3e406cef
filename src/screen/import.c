/* import.c: one import, from files to an edition in force.
 * Invariants: 1 nothing is written before every file was read without a fault; 2 what is written
 * comes in force as one step (edition.c); 3 the same files give the same images.
 * Held by tests/unit/test_import.c, tests/scenes/test_lists and tests/scenes/test_lists_crash. */
#include "screen/import.h"

#include "base/file.h"
#include "base/json.h"
#include "screen/edition.h"

#include <stdio.h>
#include <string.h>

typedef struct format_row {
    const char *name, *source;
    bool (*read)(plm_import *im); /* NULL: takes all files together */
    bool several;                 /* more than one file may make one edition */
    bool latin;                   /* bytes that are no UTF-8 are Windows-1252 */
} format_row;

static const format_row formats[PLM_IMPORT_FORMAT_COUNT] = {
    [PLM_IMPORT_AUTO] = {"auto", "", NULL, false, false},
    [PLM_IMPORT_CSL_CSV] = {"csl-csv", "csl", plm_import_csl_csv, false, false},
    [PLM_IMPORT_CSL_JSON] = {"csl-json", "csl", plm_import_csl_json, false, false},
    [PLM_IMPORT_OFAC_CSV] = {"ofac-csv", "ofac-sdn", NULL, true, true},
    [PLM_IMPORT_OFAC_SDN_XML] = {"ofac-sdn-xml", "ofac-sdn", plm_import_ofac_sdn_xml, false, false},
    [PLM_IMPORT_OFAC_ADVANCED_XML] = {"ofac-advanced-xml", "ofac-sdn", plm_import_ofac_advanced_xml,
                                      false, false},
    [PLM_IMPORT_UN_XML] = {"un-xml", "un", plm_import_un_xml, false, false},
    [PLM_IMPORT_EU_XML] = {"eu-xml", "eu", plm_import_eu_xml, false, false},
    [PLM_IMPORT_EU_CSV] = {"eu-csv", "eu", plm_import_eu_csv, true, false},
    [PLM_IMPORT_UK_CSV] = {"uk-csv", "uk", plm_import_uk_csv, false, true},
    [PLM_IMPORT_ENTITY_LIST_CSV] = {"entity-list-csv", "entity-list", plm_import_entity_list_csv,
                                    false, false},
    [PLM_IMPORT_ECFR_XML] = {"ecfr-xml", "entity-list", plm_import_ecfr_xml, false, false},
    [PLM_IMPORT_DPL_TXT] = {"dpl-txt", "dpl", plm_import_dpl_txt, false, true},
    [PLM_IMPORT_US_JSON] = {"us-json", "", plm_import_us_json, false, false},
    [PLM_IMPORT_FTM_JSON] = {"ftm-json", "ftm", plm_import_ftm_json, true, false},
    [PLM_IMPORT_CSV] = {"csv", "own", plm_import_own_csv, true, false},
};

const char *plm_import_format_name(plm_import_format f) {
    return (unsigned)f < PLM_IMPORT_FORMAT_COUNT ? formats[f].name : "";
}

plm_import_format plm_import_format_parse(plm_str s) {
    int i = 0;
    while (i < PLM_IMPORT_FORMAT_COUNT && !plm_str_is(s, formats[i].name)) i++;
    return (plm_import_format)i;
}

/* Content */

static plm_str head_of(plm_str s, size_t n) { return (plm_str){s.p, s.n < n ? s.n : n}; }

static plm_import_format detect_xml(plm_str head) {
    static const struct { const char *has; plm_import_format format; } roots[] = {
        {"<CONSOLIDATED_LIST", PLM_IMPORT_UN_XML}, {"<sdnList", PLM_IMPORT_OFAC_SDN_XML},
        {"<Sanctions", PLM_IMPORT_OFAC_ADVANCED_XML},
        {"<sanctionsData", PLM_IMPORT_OFAC_ADVANCED_XML}, {"sanctionEntity", PLM_IMPORT_EU_XML},
        {"<export ", PLM_IMPORT_EU_XML}, {"<DIV5", PLM_IMPORT_ECFR_XML},
        {"<DIV9", PLM_IMPORT_ECFR_XML}, {"<ECFR", PLM_IMPORT_ECFR_XML},
        {"<DLPSTEXTCLASS", PLM_IMPORT_ECFR_XML}};
    for (size_t i = 0; i < sizeof roots / sizeof *roots; i++)
        if (plm_import_find(head, roots[i].has) >= 0) return roots[i].format;
    return PLM_IMPORT_AUTO;
}

static plm_import_format detect_table(plm_str head) {
    const char *end = head.n ? memchr(head.p, '\n', head.n) : NULL;
    plm_str line = {head.p, end ? (size_t)(end - head.p) : head.n};
    if (plm_import_find(line, "fr_citation") >= 0 && plm_import_find(line, "address_only") >= 0)
        return PLM_IMPORT_ENTITY_LIST_CSV;
    if (plm_import_find(line, "_id") >= 0 && plm_import_find(line, "alt_names") >= 0)
        return PLM_IMPORT_CSL_CSV;
    if (plm_import_find(line, "Street_Address") >= 0 && memchr(line.p, '\t', line.n))
        return PLM_IMPORT_DPL_TXT;
    if (plm_import_find(line, "celex") >= 0 && plm_import_find(line, "recordId") >= 0)
        return PLM_IMPORT_EU_CSV;
    if (plm_import_find(head_of(head, 2048), "Name 6") >= 0) return PLM_IMPORT_UK_CSV;
    size_t commas = 0, digits = 0;
    bool quoted = false;
    while (digits < line.n && line.p[digits] >= '0' && line.p[digits] <= '9') digits++;
    for (size_t i = 0; i < line.n; i++) {
        quoted ^= line.p[i] == '"';
        commas += !quoted && line.p[i] == ',';
    }
    bool ofac_width = commas == 11 || commas == 4 || commas == 5;
    if (ofac_width && ((digits && line.p[digits] == ',') || plm_str_starts(line, "ID,")) &&
        plm_import_find(head, "-0-") >= 0)
        return PLM_IMPORT_OFAC_CSV;
    return plm_import_names_party(line) ? PLM_IMPORT_CSV : PLM_IMPORT_AUTO;
}

plm_import_format plm_import_detect(plm_str content) {
    if (plm_str_starts(content, "\xEF\xBB\xBF")) content.p += 3, content.n -= 3;
    plm_str head = plm_str_trim(head_of(content, 16384));
    if (head.n == 0) return PLM_IMPORT_AUTO;
    if (head.p[0] == '<') return detect_xml(head);
    if (head.p[0] == '{') {
        if (plm_import_find(head, "\"schema\"") >= 0 &&
            plm_import_find(head, "\"properties\"") >= 0)
            return PLM_IMPORT_FTM_JSON;
        if (plm_import_find(head, "\"list_id\"") >= 0) return PLM_IMPORT_US_JSON;
        if (plm_import_find(head, "\"results\"") >= 0) return PLM_IMPORT_CSL_JSON;
        return PLM_IMPORT_AUTO;
    }
    return detect_table(head);
}

/* Windows-1252: 0x80 to 0x9F; 0 where it has no character. */
static const uint16_t windows_1252[32] = {
    0x20AC, 0, 0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021, 0x02C6, 0x2030, 0x0160, 0x2039,
    0x0152, 0, 0x017D, 0, 0, 0x2018, 0x2019, 0x201C, 0x201D, 0x2022, 0x2013, 0x2014, 0x02DC,
    0x2122, 0x0161, 0x203A, 0x0153, 0, 0x017E, 0x0178};

static bool from_latin(plm_buf *b) {
    plm_buf out;
    plm_buf_init(&out, PLM_IMPORT_FILE_MAX * 2);
    for (size_t i = 0; i < b->n; i++) {
        unsigned char c = (unsigned char)b->p[i];
        uint32_t u = c >= 0x80 && c < 0xA0 ? windows_1252[c - 0x80] : c;
        if (u == 0) {
            plm_buf_free(&out);
            return false;
        }
        if (u < 0x80) plm_buf_putc(&out, (char)u);
        else if (u < 0x800) {
            plm_buf_putc(&out, (char)(0xC0 | u >> 6));
            plm_buf_putc(&out, (char)(0x80 | (u & 63)));
        } else {
            plm_buf_putc(&out, (char)(0xE0 | u >> 12));
            plm_buf_putc(&out, (char)(0x80 | (u >> 6 & 63)));
            plm_buf_putc(&out, (char)(0x80 | (u & 63)));
        }
    }
    bool ok = !out.full;
    if (ok) {
        plm_buf_free(b);
        *b = out;
    } else {
        plm_buf_free(&out);
    }
    return ok;
}

/* Sets im->text from b: byte order mark off, UTF-8 checked or made. */
static bool decode(plm_import *im, plm_buf *b) {
    size_t at = 0;
    plm_str s = plm_buf_str(b);
    if (s.n >= 2 && (memcmp(s.p, "\xFF\xFE", 2) == 0 || memcmp(s.p, "\xFE\xFF", 2) == 0))
        return plm_import_bad(im, 1, NULL, "is UTF-16; give it as UTF-8");
    if (s.n && !plm_import_utf8(s, &at)) {
        uint32_t line = 1;
        for (size_t i = 0; i < at; i++) line += s.p[i] == '\n';
        if (s.p[at] == 0)
            return plm_import_bad(im, line, NULL, "holds a zero byte: damaged, or no text");
        if (!formats[im->format].latin || !from_latin(b))
            return plm_import_bad(im, line, NULL, "holds bytes that are no UTF-8; convert the "
                                  "file, e.g. with iconv -t UTF-8");
        s = plm_buf_str(b);
    }
    if (plm_str_starts(s, "\xEF\xBB\xBF")) s.p += 3, s.n -= 3;
    if (s.n == 0) return plm_import_bad(im, 1, NULL, "is empty");
    im->text = s;
    return true;
}

/* Source and edition of a file */

static plm_str base_name(const char *file) {
    const char *slash = strrchr(file, '/');
    return plm_str_c(slash ? slash + 1 : file);
}

/* The text between the quotes that follow key in s. */
static plm_str quoted_after(plm_str s, const char *key) {
    ptrdiff_t at = plm_import_find(s, key);
    if (at < 0) return (plm_str){"", 0};
    plm_str rest = {s.p + at + strlen(key), s.n - (size_t)at - strlen(key)};
    const char *open = rest.n ? memchr(rest.p, '"', rest.n) : NULL;
    if (!open) return (plm_str){"", 0};
    size_t left = (size_t)(rest.p + rest.n - open - 1);
    const char *close = left ? memchr(open + 1, '"', left) : NULL;
    return close ? (plm_str){open + 1, (size_t)(close - open - 1)} : (plm_str){"", 0};
}

static void source_of(plm_import_format format, plm_str text, const char *file, char out[41]) {
    snprintf(out, 41, "%s", formats[format].source);
    if (format == PLM_IMPORT_OFAC_CSV && plm_import_find(base_name(file), "cons") == 0)
        snprintf(out, 41, "ofac-cons");
    if (format == PLM_IMPORT_OFAC_SDN_XML && plm_import_find(base_name(file), "cons") == 0)
        snprintf(out, 41, "ofac-cons");
    if (format != PLM_IMPORT_US_JSON) return;
    plm_str id = quoted_after(head_of(text, 4096), "\"list_id\"");
    size_t n = 0;
    for (size_t i = 0; i < id.n && n < 40; i++) {
        char c = id.p[i];
        if (c >= 'A' && c <= 'Z') c = (char)(c - 'A' + 'a');
        bool word = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
        if (word || n) out[n++] = word ? c : '-';
    }
    out[n] = 0;
    if (n == 0) snprintf(out, 41, "us-json");
}

static bool date_in(plm_str s, char out[64]) {
    for (size_t i = 0; i + 7 <= s.n; i++) {
        plm_day from, to;
        if (s.p[i] != '1' && s.p[i] != '2') continue;
        if (i && s.p[i - 1] >= '0' && s.p[i - 1] <= '9') continue;
        for (size_t k = 10; k >= 7; k -= 3) {
            if (i + k > s.n || s.p[i + 4] != '-') continue;
            if (i + k < s.n && s.p[i + k] >= '0' && s.p[i + k] <= '9') continue;
            if (!plm_import_days((plm_str){s.p + i, k}, &from, &to)) continue;
            snprintf(out, 64, "%.*s", (int)k, s.p + i);
            return true;
        }
    }
    return false;
}

/* A date in any form in the first 60 bytes of s: the texts between tags, quotes and commas. */
static bool any_date_in(plm_str s, bool day_first, char out[64]) {
    s = head_of(s, 60);
    if (date_in(s, out)) return true;
    for (size_t i = 0; i < s.n; i++) {
        char word[24];
        size_t n = 0, from = i;
        plm_day day, last;
        if (s.p[i] < '0' || s.p[i] > '9') continue;
        while (i < s.n && n + 1 < sizeof word && !strchr("<>\"=,\r\n", s.p[i]))
            word[n++] = s.p[i++];
        for (size_t k = 0; day_first && k < n; k++)
            if (word[k] == '/') word[k] = '.';
        if (n < 8 || (from && s.p[from - 1] >= '0' && s.p[from - 1] <= '9')) continue;
        if (plm_import_days((plm_str){word, n}, &day, &last) && day == last) {
            plm_day_print(day, out);
            return true;
        }
    }
    return false;
}

/* <DateOfIssue><Year>2022</Year><Month>5</Month><Day>2</Day> */
static bool issued_in(plm_str s, char out[64]) {
    static const char *const parts[] = {"<Year>", "<Month>", "<Day>"};
    int v[3] = {0, 0, 0};
    s = head_of(s, 300);
    for (int i = 0; i < 3; i++) {
        ptrdiff_t at = plm_import_find(s, parts[i]);
        if (at < 0) return false;
        for (size_t k = (size_t)at + strlen(parts[i]); k < s.n && s.p[k] >= '0' && s.p[k] <= '9' &&
             v[i] < 10000; k++)
            v[i] = v[i] * 10 + (s.p[k] - '0');
    }
    snprintf(out, 64, "%04d-%02d-%02d", v[0] % 10000, v[1] % 100, v[2] % 100);
    plm_day day;
    return plm_day_parse(plm_str_c(out), &day);
}

static bool edition_of(plm_str text, const char *file, char out[64]) {
    static const struct { const char *key; bool day_first; } keys[] = {
        {"dateGenerated=", false}, {"\"extracted\"", false}, {"generationDate=", false},
        {"AMDDATE>", false}, {"Publish_Date>", false}, {"Last Updated,", true},
        {"Report Date:", true}, {"\"source_updated\"", false}};
    plm_str head = head_of(text, 4096);
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        ptrdiff_t at = plm_import_find(head, keys[i].key);
        if (at < 0) continue;
        size_t skip = (size_t)at + strlen(keys[i].key);
        if (any_date_in((plm_str){head.p + skip, head.n - skip}, keys[i].day_first, out))
            return true;
    }
    ptrdiff_t issue = plm_import_find(head, "<DateOfIssue");
    if (issue >= 0 && issued_in((plm_str){head.p + issue, head.n - (size_t)issue}, out))
        return true;
    return date_in(base_name(file), out);
}

/* One run */

typedef struct run_source {
    char name[41], edition[64];
    plm_import_format format;
    plm_import im;          /* its list and totals */
    struct plm_ofac *ofac;
    bool dated;             /* edition is a date of its files, not their digest */
    plm_buf manifest, digests;
} run_source;

typedef struct run_file {
    const char *path;
    plm_import_format format;
    char source[41], digest[65];
    size_t bytes;
    plm_buf content;
    plm_str text;           /* of content, decoded */
    run_source *of;
} run_file;

typedef struct run {
    const plm_import_request *r;
    plm_fault *f;
    run_source *sources;
    run_file *files;
    uint32_t n;
    plm_buf note;
} run;

static bool run_new_list(run *x, run_source *s) {
    s->im.list = plm_list_new(plm_str_c(s->name), plm_str_c(s->edition));
    s->im.arena = plm_arena_new(PLM_IMPORT_ARENA_MAX);
    s->im.f = x->f;
    s->im.format = s->format;
    if (!s->im.list || !s->im.arena)
        return plm_fail(x->f, PLM_BAD_INPUT, "'%s' can't name a source: a-z, 0-9 and '-' only",
                        s->name);
    if (s->format == PLM_IMPORT_OFAC_CSV) s->ofac = plm_ofac_new(s->im.arena);
    return true;
}

static run_source *run_source_of(run *x, const run_file *rf) {
    for (uint32_t i = 0; i < x->n; i++) {
        run_source *s = &x->sources[i];
        if (strcmp(s->name, rf->source) != 0) continue;
        if (s->format == rf->format && formats[rf->format].several) return s;
        plm_fail_at(x->f, PLM_CONFLICT, rf->path, 0, 0, "a second file of the source '%s'; an "
                    "import takes one edition of it (or name it: --source)", s->name);
        return NULL;
    }
    if (x->n == PLM_LISTS_MAX) {
        plm_fail(x->f, PLM_OUT_OF_RANGE, "more than %d sources in one import", PLM_LISTS_MAX);
        return NULL;
    }
    run_source *s = &x->sources[x->n++];
    memset(s, 0, sizeof *s);
    snprintf(s->name, sizeof s->name, "%s", rf->source);
    s->format = rf->format;
    plm_buf_init(&s->manifest, 1 << 20);
    plm_buf_init(&s->digests, 1 << 20);
    return s;
}

static void digest_of(plm_str s, char out[65]) {
    unsigned char d[PLM_SHA256_LEN];
    plm_sha256_of(s, d);
    plm_hex(d, sizeof d, out);
}

static bool file_format(run *x, run_file *rf) {
    plm_str s = plm_buf_str(&rf->content);
    rf->format = x->r->format;
    if (rf->format == PLM_IMPORT_AUTO) rf->format = plm_import_detect(s);
    if (rf->format != PLM_IMPORT_AUTO) return true;
    if (s.n == 0) return plm_fail_at(x->f, PLM_BAD_INPUT, rf->path, 1, 0, "is empty");
    return plm_fail_at(x->f, PLM_BAD_INPUT, rf->path, 1, 0, "is like none of the known formats; "
                       "name its format with --format");
}

static void note_file(run_source *s, const run_file *rf) {
    plm_buf *m = &s->manifest;
    plm_jw w = plm_jw_into(m);
    if (m->n) plm_buf_putc(m, ',');
    plm_jw_obj(&w);
    plm_jw_kstr(&w, "name", base_name(rf->path));
    plm_jw_kint(&w, "bytes", (int64_t)rf->bytes);
    plm_jw_kcstr(&w, "sha256", rf->digest);
    plm_jw_end_obj(&w);
}

/* Reads the file and finds what it is of. */
static bool run_load(run *x, run_file *rf) {
    if (!plm_file_read(rf->path, &rf->content, x->f) || !file_format(x, rf)) return false;
    rf->bytes = rf->content.n;
    digest_of(plm_buf_str(&rf->content), rf->digest);
    plm_import probe = {.file = rf->path, .format = rf->format, .f = x->f};
    if (!decode(&probe, &rf->content)) return false;
    rf->text = probe.text;
    source_of(rf->format, probe.text, rf->path, rf->source);
    plm_str word = x->r->source;
    if (word.n > 40) return plm_fail(x->f, PLM_BAD_INPUT, "a source's name of over 40 bytes");
    if (word.n) snprintf(rf->source, sizeof rf->source, "%.*s", PLM_FMT(word));
    rf->of = run_source_of(x, rf);
    if (!rf->of) return false;
    note_file(rf->of, rf);
    plm_buf_puts(&rf->of->digests, rf->digest);
    char date[64];
    if (!rf->of->dated && edition_of(rf->text, rf->path, date)) {
        snprintf(rf->of->edition, sizeof rf->of->edition, "%s", date);
        rf->of->dated = true;
    }
    return true;
}

/* Gives every source its edition and its empty list. */
static bool run_open_lists(run *x) {
    plm_str word = x->r->edition;
    for (uint32_t i = 0; i < x->n; i++) {
        run_source *s = &x->sources[i];
        char digest[65];
        if (word.n) snprintf(s->edition, sizeof s->edition, "%.*s",
                             (int)(word.n > 63 ? 63 : word.n), word.p);
        else if (!s->dated) {
            plm_str d = plm_buf_str(&s->digests);
            if (d.n > 64) digest_of(d, digest);
            snprintf(s->edition, sizeof s->edition, "%.12s", d.n > 64 ? digest : d.p);
        }
        if (!run_new_list(x, s)) return false;
    }
    return true;
}

static bool run_read(run *x, run_file *rf) {
    run_source *s = rf->of;
    s->im.file = rf->path;
    s->im.text = rf->text;
    s->im.note = &x->note;
    bool ok = s->ofac ? plm_ofac_take(s->ofac, &s->im) : formats[rf->format].read(&s->im);
    if (!ok) plm_import_check(&s->im, false, 0, "(file)");
    if (x->note.n && x->r->note) x->r->note(x->r->note_ctx, plm_buf_str(&x->note));
    plm_buf_clear(&x->note);
    plm_buf_free(&rf->content);
    return ok;
}

static bool run_read_all(run *x) {
    for (uint32_t i = 0; i < x->r->file_n; i++) {
        run_file *rf = &x->files[i];
        memset(rf, 0, sizeof *rf);
        rf->path = x->r->files[i];
        plm_buf_init(&rf->content, PLM_IMPORT_FILE_MAX);
    }
    for (uint32_t i = 0; i < x->r->file_n; i++)
        if (!run_load(x, &x->files[i])) return false;
    if (!run_open_lists(x)) return false;
    for (uint32_t i = 0; i < x->r->file_n; i++)
        if (!run_read(x, &x->files[i])) return false;
    for (uint32_t i = 0; i < x->n; i++) {
        run_source *s = &x->sources[i];
        if (s->ofac && !plm_ofac_finish(s->ofac, &s->im)) return false;
        if (s->im.list->entity_n == 0)
            return plm_import_bad(&s->im, 0, NULL, "holds no entity: an empty list never "
                                  "replaces another");
    }
    return true;
}

static void run_report(const run_source *s, const char *dir, plm_imported *out) {
    char path[PLM_EDITION_PATH_MAX];
    const plm_list *l = s->im.list;
    memset(out, 0, sizeof *out);
    snprintf(out->source, sizeof out->source, "%s", s->name);
    snprintf(out->edition, sizeof out->edition, "%s", s->edition);
    snprintf(out->format, sizeof out->format, "%s", formats[s->format].name);
    out->entities = l->entity_n;
    out->names = l->name_n;
    out->addresses = l->address_n;
    out->rows = s->im.rows;
    out->joined = s->im.joined;
    out->unmatched = s->im.unmatched;
    if (!dir || !plm_edition_image(dir, plm_str_c(s->name), path, sizeof path)) return;
    plm_list *former = plm_list_open(path, false, NULL);
    if (former) out->former = former->entity_n;
    plm_list_free(former);
}

/* The line that the manifest keeps of a source. */
static void run_manifest(run_source *s, const plm_imported *m) {
    plm_buf files = s->manifest, *b = &s->manifest;
    plm_buf_init(b, 1 << 20);
    plm_jw w = plm_jw_into(b);
    plm_jw_obj(&w);
    plm_jw_kcstr(&w, "edition", m->edition);
    plm_jw_kcstr(&w, "format", m->format);
    plm_jw_kint(&w, "entities", m->entities);
    plm_jw_kint(&w, "names", m->names);
    plm_jw_kint(&w, "addresses", m->addresses);
    plm_jw_key(&w, "files");
    plm_jw_arr(&w);
    plm_jw_raw(&w, plm_buf_str(&files));
    plm_jw_end_arr(&w);
    plm_jw_end_obj(&w);
    plm_buf_free(&files);
}

static bool run_commit(run *x, plm_imported *out) {
    plm_list *lists[PLM_LISTS_MAX];
    plm_buf manifests[PLM_LISTS_MAX];
    plm_edition_lock lock;
    if (!plm_edition_lock_dir(x->r->dir, &lock, x->f)) return false;
    for (uint32_t i = 0; i < x->n; i++) {
        run_report(&x->sources[i], x->r->dir, &out[i]);
        run_manifest(&x->sources[i], &out[i]);
        lists[i] = x->sources[i].im.list;
        manifests[i] = x->sources[i].manifest;
    }
    bool ok = plm_edition_commit(x->r->dir, lists, x->n, manifests, x->f);
    plm_edition_unlock(&lock);
    return ok;
}

static void run_free(run *x) {
    for (uint32_t i = 0; i < x->n; i++) {
        plm_ofac_free(x->sources[i].ofac);
        plm_list_free(x->sources[i].im.list);
        plm_arena_free(x->sources[i].im.arena);
        plm_buf_free(&x->sources[i].manifest);
        plm_buf_free(&x->sources[i].digests);
    }
    for (uint32_t i = 0; x->files && i < x->r->file_n; i++) plm_buf_free(&x->files[i].content);
    plm_mem_free(x->files);
    plm_mem_free(x->sources);
    plm_buf_free(&x->note);
}

bool plm_lists_import(const plm_import_request *r, plm_imported *out, uint32_t *out_n,
                      plm_fault *f) {
    run x = {.r = r, .f = f};
    *out_n = 0;
    if (r->file_n == 0 || r->file_n > PLM_IMPORT_FILES_MAX)
        return plm_fail(f, PLM_OUT_OF_RANGE, "between 1 and %d files", PLM_IMPORT_FILES_MAX);
    plm_buf_init(&x.note, 1 << 20);
    x.sources = plm_mem_resize(NULL, PLM_LISTS_MAX * sizeof *x.sources);
    x.files = plm_mem_resize(NULL, r->file_n * sizeof *x.files);
    if (x.files) memset(x.files, 0, r->file_n * sizeof *x.files);
    bool ok = x.sources && x.files ? true : plm_fail(f, PLM_NO_MEMORY, "not enough memory");
    ok = ok && run_read_all(&x) && run_commit(&x, out);
    if (ok) *out_n = x.n;
    run_free(&x);
    return ok;
}

plm_list *plm_lists_read(plm_import_format format, plm_str content, const char *file,
                         plm_fault *f) {
    run x = {.f = f};
    run_source s = {.edition = "test"};
    plm_buf b;
    plm_list *got = NULL;
    if (format == PLM_IMPORT_AUTO) format = plm_import_detect(content);
    if (format == PLM_IMPORT_AUTO || format >= PLM_IMPORT_FORMAT_COUNT) {
        plm_fail_at(f, PLM_BAD_INPUT, file, 1, 0, "is like none of the known formats");
        return NULL;
    }
    plm_buf_init(&b, PLM_IMPORT_FILE_MAX);
    source_of(format, content, file, s.name);
    s.format = format;
    bool ok = plm_buf_put(&b, content.p, content.n) && run_new_list(&x, &s);
    s.im.file = file;
    ok = ok && decode(&s.im, &b);
    ok = ok && (s.ofac ? plm_ofac_take(s.ofac, &s.im) && plm_ofac_finish(s.ofac, &s.im)
                       : formats[format].read(&s.im));
    if (ok) got = s.im.list;
    else plm_list_free(s.im.list);
    plm_ofac_free(s.ofac);
    plm_arena_free(s.im.arena);
    plm_buf_free(&b);
    return got;
}
