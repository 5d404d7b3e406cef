#!/usr/bin/env python3
"""Writes the EAR's tables as rulebook data: country groups, Country Chart columns, CCL code sets.

usage: tools/make_ear_tables.py [DATA]   DATA: the eCFR tables' folder (../shared/data/rules/ear)

Reads country_groups_matrix, country_chart_matrix and ccl_entries (eCFR of 2026-07-23) and writes
rulebooks/us/ear/{groups,chart,ccl}.rules.  The outputs are committed; run this again when a newer
edition is loaded.  Rules it keeps:
1. A country's name that has no ISO code here stops the run: no row is dropped.
2. A row of the CCL that isn't read in full is `perhaps` for the whole entry (or for the paragraphs
   that it names when it names nothing else): an item never gets fewer controls than the text gives.
3. Hong Kong follows China (85 FR 83765); Macau has rows of its own."""
import csv
import json
import os
import re
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
OUT = os.path.join(ROOT, "rulebooks", "us", "ear")
EDITION = "2026-07-23"
UAE = "2026-07-10"      # 91 FR 43034: into A:5, out of D:3 and D:4
NICARAGUA = "2024-03-15"  # 89 FR 18780: out of B, into D:1 and D:5
# State took Cambodia off 22 CFR 126.1 on 2025-11-07, and its list controls (note 1 to D:5); the
# table of the EAR followed on 2026-02-03.
CAMBODIA_LAST = "2025-11-06"

# ---------------------------------------------------------------------------- countries
ISO = {}
for pair in """Afghanistan=AF|Albania=AL
Algeria=DZ|Andorra=AD|Angola=AO|Antigua and Barbuda=AG|Argentina=AR
Armenia=AM|Aruba=AW|Australia=AU|Austria=AT|Azerbaijan=AZ|Bahamas=BS|Bahrain=BH|Bangladesh=BD
Barbados=BB|Belarus=BY|Belgium=BE|Belize=BZ|Benin=BJ|Bhutan=BT|Bolivia=BO
Bosnia and Herzegovina=BA|Botswana=BW|Brazil=BR|Brunei=BN|Bulgaria=BG|Burkina Faso=BF|Burma=MM
Burundi=BI|Cambodia=KH|Cameroon=CM|Canada=CA|Cape Verde=CV|Central African Republic=CF|Chad=TD
Chile=CL|China=CN|Colombia=CO|Comoros=KM|Congo (Democratic Republic of)=CD
Congo (Republic of)=CG|Costa Rica=CR|Cote d'Ivoire=CI|Croatia=HR|Cuba=CU|Curaçao=CW|Cyprus=CY
Czech Republic=CZ|Denmark=DK|Djibouti=DJ|Dominica=DM|Dominican Republic=DO|Ecuador=EC|Egypt=EG
El Salvador=SV|Equatorial Guinea=GQ|Eritrea=ER|Estonia=EE|Eswatini=SZ|Ethiopia=ET|Fiji=FJ
Finland=FI|France=FR|Gabon=GA|Gambia=GM|Georgia=GE|Germany=DE|Ghana=GH|Greece=GR|Grenada=GD
Guatemala=GT|Guinea=GN|Guinea-Bissau=GW|Guyana=GY|Haiti=HT|Honduras=HN|Hungary=HU|Iceland=IS
India=IN|Indonesia=ID|Iran=IR|Iraq=IQ|Ireland=IE|Israel=IL|Italy=IT|Jamaica=JM|Japan=JP
Jordan=JO|Kazakhstan=KZ|Kenya=KE|Kiribati=KI|Korea, North=KP|Korea, South=KR|Kosovo=XK|Kuwait=KW
Kyrgyzstan=KG|Laos=LA|Latvia=LV|Lebanon=LB|Lesotho=LS|Liberia=LR|Libya=LY|Liechtenstein=LI
Lithuania=LT|Luxembourg=LU|Macau=MO|Madagascar=MG|Malawi=MW|Malaysia=MY|Maldives=MV|Mali=ML
Malta=MT|Marshall Islands=MH|Mauritania=MR|Mauritius=MU|Mexico=MX|Micronesia=FM|Moldova=MD
Monaco=MC|Mongolia=MN|Montenegro=ME|Morocco=MA|Mozambique=MZ|Namibia=NA|Nauru=NR|Nepal=NP
Netherlands=NL|New Zealand=NZ|Nicaragua=NI|Niger=NE|Nigeria=NG|North Macedonia=MK|Norway=NO
Oman=OM|Pakistan=PK|Palau=PW|Panama=PA|Papua New Guinea=PG|Paraguay=PY|Peru=PE|Philippines=PH
Poland=PL|Portugal=PT|Qatar=QA|Romania=RO|Russia=RU|Rwanda=RW|St. Kitts and Nevis=KN
St. Lucia=LC|St. Vincent and the Grenadines=VC|Samoa=WS|San Marino=SM|Sao Tome and Principe=ST
Saudi Arabia=SA|Senegal=SN|Serbia=RS|Seychelles=SC|Sierra Leone=SL|Singapore=SG|Sint Maarten=SX
Slovakia=SK|Slovenia=SI|Solomon Islands=SB|Somalia=SO|South Africa=ZA|South Sudan=SS|Spain=ES
Sri Lanka=LK|Sudan=SD|Suriname=SR|Sweden=SE|Switzerland=CH|Syria=SY|Taiwan=TW|Tajikistan=TJ
Tanzania=TZ|Thailand=TH|Timor-Leste=TL|Togo=TG|Tonga=TO|Trinidad and Tobago=TT|Tunisia=TN
Turkmenistan=TM|Tuvalu=TV|Türkiye=TR|Uganda=UG|Ukraine=UA|United Arab Emirates=AE
United Kingdom=GB|United States=US|Uruguay=UY|Uzbekistan=UZ|Vanuatu=VU|Vatican City=VA
Venezuela=VE|Vietnam=VN|Western Sahara=EH|Yemen=YE|Zambia=ZM
Zimbabwe=ZW""".replace("\n", "|").split("|"):
    _name, _code = pair.split("=")
    ISO[_name] = _code
