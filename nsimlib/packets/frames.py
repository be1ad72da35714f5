"""The bytes of a frame → its layers: frame, packet, segment or datagram, payload.

A worked example: the first frame of a connection is 74 bytes long. 14 are Ethernet's, 20 IPv4's, 40
TCP's, of which 20 are options; nothing is left for a payload.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from nsimlib.model.addresses import Address, Family
from nsimlib.model.shown import Shown

__all__ = ["Field", "Frame", "Layer"]

IPV4, IPV6, ARP = 0x0800, 0x86DD, 0x0806
TYPES = {IPV4: "IPv4", IPV6: "IPv6", ARP: "ARP"}
PROTOCOLS = {1: "ICMP", 6: "TCP", 17: "UDP", 58: "ICMPv6", 132: "SCTP"}
#: of TCP, the lowest bit first
FLAGS = ("FIN", "SYN", "RST", "PSH", "ACK", "URG", "ECE", "CWR")
DONT_FRAGMENT = 0x4000
MSS, END, NOTHING = 2, 0, 1
OPTIONS = {2: "MSS", 3: "window scale", 4: "SACK permitted", 5: "SACK", 8: "timestamps"}


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a header: its name, its value in words, and its bytes."""

    name: str
    value: str
    raw: bytes


@dataclass(frozen=True, slots=True)
class Layer:
    """One layer of a frame: what carries it, or what it carries."""

    name: str
    fields: tuple[Field, ...]
    raw: bytes

    @property
    def title(self) -> str:
        """What it is and how long: of all but the payload, that is the header."""
        of_header = "" if self.name == "payload" else " of header"
        return f"{self.name}, {len(self.raw)} bytes{of_header}"

    def __getitem__(self, name: str) -> str:
        """The value of a field."""
        return next(each.value for each in self.fields if each.name == name)


@dataclass(frozen=True, repr=False)
class Frame(Shown):
    """One frame as an interface sent or received it."""

    raw: bytes
    sent: bool

    @cached_property
    def layers(self) -> tuple[Layer, ...]:
        """Its layers, from the outside in."""
        return tuple(_layers(self.raw))

    def layer(self, name: str) -> Layer | None:
        """Return a layer by name, such as `"TCP segment"`, if it has that."""
        return next((each for each in self.layers if each.name == name), None)

    @property
    def payload(self) -> bytes:
        """What the application sent; empty where TCP speaks for itself."""
        last = self.layers[-1]
        return last.raw if last.name == "payload" else b""

    @property
    def summary(self) -> str:
        """The frame in one line, without its direction."""
        inner = next(
            (each for each in self.layers if each.name.endswith(("segment", "datagram"))), None
        )
        packet = next((each for each in self.layers if each.name.endswith("packet")), None)
        if packet is None:
            return f"{self.layers[0]['type']}, {len(self.raw)} bytes"
        if inner is None:
            return f"{packet['source']} -> {packet['destination']} {packet['protocol']}"
        ends = (
            f"{packet[end]} port {inner[port]}"
            for end, port in (("source", "source port"), ("destination", "destination port"))
        )
        kind = inner["flags"] if inner.name == "TCP segment" else "UDP"
        length = len(self.payload)
        return f"{' -> '.join(ends)}  {kind}" + (f", {length} bytes" if length else "")

    def __repr__(self) -> str:
        lines = [f"{'sent' if self.sent else 'received'}, {len(self.raw)} bytes"]
        for depth, layer in enumerate(self.layers):
            lines.append(f"{'  ' * depth}{layer.title}")
            lines += [f"{'  ' * depth}  {each.name:16} {each.value}" for each in layer.fields]
        return "\n".join(lines)


def _layers(raw: bytes) -> Iterator[Layer]:
    (kind,) = struct.unpack_from("!H", raw, 12)
    yield _layer(
        "Ethernet frame",
        raw[:14],
        ("destination", 6, _mac(raw[:6])),
        ("source", 6, _mac(raw[6:12])),
        ("type", 2, TYPES.get(kind, hex(kind))),
    )
    if kind == IPV4:
        yield from _ipv4(raw[14:])
    elif kind == IPV6:
        yield from _ipv6(raw[14:])
    elif len(raw) > 14:
        yield _payload(raw[14:])


def _layer(name: str, raw: bytes, *fields: tuple[str, int, str]) -> Layer:
    found, at = [], 0
    for title, length, value in fields:
        found.append(Field(title, value, raw[at : at + length]))
        at += length
    return Layer(name, tuple(found), raw)


