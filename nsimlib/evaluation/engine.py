"""One connection, judged at both ends, with everything kept: the definition of a verdict.

For each direction (F8.1): which policies apply to the subject, in the order of the profile's tiers;
each of their rules checked against the peer; the first tier that decides. Egress and ingress differ
by which end is the subject and by nothing else.
"""

from collections.abc import Iterable
from dataclasses import replace

from nsimlib.cni.profile import Profile, load_profile
from nsimlib.evaluation.ends import paths, populated
from nsimlib.evaluation.evidence import RuleResult, TierResult, place_of
from nsimlib.evaluation.matching import (
    Side,
    is_judged,
    match_peer,
    match_port,
    match_subject,
    node_of,
)
from nsimlib.evaluation.verdict import Case, DirectionVerdict, Exemption, Path, Verdict
from nsimlib.model.addresses import Address
from nsimlib.model.cluster import Cluster
from nsimlib.model.connection import Connection
from nsimlib.model.objects import Node, Party, Pod, selects
from nsimlib.model.peers import DomainPeer
from nsimlib.model.policy import Direction, Policy, Rule, Tier
from nsimlib.model.ports import Port

__all__ = ["applies", "doubt_of", "evaluate", "exemption_of", "learned", "on_own_node", "why"]


def why(cluster: Cluster, connection: Connection | str, *, cni: str = "spec") -> Verdict:
    """Return whether a connection is allowed, with every reason.

    Parameters
    ----------
    cluster
        What `load` returned.
    connection
        A `Connection` or its notation, such as `"shop/web -> kube-system/coredns:53/UDP"`.
    cni
        The profile that settles open questions; `"spec"` is the bare Kubernetes text.

    Raises
    ------
    ConnectionSyntaxError, UnknownName
        If the connection cannot be read, or names something that is not there.

    Examples
    --------
    A `podSelector` alone means the policy's own namespace, so this DNS rule allows nothing (F1.2):

    >>> import nsimlib as ns
    >>> why(ns.scenario("shop"), "shop/web -> kube-system/coredns:53/UDP").outcome
    denied
    """
    asked = Connection.parse(connection) if isinstance(connection, str) else connection
    return evaluate(cluster, asked, load_profile(cni))


def evaluate(cluster: Cluster, connection: Connection, profile: Profile) -> Verdict:
    """Return the verdict of a connection under a profile."""
    cluster, profile = populated(cluster, profile), profile.within(cluster)
    cases = (_case(cluster, path, profile) for path in paths(cluster, connection))
    return Verdict(connection, profile.name, _distinct(cases))


def _distinct(cases: Iterable[Case]) -> tuple[Case, ...]:
    kept: dict[object, list[Case]] = {}
    for case in cases:
        evidence = tuple(
            (end.outcome, end.exemption, tuple(place_of(each) for each in end.determining))
            for end in case.directions
        )
        kept.setdefault((case.path.port, evidence), []).append(case)
    return tuple(replace(alike[0], others=len(alike) - 1) for alike in kept.values())


def _case(cluster: Cluster, path: Path, profile: Profile) -> Case:
    egress = _judge(cluster, path, Direction.EGRESS, profile)
    return Case(path, egress, _judge(cluster, path, Direction.INGRESS, profile))


def _judge(
    cluster: Cluster, path: Path, direction: Direction, profile: Profile
) -> DirectionVerdict:
    ends = path.source, path.destination
    subject, peer = ends if direction is Direction.EGRESS else ends[::-1]
    exemption = exemption_of(subject, peer, direction, profile)
    if exemption or not isinstance(subject, Pod):
        return DirectionVerdict(direction, subject, peer, exemption=exemption)
    held = cluster.policies_by_namespace
    asked = (*held.get(None, ()), *held.get(subject.namespace.name, ()))
    applying = [policy for policy in asked if applies(policy, subject, direction)]
    seen = _seen_addresses(path, direction, profile)
    side = Side(direction, subject, peer, seen, profile, learned(applying, profile))
    port = _seen_port(path, direction, profile)
    return DirectionVerdict(
        direction,
        subject,
        peer,
        tiers=tuple(_judge_tier(tier, applying, side, port) for tier in profile.tiers),
        doubt=doubt_of(subject, peer, direction, profile),
        ignored=tuple(policy for policy in applying if not profile.enforces(policy)),
    )


