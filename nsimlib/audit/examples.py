"""Connections that show what a rule does: one that it allows, and that is allowed."""

from collections.abc import Iterable, Iterator
from itertools import islice, product
from typing import Final

from nsimlib.audit.context import Context
from nsimlib.audit.model import Witness
from nsimlib.evaluation.combination import Outcome
from nsimlib.model.addresses import Address, Family, parse_address
from nsimlib.model.objects import Pod
from nsimlib.model.peers import BlockPeer, Peer, PodPeer
from nsimlib.model.policy import Direction, Policy, Rule
from nsimlib.model.ports import ALL_PORTS, NO_PORTS, Port, PortSet

__all__ = ["allowed_by", "between", "denied_by", "ends_of", "first_port", "named", "somewhere"]

#: so many pods, and so many ends of each, are tried
FEW: Final = 4
#: an address of nobody, for documentation
OUTSIDE: Final = parse_address("203.0.113.10")


def allowed_by(context: Context, policy: Policy, of: Rule) -> Witness | None:
    """Return a connection that a rule allows and that both ends let through, if one is near."""
    pods, ends = context.subjects(policy)[:FEW], list(islice(ends_of(context, policy, of), FEW))
    for pod, end in product(pods, ends):
        meant = _meant(of, pod if of.direction is Direction.INGRESS else end)
        if pod != end and (found := between(context, pod, end, of.direction, meant)):
            return found
    return None


def denied_by(
    context: Context, policy: Policy, of: Rule, ends: Iterable[Pod | Address]
) -> Witness | None:
    """Return a connection that was probably meant by a rule, and that is denied all the same."""
    for pod, end in product(context.subjects(policy)[:FEW], tuple(ends)[:FEW]):
        meant = _meant(of, pod if of.direction is Direction.INGRESS else end)
        there = context.opens(pod, end) if of.direction is Direction.EGRESS else None
        ports = there or context.lets_in(pod, end)
        if pod != end and (port := first_port(meant - ports.allowed - ports.open)):
            ways = (pod.key, named(end)) if there else (named(end), pod.key)
            return Witness(f"{ways[0]} -> {ways[1]}:{port}", Outcome.DENIED)
    return None


def between(
    context: Context, pod: Pod, end: Pod | Address, direction: Direction, meant: PortSet = ALL_PORTS
) -> Witness | None:
    """Return a connection on some of the ports that a pod's policies and those of an end allow."""
    if direction is Direction.EGRESS:
        ports = context.opens(pod, end).allowed
        ports = ports & context.lets_in(end, pod).allowed if isinstance(end, Pod) else ports
        text = f"{pod.key} -> {named(end)}"
    else:
        ports = context.lets_in(pod, end).allowed
        ports = ports & context.opens(end, pod).allowed if isinstance(end, Pod) else ports
        text = f"{named(end)} -> {pod.key}"
    port = first_port(ports & meant)
    return Witness(f"{text}:{port}", Outcome.ALLOWED) if port else None


def first_port(ports: PortSet) -> Port | None:
    """Return a port of a set: 443/TCP if it is among them, else the first."""
    known = Port(443)
    if ports & PortSet.single(known):
        return known
    return next((Port(first, protocol) for protocol, (first, _) in ports), None)


def somewhere(context: Context, but: Pod) -> Iterator[Pod | Address]:
    """Yield an address outside, then pods of the cluster: whom a rule for anybody means."""
    if not _is_somebodys(context, OUTSIDE):
        yield OUTSIDE
    universe = context.reach.universe
    yield from (
        each.pod for each in universe.classes if each.pod != but and _is_judged(context, each.pod)
    )


def _is_judged(context: Context, pod: Pod) -> bool:
    universe = context.reach.universe
    return universe.faces_of[universe.class_of[pod]][0] in universe.judged


def ends_of(context: Context, policy: Policy, of: Rule) -> Iterator[Pod | Address]:
    """Yield ends that a rule names, a pod of each class and an address of each block."""
    if of.peers is None:
        pods = context.subjects(policy)
        yield from somewhere(context, pods[0]) if pods else ()
    for peer in of.peers or ():
        yield from _of_peer(context, policy, peer)


def _of_peer(context: Context, policy: Policy, peer: Peer) -> Iterator[Pod | Address]:
    if isinstance(peer, PodPeer):
        yield from context.selected(peer, policy.namespace)
    elif isinstance(peer, BlockPeer):
        for piece in peer.block.ranges[:1]:
            # The first address of a block is its network's, and nobody has it.
            address = Address(piece.family, min(piece.first + 1, piece.last))
            if not _is_somebodys(context, address):
                yield address


def _is_somebodys(context: Context, address: Address) -> bool:
    cluster = context.cluster
    services = (ip for each in cluster.services for ip in each.cluster_ips)
    nodes = (ip for each in cluster.nodes for ip in each.addresses)
    return address in cluster.pods_by_address or address in (*services, *nodes)


def _meant(of: Rule, destination: Pod | Address) -> PortSet:
    if of.ports is None:
        return ALL_PORTS
    found = NO_PORTS
    for port in of.ports:
        found |= port.numbers()
        if isinstance(port.port, str) and isinstance(destination, Pod):
            for declared in destination.named_ports(port.port):
                if port.protocol in (None, declared.protocol):
                    found |= PortSet.single(declared)
    return found


def named(end: Pod | Address) -> str:
    """Return an end as it stands in a connection."""
    if isinstance(end, Pod):
        return end.key
    return f"[{end}]" if end.family is Family.IPV6 else str(end)
