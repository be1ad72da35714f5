"""Where everything of a cluster lies on the map: computed here, the same on every machine.

Namespaces are cards in rows, with a tile for each workload and a pill for each Service. The world
outside is a column at the right. With more workloads the tiles get smaller, so that 300 pods take
no more room than a screen.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from math import ceil, sqrt
from typing import NamedTuple

from nsimlib.errors import SettingError, UnknownName
from nsimlib.model.cluster import Cluster
from nsimlib.model.objects import Pod, Service, Workload
from nsimlib.views.choices import outside, place_end, workload_names

__all__ = ["Card", "End", "Kind", "Topology", "topology"]

WIDTH, MARGIN, GAP, PAD, HEAD = 980, 14, 12, 10, 26
WORLD = 196
#: what is left of the width for the cluster
INNER = WIDTH - WORLD - 3 * MARGIN - 2 * PAD


class Size(NamedTuple):
    """The tiles of a map: a name that does not fit is cut, one of no letters is not written."""

    width: float
    height: float
    letters: int
    between: float
    below: float


#: by the number of workloads and Services up to which a size serves
SIZES = (
    (48, Size(132, 38, 14, 22, 14)),
    (120, Size(96, 28, 10, 16, 10)),
    (240, Size(62, 22, 6, 12, 9)),
    (700, Size(24, 16, 0, 9, 9)),
)
MOST = SIZES[-1][0]
PLACE = Size(WORLD - 2 * PAD, 42, 22, 0, 10)
PILL = 20


class Kind(Enum):
    """What an end of a connection is; the value is its word in the catalogue of sentences."""

    WORKLOAD = "workload"
    SERVICE = "service"
    PLACE = "place"


@dataclass(frozen=True, slots=True)
class End:
    """Something that can be one end of a connection, and its place: `name` is its notation."""

    name: str
    kind: Kind
    label: str
    more: str
    x: float
    y: float
    width: float
    height: float

    @property
    def middle(self) -> tuple[float, float]:
        """Its centre."""
        return self.x + self.width / 2, self.y + self.height / 2


@dataclass(frozen=True, slots=True)
class Card:
    """A namespace as it is drawn, or the whole cluster, or the world outside."""

    label: str
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True)
class Topology:
    """A map: what lies where. Ends are in the order in which one reads them."""

    ends: tuple[End, ...]
    cards: tuple[Card, ...]
    height: float
    width: float = WIDTH

    def end(self, name: str) -> End | None:
        """Return the end of that name, if it is on the map."""
        return next((end for end in self.ends if end.name == name), None)


def topology(cluster: Cluster, namespaces: Collection[str] | None = None) -> Topology:
    """Return where the workloads, Services and places of a cluster lie, or of some namespaces.

    Raises
    ------
    UnknownName
        If there is no such namespace.
    SettingError
        If there are more workloads than one can tell apart.

    >>> import nsimlib as ns
    >>> found = topology(ns.scenario("isolation-is-a-switch"))
    >>> [end.name for end in found.ends]
    ['monitoring/prometheus', 'shop/api', 'shop/db', 'shop/web', '203.0.113.10']
    """
    chosen = _chosen(cluster, namespaces)
    homes = [each.namespace for each in cluster.workloads]
    homes += [each.namespace for each in _answering(cluster)]
    count = sum(home in chosen for home in homes)
    if count > MOST:
        few = f"a few of the {len(chosen)} namespaces: {count} tiles are more than {MOST}"
        raise SettingError("namespaces of the map", namespaces, few)
    size = next(size for most, size in SIZES if count <= most)
    names = workload_names(cluster)
    rooms = [_room(cluster, name, names, size) for name in chosen]
    placed, bottom = _in_rows(rooms, MARGIN + PAD, MARGIN + HEAD)
    world = tuple(_world(cluster, WIDTH - WORLD - MARGIN + PAD, MARGIN + HEAD))
    lowest = max((end.y + end.height for end in world), default=0)
    height = max(bottom, lowest) + PAD - MARGIN
    frames = (
        Card("cluster", MARGIN, MARGIN, WIDTH - WORLD - 3 * MARGIN, height),
        Card("world", WIDTH - WORLD - MARGIN, MARGIN, WORLD, height),
    )
    ends = (*(end for block in placed for end in block.ends), *world)
    cards = (*frames, *(block.card for block in placed))
    return Topology(ends, cards, height + 2 * MARGIN)


@dataclass(frozen=True)
class Room:
    """A namespace before it has a place: what is in it, and how wide it likes to be."""

    namespace: str
    tiles: tuple[tuple[str, str, str], ...]
    services: tuple[tuple[str, str], ...]
    size: Size

    @property
    def width(self) -> float:
        """Room for about twice as many pixels across as down."""
        across, down = self.size.width + self.size.between, self.size.height + self.size.below
        count = len(self.tiles)
        wanted = min(count, max(1, ceil(sqrt(2 * count * down / across))))
        named = 7.6 * len(self.namespace)
        return min(INNER, max(wanted * across - self.size.between, named, 84) + 2 * PAD)

    def ends(self, width: float) -> tuple[End, ...]:
        """Lay out a grid of tiles, then rows of pills, in a card of that width at the origin."""
        tiles = tuple(self._grid(width - 2 * PAD))
        below = max((tile.y + tile.height + self.size.below for tile in tiles), default=HEAD)
        return (*tiles, *self._pills(width - 2 * PAD, below))

    def _grid(self, width: float) -> Iterator[End]:
        size = self.size
        columns = max(1, int((width + size.between) // (size.width + size.between)))
        for number, (name, label, more) in enumerate(self.tiles):
            row, column = divmod(number, columns)
            x = PAD + column * (size.width + size.between)
            y = HEAD + row * (size.height + size.below)
            yield End(name, Kind.WORKLOAD, label, more, x, y, size.width, size.height)

    def _pills(self, width: float, y: float) -> Iterator[End]:
        x = float(PAD)
        for name, label in self.services:
            wide = min(width, 28 + 6.6 * len(label) if label else PILL)
            if x > PAD and x + wide > PAD + width:
                x, y = float(PAD), y + PILL + 6
            yield End(name, Kind.SERVICE, label, "", x, y, wide, PILL)
            x += wide + 6


def _namespaces(cluster: Cluster) -> list[str]:
    used = {workload.namespace for workload in cluster.workloads}
    return sorted(used | {service.namespace for service in _answering(cluster)})


def _chosen(cluster: Cluster, namespaces: Collection[str] | None) -> list[str]:
    known = _namespaces(cluster)
    for name in namespaces or ():
        if name not in known:
            raise UnknownName("namespace with workloads", name, known)
    return [name for name in known if namespaces is None or name in namespaces]


def _answering(cluster: Cluster) -> list[Service]:
    """Services that have a port: the others are names for something else."""
    return [service for service in cluster.services if service.ports]


def _room(cluster: Cluster, namespace: str, names: Mapping[Workload, str], size: Size) -> Room:
    workloads = (each for each in cluster.workloads if each.namespace == namespace)
    services = (each for each in _answering(cluster) if each.namespace == namespace)
    return Room(
        namespace,
        tuple(_tile(each, names[each], cluster.workloads[each], size) for each in workloads),
        tuple((f"{namespace}/service/{s.name}", _cut(s.name, size.letters)) for s in services),
        size,
    )


def _tile(workload: Workload, name: str, pods: Sequence[Pod], size: Size) -> tuple[str, str, str]:
    more = f"\u00d7{len(pods)}" if len(pods) > 1 and size.letters else ""
    return name, _cut(workload.name, size.letters - len(more)), more


def _cut(name: str, letters: int) -> str:
    """Leave out the middle of a long name: names that begin alike often differ at the end."""
    if letters <= 0:
        return ""
    if len(name) <= letters:
        return name
    last = letters // 3
    return f"{name[: letters - last - 1]}\u2026{name[-last:]}"


@dataclass(frozen=True)
class Placed:
    """A namespace's card with what is in it."""

    card: Card
    ends: tuple[End, ...]


