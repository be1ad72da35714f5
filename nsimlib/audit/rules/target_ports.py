"""Ports of Services in rules that are about pods."""

from collections import defaultdict
from collections.abc import Iterator

from nsimlib.audit.blocks import tried
from nsimlib.audit.context import Context
from nsimlib.audit.model import Hit, Need, Severity, Where
from nsimlib.audit.patches import Patch, steps
from nsimlib.audit.registry import rule
from nsimlib.audit.words import listed, workloads
from nsimlib.model.objects import Pod, Service
from nsimlib.model.peers import PodPeer
from nsimlib.model.policy import Action, Direction, Policy, Rule
from nsimlib.model.ports import Port

__all__ = ["service_port"]

#: of the pods that a peer selects so many are looked at
LOOKED_AT = 50


@rule(
    "NSIM-P507",
    "service-port-not-target-port",
    Severity.HIGH,
    needs=(Need.SERVICES, Need.PODS),
    facts=("F1.18", "F2.19"),
    references=("cert-manager/cert-manager#5788", "kubescape/node-agent#943"),
)
def service_port(context: Context) -> Iterator[Hit]:
    """A rule selects pods on the port of their Service, and they listen on another one.

    Clients connect to the Service's port, and before policy looks it has become the pod's. So the
    rule allows a port on which nobody listens. Where the AWS agent enforces, which looks before,
    the rule is silent; where it is not known who enforces, it is a question.
    """
    translation = context.profile["service_translation"].value
    if translation == "after":
        return
    fronting = _fronting(context)
    for policy, each in context.rules(Direction.EGRESS):
        if each.action is not Action.ALLOW or not each.ports:
            continue
        pods = _selected(context, policy, each)
        for number, port in enumerate(each.ports):
            if isinstance(port.port, int) and port.end_port is None and port.protocol:
                wanted = Port(port.port, port.protocol)
                found = _behind(fronting, pods, wanted)
                if found is not None:
                    yield _service_port(context, policy, each, number, wanted, *found)


def _fronting(context: Context) -> dict[str, list[Service]]:
    """Services with a selector, by namespace."""
    found = defaultdict[str, list[Service]](list)
    for service in context.cluster.services:
        if service.selector:
            found[service.namespace].append(service)
    return found


def _selected(context: Context, policy: Policy, of: Rule) -> list[Pod]:
    peers = [peer for peer in of.peers or () if isinstance(peer, PodPeer)]
    if not peers or len(peers) < len(of.peers or ()):
        return []
    selected = (p for peer in peers for p in context.selected(peer, policy.namespace))
    return list(dict.fromkeys(selected))[:LOOKED_AT]


def _behind(
    fronting: dict[str, list[Service]], pods: list[Pod], wanted: Port
) -> tuple[Pod, Service, int] | None:
    """A pod whose Service has that port, and the number that it stands for there.

    None if some pod listens on the port itself, as far as anybody says.
    """
    found: tuple[Pod, Service, int] | None = None
    for pod in pods:
        services = [each for each in fronting.get(pod.namespace.name, ()) if each.selects(pod)]
        targets = {_target(pod, each, port.port) for each in services for port in each.ports}
        if wanted.number in targets or any(each.port == wanted for each in pod.ports):
            return None
        for service in services:
            target = _target(pod, service, wanted)
            if found is None and target is not None and not service.headless:
                found = pod, service, target
    return found


def _target(pod: Pod, service: Service, wanted: Port) -> int | None:
    """The number of the pod's port that a Service's port stands for."""
    port = service.port_for(wanted)
    if port is None:
        return None
    if isinstance(port.target, int):
        return port.target
    named = (each for each in pod.named_ports(port.target) if each.protocol is wanted.protocol)
    return next((each.number for each in named), None)


def _service_port(
    context: Context,
    policy: Policy,
    of: Rule,
    number: int,
    wanted: Port,
    pod: Pod,
    service: Service,
    target: int,
) -> Hit:
    pods, path = context.subjects(policy), (*steps(of.path), "ports", number, "port")
    is_open = context.profile["service_translation"].value is None
    other = next((each for each in pods if each.key != pod.key), None)
    is_plain = policy.kind == "NetworkPolicy"
    return Hit(
        (Where.of(policy, path),),
        f"{policy.kind} {policy.key} {of.path}: {wanted} is the port of Service {service.key}, and "
        f"{listed(workloads([pod]))} listens on {target}, which is what policy sees. "
        f"Allow {target}.",
        confidence=context.confidence([pod]),
        key=str(wanted),
        pods=workloads(pods),
        witness=tried(context, f"{other.key} -> {pod.key}:{Port(target, wanted.protocol)}")
        if other
        else None,
        fix=Patch("Allow the port of the pods.").put(policy, path, target) if is_plain else None,
        advice=f"Allow {target}; keep {wanted.number} too where other pods listen on it.",
        needs=(Need.PROFILE,) if is_open else (),
    )
