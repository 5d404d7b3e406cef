/* Memory that runs short at any allocation of a picture, of flows, of a query or of a form's check
 * is a fault; an answer that is given is the whole one. */
#include "custody/event.h"
#include "custody/flows.h"
#include "custody/form.h"
#include "custody/ledger.h"
#include "custody/picture.h"
#include "custody/query.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define SWEEP_MAX 3000u
#define EPC "urn:epc:id:sgtin:9520000.010001.M1"

static char path[] = "plm-memory-XXXXXX", events[] = "plm-events-XXXXXX";
static plm_store *store;

static void put_event(FILE *f, int day, const char *step, int place) {
    fprintf(f, "{\"type\":\"ObjectEvent\",\"eventID\":\"urn:uuid:%d\",\"eventTime\":"
               "\"2025-05-%02dT10:00:00Z\",\"eventTimeZoneOffset\":\"+00:00\",\"recordTime\":"
               "\"2025-05-%02dT11:00:00Z\",\"action\":\"OBSERVE\",\"bizStep\":\"%s\",\"epcList\":"
               "[\"" EPC "\"],\"readPoint\":{\"id\":\"urn:epc:id:sgln:9520001.0000%d.0\"}}\n",
            day, day, day, step, place);
}

static int setup(void **state) {
    (void)state;
    plm_capture c;
    int fd = mkstemp(events), db = mkstemp(path);
    FILE *f = fdopen(fd, "w");
    if (fd < 0 || db < 0 || !f) return 1;
    close(db);
    static const char *const steps[] = {"commissioning", "shipping", "receiving", "inspecting"};
    for (int i = 0; i < 24; i++) put_event(f, i + 1, steps[i % 4], i / 4 % 3);
    fclose(f);
    store = plm_store_open(path, NULL);
    bool ok = store && plm_capture_file(store, events, false, &c, NULL) && c.stored == 24;
    if (store) plm_capture_free(&c);
    return ok ? 0 : 1;
}

static int teardown(void **state) {
    (void)state;
    char more[64];
    plm_store_close(store);
    unlink(events);
    unlink(path);
    snprintf(more, sizeof more, "%s-wal", path);
    unlink(more);
    snprintf(more, sizeof more, "%s-shm", path);
    unlink(more);
    return 0;
}

typedef bool (*make_fn)(plm_buf *out, plm_fault *f);

/* Fails the first allocation, the second …, until none is left to fail; an answer that is given is
 * the reference. */
static void sweep(make_fn make) {
    plm_buf want, got;
    plm_fault f = {0};
    plm_buf_init(&want, 64u << 20);
    assert_true(make(&want, &f));
    assert_true(want.n > 0);
    unsigned faults = 0, whole = 0;
    for (unsigned n = 1; whole < 60 && n < SWEEP_MAX; n++) {
        plm_buf_init(&got, 64u << 20);
        f = (plm_fault){0};
        plm_mem_fail_after(n);
        bool ok = make(&got, &f);
        plm_mem_fail_after(0);
        whole = ok ? whole + 1 : 0;
        faults += !ok;
        if (ok && (got.n != want.n || memcmp(got.p, want.p, want.n) != 0))
            fail_msg("allocation %u: another answer", n);
        if (!ok && (f.code == PLM_OK || !f.say[0])) fail_msg("allocation %u: no fault", n);
        plm_buf_free(&got);
    }
    assert_true(faults > 3);
    assert_int_equal(whole, 60);
    plm_buf_free(&want);
}

static bool make_picture(plm_buf *out, plm_fault *f) {
    return plm_journey_picture(store, PLM_STR(EPC), out, f);
}

static bool make_flows(plm_buf *out, plm_fault *f) {
    plm_world w = {0};
    plm_flows x;
    bool ok = plm_world_load(store, INT64_MAX, &w, f) &&
              plm_custody_flows(&w, PLM_STR(""), &x, f) && plm_flows_picture(&x, out, f);
    plm_world_free(&w);
    return ok;
}

static bool make_answer(plm_buf *out, plm_fault *f) {
    plm_equery q;
    plm_equery_error e;
    plm_equery_page page;
    bool ok = plm_equery_read(PLM_STR("MATCH_anyEPC=" EPC "&EQ_bizStep=shipping|receiving"
                                      "&orderBy=eventTime&perPage=5"), NULL, 0, &q, &e) &&
              plm_equery_run(store, &q, 0, out, &page, &e, f);
    plm_equery_free(&q);
    if (!ok && e.type) plm_fail(f, PLM_NO_MEMORY, "%s", e.say);
    return ok;
}

static void put_problem(void *ctx, const plm_paper_problem *x) {
    plm_buf_printf(ctx, "%s %.*s\n", x->kind, PLM_FMT(x->field));
}

static bool make_check(plm_buf *out, plm_fault *f) {
    uint32_t checked, problems;
    plm_world w = {0};
    plm_paper *p = plm_paper_read("rulebooks/us/ear", "uvl", f);
    plm_doc *d = p ? plm_doc_parse(PLM_STR("{\"name\":\"x\",\"party\":\"urn:y\",\"odd\":1}"), 0, f)
                   : NULL;
    bool ok = d && plm_world_load(store, INT64_MAX, &w, f) &&
              plm_paper_check(p, plm_doc_root(d), 20000, &w, put_problem, out, &checked, &problems,
                              f) && !out->full;
    if (!ok) plm_fail(f, PLM_NO_MEMORY, "out of memory");
    plm_world_free(&w);
    plm_doc_free(d);
    plm_paper_free(p);
    return ok;
}

static void a_picture_is_whole_or_a_fault(void **state) { (void)state; sweep(make_picture); }
static void flows_are_whole_or_a_fault(void **state) { (void)state; sweep(make_flows); }
static void an_answer_is_whole_or_a_fault(void **state) { (void)state; sweep(make_answer); }
static void a_check_is_whole_or_a_fault(void **state) { (void)state; sweep(make_check); }

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_picture_is_whole_or_a_fault),
                                       cmocka_unit_test(flows_are_whole_or_a_fault),
                                       cmocka_unit_test(an_answer_is_whole_or_a_fault),
                                       cmocka_unit_test(a_check_is_whole_or_a_fault)};
    return cmocka_run_group_tests(tests, setup, teardown);
}
