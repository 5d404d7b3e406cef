/* tiles.h: a log as C2SP tlog-tiles in a folder: written from the store, and verified offline.
 * Source: c2sp.org/tlog-tiles. */
#ifndef PLM_CUSTODY_TILES_H
#define PLM_CUSTODY_TILES_H

#include "custody/merkle.h"

#define PLM_TILE_WIDTH 256u
#define PLM_TILE_ENTRY_MAX 65535u  /* bytes of one entry in a bundle */
#define PLM_TILES_LEAVES_MAX (1ull << 32) /* of a log that is verified here */

/* Gives leaf i's bytes (borrowed until the next call). */
typedef bool (*plm_record_source)(void *ctx, uint64_t i, plm_str *out, plm_fault *f);

/* Writes the tiles of the first `size` leaves below dir (made when missing).  A leaf too long for
 * a bundle leaves its bundle out: *left_out counts them. */
bool plm_tiles_write(const char *dir, plm_record_source src, void *ctx, uint64_t size,
                     uint64_t *left_out, plm_fault *f);
/* The root of the first `size` leaves, from the level-0 tiles below dir; where there are entry
 * bundles each entry has to be what its tile says, and higher tiles what the lower ones make.
 * False with f when something is missing or differs (f says which leaf). */
bool plm_tiles_root(const char *dir, uint64_t size, plm_hash *root, plm_fault *f);

#endif
