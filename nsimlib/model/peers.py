"""Peers: what a rule can say about the other end of a connection, whatever the dialect.

Peers by labels, block, name, entity or node stand alone. `AllOf`, `AnyOf` and `Not` join them, for
dialects in which one entry says several things. A `ServicePeer`, and pods `with_sets`, stand for
others that only the cluster knows; `model.resolution` puts those in their place.
"""

from dataclasses import dataclass
from enum import Enum

from nsimlib.model.addresses import IPBlock
from nsimlib.model.domains import PatternDialect, names
from nsimlib.model.selectors import EVERYTHING, Selector

__all__ = [
    "EVERY_POD",
    "AllOf",
    "AnyOf",
    "BlockPeer",
    "DomainPeer",
    "Entity",
    "EntityPeer",
    "NodePeer",
    "Not",
    "Peer",
    "PodPeer",
    "ServicePeer",
    "UnknownPeer",
    "parts_of",
]


@dataclass(frozen=True, slots=True)
class PodPeer:
    """Pods by the labels of their namespace and their own.

    `namespaces` None means the policy's own namespace; `pods` None means all pods there (F1.2).
    Calico's selectors also select the addresses of network sets: those of the namespaces meant
    (`with_sets`), and those of no namespace (`with_global_sets`).
    """

    namespaces: Selector | None = None
    pods: Selector | None = None
    path: str = ""
    with_sets: bool = False
    with_global_sets: bool = False


@dataclass(frozen=True, slots=True)
class BlockPeer:
    """A block of addresses.

    `via` names the object that the addresses come from, where they are not written in the rule.
    A block that `meets_all` matches whoever has an address, whatever the enforcer says of blocks.
    """

    block: IPBlock
    path: str = ""
    via: str = ""
    meets_all: bool = False


@dataclass(frozen=True, slots=True)
class DomainPeer:
    """The addresses that a domain name has."""

    pattern: str
    path: str = ""
    dialect: PatternDialect = PatternDialect.KUBERNETES

    def names(self, name: str) -> bool:
        """Whether the pattern names this domain.

        >>> DomainPeer("*.example.com").names("example.com")
        False
        """
        return names(self.pattern, self.dialect, name)


class Entity(Enum):
    """A group of ends that a policy can name without labels or addresses (F3.8)."""

    ALL = "all"
    #: what is neither a pod nor a node of the cluster
    WORLD = "world"
    WORLD_IPV4 = "world-ipv4"
    WORLD_IPV6 = "world-ipv6"
    #: all pods and nodes
    CLUSTER = "cluster"
    #: the node the subject runs on
    HOST = "host"
    #: every other node
    REMOTE_NODE = "remote-node"
    #: whoever answers for the Service default/kubernetes
    KUBE_APISERVER = "kube-apiserver"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class EntityPeer:
    """A named group of ends."""

    entity: Entity
    path: str = ""


@dataclass(frozen=True, slots=True)
class NodePeer:
    """Nodes by label."""

    nodes: Selector
    path: str = ""


@dataclass(frozen=True, slots=True)
class ServicePeer:
    """What is behind Services: one by name, or those that a selector picks by their labels.

    With `with_ports` only the ports of the endpoints are meant, each with its address, as Calico
    has it (F2.4); without, all ports of whoever is behind (F3.9).
    """

    namespace: str | None
    name: str = ""
    labels: Selector | None = None
    path: str = ""
    with_ports: bool = False


@dataclass(frozen=True, slots=True)
class UnknownPeer:
    """A condition that nothing in the input can answer; whether it holds stays open.

    `written` are the values in the policy that it is about, so that it can be written again.
    """

    what: str
    path: str = ""
    facts: tuple[str, ...] = ()
    written: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class AllOf:
    """An end that every part matches."""

    parts: tuple["Peer", ...]
    path: str = ""


@dataclass(frozen=True, slots=True)
class AnyOf:
    """An end that some part matches; without parts, none does."""

    parts: tuple["Peer", ...]
    path: str = ""


@dataclass(frozen=True, slots=True)
class Not:
    """An end that the part does not match."""

    part: "Peer"
    path: str = ""


Peer = (
    PodPeer
    | BlockPeer
    | DomainPeer
    | EntityPeer
    | NodePeer
    | ServicePeer
    | UnknownPeer
    | AllOf
    | AnyOf
    | Not
)

EVERY_POD = PodPeer(EVERYTHING, EVERYTHING)


def parts_of(peer: Peer) -> tuple[Peer, ...]:
    """Return the peers that one is joined from, down to those that stand alone.

    >>> [part.what for part in parts_of(Not(AnyOf((UnknownPeer("a"), UnknownPeer("b")))))]
    ['a', 'b']
    """
    match peer:
        case AllOf() | AnyOf():
            return tuple(each for part in peer.parts for each in parts_of(part))
        case Not():
            return parts_of(peer.part)
        case _:
            return (peer,)
