"""A small world for the location protocol: keys, a directory, landmarks, agents, a relay that
delays, drops, reorders and duplicates by seed, and sessions.  Used by test_locate_protocol."""
import heapq
import json
import os
import random
import select
import signal
import socket
import subprocess
import tempfile
import threading
import time

P = os.environ.get("PLIMSOLL", "build/san/plimsoll")
START_S = 20


def free_port():
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.bind(("127.0.0.1", 0))
    port = s.getsockname()[1]
    s.close()
    return port


class Daemon:
    def __init__(self, args, wrap=()):
        self.p = subprocess.Popen(list(wrap) + args, stdout=subprocess.PIPE,
                                  stderr=subprocess.PIPE, text=True)
        self.err = []
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()
        ready, _, _ = select.select([self.p.stdout], [], [], START_S)
        self.line = self.p.stdout.readline().strip() if ready else None

    def _read(self):
        for line in self.p.stderr:
            self.err.append(line.rstrip("\n"))

    def events(self, kind="session"):
        out = []
        for line in self.err:
            try:
                e = json.loads(line)
            except ValueError:
                continue
            if e.get("event") == kind:
                out.append(e)
        return out

    def stop(self, sig=signal.SIGTERM):
        start = time.time()
        if self.p.poll() is None:
            self.p.send_signal(sig)
        try:
            self.p.wait(10)
        except subprocess.TimeoutExpired:
            self.p.kill()
            self.p.wait()
        self.reader.join(5)
        self.p.stdout.close()
        self.p.stderr.close()
        return self.p.returncode, time.time() - start


class Relay:
    """Stands where the agent is said to be: everything goes on to the agent, from one port per
    client, after delay_ms (a number, or a function of the client's address), both ways."""

    def __init__(self, agent, delay_ms=0, drop=0.0, dup=0.0, jitter_ms=0, seed=1, change=None):
        self.agent, self.delay, self.drop, self.dup = agent, delay_ms, drop, dup
        self.jitter, self.rnd, self.change = jitter_ms, random.Random(seed), change
        self.front = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.front.bind(("127.0.0.1", 0))
        self.port = self.front.getsockname()[1]
        self.back, self.seen, self.heap, self.n = {}, [], [], 0
        self.alive = True
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def address(self):
        return "127.0.0.1:%d" % self.port

    def _pass(self, data, client, sock, to):
        if self.change:
            data = self.change(data, client)
            if data is None:
                return
        if self.rnd.random() < self.drop:
            return
        ms = self.delay(client) if callable(self.delay) else self.delay
        for _ in range(2 if self.rnd.random() < self.dup else 1):
            at = time.monotonic() + (ms + self.jitter * self.rnd.random()) / 1000
            self.n += 1
            heapq.heappush(self.heap, (at, self.n, data, sock, to))

    def _run(self):
        while self.alive:
            now = time.monotonic()
            while self.heap and self.heap[0][0] <= now:
                _, _, data, sock, to = heapq.heappop(self.heap)
                try:
                    sock.sendto(data, to)
                except OSError:
                    pass
            wait = min(0.2, max(0.0, self.heap[0][0] - now)) if self.heap else 0.2
            got, _, _ = select.select([self.front] + list(self.back.values()), [], [], wait)
            for s in got:
                data, who = s.recvfrom(2048)
                if s is self.front:
                    if who not in self.back:
                        b = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
                        b.bind(("127.0.0.1", 0))
                        self.back[who] = b
                    self.seen.append((data, who))
                    self._pass(data, who, self.back[who], self.agent)
                else:
                    client = next(c for c, b in self.back.items() if b is s)
                    self._pass(data, client, self.front, client)

    def close(self):
        self.alive = False
        self.thread.join(2)
        self.front.close()
        for b in self.back.values():
            b.close()