# Assigned codes that neither table names: territories and the like.
NO_ROW = """AI AQ AS AX BL BM BQ BV CC CK CX FK FO GF GG GI GL GP GS GU HM IM IO JE KY MF MP MQ MS
NC NF NU PF PM PN PR PS RE SH SJ TC TF TK UM VG VI WF YT""".split()
US_TERRITORIES = "AS GU MP PR UM VI".split()


def iso_of(name):
    """The code of a country as either table spells it; an unknown name stops the run."""
    n = name.strip().replace(" & ", " and ").replace("Cote d'lvoire", "Cote d'Ivoire")
    n = n.replace("Seycheles", "Seychelles").replace("Saint Martin", "St Martin")
    n = n.replace("Saint ", "St. ").replace("China (PRC)", "China")
    n = re.sub(r"^The ", "", n)
    n = re.sub(r"^(Bahamas|Gambia), The$", r"\1", n)
    n = re.sub(r"^Congo \((.*?) of the\)$", r"Congo (\1 of)", n)
    n = re.sub(r"^(Sint Maarten|Micronesia|South Sudan)\b.*$", r"\1", n)
    if n not in ISO:
        sys.exit("no ISO code for the country %r" % name)
    return ISO[n]


def read_table(path):
    """column -> set of codes, and the codes that have a row; Hong Kong is added beside China."""
    with open(path, encoding="utf-8", newline="") as f:
        rows = list(csv.DictReader(f))
    columns = {c: set() for c in rows[0] if c not in ("country", "footnotes")}
    seen = set()
    for row in rows:
        code = iso_of(row["country"])
        seen.add(code)
        for c in columns:
            if row[c] not in ("", "X"):
                sys.exit("%s, %s: %r is neither X nor empty" % (row["country"], c, row[c]))
            if row[c]:
                columns[c].add(code)
    for c in columns:
        if "CN" in columns[c]:
            columns[c].add("HK")
    return columns, seen | {"HK"}


