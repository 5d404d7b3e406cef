/* import_ofac_sdn_xml.c: the ofac-sdn-xml reader against any bytes. */
#define FUZZ_FORMAT PLM_IMPORT_OFAC_SDN_XML
#include "import.h"
