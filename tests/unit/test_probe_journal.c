/* The journal of a session: read back as written, refused when changed, and what is left of a
 * session after the machine started anew. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "locate/probe_crypto.h"
#include "locate/probe_journal.h"

static char folder[] = "plm-journal-XXXXXX", key_path[64], path[64];
static plm_key key, mark_key, device_key;
static plm_probe_directory dir;
static plm_probe_landmark mark;
static plm_probe_agent agent;

static int setup(void **s) {
    (void)s;
    if (!mkdtemp(folder)) return -1;
    snprintf(key_path, sizeof key_path, "%s/key", folder);
    snprintf(path, sizeof path, "%s/s.part", folder);
    if (!plm_key_new(NULL, &key, NULL) || !plm_key_new(NULL, &mark_key, NULL) ||
        !plm_key_new(NULL, &device_key, NULL) || !plm_key_write(&key, key_path, NULL))
        return -1;
    mark = (plm_probe_landmark){.id = PLM_STR("fra"), .operator = PLM_STR("a"),
                                .host = PLM_STR("127.0.0.1"), .port = PLM_STR("9")};
    plm_dec_parse(PLM_STR("50.11"), false, &mark.lat, NULL);
    plm_dec_parse(PLM_STR("8.68"), false, &mark.lon, NULL);
    memcpy(mark.key, mark_key.public, 32);
    agent = (plm_probe_agent){.device = PLM_STR("gpu-7")};
    memcpy(agent.key, device_key.public, 32);
    dir = (plm_probe_directory){.landmarks = &mark, .agents = &agent, .verifiers = &key.public,
                                .landmark_n = 1, .agent_n = 1, .verifier_n = 1};
    memset(dir.sha256, 7, 32);
    return 0;
}

static int teardown(void **s) {
    (void)s;
    unlink(key_path);
    unlink(path);
    return rmdir(folder);
}

/* A session that has its landmark's key and has opened the agent. */
static plm_probe_journal sample(plm_probe_mark *m) {
    plm_probe_journal j = {.opened_s = 1790000000, .device = PLM_STR("gpu-7"),
                           .agent = PLM_STR("127.0.0.1:9"), .deny = PLM_STR("CN,RU"),
                           .why = PLM_STR("landmark \"x\": lost"), .quorum = 2, .rounds = 64,
                           .timeout_s = 60, .phase = PLM_PROBE_PHASE_OPEN, .rounds_given = true};
    memset(m, 0, sizeof *m);
    memcpy(j.directory, dir.sha256, 32);
    memcpy(j.verifier, key.public, 32);
    randombytes_buf(j.sid, sizeof j.sid);
    assert_true(plm_probe_boot(j.boot, &j.boot_ns));
    memcpy(m->key, mark.key, 32);
    plm_probe_msg *k = &m->given.keyrep;
    k->type = PLM_PROBE_KEYREP;
    k->rounds = 64;
    memcpy(k->sid, j.sid, sizeof j.sid);
    memcpy(k->landmark, mark.key, 32);
    memcpy(k->verifier, key.public, 32);
    randombytes_buf(k->exchange, 32);
    plm_probe_sign(k, &mark_key);
    j.open = (plm_probe_msg){.type = PLM_PROBE_OPEN, .count = 1, .rounds = 64, .window_ms = 59000};
    memcpy(j.open.sid, j.sid, sizeof j.sid);
    memcpy(j.open.verifier, key.public, 32);
    memcpy(j.open.device, device_key.public, 32);
    randombytes_buf(j.open.nonce, 32);
    plm_probe_hash leaf;
    plm_probe_leaf_list(k->landmark, k->exchange, leaf);
    plm_probe_tree(&leaf, 1, 0, j.open.root, NULL);
    for (; j.opens_n < 3; j.opens_n++) {
        j.opens[j.opens_n] = j.open;
        randombytes_buf(j.opens[j.opens_n].cookie, PLM_PROBE_COOKIE_LEN);
        plm_probe_sign(&j.opens[j.opens_n], &key);
    }
    j.mark = m;
    j.mark_n = 1;
    return j;
}

static bool write_it(const plm_probe_journal *j) {
    plm_fault f = {0};
    if (plm_probe_journal_write(path, j, &key, &f)) return true;
    print_message("%s\n", f.say);
    return false;
}

