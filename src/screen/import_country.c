/* import_country.c: English country names as the lists write them, to ISO 3166-1 codes.
 * Keys are lower-case letters only, sorted by bytes.  From the time zone database's iso3166.tab
 * (public domain) and the wordings in use in the lists. */
#include "screen/import.h"

#include <string.h>

#define COUNTRY_KEY_MAX 64

static const struct { const char *key, code[3]; } countries[] = {
    {"afghan", "AF"}, {"afghanistan", "AF"}, {"alandislands", "AX"}, {"albania", "AL"},
    {"algeria", "DZ"}, {"algerian", "DZ"}, {"american", "US"}, {"americansamoa", "AS"},
    {"andorra", "AD"}, {"angola", "AO"}, {"anguilla", "AI"}, {"antarctica", "AQ"},
    {"antiguaandbarbuda", "AG"}, {"argentina", "AR"}, {"armenia", "AM"}, {"armenian", "AM"},
    {"aruba", "AW"}, {"australia", "AU"}, {"austria", "AT"}, {"azerbaijan", "AZ"},
    {"azerbaijani", "AZ"}, {"bahamas", "BS"}, {"bahamasthe", "BS"}, {"bahrain", "BH"},
    {"bangladesh", "BD"}, {"barbados", "BB"}, {"belarus", "BY"}, {"belarusian", "BY"},
    {"belgium", "BE"}, {"belize", "BZ"}, {"benin", "BJ"}, {"bermuda", "BM"}, {"bhutan", "BT"},
    {"bolivia", "BO"}, {"boliviaplurinationalstateof", "BO"}, {"bosnia", "BA"},
    {"bosniaandherzegovina", "BA"}, {"bosnian", "BA"}, {"botswana", "BW"}, {"bouvetisland", "BV"},
    {"brazil", "BR"}, {"britainuk", "GB"}, {"british", "GB"},
    {"britishindianoceanterritory", "IO"}, {"britishvirginislands", "VG"}, {"brunei", "BN"},
    {"bruneidarussalam", "BN"}, {"bulgaria", "BG"}, {"burkinafaso", "BF"}, {"burma", "MM"},
    {"burmese", "MM"}, {"burundi", "BI"}, {"burundian", "BI"}, {"bvi", "VG"},
    {"byelorussia", "BY"}, {"caboverde", "CV"}, {"cambodia", "KH"}, {"cameroon", "CM"},
    {"canada", "CA"}, {"capeverde", "CV"}, {"caribbeannl", "BQ"}, {"caymanislands", "KY"},
    {"centralafricanrep", "CF"}, {"centralafricanrepublic", "CF"}, {"chad", "TD"},
    {"chile", "CL"}, {"china", "CN"}, {"chinese", "CN"}, {"christmasisland", "CX"},
    {"cocoskeelingislands", "CC"}, {"colombia", "CO"}, {"comoros", "KM"}, {"congo", "CG"},
    {"congodemocraticrepublic", "CD"}, {"congodemocraticrepublicofthe", "CD"},
    {"congodemrep", "CD"}, {"congolese", "CD"}, {"congorep", "CG"}, {"congorepublicofthe", "CG"},
    {"cookislands", "CK"}, {"costarica", "CR"}, {"cotedivoire", "CI"}, {"crimea", "UA"},
    {"crimearegionofukraine", "UA"}, {"croatia", "HR"}, {"cuba", "CU"}, {"curacao", "CW"},
    {"curaçao", "CW"}, {"cypriot", "CY"}, {"cyprus", "CY"}, {"czechia", "CZ"},
    {"czechrepublic", "CZ"}, {"côtedivoire", "CI"}, {"democraticpeoplesrepublicofkorea", "KP"},
    {"democraticrepublicofthecongo", "CD"}, {"denmark", "DK"}, {"djibouti", "DJ"},
    {"dominica", "DM"}, {"dominicanrepublic", "DO"}, {"dprk", "KP"}, {"dprknorthkorea", "KP"},
    {"drcongo", "CD"}, {"easttimor", "TL"}, {"ecuador", "EC"}, {"egypt", "EG"},
    {"egyptian", "EG"}, {"elsalvador", "SV"}, {"emirati", "AE"}, {"england", "GB"},
    {"equatorialguinea", "GQ"}, {"eritrea", "ER"}, {"estonia", "EE"}, {"eswatini", "SZ"},
    {"eswatiniswaziland", "SZ"}, {"ethiopia", "ET"}, {"falklandislands", "FK"},
    {"faroeislands", "FO"}, {"federatedstatesofmicronesia", "FM"}, {"fiji", "FJ"},
    {"finland", "FI"}, {"france", "FR"}, {"french", "FR"}, {"frenchguiana", "GF"},
    {"frenchpolynesia", "PF"}, {"frenchsouthernterritories", "TF"}, {"frenchsterr", "TF"},
    {"gabon", "GA"}, {"gambia", "GM"}, {"gambiathe", "GM"}, {"gaza", "PS"}, {"gazastrip", "PS"},
    {"georgia", "GE"}, {"georgian", "GE"}, {"german", "DE"}, {"germany", "DE"}, {"ghana", "GH"},
    {"gibraltar", "GI"}, {"greatbritain", "GB"}, {"greece", "GR"}, {"greenland", "GL"},
    {"grenada", "GD"}, {"guadeloupe", "GP"}, {"guam", "GU"}, {"guatemala", "GT"},
    {"guernsey", "GG"}, {"guinea", "GN"}, {"guineabissau", "GW"}, {"guinean", "GN"},
    {"guyana", "GY"}, {"haiti", "HT"}, {"heardislandandmcdonaldislands", "HM"},
    {"hellenicrepublic", "GR"}, {"holland", "NL"}, {"holysee", "VA"}, {"honduras", "HN"},
    {"hongkong", "HK"}, {"hongkongchina", "HK"}, {"hongkongsar", "HK"}, {"hungary", "HU"},
    {"iceland", "IS"}, {"india", "IN"}, {"indian", "IN"}, {"indonesia", "ID"},
    {"indonesian", "ID"}, {"iran", "IR"}, {"iranian", "IR"}, {"iranislamicrepublicof", "IR"},
    {"iraq", "IQ"}, {"iraqi", "IQ"}, {"ireland", "IE"}, {"islamicrepublicofafghanistan", "AF"},
    {"islamicrepublicofiran", "IR"}, {"islamicrepublicofpakistan", "PK"}, {"isleofman", "IM"},
    {"israel", "IL"}, {"israeli", "IL"}, {"italy", "IT"}, {"ivorycoast", "CI"}, {"jamaica", "JM"},
    {"japan", "JP"}, {"jersey", "JE"}, {"jordan", "JO"}, {"jordanian", "JO"}, {"kazakh", "KZ"},
    {"kazakhstan", "KZ"}, {"kenya", "KE"}, {"kingdomofsaudiarabia", "SA"}, {"kiribati", "KI"},
    {"korea", "KR"}, {"koreanorth", "KP"}, {"korearepublicof", "KR"}, {"koreasouth", "KR"},
    {"kosovo", "XK"}, {"kuwait", "KW"}, {"kuwaiti", "KW"}, {"kyrgyzrepublic", "KG"},
    {"kyrgyzstan", "KG"}, {"laopeoplesdemocraticrepublic", "LA"}, {"laos", "LA"},
    {"latvia", "LV"}, {"lebanese", "LB"}, {"lebanon", "LB"}, {"lesotho", "LS"}, {"liberia", "LR"},
    {"libya", "LY"}, {"libyan", "LY"}, {"libyanarabjamahiriya", "LY"}, {"liechtenstein", "LI"},
    {"lithuania", "LT"}, {"luxembourg", "LU"}, {"macao", "MO"}, {"macau", "MO"},
    {"macedonia", "MK"}, {"madagascar", "MG"}, {"mainlandchina", "CN"}, {"malawi", "MW"},
    {"malaysia", "MY"}, {"maldives", "MV"}, {"mali", "ML"}, {"malian", "ML"}, {"malta", "MT"},
    {"marshallislands", "MH"}, {"martinique", "MQ"}, {"mauritania", "MR"}, {"mauritius", "MU"},
    {"mayotte", "YT"}, {"mexico", "MX"}, {"micronesia", "FM"},
    {"micronesiafederatedstatesof", "FM"}, {"moldova", "MD"}, {"moldovan", "MD"},
    {"monaco", "MC"}, {"mongolia", "MN"}, {"montenegro", "ME"}, {"montserrat", "MS"},
    {"moroccan", "MA"}, {"morocco", "MA"}, {"mozambique", "MZ"}, {"myanmar", "MM"},
    {"myanmarburma", "MM"}, {"namibia", "NA"}, {"nauru", "NR"}, {"nepal", "NP"},
    {"netherlands", "NL"}, {"newcaledonia", "NC"}, {"newzealand", "NZ"}, {"nicaragua", "NI"},
    {"nicaraguan", "NI"}, {"niger", "NE"}, {"nigeria", "NG"}, {"niue", "NU"},
    {"norfolkisland", "NF"}, {"northernireland", "GB"}, {"northernmarianaislands", "MP"},
    {"northkorea", "KP"}, {"northkoreadprk", "KP"}, {"northkorean", "KP"},
    {"northkoreanentityinchina", "KP"}, {"northmacedonia", "MK"}, {"norway", "NO"},
    {"occupiedpalestinianterritory", "PS"}, {"oman", "OM"}, {"pakistan", "PK"},
    {"pakistani", "PK"}, {"palau", "PW"}, {"palestine", "PS"}, {"palestinestateof", "PS"},
    {"palestinian", "PS"}, {"palestinianterritories", "PS"}, {"panama", "PA"},
    {"papuanewguinea", "PG"}, {"paraguay", "PY"}, {"peoplesrepublicofchina", "CN"},
    {"peru", "PE"}, {"philippine", "PH"}, {"philippines", "PH"}, {"pitcairn", "PN"},
    {"poland", "PL"}, {"portugal", "PT"}, {"prc", "CN"}, {"prchina", "CN"}, {"puertorico", "PR"},
    {"qatar", "QA"}, {"regioncrimea", "UA"}, {"republicofarmenia", "AM"},
    {"republicofbelarus", "BY"}, {"republicofchina", "TW"}, {"republicofindia", "IN"},
    {"republicofkazakhstan", "KZ"}, {"republicofkorea", "KR"}, {"republicofkosovo", "XK"},
    {"republicofmoldova", "MD"}, {"republicofnorthmacedonia", "MK"}, {"republicofserbia", "RS"},
    {"republicofsouthsudan", "SS"}, {"republicofthecongo", "CG"},
    {"republicofthemarshallislands", "MH"}, {"republicoftheunionofmyanmar", "MM"},
    {"republicofuzbekistan", "UZ"}, {"republicofyemen", "YE"}, {"reunion", "RE"},
    {"romania", "RO"}, {"russia", "RU"}, {"russian", "RU"}, {"russianfederation", "RU"},
    {"rwanda", "RW"}, {"réunion", "RE"}, {"saintbarthelemy", "BL"}, {"sainthelena", "SH"},
    {"saintkittsandnevis", "KN"}, {"saintlucia", "LC"}, {"saintmartin", "MF"},
    {"saintpierreandmiquelon", "PM"}, {"saintvincent", "VC"},
    {"saintvincentandthegrenadines", "VC"}, {"samoa", "WS"}, {"samoaamerican", "AS"},
    {"samoawestern", "WS"}, {"sanmarino", "SM"}, {"saotomeandprincipe", "ST"}, {"saudi", "SA"},
    {"saudiarabia", "SA"}, {"scotland", "GB"}, {"senegal", "SN"}, {"serbia", "RS"},
    {"serbian", "RS"}, {"seychelles", "SC"}, {"sierraleone", "SL"}, {"singapore", "SG"},
    {"sintmaarten", "SX"}, {"slovakia", "SK"}, {"slovakrepublic", "SK"}, {"slovenia", "SI"},
    {"solomonislands", "SB"}, {"somali", "SO"}, {"somalia", "SO"}, {"southafrica", "ZA"},
    {"southgeorgiaandthesouthsandwichislands", "GS"}, {"southkorea", "KR"}, {"southsudan", "SS"},
    {"spain", "ES"}, {"srilanka", "LK"}, {"stateoflibya", "LY"}, {"stateofpalestine", "PS"},
    {"stateofqatar", "QA"}, {"stbarthelemy", "BL"}, {"sthelena", "SH"}, {"stkittsandnevis", "KN"},
    {"stlucia", "LC"}, {"stmaartendutch", "SX"}, {"stmartinfrench", "MF"},
    {"stpierreandmiquelon", "PM"}, {"stvincent", "VC"}, {"stvincentandthegrenadines", "VC"},
    {"sudan", "SD"}, {"sudanese", "SD"}, {"sultanateofoman", "OM"}, {"suriname", "SR"},
    {"svalbardandjanmayen", "SJ"}, {"swaziland", "SZ"}, {"sweden", "SE"}, {"switzerland", "CH"},
    {"syria", "SY"}, {"syrian", "SY"}, {"syrianarabrepublic", "SY"},
    {"sãotoméandpríncipe", "ST"}, {"taiwan", "TW"}, {"taiwanprovinceofchina", "TW"},
    {"tajikistan", "TJ"}, {"tanzania", "TZ"}, {"thailand", "TH"}, {"thebahamas", "BS"},
    {"thegambia", "GM"}, {"thenetherlands", "NL"}, {"therepublicofnorthmacedonia", "MK"},
    {"therussianfederation", "RU"}, {"timorleste", "TL"}, {"togo", "TG"}, {"tokelau", "TK"},
    {"tonga", "TO"}, {"trinidadandtobago", "TT"}, {"tunisia", "TN"}, {"tunisian", "TN"},
    {"turkey", "TR"}, {"turkeyturkiye", "TR"}, {"turkish", "TR"}, {"turkishindividual", "TR"},
    {"turkiye", "TR"}, {"turkmenistan", "TM"}, {"turksandcaicosis", "TC"},
    {"turksandcaicosislands", "TC"}, {"tuvalu", "TV"}, {"türkiye", "TR"}, {"uae", "AE"},
    {"uganda", "UG"}, {"uk", "GB"}, {"ukraine", "UA"}, {"ukrainian", "UA"},
    {"unitedarabemirates", "AE"}, {"unitedkingdom", "GB"},
    {"unitedkingdomofgreatbritainandnorthernireland", "GB"}, {"unitedrepublicoftanzania", "TZ"},
    {"unitedstates", "US"}, {"unitedstatesminoroutlyingislands", "UM"},
    {"unitedstatesofamerica", "US"}, {"uruguay", "UY"}, {"us", "US"}, {"usa", "US"},
    {"usminoroutlyingislands", "UM"}, {"usvirginislands", "VI"}, {"uzbek", "UZ"},
    {"uzbekistan", "UZ"}, {"vanuatu", "VU"}, {"vaticancity", "VA"}, {"venezuela", "VE"},
    {"venezuelabolivarianrepublicof", "VE"}, {"venezuelan", "VE"}, {"vietnam", "VN"},
    {"virginislandsbritish", "VG"}, {"virginislandsuk", "VG"}, {"virginislandsus", "VI"},
    {"wallisandfutuna", "WF"}, {"westbank", "PS"}, {"westernsahara", "EH"}, {"yemen", "YE"},
    {"yemeni", "YE"}, {"zambia", "ZM"}, {"zimbabwe", "ZW"}, {"zimbabwean", "ZW"},
    {"ålandislands", "AX"},
};

