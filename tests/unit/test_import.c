/* The readers of list formats, on small files in each publisher's shape; what is cut or wrong is
 * refused with its line and field. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "screen/import.h"

static plm_list *read_ok(plm_import_format format, const char *text) {
    plm_fault f = {0};
    plm_list *l = plm_lists_read(format, plm_str_c(text), "file", &f);
    if (!l) fail_msg("%s:%u: %s", f.where, f.line, f.say);
    return l;
}

static void refused(plm_import_format format, const char *text, uint32_t line, const char *has) {
    plm_fault f = {0};
    plm_list *l = plm_lists_read(format, plm_str_c(text), "file", &f);
    assert_null(l);
    if (f.line != line || !strstr(f.say, has)) fail_msg("%u: %s", f.line, f.say);
    assert_string_equal(f.where, "file");
}

static void text_is(const plm_list *l, plm_ref r, const char *want) {
    plm_str s = plm_list_text(l, r);
    if (!plm_str_is(s, want)) fail_msg("'%.*s', not '%s'", PLM_FMT(s), want);
}

static void name_is(const plm_list *l, uint32_t entity, uint32_t k, const char *want) {
    const plm_entity *e = &l->entities[entity];
    assert_true(k < e->name_n);
    text_is(l, l->names[e->name_at + k].text, want);
}

static bool has_id(const plm_list *l, uint32_t entity, const char *kind, const char *value) {
    const plm_entity *e = &l->entities[entity];
    for (uint32_t i = 0; i < e->id_n; i++)
        if (plm_str_is(plm_list_text(l, l->ids[e->id_at + i].kind), kind) &&
            plm_str_is(plm_list_text(l, l->ids[e->id_at + i].value), value))
            return true;
    return false;
}

static bool has_country(const plm_list *l, uint32_t entity, const char *code) {
    const plm_entity *e = &l->entities[entity];
    for (uint32_t i = 0; i < e->country_n; i++)
        if (l->countries[e->country_at + i] == plm_country_parse(plm_str_c(code))) return true;
    return false;
}

#define ELIST_HEAD \
    "row,name,country,aliases,address,fr_citation,license_requirement,footnotes,sections," \
    "address_only\n"

static void entity_list_rows_of_one_party_are_joined(void **s) {
    (void)s;
    plm_list *l = read_ok(PLM_IMPORT_ENTITY_LIST_CSV, ELIST_HEAD
        "0,Gulf Gate LLC,Afghanistan,Gulf G; GG,\"Room 2, Kabul; and Room 3, Herat. (See alternate "
        "addresses under U.A.E.).\",\"76 FR 1, 1/2/11\",All items,1 2,,0\n"
        "1,Gulf Gate LLC,United Arab Emirates,,\"Deira, Dubai\",\"76 FR 1, 1/2/11\",All "
        "items.,1 2,,0\n"
        "2,Gulf Gate LLC,Iran,,Tehran,\"80 FR 9, 3/4/15\",All items,,,0\n"
        "3,Address 01,China,,\"Unit D, 16/F, Hong Kong.\",\"89 FR 5, 6/18/24\",CCL items,,,1\n");
    assert_int_equal(l->entity_n, 3); /* the third has another citation and no cross-reference */
    name_is(l, 0, 2, "GG");
    assert_int_equal(l->entities[0].address_n, 3);
    assert_int_equal(l->entities[0].footnotes, 1u << 1 | 1u << 2);
    assert_true(has_country(l, 0, "AF") && has_country(l, 0, "AE"));
    assert_int_equal(l->entities[0].listed, plm_day_from_ymd(2011, 1, 2));
    assert_int_equal(l->entities[2].kind, PLM_ENTITY_ADDRESS);
    assert_int_equal(l->entities[2].bits, PLM_ENTITY_ADDRESS_ONLY);
    plm_list_free(l);
}

static void entity_list_faults_name_line_and_field(void **s) {
    (void)s;
    const plm_import_format f = PLM_IMPORT_ENTITY_LIST_CSV;
    refused(f, ELIST_HEAD "0,A,China,,x,c,r,,,0\n1,B,China,,x,c,r\n", 3, "cut short");
    refused(f, ELIST_HEAD "0,,China,,x,c,r,,,0\n", 2, "field 'name'");
    refused(f, ELIST_HEAD "0,A,China,,x,c,r,x,,0\n", 2, "field 'footnotes'");
    refused(f, ELIST_HEAD "0,A,China,,x,c,r,,,\n", 2, "field 'address_only'");
    refused(f, ELIST_HEAD "0,A,Chima,,x,c,r,,,0\n", 2, "field 'country'");
    refused(f, ELIST_HEAD "0,\"A,China,,x,c,r,,,0\n", 2, "never closed");
    refused(f, ELIST_HEAD "0,A\xFF,China,,x,c,r,,,0\n", 2, "no UTF-8");
    refused(f, "row,name\n0,A\n", 1, "field 'country'");
    refused(f, ELIST_HEAD, 2, "no row");
}

