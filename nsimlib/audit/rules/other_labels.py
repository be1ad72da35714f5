"""Selectors by labels that something else has: a Deployment, or a Service by its name."""

from collections.abc import Iterator

from nsimlib.audit.context import Context
from nsimlib.audit.model import Confidence, Hit, Need, Severity
from nsimlib.audit.nobody import Nobody, Place, Reason, selecting_nobody
from nsimlib.audit.patches import Patch
from nsimlib.audit.registry import rule
from nsimlib.audit.rules.empty_selectors import meant, without
from nsimlib.audit.words import listed, workloads
from nsimlib.model.objects import Service, Workload

__all__ = ["controller_label_not_pod_label", "service_name_as_label"]


@rule(
    "NSIM-S211",
    "controller-label-not-pod-label",
    Severity.HIGH,
    needs=(Need.PODS,),
    facts=("F1.33",),
)
def controller_label_not_pod_label(context: Context) -> Iterator[Hit]:
    """A selector asks for labels that a Deployment has itself, and its pods do not.

    Policies select pods, by the labels of the template. Labels of the workload's own metadata are
    seen by nobody else.
    """
    for place, found in selecting_nobody(context, Reason.CONTROLLER):
        if isinstance(found.of, Workload):
            name = f"{found.of.kind} {found.of}"
            yield _by_labels(context, place, found, f"are those of {name} and not of its pods")


@rule(
    "NSIM-S212",
    "service-name-as-label",
    Severity.MEDIUM,
    needs=(Need.PODS, Need.SERVICES),
)
def service_name_as_label(context: Context) -> Iterator[Hit]:
    """A selector asks for a label that no pod has, whose value is the name of a Service.

    A policy selects pods and not Services. What the Service selects is what is to be asked for.
    """
    for place, found in selecting_nobody(context, Reason.SERVICE):
        if isinstance(found.of, Service):
            name = f"Service {found.of.key}"
            yield _by_labels(context, place, found, f"name {name} and none of its pods")


def _by_labels(context: Context, place: Place, found: Nobody, which: str) -> Hit:
    labels = dict(found.labels or {})
    fix = Patch("Ask for the labels of the pods.").put(
        place.policy, (*place.path, "podSelector"), {"matchLabels": labels}
    )
    shown = listed(f"{key}={value}" for key, value in labels.items())
    return Hit(
        (place.where,),
        f"{place}: the labels {which}, so {without(place)}. Ask for {shown}.",
        confidence=Confidence.LIKELY,
        key=str(place.peer.pods),
        pods=workloads(found.pods),
        witness=meant(context, place, found),
        fix=fix if labels else None,
        advice="Ask for labels of the pods: those of the template.",
    )