class World:
    """places: {id: (operator, lat, lon)}.  Everything is on loopback, so distances come from the
    relay's delays and from where the directory says that landmarks are."""

    def __init__(self, places, ak=None, devices=("gpu-7",)):
        self.dir = tempfile.mkdtemp(prefix="plm-probe-")
        self.places, self.daemons, self.relays = places, [], []
        self.trust = self.key("root")
        self.verifier = self.key("verifier")
        self.port = {i: free_port() for i in places}
        self.agent_port = free_port()
        self.public = {i: self.key("lm-" + i) for i in places}
        self.device_key = {d: self.key("dev-" + d) for d in devices}
        agents = [dict({"device": d, "key": k}, **({"ak": ak} if ak else {}))
                  for d, k in self.device_key.items()]
        self.draft = {"landmarks": [{"id": i, "operator": o, "lat": la, "lon": lo,
                                     "address": "127.0.0.1:%d" % self.port[i],
                                     "key": self.public[i]}
                                    for i, (o, la, lo) in places.items()],
                      "agents": agents, "verifiers": [self.verifier]}
        self.directory = self.sign(self.draft, "d.json")

    def path(self, name):
        return os.path.join(self.dir, name)

    def key(self, name):
        r = subprocess.run([P, "key", "new", "--out", self.path(name)], stdout=subprocess.PIPE,
                           check=True, text=True)
        return r.stdout.strip()

    def sign(self, draft, name, key="root"):
        with open(self.path(name + ".in"), "w") as f:
            json.dump(draft, f)
        r = subprocess.run([P, "locate", "directory", "sign", "--key", self.path(key),
                            self.path(name + ".in")], stdout=subprocess.PIPE, check=True)
        with open(self.path(name), "wb") as f:
            f.write(r.stdout)
        return self.path(name)

    def landmark(self, i, program=None, **kw):
        d = Daemon([program or P, "landmark", "--id", i, "--key", self.path("lm-" + i),
                    "--directory", kw.get("directory", self.directory), "--trust", self.trust],
                   kw.get("wrap", ()))
        self.daemons.append(d)
        return d

    def landmarks(self, **kw):
        return {i: self.landmark(i, **kw) for i in self.places}

    def agent(self, device="gpu-7", tpm=None, program=None, **kw):
        d = Daemon([program or P, "agent", "--device", device, "--key",
                    self.path("dev-" + device), "--directory",
                    kw.get("directory", self.directory), "--trust", self.trust, "--listen",
                    "127.0.0.1:%d" % kw.get("port", self.agent_port)] +
                   (["--tpm", tpm] if tpm else []), kw.get("wrap", ()))
        self.daemons.append(d)
        return d

    def relay(self, **kw):
        r = Relay(("127.0.0.1", self.agent_port), **kw)
        self.relays.append(r)
        return r

    def session_args(self, out="s", deny="CN,RU,IR,KP", key="verifier", agent=None, **kw):
        a = [P, "locate", "session", "--directory", kw.get("directory", self.directory),
             "--trust", self.trust, "--key", self.path(key), "--device",
             kw.get("device", "gpu-7"), "--agent", agent or "127.0.0.1:%d" % self.agent_port,
             "--deny", deny, "--timeout", str(kw.get("timeout", 20)), "--out", self.path(out)]
        for name in ("quorum", "rounds"):
            if name in kw:
                a += ["--" + name, str(kw[name])]
        return a

    def session(self, **kw):
        """(exit status, verdict, seconds)"""
        start = time.time()
        r = subprocess.run(self.session_args(**kw), stdout=subprocess.PIPE,
                           stderr=subprocess.PIPE, text=True, timeout=120)
        self.stderr = r.stderr
        try:
            line = json.loads(r.stdout)
        except ValueError:
            line = None
        self.line = r.stdout
        return r.returncode, line, time.time() - start

    def verify(self, *names, directory=None, trust=None):
        r = subprocess.run([P, "locate", "verify", "--directory", directory or self.directory,
                            "--trust", trust or self.trust] + [self.path(n) for n in names],
                           stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=60)
        return r.returncode, r.stdout, r.stderr

    def close(self):
        for d in self.daemons:
            if d.p.poll() is None:
                d.stop(signal.SIGKILL)
        for r in self.relays:
            r.close()
        subprocess.run(["rm", "-rf", self.dir])

    def __enter__(self):
        return self

    def __exit__(self, *a):
        self.close()