static void made_ids_outlive_an_amendment(void **s) {
    (void)s;
    plm_list *a = read_ok(PLM_IMPORT_ENTITY_LIST_CSV, ELIST_HEAD
        "0,Acme Co. Ltd.,China,,x,\"76 FR 1, 1/2/11\",r,,,0\n");
    plm_list *b = read_ok(PLM_IMPORT_ENTITY_LIST_CSV, ELIST_HEAD
        "7,ACME Co Ltd,China,Ack,y,\"76 FR 1, 1/2/11.\n85 FR 2, 1/2/20\",q,4,,0\n");
    plm_str x = plm_list_text(a, a->entities[0].id), y = plm_list_text(b, b->entities[0].id);
    assert_true(plm_str_eq(x, y));
    plm_list_free(a);
    plm_list_free(b);
}

#define CSL_HEAD \
    "_id,source,entity_number,type,programs,name,title,addresses,federal_register_notice," \
    "start_date,end_date,standard_order,license_requirement,license_policy,call_sign,vessel_type," \
    "gross_tonnage,gross_registered_tonnage,vessel_flag,vessel_owner,remarks,source_list_url," \
    "alt_names,citizenships,dates_of_birth,nationalities,places_of_birth," \
    "source_information_url,ids\n"

static void csl_rows_go_to_their_lists(void **s) {
    (void)s;
    plm_list *l = read_ok(PLM_IMPORT_CSL_CSV, CSL_HEAD
        "1,Specially Designated Nationals (SDN) - Treasury Department,1,Vessel,X,GP-23,,"
        "\"Port, IR\","
        ",,,,,,,,,,Venezuela,,,,ALT A; ALT B,,1959 to 1965,,,,\"IMO 8767977, Vessel Registration "
        "Identification\"\n"
        "1,Sectoral Sanctions Identifications List (SSI) - Treasury Department,1,Entity,X,GP-23,,"
        ",,0097-06-30,,,,,,,,,,,,,,,,,,,\"\"\n"
        "a2,Entity List (EL) - Bureau of Industry and Security,,,,Acme,,,,,,,\"For all items. (See "
        "§§ 734.9(g),3 746.8)\",Denial,,,,,,,,,,,,,,,\"\"\n");
    assert_int_equal(l->entity_n, 3);
    text_is(l, l->entities[0].id, "1");
    text_is(l, l->entities[1].id, "ssi:1");
    assert_int_equal(l->entities[0].kind, PLM_ENTITY_VESSEL);
    assert_true(has_id(l, 0, "imo", "8767977"));
    assert_true(has_country(l, 0, "VE") && has_country(l, 0, "IR"));
    assert_int_equal(l->births[l->entities[0].birth_at].from, plm_day_from_ymd(1959, 1, 1));
    assert_int_equal(l->births[l->entities[0].birth_at].to, plm_day_from_ymd(1965, 12, 31));
    text_is(l, l->entities[2].list, "entity-list");
    assert_int_equal(l->entities[2].footnotes, 1u << 3);
    plm_list_free(l);
    refused(PLM_IMPORT_CSL_CSV, CSL_HEAD "1,No list,1,,,A,,,,,,,,,,,,,,,,,,,,,,,\"\"\n", 2,
            "field 'source'");
    refused(PLM_IMPORT_CSL_CSV, CSL_HEAD "1,X (SDN),1,,,A,,,,,,,,,,,,,,,,,,,,,,,cut he", 2,
            "ends within");
    refused(PLM_IMPORT_CSL_CSV, CSL_HEAD "1,X (SDN),1,,,A,,,,soon,,,,,,,,,,,,,,,,,,,\"\"\n", 2,
            "field 'start_date'");
}

static void csl_json_is_read_like_its_table(void **s) {
    (void)s;
    plm_list *l = read_ok(PLM_IMPORT_CSL_JSON,
        "{\"total\": 1, \"results\": [{\"id\": \"9\", \"name\": \"AERO\", \"type\": \"Entity\", "
        "\"source\": \"Specially Designated Nationals (SDN) - Treasury Department\", \"programs\": "
        "[\"CUBA\", \"X\"], \"alt_names\": [\"AEROC\"], \"addresses\": [{\"address\": \"1 Rd\", "
        "\"city\": \"Havana\", \"country\": \"CU\"}], \"ids\": [{\"type\": \"Passport\", "
        "\"number\": "
        "\"A1\", \"country\": \"CU\"}], \"nationalities\": [\"CU\"], \"dates_of_birth\": null}]}");
    text_is(l, l->entities[0].programs, "CUBA; X");
    text_is(l, l->addresses[0].text, "1 Rd, Havana, CU");
    name_is(l, 0, 1, "AEROC");
    assert_true(has_id(l, 0, "passport", "A1"));
    plm_list_free(l);
    refused(PLM_IMPORT_CSL_JSON, "{\"total\": 2, \"results\": [{}]}", 1, "field 'total'");
}

