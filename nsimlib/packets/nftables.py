"""The nftables engine: what pods may do → sets, chains and a verdict map, in transactions.

::

    forward:  ct state established,related accept
              iifname vmap @senders            cali47a8819679e : jump egress_1
              oifname vmap @receivers          cali9ba979227f0 : jump ingress_2
    egress_1: ip daddr . meta l4proto . th dport @egress_1_4 return
              drop

A packet between two pods of a node goes through both; one between nodes through one on each. What a
node sends itself is not forwarded, and meets no policy on the way to its own pods (F1.24).

The kernel takes no more from an ordinary user in one transaction than a socket's buffer holds. So
there are many, and nothing leads to any of it before the last, which hangs it into the path.
"""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import NamedTuple

from nsimlib.datapath.calico_names import interface_of
from nsimlib.model.addresses import Family
from nsimlib.model.cluster import Cluster
from nsimlib.model.objects import Pod
from nsimlib.model.policy import Direction
from nsimlib.packets.grants import Grant, grants

__all__ = ["transactions"]

TABLE = "policies"
TYPES = {Family.IPV4: "ipv4_addr", Family.IPV6: "ipv6_addr"}
HEADERS = {Family.IPV4: "ip", Family.IPV6: "ip6"}
MAPS = {Direction.EGRESS: "senders", Direction.INGRESS: "receivers"}
#: whose address a direction asks about, and which interface leads to the pod that is judged
ENDS = {Direction.EGRESS: ("daddr", "iifname"), Direction.INGRESS: ("saddr", "oifname")}
#: bytes that a transaction may take, half of the smallest buffer, and what its parts take
MOST = 100_000
RULE, CHAIN, SET, ELEMENT = 500, 100, 200, 150
ELEMENTS_AT_ONCE = 200


class Statement(NamedTuple):
    """Commands that must not be parted, and about how many bytes they are to the kernel."""

    text: str
    size: int


def transactions(cluster: Cluster, pods: Iterable[Pod]) -> Iterator[str]:
    """Yield what `nft -f` is to be given for the pods of one node, one transaction each."""
    part: list[str] = []
    size = 0
    for statement in _statements(cluster, tuple(pods)):
        if part and size + statement.size > MOST:
            yield "\n".join(part) + "\n"
            part, size = [], 0
        part.append(statement.text)
        size += statement.size
    yield "\n".join(part) + "\n"


def _statements(cluster: Cluster, pods: tuple[Pod, ...]) -> Iterator[Statement]:
    yield Statement(f"add table inet {TABLE}", CHAIN)
    for direction in Direction:
        chains: dict[tuple[Grant, ...], str] = {}
        verdicts = []
        for pod in pods:
            found = grants(cluster, pod, direction)
            if found is not None:
                name = chains.setdefault(found, f"{direction.word}_{len(chains) + 1}")
                interface = interface_of(pod.namespace.name, pod.name)
                verdicts.append(f"{interface} : jump {name}")
        for found, name in chains.items():
            yield from _chain(direction, name, found)
        kind = "type ifname : verdict;"
        yield Statement(f"add map inet {TABLE} {MAPS[direction]} {{ {kind} }}", SET)
        yield from _elements(MAPS[direction], verdicts)
    yield Statement("\n".join(_hooked()), 4 * RULE)


def _hooked() -> Iterator[str]:
    hook = "type filter hook forward priority filter; policy accept;"
    yield f"add chain inet {TABLE} forward {{ {hook} }}"
    yield f"add rule inet {TABLE} forward ct state established,related accept"
    for direction in Direction:
        interface = ENDS[direction][1]
        yield f"add rule inet {TABLE} forward {interface} vmap @{MAPS[direction]}"


def _chain(direction: Direction, name: str, found: tuple[Grant, ...]) -> Iterator[Statement]:
    yield Statement(f"add chain inet {TABLE} {name}", CHAIN)
    for family in Family:
        allowed = [text for grant in found for text in _texts(grant) if _is_of(grant, family)]
        if not allowed:
            continue
        about = f"type {TYPES[family]} . inet_proto . inet_service; flags interval;"
        allowing = f"{name}_{family.version}"
        yield Statement(f"add set inet {TABLE} {allowing} {{ {about} }}", SET)
        yield from _elements(allowing, allowed)
        matched = f"{HEADERS[family]} {ENDS[direction][0]} . meta l4proto . th dport @{allowing}"
        yield Statement(f"add rule inet {TABLE} {name} {matched} return", RULE)
    yield Statement(f"add rule inet {TABLE} {name} counter drop", RULE)


def _is_of(grant: Grant, family: Family) -> bool:
    return grant.range.family is family


def _texts(grant: Grant) -> Iterator[str]:
    """A grant as elements; a rule without ports means every protocol, not only those with ports."""
    if grant.ports is None:
        yield f"{grant.range} . 0-255 . 0-65535"
        return
    for protocol, (first, last) in grant.ports:
        ports = str(first) if first == last else f"{first}-{last}"
        yield f"{grant.range} . {protocol.value.lower()} . {ports}"


def _elements(name: str, those: Iterable[str]) -> Iterator[Statement]:
    left = iter(those)
    while some := list(islice(left, ELEMENTS_AT_ONCE)):
        text = f"add element inet {TABLE} {name} {{ {', '.join(some)} }}"
        yield Statement(text, ELEMENT * len(some))
