/* import_eu_csv.c: the eu-csv reader against any bytes. */
#define FUZZ_FORMAT PLM_IMPORT_EU_CSV
#include "import.h"
