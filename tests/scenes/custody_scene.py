"""A hand-made custody world for scenes: one factory, one hub, two data centers of one company, one
of another, and a server with two modules.  Each scene adds what it is about."""
import datetime as dt
import json
import os
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PLIMSOLL = os.environ.get("PLIMSOLL", os.path.join(ROOT, "build", "plimsoll"))
T0 = dt.datetime(2025, 4, 1, tzinfo=dt.timezone.utc)
NS = "https://ns.plimsoll.example/"


def shared(*path):
    """A path under ../shared, or None where that folder is absent."""
    for up in ("..", "."):
        p = os.path.join(ROOT, up, "shared", *path)
        if os.path.exists(p):
            return p
    return None


def when(days):
    return (T0 + dt.timedelta(days=days)).strftime("%Y-%m-%dT%H:%M:%S+00:00")


def day(days):
    return when(days)[:10]


def sgtin(prefix, ref, serial):
    return "urn:epc:id:sgtin:%s.%s.%s" % (prefix, ref, serial)


def new_store(path, count=[0]):
    """path, or a fresh database of the PostgreSQL that CUSTODY_STORE names."""
    base = os.environ.get("CUSTODY_STORE")
    if not base:
        return path
    count[0] += 1
    name = "d%d_%d" % (os.getpid(), count[0])
    subprocess.run(["psql", "-q", base, "-c", "CREATE DATABASE " + name], check=True,
                   stdout=subprocess.DEVNULL)
    head, _, query = base.partition("?")
    return head.rsplit("/", 1)[0] + "/" + name + ("?" + query if query else "")


def run(*args, stdin=None):
    """Exit status and the JSON lines of standard output."""
    r = subprocess.run([PLIMSOLL, *args], input=stdin, stdout=subprocess.PIPE,
                       stderr=subprocess.PIPE, universal_newlines=True)
    out = []
    for line in r.stdout.splitlines():
        if line.startswith("{"):
            out.append(json.loads(line))
    return r.returncode, out, r.stderr


