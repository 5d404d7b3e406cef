/* import_ofac_csv.c: the ofac-csv reader against any bytes. */
#define FUZZ_FORMAT PLM_IMPORT_OFAC_CSV
#include "import.h"
