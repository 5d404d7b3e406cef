#!/usr/bin/env python3
"""The twin: a second, slow and independent reading of the EAR for advanced computing items.

Written from the law's text and the contract, sharing nothing with the program under test.  It
enumerates worlds: a fact that a case leaves out takes, one after another, every value that could
matter (both truths; numbers at and just under each threshold), and only when a rule asks for it.
A verdict is what holds in every world.  Numbers are whole multiples of 10^-12, and quotients are
fractions of them; what a fact's value is decides only which of a rule's cells it is in, so that
values of the same cells stand for one world.

usage: tests/twin/twin.py FILE...   JSON Lines of cases (or of {"case", "expect"}): prints answers
       tests/twin/twin.py --check FILE   compares with `expect`, as the shared cases give it

Invariants
1. Where this reading is not sure of a policy, it says SKIP and nothing is compared.
2. Countries come from the tables below, restated from supplement no. 1 to parts 738 and 740."""
import functools
import json
import re
import sys
from datetime import date
from fractions import Fraction

ONE = 10 ** 12            # the unit of numbers


@functools.lru_cache(maxsize=65536)
def number(text):
    """A decimal, exactly, in units of 1 / ONE."""
    v = Fraction(text) * ONE
    if v.denominator != 1:
        raise NotCovered("a number of more than 12 decimals")
    return int(v)


EPS = ONE // 10 ** 9
MAX_WORLDS = 60000
MAX_EAR99_DESTINATIONS = ("RU", "BY", "IR", "SY", "UA", "KP")


class TooMany(Exception):
    """More worlds than the named limit."""


class NotCovered(Exception):
    """The case needs a rule that the twin doesn't hold."""


# ------------------------------------------------------------------ places (edition 2026-07-23)
D1 = set("AM AZ BY MM KH CN HK GE IQ KZ KP KG LA LY MO MD MN NI RU TJ TM UZ VE VN YE".split())
D4 = set("BH BY CN HK EG IR IQ IL JO KP KW LB LY MO OM PK QA RU SA SY VE YE".split())
D5 = set("AF BY MM CF CN HK CD CU ER HT IR IQ KP LB LY NI RU SO SS SD SY VE ZW".split())
A1 = set("""AR AU AT BE BG CA HR CZ DK EE FI FR DE GR HU IS IN IE IT JP KR LV LT LU MX NL NZ NO PL
PT RO SK SI ZA ES SE CH TR GB US""".split())
A5 = A1 - {"MX", "ZA", "US"}                # and the UAE from its day
A6 = set("AL CY IL MT MX SG ZA TW".split())
E = {"IR", "KP", "SY", "CU"}
INTELLIGENCE = ("BY", "MM", "KH", "CN", "HK", "RU", "VE") + tuple(sorted(E))   # 744.22(a)
SUPP5A = set("AU BE CA DK FI FR DE IE IT JP NL NZ NO KR ES SE TW GB US".split())
SUPP4_742 = A5 - {"AR", "IN", "KR", "TR"}   # 33 countries
SUPP3_744 = set("""AU AT BE CA DK FI FR DE GR IS IE IT SM VA JP LU NL NZ NO PT ES SE TR
GB""".split())
# Supplement no. 3 to part 746: all but Taiwan before October 2022, where the cases begin.
COALITION_2022 = set("""AT AU BE BG CA CH CY CZ DE DK EE ES FI FR GB GR HR HU IE IS IT JP KR LI LT
LU LV MT NL NO NZ PL PT RO SE SI SK""".split())
# Of supplement no. 4 to part 746, what the generator names.
SUPP4_746 = {"847150", "847330", "854231", "854442"}
SUPP8_B = {"Group 42 Holding Ltd d/b/a G42", "Core42 Technology Projects LLC d/b/a Core42"}
SUPP8_C = {"Amazon.com, Inc", "Apple, Inc", "Google LLC", "Meta Platforms, Inc",
           "Microsoft Corporation", "OpenAI Group PBC", "Oracle Corporation", "X.AI LLC"}


def d5m(c):
    return c == "MO" or c in D5


# ------------------------------------------------------------------ worlds
class World:
    """One run's choices; a fact is chosen when first asked, and kept for that run."""

    def __init__(self, prefix):
        self.prefix, self.taken, self.value = prefix, [], {}

    def pick(self, key, domain):
        if key in self.value:
            return self.value[key]
        n = len(self.taken)
        i = self.prefix[n] if n < len(self.prefix) else 0
        self.taken.append((i, len(domain)))
        self.value[key] = domain[i]
        return domain[i]

    def truth(self, key, given):
        return given if given is not None else self.pick(key, (False, True))


def worlds(run, settled=lambda out: False):
    """Every outcome of run(world), by depth-first enumeration of the choices it makes; it ends
    early where `settled` says that no further world can change the answer."""
    prefix, out = [], []
    for _ in range(MAX_WORLDS):
        w = World(prefix)
        out.append(run(w))
        if settled(out):
            return out
        taken = w.taken
        while taken and taken[-1][0] + 1 == taken[-1][1]:
            taken.pop()
        if not taken:
            return out
        prefix = [i for i, _ in taken[:-1]] + [taken[-1][0] + 1]
    raise TooMany()


# ------------------------------------------------------------------ numbers
HUGE = 10 ** 12 * ONE


def interval(v):
    """None, or (low, high); a number is both ends."""
    if v is None:
        return None
    if isinstance(v, dict):
        return (number(str(v.get("min", 0))), number(str(v["max"])) if "max" in v else HUGE)
    n = number(str(v))
    return (n, n)


def hull(a, b):
    if a is None or b is None:
        return a or b
    return (min(a[0], b[0]), max(a[1], b[1]))


def points(iv, thresholds, top=10 ** 7 * ONE):
    """Values that stand for an interval: its ends, each threshold and what is just beside it."""
    lo, hi = iv if iv is not None else (0, top)
    if lo == hi:
        return [lo]
    out = {lo, hi}
    for t in thresholds:
        if lo - EPS <= t <= hi + EPS:
            out |= {v for v in (t, t - EPS, t + EPS) if lo <= v <= hi}
    return sorted(out)


def cells(values, sign):
    """One value of each cell: those of which `sign` says the same are in one."""
    seen = {}
    for v in values:
        seen.setdefault(sign(v), v)
    return list(seen.values())


TPP = [number("1600"), number("2400"), number("4800"), number("21000")]
TPP_A2, TPP_B1, TPP_A1, TPP_WINDOW = TPP
IO_2022 = number("600")
DENSITY = [number("1.6"), number("3.2"), number("5.92")]
DENSITY_B1, DENSITY_B2, DENSITY_A2 = DENSITY
HBM_IS, HBM_BELOW = number("2"), number("3.3")
LPP_YEAR = number("26900000")
TENTH, QUARTER, HALF = number("0.1"), number("0.25"), number("0.5")
DRAM_WINDOW = number("6500")


def chip_tpp(facts):
    iv = interval(facts.get("tpp"))
    if facts.get("formats"):
        top = max(number(str(x["bits"])) * number(str(x["dense_tops"]))
                  for x in facts["formats"])
        top = Fraction(top, ONE)
        top = int(top) if top.denominator == 1 else top
        iv = hull(iv, (top, top))
    return iv


def density_range(facts, tpp):
    """(low, high) of the density at this TPP, None when nothing is given, "none" for no die."""
    iv = interval(facts.get("performance_density"))
    die = interval(facts.get("die_area_mm2"))
    if die is not None:
        if die[1] == 0:
            return "none"
        low = Fraction(tpp * ONE, die[1])
        high = Fraction(tpp * ONE, die[0]) if die[0] > 0 else Fraction(10 ** 6 * ONE)
        iv = hull(iv, (low, max(high, low)))
    return iv


def dense_sides(facts, tpp):
    """The sides, (a, b), that the density may put a data-center chip of this TPP on."""
    iv = density_range(facts, tpp)
    if iv == "none":
        return ((False, False),)
    low = DENSITY_B1 if tpp >= TPP_B1 else DENSITY_B2
    return tuple(dict.fromkeys((pd >= DENSITY_A2, low <= pd < DENSITY_A2)
                               for pd in points(iv, DENSITY, 10 ** 4 * ONE)))


def tpp_cells(facts, year, share=None):
    """What the TPP of these facts may be, in `year`'s form of 3A090: a value of each cell, and the
    sides that the density leaves open there.  `share`: LPP's limit for one of them."""
    edges = interval(facts.get("die_area_mm2")) or ()
    limits = TPP + [Fraction(e * t, ONE) for e in edges for t in DENSITY]
    limits = [int(x) if Fraction(x).denominator == 1 else x for x in limits]
    out = {}
    for v in points(chip_tpp(facts), limits + ([share] if share else [])):
        sides = None
        if year == 2023 and TPP_A2 <= v < TPP_A1:
            sides = dense_sides(facts, v)
        sign = (v >= TPP_A2, v >= TPP_A1, v >= TPP_WINDOW, share is not None and v > share, sides)
        out.setdefault(sign, (v, sides))
    return list(out.values())


def item_tpp(w, n, item, c):
    """The TPP of top item n: of the same cell wherever it is asked for."""
    return chip_pick(w, "i%d" % n, item, c)[0]


def chip_pick(w, key, item, c):
    if key not in c.memo:
        share = None
        if "." not in key:
            share = Fraction(LPP_YEAR * ONE, number(str(item.get("quantity", 1))) or 1)
        c.memo[key] = tpp_cells(item.get("facts") or {}, 2023 if c.has("2023") else 2022, share)
    return w.pick(key + ".tpp", c.memo[key])


NO_SIDE = {"a": False, "b": False}


NODE_16 = number("16")


def presumed(w, key, facts, c):
    """Note 1 to 3A090.a: what a fabricator or an OSAT company ships of 16/14 nm or below, or of
    non-planar transistors, is presumed to be of .a and for data centers.  Whether it is rebutted
    (designer, transistors as attested, who packaged it where) is more than a case tells."""
    if not c.has("foundry") or facts.get("maker_role") not in ("foundry", "osat"):
        return False
    if (key, "node") not in c.memo:
        c.memo[key, "node"] = cells(points(interval(facts.get("node_nm")), [NODE_16], 1000 * ONE),
                                    lambda v: v <= NODE_16)
    if w.pick(key + ".node", c.memo[key, "node"]) > NODE_16 and \
            not w.truth(key + ".nonplanar", facts.get("non_planar")):
        return False
    return w.pick(key + ".presumed", (True, False))


