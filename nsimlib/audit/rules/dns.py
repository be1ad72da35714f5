"""Pods that cannot ask for names, or not in every way that resolvers do."""

from collections import defaultdict
from collections.abc import Callable, Iterator

from nsimlib.audit.context import Context, Group
from nsimlib.audit.model import Hit, Severity, Where, Witness
from nsimlib.audit.patches import Patch, egress_policy, steps, written
from nsimlib.audit.registry import rule
from nsimlib.audit.resolvers import Resolvers
from nsimlib.audit.words import keys, listed, workloads
from nsimlib.evaluation.combination import Outcome
from nsimlib.model.objects import Pod
from nsimlib.model.policy import Direction, Policy, Rule
from nsimlib.model.ports import Port, Protocol

__all__ = ["dns_blocked", "dns_tcp_missing", "dns_udp_missing"]

#: says that a pod needs no names
NO_DNS = ("nsimlib.io/no-dns", "true")
UDP, TCP = Protocol.UDP, Protocol.TCP


def _isolated(
    context: Context, is_meant: Callable[[dict[Protocol, bool]], bool]
) -> Iterator[tuple[Group, tuple[Pod, ...]]]:
    """Groups of pods that are to resolve names, with those for which the ways to DNS are so."""
    own = {pod.key for pod in context.resolvers.pods}
    for group in context.groups(Direction.EGRESS) if own else ():
        if not group.isolating:
            continue
        pods = tuple(
            pod
            for pod in group.pods
            if pod.key not in own
            and NO_DNS not in pod.labels.items()
            and not context.is_closed(pod, Direction.EGRESS)
            and is_meant(context.asks_dns(pod))
        )
        if pods:
            yield group, pods


@rule(
    "NSIM-D301",
    "dns-blocked",
    Severity.HIGH,
    follows=(
        "NSIM-S203",
        "NSIM-S205",
        "NSIM-S204",
        "NSIM-S207",
        "NSIM-S210",
        "NSIM-S211",
        "NSIM-S212",
        "NSIM-S216",
        "NSIM-D304",
        "NSIM-D307",
        "NSIM-D308",
        "NSIM-D309",
        "NSIM-N710",
    ),
    facts=("F5.4", "F5.10"),
    references=("kubernetes/website#38267", "aws-network-policy-agent#230"),
)
def dns_blocked(context: Context) -> Iterator[Hit]:
    """Pods are isolated for egress, and nothing lets them ask the cluster's DNS.

    Every connection to a name fails, and not at once: with glibc a lookup hangs for 20 seconds.
    Pods that may open nothing at all are left out, as are those labelled `nsimlib.io/no-dns`.
    """
    servers = context.resolvers
    for group, pods in _isolated(context, lambda ways: not any(ways.values())):
        server, port = servers.pods[0], Port(servers.ports[UDP], UDP)
        yield Hit(
            tuple(map(Where.of, sorted(group.isolating, key=lambda policy: policy.identity))),
            f"{listed(workloads(pods))} cannot resolve names: their egress is isolated by "
            f"{keys(group.isolating)} and nothing allows {server.owner}:{port.number}. Allow DNS.",
            confidence=context.confidence((*pods, server)),
            key=" ".join(sorted(policy.key for policy in group.isolating)),
            pods=workloads(pods),
            witness=Witness(f"{pods[0].key} -> {server.key}:{port}", Outcome.DENIED),
            fix=_allowing(context, group, servers),
            advice="Allow DNS in a policy that selects these pods and no others.",
        )


def _allowing(context: Context, group: Group, servers: Resolvers) -> Patch | None:
    """A policy for DNS that isolates nobody who is not isolated already."""
    free = any(
        each.namespace == group.namespace and not each.isolating
        for each in context.groups(Direction.EGRESS)
    )
    policy = next((each for each in group.isolating if each.kind == "NetworkPolicy"), None)
    if "NetworkPolicy" not in context.profile.kinds or (free and policy is None):
        return None
    manifest = egress_policy(
        group.namespace,
        context.free_name(group.namespace, "allow-dns"),
        [servers.rule()],
        written(policy, "spec.podSelector") if free and policy else None,
    )
    return Patch("Let these pods ask for names.").create(manifest)


@rule(
    "NSIM-D302",
    "dns-tcp-missing",
    Severity.MEDIUM,
    follows=("NSIM-S203",),
    facts=("F5.16",),
)
def dns_tcp_missing(context: Context) -> Iterator[Hit]:
    """Pods may ask the cluster's DNS over UDP and not over TCP.

    An answer that does not fit a datagram is cut off, and the resolver asks again over TCP. So
    names with many addresses fail, and all others work.
    """
    yield from _one_way(context, UDP, TCP, "answers that do not fit a datagram are lost")


@rule(
    "NSIM-D303",
    "dns-udp-missing",
    Severity.HIGH,
    follows=("NSIM-P504", "NSIM-S203"),
    facts=("F1.7",),
)
def dns_udp_missing(context: Context) -> Iterator[Hit]:
    """Pods may ask the cluster's DNS over TCP and not over UDP.

    Resolvers ask over UDP first, so no name is found. Often the protocol was left out, which means
    TCP.
    """
    yield from _one_way(context, TCP, UDP, "resolvers ask over UDP first, so no name is found")


def _one_way(context: Context, has: Protocol, lacks: Protocol, so: str) -> Iterator[Hit]:
    servers = context.resolvers
    found: dict[tuple[str, str, str], tuple[Policy, Rule]] = {}
    pods_of = defaultdict[tuple[str, str, str], list[Pod]](list)
    meant = _isolated(context, lambda ways: ways[has] and not ways[lacks])
    for group, pods in meant:
        for policy in group.policies:
            for each in policy.rules_for(Direction.EGRESS):
                if _names(each, Port(servers.ports[has], has)):
                    key = (*policy.identity, each.path)
                    found[key] = policy, each
                    pods_of[key] += pods
    for key, (policy, each) in found.items():
        yield _lacking(context, policy, each, pods_of[key], servers, (has, lacks), so)


def _names(rule: Rule, port: Port) -> bool:
    return any(each.port == port.number and port in each.numbers() for each in rule.ports or ())


def _lacking(
    context: Context,
    policy: Policy,
    of: Rule,
    pods: list[Pod],
    servers: Resolvers,
    ways: tuple[Protocol, Protocol],
    so: str,
) -> Hit:
    (has, lacks), server = ways, servers.pods[0]
    number = servers.ports[lacks]
    ports = (*steps(of.path), "ports")
    entry = {"protocol": lacks.value, "port": number}
    fix = Patch(f"Allow {number}/{lacks.value} too.").insert(
        policy, (*ports, len(of.ports or ())), entry
    )
    return Hit(
        (Where.of(policy, ports),),
        f"{policy.kind} {policy.key} {of.path}: DNS is allowed over {has.value} and not over "
        f"{lacks.value} for {listed(workloads(pods))}: {so}. Add {number}/{lacks.value}.",
        confidence=context.confidence((*pods, server)),
        pods=workloads(pods),
        witness=Witness(f"{pods[0].key} -> {server.key}:{number}/{lacks.value}", Outcome.DENIED),
        fix=fix if policy.kind == "NetworkPolicy" else None,
        advice="" if policy.kind == "NetworkPolicy" else f"Add {number}/{lacks.value}.",
    )
