"""Whether one entry of a rule matches one end of a connection: the comparisons, each kept.

Both evaluators use these functions, so that a peer means the same in one verdict and in all pairs.
"""

from dataclasses import dataclass
from functools import reduce
from operator import or_

from nsimlib.cni.profile import Profile
from nsimlib.evaluation.evidence import Check, Comparison, Condition
from nsimlib.evaluation.logic import Truth
from nsimlib.model.addresses import Address, IPBlock
from nsimlib.model.objects import External, Node, Party, Pod
from nsimlib.model.policy import (
    BlockPeer,
    Direction,
    DomainPeer,
    Entity,
    EntityPeer,
    NodePeer,
    Peer,
    PodPeer,
    Policy,
)
from nsimlib.model.ports import NO_PORTS, PolicyPort, Port, PortSet

__all__ = ["Side", "is_judged", "match_peer", "match_port", "node_of", "resolve_port"]


@dataclass(frozen=True, slots=True)
class Side:
    """One end of a connection as its enforcer sees it: the subject is judged, the peer is met.

    `addresses` are the peer's. There are several where it is open which of them is compared, a
    Service's or the one behind it (F1.18), and none where no address is known.
    """

    direction: Direction
    subject: Party
    peer: Party
    addresses: tuple[Address, ...]
    profile: Profile

    @property
    def destination(self) -> Party:
        """Where the connection goes: its port names are those that count (F1.8)."""
        return self.peer if self.direction is Direction.EGRESS else self.subject


def is_judged(party: Party, profile: Profile) -> bool:
    """Return whether selectors can select this end at all.

    Pods on the host's network are their node to most enforcers (F1.27).
    """
    if not isinstance(party, Pod):
        return False
    return not party.host_network or profile["host_network_pods"].value == "pod"


def match_peer(peer: Peer, policy: Policy, side: Side) -> Check:
    """Return the check of one entry of `to` or `from` against the peer."""
    match peer:
        case PodPeer():
            conditions = _pod_conditions(peer, policy, side)
        case BlockPeer():
            conditions = _block_conditions(peer.block, side)
        case DomainPeer():
            conditions = (_domain_condition(peer, side.peer),)
        case EntityPeer():
            conditions = (_entity_condition(peer.entity, side),)
        case NodePeer():
            conditions = (_node_condition(peer, side.peer),)
    return Check(peer.path, conditions)


def _pod_conditions(peer: PodPeer, policy: Policy, side: Side) -> tuple[Condition, ...]:
    pod = side.peer
    if not isinstance(pod, Pod) or not is_judged(pod, side.profile):
        fact = "F1.27" if isinstance(pod, Pod) else "F1.2"
        return (Condition(Comparison.IS_POD, False, peer, pod, (fact,)),)
    conditions = []
    if peer.namespaces is None:
        own = pod.namespace.name == policy.namespace
        comparison = Comparison.OWN_NAMESPACE
        conditions.append(Condition(comparison, own, policy.namespace, pod, ("F1.2",)))
    elif peer.namespaces.keys:
        holds = peer.namespaces.matches(pod.namespace.labels)
        comparison = Comparison.NAMESPACE_LABELS
        conditions.append(Condition(comparison, holds, peer.namespaces, pod))
    if peer.pods is not None and peer.pods.keys:
        holds = peer.pods.matches(pod.labels)
        conditions.append(Condition(Comparison.POD_LABELS, holds, peer.pods, pod))
    return tuple(conditions) or (Condition(Comparison.IS_POD, True, peer, pod, ("F1.3",)),)


def _block_conditions(block: IPBlock, side: Side) -> tuple[Condition, ...]:
    meets_pods = side.profile["ipblock_matches_pods"]
    meets = Comparison.BLOCK_MEETS_PODS
    is_pod = is_judged(side.peer, side.profile)
    if is_pod and meets_pods.value is False:
        return (Condition(meets, False, block, side.peer, meets_pods.facts),)
    answers = {block.contains(address) for address in side.addresses}
    holds: Truth = answers.pop() if len(answers) == 1 else None
    facts = side.profile["service_translation"].facts if len(side.addresses) > 1 else ()
    inside = Condition(Comparison.BLOCK, holds, block, side.addresses or side.peer, facts)
    if is_pod and meets_pods.value is None and holds is not False:
        return inside, Condition(meets, None, block, side.peer, meets_pods.facts)
    return (inside,)


def _domain_condition(peer: DomainPeer, party: Party) -> Condition:
    names = party.names if isinstance(party, External) else ()
    holds = any(peer.names(name) for name in names)
    return Condition(Comparison.DOMAIN, holds, peer.pattern, party, ("F1.64",))


def _entity_condition(entity: Entity, side: Side) -> Condition:
    node = node_of(side.peer)
    on_host = isinstance(side.peer, Node) or (isinstance(side.peer, Pod) and side.peer.host_network)
    own = node is not None and node == node_of(side.subject)
    holds = {
        Entity.ALL: True,
        Entity.WORLD: isinstance(side.peer, External),
        Entity.CLUSTER: not isinstance(side.peer, External),
        Entity.HOST: on_host and own,
        Entity.REMOTE_NODE: on_host and not own,
    }[entity]
    return Condition(Comparison.ENTITY, holds, entity, side.peer)


def node_of(party: Party) -> str | None:
    """Return the name of the node that a party is or runs on."""
    match party:
        case Node():
            return party.name
        case Pod():
            return party.node
        case _:
            return None


def _node_condition(peer: NodePeer, party: Party) -> Condition:
    holds = isinstance(party, Node) and peer.nodes.matches(party.labels)
    return Condition(Comparison.NODE_LABELS, holds, peer.nodes, party)


def match_port(port: PolicyPort, given: Port, side: Side) -> Check:
    """Return the check of one entry of `ports` against the port asked for."""
    meant = resolve_port(port, side.destination, side.profile)
    facts = ("F1.8",) if isinstance(port.port, str) else ()
    wanted = (port, meant)
    condition = Condition(Comparison.PORT, given in meant, wanted, (given, side.destination), facts)
    return Check(port.path, (condition,))


def resolve_port(port: PolicyPort, destination: Party, profile: Profile) -> PortSet:
    """Return the port numbers that an entry of `ports` means at this destination.

    A name is looked up in the destination pod; elsewhere it means no port at all (F1.8).
    """
    if not isinstance(port.port, str):
        return port.numbers()
    named = destination.named_ports(port.port) if isinstance(destination, Pod) else ()
    if profile["named_ports"].value == "first-by-name":
        named = named[:1]
    meant = [PortSet.single(found) for found in named if port.protocol in (None, found.protocol)]
    return reduce(or_, meant, NO_PORTS)
