/* edition.h: the states of a lists directory.  Room-internal. */
#ifndef PLM_SCREEN_EDITION_H
#define PLM_SCREEN_EDITION_H

#include "plimsoll/lists.h"

#define PLM_EDITION_PATH_MAX 1024

typedef struct plm_edition_lock {
    int fd;
} plm_edition_lock;

/* Makes dir where it isn't there and takes its lock.  CONFLICT while another holds it. */
bool plm_edition_lock_dir(const char *dir, plm_edition_lock *l, plm_fault *f);
void plm_edition_unlock(plm_edition_lock *l);
/* Number of the edition in force, 0 without one. */
unsigned plm_edition_current(const char *dir);
/* Path of the image of a source in force in dir. */
bool plm_edition_image(const char *dir, plm_str source, char *out, size_t size);
/* Puts the lists and whatever other source dir has in force as one new edition; manifest is the
 * JSON object (without its braces' siblings) of each list.  Returns after it is on the disk. */
bool plm_edition_commit(const char *dir, plm_list *const *lists, uint32_t n,
                        const plm_buf *manifests, plm_fault *f);

#endif