static void us_json_count_must_hold(void **s) {
    (void)s;
    plm_list *l = read_ok(PLM_IMPORT_US_JSON,
        "{\"list_id\": \"x-y\", \"count\": 1, \"entities\": [{\"name\": \"A B\", \"aliases\": "
        "[\"AB\"], \"country\": \"China\", \"address\": null, \"status\": null, "
        "\"effective_date\": "
        "\"June 21, 2022\", \"federal_register\": \"1 FR 2\", \"notes\": \"USCC: "
        "91110000MA005UCQ5P "
        "(China); x\"}]}");
    text_is(l, l->source, "x-y");
    assert_true(has_id(l, 0, "uscc", "91110000MA005UCQ5P"));
    assert_int_equal(l->entities[0].listed, plm_day_from_ymd(2022, 6, 21));
    plm_list_free(l);
    refused(PLM_IMPORT_US_JSON, "{\"list_id\": \"x\", \"count\": 2, \"entities\": [{\"name\": "
            "\"A\"}]}", 0, "field 'count'");
    refused(PLM_IMPORT_US_JSON, "{\"list_id\": \"x\", \"entities\": [{\"name\": \"A\"}", 1, "JSON");
    refused(PLM_IMPORT_US_JSON, "{\"list_id\": \"x\", \"entities\": [{\"name\": 3}]}", 0,
            "field 'name'");
}

static void ftm_entities_keep_their_ids(void **s) {
    (void)s;
    plm_list *l = read_ok(PLM_IMPORT_FTM_JSON,
        "{\"id\":\"pb-1\",\"schema\":\"LegalEntity\",\"properties\":{\"name\":[\"A\",\"A2\"],"
        "\"alias\":[\"B\"],\"weakAlias\":[\"C\"],\"address\":[\"x\"],\"country\":[\"cn\"],"
        "\"imoNumber\":[\"123\"]}}\n\n"
        "{\"id\":\"o\",\"schema\":\"Ownership\",\"properties\":{}}\n"
        "{\"id\":\"p\",\"schema\":\"Person\",\"caption\":\"P Q\",\"properties\":{\"birthDate\":"
        "[\"1970-05\"]}}");
    assert_int_equal(l->entity_n, 2);
    assert_int_equal(l->entities[0].kind, PLM_ENTITY_UNKNOWN);
    name_is(l, 0, 3, "C");
    assert_int_equal(l->names[3].kind, PLM_NAME_WEAK);
    assert_true(has_country(l, 0, "CN") && has_id(l, 0, "imo", "123"));
    name_is(l, 1, 0, "P Q");
    plm_list_free(l);
    const plm_import_format f = PLM_IMPORT_FTM_JSON;
    refused(f, "{\"id\":\"a\",\"schema\":\"Person\","
        "\"properties\":{\"name\":[\"A\"]}}\n{\"id\":\"b", 2,
            "cut short");
    refused(f, "{\"id\":\"a\",\"schema\":\"Person\",\"properties\":{\"name\":[\"A\"]}}\n"
               "{\"id\":\"a\",\"schema\":\"Person\","
               "\"properties\":{\"name\":[\"B\"]}}\n", 2, "twice");
    refused(f, "{\"id\":\"a\",\"schema\":\"Person\",\"properties\":{}}\n", 1, "properties.name");
    refused(f, "{\"id\":\"a\",\"schema\":\"Person\",\"properties\":{\"name\":[3]}}\n", 1, "no");
}

static void ofac_tables_are_read(void **s) {
    (void)s;
    plm_list *l = read_ok(PLM_IMPORT_OFAC_CSV,
        "ID,Name,Type,Country,T,a,b,c,d,e,f,Details\n"
        "36,\"DOE, John\",\"individual\",\"SDGT\",-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,\"DOB "
        "circa 1961; "
        "POB X; nationality Iran; Passport A12 (Iran); a.k.a. 'JD'; alt. DOB 12 Feb 1962.\"\r\n"
        "\x1A,,,,,,,,,,,\n");
    assert_int_equal(l->entity_n, 1);
    name_is(l, 0, 1, "JD");
    assert_true(has_id(l, 0, "passport", "A12") && has_country(l, 0, "IR"));
    assert_int_equal(l->entities[0].birth_n, 2);
    plm_list_free(l);
    refused(PLM_IMPORT_OFAC_CSV, "36,1,\"aka\",\"A\",-0- \n", 1, "no SDN file");
    refused(PLM_IMPORT_OFAC_CSV, "1,2,3\n", 1, "neither SDN");
    refused(PLM_IMPORT_OFAC_CSV, "x,A,-0- ,X,-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,-0- \n", 1,
            "field 'ent_num'");
    refused(PLM_IMPORT_OFAC_CSV, "1,A,-0- ,X,-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,-0- \n2,B,-0- ,X",
            2, "cut short");
}

