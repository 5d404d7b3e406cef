/* import_ftm_json.c: the ftm-json reader against any bytes. */
#define FUZZ_FORMAT PLM_IMPORT_FTM_JSON
#include "import.h"
