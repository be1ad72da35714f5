"""Policies of every dialect: whom they apply to, what their rules say, how tiers combine them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Any, Final, NamedTuple, Protocol

from nsimlib.model.peers import DomainPeer, Peer, PodPeer, parts_of
from nsimlib.model.ports import PolicyPort
from nsimlib.model.shown import Shown

__all__ = [
    "NOWHERE",
    "Action",
    "Combination",
    "Direction",
    "Layer7",
    "Policy",
    "Rule",
    "Source",
    "Tier",
    "Written",
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
#: what staged policies would be, were they in force
IN_FORCE: Final = {
    "StagedNetworkPolicy": "NetworkPolicy.projectcalico.org",
    "StagedGlobalNetworkPolicy": "GlobalNetworkPolicy",
    "StagedKubernetesNetworkPolicy": "NetworkPolicy",
}


class Written(Protocol):
    """An object as its author wrote it: before defaults, and with the line of each part."""

    @property
    def data(self) -> Mapping[str, Any]:
        """The object as plain data, in which what was left out is not there."""

    def line(self, path: tuple[str | int, ...], /) -> int:
        """Return the line of one of its parts, 0 if it is not known."""


@dataclass(frozen=True, slots=True)
class Layer7:
    """What a proxy lets through of the connections that a rule allows (F3.12).

    `dns` are the names that may be asked for; their answers are what name rules learn addresses
    from (F3.21). `http` are requests in words.
    """

    dns: tuple[DomainPeer, ...] = ()
    http: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Rule:
    """One entry of `egress:` or `ingress:`; it matches where some port and some peer match (F1.6).

    `ports` and `peers` are None for any and empty for none: the two are not the same. A rule may
    except ports, and may ask something of the policy's own end too (`subject`, as `peers`).
    """

    direction: Direction
    ports: tuple[PolicyPort, ...] | None = None
    peers: tuple[Peer, ...] | None = None
    action: Action = Action.ALLOW
    path: str = ""
    line: int = field(default=0, compare=False)
    name: str = ""
    except_ports: tuple[PolicyPort, ...] = ()
    subject: tuple[Peer, ...] | None = None
    layer7: Layer7 | None = None

    @property
    def all_peers(self) -> Iterator[Peer]:
        """Every peer that it names about either end, those that are joined taken apart."""
        for peer in (*(self.peers or ()), *(self.subject or ())):
            yield from parts_of(peer)

    @property
    def all_ports(self) -> tuple[PolicyPort, ...]:
        """Every port that it names, to allow or to except."""
        return (*(self.ports or ()), *self.except_ports)


@dataclass(frozen=True, slots=True, repr=False)
class Policy(Shown):
    """One policy object of any kind.

    `namespace` is None for a cluster-scoped kind. `directions` are those the policy has a say in
    for the pods it selects; rules in other directions have no effect (F1.11). `isolates` are
    those in which its subject is denied what no rule allows; an admin policy has none (F1.52), and
    a policy in a tier that ends with a denial needs none. `tier` is the one it says it is in.
    A `staged` policy is not in force, and shows what would be.
    """

    kind: str
    namespace: str | None
    name: str
    subject: PodPeer
    directions: frozenset[Direction]
    isolates: frozenset[Direction]
    rules: tuple[Rule, ...] = ()
    order: float = 0.0
    tier: str = ""
    staged: bool = False
    source: Source = field(default=NOWHERE, compare=False)
    #: the directions were left out and the server filled them in (F1.10)
    directions_defaulted: bool = False
    #: the object that it was read from; None for a policy made by hand
    written: Written | None = field(default=None, compare=False, repr=False)

    @property
    def key(self) -> str:
        """`namespace/name`, or the bare name of a cluster-scoped policy."""
        return f"{self.namespace}/{self.name}" if self.namespace is not None else self.name

    @property
    def identity(self) -> tuple[str, str]:
        """What no two objects of a cluster share: kind and key."""
        return self.kind, self.key

    @property
    def in_force(self) -> "Policy":
        """The policy that a staged one would be; one that is not staged is itself."""
        if not self.staged:
            return self
        return replace(self, kind=IN_FORCE.get(self.kind, self.kind), staged=False)

    def rules_for(self, direction: Direction) -> tuple[Rule, ...]:
        """The rules of one direction, in the order of the file."""
        return tuple(rule for rule in self.rules if rule.direction is direction)


@dataclass(frozen=True, slots=True)
class Tier:
    """A stage in which policies of some kinds are judged together.

    `kinds` holds kinds, or `Kind/tier` for those policies of a kind that are in that tier.
    `default` is what a first-match tier does with connections that no rule matched. `orders` are
    those of kinds that have none of their own. `order` is the tier's own, where tiers have one.
    """

    name: str
    combine: Combination
    kinds: tuple[str, ...]
    default: Action = Action.PASS
    order: float = 0.0
    orders: tuple[tuple[str, float], ...] = ()
    #: whether it is open which of two policies of one order comes first (F1.48)
    ties_are_open: bool = False

    def holds(self, policy: Policy) -> bool:
        """Whether a policy is judged in this tier."""
        is_meant = policy.kind in self.kinds or f"{policy.kind}/{policy.tier}" in self.kinds
        return is_meant and not policy.staged

    def isolates(self, policy: Policy, direction: Direction) -> bool:
        """Whether the tier denies the policy's subject what no rule of the tier allows."""
        if self.combine is Combination.FIRST_MATCH:
            return self.default is Action.DENY and direction in policy.directions
        return direction in policy.isolates

    def order_of(self, policy: Policy) -> float:
        """Where a policy stands among those of the tier, the lowest first."""
        return dict(self.orders).get(policy.kind, policy.order)