static void dpl_text_is_read(void **s) {
    (void)s;
    plm_list *l = read_ok(PLM_IMPORT_DPL_TXT,
        "\"Name\"\t\"Street_Address\"\t\"City\"\t\"State\"\t\"Country\"\t\"Postal_Code\"\t"
        "\"Effective_Date\"\t\"Expiration_Date\"\t\"Standard_Order\"\t\"Last_Update\"\t\"Action\"\t"
        "\"FR_Citation\"\n"
        "\" I. ASH\"\t\"FCI\"\t\"SEAGOVILLE\"\t\"TX\"\t\"US\"\t\"75159\"\t\"06/19/2003\"\t"
        "\"06/29/2056\"\t\"Y\"\t\"2007-01-31\"\t\"F.R.\"\t\"68 F.R. 38290 6/27/03\"\n");
    name_is(l, 0, 0, "I. ASH");
    text_is(l, l->addresses[0].text, "FCI, SEAGOVILLE, TX, US, 75159");
    assert_int_equal(l->entities[0].listed, plm_day_from_ymd(2003, 6, 19));
    text_is(l, l->entities[0].effect, "Denial order, standard; until 06/29/2056");
    plm_list_free(l);
}

static void un_xml_is_read(void **s) {
    (void)s;
    plm_list *l = read_ok(PLM_IMPORT_UN_XML,
        "<?xml version=\"1.0\"?><CONSOLIDATED_LIST dateGenerated=\"2026-02-27T00\"><INDIVIDUALS>"
        "<INDIVIDUAL><DATAID>69</DATAID><FIRST_NAME>ERIC</FIRST_NAME><SECOND_NAME>B &amp; C"
        "</SECOND_NAME><REFERENCE_NUMBER>CDi.001</REFERENCE_NUMBER><LISTED_ON>2012-12-31"
        "</LISTED_ON><NATIONALITY><VALUE>Rwanda</VALUE></NATIONALITY><INDIVIDUAL_ALIAS><QUALITY>Low"
        "</QUALITY><ALIAS_NAME>X; Y</ALIAS_NAME></INDIVIDUAL_ALIAS><INDIVIDUAL_DATE_OF_BIRTH>"
        "<TYPE_OF_DATE>BETWEEN</TYPE_OF_DATE><FROM_YEAR>1960</FROM_YEAR><TO_YEAR>1962</TO_YEAR>"
        "</INDIVIDUAL_DATE_OF_BIRTH><NAME_ORIGINAL_SCRIPT>\xD9\x86</NAME_ORIGINAL_SCRIPT>"
        "<INDIVIDUAL_ADDRESS><CITY>Goma</CITY><COUNTRY>Rwanda</COUNTRY></INDIVIDUAL_ADDRESS>"
        "</INDIVIDUAL></INDIVIDUALS></CONSOLIDATED_LIST>");
    text_is(l, l->entities[0].id, "CDi.001");
    name_is(l, 0, 0, "ERIC B & C");
    name_is(l, 0, 2, "X");
    assert_int_equal(l->names[2].kind, PLM_NAME_WEAK);
    text_is(l, l->addresses[0].text, "Goma, Rwanda");
    assert_int_equal(l->births[0].to, plm_day_from_ymd(1962, 12, 31));
    plm_list_free(l);
    refused(PLM_IMPORT_UN_XML, "<CONSOLIDATED_LIST>\n<INDIVIDUAL><DATAID>1</DATAID>", 2,
            "well-formed");
    refused(PLM_IMPORT_UN_XML, "<CONSOLIDATED_LIST>\n<ENTITY>\n</ENTITY></CONSOLIDATED_LIST>", 2,
            "field 'FIRST_NAME'");
    refused(PLM_IMPORT_UN_XML, "<!DOCTYPE a [<!ENTITY x \"y\">]><CONSOLIDATED_LIST/>", 1, "entity");
    refused(PLM_IMPORT_UN_XML, "<other/>", 1, "no UN");
}

