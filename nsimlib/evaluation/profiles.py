"""For each way in which pods are judged: which ends they may use, on which ports.

What the rules of a set of policies let through is worked out once for all pods to which just these
apply, as disjoint cells of ends. A worked example: two rules allow 443/TCP to A and B, and 80/TCP
to B and C. The cells are A with 443, B with both, C with 80; an end in no cell is denied all.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import cached_property
from typing import NamedTuple

from nsimlib.evaluation.allports import Judge, RuleMatch, ports_meant, union_of
from nsimlib.evaluation.bits import Bits, bits, nobody
from nsimlib.evaluation.classes import port_names
from nsimlib.evaluation.doubts import Doubt, family_doubts, protocol_doubts
from nsimlib.evaluation.engine import learned
from nsimlib.evaluation.faces import family_of
from nsimlib.evaluation.logic import Truth, any_of
from nsimlib.evaluation.matching import Side, match_subject, numbers_of, resolve_port
from nsimlib.evaluation.peersets import PeerSets
from nsimlib.evaluation.portatoms import PortAtoms
from nsimlib.evaluation.universe import Matching, Universe
from nsimlib.model.addresses import Family
from nsimlib.model.objects import ContainerPort, Party, Pod
from nsimlib.model.peers import DomainPeer
from nsimlib.model.policy import Combination, Direction, Policy, Rule
from nsimlib.model.ports import TRANSPORTS, PolicyPort, PortSet

__all__ = ["Cell", "Profiles", "grouped"]

#: names that a subject's enforcer learns addresses of; None if it needs none
Names = tuple[DomainPeer, ...] | None


class Cell(NamedTuple):
    """Ends that are treated alike: the ports that are allowed, and those that may be."""

    ends: Bits
    allowed: int
    possible: int


class Grant(NamedTuple):
    """What one rule means for some ends: whether its peers match them, and its ports there."""

    policy: Policy
    rule: Rule
    ends: Matching
    ports: PortSet


class Profiles:
    """Works out, and keeps, what sets of policies let through."""

    def __init__(self, universe: Universe, judge: Judge) -> None:
        self.universe, self.judge = universe, judge
        policies = universe.vocabulary
        self._peers = PeerSets(universe)
        self._port_names = {name for name, _ in port_names(policies)}
        self._named: dict[tuple[object, object], dict[PortSet, Bits]] = {}
        self._cells: dict[object, tuple[Cell, ...] | None] = {}
        self._kept: list[tuple[Policy, ...]] = []
        self.atoms = PortAtoms(self._all_ports())

    def knows(self, policy: Policy) -> bool:
        """Return whether a policy names nothing that would cut the universe's classes further."""
        ports = (port for rule in policy.rules for port in rule.all_ports)
        return self.universe.knows(policy) and all(
            port.port in self._port_names
            if isinstance(port.port, str)
            else self.atoms.fits(numbers_of(port, self.universe.profile))
            for port in ports
        )

    def _all_ports(self) -> Iterator[PortSet]:
        for policy in self.universe.vocabulary:
            for rule in policy.rules:
                for port in rule.all_ports:
                    yield numbers_of(port, self.universe.profile)
                    yield from self._means(port) if isinstance(port.port, str) else ()

    def cells(
        self, direction: Direction, policies: tuple[Policy, ...], subject: Pod
    ) -> tuple[Cell, ...] | None:
        """Return the cells of a subject to which these policies apply; None if it is free."""
        declared: tuple[ContainerPort, ...] = ()
        if direction is Direction.INGRESS:
            declared = tuple(port for port in subject.ports if port.name in self._port_names)
        node = subject.node if self._peers.by_node else None
        own = self._own(direction, policies, subject)
        key = direction, tuple(map(id, policies)), declared, node, own
        if key not in self._cells:
            # Policies are known by identity, which is theirs only as long as they are kept.
            self._kept.append(policies)
            self._cells[key] = self._work_out(direction, policies, subject)
        return self._cells[key]

    def _own(
        self, direction: Direction, policies: tuple[Policy, ...], subject: Pod
    ) -> tuple[Truth, ...]:
        """Whether the subject is what each rule asks of its policy's own end, if it asks at all."""
        profile = self.universe.profile
        side = Side(direction, subject, subject, (), profile)
        asked = (
            match_subject(rule, policy, side)
            for policy in policies
            for rule in policy.rules_for(direction)
            if rule.subject is not None
        )
        return tuple(any_of(check.matched for check in checks or ()) for checks in asked)

    def _work_out(
        self, direction: Direction, policies: tuple[Policy, ...], subject: Pod
    ) -> tuple[Cell, ...] | None:
        profile = self.universe.profile
        enforced = tuple(policy for policy in policies if profile.enforces(policy))
        if not enforced:
            return None
        asked = [tier for tier in profile.tiers if any(map(tier.holds, enforced))]
        names = learned(enforced, profile)
        grants = [
            grant
            for policy in enforced
            for rule in policy.rules_for(direction)
            for grant in self._grants(policy, rule, subject, names)
        ]
        adds_up = [tier.combine for tier in asked] == [Combination.UNION]
        if not adds_up or self._in_doubt:
            return tuple(self._through_tiers(direction, enforced, grants))
        if not any(asked[0].isolates(policy, direction) for policy in enforced):
            return None
        return tuple(_merged(self._added_up(grants)))

    def _added_up(self, grants: Iterable[Grant]) -> Iterator[Cell]:
        for grant in grants:
            mask = self.atoms.mask(grant.ports)
            yield Cell(grant.ends.sure, mask, mask)
            yield Cell(grant.ends.unsure, 0, mask)

    def _through_tiers(
        self, direction: Direction, policies: tuple[Policy, ...], grants: Iterable[Grant]
    ) -> Iterator[Cell]:
        """Ask the tiers once for all ends to which the same rules apply in the same way."""
        grants = tuple(grants)
        for doubts, everyone in self._by_doubt(direction):
            groups: list[tuple[Bits, tuple[RuleMatch, ...]]] = [(everyone, ())]
            for grant in grants:
                groups = list(_split(groups, grant))
            for ends, rules in groups:
                ports = self.judge.decide(direction, policies, rules, doubts)
                allowed = self.atoms.mask(ports.allowed)
                yield Cell(ends, allowed, allowed | self.atoms.mask(ports.open))

    @cached_property
    def _in_doubt(self) -> bool:
        """Whether the profile leaves open what becomes of a whole protocol or family."""
        by_protocol = (protocol_doubts(each, self.universe.profile) for each in TRANSPORTS)
        return any((*by_protocol, self._about_ipv6))

    @cached_property
    def _about_ipv6(self) -> tuple[Doubt, ...]:
        return family_doubts(Family.IPV6.everything.start, self.universe.profile)

    def _by_doubt(self, direction: Direction) -> Iterator[tuple[tuple[Doubt, ...], Bits]]:
        """The ends by what is open about the family of their addresses."""
        universe = self.universe
        everyone = bits(universe.ends(direction))
        if not self._about_ipv6:
            yield (), everyone
            return
        families = [
            *map(family_of, universe.faces),
            *(p.family for p in universe.pieces[direction]),
        ]
        ipv6 = bits(n for n, family in enumerate(families) if family is Family.IPV6)
        yield self._about_ipv6, ipv6
        yield (), everyone - ipv6

    def _grants(self, policy: Policy, rule: Rule, subject: Pod, names: Names) -> Iterator[Grant]:
        side = Side(rule.direction, subject, subject, (), self.universe.profile, names)
        checks = match_subject(rule, policy, side)
        own = True if checks is None else any_of(check.matched for check in checks)
        if own is False:
            return
        ends = self._peers.of(policy, rule, side)
        if own is None:
            ends = Matching(nobody(), ends.sure | ends.unsure)
        if rule.direction is Direction.INGRESS or not _by_name(rule):
            yield Grant(policy, rule, ends, ports_meant(rule, side))
        elif rule.except_ports:
            for those, party in self._by_declared(ends):
                at_party = replace(side, peer=party)
                yield Grant(policy, rule, those, ports_meant(rule, at_party))
        else:
            for those, ports in self._by_destination(rule.ports or (), ends):
                yield Grant(policy, rule, those, ports)

    def _by_declared(self, ends: Matching) -> Iterator[tuple[Matching, Party]]:
        """The ends by the ports they declare, each part with one of them that speaks for it."""
        behind = len(self.universe.faces)
        parts: dict[object, list[int]] = {}
        for number in ends.sure | ends.unsure:
            pod = self.universe.faces[number].pod if number < behind else None
            named = pod and tuple(port for port in pod.ports if port.name in self._port_names)
            parts.setdefault(named or None, []).append(number)
        for numbers in parts.values():
            those, first = bits(numbers), numbers[0]
            external = self.universe.external(Direction.EGRESS, first) if first >= behind else None
            party = external or self.universe.faces[first].pod
            yield Matching(ends.sure & those, ends.unsure & those), party

    def _by_destination(
        self, ports: tuple[PolicyPort, ...], ends: Matching
    ) -> Iterator[tuple[Matching, PortSet]]:
        """A port's name means what the destination says, so one rule may mean many things."""
        numbers = union_of(numbers_of(port, self.universe.profile) for port in ports)
        rest = ends
        meanings: list[tuple[Matching, PortSet]] = []
        for port in ports:
            if isinstance(port.port, str):
                meanings += [
                    (Matching(ends.sure & faces, ends.unsure & faces), meant)
                    for meant, faces in self._means(port).items()
                ]
        yield rest, numbers
        yield from meanings

    def _means(self, port: PolicyPort) -> dict[PortSet, Bits]:
        """What a port's name means, and on which faces."""
        key = port.port, port.protocol
        if key not in self._named:
            found: dict[PortSet, list[int]] = {}
            for number, face in enumerate(self.universe.faces):
                if meant := resolve_port(port, face.pod, self.universe.profile):
                    found.setdefault(meant, []).append(number)
            self._named[key] = {meant: bits(faces) for meant, faces in found.items()}
        return self._named[key]


