"""Whether one entry of a rule matches one end of a connection: the comparisons, each kept.

Both evaluators use these functions, so that a peer means the same in one verdict and in all pairs.
"""

from dataclasses import dataclass, replace
from functools import reduce
from operator import or_

from nsimlib.cni.profile import Profile, Setting
from nsimlib.evaluation.evidence import Check, Comparison, Condition
from nsimlib.evaluation.logic import Truth, all_of, any_of, not_
from nsimlib.model.addresses import Address, Family
from nsimlib.model.objects import External, Node, Party, Pod, Service, selects, visible_labels
from nsimlib.model.peers import (
    AllOf,
    AnyOf,
    BlockPeer,
    DomainPeer,
    Entity,
    EntityPeer,
    NodePeer,
    Not,
    Peer,
    PodPeer,
    UnknownPeer,
)
from nsimlib.model.policy import Direction, Policy, Rule
from nsimlib.model.ports import NO_PORTS, PolicyPort, Port, PortSet
from nsimlib.model.selectors import selects_all

__all__ = [
    "Side",
    "is_judged",
    "match_peer",
    "match_port",
    "match_subject",
    "node_of",
    "numbers_of",
    "on_own_node",
    "resolve_port",
]


@dataclass(frozen=True, slots=True)
class Side:
    """One end of a connection as its enforcer sees it: the subject is judged, the peer is met.

    `addresses` are the peer's: none where none is known, several where it is open which of them is
    compared. `learned` are the names whose addresses the subject's enforcer learns from a DNS proxy
    (F3.21); None for an enforcer that needs no such thing. `service` is the Service that an
    enforcer sees in the place of the pod behind it (F4.29).
    """

    direction: Direction
    subject: Party
    peer: Party
    addresses: tuple[Address, ...]
    profile: Profile
    learned: tuple[DomainPeer, ...] | None = None
    service: Service | None = None

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
    if isinstance(peer, AllOf | AnyOf | Not):
        return Check(peer.path, _joined(peer, policy, side))
    return Check(peer.path, _conditions(peer, policy, side))


def _conditions(peer: Peer, policy: Policy, side: Side) -> tuple[Condition, ...]:
    """What a peer compares that stands alone."""
    match peer:
        case PodPeer():
            return _pod_conditions(peer, policy, side)
        case BlockPeer():
            return _block_conditions(peer, side)
        case DomainPeer():
            return _domain_conditions(peer, side)
        case EntityPeer():
            return (_entity_condition(peer.entity, side),)
        case NodePeer():
            return (_node_condition(peer, side.peer),)
        case UnknownPeer():
            return (Condition(Comparison.UNKNOWN, None, peer.what, side.peer, peer.facts),)
        case _:
            raise TypeError(f"a cluster has to resolve {peer} before it is matched")


def _joined(peer: AllOf | AnyOf | Not, policy: Policy, side: Side) -> tuple[Condition, ...]:
    if isinstance(peer, Not):
        inner = match_peer(peer.part, policy, side)
        return (Condition(Comparison.NOT, not_(inner.matched), inner, side.peer),)
    checks = tuple(match_peer(part, policy, side) for part in peer.parts)
    if isinstance(peer, AllOf):
        return tuple(condition for check in checks for condition in check.conditions)
    holds = any_of(check.matched for check in checks)
    return (Condition(Comparison.ANY_OF, holds, checks, side.peer),)


def match_subject(rule: Rule, policy: Policy, side: Side) -> tuple[Check, ...] | None:
    """Return the checks of what a rule asks of its policy's own end, None if it asks nothing."""
    if rule.subject is None:
        return None
    subject = side.subject
    own = Side(side.direction, side.peer, subject, subject.addresses, side.profile)
    return tuple(match_peer(peer, policy, own) for peer in rule.subject)


def _pod_conditions(peer: PodPeer, policy: Policy, side: Side) -> tuple[Condition, ...]:
    pod = side.peer
    if side.service is not None and isinstance(pod, Pod):
        return (_service_condition(peer, policy, pod, side),)
    if not isinstance(pod, Pod) or not is_judged(pod, side.profile):
        fact = "F1.27" if isinstance(pod, Pod) else "F1.2"
        return (Condition(Comparison.IS_POD, False, peer, pod, (fact,)),)
    conditions = []
    if peer.namespaces is None:
        own = pod.namespace.name == policy.namespace
        comparison = Comparison.OWN_NAMESPACE
        conditions.append(Condition(comparison, own, policy.namespace, pod, ("F1.2",)))
    elif not selects_all(peer.namespaces):
        holds = peer.namespaces.matches(pod.namespace.labels)
        comparison = Comparison.NAMESPACE_LABELS
        conditions.append(Condition(comparison, holds, peer.namespaces, pod))
    if peer.pods is not None and not selects_all(peer.pods):
        holds = peer.pods.matches(visible_labels(pod, peer.pods))
        conditions.append(Condition(Comparison.POD_LABELS, holds, peer.pods, pod))
    return tuple(conditions) or (Condition(Comparison.IS_POD, True, peer, pod, ("F1.3",)),)