/* Letters only, ASCII ones in lower case; '&' reads as "and"; bytes past ASCII stay. */
static size_t fold_key(plm_str s, char out[COUNTRY_KEY_MAX]) {
    size_t n = 0;
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        if (i + 2 < s.n && memcmp(s.p + i, "\xE2\x80\x99", 3) == 0) { /* right quote */
            i += 2;
            continue;
        }
        if (c >= 'A' && c <= 'Z') c = (char)(c - 'A' + 'a');
        bool letter = (c >= 'a' && c <= 'z') || (unsigned char)c >= 0x80;
        const char *put = c == '&' ? "and" : NULL;
        size_t k = put ? 3 : letter ? 1 : 0;
        if (n + k >= COUNTRY_KEY_MAX) return 0;
        if (put) memcpy(out + n, put, k);
        else if (letter) out[n] = c;
        n += k;
    }
    out[n] = 0;
    return n;
}

static plm_country by_key(const char *key) {
    size_t lo = 0, hi = sizeof countries / sizeof *countries;
    while (lo < hi) {
        size_t mid = (lo + hi) / 2;
        int c = strcmp(key, countries[mid].key);
        if (c == 0) return plm_country_parse(plm_str_c(countries[mid].code));
        if (c < 0) hi = mid;
        else lo = mid + 1;
    }
    return 0;
}

