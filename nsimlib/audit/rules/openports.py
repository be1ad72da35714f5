"""Rules that open more ports than anybody uses."""

from collections.abc import Iterator
from typing import Final

from nsimlib.audit.blocks import is_anywhere, opened
from nsimlib.audit.context import Context
from nsimlib.audit.model import Hit, Need, Severity, Where, Witness
from nsimlib.audit.patches import Patch, steps
from nsimlib.audit.registry import rule
from nsimlib.audit.words import listed, workloads
from nsimlib.evaluation.combination import Outcome
from nsimlib.model.objects import Pod
from nsimlib.model.peers import BlockPeer, DomainPeer, Entity, EntityPeer, Peer, PodPeer
from nsimlib.model.policy import Action, Direction, Policy, Rule
from nsimlib.model.ports import MAX_PORT, PolicyPort, Port
from nsimlib.model.selectors import EVERYTHING

__all__ = ["all_ports"]

#: entities that are more than one machine, and how bad it is to open all their ports
ENTITIES: Final = {
    Entity.ALL: Severity.HIGH,
    Entity.WORLD: Severity.HIGH,
    Entity.WORLD_IPV4: Severity.HIGH,
    Entity.WORLD_IPV6: Severity.HIGH,
    Entity.CLUSTER: Severity.MEDIUM,
}

#: remote shell: a port that hardly any rule is for
SHELL: Final = Port(22)
#: so many peers are looked at for one that lets in
TRIES: Final = 16
#: more declared ports than this are no list that anybody reads
MANY: Final = 8


@rule(
    "NSIM-P501",
    "all-ports",
    Severity.MEDIUM,
    follows=("NSIM-C403",),
    facts=("F1.6", "F1.7"),
)
def all_ports(context: Context) -> Iterator[Hit]:
    """A rule allows egress on every port, to more than one workload or address.

    Without `ports` a rule means every port and every protocol: databases, remote shells and the
    node's own services as well as what it was written for. Peers in the same namespace and single
    workloads are left out; a single address is a low finding, any destination a high one. A rule
    without peers too is T606.
    """
    for policy, each in context.rules(Direction.EGRESS):
        if each.action is not Action.ALLOW or not _is_open(each):
            continue
        found = [
            (s, p) for p in each.peers or () if (s := _breadth(context, policy, p)) is not None
        ]
        if found:
            severity, _ = max(found, key=lambda pair: pair[0])
            yield _found(context, policy, each, severity, [p for s, p in found if s is severity])


def _is_open(of: Rule) -> bool:
    return of.ports is None or any(map(_is_full, of.ports))


def _is_full(port: PolicyPort) -> bool:
    return any(last - first + 1 >= MAX_PORT for _, (first, last) in port.numbers())


def _breadth(context: Context, policy: Policy, peer: Peer) -> Severity | None:
    """How bad it is to open all ports of a peer; None if it is small, or near."""
    match peer:
        case BlockPeer() if peer.via:
            return None
        case BlockPeer():
            single = peer.block.range.first == peer.block.range.last
            wide = Severity.HIGH if is_anywhere(peer.block) else Severity.MEDIUM
            return Severity.LOW if single else wide
        case EntityPeer():
            return ENTITIES.get(peer.entity)
        case DomainPeer():
            return Severity.MEDIUM if "*" in peer.pattern else Severity.LOW
        case PodPeer() if peer.namespaces is not None:
            return Severity.MEDIUM if _is_several(context, policy, peer) else None
        case _:
            return None


def _is_several(context: Context, policy: Policy, peer: PodPeer) -> bool:
    """Whether a peer selects several workloads; of pods nobody knows, if it names none."""
    if not context.has(Need.PODS):
        return peer.pods in (None, EVERYTHING)
    owners = (pod.owner for pod in context.members(context.selected(peer, policy.namespace)))
    first = next(owners, None)
    return any(each != first for each in owners)


def _found(
    context: Context, policy: Policy, of: Rule, severity: Severity, peers: list[Peer]
) -> Hit:
    pods = context.subjects(policy)
    written = "has no ports" if of.ports is None else "allows a whole protocol"
    return Hit(
        (Where.of(policy, of.path),),
        f"{policy.kind} {policy.key} {of.path} {written}: every one is open to "
        f"{listed(map(_said, peers))}. List the ports that are used.",
        severity=severity,
        key=" ".join(sorted(map(_said, peers))),
        pods=workloads(pods),
        witness=next(filter(None, (_shown(context, policy, pods, each) for each in peers)), None),
        fix=_declared(context, policy, of),
        advice="List the ports that are used.",
    )


def _said(peer: Peer) -> str:
    match peer:
        case BlockPeer():
            return peer.block.cidr
        case EntityPeer():
            return peer.entity.value
        case DomainPeer():
            return peer.pattern
        case PodPeer():
            spaces = f"namespaces {peer.namespaces}"
            spaces = "any namespace" if peer.namespaces == EVERYTHING else spaces
            pods = "any pod" if peer.pods in (None, EVERYTHING) else f"pods {peer.pods}"
            return f"{pods} of {spaces}"
        case _:
            raise TypeError(f"{peer} is no peer of this rule")


def _shown(context: Context, policy: Policy, pods: tuple[Pod, ...], peer: Peer) -> Witness | None:
    """A connection on a port that hardly any rule is for."""
    if isinstance(peer, BlockPeer):
        return opened(context, pods, peer.block.ranges, SHELL)
    if isinstance(peer, PodPeer):
        others = context.selected(peer, policy.namespace)
        for pod in pods[:1]:
            for other in others[:TRIES]:
                ports = context.reach.between(pod, other)
                if pod is not other and SHELL in ports.allowed:
                    return Witness(f"{pod.key} -> {other.key}:{SHELL}", Outcome.ALLOWED)
    return None


def _declared(context: Context, policy: Policy, of: Rule) -> Patch | None:
    """The ports that containers of the peers declare, if all of them do."""
    peers = [peer for peer in of.peers or () if isinstance(peer, PodPeer)]
    if policy.kind != "NetworkPolicy" or len(peers) < len(of.peers or ()):
        return None
    selected = [pod for peer in peers for pod in context.selected(peer, policy.namespace)]
    declared = {each.port for pod in selected for each in pod.ports}
    ports = sorted(declared, key=lambda port: (port.number, port.protocol.value))
    if not ports or len(ports) > MANY or not all(pod.ports for pod in selected):
        return None
    entries = [{"protocol": port.protocol.value, "port": port.number} for port in ports]
    return Patch("Allow the ports that its pods declare.").put(
        policy, (*steps(of.path), "ports"), entries
    )
