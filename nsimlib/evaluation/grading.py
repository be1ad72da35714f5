"""What ordered and denying tiers let through: sets of ends and masks of ports, never end by end.

Every tier is a list of steps, and the first that surely matches decides: a first-match tier is one
as it stands, deny first is its denials and then its allows, and union its allows. What no step
decides gets the tier's default. What may or may not match has more than one possible outcome, and
goes on.

A worked example, with the ends A, B, C, D and the ports 80 and 443: deny 80 to A and B, then allow
both ports to B and C, then, by default, pass on. The ports fall into two groups that the same steps
are about. For 80 both steps are asked: A and B are denied, and of B and C only C is left to allow.
For 443 the second alone is asked, and allows B and C. Laid over one another that is three cells: A
{80 denied}, B {80 denied, 443 allowed}, C {80 and 443 allowed}; D is in none. Four set operations
have graded eight pairs.

The next tier has a say in what is passed on: 443 to A, and both ports to D. Where it denies by
default, that makes three cells of outcomes, for every pod to which the first tier's policies apply:
B {443}, C {80, 443}, and nobody else may be reached. A pod whose own policies, in the second tier,
allow 443 to A has one cell laid over them, A {443}; B and C are not looked at again, and stay the
very same sets. So 1,000 classes of pods with policies of their own share what an admin tier says.
"""

from collections.abc import Iterable, Iterator, Sequence
from functools import reduce
from itertools import groupby
from operator import attrgetter, or_
from typing import NamedTuple

from nsimlib.evaluation.bits import Bits, nobody, union
from nsimlib.evaluation.marks import ACTIONS, Marked, Scale, grouped_by_marks, merged
from nsimlib.evaluation.universe import Matching
from nsimlib.model.policy import Action

__all__ = ["Chain", "Grade", "Stage", "Step", "graded"]


class Step(NamedTuple):
    """What a rule does to some ends, on the ports of a mask.

    `order` and `policy` count where it is open which of two policies of one order comes first.
    """

    action: Action
    ends: Matching
    ports: int
    order: float = 0.0
    policy: str = ""


class Stage(NamedTuple):
    """A tier: in how many parts it is asked, what it does in the end, and which ports are open."""

    parts: int
    default: Action
    doubted: int = 0


class Chain:
    """Tiers in their order; each part has a place for its marks, so that one integer has them all.

    >>> chain = Chain(Scale(0b11), (Stage(1, Action.PASS), Stage(1, Action.DENY)))
    >>> deny = Marked(nobody(), chain.scale.mark(Action.DENY, 0b01))
    >>> allow = Marked(nobody(), chain.scale.mark(Action.ALLOW, 0b11))
    >>> both = next(chain.placed(0, [deny])).marks | next(chain.placed(1, [allow])).marks
    >>> chain.scale.outcome(chain.end(both))
    (2, 2)
    """

    def __init__(self, scale: Scale, stages: tuple[Stage, ...]) -> None:
        self.scale, self.stages = scale, stages
        self._parts = sum(stage.parts for stage in stages)
        self._ends: dict[int, int] = {}

    def placed(self, part: int, cells: Iterable[Marked]) -> Iterator[Marked]:
        """Yield what a part says, in its place among the others."""
        return (Marked(ends, marks << part * self.scale.size) for ends, marks in cells)

    def in_doubt(self, ends: Bits) -> Marked:
        """Return the marks of ends about which whatever is decided may be otherwise."""
        return Marked(ends, 1 << self._parts * self.scale.size)

    def end(self, marks: int) -> int:
        """Return what comes of the marks of all parts; what every tier passes on is allowed."""
        if marks not in self._ends:
            self._ends[marks] = self._asked(marks)
        return self._ends[marks]

    def _asked(self, marks: int) -> int:
        scale, found = self.scale, 0
        everything = scale.everything if marks >> self._parts * scale.size else 0
        for parts, default, doubted in self.stages:
            tier = 0
            for _ in range(parts):
                tier = scale.then(tier, marks & scale.all_marks)
                marks >>= scale.size
            tier = scale.then(tier, scale.mark(default, scale.everything))
            found = scale.then(found, scale.closed(tier, doubted | everything))
        return scale.then(found, scale.mark(Action.ALLOW, scale.everything))


