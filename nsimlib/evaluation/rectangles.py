"""All pairs in few rectangles: everyone here may open the same ports to everyone there.

Destinations that the same sources reach on the same ports are one rectangle, and so are sources
that reach the same destinations. A worked example: web and api may open 5432/TCP to db and to
cache; that is four pairs of classes and one rectangle.
"""

from collections.abc import Callable, Iterator
from typing import NamedTuple

from nsimlib.evaluation.allports import Ports
from nsimlib.evaluation.bits import Bits, bits, union
from nsimlib.evaluation.classes import PodClass
from nsimlib.evaluation.joining import joined
from nsimlib.evaluation.profiles import Cell
from nsimlib.evaluation.reachability import Reachability
from nsimlib.model.addresses import AddressRange
from nsimlib.model.policy import Direction

__all__ = ["Group", "Rectangle", "rectangles"]

#: classes of pods, or ranges outside; never both
Group = tuple[PodClass, ...] | tuple[AddressRange, ...]
#: sources, destinations, and the ports that are allowed and those that may be
Numbered = tuple[Bits, Bits, tuple[int, int]]


class Rectangle(NamedTuple):
    """What each of the sources may open to each of the destinations."""

    sources: Group
    destinations: Group
    ports: Ports


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
        for sources, destinations, masks in joined(found):
            yield Rectangle(ours(union(sources)), theirs(union(destinations)), rows.ports(*masks))


def _inwards(reach: Reachability) -> tuple[list[Numbered], list[Numbered]]:
    """What pods and what the world may open to the pods of each class."""
    count = len(reach.universe.classes)
    among: list[Numbered] = []
    inwards: list[Numbered] = []
    for number in range(count):
        one = bits([number])
        for cell in reach.rows.into(number):
            if pods := _below(cell, count):
                among.append((pods, one, (cell.allowed, cell.possible)))
            if pieces := _behind(cell, count):
                inwards.append((pieces, one, (cell.allowed, cell.possible)))
    return among, inwards


def _outwards(reach: Reachability) -> Iterator[Numbered]:
    """What the pods of each class may open to the world."""
    universe, everything = reach.universe, reach.rows.atoms.everything
    everywhere = Cell(bits(universe.ends(Direction.EGRESS)), everything, everything)
    for number, cells in enumerate(reach.rows.cells[Direction.EGRESS]):
        for cell in (everywhere,) if cells is None else cells:
            if pieces := _behind(cell, len(universe.faces)):
                yield bits([number]), pieces, (cell.allowed, cell.possible)


def _below(cell: Cell, count: int) -> Bits:
    return cell.ends & bits(range(count))


def _behind(cell: Cell, count: int) -> Bits:
    return bits(end - count for end in cell.ends - bits(range(count)))
