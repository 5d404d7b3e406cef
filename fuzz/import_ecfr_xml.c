/* import_ecfr_xml.c: the ecfr-xml reader against any bytes. */
#define FUZZ_FORMAT PLM_IMPORT_ECFR_XML
#include "import.h"