class Grade:
    """What comes of every end in a chain: disjoint cells, and the marks of all who are in none."""

    def __init__(self, chain: Chain, cells: Iterable[Marked]) -> None:
        self.chain, self._cells = chain, merged(cells)
        self.rest = chain.end(0)
        ended = (Marked(ends, chain.end(marks)) for ends, marks in self._cells)
        self.cells = grouped_by_marks(ended, self.rest)
        self._touched = union([cell.ends for cell in self._cells])

    def with_own(self, own: Sequence[Marked]) -> list[Marked]:
        """Return the cells where other parts have a say as well, as disjoint cells.

        Sets that these do not touch stay the very same objects, which shows that subjects have
        them in common.
        """
        touched, end = union([cell.ends for cell in own]), self.chain.end
        kept: list[Marked] = []
        met: list[Marked] = []
        for cell in self.cells:
            if cell.ends & touched:
                met.append(Marked(cell.ends - touched, cell.marks))
            else:
                kept.append(cell)
        for ends, marks in own:
            left = ends
            for shared in self._cells if left & self._touched else ():
                if both := shared.ends & left:
                    met.append(Marked(both, end(shared.marks | marks)))
                    left = left - both
                    if not left:
                        break
            met.append(Marked(left, end(marks)))
        return [*kept, *grouped_by_marks(met, self.rest)]


def graded(scale: Scale, steps: Sequence[Step], *, ties_are_open: bool = False) -> list[Marked]:
    """Return what steps make of the ends, in their order; they leave all others undecided.

    With open ties, the first step that matches of any policy may as well decide as that of another
    policy of the same order (F1.48).
    """
    if len({step.action for step in steps}) == 1:
        return merged(_alone(scale, steps))
    return merged(
        region
        for ports, about in _by_ports(steps)
        for region in _regions(scale, ports, _by_policy(about) if ties_are_open else [[about]])
    )


def _alone(scale: Scale, steps: Iterable[Step]) -> Iterator[Marked]:
    """Steps that all come to the same, whose order does not count."""
    for action, (sure, unsure), ports, *_ in steps:
        yield Marked(sure, scale.mark(action, ports))
        if unsure:
            yield Marked(unsure, scale.mark(action, ports, sure=False))


def _by_ports(steps: Sequence[Step]) -> Iterator[tuple[int, list[Step]]]:
    """Ports in groups with the steps that are about them, the same for all ports of a group."""
    pieces = [reduce(or_, (step.ports for step in steps), 0)]
    for mask in {step.ports for step in steps}:
        pieces = [part for piece in pieces for part in (piece & mask, piece & ~mask) if part]
    for piece in pieces:
        yield piece, [step for step in steps if step.ports & piece]


#: steps by order, and those of one order by policy
ByPolicy = list[list[list[Step]]]


def _by_policy(steps: Iterable[Step]) -> ByPolicy:
    return [
        [list(own) for _, own in groupby(equal, attrgetter("policy"))]
        for _, equal in groupby(steps, attrgetter("order"))
    ]


def _regions(scale: Scale, ports: int, orders: ByPolicy) -> Iterator[Marked]:
    """What steps make of the ends on ports that all of them are about."""
    may, decided = _walked(orders)
    for action, ends in may.items():
        yield Marked(ends & decided, scale.mark(action, ports))
        yield Marked(ends - decided, scale.mark(action, ports, sure=False))


def _walked(orders: ByPolicy) -> tuple[dict[Action, Bits], Bits]:
    """Return the ends that may come to each action, and those that are decided.

    Of policies of one order, the first step of each that matches is possible wherever one decides.
    """
    may = dict.fromkeys(ACTIONS, nobody())
    decided = nobody()
    for equal in orders:
        tied = nobody()
        for own in equal:
            before, waiting = decided, tied
            for action, (sure, unsure), *_ in own:
                matching = sure | unsure
                may[action] = may[action] | (matching - decided) | (matching & waiting)
                decided, waiting = decided | sure, waiting - matching
            tied = tied | (decided - before)
    return may, decided
