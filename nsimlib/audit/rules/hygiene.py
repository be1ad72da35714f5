"""Who is covered by policies at all, and whether they are kept as they should be."""

from collections import defaultdict
from collections.abc import Iterator
from typing import Final

from nsimlib.audit.context import Context
from nsimlib.audit.model import Hit, Need, Severity, Where
from nsimlib.audit.patches import Patch, egress_policy
from nsimlib.audit.registry import rule
from nsimlib.audit.words import listed, workloads
from nsimlib.model.objects import Pod
from nsimlib.model.policy import Direction

__all__ = ["no_default_deny_egress"]

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


@rule(
    "NSIM-H901",
    "no-default-deny-egress",
    Severity.HIGH,
    needs=(Need.PODS,),
    facts=("F1.9",),
    references=("CIS Kubernetes 5.3.2", "NSA/CISA Kubernetes hardening guide"),
)
def no_default_deny_egress(context: Context) -> Iterator[Hit]:
    """Pods of a namespace are isolated for egress by no policy.

    They may send anywhere: to the internet, to the metadata service, to every database that does
    not keep them out. Namespaces of the system are left out.
    """
    free, known = defaultdict[str, list[Pod]](list), defaultdict[str, list[Pod]](list)
    for group in context.groups(Direction.EGRESS):
        known[group.namespace] += group.pods
        if not group.isolating:
            free[group.namespace] += group.pods
    for namespace, pods in sorted(free.items()):
        if namespace not in EXEMPT:
            yield _uncovered(context, namespace, pods, known[namespace])


def _uncovered(context: Context, namespace: str, free: list[Pod], known: list[Pod]) -> Hit:
    names = {"allow-dns": [context.resolvers.rule()], "default-deny-egress": []}
    patch = Patch("Allow DNS, and deny the rest until it is allowed.")
    for name, egress in names.items():
        free_name = context.free_name(namespace, name)
        patch = patch.create(egress_policy(namespace, free_name, egress))
    return Hit(
        (Where(f"Namespace {namespace}"),),
        f"Namespace {namespace}: {context.alike(free)} of {context.alike(known)} pods may send "
        f"anywhere, {listed(workloads(free))}. Add allow-dns, then deny egress by default.",
        confidence=context.confidence(free),
        pods=workloads(free),
        fix=patch if "NetworkPolicy" in context.profile.kinds else None,
        advice="Allow what the pods need first: the fix takes away everything but DNS.",
    )
