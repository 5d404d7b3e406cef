#!/usr/bin/env python3
"""Writes tools/screen/weights.txt: how often a word stands in a name of the public-domain US lists.

Counts listed names (aliases of one entry count a word once), as `plimsoll screen --tokens` reads
them.  usage: tools/screen/gen_weights.py LISTS_US_FOLDER > tools/screen/weights.txt"""
import csv
import json
import os
import subprocess
import sys
import tempfile

csv.field_size_limit(1 << 28)


def entries(folder):
    with open(os.path.join(folder, "entity_list_2026-07-09.csv"), encoding="utf-8-sig",
              newline="") as f:
        for r in csv.DictReader(f):
            yield [r["name"]] + (r.get("aliases") or "").split(";")
    alt = {}
    with open(os.path.join(folder, "ofac", "alt_2021-07.csv"), encoding="latin-1", newline="") as f:
        for r in csv.reader(f):
            if len(r) > 3:
                alt.setdefault(r[0].strip(), []).append(r[3])
    with open(os.path.join(folder, "ofac", "sdn_2021-07.csv"), encoding="latin-1", newline="") as f:
        for r in csv.reader(f):
            if len(r) > 3:
                yield [r[1]] + alt.get(r[0].strip(), [])
    with open(os.path.join(folder, "csl_2022-04.csv"), encoding="utf-8-sig", newline="") as f:
        for r in csv.DictReader(f):
            if "Entity List" not in r["source"] and "Specially Designated" not in r["source"]:
                yield [r["name"]] + (r.get("alt_names") or "").split(";")


def main():
    names, owner = [], []
    for i, e in enumerate(entries(sys.argv[1])):
        for n in e:
            if n.strip():
                names.append(n.strip())
                owner.append(i)
    with tempfile.NamedTemporaryFile("w", suffix=".jsonl", encoding="utf-8") as t:
        for n in names:
            t.write(json.dumps({"name": n}) + "\n")
        t.flush()
        out = subprocess.run(["build/plimsoll", "screen", "--tokens", t.name],
                             stdout=subprocess.PIPE,
                             check=False).stdout.decode().splitlines()
    seen, count = set(), {}
    for o, line in zip(owner, out):
        for tok in line.split("|")[0].split():
            form = tok.split("/")[0]
            if form.isalpha() and len(form) > 1 and (o, form) not in seen:
                seen.add((o, form))
                count[form] = count.get(form, 0) + 1
    for w in sorted(w for w, n in count.items() if n >= 3):
        print(w, count[w])


main()
