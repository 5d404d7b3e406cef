"""The lists, queries and customers that bench/screen measures with, from a seed."""

import json
import os
import random

LETTERS = "abcdefghijklmnopqrstuvwxyz"
GIVEN = (
    "James Mary Robert Patricia John Jennifer Michael Linda David Elizabeth William "
    "Barbara Richard Susan Joseph "
    "Jessica Thomas Sarah Charles Karen Mohammed Fatima Ahmed Aisha Ali Omar Hassan Yusuf "
    "Ivan Olga Dmitri Natalia "
    "Sergei Elena Pavel Irina Wei Fang Jun Ming Xiu Li Hiroshi Yuki Kenji Sakura Minjun "
    "Seoyeon Raj Priya Anil "
    "Sunita Carlos Maria Jose Ana Luis Carmen Pierre Camille Hans Greta Giovanni Chiara Lars Ingrid"
).split()
SYLLABLES = (
    "ber gar kov man son ley ton ham ster ford win dal mer lin ros hart bren cas del mon "
    "ra vi sa ki no ta "
    "mi ro len par gu fer nan lo pez ko va san chen wang tor as ber nor quist hal vor sen"
).split()
TRADE = (
    "Trading Systems Logistics Industries Technology Shipping Foods Consulting Textiles "
    "Energy Medical"
).split()
FORMS = "Ltd LLC GmbH S.A. Inc Co., Ltd. OOO AG Pte. Ltd.".split()


def family(rng):
    return "".join(rng.choice(SYLLABLES) for _ in range(rng.randint(2, 3))).capitalize()


def customer(rng, families):
    """A made-up person or company: (type, name)."""
    if rng.random() < 0.75:
        given = [rng.choice(GIVEN) for _ in range(1 + (rng.random() < 0.4))]
        return "person", " ".join(given + [rng.choice(families)])
    words = [rng.choice(families) for _ in range(1 + (rng.random() < 0.3))]
    return "organization", " ".join(words + [rng.choice(TRADE), rng.choice(FORMS)])


def customers(path, n, seed=1):
    rng = random.Random(seed)
    families = [family(rng) for _ in range(20000)]
    with open(path, "w", encoding="utf-8") as f:
        for i in range(n):
            kind, name = customer(rng, families)
            f.write(json.dumps({"id": i, "name": name, "type": kind}) + "\n")


def mistyped(rng, name):
    i, c = rng.randrange(len(name)), rng.choice(LETTERS)
    return rng.choice(
        [
            name[:i] + c + name[i + 1 :],
            name[:i] + name[i + 1 :],
            name[:i] + c + name[i:],
            name[:i] + name[i + 1 : i + 2] + name[i : i + 1] + name[i + 2 :],
        ]
    )


def queries(names, n, seed=2):
    """Half made-up customers, half listed names: mistyped, in another order, or a word short."""
    rng, out = random.Random(seed), []
    families = [family(rng) for _ in range(20000)]
    while len(out) < n:
        if len(out) % 2:
            out.append(customer(rng, families))
            continue
        kind, name = rng.choice(names)
        for _ in range(rng.randint(0, 2)):
            name = mistyped(rng, name)
        words = name.split()
        if rng.random() < 0.3:
            rng.shuffle(words)
        if rng.random() < 0.2 and len(words) > 2:
            words.pop()
        if words:
            out.append((kind, " ".join(words)))
    return out


def entity(i, schema, names):
    return {
        "id": "b%06d" % i,
        "schema": schema,
        "properties": {"name": names[:1], "alias": names[1:]},
    }


def changed(entities, n, seed=3):
    """The same lists with n names of new entities more."""
    rng = random.Random(seed)
    families = [family(rng) for _ in range(400)]
    new = [entity(900000 + i, "Person", [customer(rng, families)[1]]) for i in range(n)]
    return entities + new


def dropped(entities, n, seed=9):
    """The same lists with n entities less."""
    gone = set(random.Random(seed).sample(range(len(entities)), min(n, len(entities))))
    return [e for i, e in enumerate(entities) if i not in gone]


def write_jsonl(path, rows):
    with open(path, "w", encoding="utf-8") as f:
        for r in rows:
            f.write(json.dumps(r, ensure_ascii=False) + "\n")


def own_lists(root):
    """The shipped Entity List, where the shared lists are not there."""
    import csv

    with open(
        os.path.join(root, "lists/entity_list_2026-07-09.csv"), encoding="utf-8-sig", newline=""
    ) as f:
        rows = list(csv.DictReader(f))
    out = []
    for r in rows:
        names = [r["name"]] + [x.strip() for x in (r.get("aliases") or "").split(";") if x.strip()]
        out.append(entity(len(out), "LegalEntity", names))
    return out
