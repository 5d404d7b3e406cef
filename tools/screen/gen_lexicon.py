#!/usr/bin/env python3
"""Writes src/screen/lexicon_data.c from lexicon.txt, names.txt, script.txt and weights.txt.

weights.txt holds `word count` over the public-domain US lists (tools/screen/gen_weights makes it):
how often a word stands in a listed name.  usage: tools/screen/gen_lexicon.py > src/screen/lexicon_data.c"""
import importlib.util
import math
import os
import re
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
KINDS = ["PLAIN", "LEGAL", "PARTICLE", "TITLE", "GENERIC", "PLACE", "NUMBER", "INITIAL"]
WEIGHT = {"LEGAL": 60, "PARTICLE": 40, "TITLE": 60, "GENERIC": 330, "PLACE": 430, "NUMBER": 600}
TOTAL = 60000


def fold_tool():
    argv, sys.argv = sys.argv, ["x"]
    spec = importlib.util.spec_from_file_location("gen_fold", os.path.join(HERE, "gen_fold.py"))
    m = importlib.util.module_from_spec(spec)
    src = open(os.path.join(HERE, "gen_fold.py"), encoding="utf-8").read().rsplit("\nmain()", 1)[0]
    exec(compile(src, "gen_fold.py", "exec"), m.__dict__)
    sys.argv = argv
    return m


def lines(name):
    section = ""
    path = os.path.join(HERE, name)
    if not os.path.exists(path):
        return
    for line in open(path, encoding="utf-8"):
        line = line.split("#")[0].strip()
        if line.startswith("["):
            section = line[1:-1]
        elif line:
            yield section, line


def fnv(b):
    h = 2166136261
    for c in b:
        h = ((h ^ c) * 16777619) & 0xFFFFFFFF
    return h


def weight_of(count):
    w = 1000 * (1 - math.log2(1 + count) / math.log2(1 + TOTAL))
    return max(120, min(1000, int(w)))


def main():
    fold = fold_tool()
    data = fold.names()
    table = {}   # key (script letter + text) -> dict

    def entry(key):
        return table.setdefault(key,
                                {"kind": "PLAIN", "out": "", "cls": 0, "weight": 0, "phrase": 0})

    def words(kind, canonical, forms):
        for f in forms:
            f = " ".join(f.split())
            if not f or not f.isascii():
                continue
            e = entry("l" + f)
            if e["out"]:
                continue
            e.update(kind=kind, out=canonical, weight=WEIGHT.get(kind, 0))
    for section, line in lines("lexicon.txt"):
        if section in ("particle", "title"):
            for w in line.split():
                e = entry("l" + w)
                if e["kind"] == "PLAIN":
                    e.update(kind=section.upper(), weight=WEIGHT[section.upper()])
        else:
            kind = {"same": "PLAIN", "legal": "LEGAL", "generic": "GENERIC", "place": "PLACE",
                    "numbers": "NUMBER"}[section]
            canonical, forms = line.split("=", 1)
            own = kind != "NUMBER" and " " not in canonical.strip()
            words(kind, canonical.strip(), [canonical.strip()] * own + forms.split("|"))
    cls, common, nick = 0, {}, set()
    for section, line in lines("names.txt"):
        if section in ("class", "nick"):
            cls += 1
            if section == "nick":
                nick.add(cls)
            for w in line.split():
                e = entry("l" + w)
                if not e["cls"]:
                    e["cls"] = cls
        else:
            n, *rest = line.split()
            for w in rest:
                common[w] = max(common.get(w, 0), int(n))
    counts = {}
    for _, line in lines("weights.txt"):
        w, n = line.split()
        counts[w] = int(n)
    for w in set(counts) | set(common):
        n = max(counts.get(w, 0), common.get(w, 0))
        e = entry("l" + w)
        if e["kind"] == "PLAIN":
            e["weight"] = weight_of(n)
        elif e["kind"] in ("GENERIC", "PLACE") and w in counts:
            pass
    # what a canonical generic or place weighs follows its own count, within its kind's range
    for key, e in table.items():
        if e["kind"] in ("GENERIC", "PLACE") and e["out"] in counts:
            e["weight"] = max(150, min(WEIGHT[e["kind"]] + 120, weight_of(counts[e["out"]]) - 100))
        elif e["kind"] == "PLAIN" and e["out"]:
            e["weight"] = weight_of(counts.get(e["out"], 0))
    for key in [k for k in table if " " in k]:
        head = "l" + key[1:].split()[0]
        entry(head)["phrase"] = max(entry(head)["phrase"], len(key.split()))
    for section, line in lines("script.txt"):
        native, english = line.split("=", 1)
        native, english = native.strip(), " ".join(english.split())
        if section == "han":
            key = "h" + native
        elif re.match(r"[\uac00-\ud7a3]", native):
            key = "x" + native
        else:
            key = "x" + "".join(fold.roman(ord(c), data) or "" for c in native if ord(c) in data)
        entry(key)["out"] = english
    emit(table, nick)


def emit(table, nick):
    keys = sorted(table)
    text, at = "", {}

    def intern(s):
        if s not in at:
            at[s] = len(text_list[0])
            text_list[0] += s.encode() + b"\0"
        return at[s]
    text_list = [b""]
    intern("")
    size = 1
    while size < 2 * len(keys):
        size *= 2
    slots = [0] * size
    rows = []
    for i, k in enumerate(keys):
        e = table[k]
        key = k[1:]
        rows.append("{%d, %d, %d, %d, %d, %d, %d, '%s'}" % (
            intern(key), intern(e["out"]), e["cls"], e["weight"], len(key.encode()),
            KINDS.index(e["kind"]), e["phrase"], k[0]))
        h = fnv(k.encode()) & (size - 1)
        while slots[h]:
            h = (h + 1) & (size - 1)
        slots[h] = i + 1
    print("/* lexicon_data.c: generated by tools/screen/gen_lexicon.py from the text files beside it.\n"
          " * Do not edit. */\n#include \"screen/name.h\"\n\n#pragma GCC diagnostic ignored \"-Woverlength-strings\"\n")
    print("const char plm_lex_text[] =")
    blob = text_list[0]
    line, out = "", []
    for part in blob.split(b"\0")[:-1]:
        s = "".join(chr(b) if 32 <= b < 127 and chr(b) not in '"\\' else "\\%03o" % b
                    for b in part) + "\\0"
        if s[:1].isdigit() and line.endswith("\\0"):
            line = line[:-2] + "\\000"
        if len(line) + len(s) > 90:
            out.append(line)
            line = ""
        line += s
    out.append(line)
    print("\n".join('    "%s"' % x for x in out) + ";")
    print("const lexeme plm_lex_table[] = {")
    for i in range(0, len(rows), 3):
        print("    " + ", ".join(rows[i:i + 3]) + ",")
    print("};\nconst uint16_t plm_lex_nick_first = %d, plm_lex_nick_last = %d;" % (min(nick),
                                                                                   max(nick)))
    print("const uint32_t plm_lex_hash_size = %d;\nconst uint16_t plm_lex_hash[] = {" % size)
    for i in range(0, size, 14):
        print("    " + ", ".join(map(str, slots[i:i + 14])) + ",")
    print("};")


main()
