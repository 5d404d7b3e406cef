#!/usr/bin/env python3
"""Writes src/screen/fold_data.c: the romanisation of every letter, from Debian's unicode-data.

Latin: base letters by decomposition and name; other alphabets: the tables below, or the letter's
Unicode name (kana, Ethiopic, the Indic alphabets); Han: kMandarin, and the simplified variant.
usage: tools/screen/gen_fold.py [/usr/share/unicode] > src/screen/fold_data.c"""
import bz2
import os
import re
import sys
import unicodedata

UCD = sys.argv[1] if len(sys.argv) > 1 else "/usr/share/unicode"
EXTRA = dict(zip("ßæœøđðþłıŋəħĸſƒɓɗɛɨɲɔʃʒȝŧƶǝɑɡ",
                 "ss ae oe o d d th l i ng a h k s f b d e i n o sh zh "
                 "y t z e a g".split()))
CYRILLIC = dict(zip(
    "абвгдеёжзийклмнопрстуфхцчшщъыьэюяіїєґўјљњђћџѓќѕӣӯәғқңөұүһҳҷҙҡҫҭӑӗҗѣѳѵӈӧӓӱӹӥԥ",
    "a b v g d e yo zh z i y k l m n o p r s t u f kh ts ch sh shch - y - e yu ya i yi ye g u j lj nj "
    "dj c dz g k dz i u a gh q ng o u u h h j z k s t a e j e f i n o a u y i p".split()))
GREEK = dict(zip("αβγδεζηθικλμνξοπρσςτυφχψω", "a v g d e z i th i k l m n x o p r s s t y f ch ps o"
                 .split()))
ARABIC = dict(zip(
    "ءآأؤإئابةتثجحخدذرزسشصضطظعغفقكلمنهوىيپچژڤکگیٱەڕڵۆێټډړږښګڼېۍۀۃہھںےےٹڈڑےڃڅݣ",
    "- a a w a y a b ' t th j h kh d z r z s sh s z t z - gh f q k l m n h w y y p ch zh v k g y a e r "
    "l o e t d r z sh g n e e e ' h h n e e t d r e j ts g".split()))
HEBREW = dict(zip("אבגדהוזחטיךכלםמןנסעףפץצקרשתװױײ",
                  "a b g d h w z h t y k k l m m n n s - p p ts ts k r sh t v oy y".split()))
ARMENIAN = dict(zip("աբգդեզէըթժիլխծկհձղճմյնշոչպջռսվտրցւփքօֆև",
                    "a b g d e z e e t zh i l kh ts k h dz gh ch m y n sh o ch p j r s v t r ts v p k o f "
                    "ev".split()))
GEORGIAN = dict(zip("აბგდევზთიკლმნოპჟრსტუფქღყშჩცძწჭხჯჰ",
                    "a b g d e v z t i k l m n o p zh r s t u p k gh q sh ch ts dz ts ch kh j h".split()))
THAI = dict(zip("กขฃคฅฆงจฉชซฌญฎฏฐฑฒณดตถทธนบปผฝพฟภมยรลวศษสหฬอฮะาำิีึืุูเแโใไๅ",
                "k kh kh kh kh kh ng ch ch ch s ch y d t th th th n d t th th th n b p ph f ph f ph m y r l "
                "w s s s h l - h a a am i i ue ue u u e ae o ai ai a".split()))
# Letters that look alike: a Latin one inside a Cyrillic word, and the other way.
ALIKE = dict(zip("аеорсухікмтнвјѕԁһ", "aeopcyxikmthbjsdh"))
DIGITS = {}


def names():
    out = {}
    with open(os.path.join(UCD, "UnicodeData.txt"), encoding="ascii") as f:
        for line in f:
            p = line.rstrip("\n").split(";")
            out[int(p[0], 16)] = (p[1], p[2], p[5], p[6], p[13])
    return out


def decompose(cp, data, depth=0):
    d = data.get(cp, ("", "", "", "", ""))[2]
    if not d or depth > 8:
        return [cp]
    parts = [int(x, 16) for x in d.split() if not x.startswith("<")]
    return [y for x in parts for y in decompose(x, data, depth + 1)]


def lower(cp, data):
    low = data.get(cp, ("", "", "", "", ""))[4]
    return int(low, 16) if low else cp


def by_name(name):
    m = re.match(r"(?:HALFWIDTH )?(HIRAGANA|KATAKANA) LETTER (SMALL )?([A-Z]+)$", name)
    if m:
        return {"TU": "tsu", "SI": "shi", "TI": "chi", "HU": "fu", "ZI": "ji", "DI": "ji",
                "DU": "zu",
                "WO": "o"}.get(m[3], m[3].lower()) if m[3] != "TU" or not m[2] else "-"
    m = re.match(r"ETHIOPIC SYLLABLE ([A-Z]+)$", name)
    if m:
        return m[1].lower()
    indic = "DEVANAGARI|BENGALI|GURMUKHI|GUJARATI|ORIYA|TAMIL|TELUGU|KANNADA|MALAYALAM|SINHALA|MYANMAR"
    m = re.match(r"(?:%s) (LETTER|VOWEL SIGN) ([A-Z]+)$" % indic, name)
    if m:
        s = m[2].lower()
        vowels = {"aa": "a", "ii": "i", "uu": "u", "ee": "e", "oo": "o"}
        s = vowels.get(s, s)
        if m[1] == "LETTER" and len(s) > 1 and s.endswith("a"):
            s = s[:-1]
        return {"tt": "t", "tth": "th", "dd": "d", "ddh": "dh", "nn": "n", "c": "ch", "ch": "ch",
                "ss": "sh", "ny": "ny", "ll": "l"}.get(s, s)
    return None


