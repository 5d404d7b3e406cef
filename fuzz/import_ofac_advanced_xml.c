/* import_ofac_advanced_xml.c: the ofac-advanced-xml reader against any bytes. */
#define FUZZ_FORMAT PLM_IMPORT_OFAC_ADVANCED_XML
#include "import.h"