# ---------------------------------------------------------------------------- printing
def wrap(word, codes, width=96):
    lines, line = [], "  " + word
    for code in codes:
        if len(line) + 1 + len(code) > width:
            lines.append(line)
            line = "  " + word
        line += " " + code
    if line != "  " + word:
        lines.append(line)
    return lines


def group_text(name, title, members, cite, certainty, dated=(), notes=()):
    """dated: (code, "from"|"until", day); such a code is left out of the undated members."""
    special = {d[0] for d in dated}
    out = ["# " + n for n in notes]
    out.append('group %s "%s"' % (name, title))
    out += wrap("members", sorted(set(members) - special))
    for code, word, day in sorted(dated):
        out.append("  members %s %s %s" % (code, word, day))
    out.append('  cite "%s"' % cite)
    out.append("  certainty %s" % certainty)
    return "\n".join(out) + "\n"


HEAD = """# %s
# Written by tools/make_ear_tables.py from the eCFR of %s; mend the program, not this file.
"""

GROUP_TITLES = {
    "A:1": "Wassenaar participating states, with exceptions",
    "A:2": "Missile Technology Control Regime",
    "A:3": "Australia Group", "A:4": "Nuclear Suppliers Group",
    "A:5": "License Exception STA, paragraph (c)(1)",
    "A:6": "License Exception STA, paragraph (c)(2)",
    "B": "less restricted", "D:1": "national security", "D:2": "nuclear",
    "D:3": "chemical and biological", "D:4": "missile technology",
    "D:5": "U.S. arms embargoed countries", "E:1": "terrorist supporting countries",
    "E:2": "unilateral embargo"}

SUPP_742_4 = """AU AT BE BG CA HR CZ DK EE FI FR DE GR HU IS IE IT JP LV LT LU NL NZ NO PL PT RO
SK SI ES SE CH GB""".split()
SUPP_740_5A = "AU BE CA DK FI FR DE IE IT JP NL NZ NO KR ES SE TW GB US".split()


def make_groups(data):
    columns, _ = read_table(os.path.join(data, "country_groups_matrix_%s.csv" % EDITION))
    text = [HEAD % ("Country Groups: supplement no. 1 to part 740, and two lists of parts 740, 742",
                    EDITION),
            "# Hong Kong follows China (85 FR 83765). Macau has its own row: D:1, D:3, D:4, not"
            "\n# D:5; rules that reach it name it. Before %s the UAE was in D:3 and D:4, not in A:5"
            "\n# (91 FR 43034). Nicaragua: 89 FR 18780. Cambodia left D:5 when State lifted the"
            "\n# arms embargo on 2025-11-07 (the table here followed on 2026-02-03; State's list"
            "\n# controls: note 1 to D:5). Cyprus, in A:6 throughout, left D:5 between 2021 and the table of"
            "\n# %s, on a day that no text used here gives: it is left out.\n"
            % (UAE, EDITION)]
    for g, members in columns.items():
        dated = []
        members = set(members)
        if g == "A:5":
            dated.append(("AE", "from", UAE))
        if g in ("D:3", "D:4"):
            dated.append(("AE", "until", "2026-07-09"))
        if g in ("D:1", "D:5"):
            dated.append(("NI", "from", NICARAGUA))
        if g == "D:5":
            dated.append(("KH", "until", CAMBODIA_LAST))
        if g == "B":
            dated.append(("NI", "until", "2024-03-14"))
        text.append(group_text(g, "Country Group %s (%s)" % (g, GROUP_TITLES[g]), members,
                               "15 CFR 740 Supp. 1", "read", dated))
    text.append(group_text("742-supp-4", "SME exclusion countries (33)", SUPP_742_4,
                           "15 CFR 742 Supp. 4", "read"))
    text.append(group_text("740-supp-5a", "AIA destinations", SUPP_740_5A,
                           "15 CFR 740 Supp. 5(a)", "read"))
    return "\n".join(text)


def column_name(c):
    return c.replace(" ", "-")


