"""The policy map of a pod under Cilium: what its rules become, and how a packet is looked up.

A key is direction, identity, protocol and the first bits of a port. A worked example: the ports 80
to 83 of TCP, to anybody, are one key with 14 bits of 80. A packet to port 81 is looked up twice,
once for its own identity and once for anybody; of each the longest prefix is found, and of the two
a denial wins, then the longer prefix, then the one for the identity (F3.39).
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import Enum

from nsimlib.cni.profile import Profile, load_profile
from nsimlib.datapath.cilium_identities import ANY, Identities, Identity
from nsimlib.datapath.ruleset import Origin
from nsimlib.errors import UnknownName
from nsimlib.evaluation.combination import Outcome
from nsimlib.evaluation.ends import parties
from nsimlib.evaluation.engine import applies, learned
from nsimlib.evaluation.matching import Side, match_peer, resolve_port
from nsimlib.model.cluster import Cluster
from nsimlib.model.connection import parse_end
from nsimlib.model.objects import Node, Party, Pod
from nsimlib.model.policy import Action, Direction, Policy, Rule
from nsimlib.model.ports import PolicyPort, Port, Protocol
from nsimlib.model.shown import Shown

__all__ = ["Key", "Lookup", "MatchType", "PolicyMap", "map_of", "policy_map", "prefixes"]

PORT_BITS = 16
ANYBODY = Identity(ANY, "anybody", Node(""))


class MatchType(Enum):
    """What of a packet decided, in Cilium's words (F3.40)."""

    L3_L4 = "L3_L4"
    L3_PROTO = "L3_PROTO"
    L3_ONLY = "L3_ONLY"
    L4_ONLY = "L4_ONLY"
    PROTO_ONLY = "PROTO_ONLY"
    ALL = "ALL"
    NONE = "NONE"


def prefixes(first: int, last: int) -> Iterator[tuple[int, int]]:
    """Yield the ports from first to last as values and numbers of leading bits (F3.38).

    >>> list(prefixes(80, 83)), list(prefixes(443, 445))
    ([(80, 14)], [(443, 16), (444, 15)])
    """
    while first <= last:
        size = first & -first or 1 << PORT_BITS
        while first + size - 1 > last:
            size >>= 1
        yield first, PORT_BITS - size.bit_length() + 1
        first += size


@dataclass(frozen=True, slots=True, repr=False)
class Key:
    """One entry of the map; `protocol` None and `bits` 0 mean any (F3.38)."""

    direction: Direction
    identity: int
    protocol: Protocol | None
    port: int
    bits: int
    deny: bool
    origin: Origin

    @property
    def length(self) -> int:
        """How much of protocol and port it names, in bits."""
        return 0 if self.protocol is None else 8 + self.bits

    def covers(self, protocol: Protocol | None, port: int, bits: int = PORT_BITS) -> bool:
        """Whether it names this protocol and port, or all ports with these first bits."""
        if self.protocol is None:
            return True
        hidden = PORT_BITS - self.bits
        same = port >> hidden == self.port >> hidden
        return self.protocol is protocol and bits >= self.bits and same

    @property
    def match_type(self) -> MatchType:
        """What a packet had to have."""
        kinds = (MatchType.L3_ONLY, MatchType.L3_PROTO, MatchType.L3_L4)
        if self.identity == ANY:
            kinds = (MatchType.ALL, MatchType.PROTO_ONLY, MatchType.L4_ONLY)
        return kinds[0 if self.protocol is None else 2 if self.bits else 1]

    def __str__(self) -> str:
        action = "Deny" if self.deny else "Allow"
        protocol = self.protocol.value if self.protocol else "ANY"
        port = f"{self.port}/{protocol}" if self.bits else protocol
        length = f" ({self.bits} bits)" if 0 < self.bits < PORT_BITS else ""
        return f"{action} {self.direction.value} {self.identity} {port}{length}"

    __repr__ = __str__


@dataclass(frozen=True, slots=True, repr=False)
class Lookup(Shown):
    """What was found for a packet: under its own identity, and for anybody."""

    identity: Identity
    own: Key | None
    anybody: Key | None
    enforced: bool

    @property
    def chosen(self) -> Key | None:
        """The one that decides."""
        found = [key for key in (self.own, self.anybody) if key is not None]
        return max(found, key=lambda key: (key.deny, key.length), default=None)

    @property
    def outcome(self) -> Outcome:
        """Without an entry, the packet is dropped if the direction is enforced.

        A denial holds where nothing else is denied, too (F3.2).
        """
        if self.chosen is None:
            return Outcome.DENIED if self.enforced else Outcome.ALLOWED
        return Outcome.DENIED if self.chosen.deny else Outcome.ALLOWED

    @property
    def match_type(self) -> MatchType:
        """What of the packet decided."""
        return self.chosen.match_type if self.chosen else MatchType.NONE


