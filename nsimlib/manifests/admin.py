"""policy.networking.k8s.io/v1alpha1: AdminNetworkPolicy and its baseline → the model.

They are ordered and may deny or pass (F1.48-F1.51), and being there isolates nobody (F1.52).
"""

from collections.abc import Iterator
from dataclasses import replace

from nsimlib.manifests import admin_shapes as shapes
from nsimlib.manifests.admin_validation import admin_faults, baseline_faults
from nsimlib.manifests.kinds import Found, Kind, Kinds
from nsimlib.manifests.networking import label_selector
from nsimlib.manifests.shapes import LabelSelector
from nsimlib.model.addresses import IPBlock
from nsimlib.model.peers import BlockPeer, DomainPeer, NodePeer, Peer, PodPeer
from nsimlib.model.policy import Action, Direction, Policy, Rule
from nsimlib.model.ports import PolicyPort, Protocol
from nsimlib.model.selectors import EVERYTHING, Selector

__all__ = ["GROUP", "KINDS", "admin_policy", "failing_closed", "subject_of"]


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
        subject=subject_of(spec.subject),
        directions=frozenset(rule.direction for rule in rules),
        isolates=frozenset(),
        rules=rules,
        order=spec.priority or 0,
        source=found.source,
    )


def subject_of(subject: shapes.Subject) -> PodPeer:
    """Return whom a policy is for (F1.53)."""
    if subject.pods is not None:
        return _pods(subject.pods, "")
    return PodPeer(_selector(subject.namespaces), EVERYTHING)


def _pods(pods: shapes.NamespacedPod, path: str) -> PodPeer:
    return PodPeer(_selector(pods.namespaceSelector), _selector(pods.podSelector), path)


def _selector(selector: LabelSelector | None) -> Selector:
    return EVERYTHING if selector is None else label_selector(selector)


def _rules(found: Found, spec: shapes.AdminSpec) -> Iterator[Rule]:
    for number, egress in enumerate(spec.egress):
        yield failing_closed(_rule(found, Direction.EGRESS, number, egress), egress.to)
    for number, ingress in enumerate(spec.ingress):
        yield failing_closed(_rule(found, Direction.INGRESS, number, ingress), ingress.from_)


def _rule(
    found: Found,
    direction: Direction,
    number: int,
    rule: shapes.AdminEgressRule | shapes.AdminIngressRule,
) -> Rule:
    return Rule(
        direction,
        ports=tuple(_port(i, port) for i, port in enumerate(rule.ports)) or None,
        action=Action(rule.action),
        path=f"spec.{direction.word}[{number}]",
        line=found.line(("spec", direction.word, number)),
        name=rule.name,
    )


def failing_closed(rule: Rule, peers: list[shapes.AdminPeer]) -> Rule:
    """Return the rule with its peers.

    A peer with nothing that is known here comes from a later version of the API, and only a lenient
    reading gets this far. Then Allow matches nothing, while Deny and Pass deny everything (F1.56).
    """
    if all(shapes.said_by(peer) for peer in peers):
        side = "to" if rule.direction is Direction.EGRESS else "from"
        return replace(rule, peers=tuple(_peers(side, peers)))
    if rule.action is Action.ALLOW:
        return replace(rule, peers=())
    return replace(rule, action=Action.DENY, ports=None, peers=None)


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
