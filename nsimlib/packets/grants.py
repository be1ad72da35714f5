"""Policies → what each isolated pod may send or take, by address and port.

Written from the API's sentences and for the kernel's needs; it asks neither evaluator, so that the
kernel's verdict is one more opinion.

A worked example: one rule allows 10.0.0.0/8 on 80/TCP, another 10.1.0.0/16 on 443/TCP. Ranges that
overlap cannot both be in one set of the kernel, so they are cut: 10.0.0.0-10.0.255.255 on 80/TCP,
10.1.0.0-10.1.255.255 on 80/TCP and 443/TCP, and the rest on 80/TCP.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache, reduce
from itertools import pairwise
from operator import or_
from typing import NamedTuple

from nsimlib.errors import LabError
from nsimlib.model.addresses import AddressRange, Family
from nsimlib.model.cluster import Cluster
from nsimlib.model.objects import Pod, selects
from nsimlib.model.peers import BlockPeer, DomainPeer, Entity, EntityPeer, Peer, PodPeer
from nsimlib.model.policy import Action, Direction, Policy, Rule
from nsimlib.model.ports import NO_PORTS, TRANSPORTS, PolicyPort, PortSet
from nsimlib.packets.addressing import ends_of

__all__ = ["PLAIN", "Dialect", "Grant", "Rights", "refuse_what_is_not_understood", "rights"]


class Dialect(NamedTuple):
    """Which policies an engine enforces, and how it reads them.

    With `names` it knows domain names, entities, and names that may be asked for. Where blocks do
    not mean everyone, they mean nobody in the cluster (F3.14).
    """

    engine: str
    kinds: tuple[str, ...]
    names: bool = False
    blocks_mean_everyone: bool = True


PLAIN = Dialect("nftables", ("NetworkPolicy",))


class Grant(NamedTuple):
    """Addresses of the other end and the ports allowed with them; None is every protocol."""

    range: AddressRange
    ports: PortSet | None


class Named(NamedTuple):
    """Domain names of the other end and the ports allowed with them; None is every protocol."""

    name: DomainPeer
    ports: PortSet | None


class Rights(NamedTuple):
    """What an isolated pod may do in one direction: addresses in disjoint ranges, and names.

    `asked` are the addresses and ports where it may ask only for some names: `for_names`.
    """

    grants: tuple[Grant, ...]
    named: tuple[Named, ...] = ()
    asked: tuple[Grant, ...] = ()
    for_names: tuple[DomainPeer, ...] = ()


def rights(
    cluster: Cluster, subject: Pod, direction: Direction, dialect: Dialect = PLAIN
) -> Rights | None:
    """Return what a pod may do in one direction; None if it is not isolated.

    Parameters
    ----------
    cluster
        The cluster as the lab builds it: every pod has its addresses.
    dialect
        How policies are read.
    """
    isolating = [each for each in cluster.policies if _isolates(each, subject, direction)]
    if not isolating:
        return None
    reading = Reading(cluster, subject, dialect)
    rules = [(policy, rule) for policy in isolating for rule in policy.rules_for(direction)]
    found = [(rule, tuple(reading.grants(policy, rule))) for policy, rule in rules]
    asked = tuple(_disjoint(grant for rule, those in found if _asks(rule) for grant in those))
    plain = [grant for rule, those in found if not _asks(rule) for grant in those]
    names = (name for rule, _ in found if rule.layer7 for name in rule.layer7.dns)
    return Rights(
        tuple(_disjoint(grant for _, those in found for grant in those)),
        tuple(dict.fromkeys(each for _, rule in rules for each in _named(rule))),
        asked,
        # What another rule allows without a word about names may be asked for all (F3.13).
        () if _overlap(asked, plain) else tuple(dict.fromkeys(names)),
    )


def _asks(rule: Rule) -> bool:
    return rule.layer7 is not None and bool(rule.layer7.dns)


def _overlap(some: Iterable[Grant], others: Sequence[Grant]) -> bool:
    return any(
        grant.range.overlaps(other.range)
        and (other.ports is None or grant.ports is None or bool(grant.ports & other.ports))
        for grant in some
        for other in others
    )


def _named(rule: Rule) -> Iterator[Named]:
    ports = None
    if rule.ports is not None:
        ports = reduce(or_, (port.numbers() for port in rule.ports), NO_PORTS)
    for peer in rule.peers or ():
        if isinstance(peer, DomainPeer):
            yield Named(peer, ports)


def _isolates(policy: Policy, subject: Pod, direction: Direction) -> bool:
    in_force = direction in policy.isolates and not policy.staged
    return in_force and selects(policy.subject, subject, policy.namespace)


class Reading:
    """How the rules for one pod are read."""

    def __init__(self, cluster: Cluster, subject: Pod, dialect: Dialect) -> None:
        self.cluster, self.subject, self.dialect = cluster, subject, dialect

    def grants(self, policy: Policy, rule: Rule) -> Iterator[Grant]:
        """Yield what a rule allows, as far as it is said by addresses."""
        if rule.peers is None:
            ranges = [family.everything for family in Family]
        else:
            ranges = [each for peer in rule.peers for each in self._ranges(policy, peer)]
        if rule.ports is None:
            yield from (Grant(each, None) for each in ranges)
        elif rule.direction is Direction.INGRESS:
            ports = reduce(or_, (_meant(port, self.subject) for port in rule.ports), NO_PORTS)
            yield from (Grant(each, ports) for each in ranges)
        else:
            ports = reduce(or_, (port.numbers() for port in rule.ports), NO_PORTS)
            yield from (Grant(each, ports) for each in ranges)
            yield from _by_name(self.cluster, rule.ports, ranges)

    def _ranges(self, policy: Policy, peer: Peer) -> Iterator[AddressRange]:
        match peer:
            case BlockPeer() if self.dialect.blocks_mean_everyone or peer.meets_all:
                yield from peer.block.ranges
            case BlockPeer():
                yield from (each for span in peer.block.ranges for each in self._outside(span))
            case EntityPeer():
                yield from self._of_entity(peer.entity)
            case PodPeer():
                for pod in self.cluster.pods:
                    if not pod.host_network and selects(peer, pod, policy.namespace):
                        yield from (address.range for address in pod.addresses)

    def _of_entity(self, entity: Entity) -> Iterator[AddressRange]:
        cluster, host = self.cluster, self.subject.node
        match entity:
            case Entity.ALL:
                yield from (family.everything for family in Family)
            case Entity.WORLD | Entity.WORLD_IPV4 | Entity.WORLD_IPV6:
                for family in Family:
                    if entity is Entity.WORLD or entity.value.endswith(str(family.version)):
                        yield from self._outside(family.everything)
            case Entity.CLUSTER:
                yield from (each.range for end in ends_of(cluster) for each in end.addresses)
            case Entity.HOST | Entity.REMOTE_NODE:
                wanted = entity is Entity.HOST
                those = (node for node in cluster.nodes if (node.name == host) is wanted)
                yield from (each.range for node in those for each in node.addresses)

    def _outside(self, span: AddressRange) -> Iterator[AddressRange]:
        """What of a range nobody in the cluster has."""
        known = (each for end in ends_of(self.cluster) for each in end.addresses)
        taken = sorted(each.value for each in known if each in span)
        for before, after in pairwise((span.first - 1, *taken, span.last + 1)):
            if before + 1 < after:
                yield AddressRange(span.family, before + 1, after - 1)


def _by_name(
    cluster: Cluster, ports: Sequence[PolicyPort], ranges: Sequence[AddressRange]
) -> Iterator[Grant]:
    """A name means whatever number each destination pod gives it, and nothing outside (F1.8)."""
    named = [port for port in ports if isinstance(port.port, str)]
    for pod in cluster.pods if named else ():
        meant = reduce(or_, (_meant(port, pod) for port in named), NO_PORTS)
        for address in pod.addresses if meant and not pod.host_network else ():
            if any(address in each for each in ranges):
                yield Grant(address.range, meant)


def _meant(port: PolicyPort, pod: Pod) -> PortSet:
    if not isinstance(port.port, str):
        return port.numbers()
    found = (each for each in pod.named_ports(port.port) if each.protocol is port.protocol)
    return reduce(or_, map(PortSet.single, found), NO_PORTS)


def _disjoint(found: Iterable[Grant]) -> Iterator[Grant]:
    """Cut overlapping ranges at every edge, and join neighbours that came out alike."""
    by_family: dict[Family, list[Grant]] = {family: [] for family in Family}
    for grant in found:
        if grant.ports is None or grant.ports:
            by_family[grant.range.family].append(grant)
    for family, those in by_family.items():
        last: Grant | None = None
        for grant in _swept(family, those):
            if last and last.ports == grant.ports and last.range.last + 1 == grant.range.first:
                last = Grant(AddressRange(family, last.range.first, grant.range.last), grant.ports)
            else:
                yield from (last,) if last else ()
                last = grant
        yield from (last,) if last else ()


def _swept(family: Family, those: list[Grant]) -> Iterator[Grant]:
    """Go from edge to edge with the grants that hold in between."""
    begins: dict[int, list[PortSet | None]] = {}
    ends: dict[int, list[PortSet | None]] = {}
    for span, ports in those:
        begins.setdefault(span.first, []).append(ports)
        ends.setdefault(span.last + 1, []).append(ports)
    holding = Counter[PortSet | None]()
    for edge, following in pairwise(sorted({*begins, *ends})):
        holding.update(begins.get(edge, ()))
        holding -= Counter(ends.get(edge, ()))
        if holding:
            yield Grant(AddressRange(family, edge, following - 1), _union(frozenset(holding)))


@lru_cache(maxsize=1 << 12)
def _union(ports: frozenset[PortSet | None]) -> PortSet | None:
    if None in ports:
        return None
    return reduce(or_, (each for each in ports if each is not None), NO_PORTS)


def refuse_what_is_not_understood(policies: Iterable[Policy], dialect: Dialect = PLAIN) -> None:
    """Raise `LabError` for a policy that says more than an engine can.

    Packets would otherwise be judged by less than what is written.
    """
    name, known = f"the {dialect.engine} engine", dialect.kinds
    for policy in policies:
        if policy.staged:
            continue
        if policy.kind not in known:
            problem = f"{name} knows {' and '.join(known)} alone, and {policy.key} is a"
            remedy = f"Leave it out: cluster.without({policy.key!r})."
            raise LabError("policy", f"{problem} {policy.kind}", remedy)
        for rule in policy.rules:
            if more := _beyond(rule, dialect):
                where = f"{policy.key} {rule.path}"
                raise LabError("policy", f"{name} has no way to say: {more} ({where})")


def _beyond(rule: Rule, dialect: Dialect) -> str:
    """What a rule says that the kernel is not told, or nothing."""
    if rule.action is not Action.ALLOW:
        return f"action {rule.action.value}"
    layer7 = rule.layer7 is not None and (bool(rule.layer7.http) or not dialect.names)
    if rule.except_ports or rule.subject is not None or layer7:
        return "more than ports and peers"
    for port in rule.ports or ():
        if port.protocol is not None and port.protocol not in TRANSPORTS:
            return f"a rule about {port.protocol.value}"
    return next((more for peer in rule.peers or () if (more := _beyond_peer(peer, dialect))), "")


def _beyond_peer(peer: Peer, dialect: Dialect) -> str:
    match peer:
        case PodPeer() if not (peer.with_sets or peer.with_global_sets):
            return ""
        case BlockPeer():
            return ""
        case DomainPeer() | EntityPeer() if dialect.names:
            return ""
    return f"a {type(peer).__name__}"
