"""Several compiled states laid over one another: who is not treated alike in all of them.

States differ by profile, or by cluster. Their ends are matched as units: pods that are of one class
in each state, and pieces outside that none of them cuts. For each destination the sources fall into
cells by what every state lets through, and a cell whose states differ is a difference. A worked
example: web and job may both reach api before, and web alone after. The row of api has the cells
{web: all | all} and {job: all | nothing}; the second is yielded, and no pair is looked at alone.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from typing import NamedTuple

from nsimlib.evaluation.allports import Ports
from nsimlib.evaluation.bits import Bits, bits, nobody, union
from nsimlib.evaluation.joining import joined
from nsimlib.evaluation.pairs import Pairs
from nsimlib.evaluation.profiles import Cell
from nsimlib.model.addresses import AddressRange, cut
from nsimlib.model.objects import Pod
from nsimlib.model.policy import Direction
from nsimlib.model.ports import NO_PORTS

__all__ = ["NOTHING", "Differing", "Overlay", "Unit"]

EGRESS, INGRESS = Direction.EGRESS, Direction.INGRESS
NOTHING = Ports(NO_PORTS)
End = Pod | AddressRange
#: with more stretches than this, numbers are turned into units one by one
MANY = 64


@dataclass(frozen=True, slots=True)
class Unit:
    """Ends that no state tells apart; `numbers` are those of their class in each state.

    A number is None in a state where they do not exist. A piece outside is numbered among the
    pieces of its direction.
    """

    numbers: tuple[int | None, ...]
    members: tuple[End, ...]


class Differing(NamedTuple):
    """From every source to every destination: what each state lets through, not all the same."""

    sources: tuple[End, ...]
    destinations: tuple[End, ...]
    ports: tuple[Ports, ...]


#: sources with what each state lets through
Laid = tuple[Bits, tuple[Ports, ...]]
Share = tuple[Bits, Ports]
Block = tuple[Bits, int, tuple[Ports, ...]]


class Overlay:
    """Compiled states with one numbering for all: units of pods first, then those outside."""

    def __init__(self, states: Sequence[Pairs], pods: Sequence[Unit]) -> None:
        self.states, self.pods = tuple(states), tuple(pods)
        self.outside = {direction: tuple(self._pieces(direction)) for direction in Direction}
        self._sides = [Side(self, number) for number in range(len(states))]

    @classmethod
    def of_one_cluster(cls, states: Sequence[Pairs]) -> "Overlay":
        """Return the overlay of states that have the same classes of the same pods."""
        classes = states[0].universe.classes
        units = (Unit((n,) * len(states), each.members) for n, each in enumerate(classes))
        return cls(states, tuple(units))

    def _pieces(self, direction: Direction) -> Iterator[Unit]:
        """All addresses outside in pieces that no state cuts."""
        pieces = {piece for each in self.states for piece in each.universe.pieces[direction]}
        for family in sorted({piece.family for piece in pieces}):
            for piece in cut(family.everything, pieces):
                numbers = (
                    each.universe.piece_at(direction, piece.start) - len(each.universe.faces)
                    if family in each.universe.families
                    else None
                    for each in self.states
                )
                yield Unit(tuple(numbers), (piece,))

    def differing(self) -> Iterator[Differing]:
        """Yield the ends that not all states treat alike, in few groups."""
        sources, destinations = (
            [unit.members for unit in (*self.pods, *self.outside[d])] for d in (INGRESS, EGRESS)
        )
        for ours, theirs, ports in joined(chain(self._inwards(), self._outwards())):
            yield Differing(
                tuple(chain.from_iterable(sources[n] for n in union(ours))),
                tuple(chain.from_iterable(destinations[n] for n in theirs)),
                ports,
            )

    def _inwards(self) -> Iterator[Block]:
        """For each unit of pods the sources whose way to it is not the same in all states."""
        pods = bits(range(len(self.pods)))
        everyone = bits(range(len(self.pods) + len(self.outside[INGRESS])))
        for number, unit in enumerate(self.pods):
            shares = (side.into(unit) for side in self._sides)
            for ends, ports in _laid_over(shares, everyone):
                yield from ((kind, number, ports) for kind in (ends & pods, ends - pods) if kind)

    def _outwards(self) -> Iterator[Block]:
        """For each unit of pods the pieces outside to which its way is not the same."""
        behind = len(self.pods)
        everyone = bits(range(behind, behind + len(self.outside[EGRESS])))
        for number, unit in enumerate(self.pods):
            shares = (side.out_of(unit) for side in self._sides)
            for ends, ports in _laid_over(shares, everyone):
                yield from ((bits([number]), end, ports) for end in ends)


class Side:
    """One state of an overlay, which speaks in units."""

    def __init__(self, overlay: Overlay, number: int) -> None:
        self.overlay, self.number = overlay, number
        self.pairs = overlay.states[number]

    @cached_property
    def _sources(self) -> "Numbering":
        return self._numbering(INGRESS, len(self.pairs.universe.classes))

    @cached_property
    def _destinations(self) -> "Numbering":
        return self._numbering(EGRESS, len(self.pairs.universe.faces))

    def _numbering(self, direction: Direction, behind: int) -> "Numbering":
        # A face is no class: towards pods all goes by rows, so only what is outside counts there.
        pods, outside = self.overlay.pods, self.overlay.outside[direction]
        numbered = [(0, enumerate(pods))] if direction is INGRESS else []
        numbered.append((behind, enumerate(outside, len(pods))))
        found: dict[int, list[int]] = {}
        for first, units in numbered:
            for place, unit in units:
                if (number := unit.numbers[self.number]) is not None:
                    found.setdefault(first + number, []).append(place)
        return Numbering(found)

    def into(self, unit: Unit) -> Iterator[Share]:
        """Yield the sources that may reach a unit of pods, by the ports they may use."""
        number = unit.numbers[self.number]
        if number is None:
            return
        yield from self._shares(self.pairs.rows.into(number), self._sources)
        yield from self._beyond(INGRESS, number)

    def out_of(self, unit: Unit) -> Iterator[Share]:
        """Yield the pieces outside that a unit of pods may reach, by the ports it may use."""
        number = unit.numbers[self.number]
        if number is None:
            return
        cells = self.pairs.rows.cells[EGRESS][number]
        if cells is None:
            everything = self.pairs.rows.everything
            everywhere = bits(self.pairs.universe.ends(EGRESS))
            cells = (Cell(everywhere, everything, everything),)
        yield from self._shares(cells, self._destinations)
        yield from self._beyond(EGRESS, number)

    def _shares(self, cells: Iterable[Cell], numbering: "Numbering") -> Iterator[Share]:
        for cell in cells:
            ports = self.pairs.rows.ports(cell.allowed, cell.possible)
            yield numbering.units(cell.ends), ports

    def _beyond(self, direction: Direction, number: int) -> Iterator[Share]:
        """Pieces of a family that this state does not know, judged one by one: they are few."""
        pod = self.pairs.universe.classes[number].pod
        for place, unit in enumerate(self.overlay.outside[direction], len(self.overlay.pods)):
            (piece,) = unit.members
            if unit.numbers[self.number] is None and isinstance(piece, AddressRange):
                there = self.pairs.cluster.external(piece.start)
                ends = (pod, there) if direction is EGRESS else (there, pod)
                yield bits([place]), self.pairs.of_classes(*ends)


class Numbering:
    """Turns the numbers of a state into units: stretches at once, where both count alike."""

    def __init__(self, units: dict[int, list[int]]) -> None:
        self._stretches: list[tuple[Bits, int]] = []
        start, previous, offset = 0, -2, 0
        single = [(n, found[0] - n) for n, found in sorted(units.items()) if len(found) == 1]
        for number, moved in [*single, (-1, 0)]:
            if number != previous + 1 or moved != offset:
                if previous >= 0:
                    self._stretches.append((bits(range(start, previous + 1)), offset))
                start, offset = number, moved
            previous = number
        known = {n for n, _ in single} if len(self._stretches) <= MANY else set()
        self._stretches = self._stretches if known else []
        self._others = {n: found for n, found in units.items() if n not in known}
        self._other_numbers = bits(self._others)

    def units(self, numbers: Bits) -> Bits:
        """Return the units of these numbers."""
        found = nobody()
        for stretch, offset in self._stretches:
            if both := numbers & stretch:
                found = found | both.shift(offset)
        if others := numbers & self._other_numbers:
            found = found | bits(chain.from_iterable(self._others[n] for n in others))
        return found


def _laid_over(shares: Iterable[Iterable[Share]], everyone: Bits) -> Iterator[Laid]:
    """Yield the ends that not all treat alike, each with what every state lets through."""
    parts: list[Laid] = [(everyone, ())]
    for of_one in shares:
        found = tuple(of_one)
        parts = [new for part in parts for new in _split(part, found)]
    yield from ((ends, ports) for ends, ports in parts if len(set(ports)) > 1)


def _split(part: Laid, shares: Sequence[Share]) -> Iterator[Laid]:
    rest, known = part
    for ends, ports in shares:
        if both := rest & ends:
            rest = rest - both
            yield both, (*known, ports)
    if rest:
        yield rest, (*known, NOTHING)
