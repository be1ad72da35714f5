"""Services under the AWS agent, which looks before their addresses are rewritten."""

from collections import defaultdict
from collections.abc import Iterator
from typing import Final, NamedTuple

from nsimlib.audit.blocks import end_text, tried
from nsimlib.audit.context import Context
from nsimlib.audit.model import Hit, Need, Severity, Where, Witness
from nsimlib.audit.patches import Patch, steps
from nsimlib.audit.registry import rule
from nsimlib.audit.words import workloads
from nsimlib.evaluation.combination import Outcome
from nsimlib.model.objects import Pod, Service, ServicePort
from nsimlib.model.peers import PodPeer
from nsimlib.model.policy import Direction, Policy, Rule
from nsimlib.model.ports import Port

__all__ = ["clusterip_not_derived", "is_aws", "service_port_of_agent"]

#: of the pods that a peer selects so many are looked at
LOOKED_AT: Final = 50


def is_aws(context: Context) -> bool:
    """Whether the AWS agent enforces; under others the rules of this family are silent."""
    return context.profile.name == "aws-vpc-cni"


class Refused(NamedTuple):
    """A port of a Service that a rule is about, and that its pods are denied."""

    policy: Policy
    rule: Rule
    peer: PodPeer
    service: Service
    port: ServicePort
    #: the number that it stands for on the pods
    target: int
    witness: Witness

    @property
    def missing(self) -> tuple[str, ...]:
        """What the peer asks of labels that the Service's own selector has not."""
        return self.peer.pods.misses(self.service.selector or {}) if self.peer.pods else ()


def _refused(context: Context) -> Iterator[Refused]:
    """Look at each Service before pods that a rule selects, on the ports that the rule is about."""
    if not is_aws(context):
        return
    fronting = defaultdict[str, list[Service]](list)
    for service in context.cluster.services:
        if service.selector and service.cluster_ips and not service.headless:
            fronting[service.namespace].append(service)
    for policy, each in context.rules(Direction.EGRESS):
        for peer in each.peers or ():
            if isinstance(peer, PodPeer) and each.ports:
                found = context.selected(peer, policy.namespace)[:LOOKED_AT]
                for service, backend in _before(fronting, found):
                    yield from _closed(context, policy, each, peer, service, backend)


def _before(
    fronting: dict[str, list[Service]], pods: tuple[Pod, ...]
) -> Iterator[tuple[Service, Pod]]:
    """The Services before pods, each with one of them."""
    seen = set[str]()
    for pod in pods:
        for service in fronting.get(pod.namespace.name, ()):
            if service.key not in seen and service.selects(pod):
                seen.add(service.key)
                yield service, pod


def _closed(
    context: Context, policy: Policy, of: Rule, peer: PodPeer, service: Service, backend: Pod
) -> Iterator[Refused]:
    client = next((p for p in context.subjects(policy) if p.key != backend.key), None)
    for port in service.ports if client else ():
        target = _number(backend, port)
        meant = {Port(n, port.port.protocol) for n in (port.port.number, target) if n}
        named = [one for each in of.ports or () for one in meant if one in each.numbers()]
        address = end_text(service.cluster_ips[0])
        if client and target and named:
            witness = tried(context, f"{client.key} -> {address}:{port.port}")
            lets_in = Port(target, port.port.protocol) in context.lets_in(backend, client).allowed
            if witness and witness.now is Outcome.DENIED and lets_in:
                yield Refused(policy, of, peer, service, port, target, witness)


def _number(pod: Pod, port: ServicePort) -> int | None:
    if isinstance(port.target, int):
        return port.target
    named = (e for e in pod.named_ports(port.target) if e.protocol is port.port.protocol)
    return next((each.number for each in named), None)


@rule(
    "NSIM-N750",
    "vpccni-service-port",
    Severity.HIGH,
    needs=(Need.PODS, Need.SERVICES),
    facts=("F4.29", "F4.30"),
    references=("aws/amazon-vpc-cni-k8s#3181", "aws/aws-network-policy-agent#166"),
)
def service_port_of_agent(context: Context) -> Iterator[Hit]:
    """Under the AWS agent, pods are denied the Service before the pods that a rule allows.

    The agent sees the address and the port of the Service. The controller adds those whose target
    port the rule allows; a rule with the Service's own port is about a port of the pods on which
    nobody listens, and opens neither.
    """
    for each in _refused(context):
        if not each.missing:
            yield _not_admitted(context, each)


def _not_admitted(context: Context, of: Refused) -> Hit:
    pods, number = context.subjects(of.policy), _place(of)
    path = (*steps(of.rule.path), "ports", number or 0, "port")
    return Hit(
        (Where.of(of.policy, path),),
        f"{of.policy.kind} {of.policy.key} {of.rule.path}: Service {of.service.key} is "
        f"{of.port.port} and its pods listen on {of.target}; the AWS agent denies "
        f"{of.witness.connection}. Allow {of.target}.",
        confidence=context.confidence(pods),
        key=f"{of.service.key} {of.port.port}",
        pods=workloads(pods),
        witness=of.witness,
        fix=None
        if number is None
        else Patch("Allow the port of the pods.").put(of.policy, path, of.target),
        advice="Use equal ports, a headless Service, or allow the ClusterIP by ipBlock as well.",
    )


def _place(of: Refused) -> int | None:
    """Which entry of a rule has the port of the Service alone."""
    wanted = of.port.port.number
    entries = enumerate(of.rule.ports or ())
    return next((n for n, each in entries if each.port == wanted and each.end_port is None), None)


@rule(
    "NSIM-N751",
    "vpccni-clusterip-not-derived",
    Severity.HIGH,
    needs=(Need.PODS, Need.SERVICES),
    facts=("F4.29",),
    references=("aws/amazon-network-policy-controller-k8s#194",),
)
def clusterip_not_derived(context: Context) -> Iterator[Hit]:
    """Under the AWS agent, a rule selects pods by other labels than their Service does.

    The agent sees the Service's address, which the controller adds to a rule only if the Service's
    own selector has all the labels that the rule asks for. Else the pods may be reached, and their
    Service may not.
    """
    for each in _refused(context):
        if each.missing:
            yield _not_derived(context, each)


def _not_derived(context: Context, of: Refused) -> Hit:
    pods = context.subjects(of.policy)
    path = (*steps(of.rule.path), *steps(of.peer.path), "podSelector")
    selector = {"matchLabels": dict(of.service.selector or {})}
    return Hit(
        (Where.of(of.policy, path),),
        f"{of.policy.kind} {of.policy.key} {of.rule.path}: the selector of Service "
        f"{of.service.key} {of.missing[0]}, so the AWS agent denies {of.witness.connection}. "
        "Ask for the labels of the Service.",
        confidence=context.confidence(pods),
        key=of.service.key,
        pods=workloads(pods),
        witness=of.witness,
        fix=Patch("Ask for the labels of the Service.").put(of.policy, path, selector),
    )
