/* import_eu_xml.c: the eu-xml reader against any bytes. */
#define FUZZ_FORMAT PLM_IMPORT_EU_XML
#include "import.h"
