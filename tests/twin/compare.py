"""What of the program's answer to a case differs from the twin's.

- the verdict and the classes: equal (on 2022-10-07 to -20 the classes may be as the seed has them);
- the policy: equal, where the twin holds one for every requirement;
- the statement of a party on the Unverified List: equal, where the verdict is not unknown;
- an exception that one of the two calls available is not denied, nor called available, wrongly."""
import collections
import json
import os
import subprocess
import tempfile

import twin


def program_answers(cases, program):
    """(id -> the program's answer, what it said of those it refused); no list, no connection."""
    with tempfile.TemporaryFile("w+", encoding="utf-8") as f, tempfile.TemporaryFile() as out:
        f.write("".join(json.dumps(c) + "\n" for c in cases))
        f.seek(0)
        r = subprocess.run([program, "review", "--format", "json", "-"], stdin=f, stdout=out,
                           stderr=subprocess.PIPE, timeout=3600)
        out.seek(0)
        rows = {}
        for line in out:
            row = json.loads(line)
            rows[row["id"]] = row
    return rows, r.stderr.decode("utf-8", "replace")


def class_differs(case, key, mine, theirs):
    if key.endswith(".b") and mine[key[:-1] + "a"] != "false":
        return False       # 4,800 TPP and more may or may not be shown as .b
    return theirs.get(key, "false") != mine[key]


def compare(case, mine, theirs):
    bad = []
    if "2022-10-07" <= case["as_of"] <= "2022-10-20":
        return bad         # the stages of 2022: the class itself may be called unknown
    if theirs["verdict"] != mine["verdict"]:
        bad.append("verdict: program %s, twin %s" % (theirs["verdict"], mine["verdict"]))
    items = theirs.get("items") or [{}]
    classes = items[0].get("classes") or {}
    for key in mine["classes"]:
        if class_differs(case, key, mine["classes"], classes):
            bad.append("%s: program %s, twin %s" % (key, classes.get(key), mine["classes"][key]))
    if mine["policy"] != "SKIP" and theirs.get("policy") != mine["policy"] and \
            mine["verdict"] in ("license_required", "license_exception"):
        bad.append("policy: program %s, twin %s" % (theirs.get("policy"), mine["policy"]))
    if mine["verdict"] != "unknown":     # where it is open, the twin stops counting worlds
        got = {o["truth"] for o in theirs.get("obligations") or [] if o["rule"] == "UVL.statement"}
        said = "true" if "true" in got else "unknown" if got else "false"
        if said != mine["statement"]:
            bad.append("UVL statement: program %s, twin %s" % (said, mine["statement"]))
    # A list of exceptions is of one item here; of several, each may have its own.
    if mine["verdict"] in ("license_required", "license_exception") and \
            len(case["transaction"].get("items") or []) == 1:
        got = {e["code"]: e["available"] for e in theirs.get("exceptions") or []}
        for code, want in mine["exceptions"].items():
            have = got.get(code, "false")
            if have != want and "true" in (have, want):
                bad.append("%s: program %s, twin %s" % (code, have, want))
    return bad


def twin_answers(cases, worlds):
    """(id -> the twin's answer, how many it has none for, by reason)."""
    out, left = {}, collections.Counter()
    twin.MAX_WORLDS = worlds
    for c in cases:
        try:
            answer = twin.review(c)
            if answer["unsure"]:
                left[answer["unsure"]] += 1
            else:
                out[c["id"]] = answer
        except (twin.TooMany, twin.NotCovered) as e:
            left[type(e).__name__] += 1
    return out, left