class Scene:
    def __init__(self):
        self.dir = tempfile.TemporaryDirectory()
        self.store = new_store(os.path.join(self.dir.name, "s.db"))
        self.events, self.atts, self.locs, self.seq = [], [], [], 0
        self.sites = {
            "FAC": ("Maker factory", "factory", "9520001", "TW", 25.0, 121.5, "", "", ""),
            "HUB": ("Carrier hub", "hub", "9520002", "SG", 1.35, 103.8, "", "", ""),
            "DC1": ("Owner data center 1", "datacenter", "9520003", "JP", 35.7, 139.7, "1.2",
                    "2025-01-01:1.0", "monthly"),
            "DC2": ("Owner data center 2", "datacenter", "9520003", "JP", 34.7, 135.5, "1.2",
                    "2025-01-01:1.0", "monthly"),
            "OFF": ("Owner vault", "datacenter", "9520003", "JP", 33.6, 130.4, "1.2",
                    "2025-01-01:1.0", "offline"),
            "FAR": ("Stranger data center", "datacenter", "9520004", "DE", 50.1, 8.7, "1.2",
                    "2025-01-01:1.0", "monthly"),
            "DEP": ("Service depot", "depot", "9520005", "SG", 1.30, 103.9, "", "", "")}
        self.number = {k: i + 1 for i, k in enumerate(self.sites)}
        self.devices, self.orders = [], []
        self.licenses = [self.license("L1", 100, ["DC1", "DC2", "OFF"])]
        self.servers = {}

    def sgln(self, k):
        return "urn:epc:id:sgln:%s.%05d.0" % (self.sites[k][2], self.number[k])

    def pgln(self, k):
        return "urn:epc:id:pgln:%s.00000" % self.sites[k][2]

    def license(self, ident, quantity, sites, code=None, amend=(), skus=("K2",), cap=None,
                buyer="DC1"):
        return {"id": ident, "kind": "exception" if code else "license", "code": code,
                "consignee": self.pgln(buyer), "countries": ["JP"], "skus": list(skus),
                "quantity_chips": quantity, "valid_from": day(-30), "valid_to": day(600),
                "sites": [self.sgln(s) for s in sites],
                "amendments": [{"date": day(d), "quantity_chips": q} for d, q in amend],
                "cap_tpp_per_year": cap}

    def ev(self, t, at, step, epcs, action="OBSERVE", kind="ObjectEvent", parent=None, lic=None,
           to=None, disp=None, kg=None, rma=None, late=0.1, po=None, **more):
        self.seq += 1
        e = {"type": kind, "eventID": "urn:uuid:00000000-0000-4000-a000-%012d" % self.seq,
             "eventTime": when(t), "eventTimeZoneOffset": "+00:00", "recordTime": when(t + late),
             "action": action, "bizStep": step,
             "readPoint": {"id": at if at.startswith("geo:") else self.sgln(at)}}
        e["epcList" if kind == "ObjectEvent" else "childEPCs"] = epcs
        if parent:
            e["parentID"] = parent
        if disp:
            e["disposition"] = disp
        papers = [(NS + "License", NS + "license/" + lic)] if lic else []
        papers += [("rma", NS + "rma/" + rma)] if rma else []
        papers += [("po", NS + "order/" + po)] if po else []
        if papers:
            e["bizTransactionList"] = [{"type": a, "bizTransaction": b} for a, b in papers]
        if to:
            e["destinationList"] = [{"type": "possessing_party", "destination": self.pgln(to)},
                                    {"type": "location", "destination": self.sgln(to)}]
        if kg:
            e["sensorElementList"] = [{"sensorReport": [{"type": "Mass", "value": kg,
                                                         "uom": "KGM"}]}]
        e.update(more)
        self.events.append(e)
        return e

    def server(self, name, dc="DC1", ship=10, lic="L1", po=None, install=True, attest=True,
               until=400):
        """A server made, packed, shipped over the hub, received and installed."""
        n = len(self.servers) + 1
        s = {"epc": sgtin("9520001", "020001", "C%03d" % n), "host": "ek%04d" % n, "dc": dc,
             "gpus": [(sgtin("9520000", "010001", "M%03d%d" % (n, i)), "41%04d%d" % (n, i))
                      for i in range(2)],
             "box": "urn:epc:id:sscc:9520001.%010d" % n, "in": ship + 5}
        self.servers[name] = s
        for g, d in s["gpus"]:
            self.devices.append((g, d, "module", "K2", 1000, 700, 2.4, day(ship - 9)))
        self.devices.append((s["epc"], s["host"], "chassis", "K2", 0, 0, 100.0, day(ship - 5)))
        self.ev(ship - 5, "FAC", "commissioning", [s["epc"]], "ADD")
        self.ev(ship - 4.5, "FAC", "assembling", [g for g, _ in s["gpus"]], "ADD",
                "AssociationEvent", s["epc"])
        self.ev(ship - 4, "FAC", "packing", [s["epc"]], "ADD", "AggregationEvent", s["box"],
                kg=120.0)
        self.ev(ship, "FAC", "shipping", [s["box"]], lic=lic, to=dc, disp="in_transit", po=po)
        self.ev(ship + 1, "HUB", "arriving", [s["box"]])
        self.ev(ship + 2, "HUB", "departing", [s["box"]])
        self.ev(ship + 3, dc, "receiving", [s["box"]], lic=lic, to=dc, po=po)
        self.ev(ship + 3.2, dc, "unpacking", [s["epc"]], "DELETE", "AggregationEvent", s["box"])
        if install:
            self.ev(ship + 5, dc, "installing", [s["epc"]])
        if attest:
            self.report(s, ship + 6, until)
        return s

    def report(self, s, start, until, devices=None, host=None):
        t = start
        while t < until:
            self.att(s, t, devices=devices, host=host)
            t += 30

    def att(self, s, t, mode="remote", devices=None, host=None, result="pass", site=None):
        gpus = devices or s["gpus"]
        ok = result == "pass"
        self.atts.append({"id": "A%05d" % (len(self.atts) + 1), "time": when(t), "mode": mode,
                          "site": self.sgln(site or s["dc"]),
                          "host": {"id": (host or s["host"]) if ok else None, "epc": s["epc"]},
                          "devices": [{"id": d, "epc": g if mode == "onsite" else None}
                                      for g, d in gpus] if ok else [],
                          "leaf": "00", "verifier": "v", "result": result})

    def loc(self, s, t, bounds, site=None):
        self.locs.append({"id": "P%05d" % (len(self.locs) + 1), "time": when(t),
                          "device": s["gpus"][0][1], "site": self.sgln(site or s["dc"]),
                          "bounds": [{"landmark": m, "operator": "op-" + m, "lat": la, "lon": lo,
                                      "km_max": km} for m, la, lo, km in bounds]})

    def order(self, ident, n, chips, **kw):
        row = dict(id=ident, placed=day(20), seller=self.pgln("FAC"),
                   buyer="urn:epc:id:pgln:95201%02d.00000" % n, buyer_name="Buyer %d" % n,
                   buyer_country="JP", buyer_address="%d Road" % n, buyer_phone="+81%d" % n,
                   buyer_director="D%d" % n, buyer_email_domain="b%d.example" % n,
                   buyer_founded=2020, buyer_group="", payer="p%d" % n, sku="K2", chips=chips,
                   license="X%d" % n, ship_to=self.sgln("DC1"), amended_on="",
                   amended_ship_to="", status="open")
        row.update(kw)
        self.orders.append(row)

    def write(self, name, text):
        path = os.path.join(self.dir.name, name)
        with open(path, "w") as f:
            f.write(text)
        return path

    def table(self, name, head, rows):
        quote = lambda v: '"%s"' % v if "," in str(v) else str(v)
        return self.write(name, head + "\n" + "".join(",".join(map(quote, r)) + "\n" for r in rows))

    def load(self, shuffle=None):
        lines = lambda rows: "".join(json.dumps(r) + "\n" for r in rows)
        events = list(self.events)
        if shuffle:
            shuffle.shuffle(events)
        heads = list(self.orders[0]) if self.orders else []
        kinds = [("sites",
                  self.table("sites.csv",
                             "id,name,kind,operator,country,lat,lon,pue,power_mw,attests",
                                      [(self.sgln(k), v[0], v[1], self.pgln(k), *v[3:]) for k,
                                       v in self.sites.items()])),
                 ("devices",
                  self.table("devices.csv", "epc,device_id,kind,sku,tpp,tdp_w,mass_kg,made",
                             self.devices)),
                 ("licenses", self.write("licenses.json", json.dumps(self.licenses))),
                 ("attestations", self.write("a.jsonl", lines(self.atts)))]
        if self.locs:
            kinds.append(("locations", self.write("l.jsonl", lines(self.locs))))
        if heads:
            kinds.append(("orders",
                          self.table("orders.csv", ",".join(heads),
                                     [r.values() for r in self.orders])))
        if shuffle:
            shuffle.shuffle(kinds)
        path = self.write("events.jsonl", lines(events))
        steps = [("load", "--kind", k, f) for k, f in kinds] + [("capture", path)]
        if shuffle:
            shuffle.shuffle(steps)
        for step in steps:
            code, out, err = run("custody", step[0], "--store", self.store, *step[1:])
            if code:
                sys.exit("custody %s: %d %s %s" % (step[0], code, out, err))
        return self

    def watch(self, *args):
        """{kind: findings} above a note, and all findings."""
        code, out, err = run("custody", "watch", "--store", self.store, "--format", "json", *args)
        if code == 2:
            sys.exit("watch: " + err)
        kinds = {}
        for f in out:
            if f["severity"] != "note":
                kinds.setdefault(f["kind"], []).append(f)
        if (code == 1) != bool(kinds):
            sys.exit("watch: exit %d with %d findings" % (code, len(kinds)))
        return kinds, out


class Tally:
    """Counts checks and closes a test's output as tools/runtests reads it."""
    def __init__(self):
        self.passed = self.failed = 0

    def check(self, ok, name, *more):
        if ok:
            self.passed += 1
        else:
            self.failed += 1
            print("FAILED:", name, *more)

    def close(self):
        print("%d passed, %d failed" % (self.passed, self.failed))
        sys.exit(1 if self.failed else 0)
