#!/usr/bin/env python3
"""Random cases for the twin: facts near thresholds, days near rule dates, facts left out.

usage: tests/twin/generate.py [N] [SEED]      prints N cases as JSON Lines, the same for a seed"""
import json
import random
import sys
from datetime import date, timedelta

TPP = ["1500", "1599.999999", "1600", "1600.5", "2368", "2399.999999", "2400", "2640", "3000",
       "4799.999999", "4800", "4992", "5285", "15840", "20999.999999", "21000", "55432"]
DENSITY = ["0.5", "1.599999", "1.6", "2.9", "3.199999", "3.2", "4.5", "5.919999", "5.92", "12"]
DRAM = ["864", "3350", "4800", "6499.999999", "6500", "7700"]
IO = ["64", "400", "599.999999", "600", "900"]
MBD = ["1.5", "2", "2.000001", "3.0", "3.299999", "3.3", "3.5"]
SHARES = ["0", "0.10", "0.100001", "0.25", "0.250001", "0.60"]
DAYS = """2022-10-07 2022-10-21 2023-01-17 2023-11-17 2024-04-04 2024-09-06 2024-12-02 2024-12-31
2025-01-13 2025-05-13 2025-05-15 2025-09-29 2025-11-10 2026-01-15 2026-05-31 2026-07-10 2026-11-10
2027-04-06""".split()
KNOWN = """2022-12-01 2023-06-01 2023-12-15 2024-06-01 2024-10-15 2025-02-15 2025-07-01 2025-10-15
2025-12-15 2026-01-05 2026-03-01 2026-06-20 2026-08-01""".split()
PLACES = """CN CN CN CN HK MO VN SA SA IL QA JO PK IQ AE AE MY MY SG TW IN DE JP GB CA CH MX BR TR
KR ZA CY KZ UA RU BY VE MM KH ZW HT CU IR KP SY NI ET""".split()
HOMES = "CN CN MO HK RU IR DE US MY SG JP AE KZ".split()
CODES = """EAR99 EAR99 3A991.p 4A994.l 5A992.c 3A001.a.7 3A001.a.1.b 2B230 3B001.d.1 3B001.f.1
3B001.m 3B001.c.1.a 3B001.q 3B001.e 3B001.g 3B002.a 3B002.c 3B903 3B991 3B991.b.2.a 3B992
3B993.f.1 3B994 3C992 3A002.a""".split()
OTHER_CODES = """2B351 1C991.c 1A290 1A101 5A001.a 5A002 9E003.a.1 0A504.i 0A606.b 0A606.y 0A503
3A069 2A992 4E091 4D090 4D090 5A001.f.1""".split()
EDGES = [{"eccn": "3B001.c.1.a", "for": "production"}, {"eccn": "3B993.f.1", "for": "development"},
         {"class": "chipmaking_equipment", "for": "production"}, {"eccn": "3B001.g"},
         {"class": "supercomputer", "for": "use"}, {"eccn": "3B001.d.1", "for": "use"},
         {"class": "other", "for": "production"}, {"eccn": "EAR99", "for": "production"}]
FLAGS = ("supercomputer", "advanced_node_facility", "military",
         "model_training_for_wmd_or_military_intelligence", "semiconductor_equipment_development")
SUPP8 = ["Microsoft Corporation", "Core42 Technology Projects LLC d/b/a Core42"]
NOT_LISTED = {"entity_list": False}
SCOPES = ["All items subject to the EAR", "For items on the CCL and listed in supplement no. 7",
          "For all items subject to the EAR when used in projects specified in 746.8(a)(4)"]


def maybe(r, p, obj, key, value):
    if r.random() < p:
        obj[key] = value


def number(r, values, p_interval=0.08):
    """One of the values as it stands, or an interval between two."""
    if r.random() >= p_interval:
        return r.choice(values)
    a, b = sorted(r.sample(range(len(values)), 2), key=lambda i: float(values[i]))
    return {"min": values[a], "max": values[b]}


