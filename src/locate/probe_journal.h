/* probe_journal.h: what a verifier keeps on disk of a session that runs, so that a killed one can
 * be gone on with.  It holds no secret, and nothing in it is believed: the session file made in
 * the end is judged as any other. */
#ifndef PLM_LOCATE_PROBE_JOURNAL_H
#define PLM_LOCATE_PROBE_JOURNAL_H

#include "locate/probe_record.h"

#define PLM_PROBE_OPENS_MAX 8 /* spellings of one OPEN: each cookie of the agent makes another */

/* Where a session stands; each begins with a durable journal. */
enum plm_probe_phase {
    PLM_PROBE_PHASE_KEYS = 0, PLM_PROBE_PHASE_OPEN, PLM_PROBE_PHASE_PROBE, PLM_PROBE_PHASE_CLOSE,
    PLM_PROBE_PHASE_SHOW, PLM_PROBE_PHASE_DONE
};

typedef struct plm_probe_mark { /* a landmark */
    plm_probe_hash key;
    bool failed;
    int index; /* in OPEN's list; -1: not in it */
    plm_probe_given given;
} plm_probe_mark;

typedef struct plm_probe_journal {
    unsigned char directory[32], verifier[32], sid[PLM_PROBE_SID_LEN];
    unsigned char boot[16]; /* which run of the machine the next is of; zero: not known */
    int64_t boot_ns;        /* CLOCK_BOOTTIME when the session began */
    int64_t opened_s;       /* the wall clock then */
    plm_str device, agent, deny, why;
    unsigned quorum, rounds, timeout_s, phase;
    bool rounds_given;
    plm_probe_msg open, evid, closed;
    plm_probe_msg opens[PLM_PROBE_OPENS_MAX]; /* all that may have been sent */
    size_t opens_n;
    plm_probe_mark *mark;
    size_t mark_n;
} plm_probe_journal;

/* Replaces the journal at path, durably, signed by k. */
bool plm_probe_journal_write(const char *path, const plm_probe_journal *j, const plm_key *k,
                             plm_fault *f);
/* Reads it back: texts and marks live in a.  REFUSED when it is damaged or another verifier's,
 * IO when it is not there. */
bool plm_probe_journal_read(const char *path, const plm_key *k, plm_arena *a,
                            plm_probe_journal *out, plm_fault *f);
/* This run of the machine, and how long it lasts; false (zeros) where the system does not say. */
bool plm_probe_boot(unsigned char boot[16], int64_t *now_ns);

#endif
