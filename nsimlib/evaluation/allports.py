"""From one end to another on all ports at once: which are allowed, and which are open questions."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from nsimlib.cni.profile import Profile
from nsimlib.evaluation.combination import Outcome, combine
from nsimlib.evaluation.doubts import Doubt, end_doubts, family_doubts, protocol_doubts
from nsimlib.evaluation.ends import address_pairs
from nsimlib.evaluation.engine import applies, learned
from nsimlib.evaluation.exemptions import exemption_of
from nsimlib.evaluation.logic import Truth, all_of, any_of
from nsimlib.evaluation.matching import Side, match_peer, match_subject, node_of, resolve_port
from nsimlib.model.addresses import Address
from nsimlib.model.objects import Party, Pod
from nsimlib.model.policy import Direction, Policy, Rule
from nsimlib.model.ports import (
    ALL_PORTS,
    MAX_PORT,
    NO_PORTS,
    TRANSPORTS,
    PolicyPort,
    Port,
    PortSet,
    Protocol,
)

__all__ = ["Judge", "Ports", "ports_meant", "union_of"]


@dataclass(frozen=True, slots=True)
class Ports:
    """What a pair of ends may use: `allowed` surely, `open` if a fact is missing, else nothing."""

    allowed: PortSet
    open: PortSet = NO_PORTS

    def also(self, other: "Ports") -> "Ports":
        """What is left when another end has its say too."""
        allowed = self.allowed & other.allowed
        possible = (self.allowed | self.open) & (other.allowed | other.open)
        return Ports(allowed, possible - allowed)

    def either(self, other: "Ports") -> "Ports":
        """What at least one of two pairs may use."""
        allowed = self.allowed | other.allowed
        return Ports(allowed, (self.open | other.open) - allowed)

    def wherever(self, other: "Ports") -> "Ports":
        """What is known when it is open which of two ways is taken: sure is what both agree on."""
        allowed = self.allowed & other.allowed
        possible = self.allowed | self.open | other.allowed | other.open
        return Ports(allowed, possible - allowed)

    def outcome(self, port: Port) -> Outcome:
        """The outcome for one port."""
        if port in self.allowed:
            return Outcome.ALLOWED
        return Outcome.UNDETERMINED if port in self.open else Outcome.DENIED


EVERYTHING = Ports(ALL_PORTS)


@dataclass(frozen=True, slots=True)
class RuleMatch:
    """A rule whose peers are known to match, or may match, and the ports it means here."""

    policy: Policy
    rule: Rule
    peers: Truth
    ports: PortSet
    matched: Truth = False

    def at(self, port: Port) -> "RuleMatch":
        """The rule as it stands for one port."""
        matched = all_of((self.peers, port in self.ports))
        return RuleMatch(self.policy, self.rule, self.peers, self.ports, matched)


class Judge:
    """Judges pairs of ends under one profile, and remembers what it found for rules and ports."""

    def __init__(self, policies: Iterable[Policy], profile: Profile) -> None:
        self.policies, self.profile = tuple(policies), profile
        self._applying: dict[tuple[Pod, Direction], tuple[Policy, ...]] = {}
        self._matching: dict[object, Truth] = {}
        self._decided: dict[object, Ports] = {}

    def between(self, source: Party, destination: Party) -> Ports:
        """Return what both ends let through; where address families differ, that is open."""
        found = None
        for ours, theirs in address_pairs(source, destination):
            ports = self._end(Direction.EGRESS, source, destination, theirs)
            ports = ports.also(self._end(Direction.INGRESS, destination, source, ours))
            found = ports if found is None else found.wherever(ports)
        return EVERYTHING if found is None else found

    def _end(
        self, direction: Direction, subject: Party, peer: Party, address: Address | None
    ) -> Ports:
        if exemption_of(subject, peer, direction, self.profile) or not isinstance(subject, Pod):
            return EVERYTHING
        policies = self._policies(subject, direction)
        if not policies:
            return EVERYTHING
        addresses = () if address is None else (address,)
        names = learned(policies, self.profile)
        side = Side(direction, subject, peer, addresses, self.profile, names)
        rules = tuple(self._rules(policies, side))
        doubts = end_doubts(subject, peer, direction, self.profile)
        doubts += family_doubts(address, self.profile)
        return self._decide(direction, policies, rules, doubts)

    def _policies(self, subject: Pod, direction: Direction) -> tuple[Policy, ...]:
        key = subject, direction
        if key not in self._applying:
            self._applying[key] = tuple(
                policy
                for policy in self.policies
                if applies(policy, subject, direction) and self.profile.enforces(policy)
            )
        return self._applying[key]

    def _rules(self, policies: Sequence[Policy], side: Side) -> Iterator[RuleMatch]:
        for policy in policies:
            for rule in policy.rules_for(side.direction):
                peers = all_of((self._peers_match(policy, rule, side), _own(policy, rule, side)))
                if peers is not False:
                    yield RuleMatch(policy, rule, peers, ports_meant(rule, side))

    def _peers_match(self, policy: Policy, rule: Rule, side: Side) -> Truth:
        """Whether the rule's peers match; of the subject only its node can matter."""
        if rule.peers is None:
            return True
        key = id(rule), side.peer, side.addresses, node_of(side.subject), side.learned
        if key not in self._matching:
            checks = (match_peer(peer, policy, side).matched for peer in rule.peers)
            self._matching[key] = any_of(checks)
        return self._matching[key]

    def _decide(
        self,
        direction: Direction,
        policies: tuple[Policy, ...],
        rules: tuple[RuleMatch, ...],
        doubts: tuple[Doubt, ...] = (),
    ) -> Ports:
        """Return what the tiers let through, given how each rule matches.

        `doubts` are questions that are open about these ends, on every port.
        """
        remembered = tuple((id(r.rule), r.peers, r.ports) for r in rules)
        key = (
            direction,
            tuple(map(id, policies)),
            remembered,
            tuple(each.question for each in doubts),
        )
        if key not in self._decided:
            self._decided[key] = self._ask_tiers(direction, policies, rules, doubts)
        return self._decided[key]

    def _ask_tiers(
        self,
        direction: Direction,
        policies: tuple[Policy, ...],
        rules: tuple[RuleMatch, ...],
        doubts: tuple[Doubt, ...],
    ) -> Ports:
        found: dict[Outcome, list[PortSet]] = {outcome: [] for outcome in Outcome}
        for piece, port in _pieces(rules):
            at_port = tuple(rule.at(port) for rule in rules)
            open_here = (*doubts, *protocol_doubts(port.protocol, self.profile))
            found[self._outcome(direction, policies, at_port, open_here)].append(piece)
        return Ports(union_of(found[Outcome.ALLOWED]), union_of(found[Outcome.UNDETERMINED]))

    def _outcome(
        self,
        direction: Direction,
        policies: tuple[Policy, ...],
        rules: tuple[RuleMatch, ...],
        doubts: tuple[Doubt, ...],
    ) -> Outcome:
        for tier in self.profile.tiers:
            of_tier = tuple(policy for policy in policies if tier.holds(policy))
            its_rules = [rule for rule in rules if tier.holds(rule.policy)]
            decided = combine(tier, direction, of_tier, its_rules).outcome
            if decided is not None:
                is_open = any(doubt.overturns(tier, decided) for doubt in doubts)
                return Outcome.UNDETERMINED if is_open else decided
        return Outcome.ALLOWED