def chip_facts(r, form, day):
    facts = {"form": form, "encryption": False}
    whole = r.random() < 0.6
    tpp = number(r, TPP)
    if whole or r.random() < 0.85:
        if r.random() < 0.1 and isinstance(tpp, str):
            facts["formats"] = [{"bits": 16, "dense_tops": "%.9f" % (float(tpp) / 16)},
                                {"bits": 8, "dense_tops": "10"}]
        else:
            facts["tpp"] = tpp
    if whole or r.random() < 0.75:
        d = number(r, DENSITY)
        if r.random() < 0.5 or not isinstance(tpp, str) or not isinstance(d, str):
            facts["performance_density"] = d
        else:
            facts["die_area_mm2"] = "%.6f" % (float(tpp) / float(d))
    if whole or r.random() < 0.8:
        facts["datacenter"] = r.random() < 0.6
    if r.random() < 0.08:
        facts["encryption"] = True
    elif r.random() < 0.06:
        del facts["encryption"]
    maybe(r, 0.9 if day < "2023-11-17" else 0.5, facts, "io_bandwidth_gbps", number(r, IO))
    maybe(r, 0.8, facts, "dram_bandwidth_gbps", number(r, DRAM))
    return facts


def origin_of(r, item, kind):
    if kind == "export" or r.random() < 0.5:
        maybe(r, 0.9, item, "origin", r.choice(["US", "US", "TW"]))
        return
    maybe(r, 0.9, item, "origin", r.choice(["TW", "MY", "DE"]))
    maybe(r, 0.75, item, "us_content_share", number(r, SHARES, 0.1))
    if r.random() < 0.75:
        item["made_with"] = {"us_technology": r.choice([[], ["3E001"]]),
                             "us_plant": r.random() < 0.5}


def edges_of(r):
    """One edge or two; the first may lead on to another tier."""
    out = [dict(e) for e in r.sample(EDGES, r.choice([1, 1, 2]))]
    if r.random() < 0.4:
        out[0]["designed_for"] = [dict(r.choice(EDGES))]
    return out


def other_item(r, item):
    """An entry outside computing, for the columns and controls that computing has nothing of."""
    code = item["eccn"] = r.choice(OTHER_CODES)
    item["facts"] = {"form": "equipment"}
    if code[2] == "E" or code[1] == "E":
        item["facts"] = {"form": "technology", "published": False}
    if code == "4D090":
        item["facts"] = {"form": "software", "published": False}
        maybe(r, 0.8, item, "designed_for", [{"eccn": r.choice(["4A090.a", "4A090.b", "4A994"])}])
    if code == "4E091":
        item["facts"]["training_operations"] = r.choice(["1" + "0" * 26, "9" * 26, "2" + "0" * 26])
    if code == "5A002":
        item["facts"]["encryption"] = True


def make_item(r, kind, day):
    what = r.choices(("ic", "board", "computer", "hbm", "code", "bare", "other"),
                     (30, 22, 8, 9, 25, 3, 3))[0]
    if what == "other" and kind != "export":
        what = "code"
    item = {"part": "item %d" % r.randrange(1000), "quantity": r.choice([1, 8, 20000])}
    if what in ("ic", "board"):
        item["facts"] = chip_facts(r, what, day)
        maybe(r, 0.6, item, "eccn", "3A991.p" if what == "ic" else "4A994.l")
    elif what == "computer":
        item["facts"] = {"form": "computer", "encryption": False, "datacenter": r.random() < 0.6}
        inner = [{"part": "die", "quantity": 2, "facts": chip_facts(r, "ic", day)}
                 for _ in range(r.choice([1, 1, 2]))]
        for x in inner:
            x["facts"]["datacenter"] = item["facts"]["datacenter"]
            for k in ("io_bandwidth_gbps", "dram_bandwidth_gbps"):
                x["facts"].pop(k, None) if day >= "2023-11-17" else None
        item["contains"] = inner
        maybe(r, 0.6, item, "eccn", "4A994.l")
    elif what == "hbm":
        item["facts"] = {"form": "hbm_stack", "encryption": False}
        maybe(r, 0.85, item["facts"], "memory_bandwidth_density", number(r, MBD))
        maybe(r, 0.6, item, "eccn", "3A991")
    elif what == "code":
        code = r.choice(CODES)
        # Chipmaking codes had other shapes before 2024-12: those days are left to the chips.
        if code.startswith("3B") and day < "2025-01-01":
            code = "EAR99"
        item["eccn"] = code
        if code == "EAR99":
            maybe(r, 0.3, item, "hts", r.choice(["8471.50", "8473.30.11", "854231", "8544.42.9000",
                                                 "010121"]))
        item["facts"] = {"form": "equipment" if code[:2] in ("2B", "3B") else "part"}
        if code in ("4A994.l", "5A992.c"):
            item["facts"] = {"form": "board", "encryption": False, "tpp": "800",
                             "datacenter": True}
        elif code == "3A991.p" or code.startswith("3A001"):
            item["facts"] = {"form": "ic", "encryption": False, "tpp": "20", "datacenter": False}
    elif what == "other":
        other_item(r, item)
    else:
        item["facts"] = {"form": "part"}
    origin_of(r, item, kind)
    if what in ("ic", "board", "code") and day >= "2025-01-01":
        maybe(r, 0.06, item, "designed_for", edges_of(r))
    if kind == "reexport" and item.get("eccn") in ("3B001.d.1", "3B002.c"):
        maybe(r, 0.4, item, "contains", [{"part": "controller", "quantity": 1, "eccn": "3A991",
                                         "facts": {"form": "ic", "tpp": "20"}, "origin": "US"}])
    return item


