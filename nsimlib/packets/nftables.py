"""The nftables engine: what pods may do → sets, chains and a verdict map, in transactions.

::

    forward:  ct state established,related accept
              iifname vmap @senders            cali47a8819679e : jump egress_1
              oifname vmap @receivers          cali9ba979227f0 : jump ingress_2
    egress_1: ip daddr . meta l4proto . th dport @egress_1_4 return
              drop

A packet between two pods of a node goes through both; one between nodes through one on each. What a
node sends itself is not forwarded, and meets no policy on the way to its own pods (F1.24).

Names are sets of the addresses that somebody learned: empty here, see `fqdn`.

The kernel takes no more from an ordinary user in one transaction than a socket's buffer holds. So
there are many, and nothing leads to any of it before the last, which hangs it into the path.
"""

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import NamedTuple

from nsimlib.datapath.calico_names import interface_of
from nsimlib.model.addresses import Family
from nsimlib.model.cluster import Cluster
from nsimlib.model.objects import Pod
from nsimlib.model.peers import DomainPeer
from nsimlib.model.policy import Direction
from nsimlib.model.ports import PortSet
from nsimlib.packets.engines import Engine
from nsimlib.packets.grants import (
    PLAIN,
    Dialect,
    Grant,
    Rights,
    refuse_what_is_not_understood,
    rights,
)
from nsimlib.packets.helper import Helper
from nsimlib.packets.topology import Topology, node_netns

__all__ = [
    "HEADERS",
    "POLICIES",
    "RULE",
    "TYPES",
    "NftablesEngine",
    "Statement",
    "elements",
    "name_set",
    "of_family",
    "parted",
    "policy_statements",
]

POLICIES = "policies"
TYPES = {Family.IPV4: "ipv4_addr", Family.IPV6: "ipv6_addr"}
HEADERS = {Family.IPV4: "ip", Family.IPV6: "ip6"}
MAPS = {Direction.EGRESS: "senders", Direction.INGRESS: "receivers"}
#: whose address a direction asks about, and which interface leads to the pod that is judged
ENDS = {Direction.EGRESS: ("daddr", "iifname"), Direction.INGRESS: ("saddr", "oifname")}
#: bytes that a transaction may take, half of the smallest buffer, and what its parts take
MOST = 100_000
RULE = 500
CHAIN, SET, ELEMENT = 100, 200, 150
ELEMENTS_AT_ONCE = 200
NOBODY: Mapping[DomainPeer, int] = {}


class Statement(NamedTuple):
    """Commands that must not be parted, and about how many bytes they are to the kernel."""

    text: str
    size: int


class NftablesEngine(Engine):
    """NetworkPolicies as sets and verdict maps of nftables, read as the Kubernetes text says."""

    name, cni = "nftables", "spec"

    def __init__(self, cluster: Cluster, topology: Topology) -> None:
        super().__init__(cluster, topology)
        refuse_what_is_not_understood(cluster.policies)

    def enforce(self, helper: Helper) -> None:
        """Put the policies of each node's pods into the node."""
        for node, pods in self.topology.pods.items():
            helper.load(node_netns(node), parted(policy_statements(self.cluster, pods)))


def parted(statements: Iterable[Statement]) -> Iterator[str]:
    """Yield what `nft -f` is to be given, one transaction each."""
    part: list[str] = []
    size = 0
    for statement in statements:
        if part and size + statement.size > MOST:
            yield "\n".join(part) + "\n"
            part, size = [], 0
        part.append(statement.text)
        size += statement.size
    yield "\n".join(part) + "\n"


def name_set(number: int, family: Family) -> str:
    """Return the name of the set for the addresses of names that a policy names."""
    return f"names_{number}_{family.version}"


