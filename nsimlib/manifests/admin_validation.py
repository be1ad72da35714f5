"""What the API server refuses in AdminNetworkPolicy and its baseline (F1.48-F1.56)."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace

from nsimlib.manifests import admin_shapes as shapes
from nsimlib.manifests.cidrs import cidr_faults
from nsimlib.manifests.faults import Fault, forbidden, invalid, required, unsupported
from nsimlib.manifests.names import port_number_errors
from nsimlib.manifests.nodes import Path
from nsimlib.manifests.validation import metadata_faults, selector_faults

__all__ = [
    "ONE_FIELD",
    "SIDES",
    "admin_faults",
    "baseline_faults",
    "peer_faults",
    "priority_faults",
    "subject_faults",
    "too_many",
]

PROTOCOLS = ("TCP", "UDP", "SCTP")
MOST = 100
MOST_NETWORKS = 25
MAX_PRIORITY = 1000
#: the attribute that holds the peers of a rule; a decoded rule need not be of the class
SIDES = {"to": "to", "from": "from_"}
ONE_FIELD = "exactly one of the fields must be set"


def admin_faults(policy: shapes.AdminPolicy) -> Iterator[Fault]:
    """Yield what is wrong with an AdminNetworkPolicy."""
    yield from metadata_faults(policy.metadata)
    yield from priority_faults(policy.spec.priority)
    yield from _spec_faults(policy.spec, ("Allow", "Deny", "Pass"))


def priority_faults(priority: int | None) -> Iterator[Fault]:
    """Yield what is wrong with a priority (F1.48, F1.57)."""
    path = ("spec", "priority")
    if priority is None:
        yield required(path)
    elif not 0 <= priority <= MAX_PRIORITY:
        limit = f"should be less than or equal to {MAX_PRIORITY}"
        least = "should be greater than or equal to 0"
        yield invalid(path, priority, least if priority < 0 else limit)


def baseline_faults(policy: shapes.AdminPolicy) -> Iterator[Fault]:
    """Yield what is wrong with a BaselineAdminNetworkPolicy; there is one, called default."""
    yield from metadata_faults(policy.metadata)
    if policy.metadata.name != "default":
        why = 'Only one baseline admin network policy with metadata.name="default" can be created'
        yield invalid(("metadata", "name"), policy.metadata.name, why)
    yield from _spec_faults(policy.spec, ("Allow", "Deny"))


def _spec_faults(spec: shapes.AdminSpec, actions: tuple[str, ...]) -> Iterator[Fault]:
    yield from subject_faults(spec.subject)
    rules: tuple[
        tuple[str, str, Sequence[shapes.AdminEgressRule | shapes.AdminIngressRule]], ...
    ] = (("egress", "to", spec.egress), ("ingress", "from", spec.ingress))
    for field, side, each in rules:
        yield from too_many(("spec", field), each, MOST)
        for number, rule in enumerate(each):
            yield from _rule_faults(("spec", field, number), side, rule, actions)


def subject_faults(subject: shapes.Subject) -> Iterator[Fault]:
    """Yield what is wrong with whom a policy is for (F1.53)."""
    path = ("spec", "subject")
    if (subject.namespaces is None) == (subject.pods is None):
        yield required(path, ONE_FIELD)
    if subject.namespaces is not None:
        yield from selector_faults((*path, "namespaces"), subject.namespaces)
    yield from _pods_faults((*path, "pods"), subject.pods)


def _rule_faults(
    path: Path,
    side: str,
    rule: shapes.AdminEgressRule | shapes.AdminIngressRule,
    actions: tuple[str, ...],
) -> Iterator[Fault]:
    if rule.action not in actions:
        yield unsupported((*path, "action"), rule.action, actions)
    peers: list[shapes.AdminPeer] = getattr(rule, SIDES[side])
    if not peers:
        yield required((*path, side), "should have at least 1 items")
    yield from too_many((*path, side), peers, MOST)
    yield from too_many((*path, "ports"), rule.ports, MOST)
    for number, peer in enumerate(peers):
        yield from peer_faults((*path, side, number), side, peer)
    for number, port in enumerate(rule.ports):
        yield from _port_faults((*path, "ports", number), port)


def peer_faults(
    path: Path,
    side: str,
    peer: shapes.AdminPeer,
    cidr_faults: Callable[[Path, str], Iterable[Fault]] = cidr_faults,
) -> Iterator[Fault]:
    """Yield what is wrong with a peer, the networks judged by `cidr_faults` (F1.54, F1.63).

    One without any field does not spoil the policy for a lenient reading: it fails closed (F1.56).
    """
    if (said := len(shapes.said_by(peer))) != 1:
        yield replace(required(path, ONE_FIELD), harmless=said == 0)
    for name in ("nodes", "networks", "domainNames"):
        if side == "from" and getattr(peer, name):
            yield forbidden((*path, name), "may not be specified for ingress")
    for name in ("namespaces", "nodes"):
        if (selector := getattr(peer, name)) is not None:
            yield from selector_faults((*path, name), selector)
    yield from _pods_faults((*path, "pods"), peer.pods)
    yield from too_many((*path, "networks"), peer.networks, MOST_NETWORKS)
    for number, cidr in enumerate(peer.networks):
        yield from cidr_faults((*path, "networks", number), cidr)


def _pods_faults(path: Path, pods: shapes.NamespacedPod | None) -> Iterator[Fault]:
    for name in ("namespaceSelector", "podSelector"):
        if pods is not None and (selector := getattr(pods, name)) is not None:
            yield from selector_faults((*path, name), selector)


def _port_faults(path: Path, port: shapes.AdminPort) -> Iterator[Fault]:
    if sum(bool(field) for field in (port.portNumber, port.portRange, port.namedPort)) != 1:
        yield required(path, ONE_FIELD)
    for name in ("portNumber", "portRange"):
        if (entry := getattr(port, name)) is None:
            continue
        place = (*path, name)
        if entry.protocol and entry.protocol not in PROTOCOLS:
            yield unsupported((*place, "protocol"), entry.protocol, PROTOCOLS)
        for field in ("port", "start", "end"):
            for error in port_number_errors(getattr(entry, field, 1)):
                yield invalid((*place, field), getattr(entry, field), error)
    if port.portRange is not None and port.portRange.end < port.portRange.start:
        yield invalid((*path, "portRange", "end"), port.portRange.end, "must not be below start")


def too_many(path: Path, items: Sequence[object], most: int) -> Iterator[Fault]:
    """Yield a fault if there are more than may be."""
    if len(items) > most:
        yield Fault(path, f"Too many: {len(items)}: must have at most {most} items")