def make_chart(data):
    columns, seen = read_table(os.path.join(data, "country_chart_matrix_%s.csv" % EDITION))
    text = [HEAD % ("The Commerce Country Chart: supplement no. 1 to part 738, a group per column",
                    EDITION),
            "# Hong Kong follows China. The chart has no row for Cuba, Iran, North Korea and"
            "\n# Syria (part 746, 742.8 to 742.19): they are in no column here, which is not to"
            "\n# say that nothing is controlled there. chart:no-row holds them and the territories"
            "\n# that have no row.\n"]
    for c, members in columns.items():
        text.append(group_text("chart:" + column_name(c),
                               "Country Chart, %s" % c.replace(" ", " Column "), members,
                               "15 CFR 738 Supp. 1", "read"))
    missing = (set(ISO.values()) - seen - {"US"}) | (set(NO_ROW) - set(US_TERRITORIES))
    text.append(group_text("chart:no-row", "No row of its own in the Country Chart", missing,
                           "15 CFR 738 Supp. 1", "inferred"))
    return "\n".join(text)


# ---------------------------------------------------------------------------- the CCL
PAR = r"[a-z](?:\.(?:\d+|[a-z]))*"
CONTINUED = r"(?:%s|\d+(?:\.(?:\d+|[a-z]))*)" % PAR


class Entry:
    def __init__(self, row):
        self.eccn = row["eccn"]
        self.row = row
        self.paragraphs = [i["paragraph"] for i in row.get("items", [])
                           if i["kind"] == "item" and i["paragraph"]]


def next_step(a):
    return str(int(a) + 1) if a.isdigit() else chr(ord(a) + 1)


def expand(first, last):
    """b.1, b.3 -> b.1 b.2 b.3; k, n -> k l m n; None when the two aren't of one series."""
    a, b = first.split("."), last.split(".")
    if len(b) == 1 and len(a) > 1 and b[0].isdigit() == a[-1].isdigit():
        b = a[:-1] + b
    if a[:-1] != b[:-1] or a[-1].isdigit() != b[-1].isdigit():
        return None
    out, step = [], a[-1]
    for _ in range(200):
        out.append(".".join(a[:-1] + [step]))
        if step == b[-1]:
            return out
        step = next_step(step)
    return None


def read_list(eccn, text):
    """([paragraphs], [exceptions]) when text is nothing but a list of this entry's paragraphs."""
    t = re.sub(r"\b%s\s*\.?\s*(?=[a-z]\b)" % eccn, "", text.strip().rstrip("."))
    t = re.sub(r"(?<![\w.])\.(?=[a-z])", "", t)          # ".x" -> "x"
    t = re.sub(r"\bz\. (?=\d)", "z.", t)
    t = re.sub(r"^(?:paragraphs?)\s+", "", t)
    t = re.sub(r"\s+(?:of this entry|only)$", "", t)
    t = re.sub(r"\s+and\s+", ", ", t.replace(", and ", ", ").replace(", or ", ", "))
    got, gone = [], []
    while t:
        m = re.match(r"(%s)(?:\s+(?:to|through)\s+(%s))?"
                     r"(?:\s+\(except ((?:%s)(?:, (?:%s))*)\))?(?:, *|$)"
                     % (PAR, CONTINUED, PAR, PAR), t)
        if not m or not m.group(0):
            return None
        if m.group(2):
            run = expand(m.group(1), m.group(2))
            if run is None:
                return None
            got += run
        else:
            got.append(m.group(1))
        if m.group(3):
            gone += m.group(3).split(", ")
        t = t[m.end():]
    return (got, gone) if got else None


LEAD = (r"(?:items|commodities|the items|those items|equipment|“software”|optical detectors|"
        r"cameras|genetic elements|microcircuits|pulse discharge capacitors)"
        r"\s+(?:in|controlled by|controlled in|described in|listed in)\s+")
LIMIT = r"\b(?:when|that|if|in the form|for|with|EXCEPT|except|which|having|being)\b"


