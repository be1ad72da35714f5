"""Pods of the system that a policy cuts off: storage, metrics, webhooks, the network itself."""

from collections.abc import Iterator

from nsimlib.audit.context import Context, Group
from nsimlib.audit.control_plane import refused_api
from nsimlib.audit.examples import named, somewhere
from nsimlib.audit.model import Hit, Need, Severity, Where, Witness
from nsimlib.audit.registry import rule
from nsimlib.audit.rules.hygiene import EXEMPT
from nsimlib.audit.words import keys, listed, workloads
from nsimlib.evaluation.combination import Outcome
from nsimlib.model.objects import Pod
from nsimlib.model.policy import Direction
from nsimlib.model.ports import Port

__all__ = ["deny_in_system_namespace"]


@rule(
    "NSIM-H905",
    "deny-in-system-namespace",
    Severity.CRITICAL,
    needs=(Need.PODS,),
    follows=("NSIM-D310", "NSIM-N733"),
    facts=("F1.9",),
    references=("projectcalico/calico#10168",),
)
def deny_in_system_namespace(context: Context) -> Iterator[Hit]:
    """A policy isolates pods of the system without what they need.

    Controllers, drivers and metrics ask the API server; webhooks and metrics are asked by it. Told
    of are pods in namespaces of the system that may open nothing, or not the API server, and pods
    behind a Service that let nobody in. What vendors ship with its allows stays silent by what it
    allows, not by its name. The DNS servers have a rule of their own.
    """
    servers = {pod.owner for pod in context.resolvers.pods}
    for direction in Direction:
        for group in context.groups(direction):
            if group.namespace in EXEMPT and group.isolating:
                members = context.members(group.pods)
                pods = [pod for pod in members if pod.owner not in servers]
                found = [(pod, w) for pod in pods if (w := _broken(context, direction, pod))]
                if found:
                    yield _cut_off(context, group, [pod for pod, _ in found], found[0][1])


def _broken(context: Context, direction: Direction, pod: Pod) -> Witness | None:
    """A connection that the pod needs, and that its policies deny."""
    if direction is Direction.EGRESS:
        if refused := refused_api(context, pod):
            return refused
        if not context.is_closed(pod, direction):
            return None
        end = next(somewhere(context, pod), None)
        return Witness(f"{pod.key} -> {named(end)}:443/TCP", Outcome.DENIED) if end else None
    port = _served(context, pod) if context.is_closed(pod, direction) else None
    other = next((end for end in somewhere(context, pod) if isinstance(end, Pod)), None)
    return Witness(f"{other.key} -> {pod.key}:{port}", Outcome.DENIED) if port and other else None


def _served(context: Context, pod: Pod) -> Port | None:
    """The port on which a pod answers for a Service."""
    for service in context.given.services:
        for each in service.ports if service.selects(pod) else ():
            if isinstance(each.target, int):
                return Port(each.target, each.port.protocol)
            return next(iter(pod.named_ports(each.target)), None)
    return None


def _cut_off(context: Context, group: Group, pods: list[Pod], witness: Witness) -> Hit:
    way = "may not open what they need" if group.direction is Direction.EGRESS else "let nobody in"
    return Hit(
        tuple(map(Where.of, sorted(group.isolating, key=lambda policy: policy.identity))),
        f"{keys(group.isolating)} isolates pods of the system in {group.namespace}: "
        f"{listed(workloads(pods))} {way}, such as {witness.connection}. "
        "Leave them out, or allow it.",
        confidence=context.confidence(pods),
        key=group.direction.value,
        pods=workloads(pods),
        witness=witness,
        advice="Leave namespaces of the system out of the policy, or write the rules they need.",
    )