def owners_of(r):
    way = r.random()
    if way < 0.25:
        return []
    share = r.choice(["0.4999", "0.50", "0.51", "0.30"])
    top = {"name": "Holder", "share": share,
           "listed": {"entity_list": r.random() < 0.7}}
    if r.random() < 0.25:
        top["listed"] = {"entity_list": False}
        top["owners"] = [{"name": "Upper", "share": r.choice(["0.49", "0.5", "0.6"]),
                          "listed": {"entity_list": True}},
                         {"name": "Person", "share": "0.4", "listed": NOT_LISTED}]
    if r.random() < 0.1:
        del top["listed"]
    if r.random() < 0.2:
        top["listed"] = {r.choice(("military_end_user", "sdn")): True}
    other = {"name": "Li Wen", "share": "%.4f" % (1 - float(share)),
             "listed": {"entity_list": r.random() < 0.1}}
    return [top, other] if way < 0.85 else [top]


def listing(r):
    way = r.random()
    if way < 0.82:
        return dict(NOT_LISTED)
    if way < 0.87:
        return None
    if way < 0.93:
        out = {"entity_list": True, "footnote": r.choice([[], [], [1], [3], [4], [5]])}
        if not out["footnote"] and r.random() < 0.3:
            out["scope"] = r.choice(SCOPES)
        return out
    return {"entity_list": False, r.choice(["denied_person", "unverified", "military_end_user",
                                            "military_intelligence_end_user", "sdn"]): True}


def make_party(r, role, country, day):
    p = {"role": role, "name": "Company %d" % r.randrange(10000), "country": country}
    home = country if r.random() < 0.75 else r.choice(HOMES)
    maybe(r, 0.93, p, "headquarters", home)
    if r.random() < 0.93:
        up = home if r.random() < 0.85 else r.choice(HOMES)
        p["ultimate_parent"] = {"name": "Parent", "headquarters": up}
    l = listing(r)
    if l is not None:
        p["listed"] = l
    near = "2025-09-20" <= day <= "2025-11-20" or day >= "2026-11-01"
    maybe(r, 0.85 if near else 0.2, p, "owners", owners_of(r))
    if country == "AE" and r.random() < 0.5:
        p["name"] = r.choice(SUPP8)
        p["headquarters"] = "US" if p["name"].startswith("Micro") else "AE"
        p["ultimate_parent"] = {"name": p["name"], "headquarters": p["headquarters"]}
    return p


def make_parties(r, source, to, day):
    out = [{"role": "exporter", "name": "Prairie Systems Inc", "country": source,
            "headquarters": source, "ultimate_parent": {"name": "P", "headquarters": source},
            "listed": dict(NOT_LISTED)}]
    if r.random() < 0.05:
        out[0]["listed"] = {"denied_person": True} if r.random() < 0.5 else dict(NOT_LISTED)
    user = make_party(r, "end_user", to, day)
    if r.random() < 0.6:
        consignee = json.loads(json.dumps(dict(user, role="ultimate_consignee")))
    else:
        consignee = make_party(r, "ultimate_consignee", to, day)
    out += [consignee, user]
    if r.random() < 0.1:
        out.append(make_party(r, "purchaser", r.choice([to, "SG", "CN"]), day))
    return out


