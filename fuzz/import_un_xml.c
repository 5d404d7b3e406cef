/* import_un_xml.c: the un-xml reader against any bytes. */
#define FUZZ_FORMAT PLM_IMPORT_UN_XML
#include "import.h"