static void sdn_xml_is_read(void **s) {
    (void)s;
    const char *body =
        "<sdnEntry><uid>36</uid><firstName>John</firstName><lastName>DOE</lastName><sdnType>"
        "Individual</sdnType><programList><program>A</program><program>B</program></programList>"
        "<akaList><aka><uid>1</uid><type>a.k.a.</type><category>weak</category><lastName>JD"
        "</lastName></aka></akaList><idList><id><idType>Passport</idType><idNumber>A1</idNumber>"
        "</id></idList><addressList><address><city>Tehran</city><country>Iran</country></address>"
        "</addressList><dateOfBirthList><dateOfBirthItem><dateOfBirth>12 Feb 1961</dateOfBirth>"
        "</dateOfBirthItem></dateOfBirthList></sdnEntry></sdnList>";
    char text[2048];
    snprintf(text, sizeof text, "<sdnList xmlns=\"urn:x\"><publshInformation><Record_Count>1"
             "</Record_Count></publshInformation>%s", body);
    plm_list *l = read_ok(PLM_IMPORT_OFAC_SDN_XML, text);
    name_is(l, 0, 0, "DOE, John");
    text_is(l, l->entities[0].programs, "A; B");
    assert_true(has_id(l, 0, "passport", "A1") && has_country(l, 0, "IR"));
    assert_int_equal(l->births[0].from, plm_day_from_ymd(1961, 2, 12));
    plm_list_free(l);
    snprintf(text, sizeof text, "<sdnList><publshInformation><Record_Count>2</Record_Count>"
             "</publshInformation>%s", body);
    refused(PLM_IMPORT_OFAC_SDN_XML, text, 0, "Record_Count");
}

#define ADVANCED(location) \
    "<Sanctions xmlns=\"u\"><ReferenceValueSets><CountryValues><Country ID=\"11\" " \
    "ISO2=\"CU\">Cuba" \
    "</Country></CountryValues><FeatureTypeValues><FeatureType ID=\"25\">Location</FeatureType>" \
    "<FeatureType ID=\"8\">Birthdate</FeatureType></FeatureTypeValues><IDRegDocTypeValues>" \
    "<IDRegDocType ID=\"71\">Passport</IDRegDocType></IDRegDocTypeValues><PartySubTypeValues>" \
    "<PartySubType ID=\"4\">Individual</PartySubType></PartySubTypeValues><NamePartTypeValues>" \
    "<NamePartType ID=\"20\">Last Name</NamePartType><NamePartType ID=\"21\">First Name" \
    "</NamePartType></NamePartTypeValues></ReferenceValueSets><Locations><Location ID=\"1\">" \
    "<LocationCountry CountryID=\"11\"/><LocationPart><LocationPartValue><Value>Havana</Value>" \
    "</LocationPartValue></LocationPart></Location></Locations><IDRegDocuments><IDRegDocument " \
    "ID=\"5\" IDRegDocTypeID=\"71\" IdentityID=\"4\"><IDRegistrationNo>A1</IDRegistrationNo>" \
    "</IDRegDocument></IDRegDocuments><DistinctParties><DistinctParty FixedRef=\"36\"><Profile " \
    "ID=\"36\" PartySubTypeID=\"4\"><Identity ID=\"4\"><Alias Primary=\"false\" " \
    "LowQuality=\"true\">" \
    "<DocumentedName><DocumentedNamePart><NamePartValue NamePartGroupID=\"1\">JD</NamePartValue>" \
    "</DocumentedNamePart></DocumentedName></Alias><Alias Primary=\"true\"><DocumentedName>" \
    "<DocumentedNamePart><NamePartValue NamePartGroupID=\"2\">John</NamePartValue>" \
    "</DocumentedNamePart><DocumentedNamePart><NamePartValue NamePartGroupID=\"1\">Doe" \
    "</NamePartValue></DocumentedNamePart></DocumentedName></Alias><NamePartGroups>" \
    "<MasterNamePartGroup><NamePartGroup ID=\"1\" NamePartTypeID=\"20\"/></MasterNamePartGroup>" \
    "<MasterNamePartGroup><NamePartGroup ID=\"2\" NamePartTypeID=\"21\"/></MasterNamePartGroup>" \
    "</NamePartGroups></Identity><Feature FeatureTypeID=\"25\"><FeatureVersion><VersionLocation " \
    "LocationID=\"" location "\"/></FeatureVersion></Feature><Feature FeatureTypeID=\"8\">" \
    "<FeatureVersion><DatePeriod><Start><From><Year>1961</Year><Month>2</Month><Day>3</Day>" \
    "</From>" \
    "</Start></DatePeriod></FeatureVersion></Feature></Profile></DistinctParty></DistinctParties>" \
    "<SanctionsEntries><SanctionsEntry ID=\"1\" ProfileID=\"36\"><EntryEvent><Date><Year>" \
    "2019</Year>" \
    "<Month>4</Month><Day>5</Day></Date></EntryEvent><SanctionsMeasure><Comment>CUBA</Comment>" \
    "</SanctionsMeasure></SanctionsEntry></SanctionsEntries></Sanctions>"

