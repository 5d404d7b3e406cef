#include "screen/import.h"
bool plm_import_eu_xml(plm_import *im) { return plm_import_bad(im, 0, NULL, "not yet"); }
bool plm_import_uk_csv(plm_import *im) { return plm_import_bad(im, 0, NULL, "not yet"); }
bool plm_import_ecfr_xml(plm_import *im) { return plm_import_bad(im, 0, NULL, "not yet"); }
bool plm_import_ofac_sdn_xml(plm_import *im) { return plm_import_bad(im, 0, NULL, "not yet"); }
bool plm_import_ofac_advanced_xml(plm_import *im) { return plm_import_bad(im, 0, NULL, "not yet"); }