def read_scope(eccn, control):
    """("codes", pars, excepts) | ("perhaps", pars): [] of paragraphs is the entire entry."""
    t = re.sub(r"^\s*Russian industry sector sanctions?", "XX", control)
    t = re.sub(r"^[A-Z]{2}\s+(?:appl(?:y|ies)\s+)?(?:to\s+)?", "", t.strip()).strip().rstrip(".")
    if re.match(r"^(?:the )?entire entry(?: \(refer to .*\))?$", t):
        return ("codes", [], [])
    m = re.match(r"^(?:the )?entire entry,? except (.*)$", t)
    if m:
        l = read_list(eccn, m.group(1))
        return ("codes", [], l[0]) if l and not l[1] else ("perhaps", [])
    l = read_list(eccn, re.sub("^" + LEAD, "", t))
    if l:
        return ("codes", l[0], l[1])
    return read_limited(eccn, t)


def read_limited(eccn, t):
    """A list of paragraphs under a condition: perhaps for them, if the row names nothing else."""
    body = re.sub("^" + LEAD, "", t)
    m = re.search(LIMIT, body)
    if not m:
        return ("perhaps", [])
    head, tail = body[:m.start()].strip().rstrip(",:("), body[m.start():]
    head = re.sub(r"\s*\(.*$", "", head).strip().rstrip(",")
    l = read_list(eccn, re.sub(r"^" + LEAD, "", head))
    if not l or l[1] or re.search(r"[;]| AND |\balso applies\b|\band (?:to|for)\b", tail):
        return ("perhaps", [])
    # Paragraphs that the tail names are those of the exceptions or conditions: inside the head.
    own = re.findall(r"\b%s\.(%s)" % (eccn, PAR), tail)
    return ("perhaps", l[0] + [p for p in own if not any((p + ".").startswith(q + ".")
                                                        for q in l[0])])


# Rows read by hand, because the general reader can't: (ECCN, start of the row) -> result.
BY_HAND = {
    ("3A001", "NS applies to “Monolithic"): [("perhaps", ["b.2", "b.3"])],
    ("3A001", "RS applies “Monolithic"): [("perhaps", ["b.2", "b.3"])],
    ("3A001", "MT applies to 3A001.a.1.a"): [("perhaps", ["a.1.a", "a.5.a"]),
                                             ("codes", ["z.2"], [])],
    ("3A001", "NP applies to pulse"): [("perhaps", ["e.2", "e.3"]), ("codes", ["z.3"], [])],
    ("1C010", "NP applies to 1C010.a"): [("perhaps", ["a", "b", "e.1"])],
    ("1A007", "NP applies to 1A007.b"): [("codes", ["b"], []), ("perhaps", ["a"])],
    ("1A231", "NP applies to entire entry AT"): [("codes", [], [])],
    ("6A002", "RS applies to 6A002.a.1"): [("codes", ["a.1", "a.2", "a.3", "c", "f"],
                                            ["a.3.d.2.a", "a.3.e"]),
                                           ("perhaps", ["a.3.d.2.a", "a.3.e"])],
    ("4A001", "NP applies, unless"): [("perhaps", [])],
}