static void advanced_xml_follows_its_references(void **s) {
    (void)s;
    plm_list *l = read_ok(PLM_IMPORT_OFAC_ADVANCED_XML, ADVANCED("1"));
    text_is(l, l->entities[0].id, "36");
    name_is(l, 0, 0, "Doe, John");
    name_is(l, 0, 1, "JD");
    text_is(l, l->addresses[0].text, "Havana, Cuba");
    text_is(l, l->entities[0].programs, "CUBA");
    assert_int_equal(l->entities[0].listed, plm_day_from_ymd(2019, 4, 5));
    assert_true(has_id(l, 0, "passport", "A1"));
    assert_int_equal(l->births[0].from, plm_day_from_ymd(1961, 2, 3));
    plm_list_free(l);
    refused(PLM_IMPORT_OFAC_ADVANCED_XML, ADVANCED("2"), 1, "LocationID");
}

static void eu_xml_is_read(void **s) {
    (void)s;
    plm_list *l = read_ok(PLM_IMPORT_EU_XML,
        "<export xmlns=\"http://eu.europa.ec/fpi/fsd/export\" generationDate=\"2024-05-02T1\">"
        "<sanctionEntity euReferenceNumber=\"EU.27.28\" logicalId=\"13\"><remark>r</remark>"
        "<regulation numberTitle=\"1210/2003\" programme=\"IRQ\" "
        "entryIntoForceDate=\"2003-07-08\"/>"
        "<subjectType code=\"person\"/><nameAlias wholeName=\"A B\" strong=\"true\"/><nameAlias "
        "firstName=\"C\" lastName=\"D\" wholeName=\"\" strong=\"false\"/><citizenship "
        "countryIso2Code="
        "\"IQ\"/><birthdate circa=\"false\" birthdate=\"1937-04-28\"/><identification "
        "identificationTypeCode=\"passport\" number=\"N1\"/><address street=\"S 1\" "
        "city=\"Baghdad\" "
        "countryIso2Code=\"IQ\" countryDescription=\"IRAQ\"/></sanctionEntity></export>");
    text_is(l, l->entities[0].id, "EU.27.28");
    name_is(l, 0, 1, "C D");
    text_is(l, l->addresses[0].text, "S 1, Baghdad, IRAQ");
    assert_true(has_id(l, 0, "passport", "N1") && has_country(l, 0, "IQ"));
    plm_list_free(l);
    refused(PLM_IMPORT_EU_XML, "<export><sanctionEntity logicalId=\"1\"/></export>"
        "", 1, "nameAlias");
}

static void uk_rows_of_one_party_are_one_entity(void **s) {
    (void)s;
    plm_list *l = read_ok(PLM_IMPORT_UK_CSV,
        "Report Date: 12-Mar-2024,,,,,,,,,,\n"
        "Last Updated,Unique ID,Name 6,Name 1,Name type,Alias strength,\"Individual, Entity,"
        " Ship\","
        "D.O.B,Address Line 1,Address Country,Date Designated\n"
        "x,RUS0001,DOE,Jon,Alias,Low quality,Individual,,,,01/02/2022\n"
        "x,RUS0001,DOE,John,Primary Name,,Individual,23/06/1961,1 Rd,Russia,01/02/2022\n"
        "x,RUS0002,ACME LLC,,Primary Name,,Entity,,,,01/02/2022\n");
    assert_int_equal(l->entity_n, 2);
    name_is(l, 0, 0, "John DOE");
    name_is(l, 0, 1, "Jon DOE");
    assert_int_equal(l->names[1].kind, PLM_NAME_WEAK);
    assert_int_equal(l->births[0].from, plm_day_from_ymd(1961, 6, 23));
    assert_int_equal(l->entities[1].listed, plm_day_from_ymd(2022, 2, 1));
    plm_list_free(l);
    refused(PLM_IMPORT_UK_CSV, "Last Updated,1\nName 6,Group ID\nA\n", 3, "cut short");
    refused(PLM_IMPORT_UK_CSV, "a,b\n1,2\n", 1, "no header");
}