def chip_class(w, key, item, c):
    """{"a", "b"} of the IC that the item's facts describe."""
    facts = item.get("facts") or {}
    if presumed(w, key, facts, c):
        return {"a": True, "b": False, "presumed": True}
    if not c.has("2022"):
        return NO_SIDE
    if not c.has("2023"):
        if (key, "io") not in c.memo:
            c.memo[key, "io"] = cells(points(interval(facts.get("io_bandwidth_gbps")), [IO_2022]),
                                      lambda v: v >= IO_2022)
        # I/O first: where it fails, the TPP is not asked for.
        if w.pick(key + ".io", c.memo[key, "io"]) < IO_2022:
            return NO_SIDE
        return {"a": chip_pick(w, key, item, c)[0] >= TPP_A1, "b": False}
    tpp, sides = chip_pick(w, key, item, c)
    if tpp >= TPP_A1:
        return {"a": True, "b": False}
    if tpp < TPP_A2 or sides == ((False, False),) or \
            not w.truth(key + ".dc", facts.get("datacenter")):
        return NO_SIDE
    a, b = w.pick(key + ".pd", sides)
    return {"a": a, "b": b}


CONTAINERS = ("board", "assembly", "computer", "component")
CHIP_FACTS = ("tpp", "formats", "die_area_mm2", "performance_density", "io_bandwidth_gbps")


def item_class(w, key, item, c):
    """What of 3A090 and 4A090 the item is: {"ic": {...}, "box": {...}, "c": bool}."""
    facts = item.get("facts") or {}
    form = facts.get("form")
    if form is None:
        form = w.pick(key + ".form", ("ic", "board", "part", "hbm_stack"))
    none = NO_SIDE
    if form == "hbm_stack":
        if not c.has("hbm"):
            return {"ic": none, "box": none, "c": False, "form": form}
        if (key, "mbd") not in c.memo:
            c.memo[key, "mbd"] = cells(
                points(interval(facts.get("memory_bandwidth_density")), [HBM_IS, HBM_BELOW],
                       100 * ONE), lambda v: (v > HBM_IS, v < HBM_BELOW))
        mbd = w.pick(key + ".mbd", c.memo[key, "mbd"])
        return {"ic": none, "box": none, "c": mbd > HBM_IS, "form": form, "mbd": mbd}
    if form == "ic":
        return {"ic": chip_class(w, key, item, c), "box": none, "c": False, "form": form}
    if form not in CONTAINERS:
        return {"ic": none, "box": none, "c": False, "form": form}
    box = dict(none)
    if any(k in facts for k in CHIP_FACTS) or not item.get("contains"):
        box = dict(chip_class(w, key, item, c))
    for n, sub in enumerate(item.get("contains") or []):
        inner = item_class(w, "%s.contains[%d]" % (key, n), sub, c)
        for side in "ab":
            box[side] = box[side] or inner["ic"][side] or inner["box"][side]
    return {"ic": none, "box": box, "c": False, "form": form}


# ------------------------------------------------------------------ asserted codes
# Columns of the Country Chart, and other controls, of the codes that the twin knows.
CODES = {
    "EAR99": [], "3A991": ["AT1"], "3A991.p": ["AT1"], "4A994": ["AT1"], "4A994.l": ["AT1"],
    "5A992.c": ["AT1"], "3A001.a.7": ["NS2", "AT1"], "3A001.a.1.b": ["NS2", "AT1"],
    "4A003.b": ["NS1", "CC1?", "AT1"], "2B230": ["NP1", "AT1"], "3A002.a": ["NS2", "AT1"],
    "3B001.d.1": ["S", "AT1"], "3B001.f.1": ["S", "AT1"], "3B001.m": ["S", "AT1"],
    "3B001.c.1.a": ["S", "W", "AT1"], "3B001.q": ["W", "AT1"], "3B001.e": ["NS2", "AT1"],
    "3B001.g": ["NS2", "AT1"], "3B002.a": ["NS2", "AT1"], "3B002.c": ["S", "AT1"],
    "3B903": ["W", "AT1"], "3B991": ["AT1"], "3B991.b.2.a": ["AT1"], "3B992": ["AT1"],
    "3B993.f.1": ["FN5", "AT1"], "3B994": ["FN5", "AT1"], "3E992": ["S", "AT1"],
    "3C992": ["AT1"], "5A001.f.1": ["SL", "NS2", "AT1"], "3A901.a": ["W", "AT1"],
    # Entries outside computing: one for each column and control that they have nothing of.
    "2B351": ["CB2", "AT1"], "1C991.c": ["CB3", "AT1"], "1A290": ["NP2", "AT1"],
    "1A101": ["MT1", "AT1"], "5A001.a": ["NS1", "AT1"], "5A002": ["NS1", "EI", "AT1"],
    "9E003.a.1": ["NS1", "SI", "AT1"], "0A504.i": ["RS1", "FC1", "CC1", "UN"],
    "0A606.b": ["NS2", "RS2", "AT1", "UN"], "0A606.y": ["RS7", "AT1"], "0A503": ["CC*", "UN"],
    "4D090": ["AT1"], "3A069": ["NS2", "RS-D5", "AT1"], "2A992": ["RS-PK", "AT1"],
    "4E091": ["WEIGHTS"], "3A992": ["RS-PK", "AT1"], "3A999": ["RS-PK", "RS-IQ"],
    "2B999.b": ["RS-PK"],
    # Software and technology; NS and RS by what it is for (`technology`).
    "3E001": ["NS1", "W?", "AT1"], "3D001": ["W?", "AT1"], "4E001": ["AT1"],
    "4D001": ["NS1", "AT1"], "3E991": ["AT1"], "3D992": ["S", "W?", "AT1"], "5E992": ["AT1"],
}
CODES["3E992"] = ["S", "W?", "AT1"]
SUPP2 = {"3A992", "3A999", "2B999.b", "1A290", "3A991", "3A991.p", "5A992.c", "3B991",
         "3B991.b.2.a", "3B992", "3C992"}
SUPP2_MAYBE = {"4A994", "4A994.l", "3E991"}
# Technology and software of 734.9, as far as the generator names any.
FDP_H = ("3D001", "3D992", "3E001", "3E991", "3E992", "4D001", "4D090", "4E001", "5D002", "5E002")
FDP_E3 = ("3D001", "3D993", "3D994", "3E001", "3E993", "3E994")
FDP_K = ("3D992", "3E992")
FDP_B = ("3D001", "3E001", "4D001", "4E001")
ANY_CODE = ("EAR99", "3A991.p", "3A001.a.7", "3A901.a", "4A003.b", "3B001.d.1", "5A001.f.1")
NO_CHART = {"CU", "IR", "KP", "SY"}
ARMS_EMBARGOES = ("CF", "CD", "ER", "IR", "IQ", "LB", "LY", "KP", "SO", "SD")   # 746.1(b)(2)
COLUMNS = ("NS1", "NS2", "NP1", "NP2", "CB2", "CB3", "MT1", "RS1", "RS2", "FC1", "CC1", "AT1")
# Rows of the chart (supplement no. 1 to part 738) that have no X in the column.
BLANK = {
    "NS1": set("AU CA GB".split()),
    "NS2": (A1 - {"US"}) | {"LI"},
    "NP1": (A1 - {"US", "IN"}) | set("BR CY KZ LI MT RS UA".split()),
    "CC1": (A1 - {"US", "AR", "MX", "ZA"}) | {"AL", "LI"},
    # Of the places that the generator sends to:
    "CB2": set("CA CH CY DE GB IN JP KR MX TR UA".split()),
    "CB3": set("BR CA CH CY DE ET GB HT IN JP KH KR MX MY NI SG TR UA ZA ZW".split()),
    "NP2": set("""AE BR CA CH CY DE ET GB HT IN JO JP KH KR KZ MM MX MY NI QA SA SG TR TW UA VN ZA
ZW""".split()),
    "MT1": set("CA GB".split()), "RS1": set("CA GB".split()),
    "RS2": set("CA CH DE GB IN JP KR MX TR ZA".split()),
    "FC1": set("""AE BY CH CN HK CY DE ET GB IL IN IQ JO JP KH KR KZ MM MO MY PK QA RU SA SG TR TW
UA VN ZA ZW""".split()),
}


def column(name, c):
    """An X there; nobody has one in AT column 1."""
    return name != "AT1" and c not in BLANK[name]


# ------------------------------------------------------------------ the decision
# Dated instruments: effective, published (timeline.csv).
EVENTS = {
    "2022": ("2022-10-07", "2022-10-07"),       # 87 FR 62186, first stage
    "2022-744.6": ("2022-10-12", "2022-10-07"),
    "2022b": ("2022-10-21", "2022-10-07"),      # the stage of 742.6 and 744.23
    "macau": ("2023-01-17", "2023-01-18"),      # 88 FR 2821
    "taiwan": ("2023-02-27", "2023-02-27"),     # 746 supplement no. 3
    "iran-fdp": ("2023-02-24", "2023-02-24"),   # 88 FR 12150
    "syria": ("2025-09-02", "2025-09-02"),      # 90 FR 42315
    "2023": ("2023-11-17", "2023-10-25"),       # 88 FR 73458, 73424
    "nicaragua": ("2024-03-15", "2024-03-15"),  # 89 FR 18783
    "split": ("2024-04-04", "2024-04-04"),      # 89 FR 23876
    "supplement 4": ("2024-06-12", "2024-06-12"),   # 89 FR 51644, as recalled
    "worldwide": ("2024-09-06", "2024-09-06"),  # 89 FR 72926
    "hbm": ("2024-12-02", "2024-12-05"),        # 89 FR 96790
    "hbm-due": ("2024-12-31", "2024-12-05"),
    "diffusion": ("2025-01-13", "2025-01-15"),  # 90 FR 4544
    "foundry": ("2025-01-16", "2025-01-16"),    # 90 FR 5298
    "diffusion-due": ("2025-05-15", "2025-01-15"),
    "not-enforced": ("2025-05-13", "2025-05-13"),
    "training": ("2025-05-13", "2025-05-13"),
    "affiliates": ("2025-09-29", "2025-09-30"),  # 90 FR 47201
    "cambodia": ("2025-11-07", "2025-11-07"),   # 22 CFR 126.1; note 1 to D:5
    "stay": ("2025-11-10", "2025-11-12"),       # 90 FR 50857
    "window": ("2026-01-15", "2026-01-15"),     # 91 FR 1684
    "guidance": ("2026-05-31", "2026-05-31"),
    "uae": ("2026-07-10", "2026-07-14"),        # 91 FR 43034
}
EVENTS = {k: tuple(date.fromisoformat(d) for d in v) for k, v in EVENTS.items()}


