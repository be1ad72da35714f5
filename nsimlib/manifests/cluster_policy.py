"""policy.networking.k8s.io/v1alpha2: ClusterNetworkPolicy → the model.

One kind in two tiers, before and after NetworkPolicy (F1.57-F1.59). What Accept says is what Allow
said in v1alpha1; being there isolates nobody.
"""

from collections.abc import Iterator
from dataclasses import replace

from nsimlib.manifests import cluster_policy_shapes as shapes
from nsimlib.manifests.admin import GROUP, failing_closed, subject_of
from nsimlib.manifests.cluster_policy_validation import cluster_policy_faults
from nsimlib.manifests.kinds import Found, Kind, Kinds
from nsimlib.model.peers import AllOf, BlockPeer, DomainPeer, Peer, UnknownPeer
from nsimlib.model.policy import Action, Direction, Policy, Rule
from nsimlib.model.ports import PolicyPort, Protocol

__all__ = ["KINDS", "cluster_policy"]

ACTIONS = {"Accept": Action.ALLOW, "Deny": Action.DENY, "Pass": Action.PASS}
PROTOCOLS = {"tcp": Protocol.TCP, "udp": Protocol.UDP, "sctp": Protocol.SCTP}


def cluster_policy(found: Found) -> Policy:
    """Return the policy that a valid ClusterNetworkPolicy object says.

    It has a say only in directions for which it has rules.
    """
    spec: shapes.ClusterPolicySpec = found.shape.spec
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
        tier=spec.tier,
        source=found.source,
    )


def _rules(found: Found, spec: shapes.ClusterPolicySpec) -> Iterator[Rule]:
    for number, egress in enumerate(spec.egress):
        rule = failing_closed(_rule(found, Direction.EGRESS, number, egress), egress.to)
        yield _with_v1alpha2_peers(rule)
    for number, ingress in enumerate(spec.ingress):
        yield failing_closed(_rule(found, Direction.INGRESS, number, ingress), ingress.from_)


def _rule(
    found: Found,
    direction: Direction,
    number: int,
    rule: shapes.EgressRule | shapes.IngressRule,
) -> Rule:
    entries = rule.protocols or ()
    return Rule(
        direction,
        ports=tuple(_port(i, entry) for i, entry in enumerate(entries)) or None,
        action=ACTIONS[rule.action],
        path=f"spec.{direction.word}[{number}]",
        line=found.line(("spec", direction.word, number)),
        name=rule.name,
    )


def _with_v1alpha2_peers(rule: Rule) -> Rule:
    peers = rule.peers and tuple(_peer(each, rule.action) for each in rule.peers)
    return replace(rule, peers=peers)


def _peer(peer: Peer, action: Action) -> Peer:
    """A network matches pods too, by the API's own text (F1.63).

    What Deny and Pass mean for a domain name is defined nowhere (F1.64).
    """
    if isinstance(peer, BlockPeer):
        return replace(peer, meets_all=True)
    if isinstance(peer, DomainPeer) and action is not Action.ALLOW:
        what = f"domain names are for Accept rules only, and this is a {action.value}"
        return AllOf((peer, UnknownPeer(what, peer.path, ("F1.64",))), peer.path)
    return peer


def _port(number: int, entry: shapes.ProtocolEntry) -> PolicyPort:
    """An entry of `protocols`; a port name is of any protocol (F1.62)."""
    path = f"protocols[{number}]"
    for name, protocol in PROTOCOLS.items():
        match = getattr(entry, name)
        if match is not None and (port := match.destinationPort) is not None:
            if port.range is not None:
                return PolicyPort(protocol, port.range.start, port.range.end, path)
            return PolicyPort(protocol, port.number, None, path)
    return PolicyPort(None, entry.destinationNamedPort, None, path)


KINDS: Kinds = {
    (GROUP, "ClusterNetworkPolicy"): Kind(
        "ClusterNetworkPolicy",
        shapes.ClusterPolicy,
        cluster_policy_faults,
        namespaced=False,
        policy=cluster_policy,
    ),
}
