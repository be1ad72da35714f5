"""Marks on the ports of sets of ends, and cells with marks laid over one another.

A worked example: A and B are marked 80, B and C are marked 443. Laid over one another that is three
cells: A {80}, B {80, 443}, C {443}. Marks only ever add up, so in what order does not count.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from nsimlib.evaluation.bits import Bits, nobody, union
from nsimlib.model.policy import Action

__all__ = ["ACTIONS", "Marked", "Scale", "grouped_by_marks", "merged"]

#: what a rule can come to, in the order of the marks
ACTIONS = (Action.ALLOW, Action.DENY, Action.PASS)


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
        self._every = sum(1 << place * self._width for place in range(len(ACTIONS) + 1))
        #: how many bits the marks take, and all of them
        self.size = (len(ACTIONS) + 1) * self._width
        self.all_marks = (1 << self.size) - 1

    def mark(self, action: Action, ports: int, *, sure: bool = True) -> int:
        """Return the marks of ports that surely come to this, or may."""
        may = ports << ACTIONS.index(action) * self._width
        return may | ports << self._decided if sure else may

    def then(self, marks: int, later: int) -> int:
        """Return the marks when later steps have a say about what is not decided."""
        return marks | later & ~((marks >> self._decided) * self._every)

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


def merged(cells: Iterable[Marked]) -> list[Marked]:
    """Return disjoint cells that together say what these say, laid over one another."""
    apart: list[Marked] = []
    # Those of equal marks are one before they are compared: thousands of blocks say the same.
    for cell in _gathered(cells):
        apart = list(_laid_over(apart, cell))
    return grouped_by_marks(apart)


def _gathered(cells: Iterable[Marked]) -> Iterator[Marked]:
    by_marks = defaultdict[int, list[Bits]](list)
    for ends, marks in cells:
        if ends:
            by_marks[marks].append(ends)
    yield from (Marked(union(found), marks) for marks, found in by_marks.items())


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


def grouped_by_marks(cells: Iterable[Marked], rest: int = 0) -> list[Marked]:
    """Return disjoint cells with those of equal marks made one, and none with those of the rest."""
    by_marks: dict[int, Bits] = {}
    for ends, marks in cells:
        if ends and marks != rest:
            by_marks[marks] = by_marks[marks] | ends if marks in by_marks else ends
    return [Marked(ends, marks) for marks, ends in by_marks.items()]