class Case:
    def __init__(self, case):
        t = case["transaction"]
        self.t, self.mode = t, case.get("mode", "enforced")
        self.day = date.fromisoformat(case["as_of"])
        self.known = date.fromisoformat(case.get("known") or case["as_of"])
        self.items = t.get("items")
        self.parties = t.get("parties") or None     # an empty list names nobody
        self.codified = self.mode == "codified"
        self.memo, self.events, self.by_role = {}, {}, {}

    def has(self, event):
        """The instrument is in effect on the day, for who knows what was known then."""
        if event not in self.events:
            effective, published = EVENTS[event]
            self.events[event] = self.day >= effective and self.known >= min(effective, published)
        return self.events[event]

    def with_role(self, roles):
        if self.parties is None:
            return [(0, {"role": "end_user"})] if "end_user" in roles else []
        return [(n, p) for n, p in enumerate(self.parties) if p.get("role") in roles]

    def scope_d(self, c):
        """D:1, D:4 or D:5, outside A:5 and A:6 (742.6(a)(6)(iii)(B)); the UAE by its dates."""
        if c == "AE":
            return not self.has("uae")
        if c == "NI" and not self.has("nicaragua"):
            return False
        return c in D1 | D4 | D5 and c not in A5 and c not in A6

    def a5(self, c):
        return c in A5 or c == "AE" and self.has("uae")

    def us_a5_a6(self, c):
        return c == "US" or self.a5(c) or c in A6

    def d1(self, c):
        return c in D1 and (c != "NI" or self.has("nicaragua"))

    def d5m(self, c):
        if c == "KH":
            return not self.has("cambodia")
        return d5m(c) and (c != "NI" or self.has("nicaragua"))


FINAL = ("ultimate_consignee", "end_user", "deemed_recipient")
BUYERS = ("purchaser",) + FINAL
EL_ROLES = BUYERS + ("intermediate_consignee",)
SIDE = re.compile(r"(?:[34]A090|(?:3A001|4A003|5A002|5A004)\.z\.\d)\.([ab])$")
RS_TECHNOLOGY = ("3D001", "3E001", "4D001", "4D090", "4E001", "5E992")
W_EQUIPMENT = ("3B001.c.1.a", "3B001.c.1.c", "3B001.q")


def side_of(code):
    """The side of 742.6(a)(6)(iii) that a commodity is on, "c" for high bandwidth memory."""
    found = SIDE.match(code or "")
    if found:
        return found.group(1)
    return {"4A004.z.1": "a", "4A005.z.1": "a", "5A992.z.1": "a", "4A004.z.2": "b",
            "4A005.z.2": "b", "5A992.z.2": "b", "3A090.c": "c"}.get(code)


def all_codes(edges):
    for e in edges or ():
        yield e.get("eccn")
        yield from all_codes(e.get("designed_for"))


def made_into(edges, items):
    """(edge, its target's code) for each edge to which the item gets by being made into the next
    thing, and that into the next, the first of which it is itself (744.23(a)(4)(ii)(A))."""
    for e in edges or ():
        target = e
        if "item" in e:
            target = items[int(e["item"].split("[")[1].split("]")[0])]
        yield e, target.get("eccn")
        if e.get("for") in ("production", "development"):
            yield from made_into(target.get("designed_for"), items)


def makes_tools(edges, items):
    """744.23(a)(4): for the development or production of what its list names."""
    for e, code in made_into(edges, items):
        if e.get("for") not in ("production", "development"):
            continue
        if e.get("class") == "chipmaking_equipment":
            return True
        if code and code[:5] in ("3B001", "3B002", "3B611", "3B903", "3B991", "3B992", "3B993",
                                 "3B994"):
            if not code.startswith(("3B001.g", "3B001.h", "3B991.b.2.a", "3B991.b.2.b")):
                return True
    return False


def for_supercomputer(edges, items):
    """744.23(a)(1)(ii)(B): what goes into a supercomputer, or into something that does."""
    return any(e.get("class") == "supercomputer" and e.get("for")
               for e, _ in made_into(edges, items))


