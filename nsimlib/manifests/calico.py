"""projectcalico.org: policies, tiers and network sets → the model (F2.1).

The same kinds are stored in crd.projectcalico.org, where `default.` stands before the names of
policies in the default tier.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from math import inf
from typing import Final

from nsimlib.manifests import calico_shapes as shapes
from nsimlib.manifests.calico_rules import ACCOUNT_LABEL, calico_rule, read_net, written_selector
from nsimlib.manifests.calico_selectors import both, prefixed
from nsimlib.manifests.calico_validation import (
    global_policy_faults,
    host_endpoint_notes,
    network_set_faults,
    policy_faults,
    profile_notes,
    staged_kubernetes_faults,
    tier_faults,
)
from nsimlib.manifests.kinds import Found, Kind, Kinds
from nsimlib.manifests.networking import network_policy
from nsimlib.model.addresses import IPBlock
from nsimlib.model.objects import Namespace, NetworkSet
from nsimlib.model.peers import PodPeer
from nsimlib.model.policy import Action, Combination, Direction, Policy, Rule, Tier
from nsimlib.model.selectors import EVERYTHING

__all__ = ["DEFAULT_TIER", "KINDS", "POLICIES", "SETS", "missing_tiers", "network_sets", "tiers"]

DEFAULT_TIER = "default"
#: tiers that are there without being written (F2.7)
BUILT_IN: Final = ("kube-admin", DEFAULT_TIER, "kube-baseline")
POLICIES: Final = (
    "NetworkPolicy.projectcalico.org",
    "GlobalNetworkPolicy",
    "StagedNetworkPolicy",
    "StagedGlobalNetworkPolicy",
)
SETS: Final = ("NetworkSet", "GlobalNetworkSet")


def calico_policy(found: Found) -> Policy | None:
    """Return the policy that a valid object says, None for one that is for hosts alone.

    Left-out `types` are those that it has rules for, and Ingress if it has none (F2.5); unlike with
    a NetworkPolicy, egress rules alone leave ingress as it is. Policies before translation or
    connection tracking are for host endpoints, and never apply to pods.
    """
    spec: shapes.PolicySpec = found.shape.spec
    is_for_hosts = getattr(spec, "preDNAT", False) or getattr(spec, "doNotTrack", False)
    if is_for_hosts or _action(found) == "Ignore":
        return None
    tier = spec.tier or DEFAULT_TIER
    directions = frozenset() if _action(found) == "Delete" else frozenset(_directions(spec))
    return Policy(
        kind=found.kind.name,
        namespace=found.namespace or None,
        name=found.name.removeprefix(f"{DEFAULT_TIER}."),
        subject=_subject(found, spec),
        directions=directions,
        isolates=frozenset(),
        rules=tuple(_rules(found, spec)),
        order=inf if spec.order is None else spec.order,
        tier=tier,
        staged=found.kind.name.startswith("Staged"),
        source=found.source,
        directions_defaulted=not spec.types,
    )


def _action(found: Found) -> str:
    """What a staged policy would do: be there, unless it would delete its namesake."""
    action: str = getattr(found.shape.spec, "stagedAction", "")
    return action


def _directions(spec: shapes.PolicySpec) -> Iterator[Direction]:
    if spec.types:
        yield from map(Direction, spec.types)
        return
    if spec.ingress or not spec.egress:
        yield Direction.INGRESS
    if spec.egress:
        yield Direction.EGRESS


def _subject(found: Found, spec: shapes.PolicySpec) -> PodPeer:
    of_account = written_selector(spec.serviceAccountSelector)
    accounts = prefixed(of_account, ACCOUNT_LABEL) if of_account else None
    chosen = both((written_selector(spec.selector), accounts))
    if found.kind.namespaced:
        return PodPeer(None, chosen)
    return PodPeer(written_selector(found.shape.spec.namespaceSelector) or EVERYTHING, chosen)


def _rules(found: Found, spec: shapes.PolicySpec) -> Iterator[Rule]:
    sides = ((Direction.EGRESS, spec.egress), (Direction.INGRESS, spec.ingress))
    for direction, rules in sides:
        for number, rule in enumerate(rules):
            place = ("spec", direction.word, number)
            path, line = f"spec.{direction.word}[{number}]", found.line(place)
            yield calico_rule(rule, direction, found.namespace or None, path, line)


def staged_kubernetes_policy(found: Found) -> Policy | None:
    """Return the NetworkPolicy that is staged; one that is to be deleted has no say at all."""
    if _action(found) == "Ignore":
        return None
    policy = replace(network_policy(found), staged=True)
    if _action(found) == "Delete":
        return replace(policy, directions=frozenset(), isolates=frozenset())
    return policy


def tiers(found: Iterable[Found]) -> tuple[Tier, ...]:
    """Return the tiers; without an order a tier is the last, and it denies unless it says Pass."""
    return tuple(
        Tier(
            each.name,
            Combination.FIRST_MATCH,
            (),
            Action(each.shape.spec.defaultAction or "Deny"),
            inf if each.shape.spec.order is None else each.shape.spec.order,
        )
        for each in found
    )


def network_sets(
    found: Iterable[Found], namespaces: Mapping[str, Namespace]
) -> tuple[NetworkSet, ...]:
    """Return the sets of addresses, of a namespace or of none."""
    return tuple(
        NetworkSet(
            namespaces[each.namespace] if each.namespace else None,
            each.name,
            each.meta.labels,
            tuple(IPBlock(net) for net in map(read_net, each.shape.spec.nets) if net),
        )
        for each in found
    )


def missing_tiers(policies: Iterable[Policy], known: Iterable[Tier]) -> Iterator[str]:
    """Yield a note for each policy in a tier that is not there, where Felix leaves it out."""
    there = {*BUILT_IN, *(tier.name for tier in known)}
    for policy in policies:
        if policy.kind in POLICIES and policy.tier not in there:
            gone = f'names the tier "{policy.tier}", which is not there, so it is not applied'
            yield f"{policy.source}: {policy.kind} {policy.key} {gone}"


def _kinds() -> Iterator[Kind]:
    plain, of_all, staged, staged_of_all = POLICIES
    of_namespaces: tuple[tuple[str, type], ...] = (
        (plain, shapes.PolicyObject),
        (staged, shapes.StagedPolicy),
    )
    of_clusters: tuple[tuple[str, type], ...] = (
        (of_all, shapes.GlobalPolicy),
        (staged_of_all, shapes.StagedGlobalPolicy),
    )
    for name, shape in of_namespaces:
        yield Kind(name, shape, policy_faults, policy=calico_policy)
    for name, shape in of_clusters:
        yield Kind(name, shape, global_policy_faults, namespaced=False, policy=calico_policy)
    yield Kind(
        "StagedKubernetesNetworkPolicy",
        shapes.StagedKubernetesPolicy,
        staged_kubernetes_faults,
        policy=staged_kubernetes_policy,
    )
    yield Kind("Tier", shapes.Tier, tier_faults, namespaced=False)
    own, shared = SETS
    yield Kind(own, shapes.NetworkSet, network_set_faults)
    yield Kind(shared, shapes.NetworkSet, network_set_faults, namespaced=False)
    yield Kind("HostEndpoint", shapes.Bare, host_endpoint_notes, namespaced=False)
    yield Kind("Profile", shapes.Bare, profile_notes, namespaced=False)


KINDS: Kinds = {
    (group, kind.name.removesuffix(".projectcalico.org")): kind
    for group in ("projectcalico.org", "crd.projectcalico.org")
    for kind in _kinds()
}
