"""A landmark that lies: it speaks the protocol well enough to be listed and signs a receipt of
its own making without ever pinging.  Written from docs/location-protocol.md, so that it also
checks that the document says enough to build a part of the protocol."""
import ctypes
import ctypes.util
import hashlib
import os
import socket
import struct
import threading

HEAD = b"PLMPRB\x01"
COOKIE, KEYREQ, KEYREP, ARM, STATUS, POLL, RECEIPT = 2, 5, 6, 9, 10, 11, 12


def sodium():
    name = ctypes.util.find_library("sodium") or "libsodium.so.23"
    lib = ctypes.CDLL(name)
    lib.sodium_init()
    return lib


class Liar:
    """rtt_ns: what it claims.  how: "made-up" (nonce and answer of its own), "root" (the best
    time is not under the root it signs), "zero" (a time of nothing), "unsigned"."""

    def __init__(self, port, key_file, rtt_ns=1000, how="made-up"):
        self.na = sodium()
        text = dict(line.split(" ", 1) for line in open(key_file).read().splitlines())
        seed = bytes.fromhex(text["secret"])
        self.pk, self.sk = ctypes.create_string_buffer(32), ctypes.create_string_buffer(64)
        self.na.crypto_sign_seed_keypair(self.pk, self.sk, seed)
        self.secret = os.urandom(32)
        exchange = ctypes.create_string_buffer(32)
        self.na.crypto_scalarmult_base(exchange, self.secret)
        self.exchange, self.rtt, self.how = exchange.raw, rtt_ns, how
        self.armed = None
        self.s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.s.bind(("127.0.0.1", port))
        self.s.settimeout(0.2)
        self.alive = True
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def sign(self, body):
        if self.how == "unsigned":
            return body + os.urandom(64)
        sig = ctypes.create_string_buffer(64)
        self.na.crypto_sign_detached(sig, None, body, ctypes.c_ulonglong(len(body)), self.sk)
        return body + sig.raw

    def receipt(self, sid, arm):
        evid = arm[8 + 16 + 16 + 64 + 240:][:249]
        index = arm[8 + 16 + 16 + 64 + 240 + 249:][:2]
        evid_hash = hashlib.sha256(evid + bytes(4)).digest()
        nonce, mac = os.urandom(32), os.urandom(32)
        rtt = 0 if self.how == "zero" else self.rtt
        leaf = hashlib.sha256(b"\0t" + struct.pack(">H", 0) + nonce + mac +
                              struct.pack(">QB", rtt, 1)).digest()
        if self.how == "root":
            leaf = os.urandom(32)
        body = (HEAD + bytes([RECEIPT]) + sid + self.pk.raw + evid_hash + index +
                struct.pack(">HHBQ", 16, 1, 1, 1700000000) + leaf + nonce + mac +
                struct.pack(">HQ", 0, rtt))
        return self.sign(body) + struct.pack(">IB", 0, 0)

    def _run(self):
        while self.alive:
            try:
                p, who = self.s.recvfrom(2048)
            except socket.timeout:
                continue
            if len(p) != 1200 or p[:7] != HEAD:
                continue
            sid = p[8:24]
            if p[7] == KEYREQ:
                body = (HEAD + bytes([KEYREP]) + sid + self.pk.raw + p[40:72] + self.exchange +
                        p[104:106])
                how, self.how = self.how, "made-up"
                self.s.sendto(self.sign(body), who)
                self.how = how
            elif p[7] == ARM:
                self.armed = p
                self.s.sendto(self.receipt(sid, p), who)
            elif p[7] == POLL and self.armed:
                self.s.sendto(self.receipt(sid, self.armed), who)

    def close(self):
        self.alive = False
        self.thread.join(2)
        self.s.close()
