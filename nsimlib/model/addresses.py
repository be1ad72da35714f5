"""Addresses, blocks of addresses and ranges, of both families."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import IntEnum
from functools import lru_cache
from itertools import pairwise
from typing import Literal, NamedTuple

import netaddr

__all__ = [
    "Address",
    "AddressRange",
    "Family",
    "IPBlock",
    "cut",
    "parse_address",
    "parse_cidr",
]


class Family(IntEnum):
    """The two address families; the value is the IP version."""

    IPV4 = 4
    IPV6 = 6

    @property
    def bits(self) -> int:
        """Length of an address in bits."""
        return 32 if self is Family.IPV4 else 128

    @property
    def version(self) -> Literal[4, 6]:
        """The IP version."""
        return 4 if self is Family.IPV4 else 6

    @property
    def everything(self) -> "AddressRange":
        """All addresses of the family as one range."""
        return AddressRange(self, 0, (1 << self.bits) - 1)


class Address(NamedTuple):
    """One address. Addresses of different families never compare equal."""

    family: Family
    value: int

    @property
    def cidr(self) -> str:
        """The CIDR of this address alone.

        >>> parse_address("10.0.0.7").cidr, parse_address("::ffff:10.0.0.7").cidr
        ('10.0.0.7/32', '::ffff:10.0.0.7/128')
        """
        return f"{self}/{self.family.bits}"

    @property
    def range(self) -> "AddressRange":
        """The range of this address alone."""
        return AddressRange(self.family, self.value, self.value)

    def __str__(self) -> str:
        return str(netaddr.IPAddress(self.value, self.family.version))


@dataclass(frozen=True, slots=True, order=True)
class AddressRange:
    """All addresses from `first` to `last`, both included."""

    family: Family
    first: int
    last: int

    def __contains__(self, address: Address) -> bool:
        return address.family == self.family and self.first <= address.value <= self.last

    def covers(self, other: "AddressRange") -> bool:
        """Whether every address of `other` lies in this range."""
        return self.family == other.family and self.first <= other.first <= other.last <= self.last

    def overlaps(self, other: "AddressRange") -> bool:
        """Whether the two ranges share an address."""
        return self.family == other.family and self.first <= other.last and other.first <= self.last

    @property
    def start(self) -> Address:
        """The first address."""
        return Address(self.family, self.first)

    @property
    def end(self) -> Address:
        """The last address."""
        return Address(self.family, self.last)

    @property
    def cidrs(self) -> tuple[str, ...]:
        """The fewest CIDRs that make up the range, in order.

        >>> AddressRange(Family.IPV4, 1, 4).cidrs
        ('0.0.0.1/32', '0.0.0.2/31', '0.0.0.4/32')
        """
        first, last = (netaddr.IPAddress(n, self.family.version) for n in (self.first, self.last))
        return tuple(str(cidr) for cidr in netaddr.iprange_to_cidrs(first, last))

    def __str__(self) -> str:
        return str(self.start) if self.first == self.last else f"{self.start}-{self.end}"


#: the parts of an IPv4 address as everyone writes them
OCTETS = {str(number): number for number in range(256)}


def parse_address(text: str) -> Address:
    """Return the address that `text` spells.

    Raises
    ------
    ValueError
        If it is no address; shortened IPv4 such as `10.1` is none.
    """
    # What nearly all of a dump's addresses look like is told without netaddr.
    try:
        first, second, third, fourth = map(OCTETS.__getitem__, text.split("."))
    except (KeyError, ValueError):
        return _parse_address(text)
    return Address(Family.IPV4, first << 24 | second << 16 | third << 8 | fourth)


@lru_cache(maxsize=1 << 16)
def _parse_address(text: str) -> Address:
    """Any address; this is the definition, and a law holds the short way above to it."""
    try:
        parsed = netaddr.IPAddress(text, flags=netaddr.INET_PTON)
    except (netaddr.AddrFormatError, ValueError):
        raise ValueError(f"not an IP address: {text!r}") from None
    return Address(Family(parsed.version), int(parsed))


def parse_cidr(text: str) -> AddressRange:
    """Return the range of a CIDR; bits behind the prefix do not count (F1.46).

    Raises
    ------
    ValueError
        If it is not `address/prefix length`; a bare address is not a CIDR (F1.42).

    Examples
    --------
    >>> str(parse_cidr("192.168.1.5/24"))
    '192.168.1.0-192.168.1.255'
    """
    address_text, slash, length_text = text.partition("/")
    if not slash or not length_text.isascii() or not length_text.isdecimal():
        raise ValueError(f"not a CIDR: {text!r}")
    address, length = parse_address(address_text), int(length_text)
    if length > address.family.bits:
        raise ValueError(f"not a CIDR: {text!r}")
    size = 1 << (address.family.bits - length)
    first = address.value & ~(size - 1)
    return AddressRange(address.family, first, first + size - 1)


@dataclass(frozen=True, slots=True)
class IPBlock:
    """A CIDR and the CIDRs taken out of it, as written in the policy.

    `except_` carves only this block: another rule may still allow what it takes out (F1.19).

    >>> block = IPBlock("10.0.0.0/8", ("10.20.0.0/16",))
    >>> block.contains(parse_address("10.20.0.1")), block.contains(parse_address("::ffff:10.1.1.1"))
    (False, False)
    """

    cidr: str
    except_: tuple[str, ...] = ()

    @property
    def range(self) -> AddressRange:
        """The range of `cidr`, exceptions not taken out."""
        return _range(self.cidr)

    @property
    def ranges(self) -> tuple[AddressRange, ...]:
        """What is left after the exceptions, in order."""
        return _ranges(self.cidr, self.except_)

    def contains(self, address: Address) -> bool:
        """Whether the block covers the address."""
        return any(address in piece for piece in self.ranges)

    def exception_for(self, address: Address) -> str | None:
        """The exception that takes the address out, or None."""
        return next((cidr for cidr in self.except_ if address in _range(cidr)), None)

    def __str__(self) -> str:
        return self.cidr + (f" except {', '.join(self.except_)}" if self.except_ else "")


_range = lru_cache(maxsize=1 << 14)(parse_cidr)


@lru_cache(maxsize=1 << 14)
def _ranges(cidr: str, exceptions: tuple[str, ...]) -> tuple[AddressRange, ...]:
    whole = _range(cidr)
    return tuple(_left(whole, sorted({_range(exception) for exception in exceptions})))


def _left(whole: AddressRange, holes: Iterable[AddressRange]) -> Iterator[AddressRange]:
    """What holes in order leave of a range; many thousands are met in one go."""
    first = whole.first
    for hole in holes:
        if hole.overlaps(whole):
            if first < hole.first:
                yield AddressRange(whole.family, first, hole.first - 1)
            first = max(first, hole.last + 1)
    if first <= whole.last:
        yield AddressRange(whole.family, first, whole.last)


def cut(whole: AddressRange, blocks: Iterable[AddressRange]) -> Iterator[AddressRange]:
    """Yield `whole` in pieces, cut at every edge of every block.

    No block crosses the edge of a piece, so what holds for one address of a piece holds for all.
    """
    edges = {whole.first, whole.last + 1}
    for block in blocks:
        if block.overlaps(whole):
            edges.update(e for e in (block.first, block.last + 1) if whole.first < e <= whole.last)
    for first, following in pairwise(sorted(edges)):
        yield AddressRange(whole.family, first, following - 1)
