/* import_uk_csv.c: the uk-csv reader against any bytes. */
#define FUZZ_FORMAT PLM_IMPORT_UK_CSV
#include "import.h"