def _in_rows(rooms: Iterable[Room], x: float, y: float) -> tuple[list[Placed], float]:
    """Put cards side by side as long as they fit; those of a row share what room is left."""
    placed: list[Placed] = []
    for row in _rows(rooms):
        spare = INNER - sum(room.width for room in row) - GAP * (len(row) - 1)
        widths = [room.width + spare / len(row) for room in row]
        inside = [room.ends(width) for room, width in zip(row, widths, strict=True)]
        height = max(end.y + end.height for ends in inside for end in ends) + PAD
        at = x
        for room, width, ends in zip(row, widths, inside, strict=True):
            moved = tuple(replace(end, x=end.x + at, y=end.y + y) for end in ends)
            placed.append(Placed(Card(room.namespace, at, y, width, height), moved))
            at += width + GAP
        y += height + GAP
    return placed, y


def _rows(rooms: Iterable[Room]) -> Iterator[list[Room]]:
    row: list[Room] = []
    for room in rooms:
        taken = sum(each.width + GAP for each in row)
        if row and taken + room.width > INNER:
            yield row
            row = []
        row.append(room)
    if row:
        yield row


def _world(cluster: Cluster, x: float, y: float) -> Iterator[End]:
    """Yield the places in a column, and at its end an address that belongs to none."""
    named = [(place.name, place_end(place)) for place in cluster.places]
    ends = [(name, end) for name, end in named if end]
    ends += [("anywhere else", end) for end in outside(cluster)]
    for number, (label, end) in enumerate(ends):
        top = y + number * (PLACE.height + PLACE.below)
        called = _cut(label, PLACE.letters)
        more = _cut(end, PLACE.letters)
        yield End(end, Kind.PLACE, called, more, x, top, PLACE.width, PLACE.height)
