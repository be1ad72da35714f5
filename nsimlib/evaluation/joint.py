"""Two states of one cluster compiled side by side, so that what differs is found set by set.

Every mask of ports is doubled: the low half says what holds before, the high half what holds after.
The two halves go through the same set operations as one mask would, and a cell whose halves differ
is a difference. A worked example with one atom of ports, masks as before|after: api may receive
from web and job before, and from web alone after. The joint cells of its ingress are {web: 1|1}
and {job: 1|0}. Where the egress of web and job is free, the row of api has one cell that differs,
{job: 1|0}, and no other row is looked at.

Only classes to which other policies apply are looked at closely: whole rows of those with another
ingress, and in all other rows only the sources that have another egress.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from nsimlib.evaluation.allports import Ports
from nsimlib.evaluation.bits import Bits, bits
from nsimlib.evaluation.profiles import Cell
from nsimlib.evaluation.rows import CellRows, Cells, Rows, with_the_denied
from nsimlib.model.policy import Direction

__all__ = ["Block", "Joint"]

EGRESS, INGRESS = Direction.EGRESS, Direction.INGRESS


class Block(NamedTuple):
    """What is the same before, and the same after, for every source with every destination.

    Classes have their numbers; pieces outside follow behind them, as sources and as destinations.
    """

    sources: Bits
    destinations: Bits
    before: Ports
    after: Ports


class Joint:
    """The difference of two compiled states that have one universe and one set of port atoms."""

    def __init__(self, before: Rows, after: Rows) -> None:
        self.before, self.after, self.universe = before, after, before.universe
        self.half = before.everything
        self.width = self.half.bit_length()
        self.changed = {d: _changed(before.cells[d], after.cells[d]) for d in Direction}
        faces = self.universe.faces_of
        self.speakers = bits(face for number in self.changed[EGRESS] for face in faces[number])
        self.asked = [n for n in range(len(faces)) if n in self.changed[INGRESS] or self._hears(n)]
        cells = {
            EGRESS: self._joined(EGRESS, self.changed[EGRESS]),
            INGRESS: self._joined(INGRESS, self.asked),
        }
        #: rows of those asked, as if only classes with another egress could speak
        self.of_changed = CellRows(self.universe, cells, self.doubled(self.half, self.half))

    def doubled(self, before: int, after: int) -> int:
        """Return one mask for two."""
        return before | after << self.width

    def _hears(self, number: int) -> bool:
        """Whether a class lets in anybody whose egress changed; to ask first saves most rows."""
        cells = self.before.cells[INGRESS][number]
        return cells is None or any(cell.ends & self.speakers for cell in cells)

    def _joined(self, direction: Direction, numbers: Iterable[int]) -> list[Cells]:
        """Return joint cells of some classes; nothing is let through by the others."""
        everyone = bits(self.universe.ends(direction))
        known: dict[tuple[int, int], Cells] = {}
        found: list[Cells] = [()] * len(self.universe.classes)
        for number in numbers:
            pair = self.before.cells[direction][number], self.after.cells[direction][number]
            key = id(pair[0]), id(pair[1])
            if key not in known:
                known[key] = self._cells(*pair, everyone)
            found[number] = known[key]
        return found

    def _cells(self, before: Cells, after: Cells, everyone: Bits) -> Cells:
        """Return cells that say what both say, each in its half of the masks."""
        if before is after:
            return before and tuple(self._cell(cell.ends, cell, cell) for cell in before)
        left, right = (
            [Cell(everyone, self.half, self.half)]
            if cells is None
            else with_the_denied(cells, everyone)
            for cells in (before, after)
        )
        return tuple(
            self._cell(ends, one, other)
            for one in left
            for other in right
            if (ends := one.ends & other.ends)
        )

    def _cell(self, ends: Bits, before: Cell, after: Cell) -> Cell:
        allowed = self.doubled(before.allowed, after.allowed)
        return Cell(ends, allowed, self.doubled(before.possible, after.possible))

    def blocks(self) -> Iterator[Block]:
        """Yield all pairs of ends that have other ports after than before, each pair once."""
        found: dict[Cell, list[int]] = defaultdict(list)
        whole = _WholeRows(self)
        for number in self.asked:
            rows = whole if number in self.changed[INGRESS] else self.of_changed
            for cell in rows.into(number):
                if self._differs(cell):
                    found[cell].append(number)
        for pieces, cell in self._outward():
            found[cell] += pieces
        for (sources, *masks), destinations in found.items():
            yield Block(sources, bits(destinations), *self._ports(*masks))

    def _outward(self) -> Iterator[tuple[Bits, Cell]]:
        """Yield pieces outside with the classes that may now send other things there."""
        behind = bits(range(len(self.universe.faces), self.universe.ends(EGRESS).stop))
        fewer = len(self.universe.faces) - len(self.universe.classes)
        senders: dict[int, list[int]] = defaultdict(list)
        for number in self.changed[EGRESS]:
            senders[id(self.of_changed.cells[EGRESS][number])].append(number)
        groups: dict[tuple[int, int], list[tuple[Bits, Bits]]] = defaultdict(list)
        for numbers in senders.values():
            for ends, *masks in self.of_changed.cells[EGRESS][numbers[0]] or ():
                cell = Cell(ends & behind, *masks)
                if cell.ends and self._differs(cell):
                    known = groups[cell[1:]]
                    groups[cell[1:]] = list(_laid_over(known, bits(numbers), cell.ends))
        for (allowed, possible), apart in groups.items():
            for who, pieces in apart:
                yield bits(piece - fewer for piece in pieces), Cell(who, allowed, possible)

    def _differs(self, cell: Cell) -> bool:
        return any(mask & self.half != mask >> self.width for mask in cell[1:])

    def _ports(self, allowed: int, possible: int) -> tuple[Ports, Ports]:
        low = self.before.ports(allowed & self.half, possible & self.half)
        return low, self.before.ports(allowed >> self.width, possible >> self.width)


class _WholeRows(CellRows):
    """Rows with all sources: those whose egress did not change speak as they did before."""

    def __init__(self, joint: Joint) -> None:
        changed = joint.of_changed
        super().__init__(joint.universe, changed.cells, changed.everything)
        self.joint = joint

    def senders(self, face: int) -> list[Cell]:
        """Return the sources whose egress lets them send to a face, as cells."""
        double, speakers = self.joint.doubled, self.joint.speakers
        kept = (
            Cell(ends - speakers, double(allowed, allowed), double(possible, possible))
            for ends, allowed, possible in self.joint.before.senders(face)
        )
        return [*kept, *self.joint.of_changed.senders(face)]


def _changed(before: Iterable[Cells], after: Iterable[Cells]) -> Bits:
    pairs = enumerate(zip(before, after, strict=True))
    return bits(number for number, (one, other) in pairs if one is not other)


def _laid_over(
    apart: Iterable[tuple[Bits, Bits]], who: Bits, pieces: Bits
) -> Iterator[tuple[Bits, Bits]]:
    """Yield disjoint sets of pieces, each with all who may send there, one more among them."""
    for others, theirs in apart:
        if both := theirs & pieces:
            yield others | who, both
            pieces = pieces - both
        if alone := theirs - both:
            yield others, alone
    if pieces:
        yield who, pieces