def roman(cp, data):
    """Romanisation of one letter; '' for what is passed over; None: no letter (a separator)."""
    name, cat = data[cp][0], data[cp][1]
    if cat in ("Mn", "Me", "Cf"):
        return by_name(name) or ""
    parts = decompose(cp, data)
    if parts != [cp]:
        got = [roman(p, data) for p in parts if p in data]
        if chr(cp) in CYRILLIC:
            return CYRILLIC[chr(cp)].replace("-", "")
        if any(0x1100 <= p < 0x1200 or 0x3400 <= p < 0xA000 for p in parts):
            return None
        return "".join(g for g in got if g) if any(got) else ("" if None not in got else None)
    c = chr(lower(cp, data))
    for t in (EXTRA, CYRILLIC, GREEK, ARABIC, HEBREW, ARMENIAN, GEORGIAN, THAI):
        if c in t:
            return t[c].replace("-", "").replace("'", "a")
    if c.isascii() and c.isalnum():
        return c
    digit = data[cp][3]
    if cat == "Nd" and digit:
        return digit
    m = re.match(r"LATIN (?:CAPITAL|SMALL) LETTER ([A-Z])(?: WITH .*)?$", name)
    if m:
        return m[1].lower()
    got = by_name(name)
    if got is not None:
        return got.replace("-", "")
    if cat in ("Mc",):
        return ""
    return None


def simplified():
    out = {}
    with bz2.open(os.path.join(UCD, "Unihan_Variants.txt.bz2"), "rt", encoding="utf-8") as f:
        for line in f:
            p = line.split()
            if len(p) >= 3 and p[1] == "kSimplifiedVariant":
                a = int(p[0][2:], 16)
                to = [int(x[2:], 16) for x in p[2:]]
                if a not in to and to[0] < 0xA000 and a < 0xA000:
                    out[a] = to[0]
    return out


def mandarin():
    out = {}
    with bz2.open(os.path.join(UCD, "Unihan_Readings.txt.bz2"), "rt", encoding="utf-8") as f:
        for line in f:
            p = line.split()
            if len(p) >= 3 and p[1] == "kMandarin":
                cp = int(p[0][2:], 16)
                if 0x3400 <= cp < 0xA000:
                    s = unicodedata.normalize("NFD", p[2]).replace("u\u0308", "v")
                    s = "".join(c for c in s if not unicodedata.combining(c))
                    out[cp] = s.replace("v", "u" if s[0] in "nl" and s.endswith("e") else "u")
    return out


def table(name, kind, values, per=14):
    print("const %s %s[] = {" % (kind, name))
    for i in range(0, len(values), per):
        print("    " + ", ".join(str(v) for v in values[i:i + per]) + ",")
    print("};")


def main():
    data = names()
    pool, index = [""], {"": 0}

    def intern(s):
        if s not in index:
            index[s] = len(pool)
            pool.append(s)
        return index[s]
    letters, pages = {}, {}
    for cp in sorted(data):
        if cp >= 0x1FFFF or 0x3400 <= cp < 0xA000 or 0xAC00 <= cp < 0xD7A4:
            continue
        if data[cp][0].startswith("<"):
            continue
        r = roman(cp, data)
        if r is not None:
            letters[cp] = intern(r) + 1
    for cp, v in letters.items():
        if cp < 0x10000 or 0x1D400 <= cp < 0x1D800 or 0x1F100 <= cp < 0x1F200:
            pages.setdefault(cp >> 8, {})[cp & 255] = v
    order = sorted(pages)
    read, simple = mandarin(), simplified()
    han = [intern(read[cp]) if cp in read else 0 for cp in range(0x3400, 0xA000)]
    print("/* fold_data.c: generated by tools/screen/gen_fold.py from Unicode data (UCD and Unihan,\n"
          " * see vendor/unicode.txt for its terms).  Do not edit. */\n#include \"screen/fold_data.h\"\n\n#pragma GCC diagnostic ignored \"-Woverlength-strings\"\n")
    table("plm_fold_page", "uint8_t", [order.index(p) + 1 if p in pages else 0 for p in range(512)],
          32)
    flat = [pages[p].get(i, 0) for p in order for i in range(256)]
    table("plm_fold_letter", "uint16_t", flat)
    at, text = [], ""
    for s in pool:
        at.append(len(text))
        text += s + "\0"
    table("plm_fold_at", "uint16_t", at)
    print("const char plm_fold_text[] =")
    for i in range(0, len(pool), 12):
        print('    "' + "\\000".join(pool[i:i + 12]) + '\\000"')
    print("    ;")
    table("plm_fold_han", "uint16_t", han)
    pairs = sorted(simple.items())
    table("plm_fold_simple", "uint16_t", [v for p in pairs for v in p])
    print("const uint32_t plm_fold_simple_n = %d;" % len(pairs))
    alike = sorted((ord(k), ord(v)) for k, v in ALIKE.items())
    table("plm_fold_alike", "uint16_t", [v for p in alike for v in p])
    print("const uint32_t plm_fold_alike_n = %d;" % len(alike))


main()
