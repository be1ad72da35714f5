"""All pairs of classes: for each destination the sources that may reach it, as disjoint cells.

A connection needs the egress of its source and the ingress of its destination (F1.13). Ingress
rules are rows already, kept with the destination; egress rules are kept with the source and turned
round once. Sources that no egress policy isolates are one shared set, never copied into rows.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from copy import copy
from functools import cached_property, reduce
from operator import sub
from typing import NamedTuple

from nsimlib.evaluation.allports import Ports
from nsimlib.evaluation.bits import Bits, bits
from nsimlib.evaluation.profiles import Cell, Profiles, grouped
from nsimlib.evaluation.universe import Universe
from nsimlib.model.memory import paused_collection
from nsimlib.model.policy import Direction, Policy

__all__ = ["CellRows", "Cells", "Rows", "with_the_denied"]

EGRESS, INGRESS = Direction.EGRESS, Direction.INGRESS

#: the policies that apply to each class
Applying = list[tuple[Policy, ...]]
#: what a class may use, as disjoint cells; None if it is free to use anything
Cells = tuple[Cell, ...] | None

#: so many cells are quicker intersected as they are than joined first
FEW = 8
#: with more revised classes than this share it is faster to turn the egress round again
MANY = 0.1


class Turned(NamedTuple):
    """Egress by destination: what leads to most faces, where it does not, and the rest one by one.

    A rule for everyone but one pod leads to nearly every face. To turn it round face by face would
    take as much room as there are pairs; its one exception takes one entry.
    """

    to_most: list[Cell]
    missing: dict[int, list[Cell]]
    to_one: dict[int, list[Cell]]
    #: lists of the last that are one by one too many, made few
    known: dict[tuple[int, ...], list[Cell]]

    @classmethod
    def of(cls, sent: Iterable[tuple[Bits, Cell]], faces: Bits) -> "Turned":
        """Return what subjects send, turned round; a cell's ends may lie outside as well."""
        to_most: list[Cell] = []
        missing: dict[int, list[Cell]] = defaultdict(list)
        to_one: dict[int, list[Cell]] = defaultdict(list)
        for who, cell in sent:
            turned = Cell(who, cell.allowed, cell.possible)
            reached = cell.ends & faces
            is_most = 2 * len(reached) > len(faces)
            if is_most:
                to_most.append(turned)
            for face in faces - reached if is_most else reached:
                (missing if is_most else to_one)[face].append(turned)
        return cls(grouped(to_most), missing, to_one, {})

    def senders(self, face: int) -> Iterator[Cell]:
        """Yield the sources that may send to a face; those of one cell have the same ports."""
        without = self.missing.get(face, ())
        for cell in self.to_most:
            gone = [each.ends for each in without if each[1:] == cell[1:]]
            yield Cell(reduce(sub, gone, cell.ends), *cell[1:]) if gone else cell
        yield from self._fewer(self.to_one.get(face, []))

    def _fewer(self, cells: list[Cell]) -> list[Cell]:
        if len(cells) < FEW:
            return cells
        key = tuple(map(id, cells))
        if key not in self.known:
            self.known[key] = grouped(cells)
        return self.known[key]


class CellRows:
    """Rows of every destination, from the cells of every class; `everything` masks all ports.

    `base` is what these rows were revised from; of its egress only that of `revised` classes is
    out of date.
    """

    def __init__(
        self, universe: Universe, cells: dict[Direction, list[Cells]], everything: int
    ) -> None:
        self.universe, self.cells, self.everything = universe, cells, everything
        self.base: CellRows | None = None
        self.revised: frozenset[int] = frozenset()

    def through(self, direction: Direction, number: int, end: int) -> tuple[int, int]:
        """Return the masks with which a class's policies let an end through."""
        cells = self.cells[direction][number]
        if cells is None:
            return self.everything, self.everything
        for cell in cells:
            if end in cell.ends:
                return cell.allowed, cell.possible
        return 0, 0

    def into(self, number: int) -> list[Cell]:
        """Return the classes and pieces outside that may reach a class, as disjoint cells.

        Classes have their numbers; pieces outside follow behind them, as sources.
        """
        passes = [
            (self._to_classes(self._into_face(number, face, partners)), self._classes(partners))
            for face, partners in self.universe.meetings(number)
        ]
        return grouped(reduce(_both, passes)[0])

    def _into_face(self, number: int, face: int, partners: Bits) -> Iterator[Cell]:
        """The sources that may reach one face, among those that meet it in an address family."""
        everything = self.everything
        cells = self.cells[INGRESS][number]
        admitted = (Cell(partners, everything, everything),) if cells is None else cells
        sources = self.senders(face)
        for let_in in admitted:
            welcome = let_in.ends & partners
            for sent in sources:
                if (possible := let_in.possible & sent.possible) and (both := welcome & sent.ends):
                    yield Cell(both, let_in.allowed & sent.allowed, possible)

    def senders(self, face: int) -> list[Cell]:
        """Return the sources whose egress lets them send to a face, as cells."""
        if self.base is None:
            free = Cell(self._free_sources, self.everything, self.everything)
            return [free, *self._turned.senders(face)]
        stale = bits(n for number in self.revised for n in self.universe.faces_of[number])
        kept = [Cell(cell.ends - stale, *cell[1:]) for cell in self.base.senders(face)]
        new = (
            Cell(bits(self.universe.faces_of[number]), *self.through(EGRESS, number, face))
            for number in self.revised
        )
        return [*kept, *new]

    def _to_classes(self, cells: Iterable[Cell]) -> list[Cell]:
        return [Cell(self._classes(cell.ends), *cell[1:]) for cell in cells]

    def _classes(self, faces: Bits) -> Bits:
        return faces if self.universe.one_face_each else self.universe.classes_of(faces)

    @cached_property
    def _free_sources(self) -> Bits:
        """Faces that no egress policy judges, and the world outside."""
        universe = self.universe
        free = (
            face
            for number, cells in enumerate(self.cells[EGRESS])
            if cells is None
            for face in universe.faces_of[number]
        )
        return bits(free) | bits(range(len(universe.faces), universe.ends(INGRESS).stop))

    @cached_property
    def _turned(self) -> "Turned":
        """Egress by destination."""
        universe = self.universe
        subjects: dict[int, list[int]] = defaultdict(list)
        shared: dict[int, tuple[Cell, ...]] = {}
        for number, cells in enumerate(self.cells[EGRESS]):
            if cells is not None:
                shared[id(cells)] = cells
                subjects[id(cells)] += universe.faces_of[number]
        # Many classes have most sets of ends in common, whatever else they have.
        alike: dict[tuple[int, ...], list[int]] = defaultdict(list)
        each: dict[tuple[int, ...], Cell] = {}
        for key, cells in shared.items():
            for cell in cells:
                of_cell = id(cell.ends), *cell[1:]
                each[of_cell] = cell
                alike[of_cell] += subjects[key]
        sent = ((bits(alike[key]), cell) for key, cell in each.items())
        with paused_collection():
            return Turned.of(sent, bits(range(len(universe.faces))))


