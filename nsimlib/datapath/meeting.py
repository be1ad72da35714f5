"""Whether a packet meets a condition: yes, no, or nobody can say."""

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

from nsimlib.datapath.ipsets import IPSet, holds
from nsimlib.datapath.matches import (
    AddressType,
    Comment,
    Conntrack,
    IcmpType,
    InSet,
    Interface,
    Mark,
    Match,
    Multiport,
    Net,
    PortSpan,
    Proto,
    Span,
    Verbatim,
)
from nsimlib.datapath.packet import Packet, protocol_names
from nsimlib.evaluation.logic import Truth
from nsimlib.model.addresses import Address, AddressRange, parse_cidr

__all__ = ["meets"]

Sets = Mapping[str, IPSet]


def meets(match: Match, packet: Packet, sets: Sets) -> Truth:
    """Return whether a packet meets a condition; `sets` are those that it may refer to.

    None where a fact is missing: a set that is not there, a source port that nobody said, the code
    of an ICMP packet, or a condition that is not known.
    """
    answer = ANSWERS[type(match)](match, packet, sets)
    return None if answer is None else answer is not getattr(match, "negated", False)


def _net(match: Net, packet: Packet, _: Sets) -> Truth:
    return _address(packet, match.end) in _range(match.cidr)


def _interface(match: Interface, packet: Packet, _: Sets) -> Truth:
    used = packet.coming_in if match.way == "in" else packet.going_out
    if match.name.endswith("+"):
        return used.startswith(match.name[:-1])
    return used == match.name


def _proto(match: Proto, packet: Packet, _: Sets) -> Truth:
    return match.name in protocol_names(packet.port.protocol)


def _mark(match: Mark, packet: Packet, _: Sets) -> Truth:
    return packet.mark & match.mask == match.value


def _conntrack(match: Conntrack, packet: Packet, _: Sets) -> Truth:
    """Whether the source was translated nobody says."""
    if packet.state.value in match.states or (packet.translated and "DNAT" in match.states):
        return True
    return None if "SNAT" in match.states else False


def _multiport(match: Multiport, packet: Packet, _: Sets) -> Truth:
    return _in_spans(packet, match.end, match.spans)


def _port_span(match: PortSpan, packet: Packet, _: Sets) -> Truth:
    return _in_spans(packet, match.end, (match.span,))


def _in_set(match: InSet, packet: Packet, sets: Sets) -> Truth:
    found = sets.get(match.name)
    return None if found is None else holds(found, packet, match.ends, sets)


def _icmp(match: IcmpType, packet: Packet, _: Sets) -> Truth:
    if (packet.port.protocol, packet.port.number) != (match.protocol, match.number):
        return False
    return True if match.code is None else None


def _address_type(match: AddressType, packet: Packet, _: Sets) -> Truth:
    return _address(packet, match.end) in packet.local


def _always(_: Comment, __: Packet, ___: Sets) -> Truth:
    return True


def _unknown(_: Verbatim, __: Packet, ___: Sets) -> Truth:
    return None


ANSWERS: Mapping[type, Callable[[Any, Packet, Sets], Truth]] = {
    AddressType: _address_type,
    Comment: _always,
    Conntrack: _conntrack,
    IcmpType: _icmp,
    InSet: _in_set,
    Interface: _interface,
    Mark: _mark,
    Multiport: _multiport,
    Net: _net,
    PortSpan: _port_span,
    Proto: _proto,
    Verbatim: _unknown,
}


def _address(packet: Packet, end: str) -> Address:
    return packet.source if end == "src" else packet.destination


@lru_cache(maxsize=1 << 14)
def _range(cidr: str) -> AddressRange:
    return parse_cidr(cidr)


def _in_spans(packet: Packet, end: str, spans: tuple[Span, ...]) -> Truth:
    if not packet.port.protocol.has_ports:
        return False
    asked = {"src": (packet.source_port,), "dst": (packet.port.number,)}
    found = [
        None if number is None else any(first <= number <= last for first, last in spans)
        for number in asked.get(end, (packet.source_port, packet.port.number))
    ]
    return True if True in found else None if None in found else False
