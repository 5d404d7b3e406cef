/* import_csl_csv.c: the csl-csv reader against any bytes. */
#define FUZZ_FORMAT PLM_IMPORT_CSL_CSV
#include "import.h"