class Rows(CellRows):
    """The compiled cluster: cells of every class, and rows of every destination."""

    def __init__(
        self, universe: Universe, profiles: Profiles, applying: dict[Direction, Applying]
    ) -> None:
        super().__init__(universe, {}, profiles.atoms.everything)
        self.profiles, self.applying, self.atoms = profiles, applying, profiles.atoms
        for direction in Direction:
            numbers = range(len(universe.classes))
            self.cells[direction] = [self._cells(direction, number) for number in numbers]

    @classmethod
    def compiled(cls, universe: Universe) -> "Rows":
        """Return the rows of a universe's cluster."""
        applying = {direction: _applying(universe, direction) for direction in Direction}
        return cls(universe, Profiles(universe), applying)

    def _cells(self, direction: Direction, number: int) -> Cells:
        policies = self.applying[direction][number]
        if not policies:
            return None
        return self.profiles.cells(direction, policies, self.universe.classes[number].pod)

    def after(self, removed: Sequence[Policy], added: Sequence[Policy]) -> "Rows":
        """Return the rows with some policies taken out and others put in.

        Only classes to which one of them applies are worked out again. The universe must know the
        added policies (`Profiles.knows`).
        """
        rows = copy(self)
        rows.applying = {d: list(self.applying[d]) for d in Direction}
        rows.cells = {d: list(self.cells[d]) for d in Direction}
        touched = {d: self._touched(d, (*removed, *added)) for d in Direction}
        for direction, numbers in touched.items():
            for number in numbers:
                rows.applying[direction][number] = self._revised(direction, number, removed, added)
                rows.cells[direction][number] = rows._cells(direction, number)
        rows.base = self.base or self
        rows.revised = self.revised | touched[EGRESS]
        if len(rows.revised) > MANY * len(self.universe.classes):
            rows.base, rows.revised = None, frozenset()
        vars(rows).pop("_turned", None)
        vars(rows).pop("_free_sources", None)
        return rows

    def _touched(self, direction: Direction, policies: Iterable[Policy]) -> frozenset[int]:
        return frozenset(
            number
            for policy in policies
            if direction in policy.directions
            for number in _subjects(self.universe, policy)
        )

    def _revised(
        self,
        direction: Direction,
        number: int,
        removed: Sequence[Policy],
        added: Sequence[Policy],
    ) -> tuple[Policy, ...]:
        gone = set(map(id, removed))
        kept = (p for p in self.applying[direction][number] if id(p) not in gone)
        new = (
            policy
            for policy in added
            if direction in policy.directions and number in _subjects(self.universe, policy)
        )
        return (*kept, *new)

    def ports(self, allowed: int, possible: int) -> Ports:
        """Return what two masks of port atoms stand for."""
        return Ports(self.atoms.ports(allowed), self.atoms.ports(possible & ~allowed))


def _applying(universe: Universe, direction: Direction) -> Applying:
    """For each class the policies that have a say about its pods in one direction."""
    found: list[list[Policy]] = [[] for _ in universe.classes]
    for policy in universe.cluster.policies:
        if direction in policy.directions:
            for number in _subjects(universe, policy):
                found[number].append(policy)
    return [tuple(policies) for policies in found]


def _subjects(universe: Universe, policy: Policy) -> Bits:
    faces = universe.selected(policy.subject, policy.namespace)
    return faces if universe.one_face_each else universe.classes_of(faces)


Known = tuple[list[Cell], Bits]


def _both(one: Known, other: Known) -> Known:
    """Combine what is known of two sets of classes; for a class in both, what differs is open."""
    left_ends, right_ends = one[1], other[1]
    left, right = with_the_denied(*one), with_the_denied(*other)
    found = [Cell(cell.ends - right_ends, *cell[1:]) for cell in left]
    found += [Cell(cell.ends - left_ends, *cell[1:]) for cell in right]
    found += [
        Cell(a.ends & b.ends, a.allowed & b.allowed, a.possible | b.possible)
        for a in left
        for b in right
    ]
    return [cell for cell in found if cell.ends and cell.possible], left_ends | right_ends


def with_the_denied(cells: Iterable[Cell], ends: Bits) -> list[Cell]:
    """Return disjoint cells, and those of the ends that are in none as one more: denied all."""
    denied = reduce(lambda rest, cell: rest - cell.ends, cells, ends)
    return [*cells, Cell(denied, 0, 0)]
