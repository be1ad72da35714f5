"""What Cilium says about a policy as a whole that it does not take, and whom it is for (F3.1).

The API server stores such a policy and it does nothing: its status says that it is not valid, in
these words (pkg/policy/api/rule_validation.go). Here all are said, where Cilium stops at the first.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from nsimlib.manifests import cilium_shapes as shapes
from nsimlib.manifests.cilium_rule_validation import endpoint_faults, section_faults
from nsimlib.manifests.cilium_selectors import CLUSTER_KEY, OWN_KEY, plain_selector
from nsimlib.manifests.faults import Fault, warning
from nsimlib.manifests.nodes import Path
from nsimlib.manifests.shapes import LabelSelector
from nsimlib.manifests.validation import metadata_faults

__all__ = ["clusterwide_faults", "namespaced_faults"]

SECTIONS: Final = ("ingress", "ingressDeny", "egress", "egressDeny")
NOTHING: Final = "rule must have at least one of Ingress, IngressDeny, Egress, EgressDeny"


def namespaced_faults(policy: shapes.CiliumPolicy) -> Iterator[Fault]:
    """Yield what is wrong with a CiliumNetworkPolicy."""
    yield from _faults(policy, "CiliumNetworkPolicy")
    namespace = policy.metadata.namespace or "default"
    for path, rule in _rules(policy):
        if rule.nodeSelector is not None:
            remedy = "Write a CiliumClusterwideNetworkPolicy."
            yield Fault((*path, "nodeSelector"), "rule cannot have NodeSelector", remedy=remedy)
        if rule.endpointSelector is not None:
            yield from _namespace_notes((*path, "endpointSelector"), rule, namespace)


def clusterwide_faults(policy: shapes.CiliumPolicy) -> Iterator[Fault]:
    """Yield what is wrong with a CiliumClusterwideNetworkPolicy."""
    yield from _faults(policy, "CiliumClusterwideNetworkPolicy")
    for path, rule in _rules(policy):
        if rule.nodeSelector is not None:
            says = "this rule is for nodes, which are not modelled, and applies to no pod"
            yield warning((*path, "nodeSelector"), says)


def _rules(policy: shapes.CiliumPolicy) -> Iterator[tuple[Path, shapes.CiliumRule]]:
    if policy.spec is not None:
        yield ("spec",), policy.spec
    for number, rule in enumerate(policy.specs):
        yield ("specs", number), rule


def _faults(policy: shapes.CiliumPolicy, kind: str) -> Iterator[Fault]:
    yield from metadata_faults(policy.metadata)
    rules = list(_rules(policy))
    if not rules:
        yield Fault(("spec",), f"Invalid {kind} spec(s): empty policy")
    for path, rule in rules:
        yield from _rule_faults(path, rule)


def _rule_faults(path: Path, rule: shapes.CiliumRule) -> Iterator[Fault]:
    for_pods, for_nodes = rule.endpointSelector is not None, rule.nodeSelector is not None
    if not (for_pods or for_nodes):
        remedy = "Write endpointSelector: {} for every pod."
        yield Fault(path, "rule must have one of EndpointSelector or NodeSelector", remedy=remedy)
    if for_pods and for_nodes:
        yield Fault(path, "rule cannot have both EndpointSelector and NodeSelector")
    if not any(getattr(rule, section) for section in SECTIONS):
        remedy = "To allow nothing, write one empty rule: ingress: [{}] or egress: [{}]."
        yield Fault(path, NOTHING, remedy=remedy)
    for name in ("endpointSelector", "nodeSelector"):
        if (selector := getattr(rule, name)) is not None:
            yield from endpoint_faults((*path, name), selector)
            yield from _cluster_notes((*path, name), selector)
    for section in SECTIONS:
        for number, entry in enumerate(getattr(rule, section)):
            yield from section_faults((*path, section, number), section, entry)


def _namespace_notes(path: Path, rule: shapes.CiliumRule, namespace: str) -> Iterator[Fault]:
    """What Cilium logs about a subject that names another namespace (F3.7)."""
    written = rule.endpointSelector.matchLabels if rule.endpointSelector else {}
    if written.get(OWN_KEY, namespace) != namespace:
        note = warning(
            (*path, "matchLabels"),
            "CiliumNetworkPolicy contains illegal namespace match in EndpointSelector. "
            "EndpointSelector always applies in namespace of the policy resource",
        )
        yield replace(note, below=(OWN_KEY,))


def _cluster_notes(path: Path, selector: LabelSelector) -> Iterator[Fault]:
    if CLUSTER_KEY in plain_selector(selector).keys:
        yield warning(path, f"{CLUSTER_KEY} is taken to be the name of this cluster")
