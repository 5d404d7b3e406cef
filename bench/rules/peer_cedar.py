"""The same cases through Cedar (cedarpy).  usage: peer_cedar.py CASES SECONDS"""
import os
import sys
import time

import cedarpy

policy = open(os.path.join(os.path.dirname(__file__), "peer.cedar")).read()


def requests():
    for line in open(sys.argv[1]):
        tpp, area, market = line.split()
        facts = {}
        if tpp != "-":
            facts["tpp"] = int(tpp)
        if area != "-":
            facts["area10"] = int(area)
        if market != "-":
            facts["datacenter"] = market == "1"
        for action in "ab":
            yield {"principal": 'User::"exporter"', "action": 'Action::"export_%s"' % action,
                   "resource": 'Item::"chip"', "context": facts}


asks = list(requests())
start, n, seconds = time.process_time(), 0, float(sys.argv[2])
while time.process_time() - start < seconds:
    answers = cedarpy.is_authorized_batch(asks, policy, [])
    n += len(asks) // 2
print("cedar %.2f" % ((time.process_time() - start) * 1e9 / n))
allowed = [a.decision == cedarpy.Decision.Allow for a in answers]
for i in range(0, len(allowed), 2):
    print("=", "none" if allowed[i] and allowed[i + 1] else "a" if not allowed[i] else "b")
