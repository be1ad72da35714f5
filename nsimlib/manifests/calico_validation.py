"""What Calico's validator refuses in policies, tiers and network sets, and what is left out here.

The reasons are the validator's own, as with Kubernetes' kinds all at once.
"""

from collections.abc import Iterator
from typing import Final

from nsimlib.manifests import calico_shapes as shapes
from nsimlib.manifests.calico_end_validation import (
    GLOBAL_ONLY_FOR_NAMESPACES,
    domain_notes,
    expression_faults,
)
from nsimlib.manifests.calico_rule_validation import rule_faults
from nsimlib.manifests.calico_rules import read_net
from nsimlib.manifests.faults import Fault, forbidden, invalid, unsupported, warning
from nsimlib.manifests.names import namespace_errors
from nsimlib.manifests.validation import metadata_faults, network_policy_faults
from nsimlib.model.policy import Direction

__all__ = [
    "global_policy_faults",
    "host_endpoint_notes",
    "network_set_faults",
    "policy_faults",
    "profile_notes",
    "staged_kubernetes_faults",
    "tier_faults",
]

TYPES = ("Ingress", "Egress")
STAGED_ACTIONS = ("Set", "Delete", "Learn", "Ignore")
#: tiers whose place is fixed (F2.7)
FIXED_ORDERS: Final = {"kube-admin": 1_000.0, "default": 1_000_000.0, "kube-baseline": 10_000_000.0}
NAMESPACE_LABEL = "projectcalico.org/namespace"
FOR_HOSTS = (
    "is a policy for host endpoints, which are not modelled; it never applies to pods (F2.35)"
)


def policy_faults(policy: shapes.PolicyObject) -> Iterator[Fault]:
    """Yield what is wrong with a NetworkPolicy, staged or not."""
    yield from _policy_faults(policy, policy.metadata.namespace or "default")


def global_policy_faults(policy: shapes.GlobalPolicy) -> Iterator[Fault]:
    """Yield what is wrong with a GlobalNetworkPolicy, staged or not."""
    yield from _policy_faults(policy, "")
    yield from _selector_faults("namespaceSelector", policy.spec.namespaceSelector)
    yield from _host_faults(policy.spec)


def _policy_faults(policy: shapes.PolicyObject, namespace: str) -> Iterator[Fault]:
    spec = policy.spec
    yield from metadata_faults(policy.metadata)
    yield from _selector_faults("selector", spec.selector)
    yield from _selector_faults("serviceAccountSelector", spec.serviceAccountSelector)
    for i, each in enumerate(spec.types):
        if each not in TYPES:
            yield unsupported(("spec", "types", i), each, TYPES)
        elif each in spec.types[:i]:
            yield invalid(("spec", "types", i), each, f"'{each}' type specified more than once")
    sides = ((Direction.INGRESS, spec.ingress), (Direction.EGRESS, spec.egress))
    for direction, rules in sides:
        for i, rule in enumerate(rules):
            yield from rule_faults(("spec", direction.word, i), rule, direction, namespace)
    says_more = bool(spec.selector or spec.types or spec.ingress or spec.egress)
    yield from _staged_faults(getattr(spec, "stagedAction", ""), says_more)


def _selector_faults(field: str, text: str) -> Iterator[Fault]:
    yield from expression_faults(("spec", field), text, GLOBAL_ONLY_FOR_NAMESPACES)


def _host_faults(spec: shapes.GlobalPolicySpec) -> Iterator[Fault]:
    """What is wrong with a policy's flags, and that two of them make it one for hosts alone."""
    if spec.preDNAT and spec.doNotTrack:
        why = "PreDNAT and DoNotTrack cannot both be true, for a given PolicySpec"
        yield forbidden(("spec", "preDNAT"), why)
    if spec.preDNAT and spec.egress:
        yield forbidden(("spec", "egress"), "PreDNAT PolicySpec cannot have any Egress rules")
    if spec.preDNAT and "Egress" in spec.types:
        yield forbidden(("spec", "types"), "PreDNAT PolicySpec cannot have 'egress' Type")
    for field in ("preDNAT", "doNotTrack"):
        if getattr(spec, field) and not spec.applyOnForward:
            why = "ApplyOnForward must be true if either PreDNAT or DoNotTrack is true"
            place = ("spec", "applyOnForward")
            yield Fault(place, f"Invalid value: false: {why}", below=(), remedy="Write true.")
        elif getattr(spec, field):
            yield warning(("spec", field), FOR_HOSTS)


def _staged_faults(action: str, says_more: bool) -> Iterator[Fault]:
    place = ("spec", "stagedAction")
    if action and action not in STAGED_ACTIONS:
        yield unsupported(place, action, STAGED_ACTIONS)
    elif action == "Delete" and says_more:
        why = "Spec fields, except Tier, should all be zero-value if stagedAction is Delete"
        yield forbidden(("spec",), why)
    elif action == "Ignore":
        yield warning(place, "nothing is staged where the action is Ignore")


def staged_kubernetes_faults(policy: shapes.StagedKubernetesPolicy) -> Iterator[Fault]:
    """Yield what is wrong with a staged policy of Kubernetes."""
    spec = policy.spec
    yield from network_policy_faults(policy)
    says_more = bool(spec.policyTypes or spec.ingress or spec.egress)
    yield from _staged_faults(spec.stagedAction, says_more)


def tier_faults(tier: shapes.Tier) -> Iterator[Fault]:
    """Yield what is wrong with a tier; those that Calico brings stay where they are (F2.7)."""
    yield from metadata_faults(tier.metadata, namespace_errors)
    order = FIXED_ORDERS.get(tier.metadata.name)
    if order is not None and tier.spec.order != order:
        given = f"{tier.spec.order:g}" if tier.spec.order is not None else ""
        yield invalid(
            ("spec", "order"), given, f"{tier.metadata.name} tier order must be {order:,.0f}"
        )
    if tier.spec.defaultAction not in ("", "Pass", "Deny"):
        yield unsupported(("spec", "defaultAction"), tier.spec.defaultAction, ("Pass", "Deny"))


def network_set_faults(found: shapes.NetworkSet) -> Iterator[Fault]:
    """Yield what is wrong with a set of addresses."""
    yield from metadata_faults(found.metadata)
    if NAMESPACE_LABEL in found.metadata.labels:
        why = f"{NAMESPACE_LABEL} is not a valid label name"
        yield invalid(("metadata", "labels"), NAMESPACE_LABEL, why, below=(NAMESPACE_LABEL,))
    for i, net in enumerate(found.spec.nets):
        if read_net(net) is None:
            yield invalid(("spec", "nets", i), net, "invalid CIDR")
    yield from domain_notes(("spec", "allowedEgressDomains"), found.spec.allowedEgressDomains)


def host_endpoint_notes(found: shapes.Bare) -> Iterator[Fault]:
    """Yield what is wrong with a host endpoint's name, and that hosts are not modelled."""
    yield from metadata_faults(found.metadata)
    name = found.metadata.name
    yield warning((), f"HostEndpoint {name} is not modelled: what is for hosts stays open (F2.35)")


def profile_notes(found: shapes.Bare) -> Iterator[Fault]:
    """Yield what is wrong with a profile's name, and that its rules are not modelled."""
    yield from metadata_faults(found.metadata)
    name = found.metadata.name
    yield warning((), f"Profile {name} is not modelled: pods without policies are allowed (F2.9)")
