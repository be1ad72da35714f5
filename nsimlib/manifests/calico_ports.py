"""Protocols and ports of Calico's rules → the model (F2.4)."""

from collections.abc import Iterator
from typing import Final

from nsimlib.manifests import calico_shapes as shapes
from nsimlib.model.ports import PolicyPort, Protocol

__all__ = ["PROTOCOLS", "except_ports", "named_protocol", "ports"]

PROTOCOLS: Final = {protocol.value: protocol for protocol in Protocol}
NUMBERS: Final = {
    1: Protocol.ICMP,
    6: Protocol.TCP,
    17: Protocol.UDP,
    58: Protocol.ICMPV6,
    132: Protocol.SCTP,
}


def ports(rule: shapes.Rule) -> Iterator[PolicyPort]:
    """Yield the ports of the destination, types and protocols that a rule names."""
    if rule.destination.ports:
        protocol, _ = named_protocol(rule.protocol)
        for i, port in enumerate(rule.destination.ports):
            yield _port(protocol, port, f"destination.ports[{i}]")
    elif rule.icmp is not None and rule.icmp.type is not None:
        yield PolicyPort(named_protocol(rule.protocol)[0], rule.icmp.type, path="icmp")
    elif rule.protocol is not None:
        yield _whole(rule.protocol, "protocol")


def except_ports(rule: shapes.Rule) -> Iterator[PolicyPort]:
    """Yield those that a rule takes out."""
    protocol, _ = named_protocol(rule.protocol)
    if rule.notProtocol is not None:
        yield _whole(rule.notProtocol, "notProtocol")
    for i, port in enumerate(rule.destination.notPorts):
        yield _port(protocol, port, f"destination.notPorts[{i}]")
    if rule.notICMP is not None and rule.notICMP.type is not None and rule.notICMP.code is None:
        of = Protocol.ICMPV6 if protocol is Protocol.ICMPV6 else Protocol.ICMP
        yield PolicyPort(of, rule.notICMP.type, path="notICMP")


def _whole(protocol: int | str, path: str) -> PolicyPort:
    named, other = named_protocol(protocol)
    return PolicyPort(named, path=path, other=other)


def _port(protocol: Protocol | None, port: int | str, path: str) -> PolicyPort:
    first, last = _first_and_last(port)
    return PolicyPort(protocol, first, last, path)


def named_protocol(protocol: int | str | None) -> tuple[Protocol | None, str]:
    """Return the protocol of a name or number, or the text of one that has no ports or types.

    >>> named_protocol(6)[0].value, named_protocol("UDPLite")
    ('TCP', (None, 'UDPLite'))
    """
    if protocol is None:
        return None, ""
    text = str(protocol)
    known = NUMBERS.get(int(text)) if text.isdecimal() else PROTOCOLS.get(text)
    return known, "" if known else text


def _first_and_last(port: int | str) -> tuple[int | str, int | None]:
    """A port, and the last of its range."""
    first, colon, last = str(port).partition(":")
    if not first.isdecimal():
        return port, None
    return int(first), int(last) if colon else None
