"""NetworkPolicies → what each isolated pod may send or take, by address and port.

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
from nsimlib.model.peers import BlockPeer, Peer, PodPeer
from nsimlib.model.policy import Action, Direction, Policy, Rule
from nsimlib.model.ports import NO_PORTS, PolicyPort, PortSet

__all__ = ["Grant", "grants", "refuse_what_is_not_understood"]

KIND = "NetworkPolicy"


class Grant(NamedTuple):
    """Addresses of the other end and the ports allowed with them; None is every protocol."""

    range: AddressRange
    ports: PortSet | None


def grants(cluster: Cluster, subject: Pod, direction: Direction) -> tuple[Grant, ...] | None:
    """Return what a pod may do in one direction, in disjoint ranges; None if it is not isolated.

    Parameters
    ----------
    cluster
        The cluster as the lab builds it: every pod has its addresses.
    """
    isolating = [each for each in cluster.policies if _isolates(each, subject, direction)]
    if not isolating:
        return None
    found = (
        grant
        for policy in isolating
        for rule in policy.rules_for(direction)
        for grant in _of_rule(cluster, policy, rule, subject)
    )
    return tuple(_disjoint(found))


def _isolates(policy: Policy, subject: Pod, direction: Direction) -> bool:
    in_force = direction in policy.isolates and not policy.staged
    return in_force and selects(policy.subject, subject, policy.namespace)


def _of_rule(cluster: Cluster, policy: Policy, rule: Rule, subject: Pod) -> Iterator[Grant]:
    if rule.peers is None:
        ranges = [family.everything for family in Family]
    else:
        ranges = [each for peer in rule.peers for each in _ranges(cluster, policy, peer)]
    if rule.ports is None:
        yield from (Grant(each, None) for each in ranges)
    elif rule.direction is Direction.INGRESS:
        ports = reduce(or_, (_meant(port, subject) for port in rule.ports), NO_PORTS)
        yield from (Grant(each, ports) for each in ranges)
    else:
        ports = reduce(or_, (port.numbers() for port in rule.ports), NO_PORTS)
        yield from (Grant(each, ports) for each in ranges)
        yield from _by_name(cluster, rule.ports, ranges)


def _ranges(cluster: Cluster, policy: Policy, peer: Peer) -> Iterator[AddressRange]:
    if isinstance(peer, BlockPeer):
        yield from peer.block.ranges
    elif isinstance(peer, PodPeer):
        for pod in cluster.pods:
            if not pod.host_network and selects(peer, pod, policy.namespace):
                yield from (address.range for address in pod.addresses)


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


def refuse_what_is_not_understood(policies: Iterable[Policy]) -> None:
    """Raise `LabError` for a policy that says more than a NetworkPolicy can.

    Packets would otherwise be judged by less than what is written.
    """
    for policy in policies:
        if policy.kind != KIND and not policy.staged:
            problem = f"the nftables engine knows {KIND} alone, and {policy.key} is a {policy.kind}"
            raise LabError("policy", problem, f"Leave it out: cluster.without({policy.key!r}).")
        for rule in policy.rules:
            more = _beyond(rule)
            if more:
                where = f"{policy.key} {rule.path}"
                raise LabError("policy", f"the nftables engine has no way to say: {more} ({where})")


def _beyond(rule: Rule) -> str:
    """What a rule says that the kernel is not told, or nothing."""
    if rule.action is not Action.ALLOW:
        return f"action {rule.action.value}"
    if rule.except_ports or rule.subject is not None or rule.layer7 is not None:
        return "more than ports and peers"
    for peer in rule.peers or ():
        if isinstance(peer, PodPeer) and not (peer.with_sets or peer.with_global_sets):
            continue
        if not isinstance(peer, BlockPeer):
            return f"a {type(peer).__name__}"
    return ""