@dataclass(frozen=True, repr=False)
class PolicyMap(Shown):
    """The keys of one pod; `enforced` are the directions in which what has no key is dropped."""

    pod: Pod
    keys: tuple[Key, ...]
    enforced: frozenset[Direction]
    identities: Identities

    def lookup(self, direction: Direction, peer: Party, port: Port) -> Lookup:
        """Return what is found for a new connection with a peer; its port is the destination's."""
        identity = self.identities.of(peer)
        own, anybody = (self._longest(direction, number, port) for number in (identity.number, ANY))
        return Lookup(identity, own, anybody, direction in self.enforced)

    def _longest(self, direction: Direction, identity: int, port: Port) -> Key | None:
        found = [
            key
            for key in self.keys
            if (key.direction, key.identity) == (direction, identity)
            and key.covers(port.protocol, port.number)
        ]
        return max(found, key=lambda key: (key.length, key.deny), default=None)


def policy_map(cluster: Cluster, pod: str) -> PolicyMap:
    """Return the policy map of a pod; of a workload that of the first pod.

    Named ports are those of the pod that stands for its identity.

    Raises
    ------
    UnknownName
        If there is no such pod.

    Examples
    --------
    >>> import nsimlib as ns
    >>> web = policy_map(ns.scenario("shop"), "shop/web")
    >>> [key for key in web.keys if key.origin.path == "spec.egress[2]"]
    [Allow Egress 257 8080/TCP]
    """
    found = parties(cluster, parse_end(pod))[0]
    if not isinstance(found, Pod):
        raise UnknownName("pod", pod, (each.key for each in cluster.pods))
    return map_of(found, cluster, load_profile("cilium").within(cluster))


def map_of(pod: Pod, cluster: Cluster, profile: Profile) -> PolicyMap:
    """Return the policy map of a pod under Cilium's profile."""
    identities = Identities(cluster.resolved, pod, profile)
    keys = tuple(dict.fromkeys(_keys(identities, profile)))
    enforced = frozenset(
        direction
        for direction in Direction
        for policy in _applying(identities, profile, direction)
        if profile.isolates(policy, direction)
    )
    return PolicyMap(pod, tuple(_effective(keys)), enforced, identities)


def _applying(of: Identities, profile: Profile, direction: Direction) -> list[Policy]:
    return [
        policy
        for policy in of.cluster.policies
        if applies(policy, of.pod, direction) and profile.enforces(policy)
    ]


def _keys(of: Identities, profile: Profile) -> Iterator[Key]:
    for direction in Direction:
        policies = _applying(of, profile, direction)
        names = learned(policies, profile)
        for policy in policies:
            for rule in policy.rules_for(direction):
                origin = Origin(policy, direction, rule)
                for identity in (ANYBODY,) if _is_for_anybody(rule) else of:
                    party = of.pod if identity is ANYBODY else identity.party
                    side = Side(direction, of.pod, party, party.addresses[:1], profile, names)
                    if _meant(rule, policy, side):
                        yield from _of_ports(rule, origin, side, identity.number)


def _is_for_anybody(rule: Rule) -> bool:
    """Whether one key for all identities will do; a port's name means another port at each."""
    outward = rule.direction is Direction.EGRESS
    by_name = any(isinstance(port.port, str) for port in rule.all_ports)
    return rule.peers is None and not (outward and by_name)


def _meant(rule: Rule, policy: Policy, side: Side) -> bool:
    if rule.peers is None:
        return True
    return any(match_peer(peer, policy, side).matched for peer in rule.peers)


def _of_ports(rule: Rule, origin: Origin, side: Side, identity: int) -> Iterator[Key]:
    deny = rule.action is Action.DENY
    if rule.ports is None:
        yield Key(rule.direction, identity, None, 0, 0, deny, origin)
    for port in rule.ports or ():
        for protocol, first, bits in _port_keys(port, side):
            yield Key(rule.direction, identity, protocol, first, bits, deny, origin)


def _port_keys(port: PolicyPort, side: Side) -> Iterator[tuple[Protocol, int, int]]:
    if port.protocol is not None and not port.protocol.has_ports:
        bits = 0 if port.port is None else PORT_BITS
        yield port.protocol, int(port.port or 0), bits
        return
    for protocol, (first, last) in resolve_port(port, side.destination, side.profile):
        # Port 0 is no port, and with it a protocol is whole.
        whole = (first, last) == (1, (1 << PORT_BITS) - 1)
        for value, bits in [(0, 0)] if whole else prefixes(first, last):
            yield protocol, value, bits


def _effective(keys: Iterable[Key]) -> Iterator[Key]:
    """The keys without those that a denial for the same identity covers: it wins anyway (F3.3)."""
    keys = tuple(keys)
    denials = [key for key in keys if key.deny]
    for key in keys:
        same = (d for d in denials if (d.direction, d.identity) == (key.direction, key.identity))
        covered = any(each.covers(key.protocol, key.port, key.bits) for each in same)
        if key.deny or not covered:
            yield key
