"""One peer of bench/screen: entities and queries on standard input as JSON, one JSON line out.
usage: screen_peer.py rapidfuzz|nomenklatura"""

import json
import sys
import time


def rapidfuzz(task):
    from rapidfuzz import fuzz, process, utils

    names = [
        n
        for e in task["entities"]
        for n in e["properties"]["name"] + e["properties"].get("alias", [])
    ]
    names = [utils.default_process(n) for n in names]
    some, t = task["queries"][:60], time.process_time()
    for _, q in some:
        process.extract(
            utils.default_process(q), names, scorer=fuzz.WRatio, score_cutoff=85, limit=10
        )
    return (time.process_time() - t) * 1e6 / len(some), "%d queries x %d names, WRatio" % (
        len(some),
        len(names),
    )


def nomenklatura(task):
    from followthemoney import model
    from nomenklatura.matching import get_algorithm
    from nomenklatura.matching.types import ScoringConfig

    try:
        from followthemoney import EntityProxy as Proxy
    except ImportError:
        from followthemoney.proxy import EntityProxy as Proxy
    logic, config = get_algorithm("logic-v2"), ScoringConfig.defaults()

    def make(ident, schema, names):
        e = Proxy.from_dict({"id": ident, "schema": schema, "properties": {"name": names}})
        return e

    step = max(1, len(task["entities"]) // 400)
    listed = [
        make("e%d" % i, e["schema"], e["properties"]["name"] + e["properties"].get("alias", []))
        for i, e in enumerate(task["entities"][::step])
    ]
    kinds = {"person": "Person", "organization": "Organization", "vessel": "Vessel"}
    asked = [
        make("q%d" % i, kinds.get(k, "LegalEntity"), [n])
        for i, (k, n) in enumerate(task["queries"][:12])
    ]
    t, n = time.process_time(), 0
    for q in asked:
        for e in listed:
            logic.compare(q, e, config)
            n += 1
    each = (time.process_time() - t) / n
    return each * 1e6 * len(task["entities"]), "%.0f us a comparison over %d, without an index" % (
        each * 1e6,
        n,
    )


us, how = {"rapidfuzz": rapidfuzz, "nomenklatura": nomenklatura}[sys.argv[1]](json.load(sys.stdin))
print(json.dumps({"us": us, "how": how}))
