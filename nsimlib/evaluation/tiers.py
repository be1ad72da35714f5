"""The policies of each tier as steps to be graded: in which order, and with which default.

A tier is cut into parts, and policies of the whole cluster and those of a namespace never share
one: what the former say is worked out once for all pods to which the same of them apply.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from functools import cached_property
from itertools import groupby
from typing import NamedTuple

from nsimlib.evaluation.bits import Bits, bits, nobody
from nsimlib.evaluation.combination import Outcome, place_in
from nsimlib.evaluation.doubts import family_doubts, protocol_doubts
from nsimlib.evaluation.engine import learned
from nsimlib.evaluation.faces import family_of
from nsimlib.evaluation.grading import Chain, Grade, Stage, Step, graded
from nsimlib.evaluation.grants import Grants, Names
from nsimlib.evaluation.marks import Marked, Scale, merged
from nsimlib.evaluation.portatoms import PortAtoms
from nsimlib.evaluation.universe import Matching, Universe
from nsimlib.model.addresses import Family
from nsimlib.model.objects import Pod
from nsimlib.model.policy import Action, Combination, Direction, Policy, Tier
from nsimlib.model.ports import MAX_PORT, TRANSPORTS, PortSet, Protocol

__all__ = ["Tiers"]

ALLOW, DENY, PASS = Action.ALLOW, Action.DENY, Action.PASS
Policies = tuple[Policy, ...]


class Placed(NamedTuple):
    """A policy, the tiers in which it is judged, and where it comes there.

    Policies are known by their identity, which is theirs only as long as they are kept.
    """

    policy: Policy
    places: dict[int, tuple[float, str] | None]
    only_allows: bool


class Asked(NamedTuple):
    """For whom policies are graded."""

    direction: Direction
    subject: Pod
    names: Names


class Part(NamedTuple):
    """Policies of a tier that are judged together, and what of them counts."""

    tier: Tier
    policies: Policies
    actions: tuple[Action, ...] = (ALLOW, DENY, PASS)
    #: whether it counts what only may match
    unsure: bool = True


class Tiers:
    """Grades what policies make of all ends, and keeps what pods have in common."""

    def __init__(self, universe: Universe, grants: Grants, atoms: PortAtoms) -> None:
        self.universe, self.profile, self.grants = universe, universe.profile, grants
        self.atoms, self.scale = atoms, Scale(atoms.everything)
        self._known: dict[int, Placed] = {}
        self._chains: dict[tuple[Stage, ...], Chain] = {}
        self._shared: dict[object, Grade] = {}

    def graded(
        self, direction: Direction, policies: Policies, subject: Pod
    ) -> tuple[list[Marked], int] | None:
        """Return what comes of it when all tiers are asked; None where none has a say.

        These are disjoint cells of ends, and the marks of all ends that are in none.
        """
        by_tier = self._by_tier(policies)
        enforced = (policy for of_tier in by_tier.values() for policy in of_tier)
        asked = Asked(direction, subject, learned(enforced, self.profile))
        if self._adds_up(by_tier, direction):
            ((number, of_tier),) = by_tier.items()
            return self._cells(Part(self.profile.tiers[number], of_tier, (ALLOW,)), asked), 0
        if not by_tier:
            return None
        stages: list[Stage] = []
        parts: list[Part] = []
        for number, of_tier in sorted(by_tier.items()):
            tier = self.profile.tiers[number]
            default = _default_of(tier, of_tier, direction)
            of_stage = _parts(tier, of_tier, default)
            stages.append(Stage(len(of_stage), default, self._doubted_ports[number]))
            parts += of_stage
        return self._through(tuple(stages), list(enumerate(parts)), asked)

    def _through(
        self, stages: tuple[Stage, ...], parts: list[tuple[int, Part]], asked: Asked
    ) -> tuple[list[Marked], int]:
        """Lay what only this subject's policies say over what it has in common with others."""
        common = [(place, part) for place, part in parts if _is_common(part)]
        policies = [policy for _, part in common for policy in part.policies]
        about = self.grants.depends_on(asked.direction, policies, asked.subject, asked.names)
        what = tuple((n, id(part.tier), *map(id, part.policies)) for n, part in common)
        key = asked.direction, stages, what, about
        if key not in self._shared:
            chain = self._chains.setdefault(stages, Chain(self.scale, stages))
            doubted = chain.in_doubt(self._doubted[asked.direction])
            self._shared[key] = Grade(chain, (doubted, *self._placed_cells(chain, common, asked)))
        grade = self._shared[key]
        own = [(place, part) for place, part in parts if not _is_common(part)]
        if not own:
            return grade.cells, grade.rest
        return grade.with_own(merged(self._placed_cells(grade.chain, own, asked))), grade.rest

    def _placed_cells(
        self, chain: Chain, parts: Iterable[tuple[int, Part]], asked: Asked
    ) -> Iterator[Marked]:
        for place, part in parts:
            yield from chain.placed(place, self._cells(part, asked))

    def _cells(self, part: Part, asked: Asked) -> list[Marked]:
        """What the rules of a part make of the ends."""
        steps = list(self._steps(part, asked))
        return graded(self.scale, steps, ties_are_open=part.tier.ties_are_open)

    def _steps(self, part: Part, asked: Asked) -> Iterator[Step]:
        direction, subject, names = asked
        for policy in part.policies:
            order = part.tier.order_of(policy) if part.tier.ties_are_open else 0.0
            for _, rule, ends, ports in self.grants.of(direction, policy, subject, names):
                if rule.action in part.actions:
                    those = ends if part.unsure else Matching(ends.sure, nobody())
                    yield Step(rule.action, those, self.atoms.mask(ports), order, policy.key)

    def _adds_up(self, by_tier: dict[int, Policies], direction: Direction) -> bool:
        """Whether rules have but to be added up: one tier, all rules allow, the rest is denied."""
        if len(by_tier) != 1 or self._is_in_doubt:
            return False
        ((number, policies),) = by_tier.items()
        default = _default_of(self.profile.tiers[number], policies, direction)
        return default is DENY and all(self._known[id(each)].only_allows for each in policies)

    def _by_tier(self, policies: Policies) -> dict[int, Policies]:
        """The policies by the tiers that hold them, in their order."""
        found: dict[int, list[Policy]] = defaultdict(list)
        for policy in policies:
            placed = self._known.get(id(policy)) or self._placed(policy)
            for number in placed.places:
                found[number].append(policy)
        for number, of_tier in found.items():
            if _is_ordered(self.profile.tiers[number]):
                of_tier.sort(key=lambda policy: self._known[id(policy)].places[number] or ())
        return {number: tuple(of_tier) for number, of_tier in found.items()}

    def _placed(self, policy: Policy) -> Placed:
        tiers = enumerate(self.profile.tiers if self.profile.enforces(policy) else ())
        places = {
            number: place_in(tier, policy) if _is_ordered(tier) else None
            for number, tier in tiers
            if tier.holds(policy)
        }
        only_allows = all(rule.action is ALLOW for rule in policy.rules)
        self._known[id(policy)] = placed = Placed(policy, places, only_allows)
        return placed

    @cached_property
    def _is_in_doubt(self) -> bool:
        """Whether what is decided may be otherwise, for some port or some end."""
        return any((*self._doubted_ports, *self._doubted.values()))

    @cached_property
    def _doubted_ports(self) -> list[int]:
        """For each tier the ports of which it is open whether policy treats them as written."""
        return [
            self.atoms.mask(PortSet(dict.fromkeys(self._doubted_by(tier), ((1, MAX_PORT),))))
            for tier in self.profile.tiers
        ]

    def _doubted_by(self, tier: Tier) -> Iterator[Protocol]:
        for protocol in TRANSPORTS:
            doubts = protocol_doubts(protocol, self.profile)
            if any(doubt.overturns(tier, Outcome.DENIED) for doubt in doubts):
                yield protocol

    @cached_property
    def _doubted(self) -> dict[Direction, Bits]:
        """The ends with an address of a family of which the same is open."""
        families = {f for f in Family if family_doubts(f.everything.start, self.profile)}
        return {d: bits(self._of_families(d, families)) for d in Direction}

    def _of_families(self, direction: Direction, families: set[Family]) -> Iterator[int]:
        pieces = self.universe.pieces[direction] if families else ()
        faces = self.universe.faces if families else ()
        found = (*map(family_of, faces), *(piece.family for piece in pieces))
        return (number for number, family in enumerate(found) if family in families)


