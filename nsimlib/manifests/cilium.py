"""cilium.io/v2: CiliumNetworkPolicy and CiliumClusterwideNetworkPolicy → the model (F3.1).

An object holds one rule of the API (`spec`) or several (`specs`). Each is for endpoints of its own,
so each is a policy of its own here: of one name, told apart by the paths of their rules.
"""

from collections.abc import Iterator
from typing import Final

from nsimlib.manifests import cilium_shapes as shapes
from nsimlib.manifests.cilium_rules import cilium_rules
from nsimlib.manifests.cilium_selectors import subject_peer
from nsimlib.manifests.cilium_validation import clusterwide_faults, namespaced_faults
from nsimlib.manifests.kinds import Found, Kind, Kinds
from nsimlib.manifests.nodes import Path, dotted
from nsimlib.model.policy import Action, Direction, Policy, Rule

__all__ = ["CLUSTERWIDE", "KINDS", "NAMESPACED", "SECTIONS"]

NAMESPACED: Final = "CiliumNetworkPolicy"
CLUSTERWIDE: Final = "CiliumClusterwideNetworkPolicy"
#: the lists of a rule of the API, and what they say
SECTIONS: Final = {
    "egress": (Direction.EGRESS, Action.ALLOW),
    "egressDeny": (Direction.EGRESS, Action.DENY),
    "ingress": (Direction.INGRESS, Action.ALLOW),
    "ingressDeny": (Direction.INGRESS, Action.DENY),
}


def cilium_policies(found: Found) -> Iterator[Policy]:
    """Yield the policies for pods that a valid object says; those for nodes are not modelled."""
    shape: shapes.CiliumPolicy = found.shape
    if shape.spec is not None:
        yield from _policy(found, shape.spec, ("spec",))
    for number, spec in enumerate(shape.specs):
        yield from _policy(found, spec, ("specs", number))


def _policy(found: Found, spec: shapes.CiliumRule, place: Path) -> Iterator[Policy]:
    """The policy of one rule of the API.

    A section isolates, whether it allows or denies, unless `enableDefaultDeny` says no (F3.2).
    """
    if spec.endpointSelector is None:
        return
    namespace = found.namespace or None
    directions = {direction for name, (direction, _) in SECTIONS.items() if getattr(spec, name)}
    switched_off = {
        direction
        for direction in Direction
        if getattr(spec.enableDefaultDeny, direction.word) is False
    }
    yield Policy(
        kind=found.kind.name,
        namespace=namespace,
        name=found.name,
        subject=subject_peer(spec.endpointSelector, namespace),
        directions=frozenset(directions),
        isolates=frozenset(directions - switched_off),
        rules=tuple(_rules(found, spec, place)),
        source=found.source,
    )


def _rules(found: Found, spec: shapes.CiliumRule, place: Path) -> Iterator[Rule]:
    for section, (direction, action) in SECTIONS.items():
        for number, rule in enumerate(getattr(spec, section)):
            where = (*place, section, number)
            path, line = dotted(where), found.line(where)
            yield from cilium_rules(rule, direction, action, found.namespace or None, path, line)


KINDS: Kinds = {
    ("cilium.io", NAMESPACED): Kind(
        NAMESPACED, shapes.CiliumPolicy, namespaced_faults, policies=cilium_policies
    ),
    ("cilium.io", CLUSTERWIDE): Kind(
        CLUSTERWIDE,
        shapes.CiliumPolicy,
        clusterwide_faults,
        namespaced=False,
        policies=cilium_policies,
    ),
}
