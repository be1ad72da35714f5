"""What one part of the world holds about a name, over time, and how two of them compare.

From what is true of a name and what policy allows follow the two windows of every policy that
chases names::

    gap         an address that the name has is not allowed
    exposure    an address that the name once had, and has no more, is still allowed
"""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import Enum
from itertools import groupby, pairwise
from math import inf
from typing import NamedTuple

from nsimlib.model.addresses import Address

__all__ = ["Interval", "Lane", "LaneKind", "Recorder", "Span", "exposed", "missing"]

Found = frozenset[Address]


class Span(NamedTuple):
    """Addresses from one time to another."""

    start: float
    end: float
    addresses: tuple[Address, ...]


class LaneKind(Enum):
    """What the addresses of a lane are, in the order in which lanes are shown."""

    #: those that the name has
    TRUE = "true"
    #: those that the pods' nameserver believes
    CACHED = "cached"
    #: those that an application believes
    BELIEVED = "believed"
    #: those that policy allows
    ALLOWED = "allowed"
    #: those that an application is connected to
    POOLED = "pooled"


@dataclass(frozen=True, slots=True)
class Lane:
    """What one part of the world holds about a name, over time; `of` says whose it is."""

    kind: LaneKind
    of: str
    name: str
    spans: tuple[Span, ...]

    def at(self, now: float) -> tuple[Address, ...]:
        """Return the addresses at a time, none between spans."""
        passed = bisect_right(self.spans, now, key=lambda span: span.start)
        span = self.spans[passed - 1] if passed else None
        return span.addresses if span and now < span.end else ()


class Interval(NamedTuple):
    """When something was so, of whom and of which addresses."""

    of: str
    start: float
    end: float
    addresses: tuple[Address, ...]

    @property
    def seconds(self) -> float:
        """How long."""
        return self.end - self.start


class Recorder:
    """Takes down what changes, while it changes."""

    def __init__(self) -> None:
        self._spans: dict[tuple[LaneKind, str, str], list[Span]] = {}

    def note(
        self,
        kind: LaneKind,
        of: str,
        name: str,
        now: float,
        addresses: Iterable[Address],
        until: float = inf,
    ) -> None:
        """Take down what is held from now on, or until a time; what is held already goes on."""
        spans, found = self._spans.setdefault((kind, of, name), []), tuple(sorted(addresses))
        if spans and now <= spans[-1].end:
            last = spans.pop()
            if last.addresses == found:
                spans.append(last._replace(end=until))
                return
            if last.start < now:
                spans.append(last._replace(end=now))
        if found:
            spans.append(Span(now, until, found))

    def lanes(self) -> tuple[Lane, ...]:
        """Return what was taken down."""
        order = list(LaneKind)
        found = sorted(self._spans.items(), key=lambda item: order.index(item[0][0]))
        return tuple(Lane(*key, tuple(spans)) for key, spans in found)


def exposed(lanes: Iterable[Lane], lasts: float) -> tuple[Interval, ...]:
    """Return when addresses were allowed that a name once had and had no more."""
    return _compared(lanes, lasts, lambda true, once, allowed: (once - true) & allowed)


def missing(lanes: Iterable[Lane], lasts: float) -> tuple[Interval, ...]:
    """Return when addresses of a name were not allowed."""
    return _compared(lanes, lasts, lambda true, _, allowed: true - allowed)


def _compared(
    lanes: Iterable[Lane], lasts: float, wanted: Callable[[Found, Found, Found], Found]
) -> tuple[Interval, ...]:
    lanes = tuple(lanes)
    truths = {lane.name: lane for lane in lanes if lane.kind is LaneKind.TRUE}
    found = (
        interval
        for lane in lanes
        if lane.kind is LaneKind.ALLOWED
        for interval in _intervals(truths[lane.name], lane, lasts, wanted)
    )
    return tuple(sorted(found, key=lambda each: (each.start, each.of)))


def _intervals(
    true: Lane, allowed: Lane, lasts: float, wanted: Callable[[Found, Found, Found], Found]
) -> Iterator[Interval]:
    """Walk along both lanes from edge to edge, and join what goes on."""
    edges = {edge for lane in (true, allowed) for span in lane.spans for edge in span[:2]}
    times = sorted({0.0, lasts, *(edge for edge in edges if 0 < edge < lasts)})
    once = Found()
    pieces: list[tuple[float, float, tuple[Address, ...]]] = []
    for start, end in pairwise(times):
        now = Found(true.at(start))
        once |= now
        pieces.append((start, end, tuple(sorted(wanted(now, once, Found(allowed.at(start)))))))
    for addresses, run in groupby(pieces, key=lambda piece: piece[2]):
        parts = list(run)
        if addresses:
            yield Interval(allowed.of, parts[0][0], parts[-1][1], addresses)