def _is_common(part: Part) -> bool:
    return all(map(_is_of_cluster, part.policies))


def _is_of_cluster(policy: Policy) -> bool:
    return policy.namespace is None


def _is_ordered(tier: Tier) -> bool:
    return tier.combine is Combination.FIRST_MATCH


def _default_of(tier: Tier, policies: Policies, direction: Direction) -> Action:
    """What a tier does with what none of its rules decides."""
    if _is_ordered(tier):
        return tier.default
    return DENY if any(tier.isolates(policy, direction) for policy in policies) else PASS


def _parts(tier: Tier, policies: Policies, default: Action) -> list[Part]:
    """What is asked one after the other, until something decides."""
    if _is_ordered(tier):
        return [Part(tier, run) for run in ([policies] if tier.ties_are_open else _runs(policies))]
    # Of equal rules the order does not count.
    runs = _runs(sorted(policies, key=_is_of_cluster, reverse=True))
    # Where nothing is denied by default, to be maybe allowed is to be passed on.
    allows = [Part(tier, run, (ALLOW,), unsure=default is DENY) for run in runs]
    denials = tier.combine is Combination.DENY_FIRST
    return [*(Part(tier, run, (DENY,)) for run in runs if denials), *allows]


def _runs(policies: Iterable[Policy]) -> list[Policies]:
    """Policies in their order, those of the cluster apart from those of namespaces."""
    return [tuple(run) for _, run in groupby(policies, _is_of_cluster)]