class Decision:
    """All rules in one world."""

    def __init__(self, c, w):
        self.c, self.w, self.t, self.day = c, w, c.t, c.day
        self.why = None
        self.unsure = None    # a form of the law that this reading doesn't hold
        self.items = c.items or [{}]
        self.reqs = []        # (rule, item or None, policy)
        self.prohibited = False
        self.to = self.t.get("to") or w.pick("to", ("CN", "DE", "RU", "CU", "SA", "MY", "US"))
        self.kind = self.t.get("kind") or w.pick("kind", ("export", "reexport",
                                                          "transfer_in_country", "deemed_export"))
        self.source = self.t.get("from") or ("US" if self.kind == "export" else
                                             w.pick("from", ("US", "TW")))

    # ---- facts of the transaction
    def flag(self, name):
        use = self.t.get("end_use") or {}
        if name in use:
            return use[name]
        if name == "ic_facility_node_unknown" and use.get("advanced_node_facility") is False:
            return False
        training = use.get("model_training_for_wmd_or_military_intelligence")
        if name == "military_intelligence" and (use.get("military") is False or
                                                training is False):
            return False
        if name == "wmd" and training is False:
            return False
        return self.w.pick("end_use." + name, (False, True))

    def over(self, key, given, limit, top):
        """Is the number above the limit?"""
        c = self.c
        if (key, limit) not in c.memo:
            c.memo[key, limit] = cells(points(interval(given), [limit], top),
                                       lambda v: v > limit)
        return self.w.pick(key, c.memo[key, limit]) > limit

    def below(self, key, given, limit, top):
        c = self.c
        if (key, limit) not in c.memo:
            c.memo[key, limit] = cells(points(interval(given), [limit], top),
                                       lambda v: v < limit)
        return self.w.pick(key, c.memo[key, limit]) < limit

    def place(self, key, given):
        """A headquarters: as given, or one of each kind that a rule tells apart."""
        return given or self.w.pick(key, ("CN", "DE", "MY"))

    def hq_d5m(self, n, p):
        if self.c.d5m(self.place("p%d.hq" % n, p.get("headquarters"))):
            return True
        up = p.get("ultimate_parent") or {}
        return self.c.d5m(self.place("p%d.up" % n, up.get("headquarters")))

    def roles(self, *roles):
        if roles not in self.c.by_role:
            self.c.by_role[roles] = self.c.with_role(roles)
        return self.c.by_role[roles]

    def some_hq_d5m(self):
        return any(self.hq_d5m(n, p) for n, p in self.roles(*BUYERS))

    def listed(self, n, p, what):
        l = p.get("listed")
        if l is not None:
            return l.get(what, False)
        return self.w.pick("p%d.listed.%s" % (n, what), (False, True))

    def footnotes(self, n, p):
        l = p.get("listed")
        if l is not None:
            return tuple(l.get("footnote") or ())
        # A footnote is of an entry of the Entity List.
        return self.w.pick("p%d.fn" % n, ((), (1,), (3,), (4,), (5,))) if \
            self.listed(n, p, "entity_list") else ()

    def need(self, rule, item, policy):
        if self.kind == "deemed_export" and rule.startswith("742.6(a)(6)"):
            return             # 742.6(a)(6)(iv)
        self.reqs.append((rule, item, policy))

    # ---- jurisdiction: 734.3, 734.4, 734.9 (in outline)
    def subject(self, n, item, cls):
        """Why the item is subject to the EAR ("located", "origin", "content", "734.4(a)(8)", or the
        paragraph of 734.9), or None."""
        facts = item.get("facts") or {}
        if facts.get("form") in ("software", "technology"):
            # Whoever classes it doesn't mean what is published: that has no ECCN (734.3(b)(3)).
            given = facts.get("published")
            if given is None and item.get("eccn"):
                given = False
            if self.w.truth("i%d.published" % n, given):
                return None
        if self.kind in ("export", "deemed_export") or self.source == "US":
            return "located"
        if not item.get("eccn") and not any(cls[k][x] for k in ("ic", "box") for x in "ab"):
            self.unsure = "a foreign item without a code: which rule of 734.9 could reach it"
        if (item.get("origin") or self.w.pick("i%d.origin" % n, ("US", "TW"))) == "US":
            return "origin"
        limit = TENTH if self.to in E else QUARTER
        if self.over("i%d.share" % n, item.get("us_content_share"), limit, ONE):
            return "content"
        if "S" in CODES.get(self.code(n, item, cls), ()) and self.c.has("hbm") and \
                self.c.d5m(self.to) and self.holds_us_ic(n, item):
            return "734.4(a)(8)"
        code = self.code(n, item, cls)
        if code[:2] == "3B" and "S" not in CODES.get(code, ()) and self.c.has("hbm") and \
                self.for_footnote_5() and self.holds_us_ic(n, item):
            return "734.4(a)(9)"
        return self.direct_product(n, item, cls)

    def holds_us_ic(self, n, item):
        """What a tool holds is a fact to ask where it isn't given (734.4(a)(8))."""
        if "contains" not in item:
            return self.w.pick("i%d.us_ic" % n, (False, True))
        return any(s.get("origin") == "US" and (s.get("eccn") or "").startswith("3A")
                   for s in item["contains"])

    def holds_plant_product(self, n, item):
        """734.9(e)(3)(i)(B)(2), (k)(1)(ii)(B): a commodity in it that such a plant made."""
        if "contains" not in item:
            return self.w.pick("i%d.plant_part" % n, (False, True))
        return any(self.w.truth("i%d.contains[%d].plant" % (n, k),
                                (s.get("made_with") or {}).get("us_plant"))
                   for k, s in enumerate(item["contains"]))

    def direct_product(self, n, item, cls):
        """734.9: the paragraph whose product scope and reach are met."""
        code = self.code(n, item, cls)
        made = item.get("made_with") or {}
        tech = made.get("us_technology")
        if tech is None:
            tech = self.w.pick("i%d.tech" % n, ([], ["3E001"], ["3E992"]))
        for rule, reach, listed in (
                ("(h)", lambda: code[:5] in ("3A090", "4A090") and code[-1] in "abc" or
                 self.technology_h(n, item, code), FDP_H),
                ("(e)(1)", lambda: self.footnote(1), FDP_H),
                ("(e)(2)", lambda: self.c.has("2022b") and self.footnote(4), FDP_H),
                ("(e)(3)", lambda: self.reach_e3(code), FDP_E3),
                ("(k)", lambda: "S" in CODES.get(code, ()) and self.c.d5m(self.to) and
                 self.c.has("hbm"), FDP_K),
                ("(i)", lambda: self.c.has("2022b") and self.to in ("CN", "HK", "MO") and
                 self.flag("supercomputer"), FDP_H),
                ("(l)", lambda: code == "4E091" and not tech and self.c.has("diffusion"), ()),
                ("(b)", lambda: (any(x in ("NS1", "NS2", "S", "W") for x in CODES.get(code, ())) or
                                 self.ns_by_end(n, item, code)) and
                 (self.c.d1(self.to) or self.to in E) and
                 self.w.pick("assurance", (False, True)), FDP_B),
                # Last: of these alone the countries of supplement no. 3 to part 746 are free.
                ("(g)", lambda: self.footnote(3), None),
                ("(f)", lambda: (self.to in ("RU", "BY") or self.to == "UA" and self.occupied())
                 and (code != "EAR99" or self.w.pick("i%d.supp7" % n, (False, True))), None),
                ("(j)", lambda: self.c.has("iran-fdp") and self.to == "IR" and (
                    code[0] in "3456789" or self.w.pick("i%d.supp7" % n, (False, True))), None)):
            if not reach():
                continue
            if listed is None and tech or any(t in (listed or ()) for t in tech):
                return rule
            if self.w.truth("i%d.plant" % n, made.get("us_plant")):
                return rule
            if rule in ("(e)(3)", "(k)") and self.holds_plant_product(n, item):
                return rule
        return None

    def ns_by_end(self, n, item, code):
        """Whether software or technology is controlled for NS by what it is for."""
        if code in ("3D001", "4E001") and self.technology_ns(n, item, code):
            return True
        if "W?" not in CODES.get(code, ()):
            return False
        ends = all_codes(item["designed_for"]) if "designed_for" in item else W_EQUIPMENT
        return any(c and c.startswith(W_EQUIPMENT) for c in ends) and \
            self.w.pick("i%d.W" % n, (False, True))

    def technology_h(self, n, item, code):
        """734.9(h)(1)(i)(B)(1): 3E001 for 3A090, 4E001 for 4A090."""
        return {"3E001": "3A090", "4E001": "4A090"}.get(code, "-") in {
            c[:5] for c in self.ends(n, item)} if code in ("3E001", "4E001") else False

    def developed(self, n, item, code):
        """744.23(a)(3)(ii): developed by an entity of Macau or D:5; whether it was, nobody says."""
        tech = (item.get("made_with") or {}).get("us_technology")
        if tech is None and self.why == "(h)":
            tech = self.w.value.get("i%d.tech" % n)
        if code != "3E001" or self.why in ("located", "origin", "content") or not tech or \
                not self.c.has("2023") or self.kind not in ("reexport", "transfer_in_country"):
            return
        if not any(side_of(c) in ("a", "b") for c in self.ends(n, item)):
            return
        if self.source in (D1 | D4 | D5) - A5 - A6 and (self.source != "NI" or
                                                        self.c.has("nicaragua")) and \
                any(self.hq_d5m(m, p) for m, p in self.roles("exporter", *EL_ROLES)) and \
                self.w.pick("i%d.developed" % n, (False, True)):
            self.need("744.23(a)(3), (ii)", n, "SKIP")

    def coalition(self):
        """746.8(a)(12)(iii)(A), 746.7(a)(1)(iv)(A): free from, and within, supplement no. 3."""
        return self.kind in ("reexport", "transfer_in_country") and (
            self.source in COALITION_2022 or self.source == "TW" and self.c.has("taiwan"))

    def footnote(self, number):
        return any(number in self.footnotes(m, p) for m, p in self.roles(*EL_ROLES))

    def reach_e3(self, code):
        """734.9(e)(3): tools for a footnote 5 entity, or for an advanced-node facility there."""
        tools = code[:2] == "3B" and "S" not in CODES.get(code, ()) and \
            code not in ("3B001.g", "3B991.b.2.a")
        if not tools or not self.c.has("hbm"):
            return False
        # 3B991 as it stands may be the masks of 3B991.b.2.a and .b, which are excepted.
        if code == "3B991" and self.w.pick("masks", (False, True)):
            return False
        return self.for_footnote_5()

    def for_footnote_5(self):
        return self.footnote(5) or self.c.d5m(self.to) and self.flag("advanced_node_facility")

    def code(self, n, item, cls):
        """The ECCN: a class that is met, or the shipper's word, or anything."""
        for side in "ab":
            if cls["ic"][side]:
                return "3A090." + side
            if cls["box"][side]:
                return "4A090." + side
        if cls["c"]:
            return "3A090.c"
        if item.get("eccn"):
            if item["eccn"] not in CODES:
                raise NotCovered(item["eccn"])
            return item["eccn"]
        return self.w.pick("i%d.eccn" % n, ANY_CODE)

    # ---- one item
    def item(self, n, item):
        cls = item_class(self.w, "i%d" % n, item, self.c)
        self.why = self.subject(n, item, cls)
        if not self.why:
            self.us_person(n, item, self.code(n, item, cls))
            return cls, None
        code = self.code(n, item, cls)
        self.advanced_computing(n, item, cls, code)
        self.developed(n, item, code)
        self.by_code(n, item, code)
        self.end_uses(n, item, cls, code)
        self.embargo(n, code)
        self.notices(n, item)
        return cls, code

    def supp8(self):
        """742.6(a)(6)(iii): consignee and end users approved (supplement no. 8 to part 740)."""
        if self.to != "AE" or not self.c.has("uae"):
            return False
        if self.c.parties is None:
            return self.w.pick("supp8", (False, True))
        who = self.roles(*FINAL)
        def ok(n, p):
            if not p.get("ultimate_parent") and self.w.pick("p%d.supp8" % n, (False, True)):
                return True        # the parent, not given, may be a company of (c)
            up = (p.get("ultimate_parent") or {}).get("name")
            if p.get("name") in SUPP8_B:
                return self.day <= date(2027, 4, 6)
            return p.get("name") in SUPP8_C or up in SUPP8_C
        return bool(who) and all(ok(n, p) for n, p in who)

    def advanced_computing(self, n, item, cls, code):
        if code in RS_TECHNOLOGY:
            self.technology(n, item, code)
        if code in ("3D001", "4E001") and self.kind != "transfer_in_country" and \
                self.to not in NO_CHART and column("NS1", self.to) and \
                self.technology_ns(n, item, code):
            self.need("chart NS1", n, "SKIP")
        # CC column 1 of software and technology for fingerprint equipment in 4A003.
        if code in ("4D001", "4E001") and self.kind != "transfer_in_country" and \
                self.to not in NO_CHART and column("CC1", self.to) and \
                any(c.startswith("4A003") for c in self.ends(n, item)) and \
                self.w.pick("i%d.fingerprints" % n, (False, True)):
            self.need("chart CC1", n, "SKIP")
        if code[:5] not in ("3A090", "4A090"):
            return
        side = code[-1]
        if side == "c":
            self.hbm(n)
            return
        boxes = [s for s in "ab" if cls["ic"][s] or cls["box"][s]]
        for s in boxes:
            self.side(n, item, code, s)

    def ends(self, n, item):
        """What software or technology is for: the codes given, or one of each kind."""
        if "designed_for" in item:
            return {c for c in all_codes(item["designed_for"]) if c}
        return {self.w.pick("i%d.for" % n, ("3A090.a", "4A090.a", "3A090.b", "4A090.b", "4A994",
                                            "3A090.c", "4A003.b", "3A001.b.2", "3B001.q"))}

    def technology(self, n, item, code):
        """742.6(a)(6)(i)(B), (iii): for what is of side a, of side b, for high bandwidth memory."""
        if self.kind == "deemed_export" or not self.c.has("2023"):
            return
        sides = {side_of(c) for c in self.ends(n, item)}
        near = (self.c.scope_d(self.to) or self.to == "AE") and not self.supp8()
        due = self.c.has("diffusion") and (self.c.codified or (
            self.c.has("diffusion-due") and not self.c.has("not-enforced")))
        denial = "presumption_of_denial" if self.c.d5m(self.to) or self.some_hq_d5m() else "SKIP"
        if "a" in sides and (near or due and not self.supp8()):
            self.need("742.6(a)(6)(iii)(A), software", n, denial)
        if "b" in sides and near:
            self.need("742.6(a)(6)(iii)(B), software", n, denial)
        # RS is for 3D001 and 3E001 "for 3A090.c" alone.
        if "c" in sides and code in ("3D001", "3E001") and self.c.d5m(self.to) and \
                self.c.has("hbm" if self.c.codified else "hbm-due"):
            self.need("742.6(a)(6)(i)(B), technology", n, "presumption_of_denial"
                      if self.some_hq_d5m() else "presumption_of_approval")

    def technology_ns(self, n, item, code):
        """NS column 1 of the software and technology that has it for some ends alone."""
        ends = self.ends(n, item)
        if code == "4E001" and "designed_for" not in item:
            self.unsure = "4E001 for nobody says what: NS or RS, whatever it is for"
        if code == "3D001":    # 3A001.b to .h and .z, 3B but the set of 742.4(a)(4)
            return any(c[:7] in ("3A001.b", "3A001.c", "3A001.d", "3A001.e", "3A001.f", "3A001.g",
                                 "3A001.h", "3A001.z") or
                       c[:2] == "3B" and "S" not in CODES.get(c, ()) for c in ends)
        # 4E001: all but what is for 4A090 or 4D090.
        return not ends or any(c[:5] not in ("4A090", "4D090") for c in ends)

    def side(self, n, item, code, side):
        c = self.c
        if not c.has("2023"):
            china = self.to in ("CN", "HK") or self.to == "MO" and c.has("macau")
            if china and (c.has("2022b") or self.w.pick("staged", (False, True))):
                self.need("742.6(a)(6)", n, "presumption_of_denial")
            return
        if side == "b":
            if (self.c.scope_d(self.to) or self.to == "AE") and not self.supp8():
                self.need("742.6(a)(6)(iii)(B)", n, self.policy_iii(n, item, "b"))
            if not self.c.scope_d(self.to) and self.some_hq_d5m():
                self.need("744.23(a)(3)(i)(A)", n, self.policy_a3(n, item))
            return
        if not c.has("diffusion"):
            if self.c.scope_d(self.to):
                self.need("742.6(a)(6)(iii)", n, self.policy_iii(n, item, "a"))
            elif self.some_hq_d5m():
                self.need("744.23(a)(3)(i)", n, "SKIP")
            return
        if self.supp8():
            return
        restricted = self.c.scope_d(self.to) or self.to == "AE"
        due = c.has("diffusion-due") and not c.has("not-enforced")
        if c.codified or due or restricted or self.some_hq_d5m() and self.headquarters_enforced():
            self.need("742.6(a)(6)(iii)(A)", n, self.policy_iii(n, item, "a"))

    def headquarters_enforced(self):
        """BIS said in May 2026 that (iii)(A) is enforced for these parties; before, who knew?"""
        if self.c.known < EVENTS["guidance"][1]:
            self.unsure = "headquarters, before the guidance of 2026-05-31 is known"
        return True

    def policy_iii(self, n, item, side):
        """742.6(b)(10)(iii)."""
        facts = item.get("facts") or {}
        to_d5m = self.c.d5m(self.to) or self.some_hq_d5m()
        if not self.c.has("diffusion"):
            dc = self.w.truth("i%d.dc" % n, facts.get("datacenter"))
            return "presumption_of_denial" if to_d5m and dc else "SKIP"
        if self.c.has("window") and item.get("contains"):
            return "SKIP"      # the TPP of a computer's application is not a sum, nor said
        if self.c.has("window") and self.kind == "export" and self.window(n, item):
            return "case_by_case"
        return "presumption_of_denial" if to_d5m else "SKIP"

    def policy_a3(self, n, item):
        """For a .b item to an entity of D:5 elsewhere denial is presumed: (iii)(A)(1) prevails,
        since 91 FR 1684, over 744.23(d)(3)(i), which says case by case."""
        return self.policy_iii(n, item, "b") if self.c.has("window") else "SKIP"

    def window(self, n, item):
        users = self.roles("end_user")
        if not users or any((p.get("country") or self.to) not in ("CN", "HK", "MO")
                            for _, p in users):
            return False
        facts = item.get("facts") or {}
        if item_tpp(self.w, n, item, self.c) >= TPP_WINDOW:
            return False
        if not self.below("i%d.dram" % n, facts.get("dram_bandwidth_gbps"), DRAM_WINDOW,
                          10 ** 5 * ONE):
            return False
        return self.w.truth("748_dd", (self.t.get("certifications") or {}).get("748_dd"))

    def policy_744_23(self, n, item, code, cls):
        """744.23(d)."""
        facts = item.get("facts") or {}
        users = self.roles("end_user")
        if users and all(self.c.us_a5_a6(self.place("p%d.hq" % m, p.get("headquarters")))
                         for m, p in users):
            return "SKIP"      # (d)(2) asks who owns the end user, and may meet (d)(3) as well
        if code[:5] in ("3A090", "4A090"):
            if not (code[-1] == "a" and self.for_datacenters(n, cls, facts)):
                return "case_by_case"
        if self.c.d5m(self.to) or self.some_hq_d5m():
            return "presumption_of_denial"
        return "case_by_case"

    def hbm(self, n):
        if not self.c.has("hbm" if self.c.codified else "hbm-due"):
            return
        if self.c.d5m(self.to):
            self.need("742.6(a)(6)(i)(B)", n, "presumption_of_denial" if self.some_hq_d5m()
                      else "presumption_of_approval")
        elif self.some_hq_d5m():
            self.need("744.23(a)(3)(i)(B)", n, "case_by_case")

    def by_code(self, n, item, code):
        controls = CODES.get(code, ["AT1"])
        moves = self.kind != "transfer_in_country"
        if "S" in controls and self.c.d5m(self.to) and self.kind != "deemed_export" and \
                self.c.has("2023") and not self.friendly_maker():
            self.need("742.6(a)(6)(i)(A)", n, "SME")
        if "S" in controls and self.to in ("CN", "HK", "MO") and self.c.has("2022") and \
                not self.c.has("2023"):
            self.unsure = "3B090, the form of 2022"
        w = "W" in controls
        if "W?" in controls:
            ends = set(all_codes(item.get("designed_for"))) if "designed_for" in item else None
            w = (ends is None or any(c and c.startswith(W_EQUIPMENT) for c in ends)) and \
                self.w.pick("i%d.W" % n, (False, True))
        if w and self.kind == "deemed_export" and self.c.has("worldwide"):
            self.unsure = "deemed exports of the worldwide set: whoever was employed by 2024-09-06"
        if w and moves and self.c.has("worldwide"):
            self.need("742.6(a)(10)", n, self.policy_worldwide())
        if "FN5" in controls and self.c.has("hbm"):
            if self.footnote(5) and self.why not in ("(e)(3)", "734.4(a)(9)"):
                self.need("742.6(a)(11)", n, "SKIP")
        if "SL" in controls and moves:
            self.need("742.13", n, "SKIP")
        self.special(n, controls, moves)
        for name in controls:
            sure = not name.endswith("?")
            if name.rstrip("?") in COLUMNS and moves and self.to not in NO_CHART and \
                    column(name.rstrip("?"), self.to):
                if sure or self.w.pick("i%d.%s" % (n, name), (False, True)):
                    self.need("chart " + name, n, "SKIP")

    def special(self, n, controls, moves):
        """Controls that have no column of the Chart."""
        all_but_canada = {"EI": "742.15(a)", "SI": "742.14(a)", "CC*": "742.7(a)"}
        for name, cite in all_but_canada.items():
            if name in controls and moves and self.to != "CA":
                self.need(cite, n, "SKIP")
        if "RS7" in controls and moves and self.to in ("CN", "HK", "RU", "VE"):
            self.need("742.6(a)(7)", n, "SKIP")
        if "RS-D5" in controls and self.c.d5m(self.to):
            self.need("742.6(a)(12), 3A069", n, "SKIP")
        if "RS-PK" in controls and self.to == "PK":
            self.need("742.6(a)(12)", n, "SKIP")
        if "UN" in controls and moves and self.to in ARMS_EMBARGOES:
            self.need("746.1(b)(3)", n, "SKIP")
        if "WEIGHTS" in controls:
            self.weights(n)

    def weights(self, n):
        """742.6(a)(13): model weights that the shipper classes as such, to any destination."""
        due = self.c.has("diffusion-due") and not self.c.has("not-enforced")
        if self.c.has("diffusion") and self.kind != "deemed_export" and (self.c.codified or due):
            self.need("742.6(a)(13)", n, "SKIP")

    def friendly_maker(self):
        """742.6(a)(6)(i)(A)(2)(ii)-(iii): subject by 734.4(a)(8) or 734.9(k) alone, and sent from a
        country of supplement no. 4, or one with equivalent controls, by an entity not of D:5."""
        if self.why not in ("734.4(a)(8)", "(k)") or self.kind == "transfer_in_country":
            return False
        if self.source not in SUPP4_742 and \
                not (self.source == "KR" and self.day >= date(2026, 9, 1) and
                     self.w.pick("equivalent", (False, True))):
            return False
        return not any(self.hq_d5m(m, p) for m, p in self.roles("exporter"))

    def policy_worldwide(self):
        """742.6(b)(11)."""
        if self.c.d1(self.to) or self.c.d5m(self.to) and self.to != "MO":
            return "presumption_of_denial"
        if self.to in A1 or self.c.a5(self.to) or self.to in A6:
            return "presumption_of_approval"
        return "case_by_case"

    # ---- end uses and end users: part 744
    def end_uses(self, n, item, cls, code):
        c = self.c
        if not c.has("2022b"):
            place = False
        elif not c.has("2023"):
            place = self.to in ("CN", "HK") or self.to == "MO" and c.has("macau")
        else:
            place = self.c.d5m(self.to)
        form = cls["form"]
        ics = ("3A001", "3A991", "4A994", "5A002", "5A004", "5A992")
        boxes = ("4A003", "4A004", "4A994", "5A002", "5A004", "5A992")
        if place and (form in ("ic", "hbm_stack") and code[:5] in ics or
                      form in CONTAINERS and code[:5] in boxes) and (
                          for_supercomputer(self.items[n].get("designed_for"), self.items) or
                          self.flag("supercomputer")):
            self.need("744.23(a)(1)", n, self.policy_744_23(n, item, code, cls))
        if place and not self.fn5():
            if self.flag("advanced_node_facility"):
                self.need("744.23(a)(2)(i)", n, self.policy_744_23(n, item, code, cls))
            elif code[0] == "3" and code[1] in "BCDE" and self.flag("ic_facility_node_unknown"):
                self.need("744.23(a)(2)(ii)", n, self.policy_744_23(n, item, code, cls))
        if (place or c.has("2023") and self.some_hq_d5m()) and \
                (makes_tools(self.items[n].get("designed_for"), self.items) or
                 self.flag("semiconductor_equipment_development")):
            if not c.has("2023") or not place and not c.has("hbm"):
                self.unsure = "744.23(a)(4) in an earlier form"
            if code != "EAR99":
                self.need("744.23(a)(4)", n, self.policy_744_23(n, item, code, cls))
        if c.has("training") and code[:5] in ("3A090", "4A090") and (
                c.d5m(self.to) or self.some_hq_d5m() or any(
                    c.d5m(p.get("country") or self.to) or self.hq_d5m(m, p)
                    for m, p in self.roles("iaas_customer", *EL_ROLES))) and \
                self.flag("model_training_for_wmd_or_military_intelligence"):
            self.need("744.6(b), statement of 2025-05-13", n, "SKIP")
        self.military(n, code)

    def fn5(self):
        return self.c.has("hbm") and \
            any(5 in self.footnotes(m, p) for m, p in self.roles(*FINAL))

    def in_supp2(self, n, code):
        if code in SUPP2:
            return True
        return code in SUPP2_MAYBE and self.w.pick("i%d.app" % n, (False, True))

    def military(self, n, code):
        listed = [p.get("country") or self.place("p%d.country" % m, None)
                  for m, p in self.roles(*EL_ROLES) if self.listed(m, p, "military_end_user")]
        # (a)(2): outside Russia and Belarus such users are those of footnote 3 only.
        if {"RU", "BY"} & set(listed) or self.footnote(3) or \
                self.bound_for("RU", "BY") and self.flag("military"):
            self.need("744.21(a)(2)", n, "denial")
        elif self.in_supp2(n, code) and (
                listed or self.bound_for("MM", "KH", "CN", "HK", "NI", "VE") and
                self.flag("military")):
            self.need("744.21(a)(1)", n, "presumption_of_denial")
        if any(self.listed(m, p, "military_intelligence_end_user")
               for m, p in self.roles(*EL_ROLES)) or \
                self.bound_for(*INTELLIGENCE) and self.flag("military_intelligence"):
            self.need("744.22", n, "presumption_of_denial")
        if self.flag("wmd"):
            if self.to in SUPP3_744:
                self.unsure = "744.2 to 744.4 differ by the kind of weapon"
            self.need("744.2-744.4", n, "SKIP")

    def bound_for(self, *countries):
        """The item goes there, or its consignee or end user is there."""
        return self.to in countries or any(
            p.get("country") in countries for _, p in self.roles(*FINAL))

    def military_policy(self):
        """744.21(e)(3): whatever asks for the license, a military end use there sets the policy."""
        if all(r.startswith("744.6") for r, _, _ in self.reqs):
            return             # 744.6(e)(2): a US person's support has a policy of its own
        china = self.bound_for("MM", "KH", "CN", "HK", "NI", "VE")
        listed = any(self.listed(m, p, "military_end_user") for m, p in self.roles(*EL_ROLES))
        if listed or (china or self.bound_for("RU", "BY")) and self.flag("military"):
            self.need("policy of 744.21(e)(3)", None,
                      "presumption_of_denial" if listed or china else "denial")

    def us_person(self, n, item, code):
        """744.6(c)(2) and (b)(5): only for items not subject to the EAR."""
        s = self.t.get("us_person_support")
        if not isinstance(s, dict) and not self.w.truth("us_person", s):
            return
        if self.bound_for(*INTELLIGENCE) and self.flag("military_intelligence") or \
                any(self.listed(m, p, "military_intelligence_end_user") and
                    (p.get("country") or self.place("p%d.country" % m, None)) in INTELLIGENCE
                    for m, p in self.roles(*EL_ROLES)):
            self.need("744.6(b)(5)", n, "presumption_of_denial")
        if self.flag("wmd"):
            if self.to in SUPP3_744:
                self.unsure = "744.6(b)(1) to (4) differ by the kind of weapon"
            self.need("744.6(b)(1)-(4)", n, "SKIP")
        facts = item.get("facts") or {}
        if facts.get("form") in ("software", "technology") and facts.get("published"):
            return             # 744.6(d)(1)(ii)
        # 744.6(d)(4): certain persons are out of (c)(2), not of (b).
        if isinstance(s, dict):
            natural = self.w.truth("natural", s.get("natural_person"))
            home = self.place("employer", s.get("employer_headquarters")) if natural else None
            if natural and self.c.us_a5_a6(home):
                return
        if not self.c.d5m(self.to):
            return
        # The facility is of the consignee or the end user, not of whoever buys for them.
        d5m_fab = self.c.has("2022-744.6") and any(
            self.hq_d5m(m, p) for m, p in self.roles(*FINAL))
        if d5m_fab and self.flag("advanced_node_facility"):
            self.need("744.6(c)(2)(i)", n, "SKIP")
        elif d5m_fab and code[0] == "3" and code[1] in "BCDE" and \
                self.flag("ic_facility_node_unknown"):
            self.need("744.6(c)(2)(ii)", n, "SKIP")
        if "S" in CODES.get(code, ()) and self.c.has("2023"):
            self.need("744.6(c)(2)(iii)", n, "SKIP")
        elif "S" in CODES.get(code, ()) and self.c.has("2022-744.6"):
            self.unsure = "744.6(c)(2)(iii), the form of 2022"

    # ---- part 746 and notices
    def embargo(self, n, code):
        to = self.to
        ccl = code != "EAR99"
        if self.why in ("(f)", "(g)", "(j)") and self.coalition() and (
                to in ("RU", "BY", "UA") or to == "IR"):
            # 746.7(e) may still reach it: what 31 CFR 560 bars hangs on who owns the exporter.
            if to == "IR" and self.kind != "transfer_in_country" and \
                    self.w.pick("ofac", (False, True)):
                self.need("746.7", n, "SKIP")
            return
        if to in ("CU", "KP", "IR", "SY") and self.kind == "transfer_in_country" and not (
                to == "IR" and self.by_iran_rule(n, code)):
            return             # 746.2, 746.4, 746.7, 746.9 speak of exports and reexports
        if to == "CU":
            self.need("746.2", n, "SKIP")
        elif to == "KP" and (ccl or not self.perhaps_food(n)):
            self.need("746.4", n, "SKIP")
        elif to == "IR" and self.kind == "transfer_in_country":
            if ccl:            # (a)(1)(iii): within Iran, of items of 734.9(j) alone
                self.need("746.7", n, "SKIP")
        elif to == "IR" and (ccl or self.kind == "export" or self.source == "US" or
                             self.w.pick("ofac", (False, True))):
            self.need("746.7", n, "SKIP")
        elif to in ("RU", "BY"):
            if self.kind != "deemed_export" and (
                    ccl and not self.mass_market_release(code) or
                    not ccl and (self.listed_goods(n) or
                                 self.w.pick("i%d.hts" % n, (False, True)))):
                self.need("746.8", n, "SKIP")
        elif to == "SY" and (ccl or not self.perhaps_food(n)):
            self.need("746.9", n, "denial" if not self.c.has("syria") else "SKIP")
        elif to == "UA" and (ccl or not self.perhaps_food(n)) and \
                self.occupied():
            # (a)(5): deployments by the Government of Ukraine.
            if self.c.parties or not self.w.pick("ukraine.government", (False, True)):
                self.need("746.6", n, "SKIP")
        elif to == "IQ":
            self.iraq(n, code)

    def listed_goods(self, n):
        """746.8(a)(5): what supplement no. 4 to part 746 names, of computers and electronics."""
        six = (self.items[n].get("hts") or "").replace(".", "")[:6]
        return six in SUPP4_746 and self.c.has("supplement 4")

    def by_iran_rule(self, n, code):
        """734.9(j), whatever else makes it subject besides."""
        if self.why in ("located", "origin", "content", "734.4(a)(8)", "734.4(a)(9)"):
            return False
        made = self.items[n].get("made_with") or {}
        tech = made.get("us_technology")
        if tech is None:
            tech = self.w.pick("i%d.tech" % n, ([], ["3E001"], ["3E992"]))
        return self.c.has("iran-fdp") and (
            code[0] in "3456789" or self.w.pick("i%d.supp7" % n, (False, True))) and \
            bool(tech or self.w.truth("i%d.plant" % n, made.get("us_plant")))

    def mass_market_release(self, code):
        """746.8(a)(12)(ii): for civil subsidiaries of companies of the US, A:5 and A:6."""
        if not code.startswith(("5A991", "5A992.c", "5D992.c")):
            return False
        homes = [(n, p.get("headquarters"), (p.get("ultimate_parent") or {}).get("headquarters"))
                 for n, p in self.roles("end_user")]
        near = [n for n, h, up in homes if
                self.c.us_a5_a6(self.place("p%d.hq" % n, h)) or
                self.c.us_a5_a6(self.place("p%d.up" % n, up))]
        return bool(near) and self.w.pick("civil subsidiary", (False, True))

    def occupied(self):
        return self.w.truth("occupied", self.t.get("occupied_ukraine"))

    def perhaps_food(self, n):
        """EAR99 food and medicine are free to North Korea; a part or a tool is neither."""
        form = (self.items[n].get("facts") or {}).get("form")
        return form is None and self.w.pick("i%d.food" % n, (False, True))

    def iraq(self, n, code):
        controls = CODES.get(code, ["RS"])
        strict = any(k != "AT1" and not k.endswith("?") for k in controls) or \
            "W?" in controls and self.w.value.get("i%d.W" % n) or \
            self.ns_by_end(n, self.items[n], code) or \
            code in RS_TECHNOLOGY and self.c.has("2022") and any(
                side_of(c) for c in self.ends(n, self.items[n]))
        if self.flag("military"):
            self.need("746.3(a)(4)", n, "SKIP")
        elif strict or code[:5] in ("3A090", "4A090"):
            self.need("746.3", n, "SKIP")

    def notices(self, n, item):
        for x in self.t.get("notices") or []:
            to = x.get("applies_to") or {}
            same = "part" in to and to["part"] == item.get("part") or \
                "eccn" in to and to["eccn"] == item.get("eccn")
            if same and self.to in x["to"] and self.day >= date.fromisoformat(x["date"]):
                self.need("744.23(b)", n, "SKIP")

    # ---- listed parties: 744.11, denied persons
    def party_rules(self):
        # A denied person may not take part in any way, nor benefit (764 supplement no. 1).
        for n, p in self.roles("exporter", "forwarder", "iaas_customer", *EL_ROLES):
            if self.listed(n, p, "denied_person"):
                self.prohibited = True
        if any(self.hq_d5m(n, p) for n, p in self.roles("intermediate_consignee")):
            self.unsure = "an intermediate consignee headquartered in D:5: is it *for* it?"
        for n, p in self.roles(*EL_ROLES):
            if self.listed(n, p, "entity_list"):
                if self.entry_reaches(n, p):
                    self.need("744.11(a)", None, "SKIP")
            elif self.affiliate(n, p, "entity_list"):
                self.need("744.11(a)(1)", None, "SKIP")
            if not self.listed(n, p, "sdn") and self.affiliate(n, p, "sdn"):
                self.need("744.8(a)(2)", None, "SKIP")
            if not self.listed(n, p, "military_end_user") and \
                    self.affiliate(n, p, "military_end_user") and any(
                        code and self.in_supp2(i, code) for i, code in enumerate(self.codes)):
                self.need("744.21(a)(3)", None, "SKIP")
        for n, p in self.roles("exporter", "forwarder", *EL_ROLES):
            if self.listed(n, p, "sdn"):
                self.need("744.8(a)(1)", None, "SKIP")

    def entry_reaches(self, n, p):
        """The license requirement column of the entry (supplement no. 4 to part 744)."""
        if p.get("listed") is None:
            return 5 in self.footnotes(n, p) or self.w.pick("p%d.scope" % n, (False, True))
        scope = ((p.get("listed") or {}).get("scope") or "all items subject to the ear").lower()
        narrow = any(x in scope for x in ("except", "apart from", "when used"))
        if "all items subject to the ear" in scope and not narrow:
            return True
        if "items on the ccl" in scope and not narrow and \
                any(code and code != "EAR99" for code in self.codes):
            return True
        return self.w.pick("p%d.scope" % n, (False, True))

    def affiliate(self, n, p, flag):
        """The 50 percent rule, with its stay."""
        c = self.c
        if not c.has("affiliates") or p.get("country") == "US":
            return False
        if c.has("stay"):
            if c.day <= date(2026, 11, 9):
                return False
            if not self.w.pick("affiliates.after", (False, True)):
                return False
        homes = (self.to, p.get("headquarters"), (p.get("ultimate_parent") or {}).get(
            "headquarters"))
        if any(h is None or self.c.us_a5_a6(h) for h in homes):
            self.unsure = "the temporary general license beside the 50 percent rule"
        return self.owned("p%d" % n, p, flag)

    def owned(self, key, p, flag):
        """50 percent or more, in aggregate, of listed owners or of owners restricted likewise."""
        owners = p.get("owners")
        if owners is None:
            return self.w.pick((key, "owned", flag), (False, True))
        low = sum(interval(o.get("share", "0"))[0] for o in owners)
        total = 0
        for n, o in enumerate(owners):
            k = "%s.owner%d" % (key, n)
            if self.owner_restricted(k, o, flag):
                total += self.w.pick(k + ".share", points(interval(o.get("share")), [HALF], ONE))
        rest = max(0, ONE - low) if low < ONE and owners else 0
        if total < HALF <= total + rest and low < ONE:
            return self.w.pick((key, "rest", flag), (False, True))
        return total >= HALF

    def owner_restricted(self, key, o, flag):
        l = o.get("listed")
        if l is None:
            if self.w.pick((key, "listed", flag), (False, True)):
                return True
        elif l.get(flag, False):
            return True
        return self.owned(key, o, flag) if o.get("owners") else False

    # ---- exceptions
    def exceptions(self, classes):
        """code -> truth, for the requirements of this world."""
        hard = [r for r, _, _ in self.reqs if r.startswith(("744.", "746."))
                and r not in ("744.23(a)(3)(i)(A)", "744.23(a)(3)(i)", "744.23(a)(3)(i)(B)")]
        uvl = any(self.listed(n, p, "unverified") for n, p in self.roles(*EL_ROLES))
        shut = bool(hard) or uvl or self.prohibited
        out = {}
        need = sorted({i for _, i, _ in self.reqs if i is not None})
        open_for = dict.fromkeys(need, False)
        for code, test in (("NAC", self.nac), ("ACA", self.aca), ("HBM", self.le_hbm),
                           ("AIA", self.aia), ("LPP", self.lpp), ("ACM", self.acm),
                           ("SPP", self.spp), ("RPL", self.rpl), ("TMP", self.tmp),
                           ("GOV", self.gov), ("TSU", self.tsu)):
            barred = shut
            if code == "SPP":
                barred = uvl or self.prohibited or any(r.startswith("744.") for r in hard)
            elif code == "GOV":
                barred = uvl or self.prohibited
            elif code in ("RPL", "TMP", "TSU"):     # 746.3(c)
                barred = uvl or self.prohibited or any(r != "746.3" for r in hard)
            per_item = {i: not barred and test(i, classes[i]) for i in need}
            open_for = {i: open_for[i] or per_item[i] for i in need}
            out[code] = bool(need) and all(per_item.values())
        out["every item"] = bool(need) and all(open_for.values())
        return out

    def open_side(self, i, cls):
        """The item is of .a or .b, and not a data-center item that meets .a; ENC too."""
        facts = self.items[i].get("facts") or {}
        if cls is None or not any(cls[k][s] for k in ("ic", "box") for s in "ab"):
            return False
        rules = {r for r, m, _ in self.reqs if m == i}
        if not all(r.startswith(("742.6(a)(6)(iii)", "744.23(a)(3)(i)")) for r in rules):
            return False
        if (cls["ic"]["a"] or cls["box"]["a"]) and self.for_datacenters(i, cls, facts):
            return False
        if self.w.truth("i%d.encryption" % i, facts.get("encryption")):
            return self.w.pick("i%d.enc" % i, (False, True))
        return True

    def for_datacenters(self, i, cls, facts):
        """Designed or marketed for data centers, or presumed to be (Note 1 to 3A090.a)."""
        return any(cls[k].get("presumed") for k in ("ic", "box")) or \
            self.w.truth("i%d.dc" % i, facts.get("datacenter"))

    def nac(self, i, cls):
        if not self.c.has("2023") or not self.open_side(i, cls):
            return False
        if not self.c.has("split"):
            return True        # the single NAC of 2023 covered transfers too (recalled)
        return self.kind in ("export", "reexport") and (self.c.d5m(self.to) or self.some_hq_d5m())

    def aca(self, i, cls):
        if not self.c.has("split") or not self.open_side(i, cls):
            return False
        if self.kind == "transfer_in_country" and self.c.d5m(self.to):
            return True
        return not self.c.d5m(self.to) and not self.some_hq_d5m()

    def le_hbm(self, i, cls):
        if cls is None or not cls["c"] or cls.get("mbd", HBM_BELOW) >= HBM_BELOW:
            return False
        who = self.roles("exporter")
        home = [self.place("p%d.hq" % n, p.get("headquarters")) for n, p in who] or \
            [self.place("exporter.hq", None)]
        if not all(h == "US" or self.c.a5(h) for h in home) or \
                any(self.hq_d5m(n, p) for n, p in who):
            return False
        if self.roles("intermediate_consignee") and self.w.pick("hired", (False, True)):
            return False
        h = self.t.get("hbm") or {}
        return all([self.w.truth("hbm." + k, h.get(k)) for k in
                    ("buyer_is_designer", "ships_to_packaging_site", "finished_item_below_3A090")])

    def spp(self, i, cls):
        """740.5: EAR99 items to Syria."""
        return self.c.has("syria") and {r for r, m, _ in self.reqs if m == i} == {"746.9"} and \
            self.codes[i] == "EAR99"

    def rpl(self, i, cls):
        """740.10: parts one for one, what is defective, what was serviced; 740.2(a)(9)."""
        r = self.t.get("replacement") or {}
        form = (self.items[i].get("facts") or {}).get("form")
        if not r.get("kind") or self.to in ("IR", "KP", "SY") or form == "technology" or \
                form == "software" and r["kind"] == "part":
            return False       # commodities and software alone, and no software as a part
        def said(key):
            return self.w.truth("replacement." + key, r.get(key))
        if not said("original_authorized") or said("improves"):
            return False
        if self.sme_shut(i):
            return False
        d1 = self.to in D1 and self.to not in ("CN", "HK") and \
            (self.to != "NI" or self.c.has("nicaragua"))
        if r["kind"] == "defective" and not (said("free_of_charge") and (
                not d1 or said("within_warranty"))):
            return False
        if r["kind"] == "serviced" and d1 and not said("same_exporter"):
            return False
        return self.only_lifted(i)

    LIFTED = ("742.6(a)(6)", "742.6(a)(10)", "744.23(a)(3)(i)", "chart NS", "chart RS", "746.3")

    def only_lifted(self, i, more=()):
        """Nothing is required of the item but NS, RS and 742.6(a)(6) and (10), and what isn't 600
        series or 9x515 bound for D:5 (740.2(a)(12))."""
        if self.codes[i][2:3] == "6" and self.to != "MO" and self.c.d5m(self.to):
            return False
        return all(x.startswith(self.LIFTED + more) for x, m, _ in self.reqs if m == i)

    def computing(self, i, cls):
        """740.2(a)(9)(ii): an advanced computing item, its software or technology."""
        if cls is not None and (cls["c"] or any(cls[k][s] for k in ("ic", "box") for s in "ab")):
            return True
        return self.codes[i] in RS_TECHNOLOGY and \
            bool({"a", "b"} & {side_of(c) for c in self.ends(i, self.items[i])})

    def sme_shut(self, i):
        """740.2(a)(9)(i): to Macau and D:5 for the listed equipment and what belongs to it."""
        if not self.c.d5m(self.to):
            return False
        controls = CODES.get(self.codes[i], ())
        if "S" in controls or "FN5" in controls:
            return True
        return self.codes[i] in ("3D001", "3E001") and any(
            {"S", "FN5"} & set(CODES.get(c, ())) for c in self.ends(i, self.items[i]))

    def said(self, what, key):
        return self.w.truth((what, key), (self.t.get(what) or {}).get(key))

    def tmp(self, i, cls):
        """740.9(a)(1), (5) and (6); 740.2(a)(9), (22)."""
        kind = (self.t.get("temporary") or {}).get("kind")
        form = (self.items[i].get("facts") or {}).get("form")
        if not kind or self.to in ("IR", "KP", "SY") or form == "technology":
            return False
        shown = kind in ("tools_of_trade", "exhibition")
        if form == "software" and not shown or self.sme_shut(i) or not self.only_lifted(i):
            return False
        if shown and (any(x == "742.6(a)(10)" for x, m, _ in self.reqs if m == i) or
                      self.computing(i, cls) and (self.c.scope_d(self.to) or self.some_hq_d5m())):
            return False
        if any(self.said("temporary", k) for k in ("order_received", "stays_abroad", "for_lease")):
            return False
        return not shown or self.said("temporary", "effective_control")

    def gov(self, i, cls):
        """740.11(b)(2)(ii), (iii)(A), (vii)."""
        kind = (self.t.get("us_government") or {}).get("kind")
        mine = [x for x, m, _ in self.reqs if m in (i, None)]
        if kind == "official_use":
            open_ones = ("742.", "chart ", "746.1(b)(3)", "746.2", "746.3", "746.4", "746.8",
                         "746.9",
                         "744.21(a)(1)", "744.21(a)(2)", "744.22", "744.23(a)(4)",
                         "744.23(a)(3)(i)")
            return all(x.startswith(open_ones) and x != "746.3(a)(4)" for x in mine) and \
                self.said("us_government", "solely_official")
        if not kind or not all(x.startswith(self.LIFTED[:-1] + ("742.6(a)(11)", "742.15"))
                               for x in mine):
            return False
        if not self.said("us_government", "contract_provides"):
            return False
        if kind == "contract":
            return self.said("us_government", "solely_official") and \
                self.said("us_government", "to_us_person")
        form = (self.items[i].get("facts") or {}).get("form")
        return form in ("ic", "hbm_stack") or self.w.pick("i%d.microelectronics" % i,
                                                          (False, True))

    def tsu(self, i, cls):
        """740.13(a), (c)."""
        kind = (self.t.get("technology_support") or {}).get("kind")
        form = (self.items[i].get("facts") or {}).get("form")
        if not kind or form not in ("software", "technology") or self.sme_shut(i) or \
                not self.only_lifted(i, ("742.6(a)(13)",)):
            return False
        def said(key):
            return self.said("technology_support", key)
        if not said("original_authorized"):
            return False
        if kind == "update":
            return form == "software" and said("same_consignee") and not said("enhances")
        if form == "technology" and self.codes[i] in ("3D001", "3E001"):
            return False       # for development or production, by their headings
        return said("minimum_necessary") and (form == "technology" or said("object_code"))

    def a_family(self, i, cls):
        return cls is not None and (cls["ic"]["a"] or cls["box"]["a"]) and \
            self.c.has("diffusion") and self.kind != "deemed_export" and \
            {r for r, m, _ in self.reqs if m == i} <= {"742.6(a)(6)(iii)(A)"}

    def aia(self, i, cls):
        if not self.a_family(i, cls) or self.to not in SUPP5A or self.some_hq_d5m():
            return False       # 740.27(a); 740.2(a)(9)(ii) shuts it for entities of D:5
        for n, p in self.roles(*FINAL):
            up = (p.get("ultimate_parent") or {}).get("headquarters")
            if self.place("p%d.hq" % n, p.get("headquarters")) not in SUPP5A or \
                    self.place("p%d.up" % n, up) not in SUPP5A:
                return False
        return not cls["ic"]["a"] or self.w.pick("i%d.designer" % i, (False, True))

    def lpp(self, i, cls):
        if not self.a_family(i, cls) or self.kind == "transfer_in_country":
            return False
        if self.c.d5m(self.to) or self.some_hq_d5m() or self.c.scope_d(self.to):
            return False       # 740.29; 740.2(a)(9)(ii) doesn't name LPP for D:1, D:4, D:5
        item = self.items[i]
        if item_tpp(self.w, i, item, self.c) * number(str(item.get("quantity", 1))) > \
                LPP_YEAR * ONE:
            return False
        return self.w.pick("lpp.others", (False, True))

    def acm(self, i, cls):
        """740.28: for private firms that develop, make or store; the case doesn't say so."""
        rules = {r for r, m, _ in self.reqs if m == i}
        if cls is None or not self.c.has("diffusion") or self.kind == "deemed_export" or \
                not rules <= {"742.6(a)(6)(iii)(A)", "742.6(a)(6)(iii)(B)"}:
            return False
        if self.c.d5m(self.to) or any(self.hq_d5m(n, p) for n, p in
                                      self.roles("ultimate_consignee")):
            return False
        return self.w.pick("acm", (False, True))

    # ---- all of it
    def run(self):
        classes, subject, self.codes = [], False, []
        for n, item in enumerate(self.items):
            cls, code = self.item(n, item)
            self.codes.append(code)
            classes.append(cls)
            subject = subject or code is not None
        if subject:
            self.party_rules()
        # 742.4(b)(2), 742.6(b)(10)(i): case by case where part 744 asks for none, else 744.23(d).
        part_744 = any(x.startswith("744.") for x, _, _ in self.reqs)
        self.reqs = [(x, n, ("SKIP" if part_744 else "case_by_case") if p == "SME" else p)
                     for x, n, p in self.reqs]
        self.duty = self.statement()
        exc = self.exceptions(classes) if self.reqs else {}
        self.military_policy()
        if self.prohibited:
            verdict = "prohibited"
        elif not self.reqs:
            verdict = "no_requirement_found"
        else:
            verdict = "license_exception" if exc["every item"] else "license_required"
        if not self.t.get("to") and self.c.parties:
            self.unsure = "no destination, though the parties have countries"
        return verdict, self.reqs, exc, classes, self.unsure, self.duty

    def statement(self):
        """744.15(b): a UVL statement for what needs no license and isn't forbidden."""
        if self.prohibited or not any(self.listed(n, p, "unverified")
                                      for n, p in self.roles(*EL_ROLES)):
            return False
        licensed = {n for _, n, _ in self.reqs}
        return None not in licensed and any(code is not None and n not in licensed
                                            for n, code in enumerate(self.codes))


