"""A table of who may reach whom: one word a cell, the same in text, HTML and DataFrame."""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from functools import reduce
from itertools import permutations
from typing import TYPE_CHECKING

from nsimlib.errors import UnknownName
from nsimlib.evaluation.allports import Ports
from nsimlib.evaluation.flows import Progress
from nsimlib.evaluation.pairs import Pairs
from nsimlib.model.addresses import cut
from nsimlib.model.objects import Party, Pod
from nsimlib.model.policy import Direction
from nsimlib.model.ports import ALL_PORTS, PortSet
from nsimlib.model.shown import Shown
from nsimlib.model.tables import Table, frame

if TYPE_CHECKING:
    import pandas

__all__ = ["ELSEWHERE", "Cell", "Matrix", "matrix"]

#: the rest of the world, as a row and column of a matrix
ELSEWHERE = "elsewhere"


class Cell(Enum):
    """What a cell says; `mark` is its sign where a word is too long."""

    ALLOWED = "allowed", "+"
    DENIED = "denied", "-"
    #: some pods of the one may reach some pods of the other, or some of the ports are allowed
    PARTLY = "partly", "~"
    #: a fact is missing
    OPEN = "open", "?"
    #: an end and itself
    SELF = "", ""

    @property
    def word(self) -> str:
        """The cell in a word."""
        return self.value[0]

    @property
    def mark(self) -> str:
        """The cell in a sign."""
        return self.value[1]


@dataclass(frozen=True, repr=False)
class Matrix(Shown):
    """Sources down, destinations across; `about` says on which ports."""

    about: str
    rows: tuple[str, ...]
    columns: tuple[str, ...]
    cells: tuple[tuple[Cell, ...], ...]

    def __getitem__(self, ends: tuple[str, str]) -> Cell:
        source, destination = ends
        return self.cells[self.rows.index(source)][self.columns.index(destination)]

    def to_table(self) -> Table:
        """Return the table with the sources as its first column, as words."""
        rows = tuple(
            (row, *(cell.word for cell in cells))
            for row, cells in zip(self.rows, self.cells, strict=True)
        )
        return Table(self.about, ("source", *self.columns), rows)

    def to_frame(self) -> "pandas.DataFrame":
        """Return the table as a DataFrame of words."""
        words = ([cell.word for cell in row] for row in self.cells)
        return frame(words, self.columns, self.rows)


def matrix(pairs: Pairs, port: str | None, progress: Progress, by: str = "workload") -> Matrix:
    """Return who may reach whom: groups of pods, places of the inventory, the rest of the world.

    Without a port a cell says `allowed` only if all ports are.
    """
    wanted = ALL_PORTS if port is None else PortSet.of(port)
    ways_in, ways_out = (_groups(pairs, d, by) for d in (Direction.INGRESS, Direction.EGRESS))
    cells = tuple(
        tuple(
            _within(pairs, ours, wanted) if row == column else _cell(pairs, ours, theirs, wanted)
            for column, theirs in ways_out.items()
        )
        for row, ours in progress(ways_in.items())
    )
    return Matrix(port or "any port", tuple(ways_in), tuple(ways_out), cells)


def _groups(pairs: Pairs, direction: Direction, by: str) -> dict[str, tuple[Party, ...]]:
    """The ends of a matrix by name; what is in no place of the inventory is elsewhere."""
    found: dict[str, list[Party]] = defaultdict(list)
    name_of = _naming(by)
    for pod in sorted(pairs.cluster.pods, key=lambda pod: (pod.owner, pod.name)):
        found[name_of(pod)].append(pod)
    found |= {place.name: [] for place in pairs.cluster.places} | {ELSEWHERE: []}
    known = [cidr for place in pairs.cluster.places for cidr in place.cidrs]
    for piece in pairs.universe.pieces[direction]:
        for part in cut(piece, known):
            party = pairs.cluster.external(part.start)
            for name in party.places or (ELSEWHERE,):
                found[name].append(party)
    return {name: tuple(group) for name, group in found.items()}


def _naming(by: str) -> Callable[[Pod], str]:
    """What a pod's group is called.

    Raises
    ------
    UnknownName
        If pods are not grouped so.
    """
    kind, colon, key = by.partition(":")
    if kind == "label" and colon:
        return lambda pod: f"{key}={pod.labels[key]}" if key in pod.labels else f"no label {key}"
    if by not in NAMINGS:
        raise UnknownName("grouping", by, (*NAMINGS, "label:<key>"))
    return NAMINGS[by]


NAMINGS: dict[str, Callable[[Pod], str]] = {
    "workload": lambda pod: str(pod.owner),
    "namespace": lambda pod: pod.namespace.name,
    "pod": lambda pod: pod.key,
}


def _within(pairs: Pairs, group: tuple[Party, ...], wanted: PortSet) -> Cell:
    """What the workloads of a group may open to one another; nothing is said of one with itself."""
    by_owner: dict[object, list[Pod]] = defaultdict(list)
    for party in group:
        if isinstance(party, Pod):
            by_owner[party.owner].append(party)
    found = [pairs.group(*two) for two in permutations(by_owner.values(), 2)]
    if not found:
        return Cell.SELF
    every = reduce(Ports.also, (each for each, _ in found))
    return _word(every, reduce(Ports.either, (some for _, some in found)), wanted)


def _cell(
    pairs: Pairs, ours: tuple[Party, ...], theirs: tuple[Party, ...], wanted: PortSet
) -> Cell:
    if not any(isinstance(party, Pod) for party in (*ours, *theirs)):
        return Cell.SELF
    return _word(*pairs.group(ours, theirs), wanted)


def _word(every: Ports, some: Ports, wanted: PortSet) -> Cell:
    if every.allowed & wanted == wanted:
        return Cell.ALLOWED
    if some.allowed & wanted:
        return Cell.PARTLY
    return Cell.OPEN if some.open & wanted else Cell.DENIED
