"""Addresses → other addresses, so that what shared a prefix still shares as long a one.

A bit of an address is turned over, or is not, by a keyed digest of the bits before it, as
Crypto-PAn does: so blocks stay blocks, and what was in one stays in it. Above the ranges that mean
something no bit is turned, so a private address stays private, and the metadata service is itself.
"""

import hmac
from functools import cached_property
from typing import Final

from nsimlib.model.addresses import Address, AddressRange, Family, parse_cidr

__all__ = ["Addresses"]

#: ranges and addresses that mean something by themselves (F1.18, F5.5, F6.1, F6.4, F6.15)
KNOWN: Final = (
    *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "100.100.100.200/32", "127.0.0.0/8"),
    *("168.63.129.16/32", "169.254.0.0/16", "169.254.20.10/32", "169.254.25.10/32"),
    *("169.254.169.123/32", "169.254.169.252/32", "169.254.169.253/32", "169.254.169.254/32"),
    *("169.254.170.2/32", "169.254.170.23/32", "172.16.0.0/12", "192.0.2.0/24"),
    *("192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/3"),
    *("::/96", "::1/128", "::ffff:0:0/96", "64:ff9b::/96", "2000::/3", "2001:db8::/32"),
    *("fc00::/8", "fd00::/8", "fd00:ec2::23/128", "fd00:ec2::253/128", "fd00:ec2::254/128"),
    *("fe80::/10", "ff00::/8"),
)


class Addresses:
    """The addresses that stand for others under one key."""

    def __init__(self, key: bytes) -> None:
        self.key = key
        self._seen: dict[Address, Address] = {}

    @cached_property
    def _fixed(self) -> frozenset[tuple[Family, int, int]]:
        """Every beginning of a known range, as its length and its bits: what follows is kept."""
        found = set()
        for known in map(parse_cidr, KNOWN):
            bits = known.family.bits
            length = bits - (known.last - known.first).bit_length()
            found |= {(known.family, n, known.first >> (bits - n)) for n in range(length)}
        return frozenset(found)

    def address(self, of: Address) -> Address:
        """Return what stands for an address.

        >>> from nsimlib.model.addresses import parse_address
        >>> say = Addresses(b"example").address
        >>> str(say(parse_address("169.254.169.254")))
        '169.254.169.254'
        >>> str(say(parse_address("10.0.0.1"))).partition(".")[0]
        '10'
        """
        if of not in self._seen:
            self._seen[of] = Address(of.family, self._turned(of.family, of.value, of.family.bits))
        return self._seen[of]

    def range(self, of: AddressRange) -> AddressRange:
        """Return what stands for a range; it must be a block."""
        size = (of.last - of.first).bit_length()
        length = of.family.bits - size
        first = self._turned(of.family, of.first >> size, length) << size
        return AddressRange(of.family, first, first + of.last - of.first)

    def cidr(self, text: str) -> str:
        """Return what stands for a block as text."""
        (found,) = self.range(parse_cidr(text)).cidrs
        return found

    def _turned(self, family: Family, value: int, length: int) -> int:
        turned = 0
        for number in range(length):
            before = value >> (length - number)
            bit = value >> (length - number - 1) & 1
            turned = turned << 1 | bit ^ self._turns(family, number, before)
        return turned

    def _turns(self, family: Family, length: int, before: int) -> int:
        if (family, length, before) in self._fixed:
            return 0
        said = f"{family.version} {length} {before:x}".encode()
        return hmac.digest(self.key, said, "sha256")[0] & 1
