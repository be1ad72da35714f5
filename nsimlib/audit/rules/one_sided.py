"""Rules that one end of a connection has, and the other has not."""

from collections.abc import Iterator
from itertools import islice, product
from typing import Any, Final

from nsimlib.audit.context import Context
from nsimlib.audit.examples import first_port
from nsimlib.audit.model import Hit, Need, Severity, Where, Witness
from nsimlib.audit.patches import Patch, steps, written
from nsimlib.audit.registry import rule
from nsimlib.audit.words import keys, listed, ports_meant, workloads
from nsimlib.evaluation.allports import union_of
from nsimlib.evaluation.combination import Outcome
from nsimlib.model.objects import NAME_LABEL, Pod
from nsimlib.model.peers import PodPeer
from nsimlib.model.policy import Action, Direction, Policy, Rule
from nsimlib.model.ports import ALL_PORTS, PortSet

__all__ = ["one_sided_allow"]

#: so many pairs of classes are looked at
TRIES: Final = 64
Pair = tuple[Pod, Pod]


@rule("NSIM-T604", "one-sided-allow", Severity.MEDIUM, needs=(Need.PODS,), facts=("F1.13",))
def one_sided_allow(context: Context) -> Iterator[Hit]:
    """A rule allows a connection between pods at one end, and the other end refuses all of it.

    Both ends must allow. It is told where none of the pods that a peer selects lets any of the
    rule's ports pass; peers of every namespace and rules to addresses are left out.
    """
    for policy, each in context.rules():
        if policy.kind == "NetworkPolicy" and each.action is Action.ALLOW:
            for peer in each.peers or ():
                if isinstance(peer, PodPeer) and peer.pods is not None and peer.pods.keys:
                    pairs = list(_pairs(context, policy, peer))
                    if pairs and all(_is_refused(context, each, pair) for pair in pairs):
                        yield _found(context, policy, each, peer, pairs)


def _pairs(context: Context, policy: Policy, peer: PodPeer) -> Iterator[Pair]:
    """The policy's own pods with those of the peer, one of each class."""
    ends = product(context.subjects(policy), context.selected(peer, policy.namespace))
    return ((own, other) for own, other in islice(ends, TRIES) if own is not other)


def _meant(of: Rule) -> PortSet:
    return ALL_PORTS if of.ports is None else union_of(port.numbers() for port in of.ports)


def _is_refused(context: Context, of: Rule, pair: Pair) -> bool:
    """Whether the other end surely lets none of the rule's ports pass."""
    own, other = pair
    outward = of.direction is Direction.EGRESS
    ports = context.lets_in(other, own) if outward else context.opens(other, own)
    named = any(isinstance(port.port, str) for port in of.ports or ())
    return not named and not _meant(of) & (ports.allowed | ports.open)


def _found(context: Context, policy: Policy, of: Rule, peer: PodPeer, pairs: list[Pair]) -> Hit:
    own, other = pairs[0]
    outward = of.direction is Direction.EGRESS
    direction = Direction.INGRESS if outward else Direction.EGRESS
    groups = (g for g in context.groups(direction) if other in g.pods)
    refusing = keys(each for group in groups for each in group.isolating)
    others = dict.fromkeys(pod for _, pod in pairs)
    says = "refuse it" if outward else "may not send it"
    port = first_port(_meant(of))
    ends = (own, other) if outward else (other, own)
    return Hit(
        (Where.of(policy, (*steps(of.path), *steps(peer.path))),),
        f"{policy.kind} {policy.key} {of.path} allows {ports_meant(of)}, and by {refusing} "
        f"{listed(workloads(others))} {says}. Allow it at that end too.",
        key=str(peer.pods),
        pods=workloads(pod for pair in pairs for pod in pair),
        witness=Witness(f"{ends[0].key} -> {ends[1].key}:{port}", Outcome.DENIED) if port else None,
        fix=_counterpart(context, policy, of, peer, list(others), direction),
        advice="Write the counterpart at the other end, or take out the rule.",
    )


def _counterpart(
    context: Context,
    policy: Policy,
    of: Rule,
    peer: PodPeer,
    others: list[Pod],
    direction: Direction,
) -> Patch | None:
    """A policy at the other end, if that is in one namespace."""
    spaces = {pod.namespace.name for pod in others}
    if len(spaces) != 1 or policy.namespace is None:
        return None
    (space,) = spaces
    own = {
        "namespaceSelector": {"matchLabels": {NAME_LABEL: policy.namespace}},
        "podSelector": written(policy, "spec.podSelector") or {},
    }
    side = "to" if direction is Direction.EGRESS else "from"
    entry: dict[str, Any] = {side: [own]}
    if ports := written(policy, f"{of.path}.ports"):
        entry["ports"] = ports
    manifest = {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {
            "name": context.free_name(space, f"{side}-{policy.namespace}"),
            "namespace": space,
        },
        "spec": {
            "podSelector": written(policy, (*steps(of.path, peer.path), "podSelector")),
            "policyTypes": [direction.value],
            direction.word: [entry],
        },
    }
    return Patch("Allow it at the other end.").create(manifest)