ORDER = ("denial", "presumption_of_denial", "case_by_case", "presumption_of_approval")


def tri(values):
    values = set(values)
    return "unknown" if len(values) > 1 else "true" if values == {True} else "false"


def world_policy(reqs):
    """The most restrictive policy of a world; the window of (iii)(A)(1) prevails."""
    by = {}
    for rule, item, policy in reqs:
        by.setdefault(rule, set()).add(policy)
    iii = by.get("742.6(a)(6)(iii)(A)", set()) | by.get("742.6(a)(6)(iii)(B)", set())
    if "case_by_case" in iii and "742.6(a)(6)(i)(A)" not in by:
        return {"case_by_case"} if "policy of 744.21(e)(3)" not in by else {"SKIP"}
    return {p for s in by.values() for p in s}


def policy_of(outs):
    """The policy that is proved, or SKIP where this reading has none for some requirement."""
    per_world = [world_policy(r) for _, r, _, _, _, _ in outs]
    if any("SKIP" in p for p in per_world):
        return "SKIP"
    tops = {min(p, key=ORDER.index) if p else None for p in per_world}
    return tops.pop() if len(tops) == 1 else "SKIP"


def verdict_of(outs):
    seen = {v for v, _, _, _, _, _ in outs}
    if len(seen) == 1:
        return seen.pop()
    if "no_requirement_found" in seen:
        return "unknown"
    return "license_required"


