"""Pairs of ends that are alike, joined into few groups of everyone here to everyone there."""

from collections.abc import Hashable, Iterable, Iterator
from typing import TypeVar

__all__ = ["joined"]

Source = TypeVar("Source", bound=Hashable)
Destination = TypeVar("Destination", bound=Hashable)
What = TypeVar("What", bound=Hashable)
Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


def joined(
    found: Iterable[tuple[Source, Destination, What]],
) -> Iterator[tuple[tuple[Source, ...], tuple[Destination, ...], What]]:
    """Join destinations that the same sources reach alike, then sources that reach the same.

    An end may be one thing or a set of them. No pair may occur twice.

    >>> alike = [(who, to, "5432/TCP") for who in ("web", "api") for to in ("db", "cache")]
    >>> list(joined([*alike, ("job", "db", "5432/TCP")]))
    [(('web', 'api'), ('db', 'cache'), '5432/TCP'), (('job',), ('db',), '5432/TCP')]
    """
    by_sources = _gathered(((sources, what), one) for sources, one, what in found)
    by_destinations = _gathered(
        ((tuple(destinations), what), sources)
        for (sources, what), destinations in by_sources.items()
    )
    for (destinations, what), sources in by_destinations.items():
        yield tuple(sources), destinations, what


def _gathered(items: Iterable[tuple[Key, Value]]) -> dict[Key, list[Value]]:
    found: dict[Key, list[Value]] = {}
    for key, value in items:
        found.setdefault(key, []).append(value)
    return found