def end_use(r):
    use = {f: False for f in FLAGS}
    if r.random() < 0.25:
        use[r.choice(FLAGS[:3] + FLAGS[4:])] = True
    if r.random() < 0.15:
        del use[r.choice(FLAGS)]
    if r.random() < 0.04:
        use["ic_facility_node_unknown"] = True
        use.pop("advanced_node_facility", None)
    if r.random() < 0.03:
        use["military_intelligence"] = True
        use["military"] = True
    if r.random() < 0.015:
        # Training that is denied would deny this too, where it is left out (the contract).
        use["wmd"] = use["model_training_for_wmd_or_military_intelligence"] = True
    elif r.random() < 0.015:
        use["model_training_for_wmd_or_military_intelligence"] = True
        use["wmd"] = use["military_intelligence"] = False
    return use


def leads_to(edges, test):
    return any(test(e) or leads_to(e.get("designed_for") or [], test) for e in edges)


# ------------------------------------------------------------------ corners seldom met by chance
TECHNOLOGY = "3E001 3E001 3D001 4E001 4D001 4D090 3E991 3E992 3D992 EAR99 5E992".split()
ENDS = {"3": """3A090.a 3A090.b 3A090.c 3A001.a.7 3A001.b.2 3A001.z.1.b 3A991 3B001.d.1 3B001.q
3B001.c.1.a""".split(), "4": "4A090.a 4A090.b 4A994 4A003.z.1.a 4A003.b".split(),
        "5": "5A992.z.1 5A992.z.2 5A992.c".split(), "E": ["EAR99", "3A991"]}
FN5_CODES = "3B991 3B992 3B993.f.1 3B994 3B001.e 3B002.a 3B903 3B991.b.2.a".split()
MAKERS = "MY CN JP KR DE NL TW MX".split()
OWNED_DAYS = ["2025-09-28", "2025-09-29", "2025-10-10", "2025-11-09", "2025-11-10", "2026-11-12"]
WINDOW_2023 = ["2023-11-16", "2023-11-17", "2023-12-20", "2024-02-01", "2024-04-03", "2024-04-04"]


def homed(r, t, homes):
    """The end user and the consignee are headquartered in one of the homes."""
    for p in t["parties"][1:]:
        p["headquarters"] = r.choice(homes)
        p["ultimate_parent"] = {"name": "Parent", "headquarters": p["headquarters"]}


def note_1(r, case, t):
    """Note 1 to 3A090.a: what a fabricator or OSAT company has to presume."""
    case["as_of"] = r.choice(["2025-01-15", "2025-01-16", "2025-06-01", "2026-08-15", "2027-02-01"])
    facts = chip_facts(r, "ic", case["as_of"])
    maybe(r, 0.9, facts, "maker_role", r.choice(["foundry", "foundry", "osat", "designer"]))
    maybe(r, 0.8, facts, "node_nm", r.choice(["3", "7", "16", "16.000001", "28"]))
    maybe(r, 0.5, facts, "non_planar", r.random() < 0.4)
    maybe(r, 0.5, facts, "transistor_count",
          r.choice(["29999999999", "30000000000", "54000000000"]))
    maybe(r, 0.4, facts, "contains_hbm", r.random() < 0.5)
    t["items"] = [{"part": "die", "quantity": 8, "facts": facts, "origin": "TW"}]
    maybe(r, 0.7, t["items"][0], "eccn", "3A991.p")
    if t["kind"] != "export":
        t["items"][0]["made_with"] = {"us_technology": [], "us_plant": True}