def _by_name(rule: Rule) -> bool:
    """Whether what the rule's ports mean depends on the destination."""
    return any(isinstance(port.port, str) for port in rule.all_ports)


def _split(
    groups: Iterable[tuple[Bits, tuple[RuleMatch, ...]]], grant: Grant
) -> Iterator[tuple[Bits, tuple[RuleMatch, ...]]]:
    for ends, rules in groups:
        for truth, matching in ((True, grant.ends.sure), (None, grant.ends.unsure)):
            if those := ends & matching:
                match = RuleMatch(grant.policy, grant.rule, truth, grant.ports)
                yield those, (*rules, match)
        if rest := ends - grant.ends.sure - grant.ends.unsure:
            yield rest, rules


def _merged(cells: Iterable[Cell]) -> list[Cell]:
    """Return disjoint cells that together say what these say, laid over one another."""
    apart: list[Cell] = []
    for cell in cells:
        apart = list(_laid_over(apart, cell))
    return grouped(apart)


def grouped(cells: Iterable[Cell]) -> list[Cell]:
    """Return disjoint cells with those that have equal ports made one."""
    by_ports: dict[tuple[int, int], Bits] = {}
    for ends, allowed, possible in cells:
        key = allowed, possible
        by_ports[key] = by_ports[key] | ends if key in by_ports else ends
    return [Cell(ends, *ports) for ports, ends in by_ports.items()]


def _laid_over(apart: Iterable[Cell], new: Cell) -> Iterator[Cell]:
    rest = new.ends
    for cell in apart:
        both = cell.ends & rest if rest else nobody()
        if not both:
            yield cell
            continue
        rest = rest - both
        if alone := cell.ends - both:
            yield Cell(alone, cell.allowed, cell.possible)
        yield Cell(both, cell.allowed | new.allowed, cell.possible | new.possible)
    if rest and new.possible:
        yield Cell(rest, new.allowed, new.possible)
