/* import_csl_json.c: the csl-json reader against any bytes. */
#define FUZZ_FORMAT PLM_IMPORT_CSL_JSON
#include "import.h"