def technology(r, case, t):
    """Software and technology, of what it is for; released to a person too."""
    if case["as_of"] < "2025-01-01":
        case["as_of"] = r.choice(["2025-01-12", "2025-01-13", "2025-05-20", "2026-08-15"])
    code = r.choice(TECHNOLOGY)
    form = "software" if code[1] == "D" else "technology"
    item = {"part": "files", "quantity": 1, "eccn": code, "origin": "US",
            "facts": {"form": form, "published": False, "encryption": False}}
    if r.random() < 0.1:
        item["facts"]["published"] = True
    elif r.random() < 0.1:
        del item["facts"]["published"]
    maybe(r, 0.8, item, "designed_for",
          [{"eccn": c} for c in r.sample(ENDS[code[0]], r.choice([1, 1, 1, 2]))])
    t["items"] = [item]
    if r.random() < 0.3:       # made abroad, with what came from here or not
        elsewhere(r, t, [code])
        del t["items"][0]["facts"]
        t["items"][0] = dict(item, origin=t["items"][0]["origin"], us_content_share="0")
        maybe(r, 0.9, t["items"][0], "made_with",
              {"us_technology": r.choice([[], ["3D001"], ["3E001"]]),
               "us_plant": r.random() < 0.2})
    elif t["kind"] == "transfer_in_country" or r.random() < 0.5:
        t["kind"], t["from"] = "export", "US"
        t["parties"][0].update(country="US", headquarters="US")
        t["parties"][0]["ultimate_parent"]["headquarters"] = "US"
    if t["kind"] == "export" and r.random() < 0.3 and \
            t["to"] not in ("CU", "IR", "KP", "SY", "UA", "IQ"):
        t["kind"] = "deemed_export"
        person = next(p for p in t["parties"] if p["role"] == "end_user")
        t["parties"] = t["parties"][:1] + [dict(person, role="deemed_recipient")]


def elsewhere(r, t, codes):
    """A foreign item on its way from one country to another, or within one."""
    t["kind"] = r.choice(["reexport", "reexport", "transfer_in_country"])
    maker = r.choice(MAKERS)
    t["from"] = maker if t["kind"] == "reexport" else t["to"]
    t["parties"][0].update(country=t["from"], headquarters=r.choice([maker, maker, "CN", "JP"]))
    t["parties"][0]["ultimate_parent"]["headquarters"] = r.choice([maker, maker, "CN", "JP"])
    t["items"] = [{"part": "tool", "quantity": 1, "eccn": r.choice(codes), "origin": maker,
                   "facts": {"form": "equipment"}, "us_content_share": r.choice(["0", "0.1"])}]


def us_person(r, case, t):
    """744.6(b) and (c): support of what is not subject to the EAR."""
    t["to"] = r.choice(["CN", "CN", "MO", "HK", "KH", "MM", "RU", "MY"])
    elsewhere(r, t, ["EAR99", "3B991", "3B001.d.1", "3B002.c", "3C992", "3A991.p"])
    t["items"][0].update(us_content_share="0",
                         made_with={"us_technology": [], "us_plant": False},
                         contains=[{"part": "seal", "quantity": 1, "facts": {"form": "part"},
                                    "eccn": "EAR99", "origin": t["items"][0]["origin"],
                                    "made_with": {"us_technology": [], "us_plant": False}}])
    t["us_person_support"] = r.choice([True, {"natural_person": r.random() < 0.5,
                                              "employer_headquarters": r.choice(HOMES)}])
    homed(r, t, ["CN", "CN", "MO", "DE", "MY"])
    t["end_use"]["advanced_node_facility"] = r.random() < 0.6
    if r.random() < 0.3:
        t["end_use"].pop("advanced_node_facility")
        t["end_use"]["ic_facility_node_unknown"] = r.random() < 0.8
    for p in t["parties"]:
        p["country"] = t["to"] if p["role"] != "exporter" else p["country"]


def footnote_5(r, case, t):
    """744.11(a)(2)(v): equipment that is subject by its making alone."""
    case["as_of"] = r.choice(["2024-12-01", "2024-12-02", "2025-03-01", "2026-08-15"])
    t["to"] = r.choice(["CN", "CN", "HK", "MY"])
    elsewhere(r, t, FN5_CODES)
    maybe(r, 0.9, t["items"][0], "made_with",
          {"us_technology": r.choice([[], [], ["3E001"]]), "us_plant": r.random() < 0.5})
    maybe(r, 0.5, t["items"][0], "contains",
          [{"part": "controller", "quantity": 1, "eccn": "3A991", "origin": r.choice(["US", "TW"]),
            "facts": {"form": "ic", "tpp": "20"},
            "made_with": {"us_technology": [], "us_plant": r.random() < 0.5}}])
    user = next(p for p in t["parties"] if p["role"] == "end_user")
    if r.random() < 0.5:
        user["listed"] = {"entity_list": True, "footnote": [5]}
    else:
        t["end_use"]["advanced_node_facility"] = True
    user["country"] = t["to"]