static void part_744_is_read(void **s) {
    (void)s;
    plm_list *l = read_ok(PLM_IMPORT_ECFR_XML,
        "<DIV5 N=\"744\"><HEAD>PART 744</HEAD><TABLE><TR><TD>not</TD></TR></TABLE><DIV9>"
        "<HEAD>Supplement No. 4 to Part 744\xE2\x80\x94" "Entity List</HEAD>"
        "<TABLE><TR><TH>Country</TH></TR><TR><TD>CHINA</TD><TD>Acme Co., Ltd., a.k.a., the "
        "following "
        "two aliases:<br/>\xE2\x80\x94" "Ack; <I>and</I><br/>\xE2\x80\x94" "Ick.<br/>No. 1 Road, "
        "Wuhan, China.</TD><TD>All items. (See \xC2\xA7\xC2\xA7 734.9(e)(2) of the EAR) <SU>4</SU>"
        "</TD><TD>Denial</TD><TD>87 FR 1, 1/2/22.</TD></TR><TR><TD>\xC2\xA0</TD><TD>Address "
        "01, Unit D, "
        "Hong Kong</TD><TD>x</TD><TD>y</TD><TD>89 FR 2, 6/18/24</TD></TR></TABLE></DIV9></DIV5>");
    assert_int_equal(l->entity_n, 2);
    name_is(l, 0, 0, "Acme Co., Ltd.");
    name_is(l, 0, 1, "Ack");
    name_is(l, 0, 2, "Ick");
    text_is(l, l->addresses[0].text, "No. 1 Road, Wuhan, China.");
    assert_int_equal(l->entities[0].footnotes, 1u << 4);
    text_is(l, l->entities[0].effect, "Denial");
    assert_int_equal(l->entities[1].bits, PLM_ENTITY_ADDRESS_ONLY);
    plm_list_free(l);
    refused(PLM_IMPORT_ECFR_XML, "<DIV5><HEAD>Part 745</HEAD></DIV5>", 1, "field 'HEAD'");
}

static void own_columns_are_found_by_name(void **s) {
    (void)s;
    plm_list *l = read_ok(PLM_IMPORT_CSV, "Customer ID;Company;Aliases;Country\n7;Acme;A1, "
        "A2;CN\n");
    text_is(l, l->entities[0].id, "7");
    name_is(l, 0, 1, "A1, A2");
    assert_true(has_country(l, 0, "CN"));
    plm_list_free(l);
    refused(PLM_IMPORT_CSV, "a,b\n1,2\n", 1, "field 'name'");
    refused(PLM_IMPORT_CSV, "name,b\n,2\n", 2, "field 'name'");
    refused(PLM_IMPORT_CSV, "name,b\nx\n", 2, "cut short");
    refused(PLM_IMPORT_CSV, "name,b\n\x0B,2\n", 2, "only control characters");
}

