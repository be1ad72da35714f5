"""For each way in which pods are judged: which ends they may use, on which ports.

What the rules of a set of policies let through is worked out once for all pods to which just these
apply, as disjoint cells of ends. A worked example: two rules allow 443/TCP to A and B, and 80/TCP
to B and C. The cells are A with 443, B with both, C with 80; an end in no cell is denied all.
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from nsimlib.evaluation.allports import Judge, RuleMatch, union_of
from nsimlib.evaluation.bits import Bits, bits, nobody
from nsimlib.evaluation.classes import names_nodes, port_names
from nsimlib.evaluation.matching import Side, match_peer, resolve_port
from nsimlib.evaluation.portatoms import PortAtoms
from nsimlib.evaluation.universe import Matching, Universe
from nsimlib.model.objects import ContainerPort, Pod
from nsimlib.model.policy import BlockPeer, Combination, Direction, Peer, PodPeer, Policy, Rule
from nsimlib.model.ports import ALL_PORTS, PolicyPort, PortSet

__all__ = ["Cell", "Profiles", "grouped"]


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
        self._by_node = names_nodes(policies)
        self._port_names = {name for name, _ in port_names(policies)}
        self._peers: dict[object, Matching] = {}
        self._named: dict[tuple[object, object], dict[PortSet, Bits]] = {}
        self._cells: dict[object, tuple[Cell, ...] | None] = {}
        self._kept: list[tuple[Policy, ...]] = []
        self.atoms = PortAtoms(self._all_ports())

    def knows(self, policy: Policy) -> bool:
        """Return whether a policy names nothing that would cut the universe's classes further."""
        ports = (port for rule in policy.rules for port in rule.ports or ())
        return self.universe.knows(policy) and all(
            port.port in self._port_names
            if isinstance(port.port, str)
            else self.atoms.fits(port.numbers())
            for port in ports
        )

    def _all_ports(self) -> Iterator[PortSet]:
        for policy in self.universe.vocabulary:
            for rule in policy.rules:
                for port in rule.ports or ():
                    yield port.numbers()
                    yield from self._means(port) if isinstance(port.port, str) else ()

    def cells(
        self, direction: Direction, policies: tuple[Policy, ...], subject: Pod
    ) -> tuple[Cell, ...] | None:
        """Return the cells of a subject to which these policies apply; None if it is free."""
        declared: tuple[ContainerPort, ...] = ()
        if direction is Direction.INGRESS:
            declared = tuple(port for port in subject.ports if port.name in self._port_names)
        node = subject.node if self._by_node else None
        key = direction, tuple(map(id, policies)), declared, node
        if key not in self._cells:
            # Policies are known by identity, which is theirs only as long as they are kept.
            self._kept.append(policies)
            self._cells[key] = self._work_out(direction, policies, subject)
        return self._cells[key]

    def _work_out(
        self, direction: Direction, policies: tuple[Policy, ...], subject: Pod
    ) -> tuple[Cell, ...] | None:
        asked = [
            tier
            for tier in self.universe.profile.tiers
            if any(policy.kind in tier.kinds for policy in policies)
        ]
        enforced = tuple(
            policy for policy in policies if any(policy.kind in tier.kinds for tier in asked)
        )
        if not enforced:
            return None
        grants = [
            grant
            for policy in enforced
            for rule in policy.rules_for(direction)
            for grant in self._grants(policy, rule, subject)
        ]
        if [tier.combine for tier in asked] != [Combination.UNION]:
            return tuple(self._through_tiers(direction, enforced, grants))
        if not any(direction in policy.isolates for policy in enforced):
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
        everyone = bits(self.universe.ends(direction))
        groups: list[tuple[Bits, tuple[RuleMatch, ...]]] = [(everyone, ())]
        for grant in grants:
            groups = list(_split(groups, grant))
        for ends, rules in groups:
            ports = self.judge.decide(direction, policies, rules)
            allowed = self.atoms.mask(ports.allowed)
            yield Cell(ends, allowed, allowed | self.atoms.mask(ports.open))

    def _grants(self, policy: Policy, rule: Rule, subject: Pod) -> Iterator[Grant]:
        ends = self._matching(policy, rule, subject)
        if rule.ports is None:
            yield Grant(policy, rule, ends, ALL_PORTS)
        elif rule.direction is Direction.INGRESS:
            profile = self.universe.profile
            ports = union_of(resolve_port(port, subject, profile) for port in rule.ports)
            yield Grant(policy, rule, ends, ports)
        else:
            for those, ports in self._by_destination(rule.ports, ends):
                yield Grant(policy, rule, those, ports)

    def _by_destination(
        self, ports: tuple[PolicyPort, ...], ends: Matching
    ) -> Iterator[tuple[Matching, PortSet]]:
        """A port's name means what the destination says, so one rule may mean many things."""
        numbers = union_of(port.numbers() for port in ports)
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

    def _matching(self, policy: Policy, rule: Rule, subject: Pod) -> Matching:
        if rule.peers is None:
            return Matching(bits(self.universe.ends(rule.direction)), nobody())
        key = id(rule), subject.node if self._by_node else None
        if key not in self._peers:
            found = Matching(nobody(), nobody())
            for peer in rule.peers:
                found = found.also(self._by_peer(policy, rule.direction, peer, subject))
            self._peers[key] = found
        return self._peers[key]

    def _by_peer(self, policy: Policy, direction: Direction, peer: Peer, subject: Pod) -> Matching:
        if isinstance(peer, PodPeer | BlockPeer):
            return self.universe.matching(peer, policy.namespace, direction)
        truths = {
            number: match_peer(peer, policy, side).matched
            for number, side in self._sides(direction, subject)
        }
        sure, unsure = (
            bits(n for n, truth in truths.items() if truth is wanted) for wanted in (True, None)
        )
        return Matching(sure, unsure)

    def _sides(self, direction: Direction, subject: Pod) -> Iterator[tuple[int, Side]]:
        universe = self.universe
        for number, face in enumerate(universe.faces):
            known = () if face.address is None else (face.address,)
            yield number, Side(direction, subject, face.pod, known, universe.profile)
        for number in universe.ends(direction)[len(universe.faces) :]:
            external = universe.external(direction, number)
            yield number, Side(direction, subject, external, external.addresses, universe.profile)


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
