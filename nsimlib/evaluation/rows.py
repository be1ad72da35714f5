"""All pairs of classes: for each destination the sources that may reach it, as disjoint cells.

A connection needs the egress of its source and the ingress of its destination (F1.13). Ingress
rules are rows already, kept with the destination; egress rules are kept with the source and turned
round once. Sources that no egress policy isolates are one shared set, never copied into rows.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from copy import copy
from functools import cached_property, reduce
from typing import NamedTuple

from nsimlib.evaluation.allports import Ports
from nsimlib.evaluation.bits import Bits, bits, nobody, union
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
    take as much room as there are pairs; its one exception takes one entry. A face to which the
    same subject has something else to send needs none.
    """

    to_most: list[Cell]
    missing: dict[int, dict[tuple[int, int], list[Bits]]]
    to_one: dict[int, list[Cell]]
    #: cells of `to_one` that are too many to be looked at one by one, with equal ports made one
    joined: dict[tuple[int, ...], list[Cell]]

    @classmethod
    def of(cls, said: Iterable[tuple[list[int], tuple[Cell, ...]]], faces: Bits) -> "Turned":
        """Return what subjects send, turned round; a cell's ends may lie outside as well."""
        turned = cls([], defaultdict(lambda: defaultdict(list)), defaultdict(list), {})
        # Subjects have most sets of ends in common, whatever else they may send.
        alike: dict[tuple[int, int, int], list[int]] = defaultdict(list)
        each: dict[tuple[int, int, int], Cell] = {}
        for who, cells in said:
            for cell in cells:
                if 2 * len(cell.ends & faces) > len(faces):
                    subjects = bits(who)
                    turned.to_most.append(Cell(subjects, *cell[1:]))
                    for face in faces - union([cell.ends for cell in cells]):
                        turned.missing[face][cell[1:]].append(subjects)
                else:
                    key = id(cell.ends), *cell[1:]
                    alike[key] += who
                    each[key] = cell
        for key, (ends, *ports) in each.items():
            senders = Cell(bits(alike[key]), *ports)
            for face in ends & faces:
                turned.to_one[face].append(senders)
        return turned._replace(to_most=grouped(turned.to_most))

    def senders(self, face: int) -> Iterator[Cell]:
        """Yield the sources that may send to a face; those of one cell have the same ports."""
        few = self._few(self.to_one.get(face, []))
        without = self.missing.get(face, {})
        others = union([cell.ends for cell in few]) if self.to_most else nobody()
        for cell in self.to_most:
            yield Cell(cell.ends - union([others, *without.get(cell[1:], ())]), *cell[1:])
        yield from few

    def _few(self, cells: list[Cell]) -> list[Cell]:
        if len(cells) < FEW:
            return cells
        key = tuple(map(id, cells))
        if key not in self.joined:
            self.joined[key] = grouped(cells)
        return self.joined[key]


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
        said = ((subjects[key], cells) for key, cells in shared.items())
        with paused_collection():
            return Turned.of(said, bits(range(len(universe.faces))))


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
