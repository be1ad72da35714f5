"""All pairs in few rectangles: everyone here may open the same ports to everyone there.

Destinations that the same sources reach on the same ports are one rectangle, and so are sources
that reach the same destinations. A worked example: web and api may open 5432/TCP to db and to
cache; that is four pairs of classes and one rectangle.
"""

from collections.abc import Callable, Hashable, Iterable, Iterator
from typing import NamedTuple, TypeVar

from nsimlib.evaluation.allports import Ports
from nsimlib.evaluation.bits import Bits, bits
from nsimlib.evaluation.classes import PodClass
from nsimlib.evaluation.profiles import Cell
from nsimlib.evaluation.reachability import Reachability
from nsimlib.model.addresses import AddressRange
from nsimlib.model.policy import Direction

__all__ = ["Group", "Rectangle", "rectangles"]

#: classes of pods, or ranges outside; never both
Group = tuple[PodClass, ...] | tuple[AddressRange, ...]
T = TypeVar("T")


class Rectangle(NamedTuple):
    """What each of the sources may open to each of the destinations."""

    sources: Group
    destinations: Group
    ports: Ports


class _Numbered(NamedTuple):
    sources: Bits
    destinations: Bits
    allowed: int
    possible: int


def rectangles(reach: Reachability) -> Iterator[Rectangle]:
    """Yield rectangles that together say who may open what to whom, each pair in one of them.

    A pod and itself, and a pod and its own node, are judged by other rules and left out of what
    this says, though the rectangles may cover them.
    """
    rows, classes = reach.rows, reach.universe.classes

    def pods(numbers: Bits) -> Group:
        return tuple(classes[number] for number in numbers)

    def outside(direction: Direction) -> Callable[[Bits], Group]:
        pieces = reach.universe.pieces[direction]
        return lambda numbers: tuple(pieces[number] for number in numbers)

    among, inwards = _inwards(reach)
    kinds = (
        (among, pods, pods),
        (inwards, outside(Direction.INGRESS), pods),
        (_outwards(reach), pods, outside(Direction.EGRESS)),
    )
    for found, ours, theirs in kinds:
        for each in _joined(found):
            ports = rows.ports(each.allowed, each.possible)
            yield Rectangle(ours(each.sources), theirs(each.destinations), ports)


def _inwards(reach: Reachability) -> tuple[list[_Numbered], list[_Numbered]]:
    """What pods and what the world may open to the pods of each class."""
    count = len(reach.universe.classes)
    among: list[_Numbered] = []
    inwards: list[_Numbered] = []
    for number in range(count):
        one = bits([number])
        for cell in reach.rows.into(number):
            if pods := _below(cell, count):
                among.append(_Numbered(pods, one, cell.allowed, cell.possible))
            if pieces := _behind(cell, count):
                inwards.append(_Numbered(pieces, one, cell.allowed, cell.possible))
    return among, inwards


def _outwards(reach: Reachability) -> Iterator[_Numbered]:
    """What the pods of each class may open to the world."""
    universe, everything = reach.universe, reach.rows.atoms.everything
    everywhere = Cell(bits(universe.ends(Direction.EGRESS)), everything, everything)
    for number, cells in enumerate(reach.rows.cells[Direction.EGRESS]):
        for cell in (everywhere,) if cells is None else cells:
            if pieces := _behind(cell, len(universe.faces)):
                yield _Numbered(bits([number]), pieces, cell.allowed, cell.possible)


def _below(cell: Cell, count: int) -> Bits:
    return cell.ends & bits(range(count))


def _behind(cell: Cell, count: int) -> Bits:
    return bits(end - count for end in cell.ends - bits(range(count)))


def _joined(found: Iterable[_Numbered]) -> list[_Numbered]:
    """Join what has the same sources, and then what has the same destinations."""
    by_sources = _gathered(found, lambda each: (each.sources, *each[2:]))
    wide = [
        _Numbered(each[0].sources, _union(one.destinations for one in each), *each[0][2:])
        for each in by_sources
    ]
    by_destinations = _gathered(wide, lambda each: (each.destinations, *each[2:]))
    return [
        _Numbered(_union(one.sources for one in each), each[0].destinations, *each[0][2:])
        for each in by_destinations
    ]


def _gathered(items: Iterable[T], key: Callable[[T], Hashable]) -> list[list[T]]:
    found: dict[Hashable, list[T]] = {}
    for item in items:
        found.setdefault(key(item), []).append(item)
    return list(found.values())


def _union(sets: Iterable[Bits]) -> Bits:
    return bits(number for each in sets for number in each)