def classes_of(c):
    """The classes of item 0, over all worlds of its own facts."""
    cls = worlds(lambda w: item_class(w, "i0", c.items[0], c))
    out = {}
    for key, kind in (("3A090", "ic"), ("4A090", "box")):
        for side in "ab":
            out["%s.%s" % (key, side)] = tri(x[kind][side] for x in cls)
    out["3A090.c"] = tri(x["c"] for x in cls)
    return out


def open_question(outs):
    """Whether anything is required is open already: the verdict is `unknown`, and stays it."""
    last = outs[-1][0] == "no_requirement_found"
    return any((o[0] == "no_requirement_found") != last for o in outs[:1])


def review(case):
    """The twin's answer to a case; policy and exceptions count where a license is required."""
    c = Case(case)
    outs = worlds(lambda w: Decision(c, w).run(), open_question)
    exc = {}
    need = [o for o in outs if o[1]]
    for code in ("NAC", "ACA", "HBM", "AIA", "LPP", "ACM", "SPP", "RPL", "TMP", "GOV", "TSU"):
        exc[code] = tri(o[2].get(code, False) for o in need) if need else "false"
    return {"id": case.get("id"), "verdict": verdict_of(outs), "policy": policy_of(outs),
            "exceptions": exc, "classes": classes_of(c) if c.items else {},
            "statement": tri(o[5] for o in outs),
            "unsure": next((o[4] for o in outs if o[4]), None), "worlds": len(outs),
            "rules": sorted({r for o in outs for r, _, _ in o[1]})}


