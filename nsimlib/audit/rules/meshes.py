"""Ports that a service mesh needs, and ports of answers that nobody needs."""

from collections.abc import Iterator
from typing import Final

from nsimlib.audit.context import Context, Group
from nsimlib.audit.model import Confidence, Hit, Need, Severity, Where
from nsimlib.audit.registry import rule
from nsimlib.audit.words import keys, listed, workloads
from nsimlib.model.objects import Pod
from nsimlib.model.peers import PodPeer
from nsimlib.model.policy import Action, Direction, Policy, Rule
from nsimlib.model.ports import MAX_PORT, Port

__all__ = ["mesh_port", "reply_port_rule"]

#: the mode that a namespace chooses for its pods, and a pod for itself
MODE: Final = "istio.io/dataplane-mode"
#: put on each pod that has a sidecar
SIDECAR: Final = ("security.istio.io/tlsMode", "istio")
HBONE: Final = Port(15008)
CONTROL: Final = Port(15012)
#: where ranges begin and end that clients take their own ports from
FIRST: Final = (1024, 32768, 49152)
LAST: Final = (60999, MAX_PORT)


@rule(
    "NSIM-P510",
    "mesh-port",
    Severity.MEDIUM,
    needs=(Need.PODS,),
    references=("istio/istio#52742", "istio/istio#56659"),
)
def mesh_port(context: Context) -> Iterator[Hit]:
    """Pods are in a mesh, and policies do not allow the port that the mesh uses instead of theirs.

    In Istio's ambient mode connections between pods leave and arrive on 15008, whatever port they
    are for. A sidecar asks its control plane on 15012 before anything else works.
    """
    for group in context.groups(Direction.INGRESS):
        pods = [pod for pod in context.members(group.pods) if _is_ambient(pod)]
        if pods and _has_ports(group) and not _allows(group, HBONE):
            says = "is in ambient mode, where all connections arrive there"
            yield _lacking(context, group, pods, says, HBONE)
    for group in context.groups(Direction.EGRESS):
        pods = [pod for pod in context.members(group.pods) if _is_ambient(pod)]
        if pods and not _allows(group, HBONE) and _calls_mesh(context, group):
            says = "is in ambient mode, and what it calls there is asked on that port"
            yield _lacking(context, group, pods, says, HBONE)
        pods = [pod for pod in context.members(group.pods) if SIDECAR in pod.labels.items()]
        if pods and group.isolating and not _allows(group, CONTROL):
            says = "has a sidecar, which asks its control plane there"
            yield _lacking(context, group, pods, says, CONTROL)


def _is_ambient(pod: Pod) -> bool:
    """Whether its namespace is in ambient mode, unless the pod says otherwise."""
    return pod.labels.get(MODE, pod.namespace.labels.get(MODE)) == "ambient"


def _rules(group: Group) -> Iterator[Rule]:
    for policy in group.policies:
        for each in policy.rules_for(group.direction):
            if each.action is Action.ALLOW:
                yield each


def _has_ports(group: Group) -> bool:
    """Whether pods are isolated, and some rule restricts the ports on which others come in."""
    return bool(group.isolating) and any(each.ports for each in _rules(group))


def _calls_mesh(context: Context, group: Group) -> bool:
    """Whether isolated pods are allowed some ports of pods in ambient mode."""
    peers = (
        (policy, peer)
        for policy in (group.policies if group.isolating else ())
        for each in policy.rules_for(Direction.EGRESS)
        if each.action is Action.ALLOW and each.ports
        for peer in each.peers or ()
        if isinstance(peer, PodPeer)
    )
    return any(_any_ambient(context, peer, policy.namespace) for policy, peer in peers)


def _any_ambient(context: Context, peer: PodPeer, namespace: str | None) -> bool:
    return any(map(_is_ambient, context.members(context.selected(peer, namespace))))


def _allows(group: Group, port: Port) -> bool:
    return any(
        each.ports is None or any(port in one.numbers() for one in each.ports)
        for each in _rules(group)
    )


def _lacking(context: Context, group: Group, pods: list[Pod], says: str, port: Port) -> Hit:
    return Hit(
        tuple(map(Where.of, sorted(group.isolating, key=lambda each: each.identity))),
        f"{keys(group.isolating)} does not allow {port}: {listed(workloads(pods))} {says}. "
        "Add the port.",
        confidence=context.confidence(pods),
        key=f"{group.direction.value} {port}",
        pods=workloads(pods),
        advice=f"Allow {port} beside the ports of the applications.",
    )


@rule(
    "NSIM-P511",
    "reply-port-rule",
    Severity.LOW,
    facts=("F1.14",),
    references=("kubernetes/kubernetes#120525",),
)
def reply_port_rule(context: Context) -> Iterator[Hit]:
    """A rule allows the ports from which clients connect, as if answers needed a rule.

    Answers pass with their connection. Such a rule opens new connections to every high port, and
    helps no answer. Where a pod declares a port in the range, somebody may listen there, and
    nothing is said.
    """
    for policy, each in context.rules():
        for number, port in enumerate(each.ports or ()):
            is_clients = port.port in FIRST and port.end_port in LAST
            if each.action is Action.ALLOW and is_clients and not _listens(context, policy, each):
                yield Hit(
                    (Where.of(policy, f"{each.path}.ports[{number}]"),),
                    f"{policy.kind} {policy.key} {each.path}: {port} are ports of clients. "
                    "Answers need no rule, and this one opens new connections. Take it out.",
                    confidence=Confidence.LIKELY,
                    key=f"{each.direction.value} {port}",
                    pods=workloads(context.subjects(policy)),
                    advice="Take the range out, or name the ports that somebody listens on.",
                )


def _listens(context: Context, policy: Policy, of: Rule) -> bool:
    """Whether a pod that the rule lets connections reach declares a high port."""
    if of.direction is Direction.INGRESS:
        pods = context.subjects(policy)
    else:
        peers = [peer for peer in of.peers or () if isinstance(peer, PodPeer)]
        pods = tuple(p for peer in peers for p in context.selected(peer, policy.namespace))
    return any(each.port.number >= FIRST[0] for pod in pods for each in pod.ports)
