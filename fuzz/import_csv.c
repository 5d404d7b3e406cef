/* import_csv.c: the csv reader against any bytes. */
#define FUZZ_FORMAT PLM_IMPORT_CSV
#include "import.h"
