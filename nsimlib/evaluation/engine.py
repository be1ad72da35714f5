"""One connection, judged at both ends, with everything kept: the definition of a verdict.

For each direction (F8.1): which policies apply to the subject, in the order of the profile's tiers;
each of their rules checked against the peer; the first tier that decides. Egress and ingress differ
by which end is the subject and by nothing else.
"""

from collections.abc import Iterable
from dataclasses import replace
from functools import partial

from nsimlib.cni.choosing import profile_for
from nsimlib.cni.profile import Profile
from nsimlib.evaluation.combination import place_in
from nsimlib.evaluation.doubts import Doubt, end_doubts, family_doubts, protocol_doubts
from nsimlib.evaluation.ends import paths, populated
from nsimlib.evaluation.evidence import Check, RuleResult, TierResult, place_of
from nsimlib.evaluation.exemptions import exempt_by, exempt_port, exemption_of
from nsimlib.evaluation.matching import Side, match_peer, match_port, match_subject
from nsimlib.evaluation.seen import View, Views, views_of
from nsimlib.evaluation.verdict import Case, DirectionVerdict, Ignored, Path, Verdict
from nsimlib.model.cluster import Cluster
from nsimlib.model.connection import Connection
from nsimlib.model.objects import Pod, selects
from nsimlib.model.peers import DomainPeer, Peer
from nsimlib.model.policy import Combination, Direction, Policy, Rule, Tier
from nsimlib.model.ports import PolicyPort, Port

__all__ = ["applies", "evaluate", "learned", "why"]


def why(cluster: Cluster, connection: Connection | str, *, cni: str = "spec") -> Verdict:
    """Return whether a connection is allowed, with every reason.

    Parameters
    ----------
    cluster
        What `load` returned.
    connection
        A `Connection` or its notation, such as `"shop/web -> kube-system/coredns:53/UDP"`.
    cni
        The profile that settles open questions; `"spec"` is the bare Kubernetes text, `"auto"` the
        profile that the cluster suggests.

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
    return evaluate(cluster, asked, profile_for(cluster, cni))


def evaluate(cluster: Cluster, connection: Connection, profile: Profile) -> Verdict:
    """Return the verdict of a connection under a profile."""
    cluster, profile = populated(cluster, profile), profile.within(cluster)
    cases = (_case(cluster, path, profile) for path in paths(cluster, connection))
    return Verdict(connection, profile.name, _distinct(cases), profile.chosen)


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
    """One end; where it is open which address of a Service is compared, both ways (F1.18)."""
    is_open = path.is_translated and direction is Direction.EGRESS
    if not is_open or profile["service_translation"].value is not None:
        return _judge_settled(cluster, path, direction, profile)
    before, after = (
        _judge_settled(cluster, path, direction, _translating(profile, when))
        for when in ("before", "blocks-after")
    )
    return replace(before, otherwise=after)


def _translating(profile: Profile, when: str) -> Profile:
    """The profile with the question settled, for blocks: what a selector means is not open."""
    question = "service_translation"
    settled = replace(profile[question], value=when)
    return replace(profile, settles={**profile.settles, question: settled})


def _judge_settled(
    cluster: Cluster, path: Path, direction: Direction, profile: Profile
) -> DirectionVerdict:
    ends = path.source, path.destination
    subject, peer = ends if direction is Direction.EGRESS else ends[::-1]
    exemption = exemption_of(subject, peer, direction, profile, path.service)
    exemption = exemption or exempt_port(path.port, profile)
    if exemption or not isinstance(subject, Pod):
        by = exempt_by(exemption, profile)
        return DirectionVerdict(direction, subject, peer, exemption=exemption, exempt_by=by)
    asked = cluster.policies_for(subject.namespace.name)
    applying = [policy for policy in asked if applies(policy, subject, direction)]
    reasons = [(policy, profile.ignored(policy)) for policy in applying]
    enforced = [policy for policy, why_not in reasons if why_not is None]
    views = views_of(path, direction, profile, learned(enforced, profile))
    return DirectionVerdict(
        direction,
        subject,
        peer,
        tiers=tuple(_judge_tier(tier, enforced, views) for tier in profile.tiers),
        doubts=_doubts(path, direction, views.behind.side),
        ignored=tuple(Ignored(policy, why_not) for policy, why_not in reasons if why_not),
    )


def _doubts(path: Path, direction: Direction, side: Side) -> tuple[Doubt, ...]:
    profile, address = side.profile, next(iter(side.addresses), None)
    return (
        *end_doubts(side.subject, side.peer, direction, profile, path.service),
        *protocol_doubts(path.port.protocol, profile),
        *family_doubts(address, profile),
    )


def learned(enforced: Iterable[Policy], profile: Profile) -> tuple[DomainPeer, ...] | None:
    """Return the names that a subject's DNS rules have its enforcer learn addresses of (F3.21).

    None where the enforcer knows the addresses of names without.
    """
    if not profile["learns_names_from_dns"].value:
        return None
    rules = (rule for each in enforced for rule in each.rules)
    return tuple(name for rule in rules if rule.layer7 for name in rule.layer7.dns)


def applies(policy: Policy, pod: Pod, direction: Direction) -> bool:
    """Return whether a policy selects the pod and has a say in this direction."""
    return direction in policy.directions and selects(policy.subject, pod, policy.namespace)


def _judge_tier(tier: Tier, enforced: list[Policy], views: Views) -> TierResult:
    policies = tuple(policy for policy in enforced if tier.holds(policy))
    if tier.combine is Combination.FIRST_MATCH:
        policies = tuple(sorted(policies, key=partial(place_in, tier)))
    direction = views.behind.side.direction
    rules = (
        _judge_rule(policy, rule, view, peers)
        for policy in policies
        for rule in policy.rules_for(direction)
        for view, peers in views.of(rule)
    )
    return TierResult(tier, direction, policies, tuple(rules))


def _judge_rule(
    policy: Policy, rule: Rule, view: View, peers: tuple[Peer, ...] | None
) -> RuleResult:
    side, port = view
    return RuleResult(
        policy,
        rule,
        ports=_checked_ports(rule.ports, port, side),
        peers=None if peers is None else tuple(match_peer(each, policy, side) for each in peers),
        excepted=_checked_ports(rule.except_ports, port, side) or (),
        subject=match_subject(rule, policy, side),
    )


def _checked_ports(
    ports: tuple[PolicyPort, ...] | None, given: Port, side: Side
) -> tuple[Check, ...] | None:
    return None if ports is None else tuple(match_port(each, given, side) for each in ports)