def policy_statements(
    cluster: Cluster,
    pods: Iterable[Pod],
    dialect: Dialect = PLAIN,
    names: Mapping[DomainPeer, int] = NOBODY,
) -> Iterator[Statement]:
    """Yield the policies of the pods of one node, hooked into the path at the end.

    `names` says by which number the sets of a name are called.
    """
    yield Statement(f"add table inet {POLICIES}", CHAIN)
    for number in dict.fromkeys(names.values()):
        for family in Family:
            about = f"{{ type {TYPES[family]}; flags timeout; }}"
            yield Statement(f"add set inet {POLICIES} {name_set(number, family)} {about}", SET)
    chosen = tuple(pods)
    for direction in Direction:
        chains: dict[Rights, str] = {}
        verdicts = []
        for pod in chosen:
            found = rights(cluster, pod, direction, dialect)
            if found is not None:
                name = chains.setdefault(found, f"{direction.word}_{len(chains) + 1}")
                interface = interface_of(pod.namespace.name, pod.name)
                verdicts.append(f"{interface} : jump {name}")
        for found, name in chains.items():
            yield from _chain(direction, name, found, names)
        kind = "type ifname : verdict;"
        yield Statement(f"add map inet {POLICIES} {MAPS[direction]} {{ {kind} }}", SET)
        yield from elements(POLICIES, MAPS[direction], verdicts)
    yield Statement("\n".join(_hooked()), 4 * RULE)


def _hooked() -> Iterator[str]:
    hook = "type filter hook forward priority filter; policy accept;"
    yield f"add chain inet {POLICIES} forward {{ {hook} }}"
    yield f"add rule inet {POLICIES} forward ct state established,related accept"
    for direction in Direction:
        interface = ENDS[direction][1]
        yield f"add rule inet {POLICIES} forward {interface} vmap @{MAPS[direction]}"


def _chain(
    direction: Direction, name: str, found: Rights, names: Mapping[DomainPeer, int]
) -> Iterator[Statement]:
    yield Statement(f"add chain inet {POLICIES} {name}", CHAIN)
    for family in Family:
        address = f"{HEADERS[family]} {ENDS[direction][0]}"
        allowed = [text for grant in found.grants for text in of_family(grant, family)]
        if allowed:
            about = f"type {TYPES[family]} . inet_proto . inet_service; flags interval;"
            allowing = f"{name}_{family.version}"
            yield Statement(f"add set inet {POLICIES} {allowing} {{ {about} }}", SET)
            yield from elements(POLICIES, allowing, allowed)
            matched = f"{address} . meta l4proto . th dport @{allowing}"
            yield Statement(f"add rule inet {POLICIES} {name} {matched} return", RULE)
        for named in found.named:
            known = f"{address} @{name_set(names[named.name], family)}"
            for ports in _port_matches(named.ports):
                text = f"add rule inet {POLICIES} {name} {known}{ports} return"
                yield Statement(text, RULE + len(text))
    yield Statement(f"add rule inet {POLICIES} {name} counter drop", RULE)


def _port_matches(ports: PortSet | None) -> Iterator[str]:
    if ports is None:
        yield ""
        return
    by_protocol: dict[str, list[str]] = {}
    for protocol, (first, last) in ports:
        by_protocol.setdefault(protocol.value.lower(), []).append(_span(first, last))
    for word, spans in by_protocol.items():
        yield f" {word} dport {{ {', '.join(spans)} }}"


def of_family(grant: Grant, family: Family) -> Iterator[str]:
    """Yield a grant as elements of a set of one family.

    A rule without ports means every protocol, not only those with ports.
    """
    if grant.range.family is not family:
        return
    if grant.ports is None:
        yield f"{grant.range} . 0-255 . 0-65535"
        return
    for protocol, (first, last) in grant.ports:
        yield f"{grant.range} . {protocol.value.lower()} . {_span(first, last)}"


def _span(first: int, last: int) -> str:
    return str(first) if first == last else f"{first}-{last}"


def elements(table: str, name: str, those: Iterable[str]) -> Iterator[Statement]:
    """Yield the statements that put elements into a set."""
    left = iter(those)
    while some := list(islice(left, ELEMENTS_AT_ONCE)):
        text = f"add element inet {table} {name} {{ {', '.join(some)} }}"
        yield Statement(text, ELEMENT * len(some))
