"""ipsets: the lists of addresses that rules refer to by name, and whether something is in one.

A worked example: a `hash:net` set holds 10.0.0.0/8 and `10.1.0.0/16 nomatch`. 10.1.2.3 lies in
both, the longer prefix decides, and it says no: the address is not in the set (F4.14).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from nsimlib.datapath.packet import Packet, protocol_names
from nsimlib.evaluation.logic import Truth, any_of
from nsimlib.model.addresses import Address, Family, parse_address, parse_cidr

__all__ = ["Entry", "IPSet", "holds"]

Prefixes = Mapping[tuple[int, int], bool]


@dataclass(frozen=True, slots=True)
class Entry:
    """One member: an address, a CIDR, `address,protocol:port`, or the name of another set.

    `timeout` is in seconds; `nomatch` takes its block out of the set. `more` are further words.
    """

    value: str
    timeout: int | None = None
    nomatch: bool = False
    more: str = ""

    def __str__(self) -> str:
        timeout = "" if self.timeout is None else f"timeout {self.timeout}"
        words = self.value, timeout, self.more, "nomatch" if self.nomatch else ""
        return " ".join(filter(None, words))


@dataclass(frozen=True)
class IPSet:
    """A set with its members. `options` are the words after type and family, as they were read."""

    name: str
    type: str
    family: Family | None = Family.IPV4
    options: str = ""
    entries: tuple[Entry, ...] = ()

    @property
    def head(self) -> str:
        """The words that make the set."""
        family = {None: "", Family.IPV4: "family inet", Family.IPV6: "family inet6"}[self.family]
        return " ".join(filter(None, (self.name, self.type, family, self.options)))

    @cached_property
    def values(self) -> frozenset[str]:
        """The members that are in."""
        return frozenset(entry.value for entry in self.entries if not entry.nomatch)

    @cached_property
    def prefixes(self) -> Prefixes:
        """For a set of blocks: by length and first address, whether it is in or taken out."""
        return dict(map(_prefix, self.entries))

    @cached_property
    def lengths(self) -> tuple[int, ...]:
        """The lengths of its blocks, the longest first."""
        return tuple(sorted({length for length, _ in self.prefixes}, reverse=True))


def _prefix(entry: Entry) -> tuple[tuple[int, int], bool]:
    if "/" not in entry.value:
        address = parse_address(entry.value)
        return (address.family.bits, address.value), not entry.nomatch
    length = int(entry.value.rpartition("/")[2])
    return (length, parse_cidr(entry.value).first), not entry.nomatch


def holds(found: IPSet, packet: Packet, ends: tuple[str, ...], sets: Mapping[str, IPSet]) -> Truth:
    """Return whether what a packet has at these ends is in a set; None if that cannot be told.

    >>> but = Entry("10.1.0.0/16", nomatch=True)
    >>> ten = IPSet("ten", "hash:net", entries=(Entry("10.0.0.0/8"), but))
    >>> from nsimlib.model.ports import Port
    >>> to = Packet(parse_address("10.9.9.9"), parse_address("10.1.2.3"), Port(80))
    >>> holds(ten, to, ("dst",), {}), holds(ten, to, ("src",), {})
    (False, True)
    """
    address = packet.source if ends[0] == "src" else packet.destination
    match found.type:
        case "list:set":
            inner = (sets.get(name) for name in found.values)
            return any_of(None if one is None else holds(one, packet, ends, sets) for one in inner)
        case "hash:net":
            return address.family is found.family and _in_blocks(found, address)
        case "hash:ip":
            return str(address) in found.values
        case "hash:ip,port" if len(ends) == 2:
            return _in_pairs(found, address, packet, ends[1])
        case _:
            return None


def _in_blocks(found: IPSet, address: Address) -> bool:
    for length in found.lengths:
        hidden = address.family.bits - length
        if (decided := found.prefixes.get((length, address.value >> hidden << hidden))) is not None:
            return decided
    return False


def _in_pairs(found: IPSet, address: Address, packet: Packet, end: str) -> Truth:
    number = packet.source_port if end == "src" else packet.port.number
    if number is None:
        return None
    return any(pair in found.values for pair in _spellings(address, packet, number))


def _spellings(address: Address, packet: Packet, number: int) -> Iterator[str]:
    for name in protocol_names(packet.port.protocol):
        yield f"{address},{name}:{number}"
