"""Protocols, the ports that rules name, and sets of ports."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum

__all__ = [
    "ALL_PORTS",
    "MAX_PORT",
    "NO_PORTS",
    "TRANSPORTS",
    "PolicyPort",
    "Port",
    "PortSet",
    "Protocol",
]

MAX_PORT = 65535
Interval = tuple[int, int]


class Protocol(Enum):
    """Protocols of a connection: the transports that NetworkPolicy knows (F1.21), and ICMP.

    What is a port to a transport is a type to ICMP: a ping asks for `8/ICMP`, or `128/ICMPv6`.
    """

    TCP = "TCP"
    UDP = "UDP"
    SCTP = "SCTP"
    ICMP = "ICMP"
    ICMPV6 = "ICMPv6"

    # There is one object for each; the hash of Enum goes by name, a million times in Python.
    __hash__ = object.__hash__

    @property
    def has_ports(self) -> bool:
        """Whether it has ports and not types."""
        return self in TRANSPORTS


#: protocols that have ports; sets of ports and all pairs speak of these alone
TRANSPORTS = (Protocol.TCP, Protocol.UDP, Protocol.SCTP)


@dataclass(frozen=True, slots=True, order=True)
class Port:
    """A port number, or a type of ICMP, with its protocol, written `53/UDP`."""

    number: int
    protocol: Protocol = Protocol.TCP

    def __str__(self) -> str:
        return f"{self.number}/{self.protocol.value}"


@dataclass(frozen=True, slots=True)
class PolicyPort:
    """One entry of `ports:` with the server's defaults filled in (F1.7, F1.8).

    `port` is None for every port of the protocol, a number, or the name of a container port.
    `protocol` is None where a dialect means any transport. `other` names a protocol that no
    connection can be asked about, such as 47.
    """

    protocol: Protocol | None
    port: int | str | None = None
    end_port: int | None = None
    path: str = ""
    other: str = ""

    def __str__(self) -> str:
        if self.other:
            return f"protocol {self.other}"
        if self.protocol is not None and not self.protocol.has_ports:
            return f"{'any type' if self.port is None else self.port}/{self.protocol.value}"
        protocol = self.protocol.value if self.protocol else "any protocol"
        if self.port is None:
            return f"any port/{protocol}"
        last = f"-{self.end_port}" if self.end_port is not None else ""
        return f"{self.port}{last}/{protocol}"

    def numbers(self) -> "PortSet":
        """The ports meant by number; a name means none until a pod resolves it."""
        if isinstance(self.port, str) or self.other:
            return NO_PORTS
        first, last = (
            (1, MAX_PORT) if self.port is None else (self.port, self.end_port or self.port)
        )
        protocols = TRANSPORTS if self.protocol is None else (self.protocol,)
        return PortSet(dict.fromkeys(protocols, ((first, last),)))

    def is_type_of(self, given: Port) -> bool:
        """Whether it means this type of ICMP; to mean any transport is not to mean ICMP (F3.10)."""
        return self.protocol is given.protocol and self.port in (None, given.number)


class PortSet:
    """A set of ports per transport, kept as sorted intervals that neither touch nor overlap.

    >>> web = PortSet.of("80/TCP", "443/TCP", "8000-8999/TCP")
    >>> web & PortSet.of("8080/TCP", "53/UDP")
    8080/TCP
    >>> PortSet.of("80/TCP") | PortSet.of("81/TCP")
    80-81/TCP
    """

    __slots__ = ("_hash", "_intervals")

    def __init__(self, intervals: Mapping[Protocol, Iterable[Interval]] | None = None) -> None:
        merged = {p: _merge((intervals or {}).get(p, ())) for p in TRANSPORTS}
        self._intervals = {p: spans for p, spans in merged.items() if spans}
        self._hash = hash(tuple(self._intervals.items()))

    @classmethod
    def of(cls, *ports: str) -> "PortSet":
        """Return the set of ports such as `"53/UDP"` and ranges such as `"8000-8999/TCP"`."""
        found: dict[Protocol, list[Interval]] = {}
        for text in ports:
            numbers, _, protocol = text.partition("/")
            first, _, last = numbers.partition("-")
            found.setdefault(Protocol(protocol or "TCP"), []).append(
                (int(first), int(last or first))
            )
        return cls(found)

    @classmethod
    def single(cls, port: Port) -> "PortSet":
        """Return the set of one port."""
        return cls({port.protocol: ((port.number, port.number),)})

    def spans(self, protocol: Protocol) -> tuple[Interval, ...]:
        """Intervals of one protocol, ascending."""
        return self._intervals.get(protocol, ())

    def __contains__(self, port: object) -> bool:
        if isinstance(port, str):
            wanted = PortSet.of(port)
            return (wanted & self) == wanted
        return isinstance(port, Port) and any(
            first <= port.number <= last for first, last in self.spans(port.protocol)
        )

    def __or__(self, other: "PortSet") -> "PortSet":
        return PortSet({p: self.spans(p) + other.spans(p) for p in TRANSPORTS})

    def __and__(self, other: "PortSet") -> "PortSet":
        return PortSet({p: _common(self.spans(p), other.spans(p)) for p in TRANSPORTS})

    def __sub__(self, other: "PortSet") -> "PortSet":
        return PortSet({p: _common(self.spans(p), _gaps(other.spans(p))) for p in TRANSPORTS})

    def __bool__(self) -> bool:
        return bool(self._intervals)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, PortSet) and self._intervals == other._intervals

    def __hash__(self) -> int:
        return self._hash

    def __iter__(self) -> Iterator[tuple[Protocol, Interval]]:
        return ((protocol, span) for protocol, spans in self._intervals.items() for span in spans)

    def __str__(self) -> str:
        if self == ALL_PORTS:
            return "all ports"
        return ", ".join(_span_text(p, span) for p, span in self) or "no ports"

    __repr__ = __str__


def _span_text(protocol: Protocol, span: Interval) -> str:
    first, last = span
    if (first, last) == (1, MAX_PORT):
        return f"all {protocol.value}"
    return f"{first}/{protocol.value}" if first == last else f"{first}-{last}/{protocol.value}"


def _merge(intervals: Iterable[Interval]) -> tuple[Interval, ...]:
    merged: list[Interval] = []
    for first, last in sorted(intervals):
        if merged and first <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(merged[-1][1], last))
        else:
            merged.append((first, last))
    return tuple(merged)


def _common(left: Iterable[Interval], right: tuple[Interval, ...]) -> Iterator[Interval]:
    for a, b in left:
        for c, d in right:
            if max(a, c) <= min(b, d):
                yield max(a, c), min(b, d)


def _gaps(intervals: Iterable[Interval]) -> tuple[Interval, ...]:
    gaps, start = [], 1
    for first, last in intervals:
        if start < first:
            gaps.append((start, first - 1))
        start = last + 1
    return (*gaps, (start, MAX_PORT)) if start <= MAX_PORT else tuple(gaps)


ALL_PORTS = PortSet(dict.fromkeys(TRANSPORTS, ((1, MAX_PORT),)))
NO_PORTS = PortSet()
