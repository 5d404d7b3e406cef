/* caps_group.h: one book for any number of threads, by group commit: who comes first takes the
 * writer's turn for all that wait, so that a commit (the slow part) is shared. */
#ifndef PLM_CUSTODY_CAPS_GROUP_H
#define PLM_CUSTODY_CAPS_GROUP_H

#include "custody/caps.h"

typedef struct plm_caps_group plm_caps_group;

/* Opens the books of store `where` under rules (borrowed).  NULL and f on error. */
plm_caps_group *plm_caps_group_open(const char *where, const plm_caps_rules *r, plm_fault *f);
/* No thread may be in plm_caps_group_post; NULL is allowed. */
void plm_caps_group_close(plm_caps_group *g);
/* Posts n postings in order, from any thread; waits until they are durable and answered in out.
 * All of one call are in one commit (n up to PLM_CAPS_BATCH).  False: the store failed, nothing
 * of them is stored, and f says why; the group goes on with what it had. */
bool plm_caps_group_post(plm_caps_group *g, const plm_caps_posting *p, size_t n,
                         plm_caps_answer *out, plm_fault *f);

typedef struct plm_caps_group_counts {
    uint64_t commits, postings; /* committed; the posted and the refused */
} plm_caps_group_counts;
plm_caps_group_counts plm_caps_group_count(plm_caps_group *g);

#endif