PLACES = [  # (pattern in the chart cell, set)
    (r"742\.6\(a\)\(6\)\(iii\)\(A\)", "RS-742.6-a-6-iii-A"),
    (r"742\.6\(a\)\(6\)\(iii\)\(B\)", "RS-742.6-a-6-iii-B"),
    (r"742\.6\(a\)\(7\)", "RS-742.6-a-7"),
    (r"742\.4\(a\)\(5\)|742\.6\(a\)\(10\)", "W-worldwide"),
    (r"742\.6\(a\)\(11\)", "FN5-only"),
    (r"742\.6\(a\)\(12\).*additional information", "RS-742.6-a-12-PK"),
    (r"Macau .*742\.6\(a\)\(1[23]\)", "RS-742.6-a-12"),
    (r"worldwide.*742\.6\(a\)\(13\)", "RS-742.6-a-13"),
    (r"746\.1|764\.1\(b\) for UN", "UN-746.1"),
    (r"746\.8", "RU-746.8"),
    (r"to North Korea for anti-terrorism", "AT-742.19-KP"),
    (r"Iraq or Pakistan", "RS-746.3-IQ-PK"),
    (r"(?:reexport to|within) Iraq", "RS-746.3-IQ"),
    (r"742\.15", "EI"), (r"742\.13", "SL"), (r"742\.14", "SI"),
    (r"ALL destinations, except Canada", "CC-742.7-all-but-CA"),
]
SUPP_2_FULL = """1A290 1C990 1C996 1D993 2A290 2A291 2B992 2B999 2D290 3A991 3A992 3A999 3B991 3B992
3C992 3D991 4D993 5B991 5A992 5D992 6A991 6A993 6A995 6A996 6C992 7A994 7B994 7D994 7E994 8A992
8D992 8E992 9A012.a.1 9A991 9B990 9D991 9E991""".split()
SUPP_2_LIMITED = """1D999 1E994 2A991 2B991 2B996 3E991 4A994 4D994 5A991 5D991 5E991 9D001 9D002
9D004 9E001""".split()
SET_TITLES = {
    "RS-742.6-a-6-iii-A": "3A090.a family: RS, 742.6(a)(6)(iii)(A)",
    "RS-742.6-a-6-iii-B": "3A090.b family: RS, 742.6(a)(6)(iii)(B)",
    "HBM": "High Bandwidth Memory: RS, 742.6(a)(6)(i)(B)",
    "SME-D5": "Chipmaking equipment to Macau and D:5: 742.4(a)(4), 742.6(a)(6)(i)(A)",
    "W-worldwide": "Items controlled worldwide: 742.4(a)(5), 742.6(a)(10)",
    "FN5-only": "Items controlled to Footnote 5 entities: 742.6(a)(11)",
    "RS-742.6-a-7": "RS to China, Russia, Venezuela: 742.6(a)(7)",
    "RS-742.6-a-12": "RS to Macau and D:5: 742.6(a)(12), (13)",
    "RS-742.6-a-12-PK": "RS to Pakistan: 742.6(a)(12)",
    "RS-742.6-a-13": "RS worldwide: model weights, 742.6(a)(13)",
    "UN-746.1": "UN controls: 746.1(b)", "RU-746.8": "Russian industry sector sanctions: 746.8",
    "AT-742.19-KP": "AT to North Korea: 742.19", "RS-746.3-IQ": "RS to Iraq: 742.6, 746.3",
    "RS-746.3-IQ-PK": "RS to Iraq and Pakistan: 742.6, 746.3",
    "EI": "Encryption items: 742.15", "SL": "Surreptitious listening: 742.13",
    "SI": "Significant items: 742.14",
    "CC-742.7-all-but-CA": "CC to all destinations but Canada: 742.7",
    "CC-742.7-worldwide": "CC to all destinations: 742.7(a)(4), (6)",
    "other": "Items with a control that names no chart column and no place read here",
}
# Controls whose place is not decided by a column or by a set above: these are in `other` too.
ALSO_OTHER = ("EI", "SL", "SI", "CC-742.7-all-but-CA")


class Sets:
    """Name of a set -> codes, exceptions and undecided codes, gathered row by row."""

    def __init__(self):
        self.by = {}

    def add(self, name, eccn, result):
        s = self.by.setdefault(name, {"codes": set(), "except": set(), "perhaps": set()})
        pars = ["." + p for p in result[1]] or [""]
        if result[0] == "perhaps":
            s["perhaps"] |= {eccn + p for p in pars}
            return
        s["codes"] |= {eccn + p for p in pars}
        s["except"] |= {eccn + "." + p for p in result[2]}


def sets_of_cell(cell, control):
    """The sets that a chart cell names: columns, places, or `other`."""
    t = cell
    if re.match(r"^[A-Z]{2} applies", t) and re.search(r"[A-Z]{2} Column \d", t):
        t = " ".join(re.findall(r"[A-Z]{2} Column \d", t))
    cols = re.findall(r"([A-Z]{2}) Column (\d)", t)
    if cols:
        return ["%s-%s" % c for c in cols]
    if t.strip() == "Column 1.":
        return [control.strip()[:2] + "-1"]
    for pattern, name in PLACES:
        if re.search(pattern, t):
            return [name] + (["other"] if name in ALSO_OTHER else [])
    if re.search(r"Macau or a destination specified in Country Group D:5", t):
        if "3A090.c" in control or "(i)(B)" in t:
            return ["HBM"]
        return ["SME-D5"]
    return ["other"]


