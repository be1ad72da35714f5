"""policy.networking.k8s.io/v1alpha1: AdminNetworkPolicy and its baseline → the model.

They are ordered and may deny or pass (F1.48-F1.51), and being there isolates nobody (F1.52).
"""

from collections.abc import Iterator

from nsimlib.manifests import admin_shapes as shapes
from nsimlib.manifests.admin_validation import admin_faults, baseline_faults
from nsimlib.manifests.kinds import Found, Kind, Kinds
from nsimlib.manifests.networking import label_selector
from nsimlib.manifests.nodes import locate
from nsimlib.manifests.shapes import LabelSelector
from nsimlib.model.addresses import IPBlock
from nsimlib.model.peers import BlockPeer, DomainPeer, NodePeer, Peer, PodPeer
from nsimlib.model.policy import Action, Direction, Policy, Rule
from nsimlib.model.ports import PolicyPort, Protocol
from nsimlib.model.selectors import EVERYTHING, Selector

__all__ = ["KINDS", "admin_policy"]


def admin_policy(found: Found) -> Policy:
    """Return the policy that a valid admin or baseline policy object says.

    It has a say only in directions for which it has rules (F1.52).
    """
    spec: shapes.AdminSpec = found.shape.spec
    rules = tuple(_rules(found, spec))
    return Policy(
        kind=found.kind.name,
        namespace=None,
        name=found.name,
        subject=_subject(spec.subject),
        directions=frozenset(rule.direction for rule in rules),
        isolates=frozenset(),
        rules=rules,
        order=spec.priority or 0,
        source=found.source,
    )


def _subject(subject: shapes.Subject) -> PodPeer:
    if subject.pods is not None:
        return _pods(subject.pods, "")
    return PodPeer(_selector(subject.namespaces), EVERYTHING)


def _pods(pods: shapes.NamespacedPod, path: str) -> PodPeer:
    return PodPeer(_selector(pods.namespaceSelector), _selector(pods.podSelector), path)


def _selector(selector: LabelSelector | None) -> Selector:
    return EVERYTHING if selector is None else label_selector(selector)


def _rules(found: Found, spec: shapes.AdminSpec) -> Iterator[Rule]:
    for number, egress in enumerate(spec.egress):
        yield _rule(found, Direction.EGRESS, number, egress, _peers("to", egress.to))
    for number, ingress in enumerate(spec.ingress):
        yield _rule(found, Direction.INGRESS, number, ingress, _peers("from", ingress.from_))


def _rule(
    found: Found,
    direction: Direction,
    number: int,
    rule: shapes.AdminEgressRule | shapes.AdminIngressRule,
    peers: Iterator[Peer],
) -> Rule:
    place = locate(found.node, ("spec", direction.word, number)) if found.node else None
    return Rule(
        direction,
        ports=tuple(_port(i, port) for i, port in enumerate(rule.ports)) or None,
        peers=tuple(peers),
        action=Action(rule.action),
        path=f"spec.{direction.word}[{number}]",
        line=place.line if place else 0,
        name=rule.name,
    )


def _peers(side: str, peers: list[shapes.AdminPeer]) -> Iterator[Peer]:
    for number, peer in enumerate(peers):
        path = f"{side}[{number}]"
        if peer.namespaces is not None:
            yield PodPeer(label_selector(peer.namespaces), EVERYTHING, path)
        if peer.pods is not None:
            yield _pods(peer.pods, path)
        if peer.nodes is not None:
            yield NodePeer(label_selector(peer.nodes), path)
        for i, cidr in enumerate(peer.networks):
            yield BlockPeer(IPBlock(cidr), f"{path}.networks[{i}]")
        for i, name in enumerate(peer.domainNames):
            yield DomainPeer(name, f"{path}.domainNames[{i}]")


def _port(number: int, port: shapes.AdminPort) -> PolicyPort:
    """An entry of `ports`; without a protocol it is TCP, and a name is of any (F1.55)."""
    path = f"ports[{number}]"
    if port.portNumber is not None:
        protocol = Protocol(port.portNumber.protocol or "TCP")
        return PolicyPort(protocol, port.portNumber.port, None, path)
    if port.portRange is not None:
        protocol = Protocol(port.portRange.protocol or "TCP")
        return PolicyPort(protocol, port.portRange.start, port.portRange.end, path)
    return PolicyPort(None, port.namedPort, None, path)


GROUP = "policy.networking.k8s.io"
KINDS: Kinds = {
    (GROUP, "AdminNetworkPolicy"): Kind(
        "AdminNetworkPolicy",
        shapes.AdminPolicy,
        admin_faults,
        namespaced=False,
        policy=admin_policy,
    ),
    (GROUP, "BaselineAdminNetworkPolicy"): Kind(
        "BaselineAdminNetworkPolicy",
        shapes.AdminPolicy,
        baseline_faults,
        namespaced=False,
        policy=admin_policy,
    ),
}
