"""Which namespaces are covered by policies at all."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import Final

from nsimlib.audit.context import Context
from nsimlib.audit.model import Hit, Need, Severity, Where
from nsimlib.audit.patches import Patch, egress_policy, ingress_policy
from nsimlib.audit.registry import rule
from nsimlib.audit.words import listed, workloads
from nsimlib.model.objects import Pod
from nsimlib.model.policy import Direction

__all__ = [
    "EXEMPT",
    "namespace_without_policy",
    "no_default_deny_egress",
    "no_default_deny_ingress",
]

#: namespaces of the system, whose pods are others' infrastructure
EXEMPT: Final = (
    "calico-apiserver",
    "calico-system",
    "cilium",
    "kube-flannel",
    "kube-node-lease",
    "kube-public",
    "kube-system",
    "tigera-operator",
)
#: last parts of keys of labels by which pods, or their namespace, say what they run
RUNS: Final = ("app", "component", "istio", "k8s-app", "name")
#: what runs to let everybody in
DOORS: Final = (
    "haproxy-ingress",
    "ingress-controller",
    "ingress-nginx",
    "ingressgateway",
    "istio-ingressgateway",
    "kong",
    "kubernetes-ingress",
    "nginx-ingress",
    "traefik",
)
#: says it of any other
EDGE: Final = ("nsimlib.io/role", "edge")


@rule(
    "NSIM-H901",
    "no-default-deny-egress",
    Severity.HIGH,
    needs=(Need.PODS,),
    follows=("NSIM-H904",),
    facts=("F1.9",),
    references=("CIS Kubernetes 5.3.2", "NSA/CISA Kubernetes hardening guide"),
)
def no_default_deny_egress(context: Context) -> Iterator[Hit]:
    """Pods of a namespace are isolated for egress by no policy.

    They may send anywhere: to the internet, to the metadata service, to every database that does
    not keep them out. Namespaces of the system are left out.
    """
    for namespace, free, count in _not_isolated(context, Direction.EGRESS):
        yield Hit(
            (Where(f"Namespace {namespace}"),),
            f"Namespace {namespace}: {len(free)} of {count} pods may send "
            f"anywhere, {listed(workloads(free))}. Add allow-dns, then deny egress by default.",
            confidence=context.confidence(free),
            pods=workloads(free),
            fix=_closing(context, namespace, Direction.EGRESS),
            advice="Allow what the pods need first: the fix takes away everything but DNS.",
        )


@rule(
    "NSIM-H902",
    "no-default-deny-ingress",
    Severity.MEDIUM,
    needs=(Need.PODS,),
    follows=("NSIM-H904",),
    facts=("F1.9",),
    references=("CIS Kubernetes 5.3.2", "NSA/CISA Kubernetes hardening guide"),
)
def no_default_deny_ingress(context: Context) -> Iterator[Hit]:
    """Pods of a namespace are isolated for ingress by no policy.

    Whoever gets into any pod of the cluster may connect to them. Namespaces of the system are left
    out, and so are pods that are the door of the cluster: by their labels, or those of their
    namespace, they run an ingress controller, or are labelled `nsimlib.io/role: edge`.
    """
    for namespace, found, count in _not_isolated(context, Direction.INGRESS):
        free = [pod for pod in found if not _is_door(pod)]
        if free:
            # A deny for all pods of the namespace would shut its doors too.
            has_doors = len(free) < len(found)
            yield Hit(
                (Where(f"Namespace {namespace}"),),
                f"Namespace {namespace}: {len(free)} of {count} pods let "
                f"everybody in, {listed(workloads(free))}. Allow who needs them, then deny ingress "
                "by default.",
                confidence=context.confidence(free),
                pods=workloads(free),
                fix=None if has_doors else _closing(context, namespace, Direction.INGRESS),
                advice=(
                    "Deny ingress to these pods alone: others are a door of the cluster."
                    if has_doors
                    else "Allow who needs the pods first: the fix lets nobody in."
                ),
            )


@rule(
    "NSIM-H904",
    "namespace-without-policy",
    Severity.MEDIUM,
    needs=(Need.PODS,),
    facts=("F1.9",),
    references=("CIS Kubernetes 5.3.2",),
)
def namespace_without_policy(context: Context) -> Iterator[Hit]:
    """A namespace has pods, and no policy of any kind applies to one of them.

    CIS 5.3.2 asks for policies in every namespace. One policy would do for the benchmark; what the
    pods may do, the rules about default deny tell.
    """
    reached = set[str]()
    known = defaultdict[str, list[Pod]](list)
    for direction in Direction:
        for group in context.groups(direction):
            reached |= {group.namespace} if group.policies else set()
            known[group.namespace] += context.members(group.pods)
    for namespace, pods in sorted(known.items()):
        if namespace not in reached and namespace not in EXEMPT:
            directions = (Direction.EGRESS,) if any(map(_is_door, pods)) else tuple(Direction)
            yield Hit(
                (Where(f"Namespace {namespace}"),),
                f"Namespace {namespace}: no policy applies to any of its pods, "
                f"{listed(workloads(pods))}. CIS 5.3.2 asks for some in every namespace. Add "
                "allow-dns, then deny by default.",
                confidence=context.confidence(pods),
                pods=workloads(pods),
                fix=_closing(context, namespace, *directions),
                advice="Allow what the pods need first: the fix takes away everything but DNS.",
            )


def _is_door(pod: Pod) -> bool:
    labels = (*pod.labels.items(), *pod.namespace.labels.items())
    runs = (value for key, value in labels if key.rpartition("/")[2] in RUNS)
    return EDGE in labels or any(value in DOORS for value in runs)


def _not_isolated(context: Context, direction: Direction) -> Iterator[tuple[str, list[Pod], int]]:
    """Namespaces with the pods that no policy isolates, and how many pods they have."""
    free, counts = defaultdict[str, list[Pod]](list), Counter[str]()
    for group in context.groups(direction):
        counts[group.namespace] += context.alike(group.pods)
        if not group.isolating:
            free[group.namespace] += context.members(group.pods)
    for namespace, pods in sorted(free.items()):
        if namespace not in EXEMPT:
            yield namespace, pods, counts[namespace]


def _closing(context: Context, namespace: str, *directions: Direction) -> Patch | None:
    """Policies that deny by default, and leave pods DNS."""
    if "NetworkPolicy" not in context.profile.kinds:
        return None
    patch = Patch("Deny by default until it is allowed.")
    if Direction.EGRESS in directions:
        patch = Patch("Allow DNS, and deny the rest until it is allowed.")
        for name, egress in (
            ("allow-dns", [context.resolvers.rule()]),
            ("default-deny-egress", []),
        ):
            free_name = context.free_name(namespace, name)
            patch = patch.create(egress_policy(namespace, free_name, egress))
    if Direction.INGRESS in directions:
        free_name = context.free_name(namespace, "default-deny-ingress")
        patch = patch.create(ingress_policy(namespace, free_name, []))
    return patch