def differs(got, expect):
    """What of `expect` (as the shared cases give it) the answer doesn't hold."""
    bad = []
    if got["verdict"] != expect["verdict"]:
        bad.append("verdict %s, not %s" % (got["verdict"], expect["verdict"]))
    for k, v in expect.get("classes", {}).items():
        if got["classes"].get(k, "false") != v:
            bad.append("%s %s, not %s" % (k, got["classes"].get(k), v))
    for k, v in expect.get("exceptions", {}).items():
        if got["exceptions"].get(k, "false") != v:
            bad.append("%s %s, not %s" % (k, got["exceptions"].get(k), v))
    if "policy" in expect and got["policy"] not in ("SKIP", expect["policy"]):
        bad.append("policy %s, not %s" % (got["policy"], expect["policy"]))
    return bad


def main(args):
    check = "--check" in args
    bad = total = 0
    for path in [a for a in args if a != "--check"]:
        for line in open(path, encoding="utf-8"):
            row = json.loads(line)
            got = review(row.get("case", row))
            if not check:
                print(json.dumps(got))
                continue
            total += 1
            say = differs(got, row["expect"])
            if say:
                bad += 1
                print("%s (%s): %s\n  %s" % (got["id"], row["certainty"], "; ".join(say), got))
    if check:
        print("%d passed, %d failed" % (total - bad, bad))
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
