"""What the AWS agent puts into the maps of one pod: prefixes, each with protocols and ports.

Only the longest prefix that holds an address is looked at (F4.25), so each has to hold what all
wider ones allow, too. A worked example: TCP 443 is allowed to 10.0.0.0/8 except 10.1.0.0/16, and
TCP 53 to the pod 10.2.0.9. The map has ::

    10.0.0.0/8     443/TCP
    10.1.0.0/16    nothing
    10.2.0.9/32    443/TCP, 53/TCP

How the agent goes about it was not read; that a prefix allows what all entries together allow is
what the map is for.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from nsimlib.cni.profile import Profile
from nsimlib.datapath.ruleset import Origin
from nsimlib.evaluation.ends import backends
from nsimlib.evaluation.matching import is_judged, resolve_port
from nsimlib.model.addresses import AddressRange, Family, IPBlock
from nsimlib.model.cluster import Cluster
from nsimlib.model.objects import Party, Pod, Service, selects
from nsimlib.model.peers import BlockPeer, PodPeer
from nsimlib.model.policy import Direction, Rule
from nsimlib.model.ports import MAX_PORT, PolicyPort, Port, Protocol

__all__ = ["L4", "MAX_ENTRIES", "Item", "Prefix", "items", "prefixes_of"]

#: so many entries a prefix can have (F4.25)
MAX_ENTRIES = 24
ANY_ADDRESS = tuple(IPBlock(family.everything.cidrs[0]) for family in Family)


class L4(NamedTuple):
    """Protocol and ports of an entry; without a protocol all are meant, and port 0 is any port."""

    protocol: Protocol | None = None
    first: int = 0
    last: int = 0

    def holds(self, port: Port) -> bool:
        """Whether an entry lets a port through; ICMP is a protocol with port 0 (F4.27)."""
        if self.protocol not in (None, port.protocol):
            return False
        number = port.number if port.protocol.has_ports else 0
        return self.first == 0 or self.first <= number <= self.last

    def __str__(self) -> str:
        protocol = self.protocol.value if self.protocol else "any protocol"
        if self.first == 0:
            return f"any port/{protocol}" if self.protocol else protocol
        last = f"-{self.last}" if self.last != self.first else ""
        return f"{self.first}{last}/{protocol}"


class Item(NamedTuple):
    """What the controller hands the agent: a block with what is allowed there, and why."""

    block: IPBlock
    allows: tuple[L4, ...]
    origin: Origin | None
    #: why the block is there, where the policy does not name it
    note: str = ""


@dataclass(frozen=True, slots=True)
class Prefix:
    """A key of the map with its entries; without any, it is there to keep wider ones out."""

    range: AddressRange
    entries: tuple[tuple[L4, Item], ...]

    def __str__(self) -> str:
        return self.range.cidrs[0]


def prefixes_of(found: Iterable[Item]) -> tuple[Prefix, ...]:
    """Return the map of these items, in the order of addresses, the widest first."""
    found = tuple(found)
    keys = {item.block.range for item in found}
    keys |= {IPBlock(cidr).range for item in found for cidr in item.block.except_}
    ordered = sorted(keys, key=lambda key: (key.family, key.first, -key.last))
    return tuple(Prefix(key, tuple(_entries(key, found))) for key in ordered)


def _entries(key: AddressRange, found: tuple[Item, ...]) -> Iterator[tuple[L4, Item]]:
    by_what: dict[L4, Item] = {}
    for item in found:
        if _reaches(item.block, key):
            for allowed in item.allows:
                by_what.setdefault(allowed, item)
    yield from by_what.items()


def _reaches(block: IPBlock, key: AddressRange) -> bool:
    """Whether a block means what only this key holds; what it takes out has keys of its own."""
    taken_out = (IPBlock(cidr).range for cidr in block.except_)
    return block.range.covers(key) and not any(each.covers(key) for each in taken_out)


def items(
    origin: Origin, rule: Rule, pod: Pod, cluster: Cluster, profile: Profile
) -> Iterator[Item]:
    """Yield what an entry of a policy means for a pod that it is for.

    `rule` is the entry as the agent reads it: names of ports are gone where it skips them (F4.30).
    """
    inward = rule.direction is Direction.INGRESS
    if rule.peers is None:
        allows = tuple(_allows(rule, pod, profile))
        yield from (Item(block, allows, origin) for block in ANY_ADDRESS if allows)
    for peer in rule.peers or ():
        if isinstance(peer, BlockPeer):
            yield Item(peer.block, tuple(_allows(rule, pod, profile)), origin)
        elif isinstance(peer, PodPeer):
            for other in _selected(peer, origin, cluster, profile):
                allows = tuple(_allows(rule, pod if inward else other, profile))
                blocks = (IPBlock(address.cidr) for address in other.addresses)
                yield from (Item(block, allows, origin) for block in blocks if allows)
            if not inward:
                yield from _services(peer, rule, origin, cluster, profile)


def _allows(rule: Rule, destination: Party, profile: Profile) -> Iterator[L4]:
    if rule.ports is None:
        yield L4()
    for port in rule.ports or ():
        yield from _of_port(port, destination, profile)


def _of_port(port: PolicyPort, destination: Party, profile: Profile) -> Iterator[L4]:
    for protocol, (first, last) in resolve_port(port, destination, profile):
        yield L4(protocol) if (first, last) == (1, MAX_PORT) else L4(protocol, first, last)


def _selected(peer: PodPeer, origin: Origin, cluster: Cluster, profile: Profile) -> Iterator[Pod]:
    for pod in cluster.pods:
        if is_judged(pod, profile) and selects(peer, pod, origin.policy.namespace):
            yield pod


def _services(
    peer: PodPeer, rule: Rule, origin: Origin, cluster: Cluster, profile: Profile
) -> Iterator[Item]:
    """The ClusterIPs that the controller adds, for the agent sees no pod behind one (F4.29)."""
    for service in cluster.services:
        if not service.headless and _is_meant(peer, service, origin, cluster):
            allows = tuple(_of_service(service, rule, cluster, profile))
            note = f"Service {service.key}, whose selector the entry selects (F4.29)"
            for address in service.cluster_ips if allows else ():
                yield Item(IPBlock(address.cidr), allows, origin, note)


def _is_meant(peer: PodPeer, service: Service, origin: Origin, cluster: Cluster) -> bool:
    """Whether a Service's own selector, taken for labels, is what a peer selects."""
    namespace = cluster.namespaces.get(service.namespace)
    if namespace is None or not service.selector:
        return False
    standing_in = Pod(namespace, service.name, service.selector)
    return selects(peer, standing_in, origin.policy.namespace)


def _of_service(service: Service, rule: Rule, cluster: Cluster, profile: Profile) -> Iterator[L4]:
    """The ports of a Service that lead to nothing but what the entry allows (F4.30)."""
    if rule.ports is None:
        yield L4()
        return
    for declared in service.ports:
        behind = backends(cluster, service, declared.port)
        if behind and all(_is_allowed(rule, *each, profile) for each in behind):
            yield L4(declared.port.protocol, declared.port.number, declared.port.number)


def _is_allowed(rule: Rule, party: Party, port: Port, profile: Profile) -> bool:
    return any(port in resolve_port(each, party, profile) for each in rule.ports or ())
