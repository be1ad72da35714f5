"""What is worth the most: who may open databases, stores of secrets and credentials."""

from collections.abc import Iterator
from typing import Final

from nsimlib.audit.blocks import LINK_LOCAL, METADATA, opened
from nsimlib.audit.context import Context
from nsimlib.audit.model import Hit, Severity, Where, Witness
from nsimlib.audit.registry import rule
from nsimlib.audit.witnesses import between
from nsimlib.audit.words import workloads
from nsimlib.model.addresses import parse_cidr
from nsimlib.model.objects import Pod
from nsimlib.model.peers import BlockPeer, Peer, PodPeer
from nsimlib.model.policy import Action, Direction, Policy, Rule
from nsimlib.model.ports import PolicyPort, Port, Protocol
from nsimlib.model.selectors import selects_all

__all__ = ["DATABASES", "namespace_wide_grant"]

#: ports of databases and of stores of secrets, and what listens there
DATABASES: Final = {
    1433: "SQL Server",
    1521: "Oracle",
    3306: "MySQL",
    5432: "PostgreSQL",
    6379: "Redis",
    8200: "Vault",
    9200: "Elasticsearch",
    11211: "memcached",
    27017: "MongoDB",
}
#: a wider range of ports means no one service
NARROW: Final = 100
METADATA_PORT: Final = Port(80)


@rule(
    "NSIM-H908",
    "namespace-wide-grant-of-sensitive-target",
    Severity.HIGH,
    facts=("F1.32", "E84"),
)
def namespace_wide_grant(context: Context) -> Iterator[Hit]:
    """A policy for all pods of a namespace lets them open a database, or ask for credentials.

    An empty `podSelector` means every pod, those of tomorrow and the one in front of the internet
    among them. Whoever breaks into any of them is at the database. Namespaces with one workload are
    left out, and so are rules without ports, which other rules tell of.
    """
    for policy, each in context.rules(Direction.EGRESS):
        target = _target(each)
        if each.action is Action.ALLOW and target and _is_for_all(policy):
            owners = _owners(context, policy.namespace or "")
            if len(owners) != 1:
                yield _granted(context, policy, each, target, len(owners))


def _is_for_all(policy: Policy) -> bool:
    pods = policy.subject.pods
    return policy.namespace is not None and (pods is None or selects_all(pods))


def _owners(context: Context, namespace: str) -> set[object]:
    """The workloads of a namespace that policies can judge; those that stand in do not count."""
    pods = context.given.pods_by_namespace.get(namespace, ())
    return {pod.owner for pod in pods if not pod.host_network}


def _target(of: Rule) -> tuple[str, Port] | None:
    """What of value a rule names, and a port to reach it on."""
    for each in of.ports or ():
        if found := _database(each):
            return found
    for peer in of.peers or ():
        ports = of.ports or (PolicyPort(Protocol.TCP),)
        if _is_metadata(peer) and any(METADATA_PORT in each.numbers() for each in ports):
            return "the metadata service", METADATA_PORT
    return None


def _database(port: PolicyPort) -> tuple[str, Port] | None:
    for first, last in port.numbers().spans(Protocol.TCP):
        for number, name in DATABASES.items():
            if first <= number <= last < first + NARROW:
                return f"{name} ({number}/TCP)", Port(number)
    return None


def _is_metadata(peer: Peer) -> bool:
    """Whether a peer is the metadata service, or a block around it that never leaves its link."""
    if not isinstance(peer, BlockPeer) or not any(map(peer.block.contains, METADATA)):
        return False
    own = (*map(parse_cidr, LINK_LOCAL), *(each.range for each in METADATA))
    return any(each.covers(peer.block.range) for each in own)


def _granted(
    context: Context, policy: Policy, of: Rule, target: tuple[str, Port], owners: int
) -> Hit:
    name, port = target
    pods = context.subjects(policy)
    whom = f"all pods of {policy.namespace}" + (f" ({owners} workloads)" if owners else "")
    return Hit(
        (Where.of(policy, of.path),),
        f"{policy.kind} {policy.key} {of.path}: {whom} get {name}, those of tomorrow too. "
        "Select the pods that use it in a policy of its own.",
        confidence=context.confidence(pods),
        key=name,
        pods=workloads(pods),
        witness=_witness(context, pods, of, port, policy.namespace),
        advice="Move the rule into a policy whose podSelector has the labels of its users.",
    )


def _witness(
    context: Context, pods: tuple[Pod, ...], of: Rule, port: Port, namespace: str | None
) -> Witness | None:
    """A connection that one of these pods may open by the rule."""
    for peer in of.peers or ():
        found = None
        if isinstance(peer, BlockPeer):
            found = opened(context, pods, peer.block.ranges, port)
        elif isinstance(peer, PodPeer):
            found = between(context, pods, context.selected(peer, namespace), port)
        if found:
            return found
    return None