def owned(r, case, t):
    """The 50 percent rule in force, before and after; owners of the other two lists."""
    case["as_of"] = r.choice(OWNED_DAYS)
    code = r.choice(["3A991.p", "5A992.c", "3B992", "1A290", "EAR99", "4A994.l"])
    t["items"] = [{"part": "thing", "quantity": 1, "eccn": code, "origin": "US",
                   "facts": {"form": "part"}}]
    if code in ("4A994.l", "5A992.c"):
        t["items"][0]["facts"] = {"form": "board", "tpp": "800", "datacenter": True,
                                  "encryption": False}
    elif code == "3A991.p":
        t["items"][0]["facts"] = {"form": "ic", "tpp": "20", "datacenter": False}
    for p in t["parties"][1:]:
        p["listed"] = dict(NOT_LISTED)
        p["owners"] = owners_of(r)
        for o in p["owners"][:1]:
            if r.random() < 0.6:
                o.pop("owners", None)
                o["listed"] = {r.choice(["military_end_user", "sdn", "entity_list"]): True}


def pakistan(r, case, t):
    t["to"] = "PK"
    code = r.choice(["2A992", "3A992", "3A999", "2B999.b", "3A069"])
    t["items"] = [{"part": "gear", "quantity": 1, "eccn": code, "origin": "US",
                   "facts": {"form": "equipment"}}]
    if t["kind"] == "transfer_in_country":
        t["from"] = "PK"
    for p in t["parties"][1:]:
        p["country"] = "PK"


def unverified(r, case, t):
    for p in t["parties"][1:]:
        if r.random() < 0.6:
            p["listed"] = {"unverified": True}
        elif r.random() < 0.2:
            p.pop("listed", None)


def first_nac(r, case, t):
    """The single License Exception NAC of 2023."""
    case["as_of"] = r.choice(WINDOW_2023)
    for item in t["items"]:
        facts = item.get("facts") or {}
        if facts.get("form") in ("ic", "board"):
            facts["datacenter"] = r.random() < 0.2


def go_betweens(r, case, t):
    """An intermediate consignee, a forwarder, a customer of computing as a service."""
    place = r.choice([t["to"], "SG", "HK", "MY", "CN"])
    role = r.choice(["intermediate_consignee", "forwarder", "iaas_customer"])
    t["parties"].append(make_party(r, role, place, case["as_of"]))
    if role == "iaas_customer" and r.random() < 0.5:
        t["end_use"]["model_training_for_wmd_or_military_intelligence"] = True
        t["end_use"]["wmd"] = t["end_use"]["military_intelligence"] = False


CORNERS = ((note_1, 4), (technology, 6), (us_person, 3), (footnote_5, 3), (owned, 3), (pakistan, 1),
           (unverified, 2), (first_nac, 3), (go_betweens, 5))


def corner(r, case, t):
    to = t["to"]
    some_corner(r, case, t)
    for p in t["parties"]:
        if t["to"] != to and p["role"] != "exporter":
            p["country"] = t["to"]


def grounds(r, t):
    """What may make a license exception of the way it goes."""
    way = r.random()
    if way < 0.03:
        t["temporary"] = {"kind": r.choice(["repair", "repair", "test", "exhibition",
                                            "tools_of_trade"])}
        for key, p in (("order_received", 0.08), ("stays_abroad", 0.08), ("for_lease", 0.08),
                       ("effective_control", 0.9)):
            maybe(r, 0.95, t["temporary"], key, r.random() < p)
    elif way < 0.06:
        t["us_government"] = {"kind": r.choice(["official_use", "official_use", "contract",
                                                "microelectronics"])}
        for key in ("solely_official", "contract_provides", "to_us_person"):
            maybe(r, 0.95, t["us_government"], key, r.random() < 0.9)
    elif way < 0.08 or way < 0.4 and any((i.get("facts") or {}).get("form") in (
            "software", "technology") for i in t["items"]):
        t["technology_support"] = {"kind": r.choice(["operation", "update"])}
        for key, p in (("original_authorized", 0.9), ("minimum_necessary", 0.9),
                       ("object_code", 0.9), ("same_consignee", 0.9), ("enhances", 0.1)):
            maybe(r, 0.95, t["technology_support"], key, r.random() < p)