def rows_of(entry, sets):
    """Puts each row of the entry into its sets; returns the reasons for control that had a row."""
    had = set()
    for r in entry.row["countryChart"]:
        control = r["control"]
        had |= set(re.findall(r"\b([A-Z]{2}) appl", control))
        results = [read_scope(entry.eccn, control)]
        for (eccn, start), hand in BY_HAND.items():
            if eccn == entry.eccn and control.startswith(start):
                results = hand
        for name in sets_of_cell(r["countryChart"], control):
            for result in results:
                sets.add(name, entry.eccn, result)
    return had


# Controls whose rows are lost in the table used, as 742.6(a)(5) and 742.7(a) state them.
LOST_ROWS = {
    ("0A981", "CC"): "CC-742.7-worldwide", ("0A983", "CC"): "CC-742.7-worldwide",
    ("0A982", "CC"): "CC-742.7-all-but-CA", ("6A992", "RS"): "RS-746.3-IQ",
}
COLUMNS_OF = {"CB": 3, "NP": 2, "NS": 2, "MT": 1, "RS": 2, "FC": 1, "CC": 3, "AT": 2}


def missing_rows(entry, had, sets):
    """A reason for control without a row: it is there, its column isn't known."""
    heading = entry.row["heading"]
    elsewhere = "subject to the ITAR" in heading or "110" in heading and "10 CFR" in heading
    why = entry.row["reasonForControl"]
    for reason in sorted(set(re.findall(r"\b([A-Z]{2})(?![A-Z])", why or ""))):
        if reason in had:
            continue
        if (entry.eccn, reason) in LOST_ROWS:
            sets.add(LOST_ROWS[(entry.eccn, reason)], entry.eccn, ("codes", [], []))
            continue
        columns = COLUMNS_OF.get(reason, 0)
        for n in range(1, columns + 1):
            sets.add("%s-%d" % (reason, n), entry.eccn, ("perhaps", []))
        if not columns:
            sets.add("other", entry.eccn, ("perhaps", []))
    if not why and not entry.row["countryChart"] and not elsewhere:
        sets.add("other", entry.eccn, ("perhaps", []))


def read_ccl(data):
    path = os.path.join(data, "ccl_entries_%s.jsonl" % EDITION)
    with open(path, encoding="utf-8") as f:
        return [Entry(json.loads(line)) for line in f]


def gather(entries):
    sets = Sets()
    for e in entries:
        missing_rows(e, rows_of(e, sets), sets)
    # 742.6(a)(6)(i)(B) and (iii) name 3E001 (for 3A090 ...); its row is lost in the table here.
    for name in ("RS-742.6-a-6-iii-A", "RS-742.6-a-6-iii-B", "HBM", "W-worldwide"):
        sets.add(name, "3E001", ("perhaps", []))
    for name in ("EI", "CC-742.7-all-but-CA", "CC-742.7-worldwide"):
        for word, codes in sets.by[name].items():
            sets.by["other"][word] |= codes
    return sets


def set_text(name, title, s, cite, certainty="read"):
    out = ['codes %s "%s"' % (name, title)]
    for word in ("codes", "except", "perhaps"):
        out += wrap(word, sorted(s.get(word, ())))
    out.append('  cite "%s"' % cite)
    out.append("  certainty %s" % certainty)
    return "\n".join(out) + "\n"


