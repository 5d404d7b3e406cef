/* import_us_json.c: the us-json reader against any bytes. */
#define FUZZ_FORMAT PLM_IMPORT_US_JSON
#include "import.h"
