"""A policy by name that forgets with the TTL, and follows the name to another network (F1.65).

The proxy of the node learns an address when the pod asks for its name. New connections to it are
allowed until the TTL is over; those that are open stay.
"""

import socket
from time import monotonic, sleep

from nsimlib.dns.parameters import STRICT
from nsimlib.dns.records import Rcode
from nsimlib.dns.zone_files import read_zones
from nsimlib.dns.zones import Zones
from nsimlib.manifests.reading import read_policies
from nsimlib.packets.fqdn import FqdnEngine
from nsimlib.packets.scenes.clients import CONNECTED, connect, talk
from nsimlib.packets.scenes.played import Played, Script
from nsimlib.packets.scenes.stage import Stage, echo

__all__ = ["ttl_drop"]

NAME, OTHER = "orders.abc123def456.us-east-1.rds.amazonaws.com", "tracker.example"
BEFORE, AFTER, PORT = "10.20.21.17", "10.40.9.18", 5432
TTL, EVERY = 2, 0.05
POLICY = f"""\
apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: {{name: api-egress, namespace: shop}}
spec:
  endpointSelector: {{matchLabels: {{app: api}}}}
  egress:
  - toEndpoints:
    - matchLabels: {{k8s:io.kubernetes.pod.namespace: kube-system, k8s-app: kube-dns}}
    toPorts:
    - ports: [{{port: "53", protocol: ANY}}]
      rules: {{dns: [{{matchPattern: "*.*.us-east-1.rds.amazonaws.com"}}]}}
  - toFQDNs: [{{matchName: {NAME}}}]
    toPorts: [{{ports: [{{port: "{PORT}", protocol: TCP}}]}}]
"""
ZONE = """\
apiVersion: nsimlib.io/v1
kind: Zone
origin: .
records:
- {{name: {name}, type: A, ttl: {ttl}, values: [{address}]}}
"""


def ttl_drop() -> Played:
    """Connect before and after a look-up, when the TTL is over, and when the name has moved."""
    script = Script()
    about = {"engine": FqdnEngine.name, "names": _leading_to(BEFORE), "remembers": STRICT}
    with Stage(read_policies(POLICY), **about) as stage:
        stage.serve(stage.lab.world, PORT, echo)
        _connect(stage, script, BEFORE, "before any look-up")
        _look_up(stage, script, OTHER)
        _look_up(stage, script, NAME)
        looked_up = monotonic()
        with stage.pod.socket() as held:
            held.settimeout(1)
            held.connect((BEFORE, PORT))
            _connect(stage, script, BEFORE, "after the look-up")
            _expire(stage, script, looked_up)
            _connect(stage, script, BEFORE, "when the TTL is over")
            _talk(script, held, "when the TTL is over")
            assert isinstance(stage.lab.engine, FqdnEngine)
            stage.lab.engine.names = _leading_to(AFTER)
            _connect(stage, script, AFTER, "the name has moved there")
            _look_up(stage, script, NAME)
            _connect(stage, script, AFTER, "after the look-up")
            _talk(script, held, "after the failover")
    return script.played("ttl-drop", "Policy forgets a name's address, and follows the name")


def _leading_to(address: str) -> Zones:
    return read_zones(ZONE.format(name=NAME, ttl=TTL, address=address))


def _connect(stage: Stage, script: Script, address: str, about: str) -> None:
    tried = connect(stage.pod, address, PORT)
    known = "the address is known" if tried.outcome == CONNECTED else "no name is known for it"
    script.note(f"connect to {address}, {about}", tried.outcome, known)
    script.took(f"connect to {address}, {about}", tried.seconds)


def _look_up(stage: Stage, script: Script, name: str) -> None:
    began = monotonic()
    answer = stage.lab.look_up("shop/api", name)
    found = ", ".join(map(str, answer.addresses)) or str(answer.rcode)
    if answer.rcode is Rcode.REFUSED:
        script.note(f"look up {name}", found, "no DNS rule lets the pod ask for it", "F3.36")
    else:
        script.note(f"look up {name}", found, "the proxy learns it first", "F3.21")
    script.took(f"look up {name}", monotonic() - began)


def _expire(stage: Stage, script: Script, looked_up: float) -> None:
    """Open connections until one is not let through any more."""
    last = looked_up
    while connect(stage.pod, BEFORE, PORT).outcome == CONNECTED:
        last = monotonic()
        sleep(EVERY)
    truly = "5 s; with Cilium's own settings ten minutes (F3.31)"
    what = "from the look-up to the last connection let through"
    script.took(what, last - looked_up, f"a TTL of {TTL} s, for 5", truly)


def _talk(script: Script, held: socket.socket, about: str) -> None:
    tried = talk(held, b"?")
    script.note(f"the connection that was open, {about}", tried.outcome, "it is established")
    script.took(f"the connection that was open, {about}", tried.seconds)
