"""Selectors that select other pods than their author meant, or none."""

from collections.abc import Iterator
from typing import Final

from nsimlib.audit.context import Context
from nsimlib.audit.model import Confidence, Hit, Need, Severity, Where
from nsimlib.audit.patches import Patch, steps, written
from nsimlib.audit.registry import rule
from nsimlib.audit.standins import NAME_KEYS
from nsimlib.audit.words import listed
from nsimlib.model.objects import NAME_LABEL
from nsimlib.model.peers import PodPeer
from nsimlib.model.policy import Policy, Rule
from nsimlib.model.selectors import LabelSelector, Operator, Requirement, selects_all

__all__ = ["namespace_name_label", "namespace_selector_no_match"]

#: namespaces that every cluster has
ALWAYS: Final = ("default", "kube-node-lease", "kube-public", "kube-system")


@rule(
    "NSIM-S203",
    "namespace-name-label",
    Severity.HIGH,
    facts=("F1.36",),
    references=("projectcalico/calico#6898", "projectcalico/calico#5170"),
)
def namespace_name_label(context: Context) -> Iterator[Hit]:
    """A namespace is looked for by a label `name`, which Kubernetes does not set.

    Namespaces cannot be selected by name. Every one has `kubernetes.io/metadata.name`, and no other
    label unless somebody put it there. Where nobody did, the peer matches nothing, and what the
    rule was to allow is denied.
    """
    for policy, each in context.rules():
        for peer in each.peers or ():
            if policy.kind == "NetworkPolicy" and isinstance(peer, PodPeer):
                for requirement in _by_name(peer):
                    for name in requirement.values:
                        yield from _looked_for(context, policy, each, peer, requirement, name)


def _by_name(peer: PodPeer) -> Iterator[Requirement]:
    if isinstance(peer.namespaces, LabelSelector):
        for each in peer.namespaces.requirements:
            if each.key in NAME_KEYS and each.operator is Operator.IN:
                yield each


def _looked_for(
    context: Context, policy: Policy, of: Rule, peer: PodPeer, asked: Requirement, name: str
) -> Iterator[Hit]:
    if name not in context.given.namespaces and name not in ALWAYS:
        return
    known = context.has(Need.NAMESPACES) and name in context.given.namespaces
    labelled = any(
        space.labels.get(asked.key) == name for space in context.given.namespaces.values()
    )
    selector = (*steps(of.path, peer.path), "namespaceSelector")
    label = f"`{asked.key}={name}`"
    severity, confidence, says = Severity.MEDIUM, Confidence.MAYBE, f"nobody sets {label} by itself"
    if labelled:
        severity, confidence = Severity.INFO, Confidence.CERTAIN
        says = f"{label} works because somebody set it"
    elif known:
        severity, confidence = Severity.HIGH, Confidence.CERTAIN
        says = f"no namespace has the label {label}, so the peer matches nothing"
    yield Hit(
        (Where.of(policy, selector),),
        f"{policy.kind} {policy.key} {of.path}.{peer.path}: {says}. Ask for {NAME_LABEL}.",
        severity=severity,
        confidence=confidence,
        key=f"{asked.key}={name}",
        fix=_renamed(policy, selector, asked),
    )


def _renamed(policy: Policy, selector: tuple[str | int, ...], asked: Requirement) -> Patch | None:
    patch = Patch(f"Ask for {NAME_LABEL}.")
    if written(policy, (*selector, "matchLabels", asked.key)) is not None:
        return patch.rename(policy, (*selector, "matchLabels", asked.key), NAME_LABEL)
    for number, each in enumerate(written(policy, (*selector, "matchExpressions")) or ()):
        if each.get("key") == asked.key:
            return patch.put(policy, (*selector, "matchExpressions", number, "key"), NAME_LABEL)
    return None


@rule(
    "NSIM-S204",
    "namespace-selector-no-match",
    Severity.MEDIUM,
    needs=(Need.NAMESPACES,),
    facts=("F1.3",),
)
def namespace_selector_no_match(context: Context) -> Iterator[Hit]:
    """A peer asks for namespaces with labels that none has.

    The rule allows nothing for that peer. Often the namespace has another spelling of the label, or
    is not there yet: then the rule waits for it. What asks by a label `name` is S203.
    """
    for policy, each in context.rules():
        for peer in each.peers or ():
            if (
                isinstance(peer, PodPeer)
                and peer.namespaces is not None
                and not any(_by_name(peer))
            ):
                spaces = context.given.namespaces.values()
                asked = not selects_all(peer.namespaces)
                if asked and not any(peer.namespaces.matches(each.labels) for each in spaces):
                    yield _no_namespace(context, policy, each, peer)


def _no_namespace(context: Context, policy: Policy, of: Rule, peer: PodPeer) -> Hit:
    assert peer.namespaces is not None
    misses = {
        name: peer.namespaces.misses(space.labels)
        for name, space in sorted(context.given.namespaces.items())
    }
    nearest = min(misses, key=lambda name: (len(misses[name]), name))
    return Hit(
        (Where.of(policy, (*steps(of.path, peer.path), "namespaceSelector")),),
        f"{policy.kind} {policy.key} {of.path}.{peer.path}: no namespace has {peer.namespaces}, so "
        f"the peer matches nothing; the nearest, {nearest}, {listed(misses[nearest])}. Correct it.",
        confidence=Confidence.LIKELY,
        key=str(peer.namespaces),
        advice="Correct the label, put it on the namespace, or wait for the namespace to come.",
    )
