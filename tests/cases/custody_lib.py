"""What the custody tests share: running the program, counting checks, a store (SQLite, or the
PostgreSQL that CUSTODY_STORE names) that is fresh for each test."""
import json
import os
import subprocess
import sys
import tempfile

PLIMSOLL = os.environ.get("PLIMSOLL", "build/san/plimsoll")
RELEASE = os.environ.get("PLIMSOLL_RELEASE", "build/plimsoll")
SHARED = os.path.join(os.getcwd(), "..", "shared")
if not os.path.isdir(SHARED):
    SHARED = os.path.join(os.getcwd(), "shared")
TMP = tempfile.mkdtemp(prefix="custody-test-")
passed = failed = stores = 0


def run(*args, text_in=None, binary=None):
    """(exit status, stdout, stderr)"""
    r = subprocess.run([binary or PLIMSOLL] + [str(a) for a in args], input=text_in,
                       stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=300)
    return r.returncode, r.stdout, r.stderr


def rows(out):
    return [json.loads(l) for l in out.splitlines() if l.strip()]


def check(name, ok, detail=""):
    global passed, failed
    if ok:
        passed += 1
    else:
        failed += 1
        print("FAILED %s %s" % (name, detail), flush=True)


def store():
    """A new, empty store."""
    global stores
    stores += 1
    base = os.environ.get("CUSTODY_STORE")
    if not base:
        return os.path.join(TMP, "s%d.db" % stores)
    name = "t%d_%d" % (os.getpid(), stores)
    subprocess.run(["psql", "-q", base, "-c", "CREATE DATABASE " + name], check=True,
                   stdout=subprocess.DEVNULL)
    head, query = base.split("?", 1) if "?" in base else (base, "")
    return head.rsplit("/", 1)[0] + "/" + name + ("?" + query if query else "")


def file(name, content):
    path = os.path.join(TMP, name)
    with open(path, "w") as f:
        f.write(content if isinstance(content, str)
                else "".join(json.dumps(x) + "\n" for x in content))
    return path


def capture(s, path, *more):
    code, out, err = run("custody", "capture", "--store", s, *more, path)
    r = rows(out)
    return code, (r[0] if r else None), err


def event(**kw):
    e = {"type": "ObjectEvent", "eventTime": "2025-05-01T10:00:00+02:00",
         "eventTimeZoneOffset": "+02:00", "action": "OBSERVE", "bizStep": "shipping",
         "epcList": ["urn:epc:id:sgtin:9520000.010001.A1"],
         "recordTime": "2025-05-01T11:00:00+02:00"}
    e.update(kw)
    return {k: v for k, v in e.items() if v is not None}


def done():
    import shutil
    shutil.rmtree(TMP, ignore_errors=True)
    print("%d passed, %d failed" % (passed, failed))
    sys.exit(1 if failed else 0)