def _own(policy: Policy, rule: Rule, side: Side) -> Truth:
    checks = match_subject(rule, policy, side)
    return True if checks is None else any_of(check.matched for check in checks)


def ports_meant(rule: Rule, side: Side) -> PortSet:
    """Return the ports that a rule means at the destination, those it excepts taken out."""
    meant = ALL_PORTS if rule.ports is None else _union_meant(rule.ports, side)
    return meant - _union_meant(rule.except_ports, side) if rule.except_ports else meant


def _union_meant(ports: tuple[PolicyPort, ...], side: Side) -> PortSet:
    return union_of(resolve_port(port, side.destination, side.profile) for port in ports)


def union_of(sets: Iterable[PortSet]) -> PortSet:
    """Return the ports that are in any of the sets."""
    spans: dict[Protocol, list[tuple[int, int]]] = {protocol: [] for protocol in TRANSPORTS}
    for ports in sets:
        for protocol, span in ports:
            spans[protocol].append(span)
    return PortSet(spans)


def _pieces(rules: Iterable[RuleMatch]) -> Iterator[tuple[PortSet, Port]]:
    """Yield all ports in pieces that no rule's ports cut, each with a port that speaks for it."""
    edges: dict[Protocol, set[int]] = {protocol: {1, MAX_PORT + 1} for protocol in TRANSPORTS}
    for rule in rules:
        for protocol, (first, last) in rule.ports:
            edges[protocol].update((first, last + 1))
    for protocol, starts in edges.items():
        for first, following in pairwise(sorted(starts)):
            yield PortSet({protocol: ((first, following - 1),)}), Port(first, protocol)
