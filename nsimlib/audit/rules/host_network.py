"""Selectors for pods that most enforcers cannot select: those on their node's network."""

from collections.abc import Iterator

from nsimlib.audit.context import Context
from nsimlib.audit.model import Confidence, Hit, Need, Severity
from nsimlib.audit.nobody import Place, Reason, selectors, why_nobody
from nsimlib.audit.registry import rule
from nsimlib.audit.words import listed, workloads
from nsimlib.model.objects import Pod, selects
from nsimlib.model.selectors import LabelSelector, selects_all

__all__ = ["selects_only_hostnetwork"]


@rule(
    "NSIM-S210",
    "selects-only-hostnetwork",
    Severity.HIGH,
    needs=(Need.PODS,),
    facts=("F1.27",),
    references=("projectcalico/calico#4667", "kubernetes/website#39875"),
)
def selects_only_hostnetwork(context: Context) -> Iterator[Hit]:
    """A selector asks for pods that are all on their node's network.

    The API leaves open what that means. To most enforcers such a pod is its node: no selector
    selects it, a policy for it has no effect, and a rule that names it allows nothing. Where a
    selector has other pods as well, the finding is low.
    """
    answer = context.profile["host_network_pods"].value
    on_host = [each.pod for each in context.reach.universe.classes if each.pod.host_network]
    if answer == "pod" or not on_host:
        return
    for place in selectors(context):
        pods = place.peer.pods
        if not isinstance(pods, LabelSelector) or selects_all(pods):
            continue
        found = why_nobody(context, place.peer, place.policy.namespace)
        if found is None:
            own = place.policy.namespace
            some = [pod for pod in on_host if selects(place.peer, pod, own)]
            if some:
                yield _ineffective(place, some, Severity.LOW, sure=answer is not None)
        elif found.reason is Reason.HOST_NETWORK:
            yield _ineffective(place, list(found.pods), Severity.HIGH, sure=answer is not None)


def _ineffective(place: Place, pods: list[Pod], severity: Severity, *, sure: bool) -> Hit:
    only = "only" if severity is Severity.HIGH else "also"
    advice = "Name the addresses of the nodes in an ipBlock, or use a policy for hosts."
    return Hit(
        (place.where,),
        f"{place} selects {only} pods on their node's network, {listed(workloads(pods))}: "
        f"it has no effect on them. {advice}",
        severity=severity,
        confidence=Confidence.CERTAIN if sure else Confidence.LIKELY,
        key=f"{place.peer.pods} {only}",
        pods=workloads(pods),
        advice=advice,
    )