def _service_condition(peer: PodPeer, policy: Policy, pod: Pod, side: Side) -> Condition:
    """Whether a selector takes in the Service that was asked: its own selector counts as labels."""
    chosen = side.service.selector if side.service else None
    holds = bool(chosen) and selects(peer, replace(pod, labels=chosen or {}), policy.namespace)
    facts = side.profile["service_translation"].facts
    return Condition(Comparison.SERVICE_SELECTOR, holds, peer, side.service, facts)


def _block_conditions(peer: BlockPeer, side: Side) -> tuple[Condition, ...]:
    block, meets, setting = peer.block, *_meeting(side)
    is_met = True if peer.meets_all or setting is None else setting.value
    if setting is not None and is_met is False:
        return (Condition(meets, False, block, side.peer, setting.facts),)
    answers = {block.contains(address) for address in side.addresses}
    holds: Truth = answers.pop() if len(answers) == 1 else None
    inside = Condition(Comparison.BLOCK, holds, peer, side.addresses or side.peer)
    if setting is not None and is_met is None and holds is not False:
        return inside, Condition(meets, None, block, side.peer, setting.facts)
    return (inside,)


def _meeting(side: Side) -> tuple[Comparison, Setting | None]:
    """The question whether a block can match this peer at all; none for what is outside."""
    if is_judged(side.peer, side.profile):
        return Comparison.BLOCK_MEETS_PODS, side.profile["ipblock_matches_pods"]
    if isinstance(side.peer, External):
        return Comparison.BLOCK, None
    return Comparison.BLOCK_MEETS_NODES, side.profile["ipblock_matches_nodes"]


def _domain_conditions(peer: DomainPeer, side: Side) -> tuple[Condition, ...]:
    """Whether a rule names the peer, and its enforcer knows that.

    It is a rule for addresses all the same: whoever else has one is meant too (F3.28), and nobody
    of the cluster is (F3.29).
    """
    names = side.peer.names if isinstance(side.peer, External) else ()
    meant = [name for name in names if peer.names(name)]
    holds = bool(meant)
    named = Condition(Comparison.DOMAIN, holds, peer.pattern, side.peer, peer.dialect.facts)
    if side.learned is None or not meant:
        return (named,)
    learned = any(pattern.names(name) for pattern in side.learned for name in meant)
    return named, Condition(Comparison.NAME_LEARNED, learned, meant[0], side.learned, ("F3.21",))


def _entity_condition(entity: Entity, side: Side) -> Condition:
    here, there = node_of(side.subject), node_of(side.peer)
    # On a node that the input does not name, `host` and `remote-node` cannot be told apart.
    own: Truth = None if here is None or there is None else here == there
    on_host = isinstance(side.peer, Node) or (isinstance(side.peer, Pod) and side.peer.host_network)
    family = side.peer.address.family if isinstance(side.peer, External) else None
    holds = {
        Entity.ALL: True,
        Entity.WORLD: family is not None,
        Entity.WORLD_IPV4: family is Family.IPV4,
        Entity.WORLD_IPV6: family is Family.IPV6,
        Entity.CLUSTER: family is None,
        Entity.HOST: all_of((on_host, own)),
        Entity.REMOTE_NODE: all_of((on_host, not_(own))),
        Entity.KUBE_APISERVER: None,
        Entity.NONE: False,
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


def on_own_node(subject: Party, peer: Party) -> bool:
    """Return whether the peer is the subject's node, or a pod on that node's network."""
    on_host = isinstance(peer, Node) or (isinstance(peer, Pod) and peer.host_network)
    return on_host and node_of(peer) is not None and node_of(peer) == node_of(subject)


def _node_condition(peer: NodePeer, party: Party) -> Condition:
    holds = isinstance(party, Node) and peer.nodes.matches(party.labels)
    return Condition(Comparison.NODE_LABELS, holds, peer.nodes, party)


def match_port(port: PolicyPort, given: Port, side: Side) -> Check:
    """Return the check of one entry of `ports` against the port asked for."""
    meant = resolve_port(port, side.destination, side.profile)
    facts: tuple[str, ...] = ("F1.8",) if isinstance(port.port, str) else ()
    if port.end_port is not None and meant != port.numbers():
        facts = side.profile["end_port"].facts
    holds = given in meant if given.protocol.has_ports else port.is_type_of(given)
    found = (given, side.destination)
    condition = Condition(Comparison.PORT, holds, (port, meant), found, facts)
    return Check(port.path, (condition,))


def resolve_port(port: PolicyPort, destination: Party, profile: Profile) -> PortSet:
    """Return the port numbers that an entry of `ports` means at this destination.

    A name is looked up in the destination pod; elsewhere it means no port at all (F1.8).
    """
    if not isinstance(port.port, str):
        return numbers_of(port, profile)
    named = destination.named_ports(port.port) if isinstance(destination, Pod) else ()
    if profile["named_ports"].value == "first-by-name":
        named = named[:1]
    meant = [PortSet.single(found) for found in named if port.protocol in (None, found.protocol)]
    return reduce(or_, meant, NO_PORTS)


def numbers_of(port: PolicyPort, profile: Profile) -> PortSet:
    """Return the ports that an entry means by number; where `endPort` is not read, the first."""
    if port.end_port is not None and profile["end_port"].value == "first":
        return replace(port, end_port=None).numbers()
    return port.numbers()
