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

The next tier has a say in what is passed on: 443 to A, and both ports to D. Where it allows 443 to
A and denies the rest, its one cell meets A's and makes it {80 denied, 443 allowed}. B and C are not
looked at again: they stay the same sets for every pod to which the policies of the first tier
apply, whatever those of the second are.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cached_property, reduce
from itertools import groupby
from operator import attrgetter, or_
from typing import NamedTuple

from nsimlib.evaluation.bits import Bits, nobody
from nsimlib.evaluation.universe import Matching
from nsimlib.model.policy import Action

__all__ = ["Closing", "Grade", "Marked", "Scale", "Step"]

#: what a step can come to, in the order of the marks
ACTIONS = (Action.ALLOW, Action.DENY, Action.PASS)


class Step(NamedTuple):
    """What a rule does to some ends, on the ports of a mask.

    `order` and `policy` count where it is open which of two policies of one order comes first.
    """

    action: Action
    ends: Matching
    ports: int
    order: float = 0.0
    policy: str = ""


class Scale:
    """Marks on ports: four masks in one integer, so that one operation does for all of them.

    They are the ports that may be allowed, those that may be denied, those that may be passed on,
    and those that are decided, about which no later step is asked. What is decided and may be both
    allowed and denied is undetermined.

    >>> scale = Scale(0b11)
    >>> denied, allowed = scale.mark(Action.DENY, 0b01), scale.mark(Action.ALLOW, 0b11)
    >>> scale.outcome(scale.then(denied, allowed))
    (2, 2)
    """

    def __init__(self, everything: int) -> None:
        self.everything, self._width = everything, everything.bit_length()
        self._decided = len(ACTIONS) * self._width
        self._all_marks = sum(1 << place * self._width for place in range(len(ACTIONS) + 1))

    def mark(self, action: Action, ports: int, *, sure: bool = True) -> int:
        """Return the marks of ports that surely come to this, or may."""
        may = ports << ACTIONS.index(action) * self._width
        return may | ports << self._decided if sure else may

    def then(self, marks: int, later: int) -> int:
        """Return the marks when later steps have a say about what is not decided."""
        return marks | later & ~((marks >> self._decided) * self._all_marks)

    def closed(self, marks: int, doubted: int = 0) -> int:
        """Return the marks at the end of a tier: what surely passes is not decided any more.

        What is decided about ports in doubt may be otherwise.
        """
        allowed, denied, passed = self._split(marks)
        several = (allowed | denied) & (passed | doubted)
        either = self.mark(Action.ALLOW, allowed | several)
        return either | self.mark(Action.DENY, denied | several)

    def outcome(self, marks: int) -> tuple[int, int]:
        """Return the ports that are allowed, and those that may be."""
        allowed, denied, _ = self._split(marks)
        return allowed & ~denied & marks >> self._decided, allowed

    def _split(self, marks: int) -> tuple[int, int, int]:
        width, everything = self._width, self.everything
        return (
            marks & everything,
            marks >> width & everything,
            marks >> 2 * width & everything,
        )


class Marked(NamedTuple):
    """Ends whose ports have the same marks."""

    ends: Bits
    marks: int


#: what becomes of marks at the end of a tier
Closing = Callable[[int], int]


class Grade:
    """What some steps make of every end: disjoint cells, and the marks of all who are in none."""

    def __init__(self, scale: Scale, cells: Iterable[Marked] = (), rest: int = 0) -> None:
        self.scale, self.cells, self.rest = scale, tuple(cells), rest
        self._before: dict[tuple[int, Closing], list[Marked]] = {}

    @classmethod
    def of(cls, scale: Scale, steps: Sequence[Step], *, ties_are_open: bool = False) -> "Grade":
        """Return what steps make of the ends, in their order; they leave all others undecided.

        With open ties, the first that matches of any policy may as well decide as that of another
        policy of the same order (F1.48).
        """
        if len({step.action for step in steps}) == 1:
            return cls(scale, _merged(_alone(scale, steps)))
        regions = (
            region
            for ports, about in _by_ports(steps)
            for region in _regions(
                scale, ports, _by_policy(about) if ties_are_open else [[list(about)]]
            )
        )
        return cls(scale, _merged(regions))

    @cached_property
    def touched(self) -> Bits:
        """The ends that are in some cell."""
        return reduce(or_, (cell.ends for cell in self.cells), nobody())

    def then(self, later: "Grade", closing: Closing = int) -> "Grade":
        """Return what comes of it when later steps have a say about what is not decided.

        Sets of ends that the later grade does not touch stay the very same objects, which shows
        that subjects have them in common.
        """
        then, rest = self.scale.then, closing(self.scale.then(self.rest, later.rest))
        met: list[Marked] = []
        kept: list[Marked] = []
        for cell in self._before_rest(later.rest, closing):
            if cell.ends & later.touched:
                met.append(Marked(cell.ends - later.touched, cell.marks))
            else:
                kept.append(cell)
        for ends, marks in later.cells:
            left = ends
            for mine in self.cells if left & self.touched else ():
                if both := mine.ends & left:
                    met.append(Marked(both, closing(then(mine.marks, marks))))
                    left = left - both
            met.append(Marked(left, closing(then(self.rest, marks))))
        return Grade(self.scale, (*kept, *_grouped(met, rest)), rest)

    def _before_rest(self, rest: int, closing: Closing) -> list[Marked]:
        """The cells as they become where later steps treat all ends alike."""
        key = rest, closing
        if key not in self._before:
            then = self.scale.then
            cells = (Marked(ends, closing(then(marks, rest))) for ends, marks in self.cells)
            self._before[key] = _grouped(cells, closing(then(self.rest, rest)))
        return self._before[key]

    def doubted(self, ends: Bits) -> "Grade":
        """Return the grade where what is decided about some ends may be otherwise."""
        closed, everything = self.scale.closed, self.scale.everything
        found = [Marked(ends - self.touched, closed(self.rest, everything))]
        for cell in self.cells:
            found.append(Marked(cell.ends - ends, cell.marks))
            found.append(Marked(cell.ends & ends, closed(cell.marks, everything)))
        return Grade(self.scale, _grouped(found, self.rest), self.rest)


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


def _by_policy(steps: Iterable[Step]) -> list[list[list[Step]]]:
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


def _merged(cells: Iterable[Marked]) -> list[Marked]:
    """Return disjoint cells that together say what these say, laid over one another."""
    apart: list[Marked] = []
    for cell in cells:
        if cell.ends:
            apart = list(_laid_over(apart, cell))
    return _grouped(apart)


def _laid_over(apart: Iterable[Marked], new: Marked) -> Iterator[Marked]:
    rest = new.ends
    for cell in apart:
        both = cell.ends & rest if rest else nobody()
        if not both:
            yield cell
            continue
        rest = rest - both
        if alone := cell.ends - both:
            yield Marked(alone, cell.marks)
        yield Marked(both, cell.marks | new.marks)
    if rest:
        yield Marked(rest, new.marks)


def _grouped(cells: Iterable[Marked], rest: int = 0) -> list[Marked]:
    """Return disjoint cells with those of equal marks made one, and none with those of the rest."""
    by_marks: dict[int, Bits] = {}
    for ends, marks in cells:
        if ends and marks != rest:
            by_marks[marks] = by_marks[marks] | ends if marks in by_marks else ends
    return [Marked(ends, marks) for marks, ends in by_marks.items()]
