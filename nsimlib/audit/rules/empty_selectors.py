"""Selectors that select no pod at all: `nobody` says why, and each reason is a rule."""

from collections.abc import Iterator
from typing import Final

from nsimlib.audit.context import Context
from nsimlib.audit.examples import denied_by
from nsimlib.audit.model import Confidence, Hit, Need, Severity, Witness
from nsimlib.audit.nobody import Nobody, Place, Reason, nearest, selecting_nobody
from nsimlib.audit.patches import Patch
from nsimlib.audit.registry import rule
from nsimlib.audit.words import listed, workloads
from nsimlib.model.objects import NAME_LABEL

__all__ = [
    "meant",
    "peer_selects_no_pod",
    "policy_selects_no_pod",
    "same_namespace_only_peer",
    "without",
]

#: labels of pods that operators make and remove as they need them
OPERATORS: Final = (
    "acid.zalan.do/",
    "acme.cert-manager.io/",
    "batch.kubernetes.io/",
    "cnpg.io/",
    "job-name",
    "postgres-operator.crunchydata.com/",
    "strimzi.io/",
)
#: so many namespaces are named in a patch; a label of more is a general one
FEW: Final = 3


def without(place: Place) -> str:
    """Return what becomes of a rule, or a policy, whose selector selects nobody."""
    return "the policy applies to nobody" if place.of is None else "the rule allows nothing for it"


def meant(context: Context, place: Place, found: Nobody) -> Witness | None:
    """Return a connection with the pods that a rule was probably to allow."""
    return denied_by(context, place.policy, place.of, found.pods) if place.of else None


def _unselected(context: Context, place: Place, found: Nobody) -> Hit:
    """A selector of labels that no pod there has; a question if no pod there is known."""
    own = place.policy.namespace
    if found.reason is Reason.UNKNOWN:
        says = f"{place}: the input has no pods of those namespaces. Add them to know."
        return Hit((place.where,), says, needs=(Need.PODS,), key=str(place.peer.pods))
    keys = place.peer.pods.keys if place.peer.pods else frozenset[str]()
    passing = all(key.startswith(OPERATORS) for key in keys)
    return Hit(
        (place.where,),
        f"{place} matches no pod, so {without(place)}; "
        f"{nearest(context, place.peer, own)}. Correct the labels.",
        severity=Severity.LOW if passing else None,
        confidence=Confidence.LIKELY,
        key=str(place.peer.pods),
        advice="Correct the labels, or delete what is left over.",
    )


@rule(
    "NSIM-S205",
    "peer-selects-no-pod",
    Severity.MEDIUM,
    needs=(Need.PODS,),
    facts=("F1.33",),
    references=("derailed/popeye#567",),
)
def peer_selects_no_pod(context: Context) -> Iterator[Hit]:
    """A peer asks for labels that no pod of its namespaces has.

    The rule allows nothing for that peer, often for a letter too many. Pods are looked for in the
    namespaces that the peer selects; workloads without live pods count by their templates. Labels
    that operators set on pods of a moment make it low.
    """
    for place, found in selecting_nobody(context, Reason.NOBODY, Reason.UNKNOWN):
        if place.of is not None:
            yield _unselected(context, place, found)


@rule(
    "NSIM-S206",
    "policy-selects-no-pod",
    Severity.MEDIUM,
    needs=(Need.PODS,),
    facts=("F1.9",),
    references=("Kubescape C-0299", "kube-linter dangling-networkpolicy"),
)
def policy_selects_no_pod(context: Context) -> Iterator[Hit]:
    """A policy is for pods with labels that no pod of its namespace has.

    It isolates nobody: who was to be protected by it is not. An empty selector is for whoever may
    come, and is left out.
    """
    for place, found in selecting_nobody(context, Reason.NOBODY, Reason.ELSEWHERE, Reason.UNKNOWN):
        if place.of is None:
            yield _unselected(context, place, found)


@rule(
    "NSIM-S207",
    "same-namespace-only-peer",
    Severity.HIGH,
    needs=(Need.PODS,),
    follows=("NSIM-S201",),
    facts=("F1.2",),
)
def same_namespace_only_peer(context: Context) -> Iterator[Hit]:
    """A `podSelector` alone asks for pods of the policy's namespace, and they are in another.

    Alone it never looks beyond its own namespace, so the rule allows nothing for that peer. Labels
    that pods of many namespaces have are listed without a patch.
    """
    for place, found in selecting_nobody(context, Reason.ELSEWHERE):
        if place.of is None:
            continue
        spaces = sorted({pod.namespace.name for pod in found.pods})
        path = (*place.path, "namespaceSelector")
        fix = Patch("Name the namespace of the pods.").put(place.policy, path, _named(spaces))
        yield Hit(
            (place.where,),
            f"{place} looks in {place.policy.namespace} alone and finds no pod; they are in "
            f"{listed(spaces)}. Add a namespaceSelector beside it.",
            confidence=Confidence.LIKELY,
            key=str(place.peer.pods),
            pods=workloads(found.pods),
            witness=meant(context, place, found),
            fix=fix if len(spaces) <= FEW else None,
            advice="Name the namespaces that are meant in a namespaceSelector of the same item.",
        )


def _named(spaces: list[str]) -> dict[str, object]:
    if len(spaces) == 1:
        return {"matchLabels": {NAME_LABEL: spaces[0]}}
    return {"matchExpressions": [{"key": NAME_LABEL, "operator": "In", "values": spaces}]}
