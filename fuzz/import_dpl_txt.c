/* import_dpl_txt.c: the dpl-txt reader against any bytes. */
#define FUZZ_FORMAT PLM_IMPORT_DPL_TXT
#include "import.h"