def some_corner(r, case, t):
    way = r.random() * 100
    for change, share in CORNERS:
        if way < share:
            change(r, case, t)
            return
        way -= share


def agree(r, t):
    """What a chain says, the end use doesn't deny: it says so too, or is silent."""
    for item in t["items"]:
        edges = item.get("designed_for") or []
        for flag, test in (
                ("semiconductor_equipment_development",
                 lambda e: e.get("for") in ("production", "development") and
                 (e.get("eccn", "")[:2] == "3B" or e.get("class") == "chipmaking_equipment")),
                ("supercomputer", lambda e: e.get("class") == "supercomputer")):
            if leads_to(edges, test) and not t["end_use"].get(flag):
                if r.random() < 0.5:
                    t["end_use"][flag] = True
                else:
                    t["end_use"].pop(flag, None)


def make_case(r, n):
    day = date.fromisoformat(r.choice(DAYS)) + timedelta(
        days=r.choice([-1, 0, 0, 1, r.randrange(-40, 40)]))
    if r.random() < 0.45:
        day = date(2026, 7, 10) + timedelta(days=r.randrange(0, 110))
    day = day.isoformat()
    kind = r.choices(("export", "reexport", "transfer_in_country"), (75, 18, 7))[0]
    to = r.choice(PLACES)
    if kind == "transfer_in_country" and to in ("CU", "IR", "KP", "SY", "IQ"):
        to = "CN"          # 746.2 to 746.7 speak of exports and reexports
    source = "US" if kind == "export" else r.choice(["TW", "MY", "DE", "JP"]) \
        if kind == "reexport" else to
    t = {"kind": kind, "from": source, "to": to, "items": [make_item(r, kind, day)],
         "parties": make_parties(r, source, to, day), "end_use": end_use(r),
         "us_person_support": False, "notices": []}
    if r.random() < 0.06:
        t["items"].append(make_item(r, kind, day))
    if r.random() < 0.06:
        t["replacement"] = {k: r.random() < p for k, p in
                            (("original_authorized", 0.9), ("improves", 0.1),
                             ("free_of_charge", 0.9), ("within_warranty", 0.8),
                             ("same_exporter", 0.8)) if r.random() < 0.95}
        maybe(r, 0.95, t["replacement"], "kind", r.choice(["part", "defective", "serviced"]))
    if to == "UA":
        maybe(r, 0.7, t, "occupied_ukraine", r.random() < 0.5)
    if r.random() < 0.1:
        del t["us_person_support"]
    elif r.random() < (0.15 if kind == "export" else 0.3):
        t["us_person_support"] = r.choice([True, {"natural_person": True,
                                                  "employer_headquarters": r.choice(HOMES)}])
    maybe(r, 0.5, t, "certifications", {"748_dd": r.random() < 0.7})
    if r.random() < 0.5:
        t["hbm"] = {k: r.random() < 0.8 for k in ("buyer_is_designer", "ships_to_packaging_site",
                                                  "finished_item_below_3A090")}
    if r.random() < 0.05:
        t["notices"] = [{"kind": "is_informed", "date": r.choice([day, "2025-04-09"]),
                         "applies_to": {"part": t["items"][0]["part"]}, "to": ["CN", "MO", to],
                         "conclusion": "license_required", "cite": "15 CFR 744.23(b)"}]
    case = {"id": "random-%d" % n, "as_of": day, "known": "2026-11-24",
            "mode": "codified" if r.random() < 0.15 else "enforced", "transaction": t}
    corner(r, case, t)
    grounds(r, t)
    agree(r, t)
    if r.random() < 0.02 and t["kind"] != "deemed_export":
        del t[r.choice(["to", "parties", "items", "kind"])]
    if r.random() < 0.12:
        case["known"] = r.choice(KNOWN)
    # Whether a notice later than `known` binds is left to the contract's own tests.
    t["notices"] = [x for x in t["notices"] if x["date"] <= case["known"]]
    return case


def cases(count, seed):
    r = random.Random(seed)
    return [make_case(r, n) for n in range(count)]


if __name__ == "__main__":
    for c in cases(int(sys.argv[1]) if len(sys.argv) > 1 else 2000,
                   int(sys.argv[2]) if len(sys.argv) > 2 else 1):
        print(json.dumps(c))