def learned(applying: Iterable[Policy], profile: Profile) -> tuple[DomainPeer, ...] | None:
    """Return the names that a subject's DNS rules have its enforcer learn addresses of (F3.21).

    None where the enforcer knows the addresses of names without.
    """
    if not profile["learns_names_from_dns"].value:
        return None
    rules = (rule for each in applying if profile.enforces(each) for rule in each.rules)
    return tuple(name for rule in rules if rule.layer7 for name in rule.layer7.dns)


def applies(policy: Policy, pod: Pod, direction: Direction) -> bool:
    """Return whether a policy selects the pod and has a say in this direction."""
    return direction in policy.directions and selects(policy.subject, pod, policy.namespace)


def exemption_of(
    subject: Party, peer: Party, direction: Direction, profile: Profile
) -> Exemption | None:
    """Return why policy has no say at this end, or None if it has."""
    if not is_judged(subject, profile):
        return Exemption.HOST_NETWORK if isinstance(subject, Pod) else Exemption.NOT_A_POD
    if subject is peer and profile["pod_to_itself"].value == "allowed":
        return Exemption.ITSELF
    if not on_own_node(subject, peer):
        return None
    question = "node_to_own_pod" if direction is Direction.INGRESS else "pod_to_own_node"
    if profile[question].value != "allowed":
        return None
    inward = direction is Direction.INGRESS
    return Exemption.FROM_OWN_NODE if inward else Exemption.TO_OWN_NODE


def on_own_node(subject: Party, peer: Party) -> bool:
    """Return whether the peer is the subject's node, or a pod on that node's network."""
    on_host = isinstance(peer, Node) or (isinstance(peer, Pod) and peer.host_network)
    return on_host and node_of(peer) is not None and node_of(peer) == node_of(subject)


def doubt_of(subject: Party, peer: Party, direction: Direction, profile: Profile) -> str | None:
    """Return the question, left open by the profile, that could turn a denial into a pass."""
    outward = direction is Direction.EGRESS and on_own_node(subject, peer)
    return "pod_to_own_node" if outward and profile["pod_to_own_node"].value is None else None


def _seen_addresses(path: Path, direction: Direction, profile: Profile) -> tuple[Address, ...]:
    if direction is Direction.INGRESS:
        return _known(path.source_address)
    if path.service_address is None:
        return _known(path.destination_address)
    match profile["service_translation"].value:
        case "before":
            return _known(path.destination_address)
        case "after":
            return (path.service_address,)
        case _:
            known = _known(path.destination_address)
            return (*known, path.service_address) if known else ()


def _known(address: Address | None) -> tuple[Address, ...]:
    return () if address is None else (address,)


def _seen_port(path: Path, direction: Direction, profile: Profile) -> Port:
    translated_later = profile["service_translation"].value == "after"
    if direction is Direction.EGRESS and translated_later and path.service_port is not None:
        return path.service_port
    return path.port


def _judge_tier(tier: Tier, applying: list[Policy], side: Side, port: Port) -> TierResult:
    policies = tuple(policy for policy in applying if tier.holds(policy))
    rules = (
        _judge_rule(policy, rule, side, port)
        for policy in policies
        for rule in policy.rules_for(side.direction)
    )
    return TierResult(tier, side.direction, policies, tuple(rules))


def _judge_rule(policy: Policy, rule: Rule, side: Side, port: Port) -> RuleResult:
    ports = peers = None
    if rule.ports is not None:
        ports = tuple(match_port(wanted, port, side) for wanted in rule.ports)
    if rule.peers is not None:
        peers = tuple(match_peer(peer, policy, side) for peer in rule.peers)
    excepted = tuple(match_port(wanted, port, side) for wanted in rule.except_ports)
    return RuleResult(policy, rule, ports, peers, excepted, match_subject(rule, policy, side))
