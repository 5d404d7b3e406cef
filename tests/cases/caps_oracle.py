"""A second reading of the cap rules: every lot is kept in a list, every sum is taken anew over
all of them before and after, in Python's whole numbers.  For the tests of forecast and whatif."""
import datetime

TIER1 = set("AU BE CA DK FI FR DE IE IT JP NL NZ NO KR ES SE TW GB US".split())
TIER3 = {"CN", "MO", "RU"}
NVEU = [("2025-01-01", 633000000), ("2025-04-01", 949500000), ("2025-07-01", 1266000000),
        ("2025-10-01", 1582500000), ("2026-01-01", 1899000000), ("2026-04-01", 2690250000),
        ("2026-07-01", 3481500000), ("2026-10-01", 4272750000), ("2027-01-01", 5064000000)]
US_HELD = {"google llc"}


def order(n, **kw):
    x = {"id": "o%s" % n, "date": "2026-01-05", "kind": "export", "country": "MY",
         "company": "Acme", "consignee": "C", "license": None, "site": None, "sku": "H100",
         "chips": 1, "tpp": 1}
    x.update(kw)
    return x


def holder(x):
    return tuple(x.get(k) or "" for k in ("company", "consignee", "license", "country", "sku"))


class Books:
    def __init__(self):
        self.lots = []  # [holder, stage, day, tpp]; stages 0 reserved 1 exported 2 installed 3 gone

    def draw(self, h, stage, want, to, to_stage, day):
        mine = sorted((l for l in self.lots if l[0] == h and l[1] == stage), key=lambda l: l[2])
        for l in mine:
            x = min(l[3], want)
            l[3] -= x
            want -= x
            if x and to is not None:
                self.lots.append([to, to_stage, day or l[2], x])
        return want

    def move(self, x):
        """False: the balance does not allow it."""
        h, t, day = holder(x), x["tpp"], x["date"]
        if x.get("to"):
            other = dict(x, **x["to"])
            stage = {"reserve": 0, "export": 1, "install": 2}[x["kind"]]
            return self.draw(h, stage, t, holder(other), stage, day) == 0
        if x["kind"] == "reserve":
            self.lots.append([h, 0, day, t])
        elif x["kind"] == "export":
            left = self.draw(h, 0, t, h, 1, day)
            self.lots.append([h, 1, day, left])
        elif x["kind"] == "install":
            left = self.draw(h, 1, t, h, 2, None)
            self.lots.append([h, 2, day, left])
        elif x["kind"] == "retire":
            return self.draw(h, 2, t, h, 3, None) == 0
        else:
            return self.draw(h, 0, t, None, None, None) == 0
        return True

    def sums(self, want):
        used = reserved = 0
        for h, stage, day, t in self.lots:
            if want(h, day):
                if stage == 0:
                    reserved += t
                else:
                    used += t
        return used, reserved


def end_of(step):
    if step + 1 == len(NVEU):
        return "2027-12-31"
    day = datetime.date.fromisoformat(NVEU[step + 1][0])
    return (day - datetime.timedelta(days=1)).isoformat()


def accounts(lots, universal, ruleset):
    """(cap, account) -> list of (what counts, limit or (percent, base), steps in order)."""
    out = {}
    if ruleset == "h200":
        out[("h200 aggregate", "all:CN+MO")] = [(lambda h, d: h[3] in ("CN", "MO"),
                                                (50, lambda h, d: h[3] == "US"))]
    if ruleset != "diffusion":
        return out
    for h, stage, day, t in lots:
        company, consignee, word, country = h[0], h[1], h[2], h[3]
        if word == "LPP":
            y = day[:4]
            limit = 26900000
            f = lambda g, d, c=consignee, y=y: g[2] == "LPP" and g[1] == c and d[:4] == y
            out[("LPP", "consignee:%s:%s" % (consignee, y))] = [(f, limit)]
        elif word == "NVEU" and country not in TIER1:
            key = ("NVEU", "company:%s@%s" % (company, country))
            out[key] = [(lambda g, d, c=company, k=country, e=end_of(s):
                         g[2] == "NVEU" and g[0] == c and g[3] == k and d <= e,
                         NVEU[s][1] if country not in TIER3 else 0) for s in range(len(NVEU))]
        elif word == "" and country not in TIER1:
            out[("country", "country:%s" % country)] = [
                (lambda g, d, k=country: g[2] == "" and g[3] == k and "2025" <= d[:4] <= "2027",
                 790000000 if country not in TIER3 else 0)]
        if company in universal:
            all_of = lambda g, d, c=company: g[0] == c
            out[("UVEU tier 1", "company:" + company)] = [
                (lambda g, d, c=company: g[0] == c and g[3] not in TIER1, (25, all_of))]
            if company.lower() in US_HELD:
                out[("UVEU home", "company:" + company)] = [
                    (lambda g, d, c=company: g[0] == c and g[3] != "US", (50, all_of))]
            if country not in TIER1:
                f = lambda g, d, c=company, k=country: g[0] == c and g[3] == k
                out[("UVEU country", "company:%s@%s" % (company, country))] = [
                    (f, (7, all_of) if country not in TIER3 else 0)]
    return out


def passes(before, after, ruleset, universal):
    """{(cap, account): (limit, used, reserved, asked, over)} that the step from one to the other
    takes further over."""
    out = {}
    for key, steps in accounts(after.lots, universal, ruleset).items():
        for what, limit in steps:
            u0, r0 = before.sums(what)
            u1, r1 = after.sums(what)
            grown, held = u1 + r1 - u0 - r0, u1 + r1
            if isinstance(limit, tuple):
                percent, base = limit
                b0, b1 = sum(before.sums(base)), sum(after.sums(base))
                limit, grown = percent * b1 // 100, 100 * grown - percent * (b1 - b0)
            tier3 = lambda h, d, w=what: w(h, d) and h[3] in TIER3
            if key[0] == "LPP" and sum(after.sums(tier3)) > sum(before.sums(tier3)):
                limit = 0  # none of the exception is for there
            if grown > 0 and held > limit:
                out[key] = (limit, u0, r0, held - u0 - r0, held - limit)
                break
    return out


def copy(b):
    c = Books()
    c.lots = [list(l) for l in b.lots]
    return c