def _mac(raw: bytes) -> str:
    return raw.hex(":")


def _ipv4(raw: bytes) -> Iterator[Layer]:
    first, tos, total, number, fragment, ttl, protocol, checksum = struct.unpack_from(
        "!BBHHHBBH", raw
    )
    length = (first & 15) * 4
    yield _layer(
        "IPv4 packet",
        raw[:length],
        ("header", 1, f"version 4, {length} bytes"),
        ("traffic class", 1, f"DSCP {tos >> 2}"),
        ("length", 2, f"{total} bytes"),
        ("identification", 2, str(number)),
        ("fragments", 2, "must not be cut" if fragment & DONT_FRAGMENT else "may be cut"),
        ("TTL", 1, str(ttl)),
        ("protocol", 1, PROTOCOLS.get(protocol, str(protocol))),
        ("checksum", 2, f"{checksum:#06x}"),
        ("source", 4, _address(raw[12:16])),
        ("destination", 4, _address(raw[16:20])),
    )
    yield from _inner(protocol, raw[length:total])


def _ipv6(raw: bytes) -> Iterator[Layer]:
    first, length, protocol, hops = struct.unpack_from("!IHBB", raw)
    yield _layer(
        "IPv6 packet",
        raw[:40],
        ("header", 4, f"version {first >> 28}, flow {first & 0xFFFFF:#07x}"),
        ("length", 2, f"{length} bytes behind the header"),
        ("protocol", 1, PROTOCOLS.get(protocol, str(protocol))),
        ("TTL", 1, str(hops)),
        ("source", 16, _address(raw[8:24])),
        ("destination", 16, _address(raw[24:40])),
    )
    yield from _inner(protocol, raw[40 : 40 + length])


def _address(raw: bytes) -> str:
    family = Family.IPV4 if len(raw) == 4 else Family.IPV6
    return str(Address(family, int.from_bytes(raw, "big")))


def _inner(protocol: int, raw: bytes) -> Iterator[Layer]:
    match PROTOCOLS.get(protocol):
        case "TCP":
            yield from _tcp(raw)
        case "UDP":
            yield from _udp(raw)
        case _ if raw:
            yield _payload(raw)


def _tcp(raw: bytes) -> Iterator[Layer]:
    ours, theirs, sequence, acknowledged, offset, flags, window, checksum, urgent = (
        struct.unpack_from("!HHIIBBHHH", raw)
    )
    length = (offset >> 4) * 4
    said = " ".join(name for bit, name in enumerate(FLAGS) if flags >> bit & 1)
    fields = [
        ("source port", 2, str(ours)),
        ("destination port", 2, str(theirs)),
        ("sequence", 4, str(sequence)),
        ("acknowledged", 4, str(acknowledged)),
        ("header", 1, f"{length} bytes"),
        ("flags", 1, said),
        ("window", 2, str(window)),
        ("checksum", 2, f"{checksum:#06x}"),
        ("urgent", 2, str(urgent)),
    ]
    if length > 20:
        fields.append(("options", length - 20, ", ".join(_options(raw[20:length]))))
    yield _layer("TCP segment", raw[:length], *fields)
    if len(raw) > length:
        yield _payload(raw[length:])


def _options(raw: bytes) -> Iterator[str]:
    at = 0
    while at < len(raw) and raw[at] != END:
        if raw[at] == NOTHING:
            at += 1
            continue
        kind, length = raw[at], raw[at + 1]
        name = OPTIONS.get(kind, f"option {kind}")
        yield f"{name} {int.from_bytes(raw[at + 2 : at + 4], 'big')}" if kind == MSS else name
        at += length


def _udp(raw: bytes) -> Iterator[Layer]:
    ours, theirs, length, checksum = struct.unpack_from("!HHHH", raw)
    yield _layer(
        "UDP datagram",
        raw[:8],
        ("source port", 2, str(ours)),
        ("destination port", 2, str(theirs)),
        ("length", 2, f"{length} bytes"),
        ("checksum", 2, f"{checksum:#06x}"),
    )
    if len(raw) > 8:
        yield _payload(raw[8:])


def _payload(raw: bytes) -> Layer:
    text = "".join(chr(byte) if 32 <= byte < 127 else "." for byte in raw)
    return Layer("payload", (Field("text", text, raw),), raw)
