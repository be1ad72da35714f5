"""Sets of small integers: compressed bitmaps where the compiled package is, else plain integers.

Both have the same operators; a law binds them. Roaring bitmaps need a few bytes for a run of a
million members, which is why classes are numbered namespace by namespace.
"""

from collections.abc import Iterable, Iterator, Sequence
from functools import cache, reduce
from importlib import import_module
from importlib.util import find_spec
from operator import or_
from typing import Protocol, Self, cast

__all__ = ["Bits", "IntBits", "bits", "nobody", "union"]

#: so many sets are quicker joined one by one than all at once
FEW = 8


class Bits(Protocol):
    """A frozen set of small integers."""

    def __and__(self, other: Self, /) -> Self: ...
    def __or__(self, other: Self, /) -> Self: ...
    def __sub__(self, other: Self, /) -> Self: ...
    def __contains__(self, member: int, /) -> bool: ...
    def __iter__(self) -> Iterator[int]: ...
    def __len__(self) -> int: ...
    def __bool__(self) -> bool: ...
    def __hash__(self) -> int: ...
    def shift(self, offset: int, /) -> Self:
        """Return the set with every member moved by so much."""

    def union(self, /, *others: Self) -> Self:
        """Return what is in this set or in any of the others."""


class IntBits:
    """Bits held in one Python integer; slow for large sets, right for all.

    >>> sorted(IntBits([1, 5]) | IntBits([2]))
    [1, 2, 5]
    """

    __slots__ = ("value",)

    def __init__(self, members: Iterable[int] = (), value: int = 0) -> None:
        for member in members:
            value |= 1 << member
        self.value = value

    def __and__(self, other: "IntBits") -> "IntBits":
        return IntBits(value=self.value & other.value)

    def __or__(self, other: "IntBits") -> "IntBits":
        return IntBits(value=self.value | other.value)

    def __sub__(self, other: "IntBits") -> "IntBits":
        return IntBits(value=self.value & ~other.value)

    def __contains__(self, member: int) -> bool:
        return bool(self.value >> member & 1)

    def __iter__(self) -> Iterator[int]:
        rest = self.value
        while rest:
            lowest = rest & -rest
            yield lowest.bit_length() - 1
            rest ^= lowest

    def __len__(self) -> int:
        return self.value.bit_count()

    def __bool__(self) -> bool:
        return self.value != 0

    def shift(self, offset: int) -> "IntBits":
        """Return the set with every member moved by so much."""
        return IntBits(value=self.value << offset if offset >= 0 else self.value >> -offset)

    def union(self, *others: "IntBits") -> "IntBits":
        """Return what is in this set or in any of the others."""
        return IntBits(value=reduce(or_, (other.value for other in others), self.value))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, IntBits) and self.value == other.value

    def __hash__(self) -> int:
        return hash(self.value)


def bits(members: Iterable[int] = ()) -> Bits:
    """Return the set of these members in the best form that is installed."""
    return cast("Bits", _form()(members))


@cache
def nobody() -> Bits:
    """Return the empty set."""
    return bits()


def union(sets: Sequence[Bits]) -> Bits:
    """Return what is in any of the sets; of many it is taken at once, four times as fast.

    >>> sorted(union([bits([1, 5]), bits([2])]))
    [1, 2, 5]
    """
    if len(sets) < FEW:
        return reduce(or_, sets, nobody())
    return sets[0].union(*sets[1:])


@cache
def _form() -> type:
    """The compiled bitmaps are imported when a set is first made, never with nsimlib."""
    compiled = find_spec("pyroaring") is not None
    return cast("type", import_module("pyroaring").FrozenBitMap) if compiled else IntBits
