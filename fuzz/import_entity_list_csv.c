/* import_entity_list_csv.c: the entity-list-csv reader against any bytes. */
#define FUZZ_FORMAT PLM_IMPORT_ENTITY_LIST_CSV
#include "import.h"