static void formats_are_told_by_content(void **s) {
    (void)s;
    static const struct { const char *text; plm_import_format f; } cases[] = {
        {ELIST_HEAD, PLM_IMPORT_ENTITY_LIST_CSV}, {CSL_HEAD, PLM_IMPORT_CSL_CSV},
        {"\xEF\xBB\xBF<?xml?><CONSOLIDATED_LIST/>", PLM_IMPORT_UN_XML},
        {"<sdnList/>", PLM_IMPORT_OFAC_SDN_XML}, {"<Sanctions/>", PLM_IMPORT_OFAC_ADVANCED_XML},
        {"36,\"A\",-0- ,\"X\",-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,-0- ", PLM_IMPORT_OFAC_CSV},
        {"36,12,\"aka\",\"A, B\",-0- \n", PLM_IMPORT_OFAC_CSV},
        {"{\"id\":1,\"schema\":\"Person\",\"properties\":{}}", PLM_IMPORT_FTM_JSON},
        {"{ \"list_id\": \"x\"}", PLM_IMPORT_US_JSON}, {"{\"results\": []}", PLM_IMPORT_CSL_JSON},
        {"celex,recordId,name", PLM_IMPORT_EU_CSV}, {"Last Updated,1\nName 6,x", PLM_IMPORT_UK_CSV},
        {"company name,x\n", PLM_IMPORT_CSV}, {"", PLM_IMPORT_AUTO}, {"hello", PLM_IMPORT_AUTO}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        if (plm_import_detect(plm_str_c(cases[i].text)) != cases[i].f)
            fail_msg("case %zu: %s", i, plm_import_format_name(
                         plm_import_detect(plm_str_c(cases[i].text))));
    for (int i = 0; i < PLM_IMPORT_FORMAT_COUNT; i++)
        assert_int_equal(plm_import_format_parse(plm_str_c(
                             plm_import_format_name((plm_import_format)i))), i);
}

static void dates_mean_what_they_say(void **s) {
    (void)s;
    static const struct { const char *text; int y1, m1, d1, y2, m2, d2; } cases[] = {
        {"2001-05-09", 2001, 5, 9, 2001, 5, 9}, {"2001", 2001, 1, 1, 2001, 12, 31},
        {"2001-12", 2001, 12, 1, 2001, 12, 31}, {"05/09/2001", 2001, 5, 9, 2001, 5, 9},
        {"9.5.2001", 2001, 5, 9, 2001, 5, 9}, {"12 Feb 1961", 1961, 2, 12, 1961, 2, 12},
        {"February 12, 1961", 1961, 2, 12, 1961, 2, 12}, {"Feb 1961", 1961, 2, 1, 1961, 2, 28},
        {"Between 1960 and 1962 (Approximately)", 1960, 1, 1, 1962, 12, 31},
        {"2021-03-04T00:00:00Z", 2021, 3, 4, 2021, 3, 4}};
    plm_day from, to;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        if (!plm_import_days(plm_str_c(cases[i].text), &from, &to)) fail_msg("%s", cases[i].text);
        assert_int_equal(from, plm_day_from_ymd(cases[i].y1, cases[i].m1, cases[i].d1));
        assert_int_equal(to, plm_day_from_ymd(cases[i].y2, cases[i].m2, cases[i].d2));
    }
    static const char *const bad[] = {"", "x", "2001-13-01", "31.2.2001", "soon 2001", "12", "1 2",
                                      "20011", "1962 to 1960"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (plm_import_days(plm_str_c(bad[i]), &from, &to)) fail_msg("took %s", bad[i]);
}

static void countries_go_by_many_names(void **s) {
    (void)s;
    static const char *const cases[][2] = {
        {"China", "CN"}, {"People's Republic of China", "CN"}, {"People\xE2\x80\x99s "
            "Republic of China",
        "CN"}, {"RUSSIA", "RU"}, {"Russian Federation", "RU"}, {"Korea, "
        "North", "KP"}, {"U.A.E.", "AE"},
        {"The Netherlands", "NL"}, {"cn", "CN"}, {"Turkiye", "TR"}, {"Burma", "MM"},
        {"Trinidad & Tobago", "TT"}, {"Crimea Region of Ukraine", "UA"}, {"Atlantis", "--"},
        {"", "--"}, {"ZZ", "--"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char code[3];
        plm_country_print(plm_import_country(plm_str_c(cases[i][0])), code);
        if (strcmp(code, cases[i][1]) != 0) fail_msg("%s: %s", cases[i][0], code);
    }
    char code[3];
    plm_country_print(plm_import_country_last(PLM_STR("Unit D, Wan Chai, Hong Kong.")), code);
    assert_string_equal(code, "HK");
    plm_country_print(plm_import_country_last(PLM_STR("1 Rd, Hong Kong, 999077")), code);
    assert_string_equal(code, "HK");
}

static void limits_are_faults(void **s) {
    (void)s;
    plm_buf b;
    plm_buf_init(&b, 8 << 20);
    plm_buf_puts(&b, "<CONSOLIDATED_LIST><ENTITY>");
    for (int i = 0; i < PLM_XML_DEPTH_MAX; i++) plm_buf_puts(&b, "<a>");
    plm_buf_putc(&b, 0);
    refused(PLM_IMPORT_UN_XML, b.p, 1, "deeper");
    plm_buf_clear(&b);
    plm_buf_puts(&b, "name\n\"");
    for (size_t i = 0; i <= PLM_CSV_FIELD_MAX; i++) plm_buf_putc(&b, 'x');
    plm_buf_puts(&b, "\"\n");
    plm_buf_putc(&b, 0);
    refused(PLM_IMPORT_CSV, b.p, 2, "longer than");
    plm_buf_clear(&b);
    plm_buf_puts(&b, "name");
    for (int i = 0; i < PLM_CSV_FIELDS_MAX; i++) plm_buf_putc(&b, ',');
    plm_buf_putc(&b, 0);
    refused(PLM_IMPORT_CSV, b.p, 1, "more than 256 fields");
    plm_buf_clear(&b);
    plm_buf_puts(&b, "name\n");
    for (size_t i = 0; i <= PLM_LIST_FIELD_MAX; i++) plm_buf_putc(&b, 'x');
    plm_buf_puts(&b, "\n");
    plm_buf_putc(&b, 0);
    refused(PLM_IMPORT_CSV, b.p, 2, "field 'name'");
    plm_buf_free(&b);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(entity_list_rows_of_one_party_are_joined),
        cmocka_unit_test(entity_list_faults_name_line_and_field),
        cmocka_unit_test(made_ids_outlive_an_amendment),
        cmocka_unit_test(csl_rows_go_to_their_lists),
        cmocka_unit_test(csl_json_is_read_like_its_table),
        cmocka_unit_test(us_json_count_must_hold),
        cmocka_unit_test(ftm_entities_keep_their_ids),
        cmocka_unit_test(ofac_tables_are_read),
        cmocka_unit_test(dpl_text_is_read),
        cmocka_unit_test(un_xml_is_read),
        cmocka_unit_test(sdn_xml_is_read),
        cmocka_unit_test(advanced_xml_follows_its_references),
        cmocka_unit_test(eu_xml_is_read),
        cmocka_unit_test(uk_rows_of_one_party_are_one_entity),
        cmocka_unit_test(part_744_is_read),
        cmocka_unit_test(own_columns_are_found_by_name),
        cmocka_unit_test(formats_are_told_by_content),
        cmocka_unit_test(dates_mean_what_they_say),
        cmocka_unit_test(countries_go_by_many_names),
        cmocka_unit_test(limits_are_faults),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