plm_country plm_import_country(plm_str s) {
    char key[COUNTRY_KEY_MAX];
    s = plm_str_trim(s);
    if (s.n == 2) {
        char up[2] = {s.p[0], s.p[1]};
        for (int i = 0; i < 2; i++)
            if (up[i] >= 'a' && up[i] <= 'z') up[i] = (char)(up[i] - 'a' + 'A');
        plm_country c = plm_country_parse((plm_str){up, 2});
        if (c) return c;
    }
    if (s.n == 0 || fold_key(s, key) == 0) return 0;
    plm_country c = by_key(key);
    return !c && strncmp(key, "the", 3) == 0 ? by_key(key + 3) : c;
}

plm_country plm_import_country_last(plm_str address) {
    size_t end = address.n;
    for (int step = 0; step < 2; step++) { /* "Hong Kong, 999077": past one post code */
        while (end && strchr(" .,;)\t\r\n", address.p[end - 1])) end--;
        size_t at = end;
        while (at && address.p[at - 1] != ',' && address.p[at - 1] != ';') at--;
        plm_country c = plm_import_country((plm_str){address.p + at, end - at});
        if (c) return c;
        for (size_t i = at; i < end; i++)
            if ((address.p[i] | 32) >= 'a' && (address.p[i] | 32) <= 'z') return 0;
        end = at;
    }
    return 0;
}
