#!/usr/bin/env python3
"""Adds the License Review Policy column to the shipped Entity List.

The transcription that lists/entity_list_2026-07-09.csv comes from has no policy column; the table
of Supplement No. 4 to part 744 as eCFR prints it (2026-07-23) has.  A row gets the policy of the
table's row under the same country whose running text begins with its name: of several, the one with
its Federal Register document; where several are left, only if they all say the same.  What finds
no row keeps an empty policy, and `plimsoll screen` says so.

usage: tools/lists/join_policy.py LIST.csv SUPPLEMENT.csv > NEW.csv   (counts on standard error)"""
import collections
import csv
import re
import sys


def fold(s):
    return re.sub(r"[^a-z0-9]", "", s.lower())


def place(s):
    return fold(s.split(",")[0])  # "CHINA, PEOPLE'S REPUBLIC OF"


def documents(s):
    return set(re.findall(r"\d+ FR \d+", s))


def tidy(s):
    s = re.sub(r"\s+", " ", s).strip().rstrip(".")
    return re.sub(r"(\d+ FR \d+, \d+/\d+/\d+.*)$", "", s).strip()  # a citation run into the cell


def main():
    rows = list(csv.DictReader(open(sys.argv[1], encoding="utf-8", newline="")))
    table = collections.defaultdict(list)
    for r in csv.reader(open(sys.argv[2], encoding="utf-8", newline="")):
        if len(r) > 4 and r[3].strip() and not r[3].startswith(("License", "For all items")):
            table[place(r[0])].append((fold(r[1]), tidy(r[3]), documents(r[4])))
    out = csv.writer(sys.stdout, lineterminator="\r\n")
    out.writerow(list(rows[0]) + ["license_policy"])
    found = 0
    for r in rows:
        name, docs = fold(r["name"]), documents(r["fr_citation"])
        at = [t for t in table[place(r["country"])] if name and t[0].startswith(name)]
        same = [t for t in at if t[2] & docs] or at
        said = {t[1] for t in same}
        policy = said.pop() if len(said) == 1 else ""
        found += bool(policy)
        out.writerow(list(r.values()) + [policy])
    print("%d rows, %d with a policy" % (len(rows), found), file=sys.stderr)


if __name__ == "__main__":
    main()
