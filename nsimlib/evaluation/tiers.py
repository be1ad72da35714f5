"""The policies of each tier as steps to be graded: in which order, and with which default.

A tier is cut into parts, and policies of the whole cluster and those of a namespace never share
one: the grade of a part of the former is worked out once for all pods to which the same of them
apply. A worked example: 100 namespaces under one AdminNetworkPolicy with their own NetworkPolicies,
in all 1,000 classes. The admin tier has one grade, not 1,000; what a class's own policies say is
laid over it.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from functools import cached_property, partial
from itertools import groupby
from typing import NamedTuple

from nsimlib.evaluation.bits import Bits, bits, nobody
from nsimlib.evaluation.combination import Outcome, place_in
from nsimlib.evaluation.doubts import family_doubts, protocol_doubts
from nsimlib.evaluation.engine import learned
from nsimlib.evaluation.faces import family_of
from nsimlib.evaluation.grading import Closing, Grade, Scale, Step
from nsimlib.evaluation.grants import Grants, Names
from nsimlib.evaluation.portatoms import PortAtoms
from nsimlib.evaluation.universe import Matching, Universe
from nsimlib.model.addresses import Family
from nsimlib.model.objects import Pod
from nsimlib.model.policy import Action, Combination, Direction, Policy, Tier
from nsimlib.model.ports import MAX_PORT, TRANSPORTS, PortSet

__all__ = ["Tiers"]

ALLOW, DENY, PASS = Action.ALLOW, Action.DENY, Action.PASS
Policies = tuple[Policy, ...]


class Placed(NamedTuple):
    """A policy, the tiers in which it is judged, and where it comes there.

    Policies are known by their identity, which is theirs only as long as they are kept.
    """

    policy: Policy
    places: dict[int, tuple[float, str]]
    only_allows: bool


class Asked(NamedTuple):
    """For whom the policies of a tier are graded."""

    direction: Direction
    subject: Pod
    names: Names


class Part(NamedTuple):
    """Policies of a tier that are judged together, and what of them counts."""

    policies: Policies
    actions: tuple[Action, ...] = (ALLOW, DENY, PASS)
    #: whether it counts what only may match
    unsure: bool = True


class Tiers:
    """Grades what policies make of all ends, tier by tier, and keeps what pods have in common."""

    def __init__(self, universe: Universe, grants: Grants, atoms: PortAtoms) -> None:
        self.universe, self.profile, self.grants = universe, universe.profile, grants
        self.atoms, self.scale = atoms, Scale(atoms.everything)
        self._known: dict[int, Placed] = {}
        self._kept: dict[object, Grade] = {}

    def graded(self, direction: Direction, policies: Policies, subject: Pod) -> Grade | None:
        """Return what comes of it when all tiers are asked; None where none has a say."""
        by_tier = self._by_tier(policies)
        enforced = (policy for of_tier in by_tier.values() for policy in of_tier)
        asked = Asked(direction, subject, learned(enforced, self.profile))
        only = next(iter(by_tier.items())) if len(by_tier) == 1 else None
        if only is not None and self._adds_up(*only, direction):
            return self._part_graded(self.profile.tiers[only[0]], Part(only[1], (ALLOW,)), asked)
        # What every tier passes on is allowed.
        grade = self._default(ALLOW)
        for number in sorted(by_tier, reverse=True):
            grade = self._of_tier(number, by_tier[number], asked).then(grade)
        return grade if by_tier else None

    def _adds_up(self, number: int, policies: Policies, direction: Direction) -> bool:
        """Whether the rules of a tier have but to be added up: they allow, all else is denied."""
        tier = self.profile.tiers[number]
        return (
            _default_of(tier, policies, direction) is DENY
            and not self._is_in_doubt
            and all(self._known[id(policy)].only_allows for policy in policies)
        )

    @cached_property
    def _is_in_doubt(self) -> bool:
        """Whether what is decided may be otherwise, for some port or some end."""
        ports = map(self._doubted_ports, self.profile.tiers)
        return any((*ports, *self._doubted.values()))

    def _by_tier(self, policies: Policies) -> dict[int, Policies]:
        """The policies by the tiers that hold them, in their order."""
        found: dict[int, list[Policy]] = defaultdict(list)
        for policy in policies:
            for number in self._placed(policy).places:
                found[number].append(policy)
        for number, of_tier in found.items():
            if _is_ordered(self.profile.tiers[number]):
                of_tier.sort(key=lambda policy: self._known[id(policy)].places[number])
        return {number: tuple(of_tier) for number, of_tier in found.items()}

    def _placed(self, policy: Policy) -> Placed:
        if id(policy) not in self._known:
            tiers = enumerate(self.profile.tiers if self.profile.enforces(policy) else ())
            places = {n: place_in(tier, policy) for n, tier in tiers if tier.holds(policy)}
            only_allows = all(rule.action is ALLOW for rule in policy.rules)
            self._known[id(policy)] = Placed(policy, places, only_allows)
        return self._known[id(policy)]

    def _of_tier(self, number: int, policies: Policies, asked: Asked) -> Grade:
        if not all(map(_is_of_cluster, policies)):
            return self._worked_out(number, policies, asked)
        key = number, self._key(policies, asked)
        if key not in self._kept:
            self._kept[key] = self._worked_out(number, policies, asked)
        return self._kept[key]

    def _worked_out(self, number: int, policies: Policies, asked: Asked) -> Grade:
        tier = self.profile.tiers[number]
        default = _default_of(tier, policies, asked.direction)
        grade = self._default(default)
        first, *others = _parts(tier, policies, default)
        for part in reversed(others):
            grade = self._of_part(tier, part, asked).then(grade)
        grade = self._of_part(tier, first, asked).then(grade, self._closings[number])
        doubted = self._doubted[asked.direction]
        return grade.doubted(doubted) if doubted else grade

    def _of_part(self, tier: Tier, part: Part, asked: Asked) -> Grade:
        if not all(map(_is_of_cluster, part.policies)):
            return self._part_graded(tier, part, asked)
        key = part.actions, part.unsure, self._key(part.policies, asked)
        if key not in self._kept:
            self._kept[key] = self._part_graded(tier, part, asked)
        return self._kept[key]

    def _key(self, policies: Policies, asked: Asked) -> object:
        about = self.grants.depends_on(asked.direction, policies, asked.subject, asked.names)
        return asked.direction, tuple(map(id, policies)), about

    def _part_graded(self, tier: Tier, part: Part, asked: Asked) -> Grade:
        steps = list(self._steps(tier, part, asked))
        return Grade.of(self.scale, steps, ties_are_open=tier.ties_are_open)

    def _steps(self, tier: Tier, part: Part, asked: Asked) -> Iterator[Step]:
        for policy in part.policies:
            order = tier.order_of(policy) if tier.ties_are_open else 0.0
            for _, rule, ends, ports in self.grants.of(asked.direction, policy, *asked[1:]):
                if rule.action in part.actions:
                    those = ends if part.unsure else Matching(ends.sure, nobody())
                    yield Step(rule.action, those, self.atoms.mask(ports), order, policy.key)

    def _default(self, action: Action) -> Grade:
        return Grade(self.scale, rest=self.scale.mark(action, self.scale.everything))

    @cached_property
    def _closings(self) -> list[Closing]:
        """What becomes of marks at the end of each tier."""
        return [
            partial(self.scale.closed, doubted=self._doubted_ports(tier))
            for tier in self.profile.tiers
        ]

    def _doubted_ports(self, tier: Tier) -> int:
        """The ports of protocols of which it is open whether policy treats them as written."""
        protocols = (
            protocol
            for protocol in TRANSPORTS
            for doubt in protocol_doubts(protocol, self.profile)
            if doubt.overturns(tier, Outcome.DENIED)
        )
        return self.atoms.mask(PortSet(dict.fromkeys(protocols, ((1, MAX_PORT),))))

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
        return [Part(run) for run in ([policies] if tier.ties_are_open else _runs(policies))]
    # Of equal rules the order does not count.
    runs = _runs(sorted(policies, key=_is_of_cluster, reverse=True))
    # Where nothing is denied by default, to be maybe allowed is to be passed on.
    allows = [Part(run, (ALLOW,), unsure=default is DENY) for run in runs]
    denials = tier.combine is Combination.DENY_FIRST
    return [*(Part(run, (DENY,)) for run in runs if denials), *allows]


def _runs(policies: Iterable[Policy]) -> list[Policies]:
    """Policies in their order, those of the cluster apart from those of namespaces."""
    return [tuple(run) for _, run in groupby(policies, _is_of_cluster)]