static void what_is_written_is_read_back(void **s) {
    (void)s;
    static plm_probe_journal j, back;
    plm_probe_mark m;
    plm_fault f = {0};
    j = sample(&m);
    assert_true(write_it(&j));
    plm_arena *a = plm_arena_new(1 << 20);
    if (!plm_probe_journal_read(path, &key, a, &back, &f)) fail_msg("%s", f.say);
    assert_memory_equal(back.sid, j.sid, sizeof j.sid);
    assert_memory_equal(back.boot, j.boot, sizeof j.boot);
    assert_int_equal(back.boot_ns, j.boot_ns);
    assert_int_equal(back.opened_s, j.opened_s);
    assert_true(plm_str_eq(back.deny, j.deny) && plm_str_eq(back.why, j.why));
    assert_true(plm_str_eq(back.device, j.device) && plm_str_eq(back.agent, j.agent));
    assert_int_equal(back.phase, j.phase);
    assert_int_equal(back.timeout_s, 60);
    assert_true(back.rounds_given);
    assert_int_equal(back.opens_n, 3);
    assert_memory_equal(back.opens[2].sig, j.opens[2].sig, 64);
    assert_memory_equal(back.open.nonce, j.open.nonce, 32);
    assert_int_equal(back.mark_n, 1);
    assert_memory_equal(back.mark[0].given.keyrep.sig, m.given.keyrep.sig, 64);
    plm_arena_free(a);
}

static void one_changed_byte_is_refused(void **s) {
    (void)s;
    static plm_probe_journal j, back;
    plm_probe_mark m;
    plm_buf b;
    j = sample(&m);
    assert_true(write_it(&j));
    plm_buf_init(&b, 1 << 20);
    assert_true(plm_file_read(path, &b, NULL));
    for (size_t i = 0; i < b.n; i += i < b.n - 140 ? 41 : 1) {
        plm_fault f = {0};
        plm_arena *a = plm_arena_new(1 << 20);
        b.p[i] ^= 1;
        assert_true(plm_file_write_durable(path, plm_buf_str(&b), 0600, NULL));
        if (plm_probe_journal_read(path, &key, a, &back, &f)) fail_msg("byte %zu", i);
        assert_int_equal(f.code, PLM_REFUSED);
        b.p[i] ^= 1;
        plm_arena_free(a);
    }
    plm_buf_free(&b);
}

/* Runs on from j and gives the line; nobody listens, so it can only be what the journal has. */
static void go_on(plm_probe_journal *j, plm_buf *line, bool *excluded) {
    plm_fault f = {0};
    plm_buf file;
    assert_true(write_it(j));
    static plm_probe_ask ask;
    ask = (plm_probe_ask){.key_path = key_path, .directory = &dir, .journal = path, .resume = true};
    plm_buf_init(&file, PLM_PROBE_SESSION_BYTES_MAX);
    if (!plm_probe_session_run(&ask, &file, &f)) fail_msg("%s", f.say);
    if (!plm_probe_session_verify(plm_buf_str(&file), &dir, line, excluded, &f))
        fail_msg("%s", f.say);
    plm_buf_free(&file);
}

static void after_a_start_of_the_machine_nothing_is_left_of_the_window(void **s) {
    (void)s;
    static plm_probe_journal j;
    plm_probe_mark m;
    plm_buf line;
    bool excluded = true;
    plm_buf_init(&line, 1 << 16);
    j = sample(&m);
    j.timeout_s = 600; /* it would last longer than any test */
    j.boot[3] ^= 1;
    go_on(&j, &line, &excluded);
    assert_false(excluded);
    assert_non_null(memmem(line.p, line.n, "gave no evidence in time", 24));
    plm_buf_clear(&line);
    j = sample(&m);
    j.timeout_s = 600;
    j.boot_ns += (int64_t)3600 * 1000000000; /* a clock that went back */
    go_on(&j, &line, &excluded);
    assert_false(excluded);
    plm_buf_free(&line);
}

static void a_journal_that_contradicts_itself_is_refused(void **s) {
    (void)s;
    static plm_probe_journal j;
    static plm_probe_ask ask;
    plm_probe_mark m;
    for (int how = 0; how < 5; how++) {
        plm_fault f = {0};
        plm_buf file;
        j = sample(&m);
        if (how == 0) m.index = -1;                 /* an opening of a landmark that is not there */
        if (how == 1) j.open.type = 0;              /* no opening where there must be one */
        if (how == 2) m.key[0] ^= 1;                /* another landmark */
        if (how == 3) j.mark_n = 0;
        if (how == 4) j.directory[0] ^= 1;
        assert_true(write_it(&j));
        ask = (plm_probe_ask){.key_path = key_path, .directory = &dir, .journal = path,
                              .resume = true};
        plm_buf_init(&file, PLM_PROBE_SESSION_BYTES_MAX);
        if (plm_probe_session_run(&ask, &file, &f)) fail_msg("how %d", how);
        assert_int_equal(f.code, PLM_REFUSED);
        plm_buf_free(&file);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_is_read_back),
        cmocka_unit_test(one_changed_byte_is_refused),
        cmocka_unit_test(after_a_start_of_the_machine_nothing_is_left_of_the_window),
        cmocka_unit_test(a_journal_that_contradicts_itself_is_refused),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
