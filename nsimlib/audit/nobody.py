"""Why a selector selects no pod: the one reason that explains it best.

::

    namespaces       it asks for namespaces of which there is none
    unknown          the input has no pod of those namespaces
    host network     all pods with these labels are on their node's network
    controller       the labels are those of a Deployment, not of its pods
    service          the label is the name of a Service, not a label of its pods
    elsewhere        the pods are in other namespaces
    nobody           no pod has these labels
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Final, NamedTuple

from nsimlib.audit.context import Context
from nsimlib.audit.model import Where
from nsimlib.audit.patches import Steps, steps
from nsimlib.model.objects import Namespace, Pod, Service, Workload
from nsimlib.model.peers import PodPeer
from nsimlib.model.policy import Policy, Rule
from nsimlib.model.selectors import (
    EVERYTHING,
    Labels,
    LabelSelector,
    Operator,
    Selector,
    selects_all,
)

__all__ = [
    "Nobody",
    "Place",
    "Reason",
    "nearest",
    "places",
    "selecting_nobody",
    "selectors",
    "why_nobody",
]

#: a label whose value is new with every version of a workload
HASHES: Final = ("pod-template-hash", "controller-revision-hash")


#: labels by which pods are mostly known
NAMES: Final = ("app.kubernetes.io/name", "app", "k8s-app", "name")


class Reason(Enum):
    """Why nobody is selected."""

    NAMESPACES = "namespaces"
    UNKNOWN = "unknown"
    HOST_NETWORK = "host network"
    CONTROLLER = "controller"
    SERVICE = "service"
    ELSEWHERE = "elsewhere"
    NOBODY = "nobody"


@dataclass(frozen=True, slots=True)
class Nobody:
    """The reason, the pods that were probably meant, and the labels by which to select them.

    `of` is the workload or Service that has the labels asked for.
    """

    reason: Reason
    pods: tuple[Pod, ...] = ()
    labels: Labels | None = None
    of: Workload | Service | None = None


def why_nobody(context: Context, peer: PodPeer, namespace: str | None) -> Nobody | None:
    """Return why a peer or a subject selects no pod; None if it selects some, or asks for none."""
    if not isinstance(peer.pods, LabelSelector) or selects_all(peer.pods):
        return None
    if context.selected(peer, namespace):
        return None
    spaces = {each.name for each in places(context, peer, namespace)}
    if not spaces:
        return Nobody(Reason.NAMESPACES)
    there = [pod for pod in _each_kind(context) if pod.namespace.name in spaces]
    on_host = [pod for pod in there if pod.host_network and peer.pods.matches(pod.labels)]
    if on_host:
        return Nobody(Reason.HOST_NETWORK, tuple(on_host))
    if not spaces.intersection(context.given.pods_by_namespace):
        return Nobody(Reason.UNKNOWN)
    found = next(_by_other_labels(context, peer.pods, spaces), None)
    if found is None and peer.namespaces is None:
        found = _elsewhere(context, peer.pods)
    return found or Nobody(Reason.NOBODY)


def places(context: Context, peer: PodPeer, namespace: str | None) -> list[Namespace]:
    """Return the namespaces in which a peer, or a policy's subject, looks for pods."""
    known = context.cluster.namespaces
    if peer.namespaces is None:
        return [known[namespace]] if namespace is not None and namespace in known else []
    return [each for each in known.values() if peer.namespaces.matches(each.labels)]


def _each_kind(context: Context) -> list[Pod]:
    return [each.pod for each in context.reach.universe.classes]


def _by_other_labels(context: Context, wanted: Selector, spaces: set[str]) -> Iterator[Nobody]:
    pods = context.given.workloads
    for workload, labels in context.given.controllers.items():
        if workload.namespace in spaces and wanted.matches(labels) and (own := pods.get(workload)):
            yield Nobody(Reason.CONTROLLER, own, _telling(context, own), workload)
    name = _only_value(wanted)
    for service in context.given.services:
        if service.name == name and service.namespace in spaces and service.selector:
            behind = tuple(filter(service.selects, context.given.pods))
            if behind:
                yield Nobody(Reason.SERVICE, behind, service.selector, service)


def _only_value(selector: Selector) -> str | None:
    """What a selector for one label of one value asks for."""
    asked = selector.requirements if isinstance(selector, LabelSelector) else ()
    is_one = len(asked) == 1 and asked[0].operator is Operator.IN and len(asked[0].values) == 1
    return asked[0].values[0] if is_one else None


def _telling(context: Context, pods: tuple[Pod, ...]) -> Labels:
    """The fewest labels that select these pods and no others of their namespace."""
    first, *others = (pod.labels.items() for pod in pods)
    common = dict(sorted(set(first).intersection(*others)))
    lasting = {key: value for key, value in common.items() if key not in HASHES}
    around = context.given.pods_by_namespace[pods[0].namespace.name]
    for key, value in sorted(lasting.items(), key=lambda each: each[0] not in NAMES):
        if sum(pod.labels.get(key) == value for pod in around) == len(pods):
            return {key: value}
    return lasting


def _elsewhere(context: Context, wanted: LabelSelector) -> Nobody | None:
    """Pods of other namespaces that are as wanted; a selector that only excludes means no one."""
    if not any(each.operator in (Operator.IN, Operator.EXISTS) for each in wanted.requirements):
        return None
    found = context.selected(PodPeer(EVERYTHING, wanted), None)
    pods = tuple(pod for pod in found if pod.key not in context.known.invented)
    return Nobody(Reason.ELSEWHERE, pods) if pods else None


def nearest(context: Context, peer: PodPeer, namespace: str | None) -> str:
    """Return what of the nearest pod is not as asked for, such as `shop/web has tier=b, not a`."""
    spaces = {each.name for each in places(context, peer, namespace)}
    pods = [pod for pod in _each_kind(context) if pod.namespace.name in spaces]
    if not pods or peer.pods is None:
        return "there is no pod"
    misses = {pod.key: peer.pods.misses(pod.labels) for pod in pods if not pod.host_network}
    key = min(misses, key=lambda key: (len(misses[key]), key), default="")
    return f"the nearest, {key}, {misses[key][0]}" if key and misses[key] else "there is no pod"


class Place(NamedTuple):
    """A selector of a policy: its subject, or a peer of a rule."""

    policy: Policy
    peer: PodPeer
    of: Rule | None = None

    @property
    def path(self) -> Steps:
        """The peer, or the spec of the policy."""
        return (*steps(self.of.path), *steps(self.peer.path)) if self.of else ("spec",)

    @property
    def where(self) -> Where:
        """The selector in the input."""
        return Where.of(self.policy, (*self.path, "podSelector"))

    def __str__(self) -> str:
        return f"{self.where.object} {self.where.path}"


def selectors(context: Context, kind: str = "NetworkPolicy") -> Iterator[Place]:
    """Yield the selectors for pods in policies of a kind."""
    for policy in context.policies:
        if policy.kind == kind:
            yield Place(policy, policy.subject)
            for of in policy.rules:
                for peer in of.peers or ():
                    if isinstance(peer, PodPeer) and of.direction in policy.directions:
                        yield Place(policy, peer, of)


def selecting_nobody(
    context: Context, *reasons: Reason, kind: str = "NetworkPolicy"
) -> Iterator[tuple[Place, Nobody]]:
    """Yield the selectors that select no pod for one of these reasons."""
    for place in selectors(context, kind):
        found = why_nobody(context, place.peer, place.policy.namespace)
        if found and found.reason in reasons:
            yield place, found
