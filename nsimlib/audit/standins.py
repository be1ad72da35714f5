"""What an input with policies alone leaves out, made up so that rules have something to judge.

A policy nobody is selected by cannot cut anybody off. Where the input has no pods at all, each
subject gets one that it selects; where it has no DNS, kube-dns stands where a cluster has it
(F5.2), in a namespace with every label that policies give it. A finding that rests on one of these
is `likely` at best.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from nsimlib.model.cluster import Cluster
from nsimlib.model.objects import NAME_LABEL, ContainerPort, Namespace, Pod, Workload
from nsimlib.model.peers import PodPeer
from nsimlib.model.policy import Policy
from nsimlib.model.ports import Port, Protocol
from nsimlib.model.selectors import Labels, LabelSelector, Operator, Selector

__all__ = ["DNS_LABELS", "NAME_KEYS", "Completed", "completed", "is_dns"]

SYSTEM = "kube-system"
#: labels of the pods that answer names, by who ships them
DNS_LABELS = (
    ("k8s-app", "kube-dns"),
    ("k8s-app", "coredns"),
    ("app.kubernetes.io/name", "coredns"),
    ("dns.operator.openshift.io/daemonset-dns", "default"),
)
#: keys under which people look for a namespace by its name
NAME_KEYS = ("name", "ns", "namespace", "kubernetes.io/name")


@dataclass(frozen=True, slots=True)
class Completed:
    """A cluster with all that rules need, and the keys of the pods that were made up."""

    cluster: Cluster
    invented: frozenset[str]


def completed(cluster: Cluster) -> Completed:
    """Return a cluster with stand-ins for what the input has none of."""
    invented = [] if cluster.pods else list(_subjects(cluster))
    if not any(map(is_dns, cluster.pods)):
        invented.append(_dns(cluster))
    namespaces = {pod.namespace.name: pod.namespace for pod in invented}
    after = replace(
        cluster,
        pods=(*cluster.pods, *invented),
        namespaces={**cluster.namespaces, **namespaces},
    )
    keys = frozenset(pod.key for pod in invented)
    return Completed(after if invented else cluster, keys)


def is_dns(pod: Pod) -> bool:
    """Return whether a pod is one of those that answer names, by the labels these carry."""
    return any(label in DNS_LABELS for label in pod.labels.items())


def _subjects(cluster: Cluster) -> Iterator[Pod]:
    made: set[tuple[str, tuple[tuple[str, str], ...]]] = set()
    for policy in cluster.policies:
        for labels in _selected(policy.subject):
            name = policy.namespace or "default"
            key = name, tuple(sorted(labels.items()))
            if key not in made:
                made.add(key)
                namespace = cluster.namespaces.get(name) or Namespace(name, {NAME_LABEL: name})
                called = f"pod-of-{policy.name}"
                yield Pod(namespace, called, labels, from_template=True)


def _selected(peer: PodPeer) -> Iterator[Labels]:
    """Labels that a selector asks for; none if it is no plain label selector."""
    if peer.pods is None:
        yield {}
    elif isinstance(peer.pods, LabelSelector):
        labels = {
            each.key: each.values[0] if each.operator is Operator.IN else "any"
            for each in peer.pods.requirements
            if each.operator in (Operator.IN, Operator.EXISTS)
        }
        if peer.pods.matches(labels):
            yield labels


def _dns(cluster: Cluster) -> Pod:
    known = cluster.namespaces.get(SYSTEM)
    labels = {NAME_LABEL: SYSTEM, **(known.labels if known else {})}
    if known is None or set(known.labels) <= {NAME_LABEL}:
        labels |= dict.fromkeys(_asked_names(cluster.policies), SYSTEM)
    ports = tuple(ContainerPort("dns", Port(53, p)) for p in (Protocol.UDP, Protocol.TCP))
    owner = Workload(SYSTEM, "Deployment", "coredns")
    return Pod(
        Namespace(SYSTEM, labels),
        "coredns",
        {"k8s-app": "kube-dns"},
        ports=ports,
        workload=owner,
        from_template=True,
    )


def _asked_names(policies: tuple[Policy, ...]) -> Iterator[str]:
    """Keys by which policies look for the system's namespace; who wrote them may be right."""
    for policy in policies:
        for rule in policy.rules:
            for peer in rule.all_peers:
                selector = peer.namespaces if isinstance(peer, PodPeer) else None
                yield from (key for key in NAME_KEYS if _asks(selector, key))


def _asks(selector: Selector | None, key: str) -> bool:
    return isinstance(selector, LabelSelector) and any(
        each.key == key and each.operator is Operator.IN and SYSTEM in each.values
        for each in selector.requirements
    )
