"""networking.k8s.io: NetworkPolicy → the model, with exactly the defaults of the API server."""

from collections.abc import Iterator

from nsimlib.manifests import networking_shapes, shapes
from nsimlib.manifests.cidrs import read_cidr
from nsimlib.manifests.kinds import Found, Kind, Kinds
from nsimlib.manifests.validation import network_policy_faults
from nsimlib.model.addresses import IPBlock
from nsimlib.model.peers import BlockPeer, Peer, PodPeer
from nsimlib.model.policy import Direction, Policy, Rule
from nsimlib.model.ports import PolicyPort, Protocol
from nsimlib.model.selectors import LabelSelector, Operator, Requirement

__all__ = ["KINDS", "label_selector", "network_policy"]


def network_policy(found: Found) -> Policy:
    """Return the policy that a valid NetworkPolicy object says.

    Left-out `policyTypes` mean Ingress, and Egress only if there is an egress rule (F1.10).
    """
    spec: networking_shapes.NetworkPolicySpec = found.shape.spec
    defaulted = not spec.policyTypes
    types = spec.policyTypes or (["Ingress", "Egress"] if spec.egress else ["Ingress"])
    directions = frozenset(Direction(each) for each in types)
    return Policy(
        kind=found.kind.name,
        namespace=found.namespace,
        name=found.name,
        subject=PodPeer(pods=label_selector(spec.podSelector)),
        directions=directions,
        isolates=directions,
        rules=tuple(_rules(found, spec)),
        source=found.source,
        directions_defaulted=defaulted,
    )


def _rules(found: Found, spec: networking_shapes.NetworkPolicySpec) -> Iterator[Rule]:
    for i, egress in enumerate(spec.egress):
        peers = _peers("to", egress.to)
        yield _rule(found, Direction.EGRESS, i, egress.ports, peers)
    for i, ingress in enumerate(spec.ingress):
        peers = _peers("from", ingress.from_)
        yield _rule(found, Direction.INGRESS, i, ingress.ports, peers)


def _rule(
    found: Found,
    direction: Direction,
    number: int,
    ports: list[networking_shapes.NetworkPolicyPort],
    peers: tuple[Peer, ...],
) -> Rule:
    """A rule; an empty list of ports or peers means any, just as a missing one does (F1.6)."""
    return Rule(
        direction,
        ports=tuple(_port(i, port) for i, port in enumerate(ports)) or None,
        peers=peers or None,
        path=f"spec.{direction.word}[{number}]",
        line=found.line(("spec", direction.word, number)),
    )


def _port(number: int, port: networking_shapes.NetworkPolicyPort) -> PolicyPort:
    """An entry of `ports:`; without a protocol it is TCP (F1.7)."""
    protocol = Protocol(port.protocol or "TCP")
    return PolicyPort(protocol, port.port, port.endPort, f"ports[{number}]")


def _peers(side: str, peers: list[networking_shapes.NetworkPolicyPeer]) -> tuple[Peer, ...]:
    return tuple(_peer(f"{side}[{i}]", peer) for i, peer in enumerate(peers))


def _peer(path: str, peer: networking_shapes.NetworkPolicyPeer) -> Peer:
    if peer.ipBlock is not None:
        return BlockPeer(_block(peer.ipBlock), path)
    return PodPeer(
        None if peer.namespaceSelector is None else label_selector(peer.namespaceSelector),
        None if peer.podSelector is None else label_selector(peer.podSelector),
        path,
    )


def _block(block: networking_shapes.IPBlock) -> IPBlock:
    cidr, *exceptions = (read_cidr(text) for text in (block.cidr, *block.except_))
    return IPBlock(cidr.text if cidr else "", tuple(each.text for each in exceptions if each))


def label_selector(selector: shapes.LabelSelector) -> LabelSelector:
    """Return the model's selector: `matchLabels` by key, then `matchExpressions` (F1.33)."""
    exact = LabelSelector.of(selector.matchLabels).requirements
    more = (
        Requirement(each.key, Operator(each.operator), tuple(each.values))
        for each in selector.matchExpressions
    )
    return LabelSelector((*exact, *more))


POLICY = Kind(
    "NetworkPolicy", networking_shapes.NetworkPolicy, network_policy_faults, policy=network_policy
)
KINDS: Kinds = {
    ("networking.k8s.io", "NetworkPolicy"): POLICY,
    ("extensions", "NetworkPolicy"): POLICY,
}