def end_use_sets(entries):
    eccns = [e.eccn for e in entries]
    cat3 = [e for e in eccns if e[0] == "3" and e[1] in "BCDE"]
    return [
        ("all-CCL", "Every entry of the Commerce Control List", {"codes": eccns},
         "15 CFR 774 Supp. 1", "read"),
        ("cat3-BCDE", "Category 3, product groups B, C, D and E", {"codes": cat3},
         "15 CFR 744.23(a)(2)(ii)", "read"),
        ("744-supp-2", "Items of the military end use rule",
         {"codes": SUPP_2_FULL, "perhaps": SUPP_2_LIMITED}, "15 CFR 744 Supp. 2", "read"),
        ("sme-parents", "Equipment whose making 744.23(a)(4) reaches",
         {"codes": ["3B001", "3B002", "3B611", "3B903", "3B991", "3B992", "3B993", "3B994"],
          "except": ["3B001.g", "3B001.h", "3B991.b.2.a", "3B991.b.2.b"]},
         "15 CFR 744.23(a)(4)(i)", "read"),
        ("supercomputer-ics", "Integrated circuits of the supercomputer rule",
         {"codes": ["3A001", "3A991", "4A994", "5A002", "5A004", "5A992"]},
         "15 CFR 744.23(a)(1)(i)(A)", "read"),
        ("supercomputer-computers", "Computers of the supercomputer rule",
         {"codes": ["4A003", "4A004", "4A994", "5A002", "5A004", "5A992"]},
         "15 CFR 744.23(a)(1)(i)(B)", "read"),
        ("iraq-746.3-other", "Iraq, 746.3(a)(1): controls without a column (CW, EI, SI, SL, UN)",
         {"perhaps": iraq_other(entries)}, "15 CFR 746.3(a)(1)", "read"),
    ]


def iraq_other(entries):
    out = []
    for e in entries:
        rows = " ".join(r["control"] for r in e.row["countryChart"])
        why = (e.row["reasonForControl"] or "") + " " + rows
        if re.search(r"\b(?:CW|EI|SI|SL|UN)\b", why):
            out.append(e.eccn)
    return out


CCL_HEAD = """# The Commerce Control List: supplement no. 1 to part 774, a set of codes per control
# Written by tools/make_ear_tables.py from the eCFR of %s; mend the program, not this file.
#
# How a set is read, for an item's code X (a paragraph lies in the paragraphs above it):
#   yes      X lies in a code of `codes`, and in none of `except`
#   unknown  else, X lies in a code of `perhaps`; or X is an entry or paragraph that is wider than a
#            code of `codes` or `perhaps` (the item may lie in it), or wider than one of `except`
#   no       else
# ctl:NS-1 ... ctl:AT-2 belong to the columns of the Country Chart (chart:NS-1 ...). The other sets
# have their places in the paragraph that the title names. ctl:EI, ctl:SL, ctl:SI and the CC rows of
# 742.7(a)(4) to (6) are in ctl:other as well, which holds every control whose destinations
# aren't decided by a table here. Entries of another agency (ITAR, NRC) have no control here.
# The facts decide 3A090, 4A090 and the .z paragraphs, not a code that the shipper asserts.
# Iran, 746.7(a)(1): the items of ctl:CB-*, NP-*, NS-*, MT-1, RS-*, CC-*, AT-*: no set of its own.
# Iraq, 746.3(a)(1): ctl:NS-*, MT-1, NP-*, CB-*, RS-*, CC-*, and iraq-746.3-other.
"""


def make_ccl(data):
    entries = read_ccl(data)
    sets = gather(entries)
    text = [CCL_HEAD % EDITION]
    columns = ["%s-%d" % (k, n + 1) for k, top in COLUMNS_OF.items() for n in range(top)]
    for name in columns + list(SET_TITLES):
        if name not in sets.by:
            continue
        title = SET_TITLES.get(name)
        if not title:
            title = "Items controlled for %s" % name.replace("-", " Column ")
        text.append(set_text("ctl:" + name, title, sets.by[name], "15 CFR 774 Supp. 1"))
    left = set(sets.by) - set(columns) - set(SET_TITLES)
    if left:
        sys.exit("sets without a title: %s" % sorted(left))
    for args in end_use_sets(entries):
        text.append(set_text(*args))
    return "\n".join(text)


def main():
    data = sys.argv[1] if len(sys.argv) > 1 else os.path.join(ROOT, "..", "shared", "data",
                                                               "rules", "ear")
    os.makedirs(OUT, exist_ok=True)
    for name, make in (("groups", make_groups), ("chart", make_chart), ("ccl", make_ccl)):
        with open(os.path.join(OUT, name + ".rules"), "w", encoding="utf-8") as f:
            f.write(make(data))
    return 0


if __name__ == "__main__":
    sys.exit(main())
