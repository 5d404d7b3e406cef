/* memo.h: what bytes stand for what bytes, within a fixed room: the oldest is forgotten first. */
#ifndef PLM_BASE_MEMO_H
#define PLM_BASE_MEMO_H

#include "plimsoll/base.h"

typedef struct plm_memo plm_memo;

/* A memo that never takes more than bytes (and a 64th of it for its index).  NULL when memory is
 * short, or for fewer bytes than PLM_MEMO_LEAST.  Free with plm_memo_free. */
#define PLM_MEMO_LEAST 4096u
plm_memo *plm_memo_new(size_t bytes);
void plm_memo_free(plm_memo *m);
/* The value kept for the very same key; valid until the next plm_memo_put.  False: none. */
bool plm_memo_find(plm_memo *m, plm_str key, plm_str *value);
/* Keeps a value, 16-byte aligned; what takes more than a quarter of the room is not kept. */
void plm_memo_put(plm_memo *m, plm_str key, plm_str value);

#endif
