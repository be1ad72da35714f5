"""Policies of every dialect: whom they apply to, what their rules say, how tiers combine them."""

from dataclasses import dataclass, field
from enum import Enum
from typing import NamedTuple

from nsimlib.model.addresses import IPBlock
from nsimlib.model.ports import PolicyPort
from nsimlib.model.selectors import EVERYTHING, Selector
from nsimlib.model.shown import Shown

__all__ = [
    "Action",
    "BlockPeer",
    "Combination",
    "Direction",
    "DomainPeer",
    "Entity",
    "EntityPeer",
    "NodePeer",
    "Peer",
    "PodPeer",
    "Policy",
    "Rule",
    "Source",
    "Tier",
]


class Direction(Enum):
    """Which end of a connection is judged; the values are those of `policyTypes`."""

    EGRESS = "Egress"
    INGRESS = "Ingress"

    @property
    def word(self) -> str:
        """The direction inside a sentence."""
        return self.value.lower()


class Action(Enum):
    """What a matching rule does; the rules of a NetworkPolicy only ever allow (F1.12, F1.15)."""

    ALLOW = "Allow"
    DENY = "Deny"
    #: leave the decision to the next tier
    PASS = "Pass"
    #: note it and look at the next rule
    LOG = "Log"


class Combination(Enum):
    """How the policies of a tier add up."""

    #: allows add up; who is isolated and not allowed is denied (F1.12)
    UNION = "union"
    #: policies by order, rules by position; the first match decides
    FIRST_MATCH = "first-match"
    #: any matching Deny wins over every Allow; isolation denies the rest
    DENY_FIRST = "deny-first"


class Source(NamedTuple):
    """Where something was read: a file as the user named it, and a line from 1."""

    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


NOWHERE = Source("", 0)


@dataclass(frozen=True, slots=True)
class PodPeer:
    """Pods by the labels of their namespace and their own.

    `namespaces` None means the policy's own namespace; `pods` None means all pods there (F1.2).
    """

    namespaces: Selector | None = None
    pods: Selector | None = None
    path: str = ""


@dataclass(frozen=True, slots=True)
class BlockPeer:
    """A block of addresses."""

    block: IPBlock
    path: str = ""


@dataclass(frozen=True, slots=True)
class DomainPeer:
    """The addresses that a domain name has; `*.` in front stands for one or more labels (F1.64)."""

    pattern: str
    path: str = ""

    def names(self, name: str) -> bool:
        """Whether the pattern names this domain.

        >>> DomainPeer("*.example.com").names("example.com")
        False
        """
        name, pattern = name.lower().rstrip("."), self.pattern.lower().rstrip(".")
        return name.endswith(pattern[1:]) if pattern.startswith("*.") else name == pattern


class Entity(Enum):
    """A group of ends that a policy can name without labels or addresses."""

    ALL = "all"
    #: what is neither a pod nor a node of the cluster
    WORLD = "world"
    #: all pods and nodes
    CLUSTER = "cluster"
    #: the node the subject runs on
    HOST = "host"
    #: every other node
    REMOTE_NODE = "remote-node"


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


Peer = PodPeer | BlockPeer | DomainPeer | EntityPeer | NodePeer


@dataclass(frozen=True, slots=True)
class Rule:
    """One entry of `egress:` or `ingress:`; it matches where some port and some peer match (F1.6).

    `ports` and `peers` are None for any and empty for none: the two are not the same.
    """

    direction: Direction
    ports: tuple[PolicyPort, ...] | None = None
    peers: tuple[Peer, ...] | None = None
    action: Action = Action.ALLOW
    path: str = ""
    line: int = field(default=0, compare=False)
    name: str = ""


@dataclass(frozen=True, slots=True, repr=False)
class Policy(Shown):
    """One policy object of any kind.

    `namespace` is None for a cluster-scoped kind. `directions` are those the policy has a say in
    for the pods it selects; rules in other directions have no effect (F1.11). `isolates` are
    those in which its subject is denied what no rule allows; an admin policy has none (F1.52).
    """

    kind: str
    namespace: str | None
    name: str
    subject: PodPeer
    directions: frozenset[Direction]
    isolates: frozenset[Direction]
    rules: tuple[Rule, ...] = ()
    order: float = 0.0
    source: Source = field(default=NOWHERE, compare=False)
    #: the directions were left out and the server filled them in (F1.10)
    directions_defaulted: bool = False

    @property
    def key(self) -> str:
        """`namespace/name`, or the bare name of a cluster-scoped policy."""
        return f"{self.namespace}/{self.name}" if self.namespace is not None else self.name

    @property
    def identity(self) -> tuple[str, str]:
        """What no two objects of a cluster share: kind and key."""
        return self.kind, self.key

    def rules_for(self, direction: Direction) -> tuple[Rule, ...]:
        """The rules of one direction, in the order of the file."""
        return tuple(rule for rule in self.rules if rule.direction is direction)


@dataclass(frozen=True, slots=True)
class Tier:
    """A stage in which policies of some kinds are judged together.

    `default` is what a first-match tier does with connections that no rule matched.
    """

    name: str
    combine: Combination
    kinds: tuple[str, ...]
    default: Action = Action.PASS


EVERY_POD = PodPeer(EVERYTHING, EVERYTHING)
